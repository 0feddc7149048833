"""Portfolio margin: the venue's own scenarios, its documented account, and what is said where they are missing."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.domain.frames import RowProblem
from monitor.domain.lines import State
from monitor.venues.bybit.risk_answers import portfolio_risk
from tests.venues.bybit.support import (
    ACCOUNT,
    FULL_RATIOS,
    T0,
    Files,
    Seen,
    account_folder,
    answer,
    coin,
    contract,
    listing,
    option_contract,
    position,
    ratios,
    seen,
    wallet,
)

MOVES = ("-0.1", "-0.08", "-0.06", "-0.04", "-0.02", "0.0", "0.02", "0.04", "0.06", "0.08", "0.1")
# The documented sample: 0.038 BTCUSDT long, 0.02 of a call long, a spot hedge, 2026.
PERPETUAL = tuple(f"{972.14482880 * float(move) / 0.1:.8f}" for move in MOVES)
OPTION = (
    ("-24.06747339", "-33.15841013", "-39.65273684"),
    ("-18.12509537", "-28.31048642", "-35.80450518"),
    ("-11.36193138", "-22.62748031", "-31.13352117"),
    ("-3.73852526", "-16.04846592", "-25.55420042"),
    ("4.77766694", "-8.52041879", "-18.98866670"),
    ("14.21190294", "0.00067229", "-11.36906857"),
    ("24.58198339", "9.54902598", "-2.63944748"),
    ("35.89827143", "20.14862960", "7.24291762"),
    ("48.16388381", "31.81313064", "18.30672359"),
    ("61.37503018", "44.54603289", "30.56641060"),
    ("75.52147477", "58.34116026", "44.02244694"),
)
HEDGE = ("7.05047869", "5.64038295", "4.23028721", "2.82019147", "1.41009574", "0", "0", "0", "0", "0", "0")
ALL = (
    "-1004.7471", "-807.88", "-610.1902", "-411.592", "-212.0076", "-11.3691", "191.7895", "396.1008", "601.5936",
    "808.2822", "1016.1672",
)  # fmt: skip
CALL = "BTC-25SEP26-80000-C-USDT"
INDEX, MARK, OPTION_MARK = 255827.5865263158, 255902.31, 2608.56395729
EXPIRY = T0 + 60 * 86_400


def points(*rows: Any) -> dict[str, Any]:
    told = (row if isinstance(row, tuple) else (row,) for row in rows)
    return {"pnlRanges": [{"priceScale": move, "pnls": list(one)} for move, one in zip(MOVES, told, strict=True)]}


def unit(**more: Any) -> dict[str, Any]:
    return {
        "baseCoin": "BTC",
        "totalPnlRanges": {"ALL": points(*ALL), "PERPETUAL": points(*PERPETUAL)},
        "perpPositionPnlRanges": [
            {"symbolName": "BTCUSDT", "position": "0.038", "settleCoin": "USDT", **points(*PERPETUAL)}
        ],
        "optionExpiryDatePnlRanges": [{"expiryDateRepresentation": "25SEP26", **points(*OPTION)}],
        "contingency": {"contingencyComponents": "57.69544638"},
        "asset": {"coin": "BTC", "assetIM": "1274.8190514137673", "assetMM": "1062.3492095114727"},
        "spotHedgeInfo": {"usdIndexPrice": "0", **points(*HEDGE)},
    } | more


def scenarios(*units: dict[str, Any]) -> bytes:
    return answer({"wallet": {"equity": "52197.86892104", "accountMM": "1069.93399838"}, "assetPnlRange": list(units)})


def documented(*units: dict[str, Any], **totals: str) -> Seen:
    held = wallet(
        # The sample's cash balance is greater by 82.5, which the coins that it leaves out take.
        coin(
            "USDT", "45309.23618289", equity="52197.86892104", unrealisedPnl="6836.46145900", usdValue="52197.86892104"
        ),
        totalMarginBalance="52145.70917115",
        totalInitialMargin=totals.get("initial", "1304.50829757"),
        totalMaintenanceMargin=totals.get("maintenance", "1069.93399838"),
        totalAvailableBalance="50893.36062347",
        accountMMRate="0.0204",
    )
    ticker = {"symbol": CALL, "markPrice": str(OPTION_MARK), "markIv": "0.45", "underlyingPrice": str(INDEX)}
    more: Files = {
        "v5_market_instruments-info__category=option.json": listing(option_contract(CALL, "BTC", "USDT", EXPIRY)),
        "v5_market_tickers__category=option.json": listing(ticker, category="option"),
    }
    if units:
        more["v5_asset_portfolio-margin.json"] = scenarios(*units)
    files = account_folder(
        "PORTFOLIO_MARGIN",
        held,
        positions={
            "USDT": [position("BTCUSDT", 0.038, "75995.4295", MARK, "", riskId=0)],
            "option": [position(CALL, 0.02, "2608.53", OPTION_MARK, "", riskId=0)],
        },
        contracts=[contract("BTCUSDT", "BTC")],
        collateral=[*FULL_RATIOS, ratios("BTC", ("0", "", "0.95"))],
        more=more,
    )
    return seen(files, assets={"BTC": INDEX, "USDT": 1.0})


def test_the_documented_grid_is_put_together_from_its_parts_for_all_three_volatilities() -> None:
    (read,) = portfolio_risk(scenarios(unit()), ACCOUNT, T0).units
    assert read.moves == tuple(float(move) for move in MOVES)
    assert len(read.profits) == 3
    # The venue's total is the worst volatility: rounded to four digits there.
    assert min(read.profits[2]) == pytest.approx(-1004.7471, abs=1e-4)
    assert [min(column[at] for column in read.profits) for at in range(11)] == pytest.approx(
        [float(value) for value in ALL], abs=2e-3
    )
    assert read.profits[1][5] == pytest.approx(0.00067229)
    assert read.reference_price == pytest.approx(INDEX)
    assert (read.maintenance_margin, read.contingency) == (1062.3492095114727, 57.69544638)


def test_the_requirement_at_the_venues_own_prices_is_the_venues() -> None:
    found = documented(unit())
    result = found.only()
    assert result.maintenance_margin == pytest.approx(1062.3492095114727, rel=1e-9)
    assert result.initial_margin == pytest.approx(1274.8190514137673, rel=1e-9)
    # Equity: margin balance and what the option is worth; the sample's two differ by that to 1e-6 of it.
    assert result.equity == pytest.approx(52197.86892104, rel=1e-6)
    assert result.ratio.value is not None
    assert int(result.ratio.value * 1e4) in (203, 204)  # printed, cut off, as 0.0204
    (pool,) = found.description.pools
    assert pool.venue.equity == pytest.approx(52197.86892104)
    assert (pool.venue.ratio, pool.venue.ratio_decimals) == (0.0204, 4)
    assert pool.reasons == ()


def test_a_long_portfolio_is_liquidated_when_its_coin_falls() -> None:
    found = documented(unit())
    result = found.only()
    assert result.coins["BTC"].up.state is State.NEVER
    # 52 198 of equity and 0.038 BTC, worth 9722 in all: no fall takes it.
    assert result.coins["BTC"].down.state is State.NEVER


def test_a_short_portfolio_is_liquidated_when_its_coin_rises_and_ours_moves_with_the_index() -> None:
    falling = tuple(f"{-25_000 * float(move):.2f}" for move in MOVES)
    short = unit(
        totalPnlRanges={"ALL": points(*falling), "PERPETUAL": points(*falling)},
        perpPositionPnlRanges=[{"position": "-0.25", "settleCoin": "USDT", **points(*falling)}],
        optionExpiryDatePnlRanges=[],
        spotHedgeInfo=None,
        contingency={"contingencyComponents": "100"},
        asset={"assetIM": "3120", "assetMM": "2600"},
    )
    files = account_folder(
        "PORTFOLIO_MARGIN",
        wallet(coin("USDT", 20_000)),
        positions={"USDT": [position("BTCUSDT", -0.25, "100000", "100000", "", riskId=0)]},
        contracts=[contract("BTCUSDT", "BTC")],
        collateral=[*FULL_RATIOS, ratios("BTC", ("0", "", "0.95"))],
        more={"v5_asset_portfolio-margin.json": scenarios(short)},
    )
    result = seen(files, assets={"BTC": 100_000.0}).only()
    assert result.maintenance_margin == pytest.approx(2600)
    # 20 000 - 25 000 x = 2500 (1 + x) + 100 at x = 17 400 / 27 500.
    assert result.coins["BTC"].up.distance_ratio == pytest.approx(17_400 / 27_500)


def test_a_coin_of_which_nothing_is_held_is_priced_by_the_scenarios_themselves() -> None:
    files = account_folder(
        "PORTFOLIO_MARGIN",
        wallet(coin("USDT", 20_000)),
        positions={"USDT": [position("BTCUSDT", 0.038, INDEX, MARK, "", riskId=0)]},
        contracts=[contract("BTCUSDT", "BTC")],
        more={"v5_asset_portfolio-margin.json": scenarios(unit())},
    )
    assert seen(files).only().maintenance_margin == pytest.approx(1062.3492095114727)


def test_scenarios_of_a_thousand_of_a_coin_are_those_of_the_coin() -> None:
    (read,) = portfolio_risk(scenarios(unit(baseCoin="1000PEPE")), ACCOUNT, T0).units
    assert read.asset == "PEPE"
    assert read.reference_price == pytest.approx(INDEX / 1000)


def test_without_scenarios_the_requirement_of_the_wallet_is_held_and_it_is_said() -> None:
    found = documented()
    assert found.only().maintenance_margin == pytest.approx(1069.93399838)
    assert "scenarios of BTC were not read" in found.description.pools[0].reasons[0]
    assert "v5_asset_portfolio-margin.json" in found.missing


def test_without_either_the_pool_is_unknown() -> None:
    found = documented(maintenance="")
    assert found.only().unknown == ("the venue's scenarios of BTC were not read",)


def test_a_unit_without_its_maintenance_makes_the_pool_unknown() -> None:
    problems: list[RowProblem] = []
    risk = portfolio_risk(scenarios(unit(asset={"assetMM": ""}), unit(baseCoin="ETH")), ACCOUNT, T0, problems)
    assert [one.asset for one in risk.units] == ["ETH"]
    assert [problem.why for problem in problems] == ["assetMM is not a number"]


def test_scenarios_without_a_price_to_start_from_are_held() -> None:
    found = documented(unit(perpPositionPnlRanges=[]))
    assert found.only().maintenance_margin == pytest.approx(1062.3492095114727)
    assert "the scenarios of BTC cannot be moved" in found.description.pools[0].reasons[0]


def test_parts_that_miss_the_total_leave_the_total_alone() -> None:
    (read,) = portfolio_risk(scenarios(unit(spotHedgeInfo=None, optionExpiryDatePnlRanges=[])), ACCOUNT, T0).units
    assert read.profits == (tuple(float(value) for value in ALL),)
    found = documented(unit(spotHedgeInfo=None, optionExpiryDatePnlRanges=[]))
    assert "known for the worst volatility alone" in found.description.pools[0].reasons[0]


BAD_UNITS: dict[str, tuple[dict[str, Any], str]] = {
    "no name": ({"baseCoin": ""}, "baseCoin is empty"),
    "moves that do not rise": (
        {
            "totalPnlRanges": {
                "ALL": {"pnlRanges": [{"priceScale": "0.1", "pnls": ["1"]}, {"priceScale": "0", "pnls": ["1"]}]}
            }
        },
        "the price moves do not rise through 0",
    ),
    "moves below a price of 0": (
        {"totalPnlRanges": {"ALL": {"pnlRanges": [{"priceScale": m, "pnls": ["1"]} for m in ("-1", "0")]}}},
        "the price moves are none, or go below a price of 0",
    ),
    "two volatilities": (
        {"totalPnlRanges": {"ALL": {"pnlRanges": [{"priceScale": "0", "pnls": ["1", "2"]}]}}},
        "pnls is neither one profit nor three",
    ),
    "a profit that is none": (
        {"totalPnlRanges": {"ALL": {"pnlRanges": [{"priceScale": "0", "pnls": [""]}]}}},
        "pnls is not a number",
    ),
}


@pytest.mark.parametrize("name", BAD_UNITS)
def test_a_unit_that_cannot_be_read_is_left_out_and_named(name: str) -> None:
    more, why = BAD_UNITS[name]
    problems: list[RowProblem] = []
    assert portfolio_risk(scenarios(unit(**more)), ACCOUNT, T0, problems).units == ()
    assert [problem.why for problem in problems] == [why]


def test_a_spot_hedge_names_the_index_itself() -> None:
    (read,) = portfolio_risk(
        scenarios(unit(spotHedgeInfo={"usdIndexPrice": "250000", **points(*HEDGE)})), ACCOUNT, T0
    ).units
    assert read.reference_price == 250_000.0


def test_the_index_is_read_from_a_linear_position_that_moves() -> None:
    rows = [
        {"position": "0", "settleCoin": "USDT", **points(*PERPETUAL)},
        {"position": "1", "settleCoin": "BTC", **points(*PERPETUAL)},
        {"position": "0.038", "settleCoin": "USDC", **points(*PERPETUAL)},
    ]
    (read,) = portfolio_risk(scenarios(unit(perpPositionPnlRanges=rows)), ACCOUNT, T0).units
    assert read.reference_price == pytest.approx(INDEX)


def test_a_unit_without_scenarios_stands_as_it_was_read() -> None:
    (read,) = portfolio_risk(scenarios(unit(totalPnlRanges={})), ACCOUNT, T0).units
    assert (read.moves, read.profits, read.maintenance_margin) == ((), (), 1062.3492095114727)


def test_parts_with_other_moves_than_the_total_cannot_be_read() -> None:
    problems: list[RowProblem] = []
    odd = {"pnlRanges": [{"priceScale": "-0.3", "pnls": ["1"]}]}
    portfolio_risk(scenarios(unit(spotHedgeInfo={"usdIndexPrice": "0", **odd})), ACCOUNT, T0, problems)
    assert [problem.why for problem in problems] == ["the parts have other price moves than the total"]


def test_a_requirement_that_its_own_parts_miss_is_held_and_mentioned() -> None:
    found = documented(unit(asset={"assetIM": "2400", "assetMM": "2000"}))
    assert found.only().maintenance_margin == pytest.approx(2000)
    assert "what the venue requires of BTC is not the worst loss" in found.description.pools[0].reasons[0]


def test_an_options_value_without_a_price_leaves_the_venues_equity_unknown() -> None:
    held = wallet(coin("BTC", "1", equity="0.9999", usdValue=""), totalMarginBalance="100000")
    files = account_folder("PORTFOLIO_MARGIN", held, collateral=[*FULL_RATIOS, ratios("BTC", ("0", "", "0.95"))])
    assert seen(files, assets={"BTC": 1e5}).description.pools[0].venue.equity is None
