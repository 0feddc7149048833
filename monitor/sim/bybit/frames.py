"""Rows of the simulated Bybit in the venue's words: positions, wallets, orders, fills, tickers. REST and the private
socket share them, but for what stands beside each."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from monitor.domain.names import Asset, Symbol
from monitor.sim.bybit import options
from monitor.sim.bybit.book import Book, CoinFigures
from monitor.sim.bybit.holdings import Coin, MarginMode, SimOrder, SimPosition
from monitor.sim.bybit.listing import INVERSE, OPTION, SPOT, SPOT_PAIRS
from monitor.sim.bybit.prices import Prices
from monitor.sim.bybit.tiers import COLLATERAL, tier_at
from monitor.sim.text import bare, cut, fixed

Row = dict[str, Any]


def rate(value: float) -> str:
    """A ratio with four decimals, the rest cut off: "0.0204"; "0" for none."""
    if value == 0.0:
        return "0"
    if math.isinf(value):
        return "9999"
    return f"{math.floor(value * 10_000.0 + 1e-9) / 10_000.0:.4f}"


# positions


def position_row(book: Book, position: SimPosition, *, pushed: bool) -> Row:
    """One row of position/list, or (`pushed`) of the position topic."""
    if not position.size:
        return _empty_leg(book, position, pushed=pushed)
    prices, symbol = book.prices, position.symbol
    option, portfolio = book.is_option(symbol), book.holdings.mode is MarginMode.PORTFOLIO
    initial = "" if portfolio else cut(book.initial(position))
    maintenance = "" if portfolio else cut(book.maintenance(position))
    line = book.line(position)
    tier = None if option or portfolio else tier_at(book.tiers(symbol), book.worth(position))
    counted = bare(book.counted_from(position)) if prices.settle(symbol) == "USDC" and not option else ""
    row: Row = {
        "positionIdx": position.index,
        "riskId": tier.id if tier else 0,
        "riskLimitValue": bare(tier.cap) if tier else "",
        "symbol": symbol,
        "side": position.side,
        "size": bare(position.size),
        "entryPrice" if pushed else "avgPrice": bare(position.entry),
        "positionValue": cut(book.entry_worth(position)) if not option else cut(position.size * prices.mark(symbol)),
        "tradeMode": 0,
        "positionStatus": "Normal",
        "autoAddMargin": 0,
        "adlRankIndicator": 0 if option else position.rank,
        "leverage": "" if option or portfolio else bare(position.leverage),
        "positionBalance": "0",
        "markPrice": bare(prices.mark(symbol)),
        "liqPrice": "" if line is None else bare(line),
        "bustPrice": "",
        "positionIM": initial,
        "positionMM": maintenance,
        "positionIMByMp": initial,
        "positionMMByMp": maintenance,
        "tpslMode": "Full",
        "takeProfit": "0",
        "stopLoss": "0",
        "trailingStop": "0",
        "unrealisedPnl": bare(book.profit(position)),
        "curRealisedPnl": bare(position.realised),
        "cumRealisedPnl": bare(position.realised),
        "seq": 5_723_621_632 + position.updated_ms % 1_000_000,
        "isReduceOnly": False,
        "mmrSysUpdatedTime": "" if position.rates_changed_ms is None else str(position.rates_changed_ms),
        "leverageSysUpdatedTime": "",
        "sessionAvgPrice": counted,
        "createdTime": str(position.created_ms),
        "updatedTime": str(position.updated_ms),
    }
    if pushed:
        row["category"] = prices.category(symbol)
    if option:
        row |= _greeks_of(prices, position)
    return row


def _greeks_of(prices: Prices, position: SimPosition) -> Row:
    found = _greeks(prices, position.symbol)
    signed = position.sign * position.size
    return {
        "delta": fixed(signed * found.delta),
        "gamma": fixed(signed * found.gamma),
        "vega": fixed(signed * found.vega),
        "theta": fixed(signed * found.theta),
    }


def _empty_leg(book: Book, position: SimPosition, *, pushed: bool) -> Row:
    """The leg of a hedged symbol that holds nothing, or a position that has just been closed."""
    portfolio = book.holdings.mode is MarginMode.PORTFOLIO
    row: Row = {
        "positionIdx": position.index,
        "riskId": 0 if portfolio else book.tiers(position.symbol)[0].id,
        "riskLimitValue": "" if portfolio else bare(book.tiers(position.symbol)[0].cap),
        "symbol": position.symbol,
        "side": "",
        "size": "0",
        "entryPrice" if pushed else "avgPrice": "0",
        "positionValue": "" if not pushed else "0",
        "tradeMode": 0,
        "positionStatus": "Normal",
        "autoAddMargin": 0,
        "adlRankIndicator": 0,
        "leverage": "" if portfolio else bare(position.leverage),
        "positionBalance": "0",
        "markPrice": bare(book.prices.mark(position.symbol)),
        "liqPrice": "0" if position.index else "",
        "bustPrice": "",
        "positionIM": "" if not pushed else "0",
        "positionMM": "" if not pushed else "0",
        "positionIMByMp": "" if not pushed else "0",
        "positionMMByMp": "" if not pushed else "0",
        "tpslMode": "Full",
        "takeProfit": "0",
        "stopLoss": "0",
        "trailingStop": "0",
        "unrealisedPnl": "" if not pushed else "0",
        "curRealisedPnl": "0",
        "cumRealisedPnl": bare(position.realised),
        "seq": 5_723_621_632 + position.updated_ms % 1_000_000,
        "isReduceOnly": False,
        "mmrSysUpdatedTime": "",
        "leverageSysUpdatedTime": "",
        "sessionAvgPrice": "" if not pushed else "0",
        "createdTime": str(position.created_ms),
        "updatedTime": str(position.updated_ms),
    }
    if pushed:
        row["category"] = book.prices.category(position.symbol)
    return row


# wallets


def wallet_row(book: Book) -> Row:
    """The one row of wallet-balance, and of the wallet topic."""
    mode, totals = book.holdings.mode, book.totals
    denominator = totals.denominator(mode)
    figures = {
        "accountIMRate": rate(totals.initial / denominator if denominator > 0.0 else math.inf),
        "accountMMRate": rate(book.rate),
        "accountLTV": "0",
        "totalWalletBalance": fixed(totals.margin_balance - totals.profit),
        "totalMarginBalance": fixed(totals.margin_balance),
        "totalAvailableBalance": fixed(max(0.0, totals.available(mode))),
        "totalPerpUPL": fixed(totals.profit),
        "totalInitialMargin": fixed(totals.initial),
        "totalMaintenanceMargin": fixed(totals.maintenance),
    }
    if mode is MarginMode.ISOLATED:
        figures = dict.fromkeys(figures, "")
    return {
        "totalEquity": fixed(totals.equity),
        "accountIMRateByMp": figures["accountIMRate"],
        "accountMMRateByMp": figures["accountMMRate"],
        "totalInitialMarginByMp": figures["totalInitialMargin"],
        "totalMaintenanceMarginByMp": figures["totalMaintenanceMargin"],
        "accountType": "UNIFIED",
        **figures,
        "coin": [coin_row(book, name, coin) for name, coin in book.coins.items()],
    }


def coin_row(book: Book, name: Asset, coin: CoinFigures) -> Row:
    """One coin of the wallet."""
    held = book.holdings.coins.get(name, Coin())
    portfolio, backs = book.holdings.mode is MarginMode.PORTFOLIO, name in COLLATERAL
    return {
        "coin": name,
        "equity": bare(coin.equity),
        "usdValue": bare(coin.equity * book.prices.usd_index(name)) if backs else "0",
        "walletBalance": bare(coin.wallet),
        "locked": bare(coin.locked),
        "spotHedgingQty": "0",
        "borrowAmount": bare(coin.borrow_amount),
        "availableToBorrow": "",
        "availableToWithdraw": "",
        "accruedInterest": bare(held.interest),
        "totalOrderIM": "" if portfolio else cut(coin.order_initial),
        "totalPositionIM": "" if portfolio else cut(coin.position_initial),
        "totalPositionMM": "" if portfolio else cut(coin.position_maintenance),
        "unrealisedPnl": bare(coin.profit),
        "cumRealisedPnl": bare(held.realised),
        "bonus": "0",
        "collateralSwitch": held.backs,
        "marginCollateral": backs,
        "spotBorrow": bare(coin.borrowed),
    }


# orders and fills


def order_row(order: SimOrder, category: str) -> Row:
    """One row of order/realtime and of the order topic."""
    done = order.status == "Filled"
    return {
        "category": category,
        "symbol": order.symbol,
        "orderId": order.id,
        "orderLinkId": "",
        "blockTradeId": "",
        "side": "Buy" if order.sign > 0.0 else "Sell",
        "positionIdx": order.index,
        "orderStatus": order.status,
        "createType": "CreateByUser",
        "cancelType": "CancelByUser" if order.status == "Cancelled" else "UNKNOWN",
        "rejectReason": "EC_NoError",
        "timeInForce": "GTC",
        "isLeverage": "0" if category == SPOT else "",
        "price": bare(order.price),
        "qty": bare(order.size),
        "avgPrice": bare(order.price) if done else "",
        "leavesQty": bare(order.size) if order.status == "New" else "0",
        "leavesValue": bare(order.size * order.price) if order.status == "New" else "0",
        "cumExecQty": bare(order.size) if done else "0",
        "cumExecValue": bare(order.size * order.price) if done else "0",
        "cumExecFee": "0",
        "orderType": "Limit",
        "stopOrderType": "",
        "orderIv": "",
        "triggerPrice": "",
        "takeProfit": "",
        "stopLoss": "",
        "triggerBy": "",
        "triggerDirection": 0,
        "reduceOnly": order.reduce_only,
        "closeOnTrigger": False,
        "placeType": "price" if category == OPTION else "",
        "smpType": "None",
        "smpGroup": 0,
        "smpOrderId": "",
        "createdTime": str(order.created_ms),
        "updatedTime": str(order.updated_ms),
    }


def execution_row(
    *,
    category: str,
    symbol: Symbol,
    sign: float,
    size: float,
    price: float,
    mark: float,
    fee: float,
    fee_rate: float,
    fee_coin: Asset,
    closed: float,
    kind: str,
    order_id: str,
    number: int,
    time_ms: int,
) -> Row:
    """One row of the execution topic. `kind`: Trade, Funding, AdlTrade, BustTrade, SessionSettlePnL, Delivery."""
    return {
        "category": category,
        "symbol": symbol,
        "closedSize": bare(closed),
        "execFee": bare(fee),
        "execId": f"{number:08x}-0000-5000-8000-{time_ms % 10**12:012d}",
        "execPrice": bare(price),
        "execQty": bare(size),
        "execType": kind,
        "execValue": bare(size / price if category == INVERSE else size * price),
        "feeRate": bare(fee_rate),
        "feeCurrency": fee_coin,
        "tradeIv": "",
        "markIv": "",
        "blockTradeId": "",
        "markPrice": bare(mark),
        "indexPrice": "",
        "underlyingPrice": "",
        "leavesQty": "0",
        "orderId": order_id,
        "orderLinkId": "",
        "orderPrice": bare(price),
        "orderQty": bare(size),
        "orderType": "Market",
        "stopOrderType": "UNKNOWN",
        "side": "Buy" if sign > 0.0 else "Sell",
        "execTime": str(time_ms),
        "isLeverage": "0",
        "isMaker": False,
        "seq": 140_612_148_849_382 + number,
    }


def pushed(topic: str, rows: list[Row], number: int, time_ms: int) -> Row:
    """A frame of the private socket."""
    return {"id": f"592324{number:08d}-sim", "topic": topic, "creationTime": time_ms, "data": rows}


# tickers


def contract_ticker(prices: Prices, symbol: Symbol, next_funding_ms: int) -> dict[str, str]:
    """All fields of a linear or inverse ticker."""
    contract, mark, index = prices.contract(symbol), prices.mark(symbol), prices.index(symbol)
    decimals = len(contract.tick_size.partition(".")[2])
    tick = float(contract.tick_size)
    last = f"{round(mark / tick) * tick:.{decimals}f}"
    return {
        "symbol": symbol,
        "tickDirection": "PlusTick",
        "price24hPcnt": "0.017103",
        "lastPrice": last,
        "prevPrice24h": last,
        "highPrice24h": last,
        "lowPrice24h": last,
        "prevPrice1h": last,
        "markPrice": bare(mark),
        "indexPrice": bare(round(index, decimals + 2)),
        "openInterest": "68744.761",
        "openInterestValue": bare(68_744.761 * (1.0 if prices.inverse(symbol) else mark)),
        "turnover24h": "1570383121.943499",
        "volume24h": "91705.276",
        "nextFundingTime": str(next_funding_ms),
        "fundingRate": bare(prices.market.funding_rate(symbol)),
        "bid1Price": last,
        "bid1Size": "84.489",
        "ask1Price": last,
        "ask1Size": "83.020",
        "fundingIntervalHour": f"{prices.market.funding_interval_seconds / 3600.0:.0f}",
    }


def spot_ticker(prices: Prices, symbol: Symbol) -> dict[str, str]:
    """All fields of a spot ticker. Only pairs against a stablecoin, of coins that are collateral, have a USD index."""
    pair = SPOT_PAIRS[symbol]
    last = prices.usd_index(pair.coin) / prices.usd_index(pair.quote)
    indexed = pair.quote in ("USDT", "USDC") and pair.coin in COLLATERAL
    return {
        "symbol": symbol,
        "lastPrice": bare(round(last, 8)),
        "highPrice24h": bare(round(last, 8)),
        "lowPrice24h": bare(round(last, 8)),
        "prevPrice24h": bare(round(last, 8)),
        "volume24h": "5865.470182",
        "turnover24h": "95949815.680875",
        "price24hPcnt": "-0.0049",
        "usdIndexPrice": bare(prices.usd_index(pair.coin)) if indexed else "",
    }


def _greeks(prices: Prices, symbol: Symbol) -> options.Greeks:
    return options.greeks(prices.options[symbol], prices.forward(symbol), prices.option_volatility(symbol), prices.now)


def option_ticker(prices: Prices, symbol: Symbol, *, pushed: bool) -> dict[str, str]:
    """All fields of an option's ticker; REST and the socket name the volatility differently."""
    mark, found = prices.mark(symbol), _greeks(prices, symbol)
    volatility = bare(prices.option_volatility(symbol))
    words: Mapping[str, str] = {
        "symbol": symbol,
        "bidPrice" if pushed else "bid1Price": "0",
        "bidSize" if pushed else "bid1Size": "0",
        "bidIv" if pushed else "bid1Iv": "0",
        "askPrice" if pushed else "ask1Price": bare(mark),
        "askSize" if pushed else "ask1Size": "5.1",
        "askIv" if pushed else "ask1Iv": volatility,
        "lastPrice": bare(mark),
        "highPrice24h": bare(mark),
        "lowPrice24h": bare(mark),
        "markPrice": bare(mark),
        "indexPrice": bare(prices.index(symbol)),
        "markPriceIv" if pushed else "markIv": volatility,
        "underlyingPrice": bare(prices.forward(symbol)),
        "openInterest": "49.85",
        "turnover24h": "446802.8473",
        "volume24h": "26.55",
        "totalVolume": "86",
        "totalTurnover": "1437431",
        "delta": fixed(found.delta),
        "gamma": fixed(found.gamma),
        "vega": fixed(found.vega),
        "theta": fixed(found.theta),
        "predictedDeliveryPrice": "0",
        "change24h": "0",
    }
    return dict(words)


def greeks_row(coin: Asset, held: list[SimPosition], prices: Prices) -> Row:
    """The greeks of all options of a coin."""
    totals = [0.0, 0.0, 0.0, 0.0]
    for position in held:
        found, signed = _greeks(prices, position.symbol), position.sign * position.size
        for place, each in enumerate((found.delta, found.gamma, found.vega, found.theta)):
            totals[place] += signed * each
    delta, gamma, vega, theta = (fixed(total) for total in totals)
    return {"baseCoin": coin, "totalDelta": delta, "totalGamma": gamma, "totalVega": vega, "totalTheta": theta}
