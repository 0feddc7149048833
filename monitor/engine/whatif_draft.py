"""Accounts that are edited, and the pools that their venues would make of them.

What an edit moves is known in advance: so much of an asset leaves one pool and comes to another. Where that stands in
an account is the venue's matter (a wallet, a market's own purse, a total that holds isolated margins too), so it is
tried: the purse whose change makes the venue describe the pools that were expected is the right one. Where none does,
the pools are changed as they were described.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import isnan

from monitor.domain.accounts import Account, Balance
from monitor.domain.errors import BadRequest, ConfigError
from monitor.domain.names import USD, AccountKey, Asset, PoolKey
from monitor.domain.tables import Tables
from monitor.engine.picture import Believed, Picture, pools_of
from monitor.margin.payments import paid
from monitor.margin.pool import Pool
from monitor.margin.prices import Prices

SAME = 1e-7  #: amounts that differ by no more than this ratio are the same
NEARER = 0.9  #: a purse is the right one if it leaves less than this ratio of what is missing
Amounts = dict[tuple[PoolKey, Asset], float]


def refuse(key: str, value: object, cure: str) -> BadRequest:
    """One mistake of a request."""
    return BadRequest((ConfigError(key, value, cure),))


@dataclass(slots=True)
class Edited:
    """One account on its way. `moved` is what comes to a pool beside what its description says, by asset; `dark` why a
    pool cannot be computed as supposed, by its name; `notes` what was assumed.
    """

    account: Account
    tables: Tables
    prices: Prices
    picture: Picture
    moved: dict[PoolKey, dict[Asset, float]] = field(default_factory=dict)
    dark: dict[PoolKey, list[str]] = field(default_factory=dict)
    notes: dict[str, None] = field(default_factory=dict)

    def pools(self, account: Account | None = None) -> tuple[Pool, ...]:
        """As the venue describes the account (another one, where one is given), with what was moved. Raises BadRequest
        where it can make nothing of it.
        """
        described = pools_of(self.picture, account or self.account, self.tables)
        if described.unknown:
            raise refuse("edits", self.account.key.account, "; ".join(described.unknown))
        return tuple(self._with_moved(pool) for pool in described.pools)

    def _with_moved(self, pool: Pool) -> Pool:
        moved = self.moved.get(pool.key)
        return pool if moved is None else paid(pool, {asset: -each for asset, each in moved.items()}, self.prices)

    def amounts(self, account: Account | None = None) -> Amounts:
        """What lies in each primary pool, by asset."""
        return {
            (pool.key, asset): amount
            for pool in self.pools(account)
            if pool.primary
            for asset, amount in _amounts_of(pool)
        }

    def mark(self, symbol: str) -> float:
        """The mark, NaN where it is not known."""
        return self.prices.mark(self.account.key.venue, symbol)

    def usd(self, asset: Asset) -> float:
        """The USD price of an asset; a stablecoin without one counts 1."""
        price = self.prices.asset(self.account.key.venue, asset)
        return 1.0 if isnan(price) and asset in self.picture.stablecoins else price

    def home(self, asset: Asset) -> Pool | None:
        """The shared pool that an asset backs: the one that counts in it, or that holds it, or that counts anything."""
        shared = [pool for pool in self.pools() if not pool.isolated and pool.primary]
        for fits in (_counts_in, _holds, _counts_all):
            found = [pool for pool in shared if fits(pool, asset)]
            if found:  # a pool with positions is meant rather than what lies beside
                return max(found, key=lambda pool: len(pool.legs))
        return None

    def settle(self, account: Account, wanted: Mapping[tuple[PoolKey, Asset], float]) -> None:
        """The account is this one, and these amounts are to lie in its pools; others stay as they are described."""
        for asset in sorted({asset for _, asset in wanted}):
            account = self._settled(account, wanted, asset)
        self.account = account
        self._move_rest(wanted)

    def _settled(self, account: Account, wanted: Mapping[tuple[PoolKey, Asset], float], asset: Asset) -> Account:
        """The account with what its purses hold of an asset put right, so far as any purse can do that."""
        while (better := self._better(account, wanted, asset)) is not None:
            account = better
        return account

    def _better(self, account: Account, wanted: Mapping[tuple[PoolKey, Asset], float], asset: Asset) -> Account | None:
        """The account with one purse put right: that by which most is; None where none brings it any nearer."""
        missing = _missing(wanted, self.amounts(account), asset)
        best, least = None, _total(missing) * NEARER
        for amount in dict.fromkeys(missing.values()):
            for tried in self._with_more(account, asset, amount):
                left = _total(_missing(wanted, self.amounts(tried), asset))
                if left < least:
                    best, least = tried, left
        return best

    def _move_rest(self, wanted: Mapping[tuple[PoolKey, Asset], float]) -> None:
        """What no purse of the account brings to its pool is moved there as it is described. What counts nothing there
        lies in the account, and in no pool.
        """
        told = self.amounts()
        for asset in sorted({asset for _, asset in wanted}):
            for key, amount in _missing(wanted, told, asset).items():
                if (key, asset) in told:
                    moved = self.moved.setdefault(key, {})
                    moved[asset] = moved.get(asset, 0.0) + amount
                else:
                    self.account = next(self._with_more(self.account, asset, amount), self.account)

    def _with_more(self, account: Account, asset: Asset, amount: float) -> Iterator[Account]:
        """The account with so much more of an asset, once for each purse; those of which its venue can make nothing are
        left out (a balance of a kind that the account has not).
        """
        for tried in _with_more(account, asset, amount):
            if not pools_of(self.picture, tried, self.tables).unknown:
                yield tried


class Draft:
    """All accounts that are edited, over those of a picture. `done` tells what each edit did."""

    def __init__(self, picture: Picture) -> None:
        self.picture = picture
        self.edited: dict[AccountKey, Edited] = {}
        self.done: list[str] = []
        self.notes: dict[str, None] = {}

    def believed(self, key: AccountKey, where: str) -> Believed:
        """The account in the picture. Raises BadRequest where there is none."""
        found = self.picture.accounts.get(key)
        if found is None:
            known = ", ".join(f"{each.venue}/{each.account}" for each in self.picture.accounts) or "none"
            raise refuse(where, f"{key.venue}/{key.account}", f"no such account; there are: {known}")
        return found

    def of(self, key: AccountKey, where: str) -> Edited | None:
        """The account to edit; None where nothing can be supposed of it, which is noted."""
        if key not in self.edited:
            found = self.believed(key, where)
            if found.account is None:
                why = "; ".join(found.unknown)
                self.notes[f"nothing can be supposed of {key.venue}/{key.account}: {why}"] = None
                return None
            self.edited[key] = Edited(found.account, found.tables, self.picture.prices, self.picture)
        return self.edited[key]


def _amounts_of(pool: Pool) -> list[tuple[Asset, float]]:
    """By asset; what of its numeraire is no holding is its cash."""
    found = [(holding.asset, holding.amount) for holding in pool.holdings]
    return found if any(asset == pool.numeraire for asset, _ in found) else [*found, (pool.numeraire, pool.cash)]


def _counts_in(pool: Pool, asset: Asset) -> bool:
    return pool.numeraire == asset


def _holds(pool: Pool, asset: Asset) -> bool:
    return any(holding.asset == asset for holding in pool.holdings)


def _counts_all(pool: Pool, _: Asset) -> bool:
    return pool.numeraire == USD and bool(pool.holdings)


def _missing(wanted: Mapping[tuple[PoolKey, Asset], float], told: Amounts, asset: Asset) -> dict[PoolKey, float]:
    """How much more than described is to lie in each pool of an asset; those that are gone hold nothing."""
    found = {}
    for (key, each), amount in wanted.items():
        here = told.get((key, each), 0.0)
        if each == asset and abs(amount - here) > SAME * max(1e-9, abs(amount), abs(here)):
            found[key] = amount - here
    return found


def _total(missing: Mapping[PoolKey, float]) -> float:
    return sum(abs(each) for each in missing.values())


def _with_more(account: Account, asset: Asset, amount: float) -> Iterator[Account]:
    """The account with so much more of an asset (< 0: less), once for each purse that it may lie in."""
    balances = account.balances
    rows = [balances[asset]] if asset in balances else []
    if not rows:  # a new row is of the kind of the others; without any, of either
        kinds = {row.cross_wallet is None for row in balances.values()} or {False, True}
        empty = Balance(asset=asset, wallet=0.0)
        rows = [empty if bare else replace(empty, cross_wallet=0.0) for bare in sorted(kinds)]
    for row in rows:
        yield replace(account, balances=dict(sorted({**balances, asset: _more(row, amount)}.items())))
    for name, wallet in account.wallets.items():
        if asset in wallet.balances:
            changed = replace(wallet, balances={**wallet.balances, asset: _more(wallet.balances[asset], amount)})
            yield replace(account, wallets={**account.wallets, name: changed})


def _more(row: Balance, amount: float) -> Balance:
    """A balance with so much more. A loan that only stands for what is missing grows and shrinks with that."""

    def added(value: float | None) -> float | None:
        return None if value is None else value + amount

    equity, cross = added(row.venue_equity), added(row.cross_wallet)
    before, after = _lacking(row.venue_equity, row.cross_wallet), _lacking(equity, cross)
    return replace(
        row,
        wallet=row.wallet + amount,
        cross_wallet=cross,
        venue_equity=equity,
        borrowed=max(0.0, row.borrowed + after - before) if row.borrowed else row.borrowed,
        venue_margin_balance=None,
        venue_value_usd=None,
        available=None,
        withdrawable=None,
    )


def _lacking(*amounts: float | None) -> float:
    known = [each for each in amounts if each is not None]
    return max(0.0, -min(known, default=0.0))
