"""The list of alerts, what nobody takes care of first, with all that each says. Pure."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any

from monitor.cli.top import figures, levels
from monitor.cli.top.painted import EMPTY, Line, Role, cell, wrapped
from monitor.cli.top.parts import facts
from monitor.cli.top.picture import Picture
from monitor.cli.top.views import Scene, found

Json = Mapping[str, Any]
SEVERITY, STATE, SINCE = 8, 12, 6


class Alerts:
    """The view."""

    title = "Alerts"
    empty = "no alert fires"
    keys: Sequence[tuple[str, str]] = (("enter", "read"), ("a", "acknowledge"), ("s", "silence"))

    def items(self, picture: Picture, wanted: str) -> Sequence[Json]:
        """Those that are looked for: by rule, severity, state, what they say, and labels."""
        return [alert for alert in picture.alerts if found(wanted, *_texts(alert))]

    def key(self, item: Json) -> Hashable:
        """What stays the same while it escalates."""
        if item.get("fingerprint"):
            return str(item["fingerprint"])
        return item["rule"], *sorted(item["labels"].items())

    def head(self, columns: int) -> Line:
        """The titles."""
        parts = [cell("", 2), cell("severity", SEVERITY), cell("state", STATE), cell("for", SINCE, right=True), "what"]
        return ((cell(" ".join(parts), columns), Role.TITLE),)

    def row(self, item: Json, scene: Scene, *, chosen: bool) -> Line:
        """One alert."""
        level = levels.of_severity(item["severity"])
        state = item.get("state", "firing")
        quiet = state != "firing"
        room = scene.columns - 2 - SEVERITY - STATE - SINCE - 4
        text = cell(item["summary"] or item["rule"], max(0, room))
        return (
            (cell("" if quiet else levels.MARKS.get(level, ""), 2), level),
            (" ", Role.PLAIN),
            (cell(item["severity"], SEVERITY), Role.SOFT if quiet else level),
            (" " + cell(state, STATE), Role.SOFT if quiet else Role.PLAIN),
            (" " + cell(figures.age(item["since"], scene.now), SINCE, right=True) + " ", Role.SOFT),
            (text, Role.CHOSEN if chosen else Role.SOFT if quiet else Role.PLAIN),
        )

    def details(self, item: Json, scene: Scene) -> list[Line]:
        """All that it says, who takes care of it, and what it is of."""
        return list(wrapped(_details(item, scene), scene.columns))


def _details(alert: Json, scene: Scene) -> Iterator[Line]:
    level = levels.of_severity(alert["severity"])
    state = alert.get("state", "firing")
    yield (
        (f"{alert['severity'].upper()} ", level),
        (alert.get("name") or alert["rule"], Role.STRONG),
        (f"  {state} for {figures.age(alert['since'], scene.now)}", Role.SOFT),
    )
    by = f" by {alert['by']}" if alert.get("by") and state != "inhibited" else ""
    note = f": {alert['note']}" if alert.get("note") else ""
    if state != "firing" or by or note:
        yield from wrapped([((f"{state}{by}{note}", Role.INFO),)], scene.columns)
    yield EMPTY
    for text in (alert["text"] or alert["summary"]).splitlines():
        yield from wrapped([((text, Role.PLAIN),)], scene.columns)
    yield EMPTY
    yield from wrapped([_what_to_press(state, scene)], scene.columns)
    yield EMPTY
    rows = [(name, str(value)) for name, value in alert["labels"].items()]
    rows += [("rule", alert["rule"]), ("since", figures.clock(alert["since"]))]
    rows += [(name, f"{alert[name]:.6g}") for name in ("value", "worst", "threshold") if alert.get(name) is not None]
    rows += [("fingerprint", alert["fingerprint"])] if alert.get("fingerprint") else []
    yield from facts(rows, scene.columns)


def _what_to_press(state: str, scene: Scene) -> Line:
    if not scene.may_change:
        return ((f"Nothing can be acknowledged or silenced from here: {scene.why_not}", Role.BLIND),)
    taking = "takes the acknowledgement back" if state == "acknowledged" else "acknowledges it: «I take care of it»"
    return (("a ", Role.KEY), (f"{taking}   ", Role.SOFT), ("s ", Role.KEY), ("silences the like of it", Role.SOFT))


def _texts(alert: Json) -> list[str]:
    labels = [f"{name}={value}" for name, value in alert["labels"].items()]
    return [alert["rule"], alert["severity"], alert.get("state", ""), alert["summary"], *labels]


def same_kind(alert: Json) -> list[dict[str, object]]:
    """The matchers of a silence: of the rule, with the labels of the alert."""
    labels = {"rule": alert["rule"], **alert["labels"]}
    return [
        {"name": name, "value": value, "regex": False, "negative": False} for name, value in labels.items() if value
    ]


def told(matchers: Sequence[Mapping[str, object]]) -> str:
    """The same in words."""
    return ", ".join(f"{each['name']}={each['value']}" for each in matchers)
