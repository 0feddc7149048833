"""The channels of the unified account's push, with their short names. Part of the codec, and pure. Times are
nanoseconds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import msgspec

from monitor.domain.accounts import Order
from monitor.domain.events import BalanceChanged, Event, OrderChanged, PositionChanged, VenueWarning, WarningKind
from monitor.venues.fields import Loose, optional, word
from monitor.venues.kucoin import rows_unified
from monitor.venues.kucoin.codec_private import Context, Found, read
from monitor.venues.kucoin.rows import WalletRow, balance
from monitor.venues.kucoin.rows_unified import UnifiedPositionRow, instant

OF_UNIFIED = ".UNIFIED"  #: how a channel ends that tells of a unified account, and not of a wallet of futures
HINTS = frozenset({"lw", "orderAll"})
"""Channels after which the account is worth reading again."""


class _Position(msgspec.Struct, gc=False):
    s: str
    q: Loose = None
    eP: Loose = None
    mP: Loose = None
    iM: Loose = None
    lP: Loose = None
    mM: str | None = None
    pS: str | None = None
    mmr: Loose = None
    mtM: Loose = None
    uPL: Loose = None
    U: Loose = None


class _Balance(msgspec.Struct, gc=False):
    c: str
    a: Loose = None
    b: Loose = None
    e: Loose = None
    h: Loose = None
    cUP: Loose = None
    iOM: Loose = None
    iPM: Loose = None
    tCM: Loose = None
    U: Loose = None


class _Order(msgspec.Struct, gc=False):
    oi: str
    s: str
    rS: Loose = None
    eT: str | None = None
    U: Loose = None


class _Warning(msgspec.Struct, gc=False):
    eT: str | None = None
    r: Loose = None
    U: Loose = None


def _position(data: bytes, context: Context) -> Found:
    def made(row: _Position) -> tuple[Event, ...]:
        whole = rows_unified.position(
            UnifiedPositionRow(
                symbol=row.s,
                marginMode=row.mM,
                positionSide=row.pS,
                size=row.q,
                entryPrice=row.eP,
                markPrice=row.mP,
                unrealizedPnL=row.uPL,
                initialMargin=row.iM,
                maintenanceMargin=row.mtM,
                mmr=row.mmr,
                liquidationPrice=row.lP,
                updatedTime=row.U,
            )
        )
        at = instant(row.U) or context.at
        quantity = 0.0 if whole is None else whole.quantity
        changed = PositionChanged(
            account=context.account,
            symbol=row.s,
            side=whole.side if whole is not None and whole.hedge else None,
            quantity=quantity,
            entry_price=None if whole is None else whole.entry_price,
            margin_mode=None if whole is None else whole.margin_mode,
            isolated_wallet=None if whole is None else whole.isolated_wallet,
            venue_time=at,
            received=context.received,
            row=whole,
        )
        return (changed,)

    return read(data, _Position, made, "position")


def _balance(data: bytes, context: Context) -> Found:
    """A wallet of futures, in the words of the classic one; another kind of account says less, and nothing of what is
    owed in the same words: it is read over REST.
    """

    def made(row: _Balance) -> tuple[Event, ...]:
        if row.iPM is None or context.topic.endswith(OF_UNIFIED):
            return ()
        whole = balance(
            WalletRow(
                currency=row.c,
                walletBalance=row.b,
                availableBalance=row.a,
                holdBalance=row.h,
                equity=row.e,
                isolatedPosMargin=row.iPM,
                isolatedOrderMargin=row.iOM,
                crossUnPnl=row.cUP,
                totalCrossMargin=row.tCM,
            )
        )
        at = instant(row.U) or context.at
        changed = BalanceChanged(
            account=context.account,
            asset=whole.asset,
            wallet=whole.wallet,
            cross_wallet=whole.cross_wallet,
            venue_time=at,
            received=context.received,
            row=replace(whole, update_time=at),
        )
        return (changed,)

    return read(data, _Balance, made, "balance")


def _order(data: bytes, context: Context) -> Found:
    """An order that is gone is taken off at once; of one that rests the channel does not say enough to count it."""

    def made(row: _Order) -> tuple[Event, ...]:
        if optional(row.rS) != 0.0 and not (row.eT or "").upper().startswith("CANCEL"):
            return ()
        at = instant(row.U) or context.at
        gone = Order(id=word("oi", row.oi), symbol=row.s, quantity=0.0, price=None, update_time=at)
        return (OrderChanged(account=context.account, order=gone, venue_time=at, received=context.received),)

    return read(data, _Order, made, "order")


def _liquidation_warning(data: bytes, context: Context) -> Found:
    def made(row: _Warning) -> tuple[Event, ...]:
        ratio = optional(row.r)
        kind = WarningKind.MARGIN_CALL if "CALL" in (row.eT or "").upper() else WarningKind.LIQUIDATION
        said = "margin call" if kind is WarningKind.MARGIN_CALL else "liquidation"
        words = f"{said} of the account" + ("" if ratio is None else f" at a risk ratio of {ratio:.2%}")
        warning = VenueWarning(
            account=context.account,
            kind=kind,
            symbol=None,
            side=None,
            detail=words,
            venue_time=instant(row.U) or context.at,
            received=context.received,
        )
        return (warning,)

    return read(data, _Warning, made, "warning")


KINDS: dict[str, Callable[[bytes, Context], Found]] = {
    "positionAll": _position,
    "position": _position,
    "balance": _balance,
    "orderAll": _order,
    "lw": _liquidation_warning,
}
"""How each channel is read."""
