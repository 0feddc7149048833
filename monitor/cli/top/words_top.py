"""The head and the foot of the screen: how bad it is, whether it is of now, what may be pressed. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from monitor.cli import words
from monitor.cli.top import figures, levels
from monitor.cli.top.painted import EMPTY, Line, Role, Span, apart, fitted, length, wrapped
from monitor.cli.top.picture import Picture
from monitor.cli.top.views import View

STANDS_STILL = "the monitor is connected, and its time stands still"


def head(picture: Picture, now: float, url: str, columns: int) -> Line:
    """The first line of the screen."""
    instance = "" if picture.frame is None else f" {picture.frame.get('instance', '')}"
    if picture.frame is None:
        return apart((("marginwatch", Role.STRONG), ("  not connected yet", Role.BLIND)), ((url, Role.SOFT),), columns)
    if not picture.live(now):
        return _gone(picture, now, columns)
    left: list[Span] = [("marginwatch", Role.STRONG), (instance, Role.STRONG), ("  live ", Role.CALM)]
    left += [(figures.clock(picture.at), Role.SOFT), ("  ", Role.PLAIN), *verdict(picture)]
    accounts, pools = picture.accounts, sum(row.pool is not None for row in picture.rows())
    right: Line = ((f"{figures.plural(len(accounts), 'account')}, {figures.plural(pools, 'pool')}", Role.SOFT),)
    fits = length(tuple(left)) + length(right) < columns
    return apart(tuple(left), right if fits else (), columns)


def _gone(picture: Picture, now: float, columns: int) -> Line:
    """Nothing that is seen is of now, and since when."""
    text = f" not live since {figures.clock(picture.at)} ({picture.silent(now):,.0f} s): nothing below is of now"
    return fitted(((f"{text:<{columns}}", Role.GONE),), columns)


def why(picture: Picture, again_seconds: float, columns: int) -> list[Line]:
    """The lines below that: the reason, and what is done about it."""
    text = STANDS_STILL
    if not picture.connected:
        text = f"{picture.reason}; " + (f"again in {again_seconds:.0f} s" if again_seconds > 0.5 else "trying again")
    return list(wrapped([((f" {text}", Role.BLIND),)], columns, hanging=1))[:3]


def beyond_us(error: Exception, picture: Picture) -> list[Line]:
    """Where what the monitor says cannot be read here."""
    version = (picture.frame or {}).get("version", "unknown")
    said = (
        f"  This cannot be shown ({type(error).__name__}: {error}). The monitor is of version {version}: is this older?"
    )
    return [EMPTY, ((said, Role.BLIND),)]


def verdict(picture: Picture) -> list[Span]:
    """How bad it is, in words: what is liquidatable, what fires and nobody takes care of, what is not known."""
    rows = picture.rows()
    now = sum(row.report["margin_ratio"]["state"] == "liquidatable" for row in rows)
    blind = sum(not words.believed(row.report) or row.report["margin_ratio"]["state"] == "unknown" for row in rows)
    counts: dict[str, int] = {}
    for alert in picture.alerts:
        if alert.get("state", "firing") == "firing":
            counts[alert["severity"]] = counts.get(alert["severity"], 0) + 1
    said: list[Span] = [(f"{now} liquidatable NOW", Role.CRITICAL)] if now else []
    said += [(f"{count} {severity}", levels.of_severity(severity)) for severity, count in counts.items()]
    said += [(f"{blind:,} not known", Role.BLIND)] if blind else []
    if not said:
        return [("no alert", Role.CALM if rows else Role.SOFT)]
    return [span for place, each in enumerate(said) for span in ([(", ", Role.SOFT)] if place else []) + [each]]


def tabs(views: Sequence[View[Any]], shown: View[Any], picture: Picture, wanted: str, columns: int) -> Line:
    """The second line: what there is to be looked at, and how much of it."""
    spans: list[Span] = []
    for number, view in enumerate(views, 1):
        items = view.items(picture, "")
        chosen = view is shown
        spans.append((f" {number} {view.title} {len(items):,} ", Role.CHOSEN if chosen else Role.SOFT))
        if view.title == "Feeds" and (down := sum(not feed["up"] for feed in picture.feeds.values())):
            spans.append((f"{down:,} down ", Role.BLIND))
        spans.append((" ", Role.PLAIN))
    looked: Line = ((f" /{wanted} ({len(shown.items(picture, wanted)):,}) ", Role.KEY),) if wanted else ()
    return apart(tuple(spans), looked, columns)


def foot(keys: Sequence[tuple[str, str]], columns: int) -> Line:
    """The last line: what may be pressed here."""
    spans: list[Span] = []
    for key, text in keys:
        spans += [(f" {key}", Role.KEY), (f" {text} ", Role.SOFT)]
    return fitted(tuple(spans), columns)


def nothing(picture: Picture, url: str, again_seconds: float, columns: int) -> list[Line]:
    """What stands in the middle while there is nothing to show."""
    if not picture.reason:
        return [EMPTY, (("  Asking ", Role.PLAIN), (url, Role.STRONG), (" …", Role.PLAIN))]
    again = f"Trying again in {again_seconds:.0f} s." if again_seconds > 0.5 else "Trying again."
    lines: list[Line] = [
        EMPTY,
        (("  Waiting for the monitor at ", Role.PLAIN), (url, Role.STRONG)),
        ((f"  {picture.reason}", Role.BLIND),),
        ((f"  {again}", Role.SOFT),),
        EMPTY,
        (("  Start one with marginwatch run, or marginwatch demo; name another with --url.", Role.SOFT),),
    ]
    return list(wrapped(lines, columns))
