"""Where the configuration comes from: a TOML file, files of $CREDENTIALS_DIRECTORY, environment names.

Each source becomes a tree of keys. Every MARGINWATCH_ name and every credential file becomes a key, so that a mistyped
one is refused as an unknown key instead of being silently ignored. `origin` remembers which name set which key.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from monitor.domain.errors import ConfigError, ConfigMissing

PREFIX = "MARGINWATCH_"
DELIMITER = "__"
#: Names that are not keys: the path of the file itself, and what Kubernetes injects for a service of this name.
_NOT_KEYS = re.compile(r"^MARGINWATCH_(CONFIG|SERVICE_HOST|SERVICE_PORT(_.*)?|PORT(_\d+_(TCP|UDP)(_.*)?)?)$")
_LARGEST_CREDENTIAL = 64 * 1024  #: bytes; a key is far shorter

Tree = dict[str, Any]


@dataclass(slots=True)
class Source:
    """The keys of one source, what set each of them (dotted key -> words), and its own mistakes."""

    tree: Tree = field(default_factory=dict)
    origin: dict[str, str] = field(default_factory=dict)
    mistakes: list[ConfigError] = field(default_factory=list)

    def set(self, path: tuple[str, ...], value: Any, origin: str) -> None:
        """Set one key, given as its path."""
        node = self.tree
        for name in path[:-1]:
            child = node.setdefault(name, {})
            if not isinstance(child, dict):
                cure = f"set by {origin}, but {name} is itself a value"
                self.mistakes.append(ConfigError(".".join(path), "***", cure))
                return
            node = child
        node[path[-1]] = value
        self.origin[".".join(path)] = origin


def find_file(given: Path | None, environ: Mapping[str, str]) -> Path:
    """The configuration file: the one that was named, else the first that exists on the search path.

    Raises `ConfigMissing`, naming every place that was looked at.
    """
    named = given or (Path(environ["MARGINWATCH_CONFIG"]) if environ.get("MARGINWATCH_CONFIG") else None)
    if named is not None:
        if named.is_dir():
            raise ConfigMissing(
                f"{named} is a folder: name the configuration file in it, such as {named / 'config.toml'}"
            )
        if not named.is_file():
            raise ConfigMissing(f"no configuration file at {named}")
        return named
    places = search_path(environ)
    for place in places:
        if place.is_file():
            return place
    raise ConfigMissing(
        "no configuration file found; looked at " + ", ".join(map(str, places)) + ". Name one with --config"
    )


def search_path(environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Where a configuration file is looked for when none is named, in this order."""
    given = environ.get("CONFIGURATION_DIRECTORY", "").split(":")
    places = [Path(folder) / "config.toml" for folder in given if folder]
    home = environ.get("XDG_CONFIG_HOME") or str(Path(environ.get("HOME", "~")).expanduser() / ".config")
    return (*places, Path(home) / "marginwatch" / "config.toml", Path("/etc/marginwatch/config.toml"))


def read_toml(file: Path) -> Source:
    """The keys of a TOML file. A syntax error is one mistake that names the line."""
    source = Source()
    try:
        source.tree = tomllib.loads(file.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        source.mistakes.append(ConfigError(str(file), _where(error), f"not valid TOML: {_what(error)}"))
    except UnicodeDecodeError:
        source.mistakes.append(ConfigError(str(file), "bytes that are not text", "save the file as UTF-8"))
    except OSError as error:
        source.mistakes.append(ConfigError(str(file), error.strerror or "unreadable", "make the file readable"))
    return source


def _where(error: tomllib.TOMLDecodeError) -> str:
    found = re.search(r"line \d+(, column \d+)?|end of document", str(error))
    return found.group(0) if found else "unknown line"


def _what(error: tomllib.TOMLDecodeError) -> str:
    """The parser's words without the place, and never with a value of the file."""
    return re.sub(r"\s*\(at [^)]*\)$", "", str(error)).split(":")[0]


def read_environment(environ: Mapping[str, str]) -> Source:
    """The keys set by MARGINWATCH_ names: `MARGINWATCH_WEB__PORT` is `web.port`. Lists and tables are JSON."""
    source = Source()
    for name in sorted(environ):
        if name.startswith(PREFIX) and not _NOT_KEYS.match(name):
            path = tuple(name[len(PREFIX) :].lower().split(DELIMITER))
            source.set(path, _value(environ[name]), f"the environment variable {name}")
    return source


def read_credentials(environ: Mapping[str, str]) -> Source:
    """The keys set by files of $CREDENTIALS_DIRECTORY: the file `accounts__main__api_secret` is that key."""
    source = Source()
    folder = environ.get("CREDENTIALS_DIRECTORY")
    if not folder:
        return source
    try:
        files = sorted(file for file in Path(folder).iterdir() if not file.name.startswith("."))
    except OSError as error:
        source.mistakes.append(ConfigError("$CREDENTIALS_DIRECTORY", folder, f"cannot be read: {error.strerror}"))
        return source
    for file in files:
        path = tuple(file.name.lower().split(DELIMITER))
        try:
            source.set(path, read_secret_file(file, ".".join(path)), f"the credential file {file.name}")
        except ConfigError as mistake:
            source.mistakes.append(mistake)
    return source


def _value(text: str) -> Any:
    """A value as an environment variable gives it: JSON where it is a list or table, else text."""
    if text[:1] in ("[", "{"):
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text


def read_secret_file(file: Path, key: str) -> str:
    """The secret in a file, without the line's end. Refuses a file that others can read, an empty or a huge one."""
    try:
        status = file.stat()
        if not file.is_file():
            raise ConfigError(key, str(file), "is not a file")
        if status.st_mode & 0o004:
            raise ConfigError(key, str(file), f"can be read by everyone on this machine: chmod 0600 {file}")
        if status.st_size > _LARGEST_CREDENTIAL:
            raise ConfigError(key, str(file), "is too large to be a key: name the right file")
        text = file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigError(key, str(file), f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(key, str(file), "does not hold text: name the file with the key in it") from None
    if not text:
        raise ConfigError(key, str(file), "is empty: put the key into it")
    return text


def readable_by_others(file: Path) -> bool:
    """Whether everyone on this machine can read the file."""
    return bool(os.stat(file).st_mode & 0o004)
