"""Text to events: every frame that OKX's sockets send. Pure; whatever bytes come, `decode` answers.

A frame is the text «pong», an event ({"event": …}: login, subscribe, unsubscribe, error, notice, counts of connections)
or data ({"arg": …, "data": […]}). A bad row costs that row only. What a frame says of pages is read here and put
together in `pages`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf

import msgspec

from monitor.domain.events import AssetTick, Event, FundingRates, OptionMarks, Tick
from monitor.domain.frames import Decoded, FrameKind, RowProblem
from monitor.domain.names import USD, AccountKey, Venue
from monitor.venues.okx import codec_private as private
from monitor.venues.okx.endpoints import (
    FUNDING_RATE,
    IGNORED,
    INDEX_PRICES,
    MARK_PRICES,
    OPTION_SUMMARIES,
    PONG,
    UPGRADE_NOTICE,
    Topic,
)
from monitor.venues.okx.fields import Loose, optional, optional_seconds, positive, seconds, word
from monitor.venues.okx.reading import SHOWN, Made, Row, shown

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


class _MarkRow(msgspec.Struct, gc=False):
    instId: str
    markPx: Loose = None
    ts: Loose = None


class _MarkArg(msgspec.Struct, gc=False):
    channel: str
    instId: str
    instType: str = ""


class _MarkText(msgspec.Struct, gc=False):
    instId: str
    markPx: str
    ts: str


class _MarkFrame(msgspec.Struct, gc=False):
    """A mark alone in its frame, as the venue writes it."""

    arg: _MarkArg
    data: list[_MarkText]


class _IndexRow(msgspec.Struct, gc=False):
    instId: str
    idxPx: Loose = None
    ts: Loose = None


class _OptionRow(msgspec.Struct, gc=False):
    instId: str
    markVol: Loose = None
    fwdPx: Loose = None
    ts: Loose = None


class _FundingRow(msgspec.Struct, gc=False):
    instId: str
    fundingRate: Loose = None
    fundingTime: Loose = None


_envelope = msgspec.json.Decoder(_Envelope)
_mark_frame = msgspec.json.Decoder(_MarkFrame)
_MARK_BEGINS = b'{"arg":{"channel":"mark-price"'


@dataclass(frozen=True, slots=True)
class _Context:
    venue: Venue
    account: AccountKey | None
    received: float


def decode(raw: bytes | str, *, venue: Venue, account: AccountKey | None, received: float) -> Decoded:
    """One frame. `account` is whose socket it came on (None: a public one), `received` seconds since 1970.

    Never raises: what cannot be read is MALFORMED with the reason in words, which hold nothing of the payload. A frame
    of an account's channel is `Paged`. `request_id` of an answer is the topic's text, or «login».
    """
    try:
        text = raw.encode() if isinstance(raw, str) else raw
        if text.startswith(_MARK_BEGINS):
            # What comes by far the most often is tried first; what is wrong with it, the rest tells.
            mark = _mark(text, venue, received)
            if mark is not None:
                return mark
        if text == _PONG:
            return Decoded(FrameKind.IGNORED, PONG)
        said = _envelope.decode(text)
    except (ValueError, RecursionError) as error:
        return Decoded(FrameKind.MALFORMED, why=_why(error))
    if said.event is not None:
        return _answer(said)
    if said.arg is None or said.data is None:
        return Decoded(FrameKind.UNRECOGNISED)
    topic = Topic.of(said.arg)
    return _data(said, said.data, topic, _Context(venue, account, received))


def _mark(text: bytes, venue: Venue, received: float) -> Decoded | None:
    """One mark alone in its frame; None where that is not what it is."""
    try:
        frame = _mark_frame.decode(text)
        (row,) = frame.data
        mark, at = float(row.markPx), float(row.ts) / 1000.0
    except (ValueError, RecursionError):
        return None
    if not (0.0 < mark < inf and 0.0 <= at < inf and row.instId) or "_" in row.markPx or "_" in row.ts:
        return None  # float() would also read "1_0", which no sender means
    if frame.arg.channel != MARK_PRICES or frame.arg.instType:
        return None
    stream = f"{MARK_PRICES}:{frame.arg.instId}"[:SHOWN]
    tick = Tick(venue, row.instId, mark, at, received)
    return Decoded(FrameKind.DATA, MARK_PRICES, stream, (tick,), venue_time=at)


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


def _data(said: _Envelope, data: Sequence[msgspec.Raw], topic: Topic, context: _Context) -> Decoded:
    channel, stream = topic.channel, topic.text[:SHOWN]
    if channel in IGNORED:
        return Decoded(FrameKind.IGNORED, channel, stream)
    if channel in private.KINDS:
        return _private(said, data, channel, stream, context)
    reader = _PUBLIC.get(channel)
    if reader is None:
        return Decoded(FrameKind.UNRECOGNISED, channel[:_WORD_SHOWN], stream)
    bad: list[RowProblem] = []
    times: list[float] = []
    events = reader(data, context, bad, times)
    kind = FrameKind.MALFORMED if bad and not events else FrameKind.DATA
    why = bad[0].why if kind is FrameKind.MALFORMED else ""
    newest = max(times) if times else None
    return Decoded(kind, channel, stream, tuple(events), tuple(bad), why=why, venue_time=newest)


def _private(said: _Envelope, data: Sequence[msgspec.Raw], channel: str, stream: str, context: _Context) -> Decoded:
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


def _marks(data: Sequence[msgspec.Raw], context: _Context, bad: list[RowProblem], times: list[float]) -> list[Event]:
    def made(row: _MarkRow) -> Event:
        return Tick(
            context.venue,
            word("instId", row.instId),
            positive("markPx", row.markPx),
            seconds("ts", row.ts),
            context.received,
        )

    return _rows(data, _MarkRow, made, bad, times)


def _indices(data: Sequence[msgspec.Raw], context: _Context, bad: list[RowProblem], times: list[float]) -> list[Event]:
    def made(row: _IndexRow) -> Event | None:
        price, at = positive("idxPx", row.idxPx), seconds("ts", row.ts)
        asset = usd_index(word("instId", row.instId))
        return None if asset is None else AssetTick(context.venue, asset, price, at, context.received)

    return _rows(data, _IndexRow, made, bad, times)


def _options(data: Sequence[msgspec.Raw], context: _Context, bad: list[RowProblem], times: list[float]) -> list[Event]:
    def made(row: _OptionRow) -> tuple[str, float, float]:
        return word("instId", row.instId), positive("markVol", row.markVol), positive("fwdPx", row.fwdPx)

    found = _rows(data, _OptionRow, made, bad, times)
    if not found:
        return []
    symbols, volatilities, underlyings = zip(*found, strict=True)
    return [OptionMarks(context.venue, symbols, volatilities, underlyings, context.received)]


def _funding(data: Sequence[msgspec.Raw], context: _Context, bad: list[RowProblem], times: list[float]) -> list[Event]:
    # `fundingTime` is when the rate is paid that is told here; `nextFundingTime` belongs to the one after.
    def made(row: _FundingRow) -> tuple[str, float, float | None] | None:
        rate = optional(row.fundingRate)
        return None if rate is None else (word("instId", row.instId), rate, optional_seconds(row.fundingTime))

    found = _rows(data, _FundingRow, made, bad, times)
    if not found:
        return []
    symbols, rates, due = zip(*found, strict=True)
    return [FundingRates(context.venue, symbols, rates, due, context.received)]


def usd_index(index: str) -> str | None:
    """The asset whose USD price an index tells («BTC-USD»: BTC); None for an index in another asset («BTC-USDT»)."""
    asset, _, quote = index.partition("-")
    return asset if asset and quote == USD else None


def _rows(
    data: Sequence[msgspec.Raw],
    kind: type[Row],
    make: Callable[[Row], Made | None],
    bad: list[RowProblem],
    times: list[float],
) -> list[Made]:
    """What is made of each row; bad rows are named by their instrument."""
    found: list[Made] = []
    for number, raw in enumerate(data):
        try:
            row = msgspec.json.decode(raw, type=kind)
            one = make(row)
        except (ValueError, OverflowError, RecursionError) as error:  # msgspec's errors and BadField
            bad.append(RowProblem(f"row {number}", _why(error), shown(raw)))
            continue
        at = optional_seconds(getattr(row, "ts", None))
        times += [] if at is None else [at]
        if one is not None:
            found.append(one)
    return found


_PUBLIC: dict[str, Callable[[Sequence[msgspec.Raw], _Context, list[RowProblem], list[float]], list[Event]]] = {
    MARK_PRICES: _marks,
    INDEX_PRICES: _indices,
    OPTION_SUMMARIES: _options,
    FUNDING_RATE: _funding,
}


def _why(error: Exception) -> str:
    # UnicodeError's own words quote the bytes; msgspec's name a type and a path, no value.
    if isinstance(error, UnicodeError):
        return "not UTF-8"
    if isinstance(error, RecursionError):
        return "nested too deep"
    return str(error)[:SHOWN] or type(error).__name__
