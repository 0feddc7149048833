"""Plain pools: which pools are, and the places where their formula has to look twice."""

from __future__ import annotations

from dataclasses import replace
from math import inf, isnan, nan
from typing import Any

import pytest

from monitor.domain.instruments import Payoff
from monitor.domain.lines import NEVER, State
from monitor.domain.names import AccountKey, PoolKey, Side
from monitor.domain.tiers import Tier, TierBy, TierTable, flat
from monitor.margin import book as book_module
from monitor.margin import newton
from monitor.margin.book import Book
from monitor.margin.evaluate import evaluate
from monitor.margin.plain import plain_pools
from monitor.margin.pool import (
    Basis,
    Debt,
    Holding,
    Leg,
    Netting,
    Pool,
    Requirement,
    Stage,
    VenueFigures,
    VenueLine,
)
from monitor.margin.sweep import Sweep, sweep
from monitor.margin.tiers import Shelf, from_rates
from tests.unit.margin.build import ACCOUNT, JUMPING, VENUE, ask, inverse, key, leg, option, pool, prices

RISING = from_rates([(0.0, 0.01), (150.0, 0.05), (1500.0, 0.2)])
STABLE = frozenset({"USDT", "USDC"})


def is_plain(*pools: Pool, betas: dict[str, float] | None = None) -> bool:
    return pools[0].key in plain_pools(pools, Shelf(), STABLE, betas or {})


def printed(**facts: Any) -> VenueFigures:
    facts.setdefault("symbol", "BTCUSDT")
    return VenueFigures(lines=(VenueLine(side=Side.LONG, printed=NEVER, **facts),))


PLAIN: list[tuple[str, Pool]] = [
    ("one leg", pool(leg(1.0))),
    ("both sides of a symbol", pool(leg(1.0, tiers=RISING), leg(-2.0, tiers=RISING))),
    ("a coin pool", pool(inverse(50.0), numeraire="BTC")),
    ("credits that count as USD", pool(leg(1.0, settle="USD"), numeraire="USD")),
    ("no leg", pool()),
    ("a coin quoted in itself", pool(leg(1.0, quote="BTC"))),
    ("a holding of the numeraire", pool(leg(1.0), holdings=(Holding(asset="USDT", amount=5.0),))),
    ("an empty holding", pool(leg(1.0), holdings=(Holding(asset="BTC"),))),
    ("tables unknown", pool(leg(1.0, tiers=None))),
    ("flat tiers at the entry", pool(leg(1.0, tiers=JUMPING, basis=Basis.ENTRY))),
    ("a summed netting group", pool(leg(1.0, netting_group="n"), netting_groups=(("n", Netting.SUM),))),
    ("the venue's line is our own", pool(leg(1.0), venue=printed(moves=(("BTCUSDT", 1.0),), orders=True))),
]
GENERAL: list[tuple[str, Pool]] = [
    ("a debt", pool(leg(1.0), debts=(Debt(asset="BTC", amount=1.0),))),
    ("another asset", pool(leg(1.0), holdings=(Holding(asset="BTC", amount=1.0),))),
    ("a haircut", pool(leg(1.0), holdings=(Holding(asset="USDT", amount=5.0, negative_rate=1.1),))),
    ("an order", pool(leg(1.0, order=True))),
    ("an option", pool(option(1.0))),
    ("another settlement", pool(leg(1.0, settle="USDC"))),
    ("an index basis", pool(leg(1.0, basis=Basis.INDEX))),
    ("tiers that jump", pool(leg(1.0, tiers=JUMPING))),
    ("a rate that grows", pool(leg(1.0, tiers=TierTable((Tier(0.0, 0.01, 0.0, 1e-4),))))),
    ("a tier group by notional", pool(leg(1.0, tier_group="g"))),
    ("the larger side", pool(leg(1.0, netting_group="n"), netting_groups=(("n", Netting.LARGER_SIDE),))),
    ("scale 0", pool(leg(1.0), stages=(Stage(name="liquidation", scale=0.0),))),
    ("a quote that is a base", pool(leg(1.0), leg(1.0, "ETHBTC", settle="USDT"))),
    ("one symbol, two payoffs", pool(leg(1.0), leg(1.0, payoff=Payoff.INVERSE))),
    ("the venue moves all", pool(leg(1.0), venue=printed(moves=(("BTCUSDT", 1.0), ("ETHUSDT", 1.0))))),
    ("the venue's threshold", pool(leg(1.0), venue=printed(threshold=0.5))),
    ("the venue's line on another symbol", pool(leg(1.0), venue=printed(symbol="ETHUSDT"))),
    ("the venue moves assets", pool(leg(1.0), venue=printed(asset_moves=(("BTC", 1.0),)))),
]


@pytest.mark.parametrize("one", [pytest.param(one, id=name) for name, one in PLAIN])
def test_a_plain_pool(one: Pool) -> None:
    assert is_plain(one)


@pytest.mark.parametrize("one", [pytest.param(one, id=name) for name, one in GENERAL])
def test_a_general_pool(one: Pool) -> None:
    assert not is_plain(one)


def quoted(quantity: float, quote: str) -> Leg:
    return leg(quantity, f"ETH{quote}", quote=quote)


@pytest.mark.parametrize(
    ("legs", "betas", "straight"),
    [
        ([leg(1.0), leg(1.0, "ETHUSDT")], {"ETH": 0.5}, True),
        ([leg(1.0), leg(1.0, "ETHUSDT")], {"ETH": 1.5}, False),
        ([leg(1.0), leg(1.0, "ETHUSDT")], {"ETH": -0.5}, False),
        ([quoted(1.0, "BNB")], {"ETH": 0.0, "BNB": 0.5}, True),
        ([quoted(1.0, "BNB")], {"ETH": 0.5, "BNB": 0.6}, False),
        ([quoted(1.0, "BNB")], {"ETH": 0.5, "BNB": 0.5}, True),
        (
            [quoted(1.0, "BNB"), leg(1.0, "SOLXRP", base="SOL", quote="XRP")],
            {"ETH": 0.0, "SOL": 0.0, "BNB": 0.5},
            False,
        ),
        ([quoted(1.0, "BNB"), leg(1.0)], {"ETH": 0.0, "BNB": 1.0}, False),
    ],
)
def test_the_market_line_is_straight_where_all_legs_rise_or_all_sink_alike(
    legs: list[Leg], betas: dict[str, float], straight: bool
) -> None:
    assert is_plain(pool(*legs), betas=betas) is straight


def test_a_pool_and_its_backstop_are_of_one_kind() -> None:
    behind = pool(leg(1.0, tiers=JUMPING), key=key("behind"))
    front = pool(leg(1.0), backstop=behind.key)
    assert not is_plain(front, behind)
    assert not is_plain(replace(behind, legs=(leg(1.0),)), replace(front, legs=(leg(1.0, tiers=JUMPING),)))
    assert is_plain(front), "a backstop that is not described cannot be asked"
    assert is_plain(front, replace(behind, legs=()))


def test_a_requirement_that_eats_all_gains_has_a_line_on_both_sides() -> None:
    """From 150 on each unit of gain requires more than it brings."""
    greedy = from_rates([(0.0, 0.01), (150.0, 1.5)])
    result = ask(pool(leg(1.0, tiers=greedy), cash=40.0))
    assert result.positions[0].down.price == pytest.approx(60 / 0.99)
    # 40 + (p - 100) = 1.5 p - 150 * 1.49
    assert result.positions[0].up.price == pytest.approx((40 - 100 + 150 * 1.49) / 0.5)
    assert result.market.up.distance_ratio == result.positions[0].up.distance_ratio


def test_deductions_with_a_gap_put_the_line_where_the_requirement_jumps() -> None:
    """The printed deduction is a hair too small: at 150 the requirement jumps by 7e-6, and health through zero."""
    printed_table = TierTable((Tier(0.0, 0.01), Tier(150.0, 0.05, 6.0 - 7e-6)))
    assert is_plain(pool(leg(-1.0, tiers=printed_table)))
    # Health just below 150 is cash - 50 - 1.5 > 0, and at 150 it is 7e-6 less.
    line = ask(pool(leg(-1.0, tiers=printed_table), cash=51.5 + 3e-6)).positions[0].up
    assert line.price == pytest.approx(150.0, rel=1e-9)


def test_the_gap_is_found_for_paths_of_several_legs_and_legs_of_one_tier() -> None:
    printed_table = TierTable((Tier(0.0, 0.01), Tier(150.0, 0.05, 6.0 - 7e-6)))
    built = pool(leg(-1.0, tiers=printed_table), leg(-1.0, tiers=flat(0.0)), cash=101.5 + 3e-6)
    line = ask(built).positions[0].up
    assert line.price == pytest.approx(150.0, rel=1e-9)
    assert ask(built).coins["BTC"].up == line


def test_newton_walks_only_what_is_not_settled(monkeypatch: pytest.MonkeyPatch) -> None:
    book = Book(prices())
    steep = from_rates([(i * 20.0, 0.01 * (i + 1)) for i in range(20)])
    pools = [pool(leg(-1.0, tiers=steep), leg(-1.0, tiers=steep), cash=c, key=key(f"{c}")) for c in (30.0, 30.5, 200.0)]
    book.replace(ACCOUNT, pools)
    found = [result.positions[0].up.price for result in evaluate(book).values()]
    alone = [ask(one).positions[0].up.price for one in pools]
    assert found == pytest.approx(alone)
    monkeypatch.setattr(newton, "STEPS", 1)
    halved = [ask(one).positions[0].up.price for one in pools]
    assert halved == pytest.approx(alone), "halving finds what too few steps do not"


def test_an_account_that_changes_its_kind_leaves_its_shard() -> None:
    book = Book(prices())
    plain, general = pool(leg(1.0)), pool(leg(1.0, tiers=JUMPING), key=key("general"))
    for pools in ([plain], [general], [plain, general], [general], [plain], []):
        book.replace(ACCOUNT, pools)
        anew = Book(prices())
        anew.replace(ACCOUNT, pools)
        assert evaluate(book) == evaluate(anew)
        assert {name for one in sweep(book) for name in one.pools} == {one.key for one in pools}
    book.replace(ACCOUNT, [plain, general])
    sweep(book)
    book.remove(ACCOUNT)
    assert sweep(book) == ()


def test_shards_fill_up_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(book_module, "SHARD_LEGS", 3)
    monkeypatch.setattr(book_module, "GENERAL_LEGS", 3)
    book = Book(prices())
    for i in range(5):
        account = AccountKey(VENUE, f"{i}")
        plain = pool(leg(1.0), leg(1.0, "ETHUSDT"), key=PoolKey(*account, "plain"))
        general = pool(leg(1.0, tiers=JUMPING), leg(1.0), key=PoolKey(*account, "general"))
        book.replace(account, [plain, general])
    assert len(sweep(book)) == 10
    assert len(sweep(book, [AccountKey(VENUE, "3")])) == 2
    assert len(evaluate(book)) == 10
    expected = evaluate(book, accounts=[AccountKey(VENUE, "0"), AccountKey(VENUE, "4")])
    for name in ("1", "2", "3"):
        book.remove(AccountKey(VENUE, name))
    assert evaluate(book) == expected


def test_accounts_of_one_shard_come_and_go() -> None:
    book = Book(prices())
    accounts = [AccountKey(VENUE, name) for name in "abcd"]
    for account in accounts:
        general = pool(leg(1.0, tiers=JUMPING), key=PoolKey(*account, "general"))
        book.replace(account, [pool(leg(1.0), key=PoolKey(*account, "plain")), general])
    expected = evaluate(book, accounts=[accounts[0], accounts[2]])
    book.remove(accounts[1])
    book.remove(accounts[3])
    assert evaluate(book) == expected
    assert book.plan([accounts[1]]) is None
    for account in (accounts[1], accounts[3], accounts[1]):
        book.replace(account, [pool(leg(-1.0), key=PoolKey(*account, "plain"))])
        assert evaluate(book, accounts=[accounts[0], accounts[2]]) == expected


def test_other_speeds_make_other_pools_plain() -> None:
    book = Book(prices())
    book.replace(ACCOUNT, [pool(leg(1.0), leg(1.0, "ETHUSDT"), cash=30.0)])
    found = [evaluate(book, betas=betas)[key()].market.down for betas in ({}, {"ETH": 2.0}, {"ETH": 0.5}, {})]
    assert found[0] == found[3]
    distances = [line.distance_ratio for line in found]
    assert all(distance is not None for distance in distances)
    assert distances[1] < distances[0] < distances[2]  # type: ignore[operator]  # none is None, as just said


def only(found: tuple[Sweep, ...]) -> Sweep:
    assert len(found) == 1
    return found[0]


def test_lines_of_several_instruments_can_wait() -> None:
    book = Book(prices())
    book.replace(ACCOUNT, [pool(leg(1.0), leg(1.0, "ETHUSDT"))])
    first = only(sweep(book, together=False)).distance.copy()
    assert all(isnan(x) for x in first[2:])
    whole = only(sweep(book)).distance.copy()
    assert whole[:2].tolist() == first[:2].tolist()
    assert not any(isnan(x) for x in whole)
    book.prices.set_mark(VENUE, "BTCUSDT", 99.0)
    later = only(sweep(book, together=False)).distance
    assert later[0] != whole[0]
    assert later[2:].tolist() == whole[2:].tolist()


def test_lines_that_need_a_search_can_wait() -> None:
    book = Book(prices())
    book.replace(ACCOUNT, [pool(leg(1.0, tiers=JUMPING))])
    assert all(isnan(x) for x in only(sweep(book, search=False)).distance)
    solved = only(sweep(book)).distance.tolist()
    assert min(solved) == pytest.approx(0.19, abs=0.01)
    book.prices.set_mark(VENUE, "BTCUSDT", 99.0)
    found = only(sweep(book, search=False))
    assert found.distance.tolist() == solved
    assert found.ratio[0] == pytest.approx(99 * 0.005 / 19)
    assert only(sweep(book)).distance.tolist() != solved


def test_ratios_alone_need_no_lines() -> None:
    book = Book(prices())
    book.replace(ACCOUNT, [pool(leg(1.0)), pool(leg(1.0, tiers=JUMPING), key=key("general"))])
    assert {result.ratio.state for result in evaluate(book, lines=False).values()} == {State.AT}
    assert evaluate(book)[key()].market.down.state is State.AT


def test_the_ratio_of_general_pools_is_swept_as_it_is_told() -> None:
    debt = Debt(asset="ETH", amount=0.1)
    alone = (Stage(name="liquidation", requirement=Requirement.NONE),)
    pools = [
        pool(leg(1.0), debts=(debt,), key=key("safe")),
        pool(leg(1.0), debts=(debt,), cash=-9.0, key=key("gone")),
        pool(leg(1.0), debts=(debt,), unknown=("why",), key=key("unknown")),
        pool(leg(1.0), debts=(debt,), stages=alone, key=key("alone")),
        pool(holdings=(Holding(asset="BTC", amount=-1.0),), key=key("idle")),
        pool(holdings=(Holding(asset="BTC", amount=-1.0),), empty_liquidates=True, key=key("bankrupt")),
    ]
    book = Book(prices())
    book.replace(ACCOUNT, pools)
    found = only(sweep(book))
    results = evaluate(book)
    told = [results[name].ratio.value for name in found.pools]
    assert [None if isnan(ratio) else ratio for ratio in found.ratio.tolist()] == told
    by_pool = [
        {
            distance
            for pool_, distance in zip(found.ray_pool.tolist(), found.distance.tolist(), strict=True)
            if pool_ == i
        }
        for i in range(len(pools))
    ]
    assert by_pool[1] == {0.0} == by_pool[5]
    assert all(isnan(x) for x in by_pool[2])
    assert by_pool[4] == {inf}


def test_equal_tables_that_are_read_again_and_again_do_not_pile_up() -> None:
    shelf = Shelf()
    for _ in range(2500):
        shelf.facts(from_rates([(0.0, 0.01), (5.0, 0.02)]))
    assert len(shelf) == 2
    assert len(shelf._facts) <= 1100


def test_a_tier_by_size_grows_and_deducts_for_good() -> None:
    table = TierTable((Tier(0.0, 0.01), Tier(5.0, 0.02, 0.5, 0.001)), TierBy.CONTRACTS)
    result = ask(pool(leg(1.0, tiers=table, contracts=10.0)))
    assert result.maintenance_margin == pytest.approx(100 * (0.02 + 10 * 0.001) - 0.5)
    held = ask(pool(leg(1.0, tiers=table, contracts=10.0, basis=Basis.ENTRY, entry=90.0)))
    assert held.maintenance_margin == pytest.approx(90 * (0.02 + 10 * 0.001) - 0.5)


def test_an_unknown_mark_leaves_known_what_no_mark_moves() -> None:
    result = ask(pool(leg(1.0, "XYZUSDT", basis=Basis.ENTRY, entry=50.0), leg(1.0)))
    assert result.equity is None
    assert result.positions[0].maintenance_margin == pytest.approx(0.5)
    assert isnan(nan if result.ratio.value is None else result.ratio.value)


def test_two_pools_with_one_backstop() -> None:
    behind = pool(cash=30.0, key=key("behind"))
    fronts = [pool(leg(1.0, symbol), backstop=behind.key, key=key(symbol)) for symbol in ("BTCUSDT", "ETHUSDT")]
    doomed = pool(leg(1.0), cash=-500.0, backstop=behind.key, key=key("doomed"))
    book = Book(prices())
    book.replace(ACCOUNT, [*fronts, behind, doomed])
    found = evaluate(book)
    lines = [found[one.key].positions[0].with_backstop for one in (*fronts, doomed)]
    assert [None if line is None else line.state for line in lines] == [State.AT, State.NEVER, State.LIQUIDATABLE]


def test_a_pool_that_is_liquidatable_asks_for_no_root() -> None:
    book = Book(prices())
    book.replace(ACCOUNT, [pool(leg(1.0, tiers=RISING), leg(1.0, tiers=RISING), cash=20.0)])
    for mark in (100.0, 50.0, 200.0, 100.0):
        book.prices.set_mark(VENUE, "BTCUSDT", mark)
        expected = Book(book.prices)
        expected.replace(ACCOUNT, book.pools)
        assert evaluate(book) == evaluate(expected)
