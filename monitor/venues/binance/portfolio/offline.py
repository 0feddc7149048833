"""A folder of portfolio margin's raw answers as events, of retail, Pro and SPAN accounts."""

from __future__ import annotations

from collections.abc import Mapping

from monitor.domain.events import Event
from monitor.venues.binance import endpoints as usdm
from monitor.venues.binance import endpoints_coinm as coinm
from monitor.venues.binance.endpoint import Endpoint
from monitor.venues.binance.found import Found, Product
from monitor.venues.binance.portfolio import answers
from monitor.venues.binance.portfolio.endpoints import (
    ACCOUNT,
    ASSET_INDEX,
    BALANCE,
    CM_BRACKET,
    CM_POSITION_RISK,
    COLLATERAL_RATE,
    PRO_ACCOUNT,
    PRO_ACCOUNT_SPAN,
    PRO_BALANCE,
    PRO_COLLATERAL_RATE,
    REQUIRED,
    UM_ACCOUNT_CONFIG,
    UM_BRACKET,
    UM_POSITION_RISK,
)

NO_MODE = "the account's position mode is unknown, so nothing can be computed"
NO_TIERS = "no maintenance tiers of these contracts: margin ratios and lines are unknown"
NO_RATES = "no collateral rates: equity is unknown"


def _retail(found: Found) -> list[Event]:
    return _read(found, found.all(ACCOUNT)[0], found.all(BALANCE)[0], (UM_POSITION_RISK, CM_POSITION_RISK))


def _pro(found: Found) -> list[Event]:
    return _read(found, found.all(PRO_ACCOUNT)[0], found.all(PRO_BALANCE)[0], _FUTURES)


def _span(found: Found) -> list[Event]:
    """The second version of the account answers SPAN accounts alone; of others the first one holds."""
    first, second = found.first(PRO_ACCOUNT), found.all(PRO_ACCOUNT_SPAN)[0]
    span = first is None or answers.kind_of(first, found.venue) == answers.SPAN
    body = second if span or first is None else first
    return _read(found, body, found.all(PRO_BALANCE)[0], _FUTURES)


_FUTURES = (usdm.POSITION_RISK, coinm.POSITION_RISK)


def _read(found: Found, body: bytes, balance: bytes, risks: tuple[Endpoint, Endpoint]) -> list[Event]:
    account, time = found.account, found.time
    modes = [
        raw for endpoint in (UM_ACCOUNT_CONFIG, usdm.ACCOUNT_CONFIG, coinm.DUAL_SIDE) for raw in found.all(endpoint)
    ]
    config = answers.config(body, modes, account, time, time)
    um, cm = (found.all(endpoint)[0] for endpoint in risks)
    snapshot = answers.snapshot(body, balance, um, cm, account, time, time)
    rates = found.first(PRO_COLLATERAL_RATE, COLLATERAL_RATE)
    warning = answers.status_warning(body, account, time)
    return [
        *found.instruments(usdm.EXCHANGE_INFO, coinm.EXCHANGE_INFO),
        *found.tiers(UM_BRACKET, CM_BRACKET, usdm.LEVERAGE_BRACKET, coinm.LEVERAGE_BRACKET),
        *([] if rates is None else [answers.collateral(rates, account, time, found.problems)]),
        *found.assets(),
        *(
            tick
            for raw in found.all(ASSET_INDEX)
            for tick in answers.asset_prices(raw, found.venue, time, found.problems)
        ),
        *found.permissions(),
        found.configured(config),
        *found.marks(snapshot, usdm.PREMIUM_INDEX, coinm.PREMIUM_INDEX),
        snapshot,
        *([] if warning is None else [warning]),
    ]


_BOTH: Mapping[Endpoint, str] = {
    ASSET_INDEX: "no USD prices of assets: equity is unknown",
    usdm.PREMIUM_INDEX: "mark prices of USDⓈ-M only of the positions themselves",
    coinm.PREMIUM_INDEX: "mark prices of COIN-M only of the positions themselves",
    usdm.EXCHANGE_INFO: "base and quote of USDⓈ-M contracts are taken from their names",
    coinm.EXCHANGE_INFO: "coins and sizes of COIN-M contracts are taken from their names",
    usdm.API_RESTRICTIONS: "what the key may do is unknown",
}
_OF_FUTURES: Mapping[Endpoint, str] = {
    usdm.ACCOUNT_CONFIG: NO_MODE,
    usdm.LEVERAGE_BRACKET: NO_TIERS,
    coinm.LEVERAGE_BRACKET: NO_TIERS,
    PRO_COLLATERAL_RATE: NO_RATES,
}
RETAIL = Product(
    telling=ACCOUNT,
    required=REQUIRED,
    optional={
        UM_ACCOUNT_CONFIG: NO_MODE,
        UM_BRACKET: NO_TIERS,
        CM_BRACKET: NO_TIERS,
        COLLATERAL_RATE: NO_RATES,
        **_BOTH,
    },
    read=_retail,
)
SPAN = Product(PRO_ACCOUNT_SPAN, (PRO_ACCOUNT_SPAN, PRO_BALANCE, *_FUTURES), {**_OF_FUTURES, **_BOTH}, _span)
PRO = Product(PRO_ACCOUNT, (PRO_ACCOUNT, PRO_BALANCE, *_FUTURES), {**_OF_FUTURES, **_BOTH}, _pro)
