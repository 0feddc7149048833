"""Alerts as a person remembers them: from when to when each of them fired, here and in the record, side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from monitor.domain.alerts import Alert, AlertChange, AlertState, Change, Level, Severity

BUILT_IN: tuple[Level, ...] = tuple(Severity)
#: The changes by which people are told something of the danger, if nothing keeps the alert quiet.
TOLD = frozenset(
    {
        Change.FIRED, Change.WORSENED, Change.ESCALATED, Change.REPEATED, Change.EASED, Change.RESOLVED,
        Change.UNSILENCED, Change.UNINHIBITED,
    }
)  # fmt: skip
QUIET = frozenset({AlertState.SILENCED, AlertState.INHIBITED})
SAME_WITHIN_SECONDS = 300.0  #: two that do not overlap are the same alert if one begins so soon after the other ended

Identity = tuple[str, tuple[tuple[str, str], ...]]


@dataclass(slots=True)
class Episode:
    """One alert from its firing to its end. `ended` None: it still fires where the replay ends.

    `before`: it fired already where the replay begins, so that `fired` is when it was first heard of. `severity` is the
    loudest that it reached, `told` how often somebody was told: what was silenced or inhibited nobody was.
    """

    alert: Alert
    severity: Level
    fired: float
    ended: float | None = None
    before: bool = False
    told: int = 0

    @property
    def identity(self) -> Identity:
        """Rule and labels."""
        return self.alert.identity

    def seconds(self, until: float) -> float:
        """How long it fired, to `until` where it still does."""
        return (until if self.ended is None else self.ended) - self.fired

    def touches(self, other: Episode) -> bool:
        """Whether two episodes of one alert may be the same one, told on two sides."""
        first, second = (self, other) if self.fired <= other.fired else (other, self)
        return first.ended is None or second.fired <= first.ended + SAME_WITHIN_SECONDS


@dataclass(slots=True)
class Episodes:
    """The alerts of one side, built from its changes in their order. `order` are all levels, the quietest first."""

    order: tuple[Level, ...] = BUILT_IN
    all: list[Episode] = field(default_factory=list)
    _open: dict[Identity, Episode] = field(default_factory=dict)

    def take(self, changes: Iterable[AlertChange]) -> None:
        """Follow what was told."""
        for change in changes:
            alert = change.alert
            episode = self._open.get(alert.identity)
            if episode is None:
                before = change.change is not Change.FIRED
                episode = Episode(alert, alert.severity, change.at, before=before)
                self.all.append(episode)
                self._open[alert.identity] = episode
            else:
                episode.severity = max(episode.severity, alert.severity, key=self._loudness)
            episode.told += change.change in TOLD and alert.state not in QUIET
            if change.change is Change.RESOLVED:
                episode.ended = change.at
                del self._open[alert.identity]

    def _loudness(self, level: Level) -> int:
        """Where a level stands; a journal may name one that these rules do not have."""
        return self.order.index(level) if level in self.order else -1

    @property
    def firing(self) -> tuple[Episode, ...]:
        """What fires now, oldest first."""
        return tuple(self._open.values())

    def began_before(self, alert: Alert) -> bool:
        """Whether this alert, as told last, fired already where the replay begins."""
        return any(episode.before for episode in self.all if episode.identity == alert.identity)

    def restart(self, order: tuple[Level, ...] = ()) -> None:
        """Another engine begins: what fires stays where it was heard of last, and is not ended by silence."""
        self._open.clear()
        self.order = order or self.order


@dataclass(frozen=True, slots=True)
class Pairing:
    """One alert on both sides, or on one; never on none."""

    ours: Episode | None
    recorded: Episode | None

    @property
    def alike(self) -> bool:
        """Whether both sides fired at one time, for as long, as loud and as often."""
        if self.ours is None or self.recorded is None:
            return False
        one, other = (
            (each.fired, each.ended, each.severity, each.told, each.before) for each in (self.ours, self.recorded)
        )
        return one == other

    @property
    def fired(self) -> float:
        """When it was first heard of on either side."""
        return min(episode.fired for episode in (self.ours, self.recorded) if episode is not None)


def paired(ours: Sequence[Episode], recorded: Sequence[Episode]) -> tuple[Pairing, ...]:
    """Each alert with its counterpart: the first of the same rule and labels that overlaps it, or nearly so."""
    waiting: dict[Identity, list[Episode]] = {}
    for episode in recorded:
        waiting.setdefault(episode.identity, []).append(episode)
    found = [Pairing(episode, _counterpart(episode, waiting)) for episode in ours]
    found += [Pairing(None, episode) for left in waiting.values() for episode in left]
    return tuple(sorted(found, key=lambda pair: pair.fired))


def _counterpart(episode: Episode, waiting: Mapping[Identity, list[Episode]]) -> Episode | None:
    for index, other in enumerate(waiting.get(episode.identity, ())):
        if episode.touches(other):
            return waiting[episode.identity].pop(index)
    return None
