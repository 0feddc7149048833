"""What wire tests of OKX share: the real session and the real engine wired to the simulator."""

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
    TiersLoaded,
)
from monitor.domain.names import AccountKey, PositionKey, Side
from monitor.domain.quality import Quality
from monitor.domain.recording import UNRECORDED, Recorder
from monitor.domain.reports import AccountReport
from monitor.domain.view import FeedStatus
from monitor.engine.engine import Engine
from monitor.engine.settings import EngineSettings, Limits
from monitor.sim.okx import SimOkx
from monitor.sim.okx.accounts import SimAccount
from monitor.sim.okx.publisher import Cadence
from monitor.venues.okx.margin import describe
from monitor.venues.okx.session import OkxSession
from monitor.venues.okx.settings import OkxSettings, OkxUrls
from monitor.venues.session import Put
from monitor.venues.settings import AccountSettings, Credentials, PermissionPolicy, Secret, Timings
from tests.wire.harness import SHORT as SHORT_OF_ALL
from tests.wire.harness import ShiftedClock, unheard, until, written_in

E = TypeVar("E")

SHORT = replace(SHORT_OF_ALL, refused_again_seconds=0.4, replace_retry_seconds=0.1)
QUICK = Cadence(
    beat_seconds=0.05,
    mark_seconds=0.05,
    mark_idle_seconds=0.1,
    index_seconds=0.05,
    index_idle_seconds=0.1,
    options_seconds=0.1,
    funding_seconds=0.1,
    silence_seconds=1.5,
)
"""A quiet venue that repeats its prices ten times a second, and drops sockets after 1.5 s of silence instead of 30."""
SWAP, ETHER = "BTC-USDT-SWAP", "ETH-USDT-SWAP"
STREAMS = ("marks", "assets", "options", "user")


def simulator(**more: Any) -> SimOkx:
    """A quiet venue without limits on requests; `limited=True` has them."""
    return SimOkx(**{"quiet": True, "cadence": QUICK, "limited": False, **more})


@dataclass
class Wired:
    """A running session. `events` is everything that it emitted, `ended` what its jobs died of."""

    sim: SimOkx
    session: OkxSession
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

    def tiered(self) -> tuple[set[str], set[str]]:
        """The contracts whose tiers are known: in cross margin, and isolated."""
        last = self.all(TiersLoaded)[-1:]
        return {name for one in last for name, _ in one.tiers}, {name for one in last for name, _ in one.isolated}

    def listed(self) -> set[str]:
        """The contracts that are known."""
        return {one.symbol for loaded in self.all(InstrumentsLoaded)[-1:] for one in loaded.instruments}

    def edges(self, stream: str) -> list[FeedUp | FeedDown]:
        return [one for one in self.events if isinstance(one, FeedUp | FeedDown) and one.stream == stream]

    def held(self, account: str = "main") -> dict[PositionKey, float]:
        """Quantities, as the simplest reader of these events would have them."""
        key, held, times = AccountKey("okx", account), dict[PositionKey, float](), dict[PositionKey, float]()
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

    def marks(self) -> dict[str, float]:
        """The newest mark of each symbol."""
        newest: dict[str, Tick] = {}
        for tick in self.all(Tick):
            if tick.symbol not in newest or tick.venue_time >= newest[tick.symbol].venue_time:
                newest[tick.symbol] = tick
        return {symbol: tick.mark for symbol, tick in newest.items()}

    def prices(self) -> dict[str, float]:
        """The newest USD price of each asset."""
        return {tick.asset: tick.price_usd for tick in self.all(AssetTick)}


class Watched:
    """The real engine at the end of a session's events."""

    def __init__(self, wire: Wired, *accounts: str, limits: Limits | None = None) -> None:
        keys = tuple(AccountKey("okx", name) for name in accounts or ("main",))
        settings = EngineSettings(accounts=keys, lines_every_seconds=0.0, limits=limits or Limits())
        self._engine = Engine({"okx": describe}, settings)
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


def truth(account: SimAccount) -> dict[PositionKey, float]:
    """What the venue itself holds."""
    return {
        PositionKey(one.instrument.name, Side.LONG if one.contracts > 0 else Side.SHORT): one.contracts
        for one in account.positions.values()
        if one.contracts
    }


def settings_of(
    sim: SimOkx,
    *,
    timings: Timings = SHORT,
    policy: PermissionPolicy = PermissionPolicy.REFUSE,
    secret: str | None = None,
    passphrase: str | None = None,
    **settings: Any,
) -> OkxSettings:
    """The settings for every account of `sim`."""
    accounts = tuple(
        AccountSettings(
            venue="okx",
            name=one.name,
            credentials=Credentials(
                api_key=Secret(one.key),
                api_secret=Secret(secret or one.secret),
                passphrase=Secret(passphrase or one.passphrase),
            ),
            permissions=policy,
        )
        for one in sim.accounts.values()
    )
    roomy: dict[str, Any] = {"requests_per_minute": 240_000, "weight_share": 1.0, "simulate_every_seconds": 1.0}
    urls = OkxUrls(rest=sim.rest, stream=sim.stream)
    return OkxSettings(**{"accounts": accounts, "urls": urls, "timings": timings, **roomy, **settings})


def session_of(sim: SimOkx, *, emit: Put = unheard, clock: ShiftedClock | None = None, **settings: Any) -> OkxSession:
    """The session for every account of `sim`, not running."""
    return OkxSession(settings_of(sim, **settings), emit, clock or ShiftedClock())


@contextlib.asynccontextmanager
async def wired(
    sim: SimOkx, *, recorder: Recorder = UNRECORDED, shift: float = 0.0, **settings: Any
) -> AsyncIterator[Wired]:
    """The session for every account of `sim`, its jobs running as they are: nothing starts them again."""
    clock = ShiftedClock()
    clock.shift = shift
    events: list[Event] = []
    session = OkxSession(settings_of(sim, **settings), written_in(events), clock, recorder)
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
