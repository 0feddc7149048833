"""A server with a desk behind it that does at once what it is told, and a picture that tests change."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from typing import Any

import aiohttp

from monitor.domain.alerts import Alert, AlertChange, AlertState, Change, Severity
from monitor.domain.commands import AcknowledgeAlert, AlertCommand, EndSilence, SilenceAlerts
from monitor.domain.delivery import ChannelStatus
from monitor.domain.errors import MarginwatchError, Overrun
from monitor.domain.fingerprints import identity, incident
from monitor.domain.keeping import StoreFailed
from monitor.domain.silences import matches
from monitor.domain.view import View
from monitor.outputs.prometheus import Exposition
from monitor.web.desk import Desk
from monitor.web.server import Server, serve
from tests.sample_reports import NOW, account, pool, view

TOKEN = "a-token-that-must-never-be-seen-anywhere"


def alert(rule: str = "margin_ratio", severity: str = Severity.CRITICAL, **changed: Any) -> Alert:
    """A pool near its liquidation, as the core tells of it."""
    labels = changed.pop("labels", {"venue": "binance", "account": "main", "pool": "cross:USDT"})
    name = identity(rule, labels)
    fired = Alert(
        rule=rule, severity=severity, labels=labels, since=NOW - 300.0, value=0.85, threshold=0.8, worst=0.9,
        summary="main cross:USDT: 85.0% of the way to liquidation", text="Add 900 USD.\nData: LIVE, 1 s old.",
        fingerprint=name, incident=incident(name, NOW - 300.0),
    )  # fmt: skip
    return replace(fired, **changed)


class Now:
    """A clock that stands still until it is told."""

    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("nobody sleeps here")


@dataclass
class Stage:
    """What the desk was told, and the server in front of it."""

    view: View = field(default_factory=lambda: view(account(pool()), alerts=(alert(),)))
    commands: list[AlertCommand] = field(default_factory=list)
    histories: dict[str, tuple[AlertChange, ...]] = field(default_factory=dict)
    results: tuple[tuple[str, str], ...] = (("phone", ""), ("hook", "answers with status 500"))
    results_ill: str = ""
    tried: list[str | None] = field(default_factory=list)
    beats: list[str] = field(default_factory=list)
    clock: Now = field(default_factory=Now)
    deaf: bool = False  #: commands come in, and nothing shows of them
    full: bool = False
    store_ill: bool = False
    server: Server = field(init=False, repr=False)

    def put(self, command: AlertCommand) -> None:
        if self.full:
            raise Overrun(10)
        self.commands.append(command)
        if not self.deaf:
            self.view = after(self.view, command)

    async def history(self, fingerprint: str) -> tuple[AlertChange, ...]:
        if self.store_ill:
            raise StoreFailed("the disk is full: free some space")
        return self.histories.get(fingerprint, ())

    async def test(self, channel: str | None) -> tuple[tuple[str, str], ...]:
        if self.results_ill:
            raise MarginwatchError(self.results_ill)
        self.tried.append(channel)
        return tuple(result for result in self.results if channel in (None, result[0]))

    def beat(self, name: str) -> bool:
        self.beats.append(name)
        return name == "backup"

    def desk(self, **changed: Any) -> Desk:
        desk = Desk(put=self.put, history=self.history, test=self.test, beat=self.beat, clock=self.clock)
        return replace(desk, **changed)

    async def ask(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, **more: Any
    ) -> aiohttp.ClientResponse:
        """One request; its body is read already. Redirects are not followed."""
        more.setdefault("allow_redirects", False)
        async with (
            aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as client,
            client.request(method, self.server.url + path, json=body, headers=headers, **more) as answer,
        ):
            await answer.read()
            return answer


def after(before: View, command: AlertCommand) -> View:
    """The picture after a command, in the plainest way."""
    match command:
        case AcknowledgeAlert():
            state = AlertState.FIRING if command.withdrawn else AlertState.ACKNOWLEDGED
            alerts = tuple(
                replace(each, state=state, by=command.author, note=command.comment)
                if each.fingerprint == command.fingerprint
                else each
                for each in before.alerts
            )
            return replace(before, alerts=alerts)
        case SilenceAlerts(silence=silence):
            alerts = tuple(
                replace(each, state=AlertState.SILENCED, by=f"silence {silence.id}")
                if matches(silence.matchers, {**each.labels, "rule": each.rule})
                else each
                for each in before.alerts
            )
            return replace(before, alerts=alerts, silences=(*before.silences, silence))
        case EndSilence():
            return replace(before, silences=tuple(each for each in before.silences if each.id != command.id))
        case _:
            raise AssertionError(command)


@asynccontextmanager
async def staged(host: str = "127.0.0.1", **desk: Any) -> AsyncIterator[Stage]:
    """A running server; keywords are those of the desk."""
    stage = Stage()
    stage.server = await serve(lambda: stage.view, Exposition(), host, 0, stage.desk(**desk))
    try:
        yield stage
    finally:
        await stage.server.close()


class _Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        for name, _ in attrs:
            assert name != "style", "the page's policy forbids it"
            assert not name.startswith("on"), "the page's policy forbids it"


def tags(text: str) -> set[str]:
    """The elements of a page, none of which has a style or a handler of its own."""
    reader = _Elements()
    reader.feed(text)
    reader.close()
    return reader.seen


def changed(what: Alert, change: Change = Change.FIRED, at: float = NOW - 300.0, **more: Any) -> AlertChange:
    """One change of it."""
    return AlertChange(change=change, alert=what, at=at, **more)


PHONE = ChannelStatus(name="phone", kind="telegram", up=True)
