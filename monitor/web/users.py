"""Users of the HTTP server with their passwords: hashed beside the loop, one at a time, and remembered while right."""

from __future__ import annotations

import asyncio
import hmac
from base64 import b64decode
from binascii import Error as NotBase64
from collections import OrderedDict
from collections.abc import Mapping
from hashlib import sha256
from math import ceil
from secrets import token_bytes

import bcrypt
import structlog
from aiohttp import web

from monitor.domain.clock import Clock
from monitor.web.refusal import Refusal
from monitor.web.sessions import Guesses

log = structlog.get_logger("web")

MOST_REMEMBERED = 128
#: Wrong passwords of one peer within a minute, whatever the names; of one name it is `sessions.GUESSES`, so that a
#: program with a wrong password keeps out nobody else on its machine.
MOST_WRONG = 60
MOST_WAITING = 16  #: for their password to be hashed
LONGEST_PASSWORD = 72  #: bytes that bcrypt looks at
LONGEST_HEADER = 2048
LONGEST_NAME = 64  #: characters by which guesses are counted
_ASK = {"WWW-Authenticate": 'Basic realm="marginwatch", charset="UTF-8"'}
#: The end of a hash of no password.
_OF_NOBODY = b"." * 53


class Users:
    """Who may come in. Without users everybody may."""

    def __init__(self, users: Mapping[str, bytes], clock: Clock) -> None:
        self._of_name, self._of_peer = Guesses(clock), Guesses(clock, MOST_WRONG)
        self.become(users)
        self._secret = token_bytes(32)
        self._right: OrderedDict[bytes, None] = OrderedDict()
        self._turn, self._waiting = asyncio.Lock(), 0

    def become(self, users: Mapping[str, bytes]) -> None:
        """Those of a new file. What is remembered is of a hash, so that a changed one is asked for anew."""
        self._users = dict(users)
        # An unknown name takes as long as the dearest known one.
        self._nobody = max((hashed[:7] for hashed in users.values()), key=_cost, default=b"$2b$10$") + _OF_NOBODY

    async def let_in(self, request: web.Request) -> None:
        """Raises `Refusal` for whoever does not say a name and its password."""
        if not self._users:
            return
        name, password = _said(request.headers.get("Authorization", ""))
        hashed = self._users.get(name, self._nobody)
        remembered = hmac.digest(self._secret, b"\0".join((name.encode(), hashed, password)), sha256)
        if remembered in self._right and name in self._users:
            self._right.move_to_end(remembered)
            return
        peer = request.remote or ""
        who = f"{peer} {name[:LONGEST_NAME]}"
        if (wait := max(self._of_name.wait_seconds(who), self._of_peer.wait_seconds(peer))) > 0.0:
            headers = {"Retry-After": str(ceil(wait))}
            raise Refusal(429, "Authorization", "***", f"too many wrong passwords: wait {ceil(wait)} s", headers)
        right = await self._hashes_to(password, hashed)
        if not right or name not in self._users:
            if self._of_name.wrong(who) | self._of_peer.wrong(peer):
                log.warning("too many wrong passwords", peer=peer)
            raise Refusal(401, "Authorization", "***", "is not a user of this monitor with its password", _ASK)
        self._right[remembered] = None
        while len(self._right) > MOST_REMEMBERED:
            self._right.popitem(last=False)

    async def _hashes_to(self, password: bytes, hashed: bytes) -> bool:
        if self._waiting >= MOST_WAITING:
            raise Refusal(503, "Authorization", "", "too many passwords are being looked at", {"Retry-After": "1"})
        self._waiting += 1
        try:
            async with self._turn:
                return await asyncio.to_thread(_matches, password, hashed)
        finally:
            self._waiting -= 1


def is_of_users(refusal: Refusal) -> bool:
    """Whether it asks for a user and a password, and not for the token."""
    return refusal.headers.get("WWW-Authenticate") == _ASK["WWW-Authenticate"]


def _said(header: str) -> tuple[str, bytes]:
    """Name and password of a header. Raises `Refusal`."""
    scheme, _, said = header.partition(" ")
    if scheme.lower() != "basic" or len(said) > LONGEST_HEADER:
        raise Refusal(401, "Authorization", "", "say who you are: a user of this monitor and its password", _ASK)
    try:
        name, colon, password = b64decode(said.strip(), validate=True).partition(b":")
        if not colon:
            raise ValueError
        return name.decode(), password
    except (NotBase64, UnicodeDecodeError, ValueError):
        raise Refusal(401, "Authorization", "***", "is not base64 of NAME:PASSWORD", _ASK) from None


def _cost(beginning: bytes) -> int:
    """Of a hash that begins so: `$2b$10$`."""
    return int(beginning[4:6])


def _matches(password: bytes, hashed: bytes) -> bool:
    try:
        return bcrypt.checkpw(password[:LONGEST_PASSWORD], hashed)
    except ValueError:
        return False
