"""Who is kept quiet: silences and inhibition over all that fires, looked at when something of it changed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from math import inf

from monitor.alerts import reasons
from monitor.alerts.inhibition import Candidate, Inhibition, Inhibitor
from monitor.alerts.ledger import Ledger
from monitor.alerts.lifecycle import wakes
from monitor.alerts.memory import Standing
from monitor.alerts.quiet import Silences
from monitor.alerts.reading import Subject
from monitor.alerts.rulebook import Rulebook
from monitor.alerts.settings import AlertSettings
from monitor.domain.alerts import Alert, AlertState, Change, Silence


class Hush:
    """Applies silences and inhibition. `restless`: what fires, how loud, or a silence is another since the last time.

    `wakes_at` is when time alone changes something.
    """

    def __init__(self, settings: AlertSettings, rulebook: Rulebook, ledger: Ledger) -> None:
        self._settings, self._rulebook, self._ledger = settings, rulebook, ledger
        self.silences = Silences()
        self.restless = False
        self.wakes_at = inf

    def settle(self, standing: Mapping[Subject, Standing], now: float) -> bool:
        """Decide of all that fires; whether any alert is another for it."""
        if not self.restless and now < self.wakes_at:
            return False
        self.restless = False
        self.silences.expire(now)
        firing = {
            subject: (each, Candidate(each.alert, self._labels(subject, each.alert)))
            for subject, each in standing.items()
            if each.alert is not None
        }
        candidates = [candidate for _, candidate in firing.values()]
        inhibition = Inhibition(self._settings.inhibits, candidates, self._settings.levels)
        names = {candidate.alert.fingerprint for candidate in candidates}
        changed = False
        for subject, (each, candidate) in firing.items():
            changed |= self._one(subject, each, candidate, inhibition.of(candidate), names, now)
        self.wakes_at = min(self.silences.next_at(now), default=inf)
        lingering = (each.lingers_until for each, _ in firing.values() if each.lingers_until is not None)
        self.wakes_at = min(self.wakes_at, min(lingering, default=inf))
        return changed

    def _labels(self, subject: Subject, alert: Alert) -> dict[str, str]:
        return {**self._rulebook.labels(subject), "rule": alert.rule, "severity": alert.severity}

    def _one(
        self,
        subject: Subject,
        standing: Standing,
        candidate: Candidate,
        inhibitor: Inhibitor | None,
        firing: Collection[str],
        now: float,
    ) -> bool:
        """Decide of one; whether its alert is another for it."""
        alert, before, silenced_by = candidate.alert, standing.state, standing.silence
        silence = self.silences.of(candidate.labels, now)
        inhibited_before = standing.inhibitor
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
