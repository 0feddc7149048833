"""What is read over REST for every account: contracts and marks of those kinds of futures that somebody needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from monitor.domain.clock import Clock
from monitor.domain.errors import MalformedAnswer, VenueError
from monitor.domain.events import InstrumentsLoaded
from monitor.domain.frames import RowProblem
from monitor.domain.instruments import Instrument
from monitor.domain.names import Symbol
from monitor.venues.binance import answers, endpoints, endpoints_coinm, funding
from monitor.venues.binance.client import VENUE, Client
from monitor.venues.binance.endpoint import Endpoint
from monitor.venues.budget import Priority
from monitor.venues.contents import Contents
from monitor.venues.readings import Reading
from monitor.venues.session import Emit
from monitor.venues.settings import Timings

READINGS = ("clock", "instruments", "candles")


@dataclass(frozen=True, slots=True)
class Family:
    """One kind of futures: where its contracts, marks and candles are read."""

    exchange_info: Endpoint
    funding_info: Endpoint
    premium_index: Endpoint
    mark_klines: Endpoint


USDM = Family(endpoints.EXCHANGE_INFO, endpoints.FUNDING_INFO, endpoints.PREMIUM_INDEX, endpoints.MARK_KLINES)
COINM = Family(
    endpoints_coinm.EXCHANGE_INFO,
    endpoints_coinm.FUNDING_INFO,
    endpoints_coinm.PREMIUM_INDEX,
    endpoints_coinm.MARK_KLINES,
)


def coin_margined(symbol: Symbol) -> bool:
    """Whether a contract is one of COIN-M: "BTCUSD_PERP", "BTCUSD_261225"; but not "BTCUSDT_261225"."""
    return "USD_" in symbol


class PublicReadings:
    """The readings that every account shares.

    Marks and assets have no rows of their own: they stand in for their streams, so `misread(stream, problems, body)`
    is told of their bad rows.
    """

    def __init__(
        self,
        client: Client,
        emit: Emit,
        clock: Clock,
        timings: Timings,
        misread: Callable[[str, Sequence[RowProblem], bytes], None],
        families: Sequence[Family] = (USDM,),
    ) -> None:
        self._client, self._emit, self._clock, self._misread = client, emit, clock, misread
        self._families = tuple(families)
        self.listed = Contents(timings.missing_spacing_seconds, timings.instruments_every_seconds)
        self.rows = {what: Reading(VENUE, None, what) for what in READINGS}

    async def clock(self) -> None:
        """Measure the venue's clock."""
        self.rows["clock"].came(*await self._client.measure_clock())
        self.rows["clock"].fine()

    async def instruments(self) -> None:
        """Read all contracts, and the weight limit that stands in the same answer: one list of both kinds, whole."""
        found: list[Instrument] = []
        received = self._clock.now()
        for family in self._families:
            answer = await self._client.ask(family.exchange_info)
            self.rows["instruments"].came(answer)
            with self.rows["instruments"].taking(answer) as bad:
                limit = answers.rate_limits(answer.body)
                if limit is not None:
                    self._client.budget.limit_per_minute = limit
                found += answers.instruments(answer.body, VENUE, answer.received, bad).instruments
            received = answer.received
        self.listed.read((one.symbol for one in found), self._clock.monotonic())
        self._emit(InstrumentsLoaded(VENUE, tuple(found), received))
        for family in self._families:
            await self._intervals(family)

    async def _intervals(self, family: Family) -> None:
        """Read how often contracts pay funding. Without an answer that is learned as they pay."""
        try:
            answer = await self._client.ask(family.funding_info, priority=Priority.USEFUL)
        except VenueError:
            return
        found = funding.intervals(answer.body, VENUE, answer.received)
        if found is not None:
            self._emit(found)

    async def marks(self) -> None:
        """Read the mark prices of all contracts."""
        for family in self._families:
            answer = await self._client.ask(family.premium_index)
            bad: list[RowProblem] = []
            ticks = answers.mark_columns(answer.body, VENUE, answer.received, bad)
            self._misread("marks", bad, answer.body)
            if ticks is not None:
                self._emit(ticks)
            rates = funding.of_answer(answer.body, VENUE, answer.received)
            if rates is not None:
                self._emit(rates)

    async def assets(self) -> None:
        """Read the index prices and rates of all assets."""
        answer = await self._client.ask(endpoints.ASSET_INDEX)
        bad: list[RowProblem] = []
        ticks = answers.asset_index(answer.body, VENUE, answer.received, bad)
        self._misread("assets", bad, answer.body)
        for tick in ticks:
            self._emit(tick)

    async def candles(self, symbol: Symbol, count: int) -> None:
        """Read one-minute mark candles, the seed of a volatility; it waits while others need the budget."""
        answer = await self._client.ask(
            (COINM if coin_margined(symbol) else USDM).mark_klines,
            {"symbol": symbol, "interval": "1m", "limit": count},
            weight=endpoints.klines_weight(count),
            priority=Priority.USEFUL,
        )
        self.rows["candles"].came(answer)
        with self.rows["candles"].taking(answer) as bad:
            read = answers.candles(answer.body, VENUE, symbol, answer.received, problems=bad)
            if not read.closes:
                raise MalformedAnswer(VENUE, "candles", f"no candles of {symbol}")
        self._emit(read)
