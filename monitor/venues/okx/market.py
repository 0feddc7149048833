"""The venue's public streams, for what all accounts hold."""

from __future__ import annotations

from collections.abc import Callable

from monitor.domain.clock import Clock
from monitor.domain.errors import VenueError
from monitor.domain.frames import Decoded
from monitor.domain.recording import UNRECORDED, Recorder
from monitor.venues.conversation import Conversation
from monitor.venues.feed import Feed
from monitor.venues.ledger import Ledger
from monitor.venues.okx import endpoints
from monitor.venues.okx.client import Client
from monitor.venues.okx.endpoints import (
    FUNDING_RATE,
    INDEX_PRICES,
    MARK_PRICES,
    OPTION_SUMMARIES,
    InstType,
    Topic,
    inst_type,
)
from monitor.venues.okx.needs import Needs
from monitor.venues.okx.settings import VENUE, OkxSettings
from monitor.venues.okx.speech import OkxSpeech, need_not_exist
from monitor.venues.session import Put
from monitor.venues.settings import Secret, Timings
from monitor.venues.subscriptions import LedgerLimits
from monitor.venues.wake import Pace

MARKS, ASSETS, OPTIONS = "marks", "assets", "options"
LINGERS = 180.0  #: seconds for which what was needed is streamed on
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
        self._url = Secret(endpoints.stream_base(settings.urls.stream, demo=settings.demo) + endpoints.PUBLIC_ROUTE)
        self.ledger = Ledger(VENUE, None, (), ledger_limits(settings.timings), rows=(MARKS, ASSETS, OPTIONS))
        self._marks = self.ledger.counters[MARKS]
        self._live_since: float | None = None
        self._every: frozenset[Topic] = frozenset()  #: topics that are needed now
        self._needed: dict[Topic, float] = {}  #: also those that were, and when they last were (steady seconds)
        self._absent: set[str] = set()  #: topics that this connection was told do not exist, and need not

    def need(self, needs: Needs) -> None:
        """From now on these instruments and assets are streamed, and soon no others.

        A perpetual or a pair that is no longer needed is streamed for a while longer: it may be traded again, and the
        venue admits few requests to subscribe. What expires is let go at once, and so is what turns out to be delisted;
        that a topic which nobody needs is silent speaks against nothing.
        """
        now = self._clock.monotonic()
        every = needs.mark_topics() | needs.funding_topics() | needs.index_topics() | needs.option_topics()
        self._every = every
        self._needed |= dict.fromkeys(every, now)
        self._needed = {
            topic: at for topic, at in self._needed.items() if topic in every or (stays(topic) and now < at + LINGERS)
        }
        self._want()

    def _want(self) -> None:
        timings = self._timings
        funding = self._texts(FUNDING_RATE)
        quiet = frozenset(funding) | {topic.text for topic in self._needed if topic not in self._every}
        for row, topics, seconds in (
            (MARKS, self._texts(MARK_PRICES) + funding, timings.marks_silent_seconds),
            (ASSETS, self._texts(INDEX_PRICES), timings.assets_silent_seconds),
            (OPTIONS, self._texts(OPTION_SUMMARIES), timings.assets_silent_seconds),
        ):
            self.ledger.want(row, topics, silent_seconds=seconds, quiet=quiet)

    def _texts(self, channel: str) -> list[str]:
        """What is subscribed to of a channel."""
        topics = (topic for topic in self._needed if topic.channel == channel)
        return sorted(topic.text for topic in topics if topic.text not in self._absent)

    def up(self, stream: str) -> bool:
        """Whether this stream delivers."""
        return self.ledger.up(stream)

    async def run(self) -> None:
        """Keep the streams up for ever."""
        pace = Pace(self._clock, self._timings)
        while True:
            self._live_since = None
            if self._absent:
                self._absent.clear()
                self._want()
            try:
                await Feed(VENUE, SOCKET, self._address, self._conversation, self._clock, self._timings).run()
            except VenueError as exc:
                await self._clock.sleep(pace.pause(exc, live_seconds=self._live_seconds(), keyless=True))

    def _live_seconds(self) -> float:
        return 0.0 if self._live_since is None else self._clock.monotonic() - self._live_since

    async def _address(self) -> Secret:
        await self._client.dials.pass_by()
        return self._url

    def _conversation(self) -> Conversation:
        return Conversation(
            self.ledger,
            OkxSpeech(self._timings, self._client.venue_now, absent=self._miss),
            self._emit,
            lambda: self._client.offset_seconds or 0.0,
            what=SOCKET,
            heard=self._heard,
            record=None if self._recorder is UNRECORDED else self._record,
        )

    def _record(self, raw: bytes, received: float) -> None:
        self._recorder.frame(VENUE, None, SOCKET, raw, received)

    def _miss(self, topic: Topic) -> bool:
        """The venue does not have it; whether we can do without. What need not exist is asked for again on the next
        connection; what is streamed on although nobody needs it is not.
        """
        if need_not_exist(topic):
            self._absent.add(topic.text)
        elif topic not in self._every:
            self._needed.pop(topic, None)
        else:
            return False
        self._want()
        return True

    def _heard(self, _: Decoded) -> None:
        if self._live_since is None and all(map(self.up, (MARKS, ASSETS, OPTIONS))):
            self._live_since = self._clock.monotonic()
        lag = self._marks.lag_seconds
        if lag is not None and abs(lag) >= self._timings.clock_doubt_seconds:
            self._lagged(lag)


def stays(topic: Topic) -> bool:
    """Whether what the topic tells goes on for ever."""
    return topic.channel != OPTION_SUMMARIES and inst_type(topic.inst) in (InstType.SWAP, InstType.MARGIN)


def ledger_limits(timings: Timings) -> LedgerLimits:
    """How long a subscription may go without its acknowledgement."""
    return LedgerLimits(
        acknowledge_seconds=timings.acknowledge_seconds,
        reconnect_seconds=timings.reconnect_seconds,
        refused_again_seconds=timings.refused_again_seconds,
    )
