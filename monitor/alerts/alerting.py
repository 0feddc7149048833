"""The facade: views and notices in, changes to tell out; remembers what stands. Synchronous, without a clock.

A step looks at what is new: reports, surroundings, notices, and what stands and has waited for its time. Everything is
looked at once a second, for what time alone changes. A step in which nothing is new costs next to nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from math import inf
from operator import is_not

from monitor.alerts import words
from monitor.alerts.catalogue import RULES
from monitor.alerts.lifecycle import Incident, advance, wakes
from monitor.alerts.outside import OUTSIDE, venue_readings
from monitor.alerts.reading import Reading, Subject, Words, grade, loosest, severity_of
from monitor.alerts.rule import Kind
from monitor.alerts.rules import Asks, account_readings, is_closed, notice_reading
from monitor.alerts.settings import DANGER, AlertSettings
from monitor.domain.alerts import Alert, AlertChange, Change, Level
from monitor.domain.names import AccountKey
from monitor.domain.reports import AccountReport, Notice
from monitor.domain.view import View

KEY_RULES = frozenset({"key_permission", "permissions_changed"})  #: what a key may do, and what changed of it
REFRESH_SECONDS = 1.0  #: the text of a firing alert is at most this much older than its report
LOOK_SECONDS = 1.0  #: everything is looked at that often
REREAD_SECONDS = 60.0  #: an unchanged report is read again after this time, for rules that time alone changes
REREAD_AT_ONCE = 20  #: of those so many in one look, the others in the next


@dataclass(slots=True)
class _Standing:
    """What is remembered of one subject: `alert` is None while it is pending, `lost` while it can be read.

    `wakes_at` is when it is to be looked at though nothing new was read.
    """

    incident: Incident
    reading: Reading
    wakes_at: float = inf
    alert: Alert | None = None
    worded_at: float = 0.0
    lost: Reading | None = None


@dataclass(frozen=True, slots=True)
class _Look:
    """What one step looks at: the reports read and whether the surroundings were, and what was found in them."""

    reports: Mapping[AccountKey, AccountReport]
    outside: bool
    whole: bool
    fresh: dict[Subject, Reading]

    def concerns(self, subject: Subject) -> bool:
        """Whether what the subject is read from was looked at."""
        return self.outside if subject.rule in OUTSIDE else subject.account in self.reports


class Alerting:
    """Decides what to tell. One `step` per engine step; the same views and times give the same changes."""

    def __init__(self, settings: AlertSettings) -> None:
        self._settings = {rule: settings.of(rule) for rule in RULES}
        #: Of rules that read a number and are enabled: whether it rises, and the threshold that it passes first.
        self._bounds = {
            rule: (spec.rising, loosest(spec, self._settings[rule]))
            for rule, spec in RULES.items()
            if spec.kind is Kind.NUMBER and self._settings[rule].enabled
        }
        self._any_key = settings.any_key
        self._standing: dict[Subject, _Standing] = {}
        self._read: dict[AccountKey, tuple[AccountReport, float]] = {}
        self._seen: View | None = None
        self._looked_at = -inf
        self._wakes_at = inf  #: not after the first of what stands
        self._firing: tuple[Alert, ...] | None = ()

    @property
    def firing(self) -> tuple[Alert, ...]:
        """What fires now, loudest first, then oldest first; the same tuple while nothing changes in it."""
        if self._firing is None:
            alerts = filter(None, (standing.alert for standing in self._standing.values()))
            self._firing = tuple(sorted(alerts, key=lambda alert: (_quietness(alert), alert.since, alert.identity)))
        return self._firing

    def step(self, view: View, notices: Sequence[Notice], now: float) -> tuple[AlertChange, ...]:
        """What is to be told after this view and these notices, loudest first."""
        before, self._seen = self._seen, view
        whole = before is None or len(before.accounts) != len(view.accounts)
        whole |= not 0.0 <= now - self._looked_at < LOOK_SECONDS
        reports = self._due(view, now) if whole or before is None else _new(view, before)
        outside = whole or before is None or _is_other(view, before)
        if not (whole or outside or reports or notices or now >= self._wakes_at):
            return ()
        self._looked_at = now if whole else self._looked_at
        happened = [reading for reading in map(notice_reading, notices) if reading is not None]
        fresh: dict[Subject, Reading] = {}
        standing = self._rules_by_account()
        for report in reports:
            self._read[report.key] = (report, now)
            self._collect(account_readings(report, now, self._asks(report.key, standing.get(report.key, ()))), fresh)
        if outside:
            written = None if before is None else before.journal
            self._collect(venue_readings(view, written, now, self._asks(None, set().union(*standing.values()))), fresh)
        told = [self._turn(each, now) for each in happened if self._speaks(each.subject.rule, each.subject.account)]
        look = _Look({report.key: report for report in reports}, outside, whole, fresh)
        told += self._again(look, {reading.subject for reading in happened}, now)
        told += [self._turn(reading, now) for reading in fresh.values() if not self._is_told_by(reading)]
        self._wakes_at = min((standing.wakes_at for standing in self._standing.values()), default=inf)
        return _loudest_first(told)

    def _due(self, view: View, now: float) -> list[AccountReport]:
        """The reports that were not read yet, and some that were long ago; of accounts that are gone none is kept."""
        self._read = {report.key: self._read[report.key] for report in view.accounts if report.key in self._read}
        new, old = [], []
        for report in view.accounts:
            before = self._read.get(report.key)
            if before is None or before[0] is not report:
                new.append(report)
            elif not 0.0 <= now - before[1] < REREAD_SECONDS:
                old.append(report)
        return new + old[:REREAD_AT_ONCE]

    def forget(self, account: AccountKey, now: float) -> tuple[AlertChange, ...]:
        """The account is no longer configured: everything that stands about it is over."""
        self._read.pop(account, None)
        subjects = [subject for subject in self._standing if subject.account == account]
        return _loudest_first([self._close(subject, "no longer configured", now) for subject in subjects])

    def _is_told_by(self, reading: Reading) -> bool:
        """Whether another rule says the same at the same thresholds, so that a second page would be one too many."""
        if not reading.like:
            return False
        ours, theirs = self._settings[reading.subject.rule], self._settings[reading.like]
        speaks = theirs.enabled and bool(theirs.severities) >= bool(ours.severities)
        return speaks and theirs.thresholds == ours.thresholds

    def _is_dropped(self, reading: Reading) -> bool:
        """Whether a pending alert ends untold because another rule says it now. What fires goes on until it is over.

        Not that of a number: the other's time of waiting only begins now, and two that take turns would never end it.
        """
        pending = self._standing[reading.subject].alert is None
        return pending and reading.value is None and self._is_told_by(reading)

    def _rules_by_account(self) -> dict[AccountKey, set[str]]:
        """The rules of which something stands."""
        found: dict[AccountKey, set[str]] = {}
        for subject in self._standing:
            found.setdefault(subject.account, set()).add(subject.rule)
        return found

    def _asks(self, account: AccountKey | None, standing: Collection[str]) -> Asks:
        """Which readings are wanted: those that reach a threshold, and those of a rule of which something stands."""
        bounds = self._bounds

        def asks(rule: str, value: float | None, state: str) -> bool:
            bound = bounds.get(rule)
            if bound is not None:
                if value is None or rule in standing:
                    return rule in standing
                return value >= bound[1] if bound[0] else value <= bound[1]
            if not self._speaks(rule, account):
                return False
            return rule in standing or severity_of(state, self._settings[rule]) is not None

        return asks

    def _speaks(self, rule: str, account: AccountKey | None) -> bool:
        """Whether the user wants to hear this rule of this account at all."""
        return self._settings[rule].enabled and not (rule in KEY_RULES and account in self._any_key)

    def _collect(self, readings: Iterator[Reading], into: dict[Subject, Reading]) -> None:
        for reading in readings:
            into[reading.subject] = reading

    def _again(self, look: _Look, happened: set[Subject], now: float) -> list[AlertChange | None]:
        """Look again at all that stands and may be another now: something new was read of it, or its time has come."""
        told: list[AlertChange | None] = []
        for subject, standing in list(self._standing.items()):
            looked_at = look.concerns(subject)
            gone = look.whole and subject.rule not in OUTSIDE and subject.account not in self._read
            if subject in happened or not (looked_at or gone or now >= standing.wakes_at):
                continue
            reading, report = look.fresh.pop(subject, None), look.reports.get(subject.account)
            if reading is None and report is not None and is_closed(report, subject):
                told.append(self._close(subject, "closed", now))
            elif reading is not None and self._is_dropped(reading):
                del self._standing[subject]
            else:
                told.append(self._turn(reading or self._unread(subject, looked_at), now))
        return told

    def _unread(self, subject: Subject, looked_at: bool) -> Reading:
        """The reading of a subject that nothing was read of: an unchanged one, or one that cannot be told.

        An event is over by itself, but not while its account cannot be seen.
        """
        standing, read = self._standing[subject], self._read.get(subject.account)
        if RULES[subject.rule].kind is Kind.EVENT:
            return standing.reading._replace(state="", sure=read is not None and read[0].up)
        if not looked_at and (read is not None or subject.rule in OUTSIDE):
            return standing.reading
        if standing.lost is None:
            told = words.lost_sight(subject.account, self._summary(subject))
            standing.lost = Reading(subject, None, "", False, lambda _: told)
        return standing.lost

    def _turn(self, reading: Reading, now: float) -> AlertChange | None:
        subject, settings = reading.subject, self._settings[reading.subject.rule]
        standing = self._standing.get(subject)
        before = None if standing is None else standing.incident
        incident, change = advance(before, grade(reading, settings), settings, now)
        previous = None if before is None else before.severity
        if incident is None:
            self._forget(subject)
            return self._resolved(standing, reading.words(now), now) if change is not None else None
        if standing is None:
            standing = self._standing[subject] = _Standing(incident, reading)
        changed = standing.reading is not reading
        standing.incident, standing.reading = incident, reading
        standing.lost = reading if reading is standing.lost else None
        # That an event is over shows in the very next step.
        event = RULES[subject.rule].kind is Kind.EVENT and reading.state
        standing.wakes_at = now if event else wakes(incident, settings)
        if incident.severity is None:
            return None
        if change is not None or (changed and now - standing.worded_at >= REFRESH_SECONDS):
            standing.alert = self._worded(incident.severity, standing, reading, now)
            standing.worded_at = now
            self._firing = None
        if change is None or standing.alert is None:
            return None
        return AlertChange(change=change, alert=standing.alert, at=now, previous=previous)

    def _worded(self, severity: Level, standing: _Standing, reading: Reading, now: float) -> Alert:
        subject, told = reading.subject, reading.words(now)
        last = None if standing.alert is None else standing.alert.value
        return Alert(
            rule=subject.rule,
            severity=severity,
            labels=subject.labels,
            since=standing.incident.since,
            value=last if reading.value is None else reading.value,
            threshold=self._settings[subject.rule].thresholds.get(severity),
            summary=told.summary,
            text=told.text,
        )

    def _close(self, subject: Subject, why: str, now: float) -> AlertChange | None:
        told = words.over(self._summary(subject), why)
        return self._resolved(self._forget(subject), told, now)

    def _forget(self, subject: Subject) -> _Standing | None:
        self._firing = None
        return self._standing.pop(subject, None)

    def _resolved(self, standing: _Standing | None, told: Words, now: float) -> AlertChange | None:
        if standing is None or standing.alert is None:
            return None
        alert = standing.alert
        ended = Alert(
            rule=alert.rule,
            severity=alert.severity,
            labels=alert.labels,
            since=alert.since,
            value=standing.reading.value,
            threshold=alert.threshold,
            summary=told.summary,
            text=told.text,
        )
        return AlertChange(change=Change.RESOLVED, alert=ended, at=now, previous=alert.severity)

    def _summary(self, subject: Subject) -> str:
        alert = self._standing[subject].alert
        return subject.rule if alert is None else alert.summary


def _new(view: View, before: View) -> list[AccountReport]:
    """The reports that are not those of the view before, which has as many."""
    if view.accounts is before.accounts:
        return []
    return list(compress(view.accounts, map(is_not, view.accounts, before.accounts)))


def _is_other(view: View, before: View) -> bool:
    """Whether anything but the accounts is another than in the view before."""
    same = view.feeds is before.feeds and view.budgets is before.budgets
    return not (same and view.clock_offsets is before.clock_offsets and view.journal is before.journal)


def _quietness(alert: Alert) -> int:
    return -DANGER.index(alert.severity)


def _loudest_first(told: Iterable[AlertChange | None]) -> tuple[AlertChange, ...]:
    return tuple(sorted(filter(None, told), key=lambda change: _quietness(change.alert)))
