"""The user stream of one account: its login, its channels, and the doubt that REST may raise about them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from monitor.domain.clock import Clock
from monitor.domain.errors import ClockSkewed, VenueError
from monitor.domain.events import AccountSnapshot, BalanceChanged, Event, OrderChanged, PositionChanged, VenueWarning
from monitor.domain.frames import Decoded, FrameKind
from monitor.domain.recording import UNRECORDED, Recorder
from monitor.domain.view import FeedStatus
from monitor.venues.conversation import Conversation
from monitor.venues.feed import Feed
from monitor.venues.ledger import Ledger
from monitor.venues.okx import endpoints
from monitor.venues.okx.client import Client
from monitor.venues.okx.codec import Paged
from monitor.venues.okx.endpoints import ACCOUNT_CHANNEL, POSITIONS_CHANNEL, PRIVATE_TOPICS
from monitor.venues.okx.market import ledger_limits
from monitor.venues.okx.settings import VENUE, OkxSettings
from monitor.venues.okx.speech import CONNECTIONS, OkxSpeech
from monitor.venues.session import Put
from monitor.venues.settings import AccountSettings, Secret
from monitor.venues.subscriptions import Moment
from monitor.venues.wake import Pace

STREAM = "user"
TELLS_AT_ONCE = ACCOUNT_CHANNEL  #: sends a snapshot when it is subscribed to; the others may have nothing to tell
TOO_MANY = "channel-conn-count-error"  #: the name of the frame that ends a channel that was acknowledged
MOST_CONNECTIONS = 30  #: to one channel of one account
CHECKED = (ACCOUNT_CHANNEL, POSITIONS_CHANNEL)  #: that tell everything that REST shows


class UserLedger(Ledger):
    """One that shows how many connections the account has: they are bounded, and shared by all programs."""

    connections: int | None = None  #: as the venue last counted them

    def statuses(self) -> tuple[FeedStatus, ...]:
        """The stream's row."""
        if self.connections is None:
            return super().statuses()
        said = f"the account has {self.connections} of {MOST_CONNECTIONS} connections"
        return tuple(replace(one, reason=said) if one.up and not one.reason else one for one in super().statuses())


class UserStream:
    """One account's pushes. `resync(why, config)` is called whenever they say, or hide, that something changed, and
    `shown` with the events in which they show something held or ordered.
    """

    def __init__(
        self,
        account: AccountSettings,
        settings: OkxSettings,
        client: Client,
        emit: Put,
        clock: Clock,
        resync: Callable[[str, bool], None],
        shown: Callable[[Iterable[Event]], None],
        recorder: Recorder = UNRECORDED,
    ) -> None:
        self._account, self._client, self._emit, self._clock = account, client, emit, clock
        self._timings, self._resync, self._shown, self._recorder = settings.timings, resync, shown, recorder
        self._url = Secret(endpoints.stream_base(settings.urls.stream, demo=settings.demo) + endpoints.PRIVATE_ROUTE)
        self.ledger = UserLedger(VENUE, account.name, (), ledger_limits(self._timings), rows=(STREAM,))
        self._pace = Pace(clock, self._timings)
        self._live_since: float | None = None
        self._event_received = float("-inf")  #: wall time of the last push about the account
        self._told = dict.fromkeys(CHECKED, float("-inf"))  #: the newest venue time that each channel told
        self._untold: dict[str, tuple[float, float]] = {}  #: by channel: a change's venue time, and when REST showed it
        self._unknown_at = float("-inf")  #: steady time of the last reading that an unknown kind caused
        self._objection = ""
        self._empty = False  #: REST shows no balance at all
        self._want()

    def _want(self) -> None:
        """All channels. That an account in which there is nothing tells so at once is in no document."""
        topics = [topic.text for topic in PRIVATE_TOPICS]
        quiet = [topic for topic in topics if topic != TELLS_AT_ONCE or self._empty]
        self.ledger.want(STREAM, topics, first_seconds=self._timings.reconnect_seconds, quiet=quiet)

    @property
    def up(self) -> bool:
        """Whether pushes can arrive, as far as we know."""
        return self.ledger.up(STREAM)

    def event_since(self, received: float) -> bool:
        """Whether a push about the account came after this moment (wall time)."""
        return self._event_received >= received

    async def run(self) -> None:
        """Keep the stream up for ever."""
        while True:
            self._live_since, self._objection = None, ""
            self._untold.clear()
            try:
                await Feed(VENUE, STREAM, self._address, self._conversation, self._clock, self._timings).run()
            except VenueError as exc:
                await self._correct_clock(exc)
                await self._clock.sleep(self._pause(exc))

    def _pause(self, exc: VenueError) -> float:
        live = 0.0 if self._live_since is None else self._clock.monotonic() - self._live_since
        return self._pace.pause(exc, live_seconds=live)

    async def _correct_clock(self, exc: VenueError) -> None:
        """A login that was refused for its time needs the venue's: the next one has it."""
        if isinstance(exc, ClockSkewed):
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
        await self._client.dials.pass_by()
        return self._url

    def _conversation(self) -> Conversation:
        return _UserConversation(self)

    # What the conversation tells

    def speech(self) -> OkxSpeech:
        """The language of a new connection."""
        account = self._account
        return OkxSpeech(self._timings, self._client.venue_now, account.key, account.credentials)

    def conversation_parts(self) -> tuple[Ledger, OkxSpeech, Put, Callable[[], float]]:
        """What a conversation needs of us."""
        return self.ledger, self.speech(), self._emit, lambda: self._client.offset_seconds or 0.0

    def record(self, raw: bytes, received: float) -> None:
        """Have a frame kept."""
        self._recorder.frame(VENUE, self._account.name, STREAM, raw, received)

    def objection(self) -> str:
        """Why the socket must go; "" if it may stay."""
        return self._objection

    def heard(self, decoded: Decoded) -> None:
        """Note what a frame means for our readings."""
        if self._live_since is None and self.up:
            self._began()
        if decoded.name == TOO_MANY:
            # The venue acknowledged the channel, and then ended it: only a new connection gets it back.
            self._objection = decoded.why
            return
        if decoded.name == CONNECTIONS and decoded.why:
            self.ledger.connections = int(decoded.why)
        if decoded.kind is FrameKind.DATA and decoded.venue_time is not None and decoded.name in self._told:
            self._told[decoded.name] = max(self._told[decoded.name], decoded.venue_time)
        self._shown(decoded.events)
        why, config = self._doubt(decoded)
        if why:
            # Orders alone move neither cash nor positions: a reading that was under way is whole without them.
            if decoded.kind is not FrameKind.UNRECOGNISED and decoded.name != endpoints.ORDERS_CHANNEL:
                self._event_received = self._clock.now()
            self._resync(why, config)

    def _began(self) -> None:
        """Every channel delivers: what happened before was not told."""
        self._live_since = self._clock.monotonic()
        self._pace.worked()
        self.changed_over()

    def changed_over(self) -> None:
        """From now on another connection tells."""
        now = self._client.venue_now()
        self._told = {channel: max(told, now) for channel, told in self._told.items()}
        self._resync("the user stream is up", True)

    def _doubt(self, decoded: Decoded) -> tuple[str, bool]:
        """Why the account has to be read again after this frame ("" if it has not), and whether its modes too.

        Balances and positions come with their figures, now and then by themselves; only what moved them is a reason.
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
        if decoded.problems:
            return "a row on the user stream could not be read", False
        if isinstance(decoded, Paged) and decoded.doubt:
            return decoded.doubt, False
        if any(isinstance(one, VenueWarning) for one in decoded.events):
            return "the venue warned", False
        if decoded.name in (endpoints.FAST_CHANNEL, endpoints.ORDERS_CHANNEL) and _moved(decoded.events):
            return "the user stream told of a change", False
        return "", False

    def cross_check(self, snapshot: AccountSnapshot) -> None:
        """Compare what REST shows with what was pushed: a change that was never told makes its channel doubtful."""
        if self._empty is bool(snapshot.balances):
            self._empty = not snapshot.balances
            self._want()
        stamps = {
            ACCOUNT_CHANNEL: [one.update_time for one in snapshot.balances],
            POSITIONS_CHANNEL: [one.update_time for one in snapshot.positions],
        }
        for channel, told in self._told.items():
            newest = max((at for at in stamps[channel] if at is not None), default=float("-inf"))
            if newest <= told or not self.up:
                self._untold.pop(channel, None)
            else:
                self._untold.setdefault(channel, (newest, self._clock.monotonic()))

    def watch(self, now: float) -> None:
        """A change that REST showed and that is still not told after a while speaks against its channel."""
        for channel, (changed, seen) in list(self._untold.items()):
            if changed <= self._told[channel]:
                del self._untold[channel]
            elif now - seen >= self._timings.cross_check_seconds:
                del self._untold[channel]
                self._told[channel] = changed
                self._speak_against(channel, now)

    def _speak_against(self, channel: str, now: float) -> None:
        attempt = self.ledger.attempts.get("")
        for topic in PRIVATE_TOPICS:
            if topic.channel == channel and attempt is not None:
                attempt.doubt(topic.text, "it does not tell what REST shows", now)


def _moved(events: Iterable[Event]) -> bool:
    return any(isinstance(one, PositionChanged | BalanceChanged | OrderChanged) for one in events)


class _UserConversation(Conversation):
    """A conversation that looks at the doubts about its stream."""

    def __init__(self, stream: UserStream) -> None:
        super().__init__(
            *stream.conversation_parts(),
            what=STREAM,
            heard=stream.heard,
            objection=stream.objection,
            record=stream.record,
        )
        self._stream = stream

    def adopted(self, at: Moment) -> None:
        taken_over = self._stream.up
        super().adopted(at)
        if taken_over:
            self._stream.changed_over()

    def watch(self, at: Moment) -> Sequence[str]:
        self._stream.watch(at.steady)
        return super().watch(at)
