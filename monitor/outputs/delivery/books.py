"""The store as delivery sees it: waited for, but not for long. What fails there keeps no message from going out."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from monitor.domain.errors import MarginwatchError
from monitor.domain.keeping import Commit, Keeper

log = structlog.get_logger(__name__)


class Books:
    """Commits, in order, each waited for at most `patience_seconds`; while one is overdue no other is waited for."""

    def __init__(self, keeper: Keeper | None, patience_seconds: float) -> None:
        self._keeper, self._patience_seconds = keeper, patience_seconds
        self._under_way: set[asyncio.Task[bool]] = set()
        self._overdue: set[asyncio.Task[bool]] = set()
        self._good = True

    async def keep(self, commits: Sequence[Commit]) -> bool:
        """Whether all are on the disk. Never raises; where there is no store everything counts as kept."""
        if self._keeper is None or not commits:
            return True
        tasks = [self._begin(self._keeper, commit) for commit in commits]
        if self._overdue:
            await asyncio.sleep(0)
        else:
            await asyncio.wait(tasks, timeout=self._patience_seconds)
        late = [task for task in tasks if not task.done()]
        if late:
            self._overdue.update(late)
            self._edge("it does not answer")
            return False
        return all(task.result() for task in tasks)

    def _begin(self, keeper: Keeper, commit: Commit) -> asyncio.Task[bool]:
        task = asyncio.create_task(self._commit(keeper, commit), name="delivery:commit")
        self._under_way.add(task)
        task.add_done_callback(self._done)
        return task

    async def settle(self, seconds: float) -> None:
        """Wait until all is written that was begun, but no longer than this."""
        if self._under_way:
            await asyncio.wait(set(self._under_way), timeout=seconds)

    async def _commit(self, keeper: Keeper, commit: Commit) -> bool:
        try:
            await keeper.commit(commit)
        except MarginwatchError as error:
            self._edge(str(error))
            return False
        except Exception as error:  # whatever ails the store, messages go out
            log.error("the store failed by a bug", kind=type(error).__name__, exc_info=error)
            self._edge(f"an error in the program ({type(error).__name__})")
            return False
        self._edge("")
        return True

    def _done(self, task: asyncio.Task[bool]) -> None:
        self._under_way.discard(task)
        self._overdue.discard(task)

    def _edge(self, why: str) -> None:
        """One line when the store fails, one when it takes something again."""
        if why and self._good:
            log.error("not written down: messages are delivered all the same", reason=why)
        elif not why and not self._good:
            log.warning("written down again")
        self._good = not why
