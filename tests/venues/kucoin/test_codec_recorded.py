"""Every recorded frame and answer decodes to events, or is of a kind that is counted: ignored, or not recognised."""

from __future__ import annotations

import contextlib
import json
from collections import Counter

import pytest

from monitor.domain.accounts import MarginMode
from monitor.domain.errors import MalformedAnswer
from monitor.domain.events import BalanceChanged, PositionChanged, Tick, VenueWarning
from monitor.domain.frames import FrameKind
from monitor.domain.lines import State
from monitor.domain.names import Side
from monitor.venues.kucoin import answers, answers_account
from monitor.venues.kucoin.reading import rows
from tests.venues.kucoin.support import ACCOUNT, T0, VENUE, decoded, raw, recorded_answers, recorded_frames

PRIVATE, PUBLIC = "ws_private_futures_frames.jsonl", "ws_public_futures_frames.jsonl"
UNDERSTOOD = {FrameKind.DATA, FrameKind.IGNORED, FrameKind.ACKNOWLEDGED}


@pytest.mark.parametrize("name", [PRIVATE, PUBLIC])
def test_recorded_frames_are_understood_or_ignored(name: str) -> None:
    counts: Counter[str] = Counter()
    for record in recorded_frames(name):
        found = decoded(record["msg"])
        assert found.kind in UNDERSTOOD, (record["msg"], found)
        assert found.problems == (), record["msg"]
        counts[found.kind] += 1
    assert counts[FrameKind.DATA] >= 3


def test_recorded_public_frames_tell_marks() -> None:
    # Some public frames stand among the private ones.
    events = [
        event for name in (PRIVATE, PUBLIC) for one in recorded_frames(name) for event in decoded(one["msg"]).events
    ]
    marks = {(event.symbol, event.mark) for event in events if isinstance(event, Tick)}
    assert {("XBTUSDM", 4010.52), ("XBTUSDTM", 39610.11), ("XBTUSDTM", 90445.02)} <= marks


def test_recorded_private_frames_tell_positions_wallets_and_a_warning() -> None:
    events = [event for record in recorded_frames(PRIVATE) for event in decoded(record["msg"]).events]
    held = [event.row for event in events if isinstance(event, PositionChanged)]
    assert {row.symbol for row in held if row is not None} == {"XBTUSDTM", "XBTUSDM", "TRUMPUSDTM"}
    short = next(row for row in held if row is not None and row.symbol == "XBTUSDM")
    assert (short.side, short.quantity, short.margin_asset) == (Side.SHORT, -20.0, "BTC")
    assert short.isolated_wallet == pytest.approx(0.00266779 - 3.92e-06)
    wallets = {event.asset: event.cross_wallet for event in events if isinstance(event, BalanceChanged)}
    assert wallets == {"USDT": pytest.approx(13.02367629), "BTC": 2.002}
    assert len([event for event in events if isinstance(event, VenueWarning)]) == 1


def recorded(name: str, path: str) -> bytes:
    return raw(
        next(
            one["response"]
            for one in recorded_answers("futures_private_rest.json")
            if one.get("name", path) == name and one["path"] == path
        )
    )


def test_recorded_positions_linear_isolated_and_inverse_cross() -> None:
    text = recorded("getPositionList", "/api/v1/positions")
    snapshot = answers_account.classic_snapshot(text, [], [], ACCOUNT, T0, T0)
    assert snapshot.problems == ()
    inverse, linear = sorted(snapshot.positions, key=lambda one: one.symbol)
    assert (inverse.symbol, inverse.margin_mode, inverse.side) == ("ETHUSDM", MarginMode.CROSS, Side.LONG)
    assert (inverse.venue.notional, inverse.leverage, inverse.isolated_wallet) == (0.000407478, 10.0, None)
    assert linear.margin_mode is MarginMode.ISOLATED
    assert linear.isolated_wallet == pytest.approx(22.1310912243 - 0.0539821899, abs=1e-9)
    assert linear.maintenance_rate == 0.005
    assert linear.venue.liquidation.state is State.AT
    assert dict(snapshot.marks) == {"ETHUSDM": 2454.12, "XBTUSDTM": 68323.06}


def test_every_recorded_answer_is_one_or_refused_by_name() -> None:
    """Whatever the answer is: a reader takes it, or says that it is not what its endpoint promises."""
    for record in (*recorded_answers("futures_private_rest.json"), *recorded_answers("futures_public_rest.json")):
        text = json.dumps(record["response"]).encode()
        for read in (
            lambda one: answers_account.classic_snapshot(one, [], [], ACCOUNT, T0, T0),
            lambda one: answers.instruments(one, VENUE, T0),
            lambda one: rows(one, VENUE, "rows"),
        ):
            with contextlib.suppress(MalformedAnswer):
                read(text)


def test_the_recorded_contract_is_linear_although_it_calls_itself_a_quanto() -> None:
    record = next(one for one in recorded_answers("futures_public_rest.json") if one["name"] == "getSymbol")
    (one,) = answers.instruments(raw({"code": "200000", "data": [record["response"]["data"]]}), VENUE, T0).instruments
    assert (one.payoff.value, one.base, one.settle, one.contract_size) == ("linear", "BTC", "USDT", 0.001)
    assert (one.tick_size, one.max_price, one.liquidation_fee_rate) == (0.1, 1_000_000.0, 0.0006)
    ((symbol, table),) = answers.tiers(
        raw({"code": "200000", "data": [record["response"]["data"]]}), {}, VENUE, T0
    ).tiers
    assert symbol == "XBTUSDTM"
    assert [tier.floor for tier in table.tiers] == [0.0, pytest.approx(300 * 74.0)]


def test_recorded_answers_of_the_unified_account() -> None:
    found = {one["path"]: raw(one["response"]) for one in recorded_answers("futures_private_rest.json")}
    snapshot = answers_account.unified_snapshot(
        found["/api/ua/v1/unified/account/overview"],
        None,
        [found["/api/ua/v1/unified/position/open-list"]],
        [],
        ACCOUNT,
        T0,
        T0,
    )
    assert snapshot.venue.ratio == 0.0085517383
    (held,) = snapshot.positions
    assert (held.quantity, held.maintenance_rate, held.leverage) == (1.0, 0.004, 48.0)
    tiers = answers.unified_tiers([found["/api/ua/v1/unified/position/tiers"]], ACCOUNT, T0)
    # The sample of XBTUSDTM begins with its second tier: a table without its beginning is none.
    assert [symbol for symbol, _ in tiers.tiers] == ["ETHUSDTM"]
