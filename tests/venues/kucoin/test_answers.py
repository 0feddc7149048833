"""Answers of KuCoin's REST interface, one situation a test: tables, prices, modes, keys, accounts."""

from __future__ import annotations

import json

import pytest

from monitor.domain.accounts import CollateralMode, MarginMode
from monitor.domain.errors import MalformedAnswer
from monitor.domain.events import FundingRates
from monitor.domain.frames import RowProblem
from monitor.domain.instruments import Payoff
from monitor.domain.lines import State
from monitor.domain.names import Side
from monitor.domain.tiers import Tier, TierBy
from monitor.venues.kucoin import answers, answers_account
from monitor.venues.kucoin.names import asset_of_index, coin_of, contract_of, venue_name
from monitor.venues.kucoin.parameters import DEFAULTS, MEANING
from tests.venues.kucoin.support import (
    ACCOUNT,
    MS,
    T0,
    VENUE,
    answer,
    contract,
    held,
    margin_marks,
    order,
    overview,
    page,
    pair,
    position,
    raw,
)

# Names


def test_what_symbols_and_bases_mean() -> None:
    assert contract_of("XBTUSDTM") == ("BTC", "USDT", "USDT", False)
    assert contract_of("ETHUSDM") == ("ETH", "USD", "ETH", True)
    assert contract_of("XBTMZ26") is None
    assert coin_of("1000PEPE") == ("PEPE", 1000.0)
    assert coin_of("1INCH") == ("1INCH", 1.0)
    assert (venue_name("BTC"), venue_name("ETH")) == ("XBT", "ETH")
    assert asset_of_index("XBTUSDM") == "BTC"
    assert asset_of_index("1000PEPEUSDTM") is None


def test_each_parameter_has_its_meaning() -> None:
    assert DEFAULTS.keys() == MEANING.keys()


# Tables


def test_a_contract_that_settles_in_neither_its_base_nor_its_quote_is_a_bad_row() -> None:
    bad: list[RowProblem] = []
    rows = [contract("XBTUSDTM"), contract("ETHUSDTM", settleCurrency="XBT"), contract("SOLUSDTM", multiplier=0)]
    loaded = answers.instruments(answer(rows), VENUE, T0, bad)
    assert [one.symbol for one in loaded.instruments] == ["XBTUSDTM"]
    assert [one.row for one in bad] == ["contract row 1", "contract row 2"]


def test_inverse_and_delivery_contracts() -> None:
    rows = [contract("XBTUSDM", -1), {**contract("XBTUSDM", -1), "symbol": "XBTMZ26", "expireDate": MS}]
    perpetual, delivery = answers.instruments(answer(rows), VENUE, T0).instruments
    assert (perpetual.payoff, perpetual.settle, perpetual.contract_size) == (Payoff.INVERSE, "BTC", 1.0)
    assert (perpetual.delivery_time, delivery.delivery_time) == (None, T0)


def test_the_rate_of_a_contract_grows_to_its_limit() -> None:
    ((symbol, table),) = answers.tiers(answer([contract("XBTUSDTM")]), {}, VENUE, T0).tiers
    assert symbol == "XBTUSDTM"
    assert table.by is TierBy.BASE
    grows, limit = table.tiers
    assert grows.rate == pytest.approx(0.004)
    assert grows.growth == pytest.approx(0.004 / 300)
    assert grows.rate + grows.growth * limit.floor == pytest.approx(limit.rate)
    assert limit.rate == 0.3


@pytest.mark.parametrize("missing", ["m", "mmrLevConstant"])
def test_without_its_constants_a_contract_has_no_rate(missing: str) -> None:
    rows = [{**contract("XBTUSDTM"), missing: None}]
    assert answers.tiers(answer(rows), {}, VENUE, T0).tiers == ()


def test_a_table_of_levels_without_its_beginning_is_none() -> None:
    rows = [{"symbol": "X", "level": 2, "minRiskLimit": 100, "maxRiskLimit": 500, "maintainMargin": 0.005}]
    whole = [{"symbol": "X", "level": 1, "minRiskLimit": 0, "maxRiskLimit": 100, "maintainMargin": 0.004}, *rows]
    loaded = answers.tiers(answer([]), {"X": answer(rows), "Y": answer(whole)}, VENUE, T0)
    assert [symbol for symbol, _ in loaded.isolated] == ["Y"]
    assert loaded.isolated[0][1].tiers == (Tier(0.0, 0.004), Tier(100.0, 0.005))


def test_discounts_are_bands_of_the_coin_and_the_last_one_has_no_end() -> None:
    row = {"currency": "BTC", "cdrConfigs": [
        {"tier": 1, "min": "0", "max": "500", "cdr": "0.98"},
        {"tier": 2, "min": "500", "max": "99999999999999999", "cdr": "0.965"},
    ]}  # fmt: skip
    bad: list[RowProblem] = []
    broken = {"currency": "ETH", "cdrConfigs": [{"min": "5", "max": "10", "cdr": "0.9"}]}
    loaded = answers.collateral(answer([row, broken]), None, VENUE, T0, bad, ACCOUNT)
    ((asset, terms),) = loaded.terms
    assert (asset, terms.steps, terms.by_value) == ("BTC", ((0.0, 0.98), (500.0, 0.965)), False)
    assert loaded.account == ACCOUNT
    assert len(bad) == 1


def test_debt_ratios_become_assets_over_debts() -> None:
    config = answer({"maxLeverage": 5, "warningDebtRatio": "0.95", "liqDebtRatio": "0.97"})
    pairs = answer(
        [{"symbol": "BTC-USDT", "maxLeverage": 10, "flDebtRatio": "0.96"}, {"symbol": "X-USDT", "flDebtRatio": ""}]
    )
    loans = dict(answers.loans(config, pairs, VENUE, T0).loans)
    assert loans.keys() == {"", "BTC-USDT"}
    assert loans[""][0].liquidation_level == pytest.approx(1 / 0.97)
    assert loans["BTC-USDT"][0].liquidation_level == pytest.approx(1 / 0.96)
    assert loans["BTC-USDT"][0].margin_call_level == pytest.approx(1 / 0.95)


# Prices


def test_coins_are_priced_in_usdt_which_is_the_unit() -> None:
    ticks = {one.asset: one.price_usd for one in answers.asset_ticks(
        margin_marks(BTC=60_000.0, ETH=3000.0), {"BTC", "ETH", "USDT", "SHADY"}, VENUE, T0
    )}  # fmt: skip
    assert ticks == {"BTC": pytest.approx(60_000.0), "ETH": pytest.approx(3000.0), "USDT": 1.0}


def test_a_pair_in_usdt_stands_before_one_in_btc() -> None:
    rows = [{"symbol": name, "timePoint": MS, "value": value} for name, value in
            (("USDT-BTC", 1 / 60_000), ("ETH-BTC", 0.05), ("ETH-USDT", 2999.0))]  # fmt: skip
    (tick,) = answers.asset_ticks(answer(rows), {"ETH"}, VENUE, T0 + 1)
    assert (tick.price_usd, tick.venue_time, tick.received) == (2999.0, T0, T0 + 1)


def test_the_index_of_a_contract_is_the_price_of_its_coin_and_one_in_usdt_stands_before_one_in_dollars() -> None:
    rows = [contract("XBTUSDTM", indexPrice=60_000.0), contract("XBTUSDM", -1, indexPrice=60_010.0)]
    for listed, price in ((rows, 60_000.0), (rows[::-1], 60_000.0), (rows[1:], 60_010.0)):
        (tick,) = answers.index_ticks(answer(listed), {"BTC"}, VENUE, T0)
        assert (tick.asset, tick.price_usd) == ("BTC", price)


def test_marks_of_single_contracts_and_of_all() -> None:
    one = answer(
        {"symbol": "XBTUSDTM", "granularity": 1000, "timePoint": MS, "value": 67687.08, "indexPrice": 67683.58}
    )
    (tick,) = answers.marks([one], VENUE, T0 + 1)
    assert (tick.mark, tick.index, tick.venue_time) == (67687.08, 67683.58, T0)
    listed = answer([contract("XBTUSDTM", markPrice=1.0), contract("ETHUSDTM", markPrice="")])
    bad: list[RowProblem] = []
    assert [one.symbol for one in answers.contract_marks(listed, {"XBTUSDTM", "ETHUSDTM"}, VENUE, T0, bad)] == [
        "XBTUSDTM"
    ]
    assert len(bad) == 1


def test_what_contracts_pay_next_and_when() -> None:
    rows = [
        contract("XBTUSDTM", nextFundingRateDateTime=MS + 3_600_000),
        contract("ETHUSDTM", nextFundingRateTime=60_000, fundingFeeRate=-0.0002),
        contract("SOLUSDTM"),
        contract("XRPUSDTM", fundingFeeRate=None),
    ]
    held_now = {"XBTUSDTM", "ETHUSDTM", "SOLUSDTM", "XRPUSDTM"}
    assert answers.funding_rates(answer(rows), held_now, VENUE, T0) == FundingRates(
        VENUE, ("XBTUSDTM", "ETHUSDTM", "SOLUSDTM"), (0.0001, -0.0002, 0.0001), (T0 + 3600.0, T0 + 60.0, None), T0
    )
    assert answers.funding_rates(answer(rows), set(), VENUE, T0) is None
    intervals = answers.funding_intervals(answer(rows), VENUE, T0)
    assert set(intervals.intervals_seconds) == {28_800.0}


def test_candles_end_at_the_last_gap_and_before_the_open_one() -> None:
    def candle(minute: int, close: float) -> list[float]:
        return [MS + minute * 60_000, 1.0, 2.0, 0.5, close, 7.0]

    pages = [answer([candle(3, 3.0), candle(4, 4.0)]), answer([candle(0, 9.0), candle(1, 9.0), candle(5, 5.0), ["x"]])]
    bad: list[RowProblem] = []
    read = answers.candles(pages, VENUE, "XBTUSDTM", T0 + 330, problems=bad)
    assert read.closes == (3.0, 4.0)
    assert len(bad) == 1


def test_the_venues_clock() -> None:
    assert answers.server_time(answer(MS)) == T0
    with pytest.raises(MalformedAnswer):
        answers.server_time(answer(None))


# Modes and keys


@pytest.mark.parametrize(
    ("said", "collateral", "kind"),
    [
        ("CLASSIC", CollateralMode.SINGLE_ASSET, "classic"),
        ("UNIFIED", CollateralMode.MULTI_ASSETS, "unified"),
        ("NEW", None, ""),
    ],
)
def test_the_mode_of_a_futures_account(said: str, collateral: CollateralMode | None, kind: str) -> None:
    mode, position_mode = answer({"selfAccountMode": said}), answer({"positionMode": 1})
    config = answers_account.account_config("futures", mode, position_mode, [], ACCOUNT, T0, T0)
    assert (config.mode.collateral, config.mode.kind) == (collateral, kind)
    assert bool(config.problems) is (collateral is None)


def test_a_position_mode_that_is_not_told_is_not_guessed() -> None:
    mode = answer({"selfAccountMode": "CLASSIC"})
    for said, hedge in (
        (answer({"positionMode": 0}), False),
        (answer({"positionMode": 1}), True),
        (answer({}), None),
        (None, None),
    ):
        config = answers_account.account_config("futures", mode, said, [], ACCOUNT, T0, T0)
        assert config.mode.hedge is hedge
        assert bool(config.problems) is (hedge is None)


def test_spot_margin_is_a_mode_by_its_product() -> None:
    for product, collateral in (("margin", CollateralMode.SPOT), ("isolated-margin", CollateralMode.ISOLATED)):
        mode = answers_account.account_config(product, None, None, [], ACCOUNT, T0, T0).mode
        assert (mode.collateral, mode.borrows, mode.hedge) == (collateral, True, False)


def test_fees_and_automatic_deposits() -> None:
    fees = [answer({"symbol": "XBTUSDTM", "takerFeeRate": "0.0005", "makerFeeRate": "0.0002"}), answer({"symbol": "X"})]
    rows = answer(
        [position("XBTUSDTM", 1, 1.0, 1.0, autoDeposit=True), position("ETHUSDTM", 1, 1.0, 1.0, autoDeposit=False)]
    )
    config = answers_account.account_config(
        "futures",
        answer({"selfAccountMode": "CLASSIC"}),
        answer({"positionMode": 0}),
        fees,
        ACCOUNT,
        T0,
        T0,
        None,
        [rows],
    )
    assert config.fees == (("XBTUSDTM", 0.0005),)
    assert len(config.problems) == 1
    assert {one.symbol: one.auto_add_margin for one in config.symbols} == {"XBTUSDTM": True, "ETHUSDTM": False}


@pytest.mark.parametrize(
    ("permission", "trades", "withdraws", "transfers"),
    [
        ("General", False, False, False),
        ("General,Futures", True, False, False),
        ("General, Spot, Margin, Unified", True, False, False),
        ("General,InnerTransfer,Transfer", False, False, True),
        ("General,Withdrawal", False, True, False),
        ("General,SomethingNew", True, False, False),
    ],
)
def test_what_a_key_may_do(permission: str, trades: bool, withdraws: bool, transfers: bool) -> None:
    said = {"permission": permission, "ipWhitelist": "203.0.113.7", "isMaster": True}
    may = answers_account.permissions(answer(said), ACCOUNT, T0).permissions
    assert (may.can_trade, may.can_withdraw, may.can_transfer, may.ip_restricted) == (
        trades,
        withdraws,
        transfers,
        True,
    )


def test_a_key_that_says_nothing_of_itself_is_not_believed_to_be_harmless() -> None:
    with pytest.raises(MalformedAnswer):
        answers_account.permissions(answer({"remark": "x"}), ACCOUNT, T0)


# Accounts


def test_one_bad_row_costs_itself_and_is_named() -> None:
    bad: list[RowProblem] = []
    rows = [position("XBTUSDTM", 1, 1.0, 1.0), {**position("ETHUSDTM", 1, 1.0, 1.0), "currentQty": "many"}]
    overviews = [answer(overview("USDT", 5.0)), answer({**overview("XBT", 5.0), "marginBalance": "?"})]
    orders = page(order("XBTUSDTM", "hold", 1, 1.0))
    snapshot = answers_account.classic_snapshot(answer(rows), overviews, [orders], ACCOUNT, T0, T0, bad_rows=bad)
    assert [one.symbol for one in snapshot.positions] == ["XBTUSDTM"]
    assert [one.asset for one in snapshot.balances] == ["USDT"]
    assert len(snapshot.problems) == len(bad) == 3


@pytest.mark.parametrize(
    ("written", "state"),
    [
        (0, State.NEVER),
        ("0", State.NEVER),
        (-5, State.NEVER),
        ("", State.UNKNOWN),
        (None, State.UNKNOWN),
        ("n/a", State.UNKNOWN),
        ("55.5", State.AT),
    ],
)
def test_no_price_is_written_in_many_ways_and_none_is_a_price_of_zero(written: object, state: State) -> None:
    row = position("XBTUSDTM", 1, 60.0, 60.0, liquidationPrice=written)
    (read,) = answers_account.classic_snapshot(answer([row]), [], [], ACCOUNT, T0, T0).positions
    assert read.venue.liquidation.state is state


def test_the_same_position_twice_is_a_problem() -> None:
    rows = [position("XBTUSDTM", 1, 1.0, 1.0)] * 2
    assert answers_account.classic_snapshot(answer(rows), [], [], ACCOUNT, T0, T0).problems == (
        "position XBTUSDTM long is in the answer twice",
    )


def test_empty_positions_are_none_and_an_empty_account_answers_with_an_object() -> None:
    rows = answer([position("XBTUSDTM", 0, 0.0, 1.0, isOpen=False)])
    assert answers_account.classic_snapshot(rows, [], [], ACCOUNT, T0, T0).positions == ()
    assert answers_account.classic_snapshot(answer({}), [], [], ACCOUNT, T0, T0).positions == ()


def test_the_newer_and_the_older_answer_of_spot_margin() -> None:
    newer = answer({"debtRatio": "0.5", "status": "EFFECTIVE", "accounts": [held("USDT", 10, 5)]})
    older = answer(
        {"items": [{"debtRatio": "0.5", "assets": [{"currency": "USDT", "totalAsset": "10", "borrowed": "5"}]}]}
    )
    for text in (newer, older):
        snapshot = answers_account.margin_snapshot(text, ACCOUNT, T0, T0)
        (row,) = snapshot.balances
        assert (row.wallet, row.borrowed, snapshot.venue.ratio) == (10.0, 5.0, 0.5)


def test_what_holds_nothing_may_be_there_twice_and_what_holds_something_may_not() -> None:
    """Accounts of high and of low frequency: of the one nothing is left."""
    for first, problems in ((held("USDT", 0), 0), (held("USDT", 3), 1)):
        told = answers_account.margin_snapshot(answer({"accounts": [first, held("USDT", 10)]}), ACCOUNT, T0, T0)
        assert len(told.problems) == problems
        rows = [pair("ETH-USDT", "0", held("ETH", 0), one) for one in (first, held("USDT", 10))]
        told = answers_account.isolated_snapshot(answer({"assets": rows}), ACCOUNT, T0, T0)
        assert len(told.problems) == problems


def test_a_wallet_whose_coins_are_not_those_of_its_pair_is_a_bad_row() -> None:
    rows = [
        pair("DOGE-USDT", "0.5", held("USDT", 1), held("DOGE", 1)),
        pair("ETH-USDT", "0.5", held("ETH", 1), held("USDT", 1, 1)),
    ]
    snapshot = answers_account.isolated_snapshot(answer({"timestamp": MS, "assets": rows}), ACCOUNT, T0, T0)
    assert [one.name for one in snapshot.wallets] == ["ETH-USDT"]
    assert len(snapshot.problems) == 1


@pytest.mark.parametrize(
    "text", [b"", b"[]", b"{}", b'{"code":"400100","msg":"no"}', b'{"code":"200000"}', b'{"code":"200000","data":5}']
)
def test_what_is_no_answer_is_refused_by_name(text: bytes) -> None:
    for read in (
        lambda: answers_account.classic_snapshot(text, [], [], ACCOUNT, T0, T0),
        lambda: answers_account.unified_snapshot(text, None, [], [], ACCOUNT, T0, T0),
        lambda: answers_account.margin_snapshot(text, ACCOUNT, T0, T0),
        lambda: answers_account.isolated_snapshot(text, ACCOUNT, T0, T0),
        lambda: answers.instruments(text, VENUE, T0),
    ):
        with pytest.raises(MalformedAnswer):
            read()


def test_hedge_rows_keep_their_sides_apart() -> None:
    rows = [
        position("XBTUSDTM", 2, 1.0, 1.0, positionSide="LONG"),
        position("XBTUSDTM", -1, 1.0, 1.0, positionSide="SHORT"),
    ]
    held_now = answers_account.classic_snapshot(answer(rows), [], [], ACCOUNT, T0, T0).positions
    assert {(one.side, one.quantity, one.hedge, one.margin_mode) for one in held_now} == {
        (Side.LONG, 2.0, True, MarginMode.CROSS),
        (Side.SHORT, -1.0, True, MarginMode.CROSS),
    }


def test_times_of_the_unified_account_are_read_in_whatever_unit() -> None:
    for stamp in (MS, MS * 1000, MS * 1_000_000, T0):
        body = {"accounts": [{"currencies": [{"currency": "USDT", "balance": "1"}]}], "ts": stamp}
        snapshot = answers_account.unified_snapshot(answer({}), answer(body), [], [], ACCOUNT, T0, T0)
        assert snapshot.balances[0].update_time == T0


def test_an_answer_is_bytes_or_text() -> None:
    text = json.dumps({"code": "200000", "data": MS})
    assert answers.server_time(text) == answers.server_time(raw(json.loads(text)))
