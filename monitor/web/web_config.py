"""The web config file: TLS and users of the HTTP server, in the format that exporters share (docs/page.md).

What of that format is not served here is refused with a cure, never passed over: who asks for a protection and does
not get it must know.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from ssl import TLSVersion
from typing import Any

import yaml

from monitor.domain.errors import ConfigError, ConfigRefused

LARGEST_FILE = 256 * 1024  #: bytes
LARGEST_COST = 14  #: of a bcrypt hash: more than a second of work each time
_HASH = re.compile(r"\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}\Z")
_VERSIONS = {"TLS12": TLSVersion.TLSv1_2, "TLS13": TLSVersion.TLSv1_3}
#: For each way to ask for certificates of clients: whether one is needed; those that would not look at it are refused.
_CLIENTS = {"NoClientCert": None, "VerifyClientCertIfGiven": False, "RequireAndVerifyClientCert": True}
_TLS, _HTTP, _USERS = "tls_server_config", "http_server_config", "basic_auth_users"
_NOT_INLINE = "put it into a file and name that: {}_file"
_HSTS = "Strict-Transport-Security"
_HSTS_VALUE = re.compile(r"max-age=[0-9]{1,10}(; ?includeSubDomains)?(; ?preload)?\Z", re.IGNORECASE)
_NOT_SERVED = {
    f"{_TLS}.cert": _NOT_INLINE.format("cert"),
    f"{_TLS}.key": _NOT_INLINE.format("key"),
    f"{_TLS}.client_ca": _NOT_INLINE.format("client_ca"),
    f"{_TLS}.client_allowed_sans": "leave it out: every certificate that the client_ca_file signed may come in",
    f"{_TLS}.cipher_suites": "leave it out: the strong ones of this machine's OpenSSL are offered",
    f"{_TLS}.curve_preferences": "leave it out: those of this machine's OpenSSL are offered",
    f"{_TLS}.prefer_server_cipher_suites": "leave it out: the order is OpenSSL's",
    "rate_limit": "leave it out: the server has bounds of its own",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """How connections are encrypted. `client_needed` None: nobody is asked for a certificate."""

    cert_file: Path
    key_file: Path
    client_ca_file: Path | None = None
    client_needed: bool | None = None
    least: TLSVersion = TLSVersion.TLSv1_2
    most: TLSVersion = TLSVersion.TLSv1_3

    @property
    def files(self) -> tuple[Path, ...]:
        """All that it rests upon."""
        return (self.cert_file, self.key_file, *((self.client_ca_file,) if self.client_ca_file else ()))


@dataclass(frozen=True, slots=True, kw_only=True)
class WebConfig:
    """What the file says. `users` are bcrypt hashes by name; without any nobody is asked who they are.

    `hsts` goes with each answer: whether browsers may call this host without TLS, at any of its ports, is not ours to
    decide, so that there is none unless the file has one.
    """

    tls: Tls | None = None
    hsts: str = ""
    users: Mapping[str, bytes] = field(default_factory=dict, repr=False)


def read(file: Path) -> WebConfig:
    """What the file says. Raises `ConfigRefused` with all its mistakes; a hash is never in them."""
    reader = _Reader(file.parent)
    found = reader.config(_tree(file))
    if reader.mistakes:
        raise ConfigRefused(tuple(reader.mistakes))
    return found


def certificate_in(file: Path) -> Path | None:
    """The certificate that a server of this file shows, None where it speaks http: for those who only call it.

    The key, which they may not read, is not looked at. Raises `ConfigRefused`.
    """
    tree = _tree(file)
    tls = tree.get(_TLS) if isinstance(tree, dict) else None
    if tls is None:
        return None
    named = tls.get("cert_file") if isinstance(tls, dict) else None
    if not isinstance(named, str) or not named:
        cure = "must name a file, relative to the folder of this one"
        raise ConfigRefused((ConfigError(f"{_TLS}.cert_file", "***", cure),))
    return file.parent / Path(named).expanduser()


def _tree(file: Path) -> object:
    """What the file says, unchecked."""
    try:
        with file.open("rb") as opened:
            raw = opened.read(LARGEST_FILE + 1)
    except OSError as error:
        cure = f"cannot be read ({error.strerror}): name a file that the monitor may read"
        raise ConfigRefused((ConfigError("web.config_file", str(file), cure),)) from None
    if len(raw) > LARGEST_FILE:
        raise ConfigRefused((ConfigError("web.config_file", str(file), f"at most {LARGEST_FILE} bytes"),))
    try:
        tree: object = yaml.load(raw, _Strict)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as error:
        place = getattr(error, "problem_mark", None)
        where = f" in line {place.line + 1}" if place is not None else ""
        what = getattr(error, "problem", None) if isinstance(error, _Twice) else None
        cure = what or f"is not YAML{where}"
        raise ConfigRefused((ConfigError("web.config_file", str(file), cure),)) from None
    return {} if tree is None else tree


class _Twice(yaml.YAMLError):
    def __init__(self, key: str, line: int) -> None:
        super().__init__()
        self.problem = f"line {line} gives {key} a second time: keep one of them"


class _Strict(yaml.SafeLoader):
    """YAML lets the last of two equal keys win: here it would be a user whose old password still opens."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(problem_mark=key.start_mark)
            if key.value in seen:
                raise _Twice(key.value[:60], key.start_mark.line + 1)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


class _Reader:
    """Collects mistakes on its way."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.mistakes: list[ConfigError] = []

    def config(self, tree: object) -> WebConfig:
        """All of it."""
        top = self._table(tree, "", (_TLS, _HTTP, _USERS))
        hsts = self._http(top.get(_HTTP), encrypted=top.get(_TLS) is not None)
        tls = self._tls(top[_TLS]) if top.get(_TLS) is not None else None
        return WebConfig(tls=tls, users=self._users(top.get(_USERS)), hsts=hsts)

    def _http(self, tree: object, *, encrypted: bool) -> str:
        http = self._table(tree, _HTTP, ("http2", "headers"))
        if http.get("http2", False) is not False:
            self._wrong(f"{_HTTP}.http2", http["http2"], "must be false: HTTP/1.1 is spoken here")
        headers = self._table(http.get("headers"), f"{_HTTP}.headers", (_HSTS,))
        hsts, key = headers.get(_HSTS) or "", f"{_HTTP}.headers.{_HSTS}"
        if hsts and not (isinstance(hsts, str) and _HSTS_VALUE.match(hsts)):
            self._wrong(key, hsts, "must be such as max-age=31536000 or max-age=31536000; includeSubDomains")
        elif hsts and not encrypted:
            self._wrong(key, hsts, f"means nothing without {_TLS}: leave it out")
        return str(hsts)

    def _tls(self, tree: object) -> Tls | None:
        names = ("cert_file", "key_file", "client_ca_file", "client_auth_type", "min_version", "max_version")
        table = self._table(tree, _TLS, names)
        if not isinstance(tree, dict):
            return None
        cert, key = self._file(table, "cert_file", needed=True), self._file(table, "key_file", needed=True)
        if key is not None and key.stat().st_mode & 0o004:
            cure = f"can be read by everyone on this machine: chmod 0600 {key}"
            self._wrong(f"{_TLS}.key_file", table["key_file"], cure)
        client_ca = self._file(table, "client_ca_file", needed=False)
        asked = str(table.get("client_auth_type") or "NoClientCert")
        if asked not in _CLIENTS:
            self._wrong(f"{_TLS}.client_auth_type", asked, f"must be one of {', '.join(_CLIENTS)}")
        needed = _CLIENTS.get(asked)
        if needed is not None and client_ca is None:
            self._wrong(f"{_TLS}.client_ca_file", "", f"must be given with client_auth_type = {asked}")
        if needed is None and client_ca is not None:
            self._wrong(f"{_TLS}.client_auth_type", asked, "must be RequireAndVerifyClientCert with a client_ca_file")
        least, most = self._version(table, "min_version", "TLS12"), self._version(table, "max_version", "TLS13")
        if least > most:
            self._wrong(f"{_TLS}.max_version", table.get("max_version"), "must not be older than min_version")
        if cert is None or key is None:
            return None
        return Tls(cert_file=cert, key_file=key, client_ca_file=client_ca, client_needed=needed, least=least, most=most)

    def _users(self, tree: object) -> Mapping[str, bytes]:
        if tree is None:
            return {}
        if not isinstance(tree, dict):
            self._wrong(_USERS, "***", "must be a table of user names and bcrypt hashes")
            return {}
        users = {}
        for name, hashed in tree.items():
            key = f"{_USERS}.{name}"
            if not isinstance(name, str) or not name or ":" in name or not name.isprintable():
                self._wrong(key, "***", "a name is text without a colon: put it into quotes")
                continue
            match = _HASH.fullmatch(hashed) if isinstance(hashed, str) else None
            if match is None:
                self._wrong(key, "***", "must be a bcrypt hash, such as `htpasswd -nBC 10 NAME` prints")
            elif not 4 <= int(match[1]) <= LARGEST_COST:
                self._wrong(key, "***", f"its cost must be from 4 to {LARGEST_COST}, better 10 or more")
            else:
                users[name] = str(hashed).encode()
        return users

    def _table(self, tree: object, under: str, names: tuple[str, ...]) -> Mapping[str, Any]:
        if tree is None:
            return {}
        if not isinstance(tree, dict):
            self._wrong(under or "web.config_file", "***", f"must be a table with {', '.join(names)}")
            return {}
        for name in tree:
            key = f"{under}.{name}" if under else str(name)
            if name not in names:
                cure = _NOT_SERVED.get(key, f"no such key; there are: {', '.join(names)}")
                if under == f"{_HTTP}.headers":
                    cure = f"leave it out: besides {_HSTS} the page's own strict headers are sent"
                self._wrong(key, "***", cure)
        return {name: value for name, value in tree.items() if name in names}

    def _file(self, table: Mapping[str, Any], name: str, *, needed: bool) -> Path | None:
        value = table.get(name) or ""
        key = f"{_TLS}.{name}"
        if not isinstance(value, str) or (needed and not value):
            self._wrong(key, value, "must name a file, relative to the folder of this one")
            return None
        if not value:
            return None
        path = self._folder / Path(value).expanduser()
        try:
            with path.open("rb"):
                return path
        except OSError as error:
            self._wrong(key, value, f"cannot be read ({error.strerror}): name a file that the monitor may read")
            return None

    def _version(self, table: Mapping[str, Any], name: str, usual: str) -> TLSVersion:
        value = str(table.get(name) or usual)
        if value not in _VERSIONS:
            self._wrong(f"{_TLS}.{name}", value, f"must be one of {', '.join(_VERSIONS)}: older ones can be broken")
        return _VERSIONS.get(value, TLSVersion.TLSv1_2 if name == "min_version" else TLSVersion.TLSv1_3)

    def _wrong(self, key: str, value: object, cure: str) -> None:
        self.mistakes.append(ConfigError(key, value, cure))
