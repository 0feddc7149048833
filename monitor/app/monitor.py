"""The running monitor: feeds put events, the engine turns them into reports, alerts and outputs follow. All wiring."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack

import structlog

from monitor.alerts.alerting import Alerting
from monitor.app import settings
from monitor.app.clock import SystemClock
from monitor.app.config import Loaded
from monitor.app.core import Core, OnView
from monitor.app.inbox import Inbox
from monitor.app.supervision import JobStatus, supervise
from monitor.domain.clock import Clock
from monitor.domain.names import Venue
from monitor.engine.engine import Engine
from monitor.outputs.prometheus import Exposition
from monitor.venues.binance.margin import describe
from monitor.venues.binance.session import BinanceSession
from monitor.venues.session import Put, Session
from monitor.web.server import serve

log = structlog.get_logger(__name__)


def sessions_for(loaded: Loaded, emit: Put, clock: Clock) -> dict[Venue, Session]:
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
