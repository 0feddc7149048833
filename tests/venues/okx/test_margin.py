"""What backs what at OKX, level by level: pools, what counts in them, and what is said where something is not known."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import Any

import pytest

from monitor.domain.lines import State
from monitor.domain.tiers import Tier, TierBy, TierTable, flat
from monitor.margin.pool import LIQUIDATION
from monitor.venues.okx import endpoints
from monitor.venues.okx.margin import describe
from monitor.venues.okx.margin_terms import ORDERS_GONE, WARNING, rate_at
from monitor.venues.okx.scenario import crossings
from tests.venues.okx.support import (
    STAMP,
    Row,
    Told,
    answer,
    balance,
    coin,
    config,
    contract,
    folder_of,
    named,
    order,
    pair,
    swap,
    tier,
    tiers_file,
    told,
)

LISTED = [
    contract("BTC-USDT-SWAP", "0.01"),
    contract("ETH-USDT-SWAP", "0.1", tick="0.01"),
    contract("BTC-USDT-260925", "0.01", expTime="1790294400000"),
    contract("BTC-USDT-261225", "0.01", expTime="1798156800000"),
    contract("BTC-USD-SWAP", "100"),
    pair("BTC-USDT"),
]
LOW = [tier("0", "1000", "0.004"), tier("1001", "10000", "0.005")]


def table(kind: str, mode: str, family: str, rows: list[Row] | None = None) -> tuple[str, list[Row]]:
    return tiers_file(kind, mode, family), [{**one, "instFamily": family} for one in rows or LOW]


TIERS = dict(
    [
        table("SWAP", "cross", "BTC-USDT"),
        table("SWAP", "isolated", "BTC-USDT", [tier("0", "100", "0.01")]),
        table("SWAP", "cross", "ETH-USDT"),
        table("FUTURES", "cross", "BTC-USDT"),
        table("SWAP", "cross", "BTC-USD"),
    ]
)


def futures_mode(*positions: Row, money: bytes | None = None, orders: tuple[Row, ...] = (), **setup: Any) -> Told:
    cash = balance(coin("USDT", "10000")) if money is None else money
    return told(
        folder_of(
            setup=config("2", **setup), money=cash, positions=positions, orders=orders, listed=LISTED, tiers=TIERS
        )
    )


def names(found: Told) -> list[str]:
    return [pool.key.pool for pool in found.description.pools]


# Levels


def test_an_account_level_that_nobody_knows_is_refused() -> None:
    for level in ("5", "", None):
        found = told(folder_of(setup=config("2", acctLv=level), money=balance(coin("USDT", "1"))))
        assert found.description.pools == ()
        assert found.description.unknown == ("cannot tell the account level",)


def test_an_unreadable_position_mode_is_refused_and_so_is_one_that_the_positions_contradict() -> None:
    assert futures_mode(posMode="").description.unknown == ("cannot tell net mode from long/short mode",)
    held = swap("BTC-USDT-SWAP", "1", "60000", "61000", posSide="long")
    assert futures_mode(held).description.unknown == (
        "the account says net mode, but BTC-USDT-SWAP is held in long/short mode",
    )
    assert futures_mode(held, posMode="long_short_mode").description.unknown == ()


def test_spot_mode_is_no_pool_and_with_a_loan_one() -> None:
    def spot(**row: object) -> Told:
        loans = named(endpoints.POSITION_TIERS, instType="MARGIN", tdMode="cross", ccy="USDT")
        return told(
            folder_of(
                setup=config("1", enableSpotBorrow=True),
                money=balance(
                    coin("BTC", "1", eq="1", upl="0", coinUsdPrice="60000"),
                    coin("USDT", "0", coinUsdPrice="1", **{"upl": "0", **row}),
                ),
                more={DISCOUNTS: RATES, loans: answer(tier("0", "1000000", "0.03"))},
            )
        )

    assert names(spot(eq="0")) == []
    # A profit does not apply in spot mode: its field may be empty, and the debt stands in the equity all the same.
    for owing in (spot(eq="-20000", liab="20000"), spot(eq="-20000", liab="20000", upl="")):
        assert names(owing) == ["spot"]
        result = owing.results()["spot"]
        assert result.equity == pytest.approx(60000 * 0.98 - 20000)
        assert result.maintenance_margin == pytest.approx(20000 * (0.03 + 1.03 * 0.001))
        assert result.coins["BTC"].down.price is not None


# Futures mode


def test_each_settlement_asset_has_its_own_pool_and_no_other_coin_backs_it() -> None:
    money = balance(coin("USDT", "1000"), coin("BTC", "3"), coin("ETH", "0"))
    found = futures_mode(swap("BTC-USDT-SWAP", "10", "60000", "61000", ccy="USDT"), money=money)
    assert names(found) == ["cross:BTC", "cross:USDT"]
    assert found.pool("cross:USDT").cash == 1000.0
    assert found.pool("cross:BTC").legs == ()
    assert found.results()["cross:BTC"].ratio.value == 0.0


def test_a_linear_leg_is_in_coins_and_an_inverse_one_in_dollars() -> None:
    money = balance(coin("USDT", "1000"), coin("BTC", "3"))
    found = futures_mode(
        swap("BTC-USDT-SWAP", "-10", "60000", "61000"), swap("BTC-USD-SWAP", "7", "60000", "61000"), money=money
    )
    (linear,), (inverse,) = found.pool("cross:USDT").legs, found.pool("cross:BTC").legs
    assert (linear.quantity, linear.contracts, linear.settle) == (-0.1, 10.0, "USDT")
    assert (inverse.quantity, inverse.contracts, inverse.settle) == (700.0, 7.0, "BTC")


def test_a_family_is_looked_up_together_over_expiries_and_sides_and_swaps_apart_from_futures() -> None:
    rows = [
        swap("BTC-USDT-260925", "600", "60000", "60000", posSide="long"),
        swap("BTC-USDT-261225", "600", "60000", "60000", posSide="short"),
        swap("BTC-USDT-SWAP", "900", "60000", "60000", posSide="long"),
    ]
    result = futures_mode(*rows, money=balance(coin("USDT", "10000000")), posMode="long_short_mode").results()[
        "cross:USDT"
    ]
    rates = {one.symbol: (one.maintenance_margin or 0.0) / (one.notional or 1.0) - 0.0005 for one in result.positions}
    assert rates["BTC-USDT-260925"] == rates["BTC-USDT-261225"] == pytest.approx(0.005)
    assert rates["BTC-USDT-SWAP"] == pytest.approx(0.004)


def test_both_sides_of_a_hedge_are_two_legs_that_pay_for_themselves() -> None:
    rows = [swap("BTC-USDT-SWAP", "100", "60000", "60000", posSide=side) for side in ("long", "short")]
    found = futures_mode(*rows, posMode="long_short_mode")
    legs = found.pool("cross:USDT").legs
    assert [(leg.side, leg.quantity) for leg in legs] == [("long", 1.0), ("short", -1.0)]
    result = found.results()["cross:USDT"]
    assert result.maintenance_margin == pytest.approx(2 * 60000 * 0.0045)
    only_long = futures_mode(rows[0], posMode="long_short_mode")
    assert [leg.side for leg in only_long.pool("cross:USDT").legs] == ["long"]


def test_orders_count_in_the_ratio_that_the_venue_shows_and_not_in_the_line() -> None:
    held = swap("BTC-USDT-SWAP", "10", "60000", "61000", liqPx="1")
    plain = futures_mode(held).results()["cross:USDT"]
    resting = futures_mode(held, orders=(order("BTC-USDT-SWAP", "buy", "20", "59000"),))
    result = resting.results()["cross:USDT"]
    assert result.ratio.value == pytest.approx(plain.ratio.value)
    assert result.positions[0].line.price == pytest.approx(plain.positions[0].line.price)
    assert (result.stages[ORDERS_GONE].value or 0.0) > 2.9 * (plain.ratio.value or inf)
    assert resting.pool("cross:USDT").venue.ratio_stage == ORDERS_GONE
    assert futures_mode(held).pool("cross:USDT").venue.ratio_stage == LIQUIDATION


def test_the_venues_warning_comes_at_a_third() -> None:
    result = futures_mode(swap("BTC-USDT-SWAP", "100", "60000", "61000")).results()["cross:USDT"]
    assert result.stages[WARNING].value == pytest.approx(3 * (result.ratio.value or 0.0))


def opened(*orders: Row, held: str = "10") -> list[float]:
    found = futures_mode(swap("BTC-USDT-SWAP", held, "60000", "61000"), orders=orders)
    return [leg.contracts or 0.0 for leg in found.pool("cross:USDT").legs if leg.order]


def test_an_order_that_closes_opens_nothing() -> None:
    assert opened(order("BTC-USDT-SWAP", "sell", "10", "62000")) == []
    assert opened(order("BTC-USDT-SWAP", "sell", "25", "62000")) == [15.0]
    assert opened(order("BTC-USDT-SWAP", "sell", "25", "62000", reduceOnly="true")) == []
    assert opened(order("BTC-USDT-SWAP", "buy", "25", "60000")) == [25.0]


def test_orders_close_in_the_order_in_which_the_price_reaches_them() -> None:
    near, far = order("BTC-USDT-SWAP", "sell", "6", "62000"), order("BTC-USDT-SWAP", "sell", "6", "65000")
    assert opened(far, near) == [2.0]


def test_other_orders_hold_back_what_they_would_pay_with() -> None:
    spot_sale = {**order("BTC-USDT", "sell", "0.5", "65000", tdMode="cash")}
    spot_buy = {**order("BTC-USDT", "buy", "0.1", "50000", tdMode="cash")}
    alone = order("ETH-USDT-SWAP", "buy", "10", "2000", tdMode="isolated", lever="10")
    money = balance(coin("USDT", "10000"), coin("BTC", "1"))
    held = swap("BTC-USDT-SWAP", "10", "60000", "61000"), swap("BTC-USD-SWAP", "7", "60000", "61000")
    found = futures_mode(*held, orders=(spot_sale, spot_buy, alone), money=money)
    kept = {pool.key.pool: sum(leg.opening_fee for leg in pool.legs) for pool in found.description.pools}
    assert kept == {"cross:BTC": 0.5, "cross:USDT": pytest.approx(0.1 * 50000 + 2000 * 0.1 + 2000 * 0.0005)}


def test_cross_spot_margin_in_futures_mode_is_refused_in_words() -> None:
    row = swap("BTC-USDT", "0.5", "60000", "61000", instType="MARGIN", posCcy="BTC", ccy="USDT")
    found = futures_mode(row)
    assert found.pool("cross:USDT").unknown == (
        "BTC-USDT long: how cross spot margin counts in futures mode is not known",
    )


def test_a_fee_that_was_not_read_is_assumed_in_words_and_a_rebate_costs_nothing() -> None:
    held = swap("BTC-USDT-SWAP", "10", "60000", "61000")
    found = futures_mode(held)
    without = replace(found.account, fees={})
    (pool,) = describe(without, found.tables).pools
    assert pool.legs[0].fee_rate == 0.0005
    assert pool.reasons == ("the taker fee of BTC-USDT-SWAP could not be read: 0.05% assumed",)
    (paid,) = describe(replace(found.account, fees={"SWAP:1": -0.0001}), found.tables).pools
    assert paid.legs[0].fee_rate == 0.0
    (flat_field,) = describe(replace(found.account, fees={"SWAP:USDT": 0.0003}), found.tables).pools
    assert flat_field.legs[0].fee_rate == 0.0003


def test_an_instrument_that_is_not_listed_makes_its_pool_unknown() -> None:
    found = futures_mode(swap("NEW-USDT-SWAP", "10", "60000", "61000", ccy="USDT"))
    assert "no contract data for NEW-USDT-SWAP" in found.pool("cross:USDT").unknown


def test_tiers_that_are_not_there_make_the_requirement_unknown_and_not_nothing() -> None:
    files = folder_of(
        setup=config("2"),
        money=balance(coin("USDT", "1000")),
        positions=[swap("BTC-USDT-SWAP", "10", "60000", "61000")],
        listed=LISTED,
    )
    result = told(files).results()["cross:USDT"]
    assert result.ratio.state is State.UNKNOWN
    assert result.positions[0].line.state is State.UNKNOWN


def test_contracts_that_settle_in_several_dollar_coins_settle_in_the_accounts_own() -> None:
    listed = [contract("BTC-USD_UM-SWAP", "0.01", settle="USDⓈ", ctType="linear"), contract("BTC-USD-SWAP", "100")]
    rows = [
        swap("BTC-USD_UM-SWAP", "10", "60000", "61000", ccy="USDC"),
        swap("BTC-USD-SWAP", "1", "60000", "61000", ccy="BTC"),
    ]
    found = told(
        folder_of(
            setup=config("2"),
            money=balance(coin("USDC", "1000"), coin("BTC", "1")),
            positions=rows,
            listed=listed,
            orders=[order("BTC-USD_UM-SWAP", "buy", "5", "50000")],
            tiers=dict([table("SWAP", "cross", "BTC-USD_UM"), table("SWAP", "cross", "BTC-USD")]),
        )
    )
    (btc,) = [one for one in found.account.positions.values() if one.symbol == "BTC-USD-SWAP"]
    alone = replace(found.account, positions={btc.key: btc})
    resting = describe(alone, found.tables).pools[1]
    assert (resting.key.pool, [leg.settle for leg in resting.legs], resting.unknown) == ("cross:USDC", ["USDC"], ())
    assert names(found) == ["cross:BTC", "cross:USDC"]
    assert [(leg.quantity, leg.order) for leg in found.pool("cross:USDC").legs] == [(0.1, False), (0.05, True)]
    assert found.results()["cross:USDC"].positions[0].unrealized_pnl == pytest.approx(100.0)


def test_the_printed_price_of_a_family_moves_it_whole_and_is_compared_with_care() -> None:
    rows = [
        swap("BTC-USDT-260925", "-5", "60000", "61000", liqPx="90000"),
        swap("BTC-USDT-SWAP", "-9", "60000", "61000", liqPx="90000"),
        swap("ETH-USDT-SWAP", "-9", "3000", "3100", liqPx=""),
    ]
    lines = futures_mode(*rows).pool("cross:USDT").venue.lines
    assert [(line.symbol, line.offset, line.orders) for line in lines] == [
        ("BTC-USDT-260925", 0.0, False),
        ("BTC-USDT-SWAP", 0.0, False),
    ]
    assert dict(lines[0].moves) == {"BTC-USDT-260925": 1.0, "BTC-USDT-SWAP": 1.0}
    assert lines[0].tolerance > 1e-3


# Isolated


def test_an_isolated_position_is_a_pool_of_its_own_with_the_isolated_tiers_and_one_tick() -> None:
    row = swap("BTC-USDT-SWAP", "10", "60000", "61000", mgnMode="isolated", margin="700", upl="100", mgnRatio="10")
    found = futures_mode({**row, "liqPx": "54000"})
    pool = found.pool("isolated:BTC-USDT-SWAP:long")
    assert (pool.isolated, pool.cash, pool.legs[0].tiers) == (
        True,
        700.0,
        TierTable(flat(0.01).tiers, TierBy.CONTRACTS, 100.0),
    )
    assert pool.legs[0].tier_group is None
    assert (pool.venue.equity, pool.venue.maintenance_margin, pool.venue.ratio_inverted) == (800.0, 80.0, True)
    assert [line.offset for line in pool.venue.lines] == [0.1]
    assert found.pool("cross:USDT").cash == 10000.0  # its margin is not in the account's cash


def test_an_isolated_position_without_its_margin_is_unknown() -> None:
    found = futures_mode(swap("BTC-USDT-SWAP", "10", "60000", "61000", mgnMode="isolated"))
    assert found.pool("isolated:BTC-USDT-SWAP:long").unknown == ("no margin of BTC-USDT-SWAP long",)


def test_a_position_held_cross_and_isolated_at_once_is_believed_in_neither() -> None:
    row = swap("BTC-USDT-SWAP", "10", "60000", "61000")
    found = futures_mode(row, {**row, "mgnMode": "isolated", "margin": "700"})
    assert found.pool("cross:USDT").unknown == ("cannot tell whether BTC-USDT-SWAP long is cross or isolated",)


LOANS = {
    tiers_file("MARGIN", "isolated", "BTC-USDT"): [
        tier("0", "1", "0.02", instId="BTC-USDT", baseMaxLoan="1", quoteMaxLoan="50000"),
        tier("1", "5", "0.03", instId="BTC-USDT", baseMaxLoan="5", quoteMaxLoan="250000"),
    ]
}


def loan(held: str, size: str, owed: str, **more: object) -> Told:
    other = "USDT" if held == "BTC" else "BTC"
    row = {
        **swap("BTC-USDT", size, "60000", "60000", instType="MARGIN", mgnMode="isolated", margin="0.1"),
        "posCcy": held,
        "ccy": held,
        "liab": f"-{owed}",
        "liabCcy": other,
        "interest": "0",
        **more,
    }
    return told(
        folder_of(
            setup=config("2"), money=balance(coin("USDT", "0")), positions=[row], listed=[pair("BTC-USDT")], tiers=LOANS
        )
    )


def test_a_long_with_a_loan_is_liquidated_where_its_coins_no_longer_pay_for_it() -> None:
    result = loan("BTC", "1", "48000").results()["isolated:BTC-USDT:long"]
    assert result.equity == pytest.approx(12000.0)
    assert result.positions[0].down.price == pytest.approx(48000 * 1.02 * 1.001)


def test_a_short_with_a_loan_is_liquidated_where_its_money_no_longer_buys_the_coins_back() -> None:
    result = loan("USDT", "80000", "1").results()["isolated:BTC-USDT:short"]
    assert result.equity == pytest.approx(20000.0)
    assert result.positions[0].up.price == pytest.approx(80000 / (1.02 * 1.001))


def test_what_is_owed_decides_the_tier_in_the_asset_that_is_owed() -> None:
    assert loan("BTC", "2", "60000").pool("isolated:BTC-USDT:long").constant_requirement == pytest.approx(
        60000 * (0.03 + 1.03 * 0.001)
    )
    assert loan("USDT", "200000", "1.5").pool("isolated:BTC-USDT:short").legs[0].tiers == flat(0.03)


def test_accrued_interest_is_owed_too() -> None:
    pool = loan("BTC", "1", "48000", interest="-12").pool("isolated:BTC-USDT:long")
    assert pool.cash == -48012.0


@pytest.mark.parametrize(
    ("margin_in", "upl", "cash", "coins"),
    [
        ("BTC", "0.1", -48000.0, 1.0),  # profit 0.1 = 1 - 0.1 - 0.8: the margin is in the position
        ("BTC", "0.2", -48000.0, 1.1),  # profit 0.2 = 1 - 0.8: it is not
        ("USDT", "0.2", -47999.9, 1.0),
    ],
)
def test_where_the_margin_lies_is_told_by_the_venues_profit(
    margin_in: str, upl: str, cash: float, coins: float
) -> None:
    pool = loan("BTC", "1", "48000", ccy=margin_in, upl=upl).pool("isolated:BTC-USDT:long")
    assert (pool.cash, pool.legs[0].quantity) == (cash, coins)
    assert bool(pool.reasons) is (upl == "0.2")


def test_a_short_with_its_margin_in_coins_owes_that_much_less_of_their_rise() -> None:
    pool = loan("USDT", "70000", "1", ccy="BTC", margin="0.25").pool("isolated:BTC-USDT:short")
    assert [leg.quantity for leg in pool.legs] == [-1.0, 0.25]
    assert pool.cash == 70000.0


def test_a_loan_without_tiers_or_without_its_debt_is_unknown() -> None:
    found = loan("BTC", "1", "48000")
    bare = describe(found.account, replace(found.tables, isolated_tiers={}))
    assert bare.pools[-1].unknown == ("no tiers for USDT owed in BTC-USDT",)
    assert loan("BTC", "1", "48000", liab="").pool("isolated:BTC-USDT:long").unknown == (
        "no debt of BTC-USDT long in the venue's answer",
    )


# In USD

DISCOUNTS = named(endpoints.DISCOUNT_RATES)
RATES = answer(
    {"ccy": "USDT", "details": [{"minAmt": "0", "maxAmt": "", "discountRate": "1"}]},
    {
        "ccy": "BTC",
        "details": [
            {"minAmt": "0", "maxAmt": "10", "discountRate": "0.98"},
            {"minAmt": "10", "maxAmt": "", "discountRate": "0.95"},
        ],
    },
    {
        "ccy": "ETH",
        "discountInfo": [
            {"minAmt": "0", "maxAmt": "1000000", "discountRate": "0.95"},
            {"minAmt": "1000000", "maxAmt": "", "discountRate": "0"},
        ],
    },
)


def in_usd(*coins: Row, level: str = "3", positions: tuple[Row, ...] = (), **more: Any) -> Told:
    loans = named(endpoints.POSITION_TIERS, instType="MARGIN", tdMode="cross", ccy="USDT")
    files = {DISCOUNTS: RATES, loans: answer(tier("0", "1000000", "0.03")), **more.pop("more", {})}
    totals = more.pop("totals", {})
    return told(
        folder_of(
            setup=config(level),
            money=balance(*coins, **totals),
            positions=positions,
            listed=LISTED,
            tiers=TIERS,
            more=files,
            **more,
        )
    )


def test_each_coin_counts_its_equity_less_a_discount_that_grows() -> None:
    result = in_usd(
        coin("BTC", "15", eq="15", upl="0", coinUsdPrice="20000"), coin("USDT", "5", eq="5", upl="0")
    ).results()["multi-assets"]
    assert result.equity == pytest.approx((10 * 0.98 + 5 * 0.95) * 20000 + 5)


def test_a_negative_balance_counts_whole_and_is_a_loan() -> None:
    result = in_usd(
        coin("BTC", "1", eq="1", upl="0", coinUsdPrice="60000"),
        coin("USDT", "-1000", eq="-1001", upl="0", interest="1"),
    ).results()["multi-assets"]
    assert result.equity == pytest.approx(0.98 * 60000 - 1001)
    assert result.maintenance_margin == pytest.approx(1001 * (0.03 + 1.03 * 0.001))


def test_a_loan_without_its_tiers_is_unknown_and_without_interest_in_the_push_known() -> None:
    owing = in_usd(coin("ETH", "-1", eq="-1", upl="0", coinUsdPrice="3000"))
    assert owing.pool("multi-assets").unknown == ("no borrowing tiers for ETH, which is owed",)
    # What a loss has made a debt is one, though there is cash.
    lost = swap("BTC-USD-SWAP", "100", "60000", "30000", ccy="BTC", upl="-0.1666")
    lent = in_usd(coin("BTC", "0.1", eq="-0.0666", upl="-0.1666", coinUsdPrice="30000"), positions=(lost,))
    assert lent.pool("multi-assets").unknown == ("no borrowing tiers for BTC, which is owed",)
    cash_only = in_usd(coin("USDT", "-1000", interest="3"))
    assert cash_only.pool("multi-assets").holdings[0].amount == -1003.0


def test_a_coin_that_is_switched_off_as_collateral_counts_nothing_while_positive() -> None:
    off = coin("BTC", "1", eq="1", upl="0", coinUsdPrice="60000", disEq="0", collateralEnabled=False)
    dollars = coin("USDT", "500", eq="500", upl="0", collateralEnabled=True)
    assert in_usd(off, dollars).results()["multi-assets"].equity == pytest.approx(500.0)
    told_otherwise = {**off, "disEq": "58800"}
    assert in_usd(told_otherwise, dollars).results()["multi-assets"].equity == pytest.approx(59300.0)


def test_the_switch_of_collateral_means_nothing_where_there_is_none() -> None:
    coins = [
        coin("BTC", "1", eq="1", upl="0", coinUsdPrice="60000", collateralEnabled=False),
        coin("USDT", "500", eq="500", upl="0", collateralEnabled=False),
    ]
    assert in_usd(*coins, level="4").results()["portfolio-margin"].equity == pytest.approx(59300.0)


def test_a_spot_margin_row_is_in_the_balances_and_one_of_no_mode_is_refused() -> None:
    row = swap("BTC-USDT", "0.5", "60000", "61000", instType="MARGIN", posCcy="BTC", ccy="USDT")
    pool = in_usd(coin("USDT", "500", eq="500", upl="0"), positions=(row,)).pool("multi-assets")
    assert pool.reasons == ("BTC-USDT long: spot margin is counted by its balances",)
    odd = in_usd(coin("USDT", "500", eq="500", upl="0"), positions=({**row, "mgnMode": ""},)).pool("multi-assets")
    assert odd.unknown == ("cannot tell whether BTC-USDT long is cross or isolated",)


def test_a_coin_without_rates_counts_nothing_and_a_debt_in_it_is_unknown() -> None:
    found = in_usd(coin("XYZ", "5", eq="5", upl="0"), coin("USDT", "500", eq="500", upl="0"))
    pool = found.pool("multi-assets")
    assert pool.reasons == ("XYZ has no discount rates: it counts nothing",)
    assert pool.unknown == ()
    assert in_usd(coin("XYZ", "-5", eq="-5", upl="0")).pool("multi-assets").unknown == ("no discount rates for XYZ",)


def test_what_a_bot_holds_is_equity_that_cash_does_not_show() -> None:
    # The documentation's row: 4850.44 of cash, a loss of 7.55 and 150 in a bot are 4992.89 of equity.
    row = coin("USDT", "4850.435693622894", eq="4992.890093622894", upl="-7.5456", stgyEq="150")
    pool = in_usd(row).pool("multi-assets")
    assert pool.holdings[0].amount == pytest.approx(5000.435693622894)


def test_profit_is_counted_in_the_coin_that_it_settles_in_and_not_twice() -> None:
    held = swap("BTC-USDT-SWAP", "10", "60000", "61000", upl="100")
    found = in_usd(coin("USDT", "1000", eq="1100", upl="100"), positions=(held,))
    assert found.results()["multi-assets"].equity == pytest.approx(1100.0)
    assert found.results(**{"BTC-USDT-SWAP": 62000.0})["multi-assets"].equity == pytest.approx(1200.0)


def test_discount_steps_in_the_wrong_unit_are_found_by_the_venues_own_value() -> None:
    # 400 ETH at 3000 are 1.2 million USD: by value 0.95 million count; by amount all of them would.
    row = coin("ETH", "400", eq="400", upl="0", coinUsdPrice="3000", disEq="950000")
    assert in_usd(row).pool("multi-assets").holdings[0].collateral.by_value
    as_amounts = coin("ETH", "400", eq="400", upl="0", coinUsdPrice="3000", disEq="1140000")
    pool = in_usd(as_amounts).pool("multi-assets")
    assert not pool.holdings[0].collateral.by_value
    assert pool.reasons == ("the discount steps of ETH are in ETH, as its value shows",)
    neither = coin("ETH", "400", eq="400", upl="0", coinUsdPrice="3000", disEq="5")
    assert in_usd(neither).pool("multi-assets").holdings[0].collateral.by_value


def test_the_accounts_totals_are_what_its_pool_is_compared_with() -> None:
    totals = {"adjEq": "55415.624719833286", "mgnRatio": "143682.59776662575", "imr": "8.57", "mmr": "0.34"}
    venue = in_usd(coin("USDT", "5", eq="5", upl="0"), totals=totals).pool("multi-assets").venue
    assert (venue.equity, venue.ratio, venue.ratio_inverted) == (55415.624719833286, 143682.59776662575, True)
    assert venue.maintenance_margin == pytest.approx(55415.624719833286 / 143682.59776662575)


def test_isolated_positions_stay_apart_in_every_level() -> None:
    alone = swap("BTC-USDT-SWAP", "10", "60000", "61000", mgnMode="isolated", margin="700")
    for level in ("3", "4"):
        found = in_usd(coin("USDT", "1000", eq="1700", isoEq="700", upl="0"), level=level, positions=(alone,))
        assert names(found)[1:] == ["isolated:BTC-USDT-SWAP:long"]
        assert found.description.pools[0].holdings[0].amount == 1000.0


def test_orders_count_in_the_ratio_of_the_whole_account() -> None:
    money = coin("USDT", "1000", eq="1000", upl="0")
    found = in_usd(money, orders=(order("BTC-USDT-SWAP", "buy", "10", "60000"), order("BTC-USDT", "buy", "1", "5")))
    pool = found.pool("multi-assets")
    assert [leg.order for leg in pool.legs] == [True]
    assert pool.venue.ratio_stage == ORDERS_GONE
    assert pool.reasons[0] == "resting orders that are no cross order of a swap or a future are not counted"


# Options

CALL, PUT = "BTC-USD-270101-60000-C", "BTC-USD-270101-60000-P"


def option_account(
    inst: str, pos: str, mark: str, *, level: str = "3", money: Row | None = None, **more: object
) -> Told:
    listed = contract(inst, "0.1", ctType="", stk="60000", optType=inst[-1], expTime="1798700000000", settle="BTC")
    btc = {"instFamily": "BTC-USD"}
    factors = named(endpoints.POSITION_TIERS, instType="OPTION", tdMode="cross", instFamily="BTC-USD")
    return told(
        folder_of(
            setup=config(level),
            money=balance(money or coin("BTC", "2")),
            positions=[swap(inst, pos, "0.06", mark, **{"instType": "OPTION", "ccy": "BTC", "optVal": "0", **more})],
            listed=[listed],
            tiers={
                factors: [tier("0", "5", "0", optMgnFactor="1", **btc), tier("6", "50", "0", optMgnFactor="1.5", **btc)]
            },
            more={
                DISCOUNTS: RATES,
                named(endpoints.OPT_SUMMARY, instFamily="BTC-USD"): answer(
                    {"instId": inst, "markVol": "0.5", "fwdPx": "60000", "ts": STAMP}
                ),
                named(endpoints.INDEX_TICKERS, quoteCcy="USD"): answer(
                    {"instId": "BTC-USD", "idxPx": "60000", "ts": STAMP}
                ),
            },
        )
    )


def test_options_in_futures_mode_are_backed_by_what_they_settle_in() -> None:
    result = option_account(CALL, "-5", "0.05", level="2", money=coin("BTC", "2", eq="1.975", upl="0.005")).results()
    assert result["cross:BTC"].equity == pytest.approx(2 - 0.5 * 0.05)
    found = option_account(CALL, "-5", "0.05", level="2", money=coin("BTC", "2", eq="1.975", upl="0.005"))
    assert found.pool("cross:BTC").venue.equity == 1.975
    assert result["cross:BTC"].maintenance_margin == pytest.approx(0.5 * (0.03 + 0.05 + 0.0005))


@pytest.mark.parametrize("profit", ["0", "0.005"])
def test_what_options_were_worth_when_the_balance_was_told_is_in_its_own_row(profit: str) -> None:
    # The position's row is later than the balance's: 0.025 BTC were owed then, 0.04 are now. Whether their profit is
    # in `upl` does not matter.
    later = option_account(
        CALL, "-5", "0.08", money=coin("BTC", "2", eq="2.075", stgyEq="0.1", upl=profit), optVal="-0.04", ccy=""
    )
    assert later.results()["multi-assets"].equity == pytest.approx((2.1 - 0.04) * 0.98 * 60000)


def test_an_isolated_option_is_refused_in_words() -> None:
    found = option_account(CALL, "-5", "0.05", level="2", mgnMode="isolated", margin="0.1")
    assert found.pool(f"isolated:{CALL}:short").unknown == (
        f"{CALL} short: how an isolated option counts is not known",
    )


def test_a_long_option_requires_nothing_and_counts_its_value() -> None:
    result = option_account(CALL, "10", "0.05").results()["multi-assets"]
    assert result.maintenance_margin == pytest.approx(0.0)
    assert result.equity == pytest.approx((2 + 10 * 0.1 * 0.05) * 0.98 * 60000)


@pytest.mark.parametrize(("inst", "contracts", "factor"), [(CALL, "-5", 1.0), (PUT, "-5", 1.0), (CALL, "-10", 1.5)])
def test_a_short_option_requires_its_value_and_three_hundredths_of_the_coin_times_a_factor(
    inst: str, contracts: str, factor: float
) -> None:
    result = option_account(inst, contracts, "0.05").results()["multi-assets"]
    size = abs(float(contracts)) * 0.1
    assert result.maintenance_margin == pytest.approx(size * (0.03 * factor + 0.05 + 0.0005) * 60000)
    assert result.equity == pytest.approx((2 - size * 0.05) * 0.98 * 60000)


@pytest.mark.parametrize(("kind", "worth"), [("C", 0.03 * 60500), ("P", max(0.03 * 60500, 0.03 * 90000))])
def test_an_option_that_settles_in_dollars_requires_of_the_index_not_the_forward(kind: str, worth: float) -> None:
    inst = f"BTC-USD_UM-270101-60000-{kind}"
    family = {"instFamily": "BTC-USD_UM"}
    mark = "3000" if kind == "C" else "90000"
    found = told(
        folder_of(
            setup=config("2"),
            money=balance(coin("USDC", "100000")),
            positions=[swap(inst, "-5", "2500", mark, instType="OPTION", ccy="USDC", idxPx="60500", optVal="0")],
            listed=[
                contract(inst, "0.1", ctType="", stk="60000", optType=kind, expTime="1798700000000", settle="USDⓈ")
            ],
            tiers={
                named(endpoints.POSITION_TIERS, instType="OPTION", tdMode="cross", **family): [
                    tier("0", "5", "0", optMgnFactor="1", **family)
                ]
            },
            more={
                named(endpoints.OPT_SUMMARY, **family): answer(
                    {"instId": inst, "markVol": "0.5", "fwdPx": "61000", "ts": STAMP}
                ),
                named(endpoints.INDEX_TICKERS, quoteCcy="USD"): answer(
                    {"instId": "BTC-USD", "idxPx": "60500", "ts": STAMP}
                ),
            },
        )
    )
    result = found.results()["cross:USDC"]
    assert result.equity == pytest.approx(100000 - 0.5 * float(mark))
    assert result.maintenance_margin == pytest.approx(0.5 * (worth + float(mark) + 0.0005 * 60500))


def test_a_short_call_far_beyond_its_coins_is_in_danger_upwards_and_a_covered_one_is_not() -> None:
    # A call never loses more than its coin: two coins stand for half a one, and for the like of it that is required.
    assert option_account(CALL, "-5", "0.05").results()["multi-assets"].coins["BTC"].up.state is State.NEVER
    assert (option_account(CALL, "-40", "0.05").results()["multi-assets"].coins["BTC"].up.price or 0.0) > 60000


def test_an_option_without_volatility_or_factors_is_unknown() -> None:
    found = option_account(CALL, "-10", "0.05")
    (pool,) = describe(found.account, replace(found.tables, options={})).pools
    assert pool.unknown == (f"no volatility and forward price of {CALL}",)
    (pool,) = describe(found.account, replace(found.tables, tiers={})).pools
    assert pool.unknown == ("no margin factors of BTC-USD",)


# Portfolio margin


def unit_row(**more: object) -> Row:
    column = {"-0.1": "-1000", "0": "0", "0.1": "1000"}
    return {
        "riskUnit": "BTC",
        "indexUsd": "61000",
        "mmr": "1200",
        "imr": "1560",
        "mr1Scenarios": {"volShockDown": column, "volSame": column, "volShockUp": column},
        **more,
    }


def portfolio(*units: Row, **more: Any) -> Told:
    builder = answer({"eq": "1", "riskUnitData": list(units)})
    files = {named(endpoints.POSITION_BUILDER): builder} if units else {}
    held = swap("BTC-USDT-SWAP", "16", "60000", "61000", uTime="1")
    return in_usd(
        coin("USDT", "9000", eq="9160", upl="160"),
        level="4",
        positions=(held,),
        more={
            **files,
            named(endpoints.INDEX_TICKERS, quoteCcy="USD"): answer(
                {"instId": "BTC-USD", "idxPx": "61000", "ts": STAMP}
            ),
            **more.pop("more", {}),
        },
        **more,
    )


def test_the_venues_scenarios_are_the_requirement_and_the_legs_have_none_of_their_own() -> None:
    found = portfolio(unit_row())
    pool = found.pool("portfolio-margin")
    assert [leg.tiers for leg in pool.legs] == [flat(0.0)]
    assert [(grid.asset, grid.reference_price, grid.contingency) for grid in pool.grids] == [("BTC", 61000.0, 200.0)]
    result = found.results()["portfolio-margin"]
    assert result.equity == pytest.approx(9160.0)
    assert result.maintenance_margin == pytest.approx(1200.0)
    assert result.coins["BTC"].down.price is not None


def test_a_units_requirement_is_counted_once_however_many_positions_show_it() -> None:
    one = portfolio(unit_row())
    rows = tuple(
        swap(inst, "8", "60000", "61000", uTime="1", mmr="1200") for inst in ("BTC-USDT-SWAP", "BTC-USDT-260925")
    )
    two = in_usd(
        coin("USDT", "9000", eq="9160", upl="160"),
        level="4",
        positions=rows,
        more={named(endpoints.POSITION_BUILDER): answer({"riskUnitData": [unit_row()]})},
    )
    assert two.pool("portfolio-margin").grids == one.pool("portfolio-margin").grids


def test_without_scenarios_the_requirement_is_held_and_said_to_be() -> None:
    found = portfolio(totals={"mmr": "1300"})
    pool = found.pool("portfolio-margin")
    assert (pool.constant_requirement, pool.grids) == (1300.0, ())
    assert any("scenarios were not read" in why for why in pool.reasons)
    assert any("neither scenarios" in why for why in portfolio().pool("portfolio-margin").unknown)


def test_the_accounts_own_requirement_holds_what_its_loans_require_and_counts_it_once() -> None:
    found = in_usd(
        coin("BTC", "1", eq="1", upl="0", coinUsdPrice="60000"),
        coin("USDT", "-1000", eq="-840", upl="160"),
        level="4",
        positions=(swap("BTC-USDT-SWAP", "16", "60000", "61000", uTime="1"),),
        totals={"mmr": "1300"},
    )
    result = found.results()["portfolio-margin"]
    assert result.maintenance_margin == pytest.approx(1300.0 + 840 * 1.03 * 0.001)


def test_a_requirement_that_mostly_stands_beside_its_scenarios_is_said_to_stand_still() -> None:
    still = "much of the requirement stands beside the scenarios"
    assert not any(still in why for why in portfolio(unit_row()).pool("portfolio-margin").reasons)
    assert any(still in why for why in portfolio(unit_row(mmr="1400")).pool("portfolio-margin").reasons)


def test_a_unit_of_which_nothing_is_held_any_more_still_counts_and_is_said() -> None:
    found = portfolio(unit_row(), unit_row(riskUnit="ETH", mmr="1000"))
    pool = found.pool("portfolio-margin")
    assert [grid.asset for grid in pool.grids] == ["BTC", "ETH"]
    assert "nothing is held on ETH any more: the requirement is of before" in pool.reasons
    assert not any("nothing is held" in why for why in portfolio(unit_row()).pool("portfolio-margin").reasons)


def test_spot_margin_of_a_coin_needs_no_risk_unit() -> None:
    row = swap("ETH-USDT", "0.5", "3000", "3100", instType="MARGIN", posCcy="ETH", ccy="USDT", uTime="1")
    held = swap("BTC-USDT-SWAP", "16", "60000", "61000", uTime="1")
    found = in_usd(
        coin("USDT", "9000", eq="9160", upl="160"),
        level="4",
        positions=(held, row),
        more={named(endpoints.POSITION_BUILDER): answer({"riskUnitData": [unit_row()]})},
    )
    assert [grid.asset for grid in found.pool("portfolio-margin").grids] == ["BTC"]


def test_a_unit_without_scenarios_is_held_by_itself() -> None:
    pool = portfolio(unit_row(mr1Scenarios=None)).pool("portfolio-margin")
    assert pool.grids[0].contingency == 1200.0
    assert any("it has no scenarios" in why for why in pool.reasons)


def test_a_position_that_changed_after_the_scenarios_is_said() -> None:
    found = portfolio(unit_row())
    (key,) = found.account.positions
    later = replace(found.account.positions[key], update_time=2e9)
    (pool,) = describe(replace(found.account, positions={key: later}), found.tables).pools
    assert any("changed after the venue's scenarios" in why for why in pool.reasons)


def test_a_coin_without_a_unit_is_not_covered_by_the_others() -> None:
    pool = portfolio(unit_row(riskUnit="ETH"), totals={"mmr": "1300"}).pool("portfolio-margin")
    assert (pool.grids, pool.constant_requirement) == ((), 1300.0)


@pytest.mark.parametrize(
    ("curve", "down", "up"),
    [
        ([], None, None),
        ([(-1.0, 0.5), (0.0, 0.1), (1.0, 0.2)], inf, None),
        ([(-0.5, inf), (-0.4, 2.0), (-0.2, 0.5), (0.0, 0.1), (0.5, 0.8), (1.0, 1.0)], 0.2 + 0.2 * (1 / 1.5), 1.0),
        ([(-0.1, 0.2), (0.0, 1.5), (0.1, 2.0)], 0.0, 0.0),
        ([(-0.1, 1.2), (0.1, 2.0)], None, None),
        ([(-0.5, 0.1), (0.0, 0.1), (0.5, 0.1)], None, None),
    ],
    ids=["none", "never down", "crosses", "already", "no point at 0", "ends early"],
)
def test_where_the_venues_own_curve_comes_to_liquidation(
    curve: list[tuple[float, float]], down: float | None, up: float | None
) -> None:
    found = crossings(curve)
    assert found == (None if down is None else pytest.approx(down), None if up is None else pytest.approx(up))


def test_the_curve_of_the_position_builder_becomes_the_venues_lines_of_the_market() -> None:
    points = [{"shockFactor": str(move / 10), "mmr": "1", "mmrRatio": str(3 + move / 2)} for move in range(-10, 11)]
    graph = {named(endpoints.POSITION_BUILDER_GRAPH): answer({"type": "mmr", "mmrData": points})}
    venue = portfolio(unit_row(), more=graph).pool("portfolio-margin").venue
    assert venue.market[0] == pytest.approx(0.4)
    assert venue.market[1] is None


def test_rates_go_by_the_whole_size() -> None:
    steps = TierTable((Tier(0.0, 0.01), Tier(10.0, 0.02)))
    assert (rate_at(steps, 0.0), rate_at(steps, 9.9), rate_at(steps, 10.0)) == (0.01, 0.01, 0.02)


def test_an_empty_account_has_no_pools() -> None:
    for level in ("1", "2", "3", "4"):
        found = told(folder_of(setup=config(level), money=balance()))
        assert found.description.pools == ()


def test_an_option_whose_value_is_not_told_makes_its_pool_unknown_and_is_never_worth_nothing() -> None:
    pool = option_account(CALL, "5", "0.06", optVal="").pool("multi-assets")
    assert pool.unknown == (f"the value of {CALL} is not known",)
