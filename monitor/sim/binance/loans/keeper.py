"""What the venue does to margin accounts by itself: interest each hour, warnings, and liquidation.

A liquidation sells everything at the index, pays all debts and a fee, and leaves the rest in the quote currency; the
insurance fund pays what is missing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from monitor.domain.names import Asset, Symbol
from monitor.sim.binance.loans import arithmetic, frames
from monitor.sim.binance.loans.accounts import RISK, Borrower, IsolatedMarginAccount, MarginAccount
from monitor.sim.binance.loans.purse import Purse
from monitor.sim.market import Market
from monitor.sim.text import bare

HOUR_SECONDS = 3600.0
FEE_RATE = 0.02  #: of the debts, for the insurance fund
KEPT_EVENTS = 1000


@dataclass(slots=True)
class LoansKeeper:
    """The venue's own deeds. `events` says in words what happened lately, newest last."""

    events: deque[str] = field(default_factory=lambda: deque(maxlen=KEPT_EVENTS))
    _hours: int | None = None

    def hours_over(self, market: Market) -> int:
        """How many full hours of market time ended since it was last asked."""
        hours = int(market.now // HOUR_SECONDS)
        passed = hours - self._hours if self._hours is not None else 0
        self._hours = hours
        return passed

    def after_step(self, accounts: Iterable[MarginAccount | IsolatedMarginAccount], hours: int) -> None:
        """Charge interest for full hours that ended, then look after every account."""
        for account in accounts:
            for _ in range(hours):
                account.accrue()
            if isinstance(account, MarginAccount):
                self._cross(account)
            else:
                for pair in list(account.purses):
                    self._pair(account, pair)

    def _cross(self, account: MarginAccount) -> None:
        before, level = account.status, account.level()
        account.status = account.standing()
        if account.status != before and account.status in ("MARGIN_CALL", "FORCE_LIQUIDATION"):
            account.push(RISK, frames.level_change(account.time_ms(), bare(level), account.status), None)
        if account.status == "FORCE_LIQUIDATION":
            self.events.append(f"{account.name}: cross margin liquidated at a level of {level:.4f}")
            self._liquidate(account, account.purse, "USDT", None)
            account.order_loss_usdt = 0.0
            account.status = account.standing()

    def _pair(self, account: IsolatedMarginAccount, pair: Symbol) -> None:
        account.standings[pair] = account.standing(pair)
        if account.standings[pair] == "FORCE_LIQUIDATION":
            self.events.append(f"{account.name}: {pair} liquidated at a level of {account.level(pair):.4f}")
            self._liquidate(account, account.purse(pair), account.assets(pair)[1], pair)
            account.standings[pair] = account.standing(pair)

    def _liquidate(self, account: Borrower, purse: Purse, into: Asset, pair: Symbol | None) -> None:
        market = account.market
        price = {asset: arithmetic.index_usdt(market, asset) for asset in (*purse.holdings, into)}
        worth = sum(held.total * price[asset] for asset, held in purse.holdings.items())
        owed = sum(held.debt * price[asset] for asset, held in purse.holdings.items())
        left = max(0.0, worth - owed - min(FEE_RATE * owed, max(0.0, worth - owed)))
        assets = tuple(purse.holdings)
        for asset, held in purse.holdings.items():
            kept = round(left / price[asset], 8) if asset == into else 0.0
            if kept != held.total:
                account.flow("OTHER_LIQUIDATION", asset, kept - held.total, pair)
            if held.debt:
                principal, interest = held.borrowed, held.interest
                held.borrowed = held.interest = 0.0
                now = account.time_ms()
                account.push(RISK, frames.liability_change(now, asset, frames.REPAY, principal, interest), pair)
            held.free = held.locked = 0.0
        purse.of(into).free = round(left / price[into], 8)
        account.tell(purse, assets, pair)
