"""Ten minutes of the installed demo in a market twenty times as quick: memory is flat and no set of labels grows."""

from __future__ import annotations

import asyncio
import re
import statistics
import time
from collections import Counter
from pathlib import Path

import aiohttp
import pytest

from tests.soak.growth import growing
from tests.unit.cli.processes import COMMAND, environment

SECONDS = 600.0
WARM_SECONDS = 180.0  #: the story, and the first of what comes after it
LOOK_EVERY_SECONDS = 15.0
MOST_GROWTH = 1.05
POOLS_VARY = 2.0  #: how many more pools may just be open late than early: series come and go with them
MOST_WAITING = 500  #: events in the inbox at any look


def resident_mb(pid: int) -> float:
    """The resident memory of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096 / 2**20


def series(text: str) -> Counter[str]:
    """How many series of each name a scrape holds."""
    return Counter(re.split(r"[{ ]", line, maxsplit=1)[0] for line in text.splitlines() if not line.startswith("#"))


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.parametrize("venues", ["story", "all"])
async def test_in_ten_minutes_at_twenty_times_the_speed_memory_is_flat_and_no_label_set_grows(
    tmp_path: Path, venues: str
) -> None:
    out = tmp_path / "out"
    arguments = ("demo", "--speed", "20", "--seconds", f"{SECONDS:.0f}", "--port", "0", "--venues", venues)
    with out.open("w") as file:
        process = await asyncio.create_subprocess_exec(COMMAND, *arguments, stdout=file, stderr=file, env=environment())
    memory: list[float] = []
    looks: list[Counter[str]] = []
    depths: list[float] = []
    try:
        while (found := re.search(r"http://\S+/metrics", out.read_text())) is None:
            assert process.returncode is None
            await asyncio.sleep(0.1)
        began, looked = time.monotonic(), -LOOK_EVERY_SECONDS
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as http:
            while process.returncode is None and time.monotonic() - began < SECONDS - 10.0:
                await asyncio.sleep(1.0)
                memory.append(resident_mb(process.pid))
                now = time.monotonic() - began
                if now > WARM_SECONDS and now - looked >= LOOK_EVERY_SECONDS:
                    looked = now
                    async with http.get(found[0]) as answer:
                        text = await answer.text()
                    looks.append(series(text))
                    depth = re.search(r"^marginwatch_inbox_depth (\S+)", text, re.MULTILINE)
                    assert depth is not None
                    depths.append(float(depth[1]))
        assert await asyncio.wait_for(process.wait(), 60.0) == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    warm = memory[int(WARM_SECONDS) :]
    minutes = [statistics.median(warm[start : start + 60]) for start in range(0, len(warm) - 30, 60)]
    print("memory by the minute, in MB:", [round(each, 1) for each in minutes])
    told = out.read_text()
    assert "Traceback" not in told
    for happened in ("falls by", "is delisted", "Something goes wrong", "position_appeared", "position_vanished"):
        assert happened in told, happened
    assert max(minutes) <= MOST_GROWTH * minutes[0], minutes
    assert growing(looks, factor=POOLS_VARY) == {}
    assert max(depths) <= MOST_WAITING, depths
