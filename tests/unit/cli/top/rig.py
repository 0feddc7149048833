"""The terminal as an application without a terminal: driven by keys, read as text."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from textual.pilot import Pilot

from monitor.cli.codes import Unavailable
from monitor.cli.top.app import Top
from monitor.cli.top.client import Json
from monitor.domain.view import View
from tests.unit.cli.top.scenes import LEVELS, Teller, calm

PATIENCE_SECONDS = 20.0


@dataclass
class Fake:
    """A monitor in memory: what it says is put into it, and what it was asked is kept."""

    url: str = "http://monitor.test"
    has_token: bool = False
    session: Json = field(default_factory=lambda: {"may_change": True, "login": False, "why_not": "", "levels": LEVELS})
    curve: Json | Exception = field(default_factory=lambda: Unavailable("no curve here"))
    asked: list[tuple[str, str, Any]] = field(default_factory=list)
    refusal: Exception | None = None
    teller: Teller = field(default_factory=Teller)
    _events: asyncio.Queue[Any] = field(default_factory=asyncio.Queue)

    def says(self, shown: View) -> None:
        """The picture is another one now."""
        self._events.put_nowait(self.teller.tell(shown))

    def hangs_up(self, reason: str = "it has hung up") -> None:
        """Whoever listens is cut off."""
        self.teller = Teller()
        self._events.put_nowait(Unavailable(reason))

    async def stream(self) -> AsyncGenerator[tuple[str, Json], None]:
        while True:
            event = await self._events.get()
            if isinstance(event, Exception):
                raise event
            yield event

    async def ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
    ) -> Json:
        self.asked.append((method, path, query if body is None else body))
        if path == "/api/v1/session":
            return self.session
        if path == "/api/v1/curve":
            if isinstance(self.curve, Exception):
                raise self.curve
            return self.curve | {"of": (query or {})["of"]}
        if self.refusal is not None:
            raise self.refusal
        return {"accepted": True}

    def told(self) -> list[tuple[str, str, Any]]:
        """What it was told to change."""
        return [each for each in self.asked if each[0] != "GET"]


class Clock:
    """Goes on when it is told, and with nothing else."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Screen:
    """What is on the screen."""

    app: Top
    pilot: Pilot[None]
    clock: Clock

    def text(self) -> str:
        """All lines of the screen that is in front, as they are drawn."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips)

    def styles_of(self, text: str) -> list[str]:
        """The styles in which a text is drawn."""
        return [
            str(segment.style)
            for strip in self.app.screen._compositor.render_strips()
            for segment in strip
            if text in segment.text
        ]

    async def shows(self, *texts: str) -> str:
        """Wait until all of these stand on it."""
        return await self.until(lambda: all(text in self.text() for text in texts), texts)

    async def shows_no(self, text: str) -> str:
        """Wait until this does not stand on it."""
        return await self.until(lambda: text not in self.text(), f"no {text}")

    async def until(self, holds: Callable[[], object], what: object = "it") -> str:
        """Wait for a condition."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not holds():
            assert time.monotonic() < deadline, f"{what} did not come:\n{self.text()}"
            await self.pilot.pause(0.01)
        return self.text()

    async def press(self, *keys: str) -> None:
        """Some keys, one after the other."""
        await self.pilot.press(*keys)


@asynccontextmanager
async def opened(monitor: Any, size: tuple[int, int] = (80, 24)) -> AsyncIterator[Screen]:
    """The application before a monitor."""
    clock = Clock()
    app = Top(monitor, "ann", clock=clock)
    async with app.run_test(size=size, notifications=True) as pilot:
        yield Screen(app, pilot, clock)


@asynccontextmanager
async def watching(
    shown: View | None = None, size: tuple[int, int] = (80, 24), **fake: Any
) -> AsyncIterator[tuple[Screen, Fake]]:
    """The application before a monitor in memory that has told a picture."""
    monitor = Fake(**fake)
    monitor.says(calm() if shown is None else shown)
    async with opened(monitor, size) as screen:
        await screen.shows("live")
        yield screen, monitor
