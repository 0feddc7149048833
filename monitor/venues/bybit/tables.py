"""What is read over REST for all accounts: instruments, tiers, prices where no stream tells them, candles."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from monitor.domain.clock import Clock
from monitor.domain.errors import MalformedAnswer, VenueError
from monitor.domain.frames import RowProblem
from monitor.domain.names import Asset, Symbol
from monitor.venues.budget import Priority
from monitor.venues.bybit import answers, endpoints
from monitor.venues.bybit.client import Client
from monitor.venues.bybit.limits import End, Ends
from monitor.venues.bybit.needs import INVERSE, LINEAR, OPTION, SPOT, Needs, category_of, pair_of
from monitor.venues.bybit.settings import VENUE
from monitor.venues.contents import Contents
from monitor.venues.readings import Reading
from monitor.venues.rest import Answer
from monitor.venues.session import Emit
from monitor.venues.settings import Timings

PUBLIC_READINGS = ("clock", "instruments", "tiers", "candles")
MOST_CANDLES = 1000  #: of one answer
ONE_BY_ONE = 10  #: so many symbols of a category are asked for singly; for more its whole table, half a megabyte, is


class PublicReadings:
    """The readings that every account shares. `needs` says what is held at present.

    Marks, assets and options have no rows of their own: they stand in for their streams, so `misread(stream, problems,
    body)` is told of their bad rows.
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
        self.indexed: frozenset[Asset] | None = None  #: assets that have a pair which tells their price
        self._tiers: dict[Symbol, list[Answer]] = {}  #: answers of each contract
        self._ends = Ends(timings.missing_spacing_seconds, timings.tiers_every_seconds)
        self._strange: frozenset[Symbol] = frozenset()  #: whose tiers are others than positions tell of
        self._tiers_read = float("-inf")  #: steady time of the last reading of all

    async def clock(self) -> None:
        """Measure the venue's clock."""
        self.rows["clock"].came(*await self._client.measure_clock())
        self.rows["clock"].fine()

    async def instruments(self) -> None:
        """Read all contracts, the options of the coins on which some are held, and which coins have a price."""
        needs = self._needs()
        asked: list[dict[str, str | int]] = [{"category": LINEAR}, {"category": INVERSE}]
        asked += [{"category": OPTION, "baseCoin": base} for base in sorted(needs.option_bases)]
        pages = [page for params in asked for page in await self._client.pages(endpoints.INSTRUMENTS, params)]
        bodies = [page.body for page in pages]
        self.rows["instruments"].came(*pages)
        with self.rows["instruments"].taking(*pages) as bad:
            loaded = answers.instruments(bodies, VENUE, pages[-1].received, bad)
        self.listed.read((one.symbol for one in loaded.instruments), self._clock.monotonic())
        self._emit(loaded)
        intervals = answers.funding_intervals(bodies, VENUE, pages[-1].received)
        if intervals.symbols:
            self._emit(intervals)
        spot = await self._client.ask(endpoints.TICKERS, {"category": SPOT})
        self.indexed = frozenset(tick.asset for tick in answers.asset_prices(spot.body, VENUE, spot.received))

    def tierless(self) -> tuple[Symbol, ...]:
        """Contracts that are held or ordered, and whose tiers were not read yet, or not since the venue changed them,
        as it said itself or as a position shows. Options have none.
        """
        needs = self._needs()
        changed = {symbol for symbol, at in needs.tiers_changed if self._changed_since_read(symbol, at)}
        changed |= self._strange
        return tuple(
            symbol
            for symbol in sorted(needs.symbols)
            if (symbol not in self._tiers or symbol in changed) and category_of(symbol) != OPTION
        )

    def compare_ends(self, ends: Iterable[End]) -> None:
        """Note where positions tell of tiers that the tables do not have."""
        known = (end for end in ends if end[0] in self._tiers)
        self._strange |= self._ends.strange(known, self._clock.monotonic())

    def _changed_since_read(self, symbol: Symbol, at: float) -> bool:
        """Whether the tiers that are known were asked for before `at` (the venue's clock), which has come."""
        read = min((page.asked for page in self._tiers.get(symbol, ())), default=None)
        return read is not None and read + (self._client.offset_seconds or 0.0) < at <= self._client.venue_now()

    async def tiers(self, every_seconds: float) -> None:
        """Read the tiers of what is held, and emit them all: those that were not needed before, and once in a while
        the others again. One contract whose tiers cannot be read costs no other its own.
        """
        needs, now = self._needs(), self._clock.monotonic()
        again = now - self._tiers_read >= every_seconds
        asked = (*needs.held_in(LINEAR), *needs.held_in(INVERSE)) if again else self.tierless()
        failure: VenueError | None = None
        for symbol in asked:
            params = {"category": category_of(symbol), "symbol": symbol}
            try:
                self._tiers[symbol] = await self._client.pages(endpoints.RISK_LIMIT, params)
            except VenueError as exc:
                failure = exc
            else:
                self._strange -= {symbol}
                self.rows["tiers"].came(*self._tiers[symbol])
        self._tiers_read = now if again else self._tiers_read
        self._emit_tiers(needs.symbols)
        if failure is not None:
            raise failure

    def _emit_tiers(self, held: frozenset[Symbol]) -> None:
        row = self.rows["tiers"]
        self._tiers = {symbol: pages for symbol, pages in self._tiers.items() if symbol in held}
        pages = [page for pages in self._tiers.values() for page in pages]
        if not pages:
            row.idle("nothing is held that has tiers")
            return
        with row.taking(*pages) as bad:
            # They are as old as the oldest of them.
            received = min(page.received for page in pages)
            tiers = answers.tiers([page.body for page in pages], VENUE, received, bad)
        self._ends.read(tiers, self._clock.monotonic())
        self._emit(tiers)

    # In place of streams

    async def marks(self, symbols: Sequence[Symbol]) -> None:
        """Read the marks of these contracts of whatever category."""
        for category in (LINEAR, INVERSE):
            for answer in await self._tickers(category, [one for one in symbols if category_of(one) == category]):
                bad: list[RowProblem] = []
                ticks = answers.marks(answer.body, VENUE, answer.received, bad)
                self._misread("marks", bad, answer.body)
                for tick in ticks:
                    if tick.symbol in symbols:
                        self._emit(tick)

    async def options(self, symbols: Sequence[Symbol]) -> None:
        """Read the marks of these options, and what they are priced with."""
        for answer in await self._tickers(OPTION, symbols):
            bad: list[RowProblem] = []
            ticks = answers.mark_columns(answer.body, VENUE, answer.received, bad)
            priced = answers.option_marks(answer.body, VENUE, answer.received, bad)
            self._misread("options", bad, answer.body)
            for event in (ticks, priced):
                if event is not None:
                    self._emit(event)

    async def assets(self, coins: Sequence[Asset]) -> None:
        """Read the USD prices of these coins."""
        for answer in await self._tickers(SPOT, [pair_of(coin) for coin in coins]):
            bad: list[RowProblem] = []
            ticks = answers.asset_prices(answer.body, VENUE, answer.received, bad)
            self._misread("assets", bad, answer.body)
            for tick in ticks:
                if tick.asset in coins:
                    self._emit(tick)

    async def _tickers(self, category: str, symbols: Sequence[Symbol]) -> list[Answer]:
        """Answers that hold these; one that the venue does not know costs no other."""
        if not symbols:
            return []
        if len(symbols) <= ONE_BY_ONE:
            asked: list[dict[str, str | int]] = [{"category": category, "symbol": symbol} for symbol in symbols]
        elif category == OPTION:
            bases = {symbol.partition("-")[0] for symbol in symbols}
            asked = [{"category": category, "baseCoin": base} for base in sorted(bases)]
        else:
            asked = [{"category": category}]
        found: list[Answer] = []
        failure: VenueError | None = None
        for params in asked:
            try:
                found.append(await self._client.ask(endpoints.TICKERS, params))
            except VenueError as exc:
                failure = exc
        if failure is not None and not found:
            raise failure
        return found

    async def candles(self, symbol: Symbol, count: int) -> None:
        """Read one-minute mark candles, the seed of a volatility; it waits while others need the budget."""
        category = category_of(symbol)
        if category == OPTION:
            return
        params: dict[str, str | int] = {
            "category": category,
            "symbol": symbol,
            "interval": "1",
            "limit": min(count, MOST_CANDLES),
        }
        answer = await self._client.ask(endpoints.MARK_KLINE, params, priority=Priority.USEFUL)
        self.rows["candles"].came(answer)
        with self.rows["candles"].taking(answer) as bad:
            read = answers.candles(answer.body, VENUE, symbol, answer.received, problems=bad)
            if not read.closes:
                raise MalformedAnswer(VENUE, "candles", f"no candles of {symbol}")
        self._emit(read)
