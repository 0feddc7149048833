"""Six answers that other tools get wrong, and how each must come out of the kernel.

1 freqtrade#11318 (other positions' profit without its sign); 2 TorchTrade#344 (other positions' maintenance missing);
3 freqtrade, metamask-mobile#34879 (tier looked up by collateral, or kept when the size grows); 4 freqtrade#7294 (a long
with a liquidation price above its mark); 5 ccxt#8311, #14747 (0, empty and null taken for prices); 6 MetaMask/core#9968
(entry price mixed with a margin at the mark).
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.domain.lines import NEVER, Line, State
from monitor.domain.names import Side
from monitor.domain.tiers import flat
from monitor.margin.pool import VenueFigures, VenueLine
from tests.reference.kernel import ask, position
from tests.reference.plain import Market
from tests.shapes.build import linear, pool, tiers
from tests.vectors.test_binance_lines import to_the_last_digit

# The venue's brackets for BTCUSDT as freqtrade 2026.9 ships them (ETHUSDT has the same up to 12 million).
BRACKETS = tiers(
    (0.0, 0.004, 0.0), (300e3, 0.005, 300.0), (800e3, 0.0065, 1500.0), (3e6, 0.01, 12e3), (12e6, 0.02, 132e3)
)


def test_complaint_1_the_loss_of_another_short_brings_the_line_nearer() -> None:
    """10 000 - 10 * 300 is left beside the long: (60 000 - 7 000 + 132) / 0.996 = 53 345, not 47 321."""
    built = pool(
        linear("BTCUSDT", 1.0, 60000.0, tiers=BRACKETS), linear("ETHUSDT", -10.0, 3000.0, tiers=BRACKETS), cash=10000.0
    )
    answer = position(ask(built, Market({"BTCUSDT": 60000.0, "ETHUSDT": 3300.0})), "BTCUSDT")
    assert to_the_last_digit(answer.down.price, "53345")


def test_complaint_2_the_maintenance_of_other_positions_counts() -> None:
    """Equity 5 at the mark 100, others need 4: 5 + P - 100 = 4 + 0.004 P at 99.398: 0.6 % away, not 4.6 %."""
    built = pool(linear("XUSDT", 1.0, 100.0, tiers=flat(0.004)), cash=5.0, constant_requirement=4.0)
    assert to_the_last_digit(position(ask(built, Market({"XUSDT": 100.0})), "XUSDT").down.price, "99.398")


def test_complaint_3_the_tier_follows_the_size_at_the_line() -> None:
    """100 BTC at 60 000, 600 000 behind: (6 000 000 - 600 000 - 12 000) / 99; the collateral's tier says 54 268.34."""
    built = pool(linear("BTCUSDT", 100.0, 60000.0, tiers=BRACKETS), cash=600000.0)
    assert to_the_last_digit(position(ask(built, Market({"BTCUSDT": 60000.0})), "BTCUSDT").down.price, "54424.24")


@pytest.mark.parametrize("edge", range(1, 5), ids=["300k", "800k", "3M", "12M"])
def test_complaint_3_the_line_does_not_jump_where_the_size_passes_a_tier_edge(edge: int) -> None:
    """A short whose size at its line 66 000 is just the edge, with a hair less and a hair more collateral."""
    floor = BRACKETS.tiers[edge].floor
    for tier in (BRACKETS.tiers[edge - 1], BRACKETS.tiers[edge]):
        cash = floor / 66000.0 * 6000.0 + floor * tier.rate - tier.deduction
        for hair in (1 - 1e-9, 1.0, 1 + 1e-9):
            built = pool(linear("BTCUSDT", -floor / 66000.0, 60000.0, tiers=BRACKETS), cash=cash * hair)
            line = position(ask(built, Market({"BTCUSDT": 60000.0})), "BTCUSDT").up
            assert line.price == pytest.approx(66000.0, rel=1e-8)


@given(
    quantity=st.floats(0.001, 1000.0),
    entry=st.floats(0.5, 2.0),
    rate=st.floats(0.001, 0.5),
    fee=st.floats(0.0, 0.01),
    cash=st.floats(0.0, 3.0),
    side=st.sampled_from([1.0, -1.0]),
)
def test_complaint_4_no_line_is_ever_printed_on_the_wrong_side_of_the_mark(
    quantity: float, entry: float, rate: float, fee: float, cash: float, side: float
) -> None:
    leg = linear("XUSDT", side * quantity, 1000.0 * entry, tiers=flat(rate), fee_rate=fee)
    result = ask(pool(leg, cash=cash * quantity * 1000.0), Market({"XUSDT": 1000.0}))
    assert result.equity is not None
    assert result.maintenance_margin is not None
    answer = position(result, "XUSDT")
    if result.equity > result.maintenance_margin:
        assert answer.down.price is None or answer.down.price < 1000.0
        assert answer.up.price is None or answer.up.price > 1000.0
    else:
        assert answer.line.state is State.LIQUIDATABLE
        assert answer.line.price is None
        assert answer.line.distance_ratio == 0.0


class TestComplaint5NoPriceIsNotAPrice:
    """A long bought with nothing borrowed; the venue's own word for «none» ("0", "", null) arrives as NEVER."""

    MARKET = Market({"BTCUSDT": 60000.0})

    def told(self, printed: Line, cash: float = 60001.0) -> tuple[Line, Line, float | None, bool]:
        built = pool(
            linear("BTCUSDT", 1.0, 60000.0, tiers=flat(0.004)),
            cash=cash,
            venue=VenueFigures(lines=(VenueLine(symbol="BTCUSDT", side=Side.LONG, printed=printed),)),
        )
        result = ask(built, self.MARKET)
        (line,) = result.venue_lines
        return position(result, "BTCUSDT").line, line.ours, line.drift_ratio, line.disagree

    def test_our_line_is_never_and_its_distance_is_endless_not_one_hundred_percent(self) -> None:
        line, *_ = self.told(NEVER)
        assert line.state is State.NEVER
        assert line.price is None
        assert line.distance_ratio == float("inf")

    def test_a_venue_that_also_says_none_agrees(self) -> None:
        _, ours, drift, disagree = self.told(NEVER)
        assert ours.state is State.NEVER
        assert drift is None
        assert not disagree

    def test_a_venue_that_prints_a_price_disagrees(self) -> None:
        *_, disagree = self.told(Line.at(100.0, 0.998))
        assert disagree

    def test_a_venue_that_says_none_while_we_have_a_price_disagrees(self) -> None:
        line, _, drift, disagree = self.told(NEVER, cash=10000.0)
        assert line.state is State.AT
        assert drift is None
        assert disagree

    def test_a_field_that_was_absent_says_nothing(self) -> None:
        _, _, drift, disagree = self.told(Line.unknown("not in the venue's answer"), cash=10000.0)
        assert drift is None
        assert not disagree


def test_complaint_6_equity_at_the_mark_goes_with_the_mark_not_with_the_entry() -> None:
    """375 + 1.5 (P - 2500) = 1.5 P / 50 at 2295.92; with the entry 2166.67 in place of the mark it would be 1955.78."""
    built = pool(linear("ETHUSDC", 1.5, 2500.0, tiers=flat(1 / 50)), cash=375.0, numeraire="USDC")
    assert to_the_last_digit(position(ask(built, Market({"ETHUSDC": 2500.0})), "ETHUSDC").down.price, "2295.92")
