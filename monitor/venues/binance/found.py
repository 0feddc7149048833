"""What was found in a folder of raw answers, and what every product makes of it: contracts, tiers, marks, powers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace

from monitor.domain.accounts import AccountMode
from monitor.domain.events import AccountConfig, AccountSnapshot, Event, InstrumentsLoaded, Tick, TiersLoaded
from monitor.domain.frames import RowProblem
from monitor.domain.names import AccountKey, Symbol, Venue
from monitor.venues import folder
from monitor.venues.binance import answers as words
from monitor.venues.binance.endpoint import Endpoint
from monitor.venues.binance.endpoints import API_RESTRICTIONS, ASSET_INDEX

Answers = Mapping[str, list[tuple[folder.Request, bytes]]]
"""By path: the requests of that path and what they were answered."""


@dataclass(frozen=True, slots=True)
class Product:
    """One kind of account: the files that it cannot do without, and what each other one would have told.

    `telling`: the file by which it is known. `read` makes the events of what was found. `needless` names the files that
    this very account does not need, for what it is or holds.
    """

    telling: Endpoint
    required: tuple[Endpoint, ...]
    optional: Mapping[Endpoint, str]
    read: Callable[[Found], list[Event]]
    needless: Callable[[Found], Collection[Endpoint]] = lambda _found: ()


@dataclass(slots=True)
class Found:
    """One account's answers, the time of them all, what is missing in words, and the rows that could not be read."""

    answers: Answers
    account: AccountKey
    time: float
    missing: tuple[str, ...] = ()
    problems: list[RowProblem] = field(default_factory=list)

    @property
    def venue(self) -> Venue:
        """Whose answers these are."""
        return self.account.venue

    def all(self, endpoint: Endpoint) -> list[bytes]:
        """Every answer of an endpoint; a file may hold that for one symbol."""
        return [raw for _, raw in self.answers.get(endpoint.path, [])]

    def by_symbol(self, endpoint: Endpoint) -> dict[Symbol, bytes]:
        """The answers of an endpoint that is asked symbol by symbol."""
        found = self.answers.get(endpoint.path, [])
        return {request.params["symbol"]: raw for request, raw in found if "symbol" in request.params}

    def first(self, *endpoints: Endpoint) -> bytes | None:
        """The first answer that is there; None without any."""
        return next((raw for endpoint in endpoints for raw in self.all(endpoint)), None)

    def instruments(self, *endpoints: Endpoint) -> list[Event]:
        """The contracts of all these lists, as one."""
        raws = [raw for endpoint in endpoints for raw in self.all(endpoint)]
        if not raws:
            return []
        loaded = [words.instruments(raw, self.venue, self.time, self.problems) for raw in raws]
        return [InstrumentsLoaded(self.venue, tuple(row for one in loaded for row in one.instruments), self.time)]

    def tiers(self, *endpoints: Endpoint) -> list[Event]:
        """The maintenance tiers of all these tables, as one."""
        raws = [raw for endpoint in endpoints for raw in self.all(endpoint)]
        if not raws:
            return []
        loaded = [words.tiers(raw, self.venue, self.account, self.time, self.problems) for raw in raws]
        return [TiersLoaded(self.venue, self.account, tuple(row for one in loaded for row in one.tiers), self.time)]

    def assets(self) -> list[Event]:
        """Index prices and rates of multi-assets mode, which serve as prices everywhere."""
        return [
            tick
            for raw in self.all(ASSET_INDEX)
            for tick in words.asset_index(raw, self.venue, self.time, self.problems)
        ]

    def permissions(self) -> list[Event]:
        """What the key may do."""
        return [words.permissions(raw, self.account, self.time) for raw in self.all(API_RESTRICTIONS)]

    def marks(self, snapshot: AccountSnapshot, *endpoints: Endpoint) -> list[Event]:
        """Marks of premiumIndex; where it has none, those that the positions were computed with."""
        ticks = [
            tick
            for endpoint in endpoints
            for raw in self.all(endpoint)
            for tick in words.marks(raw, self.venue, self.time, self.problems)
        ]
        there = {tick.symbol for tick in ticks}
        own = [
            Tick(self.venue, symbol, mark, self.time, self.time)
            for symbol, mark in snapshot.marks
            if symbol not in there
        ]
        return [*ticks, *own]

    def configured(self, config: AccountConfig | None) -> AccountConfig:
        """The configuration, unknown without one. What is missing is its problem: it lowers the quality, and the
        snapshot stays whole, so that it is still compared with the venue's figures.
        """
        if config is not None:
            return replace(config, problems=(*self.missing, *config.problems))
        return AccountConfig(
            account=self.account,
            mode=AccountMode(collateral=None, hedge=None),
            symbols=(),
            asked=self.time,
            received=self.time,
            problems=self.missing,
        )


def without(endpoint: Endpoint, meaning: str) -> str:
    """In words, that an optional file is missing and what that costs."""
    return f"{folder.name(endpoint.path)} is missing: {meaning}"
