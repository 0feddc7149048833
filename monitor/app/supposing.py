"""Suppositions of people (what-if, stress, health curves) computed beside the loop, one after the other.

A picture of the engine is taken on the loop, between two steps, because nothing else may read it; all else happens in
one thread. What waits is bounded: whoever comes when too many wait is told so at once, and can ask again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from monitor.domain.curve import CurveReport, CurveRequest
from monitor.domain.errors import Busy, TookTooLong
from monitor.domain.stress import StressReport, StressRequest
from monitor.domain.whatif import WhatIf, WhatIfReport
from monitor.engine.curves import health_curve
from monitor.engine.picture import Picture
from monitor.engine.stressed import stress
from monitor.engine.whatif import what_if

MOST_WAITING = 8
DEADLINE_SECONDS = 20.0

Request = TypeVar("Request")
Answer = TypeVar("Answer")


class Supposing:
    """Answers suppositions about the engine's accounts as they are when the answer is begun.

    `picture` takes the copy; it is called on the loop. Raises Busy where `most_waiting` requests wait or are computed,
    and TookTooLong after `deadline_seconds`: what is computed then goes on, for a thread cannot be ended, and keeps
    its place until it is done.
    """

    def __init__(
        self,
        picture: Callable[[], Picture],
        *,
        most_waiting: int = MOST_WAITING,
        deadline_seconds: float = DEADLINE_SECONDS,
    ) -> None:
        self._picture = picture
        self._most_waiting, self._deadline_seconds = most_waiting, deadline_seconds
        self._waiting = 0
        self._turn = asyncio.Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="supposing")

    async def whatif(self, request: WhatIf) -> WhatIfReport:
        """Before and after an edit. Raises Busy, TookTooLong, or BadRequest where the edits fit nothing."""
        return await self.run(what_if, request)

    async def stress(self, request: StressRequest) -> StressReport:
        """What many moves of prices would do. Raises Busy, TookTooLong, or BadRequest where an account is not there."""
        return await self.run(stress, request)

    async def curve(self, request: CurveRequest) -> CurveReport:
        """One pool along a move of prices. Raises Busy, TookTooLong, or CurveRefused where it is not there."""
        return await self.run(health_curve, request)

    async def run(self, function: Callable[[Picture, Request], Answer], request: Request) -> Answer:
        """Any pure function of a picture and a request, in the thread. Raises Busy, TookTooLong, and what it raises."""
        if self._waiting >= self._most_waiting:
            raise Busy(self._waiting)
        self._waiting += 1
        task = asyncio.ensure_future(self._answered(function, request))
        task.add_done_callback(self._done)
        try:
            return await asyncio.wait_for(asyncio.shield(task), self._deadline_seconds)
        except TimeoutError:
            raise TookTooLong(self._deadline_seconds) from None

    def close(self) -> None:
        """Take no more; what is computed goes on to its end, and nobody waits for it."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _answered(self, function: Callable[[Picture, Request], Answer], request: Request) -> Answer:
        async with self._turn:  # the picture is of the moment at which its turn comes
            return await asyncio.get_running_loop().run_in_executor(self._thread, function, self._picture(), request)

    def _done(self, task: asyncio.Task[Answer]) -> None:
        self._waiting -= 1
        if not task.cancelled():
            task.exception()  # seen here: after a deadline nobody else looks at it
