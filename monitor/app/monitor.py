"""The running monitor: feeds put events, the engine turns them into reports, alerts and outputs follow. All wiring."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import replace

import structlog

from monitor import __version__
from monitor.alerts.alerting import Alerting
from monitor.app import settings
from monitor.app.clock import SystemClock
from monitor.app.config import Loaded
from monitor.app.diagnosis import Diagnosis
from monitor.app.edges import Edges
from monitor.app.inbox import Inbox
from monitor.app.supervision import JobStatus, supervise
from monitor.domain.alerts import AlertChange
from monitor.domain.clock import Clock
from monitor.domain.errors import Overrun
from monitor.domain.events import Elapsed, Event
from monitor.domain.names import Venue
from monitor.domain.reports import AccountReport, Resync
from monitor.domain.view import FeedStatus, View
from monitor.engine.engine import Engine
from monitor.outputs.log import AlertLog
from monitor.outputs.prometheus import Exposition
from monitor.venues.binance.margin import describe
from monitor.venues.binance.session import BinanceSession
from monitor.venues.session import Emit, Session
from monitor.web.server import serve

log = structlog.get_logger(__name__)

TICK_SECONDS = 1.0
SHORTEST_WAIT_SECONDS = 0.001  #: for a step that is due: whatever the engine asks for, the loop never spins
FREEZE_AFTER_SECONDS = 30.0
REASONS_SHOWN = 4  #: of what keeps an account from being ready, the gravest first

OnView = Callable[[View, Sequence[AlertChange]], None]


def sessions_for(loaded: Loaded, emit: Emit, clock: Clock) -> dict[Venue, Session]:
    """One session for each venue that has an account."""
    return {"binance": BinanceSession(settings.binance(loaded), emit, clock)}


async def run_monitor(
    loaded: Loaded,
    *,
    stop: asyncio.Event,
    on_view: OnView | None = None,
    on_latency: Callable[[float], None] | None = None,
) -> None:
    """Run until `stop` is set. A failure of the engine or of an output is raised: the process has to end.

    `on_view` is called after each step with the picture and the alerts that changed, `on_latency` with the seconds from
    the receipt of a frame to the reports that hold it. OSError if the HTTP server cannot listen.
    """
    clock = SystemClock()
    config = loaded.config
    async with AsyncExitStack() as stack:
        inbox = Inbox(config.inbox.facts_limit)
        engine = Engine({"binance": describe}, settings.engine(loaded))
        alerting = Alerting(settings.alerts(loaded))
        exposition = Exposition(rules=settings.alerts(loaded).rules)
        sessions = sessions_for(loaded, inbox.put, clock)
        for session in sessions.values():
            stack.push_async_callback(session.close)
        jobs = [
            (session, job, JobStatus(session.venue, job.name, job.account))
            for session in sessions.values()
            for job in session.jobs()
        ]
        core = Core(inbox, engine, alerting, exposition, sessions, [status for _, _, status in jobs], loaded, clock)
        core.on_view, core.on_latency = on_view, on_latency
        if config.web.enabled:
            server = await serve(core.latest, exposition, config.web.host, config.web.port)
            stack.push_async_callback(server.close)
            log.info("listening", url=server.url)
        async with asyncio.TaskGroup() as tasks:
            running = [
                tasks.create_task(core.run(), name="engine"),
                tasks.create_task(core.tick(), name="timer"),
                *(
                    tasks.create_task(
                        supervise(job, status, inbox.put, clock, settings.supervision(loaded)),
                        name=f"{session.venue}:{job.account or '*'}:{job.name}",
                    )
                    for session, job, status in jobs
                ),
            ]
            await stop.wait()
            log.info("stopping")
            for task in running:
                task.cancel()
    log.info("stopped")


class Core:
    """From a batch of events to reports, alerts and the picture that outputs show. Synchronous but for the waiting."""

    def __init__(
        self,
        inbox: Inbox,
        engine: Engine,
        alerting: Alerting,
        exposition: Exposition,
        sessions: Mapping[Venue, Session],
        jobs: Sequence[JobStatus],
        loaded: Loaded,
        clock: Clock,
    ) -> None:
        self._inbox, self._engine, self._alerting, self._exposition = inbox, engine, alerting, exposition
        self._sessions, self._jobs, self._clock = sessions, jobs, clock
        self._instance = loaded.config.instance
        self._started = clock.now()
        self._batches = 0
        self._edges = Edges()
        self._diagnosis = Diagnosis(loaded.secret_texts)
        self._alert_log = AlertLog()
        self._frozen = False
        self._due: float | None = None
        self.on_view: OnView | None = None
        self.on_latency: Callable[[float], None] | None = None
        self._view = self._picture(self._started, 0)

    def latest(self) -> View:
        """The newest picture."""
        return self._view

    async def run(self) -> None:
        """Step after step, for ever. What it raises is a bug in the core."""
        while True:
            self.take(await self._next())

    async def _next(self) -> tuple[Event, ...]:
        """What came in next; nothing if the engine wants a step before that, for lines older than their ratios."""
        if self._due is None:
            return await self._inbox.batch()
        try:
            async with asyncio.timeout(max(SHORTEST_WAIT_SECONDS, self._due - self._clock.now())):
                return await self._inbox.batch()
        except TimeoutError:
            return ()

    async def tick(self) -> None:
        """Tell the engine each second that time passes."""
        while True:
            await self._clock.sleep(TICK_SECONDS)
            with suppress(Overrun):  # the inbox remembers it, and the engine has all accounts read anew
                self._inbox.put(Elapsed(self._clock.now()))
            self._freeze()

    def take(self, batch: Sequence[Event]) -> None:
        """One step: what came in becomes reports, alerts and a new picture."""
        now = self._clock.now()
        result = self._engine.step(batch, now)
        self._due = result.due
        if result.reports:
            self._observe(batch)
        self._resync(result.resyncs)
        if self._inbox.overrun():
            log.error("inbox overrun: reading all accounts anew", limit=self._inbox.limit)
            self._resync(self._engine.force_resync("too many events waited"))
        self._batches += 1
        view = self._picture(now, len(batch))
        changes = self._alerting.step(view, result.notices, now)
        view = replace(view, alerts=self._alerting.firing)
        self._view = view
        self._edges.see(batch)
        self._alert_log.write(changes)
        if self.on_view is not None:
            self.on_view(view, changes)

    def _resync(self, resyncs: Sequence[Resync]) -> None:
        for resync in resyncs:
            session = self._sessions.get(resync.account.venue)
            if session is not None:
                session.resync(resync.account, resync.why, config=resync.config)

    def _observe(self, batch: Sequence[Event]) -> None:
        """From the receipt of each frame of the batch to now, when the reports that hold it are ready."""
        now = self._clock.now()
        for received in {getattr(event, "received", None) for event in batch}:
            if received is not None:
                seconds = max(0.0, now - received)
                self._exposition.observe_latency(seconds)
                if self.on_latency is not None:
                    self.on_latency(seconds)

    def _picture(self, now: float, events: int) -> View:
        accounts = self._engine.reports()
        not_ready = tuple(reason for report in accounts if (reason := why_not_ready(report)) is not None)
        feeds = self._feeds()
        offsets = {venue: session.clock_offset() for venue, session in self._sessions.items()}
        return View(
            at=now,
            started=self._started,
            instance=self._instance,
            version=__version__,
            ready=not not_ready,
            not_ready=not_ready,
            accounts=accounts,
            feeds=feeds,
            budgets=tuple(budget for session in self._sessions.values() for budget in session.budgets()),
            clock_offsets={venue: offset for venue, offset in offsets.items() if offset is not None},
            alerts=self._alerting.firing,
            inbox_depth=self._inbox.depth,
            conflated_total=self._inbox.conflated_total,
            batches_total=self._batches,
            last_batch_events=events,
            diagnosis=self._diagnosis.look(self._sessions, feeds),
        )

    def _feeds(self) -> tuple[FeedStatus, ...]:
        """The sessions' streams, and every job that ever failed: a job that ended must be seen."""
        rows = [feed for session in self._sessions.values() for feed in session.feeds()]
        known = {(row.venue, row.account, row.stream) for row in rows}
        failed = [job.row for job in self._jobs if job.failures]
        return tuple(rows + [row for row in failed if (row.venue, row.account, row.stream) not in known])

    def _freeze(self) -> None:
        """Once started, take all that lives out of the garbage collector's sight: no pause longer than 10 ms after."""
        now = self._clock.now()
        if not self._frozen and (self._view.ready or now - self._started > FREEZE_AFTER_SECONDS):
            self._frozen = True
            gc.collect()
            gc.freeze()
            log.info("ready" if self._view.ready else "not ready yet", missing=list(self._view.not_ready))


def why_not_ready(report: AccountReport) -> str | None:
    """Why an account keeps the monitor from being ready; None if it does not."""
    if report.up:
        return None
    more = len(report.reasons) - REASONS_SHOWN
    shown = (*report.reasons[:REASONS_SHOWN], *([f"and {more} more reasons"] if more > 0 else []))
    return f"{report.key.venue}/{report.key.account}: " + ("; ".join(shown) or "not read yet")
