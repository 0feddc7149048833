"""What people ask of a running daemon, over HTTP."""

from __future__ import annotations

import json
from typing import Any

import aiohttp

from tests.e2e.harness import Daemon

Json = dict[str, Any]


async def ask(monitor: Daemon, method: str, path: str, **body: object) -> Json:
    """Ask as the desk for something that must be done; returns the answer."""
    async with (
        aiohttp.ClientSession() as http,
        http.request(method, monitor.url + path, json={"author": "desk", **body}) as answer,
    ):
        found: Json = await answer.json()
        assert answer.status < 300, (path, answer.status, found)
        return found


async def firing(monitor: Daemon) -> list[Json]:
    """All alerts that fire, whatever keeps them quiet."""
    alerts: list[Json] = json.loads((await monitor.get("/api/v1/alerts"))[1])["alerts"]
    return [each for each in alerts if each["state"] != "pending"]


async def acknowledge(monitor: Daemon, fingerprint: str) -> None:
    """Take care of an alert."""
    await ask(monitor, "POST", f"/api/v1/alerts/{fingerprint}/ack", comment="on it")


async def silence(monitor: Daemon, *matchers: str, seconds: float = 3600.0) -> str:
    """Hear nothing of what matches; returns the silence's id."""
    answer = await ask(monitor, "POST", "/api/v1/silences", matchers=list(matchers), seconds=seconds, comment="known")
    return str(answer["silence"]["id"])


async def unsilence(monitor: Daemon, id_: str) -> None:
    """Hear of it again."""
    await ask(monitor, "DELETE", f"/api/v1/silences/{id_}")
