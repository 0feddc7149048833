"""The tables of endpoints and events, held against the library that makes the calls."""

from __future__ import annotations

import pytest

from monitor.venues.binance.calls import ADDED, CALLS
from monitor.venues.binance.coins import coin_of
from monitor.venues.binance.endpoint import ORIGINS
from monitor.venues.binance.endpoints import CAPTURED, IGNORED, REQUIRED, UNDERSTOOD, klines_weight


def test_every_raw_method_exists_and_asks_the_path_that_the_table_names() -> None:
    import ccxt

    exchange = ccxt.binance({"enableRateLimit": False})  # nothing is sent, so nothing needs to wait
    asked: list[str] = []

    def fetch(url: str, method: str = "GET", headers: object = None, body: object = None) -> object:
        asked.append(f"{method} {url.partition('?')[0]}")
        return {}

    exchange.fetch = fetch
    exchange.enableRateLimit = False  # nobody is asked, and nobody has to be waited for
    exchange.apiKey, exchange.secret = "key", "secret"
    for endpoint in CALLS:
        if endpoint.added:
            path, interface, verb = ADDED[endpoint.ccxt]
            exchange.request(path, [interface], verb, {})
        else:
            getattr(exchange, endpoint.ccxt)({})
        assert asked[-1] == f"{endpoint.method} {ORIGINS[endpoint.host]}{endpoint.path}"


def test_an_event_is_either_understood_or_ignored() -> None:
    assert not UNDERSTOOD.keys() & IGNORED.keys()


def test_what_must_be_there_is_captured() -> None:
    assert set(REQUIRED) <= set(CAPTURED)


@pytest.mark.parametrize(("limit", "weight"), [(1, 1), (99, 1), (100, 2), (499, 2), (500, 5), (1000, 5), (1500, 10)])
def test_candles_cost_by_their_number(limit: int, weight: int) -> None:
    assert klines_weight(limit) == weight


@pytest.mark.parametrize(
    ("base", "coin", "multiplier"),
    [
        ("BTC", "BTC", 1.0),
        ("1000SHIB", "SHIB", 1e3),
        ("1000X", "X", 1e3),
        ("1000000MOG", "MOG", 1e6),
        ("1000000BOB", "BOB", 1e6),
        ("1MBABYDOGE", "BABYDOGE", 1e6),
        ("1INCH", "1INCH", 1.0),
        ("0G", "0G", 1.0),
        ("2Z", "2Z", 1.0),
        ("4", "4", 1.0),
        ("42", "42", 1.0),
        ("1000", "1000", 1.0),
        ("1MIL", "1MIL", 1.0),
        ("100CITY", "100CITY", 1.0),
        ("币安人生", "币安人生", 1.0),
    ],
)
def test_a_coin_loses_its_multiplier_but_not_its_name(base: str, coin: str, multiplier: float) -> None:
    assert coin_of(base) == (coin, multiplier)
