"""From the bytes of an answer to typed rows. Every answer is {"retCode", "retMsg", "result", "time"}; 0 is success."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

import msgspec

from monitor.domain.errors import MalformedAnswer
from monitor.domain.names import Venue
from monitor.venues.fields import Loose, optional, optional_seconds
from monitor.venues.rows import SHOWN

T = TypeVar("T")
_NOTHING = msgspec.Raw(b"")


class _Envelope(msgspec.Struct, gc=False):
    retCode: int
    retMsg: str = ""
    result: msgspec.Raw = _NOTHING
    time: Loose = None


class Rows(msgspec.Struct, gc=False, rename={"rows": "list"}):
    """The usual result: a list of rows, with the cursor of the next page ("" or null: there is none)."""

    rows: list[msgspec.Raw]
    category: str | None = None
    nextPageCursor: str | None = None


def result(raw: bytes | str, kind: type[T], venue: Venue, what: str) -> T:
    """The result of an answer as `kind`; MalformedAnswer if it is no such answer, with the code if it refuses."""
    return _decoded(_envelope(raw, venue, what).result, kind, venue, what)


def rows(raw: bytes | str, venue: Venue, what: str) -> Rows:
    """The rows of an answer, each still undecoded."""
    return result(raw, Rows, venue, what)


def pages(raws: Iterable[bytes | str], venue: Venue, what: str) -> list[msgspec.Raw]:
    """The rows of several answers to one question, one after the other."""
    return [row for raw in raws for row in rows(raw, venue, what).rows]


def next_cursor(raw: bytes | str, venue: Venue, what: str) -> str:
    """What to ask for the next page with; "" where this page is the last."""
    return rows(raw, venue, what).nextPageCursor or ""


def answered(raw: bytes | str, venue: Venue, what: str) -> float | None:
    """When the venue made the answer (its clock, seconds since 1970); None if it does not say."""
    return optional_seconds(_envelope(raw, venue, what).time)


def refusal(raw: bytes | str) -> tuple[int, str] | None:
    """Code and words of an answer that refuses ({"retCode": 10003, …}); None if it is none."""
    try:
        said = msgspec.json.decode(raw, type=_Refusal, strict=False)
    except (ValueError, RecursionError):
        return None
    code = optional(said.retCode)
    return None if not code else (int(code), said.retMsg[:SHOWN])


class _Refusal(msgspec.Struct, gc=False):
    retCode: Loose
    retMsg: str = ""


def _envelope(raw: bytes | str, venue: Venue, what: str) -> _Envelope:
    said = _decoded(raw, _Envelope, venue, what)
    if said.retCode != 0:
        raise MalformedAnswer(venue, what, "the venue answered with an error", said.retCode)
    if not said.result:
        raise MalformedAnswer(venue, what, "the answer has no result")
    return said


def _decoded(raw: bytes | str | msgspec.Raw, kind: type[T], venue: Venue, what: str) -> T:
    try:
        return msgspec.json.decode(raw, type=kind, strict=False)
    except (ValueError, RecursionError) as error:
        why = "not UTF-8" if isinstance(error, UnicodeError) else str(error)[:SHOWN]
        raise MalformedAnswer(venue, what, why) from None
