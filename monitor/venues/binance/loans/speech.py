"""What is said on the socket of margin balances: one request with a token for each subscription."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Sequence
from dataclasses import replace

import msgspec

from monitor.domain.frames import Decoded, FrameKind
from monitor.domain.names import AccountKey
from monitor.venues.binance.client import VENUE
from monitor.venues.binance.loans import codec
from monitor.venues.binance.loans.endpoints import SUBSCRIBE_METHOD
from monitor.venues.conversation import Ask, Speech
from monitor.venues.settings import Secret


class _Result(msgspec.Struct, gc=False):
    subscriptionId: int | None = None


class _Head(msgspec.Struct, gc=False):
    id: int | str | None = None
    subscriptionId: int | None = None
    result: _Result | None = None


_head = msgspec.json.Decoder(_Head, strict=False)


class TokenSpeech(Speech):
    """Events name their subscription by a number that its acknowledgement told: here it becomes the topic again."""

    def __init__(self, account: AccountKey, secret: Callable[[str], Secret | None]) -> None:
        """`secret` is the token of a topic, None where it is over."""
        self._account, self._secret = account, secret
        self._ids = itertools.count(1)
        self._asked: dict[str, str] = {}  #: topic by the id of its request
        self._topics: dict[int, str] = {}  #: topic by the venue's number

    def decode(self, raw: bytes, received: float) -> Decoded:
        """One frame. Never raises."""
        decoded = codec.decode(raw, venue=VENUE, account=self._account, received=received)
        try:
            head = _head.decode(raw)
        except (ValueError, RecursionError):
            return decoded
        topic = self._asked.get(str(head.id))
        if topic is None and head.subscriptionId is not None:
            topic = self._topics.get(head.subscriptionId)
        if topic is None:
            return decoded
        number = None if head.result is None else head.result.subscriptionId
        if number is not None and decoded.kind is FrameKind.ACKNOWLEDGED:
            self._topics[number] = topic
        return replace(decoded, stream=topic)

    def subscribe(self, topics: Sequence[str], *, again: bool = False) -> Sequence[Ask]:  # noqa: ARG002 - a token may be used twice
        """A request for each topic that has a token."""
        asks = []
        for topic in topics:
            token = self._secret(topic)
            if token is None:
                continue
            number = f"s{next(self._ids)}"
            self._asked[number] = topic
            said = {"id": number, "method": SUBSCRIBE_METHOD, "params": {"listenToken": token.reveal()}}
            asks.append(Ask(json.dumps(said), {topic: number}))
        return asks
