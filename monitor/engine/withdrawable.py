"""What may leave an account, in USD: the venue's own figure. Nothing is computed where the venue does not say."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

from monitor.domain.accounts import Balance, CollateralMode, VenueAccount
from monitor.domain.names import Asset

SHARED = (CollateralMode.MULTI_ASSETS, CollateralMode.PORTFOLIO)  #: modes in which all assets back the same pool
NOT_SAID = "the venue does not say what may be withdrawn"
Answer = tuple[float | None, str]  #: USD, or None and why


def withdrawable(
    venue: VenueAccount,
    balances: Iterable[Balance],
    mode: CollateralMode | None,
    price_usd: Callable[[Asset], float],
) -> Answer:
    """Of the account's own figure and those of its assets. `price_usd` is NaN where it is not known.

    Where all assets back one pool, what may leave of each may not leave of all together: only the account's figure
    counts, or that of the one asset that can leave at all. Elsewhere each asset is by itself, and their sum counts; a
    venue's figure for the whole may then speak of one asset alone.
    """
    held = [each for each in balances if each.wallet or each.withdrawable]
    if mode in SHARED:
        if venue.withdrawable is not None:
            return venue.withdrawable, ""
        leaving = [each for each in held if each.withdrawable]
        if len(leaving) > 1 and all(each.withdrawable is not None for each in held):
            return None, "the venue says it for each asset by itself, and all of them back the same pool"
    usd, why = _sum(held, price_usd)
    if usd is None and venue.withdrawable is not None:
        return venue.withdrawable, ""
    return usd, why


def _sum(held: Iterable[Balance], price_usd: Callable[[Asset], float]) -> Answer:
    found, some = 0.0, False
    for each in held:
        some = True
        if each.withdrawable is None:
            return None, f"{NOT_SAID} of {each.asset}"
        if each.withdrawable:
            price = price_usd(each.asset)
            if math.isnan(price):
                return None, f"the USD price of {each.asset} is not known"
            found += each.withdrawable * price
    return (found, "") if some else (None, NOT_SAID)
