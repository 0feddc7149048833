"""One step from events to decisions: engine, rules and the picture. Live and replayed runs take the same one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from monitor.alerts.alerting import Alerting
from monitor.domain.alerts import AlertChange, MemoryChange
from monitor.domain.commands import AcknowledgeAlert, AlertCommand, AlertsRestored, EndSilence, SilenceAlerts
from monitor.domain.events import Event
from monitor.domain.memory import AccountFacts
from monitor.domain.reports import AccountReport, Resync, StepResult
from monitor.domain.view import Surroundings, View
from monitor.engine.engine import Engine

REASONS_SHOWN = 4  #: of what keeps an account from being ready, the gravest first


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What one step came to. `resyncs` holds the engine's own and those of an overrun.

    `memory` is what of the alerts' memory is another now, `facts` are those of accounts that are others; both must
    survive. `refusals` say in words which commands of people came to nothing, and why.
    """

    result: StepResult
    view: View
    changes: tuple[AlertChange, ...]
    resyncs: tuple[Resync, ...]
    memory: MemoryChange = MemoryChange()
    facts: tuple[AccountFacts, ...] = ()
    refusals: tuple[str, ...] = ()


class Decider:
    """Engine and rules as one deterministic machine: equal steps in equal order give equal decisions."""

    def __init__(self, engine: Engine, alerting: Alerting, *, instance: str, version: str, started: float) -> None:
        self._engine, self._alerting = engine, alerting
        self._instance, self._version, self._started = instance, version, started
        self._steps = 0
        self._accounts: tuple[AccountReport, ...] = ()
        self._not_ready: tuple[str, ...] = ()
        self.view = self._picture(started, Surroundings(), 0)

    def step(self, batch: Sequence[Event], now: float, around: Surroundings, overrun: str = "") -> Decision:
        """Take a batch at `now`. `overrun` says in words why facts were lost since the last step ("": none were)."""
        result = self._engine.step(batch, now)
        resyncs = result.resyncs
        if overrun:
            resyncs += self._engine.force_resync(overrun)
        self._steps += 1
        view = self._picture(now, around, len(batch))
        alerting = self._alerting
        changes = alerting.step(view, result.notices, now, commands_of(batch), result.closed)
        firing, pending, silences = alerting.firing, alerting.pending, alerting.silences
        if firing is not view.alerts or pending is not view.pending or silences is not view.silences:
            view = replace(view, alerts=firing, pending=pending, silences=silences)
        self.view = view
        return Decision(
            result=result,
            view=view,
            changes=changes,
            resyncs=resyncs,
            memory=alerting.memory,
            facts=self._engine.facts_changed(),
            refusals=alerting.refusals,
        )

    def _picture(self, now: float, around: Surroundings, events: int) -> View:
        accounts = self._engine.reports()
        if accounts is not self._accounts:  # most steps report nothing anew
            self._accounts = accounts
            self._not_ready = tuple(reason for report in accounts if (reason := why_not_ready(report)) is not None)
        return View(
            at=now,
            started=self._started,
            instance=self._instance,
            version=self._version,
            ready=not self._not_ready,
            not_ready=self._not_ready,
            accounts=accounts,
            feeds=around.feeds,
            budgets=around.budgets,
            clock_offsets=around.clock_offsets,
            alerts=self._alerting.firing,
            inbox_depth=around.inbox_depth,
            conflated_total=around.conflated_total,
            batches_total=self._steps,
            last_batch_events=events,
            journal=around.journal,
            pending=self._alerting.pending,
            silences=self._alerting.silences,
            channels=around.channels,
            store=around.store,
            heartbeats=around.heartbeats,
            late_seconds=around.late_seconds,
            groups=self._engine.groups(),
        )


_COMMANDS: frozenset[type] = frozenset({AcknowledgeAlert, SilenceAlerts, EndSilence, AlertsRestored})


def commands_of(batch: Sequence[Event]) -> tuple[AlertCommand, ...]:
    """What people ask of the alerts, in its order."""
    return tuple(
        event
        for event in batch
        if type(event) in _COMMANDS
        and isinstance(event, AcknowledgeAlert | SilenceAlerts | EndSilence | AlertsRestored)
    )


def why_not_ready(report: AccountReport) -> str | None:
    """Why an account keeps the monitor from being ready; None if it does not."""
    if report.up:
        return None
    more = len(report.reasons) - REASONS_SHOWN
    shown = (*report.reasons[:REASONS_SHOWN], *([f"and {more} more reasons"] if more > 0 else []))
    return f"{report.key.venue}/{report.key.account}: " + ("; ".join(shown) or "not read yet")
