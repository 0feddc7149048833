"""KuCoin: a rate that depends on the size and not on the price, orders in the risk rate, the venue's own line."""

from __future__ import annotations

import pytest

from monitor.domain.lines import Line, State
from monitor.domain.names import Side
from monitor.domain.tiers import Tier, TierBy, TierTable, flat
from monitor.margin.pool import LIQUIDATION, Holding, Stage, VenueFigures, VenueLine
from monitor.margin.pool import Debt as Loan
from tests.reference.kernel import ask, position
from tests.reference.plain import Market
from tests.shapes.build import inverse, linear, pool
from tests.shapes.catalogue import Shape, shape

TAKER = 0.0006


def growing_rate(m: float, constant: float) -> TierTable:
    """(1 + Q/m) / (2 * mmrLevConstant): grows with the base quantity Q and stands still while the price moves."""
    return TierTable((Tier(0.0, 1 / (2 * constant), 0.0, 1 / (2 * constant * m)),), by=TierBy.BASE)


@shape
def size_dependent() -> Shape:
    return (
        pool(linear("BTCUSDT", 12.102, 60000.0, tiers=growing_rate(300.0, 125.0)), cash=50000.0),
        Market({"BTCUSDT": 60000.0}, {"BTC": 60000.0, "USDT": 1.0}),
    )


def test_the_rate_of_a_cross_position_grows_with_its_size_and_not_with_its_price() -> None:
    """Recorded: 12.102 BTC ask 0.00416136. 50 000 + 12.102 (P - 60 000) = 12.102 P * 0.00416136."""
    result = ask(*size_dependent())
    assert result.maintenance_margin == pytest.approx(12.102 * 60000 * 0.00416136, rel=1e-9)
    line = position(result, "BTCUSDT").line
    assert line.price == pytest.approx((12.102 * 60000 - 50000) / (12.102 * (1 - 0.00416136)), rel=1e-9)


@shape
def risk_rate_with_orders() -> Shape:
    opening_fee = 10 * 3000 * TAKER
    built = pool(
        linear("BTCUSDT", 0.1, 62000.0, tiers=flat(0.005), fee_rate=TAKER),
        linear("ETHUSDT", 10.0, 3000.0, tiers=flat(0.008), fee_rate=TAKER, order=True, opening_fee=opening_fee),
        cash=5000.0,
        stages=(Stage(name="orders-cancelled", threshold=0.95, orders=True), Stage(name=LIQUIDATION)),
    )
    return built, Market({"BTCUSDT": 62000.0, "ETHUSDT": 3000.0}, {"BTC": 62000.0, "ETH": 3000.0, "USDT": 1.0})


def test_the_documented_risk_rate_counts_orders_as_if_filled() -> None:
    """5000; 0.1 BTC at 62 000 ask 31; an order for 10 ETH at 3000 asks 240; fees 21.72; opening fee 18: 5.88 %."""
    result = ask(*risk_rate_with_orders())
    cancelled = result.stages["orders-cancelled"].value
    assert cancelled is not None
    assert cancelled * 0.95 == pytest.approx(292.72 / 4982, rel=1e-12)
    assert round(cancelled * 0.95, 4) == 0.0588
    assert result.ratio.value == pytest.approx(34.72 / 5000, rel=1e-12)


@shape
def longs_down_shorts_up() -> Shape:
    moves = (("BTCUSDT", 1.0), ("ETHUSDT", -1.0))
    printed = Line.at(53813.8, 0.132)
    built = pool(
        linear("BTCUSDT", 0.1, 62000.0, tiers=flat(0.005), fee_rate=TAKER),
        linear("ETHUSDT", -10.0, 3000.0, tiers=flat(0.005), fee_rate=TAKER),
        cash=5000.0,
        venue=VenueFigures(
            lines=(VenueLine(symbol="BTCUSDT", side=Side.LONG, printed=printed, moves=moves, tolerance=1e-4),)
        ),
    )
    return built, Market({"BTCUSDT": 62000.0, "ETHUSDT": 3000.0}, {"BTC": 62000.0, "ETH": 3000.0, "USDT": 1.0})


def test_the_venue_s_cross_line_moves_every_position_against_the_account() -> None:
    """5000 - 36 200 y = 0.0056 (6200 (1 - y) + 30 000 (1 + y)): y = 4797.28 / 36 333.28, BTC at 53 813.8.

    The instrument alone never gets there: at P = 0 there is 5000 - 6200 + 0 < 168, so it does: (6200 - 5000 + 168) /
    (0.1 * 0.9944) = 13 757.04.
    """
    result = ask(*longs_down_shorts_up())
    (venue,) = result.venue_lines
    assert venue.ours.price == pytest.approx(62000 * (1 - 4797.28 / 36333.28), rel=1e-12)
    assert not venue.disagree
    assert position(result, "BTCUSDT").down.price == pytest.approx(1368 / 0.09944, rel=1e-12)


def test_for_one_position_the_venue_s_formula_is_the_line() -> None:
    """LP = MP (1 - AMR) / (1 - (m + f)), AMR 1000 / 6200: 52 000 / 0.9944."""
    built = pool(linear("BTCUSDT", 0.1, 62000.0, tiers=flat(0.005), fee_rate=TAKER), cash=1000.0)
    assert position(ask(built, Market({"BTCUSDT": 62000.0})), "BTCUSDT").line.price == pytest.approx(52000 / 0.9944)


@pytest.mark.parametrize(("sign", "printed"), [(1.0, 45207.0930567), (-1.0, 89407.1864205)], ids=["long", "short"])
def test_the_isolated_rule_of_2025(sign: float, printed: float) -> None:
    """0.001 at 67 430.9 with 22.4769666644, 0.5 % and a liquidation fee of 0.06 %: (Q E - s M) / (Q (1 - 0.0056 s))."""
    leg = linear("BTCUSDT", sign * 0.001, 67430.9, tiers=flat(0.005), fee_rate=TAKER)
    result = ask(pool(leg, cash=22.4769666644, isolated=True), Market({"BTCUSDT": 67430.9}))
    assert position(result, "BTCUSDT").line.price == pytest.approx(printed, rel=1e-11)


def test_the_isolated_rule_for_an_inverse_contract() -> None:
    """V (1 + r) / (V/E + M): 28 000 lots at 28 000 with 0.02 BTC, r = 0.0056: 28 156.8 / 1.02."""
    leg = inverse("BTCUSD", 28000.0, 28000.0, tiers=flat(0.005), fee_rate=TAKER)
    result = ask(pool(leg, cash=0.02, numeraire="BTC", isolated=True), Market({"BTCUSD": 28000.0}))
    assert position(result, "BTCUSD").line.price == pytest.approx(28156.8 / 1.02, rel=1e-12)
    assert position(result, "BTCUSD").bankruptcy.price == pytest.approx(28000 / 1.02, rel=1e-12)


@shape
def spot_debt_ratio() -> Shape:
    built = pool(
        holdings=(Holding(asset="DOGE", amount=1000.0), Holding(asset="USDT", amount=10.0)),
        debts=(Loan(asset="USDT", amount=50.0, requirement=flat(1 / 0.97 - 1)),),
    )
    return built, Market({}, {"DOGE": 0.1, "USDT": 1.0})


def test_a_spot_loan_is_liquidated_at_a_debt_ratio_of_97_percent() -> None:
    """Debt / assets = 0.97: 1000 P + 10 = 50 / 0.97; nothing happens upwards."""
    result = ask(*spot_debt_ratio())
    assert result.coins["DOGE"].down.price == pytest.approx((50 / 0.97 - 10) / 1000, rel=1e-12)
    assert result.coins["DOGE"].up.state is State.NEVER
