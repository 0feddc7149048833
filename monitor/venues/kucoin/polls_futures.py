"""The readings of one account of futures: which of the two kinds it is, and then those of that kind."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Sequence

import msgspec

from monitor.domain.clock import Clock
from monitor.domain.errors import Refused, VenueError
from monitor.domain.events import AccountSnapshot, CashFlow, CashFlowsRead
from monitor.domain.names import Symbol
from monitor.venues.budget import Priority
from monitor.venues.contents import Contents
from monitor.venues.kept import Kept
from monitor.venues.kucoin import answers, answers_account, cash, endpoints
from monitor.venues.kucoin.client import Client
from monitor.venues.kucoin.names import venue_name
from monitor.venues.kucoin.polls import ALWAYS_ASKED, CLASSIC, UNIFIED, AccountReadings, Read, bodies, not_read
from monitor.venues.kucoin.settings import VENUE
from monitor.venues.rest import Answer
from monitor.venues.session import Emit
from monitor.venues.settings import AccountSettings, Timings
from monitor.venues.wake import together

FEES_AT_ONCE = 20  #: contracts of which fees are asked for in one reading
FEES_EVERY_SECONDS = 6 * 3600.0
SWEEP_EVERY_SECONDS = 3600.0  #: between two looks at what stands in currencies in which nothing is held
INCOME_PAGES = 4  #: of each currency at most: an account that trades more often is not followed
INCOME_LAG_SECONDS = 1.0  #: what happened this shortly before the question need not be in the history


class _Settled(msgspec.Struct):
    settleCurrency: str = ""


class _Positions(msgspec.Struct):
    data: list[_Settled] = []


class _Items(msgspec.Struct):
    items: list[_Settled] = []


class _Orders(msgspec.Struct):
    data: _Items | None = None


def currencies_in(positions: bytes, orders: Sequence[bytes]) -> frozenset[str]:
    """The currencies, as the venue spells them, in which positions and orders settle."""
    found: list[_Settled] = []
    try:
        found += msgspec.json.decode(positions, type=_Positions).data
        for page in orders:
            data = msgspec.json.decode(page, type=_Orders).data
            found += data.items if data else []
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass  # what cannot be read is for the reader of the answer to say
    return frozenset(one.settleCurrency for one in found if one.settleCurrency)


class FuturesReadings(AccountReadings):
    """One account of futures. `settle` tells in which currencies contracts settle, as far as that is known."""

    def __init__(
        self,
        account: AccountSettings,
        client: Client,
        emit: Emit,
        clock: Clock,
        timings: Timings,
        settle: Callable[[], Collection[str]],
    ) -> None:
        super().__init__(account, client, emit, clock, timings)
        self._settle = settle
        self._kind: str | None = None
        self._currencies: frozenset[str] = frozenset(ALWAYS_ASKED)
        self._absent: set[str] = set()  #: currencies that the venue refused to tell of
        self._swept = float("-inf")
        self._positions: tuple[bytes, ...] = ()  #: as last read: which of them the venue tops up is a setting
        self._fees = Kept(self._fee, FEES_EVERY_SECONDS, clock)
        self._tables = Kept(self._tier_table, timings.tiers_every_seconds, clock)
        self._no_fees: frozenset[Symbol] = frozenset()  #: contracts of which the venue refused to tell
        self._known_fees = Contents(timings.missing_spacing_seconds, FEES_EVERY_SECONDS)
        self._known_tiers = Contents(timings.missing_spacing_seconds, timings.tiers_every_seconds)

    @property
    def kind(self) -> str | None:
        """«classic» or «unified», None before it was read."""
        return self._kind

    @property
    def has_history(self) -> bool:
        """The unified account has one of its own, which is not read."""
        return self._kind == CLASSIC

    def note_currency(self, currency: str) -> None:
        """A push told of a wallet in this currency, as the venue spells it."""
        self._currencies |= {currency}

    # Modes

    async def config(self) -> bool:
        """Read which kind of account it is, its position mode, and fees of what is held that are old or not known."""
        mode = await self._ask("config", endpoints.ACCOUNT_MODE)
        unified = answers_account.account_kind(mode.body, self.account) == UNIFIED
        hedge = None if unified else await self._optional("config", endpoints.POSITION_MODE)
        if not unified:
            await self._read_fees()
        fees = list(self._fees.answers.values())
        self.rows["config"].came(mode)
        with self.rows["config"].taking(mode) as bad:
            config = answers_account.account_config(
                self._settings.product,
                mode.body,
                hedge.body if hedge else None,
                bodies(fees),
                self.account,
                mode.asked,
                mode.received,
                bad,
                self._positions,
            )
        before, self._kind = self._kind, config.mode.kind or None
        self._emit(config)
        return before != self._kind

    def lacks_fees(self) -> bool:
        """Whether something is held whose fees were not read; True is acted upon."""
        now = self._clock.monotonic()
        return self._kind == CLASSIC and self._known_fees.worth_reading(self.needs.symbols, now)

    async def _read_fees(self) -> None:
        """Read fees that are old or not known, so many at once that an account of hundreds of contracts is told of them
        over some readings. Without them the modes are worth telling all the same.
        """
        known = self.needs.symbols & self._fees.answers.keys()
        missing = sorted(self.needs.symbols - known - self._no_fees)[:FEES_AT_ONCE]
        with contextlib.suppress(VenueError):
            refusal = await self._fees.renew([*sorted(known), *missing])
            self._no_fees |= frozenset(missing) - self._fees.answers.keys() if refusal else frozenset()
        self._known_fees.read(self._fees.answers, self._clock.monotonic())

    async def _fee(self, symbol: Symbol) -> Answer:
        return await self._ask("config", endpoints.TRADE_FEES, {"symbol": symbol})

    # The account

    async def _read(self, asked: float) -> tuple[AccountSnapshot, Sequence[str]]:
        if self._kind is None:
            raise not_read("account")
        return await (self._read_unified(asked) if self._kind == UNIFIED else self._read_classic(asked))

    async def _read_classic(self, asked: float) -> tuple[AccountSnapshot, Sequence[str]]:
        now = self._clock.monotonic()
        sweeping = now - self._swept >= SWEEP_EVERY_SECONDS and bool(self._settle())
        if sweeping:
            self._absent.clear()
        wanted = (self._currencies | (frozenset(self._settle()) if sweeping else frozenset())) - self._absent
        positions, orders, *overviews = await together(
            self._one(endpoints.POSITIONS),
            self._pages(endpoints.ORDERS, endpoints.ACTIVE, "currentPage"),
            *(self._overview(currency) for currency in sorted(wanted)),
        )
        self._positions = (positions.only.body,)
        held = currencies_in(positions.only.body, bodies(orders.pages))
        overviews += [await self._overview(one, needed=True) for one in sorted((held - wanted) | (held & self._absent))]
        purses = [page for one in overviews for page in one.pages]
        said = [positions.only, *orders.pages, *purses]
        self.rows["account"].came(*said)
        with self.rows["account"].taking(*said) as bad:
            snapshot = answers_account.classic_snapshot(
                positions.only.body,
                bodies(purses),
                bodies(orders.pages),
                self.account,
                asked,
                max(one.received for one in said),
                bad_rows=bad,
            )
        if sweeping:
            self._swept = now
        full = {venue_name(one.asset) for one in snapshot.balances if one.wallet or one.venue_equity}
        self._currencies = frozenset(ALWAYS_ASKED) | held | full
        return snapshot, [orders.missing] if orders.missing else []

    async def _overview(self, currency: str, *, needed: bool = False) -> Read:
        """What stands in one currency. One that is refused, and in which nothing is held, is left out until the next
        sweep.
        """
        try:
            return await self._one(endpoints.OVERVIEW, {"currency": currency})
        except Refused:
            if needed or currency == ALWAYS_ASKED[0]:
                raise
            self._absent.add(currency)
            return Read([])

    async def _read_unified(self, asked: float) -> tuple[AccountSnapshot, Sequence[str]]:
        overview, balance, positions, orders, marks = await together(
            self._one(endpoints.UNIFIED_OVERVIEW),
            self._one(endpoints.UNIFIED_BALANCE),
            self._pages(endpoints.UNIFIED_POSITIONS, {}, "pageNumber"),
            self._pages(endpoints.UNIFIED_ORDERS, endpoints.UNIFIED_CONTRACTS, "pageNumber"),
            self._marks(),
        )
        said = (overview.only, balance.only, *positions.pages, *orders.pages)
        self.rows["account"].came(*said)
        with self.rows["account"].taking(*said) as bad:
            snapshot = answers_account.unified_snapshot(
                overview.only.body,
                balance.only.body,
                bodies(positions.pages),
                bodies(orders.pages),
                self.account,
                asked,
                max(one.received for one in said),
                bad_rows=bad,
            )
        return self._priced(snapshot, marks), [one.missing for one in (positions, orders) if one.missing]

    # Tables of a unified account

    def lacks_tiers(self) -> bool:
        """Whether something is held in a unified account whose tiers were not read; True is acted upon."""
        now = self._clock.monotonic()
        return self._kind == UNIFIED and self._known_tiers.worth_reading(self.needs.symbols, now)

    async def tiers(self) -> None:
        """Read the tiers of what a unified account holds."""
        if self._kind is None:
            raise not_read("tiers")
        if self._kind != UNIFIED:
            await super().tiers()
            return
        refusal = await self._tables.renew(sorted(self.needs.symbols))
        self._known_tiers.read(self._tables.answers, self._clock.monotonic())
        read = list(self._tables.answers.values())
        if refusal is not None:
            raise refusal
        if not read:
            self.rows["tiers"].idle("nothing is held or ordered that has tiers")
            return
        with self.rows["tiers"].taking(*read) as bad:
            loaded = answers.unified_tiers(bodies(read), self.account, self._tables.oldest, bad)
        self._emit(loaded)

    async def _tier_table(self, symbol: Symbol) -> Answer:
        answer = await self._ask("tiers", endpoints.POSITION_TIERS, {**endpoints.UNIFIED_TIERS, "symbol": symbol})
        self.rows["tiers"].came(answer)
        return answer

    # Cash flows

    async def income(self, since: float) -> None:
        """Read the history of each currency back to the venue's time `since`, newest first; emit what was read, and
        from when on it is whole.
        """
        if not self.has_history:
            await super().income(since)
            return
        flows: list[CashFlow] = []
        began, received = since, self._clock.now()
        until = received + (self._client.offset_seconds or 0.0) - INCOME_LAG_SECONDS
        for currency in sorted(self._currencies):
            read, whole_since = await self._history(currency, since)
            flows += read
            began = max(began, whole_since)
        whole = tuple(
            flow for flow in sorted(flows, key=lambda one: one.venue_time) if began <= flow.venue_time <= until
        )
        self._emit(CashFlowsRead(account=self.account, flows=whole, since=began, until=until, received=received))

    async def _history(self, currency: str, since: float) -> tuple[list[CashFlow], float]:
        """One currency's flows, and since when they are whole."""
        flows: list[CashFlow] = []
        params: dict[str, str | int] = {
            "currency": currency,
            "startAt": round(since * 1000),
            "maxCount": cash.PAGE_ROWS,
        }
        for _ in range(INCOME_PAGES):
            answer = await self._ask("income", endpoints.TRANSACTIONS, params, Priority.USEFUL)
            self.rows["income"].came(answer)
            with self.rows["income"].taking(answer) as bad:
                page = cash.page(answer.body, VENUE, self.account, answer.received, bad)
            if bad:
                return flows, answer.received  # what it did not tell may be just what is looked for
            flows += page.flows
            if page.last:
                return flows, since
            params["offset"] = page.offset
        return flows, page.oldest + 0.001
