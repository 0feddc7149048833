"""A venue that never rests: within hours everything happens that can, whatever the seed, and the books stay sane."""

from __future__ import annotations

import pytest

from monitor.sim.binance import SimBinance
from monitor.sim.binance.days import Days
from monitor.sim.binance.mishaps import MISHAPS
from monitor.sim.clock import ManualClock
from monitor.sim.market import Contract, Kind
from tests.sim.still import BUSY, live, pass_time

NOW = 1_795_000_000.0


def venue(seed: int) -> SimBinance:
    sim = SimBinance(clock=ManualClock(NOW), seed=seed, paced=False)
    sim.add_account("main", wallets={"USDT": 14_000.0})
    sim.add_account("multi", wallets={"USDT": 3_000.0, "BTC": 0.2}, multi_assets=True)
    sim.add_account("desk", wallets={"USDT": 20_000.0, "USDC": 6_000.0}, hedge=True)
    return sim


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.soak)])
def test_within_hours_everything_happens_and_nobody_is_out_of_the_game(seed: int) -> None:
    sim, said = venue(seed), list[str]()
    days = Days(sim, seed=seed, pace=BUSY, say=said.append)
    live(sim, days, 4 * 3600)
    words = "\n".join(said)
    for happened in ("falls by", "jumps by", "is listed", "is delisted", "hedge mode", "multi-assets mode"):
        assert happened in words, happened
    assert {text.removeprefix("Something goes wrong: ") for text in said} >= {f"{one.words}." for one in MISHAPS}
    deeds = " ".join(sim.keeper.events)
    assert "liquidated" in deeds
    assert "settled at" in deeds, "a delisted contract was held by somebody"
    for account in sim.accounts.values():
        assert sum(account.wallets.values()) > 0.0
        assert all(position.symbol in sim.market.contracts for position in account.open_positions())


def test_who_has_lost_nearly_all_is_filled_up_and_plays_on() -> None:
    sim, said = venue(1), list[str]()
    days = Days(sim, seed=1, pace=BUSY, say=said.append)
    sim.accounts["main"].transfer("USDT", -13_000.0)
    live(sim, days, 900)
    assert "main deposits 13,000.00 USDT." in said
    assert sim.accounts["main"].wallets["USDT"] > 10_000.0


def test_a_listing_comes_with_its_answers_and_a_delisting_takes_all_of_it_away() -> None:
    sim = venue(1)
    main = sim.accounts["main"]
    before = set(sim.market.assets)
    sim.enlist(Contract(symbol="X777USDT", coin="X777", quote="USDT", step_size="1"), 2.0)
    main.trade("X777USDT", 100.0)
    shown = sim.answers_of("main")
    assert any(row["symbol"] == "X777USDT" for row in shown["/fapi/v1/leverageBracket"])
    assert any(row["symbol"] == "X777USDT" for row in shown["/fapi/v3/positionRisk"])
    sim.delist("X777USDT")
    assert "X777" not in str(sim.answers_of("main"))
    assert set(sim.market.assets) == before
    assert not main.open_positions()
    with pytest.raises(ValueError, match="no price yet"):
        sim.enlist(Contract(symbol="X778USDT", coin="X778", quote="USDT"))
    with pytest.raises(ValueError, match="listed already"):
        sim.enlist(sim.market.contracts["BTCUSDT"])


def test_a_quarterly_contract_is_settled_at_the_index_on_its_day_and_followed_by_the_next() -> None:
    sim = venue(1)
    main, pushed = sim.accounts["main"], list[dict[str, object]]()
    (contract,) = [one for one in sim.market.contracts.values() if one.kind is Kind.DELIVERY]
    assert contract.delivery_time is not None
    main.trade(contract.symbol, 0.1)
    main.pushes.append(pushed.append)
    clock = sim.clock
    assert isinstance(clock, ManualClock)
    clock.advance(contract.delivery_time - clock.now() + 1.0)
    index = sim.market.index(contract.symbol)
    sim.tick(1e-9)
    assert contract.symbol not in sim.market.contracts
    assert not main.open_positions()
    assert f"settled at {index:g}" in " ".join(sim.keeper.events)
    orders = [frame["o"] for frame in pushed if frame["e"] == "ORDER_TRADE_UPDATE"]
    assert all(str(order["c"]).startswith("delivery_autoclose-") for order in orders if isinstance(order, dict))
    (successor,) = [one for one in sim.market.contracts.values() if one.kind is Kind.DELIVERY]
    assert successor.delivery_time is not None
    assert successor.delivery_time > contract.delivery_time


def test_rest_stops_people_and_failures_and_the_market_moves_at_the_speed_given() -> None:
    sim = venue(2)
    days = Days(sim, seed=2, pace=BUSY)
    live(sim, days, 600)
    sim.faults.stall.add("market")
    days.rest(1e-9)
    assert not sim.faults.stall
    mark = sim.market.mark("BTCUSDT")
    pass_time(sim, 60.0)
    assert sim.market.mark("BTCUSDT") == pytest.approx(mark, rel=1e-6)
    days.resume()
    assert sim.speed == 1.0
