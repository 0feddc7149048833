"""What is said on a socket: nothing before the welcome, topics of one kind together, pings as often as is wanted."""

from __future__ import annotations

import json
from typing import Any

from monitor.domain.errors import FeedLost
from monitor.domain.frames import FrameKind
from monitor.domain.names import AccountKey
from monitor.venues.kucoin.bullet import Bullet
from monitor.venues.kucoin.streams import WELCOME, KucoinSpeech, Line
from monitor.venues.settings import Secret, Timings
from monitor.venues.subscriptions import Moment

ME = AccountKey("kucoin", "main")
MARKS = ["/contract/instrument:XBTUSDTM", "/contract/instrument:ETHUSDTM"]


def said(text: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(text)
    return told


def frame(**words: Any) -> bytes:
    return json.dumps(words).encode()


def speech(account: AccountKey | None = None, line: Line | None = None) -> KucoinSpeech:
    return KucoinSpeech(Timings(), line or Line(), account)


def test_the_first_words_are_a_ping_and_the_welcome_is_their_answer() -> None:
    one = speech()
    login = one.login(Moment(0.0, 0.0))
    assert said(login.text)["type"] == "ping"
    welcome = one.decode(frame(id="hQvf8jkno", type="welcome"), 1.0)
    assert (welcome.kind, welcome.request_id) == (FrameKind.ACKNOWLEDGED, login.request_id)
    assert one.decode(frame(id="hQvf8jkno", type="welcome"), 1.0).kind is not FrameKind.ACKNOWLEDGED


def test_topics_of_one_kind_are_asked_for_together_and_one_by_one_where_that_failed() -> None:
    (ask,) = speech().subscribe(MARKS)
    assert said(ask.text)["topic"] == "/contract/instrument:XBTUSDTM,ETHUSDTM"
    assert set(ask.ids) == set(MARKS)
    assert set(ask.ids.values()) == {said(ask.text)["id"]}
    assert [said(one.text)["topic"] for one in speech().subscribe(MARKS, again=True)] == MARKS


def test_topics_without_a_symbol_are_never_joined() -> None:
    asks = speech(ME).subscribe(["/contract/positionAll", "/contractAccount/wallet"])
    assert [said(one.text)["topic"] for one in asks] == ["/contract/positionAll", "/contractAccount/wallet"]
    assert all(said(one.text)["privateChannel"] is True for one in asks)


def test_a_hundred_topics_are_two_texts() -> None:
    topics = [f"/contract/instrument:C{number}USDTM" for number in range(100)]
    asks = speech().subscribe(topics)
    assert len(asks) == 2
    assert {topic for ask in asks for topic in ask.ids} == set(topics)
    assert all(said(one.text)["privateChannel"] is False for one in asks)
    assert said(speech().unsubscribe(topics[:1])[0])["type"] == "unsubscribe"


def test_the_push_of_a_unified_account_is_asked_by_channels_and_greets_in_other_words() -> None:
    line = Line()
    line.opens(Bullet(Secret("wss://x"), 18.0), unified=True)
    one = speech(ME, line)
    welcome = one.decode(frame(sessionId="1", message="welcome", pingInterval=18000), 1.0)
    assert (welcome.kind, welcome.request_id) == (FrameKind.ACKNOWLEDGED, WELCOME)
    asks = one.subscribe(["positionAll.UNIFIED", "balance.UNIFIED"])
    assert [set(ask.ids) for ask in asks] == [{"positionAll.UNIFIED"}, {"balance.UNIFIED"}]
    position, balance = (said(ask.text) for ask in asks)
    assert (position["action"], position["channel"], position["tradeType"]) == ("subscribe", "positionAll", "UNIFIED")
    assert (balance["channel"], balance["accountType"]) == ("balance", "UNIFIED")
    answer = one.decode(frame(id=position["id"], result=True), 1.0)
    assert (answer.kind, answer.request_id) == (FrameKind.ACKNOWLEDGED, position["id"])


def test_pings_follow_the_token_that_opened_the_socket() -> None:
    line = Line()
    one = speech(line=line)
    assert one.ping_every_seconds == Timings().ping_every_seconds
    line.opens(Bullet(Secret("wss://x"), 4.0))
    assert one.ping_every_seconds == 4.0
    assert one.deaf_seconds == 4.0 + Timings().ping_timeout_seconds


def test_funding_on_the_topic_of_marks_keeps_no_mark_new() -> None:
    data = {"markPrice": 60000.0, "indexPrice": 60001.0, "granularity": 1000, "timestamp": 1_700_000_000_000}
    mark = frame(topic=MARKS[0], type="message", subject="mark.index.price", data=data)
    rate = {"granularity": 60000, "fundingRate": 0.0001, "timestamp": 1_700_000_000_000}
    funding = frame(topic=MARKS[0], type="message", subject="funding.rate", data=rate)
    assert speech().decode(mark, 1.7e9).stream == MARKS[0]
    assert speech().decode(funding, 1.7e9).stream == ""


def test_a_token_that_is_refused_before_the_welcome_is_tried_anew_and_after_it_another_connection_is() -> None:
    refused = frame(id="1", type="error", code=401, data="token is invalid: 2neAiuYvAU61ZDXANAGAsiL4")
    one = speech(ME)
    before = one.decode(refused, 1.0)
    assert before.kind is FrameKind.REFUSED
    assert before.request_id == WELCOME
    error = one.login_refused(before, "user", "kucoin")
    assert isinstance(error, FeedLost)
    assert "2neAiuYvAU61ZDXANAGAsiL4" not in str(error)
    one.decode(frame(id="x", type="welcome"), 1.0)
    assert "token" in one.leaving(one.decode(refused, 2.0))
    other = frame(id="2", type="error", code=404, data="topic is not found")
    assert not one.leaving(one.decode(other, 2.0))
