"""What a pool pays, how it compares with the venue's own figures, and the account that it belongs to. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from monitor.cli import words
from monitor.cli.top import figures, nearest
from monitor.cli.top.painted import Line, Role, Span
from monitor.cli.top.parts import facts, remarks, table
from monitor.cli.top.picture import Row
from monitor.cli.top.views import Scene

Json = Mapping[str, Any]
ROUNDING_RATIO = 5e-7  #: a drift below it is none


def burn(pool: Json, columns: int) -> Iterator[Line]:
    """What funding and interest do to it."""
    said = pool["burn"]
    until = said["until_liquidation"]
    left = figures.lasting(until["seconds"]) if until["state"] == "at" else words.line(until)
    rows = [("a day", _paid(said["usd_per_day"])), ("until liquidation", f"{left}, prices standing still")]
    if said["next_time"] is not None:
        rows.append(("next payment", f"{_paid(said['next_usd'])} at {figures.clock(said['next_time'])}"))
    if after := said.get("after"):
        away = nearest.distance(after["nearest"])
        rows.append(("after it", f"{figures.ratio(after['margin_ratio'])} used, nearest line {away} away"))
    yield from facts(rows, columns)
    yield from remarks(said["reasons"], columns, Role.SOFT, "·")


def _paid(usd: float | None) -> str:
    if usd is None:
        return figures.UNKNOWN
    return f"brings {figures.money(-usd)} USD" if usd < 0 else f"costs {figures.money(usd)} USD"


def reconciliation(pool: Json, columns: int) -> Iterator[Line]:
    """Ours against the venue's."""
    says = [*pool["contradictions"].values()]
    says += [f"{each['symbol']}: {each['disagreement']}" for each in pool["positions"] if each["disagreement"]]
    yield from remarks(says, columns, Role.WARNING)
    rows: list[tuple[str, str | Span]] = [
        (f"drift of {name.replace('_', ' ')}", _drift(value)) for name, value in pool["drift"].items()
    ]
    own = pool["venue_ratio"]
    told = f"{own['value']:.4f}" if own["state"] == "at" else "not given"
    rows.append((f"the venue's {own.get('name') or 'ratio'}", told))
    yield from facts(rows, columns)
    legs = [
        [
            f"{each['symbol']} {each['side']}",
            _price(each["liquidation"]),
            _price(each["venue_liquidation"]),
            "-" if each["drift_ratio"] is None else _drift(each["drift_ratio"]),
        ]
        for each in pool["positions"]
    ]
    if legs:
        yield from table(("Line of", "Ours", "The venue's", "Drift"), legs, columns)


def _price(line: Json) -> str:
    priced = line["state"] == "at" and line.get("price") is not None
    return words.price(line["price"]) if priced else nearest.distance(line)


def _drift(value: float | None) -> str:
    if value is None:
        return "cannot be compared"
    return "none" if abs(value) < ROUNDING_RATIO else words.signed_percent(value)


def account(item: Row, scene: Scene) -> Iterator[Line]:
    """The account of a pool."""
    said = item.account
    mode, permissions, may_leave, moved = said["mode"], said["permissions"], said["withdrawable"], said["unexplained"]
    hedge = {True: "hedge", False: "one-way"}.get(mode["hedge"], "position mode unknown")
    words_of_mode = [
        mode["collateral"] or "collateral mode unknown",
        mode["kind"],
        hedge,
        "borrows" if mode["borrows"] else "",
    ]
    key = "its permissions are not known"
    if permissions is not None:
        key = ", ".join(
            f"{verb} {_yes(permissions[name])}"
            for verb, name in (("reads", "can_read"), ("trades", "can_trade"), ("withdraws", "can_withdraw"))
        )
    rows: list[tuple[str, str | Span]] = [
        ("mode", ", ".join(filter(None, words_of_mode))),
        ("worst ratio", figures.ratio(said["margin_ratio"])),
        ("equity", f"{figures.money(said['equity_usd'])} USD"),
        (
            "may leave",
            may_leave["reason"] or figures.UNKNOWN
            if may_leave["usd"] is None
            else f"{figures.money(may_leave['usd'])} USD",
        ),
        ("unexplained, one hour", _moved(moved)),
        ("key", key),
        ("read", f"{said['quality']}, {figures.age(said['last_update'], scene.now)} ago"),
    ]
    yield from facts(rows, scene.columns)


def _moved(unexplained: Json) -> str:
    usd = unexplained["usd"]
    if usd is None:
        return unexplained["text"] or figures.UNKNOWN
    return unexplained["text"] or ("nothing" if usd == 0 else f"{figures.money(usd)} USD")


def _yes(flag: bool | None) -> str:
    return "unknown" if flag is None else "yes" if flag else "no"
