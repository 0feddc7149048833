"""Bybit's transport in small: refusals, texts on sockets, what is needed, and how new a price is."""

from __future__ import annotations

import hashlib
import hmac
import importlib
import json
from collections.abc import Mapping
from types import MappingProxyType

import pytest

from monitor.domain.accounts import Balance, Order, Position
from monitor.domain.errors import (
    AuthRejected,
    ClockSkewed,
    FeedLost,
    MalformedAnswer,
    RateLimited,
    Refused,
    VenueError,
)
from monitor.domain.events import AccountSnapshot, AssetTick, BalanceChanged, Tick
from monitor.domain.frames import Decoded, FrameKind
from monitor.domain.names import AccountKey, Side
from monitor.venues.bybit import endpoints, needs, refusals
from monitor.venues.bybit.freshness import Freshness
from monitor.venues.bybit.needs import INVERSE, LINEAR, OPTION, Needs
from monitor.venues.bybit.polls import planned_requests
from monitor.venues.bybit.settings import BybitSettings
from monitor.venues.bybit.speech import BybitSpeech, login_text
from monitor.venues.rest import Answer
from monitor.venues.settings import Credentials, Secret, Timings

AT = 1_700_000_000.0
MAIN = AccountKey("bybit", "main")
KEY = Credentials(api_key=Secret("planted-key"), api_secret=Secret("planted-secret"))


def answer(body: object, status: int = 200, headers: Mapping[str, str] = MappingProxyType({})) -> Answer:
    raw = body if isinstance(body, bytes) else json.dumps(body, separators=(",", ":")).encode()
    return Answer(status, headers, raw, AT - 0.1, AT)


def refusal(code: int, words: str = "planted words") -> dict[str, object]:
    return {"retCode": code, "retMsg": words, "result": {}, "time": 1}


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        ({"retCode": 0, "retMsg": "OK", "result": {}}, 200, None),
        (refusal(10002), 200, ClockSkewed),
        (refusal(10003), 200, AuthRejected),
        (refusal(10004), 200, AuthRejected),
        (refusal(10005), 200, AuthRejected),
        (refusal(10010), 200, AuthRejected),
        (refusal(33004), 200, AuthRejected),
        (refusal(10006), 200, RateLimited),
        (refusal(10018), 200, RateLimited),
        (refusal(10429), 200, RateLimited),
        (refusal(10016), 200, FeedLost),
        (refusal(10000), 200, FeedLost),
        (refusal(10001), 200, Refused),
        (b"access too frequent", 403, RateLimited),
        (b"Too Many Requests", 429, RateLimited),
        (b"", 401, AuthRejected),
        (b"", 503, FeedLost),
        (b"Not Found", 404, Refused),
        (b"<html>Oops</html>", 200, MalformedAnswer),
    ],
)
def test_what_an_answer_means(body: object, status: int, kind: type[VenueError] | None) -> None:
    error = refusals.judge(answer(body, status), "account", 60.0, 0.0)
    assert (None if error is None else type(error)) is kind
    assert "planted" not in str(error)


def test_a_403_is_a_ban_of_ten_minutes() -> None:
    error = refusals.judge(answer(b"", 403), "account", 60.0, 0.0)
    assert isinstance(error, RateLimited)
    assert error.until == AT + 600.0
    assert refusals.is_ban(error)


@pytest.mark.parametrize(
    ("told", "offset", "until"),
    [
        (f"{(AT + 3.0) * 1000:.0f}", 0.0, AT + 3.0),
        (f"{(AT + 3.0) * 1000:.0f}", 2.0, AT + 1.0),
        (f"{(AT - 3.0) * 1000:.0f}", 0.0, AT + 60.0),
        (f"{(AT + 9999.0) * 1000:.0f}", 0.0, AT + 60.0),
        ("soon", 0.0, AT + 60.0),
    ],
)
def test_one_accounts_limit_ends_when_the_header_says_by_the_venues_clock(
    told: str, offset: float, until: float
) -> None:
    error = refusals.judge(
        answer(refusal(10006), headers={"x-bapi-limit-reset-timestamp": told}), "account", 60.0, offset
    )
    assert isinstance(error, RateLimited)
    assert error.until == pytest.approx(until)
    assert refusals.is_own(error)
    assert not refusals.is_ban(error)


# Texts


def speech(*, numbered: bool = True) -> BybitSpeech:
    return BybitSpeech(Timings(), lambda: AT, MAIN, KEY, numbered=numbered)


def test_a_login_is_signed_for_a_moment_of_the_venues_clock() -> None:
    said = json.loads(login_text(KEY, AT))
    key, expires, signature = said["args"]
    assert (said["op"], key, expires) == ("auth", "planted-key", 1_700_000_010_000)
    wanted = hmac.new(b"planted-secret", b"GET/realtime1700000010000", hashlib.sha256).hexdigest()
    assert signature == wanted


def test_topics_are_asked_for_ten_at_a_time_and_by_themselves_when_asked_again() -> None:
    topics = [f"tickers.{number}USDT" for number in range(12)]
    asks = speech().subscribe(topics)
    assert [len(json.loads(ask.text)["args"]) for ask in asks] == [10, 2]
    assert [len(ask.ids) for ask in asks] == [10, 2]
    assert {json.loads(asks[0].text)["req_id"]} == set(asks[0].ids.values())
    again = speech().subscribe(topics, again=True)
    assert [json.loads(ask.text)["op"] for ask in again] == ["unsubscribe"] * 2 + ["subscribe"] * 12


def test_the_options_socket_answers_with_topics_and_not_with_numbers() -> None:
    asks = speech(numbered=False).subscribe(["tickers.A", "tickers.B"])
    assert [ask.ids for ask in asks] == [{"tickers.A": "tickers.A"}, {"tickers.B": "tickers.B"}]


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("Invalid apikey", AuthRejected),
        ("Your api key has expired.", AuthRejected),
        ("error (code 10003)", AuthRejected),
        ("error (code 10002)", ClockSkewed),
        ("error (code 10016)", FeedLost),
        ("error (code 12345)", AuthRejected),
        ("Params Error: expires", ClockSkewed),
    ],
)
def test_what_a_refused_login_means(words: str, kind: type[VenueError]) -> None:
    decoded = Decoded(FrameKind.REFUSED, "auth", why=words, request_id="auth")
    assert type(speech().login_refused(decoded, "user", "bybit")) is kind


# What is needed


@pytest.mark.parametrize(
    ("symbol", "category"),
    [
        ("BTCUSDT", LINEAR),
        ("BTCPERP", LINEAR),
        ("BTC-26DEC26", LINEAR),
        ("BTCUSD", INVERSE),
        ("BTCUSDZ26", INVERSE),
        ("BTC-26DEC26-100000-C", OPTION),
        ("ETH-26DEC26-3000-P-USDT", OPTION),
    ],
)
def test_a_name_tells_its_category(symbol: str, category: str) -> None:
    assert needs.category_of(symbol) == category


def snapshot(**more: object) -> AccountSnapshot:
    given: dict[str, object] = {"positions": (), "balances": (), **more}
    return AccountSnapshot(account=MAIN, asked=AT, received=AT, **given)  # type: ignore[arg-type]  # rows of a test


def test_an_account_needs_what_it_holds_orders_and_settles_in() -> None:
    held = Position(symbol="BTC-26DEC26-100000-C", side=Side.SHORT, quantity=-1.0, entry_price=1.0, margin_mode=None)
    ordered = Order(id="1", symbol="ETHUSD", quantity=1.0, price=1.0)
    found = needs.of_snapshot(
        snapshot(positions=(held,), orders=(ordered,), balances=(Balance(asset="XRP", wallet=1.0),))
    )
    assert found.assets == {"XRP", "USDC", "ETH"}
    assert found.held_in(OPTION) == ("BTC-26DEC26-100000-C",)
    assert found.held_in(LINEAR) == ()
    assert found.marked_in(LINEAR) == ("BTCUSDT",), "what an option is on"
    assert found.marked_in(INVERSE) == ("ETHUSD",)


def test_an_empty_coin_needs_no_price() -> None:
    assert needs.of_snapshot(snapshot(balances=(Balance(asset="XRP", wallet=0.0),))).assets == frozenset()


def test_pushes_show_what_is_new() -> None:
    pushed = BalanceChanged(account=MAIN, asset="SOL", wallet=1.0, cross_wallet=None, venue_time=AT, received=AT)
    assert needs.of_events([pushed]) == Needs(assets=frozenset({"SOL"}))


# How new a price is


def tick(mark: float, symbol: str = "BTCUSDT") -> Tick:
    return Tick("bybit", symbol, mark, AT, AT)


def test_a_price_is_quiet_until_it_was_told_and_again_after_a_while() -> None:
    prices = Freshness()
    assert prices.quiet(["BTCUSDT"], 0.0) == ("BTCUSDT",)
    prices.streamed(tick(1.0), 0.0)
    assert prices.quiet(["BTCUSDT"], 1.4) == ()
    assert prices.quiet(["BTCUSDT"], 1.5) == ("BTCUSDT",)
    assert prices.read(tick(1.0), 1.5) == []
    assert prices.quiet(["BTCUSDT"], 2.9) == ()


def test_a_price_that_moves_over_rest_only_speaks_against_its_stream_and_one_that_stands_does_not() -> None:
    prices = Freshness()
    prices.streamed(tick(1.0), 0.0)
    assert [prices.read(tick(1.0), float(at)) for at in range(3, 30, 3)] == [[]] * 9
    assert prices.read(tick(2.0), 30.0) == []
    assert prices.read(tick(3.0), 33.0) == ["BTCUSDT"]
    prices.streamed(tick(3.5), 34.0)
    assert prices.read(tick(4.0), 37.0) == [], "one move may lie between two frames"
    prices.streamed(tick(4.0), 37.1)
    assert prices.read(tick(5.0), 40.0) == []


def test_prices_of_what_is_held_no_more_are_forgotten() -> None:
    prices = Freshness()
    prices.streamed(AssetTick("bybit", "BTC", 1.0, AT, AT), 0.0)
    prices.keep(["ETH"])
    assert prices.quiet(["BTC"], 0.1) == ("BTC",)


def test_what_is_planned_fits_the_address_for_many_accounts() -> None:
    settings = BybitSettings()
    allowed = settings.weight_share * settings.requests_per_minute
    assert planned_requests(1, settings) < 62
    assert planned_requests(100, settings) < allowed
    assert planned_requests(1, settings, blind_accounts=1) > planned_requests(1, settings)
    assert planned_requests(1, settings, scenarios=1, bridging=3) > planned_requests(1, settings)


def test_every_request_has_a_method_of_the_library() -> None:
    library = importlib.import_module("ccxt.async_support").bybit()
    assert [one.path for one in endpoints.ENDPOINTS if not hasattr(library, one.ccxt)] == []
