"""A simulated Bybit on loopback: REST v5 and sockets as of 2026, a unified account in three modes, faults on demand."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aiohttp import web

from monitor.domain.clock import Clock
from monitor.domain.names import Asset, Symbol
from monitor.sim.bybit import frames, listing, options
from monitor.sim.bybit.accounts import SimAccount
from monitor.sim.bybit.asks import Ask
from monitor.sim.bybit.book import Limits
from monitor.sim.bybit.faults import PRIVATE, PUBLIC, Faults
from monitor.sim.bybit.frames import Row
from monitor.sim.bybit.gate import Gate
from monitor.sim.bybit.holdings import Coin, Holdings, MarginMode
from monitor.sim.bybit.keeper import Keeper
from monitor.sim.bybit.keys import READ_ONLY, Key, credentials
from monitor.sim.bybit.listing import INVERSE, LINEAR, OPTION, SPOT, SPOT_PAIRS
from monitor.sim.bybit.options import Option
from monitor.sim.bybit.prices import Prices
from monitor.sim.bybit.rest import PATHS
from monitor.sim.bybit.streams import BybitSpeech, Hub
from monitor.sim.bybit.tiers import COLLATERAL, risk_tiers
from monitor.sim.clock import WallClock
from monitor.sim.market import Contract, Market
from monitor.sim.venue import SimVenue

TICKERS = "tickers."
CONNECTIONS, CONNECTIONS_SECONDS = 500, 300.0  #: sockets that one address may open within so long


@dataclass(frozen=True, slots=True, kw_only=True)
class Cadence:
    """How often things happen, in seconds of the clock; the defaults are Bybit's."""

    ticker_seconds: float = 0.1
    greeks_seconds: float = 1.0
    idle_seconds: float = 600.0  #: a socket on which the client is silent for so long is dropped


class SimBybit(SimVenue[BybitSpeech]):
    """An async context manager: while it is open, the venue runs at `rest`, `public` and `private`.

    `market`: of another simulator, whose coins then have the same prices here and move with that one only.
    `inverse_rates_in_percent`: as the documents print them. `volatility` is that of options at the money.
    """

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        market: Market | None = None,
        seed: int = 1,
        quiet: bool = False,
        cadence: Cadence = Cadence(),
        speed: float = 1.0,
        paced: bool = True,
        host: str = "127.0.0.1",
        port: int = 0,
        network: bool = True,
        inverse_rates_in_percent: bool = True,
    ) -> None:
        clock = clock if clock is not None else WallClock()
        if market is None:
            own = listing.market(seed=seed, quiet=quiet)
        else:
            own = market.branch(listing.contracts(), listing.COINS_USD, seed=seed)
        self.cadence = cadence
        self.faults = Faults()
        self.hub = Hub(self.faults)
        super().__init__(
            own,
            self.faults,
            self.hub,
            clock=clock,
            speed=speed,
            paced=paced,
            host=host,
            port=port,
            network=network,
            beat_seconds=cadence.ticker_seconds,
        )
        self.options: dict[Symbol, Option] = listing.options(self.market, clock.now())
        self.volatility = options.BASE_VOLATILITY
        self.limits: Limits = {}
        self.collateral = dict(COLLATERAL)
        self.inverse_rates_in_percent = inverse_rates_in_percent
        self.accounts: dict[str, SimAccount] = {}
        self.keeper = Keeper()
        self.gate = Gate(
            faults=self.faults,
            requests=self.requests,
            sent=self.hub.sent,
            accounts=self.accounts,
            now=self.clock.now,
            time_ms=self.time_ms,
            asks=self._ask,
        )
        self._pushed = 0
        self._greeks_due = 0.0
        self._opened: deque[float] = deque()

    # addresses

    @property
    def rest(self) -> str:
        """Base URL of REST v5."""
        return self.http

    @property
    def public(self) -> str:
        """Base URL of the public sockets: /v5/public/linear and so on."""
        return self.ws

    @property
    def private(self) -> str:
        """Base URL of the private socket, /v5/private."""
        return self.ws

    # accounts

    def add_account(
        self,
        name: str,
        *,
        mode: MarginMode = MarginMode.CROSS,
        wallets: Mapping[Asset, float] | None = None,
        key: str | None = None,
        secret: str | None = None,
        read_only: bool = True,
        permissions: Mapping[str, list[str]] | None = None,
        expires: float | None = None,
    ) -> SimAccount:
        """A new account; wallets default to 10,000 USDT, the key to a made-up one that may only read and never ends."""
        made_key, made_secret = credentials(name)
        amounts = {"USDT": 10_000.0} if wallets is None else wallets
        granted = {**{group: list(words) for group, words in READ_ONLY.items()}, **(permissions or {})}
        account = SimAccount(
            name=name,
            api=Key(key or made_key, secret or made_secret, read_only, granted, expires=expires),
            prices=self.prices,
            time_ms=self.time_ms,
            holdings=Holdings(mode=mode, coins={coin: Coin(amount) for coin, amount in amounts.items()}),
            limits=self.limits,
        )
        account.heard = lambda: bool(self.hub.on(PRIVATE, name))
        account.pushes.append(lambda topic, rows: self._push(name, topic, rows))
        self.accounts[name] = account
        return account

    def prices(self) -> Prices:
        """All prices of now."""
        return Prices(self.market, self.options, self.clock.now(), self.volatility)

    # time

    def tick(self, seconds: float | None = None) -> None:
        """One beat: prices move by `seconds` (default: the cadence), accounts are looked after, tickers are sent."""
        passed = self.cadence.ticker_seconds if seconds is None else seconds
        funded = self.market.step(passed * self.speed)
        for trade in self.traders:
            trade()
        self.keeper.after_step(list(self.accounts.values()), funded)
        self._deliver()
        self._drop_idle()
        self.publish_tickers()
        self._publish_greeks()
        self.ticks += 1

    def publish_tickers(self) -> None:
        """Send every subscribed ticker: whole the first time, then (linear, inverse) what has changed."""
        prices, stamp = self.prices(), self.time_ms()
        for category in (LINEAR, INVERSE, OPTION, SPOT):
            for topic in sorted(self.hub.wanted(category)):
                if topic.startswith(TICKERS):
                    self._publish_ticker(prices, category, topic, stamp)
        for connection in self.hub.connections:
            connection.flush()

    def answers_of(self, name: str, **params: str) -> dict[str, Row]:
        """What every path answers for an account at this moment, by path; `params` go with each request. Of what may
        leave, USDT is asked for unless they name coins.
        """
        return {path: self.answer_of(name, path, **{"coinName": "USDT", **params}) for path in PATHS}

    def answer_of(self, name: str, path: str, **params: str) -> Row:
        """What one path answers for an account: the `result`, without its envelope. `Refusal` if it is refused."""
        return PATHS[path].answer(self._ask(params, self.accounts[name]))

    # listing and settings of the venue

    def enlist(self, contract: Contract, coin_usd: float | None = None) -> None:
        """Trade a new contract from now on, as `Market.enlist`."""
        self.market.enlist(contract, coin_usd)

    def delist(self, symbol: Symbol) -> None:
        """End a contract: open positions are closed at the index, and it is gone from every answer and stream."""
        self.keeper.deliver(list(self.accounts.values()), symbol, self.market.index(symbol))
        self.market.delist(symbol)

    def change_risk_limits(self, symbol: Symbol, edges: Sequence[tuple[float, float]]) -> None:
        """New tiers of a symbol from (cap, maintenance rate); accounts that hold it are told by their positions."""
        self.limits[symbol] = risk_tiers(edges, 9_001)
        for account in self.accounts.values():
            for position in account.open_positions():
                if position.symbol == symbol:
                    position.rates_changed_ms = self.time_ms()
                    account.push_position(position)

    # faults that act at once

    def unknown_event(self, route: str = PRIVATE) -> None:
        """Send an event of a kind that does not exist (yet)."""
        body = {"topic": "something.new", "id": "1", "creationTime": self.time_ms(), "data": [{"y": [1, "2"]}]}
        self.send(route, json.dumps(body))

    def mark_burst(self, symbol: Symbol, prices: Sequence[float]) -> None:
        """Many deltas of one ticker in one go, the last price being the present mark from then on."""
        texts, stamp, category = [], self.time_ms(), self.prices().category(symbol)
        for place, price in enumerate(prices):
            self.market.set_mark(symbol, price)
            data = {"symbol": symbol, "markPrice": str(price)}
            body = {
                "topic": TICKERS + symbol,
                "type": "delta",
                "data": data,
                "cs": place,
                "ts": stamp - len(prices) + place,
            }
            texts.append(json.dumps(body, separators=(",", ":")))
        self.burst(texts, category)

    def expire_key(self, name: str) -> None:
        """An account's key is dead from now on; its sockets are closed."""
        self.accounts[name].api.dead = True
        self.drop(PRIVATE, name)

    # inside

    def _ask(self, params: Mapping[str, str], account: SimAccount | None) -> Ask:
        return Ask(
            params=params,
            prices=self.prices(),
            now_ms=self.time_ms(),
            next_funding_ms=self.next_funding_ms(),
            limits=self.limits,
            collateral=self.collateral,
            inverse_rates_in_percent=self.inverse_rates_in_percent,
            account=account,
        )

    def _push(self, name: str, topic: str, rows: list[Row]) -> None:
        self._pushed += 1
        category = str(rows[0].get("category", ""))
        self.hub.push(name, topic, frames.pushed(topic, rows, self._pushed, self.time_ms()), category)

    def _publish_ticker(self, prices: Prices, category: str, topic: str, stamp: int) -> None:
        symbol = topic.removeprefix(TICKERS)
        if not self._listed(category, topic):
            return
        if category == OPTION:
            whole = frames.option_ticker(prices, symbol, pushed=True)
        elif category == SPOT:
            whole = frames.spot_ticker(prices, symbol)
        else:
            whole = frames.contract_ticker(prices, symbol, self.next_funding_ms() // 1000 * 1000)
        for connection in self.hub.on(category):
            speech = connection.speech
            if not speech.wants(topic):
                continue
            seen = speech.seen.get(topic)
            delta = seen is not None and category in (LINEAR, INVERSE)
            changed = {k: v for k, v in whole.items() if k == "symbol" or not delta or (seen or {}).get(k) != v}
            data = self.faults.spoil_ticker(symbol, changed)
            if data is None or (delta and len(changed) == 1):
                continue
            speech.seen[topic] = whole
            body = {"topic": topic, "type": "delta" if delta else "snapshot", "data": data, "ts": stamp}
            body |= {"id": f"{topic}-{stamp}"} if category == OPTION else {"cs": 24_987_956_059 + self.ticks}
            self.hub.send(connection, topic, body, "tickers")

    def _publish_greeks(self) -> None:
        now = self.clock.now()
        if now < self._greeks_due:
            return
        self._greeks_due = now + self.cadence.greeks_seconds
        for account in self.accounts.values():
            held = {p.symbol for p in account.open_positions() if p.symbol in self.options}
            for coin in sorted({self.options[symbol].coin for symbol in held}):
                account.push_greeks(coin)

    def _deliver(self) -> None:
        """Settle options whose time has come at the index, and list new ones."""
        now = self.clock.now()
        due = [option for option in self.options.values() if option.expiry <= now]
        for option in due:
            index = self.prices().usd_index(option.coin)
            worth = max(0.0, (index - option.strike) if option.call else (option.strike - index))
            self.keeper.deliver(list(self.accounts.values()), option.symbol, worth)
        if due:
            for option in due:
                del self.options[option.symbol]
            self.options.update(listing.options(self.market, now))

    def _drop_idle(self) -> None:
        now = self.clock.now()
        for connection in self.hub.on():
            if now - connection.last_heard > connection.speech.idle_seconds:
                connection.drop()

    def _listed(self, category: str, topic: str) -> bool:
        """Whether a public socket has a topic; of others than tickers nothing is ever sent."""
        name, _, symbol = topic.rpartition(".")
        if name not in ("tickers", "publicTrade", "orderbook.1", "orderbook.50", "allLiquidation", "kline.1"):
            return False
        if category == OPTION:
            return symbol in self.options
        if category == SPOT:
            return symbol in SPOT_PAIRS
        contract = self.market.contracts.get(symbol)
        return contract is not None and listing.category_of(contract) == category

    def _routes(self, app: web.Application) -> None:
        app.router.add_get("/v5/public/{category:linear|inverse|spot|option}", self._socket)
        app.router.add_get("/v5/private", self._socket)
        app.router.add_route("*", "/{path:.*}", self.gate.answer)

    def _speech(self, path: str, query: dict[str, str]) -> BybitSpeech:
        route = path.rstrip("/").rpartition("/")[2]
        if route in self.faults.refuse or route not in PUBLIC | {PRIVATE}:
            raise ConnectionRefusedError(f"503 on {route}")
        self._count_connection()
        idle = self.cadence.idle_seconds
        told = query.get("max_active_time", "")
        if told[-1:] in ("s", "m") and told[:-1].isdigit():
            idle = min(600.0, max(30.0, float(told[:-1]) * (60.0 if told.endswith("m") else 1.0)))
        return BybitSpeech(route, self.faults, self.accounts, self.time_ms, self._listed, idle)

    def _count_connection(self) -> None:
        """ConnectionRefusedError for an address that opens too many sockets."""
        now = self.clock.now()
        while self._opened and self._opened[0] <= now - CONNECTIONS_SECONDS:
            self._opened.popleft()
        if len(self._opened) >= CONNECTIONS:
            raise ConnectionRefusedError(f"{CONNECTIONS} sockets within {CONNECTIONS_SECONDS:.0f} s")
        self._opened.append(now)
