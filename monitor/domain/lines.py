"""The three-valued answer to «at which price is this liquidated?».

A number, «no price does», and «I do not know» are different statements, and so is «it already is». None of the four
may ever be written as a bare number or null, so each ratio and each line is an object with a state.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """What kind of answer a line or a ratio is."""

    AT = "at"
    NEVER = "never"
    UNKNOWN = "unknown"
    LIQUIDATABLE = "liquidatable"


class Direction(StrEnum):
    """The side of today's price on which a line lies."""

    DOWN = "down"
    UP = "up"


@dataclass(frozen=True, slots=True)
class Line:
    """Where, along one ray and in one direction, a pool is liquidated first.

    `price` is the price of what moves (an instrument's mark or an asset in USD) and present only in state AT;
    `distance_ratio` is |line - price now| / price now: a number >= 0 in state AT, 0 in state LIQUIDATABLE, +inf in
    state NEVER, None in state UNKNOWN. `reasons` says in words why a line is UNKNOWN.
    """

    state: State
    price: float | None = None
    distance_ratio: float | None = None
    reasons: tuple[str, ...] = ()

    @classmethod
    def at(cls, price: float, distance_ratio: float) -> Line:
        """A line at `price`, `distance_ratio` (>= 0) away from the price now."""
        return cls(State.AT, price, distance_ratio)

    @classmethod
    def unknown(cls, *reasons: str) -> Line:
        """No answer, with the reasons in words."""
        return cls(State.UNKNOWN, reasons=reasons)


NEVER = Line(State.NEVER, distance_ratio=float("inf"))
LIQUIDATABLE = Line(State.LIQUIDATABLE, distance_ratio=0.0)


@dataclass(frozen=True, slots=True)
class Ratio:
    """A margin ratio: 0 is safe, 1 is liquidation. `value` is None only in state UNKNOWN.

    AT: below 1. LIQUIDATABLE: 1 or more, +inf where equity is not positive. NEVER is not used.
    """

    state: State
    value: float | None = None
    reasons: tuple[str, ...] = ()

    @classmethod
    def of(cls, value: float) -> Ratio:
        """The ratio `value` (>= 0, or +inf), which must not be NaN: an unknown ratio is `Ratio.unknown`."""
        return cls(State.LIQUIDATABLE if value >= 1.0 else State.AT, value)

    @classmethod
    def unknown(cls, *reasons: str) -> Ratio:
        """No ratio, with the reasons in words."""
        return cls(State.UNKNOWN, reasons=reasons)


def nearer(*lines: Line) -> Line:
    """The line that is reached first; UNKNOWN wins over all but LIQUIDATABLE, because it may hide a nearer one."""
    for state in (State.LIQUIDATABLE, State.UNKNOWN):
        for line in lines:
            if line.state is state:
                return line
    at = [line for line in lines if line.state is State.AT]
    return min(at, key=lambda line: line.distance_ratio or 0.0) if at else NEVER
