"""Shared by all complaints: time does not pass while the machine does something else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping

import pytest

from tests.steady import SteadyLoop, steady_clocks


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The loop of every test here."""
    return {"steady": SteadyLoop}


@pytest.fixture(autouse=True)
def _clocks_of_the_loop() -> Iterator[None]:
    yield from steady_clocks()
