"""Values of the domain as JSON that a person can read in the sqlite3 shell, and back, equal to what they were.

JSON knows no infinity and no NaN. Infinity is written as the number 9e999, which SQLite, Python and most others read
as infinite; NaN is unknown, as None is, and becomes null.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import isfinite, isnan
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


def to_json(value: object) -> str:
    """The text of a value made of dataclasses, enums, mappings, sequences, numbers and words.

    TypeError or ValueError for what has no such form.
    """
    plain = msgspec.to_builtins(value, enc_hook=_plainer)
    try:
        return json.dumps(plain, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except ValueError:  # a number that is not finite; anything else fails below as well
        return msgspec.json.encode(_finite(plain)).decode()


def from_json(text: str, kind: type[T]) -> T:
    """The value again. ValueError for a text that holds no such value."""
    try:
        return msgspec.convert(json.loads(text), kind)
    except msgspec.MsgspecError as error:
        raise ValueError(str(error)) from None


def _plainer(value: Any) -> Any:
    """What the encoder does not know by itself: floats of arrays, and mappings that are no dict."""
    if isinstance(value, float):
        return float(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} cannot be stored")


def _finite(plain: Any) -> Any:
    if isinstance(plain, float) and not isfinite(plain):
        return None if isnan(plain) else msgspec.Raw(b"9e999" if plain > 0 else b"-9e999")
    if isinstance(plain, dict):
        return {name: _finite(inner) for name, inner in plain.items()}
    if isinstance(plain, list | tuple):
        return [_finite(inner) for inner in plain]
    return plain
