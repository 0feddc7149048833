"""Silences: what people do not want to hear, until when. Each ends by itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from monitor.domain.alerts import Silence
from monitor.domain.silences import LONGEST_SILENCE_SECONDS, matches, mistakes

MOST_SILENCES = 500  #: at one time


class Silences:
    """The silences that hold now or later. `kept` and `ended` say what is another since `settle`."""

    def __init__(self) -> None:
        self._all: dict[str, Silence] = {}
        self._listed: tuple[Silence, ...] | None = ()
        self.kept: dict[str, Silence] = {}
        self.ended: dict[str, str] = {}  #: by whom, "" where its time was over

    @property
    def listed(self) -> tuple[Silence, ...]:
        """All of them, the first to end first; the same tuple while none is another."""
        if self._listed is None:
            self._listed = tuple(sorted(self._all.values(), key=lambda silence: (silence.ends, silence.id)))
        return self._listed

    def refusal(self, silence: Silence, now: float) -> str:
        """Why a silence is not taken, "" if it is."""
        wrong = next(mistakes(silence.matchers), None)
        if wrong is not None:
            return f"silence {silence.id} is refused: {wrong}"
        if not now < silence.ends <= now + LONGEST_SILENCE_SECONDS or not silence.starts < silence.ends:
            return f"silence {silence.id} is refused: it must begin before it ends, in the future, within 90 days"
        if silence.id not in self._all and len(self._all) >= MOST_SILENCES:
            return f"silence {silence.id} is refused: there are {MOST_SILENCES} already; end some of them"
        return ""

    def take(self, silence: Silence, *, restored: bool = False) -> None:
        """One more, or another one of the same id."""
        self._all[silence.id] = silence
        self._listed = None
        self.ended.pop(silence.id, None)
        if not restored:
            self.kept[silence.id] = silence

    def end(self, id_: str, by: str) -> bool:
        """One ends; whether there was one."""
        if self._all.pop(id_, None) is None:
            return False
        self._listed = None
        self.kept.pop(id_, None)
        self.ended[id_] = by
        return True

    def expire(self, now: float) -> None:
        """End those whose time is over."""
        for silence in self.listed:
            if silence.ends > now:
                return
            self.end(silence.id, "")

    def matching(self, labels: Mapping[str, str]) -> tuple[Silence, ...]:
        """Those that match an alert with these labels, now or later: that which lasts longest first."""
        return tuple(silence for silence in reversed(self.listed) if matches(silence.matchers, labels))

    def next_at(self, now: float) -> Iterable[float]:
        """When time alone begins or ends one."""
        for silence in self.listed:
            yield silence.starts if silence.starts > now else silence.ends

    def settle(self) -> tuple[tuple[Silence, ...], tuple[str, ...]]:
        """What is to be kept and to be forgotten since the last time."""
        changed = (tuple(self.kept.values()), tuple(self.ended))
        self.kept, self.ended = {}, {}
        return changed
