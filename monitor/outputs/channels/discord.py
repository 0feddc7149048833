"""A Discord webhook: a message with its details below it, edited as the incident goes on. It mentions nobody."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from monitor.domain.alerts import Level, Severity
from monitor.domain.clock import Clock
from monitor.domain.delivery import DeliveryFailed, Message
from monitor.outputs.channels.http import Answer, Http, retry_after_seconds, to_json
from monitor.outputs.channels.wording import Like, built_in, cut, is_over, links, loudest, whole_text

CONTENT_LIMIT, DESCRIPTION_LIMIT = 2000, 4096

COLOURS: Mapping[Level, int] = {Severity.INFO: 0x3B82C4, Severity.WARNING: 0xE0A100, Severity.CRITICAL: 0xC62828}
COLOUR_OVER = 0x2E8B57

_UNKNOWN_MESSAGE = 10008  #: Discord's own code: the message was deleted
_MARKUP = re.compile(r"([\\*_~`|>#\[\]<])")


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscordSettings:
    """The webhook's address; whoever knows it can write there."""

    name: str
    url: str = field(repr=False)
    timeout_seconds: float = 10.0


class DiscordChannel:
    """One webhook."""

    kind, keyed, edits = "discord", False, True

    def __init__(self, settings: DiscordSettings, clock: Clock, like: Like = built_in) -> None:
        self.name, self._like = settings.name, like
        address, _, query = settings.url.partition("?")
        self._address, self._query = address.rstrip("/"), query
        self._http = Http(settings.name, clock, settings.timeout_seconds)

    async def send(self, message: Message, handle: str | None) -> str | None:
        """Post or edit; the handle is the message's id. Without `wait` Discord would not say it."""
        body = to_json(render(message, self._like))
        if handle is None:
            answer = await self._http.call("POST", self._url("", "wait=true"), body)
        else:
            answer = await self._http.call("PATCH", self._url(f"/messages/{handle}"), body)
        if not answer.good:
            raise self._failed(answer)
        found = answer["id"]
        if not isinstance(found, str) or not found.isascii() or not found.isdigit():
            raise self._http.garbled(answer)
        return found

    async def close(self) -> None:
        """Let go of connections."""
        await self._http.close()

    def _url(self, path: str, query: str = "") -> str:
        """The webhook's own query names the thread of a forum: it stays."""
        queries = "&".join(part for part in (self._query, query) if part)
        return f"{self._address}{path}?{queries}" if queries else f"{self._address}{path}"

    def _failed(self, answer: Answer) -> DeliveryFailed:
        failure = self._http.failed(answer)
        if answer.status == 404 and answer["code"] == _UNKNOWN_MESSAGE:
            return DeliveryFailed(self.name, "the message to be edited is gone", handle_lost=True)
        if answer.status == 429:
            # The body knows it to the millisecond; the header is rounded up.
            asked = retry_after_seconds(answer["retry_after"], 0.0)
            failure.retry_after_seconds = failure.retry_after_seconds if asked is None else asked
        return failure


def render(message: Message, like: Like = built_in) -> dict[str, object]:
    """Title as the message, since that is what a phone shows; the rest below, in the level's colour."""
    follow = " · ".join(f"[{word}](<{url}>)" for word, url in links(message))
    text = cut(_plain(whole_text(message)), DESCRIPTION_LIMIT - len(follow) - 2)
    description = "\n\n".join(part for part in (text, follow) if part)
    body: dict[str, object] = {
        "content": cut(f"**{_plain(message.title)}**", CONTENT_LIMIT),
        "allowed_mentions": {"parse": []},
        "embeds": [],
    }
    if description:
        colour = COLOUR_OVER if is_over(message) else COLOURS.get(loudest(message, like), COLOURS[Severity.WARNING])
        body["embeds"] = [{"description": description, "color": colour}]
    return body


def _plain(text: str) -> str:
    """Text in which nothing is markup."""
    return _MARKUP.sub(r"\\\1", text)
