"""Prices walk about thresholds while everything fails at random: the daemon is killed and ended, the webhook refuses,
hangs and forgets, the broker restarts, people acknowledge and silence. In the end the books are compared.

MARGINWATCH_SOAK_SEED and MARGINWATCH_SOAK_SECONDS choose another walk, and how long.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import statistics
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiomqtt import Client, ProtocolVersion

from monitor.alerts.catalogue import RULES as CATALOGUE
from monitor.alerts.rule import Kind
from monitor.sim.binance.server import SimBinance
from tests.e2e import asking
from tests.e2e.harness import CADENCE, Daemon, daemon, write_config
from tests.soak.test_ten_minutes import resident_mb
from tests.soak.told import Mood, Receiver, books, misdecided, mistold, suspicious
from tests.unit.cli.processes import marginwatch
from tests.wire.brokers import Broker

SEED = int(os.environ.get("MARGINWATCH_SOAK_SEED", "1"))
SECONDS = float(os.environ.get("MARGINWATCH_SOAK_SECONDS", "300"))
MOST_GROWTH = 1.10
FAR = 0.35  #: a distance at which no rule has anything to say
SYMBOLS = {"BTCUSDT": 100_000.0, "ETHUSDT": 3_000.0, "SOLUSDT": 150.0}
QUICKLY = [name for name, rule in CATALOGUE.items() if rule.kind is not Kind.EVENT]
RULES = "".join(f"[alerts.{name}]\nfor_seconds = 0.3\nkeep_firing_seconds = 1.0\n" for name in QUICKLY)
RULES = RULES.replace(
    "[alerts.position_distance]\n", "[alerts.position_distance]\nrepeat_seconds = { warning = 60.0, critical = 60.0 }\n"
)


@dataclass(slots=True)
class World:
    """Everything around the daemon, and what was seen of it."""

    folder: Path
    config: Path
    sim: SimBinance
    receiver: Receiver
    broker: Broker
    dice: random.Random
    monitor: Daemon | None = None
    done: Counter[str] = field(default_factory=Counter)
    suspicious: list[str] = field(default_factory=list)
    ends_seconds: list[float] = field(default_factory=list)
    memory_mb: list[float] = field(default_factory=list)

    @property
    def store(self) -> Path:
        return self.folder / "state" / "marginwatch.db"

    def pause(self, shortest: float, longest: float) -> Any:
        return asyncio.sleep(self.dice.uniform(shortest, longest))


@asynccontextmanager
async def world(folder: Path, seed: int, rules: str) -> AsyncIterator[World]:
    async with AsyncExitStack() as stack:
        receiver = Receiver()
        await receiver.open()
        stack.push_async_callback(receiver.close)
        broker = Broker(folder)
        broker.start()
        stack.callback(broker.stop)
        sim = await stack.enter_async_context(SimBinance(quiet=True, cadence=CADENCE))
        accounts = []
        for place, (symbol, price) in enumerate(SYMBOLS.items()):
            sim.market.set_mark(symbol, price)
            account = sim.add_account(f"desk{place}", wallets={"USDT": 1_100.0})
            account.trade(symbol, 10_000.0 / price, price=price)
            accounts.append(account)
        more = (
            f'[channels.hook]\nkind = "webhook"\nurl = "http://127.0.0.1:{receiver.port}/hook"\ntimeout_seconds = 1.5\n'
            f'[mqtt]\nhost = "127.0.0.1"\nport = {broker.port}\n'
            f'[journal]\ndirectory = "{folder}/journal"\n'
            f"[delivery]\nfirst_seconds = 0.2\ncap_seconds = 1.0\n{rules}"
        )
        config = write_config(folder, sim, accounts, more)
        config.chmod(0o600)
        yield World(folder, config, sim, receiver, broker, random.Random(seed))


def price_at(entry: float, room: float) -> float:
    """The price from which the line of a position that was opened at `entry` is about so far, as a ratio."""
    return 0.8945 * entry / (1.0 - room)


async def prices(here: World) -> None:
    """Each market for itself, between far from its line and at it."""
    room = dict.fromkeys(SYMBOLS, 0.12)
    while True:
        await here.pause(0.1, 0.6)
        symbol = here.dice.choice(list(SYMBOLS))
        room[symbol] = min(0.16, max(0.015, room[symbol] + here.dice.gauss(0.0, 0.03)))
        here.sim.market.set_mark(symbol, price_at(SYMBOLS[symbol], room[symbol]))
        here.done["price"] += 1


async def receiver_moods(here: World) -> None:
    while True:
        await here.pause(2.0, 8.0)
        mood = here.dice.choice([mood for mood in Mood if mood is not Mood.WELL])
        here.done[mood] += 1
        await here.receiver.become(mood)
        await here.pause(0.5, 6.0)
        await here.receiver.become(Mood.WELL)


async def broker_troubles(here: World) -> None:
    while True:
        await here.pause(5.0, 15.0)
        process = here.broker._process
        if here.dice.random() < 0.5 and process is not None:
            here.done["broker hangs"] += 1
            process.send_signal(signal.SIGSTOP)
            try:
                await here.pause(0.5, 4.0)
            finally:
                process.send_signal(signal.SIGCONT)
        else:
            here.done["broker restarts"] += 1
            here.broker.stop()
            await here.pause(0.2, 4.0)
            await asyncio.to_thread(here.broker.start)


async def people(here: World) -> None:
    """Acknowledge what fires, silence at random, hear again. Whoever asks a daemon that just ends gets no answer."""
    while True:
        await here.pause(1.0, 4.0)
        monitor = here.monitor
        if monitor is None or not monitor.url:
            continue
        with suppress(aiohttp.ClientError, TimeoutError, AssertionError, RuntimeError, json.JSONDecodeError):
            alerts = await asking.firing(monitor)
            if alerts and here.dice.random() < 0.7:
                await asking.acknowledge(monitor, here.dice.choice(alerts)["fingerprint"])
                here.done["acknowledged"] += 1
            else:
                account = f"account=desk{here.dice.randrange(len(SYMBOLS))}"
                seconds = here.dice.uniform(2.0, 8.0)
                id_ = await asking.silence(monitor, account, seconds=seconds)
                here.done["silenced"] += 1
                if here.dice.random() < 0.5:
                    await here.pause(0.5, 3.0)
                    await asking.unsilence(monitor, id_)


async def weigh(here: World, monitor: Daemon) -> None:
    while True:
        await asyncio.sleep(1.0)
        with suppress(OSError):
            here.memory_mb.append(resident_mb(monitor.process.pid))


@asynccontextmanager
async def doing(*jobs: Any) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(job) for job in jobs]
    try:
        yield
        for task in tasks:  # none ends by itself
            if task.done():
                task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def running(here: World, *, ready: bool) -> AsyncIterator[Daemon]:
    async with daemon(here.config, ready=ready) as monitor:
        if not ready:
            lines = await monitor.until("listening", lambda: monitor.events("listening"), within=30.0)
            monitor.url = lines[0]["url"]
        here.monitor = monitor
        try:
            yield monitor
        finally:
            here.monitor = None
    here.suspicious += suspicious(monitor.log)


async def restarts(here: World, until: float, longest: float) -> None:
    """One daemon after the other, each killed or ended whatever it is about."""
    while time.monotonic() < until:
        async with running(here, ready=False) as monitor:
            await asyncio.sleep(here.dice.uniform(0.0, longest))
            assert monitor.process.returncode is None, "it ended by itself"
            if here.dice.random() < 0.6:
                here.done["killed"] += 1
                monitor.process.send_signal(signal.SIGKILL)
                await monitor.process.wait()
            else:
                here.done["ended"] += 1
                here.ends_seconds.append(await monitor.stop())


async def at_rest(monitor: Daemon) -> bool:
    """Whether nothing waits any more, and all ways are open."""
    metrics = await monitor.metrics()
    waiting = [*metrics["channel_waiting"].values(), *metrics["store_waiting"].values()]
    return not any(waiting) and all(metrics["channel_up"].values())


async def retained(broker: Broker) -> dict[str, dict[str, Any]]:
    """The alerts that stand at the broker, by fingerprint, to somebody who comes just now."""
    found: dict[str, dict[str, Any]] = {}
    async with Client("127.0.0.1", broker.port, protocol=ProtocolVersion.V5) as client:
        await client.subscribe("marginwatch/main/alerts/+", qos=1)
        with suppress(TimeoutError):
            async with asyncio.timeout(0.7):
                async for message in client.messages:
                    assert isinstance(message.payload, bytes)
                    if message.payload:
                        found[message.topic.value.rpartition("/")[2]] = json.loads(message.payload)
    return found


async def standing(monitor: Daemon) -> dict[str, tuple[str, ...]]:
    return {each["fingerprint"]: shape(each) for each in await asking.firing(monitor)}


def shape(alert: dict[str, Any]) -> tuple[str, ...]:
    return (alert["rule"], alert["severity"], alert["state"], alert["incident"])


def walk(here: World) -> list[Any]:
    return [prices(here), receiver_moods(here), broker_troubles(here), people(here)]


def put(here: World, *rooms: float) -> None:
    for (symbol, price), room in zip(SYMBOLS.items(), rooms, strict=True):
        here.sim.market.set_mark(symbol, price_at(price, room))


async def calm_down(here: World) -> None:
    """Nothing goes wrong any more."""
    await here.receiver.become(Mood.WELL)
    if here.broker._process is None:
        await asyncio.to_thread(here.broker.start)


async def live_through(
    folder: Path, seed: int, restless: float, steady: float, longest: float, rules: str = RULES
) -> World:
    """Restarts for `restless` seconds, then one run for `steady`; all the rest goes wrong all the time."""
    async with world(folder, seed, rules) as here:
        async with doing(*walk(here)):
            await restarts(here, time.monotonic() + restless, longest)
        async with running(here, ready=True) as monitor:
            async with doing(*walk(here), weigh(here, monitor)):
                await asyncio.sleep(steady)
            await calm_down(here)
            put(here, FAR, 0.07, 0.03)

            async def two_fire() -> bool:
                names = Counter(each["rule"] for each in await asking.firing(monitor))
                return names["position_distance"] == 2

            await monitor.until("two positions that fire", two_fire, within=30.0)
            await monitor.until("rest", lambda: at_rest(monitor), within=30.0)

            async def same() -> bool:
                return await standing(monitor) == {
                    mark: shape(each) for mark, each in (await retained(here.broker)).items()
                }

            await monitor.until("the broker shows what the API shows", same, within=30.0)
            put(here, FAR, FAR, FAR)

            async def none_fires() -> bool:
                return not await asking.firing(monitor) and await at_rest(monitor)

            await monitor.until("all over", none_fires, within=120.0)
            await monitor.until("the broker shows nothing", same, within=30.0)
            here.ends_seconds.append(await monitor.stop())
    kept = books(here.store, "hook")
    print(
        f"\nseed {seed}: {dict(here.done)}; {len(kept.incidents())} incidents, {len(kept.lines)} changes, "
        f"{len(here.receiver.taken)} bodies with {len({key for key, _ in here.receiver.taken})} keys; "
        f"the end took {max(here.ends_seconds):.2f} s at most"
    )
    assert list(misdecided(kept)) == []
    assert list(mistold(kept, here.receiver.taken)) == []
    assert kept.open() == set()
    assert here.suspicious == []
    assert await undecided_again(folder / "journal") == []
    return here


async def undecided_again(journal: Path) -> list[str]:
    """What a replay of all runs does not decide as they did."""
    done = await asyncio.to_thread(marginwatch, "replay", str(journal), "--json")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    summary = lines[-1]
    runs = [line for line in lines if line["type"] == "run"]
    print(f"replayed: {len(runs)} runs, {summary['steps']} steps, {summary['identical_steps']} identical to the byte")
    wrong = [f"step {line['step']}: {line['change']} {line['alert']['rule']} is {line['side']} only"
             for line in lines if line["type"] == "alert" and line["side"] != "both"]  # fmt: skip
    if done.returncode or summary["alert_differences"] or summary["missing_steps"]:
        wrong.append(f"{done.returncode} {done.stderr} {summary}"[:3000])
    return wrong


async def test_in_a_short_walk_with_restarts_all_is_told_and_nothing_twice(tmp_path: Path) -> None:
    # What was held back stays so for a minute after its reason is over: too long for a short walk.
    rules = RULES.replace("[alerts.one_sided_leverage]\n", "[alerts.one_sided_leverage]\nenabled = false\n")
    await live_through(tmp_path, seed=3, restless=4.0, steady=1.0, longest=3.0, rules=rules)


@pytest.mark.soak
@pytest.mark.timeout(1800)
async def test_in_a_long_walk_with_restarts_all_is_told_nothing_twice_and_memory_is_flat(tmp_path: Path) -> None:
    here = await live_through(tmp_path, SEED, restless=0.5 * SECONDS, steady=0.5 * SECONDS, longest=12.0)
    quarter = len(here.memory_mb) // 4
    early, late = (
        statistics.median(part) for part in (here.memory_mb[quarter : 2 * quarter], here.memory_mb[-quarter:])
    )
    print(f"memory: {early:.1f} MB, {late:.1f} MB at the end")
    assert late <= MOST_GROWTH * early, (early, late)
