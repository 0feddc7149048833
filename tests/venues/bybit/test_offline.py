"""A folder of answers as events, and what it costs when one is missing."""

from __future__ import annotations

import json

import pytest

from monitor.domain.errors import InputMissing, MalformedAnswer
from monitor.domain.events import (
    AccountConfig,
    AccountSnapshot,
    AssetTick,
    CollateralLoaded,
    FundingIntervals,
    InstrumentsLoaded,
    PermissionsRead,
    Tick,
    TiersLoaded,
)
from monitor.domain.quality import Quality
from monitor.engine.engine import Engine
from monitor.engine.settings import EngineSettings
from monitor.venues.bybit.margin import describe
from monitor.venues.bybit.offline import read
from monitor.venues.bybit.redact import redact
from tests.venues.bybit.support import (
    ACCOUNT,
    T0,
    VENUE,
    Files,
    account_folder,
    answer,
    coin,
    contract,
    limits,
    listing,
    order,
    position,
    wallet,
)


def whole() -> Files:
    return account_folder(
        "REGULAR_MARGIN",
        wallet(
            coin("USDT", 10_000, totalPositionMM="549.5"),
            totalMarginBalance="10000",
            totalMaintenanceMargin="549.5",
            totalInitialMargin="10049.5",
            accountMMRate="0.0549",
        ),
        positions={
            "USDT": [
                position(
                    "BTCUSDT", 1.0, "100000", "100000", "10",
                    liqPrice="90502.01005025", positionMM="549.5", unrealisedPnl="0",
                )
            ]
        },
        contracts=[contract("BTCUSDT", "BTC")],
        tiers=limits("BTCUSDT", (2e6, 0.005, "")),
    )  # fmt: skip


def test_the_events_come_as_they_would_have_come() -> None:
    kinds = [type(event) for event in read(whole(), ACCOUNT, T0).events]
    assert kinds == [
        InstrumentsLoaded,
        FundingIntervals,
        TiersLoaded,
        CollateralLoaded,
        PermissionsRead,
        AccountConfig,
        AssetTick,
        Tick,
        AccountSnapshot,
    ]


def test_a_whole_folder_is_missing_nothing_and_agrees_with_the_venue() -> None:
    found = read(whole(), ACCOUNT, T0)
    assert dict(found.missing) == {}
    assert found.problems == ()
    engine = Engine({VENUE: describe}, EngineSettings(accounts=(ACCOUNT,), lines_every_seconds=0.0))
    engine.step(found.events, T0)
    (report,) = engine.reports()
    (pool,) = report.pools
    assert pool.ratio.value == pytest.approx(0.0549, abs=1e-3)
    assert pool.quality is Quality.LIVE, pool.reasons
    assert pool.drift["maintenance_margin"] == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize(
    "name",
    ["v5_account_info.json", "v5_account_wallet-balance__accountType=UNIFIED.json"],
)
def test_without_a_needed_answer_there_is_nothing_to_assess(name: str) -> None:
    files = {key: raw for key, raw in whole().items() if key != name}
    with pytest.raises(InputMissing, match=name.partition("__")[0].removesuffix(".json")):
        read(files, ACCOUNT, T0)


def test_what_an_absent_answer_costs_is_said_and_lowers_the_quality() -> None:
    files = {key: raw for key, raw in whole().items() if "risk-limit" not in key and "category=inverse" not in key}
    found = read(files, ACCOUNT, T0)
    assert set(found.missing) == {
        "v5_market_risk-limit.json",
        "v5_position_list__category=inverse.json",
        "v5_order_realtime__category=inverse.json",
    }
    config = next(event for event in found.events if isinstance(event, AccountConfig))
    assert config.problems == tuple(found.missing.values())


def test_all_pages_and_categories_of_positions_are_read() -> None:
    files = whole() | {
        "v5_position_list__category=linear__settleCoin=USDT__page=2.json": listing(
            position("ETHUSDT", 1.0, "1", "1"), category="linear"
        ),
        "v5_position_list__category=inverse.json": listing(position("BTCUSD", 1.0, "1", "1"), category="inverse"),
        "notes.txt": b"whatever",
        "v5_market_open-interest.json": b"{}",
    }
    snapshot = next(event for event in read(files, ACCOUNT, T0).events if isinstance(event, AccountSnapshot))
    assert sorted(one.symbol for one in snapshot.positions) == ["BTCUSD", "BTCUSDT", "ETHUSDT"]


def test_a_file_that_is_not_what_its_name_says_is_malformed() -> None:
    with pytest.raises(MalformedAnswer):
        read(whole() | {"v5_account_info.json": b"{}"}, ACCOUNT, T0)


def test_prices_of_tickers_stand_before_those_of_the_positions() -> None:
    files = whole() | {
        "v5_market_tickers__category=linear.json": listing({"symbol": "BTCUSDT", "markPrice": "99000"}),
        "v5_market_tickers__category=spot.json": listing({"symbol": "BTCUSDT", "usdIndexPrice": "99001"}),
    }
    events = read(files, ACCOUNT, T0).events
    assert [event.mark for event in events if isinstance(event, Tick)] == [99000.0]
    assert {event.asset: event.price_usd for event in events if isinstance(event, AssetTick)} == {
        "BTC": 99001.0,
        "USDT": 1.0,
    }


def test_redaction_takes_whose_it_is_and_leaves_what_risk_is_computed_from() -> None:
    resting = [order("5c2b9e0a-7b0f-4f55-9c1a-2f6f5a3f0d11", "BTCUSDT", 0.1, "90000", orderLinkId="mine")]
    resting.append(order("6d3c0f1b-8c10-4a66-8d2b-3a7a6b4b1e22", "BTCUSDT", 0.2, "80000", orderLinkId="mine"))
    files = whole() | {"v5_order_realtime__category=linear__settleCoin=USDT.json": listing(*resting, category="linear")}
    cleaned = {name: redact(name, raw) for name, raw in files.items()}
    before, after = read(files, ACCOUNT, T0), read(cleaned, ACCOUNT, T0)
    orders = [
        next(event for event in one.events if isinstance(event, AccountSnapshot)).orders for one in (before, after)
    ]
    assert [[(one.quantity, one.price) for one in them] for them in orders] == [[(0.1, 90000.0), (0.2, 80000.0)]] * 2
    assert len({one.id for one in orders[1]}) == 2
    assert not {one.id for one in orders[0]} & {one.id for one in orders[1]}
    assert [event for event in before.events if not isinstance(event, AccountSnapshot)] == [
        event for event in after.events if not isinstance(event, AccountSnapshot)
    ]
    assert b"mine" not in b"".join(cleaned.values())


SECRETS = {
    "apiKey": "AbCdEf0123456789Xy",
    "secret": "s3cr3t",
    "userID": 24617703,
    "note": "my key",
    "nickName": "somebody",
    "loginName": "somebody",
    "accountName": "somebody",
    "customerRef": "somebody",
    "inviterID": 7,
    "ips": ["203.0.113.7", "*"],
    "createdAt": "2023-02-15T03:13:24Z",
    "address": "0x52908400098527886E0F7030069857D2E4169EE7",
    "text": "mail somebody@example.org from 203.0.113.7",
}


def test_nothing_that_tells_who_it_is_survives() -> None:
    cleaned = redact("v5_user_query-api.json", answer(SECRETS | {"readOnly": 1, "deadlineDay": 88, "permissions": {}}))
    for value in ("AbCdEf", "s3cr3t", "24617703", "my key", "203.0.113.7", "2023-02-15", "0x529", "somebody"):
        assert value.encode() not in cleaned
    body = json.loads(cleaned)["result"]
    assert body["ips"] == ["removed", "*"]
    assert (body["readOnly"], body["deadlineDay"]) == (1, 88)


def test_what_is_no_json_is_replaced_whole() -> None:
    assert json.loads(redact("x.json", b"<html>key</html>")) == {"removed": "x.json was not JSON"}
