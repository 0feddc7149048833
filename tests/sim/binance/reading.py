"""A simulated account through the venue's words: its raw answers, read as a folder and computed by the engine."""

from __future__ import annotations

import json

from monitor.domain.names import AccountKey
from monitor.domain.reports import AccountReport
from monitor.engine.engine import Engine
from monitor.engine.settings import EngineSettings
from monitor.sim.binance import SimBinance
from monitor.venues import folder
from monitor.venues.binance import offline
from monitor.venues.binance.margin import describe

NOW = 1_795_000_000.0


def assessed(sim: SimBinance, name: str = "main") -> AccountReport:
    """The engine's report on what the venue says of an account."""
    raw: dict[str, bytes] = {}
    for where, body in sim.answers_of(name).items():
        path, _, query = where.partition("?")
        params = dict(part.split("=") for part in query.split("&")) if query else {}
        raw[folder.name(path, params)] = json.dumps(body).encode()
    key = AccountKey("binance", name)
    engine = Engine({"binance": describe}, EngineSettings(accounts=(key,), lines_every_seconds=0.0))
    read = offline.read(raw, key, NOW)
    assert not read.problems, read.problems
    engine.step(read.events, NOW)
    return engine.reports()[0]
