"""Two venues on one market: the same coins at the same prices, contracts and funding of their own."""

from __future__ import annotations

import pytest

from monitor.sim.market import Contract, Kind, Market

PERPETUAL = Contract(symbol="BTCUSDT", coin="BTC", quote="USDT")
INVERSE = Contract(symbol="BTCUSD", coin="BTC", quote="USD", kind=Kind.INVERSE)


def root(*, quiet: bool = False) -> Market:
    return Market((PERPETUAL,), {"BTC": 100_000.0}, {"USDT": 1.0}, quiet=quiet)


def test_coins_move_with_the_first_market_only() -> None:
    market = root()
    other = market.branch((INVERSE,), {})
    other.step(3600.0)
    assert market.index("BTCUSDT") == 100_000.0
    market.step(3600.0)
    assert other.index("BTCUSD") == round(market.asset_usd("BTC"), 8) != 100_000.0


def test_a_coin_that_is_new_begins_at_its_own_price_and_one_that_trades_keeps_its_price() -> None:
    market = root()
    other = market.branch((INVERSE,), {"BTC": 1.0, "MNT": 2.0})
    assert (other.asset_usd("BTC"), market.asset_usd("MNT")) == (100_000.0, 2.0)


def test_a_branch_does_not_change_what_a_seed_gives() -> None:
    alone, joined = root(), root()
    joined.branch((INVERSE,), {})
    for market in (alone, joined):
        market.step(60.0)
    assert alone.mark("BTCUSDT") == joined.mark("BTCUSDT")


def test_a_script_on_either_moves_both_and_so_do_held_marks() -> None:
    market = root(quiet=True)
    other = market.branch((INVERSE,), {})
    other.set_mark("BTCUSD", 80_000.0)
    assert market.mark("BTCUSDT") == 80_000.0
    other.crash(0.5, 10.0)
    market.step(10.0)
    assert (market.mark("BTCUSDT"), other.mark("BTCUSD")) == (40_000.0, 40_000.0)


def test_each_venue_pays_its_own_funding() -> None:
    market = root(quiet=True)
    other = market.branch((INVERSE,), {})
    assert market.step(8 * 3600.0) == ("BTCUSDT",)
    assert other.funding_left_seconds == pytest.approx(8 * 3600.0)
    assert other.step(8 * 3600.0) == ("BTCUSD",)


def test_a_coin_lives_as_long_as_one_venue_trades_it() -> None:
    market = root()
    other = market.branch((INVERSE,), {})
    market.delist("BTCUSDT")
    assert other.asset_usd("BTC") == 100_000.0
    other.delist("BTCUSD")
    with pytest.raises(KeyError):
        market.asset_usd("BTC")
