"""Numbers as exchanges print them: strings, mostly with 8 decimals."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal


def fixed(value: float) -> str:
    """Eight decimals, rounded: "0.00000000"."""
    text = f"{value:.8f}"
    return text[1:] if text == "-0.00000000" else text


def cut(value: float) -> str:
    """Eight decimals, the rest cut off, as maintenance margins are."""
    text = format(Decimal(repr(value)).quantize(Decimal("0.00000001"), rounding=ROUND_DOWN), "f")
    return text[1:] if text == "-0.00000000" else text


def bare(value: float) -> str:
    """Up to eight decimals without trailing zeros: "0", "22185.2"."""
    text = f"{value:.8f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def price(value: float) -> str:
    """An entry price: up to eight decimals, one at least: "22185.2", "0.0"."""
    text = bare(value)
    return text if "." in text else f"{text}.0"


def stepped(value: float, step: str) -> str:
    """A quantity with the decimals of its step: "0.010"."""
    decimals = len(step.partition(".")[2])
    text = f"{value:.{decimals}f}"
    return text[1:] if text.startswith("-") and not float(text) else text
