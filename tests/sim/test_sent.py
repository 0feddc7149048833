"""The simulator's own books: every frame by owner, stream and kind, every answer by path; what a cut left in doubt."""

from __future__ import annotations

import asyncio

import pytest

from monitor.sim.binance import SimBinance
from monitor.sim.clock import ManualClock
from monitor.sim.inprocess import Hung
from monitor.sim.sent import ANSWER, PUBLIC, RAW, SPOILT, Answered, Line
from tests.sim.clients import Client, until

MARKS, ASSETS = "!markPrice@arr@1s", "!assetIndex@arr"
NOW = 1_795_000_000.0


async def test_frames_are_counted_by_stream_and_kind_when_they_are_written() -> None:
    async with SimBinance(paced=False) as sim, Client(sim) as client, client.socket("/market/stream") as socket:
        await socket.subscribe(MARKS, ASSETS)
        await socket.frame()
        assert sim.hub.sent.frames == {Line(PUBLIC, "", ANSWER): 1}
        sim.tick()
        for _ in range(4):
            await socket.frame()
        assert sim.hub.sent.frames == {
            Line(PUBLIC, "", ANSWER): 1,
            Line(PUBLIC, MARKS, "markPriceUpdate"): 3,
            Line(PUBLIC, ASSETS, "assetIndexUpdate"): 1,
        }


async def test_spoilt_lost_doubled_and_raw_frames_are_counted_as_what_they_are() -> None:
    async with SimBinance(paced=False) as sim, Client(sim) as client, client.socket("/market/stream") as socket:
        await socket.subscribe(ASSETS)
        await socket.frame()
        for fault in (sim.faults.garbage_frames, sim.faults.lost_frames, sim.faults.duplicated_frames):
            fault["market"] = 1
            sim.tick()
        sim.send("market", "hello")
        for _ in range(4):
            await socket.text()
        assert sim.hub.sent.count(PUBLIC, None, SPOILT) == 1
        assert sim.hub.sent.count(PUBLIC, ASSETS, "assetIndexUpdate") == 2
        assert sim.hub.sent.count(PUBLIC, None, RAW) == 1


async def test_an_account_s_frames_are_its_own_and_no_key_stands_in_the_books() -> None:
    async with SimBinance(paced=False) as sim:
        account = sim.add_account("main")
        async with Client(sim, account) as client, client.user_stream() as socket:
            account.trade("BTCUSDT", 0.1)
            await socket.frame()
            await socket.frame()
            assert sim.hub.sent.frames == {
                Line("main", "user", "ACCOUNT_UPDATE"): 1,
                Line("main", "user", "ORDER_TRADE_UPDATE"): 1,
            }
        assert sim.hub.sent.answers == {Answered("POST", "/fapi/v1/listenKey", "main", 200): 1}


async def test_what_was_written_right_before_a_cut_is_in_doubt() -> None:
    async with SimBinance(paced=False) as sim, Client(sim) as client, client.socket("/market/stream") as socket:
        await socket.subscribe(ASSETS)
        await socket.frame()
        sim.tick()
        await socket.frame()
        assert sim.hub.sent.in_doubt(PUBLIC) == 0
        sim.drop()
        await until(lambda: not sim.hub.on())
        assert sim.hub.sent.in_doubt(PUBLIC, ASSETS) == 1
        assert sim.hub.sent.in_doubt(PUBLIC) == sim.hub.sent.count(PUBLIC) == 2


async def test_refused_and_unknown_requests_are_counted_with_their_status() -> None:
    async with SimBinance(paced=False) as sim, Client(sim) as client:
        await client.ask("GET", "/fapi/v1/time")
        await client.ask("GET", "/fapi/v1/nonsense")
        sim.faults.refuse.add("rest")
        await client.ask("GET", "/fapi/v1/time")
        assert sim.hub.sent.answers == {
            Answered("GET", "/fapi/v1/time", "", 200): 1,
            Answered("GET", "/fapi/v1/nonsense", "", 404): 1,
            Answered("GET", "/fapi/v1/time", "", 503): 1,
        }


async def test_without_a_network_a_client_on_the_same_loop_gets_the_same_frames() -> None:
    async with SimBinance(clock=ManualClock(NOW), paced=False, network=False) as sim:
        line = sim.dial("/market/stream")
        line.send('{"method": "SUBSCRIBE", "params": ["!assetIndex@arr"], "id": 1}')
        assert await line.receive() == '{"result": null, "id": 1}'
        waiting = asyncio.ensure_future(line.receive())
        await asyncio.sleep(0)
        sim.tick()
        assert (await waiting).startswith('{"stream":"!assetIndex@arr","data":[')
        sim.tick()
        assert line.waiting == {Line(PUBLIC, ASSETS, "assetIndexUpdate"): 1}
        sim.drop()
        with pytest.raises(Hung) as end:
            await line.receive()
        assert end.value.code == 1006
        assert sim.hub.sent.count(PUBLIC) == 2, "what a cut left behind was never sent"
        assert sim.hub.sent.in_doubt(PUBLIC) == 0


async def test_without_a_network_a_listener_gets_what_waits_and_then_each_frame_at_once() -> None:
    async with SimBinance(clock=ManualClock(NOW), paced=False, network=False) as sim:
        line, heard = sim.dial("/market/ws/btcusd@assetIndex"), list[str]()
        sim.tick()
        line.listen(heard.append)
        assert len(heard) == 1
        sim.tick()
        assert len(heard) == 2
        assert sim.hub.sent.count(PUBLIC, "btcusd@assetIndex") == 2
        ended = asyncio.ensure_future(line.wait_closed())
        sim.drop()
        await ended
        assert line.code == 1006


async def test_without_a_network_a_closed_door_a_polite_close_and_a_leaving_client_are_as_with_one() -> None:
    async with SimBinance(clock=ManualClock(NOW), paced=False, network=False) as sim:
        sim.faults.refuse.add("market")
        with pytest.raises(ConnectionRefusedError):
            sim.dial("/market/stream")
        sim.faults.clear()
        line = sim.dial("/market/ws/btcusd@assetIndex")
        sim.tick()
        await sim.close(code=1001)
        assert "assetIndexUpdate" in await line.receive(), "what waits is still delivered"
        with pytest.raises(Hung) as end:
            await line.receive()
        assert end.value.code == 1001
        with pytest.raises(Hung):
            line.send("{}")
        again = sim.dial("/market/stream")
        again.leave()
        assert not sim.hub.on()


async def test_a_socket_opened_with_a_dead_key_is_still_its_account_s() -> None:
    """Its pushes do not come here, but what is sent to every private socket does."""
    sim = SimBinance(clock=ManualClock(NOW), paced=False, network=False)
    sim.add_account("main")
    key = sim.keys.create("main", sim.time_ms())
    sim.expire_listen_key("main", event=False)
    line = sim.dial(f"/private/ws?listenKey={key}")
    line.listen(lambda _: None)
    assert (line.speech.account, line.owner) == (None, "main")
    sim.unknown_event()
    assert sim.hub.sent.count("main", None, RAW) == 1
    assert sim.dial("/private/ws?listenKey=nobodys").owner == PUBLIC
