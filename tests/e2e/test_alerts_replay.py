"""A run with people in it, killed, and the run after it: a replay of their journals decides the same, to the byte."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from monitor.domain.commands import AcknowledgeAlert, AlertsRestored, EndSilence, FactsRestored, SilenceAlerts
from monitor.domain.events import Event
from monitor.outputs.journal import reader
from monitor.outputs.journal.records import Run, Step
from monitor.sim.binance.server import SimBinance
from tests.e2e.asking import acknowledge, firing, silence, unsilence
from tests.e2e.catcher import catcher
from tests.e2e.harness import CADENCE, daemon
from tests.e2e.test_people import NEAR, STEADY, config, killed, long_at_ten
from tests.unit.cli.processes import marginwatch

Json = dict[str, Any]

OVERRIDE = """
[[alerts.overrides]]
rule = "position_distance"
account = "main"
symbol = "BTCUSDT"
thresholds = { warning = 0.02, critical = 0.01 }
"""


def events_of_runs(folder: Path) -> list[list[Event]]:
    """The events of each run in the journal, in order."""
    runs: dict[str, list[Event]] = {}
    current: list[Event] = []
    for record in reader.read(folder, kinds=reader.REPLAYED):
        if isinstance(record, Run):
            current = runs.setdefault(record.run, [])
        elif isinstance(record, Step):
            current.extend(record.events)
    return list(runs.values())


async def replayed(folder: Path, *options: str, more: Mapping[str, str] | None = None) -> list[Json]:
    """The lines of a replay in a process of its own, which must find nothing that it may not find."""
    done = await asyncio.to_thread(marginwatch, "replay", str(folder), "--json", *options, more=more)
    assert done.returncode == 0, done.stderr + done.stdout[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def changes(lines: list[Json], rule: str, *sides: str) -> list[str]:
    found = [line for line in lines if line["type"] == "alert" and line["alert"]["rule"] == rule]
    return [line["change"] for line in found if line["side"] in sides]


async def test_runs_with_people_in_them_and_a_kill_between_are_replayed_to_the_byte_and_other_rules_differ(
    tmp_path: Path,
) -> None:
    journal = tmp_path / "journal"
    async with catcher() as hook, SimBinance(quiet=True, cadence=CADENCE) as sim:
        account = long_at_ten(sim)
        account.trade("ETHUSDT", 0.01, price=sim.market.mark("ETHUSDT"))
        file = config(tmp_path, sim, account, hook, f'[journal]\ndirectory = "{journal}"\n')
        async with daemon(file) as monitor:
            sim.market.set_mark("BTCUSDT", 0.96 * STEADY)
            await monitor.until("the page", lambda: hook.told(NEAR, symbol="BTCUSDT") == ["fired"])
            [mark] = [one["fingerprint"] for one in await firing(monitor) if one["labels"].get("symbol") == "BTCUSDT"]
            await acknowledge(monitor, mark)
            stays = await silence(monitor, "rule=margin_ratio", "account=~ma.*")
            await unsilence(monitor, await silence(monitor, "coin=ETH"))
            await monitor.until("the journal", lambda: any(map(is_end, events_of_runs(journal)[-1])))
            await killed(monitor)
        account.close("ETHUSDT")
        async with daemon(file) as monitor:
            await monitor.until("what vanished", lambda: hook.told("MarginwatchPositionVanished") == ["fired"])
            assert [one["state"] for one in await firing(monitor) if one["fingerprint"] == mark] == ["acknowledged"]
            sim.market.set_mark("BTCUSDT", 0.915 * STEADY)
            await monitor.until("worse", lambda: "escalated" in hook.told(NEAR, symbol="BTCUSDT"))
            sim.market.set_mark("BTCUSDT", 1.05 * STEADY)
            await monitor.until("the end", lambda: hook.told(NEAR, symbol="BTCUSDT")[-1] == "resolved")
            await monitor.stop()

    first, second = events_of_runs(journal)
    assert {type(event) for event in first} >= {AcknowledgeAlert, SilenceAlerts, EndSilence}
    [alerts] = [event for event in second if isinstance(event, AlertsRestored)]
    [facts] = [event for event in second if isinstance(event, FactsRestored)]
    assert [one.id for one in alerts.silences] == [stays]
    assert mark in {memory.alert.fingerprint for memory in alerts.alerts}
    assert [one.account.account for one in facts.accounts] == ["main"]

    lines = await replayed(journal, more={"PYTHONHASHSEED": "3"})
    assert [(run["exact"], run["whole"]) for run in lines if run["type"] == "run"] == [(True, True)] * 2
    summary = lines[-1]
    assert (summary["identical"], summary["missing_steps"]) == (True, 0)
    assert summary["identical_steps"] == summary["compared_exactly"] == summary["steps"] - summary["without_outcome"]
    assert summary["alert_changes"] == summary["recorded_alert_changes"]
    assert {"acknowledged", "escalated", "resolved"} <= set(changes(lines, "position_distance", "both"))
    assert changes(lines, "position_vanished", "both")[:1] == ["fired"]

    rules = tmp_path / "rules.toml"
    await asyncio.to_thread(rules.write_text, OVERRIDE)
    lines = await replayed(journal, "--rules", str(rules))
    assert changes(lines, "position_distance", "recorded")[0] == "fired", "6.9 % is not told under these rules"
    assert "fired" not in changes(lines, "position_distance", "both", "replayed")
    assert changes(lines, "position_vanished", "both")[:1] == ["fired"], "no other rule is touched"
    summary = lines[-1]
    assert summary["alert_differences"] > 0
    assert (summary["figures"]["compared"] > 0, summary["figures"]["differences"]) == (True, [])


def is_end(event: Event) -> bool:
    return isinstance(event, EndSilence)
