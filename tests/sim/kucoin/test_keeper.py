"""What the venue does by itself: filling, funding, interest, and liquidation exactly where it would happen."""

from __future__ import annotations

import pytest

from monitor.sim.kucoin import SimKucoin
from monitor.sim.kucoin.accounts import SimAccount
from monitor.sim.kucoin.futures import Isolated
from monitor.sim.kucoin.scripts import move_to_ratio
from tests.sim.kucoin.clients import data, private, still, unified
from tests.sim.still import pass_time


def at_ratio(sim: SimKucoin, account: SimAccount, ratio: float, **more: object) -> None:
    """Move all coins to where the venue's ratio is this."""
    move = move_to_ratio(account, ratio, **more)  # type: ignore[arg-type]  # whatever a test names
    assert move is not None
    for coin in ("BTC", "ETH", "SOL", "DOGE"):
        sim.market.set_asset(coin, sim.market.asset_usd(coin) * (1.0 + move))


def test_an_order_is_filled_when_the_mark_reaches_it() -> None:
    sim = still()
    account = sim.add_account("a")
    account.place("XBTUSDTM", 10.0, 95_000.0)
    pass_time(sim, 1.0)
    assert account.open_positions() == []
    sim.set_mark("XBTUSDTM", 95_000.0)
    pass_time(sim, 1.0)
    assert [(each.lots, each.entry) for each in account.open_positions()] == [(10.0, 95_000.0)]
    assert account.orders == {}


def test_an_order_that_reduces_opens_nothing() -> None:
    sim = still()
    account = sim.add_account("a")
    account.place("XBTUSDTM", -10.0, 90_000.0, reduce_only=True)
    pass_time(sim, 1.0)
    assert (account.orders, account.positions) == ({}, {})
    account.buy("XBTUSDTM", 4.0)
    account.place("XBTUSDTM", -10.0, 90_000.0, reduce_only=True)
    pass_time(sim, 1.0)
    assert account.open_positions() == []


def test_funding_is_paid_by_longs_and_got_by_shorts() -> None:
    sim = still()
    long, short = sim.add_account("long"), sim.add_account("short")
    long.buy("XBTUSDTM", 10.0)
    short.sell("XBTUSDTM", 10.0)
    before = long.cash["USDT"], short.cash["USDT"]
    sim.market.set_funding_rate("XBTUSDTM", 0.001)
    pass_time(sim, 8 * 3600.0)
    assert before[0] - long.cash["USDT"] == pytest.approx(short.cash["USDT"] - before[1])
    assert long.cash["USDT"] < before[0]


def test_interest_is_charged_each_hour() -> None:
    sim = still()
    account = sim.add_account("a", margin={"USDT": 1_000.0})
    account.borrow("BTC", 0.005)
    pass_time(sim, 2 * 3600.0 + 1.0)
    assert account.margin.coin("BTC").interest == pytest.approx(0.005 * 2e-5, abs=1e-8)


@pytest.mark.parametrize("lots", [50.0, -50.0])
def test_an_isolated_position_goes_at_its_line_and_takes_its_margin_only(lots: float) -> None:
    sim = still()
    account = sim.add_account("a")
    position = account.trade("XBTUSDTM", lots, mode="ISOLATED", leverage=10.0)
    left, line = account.cash["USDT"] - position.margin, Isolated(position, sim.board.prices).lines.liquidation
    sim.set_mark("XBTUSDTM", line * (1.0 + 1e-4 * position.sign))
    pass_time(sim, 1.0)
    assert len(account.open_positions()) == 1
    socket = private(sim, account, "/contract/positionAll")
    socket.take()
    sim.set_mark("XBTUSDTM", line * (1.0 - 1e-4 * position.sign))
    pass_time(sim, 1.0)
    assert account.open_positions() == []
    assert [row["changeReason"] for row in socket.of("position.change")] == ["liquidation"]
    assert account.cash["USDT"] == pytest.approx(left)


def test_a_position_with_automatic_deposits_is_topped_up_while_there_is_something() -> None:
    sim = still()
    account = sim.add_account("a", wallets={"USDT": 1_000.0})
    position = account.trade("XBTUSDTM", 50.0, mode="ISOLATED", leverage=10.0)
    account.set_auto_deposit("XBTUSDTM", True)
    first = Isolated(position, sim.board.prices).lines.liquidation
    sim.set_mark("XBTUSDTM", first - 10.0)
    pass_time(sim, 1.0)
    assert position.added > 0.0
    second = Isolated(position, sim.board.prices).lines.liquidation
    assert second < first
    sim.set_mark("XBTUSDTM", 60_000.0)
    pass_time(sim, 1.0)
    assert account.open_positions() == []
    assert account.cash["USDT"] >= 0.0


def test_a_position_on_a_high_level_goes_down_level_by_level() -> None:
    """300,000 on level 2: what level 1 does not allow goes; at its lower rate the rest stays, until that is due too."""
    sim = still()
    account = sim.add_account("a", wallets={"USDT": 100_000.0})
    position = account.trade("XBTUSDTM", 3_000.0, price=100_000.0, mode="ISOLATED", leverage=10.0)
    assert position.level == 2
    margin, line = position.margin, Isolated(position, sim.board.prices).lines.liquidation
    before = account.cash["USDT"]
    socket = private(sim, account, "/contract/positionAll")
    socket.take()
    sim.set_mark("XBTUSDTM", line - 1.0)
    pass_time(sim, 1.0)
    assert (position.level, position.lots) == (1, 1_000.0)
    assert position.margin == pytest.approx(margin / 3.0)
    assert before - account.cash["USDT"] == pytest.approx(margin * 2.0 / 3.0)
    subjects = [frame["subject"] for frame in socket.take()]
    assert subjects[:2] == ["position.adjustRiskLimit", "position.change"]
    sim.set_mark("XBTUSDTM", Isolated(position, sim.board.prices).lines.liquidation - 1.0)
    pass_time(sim, 1.0)
    assert account.open_positions() == []
    assert before - account.cash["USDT"] == pytest.approx(margin)


def test_at_ninety_five_percent_orders_go_and_at_a_hundred_positions() -> None:
    sim = still()
    account = sim.add_account("a", wallets={"USDT": 1_000.0})
    account.trade("XBTUSDTM", 100.0, leverage=20.0)
    account.place("XBTUSDTM", 1.0, 20_000.0)
    at_ratio(sim, account, 0.94)
    pass_time(sim, 1.0)
    assert len(account.orders) == 1
    at_ratio(sim, account, 0.96)
    pass_time(sim, 1.0)
    assert account.orders == {}
    assert len(account.open_positions()) == 1
    at_ratio(sim, account, 1.001)
    pass_time(sim, 1.0)
    assert account.open_positions() == []


def test_a_very_large_position_goes_by_halves() -> None:
    sim = still()
    account = sim.add_account("a", wallets={"USDT": 100_000.0})
    account.trade("XBTUSDTM", 10_000.0, leverage=20.0)
    at_ratio(sim, account, 1.0001)
    pass_time(sim, 1.0)
    assert [each.lots for each in account.open_positions()] == [5_000.0]
    assert account.futures("USDT").risk_ratio < 1.0


def test_a_crash_past_the_line_leaves_no_debt() -> None:
    sim = still()
    account = sim.add_account("a", wallets={"USDT": 1_000.0})
    account.trade("XBTUSDTM", 100.0, leverage=20.0)
    fund = sim.keeper.insurance_usd
    sim.set_mark("XBTUSDTM", 50_000.0)
    pass_time(sim, 1.0)
    assert (account.open_positions(), account.cash["USDT"]) == ([], 0.0)
    assert sim.keeper.insurance_usd < fund


def test_settlement_coins_do_not_back_each_other() -> None:
    sim = still()
    account = sim.add_account("a", wallets={"USDT": 100.0, "BTC": 5.0})
    account.trade("XBTUSDTM", 10.0, leverage=20.0)
    account.trade("XBTUSDM", 100.0)
    at_ratio(sim, account, 1.001)
    pass_time(sim, 1.0)
    assert [each.symbol for each in account.open_positions()] == ["XBTUSDM"]


def test_a_unified_account_is_warned_and_then_liquidated() -> None:
    sim = still()
    account = sim.add_account("u", kind="unified", wallets={"USDT": 500.0, "BTC": 0.005})
    account.trade("XBTUSDTM", 100.0, leverage=20.0)
    socket = unified(sim, account, ("lw", "FUTURES"))
    socket.take()
    at_ratio(sim, account, 0.91)
    pass_time(sim, 1.0)
    pass_time(sim, 1.0)
    warnings = [frame["d"] for frame in socket.take()]
    assert [(row["eT"], row["r"]) for row in warnings] == [
        ("MARGIN_CALL", f"{account.unified().risk_ratio:.4f}".rstrip("0"))
    ]
    assert len(account.open_positions()) == 1
    at_ratio(sim, account, 1.001)
    pass_time(sim, 1.0)
    assert account.open_positions() == []


@pytest.mark.parametrize("pair", [None, "BTC-USDT"])
def test_loans_are_liquidated_at_ninety_seven_percent(pair: str | None) -> None:
    sim = still()
    account = sim.add_account("a", margin={"USDT": 10_000.0}, isolated={"BTC-USDT": {"USDT": 10_000.0}})
    account.trade_margin("BTC-USDT", -0.4, isolated=pair is not None)
    at_ratio(sim, account, 0.969, loans=True, pair=pair, direction=1.0)
    pass_time(sim, 1.0)
    assert account.debt_ratio(pair) > 0.96
    at_ratio(sim, account, 0.971, loans=True, pair=pair, direction=1.0)
    pass_time(sim, 1.0)
    purse = account.purse(pair)
    assert account.debt_ratio(pair) == 0.0
    assert purse.coin("BTC").owed == 0.0
    assert 0.0 < purse.coin("USDT").total < 0.03 * 50_000.0
    assert purse.status == "EFFECTIVE"


def test_an_adl_takes_a_share_at_the_mark() -> None:
    sim = still()
    account = sim.add_account("a")
    account.buy("XBTUSDTM", 10.0)
    socket = private(sim, account, "/contract/positionAll")
    socket.take()
    sim.keeper.adl(account, "XBTUSDTM", share=0.5)
    assert [(row["changeReason"], row["currentQty"]) for row in socket.of("position.change")] == [("adl", 5)]


def test_a_contract_that_ends_is_gone_from_everything() -> None:
    sim = still()
    symbol = sim.enlist("NEW", 2.0)
    account = sim.add_account("a")
    account.buy(symbol, 10.0)
    account.place(symbol, 10.0, 1.5)
    assert symbol in {row["symbol"] for row in data(sim, "/api/v1/contracts/active")}
    sim.delist(symbol)
    pass_time(sim, 1.0)
    assert (account.orders, account.positions) == ({}, {})
    assert symbol not in {row["symbol"] for row in data(sim, "/api/v1/contracts/active")}
