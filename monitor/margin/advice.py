"""What would it take? Collateral to add, or quantity to close, so that no line of a pool lies nearer than wanted.

The pool is edited and assessed again by the kernel, so tiers, haircuts and loans are looked up anew. One call assesses
several edited copies, those of all searches together. A search brackets the amount, then closes in along the straight
line between the distances at both ends; it ends within 1/2000 of the amount, and on the safe side. The lines that count
are those of the positions, of the coins and of the market; depeg lines do not.

Collateral is added as cash in the numeraire, counted in full. A position is closed at its mark, its profit or loss paid
in the asset it settles in; the cash of an isolated pool leaves it in the same proportion, as margin does when part of
an isolated position is closed. Resting orders stay.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, pairwise

from monitor.domain.instruments import Payoff
from monitor.domain.lines import LIQUIDATABLE, NEVER, Line, State, nearer
from monitor.domain.names import Asset, PositionKey
from monitor.margin.book import Book
from monitor.margin.evaluate import evaluate
from monitor.margin.pool import Leg, Pool, VenueFigures
from monitor.margin.prices import Prices
from monitor.margin.results import PoolResult

FINE = 1 / 6000
"""A bracket is narrowed to this part of itself (its upper end is four times its lower one, or it is a fifth)."""
DOUBLINGS = range(-13, 6, 2)
"""Collateral is first looked for at 2 ** k times the pool's size (equity, requirement or notional)."""
FIFTHS = (0.2, 0.4, 0.6, 0.8, 1.0)
"""Closing is first tried in fifths of a position."""
POSITIONS = 4
"""Closing is tried for the largest positions only."""

Found = tuple[float, Leg | None] | None
"""What a search found: an amount of collateral, or a fraction and the position to close it of."""
Search = Generator[Sequence[Pool], Sequence[PoolResult], Found]
"""Yields edited pools and is sent their results, so that several searches can share the calls."""


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
    _, (found,) = _searched(prices, _adding(pool, wanted_distance_ratio))
    return None if found is None else found[0]


def quantity_to_close(
    pool: Pool, position_key: PositionKey, prices: Prices, wanted_distance_ratio: float
) -> float | None:
    """The least quantity (> 0, in the position's unit) whose closing moves the nearest line to the wanted distance.

    0 if it is there already; None if the pool holds no such position or cannot be assessed, or if not even closing all
    of the position helps.
    """
    legs = [leg for leg in pool.legs if not leg.order and (leg.symbol, leg.side) == position_key]
    _, (found,) = _searched(prices, _closing(pool, legs, prices, wanted_distance_ratio))
    return None if found is None else found[0] * abs(legs[0].quantity)


def advise(pool: Pool, prices: Prices, wanted: float) -> Advice:
    """What brings the pool's nearest line to the distance `wanted` (a ratio): by adding, or by closing the least."""
    legs = sorted((leg for leg in pool.legs if not leg.order), key=lambda leg: -_notional(pool, leg, prices))
    searches = (_adding(pool, wanted), _closing(pool, legs[:POSITIONS], prices, wanted))
    now, (added, closed) = _searched(prices, *searches)
    add = None if added is None else added[0]
    usd = _usd(pool, prices, now)
    add_usd = None if add is None or usd is None else add * usd
    close = None
    fraction, leg = (0.0, None) if closed is None else closed
    if leg is not None:
        position = PositionKey(leg.symbol, leg.side)
        close = Close(position=position, quantity=fraction * abs(leg.quantity), whole=fraction == 1.0)
    return Advice(add=add, add_usd=add_usd, close=close, text=_text(pool, wanted, add, add_usd, close))


def _searched(prices: Prices, *searches: Search) -> tuple[PoolResult, list[Found]]:
    """Runs searches side by side, one call a round for all of them; also the first pool as it stands now."""
    asked = {search: next(search) for search in searches}
    found: dict[Search, Found] = {}
    now: PoolResult | None = None
    while asked:
        results = iter(_assessed([pool for pools in asked.values() for pool in pools], prices))
        answers = {search: [next(results) for _ in pools] for search, pools in asked.items()}
        now = now or answers[searches[0]][0]
        asked = {}
        for search, answer in answers.items():
            try:
                asked[search] = search.send(answer)
            except StopIteration as end:
                found[search] = end.value
    assert now is not None
    return now, [found[search] for search in searches]


def _adding(pool: Pool, wanted: float) -> Search:
    """The least cash to add."""

    def with_more(amount: float) -> Pool:
        return replace(pool, cash=pool.cash + amount)

    (now,) = yield [pool]
    if _far_enough(now, wanted):
        return 0.0, None
    if nearest(now).state is State.UNKNOWN:
        return None
    size = (
        max(abs(now.equity or 0.0), now.maintenance_margin or 0.0, *(p.notional or 0.0 for p in now.positions)) or 1.0
    )
    amounts = [size * 2.0**k for k in DOUBLINGS]
    results = yield [with_more(amount) for amount in amounts]
    bracket = _bracket((0.0, now), list(zip(amounts, results, strict=True)), wanted)
    if bracket is None:
        return None
    return (yield from _narrowed(with_more, bracket, wanted)), None


def _closing(pool: Pool, legs: Sequence[Leg], prices: Prices, wanted: float) -> Search:
    """Of these legs, the one of which the least notional must be closed, and the fraction of it."""
    legs = [leg for leg in legs if not math.isnan(prices.mark(pool.key.venue, leg.symbol))]
    (now,) = yield [pool]
    if not legs:
        return None
    if _far_enough(now, wanted):
        return 0.0, None
    results = yield [_closed(pool, leg, fifth, prices) for leg in legs for fifth in FIFTHS]
    helping: list[tuple[float, Leg, Bracket]] = []
    for number, leg in enumerate(legs):
        tried = results[number * len(FIFTHS) : (number + 1) * len(FIFTHS)]
        bracket = _bracket((0.0, now), list(zip(FIFTHS, tried, strict=True)), wanted)
        if bracket is not None:
            helping.append((bracket.crossing(wanted) * _notional(pool, leg, prices), leg, bracket))
    if not helping:
        return None
    _, best, bracket = min(helping, key=lambda each: each[0])
    fraction = yield from _narrowed(lambda part: _closed(pool, best, part, prices), bracket, wanted)
    return fraction, best


@dataclass(frozen=True, slots=True)
class Bracket:
    """Two amounts, of which `low` is too little and `high` enough, and how far the nearest line is at either."""

    low: float
    high: float
    distance_low: float
    distance_high: float

    def crossing(self, wanted: float) -> float:
        """Where the straight line between the ends reaches the wanted distance; the middle where there is none."""
        rise = self.distance_high - self.distance_low
        part = (wanted - self.distance_low) / rise if 0.0 < rise < math.inf else 0.5
        return self.low + part * (self.high - self.low)

    def between(self, wanted: float, fine: float) -> list[float]:
        """What to try next: around the crossing, so near that both together may end the search, and farther away in
        case it bends; the middle, so that the bracket is halved at least; and the upper end, in case only all helps.
        """
        crossing, eighth = self.crossing(wanted), (self.high - self.low) / 8
        near = (crossing - 0.45 * fine, crossing + 0.45 * fine)
        tried = {*near, crossing - eighth, crossing + eighth, (self.low + self.high) / 2}
        if self.distance_high == math.inf:
            tried |= {self.high - 0.9 * fine}
        return sorted(amount for amount in tried if self.low < amount < self.high)


def _bracket(now: tuple[float, PoolResult], tried: Sequence[tuple[float, PoolResult]], wanted: float) -> Bracket | None:
    """The first of the amounts tried (rising) that is enough, and the one before it; None if none is."""
    for (low, before), (high, result) in pairwise((now, *tried)):
        if _far_enough(result, wanted):
            return Bracket(low, high, _distance(before), _distance(result))
    return None


def _narrowed(
    edited: Callable[[float], Pool], bracket: Bracket, wanted: float
) -> Generator[Sequence[Pool], Sequence[PoolResult], float]:
    """The least amount in the bracket that is enough, on the safe side."""
    fine = (bracket.high - bracket.low) * FINE
    while bracket.high - bracket.low > fine:
        low, high = (bracket.low, bracket.distance_low), (bracket.high, bracket.distance_high)
        amounts = bracket.between(wanted, fine)
        results = yield [edited(amount) for amount in amounts]
        tried = [(amount, _distance(result)) for amount, result in zip(amounts, results, strict=True)]
        # The upper end itself is enough, so there always is such a pair.
        lower, higher = next(pair for pair in pairwise((low, *tried, high)) if pair[1][1] >= wanted)
        bracket = Bracket(lower[0], higher[0], lower[1], higher[1])
    return bracket.high


def _far_enough(result: PoolResult, wanted: float) -> bool:
    return _distance(result) >= wanted


def _distance(result: PoolResult) -> float:
    """How far the nearest line is; a pool that cannot be assessed is nowhere near enough."""
    distance = nearest(result).distance_ratio
    return -math.inf if distance is None else distance


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


def _notional(pool: Pool, leg: Leg, prices: Prices) -> float:
    """A leg's notional in the numeraire; 0 where it is unknown."""
    mark = prices.mark(pool.key.venue, leg.symbol)
    size = abs(leg.quantity) * leg.multiplier
    notional = (size / mark if leg.payoff is Payoff.INVERSE else size * mark) * _in_numeraire(pool, leg.settle, prices)
    return 0.0 if math.isnan(notional) else notional


def _in_numeraire(pool: Pool, asset: Asset, prices: Prices) -> float:
    if asset == pool.numeraire:
        return 1.0
    return prices.asset(pool.key.venue, asset) / prices.asset(pool.key.venue, pool.numeraire)


def _usd(pool: Pool, prices: Prices, now: PoolResult) -> float | None:
    price = prices.asset(pool.key.venue, pool.numeraire)
    if math.isnan(price):
        return 1.0 if now.usd_assumed else None
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
