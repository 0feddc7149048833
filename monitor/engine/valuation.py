"""The pools of all accounts and what the kernel says of them: described once, revalued when a price of theirs moves."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from monitor.domain.errors import MarginwatchError
from monitor.domain.lines import Line
from monitor.domain.names import USD, AccountKey, Asset, PoolKey, PositionKey, Symbol
from monitor.domain.reports import PoolReport
from monitor.engine.crossings import Crossings
from monitor.engine.market import Market
from monitor.engine.settings import EngineSettings
from monitor.engine.terms import NO_TERMS, UNLISTED, Listed, Terms, one_sided
from monitor.margin.advice import advise, nearest
from monitor.margin.arrays import Ints
from monitor.margin.book import STABLECOINS, Book
from monitor.margin.evaluate import evaluate
from monitor.margin.pool import Pool
from monitor.margin.prices import Prices
from monitor.margin.results import PoolResult
from monitor.margin.sweep import sweep
from monitor.margin.weight import weight

NOT_PRINTED = Line.unknown("not in the venue's answer")
SEARCHED_LEGS = 250  #: lines are searched for so many legs at once, or for one account
SEARCH_REST_SECONDS = 2e-4  #: for each leg searched, so that searching never takes all the time there is
NO_ADVICE: tuple[float | None, str] = (None, "")


@dataclass(frozen=True, slots=True)
class Held:
    """What does not change about a position while its description stands. `printed` is the venue's own line."""

    key: PositionKey
    coin: Asset
    settle: Asset
    mark_place: int
    printed: Line
    terms: Terms


@dataclass(frozen=True, slots=True, eq=False)
class Needs:
    """The prices that a pool is computed from. `assets` decide its ratio, `numeraire` its figures in USD.

    `priced_assets` are both together; `mark_places` and `asset_places` are where symbols and priced assets stand;
    `coin_places` where the mark stands that tells how much a coin moves. `options` are the symbols priced by a model,
    and `scenarios` says that the requirement, or a part of it, is read off a venue's own.
    """

    symbols: tuple[Symbol, ...]
    assets: tuple[Asset, ...]
    numeraire: Asset
    positions: tuple[Held, ...]
    priced_assets: tuple[Asset, ...]
    mark_places: Ints
    asset_places: Ints
    coin_places: Mapping[Asset, int]
    options: tuple[Symbol, ...] = ()
    scenarios: bool = False


def needs_of(pool: Pool, prices: Prices, listed: Listed = UNLISTED) -> Needs:
    """What has to be known, and fresh, for this pool."""
    venue, settled = pool.key.venue, {leg.settle for leg in pool.legs}
    assets = {holding.asset for holding in pool.holdings if holding.amount or holding.asset in settled}
    assets |= {debt.asset for debt in pool.debts} | {grid.asset for grid in pool.grids}
    symbols = tuple(dict.fromkeys(leg.symbol for leg in pool.legs))
    decisive = tuple(sorted(assets - {pool.numeraire, USD}))
    printed = {PositionKey(line.symbol, line.side): line.printed for line in pool.venue.lines}
    held = []
    for leg in pool.legs:
        if not leg.order:
            key, place = PositionKey(leg.symbol, leg.side), prices.mark_place(venue, leg.symbol)
            terms = listed.terms.get(key, NO_TERMS)
            held.append(Held(key, leg.coin or leg.base, leg.settle, place, printed.get(key, NOT_PRINTED), terms))
    priced = (*decisive, *([pool.numeraire] if pool.numeraire != USD else []))
    return Needs(
        symbols=symbols,
        assets=decisive,
        numeraire=pool.numeraire,
        positions=tuple(held),
        priced_assets=priced,
        mark_places=prices.mark_places(venue, symbols),
        asset_places=np.array([prices.asset_place(venue, asset) for asset in priced], np.intp),
        coin_places={coin: prices.mark_place(venue, symbol) for coin, symbol in listed.coins.items()},
        options=tuple(dict.fromkeys(leg.symbol for leg in pool.legs if leg.option is not None)),
        scenarios=bool(pool.grids),
    )


def touching(pool: Pool) -> set[Asset]:
    """All assets whose price may change any figure or line of the pool."""
    found = {pool.numeraire} | {holding.asset for holding in pool.holdings}
    found |= {debt.asset for debt in pool.debts} | {grid.asset for grid in pool.grids}
    for leg in pool.legs:
        found |= {leg.base, leg.quote, leg.settle, leg.coin or leg.base}
    return found


@dataclass(slots=True)
class Priced:
    """One described pool. `failure` says why it cannot be computed as described, `trouble` why it could not just now;
    `advice` is (USD to add or None, text); `told` what was reported of it last, and what that was made of.
    """

    pool: Pool
    needs: Needs
    result: PoolResult | None = None
    failure: tuple[str, ...] = ()
    trouble: tuple[str, ...] = ()
    advice: tuple[float | None, str] = NO_ADVICE
    advised_at: float = -math.inf
    told: tuple[object, PoolReport] | None = None
    one_sided: bool | None = None
    weight: int = 0


class Valuation:
    """Book and results of all accounts. A computation that fails takes the old value away and leaves its reason.

    `decide` looks at all that moved, in columns, each time; `revalue` makes the results of those that are reported.
    """

    def __init__(self, market: Market, settings: EngineSettings) -> None:
        self._market = market
        self._settings = settings
        self.stablecoins: Collection[Asset] = STABLECOINS if settings.stablecoins is None else settings.stablecoins
        self._book = Book(market.prices, self.stablecoins)
        self._crossings = Crossings(settings.ratio_levels, settings.distance_levels)
        self._pools: dict[AccountKey, dict[PoolKey, Priced]] = {}
        self._touched: dict[AccountKey, tuple[set[int], set[int]]] = {}  #: places of the marks and assets it depends on
        self._stale: dict[AccountKey, None] = {}  #: accounts whose results are older than their prices
        self._unsearched: dict[AccountKey, None] = {}  #: accounts that moved since lines were searched last
        self._searched_at = self._search_after = -math.inf
        self._near: dict[PoolKey, AccountKey] = {}  #: pools that want advice

    def of(self, account: AccountKey) -> Mapping[PoolKey, Priced]:
        """The pools of an account, in the order of their description."""
        return self._pools.get(account, {})

    def legs(self, account: AccountKey) -> int:
        """How many legs its pools weigh: what a report of it costs, or a search for its lines."""
        return sum(priced.weight for priced in self.of(account).values())

    def replace(
        self, account: AccountKey, pools: Sequence[Pool], listed: Callable[[Pool], Listed] = lambda _: UNLISTED
    ) -> None:
        """Take a new description. A pool that cannot be computed costs itself, and the others stay."""
        before = self._pools.get(account, {})
        self.remove(account)
        prices, venue = self._market.prices, account.venue
        entries = {pool.key: self._priced(pool, listed(pool)) for pool in pools}
        for key, entry in entries.items():
            old = before.get(key)
            if old is not None and old.pool == entry.pool:  # read again, and the same: what was advised still holds
                entry.advice, entry.advised_at = old.advice, old.advised_at
        self._pools[account], self._stale[account] = entries, None
        if self._refused(account, pools) is not None:
            good: list[Pool] = []
            for pool in pools:  # a refused replacement changes nothing, so what is good stays in the book
                why = self._refused(account, [*good, pool])
                if why is None:
                    good.append(pool)
                else:
                    entries[pool.key].failure = (why,)
        marks = {place for priced in entries.values() for place in priced.needs.mark_places.tolist()}
        assets = {prices.asset_place(venue, asset) for pool in pools for asset in sorted(touching(pool))}
        self._touched[account] = marks, assets
        self._market.mark_holders.add(account, sorted(marks))
        self._market.asset_holders.add(account, sorted(assets))

    def _priced(self, pool: Pool, listed: Listed) -> Priced:
        sided = one_sided(pool, self._settings.betas, self.stablecoins)
        return Priced(pool, needs_of(pool, self._market.prices, listed), one_sided=sided, weight=weight(pool))

    def remove(self, account: AccountKey) -> None:
        """Forget an account's pools."""
        gone = self._pools.pop(account, None)
        if gone is None:
            return
        self._stale.pop(account, None)
        self._unsearched.pop(account, None)
        self._book.remove(account)
        self._crossings.forget(gone)
        for key in gone:
            self._near.pop(key, None)
        marks, assets = self._touched.pop(account)
        self._market.mark_holders.remove(account, marks)
        self._market.asset_holders.remove(account, assets)

    def decide(self, accounts: Collection[AccountKey], now: float) -> Iterable[AccountKey]:
        """The prices of these accounts moved: those of which a figure crossed a level, and maybe others.

        Ratios, and lines in closed form, are compared each time. Lines that need a search (those of collateral that
        counts less than its price, of loans, of options) cost ten times as much and more: they are searched, for what
        moved since, at most once in `lines_every_seconds`, and again for each report. What is too much for one time is
        searched in turns, oldest first, with a rest after each.
        """
        self._stale |= dict.fromkeys(accounts)
        held = {account: None for account in accounts if account in self._pools}
        every = self._settings.lines_every_seconds
        if not held or not every:  # all of them are reported at each step
            return held
        self._unsearched |= held
        search = self._due(now, every)
        held = search | held
        try:
            return self._crossings.crossed(sweep(self._book, held, betas=self._settings.betas, search=search))
        except MarginwatchError:
            return held  # their reports tell which of them failed, and why

    def _due(self, now: float, every: float) -> dict[AccountKey, None]:
        """Whose lines are searched now, which is noted here."""
        found: dict[AccountKey, None] = {}
        if self._searched_at <= now < self._search_after:  # a clock that was set back makes nobody wait
            return found
        legs = 0
        while self._unsearched and (not found or legs < SEARCHED_LEGS):
            account = next(iter(self._unsearched))
            del self._unsearched[account]
            found[account] = None
            legs += self.legs(account)
        rest = legs * SEARCH_REST_SECONDS
        self._searched_at, self._search_after = now, now + (rest if self._unsearched else max(every, rest))
        return found

    def revalue(self, accounts: Iterable[AccountKey]) -> None:
        """Bring the results of these accounts, ratios and lines, to the prices of now."""
        stale = [account for account in accounts if account in self._stale and account in self._pools]
        results = self._evaluated(stale) if stale else {}
        for account in stale:
            del self._stale[account]
            self._unsearched.pop(account, None)
            for key, entry in self._pools[account].items():
                if not entry.failure:
                    self._settle(account, key, entry, results[key])

    def _refused(self, account: AccountKey, pools: Sequence[Pool]) -> str | None:
        try:
            self._book.replace(account, pools)
        except MarginwatchError as error:
            return str(error)
        return None

    def _evaluated(self, accounts: Sequence[AccountKey]) -> dict[PoolKey, PoolResult | str]:
        """Results by pool, or why there is none: a failure in one account costs that account only."""
        held = [account for account in accounts if any(not entry.failure for entry in self._pools[account].values())]
        try:
            return dict(evaluate(self._book, accounts=held, betas=self._settings.betas)) if held else {}
        except MarginwatchError as error:
            if len(held) == 1:
                return dict.fromkeys(self._pools[held[0]], str(error))
        found: dict[PoolKey, PoolResult | str] = {}
        for account in held:
            found |= self._evaluated([account])
        return found

    def _settle(self, account: AccountKey, key: PoolKey, entry: Priced, result: PoolResult | str) -> None:
        """Take a pool's result, and keep or drop it among those that want advice: a line is nearer than wanted."""
        if isinstance(result, str):
            entry.result, entry.trouble = None, (result,)
        else:
            entry.trouble = ()
            if result != entry.result:  # else the old object stays, and with it what was made of it
                entry.result = result
        distance = None if entry.result is None else nearest(entry.result).distance_ratio
        if distance is None or distance >= self._settings.wanted_distance_ratio:
            self._near.pop(key, None)
            entry.advice, entry.advised_at = NO_ADVICE, -math.inf
        else:
            self._near[key] = account

    def advise(self, now: float) -> tuple[AccountKey, ...]:
        """Advice for pools that want it; returns their accounts. It costs a hundred times as much as a ratio, so it is
        sought when nothing else waits, and for few at a time: those that have waited longest.
        """
        entries = [(self._pools[account][key], account) for key, account in self._near.items()]
        old = [each for each in entries if not 0.0 <= now - each[0].advised_at < self._settings.advice_every_seconds]
        chosen = sorted(old, key=lambda each: each[0].advised_at)[: self._settings.advices_per_step]
        for entry, _ in chosen:
            entry.advised_at = now
            try:
                advice = advise(
                    entry.pool,
                    self._market.prices,
                    self._settings.wanted_distance_ratio,
                    betas=self._settings.betas,
                    stablecoins=self.stablecoins,
                )
            except MarginwatchError:
                entry.advice = NO_ADVICE
            else:
                entry.advice = (advice.add_usd, advice.text)
        return tuple(account for _, account in chosen)
