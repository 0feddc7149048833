"""The readings that every account shares: perpetuals with their margin tables, reserves of loans, prices, candles."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence

from monitor.domain.clock import Clock
from monitor.domain.errors import MalformedAnswer
from monitor.domain.events import Event
from monitor.domain.frames import RowProblem
from monitor.domain.names import Asset, Symbol
from monitor.venues.budget import Priority
from monitor.venues.hyperliquid import answers
from monitor.venues.hyperliquid.client import Client
from monitor.venues.hyperliquid.endpoints import (
    ALL_METAS,
    BORROW_LEND_ALL,
    CANDLES,
    DEXS,
    META_AND_CTXS,
    SPOT_META,
    SPOT_META_AND_CTXS,
)
from monitor.venues.hyperliquid.names import FIRST_DEX, NO_UNIVERSE, Universe, coin_of_token
from monitor.venues.hyperliquid.settings import VENUE
from monitor.venues.hyperliquid.stamps import by_venue_clock
from monitor.venues.readings import Reading
from monitor.venues.session import Emit
from monitor.venues.wake import together

PUBLIC_READINGS = ("clock", "instruments", "tiers", "collateral", "assets", "candles")
CANDLE_SECONDS = 60.0
Misread = Callable[[str, Sequence[RowProblem], bytes], None]


class PublicReadings:
    """What is asked of nobody in particular. `universe` is what was last read; `known` is set once there is one.

    `prices` are those of spot tokens that back portfolio margin, in USD, by the token's name. Marks have no row of
    their own: they stand in for the stream, so that `misread(stream, problems, body)` is told of their bad rows.
    """

    def __init__(self, client: Client, emit: Emit, clock: Clock) -> None:
        self._client, self._emit, self._clock = client, emit, clock
        self.rows = {what: Reading(VENUE, None, what) for what in PUBLIC_READINGS}
        self.universe: Universe = NO_UNIVERSE
        self.known = asyncio.Event()
        self.prices: dict[Asset, float] = {}
        self.misread: Misread = lambda _stream, _problems, _body: None

    async def clock(self) -> None:
        """Measure the venue's clock."""
        self.rows["clock"].came(*await self._client.measure_clock())
        self.rows["clock"].fine()

    @property
    def dexs(self) -> tuple[str, ...]:
        """The names of all dexs, the first one first; it alone as long as nothing was read."""
        return tuple(dex.name for dex in self.universe.dexs) or (FIRST_DEX,)

    def lists(self, symbol: Symbol) -> bool:
        """Whether the venue has this perpetual, as it was last read."""
        return any(symbol in dex.symbols for dex in self.universe.dexs)

    async def instruments(self) -> None:
        """Read all dexs, their perpetuals and margin tables, and the spot tokens: deployers change them at will."""
        dexs, metas, tokens = await together(
            self._client.ask(DEXS), self._client.ask(ALL_METAS), self._client.ask(SPOT_META)
        )
        row = self.rows["instruments"]
        row.came(dexs, metas, tokens)
        with row.taking(dexs, metas, tokens) as bad:
            known = answers.universe(dexs.body, metas.body, tokens.body, VENUE)
            listed = answers.instruments(metas.body, known, VENUE, metas.received, bad)
        if not listed.instruments:
            raise MalformedAnswer(VENUE, "instruments", "the venue lists nothing")
        self.universe = known
        self._emit(listed)
        self._emit(answers.funding_intervals(known, VENUE, metas.received))
        self.rows["tiers"].came(metas)
        with self.rows["tiers"].taking(metas) as bad:
            loaded = answers.tiers(metas.body, VENUE, metas.received, bad)
        self._emit(loaded)
        self.known.set()

    async def collateral(self) -> None:
        """Read what tokens count for as collateral. Their prices are told too, for they stand in the same answer."""
        await self.known.wait()
        answer = await self._client.ask(BORROW_LEND_ALL)
        self.rows["collateral"].came(answer)
        with self.rows["collateral"].taking(answer) as bad:
            loaded = answers.collateral(answer.body, self.universe, VENUE, answer.received, bad)
        self._emit(loaded)

    async def assets(self, spot: Iterable[Asset]) -> None:
        """Read the prices of what may be lent, and, where other tokens are held, those of all spot pairs."""
        await self.known.wait()
        answer = await self._client.ask(BORROW_LEND_ALL)
        row = self.rows["assets"]
        row.came(answer)
        with row.taking(answer) as bad:
            ticks = answers.reserve_prices(answer.body, self.universe, VENUE, answer.received, bad)
        told = {tick.asset: tick.price_usd for tick in ticks}
        self.prices |= {
            token: told[coin_of_token(token)] for token in self.universe.tokens.values() if coin_of_token(token) in told
        }
        wanted = {coin_of_token(token) for token in spot} - told.keys()
        if wanted:
            pairs = await self._client.ask(SPOT_META_AND_CTXS)
            row.came(pairs)
            with row.taking(pairs) as bad:
                found = answers.asset_prices(pairs.body, VENUE, pairs.received, bad)
            ticks += tuple(tick for tick in found if tick.asset in wanted)
        self._tell(ticks)

    def _tell(self, ticks: Iterable[Event]) -> None:
        for tick in by_venue_clock(ticks, self._client.offset_seconds or 0.0):
            self._emit(tick)

    # In the stream's place

    async def marks(self, dexs: Iterable[str]) -> None:
        """Read the marks of these dexs."""
        for dex in dexs:
            answer = await self._client.ask(META_AND_CTXS, {"dex": dex} if dex else {})
            bad: list[RowProblem] = []
            ticks = answers.marks(answer.body, VENUE, answer.received, bad)
            self.misread("marks", bad, answer.body)
            self._tell(ticks)

    async def candles(self, symbol: Symbol, count: int) -> None:
        """Read one-minute candles, the seed of a volatility; it waits while others need the budget."""
        now = self._client.venue_now()
        said = {
            "coin": symbol,
            "interval": "1m",
            "startTime": round((now - count * CANDLE_SECONDS) * 1000),
            "endTime": round(now * 1000),
        }
        answer = await self._client.ask(CANDLES, {"req": said}, priority=Priority.USEFUL)
        self.rows["candles"].came(answer)
        with self.rows["candles"].taking(answer) as bad:
            read = answers.candles(answer.body, VENUE, symbol, answer.received, CANDLE_SECONDS, bad)
            if not read.closes:
                raise MalformedAnswer(VENUE, "candles", f"no candles of {symbol}")
        self._emit(read)
