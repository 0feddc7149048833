"""Answers that are kept, one a question: what is missing or old is asked for, and what is old and unneeded forgotten.

Tables come in as many answers as there are families held; one that the venue refuses costs that family only.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Iterable
from typing import Generic, TypeVar

from monitor.domain.clock import Clock
from monitor.domain.errors import Refused
from monitor.venues.rest import Answer

Question = TypeVar("Question", bound=Hashable)
OLD_SHARE = 0.8  #: of its time after which an answer is renewed with the others: they need not all be asked at once


class Kept(Generic[Question]):
    """The answers to some questions."""

    def __init__(self, ask: Callable[[Question], Awaitable[Answer]], every_seconds: float, clock: Clock) -> None:
        self._ask, self._every, self._clock = ask, every_seconds, clock
        self.answers: dict[Question, Answer] = {}
        self._doubted: set[Question] = set()

    def doubt(self, question: Question) -> None:
        """Take its answer for old: it is used until there is another one."""
        self._doubted.add(question)

    async def renew(self, wanted: Iterable[Question]) -> Refused | None:
        """Ask for what is missing or old; returns the last refusal, if there was one. What is not wanted any more is
        forgotten when it is old: it may be held again in a minute.

        Raises any other error at once: what was read until then is kept.
        """
        questions = list(wanted)
        for gone in [one for one in self.answers.keys() - set(questions) if self._old(one)]:
            del self.answers[gone]
        refusal: Refused | None = None
        for question in questions:
            if not self._old(question):
                continue
            try:
                self.answers[question] = await self._ask(question)
                self._doubted.discard(question)
            except Refused as exc:
                refusal = exc
        return refusal

    def _old(self, question: Question) -> bool:
        known = self.answers.get(question)
        return (
            known is None or question in self._doubted or self._clock.now() - known.received >= OLD_SHARE * self._every
        )

    @property
    def oldest(self) -> float:
        """When the oldest of the answers was received; now, where there are none."""
        return min((one.received for one in self.answers.values()), default=self._clock.now())
