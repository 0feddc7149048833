"""What must not matter, and in which direction what matters must work."""

from __future__ import annotations

import math
from dataclasses import replace
from random import Random
from typing import TypeVar

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from monitor.domain.lines import Line, State
from monitor.domain.names import AccountKey, PoolKey, Side
from monitor.domain.tiers import Tier, TierTable
from monitor.margin.book import Book
from monitor.margin.evaluate import evaluate
from monitor.margin.pool import Curve, Leg, Pool, Step
from monitor.margin.results import PoolResult, PositionResult
from tests.properties.strategies import (
    MARKET,
    Drawn,
    amounts,
    collateral_pools,
    deduction_tables,
    funded,
    grouped_pools,
    jumping_pools,
    single_asset_pools,
)
from tests.properties.whole_accounts import any_pools
from tests.reference.kernel import ask, key, prices_of
from tests.reference.plain import Market

HAIR = 1e-7
T = TypeVar("T")


def all_lines(result: PoolResult) -> dict[tuple[str, str], Line]:
    """Every line of a result, by what moves and where to."""
    found = {("market", "down"): result.market.down, ("market", "up"): result.market.up}
    for group in (result.coins, result.depegs):
        for asset, sides in group.items():
            found |= {(asset, "down"): sides.down, (asset, "up"): sides.up}
    for position in result.positions:
        found |= {(position.symbol, "down"): position.down, (position.symbol, "up"): position.up}
    return found


def same(first: Line, second: Line) -> bool:
    """Whether two lines are the same but for rounding; far away and never are the same there too."""
    one, two = (math.inf if line.distance_ratio is None else line.distance_ratio for line in (first, second))
    return first == second or math.isclose(one, two, rel_tol=1e-6, abs_tol=1e-9) or min(one, two) > 1e5


def same_results(first: PoolResult, second: PoolResult, scale: float = 1.0) -> None:
    """Ratio and lines equal, amounts equal up to `scale`."""
    assert first.equity is not None
    assert first.maintenance_margin is not None
    assert second.equity == pytest.approx(first.equity * scale, rel=1e-9, abs=1e-9 * (1 + abs(first.equity)) * scale)
    assert second.maintenance_margin == pytest.approx(first.maintenance_margin * scale, rel=1e-9, abs=1e-9 * scale)
    assert second.ratio.value == pytest.approx(first.ratio.value, rel=1e-6)
    ours, theirs = all_lines(first), all_lines(second)
    assert ours.keys() == theirs.keys()
    different = {name: (ours[name], theirs[name]) for name in ours if not same(ours[name], theirs[name])}
    assert not different


@given(any_pools(), amounts(0.01, 1000.0))
def test_more_collateral_never_brings_a_line_nearer(drawn: Drawn, more: float) -> None:
    before = all_lines(ask(drawn.pool, drawn.market))
    after = all_lines(ask(replace(drawn.pool, cash=drawn.pool.cash + more), drawn.market))
    for name, line in before.items():
        assert line.distance_ratio is not None
        distance = after[name].distance_ratio
        assert distance is not None
        assert distance >= line.distance_ratio * (1 - HAIR) - HAIR, name


@given(any_pools(), st.randoms(use_true_random=False))
def test_the_order_of_legs_holdings_and_loans_is_irrelevant(drawn: Drawn, random: Random) -> None:
    def mixed(part: tuple[T, ...]) -> tuple[T, ...]:
        return tuple(random.sample(part, len(part)))

    built = drawn.pool
    other = replace(built, legs=mixed(built.legs), holdings=mixed(built.holdings), debts=mixed(built.debts))
    same_results(ask(built, drawn.market), ask(other, drawn.market))


@given(single_asset_pools(), st.floats(1.0, 125.0))
def test_leverage_changes_nothing_where_the_rule_has_no_leverage_in_it(drawn: Drawn, leverage: float) -> None:
    other = replace(drawn.pool, legs=tuple(replace(leg, initial_margin_rate=1 / leverage) for leg in drawn.pool.legs))
    first, second = ask(drawn.pool, drawn.market), ask(other, drawn.market)
    same_results(first, second)
    assert second.initial_margin == pytest.approx(
        sum(abs(leg.quantity) * MARKET.marks[leg.symbol] for leg in drawn.pool.legs) / leverage, rel=1e-9
    )


@given(
    amounts(1.0, 50.0),
    st.floats(0.8, 1.2),
    deduction_tables(),
    st.floats(0.01, 1.0),
    st.lists(st.tuples(st.floats(0.05, 1.0), st.floats(0.8, 1.2)), min_size=2, max_size=6),
)
def test_splitting_a_position_into_fills_changes_nothing(
    quantity: float, entry: float, table: TierTable, safety: float, fills: list[tuple[float, float]]
) -> None:
    """The fills share one lookup (a tier group); together they are one position at their average price."""
    whole = sum(size for size, _ in fills)
    average = sum(size * price for size, price in fills) / whole

    def leg(size: float, price: float, group: str | None) -> Leg:
        return Leg(
            symbol="AAAUSDT",
            side=Side.LONG,
            quantity=quantity * size / whole,
            entry=100 * entry * price,
            base="AAA",
            quote="USDT",
            settle="USDT",
            tiers=table,
            initial_margin_rate=0.1,
            tier_group=group,
        )

    one = funded(Pool(key=key(), numeraire="USDT", legs=(leg(whole, average, None),)), safety)
    many = replace(one, legs=tuple(leg(size, price, "position") for size, price in fills))
    same_results(ask(one, MARKET), ask(many, MARKET))


@given(
    amounts(0.1, 50.0),
    st.floats(0.7, 1.4),
    st.floats(0.7, 1.4),
    deduction_tables(),
    st.floats(0.001, 3.0),
    st.sampled_from([0.0, 0.0006]),
)
def test_an_equal_long_and_short_has_no_line_downwards_and_upwards_only_where_maintenance_eats_the_equity(
    quantity: float, long_entry: float, short_entry: float, table: TierTable, safety: float, fee: float
) -> None:
    def leg(sign: float, entry: float) -> Leg:
        return Leg(
            symbol="AAAUSDT",
            side=Side.LONG if sign > 0 else Side.SHORT,
            quantity=sign * quantity,
            entry=101.0 * entry,
            base="AAA",
            quote="USDT",
            settle="USDT",
            tiers=table,
            fee_rate=fee,
            initial_margin_rate=0.1,
        )

    built = funded(Pool(key=key(), numeraire="USDT", legs=(leg(1, long_entry), leg(-1, short_entry))), safety)
    result = ask(built, MARKET)
    assert result.ratio.state is State.AT
    coin = result.coins["AAA"]
    assert coin.down.state is State.NEVER
    assert coin.up.state is State.AT
    assert coin.up.distance_ratio is not None
    assert result.equity is not None
    there = ask(built, Market({"AAAUSDT": 101.0 * (1 + coin.up.distance_ratio)}, MARKET.assets))
    assert there.equity == pytest.approx(result.equity, rel=1e-6)
    assert there.maintenance_margin == pytest.approx(result.equity, rel=1e-6)


@given(
    amounts(1.0, 50.0),
    deduction_tables(),
    st.floats(0.8, 1.2),
)
def test_the_requirement_is_continuous_at_every_edge_whose_deduction_makes_it_so(
    quantity: float, table: TierTable, factor: float
) -> None:
    for tier in table.tiers[1:]:
        required = []
        for hair in (1 - 1e-12, 1.0, 1 + 1e-12):
            leg = Leg(
                symbol="AAAUSDT",
                side=Side.LONG,
                quantity=quantity,
                entry=100.0 * factor,
                base="AAA",
                quote="USDT",
                settle="USDT",
                tiers=table,
            )
            market = Market({"AAAUSDT": tier.floor / quantity * hair}, {"AAA": 100.0, "USDT": 1.0})
            required.append(ask(Pool(key=key(), numeraire="USDT", legs=(leg,), cash=1e6), market).maintenance_margin)
        assert required == pytest.approx([required[1]] * 3, rel=1e-10)


def scaled(built: Pool, by: float) -> Pool:
    """The pool with all amounts, edges, deductions and constants multiplied."""

    def table(tiers: TierTable) -> TierTable:
        rows = tuple(Tier(t.floor * by, t.rate, t.deduction * by, t.growth / by) for t in tiers.tiers)
        return replace(tiers, tiers=rows)

    def curve(steps: Curve) -> Curve:
        return replace(steps, steps=tuple(Step(step.floor * by, step.rate) for step in steps.steps))

    def leg(one: Leg) -> Leg:
        return replace(
            one,
            quantity=one.quantity * by,
            contracts=None if one.contracts is None else one.contracts * by,
            tiers=None if one.tiers is None else table(one.tiers),
            constant_requirement=one.constant_requirement * by,
            constant_initial=one.constant_initial * by,
            opening_fee=one.opening_fee * by,
        )

    return replace(
        built,
        cash=built.cash * by,
        legs=tuple(leg(one) for one in built.legs),
        holdings=tuple(
            replace(
                one,
                amount=one.amount * by,
                collateral=curve(one.collateral),
                borrow=None if one.borrow is None else table(one.borrow),
            )
            for one in built.holdings
        ),
        debts=tuple(
            replace(one, amount=one.amount * by, liability=curve(one.liability), requirement=table(one.requirement))
            for one in built.debts
        ),
        caps=tuple((name, limit * by) for name, limit in built.caps),
        constant_requirement=built.constant_requirement * by,
        constant_initial=built.constant_initial * by,
        grids=tuple(
            replace(
                grid,
                profits=tuple(tuple(profit * by for profit in column) for column in grid.profits),
                contingency=grid.contingency * by,
                requirements=tuple(needed * by for needed in grid.requirements),
            )
            for grid in built.grids
        ),
    )


@given(any_pools(), amounts(1e-4, 1e4))
def test_scaling_every_amount_scales_every_amount_and_leaves_ratios_and_lines_alone(drawn: Drawn, by: float) -> None:
    same_results(ask(drawn.pool, drawn.market), ask(scaled(drawn.pool, by), drawn.market), by)


@given(st.one_of(single_asset_pools(), collateral_pools(), jumping_pools()))
def test_a_line_of_a_safe_pool_lies_on_its_own_side_of_the_mark(drawn: Drawn) -> None:
    result = ask(drawn.pool, drawn.market)
    assume(result.ratio.state is State.AT)
    for found in result.positions:
        mark = drawn.market.marks[found.symbol]
        assert found.down.price is None or found.down.price < mark
        assert found.up.price is None or found.up.price > mark


ACCOUNTS = [AccountKey("venue", name) for name in ("one", "two", "three")]


def renamed(drawn: Drawn, account: AccountKey, name: str) -> Pool:
    return replace(drawn.pool, key=PoolKey(account.venue, account.account, name))


EVENTS = st.lists(
    st.one_of(
        st.tuples(
            st.just("replace"),
            st.sampled_from(ACCOUNTS),
            st.lists(st.one_of(single_asset_pools(), collateral_pools(), grouped_pools()), max_size=2),
        ),
        st.tuples(st.just("remove"), st.sampled_from(ACCOUNTS), st.none()),
        st.tuples(st.just("mark"), st.sampled_from(sorted(MARKET.marks)), st.floats(0.7, 1.4)),
        st.tuples(st.just("asset"), st.sampled_from(sorted(MARKET.assets)), st.floats(0.7, 1.4)),
        st.tuples(st.just("evaluate"), st.none(), st.none()),
    ),
    min_size=1,
    max_size=8,
)


@given(EVENTS)
def test_a_book_kept_up_to_date_equals_one_built_anew(events: list[tuple[str, object, object]]) -> None:
    marks, assets = dict(MARKET.marks), dict(MARKET.assets)
    prices = prices_of(MARKET)
    book = Book(prices)
    held: dict[AccountKey, list[Pool]] = {}
    for kind, what, value in events:
        if kind == "replace":
            assert isinstance(what, AccountKey)
            assert isinstance(value, list)
            held.pop(what, None)
            held[what] = [renamed(drawn, what, f"pool {i}") for i, drawn in enumerate(value)]
            book.replace(what, held[what])
        elif kind == "remove":
            assert isinstance(what, AccountKey)
            held.pop(what, None)
            book.remove(what)
        elif kind == "evaluate":
            evaluate(book)
        else:
            assert isinstance(what, str)
            assert isinstance(value, float)
            moved, setter = (marks, prices.set_mark) if kind == "mark" else (assets, prices.set_asset)
            moved[what] *= value
            setter("venue", what, moved[what])
    anew = Book(prices_of(Market(marks, assets)))
    for account, pools in held.items():
        anew.replace(account, pools)
    kept, fresh = evaluate(book), evaluate(anew)
    assert kept.keys() == fresh.keys()
    for pool_key, result in fresh.items():
        same_results(result, kept[pool_key])
        assert result.positions == pytest.approx(result.positions)
    assert {pool.key: pool for pool in book.pools} == {pool.key: pool for pool in anew.pools}
    assert set(book.accounts) == set(anew.accounts)


@given(any_pools(), any_pools())
def test_a_pool_s_answers_do_not_depend_on_its_neighbours(first: Drawn, second: Drawn) -> None:
    one, two = renamed(first, ACCOUNTS[0], "a"), renamed(second, ACCOUNTS[0], "b")
    book = Book(prices_of(MARKET))
    book.replace(ACCOUNTS[0], [one, two])
    together = evaluate(book)
    same_results(ask(first.pool, MARKET), together[one.key])
    same_results(ask(second.pool, MARKET), together[two.key])


@given(any_pools())
def test_positions_of_one_symbol_share_their_line(drawn: Drawn) -> None:
    by_symbol: dict[str, list[PositionResult]] = {}
    for found in ask(drawn.pool, drawn.market).positions:
        by_symbol.setdefault(found.symbol, []).append(found)
    for same_symbol in by_symbol.values():
        assert len({(found.down, found.up) for found in same_symbol}) == 1
