"""From the bytes of an answer to typed rows; an error body, or anything else, becomes MalformedAnswer."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from monitor.domain.errors import MalformedAnswer
from monitor.domain.names import Venue
from monitor.venues.fields import BadField, Loose, finite, optional
from monitor.venues.rows import SHOWN

T = TypeVar("T")


class _ErrorBody(msgspec.Struct, gc=False):
    code: Loose
    msg: str = ""


def whole(raw: bytes | str, kind: type[T], venue: Venue, what: str) -> T:
    """The answer as `kind`; MalformedAnswer if it is not that, with the venue's code if it is an error body."""
    try:
        return msgspec.json.decode(raw, type=kind, strict=False)
    except (ValueError, RecursionError) as error:
        code = refusal(raw)
        if code is not None:
            raise MalformedAnswer(venue, what, "the venue answered with an error", code[0]) from None
        why = "not UTF-8" if isinstance(error, UnicodeError) else str(error)[:SHOWN]
        raise MalformedAnswer(venue, what, why) from None


def rows(raw: bytes | str, venue: Venue, what: str) -> list[msgspec.Raw]:
    """The rows of an answer, each still undecoded: an array, or one object where a symbol was asked for."""
    body = raw.encode(errors="replace") if isinstance(raw, str) else raw
    if body.lstrip()[:1] == b"{" and refusal(body) is None:
        return [whole(body, msgspec.Raw, venue, what)]
    return whole(body, list[msgspec.Raw], venue, what)


def refusal(raw: bytes | str) -> tuple[int, str] | None:
    """Code and words of an error body ({"code": -1125, "msg": …}); None if it is none."""
    try:
        body = msgspec.json.decode(raw, type=_ErrorBody, strict=False)
    except (ValueError, RecursionError):
        return None
    code = optional(body.code)
    return None if code is None or code >= 0 else (int(code), body.msg[:SHOWN])


def not_negative(name: str, value: Loose) -> float:
    """A finite number not below zero, or BadField: of what is owed or held back."""
    number = finite(name, value)
    if number < 0.0:
        raise BadField(f"{name} is below zero")
    return number
