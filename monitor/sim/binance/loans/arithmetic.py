"""The simulator's own arithmetic of spot margin: values by index price, margin levels, lines. Plain sums.

Formulas: Binance FAQ on cross margin (Classic: all assets / all debts; Pro since 2025-01-21: net collateral less what
open orders lose, over maintenance) and on isolated margin (both assets / both debts).
"""

from __future__ import annotations

from dataclasses import dataclass

from monitor.domain.names import Asset, Symbol
from monitor.sim.binance.loans.purse import Purse
from monitor.sim.binance.loans.tables import BRACKETS, COLLATERAL, DebtBracket, PairTier
from monitor.sim.market import Kind, Market

NO_DEBT_LEVEL = 999.0  #: what the venue prints


def index_usdt(market: Market, asset: Asset) -> float:
    """An asset's index price in USDT, as printed."""
    return round(market.asset_usd(asset) / market.asset_usd("USDT"), 8)


def index_btc(market: Market, asset: Asset) -> float:
    """An asset's price in BTC."""
    return index_usdt(market, asset) / index_usdt(market, "BTC")


def marginable(market: Market) -> tuple[Asset, ...]:
    """Coins and stablecoins that spot margin knows: no shares, and no credits."""
    kinds = {contract.coin: contract.kind for contract in market.contracts.values()}
    return tuple(asset for asset in market.assets if kinds.get(asset) is not Kind.STOCK and asset != "BNFCR")


def split(market: Market, pair: Symbol) -> tuple[Asset, Asset] | None:
    """Base and quote of a pair's name; None for no pair."""
    assets = marginable(market)
    for quote in ("USDT", "USDC", "FDUSD", "BTC", "ETH", "BNB"):
        base = pair.removesuffix(quote)
        if base != pair and base in assets and base != quote:
            return base, quote
    return None


def collateral_value(asset: Asset, value: float) -> float:
    """What an asset worth `value` dollars counts for: each part of it at the ratio of its tier."""
    tiers = next((tiers for assets, tiers in COLLATERAL if asset in assets), ())
    return sum(
        max(0.0, min(value, tier.cap if tier.cap is not None else value) - tier.floor) * tier.ratio for tier in tiers
    )


def debt_bracket(asset: Asset, value: float) -> DebtBracket:
    """The bracket of a debt worth `value` dollars."""
    rows = next((rows for _, assets, rows in BRACKETS if asset in assets), BRACKETS[-1][2])
    return next((row for row in rows if value <= row.cap), rows[-1])


@dataclass(frozen=True, slots=True)
class Figures:
    """What a cross margin account comes to."""

    assets_btc: float
    debts_btc: float
    debts_usdt: float
    collateral_usdt: float
    maintenance_usdt: float
    order_loss_usdt: float

    @property
    def plain_level(self) -> float:
        """Assets over debts."""
        return self.assets_btc / self.debts_btc if self.debts_btc else NO_DEBT_LEVEL

    @property
    def collateral_level(self) -> float:
        """Assets as far as they count, over debts."""
        return self.collateral_usdt / self.debts_usdt if self.debts_usdt else NO_DEBT_LEVEL

    @property
    def pro_level(self) -> float:
        """Net collateral over maintenance."""
        if not self.maintenance_usdt:
            return NO_DEBT_LEVEL
        return (self.collateral_usdt - self.debts_usdt - self.order_loss_usdt) / self.maintenance_usdt


def figures(purse: Purse, market: Market, order_loss_usdt: float = 0.0) -> Figures:
    """Add a cross margin account up."""
    assets_btc = debts_btc = debts_usdt = collateral = needed = 0.0
    for asset, held in purse.holdings.items():
        usdt, btc = index_usdt(market, asset), index_btc(market, asset)
        assets_btc += held.total * btc
        debts_btc += held.debt * btc
        debts_usdt += held.debt * usdt
        collateral += collateral_value(asset, held.total * usdt)
        if held.debt:
            bracket = debt_bracket(asset, held.debt * usdt)
            needed += held.debt * usdt * bracket.rate - bracket.fast
    return Figures(assets_btc, debts_btc, debts_usdt, collateral, needed, order_loss_usdt)


def pair_level(purse: Purse, market: Market, base: Asset, quote: Asset) -> float:
    """Both assets of a pair over both debts, each valued in BTC."""
    worth = sum(purse.of(asset).total * index_btc(market, asset) for asset in (base, quote))
    owed = sum(purse.of(asset).debt * index_btc(market, asset) for asset in (base, quote))
    return worth / owed if owed else NO_DEBT_LEVEL


def pair_line(purse: Purse, base: Asset, quote: Asset, tier: PairTier) -> float:
    """The price at which a pair is liquidated; 0.0 for none."""
    owned, owing = purse.of(base), purse.of(quote)
    above = tier.liquidation * owing.debt - owing.total
    below = owned.total - tier.liquidation * owned.debt
    line = above / below if below else 0.0
    return line if line > 0.0 and (owned.debt or owing.debt) else 0.0


def pair_tier(purse: Purse, base: Asset, quote: Asset, tiers: tuple[PairTier, ...]) -> PairTier:
    """The tier of the larger of both loans."""
    for tier in tiers:
        if purse.of(base).borrowed <= tier.base_most and purse.of(quote).borrowed <= tier.quote_most:
            return tier
    return tiers[-1]
