"""What backs what at Binance: an account as pools. Formulas and their sources stand in README.md beside this file.

Futures, of either family, stand here; spot margin in `loans.margin`, portfolio margin in `portfolio.margin`.

* isolated: one pool a position, `isolated:SYMBOL:side`, with the isolated wallet as its cash;
* cross, single-asset mode and COIN-M: one pool a margin asset, `cross:USDT`, `cross:USDC`, `cross:BTC`;
* cross, multi-assets mode: one pool, `multi-assets`, in USD: each asset at its bid rate if positive and at its ask rate
  if negative, requirements at the ask rate;
* credits trading mode (a BNFCR balance): one cross pool whose cash is BNFCR, which counts as USD.

One-way and hedge mode give the same legs: in hedge mode a symbol has two, each with tiers of its own, and the venue
prints one liquidation price for both because both move with the same mark. Nothing is computed here but signs and sums
of the venue's own figures.
"""

from __future__ import annotations

from collections.abc import Sequence

from monitor.domain.accounts import Account, Balance, CollateralMode, Position
from monitor.domain.names import USD, Asset, PoolKey
from monitor.domain.tables import AssetRates, Tables
from monitor.margin.pool import (
    Description,
    Holding,
    Pool,
    VenueFigures,
    VenueLine,
    counted_at,
)
from monitor.venues.binance.legs import contract_of, is_isolated, legs_of, printed_lines, total
from monitor.venues.binance.loans import margin as loans
from monitor.venues.binance.portfolio import margin as portfolio

CREDITS: Asset = "BNFCR"  #: the wallet asset of credits trading mode, one USD each
MULTI_ASSETS = "multi-assets"
RATIO_NAME = "margin ratio"

EXACT_TOLERANCE = 1e-4
# What the venue assumes of collateral's own price while a contract moves is not documented in multi-assets mode, and
# nothing is documented of credits trading mode: there a gap up to this is no drift.
WIDE_TOLERANCE = 0.02


def describe(account: Account, tables: Tables) -> Description:
    """The account as pools: cross pools by asset, then isolated ones by symbol and side. A `pool.Describe`."""
    unreadable = _unreadable(account)
    if unreadable:
        return Description((), unreadable)
    match account.mode.collateral:
        case CollateralMode.SPOT | CollateralMode.ISOLATED:
            return loans.describe(account, tables)
        case CollateralMode.PORTFOLIO:
            return portfolio.describe(account, tables)
        case _:
            return _futures(account, tables)


def _futures(account: Account, tables: Tables) -> Description:
    positions = sorted(account.positions.values(), key=lambda position: position.key)
    cross = [position for position in positions if not is_isolated(position)]
    if account.mode.collateral is CollateralMode.MULTI_ASSETS:
        shared = _multi_assets(account, tables, cross)
    elif _has_credits(account):
        shared = _credits(account, tables, cross)
    else:
        shared = _single_assets(account, tables, cross)
    known = {pool.key.pool: pool.key for pool in shared}
    alone = [_isolated(account, tables, position, known) for position in positions if is_isolated(position)]
    return Description((*shared, *alone))


def _unreadable(account: Account) -> tuple[str, ...]:
    reasons: list[str] = []
    if account.mode.collateral is None:
        reasons.append("cannot tell how the balances back the positions")
    if account.mode.hedge_by_symbol:
        return tuple(reasons)
    if account.mode.hedge is None:
        reasons.append("cannot tell one-way from hedge mode")
    else:
        wrong = sorted({p.symbol for p in account.positions.values() if p.hedge and not account.mode.hedge})
        if wrong:
            reasons.append(f"the account says one-way mode, but {', '.join(wrong)} is held in hedge mode")
        wrong = sorted({p.symbol for p in account.positions.values() if account.mode.hedge and not p.hedge})
        if wrong:
            reasons.append(f"the account says hedge mode, but {', '.join(wrong)} is held in one-way mode")
    return tuple(reasons)


def _has_credits(account: Account) -> bool:
    balance = account.balances.get(CREDITS)
    return balance is not None and bool(balance.wallet or balance.cross_wallet)


def _single_assets(account: Account, tables: Tables, cross: Sequence[Position]) -> list[Pool]:
    settled = [(position, contract_of(position, tables).settle) for position in cross]
    assets = {asset for _, asset in settled}
    assets |= {balance.asset for balance in account.balances.values() if balance.cross_wallet or balance.wallet}
    pools: list[Pool] = []
    for asset in sorted(assets):
        balance = account.balances.get(asset)
        own = [position for position, settle in settled if settle == asset]
        legs, reasons, unknown = legs_of(own, account, tables, lambda contract: contract.settle)
        if balance is None or balance.cross_wallet is None:
            unknown = (*unknown, f"no cross wallet of {asset} in the account")
        if not own and balance is not None and balance.cross_wallet == 0.0:
            continue  # everything of this asset is in isolated positions
        pools.append(
            Pool(
                key=PoolKey(*account.key, f"cross:{asset}"),
                numeraire=asset,
                cash=_cash(balance),
                legs=legs,
                venue=_figures(own, [] if balance is None else [balance], EXACT_TOLERANCE),
                reasons=reasons,
                unknown=unknown,
            )
        )
    return pools


def _credits(account: Account, tables: Tables, cross: Sequence[Position]) -> list[Pool]:
    balance = account.balances[CREDITS]
    legs, reasons, unknown = legs_of(cross, account, tables, lambda _: USD)
    for other in sorted(account.balances.values(), key=lambda row: row.asset):
        if other.asset == CREDITS or not other.cross_wallet:
            continue
        if other.cross_wallet > 0:
            reasons = (*reasons, f"credits trading mode: the balance of {other.asset} is not counted")
        else:
            unknown = (*unknown, f"credits trading mode: cannot tell how the debt in {other.asset} counts")
    if balance.cross_wallet is None:
        unknown = (*unknown, f"no cross wallet of {CREDITS} in the account")
    pool = Pool(
        key=PoolKey(*account.key, f"cross:{CREDITS}"),
        numeraire=USD,
        cash=_cash(balance),
        legs=legs,
        venue=_figures(cross, [balance], WIDE_TOLERANCE),
        reasons=reasons,
        unknown=unknown,
    )
    return [pool]


def _multi_assets(account: Account, tables: Tables, cross: Sequence[Position]) -> list[Pool]:
    credit = _has_credits(account)
    legs, reasons, unknown = legs_of(cross, account, tables, lambda contract: USD if credit else contract.settle)
    settled = {leg.settle for leg in legs} - {USD}
    balances = {row.asset: row for row in account.balances.values() if row.cross_wallet or row.wallet}
    if not legs and not balances:
        return []
    cash = 0.0
    holdings: list[Holding] = []
    for asset in sorted(settled | balances.keys()):
        balance = account.balances.get(asset)
        amount = 0.0 if balance is None else balance.cross_wallet
        if balance is None:
            # The account lists only assets that it holds: contracts may well be settled in one that it does not.
            reasons = (*reasons, f"no balance of {asset} in the account: taken as 0")
        if amount is None:
            unknown = (*unknown, f"no cross wallet of {asset} in the account")
            continue
        if asset == CREDITS:
            cash += amount
            continue
        rates = tables.rates.get(asset)
        if rates is not None:
            holdings.append(_holding(asset, amount, rates))
        elif tables.rates and asset not in settled and amount >= 0:
            if amount > 0:
                reasons = (*reasons, f"{asset} is not in the asset index: it counts nothing")
        else:
            unknown = (*unknown, f"no collateral rates for {asset}")
    venue = account.venue
    lines = printed_lines(cross, WIDE_TOLERANCE)
    pool = Pool(
        key=PoolKey(*account.key, MULTI_ASSETS),
        numeraire=USD,
        cash=cash,
        holdings=tuple(holdings),
        legs=legs,
        # Only in this mode do the venue's totals speak of the cross positions, and in USD.
        venue=_printed(venue.equity, venue.maintenance_margin, venue.initial_margin, lines),
        reasons=reasons,
        unknown=unknown,
    )
    return [pool]


def _holding(asset: Asset, amount: float, rates: AssetRates) -> Holding:
    return Holding(
        asset=asset,
        amount=amount,
        collateral=counted_at(rates.positive_rate),
        negative_rate=rates.negative_rate,
        requirement_rate=rates.requirement_rate,
    )


def _isolated(account: Account, tables: Tables, position: Position, known: dict[str, PoolKey]) -> Pool:
    legs, reasons, unknown = legs_of([position], account, tables, lambda contract: contract.settle)
    settle = legs[0].settle
    if position.isolated_wallet is None:
        unknown = (*unknown, f"no isolated wallet of {position.symbol} {position.side}")
    setting = account.symbols.get(position.symbol)
    backstop: PoolKey | None = None
    if setting is not None and setting.auto_add_margin:
        names = (MULTI_ASSETS, f"cross:{settle}", f"cross:{CREDITS}")
        backstop = next((known[name] for name in names if name in known), None)
    profit, wallet = position.venue.unrealized_pnl, position.isolated_wallet
    return Pool(
        key=PoolKey(*account.key, f"isolated:{position.symbol}:{position.side}"),
        numeraire=settle,
        isolated=True,
        cash=wallet or 0.0,
        legs=legs,
        backstop=backstop,
        venue=_printed(
            None if wallet is None or profit is None else wallet + profit,
            position.venue.maintenance_margin,
            position.venue.initial_margin,
            printed_lines([position], EXACT_TOLERANCE),
        ),
        reasons=reasons,
        unknown=unknown,
    )


def _cash(balance: Balance | None) -> float:
    return 0.0 if balance is None or balance.cross_wallet is None else balance.cross_wallet


def _figures(positions: Sequence[Position], balances: Sequence[Balance], tolerance: float) -> VenueFigures:
    """The venue's own figures of a cross pool, summed from its rows: its totals would count isolated positions too.

    What moves with prices comes from the positions' rows, which were written at the marks that we compare at; the
    balance's row, read a moment earlier, serves where they do not say.
    """
    wallet = total(balance.cross_wallet for balance in balances) if balances else None
    profit = total(position.venue.unrealized_pnl for position in positions)
    if profit is None or not positions:
        profit = total(balance.venue_cross_unrealized_pnl for balance in balances)
    equity = None if wallet is None or profit is None else wallet + profit
    return _printed(
        equity,
        total(position.venue.maintenance_margin for position in positions),
        total(position.venue.initial_margin for position in positions),
        printed_lines(positions, tolerance),
    )


def _printed(
    equity: float | None, maintenance: float | None, initial: float | None, lines: tuple[VenueLine, ...]
) -> VenueFigures:
    # The API prints no ratio; its pages show this quotient of the two figures beside it.
    ratio = maintenance / equity if equity is not None and maintenance is not None and equity > 0 else None
    return VenueFigures(
        equity=equity,
        maintenance_margin=maintenance,
        initial_margin=initial,
        ratio=ratio,
        ratio_name=RATIO_NAME,
        lines=lines,
    )
