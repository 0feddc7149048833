"""All the pools built by hand, by name, so that other tests can run over every shape."""

from __future__ import annotations

from collections.abc import Callable

from monitor.margin.pool import Pool
from tests.reference.plain import Market

Shape = tuple[Pool, Market]

SHAPES: dict[str, Callable[[], Shape]] = {}


def shape(build: Callable[[], Shape]) -> Callable[[], Shape]:
    """Enter a function that builds a pool and its market into the catalogue."""
    assert build.__name__ not in SHAPES
    SHAPES[build.__name__] = build
    return build
