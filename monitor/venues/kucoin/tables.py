"""The readings that every account shares: the venue's tables for what they hold, and prices in the streams' place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

import msgspec

from monitor.domain.clock import Clock
from monitor.domain.errors import MalformedAnswer
from monitor.domain.events import PollFailed, TiersLoaded
from monitor.domain.frames import RowProblem
from monitor.domain.instruments import Instrument
from monitor.domain.names import AccountKey, Symbol
from monitor.venues.budget import Priority
from monitor.venues.contents import Contents
from monitor.venues.kept import Kept
from monitor.venues.kucoin import answers, endpoints
from monitor.venues.kucoin.client import Client
from monitor.venues.kucoin.market import ASSETS, MARKS, MarketStream
from monitor.venues.kucoin.names import venue_name
from monitor.venues.kucoin.needs import Needs, together
from monitor.venues.kucoin.polls import MARKS_ONE_BY_ONE, bodies
from monitor.venues.kucoin.settings import VENUE
from monitor.venues.readings import Reading
from monitor.venues.rest import Answer
from monitor.venues.session import Emit
from monitor.venues.settings import Timings
from monitor.venues.wake import together as at_once

PUBLIC_READINGS = ("clock", "instruments", "tiers", "collateral", "funding", "candles")
FUNDING_EVERY_SECONDS = 300.0  #: what is paid next is believed for ten minutes
CANDLE_SECONDS = 60.0
CANDLES_A_PAGE = 200  #: no more are given at once, whatever is asked for
_NOTHING = frozenset[Symbol]()


class _Pair(msgspec.Struct):
    symbol: str = ""


class _Pairs(msgspec.Struct):
    data: list[_Pair] = []


def pairs_in(raw: bytes) -> frozenset[Symbol]:
    """The pairs that an answer of marks tells of; none where it cannot be read: its reader will say so."""
    try:
        return frozenset(one.symbol for one in msgspec.json.decode(raw, type=_Pairs).data if one.symbol)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _NOTHING


class PublicReadings:
    """What is asked without a key. `needs()` tells what all accounts together hold and order, `classic()` what the
    classic accounts of futures among them do, and `weighs()` whether some account counts collateral by the venue's
    table.

    Tiers are told of each classic account by itself, and of what it holds: another kind of account has others for the
    same contracts, and a table that was not needed before is no change of one.

    Marks and assets have no rows of their own: they stand in for their streams, whose ledger counts their bad rows.
    """

    def __init__(
        self,
        client: Client,
        market: MarketStream,
        emit: Emit,
        clock: Clock,
        timings: Timings,
        needs: Callable[[], Needs],
        classic: Callable[[], Mapping[AccountKey, Needs]],
        weighs: Callable[[], bool],
    ) -> None:
        self._client, self._market, self._emit, self._clock = client, market, emit, clock
        self._needs, self._classic, self._weighs = needs, classic, weighs
        self.rows = {what: Reading(VENUE, None, what) for what in PUBLIC_READINGS}
        spacing = timings.missing_spacing_seconds
        self._there = Contents(spacing, timings.instruments_every_seconds)
        self._tiered = Contents(spacing, timings.tiers_every_seconds)
        self._limits = Kept(self._risk_limit, timings.tiers_every_seconds, clock)
        self._contracts: Answer | None = None
        self._tables: TiersLoaded | None = None  #: of all contracts, and all risk limits that were read
        self._told: dict[
            AccountKey, Needs
        ] = {}  #: `symbols` whose curve each account was told, `isolated` whose levels
        self._instruments: Mapping[Symbol, Instrument] = {}
        self._funded: frozenset[Symbol] = _NOTHING  #: whose funding was asked for last
        self.weighed = False  #: how coins count was asked for

    async def clock(self) -> None:
        """Measure the venue's clock."""
        self.rows["clock"].came(*await self._client.measure_clock())
        self.rows["clock"].fine()

    # Tables

    def lacks_instruments(self, needs: Needs) -> bool:
        """Whether something is held that was listed since; True is acted upon."""
        return self._there.worth_reading(needs.symbols, self._clock.monotonic())

    def lacks_tiers(self) -> bool:
        """Whether a table of risk limits is needed that is not there; True is acted upon."""
        return self._tiered.worth_reading(self._levelled(), self._clock.monotonic())

    def _levelled(self) -> frozenset[Symbol]:
        """Contracts held where the user's level of risk decides."""
        return together(self._classic().values()).isolated

    def lists(self, symbol: Symbol) -> bool:
        """Whether the venue has this contract, as it was last read."""
        return symbol in self._instruments

    def settle_currencies(self) -> frozenset[str]:
        """The currencies in which contracts settle, as the venue spells them."""
        return frozenset(venue_name(one.settle) for one in self._instruments.values())

    async def instruments(self) -> None:
        """Read all contracts."""
        answer = await self._read("instruments", endpoints.CONTRACTS)
        with self.rows["instruments"].taking(answer) as bad:
            loaded = answers.instruments(answer.body, VENUE, answer.received, bad)
        self._contracts = answer
        self._instruments = {one.symbol: one for one in loaded.instruments}
        self._there.read(self._instruments, self._clock.monotonic())
        self._emit(loaded)
        self._emit(answers.funding_intervals(answer.body, VENUE, answer.received))
        self._make_tiers()

    def lacks_funding(self, needs: Needs) -> bool:
        """Whether something is held of which it was not asked what it pays."""
        return not needs.symbols <= self._funded

    async def funding(self) -> None:
        """Read what the contracts that are held pay next, and when: their stream does not tell the time."""
        self._funded = self._needs().symbols
        if not self._funded:
            self.rows["funding"].idle("nothing is held or ordered that pays funding")
            return
        answer = await self._read("funding", endpoints.CONTRACTS)
        with self.rows["funding"].taking(answer) as bad:
            rates = answers.funding_rates(answer.body, self._funded, VENUE, answer.received, bad)
        if rates is not None:
            self._emit(rates)

    async def tiers(self) -> None:
        """Read the risk limits of what is held, as far as they are missing or old."""
        wanted = sorted(self._levelled() or self._limits.answers)
        try:
            refusal = await self._limits.renew(wanted)
        finally:
            self._tiered.read(self._limits.answers, self._clock.monotonic())
            self._make_tiers()
        if not wanted:
            self.rows["tiers"].idle("nothing is held or ordered that has risk limits")
        if refusal is not None:
            self.rows["tiers"].failed(refusal)
            self._emit(PollFailed(VENUE, None, "tiers", self._clock.now(), f"in part: {refusal.why}"))

    def _make_tiers(self) -> None:
        """Put the tables together: a contract says how its rate grows, a risk limit what each level asks."""
        contracts, limits = self._contracts, self._limits.answers
        if contracts is None:
            return
        with self.rows["tiers"].taking(contracts, *limits.values()) as bad:
            read = min([contracts.received, *(one.received for one in limits.values())])
            by_symbol = {symbol: one.body for symbol, one in limits.items()}
            self._tables = answers.tiers(contracts.body, by_symbol, VENUE, read, bad)
        self._told.clear()
        self.tell_tiers()

    def tell_tiers(self) -> None:
        """Tell each classic account the tables of what it holds, where that is more than it was told."""
        tables = self._tables
        if tables is None:
            return
        classic = self._classic()
        # An account that became another kind has other tables by now, and is told anew when it comes back.
        self._told = {account: told for account, told in self._told.items() if account in classic}
        for account, needs in classic.items():
            wanted = Needs(needs.symbols - needs.isolated, isolated=needs.isolated)
            told = self._told.get(account, Needs())
            if needs.symbols and not wanted <= told:
                every = self._told[account] = wanted | told
                growing = tuple(one for one in tables.tiers if one[0] in every.symbols)
                levels = tuple(one for one in tables.isolated if one[0] in every.isolated)
                self._emit(replace(tables, account=account, tiers=growing, isolated=levels))

    async def collateral(self) -> None:
        """Read how coins count in a unified account, where there is one."""
        if not self._weighs():
            self.rows["collateral"].idle("no account counts coins by the venue's table")
            return
        self.weighed = True
        answer = await self._read("collateral", endpoints.DISCOUNTS)
        with self.rows["collateral"].taking(answer) as bad:
            loaded = answers.collateral(answer.body, None, VENUE, answer.received, bad)
        self._emit(loaded)

    async def _risk_limit(self, symbol: Symbol) -> Answer:
        return await self._read("tiers", endpoints.RISK_LIMIT, {"symbol": symbol})

    async def _read(
        self,
        what: str,
        endpoint: endpoints.Endpoint,
        params: Mapping[str, str | int] | None = None,
        priority: Priority = Priority.NEEDED,
    ) -> Answer:
        answer = await self._client.ask(endpoint, params, priority=priority)
        self.rows[what].came(answer)
        return answer

    # In the streams' place

    async def marks(self) -> None:
        """Read the mark prices of what is held, one by one, or where that is much those of all contracts."""
        symbols = sorted(self._needs().symbols)
        bad: list[RowProblem] = []
        if len(symbols) > MARKS_ONE_BY_ONE:
            answer = await self._client.ask(endpoints.CONTRACTS)
            said = [answer]
            ticks = answers.contract_marks(answer.body, symbols, VENUE, answer.received, bad)
        else:
            asking = [self._client.ask(endpoints.MARK_PRICE, {"symbol": symbol}) for symbol in symbols]
            said = await at_once(*asking)
            ticks = answers.marks(bodies(said), VENUE, max((one.received for one in said), default=0.0), bad)
        self._misread(MARKS, bad, said)
        for tick in ticks:
            self._emit(tick)

    async def assets(self) -> None:
        """Read what coins are worth, and which pairs there are that tell it."""
        wanted = self._needs().assets
        if not wanted:
            return
        answer = await self._client.ask(endpoints.MARGIN_MARKS)
        self._market.list_pairs(pairs_in(answer.body))
        bad: list[RowProblem] = []
        ticks = answers.asset_ticks(answer.body, wanted, VENUE, answer.received, bad)
        self._misread(ASSETS, bad, [answer])
        for tick in ticks:
            self._emit(tick)

    def _misread(self, stream: str, bad: Sequence[RowProblem], said: Sequence[Answer]) -> None:
        self._market.ledger.count_rows(stream, bad, b" ".join(bodies(said)))

    async def candles(self, symbol: Symbol, count: int) -> None:
        """Read one-minute candles, the seed of a volatility; it waits while others need the budget.

        The venue has none of marks: those of trades have nearly the same returns.
        """
        pages: list[Answer] = []
        until = round(self._client.venue_now() * 1000)
        step = round(CANDLE_SECONDS * 1000)
        read = partial(self._read, "candles", endpoints.KLINES, priority=Priority.USEFUL)
        for left in range(count, 0, -CANDLES_A_PAGE):
            since = until - min(left, CANDLES_A_PAGE) * step
            pages.append(await read(params={"symbol": symbol, "granularity": 1, "from": since, "to": until}))
            until = since
        with self.rows["candles"].taking(*pages) as bad:
            loaded = answers.candles(bodies(pages), VENUE, symbol, pages[-1].received, CANDLE_SECONDS, bad)
            if not loaded.closes:
                raise MalformedAnswer(VENUE, "candles", f"no candles of {symbol}")
        self._emit(loaded)
