"""The connections of the server: how many there may be, for how long they may say nothing, and what noise is answered.

Whoever can reach the address can open connections and send anything. That must not take descriptors from the feeds,
nor fill the log: what is no HTTP is answered and forgotten, and only what is our own fault is logged.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from typing import cast

import msgspec
import structlog
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

log = structlog.get_logger("web")

MOST_CONNECTIONS = 256
UNSENT_BYTES = 64 * 1024  #: of one answer that may wait to be sent, until no more of it is made
KEPT_SECONDS = 75.0  #: that a connection may be without a whole request; longer than proxies keep theirs
HANDSHAKE_SECONDS = 10.0  #: for encryption to be agreed upon
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src data:; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not "no-referrer": a browser would not say then from where a form of ours is sent.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Server": "marginwatch",
}
#: Of requests, of which none is logged: addresses of pages say what somebody looks at.
_NO_LOG = logging.Logger("requests", logging.CRITICAL)
_BUG = {"error": {"key": "request", "value": "", "cure": "it failed by a bug of the monitor, whose log tells of it"}}


async def strictly(_: web.Request, response: web.StreamResponse) -> None:
    """Give every answer, also a refusal, the same strict headers; what aiohttp calls a signal."""
    for name, value in HEADERS.items():
        if name == "Server":  # the library has told its own already
            response.headers[name] = value
        else:
            response.headers.setdefault(name, value)


async def listen(runner: web.AppRunner, host: str, port: int, encrypted: ssl.SSLContext | None) -> asyncio.Server:
    """Take connections from now on. OSError if the port is taken or the host is not ours."""
    loop = asyncio.get_running_loop()
    bound = _Bound(cast(web.Server, runner.server), loop)
    seconds = None if encrypted is None else HANDSHAKE_SECONDS
    return await loop.create_server(bound.connection, host, port, ssl=encrypted, ssl_handshake_timeout=seconds)


class _Bound:
    """Makes what speaks on each new connection."""

    def __init__(self, server: web.Server, loop: asyncio.AbstractEventLoop) -> None:
        self._server, self._loop = server, loop
        self._full = False

    def connection(self) -> asyncio.Protocol:
        """One more, or one that is closed at once where there are too many."""
        full, was = len(self._server.connections) >= MOST_CONNECTIONS, self._full
        self._full = full
        if not full:
            return _Connection(
                self._server,
                loop=self._loop,
                keepalive_timeout=KEPT_SECONDS,
                access_log=_NO_LOG,
                auto_decompress=False,  # nobody who asks us compresses, and a little can become a lot
            )
        if not was:
            log.warning("too many connections: further ones are closed at once", most=MOST_CONNECTIONS)
        return _Closed()


class _Closed(asyncio.Protocol):
    """A connection that is not served."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say so in the shortest way."""
        cast(asyncio.Transport, transport).abort()


class _Connection(web.RequestHandler):
    """One connection, whose answer to what is no HTTP has our headers and makes no noise."""

    __slots__ = ()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let little wait unsent: over TLS all that waits is encrypted in one go as soon as there is room for it."""
        cast(asyncio.Transport, transport).set_write_buffer_limits(high=UNSENT_BYTES)
        super().connection_made(transport)

    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        """The answer where no handler gave one. ConnectionError where half of another one has been sent."""
        del message  # repeats what was sent
        theirs = status < 500 or isinstance(exc, HttpProcessingError)
        if not theirs and exc is not None:
            log.error("a request failed by a bug", method=request.method, path=request.path, exc_info=exc)
        if request.writer.output_size > 0:
            raise ConnectionError("half of an answer has been sent already")
        if theirs:
            response = web.Response(status=400, text="This is no HTTP request that is understood here.\n")
        else:
            response = web.Response(status=status, body=msgspec.json.encode(_BUG), content_type="application/json")
        response.headers.update(HEADERS)
        response.force_close()
        return response
