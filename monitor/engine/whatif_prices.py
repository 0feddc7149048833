"""Prices as they are supposed to be: every price moves by what its assets move, and options by their model."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from math import isnan

import numpy as np

from monitor.domain.names import USD, Asset, PoolKey
from monitor.domain.stress_scenarios import WRAPPED
from monitor.domain.whatif import WhatIf
from monitor.engine.picture import Picture
from monitor.margin.dual import Dual
from monitor.margin.options import black76
from monitor.margin.pool import Leg, Option, Pool
from monitor.margin.prices import Prices

LEAST = 1e-6  #: what is left of a price that falls to nothing: a price of zero is none


def moves_of(picture: Picture, request: WhatIf, pools: Iterable[Pool]) -> dict[Asset, float]:
    """By asset, the relative move of its USD price: of all that the pools depend on. What stands for another coin moves
    as that one does, unless it is named itself.
    """
    betas = picture.settings.betas if request.betas is None else request.betas
    assets = {asset for pool in pools for asset in _assets_of(pool)} | set(request.moves)
    found = {}
    for asset in sorted(assets - {USD}):
        stands_for = WRAPPED.get(asset, asset)
        named = next((each for each in (asset, stands_for) if each in request.moves), None)
        if named is not None:
            found[asset] = request.moves[named]
        elif request.market and asset not in picture.stablecoins and asset not in request.pegs:
            found[asset] = max(-1.0, betas.get(asset, betas.get(stands_for, 1.0)) * request.market)
    for asset, price in request.pegs.items():
        found[asset] = price / _peg_now(picture, asset) - 1.0
    return {asset: move for asset, move in found.items() if move}


def nothing_moved(request: WhatIf, pools: Iterable[Pool]) -> list[Asset]:
    """The named assets that no pool depends on, itself or by one that stands for it."""
    assets = {asset for pool in pools for asset in _assets_of(pool)}
    assets |= {WRAPPED.get(asset, asset) for asset in assets}
    return [asset for asset in (*request.moves, *request.pegs) if asset not in assets]


def _peg_now(picture: Picture, asset: Asset) -> float:
    """Where a stablecoin stands: the mean over venues is not asked for, their prices of it are near each other."""
    known = [picture.prices.asset(venue, asset) for venue in sorted({key.venue for key in picture.accounts})]
    return next((price for price in known if not isnan(price)), 1.0)


def _assets_of(pool: Pool) -> set[Asset]:
    found = {pool.numeraire} | {holding.asset for holding in pool.holdings}
    found |= {debt.asset for debt in pool.debts} | {grid.asset for grid in pool.grids}
    for leg in pool.legs:
        found |= {leg.coin or leg.base, leg.quote, leg.settle}
    return found


def moved(
    prices: Prices,
    pools: Iterable[Pool],
    moves: Mapping[Asset, float],
    pegs: Mapping[Asset, float],
    stablecoins: Collection[Asset],
) -> tuple[Prices, dict[PoolKey, Pool]]:
    """The prices after these moves, and the pools of which something else than a price moves with them (options).

    A mark is base over quote, with its basis held. A stablecoin stands at its peg at every venue, and moves from 1
    where no price of it is known.
    """
    there = prices.copied()
    changed: dict[PoolKey, Pool] = {}
    factors = {asset: max(LEAST, 1.0 + move) for asset, move in moves.items()}
    done: set[tuple[str, str]] = set()
    for pool in pools:
        venue = pool.key.venue
        for asset in sorted(_assets_of(pool) & factors.keys()):
            if (venue, asset) not in done:
                done.add((venue, asset))
                now = prices.asset(venue, asset)
                if asset in pegs:
                    there.set_asset(venue, asset, pegs[asset])
                elif not isnan(now) or asset in stablecoins:
                    there.set_asset(venue, asset, (1.0 if isnan(now) else now) * factors[asset])
        legs: list[Leg] = []
        for leg in pool.legs:
            factor = factors.get(leg.coin or leg.base, 1.0) / factors.get(leg.quote, 1.0)
            mark = prices.mark(venue, leg.symbol)
            if leg.option is None:
                legs.append(leg)
                price = mark * factor
            else:
                price, option = _repriced(leg, leg.option, mark, factor)
                legs.append(replace(leg, option=option))
            if factor != 1.0 and not isnan(price):
                there.set_mark(venue, leg.symbol, price)
        if tuple(legs) != pool.legs:
            changed[pool.key] = replace(pool, legs=tuple(legs))
    return there, changed


def _repriced(leg: Leg, option: Option, mark: float, factor: float) -> tuple[float, Option]:
    """An option's mark by Black-76 at held volatility, beside what the venue's own mark differs from the model now."""
    in_coin = leg.settle == leg.base
    before, after = (_model(option, option.underlying * each, in_coin=in_coin) for each in (1.0, factor))
    return max(mark + after - before, 0.0), replace(option, underlying=option.underlying * factor)


def _model(option: Option, forward: float, *, in_coin: bool) -> float:
    deviation = np.array([option.volatility * max(option.years, 0.0) ** 0.5])
    value = black76(Dual(np.array([forward])), np.array([option.strike]), np.array([option.call]), deviation)
    return value.v.item() / (forward if in_coin else 1.0)
