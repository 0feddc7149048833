"""The nearest leads: what shows one danger from several sides is told by one alert, and again when that gets worse.

A pool that nears its end takes all its lines along: with fifty positions each halving of its room would be told by
fifty. So an alert that would be told is kept quiet by a leader: an alert of the same circle that has told, that nobody
and nothing keeps quiet (somebody may have acknowledged it), that is at least as loud, and

* of two lines in the same measure: if its last message named a room so near that this one is not materially worse;
* of a line and the pool's margin ratio: if the line told within the last minute. A line never follows a ratio;
* of the venue's calls for margin of one account: if it came within the last seconds.

What follows remembers as told what its leaders told, so that it speaks up exactly when it is materially worse than
that, or louder, or when no leader is left. What is believed follows nothing that is not, and what is known nothing
unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf, isnan

from monitor.alerts.ledger import Ledger
from monitor.alerts.memory import Standing
from monitor.alerts.reading import Reading, Subject
from monitor.alerts.rulebook import Rulebook
from monitor.domain.alerts import Alert, Change, Level
from monitor.domain.names import AccountKey

RATIO_SECONDS = 60.0  #: a ratio that fires so soon after a line was told says the same
CALL_SECONDS = 10.0  #: so far apart the venue's calls for the positions of one account may be

PERCENT, SIGMAS, DEPEG, RATIO, CALL = "percent", "sigmas", "depeg", "ratio", "call"
MEASURES = {
    "market_distance": PERCENT,
    "coin_distance": PERCENT,
    "position_distance": PERCENT,
    "depeg_distance": DEPEG,  # another danger: what was thought to be cash slips
    "market_sigmas": SIGMAS,
    "coin_sigmas": SIGMAS,
    "position_sigmas": SIGMAS,
    "margin_ratio": RATIO,
}

Circle = tuple[str, AccountKey, str]  #: what may be one danger: the measure that leads, account and pool


def measure(subject: Subject) -> str:
    """What a subject's room is measured in; "" if it neither leads nor follows."""
    if subject.rule == "venue_warning" and subject.detail[:1] == ("margin_call",):
        return CALL
    return MEASURES.get(subject.rule, "")


def circle(subject: Subject) -> Circle | None:
    """What may be one danger with a subject; None if nothing may."""
    own = measure(subject)
    return (PERCENT if own == RATIO else own, subject.account, subject.pool) if own else None


def leads(leader: Subject, subject: Subject) -> bool:
    """Whether the one may speak for the other at all."""
    return measure(leader) != RATIO and circle(subject) is not None and circle(leader) == circle(subject)


def is_known(reading: Reading) -> bool:
    """Whether a reading tells a number."""
    return reading.value is not None and not isnan(reading.value)


@dataclass(slots=True)
class Voice:
    """One that fires and that neither a silence nor a rule keeps quiet. `news`: it would be told in this step.

    `place` is how loud it is, `room` what is left, `told_room` what its last message named (+inf: no room) and
    `told_at` when that was, this step's among them. `leader` is who keeps it quiet.
    """

    subject: Subject
    standing: Standing
    alert: Alert
    news: bool
    place: int
    measure: str
    room: float
    told_room: float
    told_at: float
    change: Change | None
    leader: Voice | None = None

    @property
    def known(self) -> bool:
        """Whether its number can be told now; what stands since before a restart is as it was until it is read."""
        return self.measure == CALL or self.standing.unread or is_known(self.standing.reading)

    @property
    def order(self) -> tuple[int, bool, float, bool, str]:
        """Who is heard first: the loudest, of those a line, of those the nearest, of those who follows nobody."""
        return (-self.place, self.measure == RATIO, self.room, bool(self.standing.inhibitor), self.alert.fingerprint)

    def may_follow(self, leader: Voice) -> bool:
        """Whether another one may speak for this one: as loud, and seen and believed as well as this one."""
        fitting = leader.measure == self.measure or self.measure == RATIO
        seen = leader.known or not (self.news or self.known)
        sure = leader.standing.reading.sure or not (self.news and self.standing.reading.sure)
        return fitting and leader.place >= self.place and seen and (sure or self.measure == CALL)

    def preference(self, leader: Voice) -> tuple[bool, float, str]:
        """Whom of several it follows: whom it follows already, else who told the nearest."""
        return (leader.alert.fingerprint != self.standing.inhibitor, leader.told_room, leader.alert.fingerprint)


class Leading:
    """Decides who of a circle is told."""

    def __init__(self, order: Sequence[Level], rulebook: Rulebook, ledger: Ledger) -> None:
        self._order, self._rulebook, self._ledger = order, rulebook, ledger

    def voice(self, subject: Subject, standing: Standing, alert: Alert, now: float, *, freed: bool) -> Voice:
        """One that fires. `freed`: a silence or an alert that kept it quiet does so no more."""
        change, incident = self._ledger.loud(subject), standing.incident
        told = inf if incident.told_room is None else incident.told_room
        room = told if standing.room is None else standing.room
        return Voice(
            subject=subject,
            standing=standing,
            alert=alert,
            news=freed or change is not None,
            place=self._order.index(alert.severity),
            measure=measure(subject),
            room=room,
            told_room=room if freed and change is None else told,
            told_at=now if freed else incident.told_at,
            change=change,
        )

    def settle(self, voices: Sequence[Voice], firing: Mapping[str, Level], now: float) -> None:
        """Give those of one circle that stay quiet their leader; those that lost theirs may be told now.

        `firing` is the level of everything that fires, by fingerprint.
        """
        quiet = sorted((each for each in voices if each.news or each.standing.inhibitor), key=lambda each: each.order)
        if not quiet:
            return
        leaders = [each for each in voices if not (each.news or each.standing.inhibitor)]
        # First what would be told: nobody may follow one that is quiet itself in a moment.
        for voice in sorted(quiet, key=lambda each: not each.news):
            self._place(voice, leaders, firing, now)
        for voice in quiet:
            if voice.leader is not None:
                self._remember(voice, voice.leader, leaders, now)

    def _place(self, voice: Voice, leaders: list[Voice], firing: Mapping[str, Level], now: float) -> None:
        """Among the followers of one, or among the leaders."""
        standing = voice.standing
        able = [each for each in leaders if voice.may_follow(each)]
        timed = voice.measure in (RATIO, CALL)
        voice.leader = self._by_time(voice, able, now) if timed else self._by_room(voice, able)
        if voice.leader is not None:
            return
        if not voice.news:
            if not able and self._lingers(voice, firing, now):
                return
            voice.told_room, voice.told_at = voice.room, now
        standing.inhibitor, standing.lingers_until = "", None
        leaders.append(voice)

    def _by_room(self, voice: Voice, able: Sequence[Voice]) -> Voice | None:
        """Who told of no less than this one would; None if this one is materially worse than what was told."""
        told = [each for each in able if each.told_room < inf]
        nearest = min((each.told_room for each in told), default=0.0)
        factor = self._rulebook.of(voice.subject).worsening_factor
        if voice.room < nearest and voice.room <= factor * nearest:
            return None
        return min(told, key=voice.preference, default=None)

    def _by_time(self, voice: Voice, able: Sequence[Voice], now: float) -> Voice | None:
        """Who told just now what this one would; who has nothing new to say goes on following."""
        within = CALL_SECONDS if voice.measure == CALL else RATIO_SECONDS
        if voice.change is Change.WORSENED:  # than when something was told last
            within = 0.0
        able = [each for each in able if not voice.news or now - each.told_at <= within]
        return min(able, key=voice.preference, default=None)

    def _lingers(self, voice: Voice, firing: Mapping[str, Level], now: float) -> bool:
        """Whether one that lost its leader has time to recover too. Of a leader that is over that is decided already;
        one that grew quieter speaks for it no more.
        """
        level = firing.get(voice.standing.inhibitor)
        if level is None:
            return True
        return self._order.index(level) >= voice.place and voice.standing.lingers(now)

    def _remember(self, voice: Voice, leader: Voice, leaders: Iterable[Voice], now: float) -> None:
        """What was told of the danger was told of this one too: it is worse when it is worse than that."""
        known = told = voice.standing.incident.told_room
        if voice.measure == leader.measure:
            told = min((each.told_room for each in leaders if voice.may_follow(each)), default=leader.told_room)
        elif leader.told_at == now:
            told = voice.room
        if told != known and told is not None and told < inf:
            voice.standing.incident = replace(voice.standing.incident, told_room=told)
            self._ledger.keep(voice.subject)
