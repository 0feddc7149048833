"""Answers that are kept: what is asked again, what is forgotten, and what one refusal costs."""

from __future__ import annotations

import pytest

from monitor.domain.errors import FeedLost, Refused
from monitor.venues.kept import Kept
from monitor.venues.rest import Answer


class Still:
    """A clock that stands where it is put."""

    at = 1000.0

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += seconds


class Venue:
    """Answers each question, unless it is told not to."""

    def __init__(self, clock: Still) -> None:
        self.clock, self.asked = clock, list[str]()
        self.fails: dict[str, Exception] = {}

    async def __call__(self, question: str) -> Answer:
        self.asked.append(question)
        if question in self.fails:
            raise self.fails[question]
        return Answer(200, {}, question.encode(), self.clock.at, self.clock.at)


def desk() -> tuple[Still, Venue, Kept[str]]:
    clock = Still()
    venue = Venue(clock)
    return clock, venue, Kept(venue, 100.0, clock)


async def test_only_what_is_missing_is_asked_for() -> None:
    _, venue, kept = desk()
    assert await kept.renew(["a", "b"]) is None
    assert await kept.renew(["b", "c"]) is None
    assert await kept.renew(["a"]) is None
    assert venue.asked == ["a", "b", "c"]


async def test_what_nobody_wants_is_forgotten_when_it_is_old() -> None:
    clock, _, kept = desk()
    await kept.renew(["a", "b"])
    clock.at += 50.0
    await kept.renew(["b"])
    assert kept.answers.keys() == {"a", "b"}
    clock.at += 40.0
    await kept.renew(["b"])
    assert kept.answers.keys() == {"b"}


async def test_what_is_old_is_asked_for_again() -> None:
    clock, venue, kept = desk()
    await kept.renew(["a"])
    clock.at += 79.0
    await kept.renew(["a", "b"])
    clock.at += 2.0
    await kept.renew(["a", "b"])
    assert venue.asked == ["a", "b", "a"]
    assert kept.oldest == 1079.0


async def test_a_refusal_costs_its_own_question_only_and_an_old_answer_stays() -> None:
    clock, venue, kept = desk()
    await kept.renew(["a"])
    clock.at += 90.0
    venue.fails["a"] = Refused("okx", "tiers", "no")
    assert isinstance(await kept.renew(["a", "b"]), Refused)
    assert kept.answers.keys() == {"a", "b"}
    assert kept.oldest == 1000.0


async def test_another_failure_stops_and_keeps_what_was_read() -> None:
    _, venue, kept = desk()
    venue.fails["b"] = FeedLost("okx", "tiers", "gone")
    with pytest.raises(FeedLost):
        await kept.renew(["a", "b", "c"])
    assert kept.answers.keys() == {"a"}
    assert venue.asked == ["a", "b"]


async def test_a_doubted_answer_is_asked_for_again_and_used_until_there_is_another() -> None:
    clock = Still()
    venue = Venue(clock)
    kept = Kept(venue, 100.0, clock)
    await kept.renew(["a", "b"])
    kept.doubt("a")
    venue.fails["a"] = Refused("okx", "tiers", "no", "51000")
    await kept.renew(["a", "b"])
    assert kept.answers.keys() == {"a", "b"}
    venue.fails.clear()
    await kept.renew(["a", "b"])
    await kept.renew(["a", "b"])
    assert venue.asked == ["a", "b", "a", "a"]
