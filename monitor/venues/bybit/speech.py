"""What is said on Bybit's sockets: a login, topics with numbers of their requests, and a ping in words."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import re
from collections.abc import Callable, Sequence

from monitor.domain.errors import AuthRejected, ClockSkewed, Refused, VenueError
from monitor.domain.frames import Decoded
from monitor.domain.names import AccountKey
from monitor.venues.bybit import refusals
from monitor.venues.bybit.codec import LOGIN, decode
from monitor.venues.bybit.endpoints import PING_EVERY_SECONDS, TOPICS_PER_REQUEST
from monitor.venues.bybit.settings import VENUE
from monitor.venues.bybit.tickers import Memory
from monitor.venues.conversation import Ask, Login, Speech
from monitor.venues.settings import Credentials, Timings
from monitor.venues.subscriptions import Moment

LOGIN_SECONDS = 10.0  #: for how long a login's signature is good
_CODE = re.compile(r"\(code (\d+)\)")
_OF_TIME = re.compile(r"\b(expire|expires|timestamp|recv_window)\b", re.IGNORECASE)


class BybitSpeech(Speech):
    """One connection. `account` and `credentials` None: a public socket, where nobody logs in.

    Topics are asked for ten at a time, and each for itself where that did not work: one that the venue does not know
    spoils the whole request. `numbered` False: the options' socket, whose answers have no number but name the topics.
    """

    def __init__(
        self,
        timings: Timings,
        venue_now: Callable[[], float],
        account: AccountKey | None = None,
        credentials: Credentials | None = None,
        *,
        numbered: bool = True,
    ) -> None:
        self.ping_every_seconds = min(PING_EVERY_SECONDS, timings.ping_every_seconds)
        self.deaf_seconds = self.ping_every_seconds + timings.ping_timeout_seconds
        self._venue_now, self._account, self._credentials = venue_now, account, credentials
        self._numbered = numbered
        self._numbers = itertools.count(1)
        self._memory = Memory()

    def decode(self, raw: bytes, received: float) -> Decoded:
        """One frame. Never raises."""
        return decode(raw, venue=VENUE, account=self._account, received=received, memory=self._memory)

    def login(self, at: Moment) -> Login | None:  # noqa: ARG002  # the venue's clock is asked, not ours
        """Who we are, by the venue's clock."""
        if self._credentials is None:
            return None
        return Login(login_text(self._credentials, self._venue_now()), LOGIN)

    def login_refused(self, decoded: Decoded, what: str, venue: str) -> VenueError:
        """A wrong key is for a person; a clock that is off, or a venue that is busy, is not."""
        code = _CODE.search(decoded.why)
        if code is not None:
            error = refusals.by_code(int(code[1]), what)
            if not isinstance(error, Refused) or isinstance(error, AuthRejected):
                return error
        if _OF_TIME.search(decoded.why) and "api key" not in decoded.why.lower():
            return ClockSkewed(venue, what, "the venue refused our timestamp")
        return AuthRejected(venue, what, f"the login was refused: {decoded.why}")

    def subscribe(self, topics: Sequence[str], *, again: bool = False) -> Sequence[Ask]:
        """Ask for topics; those of before are given back first, for the venue refuses what it believes to send."""
        size = TOPICS_PER_REQUEST if self._numbered and not again else 1
        batches = [tuple(topics[start : start + size]) for start in range(0, len(topics), size)]
        before = [Ask(text, {}) for text in self.unsubscribe(topics)] if again else []
        return [*before, *(self._ask(batch) for batch in batches)]

    def _ask(self, batch: Sequence[str]) -> Ask:
        number = f"subscribe-{next(self._numbers)}" if self._numbered else batch[0]
        text = json.dumps({"op": "subscribe", "args": list(batch), "req_id": number})
        return Ask(text, dict.fromkeys(batch, number))

    def unsubscribe(self, topics: Sequence[str]) -> Sequence[str]:
        """Have these topics stop; the answers have numbers that nobody waits for."""
        size = TOPICS_PER_REQUEST
        batches = [topics[start : start + size] for start in range(0, len(topics), size)]
        return [
            json.dumps({"op": "unsubscribe", "args": list(batch), "req_id": f"unsubscribe-{next(self._numbers)}"})
            for batch in batches
        ]

    def ping(self) -> str:
        """A text of its own; the pong has other words on each kind of socket."""
        return '{"op":"ping"}'


def login_text(credentials: Credentials, venue_now: float) -> str:
    """The login. It holds the key and a signature: for a socket, and nothing else."""
    expires = round((venue_now + LOGIN_SECONDS) * 1000)
    secret = credentials.api_secret.reveal().encode()
    signature = hmac.new(secret, f"GET/realtime{expires}".encode(), hashlib.sha256).hexdigest()
    return json.dumps({"op": "auth", "args": [credentials.api_key.reveal(), expires, signature]})
