"""An account's stream that takes a listen key: the key, its socket, and the doubt that REST may raise about both."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Callable, Collection, Mapping

from monitor.domain.clock import Clock
from monitor.domain.errors import FeedLost, VenueError
from monitor.domain.events import AccountSnapshot, BalanceChanged, ConfigChanged, PositionChanged, VenueWarning
from monitor.domain.frames import Decoded, FrameKind
from monitor.domain.names import Symbol
from monitor.domain.recording import UNRECORDED, Recorder
from monitor.venues.binance import answers
from monitor.venues.binance.client import VENUE, Client
from monitor.venues.binance.endpoint import Endpoint
from monitor.venues.binance.keyed import KeyedRoute
from monitor.venues.binance.listen_key import ListenKey, Step
from monitor.venues.binance.refusals import LISTEN_KEY_UNKNOWN
from monitor.venues.binance.streams import BinanceSpeech
from monitor.venues.conversation import Conversation, Speech
from monitor.venues.feed import Feed
from monitor.venues.ledger import Ledger
from monitor.venues.rest import Answer
from monitor.venues.session import Put
from monitor.venues.settings import AccountSettings, Secret, Timings
from monitor.venues.subscriptions import LedgerLimits, Moment, StreamRule
from monitor.venues.wake import Pace, Wake

MASKED = b"***"  #: what stands for a listen key in what is kept of a frame
_KEYS = re.compile(rb'("listenKey"\s*:\s*")[^"]*')
DEAF_AFTER = 2  #: changes that REST showed and the stream did not tell, until it is opened anew with a living key


class UserStream:
    """One account's pushes. `resync(why, config)` is called whenever they say, or hide, that something changed, and
    `held` with the symbols in which they show a position.
    """

    def __init__(
        self,
        settings: AccountSettings,
        route: KeyedRoute,
        client: Client,
        emit: Put,
        clock: Clock,
        timings: Timings,
        resync: Callable[[str, bool], None],
        held: Callable[[Collection[Symbol]], None],
        recorder: Recorder = UNRECORDED,
        *,
        speech: Callable[[], Speech] | None = None,
        hints: Collection[str] = (),
        ticking: tuple[str, float] | None = None,
    ) -> None:
        """`speech` is made anew for each connection, futures' own if None. `hints` are frames without events that say
        that something changed. `ticking`: a frame that, once it came, comes again within so many seconds.
        """
        self._recorder, self._route = recorder, route
        self._speech = speech or (lambda: BinanceSpeech(settings.key))
        self._hints, self._ticking = frozenset(hints), ticking
        self._ticked = float("inf")  #: steady time of the last ticking frame on this connection
        self._settings, self._client, self._clock, self._timings = settings, client, clock, timings
        self._resync, self._held = resync, held
        limits = LedgerLimits(
            acknowledge_seconds=timings.acknowledge_seconds, reconnect_seconds=timings.reconnect_seconds
        )
        self.ledger = Ledger(VENUE, settings.name, (StreamRule(stream=route.stream),), limits)
        self._emit = emit
        self._key = ListenKey(timings)
        self._bell = Wake(clock)
        self._pace = Pace(clock, timings)
        self._live_since: float | None = None
        self._event_received = float("-inf")  #: wall time of the last push about the account
        self._event_time = float("-inf")  #: the newest venue time among them
        self._untold: tuple[float, float] | None = None  #: (venue time of a change REST showed, steady time seen)
        self._contradictions = 0
        self._deaf = ""
        self._deaf_at = float("-inf")
        self._unknown_at = float("-inf")  #: steady time of the last reading that an unknown kind caused
        self.dialled_with: Secret | None = None  #: the key in the address that was dialled last

    @property
    def up(self) -> bool:
        """Whether pushes can arrive, as far as we know."""
        return self.ledger.up(self._route.stream)

    def event_since(self, received: float) -> bool:
        """Whether a push about the account came after this moment (wall time)."""
        return self._event_received >= received

    async def run(self) -> None:
        """Keep the stream up for ever."""
        while True:
            try:
                await self._once()
            except VenueError as exc:
                await self._clock.sleep(self._pause(exc))

    async def _once(self) -> None:
        """One socket (and its successors) with one keeper of its key, until one of them fails."""
        self._live_since, self._deaf, self._untold, self._contradictions = None, "", None, 0
        feed = Feed(VENUE, self._route.stream, self._address, self._conversation, self._clock, self._timings)
        parts = {asyncio.create_task(feed.run()), asyncio.create_task(self._keep_key())}
        try:
            done, _ = await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
            for part in done:
                part.result()
        finally:
            for part in parts:
                part.cancel()
            await asyncio.gather(*parts, return_exceptions=True)

    def _pause(self, exc: VenueError) -> float:
        live = 0.0 if self._live_since is None else self._clock.monotonic() - self._live_since
        return self._pace.pause(exc, live_seconds=live)

    def stop(self, why: str) -> None:
        """Nothing is asked any more until `run` is called anew: a person must act."""
        self.ledger.stop(why)
        for edge in self.ledger.edges(self._clock.now()):
            self._emit(edge)

    # The key

    async def _address(self) -> Secret:
        """The socket's address with the key in it, made if there is none."""
        if self._key.due(self._clock.monotonic()) is Step.CREATE:
            await self._create()
        if self._key.key is None:
            raise FeedLost(VENUE, self._route.stream, "there is no listen key")
        self.dialled_with = self._key.key
        return self._route.address(self._key.key)

    async def _create(self) -> None:
        """Ask for a key; the venue gives the one that we have, if it lives."""
        before = self._key.key
        self._key.probed(self._clock.monotonic())
        answer = await self._ask(self._route.create)
        key = Secret(answers.listen_key(answer.body))
        self._key.created(key, self._clock.monotonic())
        deaf = before is not None and key == before and self._contradictions >= DEAF_AFTER
        # Rarely: if the venue should stamp changes that it never pushes, every stream would look deaf for ever.
        if deaf and self._clock.monotonic() - self._deaf_at >= self._timings.key_life_seconds:
            self._deaf_at = self._clock.monotonic()
            self._deaf = "the key lives, but the stream does not tell what REST shows"

    async def _ask(self, endpoint: Endpoint, params: Mapping[str, str] | None = None) -> Answer:
        return await self._client.ask(
            endpoint, params, credentials=self._settings.credentials, account=self._settings.name
        )

    async def _keep_key(self) -> None:
        """Do what the key needs, when it needs it."""
        while True:
            await self._bell.wait(self._timings.watch_every_seconds)
            match self._key.due(self._clock.monotonic()):
                case Step.KEEP_ALIVE:
                    await self._extend()
                case Step.CREATE if self._key.key is not None:
                    # A probe without an answer proves nothing: the doubt stays, and is asked about again.
                    with contextlib.suppress(VenueError):
                        await self._create()
                case _:
                    # Without a key the conversation objects, and the next dial makes one.
                    pass

    async def _extend(self) -> None:
        try:
            await self._ask(self._route.extend, self._route.extension(self._key.key))
        except VenueError as exc:
            if exc.code == LISTEN_KEY_UNKNOWN:
                self._key.unknown()
            else:
                # The socket is as good as before, and the key lives for a while. Whether the API key is still good
                # is for the account's readings to find.
                self._key.keeping_failed(self._clock.monotonic())
        else:
            self._key.kept(self._clock.monotonic())

    # The socket

    def _conversation(self) -> _UserConversation:
        return _UserConversation(self)

    def objection(self, key: Secret | None) -> str:
        """Why a socket opened with this key must go; "" if it may stay."""
        if self._key.key is None:
            return "the listen key is no longer valid"
        if key is not None and key != self._key.key:
            return "the venue gave another listen key: the old one died in silence"
        if self._ticking is not None and self._clock.monotonic() - self._ticked >= self._ticking[1]:
            return f"no {self._ticking[0]} for {self._ticking[1]:g} s"
        return self._deaf

    def opened(self) -> None:
        """A socket is up: what happened before was not told."""
        self._ticked = float("inf")
        self._live_since = self._clock.monotonic()
        self._pace.worked()
        self._event_time = max(self._event_time, self._client.venue_now())
        self._resync("the user stream is up", True)

    def heard(self, decoded: Decoded) -> None:
        """Note what a frame means for the key and for our readings."""
        if decoded.kind is FrameKind.KEY_EXPIRED:
            self._key.expired()
            return
        if decoded.kind in (FrameKind.DATA, FrameKind.IGNORED) and decoded.venue_time is not None:
            self._event_time = max(self._event_time, decoded.venue_time)
            self._contradictions = 0
        if self._ticking is not None and decoded.name == self._ticking[0]:
            self._ticked = self._clock.monotonic()
        held = {one.symbol for one in decoded.events if isinstance(one, PositionChanged) and one.quantity}
        if held:
            self._held(held)
        why, config = self._doubt(decoded)
        if why:
            if decoded.kind is not FrameKind.UNRECOGNISED:
                self._event_received = self._clock.now()
            self._resync(why, config)

    def _doubt(self, decoded: Decoded) -> tuple[str, bool]:
        """Why the account has to be read again after this frame ("" if it has not), and whether its modes too.

        What a frame that cannot be read would have told is unknown, so everything is read. A kind that we have never
        heard of may have moved something as well, but it may also come every second: it causes at most one reading in
        the interval of the configuration.
        """
        if decoded.kind is FrameKind.MALFORMED:
            return "a frame of the user stream could not be read", True
        if decoded.kind is FrameKind.UNRECOGNISED:
            now = self._clock.monotonic()
            if now - self._unknown_at < self._timings.config_every_seconds:
                return "", False
            self._unknown_at = now
            return "the user stream told of something unknown", True
        config = any(isinstance(one, ConfigChanged) for one in decoded.events)
        if decoded.problems:
            return "a row on the user stream could not be read", config
        if any(isinstance(one, VenueWarning) for one in decoded.events):
            return "the venue warned", config
        moved = any(isinstance(one, PositionChanged | BalanceChanged) for one in decoded.events)
        hinted = decoded.kind is FrameKind.DATA and decoded.name in self._hints
        return ("the user stream told of a change" if moved or config or hinted else ""), config

    def cross_check(self, snapshot: AccountSnapshot) -> None:
        """Compare what REST shows with what was pushed: a change that was never told makes the key doubtful."""
        stamps = [row.update_time for row in snapshot.positions] + [row.update_time for row in snapshot.balances]
        self.must_have_told(max((stamp for stamp in stamps if stamp is not None), default=float("-inf")))

    def must_have_told(self, newest: float) -> None:
        """REST shows a change of this venue time, or a later one: a push must have told it, or will in a moment."""
        if newest <= self._event_time or not self.up:
            self._untold = None
        elif self._untold is None:
            self._untold = (newest, self._clock.monotonic())

    def watch(self, now: float) -> None:
        """A change that REST showed and that is still not told after a while speaks against the key."""
        if self._untold is None:
            return
        changed, seen = self._untold
        if changed <= self._event_time:
            self._untold = None
        elif now - seen >= self._timings.cross_check_seconds:
            self._untold = None
            self._event_time = changed
            self._contradictions += 1
            self._key.contradicted()
            self._bell.ring()

    def conversation_parts(self) -> tuple[Ledger, Speech, Put, Callable[[], float]]:
        """What a conversation needs of us."""
        return self.ledger, self._speech(), self._emit, lambda: self._client.offset_seconds or 0.0

    @property
    def stream(self) -> str:
        """The row."""
        return self._route.stream

    def record(self, raw: bytes, received: float) -> None:
        """Have a frame kept, without the key: that it expired is told with the key itself."""
        for key in (self._key.key, self.dialled_with):
            if key is not None:
                raw = raw.replace(key.reveal().encode(), MASKED)
        if b"listenKey" in raw:
            raw = _KEYS.sub(rb"\g<1>" + MASKED, raw)
        self._recorder.frame(VENUE, self._settings.name, self._route.stream, raw, received)


class _UserConversation(Conversation):
    """A conversation that knows with which key its socket was opened."""

    def __init__(self, stream: UserStream) -> None:
        super().__init__(
            *stream.conversation_parts(),
            what=stream.stream,
            heard=stream.heard,
            objection=self._object,
            record=stream.record,
        )
        self._stream = stream
        self._key: Secret | None = None

    def _object(self) -> str:
        return self._stream.objection(self._key)

    def opened(self, at: Moment) -> list[str]:
        self._key = self._stream.dialled_with
        said = super().opened(at)
        self._stream.opened()
        return list(said)

    def watch(self, at: Moment) -> list[str]:
        self._stream.watch(at.steady)
        return list(super().watch(at))
