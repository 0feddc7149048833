"""A Discord webhook."""

from __future__ import annotations

import pytest

from monitor.domain.alerts import Change
from monitor.domain.delivery import DeliveryFailed
from monitor.outputs.channels.discord import DiscordChannel, DiscordSettings, render
from tests.channels.fakes import Discord, Fault
from tests.channels.samples import StillClock, alert, change, message, odd, using


def _channel(fake: Discord, query: str = "") -> DiscordChannel:
    settings = DiscordSettings(name="guild", url=f"{fake.url}/api/webhooks/1/token{query}")
    return DiscordChannel(settings, StillClock())


async def test_a_message_that_stands_is_edited() -> None:
    fake = Discord()
    async with fake.running(), using(channel := _channel(fake)):
        handle = await channel.send(message(), None)
        again = await channel.send(message(change(Change.RESOLVED, alert(text="It is over."), 2)), handle)
    assert handle == again == "1100000000000000000"
    post, patch = fake.asked
    assert (post.method, post.query) == ("POST", "wait=true")
    assert (patch.method, patch.path) == ("PATCH", f"/api/webhooks/1/token/messages/{handle}")
    assert "It is over" in str(fake.messages[handle])


async def test_the_thread_of_a_forum_is_kept() -> None:
    fake = Discord()
    async with fake.running(), using(channel := _channel(fake, "?thread_id=7")):
        handle = await channel.send(message(), None)
        await channel.send(message(change(Change.EASED, number=2)), handle)
    assert [asked.query for asked in fake.asked] == ["thread_id=7&wait=true", "thread_id=7"]


async def test_what_was_deleted_cannot_be_edited_but_a_webhook_that_is_gone_is_final() -> None:
    fake = Discord()
    async with fake.running(), using(channel := _channel(fake)):
        with pytest.raises(DeliveryFailed) as lost:
            await channel.send(message(), "5")
        fake.break_down(Fault.DENIED)
        with pytest.raises(DeliveryFailed) as gone:
            await channel.send(message(), "5")
    assert (lost.value.handle_lost, lost.value.final) == (True, False)
    assert (gone.value.handle_lost, gone.value.final) == (False, True)


def test_a_message_without_details_has_none() -> None:
    assert render(message(change(one=alert(text="")), linked=False))["embeds"] == []


def test_a_message_fits_and_mentions_nobody() -> None:
    body = render(message(change(one=odd())))
    assert len(str(body["content"]).encode("utf-16-le")) // 2 <= 2000
    embeds = body["embeds"]
    assert isinstance(embeds, list)
    assert len(embeds[0]["description"].encode("utf-16-le")) // 2 <= 4096
    assert body["allowed_mentions"] == {"parse": []}


def test_markup_in_a_message_is_none() -> None:
    body = render(message(change(one=alert(summary="a*b_c`d", text="[x](y) |z| > q ~ #")), linked=False))
    assert body["content"] == r"**a\*b\_c\`d**"
    embeds = body["embeds"]
    assert isinstance(embeds, list)
    assert embeds[0]["description"] == r"\[x\](y) \|z\| \> q \~ \#"
