"""What the simulated OKX does by itself: funding, daily settlement, orders that are met, warnings and liquidation."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from monitor.domain.names import Asset
from monitor.sim.okx.accounts import SimAccount
from monitor.sim.okx.answers import Reading
from monitor.sim.okx.board import Board
from monitor.sim.okx.books import CASH
from monitor.sim.okx.holdings import DERIVATIVES, Level, tier_at
from monitor.sim.okx.listing import Product
from monitor.sim.okx.positions import CROSS, Loan, Position, isolated_ratio, notional
from monitor.sim.okx.tables import derivative_tiers, loan_tiers, tier_for, tier_of
from monitor.sim.okx.text import decimals

WARNING_RATIO, LIQUIDATION_RATIO = 3.0, 1.0
WARN_AGAIN_MS = 3_600_000
KEPT_EVENTS = 10_000
Warn = Callable[[SimAccount, Sequence[Position | Loan], float], None]


@dataclass(slots=True)
class Keeper:
    """Looks after accounts. `warn` sends a warning; `events`: what happened lately, newest last."""

    board: Board
    warn: Warn
    events: deque[str] = field(default_factory=lambda: deque(maxlen=KEPT_EVENTS))
    insured: float = 0.0  #: what was refilled so far, in whatever it was, at its USD price

    def fund(self, accounts: Collection[SimAccount]) -> None:
        """Pay funding on every swap."""
        for instrument in self.board.of(Product.SWAP):
            for account in accounts:
                account.pay_funding(instrument.name, self.board.funding_rate(instrument.name))

    def settle_daily(self, accounts: Collection[SimAccount]) -> None:
        """Pay out the profit of expiry futures."""
        for instrument in self.board.of(Product.FUTURES):
            for account in accounts:
                account.settle_daily(instrument.name)

    def deliver(self, accounts: Collection[SimAccount], name: str) -> None:
        """End an instrument at its index: futures are closed there, options at what they are worth."""
        instrument = self.board.find(name)
        price = self.board.prices.index(instrument)
        if instrument.strike is not None:
            gain = price - instrument.strike if instrument.call else instrument.strike - price
            price = max(0.0, gain) / (1.0 if instrument.in_usd else price)
        for account in accounts:
            for position in [p for p in account.positions.values() if p.instrument.name == name]:
                self.events.append(f"{account.name}: {name} delivered at {price:g}")
                account.forced_close(position, abs(position.contracts), price, 0.0, "delivered")
            account.forget(name)
        self.board.delist(name)

    def look_after(self, accounts: Collection[SimAccount]) -> None:
        """Fill orders that are met, liquidate what has to be, warn of what is near."""
        for account in accounts:
            self._meet_orders(account)
            for position in account.isolated():
                self._isolated(account, position)
            for pair in list(account.loans):
                self._loan(account, account.loans[pair])
            if account.level is Level.FUTURES:
                for asset in dict.fromkeys(position.settle for position in account.cross()):
                    self._cross(account, asset)
            else:
                self._whole(account)

    def adl(self, account: SimAccount, name: str, *, share: float = 1.0) -> None:
        """Auto-deleverage `share` of an account's positions in an instrument, at the mark."""
        for position in [p for p in account.positions.values() if p.instrument.name == name]:
            self.events.append(f"{account.name}: {name} auto-deleveraged")
            account.forced_close(position, abs(position.contracts) * share, self.board.mark(name), 0.0, "adl")

    # inside

    def _meet_orders(self, account: SimAccount) -> None:
        for order in list(account.orders.values()):
            mark = self.board.prices.mark(order.instrument)
            if (mark <= order.price) if order.buy else (mark >= order.price):
                account.fill(order.number)

    def _warn(self, account: SimAccount, pool: str, positions: Sequence[Position | Loan], ratio: float) -> None:
        now, last = account.time_ms(), account.warned_ms.get(pool)
        if ratio > WARNING_RATIO:
            account.warned_ms.pop(pool, None)
            return
        if last is None or now - last >= WARN_AGAIN_MS:
            account.warned_ms[pool] = now
            self.events.append(f"{account.name}: warning, {pool} at {ratio:.2f}")
            self.warn(account, positions, ratio)

    def _isolated(self, account: SimAccount, position: Position) -> None:
        while position.contracts:
            ratio = isolated_ratio(position, self.board.prices, account.taker_rate)
            if ratio > LIQUIDATION_RATIO:
                self._warn(account, f"{position.instrument.name} {position.side}", [position], ratio)
                return
            self._reduce(account, position, abs(position.contracts))

    def _loan(self, account: SimAccount, loan: Loan) -> None:
        rate = tier_for(loan_tiers(loan.owed_asset), loan.debt).mmr
        ratio = loan.ratio(self.board.prices, rate, account.margin_taker_rate)
        if ratio > LIQUIDATION_RATIO:
            self._warn(account, loan.instrument.name, [loan], ratio)
            return
        self.events.append(f"{account.name}: {loan.instrument.name} liquidated")
        account.repay(loan.instrument.name)

    def _cross(self, account: SimAccount, asset: Asset) -> None:
        ratio = Reading(account).pool(asset).ratio
        if ratio is None or ratio > LIQUIDATION_RATIO:
            if ratio is not None:
                self._warn(account, f"cross {asset}", account.cross(asset), ratio)
            return
        self._cancel(account, asset)
        while (ratio := Reading(account).pool(asset).ratio) is not None and ratio <= LIQUIDATION_RATIO:
            self._reduce_worst(account, account.cross(asset))
        self._refill(account, asset)

    def _whole(self, account: SimAccount) -> None:
        ratio = Reading(account).ratio
        if ratio is None or ratio > LIQUIDATION_RATIO:
            if ratio is not None:
                self._warn(account, "account", account.cross(), ratio)
            return
        self._cancel(account, None)
        while account.cross() and (ratio := Reading(account).ratio) is not None and ratio <= LIQUIDATION_RATIO:
            self._reduce_worst(account, account.cross())
        if (ratio := Reading(account).ratio) is not None and ratio <= LIQUIDATION_RATIO:
            self._sell_collateral(account)
        if Reading(account).ratio is not None:
            for asset in list(account.cash):
                if not account.cross():
                    self._refill(account, asset)

    def _cancel(self, account: SimAccount, asset: Asset | None) -> None:
        for order in list(account.orders.values()):
            derivative = order.instrument.product in DERIVATIVES and order.mode != CASH
            if asset is None or (derivative and order.settle == asset):
                account.cancel(order.number)

    def _reduce_worst(self, account: SimAccount, positions: Sequence[Position]) -> None:
        """The position with the largest loss first: down to a lower tier if it is in a higher one, else whole."""
        worst = min(positions, key=lambda p: p.profit(self.board.prices) * self.board.prices.usd(p.settle))
        alike = [
            p
            for p in positions
            if (p.instrument.product, p.instrument.family) == (worst.instrument.product, worst.instrument.family)
        ]
        self._reduce(account, worst, sum(abs(p.contracts) for p in alike))

    def _reduce(self, account: SimAccount, position: Position, size: float) -> None:
        """One step: to the cap of the next lower tier of `size`, or to nothing. The penalty is of the closed size."""
        instrument, held = position.instrument, abs(position.contracts)
        tier = tier_of(instrument, size) if position.mode != CROSS else tier_at(account, instrument, with_orders=False)
        closed = held
        if tier.number > 1 and instrument.product is not Product.OPTION:
            cap = derivative_tiers(instrument.product, instrument.family)[tier.number - 2].most
            closed = min(held, max(round(size - cap, decimals(instrument.lot)), float(instrument.lot)))
        mark = self.board.mark(instrument.name)
        rate = tier_of(instrument, closed).mmr
        penalty = 0.0 if instrument.product is Product.OPTION else notional(instrument, closed, mark) * rate
        how = "liquidated" if closed == held else f"reduced by {closed:g}"
        self.events.append(f"{account.name}: {instrument.name} {position.side} {how} at {mark:g}")
        account.forced_close(position, closed, mark, penalty, "liquidation")

    def _refill(self, account: SimAccount, asset: Asset) -> None:
        self.insured += account.absorb_deficit(asset) * self.board.prices.usd(asset)

    def _sell_collateral(self, account: SimAccount) -> None:
        """Debts are paid from what else there is, at the index, without a fee."""
        prices = self.board.prices
        for debt in [asset for asset, amount in account.cash.items() if amount < 0.0]:
            for asset in [asset for asset, amount in account.cash.items() if amount > 0.0]:
                value = min(account.cash[asset] * prices.usd(asset), -account.cash[debt] * prices.usd(debt))
                if value > 0.0:
                    self.events.append(f"{account.name}: {value:.2f} USD of {asset} sold for the debt in {debt}")
                    account.transfer(asset, -value / prices.usd(asset))
                    account.transfer(debt, value / prices.usd(debt))
