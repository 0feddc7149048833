"""The SQLite file of a store: opened, migrated, written and trimmed; damaged or gone, begun anew.

Everything here blocks and belongs to one thread at a time. Raises `StoreFailed`.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from urllib.parse import quote

import structlog

from monitor.domain.alerts import MemoryChange
from monitor.domain.clock import Clock
from monitor.domain.keeping import Audit, Commit, OutboxState, Saved, StoreFailed
from monitor.store import retention, rows
from monitor.store.failures import StoreRefused, failed, is_damage
from monitor.store.pending import Pending
from monitor.store.place import Place
from monitor.store.schema import STEPS, Step, expected_tables, migrate, tables_of
from monitor.store.settings import StoreSettings

log = structlog.get_logger(__name__)

APPLICATION_ID = 0x6D77_6163  #: stands in the head of every database of ours
BUSY_SECONDS = 0.25  #: that another program may hold a lock before a commit fails
LONG_LOG_BYTES = 4 * 1024 * 1024  #: of the write-ahead log, above which it is carried over though commits keep coming
BREATH_SECONDS, BREATH_ROWS = 0.0002, 50  #: that the loop is given, and after so many rows
CHECKPOINT_SECONDS = 1.0  #: between two looks at it
WHO = "marginwatch"

Connect = Callable[..., sqlite3.Connection]

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


class _Damaged(Exception):
    """The file was read, and is no sound database."""


class Database:
    """One file. `secrets` are masked in every text that is written. `connect` and `steps` are replaced where a test
    breaks or extends them.

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
        self._place = Place(path)
        spelt = {text for secret in secrets if secret for text in (secret, json.dumps(secret)[1:-1], quote(secret, ""))}
        self._masks = sorted(spelt, key=len, reverse=True)
        self._connection: sqlite3.Connection | None = None
        self._standing = Pending(bounds=settings.bounds)  #: what the file holds of what has a state
        self._is_ours = False  #: the file that is open holds what stands
        self._unreadable: tuple[rows.RowId, ...] = ()  #: what was found in it and not understood
        self._untold: list[Audit] = []  #: lines for the audit about the file itself
        self._checkpointed = 0.0  #: when, by the steady clock
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
            found = self._read_only()
            if found is None:
                raise
            saved = found
        self._standing.add(_whole(saved), 0.0)
        return saved

    def write(self, pending: Pending, lines: Sequence[Audit] = ()) -> int:
        """Write all of it in one transaction, and these lines into the audit; returns how many values could not be
        written for their own sake.
        """
        with self._guard():
            if self._connection is not None and not self._place.is_same():
                self._disconnect()
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
            more = retention.trim(connection, self._settings, self._clock.now()) if idle else False
            if idle or self._log_is_long():
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        return more

    def close(self) -> None:
        """Let go of the file: all of it is in one piece then."""
        self._disconnect()
        self._place.release()

    def read(self) -> sqlite3.Connection:
        """A connection of its own that only reads; the caller closes it."""
        return self._open_file(
            f"file:{quote(str(self.path))}?mode=ro", uri=True, isolation_level=None, timeout=BUSY_SECONDS
        )

    # -- opening

    def _connect(self) -> Saved:
        """Open, migrate, read; a damaged file is moved aside and a new one begun."""
        self._place.acquire()
        try:
            self._connection, saved = self._sound()
        except (sqlite3.Error, _Damaged) as error:
            if not (isinstance(error, _Damaged) or is_damage(error)):
                raise
            self._disconnect()
            kept = self._place.move_aside(self._clock.now())
            self._is_ours = False
            self.lost_total += 1
            self._tell("damaged", f"the database was damaged ({error}): it is kept as {kept}, a new one is begun")
            self._place.acquire()
            self._connection, saved = self._sound()
        self._is_ours = self._is_ours and self._place.is_same()
        self._place.note()
        return saved

    def _sound(self) -> tuple[sqlite3.Connection, Saved]:
        """A connection to a database that is whole and of today's version, and what it holds."""
        connection = self._open_file(
            str(self.path), isolation_level=None, timeout=BUSY_SECONDS, check_same_thread=False
        )
        try:
            self._prepare(connection)
            return connection, self._load(connection)
        except BaseException:
            connection.close()
            raise

    def _prepare(self, connection: sqlite3.Connection) -> None:
        tables = _one(connection, "SELECT count(*) FROM sqlite_master")
        if tables and _one(connection, "PRAGMA application_id") != APPLICATION_ID:
            raise StoreRefused(f"{self.path} is a database of another program: give [store] another directory")
        if not tables:
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        journalled = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0] == "wal"
        full = self._settings.sync_each or not journalled  # without the log only that keeps a file whole
        connection.execute(f"PRAGMA synchronous = {'FULL' if full else 'NORMAL'}")
        connection.execute("PRAGMA wal_autocheckpoint = 0")  # we do, when nobody waits for a commit
        connection.execute("PRAGMA journal_size_limit = 2097152")
        connection.execute("PRAGMA temp_store = MEMORY")
        verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if verdict != "ok":
            raise _Damaged(verdict)
        migrate(connection, self.path, self._clock.now(), self._steps)
        if not tables_of(connection) >= expected_tables(self._steps):
            raise _Damaged("its tables are not those of its version")

    def _load(self, connection: sqlite3.Connection) -> Saved:
        saved, self._unreadable = rows.load(connection)
        if self._unreadable:
            count = len(self._unreadable)
            self.lost_total += count
            self._is_ours = False
            self._tell("unreadable", f"{count} rows of {self.path} are not understood and count as not there")
        return saved

    def _read_only(self) -> Saved | None:
        """What a file holds that cannot be written now; None if it cannot be read either.

        A full disk has no room for the index that readers share: a connection that keeps all others out needs none. A
        file system that is read-only can be read as one that nobody changes, if nothing waits in the log beside it.
        """
        wal = self.path.with_name(self.path.name + "-wal")
        ways = [(f"file:{quote(str(self.path))}?mode=rw", True)]
        with suppress(OSError):
            if not wal.exists() or wal.stat().st_size == 0:
                ways.append((f"file:{quote(str(self.path))}?mode=ro&immutable=1", False))
        for address, alone in ways:
            with suppress(sqlite3.Error):
                connection = self._open_file(address, uri=True, isolation_level=None, timeout=BUSY_SECONDS)
                try:
                    if alone:
                        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
                    return self._load(connection)
                finally:
                    connection.close()
        return None

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
            for row in rows.rows(self._standing, now):
                connection.execute(row.sql, self._masked(row.values()))
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
        refused, now = 0, self._clock.now()
        own = Pending(lines=deque([*self._untold, *lines]))
        with _atomic(connection):
            for number, row in enumerate(chain(rows.rows(own, now), rows.rows(pending, now)), 1):
                try:
                    connection.execute(row.sql, self._masked(row.values()))
                except _REFUSED as error:
                    refused += 1
                    log.error("a value cannot be stored", statement=row.sql.partition(" VALUES")[0], why=str(error))
                if number % BREATH_ROWS == 0:
                    time.sleep(BREATH_SECONDS)
        return refused

    def _log_is_long(self) -> bool:
        now = self._clock.monotonic()
        if now - self._checkpointed < CHECKPOINT_SECONDS:
            return False
        self._checkpointed = now
        with suppress(OSError):
            return self.path.with_name(self.path.name + "-wal").stat().st_size > LONG_LOG_BYTES
        return False

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
        except (sqlite3.Error, OSError, _Damaged) as error:
            if not isinstance(error, sqlite3.Error) or error_ends_connection(error):
                self._disconnect()
            raise failed(error, self.path) from None


def error_ends_connection(error: sqlite3.Error) -> bool:
    """Whether only a new connection can help: all but a full disk and a lock of somebody else."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code not in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


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


def _one(connection: sqlite3.Connection, sql: str) -> int:
    return int(connection.execute(sql).fetchone()[0])


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
