"""Sockets of the simulated OKX: logins, an answer for each argument, text pings, snapshots and event updates."""

from __future__ import annotations

import json
from typing import Any

import pytest

from monitor.sim.okx import SimOkx
from monitor.sim.okx.accounts import SimAccount
from tests.sim.okx.clients import Socket, private, signed, still
from tests.sim.still import NOON, clock_of, pass_time


@pytest.fixture
def sim() -> SimOkx:
    return still(limited=False)


@pytest.fixture
def account(sim: SimOkx) -> SimAccount:
    return sim.add_account("a")


def test_login_is_signed_over_its_time_and_the_path(sim: SimOkx, account: SimAccount) -> None:
    answer = Socket(sim, "private").log_in(account)
    assert [(frame["event"], frame["code"]) for frame in answer] == [("login", "0")]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"apiKey": "nobody"}, "60005"),
        ({"sign": "wrong"}, "60007"),
        ({"passphrase": "wrong"}, "60024"),
        ({"timestamp": f"{NOON - 31:.0f}"}, "60006"),
        ({"timestamp": "yesterday"}, "60004"),
    ],
)
def test_login_that_is_wrong_is_refused_with_its_code(
    sim: SimOkx, account: SimAccount, changed: dict[str, str], code: str
) -> None:
    answer = Socket(sim, "private").log_in(account, **changed)
    assert [(frame["event"], frame["code"]) for frame in answer] == [("error", code)]


def test_private_channel_wants_a_login_and_its_own_door(sim: SimOkx, account: SimAccount) -> None:
    assert Socket(sim, "private").subscribe("account")[0]["code"] == "60011"
    assert Socket(sim, "public").subscribe("account")[0]["code"] == "60008"
    assert private(sim, account).subscribe("mark-price", instId="BTC-USDT-SWAP")[0]["code"] == "60018"


def test_each_argument_is_answered_by_itself_and_a_wrong_one_spoils_no_other(sim: SimOkx) -> None:
    socket = Socket(sim, "public")
    args = [{"channel": "mark-price", "instId": name} for name in ("BTC-USDT-SWAP", "NO-USDT-SWAP", "ETH-USDT-SWAP")]
    answers = [frame for frame in socket.say("subscribe", *args) if "event" in frame]
    assert [frame["event"] for frame in answers] == ["subscribe", "error", "subscribe"]
    assert answers[0]["arg"] == args[0]
    assert answers[1]["code"] == "60018"


def test_ping_as_text_is_answered_as_text(sim: SimOkx) -> None:
    socket = Socket(sim, "public")
    socket.raw.send("ping")
    assert socket.texts == ["pong"]


def test_silent_socket_is_thrown_out_after_half_a_minute_and_a_ping_keeps_it(sim: SimOkx) -> None:
    silent, pinging = Socket(sim, "public"), Socket(sim, "public")
    for _ in range(31):
        pass_time(sim, 1.0)
        pinging.raw.send("ping")
    assert (silent.cut, pinging.cut) == (True, False)


def test_frames_that_are_pushed_keep_a_socket_too(sim: SimOkx) -> None:
    socket = Socket(sim, "public")
    socket.subscribe("mark-price", instId="BTC-USDT-SWAP")
    for _ in range(61):
        pass_time(sim, 1.0)
    assert not socket.cut


def test_mark_comes_within_a_fifth_of_a_second_of_a_change_and_each_ten_seconds_without(sim: SimOkx) -> None:
    socket = Socket(sim, "public")
    began = socket.subscribe("mark-price", instId="BTC-USDT-SWAP")
    assert began[-1]["data"][0]["markPx"] == f"{sim.board.mark('BTC-USDT-SWAP'):.10g}"
    assert list(began[-1]) == ["arg", "data"]
    sim.set_mark("BTC-USDT-SWAP", 97_000.0)
    pass_time(sim, 0.1)
    assert socket.take() == []
    pass_time(sim, 0.1)
    assert socket.take()[0]["data"][0]["markPx"] == "97000"
    for _ in range(99):
        pass_time(sim, 0.1)
    assert socket.take() == []
    pass_time(sim, 0.1)
    assert [frame["data"][0]["markPx"] for frame in socket.take()] == ["97000"]


@pytest.mark.parametrize(
    ("channel", "arg", "field"),
    [
        ("index-tickers", {"instId": "BTC-USD"}, "idxPx"),
        ("index-tickers", {"instId": "USDT-USD"}, "idxPx"),
        ("opt-summary", {"instFamily": "BTC-USD"}, "markVol"),
        ("funding-rate", {"instId": "ETH-USDT-SWAP"}, "fundingRate"),
    ],
)
def test_public_channel_begins_with_what_is_now(sim: SimOkx, channel: str, arg: dict[str, str], field: str) -> None:
    answer, first = Socket(sim, "public").subscribe(channel, **arg)
    assert answer["arg"] == first["arg"] == {"channel": channel, **arg}
    assert all(float(row[field]) > 0.0 for row in first["data"])


def data_of(frames: list[Any], channel: str) -> list[Any]:
    return [frame for frame in frames if "data" in frame and frame["arg"]["channel"] == channel]


def test_positions_begin_with_a_snapshot_and_go_on_with_what_changed(sim: SimOkx, account: SimAccount) -> None:
    account.trade("BTC-USDT-SWAP", 1.0)
    account.trade("ETH-USDT-SWAP", 2.0)
    pass_time(sim, 0.1)
    socket = private(sim, account)
    first = data_of(socket.subscribe("positions", instType="ANY"), "positions")[0]
    assert (first["eventType"], first["curPage"], first["lastPage"], len(first["data"])) == ("snapshot", 1, True, 2)
    account.trade("ETH-USDT-SWAP", 3.0)
    account.trade("ETH-USDT-SWAP", 1.0)
    pass_time(sim, 0.1)
    (update,) = socket.take()
    assert update["eventType"] == "event_update"
    assert [(row["instId"], row["pos"]) for row in update["data"]] == [("ETH-USDT-SWAP", "6")]
    account.close("ETH-USDT-SWAP")
    pass_time(sim, 0.1)
    (closed,) = socket.take()
    assert [(row["pos"], row["liqPx"], row["mgnRatio"]) for row in closed["data"]] == [("0", "", "")]


def test_regular_snapshots_come_each_five_seconds_and_omit_what_is_closed(sim: SimOkx, account: SimAccount) -> None:
    socket = private(sim, account)
    account.trade("BTC-USDT-SWAP", 1.0)
    socket.subscribe("positions", instType="ANY")
    pass_time(sim, 0.1)
    account.close("BTC-USDT-SWAP")
    pass_time(sim, 0.1)
    socket.take()
    pass_time(sim, 5.0)
    (regular,) = data_of(socket.take(), "positions")
    assert (regular["eventType"], regular["data"]) == ("snapshot", [])


@pytest.mark.parametrize(("interval", "snapshots"), [("0", 0), ("2000", 5), ("4000", 2)])
def test_extra_parameters_say_how_often_snapshots_come(
    sim: SimOkx, account: SimAccount, interval: str, snapshots: int
) -> None:
    socket = private(sim, account)
    socket.subscribe("positions", instType="ANY", extraParams=json.dumps({"updateInterval": interval}))
    for _ in range(10):
        pass_time(sim, 1.0)
    assert len(data_of(socket.take(), "positions")) == snapshots


def test_account_snapshot_is_split_into_pages_and_the_last_says_so(sim: SimOkx) -> None:
    rich = sim.add_account("rich", wallets=dict.fromkeys(("USDT", "USDC", "BTC", "ETH", "SOL"), 1.0))
    sim.faults.page_rows = 2
    frames = data_of(private(sim, rich).subscribe("account"), "account")
    assert [(frame["curPage"], frame["lastPage"]) for frame in frames] == [(1, False), (2, False), (3, True)]
    assert [row["ccy"] for frame in frames for row in frame["data"][0]["details"]] == list(rich.cash)
    assert all("coinUsdPrice" in row for frame in frames for row in frame["data"][0]["details"])


def test_deed_is_told_at_once_on_the_fast_channel_with_its_reason(sim: SimOkx, account: SimAccount) -> None:
    socket = private(sim, account)
    first = data_of(socket.subscribe("balance_and_position"), "balance_and_position")[0]
    assert first["data"][0]["eventType"] == "snapshot"
    account.trade("BTC-USDT-SWAP", 1.0)
    account.deposit("USDT", 10.0)
    said = [frame["data"][0] for frame in socket.take()]
    assert [row["eventType"] for row in said] == ["filled", "transferred"]
    assert said[0]["posData"][0]["pos"] == "1"
    assert said[1]["posData"] == []
    assert float(said[1]["balData"][0]["cashBal"]) == pytest.approx(account.cash["USDT"])


def test_order_is_told_when_it_rests_is_filled_and_is_cancelled(sim: SimOkx, account: SimAccount) -> None:
    socket = private(sim, account)
    socket.subscribe("orders", instType="ANY")
    met = account.place("BTC-USDT-SWAP", 1.0, 97_000.0)
    taken_back = account.place("ETH-USDT-SWAP", 1.0, 1_000.0)
    account.cancel(taken_back)
    sim.set_mark("BTC-USDT-SWAP", 96_999.0)
    pass_time(sim, 0.1)
    said = [(row["ordId"], row["state"]) for frame in data_of(socket.take(), "orders") for row in frame["data"]]
    assert said == [(met, "live"), (taken_back, "live"), (taken_back, "canceled"), (met, "filled")]
    assert account.cross()[0].average == 97_000.0


def test_counted_channel_says_how_many_sockets_have_it(sim: SimOkx, account: SimAccount) -> None:
    counts = []
    for _ in range(2):
        frames = private(sim, account).subscribe("account")
        counts.append(next(frame["connCount"] for frame in frames if frame.get("event") == "channel-conn-count"))
    assert counts == ["1", "2"]


def test_socket_counts_once_for_a_channel_however_many_arguments_it_has(sim: SimOkx, account: SimAccount) -> None:
    socket = private(sim, account)
    args = [{"channel": "orders", "instType": kind} for kind in ("ANY", "SWAP")]
    counts = [frame["connCount"] for frame in socket.say("subscribe", *args) if "connCount" in frame]
    assert counts == ["1", "1"]


def test_thirty_first_socket_of_a_channel_is_acknowledged_and_then_refused(sim: SimOkx, account: SimAccount) -> None:
    sockets = [private(sim, account) for _ in range(31)]
    last = [socket.subscribe("account") for socket in sockets][-1]
    assert [frame["event"] for frame in last] == ["subscribe", "channel-conn-count-error"]


def test_too_many_requests_of_one_socket_are_refused(sim: SimOkx) -> None:
    socket = Socket(sim, "public")
    answers = [socket.subscribe("mark-price", instId="BTC-USDT-SWAP")[0] for _ in range(481)]
    assert [frame["event"] for frame in answers[-2:]] == ["subscribe", "error"]
    assert answers[-1]["code"] == "60014"


def test_unsubscribed_topic_is_served_no_more(sim: SimOkx) -> None:
    socket = Socket(sim, "public")
    socket.subscribe("mark-price", instId="BTC-USDT-SWAP")
    assert socket.say("unsubscribe", {"channel": "mark-price", "instId": "BTC-USDT-SWAP"})[0]["event"] == "unsubscribe"
    sim.set_mark("BTC-USDT-SWAP", 97_000.0)
    pass_time(sim, 1.0)
    assert socket.take() == []


def test_a_fourth_socket_within_a_second_is_refused() -> None:
    sim = still()
    for _ in range(3):
        Socket(sim, "public")
    with pytest.raises(ConnectionRefusedError):
        Socket(sim, "public")
    clock_of(sim).advance(1.0)
    assert not Socket(sim, "public").cut


def test_login_of_one_account_gets_nothing_of_another(sim: SimOkx, account: SimAccount) -> None:
    other = sim.add_account("b")
    socket = private(sim, account)
    socket.subscribe("balance_and_position")
    socket.take()
    other.trade("BTC-USDT-SWAP", 1.0)
    pass_time(sim, 0.1)
    assert socket.take() == []
    assert signed(other.secret, "x") != signed(account.secret, "x")
