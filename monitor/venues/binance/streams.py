"""What is said on Binance's sockets: one request subscribes to everything, and the user stream asks for nothing."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Sequence

from monitor.domain.events import Event
from monitor.domain.frames import Decoded
from monitor.domain.names import AccountKey
from monitor.venues.binance.client import VENUE
from monitor.venues.binance.codec import decode
from monitor.venues.binance.funding import Glances
from monitor.venues.conversation import Ask, Speech

Decode = Callable[..., Decoded]  #: of a codec: the bytes, then venue, account and receipt by name


class BinanceSpeech(Speech):
    """Every route but that of tokens. The library's own pings are enough: the venue sends and answers them on the
    socket's level.
    """

    def __init__(self, account: AccountKey | None = None, decode: Decode = decode) -> None:
        """`decode` is that of the product's codec."""
        self._account, self._decode = account, decode
        self._ids = itertools.count(1)
        self._glances = Glances()

    def decode(self, raw: bytes, received: float) -> Decoded:
        """One frame. Never raises."""
        return self._decode(raw, venue=VENUE, account=self._account, received=received)

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
