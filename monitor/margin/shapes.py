"""The shape of health along a ray, told from the pool's shape alone: it decides how the root is found."""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from monitor.margin.arrays import Bools, Ints
from monitor.margin.columns import Block
from monitor.margin.terms import Terms


class Shape(IntEnum):
    """What is known of health along a ray."""

    CONCAVE = 0  #: at most one root a side
    PIECES = 1  #: concave between breakpoints that are known beforehand
    ROUGH = 2  #: neither: options, products of two moving prices


def shapes(block: Block, terms: Terms) -> Ints:
    """The Shape of each problem."""
    legs, rows, problems = terms.legs, terms.rows, terms.problems
    result = np.zeros(terms.count, np.intp)

    def mark(shape: Shape, problem: Ints, chosen: Bools) -> None:
        np.maximum.at(result, problem[chosen], shape)

    # u * price of settlement * scale must be straight: nothing but numerators, and only one of them moving.
    settled = rows.b[legs.row]
    scale = (problems.scale_b - problems.numeraire_b)[legs.problem]
    over = np.where(scale != 0.0, scale, settled)
    moves = (legs.rise != 0.0) | (legs.sink != 0.0)
    cancels = (legs.sink == over) | (legs.sink == 0.0) & ((legs.rise == 0.0) | (over == 0.0)) | (legs.rise == legs.sink)
    mark(Shape.ROUGH, legs.problem, moves & ~cancels)
    mark(Shape.ROUGH, legs.problem, (legs.option >= 0) & moves & legs.by_asset)
    mark(Shape.PIECES, legs.problem, block.legs.bent[legs.leg] & (legs.group < 0) & moves & legs.requirement_moves)
    if len(terms.groups.problem):
        moving = legs.requirement_moves & (legs.group >= 0)
        mark(Shape.PIECES, legs.problem, moving & moves)
        mark(Shape.ROUGH, legs.problem, moving & (legs.sink != 0.0) & (legs.sink != over))
        mark(Shape.ROUGH, legs.problem, moving & moves & _takes_part_of_a_deduction(terms)[legs.group])
    mark(Shape.ROUGH, rows.problem, block.rows.bent[rows.row])
    mark(Shape.ROUGH, terms.debts.problem, block.debts.bent[terms.debts.debt])
    mark(Shape.PIECES, terms.grids.problem, terms.grids.b != 0.0)
    mark(Shape.ROUGH, terms.grids.problem, (terms.grids.b != 0.0) & (problems.scale_b[terms.grids.problem] != 0.0))
    for problem, b in (
        (legs.problem, legs.rise),
        (legs.problem, legs.sink),
        (rows.problem, rows.b),
        (terms.debts.problem, terms.debts.b),
    ):
        mark(Shape.PIECES, problem, (b > 1.0) | (b < 0.0))
    return result


def _takes_part_of_a_deduction(terms: Terms) -> Bools:
    """Tier groups in which some legs share the deduction and some do not: the shares bend as the parts move."""
    legs, count = terms.legs, len(terms.groups.problem)
    grouped = legs.group >= 0
    shares = grouped & ~legs.alone & (legs.share > 0.0)
    counts = [np.bincount(legs.group[chosen], minlength=count) for chosen in (shares, grouped & ~shares)]
    result: Bools = (counts[0] > 0) & (counts[1] > 0)
    return result
