"""A real Prometheus scrapes a real server, looks at the rules that we ship, and a real Alertmanager tells of them."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

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
from tests.programs import program
from tests.prometheus.real import binary, prometheus, until_told
from tests.sample_reports import account, pool, view
from tests.wire.brokers import free_port

PATIENCE = 30.0


def _rules(folder: Path) -> None:
    """The rules that we ship, looked at often, and without the times that conditions must hold."""
    quick = {
        name: replace(each, for_seconds=0.0, keep_firing_seconds=0.0) for name, each in default_rules().items()
    }  # fmt: skip
    for name, text in files(RuleOptions(rules=quick)).items():
        often = text.replace(f"interval: {EVERY_SECONDS}s", "interval: 200ms").replace("for: 30s", "for: 1s")
        (folder / name).write_text(often)


def _configure(folder: Path, monitor: int, alertmanager: str) -> None:
    _rules(folder)
    (folder / "prometheus.yml").write_text(
        "global: {scrape_interval: 200ms, scrape_timeout: 200ms, evaluation_interval: 200ms}\n"
        "rule_files: [recording.yml, rules.yml]\n"
        f"alerting: {{alertmanagers: [{{static_configs: [{{targets: ['{alertmanager.removeprefix('http://')}']}}]}}]}}\n"
        "scrape_configs:\n"
        f"  - {{job_name: marginwatch, static_configs: [{{targets: ['127.0.0.1:{monitor}']}}]}}\n"
    )


async def _walk(path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(real_alertmanager, "PATIENCE", PATIENCE)
    port = free_port()
    shown: list[View] = [view(account(pool(ratio=Ratio.of(0.9))))]
    manager = program("prometheus-alertmanager")
    async with AsyncExitStack() as stack:
        people = await stack.enter_async_context(real_alertmanager.alertmanager(manager, tmp_path / "am"))
        server = await serve(lambda: shown[-1], Exposition(rules=("margin_ratio",)), "127.0.0.1", port)
        _configure(tmp_path, port, people.url)
        scraper = await stack.enter_async_context(prometheus(path, tmp_path))

        await until_told(people, "MarginwatchMarginRatio", "firing")
        await people.until(lambda: bool(people.told("MarginwatchPrometheusWatchdog")), "the dead man's switch")
        (alert,) = {one["fingerprint"]: one for one in people.heard
                    if one["labels"]["alertname"] == "MarginwatchMarginRatio"
                    and one["labels"]["severity"] == "critical"}.values()  # fmt: skip
        assert "90%" in alert["annotations"]["summary"]
        assert alert["annotations"]["runbook_url"].endswith("/runbooks/MarginwatchMarginRatio")

        # The feed dies in the middle of it: the gauge is gone, the alert is not.
        shown.append(view(account(pool(ratio=Ratio.of(0.9), quality=Quality.STALE), quality=Quality.STALE, up=False)))
        await people.until(lambda: bool(people.told("MarginwatchDataQuality")), "the pool is stale")
        assert await scraper.values("marginwatch_pool_margin_ratio") == []

        # The monitor dies too.
        await server.close()
        await until_told(people, "MarginwatchDown", "firing")
        assert ("MarginwatchMarginRatio", "critical") in await people.names()
        assert ("critical", "resolved") not in people.told("MarginwatchMarginRatio")

        # It is back, and the pool is well.
        shown.append(view(account(pool(ratio=Ratio.of(0.2)))))
        server = await serve(lambda: shown[-1], Exposition(rules=("margin_ratio",)), "127.0.0.1", port)
        stack.push_async_callback(server.close)
        await until_told(people, "MarginwatchMarginRatio", "resolved")
        await until_told(people, "MarginwatchDown", "resolved")


async def test_a_breach_is_told_goes_on_through_outages_and_is_resolved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _walk(binary("installed"), tmp_path, monkeypatch)


@pytest.mark.system
async def test_so_it_is_with_a_newer_prometheus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await _walk(binary("newer"), tmp_path, monkeypatch)
