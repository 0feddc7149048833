"""What backs what at Bybit: an account as pools. Formulas and their sources stand in README.md beside this file.

* isolated margin: one pool a position, `isolated:SYMBOL:side`, with its own margin as cash; what is not in positions is
  a pool a coin, `cross:USDT`;
* cross margin: one pool, `multi-assets`, in USD: every coin through its ratios, what is missing of one as a loan, each
  position by its tier, resting orders until they are cancelled;
* portfolio margin: one pool, `portfolio-margin`, in USD: the same coins, and the venue's own scenarios of each base
  coin as requirement.

The account's margin mode tells which; no position does. Nothing is computed here but signs and sums of the venue's own
figures, the venue's fee to close, and what its liquidation price says of an isolated position's margin.
"""

from __future__ import annotations

from monitor.domain.accounts import Account, CollateralMode
from monitor.domain.tables import Tables
from monitor.margin.pool import Describe, Description
from monitor.venues.bybit import margin_cross, margin_isolated, margin_portfolio
from monitor.venues.bybit.parameters import DEFAULTS, Parameters

__all__ = ["describe", "describer"]


def describer(parameters: Parameters) -> Describe:
    """A description with other parameters than the documented ones."""

    def described(account: Account, tables: Tables) -> Description:
        mode = account.mode.collateral
        if mode is CollateralMode.ISOLATED:
            return Description(tuple(margin_isolated.pools(account, tables, parameters)))
        if mode is CollateralMode.MULTI_ASSETS:
            return Description(tuple(margin_cross.cross(account, tables, parameters)))
        if mode is CollateralMode.PORTFOLIO:
            return Description(tuple(margin_portfolio.portfolio(account, tables, parameters)))
        return Description((), ("cannot tell the account's margin mode",))

    return described


describe = describer(DEFAULTS)
"""The account as pools. A `pool.Describe`."""
