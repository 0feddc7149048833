"""What backs what in spot margin at Binance: loans in a pool of the whole account, or in one a pair.

* cross, Classic: `margin`, in USD; liquidated where assets over debts (the margin level) has fallen to 1.1;
* cross, Pro: `margin`, in USD; assets count less a haircut by value, and each debt requires maintenance by value;
* isolated: `margin:FETUSDT`, in the quote; liquidated at the level of the pair's tier.

A loan that is liquidated at level L is a pool whose requirement is (L - 1) of its debts: equity is assets less debts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from monitor.domain.accounts import Account, Balance, CollateralMode, Wallet
from monitor.domain.lines import State
from monitor.domain.names import USD, PoolKey, Side
from monitor.domain.tables import LoanTier, Tables
from monitor.domain.tiers import TierTable, flat
from monitor.margin.pool import (
    LIQUIDATION,
    Curve,
    Debt,
    Description,
    Holding,
    Pool,
    Requirement,
    Stage,
    Step,
    VenueFigures,
    VenueLine,
)
from monitor.venues.binance.loans.answers import CLASSIC, PRO
from monitor.venues.binance.loans.pairs import split
from monitor.venues.binance.parameters import parameter

MARGIN = "margin"
MARGIN_CALL = "margin-call"
LEVEL_NAME = "margin level"

# The venue computes its level through prices in BTC, and its price through the pair's own index: the two were seen
# 0.2 % apart, and so may either be from what we compute with.
PAIR_TOLERANCE = 0.005
DUST = 5e-9  #: amounts have eight decimals
_SAME = 1e-6  #: two multiples this near to each other are one

BANKRUPTCY = Stage(name="bankruptcy", requirement=Requirement.NONE)


def describe(account: Account, tables: Tables) -> Description:
    """A spot margin account as pools; nothing where it neither holds nor owes anything."""
    if account.mode.collateral is CollateralMode.ISOLATED:
        wallets = sorted(account.wallets.values(), key=lambda wallet: wallet.name)
        return Description(
            tuple(_pair(account, tables, wallet) for wallet in wallets if _any(wallet.balances.values()))
        )
    contradiction = _none_owed(account.venue.ratio, account.balances.values())
    if not _any(account.balances.values()):
        return Description((), contradiction)
    if account.mode.kind == CLASSIC:
        return Description((replace(_classic(account, tables), unknown=contradiction),))
    if account.mode.kind == PRO:
        pool = _pro(account, tables)
        return Description((replace(pool, unknown=(*pool.unknown, *contradiction)),))
    return Description((), ("cannot tell which kind of cross margin account this is",))


def _any(balances: Iterable[Balance]) -> bool:
    return any(row.wallet or _owed(row) for row in balances)


def _none_owed(level: float | None, balances: Iterable[Balance]) -> tuple[str, ...]:
    """A level is that of debts: where none is listed, they are unknown, and not nothing."""
    if level is None or any(_owed(row) > 0.0 for row in balances):
        return ()
    return (f"the venue tells a {LEVEL_NAME} of {level:g}, and lists no debt",)


def _owed(row: Balance) -> float:
    return row.borrowed + row.interest


def _there(row: Balance) -> float:
    """What is held of it; the wallet is that less what is owed. A rest of rounding is nothing."""
    found = row.wallet + _owed(row)
    return found if found > DUST else 0.0


def _rows(account: Account) -> list[Balance]:
    return sorted(account.balances.values(), key=lambda row: row.asset)


def _held(rows: Iterable[Balance]) -> tuple[Holding, ...]:
    return tuple(Holding(asset=row.asset, amount=_there(row)) for row in rows if _there(row))


def _loans(rows: Iterable[Balance], level: float, initial_level: float | None = None) -> tuple[Debt, ...]:
    """`initial_level`: below it nothing is lent; None where the venue does not say."""
    return tuple(
        Debt(
            asset=row.asset,
            amount=_owed(row),
            requirement=flat(level - 1.0),
            initial_margin_rate=None if initial_level is None else initial_level - 1.0,
        )
        for row in rows
        if _owed(row) > 0.0
    )


def _stages(level: float, call: float | None) -> tuple[Stage, ...]:
    """By level: the requirement is that of liquidation, and a call's is as many times that."""
    if call is None or call <= level:
        return (Stage(name=LIQUIDATION), BANKRUPTCY)
    return (Stage(name=MARGIN_CALL, scale=(call - 1.0) / (level - 1.0)), Stage(name=LIQUIDATION), BANKRUPTCY)


def _classic(account: Account, tables: Tables) -> Pool:
    level = parameter(tables, "margin_liquidation_level")
    return Pool(
        key=PoolKey(*account.key, MARGIN),
        numeraire=USD,
        holdings=_held(_rows(account)),
        debts=_loans(_rows(account), level),
        stages=_stages(level, parameter(tables, "margin_call_level")),
        venue=VenueFigures(ratio=account.venue.ratio, ratio_name=LEVEL_NAME, ratio_inverted=True, loan_level=level),
    )


def _pro(account: Account, tables: Tables) -> Pool:
    """Haircuts and maintenance go by value in USD. What open orders would lose is taken off at once."""
    reasons: list[str] = []
    unknown: list[str] = [] if tables.collateral else ["no collateral ratios of cross margin Pro"]
    holdings: list[Holding] = []
    debts: list[Debt] = []
    for row in _rows(account):
        terms = tables.collateral.get(row.asset)
        if _there(row) and terms is None:
            # It counts nothing, whatever its price, which may not be known either.
            reasons += [f"{row.asset} has no collateral ratio: it counts nothing"] if tables.collateral else []
        elif _there(row) and terms is not None:
            curve = Curve(tuple(Step(floor, rate) for floor, rate in terms.steps), by_value=True)
            holdings.append(Holding(asset=row.asset, amount=_there(row), collateral=curve))
        if _owed(row) > 0.0:
            table: TierTable | None = None if terms is None else terms.borrow
            if table is None:
                unknown.append(f"no maintenance brackets for a debt in {row.asset}")
            initial = None if terms is None else terms.borrow_initial_rate
            debts.append(
                Debt(
                    asset=row.asset,
                    amount=_owed(row),
                    requirement=table or flat(0.0),
                    requirement_by_value=True,
                    initial_margin_rate=initial,
                )
            )
    if account.venue.order_loss is None and debts:
        reasons.append("what open orders would lose is not in the venue's answer: counted as 0")
    level, call = parameter(tables, "margin_pro_liquidation_level"), parameter(tables, "margin_pro_call_level")
    called = (Stage(name=MARGIN_CALL, threshold=1.0 / call),) if call > level else ()
    return Pool(
        key=PoolKey(*account.key, MARGIN),
        numeraire=USD,
        cash=account.venue.order_loss or 0.0,
        holdings=tuple(holdings),
        debts=tuple(debts),
        stages=(*called, Stage(name=LIQUIDATION, threshold=1.0 / level), BANKRUPTCY),
        venue=VenueFigures(ratio=account.venue.ratio, ratio_name=LEVEL_NAME, ratio_inverted=True),
        reasons=tuple(reasons),
        unknown=tuple(unknown),
    )


def _pair(account: Account, tables: Tables, wallet: Wallet) -> Pool:
    """One pair. The venue's price is that of the pair: the base moves against the quote, which stands still."""
    names = split(wallet.symbol or wallet.name, wallet.balances)
    base, quote = names or (wallet.name, USD)
    rows = [wallet.balances[asset] for asset in sorted(wallet.balances)]
    owes = any(_owed(row) > 0.0 for row in rows)
    rule = _level(wallet, base, quote, tables) if owes else _Rule(_default(tables))
    return Pool(
        key=PoolKey(*account.key, f"{MARGIN}:{wallet.name}"),
        numeraire=quote,
        isolated=True,
        holdings=_held(rows),
        debts=_loans(rows, rule.level, rule.initial),
        stages=_stages(rule.level, rule.call),
        venue=VenueFigures(
            ratio=wallet.venue.ratio,
            ratio_name=LEVEL_NAME,
            ratio_inverted=True,
            loan_level=rule.level,
            lines=_line(wallet, base, rule.level),
        ),
        reasons=rule.reasons,
        unknown=(
            *(() if names else (f"cannot tell the assets of {wallet.name}",)),
            *rule.unknown,
            *_none_owed(wallet.venue.ratio, rows),
        ),
    )


def _default(tables: Tables) -> float:
    return parameter(tables, "isolated_liquidation_level")


@dataclass(frozen=True, slots=True)
class _Rule:
    """The levels of liquidation, and of margin call and new loans where told; what is assumed, and what is missing."""

    level: float
    call: float | None = None
    initial: float | None = None
    reasons: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


def _level(wallet: Wallet, base: str, quote: str, tables: Tables) -> _Rule:
    """What is assumed where there are no tiers may lie above them: while they were not read yet, nothing is told."""
    tiers = tables.loans.get(wallet.name)
    if tiers is None:
        return _Rule(_default(tables), unknown=(f"the tiers of {wallet.name} were not read yet",))
    for tier in tiers:
        # The venue says which multiple holds for the wallet now, and so which tier.
        if wallet.multiple is not None and abs(tier.multiple - wallet.multiple) <= _SAME:
            return _Rule(tier.liquidation_level, tier.margin_call_level, tier.initial_level)
    if not tiers:
        level = _default(tables)
        return _Rule(level, reasons=(f"no tiers of {wallet.name}: taken to be liquidated at level {level:g}",))
    held = _by_debt(tiers, _debt(wallet, base), _debt(wallet, quote))
    told = "" if wallet.multiple is None else f": none of them is that of {wallet.multiple:g}x"
    reason = f"tier of {wallet.name} chosen by its debts{told}"
    return _Rule(held.liquidation_level, held.margin_call_level, held.initial_level, (reason,))


def _debt(wallet: Wallet, asset: str) -> float:
    row = wallet.balances.get(asset)
    return 0.0 if row is None else _owed(row)


def _by_debt(tiers: tuple[LoanTier, ...], base: float, quote: float) -> LoanTier:
    """The first tier that admits both debts; the last one where none does."""
    for tier in tiers:
        if (tier.base_cap is None or base <= tier.base_cap) and (tier.quote_cap is None or quote <= tier.quote_cap):
            return tier
    return tiers[-1]


def _line(wallet: Wallet, base: str, level: float) -> tuple[VenueLine, ...]:
    if wallet.liquidation.state is State.UNKNOWN or wallet.symbol is None:
        return ()
    row = wallet.balances.get(base)
    net = 0.0 if row is None else _there(row) - level * _owed(row)
    return (
        VenueLine(
            symbol=wallet.symbol,
            side=Side.LONG if net >= 0.0 else Side.SHORT,
            printed=wallet.liquidation,
            mark=wallet.index_price,
            moves=((wallet.symbol, 1.0),),
            asset_moves=((base, 1.0),),
            tolerance=PAIR_TOLERANCE,
        ),
    )
