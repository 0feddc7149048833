"""Every further product of Binance against the simulated venue: read, streamed, disturbed, and in the end the truth."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace

import pytest

from monitor.domain.events import (
    AccountConfig,
    AccountSnapshot,
    AssetTick,
    CollateralLoaded,
    FeedDown,
    InstrumentsLoaded,
    ParametersSet,
    PermissionsRead,
    PollFailed,
    Ticks,
    TiersLoaded,
)
from tests.wire.binance import KINDS, NAME, Kind, briefly, said
from tests.wire.harness import SHORT, simulator, until, wired

every_product = pytest.mark.parametrize("kind", KINDS, ids=str)
# A socket by tokens and one by a key; three sockets of one account. The others share their code.
some_products = pytest.mark.parametrize("kind", briefly(KINDS, "margin", "portfolio-margin-pro"), ids=str)
every_host = pytest.mark.parametrize(
    "kind", [one for one in KINDS if one.product in ("coinm", "margin", "portfolio-margin")], ids=str
)


@every_product
async def test_everything_is_read_once_at_the_start_and_then_streams(kind: Kind) -> None:
    async with simulator() as sim:
        account = kind.make(sim)
        async with wired(sim, parameters={"x": 1.0}) as wire:
            await wire.all_up()
            await until(lambda: said(wire, kind) == kind.truth(account))
            assert isinstance(wire.events[0], ParametersSet)
            assert {row.stream for row in wire.streams() if row.account} == set(kind.rows)
            for what in (InstrumentsLoaded, PermissionsRead, AccountConfig, Ticks, AssetTick):
                assert wire.all(what), what
            await until(lambda: wire.all(TiersLoaded) or wire.all(CollateralLoaded))
            first = [type(one) for one in wire.events if isinstance(one, AccountConfig | AccountSnapshot)]
            assert first[0] is AccountConfig, "an account is read with its modes already known"
            assert wire.all(AccountConfig)[0].mode.collateral is not None
            await until(lambda: all(row.up for row in wire.session.feeds()), what="every reading")
            assert not wire.all(PollFailed)
            assert not wire.all(FeedDown)
        assert not wire.ended


@every_product
async def test_what_is_pushed_causes_a_reading_at_once(kind: Kind) -> None:
    async with simulator() as sim:
        account = kind.make(sim)
        async with wired(sim, timings=replace(SHORT, account_every_seconds=30.0)) as wire:
            await wire.all_up()
            await until(lambda: said(wire, kind) == kind.truth(account))
            await asyncio.sleep(0.3)
            kind.move(account, 0)
            await until(lambda: said(wire, kind) == kind.truth(account))  # no reading is due for 30 s
            assert not wire.all(FeedDown)


@some_products
@pytest.mark.parametrize("kills", [10, pytest.param(100, marks=pytest.mark.soak)])
async def test_sockets_that_are_killed_leave_the_servers_truth(kind: Kind, kills: int) -> None:
    """Complaint 14: killed again and again at random moments, while the owner trades."""
    chance = random.Random(14)
    async with simulator() as sim:
        account = kind.make(sim)
        async with wired(sim) as wire:
            await wire.all_up()
            for number in range(kills):
                kind.move(account, number % 10)
                await asyncio.sleep(chance.random() * 0.1)
                for route in kind.routes:
                    sim.drop(route)
            await until(lambda: said(wire, kind) == kind.truth(account))
            await wire.all_up()
            assert all(row.reconnects for row in wire.streams() if row.account)
        assert not wire.ended


@every_product
async def test_garbage_costs_nothing_but_a_reading(kind: Kind) -> None:
    """Complaint 19 among them: events of kinds that nobody has heard of."""
    async with simulator() as sim:
        account = kind.make(sim)
        async with wired(sim) as wire:
            await wire.all_up()
            for route in kind.routes:
                for text in ("", "{", "[]", "null", '{"e":1}', '{"event":{"e":"ACCOUNT_UPDATE"}}', "\x00"):
                    sim.send(route, text)
                sim.unknown_event(route)
            kind.move(account, 0)
            await until(lambda: said(wire, kind) == kind.truth(account))
            await until(lambda: all(row.unrecognised for row in wire.streams() if row.account))
            assert all(row.malformed for row in wire.streams() if row.account)
        assert not wire.ended


@every_host
async def test_a_ban_stops_every_question_until_it_is_over(kind: Kind) -> None:
    """Complaint 20: the hosts share one address."""
    async with simulator() as sim:
        account = kind.make(sim)
        async with wired(sim) as wire:
            await wire.all_up()
            sim.ban(1)
            await until(lambda: wire.session.budgets()[0].banned_until is not None)
            kind.move(account, 0)
            await until(lambda: said(wire, kind) == kind.truth(account))
            assert sim.requests.during_ban <= 10, "those that were under way, and the one that was told of it"


@some_products
async def test_a_clock_that_shifts_costs_no_reading(kind: Kind) -> None:
    """Complaint 21."""
    async with simulator() as sim:
        account = kind.make(sim)
        async with wired(sim) as wire:
            await wire.all_up()
            for shift in (2.0, -2.0):
                wire.clock.shift = shift
                await until(lambda: abs((wire.session.clock_offset() or 0.0) + wire.clock.shift) < 0.3)
                kind.move(account, 1)
                await until(lambda: said(wire, kind) == kind.truth(account))
            assert not [one for one in wire.all(PollFailed) if "timestamp" in one.reason]


@every_host
async def test_answers_that_do_not_come_are_asked_for_again(kind: Kind) -> None:
    async with simulator() as sim:
        account = kind.make(sim)
        async with wired(sim, timings=replace(SHORT, request_seconds=0.3)) as wire:
            await wire.all_up()
            sim.faults.slow_answers.update(dict.fromkeys(kind.paths, 1.0))
            await until(lambda: [one for one in wire.all(PollFailed) if one.what == "account"])
            kind.move(account, 0)
            sim.faults.slow_answers.clear()
            await until(lambda: said(wire, kind) == kind.truth(account))
            assert wire.up("account", NAME)
