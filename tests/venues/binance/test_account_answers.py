"""An account's own answers: what a snapshot believes, what it names as doubtful, and what it leaves out."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.domain.accounts import AccountMode, CollateralMode, MarginMode, Position, SymbolConfig
from monitor.domain.errors import MalformedAnswer
from monitor.domain.events import AccountSnapshot
from monitor.domain.frames import RowProblem
from monitor.domain.lines import NEVER, Line, State
from monitor.domain.names import Side
from monitor.venues.binance.answers import account_config, account_snapshot
from tests.venues.binance.support import ACCOUNT, NOW, raw, recorded_answers

ASKED = NOW - 0.4
WALLET = {
    "asset": "USDT", "walletBalance": "1000.5", "crossWalletBalance": "900.5", "crossUnPnl": "12.5",
    "maintMargin": "3.0", "initialMargin": "30.0", "marginBalance": "1013.0", "availableBalance": "880.0",
    "updateTime": 1790000000000,
}  # fmt: skip


def body(*positions: dict[str, Any], **more: Any) -> bytes:
    return raw({"totalMarginBalance": "1013.0", "assets": [WALLET], "positions": list(positions)} | more)


def held(symbol: str, amount: str, side: str = "BOTH", **more: Any) -> dict[str, Any]:
    return {"symbol": symbol, "positionSide": side, "positionAmt": amount, "updateTime": 1790000000000} | more


def risk(symbol: str, amount: str, side: str = "BOTH", **more: Any) -> dict[str, Any]:
    return {
        "symbol": symbol, "positionSide": side, "positionAmt": amount, "entryPrice": "90000.0",
        "markPrice": "91000.00000000", "unRealizedProfit": "100.0", "liquidationPrice": "85000.12345678",
        "isolatedMargin": "0", "isolatedWallet": "0", "notional": "9100.0", "marginAsset": "USDT",
        "maintMargin": "36.4", "initialMargin": "920.0", "positionInitialMargin": "910.0", "adl": 2,
        "updateTime": 1790000000000,
    } | more  # fmt: skip


def snapshot(account: bytes, *rows: dict[str, Any], symbols: dict[str, SymbolConfig] | None = None) -> AccountSnapshot:
    return account_snapshot(account, raw(list(rows)), ACCOUNT, ASKED, NOW, symbols)


def only(read: AccountSnapshot) -> Position:
    (position,) = read.positions
    return position


@pytest.mark.parametrize(("said", "usd"), [("812.5", 812.5), ("0.00000000", 0.0), ("", None), (None, None)])
def test_what_may_leave_is_what_the_venue_says_and_nothing_is_not_zero(said: str | None, usd: float | None) -> None:
    read = snapshot(body(assets=[WALLET | {"maxWithdrawAmount": said}], maxWithdrawAmount=said))

    assert read.venue.withdrawable == usd
    assert read.balances[0].withdrawable == usd


def test_a_cross_position_with_the_venues_own_figures() -> None:
    read = snapshot(body(held("BTCUSDT", "0.1")), risk("BTCUSDT", "0.1"))
    position = only(read)
    assert read.problems == ()
    assert (position.symbol, position.side, position.quantity, position.entry_price) == (
        "BTCUSDT", Side.LONG, 0.1, 90000.0)  # fmt: skip
    assert (position.margin_mode, position.isolated_wallet, position.hedge) == (MarginMode.CROSS, None, False)
    assert position.venue.liquidation == Line.at(85000.12345678, (91000 - 85000.12345678) / 91000)
    assert (position.venue.maintenance_margin, position.venue.initial_margin, position.venue.adl) == (36.4, 910.0, 2)
    assert read.marks == (("BTCUSDT", 91000.0),)
    assert (read.asked, read.received, read.venue.equity, read.venue.maintenance_margin) == (ASKED, NOW, 1013.0, None)
    (balance,) = read.balances
    assert (balance.wallet, balance.cross_wallet, balance.venue_cross_unrealized_pnl) == (1000.5, 900.5, 12.5)


def test_long_and_short_of_one_symbol_are_two_positions() -> None:
    read = snapshot(
        body(held("BTCUSDT", "0.1", "LONG"), held("BTCUSDT", "-0.2", "SHORT")),
        risk("BTCUSDT", "0.1", "LONG"),
        risk("BTCUSDT", "-0.2", "SHORT"),
        risk("ETHUSDT", "0.000", "LONG"),
    )
    assert [(p.side, p.quantity, p.hedge) for p in read.positions] == [(Side.LONG, 0.1, True), (Side.SHORT, -0.2, True)]
    assert read.problems == ()


def test_isolated_is_told_by_its_amounts() -> None:
    row = risk("BTCUSDT", "0.1", isolatedMargin="1100.0", isolatedWallet="1000.0")
    assert (only(snapshot(body(held("BTCUSDT", "0.1")), row)).margin_mode) is MarginMode.ISOLATED
    assert only(snapshot(body(held("BTCUSDT", "0.1")), row)).isolated_wallet == 1000.0


def test_an_older_answer_without_a_wallet_has_it_inside_its_margin() -> None:
    row = risk("BTCUSDT", "0.1", isolatedMargin="1100.0", marginType="isolated")
    del row["isolatedWallet"]
    assert only(snapshot(body(held("BTCUSDT", "0.1")), row)).isolated_wallet == 1000.0


def test_a_margin_mode_that_contradicts_the_setting_is_unreadable_and_said_so() -> None:
    setting = {"BTCUSDT": SymbolConfig(symbol="BTCUSDT", margin_mode=MarginMode.ISOLATED)}
    read = snapshot(body(held("BTCUSDT", "0.1")), risk("BTCUSDT", "0.1"), symbols=setting)
    assert only(read).margin_mode is None
    assert read.problems == (
        "margin mode of BTCUSDT long is unreadable: its isolated margin of 0 says cross, the symbol's setting says "
        "isolated",
    )


def test_a_margin_mode_of_which_nothing_tells_is_unreadable() -> None:
    row = risk("BTCUSDT", "0.1")
    del row["isolatedWallet"], row["isolatedMargin"]
    read = snapshot(body(held("BTCUSDT", "0.1")), row)
    assert only(read).margin_mode is None
    assert "nothing tells" in read.problems[0]
    setting = {"BTCUSDT": SymbolConfig(symbol="BTCUSDT", margin_mode=MarginMode.CROSS)}
    assert only(snapshot(body(held("BTCUSDT", "0.1")), row, symbols=setting)).margin_mode is MarginMode.CROSS


@pytest.mark.parametrize(
    ("printed", "state"),
    [
        ("0", State.NEVER),
        ("0.00000000", State.NEVER),
        ("-12.5", State.NEVER),
        ("", State.UNKNOWN),
        (None, State.UNKNOWN),
        ("nan", State.UNKNOWN),
        ("12.5", State.AT),
    ],
)
def test_complaint_5_the_venues_word_for_no_price_is_no_distance_of_100_percent(
    printed: str | None, state: State
) -> None:
    row = risk("BTCUSDT", "0.1", liquidationPrice=printed)
    line = only(snapshot(body(held("BTCUSDT", "0.1")), row)).venue.liquidation
    assert line.state is state
    if state is State.NEVER:
        assert line == NEVER
        assert line.price is None
    if state is State.UNKNOWN:
        assert (line.price, line.distance_ratio) == (None, None)
        assert line.reasons


def test_complaint_5_absent_is_unknown_too() -> None:
    row = risk("BTCUSDT", "0.1")
    del row["liquidationPrice"]
    assert only(snapshot(body(held("BTCUSDT", "0.1")), row)).venue.liquidation.state is State.UNKNOWN


def test_complaint_12_a_hundred_readings_of_a_hedge_leave_both_sides_and_their_margins_as_they_are() -> None:
    rows = [risk("BTCUSDT", "0.1", "LONG"), risk("BTCUSDT", "-0.2", "SHORT")]
    account = body(held("BTCUSDT", "0.1", "LONG"), held("BTCUSDT", "-0.2", "SHORT"))
    first = snapshot(account, *rows)
    assert {snapshot(account, *rows).positions for _ in range(100)} == {first.positions}
    assert {p.key for p in first.positions} == {("BTCUSDT", Side.LONG), ("BTCUSDT", Side.SHORT)}


def test_half_a_snapshot_is_named() -> None:
    read = snapshot(
        body(held("BTCUSDT", "0.1"), held("ETHUSDT", "2"), held("SOLUSDT", "5")),
        risk("BTCUSDT", "0.1"),
        risk("SOLUSDT", "6"),
        risk("XRPUSDT", "-7"),
    )
    assert read.problems == (
        "ETHUSDT long is in account but not in positionRisk",
        "SOLUSDT long has two sizes: 6 and 5",
        "XRPUSDT short is in positionRisk but not in account",
    )


def test_a_bad_row_costs_itself_and_is_named() -> None:
    read = snapshot(
        body(held("BTCUSDT", "0.1")), risk("BTCUSDT", "0.1"), risk("ETHUSDT", "nan"), risk("SOLUSDT", "1", "SHORT")
    )
    assert [position.symbol for position in read.positions] == ["BTCUSDT"]
    assert [problem.partition(":")[0] for problem in read.problems] == [
        "position row 1 cannot be read",
        "position row 2 cannot be read",
    ]


def test_a_row_twice_is_named() -> None:
    read = snapshot(
        body(held("BTCUSDT", "0.1"), assets=[WALLET, WALLET]), risk("BTCUSDT", "0.1"), risk("BTCUSDT", "0.1")
    )
    assert read.problems == ("balance USDT is in the answer twice", "position BTCUSDT long is in the answer twice")


def test_an_entry_price_of_0_on_an_open_position_is_recovered_from_the_venues_profit() -> None:
    # (mark - entry) x quantity = profit, so entry = 91 000 - 100 / 0.1.
    row = risk("BTCUSDT", "0.1", entryPrice="0.0")
    assert only(snapshot(body(held("BTCUSDT", "0.1")), row)).entry_price == 90000.0
    row["unRealizedProfit"] = ""
    assert only(snapshot(body(held("BTCUSDT", "0.1")), row)).entry_price is None


def test_maintenance_comes_from_the_other_answer_where_the_row_has_none() -> None:
    row = risk("BTCUSDT", "0.1")
    del row["maintMargin"]
    read = snapshot(body(held("BTCUSDT", "0.1", maintMargin="36.4")), row)
    assert only(read).venue.maintenance_margin == 36.4


def test_an_account_without_its_balances_is_no_account() -> None:
    with pytest.raises(MalformedAnswer):
        snapshot(b'{"positions": []}')


def test_an_empty_account_is_empty_and_not_a_problem() -> None:
    read = snapshot(raw({"assets": [], "positions": []}))
    assert (read.positions, read.balances, read.problems) == ((), (), ())


def test_modes_and_settings() -> None:
    modes = {"dualSidePosition": True, "multiAssetsMargin": False, "feeTier": 0}
    settings = [
        {"symbol": "BTCUSDT", "marginType": "CROSSED", "isAutoAddMargin": "false", "leverage": 21},
        {"symbol": "ETHUSDT", "marginType": "ISOLATED", "isAutoAddMargin": True, "leverage": "5"},
        {"symbol": "SOLUSDT", "marginType": "SIDEWAYS"},
        {"leverage": 3},
    ]
    read = account_config(raw(modes), raw(settings), ACCOUNT, ASKED, NOW)
    assert read.mode == AccountMode(collateral=CollateralMode.SINGLE_ASSET, hedge=True)
    assert read.symbols == (
        SymbolConfig(symbol="BTCUSDT", margin_mode=MarginMode.CROSS, leverage=21.0, auto_add_margin=False),
        SymbolConfig(symbol="ETHUSDT", margin_mode=MarginMode.ISOLATED, leverage=5.0, auto_add_margin=True),
        SymbolConfig(symbol="SOLUSDT"),
    )
    assert len(read.problems) == 1


def test_a_mode_that_is_not_in_the_answer_is_unknown() -> None:
    read = account_config(b'{"feeTier": 0}', None, ACCOUNT, ASKED, NOW)
    assert read.mode == AccountMode(collateral=None, hedge=None)


def test_every_recorded_account_and_position_answer_can_be_read() -> None:
    accounts, positions = 0, 0
    for record in recorded_answers("usdm_private_rest.json"):
        response = record["response"]
        if isinstance(response, dict) and "assets" in response:
            read = account_snapshot(raw(response), b"[]", ACCOUNT, ASKED, NOW)
            assert read.balances
            assert not any("cannot be read" in problem for problem in read.problems)
            accounts += 1
        if isinstance(response, list) and response and "liquidationPrice" in response[0]:
            read = account_snapshot(b'{"assets": []}', raw(response), ACCOUNT, ASKED, NOW)
            assert read.problems == ()
            assert len(read.positions) == sum(float(row["positionAmt"]) != 0 for row in response)
            positions += 1
    assert (accounts, positions) == (3, 6)


def test_the_recorded_isolated_hedge_has_its_wallets_and_entries() -> None:
    response = next(
        record["response"]
        for record in recorded_answers("usdm_private_rest.json")
        if str(record.get("file", "")).endswith("positions_hedge.json")
    )
    long, short = account_snapshot(b'{"assets": []}', raw(response), ACCOUNT, ASKED, NOW).positions
    assert long.isolated_wallet == pytest.approx(13200.70726908)
    assert short.isolated_wallet == pytest.approx(6570.42511771)
    assert short.entry_price == pytest.approx(6563.86)


def test_rows_that_cannot_be_read_are_given_as_they_came_and_contradictions_are_not_among_them() -> None:
    bad: list[RowProblem] = []
    rows = [risk("BTCUSDT", "NaN"), {"symbol": 5}, risk("ETHUSDT", "1")]
    account = body(held("ETHUSDT", "2"), assets=[WALLET, {"asset": "BNB"}])
    read = account_snapshot(account, raw(rows), ACCOUNT, ASKED, NOW, None, bad)
    assert [one.row for one in bad] == ["balance row 1", "position row 0", "position row 1"]
    assert '"asset":"BNB"' in bad[0].text.replace(" ", "")
    assert len(read.problems) == 4, "the two sizes of ETHUSDT are a problem, but every row could be read"


def test_a_symbol_setting_that_cannot_be_read_is_given_as_it_came() -> None:
    bad: list[RowProblem] = []
    config = account_config(raw({"dualSidePosition": False}), raw([{"leverage": 5}]), ACCOUNT, ASKED, NOW, bad)
    assert [one.row for one in bad] == ["symbol setting row 0"]
    assert "leverage" in bad[0].text
    assert len(config.problems) == 1
