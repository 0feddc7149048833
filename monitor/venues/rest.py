"""REST: the only importer of `ccxt`, which signs, connects and honours proxies. It knows requests and never payloads.

Only its raw methods are used, without `load_markets`, without its rate limiter and without its reading of answers:
status, headers and body come back for each call as they were, because the library keeps the last headers per object
(a Retry-After is lost when calls overlap) and writes signed addresses into its error texts. The library is imported
when the first request is made, in a thread, because that takes up to seconds.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from monitor.domain.clock import Clock
from monitor.domain.errors import AuthRejected, FeedLost, VenueError
from monitor.domain.names import Venue
from monitor.venues.settings import Credentials

# At debug level the library logs addresses and headers with keys in them: it gets a logger that leads nowhere.
_QUIET = logging.Logger("monitor.venues.rest.library", logging.CRITICAL + 1)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, as it came. Header names are lower case; times are ours, seconds since 1970."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    asked: float
    received: float


@dataclass(slots=True)
class _Call:
    """One call under way. The library shares its object between calls, so what belongs to one stands here."""

    credentials: Credentials | None
    status: int | None = None
    headers: Mapping[str, str] | None = None
    body: str = ""


_CALL: ContextVar[_Call] = ContextVar("rest_call")


class _CannotSign(Exception):
    """The secret is no key that the library can sign with."""


def _raw_class(base: Any, clock: Clock, signed_like: Mapping[str, str]) -> Any:
    """The library's class with its own reading of answers taken out."""

    class Raw(base):  # type: ignore[misc]  # the library is imported at run time, its class is Any
        def milliseconds(self) -> int:
            return int(clock.now() * 1000)

        def sign(self, path: str, *args: Any, **kwargs: Any) -> Any:
            # Signing does not yield, so the keys of this call cannot meet another call's request.
            credentials = _CALL.get().credentials
            self.apiKey = credentials.api_key.reveal() if credentials else ""
            self.secret = credentials.api_secret.reveal() if credentials else ""
            passphrase = credentials.passphrase if credentials else None
            self.password = passphrase.reveal() if passphrase else ""
            like = signed_like.get(path, path)
            try:
                signed = super().sign(like, *args, **kwargs)
                return signed if like == path else {**signed, "url": signed["url"].removesuffix(like) + path}
            except Exception as exc:  # whatever a bad key causes deep in the library; its text may hold the secret
                raise _CannotSign(type(exc).__name__) from None
            finally:
                self.apiKey = self.secret = self.password = ""

        def set_last_request(self, request: Any) -> None:
            """Keep no signed request in memory."""

        def on_rest_response(self, *said: Any) -> str:
            code, _reason, _url, _method, headers, body, *_request = said
            call = _CALL.get()
            call.status, call.headers = int(code), {name.lower(): value for name, value in headers.items()}
            call.body = str(body)
            return call.body

        def parse_json(self, text: str) -> str:
            return text

        def handle_errors(self, *_: Any) -> None:
            return None

        def handle_http_status_code(self, *_: Any) -> None:
            return None

    return Raw


class Rest:
    """Requests to one venue, for all its accounts: one connection pool, keys given with each call."""

    def __init__(
        self,
        venue: Venue,
        exchange: str,
        origins: Mapping[str, str],
        clock: Clock,
        deadline_seconds: float,
        headers: Mapping[str, str] | None = None,
        added: Mapping[str, tuple[str, str, str]] | None = None,
        signed_like: Mapping[str, str] | None = None,
    ) -> None:
        """`exchange` is the library's name of the venue; `origins` maps its base URLs, with their placeholders, to
        those to be used instead; `headers` go with every request.

        `added` are raw methods that the library lacks: path, its name of the interface, and the method of HTTP. A path
        in `signed_like` is signed as the library signs that other one, whose parameters stand in the body.
        """
        self._venue, self._exchange_id, self._origins = venue, exchange, origins
        self._headers = dict(headers or {})
        self._added, self._signed_like = dict(added or {}), dict(signed_like or {})
        self._clock, self._deadline = clock, deadline_seconds
        self._client: Any = None
        self._library: Any = None
        self._loading: asyncio.Task[None] | None = None
        self._offset_seconds = 0.0

    def apply_offset(self, offset_seconds: float) -> None:
        """Venue clock minus ours: every signature from now on carries the venue's time."""
        self._offset_seconds = offset_seconds
        if self._client is not None:
            self._client.options["timeDifference"] = -round(offset_seconds * 1000)

    async def call(
        self, method: str, params: Mapping[str, object], what: str, credentials: Credentials | None = None
    ) -> Answer:
        """Send one request by the library's raw method. Any answer is returned, also a refusal.

        `params` become the query of a GET, and the JSON body of a POST where the venue takes one: there, lists and
        objects may stand in them.

        Raises `FeedLost` without an answer before the deadline, `AuthRejected` if the key cannot sign.
        """
        await self._load()
        call = _Call(credentials)
        token = _CALL.set(call)
        asked = self._clock.now()
        try:
            async with asyncio.timeout(self._deadline):
                await self._send(method, dict(params))
        except _CannotSign as exc:
            raise AuthRejected(self._venue, what, f"the key cannot sign ({exc})") from None
        except TimeoutError:
            raise FeedLost(self._venue, what, f"no answer within {self._deadline:g} s") from None
        except (self._library.BaseError, OSError, ValueError, EOFError) as exc:
            # Texts of these hold the signed address: only their kind is told, and the chain is cut.
            raise self._lost(exc, what) from None
        finally:
            _CALL.reset(token)
        if call.status is None or call.headers is None:
            raise FeedLost(self._venue, what, "the request ended without an answer")
        return Answer(call.status, call.headers, call.body.encode(), asked, self._clock.now())

    async def _send(self, method: str, params: dict[str, object]) -> None:
        if method not in self._added:
            await getattr(self._client, method)(params)
            return
        path, interface, verb = self._added[method]
        await self._client.request(path, [interface], verb, params)

    def _lost(self, exc: BaseException, what: str) -> VenueError:
        if isinstance(exc, self._library.RequestTimeout):
            return FeedLost(self._venue, what, f"no answer within {self._deadline:g} s")
        if isinstance(exc, self._library.NetworkError):
            return FeedLost(self._venue, what, f"the venue cannot be reached ({type(exc).__name__})")
        return FeedLost(self._venue, what, f"the request failed: {type(exc).__name__}")

    async def _load(self) -> None:
        if self._client is not None:
            return
        if self._loading is None or (self._loading.done() and self._client is None):
            self._loading = asyncio.create_task(self._import())
        await asyncio.shield(self._loading)

    async def _import(self) -> None:
        library = await asyncio.to_thread(importlib.import_module, "ccxt.async_support")
        client = _raw_class(getattr(library, self._exchange_id), self._clock, self._signed_like)(
            {
                "enableRateLimit": False,
                "timeout": int(self._deadline * 1000),
                "aiohttp_trust_env": True,
                "enableLastHttpResponse": False,
                "enableLastJsonResponse": False,
                "enableLastResponseHeaders": False,
            }
        )
        client.logger = _QUIET
        client.options["partner"] = {}  # some venues would be told with each signed call whose library it is
        client.headers = self._headers
        for name, url in client.urls["api"].items():
            for origin, ours in self._origins.items():
                if isinstance(url, str) and url.startswith(origin):
                    client.urls["api"][name] = ours.rstrip("/") + url.removeprefix(origin)
        self._library, self._client = library, client
        self.apply_offset(self._offset_seconds)

    async def close(self) -> None:
        """Close the connection pool."""
        if self._loading is not None:
            await asyncio.gather(self._loading, return_exceptions=True)
        if self._client is not None:
            client, self._client = self._client, None
            self._loading = None
            await client.close()
