"""How much weight the planned readings need, by pool: what stretches intervals, and what a check tells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from monitor.venues.binance import endpoints, endpoints_coinm
from monitor.venues.binance.endpoint import LIMITS_PER_MINUTE, Endpoint, Pool
from monitor.venues.binance.loans import endpoints as loans
from monitor.venues.binance.portfolio import endpoints as portfolio
from monitor.venues.binance.settings import (
    COINM,
    ISOLATED_MARGIN,
    MARGIN,
    PORTFOLIO,
    PORTFOLIO_PRO,
    USDM,
    BinanceSettings,
)
from monitor.venues.settings import Timings

SNAPSHOT: Mapping[str, tuple[Endpoint, ...]] = {
    USDM: (endpoints.ACCOUNT, endpoints.POSITION_RISK),
    COINM: (endpoints_coinm.ACCOUNT, endpoints_coinm.POSITION_RISK),
    MARGIN: (loans.CROSS_ACCOUNT,),
    ISOLATED_MARGIN: (loans.ISOLATED_ACCOUNT,),
    PORTFOLIO: (
        portfolio.ACCOUNT,
        portfolio.BALANCE,
        portfolio.UM_POSITION_RISK,
        portfolio.CM_POSITION_RISK,
    ),
    PORTFOLIO_PRO: (
        portfolio.PRO_ACCOUNT,
        portfolio.PRO_BALANCE,
        endpoints.POSITION_RISK,
        endpoints_coinm.POSITION_RISK,
    ),
}
"""What one reading of an account of each product asks."""

CONFIG: Mapping[str, tuple[Endpoint, ...]] = {
    USDM: (endpoints.ACCOUNT_CONFIG, endpoints.SYMBOL_CONFIG),
    COINM: (endpoints.ACCOUNT_CONFIG, endpoints_coinm.POSITION_RISK),
    MARGIN: (loans.CROSS_ACCOUNT,),
    ISOLATED_MARGIN: (loans.ISOLATED_ACCOUNT,),
    PORTFOLIO: (portfolio.ACCOUNT, portfolio.UM_ACCOUNT_CONFIG),
    PORTFOLIO_PRO: (portfolio.PRO_ACCOUNT, endpoints.ACCOUNT_CONFIG),
}
"""What one reading of its modes asks."""

SHARES_FUTURES = frozenset({COINM, PORTFOLIO, PORTFOLIO_PRO})
"""Products that may hold contracts of COIN-M."""


def product_of(product: str) -> str:
    """The product that an account's settings mean: "" stands for the first."""
    return product or USDM


def pools_of(product: str) -> frozenset[Pool]:
    """The limits that an account of this product asks out of."""
    return frozenset(one.pool for one in (*SNAPSHOT[product], *CONFIG[product]))


def planned_weights(
    products: Iterable[str], timings: Timings, *, blind: Iterable[str] = (), bridging: int = 0
) -> dict[Pool, float]:
    """Request weight a minute that the polls of these accounts (one product each) need when nothing is stretched.

    `blind` ones have no user stream and are read more often; `bridging` lists of marks are read over REST.
    """
    total = dict.fromkeys(Pool, 0.0)
    blinded = Counter(blind)
    for product, count in Counter(products).items():
        seeing = max(0, count - blinded[product])
        readings = seeing / timings.account_every_seconds + blinded[product] / timings.account_every_blind_seconds
        for one in SNAPSHOT[product]:
            total[one.pool] += 60.0 * readings * one.weight
        for one in CONFIG[product]:
            total[one.pool] += 60.0 * count / timings.config_every_seconds * one.weight
    total[Pool.FUTURES] += 60.0 * bridging * endpoints.PREMIUM_INDEX.weight / timings.bridge_every_seconds
    return total


def planned(settings: BinanceSettings) -> float:
    """How many times over the planned readings fill what we may ask, in the fullest pool; 1.0: just full."""
    weights = planned_weights([product_of(one.product) for one in settings.accounts], settings.timings)
    limits = {**LIMITS_PER_MINUTE, Pool.FUTURES: settings.weight_per_minute}
    return max(weight / (limits[pool] * settings.weight_share) for pool, weight in weights.items())
