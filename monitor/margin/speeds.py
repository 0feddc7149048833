"""Rays before they are sorted into terms: which parts of which pools move in them, and how fast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Any

import numpy as np

from monitor.margin.arrays import Bools, Floats, Ints


class Kind(IntEnum):
    """What a ray answers, and what its `key` is."""

    POSITION = 0  #: an instrument alone moves; the place of its mark
    BACKED = 1  #: the same with the backstop's free balance added
    BANKRUPTCY = 2  #: the same until equity is gone
    ASSET = 3  #: one asset moves: a coin line, or a stablecoin's depeg; its place
    MARKET = 4  #: everything but stablecoins; 0
    VENUE = 5  #: as a venue prints it; the number of the line in its pool
    STANDING = 6  #: nothing moves; 0


@dataclass(slots=True)
class Rays:
    """One row a ray. `load` multiplies the requirement; see `ProblemTerms` for the two speeds."""

    pool: Ints
    kind: Ints
    key: Ints
    load: Floats
    numeraire_b: Floats
    scale_b: Floats


@dataclass(slots=True)
class MovingLegs:
    """u moves by (1 + rise * x) / (1 + sink * x). `by_asset`: because assets move, so that an index moves too and an
    option follows its underlying; otherwise the instrument's own mark moves.
    """

    ray: Ints
    part: Ints
    rise: Floats
    sink: Floats
    by_asset: Bools


@dataclass(slots=True)
class Moving:
    """Holdings, loans or grids whose asset's price moves by 1 + b * x."""

    ray: Ints
    part: Ints
    b: Floats


def no_parts() -> Moving:
    """None of them."""
    return Moving(np.zeros(0, np.intp), np.zeros(0, np.intp), np.zeros(0))


@dataclass(slots=True)
class Speeds:
    """Rays and all that moves in them."""

    rays: Rays
    legs: MovingLegs
    rows: Moving
    debts: Moving
    grids: Moving


def together(parts: Sequence[Speeds]) -> Speeds:
    """All rays of several sets, one after the other."""
    begins = np.cumsum([0, *(len(part.rays.pool) for part in parts)])[:-1]

    def stacked(name: str) -> dict[str, Any]:  # the dataclass knows what its columns are
        columns = [getattr(part, name) for part in parts]
        result = {f.name: np.concatenate([getattr(c, f.name) for c in columns]) for f in fields(columns[0])}
        if "ray" in result:
            counts = [len(column.ray) for column in columns]
            result["ray"] = result["ray"] + np.repeat(begins, counts)
        return result

    return Speeds(
        Rays(**stacked("rays")),
        MovingLegs(**stacked("legs")),
        Moving(**stacked("rows")),
        Moving(**stacked("debts")),
        Moving(**stacked("grids")),
    )
