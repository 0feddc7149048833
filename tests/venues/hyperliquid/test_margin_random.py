"""Random books against the venue's closed forms, written out here in plain arithmetic from the documents."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from monitor.domain.lines import Line, State
from monitor.margin.results import PoolResult
from monitor.venues.hyperliquid.margin_terms import BACKSTOP
from tests.venues.hyperliquid.support import Row, coin, cross, dex, folder_of, isolated, meta, perp, spot, told

NEAR = 1e-7


@dataclass(frozen=True)
class Held:
    """One position: `tiers` are (lower bound of notional, greatest leverage)."""

    symbol: str
    size: float
    entry: float
    mark: float
    tiers: tuple[tuple[float, int], ...]

    def bounds(self) -> list[tuple[float, float, float, float]]:
        """(from, to, rate, deduction) of each tier, the deduction by its recursion."""
        found: list[tuple[float, float, float, float]] = []
        rate = deduction = 0.0
        for (floor, leverage), upper in zip(
            self.tiers, [*(floor for floor, _ in self.tiers[1:]), float("inf")], strict=True
        ):
            before, rate = rate, 1 / (2 * leverage)
            deduction = deduction + floor * (rate - before) if floor else 0.0
            found.append((floor, upper, rate, deduction))
        return found

    def maintenance(self, price: float) -> float:
        notional = abs(self.size) * price
        return next(notional * rate - cut for floor, upper, rate, cut in self.bounds() if floor <= notional < upper)

    def crossing(self, equity: float, others: float, share: float = 1.0) -> float | None:
        """Where equity has fallen to `share` of maintenance, all other prices held: the first such price on its way."""
        size = abs(self.size)
        roots: list[float] = []
        for floor, upper, rate, cut in self.bounds():
            slope = self.size - size * rate * share
            price = (self.size * self.mark - equity + share * others - share * cut) / slope
            if price > 0 and floor <= size * price < upper:
                roots.append(price)
        return min(roots, key=lambda price: abs(price - self.mark), default=None)


marks = st.floats(0.01, 100_000.0)


@st.composite
def held(draw: st.DrawFn, symbol: str) -> Held:
    leverages = draw(st.lists(st.sampled_from((3, 5, 10, 15, 20, 25, 40)), min_size=1, max_size=3, unique=True))
    floors = sorted(draw(st.sets(st.floats(1e3, 1e6), min_size=len(leverages) - 1, max_size=len(leverages) - 1)))
    assume(all(upper > 1.01 * lower for lower, upper in pairwise(floors)))
    mark = draw(marks)
    notional = draw(st.floats(10.0, 2e6))
    sign = draw(st.sampled_from((1.0, -1.0)))
    tiers = tuple(zip((0.0, *floors), sorted(leverages, reverse=True), strict=True))
    return Held(symbol, sign * notional / mark, mark * draw(st.floats(0.5, 2.0)), mark, tiers)


@st.composite
def books(draw: st.DrawFn) -> list[Held]:
    return [draw(held(symbol)) for symbol in ("A", "B", "xyz:C")[: draw(st.integers(1, 3))]]


def listed(book: list[Held]) -> list[Row]:
    """The metas of both dexs, backed by the same token."""
    metas = []
    for prefix in ("", "xyz:"):
        mine = [one for one in book if one.symbol.startswith("xyz:") == bool(prefix)]
        tables = {60 + number: list(one.tiers) for number, one in enumerate(mine)}
        perps = [perp(one.symbol, one.tiers[0][1], 60 + number) for number, one in enumerate(mine)]
        metas.append(meta(*perps, perp(f"{prefix}Z", 3), tables=tables))
    return metas


def rows(book: list[Held], *, builders: bool) -> list[Row]:
    mine = [one for one in book if one.symbol.startswith("xyz:") is builders]
    return [cross(one.symbol, one.size, one.entry, one.mark) for one in mine]


def agrees(result: PoolResult, book: list[Held], equity: float) -> None:
    needed = {one.symbol: one.maintenance(one.mark) for one in book}
    assert result.equity == pytest.approx(equity, rel=1e-9, abs=1e-3)
    assert result.maintenance_margin == pytest.approx(sum(needed.values()), rel=1e-9)
    for one in book:
        (position,) = [row for row in result.positions if row.symbol == one.symbol]
        expected = one.crossing(equity, sum(needed.values()) - needed[one.symbol])
        line = position.down if one.size > 0 else position.up
        same(line, expected, one.mark)


def same(line: Line, expected: float | None, mark: float) -> None:
    """Whether a line is where the closed form says. What is a hair's breadth from zero may be none."""
    if (expected or 0.0) < 1e-6 * mark:
        assert line.state is State.NEVER or (line.price is not None and line.price < 2e-6 * mark)
    else:
        assert line.price == pytest.approx(expected, rel=NEAR)


@given(books(), st.floats(1.05, 50.0))
def test_in_standard_mode_each_dex_follows_its_closed_form(book: list[Held], cushion: float) -> None:
    first, builder = ([one for one in book if one.symbol.startswith("xyz:") is own] for own in (False, True))
    worth = [cushion * sum(one.maintenance(one.mark) for one in part) for part in (first, builder)]
    states = {"": dex(worth[0], *rows(book, builders=False)), "xyz": dex(worth[1], *rows(book, builders=True))}
    found = told(folder_of(states, metas=listed(book))).results()
    agrees(found["cross:USDC"], first, worth[0])
    if builder:
        agrees(found["cross:xyz:USDC"], builder, worth[1])


@given(books(), st.floats(1.05, 50.0))
def test_in_unified_mode_all_dexs_follow_it_together(book: list[Held], cushion: float) -> None:
    worth = cushion * sum(one.maintenance(one.mark) for one in book)
    states = {"": dex(0.0, *rows(book, builders=False)), "xyz": dex(0.0, *rows(book, builders=True))}
    money = spot(coin("USDC", f"{worth!r}"), available={"USDC": 0.0})
    found = told(folder_of(states, mode="unifiedAccount", money=money, metas=listed(book))).results()
    agrees(found["cross:USDC"], book, worth)


@given(held("A"), st.floats(1.05, 30.0))
def test_an_isolated_position_follows_it_at_each_stage(one: Held, cushion: float) -> None:
    equity = cushion * one.maintenance(one.mark)
    row = isolated(one.symbol, one.size, one.entry, one.mark, equity - one.size * one.mark)
    files = folder_of({"": dex(0.0, row)}, metas=[meta(perp("A", one.tiers[0][1], 60), tables={60: list(one.tiers)})])
    name = f"isolated:A:{'long' if one.size > 0 else 'short'}"
    account = told(files)
    result = account.results()[name]
    expected = one.crossing(equity, 0.0)
    same(result.positions[0].line, expected, one.mark)
    later = one.crossing(equity, 0.0, 2 / 3)
    if later is not None and later > 1e-3 * one.mark:
        worse = 1.0 if one.size < 0 else -1.0
        for step, reached in ((-1e-6, False), (1e-6, True)):
            stages = account.results({"A": later * (1 + worse * step)})[name].stages
            assert (stages[BACKSTOP].state is State.LIQUIDATABLE) is reached


@dataclass(frozen=True)
class Portfolio:
    """USDC without profit, and HYPE at a price, behind positions; a loan of USDC, and the caps."""

    usdc: float
    hype: float
    price: float
    ltv: float
    loan: float
    borrow_cap: float
    supply_cap: float

    def liquidated(self, book: list[Held], symbol: str, mark: float) -> bool:
        """The documented rule, with what is missing of USDC borrowed on the spot."""
        prices = {one.symbol: mark if one.symbol == symbol else one.mark for one in book}
        there = self.usdc + self.loan + sum(one.size * (prices[one.symbol] - one.entry) for one in book)
        owed = self.loan + max(0.0, -there)
        required = 20.0 + sum(one.maintenance(prices[one.symbol]) for one in book) + owed
        counted = min(self.hype, self.supply_cap) * self.price * (0.5 + 0.5 * self.ltv)
        return required > 0.95 * (max(0.0, there) + min(self.borrow_cap, counted))


portfolios = st.builds(
    Portfolio,
    usdc=st.floats(-1e5, 1e6),
    hype=st.floats(0.0, 1e5),
    price=st.floats(5.0, 100.0),
    ltv=st.floats(0.1, 0.9),
    loan=st.sampled_from((0.0, 0.0, 5e3)),
    borrow_cap=st.floats(1e4, 1e7),
    supply_cap=st.floats(1e2, 1e6),
)


@given(books(), portfolios)
def test_portfolio_margin_is_liquidated_where_the_documents_say(book: list[Held], one: Portfolio) -> None:
    cross_only = [each for each in book if not each.symbol.startswith("xyz:")]
    total = one.usdc + sum(each.size * (each.mark - each.entry) for each in cross_only)
    states = {"": dex(0.0, *rows(cross_only, builders=False))}
    loan = {"borrowed": f"{one.loan!r}"} if one.loan else {}
    money = spot(coin("USDC", f"{total!r}", **loan), coin("HYPE", one.hype, ltv=f"{one.ltv!r}"), available={})
    parameters = {"borrow_cap_usdc": one.borrow_cap, "supply_cap_hype": one.supply_cap}
    files = folder_of(states, mode="portfolioMargin", money=money, metas=listed(cross_only)[:1])
    result = told(files, parameters=parameters).results(HYPE=one.price)["portfolio-margin"]
    for each in cross_only:
        now = one.liquidated(cross_only, each.symbol, each.mark)
        assert (result.ratio.state is State.LIQUIDATABLE) is now
        (position,) = [row for row in result.positions if row.symbol == each.symbol]
        line = position.down if each.size > 0 else position.up
        if now:
            continue
        worse = -1.0 if each.size > 0 else 1.0
        if line.price is None:
            far = each.mark * (1e-9 if each.size > 0 else 1e9)
            assert not one.liquidated(cross_only, each.symbol, far)
        elif 1e-6 < line.price / each.mark < 1e6:
            assert not one.liquidated(cross_only, each.symbol, line.price * (1 - worse * 1e-6))
            assert one.liquidated(cross_only, each.symbol, line.price * (1 + worse * 1e-6))
