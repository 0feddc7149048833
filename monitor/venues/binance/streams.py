"""One conversation for both routes: subscribe where there is something to, keep the ledger, pass events on."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable, Sequence

from monitor.domain.errors import FeedLost, Overrun
from monitor.domain.events import Event
from monitor.domain.frames import Decoded, FrameKind
from monitor.domain.names import AccountKey
from monitor.venues.binance.codec import decode
from monitor.venues.binance.funding import Glances
from monitor.venues.ledger import Attempt, Counters, Ledger, Moment, Several
from monitor.venues.session import Put

Heard = Callable[[Decoded], None]
Record = Callable[[bytes, float], None]


class Conversation:
    """A `feed.Talk` for one connection of a ledger's streams.

    `record` is told every frame as it came, and when; `heard` sees every decoded one before its events go out;
    `objection` may ask for a new connection ("" for none).
    """

    def __init__(
        self,
        ledger: Ledger,
        emit: Put,
        offset: Callable[[], float],
        heard: Heard | None = None,
        objection: Callable[[], str] = lambda: "",
        record: Record | None = None,
    ) -> None:
        self._ledger, self._emit, self._offset = ledger, emit, offset
        self._heard, self._objection, self._record = heard, objection, record
        self._attempt: Attempt = ledger.dial()
        self._ids = itertools.count(1)
        self._glances = Glances()
        self._venue = ledger.venue
        self._account = None if ledger.account is None else AccountKey(ledger.venue, ledger.account)

    @property
    def _present(self) -> bool:
        return self._ledger.attempt is self._attempt

    def opened(self, at: Moment) -> Sequence[str]:
        """Subscribe to all topics in one request; streams without a topic are acknowledged by the handshake."""
        self._ledger.opened()
        self._attempt.asked([rule.stream for rule in self._ledger.rules if not rule.topic], None, at.steady)
        replies = self._subscribe([rule.stream for rule in self._ledger.rules if rule.topic], at)
        self._tell(at)
        return replies

    def frame(self, raw: bytes, at: Moment) -> None:
        """Decode, count, pass on."""
        if self._record is not None:
            self._record(raw, at.wall)
        decoded = decode(raw, venue=self._venue, account=self._account, received=at.wall)
        counters = self._ledger.count(decoded, raw, at.wall, self._offset())
        try:
            if self._news(decoded, at):
                self._tell(at)
            if self._heard is not None:
                self._heard(decoded)
            if decoded.events:
                self._pass_on(decoded.events, counters)
                funding = self._glances.at(raw, decoded.events, at.wall)
                if funding is not None:
                    self._emit(funding)
        except Overrun:
            if decoded.events:
                counters.found_no_room()
            raise

    def _news(self, decoded: Decoded, at: Moment) -> bool:
        """Note what a frame says of the streams; whether one of them may be up or down since."""
        match decoded.kind:
            case FrameKind.DATA | FrameKind.IGNORED:
                # A frame of which every row is bad proves nothing: the stream does not tell what it should.
                stream = self._ledger.stream_of(decoded)
                if stream is not None and (decoded.events or not decoded.problems):
                    return self._attempt.delivered(stream, at.steady)
            case FrameKind.ACKNOWLEDGED if decoded.request_id is not None:
                self._attempt.acknowledged(decoded.request_id, at.steady)
                return True
            case FrameKind.REFUSED:
                self._attempt.refused(decoded.request_id, decoded.why)
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

    def watch(self, at: Moment) -> Sequence[str]:
        """Judge the ledger: subscribe again where nothing was acknowledged or came, give up where that did not help."""
        objection = self._objection()
        if objection:
            raise FeedLost(self._ledger.venue, self._what, objection)
        judgement = self._attempt.judge(at.steady, self._ledger.missed)
        self._tell(at)
        if judgement.reconnect:
            raise FeedLost(self._ledger.venue, self._what, judgement.reconnect)
        topics = {rule.stream for rule in self._ledger.rules if rule.topic}
        return self._subscribe([stream for stream in judgement.resubscribe if stream in topics], at)

    def delivering(self) -> bool:
        """Whether every stream delivers."""
        return self._attempt.up

    def adopted(self, at: Moment) -> None:
        """From now on the ledger shows this connection."""
        self._ledger.adopt(self._attempt)
        self._tell(at)

    def lost(self, reason: str, at: Moment) -> None:
        """The connection is gone."""
        self._attempt.lost(reason)
        self._tell(at)

    @property
    def _what(self) -> str:
        return self._ledger.rules[0].stream

    def _subscribe(self, streams: Iterable[str], at: Moment) -> Sequence[str]:
        asked = list(streams)
        if not asked:
            return ()
        topics = [rule.topic for rule in self._ledger.rules if rule.stream in asked]
        number = next(self._ids)
        self._attempt.asked(asked, number, at.steady)
        return (json.dumps({"method": "SUBSCRIBE", "params": topics, "id": number}),)

    def _tell(self, at: Moment) -> None:
        """Emit what changed between up and down, if this is the connection that counts."""
        if self._present:
            for edge in self._ledger.edges(at.wall):
                self._emit(edge)
