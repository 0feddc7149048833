"""The channels under the real delivery, against services that answer, limit and hang: what people see in the end."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress

from structlog.testing import capture_logs

from monitor.alerts.dispatch import Dispatcher
from monitor.alerts.routing import Route, RoutingSettings
from monitor.app.clock import SystemClock
from monitor.domain.alerts import Change, Severity
from monitor.domain.delivery import Channel
from monitor.domain.keeping import Commit
from monitor.outputs.channels.discord import DiscordSettings
from monitor.outputs.channels.pagerduty import PagerDutySettings
from monitor.outputs.channels.slack import SlackSettings
from monitor.outputs.channels.table import ChannelSettings, Means, build
from monitor.outputs.channels.telegram import TelegramSettings
from monitor.outputs.delivery.service import Delivery
from monitor.outputs.delivery.settings import DeliverySettings, Rate, traits
from tests.channels import fakes
from tests.channels.fakes import Fault
from tests.channels.samples import EXTERNAL, alert, change
from tests.wire.brokers import until

CRITICAL = alert(Severity.CRITICAL, summary="main: margin ratio 96 %")
AT_ONCE = Rate(per_minute=60_000.0, burst=10_000.0)


@asynccontextmanager
async def _delivering(fallback: dict[str, str] | None = None, **channels: ChannelSettings) -> AsyncIterator[Delivery]:
    clock = SystemClock()
    made: Sequence[Channel] = [build(settings, Means(clock=clock)) for settings in channels.values()]
    routing = RoutingSettings(
        routes=(Route(name="all", channels=tuple(name for name in channels if name not in (fallback or {}).values())),),
        fallback=fallback or {},
        fallback_after_seconds=0.5,
        external_url=EXTERNAL,
        grouping_seconds={},
    )
    settings = DeliverySettings(
        first_seconds=0.05, rates=dict.fromkeys(channels, AT_ONCE), timeout_seconds=5.0, closing_seconds=0.1
    )
    dispatcher = Dispatcher(routing, [traits(channel) for channel in made], lambda _: 0)
    delivery = Delivery(made, dispatcher, None, clock, settings=settings)
    task = asyncio.create_task(delivery.run())
    try:
        yield delivery
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        for channel in made:
            await channel.close()


async def _take(delivery: Delivery, what: Change, number: int, loud: bool = False) -> None:
    about = CRITICAL if loud else alert(Severity.CRITICAL)
    delivery.take(Commit(changes=(change(what, about, number, at=SystemClock().now()),)))
    await asyncio.sleep(0)


async def test_an_incident_is_one_message_in_each_chat_that_is_edited_and_another_when_it_gets_worse() -> None:
    telegram, slack, discord, duty = fakes.Telegram(), fakes.Slack(), fakes.Discord(), fakes.PagerDuty()
    async with AsyncExitStack() as stack:
        for fake in (telegram, slack, discord, duty):
            await stack.enter_async_context(fake.running())
        delivery = await stack.enter_async_context(
            _delivering(
                phone=TelegramSettings(name="phone", token="1:a", chats=(-100,), api=telegram.url),
                desk=SlackSettings(name="desk", token="x", channel="C0RISK", api=slack.url),
                room=DiscordSettings(name="room", url=discord.url),
                pager=PagerDutySettings(name="pager", routing_key="r", url=duty.url),
            )
        )
        texts = {
            "telegram": lambda: [str(one) for one in telegram.messages.values()],
            "slack": lambda: [str(one) for one in slack.messages.values()],
            "discord": lambda: [str(one) for one in discord.messages.values()],
        }

        async def shows(*patterns: str) -> None:
            for name, found in texts.items():
                await until(
                    lambda found=found: (
                        len(found()) == len(patterns)  # type: ignore[misc]  # bound at once
                        and all(re.search(pattern, text) for pattern, text in zip(patterns, found(), strict=True))
                    ),
                    f"{name} shows {patterns}",
                )

        await _take(delivery, Change.FIRED, 1)
        await shows("82 %")
        await _take(delivery, Change.ACKNOWLEDGED, 2)
        await shows("Acknowledged")
        await _take(delivery, Change.WORSENED, 3, loud=True)
        await shows("96 %", "96 %")
        await until(lambda: len(duty.pages) == 2, "the second page")
        await _take(delivery, Change.RESOLVED, 4, loud=True)
        await shows(".", "Resolved")
        await until(lambda: not duty.incidents, "no incident is open")


async def test_where_one_service_limits_us_the_fallback_tells_it() -> None:
    telegram, discord = fakes.Telegram(retry_after=600), fakes.Discord()
    telegram.break_down(Fault.LIMITED)
    with capture_logs():
        async with (
            telegram.running(),
            discord.running(),
            _delivering(
                {"phone": "room"},
                phone=TelegramSettings(name="phone", token="1:a", chats=(-100,), api=telegram.url),
                room=DiscordSettings(name="room", url=discord.url),
            ) as delivery,
        ):
            await _take(delivery, Change.FIRED, 1)
            await until(lambda: bool(discord.messages), "the fallback tells it")
    assert len(telegram.asked) == 1  # it asked for ten minutes: it has them
    (told,) = discord.messages.values()
    assert "phone" in str(told)  # in whose place it comes


async def test_a_message_that_may_have_arrived_says_so_when_it_comes_again() -> None:
    slack = fakes.Slack()
    slack.break_down(Fault.DROP, times=1)
    with capture_logs():
        async with slack.running():
            settings = SlackSettings(name="desk", token="x", channel="C0RISK", api=slack.url)
            async with _delivering(desk=settings) as delivery:
                await _take(delivery, Change.FIRED, 1)
                await until(lambda: bool(slack.messages), "the retry arrives")
    first, second = slack.asked
    assert "may be repeated" not in str(first.body)
    assert "may be repeated" in str(second.body)


async def test_a_service_that_hangs_delays_no_other() -> None:
    slack, discord = fakes.Slack(), fakes.Discord()
    slack.break_down(Fault.HANG)
    with capture_logs():
        async with slack.running(), discord.running():
            hangs = SlackSettings(name="desk", token="x", channel="C0RISK", api=slack.url)
            async with _delivering(desk=hangs, room=DiscordSettings(name="room", url=discord.url)) as delivery:
                for number in range(20):
                    about = alert(Severity.CRITICAL, account=str(number))
                    delivery.take(Commit(changes=(change(Change.FIRED, about, at=SystemClock().now()),)))
                await until(lambda: len(discord.messages) >= 1 and "19" in str(discord.messages), "all are told")
    assert len(slack.asked) == 1
