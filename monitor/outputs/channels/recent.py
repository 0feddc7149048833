"""A bounded memory: what was put last is known, what is oldest is forgotten."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """At most `limit` values by key."""

    def __init__(self, limit: int = 1000) -> None:
        self._limit, self._values = limit, dict[K, V]()

    def get(self, key: K) -> V | None:
        """What was put under the key, None if nothing was or it is forgotten."""
        return self._values.get(key)

    def put(self, key: K, value: V) -> None:
        """Know it as the newest."""
        self._values.pop(key, None)
        self._values[key] = value
        while len(self._values) > self._limit:
            del self._values[next(iter(self._values))]

    def forget(self, key: K) -> None:
        """Know it no longer."""
        self._values.pop(key, None)
