"""MQTT: the newest state by topic and every alert, from a bounded queue to a broker that may be slow, away or wrong.

Whoever publishes never waits. Of a state only the newest counts: it replaces one that still waits, is retained by the
broker, and is sent anew after each reconnect, because a broker that was restarted may have forgotten it. Alerts are
never merged: they go first, in order, each until the broker confirms it (QoS 1: one that was cut off may come twice).
When `alerts_limit` of them wait, or `topics_limit` states are known, the next one is refused: counted, logged once, and
said to the caller. What waits is never given up.
"""

from __future__ import annotations

import asyncio
import logging
import random
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain, count, islice
from math import inf
from typing import Any

import structlog
from aiomqtt import Client, MqttError, TLSParameters
from aiomqtt.exceptions import MqttConnectError
from aiomqtt.types import PahoSocket
from paho.mqtt import client as mqtt

from monitor.domain.clock import Clock

log = structlog.get_logger(__name__)

AT_ONCE = 10  #: messages on their way together; more make the library warn for each of them

_LONGEST_TOPIC_BYTES = 65_535

#: Without it the second of two small messages waits for the peer's delayed acknowledgement: 40 ms, when alerts burst.
_UNDELAYED = ((socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),)

# What the library has to say we say ourselves, on the edges and without addresses.
_QUIET = logging.Logger("monitor.outputs.mqtt.client", logging.CRITICAL + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class MqttSettings:
    """Which broker, as whom, how patiently. Times in seconds; the password never shows in a repr.

    `tls` alone trusts the system's authorities, `ca_file` others; `cert_file` and `key_file` are our own. A connection
    that lasted `lasting_seconds` has earned a fresh back-off.
    """

    host: str
    port: int = 1883
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    client_id: str | None = None
    tls: bool = False
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    connect_seconds: float = 10.0
    publish_seconds: float = 5.0
    close_seconds: float = 1.0
    keepalive_seconds: int = 15
    backoff_first_seconds: float = 1.0
    backoff_factor: float = 1.6
    backoff_cap_seconds: float = 60.0
    lasting_seconds: float = 60.0
    alerts_limit: int = 1000
    topics_limit: int = 10_000


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


@dataclass(frozen=True, slots=True, eq=False)
class _Message:
    topic: str
    payload: bytes
    qos: int
    retain: bool


class _Prompt(Client):
    """The library's client, which writes a message at once if the socket takes it.

    The library itself asks the loop to tell when the socket can be written, which takes two turns of it: a tenth of the
    way from a price to the subscriber. If this hook were gone, all would still arrive, by the long way.
    """

    def _on_socket_register_write(self, client: mqtt.Client, userdata: Any, sock: PahoSocket) -> None:
        if self._connected.done():  # before that, the thread that dials comes by here
            client.loop_write()
        if client.want_write():
            super()._on_socket_register_write(client, userdata, sock)


_Waiting = tuple[int | None, _Message]  #: an alert's serial number, None of a state


class Publisher:
    """One broker. `state` and `alert` only put down what is to be sent; `run` sends it, for ever."""

    def __init__(self, settings: MqttSettings, clock: Clock, jitter: Callable[[], float] = random.random) -> None:
        self._settings, self._clock, self._jitter = settings, clock, jitter
        self._alerts: dict[int, _Message] = {}  #: by serial number, until confirmed
        self._states: dict[str, _Message] = {}  #: by topic, the newest, sent or not
        self._unsent: dict[str, None] = {}  #: topics whose newest state is not confirmed
        self._serial = count()
        self._filled = asyncio.Event()
        self._connected, self._reason = False, "not yet connected"
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
            since = None
            client = self._client()
            try:
                await self._connect(client)
                since = self._clock.monotonic()
                await self._serve(client)
            except (MqttError, ValueError) as error:  # ValueError: a host that cannot be one
                self._failures += 1
                self._down(_words(error))
            finally:
                # Also where connecting failed: the library leaves the socket of a broker that never answers open.
                with suppress(MqttError, TimeoutError):
                    async with asyncio.timeout(self._settings.close_seconds):
                        await client.__aexit__(None, None, None)
            if since is not None and self._clock.monotonic() - since >= self._settings.lasting_seconds:
                pauses = self._pauses()
            await self._clock.sleep(next(pauses))

    def _client(self) -> _Prompt:
        """A new one for each connection: what an old one still held is in our own queue."""
        chosen = self._settings
        tls = TLSParameters(ca_certs=chosen.ca_file, certfile=chosen.cert_file, keyfile=chosen.key_file)
        return _Prompt(
            chosen.host,
            chosen.port,
            username=chosen.username,
            password=chosen.password,
            identifier=chosen.client_id,
            tls_params=tls if chosen.tls else None,
            timeout=chosen.connect_seconds,
            keepalive=chosen.keepalive_seconds,
            socket_options=_UNDELAYED,
            logger=_QUIET,
        )

    async def _connect(self, client: Client) -> None:
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
        self._connected, self._reason = True, ""
        log.info("mqtt connected", waiting=len(self._alerts))

    async def _serve(self, client: Client) -> None:
        """Send what waits and what comes, until the connection fails. Raises MqttError then."""
        self._unsent |= dict.fromkeys(self._states)
        tasks = {asyncio.create_task(self._send(client)), asyncio.create_task(_gone(client))}
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _send(self, client: Client) -> None:
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

    async def _deliver_all(self, client: Client, waiting: list[_Waiting]) -> None:
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

    async def _deliver(self, client: Client, serial: int | None, message: _Message) -> None:
        """Send one; only what was confirmed is forgotten."""
        await client.publish(
            message.topic,
            message.payload,
            qos=message.qos,
            retain=message.retain,
            timeout=inf,  # the deadline is ours: one for all that are sent together
        )
        self._published += 1
        if serial is not None:
            self._alerts.pop(serial, None)
        elif self._states.get(message.topic) is message:
            self._unsent.pop(message.topic, None)
            if not message.payload:
                del self._states[message.topic]

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


async def _gone(client: Client) -> None:
    """Ends, by MqttError, when the connection does: nothing is subscribed, so no message ever comes."""
    async for _ in client.messages:
        pass


def _is_topic(topic: str) -> bool:
    """Whether one can publish to it (MQTT 3.1.1, section 4.7)."""
    try:
        return 0 < len(topic.encode()) <= _LONGEST_TOPIC_BYTES and not any(sign in topic for sign in "+#\0")
    except UnicodeEncodeError:
        return False


def _words(error: MqttError | ValueError) -> str:
    """What went wrong; the library's texts hold neither the user's name nor the password."""
    return f"the broker refused us: {error}" if isinstance(error, MqttConnectError) else str(error) or "gone"
