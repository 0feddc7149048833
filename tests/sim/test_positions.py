"""The simulator's own arithmetic against figures that Binance itself printed or documented."""

from __future__ import annotations

import itertools

import pytest

from monitor.sim.binance import brackets
from monitor.sim.binance.brackets import Bracket, maintenance, scaled
from monitor.sim.binance.positions import (
    Rates,
    SimPosition,
    cross_liquidation_price,
    isolated_liquidation_price,
    multi_assets_equity_and_maintenance,
    multi_assets_liquidation_price,
)
from monitor.sim.text import bare, cut, fixed


def flat(rate: float, cum: float = 0.0) -> tuple[Bracket, ...]:
    return (Bracket(1, 125, 1e12, 0.0, rate, cum),)


def test_a_recorded_isolated_long_is_reproduced_to_the_last_printed_digit() -> None:
    position = SimPosition("BTCUSDT", "LONG", "USDT", flat(0.004), 0.010, 56791.66666, 27.75053162)
    assert bare(isolated_liquidation_price(position, 56_000.0)) == "54233.54768876"


def test_a_short_is_solved_with_the_bracket_of_the_notional_at_the_line() -> None:
    rows = (Bracket(1, 50, 3e6, 0.0, 0.0065, 950.0), Bracket(2, 25, 12e6, 3e6, 0.01, 11_450.0))
    short = SimPosition("BTCUSDT", "BOTH", "USDT", rows, -48.0, 61_000.0)
    line = cross_liquidation_price("BTCUSDT", 100_000.0, [short], {"BTCUSDT": 61_000.0})
    assert bare(line) == "62694.92574257"


def test_other_positions_count_with_their_sign() -> None:
    long = SimPosition("BTCUSDT", "BOTH", "USDT", brackets.of("BTCUSDT"), 1.0, 60_000.0)
    short = SimPosition("ETHUSDT", "BOTH", "USDT", brackets.of("ETHUSDT"), -10.0, 3_000.0)
    marks = {"BTCUSDT": 60_000.0, "ETHUSDT": 3_300.0}
    assert round(cross_liquidation_price("BTCUSDT", 10_000.0, [long, short], marks)) == 53_345


def test_a_hundred_bitcoins_fall_into_their_tier() -> None:
    long = SimPosition("BTCUSDT", "BOTH", "USDT", brackets.of("BTCUSDT"), 100.0, 60_000.0, 600_000.0)
    line = isolated_liquidation_price(long, 60_000.0)
    wanted = (100 * 60_000 - 600_000 - 12_000) / (100 * (1 - 0.01))  # bracket 4 at the line
    assert line == pytest.approx(wanted, rel=1e-12)


def test_a_hedge_of_equal_sides_has_a_line_only_where_rising_maintenance_eats_the_equity() -> None:
    rows = flat(0.01)
    pair = [
        SimPosition("BTCUSDT", "LONG", "USDT", rows, 1.0, 50_000.0),
        SimPosition("BTCUSDT", "SHORT", "USDT", rows, -1.0, 50_000.0),
    ]
    line = cross_liquidation_price("BTCUSDT", 2_000.0, pair, {"BTCUSDT": 50_000.0})
    assert line == pytest.approx(2_000.0 / 0.02)


def test_no_line_is_printed_as_zero() -> None:
    long = SimPosition("BTCUSDT", "BOTH", "USDT", flat(0.004), 0.01, 50_000.0)
    assert bare(cross_liquidation_price("BTCUSDT", 10_000.0, [long], {"BTCUSDT": 50_000.0})) == "0"


def test_a_breached_long_has_its_line_above_the_mark() -> None:
    long = SimPosition("BTCUSDT", "BOTH", "USDT", flat(0.004), 1.0, 50_000.0)
    line = cross_liquidation_price("BTCUSDT", 5_000.0, [long], {"BTCUSDT": 40_000.0})
    assert line == pytest.approx(45_000.0 / 0.996)


def test_the_multi_assets_example_of_the_venues_faq() -> None:
    rates = {"USDT": Rates(0.99, 0.01, 0.005), "USDC": Rates(1.0, 0.0, 0.0)}
    positions = [
        SimPosition("BTCUSDT", "BOTH", "USDT", flat(0.008), 0.5, 20_000.0),
        SimPosition("ETHUSDC", "BOTH", "USDC", flat(0.01), 20.0, 600.0),
    ]
    marks = {"BTCUSDT": 20_000.0, "ETHUSDC": 600.0}
    cash = {"USDT": 200.0, "USDC": 220.0}
    equity, required = multi_assets_equity_and_maintenance(cash, positions, marks, rates)
    assert equity == pytest.approx(416.02)
    assert required == pytest.approx(199.596)
    line = multi_assets_liquidation_price("BTCUSDT", cash, positions, marks, rates)
    at_line = multi_assets_equity_and_maintenance(cash, positions, {**marks, "BTCUSDT": line}, rates)
    assert at_line[0] == pytest.approx(at_line[1], abs=1e-9)
    assert line < 20_000.0


def test_every_transcribed_table_is_continuous_and_starts_at_zero() -> None:
    for symbol, rows in brackets.published().items():
        assert (rows[0].floor, rows[0].cum) == (0.0, 0.0), symbol
        for lower, upper in itertools.pairwise(rows):
            assert upper.floor == lower.cap, symbol
            step = upper.floor * (upper.rate - lower.rate)
            assert upper.cum == pytest.approx(lower.cum + step, abs=0.02), (symbol, upper.number)


def test_brackets_scaled_for_a_user_do_not_jump() -> None:
    rows = scaled(brackets.of("ETHUSDT"), 1.5)
    for lower, upper in itertools.pairwise(rows):
        edge = upper.floor
        assert edge * lower.rate - lower.cum == pytest.approx(edge * upper.rate - upper.cum)
    assert rows[0].cap == brackets.of("ETHUSDT")[0].cap * 1.5


def test_the_maintenance_of_a_notional_above_all_caps_uses_the_last_row() -> None:
    rows = (Bracket(1, 20, 100.0, 0.0, 0.01, 0.0), Bracket(2, 10, 200.0, 100.0, 0.02, 1.0))
    assert maintenance(rows, 300.0) == pytest.approx(5.0)


def test_numbers_are_printed_as_the_venue_prints_them() -> None:
    assert fixed(-0.0) == "0.00000000"
    assert fixed(1.5) == "1.50000000"
    assert bare(22185.2) == "22185.2"
    assert bare(0.0) == "0"
    assert cut(1992.4607925 * 0.006) == "11.95476475"
    assert cut(1e-9) == "0.00000000"


def test_a_net_long_hedge_without_a_line_below_has_the_one_above() -> None:
    rows = brackets.of("ETHUSDT")
    pair = [
        SimPosition("ETHUSDT", "LONG", "USDT", rows, 1.02, 3_000.0),
        SimPosition("ETHUSDT", "SHORT", "USDT", rows, -1.0, 3_000.0),
    ]
    line = cross_liquidation_price("ETHUSDT", 1_000.0, pair, {"ETHUSDT": 3_000.0})
    assert line > 3_000.0
    health = 1_000.0 + 0.02 * (line - 3_000.0) - sum(p.maintenance(line) for p in pair)
    assert health == pytest.approx(0.0, abs=1e-6)
