"""From a frame to a message: the floor on blocking sockets, and our own pipeline. Each runs as a process of its own.

python -m bench.mqtt_pipes floor|ours WEBSOCKET-PORT MQTT-PORT
python -m bench.mqtt_pipes alerts MQTT-PORT
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Sequence

import msgspec
import uvloop

from bench.kernel_account import MAIN, TIERS, VENUE, Held, loaded, opening
from bench.kernel_plain import PlainLeg, PlainPool
from bench.mqtt_wire import Mqtt, WebSocket
from monitor.alerts.alerting import Alerting
from monitor.app import logging, settings
from monitor.app.clock import SystemClock
from monitor.app.core import Core
from monitor.app.inbox import Inbox
from monitor.domain.alerts import AlertChange
from monitor.domain.events import Event, Tick, Ticks
from monitor.domain.frames import Frame
from monitor.domain.names import AccountKey
from monitor.domain.view import Budget, FeedStatus, View
from monitor.engine.engine import Engine
from monitor.outputs.mqtt.publisher import Publisher
from monitor.outputs.mqtt.settings import MqttSettings
from monitor.outputs.prometheus import Exposition
from monitor.venues.binance.client import Client
from monitor.venues.binance.margin import describe
from monitor.venues.binance.market import MarketStream
from monitor.venues.binance.settings import BinanceSettings, BinanceUrls
from monitor.venues.session import Job
from monitor.venues.settings import Timings

POSITIONS = 10
BURST, STEADY, STEADY_EVERY_SECONDS = 10, 300, 0.01
TOPIC = "marginwatch/bench/account/main/state"
NEAR_RATIO = 0.05  #: the floor's only rule


class _Row(msgspec.Struct, gc=False):
    E: float
    s: str
    p: float


class _Frame(msgspec.Struct, gc=False):
    data: list[_Row]


def floor(venue_port: int, mqtt_port: int) -> None:
    """One thread: read, decode, ratio and all position lines by a plain loop, one rule, publish."""
    held = Held.of(POSITIONS)
    tiers = tuple((tier.rate, tier.deduction) for tier in TIERS.tiers)
    rows = zip(held.symbols, held.quantities, held.entries, strict=True)
    pool = PlainPool(held.wallet, [PlainLeg(symbol, size, entry, False, tiers) for symbol, size, entry in rows])
    marks = dict(zip(held.symbols, held.entries, strict=True))
    decoder, encoder = msgspec.json.Decoder(_Frame, strict=False), msgspec.json.Encoder()
    broker, venue = Mqtt(mqtt_port, "floor"), WebSocket(venue_port)
    while True:
        (row,) = decoder.decode(venue.read()).data
        marks[row.s] = row.p
        ratio, nearest = pool.ratio(marks), pool.nearest(marks)
        broker.publish(TOPIC, encoder.encode(said(row.E, ratio, nearest < NEAR_RATIO)))


def said(frame: float, ratio: float | None, alarm: bool) -> dict[str, object]:
    """The message, the same size on both sides; `frame` is the stamp of the frame that it answers."""
    return {"frame": round(frame), "account": "binance/main", "quality": "LIVE", "ratio": ratio, "alarm": alarm}


class MarketOnly:
    """A session that has nothing but the market's stream: what an account needs else is told at the start."""

    venue = VENUE

    def __init__(self, market: MarketStream) -> None:
        self._market = market

    def jobs(self) -> tuple[Job, ...]:
        """The stream."""
        return (Job("market", None, self._market.run),)

    def resync(self, account: AccountKey, why: str, *, config: bool = False) -> None:
        """There is nobody to ask."""

    def read_flows(self, account: AccountKey, since: float) -> None:
        """There is nobody to ask."""

    def feeds(self) -> tuple[FeedStatus, ...]:
        """The stream's rows."""
        return self._market.ledger.statuses()

    def malformed(self) -> tuple[str, ...]:
        """Nothing is kept."""
        return ()

    def budgets(self) -> tuple[Budget, ...]:
        """No request is ever sent."""
        return ()

    def clock_offset(self) -> float | None:
        """The venue's clock is ours."""
        return 0.0

    async def close(self) -> None:
        """Nothing is open."""


async def ours(venue_port: int, mqtt_port: int) -> None:
    """The daemon's own parts: feed, codec, inbox, core with engine and rules, publisher."""
    clock, configuration, held = SystemClock(), loaded(), Held.of(POSITIONS)
    inbox = Inbox(configuration.config.inbox.facts_limit)
    newest = answered = 0.0

    def put(event: Event, frame: Frame | None = None, /) -> None:
        nonlocal newest
        if isinstance(event, Ticks):
            newest = event.venue_times[0]
        elif isinstance(event, Tick):
            newest = event.venue_time
        inbox.put(event, frame)

    venue = BinanceSettings(urls=BinanceUrls(stream=f"ws://127.0.0.1:{venue_port}"))
    market = MarketStream(venue.urls, Client(venue, put, clock), put, clock, Timings(), lambda _: None)
    session = MarketOnly(market)
    core = Core(
        inbox,
        Engine({VENUE: describe}, settings.engine(configuration)),
        Alerting(settings.alerts(configuration)),
        Exposition(),
        {VENUE: session},
        (),
        configuration,
        clock,
    )
    publisher = Publisher(MqttSettings(host="127.0.0.1", port=mqtt_port), clock)
    encoder = msgspec.json.Encoder()

    def decided(view: View, _: Sequence[AlertChange]) -> None:
        """A step that took a frame in is a message; others (time passed, lines are older than ratios) are none."""
        nonlocal answered
        if newest > answered and not inbox.depth:
            answered = newest
            report = view.accounts[0]
            publisher.alert(TOPIC, encoder.encode(said(newest * 1000.0, report.ratio.value, bool(view.alerts))))

    core.on_view = decided
    for event in opening(held, clock.now()):
        put(event)
    newest = 0.0
    async with asyncio.TaskGroup() as tasks:
        for work in (core.run(), core.tick(), publisher.run()):
            tasks.create_task(work)
        await connected(publisher)
        if core.latest().accounts[0].key != MAIN:
            raise RuntimeError("no account")
        for job in session.jobs():
            tasks.create_task(market.run(), name=job.name)


async def connected(publisher: Publisher) -> None:
    """Wait for the broker, and no turn of the loop longer."""
    while not publisher.status().connected:  # noqa: ASYNC110 - it rings no bell, and what is next has to come at once
        await asyncio.sleep(0)


async def alerts(mqtt_port: int) -> None:
    """A burst right after connecting, then one after the other; each carries when it was put."""
    publisher = Publisher(MqttSettings(host="127.0.0.1", port=mqtt_port), SystemClock())

    def put(kind: str) -> None:
        publisher.alert(TOPIC, msgspec.json.encode({"kind": kind, "put": time.perf_counter()}))

    running = asyncio.create_task(publisher.run())
    await connected(publisher)
    for _ in range(BURST):
        put("burst")
    await asyncio.sleep(0.3)
    for _ in range(STEADY):
        put("steady")
        await asyncio.sleep(STEADY_EVERY_SECONDS)
    await asyncio.sleep(0.3)
    put("end")
    await asyncio.sleep(0.3)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


def main(what: str, *ports: str) -> None:
    """Run one of them until it is killed or done."""
    logging.configure("error")
    numbers = [int(port) for port in ports]
    match what:
        case "floor":
            floor(*numbers)
        case "ours":
            uvloop.run(ours(*numbers))
        case _:
            uvloop.run(alerts(*numbers))


if __name__ == "__main__":
    main(*sys.argv[1:])
