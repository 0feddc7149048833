"""The facade: views and notices in, changes to tell out; remembers what stands. Synchronous, without a clock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from monitor.alerts import words
from monitor.alerts.lifecycle import Incident, advance
from monitor.alerts.reading import Reading, Subject, Words, grade, loosest, severity_of
from monitor.alerts.rules import Asks, account_readings, is_closed, notice_reading, venue_readings
from monitor.alerts.settings import DANGER, RULES, AlertSettings, Kind
from monitor.domain.alerts import Alert, AlertChange, Change, Severity
from monitor.domain.names import AccountKey
from monitor.domain.reports import AccountReport, Notice
from monitor.domain.view import View

KEY_RULES = frozenset({"key_permission", "permissions_changed"})  #: what a key may do, and what changed of it
REFRESH_SECONDS = 1.0  #: the text of a firing alert is at most this much older than its report
REREAD_SECONDS = 60.0  #: an unchanged report is read again after this time, for rules that time alone changes


@dataclass(slots=True)
class _Standing:
    """What is remembered of one subject: `alert` is None while it is pending, `lost` while it can be read."""

    incident: Incident
    reading: Reading
    alert: Alert | None = None
    worded_at: float = 0.0
    lost: Reading | None = None


class Alerting:
    """Decides what to tell. One `step` per engine step; the same views and times give the same changes."""

    def __init__(self, settings: AlertSettings) -> None:
        self._settings = {rule: settings.of(rule) for rule in RULES}
        self._loosest = {rule: loosest(spec, self._settings[rule]) for rule, spec in RULES.items()}
        self._any_key = settings.any_key
        self._standing: dict[Subject, _Standing] = {}
        self._read: dict[AccountKey, tuple[AccountReport, float]] = {}

    @property
    def firing(self) -> tuple[Alert, ...]:
        """What fires now, loudest first, then oldest first."""
        alerts = (standing.alert for standing in self._standing.values())
        return tuple(sorted(filter(None, alerts), key=lambda alert: (_quietness(alert), alert.since, alert.identity)))

    def step(self, view: View, notices: Sequence[Notice], now: float) -> tuple[AlertChange, ...]:
        """What is to be told after this view and these notices, loudest first."""
        happened = [reading for reading in map(notice_reading, notices) if reading is not None]
        fresh: dict[Subject, Reading] = {}
        read: dict[AccountKey, AccountReport] = {}
        for report in view.accounts:
            if self._is_due(report, now):
                read[report.key] = report
                self._read[report.key] = (report, now)
                self._collect(account_readings(report, now, self._asks(report.key)), fresh)
        self._collect(venue_readings(view, now, self._asks(None)), fresh)
        told = [self._turn(each, now) for each in happened if self._speaks(each.subject.rule, each.subject.account)]
        told += self._again(view, fresh, read, {reading.subject for reading in happened}, now)
        told += [self._turn(reading, now) for reading in fresh.values() if not self._is_told_by(reading)]
        return _loudest_first(told)

    def forget(self, account: AccountKey, now: float) -> tuple[AlertChange, ...]:
        """The account is no longer configured: everything that stands about it is over."""
        self._read.pop(account, None)
        subjects = [subject for subject in self._standing if subject.account == account]
        return _loudest_first([self._close(subject, "no longer configured", now) for subject in subjects])

    def _is_due(self, report: AccountReport, now: float) -> bool:
        before = self._read.get(report.key)
        return before is None or before[0] is not report or now - before[1] >= REREAD_SECONDS

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

    def _asks(self, account: AccountKey | None) -> Asks:
        """Which readings are wanted: those that reach a threshold, and those of a rule of which something stands."""
        standing = {subject.rule for subject in self._standing if account is None or subject.account == account}

        def asks(rule: str, value: float | None, state: str) -> bool:
            settings, spec = self._settings[rule], RULES[rule]
            if not self._speaks(rule, account):
                return False
            if rule in standing:
                return True
            if spec.kind is Kind.NUMBER:
                if value is None:
                    return False
                return value >= self._loosest[rule] if spec.rising else value <= self._loosest[rule]
            return severity_of(state, settings) is not None

        return asks

    def _speaks(self, rule: str, account: AccountKey | None) -> bool:
        """Whether the user wants to hear this rule of this account at all."""
        return self._settings[rule].enabled and not (rule in KEY_RULES and account in self._any_key)

    def _collect(self, readings: Iterator[Reading], into: dict[Subject, Reading]) -> None:
        for reading in readings:
            into[reading.subject] = reading

    def _again(
        self,
        view: View,
        fresh: dict[Subject, Reading],
        read: Mapping[AccountKey, AccountReport],
        happened: set[Subject],
        now: float,
    ) -> list[AlertChange | None]:
        """Look again at everything that stands, also where nothing new was read: time alone changes things."""
        reports = {report.key: report for report in view.accounts}
        told: list[AlertChange | None] = []
        for subject in [subject for subject in self._standing if subject not in happened]:
            reading = fresh.pop(subject, None)
            if reading is None and subject.account in read and is_closed(read[subject.account], subject):
                told.append(self._close(subject, "closed", now))
            elif reading is not None and self._is_dropped(reading):
                del self._standing[subject]
            else:
                told.append(self._turn(reading or self._unread(subject, reports, read), now))
        return told

    def _unread(
        self, subject: Subject, reports: Mapping[AccountKey, AccountReport], read: Mapping[AccountKey, AccountReport]
    ) -> Reading:
        """The reading of a subject that nothing was read of: an unchanged one, or one that cannot be told.

        An event is over by itself, but not while its account cannot be seen.
        """
        standing, report = self._standing[subject], reports.get(subject.account)
        if RULES[subject.rule].kind is Kind.EVENT:
            return standing.reading._replace(state="", sure=report is not None and report.up)
        if report is not None and subject.account not in read:
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
            self._standing.pop(subject, None)
            return self._resolved(standing, reading.words(now), now) if change is not None else None
        if standing is None:
            standing = self._standing[subject] = _Standing(incident, reading)
        changed = standing.reading is not reading
        standing.incident, standing.reading = incident, reading
        standing.lost = reading if reading is standing.lost else None
        if incident.severity is None:
            return None
        if change is not None or (changed and now - standing.worded_at >= REFRESH_SECONDS):
            standing.alert = self._worded(incident.severity, standing, reading, now)
            standing.worded_at = now
        if change is None or standing.alert is None:
            return None
        return AlertChange(change=change, alert=standing.alert, at=now, previous=previous)

    def _worded(self, severity: Severity, standing: _Standing, reading: Reading, now: float) -> Alert:
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
        return self._resolved(self._standing.pop(subject), told, now)

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


def _quietness(alert: Alert) -> int:
    return -DANGER.index(alert.severity)


def _loudest_first(told: Iterable[AlertChange | None]) -> tuple[AlertChange, ...]:
    return tuple(sorted(filter(None, told), key=lambda change: _quietness(change.alert)))
