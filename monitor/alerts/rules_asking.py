"""What the files of rules share: how a reading is asked for, and words that need no time."""

from __future__ import annotations

from collections.abc import Callable
from math import inf

from monitor.alerts.catalogue import RULES
from monitor.alerts.reading import Words

Asks = Callable[[str, float | None, str], bool]  #: rule, number, word: whether its reading is wanted


def wanted(asks: Asks, rule: str) -> bool:
    """Whether any number of a rule would be read: it has a threshold, or something of it stands.

    A rule that nobody wants costs one question an account, not one a position.
    """
    return asks(rule, inf if RULES[rule].rising else -inf, "")


def said(told: Words) -> Callable[[float], Words]:
    """Words that need no time."""
    return lambda _: told
