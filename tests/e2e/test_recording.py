"""A recorded market through the whole monitor: each report on the way agrees with a plain recomputation.

345 s of BTCUSDT and ETHUSDT quotes become one markPrice array a second and are served twenty times as fast. The
arithmetic below is written from the venue's formulas and shares nothing with the kernel.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import inf

import pytest

from monitor.app.config import Loaded, loads
from monitor.app.monitor import run_monitor
from monitor.domain.alerts import AlertChange
from monitor.domain.lines import Direction, State
from monitor.domain.quality import Quality
from monitor.domain.reports import AccountReport, PoolReport, PositionReport
from monitor.domain.view import View
from monitor.sim.binance.accounts import SimAccount
from monitor.sim.binance.brackets import of as brackets_of
from monitor.sim.binance.playback import Playback, Recorded, marks_each_second, read
from monitor.sim.binance.server import SimBinance
from tests.e2e.harness import QUICK
from tests.programs import shared

SPEED = 20.0
RECORDING = "fixtures/binance/ws_public_usdm_stream_20240808.jsonl"


@dataclass(frozen=True)
class Leg:
    """A position as the account's owner knows it."""

    symbol: str
    side: str
    quantity: float
    entry: float


@dataclass
class Held:
    """The pools of the account by name: wallet and legs."""

    wallets: dict[str, float] = field(default_factory=dict)
    legs: dict[str, list[Leg]] = field(default_factory=dict)


def holding(account: SimAccount) -> Held:
    held = Held({"cross:USDT": account.cross_wallet("USDT")}, {"cross:USDT": []})
    for position in account.open_positions():
        side = position.side.lower()
        leg = Leg(position.symbol, side, position.quantity, position.entry)
        pool = "cross:USDT"
        if position.isolated_wallet is not None:
            pool = f"isolated:{position.symbol}:{side}"
            held.wallets[pool] = position.isolated_wallet
        held.legs.setdefault(pool, []).append(leg)
    return held


def maintenance(leg: Leg, mark: float) -> float:
    notional = abs(leg.quantity) * mark
    rows = [row for row in brackets_of(leg.symbol) if row.floor <= notional] or [brackets_of(leg.symbol)[0]]
    return notional * rows[-1].rate - rows[-1].cum


def figures(wallet: float, legs: Sequence[Leg], marks: dict[str, float]) -> tuple[float, float]:
    """Equity and maintenance margin in USDT."""
    equity = wallet + sum(leg.quantity * (marks[leg.symbol] - leg.entry) for leg in legs)
    return equity, sum(maintenance(leg, marks[leg.symbol]) for leg in legs)


def crossing(health: Callable[[float], float], mark: float, direction: Direction) -> float | None:
    """The first price beyond the mark where health is gone, by steps of 0.5 % and bisection; None if there is none."""
    near = mark
    while 1e-3 * mark < near < 4.0 * mark:
        far = near * (0.995 if direction is Direction.DOWN else 1.005)
        if health(far) <= 0.0:
            for _ in range(80):
                middle = (near + far) / 2.0
                near, far = (near, middle) if health(middle) <= 0.0 else (middle, far)
            return far
        near = far
    return None


class Auditor:
    """Looks at every report; remembers what it has checked."""

    def __init__(self, held: Held) -> None:
        self.held = held
        self.figures = self.lines = 0
        self.marks: dict[str, list[float]] = {"BTCUSDT": [], "ETHUSDT": []}
        self.kept: list[AccountReport] = []
        self.ready = asyncio.Event()
        self.playing = False
        self.faults: list[str] = []

    def look(self, view: View, _changes: Sequence[AlertChange]) -> None:
        (report,) = view.accounts
        if view.ready:
            self.ready.set()
        if self.playing and (not self.kept or report is not self.kept[-1]):
            self.kept.append(report)

    def audit(self) -> None:
        """Afterwards, so that the monitor is not kept waiting."""
        for report in self.kept:
            self.report(report)

    def report(self, report: AccountReport) -> None:
        if report.quality is not Quality.LIVE or {pool.key.pool for pool in report.pools} != set(self.held.wallets):
            self.faults.append(f"{report.quality} {report.reasons} {[pool.key.pool for pool in report.pools]}")
        for pool in report.pools:
            self.pool(pool)

    def pool(self, pool: PoolReport) -> None:
        wallet, legs = self.held.wallets[pool.key.pool], self.held.legs[pool.key.pool]
        marks = {position.symbol: position.mark_price or inf for position in pool.positions}
        for symbol, mark in marks.items():
            if self.marks[symbol][-1:] != [mark]:
                self.marks[symbol].append(mark)
        equity, required = figures(wallet, legs, marks)
        for name, ours, theirs in (
            ("maintenance", required, pool.maintenance_margin_usd),
            ("equity", equity, pool.equity_usd),
        ):
            # In USD by the asset's index, so within what the index of USDT may differ from 1.
            self.check(f"{pool.key.pool} {name}", ours, theirs, 2e-2)
        self.check(f"{pool.key.pool} ratio", required / equity, pool.ratio.value, 1e-9)
        for position in pool.positions:
            self.position(pool, position, wallet, legs, marks)

    def position(
        self, pool: PoolReport, position: PositionReport, wallet: float, legs: Sequence[Leg], marks: dict[str, float]
    ) -> None:
        (leg,) = [leg for leg in legs if (leg.symbol, leg.side) == (position.symbol, position.side.value)]
        assert (position.quantity, position.entry_price) == (leg.quantity, leg.entry)

        def health(price: float) -> float:
            equity, required = figures(wallet, legs, {**marks, leg.symbol: price})
            return equity - required

        mark = marks[leg.symbol]
        found = [price for side in Direction if (price := crossing(health, mark, side)) is not None]
        nearest = min(found, key=lambda price: abs(price - mark), default=None)
        name = f"{pool.key.pool} {position.symbol} {position.side.value} line"
        if nearest is None:
            if position.line.state is State.AT and (position.line.distance_ratio or 0.0) < 3.0:
                self.faults.append(f"{name}: {position.line}, but no price liquidates")
        else:
            self.lines += 1
            self.check(name, nearest, position.line.price, 1e-8)
            self.check(f"{name} distance", abs(nearest - mark) / mark, position.line.distance_ratio, 1e-6)

    def check(self, name: str, ours: float, theirs: float | None, within: float) -> None:
        self.figures += 1
        if theirs is None or abs(ours - theirs) > within * abs(ours):
            self.faults.append(f"{name}: {theirs}, but plainly {ours}")


def open_positions(sim: SimBinance) -> SimAccount:
    """A hedged cross pair of BTC, and isolated ETH both ways."""
    btc, eth = sim.market.mark("BTCUSDT"), sim.market.mark("ETHUSDT")
    account = sim.add_account("main", wallets={"USDT": 20_000.0}, hedge=True)
    account.trade("BTCUSDT", 4.0, price=btc, side="LONG")
    account.trade("BTCUSDT", -2.5, price=btc * 1.01, side="SHORT")
    account.trade("ETHUSDT", 30.0, price=eth, side="LONG", isolated=True, leverage=25)
    account.trade("ETHUSDT", -12.0, price=eth * 1.001, side="SHORT", isolated=True, leverage=15)
    return account


def configuration(sim: SimBinance, account: SimAccount) -> Loaded:
    text = QUICK + (
        f'[accounts.main]\nvenue = "binance"\napi_key = "{account.key}"\napi_secret = "{account.secret}"\n'
        f'[venues.binance.urls]\nfapi = "{sim.fapi}"\nsapi = "{sim.sapi}"\nstream = "{sim.stream}"\n'
        "[engine]\nlines_every_seconds = 0\n"  # else lines may be those of a mark up to 50 ms older
    )
    return loads(text)


async def until_ready(sim: SimBinance, auditor: Auditor) -> None:
    async with asyncio.timeout(30.0):
        while not auditor.ready.is_set():
            sim.publish_prices()
            await asyncio.sleep(0.1)


@pytest.mark.timeout(180)
async def test_every_report_on_the_way_of_a_recorded_market_agrees_with_plain_arithmetic() -> None:
    frames: list[Recorded] = marks_each_second(read(shared(RECORDING)))
    assert len(frames) > 300
    served: dict[str, list[float]] = {"BTCUSDT": [], "ETHUSDT": []}

    def remember(frame: Recorded) -> None:
        for row in frame.data:
            if served[row["s"]][-1:] != [float(row["p"])]:
                served[row["s"]].append(float(row["p"]))

    async with SimBinance(paced=False, quiet=True) as sim:
        first = {row["s"]: float(row["p"]) for row in frames[1].data}
        for symbol, price in first.items():
            sim.market.set_mark(symbol, price)
        account = open_positions(sim)
        auditor, stop = Auditor(holding(account)), asyncio.Event()
        monitor = asyncio.create_task(run_monitor(configuration(sim, account), stop=stop, on_view=auditor.look))
        await until_ready(sim, auditor)
        auditor.playing = True
        await Playback(frames, speed=SPEED).play(sim, remember)
        await asyncio.sleep(0.3)
        stop.set()
        await monitor
        assert holding(account) == auditor.held, "nothing was liquidated on the way"
    auditor.audit()
    assert not auditor.faults, "\n".join([f"{len(auditor.faults)} faults", *dict.fromkeys(auditor.faults)][:12])
    for symbol, marks in auditor.marks.items():
        assert marks[-1] == served[symbol][-1], "the last price of the recording is the last one reported"
        unserved = [mark for mark in marks if mark not in served[symbol] and mark != first[symbol]]
        assert unserved == [], "no report holds a price that was never sent"
        assert len(marks) > 0.2 * len(served[symbol]), "what was not reported was replaced by a newer price in time"
    print(f"\n{len(auditor.kept)} reports, {auditor.figures} figures and {auditor.lines} lines agree")
