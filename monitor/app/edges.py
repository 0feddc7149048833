"""What the log says of feeds and readings: one line when something fails, one when it is back; never the level."""

from __future__ import annotations

from collections.abc import Iterable

import structlog

from monitor.domain.events import (
    AccountConfig,
    AccountSnapshot,
    AssetTick,
    Banned,
    ClockRead,
    CollateralLoaded,
    Event,
    FeedDown,
    FeedUp,
    InstrumentsLoaded,
    OptionMarks,
    PermissionsRead,
    PollFailed,
    Tick,
    Ticks,
    TiersLoaded,
)

log = structlog.get_logger(__name__)

_Owner = tuple[str, str | None, str]  #: venue, account or None, stream or reading
_PROVES: dict[type, str] = {
    AccountSnapshot: "account",
    AccountConfig: "config",
    TiersLoaded: "tiers",
    CollateralLoaded: "collateral",
    OptionMarks: "options",
    InstrumentsLoaded: "instruments",
    PermissionsRead: "permissions",
    ClockRead: "clock",
    Tick: "marks",
    Ticks: "marks",
    AssetTick: "assets",
}


class Edges:
    """Remembers what is down, so that a night of reconnects is two lines."""

    def __init__(self) -> None:
        self._down: dict[_Owner, int] = {}
        self._failing: dict[_Owner, int] = {}

    def see(self, batch: Iterable[Event]) -> None:
        """Write a line for each edge in a batch."""
        for event in batch:
            match event:
                case FeedDown():
                    self._feed_down(event)
                case FeedUp():
                    self._feed_up(event)
                case PollFailed():
                    self._poll_failed(event)
                case Banned():
                    log.error("venue says stop", venue=event.venue, until=event.until)
                case _:
                    self._proof(event)

    def _feed_down(self, event: FeedDown) -> None:
        owner = (event.venue, event.account, event.stream)
        if owner not in self._down:
            log.warning("feed down", **_words(owner, "stream"), reason=event.reason)
        self._down[owner] = self._down.get(owner, 0) + 1

    def _feed_up(self, event: FeedUp) -> None:
        owner = (event.venue, event.account, event.stream)
        failures = self._down.pop(owner, 0)
        log.info("feed up", **_words(owner, "stream"), after_failures=failures)

    def _poll_failed(self, event: PollFailed) -> None:
        owner = (event.venue, event.account, event.what)
        if event.waiting:
            log.debug("reading waits", **_words(owner, "what"), reason=event.reason)
            return
        if owner not in self._failing:
            log.warning("reading failed", **_words(owner, "what"), reason=event.reason)
        self._failing[owner] = self._failing.get(owner, 0) + 1

    def _proof(self, event: Event) -> None:
        """A reading that arrived ends its failure."""
        if not self._failing:
            return
        what = _PROVES.get(type(event))
        if what is None:
            return
        account = getattr(event, "account", None)
        venue = getattr(event, "venue", None) if account is None else account.venue
        owner = (str(venue), None if account is None else account.account, what)
        failures = self._failing.pop(owner, 0)
        if failures:
            log.info("reading works again", **_words(owner, "what"), after_failures=failures)


def _words(owner: _Owner, kind: str) -> dict[str, str]:
    return {"venue": owner[0], "account": owner[1] or "", kind: owner[2]}
