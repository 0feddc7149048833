"""A folder of spot margin's raw answers as events."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from monitor.domain.events import AssetTick, CollateralLoaded, Event
from monitor.domain.names import Asset
from monitor.venues.binance.endpoint import Endpoint
from monitor.venues.binance.endpoints import API_RESTRICTIONS, ASSET_INDEX
from monitor.venues.binance.found import Found, Product
from monitor.venues.binance.loans import answers
from monitor.venues.binance.loans.endpoints import (
    COLLATERAL_RATIO,
    CROSS_ACCOUNT,
    CROSS_REQUIRED,
    ISOLATED_ACCOUNT,
    ISOLATED_REQUIRED,
    ISOLATED_TIER,
    LEVERAGE_BRACKET,
    PRICE_INDEX,
)
from monitor.venues.binance.loans.pairs import STABLES, price_pair

NO_DOLLARS = "no USD prices of stablecoins: each is taken for a dollar"
NO_PRICES = "no index prices: what is held and owed has no value"


def _cross(found: Found) -> list[Event]:
    account, time = found.account, found.time
    body = found.all(CROSS_ACCOUNT)[0]
    tables: list[CollateralLoaded] = []
    ratios = found.first(COLLATERAL_RATIO)
    if ratios is not None:
        brackets = found.first(LEVERAGE_BRACKET)
        tables.append(answers.cross_collateral(ratios, brackets, account, time, found.problems))
    snapshot = answers.cross_snapshot(body, account, time, time)
    assets = _with_stables(found, {row.asset for row in snapshot.balances})
    return [
        *tables,
        *assets,
        *_prices(found, _dollars(assets)),
        *found.permissions(),
        found.configured(answers.cross_config(body, account, time, time)),
        snapshot,
    ]


def _with_stables(found: Found, held: Collection[Asset]) -> list[Event]:
    """What the asset index tells; another stablecoin counts a dollar unless its own pair tells more."""
    told = found.assets()
    paired = {price_pair(asset) for asset in held} & found.by_symbol(PRICE_INDEX).keys()
    rest = {asset for asset in held if asset in STABLES and price_pair(asset) not in paired} - _dollars(told).keys()
    return [*told, *(AssetTick(found.venue, asset, 1.0, found.time, found.time) for asset in sorted(rest))]


def _dollars(events: Iterable[Event]) -> dict[Asset, float]:
    return {event.asset: event.price_usd for event in events if isinstance(event, AssetTick)}


def _prices(found: Found, dollars: Mapping[Asset, float]) -> list[AssetTick]:
    """Prices of pairs; those in other coins after those in dollars, which they are computed with."""
    raws, told = list(found.by_symbol(PRICE_INDEX).values()), dict(dollars)
    ticks: list[AssetTick] = []
    for _ in range(2):
        later: list[bytes] = []
        for raw in raws:
            tick = answers.price_index(raw, found.venue, found.time, told)
            if tick is None:
                later.append(raw)
            else:
                ticks.append(tick)
        told |= {tick.asset: tick.price_usd for tick in ticks}
        raws = later
    return ticks


def _isolated(found: Found) -> list[Event]:
    account, time = found.account, found.time
    body = found.all(ISOLATED_ACCOUNT)[0]
    snapshot = answers.isolated_snapshot(body, account, time, time)
    untold = {wallet.name: b"[]" for wallet in snapshot.wallets}
    tiers = answers.isolated_tiers({**untold, **found.by_symbol(ISOLATED_TIER)}, account, time, found.problems)
    assets = _with_stables(found, {asset for wallet in snapshot.wallets for asset in wallet.balances})
    return [
        tiers,
        *assets,
        *answers.isolated_prices(body, found.venue, time, _dollars(assets)),
        *found.permissions(),
        found.configured(answers.isolated_config(body, account, time, time)),
        *found.marks(snapshot),
        snapshot,
        *answers.isolated_warnings(body, account, time),
    ]


def _needless_of_cross(found: Found) -> list[Endpoint]:
    """Classic has no haircuts and brackets; and what the asset index prices, or is a dollar, needs no other price."""
    body = found.all(CROSS_ACCOUNT)[0]
    kind = answers.cross_config(body, found.account, found.time, found.time).mode.kind
    held = {row.asset for row in answers.cross_snapshot(body, found.account, found.time, found.time).balances}
    spared = [COLLATERAL_RATIO, LEVERAGE_BRACKET] if kind == answers.CLASSIC else []
    return spared if held - _dollars(_with_stables(found, held)).keys() else [*spared, PRICE_INDEX]


def _needless_of_isolated(found: Found) -> list[Endpoint]:
    """Tiers are those of debts."""
    body = found.all(ISOLATED_ACCOUNT)[0]
    wallets = answers.isolated_snapshot(body, found.account, found.time, found.time).wallets
    owed = any(row.borrowed or row.interest for wallet in wallets for row in wallet.balances.values())
    return [] if owed else [ISOLATED_TIER]


CROSS = Product(
    telling=CROSS_ACCOUNT,
    required=CROSS_REQUIRED,
    optional={
        COLLATERAL_RATIO: "no collateral ratios: an account of the kind Pro cannot be computed",
        LEVERAGE_BRACKET: "no maintenance brackets of debts: an account of the kind Pro cannot be computed",
        PRICE_INDEX: NO_PRICES,
        ASSET_INDEX: NO_DOLLARS,
        API_RESTRICTIONS: "what the key may do is unknown",
    },
    read=_cross,
    needless=_needless_of_cross,
)
ISOLATED = Product(
    telling=ISOLATED_ACCOUNT,
    required=ISOLATED_REQUIRED,
    optional={
        ISOLATED_TIER: "no tiers of pairs: a usual level of liquidation is assumed",
        ASSET_INDEX: NO_DOLLARS,
        API_RESTRICTIONS: "what the key may do is unknown",
    },
    read=_isolated,
    needless=_needless_of_isolated,
)
