"""What an answer that is no data means: the venue's codes as our errors, without its words.

Its texts may echo addresses of ours and parameters, so only the code is told. Sources: README.md beside this file.
"""

from __future__ import annotations

import contextlib

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
from monitor.venues.okx.settings import VENUE
from monitor.venues.rest import Answer

FINE = frozenset({"0", ""})
CLOCK = frozenset({"50102", "50112", "60004", "60006"})
AUTH = {
    "50007": "the account is blocked",
    "50008": "no such user",
    "50100": "the key is frozen",
    "50101": "the key belongs to the other environment: demo keys need demo = true, others do without",
    "50103": "there is no key",
    "50104": "there is no passphrase",
    "50105": "the passphrase is not the key's",
    "50106": "there is no signature",
    "50107": "there is no timestamp",
    "50110": "the key is not allowed from this address",
    "50111": "the key is not valid",
    "50113": "the signature is not valid: is the secret the key's own?",
    "50114": "the key is not authorised",
    "50119": "there is no such key: was it deleted, or does it belong to another region or to demo trading?",
    "50120": "the key may not read this",
    "60001": "there is no key",
    "60002": "there is no signature",
    "60003": "there is no passphrase",
    "60005": "the key is not valid",
    "60007": "the signature is not valid: is the secret the key's own?",
    "60009": "the login failed: are key, secret and passphrase those of one key?",
    "60024": "the passphrase is not the key's",
    "60032": "there is no such key",
}
LIMITS = frozenset({"50011", "50040", "50061", "60014", "60023"})
PASSING = frozenset({"50001", "50004", "50005", "50013", "50026", "60015", "60016", "63999", "64008"})
LIMIT_STATUSES = frozenset({418, 429, 403})  # 403: the firewall in front of it
LIMIT_WINDOW_SECONDS = 2.0  #: in which the venue counts most requests; it names no time


class _Row(msgspec.Struct):
    sCode: str | int = ""


class _Head(msgspec.Struct):
    code: str | int | None = None
    data: msgspec.Raw = msgspec.Raw(b"")


def judge(answer: Answer, what: str, wait_seconds: float) -> VenueError | None:
    """The error that an answer stands for; None if it is data. `wait_seconds`: held off where nobody says for how long.

    A refused row (`sCode`) refuses the whole answer: nothing that is read here acts on several things at once.
    """
    head = _head(answer.body)
    code = "" if head is None else _text(head.code)
    if code in FINE and head is not None:
        code = _row_code(head.data)
    if code in LIMITS:
        return limited(answer, what, wait_seconds, code)
    if code not in FINE:
        return by_code(code, what)
    if answer.status in LIMIT_STATUSES:
        return limited(answer, what, wait_seconds, str(answer.status))
    return _by_status(answer, what, head)


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
    """The error of a refusal over REST or on a socket."""
    if code in CLOCK:
        return ClockSkewed(VENUE, what, "the venue refused our timestamp", code)
    if code in AUTH:
        return AuthRejected(VENUE, what, AUTH[code], code)
    if code in PASSING:
        return FeedLost(VENUE, what, "the venue failed", code)
    return Refused(VENUE, what, "the venue refused", code)


def limited(answer: Answer, what: str, wait_seconds: float, code: str) -> RateLimited:
    """Held off: until the time of a header, for the usual window after a limit's own code, else for `wait_seconds`."""
    wait = min(wait_seconds, LIMIT_WINDOW_SECONDS) if code in LIMITS else wait_seconds
    with contextlib.suppress(KeyError, ValueError):
        wait = max(0.0, float(answer.headers["retry-after"]))
    return RateLimited(VENUE, what, "too many requests", answer.received + wait, code)


def _head(body: bytes) -> _Head | None:
    try:
        return msgspec.json.decode(body, type=_Head)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _row_code(data: msgspec.Raw) -> str:
    """The code of the first row that was refused; "" if none was, or if the rows are no such rows."""
    if b'"sCode"' not in bytes(data):
        return ""
    try:
        rows = msgspec.json.decode(data, type=list[_Row])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    return next((code for row in rows if (code := _text(row.sCode)) not in FINE), "")


def _text(code: str | int | None) -> str:
    return "" if code is None else str(code)
