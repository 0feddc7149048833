"""The market model: repeatable, correlated, scriptable."""

from __future__ import annotations

import itertools
import math

import pytest

from monitor.sim.binance import listing
from monitor.sim.binance.frames import mark_arrays
from monitor.sim.market import Market

NOW = 1_795_000_000.0


def returns(market: Market, symbol: str, steps: int) -> list[float]:
    marks = []
    for _ in range(steps):
        market.step(60.0)
        marks.append(market.mark(symbol))
    return [math.log(b / a) for a, b in itertools.pairwise(marks)]


def test_the_same_seed_gives_the_same_prices() -> None:
    assert returns(listing.market(NOW, seed=5), "ETHUSDT", 50) == returns(listing.market(NOW, seed=5), "ETHUSDT", 50)
    assert returns(listing.market(NOW, seed=5), "ETHUSDT", 50) != returns(listing.market(NOW, seed=6), "ETHUSDT", 50)


def test_coins_move_together_but_not_alike() -> None:
    market = listing.market(NOW, seed=2)
    pairs = []
    for _ in range(800):
        before = market.asset_usd("BTC"), market.asset_usd("ETH")
        market.step(60.0)
        pairs.append((market.asset_usd("BTC") / before[0] - 1, market.asset_usd("ETH") / before[1] - 1))
    mean = [sum(row[i] for row in pairs) / len(pairs) for i in (0, 1)]
    deviations = [[row[i] - mean[i] for row in pairs] for i in (0, 1)]
    covariance = sum(a * b for a, b in zip(*deviations, strict=True))
    correlation = covariance / math.sqrt(sum(a * a for a in deviations[0]) * sum(b * b for b in deviations[1]))
    assert 0.5 < correlation < 0.95


def test_a_crash_falls_by_what_was_asked_and_a_recovery_takes_it_back() -> None:
    market = listing.market(NOW, quiet=True)
    start, stable, stock = market.mark("BTCUSDT"), market.asset_usd("USDT"), market.mark("TSLAUSDT")
    market.crash(0.3, 20.0)
    for _ in range(10):
        market.step(1.0)
    assert start * 0.7 < market.mark("BTCUSDT") < start
    for _ in range(15):
        market.step(1.0)
    assert market.mark("BTCUSDT") == pytest.approx(start * 0.7, rel=1e-9)
    assert (market.asset_usd("USDT"), market.mark("TSLAUSDT")) == (stable, stock)
    market.recover(1 / 0.7 - 1, 5.0)
    market.step(10.0)
    assert market.mark("BTCUSDT") == pytest.approx(start, rel=1e-9)


def test_a_depeg_moves_marks_the_other_way() -> None:
    market = listing.market(NOW, quiet=True)
    before = market.mark("BTCUSDT")
    market.set_asset("USDT", market.asset_usd("USDT") * 0.9)
    assert market.mark("BTCUSDT") == pytest.approx(before / 0.9, rel=1e-9)


def test_a_held_mark_stays_and_moves_with_the_script_only() -> None:
    market = listing.market(NOW, seed=3)
    market.set_mark("BTCUSDT", 50_000.0)
    for _ in range(20):
        market.step(60.0)
    assert market.mark("BTCUSDT") == 50_000.0
    market.crash(0.1, 1.0, ["BTC"])
    market.step(2.0)
    assert market.mark("BTCUSDT") == pytest.approx(45_000.0)


def test_the_delivery_contract_is_the_last_friday_of_a_quarter_and_pays_no_funding() -> None:
    assert f"{listing.quarter_end(NOW):%y%m%d}" == "261225"
    assert f"{listing.quarter_end(NOW + 86_400 * 30):%y%m%d}" == "270326"
    rows = {row["s"]: row for array in mark_arrays(listing.market(NOW), 0, 5) for row in array}
    assert (rows["BTCUSDT_261225"]["r"], rows["BTCUSDT_261225"]["T"]) == ("", 0)
    assert rows["BTCUSDT"]["T"] == 5


def test_an_impossible_move_is_refused() -> None:
    with pytest.raises(ValueError, match="not possible"):
        listing.market(NOW).crash(1.0, 5.0)
