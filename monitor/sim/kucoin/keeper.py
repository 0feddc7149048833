"""What KuCoin does by itself after prices moved: fills orders, pays funding, charges interest, liquidates."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from monitor.domain.names import Asset, Symbol
from monitor.sim.kucoin.accounts import SimAccount
from monitor.sim.kucoin.holdings import CROSS, Position
from monitor.sim.kucoin.ledger import Change, Happened
from monitor.sim.kucoin.loans import LIQUIDATION_RATIO

CANCEL_RATIO, WARNING_RATIO = 0.95, 0.9
PARTS_ABOVE = 600_000.0  #: a larger position is liquidated by halves
MOST_PARTS = 40
HOURLY_INTEREST = 0.00001
KEPT_EVENTS = 1000


@dataclass(slots=True)
class Keeper:
    """The venue's own deeds. `insurance_usd` pays what liquidated accounts lack; `events` says in words what happened
    lately, newest last."""

    insurance_usd: float = 10_000_000.0
    events: deque[str] = field(default_factory=lambda: deque(maxlen=KEPT_EVENTS))
    _hour: int = 0
    _warned: set[str] = field(default_factory=set)

    def after_step(self, accounts: Collection[SimAccount], funded: Iterable[Symbol], market_seconds: float) -> None:
        """Fill what the market has reached, pay funding for `funded`, charge interest, then look after everyone."""
        for account in accounts:
            self._fill(account)
        for symbol in funded:
            for account in accounts:
                account.pay_funding(symbol, account.board.market.funding_rate(symbol))
        hour = int(market_seconds // 3600.0)
        for _ in range(max(0, hour - self._hour)):
            for account in accounts:
                account.charge_interest(HOURLY_INTEREST)
        self._hour = hour
        for account in accounts:
            self._look_after(account)

    def adl(self, account: SimAccount, symbol: Symbol, *, share: float = 1.0) -> None:
        """Auto-deleverage `share` of the positions in a contract at the mark."""
        for position in account.open_positions():
            if position.symbol == symbol:
                self.events.append(f"{account.name}: {symbol} auto-deleveraged")
                account.fill(position, -_part(position, share), None, 0.0, Happened.ADL)

    def deliver(self, accounts: Collection[SimAccount], symbol: Symbol) -> None:
        """A contract ends: orders are gone, positions are closed at the mark."""
        for account in accounts:
            for order in [each for each in account.orders.values() if each.symbol == symbol]:
                account.cancel(order.id)
            account.close(symbol)
            for settings in (account.modes, account.leverages, account.levels):
                settings.pop(symbol, None)

    def _fill(self, account: SimAccount) -> None:
        prices = account.board.prices
        for order in list(account.orders.values()):
            if (prices.mark(order.symbol) - order.price) * order.lots <= 0.0:
                account.fill_order(order)

    def _look_after(self, account: SimAccount) -> None:
        for position in account.open_positions():
            if position.isolated:
                self._isolated(account, position)
        if account.is_unified:
            self._unified(account)
        else:
            for coin in account.settle_coins():
                self._cross(account, coin)
        for pair in (None, *list(account.isolated)):
            if account.debt_ratio(pair) >= LIQUIDATION_RATIO:
                self.events.append(f"{account.name}: loans {pair or 'cross'} liquidated")
                account.liquidate_loans(pair)

    def _isolated(self, account: SimAccount, position: Position) -> None:
        """At 100 % the position is topped up from what is free if its owner wants that; else it goes down its risk
        limits level by level, each time losing what the next level does not allow, and at the lowest it goes whole."""
        if self._safe(account, position):
            return
        if position.auto_deposit and not account.is_unified and account.top_up(position) > 0.0:
            self.events.append(f"{account.name}: {position.symbol} topped up")
        while position.lots and not self._safe(account, position):
            lots = abs(position.lots)
            if position.level > 1 and not account.is_unified:
                lots = max(0.0, lots - account.lower_level(position))
            if not lots:
                continue
            mark = account.board.prices.mark(position.symbol)
            self.events.append(f"{account.name}: {position.symbol} isolated liquidated at {mark:g}, {lots:g} lots")
            self._take_over(account, position, lots)

    def _safe(self, account: SimAccount, position: Position) -> bool:
        return account.alone(position).ratio < 1.0

    def _take_over(self, account: SimAccount, position: Position, lots: float) -> None:
        """Whatever these lots bring: their share of the margin is gone, and no more."""
        coin = position.spec.settle
        left = account.cash.get(coin, 0.0) - position.margin * lots / abs(position.lots)
        account.fill(position, -position.sign * lots, None, 0.0, Happened.LIQUIDATION)
        account.credit(coin, left - account.cash.get(coin, 0.0))
        account.tell_wallet(coin)

    def _cross(self, account: SimAccount, coin: Asset) -> None:
        """At 95 % resting orders are cancelled, at 100 % positions go, the largest first."""
        if account.futures(coin).risk_ratio < CANCEL_RATIO:
            return
        for order in [o for o in account.orders.values() if o.mode == CROSS and o.spec.settle == coin]:
            self.events.append(f"{account.name}: order in {order.symbol} cancelled")
            account.cancel(order.id)
        for _ in range(MOST_PARTS):
            figures = account.futures(coin)
            if not figures.cross or figures.risk_ratio < 1.0:
                break
            self._take(account, figures.cross)
        if not account.futures(coin).cross and not account.futures(coin).isolated:
            self.insurance_usd -= account.absorb(coin) * account.board.prices.usd(coin)

    def _take(self, account: SimAccount, held: list[Position]) -> None:
        """Close the largest of these positions, or half of it where that is very large."""
        prices = account.board.prices
        worth = {id(p): abs(p.worth(prices.mark(p.symbol))) * prices.usd(p.spec.settle) for p in held}
        largest = max(held, key=lambda position: worth[id(position)])
        lots = _part(largest, 0.5 if worth[id(largest)] > PARTS_ABOVE else 1.0)
        self.events.append(f"{account.name}: {largest.symbol} cross liquidated, {abs(lots):g} lots")
        account.fill(largest, -lots, None, what=Happened.LIQUIDATION)

    def _unified(self, account: SimAccount) -> None:
        ratio = account.unified().risk_ratio
        if ratio < WARNING_RATIO:
            self._warned.discard(account.name)
            return
        if account.name not in self._warned:
            self._warned.add(account.name)
            account.tell(Change(what=Happened.WARNING, words="MARGIN_CALL"))
        if ratio >= CANCEL_RATIO:
            for order_id in list(account.orders):
                account.cancel(order_id)
        for _ in range(MOST_PARTS):
            held = account.unified().cross
            if not held or account.unified().risk_ratio < 1.0:
                break
            self._take(account, held)
        if not account.open_positions() and account.unified().adjusted < 0.0:
            for coin in list(account.cash):
                self.insurance_usd -= account.absorb(coin) * account.board.prices.usd(coin)


def _part(position: Position, share: float) -> float:
    """Whole lots of a position, at least one; signed."""
    return position.sign * min(abs(position.lots), max(1.0, round(abs(position.lots) * share)))
