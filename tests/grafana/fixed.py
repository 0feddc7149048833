"""A Prometheus whose data stand still: ten minutes of a monitor to which everything happened once."""

from __future__ import annotations

import json
import socket
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from monitor.domain.alerts import Alert, AlertChange, Change, Severity
from monitor.domain.lines import Ratio
from monitor.domain.names import AccountKey
from monitor.domain.quality import Quality
from monitor.domain.reports import AccountReport
from monitor.outputs.prometheus import Exposition
from tests.programs import program
from tests.sample_groups import group, strained
from tests.sample_reports import NOW, account, feed, paying, pool, view

AT = 1_767_225_600  #: the time of all queries: the end of what is known
EVERY_SECONDS, SAMPLES = 5, 120
TARGET = 'job="marginwatch",instance="127.0.0.1:9786"'
PATIENCE_SECONDS = 30.0


def exposition() -> str:
    """One scrape of a monitor in which every metric that the dashboards ask for has a value."""
    page = Exposition()
    paid = paying()
    held = replace(paid.pools[0].positions[0], drift_ratio=0.0001)
    alerts = tuple(Alert(rule="drift", severity=each) for each in (Severity.WARNING, Severity.CRITICAL))
    page.count_changes([AlertChange(change=Change.FIRED, alert=alerts[0], at=NOW)])
    page.observe_delivery("phone", 0.2)
    streams = (feed(), feed("assets"), feed("user", account="main"), feed("account", account="main"))
    desk = replace(strained(), coins=group().coins)
    known = replace(paid, pools=(replace(paid.pools[0], positions=(held,)),))
    shown = view(known, half_known("calm", 0.2), half_known("tight", 0.9), groups=(desk,), alerts=alerts, feeds=streams)
    return b"".join(page.blocks(shown)).decode()


def half_known(name: str, ratio: float) -> AccountReport:
    """An account with one pool that is known, and one that is not."""
    key = AccountKey("bybit", name)
    pools = (
        pool("isolated:BTCUSDT:long", key, ratio=Ratio.of(ratio)),
        pool("cross:USDT", key, quality=Quality.UNKNOWN),
    )
    return account(*pools, key=key, quality=Quality.UNKNOWN, up=False)


def openmetrics(text: str) -> str:
    """The same scrape again and again, with counters that grow, as promtool reads a history."""
    families: dict[str, list[tuple[str, str, float]]] = {"up": [("up", "", 1.0)]}
    kinds: dict[str, str] = {"up": "gauge"}
    for line in text.splitlines():
        if line.startswith("# TYPE"):
            family, kind = line.split()[2:4]
            kinds[family], families[family] = kind, []
        elif line and not line.startswith("#"):
            series, number = line.rsplit(" ", 1)
            name, _, labels = series.partition("{")
            families[family].append((name.strip(), labels.rstrip("} "), float(number)))
    lines: list[str] = []
    for family, rows in families.items():
        counts = kinds[family] in ("counter", "histogram")
        # In OpenMetrics a counter's family has no _total; as a gauge any name will do, and a rate is a rate.
        lines.append(f"# TYPE {family} gauge")
        for name, labels, value in rows:
            full = f"{name}{{{TARGET}{',' + labels if labels else ''}}}"
            lines += [
                f"{full} {value + n if counts else value} {AT - (SAMPLES - 1 - n) * EVERY_SECONDS}"
                for n in range(SAMPLES)
            ]
    return "\n".join([*lines, "# EOF", ""])


class Prometheus:
    """A server that answers queries."""

    def __init__(self, url: str) -> None:
        self.url = url

    def get(self, path: str, **parameters: str) -> Any:
        """The data of an answer. Raises AssertionError with the server's words if there is none."""
        with urllib.request.urlopen(f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}") as answer:
            body = json.load(answer)
        assert body["status"] == "success", body
        return body["data"]

    def ask(self, query: str, at: float = AT) -> list[tuple[dict[str, str], float]]:
        """Labels and value of each series."""
        return [
            (each["metric"], float(each["value"][1])) for each in self.get("query", query=query, time=str(at))["result"]
        ]


@contextmanager
def serving(folder: Path, config: str = "global: {}\n", *more: str) -> Iterator[Prometheus]:
    """A Prometheus on what is in `folder`/data, which ends with the context."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (folder / "prometheus.yml").write_text(config)
    command = [
        program("prometheus"),
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--storage.tsdb.retention.time=100y",
        *more,
    ]
    log = folder / "prometheus.log"
    with log.open("w") as out, subprocess.Popen(command, stdout=out, stderr=out) as process:
        try:
            _until_ready(f"http://127.0.0.1:{port}/-/ready", log)
            yield Prometheus(f"http://127.0.0.1:{port}")
        finally:
            process.terminate()


def _until_ready(url: str, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url):
                return
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"Prometheus is not ready: {log.read_text()[-2000:]}")


@contextmanager
def fixed(folder: Path) -> Iterator[Prometheus]:
    """A Prometheus that knows the ten minutes."""
    history = folder / "history.om"
    history.write_text(openmetrics(exposition()))
    command = [program("promtool"), "tsdb", "create-blocks-from", "openmetrics", str(history), str(folder / "data")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with serving(folder) as prometheus:
        yield prometheus
