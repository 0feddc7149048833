"""A demo run with its crash and faults, replayed by other processes: to the byte here, within the bound elsewhere."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from math import inf
from pathlib import Path
from typing import Any

import pytest

from monitor.app.replay import Replayer
from monitor.app.replay_bounds import BOUND_RATIO, Bounds
from monitor.app.replay_findings import Findings
from monitor.app.replay_settings import configured, strangers
from monitor.domain.view import Surroundings
from monitor.outputs.journal import reader
from monitor.outputs.journal.records import Baseline, Run, Step
from monitor.outputs.journal.segment import Damage
from monitor.outputs.journal.standing import Standing
from monitor.sim.binance.brackets import of as brackets_of
from monitor.sim.binance.server import SimBinance
from tests.e2e.harness import CADENCE, daemon, write_config
from tests.unit.cli.processes import COMMAND, environment

Json = dict[str, Any]


def elsewhere() -> dict[str, str]:
    """The environment of a processor that has nothing but what numpy is built for, nor anything for the C library."""
    dispatched: list[str] = import_module("numpy._core._multiarray_umath").__cpu_dispatch__
    return {
        "NPY_DISABLE_CPU_FEATURES": " ".join(dispatched),
        "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX512F,-AVX2,-AVX2_Usable,-FMA,-FMA_Usable,-FMA4",
        "OPENBLAS_CORETYPE": "Prescott",
    }


def features_of(more: Mapping[str, str]) -> set[str]:
    """What numpy finds in a process with this environment."""
    script = (
        "from numpy._core import _multiarray_umath as u\n"
        "print(*(name for name in u.__cpu_dispatch__ if u.__cpu_features__.get(name)))"
    )
    python = str(Path(COMMAND).parent / "python")
    done = subprocess.run([python, "-c", script], env=environment(more), capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def marginwatch(*arguments: str, more: Mapping[str, str] | None = None, within: float = 90.0) -> tuple[int, str]:
    """Run a command to its end: its exit code and what it printed."""
    done = subprocess.run(
        [COMMAND, *arguments], env=environment(more), capture_output=True, text=True, timeout=within, check=False
    )
    assert done.stderr == "", done.stderr
    return done.returncode, done.stdout


def printed(folder: Path, *options: str, more: Mapping[str, str] | None = None) -> str:
    """What a replay prints in a process of its own, which must find nothing that differs by more than it may."""
    code, out = marginwatch("replay", str(folder), "--json", *options, more=more)
    assert code == 0, out[-2000:]
    return re.sub(r'"took_seconds": [^,]*, ', "", out)


def replayed(folder: Path, *options: str, more: Mapping[str, str] | None = None) -> list[Json]:
    """The same, read."""
    return [json.loads(line) for line in printed(folder, *options, more=more).splitlines()]


def told(lines: Sequence[Json]) -> list[tuple[Any, ...]]:
    """The changes of alerts, without their figures."""
    changes = [line for line in lines if line["type"] == "alert" and line["side"] != "recorded"]
    return [
        (line["step"], line["change"], line["alert"]["rule"], line["alert"]["severity"], line["alert"]["labels"])
        for line in changes
    ]


def reports(lines: Sequence[Json]) -> dict[tuple[int, str], Json]:
    """The reports by step and account."""
    found = [line for line in lines if line["type"] == "report"]
    return {(line["step"], line["report"]["account"]): line["report"] for line in found}


def lines_of(pool: Json) -> Iterator[tuple[str, Json]]:
    """Every liquidation line of a pool, with a name."""
    for coin, sides in (*pool["coins"].items(), *pool["depegs"].items(), ("market", pool["market"])):
        for direction, line in sides.items():
            yield f"{coin} {direction}", line
    for position in pool["positions"]:
        yield f"{position['symbol']} {position['side']}", position["liquidation"]


def bounds_of(pool: Json) -> Bounds:
    """The bounds of a pool's figures as its JSON form tells them."""
    equity, maintenance = pool["equity_usd"], pool["maintenance_margin_usd"]
    profits = sum(abs(position["unrealized_pnl_usd"] or 0.0) for position in pool["positions"])
    usd = 2.0 * BOUND_RATIO * (abs(equity) + maintenance + 2.0 * (pool["gross_notional_usd"] + profits))
    return Bounds(usd, (1.0 + maintenance / equity) * usd / equity if equity > 0.0 else inf, equity, maintenance)


def compare(here: Json, there: Json) -> tuple[int, list[str]]:
    """Every figure and line of one report on two processors: how many there are, and which lie outside the bound."""
    count = 0
    faults: list[str] = []
    assert [pool["pool"] for pool in here["pools"]] == [pool["pool"] for pool in there["pools"]]
    for ours, theirs in zip(here["pools"], there["pools"], strict=True):
        if None in (ours["equity_usd"], ours["maintenance_margin_usd"]):
            assert ours["equity_usd"] is theirs["equity_usd"] is None or theirs["maintenance_margin_usd"] is None
            continue
        limits = bounds_of(ours)
        for figure in ("equity_usd", "maintenance_margin_usd"):
            count += 1
            if abs(ours[figure] - theirs[figure]) > limits.usd:
                faults.append(f"{ours['pool']} {figure}: {ours[figure]} and {theirs[figure]}")
        for (name, line), (_, other) in zip(lines_of(ours), lines_of(theirs), strict=True):
            count += 1
            if line["state"] != other["state"]:
                faults.append(f"{ours['pool']} {name}: {line} and {other}")
            elif line["state"] == "at":
                apart = abs(line["distance_ratio"] - other["distance_ratio"])
                if apart > limits.distance(line["distance_ratio"]):
                    faults.append(f"{ours['pool']} {name}: {line} and {other}")
    return count, faults


def health(pool: Json, symbol: str, price: float) -> tuple[float, float]:
    """Health of a pool in one asset with one price moved, and the sum of its absolute terms, in that asset.

    By the venue's formula: wallet + sum of q (P - entry) - maintenance by the venue's brackets.
    """
    legs = pool["positions"]
    usd = legs[0]["notional_usd"] / (abs(legs[0]["quantity"]) * legs[0]["mark_price"])
    profits = sum(leg["quantity"] * (leg["mark_price"] - leg["entry_price"]) for leg in legs)
    wallet = pool["equity_usd"] / usd - profits
    total, absolute = wallet, abs(wallet)
    for leg in legs:
        mark = price if leg["symbol"] == symbol else leg["mark_price"]
        notional = abs(leg["quantity"]) * mark
        rows = [row for row in brackets_of(leg["symbol"]) if row.floor <= notional] or [brackets_of(leg["symbol"])[0]]
        maintenance = notional * rows[-1].rate - rows[-1].cum
        total += leg["quantity"] * (mark - leg["entry_price"]) - maintenance
        absolute += notional + abs(leg["quantity"]) * leg["entry_price"] + notional * rows[-1].rate + rows[-1].cum
    return total, absolute


def crossings(report: Json) -> Iterator[tuple[str, float]]:
    """|health| at each position line over the sum of its terms, for pools whose formula is the one above."""
    for pool in report["pools"]:
        plain = report["venue"] == "binance" and pool["pool"].startswith(("cross:", "isolated:"))
        if plain and pool["equity_usd"] is not None:
            for position in pool["positions"]:
                line = position["liquidation"]
                if line["state"] == "at":
                    left, absolute = health(pool, position["symbol"], line["price"])
                    yield f"{pool['pool']} {position['symbol']}", abs(left) / absolute


def record_demo(folder: Path, seconds: float, *options: str) -> None:
    long = ("--seconds", str(seconds), *options)
    code, out = marginwatch("demo", *long, "--port", "0", "--journal", str(folder), within=seconds + 60.0)
    assert code == 0
    for happened in ("The market falls", "connection to Binance is lost", "FIRED critical", "STALE", "RESOLVED"):
        assert happened in out, "a run without its crash and faults would show nothing"


def check_from_the_middle(folder: Path, places: int) -> None:
    """Replay the rest of a run from the facts that stood at several moments: no figure differs, nor any alert later."""
    records = [each for each in reader.read(folder, kinds=reader.REPLAYED) if not isinstance(each, Damage)]
    run, standing = records[0], Standing()
    assert isinstance(run, Run)
    steps = [each for each in records if isinstance(each, Step)]
    chosen = {steps[len(steps) * part // (places + 1)].number for part in range(1, places + 1)}
    around: Surroundings | None = None
    for index, each in enumerate(records):
        if isinstance(each, Step):
            if each.number in chosen:
                head = Baseline(at=each.now, after=each.number - 1, events=standing.events(), around=around)
                findings = Findings()
                for item in Replayer(configured, strangers).items([replace(run, segment=2), head, *records[index:]]):
                    findings.take(item)
                assert findings.steps == len(steps) - each.number + 1
                assert findings.figures.compared > 100
                assert findings.figures.differences == {}
                assert findings.differences == []
            standing.see(each.events)
            around = each.around or around


def check(folder: Path) -> None:
    """Replay a demo's journal here, to the byte, and elsewhere, within the bound."""
    texts = [printed(folder, "--reports", more={"PYTHONHASHSEED": seed}) for seed in ("1", "2")]
    assert texts[0] == texts[1], "to the order of what is told at one time"
    here = [json.loads(line) for line in texts[0].splitlines()]
    (run,) = [line for line in here if line["type"] == "run"]
    summary = here[-1]
    assert (run["exact"], run["strangers"]) == (True, [])
    assert (summary["identical"], summary["missing_steps"], summary["without_outcome"]) == (True, 0, 0)
    assert summary["identical_steps"] == summary["compared_exactly"] == summary["steps"] > 50
    assert summary["alert_changes"] == summary["recorded_alert_changes"] > 10
    assert {line["side"] for line in here if line["type"] == "alert"} == {"both"}
    assert [line["cleanly"] for line in here if line["type"] == "end"] == [True]

    assert features_of(elsewhere()) == set(), "numpy was told to use none of them"
    there = replayed(folder, "--reports", more=elsewhere() | {"PYTHONHASHSEED": "2"})
    assert there[-1]["figures"]["differences"] == []
    assert there[-1]["alert_differences"] == 0
    assert told(here) == told(there) or any(line.get("excused") for line in there)
    ours, theirs = reports(here), reports(there)
    assert ours.keys() == theirs.keys()
    count = 0
    faults: list[str] = []
    plain: list[tuple[str, float]] = []
    for key, report in ours.items():
        more, wrong = compare(report, theirs[key])
        count, faults = count + more, faults + wrong
        plain += [*crossings(report), *crossings(theirs[key])]
    assert faults == []
    assert count > 1000
    assert len(plain) > 200
    assert max(plain, key=lambda each: each[1])[1] <= BOUND_RATIO
    print(f"\n{count} figures and lines on two kinds of processor, {len(plain)} lines plugged back in")
    if features_of({}):
        assert any("another kind of processor" in words for line in there for words in line.get("strangers", ()))


def test_a_demo_with_its_crash_and_faults_is_repeated_to_the_byte_and_elsewhere_within_the_bound(
    tmp_path: Path,
) -> None:
    record_demo(tmp_path / "journal", 28.0)
    check(tmp_path / "journal")
    check_from_the_middle(tmp_path / "journal", places=2)


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_the_whole_story_of_the_demo_is_repeated(tmp_path: Path) -> None:
    record_demo(tmp_path / "journal", 140.0)
    check(tmp_path / "journal")
    check_from_the_middle(tmp_path / "journal", places=10)


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_an_hour_of_trades_crashes_and_mishaps_in_three_minutes_is_repeated(tmp_path: Path) -> None:
    record_demo(tmp_path / "journal", 180.0, "--speed", "20")
    check(tmp_path / "journal")
    check_from_the_middle(tmp_path / "journal", places=10)


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_every_line_satisfies_the_bound_of_the_kernel_on_the_plainest_processor() -> None:
    """The kernel's own properties, against exact fractions, without any of the processor's later features."""
    python = str(Path(COMMAND).parent / "python")
    done = subprocess.run(
        [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/properties", "tests/shapes"],
        env=environment(elsewhere()),
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0, done.stdout[-3000:]


JOURNAL = """
[journal]
directory = "{folder}"
segment_bytes = 65536
segment_seconds = 3.0
max_bytes = 1000000000
"""


async def test_a_killed_daemon_leaves_a_journal_that_is_replayed_to_its_torn_end(tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    async with SimBinance(cadence=CADENCE) as sim:
        account = sim.add_account("main", wallets={"USDT": 20_000.0})
        account.trade("BTCUSDT", 1.0)
        config = write_config(tmp_path, sim, [account], JOURNAL.format(folder=folder))
        async with daemon(config) as running:
            await asyncio.sleep(7.0)
            account.trade("ETHUSDT", 10.0)
            await asyncio.sleep(2.0)
            running.process.send_signal(signal.SIGKILL)
            await running.process.wait()
    heads = [segment.head for segment in reader.segments(folder) if segment.head is not None]
    assert len(heads) >= 3, "it went over several segments"
    whole = await asyncio.to_thread(replayed, folder)
    assert whole[-1]["identical"]
    assert [line["cleanly"] for line in whole if line["type"] == "end"] == [False]

    late = heads[-2]  # the last may hold nothing yet
    middle = await asyncio.to_thread(replayed, folder, "--from", iso(late.began + 0.5))
    (run,) = [line for line in middle if line["type"] == "run"]
    assert not run["whole"]
    assert middle[-1]["figures"]["compared"] > 0
    assert middle[-1]["same"]

    code, out = await asyncio.to_thread(marginwatch, "replay", str(folder), "--from", iso(late.began), "--whole")
    assert code == 0
    assert re.search(r"^identical: \d+ steps", out, re.M)


def iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()
