"""A figure of a venue's own, how ours is read off, and the table of how near we come."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from tests.programs import shared


@dataclass(frozen=True)
class Vector:
    """One figure: the venue's, ours, and how near ours must be (relative)."""

    mode: str
    name: str
    expected: float
    ours: Callable[[], float]
    tolerance: float = 1e-12

    @property
    def error(self) -> float:
        return abs(self.ours() - self.expected) / abs(self.expected)


def stand_here(venue: str, vectors: Iterable[Vector], names: Mapping[str, str]) -> None:
    """Every vector that the collection has of a venue is one of these; `names` tells by its id which."""
    collected: list[dict[str, Any]] = json.loads(shared("fixtures/vectors.json").read_text(encoding="utf-8"))
    expected = {one["id"]: one["expected"] for one in collected if one["venue"] == venue}
    here = {vector.name: vector for vector in vectors}
    assert expected.keys() == names.keys()
    for name, figures in expected.items():
        (figure,) = figures.values()
        assert here[names[name]].expected == pytest.approx(figure, rel=1e-12)


def table(title: str, vectors: Iterable[Vector], record_property: Callable[[str, object], None]) -> int:
    """Put the worst error of each mode into the test's report; returns how many modes there are."""
    worst: dict[str, tuple[float, int]] = {}
    for vector in vectors:
        error, count = worst.get(vector.mode, (0.0, 0))
        worst[vector.mode] = max(error, vector.error), count + 1
    lines = [
        f"{mode:28s} {count:3d} figures, worst relative error {error:.1e}" for mode, (error, count) in worst.items()
    ]
    record_property("table", f"{title}, against its own figures\n" + "\n".join(lines))
    assert worst
    return len(worst)
