"""Every switch does what it says, and nothing after it was taken back."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import pytest

from monitor.sim.kucoin.faults import MODE, POSITION_MODE, POSITIONS, Faults
from monitor.sim.kucoin.refusals import Refusal
from tests.sim.kucoin.clients import ask, data, private, public, refusal, still, token
from tests.sim.still import pass_time

XBT = "/contract/instrument:XBTUSDTM"
ALL_POSITIONS, WALLET = "/contract/positionAll", "/contractAccount/wallet"


def marks(spoil: Any) -> list[Any]:
    """The frames of one beat, while a switch is on."""
    sim = still()
    socket = public(sim, XBT)
    socket.take()
    spoil(sim.faults)
    sim.set_mark("XBTUSDTM", 97_000.0)
    pass_time(sim, 1.0)
    return [frame["data"] for frame in socket.take() if frame["subject"] == "mark.index.price"]


def test_without_a_fault_the_mark_comes() -> None:
    assert [row["markPrice"] for row in marks(lambda _: None)] == [97_000.0]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda faults: faults.stall.add("public"),
        lambda faults: faults.starve.add("public"),
        lambda faults: faults.backlog.add("public"),
        lambda faults: faults.silent_topic.add(XBT),
        lambda faults: faults.silent_symbol.add("XBTUSDTM"),
        lambda faults: faults.lost_frames.update(public=1),
    ],
)
def test_marks_that_do_not_come(spoil: Any) -> None:
    assert marks(spoil) == []


@pytest.mark.parametrize("price", ["NaN", -1, ""])
def test_an_impossible_price_is_printed(price: object) -> None:
    assert marks(lambda faults: faults.bad_price.update(XBTUSDTM=price))[0]["markPrice"] == price


def test_a_field_and_a_row_can_be_spoilt() -> None:
    assert "markPrice" not in marks(lambda faults: faults.missing_field.update(XBTUSDTM="markPrice"))[0]
    assert marks(lambda faults: faults.bad_row.update(XBTUSDTM=None)) == []
    assert marks(lambda faults: faults.bad_row.update(XBTUSDTM=[]))[0] == []


def test_a_frozen_contract_repeats_itself_time_and_all() -> None:
    sim = still()
    socket = public(sim, XBT)
    pass_time(sim, 1.0)
    before = socket.of("mark.index.price")
    sim.faults.freeze_symbol.add("XBTUSDTM")
    sim.set_mark("XBTUSDTM", 90_000.0)
    pass_time(sim, 1.0)
    assert socket.of("mark.index.price") == before


def test_what_was_held_back_comes_all_at_once() -> None:
    sim = still()
    socket = public(sim, XBT)
    socket.take()
    sim.faults.backlog.add("public")
    for _ in range(3):
        pass_time(sim, 1.0)
    assert socket.take() == []
    sim.faults.backlog.clear()
    pass_time(sim, 1.0)
    assert len(socket.of("mark.index.price")) == 4


def test_garbage_and_halves_are_sent() -> None:
    sim = still()
    socket = public(sim, XBT)
    socket.texts.clear()
    sim.faults.garbage_frames["public"] = sim.faults.truncated_frames["public"] = 1
    pass_time(sim, 1.0)
    pass_time(sim, 1.0)
    for text in socket.texts[:2]:
        with pytest.raises(ValueError, match=r"."):
            json.loads(text)


def test_sockets_that_are_not_welcomed_say_nothing() -> None:
    sim = still()
    sim.faults.no_welcome.add("public")
    assert public(sim).take() == []


def test_pings_get_no_pong_from_the_deaf() -> None:
    sim = still()
    socket = public(sim)
    sim.faults.deaf.add("public")
    assert socket.say(id="1", type="ping") == []


@pytest.mark.parametrize("switch", ["no_acknowledgement", "subscription_error"])
def test_subscriptions_that_are_not_served(switch: str) -> None:
    sim = still()
    socket = public(sim)
    getattr(sim.faults, switch).add("public")
    said = socket.subscribe(XBT)
    assert [frame["type"] for frame in said] == ([] if switch == "no_acknowledgement" else ["error"])
    pass_time(sim, 1.0)
    assert socket.take() == []


@pytest.mark.parametrize("by", ["route", "topic"])
def test_a_lost_acknowledgement_is_served_all_the_same(by: str) -> None:
    sim = still()
    socket = public(sim)
    if by == "route":
        sim.faults.lost_acknowledgements["public"] = 1
    else:
        sim.faults.lost_acknowledgement[XBT] = 1
    assert socket.subscribe(XBT) == []
    pass_time(sim, 1.0)
    assert len(socket.of("mark.index.price")) == 1


def test_partials_can_be_nameless_as_old_recordings_have_them() -> None:
    sim = still()
    account = sim.add_account("a")
    account.buy("XBTUSDTM", 1.0)
    socket = private(sim, account, ALL_POSITIONS)
    socket.take()
    sim.faults.nameless_partials = True
    pass_time(sim, 1.0)
    assert [frame["topic"] for frame in socket.take()] == [ALL_POSITIONS]


def test_wallets_can_come_with_an_old_version() -> None:
    sim = still()
    account = sim.add_account("a")
    socket = private(sim, account, WALLET)
    account.deposit("USDT", 1.0)
    sim.faults.stale_versions = 1
    account.deposit("USDT", 1.0)
    account.deposit("USDT", 1.0)
    assert [row["version"] for row in socket.of("walletBalance.change")] == ["1", "1", "3"]


def test_a_dead_key_is_not_known_any_more() -> None:
    sim = still()
    account = sim.add_account("a")
    socket = private(sim, account, WALLET)
    sim.expire_key("a")
    assert socket.cut
    assert refusal(ask(sim, POSITIONS, account)) == (401, "400003")


def test_a_closed_door_refuses_sockets_and_requests() -> None:
    sim = still()
    given = token(sim)
    sim.faults.refuse |= {"public", "rest"}
    with pytest.raises(ConnectionRefusedError):
        sim.dial(f"/endpoint?token={given}")
    assert ask(sim, POSITIONS).status == 503


def test_requests_can_be_told_to_come_later() -> None:
    sim = still()
    account = sim.add_account("a")
    sim.faults.rate_limited, sim.faults.retry_after_seconds = 1, 3
    reply = ask(sim, POSITIONS, account)
    assert (refusal(reply), reply.headers["gw-ratelimit-reset"]) == ((429, "429000"), "3000")
    assert ask(sim, POSITIONS, account).status == 200


def test_a_clock_that_is_wrong_is_wrong_everywhere() -> None:
    sim = still()
    account = sim.add_account("a")
    socket = public(sim, XBT)
    sim.faults.clock_shift_seconds = 100.0
    assert data(sim, "/api/v1/timestamp") == 1_767_268_900_000
    assert data(sim, POSITIONS, account) == []
    pass_time(sim, 1.0)
    assert socket.of("mark.index.price")[0]["timestamp"] == 1_767_268_901_000
    sim.faults.reject_timestamp = 1
    assert refusal(ask(sim, POSITIONS, account)) == (400, "400002")


def test_snapshots_can_lack_positions_halves_and_everything() -> None:
    sim = still()
    account = sim.add_account("a", margin={"USDT": 100.0})
    account.buy("XBTUSDTM", 1.0)
    account.buy("ETHUSDTM", 1.0)
    sim.faults.miss_position("a", "ETHUSDTM")
    assert [row["symbol"] for row in data(sim, POSITIONS, account)] == ["XBTUSDTM"]
    sim.faults.half_snapshot = 1
    assert len(data(sim, POSITIONS, account)) == 1
    sim.faults.empty()
    assert data(sim, POSITIONS, account) == []
    assert data(sim, "/api/v1/account-overview", account, currency="USDT")["accountEquity"] == 0
    assert data(sim, "/api/v3/margin/accounts", account, queryType="ALL")["accounts"] == []
    assert len(data(sim, POSITIONS, account)) == 2


def test_rows_and_answers_can_be_edited() -> None:
    sim = still()
    account = sim.add_account("a")
    account.buy("XBTUSDTM", 1.0)
    sim.faults.bad_position_row["XBTUSDTM"] = {"avgEntryPrice": "NaN"}
    sim.faults.missing_position_field.add("maintMarginReq")
    row = data(sim, POSITIONS, account)[0]
    assert (row["avgEntryPrice"], "maintMarginReq" in row) == ("NaN", False)
    sim.faults.edit_answer[POSITIONS] = lambda _: "nonsense"
    assert data(sim, POSITIONS, account) == "nonsense"


def test_modes_can_be_unreadable_and_limits_missing() -> None:
    sim = still()
    account = sim.add_account("a")
    sim.faults.unreadable_mode = True
    sim.faults.missing_brackets.add("XBTUSDTM")
    assert data(sim, MODE, account)["selfAccountMode"] == ""
    assert data(sim, POSITION_MODE, account)["positionMode"] is None
    assert data(sim, "/api/v1/contracts/risk-limit/XBTUSDTM") == []
    assert data(sim, "/api/v1/contracts/risk-limit/ETHUSDTM") != []


def test_a_path_can_be_refused_garbled_and_late() -> None:
    sim = still()
    account = sim.add_account("a")
    sim.faults.refused_answers[POSITIONS] = Refusal(403, "400007", "Access denied")
    assert refusal(ask(sim, POSITIONS, account)) == (403, "400007")
    sim.faults.refused_answers.clear()
    sim.faults.garbage_answers[POSITIONS] = 1
    assert ask(sim, POSITIONS, account).text.startswith("<html>")
    sim.faults.slow_answers[POSITIONS] = 2.5
    assert ask(sim, POSITIONS, account).wait_seconds == 2.5


def test_an_event_that_nobody_knows_can_be_sent() -> None:
    sim = still()
    socket = private(sim, sim.add_account("a"))
    socket.take()
    sim.unknown_event()
    assert socket.take()[0]["subject"] == "something.new"


def test_many_marks_in_one_go_end_at_the_last() -> None:
    sim = still()
    socket = public(sim, XBT)
    socket.take()
    sim.mark_burst("XBTUSDTM", [98_000.0, 97_000.0, 96_000.0])
    rows = socket.of("mark.index.price")
    assert [row["markPrice"] for row in rows] == [98_000.0, 97_000.0, 96_000.0]
    assert sim.board.prices.mark("XBTUSDTM") == 96_000.0


def test_clear_takes_everything_back() -> None:
    faults = Faults()
    faults.unreadable_mode, faults.half_snapshot = True, 3
    faults.starve.add("public")
    faults.clear()
    assert all(getattr(faults, each.name) == getattr(Faults(), each.name) for each in fields(Faults))
