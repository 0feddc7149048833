"""Who receives what, when: the whole delivery in virtual time, with channels that do as they are told."""

from __future__ import annotations

import asyncio

from monitor.alerts.routing import Route, RoutingSettings
from monitor.domain.alerts import Change
from monitor.domain.delivery import DeliveryFailed, Message
from monitor.domain.keeping import OutboxState
from monitor.outputs.delivery.settings import DeliverySettings, Rate
from tests.unit.outputs.delivery.post import (
    CRITICAL,
    WARNING,
    DictKeeper,
    FakeChannel,
    alert,
    change,
    open_office,
    run,
)


def test_an_alert_that_fires_is_written_down_and_then_sent() -> None:
    async def story() -> None:
        office = open_office([FakeChannel("a")])
        office.decide(change())
        await office.pass_(0.01)

        assert office["a"].titles == ["CRITICAL: main cross: margin ratio 85 %"]
        first, marked, sent = office.keeper.commits
        assert [entry.state for entry in first.entries] == [OutboxState.WAITING]
        assert first.changes
        assert first.memory
        assert [entry.state for entry in marked.entries] == [OutboxState.SENDING]
        assert [entry.state for entry in sent.entries] == [OutboxState.SENT]
        await office.stop()

    run(story)


def test_where_a_service_edits_one_message_an_incident_is_kept_up_to_date() -> None:
    async def story() -> None:
        office = open_office([FakeChannel("chat", edits=True)])
        office.decide(change(Change.FIRED))
        await office.pass_(1)
        office.decide(change(Change.ACKNOWLEDGED, number=2))
        await office.pass_(1)
        office.decide(change(Change.WORSENED, number=3))
        await office.pass_(1)
        office.decide(change(Change.RESOLVED, number=4))
        await office.pass_(1)

        assert [(message.changes[0].change, handle) for _, message, handle in office["chat"].sent] == [
            (Change.FIRED, None),
            (Change.ACKNOWLEDGED, "chat-1"),
            (Change.WORSENED, None),
            (Change.WORSENED, "chat-1"),  # the older one says that there is a newer
            (Change.RESOLVED, "chat-3"),
        ]
        assert office["chat"].sent[3][1].text.endswith("Told anew: see the newer message.")
        await office.stop()

    run(story)


def test_where_nothing_can_be_edited_only_what_is_loud_and_the_end_are_messages() -> None:
    async def story() -> None:
        office = open_office([FakeChannel("mail")])
        for number, what in enumerate(
            (Change.FIRED, Change.ACKNOWLEDGED, Change.EASED, Change.WORSENED, Change.RESOLVED), 1
        ):
            office.decide(change(what, number=number))
            await office.pass_(10)

        assert office["mail"].changes == [Change.FIRED, Change.WORSENED, Change.RESOLVED]
        await office.stop()

    run(story)


def test_a_channel_that_takes_a_key_is_told_every_change() -> None:
    async def story() -> None:
        office = open_office([FakeChannel("pager", keyed=True)])
        for number, what in enumerate((Change.FIRED, Change.ACKNOWLEDGED, Change.EASED, Change.RESOLVED), 1):
            office.decide(change(what, number=number))
            await office.pass_(10)

        assert office["pager"].changes == [Change.FIRED, Change.ACKNOWLEDGED, Change.EASED, Change.RESOLVED]
        await office.stop()

    run(story)


def test_two_hundred_alerts_against_429_criticals_come_first_and_the_fallback_in_time() -> None:
    async def story() -> None:
        async def busy(message: Message, handle: str | None) -> str | None:
            raise DeliveryFailed("chat", "too many messages", retry_after_seconds=30.0)

        routing = RoutingSettings(routes=(Route(name="all", channels=("chat",)),), fallback={"chat": "mail"})
        office = open_office([FakeChannel("chat", edits=True, behave=busy), FakeChannel("mail")], routing=routing)
        levels = [CRITICAL if number % 10 == 0 else WARNING for number in range(200)]
        chat_only = [change(about=alert(f"a{number}", level)) for number, level in enumerate(levels)]
        office.decide(*chat_only)
        await office.pass_(29.9)

        told = [(at, each.alert) for at, message, _ in office["mail"].sent for each in message.changes]
        assert {each.labels["account"] for _, each in told} == {f"a{number}" for number in range(200)}
        assert max(at for at, _ in told) < 30.0
        firsts = [each.severity for _, each in told]
        assert firsts[:20] == [CRITICAL] * 20
        assert len(office["mail"].sent) <= 11
        assert min(at for at, _ in told) >= 20.0
        assert office["chat"].attempts == 1  # it said how long it wants to be left alone
        await office.stop()

    run(story)


def test_a_channel_that_hangs_delays_no_other() -> None:
    async def story() -> None:
        async def hang(message: Message, handle: str | None) -> str | None:
            await asyncio.sleep(1e9)
            return None

        office = open_office([FakeChannel("slow", behave=hang), FakeChannel("mqtt", keyed=True, kind="mqtt")])
        for number in range(100):
            office.decide(change(about=alert(f"a{number}"), at=office.clock.now()))
            await office.pass_(0.5)

        assert len(office["mqtt"].sent) == 100
        assert max(seconds for name, seconds in office.latencies if name == "mqtt") < 0.001
        status = {each.name: each for each in office.delivery.statuses()}
        assert not status["slow"].up
        assert status["slow"].reason == "no answer within 10 s"
        assert status["mqtt"].up
        await office.stop()

    run(story)


def test_a_store_that_hangs_or_fails_keeps_no_message_from_going_out() -> None:
    async def story() -> None:
        keeper = DictKeeper()
        office = open_office([FakeChannel("mail")], keeper=keeper)
        keeper.why = "no space left on the device"
        office.decide(change(about=alert("full")))
        await office.pass_(1)
        keeper.why, keeper.takes_seconds = "", 3600.0
        office.decide(change(about=alert("stuck")))
        await office.pass_(5)
        office.decide(change(about=alert("still")))
        await office.pass_(0.1)

        assert [message.changes[0].alert.labels["account"] for _, message, _ in office["mail"].sent] == [
            "full",
            "stuck",
            "still",
        ]
        assert all("could not be written down" in message.text for _, message, _ in office["mail"].sent)
        await office.stop()

    run(story)


def test_our_own_limit_holds_for_warnings_and_lets_criticals_pass() -> None:
    async def story() -> None:
        settings = DeliverySettings(rates={"mail": Rate(per_minute=6.0, burst=1.0)})
        routing = RoutingSettings(grouping_seconds={WARNING: 0.0, CRITICAL: 0.0})
        office = open_office([FakeChannel("mail")], routing=routing, settings=settings)
        for number in range(3):
            office.decide(change(about=alert(f"w{number}", WARNING)))
            await office.pass_(0.1)
        office.decide(change(about=alert("c", CRITICAL)))
        await office.pass_(0.1)

        assert [message.changes[0].alert.labels["account"] for _, message, _ in office["mail"].sent] == ["w0", "c"]
        await office.pass_(30)
        assert len([each for _, message, _ in office["mail"].sent for each in message.changes]) == 4
        await office.stop()

    run(story)
