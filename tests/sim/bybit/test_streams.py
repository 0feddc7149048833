"""Sockets of the simulated Bybit: logging in, subscribing, what comes when, and how pings are answered."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from monitor.sim.bybit import Cadence, MarginMode, SimBybit
from monitor.sim.bybit.accounts import SimAccount
from monitor.sim.bybit.server import CONNECTIONS
from tests.sim.bybit.clients import QUICK, Client, signature

TICKER = "tickers.BTCUSDT"


@pytest.fixture
async def sim() -> AsyncIterator[SimBybit]:
    async with SimBybit(quiet=True, cadence=QUICK) as running:
        yield running


@pytest.fixture
async def account(sim: SimBybit) -> SimAccount:
    return sim.add_account("main")


@pytest.fixture
async def client(sim: SimBybit, account: SimAccount) -> AsyncIterator[Client]:
    async with Client(sim, account) as one:
        yield one


class TestLoggingIn:
    async def test_a_right_signature_is_let_in(self, client: Client, account: SimAccount) -> None:
        async with client.socket("private") as talker:
            answer = await talker.authenticate(account)
            assert (answer["op"], answer["success"]) == ("auth", True)

    async def test_a_wrong_signature_is_not(self, client: Client, account: SimAccount) -> None:
        async with client.socket("private") as talker:
            expires = round(time.time() * 1000) + 1000
            await talker.say("auth", account.key, expires, signature("wrong", f"GET/realtime{expires}"))
            assert (await talker.frame())["success"] is False

    async def test_nor_a_time_that_has_passed(self, client: Client, account: SimAccount) -> None:
        async with client.socket("private") as talker:
            assert (await talker.authenticate(account, ahead_ms=-1))["success"] is False

    async def test_without_it_nothing_private_is_served(self, client: Client) -> None:
        async with client.socket("private") as talker:
            await talker.say("subscribe", "wallet")
            assert (await talker.frame())["ret_msg"] == "Request not authorized"


class TestSubscribing:
    async def test_an_answer_carries_the_number_of_its_request(self, client: Client) -> None:
        async with client.socket("linear") as talker:
            await talker.say("subscribe", TICKER, number="17")
            answer = await talker.frame()
        assert (answer["success"], answer["req_id"], answer["op"]) == (True, "17", "subscribe")
        assert answer["conn_id"]

    async def test_one_unknown_topic_refuses_the_whole_request(self, client: Client) -> None:
        async with client.socket("linear") as talker:
            await talker.say("subscribe", TICKER, "tickers.NOSUCHUSDT", number="3")
            answer = await talker.frame()
            assert (answer["success"], answer["req_id"]) == (False, "3")
            assert "tickers.NOSUCHUSDT" in answer["ret_msg"]
            assert await talker.silent()

    async def test_a_topic_of_another_category_is_unknown(self, client: Client) -> None:
        async with client.socket("inverse") as talker:
            await talker.say("subscribe", TICKER)
            assert (await talker.frame())["success"] is False

    async def test_the_option_socket_answers_with_lists_and_without_a_number(
        self, sim: SimBybit, client: Client
    ) -> None:
        topic = f"tickers.{next(iter(sim.options))}"
        async with client.socket("option") as talker:
            await talker.say("subscribe", topic, "tickers.BTC-1JAN20-1-C", number="5")
            answer = await talker.frame()
        assert answer["data"] == {"failTopics": ["tickers.BTC-1JAN20-1-C"], "successTopics": [topic]}
        assert "req_id" not in answer

    async def test_the_spot_socket_takes_ten_topics_at_a_time(self, client: Client) -> None:
        async with client.socket("spot") as talker:
            await talker.say("subscribe", *[TICKER] * 11)
            assert (await talker.frame())["success"] is False

    async def test_what_is_unsubscribed_is_not_sent(self, sim: SimBybit, client: Client) -> None:
        async with client.socket("linear") as talker:
            await talker.say("subscribe", TICKER)
            await talker.topic(TICKER)
            await talker.say("unsubscribe", TICKER)
            await talker.frame_where(lambda frame: frame.get("op") == "unsubscribe")
            sim.market.set_mark("BTCUSDT", 1_000.0)
            assert await talker.silent()


class TestTickers:
    async def test_a_contract_comes_whole_once_and_then_what_changed(self, sim: SimBybit, client: Client) -> None:
        async with client.socket("linear") as talker:
            await talker.say("subscribe", TICKER)
            whole = await talker.topic(TICKER)
            sim.market.set_mark("BTCUSDT", 90_000.5)
            changed = await talker.topic(TICKER)
        assert (whole["type"], changed["type"]) == ("snapshot", "delta")
        assert len(whole["data"]) > 15
        assert changed["data"]["markPrice"] == "90000.5"
        assert "fundingRate" not in changed["data"]

    async def test_a_change_of_nothing_is_not_sent(self, client: Client) -> None:
        async with client.socket("linear") as talker:
            await talker.say("subscribe", "tickers.ETHUSDT")
            await talker.topic("tickers.ETHUSDT")
            frames: list[Any] = []
            while not await talker.silent(0.05) and len(frames) < 3:
                frames.append(1)
        assert len(frames) <= 1  # the next funding time may step once

    async def test_an_option_comes_whole_each_time_with_its_volatility(self, sim: SimBybit, client: Client) -> None:
        symbol = next(iter(sim.options))
        async with client.socket("option") as talker:
            await talker.say("subscribe", f"tickers.{symbol}")
            frames = [await talker.topic(f"tickers.{symbol}") for _ in range(2)]
        assert [frame["type"] for frame in frames] == ["snapshot", "snapshot"]
        assert float(frames[1]["data"]["markPriceIv"]) == sim.prices().option_volatility(symbol)

    async def test_spot_tells_the_usd_index_of_collateral_only(self, client: Client) -> None:
        async with client.socket("spot") as talker:
            await talker.say("subscribe", "tickers.BTCUSDT", "tickers.MNTUSDT", "tickers.ETHBTC")
            found = {t: (await talker.topic(f"tickers.{t}"))["data"] for t in ("BTCUSDT", "MNTUSDT", "ETHBTC")}
        assert float(found["BTCUSDT"]["usdIndexPrice"]) == 98_000.0
        assert (found["MNTUSDT"]["usdIndexPrice"], found["ETHBTC"]["usdIndexPrice"]) == ("", "")

    async def test_the_beat_is_ten_a_second(self) -> None:
        assert Cadence().ticker_seconds == 0.1


class TestPushes:
    async def test_a_fill_tells_of_itself_the_position_and_the_wallet(
        self, client: Client, account: SimAccount
    ) -> None:
        async with client.user_stream() as talker:
            account.trade("BTCUSDT", 0.1)
            frames = [await talker.frame() for _ in range(3)]
        assert [frame["topic"] for frame in frames] == ["execution", "position", "wallet"]
        assert frames[0]["data"][0]["execType"] == "Trade"
        assert frames[1]["data"][0]["size"] == "0.1"
        assert "avgPrice" not in frames[1]["data"][0]
        assert float(frames[2]["data"][0]["coin"][0]["walletBalance"]) < 10_000.0

    async def test_the_wallet_has_no_first_frame(self, client: Client) -> None:
        async with client.user_stream() as talker:
            assert await talker.silent(0.1)

    async def test_neither_wallet_nor_position_tell_when_the_mark_moves(
        self, sim: SimBybit, client: Client, account: SimAccount
    ) -> None:
        account.trade("BTCUSDT", 0.1)
        async with client.user_stream() as talker:
            sim.market.set_mark("BTCUSDT", 95_000.0)
            assert await talker.silent(0.1)

    async def test_an_order_tells_of_itself_and_of_the_position(self, client: Client, account: SimAccount) -> None:
        async with client.user_stream() as talker:
            order = account.place_order("BTCUSDT", 0.1, 90_000.0)
            placed = [await talker.frame() for _ in range(3)]
            account.cancel(order.id)
            gone = await talker.topic("order")
        assert [frame["topic"] for frame in placed] == ["order", "position", "wallet"]
        assert placed[0]["data"][0]["orderStatus"] == "New"
        assert gone["data"][0]["orderStatus"] == "Cancelled"

    async def test_an_order_is_filled_when_the_mark_reaches_it(
        self, sim: SimBybit, client: Client, account: SimAccount
    ) -> None:
        account.place_order("BTCUSDT", 0.1, 90_000.0)
        async with client.user_stream("order", "execution") as talker:
            sim.market.set_mark("BTCUSDT", 89_990.0)
            assert (await talker.topic("order"))["data"][0]["orderStatus"] == "Filled"
            assert (await talker.topic("execution"))["data"][0]["execPrice"] == "90000"

    async def test_new_tiers_are_told_of_by_the_positions_under_them(
        self, sim: SimBybit, client: Client, account: SimAccount
    ) -> None:
        account.trade("BTCUSDT", 0.1)
        async with client.user_stream("position") as talker:
            sim.change_risk_limits("BTCUSDT", [(1e6, 0.05), (1e9, 0.1)])
            row = (await talker.topic("position"))["data"][0]
        assert (row["riskId"], row["riskLimitValue"]) == (9_001, "1000000")
        assert int(row["mmrSysUpdatedTime"]) == pytest.approx(time.time() * 1000, abs=2_000)

    async def test_one_category_can_be_asked_for_alone(self, client: Client, account: SimAccount) -> None:
        async with client.user_stream("position.inverse") as talker:
            account.trade("BTCUSDT", 0.1)
            account.trade("BTCUSD", 100.0)
            frame = await talker.frame()
        assert (frame["topic"], frame["data"][0]["symbol"]) == ("position.inverse", "BTCUSD")

    async def test_greeks_are_told_of_who_holds_options(
        self, sim: SimBybit, client: Client, account: SimAccount
    ) -> None:
        call = next(symbol for symbol, option in sim.options.items() if option.call and option.coin == "BTC")
        async with client.user_stream("greeks") as talker:
            account.trade(call, -1.0)
            row = (await talker.topic("greeks"))["data"][0]
        assert row["baseCoin"] == "BTC"
        assert -1.0 < float(row["totalDelta"]) < 0.0

    async def test_another_account_hears_nothing_of_it(self, sim: SimBybit, client: Client) -> None:
        other = sim.add_account("other", mode=MarginMode.ISOLATED)
        async with client.user_stream() as talker:
            other.trade("BTCUSDT", 0.1)
            assert await talker.silent(0.1)


class TestHeartbeat:
    @pytest.mark.parametrize(("route", "operation"), [("linear", "ping"), ("spot", "ping"), ("option", "pong")])
    async def test_public_sockets_answer_in_two_ways(self, client: Client, route: str, operation: str) -> None:
        async with client.socket(route) as talker:
            await talker.say("ping")
            assert (await talker.frame())["op"] == operation

    async def test_the_private_one_says_pong_and_the_time(self, client: Client) -> None:
        async with client.socket("private") as talker:
            await talker.say("ping", number="9")
            answer = await talker.frame()
        assert (answer["op"], answer["req_id"]) == ("pong", "9")
        assert int(answer["args"][0]) == pytest.approx(time.time() * 1000, abs=2_000)

    async def test_a_client_that_says_nothing_is_dropped(self) -> None:
        quick = Cadence(ticker_seconds=0.02, idle_seconds=0.05)
        async with SimBybit(quiet=True, cadence=quick) as sim, Client(sim) as client, client.socket("linear") as talker:
            message = await asyncio.wait_for(talker.raw.receive(), 20.0)
        assert message.type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)

    async def test_an_address_may_not_open_sockets_without_end(self) -> None:
        sim = SimBybit(network=False)
        for _ in range(CONNECTIONS):
            sim.dial("/v5/public/linear").leave()
        with pytest.raises(ConnectionRefusedError):
            sim.dial("/v5/private")
