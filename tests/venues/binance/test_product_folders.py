"""Folders of every product: known by the file that only it has, read, and what a missing file costs."""

from __future__ import annotations

import pytest

from monitor.domain.errors import InputMissing, MalformedAnswer
from monitor.domain.events import AccountConfig, AccountSnapshot, AssetTick, VenueWarning
from monitor.domain.lines import State
from monitor.domain.quality import Quality
from monitor.venues import folder
from monitor.venues.binance import endpoints as usdm
from monitor.venues.binance import endpoints_coinm as coinm
from monitor.venues.binance import offline
from monitor.venues.binance.endpoint import Endpoint
from monitor.venues.binance.found import Product
from monitor.venues.binance.loans import endpoints as loans
from monitor.venues.binance.loans import offline as loans_offline
from monitor.venues.binance.portfolio import endpoints as portfolio
from monitor.venues.binance.portfolio import offline as portfolio_offline
from monitor.venues.binance.redact import redact
from tests.venues.binance.support import ACCOUNT, FAQ, raw
from tests.venues.binance.test_loans import BRACKETS, ETH_PAIR, ETH_TIERS, RATIOS
from tests.venues.binance.test_portfolio import HEDGED
from tests.venues.binance.told import (
    TIME,
    Files,
    coin_brackets,
    coin_folder,
    coin_position,
    cross_folder,
    index_of,
    isolated_folder,
    named,
    owned,
    pair,
    portfolio_folder,
    pro_folder,
    reported,
)

FOLDERS: dict[str, tuple[Product, Files]] = {
    "coinm": (
        offline.COINM,
        {
            **coin_folder(
                coin_position("BTCUSD_PERP", 100, 4e4, 4e4),
                wallets={"BTC": 0.5},
                brackets=[coin_brackets("BTCUSD_PERP", (0, 0.01, 0))],
            ),
            named(usdm.ASSET_INDEX): raw([]),
        },
    ),
    "margin": (
        loans_offline.CROSS,
        cross_folder(
            owned("BTC", 1.0),
            owned("USDT", borrowed=9000.0),
            kind="MARGIN_2",
            prices={"BTCUSDT": 4e4},
            ratios=RATIOS,
            brackets=BRACKETS,
            totalOpenOrderLossInUSDT="0",
        ),
    ),
    "isolated-margin": (loans_offline.ISOLATED, isolated_folder(ETH_PAIR, tiers=ETH_TIERS)),
    "portfolio-margin": (portfolio_offline.RETAIL, portfolio_folder(HEDGED)),
    "portfolio-margin-pro": (portfolio_offline.PRO, pro_folder(HEDGED)),
    "span": (portfolio_offline.SPAN, pro_folder(HEDGED, span=True, accountMaintMargin="212")),
}
OPTIONAL = [(name, endpoint) for name, (product, _) in FOLDERS.items() for endpoint in product.optional]
REQUIRED = [(name, endpoint) for name, (product, _) in FOLDERS.items() for endpoint in product.required]


def without(name: str, endpoint: Endpoint) -> Files:
    stem = named(endpoint).removesuffix(folder.SUFFIX)
    _, files = FOLDERS[name]
    return {one: body for one, body in files.items() if one.removesuffix(folder.SUFFIX).partition("__")[0] != stem}


def identifier(value: object) -> str:
    return value.path if isinstance(value, Endpoint) else str(value)


@pytest.mark.parametrize("name", FOLDERS)
def test_a_redacted_folder_of_any_product_is_assessed_as_before(name: str) -> None:
    _, files = FOLDERS[name]
    clean = {one: redact(one, body) for one, body in files.items()}
    assert offline.read(clean, ACCOUNT, TIME) == offline.read(files, ACCOUNT, TIME)


@pytest.mark.parametrize("name", FOLDERS)
def test_a_whole_folder_is_known_for_what_it_is_and_computed(name: str) -> None:
    product, files = FOLDERS[name]
    read = offline.read(files, ACCOUNT, TIME)
    assert read.problems == ()
    assert product.telling.path in {folder.parse(one, [product.telling.path]).path for one in files}
    (config,) = [event for event in read.events if isinstance(event, AccountConfig)]
    (snapshot,) = [event for event in read.events if isinstance(event, AccountSnapshot)]
    assert (config.mode.collateral is None, snapshot.problems) == (False, ())
    if not set(read.missing) - {named(usdm.ASSET_INDEX)}:
        report = reported(files)
        assert [pool.ratio.state for pool in report.pools] == [State.AT] * len(report.pools)
        assert report.pools


@pytest.mark.parametrize(("name", "endpoint"), REQUIRED, ids=identifier)
def test_without_a_needed_file_there_is_nothing_to_assess(name: str, endpoint: Endpoint) -> None:
    with pytest.raises(InputMissing):
        offline.read(without(name, endpoint), ACCOUNT, TIME)


@pytest.mark.parametrize(("name", "endpoint"), OPTIONAL, ids=identifier)
def test_a_missing_optional_file_is_named_and_the_rest_is_read(name: str, endpoint: Endpoint) -> None:
    read = offline.read(without(name, endpoint), ACCOUNT, TIME)
    assert named(endpoint) in read.missing
    (config,) = [event for event in read.events if isinstance(event, AccountConfig)]
    (snapshot,) = [event for event in read.events if isinstance(event, AccountSnapshot)]
    assert any(problem.startswith(f"{named(endpoint)} is missing: ") for problem in config.problems)
    assert snapshot.problems == ()  # else nothing would be compared with the venue's own figures
    assert reported(without(name, endpoint)).quality in (Quality.PARTIAL, Quality.UNKNOWN)


@pytest.mark.parametrize(
    ("name", "endpoint"),
    [
        ("coinm", coinm.DUAL_SIDE),
        ("portfolio-margin", portfolio.UM_ACCOUNT_CONFIG),
        ("portfolio-margin-pro", usdm.ACCOUNT_CONFIG),
    ],
    ids=identifier,
)
def test_without_a_mode_the_account_is_unknown_and_not_guessed(name: str, endpoint: Endpoint) -> None:
    assert reported(without(name, endpoint)).quality is Quality.UNKNOWN


@pytest.mark.parametrize("name", FOLDERS)
def test_a_file_that_is_not_what_its_name_says_is_refused(name: str) -> None:
    product, files = FOLDERS[name]
    with pytest.raises(MalformedAnswer):
        offline.read({**files, named(product.telling): b"<html>"}, ACCOUNT, TIME)


def test_portfolio_margin_pro_is_known_beside_the_files_of_its_futures() -> None:
    _, files = FOLDERS["portfolio-margin-pro"]
    beside = {**folder.read(FAQ).answers, named(coinm.ACCOUNT): raw({"assets": []})}
    read = offline.read({**beside, **files}, ACCOUNT, TIME)
    (config,) = [event for event in read.events if isinstance(event, AccountConfig)]
    assert config.mode.kind == "pro"


def test_an_account_that_is_not_span_is_read_by_the_first_version_of_its_answer() -> None:
    """The second one answers SPAN accounts alone, but a capture may have asked for both."""
    _, files = FOLDERS["portfolio-margin-pro"]
    _, span = FOLDERS["span"]
    odd = raw({"accountType": "PM_1", "accountEquity": "1", "accountMaintMargin": "1", "uniMMR": "1"})
    for second in (odd, span[named(portfolio.PRO_ACCOUNT_SPAN)]):
        read = offline.read({**files, named(portfolio.PRO_ACCOUNT_SPAN): second}, ACCOUNT, TIME)
        (config,) = [event for event in read.events if isinstance(event, AccountConfig)]
        (snapshot,) = [event for event in read.events if isinstance(event, AccountSnapshot)]
        assert (config.mode.kind, snapshot.venue.equity) == ("pro", 0.0)


def test_a_status_that_is_not_normal_is_a_warning_of_the_venues() -> None:
    read = offline.read(portfolio_folder(HEDGED, accountStatus="REDUCE_ONLY"), ACCOUNT, TIME)
    (warning,) = [event for event in read.events if isinstance(event, VenueWarning)]
    assert warning.detail == "the venue's status of the account is REDUCE_ONLY"


def test_prices_of_pairs_in_other_coins_follow_those_in_dollars() -> None:
    files = cross_folder(owned("ETH", 1.0), prices={"BTCUSDT": 4e4, "ETHBTC": 0.05})
    read = offline.read(files, ACCOUNT, TIME)
    prices = {event.asset: event.price_usd for event in read.events if isinstance(event, AssetTick)}
    assert prices == {"USDT": 1.0, "BTC": 4e4, "ETH": 2000.0}


def test_a_coin_is_worth_the_index_beside_its_contracts_where_the_asset_index_is_silent() -> None:
    _, files = FOLDERS["coinm"]
    rows = [
        {"symbol": symbol, "markPrice": "40010", "indexPrice": index, "time": 1}
        for symbol, index in (("BTCUSD_PERP", "40000"), ("BTCUSD_261225", "40001"), ("ETHUSD_PERP", ""))
    ]
    read = offline.read({**files, named(coinm.PREMIUM_INDEX): raw(rows)}, ACCOUNT, TIME)
    prices = [(event.asset, event.price_usd) for event in read.events if isinstance(event, AssetTick)]
    assert prices == [("BTC", 40000.0)]
    told_already = {**files, named(coinm.PREMIUM_INDEX): raw(rows), named(usdm.ASSET_INDEX): index_of(BTC=39999.0)}
    read = offline.read(told_already, ACCOUNT, TIME)
    assert [event.price_usd for event in read.events if isinstance(event, AssetTick)] == [39999.0]


def test_a_stablecoin_that_nothing_tells_of_is_taken_for_a_dollar() -> None:
    files = cross_folder(owned("FDUSD", 100.0), owned("USDT", borrowed=5.0))
    del files[named(usdm.ASSET_INDEX)]
    read = offline.read(files, ACCOUNT, TIME)
    prices = {event.asset: event.price_usd for event in read.events if isinstance(event, AssetTick)}
    assert prices == {"FDUSD": 1.0, "USDT": 1.0}
    assert named(usdm.ASSET_INDEX) in read.missing


def test_files_that_an_account_does_not_need_are_not_missed() -> None:
    dollars = cross_folder(owned("USDT", 100.0, borrowed=5.0), level="20")
    for endpoint in (loans.COLLATERAL_RATIO, loans.LEVERAGE_BRACKET):
        del dollars[named(endpoint)]
    assert offline.read(dollars, ACCOUNT, TIME).missing == {}
    assert reported(dollars).quality is Quality.LIVE
    priced = {**cross_folder(owned("BTC", 1.0)), named(usdm.ASSET_INDEX): index_of(BTC=4e4)}
    assert offline.read(priced, ACCOUNT, TIME).missing == {}
    lent_nothing = isolated_folder(pair("ETHUSDT", owned("ETH", 1.0), owned("USDT"), indexPrice="2200"))
    assert offline.read(lent_nothing, ACCOUNT, TIME).missing == {}


def test_a_row_that_cannot_be_read_is_named() -> None:
    files = {**FOLDERS["margin"][1], named(loans.COLLATERAL_RATIO): raw([{"assetNames": ["BTC"], "collaterals": []}])}
    assert len(offline.read(files, ACCOUNT, TIME).problems) == 1
