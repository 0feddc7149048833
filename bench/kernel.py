"""P4 and the kernel's part of P5: whole books against the copying of their results, one pool against a plain loop."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle

import numpy as np

from bench.harness import bench
from bench.kernel_books import BRACKETS, VENUE, Floats, Market, account, book_of, cross, crowd
from bench.kernel_plain import PlainPool
from bench.rows import Row, bounded, compared, seconds_text
from bench.timing import ROUNDS, Timing, interleaved, one_by_one, ratio, settled
from monitor.domain.names import AccountKey
from monitor.margin.book import Book
from monitor.margin.evaluate import evaluate
from monitor.margin.pool import Pool
from monitor.margin.prices import Prices
from monitor.margin.sweep import Sweep, sweep

BYTES_A_LEG = 24  #: profit, requirement and line, written once
SAMPLE = 40  #: accounts whose figures are compared with the plain loop's
TURNS = 10  #: a round
COLD_BOOKS = 3  #: books made anew, each asked for its coin lines for the first time
AGREE = 1e-8  #: relative; a figure that is further off was not computed, however quickly

Accounts = Sequence[tuple[AccountKey, tuple[Pool, ...]]]


class Disagreement(Exception):
    """A quick figure is not the plain loop's: no time that goes with it means anything."""


def copying(legs: int) -> Callable[[], None]:
    """The floor: what writing the results costs, without computing them."""
    source, target = np.ones(legs * BYTES_A_LEG // 8), np.zeros(legs * BYTES_A_LEG // 8)
    return lambda: np.copyto(target, source)


def moving(market: Market, prices: Prices) -> Callable[[], Floats]:
    """Each call moves all marks by up to 0.1 % and returns them: nothing that was computed before holds any longer."""
    rng = np.random.default_rng(5)
    sets = cycle([market.marks * (1.0 + rng.uniform(-1e-3, 1e-3, len(market.marks))) for _ in range(8)])
    coins = [(VENUE, coin) for coin in market.coins]
    places = prices.mark_places(VENUE, market.symbols)

    def move() -> Floats:
        marks = next(sets)
        prices.set_marks(places, marks)
        for (venue, coin), mark in zip(coins, marks.tolist(), strict=True):
            prices.set_asset(venue, coin, mark)
        return marks

    return move


def check(market: Market, marks: Floats, accounts: Accounts, swept: Sequence[Sweep]) -> None:
    """Ratios and position lines of a sample against the plain loop. Raises Disagreement."""
    by_symbol = dict(zip(market.symbols, marks.tolist(), strict=True))
    where = {key: (one, number) for one in swept for number, key in enumerate(one.pools)}
    for _, pools in random.Random(6).sample(list(accounts), min(SAMPLE, len(accounts))):
        for pool in pools:
            one, number = where[pool.key]
            plain, ours = PlainPool.of(pool), float(one.ratio[number])
            expected = plain.ratio(by_symbol)
            if not (ours == expected or abs(ours / expected - 1.0) <= AGREE):
                raise Disagreement(f"{pool.key.pool}: ratio {ours!r}, by a plain loop {expected!r}")
            distances = one.distance[one.ray_pool == number]
            if expected >= 1.0:
                continue
            for leg, line in zip(plain.legs, plain.lines(by_symbol), strict=True):
                gap = abs(line / by_symbol[leg.symbol] - 1.0)
                if not math.isnan(gap) and not (abs(distances - gap) <= AGREE * max(1.0, gap)).any():
                    raise Disagreement(
                        f"{pool.key.pool}: no line at {gap!r} of {leg.symbol}, where a plain loop has one"
                    )


def book_rows(accounts: int, legs: int, limit: float) -> Iterator[Row]:
    """Ratio and position lines of a whole book against the copy; its other lines against the position lines."""
    market = Market.of()
    crowded = crowd(market, accounts, legs)
    prices = market.prices()
    book = book_of(prices, crowded)
    move = moving(market, prices)
    copy = copying(accounts * legs)
    held = f"{accounts:,} x {legs} legs"

    sweep(book, None)
    check(market, move(), crowded, sweep(book, None))
    with settled():
        warm = [mean([turn(book, copy, move) for _ in range(TURNS)]) for _ in range(ROUNDS)]
    check(market, move(), crowded, sweep(book, None, search=False, together=False))
    cold = []
    for _ in range(COLD_BOOKS):
        fresh = book_of(prices, crowded)
        sweep(fresh, None, search=False, together=False)
        with settled():
            cold.append(turn(fresh, copy, move))

    pools = sum(len(one) for _, one in crowded)
    copied, lines, _ = columns(warm)
    yield compared("P4", f"{held}, {pools:,} pools: ratio, position lines", lines, "copy", copied, limit)
    for what, turns, bound in (("cold", cold, 10.0), ("warm", warm, 4.0)):
        _, lines, more = columns(turns)
        yield compared("P4", f"{held}: coin and market lines, {what}", more, "position lines", lines, bound)


Turn = tuple[float, float, float]


def turn(book: Book, copy: Callable[[], None], move: Callable[[], object]) -> Turn:
    """Seconds at new prices: a copy of as many results; ratios and position lines; then coin and market lines."""
    move()
    begin = time.perf_counter()
    copy()
    copied = time.perf_counter()
    sweep(book, None, search=False, together=False)
    own = time.perf_counter()
    sweep(book, None)  # at the same prices: what is solved already is not solved again
    return copied - begin, own - copied, time.perf_counter() - own


def mean(turns: Sequence[Turn]) -> Turn:
    """The mean of some turns."""
    copied, own, more = (sum(column) / len(turns) for column in zip(*turns, strict=True))
    return copied, own, more


def columns(turns: Sequence[Turn]) -> tuple[Timing, Timing, Timing]:
    """The turns' parts as timings."""
    copied, own, more = (Timing(tuple(column)) for column in zip(*turns, strict=True))
    return copied, own, more


@bench("P4", limit_seconds=240.0)
def wide() -> Iterator[Row]:
    """10,000 accounts of 20 legs."""
    yield from book_rows(10_000, 20, 15.0)


@bench("P4", limit_seconds=180.0)
def deep() -> Iterator[Row]:
    """1,000 accounts of 100 legs."""
    yield from book_rows(1_000, 100, 10.0)


def one_pool(legs: int, brackets: int = len(BRACKETS)) -> tuple[Market, Pool, Book, Callable[[], object]]:
    """A linear cross pool in a book of its own, and what moves one of its marks at a time."""
    market = Market.of(brackets=brackets)
    pool = cross(market, legs)
    prices = market.prices()
    book = book_of(prices, [(account(0), (pool,))])
    rng = random.Random(7)
    turns = cycle([(leg.symbol, market.marks[market.symbols.index(leg.symbol)]) for leg in pool.legs])

    def move() -> None:
        symbol, mark = next(turns)
        prices.set_mark(VENUE, symbol, mark * (1.0 + rng.uniform(-1e-3, 1e-3)))

    return market, pool, book, move


@bench("P5")
def pool_of_fifty() -> Iterator[Row]:
    """A tick of one instrument moves 50 position lines, 50 coin lines and the market line."""
    market, pool, book, move = one_pool(50)
    check(market, market.marks, [(account(0), (pool,))], sweep(book, (account(0),)))
    plain, marks = PlainPool.of(pool), dict(zip(market.symbols, market.marks.tolist(), strict=True))
    cases: dict[str, Callable[[], object]] = {
        "plain": lambda: (plain.ratio(marks), plain.lines(marks)),
        "columns": lambda: sweep(book, (account(0),)),
        "objects": lambda: evaluate(book, accounts=(account(0),)),
    }
    timed = interleaved(cases, before=move)
    columns, objects = timed["columns"], timed["objects"]
    floor = f"plain loop, position lines {seconds_text(timed['plain'].median)}"
    times = ratio(columns, timed["plain"])
    yield bounded("P5", "50-leg cross pool, all lines, in columns", columns.median, 0.5e-3, floor=floor, times=times)
    yield compared("P5", "the same as result objects, venue lines and all", objects, "columns", columns)
    cold = one_by_one(cases["columns"], calls=100, every_seconds=0.01, before=move)
    yield Row("P5", "the same in columns, cold: every 10 ms", seconds_text(cold.median), floor)
