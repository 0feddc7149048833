"""What is said and heard on one connection of a ledger: login, subscriptions, pings, and frames passed on.

It speaks no venue's language: a `Speech` does, and nothing here depends on which. Subscriptions are said when the
socket is open and, where there is one, the login was accepted; topics that are wanted later, or no longer, follow while
the connection lives.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from monitor.domain.errors import AuthRejected, FeedLost, Overrun, VenueError
from monitor.domain.events import Event
from monitor.domain.frames import Decoded, FrameKind
from monitor.venues.ledger import Counters, Ledger, Several
from monitor.venues.session import Put
from monitor.venues.subscriptions import Attempt, Moment

Heard = Callable[[Decoded], None]
Record = Callable[[bytes, float], None]
RequestId = int | str


@dataclass(frozen=True, slots=True)
class Ask:
    """A text to be sent, and under which id each key of the ledger that it asks for is acknowledged or refused."""

    text: str
    ids: Mapping[str, RequestId]


@dataclass(frozen=True, slots=True)
class Login:
    """A text that says who we are, and the id under which it is acknowledged or refused."""

    text: str
    request_id: RequestId


class Speech(ABC):
    """A venue's language on one kind of socket; a room writes its own, and one lasts as long as one connection.

    What a venue does without stays as it is here. Nothing here awaits; secrets stand in texts to be sent, nowhere else.
    """

    ping_every_seconds: float | None = None  #: a ping in words, where the venue wants one
    deaf_seconds: float | None = None  #: without any frame, also a pong, for this long the connection is dead

    @abstractmethod
    def decode(self, raw: bytes, received: float) -> Decoded:
        """One frame. Never raises."""

    def beside(self, raw: bytes, decoded: Decoded, received: float) -> Event | None:  # noqa: B027 - a venue that does without says nothing
        """What else a frame tells, beside the events that it is counted by; None where it is nothing."""

    def login(self, at: Moment) -> Login | None:  # noqa: B027 - a venue that does without says nothing
        """What is said before anything else; None where nobody asks who we are."""

    def login_refused(self, decoded: Decoded, what: str, venue: str) -> VenueError:
        """What a refused login means. A key that is no good is for a person, and not tried in a hurry."""
        return AuthRejected(venue, what, f"the login was refused: {decoded.why}")

    @abstractmethod
    def subscribe(self, topics: Sequence[str], *, again: bool = False) -> Sequence[Ask]:
        """Ask for these topics. `again`: they were asked for on this connection before, and something is wrong."""

    def unsubscribe(self, topics: Sequence[str]) -> Sequence[str]:  # noqa: ARG002 - there is nothing to be said
        """Have these topics stop. Their acknowledgements are counted, and nobody waits for them; none where topics
        last as long as their connection.
        """
        return ()

    def ping(self) -> str:
        """The ping in words."""
        return ""

    def leaving(self, decoded: Decoded) -> str | None:  # noqa: B027 - a venue that does without says nothing
        """Why the venue wants this connection replaced, if this frame says so; None if it does not."""


class Conversation:
    """A `feed.Talk` for one connection of a ledger's streams.

    `record` is told every frame as it came, and when; `heard` sees every decoded one before its events go out;
    `objection` may ask for a new connection ("" for none). `what` names the connection in errors.
    """

    def __init__(
        self,
        ledger: Ledger,
        speech: Speech,
        emit: Put,
        offset: Callable[[], float],
        *,
        what: str,
        route: str = "",
        heard: Heard | None = None,
        objection: Callable[[], str] = lambda: "",
        record: Record | None = None,
    ) -> None:
        self._ledger, self._speech, self._emit, self._offset = ledger, speech, emit, offset
        self._what, self._route = what, route
        self._heard, self._objection, self._record = heard, objection, record
        self._attempt: Attempt = ledger.dial(route)
        self._open = False
        self._login: RequestId | None = None  #: under which we wait to be let in
        self._login_asked = 0.0
        self._refusal: VenueError | None = None
        self._last_frame = self._last_ping = 0.0
        self._leaving = ""

    @property
    def _present(self) -> bool:
        return self._ledger.attempts.get(self._route) is self._attempt

    # Talk

    def opened(self, at: Moment) -> Sequence[str]:
        """Log in, or subscribe at once; streams without a topic are acknowledged by the handshake."""
        self._ledger.opened(self._route)
        self._open, self._last_frame, self._last_ping = True, at.steady, at.steady
        without = [key for key, one in self._attempt.subscriptions.items() if not one.rule.topic]
        self._attempt.asked(without, None, at.steady)
        login = self._speech.login(at)
        if login is None:
            said = self._subscribe(self._attempt.unasked, at)
        else:
            self._login, self._login_asked = login.request_id, at.steady
            said = [login.text]
        self._tell(at)
        return said

    def frame(self, raw: bytes, at: Moment) -> None:
        """Decode, count, pass on."""
        self._last_frame = at.steady
        if self._record is not None:
            self._record(raw, at.wall)
        decoded = self._speech.decode(raw, at.wall)
        counters = self._ledger.count(decoded, raw, at.wall, self._offset(), self._route)
        try:
            if self._news(decoded, at):
                self._tell(at)
            if self._heard is not None:
                self._heard(decoded)
            if decoded.events:
                self._pass_on(decoded.events, counters)
                beside = self._speech.beside(raw, decoded, at.wall)
                if beside is not None:
                    self._emit(beside)
        except Overrun:
            if decoded.events:
                counters.found_no_room()
            raise

    def watch(self, at: Moment) -> Sequence[str]:
        """Judge the ledger: subscribe again where nothing was acknowledged or came, give up where that did not help."""
        self._judge_connection(at)
        dropped = self._attempt.take_in(self._ledger.wanted(self._route))
        judgement = self._attempt.judge(at.steady, self._ledger.missed)
        self._tell(at)
        if judgement.reconnect:
            raise FeedLost(self._ledger.venue, self._what, judgement.reconnect)
        self._leaving = self._leaving or judgement.replace
        said = [*self._ping(at)]
        if self._open and self._login is None:
            said += self._speech.unsubscribe(dropped) if dropped else ()
            said += self._subscribe(judgement.resubscribe, at, again=True)
            said += self._subscribe(self._attempt.unasked, at)
        return said

    def replacement_wanted(self) -> str:
        """Why another connection should take this one's place soon; "" if it may grow old."""
        return self._leaving

    def delivering(self) -> bool:
        """Whether every stream that is wanted delivers."""
        there = self._ledger.wanted(self._route).keys() <= self._attempt.subscriptions.keys()
        return self._open and self._login is None and there and self._attempt.up

    def adopted(self, at: Moment) -> None:
        """From now on the ledger shows this connection."""
        self._ledger.adopt(self._attempt)
        self._tell(at)

    def lost(self, reason: str, at: Moment) -> None:
        """The connection is gone."""
        self._open = False
        self._attempt.lost(reason)
        self._tell(at)

    # Its parts

    def _judge_connection(self, at: Moment) -> None:
        """Raise what ends this connection whatever its streams do."""
        objection = self._objection()
        if objection:
            raise FeedLost(self._ledger.venue, self._what, objection)
        if self._refusal is not None:
            raise self._refusal
        waited = at.steady - self._login_asked
        if self._login is not None and waited >= self._ledger.limits.acknowledge_seconds:
            raise FeedLost(self._ledger.venue, self._what, f"no answer to the login in {waited:.0f} s")
        deaf, silent = self._speech.deaf_seconds, at.steady - self._last_frame
        if self._open and deaf is not None and silent >= deaf:
            raise FeedLost(self._ledger.venue, self._what, f"nothing came for {silent:.0f} s, not even a pong")

    def _ping(self, at: Moment) -> Iterable[str]:
        every = self._speech.ping_every_seconds
        if every is None or not self._open or at.steady - self._last_ping < every:
            return ()
        self._last_ping = at.steady
        return (self._speech.ping(),)

    def _news(self, decoded: Decoded, at: Moment) -> bool:
        """Note what a frame says of the streams; whether one of them may be up or down since."""
        self._leaving = self._leaving or self._speech.leaving(decoded) or ""
        match decoded.kind:
            case FrameKind.DATA | FrameKind.IGNORED:
                # A frame of which every row is bad proves nothing: the stream does not tell what it should.
                key = self._ledger.key_of(decoded, self._route)
                if key is not None and key in self._attempt.subscriptions and (decoded.events or not decoded.problems):
                    return self._attempt.delivered(key, at.steady)
            case FrameKind.ACKNOWLEDGED if decoded.request_id is not None:
                if decoded.request_id == self._login:
                    self._login = None  # the next look at the ledger subscribes
                self._attempt.acknowledged(decoded.request_id, at.steady)
                return True
            case FrameKind.REFUSED:
                if self._login is not None and decoded.request_id in (None, self._login):
                    self._refusal = self._speech.login_refused(decoded, self._what, self._ledger.venue)
                self._attempt.refused(decoded.request_id, decoded.why, at.steady)
                return True
            case FrameKind.MALFORMED:
                self._attempt.misread(at.steady)
            case _:
                pass
        return False

    def _pass_on(self, events: Sequence[Event], counters: Counters) -> None:
        frame = counters if len(events) == 1 else Several(counters, len(events))
        for event in events:
            self._emit(event, frame)

    def _subscribe(self, keys: Sequence[str], at: Moment, *, again: bool = False) -> list[str]:
        """The texts that ask for these subscriptions of the ledger."""
        by_topic = {one.rule.topic: key for key in keys if (one := self._attempt.subscriptions[key]).rule.topic}
        if not by_topic:
            return []
        texts = []
        for ask in self._speech.subscribe(tuple(by_topic), again=again):
            for topic, request_id in ask.ids.items():
                self._attempt.asked((by_topic[topic],), request_id, at.steady)
            texts.append(ask.text)
        return texts

    def _tell(self, at: Moment) -> None:
        """Emit what changed between up and down, if this is the connection that counts."""
        if self._present:
            for edge in self._ledger.edges(at.wall):
                self._emit(edge)
