"""The plain formula answers what the general machinery answers, whatever happened before and whoever stands beside."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.domain.instruments import Payoff
from monitor.domain.lines import NEVER, Line, State
from monitor.domain.names import AccountKey, Asset, PoolKey, Side
from monitor.domain.tiers import TierTable
from monitor.margin import book as book_module
from monitor.margin.answers import answered
from monitor.margin.book import Book
from monitor.margin.evaluate import evaluate
from monitor.margin.figures import GeneralFigures
from monitor.margin.general import State as GeneralState
from monitor.margin.plain import plain_pools
from monitor.margin.pool import Basis, Holding, Leg, Pool, Stage, VenueFigures, VenueLine
from monitor.margin.prices import Prices
from monitor.margin.results import PoolResult, PositionResult
from monitor.margin.solve import solve_lines, standing_now
from monitor.margin.sweep import sweep
from monitor.margin.tiers import from_rates
from tests.properties.strategies import MARKET, amounts, contract_tables, deduction_tables, funded
from tests.reference.kernel import VENUE, prices_of

ACCOUNT = AccountKey(VENUE, "main")
MARKS = ("AAAUSDT", "BBBUSDT", "CCCUSDT", "AAAUSD")
SAFETY = st.one_of(amounts(1e-6, 1e-2), st.floats(0.01, 1.0), st.floats(1.0, 100.0), st.floats(-0.5, 0.0))
BETAS: st.SearchStrategy[dict[Asset, float]] = st.one_of(
    st.just({}), st.dictionaries(st.sampled_from(["AAA", "BBB", "CCC"]), st.sampled_from([0.0, 0.5, 0.8, 1.0]))
)


def many_tiers(scale: float) -> st.SearchStrategy[TierTable]:
    """Up to eight rising rates, the last ones above what a position is worth."""
    rates = st.lists(
        st.sampled_from([0.004, 0.01, 0.03, 0.1, 0.25, 0.5, 0.9, 1.2]), min_size=1, max_size=8, unique=True
    )
    return rates.map(lambda found: from_rates((i * i * scale, rate) for i, rate in enumerate(sorted(found))))


@st.composite
def plain_legs(draw: st.DrawFn, symbols: Sequence[str], settle: Asset) -> Leg:
    symbol = draw(st.sampled_from(symbols))
    mark = MARKET.marks[symbol]
    inverse = symbol == "AAAUSD"
    sign, worth = draw(st.sampled_from([1.0, -1.0])), draw(amounts(50.0, 5000.0))
    size = worth if inverse else worth / mark
    unit = 300.0 / mark if inverse else 300.0
    return Leg(
        symbol=symbol,
        side=Side.LONG if sign > 0 else Side.SHORT,
        quantity=sign * size * draw(st.sampled_from([1.0, 1.0, 1.0, 0.0])),
        entry=mark * draw(st.floats(0.7, 1.4)),
        base=symbol[:3],
        quote=symbol[3:],
        settle=settle,
        payoff=Payoff.INVERSE if inverse else Payoff.LINEAR,
        multiplier=draw(st.sampled_from([1.0, 2.0])),
        contracts=draw(st.sampled_from([10.0, 60.0])),
        tiers=draw(st.one_of(deduction_tables(unit * 3), many_tiers(unit), contract_tables())),
        basis=draw(st.sampled_from([Basis.MARK, Basis.MARK, Basis.MARK, Basis.ENTRY, Basis.SNAPSHOT])),
        snapshot_mark=mark * 1.01,
        fee_rate=draw(st.sampled_from([0.0, 0.0006])),
        fee_basis=draw(st.sampled_from([Basis.MARK, Basis.ENTRY])),
        constant_requirement=0.0 if inverse else draw(st.sampled_from([0.0, 1.5])),
        initial_margin_rate=draw(st.sampled_from([None, 0.0, 0.05])),
        initial_basis=draw(st.sampled_from([Basis.MARK, Basis.SNAPSHOT])),
    )


@st.composite
def plain(draw: st.DrawFn, name: str = "pool", account: AccountKey = ACCOUNT) -> Pool:
    """A pool in USDT, in its coin, or in credits that count as USD; both sides of a symbol may be there."""
    kind = draw(st.sampled_from(["USDT", "USDT", "AAA", "USD"]))
    symbols = ("AAAUSD",) if kind == "AAA" else ("AAAUSDT", "BBBUSDT", "CCCUSDT")
    legs = draw(st.lists(plain_legs(symbols, kind), min_size=0, max_size=6))
    held = (Holding(asset=kind, amount=draw(st.sampled_from([0.0, 1.0]))),) if kind != "USD" else ()
    stage = Stage(name="liquidation", threshold=draw(st.sampled_from([1.0, 0.8])))
    built = Pool(key=PoolKey(*account, name), numeraire=kind, legs=tuple(legs), holdings=held, stages=(stage,))
    built = funded(built, draw(SAFETY))
    lost = draw(st.sampled_from([None, None, None, None, None, "table", "entry", "cash"]))
    if lost == "table" and legs:
        built = replace(built, legs=(replace(built.legs[0], tiers=None), *built.legs[1:]))
    if lost == "entry" and legs:
        built = replace(built, legs=(replace(built.legs[0], entry=draw(st.sampled_from([nan, 0.0]))), *built.legs[1:]))
    if lost == "cash":
        built = replace(built, cash=nan)
    lines = tuple(VenueLine(symbol=leg.symbol, side=leg.side, printed=NEVER) for leg in built.legs[:1])
    return replace(built, venue=VenueFigures(lines=lines), empty_liquidates=draw(st.booleans()))


#: Marks that move, some of them into the unknown and back.
MOVES = st.lists(
    st.dictionaries(st.sampled_from(MARKS), st.one_of(amounts(0.2, 5.0), st.floats(0.99, 1.01), st.just(nan))),
    max_size=4,
)


def move(prices: Prices, factors: Mapping[str, float]) -> None:
    for symbol, factor in factors.items():
        prices.set_mark(VENUE, symbol, MARKET.marks[symbol] * factor)


def generally(book: Book, betas: Mapping[Asset, float]) -> dict[PoolKey, PoolResult]:
    """What the general machinery says of all pools, plain ones too."""
    plan = book.plan()
    assert plan is not None
    tick, lines = standing_now(book, plan), plan.lines(betas)
    solved = solve_lines(book.shelf, plan, tick, lines)
    figures = GeneralFigures(GeneralState(plan, tick, (lines, solved), np.ones(plan.block.count, np.bool_)))
    found = [answered(figures.of(number), book.prices, book.stablecoins) for number in range(plan.block.count)]
    return {result.key: result for result in found}


def named_lines(result: PoolResult) -> dict[tuple[object, ...], Line]:
    """Every line of a result, by what moves and where to."""
    found: dict[tuple[object, ...], Line] = {("market", 0): result.market.down, ("market", 1): result.market.up}
    for group in (result.coins, result.depegs):
        for asset, sides in group.items():
            found |= {(asset, 0): sides.down, (asset, 1): sides.up}
    for place, position in enumerate(result.positions):
        found |= {(place, 0): position.down, (place, 1): position.up, (place, 2): position.bankruptcy}
        if position.with_backstop is not None:
            found[place, 3] = position.with_backstop
    for place, line in enumerate(result.venue_lines):
        found["venue", place] = line.ours
    return found


def nearly(first: float | None, second: float | None, size: float) -> bool:
    if first is None or second is None or math.isinf(first) or math.isinf(second):
        return first == second
    return math.isclose(first, second, rel_tol=1e-9, abs_tol=1e-11 * size)


def same_line(first: Line, second: Line) -> bool:
    """Equal but for rounding. At the edge of what counts as a line, or of health zero, rounding decides."""
    one, two = first.distance_ratio, second.distance_ratio
    if one is None or two is None:
        return first == second
    far = min(one, two) > 1e6 or (0.999999 < min(one, two) < 1.000001)
    return math.isclose(one, two, rel_tol=1e-6, abs_tol=1e-9) or far


FIGURES = ("equity", "maintenance_margin", "initial_margin", "equity_usd", "gross_notional_usd", "deficit_usd")
OF_POSITIONS = ("mark_price", "notional", "notional_usd", "unrealized_pnl", "maintenance_margin", "quantity")


def same(first: PoolResult, second: PoolResult) -> None:
    size = 1.0 + sum(abs(position.notional or 0.0) for position in first.positions) + abs(first.equity or 0.0)
    for name in FIGURES:
        assert nearly(getattr(first, name), getattr(second, name), size * 1e4), (
            name,
            getattr(first, name),
            getattr(second, name),
        )
    assert (first.unknown, first.usd_assumed) == (second.unknown, second.usd_assumed)
    thin = first.equity is not None and abs(first.equity) < 1e-7 * size
    assert thin or nearly(first.ratio.value, second.ratio.value, 1e4)
    ours, theirs = named_lines(first), named_lines(second)
    assert ours.keys() == theirs.keys()
    different = {name: (ours[name], theirs[name]) for name in ours if not same_line(ours[name], theirs[name])}
    # A pool within rounding of its liquidation may be on either side of it.
    doubtful = first.ratio.value is not None and abs(first.ratio.value - 1.0) < 1e-7
    assert not different or thin or doubtful
    for one, two in zip(first.positions, second.positions, strict=True):
        same_position(one, two, size)


def same_position(one: PositionResult, two: PositionResult, size: float) -> None:
    for name in OF_POSITIONS:
        assert nearly(getattr(one, name), getattr(two, name), size), (name, getattr(one, name), getattr(two, name))
    if one.line.state is State.AT and (one.line.distance_ratio or 0.0) < 1e3 and two.loss_to_line_usd is not None:
        assert one.loss_to_line_usd == pytest.approx(two.loss_to_line_usd, rel=1e-6, abs=1e-7 * size * 1e4)


@given(plain(), BETAS, MOVES)
def test_the_plain_formula_says_what_the_general_machinery_says(
    pool: Pool, betas: dict[Asset, float], moves: list[dict[str, float]]
) -> None:
    prices = prices_of(MARKET)
    book = Book(prices)
    book.replace(ACCOUNT, [pool])
    assert plain_pools([pool], book.shelf, book.stablecoins, betas) or len(set(betas.values()) | {1.0}) > 1
    for factors in [{}, *moves]:
        move(prices, factors)
        same(evaluate(book, betas=betas)[pool.key], generally(book, betas)[pool.key])


@given(plain("isolated"), plain("cross"))
def test_with_its_backstop_a_pool_answers_the_same(isolated: Pool, behind: Pool) -> None:
    isolated = replace(isolated, legs=isolated.legs[:1], backstop=behind.key)
    book = Book(prices_of(MARKET))
    book.replace(ACCOUNT, [isolated, behind])
    found, expected = evaluate(book), generally(book, {})
    for key in expected:
        same(found[key], expected[key])


@given(plain(), MOVES, BETAS)
def test_what_was_solved_before_does_not_matter_to_the_last_bit(
    pool: Pool, moves: list[dict[str, float]], betas: dict[Asset, float]
) -> None:
    prices = prices_of(MARKET)
    warm = Book(prices)
    warm.replace(ACCOUNT, [pool])
    for factors in moves:
        move(prices, factors)
        sweep(warm, betas=betas)
    cold = Book(prices)
    cold.replace(ACCOUNT, [pool])
    assert repr(evaluate(warm, betas=betas)) == repr(evaluate(cold, betas=betas))


def distances(result: PoolResult) -> list[float]:
    """The distances of the lines that a sweep tells of, where there is a line."""
    told = {name: line for name, line in named_lines(result).items() if name[0] != "venue" and name[1] in (0, 1)}
    found = {line.distance_ratio for line in told.values() if line.distance_ratio is not None}
    return sorted(found - {math.inf})


@given(st.lists(plain(), min_size=1, max_size=3), BETAS, MOVES)
def test_a_sweep_tells_the_ratios_and_the_distances_of_all_lines(
    pools: list[Pool], betas: dict[Asset, float], moves: list[dict[str, float]]
) -> None:
    prices = prices_of(MARKET)
    book = Book(prices)
    named = [replace(pool, key=PoolKey(*ACCOUNT, f"{i}")) for i, pool in enumerate(pools)]
    book.replace(ACCOUNT, named)
    for factors in [{}, *moves]:
        move(prices, factors)
        swept = sweep(book, betas=betas)
        results = evaluate(book, betas=betas)
        for one in swept:
            for number, key in enumerate(one.pools):
                result, ratio = results[key], float(one.ratio[number])
                assert (None if math.isnan(ratio) else ratio) == pytest.approx(result.ratio.value)
                mine = one.distance[one.ray_pool == number].tolist()
                if result.market.down.distance_ratio is None:
                    assert all(math.isnan(x) for x in mine)
                else:
                    mine = [x for x in mine if x != math.inf]
                    expected = distances(result) if result.positions else []
                    assert all(any(x == pytest.approx(y) for y in expected) for x in mine)
                    assert all(any(x == pytest.approx(y) for x in mine) for y in expected)


@settings(max_examples=30)
@given(
    st.lists(
        st.tuples(
            st.sampled_from("abcd"), st.one_of(st.none(), st.lists(plain(), max_size=3)), MOVES.map(lambda m: m[:1])
        ),
        min_size=1,
        max_size=8,
    ),
    st.integers(1, 8),
)
def test_shards_that_were_cut_and_mended_equal_a_book_built_anew(
    events: list[tuple[str, list[Pool] | None, list[dict[str, float]]]], legs: int
) -> None:
    prices = prices_of(MARKET)
    book = Book(prices)
    held: dict[AccountKey, list[Pool]] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(book_module, "SHARD_LEGS", legs)
        for name, pools, moves in events:
            account = AccountKey(VENUE, name)
            held.pop(account, None)
            if pools is None:
                book.remove(account)
            else:
                held[account] = [replace(pool, key=PoolKey(*account, f"{i}")) for i, pool in enumerate(pools)]
                book.replace(account, held[account])
            for factors in moves:
                move(prices, factors)
            sweep(book)
        anew = Book(prices)
    for account, pools in held.items():
        anew.replace(account, pools)
    found, expected = evaluate(book), evaluate(anew)
    assert repr(found) == repr(expected)
