"""The SQLite file of a store: opened, migrated, written and trimmed; damaged or gone, begun anew.

Everything here blocks and belongs to one thread at a time. Raises `StoreFailed`.
"""

from __future__ import annotations

import json
import re
import sqlite3
import time
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from urllib.parse import quote

import structlog

from monitor.domain.alerts import MemoryChange
from monitor.domain.clock import Clock
from monitor.domain.keeping import Audit, Commit, OutboxState, Saved, StoreFailed
from monitor.store import opening, rows
from monitor.store.failures import StoreRefused, failed, is_damage
from monitor.store.opening import Connect, Damaged
from monitor.store.pending import Pending
from monitor.store.place import Place
from monitor.store.schema import STEPS, Step
from monitor.store.settings import StoreSettings
from monitor.store.upkeep import Upkeep

log = structlog.get_logger(__name__)

BREATH_SECONDS, BREATH_ROWS = 0.0002, 50  #: that the loop is given, and after so many rows
WHO = "marginwatch"

MASKED_CHARACTERS = 8  #: of a secret at least
#: What stands in the file anyway: names, words, numbers. To mask a password that is one would spoil what is kept.
_ORDINARY = re.compile(r"[A-Za-z_]{1,19}|[0-9.e+-]+")

#: What a value can be wrong with that the statement refuses; the rest of the transaction is not touched by it.
_REFUSED = (
    TypeError,
    ValueError,
    OverflowError,
    sqlite3.IntegrityError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
    sqlite3.DataError,
)


class Database:
    """One file. `secrets` are masked in every text that is written, but for ordinary words and numbers. `connect` and
    `steps` are replaced where a test breaks or extends them.

    `told` says what is known of the file and stays true as long as the program runs ("" nothing): that it was damaged.
    """

    def __init__(
        self,
        path: Path,
        settings: StoreSettings,
        clock: Clock,
        secrets: Collection[str] = (),
        *,
        steps: Sequence[Step] = STEPS,
        connect: Connect = sqlite3.connect,
    ) -> None:
        self.path, self._settings, self._clock = path, settings, clock
        self._steps, self._open_file = steps, connect
        self._place, self._upkeep = Place(path), Upkeep(path, settings, clock)
        telling = [secret for secret in secrets if _is_telling(secret)]
        spelt = {text for secret in telling for text in (secret, json.dumps(secret)[1:-1], quote(secret, ""))}
        self._masks = sorted(spelt, key=len, reverse=True)
        self._connection: sqlite3.Connection | None = None
        self._standing = Pending(bounds=settings.bounds)  #: what the file holds of what has a state
        self._is_ours = False  #: the file that is open holds what stands
        self._unreadable: tuple[rows.RowId, ...] = ()  #: what was found in it and not understood
        self._untold: list[Audit] = []  #: lines for the audit about the file itself
        self.told = ""
        self.lost_total = 0  #: values that could not be written whatever the disk says, rows and files that are none

    def start(self) -> Saved:
        """Open the file and read what it holds. Raises `StoreRefused`, and `StoreFailed` where nothing can be read.

        Where it can be read and not written, what it holds is returned and the first write says what ails it.
        """
        try:
            with self._guard():
                saved = self._connect()
            self._is_ours = not self._unreadable
        except StoreRefused:
            raise
        except StoreFailed:
            self._disconnect()
            found = opening.unwritable(self.path, self._open_file)
            if found is None:
                raise
            saved = self._noted(found)
        self._standing.add(_whole(saved), 0.0)
        return saved

    def write(self, pending: Pending, lines: Sequence[Audit] = ()) -> int:
        """Write all of it in one transaction, and these lines into the audit; returns how many values could not be
        written for their own sake.
        """
        with self._guard():
            if self._connection is not None and not self._place.is_same():
                self._disconnect()
                self._is_ours = False  # said here: the new one may get the very inode of the old one
                self.lost_total += 1
                self._tell("gone", f"{self.path} was removed or replaced while the monitor ran: begun anew")
            if self._connection is None:
                self._connect()
            assert self._connection is not None
            if not self._is_ours:
                self._put_down_what_stands(self._connection)
            refused = self._transaction(self._connection, pending, lines)
        self._standing.settle(pending)
        self._untold.clear()
        if refused:
            self.lost_total += refused
            text = f"{refused} values have no form in which they could be stored, see the log"
            self._untold.append(Audit(at=self._clock.now(), what="refused", who=WHO, text=text))
        return refused

    def look_after(self, idle: bool) -> bool:
        """Carry the write-ahead log over into the file, and remove what is too old; whether there is more to do."""
        connection = self._connection
        if connection is None:
            return False
        with self._guard():
            return self._upkeep.work(connection, idle)

    def close(self) -> None:
        """Let go of the file: all of it is in one piece then."""
        self._disconnect()
        self._place.release()

    def read(self) -> sqlite3.Connection:
        """A connection of its own that only reads; the caller closes it."""
        return opening.reader(self.path, self._open_file)

    # -- opening

    def _connect(self) -> Saved:
        """Open, migrate, read; a damaged file is moved aside and a new one begun."""
        self._place.acquire()
        try:
            saved = self._sound()
        except (sqlite3.Error, Damaged) as error:
            if not (isinstance(error, Damaged) or is_damage(error)):
                raise
            self._disconnect()
            kept = self._place.move_aside(self._clock.now())
            self._is_ours = False
            self.lost_total += 1
            self._tell("damaged", f"the database was damaged ({error}): it is kept as {kept}, a new one is begun")
            self._place.acquire()
            saved = self._sound()
        self._is_ours = self._is_ours and self._place.is_same()
        self._place.note()
        return saved

    def _sound(self) -> Saved:
        self._connection, loaded = opening.sound(
            self.path, self._open_file, sync_each=self._settings.sync_each, now=self._clock.now(), steps=self._steps
        )
        return self._noted(loaded)

    def _noted(self, loaded: rows.Loaded) -> Saved:
        saved, self._unreadable = loaded
        if self._unreadable:
            count = len(self._unreadable)
            self.lost_total += count
            self._is_ours = False
            self._tell("unreadable", f"{count} rows of {self.path} are not understood and count as not there")
        return saved

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()

    # -- writing

    def _put_down_what_stands(self, connection: sqlite3.Connection) -> None:
        """Make a file that holds something else say what this run knows.

        An alert that stands there and is unknown here would be taken for one that was told, and keep quiet.
        """
        now = self._clock.now()
        with _atomic(connection):
            for table, rowid in self._unreadable:
                connection.execute(f"DELETE FROM {table} WHERE rowid = ?", (rowid,))
            connection.execute("DELETE FROM alerts")
            connection.execute("UPDATE escalations SET done = 1, written = ? WHERE done = 0", (now,))
            connection.execute(
                "UPDATE outbox SET state = ?, reason = ?, written = ? WHERE state IN ('waiting', 'sending')",
                (OutboxState.DROPPED, "it could not be read at the start", now),
            )
            self._put(connection, rows.rows(self._standing, now))
        self._is_ours, self._unreadable = True, ()

    def _masked(self, values: rows.Values) -> rows.Values:
        """The same without a secret: none should come this far, and none stays if one does."""
        if not self._masks:
            return values
        return tuple(self._masked_text(value) if isinstance(value, str) else value for value in values)

    def _masked_text(self, text: str) -> str:
        for secret in self._masks:
            text = text.replace(secret, "*" * len(secret))
        return text

    def _transaction(self, connection: sqlite3.Connection, pending: Pending, lines: Sequence[Audit]) -> int:
        now = self._clock.now()
        own = Pending(lines=deque([*self._untold, *lines]))
        with _atomic(connection):
            return self._put(connection, chain(rows.rows(own, now), rows.rows(pending, now)))

    def _put(self, connection: sqlite3.Connection, all_rows: Iterable[rows.Row]) -> int:
        """Make the statements; returns how many had a value that cannot be stored, and keep nothing else from it."""
        refused = 0
        for number, row in enumerate(all_rows, 1):
            try:
                connection.execute(row.sql, self._masked(row.values()))
            except _REFUSED as error:
                refused += 1
                log.error("a value cannot be stored", statement=row.sql.partition(" VALUES")[0], why=str(error))
            if number % BREATH_ROWS == 0:
                time.sleep(BREATH_SECONDS)
        return refused

    def _tell(self, what: str, text: str) -> None:
        self.told = text
        self._untold.append(Audit(at=self._clock.now(), what=what, who=WHO, text=text))
        log.error("store", what=what, text=text)

    @contextmanager
    def _guard(self) -> Iterator[None]:
        """Our errors for those of SQLite and of the system; after one that a connection does not survive it is gone."""
        try:
            yield
        except StoreFailed:
            raise
        except (sqlite3.Error, OSError, Damaged) as error:
            if not isinstance(error, sqlite3.Error) or error_ends_connection(error):
                self._disconnect()
            raise failed(error, self.path) from None


def error_ends_connection(error: sqlite3.Error) -> bool:
    """Whether only a new connection can help: all but a full disk and a lock of somebody else."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code not in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _is_telling(secret: str) -> bool:
    """Whether a secret is told by nothing else that is written."""
    return len(secret) >= MASKED_CHARACTERS and _ORDINARY.fullmatch(secret) is None


@contextmanager
def _atomic(connection: sqlite3.Connection) -> Iterator[None]:
    """One transaction: all of it or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        raise


def _whole(saved: Saved) -> Commit:
    """A commit that writes all of it."""
    return Commit(
        memory=MemoryChange(keep=saved.alerts, silences=saved.silences),
        facts=saved.facts,
        volatility=saved.volatility,
        entries=saved.entries,
        handles=saved.handles,
        escalations=saved.escalations,
    )
