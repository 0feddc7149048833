"""What the venue does to portfolio margin accounts by itself: levels of risk, cancelled orders, liquidation.

Where Binance does not say how much it closes, the simulator closes everything at the marks, pays the debts, and lets
the insurance fund pay what is missing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from monitor.domain.names import Symbol
from monitor.sim.binance.loans import frames as loan_frames
from monitor.sim.binance.portfolio import frames
from monitor.sim.binance.portfolio.accounts import RISK, PortfolioAccount

LIQUIDATED = ("ACTIVE_LIQUIDATION", "FORCE_LIQUIDATION", "BANKRUPTED")
KEPT_EVENTS = 1000
UPDATE_SECONDS = 5.0  #: of Pro's account update, market time


@dataclass(slots=True)
class PortfolioKeeper:
    """The venue's own deeds. `events` says in words what happened lately, newest last."""

    events: deque[str] = field(default_factory=lambda: deque(maxlen=KEPT_EVENTS))
    _next_update: float = 0.0

    def after_step(self, accounts: Iterable[PortfolioAccount], funded: Iterable[Symbol], hours: int) -> None:
        """Pay funding and interest, then look after every account."""
        paid = list(funded)
        for account in accounts:
            for symbol in paid:
                account.part(symbol).pay_funding(symbol, account.market.funding_rate(symbol))
            for _ in range(hours):
                account.accrue()
            self._look_after(account)

    def updates_due(self, now: float) -> bool:
        """Whether Pro's accounts are told of now; `now` in seconds."""
        if now < self._next_update:
            return False
        self._next_update = now + UPDATE_SECONDS
        return True

    def _look_after(self, account: PortfolioAccount) -> None:
        self._level(account)
        if account.status not in LIQUIDATED:
            return
        if account.open_loss and not account.pro:
            self._cancel_orders(account)
            self._level(account)
            if account.status not in LIQUIDATED:
                self.events.append(f"{account.name}: liquidation called off, its margin orders were cancelled")
                return
        self.events.append(f"{account.name}: portfolio margin liquidated at a uniMMR of {account.totals().ratio:.4f}")
        self._close(account)
        self._pay(account)
        self._level(account)

    def _level(self, account: PortfolioAccount) -> None:
        """Tell of a level that is not the one of before: all stages of liquidation with one word, safety with none."""
        standing = account.standing()
        if standing == account.status:
            return
        account.status = standing
        if standing != "NORMAL":
            said = "FORCE_LIQUIDATION" if standing in LIQUIDATED else standing
            account.push(RISK, frames.risk_level(account, account.totals(), said), None)

    def _cancel_orders(self, account: PortfolioAccount) -> None:
        for asset in list(account.open_loss):
            held = account.purse.of(asset)
            held.free, held.locked = round(held.free + held.locked, 8), 0.0
            account.tell(account.purse, (asset,))
            account.set_open_loss(asset, 0.0)
        account.open_loss.clear()

    def _close(self, account: PortfolioAccount) -> None:
        for part in (account.um, account.cm):
            for position in part.open_positions():
                mark = account.market.mark(position.symbol)
                part.forced_close(position, abs(position.quantity), mark, 0.0, "autoclose-", "FILLED")

    def _pay(self, account: PortfolioAccount) -> None:
        """Debts out of everything there is, at the indexes; what is left stays as USDT in USDⓈ-M."""
        left = max(0.0, sum(account.amount(asset) * account.index(asset) for asset in account.assets()))
        for asset, held in account.purse.holdings.items():
            owed, interest = held.borrowed, held.interest
            held.free = held.locked = held.borrowed = held.interest = 0.0
            if owed or interest:
                account.push(RISK, account.liability(account.purse, asset, loan_frames.REPAY, owed, interest), None)
        account.tell(account.purse, tuple(account.purse.holdings))
        for part in (account.um, account.cm):
            for asset, amount in list(part.wallets.items()):
                kept = left / account.index("USDT") if part is account.um and asset == "USDT" else 0.0
                if amount != kept:
                    part.transfer(asset, kept - amount)
        if left and "USDT" not in account.um.wallets:
            account.um.transfer("USDT", left / account.index("USDT"))
