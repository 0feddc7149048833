"""Slack: its errors come with status 200, and mean different things."""

from __future__ import annotations

import pytest
from aiohttp import web

from monitor.domain.alerts import Change, Severity
from monitor.domain.delivery import DeliveryFailed
from monitor.outputs.channels.slack import SlackChannel, SlackSettings, render
from tests.channels.fakes import Asked, Slack
from tests.channels.samples import StillClock, alert, change, message, odd, using


def _channel(fake: Slack) -> SlackChannel:
    return SlackChannel(SlackSettings(name="team", token="xoxb-1", channel="#risk", api=fake.url), StillClock())


async def test_a_message_that_stands_is_edited_by_the_id_of_its_channel() -> None:
    fake = Slack()
    async with fake.running(), using(channel := _channel(fake)):
        handle = await channel.send(message(), None)
        assert handle == "C0risk:1700000000.000000"
        again = await channel.send(message(change(Change.RESOLVED, alert(text="It is over."), 2)), handle)
    assert again == handle
    assert fake.asked[1].body["channel"] == "C0risk"
    assert "It is over." in str(fake.messages["C0risk", "1700000000.000000"])
    assert all(asked.headers["Authorization"] == "Bearer xoxb-1" for asked in fake.asked)


async def test_what_grows_worse_goes_into_the_thread_and_shows_in_the_channel() -> None:
    fake = Slack()
    async with fake.running(), using(channel := _channel(fake)):
        await channel.send(message(), None)
        await channel.send(message(change(Change.ESCALATED, alert(Severity.CRITICAL), 2)), None)
        await channel.send(message(change(Change.WORSENED, alert(Severity.CRITICAL), 3)), None)
        await channel.send(message(change(one=alert(account="hedge"))), None)
    threads = [(asked.body.get("thread_ts"), asked.body.get("reply_broadcast")) for asked in fake.asked]
    assert threads == [(None, None), ("1700000000.000000", True), ("1700000000.000000", True), (None, None)]


@pytest.mark.parametrize(
    ("error", "final", "handle_lost"),
    [
        ("invalid_auth", True, False),
        ("channel_not_found", True, False),
        ("is_archived", True, False),
        ("msg_too_long", True, False),
        ("ratelimited", False, False),
        ("internal_error", False, False),
        ("something_new_in_2030", False, False),
        ("message_not_found", False, True),
        ("cant_update_message", False, True),
    ],
)
async def test_an_error_is_of_the_message_or_of_the_moment(error: str, final: bool, handle_lost: bool) -> None:
    fake = Slack(error=error)
    async with fake.running(), using(channel := _channel(fake)):
        with pytest.raises(DeliveryFailed) as failed:
            await channel.send(message(), "C0risk:1.2")
    assert (failed.value.final, failed.value.handle_lost) == (final, handle_lost)
    assert (error in str(failed.value)) is (error != "something_new_in_2030")


async def test_an_answer_without_the_message_s_place_cannot_be_read() -> None:
    class Terse(Slack):
        def answer(self, asked: Asked) -> web.Response:
            return web.json_response({"ok": True})

    fake = Terse()
    async with fake.running(), using(channel := _channel(fake)):
        with pytest.raises(DeliveryFailed, match="cannot be read") as failed:
            await channel.send(message(), None)
    assert failed.value.uncertain


def test_a_message_without_text_is_its_title() -> None:
    blocks = render(message(change(one=alert(text="")), linked=False), "C0")["blocks"]
    assert isinstance(blocks, list)
    assert len(blocks) == 1


def test_a_message_fits_and_mentions_nobody() -> None:
    one = odd()
    body = render(message(change(one=one)), "C0")
    blocks = body["blocks"]
    assert isinstance(blocks, list)
    texts = [block["text"]["text"] for block in blocks if "text" in block]
    assert all(len(text.encode("utf-16-le")) // 2 <= 3000 for text in texts)
    assert "<!channel>" not in str(body)
