"""What other tools got wrong, in Binance's products beside USDⓈ-M futures."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.domain.lines import State
from monitor.domain.quality import Quality
from tests.venues.binance.test_portfolio import HEDGED, LENT
from tests.venues.binance.told import (
    Files,
    coin_brackets,
    coin_folder,
    coin_position,
    cross_folder,
    isolated_folder,
    owned,
    pair,
    pair_tier,
    pm_balance,
    pm_position,
    portfolio_folder,
    reported,
    told,
)

FLAT = [coin_brackets("BTCUSD_PERP", (0, 0.01, 0))]


def coin(printed: object) -> Files:
    row = coin_position("BTCUSD_PERP", 100, 4e4, 4e4, liquidationPrice=printed)
    return coin_folder(row, wallets={"BTC": 0.1}, brackets=FLAT)


def portfolio(printed: object) -> Files:
    return portfolio_folder(
        replace(HEDGED, cm=[], um=[pm_position("ETHUSDT", 1.0, 2e3, 2e3, liquidationPrice=printed)])
    )


class TestNoPriceIsNotZeroPercent:
    """Complaint 5: 0, empty and null mean different things, and none of them is a price."""

    @pytest.mark.parametrize("make", [coin, portfolio], ids=["coinm", "portfolio margin"])
    @pytest.mark.parametrize(
        ("printed", "state"),
        [("0", State.NEVER), ("", State.UNKNOWN), (None, State.UNKNOWN), ("-5", State.NEVER), ("31000.5", State.AT)],
    )
    def test_of_a_position(self, make: object, printed: object, state: State) -> None:
        assert callable(make)
        (position,) = told(make(printed)).account.positions.values()
        assert position.venue.liquidation.state is state
        assert (position.venue.liquidation.price is not None) == (state is State.AT)

    @pytest.mark.parametrize("printed", ["0", "", None, "-5"])
    def test_no_report_shows_a_distance_of_nothing(self, printed: object) -> None:
        for make in (coin, portfolio):
            (pool,) = reported(make(printed)).pools
            (position,) = pool.positions
            assert position.venue_line.price is None
            assert position.venue_line.distance_ratio in (None, float("inf"))
            assert position.line.distance_ratio != 0.0


DOOMED = {
    "coinm": coin_folder(coin_position("BTCUSD_PERP", 1000, 5e4, 4e4), wallets={"BTC": 0.3}, brackets=FLAT),
    "margin": cross_folder(owned("BTC", 1.0), owned("USDT", borrowed=39000.0), prices={"BTCUSDT": 4e4}, level="1.0256"),
    "isolated-margin": isolated_folder(
        pair("BTCUSDT", owned("BTC", 1.0), owned("USDT", borrowed=39000.0), indexPrice="40000"),
        tiers={"BTCUSDT": [pair_tier("BTCUSDT", 1, "5", "1.1575")]},
    ),
    "portfolio margin": portfolio_folder(replace(LENT, balances=[*LENT.balances[1:], pm_balance("BTC", 0.34)])),
}


class TestBelowMaintenance:
    """Complaint 8: what is already below maintenance is liquidatable, and no price is printed for it."""

    @pytest.mark.parametrize("name", DOOMED)
    def test_it_says_so(self, name: str) -> None:
        report = reported(DOOMED[name])
        (pool,) = report.pools
        assert pool.ratio.state is State.LIQUIDATABLE
        assert (pool.ratio.value or 0.0) >= 1.0
        for line in (
            *(one.line for one in pool.positions),
            *(one for lines in pool.coins.values() for one in lines.values()),
        ):
            assert (line.state, line.price, line.distance_ratio) == (State.LIQUIDATABLE, None, 0.0)


class TestHedge:
    """Complaint 12: both sides of a hedge survive."""

    def test_in_portfolio_margin_and_in_coinm(self) -> None:
        sides = (("LONG", 10.0), ("SHORT", -4.0))
        um = [pm_position("ETHUSDT", amount, 2e3, 2e3, positionSide=side) for side, amount in sides]
        (pool,) = reported(portfolio_folder(replace(HEDGED, um=um, cm=[], hedge=True))).pools
        assert [(one.symbol, one.side.value) for one in pool.positions] == [("ETHUSDT", "long"), ("ETHUSDT", "short")]
        rows = [coin_position("BTCUSD_PERP", 10 * amount, 4e4, 4e4, positionSide=side) for side, amount in sides]
        (pool,) = reported(coin_folder(*rows, wallets={"BTC": 1.0}, brackets=FLAT, hedge=True)).pools
        assert [one.side.value for one in pool.positions] == ["long", "short"]


def test_complaint_11_the_ratio_of_a_whole_account_is_the_venues() -> None:
    """Equity by hand: 1.1 BTC at 0.95 and 1500 USDT at 0.99; maintenance 200 and 12."""
    equity, maintenance = 1.1 * 30000 * 0.95 + 1500 * 0.99, 10 * 2000 * 0.01 + 0.1 * 0.004 * 30000
    figures = {
        "accountEquity": repr(equity),
        "accountMaintMargin": repr(maintenance),
        "uniMMR": repr(equity / maintenance),
    }
    report = reported(portfolio_folder(HEDGED, **figures))
    (pool,) = report.pools
    assert report.quality is Quality.LIVE
    assert all(abs(pool.drift[figure]) < 1e-9 for figure in ("equity", "maintenance_margin", "ratio"))
    assert pool.venue_ratio == pytest.approx(equity / maintenance)
