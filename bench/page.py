"""What the live page costs a browser: how long its frames take while every pool changes four times a second.

The floor is the same browser scrolling a page of as many plain lines that never change.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from copy import deepcopy
from itertools import cycle
from pathlib import Path
from typing import Any

from aiohttp import web
from playwright.sync_api import Page, sync_playwright

from bench.harness import Row, Skipped, bench, bounded, seconds_text
from bench.timing import cores, percentile
from monitor.domain.schema import view_json
from tests.sample_reports import many_positions

ASSETS = Path(__file__).resolve().parent.parent / "monitor" / "web" / "assets"
SMOOTH_SECONDS = 0.050  #: a frame at 200 pools, as promised
CHANGES_A_SECOND = 4
ROUNDS = 8  #: different changes, sent in turn
WATCH_SECONDS = 6.0
ENOUGH_FRAMES = 100
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]

#: Scrolls for some seconds, and answers how long each frame took, in milliseconds.
FRAMES = """(seconds) => new Promise((resolve) => {
  const all = []; let last = null; const begin = performance.now(); let down = true;
  const turn = (now) => {
    if (last !== null) all.push(now - last);
    last = now;
    const lowest = document.documentElement.scrollHeight - innerHeight - 1;
    if (scrollY >= lowest) down = false; else if (scrollY <= 0) down = true;
    scrollBy(0, down ? 12 : -12);
    if (now - begin < seconds * 1000) requestAnimationFrame(turn); else resolve(all);
  };
  requestAnimationFrame(turn);
})"""


def documents(pools: int) -> tuple[str, list[str]]:
    """A snapshot of so many pools, and changes in which each of them stands somewhere else."""
    whole: dict[str, Any] = json.loads(json.dumps(view_json(many_positions(pools, 1))))
    changes = []
    for number in range(ROUNDS):
        accounts = deepcopy(whole["accounts"])
        for account in accounts:
            for place, pool in enumerate(account["pools"]):
                _moved(pool, 1.0 + 0.02 * ((number * 7 + place) % 11 - 5))
        changes.append(json.dumps({"at": whole["at"] + number, "accounts": accounts}))
    return json.dumps(whole), changes


def _moved(pool: dict[str, Any], factor: float) -> None:
    """Change what a move of the price changes."""
    if "value" in pool["margin_ratio"]:
        pool["margin_ratio"]["value"] *= factor
    if pool["equity_usd"] is not None:
        pool["equity_usd"] /= factor
    for sides in (*pool["coins"].values(), pool["market"]):
        for line in sides.values():
            if "distance_ratio" in line:
                line["distance_ratio"] /= factor


class Served:
    """The page's files and a stream that never rests, from a thread of its own."""

    def __init__(self, pools: int) -> None:
        self._snapshot, self._changes = documents(pools)
        self._plain = "<!doctype html><title>plain</title>" + "<div>a line that never changes</div>" * pools * 3
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._listening = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    @contextmanager
    def running(self) -> Iterator[str]:
        """Its address."""
        self._thread.start()
        self._listening.wait(30)
        try:
            yield f"http://127.0.0.1:{self.port}"
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(10)

    def _run(self) -> None:
        self._loop.run_until_complete(self._listen())
        self._loop.run_forever()

    async def _listen(self) -> None:
        app = web.Application()
        app.add_routes(
            [
                web.get("/", lambda _: _file(ASSETS / "live.html")),
                web.get("/plain", self._plain_page),
                web.get("/assets/{path:.+}", lambda request: _file(ASSETS / request.match_info["path"])),
                web.get("/api/v1/stream", self._stream),
                web.get("/api/v1/{other:.+}", _nothing),
            ]
        )
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.port = runner.addresses[0][1]
        self._listening.set()

    async def _plain_page(self, _: web.Request) -> web.Response:
        return web.Response(text=self._plain, content_type="text/html")

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(f"event: snapshot\ndata: {self._snapshot}\n\n".encode())
        with suppress(ConnectionError):  # the page is closed
            for change in cycle(self._changes):
                await asyncio.sleep(1 / CHANGES_A_SECOND)
                await response.write(f"event: change\ndata: {change}\n\n".encode())
        return response


async def _file(path: Path) -> web.FileResponse:
    return web.FileResponse(path)


async def _nothing(_: web.Request) -> web.Response:
    return web.json_response({}, status=404)


def frames(page: Page, address: str, wait_for: str) -> list[float]:
    """Seconds of each frame while the page is scrolled."""
    page.goto(address)
    page.wait_for_selector(wait_for)
    page.wait_for_timeout(1000)
    found: list[float] = []
    for _ in range(10):
        found += [milliseconds / 1000 for milliseconds in page.evaluate(FRAMES, WATCH_SECONDS)]
        if len(found) >= ENOUGH_FRAMES:
            break
    return found


def _rows(pools: int, limit_seconds: float | None) -> Iterator[Row]:
    path = shutil.which("chromium")
    if path is None:
        raise Skipped("chromium (sudo apt-get install --no-install-recommends chromium)")
    os.sched_setaffinity(0, set(cores()))  # a browser is many processes, and uses what there is
    with Served(pools).running() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        try:
            page = browser.new_page(viewport={"width": 1400, "height": 900})
            ours = frames(page, url + "/", "#pools [role=option]")
            heap = page.evaluate("performance.memory?.usedJSHeapSize ?? 0")
            floor = frames(page, url + "/plain", "div")
        finally:
            browser.close()
    for part, name in ((0.5, "the middle frame"), (0.99, "99 of 100 frames within")):
        took, least = percentile(ours, part), percentile(floor, part)
        what, beside = f"page, {pools:,} pools, 4 changes/s: {name}", f"plain lines {seconds_text(least)}"
        if limit_seconds is None or part == 0.5:
            yield Row("page", what, seconds_text(took), beside, took / least)
        else:
            yield bounded("page", what, took, limit_seconds, floor=beside, times=took / least)
    yield Row("page", f"page, {pools:,} pools: memory of its scripts", f"{heap / 1e6:.0f} MB")


@bench("page", limit_seconds=180)
def two_hundred() -> Iterator[Row]:
    """A large desk: smooth."""
    yield from _rows(200, SMOOTH_SECONDS)


@bench("page", limit_seconds=240)
def two_thousand() -> Iterator[Row]:
    """Ten of them on one page: usable."""
    yield from _rows(2000, None)
