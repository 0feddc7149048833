"""Supervision: a bug stays in its feed, a refusal calls a person, and a fresh back-off must be earned."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from structlog.testing import capture_logs

from monitor.app.supervision import JobStatus, SupervisionSettings, describe, supervise
from monitor.domain.errors import AuthRejected, FeedLost, Overrun, RateLimited
from monitor.domain.events import Event, FeedDown, FeedUp
from monitor.venues.session import Job
from tests.unit.app.clocks import FakeClock

SETTINGS = SupervisionSettings(
    first_seconds=1.0, factor=2.0, cap_seconds=4.0, bug_first_seconds=15.0, bug_cap_seconds=100.0, live_seconds=60.0
)


class Play:
    """A job that lives and fails by a list: (seconds it runs, how it ends). After the last it is cancelled."""

    def __init__(self, *acts: tuple[float, BaseException | None]) -> None:
        self.acts = list(acts)
        self.clock = FakeClock()
        self.events: list[Event] = []
        self.status = JobStatus("binance", "user", "main")

    async def job(self) -> None:
        if not self.acts:
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
            await asyncio.sleep(0)
        seconds, error = self.acts.pop(0)
        self.clock.time += seconds
        if error is not None:
            raise error

    async def run(self, emit: Callable[[Event], None] | None = None) -> None:
        run: Callable[[], Awaitable[None]] = self.job
        await supervise(
            Job("user", "main", run), self.status, emit or self.events.append, self.clock, SETTINGS, lambda: 1.0
        )


async def played(*acts: tuple[float, BaseException | None]) -> Play:
    play = Play(*acts)
    with pytest.raises(asyncio.CancelledError):
        await play.run()
    return play


LOST = FeedLost("binance", "user", "connection closed")


async def test_a_failure_of_the_other_side_is_tried_again_with_growing_waits() -> None:
    play = await played((1, LOST), (1, LOST), (1, LOST), (1, LOST))
    assert play.clock.sleeps == [1.0, 2.0, 4.0, 4.0]


async def test_only_a_job_that_lived_for_a_while_earns_a_fresh_back_off() -> None:
    play = await played((1, LOST), (59, LOST), (60, LOST), (1, LOST))
    assert play.clock.sleeps == [1.0, 2.0, 1.0, 2.0]


async def test_a_bug_starts_the_job_again_slowly_and_loudly() -> None:
    with capture_logs() as logs:
        play = await played((1, KeyError("x")), (1, KeyError("x")))
    assert play.clock.sleeps == [15.0, 30.0]
    (line,) = [entry for entry in logs if entry["log_level"] == "error"]
    assert line["event"] == "job failed by a bug"
    assert isinstance(line["exc_info"], KeyError)


async def test_a_job_that_ends_by_itself_is_a_bug() -> None:
    assert (await played((1, None))).clock.sleeps == [15.0]


async def test_a_cancellation_that_nobody_asked_for_does_not_silence_a_job_for_ever() -> None:
    with capture_logs() as logs:
        play = await played((1, asyncio.CancelledError()), (1, LOST))
    assert play.clock.sleeps == [15.0, 1.0]
    assert [entry["event"] for entry in logs] == ["job failed by a bug", "job failed"]


async def test_a_refused_key_ends_the_job_and_says_so() -> None:
    play = Play((1, AuthRejected("binance", "account", "the key is not valid", -2015)))
    with capture_logs() as logs:
        await play.run()
    assert play.status.ended
    assert play.clock.sleeps == []
    (down,) = play.events
    assert isinstance(down, FeedDown)
    assert (down.account, down.stream) == ("main", "user")
    assert "the key is not valid" in down.reason
    assert play.status.row.phase == "ended"
    assert not play.status.row.up
    assert [entry["event"] for entry in logs] == ["job ended: a person must act"]


async def test_a_ban_is_waited_out() -> None:
    play = await played((0, RateLimited("binance", "rest", "banned", until=1_000_120.0)))
    assert play.clock.sleeps == [120.0]


async def test_a_job_that_is_back_says_so() -> None:
    play = await played((1, LOST), (1, LOST))
    assert [type(event) for event in play.events] == [FeedDown, FeedUp, FeedDown, FeedUp]


async def test_a_fact_that_found_no_room_starts_its_job_again_and_a_full_inbox_ends_nothing() -> None:
    def full(_: Event) -> None:
        raise Overrun(1)

    play = Play((1, Overrun(1)))
    with pytest.raises(asyncio.CancelledError):
        await play.run(full)
    assert play.clock.sleeps == [1.0]


async def test_the_same_failure_all_night_is_one_line() -> None:
    with capture_logs() as logs:
        play = await played(*[(1, LOST)] * 50)
    assert len([entry for entry in logs if entry["log_level"] == "warning"]) == 1
    assert play.status.failures == 50


async def test_cancelling_ends_a_job_at_once() -> None:
    play = Play()

    async def forever() -> None:
        await asyncio.Event().wait()

    job = Job("user", "main", forever)
    task = asyncio.create_task(supervise(job, play.status, play.events.append, play.clock, SETTINGS))
    await asyncio.sleep(0)
    assert play.status.running
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize(
    ("error", "said"), [(Overrun(1), []), (LOST, []), (KeyError("x"), ["job failed by a bug while it was ended"])]
)
async def test_what_fails_while_a_job_is_cancelled_does_not_start_it_again(error: Exception, said: list[str]) -> None:
    play, runs = Play(), []

    async def clumsy() -> None:
        runs.append(1)
        try:
            await asyncio.Event().wait()
        finally:
            raise error  # as a full inbox does when the stream tells it that it is down

    job = Job("user", "main", clumsy)
    task = asyncio.create_task(supervise(job, play.status, play.events.append, play.clock, SETTINGS))
    await asyncio.sleep(0)
    with capture_logs() as logs:
        task.cancel()
        done, _ = await asyncio.wait({task}, timeout=20.0)
    assert done, "the first cancellation is enough"
    assert task.cancelled()
    assert len(runs) == 1
    assert play.clock.sleeps == []
    assert [entry["event"] for entry in logs] == said


def test_a_foreign_error_is_told_by_its_kind_because_its_text_may_hold_a_url() -> None:
    secret = ValueError("GET https://x.test/?signature=abc")
    assert "signature" not in describe(secret)
    assert "ValueError" in describe(ExceptionGroup("both", [secret, LOST]))
    assert "connection closed" in describe(ExceptionGroup("both", [secret, LOST]))
