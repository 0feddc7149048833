"""Rows of positions, wallets and orders as KuCoin prints them: in answers rounded, on sockets not."""

from __future__ import annotations

import math
from typing import Any

from monitor.sim.kucoin.board import Prices
from monitor.sim.kucoin.futures import Account, Isolated, Lines, rate_of
from monitor.sim.kucoin.holdings import BOTH, CROSS, ISOLATED, Order, Position
from monitor.sim.kucoin.listing import TOP_PRICE
from monitor.sim.kucoin.text import amount, currency, plain, stepped

Row = dict[str, Any]
LOWEST = 0.0  #: printed where a long is liquidated at no price


def position_row(account: Account, position: Position, *, pushed: bool, now_ms: int) -> Row:
    """A position whole: of an answer, or (`pushed`) of a `position.change`."""
    prices, mark = account.prices, account.prices.mark(position.symbol)
    row: Row = {
        "id": position.id,
        "symbol": position.symbol,
        "crossMode": not position.isolated,
        "delevPercentage": 0.5,
        "openingTimestamp": position.opened_ms,
        "currentTimestamp": now_ms,
        "currentQty": _lots(position.lots),
        "currentCost": amount(position.cost),
        "currentComm": amount(position.commission),
        "unrealisedCost": amount(position.cost),
        "realisedGrossCost": 0.0,
        "realisedCost": amount(position.commission),
        "isOpen": bool(position.lots),
        "markPrice": mark,
        "markValue": amount(position.worth(mark)),
        "posCost": amount(position.cost),
        "realisedGrossPnl": amount(position.realised + position.commission),
        "realisedPnl": amount(position.realised),
        **_profits(position, mark),
        "avgEntryPrice": position.entry if pushed else amount(position.entry),
        "settleCurrency": currency(position.spec.settle),
        "isInverse": position.spec.inverse,
        "marginMode": position.mode,
        "positionSide": position.side,
    }
    if not position.lots:
        row |= {"posInit": 0.0, "posMargin": 0.0, "posMaint": 0.0, "liquidationPrice": 0.0, "bankruptPrice": 0.0}
        row |= {"leverage": position.leverage}
        return row
    if position.isolated:
        row |= _isolated(position, prices, pushed=pushed)
        lines = Isolated(position, prices).lines
    else:
        row |= _cross(position, mark)
        lines = account.lines(position)
    return row | _printed(position, lines, pushed=pushed)


def _lots(lots: float) -> int | float:
    return int(lots) if lots == int(lots) else lots


def _profits(position: Position, mark: float) -> Row:
    profit, cost = position.profit(mark), abs(position.cost)
    share = profit / cost if cost else 0.0
    return {
        "unrealisedPnl": amount(profit),
        "unrealisedPnlPcnt": round(share, 4),
        "unrealisedRoePcnt": round(share * position.leverage, 4),
    }


def _isolated(position: Position, prices: Prices, *, pushed: bool) -> Row:
    found = Isolated(position, prices)
    leverage = real_leverage(position, found.mark, pushed=pushed)
    return {
        "autoDeposit": position.auto_deposit,
        "maintMarginReq": found.rate,
        "maintainMargin": found.rate,
        "riskLimit": position.spec.level(position.level).most,
        "riskLimitLevel": position.level,
        "realLeverage": leverage,
        "leverage": leverage,
        "posInit": amount(position.initial),
        "posCross": amount(position.added),
        "posCrossMargin": 0,
        "posComm": 0.0,
        "posCommCommon": 0.0,
        "posLoss": amount(position.funding_paid),
        "posFunding": amount(position.added - position.funding_paid),
        "posMargin": amount(position.margin),
        "posMaint": amount(found.maintenance),
        "maintMargin": amount(found.margin),
    }


def real_leverage(position: Position, mark: float, *, pushed: bool) -> float:
    """What the position is worth over the margin that it has now; 0 where it has none left."""
    left = position.margin + position.profit(mark)
    return round(abs(position.worth(mark)) / left, 10 if pushed else 2) if left > 0.0 else 0.0


def _cross(position: Position, mark: float) -> Row:
    rate = rate_of(position.spec, position.lots)
    return {
        "maintMarginReq": round(rate, 10),
        "maintainMargin": round(rate, 10),
        "leverage": position.leverage,
        "posInit": amount(abs(position.cost) / position.leverage),
        "posMargin": amount(abs(position.worth(mark)) / position.leverage),
        "posMaint": amount(position.requirement(mark, rate)),
    }


def _printed(position: Position, lines: Lines, *, pushed: bool) -> Row:
    """Both prices: a long's are rounded up in answers, a short's down; nowhere is 0 or the highest price there is."""

    def one(price: float) -> float:
        if math.isinf(price) or price > TOP_PRICE:
            return TOP_PRICE
        if price <= 0.0:
            return LOWEST
        return round(price, 12) if pushed else stepped(price, position.spec.mark_tick, up=position.sign > 0.0)

    return {"liquidationPrice": one(lines.liquidation), "bankruptPrice": one(lines.bankruptcy)}


def mark_move(position: Position, prices: Prices, now_ms: int) -> Row:
    """The part of a position that a moved mark changes; it does not say of which contract."""
    mark = prices.mark(position.symbol)
    row: Row = {
        "markPrice": mark,
        "markValue": amount(position.worth(mark)),
        **_profits(position, mark),
        "delevPercentage": 0.5,
        "currentTimestamp": now_ms,
        "settleCurrency": currency(position.spec.settle),
        "changeReason": "markPriceChange",
    }
    if position.isolated:
        row["maintMargin"] = amount(Isolated(position, prices).margin)
        row["realLeverage"] = real_leverage(position, mark, pushed=True)
    if position.side != BOTH:
        row["positionSide"] = position.side
    return row


def overview_row(account: Account) -> Row:
    """One settlement coin of account-overview."""
    orders = account.order_margin(ISOLATED) + account.order_margin(CROSS)
    positions = account.equity - orders - account.hold - account.available
    return {
        "accountEquity": amount(account.equity),
        "unrealisedPNL": amount(account.cross_profit + account.isolated_profit),
        "marginBalance": amount(account.wallet),
        "positionMargin": amount(positions),
        "orderMargin": amount(orders),
        "frozenFunds": amount(account.hold),
        "availableBalance": amount(account.available),
        "currency": currency(account.coin),
        "riskRatio": amount(min(account.risk_ratio, 9_999.0)),
        "maxWithdrawAmount": amount(account.available),
        "availableMargin": amount(account.available),
    }


def wallet_row(account: Account, version: int, now_ms: int) -> Row:
    """A `walletBalance.change`: strings all of them."""
    figures = {
        "walletBalance": account.wallet,
        "availableBalance": account.available,
        "holdBalance": account.hold,
        "isolatedOrderMargin": account.order_margin(ISOLATED),
        "isolatedPosMargin": account.isolated_margin,
        "isolatedUnPnl": account.isolated_profit,
        "isolatedFundingFeeMargin": account.isolated_funding,
        "crossOrderMargin": account.order_margin(CROSS),
        "crossPosMargin": account.cross_initial,
        "crossUnPnl": account.cross_profit,
        "equity": account.equity,
        "totalCrossMargin": account.total_cross,
    }
    row = {name: plain(value) for name, value in figures.items()}
    return row | {"currency": currency(account.coin), "version": str(version), "timestamp": str(now_ms)}


def order_row(order: Order) -> Row:
    """A row of the list of active orders."""
    now_ns = order.created_ms * 1_000_000
    return {
        "id": order.id,
        "symbol": order.symbol,
        "type": "limit",
        "side": "buy" if order.lots > 0.0 else "sell",
        "price": plain(order.price),
        "size": _lots(abs(order.lots)),
        "value": plain(order.worth(order.price)),
        "dealValue": "0",
        "dealSize": 0,
        "stp": "",
        "stop": "",
        "stopPriceType": "",
        "stopTriggered": False,
        "stopPrice": None,
        "timeInForce": "GTC",
        "postOnly": False,
        "hidden": False,
        "iceberg": False,
        "leverage": plain(order.leverage),
        "forceHold": False,
        "closeOrder": False,
        "visibleSize": None,
        "clientOid": "",
        "remark": None,
        "tags": None,
        "isActive": True,
        "cancelExist": False,
        "createdAt": order.created_ms,
        "updatedAt": order.created_ms,
        "endAt": None,
        "orderTime": now_ns,
        "settleCurrency": currency(order.spec.settle),
        "marginMode": order.mode,
        "positionSide": order.side,
        "avgDealPrice": "0",
        "filledSize": 0,
        "filledValue": "0",
        "status": "open",
        "reduceOnly": order.reduce_only,
    }


def order_change(order: Order, kind: str, now_ms: int) -> Row:
    """A `symbolOrderChange`. `kind`: open, filled or canceled."""
    size, left = plain(abs(order.lots)), plain(abs(order.lots)) if kind == "open" else "0"
    return {
        "symbol": order.symbol,
        "orderType": "limit",
        "side": "buy" if order.lots > 0.0 else "sell",
        "canceledSize": size if kind == "canceled" else "0",
        "orderId": order.id,
        "positionSide": order.side,
        "liquidity": "maker",
        "marginMode": order.mode,
        "type": kind,
        "feeType": "makerFee",
        "orderTime": order.created_ms * 1_000_000,
        "size": size,
        "filledSize": size if kind == "filled" else "0",
        "price": plain(order.price),
        "remainSize": left,
        "status": "open" if kind == "open" else "done",
        "ts": now_ms * 1_000_000,
    }
