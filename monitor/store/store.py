"""The store as the loop sees it: a commit waits for the disk, the loop never does."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Collection
from contextlib import closing, suppress
from pathlib import Path
from typing import TypeVar

import structlog

from monitor.domain.alerts import AlertChange
from monitor.domain.clock import Clock
from monitor.domain.delivery import StoreStatus
from monitor.domain.keeping import Audit, Commit, Saved, StoreFailed
from monitor.store import rows
from monitor.store.database import WHO, Database
from monitor.store.failures import StoreRefused, failed
from monitor.store.opening import Connect
from monitor.store.pending import Pending
from monitor.store.settings import StoreSettings

log = structlog.get_logger(__name__)

IDLE_SECONDS = 1.0  #: after the last commit, when the log is carried over into the file
ASLEEP_SECONDS = 600.0  #: between two looks at what is too old, while nothing happens
FIRST_RETRY_SECONDS, LONGEST_RETRY_SECONDS = 1.0, 30.0
STALLED_SECONDS = 10.0  #: without an answer of the disk, after which it is said not to answer
LARGE_BACKLOG = 1_000  #: things that wait, above which a failing disk is not asked again for each commit
_CLOSED = "the store is closed"

T = TypeVar("T")
Waiter = tuple[asyncio.AbstractEventLoop, "asyncio.Future[None]"]


class Store:
    """Satisfies `Keeper`. One thread writes: all commits that wait go into one transaction.

    `open` blocks and is called once, before the first commit. What could not be written is kept, the newest of each
    thing, and is tried again with the next commit and by itself; see `monitor.store.pending` for the bounds. `secrets`
    are masked in whatever is written. `connect` is replaced where a test breaks the disk.
    """

    def __init__(
        self,
        path: Path,
        clock: Clock,
        settings: StoreSettings | None = None,
        secrets: Collection[str] = (),
        *,
        connect: Connect = sqlite3.connect,
    ) -> None:
        self._settings, self._clock = settings or StoreSettings(), clock
        self._database = Database(path, self._settings, clock, secrets, connect=connect)
        self._path = path
        self._lock = threading.Lock()  #: of the three below
        self._pending = Pending(bounds=self._settings.bounds)
        self._waiters: list[Waiter] = []
        self._lost_total = 0
        self._in_hand: Pending | None = None  #: what is being written
        self._wake, self._stopping, self._thread = (
            threading.Event(),
            False,
            threading.Thread(target=self._rounds, name="store", daemon=True),
        )
        self._reason = ""  #: why nothing is written; "" if it is
        self._ailing = ""  #: what else is wrong, while commits are written
        self._busy_since: float | None = None
        self._told_lost = 0
        self._retry_seconds, self._retry_at = FIRST_RETRY_SECONDS, 0.0

    def open(self) -> Saved:
        """Read what is kept, and begin to write. It blocks.

        Raises `StoreRefused` where a person has to choose: another monitor has the file, it is of a later version or of
        another program. Whatever else is wrong with the disk, the store begins all the same: with what could be read,
        with nothing otherwise; `status` says what, and it goes on trying.
        """
        try:
            saved = self._database.start()
        except StoreRefused:
            self._database.close()
            raise
        except StoreFailed as error:
            saved = Saved()
            self._fail(str(error))
        self._thread.start()
        return saved

    def close(self, seconds: float) -> None:
        """Write what waits and let go of the file. It blocks, at most so long."""
        with self._lock:
            self._stopping = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(seconds)

    async def commit(self, commit: Commit) -> None:
        """Write; on the disk when it returns. Raises `StoreFailed`: it is kept in memory then and tried again."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        with self._lock:
            if self._stopping:
                raise StoreFailed(_CLOSED)
            self._lost_total += self._pending.add(commit, self._clock.monotonic())
            self._waiters.append((loop, done))
        self._wake.set()
        try:
            async with asyncio.timeout(self._settings.patience_seconds):
                await done
        except TimeoutError:
            raise StoreFailed(f"{self._path}: the disk does not answer; what waits is written when it does") from None

    async def history(self, fingerprint: str, limit: int = 100) -> tuple[AlertChange, ...]:
        """The changes of an alert that are written, newest first. Raises `StoreFailed`."""
        return await self._read(lambda connection: rows.history(connection, fingerprint, limit))

    async def audit(self, limit: int = 100) -> tuple[Audit, ...]:
        """The last lines of the audit, newest first, the changes of alerts among them. Raises `StoreFailed`."""
        return await self._read(lambda connection: rows.audit(connection, limit))

    async def _read(self, query: Callable[[sqlite3.Connection], T]) -> T:
        def ask() -> T:
            try:
                with closing(self._database.read()) as connection:
                    return query(connection)
            except (sqlite3.Error, OSError) as error:
                raise failed(error, self._path) from None

        return await asyncio.to_thread(ask)

    def status(self) -> StoreStatus:
        """How it does. `reason` may say something though it writes: that a damaged file was moved aside."""
        now = self._clock.monotonic()
        in_hand, pending, busy_since = self._in_hand, self._pending, self._busy_since
        stalled = busy_since is not None and now - busy_since > STALLED_SECONDS
        reason = self._reason or (f"{self._path}: the disk does not answer" if stalled else "")
        waiting = [each for each in (in_hand, pending) if each is not None and each.oldest is not None]
        return StoreStatus(
            writing=not reason,
            reason=reason or self._ailing or self._database.told,
            lost_total=self._lost_total + self._database.lost_total,
            waiting=sum(each.commits for each in waiting),
            oldest_seconds=max((now - each.oldest for each in waiting if each.oldest is not None), default=0.0),
        )

    # -- the thread

    def _rounds(self) -> None:
        pause = IDLE_SECONDS
        while not self._stopping:
            woken = self._wake.wait(pause)
            self._wake.clear()
            self._busy_since = self._clock.monotonic()
            if self._may_try():
                self._write()
            else:
                self._refuse()
            more = self._look_after(idle=not woken)
            self._busy_since = None
            pause = self._pause(woken, more)
        self._write()
        self._database.close()
        self._reason = self._reason or _CLOSED

    def _pause(self, woken: bool, more: bool) -> float:
        if self._reason:
            return self._retry_seconds
        if self._ailing:
            return LONGEST_RETRY_SECONDS
        return 0.0 if more else IDLE_SECONDS if woken else ASLEEP_SECONDS

    def _may_try(self) -> bool:
        """Whether to write now: there is something, or the disk is to be asked again. Where it takes nothing and much
        waits, a try is too dear to be made for each commit.
        """
        if self._reason and len(self._pending) > LARGE_BACKLOG:
            return self._clock.monotonic() >= self._retry_at
        return bool(self._pending) or bool(self._reason)

    def _refuse(self) -> None:
        """Tell those that wait that it is as before; what they brought is kept."""
        with self._lock:
            waiters, self._waiters = self._waiters, []
        _answer(waiters, self._reason)

    def _write(self) -> None:
        with self._lock:
            pending, self._pending = self._pending, Pending(bounds=self._settings.bounds)
            waiters, self._waiters = self._waiters, []
            lost_total = self._lost_total
        lost = lost_total - self._told_lost
        text = f"{lost} things could not be kept: {self._reason or 'too much waited'}"
        lines = (Audit(at=self._clock.now(), what="lost", who=WHO, text=text),) if lost else ()
        self._in_hand = pending
        why = ""
        try:
            if self._database.write(pending, lines):
                why = f"{self._path}: a value could not be stored, see the log"
            self._told_lost = lost_total
            self._succeed()
        except StoreFailed as error:
            why = str(error)
            self._keep(pending)
            self._fail(why)
        except Exception as error:  # a bug of ours: the monitor runs on, and says so
            log.exception("store")
            why = f"a bug in the store: {type(error).__name__}"
            self._keep(pending)
            self._fail(why)
        finally:
            self._in_hand = None
        _answer(waiters, why)

    def _keep(self, older: Pending) -> None:
        with self._lock:
            self._lost_total += self._pending.after(older)

    def _look_after(self, idle: bool) -> bool:
        if self._reason:
            return False
        try:
            more = self._database.look_after(idle)
        except StoreFailed as error:
            if not self._ailing:
                log.error("store cannot be looked after", reason=str(error))
            self._ailing = str(error)
            return False
        except Exception as error:  # a bug of ours: commits are more than order in the file
            log.exception("store cannot be looked after")
            self._ailing = f"a bug in the store: {type(error).__name__}"
            return False
        self._ailing = ""
        return more

    def _fail(self, why: str) -> None:
        if not self._reason:
            log.error("store does not write", reason=why)
            self._retry_seconds = FIRST_RETRY_SECONDS
        else:
            self._retry_seconds = min(2 * self._retry_seconds, LONGEST_RETRY_SECONDS)
        self._reason = why
        self._retry_at = self._clock.monotonic() + self._retry_seconds

    def _succeed(self) -> None:
        if self._reason:
            log.info("store writes again")
        self._reason = ""


def _answer(waiters: list[Waiter], why: str) -> None:
    """Tell those that wait, each in its own loop. One that is closed no longer asks."""
    by_loop: dict[asyncio.AbstractEventLoop, list[asyncio.Future[None]]] = {}
    for loop, done in waiters:
        by_loop.setdefault(loop, []).append(done)
    for loop, all_done in by_loop.items():
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(_resolve, all_done, why)


def _resolve(all_done: list[asyncio.Future[None]], why: str) -> None:
    for done in all_done:
        if done.done():  # whoever waited went away
            continue
        if why:
            done.set_exception(StoreFailed(why))
        else:
            done.set_result(None)
