"""One thing that goes wrong at a simulated venue; each venue has a table of its own."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

V = TypeVar("V")


class Mishap(NamedTuple, Generic[V]):
    """`words` for whoever watches, and a deed that rolls dice for where it strikes."""

    words: str
    strike: Callable[[V, random.Random], None]
