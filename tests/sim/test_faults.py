"""A plain client meets every fault that the simulated Binance can be told to have."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from monitor.sim.binance import SimBinance
from monitor.sim.binance.accounts import SimAccount
from monitor.sim.binance.faults import ALL
from monitor.sim.binance.refusals import Refusal
from monitor.sim.binance.server import Cadence
from tests.sim.clients import Client, Socket, until

MARKS = "!markPrice@arr@1s"
RISK, ACCOUNT = "/fapi/v3/positionRisk", "/fapi/v3/account"


@dataclass
class Venue:
    sim: SimBinance
    account: SimAccount
    client: Client

    @asynccontextmanager
    async def marks(self) -> AsyncIterator[Socket]:
        """A socket that is subscribed to the mark arrays."""
        async with self.client.socket("/market/ws") as socket:
            await socket.subscribe(MARKS)
            assert await socket.frame() == {"result": None, "id": 1}
            yield socket

    def tick(self) -> None:
        self.sim.tick(1.0)


@pytest.fixture
async def venue() -> AsyncIterator[Venue]:
    async with SimBinance(quiet=True, paced=False) as sim:
        account = sim.add_account("main")
        account.trade("BTCUSDT", 0.1)
        account.trade("ETHUSDT", -1.0)
        async with Client(sim, account) as client:
            yield Venue(sim, account, client)


async def rows(socket: Socket) -> dict[str, Any]:
    """The rows of one beat, by symbol."""
    arrays = [await socket.frame() for _ in range(3)]
    return {row["s"]: row for array in arrays for row in array if isinstance(row, dict) and "s" in row}


async def gone(socket: Socket) -> aiohttp.WSMessage:
    return await socket.raw.receive(timeout=20)


# connections


async def test_drop_ends_in_1006(venue: Venue) -> None:
    async with venue.marks() as socket:
        assert venue.sim.drop("market") == 1
        await gone(socket)
        assert socket.raw.close_code == 1006


async def test_close_carries_its_code(venue: Venue) -> None:
    async with venue.marks() as socket:
        closing = venue.sim.close("market", code=1008)
        message = gone(socket)
        await closing
        assert (await message).data == 1008


async def test_a_connection_ends_after_its_longest_life() -> None:
    short = Cadence(connection_seconds=-1.0)
    async with (
        SimBinance(paced=False, cadence=short) as sim,
        Client(sim) as client,
        client.socket("/market/ws") as socket,
    ):
        await until(lambda: bool(sim.hub.on("market")))
        sim.tick()
        await gone(socket)
        assert socket.raw.closed


async def test_stall_keeps_the_socket_and_sends_nothing(venue: Venue) -> None:
    async with venue.marks() as socket:
        venue.sim.faults.stall.add("market")
        venue.tick()
        assert await socket.silent()
        assert not socket.raw.closed
        venue.sim.faults.clear()
        venue.tick()
        assert "BTCUSDT" in await rows(socket)


async def test_refuse_answers_503_on_a_route_or_on_rest(venue: Venue) -> None:
    venue.sim.faults.refuse.update({"market", "rest"})
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        async with venue.client.socket("/market/ws"):
            pass
    assert refused.value.status == 503
    assert (await venue.client.ask("GET", "/fapi/v1/time"))[0] == 503
    async with venue.client.socket("/public/ws"):
        pass


async def test_a_closed_port_refuses_connecting_and_opens_again_on_the_same(venue: Venue) -> None:
    port = venue.sim.port
    await venue.sim.close_port()
    with pytest.raises(aiohttp.ClientConnectorError):
        await venue.client.ask("GET", "/fapi/v1/time")
    await venue.sim.open_port()
    assert venue.sim.port == port
    assert (await venue.client.ask("GET", "/fapi/v1/time"))[0] == 200


async def test_no_acknowledgement_means_no_data_either(venue: Venue) -> None:
    venue.sim.faults.no_acknowledgement.add("market")
    async with venue.client.socket("/market/ws") as socket:
        await socket.subscribe(MARKS)
        assert await socket.silent()
        venue.tick()
        assert await socket.silent()


async def test_wrong_route_silence_can_be_had_on_the_right_route(venue: Venue) -> None:
    venue.sim.faults.wrong_route_silence.add("market")
    async with venue.marks() as socket:
        venue.tick()
        assert await socket.silent()


async def test_a_subscription_can_be_answered_with_an_error(venue: Venue) -> None:
    venue.sim.faults.subscription_error.add("market")
    async with venue.client.socket("/market/ws") as socket:
        await socket.subscribe(MARKS, number=4)
        answer = await socket.frame()
        assert (answer["id"], answer["error"]["code"]) == (4, 2)


async def test_who_sends_more_than_ten_messages_a_second_is_thrown_out(venue: Venue) -> None:
    async with venue.client.socket("/market/ws") as socket:
        for number in range(12):
            await socket.subscribe(MARKS, number=number)
        for _ in range(12):
            if (await gone(socket)).type is aiohttp.WSMsgType.CLOSE:
                break
        assert socket.raw.close_code == 1008


async def test_pings_of_the_client_can_go_unanswered(venue: Venue) -> None:
    async with venue.client.socket("/market/ws", autoping=False) as socket:
        await socket.raw.ping(b"1")
        assert (await gone(socket)).type is aiohttp.WSMsgType.PONG
        venue.sim.faults.deaf.add("market")
        await socket.raw.ping(b"2")
        assert await socket.silent()


# listen keys


async def test_a_listen_key_expires_with_its_event_and_the_stream_is_silent(venue: Venue) -> None:
    async with venue.client.user_stream() as socket:
        venue.sim.expire_listen_key("main")
        assert (await socket.frame())["e"] == "listenKeyExpired"
        venue.account.trade("BTCUSDT", 0.1)
        assert await socket.silent()
    assert (await venue.client.ask("PUT", "/fapi/v1/listenKey"))[1]["code"] == -1125


async def test_a_listen_key_expires_without_its_event(venue: Venue) -> None:
    async with venue.client.user_stream() as socket:
        venue.sim.expire_listen_key("main", event=False)
        venue.account.trade("BTCUSDT", 0.1)
        assert await socket.silent()
        assert not socket.raw.closed


async def test_a_listen_key_that_nobody_keeps_alive_expires_by_itself() -> None:
    async with SimBinance(paced=False, cadence=Cadence(listen_key_seconds=0.0)) as sim:
        account = sim.add_account("main")
        async with Client(sim, account) as client, client.user_stream() as socket:
            sim.tick()
            assert (await socket.frame())["e"] == "listenKeyExpired"


async def test_a_keep_alive_can_meet_minus_1125_while_the_key_lives(venue: Venue) -> None:
    await venue.client.ask("POST", "/fapi/v1/listenKey")
    venue.sim.faults.unknown_listen_key = 1
    assert (await venue.client.ask("PUT", "/fapi/v1/listenKey"))[1]["code"] == -1125
    assert (await venue.client.ask("PUT", "/fapi/v1/listenKey"))[0] == 200


# limits and clocks


async def test_a_ban_is_418_with_retry_after_and_calls_during_it_are_counted(venue: Venue) -> None:
    venue.sim.ban(90)
    status, body = await venue.client.ask("GET", RISK, signed=True)
    assert (status, body["code"]) == (418, -1003)
    assert 89 <= int(venue.client.headers["RETRY-AFTER"]) <= 90
    assert venue.sim.requests.during_ban == 1
    venue.sim.faults.clear()
    assert (await venue.client.ask("GET", RISK, signed=True))[0] == 200
    assert venue.sim.requests.during_ban == 1


async def test_a_429_says_when_to_come_back(venue: Venue) -> None:
    venue.sim.faults.rate_limited = 1
    assert (await venue.client.ask("GET", "/fapi/v1/time"))[0] == 429
    assert venue.client.headers["RETRY-AFTER"] == "2"
    assert (await venue.client.ask("GET", "/fapi/v1/time"))[0] == 200


@pytest.mark.parametrize(("shift", "status"), [(2.0, 200), (-2.0, 400), (7.0, 400)])
async def test_a_shifted_clock_refuses_what_seems_to_come_from_the_future_or_long_ago(
    venue: Venue, shift: float, status: int
) -> None:
    venue.sim.faults.clock_shift_seconds = shift
    got, body = await venue.client.ask("GET", RISK, signed=True)
    assert got == status
    assert status == 200 or body["code"] == -1021
    server = (await venue.client.get("/fapi/v1/time"))["serverTime"] / 1000
    assert server - time.time() == pytest.approx(shift, abs=0.5)


async def test_the_clock_behind_a_narrow_window_is_refused_two_seconds_ahead(venue: Venue) -> None:
    venue.sim.faults.clock_shift_seconds = 2.0
    status, body = await venue.client.ask("GET", RISK, signed=True, recvWindow=1000)
    assert (status, body["code"]) == (400, -1021)


async def test_timestamps_can_be_rejected_whatever_they_say(venue: Venue) -> None:
    venue.sim.faults.reject_timestamp = 1
    assert (await venue.client.ask("GET", RISK, signed=True))[1]["code"] == -1021
    assert (await venue.client.ask("GET", RISK, signed=True))[0] == 200


# frames


async def test_garbage_and_truncated_frames(venue: Venue) -> None:
    async with venue.marks() as socket:
        venue.sim.faults.garbage_frames["market"] = 1
        venue.sim.faults.truncated_frames["market"] = 1
        venue.tick()
        for _ in range(2):
            text = await socket.text()
            with pytest.raises(ValueError, match=r"."):
                json.loads(text)
        assert json.loads(await socket.text())


async def test_lost_duplicated_and_reordered_frames(venue: Venue) -> None:
    async with venue.marks() as socket:
        venue.sim.faults.lost_frames["market"] = 1
        venue.sim.faults.duplicated_frames["market"] = 1
        venue.tick()
        first, second, third = [(await socket.frame())[0]["s"] for _ in range(3)]
        assert (first, second, third) == ("TSLAUSDT", "TSLAUSDT", "BTCUSD_PERP")
        venue.sim.faults.reordered_frames["market"] = 1
        venue.tick()
        assert [(await socket.frame())[0]["s"] for _ in range(3)] == ["TSLAUSDT", "BTCUSDT", "BTCUSD_PERP"]


@pytest.mark.parametrize("printed", ["NaN", "-1.00000000", "Infinity", "", "abc"])
async def test_a_price_that_is_none(venue: Venue, printed: str) -> None:
    venue.sim.faults.bad_price["BTCUSDT"] = printed
    async with venue.marks() as socket:
        venue.tick()
        found = await rows(socket)
        assert found["BTCUSDT"]["p"] == printed
        assert float(found["ETHUSDT"]["p"]) > 0


async def test_a_missing_field_and_a_bad_row_spoil_only_themselves(venue: Venue) -> None:
    venue.sim.faults.missing_field["BTCUSDT"] = "p"
    venue.sim.faults.bad_row["ETHUSDT"] = "oops"
    async with venue.marks() as socket:
        venue.tick()
        found = await rows(socket)
        assert "p" not in found["BTCUSDT"]
        assert "ETHUSDT" not in found
        assert "p" in found["SOLUSDT"]


async def test_a_frozen_symbol_repeats_itself_and_a_silent_one_is_absent_while_rest_goes_on(venue: Venue) -> None:
    async with venue.marks() as socket:
        venue.tick()
        before = await rows(socket)
        venue.sim.faults.freeze_symbol.add("BTCUSDT")
        venue.sim.faults.silent_symbol.add("SOLUSDT")
        venue.sim.market.set_mark("BTCUSDT", 50_000.0)
        venue.tick()
        after = await rows(socket)
        assert after["BTCUSDT"] == before["BTCUSDT"]
        assert "SOLUSDT" not in after
        assert (await venue.client.get("/fapi/v1/premiumIndex", symbol="BTCUSDT"))["markPrice"] == "50000.00000000"


async def test_a_backlog_comes_at_once_with_its_old_times(venue: Venue) -> None:
    async with venue.marks() as socket:
        venue.sim.faults.backlog.add("market")
        venue.tick()
        venue.tick()
        assert await socket.silent()
        venue.sim.faults.backlog.clear()
        venue.tick()
        stamps = [(await socket.frame())[0]["E"] for _ in range(9)]
        assert stamps == sorted(stamps)
        assert stamps[-1] > stamps[0]


async def test_a_burst_of_ten_thousand_frames_arrives_whole_and_in_order(venue: Venue) -> None:
    prices = [90_000.0 + number * 0.1 for number in range(10_000)]
    async with venue.marks() as socket:
        venue.sim.mark_burst("BTCUSDT", prices)
        got = [float((await socket.frame())["data"][0]["p"]) for _ in prices]
        assert got == pytest.approx(prices)
    assert venue.sim.market.mark("BTCUSDT") == pytest.approx(prices[-1])


async def test_unknown_events_and_any_text_can_be_sent(venue: Venue) -> None:
    async with venue.client.user_stream() as socket:
        venue.sim.unknown_event()
        assert (await socket.frame())["e"] == "SOMETHING_NEW_UPDATE"
        venue.sim.send("private", "\x00")
        assert await socket.text() == "\x00"


# answers


async def test_a_position_is_missing_from_one_snapshot(venue: Venue) -> None:
    venue.sim.faults.miss_position("main", "BTCUSDT")
    assert [row["symbol"] for row in await venue.client.get(RISK, signed=True)] == ["ETHUSDT"]
    assert [row["symbol"] for row in (await venue.client.get(ACCOUNT, signed=True))["positions"]] == ["ETHUSDT"]
    assert len(await venue.client.get(RISK, signed=True)) == 2
    assert len((await venue.client.get(ACCOUNT, signed=True))["positions"]) == 2


async def test_half_and_empty_snapshots(venue: Venue) -> None:
    venue.sim.faults.half_snapshot = 1
    assert len(await venue.client.get(RISK, signed=True)) == 1
    venue.sim.faults.empty()
    assert await venue.client.get(RISK, signed=True) == []
    body = await venue.client.get(ACCOUNT, signed=True)
    assert (body["assets"], body["positions"]) == ([], [])
    assert len(await venue.client.get(RISK, signed=True)) == 2


async def test_an_unreadable_mode(venue: Venue) -> None:
    venue.sim.faults.unreadable_mode = True
    config = await venue.client.get("/fapi/v1/accountConfig", signed=True)
    assert (config["dualSidePosition"], config["multiAssetsMargin"]) == (None, None)
    assert await venue.client.get("/fapi/v1/multiAssetsMargin", signed=True) == {"multiAssetsMargin": None}
    assert await venue.client.get("/fapi/v1/positionSide/dual", signed=True) == {}


async def test_missing_brackets_of_one_symbol_or_of_all(venue: Venue) -> None:
    venue.sim.faults.missing_brackets.add("BTCUSDT")
    table = await venue.client.get("/fapi/v1/leverageBracket", signed=True)
    assert "BTCUSDT" not in {row["symbol"] for row in table}
    assert table
    venue.sim.faults.missing_brackets.add(ALL)
    assert await venue.client.get("/fapi/v1/leverageBracket", signed=True) == []


async def test_a_bad_position_row_and_any_other_edit(venue: Venue) -> None:
    venue.sim.faults.bad_position_row["BTCUSDT"] = {"positionAmt": "many"}
    risk = {row["symbol"]: row for row in await venue.client.get(RISK, signed=True)}
    assert (risk["BTCUSDT"]["positionAmt"], risk["ETHUSDT"]["positionAmt"]) == ("many", "-1.000")
    venue.sim.faults.edit_answer["/fapi/v1/time"] = lambda body: {}
    assert await venue.client.get("/fapi/v1/time") == {}


async def test_answers_that_are_pages_cut_off_refused_or_slow(venue: Venue) -> None:
    faults = venue.sim.faults
    faults.garbage_answers[ACCOUNT] = 1
    faults.truncated_answers[ACCOUNT] = 1
    for _ in range(2):
        status, text = await venue.client.ask("GET", ACCOUNT, signed=True)
        assert status == 200
        assert isinstance(text, str)
    faults.refused_answers[ACCOUNT] = Refusal(500, -1000, "An unknown error occurred while processing the request.")
    assert (await venue.client.ask("GET", ACCOUNT, signed=True))[0] == 500
    faults.clear()
    faults.slow_answers["/fapi/v1/time"] = 0.1
    before = time.monotonic()
    await venue.client.get("/fapi/v1/time")
    assert time.monotonic() - before >= 0.1
    faults.slow_answers["/fapi/v1/time"] = 3600.0
    assert await venue.client.get("/fapi/v1/premiumIndex"), "others are as quick as ever"


async def test_a_mode_change_mid_run_is_seen_in_every_answer(venue: Venue) -> None:
    venue.account.set_multi_assets(True)
    assert (await venue.client.get("/fapi/v1/accountConfig", signed=True))["multiAssetsMargin"] is True
    for symbol in ("BTCUSDT", "ETHUSDT"):
        venue.account.close(symbol)
    venue.account.set_hedge(True)
    assert (await venue.client.get("/fapi/v1/positionSide/dual", signed=True)) == {"dualSidePosition": True}
