"""What the simulated Hyperliquid computes: examples worked out by hand, and those that the venue prints itself."""

from __future__ import annotations

import pytest

from monitor.sim.hyperliquid import SimHyperliquid
from monitor.sim.hyperliquid.accounts import Mode, Position, SimAccount
from monitor.sim.hyperliquid.listing import TABLES, Perp, tiers
from monitor.sim.hyperliquid.reading import Reading, maintenance
from monitor.sim.hyperliquid.scripts import move_to_ratio
from tests.sim.hyperliquid.clients import position, state, still

BTC = tiers(56)


@pytest.fixture
def sim() -> SimHyperliquid:
    return still()


def test_maintenance_is_half_of_the_margin_at_the_greatest_leverage_slice_by_slice() -> None:
    assert maintenance(BTC, 60_000.0) == pytest.approx(750.0)
    assert maintenance(BTC, 200e6) == pytest.approx(150e6 / 80 + 50e6 / 40)
    assert maintenance(tiers(3), 600.0) == pytest.approx(100.0)


def test_the_documented_isolated_position_has_its_documented_line(
    sim: SimHyperliquid, monkeypatch: pytest.MonkeyPatch
) -> None:
    """rawUsd -95.059824 and 0.0335 ETH, when it had 50x: 2866.26936529."""
    account = sim.add_account("a")
    monkeypatch.setitem(TABLES, 90, ((0.0, 50),))
    sim.board.perps["ETH"] = Perp("ETH", "ETH", 90, 4)
    account.positions["ETH"] = Position("ETH", 0.0335, 2986.3, 20, leg=-95.059824)
    sim.set_mark("ETH", 100.02765 / 0.0335)
    assert float(position(sim, account, "ETH")["liquidationPx"]) == pytest.approx(2866.26936529, rel=1e-8)
    assert float(position(sim, account, "ETH")["marginUsed"]) == pytest.approx(4.967826)


def test_a_cross_account_is_its_leg_and_the_value_of_what_it_holds(sim: SimHyperliquid) -> None:
    account = sim.add_account("a")
    account.trade("BTC", 1.0)
    account.trade("ETH", -5.0)
    summary = state(sim, account)["crossMarginSummary"]
    fees = 75_000.0 * 0.00045
    assert float(summary["accountValue"]) == pytest.approx(10_000.0 - fees)
    assert float(summary["totalRawUsd"]) == pytest.approx(10_000.0 - fees - 60_000.0 + 15_000.0)
    assert float(state(sim, account)["crossMaintenanceMarginUsed"]) == pytest.approx(750.0 + 300.0)


def test_at_its_line_a_pool_needs_just_what_it_has(sim: SimHyperliquid) -> None:
    account = sim.add_account("a")
    account.trade("BTC", 1.0)
    account.trade("SOL", 40.0)
    line = Reading(account).liquidation("BTC")
    assert line is not None
    assert Reading(account, {"BTC": line}).ratio("") == pytest.approx(1.0)


def test_what_no_price_of_its_own_endangers_has_no_line(sim: SimHyperliquid) -> None:
    account = sim.add_account("a", wallets={"USDC": 1e6})
    account.trade("BTC", 1.0)
    assert position(sim, account, "BTC")["liquidationPx"] is None


def test_a_unified_account_sums_over_the_dexs_of_a_token_and_no_others(sim: SimHyperliquid) -> None:
    account = sim.add_account("a", mode=Mode.UNIFIED, wallets={"USDC": 10_000.0, "USDE": 500.0})
    for coin, size in (("BTC", 1.0), ("flx:OIL", 100.0), ("xyz:GOLD", 0.5)):
        account.trade(coin, size)
    spot = Reading(account).spot()
    total = float(next(row["total"] for row in spot["balances"] if row["coin"] == "USDC"))
    available = dict(map(tuple, spot["tokenToAvailableAfterMaintenance"]))
    assert total == pytest.approx(10_000.0 - (60_000.0 + 6_500.0) * 0.00045)
    assert float(available[0]) == pytest.approx(total - 750.0 - 6_500.0 / 40.0)
    assert float(available[235]) == pytest.approx(500.0 - 2_000.0 * 0.00045 - 50.0)


def test_a_unified_line_follows_from_what_is_available(sim: SimHyperliquid) -> None:
    account = sim.add_account("a", mode=Mode.UNIFIED)
    account.trade("BTC", 1.0)
    expected = 60_000.0 - Reading(account).available("USDC") / (1.0 - 1.0 / 80.0)
    assert Reading(account).liquidation("BTC") == pytest.approx(expected, rel=1e-12)


def test_a_total_holds_what_isolated_positions_are_worth(sim: SimHyperliquid) -> None:
    account = sim.add_account("a", mode=Mode.UNIFIED)
    account.trade("SOL", 10.0, isolated=True, leverage=5)
    reading = Reading(account)
    assert reading.total("USDC") == pytest.approx(10_000.0 - 1_500.0 * 0.00045)
    assert reading.available("USDC") == pytest.approx(reading.total("USDC") - 300.0)


def test_portfolio_margin_is_the_worst_token_with_its_offset(sim: SimHyperliquid) -> None:
    """100 USDC and 1000 HYPE at 40, 0.5 BTC: R = 20 + 375, V = 100 - fee + 33 000."""
    account = sim.add_account("a", mode=Mode.PORTFOLIO, wallets={"USDC": 100.0, "HYPE": 1_000.0})
    account.trade("BTC", 0.5)
    assert Reading(account).portfolio_ratio() == pytest.approx(395.0 / (100.0 - 13.5 + 40_000.0 * 0.825))


def test_a_loan_asks_for_itself(sim: SimHyperliquid) -> None:
    account = sim.add_account("a", mode=Mode.PORTFOLIO, wallets={"HYPE": 1_000.0})
    account.borrow("USDC", 4_000.0)
    account.spot["USDC"] -= 4_000.0  # spent
    assert Reading(account).portfolio_ratio() == pytest.approx(4_020.0 / 33_000.0)


def opened(account: SimAccount) -> tuple[float, float, float]:
    held = account.positions["BTC"]
    return held.size, held.entry, float(account.fills[-1]["closedPnl"])


def test_fills_add_up_reduce_and_flip(sim: SimHyperliquid) -> None:
    account = sim.add_account("a")
    account.trade("BTC", 1.0, price=60_000.0)
    account.trade("BTC", 1.0, price=62_000.0)
    assert opened(account) == (2.0, 61_000.0, 0.0)
    account.trade("BTC", -0.5, price=63_000.0)
    assert opened(account) == (1.5, 61_000.0, 1_000.0)
    account.trade("BTC", -2.0, price=60_000.0)
    assert opened(account) == (-0.5, 60_000.0, -1_500.0)


def test_closing_an_isolated_position_gives_back_what_it_is_worth(sim: SimHyperliquid) -> None:
    account = sim.add_account("a")
    account.trade("SOL", 10.0, isolated=True, leverage=5)
    account.add_margin("SOL", 50.0)
    sim.set_mark("SOL", 160.0)
    account.trade("SOL", -4.0)
    assert Reading(account).alone(account.positions["SOL"]) == pytest.approx(0.6 * 450.0)
    account.close("SOL")
    fees = (1_500.0 + 1_600.0) * 0.00045
    assert account.legs[""] == pytest.approx(10_000.0 + 100.0 - fees)


def test_margin_of_a_strictly_isolated_coin_stays(sim: SimHyperliquid) -> None:
    account = sim.add_account("a")
    account.trade("HPOS", 1_000.0)
    assert position(sim, account, "HPOS")["leverage"]["type"] == "isolated"
    account.add_margin("HPOS", 5.0)
    with pytest.raises(ValueError, match="HPOS"):
        account.add_margin("HPOS", -5.0)


@pytest.mark.parametrize("mode", [Mode.UNIFIED, Mode.PORTFOLIO])
def test_another_mode_and_back_loses_nothing(sim: SimHyperliquid, mode: Mode) -> None:
    account = sim.add_account("a", dexs={"xyz": 700.0})
    account.trade("BTC", 0.5)
    account.trade("xyz:GOLD", 0.2)
    before = {"USDC": Reading(account).value(""), "USDE": Reading(account).value("xyz")}
    account.set_mode(mode)
    assert Reading(account).value("") == pytest.approx(0.0, abs=1e-6)
    assert {token: Reading(account).total(token) for token in before} == pytest.approx(before)
    account.set_mode(Mode.STANDARD)
    assert {"USDC": Reading(account).value(""), "USDE": Reading(account).value("xyz")} == pytest.approx(before)


def test_a_script_finds_how_far_prices_must_fall(sim: SimHyperliquid) -> None:
    account = sim.add_account("a")
    account.trade("BTC", 1.0)
    move = move_to_ratio(account, 0.9)
    assert move is not None
    assert move < 0.0
    assert Reading(account, {"BTC": 60_000.0 * (1.0 + move)}).ratio("") == pytest.approx(0.9)
    assert move_to_ratio(account, 0.9, direction=0.1) is None
