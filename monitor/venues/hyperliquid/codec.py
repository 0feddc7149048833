"""Text to events: every frame that Hyperliquid's socket sends. Pure; whatever bytes come, `decode` answers.

A frame is {"channel", "data"}, or the text of the greeting. Frames of an address name it in `data.user`. Two halves of
an account come by two channels: what is read of each rides on `Heard`, and `assembly` puts them together.
"""

from __future__ import annotations

import json

import msgspec

from monitor.domain.frames import Decoded, FrameKind
from monitor.domain.names import AccountKey, Venue
from monitor.venues.hyperliquid.codec_accounts import READERS, Frame
from monitor.venues.hyperliquid.codec_prices import STALE_UNIVERSE, all_contexts, one_context
from monitor.venues.hyperliquid.endpoints import (
    ALL_CTXS,
    ANSWER,
    COIN_CTX,
    ERROR,
    GREETING,
    IGNORED,
    PONG,
    Topic,
)
from monitor.venues.hyperliquid.names import NO_UNIVERSE, Universe
from monitor.venues.hyperliquid.reading import reason
from monitor.venues.redaction import REMOVED, looks_like
from monitor.venues.rows import SHOWN

__all__ = ["STALE_UNIVERSE", "decode"]

SPOT_CONTEXT = "activeSpotAssetCtx"  #: the price of one spot pair: pools go by oracles
ALREADY = "Already subscribed"
_WORD_SHOWN = 40
_LOOKS_LIKE = looks_like()


class _Envelope(msgspec.Struct, gc=False):
    channel: str | None = None
    data: msgspec.Raw = msgspec.Raw(b"null")


class _Subscription(msgspec.Struct, gc=False):
    method: str = ""
    subscription: dict[str, object] | None = None


_envelope = msgspec.json.Decoder(_Envelope)


def decode(
    raw: bytes | str,
    *,
    venue: Venue,
    account: AccountKey | None,
    received: float,
    universe: Universe | None = None,
) -> Decoded:
    """One frame. `account` is whom it tells of (None: nobody of ours), `received` seconds since 1970.

    `universe`: the perpetuals by their places, without which marks of all dexs cannot be told apart; where the frame
    does not fit it, `why` is STALE_UNIVERSE. Never raises: what cannot be read is MALFORMED with the reason in words,
    which hold nothing of the payload. `request_id` of an answer is the topic's text, None where it names none.
    """
    known = universe or NO_UNIVERSE
    try:
        text = raw.encode() if isinstance(raw, str) else raw
        if text == GREETING.encode():
            return Decoded(FrameKind.IGNORED, "greeting")
        said = _envelope.decode(text)
        if said.channel is None:
            return Decoded(FrameKind.UNRECOGNISED)
        return _read(said.channel, said.data, venue, account, received, known)
    except (ValueError, OverflowError, RecursionError) as error:  # msgspec's errors and BadField
        return Decoded(FrameKind.MALFORMED, why=reason(error))


def _read(
    channel: str, data: msgspec.Raw, venue: Venue, account: AccountKey | None, received: float, known: Universe
) -> Decoded:
    if channel == PONG:
        return Decoded(FrameKind.IGNORED, PONG)
    if channel == ANSWER:
        return _answer(data)
    if channel == ERROR:
        return _refusal(data)
    if channel in IGNORED or channel == SPOT_CONTEXT:
        return Decoded(FrameKind.IGNORED, channel)
    if channel == ALL_CTXS:
        return all_contexts(data, venue, received, known)
    if channel == COIN_CTX:
        return one_context(data, venue, received)
    reader = READERS.get(channel)
    if reader is None:
        return Decoded(FrameKind.UNRECOGNISED, channel[:_WORD_SHOWN])
    if account is None:
        return Decoded(FrameKind.UNRECOGNISED, channel, why="an address that is not one of ours")
    frame = Frame(channel, data, account, received, known)
    try:
        return reader(frame)
    except (ValueError, OverflowError, RecursionError) as error:
        return Decoded(FrameKind.MALFORMED, channel, why=reason(error))


def _answer(data: msgspec.Raw) -> Decoded:
    said = msgspec.json.decode(data, type=_Subscription)
    if said.subscription is None:
        return Decoded(FrameKind.UNRECOGNISED, ANSWER)
    topic = Topic.of(said.subscription)
    return Decoded(FrameKind.ACKNOWLEDGED, said.method[:_WORD_SHOWN], topic.text[:SHOWN], request_id=topic.text)


def _refusal(data: msgspec.Raw) -> Decoded:
    """Words, which may quote what was said: a subscription with its address, which is told by the topic alone."""
    said = msgspec.json.decode(data, type=object)
    words = said if isinstance(said, str) else ""
    topic = _quoted(words)
    request = None if topic is None else topic.text
    stream = "" if topic is None else topic.text[:SHOWN]
    if words.startswith(ALREADY) and topic is not None:
        return Decoded(FrameKind.ACKNOWLEDGED, "subscribe", stream, request_id=request)
    head = words.partition("{")[0].strip(" :") or "no words"
    return Decoded(FrameKind.REFUSED, ERROR, stream, why=_LOOKS_LIKE.sub(REMOVED, head)[:SHOWN], request_id=request)


def _quoted(words: str) -> Topic | None:
    begin, end = words.find("{"), words.rfind("}")
    if begin < 0 or end < begin:
        return None
    try:
        said = json.loads(words[begin : end + 1])
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict):
        return None
    inner = said.get("subscription", said)
    return Topic.of(inner) if isinstance(inner, dict) and inner.get("type") else None
