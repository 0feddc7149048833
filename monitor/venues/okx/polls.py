"""What is read over REST of one account. Each function reads once and emits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace

import msgspec

from monitor.domain.accounts import CollateralMode, Permissions, VenueAccount
from monitor.domain.clock import Clock
from monitor.domain.errors import AuthRejected, KeyTooPowerful, VenueError
from monitor.domain.events import AccountSnapshot, CashFlow, CashFlowsRead, PollFailed
from monitor.venues.budget import Priority
from monitor.venues.okx import answers_account, answers_risk, cash, endpoints
from monitor.venues.okx.client import Client
from monitor.venues.okx.endpoints import InstType
from monitor.venues.okx.needs import Needs
from monitor.venues.okx.settings import VENUE, OkxSettings
from monitor.venues.readings import Reading
from monitor.venues.rest import Answer
from monitor.venues.session import Emit
from monitor.venues.settings import AccountSettings, PermissionPolicy

ACCOUNT_READINGS = ("account", "config", "permissions", "income", "risk")
ORDER_PAGES = 10  #: of resting orders at most: an account with more says so
INCOME_PAGES = 4  #: of the history of cash flows at most: an account that trades more often is not followed
INCOME_LAG_SECONDS = 1.0  #: what happened this shortly before the question need not be in the history
FEE_KINDS = frozenset({InstType.SPOT})  #: asked of every account: what is sold to repay a loan
FEES_EVERY_SECONDS = 6 * 3600.0
WITHDRAWAL_SHARE = 0.7  #: of the configuration's interval
STAMP_SLACK_SECONDS = 0.05  #: a change that is stamped this shortly after we asked may be in all answers


class _Stamp(msgspec.Struct):
    uTime: str = ""


class _Details(msgspec.Struct):
    details: list[_Stamp] = []


class _Stamps(msgspec.Struct):
    data: list[_Stamp] = []


class _Balances(msgspec.Struct):
    data: list[_Details] = []


class _OrderId(msgspec.Struct):
    ordId: str


class _OrderIds(msgspec.Struct):
    data: list[_OrderId] = []


def newest_change(balance: bytes, positions: bytes) -> float:
    """The venue's time (seconds) of the latest change that either answer tells of; 0 if they tell of none.

    The balance's own `uTime` is not asked: it is the moment of the answer.
    """
    stamps: list[str] = []
    try:
        stamps += [row.uTime for one in msgspec.json.decode(balance, type=_Balances).data for row in one.details]
        stamps += [row.uTime for row in msgspec.json.decode(positions, type=_Stamps).data]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return 0.0  # what cannot be read is for the reader of the answer to say
    return max((int(one) / 1000.0 for one in stamps if one.isascii() and one.isdigit()), default=0.0)


def last_order(page: bytes) -> str | None:
    """After which order the next page begins; None if this page is the last, or cannot be read."""
    try:
        rows = msgspec.json.decode(page, type=_OrderIds).data
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return rows[-1].ordId if len(rows) >= endpoints.PAGE_ROWS else None


class AccountReadings:
    """The readings of one account."""

    def __init__(self, account: AccountSettings, settings: OkxSettings, client: Client, emit: Emit, clock: Clock):
        self.account = account.key
        self._settings, self._client, self._emit, self._clock = account, client, emit, clock
        self._timings = settings.timings
        self.rows = {what: Reading(VENUE, account.name, what) for what in ACCOUNT_READINGS}
        self.mode: CollateralMode | None = None  #: as last read
        self.needs = Needs()  #: of what was last read, and pushed since; whoever follows that keeps it here
        self._fees: dict[str, tuple[bytes, float]] = {}  #: by kind of instrument, and when (steady seconds)
        self._fees_asked: set[str] = set()  #: kinds, also those that the venue did not answer for
        self._withdrawal: bytes | None = None  #: what may leave the account, as old as the configuration
        self._withdrawal_asked = float("-inf")
        self._risk: VenueAccount | None = None  #: what the position builder last said

    async def account_whole(self, event_since: Callable[[float], bool]) -> AccountSnapshot:
        """Read balance, positions and orders, again if the account moved in between; emit the snapshot and return it.

        The three are asked in one moment, but the venue answers each by itself: the account's ratio is from the
        balance alone, marks are from the positions alone, and a ratio computed of both would be a mixture.
        `event_since(t)`: whether a push about the account came after t. Tries are bounded: a snapshot of an account
        that never rests goes out with the problem named, and therefore closes nothing.
        """
        for attempt in range(1, self._timings.snapshot_tries + 1):
            asked, asked_venue = self._clock.now(), self._client.venue_now()
            balance, positions, first = await self._at_once(endpoints.BALANCE, endpoints.POSITIONS, endpoints.ORDERS)
            orders, unread = await self._orders(first)
            answers = (balance, positions, *orders)
            self.rows["account"].came(*answers)
            moved = newest_change(balance.body, positions.body) > asked_venue + STAMP_SLACK_SECONDS
            if not moved and not event_since(asked):
                break
            if attempt == self._timings.snapshot_tries:
                break
        with self.rows["account"].taking(*answers) as bad:
            snapshot = answers_account.account_snapshot(
                balance.body,
                positions.body,
                [page.body for page in orders],
                self.account,
                asked,
                max(one.received for one in answers),
                withdrawal_raw=self._withdrawal,
                venue=self._risk if self.mode is CollateralMode.PORTFOLIO else None,
                bad_rows=bad,
            )
        problems = [f"the account changed while it was read, in each of {attempt} readings"] if moved else []
        if unread:
            problems.append(
                f"there are more than {ORDER_PAGES * endpoints.PAGE_ROWS} resting orders: not all are known"
            )
        if problems:
            snapshot = replace(snapshot, problems=(*snapshot.problems, *problems))
        self._emit(snapshot)
        return snapshot

    async def _at_once(self, *asked: endpoints.Endpoint) -> list[Answer]:
        """The answers of requests that are sent in one moment; raises what the first one that fails does."""
        tasks = [asyncio.create_task(self._ask("account", endpoint)) for endpoint in asked]
        try:
            return await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _orders(self, first: Answer) -> tuple[list[Answer], bool]:
        """All pages of resting orders, and whether there are more than we read."""
        pages = [first]
        while (last := last_order(pages[-1].body)) is not None:
            if len(pages) == ORDER_PAGES:
                return pages, True
            pages.append(await self._ask("account", endpoints.ORDERS, {"after": last}))
        return pages, False

    async def config(self) -> bool:
        """Read the modes, and fees that are old or not known; True if what the account is computed with changed."""
        answer = await self._ask("config", endpoints.ACCOUNT_CONFIG)
        await self._read_fees()
        await self._read_withdrawal()
        self.rows["config"].came(answer)
        with self.rows["config"].taking(answer) as bad:
            config = answers_account.account_config(
                answer.body,
                [body for body, _ in self._fees.values()],
                self.account,
                answer.asked,
                answer.received,
                bad,
            )
        changed = self.mode is not None and config.mode.collateral is not self.mode
        self.mode = config.mode.collateral
        self._emit(config)
        return changed

    def lacks_fees(self) -> bool:
        """Whether something is held or ordered of a kind whose fees were never asked for."""
        return bool(self._fee_kinds - self._fees_asked)

    @property
    def _fee_kinds(self) -> frozenset[str]:
        """Margin pays the fees of spot."""
        return FEE_KINDS | (self.needs.kinds - {InstType.MARGIN})

    async def _read_fees(self) -> None:
        """Read the fees of each kind that is needed. Without an answer the modes are worth telling all the same: what
        is computed without a fee says so.
        """
        now = self._clock.monotonic()
        for kind in sorted(self._fee_kinds):
            if kind in self._fees and now - self._fees[kind][1] < FEES_EVERY_SECONDS:
                continue
            self._fees_asked.add(kind)
            body = await self._optional(endpoints.TRADE_FEE, {"instType": kind})
            if body is not None:
                self._fees[kind] = (body, now)

    async def _read_withdrawal(self) -> None:
        """What may leave, no more often than the configuration is read by itself: events ask for its modes only."""
        now = self._clock.monotonic()
        if now - self._withdrawal_asked >= WITHDRAWAL_SHARE * self._timings.config_every_seconds:
            self._withdrawal_asked = now
            self._withdrawal = await self._optional(endpoints.MAX_WITHDRAWAL)

    async def _optional(self, endpoint: endpoints.Endpoint, params: Mapping[str, object] | None = None) -> bytes | None:
        """What is worth asking beside the modes, and no reason to go without them; None without an answer."""
        try:
            answer = await self._ask("config", endpoint, params)
        except AuthRejected:
            raise
        except VenueError:
            return None
        self.rows["config"].came(answer)
        return answer.body

    async def risk(self) -> bool:
        """Ask for the venue's own scenarios, while the account is computed by them; whether there is something to tell.

        They are told with the next snapshot of the account.
        """
        if self.mode is not CollateralMode.PORTFOLIO:
            self._risk = None
            self.rows["risk"].idle("asked only in portfolio margin")
            return False
        asked = self._clock.now()
        builder = await self._ask("risk", endpoints.POSITION_BUILDER, endpoints.REAL_ACCOUNT)
        graph = await self._ask("risk", endpoints.POSITION_BUILDER_GRAPH, endpoints.REAL_ACCOUNT_GRAPH)
        self.rows["risk"].came(builder, graph)
        with self.rows["risk"].taking(builder, graph) as bad:
            units = answers_risk.risk_units(builder.body, VENUE, bad)
            curve = answers_risk.market_curve(graph.body, VENUE, bad)
        self._risk = VenueAccount(risk_units=units, market_curve=curve, risk_asked=asked)
        return True

    async def permissions(self) -> None:
        """Read what the key may do; raises `KeyTooPowerful` where the policy refuses it."""
        answer = await self._ask("permissions", endpoints.PERMISSIONS)
        self.rows["permissions"].came(answer)
        with self.rows["permissions"].taking(answer):
            read = answers_account.permissions(answer.body, self.account, answer.received)
        self._emit(read)
        words = powers(read.permissions)
        if words and self._settings.permissions is PermissionPolicy.REFUSE:
            raise KeyTooPowerful(
                VENUE,
                f"account {self.account.account}",
                f'the key may {" and ".join(words)}; make a key that can only read, or set permissions = "warn"',
            )

    async def income(self, since: float) -> None:
        """Read the history of the account's cash flows back to the venue's time `since`, page by page, newest first;
        emit what was read, and from when on it is whole.
        """
        flows: list[CashFlow] = []
        params: dict[str, object] = {"begin": round(since * 1000), "limit": endpoints.PAGE_ROWS}
        began, until, received = since, None, self._clock.now()
        for number in range(1, INCOME_PAGES + 1):
            answer = await self._ask("income", endpoints.BILLS, params, Priority.USEFUL)
            self.rows["income"].came(answer)
            asked = answer.asked + (self._client.offset_seconds or 0.0)
            with self.rows["income"].taking(answer) as bad:
                page = cash.page(answer.body, VENUE, self.account, answer.received, bad)
            if until is None:
                until, received = asked - INCOME_LAG_SECONDS, answer.received
            if bad:
                began = until  # what it did not tell may be just what is looked for
                break
            flows += page.flows
            if page.last:
                break
            if number == INCOME_PAGES:
                began = page.oldest + 0.001
            params["after"] = page.oldest_id
        assert until is not None
        whole = tuple(flow for flow in reversed(flows) if began <= flow.venue_time <= until)
        self._emit(CashFlowsRead(account=self.account, flows=whole, since=began, until=until, received=received))

    async def _ask(
        self,
        what: str,
        endpoint: endpoints.Endpoint,
        params: Mapping[str, object] | None = None,
        priority: Priority = Priority.NEEDED,
    ) -> Answer:
        """One request with the account's key. A reading that waits long for the budget says so."""

        def waits(why: str) -> None:
            if self.rows[what].reason == why:
                return  # another request of the same reading waits, too
            self.rows[what].waits(why)
            self._emit(PollFailed(VENUE, self.account.account, what, self._clock.now(), why, waiting=True))

        return await self._client.ask(
            endpoint,
            params,
            self._settings.credentials,
            account=self.account.account,
            priority=priority,
            waits=waits,
        )


def powers(permissions: Permissions) -> tuple[str, ...]:
    """What no monitor's key may do here: the venue grants reading by itself, so that trading is too much as well."""
    said = (
        ("withdraw", permissions.can_withdraw),
        ("transfer", permissions.can_transfer),
        ("trade", permissions.can_trade),
    )
    return tuple(word for word, may in said if may)


def planned_requests(
    accounts: int, settings: OkxSettings, *, blind_accounts: int = 0, simulated: int = 0, bridging: int = 0
) -> float:
    """Requests a minute that the polls of so many accounts need when nothing is stretched.

    `blind_accounts` of them have no user stream and are read more often; `simulated` ones are in portfolio margin;
    `bridging` requests stand in for streams that are down.
    """
    timings = settings.timings
    reading = 3  # balance, positions, the first page of orders
    seeing = max(0, accounts - blind_accounts)
    return 60.0 * (
        seeing * reading / timings.account_every_seconds
        + blind_accounts * reading / timings.account_every_blind_seconds
        + accounts * 2 / timings.config_every_seconds  # modes, and what may be withdrawn
        + simulated * 2 / settings.simulate_every_seconds
        + bridging / timings.bridge_every_seconds
    )
