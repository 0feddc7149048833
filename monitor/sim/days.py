"""Days at a simulated venue: its people trade, move their money and are filled up again, contracts come and go.

What each venue adds is how its people trade, what else they do, and what a new contract is there.
"""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from monitor.domain.names import Asset, Symbol
from monitor.sim.faults import Faults
from monitor.sim.mishap import Mishap
from monitor.sim.rounds import Act, Pace, Rounds, Say
from monitor.sim.venue import SimVenue

POOR_RATIO = 0.4  #: of what an account began with: below it is filled up
FIRST_LISTED = 100  #: number of the first new coin

V = TypeVar("V", bound=SimVenue[Any])


class Person(Protocol):
    """An account of a simulated venue."""

    @property
    def name(self) -> str:
        """Ours."""


class Trader(Protocol):
    """Somebody who trades one account at random."""

    symbols: tuple[Symbol, ...]

    def trade(self) -> None:
        """Do one thing."""


A = TypeVar("A", bound=Person)
T = TypeVar("T", bound=Trader)


class Days(Rounds[V], ABC, Generic[V, A, T]):
    """One venue's life, with all who have an account when it begins."""

    symbols: ClassVar[tuple[Symbol, ...]]  #: what people trade besides what is new
    daring: ClassVar[float] = 1.5  #: the largest trade, of what an account is worth: enough to liquidate in a crash
    currency: ClassVar[Asset] = "USDT"  #: what people fill up with

    def __init__(
        self,
        sim: V,
        faults: Faults,
        accounts: Mapping[str, A],
        mishaps: Sequence[Mishap[V]],
        *,
        seed: int,
        pace: Pace,
        say: Say,
        dice: random.Random | None = None,
    ) -> None:
        """`accounts` are the venue's own, by name. `dice`: where others roll them too; else new ones of `seed`."""
        super().__init__(sim, faults, mishaps, dice or random.Random(seed), pace, say)
        self._accounts = accounts
        self._began = {account.name: self._worth_usd(account) for account in self._people()}
        self._traders = [
            self._trader(account, seed + place, self.daring * self._began[account.name])
            for place, account in enumerate(self._people())
        ]
        self._listed: list[Symbol] = []
        self._numbered = FIRST_LISTED
        self.begin(self._acts())

    # what venues differ in

    @abstractmethod
    def _worth_usd(self, account: A) -> float:
        """What somebody has, in USD."""

    @abstractmethod
    def _trader(self, account: A, seed: int, most_usd: float) -> T:
        """Who trades an account, each time that it is called."""

    @abstractmethod
    def _do(self, account: A) -> None:
        """Somebody moves money, leverage or margin, or changes a mode."""

    @abstractmethod
    def _deposit(self, account: A, asset: Asset, amount: float) -> None:
        """Bring money from elsewhere."""

    @abstractmethod
    def _enlist(self, number: int, usd: float) -> Symbol:
        """List a contract on a new coin of that number, which begins at that price; returns its name."""

    @abstractmethod
    def _delist(self, symbol: Symbol) -> None:
        """End a contract."""

    def _acts(self) -> list[tuple[Act, Callable[[], float]]]:
        """What happens, and how many seconds are between, on average."""
        pace, sim = self._pace, self._sim
        return [
            (self._trade, lambda: pace.trade_seconds),
            (self._deed, lambda: pace.deed_seconds),
            (self._mishap, lambda: pace.mishap_seconds),
            (self._crash, lambda: pace.crash_market_seconds / sim.speed),
            (self._listing, lambda: pace.listing_seconds),
        ]

    def _people(self) -> list[A]:
        return [self._accounts[name] for name in sorted(self._accounts)]

    def _look_after(self, account: A) -> bool:
        """Fill up who was liquidated: after a week nobody is out of the game. Whether that was done."""
        began, has = self._began[account.name], self._worth_usd(account)
        if has >= POOR_RATIO * began:
            return False
        self._deposit(account, self.currency, round(began - has, 2))
        self._say(f"{account.name} deposits {began - has:,.2f} {self.currency}.")
        return True

    # what happens

    def _trade(self) -> None:
        trader = self._dice.choice(self._traders)
        trader.symbols = (*self.symbols, *self._listed)
        trader.trade()

    def _deed(self) -> None:
        account = self._dice.choice(self._people())
        if not self._look_after(account):
            self._do(account)

    def _listing(self) -> None:
        """A new contract, with a coin of its own; when too many are listed the oldest goes."""
        symbol = self._enlist(self._numbered, self._dice.uniform(0.5, 5.0))
        self._numbered += 1
        self._listed.append(symbol)
        self._say(f"{symbol} is listed.")
        if len(self._listed) > self._pace.listed:
            gone = self._listed.pop(0)
            self._delist(gone)
            self._say(f"{gone} is delisted.")
