"""What is said on the sockets, and what control frames mean."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

import pytest

from monitor.domain.errors import AuthRejected, ClockSkewed, FeedLost, VenueError
from monitor.domain.frames import Decoded, FrameKind
from monitor.domain.names import AccountKey
from monitor.venues.okx.codec import LOGIN
from monitor.venues.okx.speech import TOPICS_A_REQUEST, OkxSpeech, need_not_exist, nowhere
from monitor.venues.settings import Credentials, Secret, Timings
from monitor.venues.subscriptions import Moment

KEYS = Credentials(api_key=Secret("a-key"), api_secret=Secret("a-secret"), passphrase=Secret("a-phrase"))
NOW = Moment(1_790_000_000.0, 5.0)


def speech(credentials: Credentials | None = None) -> OkxSpeech:
    return OkxSpeech(Timings(), lambda: 1_790_000_123.9, AccountKey("okx", "main"), credentials)


def heard(said: object) -> Decoded:
    raw = said if isinstance(said, bytes) else json.dumps(said).encode()
    return speech(KEYS).decode(raw, NOW.wall)


def test_the_public_socket_has_no_login() -> None:
    assert speech().login(NOW) is None


def test_a_login_is_signed_with_the_venues_time_in_whole_seconds() -> None:
    login = speech(KEYS).login(NOW)
    assert login is not None
    assert login.request_id == LOGIN
    said = json.loads(login.text)
    digest = hmac.new(b"a-secret", b"1790000123GET/users/self/verify", hashlib.sha256).digest()
    assert said == {
        "op": "login",
        "args": [
            {
                "apiKey": "a-key",
                "passphrase": "a-phrase",
                "timestamp": "1790000123",
                "sign": base64.b64encode(digest).decode(),
            }
        ],
    }


def test_topics_are_asked_for_in_batches_and_each_is_acknowledged_by_itself() -> None:
    topics = [f"mark-price:X{number}-USDT-SWAP" for number in range(TOPICS_A_REQUEST + 1)]
    asks = speech().subscribe(topics)
    assert [len(ask.ids) for ask in asks] == [TOPICS_A_REQUEST, 1]
    assert all(len(ask.text) < 64 * 1024 for ask in asks)
    assert asks[1].ids == {topics[-1]: topics[-1]}
    assert json.loads(asks[1].text) == {
        "op": "subscribe",
        "args": [{"channel": "mark-price", "instId": f"X{TOPICS_A_REQUEST}-USDT-SWAP"}],
    }


def test_what_is_no_longer_wanted_is_unsubscribed() -> None:
    (text,) = speech().unsubscribe(["opt-summary:BTC-USD", "positions:ANY"])
    assert json.loads(text) == {
        "op": "unsubscribe",
        "args": [{"channel": "opt-summary", "instFamily": "BTC-USD"}, {"channel": "positions", "instType": "ANY"}],
    }


@pytest.mark.parametrize(
    ("code", "expected"),
    [("60009", AuthRejected), ("60024", AuthRejected), ("60006", ClockSkewed), ("63999", FeedLost)],
)
def test_a_refused_login_says_whether_a_person_must_act(code: str, expected: type[VenueError]) -> None:
    decoded = heard({"event": "error", "code": code, "msg": "Login failed. a-key a-phrase", "connId": "x"})
    error = speech(KEYS).login_refused(decoded, "user", "okx")
    assert type(error) is expected
    assert "a-key" not in str(error)
    assert "a-phrase" not in str(error)


def test_a_refusal_without_a_code_is_of_the_key() -> None:
    assert type(speech(KEYS).login_refused(Decoded(FrameKind.REFUSED), "user", "okx")) is AuthRejected


def test_the_notice_of_an_upgrade_asks_for_another_connection_and_other_notices_do_not() -> None:
    notice = heard({"event": "notice", "code": "64008", "msg": "soon", "connId": "x"})
    assert notice.kind is FrameKind.IGNORED
    assert "upgrade" in speech().leaving(notice)
    assert not speech().leaving(heard({"event": "notice", "code": "64999", "msg": "?", "connId": "x"}))
    assert not speech().leaving(heard(b"pong"))


def test_a_count_of_connections_is_no_data_of_its_channel() -> None:
    said = {"event": "channel-conn-count", "channel": "account", "connCount": "12", "connId": "x"}
    decoded = heard(said)
    assert (decoded.kind, decoded.stream, decoded.why) == (FrameKind.IGNORED, "", "12")
    assert heard({**said, "connCount": "many"}).why == ""


@pytest.mark.parametrize(
    ("request_id", "why", "spared"),
    [
        ("index-tickers:XYZ-USD", "doesn't exist (code 60018)", True),
        ("mark-price:XYZ-USDT", "doesn't exist (code 60018)", True),
        ("mark-price:XYZ-USDT-SWAP", "doesn't exist (code 60018)", False),
        ("index-tickers:XYZ-USD", "too frequent (code 60014)", False),
        (None, "doesn't exist (code 60018)", False),
    ],
)
def test_a_coin_without_an_index_and_a_pair_without_a_mark_are_done_without(
    request_id: str | None, why: str, spared: bool
) -> None:
    topic = nowhere(Decoded(FrameKind.REFUSED, why=why, request_id=request_id))
    assert (topic is not None and need_not_exist(topic)) is spared
