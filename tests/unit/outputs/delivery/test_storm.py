"""A storm of alerts: the loop that the engine shares has its turns while it is decided who is told of them."""

from __future__ import annotations

import asyncio

from monitor.alerts.routing import EscalationStep, Route, RoutingSettings
from monitor.domain.delivery import DeliveryFailed, Message
from monitor.outputs.delivery import board, service
from tests.unit.outputs.delivery.post import FakeChannel, alert, change, open_office, run

MANY = 10 * service.AT_ONCE


def test_others_have_their_turns_while_a_storm_is_decided_and_nothing_is_sent_before_it_is_kept() -> None:
    async def story() -> None:
        office = open_office([FakeChannel("chat")])
        await office.pass_(1.0)
        office.decide(*(change(about=alert(f"a{number}")) for number in range(MANY)))
        turns = 0
        while not office.keeper.commits:
            await asyncio.sleep(0)
            turns += 1
            assert not office["chat"].sent
        assert turns >= MANY / service.AT_ONCE
        assert len(office.keeper.commits) == 1  # one step is one transaction all the same
        assert len(office.keeper.commits[0].entries) == MANY
        await office.stop()

    run(story)


def test_an_end_in_the_midst_of_a_storm_loses_nothing_of_it() -> None:
    async def story() -> None:
        office = open_office([FakeChannel("chat")])
        await office.pass_(1.0)
        office.decide(*(change(about=alert(f"a{number}")) for number in range(MANY)))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not office.keeper.commits
        await office.stop()
        assert len(office.keeper.alerts) == MANY
        assert len(office.keeper.entries) == MANY

    run(story)


def test_more_than_is_done_at_once_when_its_time_comes_is_done_all_the_same() -> None:
    async def story() -> None:
        async def refuse(message: Message, handle: str | None) -> str | None:
            raise DeliveryFailed("chat", "away")

        many = 2 * board.AT_ONCE + 1
        steps = (EscalationStep(after_seconds=60.0, channels=("boss",)),)
        routing = RoutingSettings(
            routes=(Route(name="all", channels=("chat",), escalate=steps),), fallback={"chat": "mail"}
        )
        office = open_office([FakeChannel("chat", behave=refuse), FakeChannel("mail"), FakeChannel("boss")], routing)
        office.decide(*(change(about=alert(f"a{number}")) for number in range(many)))
        await office.pass_(25.0)
        assert len(office["mail"].changes) == many
        assert not office["boss"].sent
        await office.pass_(40.0)
        assert len(office["boss"].changes) == many
        await office.stop()

    run(story)


def test_what_was_refused_and_told_elsewhere_is_forgotten() -> None:
    async def story() -> None:
        async def refuse(message: Message, handle: str | None) -> str | None:
            raise DeliveryFailed("chat", "no such chat", final=True)

        routing = RoutingSettings(routes=(Route(name="all", channels=("chat",)),), fallback={"chat": "mail"})
        office = open_office([FakeChannel("chat", behave=refuse), FakeChannel("mail")], routing)
        for number in range(3):
            office.decide(change(about=alert(f"a{number}")))
            await office.pass_(600.0)
        assert len(office["mail"].changes) == 3
        assert not office.delivery._board._stand_ins
        await office.stop()

    run(story)
