"""Numbers as Hyperliquid prints them: decimal texts with up to ten decimals and never without a point."""

from __future__ import annotations

DECIMALS = 10


def number(value: float, decimals: int = DECIMALS) -> str:
    """«1234.5», «0.0»: no zeros at the end but the one that stands for «none»."""
    text = f"{value:.{decimals}f}".rstrip("0")
    text = f"{text}0" if text.endswith(".") else text
    return "0.0" if text == "-0.0" else text
