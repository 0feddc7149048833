"""A real Prometheus for tests: the installed one, and a newer one where there is one.

The environment variable MARGINWATCH_PROMETHEUS names the newer one (its path); `make system` fetches it.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from tests.channels.real_alertmanager import Alertmanager
from tests.programs import program
from tests.wire.brokers import free_port

NEWER = "MARGINWATCH_PROMETHEUS"


def binary(which: str) -> str:
    """The path of the "installed" one or of the "newer" one; skips the calling test where it is not there."""
    if which == "installed":
        return program("prometheus")
    if not os.environ.get(NEWER):
        pytest.skip(f"{NEWER} names no newer Prometheus")
    return os.environ[NEWER]


class Prometheus:
    """A running one, by its address."""

    def __init__(self, url: str) -> None:
        self.url = url

    async def values(self, query: str) -> list[str]:
        """The values of an instant query."""
        asked = {"query": query}
        async with aiohttp.ClientSession() as http, http.get(f"{self.url}/api/v1/query", params=asked) as answer:
            return [one["value"][1] for one in (await answer.json())["data"]["result"]]


@asynccontextmanager
async def prometheus(path: str, folder: Path) -> AsyncIterator[Prometheus]:
    """One on loopback, with the `prometheus.yml` of this folder."""
    port = free_port()
    with (folder / "prometheus.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            path,
            f"--config.file={folder}/prometheus.yml",
            f"--storage.tsdb.path={folder}/tsdb",
            f"--web.listen-address=127.0.0.1:{port}",
            "--rules.alert.resend-delay=1s",
            stdout=log,
            stderr=log,
        )
    try:
        yield Prometheus(f"http://127.0.0.1:{port}")
        assert process.returncode is None, (folder / "prometheus.log").read_text()
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def until_told(alertmanager: Alertmanager, name: str, status: str) -> None:
    """Wait until the last thing told of a critical alert is this."""

    def told() -> bool:
        heard = [state for level, state in alertmanager.told(name) if level == "critical"]
        return heard[-1:] == [status]

    await alertmanager.until(told, f"{name} is {status}")
