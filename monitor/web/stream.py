"""`GET /api/v1/stream`: server-sent events. First the whole document, then what changed, as fast as somebody reads.

All who watch share what was written and put together; each remembers how far it was told. One block is sent in a turn
of the event loop, however many watch. The picture is looked at four times a second at most, and more seldom where
writing and sending it take long. Words of life are sent only as the picture's own time goes on: a monitor whose engine
stands still must not look alive. Whoever may not read any more is let go within half a minute.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from aiohttp import web

from monitor.domain.view import View
from monitor.web.beside import watched
from monitor.web.changes import Changes
from monitor.web.refusal import Refusal
from monitor.web.turns import Turns

log = structlog.get_logger("web")

MOST_CLIENTS = 32
LOOK_SECONDS = 0.25
FEEDS_SECONDS = 1.0  #: between two looks at the streams, whose counters never stand still
HELD_SECONDS = 0.002  #: that writing holds up the loop in one go
SHARE = 0.1  #: of the loop's time that writing and sending may take
SENT_PER_SECOND = 500e6  #: bytes, about: what is copied, encrypted and given to the system while nothing else is done
WORD_SECONDS = 2.0  #: without a change until a word of life
COMMENT_SECONDS = 10.0  #: until a comment, so that who is gone is noticed, and proxies keep the connection
SEND_SECONDS = 20.0  #: for one block; who reads more slowly is dropped
AGAIN_SECONDS = 30.0  #: between two looks at whether somebody may still watch
AGAIN_MS = 3000  #: after which a browser comes back
BLOCK_BYTES = 64 * 1024


class Stream:
    """All who watch. Blocks take `turns`; `may` raises `Refusal` for whoever may not see this any more."""

    def __init__(self, view: Callable[[], View], turns: Turns, may: Callable[[web.Request], Awaitable[None]]) -> None:
        self._view, self._turns, self._may = view, turns, may
        self._clients = 0
        self._sent_bytes = 0  #: since the last look
        self._changes = Changes()
        self._events = _Events(self._changes)
        self._news = asyncio.Condition()
        self._looking: asyncio.Task[None] | None = None
        self._ended = False

    @property
    def clients(self) -> int:
        """How many watch."""
        return self._clients

    def routes(self) -> list[web.RouteDef]:
        """The one route."""
        return [web.get("/api/v1/stream", self.stream, allow_head=False)]

    async def end(self, _: web.Application) -> None:
        """Let all go, now: called before the server waits for its answers."""
        self._ended = True
        self._stop_looking()
        async with self._news:
            self._news.notify_all()

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Watch until one of the two hangs up."""
        if self._ended or self._clients >= MOST_CLIENTS:
            cure = f"{self._clients} watch already: ask /api/v1/pools instead, or come back"
            raise Refusal(503, "stream", "", cure, {"Retry-After": "15"})
        self._clients += 1
        try:
            return await self._watch(request)
        finally:
            self._clients -= 1
            if not self._clients:
                self._stop_looking()

    async def _watch(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        response.headers["X-Accel-Buffering"] = "no"  # a proxy in front passes each event on at once
        if self._looking is None or self._looking.done():
            self._looking = watched(self._look(), "stream")
        await response.prepare(request)
        try:
            await self._tell(request, response)
        except Refusal:
            pass  # who comes back is told why
        except TimeoutError:
            log.info("dropped one who watched and did not read", peer=request.remote)
            if request.transport is not None:
                request.transport.abort()
        except ConnectionError:
            pass  # it hung up
        return response

    async def _tell(self, request: web.Request, response: web.StreamResponse) -> None:
        """Everything, then what changes. Raises TimeoutError where nobody reads, ConnectionError where nobody is, and
        `Refusal` where somebody may not watch any more.
        """
        told, at, loop = 0, 0.0, asyncio.get_running_loop()
        asked = loop.time()
        await response.write(f"retry: {AGAIN_MS}\n\n".encode())
        while not self._ended:
            if loop.time() >= asked + AGAIN_SECONDS:
                await self._may(request)
                asked = loop.time()
            if self._changes.number == told and not self._worth_a_word(at):
                if not await self._wait(told, at):
                    await self._send(response, [b":\n\n"])
                continue
            blocks = self._events.since(told)
            told, at = self._changes.number, self._changes.at
            await self._send(response, blocks)

    def _worth_a_word(self, at: float) -> bool:
        return self._changes.at >= at + WORD_SECONDS

    async def _wait(self, told: int, at: float) -> bool:
        """Until there is something to say; False where there was nothing for long."""
        try:
            async with asyncio.timeout(COMMENT_SECONDS), self._news:
                await self._news.wait_for(lambda: self._ended or self._changes.number != told or self._worth_a_word(at))
        except TimeoutError:
            return False
        return True

    async def _send(self, response: web.StreamResponse, blocks: list[bytes]) -> None:
        """Write, and wait until each block is read but for a little."""
        async for block in self._turns.of(iter(blocks)):
            self._sent_bytes += len(block)
            async with asyncio.timeout(SEND_SECONDS):
                await response.write(block)

    async def _look(self) -> None:
        """Write what is new, again and again, while anybody watches."""
        loop = asyncio.get_running_loop()
        feeds_at = -FEEDS_SECONDS
        last: View | None = None
        while True:
            spent, view = 0.0, self._view()
            if view is not last:
                now = loop.time()
                feeds = now - feeds_at >= FEEDS_SECONDS
                feeds_at = now if feeds else feeds_at
                began = loop.time()
                for _ in self._changes.take(view, feeds=feeds):
                    if (held := loop.time() - began) > HELD_SECONDS:
                        spent += held
                        await asyncio.sleep(0)
                        began = loop.time()
                spent += loop.time() - began
                last = view
                async with self._news:
                    self._news.notify_all()
            spent, self._sent_bytes = spent + self._sent_bytes / SENT_PER_SECOND, 0
            await asyncio.sleep(max(LOOK_SECONDS, spent / SHARE))

    def _stop_looking(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None
        self._changes = Changes()  # or whoever comes next would be told of then, and not of now
        self._events = _Events(self._changes)


class _Events:
    """Events in blocks, put together once for all who were told the same."""

    def __init__(self, changes: Changes) -> None:
        self._changes = changes
        self._of: tuple[int, float] = (0, 0.0)
        self._blocks: dict[int, list[bytes]] = {}

    def since(self, told: int) -> list[bytes]:
        """What changed after that number, or everything."""
        of = (self._changes.number, self._changes.at)
        if of != self._of:
            self._of, self._blocks = of, {}
        if told not in self._blocks:
            self._blocks[told] = self._joined(told)
        return self._blocks[told]

    def _joined(self, told: int) -> list[bytes]:
        pieces = self._changes.since(told)
        kind = b"snapshot" if pieces is None else b"change"
        body = self._changes.snapshot() if pieces is None else pieces
        whole = b"".join([b"event: ", kind, b"\ndata: ", *body, b"\n\n"])
        return [whole[at : at + BLOCK_BYTES] for at in range(0, len(whole), BLOCK_BYTES)]
