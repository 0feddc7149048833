"""All rules, and their defaults. Each has a runbook of the same name (monitor/runbooks)."""

from __future__ import annotations

from collections.abc import Mapping

from monitor.alerts.catalogue_data import DATA
from monitor.alerts.catalogue_entries import Entry
from monitor.alerts.catalogue_events import EVENTS
from monitor.alerts.catalogue_groups import GROUPS
from monitor.alerts.catalogue_lines import LINES
from monitor.alerts.catalogue_own import OWN
from monitor.alerts.catalogue_risk import RISK
from monitor.alerts.rule import Rule, RuleSettings

_ENTRIES: Mapping[str, Entry] = {**LINES, **RISK, **GROUPS, **EVENTS, **DATA, **OWN}

RULES: Mapping[str, Rule] = {name: entry.rule for name, entry in _ENTRIES.items()}


def default_rules() -> dict[str, RuleSettings]:
    """Every rule with its defaults."""
    return {name: entry.defaults() for name, entry in _ENTRIES.items()}
