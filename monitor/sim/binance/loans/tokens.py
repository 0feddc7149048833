"""Listen tokens: each opens the balances of one margin account for at most a day, and none can be extended."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from monitor.domain.names import Symbol

DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class ListenToken:
    """`symbol`: the pair of isolated margin that it is for; None: cross margin."""

    text: str
    account: str
    until_ms: int
    symbol: Symbol | None = None


@dataclass(slots=True)
class ListenTokens:
    """All tokens that were given. `life_seconds` is short in tests."""

    life_seconds: float = 86_400.0
    _tokens: dict[str, ListenToken] = field(default_factory=dict)
    _made: int = 0

    def create(
        self, account: str, now_ms: int, *, validity_ms: int = DAY_MS, symbol: Symbol | None = None
    ) -> ListenToken:
        """A new token; older ones of the account live on."""
        self._tokens = {text: token for text, token in self._tokens.items() if token.until_ms > now_ms}
        self._made += 1
        text = hashlib.sha512(f"token {account} {symbol} {self._made}".encode()).hexdigest()[:70]
        until = now_ms + min(validity_ms, round(self.life_seconds * 1000.0))
        self._tokens[text] = ListenToken(text, account, until, symbol)
        return self._tokens[text]

    def find(self, text: str, now_ms: int) -> ListenToken | None:
        """A token that still lives."""
        token = self._tokens.get(text)
        return token if token is not None and token.until_ms > now_ms else None

    def end(self, account: str) -> None:
        """All tokens of an account are over."""
        self._tokens = {text: token for text, token in self._tokens.items() if token.account != account}

    def latest_of(self, account: str) -> str | None:
        """The newest token of an account."""
        return next((token.text for token in reversed(self._tokens.values()) if token.account == account), None)
