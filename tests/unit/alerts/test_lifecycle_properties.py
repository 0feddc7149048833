"""What holds in the life of an alert whatever is read, in whatever order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from monitor.alerts.lifecycle import Incident, advance
from monitor.alerts.reading import Grade
from monitor.alerts.rule import RuleSettings
from monitor.alerts.settings import BUILT_IN
from monitor.domain.alerts import Change, Level, Severity

SETTINGS = RuleSettings(for_seconds=10.0, keep_firing_seconds=60.0, repeat_seconds={Severity.CRITICAL: 600.0})

severities = st.none() | st.sampled_from(BUILT_IN)
rooms = st.none() | st.floats(0.0, 1.0)
gaps = st.floats(0.0, 100.0)


def _louder(one: Level | None, two: Level | None) -> Level | None:
    return max((each for each in (one, two) if each is not None), key=BUILT_IN.index, default=None)


@st.composite
def grades(draw: st.DrawFn) -> Grade:
    """Any reading: hysteresis holds at least what is reached."""
    reached, slack = draw(severities), draw(severities)
    return Grade(
        reached, _louder(reached, slack), sure=draw(st.booleans()), room=draw(rooms), extreme=draw(st.booleans())
    )


lives = st.lists(st.tuples(gaps, grades()), max_size=60)


@given(lives)
def test_what_is_told_makes_sense_as_a_story(life: list[tuple[float, Grade]]) -> None:
    incident: Incident | None = None
    now, firing = 0.0, False
    for gap, grade in life:
        now += gap
        incident, change, _ = advance(incident, grade, SETTINGS, now)
        assert (change is Change.FIRED) <= (not firing), "what fires already does not begin to"
        assert change in (None, Change.FIRED) or firing, "only what fires can change or end"
        firing = incident is not None and incident.severity is not None
        assert (change is Change.RESOLVED) <= (not firing)
        assert (change is Change.FIRED) <= firing


@given(lives)
def test_nothing_ends_without_a_sure_and_safe_reading_and_its_time(life: list[tuple[float, Grade]]) -> None:
    incident: Incident | None = None
    now, safe_since = 0.0, None
    for gap, grade in life:
        now += gap
        safe = grade.sure and grade.held is None
        safe_since = (now if safe_since is None else safe_since) if safe else None
        incident, change, _ = advance(incident, grade, SETTINGS, now)
        if change is Change.RESOLVED:
            assert safe_since is not None
            assert now - safe_since >= SETTINGS.keep_firing_seconds


@given(lives, st.lists(gaps, max_size=30))
def test_blindness_keeps_every_level_that_fires(life: list[tuple[float, Grade]], dark: list[float]) -> None:
    incident: Incident | None = None
    now = 0.0
    for gap, grade in life:
        now += gap
        incident, _, _ = advance(incident, grade, SETTINGS, now)
    before = None if incident is None else incident.severity
    for gap in dark:
        now += gap
        incident, change, _ = advance(incident, Grade(None, None, sure=False), SETTINGS, now)
        assert change not in (Change.RESOLVED, Change.EASED)
    after = None if incident is None else incident.severity
    assert _louder(before, after) is after


@given(lives)
def test_a_condition_that_holds_is_always_told_in_the_end(life: list[tuple[float, Grade]]) -> None:
    incident: Incident | None = None
    now = 0.0
    for gap, grade in life:
        now += gap
        incident, _, _ = advance(incident, grade, SETTINGS, now)
    for seconds in (1.0, SETTINGS.for_seconds + 1e-6):  # times are floats
        now += seconds
        incident, _, _ = advance(incident, Grade(Severity.CRITICAL, Severity.CRITICAL, sure=True), SETTINGS, now)
    assert incident is not None
    assert incident.severity is Severity.CRITICAL
