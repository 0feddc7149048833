"""Tables, prices and permissions of Bybit's public and signed answers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from monitor.domain.errors import MalformedAnswer
from monitor.domain.events import AssetTick
from monitor.domain.frames import RowProblem
from monitor.domain.instruments import Payoff
from monitor.domain.tables import CollateralTerms, OptionMark
from monitor.domain.tiers import Tier
from monitor.engine.tables import VenueTables
from monitor.venues.bybit import answers, cash
from monitor.venues.bybit.account_answers import account_config, account_snapshot, wallet_prices
from monitor.venues.bybit.coins import coin_of, contract_of, option_of, pair_of
from tests.venues.bybit.support import (
    ACCOUNT,
    T0,
    VENUE,
    answer,
    coin,
    contract,
    fees,
    limits,
    listing,
    loans,
    option_contract,
    order,
    position,
    ratios,
    wallet,
)

REFUSED = json.dumps({"retCode": 10003, "retMsg": "API key is invalid.", "result": {}, "time": 1}).encode()


@pytest.mark.parametrize(
    "read",
    [
        lambda raw: answers.instruments([raw], VENUE, T0),
        lambda raw: answers.tiers([raw], VENUE, T0),
        lambda raw: answers.collateral([raw], [], VENUE, None, T0),
        lambda raw: answers.marks(raw, VENUE, T0),
        lambda raw: answers.asset_prices(raw, VENUE, T0),
        lambda raw: answers.candles(raw, VENUE, "BTCUSDT", T0),
        lambda raw: answers.server_time(raw, VENUE),
        lambda raw: answers.permissions(raw, ACCOUNT, T0),
        lambda raw: account_config(raw, [], ACCOUNT, T0, T0),
        lambda raw: account_snapshot(raw, [], [], ACCOUNT, T0, T0),
        lambda raw: cash.page(raw, ACCOUNT, T0),
    ],
)
@pytest.mark.parametrize("raw", [REFUSED, b"", b"{", b"[]", b'{"retCode":0}', b'{"retCode":0,"result":[]}', b"\xff"])
def test_an_answer_that_is_none_is_malformed_and_its_words_are_not_repeated(read: Any, raw: bytes) -> None:
    with pytest.raises(MalformedAnswer) as raised:
        read(raw)
    assert "API key" not in str(raised.value)
    if raw == REFUSED:
        assert raised.value.code == 10003


def test_instruments_of_all_categories_and_pages() -> None:
    first = listing(contract("BTCUSDT", "BTC"), contract("1000PEPEUSDT", "1000PEPE"), cursor="next")
    second = listing(
        contract("BTCPERP", "BTC", "USDC"),
        contract("SHIB1000USDT", "SHIB1000"),
        contract("BTCUSDT-26DEC25", "BTC", contractType="LinearFutures", deliveryTime="1798185600000"),
        contract("BTCUSD", "BTC", "USD"),
        contract("BTCUSDZ26", "BTC", "USD", contractType="InverseFutures", deliveryTime="1798185600000"),
    )
    options = listing(option_contract("BTC-25SEP26-80000-P", "BTC", "USDC", T0))
    spot = listing({"symbol": "BTCUSDT", "baseCoin": "BTC", "quoteCoin": "USDT", "status": "Trading"})
    assert answers.next_cursor(first, VENUE, "instruments-info") == "next"
    assert answers.next_cursor(second, VENUE, "instruments-info") == ""
    problems: list[RowProblem] = []
    loaded = answers.instruments([first, second, options, spot], VENUE, T0, problems).instruments
    assert problems == []
    told = {one.symbol: (one.payoff, one.coin, one.coin_multiplier, one.settle, one.delivery_time) for one in loaded}
    assert told == {
        "BTCUSDT": (Payoff.LINEAR, "BTC", 1.0, "USDT", None),
        "1000PEPEUSDT": (Payoff.LINEAR, "PEPE", 1000.0, "USDT", None),
        "BTCPERP": (Payoff.LINEAR, "BTC", 1.0, "USDC", None),
        "SHIB1000USDT": (Payoff.LINEAR, "SHIB", 1000.0, "USDT", None),
        "BTCUSDT-26DEC25": (Payoff.LINEAR, "BTC", 1.0, "USDT", 1798185600.0),
        "BTCUSD": (Payoff.INVERSE, "BTC", 1.0, "BTC", None),
        "BTCUSDZ26": (Payoff.INVERSE, "BTC", 1.0, "BTC", 1798185600.0),
        "BTC-25SEP26-80000-P": (Payoff.OPTION, "BTC", 1.0, "USDC", T0),
    }
    put = loaded[-1]
    assert (put.strike, put.call, put.quote, put.fee_group) == (80000.0, False, "USDC", "option:BTC")
    assert (loaded[0].min_price, loaded[0].max_price, loaded[0].tick_size) == (0.1, 1999999.8, 0.1)
    intervals = answers.funding_intervals([first], VENUE, T0)
    assert (intervals.symbols, intervals.intervals_seconds) == (("BTCUSDT", "1000PEPEUSDT"), (28800.0, 28800.0))


def test_a_contract_that_is_taken_off_the_list_has_its_end() -> None:
    row = contract("OLDUSDT", "OLD", status="Delivering", deliveryTime="1798185600000")
    (one,) = answers.instruments([listing(row)], VENUE, T0).instruments
    assert (one.trading, one.delivery_time) == (False, 1798185600.0)


NAMES = {
    ("BTCUSDT", "linear"): ("BTC", "USDT", "USDT"),
    ("USDCUSDT", "linear"): ("USDC", "USDT", "USDT"),
    ("BTCPERP", "linear"): ("BTC", "USDC", "USDC"),
    ("BTC-26SEP25", "linear"): ("BTC", "USDC", "USDC"),
    ("BTCUSDT-26SEP25", "linear"): ("BTC", "USDT", "USDT"),
    ("ODD", "linear"): None,
    ("BTCUSD", "inverse"): ("BTC", "USD", "BTC"),
    ("BTCUSDU23", "inverse"): ("BTC", "USD", "BTC"),
    ("ODD", "inverse"): None,
    ("BTC-25SEP26-80000-C-USDT", "option"): ("BTC", "USDT", "USDT"),
    ("BTC-25SEP26-80000-C", "option"): ("BTC", "USDC", "USDC"),
    ("ODD", "option"): None,
}


@pytest.mark.parametrize("name", NAMES, ids=" ".join)
def test_what_a_name_tells_of_a_contract(name: tuple[str, str]) -> None:
    assert contract_of(*name) == NAMES[name]


@pytest.mark.parametrize("base", ["1INCH", "0G", "BTC", "100X", "A1000B", "10001"])
def test_coins_of_their_own(base: str) -> None:
    assert coin_of(base) == (base, 1.0)


def test_names_that_are_none() -> None:
    assert option_of("BTCUSDT") is None
    assert option_of("SOL-5JAN26-123.5-P-USDT") == ("SOL", 123.5, False, "USDT")
    assert pair_of("USDT") is None


# The first tiers of BTCUSDT as they were in August 2026.
BTCUSDT = (
    (2e6, 0.005, ""), (2.6e6, 0.0056, "1200"), (3.2e6, 0.0063, "3020"), (3.8e6, 0.0067, "4300"),
    (4.4e6, 0.0071, "5820"), (5e6, 0.0077, "8460"), (5.6e6, 0.0091, "15460"), (8.5e6, 0.01, "20500"),
    (10e6, 0.013, "46000"), (14e6, 0.015, "66000"), (20e6, 0.016, "80000"),
)  # fmt: skip


def test_the_recorded_tiers_join_without_a_gap() -> None:
    problems: list[RowProblem] = []
    rows = limits("BTCUSDT", *BTCUSDT)
    loaded = answers.tiers([listing(*rows[:6], cursor="x"), listing(*rows[6:])], VENUE, T0, problems)
    assert problems == []
    (symbol, table) = loaded.tiers[0]
    assert symbol == "BTCUSDT"
    assert table.tiers[:2] == (Tier(0.0, 0.005, 0.0), Tier(2e6, 0.0056, 1200.0))
    assert (len(table.tiers), table.cap) == (11, 20e6)


def test_percent_and_ratio_are_told_apart_by_leverage() -> None:
    percent = limits("BTCUSD", (150.0, 0.005, ""), (300.0, 0.01, "0.75"), inverse_percent=True)
    (_, table) = answers.tiers([listing(*percent)], VENUE, T0).tiers[0]
    assert [tier.rate for tier in table.tiers] == [0.005, 0.01]


def test_a_deduction_that_leaves_a_gap_is_taken_and_named() -> None:
    problems: list[RowProblem] = []
    rows = limits("BTCUSDT", (2e6, 0.005, ""), (2.6e6, 0.0056, "1300"))
    (_, table) = answers.tiers([listing(*rows)], VENUE, T0, problems).tiers[0]
    assert table.tiers[1].deduction == 1300.0
    assert [problem.why for problem in problems] == ["a deduction of 1300 where 1200 joins"]


def test_a_missing_deduction_follows_from_the_edges() -> None:
    (_, table) = answers.tiers([listing(*limits("X", (2e6, 0.005, ""), (3e6, 0.0056, "")))], VENUE, T0).tiers[0]
    assert table.tiers[1].deduction == pytest.approx(1200.0)


BAD_TIERS: dict[str, tuple[list[dict[str, Any]], str]] = {
    "rates that fall": (limits("X", (1.0, 0.02, ""), (2.0, 0.01, "0")), "the tiers do not rise"),
    "the same end twice": (limits("X", (1.0, 0.01, ""), (1.0, 0.02, "0")), "the tiers do not rise"),
    "no end": ([limits("X", (1.0, 0.01, ""))[0] | {"riskLimitValue": ""}], "riskLimitValue is not above zero"),
    "no leverage": (
        [limits("X", (1.0, 0.01, ""))[0] | {"maxLeverage": ""}],
        "no initial margin and leverage to tell percent from ratio by",
    ),
    "neither ratio nor percent": (
        [limits("X", (1.0, 0.01, ""))[0] | {"maxLeverage": "5"}],
        "maintenanceMargin is neither a ratio nor a percentage",
    ),
}


@pytest.mark.parametrize("name", BAD_TIERS)
def test_tiers_that_cannot_be_read_are_no_table_and_named(name: str) -> None:
    rows, why = BAD_TIERS[name]
    problems: list[RowProblem] = []
    loaded = answers.tiers([listing(*rows, *limits("GOOD", (1.0, 0.01, "")))], VENUE, T0, problems)
    assert [symbol for symbol, _ in loaded.tiers] == ["GOOD"]
    assert [(problem.row, problem.why) for problem in problems] == [("tiers of X", why)]


def test_collateral_counts_by_brackets_and_loans_ask_by_limits() -> None:
    ratio_rows = listing(ratios("BTC", ("0", "10", "0.95"), ("10", "", "0.9")), ratios("ETH", ("0", "5", "0.9")))
    loan_rows = listing(loans("BTC", ("390", "0.04"), ("391", "0.05")), loans("DOGE", ("1", "0.1")))
    terms = dict(answers.collateral([ratio_rows], [loan_rows], VENUE, ACCOUNT, T0).terms)
    assert terms["BTC"].steps == ((0.0, 0.95), (10.0, 0.9))
    assert terms["BTC"].borrow is not None
    assert terms["BTC"].borrow.tiers == (Tier(0.0, 0.04), Tier(390.0, 0.05))
    assert terms["BTC"].borrow_initial_rate == 0.2
    assert terms["ETH"] == CollateralTerms(steps=((0.0, 0.9), (5.0, 0.0)))
    assert terms["DOGE"].steps == ((0.0, 0.0),)


BAD_RATIOS = {
    "a gap": (("0", "10", "0.9"), ("11", "", "0.8")),
    "not from 0": (("1", "", "0.9"),),
    "more than all of it": (("0", "", "1.5"),),
    "an end before its beginning": (("0", "0", "0.9"),),
    "none": (),
}


@pytest.mark.parametrize("name", BAD_RATIOS)
def test_ratios_that_cannot_be_read_are_left_out_and_named(name: str) -> None:
    problems: list[RowProblem] = []
    rows = listing(ratios("BTC", *BAD_RATIOS[name]), ratios("ETH", ("0", "", "0.9")))
    loaded = answers.collateral([rows], [], VENUE, ACCOUNT, T0, problems)
    assert [asset for asset, _ in loaded.terms] == ["ETH"]
    assert [problem.row for problem in problems] == ["ratios row 0"]


@pytest.mark.parametrize("steps", [(("1", "1.5"),), (("2", "0.1"), ("2", "0.2")), (), (("", "0.1"),)])
def test_loan_tiers_that_cannot_be_read_are_left_out(steps: tuple[tuple[str, str], ...]) -> None:
    problems: list[RowProblem] = []
    rows = listing(ratios("BTC", ("0", "", "0.9")))
    loaded = answers.collateral([rows], [listing(loans("BTC", *steps))], VENUE, ACCOUNT, T0, problems)
    assert dict(loaded.terms)["BTC"].borrow is None
    assert len(problems) == 1


def test_prices_of_contracts_options_and_coins() -> None:
    contracts = listing(
        {"symbol": "BTCUSDT", "markPrice": "100000", "indexPrice": "", "fundingRate": ""}, {"symbol": "X"}
    )
    problems: list[RowProblem] = []
    columns = answers.mark_columns(contracts, VENUE, T0 + 1, problems)
    assert columns is not None
    assert (columns.symbols, columns.marks, columns.venue_times) == (("BTCUSDT",), (100000.0,), (T0,))
    assert [problem.why for problem in problems] == ["markPrice is not above zero"]
    assert answers.mark_columns(listing(), VENUE, T0) is None
    name = "BTC-25SEP26-80000-C"
    options = listing({"symbol": name, "markPrice": "7", "markIv": "0.5", "underlyingPrice": "16590"})
    priced = answers.option_marks(options, VENUE, T0)
    assert priced is not None
    assert (priced.symbols, priced.volatilities, priced.underlyings) == ((name,), (0.5,), (16590.0,))
    assert priced.indexes == (None,)
    assert answers.option_marks(listing(), VENUE, T0) is None
    spot = listing(
        {"symbol": "BTCUSDT", "usdIndexPrice": "20784.1"},
        {"symbol": "BTCUSDC", "usdIndexPrice": "20784.2"},
        {"symbol": "ETHBTC", "usdIndexPrice": "1500"},
        {"symbol": "OLDUSDT", "usdIndexPrice": ""},
    )
    assert answers.asset_prices(spot, VENUE, T0) == (AssetTick(VENUE, "BTC", 20784.1, T0, T0),)


def test_prices_without_a_time_are_no_prices() -> None:
    raw = json.dumps({"retCode": 0, "result": {"list": []}}).encode()
    with pytest.raises(MalformedAnswer, match="no time"):
        answers.marks(raw, VENUE, T0)


def test_the_wallet_tells_at_which_prices_it_counted_but_of_dust_nothing() -> None:
    raw = wallet(
        coin("USDT", "1000", equity="1000", usdValue="999.75"),
        coin("BTC", "1e-8", equity="0.00000001", usdValue="0.001"),
        coin("NFT", "5", equity="5", usdValue="0"),
    )
    assert wallet_prices(raw, VENUE, T0) == (AssetTick(VENUE, "USDT", 0.99975, T0, T0),)


def test_the_venues_clock() -> None:
    assert (
        answers.server_time(answer({"timeSecond": "1790000000", "timeNano": "1790000000500000000"}), VENUE) == T0 + 0.5
    )
    assert answers.server_time(answer({"timeSecond": "1790000000"}), VENUE) == T0


def test_candles_come_newest_first_and_end_at_a_gap() -> None:
    def candle(minute: int, close: str) -> list[str]:
        return [str(int((T0 - 60 * minute) * 1000)), "1", "1", "1", close]

    rows = [candle(0, "9"), candle(1, "5"), candle(2, "4"), candle(4, "2"), candle(5, "1")]
    raw = answer({"symbol": "BTCUSDT", "category": "linear", "list": rows})
    assert answers.candles(raw, VENUE, "BTCUSDT", T0).closes == (4.0, 5.0)
    problems: list[RowProblem] = []
    broken = answer({"list": [candle(1, ""), candle(2, "4"), []]})
    assert answers.candles(broken, VENUE, "BTCUSDT", T0, problems=problems).closes == (4.0,)
    assert len(problems) == 2


KEYS: dict[str, tuple[dict[str, Any], tuple[bool | None, ...]]] = {
    # (may trade, may withdraw, may transfer, bound to addresses)
    "read-only": (
        {"readOnly": 1, "permissions": {"Wallet": ["AccountTransfer"]}, "ips": ["*"]},
        (False, False, False, False),
    ),
    "trades": ({"readOnly": 0, "permissions": {"ContractTrade": ["Order", "Position"]}}, (True, False, False, None)),
    "withdraws": (
        {"readOnly": 0, "permissions": {"Wallet": ["Withdraw"]}, "ips": "10.0.0.1"},
        (False, True, False, True),
    ),
    "transfers": ({"readOnly": 0, "permissions": {"Wallet": ["SubMemberTransfer"]}}, (False, False, True, None)),
    "moves money in a new way": ({"readOnly": 0, "permissions": {"Wallet": ["Teleport"]}}, (False, True, False, None)),
    "a group that we do not know": ({"readOnly": 0, "permissions": {"Earn": ["Earn"]}}, (True, False, False, None)),
    "may write, and nothing": (
        {"readOnly": 0, "permissions": {"Spot": [], "Wallet": None}},
        (False, False, False, None),
    ),
    "may write, and we are not told what": ({"readOnly": 0}, (None, None, None, None)),
    "bound to none": ({"readOnly": 1, "permissions": {}, "ips": []}, (False, False, False, False)),
}


@pytest.mark.parametrize("name", KEYS)
def test_what_a_key_may_do(name: str) -> None:
    said, (trades, withdraws, transfers, bound) = KEYS[name]
    found = answers.permissions(answer(said), ACCOUNT, T0).permissions
    assert found.can_read is True
    assert (found.can_trade, found.can_withdraw, found.can_transfer) == (trades, withdraws, transfers)
    assert found.ip_restricted is bound


def test_a_key_of_which_nothing_is_said_is_malformed() -> None:
    with pytest.raises(MalformedAnswer):
        answers.permissions(answer({"ips": []}), ACCOUNT, T0)


@pytest.mark.parametrize(
    ("said", "expires"),
    [
        ({"expiredAt": "2026-12-15T03:13:24Z"}, 1797304404.0),
        ({"expiredAt": "soon", "deadlineDay": 88}, T0 + 88 * 86_400),
        ({"deadlineDay": 0}, None),
        ({"deadlineDay": -1}, None),
        ({"expiredAt": "1970-01-01T00:00:00Z"}, None),
        ({}, None),
    ],
)
def test_when_a_key_ends(said: dict[str, Any], expires: float | None) -> None:
    found = answers.permissions(answer({"readOnly": 1, "permissions": {}} | said), ACCOUNT, T0).permissions
    assert found.expires == expires


def test_fees_go_by_contract_and_options_by_their_coin() -> None:
    raw = answer({"marginMode": "REGULAR_MARGIN", "unifiedMarginStatus": 6})
    config = account_config(raw, [fees(BTCUSDT="0.0006"), fees(option_BTC="0.0003")], ACCOUNT, T0, T0)
    assert config.fees == (("BTCUSDT", 0.0006), ("option:BTC", 0.0003))
    assert (config.mode.hedge_by_symbol, config.mode.hedge, config.mode.borrows) == (True, False, True)


def test_what_is_set_for_symbols_comes_from_their_positions() -> None:
    raw = answer({"marginMode": "ISOLATED_MARGIN", "unifiedMarginStatus": 5})
    rows = listing(
        position("BTCUSDT", 1.0, "1", "1", "10", autoAddMargin=1),
        position("ETHUSDT", 1.0, "1", "1", "10", positionIdx=1),
        position("ETHUSDT", 0.0, "0", "1", "20", positionIdx=2),
        category="linear",
    )
    config = account_config(raw, [], ACCOUNT, T0, T0, position_raws=[rows])
    told = {one.symbol: (one.leverage, one.auto_add_margin) for one in config.symbols}
    assert told == {"BTCUSDT": (10.0, True), "ETHUSDT": (None, False)}


def test_a_snapshot_is_one_of_several_answers() -> None:
    snapshot = account_snapshot(
        wallet(coin("USDT", 100, availableToWithdraw="60"), totalAvailableBalance="50"),
        [
            listing(position("BTCUSDT", 1.0, "90", "100"), category="linear"),
            listing(position("BTCPERP", -1.0, "90", "100"), category="linear"),
            listing(position("BTCUSD", 100.0, "90", "100"), category="inverse"),
            listing(position("BTC-25SEP26-80-C", -1.0, "9", "10", ""), category="option"),
        ],
        [listing(order("a", "BTCUSDT", 1.0, "80"), order("b", "BTCUSDT", 1.0, "80", leavesQty="0"), category="linear")],
        ACCOUNT,
        T0,
        T0 + 1,
    )
    assert [(one.symbol, one.quantity, one.margin_asset) for one in snapshot.positions] == [
        ("BTCUSDT", 1.0, "USDT"),
        ("BTCPERP", -1.0, "USDC"),
        ("BTCUSD", 100.0, "BTC"),
        ("BTC-25SEP26-80-C", -1.0, "USDC"),
    ]
    assert [one.id for one in snapshot.orders] == ["a"]
    assert dict(snapshot.marks)["BTCUSD"] == 100.0
    assert snapshot.venue.withdrawable is None, "the wallet's own field is not filled any more"
    assert snapshot.problems == ()


def test_a_bad_row_and_one_that_comes_twice_are_problems_of_the_snapshot() -> None:
    rows = listing(
        position("BTCUSDT", 1.0, "90", "100"),
        position("BTCUSDT", 2.0, "90", "100"),
        position("X", 1.0, "1", "1") | {"side": ""},
        category="linear",
    )
    bad: list[RowProblem] = []
    snapshot = account_snapshot(wallet(coin("USDT", "")), [rows], [], ACCOUNT, T0, T0, bad_rows=bad)
    assert snapshot.problems == (
        "balance row 0 cannot be read: walletBalance is not a number",
        "position row 2 cannot be read: a position without a side, or a size below zero",
        "position BTCUSDT long is in the answer twice",
    )
    assert len(bad) == 2


def test_a_wallet_of_two_accounts_is_malformed() -> None:
    with pytest.raises(MalformedAnswer, match="2 accounts"):
        account_snapshot(answer({"list": [{"coin": []}, {"coin": []}]}), [], [], ACCOUNT, T0, T0)


def test_the_transaction_log_tells_why_a_wallet_changed() -> None:
    def entry(kind: str, change: str, second: int, **more: str) -> dict[str, Any]:
        return {"type": kind, "change": change, "currency": "USDC", "symbol": "BTCPERP",
                "transactionTime": str(int((T0 + second) * 1000)), "cashFlow": "0", "fee": "0"} | more  # fmt: skip

    raw = listing(
        entry("AIRDROP", "1", 4, symbol=""),
        entry("SETTLEMENT", "12", 3, cashFlow="10"),
        entry("SETTLEMENT", "-0.5", 2),
        entry("TRADE", "-0.1", 1),
        entry("TRADE", "0", 1),
        {"type": "TRADE"},
        cursor="more",
    )
    problems: list[RowProblem] = []
    page = cash.page(raw, ACCOUNT, T0, problems)
    assert page.cursor == "more"
    assert [(flow.amount, flow.cause.value, flow.symbol) for flow in page.flows] == [
        (-0.1, "trade", "BTCPERP"),
        (-0.5, "funding", "BTCPERP"),
        (2.0, "funding", "BTCPERP"),
        (10.0, "trade", "BTCPERP"),
        (1.0, "other", None),
    ]
    assert [problem.row for problem in problems] == ["transaction row 5"]


def test_an_account_of_no_said_kind_is_refused() -> None:
    config = account_config(answer({"marginMode": "REGULAR_MARGIN"}), [], ACCOUNT, T0, T0)
    assert config.mode.collateral is None
    assert config.problems == ("the venue does not say what kind of account this is",)


def test_positions_of_no_said_category_are_bad_rows() -> None:
    rows = listing(position("BTCUSDT", 1.0, "90", "100"))
    snapshot = account_snapshot(wallet(coin("USDT", 1)), [rows], [], ACCOUNT, T0, T0)
    assert snapshot.positions == ()
    assert snapshot.problems == ("position row 0 cannot be read: nothing tells linear from inverse",)


def test_a_clock_without_a_time_and_an_options_odd_name_are_malformed() -> None:
    with pytest.raises(MalformedAnswer):
        answers.server_time(answer({}), VENUE)
    problems: list[RowProblem] = []
    row = option_contract("BTC-25SEP26-80000-P", "BTC", "USDC", T0) | {"symbol": "ODD"}
    assert answers.instruments([listing(row)], VENUE, T0, problems).instruments == ()
    assert [problem.why for problem in problems] == ["symbol is not an option's name"]


def test_a_wallet_without_a_time_tells_no_prices() -> None:
    raw = json.dumps({"retCode": 0, "result": {"list": [{"coin": [coin("USDT", 1)]}]}}).encode()
    assert wallet_prices(raw, VENUE, T0) == ()


def test_the_index_beside_an_options_forward_reaches_the_tables() -> None:
    name = "BTC-25SEP26-80000-C"
    row = {"symbol": name, "markPrice": "7", "markIv": "0.5", "underlyingPrice": "16590", "indexPrice": "16600"}
    priced = answers.option_marks(listing(row), VENUE, T0)
    assert priced is not None
    tables = VenueTables()
    assert tables.set_options(priced, [name]) == {name}
    assert tables.of(ACCOUNT).options == {name: OptionMark(0.5, 16590.0, T0, 16600.0)}
