"""Positions as the simulated OKX prints them. "" is what does not apply."""

from __future__ import annotations

from typing import Any

from monitor.sim.okx import multi, single
from monitor.sim.okx.figures import Figures
from monitor.sim.okx.holdings import Level, position_need, tier_at
from monitor.sim.okx.listing import Product
from monitor.sim.okx.options import short_maintenance
from monitor.sim.okx.positions import (
    ISOLATED,
    NET,
    Loan,
    Position,
    isolated_liquidation_price,
    isolated_maintenance,
    isolated_ratio,
    notional,
)
from monitor.sim.okx.tables import loan_tiers, tier_for
from monitor.sim.okx.text import maybe, number

Row = dict[str, Any]
_NO_GREEKS = {f"{greek}{kind}": "" for greek in ("delta", "gamma", "theta", "vega") for kind in ("BS", "PA")}

_NEEDS = ("imr", "liqPx", "margin", "mgnRatio", "mmr")  #: empty once a position is closed


class PositionRows(Figures):
    """Rows of `/account/positions` and of its channel."""

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
            coins = abs(position.contracts) * position.instrument.face
            own = short_maintenance(position.instrument, prices, factor) * coins
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
