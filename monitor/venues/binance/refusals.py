"""What an answer that is no data means: the venue's codes as our errors, without its words.

Its texts hold addresses of ours and echo parameters, so only the code is told. Sources: README.md beside this file.
"""

from __future__ import annotations

import re

import msgspec

from monitor.domain.errors import (
    AuthRejected,
    ClockSkewed,
    FeedLost,
    MalformedAnswer,
    RateLimited,
    Refused,
    VenueError,
)
from monitor.venues.rest import Answer

VENUE = "binance"
LISTEN_KEY_UNKNOWN = -1125
CLOCK = frozenset({-1021})
AUTH = {
    -1002: "the key is not authorised",
    -1022: "the signature is not valid: is the secret the key's own?",
    -2014: "the key has no valid form",
    -2015: "the key is not valid, or not allowed from this address, or may not read this account",
}
LIMITS = frozenset({-1003, -1015})
PASSING = frozenset({-1000, -1001, -1004, -1006, -1007, -1008, -1016})  # overloaded, timed out, internal
BANNED_STATUS = 418
LIMIT_STATUSES = frozenset({BANNED_STATUS, 429, 403})  # 403: the firewall in front of it
_BAN_TEXT = re.compile(rb"banned until (\d{13})")


class _Refusal(msgspec.Struct):
    code: int
    msg: str = ""


def judge(answer: Answer, what: str, wait_seconds: float) -> VenueError | None:
    """The error that an answer stands for; None if it is data. `wait_seconds`: where the venue names no time."""
    code = _code(answer)
    if answer.status in LIMIT_STATUSES or code in LIMITS:
        why = "banned for too many requests" if answer.status == BANNED_STATUS else "too many requests"
        return RateLimited(VENUE, what, why, _until(answer, wait_seconds), code if code is not None else answer.status)
    if code is not None and code < 0:
        return _by_code(code, what)
    if answer.status in (401, 407):
        return AuthRejected(VENUE, what, "not authorised", answer.status)
    if answer.status >= 500 or answer.status == 408:
        return FeedLost(VENUE, what, "the venue failed", answer.status)
    if answer.status >= 400:
        return Refused(VENUE, what, "the venue refused", answer.status)
    if answer.body[:1] not in (b"{", b"["):
        return MalformedAnswer(VENUE, what, "the answer is no JSON", answer.status)
    return None


def _by_code(code: int, what: str) -> VenueError:
    if code in CLOCK:
        return ClockSkewed(VENUE, what, "the venue refused our timestamp", code)
    if code in AUTH:
        return AuthRejected(VENUE, what, AUTH[code], code)
    if code in PASSING:
        return FeedLost(VENUE, what, "the venue failed", code)
    return Refused(VENUE, what, "the venue refused", code)


def _code(answer: Answer) -> int | None:
    """The code of a refusal; None where the body is none. Data never has a negative `code` at its top level."""
    if answer.status < 400 and len(answer.body) > 1000:
        return None
    try:
        return msgspec.json.decode(answer.body, type=_Refusal, strict=False).code
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _until(answer: Answer, wait_seconds: float) -> float:
    """When calls may begin again, by our clock: the header's seconds, else the text's moment, else a default."""
    try:
        return answer.received + max(0.0, float(answer.headers["retry-after"]))
    except (KeyError, ValueError):
        pass
    told = _BAN_TEXT.search(answer.body)
    if told is not None and (until := int(told[1]) / 1000) > answer.received:
        return until
    return answer.received + wait_seconds
