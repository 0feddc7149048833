"""What the simulated spot margin pushes: the payloads of its risk stream and of its balances."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from monitor.domain.names import Asset, Symbol
from monitor.sim.binance.loans.purse import Purse
from monitor.sim.text import fixed

Frame = dict[str, Any]
BORROW, REPAY, INTEREST = "BORROW", "REPAY", "INTEREST"


def level_change(time_ms: int, level: str, status: str) -> Frame:
    """MARGIN_LEVEL_STATUS_CHANGE."""
    return {"e": "MARGIN_LEVEL_STATUS_CHANGE", "E": time_ms, "l": level, "s": status}


def liability_change(time_ms: int, asset: Asset, kind: str, principal: float, interest: float) -> Frame:
    """USER_LIABILITY_CHANGE, of one asset."""
    return {
        "e": "USER_LIABILITY_CHANGE",
        "E": time_ms,
        "a": asset,
        "t": kind,
        "p": fixed(principal),
        "i": fixed(interest),
    }


def portfolio_liability_change(
    time_ms: int, asset: Asset, kind: str, amount: float, interest: float, total: float
) -> Frame:
    """liabilityChange of portfolio margin: `l` is all that is owed of the asset."""
    return {
        "e": "liabilityChange",
        "E": time_ms,
        "a": asset,
        "t": kind,
        "T": time_ms * 1_000_000,
        "p": fixed(amount),
        "i": fixed(interest),
        "l": fixed(total),
    }


def account_position(time_ms: int, purse: Purse, assets: Iterable[Asset]) -> Frame:
    """outboundAccountPosition: what is free and locked of assets that changed. Debts are not in it."""
    return {
        "e": "outboundAccountPosition",
        "E": time_ms,
        "u": time_ms,
        "B": [{"a": asset, "f": fixed(purse.of(asset).free), "l": fixed(purse.of(asset).locked)} for asset in assets],
    }


def balance_update(time_ms: int, asset: Asset, amount: float) -> Frame:
    """balanceUpdate: a transfer."""
    return {"e": "balanceUpdate", "E": time_ms, "a": asset, "d": fixed(amount), "T": time_ms}


def execution_report(time_ms: int, order: int, pair: Symbol, quantity: float, paid: float, fee_asset: Asset) -> Frame:
    """executionReport of a market order that was filled at once."""
    size = fixed(abs(quantity))
    return {
        "e": "executionReport",
        "E": time_ms,
        "s": pair,
        "c": f"web_{order}",
        "S": "BUY" if quantity > 0.0 else "SELL",
        "o": "MARKET",
        "f": "GTC",
        "q": size,
        "p": "0.00000000",
        "P": "0.00000000",
        "F": "0.00000000",
        "g": -1,
        "C": "",
        "x": "TRADE",
        "X": "FILLED",
        "r": "NONE",
        "i": order,
        "l": size,
        "z": size,
        "L": fixed(paid),
        "n": "0.00000000",
        "N": fee_asset,
        "T": time_ms,
        "t": order,
        "w": False,
        "m": False,
        "O": time_ms,
        "Z": fixed(abs(quantity) * paid),
        "Y": fixed(abs(quantity) * paid),
        "Q": "0.00000000",
        "W": time_ms,
        "V": "NONE",
    }


def stream_terminated(time_ms: int) -> Frame:
    """The end of a subscription whose token is over."""
    return {"e": "eventStreamTerminated", "E": time_ms}
