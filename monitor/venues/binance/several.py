"""An account whose events come on several streams: they are one to its desk, which has a job and a row for each."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from monitor.domain.events import AccountSnapshot
from monitor.domain.view import FeedStatus
from monitor.venues.binance.user import UserStream
from monitor.venues.desk import Desk, User
from monitor.venues.ledger import Ledger
from monitor.venues.session import Job


class Several:
    """All streams of one account, as its desk's user. `check` compares a snapshot with what was pushed."""

    def __init__(self, first: User, others: Sequence[UserStream], check: Callable[[AccountSnapshot], None]) -> None:
        self.first, self.others, self._check = first, tuple(others), check

    @property
    def ledger(self) -> Ledger:
        """The rows of the first one."""
        return self.first.ledger

    @property
    def up(self) -> bool:
        """Whether pushes of every kind can arrive."""
        return self.first.up and all(one.up for one in self.others)

    def event_since(self, received: float) -> bool:
        """Whether any push came after this moment (wall time)."""
        return self.first.event_since(received) or any(one.event_since(received) for one in self.others)

    def cross_check(self, snapshot: AccountSnapshot) -> None:
        """Compare what REST shows with what was pushed."""
        self._check(snapshot)

    async def run(self) -> None:
        """Keep the first one up for ever; the others have jobs of their own."""
        await self.first.run()

    def stop(self, why: str) -> None:
        """Nothing is asked any more until they run anew."""
        self.first.stop(why)
        for one in self.others:
            one.stop(why)


class SeveralDesk(Desk):
    """A desk whose user is several streams: the further ones are made by the product's desk before this one."""

    further_streams: tuple[UserStream, ...]

    def jobs(self) -> tuple[Job, ...]:
        """The account's jobs, with those of the further streams."""
        name = self.account.account
        more = (Job(f"{one.stream} stream", name, self._permitted_only(one.run)) for one in self.further_streams)
        return (*super().jobs(), *more)

    def feeds(self) -> tuple[FeedStatus, ...]:
        """All streams, then each reading."""
        first, *readings = super().feeds()
        more = (row for one in self.further_streams for row in one.ledger.statuses())
        return (first, *more, *readings)

    def malformed(self) -> tuple[str, ...]:
        """What could not be read, for diagnosis."""
        return (*super().malformed(), *(text for one in self.further_streams for text in one.ledger.malformed))
