"""What everybody may ask of KuCoin, as events: contracts, marks, prices of coins, candles, the clock. Pure.

Each function takes the bytes that the venue sent and raises MalformedAnswer if an answer as a whole is not what its
endpoint promises. One bad row costs that row: it is left out and, where the caller gave a list, named in `problems`.
Tiers and collateral are in `answers_tables`, an account's own answers in `answers_account` and `answers_loans`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import msgspec

from monitor.domain.errors import MalformedAnswer
from monitor.domain.events import AssetTick, CandlesLoaded, FundingIntervals, FundingRates, InstrumentsLoaded, Tick
from monitor.domain.frames import RowProblem
from monitor.domain.instruments import Instrument, Payoff
from monitor.domain.names import Asset, Symbol, Venue
from monitor.venues.fields import (
    BadField,
    Loose,
    finite,
    optional,
    optional_positive,
    optional_seconds,
    positive,
    seconds,
    word,
)
from monitor.venues.kucoin.answers_tables import collateral, loans, tiers, unified_tiers
from monitor.venues.kucoin.names import asset_of, asset_of_index, coin_of, venue_name
from monitor.venues.kucoin.reading import result, rows
from monitor.venues.rows import SHOWN, each

__all__ = [
    "asset_of",
    "asset_of_index",
    "asset_ticks",
    "candles",
    "collateral",
    "contract_marks",
    "funding_intervals",
    "funding_rates",
    "index_ticks",
    "instruments",
    "loans",
    "marks",
    "server_time",
    "tiers",
    "unified_tiers",
    "venue_name",
]

UNIT = "USDT"  #: what the venue counts in
BRIDGE = "USDT-BTC"  #: the pair through which prices in BTC become prices in dollars


class _ContractRow(msgspec.Struct, gc=False):
    """A contract. `multiplier` is -1 (one dollar a lot) of inverse ones; `isQuanto` is true of linear ones too."""

    symbol: str
    baseCurrency: str
    quoteCurrency: str
    settleCurrency: str
    multiplier: Loose = None
    isInverse: bool | None = None
    tickSize: Loose = None
    indexPriceTickSize: Loose = None
    maxPrice: Loose = None
    expireDate: Loose = None
    takerFeeRate: Loose = None
    status: str = ""
    markPrice: Loose = None
    indexPrice: Loose = None
    fundingFeeRate: Loose = None
    fundingRateGranularity: Loose = None
    nextFundingRateTime: Loose = None
    nextFundingRateDateTime: Loose = None


class _MarkRow(msgspec.Struct, gc=False):
    symbol: str
    timePoint: Loose = None
    value: Loose = None
    indexPrice: Loose = None


def _contracts(raw: bytes | str, venue: Venue) -> list[msgspec.Raw]:
    return rows(raw, venue, "contracts")


def instruments(
    raw: bytes | str, venue: Venue, received: float, problems: list[RowProblem] | None = None
) -> InstrumentsLoaded:
    """contracts/active: every contract. What one lot stands for is base (linear) or dollars (inverse).

    `liquidation_fee_rate` is the contract's taker rate, which closing costs where the user's own was not read.
    """
    found = each(_contracts(raw, venue), _ContractRow, lambda row: _instrument(row, venue), "contract", problems)
    return InstrumentsLoaded(venue, tuple(found), received)


def _instrument(row: _ContractRow, venue: Venue) -> Instrument:
    base, quote = asset_of(word("baseCurrency", row.baseCurrency)), word("quoteCurrency", row.quoteCurrency)
    settle, size = asset_of(word("settleCurrency", row.settleCurrency)), finite("multiplier", row.multiplier)
    inverse = bool(row.isInverse) or size < 0.0
    if not size or (settle != base if inverse else settle != quote):
        raise BadField("neither linear nor inverse: its settlement is neither its quote nor its base")
    coin, multiplier = coin_of(base)
    expiry = optional_positive(row.expireDate)
    return Instrument(
        venue=venue,
        symbol=word("symbol", row.symbol),
        payoff=Payoff.INVERSE if inverse else Payoff.LINEAR,
        base=base,
        quote=quote,
        settle=settle,
        coin=coin,
        coin_multiplier=multiplier,
        contract_size=abs(size),
        tick_size=optional_positive(row.tickSize),
        delivery_time=None if expiry is None else expiry / 1000.0,
        trading=row.status == "Open",
        liquidation_fee_rate=optional_positive(row.takerFeeRate),
        fee_group=row.symbol,
        max_price=optional_positive(row.maxPrice),
    )


def funding_intervals(raw: bytes | str, venue: Venue, received: float) -> FundingIntervals:
    """contracts/active: how often perpetuals pay funding; milliseconds there."""
    found = each(
        _contracts(raw, venue),
        _ContractRow,
        lambda row: (row.symbol, optional_positive(row.fundingRateGranularity)),
        "contract",
        None,
    )
    told = [(symbol, interval / 1000.0) for symbol, interval in found if interval is not None and interval >= 3.6e6]
    return FundingIntervals(venue, tuple(one for one, _ in told), tuple(each for _, each in told), received)


def funding_rates(
    raw: bytes | str,
    symbols: Collection[Symbol],
    venue: Venue,
    received: float,
    problems: list[RowProblem] | None = None,
) -> FundingRates | None:
    """contracts/active: what these perpetuals pay next, and when: as a time, or as how long it takes from the answer.
    None if none of them pays.
    """

    def made(row: _ContractRow) -> tuple[Symbol, float, float | None] | None:
        rate = optional(row.fundingFeeRate)
        if row.symbol not in symbols or rate is None:
            return None
        at, remains = optional_seconds(row.nextFundingRateDateTime), optional_positive(row.nextFundingRateTime)
        if at is None and remains is not None:
            at = received + remains / 1000.0
        return row.symbol, rate, at

    found = [one for one in each(_contracts(raw, venue), _ContractRow, made, "contract", problems) if one is not None]
    if not found:
        return None
    told, rates, times = zip(*found, strict=True)
    return FundingRates(venue, told, rates, times, received)


def contract_marks(
    raw: bytes | str,
    symbols: Collection[Symbol],
    venue: Venue,
    received: float,
    problems: list[RowProblem] | None = None,
) -> tuple[Tick, ...]:
    """contracts/active: marks of these contracts. The answer has no time: that of its receipt stands for it."""

    def made(row: _ContractRow) -> Tick | None:
        if row.symbol not in symbols:
            return None
        return Tick(
            venue,
            row.symbol,
            positive("markPrice", row.markPrice),
            received,
            received,
            optional_positive(row.indexPrice),
        )

    found = each(_contracts(raw, venue), _ContractRow, made, "contract", problems)
    return tuple(one for one in found if one is not None)


def index_ticks(
    raw: bytes | str,
    assets: Collection[Asset],
    venue: Venue,
    received: float,
    problems: list[RowProblem] | None = None,
) -> tuple[AssetTick, ...]:
    """contracts/active: USD prices of these coins, as the indices of their contracts say. A USDT counts as a dollar, as
    everywhere at the venue, so that an index in USDT stands before one in dollars.
    """

    def made(row: _ContractRow) -> tuple[bool, AssetTick] | None:
        asset, price = asset_of_index(row.symbol), optional_positive(row.indexPrice)
        if asset is None or price is None or asset not in assets:
            return None
        return row.quoteCurrency == UNIT, AssetTick(venue, asset, price, received, received)

    found = [one for one in each(_contracts(raw, venue), _ContractRow, made, "contract", problems) if one is not None]
    unit = [AssetTick(venue, UNIT, 1.0, received, received)] if UNIT in assets else []
    return (*{tick.asset: tick for _, tick in sorted(found, key=lambda one: one[0])}.values(), *unit)


def marks(
    raws: Iterable[bytes | str], venue: Venue, received: float, problems: list[RowProblem] | None = None
) -> tuple[Tick, ...]:
    """mark-price/{symbol}/current, one answer a contract: its mark and its index."""

    def made(row: _MarkRow) -> Tick:
        return Tick(
            venue,
            word("symbol", row.symbol),
            positive("value", row.value),
            seconds("timePoint", row.timePoint),
            received,
            optional_positive(row.indexPrice),
        )

    data = [result(raw, msgspec.Raw, venue, "mark price") for raw in raws]
    return tuple(each(data, _MarkRow, made, "mark", problems))


def asset_ticks(
    raw: bytes | str,
    assets: Collection[Asset],
    venue: Venue,
    received: float,
    problems: list[RowProblem] | None = None,
) -> tuple[AssetTick, ...]:
    """mark-price/all-symbols: USD prices of these coins, at which margin counts them.

    A dollar is one USDT here, for the venue counts in it: debts and assets of a loan are compared at the same prices,
    whatever USDT is worth. A coin without a price in USDT has one through BTC.
    """
    found = each(rows(raw, venue, "margin marks"), _MarkRow, lambda row: row, "margin mark", problems)
    prices = {row.symbol: (price, row) for row in found if (price := optional_positive(row.value)) is not None}
    bridge = prices.get(BRIDGE)
    ticks: list[AssetTick] = []
    if UNIT in assets:
        at = None if bridge is None else optional_positive(bridge[1].timePoint)
        ticks.append(AssetTick(venue, UNIT, 1.0, received if at is None else at / 1000.0, received))
    for asset in sorted(set(assets) - {UNIT}):
        direct, through = prices.get(f"{asset}-USDT"), prices.get(f"{asset}-BTC")
        if direct is not None:
            price, row = direct
        elif bridge is not None and (through is not None or asset == "BTC"):
            in_btc, row = through or (1.0, bridge[1])
            price = in_btc / bridge[0]
        else:
            continue
        at = optional_positive(row.timePoint)
        ticks.append(AssetTick(venue, asset, price, received if at is None else at / 1000.0, received))
    return tuple(ticks)


def server_time(raw: bytes | str, venue: Venue = "kucoin") -> float:
    """timestamp: the venue's clock, seconds since 1970."""
    at = optional_positive(result(raw, Loose, venue, "timestamp"))  # type: ignore[arg-type]  # a union of plain types
    if at is None:
        raise MalformedAnswer(venue, "timestamp", "there is no time in it")
    return at / 1000.0


def candles(
    raws: bytes | str | Iterable[bytes | str],
    venue: Venue,
    symbol: Symbol,
    at: float,
    interval_seconds: float = 60.0,
    problems: list[RowProblem] | None = None,
) -> CandlesLoaded:
    """kline/query: closing prices in rising order of time, from all answers; the one still open is left out.

    A gap ends the series: only the candles after the last gap are given, so that returns are of equal spans.
    """
    pages = [raws] if isinstance(raws, bytes | str) else list(raws)
    found: dict[float, float] = {}
    for number, row in enumerate(one for raw in pages for one in result(raw, list[list[Loose]], venue, "klines")):
        start, close = optional(row[0] if row else None), optional_positive(row[4] if len(row) > 4 else None)
        if start is None or close is None:
            if problems is not None:
                problems.append(RowProblem(f"candle {number}", "no time or no closing price", str(row)[:SHOWN]))
            continue
        if start / 1000.0 + interval_seconds <= at:
            found[start / 1000.0] = close
    closes: list[float] = []
    before: float | None = None
    for start in sorted(found):
        if before is not None and abs(start - before - interval_seconds) > 1e-3:
            closes.clear()
        before = start
        closes.append(found[start])
    return CandlesLoaded(venue, symbol, tuple(closes), interval_seconds, at)
