"""An account as pools, mode by mode, from raw answers."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.domain.events import AccountConfig
from monitor.domain.lines import State
from monitor.domain.names import Side
from monitor.margin.pool import DEFAULT_STAGES, LIQUIDATION, Holding, Step
from monitor.margin.results import PoolResult
from tests.venues.bybit.support import (
    FULL_RATIOS,
    T0,
    Files,
    Seen,
    account_folder,
    coin,
    contract,
    fees,
    limits,
    listing,
    loans,
    option_contract,
    order,
    pool_key,
    position,
    ratios,
    seen,
    wallet,
)

BTC, ETH, INVERSE = contract("BTCUSDT", "BTC"), contract("ETHUSDT", "ETH"), contract("BTCUSD", "BTC", "USD")
TIERS = [
    *limits("BTCUSDT", (2e6, 0.005, ""), (1e9, 0.01, "10000")),
    *limits("ETHUSDT", (1e9, 0.01, "")),
    *limits("BTCUSD", (150.0, 0.005, ""), inverse_percent=True),
]
FEES = fees(BTCUSDT="0", ETHUSDT="0", BTCUSD="0", option_BTC="0.0003")
BTC_COUNTS = ratios("BTC", ("0", "1", "0.95"), ("1", "3", "0.9"), ("3", "", "0"))


def account(mode: str = "REGULAR_MARGIN", *coins: object, **more: Any) -> Files:
    totals = more.pop("totals", {})
    given = {"contracts": [BTC, ETH, INVERSE], "tiers": TIERS, "fee_rates": FEES} | more
    return account_folder(mode, wallet(*(coins or (coin("USDT", 10_000),)), **totals), **given)


def cross(found: Seen) -> PoolResult:
    return found.results["multi-assets"]


# Modes


@pytest.mark.parametrize(
    ("mode", "status", "words"),
    [
        ("REGULAR_MARGIN", 4, "not a unified trading account 2.0 (status 4)"),
        ("REGULAR_MARGIN", 1, "not a unified trading account 2.0 (status 1)"),
        ("SOMETHING_NEW", 5, "the margin mode «SOMETHING_NEW» is none that we know"),
        ("", 6, "the margin mode «» is none that we know"),
    ],
)
def test_an_account_that_we_cannot_read_is_refused_in_words(mode: str, status: int, words: str) -> None:
    found = seen(account(mode, status=status))
    assert found.account.mode.collateral is None
    assert found.description.pools == ()
    assert found.description.unknown == ("cannot tell the account's margin mode",)
    config = next(event for event in found.events if isinstance(event, AccountConfig))
    assert any(problem.startswith(words) for problem in config.problems)


@pytest.mark.parametrize(
    ("mode", "pools"),
    [
        ("ISOLATED_MARGIN", ["cross:USDT", "isolated:BTCUSDT:long"]),
        ("REGULAR_MARGIN", ["multi-assets"]),
        ("PORTFOLIO_MARGIN", ["portfolio-margin"]),
    ],
)
def test_the_accounts_margin_mode_decides_what_backs_what(mode: str, pools: list[str]) -> None:
    held = {"USDT": [position("BTCUSDT", 0.1, "100000", "100000", positionIM="1000")]}
    assert list(seen(account(mode, positions=held)).results) == pools


@pytest.mark.parametrize("mode", ["ISOLATED_MARGIN", "REGULAR_MARGIN", "PORTFOLIO_MARGIN"])
def test_an_empty_account_has_no_pool(mode: str) -> None:
    assert seen(account(mode, coin("USDT", 0))).description.pools == ()


# Isolated margin


def isolated(**more: Any) -> Seen:
    row = position("BTCUSDT", 0.1, "100000", "100000", "10", **more)
    return seen(account("ISOLATED_MARGIN", positions={"USDT": [row]}))


def test_an_isolated_positions_margin_is_what_brings_it_to_its_liquidation_price() -> None:
    # At 85 000 it asks 42.5 and has lost 1500: the margin is 1542.5, of which 1000 are its leverage's.
    found = isolated(liqPrice="85000")
    (free, pool) = found.description.pools
    assert pool.cash == pytest.approx(1542.5)
    assert free.cash == pytest.approx(10_000 - 1542.5)
    result = found.results["isolated:BTCUSDT:long"]
    assert result.positions[0].line.price == pytest.approx(85_000)
    assert result.venue_lines[0].disagree is False
    assert result.notes == ()


@given(
    quantity=st.floats(0.001, 400.0),
    away=st.floats(0.001, 0.6),
    leverage=st.floats(1.0, 100.0),
    long=st.booleans(),
    inverse=st.booleans(),
)
def test_whatever_margin_a_position_has_it_is_liquidated_where_the_venue_says(
    quantity: float, away: float, leverage: float, long: bool, inverse: bool
) -> None:
    price = 100_000 * (1 - away if long else 1 + away)
    size = round(quantity * (100_000 if inverse else 1), 3) * (1 if long else -1)
    symbol = "BTCUSD" if inverse else "BTCUSDT"
    row = position(symbol, size, "100000", "100000", f"{leverage:.2f}", liqPrice=repr(price))
    files = account(
        "ISOLATED_MARGIN",
        positions={"inverse" if inverse else "USDT": [row]},
        fee_rates=fees(BTCUSDT="0.00055", BTCUSD="0.00055"),
    )
    (result,) = [one for name, one in seen(files).results.items() if name.startswith("isolated:")]
    line = result.positions[0].line
    if line.state is State.AT:
        assert line.price == pytest.approx(price, rel=1e-9)
    else:
        # So little margin is left at this mark that it is liquidated already.
        assert line.state is State.LIQUIDATABLE
        assert away < 0.02


def test_margin_below_what_the_leverage_asks_for_is_mentioned() -> None:
    (_, pool) = isolated(liqPrice="95000").description.pools
    assert pool.cash == pytest.approx(547.5)
    assert "less than its leverage asks for" in pool.reasons[0]


def test_without_a_liquidation_price_the_initial_margin_serves_and_it_is_said() -> None:
    (_, pool) = isolated(liqPrice="", positionIM="1000").description.pools
    assert pool.cash == 1000.0
    assert "prints no liquidation price of BTCUSDT long" in pool.reasons[0]


def test_without_either_the_pool_is_unknown() -> None:
    found = isolated(liqPrice="", positionIM="")
    assert found.results["isolated:BTCUSDT:long"].unknown[0] == "nothing tells the margin of BTCUSDT long"
    assert found.results["cross:USDT"].unknown == ("what positions have of the USDT is unknown",)


def test_without_tiers_an_isolated_position_is_unknown() -> None:
    row = position("BTCUSDT", 0.1, "100000", "100000", "10", liqPrice="85000", positionIM="1000")
    result = seen(account("ISOLATED_MARGIN", positions={"USDT": [row]}, tiers=())).results["isolated:BTCUSDT:long"]
    assert result.ratio.state is State.UNKNOWN


def test_an_isolated_inverse_short_pays_in_its_coin() -> None:
    # 10 000 USD short at 100 000, x5: margin 0.02; at 120 000 it asks 0.0833.. * 0.5 % and has lost 0.016667.
    row = position("BTCUSD", -10_000.0, "100000", "100000", "5", liqPrice="120000")
    found = seen(account("ISOLATED_MARGIN", coin("BTC", 1), positions={"inverse": [row]}))
    pool = found.description.pools[1]
    assert pool.numeraire == "BTC"
    assert pool.cash == pytest.approx(10_000 * (1 / 100_000 - 1 / 120_000) + 10_000 / 120_000 * 0.005)
    assert found.results["isolated:BTCUSD:short"].positions[0].line.price == pytest.approx(120_000)


def test_both_isolated_legs_of_a_hedge_are_pools_of_their_own() -> None:
    legs = [
        position("BTCUSDT", 0.1, "100000", "100000", liqPrice="91000", positionIdx=1),
        position("BTCUSDT", -0.2, "100000", "100000", liqPrice="109000", positionIdx=2),
    ]
    found = seen(account("ISOLATED_MARGIN", positions={"USDT": legs}))
    assert list(found.results) == ["cross:USDT", "isolated:BTCUSDT:long", "isolated:BTCUSDT:short"]
    assert found.results["isolated:BTCUSDT:short"].positions[0].line.price == pytest.approx(109_000)


def test_margin_that_is_added_by_itself_comes_from_the_free_balance() -> None:
    found = isolated(liqPrice="91000", autoAddMargin=1)
    assert found.description.pools[1].backstop == pool_key("cross:USDT")
    assert found.results["isolated:BTCUSDT:long"].positions[0].with_backstop is not None


# Cross margin


def test_coins_count_by_their_ratios_step_by_step_and_only_where_they_are_used() -> None:
    coins = (coin("BTC", 2), coin("ETH", 10, collateralSwitch=False), coin("USDT", 1000), coin("DOGE", 5))
    found = seen(
        account("REGULAR_MARGIN", *coins, collateral=[*FULL_RATIOS, BTC_COUNTS, ratios("ETH", ("0", "", "0.9"))]),
        assets={"BTC": 100_000.0, "ETH": 4000.0, "DOGE": 0.1},
    )
    holdings = {one.asset: one for one in found.description.pools[0].holdings}
    assert holdings["BTC"].collateral.steps == (Step(0.0, 0.95), Step(1.0, 0.9), Step(3.0, 0.0))
    assert cross(found).equity == pytest.approx(1000 + 95_000 + 90_000)
    assert "DOGE has no collateral ratio: it counts nothing" in found.description.pools[0].reasons


def test_without_ratios_nothing_is_known_and_not_safe() -> None:
    found = seen(account(collateral=()))
    assert cross(found).unknown == ("no collateral ratios were read: cannot tell what USDT counts for",)


def test_a_coin_in_which_contracts_settle_and_that_has_no_ratio_is_unknown() -> None:
    held = {"inverse": [position("BTCUSD", 10_000.0, "100000", "100000")]}
    found = seen(account("REGULAR_MARGIN", coin("BTC", 1), positions=held))
    assert cross(found).unknown == ("no collateral ratio of BTC, in which contracts settle",)


def test_a_stablecoin_that_the_ratios_do_not_list_counts_in_full_and_it_is_said() -> None:
    found = seen(account(collateral=[BTC_COUNTS]))
    assert cross(found).equity == 10_000.0
    assert "lists no collateral ratio of USDT: it is counted in full" in found.description.pools[0].reasons[0]


def test_losses_without_cash_are_a_loan_that_asks_for_margin() -> None:
    # 1 BTC counts 95 000; 100 ETH from 4000 to 3900 leave -10 000 USDT: 400 for the loan beside 3900.
    found = seen(
        account(
            "REGULAR_MARGIN",
            coin("BTC", 1),
            coin("USDT", 0),
            positions={"USDT": [position("ETHUSDT", 100.0, "4000", "3900")]},
            collateral=[*FULL_RATIOS, BTC_COUNTS],
        ),
        assets={"BTC": 100_000.0, "USDT": 1.0},
    )
    assert cross(found).equity == pytest.approx(85_000)
    assert cross(found).maintenance_margin == pytest.approx(3900 + 400)


def test_what_is_owed_while_as_much_is_held_asks_for_its_margin_alone() -> None:
    owing = coin("USDT", 1200, spotBorrow="200", borrowAmount="200", equity="1000", usdValue="1000")
    found = seen(account("REGULAR_MARGIN", owing))
    assert cross(found).equity == pytest.approx(1000)
    assert cross(found).maintenance_margin == pytest.approx(8)
    assert "USDT is owed while as much is held" in found.description.pools[0].reasons[0]


def test_a_coin_sold_short_on_the_spot_is_owed_in_full() -> None:
    short = coin("ETH", 0, spotBorrow="1", borrowAmount="1", equity="-1", usdValue="-4000")
    found = seen(
        account(
            "REGULAR_MARGIN",
            coin("USDT", 10_000),
            short,
            collateral=[*FULL_RATIOS, ratios("ETH", ("0", "", "0.9"))],
            borrow=[loans("USDT", ("1e6", "0.04")), loans("ETH", ("100", "0.05"))],
        )
    )
    assert cross(found).equity == pytest.approx(6000)
    assert cross(found).maintenance_margin == pytest.approx(200)
    assert found.description.pools[0].debts == ()
    assert cross(found).coins["ETH"].up.price == pytest.approx(10_000 / 1.05)


def test_loans_ask_for_the_rate_of_the_tier_that_they_have_reached() -> None:
    tiers = loans("USDT", ("1000", "0.04"), ("5000", "0.08"))
    found = seen(account("REGULAR_MARGIN", coin("USDT", -2000), coin("USDC", 9000), borrow=[tiers]))
    assert cross(found).maintenance_margin == pytest.approx(160)


def test_open_spot_orders_cost_what_the_venue_says() -> None:
    totals = {"totalMarginBalance": 10_000, "totalInitialMargin": 500, "totalAvailableBalance": 9400}
    found = seen(account(totals=totals, positions={"USDT": [position("BTCUSDT", 0.1, "100000", "100000")]}))
    assert found.account.venue.haircut == pytest.approx(100)
    assert cross(found).equity == pytest.approx(9900)
    assert found.description.pools[0].venue.equity == pytest.approx(9900)


def test_orders_count_until_they_are_cancelled() -> None:
    # A bid for 0.2 at 101 000 over the mark: it loses 200 and asks 0.5 % of 20 200; the position asks 50.
    files = account(
        positions={"USDT": [position("BTCUSDT", 0.1, "100000", "100000")]},
        orders={"USDT": [order("a", "BTCUSDT", 0.2, "101000")]},
    )
    found = cross(seen(files))
    assert found.ratio.value == pytest.approx(50 / 10_000)
    assert found.stages["orders-cancelled"].value == pytest.approx((50 + 101) / (10_000 - 200))


ORDERS: dict[str, tuple[list[Any], float]] = {
    "reduce-only": ([order("a", "BTCUSDT", -0.1, "110000", reduceOnly=True)], 0.0),
    "closing": ([order("a", "BTCUSDT", -0.1, "110000")], 0.0),
    "closing and turning": ([order("a", "BTCUSDT", -0.3, "110000")], -0.2),
    "two that close, of which one is too much": (
        [order("a", "BTCUSDT", -0.1, "120000"), order("b", "BTCUSDT", -0.1, "110000")],
        -0.1,
    ),
    "waiting for a trigger": ([order("a", "BTCUSDT", 0.3, "90000", orderStatus="Untriggered")], 0.0),
    "at the market": ([order("a", "BTCUSDT", 0.3, "")], 0.0),
    "adding": ([order("a", "BTCUSDT", 0.3, "90000")], 0.3),
    "another leg's": ([order("a", "BTCUSDT", -0.3, "110000", positionIdx=2)], -0.3),
}


@pytest.mark.parametrize("name", ORDERS)
def test_what_of_an_order_asks_for_margin(name: str) -> None:
    orders, counted = ORDERS[name]
    held = {"USDT": [position("BTCUSDT", 0.1, "100000", "100000")]}
    pool = seen(account(positions=held, orders={"USDT": orders})).description.pools[0]
    assert sum(leg.quantity for leg in pool.legs if leg.order) == pytest.approx(counted)
    assert pool.stages[0].name == ("orders-cancelled" if counted else LIQUIDATION)


def test_with_orders_the_venues_ratio_speaks_of_the_stage_in_which_they_stand() -> None:
    totals = {"totalMarginBalance": 10_000, "totalMaintenanceMargin": 140, "accountMMRate": "0.0140"}
    usdt = coin("USDT", 10_000, totalPositionMM="50")
    held = {"USDT": [position("BTCUSDT", 0.1, "100000", "100000")]}
    resting = {"USDT": [order("a", "BTCUSDT", 0.2, "90000")]}
    alone = seen(account("REGULAR_MARGIN", usdt, totals=totals, positions=held)).description.pools[0].venue
    beside = seen(account("REGULAR_MARGIN", usdt, totals=totals, positions=held, orders=resting)).description.pools[0]
    assert (alone.maintenance_margin, alone.ratio_stage, alone.ratio_decimals) == (140.0, LIQUIDATION, 4)
    assert (beside.venue.maintenance_margin, beside.venue.ratio_stage) == (50.0, "orders-cancelled")
    assert beside.venue.ratio == alone.ratio == 0.014


def test_the_legs_of_a_hedge_ask_for_what_the_venue_says_and_that_is_told() -> None:
    legs = [
        position("BTCUSDT", 0.3, "100000", "100000", positionIdx=1, positionMM="100"),
        position("BTCUSDT", -0.1, "100000", "100000", positionIdx=2, positionMM="10"),
    ]
    found = seen(account(positions={"USDT": legs}))
    assert cross(found).maintenance_margin == pytest.approx(110)
    assert sum("is hedged" in reason for reason in found.description.pools[0].reasons) == 2
    silent = seen(account(positions={"USDT": [leg | {"positionMM": ""} for leg in legs]}))
    assert cross(silent).maintenance_margin == pytest.approx(200)
    assert "each leg is counted as if it were alone" in silent.description.pools[0].reasons[0]


def test_an_inverse_position_pays_in_its_coin_which_is_collateral() -> None:
    found = seen(
        account(
            "REGULAR_MARGIN",
            coin("BTC", 1),
            positions={"inverse": [position("BTCUSD", 50_000.0, "100000", "80000")]},
            collateral=[*FULL_RATIOS, BTC_COUNTS],
        ),
        assets={"BTC": 80_000.0},
    )
    held = 1 + 50_000 * (1 / 100_000 - 1 / 80_000)
    assert cross(found).equity == pytest.approx(held * 0.95 * 80_000)
    assert cross(found).maintenance_margin == pytest.approx(50_000 * 0.005)


def test_the_venues_estimate_is_compared_with_a_wide_tolerance() -> None:
    row = position("BTCUSDT", 0.5, "100000", "100000", liqPrice="80402.01005025")
    found = seen(account(positions={"USDT": [row]}))
    (line,) = found.description.pools[0].venue.lines
    assert (line.symbol, line.tolerance) == ("BTCUSDT", 0.02)
    (told,) = cross(found).venue_lines
    assert told.disagree is False


@pytest.mark.parametrize(
    ("quantity", "maximum", "disagree"),
    [(-0.2, "140000", False), (-0.2, "160000", True), (0.05, "1999999.8", False)],
    ids=["ours is above what may be", "ours is a price that may be", "no fall liquidates"],
)
def test_the_venues_silence_says_that_the_price_is_none_that_may_be(
    quantity: float, maximum: str, disagree: bool
) -> None:
    # 0.2 BTC short against 10 000 USDT are liquidated at 30 000 / 0.201 = 149 254.
    listed = BTC | {"priceFilter": {"minPrice": "0.1", "maxPrice": maximum, "tickSize": "0.1"}}
    row = position("BTCUSDT", quantity, "100000", "100000", liqPrice="")
    found = seen(account(positions={"USDT": [row]}, contracts=[listed]))
    (told,) = cross(found).venue_lines
    assert told.venue.state is State.NEVER
    assert told.disagree is disagree


def test_where_nothing_tells_what_may_be_the_venues_silence_is_not_compared() -> None:
    row = position("BTCUSDT", 0.2, "100000", "100000", liqPrice="")
    assert seen(account(positions={"USDT": [row]}, contracts=())).description.pools[0].venue.lines == ()


def test_an_inverse_estimate_moves_the_coin_too() -> None:
    row = position("BTCUSD", 50_000.0, "100000", "100000", liqPrice="60000")
    found = seen(account("REGULAR_MARGIN", coin("BTC", 1), positions={"inverse": [row]}))
    assert found.description.pools[0].venue.lines[0].asset_moves == (("BTC", 1.0),)


def test_what_is_not_known_of_a_position_is_said() -> None:
    row = position("NEWUSDT", 1.0, "", "5", "")
    pool = seen(account(positions={"USDT": [row]})).description.pools[0]
    assert pool.unknown == ("no entry price of NEWUSDT long",)
    assert {reason.split(":")[0] for reason in pool.reasons} == {
        "no fee rate for NEWUSDT",
        "no contract data for NEWUSDT",
        "no leverage of NEWUSDT long",
    }
    assert pool.legs[0].tiers is None


CALL = "BTC-30DEC26-110000-C-USDT"


def with_option(
    quantity: float, mode: str = "REGULAR_MARGIN", *, known: bool = True, index: str = "100000", **more: Any
) -> Seen:
    ticker = {"symbol": CALL, "markPrice": "2000", "markIv": "0.5", "underlyingPrice": "100000", "indexPrice": index}
    files = {
        "v5_market_instruments-info__category=option.json": listing(
            option_contract(CALL, "BTC", "USDT", T0 + 40 * 86_400)
        )
    }
    if known:
        files["v5_market_tickers__category=option.json"] = listing(ticker, category="option")
    held = {"option": [position(CALL, quantity, "1800", "2000", "")]}
    return seen(account(mode, positions=held, more=files, **more), assets={"BTC": 100_000.0})


def test_a_long_option_counts_nothing_in_cross_margin_and_has_no_line() -> None:
    result = cross(with_option(2.0))
    assert (result.equity, result.maintenance_margin) == (10_000.0, 0.0)
    assert result.positions[0].line.state is State.NEVER


def test_a_long_option_that_cannot_be_priced_is_left_out_with_a_reason() -> None:
    found = with_option(2.0, known=False)
    assert found.description.pools[0].legs == ()
    assert "a long option counts nothing" in found.description.pools[0].reasons[0]


def test_a_short_option_that_cannot_be_priced_makes_the_pool_unknown() -> None:
    assert cross(with_option(-0.1, known=False)).unknown == (
        f"{CALL} cannot be priced: no volatility or no forward price is known",
    )


def test_a_short_call_is_liquidated_when_its_coin_rises() -> None:
    found = with_option(-0.5)
    result = cross(found)
    # What was taken for it is in the wallet, and to close it costs its mark.
    assert found.description.pools[0].legs[0].entry == 0.0
    # max(0.03 * 100 000, 0.03 * 2000) + 2000 + 0.002 * 100 000, for half a coin.
    assert result.maintenance_margin == pytest.approx(0.5 * (3000 + 2000 + 200))
    assert result.coins["BTC"].up.state is State.AT
    assert result.coins["BTC"].down.state is State.NEVER


def test_a_short_options_margin_goes_by_the_index_and_not_by_the_forward() -> None:
    # 0.03 * 98 000 + 2000 + 0.002 * 98 000, for half a coin.
    assert cross(with_option(-0.5, index="98000")).maintenance_margin == pytest.approx(0.5 * (2940 + 2000 + 196))


def test_holdings_of_stablecoins_count_in_full() -> None:
    (pool,) = seen(account()).description.pools
    assert pool.holdings == (Holding(asset="USDT", amount=10_000.0, borrow=pool.holdings[0].borrow),)
    assert pool.stages == DEFAULT_STAGES


def test_options_of_other_coins_are_taken_by_default_factors_and_it_is_said() -> None:
    name = "SOL-30DEC26-200-C-USDT"
    files = {
        "v5_market_instruments-info__category=option.json": listing(
            option_contract(name, "SOL", "USDT", T0 + 40 * 86_400)
        ),
        "v5_market_tickers__category=option.json": listing(
            {"symbol": name, "markPrice": "10", "markIv": "0.8", "underlyingPrice": "200"}, category="option"
        ),
    }
    held = {"option": [position(name, -10.0, "12", "", "")]}
    found = seen(account(positions=held, more=files))
    assert cross(found).maintenance_margin == pytest.approx(10 * (6 + 10 + 0.4))
    assert "margin factors of SOL options" in found.description.pools[0].reasons[0]
    assert cross(found).initial_margin is None  # its row has no mark


def test_an_option_in_isolated_margin_has_no_rules() -> None:
    result = with_option(-0.1, "ISOLATED_MARGIN").results[f"isolated:{CALL}:short"]
    assert f"{CALL}: there are no rules for options in isolated margin" in result.unknown


def test_resting_orders_of_options_are_left_out_and_named() -> None:
    found = with_option(1.0, orders={"option": [order("a", CALL, -1.0, "2000")]})
    assert f"orders of options are not counted: {CALL}" in found.description.pools[0].reasons


def test_a_contract_that_nothing_explains_makes_the_pool_unknown() -> None:
    found = seen(account(positions={"USDT": [position("ODD", 1.0, "5", "5")]}))
    assert "no contract data for ODD" in cross(found).unknown


def test_a_coin_in_which_contracts_settle_without_a_balance_is_0_and_named() -> None:
    usdc = contract("BTCPERP", "BTC", "USDC")
    held = {"USDC": [position("BTCPERP", 0.1, "100000", "99000")]}
    found = seen(
        account(positions=held, contracts=[usdc], tiers=limits("BTCPERP", (1e9, 0.01, ""))), assets={"USDC": 1}
    )
    assert cross(found).equity == pytest.approx(10_000 - 100)
    assert "no balance of USDC in the account: taken as 0" in found.description.pools[0].reasons


def test_a_coin_of_which_the_switch_is_not_told_counts_and_it_is_said() -> None:
    found = seen(account("REGULAR_MARGIN", coin("USDT", 100) | {"collateralSwitch": None}))
    assert cross(found).equity == 100.0
    assert "whether USDT is used as collateral" in found.description.pools[0].reasons[0]


def test_frozen_coins_without_a_known_haircut_are_mentioned() -> None:
    found = seen(account("REGULAR_MARGIN", coin("USDT", 100, locked="50")))
    assert "what open spot orders may cost" in found.description.pools[0].reasons[0]


def test_without_loan_tiers_a_loan_asks_for_nothing_and_it_is_said() -> None:
    found = seen(account("REGULAR_MARGIN", coin("USDT", -100), coin("USDC", 1000), borrow=()))
    assert cross(found).maintenance_margin == 0.0
    assert "no loan tiers of USDT" in found.description.pools[0].reasons[0]


def test_portfolio_positions_without_an_entry_make_the_pool_unknown() -> None:
    row = position("BTCUSDT", 0.1, "", "100000", "")
    found = seen(account("PORTFOLIO_MARGIN", positions={"USDT": [row]}))
    assert "no entry price of BTCUSDT long" in found.results["portfolio-margin"].unknown


# Complaints that touch what is described


def test_complaint_5_no_way_to_print_none_becomes_a_distance_of_the_venues() -> None:
    for text in ("", "0", None):
        row = position("BTCUSDT", 0.2, "100000", "100000") | {"liqPrice": text}
        found = seen(account(positions={"USDT": [row]}))
        assert all(line.printed.price is None for line in found.description.pools[0].venue.lines)
        assert cross(found).positions[0].line.price == pytest.approx(10_000 / 0.199)


def test_complaint_10_the_sum_over_the_coins_is_the_venues_total() -> None:
    coins = (
        coin("USDT", "5000", unrealisedPnl="500", equity="5500", usdValue="5500"),
        coin("BTC", "1", equity="1", usdValue="100000"),
    )
    totals = {"totalMarginBalance": "100500", "totalEquity": "105500"}
    found = seen(
        account(
            "REGULAR_MARGIN",
            *coins,
            totals=totals,
            positions={"USDT": [position("BTCUSDT", 0.1, "95000", "100000")]},
            collateral=[*FULL_RATIOS, BTC_COUNTS],
        )
    )
    assert cross(found).equity == pytest.approx(found.account.venue.equity, rel=1e-3)
    assert cross(found).equity == pytest.approx(100_500)


def test_complaint_12_the_sides_of_a_hedge_are_two_positions_of_a_reading() -> None:
    legs = [
        position("BTCUSDT", 0.3, "100000", "100000", positionIdx=1),
        position("BTCUSDT", -0.1, "101000", "100000", positionIdx=2),
        position("ETHUSDT", 0.0, "0", "4000", positionIdx=1, liqPrice="0"),
        position("ETHUSDT", -2.0, "4000", "4000", positionIdx=2),
    ]
    found = seen(account(positions={"USDT": legs}))
    held = {(one.symbol, one.side): one.quantity for one in cross(found).positions}
    assert held == {
        ("BTCUSDT", Side.LONG): 0.3,
        ("BTCUSDT", Side.SHORT): -0.1,
        ("ETHUSDT", Side.SHORT): -2.0,
    }
