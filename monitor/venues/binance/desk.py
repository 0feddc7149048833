"""One account at Binance: the desk that all venues have, with this venue's readings, stream and tiers of its own."""

from __future__ import annotations

from collections.abc import Callable, Collection

from monitor.domain.clock import Clock
from monitor.domain.events import AccountSnapshot
from monitor.domain.names import Symbol
from monitor.domain.recording import UNRECORDED, Recorder
from monitor.venues.binance.client import Client
from monitor.venues.binance.polls import AccountReadings
from monitor.venues.binance.settings import BinanceUrls
from monitor.venues.binance.user import UserStream
from monitor.venues.desk import Desk, Further
from monitor.venues.session import Put
from monitor.venues.settings import AccountSettings, Timings


class AccountDesk(Desk):
    """Tells which symbols have a position, and reads the tiers, which are the user's own."""

    def __init__(
        self,
        settings: AccountSettings,
        urls: BinanceUrls,
        client: Client,
        emit: Put,
        clock: Clock,
        timings: Timings,
        stretch: Callable[[], float],
        held: Callable[[Collection[Symbol]], None],
        recorder: Recorder = UNRECORDED,
    ) -> None:
        """`stretch` is the factor on all intervals; `held` is told which symbols have a position."""
        self._tell_held = held
        self._account_readings = AccountReadings(settings, client, emit, clock, timings)
        super().__init__(
            settings.key,
            self._account_readings,
            UserStream(settings, urls, client, emit, clock, timings, self.resync, self._holds_symbols, recorder),
            emit,
            clock,
            timings,
            stretch,
            self._holds_all,
            (Further("tiers", self._account_readings.tiers, lambda: timings.tiers_every_seconds),),
        )

    def _holds_all(self, snapshot: AccountSnapshot) -> None:
        self._holds_symbols({position.symbol for position in snapshot.positions})

    def _holds_symbols(self, symbols: Collection[Symbol]) -> None:
        """These are held. Where there are no tiers of one, it was listed since they were read."""
        if self._account_readings.tiered.worth_reading(symbols, self._clock.monotonic()):
            self.ring("tiers")
        self._tell_held(symbols)
