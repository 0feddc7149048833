"""Text to events: every frame of Bybit's public and private sockets. Pure; whatever bytes come, `decode` answers.

Data frames are {"topic", "type", "ts" or "creationTime", "data"}; a tickers delta holds only what changed. The answers
to what we say have several shapes: see `_said`. A bad row costs that row only.
"""

from __future__ import annotations

import re

import msgspec

from monitor.domain.frames import Decoded, FrameKind, RowProblem
from monitor.domain.names import AccountKey, Venue
from monitor.venues.bybit import tickers, user_events
from monitor.venues.bybit.endpoints import IGNORED
from monitor.venues.fields import Loose, optional, optional_seconds

LOGIN = "auth"  #: the request id of a login, whatever number was sent with it
_NOTHING = msgspec.Raw(b"")
_SHOWN = 40  #: how much of a venue's word is kept when it is not one of ours
_LIKE_A_KEY = re.compile(r"[A-Za-z0-9]{16,}")  #: longer than any word of a refusal
_TICKERS_BEGIN = b'{"topic":"tickers.'
_RETIRED = frozenset({"liquidation"})  #: topics of the present kind of frame that nobody sends any more


class _Envelope(msgspec.Struct, gc=False):
    topic: str | None = None
    type: str | None = None
    ts: Loose = None
    creationTime: Loose = None
    data: msgspec.Raw = _NOTHING
    op: str | None = None
    success: bool | None = None
    req_id: str | None = None
    reqId: str | None = None
    ret_msg: str | None = None
    retMsg: str | None = None
    retCode: Loose = None


class _Topics(msgspec.Struct, gc=False):
    """What an answer of the options' socket says, which has no number: the topics themselves."""

    successTopics: list[str] = []
    failTopics: list[str] = []


_envelope = msgspec.json.Decoder(_Envelope, strict=False)
_topics = msgspec.json.Decoder(_Topics, strict=False)


def decode(
    raw: bytes | str,
    *,
    venue: Venue,
    account: AccountKey | None,
    received: float,
    memory: tickers.Memory | None = None,
) -> Decoded:
    """One frame. `account` is whose stream it came on (None: a public one), `received` seconds since 1970, `memory`
    that of its connection, which completes deltas.

    Never raises: what cannot be read is MALFORMED with the reason in words, which hold nothing of the payload.
    `venue_time` is when the venue made the frame. Acknowledgements carry the `req_id` that we sent, "auth" for a login;
    on the options' socket, which numbers nothing, the topics joined by commas. A pong is IGNORED.
    """
    try:
        text = raw.encode() if isinstance(raw, str) else raw
        if text.startswith(_TICKERS_BEGIN):
            # What comes a thousand times as often as the rest is tried first; what is wrong with it, the rest tells.
            quick = tickers.frame(text, venue, received, memory)
            if quick is not None:
                return quick
        envelope = _envelope.decode(text)
        if envelope.topic is not None:
            return _topic(envelope, envelope.topic, venue, account, received)
        return _said(envelope)
    except (ValueError, OverflowError, RecursionError) as error:
        return Decoded(FrameKind.MALFORMED, why=_why(error))


def _topic(envelope: _Envelope, topic: str, venue: Venue, account: AccountKey | None, received: float) -> Decoded:
    name, stream = topic.partition(".")[0], topic[:_SHOWN]
    at = optional_seconds(envelope.creationTime if envelope.ts is None else envelope.ts)
    if name == "tickers":
        return _ticker(envelope, stream, venue, received, at)
    if name in user_events.KINDS:
        return _user(envelope, name, stream, account, received, at)
    known = (name in IGNORED or name in user_events.SAY_NOTHING) and name not in _RETIRED
    kind = FrameKind.IGNORED if known else FrameKind.UNRECOGNISED
    return Decoded(kind, name[:_SHOWN], stream, venue_time=at)


def _ticker(envelope: _Envelope, stream: str, venue: Venue, received: float, at: float | None) -> Decoded:
    if at is None or not envelope.data:
        return Decoded(FrameKind.MALFORMED, "tickers", stream, why="a ticker without a time or without data")
    try:
        events = tickers.events(tickers.cell(bytes(envelope.data)), venue, at, received)
    except ValueError as error:
        why = _why(error)
        return Decoded(FrameKind.MALFORMED, "tickers", stream, (), (RowProblem(stream, why),), why=why, venue_time=at)
    return Decoded(FrameKind.DATA, "tickers", stream, events, venue_time=at)


def _user(
    envelope: _Envelope, name: str, stream: str, account: AccountKey | None, received: float, at: float | None
) -> Decoded:
    if account is None:
        why = "an account's event on a public stream"
        return Decoded(FrameKind.UNRECOGNISED, name, stream, why=why, venue_time=at)
    if at is None:
        return Decoded(FrameKind.MALFORMED, name, stream, why="creationTime is not a time")
    category = stream.partition(".")[2] or None
    events, problems = user_events.KINDS[name](bytes(envelope.data), category, account, at, received)
    bad = bool(problems) and not events
    kind = FrameKind.MALFORMED if bad else FrameKind.DATA
    return Decoded(kind, name, stream, events, problems, why=problems[0].why if bad else "", venue_time=at)


def _said(envelope: _Envelope) -> Decoded:
    """The answer to something that we said.

    {"success", "ret_msg", "req_id", "op"} mostly; a login also with "retCode" and "retMsg" and without "success"; on
    the options' socket {"success", "data": {"successTopics", "failTopics"}, "type": "COMMAND_RESP"}; a pong is op
    "pong", or op "ping" with ret_msg "pong".
    """
    words = envelope.ret_msg or envelope.retMsg or ""
    if envelope.op == "pong" or (envelope.op == "ping" and envelope.success is not False):
        return Decoded(FrameKind.IGNORED, "pong")
    code = optional(envelope.retCode)
    if envelope.success is None and (envelope.op is None or code is None):
        return Decoded(FrameKind.UNRECOGNISED, (envelope.op or envelope.type or "")[:_SHOWN])
    number: str | None = envelope.req_id or envelope.reqId or None
    good = envelope.success is not False and not code
    if envelope.op == LOGIN:
        number = LOGIN
    elif number is None and envelope.data:
        told = _topics.decode(bytes(envelope.data))
        good = good and not told.failTopics
        number = ",".join(told.successTopics if good else told.failTopics) or None
    if good:
        return Decoded(FrameKind.ACKNOWLEDGED, envelope.op or "", request_id=number)
    # Its words may echo what we said, a key too, and they are shown as the reason of a stream that is down.
    why = _LIKE_A_KEY.sub("***", words or "no words")[:200] + (f" (code {code:.0f})" if code else "")
    return Decoded(FrameKind.REFUSED, envelope.op or "", why=why, request_id=number)


def _why(error: Exception) -> str:
    # UnicodeError's own words quote the bytes; msgspec's name a type and a path, no value.
    if isinstance(error, UnicodeError):
        return "not UTF-8"
    if isinstance(error, RecursionError):
        return "nested too deep"
    return str(error)[:200] or type(error).__name__
