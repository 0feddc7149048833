"""What backs what at Hyperliquid: an account as pools. Formulas and their sources stand in README.md beside this file.

* isolated: one pool a position, `isolated:SYMBOL:side`, with its own cash;
* standard: one pool a dex, `cross:USDC` for the first and `cross:DEX:TOKEN` for others, from the dexs' wallets; the
  dollars in spot back nothing, `spot:USDC`;
* unified: one pool a collateral token over all dexs, `cross:USDC`, `cross:USDE`;
* portfolio margin: one pool over all that is eligible (`margin_portfolio`).
"""

from __future__ import annotations

from collections.abc import Sequence

from monitor.domain.accounts import Account, Balance, CollateralMode, MarginMode, Position, Wallet
from monitor.domain.names import Asset, PoolKey
from monitor.domain.tables import Tables
from monitor.margin.pool import Description, Pool, VenueFigures
from monitor.venues.hyperliquid.answers import STANDARD, UNIFIED
from monitor.venues.hyperliquid.margin_portfolio import portfolio
from monitor.venues.hyperliquid.margin_terms import Terms, Words
from monitor.venues.hyperliquid.names import FIRST_WALLET, USDC, dex_of, wallet_name

RATIO_NAME = "cross margin ratio"
UNIFIED_RATIO_NAME = "unified account ratio"
ANOTHER_MODE = "two signals of the account's mode disagree: it was read as {}, and the balances are of another mode"


def describe(account: Account, tables: Tables) -> Description:
    """The account as pools: cross pools first, then isolated ones. A `pool.Describe`."""
    mode = account.mode
    if mode.collateral is CollateralMode.SINGLE_ASSET and mode.kind in (STANDARD, UNIFIED):
        shared = _standard if mode.kind == STANDARD else _unified
    elif mode.collateral is CollateralMode.PORTFOLIO:
        shared = _portfolio
    else:
        return Description((), ("cannot tell the account's mode",))
    if any((row.cross_wallet is not None) is not (mode.kind != STANDARD) for row in account.balances.values()):
        # Between two readings of the mode: the balances are of one arrangement, and the mode that was read another.
        return Description((), (ANOTHER_MODE.format(mode.kind),))
    terms = Terms(account, tables)
    positions = sorted(account.positions.values(), key=lambda position: position.key)
    cross = [one for one in positions if one.margin_mode is not MarginMode.ISOLATED]
    alone = [one for one in positions if one.margin_mode is MarginMode.ISOLATED]
    return Description((*shared(terms, cross), *(_isolated(terms, one) for one in alone)))


def _isolated(terms: Terms, position: Position) -> Pool:
    """One position with its own cash leg; strictly isolated ones are no different."""
    words = Words()
    legs = terms.legs([position], words)
    if position.isolated_wallet is None:
        words.refuse(f"no margin of {position.symbol} {position.side}")
    return Pool(
        key=PoolKey(*terms.account.key, f"isolated:{position.symbol}:{position.side}"),
        numeraire=legs[0].settle,
        isolated=True,
        cash=position.isolated_wallet or 0.0,
        legs=legs,
        stages=terms.stages(),
        venue=VenueFigures(
            # What the venue calls the margin used of an isolated position is what it is worth.
            equity=position.venue.initial_margin,
            lines=terms.lines([position], terms.parameter("standard_tolerance")),
        ),
        reasons=tuple(words.reasons),
        unknown=tuple(words.unknown),
    )


def _standard(terms: Terms, cross: Sequence[Position]) -> list[Pool]:
    """A pool a dex, and the dollars that lie in spot."""
    by_dex: dict[str, list[Position]] = {}
    for position in cross:
        by_dex.setdefault(wallet_name(dex_of(position.symbol)), []).append(position)
    wallets = terms.account.wallets
    names = sorted(by_dex.keys() | wallets.keys(), key=lambda name: (name != FIRST_WALLET, name))
    pools = [_of_dex(terms, name, wallets.get(name), by_dex.get(name, [])) for name in names]
    spot = [
        Pool(
            key=PoolKey(*terms.account.key, f"spot:{asset}"),
            numeraire=asset,
            cash=terms.account.balances[asset].wallet,
        )
        for asset in backing_tokens(terms.account)
        if asset in terms.account.balances and terms.account.balances[asset].wallet
    ]
    return [*(pool for pool in pools if pool is not None), *spot]


def _of_dex(terms: Terms, name: str, wallet: Wallet | None, positions: Sequence[Position]) -> Pool | None:
    words = Words()
    asset, balance = _purse(wallet)
    if balance is None:
        asset = next((one for one in map(terms.settles, positions) if one is not None), USDC)
        words.refuse(f"the dex {name} of the account was not read")
    elif not positions and not balance.wallet:
        return None
    return _cross(
        terms,
        f"cross:{asset}" if name == FIRST_WALLET else f"cross:{name}:{asset}",
        asset,
        balance,
        positions,
        words,
        tolerance=terms.parameter("standard_tolerance"),
        ratio_name=RATIO_NAME,
    )


def _purse(wallet: Wallet | None) -> tuple[Asset, Balance | None]:
    """The one token of a dex's wallet."""
    for asset, balance in {} if wallet is None else wallet.balances.items():
        return asset, balance
    return USDC, None


def _unified(terms: Terms, cross: Sequence[Position]) -> list[Pool]:
    """A pool a collateral token, over all dexs that it backs."""
    settled = [(position, terms.settles(position) or USDC) for position in cross]
    balances = terms.account.balances
    held = {asset for asset in backing_tokens(terms.account) if asset in balances and balances[asset].wallet}
    return [
        pooled(terms, asset, [position for position, other in settled if other == asset])
        for asset in sorted({asset for _, asset in settled} | held)
    ]


def pooled(terms: Terms, asset: Asset, positions: Sequence[Position]) -> Pool:
    """What one token backs, where it does so on all dexs at once."""
    return _cross(
        terms,
        f"cross:{asset}",
        asset,
        terms.account.balances.get(asset),
        positions,
        Words(),
        tolerance=terms.parameter("pooled_tolerance"),
        ratio_name=UNIFIED_RATIO_NAME,
    )


def _cross(
    terms: Terms,
    name: str,
    asset: Asset,
    balance: Balance | None,
    positions: Sequence[Position],
    words: Words,
    *,
    tolerance: float,
    ratio_name: str,
) -> Pool:
    cash = None if balance is None else balance.cross_wallet
    if cash is None and not words.unknown:
        words.refuse(f"what {asset} is free to back cross positions is not known")
    equity = None if balance is None else balance.venue_margin_balance
    needed = None if balance is None else balance.venue_maintenance_margin
    # The venue's documents define its ratio; its answers hold the two figures that it is made of.
    ratio = needed / equity if positions and needed is not None and equity is not None and equity > 0.0 else None
    return Pool(
        key=PoolKey(*terms.account.key, name),
        numeraire=asset,
        cash=cash or 0.0,
        legs=terms.legs(positions, words),
        stages=terms.stages(),
        venue=VenueFigures(
            equity=equity,
            maintenance_margin=needed,
            initial_margin=None if balance is None else balance.venue_initial_margin,
            ratio=ratio,
            ratio_name=ratio_name,
            lines=terms.lines(positions, tolerance),
        ),
        reasons=tuple(words.reasons),
        unknown=tuple(words.unknown),
    )


def backing_tokens(account: Account) -> list[Asset]:
    """The tokens that back a dex, as the account's own wallets tell."""
    found = {asset for wallet in account.wallets.values() for asset in wallet.balances}
    return sorted(found | {USDC})


def _portfolio(terms: Terms, cross: Sequence[Position]) -> list[Pool]:
    """What is eligible counts together; a token that is not backs its own dexs as in a unified account."""
    together, others = portfolio(terms, cross)
    by_token: dict[Asset, list[Position]] = {}
    for position in others:
        by_token.setdefault(terms.settles(position) or USDC, []).append(position)
    return [*together, *(pooled(terms, asset, held) for asset, held in sorted(by_token.items()))]
