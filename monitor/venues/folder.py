"""The folder of raw answers that `capture` writes and `assess` reads: one JSON file an endpoint, and meta.json.

A file is named by its request: the path without its leading slash and with «_» for «/», then each needed parameter as
`__name=value` in alphabetical order, then `__page=n` for a page after the first. A character outside [A-Za-z0-9._=-]
is written %XX (of its UTF-8 bytes). So `GET /fapi/v1/leverageBracket?symbol=BTCUSDT` is
`fapi_v1_leverageBracket__symbol=BTCUSDT.json`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote_to_bytes

from monitor.domain.errors import InputMissing, MarginwatchError

META = "meta.json"
SUFFIX = ".json"
NEVER_NAMED = frozenset({"timestamp", "recvWindow", "signature", "user", "address"})
"""Parameters that say who asks and when, not what is asked."""

_ODD = re.compile(rb"[^A-Za-z0-9._=\-]")


class BadFolder(MarginwatchError):
    """A folder of answers that cannot be read; the message names the file and the cure."""


@dataclass(frozen=True, slots=True)
class Request:
    """Which answer a file holds."""

    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    page: int = 1


@dataclass(frozen=True, slots=True)
class Meta:
    """Whose answers these are, and when they were given (seconds since 1970)."""

    venue: str
    account: str
    time: float


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder, read: `answers` maps file names to the bytes that the venue sent."""

    meta: Meta
    answers: Mapping[str, bytes]


def name(path: str, params: Mapping[str, str] | None = None, page: int = 1) -> str:
    """The file name of an answer; page numbers begin with 1. ValueError for a page below 1 or inside `params`."""
    needed = {key: value for key, value in (params or {}).items() if key not in NEVER_NAMED}
    if page < 1 or "page" in needed:
        raise ValueError("a page is a number from 1 on, given apart from the parameters")
    parts = [_path(path)]
    parts += [f"__{_key(key)}={_value(needed[key])}" for key in sorted(needed)]
    if page > 1:
        parts.append(f"__page={page}")
    return "".join(parts) + SUFFIX


def parse(file_name: str, paths: Iterable[str] = ()) -> Request:
    """The request that a file name stands for; ValueError if it is no such name.

    A «_» in a name may stand for «/» or for itself. `paths` are the paths that a venue knows: the one that gives this
    name wins; without one every «_» is read as «/».
    """
    if not file_name.endswith(SUFFIX) or file_name == META:
        raise ValueError(f"{file_name!r} is not the name of an answer")
    stem, *rest = file_name.removesuffix(SUFFIX).split("__")
    params: dict[str, str] = {}
    for part in rest:
        key, equals, value = part.partition("=")
        if not equals or not key:
            raise ValueError(f"{file_name!r}: «{part}» is not name=value")
        params[_plain(key)] = _plain(value)
    page = params.pop("page", "1")
    if not page.isascii() or not page.isdigit() or int(page) < 1:
        raise ValueError(f"{file_name!r}: page {page!r} is not a number from 1 on")
    known = {_path(path): path for path in paths}
    return Request(known.get(stem) or "/" + _plain(stem.replace("_", "/")), params, int(page))


def write(directory: Path, meta: Meta, answers: Mapping[str, bytes]) -> None:
    """Write a folder, making it if needed. Answers are written as they are: redact them before."""
    directory.mkdir(parents=True, exist_ok=True)
    for file_name, raw in answers.items():
        (directory / file_name).write_bytes(raw)
    head = {"venue": meta.venue, "account": meta.account, "time": meta.time}
    (directory / META).write_text(json.dumps(head, indent=2) + "\n", encoding="utf-8")


def read(directory: Path) -> Folder:
    """Read a folder. InputMissing if it or its meta.json is not there, BadFolder if meta.json cannot be read."""
    if not directory.is_dir():
        raise InputMissing(f"{directory}: no such folder")
    head = directory / META
    if not head.is_file():
        raise InputMissing(f"{head}: not there; it holds venue, account and time of the answers")
    answers = {
        file.name: file.read_bytes() for file in sorted(directory.glob(f"*{SUFFIX}")) if file.is_file() and file != head
    }
    return Folder(read_meta(head.read_bytes()), answers)


def read_meta(raw: bytes) -> Meta:
    """meta.json; its time is a number of seconds since 1970 or an ISO 8601 text with a zone."""
    try:
        head = json.loads(raw)
        venue, account, time = head["venue"], head["account"], head["time"]
        moment = float(time) if isinstance(time, int | float) else _instant(time)
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise BadFolder(f'{META}: must hold {{"venue", "account", "time"}} ({type(error).__name__})') from None
    if not isinstance(venue, str) or not isinstance(account, str) or not 0 <= moment < float("inf"):
        raise BadFolder(f"{META}: venue and account are texts, time is in seconds since 1970")
    return Meta(venue, account, moment)


def _instant(text: str) -> float:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time needs its zone")
    return moment.timestamp()


def _path(path: str) -> str:
    # Two underscores would read as the beginning of a parameter, so the second of a pair is escaped.
    return _closed(_separate(_escape(path.removeprefix("/").replace("/", "_"))))


def _key(text: str) -> str:
    escaped = _closed(_separate(_escape(text).replace("=", "%3D")))
    return "%5F" + escaped[1:] if escaped.startswith("_") else escaped


def _value(text: str) -> str:
    return _closed(_separate(_escape(text)))


def _closed(escaped: str) -> str:
    return escaped[:-1] + "%5F" if escaped.endswith("_") else escaped


def _separate(escaped: str) -> str:
    return escaped.replace("__", "_%5F")


def _escape(text: str) -> str:
    return _ODD.sub(lambda match: b"%%%02X" % match[0][0], text.encode()).decode()


def _plain(escaped: str) -> str:
    return unquote_to_bytes(escaped).decode()
