"""The pools of all accounts and what the kernel says of them: described once, revalued when a price of theirs moves."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from monitor.domain.errors import MarginwatchError
from monitor.domain.names import USD, AccountKey, Asset, PoolKey, PositionKey, Symbol, Venue
from monitor.engine.lines import with_solved_lines
from monitor.engine.settings import EngineSettings
from monitor.margin.advice import advise, nearest
from monitor.margin.book import STABLECOINS, Book
from monitor.margin.evaluate import evaluate
from monitor.margin.pool import Pool
from monitor.margin.prices import Prices
from monitor.margin.results import PoolResult

NO_ADVICE: tuple[float | None, str] = (None, "")


@dataclass(frozen=True, slots=True)
class Needs:
    """The prices that a pool is computed from. `assets` decide its ratio, `numeraire` its figures in USD."""

    symbols: tuple[Symbol, ...]
    assets: tuple[Asset, ...]
    numeraire: Asset
    positions: tuple[PositionKey, ...]


def needs_of(pool: Pool) -> Needs:
    """What has to be known, and fresh, for this pool."""
    settled = {leg.settle for leg in pool.legs}
    assets = {holding.asset for holding in pool.holdings if holding.amount or holding.asset in settled}
    assets |= {debt.asset for debt in pool.debts} | {grid.asset for grid in pool.grids}
    return Needs(
        symbols=tuple(dict.fromkeys(leg.symbol for leg in pool.legs)),
        assets=tuple(sorted(assets - {pool.numeraire, USD})),
        numeraire=pool.numeraire,
        positions=tuple(PositionKey(leg.symbol, leg.side) for leg in pool.legs if not leg.order),
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
    `advice` is (USD to add or None, text).
    """

    pool: Pool
    needs: Needs
    result: PoolResult | None = None
    failure: tuple[str, ...] = ()
    trouble: tuple[str, ...] = ()
    solved: PoolResult | None = None  #: the last result with lines
    advice: tuple[float | None, str] = NO_ADVICE
    advised_at: float = -math.inf


class Valuation:
    """Book and results of all accounts. A computation that fails takes the old value away and leaves its reason."""

    def __init__(self, prices: Prices, settings: EngineSettings) -> None:
        self._prices = prices
        self._settings = settings
        self.stablecoins: Collection[Asset] = STABLECOINS if settings.stablecoins is None else settings.stablecoins
        self._book = Book(prices, self.stablecoins)
        self._pools: dict[AccountKey, dict[PoolKey, Priced]] = {}
        self._solved_at: dict[AccountKey, float] = {}
        self._owed: dict[AccountKey, None] = {}  #: accounts whose lines are older than their ratios
        self._near: dict[PoolKey, AccountKey] = {}  #: pools that want advice
        self._by_mark: dict[tuple[Venue, Symbol], dict[AccountKey, None]] = {}
        self._by_asset: dict[tuple[Venue, Asset], dict[AccountKey, None]] = {}

    def of(self, account: AccountKey) -> Mapping[PoolKey, Priced]:
        """The pools of an account, in the order of their description."""
        return self._pools.get(account, {})

    def holders_of_mark(self, venue: Venue, symbol: Symbol) -> Iterable[AccountKey]:
        """The accounts whose pools hold an instrument."""
        return self._by_mark.get((venue, symbol), ())

    def holders_of_asset(self, venue: Venue, asset: Asset) -> Iterable[AccountKey]:
        """The accounts whose pools an asset's price touches."""
        return self._by_asset.get((venue, asset), ())

    def replace(self, account: AccountKey, pools: Sequence[Pool]) -> None:
        """Take a new description. A pool that cannot be computed costs itself, and the others stay."""
        self.remove(account)
        entries = {pool.key: Priced(pool, needs_of(pool)) for pool in pools}
        self._pools[account] = entries
        if self._refused(account, pools) is not None:
            good: list[Pool] = []
            for pool in pools:  # a refused replacement changes nothing, so what is good stays in the book
                why = self._refused(account, [*good, pool])
                if why is None:
                    good.append(pool)
                else:
                    entries[pool.key].failure = (why,)
        for priced in entries.values():
            for symbol in priced.needs.symbols:
                self._by_mark.setdefault((account.venue, symbol), {})[account] = None
            for asset in touching(priced.pool):
                self._by_asset.setdefault((account.venue, asset), {})[account] = None

    def remove(self, account: AccountKey) -> None:
        """Forget an account's pools."""
        self._solved_at.pop(account, None)
        self._owed.pop(account, None)
        gone = self._pools.pop(account, None)
        if gone is None:
            return
        self._book.remove(account)
        for key in gone:
            self._near.pop(key, None)
        for entry in gone.values():
            for symbol in entry.needs.symbols:
                self._by_mark[account.venue, symbol].pop(account, None)
            for asset in touching(entry.pool):
                self._by_asset[account.venue, asset].pop(account, None)

    def overdue(self, now: float) -> Iterator[AccountKey]:
        """The accounts whose lines are older than their ratios and may be solved again."""
        return (account for account in self._owed if self._may_solve(account, now))

    def due(self) -> float | None:
        """When the first of the lines that are older than their ratios may be solved again; None if there are none."""
        return min(
            (self._solved_at[account] + self._settings.lines_every_seconds for account in self._owed), default=None
        )

    def maintenance(self, account: AccountKey, pools: Sequence[Pool]) -> dict[PoolKey, tuple[float | None, Asset]]:
        """What pools, described in whatever way, require at the prices of now: by pool the amount and its asset."""
        book = Book(self._prices, self.stablecoins)
        try:
            book.replace(account, pools)
            results = evaluate(book, lines=False)
        except MarginwatchError:
            return {}
        return {pool.key: (results[pool.key].maintenance_margin, pool.numeraire) for pool in pools}

    def revalue(self, accounts: Collection[AccountKey], now: float) -> None:
        """Compute these accounts anew in one pass: ratios always, lines where they are due."""
        held = [account for account in accounts if account in self._pools]
        due = [account for account in held if self._may_solve(account, now)]
        quick = [account for account in held if not self._may_solve(account, now)]
        if quick:
            results = self._evaluated(quick, lines=False)
            due += [account for account in quick if not self._reuse(account, results)]
        if due:
            results = self._evaluated(due, lines=True)
            for account in due:
                self._solve(account, results, now)

    def _may_solve(self, account: AccountKey, now: float) -> bool:
        solved_at = self._solved_at.get(account, -math.inf)
        # A clock set back solves too. The sum is that of `due`: who comes at that moment must not come too early.
        return not solved_at <= now < solved_at + self._settings.lines_every_seconds

    def _refused(self, account: AccountKey, pools: Sequence[Pool]) -> str | None:
        try:
            self._book.replace(account, pools)
        except MarginwatchError as error:
            return str(error)
        return None

    def _evaluated(self, accounts: Sequence[AccountKey], lines: bool) -> dict[PoolKey, PoolResult | str]:
        """Results by pool, or why there is none: a failure in one account costs that account only."""
        held = [account for account in accounts if any(not entry.failure for entry in self._pools[account].values())]
        try:
            return dict(evaluate(self._book, accounts=held, lines=lines, betas=self._settings.betas)) if held else {}
        except MarginwatchError as error:
            if len(held) == 1:
                return dict.fromkeys(self._pools[held[0]], str(error))
        found: dict[PoolKey, PoolResult | str] = {}
        for account in held:
            found |= self._evaluated([account], lines)
        return found

    def _reuse(self, account: AccountKey, results: Mapping[PoolKey, PoolResult | str]) -> bool:
        """Set the results with the lines of before; False where one of them must be solved anew."""
        found: dict[PoolKey, PoolResult] = {}
        for key, entry in self._pools[account].items():
            if entry.failure:
                continue
            now = results[key]
            if isinstance(now, str) or entry.solved is None:
                return False
            reused = with_solved_lines(now, entry.solved, lambda asset: self._prices.asset(account.venue, asset))
            if reused is None:
                return False
            found[key] = reused
        for key, result in found.items():
            self._pools[account][key].result = result
        self._owed[account] = None
        return True

    def _solve(self, account: AccountKey, results: Mapping[PoolKey, PoolResult | str], now: float) -> None:
        self._solved_at[account] = now
        self._owed.pop(account, None)
        for key, entry in self._pools[account].items():
            if entry.failure:
                continue
            result = results[key]
            if isinstance(result, str):
                entry.result, entry.solved, entry.trouble = None, None, (result,)
            else:
                entry.result, entry.solved, entry.trouble = result, result, ()
            self._watch(account, key, entry)

    def _watch(self, account: AccountKey, key: PoolKey, entry: Priced) -> None:
        """Keep or drop a pool among those that want advice: a line of theirs is nearer than wanted."""
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
                advice = advise(entry.pool, self._prices, self._settings.wanted_distance_ratio)
            except MarginwatchError:
                entry.advice = NO_ADVICE
            else:
                entry.advice = (advice.add_usd, advice.text)
        return tuple(account for _, account in chosen)
