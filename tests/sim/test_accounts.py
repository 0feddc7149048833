"""What accounts of the simulated Binance do, and what the venue does to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from monitor.sim.binance import SimBinance, answers
from monitor.sim.binance.accounts import SimAccount
from monitor.sim.binance.traders import RandomTrader

Frames = list[dict[str, Any]]


@pytest.fixture
def sim() -> SimBinance:
    sim = SimBinance(quiet=True)  # not opened: no socket is needed for these
    sim.market.set_mark("BTCUSDT", 100_000.0)
    sim.market.set_mark("ETHUSDT", 3_000.0)
    return sim


def listen(account: SimAccount) -> Frames:
    frames: Frames = []
    account.pushes.append(frames.append)
    return frames


def test_fills_average_the_entry_and_a_flip_starts_a_new_one(sim: SimBinance) -> None:
    account = sim.add_account("main")
    account.trade("BTCUSDT", 1.0, price=90_000.0, fee_rate=0.0)
    position = account.trade("BTCUSDT", 1.0, price=100_000.0, fee_rate=0.0)
    assert (position.quantity, position.entry) == (2.0, 95_000.0)
    account.trade("BTCUSDT", -3.0, price=96_000.0, fee_rate=0.0)
    assert (position.quantity, position.entry) == (-1.0, 96_000.0)
    assert account.wallets["USDT"] == 12_000.0


def test_isolated_margin_moves_with_the_size_and_comes_back_at_the_close(sim: SimBinance) -> None:
    account = sim.add_account("main")
    position = account.trade("ETHUSDT", 2.0, price=3_000.0, fee_rate=0.0, isolated=True, leverage=10)
    assert (position.isolated_wallet, account.cross_wallet("USDT")) == (600.0, 9_400.0)
    account.add_margin("ETHUSDT", 100.0)
    account.trade("ETHUSDT", -1.0, price=3_100.0, fee_rate=0.0)
    assert position.isolated_wallet == 350.0
    account.close("ETHUSDT", price=3_000.0, fee_rate=0.0)
    assert not account.open_positions()
    assert account.cross_wallet("USDT") == account.wallets["USDT"] == 10_100.0


def test_an_isolated_position_past_its_line_is_closed_and_nothing_else(sim: SimBinance) -> None:
    account = sim.add_account("main")
    account.trade("BTCUSDT", 0.1, fee_rate=0.0)
    account.trade("ETHUSDT", 10.0, fee_rate=0.0, isolated=True, leverage=20)
    frames = listen(account)
    line = account.liquidation_price(account.positions["ETHUSDT", "BOTH"])
    sim.market.set_mark("ETHUSDT", line * 1.0001)
    sim.tick()
    assert not [frame for frame in frames if frame["e"] == "ORDER_TRADE_UPDATE"]
    sim.market.set_mark("ETHUSDT", line * 0.9999)
    sim.tick()
    assert [position.symbol for position in account.open_positions()] == ["BTCUSDT"]
    orders = [frame["o"] for frame in frames if frame["e"] == "ORDER_TRADE_UPDATE"]
    assert [(order["x"], order["X"]) for order in orders] == [("CALCULATED", "NEW"), ("CALCULATED", "FILLED")]
    assert all(order["c"].startswith("autoclose-") for order in orders)
    assert account.wallets["USDT"] == pytest.approx(10_000.0 - 1_500.0, abs=0.01)


def test_a_cross_pool_calls_first_and_is_then_closed_whole(sim: SimBinance) -> None:
    account = sim.add_account("main", wallets={"USDT": 10_000.0, "USDC": 1.0})
    account.trade("BTCUSDT", 1.0, fee_rate=0.0)
    account.trade("ETHUSDT", 5.0, fee_rate=0.0)
    frames = listen(account)
    sim.market.set_mark("BTCUSDT", 90_500.0)
    sim.tick()
    call = next(frame for frame in frames if frame["e"] == "MARGIN_CALL")
    assert call["cw"] == "10000.00000000"
    assert {row["s"] for row in call["p"]} == {"BTCUSDT", "ETHUSDT"}
    assert call["p"][0]["mt"] == "CROSSED"
    sim.tick()
    assert sum(frame["e"] == "MARGIN_CALL" for frame in frames) == 1
    sim.market.set_mark("BTCUSDT", 90_000.0)
    sim.tick()
    assert account.open_positions() == []
    assert account.wallets["USDT"] == pytest.approx(0.0, abs=1e-6)
    assert account.wallets["USDC"] == 1.0


def test_what_a_liquidated_account_lacks_is_paid_by_the_insurance_fund(sim: SimBinance) -> None:
    account = sim.add_account("main")
    account.trade("BTCUSDT", 1.0, fee_rate=0.0)
    frames = listen(account)
    before = sim.keeper.insurance_usd
    sim.market.set_mark("BTCUSDT", 88_000.0)  # a gap far beyond bankruptcy
    sim.tick()
    assert account.wallets["USDT"] == 0.0
    assert sim.keeper.insurance_usd == pytest.approx(before - 2_000.0)
    assert frames[-1]["a"]["m"] == "INSURANCE_CLEAR"


def test_with_an_empty_insurance_fund_the_other_side_is_auto_deleveraged(sim: SimBinance) -> None:
    loser, winner = sim.add_account("loser"), sim.add_account("winner")
    loser.trade("BTCUSDT", 1.0, fee_rate=0.0)
    winner.trade("BTCUSDT", -3.0, fee_rate=0.0)
    winner.transfer("USDT", 100_000.0)
    frames = listen(winner)
    sim.keeper.insurance_usd = 0.0
    sim.market.set_mark("BTCUSDT", 88_000.0)
    sim.tick()
    assert winner.positions["BTCUSDT", "BOTH"].quantity == -2.0
    order = [frame["o"] for frame in frames if frame["e"] == "ORDER_TRADE_UPDATE"][-1]
    assert order["c"].startswith("adl_autoclose")
    assert (order["x"], order["X"]) == ("CALCULATED", "NEW_ADL")


def test_auto_add_margin_moves_the_line_before_the_position_is_lost(sim: SimBinance) -> None:
    account = sim.add_account("main")
    position = account.trade("ETHUSDT", 10.0, fee_rate=0.0, isolated=True, leverage=20)
    account.setting("ETHUSDT").auto_add = True
    line = account.liquidation_price(position)
    sim.market.set_mark("ETHUSDT", line - 1.0)
    sim.tick()
    assert position.quantity == 10.0
    assert (position.isolated_wallet or 0.0) > 1_500.0
    assert account.liquidation_price(position) < line - 1.0


def test_funding_is_paid_when_market_time_passes_its_interval(sim: SimBinance) -> None:
    account = sim.add_account("main")
    account.trade("BTCUSDT", 1.0, fee_rate=0.0)
    sim.market.set_funding_rate("BTCUSDT", 0.0001)
    sim.tick(8 * 3600.0 - 1.0)
    assert account.wallets["USDT"] == 10_000.0
    sim.tick(2.0)
    assert account.wallets["USDT"] == 9_990.0


def test_multi_assets_mode_pools_all_wallets_and_has_no_isolated_positions(sim: SimBinance) -> None:
    account = sim.add_account("multi", wallets={"USDT": 1_000.0, "BTC": 0.1}, multi_assets=True)
    account.trade("BTCUSDT", 0.1, fee_rate=0.0)
    body = answers.account_v3(account)
    rates = account.rates()
    wanted = 1_000.0 * rates["USDT"].bid + 0.1 * rates["BTC"].bid
    assert float(body["totalMarginBalance"]) == pytest.approx(wanted, abs=1e-6)
    with pytest.raises(ValueError, match="no isolated positions"):
        account.trade("ETHUSDT", 1.0, isolated=True)


def test_a_credits_wallet_is_the_pool_of_every_contract(sim: SimBinance) -> None:
    account = sim.add_account("eu", wallets={"BNFCR": 5_000.0})
    account.trade("BTCUSDT", 0.1, fee_rate=0.0)
    account.trade("BTCUSDC", -0.1, fee_rate=0.0)
    assert {position.asset for position in account.open_positions()} == {"BNFCR"}
    assert [row["asset"] for row in answers.account_v3(account)["assets"]] == ["BNFCR"]


@pytest.mark.parametrize(
    ("deed", "words"),
    [
        (lambda account: account.trade("BTCUSDT", 1.0, side="LONG"), "one-way"),
        (lambda account: account.add_margin("BTCUSDT", 1.0), "not isolated"),
        (lambda account: account.trade("BTCUSD_PERP", 1.0), "not traded"),
        (lambda account: (account.trade("BTCUSDT", 1.0), account.set_hedge(True)), "while positions"),
    ],
)
def test_what_the_venue_would_refuse_is_refused(
    sim: SimBinance, deed: Callable[[SimAccount], object], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        deed(sim.add_account("main"))


def test_hedge_sides_are_kept_apart_and_share_one_cross_line(sim: SimBinance) -> None:
    account = sim.add_account("main", hedge=True)
    account.trade("BTCUSDT", 1.0, side="LONG", fee_rate=0.0)
    account.trade("BTCUSDT", -0.5, side="SHORT", fee_rate=0.0)
    lines = {row["positionSide"]: row["liquidationPrice"] for row in answers.position_risk(account, 0)}
    assert set(lines) == {"LONG", "SHORT"}
    assert lines["LONG"] == lines["SHORT"] != "0"


def test_a_cross_loss_stops_at_what_isolated_positions_hold(sim: SimBinance) -> None:
    account = sim.add_account("main")
    account.trade("BTCUSDT", 0.8, fee_rate=0.0)
    isolated = account.trade("ETHUSDT", -1.0, fee_rate=0.0, isolated=True, leverage=3)
    sim.market.set_mark("BTCUSDT", 80_000.0)
    sim.tick()
    assert account.open_positions() == [isolated]
    assert account.cross_wallet("USDT") == pytest.approx(0.0, abs=1e-7)
    assert account.wallets["USDT"] == pytest.approx(isolated.isolated_wallet)


def test_a_multi_assets_account_is_closed_whole_and_pays_its_debts_with_other_coins(sim: SimBinance) -> None:
    account = sim.add_account("multi", wallets={"USDT": 0.0, "BTC": 0.1, "USDC": 500.0}, multi_assets=True)
    account.trade("ETHUSDT", 10.0, fee_rate=0.0)
    frames = listen(account)
    sim.market.set_mark("ETHUSDT", 2_000.0)
    sim.tick()
    assert account.open_positions() == []
    assert all(amount >= 0.0 for amount in account.wallets.values())
    assert account.wallets["BTC"] < 0.1
    assert "AUTO_EXCHANGE" in {frame["a"]["m"] for frame in frames if frame["e"] == "ACCOUNT_UPDATE"}


@pytest.mark.parametrize("hedge", [True, False])
def test_who_trades_at_random_opens_grows_shrinks_and_closes(sim: SimBinance, hedge: bool) -> None:
    """Three traders, so that nothing hangs on what one seed happens to throw."""
    counts: set[int] = set()
    isolated: set[bool] = set()
    for seed in (5, 6, 7):
        account = sim.add_account(f"trader{seed}", wallets={"USDT": 50_000.0, "USDC": 50_000.0}, hedge=hedge)
        trader = RandomTrader(account, seed=seed)
        for _ in range(400):
            trader.trade()
            counts.add(len(account.open_positions()))
            for position in account.open_positions():
                isolated.add(position.isolated_wallet is not None)
                assert position.isolated_wallet is None or position.isolated_wallet > 0.0
    assert len(counts) > 3
    assert isolated == {True, False}


def test_the_same_seed_trades_the_same() -> None:
    held = []
    for _ in range(2):
        sim = SimBinance(quiet=True)
        account = sim.add_account("main", wallets={"USDT": 50_000.0, "USDC": 50_000.0})
        trader = RandomTrader(account, seed=5)
        for _ in range(200):
            trader.trade()
        held.append([(one.symbol, one.quantity, one.isolated_wallet) for one in account.open_positions()])
    assert held[0] == held[1] != []


def test_made_up_symbols_make_long_arrays_and_can_be_traded() -> None:
    sim = SimBinance(quiet=True, more_symbols=590)
    assert len(sim.market.contracts) > 600
    account = sim.add_account("main")
    account.trade("X590USDT", 10.0)
    assert answers.position_risk(account, 0)[0]["symbol"] == "X590USDT"
    assert answers.leverage_bracket(account, ["X590USDT"])[0]["brackets"]
