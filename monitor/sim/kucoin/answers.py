"""What the signed paths of the simulated KuCoin answer: the `data`, without its envelope."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from monitor.sim.kucoin import loan_rows, rows, unified_rows
from monitor.sim.kucoin.accounts import SimAccount
from monitor.sim.kucoin.board import Board, Prices
from monitor.sim.kucoin.futures import rate_of
from monitor.sim.kucoin.listing import MAKER_FEE, PAIRS, TAKER_FEE, Spec
from monitor.sim.kucoin.refusals import Refusal
from monitor.sim.kucoin.text import amount, coin_of, currency, plain
from monitor.sim.kucoin.tokens import Token, Tokens

Row = dict[str, Any]
PAGE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One question. `host` is "" where the client did not say which it means; `last` ends the path."""

    board: Board
    params: Mapping[str, str]
    account: SimAccount | None
    time_ms: int
    now: float
    next_funding_ms: int
    host: str
    tokens: Tokens
    stream: str
    ping_ms: int = 18_000
    last: str = ""

    @property
    def prices(self) -> Prices:
        """Of now."""
        return self.board.prices

    @property
    def owner(self) -> SimAccount:
        """Who asks a signed path."""
        assert self.account is not None
        return self.account

    def spec(self, symbol: str) -> Spec:
        """A contract; the venue's refusal where there is none such."""
        found = self.board.specs.get(symbol)
        if found is None:
            raise Refusal(200, "100001", "Contract parameter invalid.")
        return found


def _page(found: list[Row], params: Mapping[str, str]) -> Row:
    size, page = int(params.get("pageSize", 50)), int(params.get("currentPage", params.get("pageNumber", 1)))
    pages = max(1, -(-len(found) // size))
    begin = (page - 1) * size
    return {
        "currentPage": page,
        "pageSize": size,
        "totalNum": len(found),
        "totalPage": pages,
        "items": found[begin : begin + size],
    }


# classic futures


def positions(ask: Ask) -> list[Row]:
    """Open positions, of one settlement coin or all; a unified account has none here."""
    wanted = ask.params.get("currency")
    if ask.owner.is_unified:
        return []
    return [
        rows.position_row(ask.owner.futures(each.spec.settle), each, pushed=False, now_ms=ask.time_ms)
        for each in ask.owner.open_positions()
        if wanted is None or currency(each.spec.settle) == wanted
    ]


def position(ask: Ask) -> Row | list[Row]:
    """Of one contract: a row (path v1), or the records of both sides (v2)."""
    spec = ask.spec(ask.params.get("symbol", ""))
    found = [row for row in positions(ask) if row["symbol"] == spec.symbol]
    if ask.last == "v2":
        return found
    return found[0] if found else {"symbol": spec.symbol, "currentQty": 0, "isOpen": False}


def overview(ask: Ask) -> Row:
    """The account of a settlement coin; XBT where none is named."""
    return rows.overview_row(ask.owner.futures(coin_of(ask.params.get("currency", "XBT"))))


def active_orders(ask: Ask) -> Row:
    """Resting orders, paged; orders that are done are not kept."""
    wanted, symbol = ask.params.get("status", "active"), ask.params.get("symbol")
    found = [o for o in ask.owner.orders.values() if wanted == "active" and symbol in (None, o.symbol)]
    return _page([rows.order_row(each) for each in found], ask.params)


def margin_mode(ask: Ask) -> Row:
    """CROSS or ISOLATED."""
    spec = ask.spec(ask.params.get("symbol", ""))
    return {"symbol": spec.symbol, "marginMode": ask.owner.mode_of(spec.symbol)}


def position_mode(ask: Ask) -> Row:
    """1 is hedge mode."""
    return {"positionMode": int(ask.owner.hedge)}


def trade_fees(ask: Ask) -> Row:
    """What trading a contract costs."""
    spec = ask.spec(ask.params.get("symbol", ""))
    return {"symbol": spec.symbol, "takerFeeRate": plain(TAKER_FEE), "makerFeeRate": plain(MAKER_FEE)}


def cross_leverage(ask: Ask) -> Row:
    """The leverage of cross margin."""
    spec = ask.spec(ask.params.get("symbol", ""))
    return {"symbol": spec.symbol, "leverage": plain(ask.owner.leverages.get(spec.symbol, 10.0))}


def cross_limit(ask: Ask) -> list[Row]:
    """Rates that a position of the largest size would have."""
    found = []
    leverage, total = float(ask.params.get("leverage", 10)), float(ask.params.get("totalMargin", 10_000))
    for symbol in ask.params.get("symbol", "").split(","):
        spec, price = ask.spec(symbol), ask.prices.mark(symbol)
        lots = total * leverage / (price * abs(spec.multiplier)) if not spec.inverse else total * leverage * price
        found.append(
            {
                "symbol": symbol,
                "maxOpenSize": int(lots),
                "maxOpenValue": plain(int(lots) * abs(spec.multiplier) * (1.0 if spec.inverse else price)),
                "totalMargin": plain(total),
                "price": plain(price),
                "leverage": f"{leverage:.2f}",
                "mmr": plain(rate_of(spec, int(lots))),
                "imr": plain(1.0 / leverage),
                "currency": currency(spec.settle),
            }
        )
    return found


def transactions(ask: Ask) -> Row:
    """The log of a settlement coin, latest first."""
    wanted = coin_of(ask.params.get("currency", "XBT"))
    begin, end = int(ask.params.get("startAt", 0)), int(ask.params.get("endAt", 10**15))
    found = [
        {
            "time": bill.time_ms,
            "type": bill.kind,
            "amount": amount(bill.amount),
            "fee": amount(bill.fee),
            "accountEquity": amount(bill.wallet),
            "status": "Completed",
            "remark": bill.remark,
            "offset": place,
            "currency": currency(bill.coin),
        }
        for place, bill in enumerate(ask.owner.bills, 1)
        if bill.coin == wanted and begin <= bill.time_ms <= end and ask.params.get("type") in (None, bill.kind)
    ]
    return {"hasMore": len(found) > PAGE, "dataList": found[::-1][:PAGE]}


def funding_history(ask: Ask) -> Row:
    """Payments of one contract, latest first."""
    symbol = ask.spec(ask.params.get("symbol", "")).symbol
    begin, end = int(ask.params.get("startAt", 0)), int(ask.params.get("endAt", 10**15))
    found = [
        {
            "id": paid.id,
            "symbol": paid.symbol,
            "timePoint": paid.time_ms,
            "fundingRate": paid.rate,
            "markPrice": paid.mark,
            "positionQty": paid.lots,
            "positionCost": amount(paid.worth),
            "funding": amount(paid.amount),
            "settleCurrency": currency(paid.coin),
            "context": f'{{"marginMode": "{paid.mode}", "positionSide": "{paid.side}"}}',
            "marginMode": paid.mode,
        }
        for paid in ask.owner.payments
        if paid.symbol == symbol and begin <= paid.time_ms <= end
    ]
    return {"dataList": found[::-1][:PAGE], "hasMore": len(found) > PAGE}


# keys and tokens


def api_key(ask: Ask) -> Row:
    """What the key may do, and from where."""
    account = ask.owner
    row: Row = {
        "remark": account.name,
        "apiKey": account.key,
        "apiVersion": account.key_version,
        "permission": account.permissions,
        "createdAt": 1_729_000_000_000,
        "uid": int(account.uid),
        "isMaster": True,
        "region": "",
        "kycStatus": 1,
        "siteType": "global",
    }
    return row | ({"ipWhitelist": account.addresses} if account.addresses else {})


def bullet_private(ask: Ask) -> Row:
    """A token for the sockets of an account."""
    return _bullet(ask, ask.tokens.give(ask.owner.name, ask.host, ask.now), f"{ask.stream}/endpoint")


def bullet_public(ask: Ask) -> Row:
    """A token for a public socket."""
    return _bullet(ask, ask.tokens.give("", ask.host, ask.now), f"{ask.stream}/endpoint")


def bullet_unified(ask: Ask) -> Row:
    """A token for the socket of a unified account."""
    return _bullet(ask, ask.tokens.give(ask.owner.name, "unified", ask.now), f"{ask.stream}/unified")


def _bullet(ask: Ask, token: Token, endpoint: str) -> Row:
    server = {
        "endpoint": endpoint,
        "encrypt": False,
        "protocol": "websocket",
        "pingInterval": ask.ping_ms,
        "pingTimeout": 10_000,
    }
    return {"token": token.text, "instanceServers": [server]}


# the unified account


def account_mode(ask: Ask) -> Row:
    """CLASSIC or UNIFIED."""
    return {"selfAccountMode": ask.owner.kind.upper(), "unifiedSubAccount": [], "classicSubAccount": []}


def _unified_only(ask: Ask) -> SimAccount:
    if not ask.owner.is_unified:
        raise Refusal(200, "400302", "The current account mode does not support this operation.")
    return ask.owner


def unified_overview(ask: Ask) -> Row:
    """Equity and margins in USD."""
    return unified_rows.overview_row(_unified_only(ask).unified())


def unified_balance(ask: Ask) -> Row:
    """Coin by coin."""
    account = _unified_only(ask).unified()
    coins = [unified_rows.balance_row(account, coin) for coin in account.coins]
    return {"accountType": "UNIFIED", "ts": ask.time_ms, "accounts": [{"currencies": coins}]}


def unified_positions(ask: Ask) -> list[Row]:
    """Open positions."""
    account, symbol = _unified_only(ask).unified(), ask.params.get("symbol")
    return [unified_rows.position_row(account, p) for p in account.positions if symbol in (None, p.symbol)]


def unified_orders(ask: Ask) -> Row:
    """Resting orders, paged."""
    account = _unified_only(ask)
    found = [unified_rows.order_row(each) for each in account.orders.values()]
    page = _page(found if ask.params.get("tradeType", "FUTURES") == "FUTURES" else [], ask.params)
    page["pageNumber"] = page.pop("currentPage")
    return page | {"tradeType": ask.params.get("tradeType", "FUTURES")}


def unified_ledger(ask: Ask) -> Row:
    """The log, latest first; times in nanoseconds."""
    account = _unified_only(ask)
    wanted = ask.params.get("currency")
    found = [
        {
            "accountType": "UNIFIED",
            "id": str(10_000_000_000_000_000 + place),
            "currency": bill.coin,
            "direction": "IN" if bill.amount >= 0.0 else "OUT",
            "businessType": "FUNDING_FEE" if bill.kind == "FundingFee" else bill.kind,
            "amount": plain(abs(bill.amount)),
            "balance": plain(bill.wallet),
            "fee": plain(bill.fee),
            "tax": "0",
            "remark": bill.remark,
            "ts": bill.time_ms * 1_000_000,
        }
        for place, bill in enumerate(account.bills, 1)
        if wanted in (None, bill.coin)
    ][::-1][:PAGE]
    return {"lastId": int(found[-1]["id"]) if found else None, "items": found}


# spot margin


def margin_accounts(ask: Ask) -> Row:
    """Cross margin. The account lies in the high-frequency system: the default question does not find it."""
    quote = ask.params.get("quoteCurrency", "USDT")
    if ask.params.get("queryType", "MARGIN") == "MARGIN":
        return {
            "totalAssetOfQuoteCurrency": "0",
            "totalLiabilityOfQuoteCurrency": "0",
            "debtRatio": "0",
            "status": "EFFECTIVE",
            "accounts": [],
        }
    return loan_rows.cross_row(ask.owner.margin, quote, ask.prices)


def isolated_accounts(ask: Ask) -> Row:
    """Isolated margin, one row a pair; found as the cross account is."""
    found = ask.owner.isolated if ask.params.get("queryType", "ISOLATED") != "ISOLATED" else {}
    symbol, quote = ask.params.get("symbol"), ask.params.get("quoteCurrency", "USDT")
    assets = [
        loan_rows.isolated_row(pair, purse, ask.prices) for pair, purse in found.items() if symbol in (None, pair)
    ]
    totals = [0.0, 0.0]
    for purse in found.values():
        totals[0] += float(loan_rows.cross_row(purse, quote, ask.prices)["totalAssetOfQuoteCurrency"])
        totals[1] += float(loan_rows.cross_row(purse, quote, ask.prices)["totalLiabilityOfQuoteCurrency"])
    return {
        "totalAssetOfQuoteCurrency": plain(totals[0], 8),
        "totalLiabilityOfQuoteCurrency": plain(totals[1], 8),
        "timestamp": ask.time_ms,
        "assets": assets,
    }


def margin_ledger(ask: Ask) -> list[Row]:
    """What came into margin accounts and went out, latest first."""
    begin, end = int(ask.params.get("startAt", 0)), int(ask.params.get("endAt", 10**15))
    return [
        {
            "id": 254_000_000 + place,
            "currency": bill.coin,
            "amount": plain(abs(bill.amount), 8),
            "fee": plain(bill.fee, 8),
            "balance": plain(bill.wallet, 8),
            "accountType": "ISOLATED_V2" if bill.remark in PAIRS else "MARGIN_V2",
            "bizType": bill.kind,
            "direction": "in" if bill.amount >= 0.0 else "out",
            "createdAt": bill.time_ms,
            "context": f'{{"symbol":"{bill.remark}"}}' if bill.remark else "",
            "tax": "0",
        }
        for place, bill in enumerate(ask.owner.loan_bills, 1)
        if ask.params.get("currency") in (None, bill.coin) and begin <= bill.time_ms <= end
    ][::-1][:PAGE]
