"""A simulated account read through the venue's own words into engine and alerts, by hand and without a socket."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from monitor.alerts.alerting import Alerting
from monitor.alerts.settings import AlertSettings
from monitor.domain.alerts import AlertChange
from monitor.domain.events import Event
from monitor.domain.names import AccountKey
from monitor.domain.reports import AccountReport, PoolReport, PositionReport
from monitor.domain.view import View
from monitor.engine.engine import Engine
from monitor.engine.settings import EngineSettings
from monitor.sim.binance import SimBinance
from monitor.sim.binance.accounts import SimAccount
from monitor.sim.clock import ManualClock
from monitor.venues import folder
from monitor.venues.binance import offline
from monitor.venues.binance.codec import decode
from monitor.venues.binance.margin import describe

START = 1_795_000_000.0
KEY = AccountKey("binance", "main")
RISK = "/fapi/v3/positionRisk"

Edit = Callable[[list[dict[str, Any]]], list[dict[str, Any]]]


class Watched:
    """One account of a simulated venue whose prices stand still, and what the monitor says of it."""

    def __init__(self, **account: Any) -> None:
        self.clock = ManualClock(START)
        self.sim = SimBinance(clock=self.clock, quiet=True, paced=False)
        self.account: SimAccount = self.sim.add_account("main", **account)
        self.engine = Engine({"binance": describe}, EngineSettings(accounts=(KEY,), lines_every_seconds=0.0))
        self.alerting = Alerting(AlertSettings())
        self.told: list[AlertChange] = []
        self.account.pushes.append(self._push)
        self._waiting: list[Event] = []

    def _push(self, frame: dict[str, Any]) -> None:
        now = self.clock.now()
        decoded = decode(json.dumps(frame), venue="binance", account=KEY, received=now)
        assert not decoded.problems
        self._waiting += decoded.events

    def hear(self) -> AccountReport:
        """Let the engine take what was pushed since."""
        events, self._waiting = self._waiting, []
        return self.take(events)

    def read(self, edit: Edit = lambda rows: rows) -> AccountReport:
        """Read the account whole; `edit` changes the rows of positionRisk. Pushes that wait are lost."""
        self._waiting.clear()
        answers = self.sim.answers_of("main")
        answers[RISK] = edit(answers[RISK])
        raw = {folder.name(path): json.dumps(body).encode() for path, body in answers.items()}
        return self.take(offline.read(raw, KEY, self.clock.now()).events)

    def take(self, events: Any) -> AccountReport:
        """One step of engine and alerts."""
        now = self.clock.now()
        result = self.engine.step(events, now)
        view = View(
            at=now,
            started=START,
            instance="test",
            version="0",
            ready=True,
            not_ready=(),
            accounts=self.engine.reports(),
        )
        self.told += self.alerting.step(view, result.notices, now)
        return self.report

    @property
    def report(self) -> AccountReport:
        """The newest report."""
        return self.engine.reports()[0]

    def pool(self, name: str = "cross:USDT") -> PoolReport:
        """The report of one pool."""
        return next(pool for pool in self.report.pools if pool.key.pool == name)

    def positions(self) -> dict[tuple[str, str], PositionReport]:
        """All positions by symbol and side."""
        return {(one.symbol, one.side.value): one for pool in self.report.pools for one in pool.positions}
