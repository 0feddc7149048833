"""COIN-M: contracts counted in pieces, brackets and wallets in the coin, settings out of the list of positions."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.domain.accounts import CollateralMode, MarginMode
from monitor.domain.events import BalanceChanged, CashFlow, PositionChanged
from monitor.domain.instruments import Payoff
from monitor.domain.lines import State
from monitor.domain.names import Side
from monitor.domain.quality import Quality
from monitor.domain.tiers import Tier
from monitor.venues.binance import endpoints_coinm as coinm
from monitor.venues.binance.answers import account_snapshot, candles, instruments, mark_columns, tiers
from monitor.venues.binance.coinm_answers import coinm_config
from monitor.venues.binance.coins import settled_in_coin
from tests.venues.binance.support import ACCOUNT, NOW, VENUE, decoded, raw, recorded_answers
from tests.venues.binance.told import (
    STAMP,
    coin_brackets,
    coin_contract,
    coin_folder,
    coin_position,
    named,
    reported,
    told,
)

FLAT = [coin_brackets(symbol, (0, 0.01, 0)) for symbol in ("BTCUSD_PERP", "BTCUSD_261225", "ETHUSD_PERP")]
RISING = [coin_brackets("BTCUSD_PERP", (0, 0.004, 0), (5, 0.005, 0.005))]


def settings(*rows: dict[str, Any], mode: object = True) -> Any:
    return coinm_config(raw({"dualSidePosition": mode}), raw(list(rows)), ACCOUNT, 1.0, 2.0)


class TestAnswers:
    def test_contracts_are_inverse_and_have_a_size(self) -> None:
        body = {"symbols": [coin_contract("BTCUSD_PERP"), coin_contract("ETHUSD_261225", 10)]}
        perpetual, dated = instruments(raw(body), VENUE, NOW).instruments
        assert (perpetual.payoff, perpetual.base, perpetual.quote, perpetual.settle) == (
            Payoff.INVERSE, "BTC", "USD", "BTC",
        )  # fmt: skip
        assert (perpetual.contract_size, perpetual.tick_size, perpetual.delivery_time) == (100.0, 0.1, None)
        assert (dated.contract_size, dated.delivery_time, dated.trading) == (10.0, 1798185600.0, True)

    @pytest.mark.parametrize(
        ("field", "value"),
        [("contractSize", "0"), ("contractSize", "nan"), ("contractSize", ""), ("marginAsset", "USDT")],
    )
    def test_a_contract_that_makes_no_sense_is_a_bad_row(self, field: str, value: object) -> None:
        bad: list[Any] = []
        body = {"symbols": [{**coin_contract("BTCUSD_PERP"), field: value}, coin_contract("ETHUSD_PERP", 10)]}
        assert [one.symbol for one in instruments(raw(body), VENUE, NOW, bad).instruments] == ["ETHUSD_PERP"]
        assert len(bad) == 1

    def test_brackets_go_by_notional_in_the_coin(self) -> None:
        ((_, table),) = tiers(raw(RISING), VENUE, ACCOUNT, NOW).tiers
        assert table.tiers == (Tier(0.0, 0.004, 0.0), Tier(5.0, 0.005, 0.005))
        assert table.cap == 1e6

    def test_the_misspelt_floor_of_the_documented_sample_is_read_and_its_factor_moves_the_edges(self) -> None:
        rows = [
            {
                "symbol": "BTCUSD_PERP",
                "notionalCoef": 1.5,
                "brackets": [
                    {"qtylFloor": 0, "qtyCap": 50, "maintMarginRatio": 0.004, "cum": 0},
                    {"qtylFloor": 50, "qtyCap": 100, "maintMarginRatio": 0.01, "cum": 0.3},
                ],
            }
        ]
        ((_, table),) = tiers(raw(rows), VENUE, ACCOUNT, NOW).tiers
        first, second = table.tiers
        assert (first, second.floor, second.rate) == (Tier(0.0, 0.004, 0.0), 75.0, 0.01)
        assert second.deduction == pytest.approx(0.45)
        assert table.cap == 150.0

    def test_a_bracket_without_any_floor_is_a_bad_row(self) -> None:
        bad: list[Any] = []
        rows = [{"symbol": "BTCUSD_PERP", "brackets": [{"qtyCap": 50, "maintMarginRatio": 0.004}]}]
        assert tiers(raw(rows), VENUE, ACCOUNT, NOW, bad).tiers == ()
        assert len(bad) == 1

    def test_settings_come_from_the_list_of_positions(self) -> None:
        row = coin_position("BTCUSD_PERP", 0, 0.0, 0.0, marginType="isolated", isAutoAddMargin="true", leverage="20")
        config = settings(row)
        assert (config.mode.collateral, config.mode.hedge) == (CollateralMode.SINGLE_ASSET, True)
        (found,) = config.symbols
        assert (found.symbol, found.margin_mode, found.leverage, found.auto_add_margin) == (
            "BTCUSD_PERP", MarginMode.ISOLATED, 20.0, True,
        )  # fmt: skip

    def test_a_symbol_has_one_setting_though_a_hedge_lists_it_three_times(self) -> None:
        rows = [coin_position("BTCUSD_PERP", 0, 0.0, 0.0, positionSide=side) for side in ("BOTH", "LONG", "SHORT")]
        assert len(settings(*rows).symbols) == 1

    def test_a_mode_that_is_not_told_is_not_guessed(self) -> None:
        assert settings(mode=None).mode.hedge is None

    def test_maintenance_of_positions_is_in_the_accounts_answer(self) -> None:
        held = {
            "symbol": "BTCUSD_PERP", "positionAmt": "100", "positionSide": "BOTH", "maintMargin": "0.001",
            "initialMargin": "0.05", "positionInitialMargin": "0.04",
        }  # fmt: skip
        account = raw({"assets": [], "positions": [held]})
        risk = raw([coin_position("BTCUSD_PERP", 100, 40000.0, 40000.0, notionalValue="0.25")])
        (position,) = account_snapshot(account, risk, ACCOUNT, 1.0, 2.0).positions
        assert (position.venue.maintenance_margin, position.venue.initial_margin) == (0.001, 0.04)
        assert (position.venue.notional, position.leverage, position.quantity) == (0.25, 10.0, 100.0)

    def test_marks_and_candles_have_the_words_of_the_other_family(self) -> None:
        rows = [{"symbol": "BTCUSD_PERP", "pair": "BTCUSD", "markPrice": "40000.5", "time": STAMP}]
        ticks = mark_columns(raw(rows), VENUE, NOW)
        assert ticks is not None
        assert (ticks.symbols, ticks.marks) == (("BTCUSD_PERP",), (40000.5,))
        assert candles(raw([[0, "1", "1", "1", "2", "0", 59999]]), VENUE, "BTCUSD_PERP", 120.0).closes == (2.0,)


class TestPools:
    def test_each_coin_is_a_pool_of_its_own_counted_in_the_coin(self) -> None:
        files = coin_folder(
            coin_position("BTCUSD_PERP", 100, 40000.0, 40000.0),
            coin_position("BTCUSD_261225", -50, 41000.0, 41000.0),
            coin_position("ETHUSD_PERP", 30, 2000.0, 2000.0),
            wallets={"BTC": 0.5, "ETH": 2.0, "BNB": 1.0},
            brackets=FLAT,
        )
        pools = told(files).pools
        assert list(pools) == ["cross:BNB", "cross:BTC", "cross:ETH"]
        btc = pools["cross:BTC"]
        assert (btc.numeraire, btc.cash, btc.reasons, btc.unknown) == ("BTC", 0.5, (), ())
        assert [(leg.symbol, leg.quantity, leg.payoff, leg.coin) for leg in btc.legs] == [
            ("BTCUSD_261225", -5000.0, Payoff.INVERSE, "BTC"),
            ("BTCUSD_PERP", 10000.0, Payoff.INVERSE, "BTC"),
        ]
        assert [leg.quantity for leg in pools["cross:ETH"].legs] == [300.0]
        assert all(leg.initial_margin_rate == 0.1 for leg in btc.legs)

    def test_an_isolated_position_has_a_pool_of_its_own_in_the_coin(self) -> None:
        row = coin_position(
            "BTCUSD_PERP", 100, 40000.0, 40000.0, marginType="isolated", isolatedMargin="0.05", isolatedWallet="0.05",
            isAutoAddMargin="true",
        )  # fmt: skip
        pools = told(coin_folder(row, wallets={"BTC": 0.5}, brackets=FLAT)).pools
        alone = pools["isolated:BTCUSD_PERP:long"]
        assert (alone.cash, alone.numeraire, alone.isolated) == (0.05, "BTC", True)
        assert alone.backstop == pools["cross:BTC"].key

    def test_the_tier_is_that_of_the_notional_in_the_coin(self) -> None:
        """2500 contracts of 100 USD at 40 000 are 6.25 BTC: 0.5 % less 0.005."""
        files = coin_folder(coin_position("BTCUSD_PERP", 2500, 40000.0, 40000.0), wallets={"BTC": 1.0}, brackets=RISING)
        (result,) = told(files, BTC=40000.0).results().values()
        assert result.maintenance_margin == pytest.approx(6.25 * 0.005 - 0.005)

    def test_a_short_covered_by_its_coin_has_no_line(self) -> None:
        files = coin_folder(coin_position("BTCUSD_PERP", -100, 40000.0, 40000.0), wallets={"BTC": 1.0}, brackets=FLAT)
        (result,) = told(files, BTC=40000.0).results().values()
        assert result.positions[0].line.state is State.NEVER

    def test_without_contract_data_the_usual_sizes_are_assumed_in_words(self) -> None:
        files = coin_folder(
            coin_position("BTCUSD_PERP", 1, 4e4, 4e4),
            coin_position("XRPUSD_PERP", 1, 2.0, 2.0),
            wallets={"BTC": 1.0, "XRP": 100.0},
            brackets=FLAT,
            listed=[],
        )
        pools = told(files).pools
        assert [leg.quantity for name in ("cross:BTC", "cross:XRP") for leg in pools[name].legs] == [100.0, 10.0]
        assert all(len(pools[name].reasons) == 1 for name in ("cross:BTC", "cross:XRP"))

    def test_a_mode_that_the_positions_contradict_makes_the_account_unknown(self) -> None:
        row = coin_position("BTCUSD_PERP", 1, 4e4, 4e4, positionSide="LONG")
        assert told(coin_folder(row, wallets={"BTC": 1.0}, brackets=FLAT)).description.unknown

    def test_a_folder_without_the_position_mode_is_unknown(self) -> None:
        files = coin_folder(coin_position("BTCUSD_PERP", 1, 4e4, 4e4), wallets={"BTC": 1.0}, brackets=FLAT)
        del files[named(coinm.DUAL_SIDE)]
        assert reported(files).quality is Quality.UNKNOWN


def test_a_push_with_all_contracts_closes_only_what_is_kept_that_way() -> None:
    rows = [
        {"s": symbol, "pa": amount, "ep": "40000", "mt": "cross", "iw": "0", "ps": side}
        for symbol, amount, side in (
            ("BTCUSD_PERP", "0", "BOTH"),
            ("BTCUSD_PERP", "25", "LONG"),
            ("BTCUSD_PERP", "0", "SHORT"),
            ("ETHUSD_PERP", "0", "LONG"),
        )
    ]
    frame = {
        "e": "ACCOUNT_UPDATE", "E": STAMP, "T": STAMP, "i": "SgsR",
        "a": {"m": "ORDER", "B": [{"a": "BTC", "wb": "0.5", "cw": "0.4", "bc": "0"}], "P": rows},
    }  # fmt: skip
    events = decoded(raw(frame)).events
    assert [(one.asset, one.cross_wallet) for one in events if isinstance(one, BalanceChanged)] == [("BTC", 0.4)]
    changes = [one for one in events if isinstance(one, PositionChanged)]
    assert [(one.symbol, one.side, one.quantity) for one in changes] == [
        ("BTCUSD_PERP", None, 0.0),
        ("BTCUSD_PERP", Side.LONG, 25.0),
        ("BTCUSD_PERP", Side.SHORT, 0.0),
        ("ETHUSD_PERP", Side.LONG, 0.0),
    ]


def test_what_a_fill_earned_is_in_the_coin_though_its_fee_was_not() -> None:
    order = {
        "s": "BNBUSD_PERP", "c": "mine", "S": "SELL", "x": "TRADE", "X": "FILLED",
        "rp": "0.25", "n": "0.001", "N": "BNB",
    }  # fmt: skip
    frame = {"e": "ORDER_TRADE_UPDATE", "E": STAMP, "T": STAMP, "o": order}
    flows = [one for one in decoded(raw(frame)).events if isinstance(one, CashFlow)]
    assert [(one.asset, one.amount) for one in flows] == [("BNB", 0.25), ("BNB", -0.001)]
    frame["o"] = {**order, "s": "BTCUSD_PERP", "N": None}
    (flow,) = [one for one in decoded(raw(frame)).events if isinstance(one, CashFlow)]
    assert (flow.asset, flow.amount) == ("BTC", 0.25)


@pytest.mark.parametrize(
    ("symbol", "coin"),
    [("BTCUSD_PERP", "BTC"), ("ETHUSD_261225", "ETH"), ("BTCUSDT", None), ("BTCUSDT_261225", None),
     ("BTCUSDC_261225", None), ("USD_PERP", None), ("BTCUSD", None)],
)  # fmt: skip
def test_a_name_tells_the_coin_that_a_contract_settles_in(symbol: str, coin: str | None) -> None:
    assert settled_in_coin(symbol) == coin


def test_every_recorded_answer_of_coinm_is_read() -> None:
    answers = {
        str(one.get("path") or one.get("endpoint")): one["response"]
        for one in recorded_answers("coinm_private_rest.json")
    }
    account, risk = answers["/dapi/v1/account"], answers["/dapi/v1/positionRisk"]
    config = coinm_config(raw(answers["get_current_position_mode"]), raw(risk), ACCOUNT, 1.0, 2.0)
    assert config.mode.hedge is True
    # The two samples are of one account and speak of different days: the position is in one of them only.
    snapshot = account_snapshot(raw(account), raw(risk), ACCOUNT, 1.0, 2.0, {one.symbol: one for one in config.symbols})
    (position,) = snapshot.positions
    assert (position.symbol, position.side, position.quantity) == ("BTCUSD_201225", Side.LONG, 1.0)
    assert position.venue.liquidation.price == 11667.63509587
    assert snapshot.problems == ("BTCUSD_201225 long is in positionRisk but not in account",)
    assert [(one.asset, one.cross_wallet) for one in snapshot.balances] == [("BTC", 0.00241969)]
    for name in ("notional_bracket_for_symbol", "/dapi/v2/leverageBracket"):
        assert [symbol for symbol, _ in tiers(raw(answers[name]), VENUE, ACCOUNT, NOW).tiers] == ["BTCUSD_PERP"]
    ticks = mark_columns(raw(answers["/dapi/v1/premiumIndex"]), VENUE, NOW)
    assert ticks is not None
    assert ticks.symbols == ("BTCUSD_PERP", "BTCUSD_200925")
