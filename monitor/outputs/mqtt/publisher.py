"""MQTT: the newest state by topic and every alert, from a bounded queue to a broker that may be slow, away or wrong.

Whoever publishes never waits. Of a state only the newest counts: it replaces one that still waits, is retained by the
broker, and is sent anew after each reconnect, because a broker that was restarted may have forgotten it. Alerts are
never merged: they go first, in order, each until the broker confirms it (QoS 1: one that was cut off may come twice).
When `alerts_limit` of them wait, or `topics_limit` states are known, the next one is refused: counted, logged once, and
said to the caller. What waits is never given up.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, count, islice
from math import inf

import structlog
from aiomqtt import MqttError
from aiomqtt.exceptions import MqttConnectError
from paho.mqtt.properties import Properties

from monitor.domain.clock import Clock
from monitor.domain.errors import MarginwatchError
from monitor.outputs.mqtt.connection import OFFLINE, ONLINE, Connection, connection, properties
from monitor.outputs.mqtt.settings import MqttSettings

log = structlog.get_logger(__name__)

AT_ONCE = 10  #: messages on their way together; more make the library warn for each of them

_LONGEST_TOPIC_BYTES = 65_535


@dataclass(frozen=True, slots=True, kw_only=True)
class MqttStatus:
    """How the connection does. Totals are since the start; `reason` says in words why it is not connected.

    `conflated_total` counts states that were replaced before they were sent, `refused_total` what found no room.
    """

    connected: bool
    reason: str
    published_total: int
    conflated_total: int
    refused_total: int
    connects_total: int
    failures_total: int
    alerts_waiting: int
    states_waiting: int


class NotTaken(MarginwatchError):
    """An alert that found no place in the queue; the words say why."""


@dataclass(frozen=True, slots=True, eq=False)
class _Message:
    topic: str
    payload: bytes
    qos: int
    retain: bool
    done: asyncio.Future[None] | None = None  #: somebody waits until it is confirmed


Listener = Callable[[bytes, bool], None]  #: what came in, and whether the broker had kept it
_Waiting = tuple[int | None, _Message]  #: an alert's serial number, None of a state


class Publisher:
    """One broker. `state` and `alert` only put down what is to be sent; `run` sends it, for ever."""

    def __init__(
        self,
        settings: MqttSettings,
        clock: Clock,
        jitter: Callable[[], float] = random.random,
        listeners: Mapping[str, Listener] | None = None,
        on_connected: Callable[[], None] | None = None,
    ) -> None:
        """`listeners` by topic are called with what comes in there, and must not raise; `on_connected` each time."""
        self._settings, self._clock, self._jitter = settings, clock, jitter
        self._listeners, self._on_connected = dict(listeners or {}), on_connected
        self._alerts: dict[int, _Message] = {}  #: by serial number, until confirmed
        self._states: dict[str, _Message] = {}  #: by topic, the newest, sent or not
        self._unsent: dict[str, None] = {}  #: topics whose newest state is not confirmed
        self._serial = count()
        self._filled = asyncio.Event()
        self._connected, self._reason = False, "not yet connected"
        self._nonce = f"{random.getrandbits(64):016x}".encode()
        self._trial: asyncio.Future[None] | None = None
        self._full: set[str] = set()  #: what was refused last
        self._published = self._conflated = self._refused = self._connects = self._failures = 0

    def state(self, topic: str, payload: bytes) -> bool:
        """The newest word on a topic; an empty one clears it at the broker. False: refused, too many or no topic."""
        if not _is_topic(topic):
            return self._refuse_topic(topic)
        if topic in self._unsent:
            self._conflated += 1
            del self._unsent[topic]  # a renewed state counts as put anew
        elif topic not in self._states and len(self._states) >= self._settings.topics_limit:
            return self._refuse("states", self._settings.topics_limit)
        self._full.discard("states")
        self._states[topic] = _Message(topic, payload, 0, True)
        self._unsent[topic] = None
        self._filled.set()
        return True

    def alert(self, topic: str, payload: bytes, *, retain: bool = False) -> bool:
        """One alert. False: refused, too many wait, or it is no topic; it will not be sent unless it is put again."""
        if not _is_topic(topic):
            return self._refuse_topic(topic)
        if len(self._alerts) >= self._settings.alerts_limit:
            return self._refuse("alerts", self._settings.alerts_limit)
        self._full.discard("alerts")
        self._alerts[next(self._serial)] = _Message(topic, payload, 1, retain)
        self._filled.set()
        return True

    async def deliver(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """One alert, until the broker has confirmed it; who gives up waiting takes it back. Raises `NotTaken`."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        serial = next(self._serial)
        if not _is_topic(topic) or len(self._alerts) >= self._settings.alerts_limit:
            raise NotTaken("no topic that can be published to" if not _is_topic(topic) else "too many alerts wait")
        self._alerts[serial] = _Message(topic, payload, 1, retain, done)
        self._filled.set()
        try:
            await done
        finally:
            self._alerts.pop(serial, None)

    def status(self) -> MqttStatus:
        """How it does now."""
        return MqttStatus(
            connected=self._connected,
            reason=self._reason,
            published_total=self._published,
            conflated_total=self._conflated,
            refused_total=self._refused,
            connects_total=self._connects,
            failures_total=self._failures,
            alerts_waiting=len(self._alerts),
            states_waiting=len(self._unsent),
        )

    async def run(self) -> None:
        """Connect, send, connect again. Never returns by itself, and fails for no fault of the broker's."""
        pauses = self._pauses()
        while True:
            since, client = None, None
            try:
                client = connection(self._settings)
                await self._connect(client)
                since = self._clock.monotonic()
                await self._serve(client)
            except (
                MqttError,
                ValueError,
                OSError,
            ) as error:  # a host that cannot be one, certificates that are not there
                self._failures += 1
                self._down(_words(error))
            finally:
                if client is not None:
                    await self._leave(client)
            if since is not None and self._clock.monotonic() - since >= self._settings.lasting_seconds:
                pauses = self._pauses()
            await self._clock.sleep(next(pauses))

    async def _leave(self, client: Connection) -> None:
        """Say that we go, for the broker sends no will of one who leaves politely; then close.

        Also where connecting failed: the library leaves the socket of a broker that never answers open.
        """
        with suppress(MqttError, TimeoutError):
            async with asyncio.timeout(self._settings.close_seconds):
                if self._connected and self._settings.status_topic:
                    await client.publish(self._settings.status_topic, OFFLINE, qos=1, retain=True, timeout=inf)
        with suppress(MqttError, TimeoutError):
            async with asyncio.timeout(self._settings.close_seconds):
                await client.__aexit__(None, None, None)

    async def _connect(self, client: Connection) -> None:
        """Dial. The library dials in a thread that cannot be stopped: a late one is told of, and waited for."""
        dialling = asyncio.ensure_future(client.__aenter__())
        try:
            await asyncio.wait({dialling}, timeout=self._settings.connect_seconds)
            if not dialling.done():
                self._down(f"no connection within {self._settings.connect_seconds:g} s")
                await asyncio.wait({dialling})
        except asyncio.CancelledError:
            await asyncio.wait({dialling}, timeout=self._settings.close_seconds)  # or its socket would stay open
            raise
        finally:
            if not dialling.cancel():
                failure = dialling.exception()
        if failure is not None:
            raise failure
        self._connects += 1

    async def _serve(self, client: Connection) -> None:
        """Send what waits and what comes, until the connection fails. Raises MqttError then."""
        self._unsent |= dict.fromkeys(self._states)
        trial = self._trial = asyncio.get_running_loop().create_future()
        hearing = asyncio.create_task(self._hear(client))
        tasks = {hearing}
        try:
            await self._greet(client, trial, hearing)
            tasks.add(asyncio.create_task(self._send(client)))
        except BaseException:
            hearing.cancel()
            await asyncio.gather(hearing, return_exceptions=True)
            raise
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _greet(self, client: Connection, trial: asyncio.Future[None], hearing: asyncio.Task[None]) -> None:
        """Subscribe, try whether what is published arrives, and say that we are there. Raises MqttError."""
        chosen = self._settings
        for topic in (*self._listeners, *((chosen.trial_topic,) if chosen.trial_topic else ())):
            await client.subscribe(topic, qos=1, timeout=chosen.publish_seconds)
        if chosen.trial_topic:
            await client.publish(chosen.trial_topic, self._nonce, qos=1, timeout=chosen.publish_seconds)
            await asyncio.wait({trial, hearing}, timeout=chosen.publish_seconds, return_when=asyncio.FIRST_COMPLETED)
            if not trial.done():
                why = client.denied or "it did not come back"
                raise MqttError(
                    f"we may not publish to and read from {chosen.trial_topic} ({why}): see the broker's ACL"
                )
        if chosen.status_topic:
            await client.publish(chosen.status_topic, ONLINE, qos=1, retain=True, timeout=chosen.publish_seconds)
        self._connected, self._reason = True, ""
        log.info("mqtt connected", waiting=len(self._alerts))
        if self._on_connected is not None:
            self._on_connected()

    async def _hear(self, client: Connection) -> None:
        """Take what comes in. Ends, by MqttError, when the connection does."""
        async for message in client.messages:
            topic, raw = message.topic.value, message.payload
            if topic == self._settings.trial_topic:
                if raw == self._nonce and self._trial is not None and not self._trial.done():
                    self._trial.set_result(None)
            elif topic in self._listeners:
                self._listeners[topic](raw, bool(message.retain))

    async def _send(self, client: Connection) -> None:
        while True:
            waiting = list(islice(self._waiting(), AT_ONCE))
            if not waiting:
                self._filled.clear()
                await self._filled.wait()
                continue
            try:
                async with asyncio.timeout(self._settings.publish_seconds):
                    await self._deliver_all(client, waiting)
            except TimeoutError:
                raise MqttError(f"nothing confirmed within {self._settings.publish_seconds:g} s") from None

    async def _deliver_all(self, client: Connection, waiting: list[_Waiting]) -> None:
        """Send them together; one alone without a task of its own, which would make it wait for its turn."""
        if len(waiting) == 1:
            await self._deliver(client, *waiting[0])
            return
        together = (self._deliver(client, serial, message) for serial, message in waiting)
        for result in await asyncio.gather(*together, return_exceptions=True):
            if isinstance(result, BaseException):
                raise result

    def _waiting(self) -> Iterator[_Waiting]:
        """Alerts with their serial number first, then states."""
        return chain(self._alerts.items(), ((None, self._states[topic]) for topic in self._unsent))

    async def _deliver(self, client: Connection, serial: int | None, message: _Message) -> None:
        """Send one; only what was confirmed is forgotten."""
        await client.publish(
            message.topic,
            message.payload,
            qos=message.qos,
            retain=message.retain,
            properties=self._properties(message),
            timeout=inf,  # the deadline is ours: one for all that are sent together
        )
        if client.denied:
            raise MqttError(f"the broker refuses what we publish ({client.denied}): see its ACL")
        self._published += 1
        if serial is not None:
            self._alerts.pop(serial, None)
            if message.done is not None and not message.done.done():
                message.done.set_result(None)
        elif self._states.get(message.topic) is message:
            self._unsent.pop(message.topic, None)
            if not message.payload:
                del self._states[message.topic]

    def _properties(self, message: _Message) -> Properties | None:
        if self._settings.version != 5:
            return None
        return properties(self._settings.expiry_seconds if message.retain and message.payload else 0.0)

    def _refuse(self, what: str, limit: int) -> bool:
        self._refused += 1
        if what not in self._full:
            self._full.add(what)
            log.error("mqtt queue full", what=what, limit=limit, reason=self._reason)
        return False

    def _refuse_topic(self, topic: str) -> bool:
        """The broker would hang up on us for it, again and again."""
        self._refused += 1
        if "topic" not in self._full:
            self._full.add("topic")
            log.error("mqtt topic refused", topic=topic[:100])
        return False

    def _down(self, reason: str) -> None:
        if self._connected or self._reason != reason:
            log.warning("mqtt lost" if self._connected else "mqtt not connected", reason=reason)
        self._connected, self._reason = False, reason

    def _pauses(self) -> Iterator[float]:
        """Seconds before each further attempt: growing to the cap, halved at most by chance."""
        pause = self._settings.backoff_first_seconds
        while True:
            yield pause * (0.5 + self._jitter() / 2)
            pause = min(self._settings.backoff_cap_seconds, pause * self._settings.backoff_factor)


def _is_topic(topic: str) -> bool:
    """Whether one can publish to it (MQTT 3.1.1, section 4.7)."""
    try:
        return 0 < len(topic.encode()) <= _LONGEST_TOPIC_BYTES and not any(sign in topic for sign in "+#\0")
    except UnicodeEncodeError:
        return False


def _words(error: MqttError | ValueError | OSError) -> str:
    """What went wrong; the library's texts hold neither the user's name nor the password."""
    return f"the broker refused us: {error}" if isinstance(error, MqttConnectError) else str(error) or "gone"
