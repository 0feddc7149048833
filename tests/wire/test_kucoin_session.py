"""What the session tells of each product, what changes it, and what never shows."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from monitor.domain.accounts import CollateralMode, MarginMode
from monitor.domain.events import (
    AccountConfig,
    AccountSnapshot,
    BalanceCause,
    CandlesLoaded,
    CashFlowsRead,
    CollateralLoaded,
    FeedDown,
    FundingIntervals,
    FundingRates,
    OrderChanged,
    ParametersSet,
    PollFailed,
    TiersLoaded,
)
from monitor.domain.names import AccountKey
from monitor.domain.quality import Quality
from monitor.sim.kucoin.refusals import Refusal
from monitor.venues.kucoin import polls_futures
from monitor.venues.kucoin.redact import redact
from tests.wire.harness import until
from tests.wire.kucoin import COIN, ETHER, INVERSE, SHORT, Watched, simulator, truth, wired

RARE = replace(SHORT, account_every_seconds=30.0, config_every_seconds=30.0)


class Kept:
    """A recorder that remembers all texts as a journal does: redacted."""

    def __init__(self) -> None:
        self.texts: list[bytes] = []
        self.names: set[str] = set()

    def frame(self, venue: str, account: str | None, stream: str, raw: bytes, received: float) -> None:
        self.texts.append(redact(stream, raw))

    def answer(
        self, venue: str, account: str | None, name: str, status: int, raw: bytes, asked: float, received: float
    ) -> None:
        self.texts.append(redact(name, raw))
        self.names.add(name)


async def test_a_classic_account_is_whole_and_live() -> None:
    async with simulator() as sim:
        account = sim.add_account("main", wallets={"USDT": 10_000.0, "BTC": 1.0})
        account.trade(COIN, 10.0)
        account.trade(ETHER, -20.0, mode="ISOLATED", leverage=5.0)
        account.trade(INVERSE, 500.0)
        account.place(COIN, 5.0, 50_000.0)
        async with wired(sim, parameters={"liquidation_fee": 0.0007}) as wire:
            assert wire.all(ParametersSet)[0].parameters == (("liquidation_fee", 0.0007),)
            watched = Watched(wire)
            await wire.all_up()
            await until(lambda: watched.report().quality is Quality.LIVE, what="everything known")
            names = {pool.key.pool for pool in watched.report().pools if pool.positions}
            assert names == {"cross:USDT", "cross:BTC", f"isolated:{ETHER}:short"}
            assert wire.held() == truth(account)
            (config, *_) = wire.all(AccountConfig)
            assert (config.mode.collateral, config.mode.kind) == (CollateralMode.SINGLE_ASSET, "classic")
            assert len(wire.snapshots()[-1].orders) == 1
            tables = wire.all(TiersLoaded)[-1]
            assert tables.account == AccountKey("kucoin", "main")
            assert ETHER in dict(tables.isolated)
            await until(lambda: wire.all(FundingRates))
            rates = wire.all(FundingRates)[-1]
            assert {COIN, ETHER, INVERSE} == set(rates.symbols)
            assert all(at is not None and at > sim.now() for at in rates.next_times)
            assert wire.all(FundingIntervals)
            assert {one.symbol for one in wire.all(CandlesLoaded)} <= {COIN, ETHER, INVERSE}
        assert not wire.ended


async def test_a_unified_account_is_read_as_one_pool() -> None:
    async with simulator() as sim:
        account = sim.add_account("main", kind="unified", wallets={"USDT": 10_000.0, "BTC": 1.0})
        account.trade(COIN, 10.0)
        async with wired(sim) as wire:
            watched = Watched(wire)
            await wire.all_up()
            await until(lambda: watched.report().quality is not Quality.UNKNOWN, what="known")
            (pool,) = watched.report().pools
            assert pool.key.pool == "multi-assets"
            assert wire.held() == truth(account)
            await until(lambda: [one for one in wire.all(TiersLoaded) if COIN in dict(one.tiers)])
            await until(lambda: wire.all(CollateralLoaded))
            account.trade(COIN, 5.0)
            await until(lambda: wire.held() == truth(account))


async def test_a_unified_accounts_pushes_are_there_before_any_reading_and_after_a_cut() -> None:
    async with simulator() as sim:
        account = sim.add_account("main", kind="unified", wallets={"USDT": 10_000.0})
        account.trade(COIN, 10.0)
        async with wired(sim, timings=replace(RARE, resync_spacing_seconds=30.0)) as wire:
            await wire.all_up()
            await asyncio.sleep(0.3)
            read = len(wire.all(AccountSnapshot))
            account.trade(ETHER, -3.0)
            await until(lambda: wire.held() == truth(account))
            assert len(wire.all(AccountSnapshot)) == read
        async with wired(sim) as wire:
            await wire.all_up()
            account.place(COIN, 2.0, 10_000.0)
            await until(lambda: [one.quantity for one in wire.snapshots()[-1].orders] == [2.0])
            sim.drop("unified")
            await until(lambda: [one for one in wire.all(FeedDown) if one.stream == "user"])
            account.trade(COIN, 5.0)
            await wire.all_up()
            await until(lambda: wire.held() == truth(account))
        assert not wire.ended


async def test_spot_margin_is_read_for_all_pairs_and_for_each() -> None:
    async with simulator() as sim:
        account = sim.add_account("main", margin={"USDT": 1_000.0}, isolated={"ETH-USDT": {"USDT": 500.0}})
        account.borrow("BTC", 0.005)
        async with wired(sim, products={"main": ("margin", "isolated-margin")}) as wire:
            watched = Watched(wire, "main-margin", "main-isolated-margin")
            await wire.all_up()
            await until(lambda: wire.prices().keys() >= {"USDT", "BTC"})
            await until(lambda: watched.report("main-margin").quality is Quality.LIVE)
            modes = {one.account.account: one.mode for one in wire.all(AccountConfig)}
            assert modes["main-margin"].collateral is CollateralMode.SPOT
            assert modes["main-isolated-margin"].collateral is CollateralMode.ISOLATED
            owed = {one.asset: one.borrowed for one in wire.snapshots("main-margin")[-1].balances}
            assert owed["BTC"] == pytest.approx(0.005)
            assert {pool.key.pool for pool in watched.report("main-margin").pools} == {"margin"}
            loans = {one.account and one.account.account: one.loans for one in wire.all(TiersLoaded)}
            assert set(dict(loans["main-margin"])) == {""}
            assert "ETH-USDT" in dict(loans["main-isolated-margin"])
        assert not wire.ended


async def test_a_margin_account_of_a_unified_user_is_unknown_and_not_empty() -> None:
    """Complaint 9: what is empty because it lies elsewhere is not safe."""
    async with simulator() as sim:
        account = sim.add_account("main", margin={"USDT": 1_000.0})
        account.switch_kind("unified")
        async with wired(sim, products={"main": ("margin",)}) as wire:
            watched = Watched(wire, "main-margin")
            await until(lambda: wire.all(AccountConfig) and wire.snapshots("main-margin"))
            assert wire.all(AccountConfig)[-1].mode.collateral is None
            report = watched.report("main-margin")
            assert report.quality is Quality.UNKNOWN
            assert any("unified account" in reason for reason in report.reasons)


async def test_a_currency_that_the_venue_refuses_costs_no_reading_while_nothing_is_held_in_it() -> None:
    async with simulator() as sim:
        account = sim.add_account("main")
        account.trade(COIN, 1.0)
        refused = ("USDC",)

        def edit(data: Any) -> Any:
            if data["currency"] in refused:
                raise Refusal(400, "400100", "planted")
            return data

        sim.faults.edit_answer["/api/v1/account-overview"] = edit
        async with wired(sim) as wire:
            await until(lambda: wire.held() == truth(account))
            assert wire.status("account", "main").up
            asked = len(sim.requests.requests)
            await asyncio.sleep(0.8)
            later = sim.requests.requests[asked:]
            assert len([one for one in later if one.path.endswith("account-overview")]) >= 2
            assert not [one for one in later if one.status != 200]


async def test_what_pushes_tell_is_there_before_any_reading() -> None:
    async with simulator() as sim:
        account = sim.add_account("main")
        account.trade(COIN, 1.0)
        async with wired(sim, timings=replace(RARE, resync_spacing_seconds=30.0)) as wire:
            await wire.all_up()
            await asyncio.sleep(0.3)
            read = len(wire.all(AccountSnapshot))
            account.trade(ETHER, -3.0)
            account.close(COIN)
            await until(lambda: wire.held() == truth(account))
            assert len(wire.all(AccountSnapshot)) == read


async def test_a_new_order_is_read_and_one_that_is_gone_is_told() -> None:
    """A push does not say enough of an order to count it, but that it is gone."""
    async with simulator() as sim:
        account = sim.add_account("main")
        async with wired(sim, timings=RARE) as wire:
            await wire.all_up()
            order = account.place(COIN, 2.0, 10_000.0)
            await until(lambda: [one.quantity for one in wire.snapshots()[-1].orders] == [2.0])
            await until(lambda: COIN in wire.marks(), what="what is ordered is streamed")
            account.cancel(order.id)
            await until(lambda: [one.order.quantity for one in wire.all(OrderChanged)] == [0.0])


async def test_a_new_contract_is_streamed_listed_and_has_its_tiers_soon() -> None:
    async with simulator() as sim:
        account = sim.add_account("main")
        account.trade(COIN, 1.0)
        async with wired(sim) as wire:
            watched = Watched(wire)
            await wire.all_up()
            await until(lambda: watched.report().quality is Quality.LIVE)
            symbol = sim.enlist("PEPE", 0.5)
            account.trade(symbol, 100.0, mode="ISOLATED")
            await until(lambda: wire.marks().get(symbol), what="its mark")
            await until(lambda: symbol in dict(wire.all(TiersLoaded)[-1].isolated), what="its tiers")
            await until(lambda: watched.report().quality is Quality.LIVE)
        assert not wire.ended


async def test_a_change_of_kind_is_found_and_the_account_read_anew() -> None:
    async with simulator() as sim:
        account = sim.add_account("main")
        account.trade(COIN, 1.0)
        async with wired(sim, timings=replace(SHORT, config_every_seconds=0.3)) as wire:
            await wire.all_up()
            account.close(COIN)
            account.switch_kind("unified")
            await until(lambda: wire.all(AccountConfig)[-1].mode.kind == "unified")
            account.trade(ETHER, 2.0)
            await until(lambda: wire.held() == truth(account))
            account.close(ETHER)
            account.switch_kind("classic")
            await until(lambda: wire.all(AccountConfig)[-1].mode.kind == "classic")
            account.trade(COIN, 2.0)
            await until(lambda: wire.up("user", "main"))
            await until(lambda: wire.held() == truth(account))
        assert not wire.ended


async def test_a_kind_that_cannot_be_read_leaves_the_account_unknown() -> None:
    async with simulator() as sim:
        account = sim.add_account("main")
        account.trade(COIN, 1.0)
        sim.faults.unreadable_mode = True
        async with wired(sim, timings=replace(SHORT, config_every_seconds=0.4)) as wire:
            await until(lambda: wire.all(AccountConfig))
            await until(lambda: any(one.what == "account" for one in wire.all(PollFailed)))
            assert wire.all(AccountConfig)[0].mode.collateral is None
            assert not wire.all(AccountSnapshot)
            sim.faults.clear()
            await until(lambda: wire.held() == truth(account))


async def test_an_empty_answer_is_told_as_it_is_and_the_next_one_is_right() -> None:
    """Complaint 13: that nothing is left is believed by the engine only when a second reading says so."""
    async with simulator() as sim:
        account = sim.add_account("main")
        account.trade(COIN, 3.0, mode="ISOLATED")
        async with wired(sim) as wire:
            watched = Watched(wire)
            await wire.all_up()
            await until(lambda: watched.report().quality is Quality.LIVE)
            before = len(wire.all(AccountSnapshot))
            sim.faults.empty()
            await until(lambda: any(not one.positions for one in wire.all(AccountSnapshot)[before:]))
            held = [position.symbol for pool in watched.report().pools for position in pool.positions]
            assert held == [COIN]
            await until(lambda: wire.snapshots()[-1].positions and watched.report().quality is Quality.LIVE)


async def test_a_setting_told_by_the_stream_has_the_modes_read() -> None:
    async with simulator() as sim:
        account = sim.add_account("main")
        account.trade(COIN, 3.0, mode="ISOLATED")
        async with wired(sim, timings=RARE) as wire:
            await wire.all_up()
            await asyncio.sleep(0.3)
            told = len(wire.all(AccountConfig))
            account.set_risk_level(COIN, 2)
            await until(lambda: len(wire.all(AccountConfig)) > told)
            await until(lambda: wire.snapshots()[-1].positions[0].margin_mode is MarginMode.ISOLATED)


async def test_the_history_tells_why_a_wallet_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polls_futures, "INCOME_LAG_SECONDS", 0.1)
    async with simulator() as sim:
        account = sim.add_account("main")
        account.trade(COIN, 10.0)
        async with wired(sim) as wire:
            await wire.all_up()
            account.deposit("USDT", 250.0)
            account.close(COIN)
            await asyncio.sleep(0.2)  # what happened just now need not be in the history
            wire.session.read_flows(AccountKey("kucoin", "main"), sim.now() - 60.0)
            await until(lambda: wire.all(CashFlowsRead))
            flows = wire.all(CashFlowsRead)[-1].flows
            assert {one.cause for one in flows} >= {BalanceCause.TRANSFER, BalanceCause.TRADE}
            assert 250.0 in {one.amount for one in flows}


async def test_tokens_and_keys_are_in_no_record_row_event_or_error(caplog: pytest.LogCaptureFixture) -> None:
    recorder = Kept()
    caplog.set_level("DEBUG")
    async with simulator() as sim:
        account = sim.add_account("main", margin={"USDT": 10.0})
        account.trade(COIN, 1.0)
        products = {"main": ("futures", "margin")}
        async with wired(sim, recorder=recorder, products=products) as wire:
            await wire.all_up()
            sim.faults.garbage_frames["private"] = 1
            sim.faults.refused_tokens = 3
            sim.drop()
            await until(lambda: wire.all(FeedDown))
            await wire.all_up()
            tokens = set(sim.tokens._given)
            assert len(tokens) >= 4
            said = repr(wire.events) + repr(wire.session.feeds()) + repr(wire.session.malformed()) + caplog.text
            said += b" ".join(recorder.texts).decode("utf-8", "replace")
            for secret in (*tokens, account.key, account.secret, account.passphrase, "KC-API", "token="):
                assert secret not in said
            assert not any("bullet" in name for name in recorder.names)
