"""Alertmanager's API v2: every firing alert told again and again, to all members of a cluster, each ended by name.

What is told there is remembered only until it ends: whoever fires now is asked anew each time, so that the members
agree with us again after any loss, of theirs or ours. Severity is a label there, so another level is another alert:
the new one is posted first, then the old one ended, and nobody hears a pause between them.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice

import structlog

from monitor.domain.alerts import Alert, AlertChange, AlertState, Change, Severity
from monitor.domain.clock import Clock
from monitor.domain.delivery import DeliveryFailed, Message
from monitor.domain.fingerprints import fingerprint, identity
from monitor.outputs.channels.http import Http, to_json
from monitor.outputs.channels.posted import Posted, label_name, posted
from monitor.outputs.channels.wording import Like, alert_link, built_in, runbook_link, whole_text

log = structlog.get_logger(__name__)

LASTS_RESENDS = 4  #: an alert that we no longer tell of lasts that many resends: it survives our short absences
RESOLVE_REPEATS = 5  #: how often an end is told again, for members that were away
AT_ONCE = 200  #: alerts in one request
FRESH_SECONDS = 5.0  #: so long a message knows better than the picture of what fires
QUEUED = 20  #: requests that wait for one member; one that is further behind hears all by the next resend
TEST_SECONDS = 300.0
WATCHDOG = "MarginwatchWatchdog"

#: States in which an alert stands at Alertmanager; what we keep quiet does not.
_STANDING = frozenset({AlertState.FIRING, AlertState.ACKNOWLEDGED})


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertmanagerSettings:
    """All members of one cluster, each by its own address (never a load balancer's), and labels that are added.

    `external_url` is the monitor's own address, for links; "" for none. `watchdog`: an alert that always fires, so
    that its absence tells of ours.
    """

    name: str
    urls: tuple[str, ...] = field(repr=False)
    resend_seconds: float = 60.0
    labels: Mapping[str, str] = field(default_factory=dict)
    username: str = ""
    password: str = field(default="", repr=False)
    timeout_seconds: float = 10.0
    external_url: str = ""
    watchdog: bool = True


class AlertmanagerChannel:
    """One cluster. A message is delivered when one member took it; the others have it with the next resend."""

    kind, keyed, edits = "alertmanager", True, False

    def __init__(
        self,
        settings: AlertmanagerSettings,
        clock: Clock,
        firing: Callable[[], tuple[Alert, ...]] = tuple,
        like: Like = built_in,
    ) -> None:
        self.name, self._settings, self._clock, self._like = settings.name, settings, clock, like
        self._firing = firing
        self._http = Http(settings.name, clock, settings.timeout_seconds)
        self._urls = tuple(f"{url.rstrip('/')}/api/v2/alerts" for url in settings.urls)
        self._headers: Mapping[str, str] = {}
        if settings.username:
            pair = f"{settings.username}:{settings.password}".encode()
            self._headers = {"Authorization": f"Basic {b64encode(pair).decode()}"}
        self._started = clock.now()
        self._standing: dict[str, Posted] = {}  #: what fires there, by the fingerprint there
        self._told: dict[str, float] = {}  #: when a message told of an alert, by our identity
        self._ended: dict[str, tuple[Posted, float, int]] = {}  #: what ended, when, and how often it is to be repeated
        self._away: dict[int, str] = {}  #: members that did not take the last request, by their place, and why
        self._lines = [asyncio.Lock() for _ in settings.urls]
        self._queued = [0 for _ in settings.urls]
        self._under_way: set[asyncio.Task[DeliveryFailed | None]] = set()
        self._turn = asyncio.Lock()  #: a resend that overtook a message would tell what was before it

    async def run(self) -> None:
        """Tell again what fires and what ended, for ever."""
        while True:
            with suppress(DeliveryFailed):  # `_member` has told of it
                await self.resend()
            await self._clock.sleep(self._settings.resend_seconds)

    async def resend(self) -> None:
        """Tell all members what fires now, and end what no longer does. Raises `DeliveryFailed` if none takes it."""
        async with self._turn:
            now = self._clock.now()
            firing = self._firing_now(now)
            for gone in [one for key, one in self._standing.items() if key not in firing]:
                self._end(gone, now)
            for one in firing.values():
                self._stand(one)
            watchdog = (self._watchdog(),) if self._settings.watchdog else ()
            repeated, self._ended = self._ended, {
                key: (one, at, left - 1) for key, (one, at, left) in self._ended.items() if left > 1
            }  # fmt: skip
            # What fires goes before what ended: a new level before the old one's end.
            await self._post(one.body(self._lasts(now)) for one in (*watchdog, *firing.values()))
            await self._post(one.body(at) for one, at, _ in repeated.values())

    async def send(self, message: Message, handle: str | None) -> str | None:  # noqa: ARG002  # nothing to edit
        """Tell of changes at once. There are no handles: an alert there is edited by its labels."""
        async with self._turn:
            now = self._clock.now()
            if not message.changes:
                await self._post([self._test(message).body(now + TEST_SECONDS)])
                return None
            stand: list[Posted] = []
            end: list[Posted] = []
            for change in message.changes:
                alert, single = change.alert, len(message.changes) == 1
                one = self._posted(alert, message if single else None)
                self._told[one.identity] = now
                (stand if _stands(change) else end).append(one)
                end += (old for old in self._earlier(change) if old.fingerprint != one.fingerprint)
            for one in stand:
                self._stand(one)
            for one in end:
                self._end(one, now)
            await self._post(one.body(self._lasts(now)) for one in stand)
            await self._post(one.body(now) for one in end)
        return None

    async def close(self) -> None:
        """Let go of connections, and of members that still have not answered."""
        left = tuple(self._under_way)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        await self._http.close()

    def _firing_now(self, now: float) -> dict[str, Posted]:
        """What is to stand there. Of what a message just told the picture may be older than the message."""
        fresh = min(FRESH_SECONDS, self._settings.resend_seconds / 2)
        self._told = {own: at for own, at in self._told.items() if 0 <= now - at < fresh}
        pictured = (self._posted(alert) for alert in self._firing() if alert.state in _STANDING)
        found = [one for one in pictured if one.identity not in self._told]
        found += (one for one in self._standing.values() if one.identity in self._told)
        return {one.fingerprint: one for one in found}

    def _earlier(self, change: AlertChange) -> list[Posted]:
        """The same alert at other levels: the one that it had, and whichever stands there still."""
        own = identity(change.alert.rule, change.alert.labels)
        found = {one.fingerprint: one for one in self._standing.values() if one.identity == own}
        if change.previous is not None:
            one = self._posted(change.alert, level=change.previous)
            found.setdefault(one.fingerprint, one)
        return list(found.values())

    def _posted(self, alert: Alert, message: Message | None = None, level: str | None = None) -> Posted:
        base = self._settings.external_url
        return posted(
            alert,
            level=level,
            labels=self._settings.labels,
            like=self._like,
            link=alert_link(base, alert) or (message.link if message else ""),
            runbook=runbook_link(base, alert) or (message.runbook if message else ""),
        )

    def _stand(self, one: Posted) -> None:
        self._standing[one.fingerprint] = one
        self._ended.pop(one.fingerprint, None)

    def _end(self, one: Posted, now: float) -> None:
        self._standing.pop(one.fingerprint, None)
        self._ended[one.fingerprint] = (one, now, RESOLVE_REPEATS)

    def _lasts(self, now: float) -> float:
        return now + LASTS_RESENDS * self._settings.resend_seconds

    def _watchdog(self) -> Posted:
        base = self._settings.external_url.rstrip("/")
        runbook = f"{base}/runbooks/{WATCHDOG}" if base else ""
        return self._own(WATCHDOG, "The monitor lives: this alert always fires.", "", self._started, runbook)

    def _test(self, message: Message) -> Posted:
        return self._own("MarginwatchTest", message.title, whole_text(message), message.at or self._clock.now())

    def _own(self, name: str, summary: str, text: str, since: float, runbook: str = "") -> Posted:
        labels = {label_name(name): value for name, value in self._settings.labels.items() if value}
        labels |= {"alertname": name, "severity": str(Severity.INFO)}
        said = {"summary": summary, "description": text, "runbook_url": runbook}
        words = {key: value for key, value in said.items() if value}
        return Posted(
            labels=labels,
            annotations=words,
            since=since,
            url=self._settings.external_url,
            identity=name,
            fingerprint=fingerprint(labels),
        )

    async def _post(self, bodies: Iterable[dict[str, object]]) -> None:
        """To all members at once. Raises the first one's failure where none took it."""
        left = iter(bodies)
        while some := list(islice(left, AT_ONCE)):
            await self._first(to_json(some))

    async def _first(self, body: bytes) -> None:
        """Until one member took it; nobody waits for the others, which go on by themselves."""
        waiting = {asyncio.create_task(self._member(place, body)) for place in range(len(self._urls))}
        self._under_way |= waiting
        for task in waiting:
            task.add_done_callback(self._under_way.discard)
        failures: list[DeliveryFailed] = []
        while waiting:
            try:
                done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            except asyncio.CancelledError:
                for task in waiting:  # whoever sends gave up: what comes next does not queue behind it
                    task.cancel()
                raise
            for failure in (task.result() for task in done):
                if failure is None:
                    return
                failures.append(failure)
        raise min(failures, key=lambda failure: failure.final)

    async def _member(self, place: int, body: bytes) -> DeliveryFailed | None:
        """One member, one request after the other: what is told later must not arrive before."""
        if self._queued[place] >= QUEUED:
            return DeliveryFailed(self.name, "it does not answer and is behind")
        self._queued[place] += 1
        try:
            async with self._lines[place]:
                return await self._ask(place, body)
        finally:
            self._queued[place] -= 1

    async def _ask(self, place: int, body: bytes) -> DeliveryFailed | None:
        failure: DeliveryFailed | None = None
        try:
            answer = await self._http.call("POST", self._urls[place], body, self._headers)
            failure = None if answer.good else self._http.failed(answer)
        except DeliveryFailed as error:
            failure = error
        why = failure.why if failure else ""
        if why != self._away.get(place, ""):
            told = {"channel": self.name, "member": place + 1, "of": len(self._urls)}
            if failure:
                log.warning("alertmanager did not take alerts", **told, reason=why)
            else:
                log.info("alertmanager takes alerts again", **told)
        self._away[place] = why
        return failure


def _stands(change: AlertChange) -> bool:
    """Whether the alert fires there after the change."""
    return change.change is not Change.RESOLVED and change.alert.state in _STANDING
