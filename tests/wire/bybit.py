"""What wire tests of Bybit share: the real session wired to the simulator, and the real engine behind it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from monitor.domain.events import (
    AccountSnapshot,
    AssetTick,
    Event,
    FeedDown,
    FeedUp,
    InstrumentsLoaded,
    PositionChanged,
    Tick,
    Ticks,
    TiersLoaded,
)
from monitor.domain.names import AccountKey, PositionKey, Side
from monitor.domain.quality import Quality
from monitor.domain.recording import UNRECORDED, Recorder
from monitor.domain.reports import AccountReport
from monitor.domain.view import FeedStatus
from monitor.engine.engine import Engine
from monitor.engine.settings import EngineSettings
from monitor.sim.bybit import Cadence, SimBybit
from monitor.sim.bybit.accounts import SimAccount
from monitor.venues.bybit.margin import describe
from monitor.venues.bybit.session import BybitSession
from monitor.venues.bybit.settings import BybitSettings, BybitUrls
from monitor.venues.settings import AccountSettings, Credentials, PermissionPolicy, Secret, Timings
from tests.wire.harness import SHORT as SHORT_OF_ALL
from tests.wire.harness import ShiftedClock, until, written_in

E = TypeVar("E")

SHORT = replace(
    SHORT_OF_ALL,
    refused_again_seconds=0.4,
    replace_retry_seconds=0.1,
    ping_timeout_seconds=0.6,  # a busy machine may stop for half a second
)
QUICK = Cadence(ticker_seconds=0.05)
STREAMS = ("marks", "assets", "options", "user")


def simulator(**more: Any) -> SimBybit:
    """A venue of which the prices move a little twenty times a second."""
    return SimBybit(**{"cadence": QUICK, **more})


@dataclass
class Wired:
    """A running session. `events` is everything that it emitted, `ended` what its jobs died of."""

    sim: SimBybit
    session: BybitSession
    clock: ShiftedClock
    events: list[Event] = field(default_factory=list)
    ended: dict[str, BaseException] = field(default_factory=dict)

    def all(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    def since(self, mark: int, kind: type[E]) -> list[E]:
        return [event for event in self.events[mark:] if isinstance(event, kind)]

    def status(self, stream: str, account: str = "") -> FeedStatus:
        return next(one for one in self.session.feeds() if (one.stream, one.account) == (stream, account))

    def up(self, stream: str, account: str = "") -> bool:
        return self.status(stream, account).up

    def streams(self) -> list[FeedStatus]:
        """The rows of streams, without those of readings."""
        return [one for one in self.session.feeds() if one.stream in STREAMS]

    async def all_up(self) -> None:
        """Wait until it is known what every account holds, and all of that is streamed."""
        await until(lambda: {one.account.account for one in self.all(AccountSnapshot)} == self.sim.accounts.keys())
        await until(lambda: all(one.up for one in self.streams()), what="all streams up")

    def tiered(self) -> set[str]:
        """The contracts whose tiers are known."""
        return {symbol for loaded in self.all(TiersLoaded)[-1:] for symbol, _ in loaded.tiers}

    def listed(self) -> set[str]:
        """The contracts that are known."""
        return {one.symbol for loaded in self.all(InstrumentsLoaded)[-1:] for one in loaded.instruments}

    def last(self, account: str = "main") -> AccountSnapshot:
        """The newest reading of an account, of which there is one."""
        return [one for one in self.all(AccountSnapshot) if one.account.account == account][-1]

    def edges(self, stream: str, since: int = 0) -> list[FeedUp | FeedDown]:
        return [one for one in self.events[since:] if isinstance(one, FeedUp | FeedDown) and one.stream == stream]

    async def down(self, stream: str, since: int, seconds: float = 10.0) -> FeedDown:
        """The first word that a stream is down, said after that many events."""
        await until(lambda: any(isinstance(one, FeedDown) for one in self.edges(stream, since)), seconds, stream)
        return next(one for one in self.edges(stream, since) if isinstance(one, FeedDown))

    async def says(self, stream: str, words: str, account: str = "") -> str:
        """Wait until a stream is down for this reason, and return all of it. On a machine that stops for half a second
        it may have been down for another one before.
        """
        heard: list[str] = []

        def said() -> bool:
            heard.append(self.status(stream, account).reason)
            return words in heard[-1] and not self.up(stream, account)

        await until(said, what=f"{stream}: {words}")
        return heard[-1]

    def held(self, account: str = "main") -> dict[PositionKey, float]:
        """Quantities, as the simplest reader of these events would have them."""
        key, held, times = AccountKey("bybit", account), dict[PositionKey, float](), dict[PositionKey, float]()
        for event in self.events:
            if isinstance(event, AccountSnapshot) and event.account == key:
                held = {one.key: one.quantity for one in event.positions}
                times = {one.key: one.update_time or 0.0 for one in event.positions}
            elif isinstance(event, PositionChanged) and event.account == key:
                sides = [event.side] if event.side else [Side.LONG, Side.SHORT]
                places = [PositionKey(event.symbol, side) for side in sides]
                if any(event.venue_time < times.get(place, 0.0) for place in places):
                    continue
                for place in places:
                    held.pop(place, None)
                if event.quantity:
                    side = event.side or (Side.LONG if event.quantity > 0 else Side.SHORT)
                    place = PositionKey(event.symbol, side)
                    held[place], times[place] = event.quantity, event.venue_time
        return held

    def marks(self) -> dict[str, tuple[float, float]]:
        """The newest mark of each symbol with the venue's time of it."""
        newest: dict[str, tuple[float, float]] = {}
        for event in self.events:
            rows = (
                zip(event.symbols, event.venue_times, event.marks, strict=True)
                if isinstance(event, Ticks)
                else [(event.symbol, event.venue_time, event.mark)]
                if isinstance(event, Tick)
                else []
            )
            for symbol, at, mark in rows:
                newest[symbol] = max(newest.get(symbol, (at, mark)), (at, mark), key=lambda said: said[0])
        return newest

    def prices(self) -> dict[str, AssetTick]:
        """The newest USD price of each asset."""
        return {tick.asset: tick for tick in self.all(AssetTick)}


class Watched:
    """The real engine at the end of a session's events."""

    def __init__(self, wire: Wired, *accounts: str) -> None:
        keys = tuple(AccountKey("bybit", name) for name in accounts or ("main",))
        settings = EngineSettings(accounts=keys, lines_every_seconds=0.0)
        self.engine = Engine({"bybit": describe}, settings)
        self._wire, self._taken = wire, 0

    def report(self, account: str = "main") -> AccountReport:
        """The account's report after everything that came until now; what the engine asks for is asked."""
        events, self._taken = self._wire.events[self._taken :], len(self._wire.events)
        result = self.engine.step(events, self._wire.clock.now())
        for wanted in result.resyncs:
            self._wire.session.resync(wanted.account, wanted.why, config=wanted.config)
        return next(one for one in self.engine.reports() if one.key.account == account)

    def held(self, account: str = "main") -> dict[PositionKey, float]:
        """What the monitor says is held."""
        return {
            PositionKey(one.symbol, one.side): one.quantity
            for pool in self.report(account).pools
            for one in pool.positions
        }

    def live(self, account: str = "main") -> bool:
        """Whether everything is known of what the venue itself holds."""
        right = self.held(account) == truth(self._wire.sim.accounts[account])
        return right and self.report(account).quality is Quality.LIVE


def truth(account: SimAccount) -> dict[PositionKey, float]:
    """What the venue itself holds."""
    return {
        PositionKey(one.symbol, Side.LONG if one.sign > 0 else Side.SHORT): one.sign * one.size
        for one in account.open_positions()
    }


def settings_of(
    sim: SimBybit,
    *,
    timings: Timings = SHORT,
    policy: PermissionPolicy = PermissionPolicy.REFUSE,
    secret: str | None = None,
    **settings: Any,
) -> BybitSettings:
    """The settings for every account of `sim`."""
    accounts = tuple(
        AccountSettings(
            venue="bybit",
            name=one.name,
            credentials=Credentials(api_key=Secret(one.key), api_secret=Secret(secret or one.secret)),
            permissions=policy,
        )
        for one in sim.accounts.values()
    )
    roomy: dict[str, Any] = {"weight_share": 0.95}
    urls = BybitUrls(rest=sim.rest, public=sim.public, private=sim.private)
    return BybitSettings(**{"accounts": accounts, "urls": urls, "timings": timings, **roomy, **settings})


@contextlib.asynccontextmanager
async def wired(
    sim: SimBybit, *, recorder: Recorder = UNRECORDED, shift: float = 0.0, **settings: Any
) -> AsyncIterator[Wired]:
    """The session for every account of `sim`, its jobs running as they are: nothing starts them again."""
    clock = ShiftedClock()
    clock.shift = shift
    events: list[Event] = []
    session = BybitSession(settings_of(sim, **settings), written_in(events), clock, recorder)
    harness = Wired(sim, session, clock, events)
    tasks = [
        asyncio.create_task(_note(f"{job.account or ''} {job.name}".strip(), job.run(), harness), name=job.name)
        for job in session.jobs()
    ]
    try:
        yield harness
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await session.close()


async def _note(name: str, running: Any, harness: Wired) -> None:
    try:
        await running
    except Exception as exc:  # what a job dies of is what some tests are about
        harness.ended[name] = exc
