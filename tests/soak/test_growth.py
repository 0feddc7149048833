"""The growth probe sees what leaks, wherever it hides, and is not deceived by what comes and goes."""

from __future__ import annotations

import functools
from collections import deque
from dataclasses import dataclass, field

import numpy as np
import pytest

from tests.soak.growth import growing, sizes


@dataclass(slots=True)
class Slotted:
    rows: dict[str, list[int]] = field(default_factory=dict)

    def total(self) -> int:
        return sum(map(len, self.rows.values()))


class Base:
    __slots__ = ("__hidden",)

    def __init__(self) -> None:
        self.__hidden = [1, 2, 3]


class Derived(Base):
    def __init__(self) -> None:
        super().__init__()
        self.column = np.zeros(7)
        self.ring: deque[int] = deque([1], maxlen=50)
        self.unbounded: deque[int] = deque([1])


def test_every_container_is_found_by_its_path() -> None:
    root = {"a": Slotted({"x": [1, 2], "y": [3]}), "b": Derived()}
    found = sizes(root)
    assert found["a.rows"] == 2
    assert found["a.rows{}"] == 3, "all lists of one kind count together"
    assert found["b.__hidden"] == 3
    assert found["b.column"] == 7
    assert found["b.ring"] == 50, "a ring that fills up does not grow"
    assert found["b.unbounded"] == 1


def test_what_hides_in_closures_methods_and_partials_is_found() -> None:
    kept, owner = [1, 2, 3, 4], Slotted({"x": [1]})

    def closure() -> int:
        return len(kept)

    assert sizes({"call": closure}) == {"call()": 4}
    assert sizes({"call": owner.total}) == {"call().rows": 1, "call().rows{}": 1}
    assert sizes({"call": functools.partial(max, [1, 2])})["call().args[]"] == 2


def test_what_is_reached_twice_counts_once_and_circles_end() -> None:
    shared = [1, 2, 3]
    circle: dict[str, object] = {"shared": shared, "again": shared}
    circle["self"] = circle
    assert sizes({"root": circle}) == {"root": 3, "root{}": 3}


def test_growth_is_what_is_never_small_again() -> None:
    steady = [{"leak": 10 * step, "waves": 50 + 40 * (step % 2), "still": 5} for step in range(9)]
    assert growing(steady) == {"leak": (20, 60)}
    assert growing(steady, factor=10.0) == {}
    with pytest.raises(ValueError, match="say nothing"):
        growing(steady[:3])


def test_a_table_that_appears_late_and_stays_has_grown() -> None:
    assert growing([{}, {}, {}, {"new": 40}, {"new": 41}, {"new": 42}]) == {"new": (0, 41)}
