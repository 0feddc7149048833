"""What people were told, against what the store says was decided: a receiver that fails, and the comparison."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from aiohttp import web

from monitor.domain.alerts import LOUD

QUIET = ("silenced", "inhibited")
LEVELS = ("warning", "critical")  #: those that people are told of where no route says otherwise
PATIENCE_SECONDS = 30.0  #: longer than the receiver, or the daemon, is ever out of order


class Mood(StrEnum):
    """How the receiver behaves."""

    WELL = "well"
    REFUSES = "answers 503"
    HANGS = "takes nothing, answers nothing"
    FORGETS = "takes it, and the connection is cut before the answer"
    GONE = "nobody listens"


@dataclass(slots=True)
class Receiver:
    """A webhook's other end. `taken`: every body that it took, in order, with its key; some more than once."""

    mood: Mood = Mood.WELL
    taken: list[tuple[str, bytes]] = field(default_factory=list)
    port: int = 0
    _runner: web.AppRunner | None = None
    _site: web.TCPSite | None = None
    _released: asyncio.Event = field(default_factory=asyncio.Event)

    async def open(self) -> None:
        """Listen, from now on always at the same port."""
        app = web.Application()
        app.router.add_post("/hook", self._hook)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await self._listen()

    async def close(self) -> None:
        """The end of it."""
        self._released.set()
        assert self._runner is not None
        await self._runner.cleanup()

    async def become(self, mood: Mood) -> None:
        """Behave so from now on; what hung is cut."""
        self._released.set()
        self._released = asyncio.Event()
        self.mood = mood
        if mood is Mood.GONE and self._site is not None:
            await self._site.stop()
            self._site = None
        elif mood is not Mood.GONE and self._site is None:
            await self._listen()

    async def _listen(self) -> None:
        assert self._runner is not None
        self._site = web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True)
        await self._site.start()
        self.port = self._runner.addresses[0][1]

    async def _hook(self, request: web.Request) -> web.Response:
        key, body = request.headers["Idempotency-Key"], await request.read()
        mood = self.mood
        if mood is Mood.HANGS:
            await self._released.wait()
        if mood in (Mood.WELL, Mood.FORGETS):
            self.taken.append((key, body))
        if mood in (Mood.WELL, Mood.REFUSES):
            return web.Response(status=200 if mood is Mood.WELL else 503)
        if request.transport is not None:
            request.transport.abort()
        return web.Response()


class Line(NamedTuple):
    """One change of an alert as the audit has it."""

    incident: str
    number: int
    what: str
    level: str
    state: str
    fingerprint: str
    at: float


@dataclass(frozen=True, slots=True)
class Books:
    """What the store says: all changes in order, and what became of the messages to one channel, by their keys."""

    lines: Sequence[Line]
    messages: Mapping[str, str]

    def incidents(self) -> dict[str, list[Line]]:
        """The changes of each."""
        found: dict[str, list[Line]] = defaultdict(list)
        for line in self.lines:
            found[line.incident].append(line)
        return found

    def open(self) -> set[str]:
        """The incidents that are not over."""
        return {incident for incident, lines in self.incidents().items() if lines[-1].what != "resolved"}


def books(file: Path, channel: str) -> Books:
    """Read them, beside the daemon."""
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
        rows = database.execute(
            "SELECT incident, number, what, severity, json_extract(body, '$.alert.state'), fingerprint, at"
            " FROM audit WHERE incident IS NOT NULL ORDER BY id"
        ).fetchall()
        messages = database.execute("SELECT id, state FROM outbox WHERE channel = ?", (channel,)).fetchall()
    return Books([Line(*row) for row in rows], {id_.rpartition("@")[0]: state for id_, state in messages})


def misdecided(kept: Books) -> Iterator[str]:
    """Where the audit is no story of alerts, in words: whatever restarts there were, every incident is told whole."""
    open_of: dict[str, str] = {}
    for line in kept.lines:
        before = open_of.get(line.fingerprint)
        if before is not None and before != line.incident:
            yield f"{line.incident} begins while {before} of the same alert is not over"
        open_of[line.fingerprint] = line.incident
        if line.what == "resolved":
            del open_of[line.fingerprint]
    for incident, lines in kept.incidents().items():
        if [line.number for line in lines] != list(range(1, len(lines) + 1)):
            yield f"{incident}: changes {[line.number for line in lines]}"
        words = [line.what for line in lines]
        if words[0] != "fired" or words.count("fired") != 1 or "resolved" in words[:-1]:
            yield f"{incident}: {words}"


def mistold(kept: Books, taken: Sequence[tuple[str, bytes]]) -> Iterator[str]:
    """Where what was received is not what was decided, in words."""
    first: dict[str, bytes] = {}
    numbers: dict[str, list[int]] = defaultdict(list)
    for key, body in taken:
        if key not in first:
            first[key] = body
            incident, number = key.rpartition("-")[::2]
            numbers[incident].append(int(number))
        elif first[key] != body:
            yield f"{key} was received with two contents: {_difference(first[key], body)}"
    incidents = kept.incidents()
    for key, body in first.items():
        incident = key.rpartition("-")[0]
        line = next((one for one in incidents.get(incident, ()) if f"{incident}-{one.number}" == key), None)
        if line is None:
            yield f"{key} was received and never decided"
        elif _told(body) not in [(incident, what, line.fingerprint) for what in _as_told(line, numbers[incident])]:
            yield f"{key} says {_told(body)} and was {line}"
    for incident, lines in incidents.items():
        heard = numbers.get(incident, [])
        if heard != sorted(heard):
            yield f"{incident}: received in the order {heard}"
        if not heard and any(_owed(line, later) for line, later in pairwise(lines)):
            yield f"{incident} was never received: {[(line.what, line.state) for line in lines]}"
        if heard and lines[-1].what == "resolved" and heard[-1] != lines[-1].number:
            yield f"{incident}: its end was never received, {heard} of {[line.what for line in lines]}"
    for key, state in kept.messages.items():
        if state == "sent" and key not in first:
            yield f"{key} counts as sent and was never received"
        if state not in ("sent", "dropped"):
            yield f"{key} is still {state}"


def _owed(line: Line, later: Line) -> bool:
    """Whether somebody had to hear of it. What is silenced or held back while its message waits is taken back."""
    if line.what not in LOUD or line.state != "firing" or line.level not in LEVELS:
        return False
    return later.state not in QUIET or later.at - line.at > PATIENCE_SECONDS


def _as_told(line: Line, numbers: Sequence[int]) -> tuple[str, ...]:
    """What a change may be called: to somebody who was never told of what fires, that is the news."""
    news = line.what in ("eased", "unacknowledged") and line.number == min(numbers)
    return (line.what, "fired") if news else (line.what,)


def _told(body: bytes) -> tuple[str, str, str]:
    """The incident, the change and the fingerprint of our own that a body tells of."""
    told: dict[str, Any] = json.loads(body)
    incident = re.search(r'incident="([^"]+)"', told["groupKey"])
    assert incident is not None
    return incident[1], told["alerts"][0]["annotations"]["change"], incident[1].partition("-")[0]


def _difference(one: bytes, other: bytes) -> str:
    texts = [json.dumps(json.loads(each), sort_keys=True, indent=1).splitlines() for each in (one, other)]
    return str([pair for pair in zip(*texts, strict=False) if pair[0] != pair[1]][:3])


def suspicious(log: Path) -> list[str]:
    """Lines of a log that speak of a mistake in the program, and what is no line of a log at all."""
    found = []
    whole, _, _ = log.read_text().rpartition("\n")
    for text in whole.splitlines():
        line: dict[str, Any] = {}
        with suppress(ValueError):
            line = json.loads(text)
        if not line or "exception" in line or "exc_info" in line or "bug" in text or "Traceback" in text:
            found.append(text[:2000])
    return found
