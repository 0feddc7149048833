"""The switches of the simulated Bybit do what they say, each by itself, and `clear` ends them."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from monitor.sim.bybit import SimBybit
from monitor.sim.bybit.accounts import SimAccount
from monitor.sim.bybit.faults import POSITIONS, WALLET, Refused
from tests.sim.bybit.clients import QUICK, Client, Talker

TICKER = "tickers.BTCUSDT"
HELD: dict[str, Any] = {"category": "linear", "settleCoin": "USDT"}


@pytest.fixture
async def sim() -> AsyncIterator[SimBybit]:
    async with SimBybit(cadence=QUICK, speed=100.0) as running:
        yield running


@pytest.fixture
async def account(sim: SimBybit) -> SimAccount:
    one = sim.add_account("main")
    one.trade("BTCUSDT", 0.1)
    one.trade("ETHUSDT", 1.0)
    return one


@pytest.fixture
async def client(sim: SimBybit, account: SimAccount) -> AsyncIterator[Client]:
    async with Client(sim, account) as one:
        yield one


async def subscribed(talker: Talker, *topics: str) -> None:
    await talker.say("subscribe", *(topics or (TICKER,)))
    assert (await talker.frame())["success"]


def decodes(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


async def symbols(client: Client) -> list[str]:
    return [row["symbol"] for row in (await client.get(POSITIONS, **HELD))["list"]]


class TestSockets:
    async def test_a_cut_connection_is_gone_without_a_word(self, sim: SimBybit, client: Client) -> None:
        async with client.socket("linear") as talker:
            await subscribed(talker)
            assert sim.drop("linear") == 1
            async with asyncio.timeout(20.0):
                while (message := await talker.raw.receive()).type is aiohttp.WSMsgType.TEXT:
                    pass
        assert message.type is not aiohttp.WSMsgType.CLOSE

    async def test_a_closed_door_refuses_new_ones(self, sim: SimBybit, client: Client) -> None:
        sim.faults.refuse.add("private")
        with pytest.raises(aiohttp.WSServerHandshakeError):
            async with client.socket("private"):
                pass

    async def test_a_stalled_socket_says_nothing_not_even_pong(self, sim: SimBybit, client: Client) -> None:
        async with client.socket("linear") as talker:
            await subscribed(talker)
            sim.faults.stall.add("linear")
            while not await talker.silent(0.05):
                pass
            await talker.say("ping")
            assert await talker.silent()
            sim.faults.clear()
            await talker.topic(TICKER)

    async def test_a_starved_one_acknowledges_and_answers_pings_and_sends_nothing(
        self, sim: SimBybit, client: Client
    ) -> None:
        sim.faults.starve.add("linear")
        async with client.socket("linear") as talker:
            await subscribed(talker)
            await talker.say("ping")
            assert (await talker.frame())["op"] == "ping"
            assert await talker.silent()

    async def test_so_does_a_starved_private_one(self, sim: SimBybit, client: Client, account: SimAccount) -> None:
        sim.faults.starve.add("private")
        async with client.user_stream() as talker:
            account.trade("BTCUSDT", 0.1)
            assert await talker.silent()

    async def test_without_acknowledgements_nothing_is_served(self, sim: SimBybit, client: Client) -> None:
        sim.faults.no_acknowledgement.add("linear")
        async with client.socket("linear") as talker:
            await talker.say("subscribe", TICKER)
            assert await talker.silent()

    async def test_some_acknowledgements_may_be_lost_while_data_comes(self, sim: SimBybit, client: Client) -> None:
        sim.faults.lost_acknowledgements["linear"] = 1
        async with client.socket("linear") as talker:
            await talker.say("subscribe", TICKER, number="1")
            assert (await talker.frame())["topic"] == TICKER
            await talker.say("subscribe", "tickers.ETHUSDT", number="2")
            answer = await talker.frame_where(lambda frame: frame.get("op") == "subscribe")
            assert answer["req_id"] == "2"

    async def test_subscriptions_may_be_refused(self, sim: SimBybit, client: Client) -> None:
        sim.faults.subscription_error.add("linear")
        async with client.socket("linear") as talker:
            await talker.say("subscribe", TICKER)
            assert (await talker.frame())["success"] is False

    async def test_a_deaf_venue_answers_no_ping(self, sim: SimBybit, client: Client) -> None:
        sim.faults.deaf.add("option")
        async with client.socket("option") as talker:
            await talker.say("ping")
            assert await talker.silent()

    async def test_logging_in_may_be_refused_or_ignored(
        self, sim: SimBybit, client: Client, account: SimAccount
    ) -> None:
        sim.faults.dead_auth = True
        async with client.socket("private") as talker:
            assert (await talker.authenticate(account))["success"] is False
            sim.faults.clear()
            sim.faults.no_auth_answer = True
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(talker.authenticate(account), 0.1)

    async def test_a_dead_key_loses_its_sockets_and_is_refused(
        self, sim: SimBybit, client: Client, account: SimAccount
    ) -> None:
        async with client.user_stream() as talker:
            sim.expire_key("main")
            message = await asyncio.wait_for(talker.raw.receive(), 20.0)
            assert message.type is not aiohttp.WSMsgType.TEXT
        assert (await client.ask(WALLET, accountType="UNIFIED"))["retCode"] == 33004
        async with client.socket("private") as talker:
            assert (await talker.authenticate(account))["success"] is False


class TestFrames:
    @pytest.mark.parametrize("kind", ["garbage_frames", "truncated_frames"])
    async def test_frames_may_be_garbage_or_cut(self, sim: SimBybit, client: Client, kind: str) -> None:
        async with client.socket("linear") as talker:
            await subscribed(talker)
            getattr(sim.faults, kind)["linear"] = 1
            texts = [await talker.text() for _ in range(5)]
        assert sum(not decodes(text) for text in texts) == 1

    async def test_frames_may_come_twice_or_once_more_when_they_are_old(
        self, sim: SimBybit, client: Client, account: SimAccount
    ) -> None:
        async with client.user_stream("position") as talker:
            sim.faults.duplicated_frames["private"] = 1
            account.trade("BTCUSDT", 0.1)
            twice = [await talker.text() for _ in range(2)]
            sim.faults.old_frames["private"] = 1
            account.trade("BTCUSDT", 0.1)
            newer, older = [await talker.text() for _ in range(2)]
        assert twice[0] == twice[1] == older != newer

    async def test_rows_may_be_malformed_frozen_or_missing(self, sim: SimBybit, client: Client) -> None:
        sim.faults.bad_price["BTCUSDT"] = "NaN"
        sim.faults.missing_field["ETHUSDT"] = "markPrice"
        sim.faults.silent_symbol.add("SOLUSDT")
        sim.faults.freeze_symbol.add("XRPUSDT")
        found: dict[str, Any] = {}
        async with client.socket("linear") as talker:
            await talker.say("subscribe", *(f"tickers.{s}USDT" for s in ("BTC", "ETH", "SOL", "XRP")))
            for _ in range(4):
                frame = await talker.frame()
                if "topic" in frame:
                    found[frame["data"]["symbol"]] = frame["data"]
        assert found["BTCUSDT"]["markPrice"] == "NaN"
        assert "markPrice" not in found["ETHUSDT"]
        assert "SOLUSDT" not in found
        assert "markPrice" not in found["XRPUSDT"]

    async def test_a_burst_comes_in_one_go_and_its_last_price_stays(self, sim: SimBybit, client: Client) -> None:
        async with client.socket("linear") as talker:
            await subscribed(talker)
            await talker.topic(TICKER)
            sim.mark_burst("BTCUSDT", [90_000.0 + step for step in range(500)])
            prices: list[str] = []
            while len(prices) < 500:
                data = (await talker.topic(TICKER))["data"]
                prices += [data["markPrice"]] if len(data) == 2 else []
        assert float(prices[-1]) == 90_499.0 == sim.market.mark("BTCUSDT")

    async def test_an_unknown_event_is_sent(self, sim: SimBybit, client: Client) -> None:
        async with client.user_stream() as talker:
            sim.unknown_event()
            assert (await talker.frame())["topic"] == "something.new"


class TestAnswers:
    async def test_positions_may_be_missing_once(self, sim: SimBybit, client: Client) -> None:
        sim.faults.miss_position("main", "BTCUSDT")
        assert await symbols(client) == ["ETHUSDT"]
        assert await symbols(client) == ["BTCUSDT", "ETHUSDT"]

    async def test_all_of_them_may_be(self, sim: SimBybit, client: Client) -> None:
        sim.faults.empty()
        assert [await symbols(client) for _ in range(5)][3:] == [[], ["BTCUSDT", "ETHUSDT"]]
        assert (await client.get(WALLET, accountType="UNIFIED"))["list"] == []

    async def test_half_of_them_may_be(self, sim: SimBybit, client: Client) -> None:
        sim.faults.half_snapshot = 1
        assert await symbols(client) == ["BTCUSDT"]

    async def test_a_stale_answer_repeats_itself(self, sim: SimBybit, client: Client, account: SimAccount) -> None:
        sim.faults.stale_answers.add(POSITIONS)
        first = await client.ask(POSITIONS, **HELD)
        account.close("BTCUSDT")
        assert await client.ask(POSITIONS, **HELD) == first
        sim.faults.clear()
        assert await symbols(client) == ["ETHUSDT"]

    async def test_rows_and_modes_may_be_unreadable(self, sim: SimBybit, client: Client) -> None:
        sim.faults.bad_position_row["BTCUSDT"] = {"size": "many"}
        sim.faults.unreadable_mode = True
        assert (await client.get(POSITIONS, **HELD))["list"][0]["size"] == "many"
        assert (await client.get("/v5/account/info"))["marginMode"] == ""

    async def test_answers_may_be_web_pages_or_cut(self, sim: SimBybit, client: Client) -> None:
        sim.faults.garbage_answers[WALLET] = 1
        assert "<html>" in await client.ask(WALLET, accountType="UNIFIED")
        sim.faults.truncated_answers[WALLET] = 1
        assert isinstance(await client.ask(WALLET, accountType="UNIFIED"), str)

    async def test_a_slow_answer_is_of_before(self, sim: SimBybit, client: Client, account: SimAccount) -> None:
        sim.faults.slow_answers[POSITIONS] = 0.1
        began = time.monotonic()
        asked = asyncio.create_task(symbols(client))
        await asyncio.sleep(0.05)
        account.close("BTCUSDT")
        assert await asked == ["BTCUSDT", "ETHUSDT"]
        assert time.monotonic() - began >= 0.1

    @pytest.mark.parametrize(
        ("switch", "status", "code"),
        [("reject_timestamp", 200, 10002), ("rate_limited", 200, 10006), ("system_busy", 429, None)],
    )
    async def test_requests_may_be_refused_a_number_of_times(
        self, sim: SimBybit, client: Client, switch: str, status: int, code: int | None
    ) -> None:
        setattr(sim.faults, switch, 1)
        body = await client.ask(WALLET, accountType="UNIFIED")
        assert client.status == status
        assert code is None or body["retCode"] == code
        assert await symbols(client)

    async def test_a_path_may_be_refused(self, sim: SimBybit, client: Client) -> None:
        sim.faults.refused_answers[WALLET] = Refused(10005, "Permission denied.")
        assert (await client.ask(WALLET, accountType="UNIFIED"))["retCode"] == 10005

    async def test_a_banned_address_gets_nothing_until_it_is_over(self, sim: SimBybit, client: Client) -> None:
        sim.ban(60)
        await client.ask("/v5/market/time")
        assert client.status == 403
        assert sim.requests.during_ban == 1
        sim.faults.clear()
        await client.get("/v5/market/time")

    async def test_tables_may_be_missing(self, sim: SimBybit, client: Client) -> None:
        sim.faults.missing_tiers.add("*")
        assert (await client.get("/v5/market/risk-limit", category="linear"))["list"] == []
