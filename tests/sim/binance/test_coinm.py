"""COIN-M at the simulated Binance: its arithmetic against Binance's own worked figures, its answers and its pushes."""

from __future__ import annotations

import json

import pytest

from monitor.sim.binance import SimBinance
from monitor.sim.binance.brackets import Bracket
from monitor.sim.binance.coinm.positions import CoinPosition
from monitor.sim.binance.positions import cross_liquidation_price, first_crossing
from monitor.sim.clock import ManualClock
from tests.sim.clients import Client, until

NOW = 1_795_000_000.0


def position(
    quantity: float, entry: float, rate: float, cum: float, usd: float = 100.0, side: str = "BOTH"
) -> CoinPosition:
    rows = (Bracket(1, 20, 1e9, 0.0, rate, cum),)
    return CoinPosition("BTCUSD_PERP", side, "BTC", rows, contract_usd=usd, quantity=quantity, entry=entry)


@pytest.mark.parametrize(("contracts", "line"), [(500.0, 29326.36469222), (-500.0, 63624.67866324)])
def test_a_cross_line_is_that_of_the_published_formula(contracts: float, line: float) -> None:
    held = position(contracts, 40_000.0, 0.01, 0.002)
    # the other symbols of the pool need 0.01 and have lost 0.02
    assert cross_liquidation_price(
        "BTCUSD_PERP", 0.5 - 0.01 - 0.02, [held], {"BTCUSD_PERP": 40_000.0}
    ) == pytest.approx(line, rel=1e-11)


def test_both_sides_of_a_hedge_have_one_line() -> None:
    pool = [position(900.0, 2500.0, 0.01, 0.001, 10.0, "LONG"), position(-300.0, 2600.0, 0.005, 0.0005, 10.0, "SHORT")]
    line = cross_liquidation_price("BTCUSD_PERP", 0.3 - 0.01, pool, {"BTCUSD_PERP": 2550.0})
    assert line == pytest.approx(2230.01166074, rel=1e-11)


def test_maintenance_of_binances_example() -> None:
    assert position(100.0, 25_000.0, 0.004, 0.0).maintenance(25_000.0) == pytest.approx(0.0016)


def test_a_short_with_coins_enough_has_no_line() -> None:
    held = position(-100.0, 40_000.0, 0.004, 0.0)

    def health(price: float) -> float:
        return 1.0 + held.profit(price) - held.maintenance(price)

    assert first_crossing(health, 40_000.0, -100.0) == 0.0


def test_adding_averages_so_that_the_coins_agree() -> None:
    sim = SimBinance(clock=ManualClock(NOW), quiet=True, paced=False, network=False)
    account = sim.add_account("coin", product="coinm", wallets={"BTC": 1.0})
    account.trade("BTCUSD_PERP", 100.0, price=50_000.0, fee_rate=0.0)
    held = account.trade("BTCUSD_PERP", 100.0, price=100_000.0, fee_rate=0.0)
    assert held.entry == pytest.approx(66_666.66666667)
    account.trade("BTCUSD_PERP", -200.0, price=80_000.0, fee_rate=0.0)
    assert account.wallets["BTC"] == pytest.approx(1.0 + 0.2 + 0.1 - 0.25)


class TestAnswers:
    async def test_every_contract_has_its_row_and_the_held_one_its_figures(self) -> None:
        async with SimBinance(quiet=True, paced=False) as sim:
            account = sim.add_account("coin", product="coinm", wallets={"BTC": 0.5, "ETH": 3.0})
            account.trade("BTCUSD_PERP", 200.0, price=98_000.0, fee_rate=0.0)
            account.trade("ETHUSD_PERP", -100.0, price=3_400.0, fee_rate=0.0, isolated=True, leverage=10)
            async with Client(sim, account) as client:
                rows = {row["symbol"]: row for row in await client.get("/dapi/v1/positionRisk", signed=True)}
                assert set(rows) == {"BTCUSD_PERP", "ETHUSD_PERP", *(s for s in rows if s.startswith("BTCUSD_2"))}
                btc, eth = rows["BTCUSD_PERP"], rows["ETHUSD_PERP"]
                assert (btc["positionAmt"], btc["marginType"], btc["notionalValue"]) == ("200", "cross", "0.20408163")
                assert float(btc["liquidationPrice"]) < 98_000.0
                assert (eth["positionAmt"], eth["marginType"], eth["isolatedWallet"]) == (
                    "-100",
                    "isolated",
                    "0.02941176",
                )
                answer = await client.get("/dapi/v1/account", signed=True)
                assets = {row["asset"]: row for row in answer["assets"]}
                assert assets["ETH"]["crossWalletBalance"] == "2.97058824"
                assert "totalWalletBalance" not in answer  # nothing is summed over coins
                brackets = await client.get("/dapi/v2/leverageBracket", signed=True)
                assert brackets[0]["brackets"][1]["qtyFloor"] == 5.0
                assert client.headers["X-MBX-USED-WEIGHT-1M"] == "8"  # 1 + 5 + 2, in one pool with fapi
                await client.get("/fapi/v1/premiumIndex")
                assert client.headers["X-MBX-USED-WEIGHT-1M"] == "18"

    async def test_the_position_mode_is_that_of_both_futures(self) -> None:
        async with SimBinance(quiet=True, paced=False) as sim:
            main = sim.add_account("main")
            coin = sim.add_account("coin", product="coinm", key=main.key, secret=main.secret)
            main.set_hedge(True)
            async with Client(sim, coin) as client:
                assert await client.get("/dapi/v1/positionSide/dual", signed=True) == {"dualSidePosition": True}
            coin.trade("BTCUSD_PERP", 1.0, side="LONG")
            with pytest.raises(ValueError, match="positions are open"):
                main.set_hedge(False)

    async def test_a_key_of_one_product_does_not_open_another(self) -> None:
        async with SimBinance(quiet=True, paced=False) as sim:
            coin = sim.add_account("coin", product="coinm")
            async with Client(sim, coin) as client:
                status, body = await client.ask("GET", "/fapi/v3/account", signed=True)
                assert (status, body["code"]) == (401, -2015)


class TestStreams:
    async def test_deeds_are_pushed_on_the_coin_margined_host(self) -> None:
        async with SimBinance(quiet=True, paced=False) as sim:
            account = sim.add_account("coin", product="coinm")
            async with Client(sim, account) as client:
                _, body = await client.ask("POST", "/dapi/v1/listenKey")
                async with client.http.ws_connect(f"{sim.coinm_stream}/ws/{body['listenKey']}") as raw:
                    await until(lambda: bool(sim.hub.on("coinm")))
                    account.trade("BTCUSD_PERP", 10.0)
                    frame = await raw.receive_json(timeout=20)
                    assert (frame["e"], frame["a"]["P"][0]["s"]) == ("ACCOUNT_UPDATE", "BTCUSD_PERP")
                    sim.expire_listen_key("coin")
                    frame = await raw.receive_json(timeout=20)
                    while frame["e"] != "listenKeyExpired":
                        frame = await raw.receive_json(timeout=20)
                    assert frame["listenKey"] == body["listenKey"]

    async def test_its_key_opens_the_merged_host_too_and_no_key_of_the_other_futures_does(self) -> None:
        async with SimBinance(clock=ManualClock(NOW), quiet=True, paced=False, network=False) as sim:
            main = sim.add_account("main")
            coin = sim.add_account("coin", product="coinm", key=main.key, secret=main.secret)
            ours = sim.dial(f"/private/ws/{sim.key_ring.dapi.create('coin', sim.time_ms())}")
            theirs = sim.dial(f"/private/ws/{sim.keys.create('main', sim.time_ms())}")
            wrong = sim.dial(f"/dstream/ws/{sim.keys.create('main', sim.time_ms())}")
            coin.trade("BTCUSD_PERP", 10.0)
            assert sum(ours.waiting.values()) == 2  # ACCOUNT_UPDATE, ORDER_TRADE_UPDATE
            assert not theirs.waiting
            main.trade("BTCUSDT", 0.01)
            assert sum(theirs.waiting.values()) == 2
            assert sum(ours.waiting.values()) == 2
            assert not wrong.waiting

    async def test_an_update_may_list_every_position(self) -> None:
        async with SimBinance(clock=ManualClock(NOW), quiet=True, paced=False, network=False) as sim:
            account = sim.add_account("coin", product="coinm", wallets={"BTC": 1.0, "ETH": 5.0})
            account.trade("ETHUSD_PERP", 10.0)
            account.tells_all = True
            socket = sim.dial(f"/dstream/ws/{sim.key_ring.dapi.create('coin', sim.time_ms())}")
            account.trade("BTCUSD_PERP", 10.0)
            frame = json.loads(await socket.receive())
            assert {row["s"] for row in frame["a"]["P"]} == {"ETHUSD_PERP", "BTCUSD_PERP"}

    async def test_the_merged_array_comes_on_both_hosts(self) -> None:
        async with SimBinance(quiet=True, paced=False) as sim, Client(sim) as client:
            sim.add_account("coin", product="coinm")
            url = f"{sim.coinm_stream}/stream?streams=!markPrice@arr@1s"
            async with client.http.ws_connect(url) as raw:
                await until(lambda: bool(sim.hub.on("coinm")))
                sim.tick()
                rows = [row for _ in range(3) for row in (await raw.receive_json(timeout=20))["data"]]
                assert {row["st"] for row in rows} == {1, 2}
                dated = next(row for row in rows if row["s"].startswith("BTCUSD_2"))
                assert (dated["r"], dated["T"]) == ("", 0)


class TestLiquidation:
    def test_a_cross_pool_is_closed_where_its_line_says(self) -> None:
        sim = SimBinance(clock=ManualClock(NOW), quiet=True, paced=False, network=False)
        account = sim.add_account("coin", product="coinm", wallets={"BTC": 0.1})
        held = account.trade("BTCUSD_PERP", 500.0, price=98_000.0, fee_rate=0.0)
        line = account.liquidation_price(held)
        sim.market.set_mark("BTCUSD_PERP", line * 1.0001)
        sim.tick()
        assert account.open_positions()
        sim.market.set_mark("BTCUSD_PERP", line * 0.9999)
        sim.tick()
        assert not account.open_positions()
        assert account.wallets["BTC"] >= 0.0

    def test_a_dated_contract_is_settled_and_has_a_successor(self) -> None:
        clock = ManualClock(NOW)
        sim = SimBinance(clock=clock, quiet=True, paced=False, network=False)
        account = sim.add_account("coin", product="coinm")
        dated = next(s for s in sim.market.contracts if s.startswith("BTCUSD_2"))
        account.trade(dated, 10.0)
        clock.advance((sim.market.contracts[dated].delivery_time or 0.0) - NOW + 1.0)
        sim.tick()
        assert not account.open_positions()
        assert dated not in sim.market.contracts
        assert any(s.startswith("BTCUSD_2") for s in sim.market.contracts)

    def test_funding_moves_coins_and_not_of_dated_contracts(self) -> None:
        sim = SimBinance(clock=ManualClock(NOW), quiet=True, paced=False, network=False)
        account = sim.add_account("coin", product="coinm", wallets={"BTC": 1.0})
        dated = next(s for s in sim.market.contracts if s.startswith("BTCUSD_2"))
        sim.market.set_mark("BTCUSD_PERP", 100_000.0)
        account.trade("BTCUSD_PERP", 100.0, fee_rate=0.0)
        account.trade(dated, 100.0, fee_rate=0.0)
        sim.market.set_funding_rate("BTCUSD_PERP", 0.0003)
        sim.tick(8 * 3600.0)
        assert account.wallets["BTC"] == pytest.approx(1.0 - 0.1 * 0.0003)
