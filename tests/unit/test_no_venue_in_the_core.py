"""The pure packages name no venue, not even in a comment: what one of them does is a shape, and its room describes it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.programs import ROOT

VENUES = ("binance", "bybit", "okx", "kucoin", "hyperliquid", "gmx", "deribit", "kraken", "gate", "bitget", "dydx")
PURE = ("domain", "margin", "engine", "alerts")
WORD = re.compile(rf"\b({'|'.join(VENUES)})\b", re.IGNORECASE)


@pytest.mark.parametrize(
    "file",
    [f for room in PURE for f in sorted((ROOT / "monitor" / room).rglob("*.py"))],
    ids=lambda f: f"{f.parent.name}/{f.name}",
)
def test_no_venue_is_named(file: Path) -> None:
    named = [line for line in file.read_text().splitlines() if WORD.search(line)]
    assert named == []
