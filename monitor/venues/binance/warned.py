"""What the venue's answers warn of, told once: an answer repeats its warning as long as it holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from monitor.domain.events import Event, VenueWarning, WarningKind
from monitor.domain.names import Symbol

State = tuple[Symbol | None, WarningKind, str]


class Warned:
    """The warnings that the last answer held. One that was gone is told again when it comes back."""

    def __init__(self, emit: Callable[[Event], None]) -> None:
        self._emit = emit
        self._held: frozenset[State] = frozenset()

    def told(self, warnings: Iterable[VenueWarning]) -> None:
        """An answer warns of these: emit the new ones. The last word of a warning is the venue's own; numbers before it
        may change.
        """
        held = {(one.symbol, one.kind, one.detail.rpartition(" ")[2]): one for one in warnings}
        for state, warning in held.items():
            if state not in self._held:
                self._emit(warning)
        self._held = frozenset(held)
