"""A Telegram bot: sendMessage, and editMessageText for the message of an incident that stands, in one or several chats.

The bot's token is part of every address: no address of Telegram's goes into an error or a log.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html import escape

import structlog

from monitor.domain.alerts import Alert
from monitor.domain.clock import Clock
from monitor.domain.commands import AlertCommand
from monitor.domain.delivery import DeliveryFailed, Message
from monitor.outputs.channels.http import Answer, Http, retry_after_seconds, to_json
from monitor.outputs.channels.recent import Recent
from monitor.outputs.channels.telegram_buttons import ACKNOWLEDGE_DATA, SILENCE_DATA, Buttons
from monitor.outputs.channels.wording import ACKNOWLEDGE, SILENCE, cut, is_loud, is_over, links, whole_text

log = structlog.get_logger(__name__)

LIMIT = 4096  #: UTF-16 units of a message, counted after its markup was read


@dataclass(frozen=True, slots=True, kw_only=True)
class TelegramSettings:
    """Which bot, into which chats. Only these chats may use the buttons."""

    name: str
    token: str = field(repr=False)
    chats: tuple[int, ...]
    api: str = "https://api.telegram.org"
    timeout_seconds: float = 10.0
    buttons: bool = False
    poll_seconds: float = 25.0


@dataclass(frozen=True, slots=True)
class TelegramAnswer:
    """What Telegram says: its result, or its own code and description of an error."""

    answer: Answer

    @property
    def result(self) -> object:
        """The result of a call that succeeded."""
        return self.answer["result"]

    @property
    def good(self) -> bool:
        """Whether the call succeeded."""
        return self.answer.good and self.answer["ok"] is True

    @property
    def description(self) -> str:
        """Telegram's words, in small letters; they are compared and never passed on."""
        return str(self.answer["description"] or "").lower()

    def parameter(self, name: str) -> object:
        """A hint of Telegram's how to go on."""
        hints = self.answer["parameters"]
        return hints.get(name) if isinstance(hints, dict) else None


class Bot:
    """Calls of one bot's methods."""

    def __init__(self, settings: TelegramSettings, clock: Clock) -> None:
        self._name, self._base = settings.name, f"{settings.api.rstrip('/')}/bot{settings.token}"
        self._http = Http(settings.name, clock, settings.timeout_seconds)

    async def call(
        self, method: str, body: Mapping[str, object], timeout_seconds: float | None = None
    ) -> TelegramAnswer:
        """Call a method. Raises `DeliveryFailed` where no answer came."""
        url = f"{self._base}/{method}"
        return TelegramAnswer(await self._http.call("POST", url, to_json(body), timeout_seconds=timeout_seconds))

    def failed(self, told: TelegramAnswer) -> DeliveryFailed:
        """What a bad answer means."""
        if told.answer.good:
            return self._http.garbled(told.answer)
        failure = self._http.failed(told.answer, _why(told))
        asked = retry_after_seconds(told.parameter("retry_after"), 0.0)
        failure.retry_after_seconds = failure.retry_after_seconds if asked is None else asked
        return failure

    async def close(self) -> None:
        """Let go of connections."""
        await self._http.close()


class TelegramChannel:
    """One bot and its chats. A handle names the chats and the message in each: "chat:message chat:message"."""

    kind, keyed, edits = "telegram", False, True

    def __init__(
        self,
        settings: TelegramSettings,
        clock: Clock,
        put: Callable[[AlertCommand], object] | None = None,
        firing: Callable[[], tuple[Alert, ...]] = tuple,
    ) -> None:
        self.name, self._settings, self._clock = settings.name, settings, clock
        self._bot = Bot(settings, clock)
        self._moved: dict[int, int] = {}  #: chats that became supergroups, and what they are called since
        self._sent: Recent[str, dict[int, int]] = Recent()  #: by message key: which chats have it, while others lack it
        self._roots: Recent[tuple[str, int], int] = Recent()  #: the first message of a thread in a chat
        self.buttons = (
            Buttons(settings.name, self._bot.call, clock, self.chats, put, firing, settings.poll_seconds)
            if put is not None and settings.buttons
            else None
        )

    def chats(self) -> tuple[int, ...]:
        """The chats as they are called now."""
        return tuple(self._moved.get(chat, chat) for chat in self._settings.chats)

    async def run(self) -> None:
        """Listen to the buttons, for ever; without buttons there is nothing to do, for ever."""
        if self.buttons is not None:
            await self.buttons.run()
        await asyncio.Event().wait()

    async def send(self, message: Message, handle: str | None) -> str | None:
        """Send to, or edit in, all chats. A retry leaves out the chats that have the message.

        A chat that refuses does not keep the others from it: it is told of in the log, and fails only with all others.
        """
        stands = _read_handle(handle)
        have = self._sent.get(message.key) or {}
        refusals: list[DeliveryFailed] = []
        delays: list[DeliveryFailed] = []
        for chat in self.chats():
            if chat in have:
                continue
            try:
                place, number = await self._send(message, chat, stands.get(chat))
            except DeliveryFailed as failure:
                (refusals if failure.final or failure.handle_lost else delays).append(failure)
                continue
            have[place] = number
            self._sent.put(message.key, have)
        if delays:
            raise max(delays, key=lambda failure: failure.retry_after_seconds or 0.0)
        if not have:
            raise refusals[0]
        if refusals:
            log.error("telegram chat refused", channel=self.name, chats=len(refusals), reason=refusals[0].why)
        self._sent.forget(message.key)
        return " ".join(f"{chat}:{number}" for chat, number in have.items())

    async def close(self) -> None:
        """Let go of connections."""
        await self._bot.close()

    async def _send(self, message: Message, chat: int, stands: int | None) -> tuple[int, int]:
        body = render(message, chat, buttons=self.buttons is not None)
        if stands is not None:
            try:
                return chat, await self._edit(body, stands)
            except DeliveryFailed as failure:
                if not failure.handle_lost or len(self._settings.chats) == 1:
                    raise  # with several chats, the others' messages stand: this one gets a new one
        root = self._roots.get((message.thread, chat))
        if root is not None and not message.test:
            body["reply_parameters"] = {"message_id": root, "allow_sending_without_reply": True}
        told = await self._bot.call("sendMessage", body)
        moved = told.parameter("migrate_to_chat_id")
        if isinstance(moved, int) and not told.good:
            log.warning("telegram chat moved: set its new id", channel=self.name, chat=chat, new=moved)
            self._moved[next(own for own in self._settings.chats if self._moved.get(own, own) == chat)] = moved
            chat, told = moved, await self._bot.call("sendMessage", {**body, "chat_id": moved})
        number = told.result.get("message_id") if isinstance(told.result, dict) else None
        if not told.good or not isinstance(number, int):
            raise self._bot.failed(told)
        if root is None:
            self._roots.put((message.thread, chat), number)
        return chat, number

    async def _edit(self, body: Mapping[str, object], number: int) -> int:
        changed = {name: value for name, value in body.items() if name != "disable_notification"}
        told = await self._bot.call("editMessageText", {**changed, "message_id": number})
        if told.good or "message is not modified" in told.description:
            return number  # an edit that was repeated
        if any(words in told.description for words in ("message to edit not found", "message can't be edited",
                                                       "message_id_invalid")):  # fmt: skip
            raise DeliveryFailed(self.name, "the message to be edited is gone", handle_lost=True)
        raise self._bot.failed(told)


def render(message: Message, chat: int, *, buttons: bool = False) -> dict[str, object]:
    """The message for one chat. Chats do not fetch what it links to; what is not loud makes no sound."""
    follow = "\n".join(f"{word}: {url}" for word, url in links(message))
    title = cut(message.title, LIMIT // 4)
    text = cut(whole_text(message), LIMIT - LIMIT // 4 - len(follow) - 8)
    parts = (f"<b>{escape(title, quote=False)}</b>", escape(text, quote=False), escape(follow, quote=False))
    body: dict[str, object] = {
        "chat_id": chat,
        "text": "\n\n".join(part for part in parts if part),
        "parse_mode": "HTML",
        "link_preview_options": {"is_disabled": True},
        "disable_notification": not is_loud(message),
    }
    if buttons and len(message.changes) == 1 and not is_over(message) and not message.test:
        incident = message.changes[0].alert.incident
        row = [
            {"text": ACKNOWLEDGE, "callback_data": ACKNOWLEDGE_DATA + incident},
            {"text": SILENCE, "callback_data": SILENCE_DATA + incident},
        ]
        body["reply_markup"] = {"inline_keyboard": [row]}
    return body


def _read_handle(handle: str | None) -> dict[int, int]:
    """Chats and messages of a handle; what is none is left out."""
    found: dict[int, int] = {}
    for part in (handle or "").split():
        chat, _, number = part.partition(":")
        if chat.removeprefix("-").isdecimal() and number.isdecimal():
            found[int(chat)] = int(number)
    return found


def _why(told: TelegramAnswer) -> str:
    """The errors that people meet, in our words; "" for those that the status alone tells."""
    for words, why in (
        ("chat not found", "the bot does not know the chat: write to it there first"),
        ("bot was blocked", "the bot was blocked by the chat"),
        ("bot was kicked", "the bot was removed from the chat"),
        ("not enough rights", "the bot may not write in the chat"),
        ("can't parse entities", "the message's markup is refused"),
        ("message is too long", "the message is too long"),
    ):
        if words in told.description:
            return why
    return ""
