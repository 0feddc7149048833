"""API keys that may do too much, are wrong, or fail for a moment; one account's key is no other's matter."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from monitor.domain.events import AccountSnapshot, FeedDown, PermissionsRead, PollFailed
from monitor.sim.binance.refusals import Refusal
from monitor.venues.settings import PermissionPolicy
from tests.wire.harness import SHORT, Wired, simulator, truth, until, wired


def stopped(wire: Wired) -> bool:
    """Whether all that is read of the account was stopped until a person acts."""
    rows = [one for one in wire.session.feeds() if one.account == "main" and one.stream != "permissions"]
    return all(one.phase == "stopped" for one in rows)


@pytest.mark.parametrize("power", ["enableWithdrawals", "permitsUniversalTransfer", "enableInternalTransfer"])
async def test_a_key_that_can_move_funds_is_refused_and_asks_nothing_more(power: str) -> None:
    async with simulator() as sim:
        sim.add_account("main", permissions={power: True})
        async with wired(sim) as wire:
            await until(lambda: stopped(wire), what="the account is left alone")
            assert wire.all(PermissionsRead), "the engine is told"
            told = {one.what: one.reason for one in wire.all(PollFailed)}
            assert told.keys() == {"account", "config", "tiers", "permissions", "income"}
            assert all("the key may" in reason for reason in told.values())
            await asyncio.sleep(0.7)
            asked = {one.path for one in sim.requests.requests if one.account == "main"}
            assert asked == {"/sapi/v1/account/apiRestrictions"}
            assert wire.up("marks")
        assert not wire.ended


async def test_a_key_whose_powers_were_taken_away_is_used_without_a_restart() -> None:
    async with simulator() as sim:
        account = sim.add_account("main", permissions={"enableWithdrawals": True})
        account.trade("BTCUSDT", 0.1)
        async with wired(sim) as wire:
            await until(lambda: stopped(wire))
            # What cannot be read takes back no refusal.
            sim.faults.refused_answers["/sapi/v1/account/apiRestrictions"] = Refusal(400, -1000, "planted words")
            failed = len(wire.all(PollFailed))
            await until(lambda: [one for one in wire.all(PollFailed)[failed:] if one.what == "permissions"])
            await asyncio.sleep(0.1)
            assert not wire.all(AccountSnapshot)
            sim.faults.refused_answers.clear()
            account.permissions["enableWithdrawals"] = False
            await until(lambda: wire.held() == truth(account))
            await until(lambda: wire.up("user", "main"))
            await until(lambda: all(one.up for one in wire.session.feeds() if one.account == "main"))
        assert not wire.ended


@pytest.mark.parametrize("policy", [PermissionPolicy.WARN, PermissionPolicy.IGNORE])
async def test_by_the_users_wish_a_powerful_key_is_used(policy: PermissionPolicy) -> None:
    async with simulator() as sim:
        sim.add_account("main", permissions={"enableWithdrawals": True})
        async with wired(sim, policy=policy) as wire:
            await until(lambda: wire.all(AccountSnapshot))
            assert wire.all(PermissionsRead)[0].permissions.can_withdraw is True


async def test_a_key_that_gains_powers_is_refused_at_the_next_reading() -> None:
    async with simulator() as sim:
        account = sim.add_account("main")
        async with wired(sim, timings=replace(SHORT, permissions_every_seconds=0.5)) as wire:
            await wire.all_up()
            account.permissions["enableWithdrawals"] = True
            await until(lambda: stopped(wire))
            assert not wire.up("user", "main")
            assert "withdraw" in wire.all(FeedDown)[-1].reason
            await asyncio.sleep(0.1)
            before = len(sim.requests.requests)
            await asyncio.sleep(0.7)
            asked = {one.path for one in sim.requests.requests[before:] if one.account == "main"}
            assert asked <= {"/sapi/v1/account/apiRestrictions"}


async def test_unreadable_permissions_run_and_are_told() -> None:
    async with simulator() as sim:
        sim.add_account("main")
        sim.faults.refused_answers["/sapi/v1/account/apiRestrictions"] = Refusal(400, -1000, "planted words")
        async with wired(sim) as wire:
            await until(lambda: wire.all(AccountSnapshot))
            assert {one.what for one in wire.all(PollFailed)} == {"permissions"}
            assert "planted words" not in repr(wire.events)


async def test_a_wrong_secret_is_told_and_shows_nowhere() -> None:
    async with simulator() as sim:
        account = sim.add_account("main")
        async with wired(sim, secret="planted-wrong-secret") as wire:
            await until(lambda: any(one.what == "account" for one in wire.all(PollFailed)))
            assert all("the key" in one.reason for one in wire.all(PollFailed))
            assert not wire.status("account", "main").up
            text = repr(wire.events) + repr(wire.ended) + repr(wire.session.feeds())
            for planted in ("planted-wrong-secret", account.key, "signature=", "timestamp="):
                assert planted not in text


async def test_a_good_key_that_is_refused_for_a_moment_is_not_given_up() -> None:
    async with simulator() as sim:
        sim.add_account("main")
        async with wired(sim) as wire:
            await wire.all_up()
            await until(lambda: wire.all(AccountSnapshot))
            sim.faults.refused_answers["/fapi/v3/account"] = Refusal(401, -2015, "Invalid API-key, IP, or permissions")
            await until(lambda: wire.all(PollFailed))
            sim.faults.refused_answers.clear()
            mark = len(wire.events)
            await until(lambda: wire.since(mark, AccountSnapshot))
        assert not wire.ended


async def test_a_good_key_that_is_refused_for_long_heals_by_itself_with_its_stream() -> None:
    """As after a change of our address that is then entered at the venue."""
    refused = Refusal(401, -2015, "Invalid API-key, IP, or permissions")
    paths = ("/fapi/v3/account", "/fapi/v1/accountConfig", "/fapi/v1/listenKey")
    async with simulator() as sim:
        sim.add_account("main")
        sim.faults.refused_answers.update(dict.fromkeys(paths, refused))
        async with wired(sim, timings=replace(SHORT, rate_limited_seconds=0.1, refused_every_seconds=0.3)) as wire:
            await until(lambda: len([one for one in wire.all(PollFailed) if one.what == "account"]) >= 4)
            assert not wire.up("user", "main")
            sim.faults.refused_answers.clear()
            await until(lambda: wire.all(AccountSnapshot))
            await until(lambda: all(one.up for one in wire.session.feeds() if one.account == "main"))
        assert not wire.ended


async def test_one_account_that_fails_leaves_the_others_alone() -> None:
    async with simulator() as sim:
        sim.add_account("main", permissions={"enableWithdrawals": True})
        good = sim.add_account("second")
        good.trade("BTCUSDT", 0.1)
        async with wired(sim) as wire:
            await until(lambda: stopped(wire))
            await until(lambda: wire.up("user", "second"))
            await until(lambda: wire.held("second") == truth(good))
