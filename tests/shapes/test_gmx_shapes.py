"""GMX v2: collateral in another coin, in the same coin, and a requirement that stands still."""

from __future__ import annotations

import pytest

from monitor.domain.tiers import flat
from monitor.margin.pool import Holding, Pool
from tests.reference.kernel import ask, position
from tests.reference.plain import Market
from tests.shapes.build import linear, pool
from tests.shapes.catalogue import Shape, shape


def gmx(size_usd: float, tokens: float, sign: float, collateral: Holding, fees: float, factor: float = 0.01) -> Pool:
    """A position of `size_usd` entered for `tokens`; fees come off equity, the requirement is of the entry size."""
    leg = linear(
        "ETHUSD",
        sign * tokens,
        size_usd / tokens,
        base="ETH",
        quote="USD",
        settle="USD",
        tiers=flat(0.0),
        constant_requirement=max(1.0, size_usd * factor),
    )
    return pool(leg, numeraire="USD", cash=-fees, holdings=(collateral,), isolated=True)


def market(mark: float = 3000.0) -> Market:
    """ETH and its wrapped form share a price."""
    return Market({"ETHUSD": mark}, {"ETH": mark, "USDC": 1.0, "SOL": 150.0})


USDC_5000 = Holding(asset="USDC", amount=5000.0)
WETH = Holding(asset="ETH", amount=1.666666667)
PENDING = 12.5 + 7.25 + 30.0  # borrowing, funding, closing fee of 0.06 %


@shape
def other_coin_collateral() -> Shape:
    return gmx(50000.0, 16.666666667, 1.0, USDC_5000, PENDING), market()


@shape
def same_coin_collateral_long() -> Shape:
    return gmx(50000.0, 16.666666667, 1.0, WETH, PENDING), market()


@shape
def same_coin_collateral_short() -> Shape:
    return gmx(50000.0, 16.666666667, -1.0, WETH, PENDING), market()


@pytest.mark.parametrize(
    ("sign", "printed"), [(1.0, 2732.98499994534), (-1.0, 3267.014999934659)], ids=["long", "short"]
)
def test_collateral_in_dollars(sign: float, printed: float) -> None:
    """(500 - 5000 + 49.75 + 50 000) / 16.666666667; the factor is of the entry size (upstream SDK)."""
    result = ask(gmx(50000.0, 16.666666667, sign, USDC_5000, PENDING), market())
    assert position(result, "ETHUSD").line.price == pytest.approx(printed, rel=1e-12)
    line = result.coins["ETH"].down if sign > 0 else result.coins["ETH"].up
    assert line.price == pytest.approx(printed, rel=1e-12)


def test_collateral_in_the_same_coin_falls_with_a_long() -> None:
    """(500 + 49.75 + 50 000) / (1.666666667 + 16.666666667) = 2757.2590908088255 (upstream SDK)."""
    assert ask(*same_coin_collateral_long()).coins["ETH"].down.price == pytest.approx(2757.2590908088255, rel=1e-12)


def test_collateral_in_the_same_coin_hedges_a_short() -> None:
    """(500 + 49.75 - 50 000) / (1.666666667 - 16.666666667) = 3296.68; with the collateral held it would be 3267."""
    result = ask(*same_coin_collateral_short())
    assert result.coins["ETH"].up.price == pytest.approx((549.75 - 50000) / (1.666666667 - 16.666666667), rel=1e-12)
    alone = position(result, "ETHUSD").up.price
    assert alone is not None
    assert alone < 3290


@pytest.mark.parametrize(("mark", "liquidatable"), [(4200.0, False), (4000.0, True)])
def test_the_protocol_s_own_verdict_on_either_side_of_the_line(mark: float, liquidatable: bool) -> None:
    """40 ETH of 200 000 with 10 WETH: line 202 000 / 50 = 4040; at 4200 it stands, at 4000 it does not."""
    built = gmx(200000.0, 40.0, 1.0, Holding(asset="ETH", amount=10.0), 0.0)
    value = ask(built, market(mark)).ratio.value
    assert value is not None
    assert (value >= 1) is liquidatable
    assert ask(built, market(5000.0)).coins["ETH"].down.price == pytest.approx(4040.0, rel=1e-12)


@shape
def another_volatile_collateral() -> Shape:
    return gmx(50000.0, 16.666666667, 1.0, Holding(asset="SOL", amount=100.0), 0.0), market()


def test_collateral_in_another_volatile_coin_has_a_line_of_its_own() -> None:
    """100 SOL at 150 behind 50 000 of ETH long: 15 000 f - 0 = 500 for SOL alone (f = 1/30);

    both together: 15 000 (1 + x) + 50 000 x = 500 at x = -14 500 / 65 000 (but for the rounding of the tokens).
    """
    result = ask(*another_volatile_collateral())
    assert result.coins["SOL"].down.price == pytest.approx(5.0, rel=1e-8)
    assert result.market.down.distance_ratio == pytest.approx(14500 / 65000, rel=1e-8)
