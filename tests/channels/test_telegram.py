"""A Telegram bot: one message an incident in each chat, whatever becomes of the chats."""

from __future__ import annotations

from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from monitor.domain.alerts import Change, Severity
from monitor.domain.delivery import DeliveryFailed
from monitor.outputs.channels.telegram import LIMIT, TelegramChannel, TelegramSettings, render
from tests.channels.fakes import Fault, Telegram
from tests.channels.samples import StillClock, alert, change, message, odd, trial, using

HERE, THERE, SUPER = -100, -200, -1009


def _channel(fake: Telegram, *chats: int) -> TelegramChannel:
    settings = TelegramSettings(name="people", token="123:abc", chats=chats or (HERE,), api=fake.url)
    return TelegramChannel(settings, StillClock())


async def test_the_token_is_in_the_address_and_nowhere_else() -> None:
    fake = Telegram()
    async with fake.running(), using(channel := _channel(fake)):
        await channel.send(message(), None)
    assert fake.asked[0].path == "/bot123:abc/sendMessage"
    assert b"123:abc" not in fake.asked[0].raw


async def test_a_message_that_stands_is_edited() -> None:
    fake = Telegram()
    async with fake.running(), using(channel := _channel(fake)):
        handle = await channel.send(message(), None)
        assert handle == "-100:100"
        again = await channel.send(message(change(Change.RESOLVED, alert(text="It is over."), 2)), handle)
        assert again == handle
    assert [asked.path.rpartition("/")[2] for asked in fake.asked] == ["sendMessage", "editMessageText"]
    (stands,) = fake.messages.values()
    assert "It is over." in stands["text"]
    assert "reply_markup" not in stands


async def test_an_edit_that_changes_nothing_succeeded() -> None:
    fake = Telegram()
    async with fake.running(), using(channel := _channel(fake)):
        handle = await channel.send(message(), None)
        assert await channel.send(message(), handle) == handle


async def test_what_was_deleted_cannot_be_edited() -> None:
    fake = Telegram()
    async with fake.running(), using(channel := _channel(fake)):
        handle = await channel.send(message(), None)
        fake.messages.clear()
        with pytest.raises(DeliveryFailed) as failed:
            await channel.send(message(change(Change.EASED, number=2)), handle)
    assert failed.value.handle_lost
    assert not failed.value.final


async def test_all_chats_are_told_and_a_retry_leaves_out_those_that_were() -> None:
    fake = Telegram(limited_chats={THERE}, retry_after=12)
    async with fake.running(), using(channel := _channel(fake, HERE, THERE)):
        with pytest.raises(DeliveryFailed) as failed:
            await channel.send(message(), None)
        assert failed.value.retry_after_seconds == 12
        fake.limited_chats.clear()
        handle = await channel.send(message(), None)
    assert [chat for chat, _ in fake.messages] == [HERE, THERE]
    assert handle == "-100:100 -200:101"


@pytest.mark.parametrize("handle", ["", "nonsense", "-100", "-100:x y:1", "-100:²"])
async def test_a_handle_that_is_none_is_a_new_message(handle: str) -> None:
    fake = Telegram()
    async with fake.running(), using(channel := _channel(fake)):
        assert await channel.send(message(), handle) == "-100:100"


async def test_an_edit_that_is_refused_for_another_reason_is_told() -> None:
    fake = Telegram(retry_after=3)
    async with fake.running(), using(channel := _channel(fake)):
        handle = await channel.send(message(), None)
        fake.break_down(Fault.LIMITED)
        with pytest.raises(DeliveryFailed) as failed:
            await channel.send(message(change(Change.EASED, number=2)), handle)
    assert (failed.value.retry_after_seconds, failed.value.handle_lost) == (3, False)


async def test_a_chat_that_refuses_does_not_keep_the_others_from_it() -> None:
    fake = Telegram(unknown={HERE})
    with capture_logs() as lines:
        async with fake.running(), using(channel := _channel(fake, HERE, THERE)):
            handle = await channel.send(message(), None)
    assert handle == "-200:100"
    assert [line["event"] for line in lines] == ["telegram chat refused"]


async def test_when_every_chat_refuses_it_is_final_and_says_what_to_do() -> None:
    fake = Telegram(unknown={HERE, THERE})
    async with fake.running(), using(channel := _channel(fake, HERE, THERE)):
        with pytest.raises(DeliveryFailed, match="write to it there first") as failed:
            await channel.send(message(), None)
    assert failed.value.final


async def test_of_several_chats_one_that_lost_its_message_gets_a_new_one() -> None:
    fake = Telegram()
    async with fake.running(), using(channel := _channel(fake, HERE, THERE)):
        handle = await channel.send(message(), None)
        del fake.messages[THERE, 101]
        again = await channel.send(message(change(Change.EASED, number=2)), handle)
    assert again is not None
    assert again.split()[0] == "-100:100"
    assert again.split()[1].startswith("-200:")


async def test_a_chat_that_was_configured_since_gets_a_message_of_its_own() -> None:
    fake = Telegram()
    async with fake.running():
        async with using(before := _channel(fake, HERE)):
            handle = await before.send(message(), None)
        async with using(after := _channel(fake, HERE, THERE)):
            assert await after.send(message(change(Change.EASED, number=2)), handle) == "-100:100 -200:101"


async def test_a_group_that_became_a_supergroup_is_followed() -> None:
    fake = Telegram(moved={HERE: SUPER})
    with capture_logs() as lines:
        async with fake.running(), using(channel := _channel(fake)):
            assert await channel.send(message(), None) == f"{SUPER}:100"
            assert channel.chats() == (SUPER,)
            await channel.send(message(change(number=2)), None)
    assert [line["event"] for line in lines] == ["telegram chat moved: set its new id"]
    assert [asked.body["chat_id"] for asked in fake.asked] == [HERE, SUPER, SUPER]


async def test_what_comes_new_of_an_incident_answers_its_first_message() -> None:
    fake = Telegram()
    async with fake.running(), using(channel := _channel(fake)):
        await channel.send(message(), None)
        await channel.send(message(change(Change.ESCALATED, alert(Severity.CRITICAL), 2)), None)
        await channel.send(message(change(Change.WORSENED, alert(Severity.CRITICAL), 3)), None)
        await channel.send(trial(), None)
    replies = [asked.body.get("reply_parameters") for asked in fake.asked]
    first = {"message_id": 100, "allow_sending_without_reply": True}
    assert replies == [None, first, first, None]


@pytest.mark.parametrize(
    ("what", "silent"),
    [(Change.FIRED, False), (Change.WORSENED, False), (Change.EASED, True), (Change.RESOLVED, True)],
)
def test_only_what_is_loud_makes_a_sound(what: Change, silent: bool) -> None:
    assert render(message(change(what)), HERE)["disable_notification"] is silent


def test_a_message_fits_whatever_it_says() -> None:
    one = odd()
    body = render(replace(message(change(one=one)), title=one.summary, text=one.text * 3), HERE)
    text = str(body["text"]).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    assert len(text.encode("utf-16-le")) // 2 <= LIMIT + len("<b></b>")
    assert "Details: https://" in text


def test_markup_in_a_message_is_none() -> None:
    one = alert(summary="<a href='x'>&", text="<script> & </b>")
    text = str(render(message(change(one=one), linked=False), HERE)["text"])
    assert text == "<b>&lt;a href='x'&gt;&amp;</b>\n\n&lt;script&gt; &amp; &lt;/b&gt;"


def test_buttons_stand_below_one_alert_that_fires_and_nowhere_else() -> None:
    def has(*told: Change) -> bool:
        changes = [change(what, alert(account=str(number))) for number, what in enumerate(told)]
        return "reply_markup" in render(message(*changes), HERE, buttons=True)

    assert has(Change.FIRED)
    assert has(Change.ACKNOWLEDGED)
    assert not has(Change.RESOLVED)
    assert not has(Change.FIRED, Change.FIRED)
    assert "reply_markup" not in render(trial(), HERE, buttons=True)
    assert "reply_markup" not in render(message(), HERE, buttons=False)


def test_what_a_button_says_fits_into_64_bytes() -> None:
    one = alert(since=99_999_999_999.999)
    body = render(message(change(one=one)), HERE, buttons=True)
    markup = body["reply_markup"]
    assert isinstance(markup, dict)
    assert all(len(button["callback_data"].encode()) <= 64 for button in markup["inline_keyboard"][0])
