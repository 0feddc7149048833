"""Text to events: every frame that OKX's sockets send. Pure; whatever bytes come, `decode` answers.

A frame is the text «pong», an event ({"event": …}: login, subscribe, unsubscribe, error, notice, counts of connections)
or data ({"arg": …, "data": […]}). A bad row costs that row only. What a frame says of pages is read here and put
together in `pages`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from monitor.domain.frames import Decoded, FrameKind, RowProblem
from monitor.domain.names import AccountKey, Venue
from monitor.venues.fields import Loose, optional
from monitor.venues.okx import codec_prices as prices
from monitor.venues.okx import codec_private as private
from monitor.venues.okx.codec_prices import Context
from monitor.venues.okx.endpoints import (
    IGNORED,
    PONG,
    UPGRADE_NOTICE,
    Topic,
)
from monitor.venues.okx.reading import reason
from monitor.venues.rows import SHOWN

_PONG = PONG.encode()
LOGIN = "login"  #: the request id of the answer to a login
UPGRADE = "upgrade"  #: the name of the notice that this connection will soon be closed: open another one first
_WORD_SHOWN = 40  #: how much of a venue's word is kept when it is not one of ours
_LIKE_A_KEY = re.compile(r"[A-Za-z0-9+/\-]{24,}={0,2}")  #: longer than any word of a refusal
_LOGIN_CODES = frozenset(
    {"60001", "60002", "60003", "60004", "60005", "60006", "60007", "60009", "60022", "60024", "60032"}
)
_NAMED = re.compile(r"\b(channel|instType|instFamily|instId):([A-Za-z0-9_\-]+)")


@dataclass(frozen=True, slots=True)
class Paged(Decoded):
    """A frame of an account's channel: `whole` says that it is part of a snapshot (else of a change), which goes on
    until `last`. `doubt`: in words, why the account is to be read over REST (`pages` says so).
    """

    whole: bool = False
    page: int = 1
    last: bool = True
    doubt: str = ""


class _Envelope(msgspec.Struct, gc=False):
    arg: dict[str, object] | None = None
    data: list[msgspec.Raw] | None = None
    event: str | None = None
    eventType: str = ""
    curPage: Loose = None
    lastPage: bool | str | None = None
    code: str | int | None = None
    msg: str | None = None
    channel: str = ""


_envelope = msgspec.json.Decoder(_Envelope)
_MARK_BEGINS = b'{"arg":{"channel":"mark-price"'


def decode(raw: bytes | str, *, venue: Venue, account: AccountKey | None, received: float) -> Decoded:
    """One frame. `account` is whose socket it came on (None: a public one), `received` seconds since 1970.

    Never raises: what cannot be read is MALFORMED with the reason in words, which hold nothing of the payload. A frame
    of an account's channel is `Paged`. `request_id` of an answer is the topic's text, or «login».
    """
    try:
        text = raw.encode() if isinstance(raw, str) else raw
        if text.startswith(_MARK_BEGINS):
            # What comes by far the most often is tried first; what is wrong with it, the rest tells.
            mark = prices.alone(text, venue, received)
            if mark is not None:
                return mark
        if text == _PONG:
            return Decoded(FrameKind.IGNORED, PONG)
        said = _envelope.decode(text)
    except (ValueError, RecursionError) as error:
        return Decoded(FrameKind.MALFORMED, why=reason(error))
    if said.event is not None:
        return _answer(said)
    if said.arg is None or said.data is None:
        return Decoded(FrameKind.UNRECOGNISED)
    topic = Topic.of(said.arg)
    return _data(said, said.data, topic, Context(venue, account, received))


def _answer(said: _Envelope) -> Decoded:
    event = said.event or ""
    topic = None if said.arg is None else Topic.of(said.arg).text[:SHOWN]
    if event == LOGIN:
        if str(said.code or "0") == "0":
            return Decoded(FrameKind.ACKNOWLEDGED, event, request_id=LOGIN)
        return Decoded(FrameKind.REFUSED, event, why=_words(said), request_id=LOGIN)
    if event in ("subscribe", "unsubscribe"):
        return Decoded(FrameKind.ACKNOWLEDGED, event, topic or "", request_id=topic)
    if event == "error":
        request = LOGIN if str(said.code) in _LOGIN_CODES else topic or _named(said.msg)
        return Decoded(FrameKind.REFUSED, event, topic or "", why=_words(said), request_id=request)
    if event == "notice":
        return Decoded(FrameKind.IGNORED, UPGRADE if str(said.code) == UPGRADE_NOTICE else event, why=_words(said))
    if event == "channel-conn-count":
        return Decoded(FrameKind.IGNORED, event, said.channel[:_WORD_SHOWN])
    if event == "channel-conn-count-error":
        why = f"too many connections of this account to the channel {said.channel[:_WORD_SHOWN]}"
        return Decoded(
            FrameKind.REFUSED, event, said.channel[:_WORD_SHOWN], why=why, request_id=said.channel[:_WORD_SHOWN]
        )
    return Decoded(FrameKind.UNRECOGNISED, event[:_WORD_SHOWN])


def _named(words: str | None) -> str | None:
    """The topic that a refusal speaks of in words («channel:mark-price,instId:X doesn't exist»)."""
    parts = dict(_NAMED.findall(words or ""))
    return Topic.of(parts).text[:SHOWN] or None if "channel" in parts else None


def _words(said: _Envelope) -> str:
    # Its words may echo what we said, a key too, and they are shown as the reason of a stream that is down.
    words = _LIKE_A_KEY.sub("***", said.msg or "no words")[:SHOWN]
    return words if said.code is None else f"{words} (code {str(said.code)[:12]})"


def _data(said: _Envelope, data: Sequence[msgspec.Raw], topic: Topic, context: Context) -> Decoded:
    channel, stream = topic.channel, topic.text[:SHOWN]
    if channel in IGNORED:
        return Decoded(FrameKind.IGNORED, channel, stream)
    if channel in private.KINDS:
        return _private(said, data, channel, stream, context)
    reader = prices.KINDS.get(channel)
    if reader is None:
        return Decoded(FrameKind.UNRECOGNISED, channel[:_WORD_SHOWN], stream)
    bad: list[RowProblem] = []
    times: list[float] = []
    events = reader(data, context, bad, times)
    kind = FrameKind.MALFORMED if bad and not events else FrameKind.DATA
    why = bad[0].why if kind is FrameKind.MALFORMED else ""
    newest = max(times) if times else None
    return Decoded(kind, channel, stream, tuple(events), tuple(bad), why=why, venue_time=newest)


def _private(said: _Envelope, data: Sequence[msgspec.Raw], channel: str, stream: str, context: Context) -> Decoded:
    if context.account is None:
        why = "an account's channel on a public socket"
        return Decoded(FrameKind.UNRECOGNISED, channel, stream, why=why)
    found = private.KINDS[channel](data, context.account, context.received)
    kind = FrameKind.MALFORMED if found.problems and not found.events else FrameKind.DATA
    last = said.lastPage if isinstance(said.lastPage, bool) else str(said.lastPage).lower() != "false"
    return Paged(
        kind,
        channel,
        stream,
        found.events,
        found.problems,
        why=found.problems[0].why if kind is FrameKind.MALFORMED else "",
        venue_time=found.venue_time,
        whole=(said.eventType or found.event_type) == "snapshot",
        page=int(optional(said.curPage) or 1),
        last=last,
    )
