"""Who has shown the token: sessions of browsers, forms that are ours, and a limit on guesses. All in memory.

A session is a random id, signed with a key of this process; the token itself is nowhere in it. A restart ends all.
"""

from __future__ import annotations

import hmac
from collections import OrderedDict, deque
from hashlib import sha256
from secrets import token_bytes, token_urlsafe

from monitor.domain.clock import Clock

SESSION_SECONDS = 12 * 3600.0
MOST_SESSIONS = 64
FORM_SECONDS = 4 * 3600.0
GUESSES, GUESS_SECONDS = 10, 60.0  #: wrong tokens of one peer within so long
MOST_PEERS = 1024


class Sessions:
    """Sessions, the oldest of which makes room where there are too many, and the nonces of forms."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._key = clock, token_bytes(32)
        self._ends: OrderedDict[str, float] = OrderedDict()

    def open(self) -> str:
        """A new session: what goes into the cookie."""
        session = token_urlsafe(24)
        self._ends[session] = self._clock.monotonic() + SESSION_SECONDS
        while len(self._ends) > MOST_SESSIONS:
            self._ends.popitem(last=False)
        return f"{session}.{self._sign('session', session)}"

    def of(self, cookie: str) -> str:
        """The session of a cookie, "" if there is none, it ended, or nobody signed it."""
        session, _, signature = cookie.partition(".")
        if not _same(signature, self._sign("session", session)) or session not in self._ends:
            return ""
        if self._clock.monotonic() >= self._ends[session]:
            del self._ends[session]
            return ""
        return session

    def close(self, session: str) -> None:
        """End a session."""
        self._ends.pop(session, None)

    def nonce(self, form: str, session: str = "") -> str:
        """What shows that a form is one of ours: given to this session ("" none) for this purpose, good for hours."""
        ends = f"{self._clock.monotonic() + FORM_SECONDS:.0f}"
        return f"{ends}.{self._sign('form', form, session, ends)}"

    def holds(self, nonce: str, form: str, session: str = "") -> bool:
        """Whether a nonce is of that form and session, and still good."""
        ends, _, signature = nonce.partition(".")
        return _same(signature, self._sign("form", form, session, ends)) and self._clock.monotonic() < float(ends)

    def _sign(self, *parts: str) -> str:
        return hmac.new(self._key, "\0".join(parts).encode(errors="replace"), sha256).hexdigest()


class Guesses:
    """Counts wrong tokens by peer, of as many peers as it remembers; `most` within a minute."""

    def __init__(self, clock: Clock, most: int | None = None) -> None:
        self._clock, self._most = clock, GUESSES if most is None else most
        self._wrong: OrderedDict[str, deque[float]] = OrderedDict()

    def wait_seconds(self, peer: str) -> float:
        """How long this peer must wait until its next token is looked at; 0 not at all."""
        wrong = self._wrong.get(peer)
        if not wrong or len(wrong) < self._most:
            return 0.0
        return max(0.0, wrong[0] + GUESS_SECONDS - self._clock.monotonic())

    def wrong(self, peer: str) -> bool:
        """A wrong token came from this peer. Returns whether it was one too many."""
        wrong = self._wrong.setdefault(peer, deque(maxlen=self._most))
        wrong.append(self._clock.monotonic())
        self._wrong.move_to_end(peer)
        while len(self._wrong) > MOST_PEERS:
            self._wrong.popitem(last=False)
        return self.wait_seconds(peer) > 0.0


def same_token(given: str, token: str) -> bool:
    """Whether the token was given, in a time that tells nothing of it."""
    return _same(sha256(given.encode(errors="replace")).hexdigest(), sha256(token.encode()).hexdigest())


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(errors="replace"), other.encode())
