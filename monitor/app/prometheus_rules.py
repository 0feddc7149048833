"""Rules for Prometheus, made of the rules that the monitor decides by itself, with the same names and thresholds.

A gauge that vanished must not resolve a breach. So a figure that is over its threshold goes on to count while nothing
is known of it: while its pool, account or group is not believed, and while the monitor itself cannot be scraped; at
most for as long as is remembered. What vanished while all was believed is closed, and is not remembered
(docs/decisions/0012).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from monitor.alerts.catalogue import RULES, default_rules
from monitor.alerts.catalogue_groups import OF_GROUPS
from monitor.alerts.catalogue_own import OWN
from monitor.alerts.overrides import Override
from monitor.alerts.rule import RuleSettings
from monitor.alerts.trend import WINDOW_SECONDS
from monitor.app.prometheus_own import own_rules
from monitor.app.prometheus_parts import Part, labels_of, narrowed, parts, remainder
from monitor.app.prometheus_sources import RECORDED, SOURCES, Held, NotExported, Number, Unit, Word
from monitor.domain.fingerprints import alert_name
from monitor.domain.names import AccountKey

EVERY_SECONDS = 5  #: how often rules are looked at; a condition that must hold 5 s is then seen twice
PAGE = "http://127.0.0.1:9786"

_MISSING: Mapping[Held, tuple[tuple[str, str], ...]] = {
    Held.POOL: (
        (Held.POOL, 'marginwatch_pool_quality{quality=~"STALE|UNKNOWN"} == 1'),
        (Held.ACCOUNT, "marginwatch_account_up == 0"),
    ),
    Held.ACCOUNT: (
        (Held.ACCOUNT, 'marginwatch_pool_quality{quality=~"STALE|UNKNOWN"} == 1'),
        (Held.ACCOUNT, "marginwatch_account_up == 0"),
    ),
    Held.GROUP: ((Held.GROUP, 'marginwatch_group_quality{quality=~"STALE|UNKNOWN"} == 1'),),
    Held.HEDGE: ((Held.HEDGE, 'marginwatch_group_hedge_state{state="unknown"} == 1'),),
}
_ANSWERS = ("job, instance", "marginwatch_build_info")
_GROUP_KNOWN = ("job, instance, group", 'marginwatch_group_quality{quality=~"LIVE|PARTIAL"} == 1')
#: What shows that the monitor sees the owner of a figure, and not merely that something answers. From its start it
#: lists all its accounts, as down until they are read; of groups it tells nothing before its first step.
_SEEN: Mapping[Held, tuple[str, str]] = {
    Held.POOL: _ANSWERS,
    Held.ACCOUNT: _ANSWERS,
    Held.GROUP: _GROUP_KNOWN,
    Held.HEDGE: _GROUP_KNOWN,
}
#: A group of which nothing is doubted is the same as one that is known.
_DOUBTS: Mapping[Held, tuple[tuple[str, str], ...]] = {**_MISSING, Held.GROUP: ()}


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleOptions:
    """What a user decides: settings of rules, others for a part of what is watched (`groups` names the group of each
    account that has one), the page's address, Grafana's ("": no links there), the job that scrapes us, and for how long
    what vanished is remembered.
    """

    rules: Mapping[str, RuleSettings] = field(default_factory=default_rules)
    overrides: tuple[Override, ...] = ()
    groups: Mapping[AccountKey, str] = field(default_factory=dict)
    page: str = PAGE
    grafana: str = ""
    job: str = "marginwatch"
    remember: str = "1h"


Rule = dict[str, Any]


def recording_groups(options: RuleOptions) -> list[Rule]:
    """The group of recorded figures, and that of what was closed while it was believed."""
    figures = [{"record": name, "expr": _windowed(expression, options)} for name, expression in RECORDED.items()]
    closed = [
        {"record": _closed_name(series), "expr": _closed(series, by, options)} for series, by in _held(options).items()
    ]
    return [
        {"name": "marginwatch-figures", "interval": f"{EVERY_SECONDS}s", "rules": figures},
        {"name": "marginwatch-closed", "interval": f"{EVERY_SECONDS}s", "rules": closed},
    ]


def alert_groups(options: RuleOptions) -> list[Rule]:
    """The alerts that the monitor decides too, and those that only somebody else can."""
    same = [rule for name in SOURCES for rule in _alerts(name, options)]
    told = [name for name, row in SOURCES.items() if isinstance(row, NotExported)]
    own = own_rules(options.job, told, options.remember)
    return [
        {"name": "marginwatch", "interval": f"{EVERY_SECONDS}s", "rules": same},
        {
            "name": "marginwatch-itself",
            "interval": f"{EVERY_SECONDS}s",
            "rules": [{**rule, "annotations": {**rule["annotations"], **_links(rule["alert"], options)}}
                      for rule in own],
        },
    ]  # fmt: skip


def held(series: str, condition: str, by: Held, remember: str) -> str:
    """Where a figure meets a condition, or met it when it was last seen and nothing is known of it now."""
    was = f"last_over_time({series}[{remember}]) {condition}"
    branches = [f"({series} {condition})"]
    branches += [f"({was} and on (job, instance, {labels}) ({gone}))" for labels, gone in _MISSING[by]]
    branches.append(f"({was} and on (job, instance) (up == 0))")
    return "(\n  " + "\n  or ".join(branches) + f"\n)\nunless {_closed_name(series)}"


def _closed(series: str, by: Held, options: RuleOptions) -> str:
    """What was closed: series that are gone although the monitor answers and doubts nothing of what they belong to.

    Its own last value is the memory: once closed they stay so through outages and doubts, until they are there again,
    or nothing would remember them anyway.
    """
    was = f"last_over_time({series}[{options.remember}])"
    labels, seen = _SEEN[by]
    lines = [was, f"and on ({labels}) ({seen})"]
    lines += [f"unless on (job, instance, {labels}) ({missing})" for labels, missing in _DOUBTS[by]]
    lines += [f"or {_closed_name(series)}"]
    return "(\n  " + "\n  ".join(lines) + f"\n)\nand {was}\nunless {series}"


def _closed_name(series: str) -> str:
    """One name a figure, whichever part of it is asked for."""
    return "marginwatch:" + _whole(series).removeprefix("marginwatch").lstrip("_:").replace(":", "_") + ":closed"


def _whole(series: str) -> str:
    return series.split("{")[0]


def _held(options: RuleOptions) -> dict[str, Held]:
    """The figures that are remembered and that some alert reads, and by which labels."""
    return {
        _whole(one.series): one.held
        for name, row in SOURCES.items()
        for one in (() if isinstance(row, NotExported) else row)
        if one.held is not None and any(_levels(name, one, part.settings) for part in _parts(name, one, options))
    }


def _parts(name: str, one: Number | Word, options: RuleOptions) -> tuple[Part, ...]:
    """The series of a row, taken apart by the user's overrides."""
    return parts(name, options.rules[name], options.overrides, labels_of(one.series), options.groups)


def _levels(name: str, one: Number | Word, settings: RuleSettings) -> list[tuple[str, str]]:
    """Severity and condition of each alert that the user wants of a row, or of a part of it."""
    if not settings.enabled:
        return []
    if isinstance(one, Number):
        sign = ">=" if RULES[name].rising else "<="
        return [(str(level), f"{sign} {threshold:.12g}") for level, threshold in settings.thresholds.items()]
    level = settings.severities.get(one.word, settings.severities.get(""))
    return [] if level is None else [(str(level), "== 1" if one.held is not None else "")]


def _alerts(name: str, options: RuleOptions) -> list[Rule]:
    """The alerts of one rule, all of one name. Two words of it on one level are told apart by a label."""
    found = list(_alerts_and_words(name, options))
    labels = [alert["labels"] for alert, _ in found]
    return [
        {**alert, "labels": {**alert["labels"], "state": word}} if word and labels.count(alert["labels"]) > 1 else alert
        for alert, word in found
    ]


def _alerts_and_words(name: str, options: RuleOptions) -> Iterator[tuple[Rule, str]]:
    """One alert for each level of each row, and of each part that has its own, with the word that it tells."""
    row = SOURCES[name]
    for one in () if isinstance(row, NotExported) else row:
        for part in _parts(name, one, options):
            series = narrowed(_windowed(one.series, options), part)
            rest = remainder(_windowed(one.series, options), part, options.remember)
            for severity, condition in _levels(name, one, part.settings):
                if one.held is not None:
                    expression = held(series, condition, one.held, options.remember)
                else:
                    expression = f"({series}) {condition}" if condition else series
                alert: Rule = {"alert": alert_name(name), "expr": expression + rest}
                if part.settings.for_seconds:
                    alert["for"] = _duration(part.settings.for_seconds)
                if part.settings.keep_firing_seconds:
                    alert["keep_firing_for"] = _duration(part.settings.keep_firing_seconds)
                alert["labels"] = {"severity": severity, **one.labels, **part.labels}
                alert["annotations"] = {**_said(name, one, condition), **_links(alert_name(name), options)}
                yield alert, one.word if isinstance(one, Word) else ""


def _said(name: str, one: Number | Word, condition: str) -> dict[str, str]:
    """What it is about, of whom, and how bad it is."""
    rule, called = RULES[name], name.replace("_", " ")
    owner = ("instance",) if name in OWN else () if name in OF_GROUPS else ("venue", "account", "pool")
    assets = ("asset",) if name == "collateral_share" else ()
    named = dict.fromkeys((*owner, *rule.details, *assets))
    whom = "".join(f"{{{{ with $labels.{label} }}}} {{{{ . }}}}{{{{ end }}}}" for label in named)
    if isinstance(one, Word):
        return {"summary": f"{called}: {one.word},{whom}", "description": f"{rule.about}."}
    value = f"{{{{ $value | {one.unit.value} }}}}"
    last = "; the last known value where nothing is known now" if one.held is not None else ""
    return {
        "summary": f"{called} {value},{whom}",
        "description": f"{rule.about}: {value}, told where it is {condition} ({_unit(one.unit)}){last}.",
    }


def _unit(unit: Unit) -> str:
    return {Unit.RATIO: "1 is 100 %", Unit.SECONDS: "seconds", Unit.USD: "USD", Unit.PLAIN: "as counted"}[unit]


def _links(alert: str, options: RuleOptions) -> dict[str, str]:
    """What to do, and where to look."""
    page = options.page.rstrip("/")
    where = f"{page}/"
    if options.grafana:
        chosen = "&".join(
            f"{{{{ with $labels.{name} }}}}var-{name}={{{{ . | urlquery }}}}{{{{ end }}}}"
            for name in ("venue", "account")
        )
        where = f"{options.grafana.rstrip('/')}/d/marginwatch-overview?{chosen}"
    return {"runbook_url": f"{page}/runbooks/{alert}", "dashboard_url": where}


def _windowed(expression: str, options: RuleOptions) -> str:
    """An expression with the windows that the user set for rules on speed."""
    for name, key in (("worsening", "worsening"), ("trend_time", "trend"), ("unacknowledged", "unacknowledged")):
        window = options.rules[name].window_seconds or RULES[name].window_seconds or WINDOW_SECONDS
        expression = expression.replace(f"{{{key}}}", f"{window:.0f}")
    return expression


def _duration(seconds: float) -> str:
    """A time as Prometheus writes it."""
    whole = round(seconds * 1000)
    for unit, size in (("h", 3_600_000), ("m", 60_000), ("s", 1000)):
        if whole % size == 0:
            return f"{whole // size}{unit}"
    return f"{whole}ms"


__all__ = ["EVERY_SECONDS", "PAGE", "RuleOptions", "alert_groups", "held", "recording_groups"]
