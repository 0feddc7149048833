"""REST answers to events: market tables, prices, permissions. Pure; an account's own answers are in `account_answers`.

Each function takes the bytes that the venue sent and raises MalformedAnswer if the answer as a whole is not what its
endpoint promises. One bad row costs that row: it is left out and, where the caller gave a list, named in `problems`.
"""

from __future__ import annotations

import msgspec

from monitor.domain.accounts import Permissions
from monitor.domain.errors import MalformedAnswer
from monitor.domain.events import AssetTick, CandlesLoaded, InstrumentsLoaded, PermissionsRead, Tick, Ticks, TiersLoaded
from monitor.domain.frames import RowProblem
from monitor.domain.instruments import Instrument, Payoff
from monitor.domain.names import USD, AccountKey, Symbol, Venue
from monitor.domain.tiers import Tier, TierTable
from monitor.venues.binance import marks as columns
from monitor.venues.binance.account_answers import account_config, account_snapshot
from monitor.venues.binance.codec import asset_of_index, rates
from monitor.venues.binance.coins import coin_of
from monitor.venues.binance.reading import rows, whole
from monitor.venues.fields import (
    BadField,
    Loose,
    finite,
    optional,
    optional_positive,
    optional_seconds,
    positive,
    seconds,
)
from monitor.venues.rows import SHOWN, each

__all__ = [
    "account_config",
    "account_snapshot",
    "asset_index",
    "candles",
    "instruments",
    "listen_key",
    "mark_columns",
    "marks",
    "permissions",
    "rate_limits",
    "server_time",
    "tiers",
]

PERPETUAL_DELIVERY = 4_133_404_800_000  #: the delivery date that means «never» (2100-12-25)


class _Filter(msgspec.Struct, gc=False):
    filterType: str = ""
    tickSize: Loose = None


class _SymbolRow(msgspec.Struct, gc=False):
    symbol: str
    baseAsset: str
    quoteAsset: str
    marginAsset: str
    contractType: str = ""
    status: str = ""
    contractStatus: str = ""
    contractSize: Loose = None
    deliveryDate: Loose = None
    liquidationFee: Loose = None
    filters: list[_Filter] = []


class _RateLimit(msgspec.Struct, gc=False):
    rateLimitType: str = ""
    interval: str = ""
    intervalNum: int = 1
    limit: int = 0


class _ExchangeInfo(msgspec.Struct, gc=False):
    symbols: list[msgspec.Raw]


class _Limits(msgspec.Struct, gc=False):
    rateLimits: list[_RateLimit]


class _Bracket(msgspec.Struct, gc=False):
    """Of USDⓈ-M by notional in the quote asset; of COIN-M by notional in the coin (`qty…`, and once `qtyl…`)."""

    maintMarginRatio: float
    notionalFloor: Loose = None
    qtyFloor: Loose = None
    qtylFloor: Loose = None
    cum: Loose = None
    notionalCap: Loose = None
    qtyCap: Loose = None

    @property
    def floor(self) -> float:
        """From where it holds; BadField without any."""
        for value in (self.notionalFloor, self.qtyFloor):
            if value is not None:
                return finite("the floor of a bracket", value)
        return finite("the floor of a bracket", self.qtylFloor)


class _BracketRow(msgspec.Struct, gc=False):
    symbol: str
    brackets: list[_Bracket]
    notionalCoef: Loose = None


class _PremiumRow(msgspec.Struct, gc=False):
    symbol: str
    markPrice: float
    time: float
    indexPrice: Loose = None
    lastFundingRate: Loose = None
    nextFundingTime: Loose = None


class _IndexRow(msgspec.Struct, gc=False):
    symbol: str
    index: float
    time: float
    bidBuffer: Loose = None
    askBuffer: Loose = None


class _Time(msgspec.Struct, gc=False):
    serverTime: float


class _Key(msgspec.Struct, gc=False):
    listenKey: str


def instruments(
    raw: bytes | str, venue: Venue, received: float, problems: list[RowProblem] | None = None
) -> InstrumentsLoaded:
    """exchangeInfo of either host: every contract, perpetual or with delivery.

    Those quoted in USD are COIN-M; where a host lists them without their size, the other one says more, and they are
    left out.
    """
    info = whole(raw, _ExchangeInfo, venue, "exchangeInfo")

    def made(row: _SymbolRow) -> Instrument | None:
        return None if row.quoteAsset == USD and row.contractSize is None else _instrument(row, venue)

    found = each(info.symbols, _SymbolRow, made, "symbol", problems)
    return InstrumentsLoaded(venue, tuple(one for one in found if one is not None), received)


def _instrument(row: _SymbolRow, venue: Venue) -> Instrument:
    if not (row.symbol and row.baseAsset and row.quoteAsset and row.marginAsset):
        raise BadField("a name is empty")
    coin, multiplier = coin_of(row.baseAsset)
    ticks = [one.tickSize for one in row.filters if one.filterType == "PRICE_FILTER"]
    delivery = optional_positive(row.deliveryDate)
    inverse = row.quoteAsset == USD
    if inverse and row.marginAsset != row.baseAsset:
        raise BadField("a contract quoted in USD that does not settle in its coin")
    return Instrument(
        venue=venue,
        symbol=row.symbol,
        payoff=Payoff.INVERSE if inverse else Payoff.LINEAR,
        base=row.baseAsset,
        quote=row.quoteAsset,
        settle=row.marginAsset,
        coin=coin,
        coin_multiplier=multiplier,
        contract_size=positive("contractSize", row.contractSize) if inverse else 1.0,
        tick_size=optional_positive(ticks[0]) if ticks else None,
        delivery_time=None if delivery is None or delivery >= PERPETUAL_DELIVERY else delivery / 1000.0,
        trading="TRADING" in (row.status, row.contractStatus),
        liquidation_fee_rate=optional(row.liquidationFee),
    )


def rate_limits(raw: bytes | str, venue: Venue = "binance") -> int | None:
    """exchangeInfo: the request weight of one minute and address; None if it does not say."""
    for limit in whole(raw, _Limits, venue, "exchangeInfo").rateLimits:
        if limit.rateLimitType == "REQUEST_WEIGHT" and limit.interval == "MINUTE" and limit.limit > 0:
            return limit.limit // max(1, limit.intervalNum)
    return None


def tiers(
    raw: bytes | str,
    venue: Venue,
    account: AccountKey | None,
    received: float,
    problems: list[RowProblem] | None = None,
) -> TiersLoaded:
    """leverageBracket: maintenance tiers by notional, which of COIN-M contracts is in the coin.

    A symbol without brackets has no table, and is not safe by it.
    """
    found = each(rows(raw, venue, "leverageBracket"), _BracketRow, _tier_table, "bracket", problems)
    return TiersLoaded(venue, account, tuple(found), received)


def _tier_table(row: _BracketRow) -> tuple[Symbol, TierTable]:
    if not row.symbol or not row.brackets:
        raise BadField(f"{row.symbol or 'a symbol'} has no brackets")
    scale = optional_positive(row.notionalCoef) or 1.0
    brackets = sorted(row.brackets, key=lambda bracket: bracket.floor)
    made: list[Tier] = []
    for bracket in brackets:
        floor = bracket.floor * scale
        rate = finite("maintMarginRatio", bracket.maintMarginRatio)
        if not 0.0 < rate <= 1.0:
            raise BadField("maintMarginRatio is not between 0 and 1")
        last = made[-1] if made else None
        if (last is None and floor != 0.0) or (last is not None and (floor <= last.floor or rate < last.rate)):
            raise BadField("the brackets do not rise from 0")
        continuous = 0.0 if last is None else last.deduction + floor * (rate - last.rate)
        published = optional(bracket.cum)
        # A user's own factor moves the edges; what it does to `cum` is not documented, so it follows from the edges.
        made.append(Tier(floor, rate, continuous if published is None or scale != 1.0 else published))
    cap = optional_positive(brackets[-1].notionalCap) or optional_positive(brackets[-1].qtyCap)
    return row.symbol, TierTable(tuple(made), cap=None if cap is None else cap * scale)


def marks(
    raw: bytes | str, venue: Venue, received: float, problems: list[RowProblem] | None = None
) -> tuple[Tick, ...]:
    """premiumIndex: mark prices, of all contracts or of one."""

    def made(row: _PremiumRow) -> Tick:
        return Tick(
            venue,
            row.symbol,
            positive("markPrice", row.markPrice),
            seconds("time", row.time),
            received,
            optional_positive(row.indexPrice),
            optional(row.lastFundingRate),
            optional_seconds(row.nextFundingTime),
        )

    return tuple(each(rows(raw, venue, "premiumIndex"), _PremiumRow, made, "mark", problems))


def mark_columns(raw: bytes, venue: Venue, received: float, problems: list[RowProblem] | None = None) -> Ticks | None:
    """premiumIndex as columns; None without one good row."""
    return columns.answer(raw, venue, received) or columns.of_ticks(marks(raw, venue, received, problems))


def asset_index(
    raw: bytes | str, venue: Venue, received: float, problems: list[RowProblem] | None = None
) -> tuple[AssetTick, ...]:
    """assetIndex: USD index prices of assets and the rates at which they count in multi-assets mode."""

    def made(row: _IndexRow) -> AssetTick:
        price, at = positive("index", row.index), seconds("time", row.time)
        return AssetTick(venue, asset_of_index(row.symbol), price, at, received, rates(row.bidBuffer, row.askBuffer))

    return tuple(each(rows(raw, venue, "assetIndex"), _IndexRow, made, "index", problems))


def server_time(raw: bytes | str, venue: Venue = "binance") -> float:
    """The venue's clock, seconds since 1970."""
    read = whole(raw, _Time, venue, "time")
    try:
        return seconds("serverTime", read.serverTime)
    except BadField as error:
        raise MalformedAnswer(venue, "time", str(error)) from None


def listen_key(raw: bytes | str, venue: Venue = "binance") -> str:
    """The key of a user stream: a secret."""
    key = whole(raw, _Key, venue, "listenKey").listenKey
    if not key:
        raise MalformedAnswer(venue, "listenKey", "the key is empty")
    return key


def candles(
    raw: bytes | str,
    venue: Venue,
    symbol: Symbol,
    at: float,
    interval_seconds: float = 60.0,
    problems: list[RowProblem] | None = None,
) -> CandlesLoaded:
    """markPriceKlines: closing marks in rising order of time. The last candle is still open and is left out.

    A gap ends the series: only the candles after the last gap are given, so that returns are of equal spans.
    """
    closes: list[float] = []
    opened: float | None = None
    for number, row in enumerate(whole(raw, list[list[Loose]], venue, "markPriceKlines")):
        start, close = optional(row[0] if row else None), optional_positive(row[4] if len(row) > 4 else None)
        if start is None or close is None:
            if problems is not None:
                problems.append(RowProblem(f"row {number}", "no time or no closing price", str(row)[:SHOWN]))
            continue
        if start / 1000.0 + interval_seconds > at:
            continue
        if opened is not None and abs(start / 1000.0 - opened - interval_seconds) > 1e-3:
            closes.clear()
        opened = start / 1000.0
        closes.append(close)
    return CandlesLoaded(venue, symbol, tuple(closes), interval_seconds, at)


_TRANSFERS = ("enableInternalTransfer", "permitsUniversalTransfer")
_READS = ("enableReading", "enableFixReadOnly")


def permissions(raw: bytes | str, account: AccountKey, received: float) -> PermissionsRead:
    """apiRestrictions: what the key may do. Every permission that is not known to only read counts as trading."""
    said = whole(raw, dict[str, msgspec.Raw], account.venue, "apiRestrictions")
    flags: dict[str, bool] = {}
    for name, value in said.items():
        if name.startswith(("enable", "permits", "ipRestrict")):
            try:
                flags[name] = msgspec.json.decode(value, type=bool, strict=False)
            except msgspec.DecodeError:
                continue
    trading = [
        value for name, value in flags.items() if name not in (*_READS, *_TRANSFERS, "enableWithdrawals", "ipRestrict")
    ]
    transfers = [flags[name] for name in _TRANSFERS if name in flags]
    if not flags:
        raise MalformedAnswer(account.venue, "apiRestrictions", "no permission is named in it")
    return PermissionsRead(
        account=account,
        permissions=Permissions(
            can_read=flags.get("enableReading"),
            can_trade=any(trading) if trading else None,
            can_withdraw=flags.get("enableWithdrawals"),
            can_transfer=any(transfers) if transfers else None,
            ip_restricted=flags.get("ipRestrict"),
            expires=_expiry(said),
        ),
        received=received,
    )


def _expiry(said: dict[str, msgspec.Raw]) -> float | None:
    raw = said.get("tradingAuthorityExpirationTime")
    if raw is None:
        return None
    try:
        return optional_seconds(msgspec.json.decode(raw, type=Loose, strict=False))
    except msgspec.DecodeError:
        return None
