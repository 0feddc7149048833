"""One value, one sequence of bytes: what was reported can be told from what is reported now by a digest alone."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import msgspec

DIGEST_BYTES = 16


def _plainer(value: Any) -> Any:
    """What the encoder does not know by itself: floats of arrays, and mappings that are no dict."""
    if isinstance(value, float):
        return float(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no canonical form")


_ENCODER = msgspec.msgpack.Encoder(enc_hook=_plainer, order="deterministic")


def canonical(value: object) -> bytes:
    """The bytes of a value made of dataclasses, enums, mappings, sequences, numbers and text, as MessagePack.

    Equal values give equal bytes whatever the order of their mappings and sets; floats are kept to the last bit.
    TypeError for what has no such form.
    """
    return _ENCODER.encode(value)


def digest(value: object) -> bytes:
    """Sixteen bytes that tell one value from another: BLAKE2b of its canonical bytes."""
    return blake2b(canonical(value), digest_size=DIGEST_BYTES).digest()
