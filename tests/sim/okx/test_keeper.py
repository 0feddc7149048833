"""What the simulated OKX does by itself: liquidation in steps, penalties, warnings, delivery, and random trading."""

from __future__ import annotations

import random

import pytest

from monitor.sim.binance import SimBinance
from monitor.sim.clock import ManualClock
from monitor.sim.okx import SimOkx
from monitor.sim.okx.answers import Reading
from monitor.sim.okx.traders import RandomTrader
from tests.sim.okx.clients import private, still
from tests.sim.still import NOON, clock_of, pass_time


@pytest.fixture
def sim() -> SimOkx:
    return still(limited=False)


def test_isolated_position_is_liquidated_at_the_root_and_loses_its_margin_at_most(sim: SimOkx) -> None:
    account = sim.add_account("a")
    position = account.trade("BTC-USDT-SWAP", 10.0, mode="isolated", lever=20)
    left = account.cash["USDT"]
    line = float(Reading(account).positions()[0]["liqPx"])
    sim.set_mark("BTC-USDT-SWAP", round(line, 1))
    pass_time(sim, 0.1)
    assert account.positions  # the printed line lies a tick before the root
    sim.set_mark("BTC-USDT-SWAP", round(line, 1) - 0.2)
    pass_time(sim, 0.1)
    assert account.positions == {}
    assert account.cash["USDT"] >= left
    assert position.penalty < 0.0
    account.trade("BTC-USDT-SWAP", 10.0, mode="isolated", lever=20)
    left = account.cash["USDT"]
    sim.set_mark("BTC-USDT-SWAP", 50_000.0)
    pass_time(sim, 0.1)
    assert account.cash["USDT"] == pytest.approx(left)


def test_cross_liquidation_takes_the_orders_first_and_may_end_there(sim: SimOkx) -> None:
    account = sim.add_account("a", wallets={"USDT": 1000.0})
    account.trade("BTC-USDT-SWAP", 100.0, lever=100)
    account.place("BTC-USDT-SWAP", 150.0, 90_000.0, lever=100)
    while (ratio := Reading(account).pool("USDT").ratio) is not None and ratio > 1.0:
        account.cash["USDT"] -= 1.0
    pass_time(sim, 0.1)
    assert account.orders == {}
    assert len(account.positions) == 1


def test_large_position_is_first_reduced_to_the_tier_below(sim: SimOkx) -> None:
    account = sim.add_account("a", wallets={"USDT": 100_000.0})
    position = account.trade("BTC-USDT-SWAP", 1500.0, lever=100)
    account.cash["USDT"] = -position.profit(sim.board.prices) + position.value(sim.board.prices) * 0.0052
    pass_time(sim, 0.1)
    assert position.contracts == 1000.0
    closed = 500.0 * 0.01 * sim.board.mark("BTC-USDT-SWAP")
    assert position.penalty == pytest.approx(-closed * 0.004)
    assert account.bills[-1].row()["subType"] == "100"


def test_bankrupt_currency_is_refilled_to_nothing(sim: SimOkx) -> None:
    account = sim.add_account("a", wallets={"USDT": 1000.0})
    account.trade("BTC-USDT-SWAP", 50.0, lever=100)
    sim.set_mark("BTC-USDT-SWAP", 80_000.0)
    pass_time(sim, 0.1)
    assert (account.positions, account.cash["USDT"]) == ({}, 0.0)
    assert sim.keeper.insured > 0.0
    told = [(bill.row()["type"], bill.row()["subType"]) for bill in account.bills]
    assert told[-2:] == [("5", "104"), ("10", "108")]


def test_debt_that_cannot_be_kept_is_paid_from_collateral(sim: SimOkx) -> None:
    account = sim.add_account("a", level=3, wallets={"BTC": 1.0})
    account.trade_spot("ETH-USDT", 20.0)
    sim.market.move(-0.6, 1.0, ["BTC", "ETH"])
    pass_time(sim, 1.0)
    assert account.cash["USDT"] == pytest.approx(0.0, abs=1e-9)
    assert any("sold for the debt" in event for event in sim.keeper.events)


def test_warning_comes_at_three_and_again_after_an_hour(sim: SimOkx) -> None:
    account = sim.add_account("a", wallets={"USDT": 1000.0})
    socket = private(sim, account)
    socket.subscribe("liquidation-warning", instType="ANY")
    position = account.trade("BTC-USDT-SWAP", 50.0, lever=100)
    account.cash["USDT"] = position.value(sim.board.prices) * 0.0045 * 2.5
    socket.take()

    def warnings() -> int:
        return sum(frame.get("arg", {}).get("channel") == "liquidation-warning" for frame in socket.take())

    pass_time(sim, 0.1)
    assert warnings() == 1
    for _ in range(3590):
        clock_of(sim).advance(1.0)
        socket.raw.send("ping")
    sim.tick(1.0)
    assert warnings() == 0
    clock_of(sim).advance(11.0)
    socket.raw.send("ping")
    sim.tick(1.0)
    assert warnings() == 1


def test_forced_trade_is_told_with_its_category_and_a_negative_number(sim: SimOkx) -> None:
    account = sim.add_account("a", wallets={"USDT": 1000.0})
    socket = private(sim, account)
    socket.say("subscribe", {"channel": "orders", "instType": "ANY"}, {"channel": "balance_and_position"})
    account.trade("BTC-USDT-SWAP", 50.0, lever=100)
    sim.set_mark("BTC-USDT-SWAP", 80_000.0)
    pass_time(sim, 0.1)
    frames = [frame for frame in socket.take() if "data" in frame]
    orders = [row for frame in frames if frame["arg"]["channel"] == "orders" for row in frame["data"]]
    assert [row["category"] for row in orders] == ["full_liquidation"]
    fast = [frame["data"][0] for frame in frames if frame["arg"]["channel"] == "balance_and_position"]
    forced = next(row for row in fast if row["eventType"] == "liquidation" and row["posData"])
    assert forced["posData"][0]["tradeId"].startswith("-")


def test_deleveraged_position_is_closed_at_the_mark_without_a_penalty(sim: SimOkx) -> None:
    account = sim.add_account("a")
    socket = private(sim, account)
    socket.subscribe("orders", instType="ANY")
    position = account.trade("BTC-USDT-SWAP", -10.0)
    socket.take()
    sim.keeper.adl(account, "BTC-USDT-SWAP", share=0.4)
    assert (position.contracts, position.penalty) == (-6.0, 0.0)
    assert [row["category"] for frame in socket.take() for row in frame["data"]] == ["adl"]
    assert (account.bills[-1].row()["type"], account.bills[-1].row()["subType"]) == ("9", "126")


def test_expired_contract_is_delivered_at_the_index_and_its_successor_is_listed(sim: SimOkx) -> None:
    account = sim.add_account("a", level=3, wallets={"USDT": 100_000.0, "BTC": 1.0})
    future = next(each for each in sim.board.instruments.values() if each.name.startswith("BTC-USDT-2"))
    call = next(each for each in sim.board.instruments.values() if each.call and each.coin == "BTC")
    account.trade(future.name, 1.0)
    account.trade(call.name, 10.0)
    clock_of(sim).advance((future.expiry or 0.0) - NOON)
    sim.tick(1.0)
    assert account.positions == {}
    names = {each.name for each in sim.board.instruments.values()}
    assert future.name not in names
    assert sum(name.startswith("BTC-USDT-2") for name in names) == 1


def test_prices_agree_with_those_of_another_venue_that_moves_them() -> None:
    clock = ManualClock(NOON)
    binance = SimBinance(clock=clock, seed=7, paced=False, network=False)
    sim = still(clock=clock, quiet=False, market=binance.market)
    binance.tick(60.0)
    sim.tick(60.0)
    assert sim.board.indexes()["BTC-USDT"] == binance.market.index("BTCUSDT")
    binance.market.set_mark("BTCUSDT", 50_000.0)
    assert sim.board.mark("BTC-USDT-SWAP") == pytest.approx(50_000.0, rel=1e-3)
    sim.set_mark("ETH-USDT-SWAP", 3_000.0)
    assert binance.market.index("ETHUSDT") == pytest.approx(3_000.0, rel=1e-5)


@pytest.mark.parametrize(
    ("level", "hedge", "borrows"), [(1, False, True), (2, True, False), (3, False, False), (4, False, False)]
)
def test_random_trading_keeps_books_that_add_up(sim: SimOkx, level: int, hedge: bool, borrows: bool) -> None:
    account = sim.add_account("a", level=level, hedge=hedge, borrows=borrows, wallets={"USDT": 20_000.0})
    trader = RandomTrader(account=account, seed=level, eagerness=1.0)
    began, dice = account.cash["USDT"], random.Random(level)
    for _ in range(120):
        trader()
        sim.market.move(dice.uniform(-0.01, 0.01), 1.0)
        pass_time(sim, 1.0)
    assert len(account.bills) > 40
    moved = sum(bill.amount for bill in account.bills if bill.asset == "USDT")
    assert account.cash["USDT"] == pytest.approx(began + moved)
    for row in Reading(account).positions():
        assert row["mgnRatio"] == "" or float(row["mgnRatio"]) > 0.0
