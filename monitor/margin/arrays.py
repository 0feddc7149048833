"""Small helpers on numpy columns that the kernel's files share."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Bools = NDArray[np.bool_]
Columns = TypeVar("Columns")

#: Indices into another space of the same block; -1 is none.
PoolPlace = Ints
RowPlace = Ints
CapPlace = Ints
OptionPlace = Ints
GroupPlace = Ints
NettingPlace = Ints
LegPlace = Ints
PathPlace = Ints

_SPACES = {
    "PoolPlace": "pools",
    "RowPlace": "rows",
    "CapPlace": "caps",
    "OptionPlace": "options",
    "GroupPlace": "groups",
    "NettingPlace": "nettings",
}
_DTYPES: dict[str, type[np.generic]] = {"Floats": np.float64, "Bools": np.bool_}


def columns_of(kind: type[Columns], records: list[tuple[Any, ...]]) -> Columns:
    """A dataclass of columns from records whose values stand in the order of its fields."""
    names = fields(kind)  # type: ignore[arg-type]  # a TypeVar cannot say «dataclass»
    values = list(zip(*records, strict=True)) if records else [()] * len(names)
    return kind(*(np.array(column, _DTYPES.get(str(f.type), np.intp)) for f, column in zip(names, values, strict=True)))


def joined(parts: list[Columns], shifts: dict[str, list[int]]) -> Columns:
    """Columns under each other; indices into a space are shifted by the parts' own beginnings there (-1 stays)."""
    result = []
    for f in fields(parts[0]):  # type: ignore[arg-type]  # as above
        columns = [getattr(part, f.name) for part in parts]
        space = _SPACES.get(str(f.type))
        if space is not None:
            columns = [np.where(c < 0, c, c + shift) for c, shift in zip(columns, shifts[space], strict=True)]
        result.append(np.concatenate(columns))
    return type(parts[0])(*result)


def taken(columns: Columns, places: Ints) -> Columns:
    """The same columns at some places."""
    return type(columns)(*(getattr(columns, f.name)[places] for f in fields(columns)))  # type: ignore[arg-type]  # as above


def sums(places: Ints, values: Floats, count: int) -> Floats:
    """Sum of the values at each place."""
    return np.bincount(places, values, count).astype(np.float64, copy=False)


def distinct(ordered: Ints) -> Ints:
    """What is there, each once, of numbers (at least one) that never fall."""
    first = np.ones(len(ordered), np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    return ordered[first]


def spread(counts: Ints) -> Ints:
    """0..n-1 within each run: spread([2, 3]) = [0, 1, 0, 1, 2]."""
    ends = np.cumsum(counts)
    total = int(ends[-1]) if len(ends) else 0
    return np.arange(total, dtype=np.intp) - np.repeat(ends - counts, counts)


class Scratch:
    """Work arrays that the shards of a book share, because they take turns."""

    def __init__(self) -> None:
        self._floats, self._bools = np.zeros((3, 0)), np.zeros((2, 0), np.bool_)

    def of(self, count: int) -> tuple[Floats, Floats, Floats, Bools, Bools]:
        """Three columns of numbers and two of flags."""
        if count > self._bools.shape[1]:
            self._floats, self._bools = np.zeros((3, count)), np.zeros((2, count), np.bool_)
        a, b, c = self._floats
        d, e = self._bools
        return a[:count], b[:count], c[:count], d[:count], e[:count]
