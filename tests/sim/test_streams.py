"""The stream routes of the simulated Binance, listened to by a plain client."""

from __future__ import annotations

from monitor.sim.binance import SimBinance
from monitor.sim.binance.server import Cadence
from tests.sim.clients import QUICK, Client, until


async def test_a_subscription_is_acknowledged_and_served_wrapped() -> None:
    async with SimBinance(cadence=QUICK) as sim, Client(sim) as client, client.socket("/market/stream") as socket:
        await socket.subscribe("!markPrice@arr@1s", "!assetIndex@arr", number=7)
        assert await socket.frame() == {"result": None, "id": 7}
        frames = [await socket.frame() for _ in range(8)]
        marks = [frame["data"] for frame in frames if frame["stream"] == "!markPrice@arr@1s"]
        seconds: dict[int, list[set[str]]] = {}
        for rows in marks:
            seconds.setdefault(rows[0]["E"], []).append({row["s"] for row in rows})
        first = next(iter(seconds.values()))
        assert len(first) == 3  # USDⓈ-M, TradFi, COIN-M: no array holds every symbol
        assert {"TSLAUSDT", "XAUUSDT"} in first
        btc = next(row for rows in marks for row in rows if row["s"] == "BTCUSDT")
        assert list(btc) == ["e", "E", "s", "p", "ap", "P", "i", "r", "T", "st"]
        assert len(btc["p"].partition(".")[2]) == 8
        tesla = next(row for rows in marks for row in rows if row["s"] == "TSLAUSDT")
        assert (tesla["ap"], tesla["P"]) == ("", "")
        assert next(row for rows in marks for row in rows if row["s"] == "BTCUSD_PERP")["st"] == 2
        assets = next(frame["data"] for frame in frames if frame["stream"] == "!assetIndex@arr")
        assert {row["s"] for row in assets} >= {"BTCUSD", "USDTUSD", "BNFCRUSD"}
        assert assets[0]["e"] == "assetIndexUpdate"


async def test_bare_frames_come_on_ws_and_names_may_stand_in_the_address() -> None:
    async with SimBinance(cadence=QUICK) as sim, Client(sim) as client:
        async with client.socket("/market/ws/btcusdt@markPrice@1s") as socket:
            frame = await socket.frame()
            assert (frame["e"], frame["s"]) == ("markPriceUpdate", "BTCUSDT")
        async with client.socket("/market/stream?streams=ethusdt@markPrice@1s/btcusd@assetIndex") as socket:
            assert {(await socket.frame())["stream"] for _ in range(4)} == {"ethusdt@markPrice@1s", "btcusd@assetIndex"}


async def test_streams_can_be_listed_and_left() -> None:
    async with SimBinance(paced=False) as sim, Client(sim) as client, client.socket("/market/ws") as socket:
        await socket.subscribe("btcusdt@markPrice@1s", "ethusdt@markPrice@1s", number=1)
        await socket.frame()
        await socket.subscribe("btcusdt@markPrice@1s", method="UNSUBSCRIBE", number=2)
        assert await socket.frame() == {"result": None, "id": 2}
        await socket.subscribe(method="LIST_SUBSCRIPTIONS", number=3)
        assert await socket.frame() == {"result": ["ethusdt@markPrice@1s"], "id": 3}
        sim.tick()
        assert (await socket.frame())["s"] == "ETHUSDT"
        assert await socket.silent()


async def test_a_subscription_on_the_wrong_route_is_acknowledged_and_silent() -> None:
    async with SimBinance(cadence=QUICK) as sim, Client(sim) as client, client.socket("/public/stream") as socket:
        await socket.subscribe("!markPrice@arr@1s")
        assert await socket.frame() == {"result": None, "id": 1}
        assert await socket.silent()


async def test_a_trade_is_pushed_and_a_price_move_is_not() -> None:
    async with SimBinance(quiet=True, paced=False) as sim:
        account = sim.add_account("main")
        async with Client(sim, account) as client, client.user_stream() as socket:
            account.trade("BTCUSDT", 0.1, price=100_000.0, fee_rate=0.0)
            update = await socket.frame()
            assert (update["e"], update["a"]["m"]) == ("ACCOUNT_UPDATE", "ORDER")
            assert update["a"]["B"] == [{"a": "USDT", "wb": "10000.00000000", "cw": "10000.00000000", "bc": "0"}]
            row = update["a"]["P"][0]
            assert (row["s"], row["pa"], row["ep"], row["mt"], row["ps"]) == (
                "BTCUSDT",
                "0.100",
                "100000.0",
                "cross",
                "BOTH",
            )
            order = await socket.frame()
            assert (order["e"], order["o"]["x"], order["o"]["X"]) == ("ORDER_TRADE_UPDATE", "TRADE", "FILLED")
            sim.market.set_mark("BTCUSDT", 99_000.0)
            sim.tick()
            assert await socket.silent()


async def test_funding_pushes_only_the_balance_on_cross_and_the_position_too_on_isolated() -> None:
    async with SimBinance(quiet=True, paced=False) as sim:
        account = sim.add_account("main")
        account.trade("BTCUSDT", 0.1, price=100_000.0, fee_rate=0.0)
        account.trade("ETHUSDT", -1.0, price=3_000.0, fee_rate=0.0, isolated=True)
        sim.market.set_mark("BTCUSDT", 100_000.0)
        sim.market.set_mark("ETHUSDT", 3_000.0)
        async with Client(sim, account) as client, client.user_stream() as socket:
            account.pay_funding("BTCUSDT", 0.0001)
            paid = (await socket.frame())["a"]
            assert (paid["m"], paid["S"], paid["P"]) == ("FUNDING_FEE", "BTCUSDT", [])
            assert paid["B"][0]["wb"] == "9999.00000000"
            account.pay_funding("ETHUSDT", 0.0001)
            got = (await socket.frame())["a"]
            assert got["P"][0]["iw"] == "150.30000000"
            assert got["B"][0]["cw"] == "9849.00000000"


async def test_settings_are_pushed_as_config_updates() -> None:
    async with SimBinance(paced=False) as sim:
        account = sim.add_account("main")
        async with Client(sim, account) as client, client.user_stream() as socket:
            account.set_leverage("BTCUSDT", 25)
            assert (await socket.frame())["ac"] == {"s": "BTCUSDT", "l": 25}
            account.set_multi_assets(True)
            assert (await socket.frame())["ai"] == {"j": True}


async def test_an_events_filter_lets_only_named_events_through() -> None:
    async with SimBinance(paced=False) as sim:
        account = sim.add_account("main")
        async with Client(sim, account) as client, client.user_stream("&events=ACCOUNT_UPDATE/MARGIN_CALL") as socket:
            account.trade("BTCUSDT", 0.01)
            assert (await socket.frame())["e"] == "ACCOUNT_UPDATE"
            sim.expire_listen_key("main")  # not named in the filter: not told
            assert await socket.silent()


async def test_the_server_pings() -> None:
    quick = Cadence(mark_seconds=0.02, ping_seconds=0.02)
    async with (
        SimBinance(cadence=quick) as sim,
        Client(sim) as client,
        client.socket("/market/ws", autoping=True) as socket,
    ):
        await socket.silent(0.2)
        await until(lambda: sim.hub.connections[0].last_pong > sim.hub.connections[0].opened)
