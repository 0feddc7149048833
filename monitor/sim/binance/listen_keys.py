"""Listen keys: sixty minutes of life, the same key while it lives, gone without a trace afterwards."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field


@dataclass(slots=True)
class _Key:
    text: str
    until_ms: int


@dataclass(slots=True)
class ListenKeys:
    """The live key of each account. `life_seconds` is short in tests; `kind` tells the keys of two streams apart."""

    life_seconds: float = 3600.0
    kind: str = ""
    _keys: dict[str, _Key] = field(default_factory=dict)
    _made: int = 0
    _latest: dict[str, str] = field(default_factory=dict)  #: of each account, dead or alive

    def create(self, account: str, now_ms: int) -> str:
        """The account's live key, its life extended; a new one if there is none."""
        key = self._keys.get(account)
        if key is None:
            self._made += 1
            text = hashlib.sha512(f"{self.kind}{account} {self._made}".encode()).hexdigest()[:64]
            key = self._keys[account] = _Key(text, 0)
            self._latest[account] = text
        key.until_ms = now_ms + round(self.life_seconds * 1000.0)
        return key.text

    def keep_alive(self, account: str, now_ms: int) -> bool:
        """Extend; False if there is no live key."""
        if account not in self._keys:
            return False
        self.create(account, now_ms)
        return True

    def close(self, account: str) -> bool:
        """End the key; False if there is none."""
        return self._keys.pop(account, None) is not None

    def key_of(self, account: str) -> str | None:
        """The live key."""
        key = self._keys.get(account)
        return None if key is None else key.text

    def account_of(self, text: str) -> str | None:
        """Whose live key this is."""
        return next((account for account, key in self._keys.items() if key.text == text), None)

    def latest_of(self, text: str) -> str | None:
        """Whose latest key this is, dead or alive."""
        return next((account for account, key in self._latest.items() if key == text), None)

    def expired(self, now_ms: int) -> list[tuple[str, str]]:
        """End the keys whose time is over; returns (account, key)."""
        over = [(account, key.text) for account, key in self._keys.items() if key.until_ms <= now_ms]
        for account, _ in over:
            del self._keys[account]
        return over


class KeyRing:
    """The listen keys of every kind: those of USDⓈ-M (also Pro's), COIN-M, the margin risk stream, portfolio margin."""

    def __init__(self, life_seconds: float) -> None:
        self.fapi = ListenKeys(life_seconds)
        self.dapi = ListenKeys(life_seconds, "dapi ")
        self.risk = ListenKeys(life_seconds, "risk ")
        self.papi = ListenKeys(life_seconds, "papi ")

    @property
    def all(self) -> tuple[ListenKeys, ...]:
        """Every kind."""
        return self.fapi, self.dapi, self.risk, self.papi
