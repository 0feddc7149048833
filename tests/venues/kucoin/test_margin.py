"""A classic futures account as pools: what backs what, what is asked for, and what the venue prints beside it."""

from __future__ import annotations

import pytest

from monitor.domain.lines import State
from monitor.domain.names import Side
from monitor.margin.pool import LIQUIDATION
from monitor.margin.results import PoolResult
from monitor.venues.kucoin import endpoints
from tests.venues.kucoin.support import Row, Told, answer, classic, contract, order, overview, position, told

XBT = contract("XBTUSDTM", 0.001)
ETH = contract("ETHUSDTM", 0.01, m=4110.0, mmrLevConstant=100.0)
INVERSE = contract("XBTUSDM", -1)


def curve(size_base: float, m: float = 300.0, constant: float = 125.0) -> float:
    return (1.0 + size_base / m) / (2.0 * constant)


def isolated(lots: int, entry: float, margin: float, mark: float | None = None, **more: object) -> Row:
    return position(
        "XBTUSDTM",
        lots,
        entry,
        entry if mark is None else mark,
        marginMode="ISOLATED",
        **{"posMargin": margin, "maintMarginReq": 0.005, **more},
    )


def alone(row: Row, listed: Row = XBT) -> Told:
    return told(classic([row], [overview("USDT", 1000.0)], [listed]))


def line(result: PoolResult, symbol: str = "XBTUSDTM") -> float:
    one = next(one for one in result.positions if one.symbol == symbol)
    assert one.line.price is not None
    return one.line.price


# Isolated positions


def test_the_rate_is_that_of_the_users_level_and_not_that_of_the_value() -> None:
    """67 USD on the second level: 0.5 % and not the 0.4 % of its value; LP = (Q E - M) / (Q (1 - 0.0056))."""
    result = alone(isolated(1, 67430.9, 22.4769666644)).result("isolated:XBTUSDTM:long")
    assert line(result) == pytest.approx((67.4309 - 22.4769666644) / (0.001 * (1 - 0.0056)), rel=1e-12)


def test_a_changed_risk_level_moves_the_line() -> None:
    first, second = (
        line(alone(isolated(1, 67430.9, 22.0, maintMarginReq=rate)).result("isolated:XBTUSDTM:long"))
        for rate in (0.005, 0.007)
    )
    assert second / first == pytest.approx((1 - 0.0056) / (1 - 0.0076), rel=1e-12)


def test_an_isolated_inverse_position_loses_faster_than_its_price_falls() -> None:
    """V (1 + r) / (V/E + M) with 28 000 dollars at 28 000 and 0.02 BTC; a short the other way round."""
    long = position(
        "XBTUSDM",
        28000,
        28000.0,
        28000.0,
        marginMode="ISOLATED",
        posMargin=0.02,
        maintMarginReq=0.005,
        settleCurrency="XBT",
    )
    short = {**long, "currentQty": -28000}
    for row, expected in ((long, 28000 * 1.0056 / 1.02), (short, 28000 * 0.9944 / 0.98)):
        side = "long" if row["currentQty"] > 0 else "short"
        result = told(classic([row], [overview("XBT", 0.02)], [INVERSE])).result(f"isolated:XBTUSDM:{side}")
        assert line(result, "XBTUSDM") == pytest.approx(expected, rel=1e-12)


def printed_with(fee: float, margin: float = 22.0) -> float:
    return (67.4309 - margin) / (0.001 * (1 - 0.005 - fee))


def test_the_liquidation_fee_is_read_off_the_venues_own_price() -> None:
    printed = printed_with(0.0008)
    found = alone(isolated(1, 67430.9, 22.0, liquidationPrice=printed))
    (leg,) = found.pool("isolated:XBTUSDTM:long").legs
    assert leg.fee_rate == pytest.approx(0.0008, rel=1e-9)
    assert line(found.result("isolated:XBTUSDTM:long")) == pytest.approx(printed, rel=1e-12)


@pytest.mark.parametrize("fee", [-0.001, 0.0025, 0.1])
def test_a_fee_that_is_none_is_not_read_off_but_shown_as_drift(fee: float) -> None:
    found = alone(isolated(1, 67430.9, 22.0, liquidationPrice=printed_with(fee)))
    (leg,) = found.pool("isolated:XBTUSDTM:long").legs
    assert leg.fee_rate == 0.0006
    assert "which is no such fee" in found.pool("isolated:XBTUSDTM:long").reasons[0]
    assert abs(found.compared("isolated:XBTUSDTM:long").drift["line"]) > 1e-3


def test_a_price_rounded_to_a_coarse_tick_tells_no_fee() -> None:
    coarse = contract("XBTUSDTM", 0.001, tickSize=5.0)
    found = alone(isolated(1, 67430.9, 22.0, liquidationPrice=printed_with(0.0008)), coarse)
    (leg,) = found.pool("isolated:XBTUSDTM:long").legs
    assert leg.fee_rate == 0.0006


def test_the_fee_can_be_set_and_the_venues_price_be_left_aside() -> None:
    found = alone(isolated(1, 67430.9, 22.0, liquidationPrice=printed_with(0.0008)))
    (leg,) = found.having(calibrate_liquidation_fee=0.0, liquidation_fee=0.0007).pool("isolated:XBTUSDTM:long").legs
    assert leg.fee_rate == 0.0007


def test_the_highest_price_of_the_contract_is_the_venues_word_for_no_price() -> None:
    """A recorded short of one times: 1 000 000 where a price would stand."""
    row = position(
        "XBTUSDM", -20, 7508.22, 7947.83, marginMode="ISOLATED", posMargin=0.00266779, posMaint=1.724e-05,
        maintMarginReq=0.005, liquidationPrice=1000000.0, settleCurrency="XBT",
    )  # fmt: skip
    found = told(classic([row], [overview("XBT", 1.0)], [INVERSE])).having(isolated_rule_2025=0.0)
    (declared,) = found.pool("isolated:XBTUSDM:short").venue.lines
    assert declared.printed.state is State.NEVER
    assert found.compared("isolated:XBTUSDM:short").disagreements == ()


def test_auto_deposit_names_the_cross_pool_behind_the_position() -> None:
    for adds, name in ((True, "cross:USDT"), (False, None)):
        behind = alone(isolated(1, 67430.9, 22.0, autoDeposit=adds)).pool("isolated:XBTUSDTM:long").backstop
        assert (None if behind is None else behind.pool) == name


def test_without_a_rate_of_its_own_a_position_takes_that_of_its_value_and_says_so() -> None:
    levels = [
        {"symbol": "XBTUSDTM", "level": 1, "minRiskLimit": 0, "maxRiskLimit": 100, "maintainMargin": 0.004},
        {"symbol": "XBTUSDTM", "level": 2, "minRiskLimit": 100, "maxRiskLimit": 500, "maintainMargin": 0.005},
    ]
    row = isolated(1, 67430.9, 22.0, maintMarginReq=None)
    name = endpoints.file_name(endpoints.RISK_LIMIT, {"symbol": "XBTUSDTM"})
    files = classic([row], [overview("USDT", 1000.0)], [XBT], more={name: answer(levels)})
    found = told(files)
    result = found.result("isolated:XBTUSDTM:long")
    assert result.maintenance_margin == pytest.approx(67.4309 * 0.0046, rel=1e-12)
    assert "the user's own may ask for more" in found.pool("isolated:XBTUSDTM:long").reasons[0]
    del files[name]
    assert "no maintenance rate" in told(files).pool("isolated:XBTUSDTM:long").unknown[0]


def test_a_margin_that_is_not_in_the_answer_is_no_margin_of_zero() -> None:
    found = alone(isolated(1, 67430.9, 22.0, posMargin=""))
    assert found.pool("isolated:XBTUSDTM:long").unknown == ("no margin of XBTUSDTM long in the venue's answer",)


# Cross margin


def cross(
    *rows: Row,
    wallet: float = 5000.0,
    orders: tuple[Row, ...] = (),
    contracts: tuple[Row, ...] = (XBT, ETH),
    **more: object,
) -> Told:
    return told(classic(rows, [overview("USDT", wallet, **more)], contracts, orders))


def test_the_wallet_behind_cross_positions_is_what_isolated_ones_and_frozen_funds_leave() -> None:
    found = cross(
        position("XBTUSDTM", 100, 62000.0, 62000.0),
        position("ETHUSDTM", 10, 3000.0, 3000.0, marginMode="ISOLATED", posMargin=36.8, maintMarginReq=0.005),
        frozenFunds=20.0,
    )
    assert found.pool("cross:USDT").cash == pytest.approx(5000.0 - 36.8 - 20.0)


def test_the_margin_of_isolated_orders_is_taken_off_and_that_of_cross_orders_is_not() -> None:
    apart = order("ETHUSDTM", "buy", 10, 3000.0, marginMode="ISOLATED")  # 30 USDT of margin at ten times
    shared = order("XBTUSDTM", "buy", 10, 60000.0)  # 60, likewise
    for orders, left in (((apart,), 5000.0 - 90.0), ((shared,), 5000.0), ((apart, shared), 5000.0 - 30.0)):
        found = cross(position("XBTUSDTM", 1, 62000.0, 62000.0), orders=orders, orderMargin=90.0)
        assert found.pool("cross:USDT").cash == pytest.approx(left)


def test_risk_rate_is_maintenance_and_closing_fees_over_margin_with_profit() -> None:
    found = cross(
        position(
            "XBTUSDTM", 12102, 60000.0, 61000.0, markValue=738222.0, unrealisedPnl=12102.0,
            posMaint=738222.0 * curve(12.102), maintMarginReq=curve(12.102), leverage=20, posMargin=36911.1,
        ),
        wallet=50000.0,
        riskRatio=738222.0 * (curve(12.102) + 0.0006) / 62102.0,
    )  # fmt: skip
    result = found.result("cross:USDT")
    assert result.equity == pytest.approx(62102.0)
    assert result.maintenance_margin == pytest.approx(738222.0 * (0.00416136 + 0.0006), rel=1e-9)
    assert result.initial_margin == pytest.approx(36911.1)
    compared = found.compared("cross:USDT")
    assert compared.disagreements == ()
    assert all(abs(drift) < 1e-12 for drift in compared.drift.values())
    assert compared.drift.keys() >= {"equity", "maintenance_margin", "ratio"}


def test_orders_count_as_if_filled_until_they_are_cancelled_at_95_percent() -> None:
    """The documented account, with curves: 0.1 BTC held, 10 ETH offered; fees of opening taken from the margin."""
    found = cross(position("XBTUSDTM", 100, 62000.0, 62000.0), orders=(order("ETHUSDTM", "sell", 1000, 3000.0),))
    result = found.result("cross:USDT", ETHUSDTM=3000.0)
    held, offered = 6200 * (curve(0.1) + 0.0006), 30000 * (curve(10.0, 4110.0, 100.0) + 0.0006)
    with_orders = result.stages["orders-cancelled"].value
    assert with_orders is not None
    assert with_orders * 0.95 == pytest.approx((held + offered) / (5000 - 18), rel=1e-9)
    assert result.stages[LIQUIDATION].value == pytest.approx(held / 5000, rel=1e-9)
    assert found.pool("cross:USDT").venue.ratio_stage == "orders-cancelled"


def test_an_order_that_adds_to_a_position_is_asked_for_at_the_rate_of_the_whole_size() -> None:
    found = cross(
        position("XBTUSDTM", 100000, 60000.0, 60000.0), wallet=1e6, orders=(order("XBTUSDTM", "buy", 50000, 60000.0),)
    )
    value = found.result("cross:USDT").stages["orders-cancelled"].value
    assert value is not None
    whole = 9e6 * (curve(150.0) + 0.0006)
    assert value * 0.95 == pytest.approx(whole / (1e6 - 3e6 * 0.0006), rel=1e-9)


@pytest.mark.parametrize(
    ("resting", "opens"),
    [
        (order("XBTUSDTM", "sell", 100, 63000.0), 0.0),
        (order("XBTUSDTM", "sell", 150, 63000.0), -0.05),
        (order("XBTUSDTM", "sell", 150, 63000.0, reduceOnly=True), 0.0),
        (order("XBTUSDTM", "sell", 150, 63000.0, closeOrder=True), 0.0),
        (order("XBTUSDTM", "sell", 150, 63000.0, marginMode="ISOLATED"), 0.0),
        (order("XBTUSDTM", "sell", 150, 63000.0, stop="up", stopTriggered=False), 0.0),
        (order("XBTUSDTM", "sell", 150, 63000.0, filledSize=30), -0.02),
        (order("XBTUSDTM", "buy", 150, 61000.0), 0.15),
    ],
    ids=[
        "closes all",
        "closes and opens",
        "reduces only",
        "closes by word",
        "isolated",
        "waits",
        "part filled",
        "adds",
    ],
)
def test_what_an_order_would_open(resting: Row, opens: float) -> None:
    pool = cross(position("XBTUSDTM", 100, 62000.0, 62000.0), orders=(resting,)).pool("cross:USDT")
    assert sum(leg.quantity for leg in pool.legs if leg.order) == pytest.approx(opens)


def test_orders_alone_are_in_no_danger_and_the_venues_ratio_of_them_is_not_compared() -> None:
    found = cross(orders=(order("XBTUSDTM", "buy", 100, 60000.0),), riskRatio=0.01)
    assert found.compared("cross:USDT").disagreements == ()
    assert found.result("cross:USDT", XBTUSDTM=61000.0).ratio.value == 0.0


def test_the_nearest_order_closes_before_the_others() -> None:
    resting = (order("XBTUSDTM", "sell", 80, 64000.0), order("XBTUSDTM", "sell", 80, 63000.0))
    pool = cross(position("XBTUSDTM", 100, 62000.0, 62000.0), orders=resting).pool("cross:USDT")
    assert [(leg.entry, round(leg.quantity, 9)) for leg in pool.legs if leg.order] == [(64000.0, -0.06)]


def test_for_a_single_position_the_venues_reference_price_is_the_line() -> None:
    rate = curve(0.1) + 0.0006
    printed = 62000 * (1 - 1000 / 6200) / (1 - rate)
    found = cross(position("XBTUSDTM", 100, 62000.0, 62000.0, liquidationPrice=printed), wallet=1000.0)
    assert found.compared("cross:USDT").drift["line"] == pytest.approx(0.0, abs=1e-12)


def test_among_several_longs_fall_and_shorts_rise_in_the_venues_prices() -> None:
    """5000 USDT, 0.1 BTC long and 10 ETH short: AMR = 5000 / 36 200; ours is near it and both are shown."""
    amr = 5000 / 36200
    long_rate, short_rate = curve(0.1) + 0.0006, curve(10.0, 4110.0, 100.0) + 0.0006
    rows = [
        position("XBTUSDTM", 100, 62000.0, 62000.0, liquidationPrice=62000 * (1 - amr) / (1 - long_rate)),
        position("ETHUSDTM", -1000, 3000.0, 3000.0, liquidationPrice=3000 * (1 + amr) / (1 + short_rate)),
    ]
    rows = [
        {**row, "markValue": value, "unrealisedPnl": 0} for row, value in zip(rows, (6200.0, -30000.0), strict=True)
    ]
    found = cross(*rows)
    moves = {one.symbol: dict(one.moves) for one in found.pool("cross:USDT").venue.lines}
    assert moves["XBTUSDTM"] == {"XBTUSDTM": 1.0, "ETHUSDTM": -1.0}
    assert moves["ETHUSDTM"] == {"XBTUSDTM": -1.0, "ETHUSDTM": 1.0}
    compared = found.compared("cross:USDT")
    assert compared.disagreements == ()
    assert 0 < max(abs(drift) for drift in compared.lines.values()) < 0.01
    # The true line of BTC alone is far from the printed one: what would have to happen is another thing.
    assert line(found.result("cross:USDT")) < 20000
    # With so much behind them longs would fall below zero before anything is liquidated.
    assert cross(*rows, wallet=40_000.0).pool("cross:USDT").venue.lines == ()


def test_an_inverse_cross_account_has_values_below_zero_and_no_other_side() -> None:
    """The sign trap: a long's markValue is negative. 1000 dollars long with 0.02 BTC: V (1 + r) / (V/E + W)."""
    row = position(
        "XBTUSDM", 1000, 50000.0, 50000.0, settleCurrency="XBT", markValue=-0.02, posCost=-0.02, posMaint=0.0001,
        unrealisedPnl=0, maintMarginReq=0.005, liquidationPrice=1000 * 1.0056 / 0.04, riskRatio=1,
    )  # fmt: skip
    found = told(classic([row], [overview("XBT", 0.02, riskRatio=0.02 * 0.0056 / 0.02)], [INVERSE]))
    (position_row,) = found.account.positions.values()
    assert position_row.side is Side.LONG
    result = found.result("cross:BTC", XBTUSDM=50000.0)
    assert line(result, "XBTUSDM") == pytest.approx(1000 * 1.0056 / 0.04, rel=1e-12)
    compared = found.compared("cross:BTC")
    assert compared.disagreements == ()
    assert compared.drift["maintenance_margin"] == pytest.approx(0.0, abs=1e-12)


def test_the_curve_of_an_inverse_contract_is_looked_up_by_coins_and_that_is_said() -> None:
    """150 000 dollars at 50 000 are 3 BTC. An order for as much more would be asked for at the rate of 6."""
    row = position("XBTUSDM", 150_000, 50000.0, 50000.0, settleCurrency="XBT")
    resting = order("XBTUSDM", "buy", 150_000, 50000.0, settleCurrency="XBT")
    found = told(classic([row], [overview("XBT", 2.0)], [INVERSE], [resting]))
    assert found.pool("cross:BTC").reasons == (
        "what the maintenance rate of XBTUSDM grows with is not known: its curve is taken by value in coins",
    )
    result = found.result("cross:BTC")
    assert result.maintenance_margin == pytest.approx(3.0 * (curve(3.0) + 0.0006))
    value = result.stages["orders-cancelled"].value
    assert value is not None
    both = 3.0 * (curve(3.0) + 0.0006) + 3.0 * (curve(6.0) + 0.0006)
    assert value * 0.95 == pytest.approx(both / (2.0 - 3.0 * 0.0006))


def test_an_inverse_position_whose_rate_nothing_tells_is_unknown() -> None:
    row = position("XBTUSDM", 1000, 50000.0, 50000.0, settleCurrency="XBT")
    found = told(classic([row], [overview("XBT", 0.02)], [{**INVERSE, "m": None}]))
    assert "no maintenance rate of XBTUSDM" in found.pool("cross:BTC").unknown[0]


def test_each_currency_backs_its_own_contracts_and_no_others() -> None:
    rows = [
        position("XBTUSDTM", 100, 62000.0, 62000.0),
        position("XBTUSDCM", 100, 62000.0, 62000.0, settleCurrency="USDC"),
    ]
    listed = [XBT, contract("XBTUSDCM", 0.001)]
    found = told(classic(rows, [overview("USDT", 5000.0), overview("USDC", 700.0), overview("XBT", 1.0)], listed))
    pools = {pool.key.pool: (pool.cash, [leg.symbol for leg in pool.legs]) for pool in found.description.pools}
    assert pools == {
        "cross:BTC": (1.0, []),
        "cross:USDC": (700.0, ["XBTUSDCM"]),
        "cross:USDT": (5000.0, ["XBTUSDTM"]),
    }


def test_a_rate_of_the_venue_that_is_not_the_curves_is_used_and_said() -> None:
    found = cross(position("XBTUSDTM", 100, 62000.0, 62000.0, maintMarginReq=0.006))
    pool = found.pool("cross:USDT")
    assert "the venue's is used" in pool.reasons[0]
    assert found.result("cross:USDT").maintenance_margin == pytest.approx(6200 * 0.0066)


def test_the_rate_grows_no_further_than_its_limit_unless_told_so() -> None:
    tight = contract("XBTUSDTM", 0.001, mmrLimit=0.0045)
    found = cross(position("XBTUSDTM", 120_000, 60000.0, 60000.0), wallet=1e6, contracts=(tight,))
    assert curve(120.0) == pytest.approx(0.0056)
    assert found.result("cross:USDT").maintenance_margin == pytest.approx(7.2e6 * 0.0051)
    free = found.having(mmr_capped=0.0)
    assert free.result("cross:USDT").maintenance_margin == pytest.approx(7.2e6 * 0.0062)


# Modes


def test_both_sides_of_a_hedge_are_two_legs_with_rates_of_their_own() -> None:
    rows = [
        position("XBTUSDTM", 300, 60000.0, 60000.0, positionSide="LONG", markValue=18000.0, posMaint=18000 * 0.005),
        position("XBTUSDTM", -100, 60000.0, 60000.0, positionSide="SHORT", markValue=-6000.0, posMaint=0.0),
    ]
    found = told(classic(rows, [overview("USDT", 5000.0)], [XBT], hedge=True))
    pool = found.pool("cross:USDT")
    assert [(leg.side, leg.quantity) for leg in pool.legs] == [(Side.LONG, 0.3), (Side.SHORT, -0.1)]
    assert any("held long and short" in why for why in pool.reasons)
    assert pool.venue.lines == ()


def test_a_mode_that_contradicts_the_positions_computes_nothing() -> None:
    row = position("XBTUSDTM", 300, 60000.0, 60000.0, positionSide="LONG")
    description = told(classic([row], [overview("USDT", 5000.0)], [XBT])).description
    assert description.unknown == ("the account says one-way mode, but XBTUSDTM is held in hedge mode",)
    assert description.pools == ()


def test_a_margin_mode_that_two_fields_tell_differently_is_unknown() -> None:
    row = position("XBTUSDTM", 100, 60000.0, 60000.0, crossMode=False)
    assert "cannot tell whether" in cross(row).pool("cross:USDT").unknown[0]


def test_without_contract_data_nobody_knows_what_a_lot_is() -> None:
    found = cross(position("XBTUSDTM", 100, 60000.0, 60000.0, maintMarginReq=0.005), contracts=())
    assert "what one lot of it stands for is unknown" in found.pool("cross:USDT").unknown[0]
