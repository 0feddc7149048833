"""The switches for what goes wrong between a client and any simulated venue; each venue adds its own.

Sets name routes (doors of the stream side); counters say how many of the next frames or answers are spoilt; the rest
are values that hold until taken back. `clear` takes everything back. What needs the connections at once (drop, burst)
is a method of the simulator.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from monitor.domain.names import Symbol

ALL = "*"
WEB_PAGE = "<html><body>Oops, something went wrong.</body></html>"


@dataclass(slots=True)
class Faults:
    """Switches that every venue has; none is on at first. A path is one of the venue's REST paths."""

    # connections
    refuse: set[str] = field(default_factory=set)  #: routes, or "rest": HTTP 503 before anything else
    stall: set[str] = field(default_factory=set)  #: open, pings answered, nothing sent; frames are lost
    backlog: set[str] = field(default_factory=set)  #: frames wait while set and come all at once when taken away
    deaf: set[str] = field(default_factory=set)  #: the client's pings get no pong
    no_acknowledgement: set[str] = field(default_factory=set)  #: subscriptions are not answered and not served
    subscription_error: set[str] = field(default_factory=set)  #: subscriptions are answered with an error

    # frames: how many of the next ones, by route
    garbage_frames: Counter[str] = field(default_factory=Counter)
    truncated_frames: Counter[str] = field(default_factory=Counter)
    reordered_frames: Counter[str] = field(default_factory=Counter)  #: sent after the one that follows
    duplicated_frames: Counter[str] = field(default_factory=Counter)
    lost_frames: Counter[str] = field(default_factory=Counter)

    # rows of mark prices, by the venue's symbol, while set
    missing_field: dict[Symbol, str] = field(default_factory=dict)  #: the field that the row lacks
    bad_row: dict[Symbol, Any] = field(default_factory=dict)  #: what stands in place of the row
    bad_price: dict[Symbol, Any] = field(default_factory=dict)  #: printed as the mark: "NaN", "-1", ""
    freeze_symbol: set[Symbol] = field(default_factory=set)  #: the row repeats itself, time and all
    _last_rows: dict[Symbol, Mapping[str, Any]] = field(default_factory=dict)

    # REST
    slow_answers: dict[str, float] = field(
        default_factory=dict
    )  #: seconds by path, "*" for every other; the content is of before
    clock_shift_seconds: float = 0.0  #: the venue's clock minus the true time, also in frames
    reject_timestamp: int = 0  #: this many signed requests are told that their time is wrong, whatever they say
    banned_until: float = 0.0  #: seconds since 1970: the address is refused whatever it asks; see `ban`
    rate_limited: int = 0  #: this many requests are told to come back later
    retry_after_seconds: int = 2  #: how much later
    garbage_answers: Counter[str] = field(default_factory=Counter)  #: by path: a web page with status 200
    truncated_answers: Counter[str] = field(default_factory=Counter)
    edit_answer: dict[str, Callable[[Any], Any]] = field(default_factory=dict)  #: by path: any change to the body
    half_snapshot: int = 0  #: this many answers of positions, of any product, hold half of their rows

    def empty(self, times: int = 1) -> None:
        """Answer the next `times` snapshots with no positions and no balances at all; each venue knows its own."""
        raise NotImplementedError

    def clear(self) -> None:
        """Everything works again (what was lost stays lost)."""
        fresh = type(self)()
        for switch in fields(self):
            setattr(self, switch.name, getattr(fresh, switch.name))

    # used by the simulator

    def spoil_frame(self, route: str, text: str) -> list[str]:
        """Apply the frame counters; returns the texts that are sent for this one."""
        if take(self.lost_frames, route):
            return []
        if take(self.garbage_frames, route):
            return ["\ufffd{]not json" + text[:20]]
        if take(self.truncated_frames, route):
            return [text[: len(text) // 2]]
        if take(self.duplicated_frames, route):
            return [text, text]
        return [text]

    def spoil_row(self, symbol: Symbol, row: Mapping[str, Any], mark: str) -> Any:
        """Apply the row switches to one mark price, which stands in the field `mark`."""
        if symbol in self.freeze_symbol:
            row = self._last_rows.get(symbol, row)
        self._last_rows[symbol] = row
        if symbol in self.bad_price:
            row = {**row, mark: self.bad_price[symbol]}
        if symbol in self.missing_field:
            row = {name: value for name, value in row.items() if name != self.missing_field[symbol]}
        return self.bad_row.get(symbol, row)

    def reorders(self, route: str) -> bool:
        """Whether the next frame of a route is held back behind its follower."""
        return take(self.reordered_frames, route)

    def spoil_text(self, path: str, text: str) -> str:
        """Apply the REST switches that leave nothing to decode."""
        if take(self.garbage_answers, path):
            return WEB_PAGE
        if take(self.truncated_answers, path):
            return text[: len(text) // 2]
        return text

    def wait_seconds(self, path: str) -> float:
        """How late an answer of this path is sent."""
        return self.slow_answers.get(path, self.slow_answers.get(ALL, 0.0))


def take(counter: Counter[str], key: str) -> bool:
    """Use up one of a counter; False if none is left."""
    if counter[key] <= 0:
        return False
    counter[key] -= 1
    return True
