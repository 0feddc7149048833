"""Bullet tokens: what opens a socket, for whom, at which host, and how long."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

TOKEN_SECONDS = 86_400.0
FUTURES, SPOT, UNIFIED, ANY = "futures", "spot", "unified", ""


@dataclass(frozen=True, slots=True)
class Token:
    """`account` is "" for public ones; `host`: whose topics it opens ("": all)."""

    text: str
    account: str
    host: str
    ends: float


@dataclass(slots=True)
class Tokens:
    """All that were given out. `lasts_seconds` is that of new ones."""

    lasts_seconds: float = TOKEN_SECONDS
    _given: dict[str, Token] = field(default_factory=dict)

    def give(self, account: str, host: str, now: float) -> Token:
        """A new one."""
        seed = f"kucoin token {account} {host} {now} {len(self._given)}"
        text = hashlib.sha256(seed.encode()).hexdigest() + hashlib.sha256(f"{seed} more".encode()).hexdigest() + "=="
        token = Token(text, account, host, now + self.lasts_seconds)
        self._given = {each: old for each, old in self._given.items() if old.ends > now}
        self._given[text] = token
        return token

    def of(self, text: str, now: float) -> Token | None:
        """The token of a text, while it lasts."""
        found = self._given.get(text)
        return found if found is not None and found.ends > now else None

    def expire(self, account: str | None = None) -> int:
        """End the tokens of an account (None: all) at once; how many. Open sockets go on."""
        ended = [text for text, token in self._given.items() if account in (None, token.account)]
        for text in ended:
            del self._given[text]
        return len(ended)
