"""What waits for one channel, and what of it goes next: the urgent first, then the oldest. Plain data."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from math import inf

from monitor.domain.keeping import OutboxEntry
from monitor.domain.posting import LOUD, URGENT
from monitor.outputs.delivery.settings import DeliverySettings


@dataclass(slots=True)
class Waiting:
    """One entry. `held`: it is not on the disk yet; `since`: when it could have gone first; `alone`: in no group.

    `stood_in`: another channel is told in its place, or there is none; `answered`: that one was, while this one was
    under way.
    """

    entry: OutboxEntry
    since: float
    held: bool = False
    alone: bool = False
    stood_in: bool = False
    answered: bool = False


class Queue:
    """The entries of one channel that were not sent. `flying` are those that are being sent just now."""

    def __init__(self, settings: DeliverySettings, *, groups: bool) -> None:
        self._settings, self._groups = settings, groups
        self._waiting: dict[str, Waiting] = {}
        self._threads: dict[tuple[str, bool], str] = {}
        self.flying: dict[str, Waiting] = {}

    def __len__(self) -> int:
        return len(self._waiting) + len(self.flying)

    def __iter__(self) -> Iterator[Waiting]:
        """All, those under way first."""
        yield from self.flying.values()
        yield from self._waiting.values()

    def of(self, thread: str, *, digest: bool = False) -> OutboxEntry | None:
        """What waits of an incident and is not under way."""
        found = self._threads.get((thread, digest))
        return None if found is None else self._waiting[found].entry

    def get(self, id_: str) -> OutboxEntry | None:
        """An entry that waits or is under way."""
        found = self._waiting.get(id_) or self.flying.get(id_)
        return None if found is None else found.entry

    def put(self, entry: OutboxEntry, since: float, *, held: bool = False) -> None:
        """Add an entry. One that waits of the same incident has to be removed before."""
        self._waiting[entry.id] = Waiting(entry, since, held)
        self._threads[entry.message.thread, entry.digest] = entry.id

    def release(self, id_: str) -> Waiting | None:
        """An entry may go; None where it no longer waits."""
        found = self._waiting.get(id_)
        if found is not None:
            found.held = False
        return found

    def change(self, entry: OutboxEntry) -> None:
        """Another version of an entry that waits."""
        found = self._waiting.get(entry.id)
        if found is not None:
            found.entry = entry

    def mark_stood_in(self, id_: str) -> None:
        """Another channel is told in its place already."""
        self._waiting[id_].stood_in = True

    def remove(self, id_: str) -> Waiting | None:
        """Take an entry that is not under way out."""
        gone = self._waiting.pop(id_, None)
        if gone is not None and self._threads.get((gone.entry.message.thread, gone.entry.digest)) == id_:
            del self._threads[gone.entry.message.thread, gone.entry.digest]
        return gone

    def answer(self, id_: str) -> OutboxEntry | None:
        """Another channel told it: take it out. What is under way is not tried again if it fails."""
        gone = self.remove(id_)
        if gone is not None:
            return gone.entry
        if id_ in self.flying:
            self.flying[id_].answered = True
        return None

    def first(self, now: float) -> Waiting | None:
        """What goes next, if it may."""
        ripe = (each for each in self._waiting.values() if not each.held and each.entry.not_before <= now)
        return min(ripe, key=_order, default=None)

    def ripe_at(self) -> float:
        """When the first of what waits may go; +inf if nothing waits."""
        return min((each.entry.not_before for each in self._waiting.values() if not each.held), default=inf)

    def take(self, now: float, is_edit: Callable[[OutboxEntry], bool]) -> list[Waiting]:
        """What goes next, with those that go in the same message; they are under way then. Edits go alone."""
        first = self.first(now)
        if first is None:
            return []
        taken = self._with(first, now, is_edit)
        for each in taken:
            self.remove(each.entry.id)
            self.flying[each.entry.id] = each
        return taken

    def _with(self, first: Waiting, now: float, is_edit: Callable[[OutboxEntry], bool]) -> list[Waiting]:
        digest = first.entry.digest
        if not digest and (not self._groups or first.alone or is_edit(first.entry)):
            return [first]
        urgent = first.entry.loudness >= URGENT
        # Whoever waits for others only, or hardly longer than it took to gather these, comes along.
        horizon = now if urgent or digest else now + max(0.0, first.entry.not_before - first.entry.created)
        mates = [
            each
            for each in self._waiting.values()
            if each.entry.digest == digest
            and (each.entry.loudness >= URGENT) == urgent
            and each.entry.not_before <= horizon
            and not (each.held or each.alone or is_edit(each.entry))
        ]
        if urgent and len(mates) <= self._settings.crowd:
            return [first]
        mates.sort(key=_order)
        return mates if digest else mates[: self._settings.group_limit]

    def back(self, each: Waiting, entry: OutboxEntry) -> OutboxEntry | None:
        """An entry that was under way waits again. Where a newer one of its incident waits, that takes its place and
        its rank, and the old one is returned.
        """
        self.flying.pop(each.entry.id, None)
        newer = self.of(entry.message.thread, digest=entry.digest)
        if newer is None:
            each.entry = entry
            self._waiting[entry.id] = each
            self._threads[entry.message.thread, entry.digest] = entry.id
            return None
        waiting = self._waiting[newer.id]
        waiting.since = min(waiting.since, each.since)
        waiting.entry = replace(newer, created=min(newer.created, entry.created))
        return entry

    def hurry(self, now: float) -> None:
        """The channel works: what failed before need not wait for its turn."""
        for each in self._waiting.values():
            if each.entry.attempts and not each.alone:
                each.entry = replace(each.entry, not_before=min(each.entry.not_before, now))

    def surplus(self) -> list[OutboxEntry]:
        """The quietest and oldest of what is more than there is room for. Nothing urgent is among them."""
        over = len(self._waiting) - self._settings.queue_limit
        if over <= 0:
            return []
        quiet = [each.entry for each in self._waiting.values() if each.entry.loudness < URGENT]
        return sorted(quiet, key=lambda entry: (entry.loudness, entry.created))[:over]

    def is_loud(self, each: Waiting) -> bool:
        """Whether another channel has to be told when this one fails."""
        return each.entry.loudness >= LOUD and not each.entry.digest


def _order(each: Waiting) -> tuple[int, int, float]:
    # One that failed comes after those that were not tried: a message that can never be sent holds up no other.
    return (-each.entry.loudness, each.entry.attempts, each.entry.created)
