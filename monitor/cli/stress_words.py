"""An answer of stress as text for people, 80 columns wide. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from textwrap import wrap
from typing import Any

Json = Mapping[str, Any]
WIDTH = 80
MOST_POOLS = 30  #: listed above the table, but for those that it speaks of
LEGEND = (
    "worst: the highest margin ratio at the end, and whose. liquid.: pools that are liquidated, on the way or at the "
    "end, of all (?: not known). first at: which pool is the first, and at which part of the way. loss USD: of today's "
    "equity, all of it where a pool is liquidated; below zero: won."
)
_NAME, _RATIO, _WORST, _GONE, _FIRST, _LOSS = 27, 10, 6, 9, 12, 14


def table_lines(answer: Json, *, pools: bool = False) -> Iterator[str]:
    """The pools with a number each, then a line for each scenario; with `pools` one for each pool of it."""
    numbers = {_key(pool): number for number, pool in enumerate(answer["pools"], 1)}
    accounts = len(answer["accounts"])
    yield f"stress of {_count(len(numbers), 'pool')} in {_count(accounts, 'account')}; data {answer['quality']}"
    yield ""
    yield from _pools(answer, numbers)
    yield ""
    head = _cells("scenario", "worst", "pool", "liquid.", "first at", "loss USD")
    yield head
    yield "-" * len(head)
    for scenario in answer["scenarios"]:
        yield from _wrapped_name(_text(scenario["name"]), _scenario(scenario, numbers))
        if pools:
            for row in scenario["pools"]:
                yield _pool(row, numbers)
                for reason in row["reasons"]:
                    yield from _wrapped(f"! {reason}", "      ")
        for note in scenario["notes"]:
            yield from _wrapped(note, "    ")
    yield ""
    yield from _wrapped(LEGEND, "")
    for note in answer["notes"]:
        yield from _wrapped(note, "* ")


def _pools(answer: Json, numbers: Mapping[tuple[str, ...], int]) -> Iterator[str]:
    """The most dangerous first, and of very many only those that the table speaks of."""
    told = {_key(key) for scenario in answer["scenarios"] for key in scenario["order"][:1]}
    told |= {_key(row) for scenario in answer["scenarios"] if (row := _worst(scenario["pools"])) is not None}
    left = 0
    for pool in answer["pools"]:
        number = numbers[_key(pool)]
        if number > MOST_POOLS and _key(pool) not in told:
            left += 1
            continue
        name = _text(f"{pool['venue']}/{pool['account']} {pool['pool']}")
        yield from _wrapped_name(
            f"{number:>3}  {name}", f"{_ratio(pool['margin_ratio'])}  {_usd(pool['equity_usd'])} USD", 44
        )
        for reason in pool["reasons"]:
            yield from _wrapped(f"! {reason}", "       ")
    if left:
        yield f"     and {_count(left, 'other')}"
    if not answer["pools"]:
        yield "  no pools"


def _scenario(scenario: Json, numbers: Mapping[tuple[str, ...], int]) -> str:
    rows = scenario["pools"]
    worst = _worst(rows)
    gone = sum(row["liquidated"] is True for row in rows)
    dark = sum(row["liquidated"] is None for row in rows)
    first = "-"
    if scenario["order"]:
        key = _key(scenario["order"][0])
        begins = next((row["begins_ratio"] for row in rows if _key(row) == key), None)
        first = f"{numbers[key]} {_part(begins)}"
    return _cells(
        "",
        "-" if worst is None else _ratio(worst["margin_ratio"]),
        "-" if worst is None else f"{numbers[_key(worst)]}",
        f"{gone}/{len(rows)}" + (f" ?{dark}" if dark else ""),
        first,
        _usd(scenario["loss_usd"]),
    )[_NAME:]


def _worst(rows: Sequence[Json]) -> Json | None:
    """The row with the highest ratio; one that is not known wins over all but those that are liquidated."""
    return max(rows, key=_badness, default=None)


def _badness(row: Json) -> tuple[int, float]:
    ratio = row["margin_ratio"]
    if ratio["state"] == "liquidatable":
        return (3, ratio.get("value", float("inf")))
    if ratio["state"] == "unknown":
        return (2, 0.0)
    return (1 if not row["liquidated"] else 2, ratio["value"])


def _pool(row: Json, numbers: Mapping[tuple[str, ...], int]) -> str:
    begins = "unknown" if row["liquidated"] is None else _part(row["begins_ratio"]) if row["liquidated"] else "-"
    takes = "" if row["takes_usd"] is None else f"takes {_usd(row['takes_usd'])}"
    return _cells(
        takes,
        _ratio(row["margin_ratio"]),
        f"{numbers[_key(row)]}",
        "yes" if row["liquidated"] else "no",
        begins,
        _usd(row["loss_usd"]),
    )


def _cells(name: str, ratio: str, worst: str, gone: str, first: str, loss: str) -> str:
    indent = f"    {name}" if name.startswith("takes") else name
    return f"{indent:<{_NAME}}{ratio:>{_RATIO}}{worst:>{_WORST}}{gone:>{_GONE}}{first:>{_FIRST}}{loss:>{_LOSS}}"


def _ratio(ratio: Json) -> str:
    if ratio["state"] == "unknown":
        return "unknown"
    value = ratio.get("value")
    return "no equity" if value is None else f"{value:.4f}" if value < 1000.0 else "> 1000"


def _part(begins: float | None) -> str:
    return "unknown" if begins is None else "now" if begins == 0.0 else f"{begins * 100:.0f}%"


def _usd(value: float | None) -> str:
    return "unknown" if value is None else f"{value:,.0f}"


def _key(row: Json) -> tuple[str, ...]:
    return row["venue"], row["account"], row["pool"]


def _count(number: int, of: str) -> str:
    return f"{number} {of}{'' if number == 1 else 's'}"


def _text(text: str) -> str:
    """What comes from outside, without what a terminal would obey."""
    return "".join(character if character.isprintable() else " " for character in text)


def _wrapped_name(name: str, cells: str, width: int = _NAME) -> Iterator[str]:
    """A name that is too long for its column has a line of its own."""
    if len(name) < width:
        yield f"{name:<{width}}{cells}"
    else:
        yield from wrap(name, WIDTH)
        yield " " * width + cells


def _wrapped(text: str, indent: str) -> Iterator[str]:
    yield from wrap(_text(text), WIDTH, initial_indent=indent, subsequent_indent=" " * len(indent))
