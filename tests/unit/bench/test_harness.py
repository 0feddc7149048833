"""The harness: every benchmark runs apart, so that none can block, spoil or end the run of the others."""

from __future__ import annotations

import io
import json
import os
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from bench import harness
from bench.__main__ import write
from bench.harness import Bench, Skipped, chosen, run_all, run_apart, work
from bench.rows import Row
from bench.timing import cores, cpu_seconds, interleaved, on_core, one_by_one, rss_bytes

ROW = Row("P4", "book", "4 ms", "copy 1 ms", 4.0, 15.0)
HEAD = """
import json, os, sys, time
rows = os.fdopen(int(sys.argv[sys.argv.index("--rows-to") + 1]), "w")
def say(row): print(json.dumps(row), file=rows, flush=True)
"""


def lives(pid: str) -> bool:
    """Whether a process runs: neither gone nor a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def nothing() -> Iterator[Row]:
    yield from ()


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> dict[str, Bench]:
    registry: dict[str, Bench] = {}
    monkeypatch.setattr(harness, "pin", lambda core: None)
    monkeypatch.setattr(harness, "REGISTRY", registry)
    return registry


def worker(folder: Path, body: str, limit_seconds: float = 30.0) -> tuple[Bench, list[str]]:
    script = folder / "worker.py"
    script.write_text(HEAD + textwrap.dedent(body))
    return Bench(("P4",), "kernel.book", nothing, limit_seconds), [sys.executable, str(script)]


def test_rows_come_through_while_what_the_benchmark_prints_stays_out_of_them(tmp_path: Path) -> None:
    one = worker(tmp_path, 'print("noise"); say(dict(budget="P4", what="book", figure="4 ms", ratio=4.0, limit=15.0))')
    assert list(run_apart(*one)) == [Row("P4", "book", "4 ms", ratio=4.0, limit=15.0)]


def test_one_that_hangs_is_killed_with_its_children_and_keeps_the_rows_that_it_gave(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    one = worker(
        tmp_path,
        f"""
        import subprocess
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        open({str(pids)!r}, "w").write(f"{{os.getpid()}} {{child.pid}}")
        say(dict(budget="P4", what="first", figure="1"))
        time.sleep(600)
        """,
        limit_seconds=3.0,
    )
    rows = list(run_apart(*one))
    assert rows[0].what == "first"
    assert rows[1].failed == "not done within 3 s: killed"
    deadline = time.monotonic() + 10.0
    while any(map(lives, pids.read_text().split())):  # the killed child of a killed parent dies when it gets its turn
        assert time.monotonic() < deadline, "a child lives on"


def test_one_that_dies_says_its_exit_code_and_one_that_raises_its_reason(tmp_path: Path) -> None:
    assert [row.failed for row in run_apart(*worker(tmp_path, "sys.exit(3)"))] == ["ended with exit code 3"]
    raised = worker(tmp_path, 'say(dict(why="ValueError: no broker")); sys.exit(1)')
    assert [row.failed for row in run_apart(*raised)] == ["ValueError: no broker"]


def test_a_benchmark_is_registered_under_its_modules_and_its_own_name(registry: dict[str, Bench]) -> None:
    harness.bench("P7", limit_seconds=5.0)(nothing)
    assert registry["test_harness.nothing"] == Bench(("P7",), "test_harness.nothing", nothing, 5.0)


def test_words_choose_by_budget_or_by_name_and_keep_the_budgets_order(registry: dict[str, Bench]) -> None:
    for budgets, name in (
        (("P10",), "loop.lag"),
        (("P5", "P4"), "kernel.pool"),
        (("P4",), "kernel.book"),
        (("-",), "growth.all"),
    ):
        registry[name] = Bench(budgets, name, nothing, 1.0)
    assert [one.name for one in chosen([])] == ["kernel.book", "kernel.pool", "loop.lag", "growth.all"]
    assert [one.name for one in chosen(["p4"])] == ["kernel.book", "kernel.pool"]
    assert [one.name for one in chosen(["kernel.pool", "P10"])] == ["kernel.pool", "loop.lag"]
    with pytest.raises(LookupError, match="P99"):
        chosen(["P99"])


def in_worker(registry: dict[str, Bench], run: harness.Function) -> list[dict[str, object]]:
    registry["rows.it"] = Bench(("P6",), "rows.it", run, 1.0)
    out = io.StringIO()
    with suppress(ZeroDivisionError):
        work("rows.it", out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_worker_writes_rows_then_why_it_stopped(registry: dict[str, Bench]) -> None:
    def fails() -> Iterator[Row]:
        yield ROW
        raise ZeroDivisionError("no floor")

    row, why = in_worker(registry, fails)
    assert Row(**row) == ROW  # type: ignore[arg-type]  # as it came through the pipe
    assert why == {"why": "ZeroDivisionError: no floor"}


def test_a_peer_that_is_absent_is_a_row_with_a_word(registry: dict[str, Bench]) -> None:
    def absent() -> list[Row]:
        raise Skipped("freqtrade is not installed")

    (row,) = in_worker(registry, absent)
    assert (row["budget"], row["skipped"], row["failed"]) == ("P6", "freqtrade is not installed", "")


def test_a_run_prints_each_row_as_it_comes(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(harness, "run_apart", lambda one: iter([ROW, ROW]))
    out = io.StringIO()
    assert run_all([Bench(("P4",), "kernel.book", nothing, 7.0)], out) == [ROW, ROW]
    assert out.getvalue() == f"{ROW.line()}\n{ROW.line()}\n"
    assert "kernel.book (at most 7 s)" in capsys.readouterr().err


def test_the_file_holds_the_rows_and_no_number_that_json_has_not(tmp_path: Path) -> None:
    write(tmp_path / "rows.json", [ROW, Row("P1", "x", skipped="no broker")])
    first, second = json.loads((tmp_path / "rows.json").read_text())["rows"]
    assert (first["ratio"], first["over_budget"]) == (4.0, False)
    assert (second["ratio"], second["skipped"]) == (None, "no broker")


def test_cases_take_turns(registry: dict[str, Bench]) -> None:
    order: list[str] = []
    timings = interleaved(
        {"ours": lambda: order.append("ours"), "floor": lambda: order.append("floor")}, rounds=3, round_seconds=0.0
    )
    assert order[-6:] == ["ours", "floor"] * 3
    assert [len(timing.samples) for timing in timings.values()] == [3, 3]


def test_single_calls_are_measured_one_by_one() -> None:
    calls: list[int] = []
    assert len(one_by_one(lambda: calls.append(1), calls=4, every_seconds=1e-6).samples) == 4
    assert len(calls) == 4


def test_a_process_knows_its_memory_and_its_time() -> None:
    assert rss_bytes(os.getpid()) > 1_000_000
    assert cpu_seconds(os.getpid()) > 0.0


def test_a_worker_knows_the_cores_of_the_whole_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MARGINWATCH_BENCH_CORES", "0,3,2")
    assert cores() == (0, 3)
    monkeypatch.delenv("MARGINWATCH_BENCH_CORES")
    free = sorted(os.sched_getaffinity(0))
    assert cores() == (free[0], free[-1])
    with on_core(free[0]):
        assert os.sched_getaffinity(0) == {free[0]}
    assert sorted(os.sched_getaffinity(0)) == free
