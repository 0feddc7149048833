"""The real session at Hyperliquid against the simulated venue, with waits some twenty times shorter than in earnest."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace

import pytest

from monitor.domain.accounts import Permissions
from monitor.domain.events import (
    AccountConfig,
    AccountSnapshot,
    CandlesLoaded,
    CashFlow,
    CashFlowsRead,
    ClockRead,
    CollateralLoaded,
    FundingIntervals,
    FundingRates,
    InstrumentsLoaded,
    ParametersSet,
    PermissionsRead,
    PollFailed,
    Ticks,
    TiersLoaded,
    VenueWarning,
)
from monitor.domain.names import AccountKey
from monitor.domain.view import OUTCOMES
from monitor.sim.hyperliquid.accounts import Mode
from monitor.venues.hyperliquid import polls
from tests.wire.harness import until
from tests.wire.hyperliquid import SHORT, Watched, named, simulator, truth, wired


async def test_everything_is_read_once_at_the_start_and_then_streams() -> None:
    async with simulator() as sim:
        account = sim.add_account("main", dexs={"xyz": 500.0})
        account.trade("BTC", 0.5)
        account.trade("xyz:GOLD", 0.1)
        async with wired(sim, parameters={"portfolio_threshold": 0.9}) as wire:
            await wire.all_up()
            await until(lambda: len(wire.all(CandlesLoaded)) == 2, what="seeds of what is held")
            kinds = Counter(type(event) for event in wire.events)
            for kind in (
                FundingIntervals,
                InstrumentsLoaded,
                TiersLoaded,
                CollateralLoaded,
                PermissionsRead,
                AccountConfig,
                FundingRates,
            ):
                assert kinds[kind] >= 1, kind
            assert wire.events[0] == ParametersSet(
                "hyperliquid", (("portfolio_threshold", 0.9),), wire.all(ParametersSet)[0].at
            )
            assert not wire.all(PollFailed)
            assert wire.held() == truth(account)
            await until(lambda: wire.marks().get("xyz:GOLD") == pytest.approx(sim.board.mark("xyz:GOLD")))
            await until(lambda: wire.prices().get("USDC") == 1.0)
            first = [type(event) for event in wire.events if isinstance(event, AccountConfig | AccountSnapshot)]
            assert first.count(AccountConfig) >= 1
            for row in wire.streams():
                counted = sum(getattr(row, outcome) for outcome in OUTCOMES)
                assert row.messages == row.waiting + counted, "every frame is counted once"
            assert not wire.session.malformed()
        assert not wire.ended


async def test_an_address_can_be_looked_at_and_nothing_else() -> None:
    async with simulator() as sim:
        sim.add_account("main")
        async with wired(sim) as wire:
            await wire.all_up()
            (read,) = wire.all(PermissionsRead)
            assert read.permissions == Permissions(
                can_read=True, can_trade=False, can_withdraw=False, can_transfer=False
            )
        asked = [request.path for request in sim.requests.requests if request.account == "main"]
        assert set(asked[:2]) == {"clearinghouseState", "spotClearinghouseState"}, "what it has, before anything else"
        assert asked.count("userRole") <= 1, "what it is: dear, and once"


async def test_all_addresses_and_the_marks_share_one_socket() -> None:
    async with simulator() as sim:
        for name in ("main", "second", "third"):
            sim.add_account(name).trade("ETH", 1.0)
        async with wired(sim) as wire:
            await wire.all_up()
            assert len(sim.hub.connections) == 1
            sim.accounts["second"].trade("ETH", 2.0)
            await until(lambda: wire.held("second") == {"ETH": 3.0})
            assert wire.held("main") == wire.held("third") == {"ETH": 1.0}


async def test_a_trade_is_pushed_whole_without_a_question() -> None:
    async with simulator() as sim:
        account = sim.add_account("main")
        async with wired(sim, timings=replace(SHORT, account_every_seconds=30.0, config_every_seconds=0.4)) as wire:
            await wire.all_up()
            await until(lambda: sim.requests.count("userAbstraction") >= 2, what="the readings of the start are over")
            await asyncio.sleep(0.3)
            asked = sim.requests.count("clearinghouseState")
            account.trade("SOL", -20.0, isolated=True, leverage=4)
            took = await until(lambda: wire.held() == truth(account))
            assert took < 1.0
            assert [flow.symbol for flow in wire.all(CashFlow)] == ["SOL"]
            assert sim.requests.count("clearinghouseState") == asked


@pytest.mark.parametrize(
    ("mode", "pools"),
    [
        (Mode.STANDARD, {"cross:USDC", "cross:xyz:USDE", "isolated:SOL:long"}),
        pytest.param(Mode.DEFAULT, {"cross:USDC", "cross:xyz:USDE", "isolated:SOL:long"}, marks=pytest.mark.soak),
        (Mode.UNIFIED, {"cross:USDC", "cross:USDE", "isolated:SOL:long"}),
        (Mode.PORTFOLIO, {"portfolio-margin", "cross:USDE", "isolated:SOL:long"}),
    ],
    ids=named,
)
async def test_each_mode_is_live_with_the_venues_own_figures(mode: Mode, pools: set[str]) -> None:
    async with simulator() as sim:
        account = sim.add_account("main", mode=mode, wallets={"USDC": 20_000.0, "HYPE": 50.0, "USDE": 900.0})
        if not account.pooled:
            account.move_to_dex(900.0, "xyz")
        account.trade("BTC", 0.5)
        account.trade("ETH", -3.0)
        account.trade("xyz:GOLD", 0.5)
        account.trade("SOL", 10.0, isolated=True, leverage=5)
        async with wired(sim) as wire:
            watched = Watched(wire)
            await until(lambda: watched.live("BTC", "ETH", "xyz:GOLD", "SOL"), what="LIVE, with all that is held")
            report = watched.report()
            assert {pool.key.pool for pool in report.pools if pool.positions} == pools
            assert max((abs(drift) for pool in report.pools for drift in pool.drift.values()), default=0.0) < 1e-6
            assert not any(pool.contradictions for pool in report.pools)
        assert not wire.ended


async def test_a_liquidation_is_told_as_the_venues_warning() -> None:
    async with simulator() as sim:
        account = sim.add_account("main")
        account.trade("BTC", 1.0)
        async with wired(sim) as wire:
            await wire.all_up()
            await asyncio.sleep(0.2)
            sim.set_mark("BTC", 50_500.0)
            await until(lambda: wire.all(VenueWarning))
            await until(lambda: wire.held() == {})
            assert {warning.symbol for warning in wire.all(VenueWarning)} == {"BTC"}


async def test_the_history_of_funding_fills_and_transfers_is_read_where_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(polls, "INCOME_LAG_SECONDS", 0.0)
    async with simulator() as sim:
        account = sim.add_account("main")
        account.deposit(250.0)
        account.trade("BTC", 0.5)
        account.pay_funding("BTC", 0.0001)
        account.withdraw(50.0)
        async with wired(sim) as wire:
            await wire.all_up()
            await until(lambda: wire.all(ClockRead))
            assert not wire.all(CashFlowsRead), "it is dear, and not read by itself"
            wire.session.read_flows(AccountKey("hyperliquid", "main"), wire.clock.now() - 60.0)
            await until(lambda: wire.all(CashFlowsRead))
            (read,) = wire.all(CashFlowsRead)
            said = {(flow.cause.value, round(flow.amount, 6)) for flow in read.flows}
            fee, paid = -0.5 * 60_000.0 * 0.00045, -0.5 * 60_000.0 * 0.0001
            assert said == {("transfer", 250.0), ("trade", fee), ("funding", paid), ("transfer", -50.0)}


async def test_a_new_perpetual_is_found_by_the_length_of_a_dexs_list() -> None:
    async with simulator() as sim:
        account = sim.add_account("main")
        async with wired(sim) as wire:
            await wire.all_up()
            name = sim.enlist("NEW", 2.0)
            account.trade(name, 100.0)
            await until(lambda: wire.marks().get(name) == pytest.approx(2.0), what="its marks")
            assert name in {one.symbol for one in wire.all(InstrumentsLoaded)[-1].instruments}
            assert sim.requests.count("allPerpMetas") <= 4


async def test_perpetuals_in_another_order_are_found_by_marks_that_contradict_an_accounts_own() -> None:
    async with simulator() as sim:
        account = sim.add_account("main")
        account.trade("BTC", 0.1)
        async with wired(sim) as wire:
            await wire.all_up()
            await until(lambda: wire.marks().get("BTC") == pytest.approx(60_000.0))
            await asyncio.sleep(0.3)
            mark = len(wire.events)
            names = ["ETH", "BTC", *(name for name in sim.board.perps if name not in ("ETH", "BTC"))]
            sim.board.perps.update({name: sim.board.perps.pop(name) for name in names})
            await until(lambda: wire.all(InstrumentsLoaded)[-1].instruments[0].symbol == "ETH")
            await until(lambda: wire.marks()["BTC"] == pytest.approx(60_000.0))
            assert wire.marks()["ETH"] == pytest.approx(3_000.0)
            for ticks in wire.since(mark, Ticks):
                told = dict(zip(ticks.symbols, ticks.marks, strict=True))
                assert told.get("BTC", 60_000.0) == pytest.approx(60_000.0), "also in the gap"
                assert told.get("ETH", 3_000.0) == pytest.approx(3_000.0)


@pytest.mark.soak
async def test_a_list_that_never_fits_is_not_read_without_end() -> None:
    async with simulator() as sim:
        sim.add_account("main").trade("BTC", 0.1)
        async with wired(sim, timings=replace(SHORT, missing_spacing_seconds=60.0)) as wire:
            await wire.all_up()
            sim.faults.missing_rows["xyz"] = 1
            await asyncio.sleep(0.7)
            assert sim.requests.count("allPerpMetas") <= 6
            assert wire.up("marks"), "the other dexs are told"


async def test_our_own_clock_may_be_wrong_from_the_start() -> None:
    async with simulator() as sim:
        sim.add_account("main").trade("BTC", 0.1)
        async with wired(sim, shift=-3600.0) as wire:
            watched = Watched(wire)
            await until(lambda: wire.all(ClockRead))
            await until(lambda: watched.live("BTC"), what="LIVE although we are an hour behind")
            assert wire.session.clock_offset() == pytest.approx(3600.0, abs=0.3)


@pytest.mark.parametrize("shift", [2.0, pytest.param(-2.0, marks=pytest.mark.soak)])
async def test_a_clock_that_jumps_is_measured_again(shift: float) -> None:
    """Complaint 21."""
    async with simulator() as sim:
        sim.add_account("main").trade("BTC", 0.1)
        async with wired(sim) as wire:
            await wire.all_up()
            await until(lambda: wire.all(ClockRead))
            sim.faults.clock_shift_seconds = shift
            await until(lambda: abs((wire.session.clock_offset() or 0.0) - shift) < 0.2, what="the skew is measured")
            assert len(wire.all(ClockRead)) >= 2
            assert not [one for one in wire.all(PollFailed) if one.what == "account"]
