"""Spot margin at the simulated Binance: levels and lines by Binance's rules, interest, liquidation, tokens, pushes."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.sim.binance import SimBinance
from monitor.sim.binance.loans import arithmetic
from monitor.sim.binance.loans.purse import Holding, Purse
from monitor.sim.binance.loans.tables import PairTier
from monitor.sim.binance.server import Cadence
from monitor.sim.clock import ManualClock
from tests.sim.clients import Client, until

NOW = 1_795_000_000.0


def venue() -> SimBinance:
    return SimBinance(clock=ManualClock(NOW), quiet=True, paced=False, network=False)


class TestArithmetic:
    def test_maintenance_of_pro_is_that_of_binances_example(self) -> None:
        sim = venue()
        for coin, usdt in (("BTC", 30_000.0), ("ETH", 3_000.0)):
            sim.market.set_asset(coin, usdt * sim.market.asset_usd("USDT"))
        purse = Purse({"BTC": Holding(borrowed=13.0), "ETH": Holding(borrowed=13.0)})
        assert arithmetic.figures(purse, sim.market).maintenance_usdt == pytest.approx(31_330.0, rel=1e-8)

    def test_the_line_of_a_pair_is_that_of_a_recorded_account(self) -> None:
        tier = PairTier(2, 4.2, 1.3125, 1.1575, 1e9, 1e9)
        purse = Purse({"FET": Holding(free=1_000.0), "USDT": Holding(free=10.0, borrowed=600.0, interest=1.0)})
        line = arithmetic.pair_line(purse, "FET", "USDT", tier)
        assert (1_000.0 * line + 10.0) / 601.0 == pytest.approx(1.1575)

    def test_each_part_of_an_asset_counts_at_the_ratio_of_its_tier(self) -> None:
        assert arithmetic.collateral_value("BTC", 600_000.0) == pytest.approx(500_000.0 * 0.98 + 100_000.0 * 0.95)
        assert arithmetic.collateral_value("USDT", 5e9) == 5e9


class TestCross:
    async def test_the_answer_says_level_kind_and_every_asset(self) -> None:
        async with SimBinance(quiet=True, paced=False) as sim:
            account = sim.add_account("cross", product="margin", wallets={"USDT": 20_000.0})
            account.trade("BTCUSDT", 0.5, price=98_000.0, borrow=True)
            async with Client(sim, account) as client:
                body = await client.get("/sapi/v1/margin/account", signed=True)
                assert body["accountType"] == "MARGIN_1"
                rows = {row["asset"]: row for row in body["userAssets"]}
                assert rows["USDT"]["borrowed"] == "29000"
                assert (rows["BTC"]["free"], rows["SOL"]["free"]) == ("0.5", "0")
                level = float(body["totalAssetOfBtc"]) / float(body["totalLiabilityOfBtc"])
                assert float(body["marginLevel"]) == pytest.approx(level, rel=1e-6)
                assert float(body["collateralMarginLevel"]) < level
                assert client.headers["X-SAPI-USED-IP-WEIGHT-1M"] == "10"
                assert "X-MBX-USED-WEIGHT-1M" not in client.headers
                index = await client.get("/sapi/v1/margin/priceIndex", symbol="ETHUSDT")
                assert (index["symbol"], client.headers["X-SAPI-USED-IP-WEIGHT-1M"]) == ("ETHUSDT", "10")

    async def test_no_debt_is_a_level_of_999(self) -> None:
        async with SimBinance(quiet=True, paced=False) as sim:
            account = sim.add_account("cross", product="margin", pro=True)
            async with Client(sim, account) as client:
                body = await client.get("/sapi/v1/margin/account", signed=True)
                assert (body["marginLevel"], body["accountType"]) == ("999", "MARGIN_2")

    def test_interest_is_added_each_full_hour(self) -> None:
        sim = venue()
        account = sim.add_account("cross", product="margin", wallets={"USDT": 500.0})
        account.borrow("USDT", 1_000.0)
        sim.tick(1.0)
        sim.tick(1_800.0)
        assert account.purse.of("USDT").interest == 0.0
        sim.tick(7_200.0)
        assert account.purse.of("USDT").interest == pytest.approx(2 * 1_000.0 * 0.000_007)
        account.repay("USDT", 500.0)
        assert account.purse.of("USDT").interest == 0.0
        assert account.purse.of("USDT").borrowed == pytest.approx(500.014)

    @pytest.mark.parametrize(("pro", "at"), [(False, 1.1), (True, 1.0)])
    def test_liquidation_is_where_the_level_says(self, pro: bool, at: float) -> None:
        sim = venue()
        account = sim.add_account("cross", product="margin", wallets={"USDT": 10_000.0}, pro=pro)
        account.trade("BTCUSDT", 0.4, price=98_039.2, borrow=True)
        for _ in range(200):
            sim.market.set_asset("BTC", sim.market.asset_usd("BTC") * 0.998)
            before = account.level()
            sim.tick()
            if not account.purse.owes():
                break
            assert before > at
        assert before <= at
        assert account.purse.of("BTC").total == 0.0
        assert account.purse.of("USDT").free > 0.0

    def test_what_open_orders_lose_lowers_the_level_of_pro(self) -> None:
        account = venue().add_account("cross", product="margin", wallets={"USDT": 1_000.0, "BTC": 0.1}, pro=True)
        account.borrow("ETH", 1.0)
        before = account.level()
        account.order("USDT", 500.0, loss_usdt=20.0)
        assert account.level() < before


class TestIsolated:
    async def test_a_pair_has_level_line_and_tier(self) -> None:
        async with SimBinance(quiet=True, paced=False) as sim:
            account = sim.add_account(
                "pairs", product="isolated-margin", wallets={"SOLUSDT": {"USDT": 4_000.0}, "BTCUSDT": {}}
            )
            account.offsets["SOLUSDT"] = 0.002
            account.trade("SOLUSDT", 60.0, price=190.0, borrow=True)
            async with Client(sim, account) as client:
                body = await client.get("/sapi/v1/margin/isolated/account", signed=True)
                sol = next(row for row in body["assets"] if row["symbol"] == "SOLUSDT")
                assert (sol["baseAsset"]["totalAsset"], sol["quoteAsset"]["borrowed"]) == ("60", "7400")
                line, index = float(sol["liquidatePrice"]), float(sol["indexPrice"])
                assert line == pytest.approx(1.15 * 7_400.0 / 60.0)
                assert float(sol["liquidateRate"]) == pytest.approx((line / index - 1.0) * 100.0, abs=1e-7)
                net = {side: float(sol[side]["netAssetOfBtc"]) for side in ("baseAsset", "quoteAsset")}
                assert float(sol["marginLevel"]) == pytest.approx(net["baseAsset"] / -net["quoteAsset"], rel=1e-6)
                assert float(sol["marginLevel"]) != pytest.approx(60.0 * index / 7_400.0, rel=1e-4)
                tiers = await client.get("/sapi/v1/margin/isolatedMarginTier", signed=True, symbol="SOLUSDT")
                assert [row["liquidationRiskRatio"] for row in tiers] == ["1.15", "1.1575", "1.18"]
                assert "totalAssetOfBtc" in body
                narrowed = await client.get("/sapi/v1/margin/isolated/account", signed=True, symbols="BTCUSDT")
                assert [row["symbol"] for row in narrowed["assets"]] == ["BTCUSDT"]
                assert "totalAssetOfBtc" not in narrowed

    def test_one_pair_is_liquidated_and_the_other_stays(self) -> None:
        sim = venue()
        account = sim.add_account(
            "pairs",
            product="isolated-margin",
            wallets={"SOLUSDT": {"USDT": 4_000.0}, "ETHUSDT": {"USDT": 10_000.0}},
        )
        account.trade("SOLUSDT", 60.0, price=190.0, borrow=True)
        account.trade("ETHUSDT", 3.0, price=3_400.0, borrow=True)
        line = account.line("SOLUSDT")
        sim.market.set_asset("SOL", 1.001 * line * sim.market.asset_usd("USDT"))
        sim.tick()
        assert account.purse("SOLUSDT").owes()
        sim.market.set_asset("SOL", 0.999 * line * sim.market.asset_usd("USDT"))
        sim.tick()
        assert not account.purse("SOLUSDT").owes()
        assert account.purse("ETHUSDT").owes()


class TestTokens:
    async def subscribed(self, client: Client, raw: Any, **params: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        status, token = await client.ask("POST", "/sapi/v1/userListenToken", **params)
        assert status == 200, token
        await raw.send_json(
            {"id": "1", "method": "userDataStream.subscribe.listenToken", "params": {"listenToken": token["token"]}}
        )
        return token, await raw.receive_json(timeout=20)

    async def test_balances_come_wrapped_with_the_number_of_the_subscription(self) -> None:
        async with SimBinance(quiet=True, paced=False) as sim:
            account = sim.add_account("cross", product="margin")
            async with Client(sim, account) as client, client.http.ws_connect(f"{sim.socket_api}/ws-api/v3") as raw:
                token, said = await self.subscribed(client, raw)
                assert said["status"] == 200
                assert said["result"] == {"subscriptionId": 0, "expirationTime": token["expirationTime"]}
                account.transfer("USDT", 50.0)
                frame = await raw.receive_json(timeout=20)
                assert (frame["subscriptionId"], frame["event"]["e"]) == (0, "balanceUpdate")
                frame = await raw.receive_json(timeout=20)
                assert frame["event"]["B"] == [{"a": "USDT", "f": "10050.00000000", "l": "0.00000000"}]

    async def test_a_token_that_is_over_ends_its_subscription_with_an_event(self) -> None:
        async with SimBinance(quiet=True, paced=False, cadence=Cadence(listen_token_seconds=0.05)) as sim:
            account = sim.add_account("cross", product="margin")
            async with Client(sim, account) as client, client.http.ws_connect(f"{sim.socket_api}/ws-api/v3") as raw:
                token, _ = await self.subscribed(client, raw)
                await until(lambda: sim.time_ms() > token["expirationTime"])
                sim.tick()
                assert (await raw.receive_json(timeout=20))["event"]["e"] == "eventStreamTerminated"
                account.transfer("USDT", 1.0)
                await raw.send_json({"id": 9, "method": "ping"})
                assert (await raw.receive_json(timeout=20))["id"] == 9  # and nothing before it

    async def test_a_newer_token_prolongs_the_same_subscription(self) -> None:
        async with SimBinance(quiet=True, paced=False) as sim:
            account = sim.add_account("cross", product="margin")
            async with Client(sim, account) as client, client.http.ws_connect(f"{sim.socket_api}/ws-api/v3") as raw:
                _, first = await self.subscribed(client, raw, validity=60_000)
                _, second = await self.subscribed(client, raw)
                assert first["result"]["subscriptionId"] == second["result"]["subscriptionId"]
                assert first["result"]["expirationTime"] < second["result"]["expirationTime"]

    async def test_an_unknown_token_is_refused(self) -> None:
        async with SimBinance(quiet=True, paced=False) as sim:
            account = sim.add_account("cross", product="margin")
            async with Client(sim, account) as client, client.http.ws_connect(f"{sim.socket_api}/ws-api/v3") as raw:
                sim.faults.unknown_listen_token = 1
                _, said = await self.subscribed(client, raw)
                assert (said["status"], said["error"]["code"]) == (400, -1209)
                _, said = await self.subscribed(client, raw)
                assert said["status"] == 200

    async def test_a_token_of_isolated_margin_is_for_one_pair(self) -> None:
        async with SimBinance(quiet=True, paced=False) as sim:
            cross = sim.add_account("cross", product="margin")
            account = sim.add_account(
                "pairs",
                product="isolated-margin",
                key=cross.key,
                secret=cross.secret,
                wallets={"SOLUSDT": {}, "BTCUSDT": {}},
            )
            async with Client(sim, account) as client, client.http.ws_connect(f"{sim.socket_api}/ws-api/v3") as raw:
                await self.subscribed(client, raw, isIsolated="true", symbol="SOLUSDT")
                account.transfer("BTCUSDT", "USDT", 1.0)
                cross.transfer("USDT", 1.0)
                account.transfer("SOLUSDT", "USDT", 2.0)
                assert (await raw.receive_json(timeout=20))["event"]["d"] == "2.00000000"
                status, body = await client.ask("POST", "/sapi/v1/userListenToken", isIsolated="true")
                assert (status, body["code"]) == (400, -1102)


async def test_the_risk_stream_tells_of_debts_and_of_margin_calls() -> None:
    async with SimBinance(quiet=True, paced=False) as sim:
        account = sim.add_account("cross", product="margin", wallets={"USDT": 10_000.0}, leverage=5)
        async with Client(sim, account) as client:
            _, body = await client.ask("POST", "/sapi/v1/margin/listen-key")
            async with client.http.ws_connect(f"{sim.margin_stream}/ws/{body['listenKey']}") as raw:
                await until(lambda: bool(sim.hub.on("margin")))
                account.trade("BTCUSDT", 0.4, price=98_039.2, borrow=True)
                frame = await raw.receive_json(timeout=20)
                assert (frame["e"], frame["a"], frame["t"]) == ("USER_LIABILITY_CHANGE", "USDT", "BORROW")
                sim.market.set_asset("BTC", sim.market.asset_usd("BTC") * 0.86)
                sim.tick()
                frame = await raw.receive_json(timeout=20)
                assert (frame["e"], frame["s"]) == ("MARGIN_LEVEL_STATUS_CHANGE", "MARGIN_CALL")


class TestHistory:
    async def test_the_capital_flow_explains_every_change_of_a_balance(self) -> None:
        async with SimBinance(quiet=True, paced=False) as sim:
            account = sim.add_account("cross", product="margin", wallets={"USDT": 10_000.0})
            account.trade("BTCUSDT", 0.4, price=98_039.2, borrow=True)
            account.trade("BTCUSDT", -0.1)
            account.repay("USDT", 1_000.0)
            account.transfer("ETH", 1.0)
            sim.tick(7_200.0)  # interest changes no balance
            sim.market.set_asset("BTC", sim.market.asset_usd("BTC") * 0.5)
            sim.tick()
            assert not account.purse.owes()
            async with Client(sim, account) as client:
                rows = await client.get("/sapi/v1/margin/capital-flow", signed=True)
            assert rows[0]["timestamp"] >= rows[-1]["timestamp"]
            kinds = {"BORROW", "BUY_EXPENSE", "BUY_INCOME", "SELL_EXPENSE", "SELL_INCOME", "REPAY", "TRANSFER"}
            assert {row["type"] for row in rows} == kinds | {"OTHER_LIQUIDATION"}
            for asset, began in (("USDT", 10_000.0), ("BTC", 0.0), ("ETH", 0.0)):
                moved = sum(float(row["amount"]) for row in rows if row["asset"] == asset)
                assert account.purse.of(asset).total == pytest.approx(began + moved, abs=1e-6), asset
