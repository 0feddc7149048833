"""The book: one account at a time, equal to one built anew; impossible pools are refused by name."""

from __future__ import annotations

from dataclasses import replace
from math import inf, nan
from typing import Any

import pytest

from monitor.domain.errors import BadPool
from monitor.domain.instruments import Payoff
from monitor.domain.lines import NEVER
from monitor.domain.names import AccountKey, PoolKey, Side
from monitor.domain.tiers import Tier, TierBy, TierTable, flat
from monitor.margin import book as book_module
from monitor.margin.book import Book
from monitor.margin.evaluate import evaluate
from monitor.margin.pool import (
    Basis,
    Curve,
    Debt,
    Holding,
    Netting,
    Option,
    Pool,
    Requirement,
    ScenarioGrid,
    Stage,
    Step,
    VenueFigures,
    VenueLine,
)
from monitor.margin.sweep import sweep
from tests.unit.margin.build import ACCOUNT, JUMPING, VENUE, inverse, key, leg, option, pool, prices

OTHER = AccountKey(VENUE, "other")
LIQUIDATION = Stage(name="liquidation")


def of(account: AccountKey, one: Pool) -> Pool:
    return replace(one, key=PoolKey(*account, one.key.pool))


def rich_pools(account: AccountKey) -> list[Pool]:
    """Pools with every kind of part, so that joining blocks shifts every index."""
    grid = ScenarioGrid(asset="BTC", reference_price=100.0, moves=(-0.1, 0.0, 0.1), profits=((-1.0, 0.0, 1.0),))
    grouped = {"tier_group": "g", "netting_group": "n"}
    one = pool(
        leg(1.0, **grouped),
        leg(-1.0, "ETHUSDT", tiers=JUMPING, **grouped),
        option(-0.1),
        holdings=(Holding(asset="BTC", amount=0.1, cap_group="c"), Holding(asset="USDC", amount=3.0)),
        debts=(Debt(asset="ETH", amount=0.2),),
        caps=(("c", 5.0),),
        netting_groups=(("n", Netting.LARGER_SIDE),),
        grids=(grid,),
    )
    two = pool(inverse(50.0), numeraire="BTC", cash=0.5, key=key("coin"))
    return [of(account, one), of(account, two)]


def test_an_account_added_to_a_book_changes_no_other_account() -> None:
    alone, both = Book(prices()), Book(prices())
    alone.replace(ACCOUNT, rich_pools(ACCOUNT))
    both.replace(OTHER, rich_pools(OTHER))
    both.replace(ACCOUNT, rich_pools(ACCOUNT))
    expected = evaluate(alone)
    found = evaluate(both)
    assert {key: found[key] for key in expected} == expected
    assert evaluate(both, accounts=[ACCOUNT]) == expected


def test_whoever_stands_beside_a_pool_its_answer_has_the_same_bits() -> None:
    """Whether holdings of others count less than their price: at an entry just at the mark, with nothing held, too."""
    one = pool(
        leg(-123.88386728536189, "ETHUSDT", tiers=flat(0.004), netting_group="n"),
        cash=19201.999429231095,
        holdings=(Holding(asset="USDT"),),
        netting_groups=(("n", Netting.LARGER_SIDE),),
    )
    alone, both = Book(prices()), Book(prices())
    alone.replace(ACCOUNT, [one])
    both.replace(OTHER, rich_pools(OTHER))
    both.replace(ACCOUNT, [one])
    for wallet in range(40):
        for book in (alone, both):
            book.replace(ACCOUNT, [replace(one, cash=one.cash + wallet)])
        assert repr(evaluate(both, accounts=[ACCOUNT])) == repr(evaluate(alone))


def test_a_book_after_many_changes_equals_one_built_anew() -> None:
    changed, anew = Book(prices()), Book(prices())
    changed.replace(ACCOUNT, [pool(leg(5.0))])
    changed.replace(OTHER, rich_pools(OTHER))
    changed.remove(OTHER)
    changed.remove(OTHER)
    changed.replace(ACCOUNT, rich_pools(ACCOUNT))
    changed.replace(OTHER, [of(OTHER, pool(leg(-1.0)))])
    anew.replace(OTHER, [of(OTHER, pool(leg(-1.0)))])
    anew.replace(ACCOUNT, rich_pools(ACCOUNT))
    assert evaluate(changed) == evaluate(anew)
    assert set(changed.accounts) == {ACCOUNT, OTHER}
    assert {one.key for one in changed.pools} == {one.key for one in anew.pools}


@pytest.mark.parametrize("tiers", [flat(0.01), JUMPING], ids=["plain", "general"])
def test_accounts_that_grow_do_not_crowd_one_shard(monkeypatch: pytest.MonkeyPatch, tiers: TierTable) -> None:
    """Whoever asks for one account pays for its shard: many that had no position at first must not stay in one."""
    monkeypatch.setattr(book_module, "SHARD_LEGS", 4)
    monkeypatch.setattr(book_module, "GENERAL_LEGS", 4)
    book, anew = Book(prices()), Book(prices())
    accounts = [AccountKey(VENUE, f"a{number}") for number in range(12)]
    for account in accounts:
        book.replace(account, [pool(cash=5.0, key=PoolKey(*account, "pool"))])
    evaluate(book)
    for legs in (1, 3, 9):
        for account in accounts:
            held = [pool(*[leg(1.0, tiers=tiers)] * legs, key=PoolKey(*account, "pool"))]
            book.replace(account, held)
            anew.replace(account, held)
        for account in accounts:
            covered = sum(len(one.pools) for one in sweep(book, [account]))
            assert covered * legs <= max(4, legs)
    assert evaluate(book) == evaluate(anew)


def test_accounts_with_nothing_but_holdings_fill_a_shard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(book_module, "GENERAL_LEGS", 4)
    book = Book(prices())
    accounts = [AccountKey(VENUE, f"a{number}") for number in range(6)]
    held = (Holding(asset="BTC", amount=1.0), Holding(asset="ETH", amount=1.0))
    for account in accounts:
        book.replace(account, [pool(key=PoolKey(*account, "pool"), holdings=held)])
    assert sum(len(one.pools) for one in sweep(book, accounts[:1])) < 3
    assert len(evaluate(book)) == 6


def test_an_empty_book_and_unknown_accounts_have_no_results() -> None:
    book = Book(prices())
    assert evaluate(book) == {}
    book.replace(ACCOUNT, [pool(leg(1.0))])
    assert evaluate(book, accounts=[OTHER]) == {}


def test_tables_that_nobody_uses_any_more_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(book_module, "SPARE_TABLES", 10)
    book = Book(prices())
    book.replace(OTHER, [of(OTHER, pool(leg(-1.0, tiers=flat(0.5))))])
    for i in range(100):
        book.replace(ACCOUNT, [pool(leg(1.0, tiers=flat(0.01 + i * 1e-4)))])
        evaluate(book)
    assert len(book.shelf) <= 2 * 4 + 10 + 1
    assert [result.maintenance_margin for result in evaluate(book).values()] == pytest.approx([50.0, 100 * 0.0199])


GRID = ScenarioGrid(asset="BTC", reference_price=100.0, moves=(-0.1, 0.0, 0.1), profits=((-1.0, 0.0, 1.0),))
TERMS = Option(strike=100.0, call=True, volatility=0.5, years=0.1, underlying=100.0)


def line(**facts: Any) -> VenueFigures:
    return VenueFigures(lines=(VenueLine(symbol="BTCUSDT", side=Side.LONG, printed=NEVER, **facts),))


def tiers(*floors: float) -> TierTable:
    return TierTable(tuple(Tier(floor, 0.1) for floor in floors))


LEVEL = Curve((Step(0, 1.0), Step(0, 0.5)))
BAD: list[tuple[str, Pool, str]] = [
    ("quantity that is no number", pool(leg(nan)), "leg BTCUSDT short quantity = nan"),
    ("infinite entry", pool(leg(1.0, entry=inf)), "entry = inf"),
    ("negative entry", pool(leg(1.0, entry=-1.0)), "entry = -1.0"),
    ("snapshot mark of zero", pool(leg(1.0, snapshot_mark=0.0)), "snapshot_mark = 0.0"),
    ("infinite cash", pool(leg(1.0), cash=inf), "cash = inf"),
    ("negative debt", pool(debts=(Debt(asset="BTC", amount=-1.0),)), "debt BTC amount = -1.0"),
    ("no liquidation stage", pool(leg(1.0), stages=(Stage(name="call"),)), "stages = ('call',)"),
    ("two liquidation stages", pool(leg(1.0), stages=(LIQUIDATION, LIQUIDATION)), "stages = 'liquidation'"),
    ("negative scale", pool(leg(1.0), stages=(replace(LIQUIDATION, scale=-1.0),)), "stage scale = -1.0"),
    ("threshold of zero", pool(leg(1.0), stages=(replace(LIQUIDATION, threshold=0.0),)), "stage threshold = 0.0"),
    (
        "liquidation by initial margin",
        pool(leg(1.0), stages=(replace(LIQUIDATION, requirement=Requirement.INITIAL),)),
        "liquidation stage requirement = 'initial'",
    ),
    (
        "tiers that fall",
        pool(leg(1.0, tiers=TierTable((Tier(0.0, 0.1), Tier(9.0, 0.2), Tier(5.0, 0.3))))),
        "floor = 5.0",
    ),
    ("tiers without a floor 0", pool(leg(1.0, tiers=TierTable((Tier(1.0, 0.1),)))), "floor = (1.0,)"),
    ("no tier at all", pool(leg(1.0, tiers=TierTable(()))), "floor = ()"),
    ("a rate that is no number", pool(leg(1.0, tiers=flat(nan))), "tiers = nan"),
    ("contracts missing", pool(leg(1.0, tiers=TierTable((Tier(0.0, 0.1),), TierBy.CONTRACTS))), "contracts = None"),
    ("contracts infinite", pool(leg(1.0, contracts=inf)), "contracts = inf"),
    ("initial rate no number", pool(leg(1.0, initial_margin_rate=nan)), "initial_margin_rate = nan"),
    ("an asset held twice", pool(holdings=(Holding(asset="A"), Holding(asset="A"))), "holdings asset = 'A'"),
    (
        "a curve that falls",
        pool(holdings=(Holding(asset="A", collateral=Curve((Step(0, 1.0), Step(0, 0.5)))),)),
        "floor = 0",
    ),
    ("a cap group without a cap", pool(holdings=(Holding(asset="A", cap_group="c"),)), "cap_group = 'c'"),
    ("infinite holding", pool(holdings=(Holding(asset="A", amount=inf),)), "holding A amount = inf"),
    ("bad borrow tiers", pool(holdings=(Holding(asset="A", borrow=flat(inf)),)), "holding A borrow = inf"),
    ("a netting group without a rule", pool(leg(1.0, netting_group="n")), "netting_group = 'n'"),
    (
        "a tier group of two kinds",
        pool(
            leg(1.0, tier_group="g"),
            leg(1.0, tier_group="g", tiers=TierTable((Tier(0.0, 0.1),), TierBy.BASE)),
        ),
        "tier_group g = 'base'",
    ),
    ("an option leg without terms", pool(leg(1.0, payoff=Payoff.OPTION)), "option = None"),
    ("a strike of zero", pool(option(1.0, terms=replace(TERMS, strike=0.0))), "strike = 0.0"),
    ("negative volatility", pool(option(1.0, terms=replace(TERMS, volatility=-1.0))), "volatility = -1.0"),
    ("an underlying of zero", pool(option(1.0, terms=replace(TERMS, underlying=0.0))), "underlying = 0.0"),
    ("an option at the index", pool(option(1.0, basis=Basis.INDEX)), "basis = 'index'"),
    ("a grid without 0", pool(grids=(replace(GRID, moves=(-0.1, 0.1, 0.2)),)), "moves = (-0.1, 0.1, 0.2)"),
    ("a grid below price zero", pool(grids=(replace(GRID, moves=(-1.0, 0.0, 0.1)),)), "moves = -1.0"),
    ("a grid that falls", pool(grids=(replace(GRID, moves=(0.1, 0.0, 0.2)),)), "moves = 0.0"),
    ("a grid with gaps", pool(grids=(replace(GRID, profits=((0.0,),)),)), "profits = (0.0,)"),
    ("a grid without columns", pool(grids=(replace(GRID, profits=()),)), "profits = ()"),
    ("a told grid with gaps", pool(grids=(replace(GRID, requirements=(1.0,)),)), "requirements = (1.0,)"),
    (
        "a told grid without profits that counts in equity",
        pool(grids=(replace(GRID, profits=(), requirements=(1.0,) * len(GRID.moves), in_equity=True),)),
        "profits = ()",
    ),
    ("a grid read at zero", pool(grids=(replace(GRID, reference_price=0.0),)), "reference_price = 0.0"),
    ("a venue line's threshold", pool(leg(1.0), venue=line(threshold=0.0)), "venue line threshold = 0.0"),
    ("another account's pool", of(OTHER, pool(leg(1.0))), "does not belong to"),
]


@pytest.mark.parametrize(("bad", "words"), [pytest.param(bad, words, id=name) for name, bad, words in BAD])
def test_an_impossible_pool_is_refused_with_its_name_field_and_value(bad: Pool, words: str) -> None:
    book = Book(prices())
    book.replace(ACCOUNT, [pool(leg(1.0))])
    before = evaluate(book)
    with pytest.raises(BadPool) as refused:
        book.replace(ACCOUNT, [bad])
    assert "/".join(bad.key) in str(refused.value)
    assert words in str(refused.value)
    assert evaluate(book) == before, "a refused replacement must change nothing"


def test_a_pool_name_used_twice_is_refused() -> None:
    with pytest.raises(BadPool, match="used twice"):
        Book(prices()).replace(ACCOUNT, [pool(leg(1.0)), pool(leg(2.0))])
