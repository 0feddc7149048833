"""The example of an Alertmanager's configuration, in a real one: who is told of what, and what keeps what quiet."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest

from tests.channels import real_alertmanager
from tests.programs import ROOT, program
from tests.wire.brokers import free_port

FILE = ROOT / "deploy" / "prometheus" / "alertmanager.yml"

WHERE = {"job": "marginwatch", "instance": "a", "venue": "v", "account": "main", "pool": "p"}
LEG = {**WHERE, "symbol": "BTCUSDT", "side": "long"}
LINE = {**WHERE, "coin": "BTC", "direction": "down"}


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        ("alertname=MarginwatchMarginRatio severity=critical", "people"),
        ("alertname=MarginwatchMarginRatio severity=warning", "people"),
        ("alertname=MarginwatchDown severity=critical", "people"),
        ("alertname=MarginwatchPrometheusWatchdog severity=info", "dead-man"),
        ("alertname=MarginwatchWatchdog severity=info", "dead-man"),
    ],
)
def test_whom_an_alert_reaches(labels: str, receiver: str) -> None:
    asked = [program("amtool"), "config", "routes", "test", f"--config.file={FILE}", *labels.split()]
    done = subprocess.run(asked, capture_output=True, text=True)
    assert done.stdout.split() == [receiver], done.stderr


@pytest.fixture
async def url(tmp_path: Path) -> AsyncIterator[str]:
    """An Alertmanager with the example's configuration, which tells nobody within this test."""
    port = free_port()
    with (tmp_path / "am.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            program("prometheus-alertmanager"),
            f"--config.file={FILE}",
            f"--storage.path={tmp_path}/am",
            f"--web.listen-address=127.0.0.1:{port}",
            "--cluster.listen-address=",
            stdout=log,
            stderr=log,
        )
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    await process.wait()


def alert(name: str, severity: str, labels: dict[str, str]) -> dict[str, str]:
    return {**labels, "alertname": f"Marginwatch{name}", "severity": severity}


FIRING = {
    "ratio critical": alert("MarginRatio", "critical", WHERE),
    "ratio warning": alert("MarginRatio", "warning", WHERE),
    "ratio warning of another pool": alert("MarginRatio", "warning", {**WHERE, "pool": "q"}),
    "ratio warning of another monitor": alert("MarginRatio", "warning", {**WHERE, "instance": "b"}),
    "line warning": alert("CoinDistance", "warning", LINE),
    "line critical": alert("CoinDistance", "critical", LINE),
    "worsening": alert("Worsening", "warning", WHERE),
    "data of the pool": alert("DataQuality", "warning", WHERE),
    "drift of the pool": alert("Drift", "warning", {**WHERE, "figure": "equity"}),
    "collateral of the pool": alert("CollateralShare", "warning", {**WHERE, "asset": "BTC"}),
    "account ratio": alert("AccountRatio", "warning", {k: v for k, v in WHERE.items() if k != "pool"}),
    "position of another pool": alert("PositionDistance", "critical", {**LEG, "pool": "q"}),
    "line critical of that pool": alert("CoinDistance", "critical", {**LINE, "pool": "q"}),
    "account down": alert("AccountDown", "critical", {"job": "m", "instance": "a", "venue": "v", "account": "dark"}),
    "its feed": alert("FeedDown", "warning", {"instance": "a", "venue": "v", "account": "dark", "stream": "user"}),
    "its pool": alert("MarginRatio", "warning", {**WHERE, "account": "dark"}),
    "a public feed": alert("FeedDown", "warning", {"instance": "a", "venue": "v", "stream": "marks"}),
    "one channel": alert("ChannelDown", "warning", {"instance": "a", "channel": "phone"}),
    "told by the monitor": alert("ToldByMonitor", "critical", {"instance": "a", "rule": "venue_ban"}),
    "and another rule": alert("ToldByMonitor", "warning", {"instance": "a", "rule": "key_expiry"}),
    "watchdog": alert("PrometheusWatchdog", "info", {}),
}
QUIET = {
    "ratio warning", "line warning", "worsening", "ratio warning of another pool", "line critical of that pool",
    "its feed",
}  # fmt: skip


async def test_what_keeps_what_quiet(url: str) -> None:
    now = datetime.now(UTC)
    posted: list[dict[str, object]] = [
        {"labels": labels, "startsAt": now.isoformat(), "endsAt": (now + timedelta(hours=1)).isoformat()}
        for labels in FIRING.values()
    ]
    quiet: set[str] = set()
    with contextlib.suppress(TimeoutError):
        async with aiohttp.ClientSession() as http, asyncio.timeout(real_alertmanager.PATIENCE):
            while quiet != QUIET:  # inhibition is worked out anew whenever it is asked for
                with contextlib.suppress(aiohttp.ClientConnectionError):
                    quiet = await _inhibited(http, url, posted)
                await asyncio.sleep(0.05)
    assert quiet == QUIET


async def _inhibited(http: aiohttp.ClientSession, url: str, posted: list[dict[str, object]]) -> set[str]:
    """Which of the alerts are kept quiet."""
    async with http.post(f"{url}/api/v2/alerts", json=posted) as answer:
        assert answer.status == 200, await answer.text()
    async with http.get(f"{url}/api/v2/alerts") as answer:
        by = {tuple(sorted(one["labels"].items())): one["status"]["inhibitedBy"] for one in await answer.json()}
    return {name for name, labels in FIRING.items() if by.get(tuple(sorted(labels.items())))}
