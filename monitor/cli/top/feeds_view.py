"""The ledger of streams and readings, those that do not deliver first. Pure."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any

from monitor.cli.top import figures
from monitor.cli.top.painted import EMPTY, Line, Role, cell, shortened, wrapped
from monitor.cli.top.parts import facts, heading
from monitor.cli.top.picture import Picture
from monitor.cli.top.views import Scene, found

Json = Mapping[str, Any]
PHASE, LAST, LAG, COUNT = 12, 7, 8, 9
COUNTS = ("messages", "reconnects", "malformed", "unrecognised", "ignored", "missed_acknowledgements")
WIDE = 100


class Feeds:
    """The view."""

    title = "Feeds"
    empty = "no stream is known yet"
    keys: Sequence[tuple[str, str]] = (("enter", "open"),)

    def items(self, picture: Picture, wanted: str) -> Sequence[Json]:
        """Those that are looked for, by names and phase; down ones first."""
        feeds = [feed for feed in picture.feeds.values() if found(wanted, *_texts(feed))]
        return sorted(feeds, key=lambda feed: (feed["up"], feed["venue"], feed["account"], feed["stream"]))

    def key(self, item: Json) -> Hashable:
        """Venue, account and stream."""
        return item["venue"], item["account"], item["stream"]

    def head(self, columns: int) -> Line:
        """The titles."""
        parts = [cell("", 2), cell("stream", _name(columns)), cell("phase", PHASE), cell("last", LAST, right=True)]
        parts.append(cell("lag", LAG, right=True))
        parts += [cell(each, COUNT, right=True) for each in _counts(columns)]
        return ((cell(" ".join(parts), columns), Role.TITLE),)

    def row(self, item: Json, scene: Scene, *, chosen: bool) -> Line:
        """One stream."""
        up = item["up"]
        name = shortened(f"{figures.name_of(item)} {item['stream']}", _name(scene.columns))
        told = [item["messages"], item["reconnects"], item["malformed"] + item["unrecognised"]][
            : len(_counts(scene.columns))
        ]
        last = figures.age(item["last_message"], scene.now).replace(" min", "m").replace(" ", "")
        return (
            ("  " if up else "? ", Role.BLIND),
            (" ", Role.PLAIN),
            (cell(name, _name(scene.columns)), Role.CHOSEN if chosen else Role.PLAIN),
            (" " + cell(item["phase"], PHASE), Role.CALM if up else Role.BADGE_BLIND),
            (" " + cell(last, LAST, right=True), Role.PLAIN if up else Role.BLIND),
            (" " + cell(_lag(item), LAG, right=True), Role.SOFT),
            ("".join(" " + cell(f"{each:,}", COUNT, right=True) for each in told), Role.SOFT),
        )

    def details(self, item: Json, scene: Scene) -> list[Line]:
        """What is known of a stream, and what became of its messages."""
        return list(wrapped(_details(item, scene), scene.columns))


def _details(feed: Json, scene: Scene) -> Iterator[Line]:
    up = feed["up"]
    yield (
        (f"{figures.name_of(feed)} {feed['stream']}  ", Role.STRONG),
        (feed["phase"], Role.CALM if up else Role.BADGE_BLIND),
        ("  read again and again" if feed["polled"] else "  sent by the venue", Role.SOFT),
    )
    if feed["reason"]:
        yield from wrapped([((feed["reason"], Role.PLAIN if up else Role.BLIND),)], scene.columns)
    yield EMPTY
    rows = [
        (
            "last message",
            "never" if feed["last_message"] is None else f"{figures.age(feed['last_message'], scene.now)} ago",
        ),
        ("lag", _lag(feed)),
        *((name.replace("_", " "), f"{feed[name]:,}") for name in COUNTS),
    ]
    yield from facts(rows, scene.columns)
    if frames := feed.get("frames"):
        yield from heading("What became of its messages", scene.columns)
        yield from facts([(name, f"{count:,}") for name, count in frames.items()], scene.columns)
    yield from _venue(feed["venue"], scene)


def _venue(venue: str, scene: Scene) -> Iterator[Line]:
    """Limits and clock of its venue."""
    frame = scene.picture.frame or {}
    rows = []
    for budget in frame.get("budgets", ()):
        if budget["venue"] == venue:
            rows.append(("used of its rate limit", figures.percent(budget["used_ratio"])))
            if budget["banned_until"] is not None and budget["banned_until"] > scene.now:
                rows.append(("banned until", figures.clock(budget["banned_until"])))
    offset = frame.get("clock_offsets", {}).get(venue)
    if offset is not None:
        rows.append(("its clock is ahead by", f"{offset * 1000:,.0f} ms"))
    if rows:
        yield from heading(venue, scene.columns)
        yield from facts(rows, scene.columns)
    for text in frame.get("diagnosis", {}).get(venue, ()):
        yield from wrapped([((f"! {text}", Role.WARNING),)], scene.columns)


def _name(columns: int) -> int:
    return max(8, min(44, columns - 2 - PHASE - LAST - LAG - 4 - len(_counts(columns)) * (COUNT + 1)))


def _counts(columns: int) -> tuple[str, ...]:
    return ("messages", "reconn.", "unread") if columns >= WIDE else ("messages",) if columns >= 70 else ()


def _lag(feed: Json) -> str:
    lag = feed["lag_seconds"]
    return "unknown" if lag is None else f"{lag * 1000:,.0f} ms"


def _texts(feed: Json) -> list[str]:
    return [feed["venue"], feed["account"], feed["stream"], feed["phase"], feed["reason"]]
