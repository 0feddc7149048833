"""What the files of rules share: how a reading is asked for and made."""

from __future__ import annotations

from collections.abc import Callable
from sys import float_info

from monitor.alerts.catalogue import RULES
from monitor.alerts.reading import Reading, Subject, Words
from monitor.domain.reports import PoolReport, PositionReport

Asks = Callable[[str, float | None, str], bool]  #: rule, number, word: whether its reading is wanted
Told = Callable[[float], Words]  #: what a reading says at a time


def wanted(asks: Asks, rule: str) -> bool:
    """Whether any number of a rule would be read: it has a threshold, or something of it stands.

    A rule that nobody wants costs one question an account, not one a position.
    """
    return asks(rule, float_info.max if RULES[rule].rising else 0.0, "")


def said(told: Words) -> Told:
    """Words that need no time."""
    return lambda _: told


def of_pool(rule: str, pool: PoolReport, value: float | None, told: Told, *detail: str, like: str = "") -> Reading:
    """A pool's number; it is believed as far as the pool is."""
    subject = Subject(rule, pool.key.owner, pool.key.pool, detail)
    return Reading(subject, value, "", pool.quality.figures_shown, told, like)


def of_position(rule: str, pool: PoolReport, position: PositionReport, value: float | None, told: Told) -> Reading:
    """A position's number."""
    return of_pool(rule, pool, value, told, position.symbol, position.side.value)
