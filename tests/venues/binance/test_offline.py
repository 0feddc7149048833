"""(d) The FAQ's account as a raw folder: read, described, and what a missing file costs."""

from __future__ import annotations

import pytest

from monitor.domain.accounts import Account
from monitor.domain.errors import InputMissing, MalformedAnswer
from monitor.domain.events import (
    AccountConfig,
    AccountSnapshot,
    AssetTick,
    InstrumentsLoaded,
    PermissionsRead,
    Tick,
    TiersLoaded,
)
from monitor.domain.names import AccountKey, PoolKey, Side
from monitor.domain.tables import Tables
from monitor.margin.pool import Description
from monitor.venues import folder
from monitor.venues.binance import offline
from monitor.venues.binance.margin import describe
from monitor.venues.offline import Offline
from tests.venues.binance.support import FAQ, raw

FAQ_FOLDER = folder.read(FAQ)
FAQ_ACCOUNT = AccountKey("binance", "faq")
TIME = FAQ_FOLDER.meta.time


def read(*without: str, **instead: bytes) -> Offline:
    answers = {name: body for name, body in FAQ_FOLDER.answers.items() if name.removesuffix(".json") not in without}
    answers |= {f"{name}.json": body for name, body in instead.items()}
    return offline.read(answers, FAQ_ACCOUNT, TIME)


def described(found: Offline) -> Description:
    config = next(event for event in found.events if isinstance(event, AccountConfig))
    snapshot = next(event for event in found.events if isinstance(event, AccountSnapshot))
    account = Account(
        key=FAQ_ACCOUNT,
        mode=config.mode,
        positions={position.key: position for position in snapshot.positions},
        balances={balance.asset: balance for balance in snapshot.balances},
        symbols={setting.symbol: setting for setting in config.symbols},
        venue=snapshot.venue,
    )
    tables = Tables(
        instruments={
            one.symbol: one
            for event in found.events
            if isinstance(event, InstrumentsLoaded)
            for one in event.instruments
        },
        tiers={
            symbol: table for event in found.events if isinstance(event, TiersLoaded) for symbol, table in event.tiers
        },
        rates={event.asset: event.rates for event in found.events if isinstance(event, AssetTick) and event.rates},
    )
    return describe(account, tables)


def test_the_faq_folder_is_whole_and_clean() -> None:
    found = read()
    assert (found.missing, found.problems) == ({}, ())
    assert [type(event) for event in found.events] == [
        InstrumentsLoaded, TiersLoaded, AssetTick, PermissionsRead, AccountConfig, Tick, Tick, AccountSnapshot,
    ]  # fmt: skip
    assert (FAQ_FOLDER.meta.venue, FAQ_FOLDER.meta.account) == FAQ_ACCOUNT


def test_the_faq_account_is_one_cross_pool_with_the_figures_that_the_faq_prints() -> None:
    (pool,) = described(read()).pools
    assert pool.key == PoolKey("binance", "faq", "cross:USDT")
    assert (pool.cash, pool.reasons, pool.unknown) == (1_535_443.01, (), ())
    assert [(leg.symbol, leg.side, leg.quantity, leg.entry) for leg in pool.legs] == [
        ("BTCUSDT", Side.LONG, 109.488, 32481.98),
        ("ETHUSDT", Side.LONG, 3683.979, 1456.84),
    ]
    assert pool.venue.equity == pytest.approx(1_030_895.5, abs=0.1)
    assert pool.venue.maintenance_margin == pytest.approx(71_201.0 + 356_512.5, abs=1.0)
    assert pool.venue.ratio == pytest.approx(0.4149, abs=5e-5)
    assert [round(line.printed.price or 0.0, 2) for line in pool.venue.lines] == [26316.89, 1153.26]


def test_the_faqs_maintenance_amounts_are_those_of_its_tiers() -> None:
    legs = described(read()).pools[0].legs
    found = {}
    for leg, mark in zip(legs, (31967.27, 1335.18), strict=True):
        assert leg.tiers is not None
        tier = [tier for tier in leg.tiers.tiers if tier.floor < leg.quantity * mark][-1]
        found[leg.symbol] = (tier.rate, tier.deduction)
    assert found == {"BTCUSDT": (0.025, 16_300.0), "ETHUSDT": (0.1, 135_365.0)}


@pytest.mark.parametrize("name", ["fapi_v3_account", "fapi_v3_positionRisk"])
def test_without_the_account_there_is_nothing_to_assess(name: str) -> None:
    with pytest.raises(InputMissing, match=f"{name}.json"):
        read(name)


@pytest.mark.parametrize("name", sorted(path[1:].replace("/", "_") for path in offline.OPTIONAL_MEANING))
def test_a_missing_optional_file_is_named_and_the_rest_is_read(name: str) -> None:
    found = read(name)
    assert list(found.missing) == [f"{name}.json"]
    (config,) = [event for event in found.events if isinstance(event, AccountConfig)]
    (snapshot,) = [event for event in found.events if isinstance(event, AccountSnapshot)]
    assert [problem.startswith(f"{name}.json is missing: ") for problem in config.problems] == [True]
    assert snapshot.problems == ()  # else nothing would be compared with the venue's own figures


def test_without_modes_the_account_is_unknown_and_not_guessed() -> None:
    description = described(read("fapi_v1_accountConfig"))
    assert description.pools == ()
    assert description.unknown


def test_without_brackets_the_tiers_are_unknown() -> None:
    (pool,) = described(read("fapi_v1_leverageBracket")).pools
    assert [leg.tiers for leg in pool.legs] == [None, None]


def test_without_contract_data_names_serve() -> None:
    (pool,) = described(read("fapi_v1_exchangeInfo")).pools
    assert len(pool.reasons) == 2


def test_without_premium_index_the_positions_own_marks_serve() -> None:
    ticks = [event for event in read("fapi_v1_premiumIndex").events if isinstance(event, Tick)]
    assert [(tick.symbol, tick.mark, tick.venue_time) for tick in ticks] == [
        ("BTCUSDT", 31967.27, TIME),
        ("ETHUSDT", 1335.18, TIME),
    ]


def test_brackets_may_come_a_symbol_a_file() -> None:
    rows = [
        {"symbol": symbol, "brackets": [{"notionalFloor": 0, "maintMarginRatio": rate, "cum": 0}]}
        for symbol, rate in (("BTCUSDT", 0.01), ("ETHUSDT", 0.02))
    ]
    found = read(
        "fapi_v1_leverageBracket",
        **{
            "fapi_v1_leverageBracket__symbol=BTCUSDT": raw([rows[0]]),
            "fapi_v1_leverageBracket__symbol=ETHUSDT": raw([rows[1]]),
        },
    )
    (loaded,) = [event for event in found.events if isinstance(event, TiersLoaded)]
    assert [symbol for symbol, _ in loaded.tiers] == ["BTCUSDT", "ETHUSDT"]
    assert not found.missing


def test_a_file_that_is_not_what_its_name_says_is_refused() -> None:
    with pytest.raises(MalformedAnswer):
        read(fapi_v3_account=b"<html>")


def test_a_row_that_cannot_be_read_is_named() -> None:
    found = read(fapi_v1_premiumIndex=raw([{"symbol": "BTCUSDT", "markPrice": "nan", "time": 1}]))
    assert found.problems
    assert [event.symbol for event in found.events if isinstance(event, Tick)] == ["BTCUSDT", "ETHUSDT"]
