"""Pools of weight, refusals and bans; keys that may do too much, are wrong, or fail; one user is no other's matter."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from monitor.domain.events import AccountSnapshot, Banned, FeedDown, PermissionsRead, PollFailed
from monitor.sim.kucoin import SimKucoin
from monitor.sim.kucoin.faults import POSITIONS
from monitor.sim.kucoin.refusals import Refusal
from monitor.venues.settings import PermissionPolicy
from tests.wire.harness import until
from tests.wire.kucoin import COIN, SHORT, Wired, simulator, truth, wired

API_KEY = "/api/v1/user/api-key"
OF_THE_VENUE: dict[str, Any] = {
    "futures_weight": 2000,
    "spot_weight": 4000,
    "management_weight": 2000,
    "public_weight": 2000,
    "unified_weight": 2000,
    "weight_share": 0.6,
}


def used(sim: SimKucoin) -> dict[tuple[str, str], int]:
    """The weight used of each pool that was touched."""
    return {place: pool.used for place, pool in sim.gate.pools.items()}


def stopped(wire: Wired) -> bool:
    """Whether all that is read of the account was stopped until a person acts."""
    rows = [one for one in wire.session.feeds() if one.account == "main" and one.stream != "permissions"]
    return all(one.phase == "stopped" for one in rows)


# Complaint 20


@pytest.mark.parametrize("accounts", [12, pytest.param(50, marks=pytest.mark.soak)])
async def test_many_accounts_stay_within_their_share_of_every_pool(accounts: int) -> None:
    """Each user has pools of its own; only what needs no key is shared, and marks cost nothing while they stream."""
    async with simulator(limited=True) as sim:
        for number in range(accounts):
            sim.add_account(f"a{number:02d}").trade(COIN, 1.0)
        sim.limited = False  # of connections, which one address shares: this is about weight
        async with wired(sim, **OF_THE_VENUE) as wire:
            await until(lambda: len({one.account for one in wire.all(AccountSnapshot)}) == accounts, 60.0)
            await asyncio.sleep(0.5)
            assert all(weight <= 0.6 * 2000 for weight in used(sim).values())
            assert all(one.waiting for one in wire.all(PollFailed))


async def test_what_others_use_of_a_pool_is_left_to_them() -> None:
    async with simulator(limited=True) as sim:
        sim.add_account("main").trade(COIN, 1.0)
        sim.faults.foreign_weight = 1_000
        async with wired(sim, **OF_THE_VENUE) as wire:
            await until(lambda: wire.all(AccountSnapshot))
            await asyncio.sleep(0.5)
            assert max(used(sim).values()) + 1_000 <= 0.6 * 2000 + 60, "all but what was under way unknowing"
            assert wire.session.stretch() > 2.0
            assert wire.session.budgets()[0].used_ratio > 0.5


async def test_a_pool_that_is_empty_is_left_alone_until_it_is_full_again() -> None:
    async with simulator() as sim:
        sim.add_account("main").trade(COIN, 1.0)
        async with wired(sim) as wire:
            await wire.all_up()
            sim.faults.retry_after_seconds = 1
            sim.faults.rate_limited = 1
            await until(lambda: sim.faults.rate_limited == 0 and wire.all(PollFailed))
            await asyncio.sleep(0.1)
            assert not wire.all(Banned), "it is no ban"
            mark = len(wire.events)
            sim.set_mark(COIN, 123_456.0)
            await until(lambda: wire.marks()[COIN] == pytest.approx(123_456.0, rel=1e-3), what="streams go on")
            await until(lambda: wire.since(mark, AccountSnapshot), 35.0, "and so do readings")


async def test_after_a_ban_there_is_not_one_call_until_it_ends() -> None:
    async with simulator() as sim:
        sim.add_account("main")
        sim.add_account("second")
        async with wired(sim, timings=replace(SHORT, rate_limited_seconds=1.0)) as wire:
            await wire.all_up()
            sim.ban(1)
            await until(lambda: wire.all(Banned))
            assert wire.session.budgets()[0].banned_until is not None
            await asyncio.sleep(0.1)  # what was on its way
            asked = len(sim.requests.requests)
            await asyncio.sleep(0.5)
            assert len(sim.requests.requests) == asked, "not one call"
            mark = len(wire.events)
            await until(lambda: wire.since(mark, AccountSnapshot), what="polls go on after the release")
            assert len(wire.all(Banned)) == 1
        assert not wire.ended


# Keys


@pytest.mark.parametrize("permissions", ["General,Futures,Transfer"])
async def test_a_key_that_may_move_funds_is_refused_and_asks_nothing_more(permissions: str) -> None:
    async with simulator() as sim:
        sim.add_account("main", permissions=permissions)
        async with wired(sim) as wire:
            await until(lambda: stopped(wire), what="the account is left alone")
            assert wire.all(PermissionsRead), "the engine is told"
            await asyncio.sleep(0.3)
            assert {one.path for one in sim.requests.requests if one.account == "main"} == {API_KEY}
            assert not sim.hub.on("private")
        assert not wire.ended


@pytest.mark.parametrize("permissions", ["General", "General,Futures"])
async def test_reading_and_trading_keys_work_the_latter_being_told_of(permissions: str) -> None:
    """By one document positions need «Futures», which also trades: such a key is used, and the engine is told."""
    async with simulator(strict_permissions="Futures" in permissions) as sim:
        account = sim.add_account("main", permissions=permissions)
        account.trade(COIN, 1.0)
        async with wired(sim) as wire:
            await until(lambda: wire.held() == truth(account))
            assert wire.all(PermissionsRead)[0].permissions.can_trade is ("Futures" in permissions)


async def test_a_key_that_lacks_what_positions_need_says_so() -> None:
    async with simulator(strict_permissions=True) as sim:
        sim.add_account("main", permissions="General").trade(COIN, 1.0)
        async with wired(sim) as wire:
            await until(lambda: any("lacks a permission" in one.reason for one in wire.all(PollFailed)))
            assert not wire.all(AccountSnapshot)


async def test_by_the_users_wish_a_powerful_key_is_used() -> None:
    async with simulator() as sim:
        sim.add_account("main", permissions="General,Withdrawal")
        async with wired(sim, policy=PermissionPolicy.WARN) as wire:
            await until(lambda: wire.all(AccountSnapshot))
            assert wire.all(PermissionsRead)[0].permissions.can_withdraw is True


async def test_a_wrong_secret_is_told_and_shows_nowhere() -> None:
    async with simulator() as sim:
        account = sim.add_account("main")
        async with wired(sim, secret="planted-wrong-secret") as wire:
            await until(lambda: any(one.what == "account" for one in wire.all(PollFailed)))
            assert not wire.status("account", "main").up
            assert not wire.up("user", "main")
            text = repr(wire.events) + repr(wire.ended) + repr(wire.session.feeds()) + repr(wire.session.malformed())
            for planted in ("planted-wrong-secret", account.key, account.passphrase, "KC-API"):
                assert planted not in text


async def test_a_key_that_ends_while_we_run_is_told_and_the_other_accounts_go_on() -> None:
    async with simulator() as sim:
        sim.add_account("main").trade(COIN, 1.0)
        other = sim.add_account("other")
        async with wired(sim) as wire:
            await wire.all_up()
            sim.expire_key("main")
            await until(lambda: [one for one in wire.all(FeedDown) if one.account == "main"])
            await until(lambda: not wire.status("account", "main").up)
            other.trade(COIN, 2.0)
            await until(lambda: wire.held("other") == truth(other))
            assert wire.up("user", "other")
            assert not [one for one in wire.all(FeedDown) if one.account == "other"]


# Answers that are none


async def test_an_answer_that_is_a_page_is_a_failed_reading_and_kept_for_diagnosis() -> None:
    async with simulator() as sim:
        account = sim.add_account("main")
        account.trade(COIN, 1.0)
        async with wired(sim) as wire:
            await wire.all_up()
            sim.faults.garbage_answers[POSITIONS] = 1
            sim.faults.truncated_answers["/api/v1/account-overview"] = 1
            await until(lambda: wire.status("account", "main").malformed >= 1)
            await until(lambda: wire.status("account", "main").up)
            assert wire.session.malformed()
            await until(lambda: wire.held() == truth(account))


@pytest.mark.parametrize("code", ["400100", pytest.param("500000", marks=pytest.mark.soak)])
async def test_a_refusal_costs_its_reading_and_no_other(code: str) -> None:
    async with simulator() as sim:
        sim.add_account("main").trade(COIN, 1.0)
        async with wired(sim) as wire:
            await wire.all_up()
            sim.faults.refused_answers[POSITIONS] = Refusal(500 if code == "500000" else 400, code, "planted words")
            await until(lambda: not wire.status("account", "main").up)
            assert "planted words" not in wire.status("account", "main").reason
            assert wire.up("user", "main")
            assert wire.status("config", "main").up
            sim.faults.clear()
            await until(lambda: wire.status("account", "main").up)
