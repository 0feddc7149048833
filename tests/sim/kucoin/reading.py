"""The simulated KuCoin as `assess` would read it: an account's raw answers, and the engine's report on them."""

from __future__ import annotations

from typing import Any

from monitor.domain.names import AccountKey, Symbol
from monitor.domain.reports import AccountReport
from monitor.engine.engine import Engine
from monitor.engine.settings import EngineSettings
from monitor.sim.kucoin import SimKucoin
from monitor.sim.kucoin.text import currency
from monitor.venues.kucoin import endpoints, offline
from monitor.venues.kucoin.endpoints import Endpoint, file_name, path_of
from monitor.venues.kucoin.margin import describe
from monitor.venues.kucoin.settings import FUTURES, ISOLATED_MARGIN, MARGIN
from tests.sim.kucoin.clients import ask


class Folder:
    """The answers of one product of an account by file name, asked for at one moment."""

    def __init__(self, sim: SimKucoin, name: str, product: str = FUTURES) -> None:
        self._sim, self._account = sim, sim.accounts[name]
        self.key = AccountKey("kucoin", name)
        self.answers: dict[str, bytes] = {}
        if product == MARGIN:
            self._margin()
        elif product == ISOLATED_MARGIN:
            self._isolated()
        else:
            self._futures()

    def _futures(self) -> None:
        account = self._account
        held = {each.symbol for each in account.open_positions()}
        symbols = sorted(held | {each.symbol for each in account.orders.values()})
        self._ask(endpoints.ACCOUNT_MODE)
        self._ask(endpoints.POSITION_MODE)
        self._ask(endpoints.CONTRACTS)
        for symbol in symbols:
            self._ask(endpoints.TRADE_FEES, symbol=symbol)
        if account.is_unified:
            self._unified(symbols)
            return
        self._ask(endpoints.POSITIONS)
        for coin in account.settle_coins():
            self._ask(endpoints.OVERVIEW, currency=currency(coin))
        self._ask(endpoints.ORDERS, **endpoints.ACTIVE)
        for symbol in symbols:
            self._ask(endpoints.RISK_LIMIT, symbol=symbol)

    def _unified(self, symbols: list[Symbol]) -> None:
        for endpoint in (endpoints.UNIFIED_OVERVIEW, endpoints.UNIFIED_BALANCE, endpoints.UNIFIED_POSITIONS):
            self._ask(endpoint)
        self._ask(endpoints.UNIFIED_ORDERS, **endpoints.UNIFIED_CONTRACTS)
        self._ask(endpoints.DISCOUNTS)
        self._ask(endpoints.MARGIN_MARKS)
        for symbol in symbols:
            self._ask(endpoints.POSITION_TIERS, **endpoints.UNIFIED_TIERS, symbol=symbol)

    def _margin(self) -> None:
        self._ask(endpoints.MARGIN_ACCOUNTS, **endpoints.ALL_ACCOUNTS)
        self._ask(endpoints.MARGIN_CONFIG)
        self._ask(endpoints.MARGIN_CURRENCIES)
        self._ask(endpoints.MARGIN_MARKS)

    def _isolated(self) -> None:
        self._ask(endpoints.ISOLATED_ACCOUNTS, **endpoints.ALL_ACCOUNTS)
        self._ask(endpoints.ISOLATED_SYMBOLS)
        self._ask(endpoints.MARGIN_MARKS)

    def _ask(self, endpoint: Endpoint, **params: Any) -> None:
        path = path_of(endpoint, params)
        asked = {name: value for name, value in params.items() if "{" + name + "}" not in endpoint.path}
        host = endpoint.host.value
        reply = ask(self._sim, path, self._account if endpoint.signed else None, host=host, **asked)
        assert reply.status == 200, (path, params, reply.text)
        assert '"code":"200000"' in reply.text, (path, params, reply.text)
        self.answers[file_name(endpoint, params)] = reply.text.encode()

    def report(self) -> AccountReport:
        """The engine's report on these answers."""
        engine = Engine({"kucoin": describe}, EngineSettings(accounts=(self.key,), lines_every_seconds=0.0))
        engine.step(offline.read(self.answers, self.key, self._sim.now()).events, self._sim.now())
        return engine.reports()[0]
