"""The socket of the simulated Hyperliquid: acknowledgements, first frames, pushes, limits, silence."""

from __future__ import annotations

import pytest

from monitor.sim.hyperliquid import SimHyperliquid
from monitor.sim.hyperliquid.accounts import Mode
from tests.sim.hyperliquid.clients import Socket, state, still
from tests.sim.still import pass_time


@pytest.fixture
def sim() -> SimHyperliquid:
    return still()


def test_a_subscription_is_acknowledged_and_begins_with_how_things_stand(sim: SimHyperliquid) -> None:
    account = sim.add_account("a")
    account.trade("BTC", 0.1)
    answer, first = Socket(sim).subscribe("allDexsClearinghouseState", account)
    assert answer["data"] == {
        "method": "subscribe",
        "subscription": {"type": "allDexsClearinghouseState", "user": account.address},
    }
    assert first["data"]["user"] == account.address
    assert first["data"]["clearinghouseStates"][0] == ["", state(sim, account)]


def test_pings_are_answered_in_words_after_a_greeting(sim: SimHyperliquid) -> None:
    socket = Socket(sim)
    socket.raw.send('{"method":"ping"}')
    assert socket.texts == ["Websocket connection established.", '{"channel":"pong"}']


def test_what_cannot_be_subscribed_to_is_an_error(sim: SimHyperliquid) -> None:
    socket = Socket(sim)
    for said in ({"type": "nonsense"}, {"type": "spotState", "user": "0x12"}, {"type": "activeAssetCtx", "coin": "NO"}):
        (frame,) = socket.say(method="subscribe", subscription=said)
        assert frame["channel"] == "error"
        assert frame["data"].startswith("Invalid subscription {")
    assert socket.say(method="sing")[0]["data"].startswith("Error parsing JSON")


def test_twice_is_an_error_that_quotes_it(sim: SimHyperliquid) -> None:
    socket = Socket(sim)
    socket.subscribe("allDexsAssetCtxs")
    assert socket.subscribe("allDexsAssetCtxs")[0]["data"] == 'Already subscribed: {"type":"allDexsAssetCtxs"}'
    assert (
        socket.say(method="unsubscribe", subscription={"type": "allDexsAssetCtxs"})[0]["channel"]
        == "subscriptionResponse"
    )
    assert socket.say(method="unsubscribe", subscription={"type": "allDexsAssetCtxs"})[0]["channel"] == "error"


def test_an_eleventh_user_is_refused_on_whichever_socket(sim: SimHyperliquid) -> None:
    accounts = [sim.add_account(f"a{number}") for number in range(11)]
    sockets = [Socket(sim), Socket(sim)]
    for number, account in enumerate(accounts[:10]):
        sockets[number % 2].subscribe("spotState", account)
    (frame,) = sockets[0].subscribe("spotState", accounts[10])
    assert frame == {"channel": "error", "data": "Cannot track more than 10 total users."}
    assert sockets[1].subscribe("userFills", accounts[0])[0]["channel"] == "subscriptionResponse"
    sockets[1].raw.leave()
    assert sockets[0].subscribe("spotState", accounts[10])[0]["channel"] == "subscriptionResponse"


def test_a_trade_is_told_as_a_fill_and_by_how_the_account_stands_then(sim: SimHyperliquid) -> None:
    account, other = sim.add_account("a"), sim.add_account("b")
    socket = Socket(sim)
    for kind in ("allDexsClearinghouseState", "spotState", "userFills", "userEvents"):
        socket.subscribe(kind, account)
    account.trade("BTC", 0.1)
    frames = socket.take()
    assert [frame["channel"] for frame in frames] == ["userFills", "user", "allDexsClearinghouseState"]
    assert frames[0]["data"]["fills"][0]["sz"] == "0.1"
    assert "user" not in frames[1]["data"]
    other.trade("BTC", 0.1)
    assert socket.take() == []


def test_histories_begin_with_a_snapshot(sim: SimHyperliquid) -> None:
    account = sim.add_account("a")
    account.deposit(5.0)
    socket = Socket(sim)
    first = socket.subscribe("userNonFundingLedgerUpdates", account)[1]["data"]
    assert (first["isSnapshot"], len(first["nonFundingLedgerUpdates"])) == (True, 1)
    account.deposit(7.0)
    (more,) = socket.take()
    assert "isSnapshot" not in more["data"]
    assert more["data"]["nonFundingLedgerUpdates"][0]["delta"] == {"type": "deposit", "usdc": "7.0"}


def test_a_spot_state_is_sent_where_it_differs(sim: SimHyperliquid) -> None:
    account = sim.add_account("a", mode=Mode.UNIFIED)
    socket = Socket(sim)
    socket.subscribe("spotState", account)
    pass_time(sim, 4.0)
    assert socket.take() == []
    account.deposit(1.0)
    assert socket.take()[0]["data"]["spotState"]["balances"][0]["total"] == "10001.0"


def test_marks_come_in_the_order_of_each_dexs_universe(sim: SimHyperliquid) -> None:
    socket = Socket(sim)
    socket.subscribe("allDexsAssetCtxs")
    sim.set_mark("xyz:TSLA", 333.0)
    pass_time(sim, 1.0)
    (frame,) = socket.take()
    contexts = dict(map(tuple, frame["data"]["ctxs"]))
    assert [len(contexts[dex]) for dex in ("", "xyz", "flx")] == [9, 3, 1]
    assert contexts["xyz"][1]["markPx"] == "333.0"


def test_a_socket_that_is_sent_nothing_for_a_minute_is_closed(sim: SimHyperliquid) -> None:
    quiet, talking = Socket(sim), Socket(sim)
    for _ in range(7):
        pass_time(sim, 10.0)
        if talking.raw.code is None:
            talking.say(method="ping")
    assert (quiet.raw.code, talking.raw.code) == (1006, None)


def test_others_channels_are_acknowledged_and_say_nothing(sim: SimHyperliquid) -> None:
    assert [frame["channel"] for frame in Socket(sim).subscribe("l2Book", coin="BTC")] == ["subscriptionResponse"]
