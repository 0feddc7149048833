"""A figure of a venue's own, how ours is read off, and the table of how near we come."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass


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


def table(title: str, vectors: Iterable[Vector], record_property: Callable[[str, object], None]) -> None:
    """Put the worst error of each mode into the test's report."""
    worst: dict[str, tuple[float, int]] = {}
    for vector in vectors:
        error, count = worst.get(vector.mode, (0.0, 0))
        worst[vector.mode] = max(error, vector.error), count + 1
    lines = [
        f"{mode:20s} {count:3d} figures, worst relative error {error:.1e}" for mode, (error, count) in worst.items()
    ]
    record_property("table", f"{title}, against its own figures\n" + "\n".join(lines))
    assert worst
