"""HTTP as all channels speak it: one session each, a deadline, and errors in our own words.

The library's texts hold addresses, and addresses hold tokens: none of them goes on, not even as the cause of an error.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from math import isfinite

import aiohttp

from monitor.domain.clock import Clock
from monitor.domain.delivery import DeliveryFailed

RETRY_AFTER_CAP_SECONDS = 900.0  #: no service is waited for longer: what it asks for beyond that we ask again
ANSWER_LIMIT_BYTES = 1_000_000
IDLE_SECONDS = 2.0

#: Statuses that are about the moment, not about the message: RFC 9110, and 425 (RFC 8470).
_MOMENTARY = frozenset({408, 425, 429})

_MEANING: Mapping[int, str] = {
    400: "the message is refused",
    401: "the token is refused",
    403: "access is forbidden",
    404: "no such address, or the token is wrong",
    408: "the service gave up waiting",
    410: "the address is gone",
    413: "the message is too large",
    429: "too many messages",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a service answered. `body` is its JSON, None where it is none; the wait is in seconds, capped."""

    status: int
    body: object = None
    retry_after_seconds: float | None = None

    @property
    def good(self) -> bool:
        """Whether the service took it."""
        return 200 <= self.status < 300

    def __getitem__(self, name: str) -> object:
        """A member of the body, None where there is none."""
        return self.body.get(name) if isinstance(self.body, dict) else None


class Http:
    """One channel's connections. `call` gives every answer that came, whatever its status, or raises."""

    def __init__(self, channel: str, clock: Clock, timeout_seconds: float) -> None:
        self._channel, self._clock, self._timeout_seconds = channel, clock, timeout_seconds
        self._session: aiohttp.ClientSession | None = None

    async def call(
        self,
        method: str,
        url: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_seconds: float | None = None,
    ) -> Answer:
        """Ask once, without following redirects. Raises `DeliveryFailed` where no answer came."""
        seconds = timeout_seconds or self._timeout_seconds
        failure: DeliveryFailed | None = None
        try:
            async with self._opened().request(
                method,
                url,
                data=body,
                headers={"Content-Type": "application/json", **(headers or {})},
                timeout=aiohttp.ClientTimeout(total=seconds),
                allow_redirects=False,
            ) as response:
                return await self._read(response)
        except TimeoutError:
            failure = DeliveryFailed(self._channel, f"no answer within {seconds:g} s", uncertain=True)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            failure = self._wording(error)
        # Raised out here, the error has no context: that one's text would hold the address.
        raise failure

    def failed(self, answer: Answer, why: str = "") -> DeliveryFailed:
        """What a bad answer means: 408, 425, 429 and 5xx may be tried again, all others are final."""
        meaning = why or _MEANING.get(answer.status, "the service is in trouble" if answer.status >= 500 else "refused")
        if 300 <= answer.status < 400:
            meaning = "the service has moved: set its new address"
        return DeliveryFailed(
            self._channel,
            f"{meaning} (status {answer.status})",
            retry_after_seconds=answer.retry_after_seconds,
            final=answer.status < 500 and answer.status not in _MOMENTARY,
            uncertain=answer.status >= 500,
        )

    def garbled(self, answer: Answer) -> DeliveryFailed:
        """A good status over a body that is not what the service promises: it may have taken the message."""
        why = f"an answer that cannot be read (status {answer.status})"
        return DeliveryFailed(self._channel, why, uncertain=True)

    async def close(self) -> None:
        """Let go of connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            # The cookies of a load balancer are nothing to us. A connection that idles is closed before the service
            # closes it: a message that meets the closing would be in doubt.
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(keepalive_timeout=IDLE_SECONDS), cookie_jar=aiohttp.DummyCookieJar()
            )
        return self._session

    async def _read(self, response: aiohttp.ClientResponse) -> Answer:
        text = bytearray()
        async for piece in response.content.iter_any():
            text += piece
            if len(text) > ANSWER_LIMIT_BYTES:
                break  # no service says so much: what it said is not JSON then
        body: object
        try:
            body = json.loads(text)
        except (ValueError, RecursionError):
            body = None
        wait = retry_after_seconds(response.headers.get("Retry-After"), self._clock.now())
        return Answer(status=response.status, body=body, retry_after_seconds=wait)

    def _wording(self, error: Exception) -> DeliveryFailed:
        """The kind of failure in our words."""
        match error:
            case aiohttp.ClientConnectorDNSError():
                return DeliveryFailed(self._channel, "the service's name cannot be resolved")
            case aiohttp.ClientConnectorCertificateError():
                return DeliveryFailed(self._channel, "the service's certificate is not trusted")
            case aiohttp.ClientSSLError():
                return DeliveryFailed(self._channel, "no encrypted connection could be made")
            case aiohttp.ClientConnectorError():
                return DeliveryFailed(self._channel, "no connection to the service")
            case aiohttp.InvalidURL() | aiohttp.NonHttpUrlClientError() | ValueError():
                return DeliveryFailed(self._channel, "the address is not one: correct it", final=True)
            case _:
                return DeliveryFailed(self._channel, "the connection broke before the answer", uncertain=True)


def retry_after_seconds(value: object, now: float) -> float | None:
    """Seconds that a service asks to wait, from a number, its text, or an HTTP date; None where it asks for none."""
    if value is None or isinstance(value, bool):
        return None
    try:
        seconds = float(value) if isinstance(value, int | float) else float(str(value))
    except ValueError:
        try:
            seconds = parsedate_to_datetime(str(value)).timestamp() - now
        except (ValueError, OverflowError):
            return None
    return min(max(0.0, seconds), RETRY_AFTER_CAP_SECONDS) if isfinite(seconds) else None


def to_json(body: object) -> bytes:
    """The shortest text of it; figures that JSON lacks must have been made words before. Raises ValueError else."""
    return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
