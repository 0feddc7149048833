"""Shared by all wire tests: time does not pass while the machine does something else, and sessions close without the
pause that only a venue with TLS needs.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable, Iterator, Mapping

import pytest

from tests.steady import SteadyLoop, steady_clocks


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The loop of every test here."""
    return {"steady": SteadyLoop}


@pytest.fixture(autouse=True)
def _clocks_of_the_loop() -> Iterator[None]:
    yield from steady_clocks()


@pytest.fixture(scope="session", autouse=True)
def _no_pause_at_the_end() -> Iterator[None]:
    """Each session waits a quarter of a second for TLS to say goodbye; simulators do not speak it."""
    library = importlib.import_module("ccxt.async_support")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(library.Exchange, "timeout_on_exit", 1)  # milliseconds
        yield
