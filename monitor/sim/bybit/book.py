"""The margin of an account at given prices: each figure that Bybit prints, worked out from its documents."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from monitor.domain.names import Asset, Symbol
from monitor.sim.bybit import arithmetic, portfolio
from monitor.sim.bybit.holdings import BUY_LEG, ONE_WAY, Coin, Holdings, MarginMode, SimOrder, SimPosition
from monitor.sim.bybit.listing import SPOT_PAIRS, price_bounds
from monitor.sim.bybit.prices import Prices
from monitor.sim.bybit.tiers import COLLATERAL, DEFAULT_RISK_LIMITS, RISK_LIMITS, RiskTier, borrow_tier
from monitor.sim.bybit.tiers import collateral_value as bracketed

Limits = dict[Symbol, tuple[RiskTier, ...]]


@dataclass(frozen=True, slots=True)
class CoinFigures:
    """One coin of an account, amounts in the coin; `worth_usd` is its part of the margin balance."""

    wallet: float
    borrowed: float
    profit: float
    option_value: float
    equity: float
    borrow_amount: float
    locked: float
    order_initial: float
    position_initial: float
    position_maintenance: float
    worth_usd: float


@dataclass(frozen=True, slots=True)
class Totals:
    """The account in USD. `denominator` is what both rates are of; None where the mode has no rates."""

    equity: float
    margin_balance: float
    option_worth: float
    profit: float
    initial: float
    maintenance: float
    haircut: float
    order_loss: float

    def denominator(self, mode: MarginMode) -> float:
        """Margin balance (portfolio margin: with options), less what open orders may cost."""
        options = self.option_worth if mode is MarginMode.PORTFOLIO else 0.0
        return self.margin_balance + options - self.haircut + self.order_loss

    def available(self, mode: MarginMode) -> float:
        """What new orders may use."""
        options = self.option_worth if mode is MarginMode.PORTFOLIO else 0.0
        return self.margin_balance + options - self.haircut - self.initial


class Book:
    """One account at one set of prices. `limits`: risk-limit tables that differ from the public ones; `orders`: what
    resting orders lose and need in USD, where that is not to move with the prices."""

    def __init__(
        self,
        holdings: Holdings,
        prices: Prices,
        limits: Limits | None = None,
        orders: tuple[float, float] | None = None,
    ) -> None:
        self.holdings, self.prices = holdings, prices
        self._limits = limits if limits is not None else {}
        self._held_orders = orders

    # positions

    def tiers(self, symbol: Symbol) -> tuple[RiskTier, ...]:
        """The risk-limit tiers of a symbol."""
        return self._limits.get(symbol) or RISK_LIMITS.get(symbol, DEFAULT_RISK_LIMITS)

    def is_option(self, symbol: Symbol) -> bool:
        """Whether it is an option."""
        return symbol in self.prices.options

    def closing_fee(self, position: SimPosition) -> float:
        """The fee at bankruptcy that margins include."""
        inverse = self.prices.inverse(position.symbol)
        fee = self.holdings.fee(position.symbol)
        return arithmetic.fee_to_close(inverse, position.size, position.entry, position.sign, position.leverage, fee)

    def profit(self, position: SimPosition) -> float:
        """Unrealised, in the settlement coin; USDC contracts count from their last settlement."""
        inverse, mark = self.prices.inverse(position.symbol), self.prices.mark(position.symbol)
        return arithmetic.profit(inverse, position.size, self.counted_from(position), mark, position.sign)

    def counted_from(self, position: SimPosition) -> float:
        """The price from which profit is not yet paid out."""
        return position.session_entry or position.entry

    def worth(self, position: SimPosition) -> float:
        """Value at the mark in the settlement coin."""
        return arithmetic.value(self.prices.inverse(position.symbol), position.size, self.prices.mark(position.symbol))

    def entry_worth(self, position: SimPosition) -> float:
        """Value at the entry: what `positionValue` prints."""
        return arithmetic.value(self.prices.inverse(position.symbol), position.size, position.entry)

    def initial(self, position: SimPosition) -> float:
        """`positionIM`."""
        symbol = position.symbol
        if self.is_option(symbol):
            if position.sign > 0.0:
                return 0.0
            option, index, mark = self.prices.options[symbol], self.prices.index(symbol), self.prices.mark(symbol)
            return position.size * arithmetic.short_option_initial(option, index, mark, position.entry)
        isolated = self.holdings.mode is MarginMode.ISOLATED
        worth = self.entry_worth(position) if isolated else self.worth(position)
        return arithmetic.initial_margin(worth, position.leverage, self.closing_fee(position))

    def maintenance(self, position: SimPosition) -> float:
        """`positionMM`."""
        symbol = position.symbol
        if self.is_option(symbol):
            if position.sign > 0.0:
                return 0.0
            option, index, mark = self.prices.options[symbol], self.prices.index(symbol), self.prices.mark(symbol)
            return position.size * arithmetic.short_option_maintenance(option, index, mark)
        return arithmetic.maintenance_margin(self.tiers(symbol), self.worth(position), self.closing_fee(position))

    def _held(self, coin: Asset, *, options: bool) -> list[SimPosition]:
        return [
            position
            for position in self.holdings.open_positions()
            if self.prices.settle(position.symbol) == coin and self.is_option(position.symbol) == options
        ]

    def _both(self, positions: Iterable[SimPosition], figure: dict[int, float]) -> float:
        """A sum over positions; where both legs of a symbol are held, the smaller figure counts in part."""
        legs: dict[Symbol, list[float]] = {}
        for position in positions:
            legs.setdefault(position.symbol, []).append(figure[id(position)])
        share = self.holdings.hedged_share
        return sum(max(both) + share * (sum(both) - max(both)) for both in legs.values())

    # orders

    def opening(self, order: SimOrder) -> float:
        """How much of an order can open or grow a position."""
        return self._openings.get(order.id, 0.0)

    @cached_property
    def _openings(self) -> dict[str, float]:
        """By order: the nearest ones close what is held, the others open; an order against its leg only closes."""
        room = {key: position.size for key, position in self.holdings.positions.items()}
        found: dict[str, float] = {}
        for order in sorted(self.holdings.orders.values(), key=lambda order: -order.sign * order.price):
            key = (order.symbol, order.index)
            held = self.holdings.positions.get(key)
            if order.spot or order.reduce_only:
                continue
            if held is None or not held.size or held.sign == order.sign:
                against = order.index != ONE_WAY and order.sign != (1.0 if order.index == BUY_LEG else -1.0)
                found[order.id] = 0.0 if against else order.size
                continue
            closing = min(room[key], order.size)
            room[key] -= closing
            found[order.id] = order.size - closing if order.index == ONE_WAY else 0.0
        return found

    def _leverage(self, order: SimOrder) -> float:
        held = self.holdings.positions.get((order.symbol, order.index))
        return held.leverage if held is not None else 10.0

    def order_initial(self, order: SimOrder) -> float:
        """What an order holds, in the settlement coin."""
        size, symbol = self.opening(order), order.symbol
        if not size:
            return 0.0
        if self.is_option(symbol):
            option, index, mark = self.prices.options[symbol], self.prices.index(symbol), self.prices.mark(symbol)
            fee = arithmetic.option_order_fee(index, order.price)
            if order.sign > 0.0:
                return size * (order.price + fee)
            initial = arithmetic.short_option_initial(option, index, mark, order.price)
            return size * max(0.0, initial - order.price + fee)
        return arithmetic.order_initial_margin(
            self.prices.inverse(symbol),
            size,
            order.price,
            order.sign,
            self._leverage(order),
            self.holdings.fee(symbol),
        )

    def _orders_maintenance(self, coin: Asset) -> float:
        """Of the orders that settle in a coin: by symbol and leg together with what is held there."""
        worths: dict[tuple[Symbol, int], float] = {}
        for order in self.holdings.orders.values():
            if order.spot or self.is_option(order.symbol) or self.prices.settle(order.symbol) != coin:
                continue
            worth = arithmetic.value(self.prices.inverse(order.symbol), self.opening(order), order.price)
            key = (order.symbol, order.index)
            worths[key] = worths.get(key, 0.0) + worth
        total = 0.0
        for key, worth in worths.items():
            held = self.holdings.positions.get(key)
            position_worth = self.worth(held) if held is not None and held.size else 0.0
            total += arithmetic.order_maintenance_margin(self.tiers(key[0]), position_worth, worth)
        return total

    @cached_property
    def _orders(self) -> tuple[float, float]:
        """What resting orders would lose at once (<= 0), and their maintenance margin, in USD."""
        if self._held_orders is not None:
            return self._held_orders
        needed = sum(
            self._orders_maintenance(coin) * self.prices.usd_index(coin)
            for coin in {self.prices.settle(o.symbol) for o in self.holdings.orders.values() if not o.spot}
        )
        return self._order_loss(), needed

    def _order_loss(self) -> float:
        total = 0.0
        for order in self.holdings.orders.values():
            if not order.spot and self.prices.linear(order.symbol) and self.opening(order):
                loss = arithmetic.order_loss(
                    order.sign, self.opening(order), order.price, self.prices.mark(order.symbol)
                )
                total += loss * self.prices.usd_index(self.prices.settle(order.symbol))
        return total

    def locked(self, coin: Asset) -> float:
        """What open spot orders hold of a coin."""
        total = 0.0
        for order in self.holdings.orders.values():
            if order.spot:
                pair = SPOT_PAIRS[order.symbol]
                if order.sign > 0.0 and pair.quote == coin:
                    total += order.size * order.price
                if order.sign < 0.0 and pair.coin == coin:
                    total += order.size
        return total

    def _haircut(self) -> float:
        """Collateral value that would be lost if all open spot orders were filled."""
        lost = 0.0
        for order in self.holdings.orders.values():
            if order.spot:
                pair = SPOT_PAIRS[order.symbol]
                given, taken = (pair.quote, pair.coin) if order.sign > 0.0 else (pair.coin, pair.quote)
                worth = order.size * order.price * self.prices.usd_index(pair.quote)
                lost += worth * max(0.0, self._first_ratio(given) - self._first_ratio(taken))
        return lost

    def _first_ratio(self, coin: Asset) -> float:
        brackets = COLLATERAL.get(coin)
        return brackets[0].ratio if brackets and self.holdings.coins.get(coin, Coin()).backs else 0.0

    # coins

    def counted(self, coin: Asset, amount: float) -> float:
        """What an amount of a coin counts as collateral, in the coin: a debt counts whole."""
        if amount < 0.0:
            return amount
        if not self.holdings.coins.get(coin, Coin()).backs:
            return 0.0
        return bracketed(COLLATERAL.get(coin, ()), amount)

    def coin(self, name: Asset) -> CoinFigures:
        """One coin."""
        row = self.holdings.coins.get(name, Coin())
        contracts, held_options = self._held(name, options=False), self._held(name, options=True)
        profit = sum(self.profit(position) for position in contracts)
        option_value = sum(p.sign * p.size * self.prices.mark(p.symbol) for p in held_options)
        bought = sum(max(0.0, p.sign) * p.size * self.prices.mark(p.symbol) for p in held_options)
        equity = row.wallet - row.borrowed + profit + option_value
        locked = self.locked(name)
        option_buys = sum(
            self.order_initial(order)
            for order in self.holdings.orders.values()
            if not order.spot
            and order.sign > 0.0
            and self.is_option(order.symbol)
            and self.prices.settle(order.symbol) == name
        )
        free = equity - option_buys - bought - locked
        if self.holdings.mode is MarginMode.PORTFOLIO:
            free = equity - locked
        all_held = [*contracts, *held_options]
        orders = [o for o in self.holdings.orders.values() if not o.spot and self.prices.settle(o.symbol) == name]
        backing = row.wallet - row.borrowed + profit
        return CoinFigures(
            wallet=row.wallet,
            borrowed=row.borrowed,
            profit=profit,
            option_value=option_value,
            equity=equity,
            borrow_amount=max(0.0, -free, row.borrowed),
            locked=locked,
            order_initial=sum(self.order_initial(order) for order in orders),
            position_initial=self._both(all_held, {id(p): self.initial(p) for p in all_held}),
            position_maintenance=self._both(all_held, {id(p): self.maintenance(p) for p in all_held}),
            worth_usd=self.counted(name, backing) * self.prices.usd_index(name),
        )

    @cached_property
    def coins(self) -> dict[Asset, CoinFigures]:
        """Every coin that the account has anything of."""
        settled = {self.prices.settle(position.symbol) for position in self.holdings.open_positions()}
        ordered = {self.prices.settle(o.symbol) for o in self.holdings.orders.values() if not o.spot}
        return {name: self.coin(name) for name in sorted({*self.holdings.coins, *settled, *ordered})}

    # the account

    @cached_property
    def totals(self) -> Totals:
        """All in USD; meaningless in isolated mode."""
        equity = balance = option_worth = profit = initial = maintenance = 0.0
        portfolio_mode = self.holdings.mode is MarginMode.PORTFOLIO
        for name, coin in self.coins.items():
            usd = self.prices.usd_index(name)
            equity += coin.equity * usd
            balance += coin.worth_usd
            option_worth += coin.option_value * usd
            profit += coin.profit * usd
            borrow = borrow_tier(name, coin.borrow_amount)
            initial += coin.borrow_amount * usd * borrow.initial_rate
            maintenance += coin.borrow_amount * usd * borrow.maintenance_rate
            if not portfolio_mode:
                initial += (coin.position_initial + coin.order_initial) * usd
                maintenance += coin.position_maintenance * usd
        loss, needed = self._orders
        if portfolio_mode:
            initial += sum(unit.initial for unit in self.risk_units.values())
            maintenance += sum(unit.maintenance for unit in self.risk_units.values())
        else:
            maintenance += needed
        return Totals(
            equity=equity,
            margin_balance=balance,
            option_worth=option_worth,
            profit=profit,
            initial=initial,
            maintenance=maintenance,
            haircut=self._haircut(),
            order_loss=loss,
        )

    @cached_property
    def risk_units(self) -> dict[Asset, portfolio.RiskUnit]:
        """The scenarios of each base coin."""
        return portfolio.risk_units(self.holdings.open_positions(), self.prices)

    @property
    def rate(self) -> float:
        """`accountMMRate`: 1 is liquidation. Infinite where nothing is left to back what is required."""
        totals = self.totals
        backing = totals.denominator(self.holdings.mode)
        if totals.maintenance <= 0.0 and backing >= 0.0:
            return 0.0
        return totals.maintenance / backing if backing > 0.0 else float("inf")

    # lines

    def line(self, position: SimPosition) -> float | None:
        """`liqPrice`; None where nothing is printed: in portfolio margin, for options, and outside of the bounds."""
        if self.holdings.mode is MarginMode.PORTFOLIO or self.is_option(position.symbol) or not position.size:
            return None
        low, high = price_bounds(self.prices.contract(position.symbol))
        if self.holdings.mode is MarginMode.ISOLATED:
            found = arithmetic.isolated_line(
                self.prices.inverse(position.symbol),
                position.size,
                position.entry,
                position.sign,
                position.leverage,
                position.extra,
                self.holdings.fee(position.symbol),
                self.tiers(position.symbol),
            )
        else:
            found = self._cross_line(position, low, high)
        return found if found is not None and low < found < high else None

    def _cross_line(self, position: SimPosition, low: float, high: float) -> float | None:
        """Where the account is liquidated if this contract alone moves, towards the side that hurts it. What resting
        orders lose and need stays as it is: nobody would still have them there."""
        symbol = position.symbol
        net = sum(p.sign * p.size for p in self.holdings.open_positions() if p.symbol == symbol)
        end = low if net > 0.0 or (net == 0.0 and position.sign > 0.0) else high

        def health(price: float) -> float:
            moved = Book(self.holdings, self.prices.moved(symbol, price), self._limits, self._orders)
            return moved.totals.denominator(self.holdings.mode) - moved.totals.maintenance

        return arithmetic.first_zero(health, self.prices.mark(symbol), end, 60)
