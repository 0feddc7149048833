"""Escalations, quiet hours, groups and digests, in virtual time."""

from __future__ import annotations

from monitor.alerts.routing import Digest, EscalationStep, QuietHours, Route, RoutingSettings
from monitor.domain.alerts import Change
from tests.unit.outputs.delivery.post import CRITICAL, INFO, WARNING, FakeChannel, alert, change, open_office, run

CHAIN = RoutingSettings(
    routes=(
        Route(
            name="night",
            channels=("first",),
            escalate=(
                EscalationStep(after_seconds=300.0, channels=("second",)),
                EscalationStep(after_seconds=900.0, channels=("boss", "second")),
            ),
        ),
    )
)


def people() -> list[FakeChannel]:
    return [FakeChannel("first", edits=True), FakeChannel("second"), FakeChannel("boss")]


def test_if_nobody_acknowledges_the_next_ones_are_told_one_after_the_other() -> None:
    async def story() -> None:
        office = open_office(people(), routing=CHAIN)
        office.decide(change())
        await office.pass_(2000)

        assert [at for at, _, _ in office["second"].sent] == [300.0, 900.0]
        assert [at for at, _, _ in office["boss"].sent] == [900.0]
        assert office["second"].titles[0] == "Not acknowledged for 5 min: CRITICAL: main cross: margin ratio 85 %"
        assert all(one.done for one in office.keeper.escalations.values())
        await office.stop()

    run(story)


def test_an_acknowledgement_ends_the_chain_and_what_grows_worse_begins_it_anew() -> None:
    async def story() -> None:
        office = open_office(people(), routing=CHAIN)
        office.decide(change())
        await office.pass_(100)
        office.decide(change(Change.ACKNOWLEDGED, number=2))
        await office.pass_(1000)
        assert office["second"].sent == []
        office.decide(change(Change.WORSENED, number=3))
        await office.pass_(301)

        assert [at for at, _, _ in office["second"].sent] == [1400.0]
        await office.stop()

    run(story)


def test_those_who_came_later_hear_of_the_end_too() -> None:
    async def story() -> None:
        office = open_office(people(), routing=CHAIN)
        office.decide(change())
        await office.pass_(400)
        office.decide(change(Change.RESOLVED, number=2))
        await office.pass_(2000)

        assert office["second"].changes == [Change.FIRED, Change.RESOLVED]
        assert office["boss"].sent == []
        await office.stop()

    run(story)


def test_a_restart_in_the_middle_of_a_chain_goes_on_with_it() -> None:
    async def story() -> None:
        office = open_office(people(), routing=CHAIN)
        office.decide(change())
        await office.pass_(100)
        await office.stop()

        # The clock of the second office begins at noon again, as the promise counts from there.
        again = open_office(people(), routing=CHAIN, keeper=office.keeper)
        await again.pass_(1000)
        assert again["first"].sent == []
        assert len(again["second"].sent) == 2
        await again.stop()

    run(story)


def test_in_quiet_hours_warnings_wait_for_the_morning_with_their_newest_state() -> None:
    async def story() -> None:
        night = QuietHours(starts_minute=660, ends_minute=780)  # noon is within
        office = open_office([FakeChannel("chat")], routing=RoutingSettings(quiet_hours=night))
        office.decide(change(about=alert("w", WARNING)), change(about=alert("v", WARNING)), change(about=alert("c")))
        await office.pass_(100)
        office.decide(change(Change.RESOLVED, about=alert("v", WARNING), number=2))
        await office.pass_(3400)
        assert [message.changes[0].alert.labels["account"] for _, message, _ in office["chat"].sent] == ["c"]
        await office.pass_(200)

        at, message, _ = office["chat"].sent[1]
        assert at == 3600.0
        assert [each.change for each in message.changes] == [Change.FIRED, Change.RESOLVED]
        assert len(office["chat"].sent) == 2
        await office.stop()

    run(story)


def test_what_grows_critical_in_quiet_hours_is_told_at_once() -> None:
    async def story() -> None:
        night = QuietHours(starts_minute=660, ends_minute=780)
        office = open_office([FakeChannel("chat")], routing=RoutingSettings(quiet_hours=night))
        office.decide(change(about=alert(level=WARNING)))
        await office.pass_(100)
        office.decide(change(Change.ESCALATED, number=2))
        await office.pass_(1)

        assert office["chat"].changes == [Change.ESCALATED]
        await office.pass_(4000)
        assert len(office["chat"].sent) == 1
        await office.stop()

    run(story)


def test_two_hundred_warnings_at_once_become_few_messages_and_criticals_wait_for_none_of_them() -> None:
    async def story() -> None:
        office = open_office([FakeChannel("chat", edits=True)])
        for number in range(200):
            office.decide(change(about=alert(f"a{number}", CRITICAL if number % 100 == 50 else WARNING)))
        await office.pass_(30)

        assert [len(message.changes) for _, message, _ in office["chat"].sent] == [1, 1] + [20] * 9 + [18]
        assert [at for at, _, _ in office["chat"].sent][:2] == [0.0, 0.0]
        assert max(at for at, _, _ in office["chat"].sent) <= 4.0
        await office.stop()

    run(story)


def test_of_what_was_told_in_a_group_the_end_is_a_message() -> None:
    async def story() -> None:
        office = open_office([FakeChannel("chat", edits=True)])
        office.decide(*(change(about=alert(name, WARNING)) for name in ("a", "b")))
        await office.pass_(10)
        office.decide(change(Change.ACKNOWLEDGED, about=alert("a", WARNING), number=2))
        await office.pass_(10)
        office.decide(change(Change.RESOLVED, about=alert("a", WARNING), number=3))
        await office.pass_(10)

        assert office["chat"].changes == [Change.FIRED, Change.FIRED, Change.RESOLVED]
        await office.stop()

    run(story)


def test_a_digest_is_one_message_beside_the_loud_channel() -> None:
    async def story() -> None:
        routing = RoutingSettings(
            routes=(Route(name="r", levels=(CRITICAL,), channels=("chat",)),),
            digests=(Digest(channel="mail", levels=(INFO, WARNING), every_seconds=3600.0),),
        )
        office = open_office([FakeChannel("chat"), FakeChannel("mail")], routing=routing)
        for number in range(30):
            office.decide(change(about=alert(f"a{number}", WARNING)))
            await office.pass_(60)
        office.decide(change(Change.RESOLVED, about=alert("a3", WARNING), number=2))
        await office.pass_(3600)

        assert office["chat"].sent == []
        ((at, message, _),) = office["mail"].sent
        assert at == 3600.0
        assert message.title == "Digest of 30 alerts (29 warning, 1 resolved)"
        await office.pass_(7200)
        assert len(office["mail"].sent) == 1
        await office.stop()

    run(story)
