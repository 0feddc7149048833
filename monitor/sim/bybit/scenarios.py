"""`/v5/asset/portfolio-margin` of the simulated Bybit, as the venue prints its scenarios."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from monitor.domain.names import Asset, Symbol
from monitor.sim.bybit.book import Book
from monitor.sim.bybit.frames import Row, rate
from monitor.sim.bybit.holdings import Coin, MarginMode
from monitor.sim.bybit.portfolio import COLUMNS, Grid, RiskUnit
from monitor.sim.bybit.prices import Prices
from monitor.sim.text import bare, fixed

LINEAR_CONTRACT, INVERSE_CONTRACT, OPTION_CONTRACT = 2, 1, 5


def portfolio_result(book: Book, coin: Asset | None) -> Row:
    """The whole answer; without a portfolio-margin account there is nothing in it."""
    totals, mode = book.totals, book.holdings.mode
    if mode is not MarginMode.PORTFOLIO:
        return {"wallet": {}, "assetPnlRange": []}
    equity = totals.margin_balance + totals.option_worth
    cash = sum(one.wallet * book.prices.usd_index(name) for name, one in book.coins.items())
    denominator = totals.denominator(mode)
    wallet = {
        "equity": fixed(equity),
        "cashBalance": fixed(cash),
        "marginBalance": fixed(totals.margin_balance),
        "availableBalance": fixed(totals.available(mode)),
        "accountIM": fixed(totals.initial),
        "accountMM": fixed(totals.maintenance),
        "accountMMRate": rate(totals.maintenance / denominator if denominator > 0.0 else float("inf")),
        "accountIMRate": rate(totals.initial / denominator if denominator > 0.0 else float("inf")),
    }
    units = [unit for name, unit in book.risk_units.items() if coin in (None, "", name)]
    return {"wallet": wallet, "assetPnlRange": [_unit_row(book, unit) for unit in units]}


def _ranges(moves: Sequence[float], grid: Iterable[Sequence[float]]) -> list[Row]:
    return [
        {"priceScale": str(move), "pnls": [fixed(pnl) for pnl in pnls]} for move, pnls in zip(moves, grid, strict=True)
    ]


def _unit_row(book: Book, unit: RiskUnit) -> Row:
    moves, prices = unit.moves, book.prices
    perpetuals = [[sum(row[place] for row in unit.perpetuals.values())] for place in range(len(moves))]
    worst_column = [row.index(min(row)) for row in unit.grid]
    everything = [[row[column]] for row, column in zip(unit.grid, worst_column, strict=True)]
    option_sum = [
        [sum(grid[place][column] for grid in unit.options.values())] for place, column in enumerate(worst_column)
    ]
    place, column = unit.worst
    return {
        "baseCoin": unit.coin,
        "totalPnlRanges": {
            "ALL": {"pnlRanges": _ranges(moves, everything)},
            "PERPETUAL": {"pnlRanges": _ranges(moves, perpetuals)},
            "OPTION": {"pnlRanges": _ranges(moves, option_sum)},
        },
        "perpPositionPnlRanges": [_perpetual_row(book, symbol, moves, row) for symbol, row in unit.perpetuals.items()],
        "optionExpiryDatePnlRanges": [
            {
                "expiryDateRepresentation": _date(expiry),
                "pnlRanges": _ranges(moves, _added([unit.options[symbol] for symbol in symbols])),
                "optionPositionPnlRanges": [
                    _option_row(book, symbol, moves, unit.options[symbol]) for symbol in symbols
                ],
            }
            for expiry, symbols in _by_expiry(unit, prices).items()
        ],
        "contingency": {
            "optionContingency": fixed(unit.option_contingency),
            "futureDeltaContingency": "0.00000000",
            "optionVegaContingency": "0.00000000",
            "contingencyComponents": fixed(unit.contingency),
            "usdtUsdcContingency": "0.00000000",
            "futureContingency": fixed(unit.future_contingency),
        },
        "asset": {"coin": unit.coin, "assetIM": repr(unit.initial), "assetMM": repr(unit.maintenance)},
        "maxLossPriceMove": str(moves[place]),
        "maxLossIvShock": str(COLUMNS[column]),
        "totalClosePzFee": "0",
        "spotHedgeInfo": {
            "hedgeSpotSize": "0",
            "walletBalance": bare(book.holdings.coins.get(unit.coin, Coin()).wallet),
            "usdIndexPrice": bare(unit.index),
            "pnlRanges": [{"priceScale": str(move), "pnls": ["0"]} for move in moves],
        },
        "maxLossIvShockList": [str(COLUMNS[column]) for column in worst_column],
    }


def _added(grids: Sequence[Grid]) -> list[list[float]]:
    return [
        [sum(grid[place][column] for grid in grids) for column in range(len(COLUMNS))] for place in range(len(grids[0]))
    ]


def _by_expiry(unit: RiskUnit, prices: Prices) -> dict[float, list[Symbol]]:
    found: dict[float, list[Symbol]] = {}
    for symbol in unit.options:
        found.setdefault(prices.options[symbol].expiry, []).append(symbol)
    return dict(sorted(found.items()))


def _date(expiry: float) -> str:
    day = datetime.fromtimestamp(expiry, UTC)
    return f"{day.day}{day:%b%y}".upper()


def _signed(book: Book, symbol: Symbol) -> float:
    return sum(p.sign * p.size for p in book.holdings.open_positions() if p.symbol == symbol)


def _perpetual_row(book: Book, symbol: Symbol, moves: Sequence[float], row: Sequence[float]) -> Row:
    prices = book.prices
    held = next(p for p in book.holdings.open_positions() if p.symbol == symbol)
    return {
        "symbolName": symbol,
        "position": bare(_signed(book, symbol)),
        "pnlRanges": _ranges(moves, [[pnl] for pnl in row]),
        "sessionAvgPrice": bare(book.counted_from(held)),
        "markPrice": fixed(prices.mark(symbol)),
        "orderSize": "0.0",
        "contractType": INVERSE_CONTRACT if prices.inverse(symbol) else LINEAR_CONTRACT,
        "settleCoin": prices.settle(symbol),
        "symbolAlias": symbol,
    }


def _option_row(book: Book, symbol: Symbol, moves: Sequence[float], grid: Grid) -> Row:
    return {
        "symbolName": symbol,
        "position": bare(_signed(book, symbol)),
        "pnlRanges": _ranges(moves, grid),
        "sessionAvgPrice": "0",
        "markPrice": fixed(book.prices.mark(symbol)),
        "orderSize": "0.0",
        "contractType": OPTION_CONTRACT,
        "settleCoin": book.prices.settle(symbol),
    }
