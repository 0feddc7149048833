"""What the flight recorder is told by those who receive: raw frames and answers, before anybody has understood them."""

from __future__ import annotations

from typing import Protocol

from monitor.domain.names import Venue


class Recorder(Protocol):
    """Keeps what came in. It never blocks and never fails: what it cannot keep it counts as lost.

    `account` is None for what everybody may see; else the text may hold identifiers, which the recorder takes out.
    Times are ours, in seconds since 1970.
    """

    def frame(self, venue: Venue, account: str | None, stream: str, raw: bytes, received: float) -> None:
        """One frame of a socket, as it came."""
        ...

    def answer(
        self, venue: Venue, account: str | None, name: str, status: int, raw: bytes, asked: float, received: float
    ) -> None:
        """One REST answer. `name` is our word for the request ("account"); neither address nor query is told."""
        ...


class Unrecorded:
    """Keeps nothing."""

    def frame(self, venue: Venue, account: str | None, stream: str, raw: bytes, received: float) -> None:
        """Pass over."""

    def answer(
        self, venue: Venue, account: str | None, name: str, status: int, raw: bytes, asked: float, received: float
    ) -> None:
        """Pass over."""


UNRECORDED = Unrecorded()
