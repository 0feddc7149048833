"""The sign of life that we owe somebody else: an address that is fetched only while the monitor really computes.

Whoever watches it (Healthchecks and its kin) tells people when it stops: that the monitor is gone cannot come from the
monitor. It proves the loop, not the thread that would go on beside a loop that hangs: no step since the last sign of
life, no further one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import aiohttp
import structlog

from monitor.domain.clock import Clock
from monitor.domain.delivery import ChannelStatus

log = structlog.get_logger(__name__)

RETRIES = 3  #: after the first try, of one sign of life
NOT_COMPUTING = "the monitor does not compute"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadManSettings:
    """Where and how often. `tells_trouble`: while something is wrong, `/fail` is added to the address."""

    name: str
    url: str = field(repr=False)
    every_seconds: float = 60.0
    timeout_seconds: float = 10.0
    tells_trouble: bool = True
    retry_seconds: float = 2.0


class DeadMan:
    """`steps` counts what the core has computed; `trouble` says in words what is wrong, "" if nothing is."""

    kind = "dead_man"

    def __init__(
        self,
        settings: DeadManSettings,
        steps: Callable[[], int],
        clock: Clock,
        trouble: Callable[[], str] = str,
    ) -> None:
        self._settings, self._steps, self._clock, self._trouble = settings, steps, clock, trouble
        self._session: aiohttp.ClientSession | None = None
        self._seen = 0
        self._reason = ""
        self._delivered = self._failed = 0
        self._last: float | None = None

    async def run(self) -> None:
        """For ever."""
        while True:
            began = self._clock.monotonic()
            await self.beat()
            await self._clock.sleep(max(0.0, self._settings.every_seconds - (self._clock.monotonic() - began)))

    async def beat(self) -> bool:
        """One sign of life, if there is life; False if none was given."""
        steps = self._steps()
        lives, self._seen = steps != self._seen, steps
        if not lives:
            self._say(NOT_COMPUTING)
            return False
        failing = self._settings.tells_trouble and bool(self._trouble())
        for left in range(RETRIES, -1, -1):
            why = await self._fetch("/fail" if failing else "")
            if not why:
                self._delivered += 1
                self._last = self._clock.now()
                self._say("")
                return True
            self._failed += 1
            if left:
                await self._clock.sleep(self._settings.retry_seconds)
        self._say(why)
        return False

    def status(self) -> ChannelStatus:
        """How it does, as a channel that nobody but a machine reads."""
        return ChannelStatus(
            name=self._settings.name,
            kind=self.kind,
            up=not self._reason,
            reason=self._reason,
            delivered_total=self._delivered,
            failed_total=self._failed,
            last_delivered=self._last,
        )

    async def close(self) -> None:
        """Let go of the connection."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _fetch(self, ending: str) -> str:
        """Why it failed, "" if it did not. The address, and what a library says of it, are secret."""
        if self._session is None:
            self._session = aiohttp.ClientSession()
        address, slash, query = self._settings.url.partition("?")
        try:
            async with (
                asyncio.timeout(self._settings.timeout_seconds),
                self._session.get(address.rstrip("/") + ending + slash + query) as answer,
            ):
                return "" if answer.status < 400 else f"it answered {answer.status}"
        except TimeoutError:
            return f"no answer within {self._settings.timeout_seconds:g} s"
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return f"it cannot be reached ({type(error).__name__})"

    def _say(self, why: str) -> None:
        """One line when it fails in a new way, one when it works again."""
        if why and why != self._reason:
            log.error("no sign of life given", name=self._settings.name, reason=why)
        elif not why and self._reason:
            log.warning("signs of life are given again", name=self._settings.name)
        self._reason = why
