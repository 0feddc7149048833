"""Groups of accounts, in the words of `marginwatch status`. Pure."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from monitor.cli import words
from monitor.cli.top import figures, levels
from monitor.cli.top.painted import Line, Role, bar, cell, wrapped
from monitor.cli.top.picture import Picture
from monitor.cli.top.views import Scene, found

Json = Mapping[str, Any]
NAME, BADGE, RATIO, BAR, MONEY = 18, 7, 7, 8, 10


class Groups:
    """The view."""

    title = "Groups"
    empty = "no account belongs to a group"
    keys: Sequence[tuple[str, str]] = (("enter", "open"),)

    def items(self, picture: Picture, wanted: str) -> Sequence[Json]:
        """Those that are looked for, by name and members."""
        return [
            group
            for group in picture.groups.values()
            if found(wanted, group["name"], *(figures.name_of(each) for each in group["members"]))
        ]

    def key(self, item: Json) -> Hashable:
        """The name."""
        return str(item["name"])

    def head(self, columns: int) -> Line:
        """The titles."""
        parts = [cell("group", NAME), cell("quality", BADGE), cell("ratio", RATIO, right=True), cell("", BAR)]
        parts += [cell(each, MONEY, right=True) for each in ("equity", "required")]
        return ((cell(" ".join([*parts, "worst pool"]), columns), Role.TITLE),)

    def row(self, item: Json, scene: Scene, *, chosen: bool) -> Line:
        """One group."""
        believed = words.believed(item)
        level = levels.of_ratio(item["margin_ratio"], scene.levels) if believed else Role.SOFT
        part = figures.part(item["margin_ratio"])
        full, rest = bar(part, BAR) if part is not None else ("", "?" * BAR)
        quality, badge = levels.badge(item["quality"], live=scene.live)
        worst = item["worst"]
        named = "" if worst is None else f"{figures.name_of(worst)} {worst['pool']}"
        return (
            (cell(item["name"], NAME), Role.CHOSEN if chosen else Role.PLAIN),
            (" ", Role.PLAIN),
            (cell(quality, BADGE), badge),
            (" " + cell(figures.ratio(item["margin_ratio"]), RATIO, right=True) + " ", level),
            (full, level),
            (rest, Role.SOFT),
            *(
                (" " + cell(figures.money(item[each]), MONEY, right=True), Role.PLAIN)
                for each in ("equity_usd", "required_usd")
            ),
            (f" {named}", Role.SOFT),
        )

    def details(self, item: Json, scene: Scene) -> list[Line]:
        """What it comes to, what it holds, what may be moved, its hedges."""
        role = Role.PLAIN if words.believed(item) else Role.SOFT
        return list(wrapped((((text, role),) for text in words.group_lines(item)), scene.columns, hanging=4))
