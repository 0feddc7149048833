"""One pool, opened: how near, what to do, its curve, what it holds, and how far all that may be believed. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from monitor.cli import words
from monitor.cli.top import figures, levels, nearest
from monitor.cli.top.curve import curve_lines, curve_title
from monitor.cli.top.painted import EMPTY, Line, Role, Span, bar, cell, wrapped
from monitor.cli.top.parts import heading, remarks, table
from monitor.cli.top.picture import Row
from monitor.cli.top.pool_trust import account, burn, reconciliation
from monitor.cli.top.views import Scene

Json = Mapping[str, Any]
STAGE, STAGE_BAR = 20, 20


def pool_details(item: Row, scene: Scene) -> list[Line]:
    """All there is to say of a pool, or of an account without any."""
    return list(wrapped(_lines(item, scene), scene.columns))


def _lines(item: Row, scene: Scene) -> Iterator[Line]:
    columns, pool = scene.columns, item.pool
    yield from _title(item, scene)
    for alert in scene.picture.alerts_of(item.key):
        role = levels.of_severity(alert["severity"])
        state = "" if alert.get("state", "firing") == "firing" else f" ({alert['state']})"
        said = alert["summary"] or alert["rule"]
        yield from wrapped([((f"{alert['severity'].upper()}{state}: {said}", role),)], columns)
    if pool is None:
        yield EMPTY
        yield from account(item, scene)
        return
    yield from _glance(pool, scene)
    if pool["advice"]["text"]:
        yield from wrapped([(("do: ", Role.STRONG), (pool["advice"]["text"], Role.PLAIN))], columns)
    yield from heading(curve_title(scene), columns)
    yield from curve_lines(scene)
    for title, lines in (
        ("Positions", _positions(pool, scene)),
        ("Liquidation lines", _table_of_lines(pool, scene)),
        ("Stages", _stages(pool, scene)),
        ("Collateral", _collateral(pool, columns)),
        ("Funding and interest", burn(pool, columns)),
        ("Against the venue's own figures", reconciliation(pool, columns)),
        ("Account", account(item, scene)),
    ):
        body = list(lines)
        if body:
            yield from heading(title, columns)
            yield from body


def _title(item: Row, scene: Scene) -> Iterator[Line]:
    """Name, quality with its reasons, and age."""
    report = item.report
    near = None if item.pool is None else nearest.of_pool(item.pool)
    level = levels.of_pool(report, scene.levels, near.line if near else None, scene.picture.alerted(item.key))
    mark = levels.MARKS.get(level, "").strip()
    at = item.account["last_update"] if item.pool is None else item.pool["as_of"]
    old = figures.age(at, scene.now)
    line: list[Span] = [(f"{mark} ", level)] if mark else []
    line += [(f"{item.key[0]}/{item.key[1]} ", Role.STRONG), (item.key[2], Role.STRONG), ("  ", Role.PLAIN)]
    line += [levels.badge(report["quality"], live=scene.live), (f"  {old} old", Role.SOFT)]
    if item.pool is not None:
        beside = ["isolated" if item.pool["isolated"] else "cross"]
        beside += [f"group {item.account['group']}"] if item.account["group"] else []
        beside += [] if item.pool["primary"] else ["a view of positions that another pool counts"]
        line.append((f"  {', '.join(beside)}", Role.SOFT))
    yield from wrapped([tuple(line)], scene.columns)
    own = words.own_reasons(item.account)
    known = [] if item.pool is None else item.pool["reasons"]
    sign = Role.BLIND if not words.believed(report) else Role.WARNING
    yield from remarks([*known, *(reason for reason in own if reason not in known)], scene.columns, sign)
    if not words.believed(report):
        yield from remarks(["these figures are the last known, not of now"], scene.columns, Role.BLIND)


def _glance(pool: Json, scene: Scene) -> Iterator[Line]:
    """The figures that one looks for first."""
    believed = words.believed(pool)
    near = nearest.of_pool(pool)
    ratio = levels.of_ratio(pool["margin_ratio"], scene.levels) if believed else Role.SOFT
    part = figures.part(pool["margin_ratio"])
    full, rest = bar(part, 20) if part is not None else ("", "?" * 20)
    yield (
        ("margin used  ", Role.SOFT),
        (f"{figures.ratio(pool['margin_ratio'])} ", ratio),
        (full, ratio),
        (rest, Role.SOFT),
        ("  100 % is liquidation", Role.SOFT),
    )
    if near is not None:
        role = levels.of_line(near.line, scene.levels) if believed else Role.SOFT
        yield from wrapped([(("nearest      ", Role.SOFT), (nearest.movement(near), role))], scene.columns)
    yield from wrapped(
        [
            (
                ("equity       ", Role.SOFT),
                (figures.money(pool["equity_usd"]), Role.PLAIN),
                (" USD  ", Role.SOFT),
                ("required ", Role.SOFT),
                (figures.money(figures.required(pool)), Role.PLAIN),
                ("  leverage ", Role.SOFT),
                (figures.leverage(pool["effective_leverage"]), Role.PLAIN),
                ("  at risk ", Role.SOFT),
                (figures.money(pool["funds_at_risk_usd"]), Role.PLAIN),
            )
        ],
        scene.columns,
    )


def _positions(pool: Json, scene: Scene) -> Iterator[Line]:
    titles = ("Position", "Away", "Liquidated at", "Mark", "Quantity", "Entry", "Profit", "Notional", "Leverage", "ADL")
    rows = [_position(each, pool, scene) for each in pool["positions"]]
    if not rows:
        yield (("no position", Role.SOFT),)
        return
    yield from table(titles, rows, scene.columns)


def _position(each: Json, pool: Json, scene: Scene) -> list[str | Span]:
    line = each["liquidation"]
    believed = words.believed(pool)
    away = nearest.distance(line, falling=words.falling(each, line))
    sigmas = line.get("distance_sigmas")
    at = words.price(line["price"]) if line["state"] == "at" and line.get("price") is not None else "-"
    backed = words.backed(each)
    at += f" ({pool['backstop'] or 'topped up'}: {backed})" if backed else ""
    suspect = " SUSPECT" if each["suspect"] else ""
    return [
        (f"{each['symbol']} {each['side']}{suspect}", Role.WARNING if suspect else Role.STRONG),
        (
            away + (f" {sigmas:.1f}σ" if sigmas is not None else ""),
            levels.of_line(line, scene.levels) if believed else Role.SOFT,
        ),
        at,
        words.price(each["mark_price"]),
        figures.number(each["quantity"]),
        words.price(each["entry_price"]),
        figures.money(each["unrealized_pnl_usd"]),
        figures.money(each["notional_usd"]),
        "" if each["leverage"] is None else f"{each['leverage']:g}x",
        "" if each["adl_rank"] is None else str(each["adl_rank"]),
    ]


def _table_of_lines(pool: Json, scene: Scene) -> Iterator[Line]:
    rows: list[list[str | Span]] = []
    for name, sides, sigma in _rays(pool):
        cells = [_side(sides.get(side), side == "down", pool, scene) for side in ("down", "up")]
        rows.append([name, *cells, "-" if sigma is None else figures.percent(sigma)])
    if rows:
        yield from table(("What moves", "Falls", "Rises", "One daily σ"), rows, scene.columns)


def _rays(pool: Json) -> Iterable[tuple[str, Json, float | None]]:
    if pool["market"]:
        yield "all coins together", pool["market"], pool["market_sigma"]
    for coin, sides in pool["coins"].items():
        yield f"{coin} alone", sides, pool["coin_sigmas"].get(coin)
    for coin, sides in pool["depegs"].items():
        yield f"{coin} leaves its peg", sides, None


def _side(line: Json | None, falling: bool, pool: Json, scene: Scene) -> str | Span:
    if line is None:
        return "-"
    text = words.line(line, falling=falling)
    if line["state"] == "never" or not words.believed(pool):
        return text, Role.SOFT
    return text, levels.of_line(line, scene.levels)


def _stages(pool: Json, scene: Scene) -> Iterator[Line]:
    for name, ratio in pool["stages"].items():
        part = figures.part(ratio)
        full, rest = bar(part, STAGE_BAR) if part is not None else ("", "?" * STAGE_BAR)
        level = levels.of_ratio(ratio, scene.levels) if name == "liquidation" else Role.INFO
        role = level if words.believed(pool) else Role.SOFT
        said = "reached" if ratio["state"] == "liquidatable" else figures.ratio(ratio)
        yield (
            (cell(name.replace("-", " "), STAGE), Role.PLAIN),
            (cell(said, 9, right=True), role),
            ("  ", Role.PLAIN),
            (full, role),
            (rest, Role.SOFT),
        )


def _collateral(pool: Json, columns: int) -> Iterator[Line]:
    rows = [
        [
            each["asset"],
            figures.number(each["amount"]),
            "assumed 1" if each["price_usd"] is None else words.price(each["price_usd"]),
            figures.money(each["value_usd"]),
            figures.percent(each["share_ratio"]),
        ]
        for each in pool["collateral"]
    ]
    if rows:
        yield from table(("Asset", "Amount", "Price", "Counts for, USD", "Share"), rows, columns)
