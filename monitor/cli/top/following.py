"""Stay with a monitor: its stream; asking again and again where that is refused; coming back where nobody answers."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import aclosing
from typing import Any, Protocol

from monitor.cli.top.client import REFUSED, Busy, Monitor

POLL_SECONDS = 2.0
STREAM_AGAIN_SECONDS = 15.0  #: between two tries of a stream that was refused
FIRST_SECONDS, LONGEST_SECONDS = 0.5, 10.0  #: between two tries of a monitor that does not answer
SETTLED_SECONDS = 20.0  #: connected for so long, and the next loss begins with a short wait again

Json = dict[str, Any]


class Listener(Protocol):
    """Who is told. `snapshot` and `change` may raise `Unavailable`: what was said makes no sense."""

    def snapshot(self, document: Json) -> None:
        """A whole document."""
        ...

    def change(self, change: Json) -> None:
        """What became of it."""
        ...

    def lost(self, reason: str, again_seconds: float) -> None:
        """Nobody is heard, and after so long it is tried again."""
        ...


def delays(jitter: Callable[[], float] = random.random) -> Iterator[float]:
    """Seconds to wait, longer each time up to a bound; never the same for all who wait."""
    longest = FIRST_SECONDS
    while True:
        yield longest * (0.5 + jitter() / 2)
        longest = min(LONGEST_SECONDS, longest * 1.6)


async def follow(
    monitor: Monitor,
    listener: Listener,
    *,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Tell the listener what the monitor says, for ever."""
    waits = delays()
    while True:
        began = clock()
        try:
            await _stream(monitor, listener)
            reason = f"{monitor.url} has hung up"
        except Busy:
            try:
                await _poll(monitor, listener, sleep, clock)
                continue
            except REFUSED as error:
                reason = str(error)
        except REFUSED as error:
            reason = str(error)
        if clock() - began > SETTLED_SECONDS:
            waits = delays()
        again = next(waits)
        listener.lost(reason, again)
        await sleep(again)


async def _stream(monitor: Monitor, listener: Listener) -> None:
    async with aclosing(monitor.stream()) as events:
        async for name, document in events:
            if name == "snapshot":
                listener.snapshot(document)
            elif name == "change":
                listener.change(document)


async def _poll(
    monitor: Monitor,
    listener: Listener,
    sleep: Callable[[float], Awaitable[None]],
    clock: Callable[[], float],
) -> None:
    """Ask for everything until it is time to try the stream again."""
    until = clock() + STREAM_AGAIN_SECONDS
    while clock() < until:
        document = await monitor.ask("GET", "/api/v1/pools")
        alerts = await monitor.ask("GET", "/api/v1/alerts")  # these have what an acknowledgement needs
        listener.snapshot(document | {"alerts": alerts.get("alerts")})
        await sleep(POLL_SECONDS)
