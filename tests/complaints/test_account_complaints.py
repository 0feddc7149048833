"""What other tools misread in an account, through Binance's own words: answers and pushes in, reports and alerts out.

5 ccxt#8311, #14747 (the venue's word for «no price» taken for a price); 10 Lean#9373, freqtrade#11783 (credits read as
an empty wallet), safe-cex#16 (other coins of multi-assets mode not counted); 12 ccxt#16737 (one leg of a hedge lost),
nautilus_trader#4110 (margin grows with the number of fills); 17 openalgo#1419 (false stalls on a quiet market).
"""

from __future__ import annotations

import math

import pytest

from monitor.domain.events import AssetTick, Tick
from monitor.domain.lines import State
from monitor.domain.quality import Quality
from tests.complaints.simulated import KEY, Watched

ABSENT = object()
DISTANCES = {"position_distance", "coin_distance", "market_distance"}


@pytest.mark.parametrize(
    ("printed", "state"),
    [
        ("0", State.NEVER),
        ("0.00000000", State.NEVER),
        ("", State.UNKNOWN),
        (None, State.UNKNOWN),
        (ABSENT, State.UNKNOWN),
    ],
    ids=["0", "0.00000000", "empty", "null", "absent"],
)
def test_complaint_5_no_way_to_print_none_becomes_a_distance_of_the_venues_or_an_alert(
    printed: object, state: State
) -> None:
    watched = Watched(wallets={"USDT": 10_000.0})
    watched.account.trade("BTCUSDT", 0.3)

    def print_so(rows: list[dict[str, object]]) -> list[dict[str, object]]:
        for row in rows:
            row["liquidationPrice"] = printed
            if printed is ABSENT:
                del row["liquidationPrice"]
        return rows

    for _ in range(60):
        watched.read(print_so)
        watched.clock.advance(15.0)
    position = watched.positions()["BTCUSDT", "long"]
    assert position.venue_line.state is state
    assert position.venue_line.price is None
    assert position.venue_line.distance_ratio in (None, math.inf)
    assert position.drift_ratio is None
    assert position.line.state is State.AT, "our own line does not wait for the venue's"
    assert not [change for change in watched.told if change.alert.rule in DISTANCES]


def test_complaint_5_a_line_so_near_that_it_pages_is_one_that_we_computed() -> None:
    """The test above can fail: a position that is near its line does fire, whatever the venue prints."""
    watched = Watched(wallets={"USDT": 600.0})
    watched.account.trade("BTCUSDT", 0.1)
    for _ in range(3):
        watched.read()
        watched.clock.advance(15.0)
    assert [change for change in watched.told if change.alert.rule in DISTANCES]


def test_complaint_10_credits_are_the_equity_of_their_account_and_not_nothing() -> None:
    watched = Watched(wallets={"BNFCR": 25_000.0})
    watched.account.trade("BTCUSDT", 0.1, fee_rate=0.0)
    watched.read()
    assert [pool.key.pool for pool in watched.report.pools] == ["cross:BNFCR"]
    assert watched.pool("cross:BNFCR").equity_usd == pytest.approx(25_000.0, rel=1e-9)
    assert watched.pool("cross:BNFCR").drift["equity"] == pytest.approx(0.0, abs=1e-9)


def test_complaint_10_the_sum_over_the_currencies_of_multi_assets_mode_is_the_venues_total() -> None:
    watched = Watched(wallets={"USDT": 4_000.0, "USDC": 1_000.0, "BTC": 0.15, "ETH": 1.0}, multi_assets=True)
    watched.account.trade("BTCUSDT", 0.1)
    watched.read()
    total = float(watched.sim.answers_of("main")["/fapi/v3/account"]["totalMarginBalance"])
    assert watched.report.equity_usd == pytest.approx(total, rel=1e-3)
    assert total > 15_000.0, "the coins are in it"


def test_complaint_12_both_legs_of_a_hedge_survive_a_reading_an_update_and_the_close_of_one() -> None:
    watched = Watched(wallets={"USDT": 50_000.0}, hedge=True)
    watched.account.trade("BTCUSDT", 0.2, side="LONG")
    watched.account.trade("BTCUSDT", -0.1, side="SHORT")
    watched.read()
    assert {key: one.quantity for key, one in watched.positions().items()} == {
        ("BTCUSDT", "long"): 0.2,
        ("BTCUSDT", "short"): -0.1,
    }
    watched.clock.advance(1.0)
    watched.account.trade("BTCUSDT", 0.1, side="LONG")
    watched.hear()
    assert watched.positions()["BTCUSDT", "long"].quantity == pytest.approx(0.3)
    assert watched.positions()["BTCUSDT", "short"].quantity == -0.1
    watched.clock.advance(1.0)
    watched.account.close("BTCUSDT", side="LONG")
    watched.hear()
    assert set(watched.positions()) == {("BTCUSDT", "short")}
    watched.clock.advance(1.0)
    watched.read()
    assert set(watched.positions()) == {("BTCUSDT", "short")}


def test_complaint_12_a_thousand_fills_leave_the_margin_that_one_leaves() -> None:
    many, one = Watched(wallets={"USDT": 50_000.0}), Watched(wallets={"USDT": 50_000.0})
    for watched in (many, one):
        watched.read()
        watched.clock.advance(0.5)
    for _ in range(1_000):
        many.account.trade("BTCUSDT", 0.001)
        many.clock.advance(0.001)
        many.hear()
    one.account.trade("BTCUSDT", 1.0)
    one.hear()
    for figure in ("maintenance_margin_usd", "initial_margin_usd", "equity_usd", "gross_notional_usd"):
        found = getattr(many.pool(), figure)
        assert found == pytest.approx(getattr(one.pool(), figure), rel=1e-9), figure
        assert found > 0.0
    many.read()
    assert many.pool().drift["maintenance_margin"] == pytest.approx(0.0, abs=1e-9)


def test_complaint_17_a_quiet_night_stalls_nobody() -> None:
    """Two hours without one push, marks ticking, the account read every 15 s: not one alert, and LIVE throughout."""
    watched = Watched(wallets={"USDT": 50_000.0})
    watched.account.trade("BTCUSDT", 0.1)
    watched.read()
    mark = watched.sim.market.mark("BTCUSDT")
    for _ in range(2 * 240):
        watched.clock.advance(15.0)
        now = watched.clock.now()
        watched.take([Tick("binance", "BTCUSDT", mark, now, now), AssetTick("binance", "USDT", 1.0, now, now)])
        watched.read()
        assert watched.report.quality is Quality.LIVE, watched.report.reasons
    assert watched.told == []


def test_complaint_17_the_same_night_with_frozen_marks_is_told() -> None:
    watched = Watched(wallets={"USDT": 50_000.0})
    watched.account.trade("BTCUSDT", 0.1)
    watched.read()
    for _ in range(10):
        watched.clock.advance(5.0)
        watched.take([AssetTick("binance", "USDT", 1.0, watched.clock.now(), watched.clock.now())])
    assert watched.pool().quality is Quality.STALE
    assert {(change.alert.rule, change.alert.labels["account"]) for change in watched.told} == {
        ("data_quality", KEY.account)
    }
