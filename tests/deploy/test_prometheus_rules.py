"""The rules that we ship for Prometheus are those that the code makes; each of ours is made or has a reason."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from monitor.alerts.catalogue import RULES, default_rules
from monitor.alerts.rule import Kind
from monitor.app.prometheus_files import files
from monitor.app.prometheus_own import OWN
from monitor.app.prometheus_rules import RuleOptions, alert_groups, recording_groups
from monitor.app.prometheus_sources import RECORDED, SOURCES, NotExported, Number, Word
from monitor.cli.codes import Exit, Misused
from monitor.cli.rules import export_rules
from monitor.domain.alerts import Severity
from monitor.domain.fingerprints import alert_name
from monitor.web.runbooks import load
from tests.programs import ROOT, program

DEPLOY = ROOT / "deploy" / "prometheus"
DOC = (ROOT / "docs" / "prometheus.md").read_text(encoding="utf-8")
METRICS = set(re.findall(r"^\| `(marginwatch_\w+)`", (ROOT / "docs" / "metrics.md").read_text(), flags=re.MULTILINE))


def alerts(options: RuleOptions | None = None) -> list[dict[str, Any]]:
    """Every alert, in order."""
    return [rule for group in alert_groups(options or RuleOptions()) for rule in group["rules"]]


def recorded(options: RuleOptions | None = None) -> dict[str, str]:
    """Every recorded expression, by its name."""
    groups = recording_groups(options or RuleOptions())
    return {rule["record"]: rule["expr"] for group in groups for rule in group["rules"]}


def checked(*arguments: str) -> None:
    """What a tool of Prometheus says no to fails the test."""
    done = subprocess.run(arguments, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "lint error" not in done.stdout + done.stderr


def test_the_files_are_those_that_the_code_makes() -> None:
    made = files()
    assert {name: (DEPLOY / name).read_text(encoding="utf-8") for name in made} == dict(made)


def test_prometheus_and_alertmanager_accept_the_files() -> None:
    checked(program("promtool"), "check", "rules", str(DEPLOY / "recording.yml"), str(DEPLOY / "rules.yml"))
    checked(program("amtool"), "check-config", str(DEPLOY / "alertmanager.yml"))


def test_every_rule_of_ours_is_made_or_has_a_reason_why_not() -> None:
    assert set(SOURCES) == set(RULES)
    reasons = {name: row.reason for name, row in SOURCES.items() if isinstance(row, NotExported)}
    assert all(len(reason) > 20 for reason in reasons.values())
    assert all(RULES[name].kind is not Kind.EVENT or name in reasons for name in RULES)


@pytest.mark.parametrize("name", RULES)
def test_a_row_fits_its_rule(name: str) -> None:
    row = SOURCES[name]
    if isinstance(row, NotExported):
        return
    if RULES[name].kind is Kind.NUMBER:
        assert all(isinstance(one, Number) for one in row)
    else:
        assert {one.word for one in row if isinstance(one, Word)} == set(RULES[name].words)


@pytest.mark.parametrize("name", RULES)
def test_the_documentation_lists_it(name: str) -> None:
    row = SOURCES[name]
    (line,) = re.findall(rf"^\| `{name}` \| (.*) \|$", DOC, flags=re.MULTILINE)
    if isinstance(row, NotExported):
        assert line == f"no | {row.reason}"
    else:
        assert line.startswith("yes | ")


def test_an_alert_is_called_as_the_monitor_calls_it_and_fires_at_the_same_thresholds() -> None:
    made = {(rule["alert"], rule["labels"]["severity"]) for rule in alerts() if "severity" in rule.get("labels", {})}
    wanted = set()
    for name, settings in default_rules().items():
        if not isinstance(SOURCES[name], NotExported):
            levels = [*settings.thresholds, *settings.severities.values()]
            wanted |= {(alert_name(name), str(level)) for level in levels}
    assert {pair for pair in made if pair[0] not in OWN} == wanted
    ratio = [rule for rule in alerts() if rule["alert"] == "MarginwatchMarginRatio"]
    assert [re.findall(r"_ratio >= ([\d.]+)\)", rule["expr"]) for rule in ratio] == [["0.6"], ["0.8"]]


def test_a_user_s_thresholds_times_and_switches_are_taken() -> None:
    rules = default_rules()
    rules["margin_ratio"] = replace(
        rules["margin_ratio"], thresholds={Severity.WARNING: 0.33}, for_seconds=90.0, keep_firing_seconds=0.0
    )
    rules["drift"] = replace(rules["drift"], enabled=False)
    rules["worsening"] = replace(rules["worsening"], window_seconds=1234.0)
    options = RuleOptions(
        rules=rules, page="https://m.example/", grafana="https://g.example", job="desk", remember="2h"
    )

    (ratio,) = (rule for rule in alerts(options) if rule["alert"] == "MarginwatchMarginRatio")
    assert ">= 0.33" in ratio["expr"]
    assert "[2h]" in ratio["expr"]
    assert ratio["for"] == "90s"
    assert "keep_firing_for" not in ratio
    assert ratio["annotations"]["runbook_url"] == "https://m.example/runbooks/MarginwatchMarginRatio"
    assert ratio["annotations"]["dashboard_url"].startswith("https://g.example/d/marginwatch-overview?")
    assert "MarginwatchDrift" not in {rule["alert"] for rule in alerts(options)}
    assert "[1234s]" in recorded(options)["marginwatch:pool_room_lost_ratio"]
    assert any('up{job="desk"} == 0' in rule["expr"] for rule in alerts(options))


def test_a_rule_without_a_threshold_is_silent_until_one_is_given() -> None:
    assert default_rules()["room_usd"].thresholds == {}
    assert "MarginwatchRoomUsd" not in {rule["alert"] for rule in alerts()}
    rules = default_rules()
    rules["room_usd"] = replace(rules["room_usd"], thresholds={Severity.CRITICAL: 500.0})
    (room,) = (rule for rule in alerts(RuleOptions(rules=rules)) if rule["alert"] == "MarginwatchRoomUsd")
    assert "<= 500" in room["expr"]


def test_every_alert_has_a_severity_what_it_says_and_where_to_look() -> None:
    for rule in alerts():
        assert set(rule["annotations"]) == {"summary", "description", "runbook_url", "dashboard_url"}
        assert all(rule["annotations"].values())
        assert "severity" in rule.get("labels", {}) or "by (job, instance, rule, severity)" in rule["expr"]


def test_every_alert_has_a_runbook_and_every_runbook_an_alert() -> None:
    books = set(load())
    named = {rule["annotations"]["runbook_url"].rsplit("/", 1)[1] for rule in alerts()}
    assert named <= books
    assert {rule["alert"] for rule in alerts() if rule["alert"] not in map(alert_name, RULES)} == set(OWN)
    assert books == {*map(alert_name, RULES), *OWN, "MarginwatchWatchdog"}


def test_rules_read_only_what_is_exported_or_recorded_before() -> None:
    texts = [*recorded().values(), *(rule["expr"] for rule in alerts())]
    assert {name for text in texts for name in re.findall(r"\bmarginwatch_\w+", text)} <= METRICS
    known: set[str] = set()
    for name, text in recorded().items():
        used = set(re.findall(r"marginwatch:[\w:]+", text))
        assert used <= {*known, name}, name
        known.add(name)
    assert set(RECORDED) <= known
    assert {name for rule in alerts() for name in re.findall(r"marginwatch:[\w:]+", rule["expr"])} <= known


def test_export_writes_rules_and_examples_that_prometheus_accepts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "config.toml"
    config.write_text(
        '[web]\nexternal_url = "https://margin.example.org"\n'
        "[alerts.margin_ratio]\nthresholds = {warning = 0.41, critical = 0.8}\n"
        '[accounts.main]\nvenue = "hyperliquid"\naddress = "0x000000000000000000000000000000000000dEaD"\n'
    )
    assert export_rules(tmp_path / "out", config, grafana="https://graphs.example.org") is Exit.FINE

    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "recording.yml", "rules.yml", "prometheus.yml", "alertmanager.yml",
    }  # fmt: skip
    checked(program("promtool"), "check", "config", str(tmp_path / "out" / "prometheus.yml"))
    rules = (tmp_path / "out" / "rules.yml").read_text(encoding="utf-8")
    assert ">= 0.41" in rules
    assert "https://margin.example.org/runbooks/MarginwatchMarginRatio" in rules
    assert "https://graphs.example.org/d/" in rules
    assert yaml.safe_load(rules)["groups"]
    assert "rule_files" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"remember": "an hour"}, "--remember"),
        ({"job": 'x"}'}, "--job"),
        ({"page": "margin.example.org"}, "--page"),
        ({"grafana": "graphs"}, "--grafana"),
    ],
)
def test_export_refuses_options_that_make_no_sense(tmp_path: Path, wrong: dict[str, str], says: str) -> None:
    with pytest.raises(Misused, match=says):
        export_rules(tmp_path / "out", **wrong)  # type: ignore[arg-type]  # each value is a text
    assert not (tmp_path / "out").exists()
