"""Recordings served again, with their times moved to now."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

import pytest

from monitor.sim.binance import SimBinance
from monitor.sim.binance.playback import MARKS, Playback, Recorded, marks_each_second, read
from monitor.sim.clock import ManualClock
from tests.programs import shared
from tests.sim.clients import Client

RECORDING = "fixtures/binance/ws_public_usdm_stream_20240808.jsonl"
NOW = 1_795_000_000.0


def quote(at: float, symbol: str, bid: float, ask: float) -> Recorded:
    data = {"e": "bookTicker", "s": symbol, "b": str(bid), "a": str(ask), "E": round(at * 1000), "T": round(at * 1000)}
    return Recorded(at, f"{symbol.lower()}@bookTicker", data)


def test_the_mid_of_the_last_quote_before_each_second_becomes_its_mark() -> None:
    frames = [
        quote(100.2, "BTCUSDT", 10.0, 12.0),
        quote(100.9, "BTCUSDT", 12.0, 14.0),
        quote(101.5, "ETHUSDT", 1.0, 2.0),
        quote(103.1, "BTCUSDT", 20.0, 22.0),
    ]
    arrays = marks_each_second(frames)
    assert [array.at for array in arrays] == [101.0, 102.0, 103.0, 104.0]
    assert [{row["s"]: float(row["p"]) for row in array.data} for array in arrays] == [
        {"BTCUSDT": 13.0},
        {"BTCUSDT": 13.0, "ETHUSDT": 1.5},
        {"BTCUSDT": 13.0, "ETHUSDT": 1.5},
        {"BTCUSDT": 21.0, "ETHUSDT": 1.5},
    ]
    assert arrays[0].data[0]["E"] == 101_000


async def test_frames_come_at_their_time_divided_by_the_speed_and_say_so() -> None:
    clock = ManualClock(NOW)
    sim = SimBinance(clock=clock, quiet=True, paced=False)
    arrays = marks_each_second([quote(100.5 + n, "BTCUSDT", 50_000.0 + n, 50_002.0 + n) for n in range(5)])
    seen: list[tuple[float, float]] = []
    served = await Playback(arrays, speed=2.0).play(
        sim, lambda frame: seen.append((clock.now() - NOW, frame.data[0]["E"] / 1000.0 - NOW))
    )
    assert served == len(arrays) == 5
    wanted = [0.0, 0.5, 1.0, 1.5, 2.0]
    assert [at for at, _ in seen] == pytest.approx(wanted, abs=1e-3)
    assert [stamped for _, stamped in seen] == pytest.approx(wanted, abs=1e-3)
    assert sim.market.mark("BTCUSDT") == 50_005.0


async def test_accounts_follow_the_recorded_marks() -> None:
    sim = SimBinance(clock=ManualClock(NOW), quiet=True, paced=False)
    sim.market.set_mark("BTCUSDT", 50_000.0)
    account = sim.add_account("main", wallets={"USDT": 1_000.0})
    account.trade("BTCUSDT", 0.1, fee_rate=0.0)
    await Playback(marks_each_second([quote(0.5, "BTCUSDT", 39_999.0, 40_001.0)])).play(sim)
    assert account.open_positions() == []


def test_a_speed_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="plays nothing"):
        Playback([], speed=0.0)


def test_the_real_recording_becomes_345_seconds_of_marks() -> None:
    frames = read(shared(RECORDING))
    assert len(frames) == 7427
    arrays = marks_each_second(frames)
    assert 344 <= len(arrays) <= 346
    assert {row["s"] for row in arrays[-1].data} == {"BTCUSDT", "ETHUSDT"}
    prices = [float(row["p"]) for array in arrays for row in array.data if row["s"] == "BTCUSDT"]
    assert 61_000 < min(prices) < max(prices) < 63_000


async def test_the_real_recording_is_served_whole_over_a_socket() -> None:
    arrays = marks_each_second(read(shared(RECORDING)))
    async with (
        SimBinance(quiet=True, paced=False) as sim,
        Client(sim) as client,
        client.socket("/market/stream") as socket,
    ):
        await socket.subscribe(MARKS)
        await socket.frame()
        started = time.time()
        playing = asyncio.create_task(Playback(arrays, speed=400.0).play(sim))
        got = [await socket.frame() for _ in arrays]
        assert await playing == len(arrays)
        for frame, array in zip(got, arrays, strict=True):
            assert frame["stream"] == MARKS
            assert [(row["s"], row["p"]) for row in frame["data"]] == [(row["s"], row["p"]) for row in array.data]
        stamps = [frame["data"][0]["E"] / 1000.0 for frame in got]
        assert stamps == sorted(stamps)
        assert stamps[0] == pytest.approx(started, abs=0.5)
        assert stamps[-1] - stamps[0] == pytest.approx((arrays[-1].at - arrays[0].at) / 400.0, abs=0.01)
        last = await client.get("/fapi/v1/premiumIndex", symbol="BTCUSDT")
        assert last["markPrice"] == next(row["p"] for row in arrays[-1].data if row["s"] == "BTCUSDT")


def test_a_file_of_frames_is_read_without_what_was_sent_or_has_no_time(tmp_path: Path) -> None:
    lines = [
        {"dir": "sent", "msg": {"method": "SUBSCRIBE"}},
        {"dir": "recv", "msg": {"result": None, "id": 1}},
        {"dir": "recv", "msg": {"stream": "b", "data": {"E": 2000}}},
        {"dir": "recv", "msg": {"stream": "a", "data": [{"E": 1000}]}},
    ]
    file = tmp_path / "frames.jsonl"
    file.write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")
    assert [(frame.at, frame.stream) for frame in read(file)] == [(1.0, "a"), (2.0, "b")]


async def test_a_recording_of_coin_margined_quotes_moves_coin_margined_accounts() -> None:
    sim = SimBinance(clock=ManualClock(NOW), quiet=True, paced=False, network=False)
    account = sim.add_account("coin", product="coinm", wallets={"BTC": 0.1})
    account.trade("BTCUSD_PERP", 500.0, price=50_000.0)
    arrays = marks_each_second([quote(100.5 + n, "BTCUSD_PERP", price, price) for n, price in enumerate((50e3, 45e3))])
    assert [row["st"] for array in arrays for row in array.data] == [2, 2]
    await Playback(arrays).play(sim)
    assert sim.market.mark("BTCUSD_PERP") == 45_000.0
    assert not account.open_positions()
