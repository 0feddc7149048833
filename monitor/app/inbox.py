"""The one queue between the feeds and the engine: bounded, and with a stated rule for being full.

Prices conflate: of one instrument or asset only the newest waits, at the end of the queue. Facts (positions, balances,
feeds up or down, timers) are never merged and never dropped: when `limit` of them wait, the next one is refused with
`Overrun`, its feed starts again from a snapshot, and the engine has all accounts read anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from itertools import count

from monitor.domain.errors import Overrun
from monitor.domain.events import AssetTick, Event, Tick


class Inbox:
    """Events on their way to the engine, in the order in which they were put; a renewed price counts as put anew."""

    def __init__(self, limit: int) -> None:
        """`limit` is the number of facts that may wait; prices are bounded by the number of instruments."""
        self.limit = limit
        self.conflated_total = 0
        self.overruns_total = 0
        self._pending: dict[Hashable, Event] = {}
        self._facts = 0
        self._serial = count()
        self._overrun = False
        self._filled = asyncio.Event()

    @property
    def depth(self) -> int:
        """How many events wait."""
        return len(self._pending)

    def put(self, event: Event) -> None:
        """Add an event; never blocks. Raises `Overrun` for a fact when too many wait."""
        if isinstance(event, (Tick, AssetTick)):
            key = event.conflation_key
            if self._pending.pop(key, None) is not None:
                self.conflated_total += 1
            self._pending[key] = event
        else:
            if self._facts >= self.limit:
                self.overruns_total += 1
                self._overrun = True
                raise Overrun(self.limit)
            self._facts += 1
            self._pending[next(self._serial)] = event
        self._filled.set()

    def overrun(self) -> bool:
        """Whether a fact was refused since this was last asked."""
        was, self._overrun = self._overrun, False
        return was

    async def batch(self) -> tuple[Event, ...]:
        """Wait until something is there, then take all that waits at once."""
        while not self._pending:
            self._filled.clear()
            await self._filled.wait()
        waiting = tuple(self._pending.values())
        self._pending.clear()
        self._facts = 0
        return waiting
