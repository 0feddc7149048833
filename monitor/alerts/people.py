"""What people ask of the alerts, and what the store gives back after a restart: commands that come as events."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from math import inf

from monitor.alerts import reasons
from monitor.alerts.catalogue import RULES
from monitor.alerts.hush import Hush
from monitor.alerts.ledger import Ledger
from monitor.alerts.lifecycle import wakes
from monitor.alerts.memory import Standing, restored, subject_of
from monitor.alerts.outside import OUTSIDE
from monitor.alerts.reading import Subject
from monitor.alerts.rulebook import Rulebook
from monitor.domain.alerts import Acknowledgement, AlertMemory, Change, Level
from monitor.domain.commands import AcknowledgeAlert, AlertCommand, AlertsRestored, EndSilence, SilenceAlerts
from monitor.domain.names import AccountKey
from monitor.domain.view import View

GONE_SECONDS = 600.0  #: a stream, a channel or the like that is not listed for so long after a restart is none of ours


class People:
    """Carries commands out on what stands."""

    def __init__(
        self,
        standing: dict[Subject, Standing],
        rulebook: Rulebook,
        ledger: Ledger,
        hush: Hush,
        order: tuple[Level, ...],
    ) -> None:
        self._standing, self._rulebook, self._ledger, self._hush = standing, rulebook, ledger, hush
        self._levels = order
        self._refusals: list[str] = []

    def obey(self, commands: Iterable[AlertCommand], view: View, now: float) -> tuple[str, ...]:
        """Do all of it; returns in words what came to nothing, and why."""
        self._refusals = []
        for command in commands:
            self._obey(command, view, now)
        return tuple(self._refusals)

    def _obey(self, command: AlertCommand, view: View, now: float) -> None:
        silences = self._hush.silences
        match command:
            case AcknowledgeAlert():
                self._acknowledge(command, now)
            case SilenceAlerts():
                refusal = silences.refusal(command.silence, now)
                if refusal:
                    self._refuse(refusal)
                    return
                silences.take(command.silence)
                self._hush.restless = True
            case EndSilence():
                if not silences.end(command.id, command.author or "somebody"):
                    self._refuse(f"there is no silence {command.id}")
                self._hush.restless = True
            case _:
                self._restore(command, view, now)

    def _refuse(self, why: str) -> None:
        self._refusals.append(why)

    def _acknowledge(self, command: AcknowledgeAlert, now: float) -> None:
        found = next(
            (
                (subject, each)
                for subject, each in self._standing.items()
                if each.alert is not None and each.alert.fingerprint == command.fingerprint
            ),
            None,
        )
        if found is None:
            self._refuse(f"no alert {command.fingerprint} fires")
            return
        subject, standing = found
        assert standing.alert is not None
        if command.incident and command.incident != standing.alert.incident:
            self._refuse(f"incident {command.incident} is over; another one of this alert fires")
            return
        known = standing.acknowledgement
        if command.withdrawn:
            if known is None:
                self._refuse(f"alert {command.fingerprint} is not acknowledged")
                return
            standing.acknowledgement = None
            change = Change.UNACKNOWLEDGED
            reason = reasons.unacknowledged(command.author, command.via, command.comment)
        else:
            by = Acknowledgement(author=command.author, via=command.via, at=now, comment=command.comment)
            if known is not None and replace(known, at=now) == by:
                return  # said twice
            standing.acknowledgement = by
            change, reason = Change.ACKNOWLEDGED, reasons.acknowledged(by)
        standing.alert = standing.marked(standing.alert)
        standing.wakes_at = wakes(standing.incident, self._rulebook.of(subject), quiet=standing.quiet)
        self._ledger.note(subject, standing, change, reason, standing.alert.severity)

    def _restore(self, command: AlertsRestored, view: View, now: float) -> None:
        """What stood before a restart stands again, and what cannot is over."""
        for silence in command.silences:
            self._hush.silences.take(silence, restored=True)
        self._hush.restless = True
        accounts = {report.key for report in view.accounts}
        for kept in command.alerts:
            memory = replace(kept, told_at=min(kept.told_at, now))  # the clock may have been ahead then
            standing = restored(memory, self._levels) if memory.rule in RULES else None
            why = self._gone(memory, accounts, standing)
            if why or standing is None:
                self._ledger.drop(memory, why, now)
            elif (subject := subject_of(memory)) not in self._standing:
                # A stream, a channel, a heartbeat: what is configured is in each view, whether it can be read or not.
                standing.gone_at = now + GONE_SECONDS if subject.rule in OUTSIDE and subject.detail else inf
                self._standing[subject] = standing

    def _gone(self, memory: AlertMemory, accounts: Collection[AccountKey], standing: Standing | None) -> str:
        """Why what was remembered cannot come back, "" if it can."""
        if memory.rule not in RULES:
            return reasons.UNKNOWN_RULE
        if standing is None:
            return reasons.UNKNOWN_LEVEL
        if not self._rulebook.speaks(subject_of(memory)):
            return reasons.SWITCHED_OFF
        owner = memory.account
        venues = {key.venue for key in accounts}
        known = owner in accounts if owner.account else not owner.venue or owner.venue in venues
        return "" if known else reasons.NOT_CONFIGURED
