"""Deeds of an account's owner: what they do to wallets, positions and margin, and what is refused."""

from __future__ import annotations

import pytest

from monitor.sim.kucoin.accounts import SimAccount
from monitor.sim.kucoin.futures import Isolated
from monitor.sim.kucoin.listing import TAKER_FEE
from tests.sim.kucoin.clients import data, private, still


def test_a_position_opens_grows_shrinks_and_turns() -> None:
    sim = still()
    account = sim.add_account("a")
    position = account.trade("XBTUSDTM", 10.0, price=100_000.0, fee_rate=0.0)
    account.trade("XBTUSDTM", 30.0, price=96_000.0, fee_rate=0.0)
    assert (position.lots, position.entry) == (40.0, 97_000.0)
    account.trade("XBTUSDTM", -20.0, price=98_000.0, fee_rate=0.0)
    assert account.cash["USDT"] == pytest.approx(10_000.0 + 0.02 * 1_000.0)
    turned = account.trade("XBTUSDTM", -30.0, price=97_000.0, fee_rate=0.0)
    assert (turned.lots, turned.entry) == (-10.0, 97_000.0)
    account.close("XBTUSDTM", price=96_000.0)
    assert account.positions == {}
    assert account.cash["USDT"] == pytest.approx(10_030.0 - 960.0 * 1e-3 * 0.6, abs=0.01)


def test_an_inverse_entry_is_averaged_by_cost_and_profit_is_in_the_coin() -> None:
    sim = still()
    account = sim.add_account("a", wallets={"BTC": 1.0})
    position = account.trade("XBTUSDM", 10_000.0, price=100_000.0, fee_rate=0.0)
    account.trade("XBTUSDM", 10_000.0, price=50_000.0, fee_rate=0.0)
    assert position.entry == pytest.approx(20_000.0 / 0.3)
    account.trade("XBTUSDM", -20_000.0, price=100_000.0, fee_rate=0.0)
    assert account.cash["BTC"] == pytest.approx(1.0 + 0.3 - 0.2)


def test_a_trade_costs_its_fee_once() -> None:
    sim = still()
    account = sim.add_account("a")
    account.trade("XBTUSDTM", 10.0, price=100_000.0)
    assert account.cash["USDT"] == pytest.approx(10_000.0 - 1_000.0 * TAKER_FEE)


def test_in_hedge_mode_both_sides_are_records_of_their_own() -> None:
    sim = still()
    account = sim.add_account("a", hedge=True)
    account.buy("XBTUSDTM", 10.0)
    account.sell("XBTUSDTM", 4.0)
    rows = data(sim, "/api/v1/positions", account)
    assert [(row["positionSide"], row["currentQty"]) for row in rows] == [("LONG", 10), ("SHORT", -4)]
    account.trade("XBTUSDTM", -3.0, side="LONG")
    assert account.positions["XBTUSDTM", "LONG"].lots == 7.0
    account.close("XBTUSDTM", side="SHORT")
    assert len(account.positions) == 1
    assert data(sim, "/api/v2/position/getPositionMode", account) == {"positionMode": 1}


def test_of_a_hedged_contract_the_larger_side_holds_initial_margin() -> None:
    sim = still()
    account = sim.add_account("a", hedge=True)
    account.trade("XBTUSDTM", 10.0, side="LONG", leverage=10.0)
    alone = account.futures("USDT").cross_initial
    account.trade("XBTUSDTM", -4.0, side="SHORT", leverage=10.0)
    assert account.futures("USDT").cross_initial == pytest.approx(alone)
    assert account.futures("USDT").maintenance > 0.0


def test_isolated_margin_is_a_part_of_the_wallet() -> None:
    sim = still()
    account = sim.add_account("a")
    account.trade("XBTUSDTM", 10.0, price=98_000.0, mode="ISOLATED", leverage=10.0)
    account.add_margin("XBTUSDTM", 50.0)
    figures = account.futures("USDT")
    assert figures.isolated_margin == pytest.approx(98.0 + 50.0)
    assert figures.total_cross == pytest.approx(account.cash["USDT"] - 148.0)
    account.trade("XBTUSDTM", -5.0, price=98_000.0)
    assert account.futures("USDT").isolated_margin == pytest.approx(74.0)


def test_margin_is_taken_out_of_the_first_one() -> None:
    sim = still()
    account = sim.add_account("a")
    position = account.trade("XBTUSDTM", 10.0, mode="ISOLATED")
    before = position.initial
    account.add_margin("XBTUSDTM", -0.2)
    assert position.initial == pytest.approx(before - 0.2)
    assert position.added == 0.0
    with pytest.raises(KeyError):
        account.add_margin("ETHUSDTM", 1.0)


def test_funding_is_paid_out_of_an_isolated_margin_and_moves_its_line() -> None:
    sim = still()
    account = sim.add_account("a")
    position = account.trade("XBTUSDTM", 10.0, mode="ISOLATED")
    line = Isolated(position, sim.board.prices).lines.liquidation
    account.pay_funding("XBTUSDTM", 0.01)
    assert position.funding_paid > 0.0
    assert Isolated(position, sim.board.prices).lines.liquidation > line
    row = data(sim, "/api/v1/positions", account)[0]
    assert row["posFunding"] == pytest.approx(row["posCross"] - row["posLoss"])
    paid = position.funding_paid
    account.trade("XBTUSDTM", -5.0)
    assert position.funding_paid == pytest.approx(paid / 2.0)


def test_a_higher_level_needs_more_and_is_told() -> None:
    sim = still()
    account = sim.add_account("a")
    position = account.trade("XBTUSDTM", 10.0, mode="ISOLATED")
    socket = private(sim, account, "/contract/positionAll")
    socket.take()
    low = Isolated(position, sim.board.prices)
    account.set_risk_level("XBTUSDTM", 3)
    high = Isolated(position, sim.board.prices)
    assert (low.rate, high.rate) == (0.004, 0.007)
    assert high.lines.liquidation > low.lines.liquidation
    adjusted, whole = socket.take()
    assert adjusted["data"] == {"success": True, "riskLimitLevel": 3, "msg": ""}
    assert (whole["data"]["riskLimitLevel"], whole["data"]["maintMarginReq"]) == (3, 0.007)


def test_a_level_that_is_too_low_is_refused() -> None:
    sim = still()
    account = sim.add_account("a", wallets={"USDT": 1_000_000.0})
    account.trade("XBTUSDTM", 3_000.0, mode="ISOLATED")
    assert account.positions["XBTUSDTM", "BOTH"].level == 2
    with pytest.raises(ValueError, match="level 1 allows 100000"):
        account.set_risk_level("XBTUSDTM", 1)
    with pytest.raises(ValueError, match="no risk-limit level 99"):
        account.set_risk_level("XBTUSDTM", 99)


def test_modes_stay_while_something_is_held_or_rests() -> None:
    sim = still()
    account = sim.add_account("a")
    account.place("XBTUSDTM", 1.0, 50_000.0)
    with pytest.raises(ValueError, match="stays"):
        account.set_margin_mode("XBTUSDTM", "ISOLATED")
    with pytest.raises(ValueError, match="stays"):
        account.set_hedge(True)
    with pytest.raises(ValueError, match="stays"):
        account.switch_kind("unified")
    account.cancel(next(iter(account.orders)))
    account.switch_kind("unified")
    assert data(sim, "/api/ua/v1/account/mode", account)["selfAccountMode"] == "UNIFIED"


def test_a_mode_that_is_chosen_while_a_position_is_open_waits_for_the_next_one() -> None:
    sim = still()
    account = sim.add_account("a")
    account.trade("XBTUSDTM", 1.0, mode="CROSS")
    assert account.trade("XBTUSDTM", 1.0, mode="ISOLATED").mode == "CROSS"


def test_resting_orders_hold_margin_but_those_that_reduce_do_not() -> None:
    sim = still()
    account = sim.add_account("a")
    free = account.futures("USDT").available
    account.place("SOLUSDTM", 100.0, 180.0, leverage=10.0)
    account.place("SOLUSDTM", 100.0, 180.0, reduce_only=True)
    assert account.futures("USDT").available == pytest.approx(free - 180.0)
    assert account.futures("USDT").risk_ratio > 0.0


def test_theft_is_not_told_and_a_transfer_is() -> None:
    sim = still()
    account = sim.add_account("a")
    socket = private(sim, account, "/contractAccount/wallet")
    socket.take()
    account.steal("USDT", 100.0)
    assert socket.take() == []
    account.transfer("USDT", 100.0)
    assert [row["walletBalance"] for row in socket.of("walletBalance.change")] == ["10000"]


def test_what_is_frozen_backs_nothing() -> None:
    sim = still()
    account = sim.add_account("a")
    account.freeze("USDT", 1_000.0)
    assert account.futures("USDT").total_cross == pytest.approx(9_000.0)
    assert data(sim, "/api/v1/account-overview", account, currency="USDT")["frozenFunds"] == 1_000.0


def unified(**wallets: float) -> SimAccount:
    return still().add_account("u", kind="unified", wallets=wallets)


def test_several_coins_back_a_unified_account_each_with_its_haircut() -> None:
    account = unified(USDT=1_000.0, BTC=0.1)
    prices = account.board.prices
    figures = account.unified()
    assert figures.equity == pytest.approx(1_000.0 + 0.1 * prices.pair("BTC-USDT"))
    assert figures.adjusted == pytest.approx(1_000.0 + 0.098 * prices.pair("BTC-USDT"))


def test_what_is_not_there_is_borrowed_and_counts_whole() -> None:
    account = unified(USDT=10_000.0)
    account.trade_spot("BTC-USDT", -0.05)
    figures = account.unified()
    assert figures.owed_of("BTC") == pytest.approx(0.05)
    assert figures.liability == pytest.approx(0.05 * account.board.prices.pair("BTC-USDT"))
    assert figures.risk_ratio == 0.0


def test_orders_lift_the_tier_of_their_contract() -> None:
    account = unified(USDT=100_000.0)
    account.buy("XBTUSDTM", 2_000.0)
    assert account.unified().rate("XBTUSDTM") == 0.004
    account.place("XBTUSDTM", 1_000.0, 90_000.0)
    assert account.unified().rate("XBTUSDTM") == 0.005


def test_an_isolated_position_of_a_unified_account_stands_alone() -> None:
    sim = still()
    account = sim.add_account("u", kind="unified")
    position = account.trade("XBTUSDTM", 10.0, price=98_000.0, mode="ISOLATED", leverage=10.0, fee_rate=0.0)
    figures = account.unified()
    assert figures.balance_of("USDT") == pytest.approx(10_000.0 - 98.0)
    assert figures.risk_ratio == 0.0
    row = data(sim, "/api/ua/v1/unified/position/open-list", account)[0]
    assert (row["marginMode"], row["initialMargin"], row["mmr"]) == ("ISOLATED", "98", "0.004")
    assert float(row["maintenanceMargin"]) == pytest.approx(float(row["positionValue"]) * 0.0046)
    sim.set_mark("XBTUSDTM", account.alone(position).lines.liquidation - 1.0)
    sim.tick()
    assert account.open_positions() == []
    assert account.cash["USDT"] == pytest.approx(10_000.0 - 98.0)


# spot margin


def test_a_debt_ratio_is_debts_over_assets() -> None:
    sim = still()
    account = sim.add_account("a", isolated={"DOGE-USDT": {"USDT": 10.0}})
    account.borrow("DOGE", 10.0, "DOGE-USDT")
    doge = sim.board.prices.usd("DOGE") / sim.board.prices.usd("USDT")
    assert account.debt_ratio("DOGE-USDT") == pytest.approx(10.0 * doge / (10.0 + 10.0 * doge))
    row = data(sim, "/api/v3/isolated/accounts", account, queryType="ALL")["assets"][0]
    assert row["debtRatio"] == f"{account.debt_ratio('DOGE-USDT'):.4f}"


def test_paying_back_takes_interest_first() -> None:
    sim = still()
    account = sim.add_account("a", margin={"USDT": 1_000.0})
    account.borrow("BTC", 0.01)
    account.charge_interest(0.1)
    coin = account.margin.coin("BTC")
    assert coin.owed == pytest.approx(0.011)
    prices = sim.board.prices
    assert account.debt_ratio() == pytest.approx(0.011 / (0.01 + 1_000.0 * prices.in_btc("USDT")))
    account.repay("BTC", 0.002)
    assert coin.principal == pytest.approx(0.009)
    assert coin.interest == 0.0


def test_a_trade_on_margin_borrows_what_lacks() -> None:
    sim = still()
    account = sim.add_account("a", margin={"USDT": 1_000.0}, isolated={"BTC-USDT": {}})
    account.trade_margin("BTC-USDT", 0.02)
    price = sim.board.prices.pair("BTC-USDT")
    assert account.margin.coin("BTC").total == 0.02
    assert account.margin.coin("USDT").principal == pytest.approx(0.02 * price * 1.001 - 1_000.0)
    account.trade_margin("BTC-USDT", -0.01, isolated=True)
    assert account.isolated["BTC-USDT"].coin("BTC").principal == pytest.approx(0.01)
    with pytest.raises(KeyError):
        account.purse("NO-SUCH")
