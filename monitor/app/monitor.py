"""The running monitor: feeds put events, the engine turns them into reports, alerts and outputs follow. All wiring."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

import structlog

from monitor import __version__
from monitor.alerts.alerting import Alerting
from monitor.app import settings
from monitor.app.clock import SystemClock
from monitor.app.config import Loaded
from monitor.app.config_journal import journal_folder, store_file
from monitor.app.config_web import web_doubts
from monitor.app.core import Core, OnView
from monitor.app.inbox import Inbox
from monitor.app.people import People
from monitor.app.rooms import describes, redactor, room
from monitor.app.supervision import JobStatus, supervise
from monitor.app.supposing import Supposing
from monitor.domain.clock import Clock
from monitor.domain.names import Venue
from monitor.domain.recording import UNRECORDED, Recorder
from monitor.engine.engine import Engine
from monitor.outputs.journal.journal import About, Journal
from monitor.outputs.prometheus import Exposition
from monitor.venues.session import Put, Session
from monitor.web.server import serve

log = structlog.get_logger(__name__)


JOURNAL_CLOSE_SECONDS = 0.5  #: that the end of the process waits for the journal's last block


def sessions_for(loaded: Loaded, emit: Put, clock: Clock, recorder: Recorder = UNRECORDED) -> dict[Venue, Session]:
    """One session for each venue that has an account."""
    return {venue: room(venue).session(loaded, emit, clock, recorder) for venue in settings.used_venues(loaded)}


def journal_for(loaded: Loaded, clock: Clock) -> Journal | None:
    """The flight recorder, not yet started; None where it is turned off."""
    config = loaded.config.journal
    if not config.enabled:
        return None
    about = About(
        instance=loaded.config.instance,
        version=__version__,
        config=settings.effective(loaded),
        accounts=settings.account_keys(loaded),
    )
    return Journal(
        lambda: journal_folder(config.directory, os.environ),
        settings.journal(loaded),
        about,
        clock,
        redactor(settings.used_venues(loaded)),
        loaded.secret_texts,
    )


def store_for(loaded: Loaded) -> Path | None:
    """The file of what survives a restart; None where nothing is to. ConfigError where there is no place for it."""
    config = loaded.config.store
    return store_file(config.directory, os.environ) if config.enabled else None


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
        inbox = Inbox(config.inbox.facts_limit, clock.monotonic)
        people = People(loaded, inbox.put, lambda: core.latest(), store_for(loaded), clock)
        stack.push_async_callback(people.close)
        for event in await people.open():
            inbox.put(event)
        engine = Engine(describes(settings.used_venues(loaded)), settings.engine(loaded))
        alerting = Alerting(settings.alerts(loaded))
        exposition = Exposition(rules=settings.alerts(loaded).rules)
        journal = journal_for(loaded, clock)
        if journal is not None:  # closed last, so that it holds what the closing of the others brings
            stack.push_async_callback(asyncio.to_thread, journal.close, JOURNAL_CLOSE_SECONDS)
        sessions = sessions_for(loaded, inbox.put, clock, journal or UNRECORDED)
        for session in sessions.values():
            stack.push_async_callback(session.close)
        jobs = [
            (session, job, JobStatus(session.venue, job.name, job.account))
            for session in sessions.values()
            for job in session.jobs()
        ]
        statuses = [status for _, _, status in jobs]
        core = Core(inbox, engine, alerting, exposition, sessions, statuses, loaded, clock, journal, people)
        people.on_delivered = exposition.observe_delivery
        core.on_view, core.on_latency = on_view, on_latency
        if config.web.enabled:
            supposing = Supposing(engine.picture)
            stack.callback(supposing.close)
            desk = people.desk(supposing)
            server = await serve(core.latest, exposition, config.web.host, config.web.port, desk)
            stack.push_async_callback(server.close)
            log.info("listening", url=server.url)
            for doubt in web_doubts(loaded):
                log.warning("the server may be open to others", why=doubt)
        if journal is not None:
            journal.start()
        async with asyncio.TaskGroup() as tasks:
            running = [
                tasks.create_task(core.run(), name="engine"),
                tasks.create_task(core.tick(), name="timer"),
                tasks.create_task(people.run(), name="people"),
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
