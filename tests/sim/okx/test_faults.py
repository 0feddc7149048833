"""Each switch of the simulated OKX spoils what its name says, and nothing once it is taken back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from monitor.sim.okx import SimOkx
from monitor.sim.okx.accounts import SimAccount
from monitor.sim.okx.refusals import Refusal
from tests.sim.okx.clients import Socket, ask, private, refusal, rows, still
from tests.sim.still import pass_time

BALANCE, POSITIONS, CONFIG = "/api/v5/account/balance", "/api/v5/account/positions", "/api/v5/account/config"
BTC = {"channel": "mark-price", "instId": "BTC-USDT-SWAP"}
ETH = {"channel": "mark-price", "instId": "ETH-USDT-SWAP"}


@pytest.fixture
def sim() -> SimOkx:
    return still(limited=False)


@pytest.fixture
def account(sim: SimOkx) -> SimAccount:
    account = sim.add_account("a")
    account.trade("BTC-USDT-SWAP", 1.0)
    account.trade("ETH-USDT-SWAP", 2.0)
    pass_time(sim, 0.1)
    return account


def events(frames: list[Any]) -> list[tuple[str, str]]:
    return [(frame["event"], frame.get("arg", {}).get("instId", "")) for frame in frames if "event" in frame]


def served(frames: list[Any]) -> list[str]:
    return [frame["data"][0]["instId"] for frame in frames if "data" in frame]


def test_lost_acknowledgement_of_one_argument_leaves_it_served(sim: SimOkx) -> None:
    sim.faults.lost_acknowledgement["mark-price:BTC-USDT-SWAP"] = 1
    frames = Socket(sim, "public").say("subscribe", BTC, ETH)
    assert events(frames) == [("subscribe", "ETH-USDT-SWAP")]
    assert served(frames) == ["BTC-USDT-SWAP", "ETH-USDT-SWAP"]


def test_lost_argument_is_neither_answered_nor_served(sim: SimOkx) -> None:
    sim.faults.lost_argument["mark-price:BTC-USDT-SWAP"] = 1
    socket = Socket(sim, "public")
    frames = socket.say("subscribe", BTC, ETH)
    assert (events(frames), served(frames)) == ([("subscribe", "ETH-USDT-SWAP")], ["ETH-USDT-SWAP"])
    assert served(socket.say("subscribe", BTC)) == ["BTC-USDT-SWAP"]


def test_no_acknowledgement_and_wrong_route_and_subscription_error_differ(sim: SimOkx) -> None:
    sim.faults.no_acknowledgement.add("public")
    assert Socket(sim, "public").say("subscribe", BTC) == []
    sim.faults.clear()
    sim.faults.wrong_route_silence.add("public")
    frames = Socket(sim, "public").say("subscribe", BTC)
    assert (events(frames), served(frames)) == ([("subscribe", "BTC-USDT-SWAP")], [])
    sim.faults.clear()
    sim.faults.subscription_error.add("public")
    assert Socket(sim, "public").say("subscribe", BTC)[0]["code"] == "60018"


def test_silent_topic_is_acknowledged_and_sends_nothing(sim: SimOkx) -> None:
    sim.faults.silent_topic.add("mark-price:BTC-USDT-SWAP")
    frames = Socket(sim, "public").say("subscribe", BTC, ETH)
    assert (len(events(frames)), served(frames)) == (2, ["ETH-USDT-SWAP"])


def test_login_can_be_refused_or_not_answered(sim: SimOkx, account: SimAccount) -> None:
    sim.faults.login_refused = sim.faults.login_silence = 1
    socket = Socket(sim, "private")
    assert socket.log_in(account) == []
    assert socket.log_in(account)[0]["code"] == "60009"
    assert socket.log_in(account)[0]["event"] == "login"


def test_deaf_venue_gives_no_pong(sim: SimOkx) -> None:
    sim.faults.deaf.add("public")
    socket = Socket(sim, "public")
    socket.raw.send("ping")
    assert socket.texts == []


def test_connection_count_error_takes_the_channel_only(sim: SimOkx, account: SimAccount) -> None:
    sim.faults.connection_count_error["account"] = 1
    socket = private(sim, account)
    frames = socket.say("subscribe", {"channel": "account"}, {"channel": "positions", "instType": "ANY"})
    assert [frame.get("event", "data") for frame in frames] == [
        "subscribe",
        "channel-conn-count-error",
        "subscribe",
        "channel-conn-count",
        "data",
    ]


def pages(frames: list[Any]) -> list[tuple[int, bool]]:
    return [(frame["curPage"], frame["lastPage"]) for frame in frames if "curPage" in frame]


def test_page_can_be_missing_and_pages_can_be_out_of_order(sim: SimOkx, account: SimAccount) -> None:
    account.trade("SOL-USDT-SWAP", 1.0)
    pass_time(sim, 0.1)
    sim.faults.page_rows = 1
    sim.faults.missing_page["positions"] = sim.faults.pages_out_of_order["positions"] = 1
    socket = private(sim, account)
    assert pages(socket.subscribe("positions", instType="ANY")) == [(3, True), (1, False)]
    assert pages(socket.subscribe("positions", instType="ANY")) == [(1, False), (2, False), (3, True)]


def test_upgrade_notice_is_followed_by_the_end_of_the_old_socket_only(sim: SimOkx) -> None:
    old = Socket(sim, "public")
    old.subscribe("mark-price", instId="BTC-USDT-SWAP")
    assert sim.upgrade("public", seconds=5.0) == 1
    assert old.take()[-1]["code"] == "64008"
    new = Socket(sim, "public")
    pass_time(sim, 4.0)
    assert not old.cut
    pass_time(sim, 1.0)
    assert (old.cut, new.cut) == (True, False)


def test_stall_keeps_the_socket_and_a_backlog_comes_at_once(sim: SimOkx) -> None:
    socket = Socket(sim, "public")
    socket.say("subscribe", BTC)
    sim.faults.stall.add("public")
    sim.set_mark("BTC-USDT-SWAP", 97_000.0)
    pass_time(sim, 0.2)
    assert socket.take() == []
    sim.faults.clear()
    sim.faults.backlog.add("public")
    for price in (96_000.0, 95_000.0):
        sim.set_mark("BTC-USDT-SWAP", price)
        pass_time(sim, 0.2)
    assert socket.take() == []
    sim.faults.clear()
    pass_time(sim, 0.1)
    assert [frame["data"][0]["markPx"] for frame in socket.take()] == ["96000", "95000"]


def test_mark_rows_can_be_spoilt_by_symbol(sim: SimOkx) -> None:
    sim.faults.bad_price["BTC-USDT-SWAP"] = "NaN"
    sim.faults.missing_field["ETH-USDT-SWAP"] = "ts"
    sim.faults.silent_symbol.add("SOL-USDT-SWAP")
    frames = Socket(sim, "public").say("subscribe", BTC, ETH, {"channel": "mark-price", "instId": "SOL-USDT-SWAP"})
    said = {frame["data"][0]["instId"]: frame["data"][0] for frame in frames if "data" in frame}
    assert said["BTC-USDT-SWAP"]["markPx"] == "NaN"
    assert "ts" not in said["ETH-USDT-SWAP"]
    assert "SOL-USDT-SWAP" not in said


def test_frozen_symbol_repeats_its_row_with_its_time(sim: SimOkx) -> None:
    socket = Socket(sim, "public")
    first = socket.say("subscribe", BTC)[-1]["data"]
    sim.faults.freeze_symbol.add("BTC-USDT-SWAP")
    sim.set_mark("BTC-USDT-SWAP", 97_000.0)
    pass_time(sim, 0.2)
    assert [frame["data"] for frame in socket.take()] == [first]


def test_snapshots_can_be_empty_half_or_lack_a_position(sim: SimOkx, account: SimAccount) -> None:
    sim.faults.empty()
    assert rows(sim, POSITIONS, account) == []
    assert rows(sim, BALANCE, account)[0]["details"] == []
    sim.faults.half_snapshot = 1
    assert len(rows(sim, POSITIONS, account)) == 1
    sim.faults.miss_position("a", "BTC-USDT-SWAP")
    assert [row["instId"] for row in rows(sim, POSITIONS, account)] == ["ETH-USDT-SWAP"]
    assert len(rows(sim, POSITIONS, account)) == 2


def test_answers_can_be_refused_late_garbage_or_cut(sim: SimOkx, account: SimAccount) -> None:
    sim.faults.refused_answers[POSITIONS] = Refusal(503, "50001", "Service temporarily unavailable")
    assert refusal(ask(sim, POSITIONS, account)) == (503, "50001")
    sim.faults.clear()
    sim.faults.garbage_answers[POSITIONS] = sim.faults.truncated_answers[POSITIONS] = 1
    assert ask(sim, POSITIONS, account).text.startswith("<html>")
    with pytest.raises(json.JSONDecodeError):
        json.loads(ask(sim, POSITIONS, account).text)
    sim.faults.slow_answers[POSITIONS] = 1.5
    assert ask(sim, POSITIONS, account).wait_seconds == 1.5


def test_clock_can_be_wrong_and_a_timestamp_refused_whatever_it_says(sim: SimOkx, account: SimAccount) -> None:
    sim.faults.reject_timestamp = 1
    assert refusal(ask(sim, CONFIG, account)) == (401, "50102")
    sim.faults.clock_shift_seconds = 100.0
    assert int(rows(sim, "/api/v5/public/time")[0]["ts"]) == round((sim.clock.now() + 100.0) * 1000)


def test_mode_can_be_unreadable_and_tiers_missing(sim: SimOkx, account: SimAccount) -> None:
    sim.faults.unreadable_mode = True
    assert rows(sim, CONFIG, account)[0]["acctLv"] == ""
    sim.faults.missing_brackets.add("BTC-USDT")
    path = "/api/v5/public/position-tiers"
    assert rows(sim, path, instType="SWAP", tdMode="cross", instFamily="BTC-USDT") == []
    assert rows(sim, path, instType="SWAP", tdMode="cross", instFamily="ETH-USDT") != []


def test_closed_door_and_ban_and_limit(sim: SimOkx, account: SimAccount) -> None:
    sim.faults.refuse |= {"rest", "private"}
    assert ask(sim, CONFIG, account).status == 503
    with pytest.raises(ConnectionRefusedError):
        Socket(sim, "private")
    sim.faults.clear()
    sim.faults.rate_limited = 1
    assert refusal(ask(sim, CONFIG, account)) == (429, "50011")
    sim.ban(60)
    reply = ask(sim, CONFIG, account)
    assert (refusal(reply), reply.headers["Retry-After"]) == ((429, "50011"), "60")
    assert sim.requests.during_ban == 1


def test_foreign_requests_use_up_the_limit() -> None:
    sim = still()
    account = sim.add_account("a")
    sim.faults.foreign_requests = 4
    assert [ask(sim, CONFIG, account).status for _ in range(2)] == [200, 429]
