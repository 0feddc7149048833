"""The book: all accounts' pools, brought up to date one account at a time, and kept as columns in shards."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from monitor.domain.names import AccountKey, Asset
from monitor.margin.arrays import Scratch
from monitor.margin.checks import check_account
from monitor.margin.compile import compiled
from monitor.margin.general import GENERAL_LEGS, GeneralShard, width
from monitor.margin.plain import plain_pools
from monitor.margin.plain_compile import compiled_plain
from monitor.margin.plan import Plan, planned
from monitor.margin.pool import Pool
from monitor.margin.prices import Prices
from monitor.margin.shard import SHARD_LEGS, PlainShard
from monitor.margin.tiers import Shelf

#: Assets that the market line holds still and that have a depeg line instead.
STABLECOINS: frozenset[Asset] = frozenset(
    {"USDT", "USDC", "FDUSD", "BUSD", "TUSD", "USDP", "DAI", "USDE", "USDH", "USDT0", "USDS", "PYUSD", "BNFCR", "BFUSD"}
)

#: Tables may pile up to twice those in use and this many more before unused ones are forgotten.
SPARE_TABLES = 1000


class Book:
    """Who holds what. A replaced account is compiled anew and the others stay: the result equals a new book's.

    Plain and general pools of an account stand in different shards; both are compiled when they are first asked for.
    """

    def __init__(self, prices: Prices, stablecoins: Collection[Asset] = STABLECOINS) -> None:
        self.prices = prices
        self.stablecoins = frozenset(stablecoins)
        self.shelf = Shelf()
        self._described: dict[AccountKey, tuple[Pool, ...]] = {}
        self._waiting: dict[AccountKey, None] = {}
        self._plain: list[PlainShard] = []
        self._general: list[GeneralShard] = []
        self._home: dict[AccountKey, tuple[PlainShard | None, GeneralShard | None]] = {}
        self._betas: dict[Asset, float] = {}
        self._most_tables = SPARE_TABLES
        self._scratch = Scratch()

    def replace(self, account: AccountKey, pools: Sequence[Pool]) -> None:
        """The account's pools are these. Raises BadPool (naming pool, field and value) and then changes nothing."""
        check_account(account, pools)
        self._described.pop(account, None)
        self._described[account] = tuple(pools)
        self._waiting[account] = None

    def remove(self, account: AccountKey) -> None:
        """The account is gone; unknown accounts are none."""
        self._described.pop(account, None)
        self._waiting.pop(account, None)
        self._leave(account)

    @property
    def pools(self) -> tuple[Pool, ...]:
        """All pools, by account in the order of their last replacement."""
        return tuple(pool for pools in self._described.values() for pool in pools)

    @property
    def accounts(self) -> tuple[AccountKey, ...]:
        """All accounts."""
        return tuple(self._described)

    def pools_of(self, account: AccountKey) -> tuple[Pool, ...]:
        """The account's pools, none where it is unknown."""
        return self._described.get(account, ())

    def shards(
        self, accounts: Collection[AccountKey] | None, betas: Mapping[Asset, float] | None
    ) -> tuple[list[PlainShard], list[GeneralShard]]:
        """The shards in which these accounts (all where None) stand, up to date. `betas` None: those of the last time
        will do, because nobody asks for a market line.
        """
        if betas is not None and dict(betas) != self._betas:
            # Along other speeds other pools have straight market lines.
            self._betas = dict(betas)
            self._begin_anew()
        self._compile()
        if accounts is None:
            return list(self._plain), list(self._general)
        homes = [self._home[account] for account in accounts if account in self._home]
        plain = dict.fromkeys(shard for shard, _ in homes if shard is not None)
        return list(plain), list(dict.fromkeys(shard for _, shard in homes if shard is not None))

    def plan(self, accounts: Collection[AccountKey] | None = None) -> Plan | None:
        """Some accounts' pools (all where None) as the general machinery sees them, plain ones too; None: no account.
        It is not kept.
        """
        wanted = [a for a in self._described if accounts is None or a in accounts]
        if not wanted:
            return None
        pools = [pool for account in wanted for pool in self._described[account]]
        block = compiled(pools, self.prices, self.shelf, self.stablecoins)
        return planned(block, self.prices, self.shelf, self.stablecoins)

    def _compile(self) -> None:
        """Bring the shards up to date with what was described."""
        if self._waiting and len(self.shelf) > self._most_tables:
            # Rates that follow a position's size leave many tables behind: all accounts onto a new shelf.
            self._begin_anew()
            self._place_all()
            self._most_tables = 2 * len(self.shelf) + SPARE_TABLES
        self._place_all()

    def _place_all(self) -> None:
        for account in self._waiting:
            self._place(account)
        self._waiting.clear()
        self.shelf.stack()

    def _begin_anew(self) -> None:
        self.shelf = Shelf()
        self._plain, self._general, self._home = [], [], {}
        self._waiting = dict.fromkeys(self._described)

    def _place(self, account: AccountKey) -> None:
        """Compile an account, and put it where it was if it can stay there."""
        pools = self._described[account]
        rays = plain_pools(pools, self.shelf, self.stablecoins, self._betas)
        plain = tuple(sorted((pool for pool in pools if pool.key in rays), key=lambda pool: len(pool.legs) == 1))
        other = [pool for pool in pools if pool.key not in rays]
        plain_home, general_home = self._home.get(account, (None, None))
        if plain:
            columns = compiled_plain(plain, rays, self.prices, self.shelf)
            plain_home = self._plain_room(account, plain_home, len(columns.legs.c))
            plain_home.put(account, plain, columns)
        elif plain_home is not None:
            self._left_plain(plain_home, account)
            plain_home = None
        if other:
            block = compiled(other, self.prices, self.shelf, self.stablecoins)
            general_home = self._general_room(account, general_home, width(block))
            general_home.put(account, block)
        elif general_home is not None:
            self._left_general(general_home, account)
            general_home = None
        self._home[account] = plain_home, general_home

    def _plain_room(self, account: AccountKey, home: PlainShard | None, legs: int) -> PlainShard:
        """Where the account stays, or goes to when it has outgrown the others in its shard."""
        if home is not None:
            if home.accounts == 1 or home.legs - home.legs_of(account) + legs <= SHARD_LEGS:
                return home
            self._left_plain(home, account)
        for shard in reversed(self._plain):
            if shard.legs + legs <= SHARD_LEGS:
                return shard
        if self._plain:
            self._plain[-1].settle()  # before another one gathers its accounts' small tables
        self._plain.append(PlainShard(self.shelf, self._scratch))
        return self._plain[-1]

    def _general_room(self, account: AccountKey, home: GeneralShard | None, legs: int) -> GeneralShard:
        if home is not None:
            if home.accounts == 1 or home.legs - home.legs_of(account) + legs <= GENERAL_LEGS:
                return home
            self._left_general(home, account)
        for shard in reversed(self._general):
            if shard.legs + legs <= GENERAL_LEGS:
                return shard
        self._general.append(GeneralShard(self.prices, self.shelf, self.stablecoins))
        return self._general[-1]

    def _leave(self, account: AccountKey) -> None:
        plain, general = self._home.pop(account, (None, None))
        if plain is not None:
            self._left_plain(plain, account)
        if general is not None:
            self._left_general(general, account)

    def _left_plain(self, shard: PlainShard, account: AccountKey) -> None:
        shard.drop(account)
        if not shard.accounts:
            self._plain.remove(shard)

    def _left_general(self, shard: GeneralShard, account: AccountKey) -> None:
        shard.drop(account)
        if not shard.accounts:
            self._general.remove(shard)
