"""A real browser before a real monitor: `marginwatch demo` as a process, Chromium as the system has it.

Whatever a page complains of is kept: errors of its scripts and of its policy, answers that failed, and each request
that left this machine. A test that uses `Tab` fails at its end if there is anything, unless it says what it expects.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # brings no types
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, Playwright, Request, Route

from tests.programs import program
from tests.unit.cli.processes import COMMAND, environment

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_SECONDS = 30.0
PATIENCE_MS = PATIENCE_SECONDS * 1000
DESKTOP, PHONE, WALL = (1400, 900), (360, 740), (3840, 2160)

#: Where pictures are written that people look at; nowhere without it.
LOOK = os.environ.get("MARGINWATCH_LOOK", "")


def free_port() -> int:
    """A port that nobody listens on, for a monitor that has to come back on the same one."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class Demo:
    """A running `marginwatch demo`; what it prints goes to a file."""

    def __init__(self, port: int, log: Path, *arguments: str) -> None:
        self.port, self.log = port, log
        self.url = f"http://127.0.0.1:{port}"
        with log.open("a") as out:
            self.process = subprocess.Popen(
                [COMMAND, "demo", "--port", str(port), *arguments], stdout=out, stderr=out, env=environment()
            )

    def ready(self) -> Demo:
        """Wait until it has read all accounts."""
        wait_until(self._is_ready, lambda: f"the demo is ready; it said {self.log.read_text()[-2000:]}")
        return self

    def _is_ready(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        try:
            with urllib.request.urlopen(self.url + "/-/ready", timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def stop(self) -> None:
        """End it as a user does."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def wait_until(holds: Callable[[], object], what: Callable[[], str]) -> None:
    """Wait for a condition; an AssertionError says `what` did not come to hold."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, what()
        time.sleep(0.05)


def chromium(playwright: Playwright) -> Browser:
    """The system's browser; skips the test where there is none."""
    return playwright.chromium.launch(executable_path=program("chromium"), args=FLAGS)


class Tab:
    """One page, and what it complained of."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url
        self.complaints: list[str] = []
        self.elsewhere: list[str] = []
        self._host = urlsplit(url).netloc
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", self._said)
        page.on("pageerror", self._failed)
        page.on("request", self._asked)

    def _said(self, said: ConsoleMessage) -> None:
        if said.type == "error":
            self.complaints.append(said.text)

    def _failed(self, error: Error) -> None:
        self.complaints.append(str(error))

    def _asked(self, asked: Request) -> None:
        if urlsplit(asked.url).netloc not in (self._host, ""):
            self.elsewhere.append(asked.url)

    def open(self, path: str = "/") -> Tab:
        """Open the page, and wait for what it says, and for the parts that it loads afterwards."""
        self.page.goto(self.url + path)
        self.page.wait_for_selector("#verdict .headline")
        self.page.wait_for_selector("#live-text:not(:text-is('connecting'))")
        for part in ("#whatif form", "#stress .heat-legend", "#detail .curve-plot"):
            self.page.wait_for_selector(part, state="attached")
        return self

    def said(self) -> dict[str, Any]:
        """What the monitor says now: the document of all pools."""
        return dict(self.page.request.get(self.url + "/api/v1/pools").json())

    def tell(self, *events: str) -> None:
        """Let the stream send these events instead, and end; whoever comes back hears them again."""
        body = "retry: 200\n\n" + "".join(f"{event}\n\n" for event in events)

        def answer(route: Route) -> None:
            route.fulfill(status=200, content_type="text/event-stream", body=body)

        self.page.route("**/api/v1/stream", answer)

    def tell_documents(self, *documents: dict[str, Any]) -> None:
        """Let the stream send these snapshots instead."""
        self.tell(*(f"event: snapshot\ndata: {json.dumps(document)}" for document in documents))

    def faults(self, *, within: str | None = None) -> list[str]:
        """What axe calls a serious or critical fault of accessibility: rule and place."""
        result = Axe().run(self.page, context=within).response
        return [
            f"{fault['id']}: {node['target']} {node.get('failureSummary', '')[:300]}"
            for fault in result["violations"]
            if fault["impact"] in ("serious", "critical")
            for node in fault["nodes"]
        ]

    def wider_than_itself(self) -> int:
        """By how many pixels the page is wider than its window: it then scrolls sideways."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))

    def picture(self, name: str) -> None:
        """Write a picture for people to look at, where there is a folder for it."""
        if LOOK:
            Path(LOOK).mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=str(Path(LOOK) / f"{re.sub('[^a-z0-9]+', '-', name)}.png"))


@contextmanager
def tab(
    browser: Browser,
    url: str,
    size: tuple[int, int] = DESKTOP,
    theme: str = "light",
    expected: str = "(?!)",
) -> Iterator[Tab]:
    """A page of its own, without memory. It must not complain of anything that `expected` does not match."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if theme == "dark" else "light",
        reduced_motion="reduce",
    )
    try:
        one = Tab(context.new_page(), url)
        yield one
        complaints = [each for each in one.complaints if not re.search(expected, each)]
        assert not complaints, complaints
        assert not one.elsewhere, f"the page asks somebody else than the monitor: {one.elsewhere}"
    finally:
        context.close()
