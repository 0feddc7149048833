"""Every REST path of the simulated Binance, asked by a plain signed client."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from monitor.sim.binance import SimBinance
from monitor.sim.binance.accounts import SimAccount
from tests.sim.clients import Client


@dataclass
class Venue:
    sim: SimBinance
    account: SimAccount
    client: Client


@pytest.fixture
async def venue() -> AsyncIterator[Venue]:
    async with SimBinance(quiet=True, paced=False) as sim:
        account = sim.add_account("main", wallets={"USDT": 10_000.0, "USDC": 500.0}, hedge=True)
        account.trade("BTCUSDT", 0.1, side="LONG", price=100_000.0, fee_rate=0.0)
        account.trade("ETHUSDT", -2.0, side="SHORT", price=3_500.0, fee_rate=0.0, isolated=True, leverage=10)
        async with Client(sim, account) as client:
            yield Venue(sim, account, client)


async def test_public_paths_need_no_key(venue: Venue) -> None:
    assert abs((await venue.client.get("/fapi/v1/time"))["serverTime"] / 1000 - time.time()) < 2
    info = await venue.client.get("/fapi/v1/exchangeInfo")
    symbols = {row["symbol"]: row for row in info["symbols"]}
    assert {"BTCUSDT", "BTCUSDC", "AVAXUSDT", "TSLAUSDT"} <= set(symbols)
    assert "BTCUSD_PERP" not in symbols
    delivery = next(row for row in symbols.values() if row["contractType"] == "CURRENT_QUARTER")
    assert delivery["symbol"].startswith("BTCUSDT_")
    assert delivery["deliveryDate"] / 1000 > time.time()
    assert info["rateLimits"][0] == {
        "rateLimitType": "REQUEST_WEIGHT",
        "interval": "MINUTE",
        "intervalNum": 1,
        "limit": 2400,
    }
    one = await venue.client.get("/fapi/v1/premiumIndex", symbol="BTCUSDT")
    assert one["markPrice"] == "98039.21568627"
    every = await venue.client.get("/fapi/v1/premiumIndex")
    assert {row["symbol"]: row for row in every}[delivery["symbol"]]["lastFundingRate"] == ""
    ada = await venue.client.get("/fapi/v1/assetIndex", symbol="ADAUSD")
    assert (ada["bidBuffer"], ada["index"], ada["bidRate"]) == ("0.10000000", "0.62000000", "0.55800000")
    assert len(await venue.client.get("/fapi/v1/assetIndex")) == 10
    candles = await venue.client.get("/fapi/v1/markPriceKlines", symbol="BTCUSDT", interval="1m", limit=99)
    assert len(candles) == 99
    assert candles[-1][4] == one["markPrice"]
    assert candles[1][0] - candles[0][0] == 60_000
    assert await venue.client.get("/fapi/v1/fundingInfo")


async def test_each_request_counts_with_its_weight(venue: Venue) -> None:
    used = 0
    cases: list[tuple[str, int, bool, dict[str, Any]]] = [
        ("/fapi/v1/time", 1, False, {}),
        ("/fapi/v1/exchangeInfo", 1, False, {}),
        ("/fapi/v1/premiumIndex", 10, False, {}),
        ("/fapi/v1/premiumIndex", 1, False, {"symbol": "BTCUSDT"}),
        ("/fapi/v1/assetIndex", 10, False, {}),
        ("/fapi/v1/markPriceKlines", 2, False, {"symbol": "BTCUSDT", "interval": "1m", "limit": 100}),
        ("/fapi/v3/account", 5, True, {}),
        ("/fapi/v3/positionRisk", 5, True, {}),
        ("/fapi/v1/symbolConfig", 5, True, {}),
        ("/fapi/v1/accountConfig", 5, True, {}),
        ("/fapi/v1/multiAssetsMargin", 30, True, {}),
        ("/fapi/v1/leverageBracket", 1, True, {}),
    ]
    for path, weight, signed, params in cases:
        await venue.client.get(path, signed=signed, **params)
        used += weight
        assert venue.client.headers["X-MBX-USED-WEIGHT-1M"] == str(used), path
    await venue.client.get("/sapi/v1/account/apiRestrictions", signed=True)
    assert venue.sim.requests.most_weight_a_minute == used
    assert venue.sim.requests.count("/fapi/v3/account", account="main") == 1


async def test_an_account_is_printed_as_the_venue_prints_it(venue: Venue) -> None:
    account = await venue.client.get("/fapi/v3/account", signed=True)
    usdt = next(row for row in account["assets"] if row["asset"] == "USDT")
    assert usdt["walletBalance"] == "10000.00000000"
    assert usdt["crossWalletBalance"] == "9300.00000000"
    assert account["totalMaintMargin"] == usdt["maintMargin"]  # both sides of the trap: isolated is in here
    rows = {row["symbol"]: row for row in await venue.client.get("/fapi/v3/positionRisk", signed=True)}
    long, short = rows["BTCUSDT"], rows["ETHUSDT"]
    assert (long["positionSide"], long["positionAmt"], long["entryPrice"]) == ("LONG", "0.100", "100000.0")
    assert (long["isolatedMargin"], long["isolatedWallet"]) == ("0", "0")
    assert (short["positionSide"], short["positionAmt"], short["isolatedWallet"]) == ("SHORT", "-2.000", "700")
    assert "leverage" not in long
    assert "marginType" not in long
    assert all("entryPrice" not in row for row in account["positions"])
    assert float(short["isolatedMargin"]) == pytest.approx(700 + float(short["unRealizedProfit"]), abs=1e-8)
    required = float(long["maintMargin"]) + float(short["maintMargin"])
    assert float(account["totalMaintMargin"]) == pytest.approx(required, abs=1e-7)


async def test_modes_settings_brackets_and_permissions(venue: Venue) -> None:
    config = await venue.client.get("/fapi/v1/accountConfig", signed=True)
    assert (config["dualSidePosition"], config["multiAssetsMargin"]) == (True, False)
    assert await venue.client.get("/fapi/v1/multiAssetsMargin", signed=True) == {"multiAssetsMargin": False}
    assert await venue.client.get("/fapi/v1/positionSide/dual", signed=True) == {"dualSidePosition": True}
    settings = {row["symbol"]: row for row in await venue.client.get("/fapi/v1/symbolConfig", signed=True)}
    assert settings["ETHUSDT"]["marginType"] == "ISOLATED"
    assert settings["ETHUSDT"]["leverage"] == 10
    assert settings["BTCUSDT"]["marginType"] == "CROSSED"
    venue.account.bracket_coefficients["ETHUSDT"] = 1.5
    table = {row["symbol"]: row for row in await venue.client.get("/fapi/v1/leverageBracket", signed=True)}
    assert table["BTCUSDT"]["brackets"][1] == {
        "bracket": 2,
        "initialLeverage": 100,
        "notionalCap": 800000,
        "notionalFloor": 300000,
        "maintMarginRatio": 0.005,
        "cum": 300.0,
    }
    assert table["ETHUSDT"]["notionalCoef"] == 1.5
    assert "notionalCoef" not in table["BTCUSDT"]
    allowed = await venue.client.get("/sapi/v1/account/apiRestrictions", signed=True)
    assert allowed["enableReading"] is True
    assert allowed["enableWithdrawals"] is False


@pytest.mark.parametrize(
    ("method", "path", "params", "status", "code"),
    [
        ("GET", "/fapi/v1/nonsense", {}, 404, -5000),
        ("POST", "/fapi/v1/time", {}, 404, -5000),
        ("GET", "/fapi/v1/premiumIndex", {"symbol": "NOPE"}, 400, -1121),
        ("GET", "/fapi/v1/assetIndex", {"symbol": "NOPEUSD"}, 400, -1121),
        ("GET", "/fapi/v1/markPriceKlines", {"interval": "1m"}, 400, -1102),
        ("GET", "/fapi/v1/markPriceKlines", {"symbol": "BTCUSDT", "interval": "7m"}, 400, -1120),
        ("GET", "/fapi/v3/account", {}, 400, -1102),
        ("GET", "/fapi/v3/account", {"timestamp": "soon"}, 400, -1102),
        ("GET", "/fapi/v3/account", {"timestamp": 1}, 400, -1021),
        ("GET", "/fapi/v3/account", {"timestamp": 99999999999999}, 400, -1021),
        ("GET", "/fapi/v3/account", {"timestamp": 1, "recvWindow": 70000}, 400, -1131),
        ("PUT", "/fapi/v1/listenKey", {}, 400, -1125),
    ],
)
async def test_mistakes_are_refused_as_the_venue_refuses_them(
    venue: Venue, method: str, path: str, params: dict[str, Any], status: int, code: int
) -> None:
    got, body = await venue.client.ask(method, path, **params)
    assert (got, body["code"]) == (status, code)
    assert body["msg"]


async def test_wrong_keys_and_signatures_are_refused(venue: Venue) -> None:
    async with Client(venue.sim) as stranger:
        status, body = await stranger.ask("GET", "/fapi/v3/account", timestamp=1)
        assert (status, body["code"]) == (401, -2014)
    thief = venue.sim.add_account("thief")
    venue.sim.accounts.pop("thief")
    async with Client(venue.sim, thief) as unknown:
        status, body = await unknown.ask("GET", "/fapi/v3/account", signed=True)
        assert (status, body["code"]) == (401, -2015)
    thief.key = venue.account.key
    async with Client(venue.sim, thief) as forger:
        status, body = await forger.ask("GET", "/fapi/v3/account", signed=True)
        assert (status, body["code"]) == (400, -1022)


async def test_the_signature_is_over_the_query_as_sent_percent_signs_and_all(venue: Venue) -> None:
    status, body = await venue.client.ask(
        "GET", "/fapi/v3/positionRisk", signed=True, note="ä b&c=1/2", symbol="BTCUSDT"
    )
    assert (status, len(body)) == (200, 1)


async def test_a_listen_key_stays_the_same_while_it_lives(venue: Venue) -> None:
    _, first = await venue.client.ask("POST", "/fapi/v1/listenKey")
    _, again = await venue.client.ask("POST", "/fapi/v1/listenKey")
    assert first == again
    assert len(first["listenKey"]) == 64
    assert (await venue.client.ask("PUT", "/fapi/v1/listenKey"))[0] == 200
    assert await venue.client.ask("DELETE", "/fapi/v1/listenKey") == (200, {})
    assert (await venue.client.ask("PUT", "/fapi/v1/listenKey"))[1]["code"] == -1125
    _, other = await venue.client.ask("POST", "/fapi/v1/listenKey")
    assert other != first


async def test_too_much_weight_is_refused_and_who_goes_on_is_banned(venue: Venue) -> None:
    venue.sim.faults.foreign_weight = 2399
    assert (await venue.client.ask("GET", "/fapi/v1/time"))[0] == 200
    status, body = await venue.client.ask("GET", "/fapi/v1/time")
    assert (status, body["code"]) == (429, -1003)
    assert 1 <= int(venue.client.headers["RETRY-AFTER"]) <= 60
    statuses = [(await venue.client.ask("GET", "/fapi/v1/time"))[0] for _ in range(20)]
    assert statuses[-1] == 418
    assert "banned until" in (await venue.client.ask("GET", "/fapi/v1/time"))[1]["msg"]
    assert venue.sim.requests.during_ban >= 1
