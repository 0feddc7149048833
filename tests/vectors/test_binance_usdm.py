"""Binance USDⓈ-M's isolated positions of the collection, through raw JSON: our readers, our description, the kernel."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from monitor.venues.binance import endpoints as usdm
from tests.programs import shared
from tests.vectors.measured import Vector, table
from tests.venues.binance.support import raw
from tests.venues.binance.told import brackets, linear_contract, named, told

ELSEWHERE = {
    "binance-usdm-cross-long-eth-faq": "the whole account of the documentation: tests/venues/binance/faq_account",
    "binance-pm-unimmr-doc": "portfolio margin",
    "freqtrade-binance-iso-buffer-long": "another tool's safety margin, which the venue does not know",
}


@pytest.fixture(scope="module")
def collected() -> list[dict[str, Any]]:
    everything: list[dict[str, Any]] = json.loads(shared("fixtures/vectors.json").read_text(encoding="utf-8"))
    return [one for one in everything if one["venue"] == "binance"]


def price(vector: dict[str, Any]) -> float:
    """The isolated position as an answer of the venue says it."""
    given = vector["inputs"]
    symbol = given.get("symbol", "COINUSDT")
    entry = given["entry_price_usdt"]
    wallet = repr(given["isolated_wallet_usdt"])
    row = {
        "symbol": symbol,
        "positionSide": vector["side"].upper(),
        "positionAmt": repr(given["qty_base"] if vector["side"] == "long" else -given["qty_base"]),
        "entryPrice": repr(entry),
        "markPrice": repr(given.get("mark_price_usdt", entry)),
        "isolatedMargin": wallet,
        "isolatedWallet": wallet,
        "marginAsset": "USDT",
    }
    files = {
        named(usdm.ACCOUNT): raw({"assets": []}),
        named(usdm.POSITION_RISK): raw([row]),
        named(usdm.ACCOUNT_CONFIG): raw({"multiAssetsMargin": False, "dualSidePosition": True}),
        named(usdm.LEVERAGE_BRACKET): raw([brackets(symbol, given["mmr"], given["maintenance_amount_usdt"])]),
        named(usdm.EXCHANGE_INFO): raw({"symbols": [linear_contract(symbol)]}),
    }
    (result,) = told(files).results().values()
    return result.positions[0].line.price or 0.0


def vectors(collected: list[dict[str, Any]]) -> list[Vector]:
    return [
        Vector("isolated", one["id"], one["expected"]["liquidation_price"], partial(price, one), one["tolerance"])
        for one in collected
        if one["id"] not in ELSEWHERE
    ]


def test_the_venues_own_price_comes_out_of_its_own_rows(collected: list[dict[str, Any]]) -> None:
    found = vectors(collected)
    assert len(found) + len(ELSEWHERE) == len(collected)
    assert not [one.name for one in found if one.error > one.tolerance]


def test_the_worst_error(collected: list[dict[str, Any]], record_property: Callable[[str, object], None]) -> None:
    """How near we come to USDⓈ-M's isolated positions."""
    table("Binance USDⓈ-M", vectors(collected), record_property)
