"""P7: what a scrape costs its reader, and how long it holds up the loop that serves it."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Iterator, Sequence
from statistics import median
from subprocess import PIPE

import uvloop

from bench.harness import Row, bench, bounded, seconds_text
from bench.loop_ticker import Ticker
from bench.scrape_client import Answer, read
from bench.timing import cores, on_core, settled
from monitor.domain.view import View
from monitor.outputs.prometheus import Exposition
from monitor.web.server import serve
from tests.sample_reports import many_positions

BUDGETS = {10_000: (0.015, 0.002), 100_000: (0.120, 0.003)}  #: series: (seconds of a scrape, seconds of a stall)
LEGS_PER_POOL = 20
TIMES = 15
AT_ONCE = 5


class ReadyMade:
    """The same text, rendered beforehand: what only the server, the socket and the reader cost."""

    def __init__(self, blocks: Sequence[bytes]) -> None:
        self._blocks = blocks

    def blocks(self, view: View) -> Iterator[bytes]:
        """All blocks, whatever the view."""
        del view
        return iter(self._blocks)


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def of_series(count: int) -> tuple[View, list[bytes]]:
    """A view of about so many series, and its text."""
    legs = count
    for _ in range(2):
        shown = many_positions(legs, LEGS_PER_POOL)
        blocks = list(Exposition(rules=("margin_ratio",)).blocks(shown))
        lines = sum(1 for line in b"".join(blocks).splitlines() if not line.startswith(b"#"))
        legs = legs * count // lines
    return shown, blocks


async def fetched(*urls: str, times: int, at_once: int = 1) -> list[Answer]:
    """What a scraper on the other core met, without its first round."""
    with on_core(cores()[0]):
        command = (sys.executable, "-m", "bench.scrape_client", *urls, "--times", str(times + 1), "--every", "0.02")
        client = await asyncio.create_subprocess_exec(*command, "--at-once", str(at_once), stdout=PIPE)
    out, _ = await client.communicate()
    if client.returncode:
        raise RuntimeError(f"the scraper ended with {client.returncode}")
    return [read(line) for line in out.decode().splitlines()][len(urls) * at_once :]


async def _measured(shown: View, blocks: Sequence[bytes]) -> tuple[list[Answer], list[Answer], Ticker, list[Answer]]:
    """Scrapes of the view, of its text ready-made, how late the loop was, and scrapes that came several at once."""
    ours = await serve(lambda: shown, Exposition(rules=("margin_ratio",)), "127.0.0.1", 0)
    ready = await serve(lambda: shown, ReadyMade(blocks), "127.0.0.1", 0)
    ticker = Ticker()
    ticking = asyncio.create_task(ticker.run())
    try:
        with settled():
            found = await fetched(f"{ours.url}/metrics", f"{ready.url}/metrics", times=TIMES)
            crowd = await fetched(f"{ours.url}/metrics", times=3, at_once=AT_ONCE)
    finally:
        ticking.cancel()
        await ours.close()
        await ready.close()
    by_url = {url: [answer for answer in found if answer.url.startswith(url)] for url in (ours.url, ready.url)}
    return by_url[ours.url], by_url[ready.url], ticker, crowd


def quiet(ticker: Ticker, answers: Sequence[Answer]) -> float:
    """The median of the worst lateness in the pauses between answers."""
    pauses = zip((one.end for one in answers), (one.begin for one in answers[1:]), strict=False)
    return median(ticker.worst(begin, end) for begin, end in pauses)


def _rows(count: int) -> Iterator[Row]:
    ours, ready, ticker, crowd = uvloop.run(_measured(*of_series(count)))
    budget_seconds, budget_stall = BUDGETS[count]
    took = median(answer.seconds for answer in ours)
    bare = median(answer.seconds for answer in ready)
    ratio = median(a.seconds / b.seconds for a, b in zip(ours, ready, strict=True))
    yield bounded(
        "P7",
        f"scrape of {count:,} series over HTTP",
        took,
        budget_seconds,
        floor=f"the same bytes ready-made {seconds_text(bare)}",
        times=ratio,
    )
    stalls = [ticker.worst(answer.begin, answer.end) for answer in ours]
    idle = quiet(ticker, sorted((*ours, *ready), key=lambda answer: answer.begin))
    yield bounded(
        "P7",
        f"loop stall while {count:,} series are scraped",
        median(stalls),
        budget_stall,
        floor=f"the loop at rest {seconds_text(idle)}",
        times=median(stalls) / idle if idle else float("nan"),
    )
    together = median(ticker.worst(answer.begin, answer.end) for answer in crowd)
    yield bounded("P7", f"the same with {AT_ONCE} scrapers at once", together, budget_stall)


@bench("P7", limit_seconds=20)
def ten_thousand() -> Iterator[Row]:
    """The size of a fund."""
    yield from _rows(10_000)


@bench("P7", limit_seconds=40)
def hundred_thousand() -> Iterator[Row]:
    """The size of a prime broker."""
    yield from _rows(100_000)


@bench("P7", limit_seconds=40)
def documents() -> Iterator[Row]:
    """The API's document and the page."""
    shown = many_positions(10_000, LEGS_PER_POOL)

    async def measured() -> list[tuple[str, float, float]]:
        server = await serve(lambda: shown, Exposition(), "127.0.0.1", 0)
        ticker = Ticker()
        ticking = asyncio.create_task(ticker.run())
        found = []
        try:
            with settled():
                for path in ("/api/v1/pools", "/"):
                    answers = await fetched(server.url + path, times=5)
                    stall = median(ticker.worst(answer.begin, answer.end) for answer in answers)
                    found.append((path, median(answer.seconds for answer in answers), stall))
        finally:
            ticking.cancel()
            await server.close()
        return found

    for path, took, stall in uvloop.run(measured()):
        what = f"loop stall while {path} of 10,000 legs is fetched"
        yield bounded("P7", what, stall, 0.003, floor=f"the answer takes {seconds_text(took)}")
