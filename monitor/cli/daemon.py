"""The running monitor, as commands speak to it over HTTP: where it is, what it wants to be shown, what its answers say.

Token and password come from files, the configuration or the environment, never from the command line, where everybody
on the machine reads them; they go to the monitor alone: no redirect is followed with them, and no proxy asked on this
machine. Over https the certificate is always verified (`daemon_tls`).
"""

from __future__ import annotations

import http.client
import json
import os
import ssl
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, HTTPSHandler, OpenerDirector, ProxyHandler, Request, build_opener

from monitor.cli.codes import Misused, NotAllowed, NotDone, Unavailable
from monitor.cli.daemon_tls import WANTS_OURS, Trust, refused
from monitor.domain.errors import ConfigError, ConfigMissing, ConfigRefused

TIMEOUT_SECONDS = 5.0
LARGEST_ANSWER = 256 * 1024 * 1024  #: bytes
_EVERY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 — where one asks, not listens
BESIDE_USER = "X-Marginwatch-Token"  #: for the token where a user has the one header that both would want
_LOCAL = ("127.0.0.1", "::1", "localhost")

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Daemon:
    """One monitor: its address, the token that it wants and NAME:PASSWORD of a user of it ("" none), whom to trust."""

    url: str
    token: str = field(default="", repr=False)
    user: str = field(default="", repr=False)
    trust: Trust = Trust()

    @property
    def local(self) -> bool:
        """Whether it is on this machine, so that no proxy is to be asked."""
        return urlsplit(self.url).hostname in _LOCAL

    def headers(self) -> dict[str, str]:
        """What to show it with each request. For its eyes alone: a client of one's own follows no redirects with it."""
        if not self.user:
            return {"Authorization": f"Bearer {self.token}"} if self.token else {}
        shown = {"Authorization": f"Basic {b64encode(self.user.encode()).decode()}"}
        return shown | ({BESIDE_USER: self.token} if self.token else {})

    def tls(self) -> ssl.SSLContext | None:
        """How a connection to it is encrypted and whom it believes; None over http. Raises `ConfigError`.

        Of the files as they are now: whoever stays for long asks anew for each request.
        """
        return self.trust.context() if self.url.startswith("https:") else None

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
        for name, value in self.headers().items():
            request.add_unredirected_header(name, value)
        try:
            with self._opener().open(request, timeout=seconds) as answer:
                found = json.loads(answer.read(LARGEST_ANSWER))
        except HTTPError as error:
            raise self._refused(error) from None
        except (URLError, OSError, http.client.HTTPException) as error:
            raise self.unreached(error) from None
        except ValueError:
            raise self._stranger("not JSON") from None
        if not isinstance(found, dict):
            raise self._stranger("no object")
        return found

    def unreached(self, error: Exception) -> Unavailable:
        """What an error of a connection says to a person."""
        reason = _cause(error)
        if secure := refused(reason):
            return Unavailable(f"{self.url}: {secure}")
        if isinstance(reason, (http.client.BadStatusLine, ConnectionResetError)):
            plain = self.url.startswith("http:")
            cure = "speaks https, call it by https://" if plain else f"wants a certificate of yours, {WANTS_OURS}"
            return Unavailable(f"{self.url} hangs up without an answer: if it {cure}")
        return Unavailable(f"no monitor answers at {self.url}: {reason}; start it with marginwatch run")

    def _opener(self) -> OpenerDirector:
        return build_opener(_NoRedirects, HTTPSHandler(context=self.tls()), *([ProxyHandler({})] if self.local else []))

    def _refused(self, error: HTTPError) -> Exception:
        """What an answer with an error says."""
        try:
            body = json.loads(error.read(LARGEST_ANSWER))
            texts = [_mistake(said) for said in (body.get("mistakes") or [body["error"]])]
        except (ValueError, KeyError, TypeError, AttributeError, OSError, http.client.HTTPException):
            return self._stranger(f"status {error.code}")
        wants_user = error.headers.get("WWW-Authenticate", "").lower().startswith("basic")
        if error.code == 401 and wants_user and not self.user:
            return NotAllowed(
                f"{self.url} wants a user: name a file of NAME:PASSWORD with --user-file or web.user_file"
            )
        if error.code == 401 and not wants_user and not self.token:
            return NotAllowed(f"{self.url} wants a token: name its file with --token-file or web.token_file")
        if error.code in (401, 403, 429):
            return NotAllowed(texts[0])
        return Unavailable(texts[0]) if error.code == 503 else NotDone(*texts)

    def _stranger(self, how: str) -> Unavailable:
        return Unavailable(f"{self.url} answers, but not as a monitor does ({how})")


def _mistake(said: Mapping[str, object]) -> str:
    """One mistake of a request in words."""
    key, value, cure = str(said["key"]), said["value"], str(said["cure"])
    return f"{key}{f' = {value!r}' if value not in ('', None) else ''}: {cure}"


def _cause(error: Exception) -> Exception:
    """What an error of one of the libraries was made from."""
    for name in ("reason", "certificate_error", "os_error"):
        inner = getattr(error, name, None)
        if isinstance(inner, Exception):
            return inner
    return error


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_: object, **__: object) -> None:
        """Stay where one was sent: the answer is then an error."""


def find(
    url: str | None,
    token_file: Path | None,
    config: Path | None,
    environ: Mapping[str, str],
    *,
    user_file: Path | None = None,
    ca_file: Path | None = None,
) -> Daemon:
    """The monitor that is meant: what was given, else what the configuration says of `web`.

    Nothing else of the configuration is looked at, so that it serves where another part of it is broken or secret.
    Raises `Misused`, `ConfigMissing`, `ConfigRefused` or `ConfigError`.
    """
    web, folder = _web(config, environ)
    ca_file = ca_file.expanduser() if ca_file is not None else None
    served = None
    if url is None:
        served = _served(web, folder)
        host = str(web.get("host", "127.0.0.1"))
        host = _EVERY_ADDRESS.get(host, host)
        scheme = "http" if served is None else "https"
        url = f"{scheme}://{f'[{host}]' if ':' in host else host}:{web.get('port', 9786)}"
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        raise Misused("--url: must be such as http://127.0.0.1:9786") from None
    if not usable or parts.username is not None:
        shown = url if parts.username is None else "***"
        raise Misused(f"--url {shown}: must be such as http://127.0.0.1:9786")
    trust = Trust(ca_file, served, _named(web, "client_cert_file", folder))
    return Daemon(url.rstrip("/"), _token(token_file, web, folder, environ), _user(user_file, web, folder), trust)


def _named(web: Json, key: str, folder: Path) -> Path | None:
    """A file that the configuration names, relative to its folder."""
    named = web.get(key)
    return folder / Path(named).expanduser() if isinstance(named, str) and named else None


def _served(web: Json, folder: Path) -> Path | None:
    """The certificate that the monitor serves; None where it speaks http."""
    file = _named(web, "config_file", folder)
    if file is None:
        return None
    from monitor.web.web_config import certificate_in

    return certificate_in(file)


def _user(given: Path | None, web: Json, folder: Path) -> str:
    """NAME:PASSWORD; "" where no file of them is named."""
    from monitor.app.config_sources import read_secret_file

    file, key = (
        (given.expanduser(), "--user-file")
        if given is not None
        else (_named(web, "user_file", folder), "web.user_file")
    )
    if file is None:
        return ""
    user = read_secret_file(file, key)
    name, colon, _ = user.partition(":")
    if not name or not colon or not user.isprintable():
        raise ConfigError(key, str(file), "must hold NAME:PASSWORD in one line")
    return user


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
    if (file := _named(web, "token_file", folder)) is not None:
        return read_secret_file(file, "web.token_file")
    if isinstance(named := web.get("token_env"), str) and named:
        return environ.get(named, "").strip()
    token = web.get("token", "")
    return token.strip() if isinstance(token, str) else ""


def here() -> Mapping[str, str]:
    """The environment of this process."""
    return os.environ
