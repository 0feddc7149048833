"""Text to events: every frame that Binance's streams send. Pure; whatever bytes come, `decode` answers.

A frame comes bare ({"e": …}) or wrapped ({"stream", "data"}, {"subscriptionId", "event"}), alone or as an array; an
array may mix kinds and, since COIN-M moved onto the same streams, contracts of both families (`st` 1 and 2), which are
told apart by their names. A bad row costs that row only. What an account's stream tells depends on the product: the
words of a product are a `Speech`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import NamedTuple

import msgspec

from monitor.domain.events import AssetTick, Event, Tick
from monitor.domain.frames import Decoded, FrameKind, RowProblem
from monitor.domain.names import AccountKey, Venue
from monitor.domain.tables import AssetRates
from monitor.venues.binance import marks, user_events
from monitor.venues.binance.endpoints import IGNORED, IGNORED_STREAMS
from monitor.venues.binance.marks import MarkCell
from monitor.venues.fields import (
    BadField,
    Loose,
    optional,
    optional_seconds,
    positive,
    seconds,
)

_NOTHING = msgspec.Raw(b"")
_SHOWN = 40  #: how much of a venue's word is kept when it is not one of ours
_KEPT = 200  #: how much of a bad row is kept for diagnosis
_LIKE_A_KEY = re.compile(r"[A-Za-z0-9]{20,}")  #: longer than any word of a refusal


class _MarkRow(msgspec.Struct, gc=False, tag_field="e", tag="markPriceUpdate"):
    E: float
    s: str
    p: float
    i: Loose = None
    r: Loose = None
    T: Loose = None


class _AssetRow(msgspec.Struct, gc=False, tag_field="e", tag="assetIndexUpdate"):
    E: float
    s: str
    i: float
    b: Loose = None
    a: Loose = None


class _Envelope(msgspec.Struct, gc=False):
    e: str | None = None
    stream: str | None = None
    data: msgspec.Raw = _NOTHING
    event: msgspec.Raw = _NOTHING
    id: int | str | None = None
    result: msgspec.Raw = _NOTHING
    error: msgspec.Raw = _NOTHING
    code: Loose = None
    status: Loose = None


class _Header(msgspec.Struct, gc=False):
    e: str | None = None
    E: Loose = None
    s: Loose = None


class _Refusal(msgspec.Struct, gc=False):
    code: Loose = None
    msg: str | None = None


_PriceRow = _MarkRow | _AssetRow
_ArrayRow = MarkCell | _AssetRow
_price_row = msgspec.json.Decoder(_PriceRow, strict=False)
_array_row = msgspec.json.Decoder(_ArrayRow, strict=False)
_array_rows = msgspec.json.Decoder(list[_ArrayRow], strict=False)
_raw_rows = msgspec.json.Decoder(list[msgspec.Raw])
_envelope = msgspec.json.Decoder(_Envelope, strict=False)
_header = msgspec.json.Decoder(_Header, strict=False)
_refusal = msgspec.json.Decoder(_Refusal, strict=False)

_MARK_BEGINS = b'{"e":"markPriceUpdate",'
_PRICES = frozenset({"markPriceUpdate", "assetIndexUpdate"})


@dataclass(frozen=True, slots=True)
class Speech:
    """The words of one product's account streams: what each event comes to, and which are known to say nothing.

    `expired`: the events by which a stream's key or token ends.
    """

    kinds: Mapping[str, user_events.Handler]
    ignored: frozenset[str]
    expired: frozenset[str] = frozenset({"listenKeyExpired"})


FUTURES = Speech(user_events.KINDS, frozenset(IGNORED))


class _Context(NamedTuple):
    venue: Venue
    account: AccountKey | None
    received: float
    speech: Speech
    stream: str = ""


def decode(
    raw: bytes | str, *, venue: Venue, account: AccountKey | None, received: float, speech: Speech = FUTURES
) -> Decoded:
    """One frame. `account` is whose stream it came on (None: a public one), `received` seconds since 1970.

    Never raises: what cannot be read is MALFORMED with the reason in words, which hold nothing of the payload.
    `venue_time` is the newest event time (`E`) of the frame.
    """
    try:
        text = raw.encode() if isinstance(raw, str) else raw
        return _frame(text, _Context(venue, account, received, speech))
    except (ValueError, OverflowError, RecursionError) as error:
        # ValueError covers msgspec's errors, undecodable text and BadField.
        return Decoded(FrameKind.MALFORMED, why=_why(error))


def _frame(text: bytes, context: _Context) -> Decoded:
    # What comes a thousand times as often as anything else is tried first; what is wrong with it, the rest tells.
    array = marks.frame(text)
    if array is not None:
        return _prices(array.data, (), [], context._replace(stream=array.stream[:_SHOWN]))
    if text.startswith(_MARK_BEGINS):
        single = _price(text, context, "markPriceUpdate", None)
        if single.kind is not FrameKind.MALFORMED:
            return single
    if text.lstrip()[:1] == b"[":
        return _array(text, context)
    envelope = _envelope.decode(text)
    if envelope.e is None:
        if envelope.error or envelope.code is not None:
            return _refused(envelope, text)
        if envelope.result:
            return Decoded(FrameKind.ACKNOWLEDGED, request_id=envelope.id)
        if envelope.data:
            context = context._replace(stream=(envelope.stream or "")[:_SHOWN])
            payload = bytes(envelope.data)
            return _array(payload, context) if payload[:1] == b"[" else _event(payload, context)
        if envelope.event:
            return _event(bytes(envelope.event), context)
    return _event(text, context)


def _event(payload: bytes, context: _Context) -> Decoded:
    header = _header.decode(payload)
    name, venue_time = header.e, optional_seconds(header.E)
    if name is None:
        kind = FrameKind.IGNORED if _stream_kind(context.stream) in IGNORED_STREAMS else FrameKind.UNRECOGNISED
        return Decoded(kind, _stream_kind(context.stream)[:_SHOWN], context.stream, venue_time=venue_time)
    if name in _PRICES:
        return _price(payload, context, name, venue_time)
    if name in context.speech.ignored:
        return Decoded(FrameKind.IGNORED, name, context.stream, venue_time=venue_time)
    if name in context.speech.expired:
        return Decoded(FrameKind.KEY_EXPIRED, name, context.stream, venue_time=venue_time)
    if name in context.speech.kinds:
        return _user(name, payload, context, venue_time)
    return Decoded(FrameKind.UNRECOGNISED, name[:_SHOWN], context.stream, venue_time=venue_time)


def _user(name: str, payload: bytes, context: _Context, venue_time: float | None) -> Decoded:
    if context.account is None:
        why = "an account's event on a public stream"
        return Decoded(FrameKind.UNRECOGNISED, name, context.stream, why=why, venue_time=venue_time)
    try:
        found = context.speech.kinds[name](payload, context.account, context.received)
    except (ValueError, OverflowError) as error:
        return Decoded(FrameKind.MALFORMED, name, context.stream, why=_why(error), venue_time=venue_time)
    if found.events or found.problems:
        kind = FrameKind.DATA if found.events or not found.all_bad else FrameKind.MALFORMED
    else:
        kind = FrameKind.DATA if found.carries_state else FrameKind.IGNORED
    why = found.problems[0].why if kind is FrameKind.MALFORMED else ""
    return Decoded(kind, name, context.stream, found.events, found.problems, why=why, venue_time=venue_time)


def _array(payload: bytes, context: _Context) -> Decoded:
    try:
        rows = _array_rows.decode(payload)
    except msgspec.DecodeError:
        # A bad row, or rows that are no prices: look at each by itself. A broken array fails here again.
        return _mixed([bytes(row) for row in _raw_rows.decode(payload)], context)
    return _sorted(rows, [], context)


def _mixed(rows: list[bytes], context: _Context) -> Decoded:
    names: dict[str, int] = {}
    priced: list[_ArrayRow] = []
    problems: list[RowProblem] = []
    prices = 0
    for number, row in enumerate(rows):
        try:
            name = _header.decode(row).e or ""
            if name in _PRICES:
                prices += 1
                priced.append(_array_row.decode(row))
            elif name in context.speech.ignored:
                names[name] = names.get(name, 0) + 1
            else:
                problems.append(RowProblem(f"row {number}", f"unknown kind «{name[:_SHOWN]}»"))
        except msgspec.DecodeError as error:
            shown = row[:_KEPT].decode("utf-8", "replace")
            problems.append(RowProblem(_named(row) or f"row {number}", _why(error), shown))
    if prices:
        return _sorted(priced, problems, context)
    if names:
        return Decoded(FrameKind.IGNORED, max(names, key=lambda name: names[name]), context.stream, (), tuple(problems))
    kind = FrameKind.UNRECOGNISED if all("unknown kind" in problem.why for problem in problems) else FrameKind.MALFORMED
    return Decoded(kind, "", context.stream, (), tuple(problems), why=problems[0].why if problems else "")


def _sorted(rows: Sequence[_ArrayRow], bad: list[RowProblem], context: _Context) -> Decoded:
    cells = [row for row in rows if isinstance(row, MarkCell)]
    assets = [row for row in rows if isinstance(row, _AssetRow)]
    return _prices(cells, assets, bad, context)


def _prices(
    cells: Sequence[MarkCell], assets: Sequence[_AssetRow], bad: list[RowProblem], context: _Context
) -> Decoded:
    """An array of prices: the marks as one event, each asset as its own."""
    events: list[Event] = []
    ticks = marks.ticks(cells, context.venue, context.received, bad)
    newest = 0.0
    if ticks is not None:
        events.append(ticks)
        newest = max(ticks.venue_times)
    for row in assets:
        try:
            tick = _asset_tick(row, context)
        except BadField as error:
            bad.append(RowProblem(row.s[:_SHOWN] or "?", str(error)))
            continue
        events.append(tick)
        newest = max(newest, tick.venue_time)
    name = "markPriceUpdate" if cells else "assetIndexUpdate" if assets else ""
    kind = FrameKind.DATA if events or not (name or bad) else FrameKind.MALFORMED if bad else FrameKind.IGNORED
    why = bad[0].why if kind is FrameKind.MALFORMED else ""
    return Decoded(kind, name, context.stream, tuple(events), tuple(bad), why=why, venue_time=newest or None)


def _price(payload: bytes, context: _Context, name: str, venue_time: float | None) -> Decoded:
    """One price, alone in its frame."""
    try:
        row = _price_row.decode(payload)
        event = _tick(row, context) if isinstance(row, _MarkRow) else _asset_tick(row, context)
    except (msgspec.DecodeError, BadField) as error:
        why = _why(error)
        problem = RowProblem(_named(payload) or "?", why, payload[:_KEPT].decode("utf-8", "replace"))
        return Decoded(FrameKind.MALFORMED, name, context.stream, (), (problem,), why=why, venue_time=venue_time)
    return Decoded(FrameKind.DATA, name, context.stream, (event,), venue_time=event.venue_time)


def _tick(row: _MarkRow, context: _Context) -> Tick:
    # Some hundreds of rows a second come through here: the checks of `fields` stand inline where they pass.
    mark, at = row.p, row.E
    if not (0.0 < mark < inf and 0.0 <= at < inf and row.s):
        if not row.s:
            raise BadField("s is empty")
        mark, at = positive("p", mark), seconds("E", at) * 1000.0
    index, next_funding = optional(row.i), optional(row.T)
    return Tick(
        context.venue,
        row.s,
        mark,
        at / 1000.0,
        context.received,
        index if index is not None and index > 0.0 else None,
        optional(row.r),
        next_funding / 1000.0 if next_funding is not None and next_funding > 0.0 else None,
    )


def _asset_tick(row: _AssetRow, context: _Context) -> AssetTick:
    asset = asset_of_index(row.s)
    price = positive("i", row.i)
    return AssetTick(context.venue, asset, price, seconds("E", row.E), context.received, rates(row.b, row.a))


def asset_of_index(symbol: str) -> str:
    """The asset of an index symbol: ADAUSD is ADA's index in USD. BadField for a name that does not end so."""
    asset = symbol.removesuffix("USD")
    if asset == symbol or not asset:
        raise BadField("s is not the name of an asset index")
    return asset


def rates(bid_buffer: Loose, ask_buffer: Loose) -> AssetRates | None:
    """How an asset counts: at index x (1 - bid buffer) if positive, at index x (1 + ask buffer) if negative.

    A requirement is converted at the ask rate too. None where a buffer is missing or impossible.
    """
    bid, ask = optional(bid_buffer), optional(ask_buffer)
    if bid is None or ask is None or not 0.0 <= bid <= 1.0 or ask < 0.0:
        return None
    return AssetRates(positive_rate=1.0 - bid, negative_rate=1.0 + ask, requirement_rate=1.0 + ask)


def _refused(envelope: _Envelope, text: bytes) -> Decoded:
    said = _refusal.decode(bytes(envelope.error) if envelope.error and envelope.error != b"null" else text)
    code = optional(said.code)
    # Its words may echo what we said, a key too, and they are shown as the reason of a stream that is down.
    why = _LIKE_A_KEY.sub("***", said.msg or "no words")[:200] + ("" if code is None else f" (code {code:.0f})")
    return Decoded(FrameKind.REFUSED, why=why, request_id=envelope.id)


def _stream_kind(stream: str) -> str:
    """«btcusdt@openInterest» and «btcusdt@depth@100ms» and «!bookTicker» -> openInterest, depth, bookTicker."""
    first, at, rest = stream.partition("@")
    return (rest.partition("@")[0] if at and not first.startswith("!") else first).removeprefix("!")


def _named(row: bytes) -> str:
    try:
        symbol = _header.decode(row).s
    except msgspec.DecodeError:
        return ""
    return str(symbol)[:_SHOWN] if symbol else ""


def _why(error: Exception) -> str:
    # UnicodeError's own words quote the bytes; msgspec's name a type and a path, no value.
    if isinstance(error, UnicodeError):
        return "not UTF-8"
    if isinstance(error, RecursionError):
        return "nested too deep"
    return str(error)[:200] or type(error).__name__
