"""The session at Hyperliquid: one budget, one clock and one socket for all addresses, and a desk for each.

Up to `streamed_users` addresses are streamed, the first that are configured; the others are read over REST, more often.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from monitor.domain.accounts import CollateralMode
from monitor.domain.clock import Clock
from monitor.domain.events import AccountSnapshot, Event, ParametersSet
from monitor.domain.names import AccountKey, Asset
from monitor.domain.recording import UNRECORDED, Recorder
from monitor.venues.bridge import Bridge, Part
from monitor.venues.desk import Desk, Further
from monitor.venues.hyperliquid.client import Client
from monitor.venues.hyperliquid.endpoints import STREAMED_USERS
from monitor.venues.hyperliquid.names import FIRST_DEX
from monitor.venues.hyperliquid.polls import ASSETS_EVERY_SECONDS, AccountReadings, planned_weight
from monitor.venues.hyperliquid.settings import VENUE, HyperliquidSettings
from monitor.venues.hyperliquid.stream import MARKS, Socket
from monitor.venues.hyperliquid.tables import PublicReadings
from monitor.venues.hyperliquid.user import UserStream
from monitor.venues.room import Room
from monitor.venues.seeds import Seeds
from monitor.venues.session import Job, Put
from monitor.venues.settings import AccountSettings

DUST_USD = 1.0
TABLES_EVERY_SECONDS = 3600.0  #: at most, whatever is configured: a deployer may change a margin table at any time


class HyperliquidSession(Room):
    """A `venues.session.Session`. Jobs may be started anew one by one; the session itself keeps what they share."""

    def __init__(self, settings: HyperliquidSettings, emit: Put, clock: Clock, recorder: Recorder = UNRECORDED) -> None:
        """`recorder` is told every frame and answer as it came."""
        self._settings = settings
        timings = settings.timings
        parameters = tuple(sorted(settings.parameters.items()))
        emit(ParametersSet(VENUE, parameters, clock.now()))
        self._client = Client(settings, emit, clock, recorder)
        self._tables = PublicReadings(self._client, emit, clock)
        accounts = {one.address.lower(): one.key for one in settings.accounts}
        self._socket = Socket(
            settings, self._client, self._tables, emit, clock, accounts, self._misplaced, self._lagged, recorder
        )
        self._tables.misread = self._socket.ledger.count_rows
        rows = self._tables.rows
        super().__init__(VENUE, self._client, self._socket.ledger, rows, self._tables.clock, emit, clock, timings)
        self._put = emit
        self._of: dict[AccountKey, AccountReadings] = {}
        self._spot: dict[AccountKey, frozenset[Asset]] = {}  #: tokens that are held, as last read
        self._misplaced_at, self._misplaced_pause = float("-inf"), timings.resync_spacing_seconds
        every = min(timings.instruments_every_seconds, TABLES_EVERY_SECONDS)
        self._instruments = self._public_poll("instruments", self._read_instruments, lambda: every)
        self._collateral = self._public_poll("collateral", self._tables.collateral, lambda: every)
        self._assets = self._public_poll("assets", self._read_assets, lambda: ASSETS_EVERY_SECONDS)
        part = Part(MARKS, self._marks_needed, lambda: self._tables.marks(self._dexs()))
        self._bridge = Bridge(VENUE, [part], self._socket.ledger, emit, clock, timings, self.stretch)
        self._seeds = Seeds(
            partial(self._tables.candles, count=settings.seed_candles),
            rows["candles"],
            clock,
            timings,
            wanted=settings.seed_candles > 0,
        )
        for place, account in enumerate(settings.accounts):
            self._desk_of[account.key] = self._desk(account, place)

        self._socket.portfolio = self._in_portfolio_margin

    def _in_portfolio_margin(self) -> frozenset[str]:
        """The addresses of accounts in that mode, as last read."""
        modes = ((one.address.lower(), self._of[one.key].mode) for one in self._settings.accounts)
        return frozenset(address for address, mode in modes if mode and mode[0] is CollateralMode.PORTFOLIO)

    def _public_jobs(self) -> tuple[Job, ...]:
        return (
            Job("market stream", None, self._socket.run),
            Job("market bridge", None, self._bridge.run),
            self._watched("instruments", self._instruments.run),
            self._watched("collateral", self._collateral.run),
            self._watched("assets", self._assets.run),
            self._watched("candles", self._seeds.run),
        )

    def _desk(self, account: AccountSettings, place: int) -> Desk:
        timings = self._settings.timings
        readings = AccountReadings(
            account, self._settings, self._client, self._tables, self._put, self._clock, self._socket.seed, place
        )
        self._of[account.key] = readings
        streamed = min(self._settings.streamed_users, STREAMED_USERS)

        def shown(events: Sequence[Event]) -> None:
            for event in events:
                if isinstance(event, AccountSnapshot):
                    readings.holds(event)
                    self._holds(account.key, event)

        def resync(why: str, config: bool) -> None:
            desk.resync(why, config)

        user = UserStream(
            account,
            self._socket.ledger.of[account.name],
            self._put,
            self._clock,
            timings,
            resync,
            shown,
            polled="" if place < streamed else polled_words(streamed, timings.account_every_blind_seconds),
        )
        self._socket.listeners[account.key] = user.heard
        desk = Desk(
            account.key,
            readings,
            user,
            self._put,
            self._clock,
            timings,
            self.stretch,
            lambda snapshot: self._holds(account.key, snapshot),
            (Further("role", readings.role, lambda: timings.permissions_every_seconds),),
        )
        return desk

    def stretch(self) -> float:
        """By how much all intervals grow so that the planned weight fits the budget."""
        blind = [not desk.user.up for desk in self._desk_of.values()]
        held = [len(self._of[key].dexs | {FIRST_DEX}) for key in self._desk_of]
        planned = planned_weight(
            self._settings,
            dexs=[number for _, number in sorted(zip(blind, held, strict=True), reverse=True)],
            all_dexs=len(self._tables.dexs),
            blind=sum(blind),
            bridging=len(self._dexs()) if self._marks_needed() else 0,
        )
        return self._client.budget.stretch(planned, self._client.venue_now())

    def _marks_needed(self) -> bool:
        return self._tables.known.is_set() and not self._socket.up()

    def _dexs(self) -> tuple[str, ...]:
        """The dexs on which anybody holds something."""
        held = frozenset[str]().union(*(one.dexs for one in self._of.values()))
        return tuple(dex for dex in self._tables.dexs if dex in held or dex == FIRST_DEX)

    def _holds(self, account: AccountKey, snapshot: AccountSnapshot) -> None:
        """An account was read, or pushed."""
        self._seeds.held([position.symbol for position in snapshot.positions])
        if self._tables.known.is_set() and not all(self._tables.lists(one.symbol) for one in snapshot.positions):
            self._misplaced()
        # Of dust, whose value has too few digits to divide, nothing is taken.
        own = [
            (one.symbol, one.venue.mark_price) for one in snapshot.positions if (one.venue.notional or 0.0) >= DUST_USD
        ]
        odd = [symbol for symbol, mark in own if mark is not None and self._socket.contradicts(symbol, mark)]
        if odd:
            self._misplaced()
        held = frozenset(one.asset for one in snapshot.balances if one.wallet)
        held |= {asset for wallet in snapshot.wallets if wallet.venue.equity for asset in wallet.balances}
        new = held - self._spot.get(account, frozenset())
        self._spot[account] = held
        if new:
            self._assets.ring()

    def _misplaced(self) -> None:
        """A frame holds other perpetuals than were read: read them anew, and ever more rarely where that is no cure."""
        now = self._clock.monotonic()
        if now - self._misplaced_at < self._misplaced_pause:
            return
        timings = self._settings.timings
        again = now - self._misplaced_at < 4.0 * self._misplaced_pause
        self._misplaced_pause = (
            min(2.0 * self._misplaced_pause, timings.missing_spacing_seconds)
            if again
            else timings.resync_spacing_seconds
        )
        self._misplaced_at = now
        self._instruments.ring()

    async def _read_instruments(self) -> None:
        await self._tables.instruments()
        held = {symbol for desk in self._desk_of.values() for symbol in desk.held}
        self._seeds.keep(lambda symbol: self._tables.lists(symbol) or symbol in held)

    async def _read_assets(self) -> None:
        await self._tables.assets(frozenset[Asset]().union(*self._spot.values()))


def polled_words(streamed: int, every_seconds: float) -> str:
    """Why an account is not streamed."""
    return f"read over REST, each {every_seconds:g} s or more: only {streamed} addresses can be followed on the socket"
