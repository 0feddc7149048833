"""What Bybit does to accounts by itself after prices moved: fills orders, pays funding, settles, liquidates."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from monitor.domain.names import Symbol
from monitor.sim.bybit.accounts import SimAccount
from monitor.sim.bybit.holdings import MarginMode, SimPosition
from monitor.sim.bybit.listing import SPOT_PAIRS
from monitor.sim.bybit.prices import Prices

ENOUGH = 0.9  #: a liquidation in parts stops at this rate
PART = 0.5  #: how much of the largest position goes at a time
MOST_PARTS = 40
KEPT_EVENTS = 1000
HOURLY_INTEREST = 0.00001  #: of a loan


@dataclass(slots=True)
class Keeper:
    """The venue's own deeds. `insurance_usd` pays what liquidated accounts lack. `events` says in words what happened
    lately, newest last."""

    insurance_usd: float = 10_000_000.0
    events: deque[str] = field(default_factory=lambda: deque(maxlen=KEPT_EVENTS))
    _hour: int = 0

    def after_step(self, accounts: Collection[SimAccount], funded: Iterable[Symbol]) -> None:
        """Fill what the market has reached, pay funding for `funded` symbols, then look after every account."""
        for account in accounts:
            self._fill(account)
        self._charge_interest(accounts)
        for symbol in funded:
            for account in accounts:
                account.pay_funding(symbol, account.prices().market.funding_rate(symbol))
                if account.prices().settle(symbol) == "USDC":
                    account.settle_session(symbol)
        for account in accounts:
            self._look_after(account)

    def adl(self, account: SimAccount, symbol: Symbol, *, share: float = 1.0) -> None:
        """Auto-deleverage `share` of the positions in a symbol at the mark."""
        for position in account.open_positions():
            if position.symbol == symbol:
                self.events.append(f"{account.name}: {symbol} auto-deleveraged")
                account.fill(position, -position.sign * position.size * share, None, 0.0, kind="AdlTrade")

    def deliver(self, accounts: Collection[SimAccount], symbol: Symbol, price: float) -> None:
        """A contract or option ends: positions are closed at `price`, orders are gone."""
        for account in accounts:
            for position in account.open_positions():
                if position.symbol == symbol:
                    self.events.append(f"{account.name}: {symbol} delivered at {price:g}")
                    account.fill(position, -position.sign * position.size, price, 0.0, kind="Delivery")
            account.forget(symbol)

    def _charge_interest(self, accounts: Collection[SimAccount]) -> None:
        """Each hour of the market's time, on what is owed."""
        if not accounts:
            return
        hour = int(next(iter(accounts)).prices().market.now // 3600.0)
        passed, self._hour = hour - self._hour, hour
        if not passed:
            return
        for account in accounts:
            for coin, figures in account.book().coins.items():
                account.pay_interest(coin, figures.borrow_amount * HOURLY_INTEREST * passed)

    def _fill(self, account: SimAccount) -> None:
        prices = account.prices()
        for order in list(account.holdings.orders.values()):
            if order.spot:
                pair = SPOT_PAIRS[order.symbol]
                mark = prices.usd_index(pair.coin) / prices.usd_index(pair.quote)
            else:
                mark = prices.mark(order.symbol)
            if order.sign * (mark - order.price) <= 0.0:
                account.fill_order(order)

    def _look_after(self, account: SimAccount) -> None:
        held = account.open_positions()
        if account.mode is MarginMode.ISOLATED:
            for position in held:
                self._isolated(account, position, account.prices())
            return
        if not held and not any(coin.borrowed or coin.wallet < 0.0 for coin in account.holdings.coins.values()):
            return
        if account.book().rate >= 1.0:
            self._liquidate(account)

    def _isolated(self, account: SimAccount, position: SimPosition, prices: Prices) -> None:
        if position.symbol in prices.options:
            return
        line, mark = account.book(prices).line(position), prices.mark(position.symbol)
        if line is None or position.sign * (mark - line) > 0.0:
            return
        side = -position.sign / position.leverage
        entry, symbol = position.entry, position.symbol
        bankrupt = entry / (1.0 - side) if prices.inverse(symbol) else entry * (1.0 + side)
        extra = position.extra
        self.events.append(f"{account.name}: {symbol} {position.side} liquidated at {mark:g}")
        account.fill(position, -position.sign * position.size, bankrupt, None, kind="BustTrade")
        if extra:
            # the takeover is at the bankruptcy price: added margin goes with it
            account.steal(prices.settle(symbol), extra)
            account.push_wallet()

    def _liquidate(self, account: SimAccount) -> None:
        """Orders first, then loans from what there is, then positions in parts until the rate is 90 %."""
        self.events.append(f"{account.name}: liquidation at {account.book().rate:.0%}")
        for order_id in list(account.holdings.orders):
            account.cancel(order_id)
        if account.book().rate >= 1.0:
            self._auto_repay(account)
        for part in range(MOST_PARTS):
            held = account.open_positions()
            if not held or account.book().rate <= ENOUGH:
                break
            book = account.book()
            usd = {id(p): book.worth(p) * book.prices.usd_index(book.prices.settle(p.symbol)) for p in held}
            largest = max(held, key=lambda position: usd[id(position)])
            whole = part >= MOST_PARTS // 2 or usd[id(largest)] < 100.0
            size = largest.size if whole else round(largest.size * PART, 3) or largest.size
            self.events.append(f"{account.name}: {largest.symbol} {largest.side} {size:g} liquidated")
            account.fill(largest, -largest.sign * size, None, None, kind="BustTrade")
        if not account.open_positions() and account.book().totals.margin_balance < 0.0:
            prices = account.prices()
            for coin in list(account.holdings.coins):
                self.insurance_usd -= account.absorb_deficit(coin) * prices.usd_index(coin)

    def _auto_repay(self, account: SimAccount) -> None:
        """Sell coins, at their index, to pay what is owed of others."""
        prices, book = account.prices(), account.book()
        for owed, coin in book.coins.items():
            lacking = max(0.0, coin.borrowed - max(0.0, coin.wallet)) + max(0.0, -coin.wallet)
            for other in list(account.holdings.coins):
                have = account.wallet(other)
                if other == owed or have <= 0.0 or lacking <= 0.0:
                    continue
                sold = min(have, lacking * prices.usd_index(owed) / prices.usd_index(other))
                bought = sold * prices.usd_index(other) / prices.usd_index(owed)
                account.convert(other, sold, owed, bought)
                lacking -= bought
            if coin.borrowed:
                account.repay(owed)
