"""The five pools of weight that requests are taken out of, each with the venue's own word of what is left in it.

A pool is full again 30 s after its first request, whenever that was: the venue says with each answer how much is left
and for how long. Our own count, over a moving window, is never less than what a window of theirs can hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from monitor.domain.clock import Clock
from monitor.domain.names import Venue
from monitor.venues.budget import PLANNED_SHARE, SHARES, Gate, Priority, WeightBudget
from monitor.venues.kucoin.endpoints import WINDOW_SECONDS, Endpoint, Pool
from monitor.venues.kucoin.settings import VENUE, KucoinSettings
from monitor.venues.settings import Credentials, Secret

LIMIT_HEADER = "gw-ratelimit-limit"
LEFT_HEADER = "gw-ratelimit-remaining"
RESET_HEADER = "gw-ratelimit-reset"  #: milliseconds from the answer on
MOST_RESET_SECONDS = 2 * WINDOW_SECONDS  #: what is told to take longer is not believed

Owner = Secret | None  #: the key whose user a pool belongs to; None: our address


class PoolBudget(WeightBudget):
    """One pool. Where the venue tells how much of it is used, by whomever, that counts until the pool is full again."""

    def __init__(self, venue: Venue, limit: int, share: float) -> None:
        super().__init__(venue, limit, share, WINDOW_SECONDS)
        self._told, self._told_limit, self._told_until = 0, limit, float("-inf")

    def tell(self, limit: int, left: int, until: float) -> None:
        """The venue's word: of `limit` there is `left`, until the pool is full again. A user of a higher level has
        more than the settings say; less is told of a window that is shorter than ours.
        """
        self.limit_per_minute = max(self.limit_per_minute, limit)
        self._told, self._told_limit, self._told_until = max(0, limit - left), limit, until

    def used(self, now: float) -> float:
        """Weight used in the window, the larger of ours and the venue's count with what is under way."""
        return max(super().used(now), self._beside(now))

    def wait(self, weight: int, now: float, priority: Priority = Priority.NEEDED) -> float:
        """Seconds until a request of this weight may be sent; 0: now."""
        wait, told = super().wait(weight, now, priority), self._told + self._in_flight
        if now < self._told_until and told and told + weight > self.share * self._told_limit * SHARES[priority]:
            return max(wait, self._told_until - now)
        return wait

    def stretch(self, planned_per_minute: float, now: float) -> float:
        """By which factor (≥ 1) all intervals must grow so that the planned weight fits beside what others use."""
        others = max(0.0, self._beside(now) - super().used(now))
        room = max(0.05 * self.allowed, PLANNED_SHARE * self.allowed - others)
        return max(1.0, planned_per_minute * WINDOW_SECONDS / 60.0 / room)

    def _beside(self, now: float) -> float:
        """What the venue counts, with what is under way, on the scale of our own limit."""
        told = self._told + self._in_flight if now < self._told_until else 0
        return told * self.limit_per_minute / self._told_limit


class Pools:
    """The gates of all pools: one for our address, and four for each key."""

    def __init__(self, settings: KucoinSettings, clock: Clock) -> None:
        self._share, self._clock = settings.weight_share, clock
        self._limits: Mapping[Pool, int] = {
            Pool.FUTURES: settings.futures_weight,
            Pool.SPOT: settings.spot_weight,
            Pool.MANAGEMENT: settings.management_weight,
            Pool.UNIFIED: settings.unified_weight,
            Pool.PUBLIC: settings.public_weight,
        }
        self.address = self._gate(Pool.PUBLIC)
        keys = dict.fromkeys(one.credentials.api_key for one in settings.accounts)
        self._of: dict[tuple[Pool, Owner], Gate] = {(Pool.PUBLIC, None): self.address}
        self._of |= {(pool, key): self._gate(pool) for key in keys for pool in Pool if pool is not Pool.PUBLIC}

    def _gate(self, pool: Pool) -> Gate:
        return Gate(PoolBudget(VENUE, self._limits[pool], self._share), self._clock)

    def gates(self) -> tuple[Gate, ...]:
        """All of them, that of our address first."""
        return tuple(self._of.values())

    def of(self, endpoint: Endpoint, credentials: Credentials | None) -> Gate:
        """What a request has to pass."""
        return self._of[endpoint.pool, credentials.api_key if credentials and endpoint.signed else None]

    def fullest(self) -> WeightBudget:
        """The pool of which most is used."""
        gates = self.gates()
        return max(gates, key=lambda gate: gate.budget.used(gate.now()) / gate.budget.limit_per_minute).budget

    def stretch(self, planned: Iterable[tuple[Pool, Owner, float]]) -> float:
        """By which factor all intervals must grow so that these weights a minute fit into their pools."""
        return max(
            (
                gate.budget.stretch(weight, gate.now())
                for pool, key, weight in planned
                for gate in [self._of[pool, key]]
            ),
            default=1.0,
        )


def note(budget: WeightBudget, headers: Mapping[str, str], now: float) -> None:
    """Take the venue's word out of an answer's headers; nothing where they say none."""
    limit, left, reset = (_count(headers.get(name, "")) for name in (LIMIT_HEADER, LEFT_HEADER, RESET_HEADER))
    if not isinstance(budget, PoolBudget) or limit is None or left is None or reset is None or limit == 0:
        return
    if 0 < reset / 1000.0 <= MOST_RESET_SECONDS:
        budget.tell(limit, left, now + reset / 1000.0)


def reset_seconds(headers: Mapping[str, str]) -> float | None:
    """In how many seconds the pool is full again, as the headers say."""
    reset = _count(headers.get(RESET_HEADER, ""))
    return None if reset is None or reset / 1000.0 > MOST_RESET_SECONDS else reset / 1000.0


def _count(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() else None
