"""Sockets: the only importer of `websockets`. It knows connections and never payloads.

One `Feed` owns one logical connection: it dials with a deadline, finds dead peers by its own heartbeat, hands every
frame with the time of its receipt to a `Talk`, and replaces an ageing socket by a new one that already delivers before
the old one closes. What it says in errors names neither address nor query: a stream's key is a secret.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from monitor.domain.clock import Clock
from monitor.domain.errors import FeedLost, VenueError
from monitor.venues.ledger import Moment
from monitor.venues.settings import Secret, Timings

MAX_FRAME_BYTES = 8 * 1024 * 1024  #: arrays of all instruments pass the library's default of 1 MiB
MAX_WAITING_FRAMES = 1024  #: then the peer is held back by TCP
POLITE_BATCH = 512  #: frames handled in a row before other tasks get their turn

# The library logs addresses with their query, and so the stream's key: it gets a logger that leads nowhere.
_QUIET = logging.Logger("monitor.venues.feed.sockets", logging.CRITICAL + 1)


class Talk(Protocol):
    """One connection's conversation: what to say, what was heard. It never awaits; texts returned are sent."""

    def opened(self, at: Moment) -> Sequence[str]:
        """The socket is open."""
        ...

    def frame(self, raw: bytes, at: Moment) -> Sequence[str]:
        """A frame came."""
        ...

    def watch(self, at: Moment) -> Sequence[str]:
        """Time passed. Raises `FeedLost` to have the connection replaced."""
        ...

    def delivering(self) -> bool:
        """Whether all its streams deliver: an older connection may go."""
        ...

    def adopted(self, at: Moment) -> None:
        """From now on this is the present connection."""
        ...

    def lost(self, reason: str, at: Moment) -> None:
        """The connection is gone."""
        ...


class _Connection:
    """One open socket and the tasks that serve it; `failed` ends when it does."""

    def __init__(self, socket: ClientConnection, talk: Talk, clock: Clock, timings: Timings, venue: str, what: str):
        self.socket, self.talk = socket, talk
        self._clock, self._timings = clock, timings
        self._venue, self._what = venue, what
        self.opened_at = clock.monotonic()
        self.task = asyncio.create_task(self._serve(), name=f"{venue} {what} socket")

    def moment(self) -> Moment:
        return Moment(self._clock.now(), self._clock.monotonic())

    async def _serve(self) -> None:
        """Read and watch until one of the two fails. Ends only by an exception."""
        parts: set[asyncio.Task[None]] = set()
        try:
            await self._say(self.talk.opened(self.moment()))
            parts = {asyncio.create_task(self._read()), asyncio.create_task(self._watch())}
            done, _ = await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
            for part in done:
                part.result()
        except ConnectionClosed as exc:
            code = exc.rcvd.code if exc.rcvd is not None else 1006
            raise FeedLost(self._venue, self._what, "the connection was closed", code) from None
        finally:
            await _end(parts)

    async def _read(self) -> None:
        """Every frame of the read buffer is handled before anything else is decided.

        Receiving does not yield while frames wait, so a burst is one go; a peer that never pauses is interrupted now
        and then, for the sake of everything else on this loop.
        """
        in_a_row = 0
        while True:
            raw = await self.socket.recv(decode=False)
            replies = self.talk.frame(raw, self.moment())
            if replies:
                await self._say(replies)
            in_a_row += 1
            if in_a_row >= POLITE_BATCH:
                in_a_row = 0
                await asyncio.sleep(0)

    async def _watch(self) -> None:
        while True:
            await self._clock.sleep(self._timings.watch_every_seconds)
            await self._say(self.talk.watch(self.moment()))

    async def _say(self, texts: Sequence[str]) -> None:
        for text in texts:
            await self.socket.send(text)

    async def close(self) -> None:
        await _end({self.task})
        # Closing waits for the peer's answer for at most `close_seconds`; whatever goes wrong, the socket is gone.
        with contextlib.suppress(WebSocketException, OSError):
            await self.socket.close()


async def _end(tasks: set[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class Feed:
    """One logical connection to a venue. `run` lasts as long as it does; trying again is the caller's business."""

    def __init__(
        self,
        venue: str,
        what: str,
        address: Callable[[], Awaitable[Secret]],
        talk: Callable[[], Talk],
        clock: Clock,
        timings: Timings,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """`address` is asked for anew at each dial, for it may hold a key that changes; `talk` likewise."""
        self._venue, self._what = venue, what
        self._address, self._talk = address, talk
        self._clock, self._timings, self._jitter = clock, timings, jitter

    async def run(self) -> None:
        """Dial, serve, replace in time. Raises `FeedLost` when the connection is gone; never returns by itself."""
        talk = self._talk()
        talk.adopted(self._moment())
        current: _Connection | None = None
        try:
            current = await self._dial(talk)
            while True:
                current = await self._serve_until_old(current)
        except BaseException as exc:
            # Whatever ended it, also a bug or a cancellation: the streams are down, and everybody must know.
            why = exc.why if isinstance(exc, VenueError) else f"the feed ended: {type(exc).__name__}"
            (current.talk if current is not None else talk).lost(why, self._moment())
            raise
        finally:
            if current is not None:
                await current.close()

    def _moment(self) -> Moment:
        return Moment(self._clock.now(), self._clock.monotonic())

    async def _serve_until_old(self, current: _Connection) -> _Connection:
        """Serve `current` to its age and return its replacement, which delivers already."""
        age = self._timings.rollover_seconds - self._jitter() * self._timings.rollover_jitter_seconds
        await self._wait(current, age)
        while True:
            successor = await self._successor(current)
            if successor is not None:
                break
            await self._wait(current, self._timings.rollover_retry_seconds)
        successor.talk.adopted(self._moment())
        await current.close()
        return successor

    async def _wait(self, current: _Connection, seconds: float) -> None:
        """Let the connection work for that long; raises what ended it, if it ended."""
        timer = asyncio.ensure_future(self._clock.sleep(seconds))
        try:
            await asyncio.wait({current.task, timer}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            timer.cancel()
        if current.task.done():
            current.task.result()

    async def _successor(self, current: _Connection) -> _Connection | None:
        """A second connection that delivers, or None: the old one goes on, the attempt is repeated later."""
        successor: _Connection | None = None
        deadline = self._clock.monotonic() + self._timings.connect_seconds + self._timings.reconnect_seconds
        try:
            successor = await self._dial(self._talk())
            while not successor.talk.delivering():
                await self._wait(current, min(0.1, self._timings.watch_every_seconds))
                if successor.task.done():
                    successor.task.result()
                if self._clock.monotonic() > deadline:
                    raise FeedLost(self._venue, self._what, "the replacement does not deliver")
        except FeedLost:
            if successor is not None:
                await successor.close()
            if current.task.done():
                current.task.result()
            return None
        except BaseException:
            if successor is not None:
                await successor.close()
            raise
        return successor

    async def _dial(self, talk: Talk) -> _Connection:
        address = await self._address()
        timings = self._timings
        try:
            socket = await connect(
                address.reveal(),
                open_timeout=timings.connect_seconds,
                ping_interval=timings.ping_every_seconds,
                ping_timeout=timings.ping_timeout_seconds,
                close_timeout=timings.close_seconds,
                max_size=MAX_FRAME_BYTES,
                max_queue=MAX_WAITING_FRAMES,
                compression=None,
                proxy=True,
                user_agent_header="marginwatch",
                logger=_QUIET,
            )
        except InvalidStatus as exc:
            raise FeedLost(self._venue, self._what, "the handshake was refused", exc.response.status_code) from None
        except TimeoutError:
            why = f"no connection within {timings.connect_seconds:g} s"
            raise FeedLost(self._venue, self._what, why) from None
        except (WebSocketException, OSError, EOFError, ValueError) as exc:
            # The texts of these hold the address, and it may hold a key: only their kind is told.
            raise FeedLost(self._venue, self._what, f"cannot connect: {type(exc).__name__}") from None
        return _Connection(socket, talk, self._clock, timings, self._venue, self._what)
