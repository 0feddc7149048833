"""Who is kept quiet: silences and inhibition over all that fires, looked at when something of it changed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf

from monitor.alerts import reasons
from monitor.alerts.inhibition import Inhibition, Inhibitor, Roles, roles
from monitor.alerts.leading import Circle, Leading, circle, leads
from monitor.alerts.ledger import Ledger
from monitor.alerts.lifecycle import wakes
from monitor.alerts.memory import LINGERS_SECONDS, Standing
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
    circle: Circle | None
    listed: tuple[Silence, ...] | None = None  #: all silences of then
    silences: tuple[Silence, ...] = ()  #: those that match


@dataclass(slots=True)
class _Verdict:
    """What is made of one that fires: what keeps it quiet now, and what did before."""

    subject: Subject
    standing: Standing
    alert: Alert
    circle: Circle | None
    silence: Silence | None
    inhibitor: Inhibitor | None
    state: AlertState
    silenced_by: str
    inhibited_by: str

    @property
    def freed(self) -> bool:
        """Whether what kept it quiet does so no more."""
        return bool(self.silenced_by or (self.inhibited_by and not self.standing.inhibitor))


class Hush:
    """Applies silences and inhibition. `restless`: what fires, how loud, or a silence is another since the last time.

    `wakes_at` is when time alone changes something.
    """

    def __init__(self, settings: AlertSettings, rulebook: Rulebook, ledger: Ledger) -> None:
        self._settings, self._rulebook, self._ledger = settings, rulebook, ledger
        self._known: dict[Subject, _Known] = {}
        self._leading = Leading(settings.levels, rulebook, ledger)
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
        names = {alert.fingerprint: subject for subject, _, alert, _ in firing}
        verdicts = [
            self._verdict(subject, each, alert, known, inhibition.of(alert, known.roles), names, now)
            for subject, each, alert, known in firing
        ]
        if self._settings.one_danger_one_page:
            self._lead(verdicts, now)
        changed, self.wakes_at = False, min(self.silences.next_at(now), default=inf)
        for verdict in verdicts:
            each = verdict.standing
            if verdict.silence is not None or each.inhibitor or verdict.silenced_by or verdict.inhibited_by:
                changed |= self._one(verdict, now)
                self.wakes_at = min(self.wakes_at, inf if each.lingers_until is None else each.lingers_until)
        return changed

    def _verdict(
        self,
        subject: Subject,
        standing: Standing,
        alert: Alert,
        known: _Known,
        inhibitor: Inhibitor | None,
        firing: Mapping[str, Subject],
        now: float,
    ) -> _Verdict:
        """What silences and rules make of one that fires."""
        silence = next((silence for silence in known.silences if silence.starts <= now), None)
        verdict = _Verdict(
            subject, standing, alert, known.circle, silence, inhibitor, standing.state, standing.silence,
            standing.inhibitor,
        )  # fmt: skip
        # Whether it goes on following another that fires is not for the rules to say.
        leader = firing.get(standing.inhibitor) if self._settings.one_danger_one_page else None
        if inhibitor is not None or leader is None or not leads(leader, subject):
            escalates = self._ledger.loud(subject) is Change.ESCALATED
            self._inhibit(standing, inhibitor, firing, escalates=escalates, now=now)
        return verdict

    def _lead(self, verdicts: Sequence[_Verdict], now: float) -> None:
        """Let one of each circle speak for the others, as far as neither silences nor rules keep them quiet."""
        levels = {each.alert.fingerprint: each.alert.severity for each in verdicts}
        circles: dict[Circle, list[_Verdict]] = {}
        for each in verdicts:
            if each.circle is not None and each.silence is None and each.inhibitor is None:
                circles.setdefault(each.circle, []).append(each)
        for members in circles.values():
            voices = [
                self._leading.voice(each.subject, each.standing, each.alert, now, freed=each.freed) for each in members
            ]
            self._leading.settle(voices, levels, now)
            for each, voice in zip(members, voices, strict=True):
                if voice.leader is not None:
                    each.inhibitor = Inhibitor(voice.leader.alert, LINGERS_SECONDS)
                    self._inhibit(each.standing, each.inhibitor, levels, escalates=False, now=now)

    def _of(self, subject: Subject, alert: Alert) -> _Known:
        """What is known of an alert, by its labels and by all silences of now."""
        known = self._known.get(subject)
        if known is None or known.severity != alert.severity:
            group = self._settings.groups.get(subject.account, "")
            labels = {"group": group, **alert.labels, "rule": alert.rule, "severity": alert.severity}
            known = _Known(alert.severity, labels, roles(self._settings.inhibits, labels), circle(subject))
        if known.listed is not self.silences.listed:
            known.listed, known.silences = self.silences.listed, self.silences.matching(known.labels)
        return known

    def _one(self, verdict: _Verdict, now: float) -> bool:
        """Carry out what was decided of one that is kept quiet or was; whether its alert is another for it."""
        subject, standing, alert = verdict.subject, verdict.standing, verdict.alert
        silence, inhibitor = verdict.silence, verdict.inhibitor
        standing.silence = "" if silence is None else silence.id
        if silence is not None:
            standing.because = silence.comment
        elif inhibitor is not None and (verdict.silenced_by or standing.inhibitor != verdict.inhibited_by):
            standing.because = inhibitor.alert.summary
        standing.alert = standing.marked(alert)
        changed = standing.alert is not alert
        told = self._told(verdict)
        if told is not None and self._ledger.loud(subject) is None:
            self._ledger.note(subject, standing, *told)
            if standing.state is AlertState.FIRING:
                room = standing.incident.told_room if standing.room is None else standing.room
                standing.incident = replace(standing.incident, told_at=now, told_room=room)
        if changed:
            self._ledger.keep(subject)
        if standing.state is not verdict.state:
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
        over = standing.inhibitor not in firing
        if escalates or not over or not standing.lingers(now):
            standing.inhibitor, standing.lingers_until = "", None

    def _told(self, verdict: _Verdict) -> tuple[Change, str] | None:
        """The change that this is, and its reason."""
        silence, silenced_by, standing = verdict.silence, verdict.silenced_by, verdict.standing
        if silence is not None:
            return None if silenced_by else (Change.SILENCED, reasons.silenced(silence))
        if silenced_by:
            by = self.silences.ended.get(silenced_by)
            return Change.UNSILENCED, reasons.unsilenced(silenced_by, by)
        if bool(standing.inhibitor) == bool(verdict.inhibited_by):
            return None
        if verdict.inhibitor is not None:
            return Change.INHIBITED, reasons.inhibited(verdict.inhibitor.alert.summary)
        return Change.UNINHIBITED, reasons.uninhibited()
