"""A simulated KuCoin on loopback: REST and sockets of its futures and spot hosts, accounts, faults on demand."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web

from monitor.domain.clock import Clock
from monitor.domain.names import Asset, Symbol
from monitor.sim.clock import WallClock
from monitor.sim.kucoin import listing
from monitor.sim.kucoin.accounts import SimAccount
from monitor.sim.kucoin.answers import Ask
from monitor.sim.kucoin.board import Board
from monitor.sim.kucoin.faults import PRIVATE, PUBLIC, UNIFIED, Faults
from monitor.sim.kucoin.gate import Gate
from monitor.sim.kucoin.holdings import Coin, Purse
from monitor.sim.kucoin.keeper import Keeper
from monitor.sim.kucoin.ledger import Change, credentials
from monitor.sim.kucoin.publisher import OF_THE_VENUE, Cadence, Publisher
from monitor.sim.kucoin.rest import EXACT
from monitor.sim.kucoin.streams import INSTRUMENT, Hub, KucoinSpeech
from monitor.sim.kucoin.tokens import Tokens
from monitor.sim.market import Market
from monitor.sim.venue import SimVenue

CONNECTIONS, CONNECTIONS_SECONDS = 30, 60.0  #: sockets that one address may open within so long
OF_ALL_SYMBOLS = ("list", "accounts", "orders")  #: ends of paths that answer for all contracts unless one is named
FIRST_UID = 210_000_001


class SimKucoin(SimVenue[KucoinSpeech]):
    """An async context manager: while it is open, the venue runs at `futures` and `spot`.

    `market`: of another simulator, whose coins then have the same prices here and move with that one only.
    `limited=False` switches the limits on requests and connections off; `strict_permissions`: futures need a key with
    the permission of that name.
    """

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        market: Market | None = None,
        seed: int = 1,
        quiet: bool = False,
        cadence: Cadence = OF_THE_VENUE,
        speed: float = 1.0,
        paced: bool = True,
        limited: bool = True,
        strict_permissions: bool = False,
        host: str = "127.0.0.1",
        port: int = 0,
        network: bool = True,
    ) -> None:
        clock = clock if clock is not None else WallClock()
        if market is None:
            own = listing.market(seed=seed, quiet=quiet)
        else:
            contracts = [listing.contract(spec) for spec in listing.SPECS]
            own = market.branch(contracts, {**listing.STABLECOINS_USD, **listing.COINS_USD}, seed=seed)
        self.faults, self.cadence, self.limited = Faults(), cadence, limited
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
            beat_seconds=cadence.mark_seconds,
        )
        self.board = Board(own, {spec.symbol: spec for spec in listing.SPECS})
        self.accounts: dict[str, SimAccount] = {}
        self.tokens = Tokens()
        self.keeper = Keeper()
        self.publisher = Publisher(
            self.hub, self.board, self.accounts, self.faults, cadence, now=clock.now, time_ms=self.time_ms
        )
        self.gate = Gate(
            faults=self.faults,
            requests=self.requests,
            sent=self.hub.sent,
            accounts=self.accounts,
            now=clock.now,
            time_ms=self.time_ms,
            asks=self._ask,
            limited=limited,
            strict_permissions=strict_permissions,
        )
        self._opened: deque[float] = deque(maxlen=CONNECTIONS)

    # addresses

    @property
    def futures(self) -> str:
        """Base URL of the futures host: the path that it adds is not part of what is signed."""
        return f"{self.http}/futures"

    @property
    def spot(self) -> str:
        """Base URL of the host of spot, margin and the unified account."""
        return f"{self.http}/spot"

    # accounts

    def add_account(
        self,
        name: str,
        *,
        kind: str = "classic",
        wallets: Mapping[Asset, float] | None = None,
        margin: Mapping[Asset, float] | None = None,
        isolated: Mapping[Symbol, Mapping[Asset, float]] | None = None,
        hedge: bool = False,
        permissions: str = "General",
        addresses: str = "",
        key: str | None = None,
        secret: str | None = None,
        passphrase: str | None = None,
    ) -> SimAccount:
        """A new account; `wallets` (futures, or unified) default to 10,000 USDT, the key to a made-up one that may only
        read. `margin` and `isolated` are the coins of the spot margin accounts."""
        made = credentials(name)
        account = SimAccount(
            name=name,
            uid=str(FIRST_UID + len(self.accounts)),
            key=key or made[0],
            secret=secret or made[1],
            passphrase=passphrase or made[2],
            board=self.board,
            time_ms=self.time_ms,
            kind=kind,
            hedge=hedge,
            permissions=permissions,
            addresses=addresses,
            cash=dict(wallets if wallets is not None else {"USDT": 10_000.0}),
            margin=_purse(margin or {}),
            isolated={pair: _purse(coins) for pair, coins in (isolated or {}).items()},
        )

        def tell(change: Change) -> None:
            self.publisher.changed(account, change)

        account.told.append(tell)
        self.accounts[name] = account
        return account

    # time

    def tick(self, seconds: float | None = None) -> None:
        """One beat: prices move by `seconds` (default: the cadence), accounts are looked after, frames are sent."""
        passed = self.cadence.mark_seconds if seconds is None else seconds
        funded = self.market.step(passed * self.speed)
        for trade in self.traders:
            trade()
        self.keeper.after_step(list(self.accounts.values()), funded, self.market.now)
        self.publisher.beat()
        self._end_silent()
        self.ticks += 1

    def set_mark(self, symbol: Symbol, price: float) -> None:
        """Put a mark at `price`; its coin follows, here and at every venue that shares the market."""
        self.market.set_mark(symbol, price)

    def enlist(self, coin: Asset, usd: float) -> Symbol:
        """List a contract on a new coin that begins at `usd`; returns its name."""
        return self.board.enlist(coin, usd)

    def delist(self, symbol: Symbol) -> None:
        """End a contract: positions are closed at its mark, orders are gone, and so is it from every answer."""
        self.keeper.deliver(list(self.accounts.values()), symbol)
        self.board.delist(symbol)

    def answer_of(self, name: str, path: str, **params: str) -> Any:
        """What one path answers for an account, envelope and all. `Refusal` if it is refused."""
        data = EXACT[path].answer(self._ask(params, self.accounts[name], "", "v2" if "/v2/" in path else ""))
        return {"code": "200000", "data": data}

    def answers_of(self, name: str, **params: str) -> dict[str, Any]:
        """What the signed GET paths answer for an account at this moment, by path, those of its kind only."""
        unified = self.accounts[name].is_unified
        params = {"currency": "USDT", "symbol": "XBTUSDTM", "queryType": "ALL", **params}
        found = {}
        for path, each in EXACT.items():
            kind = path.startswith("/api/ua/v1/unified") or path.endswith("account/ledger")
            if each.signed and each.method == "GET" and (unified or not kind):
                asked = {k: v for k, v in params.items() if not (k == "currency" and path.endswith("positions"))}
                asked = {k: v for k, v in asked.items() if k != "symbol" or not path.endswith(OF_ALL_SYMBOLS)}
                found[path] = self.answer_of(name, path, **asked)
        return found

    # faults that act at once

    def expire_tokens(self, name: str | None = None) -> int:
        """End the bullet tokens of an account (None: all); open sockets go on, new ones are refused."""
        return self.tokens.expire(name)

    def expire_key(self, name: str) -> None:
        """The key of an account is no longer known; its private sockets are cut."""
        self.accounts[name].dead = True
        self.tokens.expire(name)
        for route in (PRIVATE, UNIFIED):
            self.drop(route, name)

    def unknown_event(self, route: str = PRIVATE) -> None:
        """Send an event of a kind that does not exist (yet)."""
        body = {"topic": "/contract/something", "type": "message", "subject": "something.new", "data": {"x": [1, "2"]}}
        self.send(route, json.dumps(body))

    def mark_burst(self, symbol: Symbol, prices: Sequence[float]) -> None:
        """Many marks of one contract in one go, the last price being the present mark from then on."""
        texts, stamp = [], self.time_ms()
        for place, price in enumerate(prices):
            self.market.set_mark(symbol, price)
            data = {"markPrice": self.board.prices.mark(symbol), "indexPrice": self.board.prices.index(symbol)}
            data |= {"granularity": 1000, "timestamp": stamp - len(prices) + place}
            body = {"topic": f"{INSTRUMENT}{symbol}", "type": "message", "subject": "mark.index.price", "data": data}
            texts.append(json.dumps(body, separators=(",", ":")))
        self.burst(texts, PUBLIC)

    # inside

    def _routes(self, app: web.Application) -> None:
        app.router.add_get("/{route:endpoint|unified}", self._socket)
        app.router.add_route("*", "/{path:.*}", self.gate.answer)

    def _speech(self, path: str, query: dict[str, str]) -> KucoinSpeech:
        now = self.clock.now()
        token = self.tokens.of(query.get("token", ""), now)
        if self.faults.refused_tokens > 0:
            self.faults.refused_tokens -= 1
            token = None
        unified = path.rstrip("/").endswith("/unified")
        if token is not None and unified != (token.host == UNIFIED):
            token = None
        route = UNIFIED if unified else PRIVATE if token is not None and token.account else PUBLIC
        if route in self.faults.refuse:
            raise ConnectionRefusedError(f"503 on {route}")
        full = len(self._opened) == CONNECTIONS and now - self._opened[0] < CONNECTIONS_SECONDS
        if full and self.limited:
            raise ConnectionRefusedError("too many connections")
        self._opened.append(now)
        given = query.get("connectId", str(len(self.hub.connections)))
        return KucoinSpeech(
            route, self.faults, token, given, self.board.specs, self.clock.now, self.time_ms, self.cadence.ping_ms
        )

    def _ask(self, params: Mapping[str, str], account: SimAccount | None, host: str, last: str) -> Ask:
        return Ask(
            board=self.board,
            params=params,
            account=account,
            time_ms=self.time_ms(),
            now=self.clock.now(),
            next_funding_ms=self.next_funding_ms(),
            host=host,
            tokens=self.tokens,
            stream=self.ws,
            ping_ms=self.cadence.ping_ms,
            last=last,
        )

    def _end_silent(self) -> None:
        now = self.clock.now()
        for connection in self.hub.on():
            if connection.speech.doomed or now - connection.speech.alive_at > self.cadence.silence_seconds:
                connection.drop()


def _purse(coins: Mapping[Asset, float]) -> Purse:
    return Purse({name: Coin(total) for name, total in coins.items()})
