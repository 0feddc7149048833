"""What a folder of raw answers comes to: the events that `assess` feeds to the engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from monitor.domain.events import Event


@dataclass(frozen=True, slots=True)
class Offline:
    """The events of a folder in the order in which they would have come.

    `missing` names the optional files that are not there, with what that costs, in words. `problems` are rows that
    could not be read, in words.
    """

    events: tuple[Event, ...]
    missing: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
