"""What Alertmanager's members are posted, in which order, and how often."""

from __future__ import annotations

import asyncio
from base64 import b64decode
from contextlib import suppress
from typing import Any

import pytest
from structlog.testing import capture_logs

from monitor.domain.alerts import Alert, AlertState, Change, Severity
from monitor.domain.delivery import DeliveryFailed
from monitor.outputs.channels.alertmanager import (
    AT_ONCE,
    QUEUED,
    RESOLVE_REPEATS,
    AlertmanagerChannel,
    AlertmanagerSettings,
)
from tests.channels.fakes import Alertmanager, Fault
from tests.channels.samples import AT, StillClock, alert, change, message, using
from tests.wire.brokers import until

RESEND = 60.0
NOW = "2026-02-02T02:40:00.250Z"
LATER = "2026-02-02T02:44:00.250Z"  # four resends


class Desk:
    """A cluster of one or several, and what fires in the monitor."""

    def __init__(self, *fakes: Alertmanager, **settings: Any) -> None:
        self.firing: tuple[Alert, ...] = ()
        self.clock = StillClock()
        chosen: dict[str, Any] = {"watchdog": False, "timeout_seconds": 1.0, "resend_seconds": RESEND} | settings
        self.channel = AlertmanagerChannel(
            AlertmanagerSettings(name="am", urls=tuple(fake.url for fake in fakes), **chosen),
            self.clock,
            lambda: self.firing,
        )


def _told(fake: Alertmanager) -> list[tuple[str, str]]:
    """Level and end of each alert, in the order in which they were posted."""
    return [(one["labels"]["severity"], one["endsAt"]) for post in fake.posts() for one in post]


async def test_a_new_level_is_posted_before_the_old_one_is_ended() -> None:
    fake = Alertmanager()
    async with fake.running(), using((desk := Desk(fake)).channel):
        await desk.channel.send(message(change()), None)
        worse = change(Change.ESCALATED, alert(Severity.CRITICAL), 2, previous=Severity.WARNING)
        await desk.channel.send(message(worse), None)
    assert _told(fake) == [("warning", LATER), ("critical", LATER), ("warning", NOW)]
    assert len(fake.posts()) == 3


async def test_a_level_that_stands_there_is_ended_though_nobody_says_that_it_was() -> None:
    fake = Alertmanager()
    async with fake.running(), using((desk := Desk(fake)).channel):
        await desk.channel.send(message(change()), None)
        await desk.channel.send(message(change(Change.RESOLVED, alert(Severity.CRITICAL), 4)), None)
    assert sorted(_told(fake)[1:]) == [("critical", NOW), ("warning", NOW)]


@pytest.mark.parametrize(
    ("what", "ends"),
    [
        (Change.FIRED, LATER),
        (Change.REPEATED, LATER),
        (Change.ACKNOWLEDGED, LATER),
        (Change.UNSILENCED, LATER),
        (Change.SILENCED, NOW),
        (Change.INHIBITED, NOW),
        (Change.RESOLVED, NOW),
    ],
)
async def test_what_we_keep_quiet_does_not_fire_there(what: Change, ends: str) -> None:
    fake = Alertmanager()
    async with fake.running(), using((desk := Desk(fake)).channel):
        await desk.channel.send(message(change(what)), None)
    assert _told(fake) == [("warning", ends)]


async def test_a_resend_tells_what_fires_and_what_is_quiet_is_left_out() -> None:
    fake = Alertmanager()
    async with fake.running(), using((desk := Desk(fake, watchdog=True)).channel):
        desk.firing = (
            alert(),
            alert(account="acknowledged", state=AlertState.ACKNOWLEDGED),
            alert(account="silenced", state=AlertState.SILENCED),
            alert(account="inhibited", state=AlertState.INHIBITED),
        )
        await desk.channel.resend()
    (post,) = fake.posts()
    assert [one["labels"].get("account", one["labels"]["alertname"]) for one in post] == [
        "MarginwatchWatchdog",
        "main",
        "acknowledged",
    ]
    assert {one["endsAt"] for one in post} == {LATER}


async def test_an_end_is_repeated_a_few_times() -> None:
    fake = Alertmanager()
    async with fake.running(), using((desk := Desk(fake)).channel):
        desk.firing = (alert(),)
        await desk.channel.resend()
        desk.firing = ()
        await desk.channel.send(message(change(Change.RESOLVED, number=2)), None)
        fake.asked.clear()
        for _ in range(RESOLVE_REPEATS + 3):
            desk.clock.at += RESEND
            await desk.channel.resend()
    assert _told(fake) == [("warning", NOW)] * RESOLVE_REPEATS  # as it was at first: they ended then


async def test_what_fires_again_is_no_longer_ended() -> None:
    fake = Alertmanager()
    async with fake.running(), using((desk := Desk(fake)).channel):
        await desk.channel.send(message(change(Change.RESOLVED, number=2)), None)
        desk.firing = (alert(),)
        await desk.channel.send(message(change(number=1)), None)
        fake.asked.clear()
        await desk.channel.resend()
    assert _told(fake) == [("warning", LATER)]


async def test_a_message_knows_better_than_a_picture_that_is_a_moment_older() -> None:
    fake = Alertmanager()
    async with fake.running(), using((desk := Desk(fake)).channel):
        await desk.channel.send(message(), None)  # fired, and the picture does not show it yet
        await desk.channel.resend()
        desk.firing = (alert(),)
        await desk.channel.send(message(change(Change.RESOLVED, number=2)), None)  # over, and it still shows it
        await desk.channel.resend()
        assert _told(fake) == [("warning", LATER)] * 2 + [("warning", NOW)] * 2
        desk.clock.at += RESEND
        await desk.channel.resend()  # what it shows now holds
    assert _told(fake)[-1][1] > LATER


async def test_an_alert_never_ends_before_it_began() -> None:
    fake = Alertmanager()
    async with fake.running(), using((desk := Desk(fake)).channel):
        late = alert(since=AT + 30.0)  # the clock was set back
        await desk.channel.send(message(change(Change.RESOLVED, late, 2)), None)
    ((one,),) = fake.posts()
    assert one["endsAt"] == one["startsAt"]


@pytest.mark.parametrize("fault", [Fault.DROP, Fault.TROUBLE, Fault.HANG, Fault.DENIED])
async def test_one_of_two_members_is_enough_and_the_other_is_told_of_once(fault: Fault) -> None:
    good, bad = Alertmanager(), Alertmanager()
    bad.break_down(fault)
    with capture_logs() as lines:
        async with good.running(), bad.running(), using((desk := Desk(bad, good)).channel):
            await desk.channel.send(message(), None)
            await desk.channel.send(message(change(number=2)), None)
            assert len(_told(good)) == 2
            bad.break_down(Fault.NONE)
            bad.asked.clear()
            desk.firing = (alert(),)
            await desk.channel.resend()
            await until(lambda: _told(bad)[-1:] == [("warning", LATER)], "the other member knows")
            await until(lambda: len(lines) == 2, "that is said")
    assert [(line["event"], line["member"]) for line in lines] == [
        ("alertmanager did not take alerts", 1),
        ("alertmanager takes alerts again", 1),
    ]


async def test_an_end_that_a_member_missed_is_told_it_with_the_next_resend() -> None:
    good, bad = Alertmanager(), Alertmanager()
    async with good.running(), bad.running(), using((desk := Desk(good, bad)).channel):
        await desk.channel.send(message(), None)
        bad.break_down(Fault.DROP)
        with capture_logs():
            await desk.channel.send(message(change(Change.RESOLVED, number=2)), None)
            bad.break_down(Fault.NONE)
            bad.asked.clear()
            await desk.channel.resend()
            await until(lambda: _told(bad)[-1:] == [("warning", NOW)], "the other member knows")


async def test_nobody_waits_for_a_member_that_hangs_and_it_is_told_in_order() -> None:
    good, bad = Alertmanager(), Alertmanager()
    bad.break_down(Fault.HANG, times=1)
    with capture_logs():
        async with good.running(), bad.running(), using((desk := Desk(bad, good)).channel):
            for number in range(1, 2 * QUEUED):
                level = Severity.CRITICAL if number % 2 else Severity.WARNING
                await desk.channel.send(message(change(one=alert(level), number=number)), None)
            assert len(bad.asked) == 1
            await until(lambda: len(bad.asked) == QUEUED, "what waited for it")
    assert _told(bad)[1:] == _told(good)[1:QUEUED]


async def test_closing_waits_for_nobody() -> None:
    good, bad = Alertmanager(), Alertmanager()
    bad.break_down(Fault.HANG)
    async with good.running(), bad.running():
        desk = Desk(bad, good, timeout_seconds=30.0)
        await desk.channel.send(message(), None)
        async with asyncio.timeout(20):
            await desk.channel.close()


async def test_when_no_member_takes_it_the_one_that_may_still_do_decides() -> None:
    refusing, busy = Alertmanager(), Alertmanager(retry_after=5)
    refusing.break_down(Fault.DENIED)
    busy.break_down(Fault.LIMITED)
    with capture_logs():
        async with refusing.running(), busy.running(), using((desk := Desk(refusing, busy)).channel):
            with pytest.raises(DeliveryFailed) as failed:
                await desk.channel.send(message(), None)
    assert not failed.value.final
    assert failed.value.retry_after_seconds == 5


async def test_names_and_values_of_labels_are_those_that_every_version_takes() -> None:
    fake = Alertmanager()
    odd = alert(labels={"funny-name": "x", "1st": "y", "empty": "", "é": "z"})
    async with fake.running(), using((desk := Desk(fake, labels={"site name": "desk", "none": ""})).channel):
        await desk.channel.send(message(change(one=odd)), None)
    ((one,),) = fake.posts()
    assert set(one["labels"]) == {"alertname", "severity", "funny_name", "_1st", "_", "site_name"}


async def test_a_user_and_password_are_sent_to_those_who_ask_for_them() -> None:
    fake = Alertmanager()
    async with fake.running(), using((desk := Desk(fake, username="monitor", password="pw:ü")).channel):
        await desk.channel.send(message(), None)
    scheme, _, pair = fake.asked[0].headers["Authorization"].partition(" ")
    assert (scheme, b64decode(pair).decode()) == ("Basic", "monitor:pw:ü")


async def test_a_user_in_the_address_works_too() -> None:
    fake = Alertmanager()
    async with fake.running():
        desk = Desk(fake)
        settings = AlertmanagerSettings(name="am", urls=(fake.url.replace("http://", "http://monitor:pw@"),))
        async with using(AlertmanagerChannel(settings, desk.clock)) as channel:
            await channel.send(message(), None)
    assert b64decode(fake.asked[0].headers["Authorization"].partition(" ")[2]) == b"monitor:pw"


async def test_many_alerts_go_in_several_requests() -> None:
    fake = Alertmanager()
    async with fake.running(), using((desk := Desk(fake)).channel):
        desk.firing = tuple(alert(account=str(number)) for number in range(AT_ONCE + 1))
        await desk.channel.resend()
    assert [len(post) for post in fake.posts()] == [AT_ONCE, 1]


async def test_the_resending_goes_on_for_ever_whatever_fails() -> None:
    fake = Alertmanager()
    fake.break_down(Fault.TROUBLE, times=3)
    with capture_logs():
        async with fake.running(), using((desk := Desk(fake, watchdog=True)).channel):
            task = asyncio.create_task(desk.channel.run())
            await until(lambda: len(fake.asked) >= 5, "further requests")
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
    assert set(desk.clock.slept) == {RESEND}
