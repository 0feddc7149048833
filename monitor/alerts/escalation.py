"""Who is told next when nobody acknowledges: promises made, kept and ended. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from monitor.alerts.routing import EscalationStep, Route, RoutingSettings, routes_of
from monitor.domain.alerts import LOUD, AlertChange, AlertState, Change
from monitor.domain.keeping import Escalation

_BEGINS = LOUD | {Change.UNACKNOWLEDGED}


def calls(change: AlertChange) -> bool:
    """Whether somebody is still wanted: it fires, and nobody acknowledged or silenced it."""
    return change.change is not Change.RESOLVED and change.alert.state is AlertState.FIRING


def promised(
    change: AlertChange, promises: Sequence[Escalation], settings: RoutingSettings, now: float
) -> tuple[Escalation, ...]:
    """The promises that a change makes or ends; `promises` are those of its incident that are not done.

    A chain begins with a change that calls for somebody, and again with the next such change after it came to its end
    or was ended. One that runs goes on: what grows worse does not give the first ones more time.
    """
    if not calls(change):
        return tuple(replace(promise, done=True) for promise in promises)
    if change.change not in _BEGINS:
        return ()
    running = {promise.route for promise in promises}
    return tuple(
        Escalation(incident=change.alert.incident, route=route.name, step=number, due=now + step.after_seconds)
        for route in routes_of(change.alert, settings)
        if route.name not in running
        for number, step in enumerate(route.escalate)
    )


def due_step(promise: Escalation, change: AlertChange | None, settings: RoutingSettings) -> EscalationStep | None:
    """The step that a promise is about, None where it is no longer needed: nobody is called, or by another route."""
    if change is None or not calls(change):
        return None
    route = next((route for route in routes_of(change.alert, settings) if route.name == promise.route), None)
    return _step(route, promise.step)


def _step(route: Route | None, number: int) -> EscalationStep | None:
    if route is None or number >= len(route.escalate):
        return None
    return route.escalate[number]
