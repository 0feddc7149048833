"""Sockets: tokens, welcome, pings, subscriptions, and the frames that follow prices and deeds."""

from __future__ import annotations

import json

import pytest

from tests.programs import shared
from tests.sim.kucoin.clients import Socket, data, private, public, still, token, unified
from tests.sim.still import clock_of, pass_time

XBT = "/contract/instrument:XBTUSDTM"
POSITIONS, WALLET = "/contract/positionAll", "/contractAccount/wallet"


def test_a_token_says_where_the_socket_is_and_how_often_to_ping() -> None:
    sim = still()
    bullet = data(sim, "/api/v1/bullet-private", sim.add_account("a"), method="POST")
    server = bullet["instanceServers"][0]
    assert server["endpoint"] == f"{sim.ws}/endpoint"
    assert (server["pingInterval"], server["pingTimeout"]) == (18_000, 10_000)


def test_the_first_word_is_a_welcome_with_the_clients_own_number() -> None:
    assert public(still()).take() == [{"id": "me", "type": "welcome"}]


@pytest.mark.parametrize("why", ["unknown", "a day old", "ended", "refused"])
def test_a_token_that_does_not_open_is_told_and_the_socket_is_cut(why: str) -> None:
    sim = still()
    given = token(sim)
    if why == "unknown":
        given = "nonsense"
    elif why == "a day old":
        clock_of(sim).advance(86_400.0)
    elif why == "ended":
        assert sim.expire_tokens() == 1
    else:
        sim.faults.refused_tokens = 1
    socket = Socket(sim, given)
    assert socket.take() == [{"id": "me", "type": "error", "code": 401, "data": "token is invalid"}]
    pass_time(sim, 1.0)
    assert socket.cut


def test_an_open_socket_outlives_its_token() -> None:
    sim = still()
    socket = public(sim, XBT)
    sim.expire_tokens()
    socket.take()
    pass_time(sim, 1.0)
    assert len(socket.of("mark.index.price")) == 1


def test_pings_are_words_and_silence_is_cut_after_a_minute() -> None:
    sim = still()
    talker, silent = public(sim), public(sim)
    pass_time(sim, 40.0)
    assert talker.say(id="7", type="ping")[0]["type"] == "pong"
    pass_time(sim, 21.0)
    assert (talker.cut, silent.cut) == (False, True)


def test_marks_come_each_second_with_the_time_in_whole_seconds() -> None:
    sim = still()
    socket = public(sim, f"{XBT},ETHUSDTM")
    socket.take()
    for _ in range(3):
        pass_time(sim, 1.0)
    frames = [frame for frame in socket.take() if frame["subject"] == "mark.index.price"]
    assert [frame["topic"] for frame in frames] == 3 * ["/contract/instrument:ETHUSDTM", XBT]
    assert frames[-1]["data"] == {
        "markPrice": sim.board.prices.mark("XBTUSDTM"),
        "indexPrice": sim.board.prices.index("XBTUSDTM"),
        "granularity": 1000,
        "timestamp": 1_767_268_803_000,
    }


def test_funding_comes_each_minute() -> None:
    sim = still()
    socket = public(sim, XBT)
    for _ in range(121):
        clock_of(sim).advance(1.0)
        socket.raw.send(json.dumps({"id": "1", "type": "ping"}))
        sim.tick()
    assert len(socket.of("funding.rate")) == 3


def test_margin_marks_are_ticks_in_bitcoin() -> None:
    sim = still()
    socket = public(sim, "/indicator/markPrice:USDT-BTC")
    socket.take()
    pass_time(sim, 1.0)
    assert socket.of("tick")[0]["value"] == sim.board.prices.in_btc("USDT")


def test_an_unsubscribed_topic_is_silent() -> None:
    sim = still()
    socket = public(sim, XBT)
    assert socket.say(id="2", type="unsubscribe", topic=XBT, response=True) == [{"id": "2", "type": "ack"}]
    pass_time(sim, 1.0)
    assert socket.take() == []


@pytest.mark.parametrize(
    ("topic", "code"),
    [("/contract/instrument:NOSUCH", 404), ("/no/topic", 404), (WALLET, 400), ("/margin/position", 400)],
)
def test_topics_that_are_not_there_or_not_public_are_refused(topic: str, code: int) -> None:
    said = public(still()).subscribe(topic, private=True)
    assert (said[0]["type"], said[0]["code"]) == ("error", code)


def test_a_private_topic_must_be_asked_for_as_one() -> None:
    sim = still()
    socket = private(sim, sim.add_account("a"))
    assert socket.subscribe(WALLET, private=False)[0]["code"] == 400
    assert socket.subscribe(WALLET, private=True)[0]["type"] == "ack"


def test_a_token_of_one_host_opens_none_of_the_others_topics() -> None:
    sim = still()
    futures, spot = (Socket(sim, token(sim, host=host)) for host in ("futures", "spot"))
    assert futures.subscribe(XBT)[0]["type"] == "ack"
    assert futures.subscribe("/indicator/markPrice:USDT-BTC")[0]["code"] == 404
    assert spot.subscribe(XBT)[0]["code"] == 404


def test_too_many_messages_are_told() -> None:
    socket = public(still())
    for _ in range(100):
        socket.say(id="1", type="ping")
    assert socket.say(id="1", type="ping")[0]["code"] == 509


def test_too_many_topics_are_told() -> None:
    sim = still()
    for number in range(101):
        sim.enlist(f"Z{number}", 1.0)
    socket = Socket(sim, token(sim, host="futures"))
    names = ",".join(f"Z{number}USDTM" for number in range(100))
    assert socket.subscribe(f"/contract/instrument:{names}")[0]["type"] == "ack"
    assert socket.subscribe(XBT)[0]["code"] == 509


def test_too_many_sockets_are_refused() -> None:
    sim = still()
    for _ in range(30):
        public(sim)
    with pytest.raises(ConnectionRefusedError):
        public(sim)
    clock_of(sim).advance(61.0)
    public(sim)


def test_a_trade_tells_the_position_whole_and_the_wallet() -> None:
    sim = still()
    account = sim.add_account("a")
    socket = private(sim, account, POSITIONS, WALLET)
    socket.take()
    account.trade("XBTUSDTM", 10.0, mode="ISOLATED")
    position, wallet = socket.take()
    assert (position["topic"], position["subject"]) == ("/contract/position:XBTUSDTM", "position.change")
    assert (position["data"]["changeReason"], position["data"]["currentQty"]) == ("positionChange", 10)
    assert (wallet["subject"], wallet["data"]["version"], wallet["data"]["currency"]) == (
        "walletBalance.change",
        "1",
        "USDT",
    )
    assert all(isinstance(value, str) for value in wallet["data"].values())


def test_a_moved_mark_tells_a_part_without_a_name_and_only_when_it_moved() -> None:
    sim = still()
    account = sim.add_account("a")
    account.buy("XBTUSDTM", 10.0)
    socket = private(sim, account, "/contract/position:XBTUSDTM")
    pass_time(sim, 1.0)
    socket.take()
    pass_time(sim, 1.0)
    assert socket.take() == []
    sim.set_mark("XBTUSDTM", 99_000.0)
    pass_time(sim, 1.0)
    frame = socket.take()[0]
    assert frame["topic"] == "/contract/position:XBTUSDTM"
    assert "symbol" not in frame["data"]
    assert "currentQty" not in frame["data"]
    assert (frame["data"]["markPrice"], frame["data"]["changeReason"]) == (99_000.0, "markPriceChange")


def test_a_closed_position_is_told_as_closed() -> None:
    sim = still()
    account = sim.add_account("a")
    account.buy("XBTUSDTM", 10.0)
    socket = private(sim, account, POSITIONS)
    socket.take()
    account.close("XBTUSDTM")
    assert [(row["currentQty"], row["isOpen"]) for row in socket.of("position.change")] == [(0, False)]


@pytest.mark.parametrize("lots", [7.0, -7.0])
def test_pushed_lines_are_not_rounded_and_answers_are_towards_the_mark(lots: float) -> None:
    sim = still()
    account = sim.add_account("a")
    socket = private(sim, account, POSITIONS)
    account.trade("XBTUSDTM", lots, mode="ISOLATED", leverage=7.0)
    pushed = socket.of("position.change")[0]["liquidationPrice"]
    printed = data(sim, "/api/v1/positions", account)[0]["liquidationPrice"]
    assert printed == round(printed, 2)
    assert 0.0 < (printed - pushed) * lots < 0.07


def test_wallets_come_again_under_their_old_version_while_cross_positions_are_open() -> None:
    sim = still()
    account = sim.add_account("a")
    account.buy("XBTUSDTM", 10.0)
    socket = private(sim, account, WALLET)
    pass_time(sim, 1.0)
    socket.take()
    sim.set_mark("XBTUSDTM", 99_000.0)
    for _ in range(5):
        pass_time(sim, 1.0)
    rows = socket.of("walletBalance.change")
    assert [row["version"] for row in rows] == ["1"]
    assert float(rows[0]["crossUnPnl"]) != 0.0


def test_settings_and_orders_are_told() -> None:
    sim = still()
    account = sim.add_account("a")
    topics = ("/contract/marginMode", "/contract/crossLeverage", "/contractMarket/tradeOrders")
    socket = private(sim, account, *topics)
    socket.take()
    account.set_margin_mode("XBTUSDTM", "ISOLATED")
    account.set_leverage("ETHUSDTM", 8.0)
    order = account.place("SOLUSDTM", 10.0, 150.0)
    account.cancel(order.id)
    told = [(frame["topic"], frame["data"]) for frame in socket.take()]
    assert told[0] == (topics[0], {"XBTUSDTM": "ISOLATED"})
    assert told[1] == (topics[1], {"ETHUSDTM": {"leverage": "8"}})
    assert [(row["type"], row["status"], row["remainSize"]) for _, row in told[2:]] == [
        ("open", "open", "10"),
        ("canceled", "done", "0"),
    ]


def test_funding_is_told_as_a_settlement() -> None:
    sim = still()
    account = sim.add_account("a")
    account.sell("XBTUSDM", 1_000.0)
    account.buy("XBTUSDTM", 10.0)
    sim.market.set_funding_rate("XBTUSDTM", 0.001)
    sim.market.set_funding_rate("XBTUSDM", 0.001)
    socket = private(sim, account, POSITIONS)
    socket.take()
    sim.tick(8 * 3600.0)
    rows = {row["settleCurrency"]: row["fundingFee"] for row in socket.of("position.settlement")}
    assert rows["USDT"] == pytest.approx(-0.001 * 10 * 0.001 * sim.board.prices.mark("XBTUSDTM"), rel=1e-6)
    assert rows["XBT"] == pytest.approx(0.001 * 1_000.0 / sim.board.prices.mark("XBTUSDM"), abs=1e-10)


def test_debts_are_told_every_few_seconds_while_there_are_any() -> None:
    sim = still()
    account = sim.add_account("a", margin={"USDT": 1_000.0})
    socket = private(sim, account, "/margin/position")
    socket.take()
    for _ in range(4):
        pass_time(sim, 1.0)
    assert socket.take() == []
    account.borrow("BTC", 0.002)
    for _ in range(3):
        pass_time(sim, 1.0)
    rows = socket.of("debt.ratio")
    assert len(rows) == 2
    assert rows[0]["debtList"] == {"USDT": "0", "BTC": "0.002"}
    assert float(rows[0]["totalDebt"]) == pytest.approx(0.002)


def test_an_isolated_margin_account_tells_what_changed() -> None:
    sim = still()
    account = sim.add_account("a", isolated={"BTC-USDT": {"USDT": 100.0}})
    socket = private(sim, account, "/margin/isolatedPosition:BTC-USDT")
    socket.take()
    account.borrow("BTC", 0.001, "BTC-USDT")
    row = socket.of("positionChange")[0]
    assert (row["tag"], row["status"]) == ("BTC-USDT", "DEBT")
    assert row["changeAssets"]["BTC"]["liabilityPrincipal"] == "0.001"


def test_a_unified_account_speaks_its_own_language() -> None:
    sim = still()
    account = sim.add_account("u", kind="unified")
    socket = unified(sim, account, ("positionAll", "FUTURES"), ("balance", "UNIFIED"))
    assert socket.sim is sim
    socket.take()
    account.sell("XBTUSDTM", 10.0)
    position, balance = socket.take()
    assert (position["T"], position["d"]["q"], position["d"]["mM"]) == ("positionAll.FUTURES", "-10", "CROSS")
    assert (balance["T"], balance["d"]["c"]) == ("balance.UNIFIED", "USDT")
    assert position["P"] == 1_767_268_800_000_000_000


def test_classic_topics_are_silent_for_a_unified_account() -> None:
    sim = still()
    account = sim.add_account("u", kind="unified")
    socket = private(sim, account, POSITIONS)
    socket.take()
    account.buy("XBTUSDTM", 10.0)
    assert socket.take() == []


def test_frames_have_the_recorded_fields() -> None:
    file = shared("fixtures/kucoin/ws_private_futures_frames.jsonl")
    sim = still()
    account = sim.add_account("a")
    socket = private(sim, account, POSITIONS, WALLET, "/contractMarket/tradeOrders")
    account.place("XBTUSDTM", 1.0, 90_000.0)
    account.trade("ETHUSDTM", 1.0, mode="ISOLATED")
    mine = {frame.get("subject"): frame for frame in socket.take()}
    for line in file.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        frame = record["msg"]
        known = mine.get(frame.get("subject"))
        if "kucoin-universal-sdk" in record["source"] and known is not None:
            assert not set(frame) - {"id"} - set(known)
            assert not set(frame["data"]) - set(known["data"]), frame["subject"]
