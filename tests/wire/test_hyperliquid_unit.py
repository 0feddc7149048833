"""Parts of the session at Hyperliquid by themselves: whose a frame is, what an answer means, many rows on a socket."""

from __future__ import annotations

import json

import pytest

from monitor.domain.accounts import Balance
from monitor.domain.errors import AuthRejected, FeedLost, MalformedAnswer, RateLimited, Refused, VenueError
from monitor.domain.events import (
    AccountSnapshot,
    AssetTick,
    CandlesLoaded,
    Event,
    FeedDown,
    FeedUp,
    FundingRates,
    Tick,
    Ticks,
)
from monitor.domain.frames import Decoded, FrameKind
from monitor.domain.names import AccountKey
from monitor.venues.hyperliquid.client import rows_in
from monitor.venues.hyperliquid.endpoints import BY_TYPE, CANDLES, LEDGER_HISTORY, SPOT, Topic, weight_of
from monitor.venues.hyperliquid.names import NO_UNIVERSE
from monitor.venues.hyperliquid.refusals import judge
from monitor.venues.hyperliquid.rows import SpotState
from monitor.venues.hyperliquid.shared import POLLED, SharedLedger
from monitor.venues.hyperliquid.speech import ANSWERS_LAG_SECONDS, HyperliquidSpeech, whose
from monitor.venues.hyperliquid.stamps import by_venue_clock
from monitor.venues.rest import Answer
from monitor.venues.settings import Timings
from monitor.venues.subscriptions import LedgerLimits

ADDRESS = "0x" + "ab" * 20
MAIN = AccountKey("hyperliquid", "main")


def frame(channel: str, data: object) -> bytes:
    return json.dumps({"channel": channel, "data": data}).encode()


@pytest.mark.parametrize(
    ("raw", "user"),
    [
        (frame("spotState", {"user": ADDRESS.upper().replace("0X", "0x"), "spotState": {}}), ADDRESS),
        (frame("spotState", {"spotState": {"user": "inside"}, "user": ADDRESS}), ADDRESS),
        (
            frame("subscriptionResponse", {"method": "subscribe", "subscription": {"type": "x", "user": ADDRESS}}),
            ADDRESS,
        ),
        (frame("allDexsAssetCtxs", {"ctxs": []}), ""),
        (frame("error", f"Invalid subscription {ADDRESS}"), ""),
        (b'{"channel":"pong"}', ""),
        (b"Websocket connection established.", ""),
        (b"\xff\xfe", ""),
        (b"[" * 100_000, ""),
        (frame("spotState", {"user": 5}), ""),
    ],
    ids=[
        "great letters",
        "at its place",
        "an answer",
        "marks",
        "an error",
        "pong",
        "greeting",
        "bytes",
        "deep",
        "a number",
    ],
)
def test_whose_a_frame_is_stands_in_its_data(raw: bytes, user: str) -> None:
    assert whose(raw) == user


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (200, b'{"role":"user"}', None),
        (200, b"[]", None),
        (200, b'"disabled"', None),
        (200, b"<html>", MalformedAnswer),
        (200, b"", MalformedAnswer),
        (429, b"null", RateLimited),
        (403, b"", RateLimited),
        (401, b"", AuthRejected),
        (422, b"Failed to deserialize", Refused),
        (404, b"", Refused),
        (500, b"null", FeedLost),
        (502, b"", FeedLost),
    ],
)
def test_what_an_answer_means_is_told_by_its_status(status: int, body: bytes, error: type[VenueError] | None) -> None:
    found = judge(Answer(status, {}, body, 1.0, 2.0), "account", 60.0)
    assert type(found) is (type(None) if error is None else error)
    assert "deserialize" not in str(found)


def test_a_limit_lasts_as_long_as_the_venue_says_or_a_minute() -> None:
    named = judge(Answer(429, {"retry-after": "7"}, b"", 1.0, 2.0), "account", 60.0)
    unnamed = judge(Answer(429, {"retry-after": "soon"}, b"", 1.0, 2.0), "account", 60.0)
    assert isinstance(named, RateLimited)
    assert isinstance(unnamed, RateLimited)
    assert (named.until, unnamed.until) == (9.0, 62.0)


def test_long_answers_weigh_more() -> None:
    assert weight_of(CANDLES, 720) == 32
    assert weight_of(LEDGER_HISTORY, 500) == 45
    assert weight_of(SPOT, 500) == 2
    assert (rows_in(b"[1,[2],{}]"), rows_in(b"{}"), rows_in(b"\xff")) == (3, 0, 0)
    assert BY_TYPE["userRole"].weight == 60


def test_a_topic_is_the_same_however_the_venue_echoes_it() -> None:
    said = {"type": "spotState", "user": ADDRESS.upper(), "isPortfolioMargin": None}
    assert Topic.parse(Topic.of(said).text) == Topic("spotState", ADDRESS)
    assert Topic("allDexsAssetCtxs").text == "allDexsAssetCtxs"
    assert Topic("activeAssetCtx", coin="xyz:GOLD").subscription() == {"type": "activeAssetCtx", "coin": "xyz:GOLD"}


# Stamps


def test_prices_are_as_old_as_their_receipt_by_the_venues_clock() -> None:
    events: tuple[Event, ...] = (
        Ticks("v", ("A", "B"), (1.0, 2.0), (10.0, 5.0), 10.0),
        Tick("v", "A", 1.0, 10.0, 10.0),
        AssetTick("v", "A", 1.0, 10.0, 10.0),
        FundingRates("v", ("A",), (0.1,), (3600.0,), 3599.0),
        CandlesLoaded("v", "A", (1.0,), 60.0, 10.0),
    )
    ticks, tick, asset, rates, candles = by_venue_clock(events, 2.0)
    assert isinstance(ticks, Ticks)
    assert isinstance(tick, Tick)
    assert isinstance(asset, AssetTick)
    assert isinstance(rates, FundingRates)
    assert (ticks.venue_times, tick.venue_time, asset.venue_time) == ((12.0, 7.0), 12.0, 12.0)
    assert (rates.next_times, candles) == ((7200.0,), events[4])
    assert by_venue_clock(events, 0.0) == events


# Rows


@pytest.fixture
def ledger() -> SharedLedger:
    ledger = SharedLedger("hyperliquid", ("marks",), ("main", "other"), LedgerLimits())
    ledger.want("marks", ["allDexsAssetCtxs"], silent_seconds=5.0)
    return ledger


def follow(ledger: SharedLedger, account: str) -> str:
    topic = Topic("spotState", ADDRESS).text
    ledger.of[account].follow([topic], first_seconds=1.0, quiet=())
    return topic


def test_each_account_has_a_row_of_its_own_on_the_shared_socket(ledger: SharedLedger) -> None:
    topic = follow(ledger, "main")
    attempt = ledger.dial()
    ledger.adopt(attempt)
    attempt.asked([topic, "allDexsAssetCtxs"], "id", 1.0)
    attempt.acknowledged("id", 1.0)
    attempt.delivered(topic, 2.0)
    edges = ledger.edges(2.0)
    assert FeedUp("hyperliquid", "main", "user", 2.0) in edges
    assert [one.stream for one in ledger.statuses()] == ["marks"]
    (row,) = ledger.of["main"].statuses()
    assert (row.account, row.stream, row.up) == ("main", "user", True)
    ledger.count(Decoded(FrameKind.DATA, "spotState", topic), b"{}", 3.0, 0.0)
    assert ledger.of["main"].statuses()[0].messages == 1
    assert ledger.of["other"].statuses()[0].messages == 0


def test_a_lost_connection_is_told_of_every_row_without_an_address(ledger: SharedLedger) -> None:
    topic = follow(ledger, "main")
    attempt = ledger.dial()
    ledger.adopt(attempt)
    attempt.lost(f"{topic}: no acknowledgement in 5 s")
    downs = [one for one in ledger.edges(3.0) if isinstance(one, FeedDown)]
    assert {(one.account, one.stream) for one in downs} == {(None, "marks"), ("main", "user")}
    assert all("spotState: no acknowledgement in 5 s" in one.reason and "0x" not in one.reason for one in downs)


def test_an_account_that_is_not_streamed_is_up_and_says_why(ledger: SharedLedger) -> None:
    ledger.of["other"].polled = "read over REST"
    (row,) = ledger.of["other"].statuses()
    assert (row.phase, row.up, row.reason) == (POLLED, True, "read over REST")


def test_what_was_stopped_is_followed_again_when_somebody_wants_it(ledger: SharedLedger) -> None:
    ledger.of["main"].stop("no such address")
    assert ledger.of["main"].statuses()[0].phase == "stopped"
    follow(ledger, "main")
    assert ledger.of["main"].statuses()[0].phase == "waiting"


# Speech


def test_only_spot_states_of_portfolio_margin_are_asked_for_as_such() -> None:
    inside: set[str] = {ADDRESS}
    speech = HyperliquidSpeech(
        Timings(), {ADDRESS: MAIN}, lambda: NO_UNIVERSE, {}, 60.0, portfolio=lambda: frozenset(inside)
    )
    (ask,) = speech.subscribe([Topic("spotState", ADDRESS).text])
    assert json.loads(ask.text)["subscription"] == {"type": "spotState", "user": ADDRESS, "isPortfolioMargin": True}
    (text,) = speech.unsubscribe([Topic("userFills", ADDRESS).text])
    assert json.loads(text) == {"method": "unsubscribe", "subscription": {"type": "userFills", "user": ADDRESS}}
    assert speech.leaving(Decoded(FrameKind.IGNORED)) == ""
    inside.clear()
    assert "mode" in speech.leaving(Decoded(FrameKind.IGNORED))


@pytest.mark.parametrize(("later", "believed"), [(ANSWERS_LAG_SECONDS + 1.0, "read"), (1.0, "pushed")])
def test_balances_that_were_read_long_after_the_last_push_of_them_stand(later: float, believed: str) -> None:
    """Else each push of positions would put a balance back that is no longer there."""
    speech = HyperliquidSpeech(Timings(), {ADDRESS: MAIN}, lambda: NO_UNIVERSE, {}, 60.0)
    state = {"assetPositions": [], "crossMarginSummary": {"accountValue": "0.0", "totalRawUsd": "0.0"}}

    def hear(channel: str, **data: object) -> Decoded:
        said = {"channel": channel, "data": {"user": ADDRESS, **data}}
        return speech.decode(json.dumps(said).encode(), 1000.0)

    hear("spotState", spotState={"balances": [{"coin": "USDC", "token": 0, "total": "10", "hold": "0"}]})
    speech.seed(MAIN, SpotState(balances=(Balance(asset="USDC", wallet=4.0),), pooled=False), 1000.0 + later)
    (told,) = hear("allDexsClearinghouseState", clearinghouseStates=[["", state]]).events
    assert isinstance(told, AccountSnapshot)
    assert told.balances[0].wallet == {"read": 4.0, "pushed": 10.0}[believed]
