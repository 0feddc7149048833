"""Rows of an account, by key: how readings and pushes of them come together.

Pushes are hints and readings are truth, but each can be late. Per key the newest of row time and event time wins; a
reading asked for before a push never undoes it; what is missing from a complete reading is kept as a suspect until a
second one misses it too, or is gone at once where nobody would be startled by that.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

LONG_AGO = -math.inf


@dataclass(slots=True)
class Row(Generic[V]):
    """What is known of a key. `value` None: known to be gone.

    `time` is the venue's time of it, `pushed` our time of the last push (LONG_AGO without one), `seen` our time of the
    last reading or push that showed it.
    """

    value: V | None
    time: float
    pushed: float = LONG_AGO
    seen: float = LONG_AGO


@dataclass(slots=True)
class Reading(Generic[K]):
    """What a reading did to the rows."""

    appeared: list[K] = field(default_factory=list)
    vanished: list[K] = field(default_factory=list)
    suspected: list[K] = field(default_factory=list)  #: newly missing: to be confirmed
    contested: list[K] = field(default_factory=list)  #: newly contradicted by an older row: to be read again


class Rows(Generic[K, V]):
    """The rows of one kind. `same` tells whether two values say the same about what is held.

    `passing`: they come and go by the thousand, so that a reading is believed at once when it misses one, and what is
    gone is forgotten with the next whole reading.
    """

    def __init__(self, same: Callable[[V, V], bool], *, passing: bool = False) -> None:
        self._same = same
        self._passing = passing
        self._rows: dict[K, Row[V]] = {}
        self.suspects: dict[K, float] = {}  #: by key, when the reading that first missed it was asked for
        self.contested: dict[K, float] = {}  #: by key, when the reading that first contradicted it was asked for

    def __iter__(self) -> Iterator[tuple[K, V]]:
        return ((key, row.value) for key, row in self._rows.items() if row.value is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __contains__(self, key: K) -> bool:
        return self.get(key) is not None

    def get(self, key: K) -> V | None:
        """The value held, None if there is none."""
        row = self._rows.get(key)
        return None if row is None else row.value

    def seen(self, key: K) -> float:
        """When a reading or push last showed `key` (which must be held), by our clock."""
        return self._rows[key].seen

    def time(self, key: K) -> float:
        """The venue's time of what is known of `key` (which must be held)."""
        return self._rows[key].time

    def push(self, key: K, value: V | None, venue_time: float, received: float) -> bool:
        """Take a push, None for «gone»; False if it is older than what is known of its key."""
        row = self._rows.get(key)
        if row is not None and venue_time < row.time:
            return False
        self._rows[key] = Row(value, venue_time, received, received)
        self.suspects.pop(key, None)
        self.contested.pop(key, None)
        return True

    def read(
        self, rows: Mapping[K, tuple[V, float | None]], asked: float, asked_venue_time: float, complete: bool
    ) -> Reading[K]:
        """Take a reading: by key the value and the venue's time of its row (None: it gave none).

        `asked` is when it was asked for by our clock and `asked_venue_time` the same by the venue's (LONG_AGO if
        unknown): a row without a time is as new as that. A reading that is not `complete` closes nothing.
        """
        reading: Reading[K] = Reading()
        for key, (value, time) in rows.items():
            self.suspects.pop(key, None)
            if self._believed(key, value, time, asked, reading):
                known = self._rows.get(key)
                if known is None or known.value is None:
                    reading.appeared.append(key)
                self._take(key, value, time, asked, asked_venue_time)
        if complete:
            for key in [key for key, _ in self if key not in rows]:
                self._miss(key, asked, asked_venue_time, reading)
            for key in [key for key in self.contested if key not in rows and self.get(key) is None]:
                del self.contested[key]  # the push said «gone», and now the readings agree
            if self._passing:
                self._forget_gone(asked)
        return reading

    def _forget_gone(self, asked: float) -> None:
        """Forget what is gone and was not pushed since a reading was asked for: no later reading can bring it back."""
        self._rows = {key: row for key, row in self._rows.items() if row.value is not None or row.pushed >= asked}

    def drop(self, key: K, asked: float, asked_venue_time: float) -> None:
        """Believe at once that `key`, which must be held, is gone."""
        self._rows[key] = Row(None, max(asked_venue_time, self._rows[key].time), LONG_AGO, asked)
        self.suspects.pop(key, None)
        self.contested.pop(key, None)

    def stands(self, key: K, asked: float) -> bool:
        """Whether a push came after a reading was asked for, so that the reading cannot undo it."""
        row = self._rows.get(key)
        return row is not None and row.pushed >= asked

    def _believed(self, key: K, value: V, time: float | None, asked: float, reading: Reading[K]) -> bool:
        known = self._rows.get(key)
        if known is None or (known.value is not None and self._same(known.value, value)):
            return True
        if time is not None and time >= known.time:
            return True
        if known.pushed >= asked:
            return False
        if time is None:
            return True
        first = self.contested.setdefault(key, asked)
        if asked > first:
            return True  # two readings, both asked for after the push, agree against it
        reading.contested.append(key)
        return False

    def _take(self, key: K, value: V, time: float | None, asked: float, asked_venue_time: float) -> None:
        known = self._rows.get(key, Row(None, LONG_AGO))
        agrees = known.value is not None and self._same(known.value, value)
        if time is None:
            time = max(asked_venue_time, known.time)
        elif agrees:
            time = max(time, known.time)
        self._rows[key] = Row(value, time, known.pushed, max(asked, known.seen))
        self.contested.pop(key, None)

    def _miss(self, key: K, asked: float, asked_venue_time: float, reading: Reading[K]) -> None:
        if self.stands(key, asked):
            return
        if self._passing:
            self.drop(key, asked, asked_venue_time)
            reading.vanished.append(key)
            return
        first = self.suspects.setdefault(key, asked)
        if asked > first:
            self.drop(key, asked, asked_venue_time)
            reading.vanished.append(key)
        else:
            reading.suspected.append(key)
