"""Connections of a simulated venue without a network: a client on the same loop, frames handed over as texts.

A frame counts as sent when the client takes it, so nothing is ever in doubt: what a cut leaves behind was never sent.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Sequence

from monitor.sim.connections import Connection, Hub, Outgoing, T
from monitor.sim.sent import Line

ABNORMAL, NORMAL, TOO_MANY_MESSAGES = 1006, 1000, 1008


class Hung(Exception):
    """The connection is over. `code` as a websocket's close code; 1006: it was cut."""

    def __init__(self, code: int) -> None:
        super().__init__(f"closed with {code}")
        self.code = code


class InProcess(Connection[T]):
    """Both ends of a socket: the venue's, and with `receive` or `listen`, `send` and `leave` the client's."""

    def __init__(self, speech: T, hub: Hub[T], now: Callable[[], float]) -> None:
        super().__init__(speech, hub.faults, hub.sent, now)
        self._hub = hub
        self._frames: deque[Outgoing] = deque()
        self._came: asyncio.Future[None] | None = None
        self._hear: Callable[[str], None] | None = None
        self._end_of_it = asyncio.Event()
        self.code: int | None = None  #: how it ended, as a close code; None while it lasts

    @property
    def waiting(self) -> Counter[Line]:
        """What the client has not taken yet."""
        return Counter(outgoing.line for outgoing in self._frames)

    # the client's end

    async def receive(self) -> str:
        """The next frame, in order. `Hung` when none is left and none will come."""
        while not self._frames:
            if self.code is not None:
                raise Hung(self.code)
            self._came = asyncio.get_running_loop().create_future()
            await self._came
        outgoing = self._frames.popleft()
        self.wrote(outgoing.line)
        return outgoing.text

    def listen(self, hear: Callable[[str], None]) -> None:
        """Take every frame as soon as it is sent, first those that wait."""
        self._hear = hear
        while self._frames:
            outgoing = self._frames.popleft()
            self.wrote(outgoing.line)
            hear(outgoing.text)

    async def wait_closed(self) -> None:
        """Until the connection is over."""
        await self._end_of_it.wait()

    def send(self, text: str) -> None:
        """Say something to the venue. `Hung` if it is gone."""
        if self.code is not None:
            raise Hung(self.code)
        if not self.hear(text):
            self._end(TOO_MANY_MESSAGES)

    def leave(self) -> None:
        """Close; what was not taken is lost."""
        self._frames.clear()
        self._end(NORMAL)

    # the venue's end

    def _write(self, outgoing: Outgoing) -> None:
        if self.code is not None:
            return
        if self._hear is not None:
            self.wrote(outgoing.line)
            self._hear(outgoing.text)
            return
        self._frames.append(outgoing)
        self._wake()

    def blast(self, all_at_once: Sequence[Outgoing]) -> None:
        """Nothing waits here that could be overtaken."""
        for each in all_at_once:
            self._write(each)

    async def ping(self, text: str) -> None:  # noqa: ARG002  # what it says does not matter here
        """Whoever still listens answers at once."""
        self.last_pong = self.now()

    async def close(self, code: int) -> None:
        """The client finds out after the frames that wait."""
        self._end(code)

    def drop(self) -> None:
        """What waits is lost, as with a network."""
        self._frames.clear()
        self._end(ABNORMAL)

    def ended(self) -> None:
        """Nothing is in doubt."""

    def _end(self, code: int) -> None:
        if self.code is None:
            self.code = code
            self._hub.remove(self)
            self._end_of_it.set()
            self._wake()

    def _wake(self) -> None:
        if self._came is not None and not self._came.done():
            self._came.set_result(None)
