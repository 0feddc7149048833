"""The venue's public streams, for what all accounts hold, and the bridge over REST while one of them is down."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from monitor.domain.clock import Clock
from monitor.domain.errors import MalformedAnswer, VenueError
from monitor.domain.events import PollFailed
from monitor.domain.frames import Decoded
from monitor.domain.recording import UNRECORDED, Recorder
from monitor.venues.conversation import Conversation
from monitor.venues.feed import Feed
from monitor.venues.ledger import Ledger
from monitor.venues.okx import endpoints
from monitor.venues.okx.client import Client
from monitor.venues.okx.needs import Needs
from monitor.venues.okx.settings import VENUE, OkxSettings
from monitor.venues.okx.speech import OkxSpeech
from monitor.venues.okx.tables import PublicReadings
from monitor.venues.session import Emit, Put
from monitor.venues.settings import Secret, Timings
from monitor.venues.subscriptions import LedgerLimits
from monitor.venues.wake import Pace

MARKS, ASSETS, OPTIONS = "marks", "assets", "options"
SOCKET = "market"  #: that all of them come on


class MarketStream:
    """One socket for everybody. What is subscribed to follows what accounts hold and order."""

    def __init__(
        self,
        settings: OkxSettings,
        client: Client,
        emit: Put,
        clock: Clock,
        lagged: Callable[[float], None],
        recorder: Recorder = UNRECORDED,
    ) -> None:
        """`lagged` is told how many seconds after its own stamp a frame came, by the venue's clock as we know it: where
        that is so long, or so far before, that it may speak of a clock.
        """
        self._lagged, self._recorder = lagged, recorder
        self._client, self._emit, self._clock, self._timings = client, emit, clock, settings.timings
        self._url = Secret(settings.urls.stream.rstrip("/") + endpoints.PUBLIC_ROUTE)
        self.ledger = Ledger(VENUE, None, (), ledger_limits(settings.timings), rows=(MARKS, ASSETS, OPTIONS))
        self._marks = self.ledger.counters[MARKS]
        self._live_since: float | None = None
        self._needs: Needs | None = None

    def need(self, needs: Needs) -> None:
        """From now on these instruments and assets are streamed, and no others."""
        if needs == self._needs:
            return
        self._needs = needs
        funding = [topic.text for topic in needs.funding_topics()]
        marks = [topic.text for topic in needs.mark_topics()]
        silent = self._timings.marks_silent_seconds
        self.ledger.want(MARKS, sorted(marks + funding), silent_seconds=silent, quiet=funding)
        indices = sorted(topic.text for topic in needs.index_topics())
        self.ledger.want(ASSETS, indices, silent_seconds=self._timings.assets_silent_seconds)
        options = sorted(topic.text for topic in needs.option_topics())
        self.ledger.want(OPTIONS, options, silent_seconds=self._timings.assets_silent_seconds)

    def up(self, stream: str) -> bool:
        """Whether this stream delivers."""
        return self.ledger.up(stream)

    async def run(self) -> None:
        """Keep the streams up for ever."""
        pace = Pace(self._clock, self._timings)
        while True:
            self._live_since = None
            try:
                await Feed(VENUE, SOCKET, self._address, self._conversation, self._clock, self._timings).run()
            except VenueError as exc:
                await self._clock.sleep(pace.pause(exc, live_seconds=self._live_seconds(), keyless=True))

    def _live_seconds(self) -> float:
        return 0.0 if self._live_since is None else self._clock.monotonic() - self._live_since

    async def _address(self) -> Secret:
        return self._url

    def _conversation(self) -> Conversation:
        return Conversation(
            self.ledger,
            OkxSpeech(self._timings, self._client.venue_now),
            self._emit,
            lambda: self._client.offset_seconds or 0.0,
            what=SOCKET,
            heard=self._heard,
            record=None if self._recorder is UNRECORDED else self._record,
        )

    def _record(self, raw: bytes, received: float) -> None:
        self._recorder.frame(VENUE, None, SOCKET, raw, received)

    def _heard(self, _: Decoded) -> None:
        if self._live_since is None and all(map(self.up, (MARKS, ASSETS, OPTIONS))):
            self._live_since = self._clock.monotonic()
        lag = self._marks.lag_seconds
        if lag is not None and abs(lag) >= self._timings.clock_doubt_seconds:
            self._lagged(lag)


def ledger_limits(timings: Timings) -> LedgerLimits:
    """How long a subscription may go without its acknowledgement."""
    return LedgerLimits(
        acknowledge_seconds=timings.acknowledge_seconds,
        reconnect_seconds=timings.reconnect_seconds,
        refused_again_seconds=timings.refused_again_seconds,
    )


class Bridge:
    """Marks, indices and option marks over REST: at the start, and for as long as their stream is down."""

    def __init__(
        self,
        market: MarketStream,
        readings: PublicReadings,
        emit: Emit,
        clock: Clock,
        timings: Timings,
        stretch: Callable[[], float],
    ) -> None:
        self._market, self._readings, self._emit = market, readings, emit
        self._clock, self._timings, self._stretch = clock, timings, stretch

    async def run(self) -> None:
        """Read what is not streamed, as often as the budget allows."""
        pace = Pace(self._clock, self._timings)
        parts: tuple[tuple[str, Callable[[], Awaitable[None]]], ...] = (
            (MARKS, self._readings.marks),
            (ASSETS, self._readings.assets),
            (OPTIONS, self._readings.options),
        )
        while True:
            pause = self._timings.watch_every_seconds
            for stream, read in parts:
                if self._market.up(stream):
                    continue
                pause = max(pause, self._timings.bridge_every_seconds * self._stretch())
                try:
                    await read()
                except VenueError as exc:
                    if isinstance(exc, MalformedAnswer):
                        self._market.ledger.counters[stream].malformed += 1
                    self._emit(PollFailed(VENUE, None, stream, self._clock.now(), exc.why))
                    pause = max(pause, pace.pause(exc, keyless=True))
            await self._clock.sleep(pause)
