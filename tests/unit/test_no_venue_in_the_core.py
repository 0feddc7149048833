"""The pure packages name no venue, not even in a comment: what one does is a shape, and its room describes it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.programs import ROOT

VENUES = ("binance", "bybit", "okx", "kucoin", "hyperliquid", "gmx", "deribit", "kraken", "gate", "bitget", "dydx")
PURE = ("domain", "margin", "engine", "alerts")
WORD = re.compile(rf"\b({'|'.join(VENUES)})\b", re.IGNORECASE)


FILES = [file for room in PURE for file in sorted((ROOT / "monitor" / room).rglob("*.py"))]


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_no_venue_is_named(file: Path) -> None:
    assert [line for line in file.read_text().splitlines() if WORD.search(line)] == []
