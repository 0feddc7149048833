"""How often each endpoint may be asked, beside the address's own budget: a pure account of it, and a queue for each.

OKX counts what is signed for each account and what is not for our address, each path by itself, over a moving window.
We use the same share of each limit as of the whole, for others may use the same account or address; at least one.
"""

from __future__ import annotations

import asyncio
from collections import deque

from monitor.domain.clock import Clock
from monitor.venues.okx.endpoints import Endpoint

DIALS, DIAL_SECONDS = 2, 1.0  #: others on our address may open sockets, too


class Window:
    """What one limit has seen. Times are steady seconds; it reads no clock itself."""

    def __init__(self, requests: int, seconds: float) -> None:
        self.requests, self.seconds = requests, seconds
        self._sent: deque[float] = deque()
        self._closed_until = float("-inf")

    def wait(self, now: float) -> float:
        """Seconds until one more may be sent; 0: now."""
        while self._sent and self._sent[0] <= now - self.seconds:
            self._sent.popleft()
        closed = max(0.0, self._closed_until - now)
        if len(self._sent) < self.requests:
            return closed
        return max(closed, self._sent[len(self._sent) - self.requests] + self.seconds - now)

    def close(self, until: float) -> None:
        """The venue says that the limit was reached, whoever reached it: none before `until`."""
        self._closed_until = max(self._closed_until, until)

    def take(self, now: float) -> None:
        """One is sent."""
        self._sent.append(now)


class EndpointLimits:
    """The windows of all paths and accounts; callers of one window pass one after the other."""

    def __init__(self, share: float, clock: Clock) -> None:
        self._share, self._clock = share, clock
        self._windows: dict[tuple[str, str | None], tuple[Window, asyncio.Lock]] = {}

    async def pass_by(self, endpoint: Endpoint, account: str | None) -> None:
        """Wait until this endpoint may be asked again, and take one. `account` None: what our address may ask."""
        window, turn = self._window(endpoint, account)
        async with turn:
            while (wait := window.wait(self._clock.monotonic())) > 0:
                await self._clock.sleep(wait)
            window.take(self._clock.monotonic())

    def reached(self, endpoint: Endpoint, account: str | None, seconds: float) -> None:
        """The venue refused for this endpoint's limit: it is left alone for so long, and no other with it."""
        self._window(endpoint, account)[0].close(self._clock.monotonic() + seconds)

    def _window(self, endpoint: Endpoint, account: str | None) -> tuple[Window, asyncio.Lock]:
        key = (endpoint.path, account if endpoint.signed else None)
        if key not in self._windows:
            self._windows[key] = (Window(allowed(endpoint, self._share), endpoint.seconds), asyncio.Lock())
        return self._windows[key]


def allowed(endpoint: Endpoint, share: float) -> int:
    """Requests that we send in the endpoint's window: a share of its limit, and one at least."""
    return max(1, int(endpoint.requests * share))


class Dials:
    """Sockets that are opened one after the other: the venue admits three a second from one address."""

    def __init__(self, clock: Clock) -> None:
        self._window, self._turn, self._clock = Window(DIALS, DIAL_SECONDS), asyncio.Lock(), clock

    async def pass_by(self) -> None:
        """Wait until another socket may be opened."""
        async with self._turn:
            while (wait := self._window.wait(self._clock.monotonic())) > 0:
                await self._clock.sleep(wait)
            self._window.take(self._clock.monotonic())
