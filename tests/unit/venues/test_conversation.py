"""What is said on a connection, and when: logins first, topics that come and go, pings, and reasons to leave."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import pytest

from monitor.domain.errors import AuthRejected, FeedLost
from monitor.domain.events import Event, FeedDown, FeedUp
from monitor.domain.frames import Decoded, Frame, FrameKind
from monitor.venues.conversation import Ask, Conversation, Login, Speech
from monitor.venues.ledger import Ledger
from monitor.venues.subscriptions import LedgerLimits, Moment

LOGIN = "login"


class Plain(Speech):
    """A made-up language: frames are JSON objects that say their kind."""

    ping_every_seconds = 10.0
    deaf_seconds = 15.0

    def __init__(self, *, logs_in: bool = False) -> None:
        self._logs_in = logs_in

    def decode(self, raw: bytes, received: float) -> Decoded:
        said = json.loads(raw)
        return Decoded(FrameKind(said["kind"]), said.get("name", ""), said.get("topic", ""), request_id=said.get("id"))

    def login(self, at: Moment) -> Login | None:
        return Login("who I am", LOGIN) if self._logs_in else None

    def subscribe(self, topics: Sequence[str], *, again: bool = False) -> Sequence[Ask]:
        return [Ask(f"{'again' if again else 'subscribe'} {topic}", {topic: topic}) for topic in topics]

    def unsubscribe(self, topics: Sequence[str]) -> Sequence[str]:
        return [f"unsubscribe {topic}" for topic in topics]

    def ping(self) -> str:
        return "ping"

    def leaving(self, decoded: Decoded) -> str | None:
        return "it will be closed" if decoded.name == "notice" else None


class Bench:
    """A conversation without a socket."""

    def __init__(self, *topics: str, logs_in: bool = False, objection: Callable[[], str] = lambda: "") -> None:
        self.events: list[Event] = []
        self.ledger = Ledger("v", None, (), LedgerLimits(), rows=("marks",))
        self.ledger.want("marks", topics, first_seconds=5.0)
        self.talk = Conversation(
            self.ledger, Plain(logs_in=logs_in), self._put, lambda: 0.0, what="market", objection=objection
        )
        self.talk.adopted(self.at(0.0))

    def _put(self, event: Event, frame: Frame | None = None, /) -> None:
        self.events.append(event)

    @staticmethod
    def at(seconds: float) -> Moment:
        return Moment(1_700_000_000.0 + seconds, seconds)

    def opened(self, seconds: float = 0.0) -> list[str]:
        return list(self.talk.opened(self.at(seconds)))

    def watch(self, seconds: float) -> list[str]:
        return list(self.talk.watch(self.at(seconds)))

    def hears(self, seconds: float, kind: FrameKind, **said: str) -> None:
        self.talk.frame(json.dumps({"kind": kind, **said}).encode(), self.at(seconds))

    def delivers(self, seconds: float, *topics: str) -> None:
        for topic in topics:
            self.hears(seconds, FrameKind.ACKNOWLEDGED, id=topic)
            self.hears(seconds, FrameKind.DATA, topic=topic)


def test_topics_are_asked_for_when_the_socket_opens() -> None:
    bench = Bench("a", "b")
    assert bench.opened() == ["subscribe a", "subscribe b"]
    assert bench.watch(0.5) == []
    bench.delivers(1.0, "a", "b")
    assert bench.talk.delivering()
    assert [type(event) for event in bench.events] == [FeedUp]


def test_nothing_is_asked_for_before_the_login_was_accepted() -> None:
    bench = Bench("a", logs_in=True)
    assert bench.opened() == ["who I am"]
    assert bench.watch(0.5) == []
    assert not bench.talk.delivering()
    bench.hears(0.6, FrameKind.ACKNOWLEDGED, id=LOGIN)
    assert bench.watch(1.0) == ["subscribe a"]


def test_a_refused_login_is_for_a_person() -> None:
    bench = Bench("a", logs_in=True)
    bench.opened()
    bench.hears(0.5, FrameKind.REFUSED, id=LOGIN)
    with pytest.raises(AuthRejected):
        bench.watch(1.0)


def test_a_login_without_an_answer_is_a_lost_connection() -> None:
    bench = Bench("a", logs_in=True)
    bench.opened()
    with pytest.raises(FeedLost, match="no answer to the login in 5 s"):
        bench.watch(5.0)


def test_topics_that_come_and_go_follow_at_the_next_look() -> None:
    bench = Bench("a")
    bench.opened()
    bench.delivers(0.1, "a")
    bench.ledger.want("marks", ["b"], first_seconds=5.0)
    assert not bench.talk.delivering()
    assert bench.watch(0.5) == ["unsubscribe a", "subscribe b"]
    bench.hears(0.6, FrameKind.DATA, topic="a")
    bench.delivers(0.7, "b")
    assert bench.talk.delivering()


def test_what_is_not_acknowledged_is_asked_for_again() -> None:
    bench = Bench("a", "b")
    bench.opened()
    bench.delivers(0.1, "a")
    assert bench.watch(5.0) == ["again b"]
    assert isinstance(bench.events[-1], FeedDown)


def test_where_a_part_fails_another_connection_is_wanted_and_this_one_serves_on() -> None:
    bench = Bench("a", "b")
    bench.opened()
    bench.delivers(0.1, "a")
    bench.watch(5.0)
    assert not bench.talk.replacement_wanted()
    bench.watch(10.0)
    assert bench.talk.replacement_wanted() == "b: no acknowledgement in 5 s"


def test_a_notice_of_the_venue_has_the_connection_replaced() -> None:
    bench = Bench("a")
    bench.opened()
    bench.delivers(0.1, "a")
    bench.hears(0.2, FrameKind.IGNORED, name="notice")
    assert bench.talk.replacement_wanted() == "it will be closed"
    assert bench.talk.delivering()


def test_pings_are_said_in_words_as_often_as_the_venue_wants() -> None:
    bench = Bench("a")
    bench.opened()
    said = []
    for seconds in range(1, 31):
        bench.hears(float(seconds), FrameKind.IGNORED)
        bench.delivers(float(seconds), "a")
        said += [text for text in bench.watch(float(seconds)) if text == "ping"]
    assert len(said) == 3


def test_without_any_frame_not_even_a_pong_the_connection_is_dead() -> None:
    bench = Bench("a")
    bench.opened()
    bench.delivers(0.1, "a")
    bench.watch(14.0)
    with pytest.raises(FeedLost, match="not even a pong"):
        bench.watch(15.2)


def test_an_objection_ends_it() -> None:
    bench = Bench("a", objection=lambda: "the key died")
    bench.opened()
    with pytest.raises(FeedLost, match="the key died"):
        bench.watch(0.5)


def test_only_the_present_connection_tells() -> None:
    bench = Bench("a")
    bench.opened()
    bench.delivers(0.1, "a")
    told = len(bench.events)
    successor = Conversation(bench.ledger, Plain(), bench._put, lambda: 0.0, what="market")
    successor.opened(bench.at(1.0))
    assert not successor.delivering()
    successor.lost("refused", bench.at(1.5))
    assert len(bench.events) == told
    assert bench.ledger.up("marks")
