"""A folder of raw answers as events: what `assess` feeds to the engine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from monitor.domain.accounts import CollateralMode
from monitor.domain.errors import InputMissing
from monitor.domain.events import AccountConfig, AccountSnapshot, AssetTick, Event, Tick
from monitor.domain.frames import RowProblem
from monitor.domain.names import AccountKey, Asset
from monitor.venues import folder
from monitor.venues.folder import Request
from monitor.venues.hyperliquid import answers as words
from monitor.venues.hyperliquid.codec_prices import BACKING
from monitor.venues.hyperliquid.endpoints import (
    ABSTRACTION,
    ALL_METAS,
    BORROW_LEND_ALL,
    CLEARINGHOUSE,
    DEXS,
    META,
    META_AND_CTXS,
    PATH,
    ROLE,
    SPOT,
    SPOT_META,
    SPOT_META_AND_CTXS,
    Info,
)
from monitor.venues.hyperliquid.names import FIRST_DEX, NO_UNIVERSE, Universe
from monitor.venues.offline import Offline
from monitor.venues.rows import in_words

NO_SPOT = b'{"balances":[]}'
OPTIONAL_MEANING: Mapping[str, str] = {
    ABSTRACTION.type: "the account's mode is unknown, so nothing can be computed",
    SPOT.type: "spot balances, and the second signal of the account's mode, are unknown, so nothing can be computed",
    ALL_METAS.type: "no perpetuals and no margin tables: margin ratios and lines are unknown",
    SPOT_META.type: "names of spot tokens are unknown: a dex that is not backed by USDC cannot be computed",
    META_AND_CTXS.type: "mark prices only of the positions themselves",
}
"""What it costs when an optional answer is missing."""
OF_PORTFOLIOS: Mapping[str, str] = {
    BORROW_LEND_ALL.type: "no reserves: shares of collateral by the account's rows or parameters, prices by oracles",
}
OF_BUILDERS: Mapping[str, str] = {
    DEXS.type: "the order of the dexs is read off their perpetuals",
}


def read(answers: Mapping[str, bytes], account: AccountKey, time: float) -> Offline:
    """Answers by file name (`folder.name`) to events. `time` is when they were captured, seconds since 1970.

    InputMissing if no clearinghouseState is there, MalformedAnswer if a file is not what its name says.
    """
    found: dict[str, list[tuple[Request, bytes]]] = {}
    for file_name in sorted(answers):
        try:
            request = folder.parse(file_name, [PATH])
        except ValueError:
            continue  # not the name of an answer: a note that somebody put beside them
        if request.path == PATH and "type" in request.params:
            found.setdefault(request.params["type"], []).append((request, answers[file_name]))
    if CLEARINGHOUSE.type not in found:
        name = folder.name(PATH, {"type": CLEARINGHOUSE.type})
        raise InputMissing(f"{name}: not in the folder; without it there is nothing to assess")
    reading = _Reading(found, account, time)
    events = reading.events()
    return Offline(events, reading.missing, in_words(reading.problems))


class _Reading:
    def __init__(self, found: Mapping[str, list[tuple[Request, bytes]]], account: AccountKey, time: float) -> None:
        self._found, self._account, self._venue, self._time = found, account, account.venue, time
        self.problems: list[RowProblem] = []
        self.missing: dict[str, str] = {}
        self._universe = self._dexs()

    def events(self) -> tuple[Event, ...]:
        """Tables, the configuration, prices, and the account last, so that it is computed once."""
        config = self._config()
        assets = list(self._assets())
        prices: dict[Asset, float] = {one.asset: one.price_usd for one in assets}
        snapshot = self._snapshot(prices)
        self._name_missing(config, snapshot)
        # What is missing is a problem of the configuration: the snapshot stays whole and is still reconciled.
        costs = (*self.missing.values(), *self._refusal())
        return (
            *self._tables(),
            replace(config, problems=(*costs, *config.problems)),
            *assets,
            *self._marks(snapshot),
            *self._funding(),
            snapshot,
        )

    def _one(self, info: Info) -> bytes | None:
        """The answer to a question, of the first dex where each dex has one."""
        for request, raw in self._found.get(info.type, []):
            if not request.params.get("dex"):
                return raw
        return None

    def _metas(self) -> bytes | None:
        return self._one(ALL_METAS) or self._one(META)

    def _dexs(self) -> Universe:
        metas = self._metas()
        return (
            NO_UNIVERSE if metas is None else words.universe(self._one(DEXS), metas, self._one(SPOT_META), self._venue)
        )

    def _config(self) -> AccountConfig:
        said = self._one(ABSTRACTION)
        if said is not None:
            return words.account_config(said, self._one(SPOT), self._account, self._time, self._time)
        return AccountConfig(
            account=self._account, mode=words.UNREADABLE, symbols=(), asked=self._time, received=self._time
        )

    def _refusal(self) -> tuple[str, ...]:
        said = self._one(ROLE)
        refusal = "" if said is None else words.role(said, self._account).refusal
        return (refusal,) if refusal else ()

    def _snapshot(self, prices: Mapping[Asset, float]) -> AccountSnapshot:
        bad: list[RowProblem] = []
        states = {request.params.get("dex", FIRST_DEX): raw for request, raw in self._found[CLEARINGHOUSE.type]}
        snapshot = words.account_snapshot(
            states,
            self._one(SPOT) or NO_SPOT,
            self._account,
            self._time,
            self._time,
            universe=self._universe,
            prices=prices,
            bad_rows=bad,
        )
        self.problems += bad
        return snapshot

    def _tables(self) -> list[Event]:
        events: list[Event] = []
        metas, reserves = self._metas(), self._one(BORROW_LEND_ALL)
        if metas is not None:
            events.append(words.instruments(metas, self._universe, self._venue, self._time, self.problems))
            events.append(words.tiers(metas, self._venue, self._time, self.problems))
        if reserves is not None:
            events.append(words.collateral(reserves, self._universe, self._venue, self._time, self.problems))
        return events

    def _assets(self) -> Iterable[AssetTick]:
        """USD prices: those that loans are computed with before those of oracles and pairs."""
        found: dict[Asset, AssetTick] = {}
        reserves, pairs = self._one(BORROW_LEND_ALL), self._one(SPOT_META_AND_CTXS)
        if reserves is not None:
            told = words.reserve_prices(reserves, self._universe, self._venue, self._time, self.problems)
            found |= {one.asset: one for one in told}
        if pairs is not None:
            for one in words.asset_prices(pairs, self._venue, self._time):
                found.setdefault(one.asset, one)
        for tick in self._ticks():
            if tick.symbol in BACKING and tick.index is not None:
                found.setdefault(tick.symbol, AssetTick(self._venue, tick.symbol, tick.index, self._time, self._time))
        return found.values()

    def _ticks(self) -> list[Tick]:
        raws = [raw for _, raw in self._found.get(META_AND_CTXS.type, [])]
        return [tick for raw in raws for tick in words.marks(raw, self._venue, self._time)]

    def _funding(self) -> list[Event]:
        """What perpetuals pay next, and how often."""
        raws = [raw for _, raw in self._found.get(META_AND_CTXS.type, [])]
        told = [words.funding(raw, self._venue, self._time) for raw in raws]
        rates: list[Event] = [each for each in told if each is not None]
        return [words.funding_intervals(self._universe, self._venue, self._time), *rates] if rates else []

    def _marks(self, snapshot: AccountSnapshot) -> list[Tick]:
        """Marks as they were read; where there are none, those that the positions themselves show."""
        ticks = self._ticks()
        told = {tick.symbol for tick in ticks}
        ticks += [
            Tick(self._venue, symbol, mark, self._time, self._time)
            for symbol, mark in snapshot.marks
            if symbol not in told
        ]
        return ticks

    def _name_missing(self, config: AccountConfig, snapshot: AccountSnapshot) -> None:
        wanted = dict(OPTIONAL_MEANING)
        if config.mode.collateral is CollateralMode.PORTFOLIO:
            wanted |= OF_PORTFOLIOS
        if any(":" in one.symbol for one in snapshot.positions):
            wanted |= OF_BUILDERS
        else:
            wanted.pop(SPOT_META.type)
        if not snapshot.positions:
            wanted.pop(ALL_METAS.type)
            wanted.pop(META_AND_CTXS.type)
        if META.type in self._found:
            wanted.pop(ALL_METAS.type, None)
        for kind, cost in wanted.items():
            if kind not in self._found:
                name = folder.name(PATH, {"type": kind})
                self.missing[name] = f"{name} is missing: {cost}"
