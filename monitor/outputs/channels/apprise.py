"""Any service that Apprise knows, by its URL. Apprise blocks, so each message has a thread; few hang at a time.

The threads are the program's daemons: one that hangs keeps neither other channels nor the end of the program waiting.
Apprise tells success or failure and no more; what it logs holds addresses, so its log is silenced.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypedDict

import structlog

from monitor.domain.alerts import Level, Severity
from monitor.domain.clock import Clock
from monitor.domain.delivery import DeliveryFailed, Message
from monitor.outputs.channels.recent import Recent
from monitor.outputs.channels.wording import Like, built_in, is_over, links, loudest, whole_text

if TYPE_CHECKING:
    from apprise import Apprise

log = structlog.get_logger(__name__)

THREADS = 3  #: attempts of one channel that may hang at a time; further ones fail at once

_TYPES: Mapping[Level, str] = {Severity.INFO: "info", Severity.WARNING: "warning", Severity.CRITICAL: "failure"}

#: Loggers of the libraries; their lines hold addresses, and addresses hold tokens.
_TALKATIVE = ("apprise", "urllib3.connectionpool", "requests_oauthlib", "markdown")


@dataclass(frozen=True, slots=True, kw_only=True)
class AppriseSettings:
    """Apprise's URL of a service; it holds the password."""

    name: str
    url: str = field(repr=False)
    timeout_seconds: float = 10.0


class AppriseChannel:
    """One service. An attempt that outlives its deadline goes on: the next one for the same message waits for it."""

    kind, keyed, edits = "apprise", False, False

    def __init__(self, settings: AppriseSettings, clock: Clock, like: Like = built_in) -> None:
        self.name, self._settings, self._clock, self._like = settings.name, settings, clock, like
        self._attempts: dict[str, asyncio.Future[bool]] = {}  #: that are under way, by the message's key
        self._late: Recent[str, bool] = Recent()  #: messages that arrived when nobody waited any more
        self._told_stuck = False

    async def send(self, message: Message, handle: str | None) -> str | None:  # noqa: ARG002  # nothing to edit
        """Hand it to Apprise; there are no handles."""
        if self._late.get(message.key):
            self._late.forget(message.key)
            return None
        attempt = self._attempts.get(message.key) or self._begin(message)
        # Whoever waits may give up; the attempt goes on, since a thread cannot be stopped.
        done, _ = await asyncio.wait({attempt}, timeout=self._settings.timeout_seconds)
        if not done:
            raise DeliveryFailed(self.name, f"no answer within {self._settings.timeout_seconds:g} s", uncertain=True)
        self._late.forget(message.key)
        if not attempt.result():
            raise DeliveryFailed(self.name, "Apprise could not deliver it", uncertain=True)
        return None

    @property
    def attempts(self) -> int:
        """How many are under way, or hang."""
        return len(self._attempts)

    async def close(self) -> None:
        """Nothing to let go of: what hangs ends with the program."""

    def _begin(self, message: Message) -> asyncio.Future[bool]:
        if len(self._attempts) >= THREADS:
            if not self._told_stuck:
                log.warning("apprise hangs", channel=self.name, attempts=len(self._attempts))
            self._told_stuck = True
            raise DeliveryFailed(self.name, f"{len(self._attempts)} earlier attempts still hang")
        loop = asyncio.get_running_loop()
        attempt: asyncio.Future[bool] = loop.create_future()
        self._attempts[message.key] = attempt
        attempt.add_done_callback(lambda done: self._ended(message.key, done))

        def work() -> None:
            taken = notify(self.name, self._settings.url, message, self._like)
            with suppress(RuntimeError):  # the loop was closed meanwhile: nobody asks any more
                loop.call_soon_threadsafe(_settle, attempt, taken)

        threading.Thread(target=work, name=f"apprise {self.name}", daemon=True).start()
        return attempt

    def _ended(self, key: str, attempt: asyncio.Future[bool]) -> None:
        self._attempts.pop(key, None)
        if not attempt.cancelled() and attempt.result():
            self._late.put(key, True)  # whoever waits still takes it from there at once
        if self._told_stuck and not self._attempts:
            log.info("apprise hangs no more", channel=self.name)
            self._told_stuck = False


def check(settings: AppriseSettings) -> str:
    """What is wrong with the URL, "" for nothing; without asking the network. The words do not hold the URL."""
    try:
        service = _service(settings.url)
    except Exception as error:  # a plug-in may fail as it likes on a bad URL
        return f"Apprise cannot read the URL ({type(error).__name__}): see its documentation of the service"
    if service is not None:
        return "" if len(service) == 1 else "holds several services: give each a channel of its own"
    scheme = settings.url.partition("://")[0]
    known = scheme.isascii() and scheme.isalnum() and len(scheme) < 20 and "://" in settings.url
    return (
        f"Apprise does not know {scheme}:// or misses a part of the URL: see its list of services"
        if known
        else "must begin with the scheme of a service, such as ntfy://"
    )


class Arguments(TypedDict):
    """Those of Apprise's `notify`."""

    title: str
    body: str
    notify_type: str
    body_format: str


def render(message: Message, like: Like = built_in) -> Arguments:
    """Plain text, and how grave it is."""
    follow = "\n".join(f"{word}: {url}" for word, url in links(message))
    return {
        "title": message.title,
        "body": "\n\n".join(part for part in (whole_text(message), follow) if part) or message.title,
        "notify_type": "success" if is_over(message) else _TYPES.get(loudest(message, like), "warning"),
        "body_format": "text",
    }


def notify(channel: str, url: str, message: Message, like: Like = built_in) -> bool:
    """Deliver, however long it takes; in a thread. No failure of Apprise's comes out of it but False."""
    try:
        service = _service(url)
        return service is not None and bool(service.notify(**render(message, like)))
    except Exception as error:  # of any of 180 plug-ins; its words may hold the URL
        log.error("apprise failed", channel=channel, error=type(error).__name__)
        return False


def _service(url: str) -> Apprise | None:
    """A new object each time: a hanging one is not shared. None where the URL is of no service."""
    from apprise import Apprise, AppriseAsset  # takes its time, so not before it is needed

    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    # One after another and without its own deadline, it works in the thread that calls it: in its pools' threads
    # a hanging service would keep the program from ending. Without icons, which the readers' phones would fetch.
    asset = AppriseAsset(
        app_id="marginwatch",
        app_desc="marginwatch",
        async_mode=False,
        service_timeout=0,
        image_url_mask="",
        image_url_logo="",
    )
    service = Apprise(asset=asset)
    return service if service.add(url) and len(service) else None


def _settle(attempt: asyncio.Future[bool], taken: bool) -> None:
    if not attempt.done():
        attempt.set_result(taken)
