"""The health curve of the chosen pool: what to ask the monitor for, and the answer as lines. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from monitor.cli import words
from monitor.cli.top import figures, nearest
from monitor.cli.top.painted import Line, Role, soft, wrapped
from monitor.cli.top.picture import Row
from monitor.cli.top.plot import HATCH, USUAL, known, plot
from monitor.cli.top.views import Scene

Json = Mapping[str, Any]

SPANS = (0.02, 0.05, 0.1, 0.25, 0.6, 1.0)  #: moves either way that are shown: the price cannot fall below zero
ROOM = 1.35  #: of the distance to the nearest line
FAR = 0.6  #: where there is none
LEAST_POINTS, MOST_POINTS = 41, 401
LEAST_ROWS, MOST_ROWS = 7, 18


def choices(pool: Json) -> list[str]:
    """What may move: what has the nearest line first, then all coins, each coin, each stablecoin."""
    names = list(dict.fromkeys([nearest.MARKET, *pool["coins"], *pool["depegs"]]))
    reaches = {name: reach for name in names if (reach := _reach(pool, name)) is not None}
    # With one coin all coins are that coin, and its name says more.
    first = min(reaches, key=lambda name: (reaches[name], name == nearest.MARKET), default=None)
    if first is None:
        first = next(iter(pool["coins"]), nearest.MARKET)
    return [first, *(name for name in names if name != first)]


def query(row: Row, of: str, columns: int) -> dict[str, str]:
    """What `GET /api/v1/curve` is asked, for a drawing of so many columns."""
    assert row.pool is not None
    span = _span(row.pool, of)
    points = max(LEAST_POINTS, min(MOST_POINTS, 2 * columns - 1)) | 1  # an odd number has today in its middle
    venue, account, pool = row.key
    return {
        "venue": venue,
        "account": account,
        "pool": pool,
        "of": of,
        "from": str(-span),
        "to": str(span),
        "points": str(points),
    }


def _reach(pool: Json, name: str) -> float | None:
    """The distance of the nearer line of what moves."""
    sides = pool["market"] if name == nearest.MARKET else (pool["coins"] | pool["depegs"])[name]
    return min((line["distance_ratio"] for line in sides.values() if line["state"] == "at"), default=None)


def _span(pool: Json, of: str) -> float:
    """The smallest that shows the nearest line, with room."""
    reach = _reach(pool, of)
    if reach is None:
        return FAR
    return next((span for span in SPANS if span >= ROOM * reach), SPANS[-1])


def name_of(of: str) -> str:
    """What moves, in words."""
    return "all coins" if of == nearest.MARKET else of


def curve_title(scene: Scene) -> str:
    """Of what, and of when: it is asked for less often than the figures above it are told."""
    answer = scene.curve.answer
    at = "" if answer is None else f", {figures.clock(answer['at'])}"
    return f"Health curve of {name_of(scene.curve.of)}{at}"


def curve_lines(scene: Scene) -> Iterator[Line]:
    """The drawing and what it says; in words alone where there is nothing to draw."""
    curve = scene.curve
    if len(curve.choices) > 1:
        others = ", ".join(name_of(each) for each in curve.choices if each != curve.of)
        yield from wrapped([(("c", Role.KEY), (f" shows it for {others}", Role.SOFT))], scene.columns)
    if curve.trouble:
        yield from wrapped([((f"The curve cannot be drawn: {curve.trouble}", Role.BLIND),)], scene.columns)
        return
    if curve.answer is None:
        yield soft("asking the monitor …")
        return
    answer = curve.answer
    if known(answer):
        yield from plot(answer, scene.columns, max(LEAST_ROWS, min(MOST_ROWS, scene.rows * 2 // 5)))
        yield from wrapped([_legend(answer)], scene.columns)
    else:
        yield (("There is no curve: equity and requirement are not known.", Role.BLIND),)
    for text in sentences(answer):
        yield from wrapped([((text, Role.PLAIN),)], scene.columns)


def _legend(answer: Json) -> Line:
    sigma = answer["sigma_ratio"]
    usual = "" if sigma is None else f"  {USUAL}{USUAL} a usual day (±1 σ, {figures.percent(sigma)})"
    return (
        ("⠤⠤", Role.EQUITY),
        (" equity  ", Role.SOFT),
        ("⠄⠄", Role.REQUIRED),
        (" required  ", Role.SOFT),
        (HATCH * 2, Role.LOST),
        (" liquidated", Role.SOFT),
        (usual, Role.SOFT),
    )


def sentences(answer: Json) -> Iterator[str]:
    """What it says: how far to believe it, where the pool is liquidated, where its stages begin, what was assumed."""
    if answer["quality"] != "LIVE":
        reasons = f": {'; '.join(answer['reasons'])}" if answer["reasons"] else ""
        yield f"Quality {answer['quality']}{reasons}."
    what = name_of(answer["of"])
    yield f"Liquidated {_both(answer['line'], what)}."
    for stage in answer["stages"]:
        begins = any(stage[side]["state"] == "at" for side in ("down", "up") if stage.get(side))
        if stage["name"] != "liquidation" and begins:
            yield f"{stage['name'].replace('-', ' ').capitalize()} {_both(stage, what)}."
    for note in answer["notes"]:
        yield note[:1].upper() + note[1:] + ("" if note.endswith(".") else ".")


def _both(sides: Json, what: str) -> str:
    plural = "" if what == "all coins" else "s"
    said = []
    for side, verb in (("down", "fall"), ("up", "rise")):
        line = sides.get(side) or {"state": "unknown"}
        way = f"if {what} {verb}{plural}"
        match line["state"]:
            case "at":
                to = "" if line.get("price") is None else f" to {words.price(line['price'])}"
                said.append(f"{way} {nearest.distance(line)}{to}")
            case "never":
                said.append(f"never {way}")
            case "liquidatable":
                return "NOW"
            case _:
                reasons = "; ".join(line.get("reasons", ()))
                said.append(f"at an unknown price {way}{f' ({reasons})' if reasons else ''}")
    return "; ".join(said)
