"""How cost grows: with accounts, legs, symbols, tiers, series. A row a size, and docs/growth.svg."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

from bench.growth_plot import Panel, svg
from bench.harness import bench, progress
from bench.kernel import moving
from bench.kernel_books import SYMBOLS, VENUE, Market, account, book_of, cross, crowd
from bench.rows import Row, seconds_text
from bench.scrape import of_series
from bench.timing import interleaved
from monitor.margin.sweep import sweep
from monitor.outputs.prometheus import Exposition

PICTURE = Path(__file__).resolve().parent.parent / "docs" / "growth.svg"
ACCOUNTS = (1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000)
LEGS = (1, 3, 10, 30, 100, 300, 1_000)
HELD = (20, 50, 100, 200, 500, 1_000, 2_000)
TIERS = (1, 2, 4, 8, 16, 32, 64, 128)
SERIES = (100, 1_000, 10_000, 100_000)
CROWD, LEGS_EACH = 300, 20
ROUND_SECONDS = 0.03

Work = tuple[Callable[[], object], Callable[[], object] | None]  #: what is timed, and what comes before each call


def whole_book(market: Market, accounts: int, legs: int) -> Work:
    """All ratios and lines of so many accounts after all marks moved."""
    prices = market.prices()
    book = book_of(prices, crowd(market, accounts, legs))
    return lambda: sweep(book, None), moving(market, prices)


def one_pool(legs: int) -> Work:
    """All lines of one cross pool after one of its marks moved."""
    market = Market.of(round(legs / 0.9) + 10)
    pool, prices = cross(market, legs), market.prices()
    book = book_of(prices, [(account(0), (pool,))])
    marks = dict(zip(market.symbols, market.marks.tolist(), strict=True))
    turns = cycle([(leg.symbol, marks[leg.symbol] * way) for way in (1.001, 0.999) for leg in pool.legs])

    def move() -> None:
        prices.set_mark(VENUE, *next(turns))

    return lambda: sweep(book, (account(0),)), move


def exposition(series: int) -> Work:
    """The text of one scrape."""
    shown, _ = of_series(series)
    text = Exposition(rules=("margin_ratio",))
    return lambda: sum(len(block) for block in text.blocks(shown)), None


@dataclass(frozen=True, slots=True)
class Quantity:
    """What grows: its name, its unit, what is held meanwhile, its sizes, and the work at a size."""

    name: str
    unit: str
    held: str
    sizes: tuple[int, ...]
    work: Callable[[int], Work]


OTHERS = f"{CROWD} accounts of {LEGS_EACH} legs"
QUANTITIES = (
    Quantity(
        "accounts",
        "accounts",
        f"{LEGS_EACH} legs each, all marks moved",
        ACCOUNTS,
        lambda many: whole_book(Market.of(), many, LEGS_EACH),
    ),
    Quantity("legs", "legs", "one cross pool, one mark moved", LEGS, one_pool),
    Quantity("symbols", "symbols", OTHERS, HELD, lambda many: whole_book(Market.of(many), CROWD, LEGS_EACH)),
    Quantity(
        "tiers", "tiers a symbol", OTHERS, TIERS, lambda many: whole_book(Market.of(SYMBOLS, many), CROWD, LEGS_EACH)
    ),
    Quantity("series", "series", "the text of one scrape", SERIES, exposition),
)


@bench("growth", limit_seconds=240.0)
def growth() -> Iterator[Row]:
    """Every quantity by itself, the others held; and what ten times as many would cost, going by the last step."""
    panels = []
    for one in QUANTITIES:
        progress(f"growth with {one.name}")
        points: list[tuple[float, float]] = []
        for size in one.sizes:
            case, before = one.work(size)
            timed = interleaved({"it": case}, round_seconds=ROUND_SECONDS, before=before)["it"]
            points.append((float(size), timed.best))
            what = f"{one.name}: {size:,} ({one.held})"
            each = f"{seconds_text(timed.best / size)} each"
            if len(points) > 1:
                each += f"; ten times as many: {tenfold(points[-2], points[-1]):.1f} times as much"
            yield Row("-", what, seconds_text(timed.best), each)
        panels.append(Panel(f"Growth with {one.name}", one.held, one.unit, tuple(points)))
    subtitle = (
        "Best of five rounds, hot, on one core. Both axes are logarithmic; dashed: in proportion to the quantity."
    )
    PICTURE.write_text(svg("All margin ratios and all lines, and one scrape", subtitle, panels), encoding="utf-8")
    yield Row("-", f"written: {PICTURE.relative_to(PICTURE.parent.parent)}")


def tenfold(small: tuple[float, float], great: tuple[float, float]) -> float:
    """How many times as much ten times as many cost, going by two sizes and their seconds."""
    return float(10.0 ** (math.log(great[1] / small[1]) / math.log(great[0] / small[0])))
