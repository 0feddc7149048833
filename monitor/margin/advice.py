"""What would it take? Collateral to add, or quantity to close, so that no line of a pool lies nearer than wanted.

The pool is edited and assessed again by the kernel, so tiers, haircuts and loans are looked up anew. Many edited copies
are assessed in one call: a search takes four calls, ends within 1/4000 of the amount, and on the safe side. The lines
that count are those of the positions, of the coins and of the market; depeg lines do not.

Collateral is added as cash in the numeraire, counted in full. A position is closed at its mark, its profit or loss paid
in the asset it settles in; the cash of an isolated pool leaves it in the same proportion, as margin does when part of
an isolated position is closed. Resting orders stay.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from monitor.domain.instruments import Payoff
from monitor.domain.lines import LIQUIDATABLE, NEVER, Line, State, nearer
from monitor.domain.names import Asset, PoolKey, PositionKey
from monitor.margin.book import Book
from monitor.margin.evaluate import evaluate
from monitor.margin.pool import Leg, Pool, VenueFigures
from monitor.margin.prices import Prices
from monitor.margin.results import PoolResult

PARTS = 16
"""Steps of a range that one call assesses: each call narrows an answer to a sixteenth."""
NARROWINGS = 3
DOUBLINGS = range(-14, 6)
"""Collateral is first looked for at 2 ** k times the pool's size (equity, requirement or notional)."""
POSITIONS = 4
"""Closing is tried for the largest positions only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """A part of a position to close. `quantity` > 0 is in the position's own unit; `whole`: nothing of it is left."""

    position: PositionKey
    quantity: float
    whole: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """Either of two things brings the pool's nearest line to the wanted distance; None: that one cannot.

    `add` is in the pool's numeraire, `add_usd` in USD (None where the numeraire has no USD price). Both are 0 and
    `close` is None where the pool is as far away as wanted already. `text` says it in words.
    """

    add: float | None
    add_usd: float | None
    close: Close | None
    text: str


def nearest(result: PoolResult) -> Line:
    """The line that is reached first: of the positions, the coins, and the market.

    LIQUIDATABLE or UNKNOWN where the margin ratio is, whatever moves.
    """
    now = {State.LIQUIDATABLE: LIQUIDATABLE, State.UNKNOWN: Line.unknown(*result.ratio.reasons)}
    of_positions = (line for position in result.positions for line in (position.down, position.up))
    sides = (result.market, *result.coins.values())
    return nearer(
        now.get(result.ratio.state, NEVER),
        *of_positions,
        *chain.from_iterable((side.down, side.up) for side in sides),
    )


def collateral_to_add(pool: Pool, prices: Prices, wanted_distance_ratio: float) -> float | None:
    """The cash (numeraire) that moves the nearest line to the wanted distance; 0 if it is there already.

    None if the pool cannot be assessed, or if no amount of up to 32 times its size suffices.
    """
    now = _assessed([pool], prices)[0]
    return _collateral(pool, prices, wanted_distance_ratio, now)


def quantity_to_close(
    pool: Pool, position_key: PositionKey, prices: Prices, wanted_distance_ratio: float
) -> float | None:
    """The least quantity (> 0, in the position's unit) whose closing moves the nearest line to the wanted distance.

    0 if it is there already; None if the pool holds no such position or cannot be assessed, or if not even closing all
    of the position helps.
    """
    now = _assessed([pool], prices)[0]
    leg = next((leg for leg in pool.legs if not leg.order and (leg.symbol, leg.side) == position_key), None)
    if leg is None:
        return None
    if _far_enough(now, wanted_distance_ratio):
        return 0.0
    found = _to_close(pool, [leg], prices, wanted_distance_ratio, now)
    return None if found is None else found[1] * abs(leg.quantity)


def advise(pool: Pool, prices: Prices, wanted: float) -> Advice:
    """What brings the pool's nearest line to the distance `wanted` (a ratio): by adding, or by closing the least."""
    now = _assessed([pool], prices)[0]
    add = _collateral(pool, prices, wanted, now)
    usd = _usd(pool.numeraire, pool.key, prices, now)
    add_usd = None if add is None or usd is None else add * usd
    close = None if add == 0.0 else _closing(pool, prices, wanted, now)
    return Advice(add=add, add_usd=add_usd, close=close, text=_text(pool, wanted, add, add_usd, close))


def _collateral(pool: Pool, prices: Prices, wanted: float, now: PoolResult) -> float | None:
    size = max(abs(now.equity or 0.0), now.maintenance_margin or 0.0, _gross(now)) or 1.0

    def with_more(amounts: Sequence[float]) -> list[bool]:
        edited = [replace(pool, cash=pool.cash + amount) for amount in amounts]
        return [_far_enough(result, wanted) for result in _assessed(edited, prices)]

    if _far_enough(now, wanted):
        return 0.0
    if nearest(now).state is State.UNKNOWN:
        return None
    ladder = [0.0, *(size * 2.0**k for k in DOUBLINGS)]
    answers = with_more(ladder[1:])
    if True not in answers:
        return None
    step = answers.index(True)
    return _narrowed(with_more, ladder[step], ladder[step + 1])


def _to_close(
    pool: Pool, legs: Sequence[Leg], prices: Prices, wanted: float, now: PoolResult
) -> tuple[Leg, float] | None:
    """Of these legs, the one of which the least notional must be closed, and the fraction of it."""
    if not legs or nearest(now).state is State.UNKNOWN:
        return None

    def with_less(parts: Sequence[tuple[Leg, float]]) -> list[bool]:
        edited = [_closed(pool, leg, fraction, prices) for leg, fraction in parts]
        return [_far_enough(result, wanted) for result in _assessed(edited, prices)]

    notionals = {(position.symbol, position.side): position.notional or 0.0 for position in now.positions}
    steps = [(leg, step) for leg in legs for step in range(1, PARTS + 1)]
    answers = with_less([(leg, step / PARTS) for leg, step in steps])
    helping = [
        (step * notionals[leg.symbol, leg.side], leg, step)
        for (leg, step), good in zip(steps, answers, strict=True)
        if good
    ]
    if not helping:
        return None
    _, leg, step = min(helping, key=lambda found: found[0])
    return leg, _narrowed(lambda parts: with_less([(leg, part) for part in parts]), (step - 1) / PARTS, step / PARTS)


def _closing(pool: Pool, prices: Prices, wanted: float, now: PoolResult) -> Close | None:
    """Closing some of one of the largest positions."""
    legs = {PositionKey(leg.symbol, leg.side): leg for leg in pool.legs if not leg.order}
    largest = sorted(now.positions, key=lambda p: p.notional_usd or p.notional or 0.0, reverse=True)[:POSITIONS]
    found = _to_close(pool, [legs[PositionKey(p.symbol, p.side)] for p in largest], prices, wanted, now)
    if found is None:
        return None
    leg, fraction = found
    return Close(
        position=PositionKey(leg.symbol, leg.side), quantity=fraction * abs(leg.quantity), whole=fraction == 1.0
    )


def _narrowed(good: Callable[[Sequence[float]], list[bool]], low: float, high: float) -> float:
    """The least good amount between one that is bad and one that is good, on the good side."""
    for _ in range(NARROWINGS):
        between = [low + (high - low) * part / PARTS for part in range(1, PARTS)]
        step = [*good(between), True].index(True)
        low, high = [low, *between][step], [*between, high][step]
    return high


def _far_enough(result: PoolResult, wanted: float) -> bool:
    line = nearest(result)
    return line.distance_ratio is not None and line.distance_ratio >= wanted


def _assessed(pools: Sequence[Pool], prices: Prices) -> list[PoolResult]:
    """The results of several editions of one pool, each alone: no backstop, no view, no venue figures to reconcile."""
    editions = [
        replace(
            pool, key=pool.key._replace(pool=f"{pool.key.pool}#{number}"), backstop=None, view_of=None, venue=NOTHING
        )
        for number, pool in enumerate(pools)
    ]
    book = Book(prices)
    book.replace(editions[0].key.owner, editions)
    results = evaluate(book)
    return [results[edition.key] for edition in editions]


NOTHING = VenueFigures()


def _closed(pool: Pool, leg: Leg, fraction: float, prices: Prices) -> Pool:
    """The pool after a fraction of a leg has been closed at its mark."""
    left = 1.0 - fraction
    rest = replace(
        leg,
        quantity=leg.quantity * left,
        contracts=None if leg.contracts is None else leg.contracts * left,
        constant_requirement=leg.constant_requirement * left,
        constant_initial=leg.constant_initial * left,
    )
    legs = tuple(rest if other is leg else other for other in pool.legs)
    if fraction == 1.0:
        legs = tuple(other for other in pool.legs if other is not leg)
    cash = pool.cash * left if pool.isolated else pool.cash
    paid = 0.0 if pool.isolated else fraction * _profit(leg, prices.mark(pool.key.venue, leg.symbol))
    if any(holding.asset == leg.settle for holding in pool.holdings):
        holdings = tuple(
            replace(holding, amount=holding.amount + paid) if holding.asset == leg.settle else holding
            for holding in pool.holdings
        )
        return replace(pool, legs=legs, cash=cash, holdings=holdings)
    return replace(pool, legs=legs, cash=cash + paid * _in_numeraire(pool, leg.settle, prices))


def _profit(leg: Leg, mark: float) -> float:
    """Profit in the settlement asset at the mark."""
    if leg.payoff is Payoff.INVERSE:
        return -leg.quantity * leg.multiplier * (1.0 / mark - (1.0 / leg.entry if leg.entry else 0.0))
    return leg.quantity * leg.multiplier * (mark - leg.entry)


def _in_numeraire(pool: Pool, asset: Asset, prices: Prices) -> float:
    if asset == pool.numeraire:
        return 1.0
    return prices.asset(pool.key.venue, asset) / prices.asset(pool.key.venue, pool.numeraire)


def _gross(result: PoolResult) -> float:
    """The sum of the positions' notionals, in the asset each settles in: a size, not an amount."""
    return sum(position.notional or 0.0 for position in result.positions)


def _usd(asset: Asset, key: PoolKey, prices: Prices, result: PoolResult) -> float | None:
    price = prices.asset(key.venue, asset)
    if math.isnan(price):
        return 1.0 if result.usd_assumed else None
    return price


def _text(pool: Pool, wanted: float, add: float | None, add_usd: float | None, close: Close | None) -> str:
    if add == 0.0:
        return f"every line is {wanted:.0%} away or farther"
    ways: list[str] = []
    if add is not None:
        usd = "" if add_usd is None or pool.numeraire == "USD" else f" ({add_usd:,.2f} USD)"
        ways.append(f"add {_amount(add)} {pool.numeraire}{usd}")
    if close is not None:
        some = "all" if close.whole else _amount(close.quantity)
        ways.append(f"close {some} of {close.position.symbol} {close.position.side}")
    if not ways:
        return f"nothing found that moves every line {wanted:.0%} away"
    return f"{' or '.join(ways)} to move every line {wanted:.0%} away"


def _amount(value: float) -> str:
    """Four digits or more, rounded up: less would not do."""
    digits = max(0, 3 - math.floor(math.log10(value)))
    unit = 10.0**-digits
    return f"{math.ceil(value / unit) * unit:,.{digits}f}"
