"""The process dies at any moment: what it was told is written is there, and nothing is there by halves."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.unit.store.desk import reopened

#: Commits as fast as they are answered, some at once, and says which are.
WRITER = """
import asyncio, os, sys
from dataclasses import replace
from pathlib import Path
from monitor.app.clock import SystemClock
from monitor.domain.alerts import MemoryChange
from monitor.domain.keeping import Commit, Handle
from monitor.store.store import Store
from tests.unit.store.desk import alert, entry, fired, memory

first = int(sys.argv[2])
store = Store(Path(sys.argv[1]), SystemClock())
store.open()

async def one(number):
    subject = alert(f"COIN{number}")
    await store.commit(Commit(
        changes=(fired(subject),), memory=MemoryChange(keep=(memory(subject),)), entries=(entry(subject),),
        handles=(Handle(channel="telegram", thread=subject.incident, handle=str(number)),),
    ))
    os.write(1, f"{number}\\n".encode())

async def lane(start):
    for number in range(start, start + 10**6, 8):
        await one(number)

async def main():
    await asyncio.gather(*(lane(first + at) for at in range(8)))

asyncio.run(main())
"""


def killed_after(path: Path, first: int, seconds: float) -> list[int]:
    """The numbers of the commits that were answered before a kill so long after the first of them."""
    command = [sys.executable, "-c", WRITER, str(path), str(first)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]) as process:
        assert process.stdout is not None
        begun = process.stdout.readline()
        assert begun, "the writer did not begin"
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        answered = (begun + process.stdout.read()).split(b"\n")
    return [int(line) for line in answered[:-1]]  # the last one may be cut


def found(path: Path, column: str, table: str) -> set[str]:
    with closing(sqlite3.connect(path)) as reader:
        return {value for (value,) in reader.execute(f"SELECT {column} FROM {table}")}


@pytest.mark.parametrize("rounds", [6, pytest.param(60, marks=(pytest.mark.soak, pytest.mark.timeout(600)))])
def test_every_commit_that_was_answered_is_there_whole_after_a_kill(tmp_path: Path, rounds: int) -> None:
    path, dice, answered = tmp_path / "db", random.Random(), set[int]()
    for number in range(rounds):
        answered.update(killed_after(path, 10**6 * number, dice.uniform(0.0, 0.2)))
        saved = reopened(path)
        names = {one.alert.labels["symbol"] for one in saved.alerts}
        assert names >= {f"COIN{one}" for one in answered}
        incidents = {one.alert.incident for one in saved.alerts}
        assert {one.message.thread for one in saved.entries} == incidents
        assert {one.thread for one in saved.handles} == incidents
        assert found(path, "incident", "audit") == incidents
    assert len(answered) > 10 * rounds
