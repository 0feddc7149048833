"""The broker as a channel: messages as events, and what stands as retained states that are renewed in time."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import msgspec
import structlog

from monitor.domain.alerts import Alert, Change
from monitor.domain.clock import Clock
from monitor.domain.commands import AlertCommand, SilenceAlerts
from monitor.domain.delivery import DeliveryFailed, Message
from monitor.domain.errors import MarginwatchError
from monitor.domain.group_reports import GroupReport
from monitor.domain.names import AccountKey
from monitor.domain.reports import AccountReport, PoolReport
from monitor.domain.view import View
from monitor.outputs.mqtt import payloads
from monitor.outputs.mqtt.commands import CommandRefused, command
from monitor.outputs.mqtt.homeassistant import Discovery
from monitor.outputs.mqtt.publisher import Listener, MqttStatus, NotTaken, Publisher
from monitor.outputs.mqtt.settings import MqttSettings
from monitor.outputs.mqtt.topics import Topics

log = structlog.get_logger(__name__)

RENEW_RATIO = 0.5  #: of its expiry after which a state that did not change is published again
AT_ONCE = 25  #: states made in one turn of the loop


class MqttChannel:
    """One broker. `run` lasts for ever; `latest` gives what is shown, `put` takes what people ask for."""

    kind = "mqtt"
    keyed = True  #: a retained state is one, however often it is published
    edits = False

    def __init__(
        self,
        settings: MqttSettings,
        topics: Topics,
        clock: Clock,
        latest: Callable[[], View],
        *,
        state_every_seconds: float = 1.0,
        put: Callable[[AlertCommand], None] | None = None,
        discovery: Discovery | None = None,
        name: str = "mqtt",
    ) -> None:
        """`put` None: nobody may ask for anything. `discovery` None: nothing is announced to Home Assistant."""
        self.name = name
        self._topics, self._clock, self._latest = topics, clock, latest
        self._every, self._expiry = state_every_seconds, settings.expiry_seconds
        self._put, self._discovery = put, discovery
        listeners: dict[str, Listener] = {}
        if put is not None:
            listeners[topics.command] = self._command
        if discovery is not None:
            listeners[discovery.birth_topic] = self._birth
        whole = replace(settings, status_topic=topics.status, trial_topic=topics.trial)
        self._publisher = Publisher(whole, clock, listeners=listeners)
        self._said: dict[str, tuple[object, float]] = {}  #: by topic: what was published last, and when
        self._over: set[str] = set()  #: incidents that ended while a picture is shown in which they stand
        self._announced: dict[str, bytes] = {}
        self._announced_of: tuple[tuple[AccountKey, ...], tuple[str, ...]] = ((), ())

    def status(self) -> MqttStatus:
        """How the connection does."""
        return self._publisher.status()

    async def run(self) -> None:
        """Keep the connection and show what stands."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._publisher.run(), name="mqtt connection")
            tasks.create_task(self._show_for_ever(), name="mqtt states")

    async def send(self, message: Message, handle: str | None) -> str | None:
        """Publish one message as an event, and the states of its alerts."""
        del handle  # nothing is edited: a state is replaced
        status = self._publisher.status()
        if not status.connected:
            raise DeliveryFailed(self.name, f"no connection to the broker: {status.reason}")
        now = self._clock.now()
        for change in message.changes:
            if not message.test:
                self._show_alert(change.alert, now, gone=change.change is Change.RESOLVED)
        try:
            await self._publisher.deliver(self._topics.events, payloads.event_payload(message))
        except NotTaken as refusal:
            raise DeliveryFailed(self.name, str(refusal)) from None
        return None

    async def close(self) -> None:
        """Nothing: the connection ends with `run`."""

    async def _show_for_ever(self) -> None:
        while True:
            await self._show(self._latest())
            await self._clock.sleep(self._every)

    async def _show(self, view: View) -> None:
        """Publish what is another than before, or old; clear what is gone. The loop turns meanwhile."""
        standing: set[str] = set()
        self._over.clear()
        for number, topic in enumerate(self._shown(view, self._clock.now()), 1):
            standing.add(topic)
            if number % AT_ONCE == 0:
                await asyncio.sleep(0)
        for topic in [topic for topic in self._said if topic not in standing]:
            del self._said[topic]
            self._publisher.state(topic, b"")
        await self._announce(view)

    def _shown(self, view: View, now: float) -> Iterator[str]:
        """Show all that stands, one after the other; yields its topics."""
        by_account: dict[tuple[str, str], list[Alert]] = {}
        by_group: dict[str, list[Alert]] = {}
        for alert in view.alerts:
            by_group.setdefault(alert.labels.get("group", ""), []).append(alert)
            by_account.setdefault((alert.labels.get("venue", ""), alert.labels.get("account", "")), []).append(alert)
            if alert.incident not in self._over:
                self._show_alert(alert, now)
            yield self._topics.alert(alert.fingerprint)
        for report in view.accounts:
            yield self._show_account(report, by_account.get(report.key, []), now)
            for pool in report.pools:
                yield self._show_pool(pool, report.at, now)
        for group in view.groups:
            yield self._show_group(group, by_group.get(group.name, []), now)

    def _show_account(self, report: AccountReport, alerts: Iterable[Alert], now: float) -> str:
        topic = self._topics.account(report.key)
        firing = tuple(alerts)
        if self._is_news(topic, (report, *(alert.severity for alert in firing)), now):
            self._publisher.state(topic, payloads.account_payload(report, firing))
        return topic

    def _show_group(self, group: GroupReport, alerts: Iterable[Alert], now: float) -> str:
        topic = self._topics.group(group.name)
        firing = tuple(alerts)
        if self._is_news(topic, (group, *(alert.severity for alert in firing)), now):
            self._publisher.state(topic, payloads.group_payload(group, firing))
        return topic

    def _show_pool(self, pool: PoolReport, at: float, now: float) -> str:
        topic = self._topics.pool(pool.key)
        if self._is_news(topic, pool, now):
            self._publisher.state(topic, payloads.pool_payload(pool, at))
        return topic

    def _show_alert(self, alert: Alert, now: float, *, gone: bool = False) -> None:
        topic = self._topics.alert(alert.fingerprint)
        if gone:
            self._over.add(alert.incident)
            self._said.pop(topic, None)
            self._publisher.state(topic, b"")
        elif self._is_news(topic, alert, now):
            self._publisher.state(topic, payloads.alert_payload(alert, now))

    def _is_news(self, topic: str, what: object, now: float) -> bool:
        """Whether a state must be published: it is another than before, or the broker would soon forget it."""
        before = self._said.get(topic)
        renewed = self._expiry <= 0.0 or (before is not None and 0.0 <= now - before[1] < RENEW_RATIO * self._expiry)
        if before is not None and before[0] == what and renewed:
            return False
        self._said[topic] = (what, now)
        return True

    async def _announce(self, view: View) -> None:
        """Tell Home Assistant of accounts and groups that are new, and take back what is gone."""
        announced_of = tuple(report.key for report in view.accounts), tuple(group.name for group in view.groups)
        if self._discovery is None or announced_of == self._announced_of:
            return
        wanted: dict[str, bytes] = {}
        for number, (topic, payload) in enumerate(self._discovery.announcements(view), 1):
            wanted[topic] = payload
            if number % AT_ONCE == 0:
                await asyncio.sleep(0)
        for topic in self._announced.keys() - wanted.keys():
            self._publisher.state(topic, b"")
        for topic, payload in wanted.items():
            if self._announced.get(topic) != payload:
                self._publisher.state(topic, payload)
        self._announced, self._announced_of = wanted, announced_of

    def _birth(self, raw: bytes, _retained: bool) -> None:
        """Home Assistant was started: it has forgotten what it was told, unless the broker retained it."""
        if raw == b"online":
            for topic, payload in self._announced.items():
                self._publisher.state(topic, payload)
            self._said = dict.fromkeys(self._said, (None, 0.0))  # still known, so that what ends now is cleared

    def _command(self, raw: bytes, retained: bool) -> None:
        answer: dict[str, object] = {"ok": True}
        assert self._put is not None  # nobody listens otherwise
        try:
            if retained:
                raise CommandRefused("it is retained: it would be carried out again after each reconnect")
            asked = command(raw, self._clock.now(), lambda: secrets.token_hex(8))
            self._put(asked)
        except MarginwatchError as refusal:  # no command, or there is no room for one
            log.warning("mqtt command refused", reason=str(refusal)[:200])
            answer = {"ok": False, "error": str(refusal)}
        else:
            if isinstance(asked, SilenceAlerts):
                answer["id"] = asked.silence.id
        self._publisher.alert(self._topics.result, msgspec.json.encode(answer))
