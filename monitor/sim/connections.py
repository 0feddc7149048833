"""Connections of a simulated venue: what is the same on each of them, whatever is spoken and however it travels.

A `Connection` carries texts, in order, and spoils them as the switches say; its `Speech` is what the venue makes of
them: who is there, what is subscribed, how a message of the client is answered.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple, TypeVar

from monitor.sim.faults import Faults
from monitor.sim.sent import IN_FLIGHT_SECONDS, RAW, SPOILT, Line, Recent, Sent


class Outgoing(NamedTuple):
    """A frame on its way out, and the row of the account that it belongs to."""

    text: str
    line: Line


class Speech(ABC):
    """One side of a conversation. `route` is the door that it came in by, by which faults name it.

    `owner` is whose socket it is, for the account of what was sent; `account` whose pushes it gets now.
    """

    most_messages_a_second: int = 1_000_000  #: a client that sends more is thrown out

    def __init__(self, route: str, owner: str, account: str | None = None) -> None:
        self.route, self.owner, self.account = route, owner, account

    @abstractmethod
    def answer(self, text: str, connection: Connection[Speech]) -> None:
        """The client said something."""


S = TypeVar("S", bound=Speech, covariant=True)
T = TypeVar("T", bound=Speech)


class Connection(ABC, Generic[S]):
    """One socket. What it is asked to send goes out in order, and whoever publishes never waits."""

    def __init__(self, speech: S, faults: Faults, sent: Sent, now: Callable[[], float]) -> None:
        self.speech, self.faults, self.now = speech, faults, now
        self.opened = now()
        self.last_pong = self.opened
        self.last_heard = self.opened  #: a message of the client, not a ping or pong frame
        self._sent = sent
        self._recent = Recent()
        self._waiting: list[Outgoing] = []
        self._behind: list[Outgoing] = []
        self._received: deque[float] = deque(maxlen=10_000)

    @property
    def route(self) -> str:
        """The door that it came in by."""
        return self.speech.route

    @property
    def owner(self) -> str:
        """Whose socket it is."""
        return self.speech.owner

    # what kinds of sockets differ in

    @abstractmethod
    def _write(self, outgoing: Outgoing) -> None:
        """Have a frame sent after all others, and `wrote` called when it is."""

    @abstractmethod
    def blast(self, all_at_once: Sequence[Outgoing]) -> None:
        """Have many frames sent in one go, overtaking what still waits."""

    @abstractmethod
    async def ping(self, text: str) -> None:
        """Ask whether the client lives."""

    @abstractmethod
    async def close(self, code: int) -> None:
        """Close properly."""

    @abstractmethod
    def drop(self) -> None:
        """Cut the connection without a word: the client sees 1006."""

    # sending

    def offer(self, text: str, stream: str, kind: str) -> None:
        """Send a frame of a stream, spoilt as the switches say."""
        self.say(Outgoing(text, Line(self.owner, stream, kind)))

    def say(self, outgoing: Outgoing) -> None:
        """Send a frame, spoilt as the switches say."""
        if self.route in self.faults.stall:
            return
        if self.faults.reorders(self.route):
            self._behind.append(outgoing)
            return
        for text in self.faults.spoil_frame(self.route, outgoing.text):
            whole = text == outgoing.text
            self.put(outgoing if whole else Outgoing(text, outgoing.line._replace(kind=SPOILT)))
        for each in self._behind:
            self.put(each)
        self._behind.clear()

    def reply(self, text: str, kind: str) -> None:
        """Answer a message of the client: no frame switch spoils this, a stall does."""
        if self.route not in self.faults.stall:
            self.put(Outgoing(text, Line(self.owner, "", kind)))

    def put(self, outgoing: Outgoing) -> None:
        """Send a frame as it is, unless a backlog is being built up."""
        if self.route in self.faults.backlog:
            self._waiting.append(outgoing)
            return
        self.flush()
        self._write(outgoing)

    def flush(self) -> None:
        """Send what a backlog held, if it is over."""
        if self._waiting and self.route not in self.faults.backlog:
            for each in self._waiting:
                self._write(each)
            self._waiting.clear()

    def raw(self, text: str) -> Outgoing:
        """Any text as a frame of this socket, whatever it is."""
        return Outgoing(text, Line(self.owner, "", RAW))

    def wrote(self, line: Line) -> None:
        """A frame is on its way."""
        self._sent.frames[line] += 1
        self._recent.add(line, self.now())

    def ended(self) -> None:
        """The socket is gone: what was written right before may not have been read."""
        self._sent.doubtful += self._recent.since(self.now() - IN_FLIGHT_SECONDS)

    # receiving

    def hear(self, text: str) -> bool:
        """Answer a message of the client. False if it sends too many: the connection has to be closed."""
        now = self.last_heard = self.now()
        self._received.append(now)
        while self._received[0] <= now - 1.0:
            self._received.popleft()
        if len(self._received) > self.speech.most_messages_a_second:
            return False
        self.speech.answer(text, self)
        return True


class Hub(Generic[T]):
    """All open connections."""

    def __init__(self, faults: Faults, routes: Sequence[str]) -> None:
        self.faults = faults
        self.sent = Sent()
        self.connections: list[Connection[T]] = []
        self.opened_by_route: dict[str, int] = dict.fromkeys(routes, 0)

    def add(self, connection: Connection[T]) -> None:
        """A connection opened."""
        self.connections.append(connection)
        self.opened_by_route[connection.route] += 1

    def remove(self, connection: Connection[T]) -> None:
        """A connection is gone."""
        self.connections.remove(connection)
        connection.ended()

    def on(self, route: str | None = None, account: str | None = None) -> list[Connection[T]]:
        """The open connections of a route (default: all) and an account (default: any)."""
        return [
            c for c in self.connections if route in (None, c.route) and (account is None or account == c.speech.account)
        ]
