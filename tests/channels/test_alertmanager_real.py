"""A real Alertmanager: what fires there, what it notifies of, and that its fingerprints are ours."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from time import time

import pytest

from monitor.app.clock import SystemClock
from monitor.domain.alerts import Alert, AlertState, Change, Severity
from monitor.domain.fingerprints import fingerprint
from monitor.outputs.channels.alertmanager import AlertmanagerChannel, AlertmanagerSettings
from tests.channels.real_alertmanager import Alertmanager, alertmanager, binary, which
from tests.channels.samples import EXTERNAL, alert, change, message, trial, using
from tests.wire.brokers import free_port

RATIO = "MarginwatchMarginRatio"
RESEND = 0.5


@pytest.fixture(params=which())
def path(request: pytest.FixtureRequest) -> str:
    return binary(str(request.param))


@pytest.fixture
async def server(path: str, tmp_path: Path) -> AsyncIterator[Alertmanager]:
    async with alertmanager(path, tmp_path) as running:
        yield running


def _fresh(severity: str = Severity.WARNING, **changes: object) -> Alert:
    return replace(alert(severity, since=round(time() - 60.0, 3)), **changes)  # type: ignore[arg-type]  # its fields


class Firing:
    """What fires in the monitor."""

    def __init__(self, *alerts: Alert) -> None:
        self.alerts = alerts

    def __call__(self) -> tuple[Alert, ...]:
        return self.alerts


def _channel(firing: Firing, *urls: str, resend: float = 60.0, watchdog: bool = False) -> AlertmanagerChannel:
    settings = AlertmanagerSettings(
        name="am",
        urls=urls,
        resend_seconds=resend,
        labels={"site": "desk", "bad-name": "1"},
        external_url=EXTERNAL,
        watchdog=watchdog,
    )
    return AlertmanagerChannel(settings, SystemClock(), firing)


@asynccontextmanager
async def _resending(channel: AlertmanagerChannel) -> AsyncIterator[None]:
    task = asyncio.create_task(channel.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_an_incident_from_firing_over_worse_to_resolved(server: Alertmanager) -> None:
    warning, critical = _fresh(), None
    async with using(channel := _channel(Firing(warning), server.url)):
        await channel.send(message(change(Change.FIRED, warning)), None)
        await server.until(lambda: server.told(RATIO) == [("warning", "firing")], "the first notification")
        critical = _fresh(Severity.CRITICAL)
        await channel.send(message(change(Change.ESCALATED, critical, 2, previous=Severity.WARNING)), None)
        assert await server.names() == {(RATIO, "critical")}
        await server.until(
            lambda: {("critical", "firing"), ("warning", "resolved")} <= set(server.told(RATIO)), "the new level"
        )
        await channel.send(message(change(Change.RESOLVED, critical, 3)), None)
        await server.until(lambda: ("critical", "resolved") in server.told(RATIO), "the end")
    assert await server.names() == set()
    told = server.told(RATIO)
    assert told[0] == ("warning", "firing")
    assert sorted(told) == sorted(set(told)), "each was notified once"
    assert told.index(("critical", "firing")) < told.index(("critical", "resolved"))


async def test_the_fingerprints_are_those_of_alertmanager(server: Alertmanager) -> None:
    strange = _fresh(labels={"venue": "binance", "account": "Büro 1", "pool": "", "symbol": "1000SHIB/USDT:ø"})
    async with using(channel := _channel(Firing(), server.url, watchdog=True)):
        await channel.resend()
        await channel.send(message(change(one=_fresh())), None)
        await channel.send(message(change(one=strange)), None)
        await channel.send(trial(), None)
        active = await server.active()
    assert len(active) == 4
    for found, one in active.items():
        assert fingerprint(one["labels"]) == found


async def test_what_is_said_arrives_whole(server: Alertmanager) -> None:
    one = _fresh(state=AlertState.ACKNOWLEDGED, by="ann", note="on it")
    async with using(channel := _channel(Firing(one), server.url)):
        await channel.resend()
        (found,) = (await server.active()).values()
    assert found["labels"] == {
        "alertname": RATIO,
        "severity": "warning",
        "venue": "binance",
        "account": "main",
        "pool": "cross:USDT",
        "site": "desk",
        "bad_name": "1",
    }
    assert found["annotations"] == {
        "summary": one.summary,
        "description": one.text,
        "runbook_url": f"{EXTERNAL}/runbooks/{RATIO}",
        "acknowledged_by": "ann: on it",
    }
    assert found["generatorURL"] == f"{EXTERNAL}/alerts/{one.fingerprint}"


async def test_resending_keeps_it_alive_and_nothing_else_does(server: Alertmanager) -> None:
    firing = Firing(_fresh())
    async with using(channel := _channel(firing, server.url, resend=RESEND, watchdog=True)):
        both = {(RATIO, "warning"), ("MarginwatchWatchdog", "info")}
        async with _resending(channel):
            await asyncio.sleep(6 * RESEND)  # longer than it lasts there
            assert await server.names() == both
        began = asyncio.get_running_loop().time()
        assert await server.names() == both  # our short absence

        async def forgotten() -> bool:
            return await server.names() == set()

        await server.until(forgotten, "what nobody tells of any more is over")
        assert asyncio.get_running_loop().time() - began > RESEND
    assert server.told(RATIO)[0] == ("warning", "firing")


async def test_what_stops_firing_without_a_message_is_ended_by_the_next_resend(server: Alertmanager) -> None:
    firing = Firing(_fresh())
    async with using(channel := _channel(firing, server.url)):
        await channel.resend()
        assert await server.names() == {(RATIO, "warning")}
        firing.alerts = (_fresh(Severity.CRITICAL),)
        await channel.resend()
        assert await server.names() == {(RATIO, "critical")}
        firing.alerts = (_fresh(Severity.CRITICAL, state=AlertState.SILENCED),)
        await channel.resend()
        assert await server.names() == set()
        await server.until(lambda: ("critical", "resolved") in server.told(RATIO), "the end of what is silenced")


async def test_a_member_that_was_away_hears_of_it_when_it_is_back(path: str, tmp_path: Path) -> None:
    port = free_port()
    one = _fresh()
    async with alertmanager(path, tmp_path / "first") as first:
        away = f"http://127.0.0.1:{port}"
        async with using(channel := _channel(Firing(one), away, first.url)):
            await channel.send(message(change(one=one)), None)  # one of two is enough
            assert await first.names() == {(RATIO, "warning")}
            async with alertmanager(path, tmp_path / "second", port=port) as second:
                await channel.resend()
                await _until(second, {(RATIO, "warning")})
                await channel.send(message(change(Change.RESOLVED, one, 2)), None)
                await _until(second, set())
                await _until(first, set())


async def _until(server: Alertmanager, names: set[tuple[str, str]]) -> None:
    """Nobody waits for the slower member of two."""

    async def there() -> bool:
        return await server.names() == names

    await server.until(there, f"{names} fire")
