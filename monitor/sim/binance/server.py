"""A simulated Binance on loopback: REST and streams as of 2026, a market, accounts of every product, and faults."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, overload

from aiohttp import web

from monitor.domain.clock import Clock
from monitor.domain.names import Asset, Symbol
from monitor.sim.binance import frames, listing
from monitor.sim.binance.accounts import SimAccount
from monitor.sim.binance.coinm.accounts import CoinAccount
from monitor.sim.binance.doors import STREAM_DOORS, Doors
from monitor.sim.binance.faults import Faults
from monitor.sim.binance.gate import Gate
from monitor.sim.binance.keeper import Keeper
from monitor.sim.binance.listen_keys import KeyRing
from monitor.sim.binance.loans.accounts import IsolatedMarginAccount, MarginAccount
from monitor.sim.binance.loans.keeper import LoansKeeper
from monitor.sim.binance.loans.tokens import ListenTokens
from monitor.sim.binance.paths import USDM
from monitor.sim.binance.portfolio import frames as portfolio_frames
from monitor.sim.binance.portfolio.accounts import PortfolioAccount
from monitor.sim.binance.portfolio.keeper import PortfolioKeeper
from monitor.sim.binance.registry import Registry
from monitor.sim.binance.rest import Rest
from monitor.sim.binance.streams import MARKET, PM_CLASSIC, PRIVATE, BinanceSpeech, Hub
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
    listen_token_seconds: float = 86_400.0


class SimBinance(SimVenue[BinanceSpeech]):
    """An async context manager: while it is open, the venue runs at `fapi`, `dapi`, `papi`, `sapi`, and its sockets at
    `stream`, `coinm_stream`, `margin_stream` and `socket_api`.

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
        self.registry = Registry(self.market, self.hub, self.now, self.time_ms)
        self.accounts = self.registry.usdm
        self.keeper = Keeper()
        self.loans_keeper = LoansKeeper()
        self.portfolio_keeper = PortfolioKeeper()
        self.key_ring = KeyRing(cadence.listen_key_seconds)
        self.keys = self.key_ring.fapi
        self.tokens = ListenTokens(cadence.listen_token_seconds)
        self.doors = Doors(self.hub, self.key_ring, self.tokens, self.faults, self.time_ms)
        self.gate = Gate(
            rest=Rest(self.market, self.key_ring, self.tokens),
            faults=self.faults,
            requests=self.requests,
            sent=self.hub.sent,
            accounts=self.registry.everybody,
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
    def dapi(self) -> str:
        """Base URL of /dapi paths."""
        return self.fapi

    @property
    def papi(self) -> str:
        """Base URL of /papi paths."""
        return self.fapi

    @property
    def stream(self) -> str:
        """Base URL of the stream routes."""
        return self.ws

    @property
    def coinm_stream(self) -> str:
        """Base URL of the COIN-M streams."""
        return f"{self.ws}/dstream"

    @property
    def margin_stream(self) -> str:
        """Base URL of the margin risk stream."""
        return f"{self.ws}/margin-stream"

    @property
    def socket_api(self) -> str:
        """Base URL of the socket API."""
        return self.ws

    def _routes(self, app: web.Application) -> None:
        app.router.add_get("/ws-api/v3", self._socket)
        app.router.add_get(f"/{{route:{STREAM_DOORS}}}/{{form:stream|ws}}", self._socket)
        app.router.add_get(f"/{{route:{STREAM_DOORS}}}/ws/{{names:.+}}", self._socket)
        app.router.add_route("*", "/{path:.*}", self.gate.answer)

    # accounts

    @overload
    def add_account(
        self,
        name: str,
        *,
        product: Literal["usdm"] = "usdm",
        key: str | None = None,
        secret: str | None = None,
        permissions: dict[str, bool] | None = None,
        wallets: dict[Asset, float] | None = None,
        hedge: bool = False,
        multi_assets: bool = False,
        bracket_coefficients: dict[Symbol, float] | None = None,
    ) -> SimAccount: ...

    @overload
    def add_account(
        self,
        name: str,
        *,
        product: Literal["coinm"],
        key: str | None = None,
        secret: str | None = None,
        permissions: dict[str, bool] | None = None,
        wallets: dict[Asset, float] | None = None,
        hedge: bool = False,
        bracket_coefficients: dict[Symbol, float] | None = None,
    ) -> CoinAccount: ...

    @overload
    def add_account(
        self,
        name: str,
        *,
        product: Literal["margin"],
        key: str | None = None,
        secret: str | None = None,
        permissions: dict[str, bool] | None = None,
        wallets: dict[Asset, float] | None = None,
        pro: bool = False,
        leverage: int = 5,
    ) -> MarginAccount: ...

    @overload
    def add_account(
        self,
        name: str,
        *,
        product: Literal["isolated-margin"],
        key: str | None = None,
        secret: str | None = None,
        permissions: dict[str, bool] | None = None,
        wallets: Mapping[Symbol, Mapping[Asset, float]] | None = None,
    ) -> IsolatedMarginAccount: ...

    @overload
    def add_account(
        self,
        name: str,
        *,
        product: Literal["portfolio-margin", "portfolio-margin-pro"],
        key: str | None = None,
        secret: str | None = None,
        permissions: dict[str, bool] | None = None,
        wallets: dict[Asset, float] | None = None,
        um_wallets: dict[Asset, float] | None = None,
        cm_wallets: dict[Asset, float] | None = None,
        hedge: bool = False,
        span: bool = False,
    ) -> PortfolioAccount: ...

    def add_account(
        self,
        name: str,
        *,
        product: str = USDM,
        key: str | None = None,
        secret: str | None = None,
        permissions: dict[str, bool] | None = None,
        **terms: Any,
    ) -> Any:
        """A new account of one product; its key is a made-up one that may only read, unless one is given.

        `wallets` (default: 10,000 USDT, COIN-M: 0.2 BTC) are of cross margin in portfolio margin, of each pair in
        isolated margin. The same key may open one account of each product, each under a name of its own.
        """
        return self.registry.add(name, product, key=key, secret=secret, permissions=permissions, **terms)

    # time

    def tick(self, seconds: float | None = None) -> None:
        """One beat: prices move by `seconds` (default: the cadence), accounts are looked after, arrays are sent."""
        passed = self.cadence.mark_seconds if seconds is None else seconds
        funded = self.market.step(passed * self.speed)
        for trade in self.traders:
            trade()
        self.look_after(funded)
        self._deliver()
        self.doors.end_what_is_over()
        self._end_old_connections()
        self.publish_prices()
        self.ticks += 1

    def look_after(self, funded: Sequence[Symbol]) -> None:
        """What the venue does by itself after prices moved, product by product; `funded`: whose funding is due."""
        paid = [symbol for symbol in funded if not listing.is_dated(self.market.contracts[symbol])]
        hours = self.loans_keeper.hours_over(self.market)
        self.keeper.after_step(self.registry.futures(), paid)
        self.loans_keeper.after_step(self.registry.loans.values(), hours)
        self.portfolio_keeper.after_step(self.registry.portfolio.values(), paid, hours)
        self._tell_pro()

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
        """What every GET path answers an account now, by path; with its query, where one path is asked for each row."""
        return self.gate.everything(self.registry.find(name))

    # listing

    def enlist(self, contract: Contract, coin_usd: float | None = None) -> None:
        """Trade a new contract from now on, as `Market.enlist`."""
        self.market.enlist(contract, coin_usd)

    def delist(self, symbol: Symbol, *, delivered: bool = False) -> None:
        """End a contract: open positions are settled, and it is gone from every answer and stream."""
        everybody = [*self.registry.futures(), *self.registry.parts()]
        self.keeper.settle(everybody, symbol, delivered=delivered)
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
        """End an account's listen keys now, with or without telling; its connections stay open and silent."""
        self.doors.expire_keys(account, event=event)

    def expire_listen_token(self, account: str, *, event: bool = True) -> None:
        """End a margin account's listen tokens and what they opened, with or without telling."""
        self.doors.expire_tokens(account, event=event)

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
            coins = contract.quote == "USD"
            successor = listing.coin_delivery_contract(self.now()) if coins else listing.delivery_contract(self.now())
            if successor.symbol not in self.market.contracts:
                self.enlist(successor)

    def _tell_pro(self) -> None:
        """The update that accounts of Pro get every five seconds."""
        told = [account for account in self.registry.portfolio.values() if account.pro]
        if told and self.portfolio_keeper.updates_due(self.now()):
            for account in told:
                self.hub.push(account.name, portfolio_frames.pro_update(account, account.totals()), PM_CLASSIC)

    def _end_old_connections(self) -> None:
        for connection in self.hub.on():
            if self.clock.now() - connection.opened > self.cadence.connection_seconds:
                connection.drop()

    def _speech(self, path: str, query: dict[str, str]) -> BinanceSpeech:
        return self.doors.speech(path, query)
