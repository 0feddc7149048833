"""A journal run again: recorded steps in, the decisions that this engine and these rules take of them out.

Nothing is read here and no time passes: the same records give the same items. A replay that begins with the first step
of a run, on the build, numpy and processor that wrote it, must repeat it to the byte; any other one is compared within
the bound of our figures (`monitor.app.replay_bounds`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from monitor.alerts.alerting import Alerting
from monitor.alerts.settings import waits_seconds
from monitor.app import settings
from monitor.app.config import Loaded
from monitor.app.deciding import Decider, Decision
from monitor.app.rooms import describes
from monitor.domain.alerts import Level, Severity
from monitor.domain.view import Surroundings
from monitor.engine.engine import Engine
from monitor.outputs.journal.records import Baseline, End, Lost, Outcome, Record, Run, Step, outcome
from monitor.outputs.journal.segment import Damage

STOPPED = "stopped"  #: the word of the last record of a run that was ended in good order


@dataclass(frozen=True, slots=True, kw_only=True)
class Began:
    """A run, or the rest of one, begins at `at`.

    `whole`: with its first step. Else with the facts that stood at the head of a later segment: what had been learnt
    before (volatilities, alerts that fired or waited) is not known. `strangers` says in words what of this process
    differs from the one that wrote the run. Without either, and under the rules of then, all must be identical.
    `levels` are all levels of the rules that it is replayed under, the quietest first, `waits_seconds` how long each
    rule may wait before it tells what it sees.
    """

    run: Run
    at: float
    whole: bool
    strangers: tuple[str, ...] = ()
    other_rules: bool = False
    levels: tuple[Level, ...] = tuple(Severity)
    waits_seconds: Mapping[str, float] = field(default_factory=dict, compare=False)

    @property
    def exact(self) -> bool:
        """Whether every report and every change of an alert must be the recorded one, to the byte."""
        return self.whole and not self.strangers and not self.other_rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """Steps of a run that cannot be replayed, with the reason. `first` is the time of the step before them, or without
    one that of the first of them that is there; `last` that of the last of them, as far as known. `goes_on`: behind
    them a segment of the run begins with the facts that stood; else nothing more of it is replayed.
    """

    run: str
    why: str
    steps: int
    first: float | None = None
    last: float | None = None
    goes_on: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayedStep:
    """One step, ours and what was. `recorded` None: what came of it then is not in the journal."""

    began: Began
    number: int
    now: float
    events: int
    decision: Decision
    ours: Outcome
    recorded: Outcome | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The records of a run end. `cleanly`: one says that the run was stopped; else it was killed, or still runs, or
    what came after is not there. `why` says how the last file ends, where it ends with damage.
    """

    run: str
    cleanly: bool
    replayed: bool
    why: str = ""


Item = Began | Missing | ReplayedStep | Ended
Configured = Callable[[Run], Loaded]  #: the configuration that a run is replayed under


class Replayer:
    """Takes the records of journals in their order. `strangers` compares a run with this process, in words."""

    def __init__(
        self, configured: Configured, strangers: Callable[[Run], tuple[str, ...]], *, other_rules: bool = False
    ) -> None:
        self._configured, self._strangers, self._other_rules = configured, strangers, other_rules
        self._run: Run | None = None
        self._began: Began | None = None
        self._decider: Decider | None = None  #: None: nothing can be replayed until the next baseline
        self._around = Surroundings()
        self._next = 1  #: the number that the next step must have
        self._at: float | None = None  #: the time of the last step that was replayed
        self._pending: tuple[Step, Decision] | None = None  #: a step whose outcome was not read yet
        self._gap = Gap("")
        self._why = ""  #: what was said last of records that are missing
        self._stopped = False

    def items(self, records: Iterable[Record | Damage]) -> Iterator[Item]:
        """All items of these records, the last run's end included."""
        for record in records:
            yield from self.take(record)
        yield from self._end()

    def take(self, record: Record | Damage) -> Iterator[Item]:
        """What one record leads to. Steps are numbered: none can be missing unseen, and nothing else must be whole."""
        match record:
            case Run():
                if self._run is None or record.run != self._run.run:
                    yield from self._end()
                    self._open(record)
            case Baseline():
                yield from self._baseline(record)
            case Step():
                yield from self._step(record)
            case Outcome():
                yield from self._outcome(record)
            case Lost():
                self._why = f"records were lost while it ran: {record.why}"
            case Damage():
                self._why = str(record)
            case End():
                self._stopped = record.why == STOPPED
            case _:
                pass  # raw frames and answers: what was understood of them are the events

    def _open(self, run: Run) -> None:
        self._run, self._began, self._decider, self._stopped = run, None, None, False
        self._next, self._at, self._gap, self._why = 1, None, Gap(""), ""
        self._around = Surroundings()

    def _begin(self, run: Run, at: float, *, whole: bool) -> Began:
        """A new engine and new rules, which know nothing."""
        loaded = self._configured(run)
        rules = settings.alerts(loaded)
        self._decider = Decider(
            Engine(describes(settings.used_venues(loaded)), settings.engine(loaded)),
            Alerting(rules),
            instance=run.instance,
            version=run.version,
            started=run.started,
        )
        self._began = Began(
            run=run,
            at=at,
            whole=whole,
            strangers=self._strangers(run),
            other_rules=self._other_rules,
            levels=rules.levels,
            waits_seconds=waits_seconds(rules),
        )
        return self._began

    def _baseline(self, baseline: Baseline) -> Iterator[Item]:
        """The state at the head of a segment: needed only where there is none of our own."""
        if self._run is None or (self._decider is not None and baseline.after + 1 == self._next):
            return
        yield from self._flush(None)
        if self._decider is not None:
            self._lose(baseline.after + 1 - self._next, baseline.at)
        yield from self._mind_the_gap(goes_on=True)
        yield self._begin(self._run, baseline.at, whole=False)
        assert self._decider is not None
        self._around = baseline.around or Surroundings()
        self._next = baseline.after + 1
        self._decider.step(baseline.events, baseline.at, self._around)

    def _step(self, step: Step) -> Iterator[Item]:
        yield from self._flush(None)
        if self._run is None:
            return
        if self._decider is None and step.number == 1:
            yield self._begin(self._run, step.now, whole=True)
        if self._decider is None or step.number != self._next:
            self._lose(step.number - self._next, step.now)
            self._gap.skip(step.now)
            self._next = step.number + 1
            return
        self._next, self._at, self._why = step.number + 1, step.now, ""
        self._around = step.around or self._around
        self._pending = step, self._decider.step(step.events, step.now, self._around, step.overrun)

    def _outcome(self, recorded: Outcome) -> Iterator[Item]:
        if self._pending is not None and self._pending[0].number == recorded.number:
            yield from self._flush(recorded)

    def _flush(self, recorded: Outcome | None) -> Iterator[Item]:
        """Hand out the step that waited for its outcome."""
        if self._pending is not None and self._began is not None:
            (step, decision), self._pending = self._pending, None
            yield ReplayedStep(
                began=self._began,
                number=step.number,
                now=step.now,
                events=len(step.events),
                decision=decision,
                ours=outcome(step.number, decision.result.reports, decision.changes, decision.result.groups),
                recorded=recorded,
            )

    def _lose(self, steps: int, at: float) -> None:
        """From here on there is no state to go on with, until a baseline brings one."""
        if self._decider is not None or not self._gap.why:
            since = at if self._at is None else self._at
            self._decider, self._gap = None, Gap(self._why or "they are not in the journal", first=since)
        self._gap.steps += max(0, steps)

    def _mind_the_gap(self, *, goes_on: bool) -> Iterator[Item]:
        gap, self._gap = self._gap, Gap("")
        if self._run is not None and gap.steps:
            yield Missing(
                run=self._run.run, why=gap.why, steps=gap.steps, first=gap.first, last=gap.last, goes_on=goes_on
            )

    def _end(self) -> Iterator[Item]:
        yield from self._flush(None)
        yield from self._mind_the_gap(goes_on=False)
        if self._run is not None:
            yield Ended(run=self._run.run, cleanly=self._stopped, replayed=self._began is not None, why=self._why)
            self._run = None


@dataclass(slots=True)
class Gap:
    """Steps that were passed over since the last one that was replayed."""

    why: str
    steps: int = 0
    first: float | None = None
    last: float | None = None

    def skip(self, at: float) -> None:
        """One more step that is there, and cannot be replayed."""
        self.steps += 1
        self.first = at if self.first is None else self.first
        self.last = at
