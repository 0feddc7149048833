"""A simulated venue in which nothing happens by itself: time passes when a test says so, and hours in a moment."""

from __future__ import annotations

import json
from typing import Any

from monitor.sim.clock import ManualClock
from monitor.sim.inprocess import InProcess
from monitor.sim.rounds import Pace, Rounds
from monitor.sim.venue import SimVenue

NOON = 1_767_268_800.0  #: 2026-01-01 12:00 UTC
BUSY = Pace(trade_seconds=10.0, deed_seconds=30.0, mishap_seconds=60.0, crash_market_seconds=900.0)


def at_noon(**more: Any) -> dict[str, Any]:
    """How a venue stands still at noon, and nothing listens; `more` goes over that."""
    return {"clock": ManualClock(NOON), "quiet": True, "paced": False, "network": False, **more}


def clock_of(sim: SimVenue[Any]) -> ManualClock:
    """The clock of a still venue."""
    assert isinstance(sim.clock, ManualClock)
    return sim.clock


def pass_time(sim: SimVenue[Any], seconds: float) -> None:
    """Let the clock go on, and the venue with it."""
    clock_of(sim).advance(seconds)
    sim.tick(seconds)


def live(sim: SimVenue[Any], days: Rounds[Any], seconds: float) -> None:
    """Let days go by, five seconds at a time."""
    for _ in range(round(seconds / 5.0)):
        pass_time(sim, 5.0)
        days.step()


class Texts:
    """The client's end of a socket; frames are kept in order."""

    def __init__(self, raw: InProcess[Any]) -> None:
        self.raw = raw
        self.texts: list[str] = []
        self.raw.listen(self.texts.append)

    @property
    def frames(self) -> list[Any]:
        """All frames so far that are JSON."""
        return [json.loads(text) for text in self.texts if text.startswith("{")]

    def take(self) -> list[Any]:
        """The frames since the last time."""
        found = self.frames
        self.texts.clear()
        return found

    def send(self, message: dict[str, Any]) -> list[Any]:
        """Send a message; returns what came at once."""
        self.texts.clear()
        self.raw.send(json.dumps(message))
        return self.take()

    @property
    def cut(self) -> bool:
        """Whether the venue has ended it."""
        return self.raw.code is not None
