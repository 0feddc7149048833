"""Where pools will stand after their next payment: computed by the kernel, few at a time, for it takes a whole book."""

from __future__ import annotations

import math
from collections.abc import Collection, Container
from dataclasses import dataclass

from monitor.domain.errors import MarginwatchError
from monitor.domain.names import AccountKey, Asset, PoolKey
from monitor.engine.burn import After, Burn
from monitor.engine.settings import EngineSettings
from monitor.engine.valuation import Priced
from monitor.margin.payments import after_payments
from monitor.margin.prices import Prices

ANOTHER = 0.05  #: a payment that differs by more than this ratio is another one than was looked at


@dataclass(slots=True)
class _Wish:
    """A pool that is going to pay. `looked_at`: when it was last computed, -inf never."""

    account: AccountKey
    priced: Priced
    amounts: dict[Asset, float]
    usd: float
    next_time: float
    looked_at: float = -math.inf
    after: After | None = None


class Afters:
    """The pools that are going to pay, and what was found of each. What was found of other positions, or of another
    wallet, is forgotten.
    """

    def __init__(self, prices: Prices, settings: EngineSettings, stablecoins: Collection[Asset]) -> None:
        self._prices, self._settings, self._stablecoins = prices, settings, stablecoins
        self._wishes: dict[AccountKey, dict[PoolKey, _Wish]] = {}

    def of(self, priced: Priced) -> After | None:
        """What was found last of this very pool."""
        wish = self._wishes.get(priced.pool.key.owner, {}).get(priced.pool.key)
        return None if wish is None or not _same_stakes(wish.priced, priced) else wish.after

    def want(self, account: AccountKey, priced: Priced, burn: Burn | None) -> None:
        """From now on the pool pays this; None: it is not known."""
        key, at = priced.pool.key, None if burn is None else burn.next_time
        wishes = self._wishes.setdefault(account, {})
        if burn is None or at is None:
            wishes.pop(key, None)
            return
        amounts: dict[Asset, float] = {}
        usd = 0.0
        for payment in burn.payments_at(at):
            amounts[payment.asset] = amounts.get(payment.asset, 0.0) + payment.amount
            usd += payment.usd
        wish = wishes.get(key)
        if wish is None or not _same_stakes(wish.priced, priced):
            wishes[key] = _Wish(account, priced, amounts, usd, at)
        else:
            wish.priced, wish.amounts, wish.usd, wish.next_time = priced, amounts, usd, at

    def forget(self, account: AccountKey) -> None:
        """The account is gone."""
        self._wishes.pop(account, None)

    def keep(self, account: AccountKey, pools: Container[PoolKey]) -> None:
        """The account has these pools, and no others any more."""
        wishes = self._wishes.get(account, {})
        for key in [key for key in wishes if key not in pools]:
            del wishes[key]

    def seek(self, now: float) -> tuple[AccountKey, ...]:
        """Look at those that have waited longest; returns their accounts."""
        every = self._settings.after_every_seconds
        wishes = (wish for each in self._wishes.values() for wish in each.values())
        waiting = [wish for wish in wishes if _is_due(wish, now, every)]
        chosen = sorted(waiting, key=lambda wish: wish.looked_at)[: self._settings.advices_per_step]
        for wish in chosen:
            wish.looked_at, wish.after = now, self._found(wish, now)
        return tuple(wish.account for wish in chosen)

    def _found(self, wish: _Wish, now: float) -> After | None:
        try:
            result = after_payments(
                wish.priced.pool,
                wish.amounts,
                self._prices,
                betas=self._settings.betas,
                stablecoins=self._stablecoins,
            )
        except MarginwatchError:
            return None
        return After.of(result, wish.usd, wish.next_time, now)


def _is_due(wish: _Wish, now: float, every_seconds: float) -> bool:
    if not 0.0 <= now - wish.looked_at < every_seconds:
        return True
    after = wish.after
    if after is None:
        return False
    return after.next_time != wish.next_time or abs(wish.usd - after.usd) > ANOTHER * abs(after.usd)


def _same_stakes(one: Priced, other: Priced) -> bool:
    """Whether what is held, and what backs it, is the same in two descriptions."""
    if one is other:
        return True
    mine, yours = one.pool, other.pool
    return (mine.cash, mine.holdings, mine.debts, mine.legs) == (yours.cash, yours.holdings, yours.debts, yours.legs)
