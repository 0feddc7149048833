"""Chains of people: begun, ended by whoever acknowledges, begun anew."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.alerts.escalation import due_step, promised
from monitor.alerts.routing import EscalationStep, Route, RoutingSettings
from monitor.domain.alerts import LOUD, Alert, AlertChange, AlertState, Change, Severity
from monitor.domain.keeping import Escalation

STEPS = (
    EscalationStep(after_seconds=300.0, channels=("second",)),
    EscalationStep(after_seconds=900.0, channels=("boss", "second")),
)
SETTINGS = RoutingSettings(routes=(Route(name="night", levels=("critical",), channels=("first",), escalate=STEPS),))


def change(
    what: Change = Change.FIRED, state: AlertState = AlertState.FIRING, level: str = Severity.CRITICAL
) -> AlertChange:
    alert = Alert(rule="margin_ratio", severity=level, labels={"account": "main"}, state=state, incident="i")
    return AlertChange(change=what, alert=alert, at=0.0, number=1)


def promise(step: int = 0, route: str = "night") -> Escalation:
    return Escalation(incident="i", route=route, step=step, due=300.0)


@pytest.mark.parametrize("what", sorted(LOUD | {Change.UNACKNOWLEDGED}))
def test_a_change_that_calls_for_somebody_begins_the_chain(what: Change) -> None:
    assert promised(change(what), (), SETTINGS, 1000.0) == (
        Escalation(incident="i", route="night", step=0, due=1300.0),
        Escalation(incident="i", route="night", step=1, due=1900.0),
    )


def test_what_grows_worse_gives_the_first_ones_no_more_time() -> None:
    assert promised(change(Change.WORSENED), (promise(1),), SETTINGS, 1000.0) == ()


def test_what_eases_and_still_fires_leaves_the_chain_as_it_is() -> None:
    assert promised(change(Change.EASED), (promise(),), SETTINGS, 1000.0) == ()


def test_no_chain_begins_where_no_route_with_one_is_taken() -> None:
    assert promised(change(level=Severity.WARNING), (), SETTINGS, 1000.0) == ()


@pytest.mark.parametrize(
    "ending",
    [
        change(Change.RESOLVED),
        change(Change.ACKNOWLEDGED, AlertState.ACKNOWLEDGED),
        change(Change.SILENCED, AlertState.SILENCED),
        change(Change.INHIBITED, AlertState.INHIBITED),
    ],
    ids=lambda ending: str(ending.change),
)
def test_the_chain_ends_when_nobody_is_wanted_any_more(ending: AlertChange) -> None:
    standing = (promise(0), promise(1))

    assert promised(ending, standing, SETTINGS, 1000.0) == tuple(replace(one, done=True) for one in standing)


def test_a_step_that_is_due_names_those_who_are_told() -> None:
    assert due_step(promise(1), change(), SETTINGS) == STEPS[1]


@pytest.mark.parametrize(
    ("due", "newest"),
    [
        (promise(), None),
        (promise(), change(Change.RESOLVED)),
        (promise(), change(Change.ACKNOWLEDGED, AlertState.ACKNOWLEDGED)),
        (promise(), change(Change.EASED, level=Severity.WARNING)),
        (promise(route="of a former configuration"), change()),
        (promise(step=7), change()),
    ],
    ids=["unknown", "resolved", "acknowledged", "eased off the route", "no such route", "no such step"],
)
def test_a_step_that_is_no_longer_needed_is_told_to_nobody(due: Escalation, newest: AlertChange | None) -> None:
    assert due_step(due, newest, SETTINGS) is None
