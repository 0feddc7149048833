"""Trouble of single products at Binance: budgets, keys, lost answers, sockets that age, prices that no stream tells."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from monitor.domain.events import (
    AccountConfig,
    AccountSnapshot,
    AssetTick,
    BalanceCause,
    BalanceChanged,
    CashFlowsRead,
    FeedDown,
    PollFailed,
    Ticks,
)
from monitor.domain.names import AccountKey
from monitor.sim.binance import SimBinance
from monitor.sim.binance.refusals import Refusal
from tests.wire.binance import KINDS, NAME, Kind, briefly, said
from tests.wire.harness import SHORT, simulator, until, wired

OF = {kind.product: kind for kind in KINDS}
WITH_TOKENS = [OF["margin"], OF["isolated-margin"]]


async def test_fifty_accounts_of_all_products_leave_each_limit_its_share() -> None:
    """Complaint 20: each pool by itself stays below 60 %, and every account is read."""
    async with SimBinance(quiet=True) as sim:
        for number in range(10):
            sim.add_account(f"u{number}").trade("BTCUSDT", 0.1)
            sim.add_account(f"c{number}", product="coinm", wallets={"BTC": 1.0}).trade("BTCUSD_PERP", 1)
            sim.add_account(f"m{number}", product="margin").trade("BTCUSDT", 0.01)
            sim.add_account(f"i{number}", product="isolated-margin", wallets={"SOLUSDT": {"USDT": 100.0}})
            sim.add_account(f"p{number}", product="portfolio-margin").trade("BTCUSDT", 0.01)
        # Fifty beginnings at once are slow on a busy machine: what counts here is only how much is asked.
        async with wired(sim, roomy=False, timings=replace(SHORT, request_seconds=30.0)) as wire:
            await until(lambda: len({one.account for one in wire.all(AccountSnapshot)}) == 50, 60.0)
            await asyncio.sleep(1.0)
            assert sim.requests.most_weight_a_minute <= 0.6 * 2400, "both kinds of futures share it"
            assert wire.session.budgets()[0].used_ratio <= 0.6
            assert (
                sum(log.most_weight_a_minute for name, log in sim.gate.pools.items() if "sapi " in name) <= 0.6 * 6000
            )
            assert sim.gate.pools["papi"].most_weight_a_minute <= 0.6 * 6000
            assert all(one.waiting for one in wire.all(PollFailed))


@pytest.mark.parametrize("kind", briefly(KINDS, "margin", "portfolio-margin-pro"), ids=str)
async def test_a_key_that_may_withdraw_is_used_for_nothing(kind: Kind) -> None:
    async with simulator() as sim:
        account = kind.make(sim)
        account.permissions["enableWithdrawals"] = True
        async with wired(sim) as wire:
            await until(lambda: wire.status("user", NAME).phase == "stopped")
            await asyncio.sleep(0.2)
            rows = [row for row in wire.session.feeds() if row.account and row.stream != "permissions"]
            assert {row.phase for row in rows} == {"stopped"}
            asked = {request.path for request in sim.requests.requests if request.account == NAME}
            assert asked == {"/sapi/v1/account/apiRestrictions"}
            account.permissions["enableWithdrawals"] = False
            await until(lambda: wire.all(AccountSnapshot), what="once it was reduced, the others go on")
            await wire.all_up()


@pytest.mark.parametrize("kind", WITH_TOKENS, ids=str)
async def test_a_subscription_that_is_not_acknowledged_is_asked_for_again(kind: Kind) -> None:
    """Complaint 16: the socket is open, and nobody answers."""
    async with simulator() as sim:
        account = kind.make(sim)
        sim.faults.no_acknowledgement.add("socket-api")
        async with wired(sim) as wire:
            await until(lambda: wire.status("user", NAME).missed_acknowledgements >= 1)
            await until(lambda: wire.status("user", NAME).reconnects >= 1)
            await until(lambda: said(wire, kind) == kind.truth(account), what="REST tells meanwhile")
            sim.faults.no_acknowledgement.clear()
            await until(lambda: wire.up("user", NAME))
            kind.move(account, 0)
            await until(lambda: said(wire, kind) == kind.truth(account))


@pytest.mark.parametrize("kind", [OF["isolated-margin"], OF["portfolio-margin-pro"]], ids=str)
async def test_a_socket_that_ages_is_replaced_without_a_gap(kind: Kind) -> None:
    async with simulator() as sim:
        account = kind.make(sim)
        timings = replace(SHORT, rollover_seconds=0.8, rollover_jitter_seconds=0.0)
        async with wired(sim, timings=timings) as wire:
            await wire.all_up()
            for number in range(8):
                kind.move(account, number)
                await asyncio.sleep(0.2)
            assert not wire.all(FeedDown)
            assert all(row.reconnects for row in wire.streams() if row.account)
            await until(lambda: said(wire, kind) == kind.truth(account))
        assert not wire.ended


async def test_a_prices_stream_that_stalls_is_bridged_for_both_kinds_of_futures() -> None:
    async with simulator() as sim:
        OF["coinm"].make(sim)
        async with wired(sim) as wire:
            await wire.all_up()
            await until(lambda: "BTCUSD_PERP" in wire.marks())
            sim.faults.stall.add("market")
            await until(lambda: [one for one in wire.all(FeedDown) if one.stream == "marks"])
            mark = len(wire.events)
            sim.market.set_mark("BTCUSD_PERP", 77_777.0)
            await until(lambda: abs(wire.marks()["BTCUSD_PERP"] - 77_777.0) < 1.0, what="over REST")
            assert {"BTCUSDT", "BTCUSD_PERP"} <= {symbol for one in wire.since(mark, Ticks) for symbol in one.symbols}


async def test_coins_that_no_stream_tells_are_asked_for() -> None:
    async with simulator() as sim:
        OF["margin"].make(sim)
        sim.faults.refuse.add("market")
        async with wired(sim, timings=replace(SHORT, assets_silent_seconds=0.3)) as wire:
            sim.faults.refused_answers["/fapi/v1/assetIndex"] = Refusal(503, -1001, "internal")
            await until(lambda: {"BTC", "ETH"} <= {one.asset for one in wire.all(AssetTick)})
            assert sim.requests.count("/sapi/v1/margin/priceIndex") >= 2
            sim.faults.refuse.clear()
            sim.faults.refused_answers.clear()
            await wire.all_up()
            await asyncio.sleep(0.3)
            asked = sim.requests.count("/sapi/v1/margin/priceIndex")
            await asyncio.sleep(0.8)
            assert sim.requests.count("/sapi/v1/margin/priceIndex") == asked, "the stream tells them"


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        (OF["coinm"], "/dapi/v1/income"),
        (OF["margin"], "/sapi/v1/margin/capital-flow"),
        (OF["portfolio-margin"], "/papi/v1/cm/income"),
        (OF["portfolio-margin-pro"], "/dapi/v1/income"),
    ],
    ids=lambda one: str(one) if isinstance(one, Kind) else "",
)
async def test_the_history_of_cash_flows_is_read_where_it_is_asked_for(kind: Kind, path: str) -> None:
    async with simulator() as sim:
        account = kind.make(sim)
        async with wired(sim) as wire:
            await wire.all_up()
            assert not sim.requests.count(path)
            since = wire.clock.now() - 60.0
            account.transfer("BTC", 0.5)
            told = kind.product == "margin"
            await asyncio.sleep(1.2 * told)  # the last second of a history is not believed to be whole
            wire.session.read_flows(AccountKey("binance", NAME), since)
            await until(lambda: wire.all(CashFlowsRead))
            (read,) = wire.all(CashFlowsRead)
            assert sim.requests.count(path) == 1
            assert read.since == pytest.approx(since, abs=0.1)
            assert read.until > since
            assert not wire.all(PollFailed)
            if told:
                assert [(one.asset, one.amount) for one in read.flows if one.cause is BalanceCause.TRANSFER] == [
                    ("BTC", 0.5)
                ]


@pytest.mark.parametrize("kind", [OF["portfolio-margin"], OF["portfolio-margin-pro"]], ids=str)
async def test_the_wallet_of_one_kind_of_futures_is_never_taken_for_the_whole(kind: Kind) -> None:
    """Pushes tell one wallet of three: what an account of portfolio margin holds is only read."""
    async with simulator() as sim:
        account = kind.make(sim)
        async with wired(sim) as wire:
            await wire.all_up()
            for number in range(4):
                kind.move(account, number)
                account.transfer("USDT", 10.0, to="um")
                await asyncio.sleep(0.1)
            await until(lambda: said(wire, kind) == kind.truth(account))
            assert [one for one in wire.streams() if one.account and one.messages]
            assert not wire.all(BalanceChanged)


async def test_tables_for_everybody_are_asked_for_once() -> None:
    async with simulator() as sim:
        for number in range(6):
            sim.add_account(f"a{number}", product="margin")
        async with wired(sim) as wire:
            await wire.all_up()
            await until(
                lambda: len([row for row in wire.session.feeds() if row.stream == "collateral" and row.up]) == 6
            )
            assert sim.requests.count("/sapi/v1/margin/crossMarginCollateralRatio") == 1
            assert sim.requests.count("/sapi/v1/margin/leverageBracket") == 1


async def test_one_key_opens_an_account_of_each_kind_of_futures() -> None:
    """What one of them learns of the shared position mode, the other one is told at its next reading."""
    async with simulator() as sim:
        first = sim.add_account("linear", hedge=False)
        sim.add_account("coins", product="coinm", key=first.key, secret=first.secret, wallets={"BTC": 1.0})
        async with wired(sim, timings=replace(SHORT, config_every_seconds=0.3)) as wire:
            await wire.all_up()
            await until(lambda: {one.account.account for one in wire.all(AccountConfig)} == {"linear", "coins"})
            mark = len(wire.events)
            first.set_hedge(True)
            await until(
                lambda: (
                    {one.account.account for one in wire.since(mark, AccountConfig) if one.mode.hedge}
                    == {"linear", "coins"}
                )
            )
