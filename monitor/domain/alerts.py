"""What an alert is. Decisions about alerts are in `monitor.alerts`, delivery in `monitor.outputs`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from monitor.domain.names import AccountKey

Level = str  #: the name of a level: one of `Severity`, or the user's own


class Severity(StrEnum):
    """The levels that everybody has. The order is that of danger; a user's own levels lie between or beyond them."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class Change(StrEnum):
    """A transition in the life of an alert, in one word; it goes to the log, the audit, the metrics and the message."""

    FIRED = "fired"
    WORSENED = "worsened"
    ESCALATED = "escalated"
    REPEATED = "repeated"
    EASED = "eased"
    RESOLVED = "resolved"
    ACKNOWLEDGED = "acknowledged"
    UNACKNOWLEDGED = "unacknowledged"  #: withdrawn by hand; what grew worse says so itself
    SILENCED = "silenced"
    UNSILENCED = "unsilenced"
    INHIBITED = "inhibited"
    UNINHIBITED = "uninhibited"


#: The changes that a person is told of by a message of its own; of the others messages that stand are edited.
LOUD = frozenset(
    {Change.FIRED, Change.WORSENED, Change.ESCALATED, Change.REPEATED, Change.UNSILENCED, Change.UNINHIBITED}
)


class AlertState(StrEnum):
    """What holds of a firing alert. SILENCED wins over INHIBITED, and that over ACKNOWLEDGED: the first keeps quiet."""

    FIRING = "firing"
    ACKNOWLEDGED = "acknowledged"
    SILENCED = "silenced"
    INHIBITED = "inhibited"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One firing rule on one subject. `labels` are its identity and hold no changing number.

    `text` says what, how near, what it would take, what to do, how sure; `value` is the number that fired it (a ratio,
    a distance) and `threshold` the level that it passed, None where the rule has no number; `worst` is the worst
    number of this incident. `fingerprint` is that of the identity (see `monitor.domain.fingerprints`), `incident` tells
    this incident from earlier ones of the same identity. `by` and `note` say who acknowledged it and why, or which
    silence ("silence ID") or which alert (its fingerprint) keeps it quiet.
    """

    rule: str
    severity: Level
    labels: Mapping[str, str] = field(default_factory=dict)
    since: float = 0.0
    value: float | None = None
    threshold: float | None = None
    summary: str = ""
    text: str = ""
    worst: float | None = None
    state: AlertState = AlertState.FIRING
    fingerprint: str = ""
    incident: str = ""
    by: str = ""
    note: str = ""

    @property
    def identity(self) -> tuple[str, tuple[tuple[str, str], ...]]:
        """Rule and labels, without the severity: an escalation is the same alert."""
        return (self.rule, tuple(sorted(self.labels.items())))


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertChange:
    """A decision to tell somebody, with its reason in words. `number` counts the changes of the incident from 1."""

    change: Change
    alert: Alert
    at: float
    previous: Level | None = None
    reason: str = ""
    number: int = 0

    @property
    def key(self) -> str:
        """The same for ever for this change of this incident: what a channel may use to tell a repetition."""
        return f"{self.alert.incident}-{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Matcher:
    """One condition on a label: equal to `value` or, where `regex`, matched whole by it; `negative` turns it round.

    A label that is missing counts as "". The names are those of the labels, besides `rule`, `severity` and `group`.
    """

    name: str
    value: str
    regex: bool = False
    negative: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """Who wants to hear nothing of what all `matchers` match, until when, and why. Times in seconds since 1970."""

    id: str
    matchers: tuple[Matcher, ...]
    starts: float
    ends: float
    author: str
    comment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """Who took care of an incident, through which way ("cli", "web", "mqtt", "telegram"), when, and what they said."""

    author: str
    via: str
    at: float
    comment: str = ""


@dataclass(frozen=True, slots=True)
class LevelMemory:
    """One level of an incident: since when its condition is met, whether it fires, since when it is clear."""

    since: float
    firing: bool = False
    clear_since: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertMemory:
    """What survives a restart of one alert that fires: enough to go on as if there had been none.

    The fields between `levels` and `worst_room` are those of `monitor.alerts.lifecycle.Incident`.
    """

    rule: str
    account: AccountKey
    pool: str
    detail: tuple[str, ...]
    levels: Mapping[Level, LevelMemory]
    severity: Level | None
    since: float
    told_at: float
    told_room: float | None
    worst_room: float | None
    number: int
    alert: Alert
    acknowledgement: Acknowledgement | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryChange:
    """What of the alerts' memory is another after a step: to be kept, and to be forgotten (fingerprints, ids)."""

    keep: tuple[AlertMemory, ...] = ()
    forget: tuple[str, ...] = ()
    silences: tuple[Silence, ...] = ()
    ended_silences: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything is."""
        return bool(self.keep or self.forget or self.silences or self.ended_silences)
