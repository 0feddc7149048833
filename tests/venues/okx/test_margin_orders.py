"""What resting orders count for in the ratio that OKX shows: fees, tiers, what is held back, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.domain.accounts import MarginMode, Order
from monitor.margin.results import PoolResult
from monitor.venues.okx.margin_terms import ORDERS_GONE
from tests.venues.okx.support import balance, coin, order, swap
from tests.venues.okx.test_margin import CALL, futures_mode, option_account

HELD = swap("BTC-USDT-SWAP", "10", "60000", "61000")


def shown(result: PoolResult) -> float:
    """Equity over requirement with orders in it, as the venue shows it."""
    value = result.stages[ORDERS_GONE].value
    assert value is not None
    return 1.0 / value


def test_an_order_to_buy_an_option_holds_its_premium_back_and_keeps_the_account_readable() -> None:
    found = option_account(CALL, "-5", "0.05", level="2", money=coin("BTC", "2", eq="1.975", upl="0.005"))
    other = CALL.replace("60000", "70000")
    bought = Order(id="1", symbol=CALL, quantity=10.0, price=0.04, margin_mode=MarginMode.CROSS)
    sold = replace(bought, id="2", symbol=other, quantity=-10.0)
    listed = {
        CALL: found.tables.instruments[CALL],
        other: replace(found.tables.instruments[CALL], symbol=other, strike=70000.0),
    }
    found.tables = replace(found.tables, instruments=listed)
    alone = found.results()["cross:BTC"]
    found.account = replace(found.account, orders={"1": bought})
    # Five of ten close what is sold: the other five cost 0.5 BTC x 0.04.
    result = found.results()["cross:BTC"]
    assert shown(result) == pytest.approx((1.975 - 0.02) / (alone.maintenance_margin or 0.0))
    found.account = replace(found.account, orders={"2": sold})
    pool = found.pool("cross:BTC")
    assert "resting orders to sell options count in the margin factor alone" in pool.reasons
    assert (found.results()["cross:BTC"].maintenance_margin or 0.0) > (alone.maintenance_margin or 0.0)


def test_an_order_without_a_price_is_no_loss_of_its_whole_value() -> None:
    for side in ("buy", "sell"):
        found = futures_mode(HELD, orders=(order("BTC-USDT-SWAP", side, "30", ""),), money=None)
        opened = 0.3 if side == "buy" else 0.2  # ten of the sale close
        expected = 10100.0 / ((0.1 + opened) * 61000 * 0.0045)
        assert shown(found.results()["cross:USDT"]) == pytest.approx(expected)
        assert found.pool("cross:USDT").reasons == (
            "a resting order of BTC-USDT-SWAP has no price: its fee is not counted",
        )


@pytest.mark.parametrize(("side", "price"), [("buy", "61500"), ("sell", "60500")])
def test_an_order_beyond_the_mark_costs_its_fee_and_no_loss(side: str, price: str) -> None:
    coins = balance(coin("USDT", "10000"), coin("BTC", "1"))
    linear = futures_mode(order_of("BTC-USDT-SWAP"), orders=(order("BTC-USDT-SWAP", side, "30", price),), money=coins)
    opened = 0.3 if side == "buy" else 0.2
    fee = opened * float(price) * 0.0005
    needed = (0.1 + opened) * 61000 * 0.0045
    assert shown(linear.results()["cross:USDT"]) == pytest.approx((10100.0 - fee) / needed)
    inverse = futures_mode(order_of("BTC-USD-SWAP"), orders=(order("BTC-USD-SWAP", side, "30", price),), money=coins)
    dollars = 3000.0 if side == "buy" else 2000.0
    profit = 1000 / 60000 - 1000 / 61000
    needed = (1000 + dollars) / 61000 * 0.0045
    assert shown(inverse.results()["cross:BTC"]) == pytest.approx(
        (1 + profit - dollars / float(price) * 0.0005) / needed
    )


def order_of(inst: str) -> dict[str, object]:
    return swap(inst, "10", "60000", "61000")


def test_what_is_held_back_needs_no_price_of_its_own() -> None:
    # A pair without margin trading has no mark; neither has a contract that is only offered for, at first.
    spot = order("BTC-USDT", "buy", "0.1", "50000", tdMode="cash")
    alone = order("ETH-USDT-SWAP", "sell", "30", "4000", tdMode="isolated", lever="10")
    needed = 0.1 * 61000 * 0.0045
    result = futures_mode(HELD, orders=(spot,)).results()["cross:USDT"]
    assert shown(result) == pytest.approx((10100.0 - 5000.0) / needed)
    result = futures_mode(HELD, orders=(alone,)).results()["cross:USDT"]
    assert shown(result) == pytest.approx((10100.0 - 3.0 * 4000 * (0.1 + 0.0005)) / needed)


def test_orders_of_spot_margin_are_named_as_not_counted() -> None:
    for mode in ("cross", "isolated"):
        pool = futures_mode(HELD, orders=(order("BTC-USDT", "buy", "1", "50000", tdMode=mode),)).pool("cross:USDT")
        assert pool.reasons == ("resting orders of spot margin are not counted",)


def test_an_order_closes_a_position_of_its_own_margin_mode_only() -> None:
    apart = swap("BTC-USDT-SWAP", "10", "60000", "61000", mgnMode="isolated", margin="700")
    eth = swap("ETH-USDT-SWAP", "10", "3000", "3000")
    crossing = order("BTC-USDT-SWAP", "sell", "10", "62000")
    legs = futures_mode(apart, eth, orders=(crossing,)).pool("cross:USDT").legs
    assert [leg.contracts for leg in legs if leg.order] == [10.0]
    closing = order("BTC-USDT-SWAP", "sell", "10", "62000", tdMode="isolated")
    assert [leg for leg in futures_mode(apart, eth, orders=(closing,)).pool("cross:USDT").legs if leg.order] == []
    more = order("BTC-USDT-SWAP", "sell", "15", "62000", tdMode="isolated")
    (held_back,) = [leg for leg in futures_mode(apart, eth, orders=(more,)).pool("cross:USDT").legs if leg.order]
    assert held_back.opening_fee == pytest.approx(0.05 * 62000 * (0.1 + 0.0005))
