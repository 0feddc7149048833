"""Each switch of the simulated Hyperliquid spoils what its name says, and nothing once it is taken back."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from monitor.sim.hyperliquid import SimHyperliquid
from monitor.sim.hyperliquid.accounts import Mode, SimAccount
from monitor.sim.hyperliquid.mishaps import MISHAPS
from tests.sim.hyperliquid.clients import Socket, answer, ask, state, still
from tests.sim.still import pass_time

MARKS = "allDexsAssetCtxs"


@pytest.fixture
def sim() -> SimHyperliquid:
    return still(limited=False)


@pytest.fixture
def account(sim: SimHyperliquid) -> SimAccount:
    account = sim.add_account("a")
    account.trade("BTC", 0.1)
    account.trade("ETH", 1.0)
    return account


def coins(sim: SimHyperliquid, account: SimAccount) -> list[str]:
    return [row["position"]["coin"] for row in state(sim, account)["assetPositions"]]


def channels(frames: list[Any]) -> list[str]:
    return [frame["channel"] for frame in frames]


def first_row(sim: SimHyperliquid) -> Any:
    return answer(sim, "metaAndAssetCtxs")[1][0]


def test_acknowledgements_get_lost_in_each_way(sim: SimHyperliquid) -> None:
    sim.faults.lost_acknowledgement[MARKS] = 1
    assert channels(Socket(sim).subscribe(MARKS)) == [MARKS]
    sim.faults.lost_argument[MARKS] = 1
    socket = Socket(sim)
    assert socket.subscribe(MARKS) == []
    assert channels(socket.subscribe(MARKS)) == ["subscriptionResponse", MARKS]
    sim.faults.no_acknowledgement.add("ws")
    assert Socket(sim).subscribe(MARKS) == []
    sim.faults.clear()
    sim.faults.wrong_route_silence.add("ws")
    assert channels(Socket(sim).subscribe(MARKS)) == ["subscriptionResponse"]
    sim.faults.clear()
    sim.faults.subscription_error.add("ws")
    assert channels(Socket(sim).subscribe(MARKS)) == ["error"]


def test_one_accounts_topic_is_silent_and_others_are_not(sim: SimHyperliquid, account: SimAccount) -> None:
    other = sim.add_account("b")
    sim.faults.silent_topic.add("spotState:a")
    socket = Socket(sim)
    assert channels(socket.subscribe("spotState", account)) == ["subscriptionResponse"]
    assert channels(socket.subscribe("spotState", other)) == ["subscriptionResponse", "spotState"]


def test_others_follow_users_too(sim: SimHyperliquid, account: SimAccount) -> None:
    sim.faults.foreign_users = 10
    assert channels(Socket(sim).subscribe("spotState", account)) == ["error"]


def test_prices_are_spoilt_by_coin_and_dex(sim: SimHyperliquid) -> None:
    sim.faults.bad_price["BTC"] = "NaN"
    assert first_row(sim)["markPx"] == "NaN"
    sim.faults.clear()
    sim.faults.missing_field["BTC"] = "markPx"
    assert "markPx" not in first_row(sim)
    sim.faults.clear()
    sim.faults.bad_row["BTC"] = 5
    assert first_row(sim) == 5
    sim.faults.clear()
    sim.faults.missing_rows["xyz"] = 1
    assert len(answer(sim, "metaAndAssetCtxs", dex="xyz")[1]) == 2
    sim.faults.clear()
    sim.faults.freeze_symbol.add("BTC")
    before = first_row(sim)
    sim.set_mark("BTC", 1.0)
    assert first_row(sim) == before


def test_an_oracle_stands_still_while_marks_move(sim: SimHyperliquid) -> None:
    answer(sim, "metaAndAssetCtxs", dex="xyz")
    sim.faults.still_oracle.add("xyz")
    first = answer(sim, "metaAndAssetCtxs", dex="xyz")[1][0]
    sim.set_mark("xyz:GOLD", 3_900.0)
    second = answer(sim, "metaAndAssetCtxs", dex="xyz")[1][0]
    assert (second["markPx"], second["oraclePx"]) == ("3900.0", first["oraclePx"])


def test_snapshots_are_halved_emptied_and_robbed_of_a_position(sim: SimHyperliquid, account: SimAccount) -> None:
    sim.faults.half_snapshot = 1
    assert coins(sim, account) == ["BTC"]
    sim.faults.empty(1)
    assert coins(sim, account) == []
    assert answer(sim, "spotClearinghouseState", account) == {"balances": []}
    sim.faults.miss_position("a", "BTC")
    assert coins(sim, account) == ["ETH"]
    sim.faults.bad_position_row["BTC"] = {"szi": "x"}
    assert state(sim, account)["assetPositions"][0]["position"]["szi"] == "x"
    sim.faults.clear()
    assert coins(sim, account) == ["BTC", "ETH"]


def test_the_mode_is_unreadable_or_contradicted(sim: SimHyperliquid, account: SimAccount) -> None:
    pooled = sim.add_account("u", mode=Mode.UNIFIED)
    sim.faults.unreadable_mode = True
    assert answer(sim, "userAbstraction", account) not in set(Mode)
    sim.faults.clear()
    sim.faults.contradicting_mode = True
    assert "tokenToAvailableAfterMaintenance" in answer(sim, "spotClearinghouseState", account)
    assert "tokenToAvailableAfterMaintenance" not in answer(sim, "spotClearinghouseState", pooled)


def test_requests_are_refused_in_each_way(sim: SimHyperliquid, account: SimAccount) -> None:
    sim.faults.rate_limited = 1
    assert ask(sim, "userRole", account).headers["Retry-After"] == "2"
    sim.ban(5)
    assert ask(sim, "userRole", account).status == 429
    assert sim.requests.during_ban == 1
    sim.faults.clear()
    sim.faults.refuse.add("rest")
    assert ask(sim, "userRole", account).status == 503
    sim.faults.clear()
    sim.faults.refused_answers["userRole"] = (500, "null")
    assert ask(sim, "userRole", account).status == 500
    sim.faults.clear()
    sim.faults.garbage_answers["userRole"] = 1
    assert ask(sim, "userRole", account).text.startswith("<html>")
    sim.faults.edit_answer["userRole"] = lambda body: {**body, "role": "king"}
    assert answer(sim, "userRole", account) == {"role": "king"}


def test_weight_of_others_leaves_less(account: SimAccount) -> None:
    sim = still()
    sim.faults.foreign_requests = 1190
    assert ask(sim, "userRole", user=account.address).status == 429
    assert ask(sim, "exchangeStatus").status == 200


def test_a_stalled_socket_sends_nothing_and_a_refused_one_does_not_open(sim: SimHyperliquid) -> None:
    socket = Socket(sim)
    socket.subscribe(MARKS)
    sim.faults.stall.add("ws")
    pass_time(sim, 2.0)
    assert socket.say(method="ping") == []
    sim.faults.refuse.add("ws")
    with pytest.raises(ConnectionRefusedError):
        Socket(sim)


def test_an_unknown_event_is_one(sim: SimHyperliquid) -> None:
    socket = Socket(sim)
    sim.unknown_event()
    assert json.loads(socket.texts[0])["channel"] == "somethingNew"


def test_every_mishap_strikes_and_ends(sim: SimHyperliquid, account: SimAccount) -> None:
    for mishap in MISHAPS:
        Socket(sim)
        mishap.strike(sim, random.Random(1))
        pass_time(sim, 1.0)
        sim.faults.clear()
        assert account.positions.keys() == {"BTC", "ETH"}, mishap.words
