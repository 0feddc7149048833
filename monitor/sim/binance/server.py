"""A simulated Binance USDⓈ-M on loopback: REST and streams as of 2026, a market, accounts, and faults on demand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from aiohttp import web

from monitor.domain.clock import Clock
from monitor.domain.names import Asset, Symbol
from monitor.sim.binance import frames, listing
from monitor.sim.binance.accounts import READ_ONLY, SimAccount, credentials
from monitor.sim.binance.faults import Faults
from monitor.sim.binance.gate import Gate
from monitor.sim.binance.keeper import Keeper
from monitor.sim.binance.listen_keys import ListenKeys
from monitor.sim.binance.rest import Ask, Rest
from monitor.sim.binance.streams import MARKET, PRIVATE, BinanceSpeech, Hub, Terms
from monitor.sim.clock import WallClock
from monitor.sim.market import Contract, Market
from monitor.sim.venue import SimVenue


@dataclass(frozen=True, slots=True, kw_only=True)
class Cadence:
    """How often things happen, in seconds of the clock; the defaults are Binance's."""

    mark_seconds: float = 1.0
    ping_seconds: float = 180.0
    pong_seconds: float = 600.0
    connection_seconds: float = 86_400.0
    listen_key_seconds: float = 3600.0


class SimBinance(SimVenue[BinanceSpeech]):
    """An async context manager: while it is open, the venue runs at `fapi`, `sapi` and `stream`.

    `market`, `accounts`, `faults`, `keeper`, `requests` and `hub` are there to be read and changed. `speed` is how many
    seconds of market time pass in one of ours. With `paced=False` nothing happens by itself: call `tick`. With
    `network=False` nothing listens: clients on the same loop use `dial` and `gate.reply`.
    """

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        market: Market | None = None,
        seed: int = 1,
        quiet: bool = False,
        more_symbols: int = 0,
        cadence: Cadence = Cadence(),
        speed: float = 1.0,
        paced: bool = True,
        host: str = "127.0.0.1",
        port: int = 0,
        network: bool = True,
    ) -> None:
        clock = clock if clock is not None else WallClock()
        market = market or listing.market(clock.now(), seed=seed, quiet=quiet, more_symbols=more_symbols)
        self.cadence = cadence
        self.faults = Faults()
        self.hub = Hub(self.faults)
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
            beat_seconds=cadence.mark_seconds,
            ping_seconds=cadence.ping_seconds,
            pong_seconds=cadence.pong_seconds,
        )
        self.accounts: dict[str, SimAccount] = {}
        self.keeper = Keeper()
        self.keys = ListenKeys(cadence.listen_key_seconds)
        self._rest = Rest(self.market, self.keys)
        self.gate = Gate(
            rest=self._rest,
            faults=self.faults,
            requests=self.requests,
            sent=self.hub.sent,
            accounts=self.accounts,
            now=self.clock.now,
            time_ms=self.time_ms,
            next_funding_ms=self.next_funding_ms,
        )

    # addresses

    @property
    def fapi(self) -> str:
        """Base URL of /fapi paths."""
        return self.http

    @property
    def sapi(self) -> str:
        """Base URL of /sapi paths."""
        return self.fapi

    @property
    def stream(self) -> str:
        """Base URL of the stream routes."""
        return self.ws

    def _routes(self, app: web.Application) -> None:
        app.router.add_get("/{route:market|public|private}/{form:stream|ws}", self._socket)
        app.router.add_get("/{route:market|public|private}/ws/{names:.+}", self._socket)
        app.router.add_route("*", "/{path:.*}", self.gate.answer)

    # accounts

    def add_account(
        self,
        name: str,
        *,
        key: str | None = None,
        secret: str | None = None,
        wallets: dict[Asset, float] | None = None,
        hedge: bool = False,
        multi_assets: bool = False,
        permissions: dict[str, bool] | None = None,
        bracket_coefficients: dict[Symbol, float] | None = None,
    ) -> SimAccount:
        """A new account; wallets default to 10,000 USDT, the key to a made-up one that may only read."""
        made_key, made_secret = credentials(name)
        account = SimAccount(
            name=name,
            key=key or made_key,
            secret=secret or made_secret,
            market=self.market,
            time_ms=self.time_ms,
            wallets=dict(wallets if wallets is not None else {"USDT": 10_000.0}),
            hedge=hedge,
            multi_assets=multi_assets,
            permissions={**READ_ONLY, **(permissions or {})},
            bracket_coefficients=dict(bracket_coefficients or {}),
        )
        account.pushes.append(lambda frame: self.hub.push(name, frame))
        self.accounts[name] = account
        return account

    # time

    def tick(self, seconds: float | None = None) -> None:
        """One beat: prices move by `seconds` (default: the cadence), accounts are looked after, arrays are sent."""
        passed = self.cadence.mark_seconds if seconds is None else seconds
        funded = self.market.step(passed * self.speed)
        for trade in self.traders:
            trade()
        self.keeper.after_step(list(self.accounts.values()), funded)
        self._deliver()
        self._end_keys()
        self._end_old_connections()
        self.publish_prices()
        self.ticks += 1

    def publish_prices(self, time_ms: int | None = None) -> None:
        """Send the mark and asset-index frames of this second, stamped `time_ms` (default: now)."""
        stamp = self.time_ms() if time_ms is None else time_ms
        slow = self.ticks % 3 == 0
        wanted = self.hub.wanted()
        for array in frames.mark_arrays(self.market, stamp, self.next_funding_ms()):
            rows = self.faults.spoil_rows(array)
            self.hub.publish("!markPrice@arr@1s", rows)
            if slow:
                self.hub.publish("!markPrice@arr", rows)
            for row in rows if any("@markPrice" in name and name[0] != "!" for name in wanted) else ():
                if isinstance(row, dict) and isinstance(row.get("s"), str):
                    name = f"{row['s'].lower()}@markPrice"
                    self.hub.publish(f"{name}@1s", row)
                    if slow:
                        self.hub.publish(name, row)
        self.publish_assets(stamp)

    def publish_assets(self, time_ms: int) -> None:
        """Send the asset-index frames of this second, and what a backlog held that is over."""
        assets = [frames.asset_index_row(self.market, asset, time_ms) for asset in frames.collateral(self.market)]
        self.hub.publish("!assetIndex@arr", assets)
        for row in assets:
            self.hub.publish(f"{row['s'].lower()}@assetIndex", row)
        for connection in self.hub.connections:
            connection.flush()

    def answers_of(self, name: str) -> dict[str, Any]:
        """What every GET path answers for an account at this moment, by path."""
        return self._rest.everything(Ask("GET", {}, self.time_ms(), self.next_funding_ms(), self.accounts[name]))

    # listing

    def enlist(self, contract: Contract, coin_usd: float | None = None) -> None:
        """Trade a new contract from now on, as `Market.enlist`."""
        self.market.enlist(contract, coin_usd)

    def delist(self, symbol: Symbol, *, delivered: bool = False) -> None:
        """End a contract: open positions are settled, and it is gone from every answer and stream."""
        self.keeper.settle(list(self.accounts.values()), symbol, delivered=delivered)
        self.market.delist(symbol)
        self.faults.forget(symbol)

    def schedule_delivery(self, symbol: Symbol, at: float) -> None:
        """Announce that a contract ends at a moment (the venue's clock, seconds since 1970), also a perpetual's."""
        self.market.contracts[symbol] = replace(self.market.contracts[symbol], delivery_time=at)

    def set_buffers(self, asset: Asset, bid: float, ask: float) -> None:
        """From now on an asset counts at its index less `bid` as collateral, and plus `ask` where it is owed."""
        _, _, exchange_bid, exchange_ask = listing.BUFFERS[asset]
        self.market.buffers[asset] = (bid, ask, exchange_bid, exchange_ask)

    # faults that act at once

    def expire_listen_key(self, account: str, *, event: bool = True) -> None:
        """End an account's listen key now, with or without telling; its connections stay open and silent."""
        key = self.keys.key_of(account)
        self.keys.close(account)
        if key is not None:
            self._end_key(account, key, event=event)

    def unknown_event(self, route: str = PRIVATE) -> None:
        """Send an event of a kind that does not exist (yet)."""
        self.send(route, json.dumps({"e": "SOMETHING_NEW_UPDATE", "E": self.time_ms(), "x": {"y": [1, "2"]}}))

    def burst(self, texts: Sequence[str], route: str = MARKET) -> None:
        """Write many frames to every connection of a route in one go, as a stuck line that comes free does."""
        super().burst(texts, route)

    def mark_burst(self, symbol: Symbol, prices: Sequence[float]) -> None:
        """A burst of markPrice arrays of one symbol, the last one being the present mark from then on."""
        contract, texts, stamp = self.market.contracts[symbol], [], self.time_ms()
        for place, price in enumerate(prices):
            self.market.set_mark(symbol, price)
            row = frames.mark_row(self.market, contract, stamp - len(prices) + place, self.next_funding_ms())
            texts.append(json.dumps({"stream": "!markPrice@arr@1s", "data": [row]}, separators=(",", ":")))
        self.burst(texts)

    # inside

    def _deliver(self) -> None:
        """Settle what is due by the venue's clock, and list the contract of the quarter after it."""
        due = [c for c in self.market.contracts.values() if c.delivery_time and c.delivery_time <= self.now()]
        for contract in due:
            self.delist(contract.symbol, delivered=True)
            successor = listing.delivery_contract(self.now())
            if successor.symbol not in self.market.contracts:
                self.enlist(successor)

    def _end_keys(self) -> None:
        for account, key in self.keys.expired(self.time_ms()):
            self._end_key(account, key, event=True)

    def _end_key(self, account: str, key: str, *, event: bool) -> None:
        if event:
            self.hub.push(account, frames.listen_key_expired(self.time_ms(), key))
        for connection in self.hub.on(PRIVATE, account):
            connection.speech.account = None

    def _end_old_connections(self) -> None:
        for connection in self.hub.on():
            if self.clock.now() - connection.opened > self.cadence.connection_seconds:
                connection.drop()

    def _speech(self, path: str, query: dict[str, str]) -> BinanceSpeech:
        """The route, the form and the streams that an address names: /market/stream?streams=a/b, /market/ws/a/b."""
        route, _, rest = path.strip("/").partition("/")
        form, _, names = rest.partition("/")
        if route in self.faults.refuse:
            raise ConnectionRefusedError(f"503 on {route}")
        names = names or query.get("streams", "")
        key = query.get("listenKey", names) if route == PRIVATE else None
        events = query.get("events")
        terms = Terms(
            route=route,
            wrapped=form == "stream",
            account=self.keys.account_of(key) if key else None,
            opener=self.keys.latest_of(key) if key else None,
            key=key,
            only=frozenset(events.split("/")) if events else None,
        )
        speech = BinanceSpeech(terms, self.faults)
        speech.subscribe(names.split("/") if names and route != PRIVATE else [])
        return speech
