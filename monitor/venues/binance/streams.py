"""What is said on Binance's sockets: one request subscribes to everything, and the user stream asks for nothing."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence

from monitor.domain.events import Event
from monitor.domain.frames import Decoded
from monitor.domain.names import AccountKey
from monitor.venues.binance.client import VENUE
from monitor.venues.binance.codec import decode
from monitor.venues.binance.funding import Glances
from monitor.venues.conversation import Ask, Speech


class BinanceSpeech(Speech):
    """Both routes. The library's own pings are enough: the venue sends and answers them on the socket's level."""

    def __init__(self, account: AccountKey | None = None) -> None:
        self._account = account
        self._ids = itertools.count(1)
        self._glances = Glances()

    def decode(self, raw: bytes, received: float) -> Decoded:
        """One frame. Never raises."""
        return decode(raw, venue=VENUE, account=self._account, received=received)

    def beside(self, raw: bytes, decoded: Decoded, received: float) -> Event | None:
        """The funding in an array of marks, now and then."""
        return self._glances.at(raw, decoded.events, received)

    def subscribe(
        self,
        topics: Sequence[str],
        *,
        again: bool = False,  # noqa: ARG002  # asking twice for the same is no mistake here
    ) -> Sequence[Ask]:
        """All topics in one request."""
        number = next(self._ids)
        text = json.dumps({"method": "SUBSCRIBE", "params": list(topics), "id": number})
        return (Ask(text, dict.fromkeys(topics, number)),)
