"""The end of a run and the start of the next: nothing is lost, nothing is told anew."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from monitor.alerts.routing import EscalationStep, Route, RoutingSettings
from monitor.domain.alerts import Change
from monitor.domain.delivery import DeliveryFailed, Message
from monitor.domain.keeping import Commit, OutboxState
from monitor.outputs.delivery.settings import DeliverySettings
from tests.unit.outputs.delivery.post import (
    FAST,
    NOON,
    WARNING,
    DictKeeper,
    FakeChannel,
    Office,
    alert,
    change,
    open_office,
    run,
)


async def hang(message: Message, handle: str | None) -> str | None:
    await asyncio.sleep(1e9)
    return None


async def refuse(message: Message, handle: str | None) -> str | None:
    raise DeliveryFailed("a", "it answered 503")


async def keeper_after(channel: FakeChannel, story: str = "") -> DictKeeper:
    """What is on the disk after a run in which the channel did what it does."""
    office = open_office([channel])
    office.decide(change())
    await office.pass_(2)
    office.task.cancel()
    await office.pass_(5)
    return office.keeper


async def again(keeper: DictKeeper, channel: FakeChannel, routing: RoutingSettings | None = None) -> Office:
    office = open_office([channel], routing=routing, keeper=keeper)
    await office.pass_(10)
    return office


def test_what_was_told_is_not_told_again_after_a_restart() -> None:
    async def story() -> None:
        office = await again(await keeper_after(FakeChannel("a")), FakeChannel("a"))

        assert office["a"].sent == []
        await office.stop()

    run(story)


def test_what_waited_is_sent_after_a_restart_without_a_mark() -> None:
    async def story() -> None:
        office = await again(await keeper_after(FakeChannel("a", behave=refuse)), FakeChannel("a"))

        assert [(each.change, message.repeated) for _, message, _ in office["a"].sent for each in message.changes] == [
            (Change.FIRED, False)
        ]
        await office.stop()

    run(story)


@pytest.mark.parametrize(("keyed", "repeated"), [(False, True), (True, False)])
def test_what_was_under_way_is_sent_again_and_says_so_unless_the_service_takes_a_key(
    keyed: bool, repeated: bool
) -> None:
    async def story() -> None:
        keeper = await keeper_after(FakeChannel("a", keyed=keyed, behave=hang))
        office = await again(keeper, FakeChannel("a", keyed=keyed))

        assert [message.repeated for _, message, _ in office["a"].sent] == [repeated]
        await office.stop()

    run(story)


def test_the_message_of_an_incident_is_edited_after_a_restart() -> None:
    async def story() -> None:
        office = await again(await keeper_after(FakeChannel("a", edits=True)), FakeChannel("a", edits=True))
        office.decide(change(Change.RESOLVED, number=2))
        await office.pass_(1)

        assert [(message.changes[0].change, handle) for _, message, handle in office["a"].sent] == [
            (Change.RESOLVED, "a-1")
        ]
        await office.stop()

    run(story)


def test_the_end_is_told_after_a_restart_where_nothing_can_be_edited() -> None:
    async def story() -> None:
        office = await again(await keeper_after(FakeChannel("a")), FakeChannel("a"))
        office.decide(change(Change.RESOLVED, number=2))
        await office.pass_(1)

        assert office["a"].changes == [Change.RESOLVED]
        await office.stop()

    run(story)


def test_a_message_for_a_channel_that_is_no_longer_configured_is_dropped_and_said_to_be() -> None:
    async def story() -> None:
        keeper = await keeper_after(FakeChannel("a", behave=refuse))
        with capture_logs() as logs:
            office = await again(keeper, FakeChannel("b"))

        assert [each["reason"] for each in logs if each["event"] == "message dropped"] == [
            "the channel is no longer configured"
        ]
        assert list(keeper.states().values()) == [OutboxState.DROPPED]
        await office.stop()

    run(story)


def test_a_stand_in_that_waited_is_not_made_twice() -> None:
    async def story() -> None:
        routing = RoutingSettings(routes=(Route(name="r", channels=("a",)),), fallback={"a": "b"})
        first = open_office([FakeChannel("a", behave=refuse), FakeChannel("b", behave=refuse)], routing=routing)
        first.decide(change())
        await first.pass_(30)
        await first.stop()
        assert len(first.keeper.saved().entries) == 2

        second = open_office([FakeChannel("a", behave=refuse), FakeChannel("b")], routing=routing, keeper=first.keeper)
        await second.pass_(60)
        assert len(second["b"].sent) == 1
        assert second.keeper.saved().entries == ()
        await second.stop()

    run(story)


def test_a_digest_that_waited_is_sent_at_its_time() -> None:
    async def story() -> None:
        keeper = await keeper_after(FakeChannel("a", behave=refuse))
        (entry,) = keeper.saved().entries
        keeper.entries[entry.id] = replace(entry, digest=True, not_before=NOON + 50.0, attempts=0)
        office = await again(keeper, FakeChannel("a"))
        assert office["a"].sent == []
        await office.pass_(60)

        assert office["a"].titles == ["Digest of 1 alerts (1 critical)"]
        await office.stop()

    run(story)


def test_what_is_critical_and_under_way_has_a_little_time_at_the_end() -> None:
    async def story() -> None:
        async def slow(message: Message, handle: str | None) -> str | None:
            await asyncio.sleep(1.5)
            return None

        office = open_office([FakeChannel("a", behave=slow), FakeChannel("b", behave=hang)])
        office.decide(change())
        await office.pass_(0.5)
        began = office.clock.monotonic()
        await office.stop()

        assert office.clock.monotonic() - began <= 2.2
        assert len(office["a"].sent) == 1
        states = {key.rpartition("@")[2]: state for key, state in office.keeper.states().items()}
        assert states == {"a": OutboxState.SENT, "b": OutboxState.SENDING}

    run(story)


def test_what_is_less_than_critical_does_not_hold_up_the_end() -> None:
    async def story() -> None:
        routing = RoutingSettings(grouping_seconds={WARNING: 0.0})
        office = open_office([FakeChannel("a", behave=hang)], routing=routing)
        office.decide(change(about=alert(level=WARNING)))
        await office.pass_(0.5)
        began = office.clock.monotonic()
        await office.stop()

        assert office.clock.monotonic() - began < 0.01
        assert list(office.keeper.states().values()) == [OutboxState.SENDING]

    run(story)


def test_what_was_decided_last_is_written_down_at_the_end_and_sent_if_it_is_critical() -> None:
    async def story() -> None:
        office = open_office([FakeChannel("a")])
        await office.pass_(1)
        office.decide(change(about=alert("c")), change(about=alert("w", WARNING)))
        await office.stop()

        assert office["a"].titles == ["CRITICAL: c cross: margin ratio 85 %"]
        assert sorted(office.keeper.states().values()) == ["sent", "waiting"]

    run(story)


def test_without_a_store_messages_go_out_and_nothing_is_said_of_writing() -> None:
    async def story() -> None:
        office = open_office([FakeChannel("a")])
        office.delivery._books._keeper = None
        office.decide(change())
        await office.pass_(1)

        assert len(office["a"].sent) == 1
        assert "written down" not in office["a"].sent[0][1].text
        await office.stop()

    run(story)


def test_a_bug_in_the_store_keeps_no_message_from_going_out() -> None:
    async def story() -> None:
        class Broken(DictKeeper):
            async def commit(self, commit: Commit) -> None:
                raise ZeroDivisionError

        office = open_office([FakeChannel("a")], keeper=Broken())
        with capture_logs() as logs:
            office.decide(change())
            await office.pass_(1)

        assert len(office["a"].sent) == 1
        assert [each["reason"] for each in logs if "not written down" in each["event"]] == [
            "an error in the program (ZeroDivisionError)"
        ]
        await office.stop()

    run(story)


def test_the_failure_of_the_store_is_one_line_and_its_recovery_another() -> None:
    async def story() -> None:
        office = open_office([FakeChannel("a")])
        with capture_logs() as logs:
            office.keeper.why = "no space left"
            for number in range(5):
                office.decide(change(about=alert(f"a{number}")))
                await office.pass_(1)
            office.keeper.why = ""
            office.decide(change(about=alert("last")))
            await office.pass_(1)

        assert len(office["a"].sent) == 6
        assert [each["event"] for each in logs] == [
            "not written down: messages are delivered all the same",
            "written down again",
        ]
        await office.stop()

    run(story)


def test_a_way_is_tried_without_touching_what_waits() -> None:
    async def story() -> None:
        routing = RoutingSettings(routes=(Route(name="r", channels=("a",)),), fallback={"a": "b"})
        channels = [FakeChannel("a"), FakeChannel("b", behave=refuse), FakeChannel("unused")]
        office = open_office(channels, routing=routing)

        assert await office.delivery.test(None) == (("a", ""), ("b", "it answered 503"))
        assert await office.delivery.test("unused") == (("unused", ""),)
        assert await office.delivery.test("gone") == (("gone", "no such channel"),)
        assert office["a"].sent[0][1].test
        assert office.keeper.commits == []
        await office.stop()

    run(story)


def test_it_is_idle_when_all_was_sent() -> None:
    async def story() -> None:
        settings = DeliverySettings(rate=FAST)
        office = open_office([FakeChannel("a")], settings=settings)
        await office.pass_(0.1)
        assert office.delivery.is_idle()
        office.decide(change())
        assert not office.delivery.is_idle()
        await office.pass_(0.1)

        assert office.delivery.is_idle()
        await office.stop()

    run(story)


def test_what_was_written_while_the_clock_was_ahead_does_not_wait_for_it_after_a_restart() -> None:
    async def story() -> None:
        keeper = await keeper_after(FakeChannel("a", behave=hang))
        for entry in tuple(keeper.entries.values()):
            ahead = replace(entry, created=NOON + 3600.0, not_before=NOON + 3600.0, attempts=0)
            keeper.entries[entry.id] = replace(ahead, state=OutboxState.WAITING)
        office = await again(keeper, FakeChannel("a"))
        assert office["a"].changes == [Change.FIRED]
        await office.stop()

    run(story)


def test_whoever_comes_next_is_called_in_time_though_the_clock_was_ahead_before_the_restart() -> None:
    async def story() -> None:
        steps = (EscalationStep(after_seconds=300.0, channels=("b",)),)
        routing = RoutingSettings(routes=(Route(name="r", channels=("a",), escalate=steps),))
        office = open_office([FakeChannel("a"), FakeChannel("b")], routing=routing)
        office.decide(change(about=alert(since=NOON + 3600.0), at=NOON + 3600.0))
        await office.pass_(2)
        await office.stop()
        keeper = office.keeper
        keeper.escalations = {key: replace(one, due=one.due + 3600.0) for key, one in keeper.escalations.items()}

        office = open_office([FakeChannel("a"), FakeChannel("b")], routing=routing, keeper=keeper)
        await office.pass_(290)
        assert office["b"].sent == []
        await office.pass_(20)
        assert len(office["b"].sent) == 1
        await office.stop()

    run(story)
