"""What an answer that is no data means, as our errors. The venue has no codes: its status is all that is told.

Its texts may echo what was asked, an address too, so they are not passed on.
"""

from __future__ import annotations

import contextlib

from monitor.domain.errors import (
    AuthRejected,
    FeedLost,
    KeyTooPowerful,
    MalformedAnswer,
    RateLimited,
    Refused,
    VenueError,
)
from monitor.venues.hyperliquid.settings import VENUE
from monitor.venues.rest import Answer

LIMIT_STATUSES = frozenset({429, 403, 418})  # 403: the firewall in front of it
UNREADABLE = 422  #: it could not make out the question
_BEGINS = (b"{", b"[", b'"', b"null")


class AddressRefused(KeyTooPowerful):
    """The address is no account: an agent's, which only signs for its master, or one that the venue does not know. A
    person must name another one. Nothing more is asked of it until then, as of a key that must not be used.
    """


def judge(answer: Answer, what: str, wait_seconds: float) -> VenueError | None:
    """The error that an answer stands for; None if it is data. `wait_seconds`: held off where nobody says for how long.

    The venue answers 500 with «null» for what it does not know, and also when it fails: both are tried again.
    """
    if answer.status in LIMIT_STATUSES:
        wait = wait_seconds
        with contextlib.suppress(KeyError, ValueError):
            wait = max(0.0, float(answer.headers["retry-after"]))
        return RateLimited(VENUE, what, "too many requests", answer.received + wait, answer.status)
    if answer.status in (401, 407):
        return AuthRejected(VENUE, what, "not authorised", answer.status)
    if answer.status >= 500 or answer.status == 408:
        return FeedLost(VENUE, what, "the venue failed", answer.status)
    if answer.status == UNREADABLE:
        return Refused(VENUE, what, "the venue cannot make out the question: is the address one?", answer.status)
    if answer.status >= 400:
        return Refused(VENUE, what, "the venue refused", answer.status)
    if not answer.body.lstrip().startswith(_BEGINS):
        return MalformedAnswer(VENUE, what, "the answer is no JSON", answer.status)
    return None
