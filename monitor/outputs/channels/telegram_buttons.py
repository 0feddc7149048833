"""The buttons below Telegram messages: long polling for those that were pressed, and what they ask of the alerts.

Only the configured chats are heard; what comes from elsewhere is counted and not answered.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

import structlog

from monitor.domain.alerts import Alert, Matcher, Silence
from monitor.domain.clock import Clock
from monitor.domain.commands import AcknowledgeAlert, AlertCommand, SilenceAlerts
from monitor.domain.delivery import DeliveryFailed
from monitor.domain.errors import MarginwatchError
from monitor.outputs.channels.http import retry_after_seconds
from monitor.outputs.channels.wording import ACKNOWLEDGED, NO_LONGER, NOT_TAKEN, SILENCED, SILENCED_BY_BUTTON

if TYPE_CHECKING:
    from monitor.outputs.channels.telegram import TelegramAnswer

log = structlog.get_logger(__name__)

ACKNOWLEDGE_DATA, SILENCE_DATA = (
    "ack:",
    "sil:",
)  #: what a button says when pressed, before the incident; 64 bytes at most
SILENCE_SECONDS = 3600.0
PAUSE_FIRST_SECONDS, PAUSE_CAP_SECONDS = 1.0, 60.0

Call = Callable[[str, Mapping[str, object], float | None], Awaitable["TelegramAnswer"]]


class Press(NamedTuple):
    """Somebody pressed a button."""

    id: str
    chat: int
    who: str
    data: str


class Buttons:
    """Listens for one bot. `foreign_total` counts presses from chats that are not ours."""

    def __init__(
        self,
        channel: str,
        call: Call,
        clock: Clock,
        chats: Callable[[], tuple[int, ...]],
        put: Callable[[AlertCommand], object],
        firing: Callable[[], tuple[Alert, ...]],
        poll_seconds: float,
    ) -> None:
        self._channel, self._call, self._clock, self._chats = channel, call, clock, chats
        self._put, self._firing, self._poll_seconds = put, firing, poll_seconds
        self._offset = 0
        self.foreign_total = 0
        self.reason = ""  #: why presses are not heard at present

    async def run(self) -> None:
        """Ask for presses, for ever. A failure is said once, and asked again after a growing pause."""
        pause = PAUSE_FIRST_SECONDS
        while True:
            try:
                wait = await self._poll()
            except DeliveryFailed as failure:
                self._trouble(failure.why)
                wait = pause
            if wait is None:
                self._trouble("")
                pause = PAUSE_FIRST_SECONDS
                continue
            await self._clock.sleep(max(wait, pause))
            pause = min(PAUSE_CAP_SECONDS, pause * 2)

    async def _poll(self) -> float | None:
        """Ask once. Returns seconds to wait where Telegram refused, None where all is well."""
        asked = {"offset": self._offset, "timeout": int(self._poll_seconds), "allowed_updates": ["callback_query"]}
        told = await self._call("getUpdates", asked, self._poll_seconds + 10.0)
        if told.good and isinstance(told.result, list):
            for update in told.result:
                await self._take(update)
            return None
        if told.answer.status == 409:
            self._trouble(
                "another program asks for this bot's updates, or the bot has a webhook: stop it, or delete that"
            )
        else:
            self._trouble(f"Telegram does not tell who pressed a button (status {told.answer.status})")
        return retry_after_seconds(told.parameter("retry_after"), 0.0) or 0.0

    async def _take(self, update: object) -> None:
        """One update; the next poll confirms it, whatever it was."""
        if not isinstance(update, dict) or not isinstance(update.get("update_id"), int):
            return
        self._offset = max(self._offset, update["update_id"] + 1)
        press = _press(update.get("callback_query"))
        if press is None:
            return
        if press.chat not in self._chats():
            self.foreign_total += 1
            log.warning("telegram button pressed in a foreign chat", channel=self._channel, total=self.foreign_total)
            return
        words = self._obey(press)
        with suppress(DeliveryFailed):  # it is done all the same; the button only keeps turning
            await self._call("answerCallbackQuery", {"callback_query_id": press.id, "text": words}, None)

    def _obey(self, press: Press) -> str:
        """Do what a button asks; returns what the one who pressed it is told."""
        incident = press.data[len(ACKNOWLEDGE_DATA) :]
        alert = next((one for one in self._firing() if one.incident == incident), None)
        if alert is None:
            return NO_LONGER
        now = self._clock.now()
        command: AlertCommand
        if press.data.startswith(ACKNOWLEDGE_DATA):
            command = AcknowledgeAlert(
                fingerprint=alert.fingerprint, author=press.who, via="telegram", at=now, incident=incident
            )
        elif press.data.startswith(SILENCE_DATA):
            command = SilenceAlerts(silence=_silence(alert, press, now), via="telegram", at=now)
        else:
            return NO_LONGER
        try:
            self._put(command)
        except MarginwatchError as error:
            log.error("telegram button not taken", channel=self._channel, reason=str(error))
            return NOT_TAKEN
        return ACKNOWLEDGED if isinstance(command, AcknowledgeAlert) else SILENCED

    def _trouble(self, reason: str) -> None:
        if reason != self.reason:
            if reason:
                log.warning("telegram buttons are not heard", channel=self._channel, reason=reason)
            else:
                log.info("telegram buttons are heard again", channel=self._channel)
        self.reason = reason


def _press(query: object) -> Press | None:
    """A callback query that is whole; None of anything else."""
    match query:
        case {"id": str(id_), "data": str(data), "from": dict(who), "message": {"chat": {"id": int(chat)}}}:
            return Press(id_, chat, _who(who), data)
        case _:
            return None


def _who(person: Mapping[str, object]) -> str:
    """How the one who pressed is called: by user name, else by first name, else by number."""
    for name in ("username", "first_name", "id"):
        found = "".join(sign for sign in str(person.get(name) or "") if sign.isprintable()).strip()
        if found:
            return found[:64]
    return "somebody"


def _silence(alert: Alert, press: Press, now: float) -> Silence:
    """Of exactly this alert, for an hour; pressed twice it is the same one, begun anew."""
    matchers = (
        Matcher(name="rule", value=alert.rule),
        *(Matcher(name=name, value=value) for name, value in sorted(alert.labels.items())),
    )
    return Silence(
        id=f"telegram-{alert.incident}",
        matchers=matchers,
        starts=now,
        ends=now + SILENCE_SECONDS,
        author=press.who,
        comment=SILENCED_BY_BUTTON,
    )
