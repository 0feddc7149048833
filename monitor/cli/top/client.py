"""The running monitor over HTTP, for as long as somebody looks: one session, a deadline on every read, no redirects."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Mapping
from types import TracebackType
from typing import Any, Protocol

import aiohttp
import msgspec

from monitor.cli.codes import NotAllowed, NotDone, Unavailable
from monitor.cli.daemon import LARGEST_ANSWER, Daemon
from monitor.cli.top.sse import Reader
from monitor.domain.errors import ConfigError

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 10.0  #: for a whole answer
SILENT_SECONDS = 25.0  #: of a stream: the monitor sends at least a comment every ten

Json = dict[str, Any]

#: What asking a monitor may raise: each says in words what is wrong.
REFUSED = (Unavailable, NotAllowed, NotDone, ConfigError)


class Busy(Unavailable):
    """The monitor has something to do or enough who watch (503)."""


class Monitor(Protocol):
    """What this terminal asks of a monitor. All raise `Unavailable`, `NotAllowed` or `NotDone`."""

    @property
    def url(self) -> str:
        """Where it is."""
        ...

    @property
    def has_token(self) -> bool:
        """Whether there is something to show it where it asks who may change anything."""
        ...

    async def ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
    ) -> Json:
        """One question and its answer."""
        ...

    def stream(self) -> AsyncGenerator[tuple[str, Json], None]:
        """(`snapshot` or `change`, document), for ever; raises `Busy` where asking again and again is wanted."""
        ...


class Client:
    """A `Monitor` over HTTP. Used as an async context."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self._session: aiohttp.ClientSession | None = None

    @property
    def url(self) -> str:
        """Where it is."""
        return self._daemon.url

    @property
    def has_token(self) -> bool:
        """Whether there is a token to show."""
        return bool(self._daemon.token)

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
    ) -> Json:
        """One question and its answer, within ANSWER_SECONDS."""
        timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS, sock_connect=CONNECT_SECONDS)
        try:
            async with self._open().request(
                method,
                self.url + path,
                params=query,
                json=body,
                headers=self._headers("application/json"),
                ssl=self._daemon.tls() or True,
                allow_redirects=False,
                timeout=timeout,
            ) as answer:
                text = await _whole(answer)
        except (aiohttp.ClientError, OSError) as error:  # a TimeoutError is an OSError
            raise self._unreached(error, ANSWER_SECONDS) from None
        self._refuse(answer, text)
        return self._object(text)

    async def stream(self) -> AsyncGenerator[tuple[str, Json], None]:
        """What happens, from a snapshot on."""
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=SILENT_SECONDS)
        reader = Reader(LARGEST_ANSWER)
        try:
            async with self._open().get(
                f"{self.url}/api/v1/stream",
                headers=self._headers("text/event-stream"),
                ssl=self._daemon.tls() or True,
                allow_redirects=False,
                timeout=timeout,
            ) as answer:
                if answer.status != 200:
                    self._refuse(answer, await _whole(answer))
                if answer.content_type != "text/event-stream":
                    raise self._stranger(answer.content_type)
                async for piece in answer.content.iter_any():
                    for name, data in reader.take(piece):
                        yield name, self._object(data)
        except (aiohttp.ClientError, OSError) as error:
            raise self._unreached(error, SILENT_SECONDS) from None
        raise Unavailable(f"{self.url} has hung up")

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:  # made within the loop that it belongs to
            self._session = aiohttp.ClientSession(trust_env=not self._daemon.local, read_bufsize=1 << 18)
        return self._session

    def _headers(self, accept: str) -> dict[str, str]:
        return {"Accept": accept, **self._daemon.headers()}

    def _refuse(self, answer: aiohttp.ClientResponse, text: bytes) -> None:
        """Raise what an answer that is none says."""
        if 200 <= answer.status < 300:
            return
        if answer.status == 401 and (missing := self._missing(answer)):
            raise NotAllowed(f"{self.url} wants {missing}, or name its file in the configuration")
        try:
            said = msgspec.json.decode(text)["error"]
            key, value, cure = str(said["key"]), said["value"], str(said["cure"])
        except (msgspec.DecodeError, KeyError, TypeError):
            raise self._stranger(f"status {answer.status}") from None
        told = f"{key}{f' = {value!r}' if value not in ('', None) else ''}: {cure}"
        if answer.status in (401, 403, 429):
            raise NotAllowed(told)
        raise Busy(told) if answer.status == 503 else NotDone(told)

    def _missing(self, answer: aiohttp.ClientResponse) -> str:
        """What it wants to be shown and was not; "" where it was shown something wrong."""
        if answer.headers.get("WWW-Authenticate", "").lower().startswith("basic"):
            return "" if self._daemon.user else "a user: start with --user-file"
        return "" if self._daemon.token else "its token: start with --token-file"

    def _object(self, text: bytes) -> Json:
        try:
            found = msgspec.json.decode(text)
        except msgspec.DecodeError:
            raise self._stranger("not JSON") from None
        if not isinstance(found, dict):
            raise self._stranger("no object")
        return found

    def _stranger(self, how: str) -> Unavailable:
        return Unavailable(f"{self.url} answers, but not as a monitor does ({how})")

    def _unreached(self, error: aiohttp.ClientError | OSError, seconds: float) -> Unavailable:
        if isinstance(error, asyncio.TimeoutError):
            return Unavailable(f"{self.url} does not answer within {seconds:.0f} s")
        if isinstance(error, aiohttp.ClientPayloadError | aiohttp.ServerDisconnectedError):
            return Unavailable(f"{self.url} has hung up")
        if isinstance(error, aiohttp.ClientConnectorError) and type(error.os_error).__module__ == "builtins":
            number = error.os_error.errno  # what the loop says of it names the address once more
            error = OSError(number, os.strerror(number)) if number else error
        return self._daemon.unreached(error)


async def _whole(answer: aiohttp.ClientResponse) -> bytes:
    """All of an answer, unless it is larger than any monitor's."""
    pieces, size = [], 0
    async for piece in answer.content.iter_any():
        pieces.append(piece)
        size += len(piece)
        if size > LARGEST_ANSWER:
            raise Unavailable(f"an answer of more than {LARGEST_ANSWER / 1e6:,.0f} MB: that is no monitor")
    return b"".join(pieces)
