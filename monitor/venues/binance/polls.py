"""What is read over REST, for the venue and for one account. Each function reads once and emits."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import msgspec

from monitor.domain.accounts import SymbolConfig
from monitor.domain.clock import Clock
from monitor.domain.errors import MalformedAnswer, VenueError
from monitor.domain.events import AccountSnapshot, CashFlow, CashFlowsRead, PollFailed
from monitor.domain.frames import RowProblem
from monitor.domain.names import Symbol
from monitor.venues.binance import answers, cash, endpoints, funding
from monitor.venues.binance.client import VENUE, Client
from monitor.venues.binance.endpoint import Endpoint
from monitor.venues.budget import Priority
from monitor.venues.contents import Contents
from monitor.venues.desk import check_powers
from monitor.venues.readings import Reading
from monitor.venues.rest import Answer
from monitor.venues.session import Emit
from monitor.venues.settings import AccountSettings, Timings

Row = tuple[str, str]
ACCOUNT_READINGS = ("account", "config", "tiers", "permissions", "income")
INCOME_PAGES = 4  #: read of the history of cash flows at most: an account that trades more often is not followed
INCOME_LAG_SECONDS = 1.0  #: what happened this shortly before the question need not be in the history
PUBLIC_READINGS = ("clock", "instruments", "candles")


class _HeldRow(msgspec.Struct):
    symbol: str = ""
    positionSide: str = ""
    positionAmt: float | str = 0.0
    updateTime: int | None = None


class _HeldRows(msgspec.Struct):
    positions: list[_HeldRow] = []


def disagreement(account_raw: bytes, risk_raw: bytes) -> Mapping[Row, tuple[int | None, int | None]]:
    """Positions of which the two answers of one snapshot were written at different moments.

    Per (symbol, position side): the update time in the account's answer and in the positions' one; None: no such row.
    Empty if they agree, or if one of them cannot be read: that is for the reader of the answer to say.
    """
    try:
        held = msgspec.json.decode(account_raw, type=_HeldRows, strict=False).positions
        risk = msgspec.json.decode(risk_raw, type=list[_HeldRow], strict=False)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}
    ours, theirs = _open(held), _open(risk)
    return {
        row: (ours.get(row), theirs.get(row)) for row in ours.keys() | theirs.keys() if ours.get(row) != theirs.get(row)
    }


def _open(rows: list[_HeldRow]) -> dict[Row, int | None]:
    return {(row.symbol, row.positionSide): row.updateTime for row in rows if not _zero(row.positionAmt)}


def _zero(amount: float | str) -> bool:
    try:
        return float(amount) == 0
    except ValueError:
        return False


class AccountReadings:
    """The readings of one account."""

    def __init__(self, settings: AccountSettings, client: Client, emit: Emit, clock: Clock, timings: Timings) -> None:
        self.account = settings.key
        self._settings, self._client, self._emit = settings, client, emit
        self._clock, self._timings = clock, timings
        self.rows = {what: Reading(VENUE, settings.name, what) for what in ACCOUNT_READINGS}
        self.symbols: Mapping[Symbol, SymbolConfig] | None = None  #: as last read; None: never
        self.tiered = Contents(timings.missing_spacing_seconds, timings.tiers_every_seconds)
        self._quirks: Mapping[Row, tuple[int | None, int | None]] = {}

    async def account_whole(self, event_since: Callable[[float], bool]) -> AccountSnapshot:
        """Read both answers, again if the account moved in between; emit the snapshot and return it.

        `event_since(t)`: whether a push about the account came after t. A disagreement that is still the very same
        after another reading is the venue's way of writing, not movement. Tries are bounded: a snapshot of an account
        that never rests goes out with the problem named, and therefore closes nothing.
        """
        previous: Mapping[Row, tuple[int | None, int | None]] = self._quirks
        for attempt in range(1, self._timings.snapshot_tries + 1):
            asked = self._clock.now()
            account = await self._ask("account", endpoints.ACCOUNT)
            risk = await self._ask("account", endpoints.POSITION_RISK)
            self.rows["account"].came(account, risk)
            differing = disagreement(account.body, risk.body)
            moved = bool(differing) and differing != previous
            if not moved:
                self._quirks = differing
            if not moved and not event_since(asked):
                break
            previous = differing
            if attempt == self._timings.snapshot_tries:
                break
        with self.rows["account"].taking(account, risk) as bad:
            snapshot = answers.account_snapshot(
                account.body, risk.body, self.account, asked, risk.received, self.symbols, bad
            )
        if moved:
            names = ", ".join(sorted({symbol for symbol, _ in differing}))
            problem = f"account and positions were written at different moments, after {attempt} readings: {names}"
            snapshot = replace(snapshot, problems=(*snapshot.problems, problem))
        self._emit(snapshot)
        return snapshot

    async def config(self) -> bool:
        """Read modes and per-symbol settings; True if what positions are read with changed."""
        account = await self._ask("config", endpoints.ACCOUNT_CONFIG)
        symbols = await self._ask("config", endpoints.SYMBOL_CONFIG)
        self.rows["config"].came(account, symbols)
        with self.rows["config"].taking(account, symbols) as bad:
            config = answers.account_config(
                account.body, symbols.body, self.account, account.asked, symbols.received, bad
            )
        read = {one.symbol: one for one in config.symbols}
        changed = self.symbols is not None and _modes(read) != _modes(self.symbols)
        self.symbols = read
        self._emit(config)
        return changed

    async def tiers(self) -> None:
        """Read the maintenance tiers: they are the user's own."""
        answer = await self._ask("tiers", endpoints.LEVERAGE_BRACKET)
        self.rows["tiers"].came(answer)
        with self.rows["tiers"].taking(answer) as bad:
            tiers = answers.tiers(answer.body, VENUE, self.account, answer.received, bad)
        self.tiered.read((symbol for symbol, _ in tiers.tiers), self._clock.monotonic())
        self._emit(tiers)

    async def permissions(self) -> None:
        """Read what the key may do; raises `KeyTooPowerful` where the policy refuses it."""
        answer = await self._ask("permissions", endpoints.API_RESTRICTIONS)
        self.rows["permissions"].came(answer)
        with self.rows["permissions"].taking(answer):
            read = answers.permissions(answer.body, self.account, answer.received)
        self._emit(read)
        check_powers(self.account, read.permissions, self._settings.permissions)

    async def income(self, since: float) -> None:
        """Read the history of the account's cash flows from the venue's time `since` on, page by page; emit it whole,
        or as far as it was read.
        """
        flows: list[CashFlow] = []
        until, received = since, self._clock.now()
        for _ in range(INCOME_PAGES):
            begins = since if not flows else until + 0.001
            params: dict[str, str | int] = {"startTime": round(begins * 1000), "limit": cash.PAGE_ROWS}
            answer = await self._ask("income", endpoints.INCOME, params, Priority.USEFUL)
            self.rows["income"].came(answer)
            asked = answer.asked + (self._client.offset_seconds or 0.0)
            with self.rows["income"].taking(answer) as bad:
                page = cash.page(answer.body, VENUE, self.account, answer.received, bad)
            if bad:
                break  # what it did not tell may be just what is looked for
            ends = asked - INCOME_LAG_SECONDS if page.last else page.until
            flows += [flow for flow in page.flows if flow.venue_time <= ends]
            until, received = ends, answer.received
            if page.last:
                break
        self._emit(CashFlowsRead(account=self.account, flows=tuple(flows), since=since, until=until, received=received))

    async def _ask(
        self,
        what: str,
        endpoint: Endpoint,
        params: Mapping[str, str | int] | None = None,
        priority: Priority = Priority.NEEDED,
    ) -> Answer:
        """One request with the account's key. A reading that waits long for the budget says so."""

        def waits(why: str) -> None:
            self.rows[what].waits(why)
            self._emit(PollFailed(VENUE, self.account.account, what, self._clock.now(), why, waiting=True))

        return await self._client.ask(
            endpoint,
            params,
            self._settings.credentials,
            account=self.account.account,
            priority=priority,
            waits=waits,
        )


def _modes(symbols: Mapping[Symbol, SymbolConfig]) -> dict[Symbol, object]:
    return {symbol: (one.margin_mode, one.auto_add_margin) for symbol, one in symbols.items()}


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
    ) -> None:
        self._client, self._emit, self._clock, self._misread = client, emit, clock, misread
        self.listed = Contents(timings.missing_spacing_seconds, timings.instruments_every_seconds)
        self.rows = {what: Reading(VENUE, None, what) for what in PUBLIC_READINGS}

    async def clock(self) -> None:
        """Measure the venue's clock."""
        self.rows["clock"].came(*await self._client.measure_clock())
        self.rows["clock"].fine()

    async def instruments(self) -> None:
        """Read all contracts, and the weight limit that stands in the same answer."""
        answer = await self._client.ask(endpoints.EXCHANGE_INFO)
        self.rows["instruments"].came(answer)
        with self.rows["instruments"].taking(answer) as bad:
            limit = answers.rate_limits(answer.body)
            if limit is not None:
                self._client.budget.limit_per_minute = limit
            instruments = answers.instruments(answer.body, VENUE, answer.received, bad)
        self.listed.read((one.symbol for one in instruments.instruments), self._clock.monotonic())
        self._emit(instruments)
        await self._intervals()

    async def _intervals(self) -> None:
        """Read how often contracts pay funding. Without an answer that is learned as they pay."""
        try:
            answer = await self._client.ask(endpoints.FUNDING_INFO, priority=Priority.USEFUL)
        except VenueError:
            return
        found = funding.intervals(answer.body, VENUE, answer.received)
        if found is not None:
            self._emit(found)

    async def marks(self) -> None:
        """Read the mark prices of all contracts."""
        answer = await self._client.ask(endpoints.PREMIUM_INDEX)
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
            endpoints.MARK_KLINES,
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


def planned_weight(accounts: int, timings: Timings, *, blind_accounts: int = 0, bridging: int = 0) -> float:
    """Request weight a minute that the polls of so many accounts need when nothing is stretched.

    `blind_accounts` of them have no user stream and are read more often; `bridging` streams are replaced by REST.
    """
    reading = endpoints.ACCOUNT.weight + endpoints.POSITION_RISK.weight
    config = endpoints.ACCOUNT_CONFIG.weight + endpoints.SYMBOL_CONFIG.weight
    bridge = endpoints.PREMIUM_INDEX.weight
    seeing = max(0, accounts - blind_accounts)
    return 60.0 * (
        seeing * reading / timings.account_every_seconds
        + blind_accounts * reading / timings.account_every_blind_seconds
        + accounts * config / timings.config_every_seconds
        + bridging * bridge / timings.bridge_every_seconds
    )
