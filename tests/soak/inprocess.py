"""The daemon's own sessions, core and exposition beside a simulated venue on one clock, without sockets.

Only the two lowest calls are replaced, the one that opens a websocket and the one that sends a request: everything
above them is what runs in earnest, from the subscription ledger to the request budget.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from websockets.exceptions import ConnectionClosedError
from websockets.frames import Close

from monitor.alerts.alerting import Alerting
from monitor.app import settings
from monitor.app.config import Loaded, loads
from monitor.app.core import Core
from monitor.app.inbox import Inbox
from monitor.app.monitor import sessions_for
from monitor.app.supervision import JobStatus, supervise
from monitor.domain.alerts import AlertChange
from monitor.domain.clock import Clock
from monitor.domain.errors import FeedLost
from monitor.domain.names import Venue
from monitor.domain.schema import view_json
from monitor.domain.view import View
from monitor.engine.engine import Engine
from monitor.outputs.prometheus import Exposition
from monitor.sim.binance.server import SimBinance
from monitor.sim.binance.streams import BinanceSpeech
from monitor.sim.inprocess import Hung, InProcess
from monitor.venues import rest as rest_module
from monitor.venues.binance.endpoints import ENDPOINTS
from monitor.venues.binance.margin import describe
from monitor.venues.rest import Answer
from monitor.venues.session import Session
from monitor.venues.settings import Credentials

_ENDPOINTS = {endpoint.ccxt: endpoint for endpoint in ENDPOINTS}


class _Socket:
    """What a feed sees of a websocket."""

    def __init__(self, line: InProcess[BinanceSpeech]) -> None:
        self._line = line

    @property
    def close_code(self) -> int | None:
        """How it ended, None while it lasts."""
        return self._line.code

    def listen(self, hear: Callable[[bytes], None]) -> None:
        """Hand each frame over."""
        self._line.listen(lambda text: hear(text.encode()))

    async def recv(self, *, decode: bool) -> bytes:  # all was handed over
        """Until it is over."""
        await self._line.wait_closed()
        raise _closed(self._line.code or 1006)

    async def send(self, text: str) -> None:
        """Say something."""
        try:
            self._line.send(text)
        except Hung as exc:
            raise _closed(exc.code) from None

    async def close(self) -> None:
        """Leave."""
        self._line.leave()


def _closed(code: int) -> ConnectionClosedError:
    return ConnectionClosedError(Close(code, "") if code != 1006 else None, None)


class Wires:
    """Stands in for the network between one simulator and the sessions."""

    def __init__(self, sim: SimBinance, clock: Clock) -> None:
        self._sim, self._clock = sim, clock

    def put_up(self, patch: pytest.MonkeyPatch) -> None:
        """From now on feeds and requests end in the simulator."""
        patch.setattr("monitor.venues.feed.connect", self.connect)
        patch.setattr("monitor.venues.feed._Socket", _Socket)
        patch.setattr(rest_module.Rest, "call", _call(self))

    async def connect(self, address: str, **_: Any) -> _Socket:
        """Open a socket."""
        await asyncio.sleep(0)
        parts = urlsplit(address)
        return _Socket(self._sim.dial(f"{parts.path}?{parts.query}"))

    async def request(
        self,
        method: str,
        params: Mapping[str, str | int],
        what: str,
        credentials: Credentials | None,
        offset_seconds: float,
        deadline_seconds: float,
    ) -> Answer:
        """Send a request, signed as the venue wants it."""
        endpoint, asked = _ENDPOINTS[method], self._clock.now()
        key, query = None, urlencode(params)
        if credentials is not None:
            key = credentials.api_key.reveal()
        if credentials is not None and endpoint.signed:
            query = urlencode({**params, "timestamp": round((asked + offset_seconds) * 1000.0)})
            secret = credentials.api_secret.reveal().encode()
            query += f"&signature={hmac.new(secret, query.encode(), hashlib.sha256).hexdigest()}"
        reply = self._sim.gate.reply(endpoint.method, endpoint.path, query, "", key)
        await asyncio.sleep(min(reply.wait_seconds, deadline_seconds))
        if reply.wait_seconds > deadline_seconds:
            raise FeedLost("binance", what, f"no answer within {deadline_seconds:g} s")
        headers = {name.lower(): value for name, value in reply.headers.items()}
        return Answer(reply.status, headers, reply.text.encode(), asked, self._clock.now())


def _call(wires: Wires) -> Any:
    async def call(
        rest: Any,
        method: str,
        params: Mapping[str, str | int],
        what: str,
        credentials: Credentials | None = None,
        **_: Any,
    ) -> Answer:
        return await wires.request(method, params, what, credentials, rest._offset_seconds, rest._deadline)

    return call


@dataclass
class Monitor:
    """A daemon without its HTTP server: its parts, and what it said."""

    core: Core
    engine: Engine
    inbox: Inbox
    exposition: Exposition
    sessions: Mapping[Venue, Session]
    changes: Counter[str] = field(default_factory=Counter)  #: alert changes by rule
    steps: int = 0

    def see(self, _: View, changes: Sequence[AlertChange]) -> None:
        """Note what a step said."""
        self.steps += 1
        self.changes.update(change.alert.rule for change in changes)

    def document(self) -> dict[str, Any]:
        """What `/api/v1/pools` would show."""
        document: dict[str, Any] = json.loads(json.dumps(view_json(self.core.latest())))
        return document

    def scrape(self) -> str:
        """What `/metrics` would show."""
        return b"".join(self.exposition.blocks(self.core.latest())).decode()


def configuration(sim: SimBinance, more: str = "") -> Loaded:
    """A configuration for every account of the simulator; `more` holds further tables."""
    tables = [
        f'[accounts.{account.name}]\nvenue = "binance"\napi_key = "{account.key}"\napi_secret = "{account.secret}"\n'
        for account in sim.accounts.values()
    ]
    return loads(more + "".join(tables), {}, {})


@contextlib.asynccontextmanager
async def monitor(sim: SimBinance, clock: Clock, loaded: Loaded) -> AsyncIterator[Monitor]:
    """The daemon's parts, wired as `app.monitor` wires them, at work beside `sim`."""
    with pytest.MonkeyPatch.context() as patch:
        Wires(sim, clock).put_up(patch)
        inbox = Inbox(loaded.config.inbox.facts_limit)
        engine = Engine({"binance": describe}, settings.engine(loaded))
        alerting = Alerting(settings.alerts(loaded))
        exposition = Exposition(rules=settings.alerts(loaded).rules)
        sessions = sessions_for(loaded, inbox.put, clock)
        jobs = [
            (job, JobStatus(session.venue, job.name, job.account))
            for session in sessions.values()
            for job in session.jobs()
        ]
        core = Core(inbox, engine, alerting, exposition, sessions, [status for _, status in jobs], loaded, clock)
        running = Monitor(core, engine, inbox, exposition, sessions)
        core.on_view = running.see
        async with asyncio.TaskGroup() as tasks:
            work = [
                tasks.create_task(core.run(), name="engine"),
                tasks.create_task(core.tick(), name="timer"),
                *(
                    tasks.create_task(
                        supervise(job, status, inbox.put, clock, settings.supervision(loaded)), name=job.name
                    )
                    for job, status in jobs
                ),
            ]
            try:
                yield running
            finally:
                for task in work:
                    task.cancel()
