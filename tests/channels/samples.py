"""Alerts and messages as the monitor makes them, and a clock that stands still."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from math import inf

from monitor.domain import fingerprints
from monitor.domain.alerts import Alert, AlertChange, AlertState, Change, Severity
from monitor.domain.delivery import Channel, Message

AT = 1_770_000_000.25
EXTERNAL = "https://margin.example.org"
SECRET = "PLANTED-SECRET-0123456789abcdef"


class StillClock:
    """Wall time that stands at `AT` unless it is set; sleeping takes `turn` real seconds at most."""

    def __init__(self, at: float = AT, turn: float = 0.01) -> None:
        self.at, self.turn = at, turn
        self.slept: list[float] = []

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(min(seconds, self.turn))


def alert(
    severity: str = Severity.WARNING, account: str = "main", since: float = AT - 60.0, **changes: object
) -> Alert:
    """A pool's margin ratio is too high."""
    labels = {"venue": "binance", "account": account, "pool": "cross:USDT"}
    fingerprint = fingerprints.identity("margin_ratio", labels)
    found = Alert(
        rule="margin_ratio",
        severity=severity,
        labels=labels,
        since=since,
        value=0.82,
        threshold=0.8,
        summary=f"{account}: margin ratio 82 % of cross:USDT",
        text="Liquidation at 1.\nAdd 1,200 USDT or close 0.4 BTC <now> & *fast*.",
        worst=0.84,
        fingerprint=fingerprint,
        incident=fingerprints.incident(fingerprint, since),
    )
    return replace(found, **changes)  # type: ignore[arg-type]  # fields of an alert, whatever they are


def change(
    what: Change = Change.FIRED, one: Alert | None = None, number: int = 1, previous: str | None = None, at: float = AT
) -> AlertChange:
    """A decision about it."""
    one = one or alert()
    state = {
        Change.ACKNOWLEDGED: AlertState.ACKNOWLEDGED,
        Change.SILENCED: AlertState.SILENCED,
        Change.INHIBITED: AlertState.INHIBITED,
    }.get(what, one.state)
    why = f"{what}: above 0.8"
    return AlertChange(
        change=what, alert=replace(one, state=state), at=at, previous=previous, reason=why, number=number
    )


def message(*changes: AlertChange, channel: str = "people", linked: bool = True, **more: object) -> Message:
    """What is delivered of one change, or of several."""
    told = changes or (change(),)
    one = told[0].alert
    found = Message(
        key=told[0].key if len(told) == 1 else f"digest-{told[0].key}",
        thread=one.incident,
        channel=channel,
        changes=told,
        title=one.summary if len(told) == 1 else f"{len(told)} alerts: {one.summary}",
        text=one.text,
        link=f"{EXTERNAL}/alerts/{one.fingerprint}" if linked else "",
        runbook=f"{EXTERNAL}/runbooks/{fingerprints.alert_name(one.rule)}" if linked else "",
        at=AT,
    )
    return replace(found, **more)  # type: ignore[arg-type]  # fields of a message, whatever they are


def trial(channel: str = "people") -> Message:
    """Somebody tries the way."""
    return Message(
        key="test-1",
        thread="test-1",
        channel=channel,
        changes=(),
        title="Test of people",
        text="Nothing is wrong.",
        at=AT,
        test=True,
    )


def odd() -> Alert:
    """An alert whose figures and words are no ordinary ones."""
    return alert(
        value=inf,
        threshold=None,
        summary="😀" * 3000,
        text="<!channel> & @everyone " * 500,
        labels={"a-b": "é", "1c": ""},
    )


@asynccontextmanager
async def using(channel: Channel) -> AsyncIterator[Channel]:
    """A channel that is closed afterwards."""
    try:
        yield channel
    finally:
        await channel.close()
