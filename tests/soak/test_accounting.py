"""Over real sockets, on the worst of days: every frame that the venue sent is in the daemon's books, as what became of
it. Only what was on its way when a socket was cut may be missing.

A short form with every run of the tests, a long one with `make soak`.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from monitor.app.inbox import Inbox
from monitor.domain.view import OUTCOMES
from monitor.sim.binance import SimBinance
from monitor.sim.binance.mishaps import MISHAPS
from monitor.sim.binance.server import Cadence
from monitor.sim.binance.traders import RandomTrader
from monitor.sim.sent import PUBLIC, RAW, SPOILT, Answered
from monitor.venues.binance.session import BinanceSession
from monitor.venues.session import Job
from tests.e2e.harness import CADENCE, daemon, write_config
from tests.soak.accounts import unaccounted
from tests.wire.harness import session_of, until

BRISK = Cadence(mark_seconds=0.05)
DRAIN_SECONDS = 0.5
LOOK_SECONDS = 0.02
RAW_PATHS = {"account": ("/fapi/v3/account", "/fapi/v3/positionRisk"), "tiers": ("/fapi/v1/leverageBracket",)}


@asynccontextmanager
async def wired(sim: SimBinance, facts_limit: int = 10_000) -> AsyncIterator[tuple[BinanceSession, Inbox]]:
    """The real session and inbox, which somebody empties every now and then, so that prices are conflated.

    All the while, no counter of it may fall: whoever scrapes takes that for a restart.
    """
    inbox = Inbox(facts_limit)
    session = session_of(sim, emit=inbox.put, weight_per_minute=240_000)

    async def drain() -> None:
        while True:
            await inbox.batch()
            await asyncio.sleep(DRAIN_SECONDS)

    async def keep(job: Job) -> None:
        while True:
            try:
                await job.run()
            except Exception:  # what a job dies of is not what is tested here
                task = asyncio.current_task()
                if task is None or task.cancelling():  # a full inbox may meet us on the way out
                    raise
                await asyncio.sleep(0.1)

    fell: set[str] = set()

    async def watch() -> None:
        known: dict[tuple[str, str, str], int] = {}
        while True:
            for row in session.feeds():
                for count in ("messages", *OUTCOMES):
                    key, now = (row.account, row.stream, count), getattr(row, count)
                    if now < known.get(key, 0):
                        fell.add(" ".join(key).strip())
                    known[key] = now
            await asyncio.sleep(LOOK_SECONDS)

    beside = (drain(), watch())
    tasks = [*map(asyncio.create_task, beside), *(asyncio.create_task(keep(job)) for job in session.jobs())]
    try:
        yield session, inbox
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await session.close()
    assert not fell


def venue() -> SimBinance:
    sim = SimBinance(cadence=BRISK)
    for number, hedge in enumerate((False, True)):
        account = sim.add_account(f"account{number}", wallets={"USDT": 50_000.0, "USDC": 20_000.0}, hedge=hedge)
        sim.traders.append(RandomTrader(account, seed=number, eagerness=0.3))
    return sim


async def settled(sim: SimBinance, session: BinanceSession) -> None:
    """Everybody is connected, nobody sends, and what was on its way has arrived."""
    sim.faults.clear()
    deadline = time.monotonic() + 30.0
    while not all(row.up for row in session.feeds() if not row.polled):
        assert time.monotonic() < deadline, [row for row in session.feeds() if not row.up]
        await asyncio.sleep(0.05)
    sim.traders.clear()
    for route in ("market", "private"):
        sim.faults.stall.add(route)
    await asyncio.sleep(0.1)


async def test_on_a_quiet_day_both_books_agree_to_the_last_frame() -> None:
    async with venue() as sim, wired(sim) as (session, inbox):
        await asyncio.sleep(3.0)
        await settled(sim, session)
        assert not sim.hub.sent.doubtful
        assert unaccounted(sim.hub.sent, session.feeds()) == []
        rows = {(row.account, row.stream): row for row in session.feeds()}
        marks = rows[PUBLIC, "marks"]
        assert marks.conflated > 0, "prices that nobody saw are counted as that"
        assert marks.applied > 0
        assert inbox.conflated_total >= marks.conflated
        await until(lambda: not any(row.waiting for row in session.feeds()), what="all is taken in the end")
        assert unaccounted(sim.hub.sent, session.feeds()) == []
        for account in sim.accounts:
            for reading, paths in RAW_PATHS.items():
                answered = sum(sim.hub.sent.answers[Answered("GET", path, account, 200)] for path in paths)
                assert 0 <= answered - rows[account, reading].messages <= 1, "one may be half of a reading"


async def bad_day(seconds: float, seed: int) -> None:
    """Mishaps for about `seconds`, one after the other, then the reckoning."""
    dice = random.Random(seed)
    async with venue() as sim, wired(sim) as (session, inbox):
        traders, ends = list(sim.traders), time.monotonic() + seconds
        while time.monotonic() < ends:
            for _ in range(5):
                dice.choice(MISHAPS).strike(sim, dice)
                await asyncio.sleep(dice.uniform(0.0, 0.6))
            sim.faults.clear()
            await asyncio.sleep(1.0)
            sim.traders[:] = traders
        await settled(sim, session)
        sent = sim.hub.sent
        assert unaccounted(sent, session.feeds()) == []
        assert sum(sent.count(owner, None, SPOILT, RAW) for owner in (PUBLIC, *sim.accounts)) > 0
        frames = sum(sent.frames.values())
        missing = frames - sum(row.messages for row in session.feeds() if not row.polled)
        assert 0 <= missing <= 0.1 * frames, "what is lost at a cut must be the exception"
        assert inbox.overruns_total == 0


async def test_on_a_bad_day_nothing_is_missing_but_what_was_on_its_way_at_a_cut() -> None:
    await bad_day(10.0, seed=7)


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", [11, 12])
async def test_on_many_bad_days_nothing_is_missing_but_what_was_on_its_way_at_a_cut(seed: int) -> None:
    await bad_day(300.0, seed=seed)


async def test_a_full_inbox_is_in_the_books_too() -> None:
    async with venue() as sim, wired(sim, facts_limit=3) as (session, inbox):
        for _ in range(40):
            for account in sim.accounts.values():
                account.transfer("USDT", 1.0)
        deadline = time.monotonic() + 15.0
        while not (inbox.overruns_total and any(row.overrun for row in session.feeds())):
            assert time.monotonic() < deadline
            for account in sim.accounts.values():
                account.transfer("USDT", 1.0)
            await asyncio.sleep(0.01)
        inbox.limit = 10_000
        await settled(sim, session)
        assert unaccounted(sim.hub.sent, session.feeds()) == []


async def test_the_metrics_of_the_installed_daemon_agree_with_what_was_sent(tmp_path: Path) -> None:
    async with SimBinance(cadence=CADENCE) as sim:
        account = sim.add_account("main", wallets={"USDT": 50_000.0})
        trader = RandomTrader(account, seed=3, eagerness=0.3)
        sim.traders.append(trader)
        async with daemon(write_config(tmp_path, sim, [account])) as monitor:
            await asyncio.sleep(2.0)
            sim.faults.garbage_frames["market"] += 2
            sim.unknown_event()
            await asyncio.sleep(2.0)
            sim.traders.clear()
            sim.faults.stall |= {"market", "private"}
            sent = sim.hub.sent

            async def agrees() -> bool:
                messages = (await monitor.metrics())["feed_messages_total"]
                by_stream = {dict(labels)["stream"]: number for labels, number in messages.items()}
                public = by_stream["marks"] + by_stream["assets"]
                return (public, by_stream["user"]) == (sent.count(PUBLIC), sent.count("main"))

            await monitor.until("every frame in the metrics", agrees, within=5.0)
            for stream in ("marks", "assets", "user"):
                frames = {
                    dict(labels)["outcome"]: number
                    for labels, number in (await monitor.metrics())["feed_frames_total"].items()
                    if dict(labels)["stream"] == stream
                }
                assert tuple(frames) == OUTCOMES, "each is shown from the start"
                assert sum(frames.values()) == await monitor.value("feed_messages_total", stream=stream), frames
            assert await monitor.value("feed_malformed_total", stream="marks") == 2
            assert await monitor.value("feed_unrecognised_total", stream="user", account="main") == 1
