"""Numbers as venues write them: text, bare numbers, "" for nothing, and (from a broken sender) "nan" or "-1".

A decoder that is told `float` accepts "nan", "inf" and "-1"; so each number is looked at once more here. "" is never
zero. What a zero means differs by field, and is said where the field is read.
"""

from __future__ import annotations

from math import inf

Loose = float | str | None  #: a field that may be empty or missing without costing its row
DUST_SHARE = 1e-12  #: of what is added up: thousands of times what one sum of floats is off by


class BadField(ValueError):
    """A field that its row cannot do without is missing or impossible; the text names the field."""


def optional(value: Loose) -> float | None:
    """A finite number, or None for «not there», "" and anything that is not a number."""
    if value is None or isinstance(value, bool):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    # float() would also read "1_0", which no sender means.
    if -inf < number < inf and not (isinstance(value, str) and "_" in value):
        return number
    return None


def optional_positive(value: Loose) -> float | None:
    """Like `optional`, and None unless above zero: for prices, of which none is 0."""
    number = optional(value)
    return number if number is not None and number > 0 else None


def amount(value: Loose) -> float:
    """A sum that is nothing where it does not apply: of interest, of a debt. BadField for what is there and no number:
    a debt that cannot be read is not taken for none.
    """
    if value is None or value == "":
        return 0.0
    return finite("an amount", value)


def without_dust(left: float, *parts: float) -> float:
    """What is left of these parts, 0 where it is no more than what floats of their size leave: that is neither held
    nor, below zero, owed.
    """
    return 0.0 if abs(left) <= DUST_SHARE * max(map(abs, parts)) else left


def finite(name: str, value: Loose) -> float:
    """A finite number, or BadField."""
    number = optional(value)
    if number is None:
        raise BadField(f"{name} is not a number")
    return number


def positive(name: str, value: Loose) -> float:
    """A finite number above zero, or BadField."""
    number = optional(value)
    if number is None or number <= 0.0:
        raise BadField(f"{name} is not above zero")
    return number


def seconds(name: str, milliseconds: Loose) -> float:
    """Milliseconds since 1970 as seconds; BadField if negative or no number."""
    number = optional(milliseconds)
    if number is None or number < 0.0:
        raise BadField(f"{name} is not a time")
    return number / 1000.0


def optional_seconds(milliseconds: Loose) -> float | None:
    """Milliseconds since 1970 as seconds; None where there is none, and for 0, which means «never»."""
    number = optional_positive(milliseconds)
    return None if number is None else number / 1000.0


def word(name: str, value: str | None) -> str:
    """A name that must be there, or BadField."""
    if not value:
        raise BadField(f"{name} is empty")
    return value


def truth(value: bool | str | None) -> bool | None:
    """A flag, written as true or as "true"; None where it says neither."""
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower())
    return value
