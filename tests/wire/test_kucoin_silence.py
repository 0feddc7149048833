"""Connected, and nothing comes; or not let in. How long each fault takes to be told is measured and printed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from monitor.domain.events import FeedDown, Tick
from monitor.sim.kucoin import SimKucoin
from monitor.venues.kucoin.endpoints import POSITIONS_TOPIC, TOPICS_PER_SOCKET
from tests.wire.harness import until
from tests.wire.kucoin import COIN, ETHER, INVERSE, SHORT, Wired, simulator, truth, wired

ONE_LOOK = 0.3  #: what a busy machine may take until a limit that has passed is looked at


def kill(sim: SimKucoin) -> None:
    sim.drop()


def stall(sim: SimKucoin) -> None:
    sim.faults.stall |= {"public", "private"}
    sim.faults.deaf |= {"public", "private"}


def starve(sim: SimKucoin) -> None:
    sim.faults.starve.add("public")


def freeze_one(sim: SimKucoin) -> None:
    sim.faults.silent_symbol.add(ETHER)


FAULTS: list[Any] = [
    (kill, "marks", 0.0),
    (stall, "user", SHORT.ping_every_seconds + SHORT.ping_timeout_seconds),
    (starve, "marks", SHORT.marks_silent_seconds),
    pytest.param(starve, "assets", SHORT.assets_silent_seconds, marks=pytest.mark.soak),
    pytest.param(freeze_one, "marks", SHORT.marks_silent_seconds, marks=pytest.mark.soak),
]


@pytest.mark.parametrize(
    ("fault", "stream", "limit"), FAULTS, ids=lambda one: one.__name__ if callable(one) else str(one)
)
async def test_from_a_fault_to_feed_down_and_back_to_the_servers_truth(
    fault: Callable[[SimKucoin], None], stream: str, limit: float, record_property: Any
) -> None:
    async with simulator() as sim:
        account = sim.add_account("main", wallets={"USDT": 10_000.0, "BTC": 1.0})
        account.trade(COIN, 1.0)
        account.trade(ETHER, -2.0)
        account.trade(INVERSE, 100.0)
        async with wired(sim) as wire:
            await wire.all_up()
            await until(lambda: {COIN, ETHER, INVERSE} <= wire.marks().keys())
            mark = len(wire.events)
            fault(sim)
            took = await until(lambda: downs(wire, mark, stream), limit + 3.0, "feed down")
            assert took <= 1.2 * limit + ONE_LOOK
            record_property("table", f"{fault.__name__:<16} {stream:<7} limit {limit:.2f} s: down after {took:.2f} s")
            account.trade(COIN, 3.0)
            sim.faults.clear()
            await wire.all_up()
            await until(lambda: wire.held() == truth(account))
            await until(lambda: wire.marks()[ETHER] == pytest.approx(sim.board.prices.mark(ETHER)))
            assert wire.prices()["BTC"] == pytest.approx(wire.marks()[INVERSE], rel=1e-2)
        assert not wire.ended


def unacknowledged(sim: SimKucoin) -> None:
    sim.faults.no_acknowledgement.add("private")


def unwelcome(sim: SimKucoin) -> None:
    sim.faults.no_welcome.add("private")


def subscription_refused(sim: SimKucoin) -> None:
    sim.faults.subscription_error.add("private")


def token_refused(sim: SimKucoin) -> None:
    sim.faults.refused_tokens = 10_000


@pytest.mark.parametrize(
    ("fault", "limit"),
    [
        pytest.param(unacknowledged, SHORT.acknowledge_seconds, marks=pytest.mark.soak),
        pytest.param(unwelcome, SHORT.acknowledge_seconds, marks=pytest.mark.soak),
        (subscription_refused, 0.0),
        (token_refused, 0.0),
    ],
    ids=lambda one: one.__name__ if callable(one) else str(one),
)
async def test_from_a_socket_that_opens_in_vain_to_feed_down(
    fault: Callable[[SimKucoin], None], limit: float, record_property: Any
) -> None:
    async with simulator() as sim:
        account = sim.add_account("main")
        account.trade(COIN, 1.0)
        fault(sim)
        async with wired(sim) as wire:
            await until(lambda: downs(wire, 0, "user"), limit + 6.0, "feed down")
            record_property("table", f"{fault.__name__:<16} user    limit {limit:.2f} s")
            await until(lambda: wire.held() == truth(account), what="REST tells all the same")
            sim.faults.clear()
            await wire.all_up()
        assert not wire.ended


def downs(wire: Wired, mark: int, stream: str) -> list[FeedDown]:
    return [one for one in wire.since(mark, FeedDown) if one.stream == stream]


async def test_one_lost_acknowledgement_costs_its_topic_and_no_connection() -> None:
    """Complaint 16: the topic is asked for again by itself."""
    async with simulator() as sim:
        sim.add_account("main").trade(COIN, 1.0)
        sim.faults.lost_acknowledgement[POSITIONS_TOPIC] = 1
        async with wired(sim) as wire:
            await wire.all_up()
            user = wire.status("user", "main")
            assert user.missed_acknowledgements == 1
            assert user.reconnects == 0


async def test_a_change_that_rest_shows_and_no_push_told_has_its_topic_doubted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("monitor.venues.kucoin.user.SLACK_SECONDS", 0.1)
    async with simulator() as sim:
        account = sim.add_account("main")
        account.trade(COIN, 1.0)
        async with wired(sim, timings=replace(SHORT, account_every_seconds=0.3)) as wire:
            await wire.all_up()
            await asyncio.sleep(0.4)
            sim.faults.starve.add("private")
            mark = len(wire.events)
            account.trade(COIN, 2.0)
            await until(lambda: wire.held() == truth(account), what="REST shows it")
            await until(lambda: downs(wire, mark, "user"), what="and nobody told")
            assert POSITIONS_TOPIC in downs(wire, mark, "user")[0].reason
            sim.faults.clear()
            await wire.all_up()


async def test_one_frozen_price_of_many_is_named_and_read_over_rest_meanwhile() -> None:
    """Complaint 17."""
    async with simulator() as sim:
        account = sim.add_account("main")
        for symbol in (COIN, ETHER, "SOLUSDTM"):
            account.trade(symbol, 1.0)
        async with wired(sim) as wire:
            await wire.all_up()
            await until(lambda: ETHER in wire.marks())
            sim.faults.silent_symbol.add(ETHER)
            await until(lambda: not wire.up("marks"))
            assert ETHER in wire.status("marks").reason
            assert "SOL" not in wire.status("marks").reason
            sim.set_mark(ETHER, 4_321.0)
            await until(lambda: wire.marks()[ETHER] == pytest.approx(4_321.0, rel=1e-4), what="the bridge")
            sim.faults.clear()
            await wire.all_up()


async def test_funding_that_goes_on_keeps_no_mark_alive() -> None:
    async with simulator() as sim:
        sim.add_account("main").trade(COIN, 1.0)
        async with wired(sim, timings=replace(SHORT, marks_silent_seconds=0.8)) as wire:
            await wire.all_up()
            mark = len(wire.events)
            sim.faults.silent_symbol.add(COIN)  # its funding is told twice a second
            await until(lambda: downs(wire, mark, "marks"))


async def test_a_quiet_night_has_no_stalls() -> None:
    """Complaint 17: marks that never move, accounts that never change."""
    async with simulator() as sim:
        account = sim.add_account("main", margin={"USDT": 100.0}, isolated={"BTC-USDT": {"USDT": 50.0}})
        account.trade(COIN, 1.0)
        products = {"main": ("futures", "margin", "isolated-margin")}
        async with wired(sim, products=products) as wire:
            await wire.all_up()
            await asyncio.sleep(0.6)  # longer than any stream may be silent
            assert not wire.all(FeedDown)
            assert sum(one.reconnects for one in wire.session.feeds()) == 0


async def test_a_contract_that_is_gone_costs_the_others_nothing() -> None:
    """Their topics are asked for together: one that the venue refuses has them asked for one by one."""
    async with simulator() as sim:
        account = sim.add_account("main")
        account.trade(COIN, 1.0)
        account.trade(ETHER, 1.0)
        timings = replace(
            SHORT, account_every_seconds=30.0, account_every_blind_seconds=30.0, resync_spacing_seconds=30.0
        )
        async with wired(sim, timings=timings) as wire:
            await wire.all_up()
            await asyncio.sleep(0.2)
            sim.faults.starve.add("private")
            sim.delist(ETHER)
            sim.drop("public")
            await until(lambda: ETHER in wire.status("marks").reason)
            seen = len(wire.events)
            await until(lambda: len([one for one in wire.since(seen, Tick) if one.symbol == COIN]) >= 3)
            assert COIN not in wire.status("marks").reason


async def test_more_topics_than_a_connection_takes_have_another_one(monkeypatch: pytest.MonkeyPatch) -> None:
    rooms = dict.fromkeys(TOPICS_PER_SOCKET, 2)
    monkeypatch.setattr("monitor.venues.kucoin.market.TOPICS_PER_SOCKET", rooms)
    async with simulator() as sim:
        account = sim.add_account("main", wallets={"USDT": 1e6, "BTC": 10.0})
        symbols = [COIN, ETHER, "SOLUSDTM", "DOGEUSDTM", INVERSE]
        for symbol in symbols:
            account.trade(symbol, 1.0)
        async with wired(sim) as wire:
            await wire.all_up()
            await until(lambda: len(sim.hub.on("public")) == 4, what="three sockets of marks, one of prices")
            account.close(COIN)
            account.close(ETHER)
            await until(lambda: wire.held() == truth(account))
            seen = len(wire.events)
            await until(lambda: {one.symbol for one in wire.since(seen, Tick)} >= set(symbols[2:]))
            await wire.all_up()
            assert not wire.all(FeedDown)
