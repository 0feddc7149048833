"""Small parts by themselves: what a lane remembers, and the ends of ways that are seldom gone."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from monitor.alerts.dispatch import Dispatcher
from monitor.alerts.routing import Route, RoutingSettings
from monitor.domain.alerts import AlertChange, Change
from monitor.domain.delivery import DeliveryFailed, Message
from monitor.domain.keeping import Handle
from monitor.domain.posting import Plan
from monitor.outputs.delivery import lane as lanes
from monitor.outputs.delivery.lane import Lane
from monitor.outputs.delivery.pace import RETRY_AFTER_CAP_SECONDS, Bucket, Pace
from monitor.outputs.delivery.settings import DeliverySettings, Rate
from tests.unit.outputs.delivery.post import (
    CRITICAL,
    NOON,
    WARNING,
    DictKeeper,
    FakeChannel,
    alert,
    change,
    open_office,
    run,
)


def test_a_lane_remembers_so_many_incidents_and_forgets_the_oldest(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        monkeypatch.setattr(lanes, "THREADS_LIMIT", 2)
        lane = Lane(FakeChannel("a", edits=True), DeliverySettings(), NOON, lambda: 1.0)
        for thread in ("old", "older", "old", "new"):
            lane.remember(thread, f"handle of {thread}")

        assert [lane.handle(thread) for thread in ("older", "old", "new")] == ["", "handle of old", "handle of new"]

    run(story)


def test_a_bucket_lets_so_many_pass_and_the_next_when_there_is_room() -> None:
    bucket = Bucket(Rate(per_minute=6.0, burst=2.0), 0.0)
    for _ in range(2):
        assert bucket.free_at(0.0) == 0.0
        bucket.take(0.0)

    assert bucket.free_at(0.0) == pytest.approx(10.0)
    assert bucket.free_at(10.0) == 10.0


def test_what_passes_out_of_turn_makes_the_others_wait_but_not_for_ever() -> None:
    bucket = Bucket(Rate(per_minute=60.0, burst=3.0), 0.0)
    for _ in range(100):
        bucket.take(0.0)

    assert bucket.free_at(0.0) == pytest.approx(4.0)


def test_a_channel_without_a_limit_is_always_free() -> None:
    bucket = Bucket(None, 0.0)
    bucket.take(0.0)

    assert bucket.free_at(5.0) == 5.0


def test_rests_grow_and_are_chosen_by_chance_and_never_nothing() -> None:
    least, most = Pace(DeliverySettings(), None, 0.0, lambda: 0.0), Pace(DeliverySettings(), None, 0.0, lambda: 1.0)

    assert [least.failed(0.0, None) for _ in range(8)] == pytest.approx([0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.0, 3.0])
    assert [most.failed(0.0, None) for _ in range(8)] == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]
    assert [most.failed(0.0, None) for _ in range(2000)][-1] == 60.0


def test_a_service_may_ask_for_a_day_at_most() -> None:
    assert Pace(DeliverySettings(), None, 0.0).failed(0.0, 1e12) == RETRY_AFTER_CAP_SECONDS


def test_a_bug_in_the_decisions_ends_the_run() -> None:
    async def story() -> None:
        office = open_office([FakeChannel("a")])

        def broken(self: Dispatcher, change: AlertChange, *_: object) -> Plan:
            raise ZeroDivisionError

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Dispatcher, "told", broken)
            office.decide(change())
            with pytest.raises(ZeroDivisionError):
                await office.task

    run(story)


def test_nobody_has_to_listen_to_how_long_it_took() -> None:
    async def story() -> None:
        office = open_office([FakeChannel("a")])
        office.delivery.on_delivered = None
        office.decide(change())
        await office.pass_(1)

        assert len(office["a"].sent) == 1
        await office.stop()

    run(story)


def test_a_handle_of_a_channel_that_is_gone_is_of_no_use() -> None:
    async def story() -> None:
        keeper = DictKeeper()
        keeper.handles["gone", "i"] = Handle(channel="gone", thread="i", handle="7")
        office = open_office([FakeChannel("a")], keeper=keeper)
        office.decide(change())
        await office.pass_(1)

        assert len(office["a"].sent) == 1
        await office.stop()

    run(story)


def test_a_refused_stand_in_does_not_go_back_to_the_channel_that_failed() -> None:
    async def story() -> None:
        async def refuse(message: Message, handle: str | None) -> str | None:
            raise DeliveryFailed(message.channel, "refused", final=True)

        routing = RoutingSettings(routes=(Route(name="r", channels=("a",)),), fallback={"a": "b", "b": "a"})
        office = open_office([FakeChannel("a", behave=refuse), FakeChannel("b", behave=refuse)], routing=routing)
        office.decide(change(about=alert(level=WARNING)))
        await office.pass_(1000)

        assert [office[name].attempts for name in ("a", "b")] == [1, 1]
        assert [each.dropped_total for each in office.delivery.statuses()] == [1, 1]
        await office.stop()

    run(story)


def test_a_service_that_asks_for_patience_while_an_older_message_is_edited_gets_it() -> None:
    async def story() -> None:
        async def behave(message: Message, handle: str | None) -> str | None:
            if handle is not None:
                raise DeliveryFailed("a", "too many", retry_after_seconds=60.0)
            return message.key

        office = open_office([FakeChannel("a", edits=True, behave=behave)])
        office.decide(change())
        await office.pass_(1)
        office.decide(change(Change.WORSENED, number=2))
        await office.pass_(1)
        office.decide(change(Change.WORSENED, number=3))
        await office.pass_(50)
        assert len(office["a"].sent) == 2
        await office.pass_(20)

        assert len(office["a"].sent) == 3
        await office.stop()

    run(story)


def test_the_end_does_not_wait_for_what_only_begins_to_be_tried() -> None:
    async def story() -> None:
        async def fail(message: Message, handle: str | None) -> str | None:
            raise DeliveryFailed("a", "it answered 500")

        office = open_office([FakeChannel("a", behave=fail), FakeChannel("b", behave=fail)])
        office.decide(change(about=alert("c", CRITICAL)), change(about=alert("w", WARNING)))
        await office.pass_(0.5)
        began = office.clock.monotonic()
        await office.stop()

        assert office.clock.monotonic() == began
        assert len(office.keeper.saved().entries) == 4

    run(story)


def test_an_edit_that_fails_waits_for_its_turn_and_needs_no_mark() -> None:
    async def story() -> None:
        failures = 2

        async def behave(message: Message, handle: str | None) -> str | None:
            nonlocal failures
            if handle is not None and failures:
                failures -= 1
                raise DeliveryFailed("a", "dropped", uncertain=True)
            return "m1"

        office = open_office([FakeChannel("a", edits=True, behave=behave)])
        office.decide(change())
        await office.pass_(1)
        office.decide(change(Change.EASED, about=replace(alert(), severity=WARNING), number=2))
        await office.pass_(60)

        assert [(message.changes[0].change, message.repeated) for _, message, _ in office["a"].sent] == [
            (Change.FIRED, False),
            (Change.EASED, False),
        ]
        await office.stop()

    run(story)


async def test_a_lane_sleeps_until_it_is_woken() -> None:
    lane = Lane(FakeChannel("a"), DeliverySettings(), NOON, lambda: 1.0)
    sleeping = asyncio.create_task(lane.sleep(float("inf")))
    await asyncio.sleep(0)
    assert not sleeping.done()
    lane.woken.set()
    await asyncio.wait_for(sleeping, 20)
