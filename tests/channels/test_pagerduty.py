"""PagerDuty: who is paged how often."""

from __future__ import annotations

import pytest

from monitor.domain.alerts import AlertChange, Change, Severity
from monitor.domain.delivery import DeliveryFailed
from monitor.outputs.channels.pagerduty import PagerDutyChannel, PagerDutySettings
from tests.channels.fakes import Fault, PagerDuty
from tests.channels.samples import StillClock, alert, change, message, using

THREAD = alert().incident


def _channel(fake: PagerDuty) -> PagerDutyChannel:
    settings = PagerDutySettings(name="duty", routing_key="r" * 32, url=f"{fake.url}/v2/enqueue")
    return PagerDutyChannel(settings, StillClock())


def _worse(number: int, what: Change = Change.ESCALATED) -> AlertChange:
    return change(what, alert(Severity.CRITICAL), number, previous=Severity.WARNING)


async def test_the_first_page_has_the_key_of_the_incident() -> None:
    fake = PagerDuty()
    async with fake.running(), using(channel := _channel(fake)):
        await channel.send(message(), None)
    (asked,) = fake.asked
    assert (asked.body["event_action"], asked.body["dedup_key"]) == ("trigger", THREAD)
    assert asked.body["routing_key"] == "r" * 32


@pytest.mark.parametrize("restarted", [False, True], ids=["in one run", "restarted before each"])
async def test_a_life_pages_once_and_again_when_it_gets_worse(restarted: bool) -> None:
    fake = PagerDuty()
    life = [
        (change(), {THREAD: "triggered"}),
        (change(Change.ACKNOWLEDGED, number=2), {THREAD: "acknowledged"}),
        (_worse(3), {f"{THREAD}-3": "triggered"}),
        (change(Change.ACKNOWLEDGED, number=4), {f"{THREAD}-3": "acknowledged"}),
        (change(Change.EASED, number=5), {f"{THREAD}-3": "acknowledged"}),
        (_worse(6), {f"{THREAD}-6": "triggered"}),
        (change(Change.SILENCED, number=7), {}),
        (change(Change.UNSILENCED, number=8), {f"{THREAD}-8": "triggered"}),
        (change(Change.RESOLVED, number=9), {}),
    ]
    async with fake.running():
        channel = _channel(fake)
        for told, stands in life:
            if restarted:
                await channel.close()
                channel = _channel(fake)
            await channel.send(message(told), None)
            assert fake.incidents == stands, told.change
        await channel.close()
    assert fake.pages == [THREAD, f"{THREAD}-3", f"{THREAD}-6", f"{THREAD}-8"]


async def test_a_retry_pages_nobody_again() -> None:
    fake = PagerDuty()
    async with fake.running(), using(channel := _channel(fake)):
        await channel.send(message(), None)
        for _ in range(3):
            await channel.send(message(_worse(2)), None)
    assert fake.pages == [THREAD, f"{THREAD}-2"]


async def test_what_was_cut_short_between_two_events_is_whole_after_the_retry() -> None:
    fake = PagerDuty()
    async with fake.running(), using(channel := _channel(fake)):
        await channel.send(message(), None)
        taken: list[int] = []

        def second_fails() -> Fault:
            taken.append(1)
            return Fault.TROUBLE if len(taken) == 2 else Fault.NONE

        fake._next_fault = second_fails  # type: ignore[method-assign]  # the second of its two events
        with pytest.raises(DeliveryFailed):
            await channel.send(message(_worse(2)), None)
        assert set(fake.incidents) == {THREAD, f"{THREAD}-2"}  # never without an incident
        await channel.send(message(_worse(2)), None)
    assert fake.incidents == {f"{THREAD}-2": "triggered"}
    assert fake.pages == [THREAD, f"{THREAD}-2"]


async def test_a_reminder_pages_only_who_closed_it_by_hand() -> None:
    fake = PagerDuty()
    async with fake.running(), using(channel := _channel(fake)):
        await channel.send(message(), None)
        await channel.send(message(change(Change.REPEATED, number=2)), None)
        assert fake.pages == [THREAD]
        fake.incidents.clear()
        await channel.send(message(change(Change.REPEATED, number=3)), None)
    assert fake.pages == [THREAD, THREAD]


async def test_several_alerts_are_several_incidents() -> None:
    fake = PagerDuty()
    one, other = change(one=alert(Severity.CRITICAL)), change(one=alert(account="hedge"))
    async with fake.running(), using(channel := _channel(fake)):
        await channel.send(message(one, other), None)
    assert set(fake.incidents) == {one.alert.incident, other.alert.incident}
    assert [asked.body["payload"]["severity"] for asked in fake.asked] == ["critical", "warning"]


async def test_figures_that_json_lacks_and_long_words_are_taken() -> None:
    fake = PagerDuty()
    one = alert(value=float("inf"), summary="x" * 5000)
    async with fake.running(), using(channel := _channel(fake)):
        await channel.send(message(change(one=one)), None)
    payload = fake.asked[0].body["payload"]
    assert payload["custom_details"]["value"] == "inf"
    assert len(payload["summary"]) <= 1024
