"""The one socket at Hyperliquid: marks of every perpetual, and the states of every account that may be streamed."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from monitor.domain.clock import Clock
from monitor.domain.errors import VenueError
from monitor.domain.frames import Decoded, FrameKind
from monitor.domain.names import AccountKey, Symbol
from monitor.domain.recording import UNRECORDED, Recorder
from monitor.venues.conversation import Conversation
from monitor.venues.feed import Feed
from monitor.venues.hyperliquid.client import Client
from monitor.venues.hyperliquid.codec import STALE_UNIVERSE
from monitor.venues.hyperliquid.endpoints import ALL_CTXS, ALL_STATES, STREAM_PATH, Topic
from monitor.venues.hyperliquid.parameters import DEFAULTS
from monitor.venues.hyperliquid.places import Places
from monitor.venues.hyperliquid.rows import SpotState
from monitor.venues.hyperliquid.settings import VENUE, HyperliquidSettings
from monitor.venues.hyperliquid.shared import SharedLedger
from monitor.venues.hyperliquid.speech import HyperliquidSpeech, whose
from monitor.venues.hyperliquid.tables import PublicReadings
from monitor.venues.session import Put
from monitor.venues.settings import Secret
from monitor.venues.subscriptions import LedgerLimits
from monitor.venues.wake import Pace

MARKS = "marks"
SOCKET = "market"

Heard = Callable[[Decoded], None]


class Socket:
    """Dials, subscribes and passes on. It begins when the perpetuals are known: nothing can be read before."""

    def __init__(
        self,
        settings: HyperliquidSettings,
        client: Client,
        tables: PublicReadings,
        emit: Put,
        clock: Clock,
        accounts: Mapping[str, AccountKey],
        misplaced: Callable[[], None],
        lagged: Callable[[float], None],
        recorder: Recorder = UNRECORDED,
    ) -> None:
        """`accounts` by address; `misplaced` is told whenever a frame does not fit the perpetuals that are known,
        `lagged` how many seconds after its own stamp a frame came, by the venue's clock as we know it.
        """
        timings = settings.timings
        limits = LedgerLimits(
            acknowledge_seconds=timings.acknowledge_seconds,
            reconnect_seconds=timings.reconnect_seconds,
            refused_again_seconds=timings.refused_again_seconds,
        )
        self.ledger = SharedLedger(VENUE, (MARKS,), (one.account for one in accounts.values()), limits)
        self.ledger.want(MARKS, [Topic(ALL_CTXS).text], silent_seconds=timings.marks_silent_seconds)
        self.portfolio: Callable[[], frozenset[str]] = frozenset  #: addresses in portfolio margin, as last read
        self.listeners: dict[AccountKey, Heard] = {}  #: told of each frame of an account
        self._settings, self._client, self._tables = settings, client, tables
        self._emit, self._clock, self._accounts = emit, clock, accounts
        self._misplaced, self._lagged, self._recorder = misplaced, lagged, recorder
        self._url = Secret(settings.urls.stream.rstrip("/") + STREAM_PATH)
        self._live_since: float | None = None
        self._places = Places()
        self._speech: HyperliquidSpeech | None = None  #: of the newest connection

    def seed(self, account: AccountKey, spot: SpotState, asked: float) -> None:
        """REST showed an account's balances, asked for at `asked` (wall time)."""
        if self._speech is not None:
            self._speech.seed(account, spot, asked)

    def contradicts(self, symbol: Symbol, mark: float) -> bool:
        """Keep a mark of an account's own state; whether it is quite another one than what was streamed under that
        name: marks are told by their places alone, and places may have changed.
        """
        return self._places.own(symbol, mark, self._clock.now()) and self.up()

    def up(self) -> bool:
        """Whether marks come."""
        return self.ledger.up(MARKS)

    async def run(self) -> None:
        """Keep the socket up for ever."""
        pace = Pace(self._clock, self._settings.timings)
        await self._tables.known.wait()
        while True:
            self._live_since = None
            try:
                await Feed(VENUE, SOCKET, self._address, self._conversation, self._clock, self._settings.timings).run()
            except VenueError as exc:
                await self._clock.sleep(pace.pause(exc, live_seconds=self._live_seconds(), keyless=True))

    def _live_seconds(self) -> float:
        return 0.0 if self._live_since is None else self._clock.monotonic() - self._live_since

    async def _address(self) -> Secret:
        return self._url

    def _conversation(self) -> Conversation:
        still = self._settings.parameters.get("oracle_still_seconds", DEFAULTS["oracle_still_seconds"])
        self._speech = speech = HyperliquidSpeech(
            self._settings.timings,
            self._accounts,
            lambda: self._tables.universe,
            self._tables.prices,
            still,
            self._offset,
            self.portfolio,
            self._places,
        )
        return Conversation(
            self.ledger,
            speech,
            self._emit,
            self._offset,
            what=SOCKET,
            heard=self._heard,
            record=None if self._recorder is UNRECORDED else self._record,
        )

    def _offset(self) -> float:
        return self._client.offset_seconds or 0.0

    def _record(self, raw: bytes, received: float) -> None:
        """What names an address is kept as its account's; what names one that is none of ours is not kept."""
        key = self._accounts.get(whose(raw))
        if key is not None or b"0x" not in raw:
            self._recorder.frame(VENUE, None if key is None else key.account, SOCKET, raw, received)

    def _heard(self, decoded: Decoded) -> None:
        if self._live_since is None and self.up():
            self._live_since = self._clock.monotonic()
        if decoded.why == STALE_UNIVERSE:
            self._misplaced()
        if decoded.name == ALL_STATES and decoded.venue_time is not None:
            self._lagged(self._clock.now() + self._offset() - decoded.venue_time)
        topic = Topic.parse(decoded.stream) if decoded.stream and decoded.kind is not FrameKind.UNRECOGNISED else None
        account = None if topic is None else self._accounts.get(topic.user)
        if account in self.listeners:
            self.listeners[account](decoded)
        elif decoded.kind is FrameKind.MALFORMED:
            # Whose it was cannot be told: everybody looks.
            for listener in self.listeners.values():
                listener(decoded)
