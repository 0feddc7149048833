"""When the log is carried over into the file, and when what is too old is looked for."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from pathlib import Path

from monitor.domain.clock import Clock
from monitor.store import retention
from monitor.store.settings import StoreSettings

LONG_LOG_BYTES = 4 * 1024 * 1024  #: of the log, above which it is carried over soon
SOON_SECONDS, LATEST_SECONDS = 1.0, 5.0  #: between two times that it is, while commits keep coming
TRIM_SECONDS = 60.0  #: between two looks at what is too old, while commits keep coming


class Upkeep:
    """Keeps a file in order between commits: at once where nobody waits, else when it is due."""

    def __init__(self, path: Path, settings: StoreSettings, clock: Clock) -> None:
        self._log, self._settings, self._clock = path.with_name(path.name + "-wal"), settings, clock
        self._carried_over = self._trimmed = clock.monotonic()
        self._more = False

    def work(self, connection: sqlite3.Connection, idle: bool) -> bool:
        """Do what is due; whether there is more to remove."""
        now = self._clock.monotonic()
        if idle or self._more or now - self._trimmed >= TRIM_SECONDS:
            self._trimmed = now
            self._more = retention.trim(connection, self._settings, self._clock.now())
        if idle or self._is_due(now - self._carried_over):
            self._carried_over = now
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        return self._more

    def _is_due(self, since_seconds: float) -> bool:
        if since_seconds < SOON_SECONDS:
            return False
        with suppress(OSError):
            if self._log.stat().st_size > LONG_LOG_BYTES:
                return True
        return since_seconds >= LATEST_SECONDS
