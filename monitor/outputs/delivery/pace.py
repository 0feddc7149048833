"""How fast a channel may be used: a bucket of tokens, and rests after failures. Time is an argument."""

from __future__ import annotations

import random
from collections.abc import Callable

from monitor.outputs.delivery.settings import DeliverySettings, Rate

RETRY_AFTER_CAP_SECONDS = 86_400.0  #: what a service asks for beyond a day is a mistake


class Bucket:
    """Messages a minute. What is urgent does not wait for it, but what comes after waits the longer."""

    def __init__(self, rate: Rate | None, now: float) -> None:
        self._rate, self._at = rate, now
        self._tokens = 0.0 if rate is None else rate.burst

    def free_at(self, now: float) -> float:
        """When a message may go."""
        if self._rate is None:
            return now
        self._fill(self._rate, now)
        return now if self._tokens >= 1.0 else now + (1.0 - self._tokens) * 60.0 / self._rate.per_minute

    def take(self, now: float) -> None:
        """One message goes."""
        if self._rate is not None:
            self._fill(self._rate, now)
            self._tokens = max(-self._rate.burst, self._tokens - 1.0)

    def _fill(self, rate: Rate, now: float) -> None:
        # A hair more, so that a wait for exactly one token is never a little too short.
        gained = max(0.0, now - self._at) * rate.per_minute / 60.0 * (1.0 + 1e-9)
        self._tokens, self._at = min(rate.burst, self._tokens + gained), now


class Pace:
    """When a channel may be tried again, and since when it fails."""

    def __init__(
        self, settings: DeliverySettings, rate: Rate | None, now: float, jitter: Callable[[], float] = random.random
    ) -> None:
        self._settings, self._jitter = settings, jitter
        self.bucket = Bucket(rate, now)
        self.rests_until = 0.0
        self.failing_since: float | None = None
        self._failures = 0

    def free_at(self, now: float, *, urgent: bool) -> float:
        """When the next attempt may be made. What is urgent waits for the service only, not for our own limit."""
        return max(self.rests_until, now if urgent else self.bucket.free_at(now))

    def succeeded(self) -> None:
        """The channel took something."""
        self._failures, self.failing_since, self.rests_until = 0, None, 0.0

    def failed(self, now: float, retry_after_seconds: float | None) -> float:
        """The channel did not; returns when it may be tried again."""
        self.failing_since = now if self.failing_since is None else self.failing_since
        most = min(self._settings.cap_seconds, self._settings.first_seconds * 2.0 ** min(self._failures, 30))
        self._failures += 1
        asked = min(retry_after_seconds or 0.0, RETRY_AFTER_CAP_SECONDS)
        # All of it by chance, so that those that failed together do not come back together; never at once.
        self.rests_until = now + max(asked, most * (0.05 + 0.95 * self._jitter()))
        return self.rests_until
