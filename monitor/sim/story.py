"""The demo's story of about two minutes: calm, a hedge, a crash, a near-liquidation, a lost connection, a recovery.

Three accounts at a simulated Binance play it. Amounts are worked out from the prices of the moment, so that the story
goes the same way whatever the market did before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from monitor.sim.binance.accounts import SimAccount
from monitor.sim.binance.server import SimBinance

TOLD_SECONDS = 120.0  #: how long the story takes at its own pace
CALM, TENSE = 0.035, 0.002  #: daily volatility; tense: so near a line that noise must not push over it
NEAR_RATIO = 0.86  #: how near to liquidation the account "main" is brought


@dataclass(frozen=True, slots=True)
class Step:
    """At `at` seconds of the story: do `act`, show `text`. It lasts `least_seconds` of real time at any speed."""

    at: float
    text: str
    act: Callable[[SimBinance], None]
    least_seconds: float = 0.0


def cast(sim: SimBinance) -> tuple[SimAccount, ...]:
    """The accounts, with what they hold when the story begins. Call it before anyone looks."""
    mark, market = sim.market.mark, sim.market
    market.daily_volatility_ratio = CALM
    btc, eth, sol = mark("BTCUSDT"), mark("ETHUSDT"), mark("SOLUSDT")
    main = sim.add_account("main", wallets={"USDT": 14_000.0})
    main.trade("BTCUSDT", 0.6, price=btc)
    main.trade("SOLUSDT", 100.0, price=sol)
    main.trade("ETHUSDT", 3.0, price=eth, isolated=True, leverage=10)
    main.add_margin("ETHUSDT", 1_500.0)
    multi = sim.add_account("multi", wallets={"USDT": 3_000.0, "BTC": 0.25}, multi_assets=True)
    multi.trade("ETHUSDT", 12.0, price=eth)
    multi.trade("BTCUSDT", -0.2, price=btc)
    desk = sim.add_account("desk", wallets={"USDT": 30_000.0, "USDC": 6_000.0}, hedge=True)
    desk.trade("BTCUSDT", 2.0, price=btc, side="LONG")
    desk.trade("SOLUSDT", 60.0, price=sol, side="LONG", isolated=True, leverage=20)
    desk.trade("BTCUSDC", -0.2, price=mark("BTCUSDC"), side="SHORT")
    return main, multi, desk


def fall_towards_liquidation(account: SimAccount, wanted_ratio: float) -> float:
    """How far (0.15: 15 %) all coins must fall for the cross pool in USDT to stand at `wanted_ratio`."""
    nearest, farthest = 0.0, 1.0
    marks = account.marks()
    pool = account.cross_positions("USDT")
    for _ in range(60):
        middle = (nearest + farthest) / 2.0
        moved = {symbol: mark * (1.0 - middle) for symbol, mark in marks.items()}
        equity = account.cross_wallet("USDT") + sum(p.profit(moved[p.symbol]) for p in pool)
        required = sum(p.maintenance(moved[p.symbol]) for p in pool)
        if equity > 0.0 and required / equity < wanted_ratio:
            nearest = middle
        else:
            farthest = middle
    return nearest


def _nothing(_: SimBinance) -> None:
    """Time passes."""


def _hedge(sim: SimBinance) -> None:
    sim.accounts["desk"].trade("BTCUSDT", -1.4, side="SHORT")


def _crash(sim: SimBinance) -> None:
    fall = fall_towards_liquidation(sim.accounts["main"], NEAR_RATIO)
    sim.market.crash(fall * 0.75, 18.0)


def _last_leg(sim: SimBinance) -> None:
    sim.market.daily_volatility_ratio = TENSE
    sim.market.calm()
    sim.market.crash(fall_towards_liquidation(sim.accounts["main"], NEAR_RATIO), 10.0)


def _lose(sim: SimBinance) -> None:
    sim.faults.refuse |= {"market", "public", "private", "rest"}
    sim.drop()


def _find(sim: SimBinance) -> None:
    sim.faults.refuse.clear()


def _deposit(sim: SimBinance) -> None:
    sim.accounts["main"].transfer("USDT", 6_000.0)


def _recover(sim: SimBinance) -> None:
    sim.market.daily_volatility_ratio = CALM
    sim.market.recover(0.12, 14.0)


def _unwind(sim: SimBinance) -> None:
    sim.accounts["desk"].close("BTCUSDT", side="SHORT")
    sim.accounts["multi"].trade("ETHUSDT", -6.0)


STEPS: tuple[Step, ...] = (
    Step(
        0.0, "Calm. Three accounts: main (cross and isolated), multi (multi-assets), desk (hedge mode).", _nothing, 3.0
    ),
    Step(14.0, "desk hedges: 2 BTC long stay, 1.4 BTC are sold short beside them. Both sides share one line.", _hedge),
    Step(26.0, "The market falls. desk's 20x SOL position will not survive it.", _crash, 4.0),
    Step(50.0, "It falls on, until main stands right before its liquidation.", _last_leg, 4.0),
    Step(
        68.0,
        "The connection to the venue is lost. What is stale is called stale, and nothing is called safe.",
        _lose,
        8.0,
    ),
    Step(88.0, "The venue answers again: snapshots first, then the streams.", _find, 4.0),
    Step(97.0, "main deposits 6,000 USDT.", _deposit, 1.0),
    Step(103.0, "The market recovers.", _recover, 2.0),
    Step(115.0, "desk takes its hedge off, multi halves its ETH. Calm again.", _unwind),
)


def timetable(steps: Sequence[Step], seconds: float) -> list[float]:
    """When each step comes, in real seconds, so that the story ends at `seconds`: pauses shrink alike, but none below
    what its step needs."""
    ends = [*(step.at for step in steps[1:]), max(TOLD_SECONDS, steps[-1].at)]
    told = [end - step.at for step, end in zip(steps, ends, strict=True)]
    lasting: list[float] = []
    factor = seconds / sum(told)
    for _ in steps:  # each round settles at least one step that would be too short
        lasting = [max(step.least_seconds, factor * length) for step, length in zip(steps, told, strict=True)]
        free = sum(length for step, length in zip(steps, told, strict=True) if step.least_seconds < factor * length)
        kept = sum(
            step.least_seconds
            for step, length in zip(steps, told, strict=True)
            if step.least_seconds >= factor * length
        )
        if free <= 0.0 or abs(sum(lasting) - seconds) < 1e-9:
            break
        factor = max(0.0, (seconds - kept) / free)
    return [sum(lasting[:place]) for place in range(len(steps))]


async def play(
    sim: SimBinance, *, seconds: float = TOLD_SECONDS, say: Callable[[str], None], steps: Sequence[Step] = STEPS
) -> None:
    """Tell the story within `seconds`; `say` gets each step's line when it begins. The market's pace follows."""
    start, pace = sim.clock.now(), sim.speed
    times = [*timetable(steps, seconds), seconds]
    ends = [*(step.at for step in steps[1:]), max(TOLD_SECONDS, steps[-1].at)]
    try:
        for step, begins, told_until, until in zip(steps, times, ends, times[1:], strict=False):
            await sim.clock.sleep(max(0.0, start + begins - sim.clock.now()))
            sim.speed = pace * (told_until - step.at) / max(1e-3, until - begins)
            say(step.text)
            step.act(sim)
        await sim.clock.sleep(max(0.0, start + seconds - sim.clock.now()))
    finally:
        sim.speed = pace
