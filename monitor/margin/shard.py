"""Shards: some accounts' plain pools together, small enough for a processor's cache, brought up to date when asked for.

An account that is described anew is cut out of its shard's tables and put under them again; what the last ticks found
about the others (tiers, roots) stays. Pools of one leg stand behind all others, because they need no sums
(`straight.py`), so that an account has two stretches of rows.
"""

from __future__ import annotations

from monitor.domain.names import AccountKey, PoolKey
from monitor.margin.arrays import Scratch
from monitor.margin.plain_columns import Counts, Plain, Stretch, halves, under_each_other
from monitor.margin.pool import Pool
from monitor.margin.prices import Prices
from monitor.margin.straight import Straight
from monitor.margin.tiers import Shelf

#: A shard takes accounts until it holds so many legs (one account is never split). Larger ones repair more tiers at a
#: time, which costs little more than to repair one; in smaller ones an account described anew is in its place sooner.
SHARD_LEGS = 32768

#: Where rows begin and end.
Rows = tuple[Counts, Counts]


class PlainShard:
    """The plain pools of some accounts."""

    def __init__(self, shelf: Shelf, scratch: Scratch) -> None:
        self._shelf, self._scratch = shelf, scratch
        self._plain: Plain | None = None
        #: Where each account's rows begin and end: those of pools of several legs or none, and of one.
        self._rows: tuple[dict[AccountKey, Rows], dict[AccountKey, Rows]] = {}, {}
        self._waiting: dict[AccountKey, Plain] = {}
        self._pools: dict[AccountKey, tuple[Pool, ...]] = {}
        self._straight: Straight | None = None
        self._legs = 0
        self._solved: tuple[int, bool, bool] = (-1, False, False)
        self.keys: tuple[PoolKey, ...] = ()
        self.described: tuple[Pool, ...] = ()
        self.numbers: dict[AccountKey, list[int]] = {}  # by account: its pools
        self.token = object()

    @property
    def legs(self) -> int:
        """How many legs it holds."""
        return self._legs

    def legs_of(self, account: AccountKey) -> int:
        """How many of them are the account's."""
        return sum(len(pool.legs) for pool in self._pools.get(account, ()))

    @property
    def accounts(self) -> int:
        """How many accounts it holds."""
        return len(self._pools)

    def put(self, account: AccountKey, pools: tuple[Pool, ...], plain: Plain) -> None:
        """The account's pools are these, those of one leg last."""
        self.drop(account)
        self._pools[account], self._waiting[account] = pools, plain
        self._legs += len(plain.legs.c)

    def drop(self, account: AccountKey) -> None:
        """The account is gone."""
        self._legs -= self.legs_of(account)
        self._pools.pop(account, None)
        self._waiting.pop(account, None)
        self._straight = None

    def settle(self) -> Straight:
        """Put under each other what was put in, and leave out what was dropped."""
        if self._straight is None:
            self._straight = self._built()
        return self._straight

    def solved(self, prices: Prices, *, lines: bool = True, together: bool = True) -> Straight:
        """Where the pools stand, and their lines: those of one leg with `lines`, those of several also `together`."""
        straight = self.settle()
        version, legs_done, paths_done = self._solved
        if version != prices.version:
            straight.stand(prices.coordinates)
            legs_done = paths_done = False
        legs_now, paths_now = lines and not legs_done, lines and together and not paths_done
        if legs_now:
            straight.solve_legs()
        if paths_now:
            straight.solve_paths()
        if legs_now or paths_now:
            straight.tell(together=paths_now)
        self._solved = prices.version, legs_done or legs_now, paths_done or paths_now
        return straight

    def _built(self) -> Straight:
        """The tables with what waits, and without what is gone."""
        kept = [account for account in self._rows[0] if account in self._pools and account not in self._waiting]
        added = {account: halves(plain) for account, plain in self._waiting.items()}
        self._pools = {account: self._pools[account] for account in [*kept, *added]}
        self.numbers = {account: [] for account in self._pools}
        stretches: list[Stretch] = []
        described: list[Pool] = []
        at = Counts()
        for half, rows in enumerate(self._rows):
            if self._plain is not None:
                stretches += _runs(self._plain, [rows[account] for account in kept])
            stretches += [(self._waiting[account], *both[half]) for account, both in added.items()]
            sizes = [_size(rows[account]) for account in kept] + [_size(both[half]) for both in added.values()]
            rows.clear()
            for (account, pools), size in zip(self._pools.items(), sizes, strict=True):
                rows[account] = at, at.plus(size)
                self.numbers[account] += range(at.pools, at.pools + size.pools)
                described += pools[len(pools) - size.pools :] if half else pools[: size.pools]
                at = at.plus(size)
        self._plain = under_each_other(stretches)
        self._waiting.clear()
        self.described = tuple(described)
        self.keys = tuple(pool.key for pool in described)
        self.token = object()
        self._solved = (-1, False, False)
        return Straight(self._plain, self._shelf, self._scratch)


def _size(rows: Rows) -> Counts:
    begin, end = rows
    return end.minus(begin)


def _runs(plain: Plain, kept: list[Rows]) -> list[Stretch]:
    """Neighbours together, so that few stretches are put under each other."""
    runs: list[Stretch] = []
    for begin, end in kept:
        if runs and runs[-1][2] == begin:
            runs[-1] = plain, runs[-1][1], end
        else:
            runs.append((plain, begin, end))
    return runs
