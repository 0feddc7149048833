"""Simulated venues whose coins have one price: what is hedged between them holds, but for each venue's basis."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, Self

from monitor.domain.clock import Clock
from monitor.domain.names import Venue
from monitor.sim.binance import SimBinance
from monitor.sim.bybit import SimBybit
from monitor.sim.clock import WallClock
from monitor.sim.hyperliquid import SimHyperliquid
from monitor.sim.kucoin import SimKucoin
from monitor.sim.market import Market
from monitor.sim.okx import SimOkx
from monitor.sim.venue import SimVenue

EVERY: tuple[Venue, ...] = ("binance", "bybit", "okx", "kucoin", "hyperliquid")
STORY: tuple[Venue, ...] = EVERY[:3]  #: those that the demo's story plays at


class World:
    """An async context manager: while it is open, its venues run. The coins move with Binance's beat.

    `names` are the venues that run; the first of them must be Binance.

    `speed` is how many seconds of market time pass in one of ours. With `paced=False` nothing happens by itself: call
    `tick`. With `network=False` nothing listens.
    """

    def __init__(
        self,
        names: Sequence[Venue] = STORY,
        *,
        clock: Clock | None = None,
        seed: int = 1,
        speed: float = 1.0,
        quiet: bool = False,
        paced: bool = True,
        network: bool = True,
    ) -> None:
        self.clock: Clock = clock if clock is not None else WallClock()
        shared: dict[str, Any] = {
            "clock": self.clock,
            "seed": seed,
            "speed": speed,
            "paced": paced,
            "network": network,
        }
        self.binance = SimBinance(quiet=quiet, **shared)
        self.bybit = SimBybit(market=self.binance.market, **shared)
        self.okx = SimOkx(market=self.binance.market, **shared)
        self.kucoin = SimKucoin(market=self.binance.market, **shared)
        self.hyperliquid = SimHyperliquid(market=self.binance.market, **shared)
        self.names: tuple[Venue, ...] = tuple(names)
        self._stack = AsyncExitStack()

    @property
    def market(self) -> Market:
        """The market that moves the coins."""
        return self.binance.market

    @property
    def venues(self) -> tuple[SimVenue[Any], ...]:
        """Those that run, the one that moves the coins first."""
        every: dict[Venue, SimVenue[Any]] = {
            "binance": self.binance,
            "bybit": self.bybit,
            "okx": self.okx,
            "kucoin": self.kucoin,
            "hyperliquid": self.hyperliquid,
        }
        return tuple(every[name] for name in self.names)

    @property
    def speed(self) -> float:
        """Seconds of market time in one of ours."""
        return self.binance.speed

    @speed.setter
    def speed(self, speed: float) -> None:
        for venue in self.venues:
            venue.speed = speed

    def tick(self, seconds: float | None = None) -> None:
        """One beat of every venue."""
        for venue in self.venues:
            venue.tick(seconds)

    async def __aenter__(self) -> Self:
        for venue in self.venues:
            await self._stack.enter_async_context(venue)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._stack.__aexit__(kind, value, traceback)
