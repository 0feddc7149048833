"""Where all pools stand now: one pass of the formula in which nothing moves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from monitor.margin.arrays import Bools, Floats, Ints, sums
from monitor.margin.columns import Block, Valued
from monitor.margin.health import Health, Values, health
from monitor.margin.prices import Prices
from monitor.margin.terms import Terms
from monitor.margin.tiers import Shelf


@dataclass(slots=True)
class Marked:
    """Prices brought to the columns of a block: one number a leg, holding, loan, grid and pool."""

    mark: Floats  # by leg
    u: Floats  # mark, or its reciprocal
    notional: Floats  # |c| * u of the requirement's basis
    fee: Floats
    initial: Floats  # notional at the initial margin's basis
    price: Floats  # of a holding's asset in the numeraire
    debt_price: Floats
    grid_price: Floats  # USD
    numeraire_usd: Floats  # NaN unknown
    assumed: Bools  # the numeraire's price is unknown, but it is a stablecoin


@dataclass(slots=True)
class Assessment:
    """Where pools stand; NaN is unknown. `health` holds the parts by leg and holding."""

    marked: Marked
    equity: Floats
    maintenance: Floats
    initial: Floats
    health: Health


def marked(block: Block, prices: Prices) -> Marked:
    """Look up all prices that the block needs."""
    legs, pools = block.legs, block.pools
    marks, assets = prices.marks, prices.assets
    mark = marks[legs.mark]
    u = np.where(legs.inverse, 1.0 / mark, mark) if legs.inverse.any() else mark
    size = np.abs(legs.c)

    def basis_u(valued: Ints, held: Floats) -> Floats:
        """u of a basis: the mark, the index of base in quote, or the price that is held."""
        if not valued.any():
            return u
        index = assets[legs.base] / assets[legs.quote]
        index = np.where(legs.inverse, 1.0 / index, index)
        return np.where(valued == Valued.MARK, u, np.where(valued == Valued.INDEX, index, held))

    known_usd = assets[pools.numeraire]
    assumed = np.isnan(known_usd) & pools.stable
    numeraire_usd = np.where(assumed, 1.0, known_usd)

    def in_numeraire(asset: Ints, pool: Ints) -> Floats:
        return np.where(asset == pools.numeraire[pool], 1.0, assets[asset] / numeraire_usd[pool])

    fee_u = basis_u(legs.fee_valued, legs.fee_held_u)
    return Marked(
        mark,
        u,
        size * basis_u(legs.valued, legs.held_u),
        np.where(legs.fee_rate == 0.0, 0.0, legs.fee_rate * size * fee_u),
        size * basis_u(legs.initial_valued, legs.initial_held_u),
        in_numeraire(block.rows.asset, block.rows.pool),
        in_numeraire(block.debts.asset, block.debts.pool),
        assets[block.grid.asset],
        numeraire_usd,
        assumed,
    )


def assess(block: Block, still: Terms, now: Marked, shelf: Shelf) -> Assessment:
    """Equity, maintenance and initial margin of every pool. `still` holds all parts, with or without orders."""
    pools, rows = block.pools, block.rows
    leg = still.legs.leg
    values = Values(
        now.u[leg],
        now.notional[leg],
        now.fee[leg],
        now.price,
        now.debt_price,
        now.grid_price,
        rows.amount,
        np.zeros(len(rows.amount)),
        pools.cash,
        pools.constant_requirement,
    )
    result = health(still, values, shelf, block, np.zeros(block.count))
    result.profit = _by_leg(block, leg, result.profit)
    result.leg_requirement = _by_leg(block, leg, result.leg_requirement)
    return Assessment(now, result.equity, result.requirement, _initial(block, still, now), result)


def _by_leg(block: Block, leg: Ints, values: Floats) -> Floats:
    """Numbers of some legs at their places among all legs; the others (orders left out) have none."""
    if len(leg) == len(block.legs.pool):
        return values
    result = np.zeros(len(block.legs.pool))
    result[leg] = values
    return result


def _initial(block: Block, still: Terms, now: Marked) -> Floats:
    """Initial margin: rate * notional + constant by leg (larger side in netting groups), loans, constant."""
    legs, debts, pools = block.legs, block.debts, block.pools
    leg, row, problem = still.legs.leg, still.legs.row, still.legs.problem
    # A rate of 0 requires nothing, whatever the price: this keeps legs without one from making the sum unknown.
    rate = legs.initial_rate[leg]
    amount = np.where(rate == 0.0, 0.0, rate * now.initial[leg]) + legs.constant_initial[leg]
    amount = amount * (now.price * block.rows.requirement_rate)[row]
    total = pools.constant_initial + sums(debts.pool, debts.amount * debts.initial_rate * now.debt_price, block.count)
    netting = still.legs.netting
    if not len(still.nettings.problem):
        return total + sums(problem, amount, block.count)
    alone = netting < 0
    total += sums(problem[alone], amount[alone], block.count)
    sides = [
        sums(netting[members], amount[members], len(still.nettings.problem))
        for members in (~alone & still.legs.long, ~alone & ~still.legs.long)
    ]
    return total + sums(still.nettings.problem, np.maximum(*sides), block.count)
