"""Complaint 22 through the rooms: an hour's random walk around a threshold is one page, and a second breach another.

The accounts are those of the simulated venues, read through their rooms; then the marks walk.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable

import pytest

from monitor.alerts.alerting import Alerting
from monitor.alerts.settings import AlertSettings
from monitor.domain.alerts import Change
from monitor.domain.events import Event, Tick
from monitor.domain.names import AccountKey, Symbol
from monitor.domain.reports import AccountReport
from monitor.domain.view import View
from monitor.engine.engine import Engine
from monitor.engine.settings import EngineSettings, Limits
from monitor.margin.pool import Describe
from monitor.sim.bybit import SimBybit
from monitor.sim.clock import ManualClock
from monitor.sim.okx import SimOkx
from monitor.venues.bybit import margin as bybit
from monitor.venues.bybit import offline as bybit_folder
from monitor.venues.okx import margin as okx
from monitor.venues.okx import offline as okx_folder
from tests.sim.bybit.reading import folder
from tests.sim.okx.reading import Folder as OkxFolder

START = 1_795_000_000.0
NOISE_RATIO = 0.002  #: of the mark, from one look to the next
EVERY_SECONDS = 5.0
PATIENT = Limits(account_seconds=1e9, mark_seconds=1e9, asset_seconds=1e9, config_seconds=1e9)
Opened = tuple[AccountKey, Describe, tuple[Event, ...], Symbol]


def at_bybit() -> Opened:
    sim = SimBybit(clock=ManualClock(START), quiet=True, paced=False, network=False)
    sim.add_account("main", wallets={"USDT": 20_000.0}).buy("BTCUSDT", 1.0)
    key = AccountKey("bybit", "main")
    return key, bybit.describe, bybit_folder.read(folder(sim, "main"), key, START).events, "BTCUSDT"


def at_okx() -> Opened:
    sim = SimOkx(clock=ManualClock(START), quiet=True, paced=False, network=False)
    sim.add_account("main", wallets={"USDT": 20_000.0}).buy("BTC-USDT-SWAP", 100.0)
    found = OkxFolder(sim, "main")
    return found.key, okx.describe, okx_folder.read(found.answers, found.key, START).events, "BTC-USDT-SWAP"


class Walk:
    """An account whose one mark walks; what its distance rule tells."""

    def __init__(self, opened: Opened) -> None:
        self._key, describe, events, self._symbol = opened
        settings = EngineSettings(
            accounts=(self._key,), limits=PATIENT, lines_every_seconds=0.0, wanted_distance_ratio=1e-9
        )
        self._engine, self._alerting = Engine({self._key.venue: describe}, settings), Alerting(AlertSettings())
        self._now = START
        self._step(events)
        (position,) = (one for pool in self.report.pools for one in pool.positions)
        assert position.line.price is not None
        self._line = position.line.price

    @property
    def report(self) -> AccountReport:
        return self._engine.reports()[0]

    def around(self, distance_ratio: float, seconds: int, seed: int) -> list[Change]:
        """Go so far from the line, then walk there for so long; the pages of its distance, in order."""
        dice, told = random.Random(seed), []
        middle = self._line / (1.0 - distance_ratio)
        for look in range(-4, round(seconds / EVERY_SECONDS)):
            self._now += EVERY_SECONDS
            mark = middle * (1.0 + (dice.gauss(0.0, NOISE_RATIO) if look >= 0 else 0.0))
            told += self._step([Tick(self._key.venue, self._symbol, mark, self._now, self._now)])
        return told

    def _step(self, events: Iterable[Event]) -> list[Change]:
        result = self._engine.step(events, self._now)
        view = View(
            at=self._now,
            started=START,
            instance="test",
            version="0",
            ready=True,
            not_ready=(),
            accounts=self._engine.reports(),
        )
        changes = self._alerting.step(view, result.notices, self._now)
        return [one.change for one in changes if one.alert.rule == "position_distance"]


@pytest.mark.parametrize("opened", [at_bybit, at_okx])
def test_complaint_22_an_hour_around_a_threshold_is_one_page_and_a_second_breach_pages_again(
    opened: Callable[[], Opened],
) -> None:
    walk = Walk(opened())
    assert walk.around(0.18, 60, 1) == []
    assert walk.around(0.10, 3600, 2) == [Change.FIRED]
    assert walk.around(0.18, 900, 3) == [Change.RESOLVED]
    assert walk.around(0.095, 900, 4) == [Change.FIRED]
