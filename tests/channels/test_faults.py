"""Every channel against every fault: what is tried again, what is not, for how long, and that no secret is told."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from structlog.testing import capture_logs

from monitor.domain.delivery import Channel, DeliveryFailed
from monitor.outputs.channels.alertmanager import AlertmanagerSettings
from monitor.outputs.channels.apprise import AppriseSettings
from monitor.outputs.channels.discord import DiscordSettings
from monitor.outputs.channels.pagerduty import PagerDutySettings
from monitor.outputs.channels.slack import SlackSettings
from monitor.outputs.channels.table import ChannelSettings, Means, build
from monitor.outputs.channels.telegram import TelegramSettings
from monitor.outputs.channels.webhook import WebhookSettings
from tests.channels import fakes
from tests.channels.fakes import LASTING, MOMENTARY, Fake, Fault
from tests.channels.samples import SECRET, StillClock, message, trial, using

BRIEF = 0.3  #: seconds that a service may hang in these tests


@dataclass(frozen=True)
class Kind:
    """A service, and the settings of a channel to it; the planted secret is wherever the channel's own would be."""

    name: str
    fake: Callable[[], Fake]
    settings: Callable[[str], ChannelSettings]
    reads_answers: bool = True

    def __str__(self) -> str:
        return self.name


KINDS = (
    Kind(
        "telegram",
        fakes.Telegram,
        lambda url: TelegramSettings(name="people", token=SECRET, chats=(-100,), api=url),
    ),
    Kind(
        "slack",
        fakes.Slack,
        lambda url: SlackSettings(name="people", token=SECRET, channel="C0TEAM", api=url),
    ),
    Kind(
        "discord",
        fakes.Discord,
        lambda url: DiscordSettings(name="people", url=f"{url}/api/webhooks/1/{SECRET}"),
    ),
    Kind(
        "pagerduty",
        fakes.PagerDuty,
        lambda url: PagerDutySettings(name="people", routing_key=SECRET, url=f"{url}/v2/enqueue"),
    ),
    Kind(
        "webhook",
        fakes.Webhook,
        lambda url: WebhookSettings(
            name="people",
            url=f"{url}/hook/{SECRET}?token={SECRET}",
            secret=SECRET,
            headers={"X-Token": SECRET},
        ),
        reads_answers=False,
    ),
    Kind(
        "alertmanager",
        fakes.Alertmanager,
        lambda url: AlertmanagerSettings(
            name="people",
            urls=(f"{url}/{SECRET}",),
            username="monitor",
            password=SECRET,
        ),
        reads_answers=False,
    ),
)
APPRISE = Kind(
    "apprise",
    fakes.Ntfy,
    lambda url: AppriseSettings(
        name="people",
        url=f"ntfy://monitor:{SECRET}@{url.removeprefix('http://')}/{SECRET}",
    ),
)
EVERY = (*KINDS, APPRISE)


def _channel(kind: Kind, url: str, seconds: float = 10.0) -> Channel:
    return build(replace(kind.settings(url), timeout_seconds=seconds), Means(clock=StillClock()))


@pytest.mark.parametrize("kind", EVERY, ids=str)
async def test_a_message_arrives(kind: Kind) -> None:
    fake = kind.fake()
    async with fake.running(), using(_channel(kind, fake.url)) as channel:
        handle = await channel.send(message(), None)
        assert (handle is not None) is channel.edits
        assert len(fake.asked) == 1


@pytest.mark.parametrize("kind", EVERY, ids=str)
async def test_a_test_arrives(kind: Kind) -> None:
    fake = kind.fake()
    async with fake.running(), using(_channel(kind, fake.url)) as channel:
        await channel.send(trial(), None)
        assert b"Test of people" in fake.asked[0].raw or "Test of people" in fake.asked[0].headers.values()


@pytest.mark.parametrize("fault", [*MOMENTARY, *LASTING], ids=str)
@pytest.mark.parametrize("kind", KINDS, ids=str)
async def test_a_fault_is_told_in_our_words_and_the_channel_goes_on_after_it(kind: Kind, fault: Fault) -> None:
    fake = kind.fake()
    seconds = BRIEF if fault is Fault.HANG else 10.0
    async with fake.running(), using(_channel(kind, fake.url, seconds)) as channel:
        fake.break_down(fault, times=1)
        if fault in (Fault.GARBAGE, Fault.WRONG) and not kind.reads_answers:
            await channel.send(message(), None)  # its status says all that there is to know
            return
        with pytest.raises(DeliveryFailed) as failed, capture_logs():
            await channel.send(message(), None)
        failure = failed.value
        assert failure.final is (fault in LASTING)
        assert failure.channel == "people"
        assert not failure.handle_lost
        assert failure.retry_after_seconds == (_asked_for(kind) if fault is Fault.LIMITED else None)
        # Of these nobody knows whether the message was taken.
        heard = {Fault.HANG, Fault.DROP, Fault.TRUNCATED, Fault.GARBAGE, Fault.WRONG, Fault.TROUBLE, Fault.UNAVAILABLE}
        assert failure.uncertain is (fault in heard)
        await channel.send(message(), None)


def _asked_for(kind: Kind) -> float:
    return 6.75 if kind.name == "discord" else 7.0


@pytest.mark.parametrize("fault", [Fault.LIMITED, Fault.TROUBLE, Fault.DROP, Fault.DENIED], ids=str)
async def test_of_apprise_only_failure_is_known(fault: Fault) -> None:
    fake = APPRISE.fake()
    async with fake.running(), using(_channel(APPRISE, fake.url)) as channel:
        fake.break_down(fault)
        with pytest.raises(DeliveryFailed, match="Apprise could not deliver it") as failed:
            await channel.send(message(), None)
        assert not failed.value.final
        fake.break_down(Fault.NONE)
        await channel.send(message(), None)


@pytest.mark.parametrize("kind", EVERY, ids=str)
async def test_a_service_that_is_not_there_is_told(kind: Kind) -> None:
    async with using(_channel(kind, "http://127.0.0.1:1")) as channel:
        with pytest.raises(DeliveryFailed, match=r"no connection|could not deliver") as failed, capture_logs():
            await channel.send(message(), None)
        assert not failed.value.final


@pytest.mark.parametrize("kind", KINDS, ids=str)
async def test_whoever_sends_may_give_up_at_any_time(kind: Kind) -> None:
    fake = kind.fake()
    async with fake.running(), using(_channel(kind, fake.url)) as channel:
        fake.break_down(Fault.HANG, times=1)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await channel.send(message(), None)
        await channel.send(message(), None)


@pytest.mark.parametrize("kind", EVERY, ids=str)
async def test_no_secret_is_in_an_error_a_log_or_a_repr(kind: Kind, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    fake = kind.fake()
    said: list[str] = []
    with capture_logs() as lines:
        async with fake.running():
            said += [repr(kind.settings(fake.url)), str(kind.settings(fake.url))]
            async with using(_channel(kind, fake.url, BRIEF)) as channel:
                said.append(repr(channel))
                for fault in (*MOMENTARY, *LASTING, Fault.NONE):
                    fake.break_down(fault)
                    said += await _all_that_is_said(channel)
        async with using(_channel(kind, fake.url, BRIEF)) as channel:
            said += await _all_that_is_said(channel)
        for url in ("http://no-such-host.invalid", "http://127.0.0.1:99999", "not an address"):
            async with using(_channel(kind, url, BRIEF)) as channel:
                said += await _all_that_is_said(channel)
    said += [repr(line) for line in lines] + [record.getMessage() for record in caplog.records]
    assert not [words for words in said if SECRET in words]
    assert any(SECRET in asked.path or SECRET in repr((asked.headers, asked.raw)) for asked in fake.asked) or (
        kind.name in ("apprise", "alertmanager")
    )


async def _all_that_is_said(channel: Channel) -> list[str]:
    """By an error of each way to send, with whatever it has behind it."""
    said: list[str] = []
    for told, handle in ((message(), None), (message(), "1:2"), (trial(), None)):
        try:
            await channel.send(told, handle)
        except DeliveryFailed as error:
            said += ["".join(traceback.format_exception(error)), repr(error), repr(vars(error))]
            behind: BaseException | None = error.__context__ or error.__cause__
            while behind is not None:
                said += [repr(behind), str(behind)]
                behind = behind.__context__
    return said
