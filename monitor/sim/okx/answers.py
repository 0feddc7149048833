"""An account as the simulated OKX prints it: balance, orders, configuration. "" is what does not apply."""

from __future__ import annotations

from typing import Any

from monitor.domain.names import Asset
from monitor.sim.okx import multi
from monitor.sim.okx.accounts import SimAccount
from monitor.sim.okx.books import CASH
from monitor.sim.okx.figures import BACKED
from monitor.sim.okx.holdings import (
    Level,
    assets,
    cross_equity,
    cross_profit,
    isolated_equity,
    order_fees,
    position_need,
    spot_frozen,
)
from monitor.sim.okx.listing import Product
from monitor.sim.okx.position_rows import PositionRows, Row
from monitor.sim.okx.positions import Resting
from monitor.sim.okx.text import maybe, number


class Reading(PositionRows):
    """One account at one moment, ready to be printed: its figures agree with each other."""

    def balance(self, only: tuple[Asset, ...] = (), *, stream: bool = False) -> Row:
        """`/account/balance`, or one row of the account channel with `stream`; `only` narrows the currencies."""
        named = only or tuple(asset for asset in assets(self.account))
        return {
            **self._account_figures(),
            "details": [self._detail(asset, stream=stream) for asset in named],
            "isoEq": number(self._usd(lambda asset: isolated_equity(self.account, asset, self.prices))),
            "totalEq": number(self._usd(self._equity)),
            "uTime": str(self.account.time_ms()),
        }

    def _account_figures(self) -> Row:
        names = (
            "adjEq",
            "availEq",
            "borrowFroz",
            "delta",
            "deltaLever",
            "deltaNeutralStatus",
            "imr",
            "mgnRatio",
            "mmr",
        )
        more = ("notionalUsd", "notionalUsdForBorrow", "notionalUsdForFutures", "notionalUsdForOption")
        row: Row = dict.fromkeys((*names, *more, "notionalUsdForSwap", "ordFroz", "upl"), "")
        if not self.backed:
            return row
        pm = self.account.level is Level.PORTFOLIO
        equity, owed = (self.portfolio.equity, self.portfolio.owed) if pm else (self.whole.equity, self.whole.owed)
        initial, maintenance = (
            (self.portfolio.initial, self.portfolio.maintenance) if pm else (self.whole.initial, self.whole.maintenance)
        )
        by_product = {
            product: self._notional_usd(product) for product in (Product.SWAP, Product.FUTURES, Product.OPTION)
        }
        return {
            **row,
            "adjEq": number(equity),
            "availEq": number(max(0.0, equity - initial)),
            "borrowFroz": number(
                sum(multi.borrowing(self.account, a, self.prices).initial for a in assets(self.account))
            ),
            "imr": number(initial),
            "mmr": number(maintenance),
            "mgnRatio": maybe(self.ratio),
            "notionalUsd": number(sum(by_product.values()) + owed),
            "notionalUsdForBorrow": number(owed),
            "notionalUsdForFutures": number(by_product[Product.FUTURES]),
            "notionalUsdForOption": number(by_product[Product.OPTION]),
            "notionalUsdForSwap": number(by_product[Product.SWAP]),
            "ordFroz": number(multi.frozen_by_orders(self.account, self.prices)),
            "upl": number(self._usd(lambda asset: cross_profit(self.account, asset, self.prices))),
        }

    def _usd(self, amount_of: Any) -> float:
        return sum(float(amount_of(asset)) * self.prices.usd(asset) for asset in assets(self.account))

    def _equity(self, asset: Asset) -> float:
        return cross_equity(self.account, asset, self.prices) + isolated_equity(self.account, asset, self.prices)

    def _notional_usd(self, product: Product) -> float:
        held = [p for p in self.account.cross() if p.instrument.product is product]
        return sum(self.value_usd(position) for position in held)

    def _detail(self, asset: Asset, *, stream: bool) -> Row:
        account, prices, futures = self.account, self.prices, self.account.level is Level.FUTURES
        cash, upl = account.cash.get(asset, 0.0), cross_profit(account, asset, prices)
        isolated = isolated_equity(account, asset, prices)
        isolated_upl = sum(p.profit(prices) for p in account.isolated(asset))
        crossed, interest = cross_equity(account, asset, prices), account.interest.get(asset, 0.0)
        equity = crossed + isolated
        owed = max(0.0, -crossed) if self.backed else 0.0
        figures = self.pool(asset) if futures else None
        on_order = spot_frozen(account, asset) + order_fees(account, asset)
        if figures is not None:
            available = figures.available
            frozen = isolated + figures.initial + figures.order_margin + on_order
        else:
            frozen = on_order + (
                sum(position_need(account, p, prices, with_orders=False).initial for p in account.cross(asset))
            )
            available = max(0.0, min(cash, crossed) - frozen)
        backed = self.backed
        row: Row = {
            "accAvgPx": "",
            "autoLendAmt": "0",
            "autoLendMtAmt": "0",
            "autoLendStatus": "off",
            "availBal": number(available),
            "availEq": number(available if figures is not None else max(0.0, crossed - frozen)),
            "borrowFroz": number(multi.borrowing(account, asset, prices).initial) if backed else "",
            "cashBal": number(cash),
            "ccy": asset,
            "clSpotInUseAmt": "",
            "colBorrAutoConversion": "0",
            "colRes": "0",
            "collateralEnabled": backed and asset not in account.not_collateral,
            "collateralRestrict": False,
            "crossLiab": number(owed) if backed else "",
            "disEq": number(multi.discounted_equity(account, asset, prices)) if backed else "0",
            "eq": number(equity),
            "eqUsd": number(equity * prices.usd(asset)),
            "fixedBal": "0",
            "frozenBal": number(frozen),
            "imr": number(figures.initial) if figures is not None else "",
            "interest": number(interest) if backed else "",
            "isoEq": number(isolated),
            "isoLiab": "0" if backed else "",
            "isoUpl": number(isolated_upl),
            "liab": number(owed) if backed else "",
            "maxLoan": "",
            "maxSpotInUse": "",
            "maxSpotInUseAmt": "",
            "mgnRatio": maybe(figures.ratio) if figures is not None else "",
            "mmr": number(figures.maintenance) if figures is not None else "",
            "notionalLever": self._leverage(asset, equity),
            "openAvgPx": "",
            "ordFrozen": number(on_order),
            "rewardBal": "0",
            "smtSyncEq": "0",
            "spotBal": "",
            "spotCopyTradingEq": "0",
            "spotInUseAmt": "",
            "spotIsoBal": "0",
            "spotUpl": "",
            "spotUplRatio": "",
            "stgyEq": "0",
            "totalPnl": "",
            "totalPnlRatio": "",
            "twap": "0",
            "uTime": str(account.updated_ms.get(asset, 0)),
            "upl": number(upl + isolated_upl),
            "uplLiab": number(min(owed, max(0.0, -upl))) if backed else "",
        }
        if stream:
            row["coinUsdPrice"] = number(prices.usd(asset))
        return row

    def _leverage(self, asset: Asset, equity: float) -> str:
        if self.account.level is not Level.FUTURES:
            return ""
        value = sum(p.value(self.prices) for p in self.account.cross(asset))
        return number(value / equity) if equity > 0.0 else "0"

    def max_withdrawal(self, asset: Asset) -> Row:
        """`/account/max-withdrawal`: what could leave without lowering anything below its initial margin."""
        cash = max(0.0, self.account.cash.get(asset, 0.0))
        free = cash
        if self.account.level is Level.FUTURES:
            free = min(cash, max(0.0, self.pool(asset).available))
        elif self.backed:
            pm = self.account.level is Level.PORTFOLIO
            equity, initial = (
                (self.portfolio.equity, self.portfolio.initial) if pm else (self.whole.equity, self.whole.initial)
            )
            held = multi.discounted_equity(self.account, asset, self.prices)
            share = held / cash if cash and held > 0.0 else 0.0
            free = min(cash, max(0.0, equity - initial) / share) if share else cash
        return {
            "ccy": asset,
            "maxWd": number(free),
            "maxWdEx": number(free),
            "spotOffsetMaxWd": "",
            "spotOffsetMaxWdEx": "",
        }


def order_row(account: SimAccount, order: Resting, state: str = "live", category: str = "normal") -> Row:
    """One row of `/trade/orders-pending`, and of the orders channel."""
    filled = state == "filled"
    option = order.instrument.product is Product.OPTION
    return {
        "accFillSz": number(order.size) if filled else "0",
        "algoClOrdId": "",
        "algoId": "",
        "attachAlgoClOrdId": "",
        "attachAlgoOrds": [],
        "avgPx": number(order.price) if filled else "",
        "cTime": str(order.created_ms),
        "cancelSource": "",
        "cancelSourceReason": "",
        "category": category,
        "ccy": "",
        "clOrdId": "",
        "fee": "0",
        "feeCcy": order.settle,
        "fillPx": number(order.price) if filled else "",
        "fillSz": number(order.size) if filled else "0",
        "fillTime": str(account.time_ms()) if filled else "",
        "instId": order.instrument.name,
        "instType": order.instrument.product.value,
        "isTpLimit": "false",
        "lever": "" if option or order.mode == CASH else number(order.lever),
        "linkedAlgoOrd": {"algoId": ""},
        "ordId": order.number,
        "ordType": "limit" if category == "normal" else "market",
        "pnl": "0",
        "posSide": order.side if order.mode != CASH else "",
        "px": number(order.price) if category == "normal" else "",
        "quickMgnType": "",
        "rebate": "0",
        "rebateCcy": "",
        "reduceOnly": "true" if order.reduce_only else "false",
        "side": "buy" if order.buy else "sell",
        "source": "",
        "state": state,
        "stpId": "",
        "stpMode": "cancel_maker",
        "sz": number(order.size),
        "tag": "",
        "tdMode": order.mode,
        "tgtCcy": "",
        "tradeId": "",
        "uTime": str(account.time_ms()),
    }


def config(account: SimAccount) -> Row:
    """`/account/config`."""
    return {
        "acctLv": str(account.level.value),
        "acctStpMode": "cancel_maker",
        "autoLoan": account.borrows or account.level in BACKED,
        "ctIsoMode": "automatic",
        "enableSpotBorrow": account.level is Level.SPOT and account.borrows,
        "feeType": "0",
        "greeksType": "PA",
        "ip": account.addresses,
        "kycLv": "3",
        "label": account.name,
        "level": "Lv1",
        "levelTmp": "",
        "liquidationGear": "-1",
        "mainUid": account.user,
        "mgnIsoMode": "automatic",
        "opAuth": "0",
        "perm": account.permissions,
        "posMode": "long_short_mode" if account.hedge else "net_mode",
        "roleType": "0",
        "settleCcy": account.settle_in,
        "settleCcyList": ["USD", "USDC", "USDG"],
        "spotBorrowAutoRepay": False,
        "spotOffsetType": "",
        "spotRoleType": "0",
        "spotTraderInsts": [],
        "stgyType": "0",
        "traderInsts": [],
        "type": "0",
        "uid": account.user,
    }
