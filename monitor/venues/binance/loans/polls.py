"""What is read over REST of one account of spot margin, cross or isolated. Each function reads once and emits."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from monitor.domain.accounts import AccountMode
from monitor.domain.clock import Clock
from monitor.domain.errors import AuthRejected, MalformedAnswer, Refused
from monitor.domain.events import AccountConfig, AccountSnapshot, AssetTick, CashFlowsRead
from monitor.domain.frames import RowProblem
from monitor.domain.names import Asset, Symbol
from monitor.domain.tables import LoanTier
from monitor.venues.binance.cash import PAGE_ROWS
from monitor.venues.binance.client import VENUE, Client
from monitor.venues.binance.endpoint import Endpoint
from monitor.venues.binance.loans import answers, cash, endpoints
from monitor.venues.binance.product import INCOME_LAG_SECONDS, ProductReadings
from monitor.venues.binance.shared import Shared
from monitor.venues.binance.warned import Warned
from monitor.venues.budget import Priority
from monitor.venues.rest import Answer
from monitor.venues.session import Emit
from monitor.venues.settings import AccountSettings, Timings

NO_TIERS = b"[]"  #: what a pair comes to whose tiers the venue refuses to tell
HISTORY_SECONDS = 6.9 * 86_400.0  #: how far back the capital flow is asked for: the venue allows seven days


class LoanReadings(ProductReadings):
    """What both kinds have in common: one answer tells modes, balances, debts and the venue's figures."""

    ACCOUNT: Endpoint

    def __init__(
        self,
        settings: AccountSettings,
        client: Client,
        emit: Emit,
        clock: Clock,
        timings: Timings,
        further: Sequence[str],
    ) -> None:
        super().__init__(settings, client, emit, clock, timings, further)
        self.mode: AccountMode | None = None  #: as last read

    async def account_whole(self, event_since: Callable[[float], bool]) -> AccountSnapshot:
        """Read the account, again if a push came meanwhile; emit the snapshot and return it. Tries are bounded: the
        last answer counts, for it is one answer and contradicts nothing.
        """
        for _ in range(self._timings.snapshot_tries):
            asked = self._clock.now()
            answer = await self._ask("account", self.ACCOUNT)
            self.rows["account"].came(answer)
            if not event_since(asked):
                break
        with self.rows["account"].taking(answer) as bad:
            snapshot = self._snapshot(answer, asked, bad)
        self._emit(snapshot)
        return snapshot

    async def config(self) -> bool:
        """Read which kind of account it is; True if that changed."""
        answer = await self._ask("config", self.ACCOUNT)
        self.rows["config"].came(answer)
        with self.rows["config"].taking(answer):
            config = self._config(answer)
        changed = self.mode is not None and config.mode != self.mode
        self.mode = config.mode
        self._emit(config)
        return changed

    @abstractmethod
    def _snapshot(self, answer: Answer, asked: float, bad: list[RowProblem]) -> AccountSnapshot:
        """The account in this answer."""

    @abstractmethod
    def _config(self, answer: Answer) -> AccountConfig:
        """Its modes in this answer."""


class CrossReadings(LoanReadings):
    """One account of cross margin, Classic or Pro."""

    ACCOUNT = endpoints.CROSS_ACCOUNT

    def __init__(
        self, settings: AccountSettings, client: Client, emit: Emit, clock: Clock, timings: Timings, shared: Shared
    ) -> None:
        super().__init__(settings, client, emit, clock, timings, ("collateral",))
        self._shared = shared

    async def collateral(self) -> None:
        """Read how assets count and what debts require: the same for everybody."""
        ask = partial(self._ask, "collateral")
        ratio = await self._shared.answer(endpoints.COLLATERAL_RATIO, ask)
        brackets = await self._shared.answer(endpoints.LEVERAGE_BRACKET, ask)
        self.rows["collateral"].came(ratio, brackets)
        try:
            with self.rows["collateral"].taking(ratio, brackets) as bad:
                read = answers.cross_collateral(ratio.body, brackets.body, self.account, ratio.received, bad)
        except MalformedAnswer:
            self._shared.forget(endpoints.COLLATERAL_RATIO, endpoints.LEVERAGE_BRACKET)
            raise
        self._emit(read)

    async def income(self, since: float) -> None:
        """Read the newest cash flows since the venue's time `since`; emit them, and since when they are whole."""
        begins = max(since, self._client.venue_now() - HISTORY_SECONDS)
        params: dict[str, str | int] = {"startTime": round(begins * 1000), "limit": PAGE_ROWS}
        answer = await self._ask("income", endpoints.CAPITAL_FLOW, params, Priority.USEFUL)
        self.rows["income"].came(answer)
        until = answer.asked + (self._client.offset_seconds or 0.0) - INCOME_LAG_SECONDS
        with self.rows["income"].taking(answer) as bad:
            flows, full = cash.flows(answer.body, VENUE, self.account, answer.received, bad)
        if full:
            begins = flows[0].venue_time + 0.001 if flows else until
        if bad:
            begins = until  # what it did not tell may be just what is looked for
        whole = tuple(flow for flow in flows if begins <= flow.venue_time <= until)
        self._emit(
            CashFlowsRead(account=self.account, flows=whole, since=begins, until=until, received=answer.received)
        )

    def _snapshot(self, answer: Answer, asked: float, bad: list[RowProblem]) -> AccountSnapshot:
        return answers.cross_snapshot(answer.body, self.account, asked, answer.received, bad)

    def _config(self, answer: Answer) -> AccountConfig:
        return answers.cross_config(answer.body, self.account, answer.asked, answer.received)


class IsolatedReadings(LoanReadings):
    """All pairs of one account of isolated margin."""

    ACCOUNT = endpoints.ISOLATED_ACCOUNT

    def __init__(
        self,
        settings: AccountSettings,
        client: Client,
        emit: Emit,
        clock: Clock,
        timings: Timings,
        priced: Callable[[Iterable[AssetTick]], None],
        dollars: Callable[[], Mapping[Asset, float]],
    ) -> None:
        """`priced` is told the index prices that stand in the account's answer; `dollars` tells those of quotes."""
        super().__init__(settings, client, emit, clock, timings, ("tiers",))
        self._priced, self._dollars = priced, dollars
        self._warned = Warned(emit)
        self._tiers: dict[Symbol, tuple[LoanTier, ...]] = {}  #: as last told of each pair
        self.pairs: tuple[Symbol, ...] = ()  #: with a wallet, as last read

    async def tiers(self) -> None:
        """Read the tiers of each pair that has a wallet: they are the user's own, and asked pair by pair."""
        if not self.pairs:
            self.tiered.read((), self._clock.monotonic())
            self.rows["tiers"].idle("no pair holds or owes anything")
            return
        bodies: dict[Symbol, bytes] = {}
        said: list[Answer] = []
        for pair in self.pairs:
            try:
                said.append(await self._ask("tiers", endpoints.ISOLATED_TIER, {"symbol": pair}))
            except AuthRejected:
                raise
            except Refused:
                bodies[pair] = NO_TIERS  # what the venue does not tell of one pair it may tell of the others
            else:
                bodies[pair] = said[-1].body
        self.rows["tiers"].came(*said)
        received = min((one.received for one in said), default=self._clock.now())
        with self.rows["tiers"].taking(*said) as bad:
            read = answers.isolated_tiers(bodies, self.account, received, bad)
        # Rows that cannot be read take no tiers away that were told before.
        self._tiers |= {pair: tiers for pair, tiers in read.loans if tiers}
        self.tiered.read((pair for pair, tiers in read.loans if tiers), self._clock.monotonic())
        self._emit(replace(read, loans=tuple((pair, self._tiers.get(pair, tiers)) for pair, tiers in read.loans)))

    def _snapshot(self, answer: Answer, asked: float, bad: list[RowProblem]) -> AccountSnapshot:
        self._priced(answers.isolated_prices(answer.body, VENUE, answer.received, self._dollars()))
        snapshot = answers.isolated_snapshot(answer.body, self.account, asked, answer.received, bad)
        self.pairs = tuple(sorted(one.name for one in snapshot.wallets))
        self._warned.told(answers.isolated_warnings(answer.body, self.account, answer.received))
        return snapshot

    def _config(self, answer: Answer) -> AccountConfig:
        return answers.isolated_config(answer.body, self.account, answer.asked, answer.received)
