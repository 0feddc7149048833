"""The real session at Bybit against the simulated venue, with waits some twenty times shorter than in earnest."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace

import pytest

from monitor.domain.accounts import CollateralMode
from monitor.domain.events import (
    AccountConfig,
    AccountSnapshot,
    CandlesLoaded,
    CashFlowsRead,
    ClockRead,
    CollateralLoaded,
    FundingIntervals,
    OptionMarks,
    OrderChanged,
    PermissionsRead,
    PollFailed,
)
from monitor.domain.names import AccountKey
from monitor.sim.bybit import MarginMode
from tests.wire.bybit import SHORT, simulator, truth, wired
from tests.wire.harness import until

MAIN = AccountKey("bybit", "main")
WALLETS = {"USDT": 10_000.0, "BTC": 0.5}


async def test_everything_is_read_once_at_the_start_and_then_streams() -> None:
    async with simulator() as sim:
        account = sim.add_account("main", wallets=WALLETS)
        account.trade("BTCUSDT", 0.1)
        account.trade("BTCUSD", 100.0)
        option = sorted(sim.options)[0]
        account.trade(option, -0.1)
        async with wired(sim) as wire:
            await wire.all_up()
            await until(lambda: len(wire.all(CandlesLoaded)) == 2, what="seeds of the contracts held")
            await until(lambda: wire.tiered() == {"BTCUSDT", "BTCUSD"}, what="tiers of the contracts held")
            await until(lambda: {"BTCUSDT", "BTCUSD", option} <= wire.marks().keys(), what="marks of all of them")
            await until(lambda: {"USDT", "BTC"} <= wire.prices().keys(), what="prices of both coins")
            await until(lambda: wire.all(OptionMarks), what="what the option is priced with")
            await until(lambda: option in wire.listed())
            kinds = Counter(type(event) for event in wire.events)
            for kind in (CollateralLoaded, PermissionsRead, ClockRead, AccountConfig, FundingIntervals):
                assert kinds[kind] >= 1, kind
            assert not wire.all(PollFailed)
            assert len(wire.all(CandlesLoaded)[0].closes) == 719, "the newest one is still open"
            assert wire.held() == truth(account)
            first = [type(event) for event in wire.events if isinstance(event, AccountConfig | AccountSnapshot)]
            assert first[0] is AccountConfig, "positions are read with the modes already known"
            assert abs(wire.session.clock_offset() or 9.0) < 0.5
        assert not wire.ended


@pytest.mark.parametrize(
    ("mode", "ours"),
    [
        (MarginMode.ISOLATED, CollateralMode.ISOLATED),
        (MarginMode.CROSS, CollateralMode.MULTI_ASSETS),
        (MarginMode.PORTFOLIO, CollateralMode.PORTFOLIO),
    ],
)
async def test_the_mode_is_read_and_scenarios_only_in_portfolio_margin(mode: MarginMode, ours: CollateralMode) -> None:
    async with simulator() as sim:
        account = sim.add_account("main", mode=mode, wallets=WALLETS)
        account.trade("BTCUSDT", 0.1)
        async with wired(sim) as wire:
            await wire.all_up()
            assert wire.all(AccountConfig)[-1].mode.collateral is ours
            if mode is MarginMode.PORTFOLIO:
                await until(lambda: wire.last().venue.risk_units, what="its scenarios")
                assert wire.status("risk", "main").phase == "live"
            else:
                assert wire.status("risk", "main").phase == "idle"
                asked = {request.path for request in sim.requests.requests}
                assert "/v5/asset/portfolio-margin" not in asked


async def test_a_change_of_mode_is_found_and_scenarios_follow_it() -> None:
    async with simulator() as sim:
        account = sim.add_account("main", wallets=WALLETS)
        account.trade("BTCUSDT", 0.1)
        async with wired(sim, timings=replace(SHORT, config_every_seconds=0.3)) as wire:
            await wire.all_up()
            account.set_mode(MarginMode.PORTFOLIO)
            await until(lambda: wire.last().venue.risk_units, what="scenarios")
            account.set_mode(MarginMode.CROSS)
            await until(lambda: not wire.last().venue.risk_units, what="no scenarios any more")


async def test_nothing_of_an_account_is_asked_before_its_permissions() -> None:
    async with simulator() as sim:
        sim.add_account("main")
        async with wired(sim) as wire:
            await wire.all_up()
        asked = [request.path for request in sim.requests.requests if request.account == "main"]
        assert asked[0] == "/v5/user/query-api"
        first = [type(event) for event in wire.events if isinstance(event, PermissionsRead | AccountConfig)]
        assert first[0] is PermissionsRead


async def test_a_trade_is_pushed_and_then_read_again() -> None:
    async with simulator() as sim:
        account = sim.add_account("main", wallets=WALLETS)
        account.set_hedge("ETHUSDT", True)
        async with wired(sim, timings=replace(SHORT, account_every_seconds=30.0)) as wire:
            await wire.all_up()
            await asyncio.sleep(0.4)
            mark = len(wire.events)
            account.trade("ETHUSDT", -0.2, side="SHORT")
            await until(lambda: wire.held() == truth(account))
            assert await until(lambda: wire.since(mark, AccountSnapshot)) < 10.0, "long before its time"


async def test_an_order_is_pushed_and_told_of_in_the_next_reading() -> None:
    async with simulator() as sim:
        account = sim.add_account("main", wallets=WALLETS)
        async with wired(sim) as wire:
            await wire.all_up()
            account.place_order("ETHUSDT", 0.5, round(account.prices().mark("ETHUSDT") * 0.98, 1))
            await until(lambda: wire.all(OrderChanged))
            await until(lambda: wire.last().orders)
            await until(lambda: "ETHUSDT" in wire.marks(), what="its symbol's marks")


async def test_what_is_newly_held_is_streamed_and_has_tiers_and_what_is_closed_no_longer_is() -> None:
    async with simulator() as sim:
        account = sim.add_account("main", wallets=WALLETS)
        account.trade("BTCUSDT", 0.1)
        async with wired(sim) as wire:
            await wire.all_up()
            account.trade("ETHUSDT", 0.3)
            await until(lambda: "tickers.ETHUSDT" in sim.hub.wanted("linear"), what="its topic")
            await until(lambda: "ETHUSDT" in wire.tiered(), what="its tiers")
            await until(lambda: wire.up("marks"))
            account.close("BTCUSDT")
            await until(lambda: sim.hub.wanted("linear") == {"tickers.ETHUSDT"}, what="only what is held")
            await wire.all_up()
        assert not wire.ended


async def test_sockets_are_only_opened_for_categories_that_something_is_held_in() -> None:
    async with simulator() as sim:
        account = sim.add_account("main", wallets=WALLETS)
        account.trade("BTCUSDT", 0.1)
        async with wired(sim) as wire:
            await wire.all_up()
            assert wire.status("options").phase == "idle"
            await asyncio.sleep(0.2)
            assert {route for route, count in sim.hub.opened_by_route.items() if count} == {
                "linear",
                "spot",
                "private",
            }


async def test_an_account_that_holds_nothing_needs_no_marks_and_lacks_none() -> None:
    async with simulator() as sim:
        sim.add_account("main", wallets={"USDT": 100.0})
        async with wired(sim) as wire:
            await wire.all_up()
            assert wire.status("marks").phase == "idle"
            await until(lambda: "USDT" in wire.prices(), what="the price that only the wallet tells")


async def test_the_history_of_cash_flows_is_read_on_demand_over_pages() -> None:
    async with simulator() as sim:
        account = sim.add_account("main", wallets=WALLETS)
        async with wired(sim) as wire:
            await wire.all_up()
            since = wire.clock.now() - 0.5
            for _ in range(70):
                account.transfer("USDT", 1.0)
            await asyncio.sleep(1.1)
            wire.session.read_flows(MAIN, since)
            await until(lambda: wire.all(CashFlowsRead))
            read = wire.all(CashFlowsRead)[0]
            assert sum(flow.amount for flow in read.flows if flow.asset == "USDT") == pytest.approx(70.0)
            assert read.since == pytest.approx(since)
            times = [flow.venue_time for flow in read.flows]
            assert times == sorted(times)


async def test_two_accounts_share_the_public_streams() -> None:
    async with simulator() as sim:
        for name, symbol in (("one", "BTCUSDT"), ("two", "ETHUSDT")):
            sim.add_account(name, wallets=WALLETS).trade(symbol, 0.1)
        async with wired(sim) as wire:
            await wire.all_up()
            await until(lambda: {"BTCUSDT", "ETHUSDT"} <= wire.marks().keys())
            assert sim.hub.opened_by_route["linear"] == 1
            assert {one.account for one in wire.streams() if one.stream == "user"} == {"one", "two"}
