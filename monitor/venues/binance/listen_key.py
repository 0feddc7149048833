"""The life of a listen key, as a table and its times. Pure: it says what to do next, others do it.

A key lives 60 minutes after it was made or kept alive. It dies with an event, with a refusal of the keep-alive, of age,
or in silence: the socket stays open and nothing comes. The last is found by what REST shows and the stream never told;
the key is then *doubted*, and asked for again: the venue gives the same key back if it lives, another one if not.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from monitor.venues.settings import Secret, Timings


class KeyState(StrEnum):
    """What we believe of the key."""

    ABSENT = "absent"  #: none, or a dead one
    HELD = "held"
    DOUBTED = "doubted"  #: something speaks against it: ask


class KeySignal(StrEnum):
    """What happens to a key."""

    CREATED = "created"  #: the venue gave one, perhaps the one that we had
    KEPT = "kept"  #: the keep-alive was accepted
    KEEPING_FAILED = "keeping failed"  #: no answer to the keep-alive
    CONTRADICTED = "contradicted"  #: REST shows a change that the stream did not tell
    UNKNOWN = "unknown"  #: the venue does not know it
    EXPIRED = "expired"  #: the venue says so on the stream
    OUTLIVED = "outlived"  #: its time is over without a word


NEXT: dict[tuple[KeyState, KeySignal], KeyState] = {
    (KeyState.ABSENT, KeySignal.CREATED): KeyState.HELD,
    (KeyState.HELD, KeySignal.CREATED): KeyState.HELD,
    (KeyState.DOUBTED, KeySignal.CREATED): KeyState.HELD,
    (KeyState.HELD, KeySignal.KEPT): KeyState.HELD,
    # A keep-alive that was accepted does not clear a doubt that REST raised: the key may live and the stream be deaf.
    (KeyState.DOUBTED, KeySignal.KEPT): KeyState.DOUBTED,
    (KeyState.HELD, KeySignal.KEEPING_FAILED): KeyState.HELD,
    (KeyState.DOUBTED, KeySignal.KEEPING_FAILED): KeyState.DOUBTED,
    (KeyState.HELD, KeySignal.CONTRADICTED): KeyState.DOUBTED,
    **{
        (state, signal): KeyState.ABSENT
        for state in (KeyState.HELD, KeyState.DOUBTED)
        for signal in (KeySignal.UNKNOWN, KeySignal.EXPIRED, KeySignal.OUTLIVED)
    },
}


class Step(StrEnum):
    """What to do with the key now."""

    CREATE = "create"  #: also the probe of a doubted key
    KEEP_ALIVE = "keep alive"
    NOTHING = "nothing"


@dataclass(slots=True)
class ListenKey:
    """One account's key. Times are steady seconds."""

    timings: Timings
    state: KeyState = KeyState.ABSENT
    key: Secret | None = None
    _lives_until: float = 0.0
    _keep_alive_at: float = 0.0
    _probed_at: float = field(default=float("-inf"))

    def created(self, key: Secret, now: float) -> None:
        """The venue gave this key."""
        self._move(KeySignal.CREATED)
        self.key = key
        self._extended(now)

    def kept(self, now: float) -> None:
        """The venue accepted the keep-alive."""
        self._move(KeySignal.KEPT)
        self._extended(now)

    def keeping_failed(self, now: float) -> None:
        """The keep-alive got no answer: once more soon, the key still lives for a while."""
        self._move(KeySignal.KEEPING_FAILED)
        self._keep_alive_at = now + self.timings.keep_alive_retry_seconds

    def unknown(self) -> None:
        """The venue does not know the key."""
        self._move(KeySignal.UNKNOWN)

    def expired(self) -> None:
        """The stream said that the key is over."""
        self._move(KeySignal.EXPIRED)

    def contradicted(self) -> None:
        """REST shows what the stream did not tell."""
        self._move(KeySignal.CONTRADICTED)

    def probed(self, now: float) -> None:
        """The key was asked for, with or without an answer."""
        self._probed_at = now

    def due(self, now: float) -> Step:
        """What to do now."""
        if self.state is not KeyState.ABSENT and now >= self._lives_until:
            self._move(KeySignal.OUTLIVED)
        match self.state:
            case KeyState.ABSENT:
                return Step.CREATE
            case KeyState.DOUBTED if now >= self._probed_at + self.timings.key_probe_spacing_seconds:
                return Step.CREATE
        return Step.KEEP_ALIVE if now >= self._keep_alive_at else Step.NOTHING

    def _extended(self, now: float) -> None:
        self._lives_until = now + self.timings.key_life_seconds
        self._keep_alive_at = now + self.timings.keep_alive_every_seconds

    def _move(self, signal: KeySignal) -> None:
        self.state = NEXT.get((self.state, signal), self.state)
        if self.state is KeyState.ABSENT:
            self.key = None
