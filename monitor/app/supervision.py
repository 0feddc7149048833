"""Keeps a session's jobs running. A bug in a feed stays in that feed; a person is called where a person must act.

A job tries again by itself whatever trying again may cure. What escapes from it is judged here: a bug is logged with
its traceback and the job starts again slowly; a refusal (a wrong key) ends the job; anything else is tried again. The
edge is logged and the level counted: a job that fails the same way all night is one line and a number.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

import structlog

from monitor.domain.clock import Clock
from monitor.domain.errors import MarginwatchError, Overrun, RateLimited
from monitor.domain.events import Event, FeedDown, FeedUp
from monitor.domain.names import Venue
from monitor.domain.view import FeedStatus
from monitor.venues.backoff import Verdict, delays, verdict
from monitor.venues.session import Job

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class SupervisionSettings:
    """How a failed job is started again; seconds unless named otherwise."""

    first_seconds: float = 1.0
    factor: float = 1.6
    cap_seconds: float = 60.0
    bug_first_seconds: float = 15.0  #: after a bug: slowly, its cause does not go away by itself
    bug_cap_seconds: float = 300.0
    live_seconds: float = 60.0  #: a job that ran this long has earned a fresh back-off


@dataclass(slots=True)
class JobStatus:
    """How one job is doing, for the page and for readiness."""

    venue: Venue
    name: str
    account: str | None
    running: bool = False
    ended: bool = False  #: a person must act; it is not started again
    failures: int = 0
    reason: str = ""

    @property
    def row(self) -> FeedStatus:
        """A job that is down, as a row beside the streams."""
        phase = "ended" if self.ended else "running" if self.running else "waiting"
        return FeedStatus(
            venue=self.venue,
            account=self.account or "",
            stream=self.name,
            phase=phase,
            up=self.running,
            reason=self.reason,
            reconnects=self.failures,
        )


@dataclass(slots=True)
class _Pace:
    """The two back-offs of one job: for what the other side did, and for what we did."""

    settings: SupervisionSettings
    jitter: Callable[[], float] | None = None
    _retry: Iterator[float] = field(init=False)
    _bug: Iterator[float] = field(init=False)

    def __post_init__(self) -> None:
        self.anew()

    def anew(self) -> None:
        s = self.settings
        more = {} if self.jitter is None else {"jitter": self.jitter}
        self._retry = delays(s.first_seconds, s.factor, s.cap_seconds, **more)
        self._bug = delays(s.bug_first_seconds, s.factor, s.bug_cap_seconds, **more)

    def after(self, judged: Verdict) -> float:
        return next(self._bug if judged is Verdict.BUG else self._retry)


class EndedByItself(MarginwatchError):
    """A job returned, although it has to run until it is cancelled."""


async def supervise(
    job: Job,
    status: JobStatus,
    emit: Callable[[Event], None],
    clock: Clock,
    settings: SupervisionSettings,
    jitter: Callable[[], float] | None = None,
) -> None:
    """Run a job until it is cancelled or a person must act. Never raises but `CancelledError`."""
    pace = _Pace(settings, jitter)
    context = log.bind(venue=status.venue, job=job.name, account=job.account or "")
    while True:
        started = clock.monotonic()
        status.running = True
        if status.failures:
            _tell(emit, FeedUp(status.venue, status.account, status.name, clock.now()))
        try:
            await job.run()
            raise EndedByItself(f"the job {job.name} ended by itself")
        except (Exception, asyncio.CancelledError) as error:  # the boundary of a feed: what escapes must stay in it
            task = asyncio.current_task()
            if task is None or task.cancelling():
                # We are told to end, and no failure on the way out may hide that: the job would start again. (A
                # cancellation that nobody asked for comes from inside, and is a bug.)
                if isinstance(error, asyncio.CancelledError):
                    raise
                if not isinstance(error, MarginwatchError):
                    context.error("job failed by a bug while it was ended", exc_info=error)
                raise asyncio.CancelledError from error
            status.running = False
            status.failures += 1
            judged = Verdict.RETRY if isinstance(error, Overrun) else verdict(error)
            reason = describe(error)
            if clock.monotonic() - started >= settings.live_seconds:
                pace.anew()
                status.reason = ""
            _tell(emit, FeedDown(status.venue, status.account, status.name, clock.now(), reason))
            if judged is Verdict.STOP:
                status.ended, status.reason = True, reason
                context.error("job ended: a person must act", reason=reason)
                return
            wait = pace.after(judged)
            if isinstance(error, RateLimited):
                wait = max(wait, error.until - clock.now())
            _log_failure(context, error, judged, reason, status, wait)
            status.reason = reason
        await clock.sleep(wait)


def describe(error: BaseException) -> str:
    """An error in words for a report; of a foreign one only its kind, because its text may hold a URL."""
    if isinstance(error, BaseExceptionGroup):
        return "; ".join(dict.fromkeys(describe(member) for member in error.exceptions))
    if isinstance(error, MarginwatchError):
        return str(error)
    return f"an error in the program ({type(error).__name__}); the log has the details"


def _tell(emit: Callable[[Event], None], event: FeedUp | FeedDown) -> None:
    """Say that this job is down, or back. A full inbox must not end the supervision: all is read anew anyway."""
    with suppress(Overrun):
        emit(event)


def _log_failure(
    context: structlog.stdlib.BoundLogger,
    error: BaseException,
    judged: Verdict,
    reason: str,
    status: JobStatus,
    wait: float,
) -> None:
    """One line for each new kind of failure; repetitions are counted in the job's status."""
    if reason == status.reason:
        context.debug("job failed again", reason=reason, failures=status.failures)
    elif judged is Verdict.BUG:
        context.error("job failed by a bug", failures=status.failures, again_in=round(wait, 1), exc_info=error)
    else:
        context.warning("job failed", reason=reason, failures=status.failures, again_in=round(wait, 1))
