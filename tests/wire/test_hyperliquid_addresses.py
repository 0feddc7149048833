"""Who an address is, in which mode it is, how many there are, and what may be asked for them."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from monitor.domain.accounts import CollateralMode
from monitor.domain.events import AccountConfig, AccountSnapshot, Banned, PollFailed
from monitor.domain.quality import Quality
from monitor.sim.hyperliquid.accounts import Mode
from monitor.venues.hyperliquid import polls
from monitor.venues.hyperliquid.polls import planned
from monitor.venues.hyperliquid.settings import HyperliquidSettings
from monitor.venues.settings import AccountSettings
from tests.wire.harness import until
from tests.wire.hyperliquid import SHORT, Watched, simulator, truth, wired

# Who


async def test_an_agents_address_is_refused_and_its_master_named() -> None:
    async with simulator() as sim:
        master = sim.add_account("main")
        sim.add_agent("bot", of="main")
        async with wired(sim) as wire:
            await until(lambda: "agent" in wire.status("permissions", "bot").reason)
            assert master.address in wire.status("permissions", "bot").reason
            await until(lambda: wire.up("user", "main"))
            assert wire.status("user", "bot").phase == "stopped"
            asked = {request.path for request in sim.requests.requests if request.account == "bot"}
            assert asked == {"userRole", "clearinghouseState", "spotClearinghouseState"}, "and nothing that goes on"
            # Somebody gives the address an account of its own.
            sim.accounts["bot"].role = {"role": "user"}
            await until(lambda: wire.up("user", "bot"), what="it is asked again now and then")
        assert not wire.ended


async def test_an_address_that_the_venue_does_not_know_is_refused() -> None:
    async with simulator() as sim:
        account = sim.add_account("main", wallets={})
        account.role = {"role": "missing"}
        async with wired(sim) as wire:
            await until(lambda: "does not know the address" in wire.status("permissions", "main").reason)
            assert not wire.all(AccountSnapshot)


async def test_sub_accounts_and_vaults_are_read_and_said_to_be_such(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polls, "ROLE_SPACING_SECONDS", 0.01)
    async with simulator() as sim:
        sim.add_account("main")
        sim.add_account("sub", master="main").trade("BTC", 0.1)
        sim.add_account("pot", vault=True).trade("ETH", 1.0)
        async with wired(sim) as wire:
            await wire.all_up()
            await until(lambda: "sub-account" in wire.status("role", "sub").reason)
            await until(lambda: "vault" in wire.status("role", "pot").reason)
            assert (wire.held("sub"), wire.held("pot")) == ({"BTC": 0.1}, {"ETH": 1.0})
            assert wire.up("permissions", "sub")
            assert wire.up("role", "sub")


# Modes


@pytest.mark.parametrize("after", [Mode.UNIFIED, Mode.PORTFOLIO])
async def test_another_mode_is_noticed_at_once(after: Mode) -> None:
    async with simulator() as sim:
        account = sim.add_account("main")
        account.trade("BTC", 0.1)
        async with wired(sim, timings=replace(SHORT, config_every_seconds=600.0)) as wire:
            watched = Watched(wire)
            await until(lambda: watched.live("BTC"))
            await asyncio.sleep(0.3)
            mark = len(wire.events)
            account.set_mode(after)
            await until(lambda: wire.since(mark, AccountConfig), what="the mode is read again")
            await until(lambda: watched.live("BTC"), what="LIVE in the new mode")
            wanted = {Mode.UNIFIED: "cross:USDC", Mode.PORTFOLIO: "portfolio-margin"}[after]
            assert wanted in {pool.key.pool for pool in watched.report().pools}
            account.set_mode(Mode.STANDARD)
            await until(lambda: wire.all(AccountConfig)[-1].mode.kind == "standard")
        assert not wire.ended


async def test_two_signals_that_disagree_make_the_account_unknown() -> None:
    """Complaint 9."""
    async with simulator() as sim:
        account = sim.add_account("main")
        account.trade("BTC", 0.1)
        sim.faults.contradicting_mode = True
        async with wired(sim) as wire:
            watched = Watched(wire)
            await until(lambda: wire.all(AccountConfig) and wire.all(AccountSnapshot))
            assert wire.all(AccountConfig)[0].mode.collateral is None
            await until(lambda: watched.report().quality is Quality.UNKNOWN)
            assert any("signals" in reason for reason in watched.report().reasons)
            sim.faults.clear()
            await until(lambda: watched.live("BTC"), what="LIVE once they agree")


async def test_a_mode_that_nobody_knows_is_not_guessed() -> None:
    async with simulator() as sim:
        sim.add_account("main").trade("BTC", 0.1)
        sim.faults.unreadable_mode = True
        async with wired(sim, timings=replace(SHORT, config_every_seconds=0.3)) as wire:
            await until(lambda: wire.all(AccountConfig))
            assert wire.all(AccountConfig)[0].mode.collateral is None
            assert wire.all(AccountConfig)[0].problems
            sim.faults.clear()
            await until(lambda: wire.all(AccountConfig)[-1].mode.collateral is CollateralMode.SINGLE_ASSET)


# How many


async def test_the_eleventh_address_is_polled_and_says_so() -> None:
    async with simulator() as sim:
        for number in range(11):
            sim.add_account(f"a{number}").trade("BTC", 0.01 * (number + 1))
        async with wired(sim) as wire:
            await wire.all_up()
            last = wire.status("user", "a10")
            assert (last.phase, last.up) == ("polled", True)
            assert "only 10 addresses" in last.reason
            assert all(wire.status("user", f"a{number}").phase == "live" for number in range(10))
            assert len(sim.publisher.users()) == 10
            before = sim.requests.count("spotClearinghouseState", account="a10")
            sim.accounts["a10"].trade("ETH", 1.0)
            took = await until(lambda: wire.held("a10") == truth(sim.accounts["a10"]))
            assert took < 3.0
            assert sim.requests.count("spotClearinghouseState", account="a10") > before
        assert not wire.ended


async def test_addresses_that_others_keep_from_being_streamed_are_read() -> None:
    """Somebody else on our address follows users, too: the venue refuses ours, and says why."""
    async with simulator() as sim:
        account = sim.add_account("main")
        account.trade("BTC", 0.1)
        sim.faults.foreign_users = 10
        async with wired(sim) as wire:
            await until(lambda: "Cannot track more than 10 total users" in wire.status("user", "main").reason)
            await until(lambda: wire.up("marks"), what="marks are nobody's")
            account.trade("ETH", 1.0)
            await until(lambda: wire.held() == truth(account))
            sim.faults.clear()
            await until(lambda: wire.up("user", "main"))
            assert wire.up("marks")


# What may be asked


async def test_many_addresses_stay_within_the_weight() -> None:
    """Complaint 20: with real waits and the real limit, the first minute of forty addresses."""
    async with simulator(limited=True) as sim:
        for number in range(40):
            sim.add_account(f"a{number}").trade("BTC", 0.01)
        patient = replace(SHORT, request_seconds=10.0)
        async with wired(sim, weight_per_minute=1200, weight_share=0.6, timings=patient) as wire:
            await until(lambda: any(one.waiting for one in wire.all(PollFailed)), what="who waits says so")
            await asyncio.sleep(0.3)
            assert sim.requests.most_weight_a_minute <= 0.6 * 1200
            assert not [request for request in sim.requests.requests if request.status == 429]


async def test_too_many_requests_are_answered_by_silence_until_the_time_named() -> None:
    async with simulator() as sim:
        account = sim.add_account("main")
        async with wired(sim) as wire:
            await wire.all_up()
            sim.ban(1)
            await until(lambda: wire.all(Banned))
            await asyncio.sleep(0.5)
            assert sim.requests.during_ban <= 8, "only what was under way"
            account.trade("BTC", 0.1)
            await until(lambda: wire.held() == truth(account), what="the socket tells meanwhile")
            mark = sim.requests.count("clearinghouseState")
            await until(lambda: sim.requests.count("clearinghouseState") > mark, what="and reading goes on")
        assert not wire.ended


async def test_a_limit_without_a_time_is_waited_out() -> None:
    async with simulator() as sim:
        sim.add_account("main")
        async with wired(sim) as wire:
            await until(lambda: wire.up("account", "main"))
            sim.faults.refused_answers["clearinghouseState"] = (429, "null")
            await until(lambda: not wire.up("account", "main"))
            assert "too many requests" in wire.status("account", "main").reason
            sim.faults.clear()
            await until(lambda: wire.up("account", "main"))
            assert not wire.all(Banned)


def test_the_plan_of_a_configuration_is_told() -> None:
    def settings(accounts: int) -> HyperliquidSettings:
        named = tuple(
            AccountSettings(venue="hyperliquid", name=f"a{n}", address=f"0x{n:040x}") for n in range(accounts)
        )
        return HyperliquidSettings(accounts=named)

    assert planned(settings(1)) < 0.2
    assert planned(settings(8)) < 1.0 < planned(settings(40))
    assert planned(settings(11)) > planned(settings(10)) + 0.1 * planned(settings(1))


async def test_spot_states_of_portfolio_margin_are_asked_for_as_such() -> None:
    async with simulator() as sim:
        account = sim.add_account("main", mode=Mode.PORTFOLIO)
        sim.add_account("other")

        def asked() -> dict[str, object]:
            topics = [topic for each in sim.hub.connections for topic in each.speech.topics.values()]
            return {topic.user: topic.said.get("isPortfolioMargin") for topic in topics if topic.type == "spotState"}

        async with wired(sim) as wire:
            await until(lambda: asked().get(account.address) is True)
            assert asked()[sim.accounts["other"].address] is None
            await wire.all_up()
            await until(lambda: len(sim.hub.connections) == 1)
            account.set_mode(Mode.UNIFIED)
            await until(lambda: len(sim.hub.connections) == 1 and asked().get(account.address, 0) is None)
            await wire.all_up()
        assert not wire.ended
