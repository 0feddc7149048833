"""Failures of other tools that the engine must not share, by their number in the list of complaints."""

from __future__ import annotations

import math

import pytest

from monitor.domain.accounts import VenuePosition
from monitor.domain.events import Elapsed, Event, FeedUp
from monitor.domain.lines import Line, State
from monitor.domain.quality import Quality
from monitor.domain.tiers import flat
from tests.unit.engine.situations import (
    BTC,
    MAIN,
    VENUE,
    T,
    asset,
    config,
    engine,
    held,
    kinds,
    pool,
    reading,
    report,
    running,
    tick,
    tiers,
    usdt,
)


@pytest.mark.parametrize("wallet", [50.0, 600.0, 5_000.0, 61_000.0, 1e9])
@pytest.mark.parametrize("quantity", [1.0, -1.0])
def test_4_a_published_line_lies_on_the_unsafe_side_of_the_mark_or_is_none(wallet: float, quantity: float) -> None:
    alive = running(held("BTCUSDT", quantity, 60_000.0, isolated=wallet))
    (position,) = next(one for one in report(alive).pools if one.isolated).positions
    if position.line.state is State.AT:
        assert position.line.price is not None
        assert (position.line.price < 60_000.0) == (quantity > 0)
    else:
        assert position.line.state in (State.NEVER, State.LIQUIDATABLE)


def test_5_what_the_venue_leaves_out_is_unknown_and_neither_zero_nor_far_away() -> None:
    absent = VenuePosition(liquidation=Line.unknown("not in the venue's answer"))
    alive = running(held("BTCUSDT", 1.0, 60_000.0, venue=absent))
    (position,) = pool(alive, "cross:USDT").positions
    assert (position.venue_line.state, position.venue_line.distance_ratio) == (State.UNKNOWN, None)
    assert position.drift_ratio is None
    assert pool(alive, "cross:USDT").quality is Quality.LIVE


def test_13_an_empty_reading_is_not_believed_before_a_second_one_says_the_same() -> None:
    alive = running(BTC)
    first = alive.step([reading(balances=(), asked=T + 15)], T + 15)
    assert kinds(first) == []
    assert pool(first, "cross:USDT").positions[0].suspect
    assert pool(first, "cross:USDT").ratio.state is State.AT
    assert len(first.resyncs) == 1
    second = alive.step([reading(balances=(), asked=T + 16)], T + 16)
    assert kinds(second) == [("position_vanished", "BTCUSDT long")]
    assert report(second).pools == ()


def test_17_one_frozen_symbol_of_six_hundred_is_found_within_ten_seconds() -> None:
    symbols = [f"COIN{number}USDT" for number in range(600)]
    alive = engine()
    frames: list[Event] = [tick(symbol, 10.0, T) for symbol in symbols]
    rows = [held(symbol, 1.0, 10.0) for symbol in symbols[::100]]
    tables = dict.fromkeys(symbols, flat(0.01))
    beginning: list[Event] = [config(), tiers(T, None, **tables), asset("USDT", 1.0, T), reading(*rows)]
    alive.step([*frames, *beginning], T)
    assert report(alive).quality is Quality.LIVE
    found = None
    for second in range(1, 11):
        now = T + second
        frames = [tick(symbol, 10.0, now) for symbol in symbols if symbol != symbols[100]]
        frames += [asset("USDT", 1.0, now), FeedUp(VENUE, None, "marks", now), Elapsed(now)]
        if report(alive.step(frames, now)).quality is Quality.STALE and found is None:
            found = second
    assert found == 6
    assert report(alive).reasons == (f"cross:USDT: the mark of {symbols[100]} is older than 5 s",)


def test_18_a_burst_of_ten_thousand_frames_ends_on_the_last() -> None:
    alive = running(BTC)
    burst = [tick("BTCUSDT", 60_000.0 - number / 10, T + number / 1e5) for number in range(1, 10_001)]
    result = alive.step(burst, T + 1)
    assert len(result.reports) == 1
    (position,) = pool(result, "cross:USDT").positions
    assert position.mark_price == 59_000.0
    assert pool(result, "cross:USDT").equity_usd == pytest.approx(9_000.0)


def test_18_a_crash_inside_a_burst_is_not_filtered() -> None:
    alive = running(BTC)
    burst = [tick("BTCUSDT", 60_000.0 * math.exp(-number / 100), T + number / 1e3) for number in range(1, 201)]
    result = alive.step(burst, T + 1)
    assert pool(result, "cross:USDT").ratio.state is State.LIQUIDATABLE
    assert result.notices == ()


def test_25_what_is_closed_or_dead_keeps_no_last_value() -> None:
    alive = running(BTC)
    gone = alive.step([reading(balances=[usdt(10_000.0)], asked=T + second) for second in (1, 2)], T + 2)
    assert pool(gone, "cross:USDT").positions == ()
    assert pool(gone, "cross:USDT").ratio.value == 0.0
    dead = alive.step([Elapsed(T + 200)], T + 200)
    assert not report(dead, MAIN).quality.figures_shown
