"""Promtool as a judge: it is given worlds side by side, each a monitor of its own, and what each must tell and when.

A world takes a millisecond and a run a second: all worlds of a test share one run.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from monitor.app.prometheus_files import files
from monitor.app.prometheus_rules import RuleOptions, alert_groups, recording_groups
from tests.programs import program

BAD, GONE, LATE = 20, 30, 90  #: minutes: that it is bad; when what is gone is looked at; when it is forgotten

Fires = tuple[int, str, tuple[str, ...]]  #: minute, alert and the levels that fire then
Series = Mapping[str, str]  #: values by series, as promtool writes them, one a minute
World = tuple[Series, list[Fires]]

INFO = "marginwatch_build_info{}"


def running(values: str = "1x150") -> dict[str, str]:
    """A monitor that answers at the minutes at which the value is 1. What is not scraped is stale."""
    return {"up{}": values, INFO: " ".join(_answered(one) for one in values.split())}


def _answered(values: str) -> str:
    """`marginwatch_build_info` over a stretch of `up`; one stale marker is enough for what is not there."""
    value, _, more = values.partition("x")
    if value in ("1", "_"):
        return values
    return "stale" + (f" _x{more}" if more else "")


def write(folder: Path, options: RuleOptions) -> Path:
    """The rules as files."""
    for name, text in files(options).items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def tried(folder: Path, options: RuleOptions, worlds: Iterable[World], every: str = "2m") -> None:
    """Let promtool say whether all comes out as it should, where rules are looked at `every` so often."""
    series, asked = [], []
    for number, (world, tells) in enumerate(worlds):
        target = f'job="marginwatch",instance="{number}"'
        series += [{"series": _of(name, target), "values": values} for name, values in world.items()]
        asked += [_asked(number, *told) for told in tells]
    test = {"interval": "1m", "input_series": series, "promql_expr_test": asked}
    judged(folder, options, test, every)


def judged(folder: Path, options: RuleOptions, test: Mapping[str, Any], every: str = "1m") -> None:
    """One test of promtool's, over the rules in a folder."""
    body = {
        "rule_files": [str(folder / "recording.yml"), str(folder / "rules.yml")],
        "evaluation_interval": every,
        "group_eval_order": [group["name"] for group in (*recording_groups(options), *alert_groups(options))],
        "tests": [dict(test)],
    }
    file = folder / "cases.yml"
    file.write_text(yaml.safe_dump(body), encoding="utf-8")
    done = subprocess.run([program("promtool"), "test", "rules", str(file)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def _of(series: str, target: str) -> str:
    name, _, labels = series.removesuffix("}").partition("{")
    if "instance=" in labels:
        return series
    return f"{name}{{{labels}{',' if labels else ''}{target}}}"


def _asked(number: int, minute: int, alert: str, levels: tuple[str, ...]) -> dict[str, Any]:
    expression = f'count by (severity) (ALERTS{{alertname="{alert}",alertstate="firing",instance="{number}"}})'
    samples = [{"labels": f'{{severity="{level}"}}', "value": 1} for level in levels]
    return {"expr": expression, "eval_time": f"{minute}m", "exp_samples": samples}
