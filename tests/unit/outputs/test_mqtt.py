"""What waits for the broker: the newest state by topic, and every alert, both bounded. No broker is needed for that."""

from __future__ import annotations

import asyncio
from itertools import islice

import pytest
from structlog.testing import capture_logs

from monitor.outputs.mqtt.publisher import Publisher
from monitor.outputs.mqtt.settings import MqttSettings
from tests.unit.app.clocks import FakeClock

HERE = MqttSettings(host="127.0.0.1", username="monitor", password="hunter2secret", alerts_limit=2, topics_limit=2)


def publisher(settings: MqttSettings = HERE) -> Publisher:
    return Publisher(settings, FakeClock(), jitter=lambda: 1.0)


def waiting(found: Publisher) -> list[tuple[str, bytes]]:
    return [(message.topic, message.payload) for _, message in found._waiting()]


def test_a_password_does_not_show() -> None:
    assert "hunter2secret" not in repr(HERE)
    assert "hunter2secret" not in repr(publisher().status())


def test_of_a_state_the_newest_waits_at_the_end_of_the_queue() -> None:
    found = publisher()
    for topic, payload in (("a", b"1"), ("b", b"2"), ("a", b"3")):
        assert found.state(topic, payload)
    assert waiting(found) == [("b", b"2"), ("a", b"3")]
    assert found.status().conflated_total == 1
    assert found.status().states_waiting == 2


def test_alerts_are_kept_all_in_order_and_go_before_states() -> None:
    found = publisher()
    found.state("a", b"1")
    assert found.alert("x", b"fired")
    assert found.alert("x", b"resolved")
    assert waiting(found) == [("x", b"fired"), ("x", b"resolved"), ("a", b"1")]
    assert found.status().conflated_total == 0


def test_an_alert_that_finds_no_room_is_refused_counted_and_logged_once_and_what_waits_stays() -> None:
    found = publisher()
    with capture_logs() as logs:
        assert [found.alert("x", str(number).encode()) for number in range(4)] == [True, True, False, False]
    assert waiting(found) == [("x", b"0"), ("x", b"1")]
    assert found.status().refused_total == 2
    assert [(line["event"], line["what"], line["limit"]) for line in logs] == [("mqtt queue full", "alerts", 2)]


def test_a_state_of_one_topic_too_many_is_refused_and_known_topics_go_on() -> None:
    found = publisher()
    with capture_logs() as logs:
        assert [found.state(topic, b"1") for topic in ("a", "b", "c", "a", "d")] == [True, True, False, True, False]
    assert waiting(found) == [("b", b"1"), ("a", b"1")]
    assert found.status().refused_total == 2
    assert [line["what"] for line in logs] == ["states", "states"], "the queue had room in between"


def test_before_the_first_connection_the_status_says_so() -> None:
    status = publisher().status()
    assert not status.connected
    assert status.reason == "not yet connected"
    assert (status.published_total, status.connects_total, status.failures_total) == (0, 0, 0)


@pytest.mark.parametrize(("chance", "expected"), [(1.0, [1.0, 1.6, 2.56, 3.0, 3.0]), (0.0, [0.5, 0.8, 1.28, 1.5, 1.5])])
def test_pauses_grow_to_their_cap_and_are_halved_at_most_by_chance(chance: float, expected: list[float]) -> None:
    found = Publisher(MqttSettings(host="x", backoff_cap_seconds=3.0), FakeClock(), jitter=lambda: chance)
    assert list(islice(found._pauses(), 5)) == pytest.approx(expected)


@pytest.mark.parametrize("topic", ["", "a/#", "a/+/b", "a\0b", "a/\ud800", "x" * 70_000])
def test_what_is_no_topic_is_refused_before_a_broker_hangs_up_on_it(topic: str) -> None:
    found = publisher()
    with capture_logs() as logs:
        assert not found.state(topic, b"1")
        assert not found.alert(topic, b"fired")
    assert waiting(found) == []
    assert found.status().refused_total == 2
    assert [line["event"] for line in logs] == ["mqtt topic refused"]


@pytest.mark.parametrize("host", ["", "a..b", "a" * 70 + ".example"])
async def test_a_host_that_cannot_be_one_is_said_and_ends_nothing(host: str) -> None:
    found = publisher(MqttSettings(host=host))
    running = asyncio.create_task(found.run())
    while found.status().failures_total < 2:
        await asyncio.sleep(0.001)
        assert not running.done()
    assert found.status().reason not in ("", "not yet connected")
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
