"""The events of a classic account's topics: what changed in it. Part of the codec, and pure.

`position.change` comes in two shapes: the whole row when something was done, and a few fields when the mark moved. The
second tells nothing of what is held: it gives a mark, never a position, so that it can neither replace what is known
nor make a reading look old. Wallets are told whole, and again under the same version.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from monitor.domain.accounts import Order
from monitor.domain.events import (
    BalanceChanged,
    ConfigChanged,
    Event,
    OrderChanged,
    PositionChanged,
    Tick,
    VenueWarning,
    WarningKind,
)
from monitor.domain.frames import RowProblem
from monitor.domain.names import AccountKey, Side, Symbol
from monitor.venues.fields import BadField, Loose, optional, optional_positive, word
from monitor.venues.kucoin.endpoints import (
    CROSS_LEVERAGE_TOPIC,
    DEBT_TOPIC,
    ISOLATED_TOPIC,
    MARGIN_MODE_TOPIC,
    ORDERS_TOPIC,
    WALLET_TOPIC,
)
from monitor.venues.kucoin.rows import PositionRow, WalletRow, balance, leg_and_quantity, position
from monitor.venues.kucoin.rows_unified import instant

Found = tuple[tuple[Event, ...], tuple[RowProblem, ...]]
Made = Callable[[], tuple[Event, ...]]
POSITION = "/contract/position"  #: of one symbol behind a colon, or «All»

_SHOWN = 60
_FORCED = {
    "liquidation": (WarningKind.LIQUIDATION, "liquidation: the venue is taking over"),
    "adl": (WarningKind.ADL, "auto-deleveraging: the venue is closing"),
}
_GONE = frozenset({"done", "match-done"})
_SEIZED = frozenset({"FROZEN_FL", "LIQUIDATION", "IN_LIQUIDATION", "BANKRUPTCY", "FORCE_LIQUIDATION"})


@dataclass(frozen=True, slots=True)
class Context:
    """Where a frame came from: its topic, whose it is, when the venue made it and when we had it."""

    topic: str
    account: AccountKey
    at: float
    received: float


class _Order(msgspec.Struct, gc=False):
    orderId: str
    symbol: str
    status: str = ""
    type: str = ""
    remainSize: Loose = None
    ts: Loose = None


class _Leverage(msgspec.Struct, gc=False):
    leverage: Loose = None


class _Status(msgspec.Struct, gc=False):
    type: str | None = None
    status: str | None = None
    statusBizType: str | None = None
    tag: str | None = None


class _RiskLimit(msgspec.Struct, gc=False):
    riskLimitLevel: Loose = None


def kind_of(topic: str) -> str:
    """A topic without what stands behind its colon; both topics of positions are one kind."""
    head = topic.partition(":")[0]
    return POSITION if head == POSITION + "All" else head


def read(data: bytes, kind: Any, make: Callable[..., tuple[Event, ...]], what: str) -> Found:
    """What `make` gives for the data as `kind` (a type that msgspec knows); a problem where it cannot be read."""
    try:
        return make(msgspec.json.decode(data, type=kind, strict=False)), ()
    except (ValueError, OverflowError, RecursionError) as error:
        # What the row holds stays out of it: rows of private frames are an account's own.
        why = "not UTF-8" if isinstance(error, UnicodeError) else str(error)[:200]
        return (), (RowProblem(what, why),)


def _position(data: bytes, context: Context) -> Found:
    def made(row: PositionRow) -> tuple[Event, ...]:
        symbol = row.symbol or context.topic.partition(":")[2]
        if row.currentQty is None:
            return _marked(row, symbol, context)
        row.symbol = word("symbol", symbol)
        leg, lots = leg_and_quantity(row)
        whole, at = position(row), instant(row.currentTimestamp) or context.at
        changed = PositionChanged(
            account=context.account,
            symbol=symbol,
            side=leg,
            quantity=lots,
            entry_price=None if whole is None else whole.entry_price,
            margin_mode=None if whole is None else whole.margin_mode,
            isolated_wallet=None if whole is None else whole.isolated_wallet,
            venue_time=at,
            received=context.received,
            margin_asset=None if whole is None else whole.margin_asset,
            row=whole,
        )
        forced = _FORCED.get((row.changeReason or "").lower())
        if forced is None:
            return (changed,)
        side = leg or (None if not lots else Side.LONG if lots > 0 else Side.SHORT)
        words = f"{forced[1]} {symbol[:_SHOWN]}" + ("" if side is None else f" {side}")
        return changed, _warning(context, forced[0], words, at, symbol, side)

    return read(data, PositionRow, made, "position")


def _marked(row: PositionRow, symbol: Symbol, context: Context) -> tuple[Event, ...]:
    """What a partial row says: the mark, where anything tells of which contract."""
    mark = optional_positive(row.markPrice)
    if mark is None:
        raise BadField("neither currentQty nor markPrice is in it")
    if not symbol:
        return ()
    at = instant(row.currentTimestamp) or context.at
    return (Tick(context.account.venue, symbol, mark, at, context.received),)


def _warning(
    context: Context, kind: WarningKind, words: str, at: float, symbol: Symbol | None = None, side: Side | None = None
) -> VenueWarning:
    return VenueWarning(
        account=context.account,
        kind=kind,
        symbol=symbol,
        side=side,
        detail=words,
        venue_time=at,
        received=context.received,
    )


def _wallet(data: bytes, context: Context) -> Found:
    def made(row: WalletRow) -> tuple[Event, ...]:
        whole = balance(row)
        changed = BalanceChanged(
            account=context.account,
            asset=whole.asset,
            wallet=whole.wallet,
            cross_wallet=whole.cross_wallet,
            venue_time=whole.update_time or context.at,
            received=context.received,
            row=whole,
        )
        return (changed,)

    return read(data, WalletRow, made, "wallet")


def _order(data: bytes, context: Context) -> Found:
    """Orders that are gone are taken off at once; of one that rests the frame does not say enough to count it."""

    def made(row: _Order) -> tuple[Event, ...]:
        left = optional(row.remainSize)
        if row.status not in _GONE and left != 0.0:
            return ()
        at = instant(row.ts) or context.at
        gone = Order(id=word("orderId", row.orderId), symbol=row.symbol, quantity=0.0, price=None, update_time=at)
        return (OrderChanged(account=context.account, order=gone, venue_time=at, received=context.received),)

    return read(data, _Order, made, "order")


def _margin_mode(data: bytes, context: Context) -> Found:
    def made(symbols: dict[str, str]) -> tuple[Event, ...]:
        return tuple(_config(context, symbol, None) for symbol in symbols)

    return read(data, dict[str, str], made, "margin mode")


def _leverage(data: bytes, context: Context) -> Found:
    def made(symbols: dict[str, _Leverage]) -> tuple[Event, ...]:
        return tuple(_config(context, symbol, optional_positive(row.leverage)) for symbol, row in symbols.items())

    return read(data, dict[str, _Leverage], made, "leverage")


def _config(context: Context, symbol: Symbol, leverage: float | None) -> ConfigChanged:
    return ConfigChanged(
        account=context.account,
        venue_time=context.at,
        received=context.received,
        symbol=symbol,
        leverage=leverage,
    )


def _risk_limit(data: bytes, context: Context) -> Found:
    """The user chose another level: its rate stands in the positions, which are read again."""
    symbol = context.topic.partition(":")[2]
    return read(data, _RiskLimit, lambda _: (_config(context, symbol, None),) if symbol else (), "risk limit")


def _status(data: bytes, context: Context) -> Found:
    def made(row: _Status) -> tuple[Event, ...]:
        said = {word for word in (row.type, row.status, row.statusBizType) if word}
        if not said & _SEIZED:
            return ()
        pair = row.tag or context.topic.partition(":")[2]
        words = f"liquidation of the loans{' of ' + pair[:_SHOWN] if pair else ''}: the venue is taking over"
        return (_warning(context, WarningKind.LIQUIDATION, words, context.at, pair or None),)

    return read(data, _Status, made, "status")


def _nothing(data: bytes, context: Context) -> Found:  # noqa: ARG001  # the shape that all readers have
    return (), ()


KINDS: dict[tuple[str, str], Callable[[bytes, Context], Found]] = {
    (POSITION, "position.change"): _position,
    (POSITION, "position.settlement"): _nothing,
    (POSITION, "position.adjustRiskLimit"): _risk_limit,
    (WALLET_TOPIC, "walletBalance.change"): _wallet,
    (WALLET_TOPIC, "availableBalance.change"): _nothing,
    (WALLET_TOPIC, "orderMargin.change"): _nothing,
    (WALLET_TOPIC, "withdrawHold.change"): _nothing,
    (MARGIN_MODE_TOPIC, "user.config"): _margin_mode,
    (CROSS_LEVERAGE_TOPIC, "user.config"): _leverage,
    (ORDERS_TOPIC, "orderChange"): _order,
    (ORDERS_TOPIC, "symbolOrderChange"): _order,
    (DEBT_TOPIC, "debt.ratio"): _status,
    (DEBT_TOPIC, "position.status"): _status,
    (ISOLATED_TOPIC.rstrip(":"), "positionChange"): _status,
}
"""How each subject of each kind of topic is read."""

SAY_NOTHING = frozenset({("/contractMarket/advancedOrders", "stopOrder")})
"""What is known and of which nothing is kept: an order that waits for its trigger backs and asks for nothing."""

HINTS = frozenset(
    {
        "position.settlement",
        "position.adjustRiskLimit",
        "availableBalance.change",
        "orderMargin.change",
        "withdrawHold.change",
        "user.config",
        "orderChange",
        "symbolOrderChange",
        "debt.ratio",
        "position.status",
        "positionChange",
    }
)
"""Names of frames after which the account is worth reading again."""
