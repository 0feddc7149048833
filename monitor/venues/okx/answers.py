"""REST answers to events: prices of all kinds. Pure; tables are in `answers_tables`, an account's own answers in
`answers_account`, `answers_risk` and `cash`.

Each function takes the bytes that the venue sent and raises MalformedAnswer if an answer as a whole is not what its
endpoint promises. One bad row costs that row: it is left out and, where the caller gave a list, named in `problems`.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from monitor.domain.errors import MalformedAnswer
from monitor.domain.events import AssetTick, CandlesLoaded, FundingRates, OptionMarks, Tick
from monitor.domain.frames import RowProblem
from monitor.domain.names import Symbol, Venue
from monitor.venues.fields import BadField, Loose, finite, optional_seconds, positive, seconds, word
from monitor.venues.okx.answers_tables import TierAnswer, collateral, instruments, loan_table, tiers
from monitor.venues.okx.codec_prices import usd_index
from monitor.venues.okx.reading import only, rows
from monitor.venues.rows import each

__all__ = [
    "TierAnswer",
    "candles",
    "collateral",
    "funding",
    "index_tickers",
    "instruments",
    "loan_table",
    "marks",
    "option_marks",
    "server_time",
    "tiers",
]


class _MarkRow(msgspec.Struct, gc=False):
    instId: str
    markPx: Loose = None
    ts: Loose = None


class _IndexRow(msgspec.Struct, gc=False):
    instId: str
    idxPx: Loose = None
    ts: Loose = None


class _OptionRow(msgspec.Struct, gc=False):
    instId: str
    markVol: Loose = None
    fwdPx: Loose = None


class _FundingRow(msgspec.Struct, gc=False):
    instId: str
    fundingRate: Loose = None
    fundingTime: Loose = None


class _TimeRow(msgspec.Struct, gc=False):
    ts: Loose = None


def marks(
    raw: bytes | str, venue: Venue, received: float, problems: list[RowProblem] | None = None
) -> tuple[Tick, ...]:
    """mark-price: of all instruments of a kind, or of one."""

    def made(row: _MarkRow) -> Tick:
        mark, at = positive("markPx", row.markPx), seconds("ts", row.ts)
        return Tick(venue, word("instId", row.instId), mark, at, received)

    return tuple(each(rows(raw, venue, "mark-price"), _MarkRow, made, "mark", problems))


def index_tickers(
    raw: bytes | str, venue: Venue, received: float, problems: list[RowProblem] | None = None
) -> tuple[AssetTick, ...]:
    """index-tickers: the USD prices of assets, of all indices quoted in USD or of one."""

    def made(row: _IndexRow) -> AssetTick | None:
        asset = usd_index(word("instId", row.instId))
        price, at = positive("idxPx", row.idxPx), seconds("ts", row.ts)
        return None if asset is None else AssetTick(venue, asset, price, at, received)

    found = each(rows(raw, venue, "index-tickers"), _IndexRow, made, "index", problems)
    return tuple(one for one in found if one is not None)


def option_marks(
    raw: bytes | str, venue: Venue, received: float, problems: list[RowProblem] | None = None
) -> OptionMarks | None:
    """opt-summary of one family; None without one good row."""

    def made(row: _OptionRow) -> tuple[Symbol, float, float]:
        return word("instId", row.instId), positive("markVol", row.markVol), positive("fwdPx", row.fwdPx)

    found = each(rows(raw, venue, "opt-summary"), _OptionRow, made, "option", problems)
    if not found:
        return None
    symbols, volatilities, underlyings = zip(*found, strict=True)
    return OptionMarks(venue, symbols, volatilities, underlyings, received)


def funding(
    raw: bytes | str, venue: Venue, received: float, problems: list[RowProblem] | None = None
) -> FundingRates | None:
    """funding-rate: what the next payment will be, and when; None without one good row."""

    def made(row: _FundingRow) -> tuple[Symbol, float, float | None]:
        return word("instId", row.instId), finite("fundingRate", row.fundingRate), optional_seconds(row.fundingTime)

    found = each(rows(raw, venue, "funding-rate"), _FundingRow, made, "funding", problems)
    if not found:
        return None
    symbols, rates, due = zip(*found, strict=True)
    return FundingRates(venue, symbols, rates, due, received)


def candles(
    raws: Iterable[bytes | str],
    venue: Venue,
    symbol: Symbol,
    at: float,
    interval_seconds: float = 60.0,
    problems: list[RowProblem] | None = None,
) -> CandlesLoaded:
    """mark-price-candles, any number of pages (the venue gives the newest first): closing marks in rising order.

    A candle that is still open is left out. A gap ends the series: only what is after the last gap is given.
    """
    closes: dict[float, float] = {}
    for raw in raws:
        for number, row in enumerate(rows(raw, venue, "mark-price-candles")):
            try:
                said = msgspec.json.decode(row, type=list[Loose])
                start, close = seconds("ts", said[0]), positive("the close", said[4])
                confirmed = str(said[-1]) != "0"
            except (ValueError, IndexError, RecursionError) as error:
                if problems is not None:
                    problems.append(RowProblem(f"candle {number}", str(error)[:200]))
                continue
            if confirmed and start + interval_seconds <= at:
                closes[start] = close
    series: list[float] = []
    before: float | None = None
    for start in sorted(closes):
        if before is not None and abs(start - before - interval_seconds) > 1e-3:
            series.clear()
        series.append(closes[start])
        before = start
    return CandlesLoaded(venue, symbol, tuple(series), interval_seconds, at)


def server_time(raw: bytes | str, venue: Venue = "okx") -> float:
    """The venue's clock, seconds since 1970."""
    try:
        return seconds("ts", only(raw, _TimeRow, venue, "time").ts)
    except BadField as error:
        raise MalformedAnswer(venue, "time", str(error)) from None
