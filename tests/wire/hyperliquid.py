"""What wire tests of Hyperliquid share: the real session and the real engine wired to the simulator."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from monitor.domain.events import AccountSnapshot, AssetTick, Event, FeedDown, FeedUp, Tick, Ticks
from monitor.domain.names import AccountKey
from monitor.domain.quality import Quality
from monitor.domain.recording import UNRECORDED, Recorder
from monitor.domain.reports import AccountReport
from monitor.domain.view import FeedStatus
from monitor.engine.engine import Engine
from monitor.engine.settings import EngineSettings, Limits
from monitor.sim.hyperliquid import SimHyperliquid
from monitor.sim.hyperliquid.accounts import SimAccount
from monitor.sim.hyperliquid.publisher import Cadence
from monitor.venues.hyperliquid.margin import describe
from monitor.venues.hyperliquid.session import HyperliquidSession
from monitor.venues.hyperliquid.settings import HyperliquidSettings, HyperliquidUrls
from monitor.venues.session import Put
from monitor.venues.settings import AccountSettings
from tests.wire.harness import SHORT as SHORT_OF_ALL
from tests.wire.harness import ShiftedClock, unheard, until, written_in

E = TypeVar("E")

SHORT = replace(SHORT_OF_ALL, refused_again_seconds=0.4, replace_retry_seconds=0.1, missing_spacing_seconds=0.4)
QUICK = Cadence(beat_seconds=0.05, prices_seconds=0.05, states_seconds=0.15, silence_seconds=1.5)
"""A quiet venue that repeats its prices twenty times a second, and drops sockets after 1.5 s of silence, not 60."""
STREAMS = ("marks", "user")


def simulator(**more: Any) -> SimHyperliquid:
    """A quiet venue without limits on requests; `limited=True` has them."""
    return SimHyperliquid(**{"quiet": True, "cadence": QUICK, "limited": False, **more})


@dataclass
class Wired:
    """A running session. `events` is everything that it emitted, `ended` what its jobs died of."""

    sim: SimHyperliquid
    session: HyperliquidSession
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
        read = self.sim.accounts.keys()
        await until(lambda: {one.account.account for one in self.all(AccountSnapshot)} == read, what="all read")
        await until(lambda: all(one.up for one in self.streams()), what="all streams up")

    def edges(self, stream: str) -> list[FeedUp | FeedDown]:
        return [one for one in self.events if isinstance(one, FeedUp | FeedDown) and one.stream == stream]

    def held(self, account: str = "main") -> dict[str, float] | None:
        """Quantities by coin, as the newest snapshot has them; None before the first."""
        key = AccountKey("hyperliquid", account)
        found = [one for one in self.all(AccountSnapshot) if one.account == key]
        newest = max(found, key=lambda one: one.asked, default=None)
        return None if newest is None else {one.symbol: round(one.quantity, 8) for one in newest.positions}

    def marks(self) -> dict[str, float]:
        """The newest mark of each coin."""
        found: dict[str, float] = {}
        for event in self.events:
            if isinstance(event, Ticks):
                found |= dict(zip(event.symbols, event.marks, strict=True))
            elif isinstance(event, Tick):
                found[event.symbol] = event.mark
        return found

    def prices(self) -> dict[str, float]:
        """The newest USD price of each asset."""
        return {tick.asset: tick.price_usd for tick in self.all(AssetTick)}


class Watched:
    """The real engine at the end of a session's events."""

    def __init__(self, wire: Wired, *accounts: str) -> None:
        keys = tuple(AccountKey("hyperliquid", name) for name in accounts or ("main",))
        limits = Limits(mark_seconds=15.0, asset_seconds=60.0)  # those that the configuration has for this venue
        settings = EngineSettings(accounts=keys, lines_every_seconds=0.0, limits=limits)
        self._engine = Engine({"hyperliquid": describe}, settings)
        self._wire, self._taken = wire, 0

    def report(self, account: str = "main") -> AccountReport:
        """The account's report after everything that came until now; what the engine asks for is asked."""
        events, self._taken = self._wire.events[self._taken :], len(self._wire.events)
        result = self._engine.step(events, self._wire.clock.now())
        for wanted in result.resyncs:
            self._wire.session.resync(wanted.account, wanted.why, config=wanted.config)
        return next(one for one in self._engine.reports() if one.key.account == account)

    def live(self, *symbols: str, account: str = "main") -> bool:
        """Whether just these are held, and everything is known of them."""
        report = self.report(account)
        held = {position.symbol for pool in report.pools for position in pool.positions}
        return held == set(symbols) and report.quality is Quality.LIVE


def truth(account: SimAccount) -> dict[str, float]:
    """What the venue itself holds, as it prints it."""
    return {one.coin: round(one.size, 8) for one in account.positions.values()}


def settings_of(sim: SimHyperliquid, **settings: Any) -> HyperliquidSettings:
    """The settings for every address of `sim`."""
    accounts = tuple(
        AccountSettings(venue="hyperliquid", name=one.name, address=one.address) for one in sim.accounts.values()
    )
    roomy: dict[str, Any] = {"weight_per_minute": 2_400_000, "weight_share": 1.0, "timings": SHORT}
    urls = HyperliquidUrls(rest=sim.http, stream=sim.ws)
    return HyperliquidSettings(**{"accounts": accounts, "urls": urls, **roomy, **settings})


def session_of(
    sim: SimHyperliquid, *, emit: Put = unheard, clock: ShiftedClock | None = None, **settings: Any
) -> HyperliquidSession:
    """The session for every address of `sim`, not running."""
    return HyperliquidSession(settings_of(sim, **settings), emit, clock or ShiftedClock())


@contextlib.asynccontextmanager
async def wired(
    sim: SimHyperliquid, *, recorder: Recorder = UNRECORDED, shift: float = 0.0, **settings: Any
) -> AsyncIterator[Wired]:
    """The session for every address of `sim`, its jobs running as they are: nothing starts them again."""
    clock = ShiftedClock()
    clock.shift = shift
    events: list[Event] = []
    session = HyperliquidSession(settings_of(sim, **settings), written_in(events), clock, recorder)
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


def named(one: object) -> str:
    """What a case is called in every process: a set has another order in each."""
    return ",".join(sorted(map(str, one))) if isinstance(one, set) else str(one)
