"""What a rule is, and what the user may decide about one.

A rule speaks of a number (a ratio, a distance), of a state in one word, or of events. Numbers have a threshold a
level, states and events a level a word. Everything else means the same for all rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from monitor.domain.alerts import Level, Severity

REPEAT_SECONDS: Mapping[Level, float] = {Severity.WARNING: 6 * 3600.0, Severity.CRITICAL: 3600.0}


class Kind(StrEnum):
    """What a rule reads."""

    NUMBER = "number"
    STATE = "state"
    EVENT = "event"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What is fixed about a rule. `details` name the labels beyond venue, account and pool, in order.

    `rising`: the greater its number the worse. `end` is the number at which no room is left (1 for a margin ratio, 0
    for a distance), None where there is no such end; there a number that grew by 1 / worsening_factor is worse. `most`
    is the greatest threshold that makes sense: whoever writes 60 for 60 % would never be warned. `words` are those that
    a rule without a number can read; empty: only its own name. A rule on speed looks back over a window:
    `window_seconds` unless the user says another, not shorter than `least_window_seconds`.
    """

    kind: Kind
    about: str
    details: tuple[str, ...] = ()
    rising: bool = True
    end: float | None = None
    most: float | None = None
    words: tuple[str, ...] = ()
    window_seconds: float | None = None
    least_window_seconds: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSettings:
    """What the user decides about one rule.

    `thresholds` of numbers; `severities` of states and events, by word ("" for any other word; a word without a
    severity is no alert). A number has recovered when it is back past its threshold by `hysteresis_ratio` of the
    threshold. A condition must hold `for_seconds` before it fires (not if the pool is liquidatable already), and be
    gone for `keep_firing_seconds` before it is resolved; an event stands that long. A firing alert is told again when
    its room shrank to `worsening_factor` of what was told last (0: never), and after `repeat_seconds` (absent: never).
    `window_seconds` is for rules on speed only; None: that of the rule.
    """

    enabled: bool = True
    thresholds: Mapping[Level, float] = field(default_factory=dict)
    severities: Mapping[str, Level] = field(default_factory=dict)
    hysteresis_ratio: float = 0.1
    for_seconds: float = 0.0
    keep_firing_seconds: float = 300.0
    worsening_factor: float = 0.5
    repeat_seconds: Mapping[Level, float] = field(default_factory=lambda: dict(REPEAT_SECONDS))
    window_seconds: float | None = None
