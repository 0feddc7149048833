"""Suppositions of people (what-if, stress, health curves) computed beside the loop, one after the other.

A picture of the engine is taken on the loop, between two steps, because nothing else may read it; all else happens in
one thread. What waits is bounded: whoever comes when too many wait is told so at once, and can ask again.

Only one thread at a time runs Python, so the loop is spared what that thread would do to it: while something is
supposed, threads take turns ten times as often, and the garbage collector, which stops all of them, waits. (Stress of
2,000 pools: the loop is woken 15 instead of 5 ms late, and up to 0.4 s late, without either.) For the same reason long
answers are written in that thread: what they were made of is gone before the collector can look at it. The thread is a
daemon: a process that is to end does not wait for what nobody will read.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar, cast

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
TURN_SECONDS = 0.0005

Request = TypeVar("Request")
Answer = TypeVar("Answer")
Told = TypeVar("Told")


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
        self._closed = False

    async def whatif(self, request: WhatIf, told: Callable[[WhatIfReport], Told]) -> Told:
        """Before and after an edit, and what `told` makes of it in the same thread. Raises Busy, TookTooLong, or
        BadRequest where the edits fit nothing.
        """
        return await self.run(lambda picture, asked: told(what_if(picture, asked)), request)

    async def stress(self, request: StressRequest, told: Callable[[StressReport], Told]) -> Told:
        """What many moves of prices would do, and what `told` makes of it in the same thread. Raises Busy, TookTooLong,
        or BadRequest where an account is not there.
        """
        return await self.run(lambda picture, asked: told(stress(picture, asked)), request)

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
        """Begin nothing more. What is computed is left to itself, and nobody waits for it."""
        self._closed = True

    async def _answered(self, function: Callable[[Picture, Request], Answer], request: Request) -> Answer:
        async with self._turn:  # the picture is of the moment at which its turn comes
            if self._closed:
                raise asyncio.CancelledError
            return await _beside(function, self._picture(), request)

    def _done(self, task: asyncio.Task[Answer]) -> None:
        self._waiting -= 1
        if not task.cancelled():
            task.exception()  # seen here: after a deadline nobody else looks at it


def _beside(
    function: Callable[[Picture, Request], Answer], picture: Picture, request: Request
) -> asyncio.Future[Answer]:
    """The answer, from a thread of its own that keeps no process from ending."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Answer] = loop.create_future()

    def tell(answer: Answer | None, error: Exception | None) -> None:
        if future.done():  # nobody waits any more
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(cast("Answer", answer))

    def work() -> None:
        answer, failure = None, None
        with _sparing_others():
            try:
                answer = function(picture, request)
            except Exception as error:  # told to who waits for it
                failure = error
        with suppress(RuntimeError):  # the loop is closed: nobody will read it
            loop.call_soon_threadsafe(tell, answer, failure)

    threading.Thread(target=work, name="supposing", daemon=True).start()
    return future


@contextmanager
def _sparing_others() -> Iterator[None]:
    """While something is computed beside the loop; see above. One at a time is."""
    turn, collects = sys.getswitchinterval(), gc.isenabled()
    sys.setswitchinterval(min(turn, TURN_SECONDS))
    gc.disable()
    try:
        yield
    finally:
        sys.setswitchinterval(turn)
        if collects:
            gc.enable()
