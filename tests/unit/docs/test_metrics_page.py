"""docs/metrics.md is what users build dashboards from: it names what is exposed, and nothing else."""

from __future__ import annotations

import re

from monitor.outputs.prometheus import Exposition
from tests.programs import ROOT
from tests.sample_groups import strained
from tests.sample_reports import paying, view

PAGE = (ROOT / "docs" / "metrics.md").read_text()


def exposed_names() -> set[str]:
    exposition = Exposition(rules=["margin_ratio"])
    exposition.observe_delivery("phone", 0.1)
    text = b"".join(exposition.blocks(view(paying(), groups=(strained(),)))).decode()
    return set(re.findall(r"^# TYPE (marginwatch_\w+) ", text, flags=re.MULTILINE))


def documented_names() -> set[str]:
    return set(re.findall(r"^\| `(marginwatch_\w+)`", PAGE, flags=re.MULTILINE))


def test_every_exposed_metric_has_its_line_on_the_metrics_page() -> None:
    assert exposed_names() - documented_names() == set()


def test_the_metrics_page_promises_nothing_that_is_not_exposed() -> None:
    assert documented_names() - exposed_names() == set()
