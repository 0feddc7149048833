"""API keys that may do too much, are wrong, or fail for a moment; limits and bans; one account is no other's matter."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from monitor.domain.events import AccountSnapshot, Banned, FeedDown, PermissionsRead, PollFailed
from monitor.sim.okx.refusals import Refusal
from monitor.venues.settings import PermissionPolicy
from tests.wire.harness import until
from tests.wire.okx import SHORT, SWAP, Wired, simulator, truth, wired

CONFIG, BALANCE, POSITIONS = (
    "/api/v5/account/config",
    "/api/v5/account/balance",
    "/api/v5/account/positions",
)
READINGS = {"account", "config", "permissions", "income", "risk"}


def stopped(wire: Wired) -> bool:
    """Whether all that is read of the account was stopped until a person acts."""
    rows = [one for one in wire.session.feeds() if one.account == "main" and one.stream != "permissions"]
    return all(one.phase == "stopped" for one in rows)


@pytest.mark.parametrize("permissions", ["read_only,withdraw", "read_only,trade", "trade,withdraw"])
async def test_a_key_that_may_do_more_than_read_is_refused_and_asks_nothing_more(permissions: str) -> None:
    async with simulator() as sim:
        sim.add_account("main", permissions=permissions)
        async with wired(sim) as wire:
            await until(lambda: stopped(wire), what="the account is left alone")
            assert wire.all(PermissionsRead), "the engine is told"
            told = {one.what: one.reason for one in wire.all(PollFailed)}
            assert told.keys() == READINGS
            assert all("the key may" in reason for reason in told.values())
            await asyncio.sleep(0.7)
            assert {one.path for one in sim.requests.requests if one.account == "main"} == {CONFIG}
            assert not sim.hub.on("private")
        assert not wire.ended


async def test_a_key_whose_powers_were_taken_away_is_used_without_a_restart() -> None:
    async with simulator() as sim:
        account = sim.add_account("main", permissions="read_only,trade")
        account.trade(SWAP, 1.0)
        async with wired(sim) as wire:
            await until(lambda: stopped(wire))
            # What cannot be read takes back no refusal.
            sim.faults.refused_answers[CONFIG] = Refusal(500, "50026", "planted words")
            failed = len(wire.all(PollFailed))
            await until(lambda: [one for one in wire.all(PollFailed)[failed:] if one.what == "permissions"])
            await asyncio.sleep(0.1)
            assert not wire.all(AccountSnapshot)
            sim.faults.refused_answers.clear()
            account.permissions = "read_only"
            await until(lambda: wire.held() == truth(account))
            await until(lambda: wire.up("user", "main"))
            await until(lambda: all(one.up for one in wire.session.feeds() if one.account == "main"))
        assert not wire.ended


@pytest.mark.parametrize("policy", [PermissionPolicy.WARN, PermissionPolicy.IGNORE])
async def test_by_the_users_wish_a_powerful_key_is_used(policy: PermissionPolicy) -> None:
    async with simulator() as sim:
        sim.add_account("main", permissions="read_only,trade,withdraw")
        async with wired(sim, policy=policy) as wire:
            await until(lambda: wire.all(AccountSnapshot))
            assert wire.all(PermissionsRead)[0].permissions.can_withdraw is True


async def test_a_key_that_gains_powers_is_refused_at_the_next_reading() -> None:
    async with simulator() as sim:
        account = sim.add_account("main")
        async with wired(sim, timings=replace(SHORT, permissions_every_seconds=0.5)) as wire:
            await wire.all_up()
            account.permissions = "read_only,withdraw"
            await until(lambda: stopped(wire))
            assert not wire.up("user", "main")
            assert "withdraw" in wire.all(FeedDown)[-1].reason
            await until(lambda: not sim.hub.on("private"), what="its socket is closed")


async def test_unreadable_permissions_run_and_are_told() -> None:
    async with simulator() as sim:
        sim.add_account("main")

        def silent(rows: list[dict[str, object]]) -> list[dict[str, object]]:
            return [{name: value for name, value in row.items() if name != "perm"} for row in rows]

        sim.faults.edit_answer[CONFIG] = silent
        async with wired(sim) as wire:
            await until(lambda: wire.all(AccountSnapshot))
            (read, *_) = wire.all(PermissionsRead)
            assert read.permissions.can_trade is None


@pytest.mark.parametrize("wrong", [{"secret": "planted-wrong-secret"}, {"passphrase": "planted-wrong-phrase"}])
async def test_a_wrong_secret_or_passphrase_is_told_and_shows_nowhere(wrong: dict[str, Any]) -> None:
    async with simulator() as sim:
        account = sim.add_account("main")
        async with wired(sim, **wrong) as wire:
            await until(lambda: any(one.what == "account" for one in wire.all(PollFailed)))
            await until(lambda: [one for one in wire.all(FeedDown) if one.stream == "user"])
            assert not wire.status("account", "main").up
            assert not wire.up("user", "main")
            text = repr(wire.events) + repr(wire.ended) + repr(wire.session.feeds()) + repr(wire.session.malformed())
            for planted in (
                *wrong.values(),
                account.key,
                account.secret,
                account.passphrase,
                "OK-ACCESS",
                "timestamp=",
            ):
                assert planted not in text


async def test_a_good_key_that_is_refused_for_long_heals_by_itself_with_its_stream() -> None:
    """As after a change of our address that is then entered at the venue."""
    async with simulator() as sim:
        sim.add_account("main")
        refused = Refusal(401, "50110", "Your IP is not included in your API key's IP whitelist")
        sim.faults.refused_answers.update(dict.fromkeys((CONFIG, BALANCE, POSITIONS), refused))
        sim.faults.login_refused = 5
        async with wired(sim, timings=replace(SHORT, rate_limited_seconds=0.1, refused_every_seconds=0.3)) as wire:
            await until(lambda: len([one for one in wire.all(PollFailed) if one.what == "account"]) >= 4)
            assert all("not allowed from this address" in one.reason for one in wire.all(PollFailed))
            sim.faults.refused_answers.clear()
            await until(lambda: wire.all(AccountSnapshot))
            await until(lambda: all(one.up for one in wire.session.feeds() if one.account == "main"))
        assert not wire.ended


async def test_one_account_that_fails_leaves_the_others_alone() -> None:
    async with simulator() as sim:
        sim.add_account("main", permissions="read_only,withdraw")
        good = sim.add_account("second")
        good.trade(SWAP, 1.0)
        async with wired(sim) as wire:
            await until(lambda: stopped(wire))
            await until(lambda: wire.up("user", "second"))
            await until(lambda: wire.held("second") == truth(good))


# Limits


async def test_within_the_venues_limits_nothing_is_ever_refused() -> None:
    """Each endpoint has its own, and the simulator counts as the venue does."""
    async with simulator(limited=True) as sim:
        account = sim.add_account("main", level=4)
        account.trade(SWAP, 5.0)
        sim.add_account("second").trade("ETH-USDT-SWAP", 5.0, mode="isolated")
        async with wired(sim, weight_share=0.6, simulate_every_seconds=0.5) as wire:
            await until(lambda: [one for one in wire.all(AccountSnapshot) if one.venue.risk_units], 20.0)
            await wire.all_up()
            await asyncio.sleep(1.5)
            assert not wire.all(PollFailed)
        assert not wire.ended


async def test_a_limit_that_others_reached_is_waited_for() -> None:
    async with simulator() as sim:
        account = sim.add_account("main")
        account.trade(SWAP, 1.0)
        async with wired(sim) as wire:
            await wire.all_up()
            while not wire.all(PollFailed):  # some questions are asked again without a word
                sim.faults.rate_limited = 1
                await asyncio.sleep(0.05)
            assert wire.all(PollFailed)[0].reason == "too many requests"
            mark = len(wire.events)
            await until(lambda: wire.since(mark, AccountSnapshot), what="and goes on")
            assert not wire.all(Banned)
        assert not wire.ended


async def test_a_banned_address_asks_nothing_before_the_time_and_streams_go_on() -> None:
    async with simulator() as sim:
        account = sim.add_account("main")
        account.trade(SWAP, 1.0)
        async with wired(sim) as wire:
            await wire.all_up()
            sim.ban(4)
            await until(lambda: wire.all(Banned))
            asked = len(sim.requests.requests)
            await asyncio.sleep(0.5)
            assert len(sim.requests.requests) <= asked + 1, "what was under way"
            account.trade(SWAP, 2.0)
            await until(lambda: wire.held() == truth(account), what="pushes tell")
            mark = len(wire.events)
            await until(lambda: wire.since(mark, AccountSnapshot), what="and goes on")
        assert not wire.ended
