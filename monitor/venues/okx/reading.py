"""From the bytes of an answer to typed rows. Every answer is {"code", "msg", "data"}; a code other than "0" refuses."""

from __future__ import annotations

import msgspec

from monitor.domain.errors import MalformedAnswer
from monitor.domain.names import Venue
from monitor.venues.rows import SHOWN, Row


class _Answer(msgspec.Struct, gc=False):
    code: str | int
    msg: str = ""
    data: list[msgspec.Raw] | None = None


class _Refusal(msgspec.Struct, gc=False):
    code: str | int
    msg: str = ""


_answer = msgspec.json.Decoder(_Answer)
_refusal = msgspec.json.Decoder(_Refusal)


def rows(raw: bytes | str, venue: Venue, what: str) -> list[msgspec.Raw]:
    """The rows of an answer, each still undecoded; MalformedAnswer if it is no answer, or one that refuses."""
    try:
        said = _answer.decode(raw)
    except (ValueError, RecursionError) as error:
        why = "not UTF-8" if isinstance(error, UnicodeError) else str(error)[:SHOWN]
        raise MalformedAnswer(venue, what, why) from None
    if str(said.code) != "0":
        raise MalformedAnswer(venue, what, "the venue answered with an error", said.code)
    if said.data is None:
        raise MalformedAnswer(venue, what, "the answer has no data")
    return said.data


def only(raw: bytes | str, kind: type[Row], venue: Venue, what: str) -> Row:
    """The one row of an answer that has one; MalformedAnswer if there is none, or it is something else."""
    found = rows(raw, venue, what)
    if not found:
        raise MalformedAnswer(venue, what, "the answer is empty")
    try:
        return msgspec.json.decode(found[0], type=kind, strict=False)
    except (ValueError, RecursionError) as error:
        raise MalformedAnswer(venue, what, str(error)[:SHOWN]) from None


def refusal(raw: bytes | str) -> tuple[str, str] | None:
    """Code and words of an answer that refuses ({"code": "50011", "msg": …}); None if it is none."""
    try:
        said = _refusal.decode(raw)
    except (ValueError, RecursionError):
        return None
    return None if str(said.code) == "0" else (str(said.code), said.msg[:SHOWN])


def reason(error: Exception) -> str:
    """What is wrong with some text, in words that hold nothing of it."""
    # UnicodeError's own words quote the bytes; msgspec's name a type and a path, no value.
    if isinstance(error, UnicodeError):
        return "not UTF-8"
    if isinstance(error, RecursionError):
        return "nested too deep"
    return str(error)[:SHOWN] or type(error).__name__
