"""Numbers as OKX prints them: strings at full float precision, and "" where a figure does not apply."""

from __future__ import annotations

from decimal import Decimal


def number(value: float) -> str:
    """Without an exponent, trailing zeros or a negative zero: "0.0000318005395854", "78058.84", "0"."""
    text = format(Decimal(repr(value)), "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text


def maybe(value: float | None) -> str:
    """The number, or "" for what does not apply."""
    return "" if value is None else number(value)


def decimals(step: str) -> int:
    """How many decimals a tick or lot has."""
    return len(step.partition(".")[2])
