"""P5: one small account, from a tick to the decision of every rule."""

from __future__ import annotations

import time
from collections.abc import Iterator

from bench.harness import bench
from bench.kernel_account import VENUE, Held, running, surroundings, ticks
from bench.kernel_plain import PlainLeg, PlainPool
from bench.rows import Row, bounded, seconds_text
from bench.timing import COLD_EVERY_SECONDS, Timing, interleaved, settled
from monitor.domain.events import Tick

TICKS_A_SECOND = 100.0  #: of the venue's clock: ten symbols, ten times a second each
HOT, COLD = 3_000, 400


def steps(held: Held, count: int, every_seconds: float) -> tuple[Timing, Timing]:
    """(seconds from a tick to its decision, seconds of those steps that also wrote a report).

    The account lives at 100 ticks a second whatever our own pace: back to back, or one every `every_seconds`.
    """
    at = 1_800_000_000.0
    decider, around = running(held, at), surroundings()
    taken, reporting = [], []
    marks = ticks(held)
    with settled():
        due = time.perf_counter()
        for number in range(count):
            at += 1.0 / TICKS_A_SECOND
            symbol, mark = marks[number % len(marks)]
            if every_seconds:
                due = max(due + every_seconds, time.perf_counter())
                time.sleep(max(0.0, due - time.perf_counter()))
            begin = time.perf_counter()
            decision = decider.step((Tick(VENUE, symbol, mark, at, at),), at, around)
            seconds = time.perf_counter() - begin
            taken.append(seconds)
            if decision.result.reports:
                reporting.append(seconds)
    if not reporting:
        raise RuntimeError("no step wrote a report: nothing was decided")
    return Timing(tuple(taken)), Timing(tuple(reporting))


@bench("P5")
def small_account() -> Iterator[Row]:
    """1 x 10 cross: engine, picture and rules, beside a plain loop that only solves the position lines."""
    held = Held.of(10)
    plain = PlainPool(
        held.wallet,
        [
            PlainLeg(symbol, quantity, entry, False, ((0.004, 0.0), (0.005, 50.0)))
            for symbol, quantity, entry in zip(held.symbols, held.quantities, held.entries, strict=True)
        ],
    )
    marks = dict(zip(held.symbols, held.entries, strict=True))
    floor = interleaved({"plain": lambda: (plain.ratio(marks), plain.nearest(marks))})["plain"].median
    beside = f"plain loop, position lines {seconds_text(floor)}"
    runs = [steps(held, HOT, 0.0) for _ in range(5)]
    hot = Timing(tuple(every.median for every, _ in runs))
    yield bounded("P5", "1 x 10: tick to decision, hot", hot.median, 150e-6, floor=beside, times=hot.median / floor)
    mean = Timing(tuple(sum(every.samples) / len(every.samples) for every, _ in runs)).median
    yield Row("P5", "the same, mean of all steps, reports included", seconds_text(mean), beside, mean / floor)
    report = Timing(tuple(reporting.median for _, reporting in runs)).median
    part = sum(len(reporting.samples) for _, reporting in runs) / (5 * HOT)
    what = f"a step that also writes the report ({part:.0%} of them)"
    yield Row("P5", what, seconds_text(report), beside, report / floor)
    every, reporting = steps(held, COLD, COLD_EVERY_SECONDS)
    yield Row(
        "P5", "1 x 10: tick to decision, cold: every 10 ms", seconds_text(every.median), beside, every.median / floor
    )
    yield Row("P5", "a step that also writes the report, cold", seconds_text(reporting.median), beside)
