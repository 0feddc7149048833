"""The demo's story of about two minutes: calm, a hole in a hedge, a crash, a near-liquidation, a lost connection, a
recovery, and a hedge that is gone.

Four accounts at three simulated venues play it. Amounts are worked out from the prices of the moment, so that the story
goes the same way whatever the market did before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from monitor.sim.binance.accounts import SimAccount
from monitor.sim.members import Member, keyed
from monitor.sim.okx.positions import ISOLATED, LONG
from monitor.sim.world import World

TOLD_SECONDS = 120.0  #: how long the story takes at its own pace
CALM, TENSE = 0.035, 0.002  #: daily volatility; tense: so near a line that noise must not push over it
NEAR_RATIO = 0.86  #: how near to liquidation the account "main" is brought
HEDGED_BTC = 2.0  #: long at OKX, short at Bybit
CONTRACTS_A_BTC = 100.0  #: of OKX's swap in BTC and USDT
GROUP = "basis"  #: the accounts that hold each other


@dataclass(frozen=True, slots=True)
class Step:
    """At `at` seconds of the story: do `act`, show `text`. It lasts `least_seconds` of real time at any speed."""

    at: float
    text: str
    act: Callable[[World], None]
    least_seconds: float = 0.0


def cast(world: World) -> tuple[Member, ...]:
    """The accounts, with what they hold when the story begins. Call it before anyone looks."""
    binance, bybit, okx = world.binance, world.bybit, world.okx
    world.market.daily_volatility_ratio = CALM
    mark = binance.market.mark
    btc, eth, sol = mark("BTCUSDT"), mark("ETHUSDT"), mark("SOLUSDT")
    main = binance.add_account("main", wallets={"USDT": 14_000.0})
    main.trade("BTCUSDT", 0.6, price=btc)
    main.trade("SOLUSDT", 100.0, price=sol)
    main.trade("ETHUSDT", 3.0, price=eth, isolated=True, leverage=10)
    main.add_margin("ETHUSDT", 1_500.0)
    multi = binance.add_account("multi", wallets={"USDT": 3_000.0, "BTC": 0.25}, multi_assets=True)
    multi.trade("ETHUSDT", 12.0, price=eth)
    multi.trade("BTCUSDT", -0.2, price=btc)
    hedge = bybit.add_account("hedge", wallets={"USDT": 22_000.0, "BTC": 0.2})
    hedge.sell("BTCUSDT", HEDGED_BTC)
    desk = okx.add_account("desk", wallets={"USDT": 45_000.0}, hedge=True)
    desk.buy("BTC-USDT-SWAP", HEDGED_BTC * CONTRACTS_A_BTC, side=LONG)
    desk.buy("SOL-USDT-SWAP", 60.0, side=LONG, mode=ISOLATED, lever=20.0)
    return (
        keyed("binance", main),
        keyed("binance", multi),
        keyed("bybit", hedge, group=GROUP),
        keyed("okx", desk, group=GROUP),
    )


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


def _nothing(_: World) -> None:
    """Time passes."""


def _slip(world: World) -> None:
    world.bybit.accounts["hedge"].buy("BTCUSDT", 0.5 * HEDGED_BTC)


def _mend(world: World) -> None:
    world.bybit.accounts["hedge"].sell("BTCUSDT", 0.5 * HEDGED_BTC)


def _crash(world: World) -> None:
    fall = fall_towards_liquidation(world.binance.accounts["main"], NEAR_RATIO)
    world.market.crash(fall * 0.75, 18.0)


def _last_leg(world: World) -> None:
    world.market.daily_volatility_ratio = TENSE
    world.market.calm()
    world.market.crash(fall_towards_liquidation(world.binance.accounts["main"], NEAR_RATIO), 10.0)


def _lose(world: World) -> None:
    world.binance.faults.refuse |= {"market", "public", "private", "rest"}
    world.binance.drop()


def _find(world: World) -> None:
    world.binance.faults.refuse.clear()


def _deposit(world: World) -> None:
    world.binance.accounts["main"].transfer("USDT", 6_000.0)


def _recover(world: World) -> None:
    world.market.daily_volatility_ratio = CALM
    world.market.recover(0.12, 14.0)


def _break(world: World) -> None:
    world.bybit.accounts["hedge"].close("BTCUSDT")


def _unwind(world: World) -> None:
    world.okx.accounts["desk"].close("BTC-USDT-SWAP")
    world.binance.accounts["multi"].trade("ETHUSDT", -6.0)


STEPS: tuple[Step, ...] = (
    Step(
        0.0,
        "Calm. Four accounts: main (cross and isolated) and multi (multi-assets) at Binance, hedge (unified) at Bybit,"
        " desk (futures mode) at OKX. desk's 2 BTC long and hedge's 2 BTC short hold each other.",
        _nothing,
        2.0,
    ),
    Step(12.0, "hedge buys half of its short back: a hedge over two venues has a hole, and that is told.", _slip, 2.0),
    Step(21.0, "It is sold again: the hedge is whole.", _mend),
    Step(26.0, "The market falls. desk's 20x SOL position will not survive it.", _crash, 4.0),
    Step(
        50.0,
        "It falls on, until main stands right before its liquidation. The group basis loses nothing, and yet desk's"
        " half of it comes near its own: capital does not move by itself.",
        _last_leg,
        4.0,
    ),
    Step(
        68.0,
        "The connection to Binance is lost. What is stale is called stale, and nothing is called safe.",
        _lose,
        8.0,
    ),
    Step(88.0, "The venue answers again: snapshots first, then the streams.", _find, 3.0),
    Step(96.0, "main deposits 6,000 USDT.", _deposit, 1.0),
    Step(101.0, "The market recovers.", _recover, 1.0),
    Step(108.0, "hedge takes its short off: desk's 2 BTC stand naked, and that is told.", _break, 2.0),
    Step(116.0, "desk sells them too, multi halves its ETH. Calm again.", _unwind),
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
    world: World, *, seconds: float = TOLD_SECONDS, say: Callable[[str], None], steps: Sequence[Step] = STEPS
) -> None:
    """Tell the story within `seconds`; `say` gets each step's line when it begins. The market's pace follows."""
    start, pace = world.clock.now(), world.speed
    times = [*timetable(steps, seconds), seconds]
    ends = [*(step.at for step in steps[1:]), max(TOLD_SECONDS, steps[-1].at)]
    try:
        for step, begins, told_until, until in zip(steps, times, ends, times[1:], strict=False):
            await world.clock.sleep(max(0.0, start + begins - world.clock.now()))
            world.speed = pace * (told_until - step.at) / max(1e-3, until - begins)
            say(step.text)
            step.act(world)
        await world.clock.sleep(max(0.0, start + seconds - world.clock.now()))
    finally:
        world.speed = pace
