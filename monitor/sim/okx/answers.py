"""An account as the simulated OKX prints it: balance, positions, orders, configuration. "" is what does not apply."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from monitor.domain.names import Asset
from monitor.sim.okx import multi, single
from monitor.sim.okx.accounts import CASH, SimAccount
from monitor.sim.okx.board import Prices
from monitor.sim.okx.holdings import (
    Level,
    assets,
    cross_equity,
    cross_profit,
    isolated_equity,
    order_fees,
    position_need,
    spot_frozen,
    tier_at,
)
from monitor.sim.okx.listing import Product
from monitor.sim.okx.options import short_maintenance
from monitor.sim.okx.portfolio import Portfolio, portfolio
from monitor.sim.okx.positions import (
    ISOLATED,
    NET,
    Loan,
    Position,
    Resting,
    isolated_liquidation_price,
    isolated_maintenance,
    isolated_ratio,
    notional,
)
from monitor.sim.okx.tables import loan_tiers, tier_for
from monitor.sim.okx.text import maybe, number

Row = dict[str, Any]
_NO_GREEKS = {f"{greek}{kind}": "" for greek in ("delta", "gamma", "theta", "vega") for kind in ("BS", "PA")}
_BACKED = (Level.MULTI_CURRENCY, Level.PORTFOLIO)

_NEEDS = ("imr", "liqPx", "margin", "mgnRatio", "mmr")  #: empty once a position is closed


class Reading:
    """One account at one moment: its figures are computed once, and agree with each other."""

    def __init__(self, account: SimAccount, prices: Prices | None = None) -> None:
        self.account = account
        self.prices = account.board.prices if prices is None else prices
        self._pools: dict[Asset, single.Pool] = {}

    @property
    def backed(self) -> bool:
        """Whether currencies back each other."""
        level = self.account.level
        return level in _BACKED or (level is Level.SPOT and self.account.borrows)

    def pool(self, asset: Asset) -> single.Pool:
        """The figures of one currency in futures mode."""
        if asset not in self._pools:
            self._pools[asset] = single.pool(self.account, asset, self.prices)
        return self._pools[asset]

    @cached_property
    def whole(self) -> multi.Whole:
        """The account's figures where currencies back each other."""
        return multi.whole(self.account, self.prices)

    @cached_property
    def portfolio(self) -> Portfolio:
        """The account's figures in portfolio margin."""
        return portfolio(self.account, self.prices)

    @property
    def ratio(self) -> float | None:
        """`mgnRatio` of the account; None where it has none."""
        if self.account.level is Level.PORTFOLIO:
            return self.portfolio.ratio
        return self.whole.ratio if self.backed else None

    def cross_ratio(self, position: Position) -> float | None:
        """`mgnRatio` of a cross position: that of what it draws on."""
        return self.pool(position.settle).ratio if self.account.level is Level.FUTURES else self.ratio

    # balance

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

    def value_usd(self, position: Position) -> float:
        """`notionalUsd`: of an option that of its underlying."""
        if position.instrument.product is Product.OPTION:
            coins = abs(position.contracts) * position.instrument.face
            return coins * self.prices.index(position.instrument)
        return position.value(self.prices) * self.prices.usd(position.settle)

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

    # positions

    def positions(self) -> list[Row]:
        """All positions with contracts, loans after them."""
        account = self.account
        held: list[Position | Loan] = [*account.positions.values(), *account.loans.values()]
        return [self.position(each) for each in held]

    def position(self, position: Position | Loan) -> Row:
        """One row; a closed one says pos 0 and little else."""
        if isinstance(position, Loan):
            return self._loan(position)
        return self._derivative(position)

    def _common(self, position: Position | Loan) -> Row:
        instrument = position.instrument
        mark, index = self.prices.mark(instrument), self.prices.index(instrument)
        return {
            **_NO_GREEKS,
            "adl": "1",
            "baseBal": "",
            "baseBorrowed": "",
            "baseInterest": "",
            "bizRefId": "",
            "bizRefType": "",
            "cTime": str(position.created_ms),
            "clSpotInUseAmt": "",
            "closeOrderAlgo": [],
            "idxPx": number(index),
            "instId": instrument.name,
            "instType": instrument.product.value,
            "last": number(mark),
            "lever": number(position.lever),
            "markPx": number(mark),
            "maxSpotInUseAmt": "",
            "pendingCloseOrdLiabVal": "",
            "posId": position.number,
            "quoteBal": "",
            "quoteBorrowed": "",
            "quoteInterest": "",
            "spotInUseAmt": "",
            "spotInUseCcy": "",
            "tradeId": position.trade,
            "uTime": str(position.updated_ms),
            "usdPx": "",
        }

    def _derivative(self, position: Position) -> Row:
        prices, instrument = self.prices, position.instrument
        option, open_now = instrument.product is Product.OPTION, bool(position.contracts)
        shown = position.contracts if position.side == NET else abs(position.contracts)
        upl = position.profit(prices) if open_now else 0.0
        row = {
            **self._common(position),
            "availPos": "" if option else number(abs(position.contracts)),
            "avgPx": number(position.average) if open_now else "",
            "bePx": maybe(self._break_even(position)) if open_now else "",
            "ccy": position.settle,
            "fee": number(position.fee),
            "fundingFee": number(position.funding),
            "hedgedPos": "",
            "interest": "",
            "liab": "",
            "liabCcy": "",
            "liqPenalty": number(position.penalty),
            "mgnMode": position.mode,
            "nonSettleAvgPx": number(position.first_average) if instrument.product is Product.FUTURES else "",
            "notionalUsd": number(self.value_usd(position)),
            "optVal": number(position.option_value(prices)) if option else "",
            "pnl": number(position.realized - position.fee - position.funding - position.penalty),
            "pos": number(shown),
            "posCcy": "",
            "posSide": position.side,
            "realizedPnl": number(position.realized),
            "settledPnl": number(position.settled) if instrument.product is Product.FUTURES else "",
            "upl": number(upl),
            "uplLastPx": number(upl),
            "uplRatio": maybe(self._profit_ratio(position, upl)) if open_now else "",
            "uplRatioLastPx": maybe(self._profit_ratio(position, upl)) if open_now else "",
        }
        if not open_now:
            return {**row, **dict.fromkeys(_NEEDS, "")}
        return {**row, **(self._isolated(position) if position.mode == ISOLATED else self._cross(position))}

    def _isolated(self, position: Position) -> Row:
        taker = self.account.taker_rate
        return {
            "imr": "",
            "liqPx": maybe(isolated_liquidation_price(position, taker)),
            "margin": number(position.margin or 0.0),
            "mgnRatio": number(isolated_ratio(position, self.prices, taker)),
            "mmr": number(isolated_maintenance(position, self.prices)),
        }

    def _cross(self, position: Position) -> Row:
        """In portfolio margin every position of a risk unit repeats the unit's figures."""
        account, prices = self.account, self.prices
        row = {"margin": "", "mgnRatio": maybe(self.cross_ratio(position))}
        if account.level is Level.PORTFOLIO:
            unit = next(unit for unit in self.portfolio.units if unit.coin == position.instrument.coin)
            return {**row, "imr": number(unit.initial), "mmr": number(unit.maintenance), "liqPx": ""}
        need = position_need(account, position, prices, with_orders=False)
        own = need.maintenance
        if position.instrument.product is Product.OPTION and not position.long:
            factor = tier_at(account, position.instrument, with_orders=False).option_factor
            own = short_maintenance(position.instrument, prices, factor) * need.notional
        price = (single if account.level is Level.FUTURES else multi).liquidation_price(account, position, prices)
        return {**row, "imr": number(need.initial), "mmr": number(own), "liqPx": maybe(price)}

    def _break_even(self, position: Position) -> float | None:
        if position.instrument.product is Product.OPTION:
            return None
        fee = self.account.taker_rate
        ratio = (1.0 + fee) / (1.0 - fee)
        return position.average * (ratio if position.long else 1.0 / ratio)

    def _profit_ratio(self, position: Position, upl: float) -> float | None:
        if position.instrument.product is Product.OPTION:
            cost = abs(position.contracts) * position.instrument.face * position.average
            return upl / cost if cost else None
        return upl * position.lever / notional(position.instrument, position.contracts, position.average)

    def _loan(self, loan: Loan) -> Row:
        account, prices, open_now = self.account, self.prices, bool(loan.held)
        rate, fee = tier_for(loan_tiers(loan.owed_asset), loan.debt).mmr, account.margin_taker_rate
        row = {
            **self._common(loan),
            "availPos": number(loan.held),
            "avgPx": number(loan.average) if open_now else "",
            "bePx": "",
            "ccy": loan.held_asset,
            "fee": "0",
            "fundingFee": "0",
            "hedgedPos": "",
            "interest": number(loan.interest),
            "liab": number(-loan.owed),
            "liabCcy": loan.owed_asset,
            "liqPenalty": "0",
            "mgnMode": ISOLATED,
            "nonSettleAvgPx": "",
            "notionalUsd": number(loan.debt * prices.usd(loan.owed_asset)),
            "optVal": "",
            "pnl": "0",
            "pos": number(loan.held),
            "posCcy": loan.held_asset,
            "posSide": NET,
            "realizedPnl": "0",
            "settledPnl": "",
            "imr": "",
        }
        if not open_now:
            return {**row, **dict.fromkeys(("liqPx", "margin", "mgnRatio", "mmr", "upl", "uplRatio"), "")}
        upl = loan.profit(prices)
        return {
            **row,
            "liqPx": number(loan.liquidation_price(rate, fee)),
            "margin": number(loan.margin),
            "mgnRatio": number(loan.ratio(prices, rate, fee)),
            "mmr": number(loan.maintenance(prices, rate)),
            "upl": number(upl),
            "uplRatio": number(upl / loan.margin),
        }

    # other answers

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
        "autoLoan": account.borrows or account.level in _BACKED,
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
