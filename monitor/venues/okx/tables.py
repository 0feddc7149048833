"""The readings that every account shares: the venue's tables for what they hold, and prices in the streams' place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

from monitor.domain.accounts import MarginMode
from monitor.domain.clock import Clock
from monitor.domain.errors import MalformedAnswer, Refused
from monitor.domain.events import AccountSnapshot, PollFailed, TiersLoaded
from monitor.domain.frames import RowProblem
from monitor.domain.instruments import Instrument
from monitor.domain.names import AccountKey, Asset, Symbol
from monitor.venues.budget import Priority
from monitor.venues.contents import Contents
from monitor.venues.kept import Kept
from monitor.venues.okx import answers, endpoints, requirements
from monitor.venues.okx.answers import TierAnswer
from monitor.venues.okx.client import Client
from monitor.venues.okx.endpoints import InstType
from monitor.venues.okx.needs import CROSS, ISOLATED, Needs, TierKey
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
        self.rows = {what: Reading(VENUE, None, what) for what in PUBLIC_READINGS}
        spacing = timings.missing_spacing_seconds
        self._listed = Contents(spacing, timings.instruments_every_seconds)
        self._families = Contents(spacing, timings.instruments_every_seconds)
        self._tiered = Contents(spacing, timings.tiers_every_seconds)
        self._lent = Contents(spacing, timings.tiers_every_seconds)
        self._doubts = Contents(spacing, timings.tiers_every_seconds)
        self._doubts.read((), clock.monotonic())  # no table is beyond doubt
        self._odd: dict[AccountKey, frozenset[TierKey]] = {}  #: tables that the last snapshot of each contradicted
        self._told: TiersLoaded | None = None
        self._lists = Kept(self._list, timings.instruments_every_seconds, clock)
        self._tiers = Kept(self._tier_table, timings.tiers_every_seconds, clock)
        self._discounts = Kept(self._discount_table, timings.tiers_every_seconds, clock)
        self._loans = Kept(self._loan_table, timings.tiers_every_seconds, clock)
        self._instruments: Mapping[Symbol, Instrument] = {}
        self._listed_since = False  #: something is held that was not there when the lists were read

    async def clock(self) -> None:
        """Measure the venue's clock."""
        self.rows["clock"].came(*await self._client.measure_clock())
        self.rows["clock"].fine()

    # Tables

    def doubts_tiers(self, snapshot: AccountSnapshot) -> bool:
        """Whether a table of tiers is to be read anew: twice in a row the venue required of a position what the table
        does not say; True is acted upon. Not for portfolio margin.
        """
        if self._told is None:
            return False
        odd = requirements.contradicted(snapshot.positions, self._instruments, self._told)
        again, self._odd[snapshot.account] = odd & self._odd.get(snapshot.account, frozenset()), odd
        now = self._clock.monotonic()
        stale = [key for key in sorted(again) if self._doubts.worth_reading([str(key)], now)]
        for key in stale:
            self._tiers.doubt(key)
        return bool(stale)

    def lacks_instruments(self, needs: Needs) -> bool:
        """Whether what is held was listed since, or is an option of a family that was not read; True is acted upon."""
        now = self._clock.monotonic()
        families = self._families.worth_reading(needs.option_families, now)
        self._listed_since = self._listed.worth_reading(needs.symbols, now) or self._listed_since
        return self._listed_since or families

    def lacks_tiers(self, needs: Needs) -> bool:
        """Whether a table of tiers is needed that is not there; True is acted upon."""
        return self._tiered.worth_reading((str(key) for key in needs.tiers), self._clock.monotonic())

    def lacks_collateral(self, needs: Needs) -> bool:
        """Whether something is owed of which no table is there; True is acted upon."""
        return self._lent.worth_reading(needs.lent, self._clock.monotonic())

    async def instruments(self) -> None:
        """Read all pairs, swaps and futures, and the options of the families that are held."""
        lists = [(kind, "") for kind in endpoints.LISTED]
        lists += [(InstType.OPTION, family) for family in sorted(self._needs().option_families)]
        if self._listed_since:
            self._lists.answers.clear()
            self._listed_since = False
        refusal = await self._lists.renew(lists)
        said = self._lists.answers
        with self.rows["instruments"].taking(*said.values()) as bad:
            bodies = [one.body for one in said.values()]
            loaded = answers.instruments(bodies, VENUE, self._lists.oldest, bad)
        self._instruments = {one.symbol: one for one in loaded.instruments}
        self._listed.read(self._instruments, self._clock.monotonic())
        self._families.read((family for kind, family in said if kind == InstType.OPTION), self._clock.monotonic())
        self._emit(loaded)
        self._tell_tiers()
        self._tell_refusal("instruments", refusal)

    def lists(self, symbol: Symbol) -> bool:
        """Whether the venue has this instrument, as it was last read."""
        return symbol in self._instruments

    async def tiers(self) -> None:
        """Read the maintenance tiers of everything that is held, as far as they are missing or old."""
        # Where nothing is held any more, what was last needed is kept fresh: a table that is not read grows old.
        wanted = sorted(self._needs().tiers or self._tiers.answers)
        refusal = None
        try:
            refusal = await self._tiers.renew(wanted)
        finally:
            self._tiered.read((str(key) for key in self._tiers.answers), self._clock.monotonic())
            self._tell_tiers()
        if not wanted:
            self.rows["tiers"].idle("nothing is held or ordered that has tiers")
        self._tell_refusal("tiers", refusal)

    def _tell_tiers(self) -> None:
        """Tell all tables that there are, for the instruments that there are."""
        read = self._tiers.answers
        if not read or not self._instruments:
            return
        said = [
            TierAnswer(one.body, key.kind, MarginMode.ISOLATED if key.mode == ISOLATED else MarginMode.CROSS)
            for key, one in read.items()
        ]
        with self.rows["tiers"].taking(*read.values()) as bad:
            loaded = answers.tiers(said, self._instruments.values(), VENUE, self._tiers.oldest, bad)
        self._told = loaded
        self._emit(loaded)

    async def collateral(self) -> None:
        """Read how assets count, and what is required of what is owed, as far as that is missing or old."""
        refusal = await self._discounts.renew([""])
        if refusal is not None:
            raise refusal
        refusal = await self._loans.renew(sorted(self._needs().lent))
        self._lent.read(self._loans.answers, self._clock.monotonic())
        discounts, loans = self._discounts.answers, self._loans.answers
        with self.rows["collateral"].taking(*discounts.values(), *loans.values()) as bad:
            loaded = answers.collateral(
                [one.body for one in discounts.values()],
                [(asset, one.body) for asset, one in loans.items()],
                VENUE,
                min(self._discounts.oldest, self._loans.oldest),
                bad,
            )
        self._emit(loaded)
        self._tell_refusal("collateral", refusal)

    def _tell_refusal(self, what: str, refusal: Refused | None) -> None:
        """A part that was refused is told, and asked for again ever more rarely; the others are told and used."""
        if refusal is not None:
            self.rows[what].failed(refusal)
            self._emit(PollFailed(VENUE, None, what, self._clock.now(), f"in part: {refusal.why}"))

    async def _list(self, which: tuple[str, str]) -> Answer:
        kind, family = which
        params = {"instType": kind, **({"instFamily": family} if family else {})}
        return await self._read("instruments", endpoints.INSTRUMENTS, params)

    async def _tier_table(self, key: TierKey) -> Answer:
        return await self._read("tiers", endpoints.POSITION_TIERS, key.params())

    async def _discount_table(self, _: str) -> Answer:
        return await self._read("collateral", endpoints.DISCOUNT_RATES, {})

    async def _loan_table(self, asset: Asset) -> Answer:
        params = {"instType": InstType.MARGIN, "tdMode": CROSS, "ccy": asset}
        return await self._read("collateral", endpoints.POSITION_TIERS, params)

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
        params: dict[str, object] = {"instId": symbol, "bar": "1m"}
        for left in range(count, 0, -endpoints.PAGE_ROWS):
            params["limit"] = min(left, endpoints.PAGE_ROWS)
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
