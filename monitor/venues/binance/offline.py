"""A folder of raw answers as events: what `assess` feeds to the engine.

Which of the venue's accounts it holds is told by the file that only such an account has.
"""

from __future__ import annotations

from collections.abc import Mapping

from monitor.domain.errors import InputMissing
from monitor.domain.events import AssetTick, Event, Tick
from monitor.domain.names import USD, AccountKey, Asset
from monitor.venues import folder
from monitor.venues.binance import answers as words
from monitor.venues.binance import calls, coinm_answers, endpoints_coinm
from monitor.venues.binance.endpoints import (
    ACCOUNT,
    ACCOUNT_CONFIG,
    API_RESTRICTIONS,
    ASSET_INDEX,
    EXCHANGE_INFO,
    LEVERAGE_BRACKET,
    POSITION_RISK,
    PREMIUM_INDEX,
    REQUIRED,
    SYMBOL_CONFIG,
)
from monitor.venues.binance.found import Found, Product, without
from monitor.venues.binance.loans import offline as loans
from monitor.venues.binance.portfolio import offline as portfolio
from monitor.venues.offline import Offline

NO_KEY_POWERS = "what the key may do is unknown"
NO_TIERS = "no maintenance tiers: margin ratios and lines are unknown"
OWN_MARKS = "mark prices only of the positions themselves"


def _usdm(found: Found) -> list[Event]:
    account, time = found.account, found.time
    modes, settings = found.first(ACCOUNT_CONFIG), found.first(SYMBOL_CONFIG)
    config = found.configured(None if modes is None else words.account_config(modes, settings, account, time, time))
    snapshot = words.account_snapshot(
        found.all(ACCOUNT)[0],
        found.all(POSITION_RISK)[0],
        account,
        time,
        time,
        {setting.symbol: setting for setting in config.symbols},
    )
    return [
        *found.instruments(EXCHANGE_INFO),
        *found.tiers(LEVERAGE_BRACKET),
        *found.assets(),
        *found.permissions(),
        config,
        *found.marks(snapshot, PREMIUM_INDEX),
        snapshot,
    ]


def _coinm(found: Found) -> list[Event]:
    account, time = found.account, found.time
    body, risk = found.all(endpoints_coinm.ACCOUNT)[0], found.all(endpoints_coinm.POSITION_RISK)[0]
    # Both futures share one position mode: the answer of either tells it.
    mode = found.first(endpoints_coinm.DUAL_SIDE, ACCOUNT_CONFIG)
    config = found.configured(
        None if mode is None else coinm_answers.coinm_config(mode, risk, account, time, time, found.problems)
    )
    settings = {setting.symbol: setting for setting in config.symbols}
    snapshot = words.account_snapshot(body, risk, account, time, time, settings)
    assets, marks = found.assets(), found.marks(snapshot, endpoints_coinm.PREMIUM_INDEX)
    return [
        *found.instruments(endpoints_coinm.EXCHANGE_INFO),
        *found.tiers(endpoints_coinm.LEVERAGE_BRACKET),
        *assets,
        *_coins(found, assets, marks),
        *found.permissions(),
        config,
        *marks,
        snapshot,
    ]


def _coins(found: Found, assets: list[Event], marks: list[Event]) -> list[AssetTick]:
    """What coins are worth by the index beside their contracts' marks, where the asset index does not tell it."""
    told = {event.asset for event in assets if isinstance(event, AssetTick)}
    prices: dict[Asset, AssetTick] = {}
    for event in marks:
        if isinstance(event, Tick) and event.index is not None:
            coin = event.symbol.partition("_")[0].removesuffix(USD)
            if coin not in told:
                prices.setdefault(coin, AssetTick(found.venue, coin, event.index, event.venue_time, found.time))
    return list(prices.values())


USDM = Product(
    telling=ACCOUNT,
    required=REQUIRED,
    optional={
        ACCOUNT_CONFIG: "the account's modes are unknown, so nothing can be computed",
        SYMBOL_CONFIG: "no leverage and no margin type: initial margin is unknown",
        LEVERAGE_BRACKET: NO_TIERS,
        ASSET_INDEX: "no USD prices of assets and no collateral rates",
        PREMIUM_INDEX: OWN_MARKS,
        EXCHANGE_INFO: "base and quote are taken from the symbols' names",
        API_RESTRICTIONS: NO_KEY_POWERS,
    },
    read=_usdm,
)
COINM = Product(
    telling=endpoints_coinm.ACCOUNT,
    required=endpoints_coinm.REQUIRED,
    optional={
        endpoints_coinm.DUAL_SIDE: "the account's position mode is unknown, so nothing can be computed",
        endpoints_coinm.LEVERAGE_BRACKET: NO_TIERS,
        endpoints_coinm.PREMIUM_INDEX: OWN_MARKS,
        endpoints_coinm.EXCHANGE_INFO: "coins and sizes of contracts are taken from the symbols' names",
        API_RESTRICTIONS: NO_KEY_POWERS,
    },
    read=_coinm,
)
PRODUCTS = (portfolio.RETAIL, portfolio.SPAN, portfolio.PRO, loans.CROSS, loans.ISOLATED, USDM, COINM)
"""In this order: accounts of portfolio margin have files of both futures beside their own."""

OPTIONAL_MEANING = {endpoint.path: meaning for endpoint, meaning in USDM.optional.items()}
"""What it costs when an optional file of USDⓈ-M is missing."""


def read(answers: Mapping[str, bytes], account: AccountKey, time: float) -> Offline:
    """Answers by file name (`folder.name`) to events. `time` is when they were captured, seconds since 1970.

    InputMissing if a file is not there without which there is nothing to assess, MalformedAnswer if a file is not what
    its name says. A file may hold the answer for one symbol: all of an endpoint are read.
    """
    found: dict[str, list[tuple[folder.Request, bytes]]] = {}
    paths = [endpoint.path for endpoint in calls.CALLS]
    for file_name in sorted(answers):
        try:
            request = folder.parse(file_name, paths)
        except ValueError:
            continue  # not the name of an answer: a note that somebody put beside them
        found.setdefault(request.path, []).append((request, answers[file_name]))
    product = product_of(found)
    absent = [folder.name(endpoint.path) for endpoint in product.required if endpoint.path not in found]
    if absent:
        raise InputMissing(f"{', '.join(absent)}: not in the folder; without it there is nothing to assess")
    needless = product.needless(Found(found, account, time))
    missing = {
        folder.name(endpoint.path): without(endpoint, meaning)
        for endpoint, meaning in product.optional.items()
        if endpoint.path not in found and endpoint not in needless
    }
    reading = Found(found, account, time, tuple(missing.values()))
    events = product.read(reading)
    return Offline(tuple(events), missing, tuple(f"{bad.row}: {bad.why}" for bad in reading.problems))


def product_of(found: Mapping[str, object]) -> Product:
    """Which account the files are of; that of USDⓈ-M where none tells."""
    return next((product for product in PRODUCTS if product.telling.path in found), USDM)
