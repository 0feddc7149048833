"""What the terminal costs: from the bytes of a change to the lines drawn of it, while every pool changes each time.

Time is the processor's, so that what else runs does not count. The floor is decoding the same bytes. The screen is a
large one, with the list and an opened pool beside each other.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Iterator, Mapping
from itertools import cycle, islice

import msgspec

from bench.harness import Row, bench, bounded, seconds_text
from bench.page import documents
from bench.timing import percentile
from monitor.cli.top.app import Top
from monitor.cli.top.client import Json
from monitor.cli.top.start import calm_collector

SMOOTH_SECONDS = 0.050  #: at 200 pools
USABLE_SECONDS = 0.250  #: at 2,000: changes come four times a second at most
SIZE = (160, 45)
CHANGES = 60
LEVELS = {"margin_ratio": {"warning": 0.6, "critical": 0.8}, "distance_ratio": {"warning": 0.1, "critical": 0.05}}
MOVES = [place / 60 - 1.0 for place in range(121)]
CURVE = {
    "at": 0.0, "of": "market", "quality": "LIVE", "reasons": [], "notes": [], "price_now": None, "sigma_ratio": 0.03,
    "move": MOVES, "price": [None] * 121, "equity_usd": [20.0 + 40.0 * move for move in MOVES],
    "requirement_usd": [1.0] * 121, "stages": [],
    "line": {"down": {"state": "at", "distance_ratio": 0.475}, "up": {"state": "never"}},
}  # fmt: skip


class Quiet:
    """A monitor whose changes the benchmark tells by itself."""

    url = "http://bench"
    has_token = False

    async def ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
    ) -> Json:
        """Thresholds, and a curve."""
        del method, body
        return {"levels": LEVELS} if path.endswith("session") else CURVE | {"of": (query or {}).get("of")}

    async def stream(self) -> AsyncGenerator[tuple[str, Json], None]:
        """Nothing, for ever."""
        await asyncio.Event().wait()
        yield "change", {}


async def _measured(pools: int) -> tuple[list[float], list[float], list[float]]:
    """Seconds of each change, of decoding alone, and of a key that goes to the next row."""
    snapshot, changes = documents(pools)
    calm_collector()
    texts = [text.encode() for text in changes]
    app = Top(Quiet(), "bench")
    took, floor, keys = [], [], []
    async with app.run_test(size=SIZE) as pilot:
        app.snapshot(msgspec.json.decode(snapshot))
        await pilot.pause(0.5)
        for number, text in enumerate(islice(cycle(texts), CHANGES)):
            begin = time.thread_time()
            msgspec.json.decode(text)
            floor.append(time.thread_time() - begin)

            begin = time.thread_time()
            change = msgspec.json.decode(text)
            change["at"] += number
            app.change(change)
            _draw(app)
            took.append(time.thread_time() - begin)

            begin = time.thread_time()
            app.query_one("#list").choose(number)  # type: ignore[attr-defined]  # of our own list
            app.show()
            _draw(app)
            keys.append(time.thread_time() - begin)
            await asyncio.sleep(0)
    return took, floor, keys


def _draw(app: Top) -> None:
    """All lines of the screen, as they would be written."""
    console = app.console
    for strip in app.screen._compositor.render_strips():
        strip.render(console)


def _rows(pools: int, limit_seconds: float) -> Iterator[Row]:
    took, floor, keys = asyncio.run(_measured(pools))
    for part, name in ((0.5, "a change of every pool, the middle one"), (0.95, "19 of 20 changes within")):
        ours, least = percentile(took, part), percentile(floor, part)
        what, beside = f"top, {pools:,} pools: {name}", f"decoding {seconds_text(least)}"
        if part == 0.5:
            yield Row("top", what, seconds_text(ours), beside, ours / least)
        else:
            yield bounded("top", what, ours, limit_seconds, floor=beside, times=ours / least)
    yield Row("top", f"top, {pools:,} pools: a key, to the next row", seconds_text(percentile(keys, 0.5)))


@bench("top", limit_seconds=120)
def two_hundred() -> Iterator[Row]:
    """A large desk: smooth."""
    yield from _rows(200, SMOOTH_SECONDS)


@bench("top", limit_seconds=180)
def two_thousand() -> Iterator[Row]:
    """Ten of them: usable."""
    yield from _rows(2000, USABLE_SECONDS)
