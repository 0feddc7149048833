"""Rows that REST and the private stream write alike: positions, coins, orders. Pure.

Empty text, "0", null and absence are told apart here: see each field.
"""

from __future__ import annotations

import msgspec

from monitor.domain.accounts import Balance, Order, Position, VenuePosition
from monitor.domain.lines import NEVER, Line, State
from monitor.domain.names import Asset, Side, Symbol
from monitor.venues.bybit.coins import contract_of
from monitor.venues.fields import (
    BadField,
    Loose,
    amount,
    finite,
    optional,
    optional_positive,
    optional_seconds,
    without_dust,
    word,
)

DERIVATIVES = frozenset({"linear", "inverse", "option"})
NOT_IN_PORTFOLIO = "the venue prints no liquidation price in portfolio margin"

_SIDES = {0: None, 1: Side.LONG, 2: Side.SHORT}  #: of positionIdx: one-way, and the two legs of a hedge
_SIGNS = {"Buy": 1.0, "Sell": -1.0}
_GONE = frozenset({"Filled", "Cancelled", "Rejected", "Deactivated", "PartiallyFilledCanceled"})
_WAITING = "Untriggered"  #: a conditional order, which asks for nothing before its trigger


class PositionRow(msgspec.Struct, gc=False):
    """`avgPrice` in answers, `entryPrice` in pushes. In portfolio margin leverage, margins and liqPrice are ""."""

    symbol: str
    size: Loose = None
    side: str | None = None
    positionIdx: int | None = None
    category: str | None = None
    avgPrice: Loose = None
    entryPrice: Loose = None
    sessionAvgPrice: Loose = None
    markPrice: Loose = None
    liqPrice: Loose = None
    positionValue: Loose = None
    positionIM: Loose = None
    positionMM: Loose = None
    unrealisedPnl: Loose = None
    leverage: Loose = None
    riskId: Loose = None
    autoAddMargin: Loose = None
    adlRankIndicator: Loose = None
    positionStatus: str | None = None
    mmrSysUpdatedTime: Loose = None
    updatedTime: Loose = None


class CoinRow(msgspec.Struct, gc=False):
    """One coin of a wallet. An older answer has no `spotBorrow`: its wallet balance is net of what is borrowed."""

    coin: str
    walletBalance: Loose = None
    equity: Loose = None
    usdValue: Loose = None
    unrealisedPnl: Loose = None
    spotBorrow: Loose = None
    borrowAmount: Loose = None
    accruedInterest: Loose = None
    locked: Loose = None
    totalPositionMM: Loose = None
    totalPositionIM: Loose = None
    marginCollateral: bool | None = None
    collateralSwitch: bool | None = None


class OrderRow(msgspec.Struct, gc=False):
    """A resting order. `leavesQty` is "" or "0" of one that is gone."""

    orderId: str
    symbol: str
    side: str = ""
    category: str | None = None
    orderStatus: str = ""
    price: Loose = None
    qty: Loose = None
    leavesQty: Loose = None
    positionIdx: int | None = None
    reduceOnly: bool | None = None
    closeOnTrigger: bool | None = None
    updatedTime: Loose = None


def signed_size(row: PositionRow) -> tuple[Side | None, float]:
    """The hedge leg (None: one-way) and the signed quantity; BadField where side and leg contradict each other.

    An empty leg has size "0", and a side of "" or "None".
    """
    if row.positionIdx not in (None, 0, 1, 2):
        raise BadField("positionIdx is none of 0, 1, 2")
    leg = _SIDES[row.positionIdx or 0]
    size = finite("size", row.size)
    if size == 0.0:
        return leg, 0.0
    sign = _SIGNS.get(row.side or "")
    if sign is None or size < 0.0:
        raise BadField("a position without a side, or a size below zero")
    if leg is not None and (sign > 0) != (leg is Side.LONG):
        raise BadField("side and positionIdx contradict each other")
    return leg, sign * size


def entry_of(row: PositionRow, settle: Asset | None) -> float | None:
    """The price from which profit counts that is not yet in the wallet: in USDC contracts that of the session."""
    session = optional_positive(row.sessionAvgPrice) if settle == "USDC" else None
    return session or optional_positive(row.avgPrice) or optional_positive(row.entryPrice)


def position(row: PositionRow, category: str) -> Position | None:
    """A position whole; None for an empty row. Its margin mode is the account's, and stands in no row."""
    symbol = word("symbol", row.symbol)
    leg, quantity = signed_size(row)
    if not quantity:
        return None
    contract = contract_of(symbol, category)
    settle = None if contract is None else contract[2]
    mark, adl = optional_positive(row.markPrice), optional(row.adlRankIndicator)
    value = optional(row.positionValue)
    return Position(
        symbol=symbol,
        side=leg or (Side.LONG if quantity > 0 else Side.SHORT),
        quantity=quantity,
        entry_price=entry_of(row, settle),
        margin_mode=None,
        hedge=leg is not None,
        margin_asset=settle,
        venue=VenuePosition(
            mark_price=mark,
            liquidation=printed(row, mark),
            notional=None if value is None else abs(value),
            unrealized_pnl=optional(row.unrealisedPnl),
            maintenance_margin=optional(row.positionMM),
            initial_margin=optional(row.positionIM),
            adl=None if not adl else int(adl),
            value=mark * quantity if category == "option" and mark is not None else None,
        ),
        update_time=optional_seconds(row.updatedTime),
        leverage=optional_positive(row.leverage),
    )


def printed(row: PositionRow, mark: float | None) -> Line:
    """The venue's liquidation price. "": outside of the prices that the contract may have, or portfolio margin.

    "0" is what an empty leg has: beside a position it says nothing.
    """
    if row.liqPrice is None:
        return Line.unknown("not in the venue's answer")
    if row.liqPrice == "":
        in_portfolio = row.leverage == "" or optional(row.riskId) == 0.0
        return Line.unknown(NOT_IN_PORTFOLIO) if in_portfolio else NEVER
    price = optional_positive(row.liqPrice)
    if price is None:
        return Line.unknown("the venue's liquidation price is no price")
    return Line(State.AT, price, abs(price - mark) / mark if mark else None)


def balance(row: CoinRow, update_time: float | None = None) -> Balance:
    """A coin of the wallet: what it has, what of it is owed, and how it counts."""
    wallet = finite("walletBalance", row.walletBalance)
    borrowed = amount(row.spotBorrow)
    equity, profit, value = optional(row.equity), optional(row.unrealisedPnl), optional(row.usdValue)
    net = without_dust(wallet - borrowed, wallet)
    counts = (row.marginCollateral, row.collateralSwitch)
    return Balance(
        asset=word("coin", row.coin),
        wallet=wallet,
        cross_wallet=net,
        borrowed=max(borrowed, amount(row.borrowAmount)),
        interest=amount(row.accruedInterest),
        venue_cross_unrealized_pnl=profit,
        venue_maintenance_margin=optional(row.totalPositionMM),
        venue_initial_margin=optional(row.totalPositionIM),
        venue_equity=equity,
        venue_value_usd=value,
        collateral=False if False in counts else None if None in counts else True,
        frozen=optional(row.locked),
        option_value=None if equity is None or profit is None else equity - net - profit,
        price_usd=_price(equity, value),
        update_time=update_time,
    )


def _price(equity: float | None, value: float | None) -> float | None:
    """What one coin counted for in USD. Both figures are cut off at 8 decimals, so that dust tells no price."""
    if equity is None or value is None or abs(equity) < 1e-4 or abs(value) < 1e-2 or equity * value < 0.0:
        return None
    return value / equity


def order(row: OrderRow) -> Order:
    """A resting order whole, quantity 0 if it is gone; one that waits for its trigger has no price."""
    symbol, number = word("symbol", row.symbol), word("orderId", row.orderId)
    if row.positionIdx not in (None, 0, 1, 2):
        raise BadField("positionIdx is none of 0, 1, 2")
    waiting = row.orderStatus == _WAITING
    left = optional(row.qty if waiting and not optional(row.leavesQty) else row.leavesQty)
    if row.orderStatus in _GONE:
        left = 0.0
    if left is None or left < 0.0:
        raise BadField("leavesQty is no size")
    sign = _SIGNS.get(row.side)
    if sign is None and left:
        raise BadField("side is neither Buy nor Sell")
    return Order(
        id=number,
        symbol=symbol,
        quantity=(sign or 0.0) * left,
        price=None if waiting else optional_positive(row.price),
        side=_SIDES[row.positionIdx or 0],
        reduce_only=bool(row.reduceOnly) or bool(row.closeOnTrigger),
        update_time=optional_seconds(row.updatedTime),
    )


def settle_of(symbol: Symbol, category: str) -> Asset:
    """The asset in which a contract settles, as far as its name tells; "" where it does not."""
    contract = contract_of(symbol, category)
    return "" if contract is None else contract[2]
