"""Who is kept quiet: silences and inhibition over all that fires, looked at when something of it changed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from math import inf

from monitor.alerts import reasons
from monitor.alerts.inhibition import Inhibition, Inhibitor, Roles, roles
from monitor.alerts.ledger import Ledger
from monitor.alerts.lifecycle import wakes
from monitor.alerts.memory import Standing
from monitor.alerts.quiet import Silences
from monitor.alerts.reading import Subject
from monitor.alerts.rulebook import Rulebook
from monitor.alerts.settings import AlertSettings
from monitor.domain.alerts import Alert, AlertState, Change, Level, Silence


@dataclass(slots=True)
class _Known:
    """What was worked out of an alert at this level, so that only what changes is looked at again."""

    severity: Level
    labels: Mapping[str, str]
    roles: Roles
    listed: tuple[Silence, ...] | None = None  #: all silences of then
    silences: tuple[Silence, ...] = ()  #: those that match


class Hush:
    """Applies silences and inhibition. `restless`: what fires, how loud, or a silence is another since the last time.

    `wakes_at` is when time alone changes something.
    """

    def __init__(self, settings: AlertSettings, rulebook: Rulebook, ledger: Ledger) -> None:
        self._settings, self._rulebook, self._ledger = settings, rulebook, ledger
        self._known: dict[Subject, _Known] = {}
        self.silences = Silences()
        self.restless = False
        self.wakes_at = inf

    def settle(self, standing: Mapping[Subject, Standing], now: float) -> bool:
        """Decide of all that fires; whether any alert is another for it."""
        if not self.restless and now < self.wakes_at:
            return False
        self.restless = False
        self.silences.expire(now)
        firing = [
            (subject, each, each.alert, self._of(subject, each.alert))
            for subject, each in standing.items()
            if each.alert is not None
        ]
        self._known = {subject: known for subject, _, _, known in firing}
        inhibition = Inhibition(
            self._settings.inhibits, self._settings.levels, [(alert, known.roles) for _, _, alert, known in firing]
        )
        names = {alert.fingerprint for _, _, alert, _ in firing}
        changed, self.wakes_at = False, min(self.silences.next_at(now), default=inf)
        for subject, each, alert, known in firing:
            inhibitor = inhibition.of(alert, known.roles)
            silence = next((silence for silence in known.silences if silence.starts <= now), None)
            if silence is not None or inhibitor is not None or each.silence or each.inhibitor:
                changed |= self._one(subject, each, alert, silence, inhibitor, names, now)
                self.wakes_at = min(self.wakes_at, inf if each.lingers_until is None else each.lingers_until)
        return changed

    def _of(self, subject: Subject, alert: Alert) -> _Known:
        """What is known of an alert, by its labels and by all silences of now."""
        known = self._known.get(subject)
        if known is None or known.severity != alert.severity:
            group = self._settings.groups.get(subject.account, "")
            labels = {**alert.labels, "rule": alert.rule, "severity": alert.severity, "group": group}
            known = _Known(alert.severity, labels, roles(self._settings.inhibits, labels))
        if known.listed is not self.silences.listed:
            known.listed, known.silences = self.silences.listed, self.silences.matching(known.labels)
        return known

    def _one(
        self,
        subject: Subject,
        standing: Standing,
        alert: Alert,
        silence: Silence | None,
        inhibitor: Inhibitor | None,
        firing: Collection[str],
        now: float,
    ) -> bool:
        """Decide of one that is kept quiet or was; whether its alert is another for it."""
        before, silenced_by, inhibited_before = standing.state, standing.silence, standing.inhibitor
        self._inhibit(standing, inhibitor, firing, escalates=self._ledger.loud(subject) is Change.ESCALATED, now=now)
        standing.silence = "" if silence is None else silence.id
        if silence is not None:
            standing.because = silence.comment
        elif inhibitor is not None and (silenced_by or standing.inhibitor != inhibited_before):
            standing.because = inhibitor.alert.summary
        standing.alert = standing.marked(alert)
        changed = standing.alert is not alert
        told = self._told(silenced_by, inhibited_before, standing, silence, inhibitor)
        if told is not None and self._ledger.loud(subject) is None:
            self._ledger.note(subject, standing, *told)
            if standing.state is AlertState.FIRING:
                room = standing.incident.told_room if standing.room is None else standing.room
                standing.incident = replace(standing.incident, told_at=now, told_room=room)
        if changed:
            self._ledger.keep(subject)
        if standing.state is not before:
            own = wakes(standing.incident, self._rulebook.of(subject), quiet=standing.quiet)
            standing.wakes_at = min(standing.wakes_at, own) if standing.wakes_at <= now else own
        return changed

    def _inhibit(
        self, standing: Standing, inhibitor: Inhibitor | None, firing: Collection[str], *, escalates: bool, now: float
    ) -> None:
        """What is inhibited stays so for a while after its inhibitor is over, so that it can recover too. Not if it is
        the louder one now, or grew louder meanwhile.
        """
        if inhibitor is not None:
            standing.inhibitor, standing.lingers_until = inhibitor.alert.fingerprint, None
            standing.lingers_seconds = inhibitor.lingers_seconds
            return
        if not standing.inhibitor:
            return
        if standing.lingers_until is None:
            over = standing.inhibitor not in firing
            standing.lingers_until = now + (standing.lingers_seconds if over else 0.0)
        if escalates or now >= standing.lingers_until:
            standing.inhibitor, standing.lingers_until = "", None

    def _told(
        self,
        silenced_by: str,
        inhibited_by: str,
        standing: Standing,
        silence: Silence | None,
        inhibitor: Inhibitor | None,
    ) -> tuple[Change, str] | None:
        """The change that this is, and its reason."""
        if silence is not None:
            return None if silenced_by else (Change.SILENCED, reasons.silenced(silence))
        if silenced_by:
            by = self.silences.ended.get(silenced_by)
            return Change.UNSILENCED, reasons.unsilenced(silenced_by, by)
        if bool(standing.inhibitor) == bool(inhibited_by):
            return None
        if inhibitor is not None:
            return Change.INHIBITED, reasons.inhibited(inhibitor.alert.summary)
        return Change.UNINHIBITED, reasons.uninhibited()
