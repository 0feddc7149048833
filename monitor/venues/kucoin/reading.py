"""From the bytes of an answer to typed rows. Every answer is {"code", "data"}; "200000" is success."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from monitor.domain.errors import MalformedAnswer
from monitor.domain.names import Venue
from monitor.venues.fields import Loose
from monitor.venues.rows import SHOWN

T = TypeVar("T")
_NOTHING = msgspec.Raw(b"")
_FINE = frozenset({"200000", "200"})


class _Envelope(msgspec.Struct, gc=False):
    code: Loose = None
    data: msgspec.Raw = _NOTHING


class Items(msgspec.Struct, gc=False):
    """The usual page: its rows, and which of how many pages it is."""

    items: list[msgspec.Raw]
    currentPage: Loose = None
    pageNumber: Loose = None
    totalPage: Loose = None


def result(raw: bytes | str, kind: type[T], venue: Venue, what: str) -> T:
    """The data of an answer as `kind`; MalformedAnswer if it is no such answer, with the code if it refuses."""
    said = decoded(raw, _Envelope, venue, what)
    code = said.code if isinstance(said.code, str) else f"{said.code:.0f}" if said.code is not None else ""
    if code not in _FINE:
        raise MalformedAnswer(venue, what, "the venue answered with an error", code[:SHOWN] or None)
    if not said.data:
        raise MalformedAnswer(venue, what, "the answer has no data")
    return decoded(said.data, kind, venue, what)


def rows(raw: bytes | str, venue: Venue, what: str) -> list[msgspec.Raw]:
    """The rows of an answer, each still undecoded, whether they are the data or stand in a page.

    An account without any has been answered with an empty object.
    """
    data = bytes(result(raw, msgspec.Raw, venue, what)).lstrip()
    if data.startswith(b"["):
        return decoded(data, list[msgspec.Raw], venue, what)
    if data in (b"null", b"{}"):
        return []
    return decoded(data, Items, venue, what).items


def decoded(raw: bytes | str | msgspec.Raw, kind: type[T], venue: Venue, what: str) -> T:
    """JSON as `kind`; MalformedAnswer, without a word of the payload, if it is something else."""
    try:
        return msgspec.json.decode(raw, type=kind, strict=False)
    except (ValueError, RecursionError) as error:
        why = "not UTF-8" if isinstance(error, UnicodeError) else str(error)[:SHOWN]
        raise MalformedAnswer(venue, what, why) from None
