"""The private socket of one account: its login, its topics, and the doubt that REST may raise about them.

A room says how it is spoken to and which of its topics tell what REST shows; the rest is the same everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from monitor.domain.clock import Clock
from monitor.domain.errors import AuthRejected, ClockSkewed, VenueError
from monitor.domain.events import (
    AccountSnapshot,
    BalanceChanged,
    ConfigChanged,
    Event,
    OrderChanged,
    PositionChanged,
    VenueWarning,
)
from monitor.domain.frames import Decoded, FrameKind
from monitor.domain.names import AccountKey
from monitor.domain.recording import UNRECORDED, Recorder
from monitor.venues.conversation import Conversation, Speech
from monitor.venues.feed import Feed
from monitor.venues.ledger import Ledger
from monitor.venues.rest import Answer
from monitor.venues.session import Put
from monitor.venues.settings import Secret, Timings
from monitor.venues.subscriptions import Moment
from monitor.venues.wake import Pace

STREAM = "user"
Stamps = Mapping[str, Iterable[float | None]]


class VenueClock(Protocol):
    """What a stream needs of a room's client."""

    @property
    def offset_seconds(self) -> float | None:
        """Venue clock minus ours."""
        ...

    def venue_now(self) -> float:
        """The venue's time as far as we know it."""
        ...

    async def measure_clock(self) -> tuple[Answer, ...]:
        """Measure the venue's clock and use it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """How a room speaks on this socket.

    `speech` is made anew for each connection. `stamps` gives, by topic, the venue times of what changed from one
    snapshot to the next and that topic must have told. `topic_of` is the topic of a frame ("" for none of them).
    """

    address: Secret
    speech: Callable[[], Speech]
    stamps: Callable[[AccountSnapshot, AccountSnapshot], Stamps]
    topic_of: Callable[[Decoded], str]


class PrivateStream:
    """One account's pushes. `resync(why, config)` is called whenever they say, or hide, that something changed, and
    `shown` with the events in which they show something held or ordered.
    """

    def __init__(
        self,
        account: AccountKey,
        language: Language,
        ledger: Ledger,
        client: VenueClock,
        emit: Put,
        clock: Clock,
        timings: Timings,
        resync: Callable[[str, bool], None],
        shown: Callable[[Sequence[Event]], None],
        recorder: Recorder = UNRECORDED,
    ) -> None:
        """`ledger` has the row `STREAM`, of which all topics are wanted already."""
        self.ledger = ledger
        self._account, self._language, self._client = account, language, client
        self._emit, self._clock, self._timings = emit, clock, timings
        self._resync, self._shown, self._recorder = resync, shown, recorder
        self._pace = Pace(clock, timings)
        self._live_since: float | None = None
        self._event_received = float("-inf")  #: wall time of the last push about the account
        self._told: dict[str, float] = {}  #: by topic: the newest venue time that it told
        self._since = float("-inf")  #: venue time since which the stream tells everything
        self._untold: dict[str, tuple[float, float]] = {}  #: by topic: a change's venue time, and when REST showed it
        self._before: AccountSnapshot | None = None  #: as REST last showed it
        self._unknown_at = float("-inf")  #: steady time of the last reading that an unknown kind caused

    @property
    def up(self) -> bool:
        """Whether pushes can arrive, as far as we know."""
        return self.ledger.up(STREAM)

    def event_since(self, received: float) -> bool:
        """Whether a push about the account came after this moment (wall time)."""
        return self._event_received >= received

    async def run(self) -> None:
        """Keep the stream up for ever."""
        venue = self._account.venue
        while True:
            self._live_since = None
            self._untold.clear()
            try:
                await Feed(venue, STREAM, self._address, self._conversation, self._clock, self._timings).run()
            except VenueError as exc:
                await self._correct_clock(exc)
                await self._clock.sleep(self._pace.pause(exc, live_seconds=self._live_seconds()))

    def _live_seconds(self) -> float:
        return 0.0 if self._live_since is None else self._clock.monotonic() - self._live_since

    async def _correct_clock(self, exc: VenueError) -> None:
        """A login that was refused for its time needs the venue's: the next one has it. A venue that does not say why
        it refused one may have meant the time.
        """
        if isinstance(exc, ClockSkewed | AuthRejected):
            try:
                await self._client.measure_clock()
            except VenueError:
                return  # the clock's own reading says so; the login is tried again in any case

    def stop(self, why: str) -> None:
        """Nothing is asked any more until `run` is called anew: a person must act."""
        self.ledger.stop(why)
        for edge in self.ledger.edges(self._clock.now()):
            self._emit(edge)

    async def _address(self) -> Secret:
        if self._client.offset_seconds is None:
            await self._client.measure_clock()  # a login is good for a moment of the venue's clock
        return self._language.address

    def _conversation(self) -> Conversation:
        return _PrivateConversation(self, self._language.speech(), self._emit, self._client)

    # What the conversation tells

    def record(self, raw: bytes, received: float) -> None:
        """Have a frame kept."""
        self._recorder.frame(self._account.venue, self._account.account, STREAM, raw, received)

    def heard(self, decoded: Decoded) -> None:
        """Note what a frame means for our readings."""
        if self._live_since is None and self.up:
            self._live_since = self._clock.monotonic()
            self._pace.worked()
            self.changed_over()
        topic = self._language.topic_of(decoded)
        if decoded.kind is FrameKind.DATA and decoded.venue_time is not None and topic:
            self._told[topic] = max(self._told_by(topic), decoded.venue_time)
        if decoded.events:
            self._shown(decoded.events)
        why, config = self._doubt(decoded)
        if why:
            if decoded.kind is not FrameKind.UNRECOGNISED:
                self._event_received = self._clock.now()
            self._resync(why, config)

    def changed_over(self) -> None:
        """From now on another connection tells: what happened before was perhaps not told."""
        self._since = self._client.venue_now()
        self._resync("the user stream is up", True)

    def _told_by(self, topic: str) -> float:
        return max(self._since, self._told.get(topic, float("-inf")))

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
        moved = any(isinstance(one, PositionChanged | BalanceChanged | OrderChanged) for one in decoded.events)
        return ("the user stream told of a change" if moved or config else ""), config

    # What REST shows

    def cross_check(self, snapshot: AccountSnapshot) -> None:
        """Compare what REST shows with what was pushed: a change that was never told makes its topic doubtful."""
        before, self._before = self._before, snapshot
        if before is None:
            return
        for topic, stamps in self._language.stamps(before, snapshot).items():
            newest = max((at for at in stamps if at is not None), default=float("-inf"))
            if newest > self._told_by(topic) and self.up:
                self._untold.setdefault(topic, (newest, self._clock.monotonic()))

    def watch(self, now: float) -> None:
        """A change that REST showed and that is still not told after a while speaks against its topic."""
        for topic, (changed, seen) in list(self._untold.items()):
            if changed <= self._told_by(topic):
                del self._untold[topic]
            elif now - seen >= self._timings.cross_check_seconds:
                del self._untold[topic]
                self._told[topic] = changed
                self._speaks_against(topic, now)

    def _speaks_against(self, topic: str, now: float) -> None:
        """REST shows what this topic does not tell."""
        self.ledger.attempts[""].doubt(topic, "it does not tell what REST shows", now)


class _PrivateConversation(Conversation):
    """A conversation that looks at the doubts about its stream."""

    def __init__(self, stream: PrivateStream, speech: Speech, emit: Put, client: VenueClock) -> None:
        super().__init__(
            stream.ledger,
            speech,
            emit,
            lambda: client.offset_seconds or 0.0,
            what=STREAM,
            heard=stream.heard,
            record=stream.record,
        )
        self._stream = stream

    def adopted(self, at: Moment) -> None:
        """From now on this connection tells; what fell between the two is read."""
        taken_over = self._stream.up
        super().adopted(at)
        if taken_over:
            self._stream.changed_over()

    def watch(self, at: Moment) -> Sequence[str]:
        """Look at the doubts first."""
        self._stream.watch(at.steady)
        return super().watch(at)
