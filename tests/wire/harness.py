"""What wire tests share: short waits, and the real session at Binance wired to the simulator."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from monitor.domain.accounts import Position
from monitor.domain.events import AccountSnapshot, Event, PositionChanged, Ticks
from monitor.domain.frames import Frame
from monitor.domain.names import AccountKey, PositionKey, Side
from monitor.domain.recording import UNRECORDED, Recorder
from monitor.domain.view import FeedStatus
from monitor.sim.binance import SimBinance
from monitor.sim.binance.accounts import SimAccount
from monitor.sim.binance.server import Cadence
from monitor.venues.binance.session import BinanceSession
from monitor.venues.binance.settings import BinanceSettings, BinanceUrls
from monitor.venues.session import Put
from monitor.venues.settings import AccountSettings, Credentials, PermissionPolicy, Secret, Timings
from tests import steady

E = TypeVar("E")

SHORT = Timings(
    connect_seconds=1.0,
    ping_every_seconds=0.3,
    ping_timeout_seconds=0.3,
    close_seconds=0.1,
    watch_every_seconds=0.02,
    rollover_retry_seconds=0.1,
    acknowledge_seconds=0.3,
    reconnect_seconds=0.6,
    marks_silent_seconds=0.5,
    assets_silent_seconds=0.5,
    backoff_first_seconds=0.05,
    backoff_cap_seconds=0.3,
    live_seconds=1.0,
    rate_limited_seconds=0.5,
    refused_every_seconds=0.8,
    request_seconds=2.0,
    account_every_seconds=0.5,
    account_every_blind_seconds=0.2,
    config_every_seconds=2.0,
    clock_doubt_spacing_seconds=0.5,
    bridge_every_seconds=0.5,
    resync_settle_seconds=0.02,
    resync_spacing_seconds=0.1,
    key_probe_spacing_seconds=0.4,
    cross_check_seconds=0.2,
)
"""The transport's waits, some twenty times shorter than in earnest."""

QUICK = Cadence(mark_seconds=0.1)


def simulator(**more: object) -> SimBinance:
    """A quiet venue that sends marks ten times a second."""
    return SimBinance(quiet=True, cadence=QUICK, **more)  # type: ignore[arg-type]  # keywords of the simulator


class ShiftedClock:
    """Our own clock, wrong by `shift` seconds; it still measures intervals rightly, in the loop's time."""

    def __init__(self) -> None:
        self.shift = 0.0

    def now(self) -> float:
        return steady.now() + self.shift

    def monotonic(self) -> float:
        return steady.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


async def until(condition: Callable[[], object], seconds: float = 20.0, what: str = "") -> float:
    """Wait for something to become true; returns how long it took, fails when it does not in time.

    The time allowed is generous; where a time is promised, a test looks at the answer. Both are of the loop, which does
    not count what else the machine did meanwhile.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    while not condition():
        if loop.time() - began > seconds:
            raise AssertionError(f"did not happen within {seconds} s: {what or condition}")
        await asyncio.sleep(0.01)
    return loop.time() - began


@dataclass
class Wired:
    """A running session. `events` is everything that it emitted, `ended` what its jobs died of."""

    sim: SimBinance
    session: BinanceSession
    clock: ShiftedClock
    events: list[Event] = field(default_factory=list)
    ended: dict[str, BaseException] = field(default_factory=dict)

    def all(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    def since(self, mark: int, kind: type[E]) -> list[E]:
        return [event for event in self.events[mark:] if isinstance(event, kind)]

    def up(self, stream: str, account: str = "") -> bool:
        return any(one.up for one in self.session.feeds() if (one.stream, one.account) == (stream, account))

    def status(self, stream: str, account: str = "") -> Any:
        return next(one for one in self.session.feeds() if (one.stream, one.account) == (stream, account))

    async def all_up(self) -> None:
        await until(lambda: all(one.up for one in self.streams()), what="all streams up")

    def streams(self) -> list[FeedStatus]:
        """The rows of streams, without those of readings."""
        return [one for one in self.session.feeds() if not one.polled]

    def held(self, account: str = "main") -> dict[PositionKey, float]:
        """Quantities, as the simplest reader of these events would have them."""
        key, held, times = AccountKey("binance", account), {}, {}
        for event in self.events:
            if isinstance(event, AccountSnapshot) and event.account == key:
                held = {position.key: position.quantity for position in event.positions}
                times = {position.key: _time(position) for position in event.positions}
            elif isinstance(event, PositionChanged) and event.account == key:
                side = event.side or (Side.LONG if event.quantity > 0 else Side.SHORT)
                place = PositionKey(event.symbol, side)
                if event.venue_time < times.get(place, 0.0):
                    continue
                held.pop(place, None)
                if event.quantity:
                    held[place], times[place] = event.quantity, event.venue_time
        return held

    def marks(self) -> dict[str, float]:
        """The newest mark of each symbol."""
        newest: dict[str, tuple[float, float]] = {}
        for ticks in self.all(Ticks):
            for symbol, mark, at in zip(ticks.symbols, ticks.marks, ticks.venue_times, strict=True):
                newest[symbol] = max(newest.get(symbol, (at, mark)), (at, mark), key=lambda said: said[0])
        return {symbol: mark for symbol, (_, mark) in newest.items()}


def _without_limits(info: dict[str, Any]) -> dict[str, Any]:
    return {**info, "rateLimits": []}


def _time(position: Position) -> float:
    return position.update_time or 0.0


def truth(account: SimAccount) -> dict[PositionKey, float]:
    """What the venue itself holds."""
    return {
        PositionKey(one.symbol, Side.LONG if one.quantity > 0 else Side.SHORT): one.quantity
        for one in account.open_positions()
    }


def unheard(event: Event, frame: Frame | None = None, /) -> None:
    """Nobody listens."""


def written_in(events: list[Event]) -> Put:
    """Every event goes into this list."""

    def put(event: Event, frame: Frame | None = None, /) -> None:
        events.append(event)

    return put


def urls_of(sim: SimBinance) -> BinanceUrls:
    """Where the simulator is."""
    return BinanceUrls(
        fapi=sim.fapi,
        dapi=sim.dapi,
        papi=sim.papi,
        sapi=sim.sapi,
        stream=sim.stream,
        coinm_stream=sim.coinm_stream,
        margin_stream=sim.margin_stream,
        socket_api=sim.socket_api,
    )


def session_of(
    sim: SimBinance,
    *,
    timings: Timings = SHORT,
    policy: PermissionPolicy = PermissionPolicy.REFUSE,
    secret: str | None = None,
    emit: Put = unheard,
    clock: ShiftedClock | None = None,
    recorder: Recorder = UNRECORDED,
    **settings: Any,
) -> BinanceSession:
    """The session for every account of `sim`."""
    accounts = tuple(
        AccountSettings(
            venue="binance",
            name=one.name,
            credentials=Credentials(api_key=Secret(one.key), api_secret=Secret(secret or one.secret)),
            permissions=policy,
            product=one.product,
        )
        for one in sim.registry.everybody()
    )
    urls = urls_of(sim)
    return BinanceSession(
        replace(BinanceSettings(accounts=accounts, urls=urls, timings=timings), **settings),
        emit,
        clock or ShiftedClock(),
        recorder,
    )


@contextlib.asynccontextmanager
async def wired(
    sim: SimBinance,
    *,
    timings: Timings = SHORT,
    policy: PermissionPolicy = PermissionPolicy.REFUSE,
    secret: str | None = None,
    roomy: bool = True,
    recorder: Recorder = UNRECORDED,
    **settings: Any,
) -> AsyncIterator[Wired]:
    """The session for every account of `sim`, its jobs running as they are: nothing starts them again.

    `roomy`: the venue claims a limit so large that short intervals are not stretched.
    """
    if roomy:
        sim.faults.edit_answer["/fapi/v1/exchangeInfo"] = _without_limits
        settings = {"weight_per_minute": 240_000, **settings}
    clock = ShiftedClock()
    events: list[Event] = []
    session = session_of(
        sim,
        timings=timings,
        policy=policy,
        secret=secret,
        emit=written_in(events),
        clock=clock,
        recorder=recorder,
        **settings,
    )
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
