"""A real Alertmanager of one test's own, asked and listened to by its webhook.

The environment variable MARGINWATCH_ALERTMANAGER names a further, newer one (its path) to try the same with.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.channels.fakes import Webhook
from tests.programs import program
from tests.wire.brokers import free_port

PATIENCE = 25.0
NEWER = "MARGINWATCH_ALERTMANAGER"


def which() -> list[str]:
    """The installed one, and a newer one where there is one."""
    return ["installed", "newer"] if os.environ.get(NEWER) else ["installed"]


def binary(one: str) -> str:
    """Its path; skips the calling test where it is not there."""
    return program("prometheus-alertmanager") if one == "installed" else os.environ[NEWER]


class Alertmanager:
    """One member, by itself. `heard` are the alerts of all notifications, as they came."""

    def __init__(self, url: str, http: aiohttp.ClientSession, catcher: Webhook) -> None:
        self.url, self._http, self._catcher = url, http, catcher

    @property
    def heard(self) -> list[dict[str, Any]]:
        """Every alert of every notification, oldest first."""
        return [alert for asked in self._catcher.asked for alert in asked.body["alerts"]]

    @property
    def notifications(self) -> list[dict[str, Any]]:
        """Every notification, whole."""
        return [asked.body for asked in self._catcher.asked]

    def told(self, name: str) -> list[tuple[str, str]]:
        """Level and status of what was notified of one alert, oldest first."""
        return [(one["labels"]["severity"], one["status"]) for one in self.heard if one["labels"]["alertname"] == name]

    async def active(self) -> dict[str, dict[str, Any]]:
        """What fires there, by its fingerprint there."""
        async with self._http.get(f"{self.url}/api/v2/alerts") as answer:
            found: list[dict[str, Any]] = await answer.json()
        return {one["fingerprint"]: one for one in found}

    async def names(self) -> set[tuple[str, str]]:
        """Name and level of what fires there."""
        return {(one["labels"]["alertname"], one["labels"]["severity"]) for one in (await self.active()).values()}

    async def until(self, true: Callable[[], bool] | Callable[[], Awaitable[bool]], what: str) -> None:
        """Wait until something holds."""
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while asyncio.get_running_loop().time() < deadline:
            found = true()
            if found if isinstance(found, bool) else await found:
                return
            await asyncio.sleep(0.05)
        pytest.fail(f"not within {PATIENCE:.0f} s: {what}; heard {json.dumps(self.heard, indent=1)}")


@asynccontextmanager
async def alertmanager(path: str, folder: Path, *, port: int | None = None) -> AsyncIterator[Alertmanager]:
    """On loopback, without gossip; it notifies of each alert by itself, and soon."""
    catcher = Webhook()
    async with catcher.running(), aiohttp.ClientSession() as http:
        _configure(folder, catcher.url)
        port = port or free_port()
        with (folder / "am.log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                path,
                f"--config.file={folder}/am.yml",
                f"--storage.path={folder}/am",
                f"--web.listen-address=127.0.0.1:{port}",
                "--cluster.listen-address=",
                stdout=log,
                stderr=log,
            )
        server = Alertmanager(f"http://127.0.0.1:{port}", http, catcher)

        async def ready() -> bool:
            assert process.returncode is None, (folder / "am.log").read_text()
            try:
                async with http.get(f"{server.url}/-/ready") as answer:
                    return answer.status == 200
            except aiohttp.ClientError:
                return False

        try:
            await server.until(ready, "Alertmanager is ready")
            yield server
        finally:
            await _end(process)


def _configure(folder: Path, catcher: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "am.yml").write_text(
        "route: {receiver: catcher, group_by: ['...'], group_wait: 50ms, group_interval: 100ms}\n"
        f"receivers: [{{name: catcher, webhook_configs: [{{url: '{catcher}', send_resolved: true}}]}}]\n"
    )


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
    try:
        async with asyncio.timeout(20):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
