"""Recorded frames served again: at the speed of the recording or faster, their times moved to now.

A recording is a file of lines {"dir": "recv", "recv_ts": ..., "msg": {"stream": ..., "data": ...}}. Time t of the
recording becomes now0 + (t - t0) / speed, in the frames too.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monitor.domain.names import Symbol
from monitor.sim.binance.frames import CM, UM
from monitor.sim.binance.server import SimBinance
from monitor.sim.text import fixed

TIME_FIELDS = ("E", "T")
MARKS = "!markPrice@arr@1s"


@dataclass(frozen=True, slots=True)
class Recorded:
    """One frame. `at` is the venue's own time of it in seconds (the recorder's clock is off by more than a second)."""

    at: float
    stream: str
    data: Any


def read(path: Path) -> list[Recorded]:
    """The received stream frames of a recording that carry an event time, in order of that time."""
    frames = []
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            message = record["msg"]
            if record.get("dir") != "recv" or not isinstance(message, dict) or "stream" not in message:
                continue
            data = message["data"]
            stamp = (data[0] if isinstance(data, list) and data else data).get("E")
            if stamp is not None:
                frames.append(Recorded(stamp / 1000.0, message["stream"], data))
    return sorted(frames, key=lambda frame: frame.at)


def marks_each_second(frames: Iterable[Recorded]) -> list[Recorded]:
    """Turn bookTicker frames into one markPrice array a second: the mid of the last quote at or before that second.

    Rows appear as soon as their symbol was quoted once; `i` and `P` repeat the mid, funding is zero.
    """
    arrays: list[Recorded] = []
    mids: dict[Symbol, float] = {}
    due: float | None = None
    for frame in frames:
        if not frame.stream.endswith("@bookTicker"):
            continue
        if due is None:
            due = float(int(frame.at) + 1)
        while frame.at > due:
            if mids:
                arrays.append(_array(due, mids))
            due += 1.0
        mids[frame.data["s"]] = (float(frame.data["b"]) + float(frame.data["a"])) / 2.0
    if due is not None and mids:
        arrays.append(_array(due, mids))
    return arrays


def _array(at: float, mids: dict[Symbol, float]) -> Recorded:
    stamp = round(at * 1000.0)
    funding = (stamp // 28_800_000 + 1) * 28_800_000
    rows = [
        {
            "e": "markPriceUpdate",
            "E": stamp,
            "s": symbol,
            "p": fixed(mid),
            "ap": fixed(mid),
            "P": fixed(mid),
            "i": fixed(mid),
            "r": "0.00000000",
            "T": funding,
            "st": CM if symbol.partition("_")[0].endswith("USD") else UM,
        }
        for symbol, mid in mids.items()
    ]
    return Recorded(at, MARKS, rows)


class Playback:
    """Serves frames through a simulated Binance that was made with `paced=False`.

    The marks of the frames become the venue's marks as well, so that REST answers, margin calls and liquidations follow
    the recording; asset indexes are sent beside each mark array.
    """

    def __init__(self, frames: Sequence[Recorded], *, speed: float = 1.0) -> None:
        if speed <= 0.0:
            raise ValueError(f"a speed of {speed} plays nothing")
        self.frames, self.speed = frames, speed

    def moved(self, at: float, start: float) -> float:
        """A time of the recording in our time, when the first frame is served at `start`."""
        return start + (at - self.frames[0].at) / self.speed

    async def play(self, sim: SimBinance, after_each: Callable[[Recorded], None] | None = None) -> int:
        """Serve all frames, each at its time; returns how many. `after_each` gets every frame as it was sent."""
        start = sim.clock.now()
        for frame in self.frames:
            wait = self.moved(frame.at, start) - sim.clock.now()
            if wait > 0.0:
                await sim.clock.sleep(wait)
            self._serve(sim, frame, start, after_each)
        return len(self.frames)

    def _serve(
        self, sim: SimBinance, frame: Recorded, start: float, after_each: Callable[[Recorded], None] | None
    ) -> None:
        at = self.moved(frame.at, start)
        sent = Recorded(at, frame.stream, self._shifted(frame.data, start, sim.faults.clock_shift_seconds))
        rows = sent.data if isinstance(sent.data, list) else [sent.data]
        marks = [row for row in rows if row.get("e") == "markPriceUpdate" and row["s"] in sim.market.contracts]
        for row in marks:
            sim.market.set_mark(row["s"], float(row["p"]))
        if marks:
            sim.look_after(())
        data = sim.faults.spoil_rows(sent.data) if frame.stream == MARKS else sent.data
        sim.hub.publish(frame.stream, data)
        if marks:
            sim.publish_assets(round((at + sim.faults.clock_shift_seconds) * 1000.0))
        if after_each is not None:
            after_each(sent)

    def _shifted(self, data: Any, start: float, shift: float) -> Any:
        if isinstance(data, list):
            return [self._shifted(row, start, shift) for row in data]
        moved = {
            name: round((self.moved(data[name] / 1000.0, start) + shift) * 1000.0)
            for name in TIME_FIELDS
            if isinstance(data.get(name), int) and data[name] > 0
        }
        return {**data, **moved}
