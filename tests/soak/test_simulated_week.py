"""A week in minutes: simulator and daemon on one clock, without sockets. Nothing grows, nothing is lost, all is true.

The venue's texts go through the real sessions, inbox, engine, rules and exposition; time jumps to what is due next.
At every checkpoint the faults end, the prices stand still, and then the reports must be the venue's truth, every frame
must be accounted for, and no container may be larger than it was in the first days.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import structlog

from monitor.alerts.catalogue import RULES
from monitor.alerts.rule import Kind
from monitor.app import core as core_module
from monitor.sim.binance.days import Days
from monitor.sim.binance.server import Cadence, SimBinance
from monitor.sim.rounds import Pace
from tests.soak.accounts import unaccounted
from tests.soak.growth import growing, sizes
from tests.soak.inprocess import Monitor, configuration, monitor
from tests.soak.truth import STANDSTILL, differences
from tests.soak.virtual import VirtualClock, in_virtual_time

HOUR, DAY = 3600.0, 86_400.0
BEFORE_DELIVERY = 1_798_012_800.0  #: 2026-12-23 08:00 UTC: two days on, the quarter's contract is delivered
MOST_GROWTH = 1.05  #: of the resident memory after the warm-up
SETTLE_SECONDS = 900.0  #: how long the truth may take to come back, in the daemon's own time


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How long, and how finely, time is simulated. `settings` is configuration, so that deadlines fit the cadence."""

    seconds: float
    checkpoint_seconds: float
    mark_seconds: float
    tick_seconds: float
    pace: Pace
    settings: str


#: What happened stands for an hour among the alerts; in half an hour it has to pass sooner, or all seems to grow.
SHORT_NEWS = "".join(
    f"[alerts.{rule}]\nkeep_firing_seconds = 120.0\n" for rule, spec in RULES.items() if spec.kind is Kind.EVENT
)
SHORT_SECONDS = 240.0
#: And what rules on speed look back over would only be full at the end.
SHORT_WINDOWS = "".join(
    f"[alerts.{rule}]\nwindow_seconds = {SHORT_SECONDS}\n"
    for rule, spec in RULES.items()
    if spec.window_seconds is not None and spec.least_window_seconds <= SHORT_SECONDS
)

#: Marks and timer every two seconds, accounts every 15 s as in earnest. People and mishaps are busier than anywhere,
#: and contracts are listed every few minutes: the tables of contracts are read anew as often as that.
HALF_AN_HOUR = Plan(
    seconds=HOUR / 2,
    checkpoint_seconds=180.0,
    mark_seconds=2.0,
    tick_seconds=2.0,
    pace=Pace(
        trade_seconds=20.0,
        deed_seconds=90.0,
        mishap_seconds=90.0,
        mishap_lasts_seconds=(2.0, 20.0),
        crash_market_seconds=450.0,
        listing_seconds=90.0,
    ),
    settings=f"""{SHORT_NEWS}{SHORT_WINDOWS}
[engine]
lines_every_seconds = 5.0
advice_every_seconds = 120.0
[venues.binance.timings]
instruments_every_seconds = 60.0
tiers_every_seconds = 60.0
""",
)

#: A week of seconds would take hours: marks come every ten and the timer every twenty, and deadlines are longer by as
#: much; an account is read every minute. Funding, keys, rollovers and the daily cut of connections keep their hours.
A_WEEK = Plan(
    seconds=7 * DAY,
    checkpoint_seconds=6 * HOUR,
    mark_seconds=10.0,
    tick_seconds=20.0,
    pace=Pace(
        trade_seconds=150.0,
        deed_seconds=900.0,
        mishap_seconds=600.0,
        mishap_lasts_seconds=(10.0, 180.0),
        crash_market_seconds=5 * HOUR,
        crash_lasts_market_seconds=600.0,
        listing_seconds=3 * HOUR,
    ),
    settings="""
[engine]
lines_every_seconds = 120.0
advice_every_seconds = 3600.0
[venues.binance.timings]
watch_every_seconds = 5.0
acknowledge_seconds = 12.0
reconnect_seconds = 24.0
marks_silent_seconds = 40.0
assets_silent_seconds = 40.0
account_every_seconds = 60.0
account_every_blind_seconds = 30.0
config_every_seconds = 180.0
instruments_every_seconds = 600.0
tiers_every_seconds = 600.0
resync_spacing_seconds = 30.0
bridge_every_seconds = 20.0
[venues.binance.limits]
mark_seconds = 60.0
asset_seconds = 60.0
account_seconds = 300.0
""",
)


#: Where a row is kept of each contract that was ever seen or held: their growth is that of the venue's listings.
OF_EACH_CONTRACT = (
    "engine._intake.accounts{}.positions._rows",
    "engine._intake.cash._books{}.settles",
    "engine._market.",
    "engine._prices.",
)
ROWS_A_CONTRACT = 10  #: at most: one for each account and side, and room ahead

#: Columns that are as long as what is held, with a few arrays of scratch beside each.
OF_WHAT_IS_HELD = ("engine._valuation._book._plain",)
ROOM_A_POSITION = 10

#: Times at which the streams of three accounts were lost within the hour that a cash book looks back.
OUTAGES = 60
#: Tables that are emptied when they reach a bound of their own, and that bound.
BOUNDED = {
    "engine._intake.cash._books{}.deaf": OUTAGES,
    "engine._intake.cash._books{}.deaf[]": 2 * OUTAGES,
    "engine._valuation._book.shelf._facts": 2_000,
    "engine._valuation._book.shelf._facts{}.table.tiers": 30_000,
}


@dataclass(slots=True)
class Log:
    """What was seen at the checkpoints."""

    tables: list[dict[str, int]] = field(default_factory=list)
    memory_mb: list[float] = field(default_factory=list)
    said: Counter[str] = field(default_factory=Counter)
    listed: int = 0  #: new contracts
    held: int = 0  #: positions at once, at most
    lines: list[str] = field(default_factory=list)


def resident_mb() -> float:
    """The resident memory of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20


def series(text: str) -> dict[str, int]:
    """How many series of each name a scrape holds."""
    names = (line.partition("{")[0].partition(" ")[0] for line in text.splitlines() if not line.startswith("#"))
    return {f"/metrics {name}": number for name, number in Counter(names).items()}


def look(running: Monitor) -> dict[str, int]:
    """The size of everything, by path."""
    roots: dict[str, object] = {
        "engine": running.engine,
        "core": running.core,
        "inbox": running.inbox,
        "exposition": running.exposition,
        "sessions": running.sessions,
        "tasks": [task.get_name() for task in asyncio.all_tasks()],
    }
    return sizes(roots) | series(running.scrape())


def leaks(log: Log, factor: float = 1.0) -> dict[str, tuple[int, int]]:
    """What grows without a reason that is named above."""
    return {
        path: (early, late)
        for path, (early, late) in growing(log.tables, factor).items()
        if not (path.startswith(OF_EACH_CONTRACT) and late <= 2 * early + ROWS_A_CONTRACT * log.listed)
        and not (path.startswith(OF_WHAT_IS_HELD) and late <= ROOM_A_POSITION * log.held)
        and late > BOUNDED.get(path, 0)
    }


async def checkpoint(sim: SimBinance, days: Days, running: Monitor, log: Log) -> None:
    """Let everything settle and look."""
    clock = sim.clock
    days.rest(STANDSTILL)
    until = clock.now() + SETTLE_SECONDS
    while wrong := differences(sim, running.document()):
        assert clock.now() < until, wrong
        await clock.sleep(1.0)
    days.resume()
    lost = unaccounted(sim.hub.sent, [row for session in running.sessions.values() for row in session.feeds()])
    assert not lost, lost
    assert running.inbox.overruns_total == 0
    gc.collect()
    log.held = max(log.held, sum(len(pool.positions) for one in running.engine.reports() for pool in one.pools))
    log.tables.append(look(running))
    log.memory_mb.append(resident_mb())
    frames, answers = sum(sim.hub.sent.frames.values()), sum(sim.hub.sent.answers.values())
    log.listed = log.said["listed."]
    log.lines.append(
        f"{clock.monotonic() / HOUR:6.1f} h {log.memory_mb[-1]:6.1f} MB, {frames} frames and {answers} answers, "
        f"{running.steps} steps, {sum(running.changes.values())} alert changes, {sum(log.tables[-1].values())} entries"
    )
    print(log.lines[-1], flush=True)


async def live_through(plan: Plan, log: Log) -> None:
    """Simulate the whole plan; raises where a checkpoint finds something wrong."""
    clock = VirtualClock(BEFORE_DELIVERY)
    sim = SimBinance(
        clock=clock, seed=3, more_symbols=20, cadence=Cadence(mark_seconds=plan.mark_seconds), network=False
    )
    async with sim, asyncio.TaskGroup() as beside:
        sim.add_account("main", wallets={"USDT": 14_000.0, "USDC": 5_000.0})
        sim.add_account("multi", wallets={"USDT": 8_000.0, "USDC": 2_000.0, "BTC": 0.1}, multi_assets=True)
        sim.add_account("desk", wallets={"USDT": 20_000.0, "USDC": 6_000.0}, hedge=True)
        days = Days(sim, seed=5, pace=plan.pace, say=lambda text: log.said.update([text.split()[-1]]))
        async with monitor(sim, clock, configuration(sim, plan.settings)) as running:
            living = beside.create_task(days.live())
            try:
                while clock.monotonic() < plan.seconds:
                    await clock.sleep(plan.checkpoint_seconds)
                    await checkpoint(sim, days, running, log)
            finally:
                living.cancel()


def run(plan: Plan) -> Log:
    """Live through a plan in virtual time, without a log: a week would fill a disk."""
    log, began = Log(), time.perf_counter()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(core_module, "TICK_SECONDS", plan.tick_seconds)
        random.seed(1)  # the sessions spread their requests by chance
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
        try:
            in_virtual_time(live_through(plan, log))
        finally:
            structlog.reset_defaults()
            gc.unfreeze()  # the core froze what it started with
            print(f"took {time.perf_counter() - began:.0f} s, with {log.listed} contracts listed")
    return log


@pytest.mark.timeout(600)
def test_in_half_a_simulated_hour_nothing_grows_and_nothing_is_lost() -> None:
    log = run(HALF_AN_HOUR)
    assert leaks(log, factor=1.3) == {}


@pytest.mark.soak
@pytest.mark.timeout(1700)
def test_in_a_simulated_week_nothing_grows_and_memory_is_flat() -> None:
    log = run(A_WEEK)
    assert leaks(log) == {}
    warm = log.memory_mb[int(DAY / A_WEEK.checkpoint_seconds) :]
    assert max(warm) <= MOST_GROWTH * warm[0], log.memory_mb
