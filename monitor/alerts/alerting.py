"""The facade: views, notices and commands in, changes to tell out; remembers what stands. Synchronous, without a clock.

A step looks at what is new: reports, surroundings, notices, and what stands and has waited for its time. Everything is
looked at once a second, for what time alone changes. A step in which nothing is new costs next to nothing. What was
decided of each alert by itself is told at the end of the step, when it is known which of them are kept quiet.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import compress
from math import inf
from operator import is_not

from monitor.alerts import reasons, words
from monitor.alerts.catalogue import RULES
from monitor.alerts.catalogue_groups import OF_GROUPS
from monitor.alerts.hush import Hush
from monitor.alerts.leading import is_known
from monitor.alerts.ledger import Ledger
from monitor.alerts.lifecycle import advance, wakes
from monitor.alerts.memory import KEEP_SECONDS, Standing
from monitor.alerts.outside import OUTSIDE, venue_readings
from monitor.alerts.people import People
from monitor.alerts.reading import Reading, Subject, Words, grade
from monitor.alerts.rule import Kind
from monitor.alerts.rulebook import Rulebook
from monitor.alerts.rules import Asks, account_readings, is_closed, notice_reading
from monitor.alerts.rules_groups import group_readings, is_gone
from monitor.alerts.settings import AlertSettings
from monitor.alerts.trend import Trends
from monitor.domain.alerts import (
    LOUD,
    Alert,
    AlertChange,
    Level,
    MemoryChange,
    Silence,
)
from monitor.domain.commands import AlertCommand
from monitor.domain.fingerprints import identity, incident
from monitor.domain.group_reports import GroupReport
from monitor.domain.names import AccountKey
from monitor.domain.reports import AccountReport, Notice
from monitor.domain.view import View

REFRESH_SECONDS = 1.0  #: the text of a firing alert is at most this much older than its report
LOOK_SECONDS = 1.0  #: everything is looked at that often
REREAD_SECONDS = 60.0  #: an unchanged report is read again after this time, for rules that time alone changes
REREAD_AT_ONCE = 20  #: of those so many in one look, the others in the next
_OF_NO_ACCOUNT = OUTSIDE | OF_GROUPS  #: the rules whose subjects belong to no account


@dataclass(frozen=True, slots=True)
class _Look:
    """What one step looks at: the reports read and whether the surroundings were, and what was found in them."""

    reports: Mapping[AccountKey, AccountReport]
    groups: Mapping[str, GroupReport]
    outside: bool
    whole: bool
    fresh: dict[Subject, Reading]

    def concerns(self, subject: Subject) -> bool:
        """Whether what the subject is read from was looked at."""
        if subject.rule in OF_GROUPS:
            return subject.detail[0] in self.groups
        return self.outside if subject.rule in OUTSIDE else subject.account in self.reports

    def shows_gone(self, subject: Subject, *, unread: bool) -> bool:
        """Whether what was looked at shows that a subject that was not read is gone for good. `unread`: it stands since
        before a restart.
        """
        if subject.rule in OF_GROUPS:
            group = self.groups.get(subject.detail[0])
            return group is not None and is_gone(group, subject, unread=unread)
        report = self.reports.get(subject.account)
        return report is not None and is_closed(report, subject)

    def shows_unconfigured(self, subject: Subject) -> bool:
        """Whether the group that a subject speaks of has no members any more."""
        return self.whole and subject.rule in OF_GROUPS and subject.detail[0] not in self.groups


class Alerting:
    """Decides what to tell. One `step` per engine step; the same views, commands and times give the same changes.

    `memory` is what of it must be kept after the last step, so that a restart goes on as if there had been none;
    `refusals` say in words which commands of the last step came to nothing, and why.
    """

    def __init__(self, settings: AlertSettings) -> None:
        self._levels = settings.levels
        self._rulebook = Rulebook(settings)
        self._trends = Trends(
            {rule: settings.of(rule).window_seconds or spec.window_seconds for rule, spec in RULES.items()}
        )
        self._standing: dict[Subject, Standing] = {}
        self._ledger = Ledger(settings.levels)
        self._hush = Hush(settings, self._rulebook, self._ledger)
        self._people = People(self._standing, self._rulebook, self._ledger, self._hush, settings.levels)
        self._read: dict[AccountKey, tuple[AccountReport, float]] = {}
        self._seen: View | None = None
        self._looked_at = -inf
        self._wakes_at = inf  #: not after the first of what stands
        self._now = 0.0
        self._firing: tuple[Alert, ...] | None = ()
        self._pending: tuple[Alert, ...] | None = ()
        self.memory = MemoryChange()
        self.refusals: tuple[str, ...] = ()

    @property
    def firing(self) -> tuple[Alert, ...]:
        """What fires now, loudest first, then oldest first; the same tuple while nothing changes in it."""
        if self._firing is None:
            alerts = filter(None, (standing.alert for standing in self._standing.values()))
            self._firing = self._sorted(alerts)
        return self._firing

    @property
    def pending(self) -> tuple[Alert, ...]:
        """What would fire if it goes on; the same tuple while none is added or removed. Of no incident yet."""
        if self._pending is None:
            waiting = ((subject, each) for subject, each in self._standing.items() if each.alert is None)
            self._pending = self._sorted([self._waiting(subject, each) for subject, each in waiting])
        return self._pending

    @property
    def silences(self) -> tuple[Silence, ...]:
        """The silences that hold now or later, the first to end first."""
        return self._hush.silences.listed

    def step(
        self,
        view: View,
        notices: Sequence[Notice],
        now: float,
        commands: Sequence[AlertCommand] = (),
        closed: Sequence[AccountKey] = (),
    ) -> tuple[AlertChange, ...]:
        """What is to be told after this view, these notices and commands of people, loudest first.

        `closed` are accounts that are no longer configured: everything that stands about them is over.
        """
        before, self._seen, self._now = self._seen, view, now
        if commands or self.refusals:
            self.refusals = self._people.obey(commands, view, now)
            self._firing = None
        whole = before is None or len(before.accounts) != len(view.accounts)
        whole |= not 0.0 <= now - self._looked_at < LOOK_SECONDS
        reports = self._due(view, now) if whole or before is None else _new(view, before)
        groups = view.groups if whole or before is None else _new_groups(view, before)
        outside = whole or before is None or _is_other(view, before)
        asked = commands or closed or notices
        if not (whole or outside or reports or groups or asked or now >= self._wakes_at):
            if self.memory:
                self.memory = MemoryChange()
            return ()
        self._looked_at = now if whole else self._looked_at
        for account in closed:
            self._forget_account(account)
        self._look(view, before, notices, reports, groups, now, outside=outside, whole=whole)
        if self._hush.settle(self._standing, now):
            self._firing = None
        told = self._ledger.settle(now)
        self.memory = self._ledger.memory(self._standing, *self._hush.silences.settle(), now)
        self._wakes_at = min((standing.wakes_at for standing in self._standing.values()), default=inf)
        self._wakes_at = min(self._wakes_at, self._hush.wakes_at)
        return told

    def _look(
        self,
        view: View,
        before: View | None,
        notices: Sequence[Notice],
        reports: Sequence[AccountReport],
        groups: Sequence[GroupReport],
        now: float,
        *,
        outside: bool,
        whole: bool,
    ) -> None:
        """Read what is new, and turn over what stands."""
        happened = [reading for reading in map(notice_reading, notices) if reading is not None]
        fresh: dict[Subject, Reading] = {}
        standing = self._rules_by_account()
        for report in reports:
            self._read[report.key] = (report, now)
            self._rulebook.learn(report)
            asks = self._asks(report.key, standing.get(report.key, ()))
            self._collect(account_readings(report, now, asks, self._trends), fresh)
        if outside or groups:
            asks = self._asks(None, set().union(*standing.values()))
            for group in groups:
                self._collect(group_readings(group, asks), fresh)
            if outside:
                self._collect(venue_readings(view, before, now, asks, self._trends), fresh)
        for reading in happened:
            if self._rulebook.speaks(reading.subject):
                self._turn(reading, now)
        look = _Look(
            {report.key: report for report in reports}, {group.name: group for group in groups}, outside, whole, fresh
        )
        self._again(look, {reading.subject for reading in happened}, now)
        for reading in fresh.values():
            if not self._is_told_by(reading) and self._rulebook.speaks(reading.subject):
                self._turn(reading, now)

    def _due(self, view: View, now: float) -> list[AccountReport]:
        """The reports that were not read yet, and some that were long ago; of accounts that are gone none is kept."""
        self._read = {report.key: self._read[report.key] for report in view.accounts if report.key in self._read}
        self._trends.keep({report.key for report in view.accounts})
        new, old = [], []
        for report in view.accounts:
            before = self._read.get(report.key)
            if before is None or before[0] is not report:
                new.append(report)
            elif not 0.0 <= now - before[1] < REREAD_SECONDS:
                old.append(report)
        return new + old[:REREAD_AT_ONCE]

    def _is_told_by(self, reading: Reading) -> bool:
        """Whether another rule says the same at the same thresholds, so that a second page would be one too many."""
        return bool(reading.like) and self._rulebook.is_told_by(reading.subject, reading.like)

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
        bounds, spoken, rulebook = self._rulebook.bounds(account), self._rulebook.spoken(account), self._rulebook

        def asks(rule: str, value: float | None, state: str) -> bool:
            bound = bounds.get(rule)
            if bound is not None:
                if value is not None and (value >= bound[1] if bound[0] else value <= bound[1]):
                    return True
            elif state:
                speaks = spoken.get((rule, state))
                if speaks is None:
                    speaks = spoken[rule, state] = rulebook.may_speak(rule, account, state)
                if speaks:
                    return True
            return rule in standing

        return asks

    def _collect(self, readings: Iterator[Reading], into: dict[Subject, Reading]) -> None:
        for reading in readings:
            into[reading.subject] = reading

    def _again(self, look: _Look, happened: set[Subject], now: float) -> None:
        """Look again at all that stands and may be another now: something new was read of it, or its time has come."""
        for subject, standing in list(self._standing.items()):
            looked_at = look.concerns(subject)
            gone = look.whole and subject.rule not in _OF_NO_ACCOUNT and subject.account not in self._read
            if look.shows_unconfigured(subject):
                self._close(subject, reasons.NOT_CONFIGURED, reasons.NOT_CONFIGURED)
                continue
            if subject in happened or not (looked_at or gone or now >= standing.wakes_at):
                continue
            reading = look.fresh.pop(subject, None)
            if reading is None and look.shows_gone(subject, unread=standing.unread):
                self._close(subject, "closed", reasons.CLOSED)
            elif reading is not None and self._is_dropped(reading):
                self._forget(subject)
            else:
                self._turn(reading or self._unread(subject, looked_at), now)

    def _unread(self, subject: Subject, looked_at: bool) -> Reading:
        """The reading of a subject that nothing was read of: an unchanged one, or one that cannot be told.

        An event is over by itself, but not while its account cannot be seen.
        """
        standing, read = self._standing[subject], self._read.get(subject.account)
        if RULES[subject.rule].kind is Kind.EVENT:
            up = read is not None and read[0].up
            standing.unread = standing.unread and not up
            return standing.reading._replace(state="", sure=up)
        if standing.unread or (not looked_at and (read is not None or subject.rule in _OF_NO_ACCOUNT)):
            return standing.reading
        if standing.lost is None:
            told = words.lost_sight(subject.account, self._summary(subject))
            standing.lost = Reading(subject, None, "", False, lambda _: told)
        return standing.lost

    def _turn(self, reading: Reading, now: float) -> None:
        """What a reading makes of its subject."""
        subject = reading.subject
        settings, standing = self._rulebook.of(subject), self._standing.get(subject)
        if standing is not None and standing.unread and self._stays_unread(standing, reading, now):
            return
        before = None if standing is None else standing.incident
        graded = grade(reading, settings, self._levels)
        quiet = standing is not None and standing.quiet
        after, change, reason = advance(before, graded, settings, now, self._levels, quiet=quiet)
        if after is None:
            if standing is not None and standing.alert is not None:
                self._end(subject, standing, reading.words(now), reason)
            self._forget(subject)
            return
        if standing is None:
            standing = self._standing[subject] = Standing(after, reading)
            self._pending = None
        self._hush.restless |= is_known(reading) is not is_known(standing.reading)
        changed = standing.takes(reading, after, graded.room)
        if change in LOUD and standing.acknowledgement is not None:
            reason = reasons.ends_acknowledgement(reason, standing.acknowledgement)
            standing.acknowledgement = None
        # That an event is over shows in the very next step.
        happened = reading.state and RULES[subject.rule].kind is Kind.EVENT
        standing.wakes_at = now if happened else wakes(after, settings, quiet=standing.quiet)
        if after.severity is None:
            return
        if change is not None or (changed and now - standing.worded_at >= REFRESH_SECONDS):
            standing.alert = self._worded(after.severity, standing, reading, now)
            standing.worded_at = now
            self._firing = None
        if change is not None:
            self._ledger.note(subject, standing, change, reason, None if before is None else before.severity)
            self._hush.restless = True
            self._pending = None
        elif standing.stale and now - standing.kept_at >= KEEP_SECONDS:
            self._ledger.keep(subject)

    def _stays_unread(self, standing: Standing, reading: Reading, now: float) -> bool:
        """Whether a reading tells nothing new of what stands since before a restart: it stays as it was until one
        does, or until nothing was seen of it for too long.
        """
        event = RULES[reading.subject.rule].kind is Kind.EVENT
        if reading is not standing.reading and not (event and not reading.state and not reading.sure):
            standing.unread = False
            return False
        standing.wakes_at = standing.gone_at
        if now >= standing.gone_at:
            self._close(reading.subject, reasons.NOT_CONFIGURED, reasons.NOT_CONFIGURED)
        return True

    def _worded(self, severity: Level, standing: Standing, reading: Reading, now: float) -> Alert:
        subject, told = reading.subject, reading.words(now)
        last = None if standing.alert is None else standing.alert.value
        labels, since = subject.labels, standing.incident.since
        name = identity(subject.rule, labels) if standing.alert is None else standing.alert.fingerprint
        return standing.marked(
            Alert(
                rule=subject.rule,
                severity=severity,
                labels=labels,
                since=since,
                value=last if reading.value is None else reading.value,
                threshold=self._rulebook.of(subject).thresholds.get(severity),
                summary=told.summary,
                text=told.text,
                worst=standing.worst,
                fingerprint=name,
                incident=incident(name, since),
            )
        )

    def _waiting(self, subject: Subject, standing: Standing) -> Alert:
        """A pending alert, at the loudest level that waits."""
        levels = standing.incident.levels
        severity = next(level for level in reversed(self._levels) if level in levels)
        told, labels = standing.reading.words(self._now), subject.labels
        return Alert(
            rule=subject.rule,
            severity=severity,
            labels=labels,
            since=min(level.since for level in levels.values()),
            value=standing.reading.value,
            threshold=self._rulebook.of(subject).thresholds.get(severity),
            summary=told.summary,
            text=told.text,
            worst=standing.worst,
            fingerprint=identity(subject.rule, labels),
        )

    def _forget_account(self, account: AccountKey) -> None:
        """The account is no longer configured: everything that stands about it is over."""
        self._read.pop(account, None)
        for subject in [subject for subject in self._standing if subject.account == account]:
            self._close(subject, reasons.NOT_CONFIGURED, reasons.NOT_CONFIGURED)

    def _close(self, subject: Subject, why: str, reason: str) -> None:
        standing, told = self._standing[subject], words.over(self._summary(subject), why)
        if standing.alert is not None:
            self._end(subject, standing, told, reason)
        self._forget(subject)

    def _end(self, subject: Subject, standing: Standing, told: Words, reason: str) -> None:
        """What fired is over, in these words."""
        assert standing.alert is not None
        value = standing.reading.value
        ended = replace(standing.alert, value=value, summary=told.summary, text=told.text, worst=standing.worst)
        self._ledger.end(subject, standing, ended, reason)

    def _forget(self, subject: Subject) -> None:
        if self._standing.pop(subject, None) is not None:
            self._firing = self._pending = None
            self._hush.restless = True

    def _summary(self, subject: Subject) -> str:
        alert = self._standing[subject].alert
        return subject.rule if alert is None else alert.summary

    def _sorted(self, alerts: Iterable[Alert]) -> tuple[Alert, ...]:
        order = self._levels
        return tuple(sorted(alerts, key=lambda each: (-order.index(each.severity), each.since, each.identity)))


def _new(view: View, before: View) -> list[AccountReport]:
    """The reports that are not those of the view before, which has as many."""
    if view.accounts is before.accounts:
        return []
    return list(compress(view.accounts, map(is_not, view.accounts, before.accounts)))


def _new_groups(view: View, before: View) -> Sequence[GroupReport]:
    """The groups whose reports are not those of the view before."""
    if view.groups is before.groups:
        return ()
    known = {id(group) for group in before.groups}
    return [group for group in view.groups if id(group) not in known]


def _is_other(view: View, before: View) -> bool:
    """Whether anything but the accounts is another than in the view before."""
    same = view.feeds is before.feeds and view.budgets is before.budgets and view.channels is before.channels
    same = same and view.clock_offsets is before.clock_offsets and view.journal is before.journal
    return not (same and view.store is before.store and view.heartbeats is before.heartbeats)
