"""Timing that survives a noisy machine: interleaved cases, medians of five, hot and cold, CPU time of a process."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

Case = Callable[[], object]

ROUNDS = 5
ROUND_SECONDS = 0.1  #: how long a round of one case lasts at least
COLD_EVERY_SECONDS = 0.010  #: a monitor's pace: by the next call the caches hold something else
NANOSECOND = 1e-9

#: Tells a worker, which is pinned to one of them, which cores the whole run may use.
CORES = "MARGINWATCH_BENCH_CORES"


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds a call, one sample a round (`interleaved`) or a call (`one_by_one`), in the order of measuring."""

    samples: tuple[float, ...]

    @property
    def best(self) -> float:
        """The quickest sample: what the work costs where nothing disturbs it."""
        return min(self.samples)

    @property
    def median(self) -> float:
        """The middle sample."""
        return median(self.samples)

    @property
    def worst(self) -> float:
        """The slowest sample."""
        return max(self.samples)

    @property
    def p99(self) -> float:
        """The sample that one in a hundred exceeds (nearest rank)."""
        return percentile(self.samples, 0.99)


def percentile(samples: tuple[float, ...] | list[float], part: float) -> float:
    """The smallest sample that at least `part` (0-1) of the samples do not exceed."""
    ranked = sorted(samples)
    return ranked[min(len(ranked) - 1, max(0, -(-int(part * 1e6) * len(ranked) // 1_000_000) - 1))]


def ratio(ours: Timing, floor: Timing) -> float:
    """The median over the rounds of ours / floor: a slow phase of the machine strikes both sides of a round."""
    return median(a / b for a, b in zip(ours.samples, floor.samples, strict=True))


@contextmanager
def settled() -> Iterator[None]:
    """As the daemon does once started: collect, and hold what lives out of the collector's sight meanwhile."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def interleaved(
    cases: Mapping[str, Case],
    *,
    rounds: int = ROUNDS,
    round_seconds: float = ROUND_SECONDS,
    before: Case | None = None,
    by_turns: bool = False,
) -> dict[str, Timing]:
    """Seconds a call, hot. Each round runs every case back to back for about `round_seconds`, at least once.

    `before` runs before each call and its time does not count (other prices, say). `by_turns`: the cases take turns
    call by call, so that each finds the caches as the others leave them (a copy that stays in cache is no floor of work
    that cannot).
    """
    samples: dict[str, list[float]] = {name: [] for name in cases}
    with settled():
        calls = {name: _calls_within(case, round_seconds, before) for name, case in cases.items()}
        turns = min(calls.values()) if by_turns else 1
        if by_turns:
            calls = dict.fromkeys(cases, 1)
        for _ in range(rounds):
            spent = dict.fromkeys(cases, 0.0)
            for _ in range(turns):
                for name, case in cases.items():
                    spent[name] += _spent(case, calls[name], before)
            for name, seconds in spent.items():
                samples[name].append(seconds / (turns * calls[name]))
    return {name: Timing(tuple(values)) for name, values in samples.items()}


def one_by_one(case: Case, *, calls: int, every_seconds: float = 0.0, before: Case | None = None) -> Timing:
    """Seconds of each single call. With `every_seconds` one begins that often, which leaves the caches cold."""
    samples = []
    with settled():
        due = time.perf_counter()
        for _ in range(calls):
            if every_seconds:
                due = max(due + every_seconds, time.perf_counter())
                time.sleep(max(0.0, due - time.perf_counter()))
            samples.append(_spent(case, 1, before))
    return Timing(tuple(samples))


def _calls_within(case: Case, seconds: float, before: Case | None) -> int:
    """How many calls last about `seconds`; the calls made to find out warm the caches."""
    calls = 1
    while True:
        spent = _spent(case, calls, before)
        if spent >= seconds / 4:
            return max(1, round(calls * seconds / spent))
        calls *= 4


def _spent(case: Case, calls: int, before: Case | None) -> float:
    """Seconds that these calls take together."""
    if before is None:
        begin = time.perf_counter()
        for _ in range(calls):
            case()
        return time.perf_counter() - begin
    spent = 0.0
    for _ in range(calls):
        before()
        begin = time.perf_counter()
        case()
        spent += time.perf_counter() - begin
    return spent


def cores() -> tuple[int, int]:
    """(core of servers: feed, broker, subscriber; core of what is measured), the same one where there is only one."""
    said = os.environ.get(CORES)
    free = sorted(int(core) for core in said.split(",")) if said else sorted(os.sched_getaffinity(0))
    return free[0], free[-1]


def all_cores() -> str:
    """The cores that this process may use, as `CORES` wants them."""
    return ",".join(str(core) for core in sorted(os.sched_getaffinity(0)))


def pin(core: int, pid: int = 0) -> None:
    """Let a process (0: this one, with its threads to come) run on one core only."""
    os.sched_setaffinity(pid, {core})


@contextmanager
def on_core(core: int) -> Iterator[None]:
    """Children started in this block inherit the core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def cpu_seconds(pid: int) -> float:
    """CPU time of all living threads of a process. FileNotFoundError if it is gone."""
    spent = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        spent += int((task / "schedstat").read_text().split()[0])
    return spent * NANOSECOND


def rss_bytes(pid: int) -> int:
    """Resident memory of a process. FileNotFoundError if it is gone."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
