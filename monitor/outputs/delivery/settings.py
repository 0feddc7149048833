"""How patiently messages are delivered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from monitor.domain.delivery import Channel
from monitor.domain.posting import Traits

#: Kinds that show states to machines, which have groups and quiet hours of their own.
MACHINES = frozenset({"mqtt", "alertmanager"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """Messages a minute, and how many may go at once after a rest."""

    per_minute: float = 20.0
    burst: float = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverySettings:
    """Seconds unless named otherwise; mappings are by the name of the channel.

    One attempt has `timeout_seconds`. After a failure a channel rests for a time between 0 and `first_seconds` doubled
    with each failure up to `cap_seconds`, and for what the service asks at least. `rates` hold the channels that have a
    limit of their own; others that take no key of ours have `rate`, the rest none. `group_limit` messages are one at
    most; of urgent ones they are gathered when more than `crowd` wait. `refused_seconds`: so long an urgent message
    that is refused and has no other way waits for the next attempt. `store_seconds`: so long the store is waited for
    before messages go out all the same. `closing_seconds`: so long the end waits for what is urgent and under way.
    `queue_limit` messages may wait for a channel; of more, the quietest and oldest are dropped, none that is urgent.
    """

    timeout_seconds: float = 10.0
    timeouts: Mapping[str, float] = field(default_factory=dict)
    first_seconds: float = 1.0
    cap_seconds: float = 60.0
    rate: Rate = Rate()
    rates: Mapping[str, Rate] = field(default_factory=dict)
    group_limit: int = 20
    crowd: int = 3
    refused_seconds: float = 300.0
    store_seconds: float = 2.0
    closing_seconds: float = 2.0
    queue_limit: int = 5_000

    def timeout(self, channel: str) -> float:
        """The deadline of one attempt, in seconds."""
        return self.timeouts.get(channel, self.timeout_seconds)

    def rate_of(self, channel: Channel) -> Rate | None:
        """A channel's limit, None where it has none."""
        return self.rates.get(channel.name, None if channel.keyed else self.rate)


def traits(channel: Channel) -> Traits:
    """What the decisions know of a channel."""
    return Traits(
        name=channel.name, keyed=channel.keyed, edits=channel.edits, machine=channel.keyed and channel.kind in MACHINES
    )
