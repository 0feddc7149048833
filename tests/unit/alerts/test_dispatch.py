"""What becomes of a change on each channel: told, edited, put in the place of what waits, or not told at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import inf

import pytest

from monitor.alerts.dispatch import HUSHED, REPLACED, Dispatcher
from monitor.alerts.routing import Digest, EscalationStep, QuietHours, Route, RoutingSettings
from monitor.domain import alerts
from monitor.domain.alerts import Alert, AlertChange, AlertState, Change, Severity
from monitor.domain.keeping import Escalation, OutboxEntry, OutboxState
from monitor.domain.posting import LOUD, URGENT, Decisions, Standing, Traits

INFO, WARNING, CRITICAL = Severity.INFO, Severity.WARNING, Severity.CRITICAL
CHAT, MAIL = Traits(name="chat", edits=True), Traits(name="mail")
PAGER = Traits(name="pager", keyed=True)
MQTT = Traits(name="mqtt", keyed=True, machine=True)
NOW = 1_800_014_400.0  # noon in UTC
TOLD = Standing(told=True)
EDITABLE = Standing(told=True, editable=True)
STATES = {
    Change.ACKNOWLEDGED: AlertState.ACKNOWLEDGED,
    Change.SILENCED: AlertState.SILENCED,
    Change.INHIBITED: AlertState.INHIBITED,
}


def change(what: Change = Change.FIRED, level: str = CRITICAL, number: int = 1, **about: object) -> AlertChange:
    alert = Alert(rule="margin_ratio", severity=level, labels={"account": "main"}, summary="main", incident="i")
    alert = replace(alert, state=STATES.get(what, AlertState.FIRING))
    return AlertChange(
        change=what,
        alert=replace(alert, **about),  # type: ignore[arg-type]  # the fields of an alert, by name
        at=NOW,
        number=number,
    )


def minute(at: float) -> int:
    return int(at // 60) % 1440


def desk(*channels: Traits, **settings: object) -> Dispatcher:
    return Dispatcher(RoutingSettings(**settings), channels, minute)  # type: ignore[arg-type]  # by name


def told(
    dispatcher: Dispatcher, each: AlertChange, standing: Mapping[str, Standing] | None = None, now: float = NOW
) -> list[OutboxEntry]:
    return list(dispatcher.told(each, standing or {}, (), now).entries)


def waiting(traits: Traits, each: AlertChange | None = None, now: float = NOW, **more: object) -> OutboxEntry:
    """An entry that waits on a channel since a change."""
    (entry,) = told(desk(traits), each or change(), now=now)
    return replace(entry, **more)  # type: ignore[arg-type]  # by name


def test_it_makes_all_decisions_that_delivery_asks_for() -> None:
    decisions: Decisions = desk(CHAT)

    assert decisions.fallback_after_seconds == 20.0
    assert decisions.reachable() == ("chat",)
    assert decisions.test("chat", NOW).test
    assert decisions.superseded(change(), "chat", NOW).key == "i-1-older"
    assert "could not be written down" in decisions.unkept(waiting(CHAT)).message.text


def test_a_critical_alert_goes_to_all_at_once_and_is_of_use_as_long_as_it_fires() -> None:
    entries = told(desk(CHAT, MAIL, PAGER, MQTT), change())

    assert [entry.message.channel for entry in entries] == ["chat", "mail", "pager", "mqtt"]
    assert {entry.not_before for entry in entries} == {NOW}
    assert {entry.deadline for entry in entries} == {inf}
    assert all(entry.loudness >= URGENT for entry in entries)
    assert entries[0].id == "i-1@chat"


def test_a_warning_waits_a_little_for_others_but_not_where_a_service_takes_a_key() -> None:
    entries = told(desk(CHAT, PAGER), change(level=WARNING))

    assert [entry.not_before - NOW for entry in entries] == [3.0, 0.0]
    assert [entry.deadline - entry.not_before for entry in entries] == [6 * 3600.0] * 2
    assert all(LOUD <= entry.loudness < URGENT for entry in entries)


@pytest.mark.parametrize("what", sorted(Change))
@pytest.mark.parametrize(
    ("traits", "standing", "heard"),
    [
        (CHAT, Standing(), alerts.LOUD),
        (CHAT, TOLD, alerts.LOUD | {Change.RESOLVED}),
        (CHAT, EDITABLE, frozenset(Change)),
        (MAIL, TOLD, alerts.LOUD | {Change.RESOLVED}),
        (PAGER, Standing(), alerts.LOUD),
        (PAGER, TOLD, frozenset(Change)),
        (MQTT, Standing(), frozenset(Change)),
    ],
    ids=["new", "told, not editable", "editable", "mail", "new to a pager", "pager", "machine"],
)
def test_who_hears_what(what: Change, traits: Traits, standing: Standing, heard: frozenset[Change]) -> None:
    assert bool(told(desk(traits), change(what), {traits.name: standing})) is (what in heard)


@pytest.mark.parametrize("state", [AlertState.SILENCED, AlertState.INHIBITED])
@pytest.mark.parametrize("traits", [CHAT, MAIL, PAGER])
def test_what_fires_while_it_is_to_be_quiet_is_told_to_no_person(traits: Traits, state: AlertState) -> None:
    assert told(desk(traits), change(state=state)) == []


@pytest.mark.parametrize("what", [Change.UNSILENCED, Change.UNINHIBITED])
def test_what_somebody_took_care_of_while_it_was_quiet_calls_nobody_when_it_is_heard_of_again(what: Change) -> None:
    again = change(what, state=AlertState.ACKNOWLEDGED)

    assert told(desk(CHAT, MAIL, PAGER), again) == []
    (edit,) = told(desk(CHAT), again, {"chat": EDITABLE})
    assert edit.loudness < LOUD
    assert told(desk(MAIL), again, {"mail": TOLD}) == []
    assert len(told(desk(PAGER, MQTT), again, {"pager": TOLD})) == 2


def test_the_end_of_a_silenced_alert_is_no_message_but_an_edit() -> None:
    over = change(Change.RESOLVED, state=AlertState.SILENCED)

    assert told(desk(MAIL), over, {"mail": TOLD}) == []
    assert len(told(desk(CHAT), over, {"chat": EDITABLE})) == 1


def test_whoever_was_told_hears_the_end_though_the_route_no_longer_names_them() -> None:
    dispatcher = desk(MAIL, routes=(Route(name="r", levels=(CRITICAL,), channels=("mail",)),))

    assert told(dispatcher, change(Change.WORSENED, WARNING), {"mail": TOLD}) == []
    assert len(told(dispatcher, change(Change.RESOLVED, WARNING), {"mail": TOLD})) == 1


def test_an_edit_wakes_nobody_so_that_it_waits_for_nothing() -> None:
    quiet = QuietHours(starts_minute=0, ends_minute=1439)
    (entry,) = told(desk(CHAT, quiet_hours=quiet), change(Change.EASED, WARNING), {"chat": EDITABLE})

    assert entry.not_before == NOW
    assert entry.loudness < LOUD


def test_in_quiet_hours_a_warning_waits_for_their_end_and_a_critical_alert_does_not() -> None:
    dispatcher = desk(MAIL, PAGER, MQTT, quiet_hours=QuietHours(starts_minute=600, ends_minute=780))

    by_channel = {entry.message.channel: entry for entry in told(dispatcher, change(level=WARNING))}
    assert [by_channel[name].not_before - NOW for name in ("mail", "pager", "mqtt")] == [3600.0, 3600.0, 0.0]
    assert by_channel["mail"].deadline > by_channel["mail"].not_before
    assert {entry.not_before for entry in told(dispatcher, change())} == {NOW}


def test_a_newer_message_takes_the_place_of_the_one_that_waits() -> None:
    old = waiting(CHAT, now=NOW - 50.0)
    gone, entry = told(desk(CHAT), change(Change.WORSENED, number=2), {"chat": Standing(waiting=old)})

    assert (gone.id, gone.state, gone.reason) == ("i-1@chat", OutboxState.DROPPED, REPLACED)
    assert (entry.id, entry.created) == ("i-2@chat", NOW - 50.0)
    assert entry.loudness >= URGENT


def test_the_same_change_once_more_takes_its_own_place() -> None:
    (entry,) = told(desk(CHAT), change(), {"chat": Standing(waiting=waiting(CHAT))})

    assert entry.state is OutboxState.WAITING


@pytest.mark.parametrize("what", [Change.EASED, Change.UNACKNOWLEDGED])
@pytest.mark.parametrize("traits", [MAIL, PAGER, CHAT])
def test_to_whoever_was_never_told_it_is_news_that_it_fires_though_it_eased(what: Change, traits: Traits) -> None:
    standing = {traits.name: Standing(waiting=waiting(traits))}
    _, entry = told(desk(traits), change(what, WARNING, number=2), standing)

    assert LOUD <= entry.loudness < URGENT
    assert entry.message.changes[0].change is Change.FIRED
    assert entry.message.title == "WARNING: main"


def test_to_whoever_was_told_an_escalation_that_is_taken_back_before_it_was_sent_is_quiet() -> None:
    standing = {"chat": replace(EDITABLE, waiting=waiting(CHAT, change(Change.ESCALATED, number=2)))}
    _, entry = told(desk(CHAT), change(Change.EASED, WARNING, number=3), standing)

    assert entry.loudness < LOUD
    assert entry.message.changes[0].change is Change.EASED


def test_what_was_never_told_and_is_over_is_told_quietly() -> None:
    _, entry = told(desk(MAIL), change(Change.RESOLVED, number=2), {"mail": Standing(waiting=waiting(MAIL))})

    assert entry.loudness < LOUD
    assert entry.deadline == entry.not_before + 86_400.0


@pytest.mark.parametrize("traits", [CHAT, MAIL, PAGER])
@pytest.mark.parametrize("what", [Change.SILENCED, Change.INHIBITED])
def test_what_waits_and_is_silenced_is_not_sent(traits: Traits, what: Change) -> None:
    (gone,) = told(desk(traits), change(what, number=2), {traits.name: Standing(waiting=waiting(traits))})

    assert (gone.state, gone.reason) == (OutboxState.DROPPED, HUSHED)


def test_an_edit_that_waits_is_replaced_though_it_is_silenced() -> None:
    standing = replace(EDITABLE, waiting=waiting(CHAT))
    gone, entry = told(desk(CHAT), change(Change.SILENCED, number=2), {"chat": standing})

    assert gone.reason == REPLACED
    assert entry.loudness < LOUD


# In the place of a channel that fails


def test_another_channel_is_told_in_the_place_of_one_that_fails() -> None:
    dispatcher = desk(CHAT, MAIL, fallback={"chat": "mail"})
    entry = waiting(CHAT)
    other = dispatcher.stand_in(entry, (), {}, NOW + 20.0)

    assert other is not None
    assert (other.id, other.stands_for) == ("i-1@mail", "i-1@chat")
    assert other.message.channel == "mail"
    assert "in place" not in other.message.title
    assert "chat did not take it" in other.message.text
    assert (other.loudness, other.not_before) == (entry.loudness, NOW + 20.0)


@pytest.mark.parametrize(
    "standing",
    [Standing(waiting=waiting(MAIL)), Standing(told=True, last="i-1")],
    ids=["it waits there anyway", "it was told there already"],
)
def test_nobody_is_told_twice_because_another_channel_fails(standing: Standing) -> None:
    dispatcher = desk(CHAT, MAIL, fallback={"chat": "mail"})

    assert dispatcher.stand_in(waiting(CHAT), (), {"mail": standing}, NOW) is None


def test_without_a_fallback_nobody_stands_in() -> None:
    assert desk(CHAT, MAIL).stand_in(waiting(CHAT), (), {}, NOW) is None


def test_a_stand_in_that_waits_is_replaced_and_stands_for_the_newer_message_then() -> None:
    routes = (Route(name="r", channels=("chat",)),)
    dispatcher = desk(CHAT, MAIL, routes=routes, fallback={"chat": "mail"})
    first = waiting(CHAT)
    other = dispatcher.stand_in(first, (), {}, NOW)
    standing = {"chat": Standing(waiting=first), "mail": Standing(waiting=other)}
    entries = told(dispatcher, change(Change.WORSENED, number=2), standing)

    assert [(entry.id, entry.state, entry.stands_for) for entry in entries] == [
        ("i-1@chat", OutboxState.DROPPED, ""),
        ("i-2@chat", OutboxState.WAITING, ""),
        ("i-1@mail", OutboxState.DROPPED, "i-1@chat"),
        ("i-2@mail", OutboxState.WAITING, "i-2@chat"),
    ]


# Digests


def test_a_digest_gathers_beside_what_the_loud_channels_are_told() -> None:
    dispatcher = desk(
        CHAT, MAIL, routes=(Route(name="r", channels=("chat",)),), digests=(Digest(channel="mail", levels=(WARNING,)),)
    )
    entries = told(dispatcher, change(level=WARNING))

    assert [(entry.message.channel, entry.digest) for entry in entries] == [("chat", False), ("mail", True)]
    assert entries[1].not_before == NOW + 3600.0
    assert entries[1].loudness < LOUD
    assert entries[1].id == "i-1-digest@mail"


def test_a_digest_holds_the_newest_of_an_incident_at_the_time_of_the_first() -> None:
    dispatcher = desk(MAIL, digests=(Digest(channel="mail", levels=(INFO,)),))
    (first,) = told(dispatcher, change(level=INFO))
    gone, second = told(
        dispatcher, change(Change.RESOLVED, INFO, number=2), {"mail": Standing(digest=first)}, NOW + 3599.0
    )

    assert (gone.id, gone.state) == (first.id, OutboxState.DROPPED)
    assert (second.not_before, second.created) == (first.not_before, first.created)


def test_what_the_digest_does_not_speak_of_is_not_in_it() -> None:
    dispatcher = desk(MAIL, digests=(Digest(channel="mail", levels=(INFO,)), Digest(channel="gone", levels=(INFO,))))

    assert told(dispatcher, change(Change.ACKNOWLEDGED, INFO)) == []
    assert told(dispatcher, change(level=INFO, state=AlertState.SILENCED)) == []
    assert [entry.digest for entry in told(dispatcher, change())] == [False]


# Escalations

STEPS = (EscalationStep(after_seconds=600.0, channels=("mail", "not there")),)
NIGHT = (Route(name="night", channels=("chat",), escalate=STEPS),)
PROMISE = Escalation(incident="i", route="night", step=0, due=NOW + 600.0)


def test_a_change_makes_the_promises_of_its_route() -> None:
    plan = desk(CHAT, MAIL, routes=NIGHT).told(change(), {}, (), NOW)

    assert plan.escalations == (PROMISE,)


def test_when_a_promise_is_due_the_next_ones_get_the_newest_state() -> None:
    plan = desk(CHAT, MAIL, routes=NIGHT).escalated(PROMISE, change(Change.WORSENED, number=4), {}, NOW + 600.0)

    assert plan.escalations == (replace(PROMISE, done=True),)
    (entry,) = plan.entries
    assert entry.message.title == "Not acknowledged for 10 min: CRITICAL, worse: main"
    assert entry.id == "i-4-night-0@mail"
    assert entry.loudness >= URGENT


def test_who_comes_next_is_called_though_the_last_change_was_none_that_calls() -> None:
    plan = desk(CHAT, MAIL, routes=NIGHT).escalated(PROMISE, change(Change.EASED), {}, NOW)

    assert [each.change for each in plan.entries[0].message.changes] == [Change.REPEATED]


def test_whoever_is_about_to_be_told_anyway_is_not_told_twice() -> None:
    standing = {"mail": Standing(waiting=waiting(MAIL))}

    assert desk(CHAT, MAIL, routes=NIGHT).escalated(PROMISE, change(), standing, NOW).entries == ()


@pytest.mark.parametrize("newest", [None, change(Change.ACKNOWLEDGED)])
def test_a_promise_that_is_no_longer_needed_is_done(newest: AlertChange | None) -> None:
    plan = desk(CHAT, MAIL, routes=NIGHT).escalated(PROMISE, newest, {}, NOW)

    assert plan.entries == ()
    assert plan.escalations == (replace(PROMISE, done=True),)


# Groups


def test_several_entries_become_one_message() -> None:
    one, other = waiting(CHAT), waiting(CHAT, change(incident="j", summary="other"))
    together = desk(CHAT).gathered([one, other], NOW)

    assert together.title == "2 alerts (2 critical): main"
    assert desk(CHAT).gathered([one], NOW) is one.message


def test_a_digest_of_one_is_a_digest() -> None:
    (entry,) = told(desk(MAIL, digests=(Digest(channel="mail", levels=(INFO,)),)), change(level=INFO))

    assert desk(MAIL).gathered([entry], NOW).title.startswith("Digest")
