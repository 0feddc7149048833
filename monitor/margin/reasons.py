"""Why a pool's figures are unknown, in words. Asked only for pools whose figures are."""

from __future__ import annotations

from math import isnan

from monitor.margin.pool import Basis, Leg, Pool
from monitor.margin.prices import Prices


def unknown_equity(pool: Pool, prices: Prices, *, usd_assumed: bool, orders: bool) -> tuple[str, ...]:
    """What is missing for the pool's equity."""
    venue = pool.key.venue
    words: list[str] = []
    if isnan(pool.cash):
        words.append(f"no balance for {pool.numeraire}")
    counted = _counted(pool, orders)
    needed = [holding.asset for holding in pool.holdings if holding.amount != 0.0]
    needed += [leg.settle for leg in counted] + [debt.asset for debt in pool.debts]
    foreign = any(asset != pool.numeraire for asset in needed)
    if foreign and not usd_assumed and isnan(prices.asset(venue, pool.numeraire)):
        words.append(f"no USD price for {pool.numeraire}")
    words += [
        f"no USD price for {asset}" for asset in needed if asset != pool.numeraire and isnan(prices.asset(venue, asset))
    ]
    words += [f"no balance for {holding.asset}" for holding in pool.holdings if isnan(holding.amount)]
    words += [f"no amount of the debt in {debt.asset}" for debt in pool.debts if isnan(debt.amount)]
    for leg in counted:
        if isnan(prices.mark(venue, leg.symbol)):
            words.append(f"no mark price for {leg.symbol}")
        if isnan(leg.entry):
            words.append(f"no entry price for {leg.symbol}")
        if leg.option is not None and (isnan(leg.option.volatility) or isnan(leg.option.underlying)):
            words.append(f"no volatility or forward price for {leg.symbol}")
    words += _grids(pool, prices)
    return _once(words) or ("equity cannot be computed",)


def unknown_requirement(pool: Pool, prices: Prices, *, orders: bool) -> tuple[str, ...]:
    """What is missing for the pool's maintenance margin, beyond what equity lacks."""
    words: list[str] = []
    for leg in _counted(pool, orders):
        if leg.tiers is None:
            words.append(f"no maintenance tiers for {leg.symbol}")
        words += _basis(leg, prices, pool.key.venue)
        if isnan(leg.constant_requirement):
            words.append(f"no requirement for {leg.symbol}")
    if isnan(pool.constant_requirement):
        words.append("no constant requirement")
    words += _grids(pool, prices)
    return _once(words) or ("maintenance margin cannot be computed",)


def unknown_initial(pool: Pool) -> tuple[str, ...]:
    """What is missing for the pool's initial margin."""
    words = [f"no initial margin rate for {leg.symbol}" for leg in pool.legs if leg.initial_margin_rate is None]
    words += [
        f"no initial margin rate of a loan of {debt.asset}" for debt in pool.debts if debt.initial_margin_rate is None
    ]
    return _once(words) or ("initial margin cannot be computed",)


def _basis(leg: Leg, prices: Prices, venue: str) -> list[str]:
    """Prices at which a requirement values its leg."""
    bases = {leg.basis} | ({leg.fee_basis} if leg.fee_rate else set())
    words: list[str] = []
    if Basis.SNAPSHOT in bases and isnan(leg.snapshot_mark):
        words.append(f"no mark of the snapshot for {leg.symbol}")
    if Basis.INDEX in bases:
        words += [f"no USD price for {asset}" for asset in (leg.base, leg.quote) if isnan(prices.asset(venue, asset))]
    return words


def _grids(pool: Pool, prices: Prices) -> list[str]:
    """What is missing for scenario grids."""
    words: list[str] = []
    for grid in pool.grids:
        if isnan(prices.asset(pool.key.venue, grid.asset)):
            words.append(f"no USD price for {grid.asset}")
        if isnan(grid.reference_price):
            words.append(f"no reference price of the scenario grid on {grid.asset}")
        if any(isnan(each) for column in (*grid.profits, grid.requirements) for each in column):
            words.append(f"the scenario grid on {grid.asset} has gaps")
    return words


def _counted(pool: Pool, orders: bool) -> list[Leg]:
    return [leg for leg in pool.legs if orders or not leg.order]


def _once(words: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words))
