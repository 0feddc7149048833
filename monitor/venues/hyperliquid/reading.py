"""From the bytes of an answer to typed values. An answer of `POST /info` is a value without any envelope."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from monitor.domain.errors import MalformedAnswer
from monitor.domain.names import Venue
from monitor.venues.rows import SHOWN

Value = TypeVar("Value")


def value(raw: bytes | str, kind: type[Value], venue: Venue, what: str) -> Value:
    """The answer as `kind`; MalformedAnswer if it is something else."""
    try:
        return msgspec.json.decode(raw, type=kind, strict=False)
    except (ValueError, RecursionError) as error:
        raise MalformedAnswer(venue, what, reason(error)) from None


def reason(error: Exception) -> str:
    """What is wrong with some text, in words that hold nothing of it."""
    # UnicodeError's own words quote the bytes; msgspec's name a type and a path, no value.
    if isinstance(error, UnicodeError):
        return "not UTF-8"
    if isinstance(error, RecursionError):
        return "nested too deep"
    return str(error)[:SHOWN] or type(error).__name__
