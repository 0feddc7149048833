"""The publisher against a real mosquitto, and against brokers that are away, wrong, silent or stuck."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from monitor.app.clock import SystemClock
from monitor.outputs.mqtt.publisher import Publisher
from monitor.outputs.mqtt.settings import MqttSettings
from tests.wire.brokers import Broker, free_port, listening, until

QUICK = MqttSettings(
    host="127.0.0.1",
    connect_seconds=2.0,
    publish_seconds=2.0,
    close_seconds=0.2,
    backoff_first_seconds=0.02,
    backoff_cap_seconds=0.1,
)
CONNECTED = bytes([0x20, 3, 0, 0, 0])  #: CONNACK of version 5: accepted


@contextlib.contextmanager
def a_broker(folder: Path, user: str = "", password: str = "") -> Iterator[Broker]:
    broker = Broker(folder, user, password)
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with a_broker(tmp_path) as found:
        yield found


@contextlib.asynccontextmanager
async def publishing(port: int, settings: MqttSettings = QUICK) -> AsyncIterator[Publisher]:
    found = Publisher(replace(settings, port=port), SystemClock())
    task = asyncio.create_task(found.run())
    try:
        yield found
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_burst_of_alerts_arrives_whole_and_in_order_and_states_after_it(broker: Broker) -> None:
    async with listening(broker) as heard, publishing(broker.port) as publisher:
        publisher.state("state", b"old")
        publisher.state("state", b"new")
        burst = [(f"alert/{number}", b"fired") for number in range(25)]
        for topic, payload in burst:
            publisher.alert(topic, payload)
        await until(lambda: publisher.status().published_total == len(heard) == 26, "all messages")
    assert heard == [*burst, ("state", b"new")]
    status = publisher.status()
    assert status.published_total == 26
    assert (status.alerts_waiting, status.states_waiting) == (0, 0)


async def test_a_state_is_retained_and_an_empty_one_clears_it(broker: Broker) -> None:
    async with publishing(broker.port) as publisher:
        publisher.state("kept", b"1")
        publisher.state("gone", b"1")
        await until(lambda: publisher.status().published_total == 2, "both states")
        publisher.state("gone", b"")
        await until(lambda: publisher.status().published_total == 3, "the clearing")
        async with listening(broker) as heard:
            await until(lambda: bool(heard), "what was retained")
            publisher.alert("end", b"")
            await until(lambda: ("end", b"") in heard, "the end")
    assert heard == [("kept", b"1"), ("end", b"")]


async def test_a_broker_that_comes_back_gets_what_waited_and_every_state_anew(broker: Broker) -> None:
    with capture_logs() as logs:
        async with publishing(broker.port) as publisher:
            publisher.state("state", b"1")
            await until(lambda: publisher.status().published_total == 1, "the state")
            broker.stop()
            await until(lambda: not publisher.status().connected, "the loss")
            publisher.alert("alert", b"fired", retain=True)  # whoever listens later hears it too
            assert publisher.status().alerts_waiting == 1
            broker.start()
            async with listening(broker) as heard:
                await until(lambda: {("state", b"1"), ("alert", b"fired")} <= set(heard), "both")
    assert publisher.status().connects_total == 2
    events = [line["event"] for line in logs]
    assert events[0] == events[-1] == "mqtt connected"
    assert "mqtt lost" in events


async def test_an_idle_connection_that_breaks_is_noticed_without_anything_to_send(broker: Broker) -> None:
    async with publishing(broker.port) as publisher:
        await until(lambda: publisher.status().connected, "the connection")
        broker.stop()
        await until(lambda: not publisher.status().connected, "the loss")
    assert publisher.status().failures_total >= 1


async def test_nobody_there_is_one_line_and_many_attempts() -> None:
    with capture_logs() as logs:
        async with publishing(free_port()) as publisher:
            await until(lambda: publisher.status().failures_total >= 4, "four attempts")
    assert [line["event"] for line in logs] == ["mqtt not connected"]
    assert "refused" in publisher.status().reason.lower()


async def test_a_wrong_password_is_said_in_words_without_it_and_a_right_one_delivers(tmp_path: Path) -> None:
    wrong = replace(QUICK, username="monitor", password="not-the-password")
    with a_broker(tmp_path, "monitor", "the-password") as broker, capture_logs() as logs:
        async with publishing(broker.port, wrong) as publisher:
            publisher.alert("alert", b"fired")
            await until(lambda: publisher.status().failures_total >= 2, "two refusals")
        assert "not authori" in publisher.status().reason.lower()
        assert publisher.status().alerts_waiting == 1
        assert "not-the-password" not in f"{publisher.status()} {logs}"
        async with (
            listening(broker, "monitor", "the-password") as heard,
            publishing(broker.port, replace(wrong, password="the-password")) as publisher,
        ):
            publisher.alert("alert", b"fired")
            await until(lambda: heard == [("alert", b"fired")], "the alert")


@contextlib.asynccontextmanager
async def stuck(answer: bytes) -> AsyncIterator[tuple[int, list[int]]]:
    """A broker that says this and never reads again: (its port, one entry a connection)."""
    seen: list[int] = []
    leave = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(len(seen))
        await reader.read(10)
        writer.write(answer)
        writer.transport.pause_reading()  # type: ignore[attr-defined]  # a socket's transport has it
        await leave.wait()
        writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=1024)
    try:
        yield server.sockets[0].getsockname()[1], seen
    finally:
        leave.set()
        server.close()
        await asyncio.sleep(0)


async def test_a_broker_that_never_answers_is_given_up_in_time_and_tried_again() -> None:
    async with stuck(b"") as (port, seen), publishing(port, replace(QUICK, connect_seconds=0.2)) as publisher:
        await until(lambda: len(seen) >= 3, "three attempts")
        assert not publisher.status().connected
        assert publisher.status().connects_total == 0


async def test_whoever_stops_while_dialling_leaves_no_connection_behind(broker: Broker) -> None:
    for turns in range(12):
        async with publishing(broker.port):
            for _ in range(turns):
                await asyncio.sleep(0.001)
    gc.collect()  # a client that was left open would say so now
    names = {task.get_coro().__qualname__ for task in asyncio.all_tasks()}  # type: ignore[union-attr]  # coroutines
    assert "Client._misc_loop" not in names


async def test_a_broker_that_does_not_confirm_loses_the_connection_and_no_alert() -> None:
    settings = replace(QUICK, publish_seconds=0.2, alerts_limit=3)
    async with stuck(CONNECTED) as (port, seen), publishing(port, settings) as publisher:
        assert [publisher.alert("alert", b"fired" * 10_000) for _ in range(4)] == [True, True, True, False]
        await until(lambda: len(seen) >= 3, "three connections")
        status = publisher.status()
    assert (status.alerts_waiting, status.refused_total, status.published_total) == (3, 1, 0)
    assert status.failures_total >= 2


async def test_whoever_publishes_is_never_kept_waiting_by_a_stuck_broker() -> None:
    async with stuck(CONNECTED) as (port, _), publishing(port) as publisher:
        await until(lambda: publisher.status().connected, "the connection")
        for number in range(1000):
            assert publisher.state("state", str(number).encode() * 1000)
        assert publisher.status().states_waiting == 1
