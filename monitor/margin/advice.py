"""What would it take? Collateral to add, or quantity to close, so that no line of a pool lies nearer than wanted.

What is missing is told by health at the wanted distance (`monitor.margin.stress`), so tiers, haircuts and loans are
looked up anew there, and no line is searched. Collateral is what is missing. A quantity is found where nothing is
missing any more: a bracket is closed along the straight line between its ends, which mostly is the answer; it ends
within 1/6000 of the bracket, and on the safe side. The lines that count are those of the positions, of the coins and of
the market; depeg lines do not.

Collateral is added as cash in the numeraire, counted in full. A position is closed at its mark, its profit or loss paid
in the asset it settles in; the cash of an isolated pool leaves it in the same proportion, as margin does when part of
an isolated position is closed. Resting orders stay.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, pairwise

from monitor.domain.instruments import Payoff
from monitor.domain.lines import LIQUIDATABLE, NEVER, Line, State, nearer
from monitor.domain.names import Asset, PositionKey
from monitor.domain.tiers import TierBy
from monitor.margin.book import STABLECOINS
from monitor.margin.pool import Leg, Pool
from monitor.margin.prices import Prices
from monitor.margin.results import PoolResult
from monitor.margin.stress import Lack, Stress

FINE = 1 / 6000
"""A bracket is narrowed to this part of itself (it is a fifth of a position, or less)."""
MOST = 32.0
"""Collateral of more than so many times the pool's size (equity, requirement or notional) is no advice."""
FIFTHS = (0.2, 0.4, 0.6, 0.8, 1.0)
"""Closing is first tried in fifths of a position."""
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
    return _added(Stress(pool, prices, wanted_distance_ratio))


def quantity_to_close(
    pool: Pool, position_key: PositionKey, prices: Prices, wanted_distance_ratio: float
) -> float | None:
    """The least quantity (> 0, in the position's unit) whose closing moves the nearest line to the wanted distance.

    0 if it is there already; None if the pool holds no such position or cannot be assessed, or if not even closing all
    of the position helps.
    """
    legs = [place for place, leg in enumerate(pool.legs) if (leg.symbol, leg.side) == position_key]
    closing = _Closing(pool, prices, wanted_distance_ratio, legs)
    if not closing.legs:
        return None
    found = closing.least()
    return None if found is None else found[1] * abs(pool.legs[found[0]].quantity)


def advise(
    pool: Pool,
    prices: Prices,
    wanted: float,
    *,
    betas: Mapping[Asset, float] | None = None,
    stablecoins: Collection[Asset] = STABLECOINS,
) -> Advice:
    """What brings the pool's nearest line to the distance `wanted` (a ratio): by adding, or by closing the least.

    `betas` and `stablecoins` are those of the market line.
    """
    largest = sorted(range(len(pool.legs)), key=lambda place: -_notional(pool, pool.legs[place], prices))
    positions = [place for place in largest if not pool.legs[place].order][:POSITIONS]
    closing = _Closing(pool, prices, wanted, positions, betas, stablecoins)
    add = _added(closing.stress)
    usd = closing.stress.numeraire_usd
    add_usd = None if add is None or math.isnan(usd) else add * usd
    close = None
    if closing.legs and (found := closing.least()) is not None and found[1]:
        place, fraction = found
        leg = pool.legs[place]
        position = PositionKey(leg.symbol, leg.side)
        close = Close(position=position, quantity=fraction * abs(leg.quantity), whole=fraction == 1.0)
    return Advice(add=add, add_usd=add_usd, close=close, text=_text(pool, wanted, add, add_usd, close))


def _added(stress: Stress) -> float | None:
    lack = stress.now()
    if lack.amount <= 0.0:
        return 0.0
    amount = lack.amount + lack.sure
    return amount if amount <= MOST * stress.size else None  # an unknown amount is not either


class _Closing:
    """Closing one of some legs (by place in the pool); those whose mark is unknown are left out."""

    def __init__(
        self,
        pool: Pool,
        prices: Prices,
        wanted: float,
        legs: Sequence[int],
        betas: Mapping[Asset, float] | None = None,
        stablecoins: Collection[Asset] = STABLECOINS,
    ) -> None:
        self._pool, self._prices = pool, prices
        self.legs = [
            place
            for place in legs
            if not pool.legs[place].order and not math.isnan(prices.mark(pool.key.venue, pool.legs[place].symbol))
        ]

        def stressed(edited: Pool, legs: Sequence[int] = ()) -> Stress:
            return Stress(edited, prices, wanted, legs, betas=betas, stablecoins=stablecoins)

        self._stressed: Callable[[Pool], Stress] = stressed
        self.stress = stressed(pool, self.legs)

    def least(self) -> tuple[int, float] | None:
        """The leg of which the least notional must be closed, and the fraction of it (0: no line is too near); None if
        closing all of any one of them does not help.
        """
        now = self.stress.now()
        if math.isnan(now.amount):
            return None
        if now.amount <= 0.0:
            return self.legs[0], 0.0
        lacks = self._after([(leg, fifth) for leg in self.legs for fifth in FIFTHS])
        helping: list[tuple[float, int, Bracket]] = []
        for number, leg in enumerate(self.legs):
            tried = lacks[number * len(FIFTHS) : (number + 1) * len(FIFTHS)]
            bracket = _bracket([(0.0, now), *zip(FIFTHS, tried, strict=True)])
            if bracket is not None:
                notional = _notional(self._pool, self._pool.legs[leg], self._prices)
                helping.append((bracket.crossing * notional, leg, bracket))
        if not helping:
            return None
        _, best, bracket = min(helping, key=lambda each: each[0])
        return best, self._narrowed(best, bracket)

    def _narrowed(self, leg: int, bracket: Bracket) -> float:
        """The least fraction in the bracket that is enough, on the safe side."""
        fine = (bracket.high - bracket.low) * FINE
        while bracket.high - bracket.low > fine:
            fractions = bracket.between(fine)
            lacks = self._after([(leg, fraction) for fraction in fractions])
            tried = [(fraction, lack.amount + lack.sure) for fraction, lack in zip(fractions, lacks, strict=True)]
            ends = (bracket.low, bracket.lack_low), (bracket.high, bracket.lack_high)
            # The upper end itself is enough, so there always is such a pair.
            lower, higher = next(pair for pair in pairwise((ends[0], *tried, ends[1])) if pair[1][1] <= 0.0)
            bracket = Bracket(lower[0], higher[0], lower[1], higher[1])
        return bracket.high

    def _after(self, edits: Sequence[tuple[int, float]]) -> list[Lack]:
        """What is missing after each of these closings of (leg, fraction)."""
        if any(_goes_by_size(self._pool.legs[leg]) for leg in self.legs):
            edited = (_closed(self._pool, self._pool.legs[leg], part, self._prices) for leg, part in edits)
            return [self._stressed(pool).now() for pool in edited]
        return self.stress.after_closing(edits)


def _goes_by_size(leg: Leg) -> bool:
    """Whether its rate follows from a size that is no notional, so that the pool has to be described anew."""
    if leg.tiers is None or leg.tiers.by is TierBy.NOTIONAL:
        return False
    return len(leg.tiers.tiers) > 1 or leg.tiers.tiers[0].growth != 0.0


@dataclass(frozen=True, slots=True)
class Bracket:
    """Two fractions, of which `low` is too little and `high` enough, and what is missing at either."""

    low: float
    high: float
    lack_low: float
    lack_high: float

    @property
    def crossing(self) -> float:
        """Where the straight line between the ends reaches zero; the middle where there is none."""
        fall = self.lack_low - self.lack_high
        part = self.lack_low / fall if fall < math.inf else 0.5
        return self.low + part * (self.high - self.low)

    def between(self, fine: float) -> list[float]:
        """What to try next: around the crossing, so near that both together may end the search, and farther away in
        case it bends; the middle, so that the bracket is halved at least; and the upper end, in case only all helps.
        """
        crossing, eighth = self.crossing, (self.high - self.low) / 8
        near = (crossing - 0.45 * fine, crossing + 0.45 * fine)
        tried = {*near, crossing - eighth, crossing + eighth, (self.low + self.high) / 2}
        if self.lack_high == -math.inf:
            tried |= {self.high - 0.9 * fine}
        return sorted(fraction for fraction in tried if self.low < fraction < self.high)


def _bracket(tried: Sequence[tuple[float, Lack]]) -> Bracket | None:
    """The first of the fractions tried (rising) that is enough, and the one before it; None if none is."""
    for (low, before), (high, lack) in pairwise(tried):
        if lack.enough:
            return Bracket(low, high, before.amount + before.sure, lack.amount + lack.sure)
    return None


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
    """Profit in the settlement asset at the mark; the whole value of an option that is no part of equity."""
    if leg.option is not None and not leg.option.in_equity:
        return leg.quantity * leg.multiplier * mark
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
