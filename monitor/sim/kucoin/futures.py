"""The classic futures account of one settlement coin in numbers, as the venue would print them (no rounding yet).

Isolated positions stand alone under the rule of May 2025; cross positions share what is left of the wallet.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from monitor.domain.names import Asset, Symbol
from monitor.sim.kucoin import arithmetic
from monitor.sim.kucoin.arithmetic import over
from monitor.sim.kucoin.board import Prices
from monitor.sim.kucoin.holdings import CROSS, ISOLATED, LONG, SHORT, Order, Position
from monitor.sim.kucoin.listing import LIQUIDATION_FEE, TAKER_FEE, Spec
from monitor.sim.kucoin.opening import Opening, opening


def rate_of(spec: Spec, lots: float) -> float:
    """The maintenance rate of so many lots in cross margin."""
    size = spec.size(abs(lots))
    return arithmetic.continuous_rate(size, spec.m, spec.lev_constant, spec.rate_limit)


@dataclass(frozen=True, slots=True)
class Lines:
    """Where a position is liquidated and where its margin is gone; not positive or infinite: nowhere."""

    liquidation: float
    bankruptcy: float


class Isolated:
    """One isolated position in numbers. `rate`: of maintenance, where its risk-limit level does not say it."""

    def __init__(self, position: Position, prices: Prices, rate: float | None = None) -> None:
        self.position, self.mark = position, prices.mark(position.symbol)
        self.rate = rate if rate is not None else position.spec.level(position.level).maintenance

    @property
    def maintenance(self) -> float:
        """At the level's rate, with the fee of a liquidation."""
        return self.position.requirement(self.mark, self.rate + LIQUIDATION_FEE)

    @property
    def margin(self) -> float:
        """Position margin with profit."""
        return self.position.margin + self.position.profit(self.mark)

    @property
    def ratio(self) -> float:
        """The margin rate: 1 is liquidation."""
        return over(self.maintenance, self.margin)

    @property
    def lines(self) -> Lines:
        """Of this position alone."""
        held, inverse = self.position, self.position.spec.inverse
        given = (held.sign, held.size, held.entry, held.margin)
        return Lines(
            arithmetic.isolated_liquidation(*given, self.rate + LIQUIDATION_FEE, inverse=inverse),
            arithmetic.isolated_bankruptcy(*given, inverse=inverse),
        )


@dataclass(frozen=True, slots=True)
class Account:
    """Everything of one settlement coin. `wallet` without unrealised profit."""

    coin: Asset
    wallet: float
    hold: float
    positions: Sequence[Position]
    orders: Sequence[Order]
    prices: Prices

    @property
    def cross(self) -> list[Position]:
        """Positions that share a margin."""
        return [each for each in self.positions if not each.isolated]

    @property
    def isolated(self) -> list[Position]:
        """Positions that do not."""
        return [each for each in self.positions if each.isolated]

    def _mark(self, held: Position | Order) -> float:
        return self.prices.mark(held.symbol)

    def _worth(self, held: Position) -> float:
        return abs(held.worth(self._mark(held)))

    def _profit(self, held: Iterable[Position]) -> float:
        return sum(each.profit(self._mark(each)) for each in held)

    @property
    def cross_profit(self) -> float:
        """Unrealised, of cross positions."""
        return self._profit(self.cross)

    @property
    def isolated_profit(self) -> float:
        """Unrealised, of isolated positions."""
        return self._profit(self.isolated)

    @property
    def isolated_margin(self) -> float:
        """What isolated positions hold of the wallet."""
        return sum(each.margin for each in self.isolated)

    def opening(self, mode: str) -> list[Opening]:
        """What resting orders of a margin mode would open."""
        held = [each for each in self.positions if each.mode == mode]
        return opening([each for each in self.orders if each.mode == mode], held)

    def order_margin(self, mode: str) -> float:
        """What resting orders of a margin mode hold."""
        return sum(each.worth(each.order.price) / each.order.leverage for each in self.opening(mode))

    @property
    def cross_initial(self) -> float:
        """Initial margin of cross positions; of the two sides of a hedged symbol the larger one counts."""
        sides: dict[str, dict[str, float]] = {}
        for each in self.cross:
            sides.setdefault(each.symbol, {})[each.side] = self._worth(each) / each.leverage
        return sum(
            max(held.get(LONG, 0.0), held.get(SHORT, 0.0)) + sum(v for k, v in held.items() if k not in (LONG, SHORT))
            for held in sides.values()
        )

    @property
    def total_cross(self) -> float:
        """All that backs cross positions, profit included."""
        held = self.isolated_margin + self.order_margin(ISOLATED) + self.hold
        return self.wallet - held + self.cross_profit

    @property
    def equity(self) -> float:
        """Wallet and all profit."""
        return self.wallet + self.cross_profit + self.isolated_profit

    @property
    def isolated_funding(self) -> float:
        """What isolated positions have got of funding; negative where they have paid."""
        return -sum(each.funding_paid for each in self.isolated)

    @property
    def available(self) -> float:
        """What is free: profit is not, a loss and what isolated positions have paid are taken off."""
        held = self.cross_initial + self.order_margin(CROSS) + max(0.0, self.cross_profit)
        return max(0.0, self.total_cross - held + min(0.0, self.isolated_funding))

    @property
    def maintenance(self) -> float:
        """Of cross positions."""
        return sum(each.requirement(self._mark(each), rate_of(each.spec, each.lots)) for each in self.cross)

    @property
    def required(self) -> float:
        """What the risk ratio sets against the margin: positions and orders as if all were filled, and fees to close
        them. The rate of a contract is then that of everything held and ordered in it."""
        orders = self.opening(CROSS)
        lots: dict[Symbol, float] = {}
        for held in self.cross:
            lots[held.symbol] = lots.get(held.symbol, 0.0) + abs(held.lots)
        for each in orders:
            lots[each.order.symbol] = lots.get(each.order.symbol, 0.0) + each.lots
        ordered = {each.order.symbol for each in orders}
        total = 0.0
        for held in self.cross:
            size = lots[held.symbol] if held.symbol in ordered else held.lots
            total += self._worth(held) * (rate_of(held.spec, size) + TAKER_FEE)
        for each in orders:
            worth = each.worth(self._mark(each.order))
            total += worth * (rate_of(each.order.spec, lots[each.order.symbol]) + TAKER_FEE)
        return total

    @property
    def opening_fees(self) -> float:
        """What it costs to have the orders filled."""
        return sum(each.worth(each.order.price) for each in self.opening(CROSS)) * TAKER_FEE

    @property
    def risk_ratio(self) -> float:
        """1 is liquidation, at 0.95 orders are cancelled."""
        return over(self.required, self.total_cross - self.opening_fees)

    def lines(self, position: Position) -> Lines:
        """As printed for a cross position: all positions go against their holder by the same fraction."""
        worth = sum(self._worth(each) for each in self.cross)
        buffer = self.total_cross / worth if worth else math.inf
        mark, rate = self._mark(position), rate_of(position.spec, position.lots) + TAKER_FEE
        inverse = position.spec.inverse
        return Lines(
            arithmetic.cross_liquidation(position.sign, mark, buffer, rate, inverse=inverse),
            arithmetic.cross_bankruptcy(position.sign, mark, buffer, inverse=inverse),
        )
