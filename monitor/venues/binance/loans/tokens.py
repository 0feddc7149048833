"""The life of a listen token, and the tokens of one account. Pure: it says which are due, others fetch them.

A token is good for at most 24 hours, named with it, and is not prolonged: another one takes its place on the same
socket before it ends. It dies with an event, with a refusal when it is used, or in silence, which is found by what REST
shows and the stream never told. A cross account needs one token, an isolated one a token for each of its pairs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from monitor.venues.settings import Secret, Timings

RENEWED_AT = 2.0 / 3.0  #: of a token's life
CROSS = "cross"  #: the place of the only token of a cross account; those of pairs are called like the pairs


@dataclass(slots=True)
class Token:
    """One place that needs a token. `expires` is the venue's time, the others are steady seconds."""

    place: str
    token: Secret | None = None
    expires: float = 0.0
    number: int = 0  #: how many there were: a new one is another subscription
    renew_at: float = field(default=float("-inf"))
    came_at: float = field(default=float("-inf"))
    doubted_at: float = field(default=float("-inf"))

    @property
    def topic(self) -> str:
        """The subscription that this token is for."""
        return f"{self.place}#{self.number}"


class Tokens:
    """The tokens of one account by place."""

    def __init__(self, timings: Timings) -> None:
        self._timings = timings
        self._tokens: dict[str, Token] = {}

    def need(self, places: Iterable[str]) -> None:
        """From now on these places need a token, and no others."""
        self._tokens = {place: self._tokens.get(place) or Token(place) for place in places}

    @property
    def places(self) -> frozenset[str]:
        """What needs a token."""
        return frozenset(self._tokens)

    def topics(self) -> tuple[str, ...]:
        """What can be subscribed: places with a living token."""
        return tuple(one.topic for one in self._tokens.values() if one.token is not None)

    def secret(self, topic: str) -> Secret | None:
        """The token of a subscription; None if another took its place, or it died."""
        found = self._at(topic)
        return found.token if found is not None else None

    def due(self, now: float, venue_now: float) -> tuple[str, ...]:
        """Places that need a token, or another one: now."""
        return tuple(place for place, one in self._tokens.items() if self._due(one, now, venue_now))

    def _due(self, one: Token, now: float, venue_now: float) -> bool:
        if one.token is not None and venue_now >= one.expires:
            one.token, one.renew_at = None, float("inf")
        # One that died as soon as it came may be followed by many such.
        return (one.token is None and now - one.came_at >= self._timings.resync_spacing_seconds) or now >= one.renew_at

    def came(self, place: str, token: Secret, expires: float, now: float, venue_now: float) -> None:
        """The venue gave this one."""
        one = self._tokens.get(place)
        if one is not None:
            one.token, one.expires, one.number, one.came_at = token, expires, one.number + 1, now
            one.renew_at = now + RENEWED_AT * (expires - venue_now)

    def died(self, topic: str) -> None:
        """The venue says that this one is over, or never was."""
        one = self._at(topic)
        if one is not None:
            one.token, one.renew_at = None, float("inf")

    def doubt(self, place: str, now: float) -> bool:
        """REST shows what this place did not tell: another token is due. False if the last doubt is not long ago: then
        it is not the token.
        """
        one = self._tokens.get(place)
        if one is None or now - one.doubted_at < self._timings.key_probe_spacing_seconds:
            return False
        one.doubted_at = one.renew_at = now
        return True

    def revealed(self) -> tuple[str, ...]:
        """All tokens, for the one who takes them out of what is kept."""
        return tuple(one.token.reveal() for one in self._tokens.values() if one.token is not None)

    def _at(self, topic: str) -> Token | None:
        found = self._tokens.get(topic.rpartition("#")[0])
        return found if found is not None and found.topic == topic else None
