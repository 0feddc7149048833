"""The coins of a wallet as holdings and loans of a pool in USD: cross and portfolio margin. Part of `margin`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from monitor.domain.accounts import Account, Balance
from monitor.domain.names import Asset
from monitor.domain.tables import CollateralTerms, Tables
from monitor.domain.tiers import flat
from monitor.margin.pool import FULL, Curve, Debt, Holding, Leg, Step, counted_at
from monitor.venues.bybit.margin_legs import Said
from monitor.venues.bybit.parameters import Parameters
from monitor.venues.bybit.table_answers import NO_COLLATERAL

DUST = 1e-8  #: of a coin: below the venue's last digit


@dataclass(slots=True)
class Parts:
    """What a pool of the whole account is put together from."""

    said: Said = field(default_factory=Said)
    holdings: list[Holding] = field(default_factory=list)
    debts: list[Debt] = field(default_factory=list)


def add_coins(
    account: Account, tables: Tables, parameters: Parameters, legs: Sequence[Leg], parts: Parts, *, options_back: bool
) -> None:
    """Every coin of the wallet, and every one that a contract settles in. `options_back`: what options are worth
    keeps a coin from being lent.
    """
    settled = {leg.settle for leg in legs}
    balances = {row.asset: row for row in account.balances.values() if _matters(row)}
    for asset in sorted(settled | balances.keys()):
        balance = balances.get(asset) or account.balances.get(asset)
        terms = tables.collateral.get(asset)
        amount = 0.0 if balance is None else balance.cross_wallet
        if amount is None:
            parts.said.unknown.append(f"no wallet balance of {asset} in the account")
            continue
        if balance is None:
            parts.said.reasons.append(f"no balance of {asset} in the account: taken as 0")
        counted = _counted(asset, balance, terms, tables, settled, parameters, parts.said)
        borrow = None if terms is None else terms.borrow
        if borrow is None and (asset in settled or amount < 0.0):
            parts.said.reasons.append(f"no loan tiers of {asset}: a loan of it asks for no margin here")
        parts.holdings.append(Holding(asset=asset, amount=amount, collateral=counted, borrow=borrow))
        lent = 0.0 if balance is None else _lent_beside(balance, options_back)
        if lent > DUST:
            parts.said.reasons.append(f"{asset} is owed while as much is held: the loan asks for its margin")
            table = flat(0.0) if borrow is None else borrow
            rate = None if terms is None else terms.borrow_initial_rate
            parts.debts.append(
                Debt(asset=asset, amount=lent, counted=False, requirement=table, initial_margin_rate=rate)
            )


def _matters(balance: Balance) -> bool:
    return bool(balance.cross_wallet or balance.wallet or balance.borrowed)


def _lent_beside(balance: Balance, options_back: bool) -> float:
    """What is owed of a coin beyond what is missing of it: its margin is asked for though nothing is missing."""
    net = balance.venue_equity if balance.venue_equity is not None else balance.cross_wallet or 0.0
    if not options_back:
        net -= max(0.0, balance.option_value or 0.0)
    missing = max(0.0, -min(net, balance.cross_wallet or 0.0))
    return balance.borrowed - missing


def _counted(
    asset: Asset,
    balance: Balance | None,
    terms: CollateralTerms | None,
    tables: Tables,
    settled: set[Asset],
    parameters: Parameters,
    said: Said,
) -> Curve:
    """What each further unit of a coin counts for while it is positive."""
    switched = None if balance is None else balance.collateral
    held = balance is not None and (balance.cross_wallet or 0.0) > 0.0
    if switched is False:
        return counted_at(0.0)
    if terms is None or terms.steps == NO_COLLATERAL:
        if not tables.collateral:
            said.unknown.append(f"no collateral ratios were read: cannot tell what {asset} counts for")
        elif asset in parameters.full_collateral:
            said.reasons.append(f"the venue lists no collateral ratio of {asset}: it is counted in full")
            return FULL
        elif asset in settled:
            said.unknown.append(f"no collateral ratio of {asset}, in which contracts settle")
        elif held:
            said.reasons.append(f"{asset} has no collateral ratio: it counts nothing")
        return counted_at(0.0)
    if switched is None and held:
        said.reasons.append(f"the venue does not say whether {asset} is used as collateral: it is counted")
    steps = tuple(Step(floor, rate) for floor, rate in terms.steps)
    return FULL if steps == FULL.steps else Curve(steps, terms.by_value)
