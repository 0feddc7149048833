"""What Bybit refuses: keys, clocks, too many requests; and answers that are garbage, empty or late."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from monitor.domain.events import (
    AccountConfig,
    AccountSnapshot,
    Banned,
    ClockRead,
    FeedDown,
    PermissionsRead,
    PollFailed,
)
from monitor.domain.names import PositionKey, Side
from monitor.domain.quality import Quality
from monitor.sim.bybit.faults import POSITIONS, Refused
from monitor.venues.settings import PermissionPolicy
from tests.wire.bybit import SHORT, Watched, Wired, simulator, truth, wired
from tests.wire.harness import until

WALLETS = {"USDT": 10_000.0, "BTC": 0.5}
KEY = "/v5/user/query-api"
WITHDRAWS = {"Wallet": ["AccountTransfer", "Withdraw"]}


def stopped(wire: Wired) -> bool:
    """Whether all that is read of the account was stopped until a person acts."""
    rows = [one for one in wire.session.feeds() if one.account == "main" and one.stream != "permissions"]
    return all(one.phase == "stopped" for one in rows)


# Keys


async def test_a_key_that_can_move_funds_is_refused_and_asks_nothing_more() -> None:
    async with simulator() as sim:
        account = sim.add_account("main", wallets=WALLETS)
        account.api.read_only = False
        account.api.permissions.update(WITHDRAWS)
        async with wired(sim) as wire:
            await until(lambda: stopped(wire), what="the account is left alone")
            assert wire.all(PermissionsRead)[0].permissions.can_withdraw is True
            told = {one.what: one.reason for one in wire.all(PollFailed)}
            assert told.keys() == {"account", "config", "risk", "collateral", "permissions", "income"}
            assert all("the key may" in reason for reason in told.values())
            await asyncio.sleep(0.7)
            assert {one.path for one in sim.requests.requests if one.account == "main"} == {KEY}
            assert sim.hub.opened_by_route["private"] == 0
        assert not wire.ended


async def test_a_key_whose_powers_were_taken_away_is_used_without_a_restart() -> None:
    async with simulator() as sim:
        account = sim.add_account("main", wallets=WALLETS)
        account.trade("BTCUSDT", 0.1)
        account.api.read_only = False
        account.api.permissions.update(WITHDRAWS)
        async with wired(sim) as wire:
            await until(lambda: stopped(wire))
            account.api.read_only = True
            await until(lambda: wire.held() == truth(account))
            await wire.all_up()
        assert not wire.ended


async def test_by_the_users_wish_a_powerful_key_is_used() -> None:
    async with simulator() as sim:
        account = sim.add_account("main", wallets=WALLETS)
        account.api.read_only = False
        account.api.permissions.update(WITHDRAWS)
        async with wired(sim, policy=PermissionPolicy.WARN) as wire:
            await until(lambda: wire.all(AccountSnapshot))


async def test_unreadable_permissions_run_and_are_told() -> None:
    async with simulator() as sim:
        sim.add_account("main", wallets=WALLETS)
        sim.faults.refused_answers[KEY] = Refused(10001, "planted words")
        async with wired(sim) as wire:
            await until(lambda: wire.all(AccountSnapshot))
            assert {one.what for one in wire.all(PollFailed)} == {"permissions"}
            assert "planted words" not in repr(wire.events)


async def test_a_wrong_secret_is_told_and_shows_nowhere() -> None:
    async with simulator() as sim:
        account = sim.add_account("main", wallets=WALLETS)
        async with wired(sim, secret="planted-wrong-secret") as wire:
            await until(lambda: any(one.what == "account" for one in wire.all(PollFailed)))
            assert all("signature is not valid" in one.reason for one in wire.all(PollFailed))
            assert not wire.status("account", "main").up
            await wire.down("user", 0)
            text = repr(wire.events) + repr(wire.ended) + repr(wire.session.feeds()) + repr(wire.session.malformed())
            for planted in ("planted-wrong-secret", account.key, "origin_string"):
                assert planted not in text


async def test_a_key_that_expires_is_told_and_a_new_life_is_taken() -> None:
    async with simulator() as sim:
        account = sim.add_account("main", wallets=WALLETS)
        timings = replace(SHORT, rate_limited_seconds=0.1, refused_every_seconds=0.3)
        async with wired(sim, timings=timings) as wire:
            await wire.all_up()
            sim.expire_key("main")
            await until(lambda: any("expired" in one.reason for one in wire.all(PollFailed)))
            await until(lambda: not wire.up("user", "main"))
            account.api.dead = False
            mark = len(wire.events)
            await until(lambda: wire.since(mark, AccountSnapshot))
            await wire.all_up()


async def test_one_account_that_fails_leaves_the_others_alone() -> None:
    async with simulator() as sim:
        sim.add_account("main", wallets=WALLETS).api.dead = True
        good = sim.add_account("second", wallets=WALLETS)
        good.trade("BTCUSDT", 0.1)
        async with wired(sim) as wire:
            await until(lambda: wire.up("user", "second"))
            await until(lambda: wire.held("second") == truth(good))
            await until(lambda: "BTCUSDT" in wire.marks())
            assert not wire.up("user", "main")


# Clocks


@pytest.mark.parametrize("shift", [2.0, -2.0, 30.0, -30.0])
async def test_a_clock_that_jumps_is_measured_again_and_calls_go_on(shift: float) -> None:
    async with simulator() as sim:
        sim.add_account("main", wallets=WALLETS).trade("BTCUSDT", 0.1)
        async with wired(sim) as wire:
            await wire.all_up()
            sim.faults.clock_shift_seconds = shift
            await until(lambda: abs((wire.session.clock_offset() or 0.0) - shift) < 0.2)
            mark = len(wire.events)
            await until(lambda: len(wire.since(mark, AccountSnapshot)) >= 2)
            assert not [one for one in wire.since(mark, PollFailed) if one.what == "account"]
            sim.drop("private")
            await wire.all_up()


async def test_our_own_clock_may_be_wrong_from_the_start() -> None:
    async with simulator() as sim:
        sim.add_account("main", wallets=WALLETS).trade("BTCUSDT", 0.1)
        async with wired(sim, shift=-3600.0) as wire:
            await wire.all_up()
            assert wire.session.clock_offset() == pytest.approx(3600.0, abs=0.2)
            assert not [one for one in wire.all(FeedDown) if one.stream == "user"], "a login needs the venue's clock"
            await until(lambda: abs(wire.status("marks").lag_seconds or 9.0) < 1.0, what="lag by the venue's clock")


async def test_a_refused_timestamp_is_answered_by_measuring_and_asking_again() -> None:
    async with simulator() as sim:
        sim.add_account("main", wallets=WALLETS)
        async with wired(sim) as wire:
            await wire.all_up()
            clocks = len(wire.all(ClockRead))
            sim.faults.reject_timestamp = 1
            await until(lambda: len(wire.all(ClockRead)) > clocks)
            assert not wire.all(PollFailed)


# Too many requests


async def test_an_account_that_asks_too_often_waits_as_long_as_it_is_told_and_nobody_else_does() -> None:
    async with simulator() as sim:
        sim.add_account("main", wallets=WALLETS)
        async with wired(sim) as wire:
            await wire.all_up()
            sim.faults.retry_after_seconds = 1
            sim.faults.rate_limited = 3  # one of them may be a question that is done without
            await until(lambda: wire.all(PollFailed))
            assert wire.all(PollFailed)[0].reason == "too many requests"
            assert wire.session.budgets()[0].banned_until is None
            assert not wire.all(Banned)
            mark = len(wire.events)
            await until(lambda: wire.since(mark, AccountSnapshot))


async def test_a_429_holds_the_address_for_a_while() -> None:
    async with simulator() as sim:
        sim.add_account("main", wallets=WALLETS)
        async with wired(sim) as wire:
            await wire.all_up()
            mark = len(wire.events)
            sim.faults.system_busy = 1
            await until(lambda: wire.since(mark, PollFailed))
            await asyncio.sleep(0.05)
            asked = sim.hub.sent.answers.total()
            await asyncio.sleep(0.3)
            assert sim.hub.sent.answers.total() == asked
            mark = len(wire.events)
            await until(lambda: wire.since(mark, AccountSnapshot))


async def test_after_a_403_there_is_not_one_call_for_ten_minutes() -> None:
    async with simulator() as sim:
        sim.add_account("main", wallets=WALLETS)
        sim.add_account("second", wallets=WALLETS)
        async with wired(sim) as wire:
            await wire.all_up()
            sim.ban(600)
            await until(lambda: wire.all(Banned))
            await asyncio.sleep(0.1)  # what was on its way
            asked = sim.hub.sent.answers.total()
            await asyncio.sleep(1.0)
            assert sim.hub.sent.answers.total() == asked, "not one call"
            (banned,) = wire.all(Banned)
            assert banned.until - banned.at == pytest.approx(600.0, abs=2.0)
            assert wire.session.budgets()[0].banned_until == pytest.approx(banned.until, abs=0.1)
            assert wire.up("user", "main"), "sockets go on"
        assert not wire.ended


async def test_many_accounts_on_one_address_stay_below_the_venues_limit() -> None:
    """The simulator bans an address for more than 600 requests in 5 seconds, as the venue does."""
    async with simulator() as sim:
        for number in range(16):
            sim.add_account(f"a{number:02d}", wallets=WALLETS).trade("BTCUSDT", 0.1)
        async with wired(sim, weight_share=0.6) as wire:
            await until(lambda: len({one.account for one in wire.all(AccountSnapshot)}) == 16)
            await asyncio.sleep(1.0)
            assert not wire.all(Banned)
            assert wire.session.stretch() > 2
            assert wire.session.budgets()[0].used_ratio <= 0.6


# Answers


async def test_an_empty_answer_once_closes_nothing() -> None:
    """Complaint 13."""
    async with simulator() as sim:
        account = sim.add_account("main", wallets=WALLETS)
        account.trade("BTCUSDT", 0.1)
        async with wired(sim, timings=replace(SHORT, account_every_seconds=30.0)) as wire:
            await wire.all_up()
            watched = Watched(wire)
            await until(lambda: watched.held() == truth(account))
            mark = len(wire.events)
            sim.faults.empty_snapshot[POSITIONS] = 4
            wire.session.resync(wire.last().account, "a test")
            await until(lambda: any(not one.positions for one in wire.since(mark, AccountSnapshot)))
            held = [watched.held() for _ in range(5)]
            assert all(one == truth(account) for one in held), "kept until a second reading confirms it"
            assert watched.report().quality is not Quality.LIVE or wire.last().positions
            await until(lambda: wire.last().positions, what="it is asked again at once")
            assert watched.held() == {PositionKey("BTCUSDT", Side.LONG): 0.1}


async def test_a_web_page_instead_of_an_answer_is_a_failed_reading_and_no_more() -> None:
    async with simulator() as sim:
        sim.add_account("main", wallets=WALLETS)
        async with wired(sim) as wire:
            await wire.all_up()
            mark = len(wire.events)
            sim.faults.garbage_answers[POSITIONS] = 1
            sim.faults.truncated_answers["/v5/account/wallet-balance"] = 1
            await until(lambda: wire.since(mark, PollFailed))
            await asyncio.sleep(0.3)
            assert {one.what for one in wire.since(mark, PollFailed)} <= {"account", "assets"}
            mark = len(wire.events)
            await until(lambda: wire.since(mark, AccountSnapshot))
        assert not wire.ended


async def test_an_unreadable_mode_is_none_and_never_guessed() -> None:
    async with simulator() as sim:
        sim.add_account("main", wallets=WALLETS)
        sim.faults.unreadable_mode = True
        async with wired(sim) as wire:
            await until(lambda: wire.all(AccountConfig))
            assert wire.all(AccountConfig)[0].mode.collateral is None
            assert wire.all(AccountConfig)[0].problems
            await until(lambda: wire.all(AccountSnapshot))
            assert Watched(wire).report().quality is Quality.UNKNOWN


async def test_fees_that_cannot_be_read_leave_the_mode_known() -> None:
    async with simulator() as sim:
        sim.add_account("main", wallets=WALLETS)
        sim.faults.refused_answers["/v5/account/fee-rate"] = Refused(10001, "planted words")
        async with wired(sim) as wire:
            await until(lambda: wire.all(AccountConfig))
            assert wire.all(AccountConfig)[0].mode.collateral is not None
            assert any("fees could not be read" in text for text in wire.all(AccountConfig)[0].problems)
            assert not wire.status("config", "main").up


async def test_garbage_and_the_unknown_are_counted_kept_and_survived() -> None:
    async with simulator() as sim:
        account = sim.add_account("main", wallets=WALLETS)
        account.trade("BTCUSDT", 0.1)
        async with wired(sim) as wire:
            await wire.all_up()
            sim.faults.garbage_frames["linear"] += 2
            sim.faults.truncated_frames["linear"] += 1
            await until(lambda: wire.status("marks").malformed >= 3)
            sim.unknown_event()
            await until(lambda: wire.status("user", "main").unrecognised == 1)
            assert any("not json" in text for text in wire.session.malformed())
            sim.faults.reordered_frames["private"] += 1
            sim.faults.duplicated_frames["private"] += 3
            account.trade("BTCUSDT", 0.1)
            account.trade("BTCUSDT", 0.1)
            await until(lambda: wire.held() == truth(account))
            await wire.all_up()
        assert not wire.ended
