"""What is read over REST of one account. Each method reads once and emits. What all accounts share is in `tables`."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import replace

from monitor.domain.accounts import CollateralMode
from monitor.domain.clock import Clock
from monitor.domain.errors import AuthRejected, Refused, VenueError
from monitor.domain.events import AccountSnapshot, AssetTick, CashFlow, CashFlowsRead, PollFailed
from monitor.domain.names import Asset, Symbol
from monitor.venues.budget import Priority
from monitor.venues.bybit import account_answers, answers, cash, endpoints
from monitor.venues.bybit.client import Client
from monitor.venues.bybit.limits import End, tier_ends
from monitor.venues.bybit.needs import OPTION, Needs, category_of, of_snapshot
from monitor.venues.bybit.risk_answers import Risk, portfolio_risk
from monitor.venues.bybit.settings import VENUE, BybitSettings
from monitor.venues.contents import Contents
from monitor.venues.desk import check_powers
from monitor.venues.readings import Reading
from monitor.venues.rest import Answer
from monitor.venues.session import Emit
from monitor.venues.settings import AccountSettings, Credentials
from monitor.venues.wake import together

ACCOUNT_READINGS = ("account", "config", "risk", "collateral", "permissions", "income")
NO_RISK = "read only in portfolio margin"
INCOME_PAGES = 8  #: read of the history of cash flows at most: an account that trades more often is not followed
INCOME_LAG_SECONDS = 1.0  #: what happened this shortly before the question need not be in the history
INCOME_WINDOW_SECONDS = 7 * 86_400.0 - 60.0  #: the longest time that the history is asked for at once
FEES_AGAIN_SECONDS = 180.0  #: until they are read again for what still has none
FEES_EVERY_SECONDS = 3600.0  #: rates of fees change with the account's level: rarely
REQUESTS_OF_A_BRIDGE = 10  #: symbols one by one; of more the whole category is read
LEAVING_AGAIN_SECONDS = 3600.0
REQUESTS_OF_AN_ACCOUNT = 2 + 2 * len(endpoints.HELD_IN)


class AccountReadings:
    """The readings of one account."""

    def __init__(
        self,
        account: AccountSettings,
        client: Client,
        emit: Emit,
        clock: Clock,
        tries: int,
        priced: Callable[[AssetTick], None],
    ) -> None:
        """`tries`: readings of the account until no push falls between their answers; `priced` is told at which prices
        the venue counted the coins.
        """
        self._priced = priced
        self.account = account.key
        self._settings, self._client, self._emit, self._clock, self._tries = account, client, emit, clock, tries
        self.rows = {what: Reading(VENUE, account.name, what) for what in ACCOUNT_READINGS}
        self.rows["risk"].idle(NO_RISK)
        self.needs = Needs()  #: of the last snapshot
        self.tier_ends: frozenset[End] = frozenset()  #: of the positions of the last snapshot
        self.mode: CollateralMode | None = None
        self._risk: Risk | None = None
        self._positions: tuple[bytes, ...] = ()  #: bodies of the last reading, for what is set beside each position
        self._fees: dict[str, Answer] = {}  #: by category
        self._fees_lacking: set[str] = set()  #: categories of which the answer has not all that is held
        self._charged = Contents(FEES_AGAIN_SECONDS, FEES_EVERY_SECONDS)
        self._leaving_again = 0.0  #: not before (steady seconds) what may leave is asked for

    async def account_whole(self, event_since: Callable[[float], bool]) -> AccountSnapshot:
        """Read wallet, positions and orders, again if a push came in between; emit the snapshot and return it.

        All are asked at once, so that they are of nearly the same moment. Tries are bounded: a snapshot of an account
        that never rests goes out as it is, for pushes are applied to it by their own times.
        """
        for _ in range(self._tries):
            asked = self._clock.now()
            wallet, positions, orders, leaving = await self._account_once()
            if not event_since(asked):
                break
        everything = (wallet, *positions, *orders)
        row = self.rows["account"]
        row.came(*everything)
        received = max(answer.received for answer in everything)
        self._positions = tuple(answer.body for answer in positions)
        with row.taking(*everything) as bad:
            snapshot = account_answers.account_snapshot(
                wallet.body,
                self._positions,
                [answer.body for answer in orders],
                self.account,
                asked,
                received,
                risk=self._risk,
                withdrawal_raws=[answer.body for answer in leaving],
                bad_rows=bad,
            )
        self.tier_ends = tier_ends(self._positions, VENUE)
        changed = account_answers.tier_changes(self._positions, VENUE)
        self.needs = replace(of_snapshot(snapshot), tiers_changed=frozenset(changed.items()))
        self._emit(snapshot)
        self._tell_prices(wallet)
        return snapshot

    async def _account_once(self) -> tuple[Answer, list[Answer], list[Answer], list[Answer]]:
        wallet, leaving, _, *pages = await together(
            self._pages("account", endpoints.WALLET, endpoints.UNIFIED),
            self._leaving(),
            self._scenarios(),
            *(self._pages("account", endpoints.POSITIONS, held) for held in endpoints.HELD_IN),
            *(self._pages("account", endpoints.ORDERS, held) for held in endpoints.HELD_IN),
        )
        count = len(endpoints.HELD_IN)
        positions = [answer for answers_ in pages[:count] for answer in answers_]
        orders = [answer for answers_ in pages[count:] for answer in answers_]
        return wallet[0], positions, orders, leaving

    async def _leaving(self) -> list[Answer]:
        """What may leave of the coins that were last seen; nothing where the venue does not tell: no reading fails for
        it. Where it refuses, it is asked again after an hour.
        """
        now = self._clock.monotonic()
        if now < self._leaving_again:
            return []
        try:
            return [
                await self._ask("account", endpoints.WITHDRAWAL, params)
                for params in endpoints.leaving(self.needs.held)
            ]
        except (AuthRejected, Refused):
            self._leaving_again = now + LEAVING_AGAIN_SECONDS
        except VenueError:
            pass  # the others tell of it
        return []

    async def prices(self) -> frozenset[Asset]:
        """Read the wallet for the prices in it: no stream tells that of USDT. Answers of which coins it tells one."""
        return self._tell_prices(await self._ask("account", endpoints.WALLET, endpoints.UNIFIED))

    def _tell_prices(self, wallet: Answer) -> frozenset[Asset]:
        told = account_answers.wallet_prices(wallet.body, VENUE, wallet.received)
        for tick in told:
            self._priced(tick)
        return frozenset(tick.asset for tick in told)

    async def config(self) -> bool:
        """Read mode and fees; True if the mode changed. Fees are read once an hour; without them the mode still counts,
        and the failure is raised after it was told.
        """
        info = await self._ask("config", endpoints.ACCOUNT_INFO)
        failure = await self._read_fees(info.asked)
        fees = tuple(self._fees.values())
        self.rows["config"].came(info)
        with self.rows["config"].taking(info, *fees) as bad:
            config = account_answers.account_config(
                info.body,
                [answer.body for answer in fees],
                self.account,
                info.asked,
                info.received,
                bad,
                self._positions,
            )
        if failure is not None:
            config = replace(config, problems=(*config.problems, f"fees could not be read: {failure.why}"))
        changed = self.mode is not None and config.mode.collateral is not self.mode
        self.mode = config.mode.collateral or self.mode
        self._charged.read((group for group, _ in config.fees), self._clock.monotonic())
        self._emit(config)
        if failure is not None and not fees:
            raise failure
        return changed

    def lacks_fees(self) -> bool:
        """Whether something is held or ordered of which no fee was told, as of what was listed since; True is acted
        upon.
        """
        now = self._clock.monotonic()
        lacking = {
            category_of(symbol)
            for symbol in self.needs.symbols
            if self._charged.worth_reading([fee_group(symbol)], now)
        }
        self._fees_lacking |= lacking
        return bool(lacking)

    async def _read_fees(self, now: float) -> VenueError | None:
        """Read what is older than an hour; what could not be read, if anything."""
        failure = None
        for params in endpoints.FEES_OF:
            category = params["category"]
            known = self._fees.get(category)
            new = known is not None and 0.0 <= now - known.asked < FEES_EVERY_SECONDS
            if new and category not in self._fees_lacking:
                continue
            try:
                self._fees[category] = await self._ask("config", endpoints.FEE_RATE, params)
                self._fees_lacking.discard(category)
            except VenueError as exc:
                failure = exc
        return failure

    async def risk(self) -> bool:
        """Read the scenarios of portfolio margin; whether there were none before. In another mode there are none. Once
        there are some, each reading of the account renews them.
        """
        if self.mode is not CollateralMode.PORTFOLIO:
            self._risk = None
            self.rows["risk"].idle(NO_RISK)
            return False
        first = self._risk is None
        await self._read_risk()
        return first

    async def _read_risk(self) -> None:
        answer = await self._ask("risk", endpoints.PORTFOLIO_MARGIN)
        self.rows["risk"].came(answer)
        with self.rows["risk"].taking(answer) as bad:
            self._risk = portfolio_risk(answer.body, self.account, answer.asked, bad)

    async def _scenarios(self) -> list[Answer]:
        """Read the scenarios of the moment at which the account is read: they are of what it holds then. What fails is
        told by their own reading.
        """
        if self.mode is CollateralMode.PORTFOLIO and self._risk is not None:
            with contextlib.suppress(VenueError):
                await self._read_risk()
        return []

    async def collateral(self) -> None:
        """Read how coins count, and what loans ask for; the second needs a key, so both are the account's."""
        ratios = await self._pages("collateral", endpoints.COLLATERAL)
        loans = await self._pages("collateral", endpoints.BORROW_TIERS)
        self.rows["collateral"].came(*ratios, *loans)
        with self.rows["collateral"].taking(*ratios, *loans) as bad:
            terms = answers.collateral(
                [answer.body for answer in ratios],
                [answer.body for answer in loans],
                VENUE,
                self.account,
                loans[-1].received,
                bad,
            )
        self._emit(terms)

    async def permissions(self) -> None:
        """Read what the key may do; raises `KeyTooPowerful` where the policy refuses it."""
        answer = await self._ask("permissions", endpoints.QUERY_API)
        self.rows["permissions"].came(answer)
        with self.rows["permissions"].taking(answer):
            read = answers.permissions(answer.body, self.account, answer.received)
        self._emit(read)
        check_powers(self.account, read.permissions, self._settings.permissions)

    async def income(self, since: float) -> None:
        """Read the history of the account's cash flows from the venue's time `since` on; emit it, whole from its
        beginning on.

        The venue tells the newest first. Where there is more than is read, what is emitted begins later than was asked.
        """
        asked = self._client.venue_now()
        begin = max(since, asked - INCOME_WINDOW_SECONDS)
        params: dict[str, str | int] = {
            **endpoints.UNIFIED,
            "startTime": round(begin * 1000),
            "endTime": round(asked * 1000),  # without it the venue ends after a day
            "limit": endpoints.TRANSACTION_LOG.page_rows,
        }
        flows: list[CashFlow] = []
        for _ in range(INCOME_PAGES):
            answer = await self._ask("income", endpoints.TRANSACTION_LOG, params, Priority.USEFUL)
            self.rows["income"].came(answer)
            with self.rows["income"].taking(answer) as bad:
                page = cash.page(answer.body, self.account, answer.received, bad)
            flows = [*page.flows, *flows]
            if bad:
                return  # what it did not tell may be just what is looked for
            if not page.cursor:
                break
            params["cursor"] = page.cursor
        else:
            # Others of the oldest row's millisecond may stand on the next page.
            begin = max(begin, min((flow.venue_time for flow in flows), default=asked) + 0.001)
        until = asked - INCOME_LAG_SECONDS
        told = tuple(flow for flow in flows if begin <= flow.venue_time <= until)
        self._emit(CashFlowsRead(account=self.account, flows=told, since=begin, until=until, received=answer.received))

    # Asking

    def _waits(self, what: str) -> Callable[[str], None]:
        """A reading that waits long for the budget says so."""

        def waits(why: str) -> None:
            self.rows[what].waits(why)
            self._emit(PollFailed(VENUE, self.account.account, what, self._clock.now(), why, waiting=True))

        return waits

    async def _ask(
        self,
        what: str,
        endpoint: endpoints.Endpoint,
        params: Mapping[str, str | int] | None = None,
        priority: Priority = Priority.NEEDED,
    ) -> Answer:
        return await self._client.ask(
            endpoint,
            params,
            self._credentials(endpoint),
            account=self.account.account,
            priority=priority,
            waits=self._waits(what),
        )

    async def _pages(
        self, what: str, endpoint: endpoints.Endpoint, params: Mapping[str, str | int] | None = None
    ) -> list[Answer]:
        return await self._client.pages(
            endpoint,
            params,
            self._credentials(endpoint),
            account=self.account.account,
            waits=self._waits(what),
        )

    def _credentials(self, endpoint: endpoints.Endpoint) -> Credentials | None:
        return self._settings.credentials if endpoint.signed else None


def fee_group(symbol: Symbol) -> str:
    """What the fees of a contract are told by: its own name, or the coin of an option."""
    return answers.OPTION_FEES + symbol.partition("-")[0] if category_of(symbol) == OPTION else symbol


def planned_requests(
    accounts: int, settings: BybitSettings, *, blind_accounts: int = 0, scenarios: int = 0, bridging: int = 0
) -> float:
    """Requests a minute that the polls of so many accounts need when nothing is stretched.

    `blind_accounts` of them have no user stream and are read more often, of `scenarios` the portfolio margin is read;
    `bridging` streams are replaced by REST.
    """
    timings = settings.timings
    seeing = max(0, accounts - blind_accounts)
    fees = len(endpoints.FEES_OF) / FEES_EVERY_SECONDS
    return 60.0 * (
        seeing * REQUESTS_OF_AN_ACCOUNT / timings.account_every_seconds
        + blind_accounts * REQUESTS_OF_AN_ACCOUNT / timings.account_every_blind_seconds
        + accounts * (1.0 / timings.config_every_seconds + fees)
        + 2 * scenarios / timings.account_every_seconds  # with the account, and by themselves
        + min(accounts, 1) / timings.bridge_every_seconds  # what only a wallet tells the price of
        + bridging * REQUESTS_OF_A_BRIDGE / timings.bridge_every_seconds
    )
