"""A real Prometheus scrapes a real server, looks at the rules that we ship, and a real Alertmanager tells of them.

The environment variable MARGINWATCH_PROMETHEUS names a further, newer Prometheus (its path) to try the same with.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from monitor.alerts.catalogue import default_rules
from monitor.app.prometheus_files import files
from monitor.app.prometheus_rules import EVERY_SECONDS, RuleOptions
from monitor.domain.lines import Ratio
from monitor.domain.quality import Quality
from monitor.domain.view import View
from monitor.outputs.prometheus import Exposition
from monitor.web.server import serve
from tests.channels import real_alertmanager
from tests.channels.real_alertmanager import Alertmanager
from tests.programs import program
from tests.sample_reports import account, pool, view
from tests.wire.brokers import free_port

NEWER = "MARGINWATCH_PROMETHEUS"
PATIENCE = 30.0


def _rules(folder: Path) -> None:
    """The rules that we ship, looked at often, and without the times that conditions must hold."""
    quick = {
        name: replace(each, for_seconds=0.0, keep_firing_seconds=0.0) for name, each in default_rules().items()
    }  # fmt: skip
    for name, text in files(RuleOptions(rules=quick)).items():
        often = text.replace(f"interval: {EVERY_SECONDS}s", "interval: 200ms").replace("for: 30s", "for: 1s")
        (folder / name).write_text(often)


@asynccontextmanager
async def _prometheus(binary: str, folder: Path, monitor: int, alertmanager: str) -> AsyncIterator[str]:
    """A Prometheus of this test's own, by its address."""
    _rules(folder)
    port = free_port()
    (folder / "prometheus.yml").write_text(
        "global: {scrape_interval: 200ms, scrape_timeout: 200ms, evaluation_interval: 200ms}\n"
        "rule_files: [recording.yml, rules.yml]\n"
        f"alerting: {{alertmanagers: [{{static_configs: [{{targets: ['{alertmanager.removeprefix('http://')}']}}]}}]}}\n"
        "scrape_configs:\n"
        f"  - {{job_name: marginwatch, static_configs: [{{targets: ['127.0.0.1:{monitor}']}}]}}\n"
    )
    with (folder / "prometheus.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            binary,
            f"--config.file={folder}/prometheus.yml",
            f"--storage.tsdb.path={folder}/tsdb",
            f"--web.listen-address=127.0.0.1:{port}",
            "--rules.alert.resend-delay=1s",
            stdout=log,
            stderr=log,
        )
    try:
        yield f"http://127.0.0.1:{port}"
        assert process.returncode is None, (folder / "prometheus.log").read_text()
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _until(alertmanager: Alertmanager, name: str, status: str) -> None:
    """Wait until the last thing told of a critical alert is this."""

    def told() -> bool:
        heard = [state for level, state in alertmanager.told(name) if level == "critical"]
        return heard[-1:] == [status]

    await alertmanager.until(told, f"{name} is {status}")


async def _asked(url: str, query: str) -> list[str]:
    async with aiohttp.ClientSession() as http, http.get(f"{url}/api/v1/query", params={"query": query}) as answer:
        return [one["value"][1] for one in (await answer.json())["data"]["result"]]


async def _walk(binary: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(real_alertmanager, "PATIENCE", PATIENCE)
    port = free_port()
    shown: list[View] = [view(account(pool(ratio=Ratio.of(0.9))))]
    manager = program("prometheus-alertmanager")
    async with AsyncExitStack() as stack:
        people = await stack.enter_async_context(real_alertmanager.alertmanager(manager, tmp_path / "am"))
        server = await serve(lambda: shown[-1], Exposition(rules=("margin_ratio",)), "127.0.0.1", port)
        url = await stack.enter_async_context(_prometheus(binary, tmp_path, port, people.url))

        await _until(people, "MarginwatchMarginRatio", "firing")
        await people.until(lambda: bool(people.told("MarginwatchPrometheusWatchdog")), "the dead man's switch")
        (alert,) = {one["fingerprint"]: one for one in people.heard
                    if one["labels"]["alertname"] == "MarginwatchMarginRatio"
                    and one["labels"]["severity"] == "critical"}.values()  # fmt: skip
        assert "90%" in alert["annotations"]["summary"]
        assert alert["annotations"]["runbook_url"].endswith("/runbooks/MarginwatchMarginRatio")

        # The feed dies in the middle of it: the gauge is gone, the alert is not.
        shown.append(view(account(pool(ratio=Ratio.of(0.9), quality=Quality.STALE), quality=Quality.STALE, up=False)))
        await people.until(lambda: bool(people.told("MarginwatchDataQuality")), "the pool is stale")
        assert await _asked(url, "marginwatch_pool_margin_ratio") == []

        # The monitor dies too.
        await server.close()
        await _until(people, "MarginwatchDown", "firing")
        assert ("MarginwatchMarginRatio", "critical") in await people.names()
        assert ("critical", "resolved") not in people.told("MarginwatchMarginRatio")

        # It is back, and the pool is well.
        shown.append(view(account(pool(ratio=Ratio.of(0.2)))))
        server = await serve(lambda: shown[-1], Exposition(rules=("margin_ratio",)), "127.0.0.1", port)
        stack.push_async_callback(server.close)
        await _until(people, "MarginwatchMarginRatio", "resolved")
        await _until(people, "MarginwatchDown", "resolved")


async def test_a_breach_is_told_goes_on_through_outages_and_is_resolved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _walk(program("prometheus"), tmp_path, monkeypatch)


@pytest.mark.system
@pytest.mark.skipif(not os.environ.get(NEWER), reason=f"{NEWER} names no newer Prometheus")
async def test_so_it_is_with_a_newer_prometheus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await _walk(os.environ[NEWER], tmp_path, monkeypatch)
