"""What is said on OKX's sockets: a login, topics in batches, pings in words; and frames as they are put together."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace

import msgspec

from monitor.domain.errors import AuthRejected, VenueError
from monitor.domain.frames import Decoded, FrameKind
from monitor.domain.names import AccountKey
from monitor.venues.conversation import Ask, Login, Speech
from monitor.venues.okx import refusals
from monitor.venues.okx.codec import LOGIN, UPGRADE, decode
from monitor.venues.okx.endpoints import INDEX_PRICES, LOGIN_PATH, MARK_PRICES, PING, InstType, Topic, inst_type
from monitor.venues.okx.pages import Pages
from monitor.venues.okx.settings import VENUE
from monitor.venues.settings import Credentials, Timings
from monitor.venues.subscriptions import Moment

CONNECTIONS = "channel-conn-count"  #: the name of the frame that says how many connections a channel has
TOPICS_A_REQUEST = 200  #: of some 60 bytes each; the venue takes 64 KiB at once, and 480 requests an hour
NOT_THERE = "code 60018"  #: what is subscribed to does not exist
_CODE = re.compile(r"\(code (\d+)\)")


class _Count(msgspec.Struct):
    connCount: str | int


class OkxSpeech(Speech):
    """One connection. `account` and `credentials` None: the public socket, where nobody logs in."""

    def __init__(
        self,
        timings: Timings,
        venue_now: Callable[[], float],
        account: AccountKey | None = None,
        credentials: Credentials | None = None,
        absent: Callable[[Topic], bool] | None = None,
    ) -> None:
        """`absent` is told of topics that the venue does not have, and answers whether that is no refusal to us."""
        # The venue cuts a connection on which nothing was said for 30 s.
        self.ping_every_seconds = timings.ping_every_seconds
        self.deaf_seconds = timings.ping_every_seconds + timings.ping_timeout_seconds
        self._venue_now, self._account, self._credentials = venue_now, account, credentials
        self._absent, self._pages = absent, Pages()

    def decode(self, raw: bytes, received: float) -> Decoded:
        """One frame; of a snapshot in several, the last one tells what was in all of them."""
        decoded = decode(raw, venue=VENUE, account=self._account, received=received)
        if decoded.name == CONNECTIONS:
            # It tells of a channel and is no data of it: a stream that only counts connections is silent.
            return replace(decoded, stream="", why=connections(raw))
        topic = nowhere(decoded)
        if topic is not None and self._absent is not None and self._absent(topic):
            return Decoded(FrameKind.IGNORED, decoded.name, why=decoded.why)
        return self._pages.put(decoded)

    def login(self, at: Moment) -> Login | None:  # noqa: ARG002  # the venue's clock is asked, not ours
        """Who we are, by the venue's clock: a login is good for 30 s."""
        if self._credentials is None:
            return None
        return Login(login_text(self._credentials, self._venue_now()), LOGIN)

    def login_refused(self, decoded: Decoded, what: str, venue: str) -> VenueError:
        """A wrong key is for a person; a clock that is off, or a venue that is busy, is not."""
        code = _CODE.search(decoded.why)
        if code is None:
            return AuthRejected(venue, what, "the login was refused")
        return refusals.by_code(code[1], what)

    def subscribe(self, topics: Sequence[str], *, again: bool = False) -> Sequence[Ask]:  # noqa: ARG002  # said alike
        """Each topic is acknowledged by itself, under its own text."""
        return [
            Ask(_request("subscribe", batch), {topic: topic for topic in batch}) for batch in _batches(list(topics))
        ]

    def unsubscribe(self, topics: Sequence[str]) -> Sequence[str]:
        """Have these topics stop."""
        return [_request("unsubscribe", batch) for batch in _batches(list(topics))]

    def ping(self) -> str:
        """A text of its own."""
        return PING

    def leaving(self, decoded: Decoded) -> str:
        """The notice of an upgrade comes about a minute before the connection is closed."""
        return "the venue will close the connection for an upgrade" if decoded.name == UPGRADE else ""


def connections(raw: bytes) -> str:
    """How many connections of the account a channel has, as the venue counts them: «2»; "" if it does not say."""
    try:
        return str(int(msgspec.json.decode(raw, type=_Count).connCount))
    except (ValueError, RecursionError):
        return ""


def nowhere(decoded: Decoded) -> Topic | None:
    """The topic that this refuses because the venue does not have it; None where it says anything else."""
    refused = decoded.kind is FrameKind.REFUSED and NOT_THERE in decoded.why
    return Topic.parse(decoded.request_id) if refused and isinstance(decoded.request_id, str) else None


def need_not_exist(topic: Topic) -> bool:
    """Whether the venue has such for some and not for all: not every coin has an index in USD, nor every pair a mark. A
    contract that is held has one.
    """
    return topic.channel == INDEX_PRICES or (topic.channel == MARK_PRICES and inst_type(topic.inst) == InstType.MARGIN)


def login_text(credentials: Credentials, venue_now: float) -> str:
    """The login request. It holds the key and a signature: for a socket, and nothing else."""
    timestamp = str(int(venue_now))
    secret = credentials.api_secret.reveal().encode()
    signature = hmac.new(secret, f"{timestamp}GET{LOGIN_PATH}".encode(), hashlib.sha256).digest()
    said = {
        "apiKey": credentials.api_key.reveal(),
        "passphrase": credentials.passphrase.reveal() if credentials.passphrase else "",
        "timestamp": timestamp,
        "sign": base64.b64encode(signature).decode(),
    }
    return json.dumps({"op": "login", "args": [said]})


def _request(op: str, topics: Sequence[str]) -> str:
    return json.dumps({"op": op, "args": [Topic.parse(topic).arg() for topic in topics]})


def _batches(topics: list[str]) -> list[list[str]]:
    return [topics[start : start + TOPICS_A_REQUEST] for start in range(0, len(topics), TOPICS_A_REQUEST)]
