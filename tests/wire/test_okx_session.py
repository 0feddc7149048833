"""The real session at OKX against the simulated venue, with waits some twenty times shorter than in earnest."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace

import pytest

from monitor.domain.events import (
    AccountConfig,
    AccountSnapshot,
    CandlesLoaded,
    CashFlowsRead,
    ClockRead,
    CollateralLoaded,
    FundingRates,
    InstrumentsLoaded,
    OptionMarks,
    OrderChanged,
    PermissionsRead,
    PollFailed,
    TiersLoaded,
)
from monitor.domain.names import AccountKey, Side
from monitor.domain.view import OUTCOMES
from monitor.venues.okx import market
from monitor.venues.okx.session import OkxSession
from monitor.venues.okx.settings import OkxSettings
from monitor.venues.settings import AccountSettings, Credentials, Secret
from tests.wire.harness import ShiftedClock, unheard, until
from tests.wire.okx import ETHER, SHORT, SWAP, simulator, truth, wired

CONFIG, BUILDER = "/api/v5/account/config", "/api/v5/account/position-builder"


async def test_everything_is_read_once_at_the_start_and_then_streams() -> None:
    async with simulator() as sim:
        account = sim.add_account("main")
        account.trade(SWAP, 5.0)
        async with wired(sim) as wire:
            await wire.all_up()
            await until(lambda: wire.all(CandlesLoaded), what="seeds of the symbol held")
            await until(lambda: any(one.tiers for one in wire.all(TiersLoaded)), what="tiers of the symbol held")
            await until(lambda: wire.all(FundingRates), what="funding of the perpetual held")
            kinds = Counter(type(event) for event in wire.events)
            for kind in (InstrumentsLoaded, CollateralLoaded, PermissionsRead, ClockRead, AccountConfig):
                assert kinds[kind] >= 1, kind
            assert not wire.all(PollFailed)
            assert [event.symbol for event in wire.all(CandlesLoaded)] == [SWAP]
            assert len(wire.all(CandlesLoaded)[0].closes) == 719, "the newest one is still open"
            assert wire.held() == truth(account)
            await until(lambda: wire.marks().get(SWAP) == pytest.approx(sim.board.mark(SWAP)))
            await until(lambda: wire.prices().get("USDT") == pytest.approx(sim.market.asset_usd("USDT")))
            first = [type(event) for event in wire.events if isinstance(event, AccountConfig | AccountSnapshot)]
            assert first[0] is AccountConfig, "positions are read with the modes already known"
            assert abs(wire.session.clock_offset() or 9.0) < 0.5
            assert "connections" in wire.status("user", "main").reason
            for row in wire.streams():
                counted = sum(getattr(row, outcome) for outcome in OUTCOMES)
                assert row.messages == row.waiting + counted, "every frame is counted once"
        assert not wire.ended


async def test_nothing_of_an_account_is_asked_before_its_permissions() -> None:
    async with simulator() as sim:
        sim.add_account("main")
        async with wired(sim) as wire:
            await wire.all_up()
        asked = [request.path for request in sim.requests.requests if request.account == "main"]
        assert asked[0] == CONFIG
        first = [type(event) for event in wire.events if isinstance(event, PermissionsRead | AccountConfig)]
        assert first[0] is PermissionsRead


async def test_a_trade_is_pushed_and_then_read_again() -> None:
    async with simulator() as sim:
        account = sim.add_account("main", hedge=True)
        async with wired(sim, timings=replace(SHORT, account_every_seconds=30.0)) as wire:
            await wire.all_up()
            await asyncio.sleep(0.4)
            mark = len(wire.events)
            account.trade(ETHER, -2.0, side="short")
            await until(lambda: wire.held() == truth(account))
            took = await until(lambda: wire.since(mark, AccountSnapshot))
            assert took < 1.0


async def test_both_legs_of_a_hedge_survive_snapshots_pushes_and_the_close_of_one() -> None:
    """Complaint 12."""
    async with simulator() as sim:
        account = sim.add_account("main", hedge=True)
        account.trade(SWAP, 5.0, side="long")
        account.trade(SWAP, -2.0, side="short")
        async with wired(sim) as wire:
            await wire.all_up()
            await until(lambda: wire.held() == truth(account))
            assert len(wire.held()) == 2
            account.trade(SWAP, 1.0, side="long")
            await until(lambda: wire.held() == truth(account))
            account.close(SWAP, side="short")
            await until(lambda: wire.held() == truth(account))
            assert [place.side for place in wire.held()] == [Side.LONG]


async def test_what_is_newly_held_is_streamed_and_has_tiers_and_what_is_closed_soon_no_longer_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(market, "LINGERS", 0.3)
    async with simulator() as sim:
        account = sim.add_account("main")
        account.trade(SWAP, 1.0)
        async with wired(sim) as wire:
            await wire.all_up()
            account.trade(ETHER, 3.0, mode="isolated")
            await until(lambda: ETHER in wire.marks(), what="its marks")
            await until(lambda: ETHER in wire.tiered()[1], what="its tiers")
            account.close(SWAP)

            def streamed() -> set[str]:
                topics = [topic for one in sim.hub.on("public") for topic in one.speech.topics]
                return {topic for topic in topics if "mark-price" in str(topic)}

            await until(lambda: len(streamed()) == 1, what="what is closed is unsubscribed")
            await wire.all_up()
        assert not wire.ended


async def test_resting_orders_are_pushed_and_read() -> None:
    async with simulator() as sim:
        account = sim.add_account("main")
        async with wired(sim) as wire:
            await wire.all_up()
            number = account.place(SWAP, 2.0, 90_000.0)
            await until(lambda: wire.all(OrderChanged))
            await until(lambda: [one.id for one in wire.all(AccountSnapshot)[-1].orders] == [number])
            await until(lambda: SWAP in wire.marks(), what="what is ordered is streamed")
            account.cancel(number)
            await until(lambda: wire.all(OrderChanged)[-1].order.quantity == 0)
            await until(lambda: not wire.all(AccountSnapshot)[-1].orders)


async def test_many_orders_are_read_whole() -> None:
    async with simulator() as sim:
        account = sim.add_account("main", wallets={"USDT": 10_000_000.0})
        numbers = {account.place(SWAP, 0.01, 50_000.0 + step) for step in range(230)}
        async with wired(sim) as wire:
            await until(lambda: wire.all(AccountSnapshot))
            assert {one.id for one in wire.all(AccountSnapshot)[0].orders} == numbers


async def test_options_bring_the_volatilities_of_their_family() -> None:
    async with simulator() as sim:
        account = sim.add_account("main", level=3, wallets={"BTC": 10.0})
        option = next(name for _, name in sim.board.instruments if name.endswith("-C") and name.startswith("BTC-USD-"))
        account.trade(option, -1.0)
        async with wired(sim) as wire:
            await until(lambda: wire.all(OptionMarks), what="volatilities")
            await wire.all_up()
            await until(lambda: option in wire.listed(), what="what it is")
            await until(lambda: option in wire.tiered()[0], what="margin factors")
        assert not wire.ended


async def test_portfolio_margin_is_asked_for_its_scenarios_and_others_are_not() -> None:
    async with simulator() as sim:
        account = sim.add_account("main", level=4)
        sim.add_account("second", level=3)
        account.trade(SWAP, 10.0)
        async with wired(sim) as wire:
            await until(lambda: [one for one in wire.all(AccountSnapshot) if one.venue.risk_units], what="scenarios")
            told = [one for one in wire.all(AccountSnapshot) if one.venue.risk_units][-1]
            assert told.account == AccountKey("okx", "main")
            assert [unit.asset for unit in told.venue.risk_units] == ["BTC"]
            assert len(told.venue.market_curve) > 10
            assert told.venue.risk_asked is not None
            assert wire.status("risk", "second").phase == "idle"
            assert {one.account for one in sim.requests.requests if one.path == BUILDER} == {"main"}
        assert not wire.ended


async def test_the_history_of_cash_is_read_when_it_is_asked_for() -> None:
    async with simulator() as sim:
        account = sim.add_account("main")
        since = sim.now() - 10.0
        for _ in range(120):
            account.deposit("USDT", 1.0)
        done = sim.now()
        async with wired(sim) as wire:
            await wire.all_up()
            await asyncio.sleep(max(0.0, done + 1.05 - sim.now()))  # the last second is not asked about
            wire.session.read_flows(AccountKey("okx", "main"), since)
            await until(lambda: wire.all(CashFlowsRead))
            (read,) = wire.all(CashFlowsRead)
            assert read.since == since
            assert len(read.flows) == 120


async def test_demo_trading_is_said_with_each_request() -> None:
    async with simulator() as sim:
        sim.add_account("main", demo=True)
        async with wired(sim, demo=True) as wire:
            await until(lambda: wire.all(AccountSnapshot))
            assert not wire.all(PollFailed)
        async with wired(sim) as wire:
            await until(lambda: wire.all(PollFailed))
            assert any("demo" in one.reason for one in wire.all(PollFailed))


async def test_closing_leaves_nothing_behind() -> None:
    async with simulator() as sim:
        sim.add_account("main")
        before = asyncio.all_tasks()
        async with wired(sim) as wire:
            await wire.all_up()
        await until(lambda: not sim.hub.on(), what="no socket is left")
        await until(lambda: asyncio.all_tasks() <= before, what="no task is left")


async def test_many_accounts_open_their_sockets_no_faster_than_the_venue_admits() -> None:
    async with simulator(limited=True) as sim:
        for number in range(5):
            sim.add_account(f"account-{number}")
        async with wired(sim) as wire:
            await until(lambda: all(one.up for one in wire.streams() if one.stream == "user"))
            assert not wire.edges("user") or all(type(one).__name__ == "FeedUp" for one in wire.edges("user"))
        assert not wire.ended


def test_jobs_are_named_once_and_not_like_streams() -> None:
    accounts = tuple(
        AccountSettings(
            venue="okx",
            name=name,
            credentials=Credentials(api_key=Secret("a"), api_secret=Secret("b"), passphrase=None),
        )
        for name in ("main", "second")
    )
    session = OkxSession(OkxSettings(accounts=accounts), unheard, ShiftedClock())
    names = [(job.account, job.name) for job in session.jobs()]
    assert len(set(names)) == len(names)
    streams = {("marks", ""), ("assets", ""), ("options", ""), ("user", "main"), ("user", "second")}
    readings = {(what, "") for what in ("clock", "instruments", "tiers", "collateral", "candles")}
    asked = ("account", "config", "permissions", "income", "risk")
    readings |= {(what, name) for what in asked for name in ("main", "second")}
    assert {(one.stream, one.account) for one in session.feeds()} == streams | readings
    assert {(name, account or "") for account, name in names} & (streams | readings) == readings
    assert {one.phase for one in session.feeds()} == {"waiting"}
