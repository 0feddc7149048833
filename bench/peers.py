"""P6: all cross liquidation prices of a pool, against freqtrade's formula called from its installed package.

freqtrade asks for each position over all the others. It is called as in a dry run, the only mode in which it computes
at marks, with all that it would have to request at hand. Tiers (12 a symbol, as the greatest have) and wallet are ours.
It gives positions' lines only; ours come with the pool's ratio.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

from bench.harness import Skipped, bench
from bench.kernel import one_pool
from bench.kernel_books import Market, account
from bench.kernel_plain import PlainLeg, PlainPool
from bench.rows import Row, compared
from bench.timing import interleaved
from monitor.domain.lines import State
from monitor.margin.book import Book
from monitor.margin.evaluate import evaluate
from monitor.margin.pool import Pool
from monitor.margin.sweep import sweep

LEVERAGE = 5.0
BRACKETS = 12
EXACT = 1e-9  #: |health at our line| over the sum of its absolute terms


@bench("P6", limit_seconds=120.0)
def freqtrade_lines() -> Iterator[Row]:
    """Ten positions, where it is near, and fifty, where its cost has grown by the square."""
    for legs, limit in ((10, 2.0), (50, 20.0)):
        market, pool, book, move = one_pool(legs, brackets=BRACKETS)
        theirs = their_lines(market, pool)
        yield from exactness(market, pool, our_lines(book), theirs)
        cases: dict[str, Callable[[], object]] = {
            "ours": lambda book=book: sweep(book, (account(0),), search=False, together=False),  # type: ignore[misc]  # its own book
            "theirs": theirs,
        }
        timed = interleaved(cases, before=move)
        what = f"{legs} cross positions, all lines"
        yield compared("P6", what, timed["ours"], "freqtrade", timed["theirs"], limit, at_least=True)


def our_lines(book: Book) -> list[float | None]:
    """The price of each position's line, None where there is none."""
    (found,) = evaluate(book, accounts=(account(0),)).values()
    return [one.line.price if one.line.state is State.AT else None for one in found.positions]


def their_lines(market: Market, pool: Pool) -> Callable[[], list[float | None]]:
    """All of freqtrade's answers for this pool. Raises Skipped where it is not installed."""
    try:
        enums = importlib.import_module("freqtrade.enums")
        binance: Any = importlib.import_module("freqtrade.exchange.binance").Binance
    except ImportError as error:
        raise Skipped(f"{error}: freqtrade is an optional peer, installed by make bench PEERS=1") from None
    # Its formula is a method of an exchange that would dial out when it is made: one that never was knows enough.
    exchange: Any = binance.__new__(binance)
    exchange._config = {"runmode": enums.RunMode.DRY_RUN}
    exchange.margin_mode, exchange.trading_mode = enums.MarginMode.CROSS, enums.TradingMode.FUTURES
    exchange._api_async = SimpleNamespace(has={"fetchLeverageTiers": True})
    exchange._exchange_ws = exchange._ws_async = None
    rates = {symbol: {"markPrice": mark} for symbol, mark in zip(market.symbols, market.marks.tolist(), strict=True)}
    exchange.fetch_funding_rates = lambda _: rates
    exchange._leverage_tiers = {
        leg.symbol: [
            {"minNotional": tier.floor, "maintenanceMarginRate": tier.rate, "maintAmt": tier.deduction}
            for tier in leg.tiers.tiers
        ]
        for leg in pool.legs
        if leg.tiers is not None
    }
    trades = [
        SimpleNamespace(
            pair=leg.symbol,
            open_rate=leg.entry,
            is_short=leg.quantity < 0.0,
            amount=abs(leg.quantity),
            stake_amount=abs(leg.quantity) * leg.entry / LEVERAGE,
        )
        for leg in pool.legs
    ]
    formula = exchange.dry_run_liquidation_price
    return lambda: [
        formula(
            trade.pair, trade.open_rate, trade.is_short, trade.amount, trade.stake_amount, LEVERAGE, pool.cash, trades
        )
        for trade in trades
    ]


def exactness(
    market: Market, pool: Pool, ours: list[float | None], theirs: Callable[[], list[float | None]]
) -> Iterator[Row]:
    """Health at each answer, in fractions of whole numbers: none at a line."""
    marks = dict(zip(market.symbols, market.marks.tolist(), strict=True))
    plain = PlainPool.of(pool)
    off = max(health(plain, marks, leg, line) for leg, line in zip(plain.legs, ours, strict=True) if line is not None)
    gaps = [
        abs(answer - line) / marks[leg.symbol] if answer is not None and answer > 0.0 else float("inf")
        for leg, line, answer in zip(plain.legs, ours, theirs(), strict=True)
        if line is not None
    ]
    wrong = sum(gap > 1e-6 for gap in gaps)
    peer = f"freqtrade: {wrong} of {len(gaps)} off, by up to {max(gaps):.0%}"
    what = f"{len(plain.legs)} cross positions: health left at our lines"
    yield Row("P6", what, f"{off:.1e}", peer, over=not off <= EXACT, promise=f"<= {EXACT:.0e}")


def health(pool: PlainPool, marks: dict[str, float], moved: PlainLeg, line: float) -> float:
    """|equity - requirement| over the sum of the absolute terms, with one instrument at `line` and no rounding."""
    terms = [Fraction(pool.cash)]
    for leg in pool.legs:
        mark = Fraction(line if leg is moved else marks[leg.symbol])
        u = Fraction(1) / mark if leg.inverse else mark
        notional = abs(Fraction(leg.c)) * u
        required = max(Fraction(rate) * notional - Fraction(deduction) for rate, deduction in leg.tiers)
        terms += [Fraction(leg.c) * (u - Fraction(leg.u0)), -required]
    size = sum((abs(term) for term in terms), Fraction(0))
    return float(abs(sum(terms, Fraction(0)) / size))
