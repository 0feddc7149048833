"""Secrets of the configuration: where they may stand, and that each is given in exactly one way.

A key that holds a secret is made by `config_keys.secret` and has two companions: NAME_file (best) and NAME_env. So the
models alone say what is secret; what is found is known by its dotted key (`accounts.main.api_secret`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, get_args

from pydantic import BaseModel, SecretStr

from monitor.app.config_errors import HIDDEN
from monitor.app.config_sources import Tree, read_secret_file
from monitor.app.redaction import looks_secret
from monitor.domain.errors import ConfigError

WAYS = ("", "_file", "_env")
HEADERS = "headers"  #: a table of names that are not ours: what stands there may be a secret, and is never shown


class Place(NamedTuple):
    """One secret key: its name, whether its table makes no sense without it, and how long it may be."""

    name: str
    needed: bool
    lengths: range


class Held(NamedTuple):
    """A table of the file that may hold secrets: its dotted path, its model and what stands in it."""

    path: str
    model: type[BaseModel]
    table: Mapping[str, Any]


def places(model: type[BaseModel]) -> Iterator[Place]:
    """The secret keys of a table."""
    for name, field in model.model_fields.items():
        if SecretStr in (field.annotation, *get_args(field.annotation)):
            extra: Any = field.json_schema_extra
            yield Place(name, extra["needed"], range(extra["least"], extra["most"] + 1))


def hidden(model: type[BaseModel]) -> frozenset[str]:
    """The keys of a table that hold a secret, may hold one or say where one is."""
    return frozenset((HEADERS, *(f"{place.name}{way}" for place in places(model) for way in WAYS)))


def of_headers(table: Mapping[str, Any]) -> list[str]:
    """What is secret by its name among the headers of a table, with and without the word that says what it is."""
    headers = table.get(HEADERS)
    given = headers.items() if isinstance(headers, Mapping) else ()
    secret = [text for name, text in given if looks_secret(str(name)) and isinstance(text, str) and text]
    return list(dict.fromkeys(part for text in secret for part in (text, text.split()[-1])))


def inline(tables: Iterator[Held]) -> list[str]:
    """The secrets that stand in the tables themselves."""
    found: list[str] = []
    for held in tables:
        texts = (held.table.get(place.name) for place in places(held.model))
        found += [text for text in texts if isinstance(text, str) and text] + of_headers(held.table)
    return found


def resolve(
    tables: Iterator[Held], environ: Mapping[str, str], folder: Path
) -> tuple[dict[str, SecretStr], list[ConfigError]]:
    """The secrets by dotted key, and what is wrong with them. Files are relative to `folder`."""
    found: dict[str, SecretStr] = {}
    mistakes: list[ConfigError] = []
    for held in tables:
        for place in places(held.model):
            key = f"{held.path}.{place.name}"
            try:
                text = _secret(key, place, held.table, environ, folder)
            except ConfigError as mistake:
                mistakes.append(mistake)
            else:
                if text is not None:
                    found[key] = SecretStr(text)
    return found, mistakes


def _secret(key: str, place: Place, table: Mapping[str, Any], environ: Mapping[str, str], folder: Path) -> str | None:
    """One secret, given in exactly one way; None where it is not needed and not given."""
    name = place.name
    ways = [f"{name}{way}" for way in WAYS if table.get(f"{name}{way}") not in (None, "")]
    if not ways:
        if not place.needed:
            return None
        raise ConfigError(key, None, f"is needed: set {name}_file (best), {name}_env, or {name}")
    if len(ways) > 1:
        raise ConfigError(key, " and ".join(ways), "set exactly one of them")
    value, given = table[ways[0]], f"{key}{ways[0][len(name) :]}"
    if not isinstance(value, str):
        raise ConfigError(given, HIDDEN, "must be text")
    if given.endswith("_file"):
        text = read_secret_file(folder / Path(value).expanduser(), given)
    elif given.endswith("_env"):
        text = environ.get(value, "").strip()
        if not text:
            raise ConfigError(given, value, "no environment variable of this name is set")
    else:
        text = value.strip()
    if len(text) not in place.lengths or not text.isprintable() or " " in text:
        least, most = place.lengths.start, place.lengths.stop - 1
        cure = f"does not look like a key: {least} to {most} characters on one line, without spaces"
        raise ConfigError(given, HIDDEN, cure)
    return text


def without_secrets(tree: Tree, tables: Iterator[Held]) -> Tree:
    """A copy of a validated configuration's tree without its secrets and where they come from."""
    drop = {held.path: hidden(held.model) for held in tables}

    def copied(node: Any, path: str) -> Any:
        if not isinstance(node, dict):
            return node
        gone = drop.get(path, frozenset())
        return {
            name: copied(item, f"{path}.{name}" if path else name) for name, item in node.items() if name not in gone
        }

    return dict(copied(tree, ""))
