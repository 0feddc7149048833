"""`python -m bench [P4 P7 kernel …] [--json FILE] [--list]`: the table of all budgets, or of those named."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np

from bench.harness import REGISTRY, chosen, discover, run_all, work
from bench.rows import Row, summary

FAILED, NOT_KNOWN = 1, 2


def main(arguments: list[str] | None = None) -> int:
    """Run what is asked for. 0 also where a row is over budget (the row says it), 1 where one could not be measured."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("words", nargs="*", metavar="P4|name", help="budgets, modules or benchmarks; all without any")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the rows to a file as well")
    parser.add_argument("--list", action="store_true", help="say what there is, and run nothing")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    parser.add_argument("--rows-to", type=int, help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    if asked.worker:
        with os.fdopen(asked.rows_to, "w", encoding="utf-8") as rows_to:
            return work(asked.worker, rows_to)
    unread = discover()
    try:
        benches = chosen(asked.words)
    except LookupError as word:
        print(f"no benchmark is called {word}; there are: {', '.join(sorted(REGISTRY))}", file=sys.stderr)
        return NOT_KNOWN
    if asked.list:
        for one in benches:
            print(f"{' '.join(one.budgets):<10} {one.name}")
        return 0
    begin = time.monotonic()
    print(machine())
    for row in unread:
        print(row.line())
    rows = unread + run_all(benches, sys.stdout)
    print(summary(rows, time.monotonic() - begin))
    if asked.json:
        write(asked.json, rows)
    return FAILED if any(row.failed for row in rows) else 0


def machine() -> str:
    """What it was measured on, in one line."""
    model = platform.machine()
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    free = len(os.sched_getaffinity(0))
    return f"{model}, {free} cores, Python {platform.python_version()}, numpy {np.__version__}, {platform.release()}"


def write(file: Path, rows: list[Row]) -> None:
    """The rows as JSON, for comparing runs."""
    table = [{**asdict(row), "over_budget": row.over_budget} for row in rows]
    for row in table:
        row["ratio"] = None if row["ratio"] != row["ratio"] else row["ratio"]
    file.write_text(json.dumps({"machine": machine(), "rows": table}, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    sys.exit(main())
