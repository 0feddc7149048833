"""The same arithmetic as a plain Python loop: the floor of small accounts, and the judge of quick figures.

Linear and inverse, long and short are one formula in the settlement asset (u: the mark, or its reciprocal):
profit = c (u - u0), notional = |c| u, requirement = max over tiers of rate * notional - deduction. What is liquidated
first when one instrument moves alone has a closed form: the tier that gives the nearest root holds.
"""

from __future__ import annotations

from dataclasses import dataclass

from monitor.domain.instruments import Payoff
from monitor.domain.names import Symbol
from monitor.margin.pool import Leg, Pool


@dataclass(frozen=True, slots=True)
class PlainLeg:
    """One leg: `c` signed, tiers as (rate, deduction)."""

    symbol: Symbol
    c: float
    u0: float
    inverse: bool
    tiers: tuple[tuple[float, float], ...]

    @classmethod
    def of(cls, leg: Leg) -> PlainLeg:
        """Of a leg with tiers by notional and no fees."""
        inverse = leg.payoff is Payoff.INVERSE
        assert leg.tiers is not None
        tiers = tuple((tier.rate, tier.deduction) for tier in leg.tiers.tiers)
        if inverse:
            return cls(leg.symbol, -leg.quantity, 1.0 / leg.entry, inverse, tiers)
        return cls(leg.symbol, leg.quantity, leg.entry, inverse, tiers)

    def excess(self, u: float) -> float:
        """Profit less requirement at u."""
        notional = abs(self.c) * u
        return self.c * (u - self.u0) - max(rate * notional - deduction for rate, deduction in self.tiers)


@dataclass(slots=True)
class PlainPool:
    """A pool of linear or of inverse legs, each in a symbol of its own."""

    cash: float
    legs: list[PlainLeg]

    @classmethod
    def of(cls, pool: Pool) -> PlainPool:
        """Of a pool that backs its legs with cash alone."""
        return cls(pool.cash, [PlainLeg.of(leg) for leg in pool.legs])

    def ratio(self, marks: dict[Symbol, float]) -> float:
        """Requirement over equity, +inf without equity."""
        equity, requirement = self.cash, 0.0
        for leg in self.legs:
            u = 1.0 / marks[leg.symbol] if leg.inverse else marks[leg.symbol]
            profit = leg.c * (u - leg.u0)
            equity += profit
            requirement += profit - leg.excess(u)
        return requirement / equity if equity > 0.0 else float("inf")

    def lines(self, marks: dict[Symbol, float]) -> list[float]:
        """By leg: the mark at which the pool is liquidated if that instrument alone moves, NaN where none does.

        The mark of a pool that is liquidatable now means nothing.
        """
        us = [1.0 / marks[leg.symbol] if leg.inverse else marks[leg.symbol] for leg in self.legs]
        excess = [leg.excess(u) for leg, u in zip(self.legs, us, strict=True)]
        total = self.cash + sum(excess)
        found = []
        for leg, own in zip(self.legs, excess, strict=True):
            c, other = leg.c, total - own
            # 0 = other + c (u - u0) - rate |c| u + deduction
            roots = [(c * leg.u0 - other - deduction) / (c - rate * abs(c)) for rate, deduction in leg.tiers]
            u = max(roots) if c > 0.0 else min(roots)
            found.append((1.0 / u if leg.inverse else u) if u > 0.0 else float("nan"))
        return found

    def nearest(self, marks: dict[Symbol, float]) -> float:
        """The least distance of any of the lines, as a ratio of its mark."""
        lines = self.lines(marks)
        gaps = [abs(line / marks[leg.symbol] - 1.0) for leg, line in zip(self.legs, lines, strict=True)]
        return min((gap for gap in gaps if gap == gap), default=float("inf"))
