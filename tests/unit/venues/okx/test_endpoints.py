"""The tables of requests and topics, and how instruments are named."""

from __future__ import annotations

import importlib

import pytest

from monitor.venues.okx.endpoints import (
    ENDPOINTS,
    PRIVATE_TOPICS,
    UNDERSTOOD,
    Endpoint,
    Topic,
    family,
    inst_type,
    stream_base,
)


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda one: f"{one.method} {one.path}")
def test_the_library_has_the_raw_method_of_each_endpoint(endpoint: Endpoint) -> None:
    library = importlib.import_module("ccxt.async_support")
    assert hasattr(library.okx, endpoint.ccxt)
    words = endpoint.ccxt.lower()
    assert words.startswith(("private" if endpoint.signed else "public") + endpoint.method.lower())
    assert words.endswith(endpoint.path.removeprefix("/api/v5/").replace("/", "").replace("-", ""))


@pytest.mark.parametrize(
    ("symbol", "kind", "of"),
    [
        ("BTC-USDT", "MARGIN", "BTC-USDT"),
        ("BTC-USDT-SWAP", "SWAP", "BTC-USDT"),
        ("BTC-USD_UM-SWAP", "SWAP", "BTC-USD_UM"),
        ("BTC-USD-261225", "FUTURES", "BTC-USD"),
        ("BTC-USD_UM-261225", "FUTURES", "BTC-USD_UM"),
        ("BTC-USD-261225-50000-C", "OPTION", "BTC-USD"),
        ("ETH-USD_UM-261225-0.5-P", "OPTION", "ETH-USD_UM"),
    ],
)
def test_a_name_tells_the_kind_and_the_family(symbol: str, kind: str, of: str) -> None:
    assert (inst_type(symbol), family(symbol)) == (kind, of)


@pytest.mark.parametrize(
    ("topic", "text"),
    [
        (Topic("account"), "account"),
        (Topic("positions", "ANY"), "positions:ANY"),
        (Topic("mark-price", inst="BTC-USDT-SWAP"), "mark-price:BTC-USDT-SWAP"),
        (Topic("opt-summary", family="BTC-USD"), "opt-summary:BTC-USD"),
    ],
)
def test_a_topic_is_the_same_after_the_venue_echoed_it(topic: Topic, text: str) -> None:
    assert topic.text == text
    assert Topic.of({**topic.arg(), "uid": "1", "extraParams": "{}", "instId": topic.inst or None}) == topic


def test_what_an_account_is_asked_for_is_understood() -> None:
    assert {topic.channel for topic in PRIVATE_TOPICS} < UNDERSTOOD.keys()


@pytest.mark.parametrize(
    ("url", "demo", "base"),
    [
        ("wss://ws.okx.com:8443/", False, "wss://ws.okx.com:8443"),
        ("wss://ws.okx.com:8443", True, "wss://wspap.okx.com:8443"),
        ("wss://wseea.okx.com:8443/", True, "wss://wseeapap.okx.com:8443"),
        ("ws://127.0.0.1:9000", True, "ws://127.0.0.1:9000"),
    ],
)
def test_demo_trading_has_sockets_of_its_own(url: str, demo: bool, base: str) -> None:
    assert stream_base(url, demo=demo) == base
