"""Delivery: what was decided is written down, then sent, each channel at its own pace; what fails goes another way.

One task looks after all that is decided or has waited long enough; each channel has a task of its own that sends. A
channel that hangs, or a store that does not answer, delays nothing but itself.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterable, Sequence
from math import inf

from monitor.domain.clock import Clock
from monitor.domain.delivery import Channel, ChannelStatus, DeliveryFailed, Message
from monitor.domain.keeping import Commit, Keeper, OutboxEntry, Saved
from monitor.domain.posting import Decisions
from monitor.outputs.delivery.attempt import attempt
from monitor.outputs.delivery.board import Board, Work
from monitor.outputs.delivery.books import Books
from monitor.outputs.delivery.lane import Lane
from monitor.outputs.delivery.queue import Waiting
from monitor.outputs.delivery.sender import Sender
from monitor.outputs.delivery.settings import DeliverySettings

#: The points of a message's way at which a process may end, in order; see docs/delivery.md for what comes of it.
CRASH_POINTS = ("decided", "persisting", "persisted", "picked", "marked", "sending", "accepted", "closed")

NOT_THERE = "no such channel"
AT_ONCE = 25  #: changes decided of in one turn of the loop

NOTHING_SAVED, DEFAULTS = Saved(), DeliverySettings()


def nothing(_: str) -> None:
    """No crash."""


class Delivery:
    """Takes what each step decided; tells whom it concerns. `saved` is what the store knew at the start."""

    def __init__(
        self,
        channels: Sequence[Channel],
        decisions: Decisions,
        keeper: Keeper | None,
        clock: Clock,
        saved: Saved = NOTHING_SAVED,
        *,
        settings: DeliverySettings = DEFAULTS,
        crash: Callable[[str], None] = nothing,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._decisions, self._clock, self._settings, self.crash = decisions, clock, settings, crash
        self._books = Books(keeper, settings.store_seconds)
        now = clock.now()
        self._lanes = {channel.name: Lane(channel, settings, now, jitter) for channel in channels}
        self._senders = [Sender(lane, self, decisions, clock, settings) for lane in self._lanes.values()]
        self._intake: list[Commit] = []
        self._woken = asyncio.Event()
        self._turning = self._closing = False
        self._board = Board(self._lanes, decisions, saved, now)
        self.on_delivered: Callable[[str, float], None] | None = None

    def take(self, commit: Commit) -> None:
        """What one step decided. It neither blocks nor fails."""
        self.crash("decided")
        self._intake.append(commit)
        self._woken.set()

    async def run(self) -> None:
        """For ever. When it is cancelled, what is urgent and under way has a little time; the rest is written down."""
        senders = {asyncio.create_task(sender.run(), name="delivery:send"): sender for sender in self._senders}
        clerk = asyncio.create_task(self._clerk(), name="delivery:clerk")
        try:
            done, _ = await asyncio.wait({clerk, *senders}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:  # none ends by itself: this is a bug, and the process has to end
                task.result()
        finally:
            await self._close(clerk, senders)

    def is_idle(self) -> bool:
        """Whether all that was decided was sent or given up, and is written down."""
        busy = self._turning or any(sender.is_busy for sender in self._senders)
        return not busy and not self._intake and not any(len(lane.queue) for lane in self._lanes.values())

    def statuses(self) -> tuple[ChannelStatus, ...]:
        """How each channel does."""
        now = self._clock.now()
        return tuple(lane.status(now) for lane in self._lanes.values())

    async def test(self, channel: str | None) -> tuple[tuple[str, str], ...]:
        """Try the way of one channel, or of all that are in use: (channel, "" or why it failed)."""
        names = self._decisions.reachable() if channel is None else (channel,)
        return tuple(zip(names, await asyncio.gather(*map(self._test, names)), strict=True))

    async def _test(self, name: str) -> str:
        lane = self._lanes.get(name)
        if lane is None:
            return NOT_THERE
        came = await attempt(lane.channel, self._decisions.test(name, self._clock.now()), None, lane.timeout_seconds)
        return came.why if isinstance(came, DeliveryFailed) else ""

    # What a sender needs

    async def keep(self, commit: Commit) -> bool:
        """Have it written; False if it could not be."""
        return await self._books.keep((commit,))

    def stand_in(self, lane: Lane, waiting: Waiting, now: float) -> OutboxEntry | None:
        """An entry that goes by another channel, already in its queue and held there."""
        return self._board.stand_in(lane, waiting, now)

    def release(self, entries: Iterable[OutboxEntry]) -> None:
        """Entries that were held may go."""
        due_at = self._board.due_at
        self._board.release(entries)
        if self._board.due_at < due_at:
            self._woken.set()

    def look_after(self) -> None:
        """Something may be due that was not before."""
        self._board.due_at = -inf
        self._woken.set()

    def answered(self, entry: OutboxEntry) -> list[OutboxEntry]:
        """Entries on other channels that need not be sent because this one was; they are dropped."""
        return self._board.answered(entry)

    def delivered(self, lane: Lane, message: Message, now: float) -> None:
        """A message arrived."""
        if self.on_delivered is not None:
            for change in message.changes:
                self.on_delivered(lane.name, max(0.0, now - change.at))

    # The clerk

    async def _clerk(self) -> None:
        while not self._closing:
            self._turning = True
            await self._turn()
            self._turning = False
            if not self._intake and not self._closing:
                await self._sleep(max(0.0, self._board.due_at - self._clock.now()))

    async def _sleep(self, seconds: float) -> None:
        alarm = asyncio.get_running_loop().call_later(min(seconds, 3600.0), self._woken.set)
        try:
            await self._woken.wait()
        finally:
            alarm.cancel()
        self._woken.clear()

    async def _turn(self) -> None:
        """Decide what comes of all that came in and of all whose time has come; write it down; let it go."""
        now = self._clock.now()
        intake, self._intake = self._intake, []
        commits, fresh, decided = [], list(self._board.first.entries), 0
        if self._board.first:
            commits.append(self._board.first.commit())
            self._board.first = Work()
        for commit in intake:
            work = Work()
            for change in commit.changes:
                self._board.decide(change, now, work)
                decided += 1
                if decided % AT_ONCE == 0 and not self._closing:  # at the end nothing may come between
                    await asyncio.sleep(0)
            commits.append(work.commit(commit))
            fresh += work.entries
        work = Work()
        self._board.look(now, work)
        if work:
            commits.append(work.commit())
            fresh += work.entries
        if not commits:
            return
        self.crash("persisting")
        if not await self._books.keep(commits):
            self._board.mark_unkept(fresh)
        self.crash("persisted")
        self.release(fresh)

    # The end

    async def _close(self, clerk: asyncio.Task[None], senders: dict[asyncio.Task[None], Sender]) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + self._settings.closing_seconds
        self._closing = True
        self._woken.set()
        await asyncio.wait({clerk}, timeout=self._settings.closing_seconds)
        clerk.cancel()
        if self._intake:  # decided, and not yet written down
            await self._turn()
        for task, sender in senders.items():
            sender.closing = True
            sender.wake()
            if sender.is_busy and not sender.is_urgent:
                task.cancel()
        if senders:  # without any channel there is nobody to wait for
            await asyncio.wait(senders, timeout=max(0.0, until - loop.time()))
        for task in senders:
            task.cancel()
        await asyncio.gather(clerk, *senders, return_exceptions=True)
        await self._books.settle(max(0.1, until - loop.time()))
