"""Leave to open a socket: the venue answers with a token of 24 hours, where the socket is, and how often to ping there.

The token is a secret, and so is the address that it is made part of. The address comes over the wire, and a token in it
opens a user's topics: anything but an encrypted socket is refused, unless it leads to this very machine.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import quote, urlsplit
from uuid import uuid4

import msgspec

from monitor.domain.errors import MalformedAnswer
from monitor.venues.kucoin.settings import VENUE
from monitor.venues.settings import Secret

WHAT = "bullet"  #: the reading's name in errors
LONGEST_PING_SECONDS = 60.0  #: the venue drops who is silent for longer, whatever its answer says


class _Server(msgspec.Struct):
    endpoint: str
    pingInterval: float = 0.0


class _Data(msgspec.Struct):
    token: str
    instanceServers: list[_Server] = []


class _Bullet(msgspec.Struct):
    data: _Data


@dataclass(frozen=True, slots=True)
class Bullet:
    """One token, as part of the address that it opens, and how often (seconds) the venue wants a ping there."""

    address: Secret
    ping_seconds: float


def read(body: bytes, instead: str = "", unnamed: str = "") -> Bullet:
    """The first server of an answer, or `unnamed` where it names none; `instead` of either, if it is not "".

    Raises `MalformedAnswer`, whose text holds nothing of the answer.
    """
    try:
        data = msgspec.json.decode(body, type=_Bullet).data
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # The library's words may quote what it read, and so the token.
        raise MalformedAnswer(VENUE, WHAT, "the answer holds no token and server as we know them") from None
    server = next(iter(data.instanceServers), _Server(unnamed))
    if not data.token or not server.endpoint:
        raise MalformedAnswer(VENUE, WHAT, "the answer holds no token, or no server")
    base = (instead or server.endpoint).rstrip("?")
    if not is_safe(base):
        raise MalformedAnswer(VENUE, WHAT, "the server of the socket is not encrypted (wss), and not on this machine")
    ping = server.pingInterval / 1000.0
    join = "&" if urlsplit(base).query else "?"
    address = f"{base}{join}token={quote(data.token, safe='')}&connectId={uuid4().hex}"
    return Bullet(Secret(address), ping if 0.0 < ping <= LONGEST_PING_SECONDS else LONGEST_PING_SECONDS / 2)


def is_safe(address: str) -> bool:
    """Whether a token may be sent there: encrypted, or to this very machine."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return False
    if parts.scheme == "wss":
        return bool(host)
    return parts.scheme == "ws" and _is_loopback(host)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
