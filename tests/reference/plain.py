"""Equity, requirement and health of one pool at one point of one ray: loops, no vectors, in any exact or float number.

Written from the docstrings of `monitor.margin.pool` and `monitor.domain.tiers`. `num=Fraction` computes without any
rounding (but for options, whose value is transcendental); `num=float` is quick enough for scans.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from monitor.domain.instruments import Payoff
from monitor.domain.names import USD, Asset, Side, Symbol
from monitor.domain.tiers import Tier, TierBy, TierTable
from monitor.margin.pool import (
    LIQUIDATION,
    Basis,
    Curve,
    Debt,
    Holding,
    Leg,
    Netting,
    Option,
    Pool,
    Requirement,
    ScenarioGrid,
    Stage,
)

Number = Any
"""A float or a Fraction: the same code runs on both, and mypy has no word for that."""
STABLE = ("USDT", "USDC", "USD", "FDUSD", "BUSD", "DAI", "USDE", "USDH", "TUSD", "BNFCR")


@dataclass(frozen=True)
class Market:
    """Marks by symbol and asset prices in USD, at one moment."""

    marks: Mapping[Symbol, float]
    assets: Mapping[Asset, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Ray:
    """What moves, and how fast: at x an asset stands at price * max(0, 1 + beta * x), an instrument likewise."""

    assets: Mapping[Asset, float] = field(default_factory=dict)
    symbols: Mapping[Symbol, float] = field(default_factory=dict)


HELD = Ray()


def coin_ray(asset: Asset) -> Ray:
    """One asset moves, with all its instruments."""
    return Ray(assets={asset: 1.0})


def position_ray(symbol: Symbol) -> Ray:
    """One instrument moves, alone."""
    return Ray(symbols={symbol: 1.0})


def market_ray(pool: Pool, betas: Mapping[Asset, float] | None = None) -> Ray:
    """Everything but stablecoins moves together."""
    moving = {leg.coin or leg.base for leg in pool.legs} | {holding.asset for holding in pool.holdings}
    moving |= {debt.asset for debt in pool.debts} | {leg.settle for leg in pool.legs} | {pool.numeraire}
    moving |= {grid.asset for grid in pool.grids}
    return Ray(assets={asset: (betas or {}).get(asset, 1.0) for asset in moving if asset not in STABLE})


@dataclass(frozen=True)
class Plain:
    """What the reference says of one point. `absolute` is the sum of the absolute terms of the health."""

    equity: Number
    requirement: Number
    health: Number
    absolute: Number


class Reference:
    """One pool in one market, assessed along one ray for one stage."""

    def __init__(
        self,
        pool: Pool,
        market: Market,
        ray: Ray = HELD,
        stage: Stage | str = LIQUIDATION,
        num: Callable[[Any], Number] = float,
    ) -> None:
        self.pool, self.market, self.ray = pool, market, ray
        self.stage = next(s for s in pool.stages if s.name == stage) if isinstance(stage, str) else stage
        self.num = num
        self.legs = [leg for leg in pool.legs if self.stage.orders or not leg.order]

    def at(self, x: Number) -> Plain:
        """Equity, requirement and health where the ray has gone by `x` (a ratio; 0 is now)."""
        return _Point(self, self.num(x)).plain()

    def health(self, x: float) -> float:
        """Equity less what the stage asks for, at `x`."""
        return float(self.at(x).health)


class _Point:
    """One point of the ray; collects the terms as it goes."""

    def __init__(self, reference: Reference, x: Number) -> None:
        self.r, self.x, self.num = reference, x, reference.num
        self.pool = reference.pool
        self.terms: list[Number] = []

    # -- prices ------------------------------------------------------------------------------------------------------

    def factor(self, asset: Asset) -> Number:
        """How an asset's USD price has moved."""
        beta = self.r.ray.assets.get(asset, 0.0)
        return max(self.num(0), 1 + self.num(beta) * self.x) if beta else self.num(1)

    def usd(self, asset: Asset) -> Number:
        """The asset's USD price here."""
        if asset == USD:
            return self.num(1)
        price = self.r.market.assets.get(asset)
        if price is None and asset in STABLE:
            price = 1.0
        assert price is not None, f"the reference needs a USD price for {asset}"
        return self.num(price) * self.factor(asset)

    def price(self, asset: Asset) -> Number:
        """The asset's price in the numeraire here."""
        return self.num(1) if asset == self.pool.numeraire else self.usd(asset) / self.usd(self.pool.numeraire)

    def mark_factor(self, leg: Leg) -> Number:
        """How the leg's mark has moved: its own way if the ray moves instruments, else base over quote."""
        if self.r.ray.symbols:
            beta = self.r.ray.symbols.get(leg.symbol, 0.0)
            return max(self.num(0), 1 + self.num(beta) * self.x)
        return self.factor(leg.coin or leg.base) / self.factor(leg.quote)

    def mark(self, leg: Leg) -> Number:
        """The leg's mark here; an option's is today's plus what its model value has changed by."""
        now = self.num(self.r.market.marks[leg.symbol])
        if leg.option is None or self.r.ray.symbols:
            return now * self.mark_factor(leg)
        there, here = float(self.underlying(leg)), leg.option.underlying
        change = self.num(option_value(leg.option, there)) / (self.num(there) if in_coin(leg) else 1)
        change -= self.num(option_value(leg.option, here)) / (self.num(here) if in_coin(leg) else 1)
        return max(self.num(0), now + change)

    def underlying(self, leg: Leg) -> Number:
        """The price that an option is written on; it stands still where only instruments move."""
        assert leg.option is not None
        moved = self.num(1) if self.r.ray.symbols else self.mark_factor(leg)
        return self.num(leg.option.underlying) * moved

    # -- legs --------------------------------------------------------------------------------------------------------

    def u(self, leg: Leg, price: Number) -> Number:
        """The price as the payoff sees it."""
        return 1 / price if leg.payoff is Payoff.INVERSE else price

    def coefficient(self, leg: Leg) -> Number:
        """Profit per unit of u."""
        size = self.num(leg.quantity) * self.num(leg.multiplier)
        return -size if leg.payoff is Payoff.INVERSE else size

    def profit(self, leg: Leg) -> Number:
        """Profit in the settlement asset."""
        c = self.coefficient(leg)
        now = c * self.u(leg, self.mark(leg))
        then = c * self.u(leg, self.num(leg.entry)) if leg.entry else self.num(0)
        if leg.option is not None and not leg.option.in_equity:
            now = then = self.num(0)
        price = self.price(leg.settle)
        self.terms += [now * price, then * price]
        return min(self.num(0), now - then) if leg.order else now - then

    def notional(self, leg: Leg, basis: Basis) -> Number:
        """Notional in the settlement asset at one of the four bases."""
        if basis is Basis.MARK:
            price = self.mark(leg)
        elif basis is Basis.ENTRY:
            price = self.num(leg.entry)
        elif basis is Basis.SNAPSHOT:
            price = self.num(leg.snapshot_mark)
        else:
            price = self.usd(leg.base) / self.usd(leg.quote)
        return abs(self.coefficient(leg)) * self.u(leg, price)

    def size(self, leg: Leg) -> Number:
        """What the leg's table looks up."""
        assert leg.tiers is not None
        if leg.tiers.by is TierBy.CONTRACTS:
            assert leg.contracts is not None
            return abs(self.num(leg.contracts))
        if leg.tiers.by is TierBy.BASE:
            return abs(self.num(leg.quantity))
        return self.notional(leg, leg.basis)

    def leg_requirement(self, leg: Leg) -> Number:
        """The leg's own requirement in its settlement asset."""
        assert leg.tiers is not None, f"the reference needs tiers for {leg.symbol}"
        n = self.notional(leg, leg.basis)
        if leg.tier_group is None or not leg.group_lookup:
            share, whole = self.num(1), self.size(leg)
            tier = tier_of(leg.tiers, whole)
        else:
            group = [other for other in self.r.legs if other.tier_group == leg.tier_group]
            whole = sum((self.size(other) for other in group), self.num(0))
            tier = tier_of(leg.tiers, whole)
            share = self.size(leg) / whole if leg.group_deduction and whole else self.num(0)
        rated, deducted = n * self.num(tier.rate), share * self.num(tier.deduction)
        grown = n * whole * self.num(tier.growth)
        fee = self.num(leg.fee_rate) * self.notional(leg, leg.fee_basis)
        constant = self.num(leg.constant_requirement)
        price = self.price(leg.settle)
        self.terms += [rated * price, deducted * price, grown * price, fee * price, constant * price]
        required = rated - deducted + grown + fee + constant
        return required + self.option_requirement(leg) if leg.option is not None else required

    def option_requirement(self, leg: Leg) -> Number:
        """A short option's requirement, in its settlement asset."""
        assert leg.option is not None
        if leg.quantity >= 0:
            return self.num(0)
        option = leg.option
        s = self.num(1) if in_coin(leg) else self.underlying(leg)
        v = self.mark(leg)
        unit = max(self.num(option.index_rate) * s, self.num(option.mark_rate) * v)
        unit += self.num(option.mark_add) * v + self.num(option.index_add) * s
        required = abs(self.coefficient(leg)) * unit
        self.terms.append(required * self.price(leg.settle))
        return required

    # -- the two sums ------------------------------------------------------------------------------------------------

    def equity(self) -> Number:
        """Equity in the numeraire."""
        self.terms.append(self.num(self.pool.cash))
        total = self.num(self.pool.cash)
        paid: dict[Asset, Number] = defaultdict(lambda: self.num(0))
        for leg in self.r.legs:
            paid[leg.settle] += self.profit(leg)
            if leg.order:
                paid[leg.settle] -= self.num(leg.opening_fee)
        capped: dict[str, Number] = defaultdict(lambda: self.num(0))
        for holding in self.pool.holdings:
            counted = self.counted(holding, self.net(holding, paid))
            if holding.cap_group is not None and counted > 0:
                capped[holding.cap_group] += counted
            else:
                total += counted
        held = {holding.asset for holding in self.pool.holdings}
        total += sum((paid[asset] * self.price(asset) for asset in paid if asset not in held), self.num(0))
        caps = dict(self.pool.caps)
        total += sum((min(self.num(caps[group]), value) for group, value in capped.items()), self.num(0))
        total -= sum((self.owed(debt) for debt in self.pool.debts), self.num(0))
        total += sum((grid_profit(grid, self.moved(grid), self.num) for grid in self.pool.grids if grid.in_equity), 0)
        return total

    def net(self, holding: Holding, paid: Mapping[Asset, Number]) -> Number:
        """The holding and what the legs settled in it have paid."""
        self.terms.append(self.num(holding.amount) * self.price(holding.asset))
        return self.num(holding.amount) + paid.get(holding.asset, self.num(0))

    def counted(self, holding: Holding, net: Number) -> Number:
        """What the net amount counts for, in the numeraire."""
        price = self.price(holding.asset)
        if net < 0:
            return net * price * self.num(holding.negative_rate)
        return along(holding.collateral, net, price, self.num)

    def owed(self, debt: Debt) -> Number:
        """What a debt takes from equity, in the numeraire."""
        if not debt.counted:
            return self.num(0)
        value = along(debt.liability, self.num(debt.amount), self.price(debt.asset), self.num)
        self.terms.append(value)
        return value

    def requirement(self) -> Number:
        """Maintenance (or initial, or no) requirement in the numeraire."""
        if self.r.stage.requirement is Requirement.NONE:
            return self.num(0)
        if self.r.stage.requirement is Requirement.INITIAL:
            return self.initial()
        total = self.num(self.pool.constant_requirement)
        rates = {holding.asset: self.num(holding.requirement_rate) for holding in self.pool.holdings}
        sides: dict[tuple[str, Side], Number] = defaultdict(lambda: self.num(0))
        for leg in self.r.legs:
            required = self.leg_requirement(leg) * self.price(leg.settle) * rates.get(leg.settle, self.num(1))
            if leg.netting_group is None:
                total += required
            else:
                sides[leg.netting_group, leg.side] += required
        for group, rule in self.pool.netting_groups:
            long, short = sides[group, Side.LONG], sides[group, Side.SHORT]
            total += max(long, short) if rule is Netting.LARGER_SIDE else long + short
        total += sum((self.debt_requirement(debt) for debt in self.pool.debts), self.num(0))
        total += self.borrow_requirement()
        for grid in self.pool.grids:
            moved = self.moved(grid)
            if grid.requirements:
                needed = self.num(grid.scale) * grid_requirement(grid, moved, self.num)
                total += needed + self.num(grid.contingency)
                self.terms.append(self.num(grid.scale) * max(abs(self.num(each)) for each in grid.requirements))
                continue
            worst = grid_worst_loss(grid, moved, self.num)
            total += self.num(grid.scale) * worst + self.num(grid.contingency)
            reached = max(abs(self.num(p)) for column in grid.profits for p in column)
            self.terms.append(self.num(grid.scale) * (worst + reached))
        self.terms.append(total)
        return total

    def initial(self) -> Number:
        """Initial margin in the numeraire."""
        total = self.num(self.pool.constant_initial)
        rates = {holding.asset: self.num(holding.requirement_rate) for holding in self.pool.holdings}
        for leg in self.r.legs:
            assert leg.initial_margin_rate is not None
            amount = self.num(leg.initial_margin_rate) * self.notional(leg, leg.initial_basis)
            amount += self.num(leg.constant_initial)
            total += amount * self.price(leg.settle) * rates.get(leg.settle, self.num(1))
        for debt in self.pool.debts:
            assert debt.initial_margin_rate is not None
            total += self.num(debt.initial_margin_rate) * self.num(debt.amount) * self.price(debt.asset)
        return total

    def debt_requirement(self, debt: Debt) -> Number:
        """A loan's requirement in the numeraire."""
        price, amount = self.price(debt.asset), self.num(debt.amount)
        if debt.requirement_by_value:
            required = of_table(debt.requirement, amount * price, self.num)
        else:
            required = of_table(debt.requirement, amount, self.num) * price
        return required + self.num(debt.fee_rate) * amount * price

    def borrow_requirement(self) -> Number:
        """What the venue asks for holdings that the legs' losses have turned into loans."""
        total = self.num(0)
        for holding in self.pool.holdings:
            if holding.borrow is None:
                continue
            paid = {holding.asset: self.num(0)}
            for leg in self.r.legs:
                if leg.settle == holding.asset:
                    paid[holding.asset] += self.profit(leg) - (self.num(leg.opening_fee) if leg.order else 0)
            borrowed = -min(self.num(0), self.net(holding, paid))
            if borrowed:
                required = of_table(holding.borrow, borrowed, self.num) + self.num(holding.borrow_fee_rate) * borrowed
                total += required * self.price(holding.asset)
        return total

    def moved(self, grid: ScenarioGrid) -> Number:
        """How far the grid's asset stands from where the grid was read."""
        return self.usd(grid.asset) / self.num(grid.reference_price) - 1

    def plain(self) -> Plain:
        """All of it."""
        equity = self.equity()
        requirement = self.requirement()
        scaled = self.num(self.r.stage.scale) * requirement / self.num(self.r.stage.threshold)
        return Plain(equity, requirement, equity - scaled, total_of(abs(term) for term in self.terms))


def total_of(terms: Iterable[Number]) -> Number:
    """The sum, without losing low digits of floats."""
    listed = list(terms)
    return sum(listed, Fraction(0)) if any(isinstance(t, Fraction) for t in listed) else math.fsum(listed)


def tier_of(table: TierTable, size: Number) -> Tier:
    """The tier whose floor lies at or below `size`."""
    return [tier for tier in table.tiers if tier.floor <= size or tier is table.tiers[0]][-1]


def of_table(table: TierTable, size: Number, num: Callable[[Any], Number]) -> Number:
    """Requirement of an amount that is its own size."""
    if not size:
        return num(0)
    tier = tier_of(table, size)
    return size * num(tier.rate) - num(tier.deduction) + size * size * num(tier.growth)


def along(curve: Curve, amount: Number, price: Number, num: Callable[[Any], Number]) -> Number:
    """What `amount` (>= 0) counts for on a marginal curve, in the numeraire."""
    size = amount * price if curve.by_value else amount
    total = num(0)
    for step, above in zip(curve.steps, (*curve.steps[1:], None), strict=True):
        top = size if above is None else min(size, num(above.floor))
        total += max(num(0), top - num(step.floor)) * num(step.rate)
    return total if curve.by_value else total * price


def interpolated(moves: Sequence[float], profits: Sequence[float], at: Number, num: Callable[[Any], Number]) -> Number:
    """The profit at a move: straight lines between the grid's points, and beyond its ends as its last pieces go on."""
    i = max(1, min(len(moves) - 1, sum(1 for move in moves if move <= at)))
    x0, x1, y0, y1 = (num(v) for v in (moves[i - 1], moves[i], profits[i - 1], profits[i]))
    return y0 + (y1 - y0) * (at - x0) / (x1 - x0)


def grid_profit(grid: ScenarioGrid, moved: Number, num: Callable[[Any], Number]) -> Number:
    """The profit since the grid was read, volatility unchanged."""
    return interpolated(grid.moves, grid.profits[len(grid.profits) // 2], moved, num)


def grid_worst_loss(grid: ScenarioGrid, moved: Number, num: Callable[[Any], Number]) -> Number:
    """The worst loss over the grid, taken from where the asset has moved to."""
    here = grid_profit(grid, moved, num)
    losses = [
        here - interpolated(grid.moves, column, (1 + moved) * (1 + num(move)) - 1, num)
        for column in grid.profits
        for move in grid.moves
    ]
    return max(num(0), *losses)


def grid_requirement(grid: ScenarioGrid, moved: Number, num: Callable[[Any], Number]) -> Number:
    """The requirement that the venue gave for a move: straight lines between its moves, the outermost held beyond."""
    if moved <= grid.moves[0]:
        return num(grid.requirements[0])
    if moved >= grid.moves[-1]:
        return num(grid.requirements[-1])
    return interpolated(grid.moves, grid.requirements, moved, num)


def in_coin(leg: Leg) -> bool:
    """Whether an option is priced and settled in its own underlying."""
    return leg.settle == leg.base


def option_value(option: Option, forward: float) -> float:
    """Black-76, undiscounted, in quote units a unit of the underlying."""
    if forward <= 0.0:
        return 0.0 if option.call else option.strike
    sigma = option.volatility * math.sqrt(option.years)
    if sigma <= 0.0:
        return max(0.0, forward - option.strike if option.call else option.strike - forward)
    d1 = math.log(forward / option.strike) / sigma + sigma / 2
    d2 = d1 - sigma

    def below(d: float) -> float:
        return 0.5 * math.erfc(-d / math.sqrt(2.0))

    call = forward * below(d1) - option.strike * below(d2)
    return call if option.call else call - forward + option.strike
