"""The broker as a channel, against a real mosquitto with TLS, a password file and an access list."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from monitor.app.clock import SystemClock
from monitor.domain.alerts import Change
from monitor.domain.commands import AcknowledgeAlert, AlertCommand
from monitor.domain.delivery import DeliveryFailed
from monitor.domain.lines import Line, Ratio
from monitor.domain.quality import Quality
from monitor.domain.view import View
from monitor.outputs.mqtt.channel import AT_ONCE, MqttChannel
from monitor.outputs.mqtt.homeassistant import Discovery
from monitor.outputs.mqtt.settings import MqttSettings
from monitor.outputs.mqtt.topics import Topics
from tests.channels.samples import alert, change, message
from tests.mqtt.client import Heard, person, watching
from tests.mqtt.secure import MISTAKEN, PASSWORD, SecureBroker, authority, secure_broker
from tests.sample_groups import group
from tests.sample_reports import account, pool, view
from tests.wire.brokers import until

TOPICS = Topics("marginwatch/main")
LEVELS = ("info", "warning", "critical")


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[SecureBroker]:
    with secure_broker(tmp_path) as found:
        yield found


def settings(broker: SecureBroker, **changed: Any) -> MqttSettings:
    found = MqttSettings(
        host="127.0.0.1",
        port=broker.port,
        username="monitor",
        password=PASSWORD,
        client_id="marginwatch-main",
        tls=True,
        ca_file=str(broker.ca_file),
        connect_seconds=3.0,
        publish_seconds=2.0,
        close_seconds=0.3,
        backoff_first_seconds=0.05,
        backoff_cap_seconds=0.2,
        expiry_seconds=600.0,
    )
    return replace(found, **changed)


@contextlib.asynccontextmanager
async def channel(chosen: MqttSettings, latest: Callable[[], View], **more: Any) -> AsyncIterator[MqttChannel]:
    found = MqttChannel(chosen, TOPICS, SystemClock(), latest, state_every_seconds=0.05, **more)
    task = asyncio.create_task(found.run())
    try:
        yield found
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def connected(one: MqttChannel) -> None:
    await until(lambda: one.status().connected, "the connection")


def of(heard: list[Heard], topic: str) -> list[Heard]:
    return [each for each in heard if each.topic == topic]


async def test_a_message_arrives_once_and_the_alert_stands_as_a_retained_state_until_it_is_over(
    broker: SecureBroker,
) -> None:
    firing = alert()
    shown = [view(alerts=(firing,))]
    async with watching(broker, "marginwatch/#") as heard, channel(settings(broker), lambda: shown[0]) as one:
        await connected(one)
        await one.send(message(change(one=firing), channel="mqtt"), None)
        await until(lambda: bool(of(heard, TOPICS.events)), "the event")
        event = json.loads(of(heard, TOPICS.events)[0].payload)
        assert event["title"]
        assert event["changes"][0]["alert"]["fingerprint"] == firing.fingerprint
        topic = TOPICS.alert(firing.fingerprint)
        await until(lambda: bool(of(heard, topic)), "the state")
        async with watching(broker, topic) as late:
            await until(lambda: bool(late), "what is retained")
        assert late[0].retained
        assert json.loads(late[0].payload)["state"] == "firing"
        assert 590 <= (late[0].expiry_seconds or 0) <= 600
        shown[0] = view(alerts=())
        await one.send(message(change(Change.RESOLVED, firing, number=2), channel="mqtt"), None)
        await until(lambda: of(heard, topic)[-1].payload == b"", "the clearing")
        async with watching(broker, topic, TOPICS.status) as late:
            await until(lambda: bool(late), "the status, which is retained too")
        assert [each.topic for each in late] == [TOPICS.status]
    assert len(of(heard, TOPICS.events)) == 2


async def test_a_message_for_a_broker_that_is_away_fails_at_once_so_that_another_way_is_taken(
    broker: SecureBroker,
) -> None:
    one = MqttChannel(settings(broker), TOPICS, SystemClock(), view)
    with pytest.raises(DeliveryFailed, match="no connection"):
        await one.send(message(channel="mqtt"), None)


async def test_whoever_comes_later_finds_every_pool_and_account_and_what_is_not_known_is_said_so(
    broker: SecureBroker,
) -> None:
    dark = replace(pool("isolated:ETHUSDT:long"), quality=Quality.STALE, reasons=("the marks are 9 s old",))
    shown = view(accounts=(account(pool(), dark, quality=Quality.STALE, reasons=("the marks are 9 s old",)),))
    async with channel(settings(broker), lambda: shown) as one:
        await connected(one)
        wanted = TOPICS.pool(dark.key)
        async with watching(broker, "marginwatch/main/pools/#", "marginwatch/main/accounts/#") as heard:
            await until(lambda: bool(of(heard, wanted)), "the pool that is not believed")
            await until(lambda: bool(of(heard, TOPICS.pool(pool().key))), "the pool that is")
            await until(lambda: bool(of(heard, TOPICS.account(account().key))), "the account")
    told = json.loads(of(heard, wanted)[0].payload)
    assert told["ratio"] == {"state": "unknown", "reasons": ["the marks are 9 s old"]}
    assert told["nearest"]["state"] == "unknown"
    assert told["equity_usd"] is None
    assert json.loads(of(heard, TOPICS.pool(pool().key))[0].payload)["ratio"] == {"state": "at", "value": 0.2}
    assert json.loads(of(heard, TOPICS.account(account().key))[0].payload)["ratio"]["state"] == "unknown"


async def test_an_account_s_nearest_line_is_unknown_where_a_line_is_that_may_be_nearer(broker: SecureBroker) -> None:
    hidden = replace(pool("isolated:X:long"), market={}, coins={}, depegs={})
    hidden = replace(hidden, positions=(replace(hidden.positions[0], line=Line.unknown("no tiers")),))
    shown = view(accounts=(account(pool(), hidden),))
    async with channel(settings(broker), lambda: shown) as one:
        await connected(one)
        async with watching(broker, TOPICS.account(account().key)) as heard:
            await until(lambda: bool(heard), "the account")
    assert json.loads(heard[0].payload)["nearest"] == {"state": "unknown", "reasons": ["no tiers"]}


async def test_a_pool_that_is_gone_is_cleared(broker: SecureBroker) -> None:
    shown = [view(accounts=(account(pool()),))]
    topic = TOPICS.pool(pool().key)
    async with channel(settings(broker), lambda: shown[0]) as one, watching(broker, topic) as heard:
        await connected(one)
        await until(lambda: bool(heard), "the pool")
        shown[0] = view(accounts=(account(),))
        await until(lambda: heard[-1].payload == b"", "the clearing")


async def test_a_group_stands_under_a_topic_of_its_own_with_what_fires_of_it_and_is_cleared(
    broker: SecureBroker,
) -> None:
    fired = replace(alert(), rule="group_ratio", labels={"group": "desk"})
    shown = [view(accounts=(account(),), groups=(group(),), alerts=(fired,))]
    topic = TOPICS.group("desk")
    async with channel(settings(broker), lambda: shown[0]) as one, watching(broker, topic) as heard:
        await connected(one)
        await until(lambda: bool(heard), "the group")
        shown[0] = view(accounts=(account(),))
        await until(lambda: heard[-1].payload == b"", "the clearing")
    told = json.loads(heard[0].payload)
    assert told["ratio"] == {"state": "at", "value": 0.2}
    assert told["firing"] == {str(fired.severity): 1}


async def test_a_state_that_does_not_change_is_renewed_before_the_broker_forgets_it(broker: SecureBroker) -> None:
    shown = view(accounts=(account(pool()),))
    topic = TOPICS.pool(pool().key)
    async with channel(settings(broker, expiry_seconds=0.4), lambda: shown) as one, watching(broker, topic) as heard:
        await connected(one)
        await until(lambda: len(heard) >= 4, "renewals")


async def test_a_denied_publish_that_looks_successful_is_found_by_reading_back(tmp_path: Path) -> None:
    with secure_broker(tmp_path, MISTAKEN) as broker, capture_logs() as logs:
        async with channel(settings(broker), view) as one:
            await until(lambda: "ACL" in one.status().reason, "the reason")
            assert not one.status().connected
            with pytest.raises(DeliveryFailed, match="ACL"):
                await one.send(message(channel="mqtt"), None)
        assert PASSWORD not in str(logs)


async def test_with_3_1_1_the_broker_does_not_even_say_so_and_it_is_found_all_the_same(tmp_path: Path) -> None:
    with secure_broker(tmp_path, MISTAKEN) as broker:
        async with channel(settings(broker, version=3, publish_seconds=0.5), view) as one:
            await until(lambda: "did not come back" in one.status().reason, "the reason")


async def test_3_1_1_works_by_option(broker: SecureBroker) -> None:
    async with watching(broker, TOPICS.events) as heard, channel(settings(broker, version=3), view) as one:
        await connected(one)
        await one.send(message(channel="mqtt"), None)
        await until(lambda: bool(heard), "the event")
    assert heard[0].expiry_seconds is None


# The library leaves the socket of a failed handshake to the collector, which closes it, and says so.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
async def test_a_wrong_password_and_a_wrong_authority_are_told_in_words_without_secrets(
    broker: SecureBroker, tmp_path: Path
) -> None:
    other, _, _ = authority(tmp_path, "other")
    with capture_logs() as logs:
        for chosen in (settings(broker, password="wrong-but-secret"), settings(broker, ca_file=str(other))):
            async with channel(chosen, view) as one:
                await until(lambda: one.status().failures_total >= 1, "the failure")
                assert one.status().reason
        async with channel(settings(broker, ca_file="/nonexistent"), view) as one:
            await until(lambda: one.status().failures_total >= 2, "it goes on trying")
    assert "wrong-but-secret" not in str(logs)
    gc.collect()  # now, while the warning is expected, and not in some later test


async def test_a_broker_that_comes_back_with_nothing_kept_gets_all_states_again(tmp_path: Path) -> None:
    shown = view(accounts=(account(pool()),), alerts=(alert(),))
    with secure_broker(tmp_path) as broker:
        port = broker.port
        chosen = settings(broker)
        running = channel(chosen, lambda: shown)
        one = await running.__aenter__()
        await connected(one)
    await until(lambda: not one.status().connected, "the loss")
    with secure_broker(tmp_path, port=port) as broker:
        await connected(one)
        async with watching(broker, "marginwatch/main/#") as heard:
            await until(lambda: bool(of(heard, TOPICS.pool(pool().key))), "the pool")
            await until(lambda: bool(of(heard, TOPICS.alert(alert().fingerprint))), "the alert")
        await running.__aexit__(None, None, None)


async def test_our_birth_is_told_and_a_polite_end_says_offline(broker: SecureBroker) -> None:
    async with watching(broker, TOPICS.status) as heard:
        async with channel(settings(broker), view) as one:
            await connected(one)
            await until(lambda: [each.payload for each in heard] == [b"online"], "the birth")
        await until(lambda: [each.payload for each in heard] == [b"online", b"offline"], "the end")


CHILD = """
import asyncio, sys
from tests.mqtt.test_channel import TOPICS, settings
from tests.mqtt.secure import SecureBroker
from tests.sample_reports import view
from monitor.app.clock import SystemClock
from monitor.outputs.mqtt.channel import AT_ONCE, MqttChannel
from pathlib import Path
broker = SecureBroker(int(sys.argv[1]), Path(sys.argv[2]), None)
asyncio.run(MqttChannel(settings(broker), TOPICS, SystemClock(), view).run())
"""


async def test_our_last_will_tells_that_we_were_killed(broker: SecureBroker) -> None:
    async with watching(broker, TOPICS.status) as heard:
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-c", CHILD, str(broker.port), str(broker.ca_file), cwd=Path(__file__).parents[2]
        )
        try:
            await until(lambda: [each.payload for each in heard] == [b"online"], "the birth")
            os.kill(child.pid, signal.SIGKILL)
            await until(lambda: [each.payload for each in heard] == [b"online", b"offline"], "the will")
        finally:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await child.wait()


async def test_an_acknowledgement_over_the_command_topic_is_taken_and_answered(broker: SecureBroker) -> None:
    taken: list[AlertCommand] = []
    async with (
        watching(broker, TOPICS.result) as heard,
        channel(settings(broker), view, put=taken.append) as one,
        person(broker, "desk") as desk,
    ):
        await connected(one)
        await desk.publish(TOPICS.command, b'{"command":"acknowledge","fingerprint":"f","author":"night desk"}', qos=1)
        await until(lambda: bool(taken), "the command")
        await desk.publish(TOPICS.command, b'{"command":"sell everything","author":"x"}', qos=1)
        await until(lambda: len(heard) == 2, "both answers")
    assert isinstance(taken[0], AcknowledgeAlert)
    assert (taken[0].fingerprint, taken[0].author, taken[0].via) == ("f", "night desk", "mqtt")
    assert len(taken) == 1
    answers = [json.loads(each.payload) for each in heard]
    assert answers[0] == {"ok": True}
    assert answers[1]["ok"] is False


async def test_a_command_that_the_broker_keeps_is_refused_for_it_would_come_again_after_each_reconnect(
    broker: SecureBroker,
) -> None:
    taken: list[AlertCommand] = []
    kept = b'{"command":"unsilence","id":"x","author":"a"}'
    async with watching(broker, TOPICS.result) as heard, person(broker, "desk") as desk:
        await desk.publish(TOPICS.command, kept, qos=1, retain=True)
        async with channel(settings(broker), view, put=taken.append) as one:
            await connected(one)
            await until(lambda: bool(heard), "the answer")
            await desk.publish(TOPICS.command, kept, qos=1)
            await until(lambda: bool(taken), "the one that is not kept")
    assert len(taken) == 1
    answer = json.loads(heard[0].payload)
    assert answer["ok"] is False
    assert "retained" in answer["error"]


async def test_what_ends_while_an_older_picture_is_shown_does_not_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    firing = [replace(alert(), fingerprint=f"{number:016x}", incident=f"i{number}") for number in range(AT_ONCE + 1)]
    one = MqttChannel(MqttSettings(host="nowhere"), TOPICS, SystemClock(), view)
    said: list[tuple[str, bytes]] = []
    monkeypatch.setattr(one._publisher, "state", lambda topic, payload: said.append((topic, payload)))
    showing = asyncio.create_task(one._show(view(alerts=tuple(firing))))
    await asyncio.sleep(0)
    assert not showing.done()
    one._show_alert(firing[-1], 0.0, gone=True)
    await showing
    assert [payload for topic, payload in said if topic == TOPICS.alert(firing[-1].fingerprint)] == [b""]


async def test_a_pool_that_goes_just_after_home_assistant_s_start_is_cleared_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one = MqttChannel(MqttSettings(host="nowhere"), TOPICS, SystemClock(), view, discovery=Discovery(TOPICS, LEVELS))
    said: dict[str, bytes] = {}
    monkeypatch.setattr(one._publisher, "state", said.__setitem__)
    await one._show(view(accounts=(account(pool()),)))
    one._birth(b"online", False)
    await one._show(view(accounts=(account(),)))
    assert said[TOPICS.pool(pool().key)] == b""


async def test_commands_are_not_listened_to_unless_they_are_turned_on(broker: SecureBroker) -> None:
    async with channel(settings(broker), view) as one, person(broker, "desk") as desk:
        await connected(one)
        await desk.publish(TOPICS.command, b'{"command":"acknowledge","fingerprint":"f","author":"a"}', qos=1)
        async with watching(broker, TOPICS.result) as heard:
            await one.send(message(channel="mqtt"), None)
        assert heard == []


async def test_home_assistant_finds_a_device_for_each_account_and_again_after_its_own_start(
    broker: SecureBroker,
) -> None:
    shown = [view(accounts=(account(pool()),), instance="main")]
    discovery = Discovery(TOPICS, LEVELS, expiry_seconds=600.0, url="https://margin.example.org")
    config = "homeassistant/device/marginwatch_main_binance_main/config"
    async with (
        watching(broker, "homeassistant/#") as heard,
        channel(settings(broker), lambda: shown[0], discovery=discovery) as one,
        person(broker, "desk") as desk,
    ):
        await connected(one)
        await until(lambda: bool(of(heard, config)), "the device")
        device = json.loads(of(heard, config)[0].payload)
        await desk.publish("homeassistant/status", b"online")
        await until(lambda: len(of(heard, config)) >= 2, "the device again")
        shown[0] = view(accounts=(), instance="main")
        await until(lambda: of(heard, config)[-1].payload == b"", "the account is no longer configured")
    assert device["device"]["identifiers"] == ["marginwatch_main_binance_main"]
    assert device["availability"] == [{"topic": TOPICS.status}]
    kinds = {name.removeprefix("marginwatch_main_binance_main_"): each for name, each in device["components"].items()}
    assert {"ratio", "nearest", "firing_info", "firing_warning", "firing_critical", "up"} <= set(kinds)
    assert kinds["ratio"]["platform"] == "sensor"
    assert kinds["firing_critical"]["platform"] == "binary_sensor"
    assert len({each["unique_id"] for each in kinds.values()}) == len(kinds)


async def test_a_liquidatable_account_is_never_shown_as_unknown_to_home_assistant(broker: SecureBroker) -> None:
    over = replace(pool(), ratio=Ratio.of(float("inf")))
    shown = view(accounts=(account(over, ratio=Ratio.of(float("inf"))),))
    async with channel(settings(broker), lambda: shown) as one:
        await connected(one)
        async with watching(broker, TOPICS.account(account().key)) as heard:
            await until(lambda: bool(heard), "the account")
    assert json.loads(heard[0].payload)["ratio"] == {"state": "liquidatable"}
