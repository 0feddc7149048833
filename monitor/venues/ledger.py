"""The subscription ledger: the rows that are shown of streams, with their states and counts over all connections. Pure.

A row is one stream, or several topics that come and go: it is up when each of them is, but for those that the venue
refuses beside others that it has. Whoever holds a contract that is no longer there learns that of its price, which
grows old; the others' prices are as good as before. Topics may be on several sockets, told apart by their routes.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from monitor.domain.events import FeedDown, FeedUp
from monitor.domain.frames import Decoded, FrameKind, RowProblem
from monitor.domain.names import Venue
from monitor.domain.view import FeedStatus
from monitor.venues.phases import Phase
from monitor.venues.subscriptions import Attempt, LedgerLimits, StreamRule, Subscription

KEPT_FRAMES = 5  #: malformed frames kept for diagnosis
KEPT_CHARACTERS = 300  #: of each of them
KEPT_ROWS = 3  #: bad rows named of each frame
NAMED_TOPICS = 3  #: of those that fail, in a row's reason
IDLE = "idle"  #: the phase of a row that needs no topic now: it is up
_KEYS = re.compile(r'("(?:listenKey|apiKey|api_key|secret|passphrase)"\s*:\s*")[^"]*')


def shortened(why: str, raw: bytes) -> str:
    """What is kept of something that could not be read: the reason, and its beginning without keys."""
    text = raw[:KEPT_CHARACTERS].decode("utf-8", "replace")
    return _KEYS.sub(r"\g<1>***", f"{why[: 2 * KEPT_CHARACTERS]}: {text}")


def rows_in_words(problems: Sequence[RowProblem]) -> str:
    """The first few bad rows of one answer or frame, and how many more there are."""
    said = [f"{one.row}: {one.why}" + (f" «{one.text}»" if one.text else "") for one in problems[:KEPT_ROWS]]
    more = len(problems) - len(said)
    return "; ".join(said) + (f"; and {more} more" if more else "")


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


@dataclass(frozen=True, slots=True)
class Row:
    """What is shown of one row: the worst of its topics' phases, and why, naming them."""

    phase: str
    up: bool
    reason: str = ""
    down: bool = False  #: surely not delivering, rather than not yet
    whole: bool = True  #: nothing that is wanted of it is refused


_WORST_FIRST = (
    Phase.STOPPED, Phase.LOST, Phase.SILENT, Phase.UNACKNOWLEDGED,
    Phase.WAITING, Phase.CONNECTING, Phase.SUBSCRIBING, Phase.ACKNOWLEDGED, Phase.LIVE,
)  # fmt: skip
_DOWN = frozenset({Phase.UNACKNOWLEDGED, Phase.SILENT, Phase.LOST, Phase.STOPPED})


class Ledger:
    """The streams of one feed over all its connections: states of the present ones, counts of all."""

    def __init__(
        self,
        venue: Venue,
        account: str | None,
        rules: tuple[StreamRule, ...],
        limits: LedgerLimits,
        rows: tuple[str, ...] = (),
    ) -> None:
        """`rules` are streams that are always wanted, all on one route (""); `rows` names those whose topics `want`
        tells.
        """
        self.venue, self.account, self.rules, self.limits = venue, account, rules, limits
        self.rows = (*(rule.stream for rule in rules), *rows)
        self.counters = {stream: Counters() for stream in self.rows}
        self.missed: dict[str, int] = {}
        self.malformed: deque[str] = deque(maxlen=KEPT_FRAMES)  #: the last ones, shortened, with the reason
        self._topics = {rule.topic: rule.stream for rule in rules if rule.topic}
        self._events = {rule.event: rule.stream for rule in rules if rule.event}
        self._told: dict[str, bool | None] = dict.fromkeys(self.counters)
        self._connected: set[str] = set()  #: routes that had a socket once
        self._wanted: dict[str, dict[str, StreamRule]] = {}  #: topics that come and go, by route
        self._asked_for: set[str] = set()  #: rows of which somebody said what they need
        self._stopped = ""
        self.attempts = {"": Attempt(rules, limits)} if rules else {}
        for one in (one for attempt in self.attempts.values() for one in attempt.subscriptions.values()):
            one.phase = Phase.WAITING

    @property
    def attempt(self) -> Attempt:
        """The present connection of the ledger's only route."""
        return self.attempts[""]

    # Topics that come and go

    def want(
        self,
        stream: str,
        topics: Iterable[str],
        *,
        route: str = "",
        silent_seconds: float | None = None,
        first_seconds: float | None = None,
        quiet: Collection[str] = (),
    ) -> None:
        """From now on the row `stream` needs these topics, and no others, on this route. What is not on its connection
        is subscribed there soon, and what is no longer wanted is unsubscribed. `quiet` ones among them may be silent.
        """
        wanted = self._wanted.setdefault(route, {})
        others = {key: rule for key, rule in wanted.items() if rule.stream != stream}
        ours = {
            topic: StreamRule(
                stream=stream,
                topic=topic,
                silent_seconds=None if topic in quiet else silent_seconds,
                first_seconds=None if topic in quiet else first_seconds,
                dynamic=True,
            )
            for topic in topics
        }
        self._wanted[route] = {**others, **ours}
        self._asked_for.add(stream)

    def wanted(self, route: str = "") -> Mapping[str, StreamRule]:
        """The topics that are wanted on this route."""
        return self._wanted.get(route, {})

    def rows_of(self, route: str) -> tuple[str, ...]:
        """The rows with a topic, or a stream, on this route; frames that say no row count with the first."""
        named = {rule.stream for rule in self.wanted(route).values()} | {rule.stream for rule in self._fixed(route)}
        return tuple(row for row in self.rows if row in named)

    def _fixed(self, route: str) -> tuple[StreamRule, ...]:
        return self.rules if route == "" else ()

    def row(self, stream: str) -> Row:
        """What is shown of a row."""
        if self._stopped:
            return Row(Phase.STOPPED, False, self._stopped, True)
        mine = self._subscriptions(stream)
        if not mine:
            return Row(IDLE, True) if stream in self._asked_for else Row(Phase.WAITING, False)
        if len(mine) == 1 and not mine[0].rule.dynamic:
            (one,) = mine
            return Row(one.phase.value, one.up, one.reason, one.phase in _DOWN)
        there = [one for one in mine if not one.missing]
        judged = there or mine
        worst = min((one.phase for one in judged), key=_WORST_FIRST.index)
        down = any(one.phase in _DOWN for one in judged)
        return Row(worst.value, worst is Phase.LIVE, _reasons(mine), down, len(there) == len(mine))

    def _subscriptions(self, stream: str) -> list[Subscription]:
        """Those of a row, on whichever connection; one that has no connection yet waits."""
        found = [
            one
            for attempt in self.attempts.values()
            for one in attempt.subscriptions.values()
            if one.rule.stream == stream and not one.rule.dynamic
        ]
        for route, wanted in self._wanted.items():
            there = self.attempts[route].subscriptions if route in self.attempts else {}
            found += [
                there.get(key) or Subscription(rule, Phase.WAITING)
                for key, rule in wanted.items()
                if rule.stream == stream
            ]
        return found

    def up(self, stream: str) -> bool:
        """Whether a row delivers all that is wanted of it, so that nothing has to be read in its place."""
        row = self.row(stream)
        return row.up and row.whole

    # Connections

    def dial(self, route: str = "") -> Attempt:
        """A connection is begun. It becomes the present one with `adopt`: at once, or when it delivers (rollover)."""
        self._stopped = ""
        return Attempt((*self._fixed(route), *self.wanted(route).values()), self.limits, route)

    def adopt(self, attempt: Attempt) -> None:
        """From now on this connection's states are the streams' states."""
        self.attempts[attempt.route] = attempt

    def opened(self, route: str = "") -> None:
        """A socket is open; every one but the first of its route is a reconnection."""
        if route in self._connected:
            for stream in self.rows_of(route):
                self.counters[stream].reconnects += 1
        self._connected.add(route)

    def stop(self, reason: str) -> None:
        """No attempt is made any more."""
        self._stopped = reason

    def key_of(self, decoded: Decoded, route: str = "") -> str | None:
        """Which subscription a frame belongs to, by its topic or the name of its event; None if it does not say."""
        if decoded.stream in self.wanted(route):
            return decoded.stream
        if not self._topics:
            return self.rules[0].stream if self.rules else None
        return self._topics.get(decoded.stream) or self._events.get(decoded.name)

    def stream_of(self, decoded: Decoded, route: str = "") -> str | None:
        """Which row a frame belongs to; None if it does not say."""
        key = self.key_of(decoded, route)
        rule = None if key is None else self.wanted(route).get(key)
        return key if rule is None else rule.stream

    def count(self, decoded: Decoded, raw: bytes, received: float, offset_seconds: float, route: str = "") -> Counters:
        """Count a frame, and return where. Malformed ones are kept, shortened and without keys.

        One that holds events waits until somebody says what became of them; one that does not say whose it is counts
        with the first stream of its connection.
        """
        stream = self.stream_of(decoded, route) or next(iter(self.rows_of(route)), self.rows[0])
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
        for stream, told in self._told.items():
            row = self.row(stream)
            if row.up and told is not True:
                self._told[stream] = True
                changed.append(FeedUp(self.venue, self.account, stream, now))
            elif row.down and told is not False:
                self._told[stream] = False
                changed.append(FeedDown(self.venue, self.account, stream, now, row.reason))
        return tuple(changed)

    def statuses(self) -> tuple[FeedStatus, ...]:
        """One row a stream, for the outputs."""
        return tuple(
            _status(self.venue, self.account, stream, counters, self.row(stream), self.missed)
            for stream, counters in self.counters.items()
        )


def _reasons(subscriptions: Sequence[Subscription]) -> str:
    """Why a row of topics is not up: each reason once, with the topics that it is the reason of."""
    topics: dict[str, list[str]] = {}
    for one in subscriptions:
        if one.reason:
            topics.setdefault(one.reason, []).append(one.rule.topic)
    if len(topics) == 1 and len(next(iter(topics.values()))) == len(subscriptions) > 1:
        return next(iter(topics))
    return "; ".join(f"{_some(names)}: {reason}" for reason, names in topics.items())


def _some(names: Sequence[str]) -> str:
    more = len(names) - NAMED_TOPICS
    return ", ".join(names[:NAMED_TOPICS]) + (f" and {more} more" if more > 0 else "")


def _status(
    venue: Venue, account: str | None, stream: str, counters: Counters, row: Row, missed: Mapping[str, int]
) -> FeedStatus:
    return FeedStatus(
        venue=venue,
        account=account or "",
        stream=stream,
        phase=row.phase,
        up=row.up,
        reason=row.reason,
        last_message=counters.last_message,
        lag_seconds=counters.lag_seconds,
        reconnects=counters.reconnects,
        messages=counters.messages,
        malformed=counters.malformed,
        unrecognised=counters.unrecognised,
        ignored=counters.ignored,
        missed_acknowledgements=missed.get(stream, 0),
        waiting=counters.waiting,
        applied=counters.applied,
        conflated=counters.conflated,
        overrun=counters.overrun,
        acknowledged=counters.acknowledged,
        refused=counters.refused,
        unreadable=counters.unreadable,
    )
