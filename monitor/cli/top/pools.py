"""The list of pools, the most dangerous first: columns by the width of the terminal. Pure."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from monitor.cli import words
from monitor.cli.top import figures, levels, nearest
from monitor.cli.top.nearest import Near
from monitor.cli.top.painted import Line, Role, Span, bar, cell, shortened, width
from monitor.cli.top.picture import Picture, Row
from monitor.cli.top.pool_details import pool_details
from monitor.cli.top.views import Scene, found

Json = Mapping[str, Any]

MARK, BADGE, RATIO, AGE = 2, 7, 7, 4
LINE, MARKET = 12, 8
ISOLATED = "isolated:"
MOST_NAME = 44
SHORT_VENUE = 4


@dataclass(frozen=True, slots=True)
class Plan:
    """How many columns each part takes; 0: it is left out."""

    name: int
    bar: int
    line: int
    market: int  #: of each of the two; without them the market is among the other lines
    money: int


def plan(columns: int) -> Plan:
    """What fits: the more room, the more is told."""
    fixed = MARK + 1 + 1 + BADGE + 1 + RATIO + 1 + AGE
    for bar_, line, market, money, name in (
        (16, 14, MARKET, 9, 38),
        (12, 14, MARKET, 9, 32),
        (10, 13, MARKET, 0, 30),
        (10, LINE, 0, 0, 28),
        (5, LINE, 0, 0, 22),
        (0, LINE, 0, 0, 16),
    ):
        taken = fixed + _with_gap(bar_) + 2 * (line + 1) + 2 * _with_gap(market) + 3 * _with_gap(money)
        if columns - taken >= name:
            return Plan(min(columns - taken, MOST_NAME), bar_, line, market, money)
    return Plan(max(6, columns - MARK - RATIO - 2), 0, 0, 0, 0)


def _with_gap(columns: int) -> int:
    return columns + 1 if columns else 0


class Pools:
    """The view."""

    title = "Pools"
    empty = "no account is configured"
    keys: Sequence[tuple[str, str]] = (("enter", "open"), ("c", "other curve"))

    def items(self, picture: Picture, wanted: str) -> Sequence[Row]:
        """Those that are looked for: by the names of venue, account, pool, group, positions and coins, by quality."""
        rows = picture.rows()
        return rows if not wanted else [row for row in rows if found(wanted, *_names(row))]

    def key(self, item: Row) -> Hashable:
        """Venue, account and pool."""
        return item.key

    def head(self, columns: int) -> Line:
        """The titles."""
        room = plan(columns)
        parts = [cell("", MARK), cell("pool", room.name)]
        if room.line == 0:
            return ((" ".join([*parts, cell("ratio", RATIO, right=True)]), Role.TITLE),)
        parts += [cell("quality", BADGE), cell("ratio", RATIO, right=True)]
        parts += [cell("", room.bar)] if room.bar else []
        parts += [cell(title, room.line, right=True) for title in ("falls", "rises")]
        parts += [cell(title, room.market, right=True) for title in ("all fall", "all rise")] if room.market else []
        parts += (
            [cell(title, room.money, right=True) for title in ("equity", "required", "leverage")] if room.money else []
        )
        return ((" ".join([*parts, cell("age", AGE, right=True)]), Role.TITLE),)

    def row(self, item: Row, scene: Scene, *, chosen: bool) -> Line:
        """One pool, or an account without any."""
        room = plan(scene.columns)
        report = item.report
        believed = words.believed(report)
        near = None if item.pool is None else nearest.of_pool(item.pool)
        level = levels.of_pool(report, scene.levels, near.line if near else None, scene.picture.alerted(item.key))
        name = _name(item, room.name)
        line: list[Span] = [
            (cell(levels.MARKS.get(level, ""), MARK), level),
            (" ", Role.PLAIN),
            (cell(name, room.name), Role.CHOSEN if chosen else Role.PLAIN if believed else Role.SOFT),
            (" ", Role.PLAIN),
        ]
        ratio = levels.of_ratio(report["margin_ratio"], scene.levels)
        told = figures.ratio(report["margin_ratio"])
        if room.line == 0:
            return (*line, (cell(told, RATIO, right=True), _toned(ratio, believed)))
        quality, badge = levels.badge(report["quality"], live=scene.live)
        line += [(cell(quality, BADGE), badge), (" ", Role.PLAIN)]
        line.append((cell(told, RATIO, right=True), _toned(ratio, believed)))
        if room.bar:
            line += [(" ", Role.PLAIN), *ratio_bar(report, ratio, room.bar)]
        line += _lines(item.pool, scene, room, believed) if item.pool else _why(item.account, room)
        at = item.account["last_update"] if item.pool is None else item.pool["as_of"]
        line.append((" " + cell(_age(at, scene.now), AGE, right=True), Role.SOFT if believed else Role.BLIND))
        return tuple(line)

    def details(self, item: Row, scene: Scene) -> list[Line]:
        """The pool, opened."""
        return pool_details(item, scene)


def ratio_bar(report: Json, level: Role, columns: int) -> list[Span]:
    """How much of the way to liquidation is gone; question marks where that is not known."""
    part = figures.part(report["margin_ratio"])
    if part is None:
        return [("?" * columns, Role.BLIND)]
    full, rest = bar(part, columns)
    return [(full, _toned(level, words.believed(report))), (rest, Role.SOFT)]


def _lines(pool: Json, scene: Scene, room: Plan, believed: bool) -> list[Span]:
    spans: list[Span] = []
    for side in ("down", "up"):
        coin = nearest.coin_lines(pool, side)
        near = nearest.first(coin if room.market else [*coin, *nearest.market_lines(pool, side)])
        spans.append(_near(near, room.line, scene, believed))
    if room.market:
        for side in ("down", "up"):
            sides = pool["market"]
            market = Near("", sides[side], side == "down") if side in sides else None
            spans.append(_near(market, room.market, scene, believed))
    if room.money:
        told = (
            figures.money(pool["equity_usd"]),
            figures.money(figures.required(pool)),
            figures.leverage(pool["effective_leverage"]),
        )
        spans += [(" " + cell(text, room.money, right=True), Role.PLAIN if believed else Role.SOFT) for text in told]
    return spans


def _near(near: Near | None, columns: int, scene: Scene, believed: bool) -> Span:
    if near is None:
        return (" " + cell("none", columns, right=True), Role.SOFT)
    if near.line["state"] == "never":
        return (" " + cell("never", columns, right=True), Role.SOFT)
    level = levels.of_line(near.line, scene.levels)
    return (" " + near.short(columns), _toned(level, believed))


def _why(account: Json, room: Plan) -> list[Span]:
    """Of an account without a pool: what speaks against it."""
    columns = 2 * room.line + 1 + 2 * _with_gap(room.market) + 3 * _with_gap(room.money)
    believed = words.believed(account)
    text = "; ".join(account["reasons"]) or ("no pool" if believed else "not known")
    return [(" " + cell(text, columns), Role.SOFT if believed else Role.BLIND)]


def _toned(level: Role, believed: bool) -> Role:
    """What is not believed has no colour of safety or danger: it may be neither."""
    return level if believed else Role.SOFT


def _name(item: Row, columns: int) -> str:
    """`venue/account pool`; where that is too long without what a pool of one position begins with."""
    venue, account, pool = item.key
    full = f"{venue}/{account} {pool}".rstrip()
    if width(full) > columns and pool.startswith(ISOLATED):
        full = f"{venue}/{account} {pool.removeprefix(ISOLATED)}"
    if width(full) > columns:
        full = f"{venue[:SHORT_VENUE]}{full[len(venue) :]}"
    return shortened(full, columns)


def _age(at: float | None, now: float) -> str:
    """How old, in four columns."""
    return figures.age(at, now).replace(" min", "m").replace(" ", "") if at is not None else "?"


def _names(row: Row) -> list[str]:
    pool = row.pool
    names = [*row.key, row.report["quality"], row.account.get("group") or ""]
    if pool is not None:
        names += [*pool["coins"], *(each["symbol"] for each in pool["positions"])]
    return [str(name) for name in names]
