"""Every Bybit vector of the collection `vectors.json`: raw answers in, the venue's figure out, none left aside."""

from __future__ import annotations

import json
from math import ceil, inf
from typing import Any

import pytest

from monitor.venues.bybit.parameters import LEGACY
from tests.programs import shared
from tests.venues.bybit.support import (
    Seen,
    account_folder,
    coin,
    contract,
    fees,
    limits,
    position,
    seen,
    wallet,
)

KNOWN = 15


@pytest.fixture(scope="module")
def vectors() -> list[dict[str, Any]]:
    everything: list[dict[str, Any]] = json.loads(shared("fixtures/vectors.json").read_text())
    return [vector for vector in everything if vector["venue"] == "bybit"]


def account(vector: dict[str, Any]) -> Seen:
    """The account of a vector, as the venue would have answered. A vector that gives a value alone has size 1.

    All of them are older than the rule of 2025-09-02, and so asked for by the one before. A margin is given without the
    fee to close, so that a rate of zero goes with it.
    """
    given, inverse = vector["inputs"], vector["contract"] == "inverse"
    symbol = given.get("symbol", "BTCUSDT")
    quote = "USD" if inverse else "USDC" if symbol.endswith("PERP") else "USDT"
    base = symbol.removesuffix("PERP").removesuffix(quote)
    size = given.get("contracts_usd") or given.get("qty_base", 1.0)
    entry = given.get("entry_price_usd") or given.get("entry_price_usdt")
    entry = entry or given.get("position_value_usdt") or given["position_value_usdc"]
    margin = given.get("margin_usdt") or given.get("position_value_usdt", 0.0) / given.get("leverage", 1.0)
    if inverse:
        paid = given["contracts_usd"] / 1544.2 * given["taker_fee"]
        margin = given["position_im_incl_close_fee_eth"] - paid
    isolated = vector["mode"] == "isolated"
    row = position(
        symbol,
        size if vector["side"] == "long" else -size,
        repr(entry),
        repr(entry),
        repr(given.get("leverage", 12)),
        positionIM=repr(margin) if isolated else "",
    )
    files = account_folder(
        "ISOLATED_MARGIN" if isolated else "REGULAR_MARGIN",
        wallet(coin(base if inverse else quote, 100_000)),
        positions={"inverse" if inverse else quote: [row]},
        contracts=[contract(symbol, base, quote)],
        tiers=limits(symbol, (1e9, given.get("mmr", 0.005), ""), inverse_percent=inverse),
        fee_rates=fees(**{symbol: "0" if isolated else repr(given.get("taker_fee", 0.0))}),
    )
    return seen(files, parameters=LEGACY)


def figure(vector: dict[str, Any]) -> float | None:
    """What the vector asks for, printed as the venue printed it."""
    name = next(iter(vector["expected"]))
    result = account(vector).only()
    ours = {
        "liquidation_price": result.positions[0].line.price,
        "bankruptcy_price": result.positions[0].bankruptcy.price,
        "maintenance_margin": result.maintenance_margin,
        "initial_margin": result.initial_margin,
    }[name]
    rounding = vector.get("rounding")
    if ours is None or rounding is None:
        return ours
    assert rounding["mode"] == "up"
    return float(ceil(ours / rounding["tick"] - 1e-9) * rounding["tick"])


def test_every_figure_of_the_collection_comes_out_as_the_venue_prints_it(
    vectors: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    worst: dict[str, float] = {}
    outside: list[str] = []
    for vector in vectors:
        expected, ours = next(iter(vector["expected"].values())), figure(vector)
        error = inf if ours is None else abs(ours - expected) / abs(expected)
        mode = f"{vector['mode']} {vector['contract']}"
        worst[mode] = max(worst.get(mode, 0.0), error)
        if not error <= max(vector["tolerance"], 1e-12):
            outside.append(f"{vector['id']}: ours {ours}, the venue's {expected}")
    with capsys.disabled():
        print("\n", *(f"{mode:20s} {error:8.1e}\n" for mode, error in sorted(worst.items())))
    assert len(vectors) == KNOWN
    assert not outside
