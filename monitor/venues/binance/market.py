"""The venue's public streams: marks and asset rates."""

from __future__ import annotations

from collections.abc import Callable

from monitor.domain.clock import Clock
from monitor.domain.errors import VenueError
from monitor.domain.frames import Decoded
from monitor.domain.recording import UNRECORDED, Recorder
from monitor.venues.binance import endpoints
from monitor.venues.binance.client import VENUE, Client
from monitor.venues.binance.settings import BinanceUrls
from monitor.venues.binance.streams import BinanceSpeech
from monitor.venues.conversation import Conversation, Speech
from monitor.venues.feed import Feed
from monitor.venues.ledger import Ledger
from monitor.venues.session import Put
from monitor.venues.settings import Secret, Timings
from monitor.venues.subscriptions import LedgerLimits, StreamRule
from monitor.venues.wake import Pace

MARKS, ASSETS = "marks", "assets"
SOCKET = "market"  #: that both come on


class MarketStream:
    """One socket for everybody: `!markPrice@arr@1s` and `!assetIndex@arr`."""

    def __init__(
        self,
        urls: BinanceUrls,
        client: Client,
        emit: Put,
        clock: Clock,
        timings: Timings,
        lagged: Callable[[float], None],
        recorder: Recorder = UNRECORDED,
        speech: Callable[[], Speech] = BinanceSpeech,
    ) -> None:
        """`lagged` is told how many seconds after its own stamp a frame came, by the venue's clock as we know it: where
        that is so long, or so far before, that it may speak of a clock.
        """
        self._lagged, self._recorder, self._speech = lagged, recorder, speech
        self._client, self._emit, self._clock, self._timings = client, emit, clock, timings
        self._url = Secret(urls.stream.rstrip("/") + endpoints.MARKET_ROUTE)
        rules = (
            StreamRule(
                stream=MARKS,
                topic=endpoints.MARK_STREAM,
                event="markPriceUpdate",
                silent_seconds=timings.marks_silent_seconds,
            ),
            StreamRule(
                stream=ASSETS,
                topic=endpoints.ASSET_STREAM,
                event="assetIndexUpdate",
                silent_seconds=timings.assets_silent_seconds,
            ),
        )
        limits = LedgerLimits(
            acknowledge_seconds=timings.acknowledge_seconds, reconnect_seconds=timings.reconnect_seconds
        )
        self.ledger = Ledger(VENUE, None, rules, limits)
        self._marks = self.ledger.counters[MARKS]
        self._live_since: float | None = None

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
            self._speech(),
            self._emit,
            lambda: self._client.offset_seconds or 0.0,
            what=SOCKET,
            heard=self._heard,
            record=None if self._recorder is UNRECORDED else self._record,
        )

    def _record(self, raw: bytes, received: float) -> None:
        self._recorder.frame(VENUE, None, SOCKET, raw, received)

    def _heard(self, _: Decoded) -> None:
        if self._live_since is None and self.ledger.attempt.up:
            self._live_since = self._clock.monotonic()
        lag = self._marks.lag_seconds
        if lag is not None and abs(lag) >= self._timings.clock_doubt_seconds:
            self._lagged(lag)
