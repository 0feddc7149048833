"""What is read over REST of one account of portfolio margin, retail or Pro. Each function reads once and emits."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from monitor.domain.accounts import AccountMode
from monitor.domain.clock import Clock
from monitor.domain.errors import MalformedAnswer, Refused
from monitor.domain.events import AccountSnapshot, TiersLoaded
from monitor.venues.binance import answers as futures
from monitor.venues.binance import cash
from monitor.venues.binance import endpoints as usdm
from monitor.venues.binance import endpoints_coinm as coinm
from monitor.venues.binance.client import VENUE, Client
from monitor.venues.binance.endpoint import Endpoint
from monitor.venues.binance.portfolio import answers, endpoints
from monitor.venues.binance.product import ProductReadings
from monitor.venues.binance.shared import Shared
from monitor.venues.binance.warned import Warned
from monitor.venues.rest import Answer
from monitor.venues.session import Emit
from monitor.venues.settings import AccountSettings, Timings
from monitor.venues.wake import together

SPAN = "span"  #: the kind of account whose requirement is that of units of risk


class PortfolioReadings(ProductReadings):
    """What both have in common. A snapshot is several answers, asked in one moment."""

    BRACKETS: Sequence[Endpoint]
    RATES: Sequence[Endpoint]  #: the first that the venue answers counts
    HISTORIES: Sequence[Endpoint]

    def __init__(
        self, settings: AccountSettings, client: Client, emit: Emit, clock: Clock, timings: Timings, shared: Shared
    ) -> None:
        super().__init__(settings, client, emit, clock, timings, ("tiers", "collateral"))
        self._shared = shared
        self._warned = Warned(emit)
        self.mode: AccountMode | None = None  #: as last read

    async def account_whole(self, event_since: Callable[[float], bool]) -> AccountSnapshot:
        """Read account, balances and both kinds of positions, again if a push came meanwhile; emit the snapshot and
        return it. Tries are bounded: a snapshot of an account that never rests goes out with the problem named, and
        therefore closes nothing.
        """
        tries = self._timings.snapshot_tries
        for _ in range(tries):
            asked = self._clock.now()
            said = await together(*(self._ask("account", one) for one in self._asked()))
            self.rows["account"].came(*said)
            moved = event_since(asked)
            if not moved:
                break
        account, balance, um, cm = said
        with self.rows["account"].taking(*said) as bad:
            snapshot = answers.snapshot(
                account.body,
                balance.body,
                um.body,
                cm.body,
                self.account,
                asked,
                max(one.received for one in said),
                bad,
            )
        if moved:
            problem = f"the account changed while it was read, in each of {tries} readings"
            snapshot = replace(snapshot, problems=(*snapshot.problems, problem))
        self._emit(snapshot)
        warning = answers.status_warning(account.body, self.account, account.received)
        self._warned.told(() if warning is None else (warning,))
        return snapshot

    @abstractmethod
    def _asked(self) -> tuple[Endpoint, Endpoint, Endpoint, Endpoint]:
        """Account, balances, positions of USDⓈ-M and of COIN-M."""

    @abstractmethod
    async def _modes(self) -> tuple[Answer, Sequence[Answer]]:
        """The account, and what tells its position modes."""

    async def config(self) -> bool:
        """Read which kind of account it is and its position modes; True if that changed."""
        account, modes = await self._modes()
        self.rows["config"].came(account, *modes)
        with self.rows["config"].taking(account, *modes):
            config = answers.config(
                account.body, [one.body for one in modes], self.account, account.asked, account.received
            )
        changed = self.mode is not None and config.mode != self.mode
        self.mode = config.mode
        self._emit(config)
        return changed

    async def tiers(self) -> None:
        """Read the maintenance tiers of both kinds of futures: they are the user's own."""
        said = [await self._ask("tiers", one) for one in self.BRACKETS]
        self.rows["tiers"].came(*said)
        with self.rows["tiers"].taking(*said) as bad:
            read = [futures.tiers(one.body, VENUE, self.account, one.received, bad) for one in said]
        found = tuple(row for one in read for row in one.tiers)
        self.tiered.read((symbol for symbol, _ in found), self._clock.monotonic())
        self._emit(TiersLoaded(VENUE, self.account, found, min(one.received for one in said)))

    async def collateral(self) -> None:
        """Read how assets count: the same for everybody."""
        rates = await self._rates()
        self.rows["collateral"].came(rates)
        try:
            with self.rows["collateral"].taking(rates) as bad:
                read = answers.collateral(rates.body, self.account, rates.received, bad)
        except MalformedAnswer:
            self._shared.forget(*self.RATES)
            raise
        self._emit(read)

    async def income(self, since: float) -> None:
        """Read the histories of both futures; what spot loans do to balances stands in none that is cheap."""
        read = [await self._history(one, cash.page, since) for one in self.HISTORIES]
        until = min(one.until for one in read)
        flows = sorted((flow for one in read for flow in one.flows), key=lambda flow: flow.venue_time)
        self._emit(replace(read[-1], flows=tuple(flow for flow in flows if flow.venue_time <= until), until=until))

    async def _rates(self) -> Answer:
        *better, last = self.RATES
        for one in better:
            try:
                return await self._shared.answer(one, partial(self._ask, "collateral"))
            except Refused:
                continue
        return await self._shared.answer(last, partial(self._ask, "collateral"))


class RetailReadings(PortfolioReadings):
    """One account of portfolio margin."""

    BRACKETS = (endpoints.UM_BRACKET, endpoints.CM_BRACKET)
    RATES = (endpoints.COLLATERAL_RATE,)
    HISTORIES = (endpoints.UM_INCOME, endpoints.CM_INCOME)

    def _asked(self) -> tuple[Endpoint, Endpoint, Endpoint, Endpoint]:
        return endpoints.ACCOUNT, endpoints.BALANCE, endpoints.UM_POSITION_RISK, endpoints.CM_POSITION_RISK

    async def _modes(self) -> tuple[Answer, Sequence[Answer]]:
        account = await self._ask("config", endpoints.ACCOUNT)
        # Both kinds of futures share one position mode.
        return account, [await self._ask("config", endpoints.UM_ACCOUNT_CONFIG)]


class ProReadings(PortfolioReadings):
    """One account of portfolio margin Pro: its positions, tiers and position mode are those of both futures."""

    BRACKETS = (usdm.LEVERAGE_BRACKET, coinm.LEVERAGE_BRACKET)
    RATES = (endpoints.PRO_COLLATERAL_RATE, endpoints.COLLATERAL_RATE)
    HISTORIES = (usdm.INCOME, coinm.INCOME)

    def _asked(self) -> tuple[Endpoint, Endpoint, Endpoint, Endpoint]:
        span = self.mode is not None and self.mode.kind == SPAN
        account = endpoints.PRO_ACCOUNT_SPAN if span else endpoints.PRO_ACCOUNT
        return account, endpoints.PRO_BALANCE, usdm.POSITION_RISK, coinm.POSITION_RISK

    async def _modes(self) -> tuple[Answer, Sequence[Answer]]:
        account = await self._ask("config", endpoints.PRO_ACCOUNT)
        return account, [await self._ask("config", usdm.ACCOUNT_CONFIG)]
