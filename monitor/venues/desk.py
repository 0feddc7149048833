"""One account at a venue: its readings, its user stream, and the question whether its key may be used at all.

What is read, and how, is the room's; here stand the order, the pace and the permission.
"""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple, Protocol

from monitor.domain.accounts import Permissions
from monitor.domain.clock import Clock
from monitor.domain.errors import KeyTooPowerful, VenueError
from monitor.domain.events import AccountSnapshot, PollFailed
from monitor.domain.names import AccountKey, Symbol
from monitor.domain.view import FeedStatus
from monitor.venues.ledger import Ledger
from monitor.venues.readings import Reading
from monitor.venues.session import Emit, Job
from monitor.venues.settings import PermissionPolicy, Timings
from monitor.venues.wake import Pace, Poll, Wake

Body = Callable[[], Awaitable[None]]
INCOME_IDLE = "read only where a wallet changed by what nothing explains"
INCOME_SPACING_SECONDS = 20.0  #: least time between two readings of an account's history of cash flows
SPREAD = (0.85, 0.97)  #: of an interval, by chance: accounts do not all ask in one second, none asks late


class Readings(Protocol):
    """What a room reads of one account. Each method reads once, emits what it read, and raises our errors."""

    @property
    def rows(self) -> Mapping[str, Reading]:
        """A row a reading: "account", "config", "permissions", "income" and the room's further ones."""
        ...

    async def account_whole(self, event_since: Callable[[float], bool]) -> AccountSnapshot:
        """The account, read again where it moved in between; `event_since(t)`: whether a push about it came since t."""
        ...

    async def config(self) -> bool:
        """Modes and settings; True if what positions are read with changed."""
        ...

    async def permissions(self) -> None:
        """What the key may do; raises `KeyTooPowerful` where the policy refuses it."""
        ...

    async def income(self, since: float) -> None:
        """The history of cash flows from the venue's time `since` on."""
        ...


class User(Protocol):
    """An account's own stream."""

    @property
    def ledger(self) -> Ledger:
        """Its rows."""
        ...

    @property
    def up(self) -> bool:
        """Whether pushes can arrive, as far as we know."""
        ...

    def event_since(self, received: float) -> bool:
        """Whether a push about the account came after this moment (wall time)."""
        ...

    def cross_check(self, snapshot: AccountSnapshot) -> None:
        """Compare what REST shows with what was pushed."""
        ...

    async def run(self) -> None:
        """Keep it up for ever."""
        ...

    def stop(self, why: str) -> None:
        """Nothing is asked any more until `run` is called anew."""
        ...


class Further(NamedTuple):
    """A reading of one room beside those that all have. `every` says the interval in seconds, each time anew."""

    what: str
    read: Body
    every: Callable[[], float]


class Desk:
    """All jobs of one account. None of them asks anything before the key's permissions were read, or could not be.

    While the key may do too much, its permissions are all that is read: once they were reduced, the others go on.
    """

    def __init__(
        self,
        account: AccountKey,
        readings: Readings,
        user: User,
        emit: Emit,
        clock: Clock,
        timings: Timings,
        stretch: Callable[[], float],
        holds: Callable[[AccountSnapshot], None],
        further: Sequence[Further] = (),
    ) -> None:
        """`stretch` is the factor on all intervals; `holds` is told of each snapshot what the account holds."""
        self.account, self.user = account, user
        self.held: frozenset[Symbol] = frozenset()  #: symbols with a position, as last read
        self._readings, self._emit, self._clock, self._timings = readings, emit, clock, timings
        self._stretch, self._holds = stretch, holds
        self._permitted = asyncio.Event()  #: the permissions were asked for, and do not forbid
        self._refused = asyncio.Event()  #: they were read, and forbid
        self._configured = asyncio.Event()  #: the modes were asked for: positions are read with them
        self._flows_bell, self._flows_since = Wake(clock), math.inf
        self._permissions = self._poll(self._read_permissions, lambda: timings.permissions_every_seconds, "permissions")
        self._config = self._poll(self._read_config, lambda: self.stretched(timings.config_every_seconds), "config")
        self._account = self._poll(self._read_account, self._account_interval, "account")
        self._further = {one.what: self._poll(one.read, one.every, one.what) for one in further}

    def jobs(self) -> tuple[Job, ...]:
        """The account's jobs."""
        jobs: tuple[tuple[str, Body], ...] = (
            ("permissions", self._permissions.run),
            ("config", self._permitted_only(self._config.run)),
            ("account", self._permitted_only(self._after_config(self._account.run))),
            ("user stream", self._permitted_only(self.user.run)),
            *((what, self._permitted_only(self._after_config(poll.run))) for what, poll in self._further.items()),
            ("income", self._permitted_only(self._read_flows)),
        )
        name, rows = self.account.account, self._readings.rows
        return tuple(
            Job(what, name, partial(rows[what].watched, body) if what in rows else body) for what, body in jobs
        )

    def feeds(self) -> tuple[FeedStatus, ...]:
        """The user stream, then each reading."""
        return (*self.user.ledger.statuses(), *(row.status() for row in self._readings.rows.values()))

    def malformed(self) -> tuple[str, ...]:
        """What could not be read, for diagnosis."""
        return (*self.user.ledger.malformed, *(text for row in self._readings.rows.values() for text in row.kept))

    def resync(self, why: str, config: bool = False) -> None:  # noqa: ARG002  # the reason is for whoever logs it
        """Have the account read soon, and its configuration if asked."""
        if config:
            self._config.ring()
        self._account.ring()

    def ring(self, what: str) -> None:
        """Have one reading read soon, and no other with it: "config", or a further one."""
        (self._config if what == "config" else self._further[what]).ring()

    def read_flows(self, since: float) -> None:
        """Have the history of cash flows read soon, from the venue's time `since` on."""
        self._flows_since = min(self._flows_since, since)
        self._flows_bell.ring()

    def stretched(self, seconds: float) -> float:
        """This interval as long as the budget wants it."""
        # Chance here only spreads requests in time; it decides nothing.
        return seconds * self._stretch() * random.uniform(*SPREAD)

    def _poll(self, read: Body, interval: Callable[[], float], what: str) -> Poll:
        def failed(exc: VenueError) -> None:
            self._readings.rows[what].failed(exc)
            self._tell(what, exc.why)

        return Poll(read, interval, failed, self._clock, self._timings)

    def _tell(self, what: str, why: str) -> None:
        self._emit(PollFailed(self.account.venue, self.account.account, what, self._clock.now(), why))

    def _account_interval(self) -> float:
        timings = self._timings
        return self.stretched(timings.account_every_seconds if self.user.up else timings.account_every_blind_seconds)

    # Readings

    async def _read_account(self) -> None:
        snapshot = await self._readings.account_whole(self.user.event_since)
        self.user.cross_check(snapshot)
        self.held = frozenset(position.symbol for position in snapshot.positions)
        self._holds(snapshot)

    async def _read_config(self) -> None:
        try:
            if await self._readings.config():
                self._account.ring()
        finally:
            self._configured.set()

    async def _read_flows(self) -> None:
        """Read the history whenever it is asked for, and never by itself: it is dear, and seldom needed."""
        pace, row = Pace(self._clock, self._timings), self._readings.rows["income"]
        row.idle(INCOME_IDLE)
        while True:
            if self._flows_since == math.inf:
                await self._flows_bell.wait(self._timings.config_every_seconds)
                continue
            since, self._flows_since = self._flows_since, math.inf
            try:
                await self._readings.income(since)
            except VenueError as exc:
                self._flows_since = min(self._flows_since, since)
                row.failed(exc)
                self._tell("income", exc.why)
                await self._clock.sleep(pace.pause(exc))
            else:
                pace.worked()
                row.idle(INCOME_IDLE)
                await self._clock.sleep(INCOME_SPACING_SECONDS)

    async def _read_permissions(self) -> None:
        # Unreadable permissions run, with an alert of their own; but they take back no refusal.
        refused = self._refused.is_set()
        try:
            await self._readings.permissions()
            refused = False
        except KeyTooPowerful as exc:
            refused = True
            self._refuse(exc.why)
            raise
        finally:
            if not refused:
                self._refused.clear()
                self._permitted.set()

    # Whether to work at all

    def _refuse(self, why: str) -> None:
        """Ask nothing more with this key, and say why nothing is known."""
        self._permitted.clear()
        self._refused.set()
        self.user.stop(why)
        for what, row in self._readings.rows.items():
            if what != "permissions":
                row.stopped(why)
                self._tell(what, why)

    def _permitted_only(self, body: Body) -> Body:
        async def run() -> None:
            while True:
                await self._permitted.wait()
                await self._until_refused(body)

        return run

    def _after_config(self, body: Body) -> Body:
        async def run() -> None:
            await self._configured.wait()
            await body()

        return run

    async def _until_refused(self, body: Body) -> None:
        """Run until it fails, or until the key turns out to be too powerful; returns then."""
        work = asyncio.ensure_future(body())
        refusal = asyncio.ensure_future(self._refused.wait())
        try:
            done, _ = await asyncio.wait({work, refusal}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in (work, refusal):
                if not one.done():
                    one.cancel()
            await asyncio.gather(work, refusal, return_exceptions=True)
        if refusal not in done:
            work.result()


def powers(permissions: Permissions) -> tuple[str, ...]:
    """What no monitor's key may do: move funds. Trading is warned of by a rule."""
    said = (("withdraw", permissions.can_withdraw), ("transfer", permissions.can_transfer))
    return tuple(word for word, may in said if may)


def check_powers(account: AccountKey, permissions: Permissions, policy: PermissionPolicy) -> None:
    """Raise `KeyTooPowerful` for a key that may move funds, where the policy refuses such keys."""
    words = powers(permissions)
    if words and policy is PermissionPolicy.REFUSE:
        raise KeyTooPowerful(
            account.venue,
            f"account {account.account}",
            f'the key may {" and ".join(words)}; make a key that can only read, or set permissions = "warn"',
        )
