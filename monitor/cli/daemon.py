"""The running monitor, as commands speak to it over HTTP: where it is, the token it wants, and what its answers say.

The token comes from a file, the configuration or the environment, never from the command line, where everybody on the
machine reads it; it goes to the monitor alone: no redirect is followed with it, and no proxy asked on this machine.
"""

from __future__ import annotations

import http.client
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, OpenerDirector, ProxyHandler, Request, build_opener

from monitor.cli.codes import Misused, NotAllowed, NotDone, Unavailable
from monitor.domain.errors import ConfigMissing, ConfigRefused

TIMEOUT_SECONDS = 5.0
LARGEST_ANSWER = 256 * 1024 * 1024  #: bytes
_EVERY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 — where one asks, not listens
_LOCAL = ("127.0.0.1", "::1", "localhost")

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Daemon:
    """One monitor: its address, and the token that it wants ("" none)."""

    url: str
    token: str = field(default="", repr=False)

    def get(self, path: str) -> Json:
        """What it answers; raises `Unavailable`, `NotAllowed` or `NotDone`."""
        return self.ask("GET", path)

    def ask(
        self, method: str, path: str, body: Mapping[str, object] | None = None, seconds: float = TIMEOUT_SECONDS
    ) -> Json:
        """The same for a request of any kind, which may take so long."""
        request = Request(self.url + path, method=method, headers={"Accept": "application/json"})
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        if self.token:
            request.add_unredirected_header("Authorization", f"Bearer {self.token}")
        try:
            with self._opener().open(request, timeout=seconds) as answer:
                found = json.loads(answer.read(LARGEST_ANSWER))
        except HTTPError as error:
            raise self._refused(error) from None
        except (URLError, OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", error)
            raise Unavailable(f"no monitor answers at {self.url}: {reason}; start it with marginwatch run") from None
        except ValueError:
            raise self._stranger("not JSON") from None
        if not isinstance(found, dict):
            raise self._stranger("no object")
        return found

    def _opener(self) -> OpenerDirector:
        local = urlsplit(self.url).hostname in _LOCAL
        return build_opener(_NoRedirects, *([ProxyHandler({})] if local else []))

    def _refused(self, error: HTTPError) -> Exception:
        """What an answer with an error says."""
        try:
            said = json.loads(error.read(LARGEST_ANSWER))["error"]
            key, value, cure = str(said["key"]), said["value"], str(said["cure"])
        except (ValueError, KeyError, TypeError, OSError, http.client.HTTPException):
            return self._stranger(f"status {error.code}")
        if error.code == 401 and not self.token:
            return NotAllowed(f"{self.url} wants a token: name its file with --token-file or web.token_file")
        text = f"{key}{f' = {value!r}' if value not in ('', None) else ''}: {cure}"
        if error.code in (401, 403, 429):
            return NotAllowed(text)
        return Unavailable(text) if error.code == 503 else NotDone(text)

    def _stranger(self, how: str) -> Unavailable:
        return Unavailable(f"{self.url} answers, but not as a monitor does ({how})")


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_: object, **__: object) -> None:
        """Stay where one was sent: the answer is then an error."""


def find(url: str | None, token_file: Path | None, config: Path | None, environ: Mapping[str, str]) -> Daemon:
    """The monitor that is meant: what was given, else what the configuration says of `web`.

    Nothing else of the configuration is looked at, so that it serves where another part of it is broken or secret.
    Raises `Misused`, `ConfigMissing`, `ConfigRefused` or `ConfigError`.
    """
    web, folder = _web(config, environ)
    if url is None:
        host = str(web.get("host", "127.0.0.1"))
        host = _EVERY_ADDRESS.get(host, host)
        url = f"http://{f'[{host}]' if ':' in host else host}:{web.get('port', 9786)}"
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        shown = url if parts.username is None else "***"
        raise Misused(f"--url {shown}: must be such as http://127.0.0.1:9786")
    return Daemon(url.rstrip("/"), _token(token_file, web, folder, environ))


def _web(config: Path | None, environ: Mapping[str, str]) -> tuple[Json, Path]:
    """The table `web` of the configuration, and the folder that its files are named from."""
    from monitor.app.config_sources import Source, find_file, read_credentials, read_environment, read_toml

    toml, folder = Source(), Path()
    try:
        file = find_file(config, environ)
        toml, folder = read_toml(file), file.parent
    except ConfigMissing:
        if config is not None:
            raise
    if toml.mistakes:
        raise ConfigRefused(tuple(toml.mistakes))
    web: Json = {}
    for source in (toml, read_credentials(environ), read_environment(environ)):  # the later one wins
        table = source.tree.get("web")
        web |= table if isinstance(table, dict) else {}
    return web, folder


def _token(given: Path | None, web: Json, folder: Path, environ: Mapping[str, str]) -> str:
    from monitor.app.config_sources import read_secret_file

    if given is not None:
        return read_secret_file(given.expanduser(), "--token-file")
    if isinstance(named := web.get("token_file"), str) and named:
        return read_secret_file(folder / Path(named).expanduser(), "web.token_file")
    if isinstance(named := web.get("token_env"), str) and named:
        return environ.get(named, "").strip()
    token = web.get("token", "")
    return token.strip() if isinstance(token, str) else ""


def here() -> Mapping[str, str]:
    """The environment of this process."""
    return os.environ
