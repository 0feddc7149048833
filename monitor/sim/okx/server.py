"""A simulated OKX on loopback: REST and sockets of the v5 protocol, a market, accounts, and faults on demand."""

from __future__ import annotations

import json
from collections import deque
from typing import Any

from aiohttp import web

from monitor.domain.clock import Clock
from monitor.domain.names import Asset
from monitor.sim.clock import WallClock
from monitor.sim.connections import Hub
from monitor.sim.market import Market
from monitor.sim.okx import listing
from monitor.sim.okx.accounts import SimAccount, credentials
from monitor.sim.okx.board import Board
from monitor.sim.okx.books import Change
from monitor.sim.okx.faults import Faults
from monitor.sim.okx.gate import Gate
from monitor.sim.okx.holdings import Level
from monitor.sim.okx.keeper import Keeper
from monitor.sim.okx.publisher import OF_THE_VENUE, Cadence, Publisher
from monitor.sim.okx.rest import PATHS, Ask, Rest
from monitor.sim.okx.streams import PRIVATE, ROUTES, OkxSpeech
from monitor.sim.venue import SimVenue

CONNECTIONS_A_SECOND = 3  #: of one address
UPGRADE_SECONDS = 30.0  #: between the notice and the end
UPGRADE_NOTICE = "The connection will soon be closed for a service upgrade. Please reconnect."


class SimOkx(SimVenue[OkxSpeech]):
    """An async context manager: while it is open, the venue runs at `rest` and `stream`.

    `market` shares the coin prices of another venue, which moves them; without one this venue has its own. `board`,
    `accounts`, `faults`, `keeper`, `requests` and `hub` are there to be read and changed. `limited=False` switches
    the venue's limits on requests and connections off.
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
        host: str = "127.0.0.1",
        port: int = 0,
        network: bool = True,
    ) -> None:
        clock = clock if clock is not None else WallClock()
        if market is None:
            market = listing.market(seed=seed, quiet=quiet)
        else:
            market = market.branch((), listing.COINS_USD, seed=seed)
        self.faults, self.cadence = Faults(), cadence
        self.hub: Hub[OkxSpeech] = Hub(self.faults, ROUTES)
        super().__init__(
            market,
            self.faults,
            self.hub,
            clock=clock,
            speed=speed,
            paced=paced,
            host=host,
            port=port,
            network=network,
            beat_seconds=cadence.beat_seconds,
        )
        coins = {asset: market.asset_usd(asset) for asset in market.assets}
        self.board = Board(market, listing.instruments(coins, clock.now()), clock.now(), seed=seed)
        self.accounts: dict[str, SimAccount] = {}
        self.publisher = Publisher(
            self.hub,
            self.board,
            self.accounts,
            self.faults,
            cadence,
            now=clock.now,
            time_ms=self.time_ms,
            next_funding_ms=self.next_funding_ms,
        )
        self.keeper = Keeper(self.board, self.publisher.warn)
        self.gate = Gate(
            rest=Rest(self.board),
            faults=self.faults,
            requests=self.requests,
            sent=self.hub.sent,
            accounts=self.accounts,
            now=clock.now,
            venue_now=self.now,
            next_funding_ms=self.next_funding_ms,
            limited=limited,
        )
        self.limited = limited
        self._opened: deque[float] = deque(maxlen=CONNECTIONS_A_SECOND)
        self._numbers = 0
        self._settled_day = self._settlement_day()
        self._endings: list[tuple[float, str]] = []

    # addresses

    @property
    def rest(self) -> str:
        """Base URL of requests."""
        return self.http

    @property
    def stream(self) -> str:
        """Base URL of the sockets; the paths below it are the venue's."""
        return self.ws

    # accounts

    def add_account(
        self,
        name: str,
        *,
        level: Level | int = Level.FUTURES,
        wallets: dict[Asset, float] | None = None,
        hedge: bool = False,
        borrows: bool = False,
        settle_in: Asset = "USDC",
        permissions: str = "read_only",
        addresses: str = "",
        demo: bool = False,
        key: str | None = None,
        secret: str | None = None,
        passphrase: str | None = None,
    ) -> SimAccount:
        """A new account; `wallets` default to 10,000 USDT, the key to a made-up one that may only read."""
        made = credentials(name)
        account = SimAccount(
            name=name,
            key=key or made[0],
            secret=secret or made[1],
            passphrase=passphrase or made[2],
            board=self.board,
            time_ms=self.time_ms,
            level=Level(level),
            cash=dict(wallets if wallets is not None else {"USDT": 10_000.0}),
            hedge=hedge,
            borrows=borrows,
            settle_in=settle_in,
            permissions=permissions,
            addresses=addresses,
            demo=demo,
            user=str(77_982_378_000 + len(self.accounts) + 1),
        )
        account.updated_ms = dict.fromkeys(account.cash, self.time_ms())

        def tell(change: Change) -> None:
            self.publisher.changed(account, change)

        account.told.append(tell)
        self.accounts[name] = account
        return account

    # time

    def tick(self, seconds: float | None = None) -> None:
        """One beat: prices move by `seconds` (default: the cadence), accounts are looked after, frames are sent."""
        passed = self.cadence.beat_seconds if seconds is None else seconds
        owners = list(self.accounts.values())
        funded = self.market.funding_left_seconds <= passed * self.speed
        self.market.step(passed * self.speed)
        self.board.step(self.now(), passed * self.speed)
        for trade in self.traders:
            trade()
        if funded:
            self.keeper.fund(owners)
        self._settle(owners)
        self.keeper.look_after(owners)
        self.publish()
        self._end_silent()
        self.ticks += 1

    def publish(self) -> None:
        """Send what changed and what is due, and what a backlog held that is over."""
        self.publisher.prices()
        self.publisher.batches()
        for connection in self.hub.connections:
            connection.flush()

    def set_mark(self, name: str, price: float) -> None:
        """Put a mark at `price`; its coin follows, here and at every venue that shares the market."""
        self.board.set_mark(name, price)

    def enlist(self, coin: Asset, usd: float) -> str:
        """List a perpetual on a new coin that begins at `usd`; returns its name."""
        self.market.set_asset(coin, usd)
        instrument = listing.new_swap(coin)
        self.board.enlist(instrument)
        return instrument.name

    def delist(self, name: str) -> None:
        """End an instrument: positions are closed at its index, orders are gone, and so is it from every answer."""
        self.keeper.deliver(list(self.accounts.values()), name)

    def answers_of(self, name: str) -> dict[str, Any]:
        """What the private GET paths answer for an account at this moment, by path."""
        rest, account = self.gate.rest, self.accounts[name]
        ask = Ask({"instType": "SWAP"}, self.time_ms(), self.next_funding_ms(), account)
        plain = Ask({}, self.time_ms(), self.next_funding_ms(), account)
        return {
            path: {"code": "0", "data": each.answer(rest, ask if path.endswith("trade-fee") else plain), "msg": ""}
            for path, each in PATHS.items()
            if each.signed and each.method == "GET"
        }

    # faults that act at once

    def upgrade(self, route: str | None = None, *, seconds: float = UPGRADE_SECONDS) -> int:
        """Tell the sockets of a route (default: all) that they will be closed, and cut them `seconds` later."""
        found = self.hub.on(route)
        for connection in found:
            body = {"event": "notice", "code": "64008", "msg": UPGRADE_NOTICE, "connId": connection.speech.identity}
            connection.put(connection.raw(json.dumps(body)))
            self._endings.append((self.clock.now() + seconds, connection.speech.identity))
        return len(found)

    def unknown_event(self, route: str = PRIVATE) -> None:
        """Send an event of a kind that does not exist (yet)."""
        self.send(route, json.dumps({"arg": {"channel": "something-new"}, "data": [{"x": {"y": [1, "2"]}}]}))

    # inside

    def _routes(self, app: web.Application) -> None:
        app.router.add_get("/ws/v5/{route:public|private|business}", self._socket)
        app.router.add_route("*", "/{path:.*}", self.gate.answer)

    def _speech(self, path: str, query: dict[str, str]) -> OkxSpeech:  # noqa: ARG002  # addresses have no query here
        route, now = path.rpartition("/")[2], self.clock.now()
        if route in self.faults.refuse:
            raise ConnectionRefusedError(f"503 on {route}")
        full = len(self._opened) == CONNECTIONS_A_SECOND and now - self._opened[0] < 1.0
        if full and self.limited:
            raise ConnectionRefusedError("too many connections")
        self._opened.append(now)
        self._numbers += 1
        return OkxSpeech(route, self._numbers, self.publisher, self.clock.now, self.now)

    def _end_silent(self) -> None:
        now = self.clock.now()
        ended = {identity for at, identity in self._endings if at <= now}
        self._endings = [(at, identity) for at, identity in self._endings if at > now]
        for connection in self.hub.on():
            silent = now - connection.speech.alive_at > self.cadence.silence_seconds
            if silent or connection.speech.identity in ended:
                connection.drop()

    def _settlement_day(self) -> int:
        """How many settlements there have been since 1970, on the venue's clock."""
        return int((self.now() - listing.SETTLEMENT_HOUR_UTC * 3600.0) // 86_400.0)

    def _settle(self, owners: list[SimAccount]) -> None:
        day = self._settlement_day()
        if day != self._settled_day:
            self._settled_day = day
            self.keeper.settle_daily(owners)
        due = [each for each in self.board.instruments.values() if each.expiry and each.expiry <= self.now()]
        for instrument in due:
            self.keeper.deliver(owners, instrument.name)
        if due:
            coins = {asset: self.market.asset_usd(asset) for asset in self.market.assets}
            for instrument in listing.instruments(coins, self.now()):
                if (instrument.product, instrument.name) not in self.board.instruments:
                    self.board.enlist(instrument)
