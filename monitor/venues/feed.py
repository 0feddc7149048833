"""Sockets: the only importer of `websockets`. It knows connections and never payloads.

One `Feed` owns one logical connection: it dials with a deadline, finds dead peers by its own heartbeat, hands every
frame with the time of its receipt to a `Talk`, and replaces an ageing socket by a new one that already delivers before
the old one closes. What it says in errors names neither address nor query: a stream's key is a secret.

Frames are handed over from within the reading of the socket: no queue, no task and no wake-up lies between. So all
frames of one read buffer are handled before anything else happens, and the buffer (256 KiB) bounds how long that takes;
a peer that never pauses is held back by TCP, and interrupted after each buffer for everything else on this loop. That
rests on one method of the library that it does not promise (`process_event`): where a version of it does without, what
it keeps is read from it message by message, which is slower and says the same.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Protocol, cast

from websockets.asyncio.client import ClientConnection, connect
from websockets.client import ClientProtocol
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.frames import DATA_OPCODES, Frame
from websockets.protocol import Event

from monitor.domain.clock import Clock
from monitor.domain.errors import FeedLost, VenueError
from monitor.venues.settings import Secret, Timings
from monitor.venues.subscriptions import Moment

MAX_PARTS = 4096  #: of one message; the library bounds its bytes, and empty parts have none
MAX_FRAME_BYTES = 8 * 1024 * 1024  #: arrays of all instruments pass the library's default of 1 MiB
MUCH_BYTES = 64 * 1024  #: in one read: there may be more, and uvloop would read on for up to 32 buffers

# The library logs addresses with their query, and so the stream's key: it gets a logger that leads nowhere.
_QUIET = logging.Logger("monitor.venues.feed.sockets", logging.CRITICAL + 1)


class Talk(Protocol):
    """One connection's conversation: what to say, what was heard. It never awaits; texts returned are sent."""

    def opened(self, at: Moment) -> Sequence[str]:
        """The socket is open."""
        ...

    def frame(self, raw: bytes, at: Moment) -> None:
        """A frame came. What is heard is never answered."""
        ...

    def watch(self, at: Moment) -> Sequence[str]:
        """Time passed. Raises `FeedLost` to have the connection replaced."""
        ...

    def delivering(self) -> bool:
        """Whether all its streams deliver: an older connection may go."""
        ...

    def replacement_wanted(self) -> str:
        """Why another connection should take its place soon, although it serves; "" if it may grow old."""
        ...

    def adopted(self, at: Moment) -> None:
        """From now on this is the present connection."""
        ...

    def lost(self, reason: str, at: Moment) -> None:
        """The connection is gone."""
        ...


class _Socket(ClientConnection):
    """The library's connection, which hands each whole message over instead of keeping it until it is asked for.

    `process_event` is where the library's own client sees each frame; control frames stay its business.
    """

    def __init__(self, protocol: ClientProtocol, **options: Any) -> None:
        super().__init__(protocol, **options)
        self._hear: Callable[[bytes], None] | None = None
        self._early: list[bytes] = []  #: messages that came before anybody listened
        self._parts: list[bytes] = []  #: of a message that comes in several frames

    def listen(self, hear: Callable[[bytes], None]) -> None:
        """From now on `hear` gets each message; first those that are there already. It must not raise."""
        for raw in self._early:
            hear(raw)
        self._early.clear()
        self._hear = hear

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is open."""
        self._wire = cast(asyncio.Transport, transport)
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """One read. After a large one everything else on this loop comes first."""
        super().data_received(data)
        if len(data) >= MUCH_BYTES and not self._wire.is_closing():
            self._wire.pause_reading()
            self.loop.call_soon(self._read_on)

    def _read_on(self) -> None:
        if not self._wire.is_closing():
            self._wire.resume_reading()

    def process_event(self, event: Event) -> None:
        """One frame, or the answer to the handshake."""
        if not isinstance(event, Frame) or event.opcode not in DATA_OPCODES:
            super().process_event(event)
        elif event.fin and not self._parts:
            self._message(bytes(event.data))
        else:
            self._parts.append(bytes(event.data))
            if len(self._parts) > MAX_PARTS:
                self._wire.abort()
            if event.fin:
                whole = b"".join(self._parts)
                self._parts.clear()
                self._message(whole)

    def _message(self, raw: bytes) -> None:
        if self._hear is not None:
            self._hear(raw)
        else:
            self._early.append(raw)


class _Connection:
    """One open socket and the tasks that serve it; `task` ends when it does."""

    def __init__(self, socket: _Socket, talk: Talk, clock: Clock, timings: Timings, venue: str, what: str):
        self.talk = talk
        self._socket, self._clock, self._timings = socket, clock, timings
        self._venue, self._what = venue, what
        self._failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.task = asyncio.create_task(self._serve(), name=f"{venue} {what} socket")

    def moment(self) -> Moment:
        return Moment(self._clock.now(), self._clock.monotonic())

    def _hear(self, raw: bytes) -> None:
        """Hand a message over. What fails in that ends this connection, and not the library's reading."""
        if not self._failed.done():
            try:
                self.talk.frame(raw, self.moment())
            except Exception as exc:  # whatever it is: `_serve` raises it
                self._failed.set_exception(exc)

    async def _serve(self) -> None:
        """Watch the socket and the talk until one of them fails. Ends only by an exception."""
        parts = {self._failed}
        try:
            said = self.talk.opened(self.moment())
            self._socket.listen(self._hear)
            parts |= {asyncio.create_task(self._read()), asyncio.create_task(self._watch(said))}
            done, _ = await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
            for part in done:
                part.result()
        except ConnectionClosed:
            raise self._lost() from None
        finally:
            await _end(parts)

    async def _read(self) -> None:
        """Wait until the connection is closed, and hear what the library keeps in spite of us."""
        while True:
            self._hear(await self._socket.recv(decode=False))

    def _lost(self) -> FeedLost:
        return FeedLost(self._venue, self._what, "the connection was closed", self._socket.close_code or 1006)

    async def _watch(self, said: Sequence[str]) -> None:
        await self._say(said)
        while True:
            await self._clock.sleep(self._timings.watch_every_seconds)
            await self._say(self.talk.watch(self.moment()))

    async def _say(self, texts: Sequence[str]) -> None:
        for text in texts:
            await self._socket.send(text)

    async def close(self) -> None:
        await _end({self.task})
        # Closing waits for the peer's answer for at most `close_seconds`; whatever goes wrong, the socket is gone.
        with contextlib.suppress(WebSocketException, OSError):
            await self._socket.close()


async def _end(tasks: Iterable[asyncio.Future[None]]) -> None:
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
        connections: list[_Connection] = []  # the present one last, before it one whose place it took
        try:
            connections.append(await self._dial(talk))
            while True:
                successor = await self._serve_until_old(connections[-1])
                connections.append(successor)
                talk = successor.talk
                talk.adopted(self._moment())
                await connections[0].close()
                del connections[0]
        except BaseException as exc:
            # Whatever ended it, also a bug or a cancellation: the streams are down, and everybody must know.
            why = exc.why if isinstance(exc, VenueError) else f"the feed ended: {type(exc).__name__}"
            talk.lost(why, self._moment())
            raise
        finally:
            await asyncio.gather(*(one.close() for one in connections))

    def _moment(self) -> Moment:
        return Moment(self._clock.now(), self._clock.monotonic())

    async def _serve_until_old(self, current: _Connection) -> _Connection:
        """Serve `current` to its age, or until it wants to be replaced, and return its replacement, which delivers
        already.
        """
        timings = self._timings
        old = self._clock.monotonic() + timings.rollover_seconds - self._jitter() * timings.rollover_jitter_seconds
        while (left := old - self._clock.monotonic()) > 0.0 and not current.talk.replacement_wanted():
            await self._wait(current, min(left, timings.watch_every_seconds))
        while True:
            successor = await self._successor(current)
            if successor is not None:
                break
            wanted = bool(current.talk.replacement_wanted())
            await self._wait(current, timings.replace_retry_seconds if wanted else timings.rollover_retry_seconds)
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
        except VenueError:  # also a refused login: what serves goes on serving
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
                create_connection=_Socket,
                open_timeout=timings.connect_seconds,
                ping_interval=timings.ping_every_seconds,
                ping_timeout=timings.ping_timeout_seconds,
                close_timeout=timings.close_seconds,
                max_size=MAX_FRAME_BYTES,
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
        assert isinstance(socket, _Socket)
        return _Connection(socket, talk, self._clock, timings, self._venue, self._what)
