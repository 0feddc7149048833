"""A simulated Hyperliquid on loopback: `POST /info`, one kind of socket, a market, accounts, and faults on demand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from monitor.domain.clock import Clock
from monitor.domain.names import Asset
from monitor.sim.clock import WallClock
from monitor.sim.connections import Hub
from monitor.sim.hyperliquid import listing
from monitor.sim.hyperliquid.accounts import Change, Mode, SimAccount, address_of
from monitor.sim.hyperliquid.answers import Answers
from monitor.sim.hyperliquid.faults import Faults
from monitor.sim.hyperliquid.gate import Gate
from monitor.sim.hyperliquid.keeper import Keeper
from monitor.sim.hyperliquid.listing import FIRST, Board, Perp
from monitor.sim.hyperliquid.publisher import OF_THE_VENUE, Cadence, Publisher
from monitor.sim.hyperliquid.streams import ROUTE, HyperliquidSpeech
from monitor.sim.market import Market
from monitor.sim.venue import SimVenue


class SimHyperliquid(SimVenue[HyperliquidSpeech]):
    """An async context manager: while it is open, the venue runs at `http` (`/info` below it) and `ws` (`/ws`).

    `market` shares the coin prices of another venue, which moves them; without one this venue has its own. `board`,
    `accounts`, `faults`, `keeper`, `requests` and `hub` are there to be read and changed. `limited=False` switches
    the limit on requests off.
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
        prices = listing.market(seed=seed, quiet=quiet) if market is None else listing.branch(market, seed=seed)
        self.faults, self.cadence = Faults(), cadence
        self.hub: Hub[HyperliquidSpeech] = Hub(self.faults, (ROUTE,))
        super().__init__(
            prices,
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
        self.board = Board.of(prices)
        self.accounts: dict[str, SimAccount] = {}
        self.answers = Answers(board=self.board, account=self._at, faults=self.faults, time_ms=self.time_ms)
        self.publisher = Publisher(
            hub=self.hub,
            answers=self.answers,
            accounts=self.accounts,
            faults=self.faults,
            cadence=cadence,
            now=clock.now,
        )
        self.keeper = Keeper(self.board)
        self.gate = Gate(
            answers=self.answers,
            faults=self.faults,
            requests=self.requests,
            sent=self.hub.sent,
            account=self._at,
            now=clock.now,
            limited=limited,
        )

    # accounts

    def add_account(
        self,
        name: str,
        *,
        mode: Mode | str = Mode.STANDARD,
        wallets: Mapping[Asset, float] | None = None,
        dexs: Mapping[str, float] | None = None,
        master: str = "",
        vault: bool = False,
        address: str = "",
    ) -> SimAccount:
        """A new address with `wallets` (default: 10,000 USDC) by spot token. In standard mode its USDC is at once on
        the first dex; `dexs` are further cash of dexs. `master` makes it a sub-account of that one, `vault` a vault.
        """
        owned = dict(wallets if wallets is not None else {"USDC": 10_000.0})
        account = SimAccount(
            name=name,
            address=(address or address_of(name)).lower(),
            board=self.board,
            time_ms=self.time_ms,
            mode=Mode(mode),
            spot=owned,
            legs=dict(dexs or {}),
        )
        if not account.pooled:
            account.legs[FIRST] = account.legs.get(FIRST, 0.0) + account.spot.pop("USDC", 0.0)
        if master:
            account.role = {"role": "subAccount", "data": {"master": self.accounts[master].address}}
        elif vault:
            account.role = {"role": "vault"}
        return self._add(account)

    def add_agent(self, name: str, of: str) -> SimAccount:
        """An address that may trade for an account and has nothing of its own."""
        agent = SimAccount(name=name, address=address_of(name), board=self.board, time_ms=self.time_ms)
        agent.role = {"role": "agent", "data": {"user": self.accounts[of].address}}
        return self._add(agent)

    def _add(self, account: SimAccount) -> SimAccount:
        def tell(change: Change, row: Mapping[str, Any]) -> None:
            self.publisher.changed(account, change, row)

        account.told.append(tell)
        self.accounts[account.name] = account
        return account

    # time

    def tick(self, seconds: float | None = None) -> None:
        """One beat: prices move by `seconds` (default: the cadence), accounts are looked after, frames are sent."""
        passed = self.cadence.beat_seconds if seconds is None else seconds
        owners = list(self.accounts.values())
        funded = self.market.funding_left_seconds <= passed * self.speed
        self.market.step(passed * self.speed)
        for trade in self.traders:
            trade()
        if funded:
            self.keeper.fund(owners)
        self.keeper.look_after(owners)
        self.publish()
        self._end_silent()
        self.ticks += 1

    def publish(self) -> None:
        """Send what is due, and what a backlog held that is over."""
        self.publisher.due()
        for connection in self.hub.connections:
            connection.flush()

    def set_mark(self, coin: str, price: float) -> None:
        """Put a mark at `price`; its coin follows, here and at every venue that shares the market."""
        self.market.set_mark(coin, price)

    def set_token(self, token: str, usdc: float) -> None:
        """Put what a token without a coin of its own is worth in USDC: a depeg."""
        self.board.dollars[token] = usdc

    def enlist(self, coin: Asset, usd: float, *, dex: str = FIRST, table: int = 5) -> str:
        """List a perpetual on a coin, at `usd` if that is new, or list a delisted one again; returns its name."""
        perp = Perp(f"{dex}:{coin}" if dex else coin, coin, table)
        if perp.name not in self.board.perps:
            self.market.enlist(listing.contract(perp), usd)
        self.board.perps[perp.name] = perp
        return perp.name

    def delist(self, coin: str) -> None:
        """End a perpetual: positions are settled at the mark, and it is said to be delisted."""
        self.keeper.delist(list(self.accounts.values()), coin)

    def halt(self, coin: str) -> None:
        """A dex's deployer halts trading: all positions in the coin are settled at the mark."""
        self.keeper.halt(list(self.accounts.values()), coin)

    def answers_of(self, name: str) -> dict[str, Any]:
        """What `POST /info` answers of an account at this moment, by type; states by dex, behind a colon."""
        user = self.accounts[name].address
        kinds = ("spotClearinghouseState", "userAbstraction", "userRole", "borrowLendUserState")
        found = {kind: self.answers.answer({"type": kind, "user": user}) for kind in kinds}
        for dex in self.board.dexs:
            found[f"clearinghouseState:{dex}"] = self.answers.answer(
                {"type": "clearinghouseState", "user": user, "dex": dex}
            )
        return found

    # faults that act at once

    def unknown_event(self, route: str = ROUTE) -> None:
        """Send an event of a kind that does not exist (yet)."""
        self.send(route, json.dumps({"channel": "somethingNew", "data": {"x": {"y": [1, "2"]}}}))

    # inside

    def _at(self, address: str) -> SimAccount | None:
        return self.publisher.account_at(address)

    def _routes(self, app: web.Application) -> None:
        app.router.add_get("/ws", self._socket)
        app.router.add_route("*", "/{path:.*}", self.gate.answer)

    def _speech(self, path: str, query: dict[str, str]) -> HyperliquidSpeech:  # noqa: ARG002  # addresses have no query here
        if path != "/ws" or ROUTE in self.faults.refuse:
            raise ConnectionRefusedError("503")
        return HyperliquidSpeech(self.publisher, self.clock.now)

    def _end_silent(self) -> None:
        now = self.clock.now()
        for connection in self.hub.on():
            if now - connection.speech.sent_at > self.cadence.silence_seconds:
                connection.drop()
