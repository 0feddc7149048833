"""The core between inbox and outputs: one step after the other, with what surrounds it sampled and written down."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Protocol

import structlog

from monitor import __version__
from monitor.alerts.alerting import Alerting
from monitor.app import settings
from monitor.app.config import Loaded
from monitor.app.deciding import Decider, Decision
from monitor.app.diagnosis import Diagnosis
from monitor.app.edges import Edges
from monitor.app.inbox import Inbox
from monitor.app.supervision import JobStatus
from monitor.domain.alerts import AlertChange
from monitor.domain.clock import Clock
from monitor.domain.delivery import ChannelStatus, HeartbeatStatus, StoreStatus
from monitor.domain.errors import Overrun
from monitor.domain.events import (
    AssetTick,
    BalanceChanged,
    ConfigChanged,
    Elapsed,
    Event,
    FundingRates,
    OptionMarks,
    OrderChanged,
    PositionChanged,
    Tick,
    Ticks,
    WalletChanged,
)
from monitor.domain.memory import VolatilityFact
from monitor.domain.names import Venue
from monitor.domain.reports import Resync
from monitor.domain.view import FeedStatus, JournalStatus, Surroundings, View
from monitor.engine.engine import Engine
from monitor.outputs.log import AlertLog
from monitor.outputs.prometheus import Exposition
from monitor.venues.session import Session

log = structlog.get_logger(__name__)

TICK_SECONDS = 1.0
SHORTEST_WAIT_SECONDS = 0.001  #: for a step that is due: whatever the engine asks for, the loop never spins
FREEZE_AFTER_SECONDS = 30.0
SAMPLE_SECONDS = 0.25  #: how old the surroundings may be in a step that brings nothing but prices
REMEMBER_SECONDS = 60.0
TOO_MANY = "too many events waited"

#: What comes in single frames, and is handed on at once. An answer that was asked for is not counted: tables and
#: snapshots are made of several, some of them kept for hours, and are as old as the oldest of them.
PUSHED = (
    Tick, Ticks, AssetTick, OptionMarks, FundingRates,
    PositionChanged, OrderChanged, BalanceChanged, WalletChanged, ConfigChanged,
)  # fmt: skip

OnView = Callable[[View, Sequence[AlertChange]], None]


class StepJournal(Protocol):
    """Where each step is written down, in order: what came in, at what time, in what surroundings, with what outcome.

    Neither call blocks or fails.
    """

    def step(self, number: int, batch: Sequence[Event], now: float, around: Surroundings | None, overrun: str) -> None:
        """Step `number` begins. `around` None: as in the step before."""
        ...

    def outcome(self, number: int, decision: Decision) -> None:
        """What step `number` came to."""
        ...

    def status(self) -> JournalStatus:
        """How the recording does."""
        ...


class Outlet(Protocol):
    """Where decisions go, and how those do that carry them on. No call blocks or fails."""

    def take(self, decision: Decision, batch: Sequence[Event]) -> None:
        """What a step decided, with the events that it came from."""
        ...

    def remember(self, volatility: tuple[VolatilityFact, ...]) -> None:
        """Keep what the engine knows of volatility."""
        ...

    def channels(self) -> tuple[ChannelStatus, ...]:
        """How each channel does."""
        ...

    def store(self) -> StoreStatus | None:
        """How the store does; None where there is none."""
        ...

    def heartbeats(self) -> tuple[HeartbeatStatus, ...]:
        """The signs of life that are owed to us."""
        ...


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
        journal: StepJournal | None = None,
        people: Outlet | None = None,
    ) -> None:
        self._inbox, self._exposition, self._journal, self._people = inbox, exposition, journal, people
        self._engine = engine
        self._late_seconds = 0.0  #: the longest since the last sample
        self._remembered_at = clock.now()
        self._sessions, self._jobs, self._clock = sessions, jobs, clock
        self._holds = engine.holds
        self._started = clock.now()
        self._decider = Decider(
            engine, alerting, instance=loaded.config.instance, version=__version__, started=self._started
        )
        self._steps = 0
        self._edges = Edges()
        self._diagnosis = Diagnosis(loaded.secret_texts)
        self._unreadable: Mapping[Venue, tuple[str, ...]] = {}
        self._alert_log = AlertLog(like=settings.alerts(loaded).like)
        self._frozen = False
        self._due: float | None = None
        self._around, self._sampled_at = self._surroundings(), self._started
        self._unwritten = True  #: the surroundings are not in the journal yet
        self.on_view: OnView | None = None
        self.on_latency: Callable[[float], None] | None = None
        first = self._decider.view
        self._view = replace(
            first, feeds=self._around.feeds, budgets=self._around.budgets, clock_offsets=self._around.clock_offsets
        )

    def latest(self) -> View:
        """The newest picture."""
        return self._view

    async def run(self) -> None:
        """Step after step, for ever. What it raises is a bug in the core."""
        self._inbox.wanted = self._holds
        while True:
            self.take(await self._next())

    async def _next(self) -> tuple[Event, ...]:
        """What came in next; nothing if the engine wants a step before that, for lines older than their ratios."""
        patience = None if self._due is None else max(SHORTEST_WAIT_SECONDS, self._due - self._clock.now())
        batch = await self._inbox.batch(patience)
        self._late_seconds = max(self._late_seconds, self._inbox.waited_seconds)
        return batch

    async def tick(self) -> None:
        """Tell the engine each second that time passes."""
        while True:
            due = self._clock.monotonic() + TICK_SECONDS
            await self._clock.sleep(TICK_SECONDS)
            self._late_seconds = max(self._late_seconds, self._clock.monotonic() - due)
            with suppress(Overrun):  # the inbox remembers it, and the engine has all accounts read anew
                self._inbox.put(Elapsed(self._clock.now()))
            self._freeze()

    def take(self, batch: Sequence[Event]) -> None:
        """One step: what came in becomes reports, alerts and a new picture."""
        now = self._clock.now()
        overrun = TOO_MANY if self._inbox.overrun() else ""
        if overrun:
            log.error("inbox overrun: reading all accounts anew", limit=self._inbox.limit)
        self._sample(batch, now)
        self._steps += 1
        if self._journal is not None:
            around = self._around if self._unwritten else None
            self._journal.step(self._steps, batch, now, around, overrun)
            self._unwritten = False
        decision = self._decider.step(batch, now, self._around, overrun)
        if self._journal is not None:
            self._journal.outcome(self._steps, decision)
        self._due = decision.result.due
        if decision.result.reports:
            self._observe(batch)
        self._resync(decision.resyncs)
        self._view = replace(decision.view, diagnosis=self._unreadable) if self._unreadable else decision.view
        if self._people is not None:
            self._people.take(decision, batch)
            self._remember(self._people, now)
        self._edges.see(batch)
        self._alert_log.write(decision.changes)
        self._exposition.count_changes(decision.changes)
        if self.on_view is not None:
            self.on_view(self._view, decision.changes)

    def _sample(self, batch: Sequence[Event], now: float) -> None:
        """Look at feeds and budgets anew: when anything but prices came, and else a few times a second."""
        young = 0.0 <= now - self._sampled_at < SAMPLE_SECONDS
        if young and all(isinstance(event, (Tick, Ticks, AssetTick)) for event in batch):
            return
        self._around, self._sampled_at, self._unwritten = self._surroundings(), now, True
        self._late_seconds = 0.0
        self._unreadable = self._diagnosis.look(self._sessions, self._around.feeds)

    def _surroundings(self) -> Surroundings:
        offsets = {venue: session.clock_offset() for venue, session in self._sessions.items()}
        return Surroundings(
            feeds=self._feeds(),
            budgets=tuple(budget for session in self._sessions.values() for budget in session.budgets()),
            clock_offsets={venue: offset for venue, offset in offsets.items() if offset is not None},
            inbox_depth=self._inbox.depth,
            conflated_total=self._inbox.conflated_total,
            journal=None if self._journal is None else self._journal.status(),
            channels=() if self._people is None else self._people.channels(),
            store=None if self._people is None else self._people.store(),
            heartbeats=() if self._people is None else self._people.heartbeats(),
            late_seconds=self._late_seconds,
        )

    def _remember(self, people: Outlet, now: float) -> None:
        """Once a minute, have kept what cannot be learnt anew in a minute."""
        if not 0.0 <= now - self._remembered_at < REMEMBER_SECONDS:
            self._remembered_at = now
            people.remember(self._engine.volatility_facts())

    def _resync(self, resyncs: Sequence[Resync]) -> None:
        for resync in resyncs:
            session = self._sessions.get(resync.account.venue)
            if session is not None and resync.flows_since is not None:
                session.read_flows(resync.account, resync.flows_since)
            elif session is not None:
                session.resync(resync.account, resync.why, config=resync.config)

    def _observe(self, batch: Sequence[Event]) -> None:
        """From the receipt of each frame of the batch to now, when the reports that hold it are ready."""
        now = self._clock.now()
        for received in {event.received for event in batch if isinstance(event, PUSHED)}:
            seconds = max(0.0, now - received)
            self._exposition.observe_latency(seconds)
            if self.on_latency is not None:
                self.on_latency(seconds)

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
