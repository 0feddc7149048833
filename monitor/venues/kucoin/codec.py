"""Text to events: every frame that KuCoin's sockets send. Pure; whatever bytes come, `decode` answers.

Classic frames are {"type", "topic", "subject", "data"}, those of the unified account's push {"T", "P", "d"}. A bad row
costs that row only. What belongs to an account is read in `codec_private` and `codec_unified`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import msgspec

from monitor.domain.events import AssetTick, Event, Tick
from monitor.domain.frames import Decoded, FrameKind, RowProblem
from monitor.domain.names import AccountKey, Symbol, Venue
from monitor.venues.fields import BadField, Loose, optional, optional_positive, positive
from monitor.venues.kucoin import codec_private as private
from monitor.venues.kucoin import codec_unified as unified
from monitor.venues.kucoin.codec_private import Found
from monitor.venues.kucoin.endpoints import INSTRUMENT_TOPIC, MARGIN_MARK_TOPIC
from monitor.venues.kucoin.names import DOLLARS, pair_of
from monitor.venues.kucoin.rows_unified import instant

MARK_SUBJECT, FUNDING_SUBJECT = "mark.index.price", "funding.rate"
HINTS = private.HINTS | unified.HINTS
"""Names of frames after which the account is worth reading again: they tell that something changed, not what it is."""

_NOTHING = msgspec.Raw(b"")
_SHOWN = 60  #: how much of a venue's word is kept when it is not one of ours
_LIKE_A_KEY = re.compile(r"[A-Za-z0-9+/_\-]{24,}={0,2}")  #: longer than any word of a refusal
# Topics that say nothing about risk. Trades, books and candles come a thousand times as often as what we ask for.
_IGNORED = (
    "/contractMarket/",
    "/market/",
    "/spotMarket/",
    "/account/balance",
    "/indicator/index:",
    "/contract/announcement",
    "/contract/details:",
    "/margin/fundingBook",
    "/margin/account",
)


class _Envelope(msgspec.Struct, gc=False):
    type: str | None = None
    topic: str | None = None
    subject: str | None = None
    id: str | int | None = None
    code: Loose = None
    data: msgspec.Raw = _NOTHING
    T: str | None = None
    P: Loose = None
    d: msgspec.Raw = _NOTHING
    result: bool | None = None
    msg: str | None = None


class _Mark(msgspec.Struct, gc=False):
    markPrice: Loose = None
    indexPrice: Loose = None
    timestamp: Loose = None


class _PairMark(msgspec.Struct, gc=False):
    symbol: str | None = None
    value: Loose = None
    timestamp: Loose = None


class _Timed(msgspec.Struct, gc=False):
    """Where a frame's data says when it was made: milliseconds mostly, nanoseconds in `ts`."""

    timestamp: Loose = None
    ts: Loose = None
    currentTimestamp: Loose = None
    time: Loose = None


@dataclass(frozen=True, slots=True)
class MarginMark:
    """What margin counts one unit of a pair's base for, in its quote ("ETH-BTC"), at the venue's time in seconds."""

    pair: Symbol
    value: float
    time: float


_envelope = msgspec.json.Decoder(_Envelope, strict=False)
_timed = msgspec.json.Decoder(_Timed, strict=False)


def decode(raw: bytes | str, *, venue: Venue, account: AccountKey | None, received: float) -> Decoded:
    """One frame. `account` is whose stream it came on (None: a public one), `received` seconds since 1970.

    Never raises: what cannot be read is MALFORMED with the reason in words, which hold nothing of the payload. `stream`
    is the whole topic, `name` the subject (of the unified account's push: the channel). Acknowledgements and refusals
    carry the id that we sent; «welcome» and «pong» are IGNORED.
    """
    try:
        envelope = _envelope.decode(raw)
        if envelope.T is not None:
            return _pushed(envelope, envelope.T, account, received)
        if envelope.topic is not None and envelope.type in (None, "message"):
            return _message(envelope, envelope.topic, venue, account, received)
        return _said(envelope)
    except (ValueError, OverflowError, RecursionError) as error:
        return Decoded(FrameKind.MALFORMED, why=_why(error))


def _message(envelope: _Envelope, topic: str, venue: Venue, account: AccountKey | None, received: float) -> Decoded:
    stream, subject = topic[:_SHOWN], (envelope.subject or "")[:_SHOWN]
    at = _made_at(envelope.data)
    if topic.startswith(INSTRUMENT_TOPIC):
        symbol = topic.removeprefix(INSTRUMENT_TOPIC)
        if subject == MARK_SUBJECT:
            return _told(_mark(envelope.data, symbol, venue, received), subject, stream, at)
        if subject == FUNDING_SUBJECT:
            # It does not say when the rate is paid: contracts' own answers tell both.
            return Decoded(FrameKind.DATA, subject, stream, venue_time=at)
        return Decoded(FrameKind.UNRECOGNISED, subject, stream, venue_time=at)
    if topic.startswith(MARGIN_MARK_TOPIC):
        return _told(_margin_marks(envelope.data, venue, received), subject, stream, at)
    read = private.KINDS.get((private.kind_of(topic), subject))
    if read is not None:
        if account is None:
            why = "an account's event on a public stream"
            return Decoded(FrameKind.UNRECOGNISED, subject, stream, why=why, venue_time=at)
        return _told(
            read(bytes(envelope.data), private.Context(topic, account, at or received, received)), subject, stream, at
        )
    known = topic.startswith(_IGNORED) or (private.kind_of(topic), subject) in private.SAY_NOTHING
    return Decoded(FrameKind.IGNORED if known else FrameKind.UNRECOGNISED, subject, stream, venue_time=at)


def _pushed(envelope: _Envelope, stream: str, account: AccountKey | None, received: float) -> Decoded:
    channel, at = stream.partition(".")[0], instant(envelope.P)
    read = unified.KINDS.get(channel)
    if read is None or account is None:
        why = "" if read is None else "an account's event on a public stream"
        return Decoded(FrameKind.UNRECOGNISED, channel[:_SHOWN], stream[:_SHOWN], why=why, venue_time=at)
    context = private.Context(stream, account, at or received, received)
    return _told(read(bytes(envelope.d), context), channel, stream[:_SHOWN], at)


def _told(found: Found, name: str, stream: str, at: float | None) -> Decoded:
    events, problems = found
    bad = bool(problems) and not events
    kind = FrameKind.MALFORMED if bad else FrameKind.DATA
    return Decoded(kind, name, stream, events, problems, why=problems[0].why if bad else "", venue_time=at)


def _said(envelope: _Envelope) -> Decoded:
    """The answer to something that we said, or the greeting."""
    number = envelope.id
    if envelope.type in ("welcome", "pong"):
        return Decoded(FrameKind.IGNORED, envelope.type)
    if envelope.type == "ack" or (envelope.type is None and envelope.result is True):
        return Decoded(FrameKind.ACKNOWLEDGED, "ack", request_id=number)
    if envelope.type == "error" or envelope.result is False:
        code = optional(envelope.code)
        words = bytes(envelope.data).decode("utf-8", "replace").strip('"') or envelope.msg or "no words"
        # Its words may echo what we said, a token too, and they are shown as the reason of a stream that is down.
        why = _LIKE_A_KEY.sub("***", words)[:200] + ("" if code is None else f" (code {code:.0f})")
        return Decoded(FrameKind.REFUSED, "error", why=why, request_id=number)
    return Decoded(FrameKind.UNRECOGNISED, (envelope.type or "")[:_SHOWN])


def _mark(data: msgspec.Raw, symbol: Symbol, venue: Venue, received: float) -> Found:
    def events() -> tuple[Event, ...]:
        row = msgspec.json.decode(data, type=_Mark, strict=False)
        at = instant(row.timestamp)
        if at is None:
            raise BadField("timestamp is not a time")
        return (
            Tick(venue, symbol, positive("markPrice", row.markPrice), at, received, optional_positive(row.indexPrice)),
        )

    return _one(events, symbol)


def _margin_marks(data: msgspec.Raw, venue: Venue, received: float) -> Found:
    """A pair in dollars tells its coin's price; one in BTC does so with another frame: see `margin_mark`."""

    def events() -> tuple[Event, ...]:
        mark = _pair_mark(data)
        base, quote = pair_of(mark.pair) or ("", "")
        return (AssetTick(venue, base, mark.value, mark.time, received),) if base and quote in DOLLARS else ()

    return _one(events, "pair")


def margin_mark(raw: bytes | str) -> MarginMark | None:
    """What a frame of /indicator/markPrice says; None of any other frame and of one that cannot be read."""
    try:
        envelope = _envelope.decode(raw)
        if envelope.topic is None or not envelope.topic.startswith(MARGIN_MARK_TOPIC):
            return None
        return _pair_mark(envelope.data)
    except (ValueError, OverflowError, RecursionError):
        return None


def _pair_mark(data: msgspec.Raw) -> MarginMark:
    row = msgspec.json.decode(data, type=_PairMark, strict=False)
    at = instant(row.timestamp)
    if not row.symbol or at is None:
        raise BadField("no pair, or no time")
    return MarginMark(row.symbol, positive("value", row.value), at)


def _one(events: private.Made, row: str) -> Found:
    try:
        return events(), ()
    except (ValueError, OverflowError, RecursionError) as error:
        return (), (RowProblem(row[:_SHOWN], _why(error)),)


def _made_at(data: msgspec.Raw) -> float | None:
    try:
        row = _timed.decode(data)
    except (ValueError, RecursionError):
        return None
    return next((at for one in (row.timestamp, row.ts, row.currentTimestamp, row.time) if (at := instant(one))), None)


def _why(error: Exception) -> str:
    # UnicodeError's own words quote the bytes; msgspec's name a type and a path, no value.
    if isinstance(error, UnicodeError):
        return "not UTF-8"
    if isinstance(error, RecursionError):
        return "nested too deep"
    return str(error)[:200] or type(error).__name__
