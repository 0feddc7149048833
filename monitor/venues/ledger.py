"""The subscription ledger: per stream what was asked, acknowledged and delivered, and what follows from silence.

Pure. A socket that is open proves nothing, nor does an acknowledgement: venues acknowledge subscriptions on a wrong
route and then send nothing for ever. A stream is up when it is acknowledged and, if it should tick, ticking.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from monitor.domain.events import FeedDown, FeedUp
from monitor.domain.frames import Decoded, FrameKind, RowProblem
from monitor.domain.names import Venue
from monitor.domain.view import FeedStatus
from monitor.venues.phases import Phase, Signal, advance

KEPT_FRAMES = 5  #: malformed frames kept for diagnosis
KEPT_CHARACTERS = 300  #: of each of them
KEPT_ROWS = 3  #: bad rows named of each frame
_KEYS = re.compile(r'("listenKey"\s*:\s*")[^"]*')


def shortened(why: str, raw: bytes) -> str:
    """What is kept of something that could not be read: the reason, and its beginning without keys."""
    text = raw[:KEPT_CHARACTERS].decode("utf-8", "replace")
    return _KEYS.sub(r"\g<1>***", f"{why[: 2 * KEPT_CHARACTERS]}: {text}")


def rows_in_words(problems: Sequence[RowProblem]) -> str:
    """The first few bad rows of one answer or frame, and how many more there are."""
    said = [f"{one.row}: {one.why}" + (f" «{one.text}»" if one.text else "") for one in problems[:KEPT_ROWS]]
    more = len(problems) - len(said)
    return "; ".join(said) + (f"; and {more} more" if more else "")


class Moment(NamedTuple):
    """One moment on two clocks: wall time for stamps, steady time (never jumps) for ages."""

    wall: float
    steady: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamRule:
    """What is expected of one stream. `stream` is our name of it, `topic` the venue's ("" where the route is enough).

    `event` is the name of its frames where they come without the topic. `silent_seconds` None: quiet by nature, its
    liveness is the connection's heartbeat and a cross-check over REST.
    """

    stream: str
    topic: str = ""
    event: str = ""
    silent_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerLimits:
    """Seconds without acknowledgement after which a stream is asked for again, and its connection replaced."""

    acknowledge_seconds: float = 5.0
    reconnect_seconds: float = 10.0


@dataclass(slots=True)
class Subscription:
    """One stream on one connection; moments are steady seconds, None: not yet."""

    rule: StreamRule
    phase: Phase = Phase.CONNECTING
    asked: float | None = None
    acknowledged: float | None = None
    first_data: float | None = None
    last_data: float | None = None
    request_ids: set[int | str] = field(default_factory=set)
    reason: str = ""

    def signal(self, signal: Signal) -> None:
        """Move on in the table of phases."""
        self.phase = advance(self.phase, signal)

    @property
    def up(self) -> bool:
        """Whether it delivers."""
        return self.phase is Phase.LIVE


class Judgement(NamedTuple):
    """What is to be done now: streams to ask for again, and why the connection is to be replaced ("" if not)."""

    resubscribe: tuple[str, ...] = ()
    reconnect: str = ""


class Attempt:
    """All subscriptions of one connection. At a rollover two connections live side by side, each with its own."""

    def __init__(self, rules: Iterable[StreamRule], limits: LedgerLimits) -> None:
        self.limits = limits
        self.subscriptions = {rule.stream: Subscription(rule) for rule in rules}
        self._misread = float("-inf")  #: when the last frame came that could not be read

    @property
    def up(self) -> bool:
        """Whether every stream of this connection delivers."""
        return all(subscription.up for subscription in self.subscriptions.values())

    def asked(self, streams: Iterable[str], request_id: int | str | None, now: float) -> None:
        """The subscription was sent. `request_id` None: the route needs none, the handshake was the answer."""
        for stream in streams:
            subscription = self.subscriptions[stream]
            if subscription.asked is None:
                subscription.asked = now
            subscription.signal(Signal.ASKED)
            if request_id is None:
                self._acknowledge(subscription, now)
            else:
                subscription.request_ids.add(request_id)

    def acknowledged(self, request_id: int | str, now: float) -> bool:
        """The venue's yes. False if no request has that number."""
        hit = [one for one in self.subscriptions.values() if request_id in one.request_ids]
        for subscription in hit:
            self._acknowledge(subscription, now)
        return bool(hit)

    @staticmethod
    def _acknowledge(subscription: Subscription, now: float) -> None:
        if subscription.acknowledged is None:
            subscription.acknowledged = now
        subscription.signal(Signal.ACKNOWLEDGED)
        if subscription.rule.silent_seconds is None:
            subscription.signal(Signal.DELIVERED)
        if subscription.phase is not Phase.SILENT:
            subscription.reason = ""

    def refused(self, request_id: int | str | None, why: str) -> None:
        """The venue's no; without a number it is meant for every stream that still waits."""
        for subscription in self.subscriptions.values():
            waiting = subscription.phase in (Phase.SUBSCRIBING, Phase.UNACKNOWLEDGED)
            if request_id in subscription.request_ids or (request_id is None and waiting):
                subscription.reason = f"the venue refused the subscription: {why}"
                subscription.signal(Signal.ACKNOWLEDGEMENT_MISSED)

    def delivered(self, stream: str, now: float) -> bool:
        """Data of one stream came; whether that is news."""
        subscription = self.subscriptions[stream]
        subscription.last_data = now
        subscription.reason = ""
        if subscription.phase is Phase.LIVE:
            return False
        if subscription.first_data is None:
            subscription.first_data = now
        subscription.signal(Signal.DELIVERED)
        return True

    def misread(self, now: float) -> None:
        """A frame came that could not be read, and so does not say whose it was."""
        self._misread = now

    def lost(self, reason: str) -> None:
        """The connection is gone."""
        for subscription in self.subscriptions.values():
            subscription.signal(Signal.LOST)
            if subscription.phase is Phase.LOST:
                subscription.reason = reason

    def judge(self, now: float, missed: dict[str, int]) -> Judgement:
        """Look at every stream; counts of missed acknowledgements are added to `missed`."""
        again: list[str] = []
        reconnect = ""
        for stream, one in self.subscriptions.items():
            waited = 0.0 if one.asked is None else now - one.asked
            if one.phase is Phase.SUBSCRIBING and waited >= self.limits.acknowledge_seconds:
                missed[stream] = missed.get(stream, 0) + 1
                one.reason = f"no acknowledgement in {waited:.0f} s"
                one.signal(Signal.ACKNOWLEDGEMENT_MISSED)
                again.append(stream)
            elif one.phase is Phase.UNACKNOWLEDGED and waited >= self.limits.reconnect_seconds:
                missed[stream] = missed.get(stream, 0) + 1
                reconnect = reconnect or f"{stream}: {one.reason or f'no acknowledgement in {waited:.0f} s'}"
            elif (limit := one.rule.silent_seconds) is not None:
                since = one.last_data if one.last_data is not None else one.acknowledged
                silent = 0.0 if since is None else now - since
                if one.phase in (Phase.ACKNOWLEDGED, Phase.LIVE) and silent >= limit:
                    one.reason = f"{self._silence(one, since)} for {silent:.0f} s"
                    one.signal(Signal.FELL_SILENT)
                    again.append(stream)
                elif one.phase is Phase.SILENT and silent >= 2 * limit:
                    reconnect = reconnect or f"{stream}: {one.reason}"
        return Judgement(tuple(again), reconnect)

    def _silence(self, one: Subscription, since: float | None) -> str:
        if since is not None and self._misread > since:
            return "nothing came that could be read"
        return "silent" if one.last_data is not None else "acknowledged, but never sent anything,"


@dataclass(slots=True)
class Counters:
    """What arrived on one stream since the start; survives every reconnection.

    Each message is in one of `waiting`, `applied`, `conflated`, `overrun`, `ignored`, `acknowledged`, `refused`,
    `unrecognised` and `unreadable`; of these only `waiting` ever falls: what was understood is there until it is known
    which of the next three it comes to. It is a `frames.Frame` for its frames of one event.
    """

    messages: int = 0
    waiting: int = 0
    applied: int = 0
    conflated: int = 0
    overrun: int = 0
    ignored: int = 0
    acknowledged: int = 0
    refused: int = 0
    unrecognised: int = 0
    unreadable: int = 0
    malformed: int = 0  #: unreadable ones, and each bad row of the others
    reconnects: int = 0
    last_message: float | None = None
    lag_seconds: float | None = None

    def seen(self) -> None:
        """The engine took what a frame held."""
        self.waiting -= 1
        self.applied += 1

    def replaced(self) -> None:
        """Newer prices took the place of all that a frame held before anybody saw it."""
        self.waiting -= 1
        self.conflated += 1

    def found_no_room(self) -> None:
        """A fact of a frame was refused: what else it held, if anything, counts for nothing."""
        self.waiting -= 1
        self.overrun += 1


@dataclass(slots=True)
class Several:
    """A frame of several events: it is conflated away when every one of them was replaced, and else applied.

    One of which an event found no room never comes to its end, and is counted elsewhere.
    """

    counters: Counters
    left: int
    any_seen: bool = False

    def seen(self) -> None:
        """The engine took one of its events."""
        self.any_seen = True
        self._one_less()

    def replaced(self) -> None:
        """One of its prices was replaced before anybody saw it."""
        self._one_less()

    def _one_less(self) -> None:
        self.left -= 1
        if not self.left:
            if self.any_seen:
                self.counters.seen()
            else:
                self.counters.replaced()


class Ledger:
    """The streams of one feed over all its connections: states of the present one, counts of all."""

    def __init__(self, venue: Venue, account: str | None, rules: tuple[StreamRule, ...], limits: LedgerLimits) -> None:
        self.venue, self.account, self.rules, self.limits = venue, account, rules, limits
        self.counters = {rule.stream: Counters() for rule in rules}
        self.missed: dict[str, int] = {}
        self.malformed: deque[str] = deque(maxlen=KEPT_FRAMES)  #: the last ones, shortened, with the reason
        self._topics = {rule.topic: rule.stream for rule in rules if rule.topic}
        self._events = {rule.event: rule.stream for rule in rules if rule.event}
        self._told: dict[str, bool | None] = dict.fromkeys(self.counters)
        self._connected_once = False
        self.attempt = Attempt(rules, limits)
        for one in self.attempt.subscriptions.values():
            one.phase = Phase.WAITING

    def dial(self) -> Attempt:
        """A connection is begun. It becomes the present one with `adopt`: at once, or when it delivers (rollover)."""
        return Attempt(self.rules, self.limits)

    def adopt(self, attempt: Attempt) -> None:
        """From now on this connection's states are the streams' states."""
        self.attempt = attempt

    def opened(self) -> None:
        """A socket is open; every one but the first is a reconnection."""
        if self._connected_once:
            for counters in self.counters.values():
                counters.reconnects += 1
        self._connected_once = True

    def stop(self, reason: str) -> None:
        """No attempt is made any more."""
        for one in self.attempt.subscriptions.values():
            one.signal(Signal.STOPPED)
            one.reason = reason

    def stream_of(self, decoded: Decoded) -> str | None:
        """Whose frame this is, by its topic or the name of its event; None if it does not say."""
        if not self._topics:
            return self.rules[0].stream
        return self._topics.get(decoded.stream) or self._events.get(decoded.name)

    def count(self, decoded: Decoded, raw: bytes, received: float, offset_seconds: float) -> Counters:
        """Count a frame, and return where. Malformed ones are kept, shortened and without keys.

        One that holds events waits until somebody says what became of them; one that does not say whose it is counts
        with the first stream of its connection.
        """
        stream = self.stream_of(decoded) or self.rules[0].stream
        counters = self.counters[stream]
        counters.messages += 1
        counters.last_message = received
        if decoded.venue_time is not None:
            counters.lag_seconds = received + offset_seconds - decoded.venue_time
        match decoded.kind:
            case FrameKind.DATA | FrameKind.KEY_EXPIRED if decoded.events:
                counters.waiting += 1
            case FrameKind.DATA | FrameKind.KEY_EXPIRED:
                counters.applied += 1
            case FrameKind.IGNORED:
                counters.ignored += 1
            case FrameKind.ACKNOWLEDGED:
                counters.acknowledged += 1
            case FrameKind.REFUSED:
                counters.refused += 1
            case FrameKind.UNRECOGNISED:
                counters.unrecognised += 1
            case FrameKind.MALFORMED:
                counters.unreadable += 1
                counters.malformed += 1
                self.malformed.append(shortened(decoded.why, raw))
        if decoded.problems and decoded.kind is not FrameKind.MALFORMED:
            self.count_rows(stream, decoded.problems, raw)
        return counters

    def count_rows(self, stream: str, problems: Sequence[RowProblem], raw: bytes) -> None:
        """Count and keep bad rows of what a stream tells, also where REST told it in the stream's place."""
        if problems:
            self.counters[stream].malformed += len(problems)
            self.malformed.append(shortened(rows_in_words(problems), raw))

    def edges(self, now: float) -> tuple[FeedUp | FeedDown, ...]:
        """What changed between up and down since the last call. The first failure is told although nothing was up."""
        changed: list[FeedUp | FeedDown] = []
        for stream, one in self.attempt.subscriptions.items():
            if one.up and self._told[stream] is not True:
                self._told[stream] = True
                changed.append(FeedUp(self.venue, self.account, stream, now))
            down = one.phase in (Phase.UNACKNOWLEDGED, Phase.SILENT, Phase.LOST, Phase.STOPPED)
            if down and self._told[stream] is not False:
                self._told[stream] = False
                changed.append(FeedDown(self.venue, self.account, stream, now, one.reason))
        return tuple(changed)

    def statuses(self) -> tuple[FeedStatus, ...]:
        """One row a stream, for the outputs."""
        return tuple(
            _status(self.venue, self.account, self.counters[stream], one, self.missed)
            for stream, one in self.attempt.subscriptions.items()
        )


def _status(
    venue: Venue, account: str | None, counters: Counters, one: Subscription, missed: Mapping[str, int]
) -> FeedStatus:
    return FeedStatus(
        venue=venue,
        account=account or "",
        stream=one.rule.stream,
        phase=one.phase.value,
        up=one.up,
        reason=one.reason,
        last_message=counters.last_message,
        lag_seconds=counters.lag_seconds,
        reconnects=counters.reconnects,
        messages=counters.messages,
        malformed=counters.malformed,
        unrecognised=counters.unrecognised,
        ignored=counters.ignored,
        missed_acknowledgements=missed.get(one.rule.stream, 0),
        waiting=counters.waiting,
        applied=counters.applied,
        conflated=counters.conflated,
        overrun=counters.overrun,
        acknowledged=counters.acknowledged,
        refused=counters.refused,
        unreadable=counters.unreadable,
    )
