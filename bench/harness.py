"""Rows and their registry: what a benchmark says, how it is judged, and how it is run so that it cannot block the rest.

A benchmark is a function that yields rows, in a module of this package:

    @bench("P7", limit_seconds=60)
    def scrape() -> Iterator[Row]:
        yield compared("P7", "scrape of 10,000 series", ours, "one orjson.dumps", floor, limit=4.0)

Each function runs in a process of its own, pinned to one core (`bench.timing.cores`); what it prints goes to stderr.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import TextIO

import bench as package
from bench.rows import Row, bounded, bytes_text, compared, seconds_text, summary
from bench.timing import CORES, all_cores, cores, pin
from monitor.app import logging

__all__ = [
    "Row",
    "Skipped",
    "bench",
    "bounded",
    "bytes_text",
    "compared",
    "seconds_text",
    "summary",
]

LIMIT_SECONDS = 60.0


class Skipped(Exception):
    """A peer or a program is absent; the message says which, and what installs it."""


Function = Callable[[], Iterable[Row]]


@dataclass(frozen=True, slots=True)
class Bench:
    """A registered function: the budgets that its rows speak of, and how long it may take."""

    budgets: tuple[str, ...]
    name: str
    run: Function
    limit_seconds: float

    @property
    def order(self) -> tuple[int, str]:
        """By the number of its first budget; those without one come last."""
        digits = self.budgets[0].removeprefix("P")
        return (int(digits) if digits.isdigit() else 99, self.name)


REGISTRY: dict[str, Bench] = {}


def bench(*budgets: str, limit_seconds: float = LIMIT_SECONDS) -> Callable[[Function], Function]:
    """Register a function whose rows speak of these budgets. After `limit_seconds` it is killed with its children."""

    def register(function: Function) -> Function:
        name = f"{function.__module__.rpartition('.')[2]}.{function.__name__}"
        REGISTRY[name] = Bench(budgets, name, function, limit_seconds)
        return function

    return register


def discover() -> list[Row]:
    """Import all modules of this package. Those that cannot be imported come back as rows that failed."""
    failed = []
    for module in pkgutil.iter_modules(package.__path__):
        if module.name == "__main__":
            continue
        try:
            importlib.import_module(f"{package.__name__}.{module.name}")
        except ImportError as error:
            failed.append(Row("-", f"bench/{module.name}.py", failed=f"cannot be imported: {error}"))
    return failed


def chosen(words: Sequence[str]) -> list[Bench]:
    """What to run, in order: all, or those whose budget (P4) or name (kernel, kernel.book) is given.

    LookupError for a word that chooses nothing.
    """
    found = []
    for word in words:
        fits = [one for one in REGISTRY.values() if word.upper() in one.budgets or word.lower() in one.name.lower()]
        if not fits:
            raise LookupError(word)
        found += fits
    return sorted(
        {one.name: one for one in (found if words else REGISTRY.values())}.values(), key=lambda one: one.order
    )


def run_apart(one: Bench, command: Sequence[str] | None = None) -> Iterator[Row]:
    """Run a benchmark in a process of its own and pass on its rows as they come.

    One that fails, or is not done in time (it is killed then, with what it started), ends in a row that says so.
    """
    read, write = os.pipe()
    worker = subprocess.Popen(
        [*(command or (sys.executable, "-m", "bench")), "--worker", one.name, "--rows-to", str(write)],
        stdout=sys.stderr,
        stdin=subprocess.DEVNULL,
        pass_fds=(write,),
        env={**os.environ, CORES: all_cores()},
        start_new_session=True,
    )
    os.close(write)
    late = threading.Event()

    def stop() -> None:
        late.set()
        _kill(worker)

    timer = threading.Timer(one.limit_seconds, stop)
    timer.start()
    why = ""
    try:
        with os.fdopen(read, encoding="utf-8") as rows:
            for text in rows:
                said = json.loads(text)
                if "why" in said:
                    why = said["why"]
                else:
                    yield Row(**said)
        os.waitid(os.P_PID, worker.pid, os.WEXITED | os.WNOWAIT)  # not reaped: its group keeps its number until killed
    finally:
        timer.cancel()
        _kill(worker)
        code = worker.wait()
    if late.is_set():
        yield Row(one.budgets[0], one.name, failed=f"not done within {one.limit_seconds:g} s: killed")
    elif why or code:
        yield Row(one.budgets[0], one.name, failed=why or f"ended with exit code {code}")


def _kill(worker: subprocess.Popen[bytes]) -> None:
    """End the worker and all that it started: they are the process group of their own that the worker leads."""
    with suppress(ProcessLookupError):
        os.killpg(worker.pid, signal.SIGKILL)


def work(name: str, rows_to: TextIO) -> int:
    """Inside the worker: run one benchmark and write its rows as lines of JSON."""
    importlib.import_module(f"{package.__name__}.{name.partition('.')[0]}")
    one = REGISTRY[name]
    pin(cores()[1])
    logging.configure("error")  # a table of figures is no place for what the measured daemon says
    try:
        for row in one.run():
            print(json.dumps(asdict(row)), file=rows_to, flush=True)
    except Skipped as reason:
        print(json.dumps(asdict(Row(one.budgets[0], one.name, skipped=str(reason)))), file=rows_to, flush=True)
    except Exception as error:
        print(json.dumps({"why": f"{type(error).__name__}: {error}"}), file=rows_to, flush=True)
        raise
    return 0


def progress(text: str) -> None:
    """Tell whoever waits what is going on."""
    print(f"… {text}", file=sys.stderr, flush=True)


def run_all(benches: Sequence[Bench], out: TextIO) -> list[Row]:
    """Run one after the other and print the rows as they come."""
    rows = []
    for one in benches:
        progress(f"{one.name} (at most {one.limit_seconds:g} s)")
        begin = time.monotonic()
        for row in run_apart(one):
            print(row.line(), file=out, flush=True)
            rows.append(row)
        progress(f"{one.name} took {time.monotonic() - begin:.1f} s")
    return rows
