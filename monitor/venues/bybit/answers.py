"""REST answers to events: instruments, tiers, collateral, prices, permissions. Pure.

An account's own answers are in `account_answers`, its scenarios in `risk_answers`, its history in `cash`. Each function
takes the bytes that the venue sent and raises MalformedAnswer if an answer as a whole is not what its endpoint
promises. One bad row costs that row: it is left out and, where the caller gave a list, named in `problems`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec

from monitor.domain.accounts import Permissions
from monitor.domain.errors import MalformedAnswer
from monitor.domain.events import (
    AssetTick,
    CandlesLoaded,
    FundingIntervals,
    InstrumentsLoaded,
    OptionMarks,
    PermissionsRead,
    Tick,
    Ticks,
)
from monitor.domain.frames import RowProblem
from monitor.domain.instruments import Instrument, Payoff
from monitor.domain.names import AccountKey, Symbol, Venue
from monitor.venues.bybit.coins import coin_of, option_of, pair_of
from monitor.venues.bybit.reading import answered, next_cursor, pages, result, rows
from monitor.venues.bybit.table_answers import collateral, tiers
from monitor.venues.fields import (
    BadField,
    Loose,
    optional,
    optional_positive,
    optional_seconds,
    positive,
    word,
)
from monitor.venues.rows import SHOWN, each

__all__ = [
    "asset_prices",
    "candles",
    "collateral",
    "funding_intervals",
    "instruments",
    "mark_columns",
    "marks",
    "next_cursor",
    "option_marks",
    "permissions",
    "server_time",
    "tiers",
]

OPTION_FEES = "option:"  #: before the base coin: the fee group of options


class _PriceFilter(msgspec.Struct, gc=False, frozen=True):
    minPrice: Loose = None
    maxPrice: Loose = None
    tickSize: Loose = None


class _InstrumentRow(msgspec.Struct, gc=False):
    symbol: str
    baseCoin: str
    quoteCoin: str
    settleCoin: str | None = None
    contractType: str = ""
    optionsType: str = ""
    status: str = ""
    deliveryTime: Loose = None
    priceFilter: _PriceFilter = _PriceFilter()
    fundingInterval: Loose = None


class _TickerRow(msgspec.Struct, gc=False):
    symbol: str
    markPrice: Loose = None
    indexPrice: Loose = None
    fundingRate: Loose = None
    nextFundingTime: Loose = None
    markIv: Loose = None
    underlyingPrice: Loose = None
    usdIndexPrice: Loose = None


class _Time(msgspec.Struct, gc=False):
    timeNano: Loose = None
    timeSecond: Loose = None


class _Candles(msgspec.Struct, gc=False, rename={"rows": "list"}):
    rows: list[list[Loose]]


class _Key(msgspec.Struct, gc=False):
    readOnly: Loose = None
    permissions: dict[str, list[str] | None] | None = None
    ips: list[str] | str | None = None
    expiredAt: str | None = None
    deadlineDay: Loose = None


def instruments(
    raws: Iterable[bytes | str], venue: Venue, received: float, problems: list[RowProblem] | None = None
) -> InstrumentsLoaded:
    """instruments-info: contracts and options of all categories, from all pages of all answers.

    Spot pairs are left out: nothing is held in them but coins, and their names are those of linear contracts.
    """
    found = each(
        pages(raws, venue, "instruments-info"), _InstrumentRow, lambda row: _instrument(row, venue), "pair", problems
    )
    return InstrumentsLoaded(venue, tuple(one for one in found if one is not None), received)


def _instrument(row: _InstrumentRow, venue: Venue) -> Instrument | None:
    if not (row.contractType or row.optionsType):
        return None
    symbol, base = word("symbol", row.symbol), word("baseCoin", row.baseCoin)
    settle = word("settleCoin", row.settleCoin)
    inverse, perpetual = row.contractType.startswith("Inverse"), row.contractType.endswith("Perpetual")
    option = option_of(symbol) if row.optionsType else None
    if row.optionsType and option is None:
        raise BadField("symbol is not an option's name")
    coin, multiplier = coin_of(base)
    delivery = optional_seconds(row.deliveryTime)
    return Instrument(
        venue=venue,
        symbol=symbol,
        payoff=Payoff.OPTION if option else Payoff.INVERSE if inverse else Payoff.LINEAR,
        base=base,
        # A linear price is in the coin that pays: where the venue calls its quote USD, it means that one.
        quote=word("quoteCoin", row.quoteCoin) if inverse else settle,
        settle=settle,
        coin=coin,
        coin_multiplier=multiplier,
        tick_size=optional_positive(row.priceFilter.tickSize),
        # A perpetual's delivery is the end of its listing, and means nothing while it is traded.
        delivery_time=None if perpetual and row.status == "Trading" else delivery,
        trading=row.status == "Trading",
        strike=None if option is None else option.strike,
        call=None if option is None else option.call,
        family=base if option else "",
        fee_group=OPTION_FEES + base if option else symbol,
        min_price=optional_positive(row.priceFilter.minPrice),
        max_price=optional_positive(row.priceFilter.maxPrice),
    )


def funding_intervals(raws: Iterable[bytes | str], venue: Venue, received: float) -> FundingIntervals:
    """instruments-info: how often perpetuals pay funding, in minutes there."""
    found = each(
        pages(raws, venue, "instruments-info"),
        _InstrumentRow,
        lambda row: (row.symbol, optional_positive(row.fundingInterval), row.contractType),
        "pair",
        None,
    )
    told = [
        (symbol, 60.0 * minutes)
        for symbol, minutes, kind in found
        if minutes and minutes >= 60.0 and kind.endswith("Perpetual")
    ]
    return FundingIntervals(
        venue, tuple(symbol for symbol, _ in told), tuple(interval for _, interval in told), received
    )


def marks(
    raw: bytes | str, venue: Venue, received: float, problems: list[RowProblem] | None = None
) -> tuple[Tick, ...]:
    """tickers of linear, inverse or option: mark prices, at the time of the answer."""
    at = _at(raw, venue)

    def made(row: _TickerRow) -> Tick:
        return Tick(
            venue,
            word("symbol", row.symbol),
            positive("markPrice", row.markPrice),
            at,
            received,
            optional_positive(row.indexPrice),
            optional(row.fundingRate),
            optional_seconds(row.nextFundingTime),
        )

    return tuple(each(rows(raw, venue, "tickers").rows, _TickerRow, made, "ticker", problems))


def mark_columns(
    raw: bytes | str, venue: Venue, received: float, problems: list[RowProblem] | None = None
) -> Ticks | None:
    """tickers as columns; None without one good row."""
    found = marks(raw, venue, received, problems)
    if not found:
        return None
    return Ticks(
        venue,
        tuple([tick.symbol for tick in found]),
        tuple([tick.mark for tick in found]),
        tuple([tick.venue_time for tick in found]),
        received,
    )


def option_marks(
    raw: bytes | str, venue: Venue, received: float, problems: list[RowProblem] | None = None
) -> OptionMarks | None:
    """tickers of options: what they are priced with; None without one good row."""

    def made(row: _TickerRow) -> tuple[Symbol, float, float, float | None]:
        return (
            word("symbol", row.symbol),
            positive("markIv", row.markIv),
            positive("underlyingPrice", row.underlyingPrice),
            optional_positive(row.indexPrice),
        )

    found = each(rows(raw, venue, "tickers").rows, _TickerRow, made, "option", problems)
    if not found:
        return None
    symbols, volatilities, underlyings, indexes = zip(*found, strict=True)
    return OptionMarks(venue, symbols, volatilities, underlyings, received, indexes)


def asset_prices(
    raw: bytes | str, venue: Venue, received: float, problems: list[RowProblem] | None = None
) -> tuple[AssetTick, ...]:
    """tickers of spot: the coins' USD index prices. A pair against another coin, or without an index, says nothing."""
    at = _at(raw, venue)

    def made(row: _TickerRow) -> AssetTick | None:
        pair, price = pair_of(row.symbol), optional_positive(row.usdIndexPrice)
        return None if pair is None or price is None else AssetTick(venue, pair[0], price, at, received)

    found = each(rows(raw, venue, "tickers").rows, _TickerRow, made, "spot pair", problems)
    # A coin has one index, which stands beside each of its pairs.
    return tuple({tick.asset: tick for tick in reversed(found) if tick is not None}.values())


def _at(raw: bytes | str, venue: Venue) -> float:
    at = answered(raw, venue, "tickers")
    if at is None:
        raise MalformedAnswer(venue, "tickers", "the answer has no time")
    return at


def server_time(raw: bytes | str, venue: Venue) -> float:
    """The venue's clock, seconds since 1970."""
    read = result(raw, _Time, venue, "time")
    nanoseconds, whole = optional_positive(read.timeNano), optional_positive(read.timeSecond)
    at = nanoseconds / 1e9 if nanoseconds is not None else whole
    if at is None:
        raise MalformedAnswer(venue, "time", "there is no time in it")
    return at


def candles(
    raw: bytes | str,
    venue: Venue,
    symbol: Symbol,
    at: float,
    interval_seconds: float = 60.0,
    problems: list[RowProblem] | None = None,
) -> CandlesLoaded:
    """mark-price-kline: closing marks in rising order of time; the answer has the newest first.

    The last candle is still open and is left out. A gap ends the series: only the candles after the last gap are given.
    """
    closes: list[float] = []
    opened: float | None = None
    for number, row in enumerate(reversed(result(raw, _Candles, venue, "mark-price-kline").rows)):
        start, close = optional(row[0] if row else None), optional_positive(row[4] if len(row) > 4 else None)
        if start is None or close is None:
            if problems is not None:
                problems.append(RowProblem(f"candle {number}", "no time or no closing price", str(row)[:SHOWN]))
            continue
        begun = start / 1000.0
        if begun + interval_seconds > at:
            continue
        if opened is not None and abs(begun - opened - interval_seconds) > 1e-3:
            closes.clear()
        opened = begun
        closes.append(close)
    return CandlesLoaded(venue, symbol, tuple(closes), interval_seconds, at)


_MOVES_OUT = {"Withdraw", "Withdrawal"}
_TRANSFERS = {"AccountTransfer", "SubMemberTransfer", "SubMemberTransferList"}
_WALLET = "Wallet"
_READS = {"Affiliate", "Affiliates"}  #: groups that grant reading only


def permissions(raw: bytes | str, account: AccountKey, received: float) -> PermissionsRead:
    """query-api: what the key may do. Every permission that is not known to only move money counts as trading.

    A read-only key can do none of what its permissions name. Expiry is told only of keys that have one.
    """
    key = result(raw, _Key, account.venue, "query-api")
    said = optional(key.readOnly)
    read_only = None if said is None else {0.0: False, 1.0: True}.get(said)
    if read_only is None and not key.permissions:
        raise MalformedAnswer(account.venue, "query-api", "no permission is named in it")
    granted = {(group, one) for group, ones in (key.permissions or {}).items() for one in ones or ()}
    moving = {one for group, one in granted if group == _WALLET}
    trading = {one for group, one in granted if group != _WALLET and group not in _READS}
    known = key.permissions is not None

    def may(names: set[str]) -> bool | None:
        return False if read_only else bool(names) if known else None

    unknown_moves = moving - _MOVES_OUT - _TRANSFERS
    return PermissionsRead(
        account=account,
        permissions=Permissions(
            can_read=True,
            can_trade=may(trading),
            can_withdraw=may((moving & _MOVES_OUT) | unknown_moves),
            can_transfer=may(moving & _TRANSFERS),
            ip_restricted=_restricted(key.ips),
            expires=_expiry(key, received),
        ),
        received=received,
    )


def _restricted(ips: list[str] | str | None) -> bool | None:
    """«*» and no address at all both mean that every address is served."""
    if ips is None:
        return None
    named = [ips] if isinstance(ips, str) else ips
    return any(ip not in ("", "*") for ip in named)


def _expiry(key: _Key, received: float) -> float | None:
    if key.expiredAt:
        try:
            moment = datetime.fromisoformat(key.expiredAt)
        except ValueError:
            moment = None
        if moment is not None:
            at = moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
            return at if at > 0.0 else None
    days = optional(key.deadlineDay)
    # Keys that never end have been given a deadline of 0 and of -1.
    return None if days is None or days <= 0.0 else received + 86_400.0 * days
