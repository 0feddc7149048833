"""Spot margin of KuCoin: loans against coins, for all pairs together or pair by pair. Part of `margin`.

Debt ratio = what is owed / what is held, interest in the first and borrowed coins in the second, both at the venue's
marks of margin. Liquidation at 97 %: assets over debts L = 1 / 0.97, so that the requirement is (L - 1) x debt.
"""

from __future__ import annotations

from collections.abc import Iterable

from monitor.domain.accounts import Account, Balance, VenueAccount
from monitor.domain.names import USD, Asset, PoolKey, Symbol
from monitor.domain.tables import Tables
from monitor.domain.tiers import flat
from monitor.margin.pool import (
    DEFAULT_STAGES,
    FULL,
    Curve,
    Debt,
    Holding,
    Pool,
    Stage,
    VenueFigures,
    counted_at,
)
from monitor.venues.kucoin.names import asset_of, pair_of
from monitor.venues.kucoin.parameters import flag, parameter

RATIO_NAME = "debtRatio"
WARNING = "margin-call"
CROSS = "margin"
DUST = 1e-6  #: a debt ratio up to which nothing is owed


def cross_loans(account: Account, tables: Tables) -> list[Pool]:
    """The one pool of cross margin, or none if nothing is held or owed; where the venue says a debt ratio, something
    is, though its rows may not be readable.
    """
    if not account.balances and (account.venue.ratio or 0.0) <= DUST:
        return []
    return [_pool(account, CROSS, "", USD, account.balances.values(), account.venue, tables)]


def isolated_loans(account: Account, tables: Tables) -> list[Pool]:
    """A pool for each pair's wallet, in the quote of the pair."""
    return [
        _pool(account, f"{CROSS}:{name}", name, _quote(name), wallet.balances.values(), wallet.venue, tables)
        for name, wallet in sorted(account.wallets.items())
        if wallet.balances
    ]


def _quote(pair: Symbol) -> Asset:
    told = pair_of(pair)
    return USD if told is None else asset_of(told[1])


def _pool(
    account: Account,
    name: str,
    pair: Symbol,
    numeraire: Asset,
    balances: Iterable[Balance],
    venue: VenueAccount,
    tables: Tables,
) -> Pool:
    reasons: list[str] = []
    level, warning = _levels(pair, tables)
    rows = sorted(balances, key=lambda row: row.asset)
    holdings = tuple(
        Holding(asset=row.asset, amount=row.wallet, collateral=_counted(row.asset, tables, reasons))
        for row in rows
        if row.wallet
    )
    debts = tuple(
        Debt(asset=row.asset, amount=row.borrowed + row.interest, requirement=flat(level - 1.0))
        for row in rows
        if row.borrowed + row.interest > 0.0
    )
    said = venue.ratio
    unknown = (
        (f"the venue says a debt ratio of {said:.2%}, and names no debt",) if said and said > DUST and not debts else ()
    )
    stages: tuple[Stage, ...] = DEFAULT_STAGES
    if warning is not None and warning > level:
        stages = (Stage(name=WARNING, scale=(warning - 1.0) / (level - 1.0)), *DEFAULT_STAGES)
    return Pool(
        key=PoolKey(*account.key, name),
        numeraire=numeraire,
        isolated=bool(pair),
        holdings=holdings,
        debts=debts,
        stages=stages,
        venue=VenueFigures(
            ratio=venue.ratio if debts else None, ratio_name=RATIO_NAME, ratio_inverted=False, loan_level=level
        ),
        reasons=tuple(dict.fromkeys(reasons)) if debts else (),
        unknown=unknown,
    )


def _levels(pair: Symbol, tables: Tables) -> tuple[float, float | None]:
    """Assets over debts at liquidation and at the warning: the pair's, the venue's for all, or the parameters."""
    tiers = tables.loans.get(pair) or tables.loans.get("")
    if not tiers:
        return 1.0 / parameter(tables, "loan_liquidation_ratio"), 1.0 / parameter(tables, "loan_warning_ratio")
    warning = tiers[0].margin_call_level
    return tiers[0].liquidation_level, warning or 1.0 / parameter(tables, "loan_warning_ratio")


def _counted(asset: Asset, tables: Tables, reasons: list[str]) -> Curve:
    """In full, or by the coin's margin coefficient if the user has found the venue to do so."""
    terms = tables.collateral.get(asset)
    rate = 1.0 if terms is None else terms.steps[0][1]
    if rate == 1.0:
        return FULL
    if flag(tables, "margin_coefficient"):
        return counted_at(rate)
    reasons.append(
        f"{asset} has a margin coefficient of {rate:g}: whether the venue's debt ratio uses it is not known; it counts "
        "in full, and the ratio is compared"
    )
    return FULL
