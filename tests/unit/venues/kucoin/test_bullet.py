"""Tokens: where they may be sent, and that nothing shows them."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from monitor.domain.errors import MalformedAnswer
from monitor.venues.kucoin import bullet

TOKEN = "2neAiuYvAU61ZDXANAGAsiL4-iAExhsBXZxftpOeh_55i3Ysy2q2LEsEWU64mdzUOPusi34M/wGoSf7iNyEWJ+=="


def answer(endpoint: str = "wss://ws-api-futures.kucoin.com/endpoint", **more: Any) -> bytes:
    server = {"endpoint": endpoint, "encrypt": True, "protocol": "websocket", "pingInterval": 18000, **more}
    return json.dumps({"code": "200000", "data": {"token": TOKEN, "instanceServers": [server]}}).encode()


def test_the_token_is_part_of_the_address_and_the_address_shows_itself_to_nobody() -> None:
    read = bullet.read(answer())
    parts = urlsplit(read.address.reveal())
    query = parse_qs(parts.query)
    assert (parts.scheme, parts.netloc, parts.path) == ("wss", "ws-api-futures.kucoin.com", "/endpoint")
    assert query["token"] == [TOKEN]
    assert query["connectId"][0] != parse_qs(urlsplit(bullet.read(answer()).address.reveal()).query)["connectId"][0]
    assert read.ping_seconds == 18.0
    assert TOKEN not in repr(read)


@pytest.mark.parametrize(
    "address",
    [
        "ws://ws-api.kucoin.com/",
        "http://127.0.0.1/",
        "ws://127.0.0.1.example.com/",
        "ws://[::1",
        "wss://",
        "ws:///x",
        "",
    ],
)
def test_a_token_is_sent_nowhere_but_encrypted_or_to_this_machine(address: str) -> None:
    assert not bullet.is_safe(address)
    with pytest.raises(MalformedAnswer) as refused:
        bullet.read(answer(address))
    assert TOKEN not in str(refused.value)


@pytest.mark.parametrize("address", ["ws://127.0.0.1:81/x", "ws://[::1]:81/x", "ws://localhost/", "wss://a.example/"])
def test_this_machine_and_encrypted_hosts_may_have_it(address: str) -> None:
    assert bullet.is_safe(address)


def test_a_configured_address_stands_before_the_answers_own() -> None:
    read = bullet.read(answer("ws://elsewhere.example/"), "ws://127.0.0.1:9/socket?room=1")
    assert read.address.reveal().startswith("ws://127.0.0.1:9/socket?room=1&token=")


def test_a_token_without_a_server_is_for_the_one_that_the_documents_name() -> None:
    raw = json.dumps({"code": "200000", "data": {"token": TOKEN}}).encode()
    assert bullet.read(raw, unnamed="wss://push.example").address.reveal().startswith("wss://push.example?token=")
    with pytest.raises(MalformedAnswer):
        bullet.read(raw)


@pytest.mark.parametrize("interval", [0, -5, 3_600_000])
def test_an_interval_of_pings_that_would_lose_the_socket_is_not_taken(interval: int) -> None:
    assert bullet.read(answer(pingInterval=interval)).ping_seconds == 30.0


@pytest.mark.parametrize(
    "raw",
    [b"", b"<html>", b"{}", b'{"data":{"token":"","instanceServers":[{"endpoint":"wss://a"}]}}',
     b'{"data":{"token":"' + TOKEN.encode() + b'","instanceServers":[]}}',
     b'{"data":{"token":"' + TOKEN.encode() + b'","instanceServers":7}}'],
    ids=["nothing", "a page", "no data", "no token", "no server", "no list of servers"],
)  # fmt: skip
def test_an_answer_without_token_or_server_says_so_and_quotes_nothing(raw: bytes) -> None:
    with pytest.raises(MalformedAnswer) as refused:
        bullet.read(raw)
    assert TOKEN not in str(refused.value)
