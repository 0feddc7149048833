"""The simulated OKX as `assess` would read it: an account's raw answers, and the engine's report on them."""

from __future__ import annotations

from typing import Any

from monitor.domain.accounts import CollateralMode
from monitor.domain.names import AccountKey
from monitor.domain.reports import AccountReport
from monitor.engine.engine import Engine
from monitor.engine.settings import EngineSettings
from monitor.sim.okx import SimOkx
from monitor.venues import folder
from monitor.venues.okx import answers_account, endpoints, offline
from monitor.venues.okx.endpoints import Endpoint, InstType
from monitor.venues.okx.margin import describe
from monitor.venues.okx.needs import CROSS, of_snapshot
from monitor.venues.okx.polls import FEE_KINDS
from tests.sim.okx.clients import ask


class Folder:
    """The answers of one account by file name, asked for at one moment: what is asked follows what is held."""

    def __init__(self, sim: SimOkx, name: str) -> None:
        self._sim, self._account = sim, sim.accounts[name]
        self.key = AccountKey("okx", name)
        self.answers: dict[str, bytes] = {}
        config, balance = self._ask(endpoints.ACCOUNT_CONFIG), self._ask(endpoints.BALANCE)
        positions, orders = self._ask(endpoints.POSITIONS), self._ask(endpoints.ORDERS)
        now = sim.now()
        level = answers_account.account_config(config, [], self.key, now, now).mode.collateral
        held = of_snapshot(answers_account.account_snapshot(balance, positions, [orders], self.key, now, now))
        self._ask(endpoints.MAX_WITHDRAWAL)
        for kind in sorted(FEE_KINDS | (held.kinds - {InstType.MARGIN})):
            self._ask(endpoints.TRADE_FEE, instType=kind)
        if level is CollateralMode.PORTFOLIO:
            self._ask(endpoints.POSITION_BUILDER, body=dict(endpoints.REAL_ACCOUNT))
            self._ask(endpoints.POSITION_BUILDER_GRAPH, body=dict(endpoints.REAL_ACCOUNT_GRAPH))
        for kind in sorted(held.kinds - {InstType.OPTION}):
            self._ask(endpoints.INSTRUMENTS, instType=kind)
        for family in sorted(held.option_families):
            self._ask(endpoints.INSTRUMENTS, instType=InstType.OPTION, instFamily=family)
            self._ask(endpoints.OPT_SUMMARY, instFamily=family)
        for kind in sorted(held.kinds):
            self._ask(endpoints.MARK_PRICE, instType=kind)
        for table in sorted(held.tiers):
            self._ask(endpoints.POSITION_TIERS, **table.params())
        self._ask(endpoints.DISCOUNT_RATES)
        for asset in sorted(held.lent):
            self._ask(endpoints.POSITION_TIERS, instType=InstType.MARGIN, tdMode=CROSS, ccy=asset)
        self._ask(endpoints.INDEX_TICKERS, quoteCcy="USD")

    def _ask(self, endpoint: Endpoint, *, body: Any = None, **params: Any) -> bytes:
        reply = ask(self._sim, endpoint.path, self._account if endpoint.signed else None, body=body, **params)
        assert reply.status == 200, (endpoint.path, params, reply.text)
        raw = reply.text.encode()
        self.answers[folder.name(endpoint.path, params)] = raw
        return raw

    def report(self) -> AccountReport:
        """The engine's report on these answers."""
        engine = Engine({"okx": describe}, EngineSettings(accounts=(self.key,), lines_every_seconds=0.0))
        engine.step(offline.read(self.answers, self.key, self._sim.now()).events, self._sim.now())
        return engine.reports()[0]
