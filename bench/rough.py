"""Pools whose lines need a search: a tick's ratio, a search of all lines, a report, and their share of a core."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator

from bench.harness import bench
from bench.kernel_account import CONFIRMED_SECONDS, VENUE, Held, opening
from bench.rough_pools import COINS, Rough, collateral, families, portfolio
from bench.rows import Row, bounded, seconds_text
from bench.timing import Timing, interleaved, settled
from monitor.domain.accounts import Account, AccountMode, CollateralMode
from monitor.domain.events import AccountConfig, AccountSnapshot, AssetTick, Event, Tick
from monitor.domain.names import AccountKey
from monitor.domain.tables import Tables
from monitor.engine.engine import Engine
from monitor.engine.settings import EngineSettings
from monitor.margin.book import Book
from monitor.margin.evaluate import evaluate
from monitor.margin.pool import Description
from monitor.margin.prices import Prices
from monitor.margin.sweep import sweep

TICKS_A_SECOND = 10  #: a symbol
SECONDS = 10.0  #: of the venue's time that an engine lives
LEVELS = {"ratio_levels": (0.5, 0.7, 0.85), "distance_levels": (0.05, 0.1, 0.2)}
KINDS: dict[str, Callable[[str], Rough]] = {
    "portfolio margin, 13 legs, 3 grids": lambda account: portfolio(account),
    "cross USD, 20 legs, haircuts, loans": lambda account: collateral(account),
    "families by contracts, 20 legs, orders": lambda account: families(account),
}


def book_of(rough: Rough) -> Book:
    """A book of one account, at its prices."""
    prices = Prices()
    for symbol, mark in rough.marks.items():
        prices.set_mark(VENUE, symbol, mark)
    for asset, usd in rough.assets.items():
        prices.set_asset(VENUE, asset, usd)
    book = Book(prices)
    book.replace(AccountKey(VENUE, "main"), rough.pools)
    return book


def moving(rough: Rough, book: Book) -> Callable[[], None]:
    """Moves one symbol's mark, and a coin's price with it, at each call."""
    rng, marks = random.Random(8), list(rough.marks.items())
    turn = iter(range(10**9))

    def move() -> None:
        symbol, mark = marks[next(turn) % len(marks)]
        factor = 1.0 + rng.uniform(-2e-3, 2e-3)
        book.prices.set_mark(VENUE, symbol, mark * factor)
        coin = next((coin for coin in COINS if symbol.startswith(coin)), "BTC")
        book.prices.set_asset(VENUE, coin, COINS[coin] * factor)

    return move


@bench("P11")
def rough_kernel() -> Iterator[Row]:
    """One account of each kind: the cost of its ratio, of all its lines in columns, and as result objects."""
    for name, made in KINDS.items():
        rough = made("main")
        book = book_of(rough)
        sweep(book)
        move = moving(rough, book)
        cases: dict[str, Callable[[], object]] = {
            "ratio": lambda book=book: sweep(book, search=False),  # type: ignore[misc]  # bound now
            "lines": lambda book=book: sweep(book),  # type: ignore[misc]
            "report": lambda book=book: evaluate(book),  # type: ignore[misc]
        }
        found = {case: interleaved({case: run}, before=move)[case].median for case, run in cases.items()}
        floor = f"ratio alone {seconds_text(found['ratio'])}"
        yield bounded("P11", f"{name}: ratio", found["ratio"], 1e-3)
        for case, words in (("lines", "all lines searched"), ("report", "the same as result objects")):
            yield bounded("P11", f"{name}: {words}", found[case], 8e-3, floor=floor, times=found[case] / found["ratio"])


def engine_of(accounts: dict[AccountKey, Rough], at: float) -> Engine:
    """An engine that knows these accounts, whatever their venue said of them."""

    def describe(account: Account, _: Tables) -> Description:
        return Description(accounts[account.key].pools)

    engine = Engine({VENUE: describe}, EngineSettings(accounts=tuple(accounts), **LEVELS))  # type: ignore[arg-type]
    engine.step(_opening(accounts, at), at)
    engine.step(_prices(next(iter(accounts.values())), at + CONFIRMED_SECONDS), at + CONFIRMED_SECONDS)
    return engine


def _prices(rough: Rough, at: float) -> list[Event]:
    marks: list[Event] = [Tick(VENUE, symbol, mark, at, at) for symbol, mark in rough.marks.items()]
    return marks + [AssetTick(VENUE, asset, usd, at, at) for asset, usd in rough.assets.items()]


def _opening(accounts: dict[AccountKey, Rough], at: float) -> list[Event]:
    events: list[Event] = [
        event for event in opening(Held.of(1), at) if not isinstance(event, AccountConfig | AccountSnapshot)
    ]
    events += _prices(next(iter(accounts.values())), at)
    for key in accounts:
        mode = AccountMode(collateral=CollateralMode.PORTFOLIO, hedge=False)
        events.append(AccountConfig(account=key, mode=mode, symbols=(), asked=at, received=at))
        events.append(AccountSnapshot(account=key, positions=(), balances=(), asked=at, received=at, marks=()))
    return events


def lived(accounts: dict[AccountKey, Rough]) -> tuple[list[float], list[float]]:
    """(seconds of each step, of those that wrote a report): five symbols tick ten times a second each, one a step."""
    at = 1_800_000_000.0
    engine = engine_of(accounts, at)
    rough, rng = next(iter(accounts.values())), random.Random(9)
    symbols = list(rough.marks)[:5]
    taken, reporting = [], []
    at += 2 * CONFIRMED_SECONDS
    steps = round(SECONDS * TICKS_A_SECOND * len(symbols))
    with settled():
        due = None
        number = 0
        while number < steps:
            next_tick = 1_800_000_001.0 + number / (TICKS_A_SECOND * len(symbols))
            events: list[Event] = []
            if due is not None and due < next_tick:
                at = max(at, due) + 1e-6
            else:
                at = max(at, next_tick)
                symbol = symbols[number % len(symbols)]
                factor = 1.0 + rng.uniform(-2e-3, 2e-3)
                events.append(Tick(VENUE, symbol, rough.marks[symbol] * factor, at, at))
                coin = next((coin for coin in COINS if symbol.startswith(coin)), "BTC")
                events.append(AssetTick(VENUE, coin, COINS[coin] * factor, at, at))
                number += 1
            begin = time.thread_time()
            result = engine.step(events, at)
            taken.append(time.thread_time() - begin)
            if result.reports:
                reporting.append(taken[-1])
            due = result.due
    if not reporting:
        raise RuntimeError("no step wrote a report: nothing was decided")
    return taken, reporting


@bench("P11", limit_seconds=180)
def rough_engine() -> Iterator[Row]:
    """Engines with such accounts while five symbols tick ten times a second: steps, and the share of a core."""
    worlds: dict[str, dict[AccountKey, Rough]] = {
        name: {AccountKey(VENUE, "main"): made("main")} for name, made in KINDS.items()
    }
    worlds["20 accounts of portfolio margin"] = {
        AccountKey(VENUE, f"a{number}"): portfolio(f"a{number}") for number in range(20)
    }
    for name, accounts in worlds.items():
        taken, reporting = lived(accounts)
        median, report = Timing(tuple(taken)).median, Timing(tuple(reporting)).median
        beside = f"worst {seconds_text(max(taken))}"
        yield bounded("P11", f"{name}: tick to decision", median, 1.5e-3, floor=beside)
        what = f"the same: a step with a report ({len(reporting) / SECONDS:.0f}/s)"
        yield Row("P11", what, seconds_text(report), f"tick to decision {seconds_text(median)}", report / median)
        share = sum(taken) / SECONDS
        yield Row("P11", "the same: share of a core", f"{share:.1%}", "one core", share, limit=0.25)
