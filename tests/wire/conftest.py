"""Shared by all wire tests: sessions close without the pause that only a venue with TLS needs."""

from __future__ import annotations

import importlib
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def _no_pause_at_the_end() -> Iterator[None]:
    """Each session waits a quarter of a second for TLS to say goodbye; simulators do not speak it."""
    library = importlib.import_module("ccxt.async_support")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(library.Exchange, "timeout_on_exit", 1)  # milliseconds
        yield
