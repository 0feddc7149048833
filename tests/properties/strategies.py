"""Random pools of every shape, and the market they stand in.

A pool is drawn with its parts, then its cash is set so that it is as safe, or as doomed, as a drawn number says.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from hypothesis import strategies as st

from monitor.domain.instruments import Payoff
from monitor.domain.names import Asset, Side
from monitor.domain.tiers import Tier, TierBy, TierTable, flat
from monitor.margin.pool import (
    Basis,
    Curve,
    Debt,
    Holding,
    Leg,
    Netting,
    Option,
    Pool,
    ScenarioGrid,
    Stage,
    Step,
)
from tests.reference.kernel import key
from tests.reference.plain import Market, Reference

MARKET = Market(
    {
        "AAAUSDT": 101.0,
        "BBBUSDT": 3.1,
        "CCCUSDT": 2503.0,
        "AAAUSDC": 100.7,
        "AAAUSD": 100.9,
        "CCCUSD": 2501.0,
        "AAA-Q": 100.3,
        "AAA-CALL": 7.3,
        "AAA-PUT": 4.1,
        "AAA-CALL-C": 0.073,
        "AAA-PUT-C": 0.041,
    },
    {"AAA": 100.0, "BBB": 3.0, "CCC": 2500.0, "USDT": 0.999, "USDC": 1.001, "EUR": 1.09},
)
LINEAR = ("AAAUSDT", "BBBUSDT", "CCCUSDT", "AAAUSDC")
INVERSE = ("AAAUSD", "CCCUSD")


def amounts(low: float, high: float) -> st.SearchStrategy[float]:
    """Sizes spread over their decades."""
    return st.floats(0.0, 1.0).map(lambda part: float(low * (high / low) ** part))


RATES = st.floats(0.002, 0.1)


@st.composite
def deduction_tables(draw: st.DrawFn, scale: float = 1000.0) -> TierTable:
    """Tiers by notional whose deductions make the requirement continuous: floors near `scale`, rates that rise."""
    rate = draw(RATES)
    rows = [Tier(0.0, rate)]
    for step in draw(st.lists(st.tuples(st.floats(0.3, 3.0), st.floats(0.001, 0.05)), max_size=3)):
        floor = rows[-1].floor + scale * step[0]
        higher = rows[-1].rate + step[1]
        rows.append(Tier(floor, higher, rows[-1].deduction + floor * (higher - rows[-1].rate)))
    return TierTable(tuple(rows))


@st.composite
def contract_tables(draw: st.DrawFn) -> TierTable:
    """Flat rates by contracts: the size does not follow the price."""
    low, more = draw(RATES), draw(st.floats(0.0, 0.05))
    return TierTable((Tier(0.0, low), Tier(50.0, low + more)), by=TierBy.CONTRACTS)


def growing_tables() -> st.SearchStrategy[TierTable]:
    """A rate that grows with the notional, or with the contracts (10 or 60), whose number stands still."""
    by_notional = st.builds(
        lambda rate, growth: TierTable((Tier(0.0, rate, 0.0, growth),)), RATES, st.floats(0.0, 1e-5)
    )
    by_contracts = st.builds(
        lambda rate, growth: TierTable((Tier(0.0, rate, 0.0, growth),), TierBy.CONTRACTS), RATES, st.floats(0.0, 1e-3)
    )
    return st.one_of(by_notional, by_contracts)


def jumping_tables() -> st.SearchStrategy[TierTable]:
    """Flat tiers by notional without deductions: the requirement jumps at the floor, which no leg's worth is by design
    (there rounding decides the tier).
    """
    return st.builds(
        lambda rate, floor, more: TierTable((Tier(0.0, rate), Tier(floor, rate + more))),
        RATES,
        amounts(201.3, 4870.7),
        st.floats(0.01, 0.1),
    )


@st.composite
def legs(
    draw: st.DrawFn,
    tables: st.SearchStrategy[TierTable] | None = None,
    *,
    plain: bool = False,
    symbols: tuple[str, ...] = LINEAR + INVERSE,
) -> Leg:
    """A linear or inverse position worth some hundreds to thousands, on any basis, with or without fees.

    `plain`: linear on USDT, at the mark, without fees and constants.
    """
    sign = draw(st.sampled_from([1.0, -1.0]))
    worth = draw(amounts(50.0, 5000.0))
    symbol = draw(st.sampled_from(LINEAR[:3] if plain else symbols))
    mark = MARKET.marks[symbol]
    given: dict[str, Any] = {
        "symbol": symbol,
        "side": Side.LONG if sign > 0 else Side.SHORT,
        "entry": mark * draw(st.floats(0.7, 1.4)),
        "base": symbol[:3],
        "tiers": draw(
            tables if tables is not None else st.one_of(deduction_tables(), contract_tables(), growing_tables())
        ),
        "contracts": draw(st.sampled_from([10.0, 60.0])),
        "initial_margin_rate": draw(st.sampled_from([0.05, 0.2, 1.0])),
    }
    if symbol in INVERSE:
        given |= {"quantity": sign * worth, "quote": "USD", "settle": symbol[:3], "payoff": Payoff.INVERSE}
        if tables is None and given["tiers"].by is TierBy.NOTIONAL:
            given["tiers"] = draw(deduction_tables(scale=1000.0 / mark))
    else:
        given |= {"quantity": sign * worth / mark, "quote": symbol[3:], "settle": symbol[3:]}
    if not plain:
        given |= {
            "basis": draw(st.sampled_from([Basis.MARK, Basis.MARK, Basis.ENTRY, Basis.SNAPSHOT, Basis.INDEX])),
            "snapshot_mark": mark * 1.01,
            "fee_rate": draw(st.sampled_from([0.0, 0.0006])),
            "fee_basis": draw(st.sampled_from([Basis.MARK, Basis.ENTRY])),
            "constant_requirement": 0.0 if symbol in INVERSE else draw(st.sampled_from([0.0, 1.5])),
        }
    return Leg(**given)


@st.composite
def curves(draw: st.DrawFn, price: float) -> Curve:
    """Haircuts: rates that fall, by amount or by value."""
    by_value = draw(st.booleans())
    first, less = draw(st.floats(0.5, 1.0)), draw(st.floats(0.0, 0.4))
    edge = draw(amounts(100.0, 3000.0)) / (1.0 if by_value else price)
    return Curve((Step(0.0, first), Step(edge, first - less)), by_value)


@st.composite
def holdings(draw: st.DrawFn, asset: Asset) -> Holding:
    """An asset with haircuts, rates, perhaps an implicit loan and a cap."""
    price = MARKET.assets[asset]
    return Holding(
        asset=asset,
        amount=draw(st.sampled_from([0.0, 1.0, -0.3])) * draw(amounts(10.0, 3000.0)) / price,
        collateral=draw(curves(price)),
        negative_rate=draw(st.sampled_from([1.0, 1.05])),
        requirement_rate=draw(st.sampled_from([1.0, 1.01])),
        borrow=draw(st.sampled_from([None, flat(0.04), TierTable((Tier(0.0, 0.02), Tier(500.0, 0.05, 15.0)))])),
        borrow_fee_rate=draw(st.sampled_from([0.0, 0.0005])),
        cap_group=draw(st.sampled_from([None, None, "cap"])),
    )


@st.composite
def debts(draw: st.DrawFn) -> Debt:
    """A loan, counted or net already, asking by amount or by value."""
    asset = draw(st.sampled_from(["USDT", "AAA", "CCC"]))
    return Debt(
        asset=asset,
        amount=draw(amounts(10.0, 1000.0)) / MARKET.assets[asset],
        counted=draw(st.booleans()),
        requirement=flat(draw(st.floats(0.02, 0.2))),
        requirement_by_value=draw(st.booleans()),
        fee_rate=draw(st.sampled_from([0.0, 0.001])),
    )


@dataclass(frozen=True)
class Drawn:
    """A pool and its market."""

    pool: Pool
    market: Market = MARKET


def funded(built: Pool, safety: float) -> Pool:
    """The pool with its cash such that health now is `safety` times the worth of its legs and loans."""
    reference = Reference(built, MARKET)
    price = float(Reference(built, MARKET).market.assets.get(built.numeraire, 1.0))
    worth = 0.0
    for leg in built.legs:
        size = abs(leg.quantity) * leg.multiplier
        worth += size if leg.payoff is Payoff.INVERSE else size * MARKET.marks[leg.symbol]
    worth = worth / price or 100.0
    return replace(built, cash=built.cash + safety * worth - reference.health(0.0))


SAFETY = st.one_of(st.floats(0.01, 1.0), st.floats(0.01, 0.2), st.floats(1.0, 3.0))


@st.composite
def single_asset_pools(draw: st.DrawFn, *, safety: st.SearchStrategy[float] = SAFETY) -> Drawn:
    """Linear legs on USDT, cash in it; both sides of a symbol may be there."""
    found = draw(st.lists(legs(plain=True), min_size=1, max_size=4))
    fees = draw(st.sampled_from([0.0, 0.0006]))
    return Drawn(
        funded(
            Pool(key=key(), numeraire="USDT", legs=tuple(replace(leg, fee_rate=fees) for leg in found)), draw(safety)
        )
    )


@st.composite
def coin_pools(draw: st.DrawFn) -> Drawn:
    """Inverse legs of one coin, cash in it."""
    found = draw(st.lists(legs(symbols=("AAAUSD",)), min_size=1, max_size=3))
    return Drawn(funded(Pool(key=key(), numeraire="AAA", legs=tuple(found)), draw(SAFETY)))


@st.composite
def collateral_pools(draw: st.DrawFn) -> Drawn:
    """Anything settled in anything, counted in USD: haircuts, loans, caps, stages with a threshold."""
    found = draw(st.lists(legs(), max_size=4))
    settled = {leg.settle for leg in found}
    assets = sorted(settled | set(draw(st.lists(st.sampled_from(["AAA", "CCC", "EUR", "USDT"]), max_size=2))))
    held = tuple(draw(holdings(asset)) for asset in assets)
    owed = tuple(draw(st.lists(debts(), max_size=2)))
    built = Pool(
        key=key(),
        numeraire="USD",
        legs=tuple(found),
        holdings=held,
        debts=owed,
        caps=(("cap", draw(amounts(100.0, 5000.0))),),
        constant_requirement=draw(st.sampled_from([0.0, 20.0])),
        stages=(Stage(name="liquidation", threshold=draw(st.sampled_from([1.0, 0.95, 1 / 1.05]))),),
    )
    return Drawn(funded(built, draw(SAFETY)))


@st.composite
def grouped_pools(draw: st.DrawFn) -> Drawn:
    """Families looked up together, with resting orders; sides netted; entry-based requirements."""
    table = draw(contract_tables())
    family = [
        replace(
            leg, tiers=table, tier_group="family", group_deduction=False, order=draw(st.booleans()), opening_fee=0.5
        )
        for leg in draw(st.lists(legs(plain=True), min_size=1, max_size=3))
    ]
    family = [replace(leg, opening_fee=0.5 if leg.order else 0.0) for leg in family]
    netted = [
        replace(leg, netting_group="net", basis=draw(st.sampled_from([Basis.MARK, Basis.ENTRY])))
        for leg in draw(st.lists(legs(plain=True), max_size=3))
    ]
    built = Pool(
        key=key(),
        numeraire="USDT",
        legs=tuple(family + netted),
        netting_groups=(("net", Netting.LARGER_SIDE),),
        stages=(Stage(name="orders", orders=True), Stage(name="liquidation", orders=draw(st.booleans()))),
    )
    return Drawn(funded(built, draw(SAFETY)))


@st.composite
def mixed_group_pools(draw: st.DrawFn) -> Drawn:
    """A family by notional in which each leg looks up its own size or the family's, with a deduction or without."""
    table = draw(deduction_tables())
    family = [
        replace(
            leg,
            tiers=table,
            tier_group="family",
            group_deduction=draw(st.booleans()),
            group_lookup=draw(st.booleans()),
            order=draw(st.booleans()),
        )
        for leg in draw(st.lists(legs(plain=True), min_size=1, max_size=3))
    ]
    stages = (Stage(name="orders", orders=True), Stage(name="liquidation", orders=draw(st.booleans())))
    return Drawn(funded(Pool(key=key(), numeraire="USDT", legs=tuple(family), stages=stages), draw(SAFETY)))


@st.composite
def jumping_pools(draw: st.DrawFn) -> Drawn:
    """Flat tiers by notional: health jumps down at a floor."""
    found = draw(st.lists(legs(jumping_tables(), plain=True), min_size=1, max_size=3))
    return Drawn(funded(Pool(key=key(), numeraire="USDT", legs=tuple(found)), draw(SAFETY)))


@st.composite
def quanto_pools(draw: st.DrawFn) -> Drawn:
    """Settled in a coin that is neither base nor quote, beside dollars."""
    leg = Leg(
        symbol="AAA-Q",
        side=Side.LONG,
        quantity=draw(st.sampled_from([1.0, -1.0])) * draw(amounts(10.0, 300.0)),
        entry=100.3 * draw(st.floats(0.8, 1.2)),
        base="AAA",
        quote="USD",
        settle="CCC",
        payoff=Payoff.QUANTO,
        multiplier=1e-4,
        tiers=flat(draw(RATES)),
        initial_margin_rate=0.1,
    )
    leg = replace(leg, side=Side.LONG if leg.quantity > 0 else Side.SHORT)
    built = Pool(
        key=key(), numeraire="USD", legs=(leg,), holdings=(Holding(asset="CCC", amount=draw(st.floats(0.0, 0.5))),)
    )
    return Drawn(funded(built, draw(st.floats(0.01, 0.2))))


@st.composite
def option_pools(draw: st.DrawFn) -> Drawn:
    """A short call or put, priced and settled in dollars or in its coin, beside a future."""
    call = draw(st.booleans())
    terms = Option(
        strike=105.0 if call else 97.0,
        call=call,
        volatility=draw(st.floats(0.2, 1.2)),
        years=draw(st.floats(0.01, 0.5)),
        underlying=100.5,
        index_rate=0.03,
        mark_rate=0.03,
        mark_add=draw(st.sampled_from([0.0, 1.0])),
        index_add=0.002,
    )
    in_coin = draw(st.booleans())
    symbol = ("AAA-CALL" if call else "AAA-PUT") + ("-C" if in_coin else "")
    option = Leg(
        symbol=symbol,
        side=Side.SHORT,
        quantity=-draw(amounts(1.0, 20.0)),
        entry=MARKET.marks[symbol],
        base="AAA",
        quote="USD" if in_coin else "USDT",
        settle="AAA" if in_coin else "USDT",
        payoff=Payoff.OPTION,
        option=terms,
        tiers=flat(0.0),
        initial_margin_rate=0.0,
    )
    future = draw(legs(deduction_tables(), plain=True))
    return Drawn(funded(Pool(key=key(), numeraire="USDT", legs=(option, future)), draw(SAFETY)))


@st.composite
def grid_pools(draw: st.DrawFn) -> Drawn:
    """A venue's scenario grid over a linear book, read where the coin stood a little lower."""
    quantity = draw(st.sampled_from([1.0, -1.0])) * draw(amounts(1.0, 20.0))
    bend = draw(st.floats(0.0, 300.0))
    moves = (-0.1, -0.05, 0.0, 0.05, 0.1)
    columns = tuple(
        tuple(99.0 * quantity * move - (bend * move * move * 10 if volatility else 0.0) for move in moves)
        for volatility in (1, 0, 1)
    )
    grid = ScenarioGrid(
        asset="AAA",
        reference_price=99.0,
        moves=moves,
        profits=columns,
        scale=draw(st.sampled_from([1.0, 1.3])),
        contingency=draw(st.sampled_from([0.0, 25.0])),
    )
    leg = Leg(
        symbol="AAAUSDT",
        side=Side.LONG if quantity > 0 else Side.SHORT,
        quantity=quantity,
        entry=101.0,
        base="AAA",
        quote="USDT",
        settle="USDT",
        tiers=flat(0.0),
        initial_margin_rate=0.1,
    )
    return Drawn(funded(Pool(key=key(), numeraire="USDT", legs=(leg,), grids=(grid,)), draw(SAFETY)))


def concave_pools() -> st.SearchStrategy[Drawn]:
    """Pools whose health bends only downwards or is smooth: nearly everything."""
    return st.one_of(single_asset_pools(), coin_pools(), collateral_pools(), grouped_pools(), quanto_pools())
