"""A scraper in a process of its own: `python -m bench.scrape_client URL … --times N [--every SECONDS] [--at-once N]`.

Fetches the addresses in turn over kept connections and writes a line of JSON for each answer: which address, when it
was asked, when its last byte had come (seconds of the monotonic clock, which all processes share), and its size.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from http.client import HTTPConnection
from threading import Barrier, Lock, Thread
from urllib.parse import urlsplit

PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer. Times are those of the monotonic clock, `size` is in bytes."""

    url: str
    begin: float
    end: float
    size: int

    @property
    def seconds(self) -> float:
        """From the question to the last byte."""
        return self.end - self.begin


def read(text: str) -> Answer:
    """A line that this program wrote."""
    return Answer(**json.loads(text))


def answers(urls: list[str], times: int, every_seconds: float) -> Iterator[Answer]:
    """Ask each address `times` times, in turn, a round each `every_seconds`. RuntimeError for anything but 200."""
    parts = [urlsplit(url) for url in urls]
    connections = [HTTPConnection(part.hostname or "", part.port) for part in parts]
    due = time.monotonic()
    for _ in range(times):
        for url, part, connection in zip(urls, parts, connections, strict=True):
            begin, size = time.monotonic(), 0
            connection.request("GET", part.path)
            answer = connection.getresponse()
            if answer.status != 200:
                raise RuntimeError(f"{url} answers {answer.status}")
            while piece := answer.read(PIECE):
                size += len(piece)
            yield Answer(url, begin, time.monotonic(), size)
        due = max(due + every_seconds, time.monotonic())
        time.sleep(max(0.0, due - time.monotonic()))


def main() -> None:
    """The program."""
    parser = argparse.ArgumentParser()
    parser.add_argument("urls", nargs="+")
    parser.add_argument("--times", type=int, required=True)
    parser.add_argument("--every", type=float, default=0.0)
    parser.add_argument("--at-once", type=int, default=1)
    asked = parser.parse_args()
    together, one_line = Barrier(asked.at_once), Lock()

    def ask() -> None:
        together.wait()
        for answer in answers(asked.urls, asked.times, asked.every):
            with one_line:
                print(json.dumps(asdict(answer)), flush=True)

    threads = [Thread(target=ask) for _ in range(asked.at_once)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
