"""Server-sent events out of bytes, as far as the monitor uses them: `event`, `data`, comments. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from monitor.cli.codes import Unavailable


class TooLong(Unavailable):
    """An event of which there is no end."""


@dataclass(slots=True)
class Reader:
    """Takes bytes as they come. An event longer than `limit_bytes` raises `TooLong`."""

    limit_bytes: int
    _rest: bytearray = field(default_factory=bytearray)
    _seen: int = 0  #: of the rest, where no end of an event is

    def take(self, piece: bytes) -> Iterator[tuple[str, bytes]]:
        """(name, data) of each event that is whole by now; comments and pauses are none."""
        self._rest += piece
        while (end := self._rest.find(b"\n\n", self._seen)) >= 0:
            block = bytes(self._rest[:end])
            del self._rest[: end + 2]
            self._seen = 0
            event = _event(block)
            if event is not None:
                yield event
        self._seen = max(0, len(self._rest) - 1)
        if len(self._rest) > self.limit_bytes:
            raise TooLong(f"an event of more than {self.limit_bytes / 1e6:,.0f} MB: that is no monitor")


def _event(block: bytes) -> tuple[str, bytes] | None:
    name, data = "message", []
    for line in block.split(b"\n"):
        field_name, _, value = line.partition(b":")
        value = value[1:] if value.startswith(b" ") else value
        if field_name == b"event":
            name = value.decode(errors="replace")
        elif field_name == b"data":
            data.append(value)
    return (name, b"\n".join(data)) if data else None
