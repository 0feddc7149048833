"""What an answer that is no data means: the venue's codes as our errors, without its words.

Its texts may echo what was asked, so only the code is told. Sources: README.md beside this file.
"""

from __future__ import annotations

from monitor.domain.errors import (
    AuthRejected,
    ClockSkewed,
    FeedLost,
    MalformedAnswer,
    RateLimited,
    Refused,
    VenueError,
)
from monitor.venues.bybit.endpoints import CALLS_RESET_HEADER
from monitor.venues.bybit.reading import refusal
from monitor.venues.bybit.settings import VENUE
from monitor.venues.rest import Answer

CLOCK = frozenset({10002})
AUTH = {
    10003: "the key is not valid, or belongs to another of the venue's sites",
    10004: "the signature is not valid: is the secret the key's own?",
    10005: "the key is not allowed to read this",
    10007: "the key could not be verified",
    10008: "the account is blocked by the venue",
    10010: "the key is not allowed from this address",
    10024: "the venue's rules do not let this account use it",
    33004: "the key has expired",
}
OWN_LIMIT = 10006  #: of the account at this endpoint
LIMITS = frozenset({OWN_LIMIT, 10018, 10429, 10009})
PASSING = frozenset({10000, 10016, 10019, 170007, 177002})  # timed out, internal, restarting, busy
BANNED_STATUS = 403  #: more than 600 requests in 5 s of one address
BAN_SECONDS = 600.0  #: the venue names no time in the answer: «wait for at least 10 minutes»
BANNED_CODES = frozenset({10009})
LIMIT_STATUSES = frozenset({BANNED_STATUS, 429})
_FINE = b'{"retCode":0,'


def judge(answer: Answer, what: str, wait_seconds: float, offset_seconds: float) -> VenueError | None:
    """The error that an answer stands for; None if it is data. `wait_seconds`: where the venue names no time;
    `offset_seconds`: its clock minus ours.
    """
    if answer.status == 200 and answer.body.startswith(_FINE):
        return None
    said = refusal(answer.body)
    code = None if said is None else said[0]
    if answer.status in LIMIT_STATUSES or code in LIMITS:
        return _limited(answer, what, code, wait_seconds, offset_seconds)
    if code is not None:
        return by_code(code, what)
    if answer.status == 401:
        return AuthRejected(VENUE, what, "not authorised: is this a key of this site?", answer.status)
    if answer.status >= 500 or answer.status == 408:
        return FeedLost(VENUE, what, "the venue failed", answer.status)
    if answer.status >= 400:
        return Refused(VENUE, what, "the venue refused", answer.status)
    if answer.body.lstrip()[:1] != b"{":
        return MalformedAnswer(VENUE, what, "the answer is no JSON", answer.status)
    return None


def by_code(code: int, what: str) -> VenueError:
    """What a code of the venue's means, in an answer or to a login."""
    if code in CLOCK:
        return ClockSkewed(VENUE, what, "the venue refused our timestamp", code)
    if code in AUTH:
        return AuthRejected(VENUE, what, AUTH[code], code)
    if code in PASSING:
        return FeedLost(VENUE, what, "the venue failed", code)
    return Refused(VENUE, what, "the venue refused", code)


def is_ban(error: RateLimited) -> bool:
    """Whether the whole address is turned away, and not one account at one endpoint."""
    return error.code == BANNED_STATUS or error.code in BANNED_CODES


def is_own(error: RateLimited) -> bool:
    """Whether one account asked too often at one endpoint: nobody else has to wait."""
    return error.code == OWN_LIMIT


def _limited(answer: Answer, what: str, code: int | None, wait_seconds: float, offset_seconds: float) -> RateLimited:
    banned = answer.status == BANNED_STATUS or code in BANNED_CODES
    why = "banned for too many requests" if banned else "too many requests"
    until = answer.received + (BAN_SECONDS if banned else wait_seconds)
    reset = answer.headers.get(CALLS_RESET_HEADER, "")
    if not banned and reset.isascii() and reset.isdigit():
        # The moment is the venue's; one that is past, or hours away, is none.
        told = int(reset) / 1000.0 - offset_seconds
        until = told if 0.0 < told - answer.received <= BAN_SECONDS else until
    return RateLimited(VENUE, what, why, until, code if code is not None else answer.status)
