"""What the simulated Hyperliquid does by itself: funding each hour, liquidation where the venue would, the backstop."""

from __future__ import annotations

import pytest

from monitor.sim.hyperliquid import SimHyperliquid
from monitor.sim.hyperliquid.accounts import Mode
from monitor.sim.hyperliquid.reading import Reading
from tests.sim.hyperliquid.clients import Socket, answer, still
from tests.sim.still import pass_time


@pytest.fixture
def sim() -> SimHyperliquid:
    return still()


def test_funding_is_paid_each_hour_at_the_oracle_price(sim: SimHyperliquid) -> None:
    account = sim.add_account("a")
    account.trade("BTC", 0.5)
    account.trade("ETH", -1.0, isolated=True)
    cash, leg = account.legs[""], account.positions["ETH"].leg
    assert leg is not None
    pass_time(sim, 3_599.0)
    assert account.fundings == type(account.fundings)()
    pass_time(sim, 2.0)
    rate = sim.board.hourly_rate("BTC")
    assert account.legs[""] == pytest.approx(cash - 0.5 * 60_000.0 * rate)
    assert account.positions["ETH"].leg == pytest.approx(leg + 3_000.0 * rate)
    assert [row["coin"] for row in account.fundings] == ["BTC", "ETH"]


def test_just_above_its_line_a_pool_is_left_alone_and_just_below_it_is_not(sim: SimHyperliquid) -> None:
    account = sim.add_account("a")
    account.trade("BTC", 1.0)
    line = Reading(account).liquidation("BTC")
    assert line is not None
    sim.set_mark("BTC", line * 1.0001)
    sim.tick(0.1)
    assert account.positions
    sim.set_mark("BTC", line * 0.9999)
    sim.tick(0.1)
    assert not account.positions
    assert account.fills[-1]["liquidation"]["method"] == "market"
    assert account.ledger[-1]["delta"]["leverageType"] == "Cross"
    assert account.legs[""] > 0.0


def test_a_large_position_is_closed_slice_by_slice(sim: SimHyperliquid) -> None:
    account = sim.add_account("a", wallets={"USDC": 20_000.0})
    account.trade("BTC", 5.0)
    line = Reading(account).liquidation("BTC")
    assert line is not None
    sim.set_mark("BTC", line * 0.9995)
    sim.tick(0.1)
    assert account.positions["BTC"].size == pytest.approx(4.0)


def test_far_below_the_backstop_takes_all_that_backed_it(sim: SimHyperliquid) -> None:
    account = sim.add_account("a", wallets={"USDC": 10_000.0, "HYPE": 5.0})
    account.trade("BTC", 1.0)
    account.trade("SOL", 10.0, isolated=True)
    sim.set_mark("BTC", 50_300.0)
    sim.tick(0.1)
    assert account.positions.keys() == {"SOL"}
    assert (account.legs[""], account.spot["HYPE"]) == (0.0, 5.0)
    assert account.fills[-1]["liquidation"]["method"] == "backstop"


def test_an_isolated_position_goes_alone(sim: SimHyperliquid) -> None:
    account = sim.add_account("a")
    account.trade("BTC", 0.1)
    account.trade("SOL", 10.0, isolated=True, leverage=10)
    cash = account.legs[""]
    sim.set_mark("SOL", 130.0)
    sim.tick(0.1)
    assert account.positions.keys() == {"BTC"}
    assert account.legs[""] == pytest.approx(cash)


def test_a_unified_pool_is_its_token_over_all_dexs(sim: SimHyperliquid) -> None:
    account = sim.add_account("a", mode=Mode.UNIFIED, wallets={"USDC": 2_000.0, "USDE": 1_000.0})
    for coin, size in (("BTC", 0.2), ("flx:OIL", 50.0), ("xyz:GOLD", 0.2)):
        account.trade(coin, size)
    sim.set_mark("BTC", 50_000.0)
    sim.tick(0.1)
    assert account.positions.keys() == {"xyz:GOLD"}


def test_portfolio_margin_goes_at_0_95_not_at_1(sim: SimHyperliquid) -> None:
    account = sim.add_account("a", mode=Mode.PORTFOLIO, wallets={"USDC": 5_000.0})
    account.trade("BTC", 0.5)

    def ratio(price: float) -> float:
        return Reading(account, {"BTC": price}).portfolio_ratio()

    price = next(p for p in range(60_000, 40_000, -1) if ratio(p) > 0.95)
    sim.set_mark("BTC", price + 1.0)
    sim.tick(0.1)
    assert account.positions
    sim.set_mark("BTC", float(price))
    sim.tick(0.1)
    assert not account.positions


def test_a_loan_is_paid_from_collateral_when_nothing_else_helps(sim: SimHyperliquid) -> None:
    account = sim.add_account("a", mode=Mode.PORTFOLIO, wallets={"USDC": 0.0, "HYPE": 100.0})
    account.borrow("USDC", 2_500.0)
    account.spot["USDC"] = 0.0  # spent
    sim.market.set_asset("HYPE", 31.0)
    sim.tick(0.1)
    assert account.borrowed["USDC"] == pytest.approx(0.0, abs=1e-6)
    assert account.spot["HYPE"] == pytest.approx(100.0 - 2_500.0 / 31.0)


def test_followers_are_told_of_a_liquidation(sim: SimHyperliquid) -> None:
    account = sim.add_account("a")
    account.trade("BTC", 1.0)
    socket = Socket(sim)
    for kind in ("userEvents", "userNonFundingLedgerUpdates"):
        socket.subscribe(kind, account)
    sim.set_mark("BTC", 50_600.0)
    sim.tick(0.1)
    frames = socket.take()
    assert any("liquidation" in frame["data"] for frame in frames if frame["channel"] == "user")
    rows = [row for frame in frames for row in frame["data"].get("nonFundingLedgerUpdates", [])]
    assert rows[0]["delta"]["liquidatedPositions"] == [{"coin": "BTC", "szi": "1.0"}]


def test_what_is_delisted_or_halted_is_settled(sim: SimHyperliquid) -> None:
    account = sim.add_account("a", dexs={"xyz": 500.0})
    account.trade("ARB", 10.0)
    account.trade("xyz:GOLD", 0.1)
    sim.delist("ARB")
    sim.halt("xyz:GOLD")
    assert account.positions == {}
    assert (sim.board.perps["ARB"].delisted, sim.board.perps["xyz:GOLD"].delisted) == (True, False)
    listed = {row["name"]: row.get("isDelisted", False) for row in answer(sim, "meta")["universe"]}
    assert [name for name, gone in listed.items() if gone] == ["ARB"]
    sim.enlist("ARB", 0.5)
    assert not sim.board.perps["ARB"].delisted
    assert sim.enlist("NEW", 2.0) == "NEW"
    assert sim.board.on("")[-1].name == "NEW"
