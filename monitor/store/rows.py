"""How what is kept becomes rows: a column for what is asked for, and `body`, the whole of it as JSON."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog

from monitor.domain.alerts import AlertChange, AlertMemory, Silence
from monitor.domain.keeping import Audit, Escalation, Handle, OutboxEntry, Saved
from monitor.domain.memory import AccountFacts, VolatilityFact
from monitor.store.encoding import from_json, to_json
from monitor.store.pending import Pending

log = structlog.get_logger(__name__)

T = TypeVar("T")
Values = tuple[Any, ...]
RowId = tuple[str, int]  #: a table, and a row of it
Loaded = tuple[Saved, tuple[RowId, ...]]  #: what a file holds, and the rows that were not understood


@dataclass(frozen=True, slots=True)
class Row:
    """One statement that is still to be made: `values` encodes, and may fail where a value has no form."""

    sql: str
    values: Callable[[], Values]


_ADD_LINE = (
    "INSERT INTO audit (at, what, who, text, fingerprint, incident, number, rule, severity, body) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_KEEP_ALERT = "INSERT OR REPLACE INTO alerts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_KEEP_SILENCE = "INSERT OR REPLACE INTO silences VALUES (?, ?, ?, ?, ?, ?)"
_KEEP_FACTS = "INSERT OR REPLACE INTO facts VALUES (?, ?, ?, ?)"
_KEEP_VOLATILITY = "INSERT OR REPLACE INTO volatility VALUES (?, ?, ?, ?)"
_KEEP_ENTRY = "INSERT OR REPLACE INTO outbox VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_KEEP_HANDLE = "INSERT OR REPLACE INTO handles VALUES (?, ?, ?, ?)"
_KEEP_ESCALATION = "INSERT OR REPLACE INTO escalations VALUES (?, ?, ?, ?, ?, ?)"
_FORGET_ALERT = "DELETE FROM alerts WHERE fingerprint = ?"
_FORGET_SILENCE = "DELETE FROM silences WHERE id = ?"
_FORGET_FACTS = "DELETE FROM facts WHERE venue = ? AND account = ?"


def rows(pending: Pending, now: float) -> Iterator[Row]:
    """Everything that waits. `now` stamps what is later removed by its age."""
    for fingerprint, memory in pending.alerts.items():
        yield Row(_FORGET_ALERT, _as_is(fingerprint)) if memory is None else Row(_KEEP_ALERT, _of(_alert, memory))
    for id_, silence in pending.silences.items():
        yield Row(_FORGET_SILENCE, _as_is(id_)) if silence is None else Row(_KEEP_SILENCE, _of(_silence, silence))
    for account, facts in pending.facts.items():
        yield Row(_FORGET_FACTS, _as_is(*account)) if facts is None else Row(_KEEP_FACTS, _of(_facts, facts))
    for fact in pending.volatility.values():
        yield Row(_KEEP_VOLATILITY, _of(_volatility, fact))
    for entry in pending.entries.values():
        yield Row(_KEEP_ENTRY, _of(_entry, entry, now))
    for handle in pending.handles.values():
        yield Row(_KEEP_HANDLE, _of(_handle, handle, now))
    for escalation in pending.escalations.values():
        yield Row(_KEEP_ESCALATION, _of(_escalation, escalation, now))
    for line in pending.lines:
        yield Row(_ADD_LINE, _of(_change, line) if isinstance(line, AlertChange) else _of(_audit, line))


def _as_is(*values: str) -> Callable[[], Values]:
    return lambda: values


def _of(encode: Callable[..., Values], *arguments: Any) -> Callable[[], Values]:
    return lambda: encode(*arguments)


def _alert(memory: AlertMemory) -> Values:
    alert = memory.alert
    return (
        alert.fingerprint,
        alert.incident,
        memory.rule,
        memory.account.venue,
        memory.account.account,
        memory.pool,
        memory.severity,
        alert.state.value,
        memory.since,
        to_json(memory),
    )


def _silence(silence: Silence) -> Values:
    return (silence.id, silence.starts, silence.ends, silence.author, silence.comment, to_json(silence))


def _facts(facts: AccountFacts) -> Values:
    return (facts.account.venue, facts.account.account, facts.at, to_json(facts))


def _volatility(fact: VolatilityFact) -> Values:
    return (fact.venue, fact.symbol, fact.at, to_json(fact))


def _entry(entry: OutboxEntry, now: float) -> Values:
    message = entry.message
    return (
        entry.id,
        message.channel,
        message.thread,
        entry.state.value,
        entry.loudness,
        entry.created,
        now,
        entry.attempts,
        message.title,
        entry.reason,
        to_json(entry),
    )


def _handle(handle: Handle, now: float) -> Values:
    return (handle.channel, handle.thread, handle.handle, now)


def _escalation(one: Escalation, now: float) -> Values:
    return (one.incident, one.route, one.step, one.due, int(one.done), now)


def _change(change: AlertChange) -> Values:
    alert = change.alert
    return (
        change.at,
        change.change.value,
        alert.by,
        f"{alert.summary}: {change.reason}" if alert.summary and change.reason else alert.summary or change.reason,
        alert.fingerprint,
        alert.incident,
        change.number,
        alert.rule,
        alert.severity,
        to_json(change),
    )


def _audit(line: Audit) -> Values:
    return (line.at, line.what, line.who, line.text, None, None, None, None, None, None)


def load(connection: sqlite3.Connection) -> Loaded:
    """Everything that a start needs, in an order that depends on it alone; and the rows that could not be understood.

    Such a row is as good as none: an alert among them fires anew.
    """
    reading = _Reading(connection)
    saved = Saved(
        alerts=reading.all(AlertMemory, "alerts", "ORDER BY since, fingerprint"),
        silences=reading.all(Silence, "silences", "ORDER BY starts, id"),
        facts=reading.all(AccountFacts, "facts", "ORDER BY venue, account"),
        volatility=reading.all(VolatilityFact, "volatility", "ORDER BY venue, symbol"),
        entries=reading.all(OutboxEntry, "outbox", "WHERE state IN ('waiting', 'sending') ORDER BY created, id"),
        handles=tuple(
            Handle(channel=channel, thread=thread, handle=handle)
            for channel, thread, handle in connection.execute(
                "SELECT channel, thread, handle FROM handles ORDER BY channel, thread"
            )
        ),
        escalations=tuple(
            Escalation(incident=incident, route=route, step=step, due=due)
            for incident, route, step, due in connection.execute(
                "SELECT incident, route, step, due FROM escalations WHERE done = 0 ORDER BY due, incident, route, step"
            )
        ),
    )
    return saved, tuple(reading.unreadable)


def history(connection: sqlite3.Connection, fingerprint: str, limit: int) -> tuple[AlertChange, ...]:
    """The changes of an alert, newest first."""
    rest = "WHERE fingerprint = ? ORDER BY id DESC LIMIT ?"
    return _Reading(connection).all(AlertChange, "audit", rest, (fingerprint, limit))


def audit(connection: sqlite3.Connection, limit: int) -> tuple[Audit, ...]:
    """The last lines, newest first, changes of alerts among them."""
    sql = "SELECT at, what, who, text FROM audit ORDER BY id DESC LIMIT ?"
    found = connection.execute(sql, (limit,))
    return tuple(Audit(at=at, what=what, who=who, text=text) for at, what, who, text in found)


class _Reading:
    """Reads bodies and counts those that are none."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection, self.unreadable = connection, list[RowId]()

    def all(self, kind: type[T], table: str, rest: str, values: Values = ()) -> tuple[T, ...]:
        found: list[T] = []
        for row, body in self._connection.execute(f"SELECT rowid, body FROM {table} {rest}", values):
            try:
                found.append(from_json(body, kind))
            except (ValueError, TypeError) as error:
                self.unreadable.append((table, row))
                log.warning("a row of the store is not understood", table=table, row=row, error=str(error))
        return tuple(found)
