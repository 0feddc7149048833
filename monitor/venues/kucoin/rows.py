"""Rows of futures that REST and the private stream write alike: positions, orders, wallets. Pure.

Numbers come as numbers or as text. Empty text, 0, null and absence are told apart here: see each field. An inverse long
has a negative `markValue` and `posCost`: amounts of value are taken without their sign, and `currentQty` alone says the
side.
"""

from __future__ import annotations

import math

import msgspec

from monitor.domain.accounts import Balance, MarginMode, Order, Position, VenuePosition
from monitor.domain.lines import NEVER, Line, State
from monitor.domain.names import Side
from monitor.venues.fields import BadField, Loose, finite, optional, optional_positive, optional_seconds, positive, word
from monitor.venues.kucoin.names import asset_of

_SIDES = {"LONG": Side.LONG, "SHORT": Side.SHORT}
_MODES = {"CROSS": MarginMode.CROSS, "ISOLATED": MarginMode.ISOLATED}
_SIGNS = {"buy": 1.0, "sell": -1.0}
_SAME = 1e-6  #: to which the parts of a margin must add up to it


class PositionRow(msgspec.Struct, gc=False):
    """A position of futures. `currentQty` counts lots, signed; a partial row, which only tells of a new mark, has none.

    `posMargin` is the isolated margin without profit (`maintMargin`, despite its name, the same with it), `posCross`
    what was added by hand, `posLoss` the funding paid from it, and `posMaint` the maintenance.
    """

    symbol: str | None = None
    crossMode: bool | None = None
    marginMode: str | None = None
    positionSide: str | None = None
    currentQty: Loose = None
    avgEntryPrice: Loose = None
    markPrice: Loose = None
    markValue: Loose = None
    posInit: Loose = None
    posCross: Loose = None
    posComm: Loose = None
    posLoss: Loose = None
    posMargin: Loose = None
    posMaint: Loose = None
    maintMarginReq: Loose = None
    maintainMargin: Loose = None
    unrealisedPnl: Loose = None
    liquidationPrice: Loose = None
    settleCurrency: str | None = None
    leverage: Loose = None
    autoDeposit: bool | None = None
    currentTimestamp: Loose = None
    changeReason: str | None = None


class OrderRow(msgspec.Struct, gc=False):
    """A resting order. `size` counts lots, `value` what they are worth in the settlement currency; of what is filled
    REST says `filledSize` or, older, `dealSize`.
    """

    id: str | None = None
    orderId: str | None = None
    symbol: str = ""
    side: str = ""
    price: Loose = None
    size: Loose = None
    value: Loose = None
    filledSize: Loose = None
    dealSize: Loose = None
    leverage: Loose = None
    marginMode: str | None = None
    positionSide: str | None = None
    reduceOnly: bool | None = None
    closeOrder: bool | None = None
    stop: str | None = None
    stopTriggered: bool | None = None
    settleCurrency: str | None = None
    updatedAt: Loose = None


class WalletRow(msgspec.Struct, gc=False):
    """One currency's wallet as the stream tells it. `version` says nothing: availability changes under the same one."""

    currency: str
    walletBalance: Loose = None
    availableBalance: Loose = None
    holdBalance: Loose = None
    equity: Loose = None
    isolatedPosMargin: Loose = None
    isolatedOrderMargin: Loose = None
    crossUnPnl: Loose = None
    totalCrossMargin: Loose = None
    timestamp: Loose = None


def margin_mode(mode: str | None, cross: bool | None) -> MarginMode | None:
    """Cross or isolated; None where neither field says it, or they contradict each other."""
    by_word = _MODES.get((mode or "").upper())
    by_flag = None if cross is None else MarginMode.CROSS if cross else MarginMode.ISOLATED
    if by_word is None:
        return None if mode else by_flag
    return by_word if by_flag in (None, by_word) else None


def leg_and_quantity(row: PositionRow) -> tuple[Side | None, float]:
    """The hedge leg (None: one-way) and the signed lots; BadField where a long leg holds less than nothing.

    Whether a short leg's lots are written with a sign is not documented: either is read.
    """
    side = row.positionSide or "BOTH"
    leg = _SIDES.get(side)
    if leg is None and side != "BOTH":
        raise BadField("positionSide is none of BOTH, LONG, SHORT")
    lots = finite("currentQty", row.currentQty)
    if leg is Side.LONG and lots < 0.0:
        raise BadField("currentQty and positionSide contradict each other")
    return leg, -abs(lots) if leg is Side.SHORT else lots


def frozen_fee(row: PositionRow) -> float:
    """The closing fee that an isolated margin holds frozen, as it did before 2025-05-22; 0 where it holds none.

    The parts tell: initial and added margin less funding paid, with the fee or without, make up the margin.
    """
    parts = [optional(one) for one in (row.posInit, row.posCross, row.posLoss, row.posComm)]
    margin = optional(row.posMargin)
    if margin is None or None in parts:
        return 0.0
    initial, added, paid, fee = (one or 0.0 for one in parts)
    with_fee = math.isclose(margin, initial + added - paid + fee, rel_tol=_SAME)
    without = math.isclose(margin, initial + added - paid, rel_tol=_SAME)
    return fee if with_fee and not without else 0.0


def position(row: PositionRow) -> Position | None:
    """A position whole; None for an empty row. BadField if it lacks what it cannot do without.

    `isolated_wallet` and the maintenance beside it are without the fee that older rows hold frozen in both: the two
    differ by the same amount, and bankruptcy is where the margin without it is gone.
    """
    symbol, (leg, lots) = word("symbol", row.symbol), leg_and_quantity(row)
    if not lots:
        return None
    mode = margin_mode(row.marginMode, row.crossMode)
    isolated, mark = mode is MarginMode.ISOLATED, optional_positive(row.markPrice)
    fee = frozen_fee(row) if isolated else 0.0
    margin, maintenance, value = optional(row.posMargin), optional(row.posMaint), optional(row.markValue)
    return Position(
        symbol=symbol,
        side=leg or (Side.LONG if lots > 0 else Side.SHORT),
        quantity=lots,
        entry_price=optional_positive(row.avgEntryPrice),
        margin_mode=mode,
        hedge=leg is not None,
        margin_asset=asset_of(row.settleCurrency) if row.settleCurrency else None,
        isolated_wallet=margin - fee if isolated and margin is not None else None,
        venue=VenuePosition(
            mark_price=mark,
            liquidation=printed(row.liquidationPrice, mark),
            notional=None if value is None else abs(value),
            unrealized_pnl=optional(row.unrealisedPnl),
            maintenance_margin=None if maintenance is None else maintenance - fee,
            initial_margin=optional(row.posInit) if isolated else margin,
        ),
        update_time=optional_seconds(row.currentTimestamp),
        # In isolated margin it is what the margin has come to, and moves with it.
        leverage=None if isolated else optional_positive(row.leverage),
        contracts=abs(lots),
        maintenance_rate=_rate(row),
    )


def _rate(row: PositionRow) -> float | None:
    """The rate of the level that the user chose, or of the size. A `maintainMargin` beside it has been another."""
    rate = optional_positive(row.maintMarginReq) or optional_positive(row.maintainMargin)
    return rate if rate is not None and rate < 1.0 else None


def printed(price: Loose, mark: float | None) -> Line:
    """The venue's liquidation price. 0 and less: it prints none; "", null and absence: it does not say.

    A short without one is given the highest price that the contract may have, which only its instrument tells.
    """
    number = optional(price)
    if number is None:
        return Line.unknown("not in the venue's answer")
    if number <= 0.0:
        return NEVER
    return Line(State.AT, number, abs(number - mark) / mark if mark else None)


def limit(price: Loose) -> float | None:
    """An order's price; None where it has none. BadField for what is no number: an order that cannot be read is not
    taken for one that waits.
    """
    return None if price is None or price == "" or not finite("price", price) else positive("price", price)


def order(row: OrderRow) -> Order:
    """A resting order whole; quantity 0 where nothing of it is left. BadField if it lacks what it cannot do without."""
    sign = _SIGNS.get(row.side.lower())
    if sign is None:
        raise BadField("side is neither buy nor sell")
    filled = row.filledSize if row.filledSize is not None else row.dealSize
    left = max(0.0, finite("size", row.size) - (optional(filled) or 0.0))
    waits = bool(row.stop) and row.stopTriggered is False
    return Order(
        id=word("id", row.id or row.orderId),
        symbol=word("symbol", row.symbol),
        quantity=sign * left,
        price=None if waits else limit(row.price),
        side=_SIDES.get(row.positionSide or ""),
        reduce_only=bool(row.reduceOnly) or bool(row.closeOrder),
        margin_mode=_MODES.get((row.marginMode or "").upper()),
        margin_asset=asset_of(row.settleCurrency) if row.settleCurrency else None,
        leverage=optional_positive(row.leverage),
        contracts=left,
        update_time=optional_seconds(row.updatedAt),
    )


def balance(row: WalletRow) -> Balance:
    """A wallet whole. What backs cross positions is the wallet less what isolated positions and orders hold, and less
    what is held back; BadField where one of these is not there.
    """
    wallet = finite("walletBalance", row.walletBalance)
    taken = sum(
        finite(name, value)
        for name, value in (
            ("isolatedPosMargin", row.isolatedPosMargin),
            ("isolatedOrderMargin", row.isolatedOrderMargin),
            ("holdBalance", row.holdBalance),
        )
    )
    return Balance(
        asset=asset_of(word("currency", row.currency)),
        wallet=wallet,
        cross_wallet=wallet - taken,
        venue_cross_unrealized_pnl=optional(row.crossUnPnl),
        venue_margin_balance=optional(row.totalCrossMargin),
        venue_equity=optional(row.equity),
        available=optional(row.availableBalance),
        frozen=optional(row.holdBalance),
        update_time=optional_seconds(row.timestamp),
    )
