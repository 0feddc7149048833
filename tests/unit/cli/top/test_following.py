"""Staying with a monitor: its stream, asking again and again, and coming back."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Any

import pytest

from monitor.cli.codes import NotAllowed, Unavailable
from monitor.cli.top import following
from monitor.cli.top.client import Busy
from monitor.cli.top.following import LONGEST_SECONDS, POLL_SECONDS, STREAM_AGAIN_SECONDS, delays, follow


class Enough(Exception):
    """The test has seen enough."""


@dataclass
class Script:
    """A monitor whose streams are written down: events, then what ends it. `told` is what the listener heard."""

    streams: list[list[Any]]
    answers: dict[str, Any] = field(default_factory=dict)
    told: list[Any] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)
    now: float = 0.0
    sleeps: int = 50
    url: str = "http://monitor"
    has_token: bool = False

    async def stream(self) -> AsyncGenerator[tuple[str, dict[str, Any]], None]:
        if not self.streams:
            raise Enough
        for event in self.streams.pop(0):
            if isinstance(event, Exception):
                raise event
            if isinstance(event, float):
                self.now += event
            else:
                yield event

    async def ask(self, method: str, path: str, *, query: Any = None, body: Mapping[str, object] | None = None) -> Any:
        answer = self.answers[path]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def snapshot(self, document: dict[str, Any]) -> None:
        if document.get("strange"):
            raise Unavailable("that is no monitor")
        self.told.append(("snapshot", document))

    def change(self, change: dict[str, Any]) -> None:
        self.told.append(("change", change))

    def lost(self, reason: str, again_seconds: float) -> None:
        self.told.append(("lost", reason))

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        if len(self.slept) >= self.sleeps:
            raise Enough

    async def run(self) -> list[Any]:
        with pytest.raises(Enough):
            await follow(self, self, sleep=self.sleep, clock=lambda: self.now)
        return self.told


async def test_what_the_stream_says_is_passed_on_and_its_end_is_told() -> None:
    script = Script([[("snapshot", {"a": 1}), ("other", {}), ("change", {"b": 2}), Unavailable("it has hung up")]])
    assert await script.run() == [("snapshot", {"a": 1}), ("change", {"b": 2}), ("lost", "it has hung up")]


async def test_each_wait_is_longer_up_to_a_bound_and_never_the_same_for_all() -> None:
    script = Script([[Unavailable("nobody answers")] for _ in range(40)])
    await script.run()
    assert len(script.slept) == 40
    assert max(script.slept) <= LONGEST_SECONDS
    assert script.slept[0] <= 0.5
    least, most = (list(islice(delays(partial(float, part)), 20)) for part in (0.0, 0.999))
    assert all(one < other for one, other in zip(least, most, strict=True))


async def test_a_monitor_that_accepts_and_hangs_up_is_not_hammered() -> None:
    script = Script([[("snapshot", {}), Unavailable("hung up")] for _ in range(30)])
    await script.run()
    assert sum(script.slept[-10:]) > 10 * LONGEST_SECONDS / 2 * 0.9


async def test_after_a_long_connection_the_first_wait_is_short_again() -> None:
    script = Script([*([Unavailable("gone")] for _ in range(20)), [("snapshot", {}), 60.0, Unavailable("gone")]])
    await script.run()
    assert script.slept[-1] <= following.FIRST_SECONDS


async def test_a_stream_that_is_refused_is_polled_for_and_tried_again() -> None:
    answers = {"/api/v1/pools": {"at": 1.0, "alerts": ["short"]}, "/api/v1/alerts": {"alerts": ["whole"]}}
    script = Script([[Busy("32 watch already")], [("snapshot", {"b": 2}), Unavailable("gone")]], answers)
    told = await script.run()
    polls = round(STREAM_AGAIN_SECONDS / POLL_SECONDS + 0.5)
    assert told[:polls] == [("snapshot", {"at": 1.0, "alerts": ["whole"]})] * polls
    assert told[polls:] == [("snapshot", {"b": 2}), ("lost", "gone")]


async def test_where_neither_answers_it_is_lost_with_the_reason() -> None:
    script = Script([[Busy("32 watch")]], {"/api/v1/pools": Unavailable("does not answer within 10 s")})
    assert await script.run() == [("lost", "does not answer within 10 s")]


@pytest.mark.parametrize("event", [NotAllowed("it wants a token"), ("snapshot", {"strange": True})])
async def test_what_is_not_allowed_or_no_monitor_is_told_and_tried_again(event: Any) -> None:
    told = await Script([[event], [event]]).run()
    assert [kind for kind, _ in told] == ["lost", "lost"]
