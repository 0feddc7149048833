"""What wire tests of KuCoin share: the real session and the real engine wired to the simulator."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from monitor.domain.events import AccountSnapshot, AssetTick, Event, FeedDown, FeedUp, PositionChanged, Tick
from monitor.domain.names import AccountKey, PositionKey, Side
from monitor.domain.recording import UNRECORDED, Recorder
from monitor.domain.reports import AccountReport
from monitor.domain.view import FeedStatus
from monitor.engine.engine import Engine
from monitor.engine.settings import EngineSettings
from monitor.sim.kucoin import Cadence, SimKucoin
from monitor.sim.kucoin.accounts import SimAccount
from monitor.venues.kucoin.margin import describe
from monitor.venues.kucoin.session import KucoinSession
from monitor.venues.kucoin.settings import FUTURES, KucoinSettings, KucoinUrls
from monitor.venues.session import Put
from monitor.venues.settings import AccountSettings, Credentials, PermissionPolicy, Secret, Timings
from tests.wire.harness import SHORT as SHORT_OF_ALL
from tests.wire.harness import ShiftedClock, unheard, until, written_in

E = TypeVar("E")

SHORT = replace(SHORT_OF_ALL, refused_again_seconds=0.4, replace_retry_seconds=0.1)
QUICK = Cadence(mark_seconds=0.1, wallet_seconds=0.3, debt_seconds=0.2, funding_seconds=0.5, ping_ms=1_000)
"""A quiet venue that repeats its marks ten times a second."""
COIN, ETHER, INVERSE = "XBTUSDTM", "ETHUSDTM", "XBTUSDM"
STREAMS = ("marks", "assets", "user")
Products = Mapping[str, Sequence[str]]


def simulator(**more: Any) -> SimKucoin:
    """A quiet venue without limits on requests; `limited=True` has them."""
    return SimKucoin(**{"quiet": True, "cadence": QUICK, "limited": False, **more})


class Watched:
    """The real engine at the end of a session's events."""

    def __init__(self, wire: Wired, *accounts: str) -> None:
        keys = tuple(AccountKey("kucoin", name) for name in accounts or ("main",))
        settings = EngineSettings(accounts=keys, lines_every_seconds=0.0)
        self._engine = Engine({"kucoin": describe}, settings)
        self._wire, self._taken = wire, 0

    def report(self, account: str = "main") -> AccountReport:
        """The account's report after everything that came until now; what the engine asks for is asked."""
        events, self._taken = self._wire.events[self._taken :], len(self._wire.events)
        result = self._engine.step(events, self._wire.clock.now())
        for wanted in result.resyncs:
            self._wire.session.resync(wanted.account, wanted.why, config=wanted.config)
        return next(one for one in self._engine.reports() if one.key.account == account)


@dataclass
class Wired:
    """A running session. `events` is everything that it emitted, `ended` what its jobs died of."""

    sim: SimKucoin
    session: KucoinSession
    clock: ShiftedClock
    accounts: tuple[AccountSettings, ...]
    events: list[Event] = field(default_factory=list)
    ended: dict[str, BaseException] = field(default_factory=dict)

    def all(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    def since(self, mark: int, kind: type[E]) -> list[E]:
        return [event for event in self.events[mark:] if isinstance(event, kind)]

    def snapshots(self, account: str = "main") -> list[AccountSnapshot]:
        return [one for one in self.all(AccountSnapshot) if one.account.account == account]

    def status(self, stream: str, account: str = "") -> FeedStatus:
        return next(one for one in self.session.feeds() if (one.stream, one.account) == (stream, account))

    def up(self, stream: str, account: str = "") -> bool:
        return self.status(stream, account).up

    def streams(self) -> list[FeedStatus]:
        """The rows of streams, without those of readings."""
        return [one for one in self.session.feeds() if one.stream in STREAMS]

    async def all_up(self) -> None:
        """Wait until it is known what every account holds, and all of that is streamed."""
        read = {one.name for one in self.accounts}
        await until(lambda: {one.account.account for one in self.all(AccountSnapshot)} == read, what="all read")
        await until(lambda: all(one.up for one in self.streams()), what="all streams up")

    def edges(self, stream: str) -> list[FeedUp | FeedDown]:
        return [one for one in self.events if isinstance(one, FeedUp | FeedDown) and one.stream == stream]

    def held(self, account: str = "main") -> dict[PositionKey, float]:
        """Quantities, as the simplest reader of these events would have them."""
        key, held, times = AccountKey("kucoin", account), dict[PositionKey, float](), dict[PositionKey, float]()
        for event in self.events:
            if isinstance(event, AccountSnapshot) and event.account == key:
                held = {one.key: one.quantity for one in event.positions}
                times = dict.fromkeys(held, event.asked)
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


def settings_of(
    sim: SimKucoin,
    *,
    timings: Timings = SHORT,
    policy: PermissionPolicy = PermissionPolicy.REFUSE,
    secret: str | None = None,
    products: Products | None = None,
    **settings: Any,
) -> KucoinSettings:
    """The settings for every account of `sim`: of futures, or of what `products` names by account."""
    accounts = tuple(
        AccountSettings(
            venue="kucoin",
            name=one.name if product == FUTURES else f"{one.name}-{product}",
            credentials=Credentials(
                api_key=Secret(one.key), api_secret=Secret(secret or one.secret), passphrase=Secret(one.passphrase)
            ),
            permissions=policy,
            product=product,
        )
        for one in sim.accounts.values()
        for product in (products or {}).get(one.name, (FUTURES,))
    )
    pools = ("futures_weight", "spot_weight", "management_weight", "public_weight", "unified_weight")
    roomy: dict[str, Any] = {
        **dict.fromkeys(pools, 1_000_000),
        "weight_share": 1.0,
        "seed_candles": 10,
        "connects_per_minute": 100_000,
    }
    urls = KucoinUrls(futures=sim.futures, spot=sim.spot)
    return KucoinSettings(**{"accounts": accounts, "urls": urls, "timings": timings, **roomy, **settings})


def session_of(
    sim: SimKucoin, *, emit: Put = unheard, clock: ShiftedClock | None = None, **settings: Any
) -> KucoinSession:
    """The session for every account of `sim`, not running."""
    return KucoinSession(settings_of(sim, **settings), emit, clock or ShiftedClock())


@contextlib.asynccontextmanager
async def wired(
    sim: SimKucoin, *, recorder: Recorder = UNRECORDED, shift: float = 0.0, **settings: Any
) -> AsyncIterator[Wired]:
    """The session for every account of `sim`, its jobs running as they are: nothing starts them again."""
    clock = ShiftedClock()
    clock.shift = shift
    events: list[Event] = []
    made = settings_of(sim, **settings)
    session = KucoinSession(made, written_in(events), clock, recorder)
    harness = Wired(sim, session, clock, made.accounts, events)
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


def truth(account: SimAccount) -> dict[PositionKey, float]:
    """What the venue itself holds."""
    return {
        PositionKey(one.symbol, Side.LONG if one.lots > 0 else Side.SHORT): one.lots for one in account.open_positions()
    }
