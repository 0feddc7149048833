"""The venue's public streams, for what all accounts hold: marks of contracts on one host's sockets, prices of coins on
the other's. A socket takes so many topics, and no more: further ones get a socket of their own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace

from monitor.domain.clock import Clock
from monitor.domain.errors import VenueError
from monitor.domain.frames import Decoded
from monitor.domain.names import Symbol
from monitor.domain.recording import UNRECORDED, Recorder
from monitor.venues.conversation import Conversation
from monitor.venues.feed import Feed
from monitor.venues.kucoin.client import Client
from monitor.venues.kucoin.codec import margin_mark
from monitor.venues.kucoin.endpoints import INSTRUMENT_TOPIC, MARGIN_MARK_TOPIC, TOPICS_PER_SOCKET, Host
from monitor.venues.kucoin.needs import Needs
from monitor.venues.kucoin.prices import Prices, pairs_for
from monitor.venues.kucoin.settings import VENUE, KucoinSettings
from monitor.venues.kucoin.streams import KucoinSpeech, Line, ledger_limits
from monitor.venues.ledger import Ledger
from monitor.venues.session import Put
from monitor.venues.settings import Secret
from monitor.venues.wake import Pace

MARKS, ASSETS = "marks", "assets"
ROW_OF = {Host.FUTURES: MARKS, Host.SPOT: ASSETS}


class Shelves:
    """Which topic is on which socket: it stays where it is, and a new one goes where there is room."""

    def __init__(self, room: int) -> None:
        self._room = room
        self.topics: list[set[str]] = [set()]

    def hold(self, wanted: Iterable[str]) -> None:
        """From now on these topics, and no others."""
        every = set(wanted)
        for shelf in self.topics:
            shelf &= every
        for topic in sorted(every.difference(*self.topics)):
            free = next((shelf for shelf in self.topics if len(shelf) < self._room), None)
            if free is None:
                free = set()
                self.topics.append(free)
            free.add(topic)


class MarketStream:
    """Sockets for everybody. What is subscribed to follows what accounts hold and order."""

    def __init__(
        self,
        settings: KucoinSettings,
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
        self.ledger = Ledger(VENUE, None, (), ledger_limits(settings.timings), rows=(MARKS, ASSETS))
        self.needs = Needs()
        self._told = False  #: somebody said what is needed, if only that nothing is
        self.listed: frozenset[Symbol] | None = None  #: pairs that have a mark; None: not read yet
        self.prices = Prices()
        self._shelves = {host: Shelves(room) for host, room in TOPICS_PER_SOCKET.items()}
        self._live_since: dict[str, float] = {}

    def follow(self, needs: Needs) -> bool:
        """Stream what is needed now; whether that differs from what was."""
        if self._told and needs == self.needs:
            return False
        self.need(needs)
        return True

    def need(self, needs: Needs) -> None:
        """From now on these contracts and coins are streamed, and no others."""
        self.needs, self._told = needs, True
        self._want(Host.FUTURES, [INSTRUMENT_TOPIC + symbol for symbol in needs.symbols])
        pairs = pairs_for(needs.assets, self.listed) if self.listed is not None else []
        self._want(Host.SPOT, [MARGIN_MARK_TOPIC + pair for pair in pairs])
        for edge in self.ledger.edges(self._clock.now()):
            self._emit(edge)  # a stream that was down may not be needed any more

    def list_pairs(self, pairs: Iterable[Symbol]) -> None:
        """These pairs have a mark, as the venue says."""
        found = frozenset(pairs)
        if found and found != self.listed:
            self.listed = found
            self.need(self.needs)

    def lacks_prices(self) -> bool:
        """Whether prices are needed that are not streamed now."""
        return bool(self.needs.assets) and (self.listed is None or not self.up(ASSETS))

    def _want(self, host: Host, topics: Iterable[str]) -> None:
        timings = self._timings
        silent = timings.marks_silent_seconds if host is Host.FUTURES else timings.assets_silent_seconds
        shelves = self._shelves[host]
        shelves.hold(topics)
        for number, topics_there in enumerate(shelves.topics):
            self.ledger.want(
                ROW_OF[host],
                sorted(topics_there),
                route=f"{host}:{number}",
                silent_seconds=silent,
                first_seconds=silent,
            )

    def up(self, stream: str) -> bool:
        """Whether this stream delivers."""
        return self.ledger.up(stream)

    # Sockets

    async def run(self) -> None:
        """Keep the streams up for ever, on as many sockets as their topics fill."""
        kept: dict[str, asyncio.Task[None]] = {}
        try:
            while True:
                for host, shelves in self._shelves.items():
                    for number in range(len(shelves.topics)):
                        route = f"{host}:{number}"
                        if route not in kept:
                            kept[route] = asyncio.create_task(self._keep(host, route), name=f"{VENUE} {route}")
                for task in kept.values():
                    if task.done():
                        task.result()
                await self._clock.sleep(self._timings.watch_every_seconds)
        finally:
            for task in kept.values():
                task.cancel()
            await asyncio.gather(*kept.values(), return_exceptions=True)

    async def _keep(self, host: Host, route: str) -> None:
        pace, line = Pace(self._clock, self._timings), Line()
        while True:
            while not self.ledger.wanted(route):
                await self._clock.sleep(self._timings.watch_every_seconds)
            self._live_since.pop(route, None)
            address, talk = self._address_of(host, line), self._talk_of(host, route, line)
            try:
                await Feed(VENUE, route, address, talk, self._clock, self._timings).run()
            except VenueError as exc:
                since = self._live_since.get(route)
                live = 0.0 if since is None else self._clock.monotonic() - since
                await self._clock.sleep(pace.pause(exc, live_seconds=live, keyless=True))

    def _address_of(self, host: Host, line: Line) -> Callable[[], Awaitable[Secret]]:
        async def address() -> Secret:
            return line.opens(await self._client.bullet(host, None, None)).address

        return address

    def _talk_of(self, host: Host, route: str, line: Line) -> Callable[[], Conversation]:
        counters = self.ledger.counters[ROW_OF[host]]

        def heard(_: Decoded) -> None:
            if route not in self._live_since and self.ledger.attempts[route].up:
                self._live_since[route] = self._clock.monotonic()
            lag = counters.lag_seconds
            if lag is not None and abs(lag) >= self._timings.clock_doubt_seconds:
                self._lagged(lag)

        def record(raw: bytes, received: float) -> None:
            self._recorder.frame(VENUE, None, route, raw, received)

        return lambda: Conversation(
            self.ledger,
            KucoinSpeech(self._timings, line, told=self._priced if host is Host.SPOT else None),
            self._emit,
            lambda: self._client.offset_seconds or 0.0,
            what=route,
            route=route,
            heard=heard,
            record=None if self._recorder is UNRECORDED else record,
        )

    def _priced(self, raw: bytes, decoded: Decoded, received: float) -> Decoded:
        """A mark that is quoted in BTC is a price only together with another one."""
        mark = None if decoded.events else margin_mark(raw)
        return decoded if mark is None else replace(decoded, events=self.prices.ticks(mark, received))
