"""OKX's tables, prices and histories, as it answers them."""

from __future__ import annotations

from dataclasses import replace
from math import inf, nextafter

import pytest

from monitor.domain.accounts import MarginMode
from monitor.domain.errors import MalformedAnswer
from monitor.domain.events import BalanceCause
from monitor.domain.frames import RowProblem
from monitor.domain.instruments import Payoff
from monitor.domain.names import Side
from monitor.domain.tiers import Tier, TierBy
from monitor.venues.okx import answers, answers_account, answers_risk, cash
from monitor.venues.okx.reading import refusal
from tests.venues.okx.support import (
    ACCOUNT,
    NOW,
    STAMP,
    T0,
    VENUE,
    Row,
    answer,
    balance,
    coin,
    config,
    contract,
    fees,
    order,
    pair,
    swap,
    tier,
)

OPTION = contract(
    "BTC-USD-270101-60000-C", "1", ctMult="0.01", ctType="", stk="60000", optType="C", expTime=STAMP, settle="BTC"
)


def test_a_contract_is_its_value_times_its_multiplier_of_base_or_quote() -> None:
    found = answers.instruments(
        [
            answer(contract("BTC-USDT-SWAP", "0.01"), contract("BTC-USD-SWAP", "100")),
            answer(OPTION),
            answer(pair("BTC-USDT")),
        ],
        VENUE,
        NOW,
    ).instruments
    linear, inverse, option, spot = found
    assert (linear.payoff, linear.contract_size, linear.settle, linear.family) == (
        Payoff.LINEAR,
        0.01,
        "USDT",
        "BTC-USDT",
    )
    assert (inverse.payoff, inverse.contract_size, inverse.settle) == (Payoff.INVERSE, 100.0, "BTC")
    assert (option.payoff, option.contract_size, option.strike, option.call) == (Payoff.OPTION, 0.01, 60000.0, True)
    assert option.delivery_time == T0
    assert (spot.spot, spot.settle, spot.fee_group, linear.fee_group) == (True, "USDT", "SPOT:2", "SWAP:1")


def test_a_dollar_family_of_several_coins_is_not_the_family_of_its_underlying() -> None:
    (found,) = answers.instruments(
        [answer(contract("BTC-USD_UM-SWAP", "0.01", settle="USDⓈ", ctType="linear"))], VENUE, NOW
    ).instruments
    assert (found.base, found.quote, found.settle, found.family) == ("BTC", "USD", "USDⓈ", "BTC-USD_UM")


@pytest.mark.parametrize(
    "spoiled",
    [
        {"ctVal": ""},
        {"ctVal": "0"},
        {"ctType": ""},
        {"instFamily": "BTC", "uly": ""},
        {"settleCcy": ""},
        {"instId": ""},
    ],
)
def test_a_contract_that_cannot_be_read_is_left_out_and_named(spoiled: Row) -> None:
    bad: list[RowProblem] = []
    rows = [{**contract("BTC-USDT-SWAP", "0.01"), **spoiled}, contract("ETH-USDT-SWAP", "0.1")]
    found = answers.instruments([answer(*rows)], VENUE, NOW, bad).instruments
    assert [one.symbol for one in found] == ["ETH-USDT-SWAP"]
    assert len(bad) == 1


def test_tiers_are_told_for_every_symbol_of_the_family_and_of_its_kind_alone() -> None:
    rows = [contract("BTC-USDT-SWAP", "0.01"), contract("BTC-USDT-260925", "0.01"), contract("BTC-USDT-261225", "0.01")]
    known = answers.instruments([answer(*rows)], VENUE, NOW).instruments
    table = [tier("0", "1000", "0.004", instFamily="BTC-USDT"), tier("1001", "5000", "0.005", instFamily="BTC-USDT")]
    futures = answers.TierAnswer(answer(*reversed(table)), "FUTURES", MarginMode.CROSS)
    alone = answers.TierAnswer(answer(table[0]), "SWAP", MarginMode.ISOLATED)
    loaded = answers.tiers([futures, alone], known, VENUE, NOW)
    assert [symbol for symbol, _ in loaded.tiers] == ["BTC-USDT-260925", "BTC-USDT-261225"]
    assert [symbol for symbol, _ in loaded.isolated] == ["BTC-USDT-SWAP"]
    read = dict(loaded.tiers)["BTC-USDT-260925"]
    assert (read.by, read.cap) == (TierBy.CONTRACTS, 5000.0)
    # The end of a tier belongs to it, and anything above it does not.
    assert read.tiers == (Tier(0.0, 0.004), Tier(nextafter(1000.0, inf), 0.005))


@pytest.mark.parametrize(
    "spoiled", [{"mmr": ""}, {"mmr": "0"}, {"mmr": "nan"}, {"minSz": ""}, {"maxSz": "0"}, {"maxSz": "-1"}]
)
def test_a_table_with_a_tier_that_cannot_be_read_is_no_table(spoiled: Row) -> None:
    known = answers.instruments([answer(contract("BTC-USDT-SWAP", "0.01"))], VENUE, NOW).instruments
    rows = [
        tier("0", "1000", "0.004", instFamily="BTC-USDT"),
        {**tier("1001", "5000", "0.005", instFamily="BTC-USDT"), **spoiled},
    ]
    bad: list[RowProblem] = []
    asked = answers.TierAnswer(answer(*rows), "SWAP", MarginMode.CROSS)
    assert answers.tiers([asked], known, VENUE, NOW, bad).tiers == ()
    assert len(bad) == 1


def test_a_tier_without_an_end_is_the_last_or_none() -> None:
    low, high = tier("0", "1000", "0.004"), tier("1001", "", "0.005")
    known = answers.instruments([answer(contract("BTC-USDT-SWAP", "0.01"))], VENUE, NOW).instruments
    named = [{**one, "instFamily": "BTC-USDT"} for one in (low, high)]
    asked = answers.TierAnswer(answer(*named), "SWAP", MarginMode.CROSS)
    ((_, table),) = answers.tiers([asked], known, VENUE, NOW).tiers
    assert (table.tiers[1].rate, table.cap) == (0.005, None)
    asked = replace(asked, raw=answer({**named[0], "maxSz": ""}, named[1]))
    bad: list[RowProblem] = []
    assert answers.tiers([asked], known, VENUE, NOW, bad).tiers == ()
    assert [one.why for one in bad] == ["a tier below the last has no end"]


@pytest.mark.parametrize("most", ["", "0"])
def test_loans_of_a_pair_whose_limits_cannot_be_read_are_no_table(most: str) -> None:
    rows = [
        tier("0", "1", "0.02", instId="BTC-USDT", baseMaxLoan=most, quoteMaxLoan="50000"),
        tier("1", "5", "0.03", instId="BTC-USDT", baseMaxLoan="5", quoteMaxLoan="250000"),
    ]
    asked = answers.TierAnswer(answer(*rows), "MARGIN", MarginMode.ISOLATED)
    bad: list[RowProblem] = []
    assert [name for name, _ in answers.tiers([asked], (), VENUE, NOW, bad).isolated] == ["BTC-USDT:USDT"]
    assert [one.row for one in bad] == ["loans of BTC for BTC-USDT"]


def test_loans_are_told_by_amount_of_the_asset() -> None:
    discounts = answer({"ccy": "USDT", "details": [{"minAmt": "0", "maxAmt": "", "discountRate": "1"}]})
    loans = [("USDT", answer(tier("0", "5000", "0.02", imr="0.1"), tier("5001", "9000", "0.03")))]
    only = [("ETH", answer(tier("0", "50", "0.02")))]
    terms = dict(answers.collateral([discounts], [*loans, *only], VENUE, NOW).terms)
    table = terms["USDT"].borrow
    assert table is not None
    assert [step.rate for step in table.tiers] == [0.02, 0.03]
    assert (terms["USDT"].steps, terms["USDT"].borrow_initial_rate) == (((0.0, 1.0),), 0.1)
    assert terms["ETH"].steps == ((0.0, 0.0),)  # it can be owed, and backs nothing


@pytest.mark.parametrize(
    "steps",
    [
        [("5", "0.9")],
        [("0", "0.9"), ("0", "0.8")],
        [("0", "1.1")],
        [("0", "")],
    ],
)
def test_discounts_that_make_no_sense_are_left_out_and_named(steps: list[tuple[str, str]]) -> None:
    details = [{"minAmt": low, "discountRate": rate} for low, rate in steps]
    bad: list[RowProblem] = []
    assert answers.collateral([answer({"ccy": "BTC", "details": details})], [], VENUE, NOW, bad).terms == ()
    assert len(bad) == 1


def test_a_loan_table_that_cannot_be_read_costs_itself() -> None:
    bad: list[RowProblem] = []
    assert answers.collateral([], [("BTC", answer(tier("0", "5", "")))], VENUE, NOW, bad).terms == ()
    assert [problem.row for problem in bad] == ["loans of BTC"]


def test_prices_of_assets_are_those_of_indices_in_usd() -> None:
    rows = [{"instId": inst, "idxPx": "2", "ts": STAMP} for inst in ("BTC-USD", "BTC-USDT", "USDC-USD")]
    assert [one.asset for one in answers.index_tickers(answer(*rows), VENUE, NOW)] == ["BTC", "USDC"]


def test_options_and_funding_are_columns_or_nothing() -> None:
    assert answers.option_marks(answer(), VENUE, NOW) is None
    assert answers.funding(answer(), VENUE, NOW) is None
    read = answers.option_marks(answer({"instId": "A", "markVol": "0.5", "fwdPx": "3"}), VENUE, NOW)
    assert read is not None
    assert (read.volatilities, read.underlyings) == ((0.5,), (3.0,))


def test_candles_come_newest_first_in_pages_and_go_oldest_first_without_the_open_one_and_what_is_before_a_gap() -> None:
    def row(minute: int, close: float, confirmed: str = "1") -> list[str]:
        return [str(int((T0 + 60 * minute) * 1000)), "1", "1", "1", str(close), confirmed]

    pages = [answer(row(5, 6.0, "0"), row(4, 5.0), row(3, 4.0)), answer(row(2, 3.0), row(0, 1.0), ["bad"])]
    bad: list[RowProblem] = []
    read = answers.candles(pages, VENUE, "BTC-USDT-SWAP", T0 + 400, problems=bad)
    assert read.closes == (3.0, 4.0, 5.0)
    assert len(bad) == 1


def test_the_venues_clock() -> None:
    assert answers.server_time(answer({"ts": STAMP})) == T0
    with pytest.raises(MalformedAnswer):
        answers.server_time(answer({"ts": ""}))


# The account's own


def test_what_is_paid_is_told_as_a_positive_rate_of_its_group() -> None:
    flat = answer({"instType": "FUTURES", "feeGroup": [], "taker": "-0.0005", "takerU": "-0.0004", "takerUSDC": ""})
    read = answers_account.account_config(answer(config()), [fees("SWAP", "-0.0003", "7"), flat], ACCOUNT, NOW, NOW)
    assert dict(read.fees) == {"SWAP:7": 0.0003, "FUTURES": 0.0005, "FUTURES:USDT": 0.0004}


@pytest.mark.parametrize(
    ("level", "collateral"),
    [("1", "spot"), ("2", "single-asset"), ("3", "multi-assets"), ("4", "portfolio-margin"), ("5", None), ("", None)],
)
def test_the_level_of_an_account(level: str, collateral: str | None) -> None:
    mode = answers_account.account_config(answer(config(level)), [], ACCOUNT, NOW, NOW).mode
    assert mode.collateral == collateral
    assert mode.borrows is (level in ("3", "4"))


@pytest.mark.parametrize(
    ("level", "switch", "borrows"),
    [
        ("1", {"enableSpotBorrow": True}, True),
        ("1", {"enableSpotBorrow": False, "autoLoan": True}, False),
        ("2", {"autoLoan": True}, False),
        ("3", {"autoLoan": False}, False),
        ("4", {"autoLoan": True}, True),
    ],
)
def test_whether_an_account_borrows_is_its_own_switch(level: str, switch: Row, borrows: bool) -> None:
    read = answers_account.account_config(answer(config(level, **switch)), [], ACCOUNT, NOW, NOW)
    assert read.mode.borrows is borrows


@pytest.mark.parametrize(
    ("perm", "may"),
    [
        ("read_only", (True, False, False)),
        ("read_only,trade", (True, True, False)),
        ("read_only,withdraw", (True, False, True)),
        ("read_only,something_new", (True, True, False)),
        ("", (None, None, None)),
        (None, (None, None, None)),
    ],
)
def test_what_a_key_may_do(perm: str | None, may: tuple[bool | None, ...]) -> None:
    read = answers_account.permissions(answer(config(perm=perm)), ACCOUNT, NOW).permissions
    assert (read.can_read, read.can_trade, read.can_withdraw) == may
    assert read.ip_restricted is False


def test_a_snapshot_holds_orders_of_all_pages_once_and_what_may_leave() -> None:
    one, two = order("BTC-USDT-SWAP", "buy", "1", "5"), order("BTC-USDT-SWAP", "buy", "2", "6")
    read = answers_account.account_snapshot(
        balance(coin("USDT", "5")),
        answer(),
        [answer(one, two), answer(two)],
        ACCOUNT,
        NOW,
        NOW,
        withdrawal_raw=answer({"ccy": "USDT", "maxWd": "4.5"}, {"ccy": "BTC", "maxWd": ""}),
    )
    assert [held.quantity for held in read.orders] == [1.0, 2.0]
    assert read.balances[0].withdrawable == 4.5


@pytest.mark.parametrize(
    ("pooled", "priced", "usd"), [("", "2", 4.5 + 6.0), ("100", "2", 6.0), ("", "", None), ("100", "", 4.5)]
)
def test_what_may_leave_the_account_is_a_sum_or_where_one_pool_stands_behind_all_the_largest(
    pooled: str, priced: str, usd: float | None
) -> None:
    read = answers_account.account_snapshot(
        balance(coin("USDT", "5", coinUsdPrice="1"), coin("SOL", "5", coinUsdPrice=priced), adjEq=pooled),
        answer(),
        [],
        ACCOUNT,
        NOW,
        NOW,
        withdrawal_raw=answer({"ccy": "USDT", "maxWd": "4.5"}, {"ccy": "SOL", "maxWd": "3"}),
    )
    assert read.venue.withdrawable == usd


def test_nothing_said_of_what_may_leave_is_not_nothing() -> None:
    read = answers_account.account_snapshot(balance(coin("USDT", "5")), answer(), [], ACCOUNT, NOW, NOW)
    assert read.venue.withdrawable is None


def test_a_row_that_cannot_be_read_is_a_problem_of_the_snapshot() -> None:
    bad: list[RowProblem] = []
    read = answers_account.account_snapshot(
        balance(coin("USDT", "5"), coin("USDT", "6"), coin("BTC", "")),
        answer(swap("BTC-USDT-SWAP", "", "1", "1"), swap("ETH-USDT-SWAP", "0", "", "1")),
        [answer(order("BTC-USDT-SWAP", "hold", "1", "5"))],
        ACCOUNT,
        NOW,
        NOW,
        bad_rows=bad,
    )
    assert read.problems == (
        "balance row 2 cannot be read: cashBal is not a number",
        "position row 0 cannot be read: pos is not a number",
        "order row 0 cannot be read: side is neither buy nor sell",
        "balance USDT is in the answer twice",
    )
    assert len(bad) == 3
    assert read.positions == ()


def test_a_closed_position_is_none() -> None:
    read = answers_account.account_snapshot(
        balance(), answer(swap("BTC-USDT-SWAP", "0", "", "")), [], ACCOUNT, NOW, NOW
    )
    assert (read.positions, read.problems) == ((), ())


def test_sides_survive_a_reading() -> None:
    rows = [swap("BTC-USDT-SWAP", size, "1", "1", posSide=side) for size, side in (("5", "long"), ("3", "short"))]
    read = answers_account.account_snapshot(balance(), answer(*rows), [], ACCOUNT, NOW, NOW)
    assert [(one.side, one.quantity, one.hedge) for one in read.positions] == [
        (Side.LONG, 5.0, True),
        (Side.SHORT, -3.0, True),
    ]


@pytest.mark.parametrize("body", [b"", b"[]", b'{"code":"0"}', b'{"code":"0","data":[]}', b'{"code":"0","data":[5]}'])
def test_an_answer_that_is_none_is_refused_whole(body: bytes) -> None:
    with pytest.raises(MalformedAnswer):
        answers_account.account_config(body, [], ACCOUNT, NOW, NOW)


def test_a_refusal_is_told_from_an_answer() -> None:
    assert refusal(b'{"code":"50011","msg":"Too Many Requests"}') == ("50011", "Too Many Requests")
    assert refusal(answer()) is None
    assert refusal(b"nothing") is None


# Portfolio margin


def unit(**more: object) -> bytes:
    same = {"-0.1": "-9", "0": "0", "0.1": "9"}
    row = {
        "riskUnit": "BTC",
        "mmr": "12",
        "imr": "",
        "mr1Scenarios": {"volShockDown": same, "volSame": same, "volShockUp": {**same, "-0.1": "-10"}},
        **more,
    }
    return answer({"riskUnitData": [row]})


def test_a_risk_unit_is_its_scenarios_and_what_it_requires_beyond_their_worst() -> None:
    (read,) = answers_risk.risk_units(unit(), VENUE)
    assert read.moves == (-0.1, 0.0, 0.1)
    assert read.profits == ((-9.0, 0.0, 9.0), (-9.0, 0.0, 9.0), (-10.0, 0.0, 9.0))
    assert (read.maintenance_margin, read.initial_margin, read.contingency) == (12.0, None, 2.0)
    assert read.reference_price is None


def test_a_unit_of_one_column_is_that_of_unchanged_volatility() -> None:
    up = {"-0.1": "-99", "0": "0", "0.1": "0"}
    same = {"-0.1": "-7", "0": "2", "0.1": "8"}
    (read,) = answers_risk.risk_units(unit(mr1Scenarios={"volSame": same, "volShockUp": up}), VENUE)
    assert read.profits == ((-7.0, 2.0, 8.0),)
    assert read.contingency == 12.0 - 9.0  # from where it stands to the worst


def test_where_the_coin_stood_is_the_index_or_the_mark_of_the_units_swap() -> None:
    swaps = [{"instId": "A", "instType": "OPTION", "markPx": "1"}, {"instId": "B", "instType": "SWAP", "markPx": "60"}]
    assert answers_risk.risk_units(unit(portfolios=swaps), VENUE)[0].reference_price == 60.0
    assert answers_risk.risk_units(unit(portfolios=swaps, indexUsd="61"), VENUE)[0].reference_price == 61.0


@pytest.mark.parametrize(
    "scenarios",
    [
        {"volSame": {"0": "0", "0.1": "1"}, "volShockUp": {"0": "0"}, "volShockDown": {"0": "0", "0.1": "1"}},
        {"volShockUp": {"0": "0", "0.1": "1"}},
        {"volSame": {"0.1": "1", "0.2": "2"}},
        {"volSame": {"-1": "1", "0": "0"}},
        {"volSame": {"0": "0", "0.1": ""}},
    ],
)
def test_scenarios_that_make_no_sense_cost_their_unit(scenarios: object) -> None:
    bad: list[RowProblem] = []
    assert answers_risk.risk_units(unit(mr1Scenarios=scenarios), VENUE, bad) == ()
    assert len(bad) == 1


def test_the_curve_of_all_moves_is_turned_to_our_kind_of_ratio() -> None:
    points = [{"shockFactor": move, "mmrRatio": ratio} for move, ratio in (("0", "4"), ("-0.5", "-1"), ("0.5", ""))]
    graph = answer({"type": "mmr", "mmrData": points})
    assert answers_risk.market_curve(graph, VENUE) == ((-0.5, inf), (0.0, 0.25))
    read = answers_risk.risk(unit(), graph, VENUE, NOW)
    assert (len(read.risk_units), len(read.market_curve), read.risk_asked) == (1, 2, NOW)


# Cash


def test_bills_say_what_changed_cash_and_why() -> None:
    def bill(number: int, kind: str, change: str) -> Row:
        stamp = str(int(T0 * 1000) - number)
        return {"billId": str(900 - number), "ccy": "USDT", "type": kind, "balChg": change, "ts": stamp, "instId": ""}

    rows = [bill(0, "8", "-1.5"), bill(1, "2", "7"), bill(2, "6", "0"), bill(3, "999", "2"), bill(4, "5", "bad")]
    bad: list[RowProblem] = []
    read = cash.page(answer(*rows), VENUE, ACCOUNT, NOW, bad)
    assert [(flow.cause, flow.amount) for flow in read.flows] == [
        (BalanceCause.FUNDING, -1.5),
        (BalanceCause.TRADE, 7.0),
        (BalanceCause.OTHER, 2.0),
    ]
    assert (read.last, read.oldest_id, len(bad)) == (True, "896", 1)
    assert all(flow.id == "" for flow in read.flows)


def test_a_full_page_of_bills_is_not_the_last() -> None:
    rows = [{"billId": str(n), "ccy": "USDT", "type": "8", "balChg": "1", "ts": STAMP} for n in range(100, 0, -1)]
    read = cash.page(answer(*rows), VENUE, ACCOUNT, NOW, [])
    assert (read.last, read.oldest, read.oldest_id) == (False, T0, "1")
    assert cash.page(answer(), VENUE, ACCOUNT, NOW, []).last
