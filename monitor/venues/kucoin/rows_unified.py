"""Rows of the unified account: positions, orders, coins. Pure. Its times are nanoseconds in most places."""

from __future__ import annotations

import msgspec

from monitor.domain.accounts import Balance, MarginMode, Order, Position, VenuePosition
from monitor.domain.names import Side
from monitor.venues.fields import BadField, Loose, amount, finite, optional, optional_positive, word
from monitor.venues.kucoin.names import asset_of, contract_of
from monitor.venues.kucoin.rows import limit, printed

_MODES = {"CROSS": MarginMode.CROSS, "ISOLATED": MarginMode.ISOLATED}
_SIDES = {"LONG": Side.LONG, "SHORT": Side.SHORT}
_SIGNS = {"buy": 1.0, "sell": -1.0}
LOTS = "UNIT"  #: the word for lots; sizes are told in coins or money, too
# Powers of ten that tell a time in seconds, milliseconds, microseconds and nanoseconds apart until the year 5138.
_UNITS = ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3), (0.0, 1.0))


class UnifiedPositionRow(msgspec.Struct, gc=False):
    """A position. `size` counts lots, signed; no answer prints a liquidation price, only the stream does."""

    symbol: str
    marginMode: str | None = None
    positionSide: str | None = None
    size: Loose = None
    entryPrice: Loose = None
    markPrice: Loose = None
    positionValue: Loose = None
    leverage: Loose = None
    unrealizedPnL: Loose = None
    initialMargin: Loose = None
    maintenanceMargin: Loose = None
    mmr: Loose = None
    liquidationPrice: Loose = None
    updatedTime: Loose = None


class UnifiedOrderRow(msgspec.Struct, gc=False):
    """A resting order. `size` counts lots, unless `sizeUnit` says otherwise."""

    orderId: str
    symbol: str
    side: str = ""
    price: Loose = None
    size: Loose = None
    sizeUnit: str | None = None
    filledSize: Loose = None
    leverage: Loose = None
    positionSide: str | None = None
    reduceOnly: bool | None = None
    triggerPrice: Loose = None
    triggerOrderId: str | None = None
    marginMode: str | None = None
    updatedTime: Loose = None


class CoinRow(msgspec.Struct, gc=False):
    """One coin of the account. `liability` is what is owed of it."""

    currency: str
    balance: Loose = None
    equity: Loose = None
    available: Loose = None
    hold: Loose = None
    liability: Loose = None


def instant(value: Loose) -> float | None:
    """A time in seconds since 1970, in whatever unit it is written; None for none and for 0, which means «never»."""
    number = optional_positive(value)
    if number is None:
        return None
    return number / next(unit for floor, unit in _UNITS if number >= floor)


def position(row: UnifiedPositionRow) -> Position | None:
    """A position whole; None for an empty row.

    No field says what it settles in: its name does, for the price of that coin is needed though none of it is held. The
    margin of an isolated position stands in no field: the liquidation price tells it, where one is printed, and
    its initial margin stands for it elsewhere.
    """
    symbol, lots = word("symbol", row.symbol), finite("size", row.size)
    leg = _SIDES.get(row.positionSide or "")
    if leg is Side.LONG and lots < 0.0:
        raise BadField("size and positionSide contradict each other")
    lots = -abs(lots) if leg is Side.SHORT else lots
    if not lots:
        return None
    mode, mark = _MODES.get((row.marginMode or "").upper()), optional_positive(row.markPrice)
    value, named = optional(row.positionValue), contract_of(symbol)
    rate, initial = optional_positive(row.mmr), optional(row.initialMargin)
    return Position(
        symbol=symbol,
        side=leg or (Side.LONG if lots > 0 else Side.SHORT),
        quantity=lots,
        entry_price=optional_positive(row.entryPrice),
        margin_mode=mode,
        hedge=leg is not None,
        margin_asset=None if named is None else named[2],
        isolated_wallet=initial if mode is MarginMode.ISOLATED else None,
        venue=VenuePosition(
            mark_price=mark,
            liquidation=printed(row.liquidationPrice, mark),
            notional=abs(value) if value else None,
            unrealized_pnl=optional(row.unrealizedPnL),
            maintenance_margin=optional(row.maintenanceMargin),
            initial_margin=initial,
        ),
        update_time=instant(row.updatedTime),
        leverage=optional_positive(row.leverage) if mode is MarginMode.CROSS else None,
        contracts=abs(lots),
        maintenance_rate=rate if rate is not None and rate < 1.0 else None,
    )


def order(row: UnifiedOrderRow) -> Order:
    """A resting order whole; quantity 0 where nothing of it is left. One that waits for a trigger has no price."""
    sign = _SIGNS.get(row.side.lower())
    if sign is None:
        raise BadField("side is neither buy nor sell")
    if row.sizeUnit and row.sizeUnit.upper() != LOTS:
        raise BadField("sizeUnit is not lots")
    left = max(0.0, finite("size", row.size) - (optional(row.filledSize) or 0.0))
    return Order(
        id=word("orderId", row.orderId),
        symbol=word("symbol", row.symbol),
        quantity=sign * left,
        price=None if optional_positive(row.triggerPrice) else limit(row.price),
        side=_SIDES.get(row.positionSide or ""),
        reduce_only=bool(row.reduceOnly),
        margin_mode=_MODES.get((row.marginMode or "CROSS").upper()),
        leverage=optional_positive(row.leverage),
        contracts=left,
        update_time=instant(row.updatedTime),
    )


def balance(row: CoinRow, update_time: float | None) -> Balance:
    """A coin whole. `wallet` is the balance as it is written: a debt in the coin is not yet taken off.

    BadField where what is owed is no number: a debt that cannot be read is not taken for none.
    """
    wallet = finite("balance", row.balance)
    return Balance(
        asset=asset_of(word("currency", row.currency)),
        wallet=wallet,
        cross_wallet=wallet,
        borrowed=abs(amount(row.liability)),
        venue_equity=optional(row.equity),
        available=optional(row.available),
        frozen=optional(row.hold),
        update_time=update_time,
    )
