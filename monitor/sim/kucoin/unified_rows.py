"""Rows of the unified account: strings, and times in nanoseconds."""

from __future__ import annotations

from typing import Any

from monitor.domain.names import Asset
from monitor.sim.kucoin.holdings import Order, Position
from monitor.sim.kucoin.listing import TOP_PRICE
from monitor.sim.kucoin.rows import real_leverage
from monitor.sim.kucoin.text import padded, plain
from monitor.sim.kucoin.unified import Unified

Row = dict[str, Any]
NANO = 1_000_000


def overview_row(account: Unified) -> Row:
    """The account as a whole, in USD."""
    return {
        "accountType": "UNIFIED",
        "riskRatio": padded(min(account.risk_ratio, 9_999.0)),
        "equity": padded(account.equity),
        "liability": padded(account.liability),
        "availableMargin": padded(max(0.0, account.adjusted - account.initial)),
        "adjustedEquity": padded(account.adjusted),
        "im": padded(account.initial),
        "mm": padded(account.maintenance),
    }


def balance_row(account: Unified, coin: Asset) -> Row:
    """One coin."""
    return {
        "currency": coin,
        "equity": padded(account.equity_of(coin)),
        "hold": padded(account.hold.get(coin, 0.0)),
        "balance": padded(account.balance_of(coin)),
        "available": padded(account.available_of(coin)),
        "liability": padded(account.owed_of(coin)),
    }


def position_row(account: Unified, position: Position) -> Row:
    """A row of position/open-list; it has no liquidation price."""
    mark = account.prices.mark(position.symbol)
    return {
        "symbol": position.symbol,
        "id": position.id,
        "marginMode": position.mode,
        "positionSide": position.side,
        "size": plain(position.lots),
        "entryPrice": plain(position.entry),
        "positionValue": plain(abs(position.worth(mark))),
        "markPrice": plain(mark),
        "leverage": plain(_leverage(position, mark)),
        "unrealizedPnL": plain(position.profit(mark)),
        "realizedPnL": plain(position.realised),
        "initialMargin": plain(account.initial_of(position), 20),
        "mmr": plain(account.rate(position.symbol)),
        "maintenanceMargin": plain(account.maintenance_of(position)),
        "creationTime": position.opened_ms * NANO,
    }


def _leverage(position: Position, mark: float) -> float:
    return real_leverage(position, mark, pushed=True) if position.isolated and position.lots else position.leverage


def position_push(account: Unified, position: Position, now_ms: int) -> Row:
    """The `d` of a positionAll frame; the liquidation price of cross margin is no more than the lowest tick."""
    mark, low = account.prices.mark(position.symbol), position.spec.tick
    lines = account.alone(position).lines if position.isolated and position.lots else None
    return {
        "pi": position.id,
        "s": position.symbol,
        "mM": position.mode,
        "q": plain(position.lots),
        "eP": plain(position.entry),
        "pV": plain(abs(position.worth(mark))),
        "mP": plain(mark),
        "lP": low if lines is None else plain(max(0.0, min(TOP_PRICE, lines.liquidation))),
        "bP": low if lines is None else plain(max(0.0, min(TOP_PRICE, lines.bankruptcy))),
        "l": plain(_leverage(position, mark)),
        "uPL": plain(position.profit(mark)),
        "rPL": plain(position.realised),
        "iM": plain(account.initial_of(position), 20) if position.lots else "0",
        "mmr": plain(account.rate(position.symbol)),
        "mtM": plain(account.maintenance_of(position)),
        "U": now_ms * NANO,
        "O": position.opened_ms * NANO,
    }


def balance_push(account: Unified, coin: Asset, now_ms: int) -> Row:
    """The `d` of a balance frame."""
    row = balance_row(account, coin)
    return {
        "c": coin,
        "e": row["equity"],
        "b": row["balance"],
        "a": row["available"],
        "h": row["hold"],
        "l": row["liability"],
        "U": now_ms * NANO,
    }


def warning_push(account: Unified, now_ms: int, kind: str) -> Row:
    """The `d` of a liquidation warning."""
    return {
        "eT": kind,
        "r": plain(account.risk_ratio, 4),
        "a": plain(account.adjusted, 2),
        "iM": plain(account.initial, 2),
        "mM": plain(account.maintenance, 2),
        "aM": plain(max(0.0, account.adjusted - account.initial), 2),
        "e": plain(account.equity, 2),
        "l": plain(account.liability, 2),
        "U": now_ms * NANO,
    }


def order_row(order: Order) -> Row:
    """A row of order/open-list."""
    return {
        "orderId": order.id,
        "symbol": order.symbol,
        "orderType": "LIMIT",
        "side": "BUY" if order.lots > 0.0 else "SELL",
        "size": plain(abs(order.lots)),
        "price": plain(order.price),
        "timeInForce": "GTC",
        "orderTime": order.created_ms * NANO,
        "stp": "",
        "cancelAfter": None,
        "postOnly": False,
        "reduceOnly": order.reduce_only,
        "marginMode": order.mode,
        "positionSide": order.side,
        "leverage": plain(order.leverage),
        "triggerDirection": "",
        "triggerPrice": "",
        "filledSize": "0",
        "avgPrice": "0",
        "fee": "0",
        "feeCurrency": order.spec.settle,
        "tax": "0",
        "updatedTime": order.created_ms * NANO,
        "cancelReason": "",
        "cancelSize": "0",
        "clientOid": "",
        "sizeUnit": "UNIT",
        "status": 2,
    }


def order_push(order: Order, kind: str, now_ms: int) -> Row:
    """The `d` of an order frame."""
    size = plain(abs(order.lots))
    return {
        "O": order.created_ms * NANO,
        "S": "BUY" if order.lots > 0.0 else "SELL",
        "U": now_ms * NANO,
        "p": plain(order.price),
        "q": size,
        "s": order.symbol,
        "cS": size if kind == "canceled" else "0",
        "ci": "",
        "eT": {"open": "OPEN", "filled": "FILL", "canceled": "CANCEL"}[kind],
        "fS": size if kind == "filled" else "0",
        "oT": "LIMIT",
        "oi": order.id,
        "os": 2 if kind == "open" else 3,
        "pO": False,
        "rO": order.reduce_only,
        "qU": "UNIT",
        "rS": size if kind == "open" else "0",
        "tIF": "GTC",
    }
