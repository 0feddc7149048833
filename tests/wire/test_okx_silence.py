"""Connected, and nothing comes; or not let in. How long each fault takes to be told is measured and printed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from monitor.domain.events import AccountSnapshot, FeedDown, Tick
from monitor.sim.okx import SimOkx
from tests.wire.harness import until
from tests.wire.okx import ETHER, SHORT, SWAP, Wired, simulator, truth, wired

MARKS, BALANCE = "/api/v5/public/mark-price", "/api/v5/account/balance"
ONE_LOOK = 0.3  #: what a busy machine may take until a limit that has passed is looked at


def kill(sim: SimOkx) -> None:
    sim.drop()


def stall(sim: SimOkx) -> None:
    sim.faults.stall |= {"public", "private"}
    sim.faults.deaf |= {"public", "private"}


def starve_marks(sim: SimOkx) -> None:
    sim.faults.silent_topic.add("mark-price")


def freeze_one(sim: SimOkx) -> None:
    sim.faults.silent_symbol.add(ETHER)


def starve_indices(sim: SimOkx) -> None:
    sim.faults.silent_topic.add("index-tickers")


FAULTS: list[tuple[Callable[[SimOkx], None], str, float]] = [
    (kill, "user", 0.0),
    (kill, "marks", 0.0),
    (stall, "user", SHORT.ping_every_seconds + SHORT.ping_timeout_seconds),
    (stall, "marks", SHORT.ping_every_seconds + SHORT.ping_timeout_seconds),
    (starve_marks, "marks", SHORT.marks_silent_seconds),
    (freeze_one, "marks", SHORT.marks_silent_seconds),
    (starve_indices, "assets", SHORT.assets_silent_seconds),
]


@pytest.mark.parametrize(
    ("fault", "stream", "limit"), FAULTS, ids=lambda one: one.__name__ if callable(one) else str(one)
)
async def test_from_a_fault_to_feed_down_and_back_to_the_servers_truth(
    fault: Callable[[SimOkx], None], stream: str, limit: float, record_property: Any
) -> None:
    async with simulator() as sim:
        account = sim.add_account("main")
        account.trade(SWAP, 1.0)
        account.trade(ETHER, -2.0)
        async with wired(sim) as wire:
            await wire.all_up()
            await until(lambda: {SWAP, ETHER} <= wire.marks().keys())
            mark = len(wire.events)
            fault(sim)
            took = await until(lambda: downs(wire, mark, stream), limit + 3.0, "feed down")
            assert took <= 1.2 * limit + ONE_LOOK
            record_property("table", f"{fault.__name__:<16} {stream:<7} limit {limit:.2f} s: down after {took:.2f} s")
            account.trade(SWAP, 3.0)
            sim.faults.clear()
            await wire.all_up()
            await until(lambda: wire.held() == truth(account))
            await until(lambda: wire.marks()[ETHER] == pytest.approx(sim.board.mark(ETHER)))
        assert not wire.ended


def unacknowledged(sim: SimOkx) -> None:
    sim.faults.no_acknowledgement.add("private")


def never_served(sim: SimOkx) -> None:
    sim.faults.wrong_route_silence.add("private")


def login_unanswered(sim: SimOkx) -> None:
    sim.faults.login_silence = 9


def login_refused(sim: SimOkx) -> None:
    sim.faults.login_refused = 9


@pytest.mark.parametrize(
    ("fault", "limit"),
    [
        (unacknowledged, SHORT.acknowledge_seconds),
        (never_served, SHORT.reconnect_seconds),
        (login_unanswered, SHORT.acknowledge_seconds),
        (login_refused, 0.0),
    ],
    ids=lambda one: one.__name__ if callable(one) else str(one),
)
async def test_from_a_socket_that_opens_in_vain_to_feed_down(
    fault: Callable[[SimOkx], None], limit: float, record_property: Any
) -> None:
    async with simulator() as sim:
        sim.add_account("main")
        fault(sim)
        async with wired(sim) as wire:
            await until(lambda: sim.hub.on("private"), what="the socket is open")
            took = await until(lambda: downs(wire, 0, "user"), limit + 3.0, "feed down")
            assert took <= 1.2 * limit + ONE_LOOK
            record_property("table", f"{fault.__name__:<16} user    limit {limit:.2f} s: down after {took:.2f} s")
            sim.faults.clear()
            await wire.all_up()


def downs(wire: Wired, mark: int, stream: str) -> list[FeedDown]:
    return [one for one in wire.since(mark, FeedDown) if one.stream == stream]


async def test_one_frozen_price_of_many_is_named_and_the_others_go_on() -> None:
    async with simulator() as sim:
        account = sim.add_account("main")
        for symbol in (SWAP, ETHER, "SOL-USDT-SWAP"):
            account.trade(symbol, 1.0)
        async with wired(sim) as wire:
            await wire.all_up()
            await until(lambda: ETHER in wire.marks())
            sim.faults.silent_symbol.add(ETHER)
            await until(lambda: not wire.up("marks"))
            assert ETHER in wire.status("marks").reason
            assert "SOL" not in wire.status("marks").reason
            sim.set_mark(ETHER, 4_321.0)
            await until(lambda: wire.marks()[ETHER] == pytest.approx(4_321.0), what="the bridge")
            sim.faults.clear()
            await wire.all_up()


async def test_pongs_only_and_no_acknowledgement_is_dead_resubscribed_and_reconnected() -> None:
    async with simulator() as sim:
        sim.add_account("main").trade(SWAP, 1.0)
        sim.faults.no_acknowledgement |= {"public", "private"}
        async with wired(sim) as wire:
            await until(lambda: {"marks", "user"} <= {one.stream for one in wire.all(FeedDown)})
            assert all("no acknowledgement" in one.reason for one in wire.all(FeedDown))
            await until(lambda: wire.status("marks").reconnects >= 1)
            await until(lambda: wire.status("user", "main").reconnects >= 1)
            assert wire.status("marks").missed_acknowledgements >= 2
            await until(lambda: wire.all(Tick), what="marks over REST meanwhile")
            sim.faults.clear()
            await wire.all_up()


async def test_some_acknowledgements_only_leave_the_row_down_with_the_names_and_are_asked_for_again() -> None:
    async with simulator() as sim:
        account = sim.add_account("main")
        account.trade(SWAP, 1.0)
        account.trade(ETHER, 1.0)
        sim.faults.lost_argument[f"mark-price:{ETHER}"] = 1
        sim.faults.lost_argument["positions"] = 1
        async with wired(sim) as wire:
            await until(lambda: {"marks", "user"} <= {one.stream for one in wire.all(FeedDown)})
            reasons = {one.stream: one.reason for one in wire.all(FeedDown)}
            assert ETHER in reasons["marks"]
            assert SWAP not in reasons["marks"]
            assert "positions" in reasons["user"]
            await wire.all_up()
            assert wire.status("marks").reconnects == 0, "asking once more was enough"
            assert wire.status("user", "main").reconnects == 0


async def test_data_proves_a_subscription_whose_acknowledgement_was_lost() -> None:
    async with simulator() as sim:
        sim.add_account("main").trade(SWAP, 1.0)
        sim.faults.lost_acknowledgement["mark-price"] = 10
        async with wired(sim) as wire:
            await wire.all_up()
            await asyncio.sleep(2 * SHORT.reconnect_seconds)
            assert not wire.all(FeedDown)


async def test_acknowledged_and_never_served_is_dead_too() -> None:
    async with simulator() as sim:
        sim.add_account("main").trade(SWAP, 1.0)
        sim.faults.wrong_route_silence |= {"public", "private"}
        async with wired(sim) as wire:
            await until(lambda: {"marks", "assets", "user"} <= {one.stream for one in wire.all(FeedDown)})
            assert all("never sent anything" in one.reason for one in wire.all(FeedDown))
            await until(lambda: wire.all(AccountSnapshot), what="REST goes on")
            sim.faults.clear()
            await wire.all_up()


async def test_an_account_in_which_there_is_nothing_may_tell_nothing() -> None:
    async with simulator() as sim:
        account = sim.add_account("main", wallets={})
        sim.faults.silent_topic.add("account")
        async with wired(sim) as wire:
            await wire.all_up()
            await until(lambda: not wire.up("user", "main") or wire.status("user", "main").reconnects)
            await wire.all_up()
            mark = len(wire.events)
            await asyncio.sleep(2 * SHORT.reconnect_seconds)
            assert not wire.since(mark, FeedDown)
            sim.faults.clear()
            account.deposit("USDT", 5.0)
            await until(lambda: wire.all(AccountSnapshot)[-1].balances)
            assert wire.up("user", "main")


async def test_a_channel_that_does_not_tell_what_rest_shows_is_found() -> None:
    async with simulator() as sim:
        account = sim.add_account("main")
        account.trade(SWAP, 1.0)
        async with wired(sim) as wire:
            await wire.all_up()
            await asyncio.sleep(0.3)
            sim.faults.silent_topic |= {"positions", "balance_and_position"}
            account.trade(SWAP, 2.0)
            await until(lambda: wire.all(FeedDown), what="the doubt")
            (down, *_) = wire.all(FeedDown)
            assert down.stream == "user"
            assert "positions:ANY: it does not tell what REST shows" in down.reason
            assert wire.held() == truth(account), "REST told it"
            await until(lambda: wire.status("user", "main").reconnects >= 1, what="another connection")
            sim.faults.clear()
            await wire.all_up()


def with_dust(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A coin that was thrown at the account, and that has no price."""
    (whole,) = rows
    return [{**whole, "details": [*whole["details"], {"ccy": "DUST", "cashBal": "5", "eq": "5", "uTime": "1"}]}]


async def test_a_coin_without_an_index_is_done_without() -> None:
    async with simulator() as sim:
        sim.add_account("main").trade(SWAP, 1.0)
        sim.faults.edit_answer[BALANCE] = with_dust
        async with wired(sim) as wire:
            await wire.all_up()
            await asyncio.sleep(2 * SHORT.reconnect_seconds)
            assert wire.up("assets")
            assert not wire.all(FeedDown)


async def test_a_refused_subscription_says_so() -> None:
    async with simulator() as sim:
        sim.add_account("main").trade(SWAP, 1.0)
        sim.faults.subscription_error.add("public")
        async with wired(sim) as wire:
            await until(lambda: [one for one in wire.all(FeedDown) if one.stream == "marks"])
            (down, *_) = [one for one in wire.all(FeedDown) if one.stream == "marks"]
            assert "refused" in down.reason
            sim.faults.clear()
            await wire.all_up()


# Not let in


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("60009", "the login failed"),
        ("60024", "passphrase"),
        ("60006", "refused our timestamp"),
        ("63999", "the venue failed"),
    ],
)
async def test_a_refused_login_is_told_and_tried_again(code: str, words: str) -> None:
    async with simulator() as sim:
        account = sim.add_account("main")
        sim.faults.login_refused, sim.faults.login_code = 1, code
        async with wired(sim, timings=replace(SHORT, rate_limited_seconds=0.2)) as wire:
            await until(lambda: [one for one in wire.all(FeedDown) if one.stream == "user"])
            assert words in next(one for one in wire.all(FeedDown) if one.stream == "user").reason
            await until(lambda: wire.all(AccountSnapshot), what="REST goes on")
            await wire.all_up()
            account.trade(SWAP, 1.0)
            await until(lambda: wire.held() == truth(account))


async def test_a_login_without_an_answer_is_no_login() -> None:
    async with simulator() as sim:
        sim.add_account("main")
        sim.faults.login_silence = 1
        async with wired(sim) as wire:
            await until(lambda: [one for one in wire.all(FeedDown) if one.stream == "user"])
            assert "no answer to the login" in wire.all(FeedDown)[-1].reason
            await wire.all_up()


async def test_too_many_connections_take_the_row_down_and_it_comes_back() -> None:
    async with simulator() as sim:
        account = sim.add_account("main")
        sim.faults.connection_count_error["positions"] = 1
        async with wired(sim) as wire:
            await until(lambda: [one for one in wire.all(FeedDown) if one.stream == "user"])
            reasons = " ".join(one.reason for one in wire.all(FeedDown))
            assert "too many connections" in reasons
            await wire.all_up()
            account.trade(SWAP, 1.0)
            await until(lambda: wire.held() == truth(account))
        assert not wire.ended


async def test_a_quiet_night_has_no_alarms() -> None:
    """Account channels that say nothing but what the venue repeats, and marks that hardly move."""
    async with simulator() as sim:
        sim.add_account("main").trade(SWAP, 1.0)
        async with wired(sim) as wire:
            await wire.all_up()
            await asyncio.sleep(2.0)
            assert not wire.all(FeedDown)
            assert sim.requests.count(MARKS) <= 2, "no bridge where a stream delivers"
