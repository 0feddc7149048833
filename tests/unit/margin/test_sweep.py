"""The sweep: the figures of all pools as columns, equal to what the results say in words."""

from __future__ import annotations

from math import inf, isnan

from monitor.domain.lines import Line
from monitor.domain.names import AccountKey, PoolKey
from monitor.margin.book import Book
from monitor.margin.evaluate import evaluate
from monitor.margin.pool import Pool
from monitor.margin.results import PoolResult
from monitor.margin.sweep import sweep
from tests.unit.margin.build import ACCOUNT, key, leg, pool, prices


def distances(result: PoolResult) -> set[float | None]:
    lines: list[Line] = [result.market.down, result.market.up]
    for sides in (*result.coins.values(), *result.depegs.values()):
        lines += [sides.down, sides.up]
    for position in result.positions:
        lines += [position.down, position.up]
    return {None if line.distance_ratio is None else round(line.distance_ratio, 12) for line in lines}


def swept(book: Book) -> tuple[dict[PoolKey, float], dict[PoolKey, set[float | None]]]:
    ratios: dict[PoolKey, float] = {}
    lines: dict[PoolKey, set[float | None]] = {}
    for one in sweep(book, None):
        ratios |= dict(zip(one.pools, one.ratio.tolist(), strict=True))
        for number, distance in zip(one.ray_pool.tolist(), one.distance.tolist(), strict=True):
            lines.setdefault(one.pools[number], set()).add(None if isnan(distance) else round(distance, 12))
    return ratios, lines


def check(*pools: Pool) -> None:
    book = Book(prices())
    book.replace(ACCOUNT, pools)
    results = evaluate(book)
    ratios, lines = swept(book)
    assert ratios.keys() == results.keys()
    for pool_key, result in results.items():
        ratio = ratios[pool_key]
        assert (None if isnan(ratio) else ratio) == result.ratio.value
        assert lines.get(pool_key, set()) - {inf} == distances(result) - {inf}


def test_a_safe_pool() -> None:
    check(pool(leg(1.0), leg(-1.0, "ETHUSDT")))


def test_a_doomed_pool_is_at_no_distance() -> None:
    check(pool(leg(1.0), cash=-200.0))


def test_an_unknown_pool_has_no_figures() -> None:
    check(pool(leg(1.0, "XYZUSDT")), pool(leg(1.0), key=key("unreadable"), unknown=("because",)))


def test_a_pool_without_legs_is_safe() -> None:
    check(pool(cash=5.0), pool(cash=-5.0, key=key("debt")))


def test_a_pool_that_is_liquidated_without_legs_has_a_ratio_and_no_line() -> None:
    book = Book(prices())
    book.replace(ACCOUNT, [pool(cash=-5.0, empty_liquidates=True)])
    assert swept(book) == ({key(): inf}, {})


def test_only_the_accounts_asked_for_need_be_there() -> None:
    other = AccountKey("venue", "other")
    book = Book(prices())
    book.replace(ACCOUNT, [pool(leg(1.0))])
    book.replace(other, [pool(leg(1.0), key=PoolKey(*other, "pool"))])
    assert key() in {name for one in sweep(book, [ACCOUNT]) for name in one.pools}
    assert {name for one in sweep(book) for name in one.pools} == {key(), PoolKey(*other, "pool")}


def test_the_token_stands_for_the_same_lines() -> None:
    book = Book(prices())
    book.replace(ACCOUNT, [pool(leg(1.0))])
    before = sweep(book)[0].token
    book.prices.set_mark("venue", "BTCUSDT", 101.0)
    assert sweep(book)[0].token is before
    book.replace(ACCOUNT, [pool(leg(2.0))])
    assert sweep(book)[0].token is not before
