"""The simulator's formulas against numbers that KuCoin printed or worked out."""

from __future__ import annotations

import pytest

from monitor.sim.kucoin import arithmetic
from monitor.sim.kucoin.board import Prices
from monitor.sim.kucoin.futures import Account, Isolated
from monitor.sim.kucoin.holdings import ISOLATED, Order, Position
from monitor.sim.kucoin.listing import LIQUIDATION_FEE, SPECS, TAKER_FEE, Band
from monitor.sim.kucoin.rows import real_leverage
from tests.sim.kucoin.clients import still

BY_NAME = {spec.symbol: spec for spec in SPECS}
XBT, ETH, INVERSE = BY_NAME["XBTUSDTM"], BY_NAME["ETHUSDTM"], BY_NAME["XBTUSDM"]


def held(**more: object) -> Position:
    return Position(**{"id": "1", "spec": XBT, **more})  # type: ignore[arg-type]  # whatever a test names


def at(**marks: float) -> Prices:
    """The prices of a venue with these marks."""
    sim = still()
    for symbol, mark in marks.items():
        sim.set_mark(symbol, mark)
    return sim.board.prices


@pytest.mark.parametrize(
    ("size", "m", "constant", "rate"),
    [(12.102, 300.0, 125.0, 0.00416136), (0.001, 300.0, 125.0, 0.0040000133), (380.03, 4_110.0, 100.0, 0.0054623236)],
)
def test_continuous_rate_is_the_recorded_one(size: float, m: float, constant: float, rate: float) -> None:
    assert arithmetic.continuous_rate(size, m, constant, 0.3) == pytest.approx(rate, abs=5e-11)


def test_continuous_rate_has_a_cap() -> None:
    assert arithmetic.continuous_rate(1e9, 300.0, 125.0, 0.3) == 0.3


@pytest.mark.parametrize(("sign", "line"), [(1.0, 45_207.0930567), (-1.0, 89_407.1864205)])
def test_isolated_liquidation_under_the_rule_of_2025(sign: float, line: float) -> None:
    found = arithmetic.isolated_liquidation(sign, 0.001, 67_430.9, 22.4769666644, 0.0056, inverse=False)
    assert found == pytest.approx(line, abs=1e-6)


@pytest.mark.parametrize(("sign", "line"), [(1.0, 27_720.0), (-1.0, 28_280.0)])
def test_isolated_bankruptcy_is_the_documents_example(sign: float, line: float) -> None:
    found = arithmetic.isolated_bankruptcy(sign, 0.005, 28_000.0, 1.4, inverse=False)
    assert found == pytest.approx(line)


def test_inverse_bankruptcy_is_the_documents_example() -> None:
    margin = 100.0 / 28_000.0 / 50.0
    assert arithmetic.isolated_bankruptcy(1.0, 100.0, 28_000.0, margin, inverse=True) == pytest.approx(
        27_450.98, abs=1e-2
    )


def test_inverse_short_with_enough_margin_is_liquidated_nowhere() -> None:
    assert arithmetic.isolated_liquidation(-1.0, 100.0, 28_000.0, 1.0, 0.01, inverse=True) == float("inf")


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("inverse", [False, True])
def test_at_the_isolated_line_the_margin_rate_is_one(sign: float, inverse: bool) -> None:
    spec = INVERSE if inverse else XBT
    margin = 0.005 if inverse else 500.0
    position = held(
        spec=spec, mode=ISOLATED, lots=sign * 5_000.0 / (1.0 if inverse else 50.0), entry=98_000.0, initial=margin
    )
    line = Isolated(position, at(**{spec.symbol: 98_000.0})).lines.liquidation
    moved = Isolated(position, at(**{spec.symbol: line}))
    assert moved.ratio == pytest.approx(1.0, abs=1e-4)


def test_cross_lines_of_an_inverse_position_have_the_recorded_distance() -> None:
    """liquidationPrice 1429.96 over bankruptPrice 1414.96 at a rate of 1 % and a fee of 0.06 %."""
    buffer = 2_454.12 / 1_414.96 - 1.0
    line = arithmetic.cross_liquidation(1.0, 2_454.12, buffer, 0.0106, inverse=True)
    assert arithmetic.cross_bankruptcy(1.0, 2_454.12, buffer, inverse=True) == pytest.approx(1_414.96)
    assert line == pytest.approx(1_429.96, abs=0.01)


def test_risk_ratio_of_the_help_centres_example() -> None:
    """5,000 of margin, 0.1 bitcoins at 62,000 (0.5 %), an order of 10 ethers at 3,000 (0.8 %): 5.88 %."""
    value = 6_200.0 * (0.005 + TAKER_FEE) + 30_000.0 * (0.008 + TAKER_FEE)
    assert arithmetic.over(value, 5_000.0 - 30_000.0 * TAKER_FEE) == pytest.approx(0.0588, abs=5e-5)


def test_risk_ratio_counts_positions_orders_and_fees_as_the_example_does() -> None:
    prices = at(XBTUSDTM=62_000.0, ETHUSDTM=3_000.0)
    position = held(lots=100.0, entry=62_000.0)
    order = Order(id="2", spec=ETH, lots=-1_000.0, price=3_000.0)
    account = Account("USDT", 5_000.0, 0.0, [position], [order], prices)
    m_xbt, m_eth = 0.0040013333, 0.0050121655
    required = 6_200.0 * (m_xbt + TAKER_FEE) + 30_000.0 * (m_eth + TAKER_FEE)
    assert account.risk_ratio == pytest.approx(required / (5_000.0 - 18.0), rel=1e-6)


@pytest.mark.parametrize(
    ("mark", "initial", "added", "paid", "leverage"),
    [(68_900.7, 22.4769666644, 0.01645214, 0.03766885, 2.88), (68_323.06, 22.2769666644, 0.06225152, 0.26210915, 2.97)],
)
def test_real_leverage_is_the_recorded_one(
    mark: float, initial: float, added: float, paid: float, leverage: float
) -> None:
    position = held(mode=ISOLATED, lots=1.0, entry=67_430.9, initial=initial, added=added, funding_paid=paid)
    assert real_leverage(position, mark, pushed=False) == leverage


def test_unified_risk_ratio_of_the_recorded_account() -> None:
    """mm 0.371338 at 0.4 % in an account of 49.935894267: with the fees to close the printed 0.0085517383."""
    mm, adjusted = 0.371338, 49.935894267
    fees = mm / 0.004 * TAKER_FEE
    assert arithmetic.over(mm + fees, adjusted) == pytest.approx(0.0085517383, abs=1e-10)


def test_haircuts_of_the_documents_example() -> None:
    """660 bitcoins in bands of 98, 97.5 and 97 percent at 100,000: 64,570,000."""

    bands = (Band(500.0, 0.98), Band(600.0, 0.975), Band(float("inf"), 0.97))
    assert arithmetic.counted(660.0, bands) * 100_000.0 == pytest.approx(64_570_000.0)
    assert arithmetic.counted(-2.0, bands) == -2.0


def test_wallet_of_the_recorded_account() -> None:
    """81.07 less isolated margin and orders leaves 26.14 for cross positions."""
    position = held(mode=ISOLATED, lots=1.0, entry=90_000.0, initial=36.80984008)
    order = Order(id="2", spec=XBT, lots=1.0, price=18_118.8, mode=ISOLATED, leverage=1.0)
    account = Account("USDT", 81.072921258, 0.0, [position], [order], at(XBTUSDTM=90_000.0 + 200.7))
    assert account.total_cross == pytest.approx(26.144281178)
    assert account.equity == pytest.approx(81.273621258)
    assert account.available == pytest.approx(26.144281178)


def test_wallet_of_a_recorded_account_with_profit_and_funding() -> None:
    """13.97 with 0.945 of isolated margin, of which 0.0117 went for funding; 0.0022 of profit in cross positions."""
    prices = at(XBTUSDTM=90_000.0)
    isolated = held(mode=ISOLATED, lots=1.0, entry=89_892.6, initial=0.9572, funding_paid=0.01171253)
    cross = held(id="2", lots=1.0, entry=89_997.8, leverage=90.0 / 0.0642)
    account = Account("USDT", 13.96916376, 0.0, [isolated, cross], [], prices)
    assert account.isolated_margin == pytest.approx(0.94548747)
    assert account.isolated_funding == pytest.approx(-0.01171253)
    assert account.isolated_profit == pytest.approx(0.1074)
    assert account.cross_profit == pytest.approx(0.0022)
    assert account.total_cross == pytest.approx(13.02587629)
    assert account.equity == pytest.approx(14.07876376)
    assert account.available == pytest.approx(12.94776376)


def test_isolated_short_of_a_recorded_unified_account() -> None:
    """TRUMPUSDTM, 2026: bankruptcy 9.51343735, liquidation 9.395059599 at 1.2 % and a fee of 0.06 %."""
    margin = (9.51343735 - 4.786) * 0.1
    assert arithmetic.isolated_bankruptcy(-1.0, 0.1, 4.786, margin, inverse=False) == pytest.approx(9.51343735)
    line = arithmetic.isolated_liquidation(-1.0, 0.1, 4.786, margin, 0.012 + LIQUIDATION_FEE, inverse=False)
    assert line == pytest.approx(9.395059599, abs=1e-8)
