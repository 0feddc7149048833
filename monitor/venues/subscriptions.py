"""Subscriptions of one connection: what was asked, acknowledged and delivered, and what follows from silence.

Pure. A socket that is open proves nothing, nor does an acknowledgement: venues acknowledge subscriptions on a wrong
route and then send nothing for ever. A stream is up when it is acknowledged and, if it should tick, ticking.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from monitor.venues.phases import Phase, Signal, advance


class Moment(NamedTuple):
    """One moment on two clocks: wall time for stamps, steady time (never jumps) for ages."""

    wall: float
    steady: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamRule:
    """What is expected of one stream. `stream` is our name of it, `topic` the venue's ("" where the route is enough).

    `event` is the name of its frames where they come without the topic. `silent_seconds` None: quiet by nature, its
    liveness is the connection's heartbeat and a cross-check over REST. `first_seconds`: the venue sends a first frame
    within this time after its acknowledgement, however quiet it is later.

    `dynamic`: one of several topics of the row `stream`, which come and go while the connection lives.
    """

    stream: str
    topic: str = ""
    event: str = ""
    silent_seconds: float | None = None
    first_seconds: float | None = None
    dynamic: bool = False

    @property
    def key(self) -> str:
        """What it is called among the subscriptions of its connection."""
        return self.topic if self.dynamic else self.stream

    def limit(self, *, began: bool) -> float | None:
        """For how long it may send nothing; None: for ever. `began`: it has sent something."""
        if began or self.first_seconds is None:
            return self.silent_seconds
        return self.first_seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerLimits:
    """Seconds without acknowledgement after which a stream is asked for again, and its connection replaced.

    A topic among others that the venue refused is asked for again by itself, and then every `refused_again_seconds`: a
    contract that is no longer there costs the others nothing.
    """

    acknowledge_seconds: float = 5.0
    reconnect_seconds: float = 10.0
    refused_again_seconds: float = 60.0


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
    refusals: int = 0
    refused: float | None = None  #: when, as long as it was not asked for again
    doubted: float | None = None  #: since when something speaks against it
    again: bool = False  #: to be asked for again because of that
    given_up: bool = False  #: and counted as such

    def signal(self, signal: Signal) -> None:
        """Move on in the table of phases."""
        self.phase = advance(self.phase, signal)

    @property
    def up(self) -> bool:
        """Whether it delivers."""
        return self.phase is Phase.LIVE

    @property
    def missing(self) -> bool:
        """Whether the venue does not have it: one of several topics that it refused, and has not acknowledged since."""
        return self.rule.dynamic and self.refusals > 0 and not self.up


class Judgement(NamedTuple):
    """What is to be done now: streams to ask for again, and why the connection is to be given up ("" if not).

    `replace`: why another connection should take its place, while this one still serves what it delivers.
    """

    resubscribe: tuple[str, ...] = ()
    reconnect: str = ""
    replace: str = ""


class Attempt:
    """All subscriptions of one connection. At a rollover two connections live side by side, each with its own.

    `route` names the socket where a ledger has several. Subscriptions are by `StreamRule.key`.
    """

    def __init__(self, rules: Iterable[StreamRule], limits: LedgerLimits, route: str = "") -> None:
        self.limits, self.route = limits, route
        self.subscriptions = {rule.key: Subscription(rule) for rule in rules}
        self._misread = float("-inf")  #: when the last frame came that could not be read

    @property
    def up(self) -> bool:
        """Whether every stream of this connection delivers. Topics that the venue refuses keep nobody waiting, as long
        as there are others.
        """
        there = [one for one in self.subscriptions.values() if not one.missing]
        return all(one.up for one in there or self.subscriptions.values())

    @property
    def unasked(self) -> tuple[str, ...]:
        """Topics that were not asked for on this connection yet."""
        return tuple(key for key, one in self.subscriptions.items() if one.rule.topic and one.phase is Phase.CONNECTING)

    def take_in(self, wanted: Mapping[str, StreamRule]) -> tuple[str, ...]:
        """Follow what is wanted now, and of what ticks how it is judged; returns the topics that were asked for and no
        longer are.
        """
        gone = [key for key, one in self.subscriptions.items() if one.rule.dynamic and key not in wanted]
        dropped = tuple(key for key in gone if self.subscriptions.pop(key).asked is not None)
        for key, rule in wanted.items():
            known = self.subscriptions.setdefault(key, Subscription(rule))
            if known.up and known.last_data is not None:
                known.rule = rule
        return dropped

    def asked(self, streams: Iterable[str], request_id: int | str | None, now: float) -> None:
        """The subscription was sent. `request_id` None: the route needs none, the handshake was the answer."""
        for stream in streams:
            subscription = self.subscriptions[stream]
            if subscription.asked is None or subscription.refused is not None:
                subscription.asked, subscription.refused = now, None
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
        subscription.refusals, subscription.refused = 0, None
        subscription.signal(Signal.ACKNOWLEDGED)
        if subscription.rule.limit(began=False) is None:
            subscription.signal(Signal.DELIVERED)
        if subscription.phase is not Phase.SILENT:
            subscription.reason = ""

    def refused(self, request_id: int | str | None, why: str, now: float | None = None) -> None:
        """The venue's no; without a number it is meant for every stream that still waits."""
        for subscription in self.subscriptions.values():
            waiting = subscription.phase in (Phase.SUBSCRIBING, Phase.UNACKNOWLEDGED)
            if request_id in subscription.request_ids or (request_id is None and waiting):
                subscription.reason = f"the venue refused the subscription: {why}"
                subscription.signal(Signal.ACKNOWLEDGEMENT_MISSED)
                if subscription.rule.dynamic:
                    subscription.refusals += 1
                    subscription.refused = subscription.asked if now is None else now

    def doubt(self, key: str, why: str, now: float) -> None:
        """Something else shows what this topic does not tell: its silence is none of its nature."""
        subscription = self.subscriptions.get(key)
        if subscription is not None and subscription.up:
            subscription.reason, subscription.doubted, subscription.again = why, now, True
            subscription.signal(Signal.FELL_SILENT)

    def delivered(self, stream: str, now: float) -> bool:
        """Data of one stream came; whether that is news."""
        subscription = self.subscriptions[stream]
        subscription.last_data = now
        subscription.reason = ""
        subscription.doubted = None
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
        """Look at every stream; counts of missed acknowledgements are added to `missed`, by row."""
        again: list[str] = []
        reconnect = replace = ""
        for key, one in self.subscriptions.items():
            ask, give_up = self._look(one, now, missed)
            if ask:
                again.append(key)
            if give_up and one.rule.dynamic and any(other.up for other in self.subscriptions.values()):
                replace = replace or give_up
            elif give_up:
                reconnect = reconnect or give_up
        return Judgement(tuple(again), reconnect, replace)

    def _look(self, one: Subscription, now: float, missed: dict[str, int]) -> tuple[bool, str]:
        """Whether to ask for this one again, and why its connection does not serve it ("" if it may still)."""
        waited = 0.0 if one.asked is None else now - one.asked
        if one.refused is not None:
            return one.refusals == 1 or now - one.refused >= self.limits.refused_again_seconds, ""
        if one.phase is Phase.SUBSCRIBING and waited >= self.limits.acknowledge_seconds:
            missed[one.rule.stream] = missed.get(one.rule.stream, 0) + 1
            one.reason = f"no acknowledgement in {waited:.0f} s"
            one.signal(Signal.ACKNOWLEDGEMENT_MISSED)
            return True, ""
        if one.phase is Phase.UNACKNOWLEDGED and waited >= self.limits.reconnect_seconds:
            if not one.given_up:
                missed[one.rule.stream] = missed.get(one.rule.stream, 0) + 1
            one.given_up = True
            return False, f"{one.rule.key}: {one.reason or f'no acknowledgement in {waited:.0f} s'}"
        return self._look_at_silence(one, now)

    def _look_at_silence(self, one: Subscription, now: float) -> tuple[bool, str]:
        if one.doubted is not None:
            again, one.again = one.again, False
            too_long = now - one.doubted >= self.limits.acknowledge_seconds
            return again, f"{one.rule.key}: {one.reason}" if too_long else ""
        limit = one.rule.limit(began=one.last_data is not None)
        since = one.last_data if one.last_data is not None else one.acknowledged
        if limit is None or since is None:
            return False, ""
        silent = now - since
        if one.phase in (Phase.ACKNOWLEDGED, Phase.LIVE) and silent >= limit:
            one.reason = f"{self._silence(one, since)} for {silent:.0f} s"
            one.signal(Signal.FELL_SILENT)
            return True, ""
        if one.phase is Phase.SILENT and silent >= 2 * limit:
            return False, f"{one.rule.key}: {one.reason}"
        return False, ""

    def _silence(self, one: Subscription, since: float | None) -> str:
        if since is not None and self._misread > since:
            return "nothing came that could be read"
        return "silent" if one.last_data is not None else "acknowledged, but never sent anything,"
