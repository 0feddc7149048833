"""What is read over REST of one account. Each function reads once and emits."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import msgspec

from monitor.domain.accounts import CollateralMode, Permissions
from monitor.domain.clock import Clock
from monitor.domain.events import AccountSnapshot, CashFlow, CashFlowsRead, PermissionsRead, PollFailed
from monitor.domain.frames import RowProblem
from monitor.domain.names import AccountKey
from monitor.venues.budget import Priority
from monitor.venues.hyperliquid import answers, cash, reading
from monitor.venues.hyperliquid.client import Client, rows_in
from monitor.venues.hyperliquid.endpoints import (
    ABSTRACTION,
    BORROW_LEND_ALL,
    CLEARINGHOUSE,
    FILL_HISTORY,
    FILL_ROWS,
    FUNDING_HISTORY,
    HISTORY_ROWS,
    LEDGER_HISTORY,
    META_AND_CTXS,
    ROLE,
    SPOT,
    Info,
)
from monitor.venues.hyperliquid.names import FIRST_DEX, dex_of
from monitor.venues.hyperliquid.refusals import AddressRefused
from monitor.venues.hyperliquid.rows import SpotState
from monitor.venues.hyperliquid.settings import VENUE, HyperliquidSettings
from monitor.venues.hyperliquid.tables import PublicReadings
from monitor.venues.readings import Reading
from monitor.venues.rest import Answer
from monitor.venues.rows import each
from monitor.venues.session import Emit
from monitor.venues.settings import AccountSettings
from monitor.venues.wake import together

ACCOUNT_READINGS = ("account", "config", "permissions", "role", "income")
ROLE_SPACING_SECONDS = 30.0  #: between the first readings of two accounts' roles, which are dear
SWEEP_SECONDS = 60.0  #: between two readings of all dexs; those where something is held are read each time
INCOME_PAGES = 4  #: of each history at most
INCOME_LAG_SECONDS = 1.0  #: what happened this shortly before the question need not be in the history
ASSETS_EVERY_SECONDS = 25.0
ASSUMED_DEXS = 2  #: on which an account holds something, as long as nobody knows
ALL_DEXS = 10  #: of the venue, roughly: what a reading of all of them is planned with
ROLES: Mapping[str, str] = {
    "subAccount": "a sub-account: its margin is its own, apart from its master's",
    "vault": "a vault: what is shown is the vault's whole account, not a depositor's share",
}


class AccountReadings:
    """The readings of one account."""

    def __init__(
        self,
        account: AccountSettings,
        settings: HyperliquidSettings,
        client: Client,
        tables: PublicReadings,
        emit: Emit,
        clock: Clock,
        seed: Callable[[AccountKey, SpotState, float], None],
        place: int = 0,
    ) -> None:
        """`seed` is told of the balances of each reading; `place` is the account's among all."""
        self._seed, self._role_wait = seed, place * ROLE_SPACING_SECONDS
        self.account: AccountKey = account.key
        self._address, self._timings = account.address.lower(), settings.timings
        self._client, self._tables, self._emit, self._clock = client, tables, emit, clock
        self.rows = {what: Reading(VENUE, account.name, what) for what in ACCOUNT_READINGS}
        self.rows["role"].idle("read in its turn")
        self.mode: tuple[CollateralMode | None, str] | None = None  #: with its kind, as last read
        self.dexs: frozenset[str] = frozenset()  #: on which something is, as last read or pushed
        self._swept = float("-inf")  #: steady time of the last reading of all dexs
        self._states: dict[str, bytes] = {}  #: the last answer of each dex

    async def account_whole(self, event_since: Callable[[float], bool]) -> AccountSnapshot:
        """Read the dexs where something is, or all of them, and the spot balances; again if the account moved in
        between. Emit the snapshot and return it.

        They are asked in one moment, but each is answered by itself. `event_since(t)`: whether a push told of a move
        after t. Tries are bounded: a snapshot of an account that never rests goes out with the problem named.
        """
        await self._tables.known.wait()
        for attempt in range(1, self._timings.snapshot_tries + 1):
            asked, dexs = self._clock.now(), self._dexs_now()
            states = [self._ask(CLEARINGHOUSE, {"dex": dex} if dex else {}) for dex in dexs]
            *read, spot = await together(*states, self._ask(SPOT))
            self.rows["account"].came(*read, spot)
            moved = event_since(asked)
            if not moved or attempt == self._timings.snapshot_tries:
                break
        fresh = {dex: answer.body for dex, answer in zip(dexs, read, strict=True)}
        # A dex that was not read held nothing when it last was: that answer stands in for it.
        self._states = {
            dex: fresh.get(dex) or self._states[dex] for dex in self._tables.dexs if dex in fresh | self._states
        }
        with self.rows["account"].taking(*read, spot) as bad:
            snapshot = answers.account_snapshot(
                self._states,
                spot.body,
                self.account,
                asked,
                max(one.received for one in (*read, spot)),
                universe=self._tables.universe,
                prices=self._tables.prices,
                bad_rows=bad,
            )
        self._seed(self.account, answers.spot(spot.body, self.account, self._tables.universe), asked)
        if len(dexs) == len(self._tables.dexs):
            self._swept = self._clock.monotonic()
            self.dexs = frozenset()
        self.holds(snapshot)
        if moved:
            why = f"the account changed while it was read, in each of {attempt} readings"
            snapshot = replace(snapshot, problems=(*snapshot.problems, why))
        self._emit(snapshot)
        return snapshot

    def holds(self, snapshot: AccountSnapshot) -> None:
        """Somebody showed the account: where something is on a dex, that dex is read each time."""
        held = {dex_of(one.symbol) for one in snapshot.positions}
        named = {one.name for one in snapshot.wallets if one.venue.equity}
        self.dexs |= held | (named & set(self._tables.dexs))

    def _dexs_now(self) -> tuple[str, ...]:
        unread = any(dex not in self._states for dex in self._tables.dexs)
        if unread or self._clock.monotonic() - self._swept >= max(SWEEP_SECONDS, self._timings.account_every_seconds):
            return self._tables.dexs
        return tuple(dex for dex in self._tables.dexs if dex == FIRST_DEX or dex in self.dexs)

    async def config(self) -> bool:
        """Read the mode, by both of its signals; True if it is another one than before."""
        mode, spot = await together(self._ask(ABSTRACTION), self._ask(SPOT, what="config"))
        self.rows["config"].came(mode, spot)
        with self.rows["config"].taking(mode, spot):
            config = answers.account_config(
                mode.body, spot.body, self.account, mode.asked, max(mode.received, spot.received)
            )
        said = (config.mode.collateral, config.mode.kind)
        changed = self.mode is not None and self.mode != said
        self.mode = said
        self._emit(config)
        return changed

    async def permissions(self) -> None:
        """See whether the address is an account. Raises `AddressRefused` for one that is none.

        Whoever knows an address can look at it, and do nothing else. What it is costs thirty times as much to ask as
        what it has, and an agent's address has nothing: so that is asked only where there is nothing.
        """
        state, spot = await together(self._ask(CLEARINGHOUSE, what="permissions"), self._ask(SPOT, what="permissions"))
        self.rows["permissions"].came(state, spot)
        with self.rows["permissions"].taking(state, spot):
            first = answers.state(state.body, FIRST_DEX, self.account, self._tables.universe)
            empty = first.empty and not answers.spot(spot.body, self.account, self._tables.universe).balances
        if empty:
            await self._read_role("permissions")
        seen = Permissions(can_read=True, can_trade=False, can_withdraw=False, can_transfer=False)
        self._emit(PermissionsRead(account=self.account, permissions=seen, received=state.received))

    async def role(self) -> None:
        """Read what the address is, for whoever looks at the row. The first time each account waits for its turn."""
        wait, self._role_wait = self._role_wait, 0.0
        await self._clock.sleep(wait)
        await self._read_role("role")

    async def _read_role(self, what: str) -> None:
        answer = await self._ask(ROLE, what=what)
        self.rows[what].came(answer)
        with self.rows[what].taking(answer):
            role = answers.role(answer.body, self.account)
        if role.refusal:
            raise AddressRefused(VENUE, f"account {self.account.account}", role.refusal)
        if role.role in ROLES:
            self.rows[what].waits(f"the address is {ROLES[role.role]}")

    async def income(self, since: float) -> None:
        """Read the histories of funding, fills and transfers from the venue's time `since` on, page by page, the oldest
        first; emit what was read, and until when it is whole.
        """
        fundings, one = await self._history(FUNDING_HISTORY, since)
        fills, two = await self._history(FILL_HISTORY, since, FILL_ROWS)
        ledger, three = await self._history(LEDGER_HISTORY, since)
        pages = [*fundings, *fills, *ledger]
        with self.rows["income"].taking(*pages) as bad:
            flows: list[CashFlow] = []
            for page in fundings:
                flows += cash.fundings(page.body, self.account, page.received, bad)
            for page in fills:
                flows += fill_flows(page.body, self.account, page.received, bad)
            for page in ledger:
                flows += cash.ledger(page.body, self.account, page.received, bad, address=self._address)
        until = min(one, two, three)
        # What a bad row did not tell may be just what is looked for.
        told = () if bad else tuple(sorted((f for f in flows if since <= f.venue_time <= until), key=_when))
        self._emit(
            CashFlowsRead(
                account=self.account,
                flows=told,
                since=until if bad else since,
                until=until,
                received=max(page.received for page in pages),
            )
        )

    async def _history(self, info: Info, since: float, most_rows: int = HISTORY_ROWS) -> tuple[list[Answer], float]:
        """The pages of one history, and the venue's time until which they are whole."""
        pages: list[Answer] = []
        start = round(since * 1000)
        for _ in range(INCOME_PAGES):
            answer = await self._ask(info, {"startTime": start}, Priority.USEFUL)
            self.rows["income"].came(answer)
            pages.append(answer)
            newest = _newest(answer.body)
            if rows_in(answer.body) < most_rows or newest is None:
                return pages, answer.asked + (self._client.offset_seconds or 0.0) - INCOME_LAG_SECONDS
            start = newest + 1
        return pages, (start - 1) / 1000.0

    async def _ask(
        self,
        info: Info,
        params: Mapping[str, object] | None = None,
        priority: Priority = Priority.NEEDED,
        *,
        what: str = "",
    ) -> Answer:
        """One question about the address. A reading that waits long for the budget says so."""
        reading = what or info.what

        def waits(why: str) -> None:
            if self.rows[reading].reason == why:
                return  # another question of the same reading waits, too
            self.rows[reading].waits(why)
            self._emit(PollFailed(VENUE, self.account.account, reading, self._clock.now(), why, waiting=True))

        said = {"user": self._address, **(params or {})}
        return await self._client.ask(info, said, account=self.account.account, priority=priority, waits=waits)


def fill_flows(raw: bytes, account: AccountKey, received: float, problems: list[RowProblem]) -> list[CashFlow]:
    """userFillsByTime: what fills of perpetuals did to cash."""

    def made(row: cash.FillRow) -> CashFlow | None:
        return cash.fill_flow(row, account, received)

    rows = reading.value(raw, list[msgspec.Raw], account.venue, FILL_HISTORY.type)
    return [flow for flow in each(rows, cash.FillRow, made, "fill", problems) if flow is not None and flow.amount]


def _when(flow: CashFlow) -> float:
    return flow.venue_time


class _Stamp(msgspec.Struct):
    time: int = 0


def _newest(page: bytes) -> int | None:
    """The time of the newest row of a page, in milliseconds; None without one."""
    try:
        stamps = msgspec.json.decode(page, type=list[_Stamp])
    except (ValueError, RecursionError):
        return None
    return max((one.time for one in stamps), default=None)


def planned_weight(
    settings: HyperliquidSettings,
    *,
    dexs: Sequence[int] = (),
    all_dexs: int = ALL_DEXS,
    blind: int = 0,
    bridging: int = 0,
) -> float:
    """Weight a minute that the polls need when nothing is stretched.

    `dexs` says on how many each account holds something, `blind` how many of the accounts are not streamed and read
    more often, `bridging` how many dexs' marks are read in the stream's place.
    """
    timings = settings.timings
    held = list(dexs) or [ASSUMED_DEXS] * len(settings.accounts)
    sweep = CLEARINGHOUSE.weight * all_dexs * 60.0 / max(SWEEP_SECONDS, timings.account_every_seconds)
    weights = [60.0 * (CLEARINGHOUSE.weight * max(1, number) + SPOT.weight) for number in held]
    often = sum(weights[:blind]) / timings.account_every_blind_seconds
    seldom = sum(weights[blind:]) / timings.account_every_seconds
    config = 60.0 * len(held) * (ABSTRACTION.weight + SPOT.weight) / timings.config_every_seconds
    shared = 60.0 * BORROW_LEND_ALL.weight / ASSETS_EVERY_SECONDS
    marks = 60.0 * bridging * META_AND_CTXS.weight / timings.bridge_every_seconds
    return often + seldom + sweep * len(held) + config + shared + marks


def planned(settings: HyperliquidSettings) -> float:
    """How many times over the planned readings fill what we may ask; 1.0: they just fit."""
    blind = max(0, len(settings.accounts) - settings.streamed_users)
    return planned_weight(settings, blind=blind) / (settings.weight_per_minute * settings.weight_share)
