"""Two more answers of the kernel that other tools get wrong, in the shapes of venues whose rooms come later.

7 gmsol-labs/gmx-solana#439 (collateral pinned while its coin falls); 8 RabbyHub/rabby-mobile#1678 (an account that is
liquidatable already gets a price, with its sign turned), and the maintenance of one DEX of two.
"""

from __future__ import annotations

import pytest

from monitor.domain.lines import State
from monitor.domain.names import Asset
from monitor.domain.tiers import flat
from monitor.margin.pool import Holding
from tests.reference.kernel import ask, position
from tests.reference.plain import Market
from tests.shapes.build import linear, pool
from tests.shapes.test_gmx_shapes import gmx, market

TICK = 0.01


@pytest.mark.parametrize("collateral", [0.5, 1.666666667, 5.0, 12.0])
@pytest.mark.parametrize("sign", [1.0, -1.0], ids=["long", "short"])
def test_complaint_7_the_verdict_flips_within_one_tick_of_the_published_price(sign: float, collateral: float) -> None:
    """50 000 USD of ETH at 3000, backed by ETH: prices on both sides of the line, a hundredth of a dollar away."""
    built = gmx(50000.0, 16.666666667, sign, Holding(asset="ETH", amount=collateral), 49.75)
    now = ask(built, market())
    assert now.ratio.state is State.AT
    line = now.coins["ETH"].down if sign > 0 else now.coins["ETH"].up
    assert line.state is State.AT
    assert line.price is not None
    assert ask(built, market(line.price + sign * TICK)).ratio.state is State.AT
    assert ask(built, market(line.price - sign * TICK)).ratio.state is State.LIQUIDATABLE


def test_complaint_7_a_short_whose_collateral_outgrows_its_loss_has_no_line_upwards() -> None:
    built = gmx(50000.0, 16.666666667, -1.0, Holding(asset="ETH", amount=17.0), 0.0)
    assert ask(built, market()).coins["ETH"].up.state is State.NEVER


@pytest.mark.parametrize("cash", [39.0, 0.0, -500.0])
@pytest.mark.parametrize("quantity", [1.0, -1.0], ids=["long", "short"])
def test_complaint_8_an_account_below_its_maintenance_is_liquidatable_and_prints_no_price(
    quantity: float, cash: float
) -> None:
    result = ask(pool(linear("XUSDT", quantity, 1000.0, tiers=flat(0.04)), cash=cash), Market({"XUSDT": 1000.0}))
    assert result.ratio.state is State.LIQUIDATABLE
    answer = position(result, "XUSDT")
    assert (answer.line.state, answer.line.price, answer.line.distance_ratio) == (State.LIQUIDATABLE, None, 0.0)
    assert all(side.price is None for side in (answer.down, answer.up))


def test_complaint_8_an_account_with_two_dexes_asks_for_the_maintenance_of_both() -> None:
    legs = (linear("AUSDC", 1.0, 1000.0, tiers=flat(0.04)), linear("BUSDC", -2.0, 500.0, tiers=flat(0.05)))
    stable: dict[Asset, float] = {"USDC": 1.0}
    built = pool(*legs, cash=100.0, numeraire="USDC")
    assert ask(built, Market({"AUSDC": 1000.0, "BUSDC": 500.0}, stable)).maintenance_margin == pytest.approx(90.0)
