"""Figures of one venue's own accounts and documentation, transcribed here so that they run without any other file.

Each is compared to half a unit of the last digit that its source prints. Sources: the venue's FAQ on multi-assets mode,
on liquidation prices and on cross margin; recorded answers of real accounts; and four answers that other tools get
wrong (freqtrade#11318, TorchTrade#344, freqtrade's tier lookup, MetaMask/core#9968).
"""

from __future__ import annotations

import itertools
import math
from decimal import Decimal

import pytest

from monitor.domain.lines import State
from monitor.domain.tiers import flat
from monitor.margin.pool import Debt, Holding, Pool, counted_at
from monitor.margin.results import PoolResult
from tests.reference.kernel import ask, position
from tests.reference.plain import Market
from tests.shapes.build import inverse, linear, pool, tiers


def to_the_last_digit(ours: float | None, printed: str) -> bool:
    """Whether `ours` is `printed` to half a unit of its last digit (a hair more, for the rounding of floats)."""
    assert ours is not None
    exponent = Decimal(printed).as_tuple().exponent
    assert isinstance(exponent, int)
    return abs(ours - float(printed)) <= 0.5 * 10.0**exponent * (1 + 1e-9) + abs(ours) * 1e-15


def line_of(built: Pool, market: Market, symbol: str, side: str = "") -> float | None:
    """The price of the position's own line, which must be one."""
    line = position(ask(built, market), symbol, side).line
    assert line.state is State.AT
    return line.price


class TestMultiAssetsModeOfTheFaq:
    """USDT index 0.99 (bid 0.9801, ask 0.99495), USDC 1; wallets 200 and 220; both positions at their entry."""

    @pytest.fixture
    def result(self) -> PoolResult:
        built = pool(
            linear("BTCUSDT", 0.5, 20000.0, tiers=flat(0.008), initial_margin_rate=0.01),
            linear("ETHUSDC", 20.0, 600.0, tiers=flat(0.01), initial_margin_rate=0.02),
            numeraire="USD",
            holdings=(
                Holding(
                    asset="USDT", amount=200.0, collateral=counted_at(0.99), negative_rate=1.005, requirement_rate=1.005
                ),
                Holding(asset="USDC", amount=220.0),
            ),
        )
        return ask(built, Market({"BTCUSDT": 20000.0, "ETHUSDC": 600.0}, {"USDT": 0.99, "USDC": 1.0}))

    def test_equity_counts_positive_balances_at_the_bid_rate(self, result: PoolResult) -> None:
        assert to_the_last_digit(result.equity, "416.02")

    def test_maintenance_counts_at_the_ask_rate(self, result: PoolResult) -> None:
        assert to_the_last_digit(result.maintenance_margin, "199.596")

    def test_the_ratio_is_one_over_the_other(self, result: PoolResult) -> None:
        assert result.ratio.value is not None
        assert result.ratio.value == pytest.approx(199.596 / 416.02, rel=1e-12)
        assert math.floor(result.ratio.value * 1e5) / 1e5 == 0.47977  # the FAQ cuts where rounding would say 0.47978

    def test_initial_margin_leaves_what_the_venue_calls_available(self, result: PoolResult) -> None:
        assert result.equity is not None
        assert result.initial_margin is not None
        available = result.equity - result.initial_margin
        assert to_the_last_digit(available, "76.525")
        assert to_the_last_digit(available / (0.99 * 1.005), "76.913")


@pytest.mark.parametrize(
    ("amount", "buffer", "printed"),
    [
        (1.0, 0.1, "1.73661633"),
        (-1.0, 0.1, "-2.12253107"),
        (1.0, 0.05, "1.83309501"),
        (-1.0, 0.05, "-2.02605238"),
    ],
    ids=["bid", "ask", "auto-exchange bid", "auto-exchange ask"],
)
def test_an_asset_counts_at_its_index_less_or_plus_the_buffer(amount: float, buffer: float, printed: str) -> None:
    holding = Holding(asset="ADA", amount=amount, collateral=counted_at(1 - buffer), negative_rate=1 + buffer)
    built = pool(numeraire="USD", holdings=(holding,))
    assert to_the_last_digit(ask(built, Market({}, {"ADA": 1.92957370})).equity, printed)


RECORDED = ((0.0, 0.004, 0.0), (50e3, 0.005, 50.0), (600e3, 0.0065, 950.0), (3e6, 0.01, 11450.0))


@pytest.mark.parametrize(("below", "above"), list(itertools.pairwise(RECORDED)), ids=["50k", "600k", "3M"])
def test_recorded_maintenance_amounts_make_the_requirement_continuous_at_the_edge(
    below: tuple[float, float, float], above: tuple[float, float, float]
) -> None:
    edge = above[0]
    assert above[2] == pytest.approx(edge * (above[1] - below[1]) + below[2], abs=1e-9)
    required = []
    for notional in (edge - 0.01, edge, edge + 0.01):
        built = pool(linear("BTCUSDT", notional, 1.0, tiers=tiers(*RECORDED)), cash=1e9)
        required.append(ask(built, Market({"BTCUSDT": 1.0})).maintenance_margin or math.nan)
    assert required[1] == pytest.approx(edge * below[1] - below[2], rel=1e-12)
    assert required[1] - required[0] == pytest.approx(0.01 * below[1], rel=1e-4)
    assert required[2] - required[1] == pytest.approx(0.01 * above[1], rel=1e-4)


def test_the_tier_is_that_of_the_solved_price_not_of_the_entry() -> None:
    built = pool(linear("BTCUSDT", -48.0, 61000.0, tiers=tiers((0.0, 0.0065, 950.0), (3e6, 0.01, 11450.0))), cash=1e5)
    price = line_of(built, Market({"BTCUSDT": 61000.0}), "BTCUSDT")
    assert to_the_last_digit(price, "62694.92574257")
    assert price is not None
    assert 48 * 61000.0 < 3e6 < 48 * price


def test_maintenance_of_a_recorded_position() -> None:
    built = pool(linear("XUSDT", 1992.4607925, 1.0, tiers=flat(0.006)), cash=100.0)
    ours = ask(built, Market({"XUSDT": 1.0})).maintenance_margin
    assert ours is not None
    assert math.floor(ours * 1e8) / 1e8 == 11.95476475  # the venue truncates to 8 digits


def test_a_recorded_cross_wallet_and_its_margin_balance() -> None:
    cross = pool(name="cross", cash=25.45013785 - 4.93323209)
    whole = pool(linear("XUSDT", 1.0, 10.0, tiers=flat(0.01)), cash=25.45013785)
    assert to_the_last_digit(ask(cross, Market({})).equity, "20.51690576")
    assert to_the_last_digit(ask(whole, Market({"XUSDT": 10.0 - 0.06303420})).equity, "25.38710365")


def test_a_recorded_isolated_long_in_hedge_mode() -> None:
    built = pool(linear("BTCUSDT", 0.01, 56791.66666, tiers=flat(0.004)), cash=27.75053162, isolated=True)
    assert to_the_last_digit(line_of(built, Market({"BTCUSDT": 56791.66666}), "BTCUSDT"), "54233.54768876")


@pytest.mark.parametrize(
    ("sign", "printed"), [(1.0, "29326.36469222"), (-1.0, "63624.67866324")], ids=["long", "short"]
)
def test_a_coin_margined_cross_position_beside_others(sign: float, printed: str) -> None:
    # The others' maintenance 0.01 and loss 0.02 at their marks are constants in the coin.
    leg = inverse("BTCUSD", sign * 500 * 100, 40000.0, tiers=flat(0.01, 0.002))
    built = pool(leg, numeraire="BTC", cash=0.5 - 0.02, constant_requirement=0.01)
    assert to_the_last_digit(line_of(built, Market({"BTCUSD": 40000.0}), "BTCUSD"), printed)


def test_a_coin_margined_hedge_has_one_joint_line() -> None:
    built = pool(
        inverse("ETHUSD", 900 * 10, 2500.0, tiers=flat(0.01, 0.001)),
        inverse("ETHUSD", -300 * 10, 2600.0, tiers=flat(0.005, 0.0005)),
        numeraire="ETH",
        cash=0.3,
        constant_requirement=0.01,
    )
    market = Market({"ETHUSD": 2550.0})
    for side in ("long", "short"):
        assert to_the_last_digit(line_of(built, market, "ETHUSD", side), "2230.01166074")


def test_the_margin_level_of_a_documented_cross_margin_account() -> None:
    # Liquidation at level 1.1: equity = assets - debt, requirement = 0.1 * debt; so level = 1 + 0.1 / ratio.
    built = pool(
        numeraire="BTC",
        holdings=(Holding(asset="BTC", amount=6.82728457),),
        debts=(Debt(asset="BTC", amount=0.58633215, requirement=flat(0.1)),),
    )
    ratio = ask(built, Market({})).ratio.value
    assert ratio is not None
    level = 1 + 0.1 / ratio
    assert level == pytest.approx(6.82728457 / 0.58633215, rel=1e-12)
    # The venue divides before it rounds both to 8 digits: its level may lie anywhere between these two.
    assert (6.82728457 - 5e-9) / (0.58633215 + 5e-9) <= 11.64405625 <= (6.82728457 + 5e-9) / (0.58633215 - 5e-9)
    assert level == pytest.approx(11.64405625, rel=(5e-9 / 0.58633215 + 5e-9 / 6.82728457))


def test_the_maintenance_of_two_loans_in_tiers_of_their_value() -> None:
    built = pool(
        cash=1e6,
        debts=(
            Debt(asset="BTC", amount=13.0, requirement=flat(0.08, 2000.0), requirement_by_value=True),
            Debt(asset="ETH", amount=13.0, requirement=flat(0.07, 600.0), requirement_by_value=True),
        ),
    )
    result = ask(built, Market({}, {"BTC": 30000.0, "ETH": 3000.0, "USDT": 1.0}))
    assert to_the_last_digit(result.maintenance_margin, "31330")
