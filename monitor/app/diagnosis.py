"""What could not be read: kept for a person to look at, without secrets, and told in the log when it begins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import structlog

from monitor.app.redaction import Redactor
from monitor.domain.names import Venue
from monitor.domain.view import FeedStatus
from monitor.venues.session import Session

log = structlog.get_logger(__name__)


class Diagnosis:
    """The last frames, answers and rows of each venue that could not be read. `secrets` are masked wherever they are.

    A stream's first one is a warning in the log, each further one a line at debug level: the counts are in the metrics.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        self._redactor = Redactor(secrets)
        self._masked: dict[str, str] = {}
        self._untold: list[str] = []
        self._counts: dict[tuple[Venue, str, str], int] = {}

    def look(self, sessions: Mapping[Venue, Session], feeds: Iterable[FeedStatus]) -> Mapping[Venue, tuple[str, ...]]:
        """What each venue's session keeps now; writes what is new in it into the log."""
        kept = {venue: texts for venue, session in sessions.items() if (texts := session.malformed())}
        known = self._masked
        self._masked = {}
        for text in (text for texts in kept.values() for text in texts):
            if text not in self._masked:
                self._masked[text] = known.get(text) or self._redactor.shortened(text)
                if text not in known:
                    self._untold.append(self._masked[text])
        self._tell(feeds)
        return {venue: tuple(self._masked[text] for text in texts) for venue, texts in kept.items()}

    def _tell(self, feeds: Iterable[FeedStatus]) -> None:
        told = False
        for feed in feeds:
            owner = (feed.venue, feed.account, feed.stream)
            before = self._counts.get(owner, 0)
            if feed.malformed <= before:
                continue
            self._counts[owner], told = feed.malformed, True
            write = log.debug if before else log.warning
            write(
                "unreadable input",
                venue=feed.venue,
                account=feed.account,
                stream=feed.stream,
                count=feed.malformed,
                kept=list(self._untold),
            )
        if told:
            self._untold.clear()
