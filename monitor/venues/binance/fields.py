"""Numbers as Binance writes them: text, bare numbers, "" for nothing, and (from a broken sender) "nan" or "-1".

A decoder that is told `float` accepts "nan", "inf" and "-1"; so each number is looked at once more here.
"""

from __future__ import annotations

from math import inf

Loose = float | str | None  #: a field that may be empty or missing without costing its row


class BadField(ValueError):
    """A field that its row cannot do without is missing or impossible; the text names the field."""


def optional(value: Loose) -> float | None:
    """A finite number, or None for «not there», "" and anything that is not a number."""
    if value is None:
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
    """Like `optional`, and None unless above zero: for prices, where 0 means «none»."""
    number = optional(value)
    return number if number is not None and number > 0 else None


def finite(name: str, value: Loose) -> float:
    """A finite number, or BadField."""
    number = optional(value)
    if number is None:
        raise BadField(f"{name} is not a number")
    return number


def positive(name: str, value: float) -> float:
    """A finite number above zero, or BadField."""
    if 0.0 < value < inf:
        return value
    raise BadField(f"{name} is not above zero")


def seconds(name: str, milliseconds: float) -> float:
    """Milliseconds since 1970 as seconds; BadField if negative or not finite."""
    if 0.0 <= milliseconds < inf:
        return milliseconds / 1000.0
    raise BadField(f"{name} is not a time")


def optional_seconds(milliseconds: Loose) -> float | None:
    """Milliseconds since 1970 as seconds; None for 0, which Binance writes for «never»."""
    number = optional_positive(milliseconds)
    return None if number is None else number / 1000.0
