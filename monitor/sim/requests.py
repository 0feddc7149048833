"""What was asked of a simulated venue, and the weight of requests that it counts: for assertions and for its limits."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

KEPT_REQUESTS = 3_000  #: at most; then the older half is forgotten
KEPT_MINUTES = 120


@dataclass(frozen=True, slots=True)
class Request:
    """One request. `account` is "" for public ones; `status` and `code` are what it got; `at` in seconds since 1970."""

    at: float
    method: str
    path: str
    account: str
    status: int
    code: int
    weight: int
    during_ban: bool


@dataclass(slots=True)
class RequestLog:
    """The latest requests in order, and the weight used in the latest minutes of the venue's clock.

    Every answer since the start is counted in `Sent.answers`.
    """

    requests: list[Request] = field(default_factory=list)
    weight_by_minute: Counter[int] = field(default_factory=Counter)

    def add(self, request: Request) -> None:
        """A request was answered."""
        self.requests.append(request)
        if len(self.requests) > KEPT_REQUESTS:
            del self.requests[: KEPT_REQUESTS // 2]

    def use(self, now: float, weight: int) -> int:
        """Count `weight`; returns the weight used in this minute."""
        minute = int(now // 60)
        self.weight_by_minute[minute] += weight
        while len(self.weight_by_minute) > KEPT_MINUTES:
            del self.weight_by_minute[next(iter(self.weight_by_minute))]
        return self.weight_by_minute[minute]

    def used(self, now: float) -> int:
        """The weight used in this minute."""
        return self.weight_by_minute.get(int(now // 60), 0)

    @property
    def most_weight_a_minute(self) -> int:
        """The worst minute so far."""
        return max(self.weight_by_minute.values(), default=0)

    @property
    def during_ban(self) -> int:
        """Requests made while the address was banned."""
        return sum(request.during_ban for request in self.requests)

    def count(self, path: str, method: str | None = None, account: str | None = None) -> int:
        """Requests for one path."""
        return sum(
            request.path == path and method in (None, request.method) and account in (None, request.account)
            for request in self.requests
        )
