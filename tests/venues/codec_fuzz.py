"""What may come in place of a frame: frames that were cut, garbled or filled with other kinds, and nonsense.

Each room draws from these with its own frames and says what must hold of what its codec makes of them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from hypothesis import strategies as st

intruders = st.sampled_from(
    [b"null", b'""', b"-1", b'"nan"', b'"inf"', b"1e999", b"[]", b"{}", b"true", b'"' + b"9" * 400 + b'"', b"9" * 400]
)
"""What a broken sender, a broken proxy or a changed protocol puts where something else belonged."""

anything = st.binary(max_size=300) | st.text(max_size=200)
"""Bytes and texts that nobody meant as a frame."""


@st.composite
def cut(draw: st.DrawFn, frames: Sequence[bytes]) -> bytes:
    """A frame without its end, which is never whole by chance."""
    body = draw(st.sampled_from(frames)).strip()
    return body[: draw(st.integers(0, len(body) - 1))]


@st.composite
def flipped(draw: st.DrawFn, frames: Sequence[bytes]) -> bytes:
    """A frame with up to eight places overwritten by other bytes."""
    body = bytearray(draw(st.sampled_from(frames)))
    places = st.tuples(st.integers(0, 10_000), st.binary(min_size=1, max_size=3))
    for place, replacement in draw(st.lists(places, max_size=8)):
        at = place % len(body)
        body[at : at + len(replacement)] = replacement
    return bytes(body)


@st.composite
def intruded(draw: st.DrawFn, frames: Sequence[bytes]) -> bytes:
    """A frame with a value of another kind after one of its names."""
    raw = draw(st.sampled_from([one for one in frames if b":" in one]))
    at = draw(st.sampled_from([at for at, byte in enumerate(raw) if byte == ord(":")]))
    end = next(end for end in range(at + 1, len(raw) + 1) if end == len(raw) or raw[end] in b",}\n")
    return raw[: at + 1] + draw(intruders) + raw[end:]


def nonsense(*names: str) -> st.SearchStrategy[str]:
    """Well-formed JSON of any shape, with names that the venue uses."""
    leaves = st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8)
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(names), inner),
        max_leaves=12,
    ).map(json.dumps)
