"""The life of one alert, as a table of situations: what was, what is read, what is told."""

from __future__ import annotations

from dataclasses import dataclass, field

from monitor.alerts.lifecycle import NEWS_QUIET_SECONDS, Incident, advance
from monitor.alerts.reading import Grade
from monitor.alerts.rule import RuleSettings
from monitor.domain.alerts import Change, Level, Severity

INFO, WARNING, CRITICAL = Severity.INFO, Severity.WARNING, Severity.CRITICAL
SETTINGS = RuleSettings(
    for_seconds=10.0, keep_firing_seconds=60.0, worsening_factor=0.5, repeat_seconds={CRITICAL: 600.0}
)

SAFE = Grade(None, None, sure=True, room=0.9)
BLIND = Grade(None, None, sure=False)
UNSURE_SAFE = Grade(None, None, sure=False, room=0.9)


def at(severity: Severity, room: float = 0.4, *, sure: bool = True) -> Grade:
    """A reading that reaches a severity."""
    return Grade(severity, severity, sure, room)


def between(reached: Level | None, held: Severity, room: float = 0.45) -> Grade:
    """A reading within the hysteresis of `held`."""
    return Grade(reached, held, sure=True, room=room)


@dataclass
class Life:
    """One subject through time."""

    settings: RuleSettings = SETTINGS
    incident: Incident | None = None
    told: list[tuple[float, Change]] = field(default_factory=list)

    def read(self, now: float, grade: Grade) -> Change | None:
        """One reading; what is told because of it."""
        self.incident, change, _ = advance(self.incident, grade, self.settings, now)
        if change is not None:
            self.told.append((now, change))
        return change

    @property
    def severity(self) -> Level | None:
        """The level at which it fires."""
        return None if self.incident is None else self.incident.severity


def firing(severity: Severity = WARNING, room: float = 0.4, settings: RuleSettings = SETTINGS) -> Life:
    """A subject that fired at time 10."""
    life = Life(settings)
    life.read(0.0, at(severity, room))
    assert life.read(10.0, at(severity, room)) is Change.FIRED
    return life


def test_nothing_is_remembered_of_what_is_safe() -> None:
    life = Life()

    assert life.read(0.0, SAFE) is None
    assert life.incident is None


def test_a_condition_fires_when_it_has_held_long_enough() -> None:
    life = Life()

    assert life.read(0.0, at(WARNING)) is None
    assert life.severity is None
    assert life.read(9.999, at(WARNING)) is None
    assert life.read(10.0, at(WARNING)) is Change.FIRED
    assert life.incident is not None
    assert life.incident.severity is WARNING
    assert life.incident.since == 10.0


def test_a_short_breach_that_recovers_is_never_told() -> None:
    life = Life()
    life.read(0.0, at(WARNING))

    assert life.read(9.0, SAFE) is None
    assert life.incident is None
    assert life.read(12.0, at(WARNING)) is None, "the wait begins anew"


def test_a_pending_condition_within_the_hysteresis_goes_on_waiting() -> None:
    life = Life()
    life.read(0.0, at(WARNING))

    assert life.read(5.0, between(None, WARNING)) is None
    assert life.read(10.0, between(None, WARNING)) is Change.FIRED


def test_a_pending_condition_fires_also_when_the_data_is_lost_meanwhile() -> None:
    life = Life()
    life.read(0.0, at(WARNING))

    assert life.read(5.0, BLIND) is None
    assert life.read(10.0, BLIND) is Change.FIRED


def test_the_worst_does_not_wait() -> None:
    assert Life().read(0.0, Grade(CRITICAL, CRITICAL, sure=True, room=0.0, extreme=True)) is Change.FIRED


def test_doubtful_data_may_raise_an_alarm() -> None:
    life = Life()
    life.read(0.0, at(CRITICAL, sure=False))

    assert life.read(10.0, at(CRITICAL, sure=False)) is Change.FIRED


def test_it_is_resolved_when_it_has_been_safe_long_enough() -> None:
    life = firing()

    assert life.read(20.0, SAFE) is None
    assert life.read(79.9, SAFE) is None
    assert life.severity is WARNING
    assert life.read(80.0, SAFE) is Change.RESOLVED
    assert life.incident is None


def test_a_relapse_begins_the_recovery_anew() -> None:
    life = firing()
    life.read(20.0, SAFE)
    life.read(70.0, at(WARNING))

    assert life.read(75.0, SAFE) is None
    assert life.read(134.9, SAFE) is None
    assert life.read(135.0, SAFE) is Change.RESOLVED


def test_the_hysteresis_also_interrupts_a_recovery() -> None:
    life = firing()
    life.read(20.0, SAFE)
    life.read(50.0, between(None, WARNING))

    assert life.read(90.0, SAFE) is None


def test_missing_data_never_resolves() -> None:
    life = firing()

    for now in range(20, 100_000, 1_000):
        assert life.read(float(now), BLIND) is None
        assert life.read(float(now) + 1, UNSURE_SAFE) is None
    assert life.severity is WARNING


def test_missing_data_interrupts_a_recovery() -> None:
    life = firing()
    life.read(20.0, SAFE)
    life.read(50.0, BLIND)

    assert life.read(81.0, SAFE) is None, "nobody knows what happened in between"
    assert life.read(141.0, SAFE) is Change.RESOLVED


def test_a_louder_level_escalates_after_its_own_wait() -> None:
    life = firing()

    assert life.read(20.0, at(CRITICAL)) is None
    assert life.read(30.0, at(CRITICAL)) is Change.ESCALATED
    assert life.severity is CRITICAL
    assert life.incident is not None
    assert life.incident.since == 10.0, "it is the same incident"


def test_it_eases_before_it_is_resolved() -> None:
    life = firing(CRITICAL)

    life.read(20.0, at(WARNING, room=0.45))
    assert life.read(80.0, at(WARNING, room=0.45)) is Change.EASED
    assert life.severity is WARNING
    life.read(90.0, SAFE)
    assert life.read(150.0, SAFE) is Change.RESOLVED


def test_a_recovery_past_both_levels_is_told_once() -> None:
    life = firing(CRITICAL)
    life.read(20.0, SAFE)
    life.read(80.0, SAFE)

    assert [change for _, change in life.told] == [Change.FIRED, Change.RESOLVED]


def test_it_is_told_again_when_the_room_has_halved() -> None:
    life = firing(room=0.4)

    assert life.read(20.0, at(WARNING, room=0.201)) is None
    assert life.read(21.0, at(WARNING, room=0.2)) is Change.WORSENED
    assert life.read(22.0, at(WARNING, room=0.101)) is None
    assert life.read(23.0, at(WARNING, room=0.1)) is Change.WORSENED


def test_worsening_is_measured_from_what_was_told_last() -> None:
    life = firing(room=0.4)
    life.read(20.0, at(WARNING, room=0.2))

    assert life.read(30.0, at(WARNING, room=0.4)) is None
    assert life.read(31.0, at(WARNING, room=0.2)) is None, "that much is known already"


def test_an_escalation_that_is_due_soon_is_not_announced_by_a_page_of_its_own() -> None:
    life = firing(room=0.4)

    assert life.read(20.0, at(CRITICAL, room=0.1)) is None
    assert life.read(30.0, at(CRITICAL, room=0.1)) is Change.ESCALATED


def test_worsening_is_told_when_the_escalation_does_not_come() -> None:
    life = firing(room=0.4)
    life.read(20.0, at(CRITICAL, room=0.1))

    assert life.read(21.0, at(WARNING, room=0.2)) is Change.WORSENED


def test_no_room_at_all_is_told_once() -> None:
    life = firing(room=0.4)

    assert life.read(20.0, at(WARNING, room=0.0)) is Change.WORSENED
    assert life.read(21.0, at(WARNING, room=0.0)) is None


def test_the_worst_room_is_remembered() -> None:
    life = firing(room=0.4)
    life.read(20.0, at(WARNING, room=0.3))
    life.read(21.0, at(WARNING, room=0.39))
    life.read(22.0, BLIND)

    assert life.incident is not None
    assert (life.incident.worst_room, life.incident.told_room) == (0.3, 0.4)


def test_worsening_can_be_switched_off() -> None:
    quiet = RuleSettings(for_seconds=10.0, worsening_factor=0.0, repeat_seconds={})

    assert firing(settings=quiet).read(20.0, at(WARNING, room=0.0)) is None


def test_it_is_repeated_after_the_interval_of_its_severity() -> None:
    life = firing(CRITICAL)

    assert life.read(609.9, at(CRITICAL)) is None
    assert life.read(610.0, at(CRITICAL)) is Change.REPEATED
    assert life.read(1209.9, at(CRITICAL)) is None
    assert life.read(1210.0, BLIND) is Change.REPEATED, "also when it cannot be read"
    assert firing(WARNING).read(1e6, at(WARNING)) is None, "a severity without an interval is not repeated"


def test_an_event_that_happens_again_is_told_again_but_not_in_a_burst() -> None:
    life = Life(RuleSettings(keep_firing_seconds=3600.0, repeat_seconds={}))
    again = Grade(CRITICAL, CRITICAL, sure=True, news=True)

    assert life.read(0.0, again) is Change.FIRED
    assert life.read(NEWS_QUIET_SECONDS - 1, again) is None
    assert life.read(NEWS_QUIET_SECONDS, again) is Change.REPEATED


def test_a_quieter_reading_does_not_hold_up_the_louder_level() -> None:
    life = firing(CRITICAL)

    assert life.read(20.0, between(WARNING, CRITICAL)) is None
    assert life.read(2_00.0, between(WARNING, CRITICAL)) is None
    assert life.severity is CRITICAL, "within its hysteresis a level stands"
