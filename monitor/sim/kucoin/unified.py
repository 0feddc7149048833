"""The unified account in numbers: several coins back all positions, each with a haircut; rates come from tiers.

What the venue calls USD is USDT: a recorded account's figures are round in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from monitor.domain.names import Asset, Symbol
from monitor.sim.kucoin.arithmetic import counted, over, tier_rate
from monitor.sim.kucoin.board import Prices
from monitor.sim.kucoin.futures import Isolated
from monitor.sim.kucoin.holdings import CROSS, Order, Position
from monitor.sim.kucoin.listing import BANDS, TAKER_FEE, Band
from monitor.sim.kucoin.opening import Opening, opening


@dataclass(frozen=True, slots=True)
class Unified:
    """Everything of a unified account. `cash` may be below zero: that much is borrowed."""

    cash: Mapping[Asset, float]
    hold: Mapping[Asset, float]
    positions: Sequence[Position]
    orders: Sequence[Order]
    prices: Prices

    @property
    def cross(self) -> list[Position]:
        """Positions that share everything."""
        return [each for each in self.positions if not each.isolated]

    def alone(self, position: Position) -> Isolated:
        """An isolated position in numbers: its rate is that of its tier."""
        return Isolated(position, self.prices, self.rate(position.symbol))

    @property
    def coins(self) -> list[Asset]:
        """Coins that are there, owed, or in which a position's profit is."""
        return list(dict.fromkeys((*self.cash, *(each.spec.settle for each in self.positions))))

    def balance_of(self, coin: Asset) -> float:
        """What isolated positions have left of a coin."""
        taken = sum(each.margin for each in self.positions if each.isolated and each.spec.settle == coin)
        return self.cash.get(coin, 0.0) - taken

    def equity_of(self, coin: Asset) -> float:
        """Balance and unrealised profit of cross positions, in the coin."""
        profit = sum(each.profit(self._mark(each)) for each in self.cross if each.spec.settle == coin)
        return self.balance_of(coin) + profit

    def owed_of(self, coin: Asset) -> float:
        """What is borrowed of a coin."""
        return max(0.0, -self.balance_of(coin))

    def available_of(self, coin: Asset) -> float:
        """What may be used of a coin."""
        return max(0.0, self.balance_of(coin) - self.hold.get(coin, 0.0))

    @property
    def equity(self) -> float:
        """All of it in USD, without a haircut."""
        return sum(self.equity_of(coin) * self.prices.usdt(coin) for coin in self.coins)

    @property
    def liability(self) -> float:
        """What is owed in USD."""
        return sum(self.owed_of(coin) * self.prices.usdt(coin) for coin in self.coins)

    @property
    def adjusted(self) -> float:
        """Equity in USD after haircuts, which go by the number of coins."""
        no_band = (Band(float("inf"), 0.0),)
        return sum(
            counted(self.equity_of(coin), BANDS.get(coin, no_band)) * self.prices.usdt(coin) for coin in self.coins
        )

    def _mark(self, held: Position | Order) -> float:
        return self.prices.mark(held.symbol)

    def _usd(self, held: Position | Order) -> float:
        return self.prices.usdt(held.spec.settle)

    @property
    def opening(self) -> list[Opening]:
        """What resting orders in cross margin would open."""
        return opening([each for each in self.orders if each.mode == CROSS], self.cross)

    def notional(self, symbol: Symbol) -> float:
        """Position and opening orders of a contract together, in its quote: what its tier goes by."""
        held = sum(self._notional(each, each.lots) for each in self.positions if each.symbol == symbol)
        return held + sum(self._notional(each.order, each.lots) for each in self.opening if each.order.symbol == symbol)

    def _notional(self, held: Position | Order, lots: float) -> float:
        return held.spec.size(abs(lots)) * (1.0 if held.spec.inverse else self._mark(held))

    def rate(self, symbol: Symbol) -> float:
        """The maintenance rate of a contract."""
        return tier_rate(self.notional(symbol), self.prices.specs[symbol].tiers).maintenance

    def maintenance_of(self, position: Position) -> float:
        """In the settlement coin; of an isolated position with the fee of its liquidation."""
        if position.isolated:
            return self.alone(position).maintenance
        return position.requirement(self._mark(position), self.rate(position.symbol))

    def initial_of(self, position: Position) -> float:
        """In the settlement coin; of an isolated position its first margin."""
        if position.isolated:
            return position.initial
        return abs(position.worth(self._mark(position))) / position.leverage

    def _ordered(self, each: Opening) -> float:
        """What an order would open, in USD."""
        return each.worth(self._mark(each.order)) * self._usd(each.order)

    @property
    def maintenance(self) -> float:
        """`mm` in USD: positions, and orders as if filled."""
        held = sum(self.maintenance_of(each) * self._usd(each) for each in self.cross)
        return held + sum(self._ordered(each) * self.rate(each.order.symbol) for each in self.opening)

    @property
    def initial(self) -> float:
        """`im` in USD."""
        held = sum(self.initial_of(each) * self._usd(each) for each in self.cross)
        return held + sum(
            each.worth(each.order.price) / each.order.leverage * self._usd(each.order) for each in self.opening
        )

    @property
    def closing_fees(self) -> float:
        """In USD; `mm` is printed without them, the risk ratio holds them."""
        held = sum(abs(each.worth(self._mark(each))) * self._usd(each) for each in self.cross)
        return TAKER_FEE * (held + sum(self._ordered(each) for each in self.opening))

    @property
    def opening_fees(self) -> float:
        """What it costs to have the orders filled, in USD."""
        return TAKER_FEE * sum(each.worth(each.order.price) * self._usd(each.order) for each in self.opening)

    @property
    def risk_ratio(self) -> float:
        """1 is liquidation."""
        return over(self.maintenance + self.closing_fees, self.adjusted - self.opening_fees)
