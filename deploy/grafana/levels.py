"""Thresholds of panels: those of the alert rules, from the catalogue, so that a colour means what an alert says."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from grafana_foundation_sdk.builders.dashboard import ThresholdsConfig
from grafana_foundation_sdk.models.dashboard import DynamicConfigValue, Threshold, ThresholdsMode

from deploy.grafana.colours import CLEAR, FINE, NEUTRAL, OF_SEVERITY
from monitor.alerts.catalogue import RULES, default_rules
from monitor.domain.alerts import Severity

Levels = Sequence[Threshold]

_ORDER = (Severity.INFO, Severity.WARNING, Severity.CRITICAL)
_DEFAULTS = default_rules()

#: For what has no good and no bad: an amount, a rate.
PLAIN: Levels = (Threshold(None, NEUTRAL),)


def warning_of(rule: str) -> float:
    """The number at which a rule begins to warn, by default."""
    return _DEFAULTS[rule].thresholds[Severity.WARNING]


def of_rule(rule: str) -> Levels:
    """The default thresholds of a rule on a number, as steps of colour, the lowest first.

    A rule that has none unless the user gives some yields PLAIN. A rule that does not exist is a KeyError: the
    dashboard's code is wrong.
    """
    thresholds = _DEFAULTS[rule].thresholds
    steps = [(thresholds[level], OF_SEVERITY[level]) for level in _ORDER if level in thresholds]
    if not steps:
        return PLAIN
    if RULES[rule].rising:
        return (Threshold(None, FINE), *(Threshold(value, colour) for value, colour in steps))
    # Less is worse: a colour holds up to its threshold, and the step after it begins there.
    colours = [colour for _, colour in reversed(steps)] + [FINE]
    values = [None, *(value for value, _ in reversed(steps))]
    return tuple(Threshold(value, colour) for value, colour in zip(values, colours, strict=True))


def both_ways(rule: str) -> Levels:
    """The same around 0: for a distance that is drawn downwards as a negative number, or a size drawn with its sign."""
    upward = of_rule(rule)
    downward = [
        Threshold(-step.value if step.value is not None else None, before.color) for before, step in pairwise(upward)
    ]
    return (Threshold(None, upward[-1].color), *reversed(downward), *upward[1:])


def any_is(colour: str) -> Levels:
    """For a count of which even one matters."""
    return (Threshold(None, FINE), Threshold(1.0, colour))


def none_is(colour: str) -> Levels:
    """For what is 1 while all is well, and 0 otherwise."""
    return (Threshold(None, colour), Threshold(1.0, FINE))


def areas(levels: Levels) -> Levels:
    """The same as areas behind a graph: fine is not painted, and a limit has the colour of what it begins."""
    return tuple(Threshold(step.value, CLEAR if step.color == FINE else step.color) for step in levels)


def override(levels: Levels) -> list[DynamicConfigValue]:
    """The same as what one series of a panel has beside the others."""
    steps = ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(list(levels)).build()
    return [DynamicConfigValue("thresholds", steps)]
