"""The events of a private socket: what changed in an account. Part of the codec, and pure.

`position` and `wallet` are pushed after orders, fills and settings, and never because a price moved.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import msgspec

from monitor.domain.events import (
    BalanceChanged,
    Event,
    OrderChanged,
    PositionChanged,
    VenueWarning,
    WarningKind,
)
from monitor.domain.frames import RowProblem
from monitor.domain.names import AccountKey, Side
from monitor.venues.bybit import cash
from monitor.venues.bybit.state_rows import (
    DERIVATIVES,
    CoinRow,
    OrderRow,
    PositionRow,
    balance,
    entry_of,
    order,
    position,
    settle_of,
    signed_size,
)
from monitor.venues.fields import BadField, optional_positive, optional_seconds, word
from monitor.venues.rows import each

Found = tuple[tuple[Event, ...], tuple[RowProblem, ...]]
Row = TypeVar("Row", bound=msgspec.Struct)
_SHOWN = 40

_FORCED = {
    "Liq": (WarningKind.LIQUIDATION, "liquidation: the venue is taking over"),
    "Adl": (WarningKind.ADL, "auto-deleveraging: the venue is closing"),
}
_CANCELLED = {
    "CancelByPrepareLiq": "an order was cancelled to avoid liquidation",
    "CancelAllBeforeLiq": "all orders were cancelled before liquidation",
}


class _Account(msgspec.Struct, gc=False):
    coin: list[msgspec.Raw] = []
    accountType: str | None = None


class _OrderPush(OrderRow, gc=False):
    cancelType: str | None = None


def _rows(data: bytes, kind: type[Row], make: Callable[[Row], tuple[Event, ...]], what: str) -> Found:
    problems: list[RowProblem] = []
    raws = msgspec.json.decode(data, type=list[msgspec.Raw])
    found = each(raws, kind, make, what, problems)
    # What a row holds stays out of problems: rows of private frames are an account's own.
    bare = tuple(RowProblem(one.row, one.why) for one in problems)
    return tuple(event for events in found for event in events), bare


def _position(data: bytes, category: str | None, account: AccountKey, at: float, received: float) -> Found:
    def made(row: PositionRow) -> tuple[Event, ...]:
        kind = _category(row.category or category)
        symbol, (side, quantity) = word("symbol", row.symbol), signed_size(row)
        whole = position(row, kind)
        changed_at = optional_seconds(row.updatedTime) or at
        settle = settle_of(symbol, kind) or None
        event = PositionChanged(
            account=account,
            symbol=symbol,
            side=side,
            quantity=quantity,
            entry_price=entry_of(row, settle) if quantity else None,
            margin_mode=None,
            isolated_wallet=None,
            venue_time=changed_at,
            received=received,
            margin_asset=settle,
            row=whole,
        )
        forced = _FORCED.get(row.positionStatus or "")
        if forced is None:
            return (event,)
        shown = side or (None if not quantity else Side.LONG if quantity > 0 else Side.SHORT)
        words = f"{forced[1]} {symbol[:_SHOWN]}" + ("" if shown is None else f" {shown}")
        warning = VenueWarning(
            account=account,
            kind=forced[0],
            symbol=symbol,
            side=shown,
            detail=words,
            venue_time=changed_at,
            received=received,
        )
        return event, warning

    return _rows(data, PositionRow, made, "position")


def _wallet(data: bytes, _: str | None, account: AccountKey, at: float, received: float) -> Found:
    problems: list[RowProblem] = []
    events: list[Event] = []

    def made(row: CoinRow) -> BalanceChanged:
        whole = balance(row, at)
        return BalanceChanged(
            account=account,
            asset=whole.asset,
            wallet=whole.wallet,
            cross_wallet=whole.cross_wallet,
            venue_time=at,
            received=received,
            row=whole,
        )

    for one in msgspec.json.decode(data, type=list[_Account]):
        events += each(one.coin, CoinRow, made, "coin", problems)
    return tuple(events), tuple(RowProblem(one.row, one.why) for one in problems)


def _order(data: bytes, category: str | None, account: AccountKey, at: float, received: float) -> Found:
    def made(row: _OrderPush) -> tuple[Event, ...]:
        if _category(row.category or category) not in DERIVATIVES:
            return ()
        whole = order(row)
        changed_at = whole.update_time or at
        event = OrderChanged(account=account, order=whole, venue_time=changed_at, received=received)
        cause = _CANCELLED.get(row.cancelType or "")
        if cause is None:
            return (event,)
        warning = VenueWarning(
            account=account,
            kind=WarningKind.MARGIN_CALL,
            symbol=whole.symbol,
            side=whole.side,
            detail=cause,
            venue_time=changed_at,
            received=received,
        )
        return event, warning

    return _rows(data, _OrderPush, made, "order")


_EXECUTED = {
    "BustTrade": (WarningKind.LIQUIDATION, "liquidation"),
    "AdlTrade": (WarningKind.ADL, "auto-deleveraging"),
    "Delivery": (WarningKind.SETTLEMENT, "delivery"),
    "Settle": (WarningKind.SETTLEMENT, "settlement of a contract that is delisted"),
}


def _execution(data: bytes, category: str | None, account: AccountKey, at: float, received: float) -> Found:
    def made(row: cash.FillRow) -> tuple[Event, ...]:
        kind = _category(row.category or category)
        happened = optional_seconds(row.execTime) or at
        flows = cash.of_fill(row, kind, account, happened, received)
        forced = _EXECUTED.get(row.execType)
        if forced is None:
            return flows
        # A sale closes a long.
        side = {"Sell": Side.LONG, "Buy": Side.SHORT}.get(row.side)
        size, price = optional_positive(row.execQty), optional_positive(row.execPrice)
        words = f"{forced[1]}: the venue closes" + ("" if size is None else f" {size:g}")
        words += f" {row.symbol[:_SHOWN]}" + ("" if side is None else f" {side}")
        words += "" if price is None else f" at {price:g}"
        warning = VenueWarning(
            account=account,
            kind=forced[0],
            symbol=row.symbol,
            side=side,
            detail=words,
            venue_time=happened,
            received=received,
        )
        return warning, *flows

    return _rows(data, cash.FillRow, made, "execution")


def _category(category: str | None) -> str:
    if not category:
        raise BadField("nothing tells linear from inverse")
    return category


SAY_NOTHING = frozenset({"greeks", "dcp"})
"""Private topics that are known and of which nothing is kept: greeks follow from marks of options."""

KINDS: dict[str, Callable[[bytes, str | None, AccountKey, float, float], Found]] = {
    "position": _position,
    "wallet": _wallet,
    "order": _order,
    "execution": _execution,
}
