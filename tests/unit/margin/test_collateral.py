"""What each asset counts for: amounts and profits after haircuts, debts, caps."""

from __future__ import annotations

import math

import pytest

from monitor.margin.collateral import Counted, counted, worth
from monitor.margin.pool import Curve, Holding, Step, counted_at
from tests.unit.margin.build import ask, leg, pool, prices

#: The first 10 count whole, the next 10 nine tenths, and the rest half.
FALLING = Curve((Step(0.0, 1.0), Step(10.0, 0.9), Step(20.0, 0.5)))


class TestCurves:
    @pytest.mark.parametrize(
        ("amount", "value", "rate"),
        [(0.0, 0.0, 1.0), (5.0, 500.0, 1.0), (10.0, 1_000.0, 1.0), (15.0, 1_450.0, 0.9), (30.0, 2_400.0, 0.5)],
    )
    def test_by_amount(self, amount: float, value: float, rate: float) -> None:
        assert worth(FALLING, amount, 100.0) == pytest.approx((value, rate))

    def test_by_value(self) -> None:
        """0.15 at 100 are 15 in the numeraire: 10 whole, and 5 at nine tenths."""
        by_value = Curve(FALLING.steps, by_value=True)
        assert worth(by_value, 0.15, 100.0) == pytest.approx((14.5, 0.9))


class TestCounting:
    def test_cash_alone_counts_whole_with_what_was_won(self) -> None:
        assert counted(pool(cash=20.0), {"USDT": 5.0}, prices()) == (Counted("USDT", 25.0, 25.0, 1.0),)

    def test_no_cash_beside_holdings_is_no_asset(self) -> None:
        found = counted(pool(cash=0.0, holdings=(Holding(asset="BTC", amount=1.0),)), {}, prices())
        assert found == (Counted("BTC", 1.0, 100.0, 1.0),)

    def test_a_holding_of_the_numeraire_has_a_haircut_and_no_price(self) -> None:
        held = Holding(asset="USDT", amount=50.0, collateral=counted_at(0.9))
        found = counted(pool(cash=10.0, holdings=(held,)), {"USDT": 10.0}, prices())
        assert found == (Counted("USDT", 10.0, 10.0, 1.0), Counted("USDT", 60.0, 54.0, 0.9))

    def test_what_is_negative_counts_at_its_own_rate(self) -> None:
        held = Holding(asset="BTC", amount=1.0, negative_rate=1.1)
        (found,) = counted(pool(cash=0.0, holdings=(held,)), {"BTC": -3.0}, prices())
        assert (found.net, found.rate) == (-2.0, 1.1)
        assert found.value == pytest.approx(-220.0)

    @pytest.mark.parametrize("missing", [{"BTC": math.nan}, {"ETH": 1.0}], ids=["a profit", "a price"])
    def test_what_is_missing_makes_it_unknown(self, missing: dict[str, float]) -> None:
        held = Holding(asset="BTC" if "BTC" in missing else "XYZ", amount=1.0)
        (found,) = counted(pool(cash=0.0, holdings=(held,)), missing, prices())
        assert math.isnan(found.value)

    def test_prices_are_in_the_pools_numeraire(self) -> None:
        (found,) = counted(pool(numeraire="BTC", cash=0.0, holdings=(Holding(asset="ETH", amount=5.0),)), {}, prices())
        assert found.value == pytest.approx(0.5)

    @pytest.mark.parametrize(("cap", "values"), [(90.0, [60.0, 30.0]), (900.0, [200.0, 100.0])])
    def test_a_cap_is_shared_by_value(self, cap: float, values: list[float]) -> None:
        held = tuple(Holding(asset=name, amount=n, cap_group="alts") for name, n in (("BTC", 2.0), ("ETH", 10.0)))
        capped = pool(cash=5.0, holdings=held, caps=(("alts", cap),))
        assert [one.value for one in counted(capped, {}, prices())] == pytest.approx([5.0, *values])
        assert ask(capped).equity == pytest.approx(5.0 + sum(values)), "as the kernel counts it"

    def test_values_are_the_equity_of_the_kernel(self) -> None:
        held = (
            Holding(asset="USDT", amount=40.0, collateral=counted_at(0.9), negative_rate=1.2),
            Holding(asset="ETH", amount=15.0, collateral=FALLING),
        )
        book = pool(leg(2.0, entry=125.0), cash=7.0, holdings=held)
        parts = counted(book, {"USDT": 2.0 * (100.0 - 125.0)}, prices())
        assert sum(part.value for part in parts) == pytest.approx(ask(book).equity)
