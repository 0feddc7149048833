"""What the simulated Binance pushes: one function a kind of frame, the payload as a dict in the venue's order."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from monitor.domain.names import Asset, Symbol
from monitor.sim.binance.listing import BUFFERS, is_dated
from monitor.sim.binance.positions import Rates
from monitor.sim.market import Contract, Kind, Market
from monitor.sim.text import fixed

Frame = dict[str, Any]

UM, CM = 1, 2  #: the `st` of a row since the two venues became one: USDⓈ-M, COIN-M


def mark_row(market: Market, contract: Contract, time_ms: int, next_funding_ms: int) -> Frame:
    """One row of a markPrice array. Delivery and TradFi rows come with empty fields, as the venue sends them."""
    symbol = contract.symbol
    delivery = is_dated(contract)
    return {
        "e": "markPriceUpdate",
        "E": time_ms,
        "s": symbol,
        "p": fixed(market.mark(symbol)),
        "ap": "" if contract.kind is Kind.STOCK else fixed(market.mark_average(symbol)),
        "P": "" if contract.kind is Kind.STOCK else fixed(market.index(symbol)),
        "i": fixed(market.index(symbol)),
        "r": "" if delivery else fixed(market.funding_rate(symbol)),
        "T": 0 if delivery else next_funding_ms,
        "st": CM if contract.kind is Kind.INVERSE else UM,
    }


def mark_arrays(market: Market, time_ms: int, next_funding_ms: int) -> list[list[Frame]]:
    """The arrays of one second: USDⓈ-M, then TradFi, then COIN-M. None of them holds every symbol."""
    groups = ((Kind.PERPETUAL, Kind.DELIVERY), (Kind.STOCK,), (Kind.INVERSE,))
    arrays = [
        [
            mark_row(market, contract, time_ms, next_funding_ms)
            for contract in market.contracts.values()
            if contract.kind in kinds
        ]
        for kinds in groups
    ]
    return [array for array in arrays if array]


def rates(market: Market, asset: Asset) -> Rates:
    """How an asset counts in multi-assets mode, now."""
    return Rates(round(market.asset_usd(asset), 8), *market.buffers.get(asset, BUFFERS[asset]))


def collateral(market: Market) -> tuple[Asset, ...]:
    """The assets that have an index in multi-assets mode."""
    return tuple(asset for asset in BUFFERS if asset in market.assets)


def asset_index_row(market: Market, asset: Asset, time_ms: int) -> Frame:
    """One row of the assetIndex array."""
    rate = rates(market, asset)
    return {
        "e": "assetIndexUpdate",
        "E": time_ms,
        "s": f"{asset}USD",
        "i": fixed(rate.index),
        "b": fixed(rate.bid_buffer),
        "a": fixed(rate.ask_buffer),
        "B": fixed(rate.bid),
        "A": fixed(rate.ask),
        "q": fixed(rate.exchange_bid_buffer),
        "g": fixed(rate.exchange_ask_buffer),
        "Q": fixed(rate.exchange_bid),
        "G": fixed(rate.exchange_ask),
    }


def account_update(
    time_ms: int, reason: str, balances: Iterable[Frame], positions: Iterable[Frame], symbol: Symbol | None = None
) -> Frame:
    """ACCOUNT_UPDATE; `symbol` only for funding, which carries it since August 2026."""
    body: Frame = {"m": reason, "B": list(balances), "P": list(positions)}
    if symbol is not None:
        body["S"] = symbol
    return {"e": "ACCOUNT_UPDATE", "T": time_ms, "E": time_ms, "a": body}


def leverage_update(time_ms: int, symbol: Symbol, leverage: int) -> Frame:
    """ACCOUNT_CONFIG_UPDATE of one symbol."""
    return {"e": "ACCOUNT_CONFIG_UPDATE", "E": time_ms, "T": time_ms, "ac": {"s": symbol, "l": leverage}}


def multi_assets_update(time_ms: int, multi_assets: bool) -> Frame:
    """ACCOUNT_CONFIG_UPDATE of the account."""
    return {"e": "ACCOUNT_CONFIG_UPDATE", "E": time_ms, "T": time_ms, "ai": {"j": multi_assets}}


def margin_call(time_ms: int, cross_wallet: float | None, positions: Iterable[Frame]) -> Frame:
    """MARGIN_CALL; `cw` only when the call is for a cross pool."""
    frame: Frame = {"e": "MARGIN_CALL", "E": time_ms}
    if cross_wallet is not None:
        frame["cw"] = fixed(cross_wallet)
    frame["p"] = list(positions)
    return frame


def listen_key_expired(time_ms: int, key: str) -> Frame:
    """The key's end."""
    return {"e": "listenKeyExpired", "E": time_ms, "listenKey": key}


def order_update(
    time_ms: int,
    *,
    order: int,
    client_id: str,
    symbol: Symbol,
    side: str,
    quantity: str,
    signed_quantity: float,
    price: float,
    execution: str,
    status: str,
    profit: float,
    fee: float,
    fee_asset: Asset,
    reduce: bool,
) -> Frame:
    """ORDER_TRADE_UPDATE of an order filled at once (`status` NEW: not yet)."""
    filled = "0" if status == "NEW" else quantity
    forced = execution == "CALCULATED"
    shown = f"{price:.2f}" if price >= 10.0 else f"{price:.8f}"
    body: Frame = {
        "s": symbol,
        "c": client_id,
        "S": "BUY" if signed_quantity > 0.0 else "SELL",
        "o": "LIMIT" if forced else "MARKET",
        "f": "IOC" if forced else "GTC",
        "q": quantity,
        "p": shown if forced else "0",
        "ap": "0" if status == "NEW" else shown,
        "sp": "0",
        "x": execution,
        "X": status,
        "i": order,
        "l": filled,
        "z": filled,
        "L": "0" if status == "NEW" else shown,
        "T": time_ms,
        "t": 0 if status == "NEW" else order,
        "b": "0",
        "a": "0",
        "m": False,
        "R": reduce,
        "wt": "CONTRACT_PRICE",
        "ot": "LIMIT" if forced else "MARKET",
        "ps": side,
        "cp": False,
        "AP": "0",
        "cr": "0",
        "pP": False,
        "si": 0,
        "ss": 0,
        "rp": fixed(profit),
        "V": "NONE",
    }
    if status != "NEW":
        body["N"], body["n"] = fee_asset, fixed(fee)
    return {"e": "ORDER_TRADE_UPDATE", "T": time_ms, "E": time_ms, "o": body}


def kind_of(data: Any) -> str:
    """The name of a frame's event; an array has that of its first row."""
    if not isinstance(data, list):
        return str(data.get("e", "")) if isinstance(data, dict) else ""
    rows = [row for row in data if isinstance(row, dict)]
    return str(rows[0].get("e", "")) if rows else ""
