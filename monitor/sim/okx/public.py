"""What everybody may ask of the simulated OKX: instruments, tiers, prices."""

from __future__ import annotations

import math
import random
from typing import Any

from monitor.domain.names import Asset
from monitor.sim.okx import tables
from monitor.sim.okx.board import Board, Prices
from monitor.sim.okx.listing import Instrument, Product
from monitor.sim.okx.tables import Tier
from monitor.sim.okx.text import number

Row = dict[str, Any]
MAX_LEVERAGE = "100"


def instrument(each: Instrument) -> Row:
    """One row of `/public/instruments`."""
    contract = bool(each.ct_val)
    return {
        "alias": "quarter" if each.product is Product.FUTURES else "",
        "auctionEndTime": "",
        "baseCcy": "" if contract else each.coin,
        "category": "1",
        "contTdSwTime": "",
        "ctMult": each.ct_mult if contract else "",
        "ctType": ("inverse" if each.inverse else "linear") if contract and each.strike is None else "",
        "ctVal": each.ct_val,
        "ctValCcy": ("USD" if each.inverse else each.coin) if contract else "",
        "expTime": "" if each.expiry is None else str(round(each.expiry * 1000.0)),
        "futureSettlement": each.product is Product.FUTURES,
        "groupId": each.fee_group,
        "instFamily": each.family,
        "instId": each.name,
        "instIdCode": 10_000 + sum(each.name.encode()),
        "instType": each.product.value,
        "lever": "" if each.strike is not None or each.product is Product.SPOT else MAX_LEVERAGE,
        "listTime": "1611916828000",
        "lotSz": each.lot,
        "maxLmtSz": "100000000",
        "maxMktSz": "20000",
        "minSz": each.lot,
        "openType": "",
        "optType": "" if each.strike is None else "C" if each.call else "P",
        "quoteCcy": "" if contract else each.quote,
        "ruleType": "normal",
        "settleCcy": each.settle,
        "state": "live",
        "stk": "" if each.strike is None else number(each.strike),
        "tickSz": each.tick,
        "tradeQuoteCcyList": [],
        "uly": each.pair if contract else "",
    }


def mark_price(each: Instrument, prices: Prices, now_ms: int) -> Row:
    """One row of `/public/mark-price` and its channel."""
    product = Product.MARGIN if each.product is Product.SPOT else each.product
    return {
        "instId": each.name,
        "instType": product.value,
        "markPx": number(prices.mark(each)),
        "ts": str(now_ms),
    }


def index_ticker(pair: str, price: float, now_ms: int) -> Row:
    """One row of `/market/index-tickers` and its channel."""
    names = ("high24h", "low24h", "open24h", "sodUtc0", "sodUtc8")
    return {"instId": pair, "idxPx": number(price), **dict.fromkeys(names, number(price)), "ts": str(now_ms)}


def option_summary(each: Instrument, prices: Prices, now_ms: int) -> Row:
    """One row of `/public/opt-summary` and its channel."""
    volatility = number(prices.volatility(each))
    greeks = ("delta", "deltaBS", "gamma", "gammaBS", "theta", "thetaBS", "vega", "vegaBS")
    return {
        **dict.fromkeys(greeks, "0"),
        "askVol": volatility,
        "bidVol": volatility,
        "buyApr": "",
        "distance": "",
        "fwdPx": number(round(prices.forward(each), 6)),
        "instId": each.name,
        "instType": each.product.value,
        "lever": "0",
        "markVol": volatility,
        "realVol": "",
        "sellApr": "",
        "ts": str(now_ms),
        "uly": each.pair,
        "volLv": volatility,
    }


def funding_rate(board: Board, name: str, now_ms: int, next_ms: int, interval_ms: int) -> Row:
    """One row of `/public/funding-rate` and its channel."""
    return {
        "formulaType": "withRate",
        "fundingRate": number(board.funding_rate(name)),
        "fundingTime": str(next_ms),
        "impactValue": "20000",
        "instId": name,
        "instType": Product.SWAP.value,
        "interestRate": "0.0001",
        "maxFundingRate": "0.00375",
        "method": "current_period",
        "minFundingRate": "-0.00375",
        "nextFundingRate": "",
        "nextFundingTime": str(next_ms + interval_ms),
        "premium": "0",
        "prevFundingTime": str(next_ms - interval_ms),
        "settFundingRate": number(board.funding_rate(name)),
        "settState": "settled",
        "ts": str(now_ms),
    }


def tiers(rows: tuple[Tier, ...], lot: float, *, family: str = "", pair: str = "", uly: str = "") -> list[Row]:
    """Rows of `/public/position-tiers`: each begins one lot after the one before it."""
    found, reached = [], 0.0
    for tier in rows:
        found.append(
            {
                "baseMaxLoan": "",
                "imr": number(tier.imr),
                "instFamily": family,
                "instId": pair,
                "maxLever": number(math.floor(100.0 / tier.imr) / 100.0),
                "maxSz": number(tier.most),
                "minSz": number(reached + lot if reached else 0.0),
                "mmr": number(tier.mmr),
                "optMgnFactor": number(tier.option_factor),
                "quoteMaxLoan": "",
                "tier": str(tier.number),
                "uly": uly,
            }
        )
        reached = tier.most
    return found


def pair_tiers(pair: str) -> list[Row]:
    """The tiers of an isolated margin pair: each allows a loan of either currency up to its own amount."""
    coin, _, quote = pair.partition("-")
    if not (tables.can_be_borrowed(coin) and tables.can_be_borrowed(quote)):
        return []
    base = tiers(tables.loan_tiers(coin), 0.0, pair=pair)
    loans = zip(base, tables.loan_tiers(coin), tables.loan_tiers(quote), strict=True)
    return [{**row, "baseMaxLoan": number(b.most), "quoteMaxLoan": number(q.most)} for row, b, q in loans]


def discount(asset: Asset) -> Row:
    """One row of `/public/discount-rate-interest-free-quota`: brackets are amounts of the currency."""
    brackets = tables.discount(asset)
    return {
        "amt": "0",
        "ccy": asset,
        "collateralRestrict": False,
        "colRes": "0",
        "details": [
            {
                "discountRate": number(bracket.rate),
                "disCcyEq": "",
                "liqPenaltyRate": "0.02",
                "maxAmt": "" if bracket.most is None else number(bracket.most),
                "minAmt": number(bracket.least),
                "tier": str(place + 1),
            }
            for place, bracket in enumerate(brackets)
        ],
        "discountLv": "1",
        "minDiscountRate": number(min(bracket.rate for bracket in brackets)),
    }


def candles(name: str, mark: float, seconds: int, count: int, now_ms: int, before_ms: int | None) -> list[list[str]]:
    """Mark candles, newest first: a walk that ends at the present mark and is the same whenever it is asked for."""
    step = seconds * 1000
    newest = now_ms // step * step
    volatility = 0.035 * math.sqrt(seconds / 86_400.0)
    rows: list[list[str]] = []
    close, opened = mark, newest
    while len(rows) < count:
        dice = random.Random(f"{name} {seconds} {opened}")
        start = close * math.exp(-volatility * dice.gauss(0.0, 1.0))
        high, low = max(start, close) * (1.0 + volatility * 0.3), min(start, close) * (1.0 - volatility * 0.3)
        if before_ms is None or opened < before_ms:
            printed = [number(round(value, 8)) for value in (start, high, low, close)]
            rows.append([str(opened), *printed, "0" if opened == newest else "1"])
        close, opened = start, opened - step
    return rows
