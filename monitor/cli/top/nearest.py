"""The line that is reached first, each way, with the name of what moves. Lines are only compared. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from monitor.cli import words
from monitor.cli.top.painted import cell, clipped, width

Json = Mapping[str, Any]
MARKET = "market"
ALL = "all"  #: coins together, where there is little room


@dataclass(frozen=True, slots=True)
class Near:
    """A line, and what moves. `doubt`: another one is not known, and might be nearer."""

    what: str
    line: Json
    falling: bool
    doubt: bool = False

    def short(self, columns: int) -> str:
        """As a cell of a table: `SOL -4.3 %`."""
        said = distance(self.line, falling=self.falling) + ("?" if self.doubt and self.line["state"] == "at" else "")
        if self.line["state"] != "at":
            return cell(said, columns, right=True)
        name = clipped(ALL if self.what == MARKET else self.what, columns - width(said) - 1)
        return cell(f"{name} {said}", columns, right=True)


def coin_lines(pool: Json, side: str) -> list[Near]:
    """Lines on which one coin moves, or one stablecoin leaves its peg."""
    return [
        Near(what, sides[side], side == "down")
        for table in (pool["coins"], pool["depegs"])
        for what, sides in table.items()
        if side in sides
    ]


def market_lines(pool: Json, side: str) -> list[Near]:
    """The line on which all coins move, if there is one."""
    return [Near(MARKET, pool["market"][side], side == "down")] if side in pool["market"] else []


def first(lines: Iterable[Near]) -> Near | None:
    """The line reached first. One that is not known hides nothing but a nearer one; None: there is no line at all."""
    best: Near | None = None
    unknown: Near | None = None
    never: Near | None = None
    for each in lines:
        match each.line["state"]:
            case "liquidatable":
                return each
            case "unknown":
                unknown = unknown or each
            case "at":
                if best is None or each.line["distance_ratio"] < best.line["distance_ratio"]:
                    best = each
            case _:
                never = never or each
    if best is not None:
        return Near(best.what, best.line, best.falling, doubt=unknown is not None)
    return unknown or never


def each_way(pool: Json, side: str) -> Near | None:
    """The nearest of all lines one way."""
    return first([*coin_lines(pool, side), *market_lines(pool, side)])


def of_pool(pool: Json) -> Near | None:
    """The nearest of all lines of a pool, those of its positions as well."""
    legs = [
        Near(each["symbol"], each["liquidation"], words.falling(each, each["liquidation"]) is not False)
        for each in pool["positions"]
    ]
    return first([near for side in ("down", "up") if (near := each_way(pool, side))] + legs)


def distance(line: Json, *, falling: bool | None = None) -> str:
    """How far a line is, without its price: `-4.3 %`, `never`, `NOW`, `unknown`."""
    if line["state"] != "at":
        return words.line(line)
    if line["distance_ratio"] >= words.BEYOND_RATIO:
        return f">{words.BEYOND_RATIO:.0f} times"
    return words.line({**line, "price": None}, falling=falling)


def movement(near: Near) -> str:
    """What has to happen: `SOL falls 4.3 % to 181.77`."""
    line = near.line
    match line["state"]:
        case "liquidatable":
            return "can be liquidated NOW"
        case "never":
            return "no price does it"
        case "at":
            to = "" if line.get("price") is None else f" to {words.price(line['price'])}"
            what, ending = ("all coins together", "") if near.what == MARKET else (near.what, "s")
            verb = "fall" if near.falling else "rise"
            beside = ", unless a line that is not known is nearer" if near.doubt else ""
            return f"{what} {verb}{ending} {distance(line)}{to}{beside}"
    return "; ".join(line.get("reasons", ())) or "not known"
