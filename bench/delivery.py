"""From a decision to a subscriber, through store and broker, while another channel hangs."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import uvloop

from bench.harness import Row, bench, bounded, seconds_text
from bench.mqtt_wire import Mqtt, mosquitto
from bench.timing import Timing, cores, pin
from monitor.alerts.dispatch import Dispatcher
from monitor.alerts.routing import RoutingSettings
from monitor.app.clock import SystemClock
from monitor.domain import fingerprints
from monitor.domain.alerts import Alert, AlertChange, Change, Severity
from monitor.domain.keeping import Commit
from monitor.domain.view import View
from monitor.outputs.channels.apprise import AppriseChannel, AppriseSettings
from monitor.outputs.delivery.service import Delivery
from monitor.outputs.delivery.settings import traits
from monitor.outputs.mqtt.channel import MqttChannel
from monitor.outputs.mqtt.settings import MqttSettings
from monitor.outputs.mqtt.topics import Topics
from monitor.store.store import Store

ALERTS, EVERY_SECONDS = 500, 0.02
BASE = "marginwatch/bench"
LIMIT_SECONDS = 0.010


def change(number: int) -> AlertChange:
    """One critical alert of many."""
    labels = {"venue": "binance", "account": f"account{number}", "pool": "cross:USDT"}
    mark, now = fingerprints.identity("margin_ratio", labels), time.time()
    alert = Alert(
        rule="margin_ratio", severity=Severity.CRITICAL, labels=labels, since=now, value=0.9, threshold=0.8,
        summary=f"account{number}: margin ratio 90 %", text="Add 1,200 USDT.", fingerprint=mark,
        incident=fingerprints.incident(mark, now),
    )  # fmt: skip
    return AlertChange(change=Change.FIRED, alert=alert, at=now, number=1)


async def run(broker: int, folder: Path, heard: dict[str, float]) -> tuple[list[float], int]:
    """Seconds from `take` to the subscriber for each alert, and how many attempts hung meanwhile."""
    hanging: list[asyncio.StreamWriter] = []

    async def hang(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hanging.append(writer)
        with suppress(asyncio.CancelledError):  # the end of the run: nobody wants to hear of it
            await asyncio.sleep(3600.0)

    clock = SystemClock()
    stuck = await asyncio.start_server(hang, "127.0.0.1", 0)
    port = stuck.sockets[0].getsockname()[1]
    view = View(at=clock.now(), started=clock.now(), instance="bench", version="", ready=True, not_ready=())
    mqtt = MqttChannel(
        MqttSettings(host="127.0.0.1", port=broker, client_id="bench"), Topics(BASE), clock, lambda: view
    )
    phone = AppriseChannel(AppriseSettings(name="phone", url=f"json://127.0.0.1:{port}/"), clock)
    store = Store(folder / "marginwatch.db", clock)
    saved = await asyncio.to_thread(store.open)
    decisions = Dispatcher(RoutingSettings(), [traits(mqtt), traits(phone)], lambda _: 0)
    delivery = Delivery([mqtt, phone], decisions, store, clock, saved)
    tasks = [asyncio.create_task(mqtt.run()), asyncio.create_task(delivery.run())]
    while not mqtt.status().connected:  # noqa: ASYNC110 - it rings no bell
        await asyncio.sleep(0.01)
    put: dict[str, float] = {}
    for number in range(ALERTS):
        one = change(number)
        put[one.alert.incident] = time.perf_counter()
        delivery.take(Commit(changes=(one,)))
        await asyncio.sleep(EVERY_SECONDS)
    await asyncio.sleep(1.0)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    stuck.close()
    for writer in hanging:
        writer.close()
    with suppress(Exception):  # what was measured is what counts
        await asyncio.to_thread(store.close, 1.0)
    missing = [incident for incident in put if incident not in heard]
    if missing:
        raise RuntimeError(f"{len(missing)} of {ALERTS} alerts did not arrive")
    return [heard[incident] - at for incident, at in put.items()], len(hanging)


@bench("P8", limit_seconds=90.0)
def beside_a_channel_that_hangs() -> Iterator[Row]:
    """A real broker, a real store on disk, and a service behind Apprise that never answers."""
    pin(cores()[0])
    with mosquitto() as broker, TemporaryDirectory() as folder:
        subscriber, heard = Mqtt(broker, "subscriber"), dict[str, float]()
        subscriber.subscribe()

        def listen() -> None:
            with suppress(OSError, IndexError):  # the broker is gone: all is heard
                while len(heard) < ALERTS:
                    raw = subscriber.heard()
                    if raw.startswith(b'{"key"'):  # a message; the others are states
                        heard.setdefault(json.loads(raw)["thread"], time.perf_counter())

        listener = threading.Thread(target=listen, daemon=True)
        listener.start()
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            found, hung = runner.run(run(broker, Path(folder), heard))
        listener.join(2.0)
    if not hung:
        raise RuntimeError("nothing hung")
    timing = Timing(tuple(found))
    what = f"decision -> store -> MQTT subscriber while Apprise hangs, p99 (p50 {seconds_text(timing.median)})"
    yield bounded("P8", what, timing.p99, LIMIT_SECONDS)
