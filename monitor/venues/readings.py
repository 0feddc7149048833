"""What became of each reading over REST: a row beside the streams, with the same counts. Pure but for its own memory.

A reading is up while its last try gave what it should. Bad rows and bad answers are counted and kept like bad frames.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from enum import StrEnum

from monitor.domain.errors import MalformedAnswer, VenueError
from monitor.domain.frames import RowProblem
from monitor.domain.names import Venue
from monitor.domain.view import FeedStatus
from monitor.venues.ledger import KEPT_FRAMES, rows_in_words, shortened
from monitor.venues.rest import Answer


class ReadingPhase(StrEnum):
    """Where a reading is. LIVE and IDLE are up."""

    WAITING = "waiting"  #: never tried yet
    LIVE = "live"
    FAILING = "failing"  #: the last try failed; another one follows
    IDLE = "idle"  #: there is nothing to read
    STOPPED = "stopped"  #: no try is made any more: a person must act


class Reading:
    """One thing that is read: its phase and its counts since the start. `account` None: it serves the venue."""

    def __init__(self, venue: Venue, account: str | None, what: str) -> None:
        self.venue, self.account, self.what = venue, account, what
        self.phase = ReadingPhase.WAITING
        self.reason = ""
        self.answers = 0
        self.malformed = 0
        self.kept: deque[str] = deque(maxlen=KEPT_FRAMES)  #: bad rows and answers, shortened, with the reason
        self._last_answer: float | None = None
        self._round_trip: float | None = None

    def came(self, *answers: Answer) -> None:
        """Answers arrived, whatever is in them."""
        self.answers += len(answers)
        for answer in answers:
            self._last_answer = answer.received
            self._round_trip = answer.received - answer.asked

    @contextlib.contextmanager
    def taking(self, *answers: Answer) -> Iterator[list[RowProblem]]:
        """Take answers apart: bad rows are to be put into the list given. Leaving it without an error is a success."""
        problems: list[RowProblem] = []
        try:
            yield problems
        except MalformedAnswer as exc:
            # It is counted where the failure is told, with those whose answer was no data at all.
            for answer in answers:
                self.kept.append(shortened(exc.why, answer.body))
            raise
        finally:
            self.malformed += len(problems)
            if problems:
                self.kept.append(shortened(rows_in_words(problems), b" ".join(answer.body for answer in answers)))
        self.fine()

    def fine(self) -> None:
        """The last try gave what it should."""
        self.phase, self.reason = ReadingPhase.LIVE, ""

    def failed(self, exc: VenueError) -> None:
        """A try failed; another one follows."""
        self.malformed += isinstance(exc, MalformedAnswer)
        self.phase, self.reason = ReadingPhase.FAILING, exc.why

    def stopped(self, why: str) -> None:
        """No try is made until a person has acted."""
        self.phase, self.reason = ReadingPhase.STOPPED, why

    def waits(self, why: str) -> None:
        """The next try was not sent yet. That is no failure: the phase stays."""
        self.reason = why

    def idle(self, reason: str = "") -> None:
        """There is nothing to read, or no more."""
        self.phase, self.reason = ReadingPhase.IDLE, reason

    async def watched(self, body: Callable[[], Awaitable[None]]) -> None:
        """Run what reads; what ends it is this row's state too."""
        try:
            await body()
        except VenueError as exc:
            self.stopped(exc.why)
            raise
        except Exception as exc:  # a bug: whoever supervises it starts it again, but until then nothing is read
            self.phase, self.reason = ReadingPhase.FAILING, f"it ended by a mistake of ours: {type(exc).__name__}"
            raise

    def status(self) -> FeedStatus:
        """The row. Its lag is how long the last answer took from our asking: what it tells is no older than that."""
        return FeedStatus(
            venue=self.venue,
            account=self.account or "",
            stream=self.what,
            phase=self.phase.value,
            up=self.phase in (ReadingPhase.LIVE, ReadingPhase.IDLE),
            reason=self.reason,
            last_message=self._last_answer,
            lag_seconds=self._round_trip,
            polled=True,
            messages=self.answers,
            malformed=self.malformed,
        )
