"""What becomes of messages when a channel fails, refuses, hangs, or asks for patience."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from structlog.testing import capture_logs

from monitor.alerts.routing import Route, RoutingSettings
from monitor.domain.alerts import Change
from monitor.domain.delivery import DeliveryFailed, Message
from monitor.domain.keeping import OutboxState
from monitor.outputs.delivery.settings import DeliverySettings
from tests.unit.outputs.delivery.post import (
    CRITICAL,
    FAST,
    WARNING,
    FakeChannel,
    Send,
    alert,
    change,
    open_office,
    run,
)

TO_CHAT = RoutingSettings(
    routes=(Route(name="r", channels=("chat",)),),
    fallback={"chat": "mail", "mail": "sms"},
    grouping_seconds={WARNING: 0.0, CRITICAL: 0.0},
)
ALONE = RoutingSettings(grouping_seconds={WARNING: 0.0, CRITICAL: 0.0})


def failing(*failures: DeliveryFailed | None, for_ever: DeliveryFailed | None = None) -> Send:
    """Fail so one after the other (None: succeed), then for ever so."""
    left = list(failures)

    async def behave(message: Message, handle: str | None) -> str | None:
        failure = left.pop(0) if left else for_ever
        if failure is not None:
            raise failure
        return None

    return behave


def no(why: str = "it answered 502", **more: float | bool) -> DeliveryFailed:
    return DeliveryFailed("chat", why, **more)  # type: ignore[arg-type]  # by name


def accounts(channel: FakeChannel) -> list[str]:
    return [each.alert.labels["account"] for _, message, _ in channel.sent for each in message.changes]


def times(channel: FakeChannel) -> Sequence[float]:
    return [at for at, _, _ in channel.sent]


def test_a_failure_is_tried_again_after_longer_and_longer_rests() -> None:
    async def story() -> None:
        office = open_office([FakeChannel("chat", behave=failing(no(), no(), no()))])
        office.decide(change())
        await office.pass_(30)

        assert times(office["chat"]) == [1.0 + 2.0 + 4.0]
        (status,) = office.delivery.statuses()
        assert (status.up, status.failed_total, status.delivered_total, status.waiting) == (True, 3, 1, 0)
        await office.stop()

    run(story)


def test_the_rest_has_a_cap() -> None:
    async def story() -> None:
        settings = DeliverySettings(first_seconds=1.0, cap_seconds=4.0, rate=FAST)
        office = open_office([FakeChannel("chat", behave=failing(for_ever=no()))], settings=settings)
        office.decide(change())
        await office.pass_(1000)

        assert 245 <= office["chat"].attempts <= 255
        await office.stop()

    run(story)


def test_a_service_that_asks_for_patience_is_left_alone_so_long() -> None:
    async def story() -> None:
        office = open_office([FakeChannel("chat", behave=failing(no("too many", retry_after_seconds=500.0)))])
        office.decide(change())
        await office.pass_(1)
        office.decide(change(about=alert("more")))
        await office.pass_(498.9)
        assert office["chat"].attempts == 1
        await office.pass_(1)

        assert accounts(office["chat"]) == ["main", "more"] or accounts(office["chat"]) == ["more", "main"]
        await office.stop()

    run(story)


def test_one_message_that_can_never_be_sent_holds_up_no_other() -> None:
    async def story() -> None:
        async def behave(message: Message, handle: str | None) -> str | None:
            if message.changes[0].alert.labels["account"] == "poison":
                raise no()
            return None

        office = open_office([FakeChannel("chat", behave=behave)], routing=ALONE)
        office.decide(change(about=alert("poison")))
        await office.pass_(60)
        for number in range(10):
            office.decide(change(about=alert(f"w{number}", WARNING)))
            await office.pass_(130)

        assert accounts(office["chat"]) == [f"w{number}" for number in range(10)]
        assert [each.waiting for each in office.delivery.statuses()] == [1]
        await office.stop()

    run(story)


@pytest.mark.parametrize(("keyed", "repeated"), [(False, True), (True, False)])
def test_after_an_attempt_without_an_answer_the_next_may_be_a_repetition(keyed: bool, repeated: bool) -> None:
    async def story() -> None:
        office = open_office([FakeChannel("chat", keyed=keyed, behave=failing(no("dropped", uncertain=True)))])
        office.decide(change())
        await office.pass_(5)

        assert [message.repeated for _, message, _ in office["chat"].sent] == [repeated]
        await office.stop()

    run(story)


def test_after_a_refusal_the_next_attempt_is_no_repetition() -> None:
    async def story() -> None:
        office = open_office([FakeChannel("chat", behave=failing(no()))])
        office.decide(change())
        await office.pass_(5)

        assert [message.repeated for _, message, _ in office["chat"].sent] == [False]
        states = [entry.state for commit in office.keeper.commits for entry in commit.entries]
        assert states == [
            OutboxState.WAITING,
            OutboxState.SENDING,
            OutboxState.WAITING,  # that nothing arrived is written down
            OutboxState.SENDING,
            OutboxState.SENT,
        ]
        await office.stop()

    run(story)


def test_what_fails_for_twenty_seconds_goes_another_way_and_only_that_way() -> None:
    async def story() -> None:
        settings = DeliverySettings(first_seconds=5.0, rate=FAST)
        chat = FakeChannel("chat", behave=failing(*[no()] * 5))
        office = open_office([chat, FakeChannel("mail"), FakeChannel("sms")], routing=TO_CHAT, settings=settings)
        office.decide(change())
        await office.pass_(1000)

        assert times(office["mail"]) == [20.0]
        assert office["mail"].sent[0][1].text.endswith("Sent here because chat did not take it.")
        assert office["chat"].sent == []
        assert office["sms"].sent == []
        (entry,) = [entry for key, entry in office.keeper.entries.items() if key.endswith("@chat")]
        assert (entry.state, entry.reason) == (OutboxState.DROPPED, "told by another channel")
        await office.stop()

    run(story)


def test_what_hangs_while_another_channel_is_told_is_not_tried_again() -> None:
    async def story() -> None:
        async def hang(message: Message, handle: str | None) -> str | None:
            await asyncio.sleep(1e6)
            return None

        office = open_office([FakeChannel("chat", behave=hang), FakeChannel("mail")], routing=TO_CHAT)
        office.decide(change())
        await office.pass_(60)

        assert times(office["mail"]) == [20.0]
        assert office["chat"].attempts == 2  # the second was under way when the other channel told it
        assert sorted(office.keeper.states().values()) == ["dropped", "sent"]
        assert office.delivery.is_idle()
        await office.stop()

    run(story)


def test_the_fallback_of_a_fallback_is_told_when_that_fails_too() -> None:
    async def story() -> None:
        channels = [
            FakeChannel("chat", behave=failing(for_ever=no())),
            FakeChannel("mail", behave=failing(for_ever=no())),
            FakeChannel("sms"),
        ]
        office = open_office(channels, routing=TO_CHAT)
        office.decide(change())
        await office.pass_(60)

        assert times(office["sms"]) == [40.0]
        assert [each.waiting for each in office.delivery.statuses()] == [0, 0, 0]
        await office.stop()

    run(story)


def test_a_channel_that_has_failed_for_long_is_gone_round_at_once() -> None:
    async def story() -> None:
        chat = FakeChannel("chat", behave=failing(for_ever=no()))
        office = open_office([chat, FakeChannel("mail")], routing=TO_CHAT)
        office.decide(change(about=alert("first")))
        await office.pass_(100)
        office.decide(change(about=alert("second")))
        await office.pass_(0.1)

        assert accounts(office["mail"]) == ["first", "second"]
        await office.stop()

    run(story)


def test_if_the_channel_comes_back_first_nobody_stands_in() -> None:
    async def story() -> None:
        mail = FakeChannel("mail", behave=failing(*[no()] * 4))
        chat = FakeChannel("chat", behave=failing(*[no()] * 5))
        office = open_office([chat, mail], routing=TO_CHAT)
        office.decide(change())
        await office.pass_(300)

        assert len(office["chat"].sent) + len(office["mail"].sent) == 1
        await office.stop()

    run(story)


def test_a_refused_message_goes_another_way_at_once() -> None:
    async def story() -> None:
        chat = FakeChannel("chat", behave=failing(for_ever=no("refused", final=True)))
        office = open_office([chat, FakeChannel("mail")], routing=TO_CHAT)
        office.decide(change(about=alert(level=WARNING)))
        await office.pass_(1)

        assert accounts(office["mail"]) == ["main"]
        assert office["chat"].attempts == 1
        assert office.delivery.statuses()[0].dropped_total == 1
        (line,) = [line for commit in office.keeper.commits for line in commit.audit]
        assert (line.what, line.who, line.text.rpartition(": ")[2]) == ("dropped", "chat", "refused")
        await office.stop()

    run(story)


def test_a_refused_warning_without_another_way_is_dropped_and_said_to_be() -> None:
    async def story() -> None:
        office = open_office([FakeChannel("chat", behave=failing(for_ever=no("refused", final=True)))])
        with capture_logs() as logs:
            office.decide(change(about=alert(level=WARNING)))
            await office.pass_(1000)

        assert office["chat"].attempts == 1
        assert [each["reason"] for each in logs if each["event"] == "message dropped"] == ["refused: refused"]
        await office.stop()

    run(story)


def test_a_refused_critical_alert_without_another_way_is_tried_again() -> None:
    async def story() -> None:
        office = open_office([FakeChannel("chat", behave=failing(no("refused", final=True)))])
        office.decide(change())
        await office.pass_(299)
        assert office["chat"].sent == []
        await office.pass_(2)

        assert accounts(office["chat"]) == ["main"]
        await office.stop()

    run(story)


def test_of_a_refused_group_each_is_sent_by_itself() -> None:
    async def story() -> None:
        async def behave(message: Message, handle: str | None) -> str | None:
            if any(each.alert.labels["account"] == "w1" for each in message.changes):
                raise no("refused", final=True)
            return None

        office = open_office([FakeChannel("chat", behave=behave)])
        office.decide(*(change(about=alert(f"w{number}", WARNING)) for number in range(3)))
        await office.pass_(60)

        assert sorted(accounts(office["chat"])) == ["w0", "w2"]
        assert office.delivery.statuses()[0].dropped_total == 1
        await office.stop()

    run(story)


def test_a_warning_that_is_overdue_is_dropped_and_said_to_be_and_a_critical_alert_is_not() -> None:
    async def story() -> None:
        routing = RoutingSettings(overdue_seconds={WARNING: 600.0})
        office = open_office([FakeChannel("chat", behave=failing(for_ever=no()))], routing=routing)
        with capture_logs() as logs:
            office.decide(change(about=alert("w", WARNING)), change(about=alert("c")))
            await office.pass_(700)

        dropped = [each for each in logs if each["event"] == "message dropped"]
        assert [each["reason"] for each in dropped] == ["overdue: of no use any more"]
        assert "w cross" in dropped[0]["title"]
        assert office.delivery.statuses()[0].waiting == 1
        assert sorted(str(state) for state in office.keeper.states().values()) in (
            ["dropped", "sending"],
            ["dropped", "waiting"],
        )
        await office.stop()

    run(story)


def test_a_message_that_waits_is_replaced_by_the_newest_state_of_its_incident() -> None:
    async def story() -> None:
        office = open_office([FakeChannel("chat", behave=failing(no(retry_after_seconds=60.0)))])
        office.decide(change())
        await office.pass_(1)
        office.decide(change(Change.WORSENED, number=2))
        await office.pass_(1)
        office.decide(change(Change.RESOLVED, number=3))
        await office.pass_(100)

        assert office["chat"].changes == [Change.RESOLVED]
        assert sorted(office.keeper.states().values()) == ["dropped", "dropped", "sent"]
        await office.stop()

    run(story)


def test_what_came_while_an_attempt_was_under_way_takes_its_place_when_it_fails() -> None:
    async def story() -> None:
        async def slow(message: Message, handle: str | None) -> str | None:
            await asyncio.sleep(5)
            if message.changes[0].change is Change.FIRED:
                raise no()
            return None

        office = open_office([FakeChannel("chat", behave=slow)])
        office.decide(change())
        await office.pass_(1)
        office.decide(change(Change.WORSENED, number=2))
        await office.pass_(60)

        assert office["chat"].changes == [Change.WORSENED]
        assert sorted(office.keeper.states().values()) == ["dropped", "sent"]
        await office.stop()

    run(story)


@pytest.mark.parametrize(("what", "told"), [(Change.RESOLVED, [Change.RESOLVED]), (Change.ACKNOWLEDGED, [])])
def test_where_the_message_to_be_edited_was_deleted_only_the_end_is_told_anew(what: Change, told: list[Change]) -> None:
    async def story() -> None:
        async def behave(message: Message, handle: str | None) -> str | None:
            if handle is not None:
                raise no("message is gone", handle_lost=True)
            return "m1"

        office = open_office([FakeChannel("chat", edits=True, behave=behave)])
        office.decide(change())
        await office.pass_(1)
        office.decide(change(what, number=2))
        await office.pass_(10)

        assert office["chat"].changes == [Change.FIRED, *told]
        assert office.delivery.statuses()[0].waiting == 0
        await office.stop()

    run(story)


def test_an_older_message_that_cannot_be_edited_is_no_failure() -> None:
    async def story() -> None:
        async def behave(message: Message, handle: str | None) -> str | None:
            if handle is not None:
                raise no()
            return message.key

        office = open_office([FakeChannel("chat", edits=True, behave=behave)])
        office.decide(change())
        await office.pass_(1)
        office.decide(change(Change.WORSENED, number=2))
        await office.pass_(10)

        assert office["chat"].changes == [Change.FIRED, Change.WORSENED]
        (status,) = office.delivery.statuses()
        assert status.up
        assert status.failed_total == 0
        await office.stop()

    run(story)


def test_a_bug_in_a_channel_stays_in_it_and_its_words_are_in_no_log() -> None:
    async def story() -> None:
        async def broken(message: Message, handle: str | None) -> str | None:
            raise ValueError("https://example.org/bot123:secret")

        office = open_office([FakeChannel("chat", behave=broken), FakeChannel("mail")])
        with capture_logs() as logs:
            office.decide(change())
            await office.pass_(5)

        assert accounts(office["mail"]) == ["main"]
        assert "secret" not in repr(logs)
        assert "secret" not in repr(office.delivery.statuses())
        (bug,) = {each["where"] for each in logs if each["event"] == "channel failed by a bug"}
        assert "test_failing.py" in bug
        await office.stop()

    run(story)


def test_an_attempt_that_does_not_even_end_when_told_to_is_left_behind() -> None:
    async def story() -> None:
        async def stubborn(message: Message, handle: str | None) -> str | None:
            for _ in range(3):
                try:
                    await asyncio.sleep(100)
                except asyncio.CancelledError:
                    continue
            return None

        office = open_office([FakeChannel("chat", behave=stubborn)])
        office.decide(change())
        await office.pass_(11.5)

        assert office["chat"].attempts == 2
        await office.stop()
        await office.pass_(400)

    run(story)


def test_a_channel_that_cancels_itself_has_failed() -> None:
    async def story() -> None:
        async def odd(message: Message, handle: str | None) -> str | None:
            raise asyncio.CancelledError

        office = open_office([FakeChannel("chat", behave=odd)])
        office.decide(change())
        await office.pass_(0.5)

        assert office.delivery.statuses()[0].reason == "the attempt was broken off"
        await office.stop()

    run(story)


def test_of_too_many_messages_the_quietest_and_oldest_are_dropped_and_none_that_is_urgent() -> None:
    async def story() -> None:
        settings = DeliverySettings(queue_limit=5, rate=FAST)
        office = open_office([FakeChannel("chat", behave=failing(for_ever=no()))], settings=settings)
        office.decide(*(change(about=alert(f"c{number}")) for number in range(4)))
        office.decide(*(change(about=alert(f"w{number}", WARNING)) for number in range(4)))
        await office.pass_(2)

        dropped = [entry for entry in office.keeper.entries.values() if entry.state is OutboxState.DROPPED]
        assert {entry.reason for entry in dropped} == {"too many messages wait"}
        assert {entry.message.changes[0].alert.severity for entry in dropped} == {WARNING}
        assert 3 <= len(dropped) <= 4
        await office.stop()

    run(story)


def test_criticals_that_have_to_wait_anyway_are_gathered() -> None:
    async def story() -> None:
        office = open_office([FakeChannel("chat", behave=failing(no(retry_after_seconds=10.0)))])
        office.decide(*(change(about=alert(f"c{number:02}")) for number in range(30)))
        await office.pass_(30)

        assert [len(message.changes) for _, message, _ in office["chat"].sent] == [20, 10]
        assert len(set(accounts(office["chat"]))) == 30
        await office.stop()

    run(story)


def test_up_to_three_criticals_are_messages_of_their_own() -> None:
    async def story() -> None:
        office = open_office([FakeChannel("chat")])
        office.decide(*(change(about=alert(f"c{number}")) for number in range(3)))
        await office.pass_(1)

        assert [len(message.changes) for _, message, _ in office["chat"].sent] == [1, 1, 1]
        await office.stop()

    run(story)
