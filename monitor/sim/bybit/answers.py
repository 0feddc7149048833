"""What the simulated Bybit answers to an account's owner: one function a path, the `result` in the venue's words."""

from __future__ import annotations

from datetime import UTC, datetime

from monitor.sim.bybit import frames
from monitor.sim.bybit.asks import Ask, contracts_of, of_symbol
from monitor.sim.bybit.frames import Row
from monitor.sim.bybit.leaving import may_leave
from monitor.sim.bybit.ledger import OPTION_FEE_RATE
from monitor.sim.bybit.listing import (
    INVERSE,
    LINEAR,
    OPTION,
    SPOT,
    SPOT_PAIRS,
)
from monitor.sim.bybit.refusals import WRONG_PARAMETER, Refusal
from monitor.sim.bybit.scenarios import portfolio_result
from monitor.sim.text import bare, cut

MOST_COINS = 20  #: of one question for what may leave


def account_info(ask: Ask) -> Row:
    """GET /v5/account/info."""
    return {
        "marginMode": ask.owner.mode.value,
        "updatedTime": str(ask.now_ms - 1000),
        "unifiedMarginStatus": 6,
        "dcpStatus": "OFF",
        "timeWindow": 10,
        "smpGroup": 0,
        "isMasterTrader": False,
        "spotHedgingStatus": "OFF",
    }


def wallet_balance(ask: Ask) -> Row:
    """GET /v5/account/wallet-balance: coins with something in them, unless named."""
    if ask.params.get("accountType") != "UNIFIED":
        raise Refusal(WRONG_PARAMETER, "accountType only support UNIFIED.")
    row = frames.wallet_row(ask.owner.book(ask.prices))
    named = ask.params.get("coin")
    kept = [coin for coin in row["coin"] if (coin["coin"] in named.split(",") if named else _anything(coin))]
    return {"list": [{**row, "coin": kept}]}


def _anything(coin: Row) -> bool:
    told = ("equity", "walletBalance", "spotBorrow", "borrowAmount", "totalPositionIM", "totalOrderIM")
    return any(coin[name] not in ("", "0", "0.00000000") for name in told)


def withdrawal(ask: Ask) -> Row:
    """GET /v5/account/withdrawal: what may leave of the coins named, twenty of them at most."""
    named = ask.params.get("coinName", "").split(",")
    if not all(named) or len(named) > MOST_COINS:
        raise Refusal(WRONG_PARAMETER, "params error: coinName invalid")
    book = ask.owner.book(ask.prices)
    amounts = {coin: cut(may_leave(book, coin)) for coin in named}
    return {"availableWithdrawal": amounts[named[0]], "availableWithdrawalMap": amounts}


def positions(ask: Ask) -> Row:
    """GET /v5/position/list: open ones, and the empty leg beside an open one; a linear question needs a symbol or a
    settlement coin."""
    category, owner = ask.category(LINEAR, INVERSE, OPTION), ask.owner
    symbol, settle, coin = (ask.params.get(name) for name in ("symbol", "settleCoin", "baseCoin"))
    if category == LINEAR and not symbol and not settle:
        raise Refusal(WRONG_PARAMETER, "Missing some parameters that must be filled in, symbol or settleCoin")
    book, prices = owner.book(ask.prices), ask.prices
    held = {position.symbol for position in owner.open_positions()}
    rows = [
        frames.position_row(book, position, pushed=False)
        for position in owner.holdings.positions.values()
        if prices.category(position.symbol) == category
        and (position.symbol == symbol if symbol else position.symbol in held)
        and (symbol or settle in (None, "", prices.settle(position.symbol)))
        and coin in (None, "", prices.coin(position.symbol))
        and (position.size or position.index or symbol)
    ]
    return {"category": category, **ask.page(rows, 200, 20)}


def orders(ask: Ask) -> Row:
    """GET /v5/order/realtime: resting ones; a linear question needs a symbol, a base coin or a settlement coin."""
    category, owner = ask.category(), ask.owner
    symbol, settle, coin = (ask.params.get(name) for name in ("symbol", "settleCoin", "baseCoin"))
    if category == LINEAR and not (symbol or settle or coin):
        raise Refusal(
            WRONG_PARAMETER, "Missing some parameters that must be filled in, symbol or baseCoin or settleCoin"
        )
    prices = ask.prices
    rows = []
    for order in owner.holdings.orders.values():
        if (SPOT if order.spot else prices.category(order.symbol)) != category:
            continue
        if symbol not in (None, "", order.symbol):
            continue
        if not order.spot and settle not in (None, "", prices.settle(order.symbol)):
            continue
        rows.append(frames.order_row(order, category))
    return {"category": category, **ask.page(rows, 50, 20)}


def fee_rate(ask: Ask) -> Row:
    """GET /v5/account/fee-rate: by symbol, options by base coin."""
    category, holdings = ask.category(), ask.owner.holdings
    if category == OPTION:
        coins = sorted({option.coin for option in ask.prices.options.values()})
        taker = bare(OPTION_FEE_RATE)
        rows = [{"baseCoin": coin, "symbol": "", "takerFeeRate": taker, "makerFeeRate": "0.0002"} for coin in coins]
        return {"category": category, "list": rows}
    if category == SPOT:
        rows = [{"symbol": pair, "takerFeeRate": "0.001", "makerFeeRate": "0.001"} for pair in SPOT_PAIRS]
        return {"list": of_symbol(ask, rows)}
    return {
        "list": [
            {
                "symbol": contract.symbol,
                "takerFeeRate": bare(holdings.fee(contract.symbol)),
                "makerFeeRate": "0.0002",
            }
            for contract in contracts_of(ask, category)
        ]
    }


def transaction_log(ask: Ask) -> Row:
    """GET /v5/account/transaction-log: the newest first, of the last day unless told; fifty a page."""
    kind, coin, category = (ask.params.get(name) for name in ("type", "currency", "category"))
    try:
        end = int(ask.params.get("endTime") or ask.now_ms)
        start = int(ask.params.get("startTime") or end - 86_400_000)
    except ValueError:
        raise Refusal(WRONG_PARAMETER, "params error: startTime or endTime") from None
    if end - start > 7 * 86_400_000:
        raise Refusal(WRONG_PARAMETER, "The time range between startTime and endTime cannot exceed 7 days.")
    rows = [
        row
        for row in reversed(ask.owner.log)
        if start <= int(row["transactionTime"]) <= end
        and kind in (None, "", row["type"])
        and coin in (None, "", row["currency"])
        and category in (None, "", row["category"])
    ]
    return ask.page(rows, 50, 20)


def option_assets(ask: Ask) -> Row:
    """GET /v5/account/option-asset-info: what the options of a coin need, orders for them included."""
    owner, prices = ask.owner, ask.prices
    book = owner.book(prices)
    held = [position for position in owner.open_positions() if position.symbol in prices.options]
    ordered = [o for o in owner.holdings.orders.values() if not o.spot and o.symbol in prices.options]
    rows = []
    symbols = [position.symbol for position in held] + [order.symbol for order in ordered]
    for coin in sorted({prices.coin(symbol) for symbol in symbols}):
        mine = [position for position in held if prices.coin(position.symbol) == coin]
        orders_initial = sum(book.order_initial(o) for o in ordered if prices.coin(o.symbol) == coin)
        rows.append(
            {
                "totalDelta": frames.greeks_row(coin, mine, prices)["totalDelta"],
                "assetIM": f"{sum(book.initial(position) for position in mine) + orders_initial:.4f}",
                "totalUPL": f"{sum(book.profit(position) for position in mine):.4f}",
                "totalRPL": f"{sum(position.realised for position in mine):.4f}",
                "assetMM": f"{sum(book.maintenance(position) for position in mine):.4f}",
                "coin": coin,
                "sendTime": ask.now_ms,
            }
        )
    return {"result": rows}


def coin_greeks(ask: Ask) -> Row:
    """GET /v5/asset/coin-greeks."""
    prices = ask.prices
    held = [position for position in ask.owner.open_positions() if position.symbol in prices.options]
    coins = sorted({prices.coin(position.symbol) for position in held})
    wanted = ask.params.get("baseCoin")
    return {
        "list": [
            frames.greeks_row(coin, [p for p in held if prices.coin(p.symbol) == coin], prices)
            for coin in coins
            if wanted in (None, coin)
        ]
    }


def portfolio_margin(ask: Ask) -> Row:
    """GET /v5/asset/portfolio-margin: scenarios of each base coin."""
    return portfolio_result(ask.owner.book(ask.prices), ask.params.get("baseCoin"))


def key_info(ask: Ask) -> Row:
    """GET /v5/user/query-api."""
    api = ask.owner.api
    bound = api.expires is None
    expires = "1970-01-01T00:00:00Z" if api.expires is None else _iso(api.expires)
    return {
        "id": "16651472",
        "note": ask.owner.name,
        "apiKey": api.key,
        "readOnly": 1 if api.read_only else 0,
        "secret": "",
        "permissions": api.permissions,
        "ips": api.ips if bound else ["*"],
        "type": 1,
        "deadlineDay": 0 if api.expires is None else max(0, round((api.expires - ask.now_ms / 1000.0) / 86_400.0)),
        "expiredAt": expires,
        "createdAt": _iso(ask.now_ms / 1000.0 - 30.0 * 86_400.0),
        "unified": 0,
        "uta": 1,
        "userID": 53888001,
        "inviterID": 0,
        "vipLevel": "No VIP",
        "mktMakerLevel": "0",
        "affiliateID": 0,
        "rsaPublicKey": "",
        "isMaster": True,
        "parentUid": "0",
        "kycLevel": "LEVEL_DEFAULT",
        "kycRegion": "",
    }


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
