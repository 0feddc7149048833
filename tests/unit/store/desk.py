"""Words of the domain for tests of the store, and a store on a real file."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import settings

from monitor.domain.alerts import Alert, AlertChange, AlertMemory, Change, LevelMemory, MemoryChange, Severity
from monitor.domain.delivery import Message
from monitor.domain.fingerprints import identity, incident
from monitor.domain.keeping import Audit, Commit, OutboxEntry, Saved
from monitor.domain.names import AccountKey
from monitor.store.settings import StoreSettings
from monitor.store.store import Store
from tests.unit.app.clocks import FakeClock

#: For properties of whole commits, which are dear to make.
FEW = settings(max_examples=max(20, settings.default.max_examples // 3) if settings.default else 20)

MAIN = AccountKey("binance", "main")
SINCE = 1_700_000_000.0


def alert(name: str = "BTCUSDT", since: float = SINCE, **fields: Any) -> Alert:
    labels = {"venue": MAIN.venue, "account": MAIN.account, "symbol": name}
    fingerprint = identity("position_line", labels)
    return replace(
        Alert(
            rule="position_line",
            severity=Severity.WARNING,
            labels=labels,
            since=since,
            value=0.07,
            threshold=0.1,
            summary=f"main {name}: 7 % to liquidation",
            fingerprint=fingerprint,
            incident=incident(fingerprint, since),
        ),
        **fields,
    )


def memory(one: Alert, **fields: Any) -> AlertMemory:
    kept = AlertMemory(
        rule=one.rule,
        account=MAIN,
        pool="cross:USDT",
        detail=(one.labels["symbol"],),
        levels={Severity.WARNING: LevelMemory(one.since, firing=True)},
        severity=one.severity,
        since=one.since,
        told_at=one.since,
        told_room=0.07,
        worst_room=0.07,
        number=1,
        alert=one,
    )
    return replace(kept, **fields)


def fired(one: Alert, number: int = 1) -> AlertChange:
    return AlertChange(change=Change.FIRED, alert=one, at=one.since, reason="0.07 < 0.1", number=number)


def entry(one: Alert, channel: str = "telegram", **fields: Any) -> OutboxEntry:
    change = fired(one)
    message = Message(
        key=change.key, thread=one.incident, channel=channel, changes=(change,), title=one.summary, text="Add 300 USD."
    )
    return replace(OutboxEntry(id=f"{change.key}/{channel}", message=message, loudness=2, created=one.since), **fields)


def page(name: str = "BTCUSDT") -> Commit:
    """What one alert that fires writes: its memory, its line in the audit, its message."""
    one = alert(name)
    return Commit(changes=(fired(one),), memory=MemoryChange(keep=(memory(one),)), entries=(entry(one),), audit=())


def note(text: str) -> Commit:
    return Commit(audit=(Audit(at=SINCE, what="note", who="tests", text=text),))


@asynccontextmanager
async def kept(path: Path, options: StoreSettings | None = None, **parts: Any) -> AsyncIterator[tuple[Store, Saved]]:
    """A store at work, and what it knew at the start."""
    with working(path, options, **parts) as (store, saved):
        yield store, saved


@contextmanager
def working(path: Path, options: StoreSettings | None = None, **parts: Any) -> Iterator[tuple[Store, Saved]]:
    store = Store(path, FakeClock(), options, **parts)
    saved = store.open()
    try:
        yield store, saved
    finally:
        store.close(10.0)


def reopened(path: Path) -> Saved:
    with working(path) as (_, saved):
        return saved
