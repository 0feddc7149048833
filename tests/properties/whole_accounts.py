"""Whole accounts with everything in them at once, and pools of every shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import strategies as st

from monitor.domain.instruments import Payoff
from monitor.domain.names import Asset, Side
from monitor.domain.tiers import Tier, TierTable, flat
from monitor.margin.pool import Basis, Curve, Holding, Leg, Option, Pool, ScenarioGrid, Stage, Step
from tests.properties.strategies import (
    MARKET,
    SAFETY,
    Drawn,
    amounts,
    concave_pools,
    contract_tables,
    deduction_tables,
    funded,
    grid_pools,
    jumping_pools,
    legs,
    mixed_group_pools,
    option_pools,
)
from tests.reference.kernel import key


@st.composite
def told_grid_pools(draw: st.DrawFn) -> Drawn:
    """A requirement that the venue gave by moves of the coin, over a linear book, in dollars or in the coin itself."""
    sign = draw(st.sampled_from([1.0, -1.0]))
    needed = draw(st.lists(st.floats(0.0, 300.0), min_size=5, max_size=5))
    grid = ScenarioGrid(
        asset="AAA",
        reference_price=draw(st.sampled_from([99.0, 100.0, 140.0])),
        moves=draw(st.sampled_from([(-0.5, -0.1, 0.0, 0.1, 0.9), (-1.0, -0.4, 0.0, 0.3, 1.0)])),
        profits=(),
        requirements=tuple(needed),
        scale=draw(st.sampled_from([1.0, 1.3])),
        contingency=draw(st.sampled_from([0.0, 25.0])),
    )
    in_equity = draw(st.booleans())
    if in_equity:
        grid = replace(grid, in_equity=True, profits=(tuple(80.0 * sign * move for move in grid.moves),))
    leg = replace(draw(legs(plain=True)), tiers=flat(0.0))
    numeraire = draw(st.sampled_from(["USDT", "AAA"]))
    built = Pool(key=key(), numeraire=numeraire, legs=() if in_equity else (leg,), grids=(grid,))
    return Drawn(funded(built, draw(SAFETY)))


@st.composite
def borrow_tables(draw: st.DrawFn, price: float) -> TierTable:
    """What a loan of an asset requires, by its amount: marginal rates that rise, or flat on the whole loan."""
    low, more = draw(st.floats(0.01, 0.06)), draw(st.floats(0.001, 0.05))
    floor = draw(amounts(150.7, 3004.3)) / price
    return TierTable((Tier(0.0, low), Tier(floor, low + more, draw(st.sampled_from([0.0, 1.0])) * floor * more)))


@st.composite
def haircut_holdings(draw: st.DrawFn, asset: Asset, fee: float) -> Holding:
    """Collateral by its amount, whole where it is owed, and a loan where the legs' losses eat it up."""
    price = MARKET.assets[asset]
    first, less = draw(st.sampled_from([1.0, 0.95, 0.5])), draw(st.floats(0.01, 0.3))
    steps = (Step(0.0, first), Step(draw(amounts(100.0, 3000.0)) / price, first - less))
    return Holding(
        asset=asset,
        amount=draw(st.sampled_from([0.0, 1.0, 1.0, -0.3])) * draw(amounts(10.0, 3000.0)) / price,
        collateral=Curve(steps[: draw(st.sampled_from([1, 2, 2]))]),
        negative_rate=1.0,
        borrow=draw(borrow_tables(price)),
        borrow_fee_rate=fee,
    )


@st.composite
def held_options(draw: st.DrawFn, settles: Sequence[Asset]) -> Leg:
    """An option held long or short, paid for already (its value is equity) or marked against its entry."""
    call, in_coin = draw(st.booleans()), draw(st.booleans())
    symbol = ("AAA-CALL" if call else "AAA-PUT") + ("-C" if in_coin else "")
    sign = draw(st.sampled_from([1.0, -1.0]))
    terms = Option(
        strike=draw(st.sampled_from([85.0, 97.0, 105.0, 140.0])),
        call=call,
        volatility=draw(st.floats(0.2, 1.2)),
        years=draw(st.sampled_from([0.0, 0.003, 0.1, 0.5])),
        underlying=100.5,
        index_rate=draw(st.sampled_from([0.03, 0.0])),
        mark_rate=draw(st.sampled_from([0.03, 0.0])),
        mark_add=draw(st.sampled_from([0.0, 1.0])),
        index_add=draw(st.sampled_from([0.002, 0.0])),
        in_equity=draw(st.booleans()),
    )
    return Leg(
        symbol=symbol,
        side=Side.LONG if sign > 0 else Side.SHORT,
        quantity=sign * draw(amounts(1.0, 20.0)),
        entry=draw(st.sampled_from([0.0, MARKET.marks[symbol]])),
        base="AAA",
        quote="USD" if in_coin else settles[0],
        settle="AAA" if in_coin else settles[0],
        payoff=Payoff.OPTION,
        option=terms,
        tiers=flat(0.0),
        initial_margin_rate=0.0,
    )


@st.composite
def unified_pools(draw: st.DrawFn) -> Drawn:
    """A whole account in dollars: collateral by amount with loans, linear and inverse legs with fees at their entries,
    options, resting orders that count, a deduction that holds still.
    """
    found = [
        replace(leg, basis=Basis.MARK, fee_rate=0.0006, fee_basis=Basis.ENTRY, constant_requirement=0.0)
        for leg in draw(st.lists(legs(deduction_tables()), min_size=1, max_size=4))
    ]
    found = [replace(leg, order=draw(st.sampled_from([False, False, True]))) for leg in found]
    options = draw(st.lists(held_options(("USDC",)), max_size=2))
    held = tuple(draw(haircut_holdings(asset, 0.0)) for asset in ("AAA", "CCC", "USDC", "USDT"))
    built = Pool(
        key=key(),
        numeraire="USD",
        cash=-draw(st.sampled_from([0.0, 35.0])),
        legs=(*found, *options),
        holdings=held,
        stages=(Stage(name="liquidation", orders=draw(st.booleans())),),
    )
    return Drawn(funded(built, draw(SAFETY)))


@st.composite
def family_pools(draw: st.DrawFn) -> Drawn:
    """A whole account in dollars whose families share flat tiers by contracts, with orders that pay to open and loans
    that pay a fee; options in their coin.
    """
    families: dict[str, TierTable] = {}
    found = []
    for leg in draw(st.lists(legs(deduction_tables()), min_size=1, max_size=5)):
        name = leg.symbol[:3] + leg.settle
        table = families.setdefault(name, draw(contract_tables()))
        order = draw(st.sampled_from([False, False, True]))
        found.append(
            replace(
                leg,
                basis=Basis.MARK,
                fee_rate=0.0005,
                fee_basis=Basis.MARK,
                constant_requirement=0.0,
                tiers=table,
                tier_group=name,
                group_deduction=False,
                group_lookup=draw(st.sampled_from([True, True, False])),
                order=order,
                opening_fee=0.4 / MARKET.assets[leg.settle] if order and leg.settle in MARKET.assets else 0.0,
            )
        )
    options = draw(st.lists(held_options(("USDT",)), max_size=2))
    held = tuple(draw(haircut_holdings(asset, 0.0005)) for asset in ("AAA", "CCC", "USDC", "USDT"))
    stages = (Stage(name="orders", orders=True), Stage(name="liquidation", orders=draw(st.booleans())))
    built = Pool(key=key(), numeraire="USD", legs=(*found, *options), holdings=held, stages=stages)
    return Drawn(funded(built, draw(SAFETY)))


@st.composite
def portfolio_pools(draw: st.DrawFn) -> Drawn:
    """A whole account in dollars whose legs require nothing by themselves: a venue's grid for each coin does, beside
    collateral by its amount and loans.
    """
    found = [
        replace(leg, tiers=flat(0.0), fee_rate=0.0, constant_requirement=0.0, basis=Basis.MARK)
        for leg in draw(st.lists(legs(deduction_tables()), min_size=1, max_size=3))
    ]
    options = draw(st.lists(held_options(("USDT",)), max_size=1))
    grids = []
    for asset, step in (("AAA", 0.05), ("CCC", 0.2))[: draw(st.integers(1, 2))]:
        moves = (-2 * step, -step, 0.0, step, 2 * step)
        size, bend = draw(st.floats(-2000.0, 2000.0)), draw(st.floats(0.0, 800.0))
        columns = tuple(
            tuple(size * move + bend * (level * abs(move) - move * move) for move in moves)
            for level in (-1.0, 0.0, 0.5)
        )
        told = tuple(draw(st.lists(st.floats(0.0, 300.0), min_size=5, max_size=5)))
        grids.append(
            ScenarioGrid(
                asset=asset,
                reference_price=MARKET.assets[asset] * draw(st.sampled_from([1.0, 0.97, 1.1])),
                moves=moves,
                profits=columns,
                contingency=draw(st.sampled_from([0.0, 25.0])),
                requirements=draw(st.sampled_from([(), (), told])),
            )
        )
    held = tuple(draw(haircut_holdings(asset, 0.0)) for asset in ("AAA", "USDC", "USDT"))
    built = Pool(key=key(), numeraire="USD", legs=(*found, *options), holdings=held, grids=tuple(grids))
    return Drawn(funded(built, draw(SAFETY)))


def whole_account_pools() -> st.SearchStrategy[Drawn]:
    """Whole accounts with everything in them at once."""
    return st.one_of(unified_pools(), family_pools(), portfolio_pools(), told_grid_pools())


def any_pools() -> st.SearchStrategy[Drawn]:
    """Every shape."""
    return st.one_of(
        concave_pools(), mixed_group_pools(), jumping_pools(), option_pools(), grid_pools(), whole_account_pools()
    )
