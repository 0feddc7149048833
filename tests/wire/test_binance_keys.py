"""API keys that may do too much, are wrong, or fail for a moment; one account's key is no other's matter."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from monitor.domain.errors import AuthRejected, KeyTooPowerful
from monitor.domain.events import AccountSnapshot, PermissionsRead, PollFailed
from monitor.sim.binance.refusals import Refusal
from monitor.venues.settings import PermissionPolicy
from tests.wire.harness import SHORT, simulator, truth, until, wired


@pytest.mark.parametrize("power", ["enableWithdrawals", "permitsUniversalTransfer", "enableInternalTransfer"])
async def test_a_key_that_can_move_funds_is_refused_and_asks_nothing_more(power: str) -> None:
    async with simulator() as sim:
        sim.add_account("main", permissions={power: True})
        async with wired(sim) as wire:
            await until(lambda: len(wire.ended) == 5, 3.0, "all jobs of the account end")
            assert all(isinstance(one, KeyTooPowerful) for one in wire.ended.values())
            assert len(wire.all(PermissionsRead)) == 1, "the engine is told"
            await asyncio.sleep(0.4)
            asked = [one.path for one in sim.requests.requests if one.account == "main"]
            assert asked == ["/sapi/v1/account/apiRestrictions"]
            assert wire.up("marks")


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
            await until(lambda: len(wire.ended) == 5)
            assert not wire.up("user", "main")
            asked = len([one for one in sim.requests.requests if one.account == "main"])
            await asyncio.sleep(0.5)
            assert len([one for one in sim.requests.requests if one.account == "main"]) == asked


async def test_unreadable_permissions_run_and_are_told() -> None:
    async with simulator() as sim:
        sim.add_account("main")
        sim.faults.refused_answers["/sapi/v1/account/apiRestrictions"] = Refusal(400, -1000, "planted words")
        async with wired(sim) as wire:
            await until(lambda: wire.all(AccountSnapshot))
            assert {one.what for one in wire.all(PollFailed)} == {"permissions"}
            assert "planted words" not in repr(wire.events)


async def test_a_wrong_secret_ends_the_accounts_jobs_and_shows_nowhere() -> None:
    async with simulator() as sim:
        account = sim.add_account("main")
        async with wired(sim, secret="planted-wrong-secret") as wire:
            await until(lambda: "main account" in wire.ended, 5.0)
            assert isinstance(wire.ended["main account"], AuthRejected)
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
            await until(lambda: wire.all(PollFailed), 3.0)
            sim.faults.refused_answers.clear()
            mark = len(wire.events)
            await until(lambda: wire.since(mark, AccountSnapshot), 3.0)
        assert not wire.ended


async def test_one_account_that_fails_leaves_the_others_alone() -> None:
    async with simulator() as sim:
        sim.add_account("main", permissions={"enableWithdrawals": True})
        good = sim.add_account("second")
        good.trade("BTCUSDT", 0.1)
        async with wired(sim) as wire:
            await until(lambda: len(wire.ended) == 5)
            await until(lambda: wire.up("user", "second"))
            await until(lambda: wire.held("second") == truth(good))
