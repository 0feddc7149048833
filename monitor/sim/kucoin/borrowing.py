"""What the owner of a simulated account does in spot margin, cross and isolated, and what the venue does to it."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.domain.names import Asset, Symbol
from monitor.sim.kucoin import loans
from monitor.sim.kucoin.board import Prices
from monitor.sim.kucoin.holdings import Purse
from monitor.sim.kucoin.ledger import KEPT_BILLS, Bill, Change, Happened, Ledger
from monitor.sim.kucoin.listing import PAIRS, SPOT_FEE

RESIDUAL_FEE = 0.01  #: of what a liquidation leaves


@dataclass(slots=True, kw_only=True)
class Borrower(Ledger):
    """Deeds in margin accounts. `pair`: that of an isolated account; None: the cross one."""

    def purse(self, pair: Symbol | None = None) -> Purse:
        """A margin account, made when there is none. KeyError names a pair that is not listed."""
        if pair is None:
            return self.margin
        if pair not in PAIRS:
            raise KeyError(pair)
        return self.isolated.setdefault(pair, Purse())

    def debt_ratio(self, pair: Symbol | None = None, prices: Prices | None = None) -> float:
        """0.97 is liquidation."""
        return loans.debt_ratio(self.purse(pair), prices if prices is not None else self.board.prices)

    def move_margin(self, coin: Asset, amount: float, pair: Symbol | None = None) -> None:
        """Put coins into a margin account, or take them out (< 0)."""
        held = self.purse(pair).coin(coin)
        held.total = round(held.total + amount, 8)
        self._log("TRANSFER", pair, coin, amount)
        self._tell(pair, coin)

    def borrow(self, coin: Asset, amount: float, pair: Symbol | None = None) -> None:
        """Borrow coins and keep them."""
        held = self.purse(pair).coin(coin)
        held.total, held.principal = round(held.total + amount, 8), round(held.principal + amount, 8)
        self._log("BORROW", pair, coin, amount)
        self._tell(pair, coin)

    def repay(self, coin: Asset, amount: float | None = None, pair: Symbol | None = None) -> None:
        """Pay back so much (default: all), interest first, as far as it is there."""
        held = self.purse(pair).coin(coin)
        paid = min(held.total, held.owed if amount is None else amount)
        held.total = round(held.total - paid, 8)
        interest = min(paid, held.interest)
        held.interest = round(held.interest - interest, 8)
        held.principal = max(0.0, round(held.principal - (paid - interest), 8))
        self._log("REPAY", pair, coin, -paid)
        self._tell(pair, coin)

    def trade_margin(self, pair: Symbol, quantity: float, *, isolated: bool = False) -> None:
        """Buy (> 0) or sell a coin with what a margin account has; what it lacks is borrowed."""
        listed, price, where = PAIRS[pair], self.board.prices.pair(pair), pair if isolated else None
        fee = abs(quantity) * price * SPOT_FEE
        for coin, amount in ((listed.coin, quantity), (listed.quote, -quantity * price - fee)):
            held = self.purse(where).coin(coin)
            lacks = max(0.0, -(held.total + amount))
            held.total = round(held.total + amount + lacks, 8)
            held.principal = round(held.principal + lacks, 8)
            self._log("TRADE_EXCHANGE", where, coin, amount)
        self._tell(where, listed.coin, listed.quote)

    def hold_margin(self, coin: Asset, amount: float, pair: Symbol | None = None) -> None:
        """So much lies in resting orders."""
        self.purse(pair).coin(coin).hold = amount
        self._tell(pair, coin)

    def charge_interest(self, hourly_rate: float) -> None:
        """An hour's interest on everything that is owed."""
        for pair in (None, *self.isolated):
            coins = self.purse(pair).coins
            for held in coins.values():
                held.interest = round(held.interest + held.principal * hourly_rate, 8)
            owed = [name for name, held in coins.items() if held.owed]
            if owed:
                self._tell(pair, *owed)
        for coin, amount in list(self.cash.items()):
            if self.is_unified and amount < 0.0:
                self.credit(coin, amount * hourly_rate)
                self.write("INTEREST", coin, amount * hourly_rate)
                self.tell_wallet(coin)

    def liquidate_loans(self, pair: Symbol | None = None) -> None:
        """The venue sells what is there at its marks, repays what is owed, and takes its fee of what is left."""
        purse, prices = self.purse(pair), self.board.prices
        self._status(pair, "LIQUIDATION", "FROZEN_FL")
        for held in purse.coins.values():  # a coin repays itself first
            held.hold = 0.0
            paid = min(held.total, held.owed)
            held.total = round(held.total - paid, 8)
            held.principal, held.interest = max(0.0, round(held.owed - paid, 8)), 0.0
        owed = loans.debts_in_btc(purse, prices)
        has = loans.assets_in_btc(purse, prices)
        share = min(1.0, owed / has) if has else 0.0
        for held in purse.coins.values():
            left = held.total * (1.0 - share)
            held.total = round(left * (1.0 - RESIDUAL_FEE), 8)
            held.principal = 0.0
        self._status(pair, "EFFECTIVE", "UNFROZEN_FL")
        self._tell(pair, *purse.coins)

    def _status(self, pair: Symbol | None, status: str, kind: str) -> None:
        self.purse(pair).status = status
        self.tell(Change(what=Happened.LOAN_STATUS, symbol=pair or "", words=kind))

    def _log(self, kind: str, pair: Symbol | None, coin: Asset, amount: float) -> None:
        total = self.purse(pair).coin(coin).total
        self.loan_bills.append(Bill(self.time_ms(), kind, coin, amount, 0.0, total, pair or ""))
        del self.loan_bills[:-KEPT_BILLS]

    def _tell(self, pair: Symbol | None, *coins: Asset) -> None:
        self.tell(Change(what=Happened.LOANS, symbol=pair or "", words=" ".join(coins)))
