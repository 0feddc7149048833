"""The process is killed (SIGKILL) at every point of a message's way, and started again: what did people receive?

With the real store, and a server that writes down all that it accepts. The table of docs/delivery.md is this test's.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from monitor.domain.alerts import Change
from monitor.outputs.delivery.service import CRASH_POINTS
from tests.e2e.delivery_process import KINDS, STORY
from tests.programs import ROOT

BEGIN, END = "<!-- crash points -->", "<!-- end of crash points -->"
KILLED = -9


@dataclass
class Server:
    """Accepts messages and writes them down, all that it ever accepted."""

    port: int = 0
    received: list[dict[str, Any]] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = await reader.readline()
        if line:
            self.received.append(json.loads(line))
            writer.write(json.dumps({"handle": f"m{len(self.received)}"}).encode() + b"\n")
            await writer.drain()
        writer.close()


@dataclass
class Nursery:
    """The process that forks one for each run."""

    process: asyncio.subprocess.Process
    server: Server

    async def run(self, folder: Path, kind: str, what: Change, point: str) -> int:
        told = {"folder": str(folder), "port": self.server.port, "kind": kind, "change": what, "point": point}
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(told).encode() + b"\n")
        return int(await asyncio.wait_for(self.process.stdout.readline(), 60))


@asynccontextmanager
async def nursery() -> AsyncIterator[Nursery]:
    server = Server()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.port = listening.sockets[0].getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.e2e.delivery_process",
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        assert (await asyncio.wait_for(process.stdout.readline(), 60)).strip() == b"ready"
        yield Nursery(process, server)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), 10)
        except TimeoutError:
            process.kill()
            await process.wait()
        listening.close()
        await listening.wait_closed()


@dataclass(frozen=True)
class Outcome:
    """What of one change was received, over both runs. `reached`: the first run came to the point and was killed."""

    reached: bool
    messages: tuple[tuple[str, str | None, bool], ...]  #: key, handle edited, marked as a possible repetition

    @property
    def shown(self) -> str:
        """What people see of it on a service of its kind."""
        if not self.reached:
            return "–"
        keys = {key for key, _, _ in self.messages}
        marks = [repeated for _, _, repeated in self.messages]
        if len(keys) == len(marks) == 1:
            return "1 (marked)" if marks[0] else "1"
        if len(keys) == 1 and all(handle is not None for _, handle, _ in self.messages):
            return "1 (edited twice)"
        return " + ".join("1 (marked)" if mark else "1" for mark in marks) or "lost"


async def killed_at(home: Nursery, folder: Path, kind: str, what: Change, point: str) -> Outcome:
    """Kill a run at a point while it tells a change, run again to the end, and look at what was received of it."""
    home.server.received.clear()
    folder.mkdir()  # noqa: ASYNC240  # nothing else runs in this loop
    first = await home.run(folder, kind, what, point)
    assert first in (0, KILLED)
    assert await home.run(folder, kind, what, "") == 0
    told = [each for each in home.server.received if each["change"] == what and not each["key"].endswith("-older")]
    others = {each["change"] for each in home.server.received} - {what}
    assert others == set(STORY[: STORY.index(what)])
    return Outcome(first == KILLED, tuple((each["key"], each["handle"], each["repeated"]) for each in told))


async def measure(folder: Path) -> dict[tuple[str, Change, str], Outcome]:
    """Every kind of channel, every change, every point."""
    found: dict[tuple[str, Change, str], Outcome] = {}
    async with nursery() as home:
        for kind in KINDS:
            for what in STORY:
                for point in CRASH_POINTS:
                    place = folder / f"{kind}-{what}-{point}"
                    found[kind, what, point] = await killed_at(home, place, kind, what, point)
    return found


def seen(kind: str, outcome: Outcome) -> str:
    """What a service of this kind shows: with a key of ours it shows a repetition once."""
    if kind == "key" and outcome.reached and len({key for key, _, _ in outcome.messages}) == 1:
        return "1"
    return outcome.shown


def table(found: dict[tuple[str, Change, str], Outcome]) -> str:
    """The table as the documentation has it."""
    columns = [(kind, what) for kind in KINDS for what in STORY]
    names = {"key": "takes a key", "edits": "edits", "plain": "neither"}
    lines = [
        "| killed at | " + " | ".join(f"{names[kind]}: {what}" for kind, what in columns) + " |",
        "|" + "---|" * (len(columns) + 1),
    ]
    for point in CRASH_POINTS:
        cells = [seen(kind, found[kind, what, point]) for kind, what in columns]
        lines.append(f"| {point} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, Change, str], Outcome]:
    """Measured once for all tests."""
    return asyncio.run(measure(tmp_path_factory.mktemp("crashes")))


def test_no_change_is_lost_wherever_the_process_is_killed(found: dict[tuple[str, Change, str], Outcome]) -> None:
    assert [where for where, outcome in found.items() if not outcome.messages] == []


def test_a_service_that_takes_a_key_of_ours_shows_each_change_once(
    found: dict[tuple[str, Change, str], Outcome],
) -> None:
    for (kind, _, _), outcome in found.items():
        if kind == "key":
            assert len({key for key, _, _ in outcome.messages}) == 1
            assert not any(repeated for _, _, repeated in outcome.messages)


def test_elsewhere_a_second_comes_only_after_a_kill_between_acceptance_and_our_commit_and_says_so(
    found: dict[tuple[str, Change, str], Outcome],
) -> None:
    for (kind, _, point), outcome in found.items():
        pages = [repeated for _, handle, repeated in outcome.messages if handle is None]
        if kind != "key" and len(pages) > 1:
            assert point == "accepted"
            assert pages == [False, True]


def test_a_mark_is_there_only_where_an_attempt_had_begun(found: dict[tuple[str, Change, str], Outcome]) -> None:
    for (_, _, point), outcome in found.items():
        if any(repeated for _, _, repeated in outcome.messages):
            assert point in ("marked", "sending", "accepted")


def test_the_table_of_the_documentation_is_what_is_measured(
    found: dict[tuple[str, Change, str], Outcome], record_property: Callable[[str, object], None]
) -> None:
    measured = table(found)
    record_property("table", measured)
    text = (ROOT / "docs" / "delivery.md").read_text()
    assert text.partition(BEGIN)[2].partition(END)[0].strip() == measured
