"""P1 and P8: from a frame to a message at a subscriber, and a burst of alerts right after connecting."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import cycle
from statistics import median

from bench.feed_server import row
from bench.harness import bench
from bench.kernel_account import Held, ticks
from bench.mqtt_pipes import POSITIONS
from bench.mqtt_wire import Mqtt, Venue, mosquitto
from bench.rows import Row, seconds_text
from bench.timing import ROUNDS, Timing, cores, on_core, pin

FRAMES, WARM_UP, PER_SECOND = 300, 60, 100.0
ASSETS_EVERY = 200  #: frames


@contextlib.contextmanager
def pipe(*words: object) -> Iterator[None]:
    """One of `bench.mqtt_pipes` on the core of what is measured."""
    with on_core(cores()[1]):
        process = subprocess.Popen([sys.executable, "-m", "bench.mqtt_pipes", *map(str, words)], stdout=sys.stderr)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def one_run(kind: str, broker: int) -> Timing:
    """Seconds from the sending of each frame to the message that answers it, at a steady pace."""
    venue, subscriber = Venue(), Mqtt(broker, "subscriber")
    subscriber.subscribe()
    samples = []
    with pipe(kind, venue.port, broker):
        venue.accept()
        marks = cycle(ticks(Held.of(POSITIONS)))
        time.sleep(0.3)
        due = time.perf_counter()
        for number in range(WARM_UP + FRAMES):
            due = max(due + 1.0 / PER_SECOND, time.perf_counter())
            time.sleep(max(0.0, due - time.perf_counter()))
            at_ms = int(time.time() * 1000)
            if kind != "floor" and number % ASSETS_EVERY == 0:
                venue.send(_assets(at_ms))
                time.sleep(0.005)
            symbol, mark = next(marks)
            text = f'{{"stream":"!markPrice@arr@1s","data":[{row(symbol, mark, at_ms)}]}}'
            begin = time.perf_counter()
            venue.send(text)
            while json.loads(subscriber.heard())["frame"] < at_ms:
                pass
            if number >= WARM_UP:
                samples.append(time.perf_counter() - begin)
    venue.close()
    subscriber.close()
    return Timing(tuple(samples))


def _assets(at_ms: int) -> str:
    one = f'{{"e":"assetIndexUpdate","E":{at_ms},"s":"USDTUSD","i":"1.00000000","b":"0.0001","a":"0.0001"}}'
    return f'{{"stream":"!assetIndex@arr","data":[{one}]}}'


@bench("P1", limit_seconds=120.0)
def end_to_end() -> Iterator[Row]:
    """Our pipeline against blocking sockets that compute the same ten lines in a plain loop, by turns."""
    pin(cores()[0])  # we are the venue and the subscriber
    runs: dict[str, list[Timing]] = {"floor": [], "ours": []}
    with mosquitto() as broker:
        for _ in range(ROUNDS):
            for kind, found in runs.items():
                found.append(one_run(kind, broker))
    for name, limit in (("p50", 2.2), ("p99", 3.0)):
        both = {kind: median(one.median if name == "p50" else one.p99 for one in found) for kind, found in runs.items()}
        times = both["ours"] / both["floor"]
        what = f"frame -> MQTT message at a subscriber, 100/s, {name}"
        yield Row(
            "P1", what, seconds_text(both["ours"]), f"blocking sockets {seconds_text(both['floor'])}", times, limit
        )


def alerts_run(kind: str, broker: int) -> tuple[float, Timing]:
    """(the latest of a burst of alerts, each of a steady row of them): seconds from putting to the subscriber."""
    subscriber = Mqtt(broker, "subscriber")
    subscriber.subscribe()
    seconds: dict[str, list[float]] = {"burst": [], "steady": [], "end": []}
    with pipe(kind, broker):
        while not seconds["end"]:
            said = json.loads(subscriber.heard())
            seconds[said["kind"]].append(time.perf_counter() - said["put"])
    subscriber.close()
    return max(seconds["burst"]), Timing(tuple(seconds["steady"]))


@bench("P8", limit_seconds=90.0)
def burst_after_connecting() -> Iterator[Row]:
    """Ten alerts at once on a fresh connection: nobody waits for a delayed acknowledgement."""
    pin(cores()[0])
    with mosquitto() as broker:
        runs = [alerts_run("alerts", broker) for _ in range(ROUNDS)]
    latest, steady = median(burst for burst, _ in runs), median(one.p99 for _, one in runs)
    what = "ten alerts right after connecting: the last one's way"
    yield Row("P8", what, seconds_text(latest), f"one at a time, p99 {seconds_text(steady)}", latest / steady, 2.0)
