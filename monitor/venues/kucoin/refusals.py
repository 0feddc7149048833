"""What an answer that is no data means: the venue's codes as our errors, without its words.

Its texts may echo addresses of ours and parameters, so only the code is told. Sources: README.md beside this file.
"""

from __future__ import annotations

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
from monitor.venues.kucoin.settings import VENUE
from monitor.venues.kucoin.weights import reset_seconds
from monitor.venues.rest import Answer

FINE = frozenset({"200000", "200"})
CLOCK = frozenset({"400002"})
AUTH = {
    "400001": "a header of the key is missing",
    "400003": "there is no such key: was it deleted?",
    "400004": "the passphrase is not the key's",
    "400005": "the signature is not valid: is the secret the key's own?",
    "400006": "the key is not allowed from this address",
    "400007": "the key may not read this: it lacks a permission, see README.md on General and Futures",
    "411100": "the user is frozen",
}
LIMIT = "429000"  #: one pool is empty until its time is over
PASSING = frozenset({"500000", "500", "503", "503000"})
LIMIT_STATUSES = frozenset({418, 429, 403})  #: without a code of the venue: something in front of it turns us away


class _Head(msgspec.Struct):
    code: str | int | None = None


def judge(answer: Answer, what: str, wait_seconds: float) -> VenueError | None:
    """The error that an answer stands for; None if it is data. `wait_seconds`: held off where nobody says how long."""
    head = _head(answer.body)
    code = "" if head is None or head.code is None else str(head.code)
    if code == LIMIT or (not code and answer.status in LIMIT_STATUSES):
        return limited(answer, what, wait_seconds, code or str(answer.status))
    if code and code not in FINE:
        return by_code(code, what)
    return _by_status(answer, what, head)


def is_pool(error: RateLimited) -> bool:
    """Whether one pool of weight is meant, and not our address."""
    return error.code == LIMIT


def _by_status(answer: Answer, what: str, head: _Head | None) -> VenueError | None:
    if answer.status in (401, 407):
        return AuthRejected(VENUE, what, "not authorised", answer.status)
    if answer.status >= 500 or answer.status == 408:
        return FeedLost(VENUE, what, "the venue failed", answer.status)
    if answer.status >= 400:
        return Refused(VENUE, what, "the venue refused", answer.status)
    if head is None:
        return MalformedAnswer(VENUE, what, "the answer is no JSON object", answer.status)
    if head.code is None:
        return MalformedAnswer(VENUE, what, "the answer says neither yes nor no: it has no code", answer.status)
    return None


def by_code(code: str, what: str) -> VenueError:
    """The error of a refusal over REST."""
    if code in CLOCK:
        return ClockSkewed(VENUE, what, "the venue refused our timestamp", code)
    if code in AUTH:
        return AuthRejected(VENUE, what, AUTH[code], code)
    if code in PASSING:
        return FeedLost(VENUE, what, "the venue failed", code)
    return Refused(VENUE, what, "the venue refused", code)


def limited(answer: Answer, what: str, wait_seconds: float, code: str) -> RateLimited:
    """Held off: until the pool is full again where the headers say when, else for `wait_seconds`."""
    reset = reset_seconds(answer.headers)
    wait = wait_seconds if reset is None else reset
    return RateLimited(VENUE, what, "too many requests", answer.received + wait, code)


def _head(body: bytes) -> _Head | None:
    try:
        return msgspec.json.decode(body, type=_Head)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
