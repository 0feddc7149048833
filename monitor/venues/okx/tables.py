"""The readings that every account shares: the venue's tables for what they hold, and prices in the streams' place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

from monitor.domain.accounts import MarginMode
from monitor.domain.clock import Clock
from monitor.domain.errors import MalformedAnswer
from monitor.domain.events import TiersLoaded
from monitor.domain.frames import RowProblem
from monitor.domain.instruments import Instrument
from monitor.domain.names import Asset, Symbol
from monitor.venues.budget import Priority
from monitor.venues.contents import Contents
from monitor.venues.okx import answers, endpoints
from monitor.venues.okx.answers import TierAnswer
from monitor.venues.okx.client import Client
from monitor.venues.okx.endpoints import InstType
from monitor.venues.okx.needs import ISOLATED, Needs, TierKey
from monitor.venues.okx.settings import VENUE
from monitor.venues.readings import Reading
from monitor.venues.rest import Answer
from monitor.venues.session import Emit
from monitor.venues.settings import Timings

PUBLIC_READINGS = ("clock", "instruments", "tiers", "collateral", "candles")
CANDLE_SECONDS = 60.0


class _Candles(msgspec.Struct):
    data: list[list[str]] = []


def oldest_candle(page: bytes) -> str | None:
    """After which candle the next page begins; None if this page is not full, or cannot be read."""
    try:
        rows = msgspec.json.decode(page, type=_Candles).data
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return rows[-1][0] if len(rows) >= endpoints.PAGE_ROWS and rows[-1] else None


class PublicReadings:
    """What is asked without a key. `needs()` tells what all accounts together hold and order.

    Marks, assets and options have no rows of their own: they stand in for their streams, so that `misread(stream,
    problems, body)` is told of their bad rows.
    """

    def __init__(
        self,
        client: Client,
        emit: Emit,
        clock: Clock,
        timings: Timings,
        needs: Callable[[], Needs],
        misread: Callable[[str, Sequence[RowProblem], bytes], None],
    ) -> None:
        self._client, self._emit, self._clock, self._needs, self._misread = client, emit, clock, needs, misread
        self.listed = Contents(timings.missing_spacing_seconds, timings.instruments_every_seconds)
        self.rows = {what: Reading(VENUE, None, what) for what in PUBLIC_READINGS}
        self._instruments: Mapping[Symbol, Instrument] = {}
        self._families: frozenset[str] = frozenset()  #: of options that were asked for
        self._tiers: dict[TierKey, Answer] = {}
        self._discounts: Answer | None = None
        self._loans: dict[Asset, Answer] = {}

    async def clock(self) -> None:
        """Measure the venue's clock."""
        self.rows["clock"].came(*await self._client.measure_clock())
        self.rows["clock"].fine()

    # Tables

    async def instruments(self) -> None:
        """Read all pairs, swaps and futures, and the options of the families that are held."""
        families = self._needs().option_families
        said = [await self._read("instruments", endpoints.INSTRUMENTS, {"instType": one}) for one in endpoints.LISTED]
        for family in sorted(families):
            params = {"instType": InstType.OPTION, "instFamily": family}
            said.append(await self._read("instruments", endpoints.INSTRUMENTS, params))
        with self.rows["instruments"].taking(*said) as bad:
            loaded = answers.instruments([one.body for one in said], VENUE, said[-1].received, bad)
        self._instruments = {one.symbol: one for one in loaded.instruments}
        self._families = families
        self.listed.read(self._instruments, self._clock.monotonic())
        self._emit(loaded)
        self._tell_tiers()

    def lacks_instruments(self, needs: Needs) -> bool:
        """Whether what is held has options of a family that was not asked for, or something listed since."""
        new = bool(needs.option_families - self._families) and bool(self._instruments)
        return new or self.listed.worth_reading(needs.symbols, self._clock.monotonic())

    async def tiers(self) -> None:
        """Read the maintenance tiers of everything that is held, anew."""
        self._tiers.clear()
        await self.missing_tiers()

    async def missing_tiers(self) -> None:
        """Read the tables that nobody asked for yet. What is no longer held is forgotten."""
        wanted = self._needs().tiers
        for key in self._tiers.keys() - wanted:
            del self._tiers[key]
        for key in sorted(wanted - self._tiers.keys()):
            self._tiers[key] = await self._read("tiers", endpoints.POSITION_TIERS, key.params())
        if not wanted:
            self.rows["tiers"].idle("nothing is held or ordered that has tiers")
            self._emit(TiersLoaded(VENUE, None, (), self._clock.now()))
        self._tell_tiers()

    def lacks_tiers(self, needs: Needs) -> bool:
        """Whether a table is needed that was never read."""
        return bool(needs.tiers - self._tiers.keys())

    def _tell_tiers(self) -> None:
        """Tell all tables that there are, for the instruments that there are."""
        if not self._tiers or not self._instruments:
            return
        said = [
            TierAnswer(one.body, key.kind, MarginMode.ISOLATED if key.mode == ISOLATED else MarginMode.CROSS)
            for key, one in self._tiers.items()
        ]
        read = list(self._tiers.values())
        with self.rows["tiers"].taking(*read) as bad:
            # They are as old as the oldest of them.
            since = min(one.received for one in read)
            loaded = answers.tiers(said, self._instruments.values(), VENUE, since, bad)
        self._emit(loaded)

    async def collateral(self) -> None:
        """Read how assets count, and what is required of what is owed."""
        self._discounts = None
        self._loans.clear()
        await self.missing_collateral()

    async def missing_collateral(self) -> None:
        """Read what nobody asked for yet of it. What is no longer owed is forgotten."""
        owed = self._needs().owed
        for asset in self._loans.keys() - owed:
            del self._loans[asset]
        if self._discounts is None:
            self._discounts = await self._read("collateral", endpoints.DISCOUNT_RATES, {})
        for asset in sorted(owed - self._loans.keys()):
            params = {"instType": InstType.MARGIN, "tdMode": "cross", "ccy": asset}
            self._loans[asset] = await self._read("collateral", endpoints.POSITION_TIERS, params)
        read = [self._discounts, *self._loans.values()]
        with self.rows["collateral"].taking(*read) as bad:
            loans = [(asset, one.body) for asset, one in self._loans.items()]
            since = min(one.received for one in read)
            loaded = answers.collateral([self._discounts.body], loans, VENUE, since, bad)
        self._emit(loaded)

    def lacks_collateral(self, needs: Needs) -> bool:
        """Whether something is owed of which nothing was read."""
        return bool(needs.owed - self._loans.keys())

    async def _read(self, what: str, endpoint: endpoints.Endpoint, params: Mapping[str, object]) -> Answer:
        answer = await self._client.ask(endpoint, params)
        self.rows[what].came(answer)
        return answer

    # In the streams' place

    async def marks(self) -> None:
        """Read the mark prices of what is held. The venue gives all of a kind at once."""
        needs = self._needs()
        for kind in sorted(needs.kinds):
            answer = await self._client.ask(endpoints.MARK_PRICE, {"instType": kind})
            bad: list[RowProblem] = []
            ticks = answers.marks(answer.body, VENUE, answer.received, bad)
            self._misread("marks", bad, answer.body)
            for tick in ticks:
                if tick.symbol in needs.symbols:
                    self._emit(tick)

    async def assets(self) -> None:
        """Read the USD prices of what is held."""
        wanted = self._needs().assets
        if not wanted:
            return
        answer = await self._client.ask(endpoints.INDEX_TICKERS, {"quoteCcy": "USD"})
        bad: list[RowProblem] = []
        ticks = answers.index_tickers(answer.body, VENUE, answer.received, bad)
        self._misread("assets", bad, answer.body)
        for tick in ticks:
            if tick.asset in wanted:
                self._emit(tick)

    async def options(self) -> None:
        """Read what the options that are held are priced with."""
        for family in sorted(self._needs().option_families):
            answer = await self._client.ask(endpoints.OPT_SUMMARY, {"instFamily": family})
            bad: list[RowProblem] = []
            marks = answers.option_marks(answer.body, VENUE, answer.received, bad)
            self._misread("options", bad, answer.body)
            if marks is not None:
                self._emit(marks)

    async def candles(self, symbol: Symbol, count: int) -> None:
        """Read one-minute mark candles, the seed of a volatility; it waits while others need the budget."""
        pages: list[Answer] = []
        params: dict[str, object] = {"instId": symbol, "bar": "1m", "limit": min(count, endpoints.PAGE_ROWS)}
        for _ in range(-(-count // endpoints.PAGE_ROWS)):
            answer = await self._client.ask(endpoints.MARK_CANDLES, params, priority=Priority.USEFUL)
            self.rows["candles"].came(answer)
            pages.append(answer)
            oldest = oldest_candle(answer.body)
            if oldest is None:
                break
            params["after"] = oldest
        with self.rows["candles"].taking(*pages) as bad:
            bodies = [one.body for one in pages]
            read = answers.candles(bodies, VENUE, symbol, pages[-1].received, CANDLE_SECONDS, bad)
            if not read.closes:
                raise MalformedAnswer(VENUE, "candles", f"no candles of {symbol}")
        self._emit(read)
