"""The core between inbox and outputs: readiness, overruns, jobs that ended, latencies. Engine and alerting are real."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from monitor.alerts.alerting import Alerting
from monitor.app import settings
from monitor.app.config import loads
from monitor.app.core import Core, StepJournal
from monitor.app.deciding import Decision, why_not_ready
from monitor.app.inbox import Inbox
from monitor.app.supervision import JobStatus
from monitor.domain.accounts import Permissions
from monitor.domain.alerts import AlertChange
from monitor.domain.errors import Overrun
from monitor.domain.events import Elapsed, Event, PermissionsRead, Tick, TiersLoaded
from monitor.domain.names import AccountKey
from monitor.domain.reports import StepResult
from monitor.domain.view import Budget, FeedStatus, JournalStatus, Surroundings, View
from monitor.engine.engine import Engine
from monitor.outputs.prometheus import Exposition
from monitor.venues.binance.margin import describe
from monitor.venues.session import Job
from tests.sample_reports import account
from tests.unit.app.clocks import FakeClock

MAIN = AccountKey("binance", "main")
CONFIG = '[accounts.main]\nvenue = "binance"\napi_key = "12345678"\napi_secret = "87654321"'


class FakeSession:
    """Remembers what it was asked to read again."""

    venue = "binance"

    def __init__(self) -> None:
        self.resyncs: list[tuple[AccountKey, bool]] = []
        self.kept: list[str] = []

    def jobs(self) -> tuple[Job, ...]:
        return ()

    def resync(self, account: AccountKey, why: str, *, config: bool = False) -> None:
        self.resyncs.append((account, config))

    def read_flows(self, account: AccountKey, since: float) -> None:
        raise AssertionError("nobody asks for flows here")

    def feeds(self) -> tuple[FeedStatus, ...]:
        count = len(self.kept)
        return (FeedStatus(venue="binance", account="main", stream="user", phase="live", up=True, malformed=count),)

    def malformed(self) -> tuple[str, ...]:
        return tuple(self.kept)

    def budgets(self) -> tuple[Budget, ...]:
        return (Budget(venue="binance", used_ratio=0.25),)

    def clock_offset(self) -> float | None:
        return None

    async def close(self) -> None:
        pass


class Owing(Engine):
    """An engine that wants further steps: `wants` gives, for each step, in how many seconds; None: it wants none."""

    def __init__(self, *wants: float | None) -> None:
        super().__init__({"binance": describe}, settings.engine(loads(CONFIG)))
        self.wants = list(wants)
        self.batches: list[tuple[Event, ...]] = []

    def step(self, batch: Iterable[Event], now: float) -> StepResult:
        self.batches.append(tuple(batch))
        wanted = self.wants.pop(0) if self.wants else None
        return replace(super().step(self.batches[-1], now), due=None if wanted is None else now + wanted)


class Telling(Owing):
    """An engine that has something to report in each step."""

    def step(self, batch: Iterable[Event], now: float) -> StepResult:
        return replace(super().step(batch, now), reports=(account(),))


class Bench:
    """A core with nothing around it."""

    def __init__(
        self,
        limit: int = 100,
        jobs: Sequence[JobStatus] = (),
        config: str = CONFIG,
        engine: Engine | None = None,
        journal: StepJournal | None = None,
    ) -> None:
        loaded = loads(config)
        self.clock, self.session = FakeClock(), FakeSession()
        self.inbox = Inbox(limit, self.clock.monotonic)
        self.core = Core(
            self.inbox,
            engine or Engine({"binance": describe}, settings.engine(loaded)),
            Alerting(settings.alerts(loaded)),
            Exposition(),
            {"binance": self.session},
            jobs,
            loaded,
            self.clock,
            journal,
        )


def test_before_anything_was_read_the_view_is_there_and_not_ready() -> None:
    view = Bench().core.latest()
    assert not view.ready
    assert view.not_ready[0].startswith("binance/main: ")
    assert view.accounts[0].key == MAIN
    assert view.budgets == (Budget(venue="binance", used_ratio=0.25),)
    assert view.clock_offsets == {}, "an offset that was never measured is not 0"


def test_each_step_makes_a_new_view_and_counts() -> None:
    bench = Bench()
    seen: list[View] = []

    def see(view: View, _: Sequence[AlertChange]) -> None:
        seen.append(view)

    bench.core.on_view = see
    bench.core.take([Elapsed(bench.clock.now())])
    bench.core.take([Elapsed(bench.clock.now()), Tick("binance", "BTCUSDT", 1.0, 1.0, 1.0)])
    assert [(view.batches_total, view.last_batch_events) for view in seen] == [(1, 1), (2, 2)]
    assert bench.core.latest() is seen[-1]


class Notebook:
    """A journal that keeps in memory what it is told."""

    def __init__(self) -> None:
        self.steps: list[tuple[int, tuple[Event, ...], float, Surroundings | None, str]] = []
        self.outcomes: list[tuple[int, Decision]] = []

    def step(self, number: int, batch: Sequence[Event], now: float, around: Surroundings | None, overrun: str) -> None:
        assert len(self.outcomes) == len(self.steps), "a step is written down before it is taken"
        self.steps.append((number, tuple(batch), now, around, overrun))

    def outcome(self, number: int, decision: Decision) -> None:
        self.outcomes.append((number, decision))

    def status(self) -> JournalStatus:
        return JournalStatus(writing=True, records_total=len(self.steps))


def price(mark: float) -> Tick:
    return Tick("binance", "BTCUSDT", mark, 1.0, 1.0)


def test_each_step_goes_into_the_journal_with_what_came_in_and_what_came_out() -> None:
    notebook = Notebook()
    bench = Bench(journal=notebook)
    first, second = Elapsed(bench.clock.now()), price(1.0)
    bench.core.take([first])
    bench.core.take([second])
    assert [(number, batch) for number, batch, *_ in notebook.steps] == [(1, (first,)), (2, (second,))]
    assert [number for number, _ in notebook.outcomes] == [1, 2]
    assert bench.core.latest().journal == JournalStatus(writing=True, records_total=0), "as it was when sampled"


def test_surroundings_are_looked_at_when_anything_but_prices_comes_and_written_down_when_they_are() -> None:
    notebook = Notebook()
    bench = Bench(journal=notebook)
    bench.core.take([price(1.0)])
    bench.core.take([price(2.0)])
    bench.core.take([Elapsed(bench.clock.now())])
    bench.core.take([price(3.0)])
    bench.clock.time += 1.0
    bench.core.take([price(4.0)])
    written = [around is not None for *_, around, _ in notebook.steps]
    assert written == [True, False, True, False, True], "the first step, a timer, and prices when the sample is old"


def test_what_a_replay_is_told_is_what_the_rules_saw() -> None:
    notebook = Notebook()
    bench = Bench(journal=notebook)
    bench.core.take([Elapsed(bench.clock.now())])
    (*_, around, _), (_, decision) = notebook.steps[0], notebook.outcomes[0]
    assert around is not None
    assert (decision.view.feeds, decision.view.budgets) == (around.feeds, around.budgets)


def test_an_overrun_is_in_the_journal() -> None:
    notebook = Notebook()
    bench = Bench(limit=1, journal=notebook)
    bench.inbox.put(Elapsed(bench.clock.now()))
    with pytest.raises(Overrun), capture_logs():
        bench.inbox.put(Elapsed(bench.clock.now()))
    with capture_logs():
        bench.core.take(())
    assert notebook.steps[0][-1] == "too many events waited"


def test_an_overrun_has_every_account_read_again_whole() -> None:
    bench = Bench(limit=1)
    bench.inbox.put(Elapsed(bench.clock.now()))
    with pytest.raises(Overrun):
        bench.inbox.put(Elapsed(bench.clock.now()))
    with capture_logs() as logs:
        bench.core.take([Elapsed(bench.clock.now())])
    assert (MAIN, True) in bench.session.resyncs
    assert [entry["event"] for entry in logs if entry["log_level"] == "error"] == [
        "inbox overrun: reading all accounts anew"
    ]


def test_a_job_that_failed_is_a_row_beside_the_streams_from_then_on() -> None:
    fine, ended = JobStatus("binance", "user", None), JobStatus("binance", "main desk", "main")
    bench = Bench(jobs=[fine, ended])
    assert [row.stream for row in bench.core.latest().feeds] == ["user"]
    ended.failures, ended.ended, ended.reason = 1, True, "the key is not valid"
    bench.core.take([Elapsed(bench.clock.now())])
    row = bench.core.latest().feeds[-1]
    assert (row.stream, row.up, row.phase, row.reason) == ("main desk", False, "ended", "the key is not valid")


def test_what_could_not_be_read_is_shown_without_secrets_and_told_when_it_begins() -> None:
    bench = Bench()
    with capture_logs() as logs:
        for text in ('no JSON: {"e":"x","key":"1234567890', 'no JSON: {"n":2', 'no JSON: {"n":3'):
            bench.session.kept.append(text)
            bench.core.take([Elapsed(bench.clock.now())])
            bench.core.take([Elapsed(bench.clock.now())])
    shown = ['no JSON: {"e":"x","key":"***', 'no JSON: {"n":2', 'no JSON: {"n":3']
    assert bench.core.latest().diagnosis == {"binance": tuple(shown)}
    told = [entry for entry in logs if entry["event"] == "unreadable input"]
    assert [(entry["log_level"], entry["stream"], entry["count"], entry["kept"]) for entry in told] == [
        ("warning", "user", 1, shown[:1]),
        ("debug", "user", 2, shown[1:2]),
        ("debug", "user", 3, shown[2:]),
    ]


async def test_the_timer_tells_the_engine_each_second() -> None:
    bench = Bench(limit=3)
    ticking = bench.core.tick()
    with capture_logs():
        for _ in range(10):
            ticking.send(None)  # the fake clock yields once a second
    ticking.close()
    assert bench.inbox.depth == 3, "a full inbox ends nothing"
    assert await bench.inbox.batch() == (Elapsed(1_000_001.0), Elapsed(1_000_002.0), Elapsed(1_000_003.0))


async def run_for(bench: Bench, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await bench.core.run()


async def test_an_event_is_late_by_how_long_it_waited_and_not_by_how_old_its_contents_are() -> None:
    bench = Bench()
    bench.inbox.put(TiersLoaded("binance", None, (), received=bench.clock.now() - 2000.0))
    await run_for(bench, 0.05)
    assert bench.core.latest().late_seconds == 0.0

    bench.inbox.put(Elapsed(bench.clock.now()))
    bench.clock.time += 7.0
    await run_for(bench, 0.05)
    assert bench.core.latest().late_seconds == 7.0

    bench.inbox.put(Elapsed(bench.clock.now()))
    await run_for(bench, 0.05)
    assert bench.core.latest().late_seconds == 0.0, "the worst since the last look, and no longer"


async def test_the_time_to_a_report_is_that_of_what_is_pushed_and_not_of_what_was_asked_for() -> None:
    bench = Bench(engine=Telling())
    seconds: list[float] = []
    bench.core.on_latency = seconds.append
    now = bench.clock.now()
    bench.core.take([TiersLoaded("binance", None, (), received=now - 2000.0)])
    bench.core.take([Tick("binance", "BTCUSDT", 1.0, now, received=now - 0.25), Elapsed(now)])
    assert seconds == [0.25]


async def test_a_step_that_the_engine_wants_is_made_though_nothing_comes() -> None:
    engine = Owing(0.01, 0.01, None)
    bench = Bench(engine=engine)
    first = Elapsed(bench.clock.now())
    bench.inbox.put(first)
    await run_for(bench, 0.2)
    assert engine.batches == [(first,), (), ()], "two more steps were wanted, then none"


async def test_what_comes_before_the_step_that_is_wanted_is_taken_at_once() -> None:
    engine = Owing(60.0)
    bench = Bench(engine=engine)
    first, second = Elapsed(bench.clock.now()), Elapsed(bench.clock.now() + 1)
    bench.inbox.put(first)
    asyncio.get_running_loop().call_later(0.02, bench.inbox.put, second)
    await run_for(bench, 0.2)
    assert engine.batches == [(first,), (second,)]


async def test_a_mark_that_nobody_holds_is_not_worth_a_step_of_its_own() -> None:
    engine = Owing()
    bench = Bench(engine=engine)
    now = bench.clock.now()
    unheld, fact = Tick("binance", "NOBODYUSDT", 1.0, now, now), Elapsed(now)
    asyncio.get_running_loop().call_later(0.01, bench.inbox.put, unheld)
    asyncio.get_running_loop().call_later(0.05, bench.inbox.put, fact)
    await run_for(bench, 0.2)
    assert engine.batches == [(unheld, fact)]


async def test_an_engine_that_wants_a_step_at_once_for_ever_does_not_spin() -> None:
    engine = Owing(*[-1.0] * 10_000)
    bench = Bench(engine=engine)
    bench.inbox.put(Elapsed(bench.clock.now()))
    await run_for(bench, 0.1)
    assert 2 < len(engine.batches) <= 101


WITHDRAWS = Permissions(can_read=True, can_trade=True, can_withdraw=True, can_transfer=False)
TRADES = Permissions(can_read=True, can_trade=True, can_withdraw=False, can_transfer=False)
READS = Permissions(can_read=True, can_trade=False, can_withdraw=False, can_transfer=False)
TOLD = {"key_permission", "permissions_changed"}


@pytest.mark.parametrize(
    ("policy", "permissions", "told"),
    [
        ("refuse", WITHDRAWS, TOLD),
        ("refuse", TRADES, TOLD),
        ("refuse", Permissions(), TOLD),
        ("refuse", READS, set()),
        ("warn", WITHDRAWS, TOLD),
        ("warn", TRADES, TOLD),
        ("warn", READS, set()),
        ("ignore", WITHDRAWS, set()),
        ("ignore", TRADES, set()),
        ("ignore", Permissions(), set()),
    ],
)
def test_what_a_key_may_do_is_told_as_the_policy_of_its_account_says(
    policy: str, permissions: Permissions, told: set[str]
) -> None:
    bench = Bench(config=f'{CONFIG}\npermissions = "{policy}"')
    fired: set[str] = set()

    def see(_: View, changes: Sequence[AlertChange]) -> None:
        fired.update(change.alert.rule for change in changes)

    bench.core.on_view = see
    with capture_logs():
        bench.core.take([PermissionsRead(account=MAIN, permissions=permissions, received=bench.clock.now())])
        for _ in range(2):
            bench.clock.time += 61.0
            bench.core.take([Elapsed(bench.clock.now())])
    assert fired & TOLD == told
    assert bench.core.latest().accounts[0].permissions == permissions, "what is not told is still shown"


def test_an_account_that_is_not_up_says_why() -> None:
    assert why_not_ready(account(up=True)) is None
    assert why_not_ready(account(up=False, reasons=("a", "b"))) == "binance/main: a; b"
    assert why_not_ready(account(up=False)) == "binance/main: not read yet"
    many = account(up=False, reasons=tuple("abcdefg"))
    assert why_not_ready(many) == "binance/main: a; b; c; d; and 3 more reasons"
