"""What backs what at KuCoin: an account as pools. Formulas and their sources stand in README.md beside this file.

* classic futures: one pool a settlement currency, `cross:USDT`, `cross:BTC`; each isolated position a pool of its own,
  `isolated:XBTUSDTM:long`;
* unified account: one pool, `multi-assets`, in USD;
* spot margin: one pool, `margin`, or one a pair, `margin:DOGE-USDT`.

Nothing is computed here but signs, sums and shares of the venue's own figures, the rate that its contract gives for a
size, and the liquidation fee that its own printed price tells.
"""

from __future__ import annotations

from monitor.domain.accounts import Account, CollateralMode, MarginMode
from monitor.domain.tables import Tables
from monitor.margin.pool import Description
from monitor.venues.kucoin.margin_cross import cross_pools
from monitor.venues.kucoin.margin_isolated import isolated_pool
from monitor.venues.kucoin.margin_legs import positions_of
from monitor.venues.kucoin.margin_loans import cross_loans, isolated_loans
from monitor.venues.kucoin.margin_unified import unified_pools

__all__ = ["describe"]


def describe(account: Account, tables: Tables) -> Description:
    """The account as pools: what is shared, then what is isolated by symbol and side. A `pool.Describe`."""
    mode = account.mode
    if mode.collateral is CollateralMode.SINGLE_ASSET:
        return _classic(account, tables)
    if mode.collateral is CollateralMode.MULTI_ASSETS:
        return Description(tuple(unified_pools(account, tables)))
    if mode.collateral is CollateralMode.SPOT:
        return Description(tuple(cross_loans(account, tables)))
    if mode.collateral is CollateralMode.ISOLATED:
        return Description(tuple(isolated_loans(account, tables)))
    return Description((), ("cannot tell whether the account is classic or unified",))


def _classic(account: Account, tables: Tables) -> Description:
    hedge = account.mode.hedge
    if hedge is None:
        return Description((), ("cannot tell one-way from hedge mode",))
    wrong = sorted({one.symbol for one in account.positions.values() if one.hedge is not hedge})
    if wrong:
        said, held = ("hedge", "one-way") if hedge else ("one-way", "hedge")
        return Description((), (f"the account says {said} mode, but {', '.join(wrong)} is held in {held} mode",))
    shared = cross_pools(account, tables)
    known = {pool.numeraire: pool.key for pool in shared}
    alone = [
        isolated_pool(account, tables, position, known)
        for position in positions_of(account)
        if position.margin_mode is MarginMode.ISOLATED
    ]
    return Description((*shared, *alone))
