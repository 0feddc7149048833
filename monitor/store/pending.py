"""What waits to be written. Of what has a state the newest wins; of the audit every line counts, up to a bound.

The bounds matter only while the disk takes nothing. What finds no room is counted, never dropped silently.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from monitor.domain.alerts import AlertChange, AlertMemory, Silence
from monitor.domain.keeping import Audit, Commit, Escalation, Handle, OutboxEntry, OutboxState
from monitor.domain.memory import AccountFacts, VolatilityFact
from monitor.domain.names import AccountKey, Symbol, Venue

FINISHED = (OutboxState.SENT, OutboxState.DROPPED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How much may wait: lines of the audit, and entries, handles and escalations each. Alerts, silences, facts and
    volatility are as many as there are alerts, silences, accounts and instruments.
    """

    lines: int = 10_000
    entries: int = 10_000


@dataclass(slots=True)
class Pending:
    """Commits melted into one. None among the values: it is to be forgotten."""

    bounds: Bounds = Bounds()
    alerts: dict[str, AlertMemory | None] = field(default_factory=dict)
    silences: dict[str, Silence | None] = field(default_factory=dict)
    facts: dict[AccountKey, AccountFacts | None] = field(default_factory=dict)
    volatility: dict[tuple[Venue, Symbol], VolatilityFact] = field(default_factory=dict)
    entries: dict[str, OutboxEntry] = field(default_factory=dict)
    handles: dict[tuple[str, str], Handle] = field(default_factory=dict)
    escalations: dict[tuple[str, str, int], Escalation] = field(default_factory=dict)
    lines: deque[AlertChange | Audit] = field(default_factory=deque)
    commits: int = 0
    oldest: float | None = None  #: when the oldest of them came, by the steady clock

    def __bool__(self) -> bool:
        return self.commits > 0

    def __len__(self) -> int:
        return sum(len(kept) for kept in self._states()) + len(self.lines)

    def add(self, commit: Commit, at: float) -> int:
        """Take a commit; returns how many things found no room."""
        self.alerts |= dict.fromkeys(commit.memory.forget)
        self.alerts |= {memory.alert.fingerprint: memory for memory in commit.memory.keep}
        self.silences |= dict.fromkeys(commit.memory.ended_silences)
        self.silences |= {silence.id: silence for silence in commit.memory.silences}
        self.facts |= dict.fromkeys(commit.forgotten)
        self.facts |= {fact.account: fact for fact in commit.facts}
        self.volatility |= {(fact.venue, fact.symbol): fact for fact in commit.volatility}
        self.entries |= {entry.id: entry for entry in commit.entries}
        self.handles |= {(handle.channel, handle.thread): handle for handle in commit.handles}
        self.escalations |= {(one.incident, one.route, one.step): one for one in commit.escalations}
        self.lines.extend(commit.changes)
        self.lines.extend(commit.audit)
        self.commits += 1
        if self.oldest is None:
            self.oldest = at
        return self._trim()

    def after(self, older: Pending) -> int:
        """Put what could not be written before what came since; returns how many things found no room."""
        for own, first in zip(self._states(), older._states(), strict=True):
            newer = dict(own)
            own.clear()
            own |= first
            own |= newer
        self.lines.extendleft(reversed(older.lines))
        self.commits += older.commits
        self.oldest = older.oldest if older.oldest is not None else self.oldest
        return self._trim()

    def settle(self, written: Pending) -> None:
        """Take over what was written, as a picture of the file: what is forgotten or done with is not in it."""
        for own, newer in zip(self._states(), written._states(), strict=True):
            for key, kept in newer.items():
                own.pop(key, None)
                if not _is_done(kept):
                    own[key] = kept
        self._trim()

    def _states(self) -> Iterator[dict[Any, Any]]:
        yield self.alerts
        yield self.silences
        yield self.facts
        yield self.volatility
        yield self.entries
        yield self.handles
        yield self.escalations

    def _trim(self) -> int:
        lost = 0
        while len(self.lines) > self.bounds.lines:
            self.lines.popleft()
            lost += 1
        if len(self.entries) > self.bounds.entries:  # what is done with goes before what still has to be sent
            done = [key for key, entry in self.entries.items() if entry.state in FINISHED]
            lost += _drop(self.entries, done, self.bounds.entries)
            lost += _drop(self.entries, list(self.entries), self.bounds.entries)
        if len(self.escalations) > self.bounds.entries:
            done_steps = [key for key, one in self.escalations.items() if one.done]
            lost += _drop(self.escalations, done_steps, self.bounds.entries)
            lost += _drop(self.escalations, list(self.escalations), self.bounds.entries)
        if len(self.handles) > self.bounds.entries:
            lost += _drop(self.handles, list(self.handles), self.bounds.entries)
        return lost


def _is_done(kept: object) -> bool:
    if isinstance(kept, OutboxEntry):
        return kept.state in FINISHED
    return kept is None or (isinstance(kept, Escalation) and kept.done)


def _drop(kept: dict[Any, Any], candidates: list[Any], bound: int) -> int:
    """Remove the oldest candidates until no more than the bound is left; returns how many."""
    surplus = candidates[: max(0, len(kept) - bound)]
    for key in surplus:
        del kept[key]
    return len(surplus)
