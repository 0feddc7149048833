"""Buttons below Telegram messages: who may press them, what comes of it, and what the bot says back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from structlog.testing import capture_logs

from monitor.domain.alerts import Matcher
from monitor.domain.commands import AcknowledgeAlert, AlertCommand, SilenceAlerts
from monitor.domain.errors import Overrun
from monitor.outputs.channels.telegram import TelegramChannel, TelegramSettings
from monitor.outputs.channels.telegram_buttons import Buttons
from monitor.outputs.channels.wording import ACKNOWLEDGED, NO_LONGER, NOT_TAKEN, SILENCED
from tests.channels.fakes import Fault, Telegram
from tests.channels.samples import AT, StillClock, alert, using
from tests.wire.brokers import until

HERE = -100
ALERT = alert()
UNKNOWN = {"id": "1", "data": "del:1", "from": {"id": 1}, "message": {"chat": {"id": HERE}}}


class Desk:
    """A bot with buttons, and what came of them."""

    def __init__(self, fake: Telegram, channel: TelegramChannel, clock: StillClock) -> None:
        self.fake, self.channel, self.clock = fake, channel, clock
        self.commands: list[AlertCommand] = []
        assert channel.buttons is not None
        self.buttons: Buttons = channel.buttons

    async def until(self, true: Callable[[], object]) -> None:
        await until(lambda: bool(true()), "the press is answered")

    @property
    def answers(self) -> list[Any]:
        return [answer["text"] for answer in self.fake.answered]

    @property
    def polls(self) -> list[dict[str, Any]]:
        return [asked.body for asked in self.fake.asked if asked.path.endswith("getUpdates")]


@asynccontextmanager
async def _desk(fake: Telegram, put: Callable[[AlertCommand], object] | None = None) -> AsyncIterator[Desk]:
    clock = StillClock()
    async with fake.running():
        settings = TelegramSettings(
            name="people", token="123:abc", chats=(HERE,), api=fake.url, buttons=True, poll_seconds=0
        )
        commands: list[AlertCommand] = []
        channel = TelegramChannel(settings, clock, put or commands.append, lambda: (ALERT,))
        desk = Desk(fake, channel, clock)
        desk.commands = commands
        async with using(channel):
            task = asyncio.create_task(channel.run())
            try:
                yield desk
            finally:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task


async def test_a_press_acknowledges_the_incident_in_the_name_of_who_pressed() -> None:
    fake = Telegram()
    fake.press(41, f"ack:{ALERT.incident}", HERE)
    async with _desk(fake) as desk:
        await desk.until(lambda: desk.answers)
        assert desk.answers == [ACKNOWLEDGED]
        assert desk.commands == [
            AcknowledgeAlert(
                fingerprint=ALERT.fingerprint, author="ann", via="telegram", at=AT, incident=ALERT.incident
            )
        ]
        await desk.until(lambda: desk.polls[-1]["offset"] == 42)  # confirmed: it does not come again
        assert desk.polls[0]["allowed_updates"] == ["callback_query"]


@pytest.mark.parametrize(
    ("person", "called"),
    [
        ({"id": 7, "username": "ann", "first_name": "Ann"}, "ann"),
        ({"id": 7, "first_name": "Ann\x1b[31m\nBob" + "x" * 100}, ("Ann[31mBob" + "x" * 100)[:64]),
        ({"id": 7, "first_name": " \n"}, "7"),
        ({}, "somebody"),
    ],
)
async def test_who_pressed_is_called_by_a_name_that_fits_a_line(person: dict[str, Any], called: str) -> None:
    fake = Telegram()
    fake.press(1, f"ack:{ALERT.incident}", HERE)
    fake.updates[0]["callback_query"]["from"] = person
    async with _desk(fake) as desk:
        await desk.until(lambda: desk.commands)
        (command,) = desk.commands
    assert isinstance(command, AcknowledgeAlert)
    assert command.author == called


async def test_a_press_silences_exactly_this_alert_for_an_hour() -> None:
    fake = Telegram()
    fake.press(1, f"sil:{ALERT.incident}", HERE)
    async with _desk(fake) as desk:
        await desk.until(lambda: desk.answers)
        assert desk.answers == [SILENCED]
        (command,) = desk.commands
    assert isinstance(command, SilenceAlerts)
    assert set(command.silence.matchers) == {
        Matcher(name="rule", value="margin_ratio"),
        Matcher(name="venue", value="binance"),
        Matcher(name="account", value="main"),
        Matcher(name="pool", value="cross:USDT"),
    }
    assert (command.silence.starts, command.silence.ends, command.silence.author) == (AT, AT + 3600, "ann")
    assert command.silence.comment


async def test_a_press_in_a_foreign_chat_does_nothing_and_is_counted() -> None:
    fake = Telegram()
    fake.press(1, f"ack:{ALERT.incident}", -666)
    with capture_logs() as lines:
        async with _desk(fake) as desk:
            await desk.until(lambda: desk.buttons.foreign_total)
            await desk.until(lambda: desk.polls[-1]["offset"] == 2)
            assert not desk.commands
            assert not fake.answered
    assert "telegram button pressed in a foreign chat" in [line["event"] for line in lines]


async def test_a_press_on_an_incident_that_is_over_says_so() -> None:
    fake = Telegram()
    fake.press(1, "ack:0123456789abcdef-1", HERE)
    async with _desk(fake) as desk:
        await desk.until(lambda: desk.answers)
        assert desk.answers == [NO_LONGER]
        assert not desk.commands


async def test_a_press_that_the_monitor_cannot_take_says_so() -> None:
    def full(_: AlertCommand) -> object:
        raise Overrun(10)

    fake = Telegram()
    fake.press(1, f"ack:{ALERT.incident}", HERE)
    with capture_logs():
        async with _desk(fake, full) as desk:
            await desk.until(lambda: desk.answers)
            assert desk.answers == [NOT_TAKEN]


@pytest.mark.parametrize(
    "update",
    [
        {"update_id": 1},
        {"update_id": 1, "callback_query": None},
        {"update_id": 1, "callback_query": {"id": "1", "data": "ack:1", "from": {}}},  # its message is too old
        {"update_id": 1, "callback_query": {"id": 5, "data": None, "from": [], "message": {"chat": {"id": "x"}}}},
        {"update_id": 1, "callback_query": UNKNOWN | {"data": f"del:{ALERT.incident}", "from": {}}},
        {"update_id": 1, "message": {"chat": {"id": HERE}, "text": "/start"}},
        {"update_id": 1, "callback_query": UNKNOWN},
    ],
)  # fmt: skip
async def test_what_is_no_press_of_ours_is_passed_over(update: dict[str, Any]) -> None:
    fake = Telegram(updates=[update])
    async with _desk(fake) as desk:
        await desk.until(lambda: desk.polls and desk.polls[-1]["offset"] == 2)
        assert not desk.commands


async def test_another_program_with_the_same_bot_is_told_of_once_and_the_buttons_work_after_it() -> None:
    fake = Telegram(another=True)
    with capture_logs() as lines:
        async with _desk(fake) as desk:
            await desk.until(lambda: len(desk.clock.slept) >= 3)
            assert "another program" in desk.buttons.reason
            assert desk.clock.slept[:3] == [1, 2, 4]
            fake.press(1, f"ack:{ALERT.incident}", HERE)
            fake.another = False
            await desk.until(lambda: desk.answers)
            await desk.until(lambda: not desk.buttons.reason)
    events = [line["event"] for line in lines]
    assert events.count("telegram buttons are not heard") == 1
    assert events.count("telegram buttons are heard again") == 1


@pytest.mark.parametrize("fault", [Fault.LIMITED, Fault.TROUBLE, Fault.DROP, Fault.GARBAGE, Fault.WRONG, Fault.DENIED])
async def test_a_fault_is_waited_out(fault: Fault) -> None:
    fake = Telegram(retry_after=9)
    fake.break_down(fault, times=2)
    fake.press(1, f"ack:{ALERT.incident}", HERE)
    with capture_logs():
        async with _desk(fake) as desk:
            await desk.until(lambda: desk.answers)
            assert len(desk.commands) == 1
            assert len(desk.clock.slept) == 2
            assert desk.clock.slept[0] == (9 if fault is Fault.LIMITED else 1)


async def test_without_buttons_nobody_listens() -> None:
    fake = Telegram()
    async with fake.running():
        settings = TelegramSettings(name="people", token="123:abc", chats=(HERE,), api=fake.url)
        async with using(channel := TelegramChannel(settings, StillClock(), lambda _: None)):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await channel.run()
    assert not fake.asked
