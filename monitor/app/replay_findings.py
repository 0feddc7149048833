"""What a replay comes to: what would have been reported and alerted, and how that differs from what was.

Nothing is kept of what is equal but counts and extremes: a replay of a week takes no more memory than one of an hour.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from math import inf

from monitor.alerts.catalogue import RULES
from monitor.app.replay import Began, Ended, Item, Missing, ReplayedStep
from monitor.app.replay_episodes import Episodes, Pairing, paired
from monitor.app.replay_figures import Figures, near_threshold
from monitor.domain.alerts import AlertChange
from monitor.domain.names import PoolKey
from monitor.domain.quality import Quality
from monitor.outputs.journal.records import Outcome, PoolOutcome

SETTLES_SECONDS = 60.0  #: after a beginning in the middle: what had been learnt or waited for before is not known
#: For how long a beginning in the middle is felt by rules on what was learnt. Volatilities never quite forget.
LEARNT_SECONDS = {
    "unexplained_loss": 3600.0,
    "unexplained_gain": 3600.0,
    "coin_sigmas": inf,
    "market_sigmas": inf,
    "position_sigmas": inf,
}
SHIFTED_SECONDS = 60.0  #: within which the same change on both sides is one that came at another time


@dataclass(slots=True)
class Extremes:
    """What was reported of one pool here: how often, its highest ratio and its nearest line with their times."""

    reports: int = 0
    highest_ratio: tuple[float, float] | None = None  #: value, time
    nearest_distance: tuple[float, float] | None = None
    qualities: Counter[Quality] = field(default_factory=Counter)
    last: PoolOutcome | None = None

    def take(self, pool: PoolOutcome, now: float) -> None:
        """One more report."""
        self.reports += 1
        self.qualities[pool.quality] += 1
        self.last = pool
        ratio, distance = pool.ratio.value, pool.nearest.distance_ratio
        if ratio is not None and (self.highest_ratio is None or ratio > self.highest_ratio[0]):
            self.highest_ratio = (ratio, now)
        if distance is not None and (self.nearest_distance is None or distance < self.nearest_distance[0]):
            self.nearest_distance = (distance, now)


@dataclass(slots=True)
class OneSided:
    """A change of an alert that was told on one side only.

    `excused` says why it may be so without anything being wrong; `shift_seconds` how much later the other side told it.
    """

    change: AlertChange
    ours: bool
    excused: str = ""
    shift_seconds: float | None = None


@dataclass(slots=True)
class Findings:
    """Everything over one replay, built step by step from what lies in the window."""

    runs: list[Began] = field(default_factory=list)
    ends: list[Ended] = field(default_factory=list)
    missing: list[Missing] = field(default_factory=list)
    first: float | None = None
    last: float | None = None
    steps: int = 0
    events: int = 0
    reports: int = 0
    changes: int = 0
    recorded_changes: int = 0
    without_outcome: int = 0
    identical_steps: int = 0  #: to the byte, whether that was promised or not
    compared_exactly: int = 0
    differing_steps: int = 0  #: among those compared exactly
    first_difference: tuple[float, int, str] | None = None  #: time, number, what
    figures: Figures = field(default_factory=Figures)
    one_sided: list[OneSided] = field(default_factory=list)
    pools: dict[PoolKey, Extremes] = field(default_factory=dict)
    ours: Episodes = field(default_factory=Episodes)
    recorded: Episodes = field(default_factory=Episodes)

    def take(self, item: Item) -> tuple[OneSided, ...]:
        """One item more; returns the changes of alerts in it that were told on one side only."""
        match item:
            case Began():
                self.runs.append(item)
                self.ours.restart(item.levels)
                self.recorded.restart(item.levels)
            case Missing():
                self.missing.append(item)
            case Ended():
                self.ends.append(item)
            case ReplayedStep():
                return self._step(item)
        return ()

    def warm(self, step: ReplayedStep) -> None:
        """A step before the window: of it is only kept which alerts it leaves firing, and nothing is compared."""
        self.ours.take(step.ours.changes)
        if step.recorded is not None:
            self.recorded.take(step.recorded.changes)

    @property
    def other_rules(self) -> bool:
        """Whether differences of alerts are what was asked for."""
        return any(run.other_rules for run in self.runs)

    def pairings(self) -> tuple[Pairing, ...]:
        """The alerts of the window, each with its counterpart on the other side."""
        since = self.last if self.first is None else self.first
        here, there = (
            [each for each in side.all if each.ended is None or since is None or each.ended >= since]
            for side in (self.ours, self.recorded)
        )
        return paired(here, there)

    @property
    def differences(self) -> list[OneSided]:
        """Changes of alerts that were told on one side only and that nothing excuses."""
        return [each for each in self.one_sided if not each.excused]

    @property
    def same(self) -> bool:
        """Whether nothing differs by more than it may. Under other rules alerts may."""
        alike = self.differing_steps == 0 and not self.figures.differences
        return alike and (self.other_rules or not self.differences)

    def _step(self, step: ReplayedStep) -> tuple[OneSided, ...]:
        self.first = step.now if self.first is None else self.first
        self.last = step.now
        self.steps += 1
        self.events += step.events
        self.reports += len(step.decision.result.reports)
        self.changes += len(step.ours.changes)
        self.ours.take(step.ours.changes)
        for pool in step.ours.pools:
            self.pools.setdefault(pool.key, Extremes()).take(pool, step.now)
        if step.recorded is None:
            self.without_outcome += 1
            return ()
        self.recorded_changes += len(step.recorded.changes)
        self.recorded.take(step.recorded.changes)
        self.identical_steps += step.ours == step.recorded
        if step.began.exact:
            self._exactly(step, step.recorded)
        else:
            self.figures.compare(step.ours, step.recorded, step.now, step.decision.view, settling=_settling(step))
        one_sided = self._told(step, step.recorded)
        self.one_sided += one_sided
        return one_sided

    def _exactly(self, step: ReplayedStep, recorded: Outcome) -> None:
        self.compared_exactly += 1
        if step.ours == recorded:
            return
        self.differing_steps += 1
        self.figures.compare(step.ours, recorded, step.now, None)
        if self.first_difference is None:
            what = [
                *(["reports"] if step.ours.digest != recorded.digest else []),
                *(["alerts"] if step.ours.changes != recorded.changes else []),
            ]
            self.first_difference = (step.now, step.number, " and ".join(what) or "figures")

    def _told(self, step: ReplayedStep, recorded: Outcome) -> tuple[OneSided, ...]:
        ours, theirs = {_key(each): each for each in step.ours.changes}, {_key(each): each for each in recorded.changes}
        found = [OneSided(change, ours=True) for key, change in ours.items() if key not in theirs]
        found += [OneSided(change, ours=False) for key, change in theirs.items() if key not in ours]
        for each in found:
            if not step.began.exact:
                each.excused = self._excuse(each, step)
        return tuple(found)

    def _excuse(self, found: OneSided, step: ReplayedStep) -> str:
        """Why a change on one side may be so: nothing is wrong, but the beginning, or the last digits."""
        other = self._other_time(found)
        excuse = self._excused(found, step)
        if other is not None:
            later = found.change.at - other.change.at
            other.shift_seconds, found.shift_seconds = later, -later
            other.excused = other.excused or excuse
            excuse = excuse or other.excused
        return excuse

    def _excused(self, found: OneSided, step: ReplayedStep) -> str:
        if near_threshold(found.change.alert, step.decision.view):
            return "the number lies at its threshold, within the bound"
        if step.began.whole:
            return ""
        if _settling(step):
            return "the replay began less than a minute before, in the middle"
        rule, seconds = found.change.alert.rule, step.now - step.began.at
        if seconds < looks_back_seconds(rule):
            return "the rule looks back to a time before the replay begins"
        if seconds < SETTLES_SECONDS + step.began.waits_seconds.get(rule, 0.0):
            return "the rule had begun to wait before the replay begins, or begins anew there"
        if any(side.began_before(found.change.alert) for side in (self.ours, self.recorded)):
            return "the alert fired before the replay begins"
        return ""

    def _other_time(self, found: OneSided) -> OneSided | None:
        """The same change, told a moment ago on the other side; then both are one change at two times."""
        key = _key(found.change)
        for other in reversed(self.one_sided):
            if found.change.at - other.change.at > SHIFTED_SECONDS:
                break
            if other.ours is not found.ours and other.shift_seconds is None and _key(other.change) == key:
                return other
        return None


def looks_back_seconds(rule: str) -> float:
    """How far a rule looks back, 0 for one that reads only what is."""
    window = None if rule not in RULES else RULES[rule].window_seconds
    return LEARNT_SECONDS.get(rule, 0.0 if window is None else window)


def _settling(step: ReplayedStep) -> bool:
    """Whether the replay began in the middle so short a time before that what it had learnt may still be missing."""
    return not step.began.whole and step.now - step.began.at < SETTLES_SECONDS


def _key(change: AlertChange) -> tuple[object, ...]:
    return (change.change, change.alert.severity, change.alert.identity)
