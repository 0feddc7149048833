"""A real demo with a crash, scraped by a real Prometheus: every panel has data, and is drawn with Grafana's components.

Run by hand: `pytest -m system tests/grafana/test_demo.py` (some five minutes, most of them waiting for the story).
MARGINWATCH_PICTURES=DIR keeps the pictures: look at them. MARGINWATCH_NODE_MODULES=DIR spares installing from npm.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.grafana.boards import FOLDER, NAMES, PLACES, all_panels, filled, titled
from tests.grafana.fixed import Prometheus, serving
from tests.programs import ROOT, program

pytestmark = [pytest.mark.system, pytest.mark.timeout(2400)]
PATIENCE_SECONDS = 600.0
SETTLED_SECONDS = 12.0  #: after that no scrape that was under way can change what was known at a moment
SCRAPE = """
global: {{scrape_interval: 5s}}
scrape_configs: [{{job_name: marginwatch, static_configs: [{{targets: ['{}']}}]}}]
"""
CHOSEN = {"account": "main", "symbol": "BTCUSDT", "group": "basis"}
LOOK = ROOT / "tests" / "grafana" / "look"
EXPRESSIONS = [(titled(name, panel), target["expr"]) for name, panel in all_panels() for target in panel["targets"]]


class Run(NamedTuple):
    """What was recorded, and when."""

    prometheus: Prometheus
    start: float
    end: float


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """The demo until its crash is over, and what is asked for has been seen."""
    folder = tmp_path_factory.mktemp("demo")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    start = time.time()
    log = folder / "demo.log"
    command = [sys.executable, "-m", "tests.grafana.scene", "--port", str(port), "--folder", str(folder)]
    with (
        log.open("w") as out,
        subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=out) as demo,
        serving(folder, SCRAPE.format(f"127.0.0.1:{port}")) as prometheus,
    ):
        try:
            until(lambda: crashed(prometheus), f"the crash; see {log}")
            until(lambda: not silent(prometheus, start), "every panel to have something to show")
            moment = time.time()
            while not calm(prometheus, moment):
                assert time.time() < start + 3 * PATIENCE_SECONDS, "waited in vain for a moment that can be drawn"
                time.sleep(2.0)
                moment = time.time() - SETTLED_SECONDS
            yield Run(prometheus, start, moment)
        finally:
            demo.send_signal(signal.SIGINT)
            demo.wait(timeout=60)


def until(true: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(2.0)


def crashed(prometheus: Prometheus) -> bool:
    """A pool came near liquidation, an alert said so, and a hedge was no longer what it should be."""
    now = time.time()
    return all(
        prometheus.ask(query, at=now)
        for query in (
            "max(max_over_time(marginwatch_pool_margin_ratio[20m])) > 0.8",
            'marginwatch_alert_transitions_total{rule="margin_ratio",change="fired"} > 0',
            'max(max_over_time(marginwatch_group_hedge_state{state=~"near|shrank|broken"}[20m])) > 0',
        )
    )


def calm(prometheus: Prometheus, moment: float) -> bool:
    """The monitor answered (a busy machine may miss a scrape), and what is known of the account may be shown."""
    known = 'min(up) == 1 and count(marginwatch_account_margin_ratio{account="main"} < 1)'
    return moment < time.time() - SETTLED_SECONDS + 1.0 and prometheus.ask(known, at=moment) != []


def silent(prometheus: Prometheus, start: float) -> list[str]:
    """Panels of which a query had no answer at any time of the run."""
    end = time.time()
    window = {"start": str(start), "end": str(end), "step": "5"}
    found = []
    for name, expression in EXPRESSIONS:
        if any(word in expression for word in PLACES):
            continue
        query = filled(expression, **CHOSEN, __range=f"{int(end - start)}s")
        if not prometheus.get("query_range", query=query, **window)["result"]:
            found.append(name)
    return found


def test_every_query_of_every_panel_had_data_in_the_run(run: Run) -> None:
    assert silent(run.prometheus, run.start) == []


def test_the_crash_is_in_what_the_overview_shows(run: Run) -> None:
    ratio = "max_over_time(max(marginwatch_pool_margin_ratio)[20m:5s])"
    [(_, most)] = run.prometheus.ask(ratio, at=run.end)
    [(_, nearest)] = run.prometheus.ask(
        "min_over_time(min(marginwatch_pool_market_distance_ratio)[20m:5s])", at=run.end
    )

    assert most > 0.8
    assert nearest < 0.05


@pytest.fixture(scope="module")
def look(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small program that draws, built; skips where npm, node, Chromium or the packages cannot be had."""
    for name in ("npm", "node", "chromium"):
        program(name)
    folder = tmp_path_factory.mktemp("look") / "look"
    shutil.copytree(LOOK, folder, ignore=shutil.ignore_patterns("node_modules", "dist"))
    if installed := os.environ.get("MARGINWATCH_NODE_MODULES"):
        (folder / "node_modules").symlink_to(installed)
    else:
        install = ["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--no-progress"]
        done = subprocess.run(install, cwd=folder, capture_output=True, text=True)
        if done.returncode and any(
            word in done.stderr for word in ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ETIMEDOUT")
        ):
            pytest.skip("npm reaches no registry")
        assert done.returncode == 0, done.stderr[-3000:]
    built = subprocess.run(["npm", "run", "build"], cwd=folder, capture_output=True, text=True)
    assert built.returncode == 0, built.stdout[-3000:] + built.stderr[-3000:]
    return folder


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_every_panel_is_drawn_with_grafana_s_own_components(run: Run, look: Path, tmp_path: Path, theme: str) -> None:
    pictures = Path(os.environ.get("MARGINWATCH_PICTURES", tmp_path))
    chosen = [each for name, value in CHOSEN.items() for each in ("--set", f"{name}={value}")]
    command = [
        *("node", "draw.mjs", "--prometheus", run.prometheus.url, "--dashboards", str(FOLDER), "--out", str(pictures)),
        *("--from", str(run.start), "--to", str(run.end), "--theme", theme, "--chromium", program("chromium"), *chosen),
    ]
    done = subprocess.run(command, cwd=look, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]

    for name in NAMES:
        drawn = json.loads((pictures / f"{name}-{theme}.json").read_text())
        assert drawn["complaints"] == [], name
        assert len(drawn["panels"]) == len([panel for each, panel in all_panels() if each == name])
        for panel in drawn["panels"]:
            assert panel["failure"] == "", f"{name}: {panel['title']}"
            # A figure may be unknown at the moment of the picture; a graph shows the whole run.
            if panel["type"] in ("timeseries", "state-timeline"):
                assert panel["points"] > 0, f"{name}: {panel['title']} is empty"
            assert panel["text"].removeprefix(panel["title"]).strip(), f"{name}: {panel['title']} shows nothing"
        assert (pictures / f"{name}-{theme}.png").stat().st_size > 50_000


def test_words_and_units_come_out_as_in_grafana(run: Run, look: Path, tmp_path: Path) -> None:
    command = [
        *("node", "draw.mjs", "--prometheus", run.prometheus.url, "--dashboards", str(FOLDER), "--out", str(tmp_path)),
        *("--from", str(run.start), "--to", str(run.end), "--only", "overview", "--chromium", program("chromium")),
    ]
    subprocess.run(command, cwd=look, check=True, capture_output=True)
    texts = {
        each["title"]: each["text"] for each in json.loads((tmp_path / "overview-dark.json").read_text())["panels"]
    }

    assert any(word in texts["Am I safe?"] for word in ("CRITICAL", "WARNING", "NOT KNOWN", "fine"))
    assert "never" in texts["Pools by danger"]
    assert "%" in texts["Pools by danger"]
    assert "$" in texts["Pools by danger"]
    assert "Infinity" not in texts["Pools by danger"]
    assert "1000000" not in "".join(texts.values())
