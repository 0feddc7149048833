"""What the body of a request says: read with a bound and a deadline, every wrong key named with its cure."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Any

import msgspec
from aiohttp import web

from monitor.domain.alerts import Matcher
from monitor.domain.silences import (
    LONGEST_AUTHOR,
    LONGEST_COMMENT,
    LONGEST_SILENCE_SECONDS,
    SilenceRefused,
    mistakes,
    parse,
)
from monitor.web.refusal import Refusal

LARGEST_BODY = 16 * 1024  #: bytes
BODY_SECONDS = 5.0
VIAS = ("api", "cli")  #: by which way an acknowledgement over the API may say that it came
_LARGEST = 2**53  #: a whole number beyond is shown as text
_BEYOND_FLOATS = re.compile(rb"[0-9]{309}")  #: a whole number of any length is JSON
_SHOWN = 60  #: characters of a wrong value that an answer repeats

Body = Mapping[str, Any]


async def body_of(request: web.Request, *keys: str) -> Body:
    """The JSON object of the body, which may hold these keys and no others; {} where there is no body."""
    raw = await _read(request)
    if not raw:
        return {}
    if request.content_type != "application/json":
        raise Refusal(400, "Content-Type", request.content_type, "must be application/json")
    if _BEYOND_FLOATS.search(raw):
        raise Refusal(400, "body", "", "holds a number that is too large")
    try:
        body = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Refusal(400, "body", "", "is not JSON") from None
    if not isinstance(body, dict):
        raise Refusal(400, "body", "", 'must be an object such as {"author": "…"}')
    for key in body:
        if key not in keys:
            raise Refusal(400, key[:_SHOWN], _shown(body[key]), f"no such key; there are: {', '.join(keys) or 'none'}")
    return body


async def form_of(request: web.Request) -> Mapping[str, str]:
    """The fields of a form, the first of each name."""
    await _read(request)
    if request.content_type != "application/x-www-form-urlencoded":
        raise Refusal(400, "Content-Type", request.content_type, "must be application/x-www-form-urlencoded")
    try:
        fields = await request.post()
    except (LookupError, UnicodeDecodeError):
        raise Refusal(400, "body", "", "is not text in UTF-8") from None
    firsts = ((name, fields[name]) for name in fields)
    return {name: value for name, value in firsts if isinstance(value, str)}


async def _read(request: web.Request) -> bytes:
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await request.read()
    except TimeoutError:
        raise Refusal(408, "body", "", f"must come within {BODY_SECONDS:.0f} s") from None
    except web.HTTPRequestEntityTooLarge:
        raise Refusal(413, "body", "", f"at most {LARGEST_BODY} bytes") from None


def text_in(body: Body, key: str, most: int, *, needed: bool = False) -> str:
    """One line of text, at most so long; "" where it is missing."""
    value = body.get(key, "")
    if not isinstance(value, str):
        raise Refusal(400, key, _shown(value), "must be text")
    value = " ".join(value.split())
    if len(value) > most:
        raise Refusal(400, key, _shown(value), f"at most {most} characters")
    if any(not character.isprintable() for character in value):
        raise Refusal(400, key, "", "holds characters that cannot be printed")
    if needed and not value:
        raise Refusal(400, key, "", "must be given")
    return value


def author_in(body: Body) -> str:
    """Who asks."""
    return text_in(body, "author", LONGEST_AUTHOR, needed=True)


def comment_in(body: Body) -> str:
    """What they say about it."""
    return text_in(body, "comment", LONGEST_COMMENT)


def via_in(body: Body) -> str:
    """By which way."""
    via = text_in(body, "via", 16) or VIAS[0]
    if via not in VIAS:
        raise Refusal(400, "via", via, f"must be one of {', '.join(VIAS)}")
    return via


def seconds_in(body: Body) -> float:
    """How long a silence lasts."""
    value = body.get("seconds")
    cure = f"must be a number of seconds from 1 to {LONGEST_SILENCE_SECONDS:.0f}"
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 1.0 <= value <= LONGEST_SILENCE_SECONDS:
        raise Refusal(400, "seconds", _shown(value), cure)
    return float(value)


def matchers_in(body: Body) -> tuple[Matcher, ...]:
    """The matchers of a silence: a list of texts such as "account=main", or of objects."""
    given = body.get("matchers")
    if not isinstance(given, list):
        raise Refusal(400, "matchers", _shown(given), 'must be a list such as ["account=main", "coin=~BTC|ETH"]')
    try:
        matchers = tuple(_matcher(each, f"matchers[{place}]") for place, each in enumerate(given))
        for mistake in mistakes(matchers):
            raise mistake
    except SilenceRefused as mistake:
        raise Refusal(400, mistake.key, _shown(mistake.value), mistake.cure) from None
    return matchers


def _matcher(given: object, key: str) -> Matcher:
    if isinstance(given, str):
        return parse(given, key)
    cure = 'must be a text such as "account=main", or {"name": …, "value": …, "regex": false, "negative": false}'
    try:
        return msgspec.convert(given, _Matcher, strict=True).matcher()
    except msgspec.ValidationError:
        raise Refusal(400, key, _shown(given), cure) from None


class _Matcher(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    value: str
    regex: bool = False
    negative: bool = False

    def matcher(self) -> Matcher:
        return Matcher(name=self.name, value=self.value, regex=self.regex, negative=self.negative)


def _shown(value: object) -> object:
    """A wrong value as the answer repeats it: short, and never a structure."""
    if value is None or isinstance(value, (bool, float)):
        return value
    if isinstance(value, int) and abs(value) < _LARGEST:
        return value
    try:
        text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    except (RecursionError, OverflowError):
        return "…"
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
