"""Reports in words: a word is never a number in disguise, and the dangerous comes first."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from math import inf
from typing import Any

import pytest

from monitor.cli import words
from monitor.cli.codes import Exit
from monitor.cli.status import judge
from monitor.cli.words_status import feed_lines
from monitor.domain.danger import by_danger
from monitor.domain.lines import Line, Ratio
from monitor.domain.names import Side
from monitor.domain.quality import Quality
from monitor.domain.schema import pool_json, position_json, report_json
from tests import sample_reports as sample


def pool(name: str, ratio: dict[str, Any], quality: str = "LIVE") -> dict[str, Any]:
    return {"pool": name, "margin_ratio": ratio, "quality": quality}


def document(*pools: dict[str, Any], up: bool = True, severities: tuple[str, ...] = ()) -> dict[str, Any]:
    account = {"venue": "binance", "account": "main", "up": up, "pools": list(pools)}
    return {"accounts": [account], "alerts": [{"severity": severity} for severity in severities]}


SAFE = pool("safe", {"state": "at", "value": 0.2})
NEAR = pool("near", {"state": "at", "value": 0.9})
UNKNOWN = pool("unknown", {"state": "unknown", "reasons": []}, "UNKNOWN")
STALE = pool("stale", {"state": "at", "value": 0.1}, "STALE")
GONE = pool("gone", {"state": "liquidatable"})
OVER = pool("over", {"state": "liquidatable", "value": 1.2})


def test_the_most_dangerous_pool_stands_first_and_unknown_before_safe() -> None:
    found = words.by_danger(document(SAFE, STALE, NEAR, OVER, UNKNOWN, GONE))
    assert [pool["pool"] for _, pool in found] == ["gone", "over", "unknown", "stale", "near", "safe"]


def test_terminal_and_page_show_pools_in_the_same_order() -> None:
    pools = [
        sample.pool(f"cross:{number}", ratio=ratio, quality=quality)
        for number, (ratio, quality) in enumerate(
            product((Ratio.of(inf), Ratio.of(1.2), Ratio.of(0.9), Ratio.of(0.1), Ratio.unknown("no mark")), Quality)
        )
    ]
    body = {"accounts": [report_json(sample.account(*pools))]}
    assert [pool["pool"] for _, pool in words.by_danger(body)] == [pool.key.pool for pool in by_danger(pools)]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"state": "at", "value": 0.41490}, "0.4149"),
        ({"state": "liquidatable", "value": 1.25}, "1.2500 NOW"),
        ({"state": "liquidatable"}, "no equity, NOW"),
        ({"state": "unknown", "reasons": ["no mark"]}, "unknown"),
    ],
)
def test_a_ratio_in_words(value: dict[str, Any], text: str) -> None:
    assert words.ratio(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"state": "at", "price": 26316.89, "distance_ratio": 0.177}, "26316.9 (-17.7 %)"),
        ({"state": "at", "distance_ratio": 0.25}, "-25.0 %"),
        ({"state": "at", "price": None, "distance_ratio": 0.25}, "-25.0 %"),
        ({"state": "at", "price": 6.738834056e6, "distance_ratio": 67.8}, "6738834 (69 times)"),
        ({"state": "at", "price": 6.738834056e9, "distance_ratio": 68768.8}, "> 1000 × the price"),
        ({"state": "at", "price": None, "distance_ratio": 1000.0}, "> 1000 × the price"),
        ({"state": "liquidatable", "distance_ratio": 0.0}, "NOW"),
        ({"state": "never"}, "never"),
        ({"state": "unknown", "reasons": []}, "unknown"),
    ],
)
def test_a_line_in_words(value: dict[str, Any], text: str) -> None:
    assert words.line(value, falling=True) == text


@pytest.mark.parametrize(
    ("price", "text"),
    [(None, "unknown"), (1153.2615, "1153.26"), (0.00001234567, "1.23457e-05"), (12_345_678.9, "12345679"), (0.0, "0")],
)
def test_a_price_in_words(price: float | None, text: str) -> None:
    assert words.price(price) == text


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (document(SAFE), Exit.FINE),
        (document(), Exit.FINE),
        (document(SAFE, severities=("info",)), Exit.FINE),
        (document(SAFE, severities=("warning",)), Exit.WARNING),
        (document(STALE, severities=("warning",)), Exit.UNKNOWN),
        (document(UNKNOWN), Exit.UNKNOWN),
        (document(SAFE, up=False), Exit.UNKNOWN),
        (document(UNKNOWN, OVER), Exit.CRITICAL),
        (document(UNKNOWN, severities=("critical",)), Exit.CRITICAL),
        ({"accounts": [], "alerts": []}, Exit.UNKNOWN),
    ],
)
def test_the_exit_code_of_status_is_the_first_that_holds(given: dict[str, Any], code: Exit) -> None:
    assert judge(given) is code


def test_each_reason_is_said_once_where_it_belongs() -> None:
    pool = sample.pool(quality=Quality.STALE, reasons=("the marks stream is down", "the mark of BTCUSDT is old"))
    reasons = ("the marks stream is down", "cross:USDT: the mark of BTCUSDT is old")
    report = sample.account(pool, quality=Quality.STALE, reasons=reasons)
    said = [line for line in words.account_lines(report_json(report), sample.NOW) if "!" in line]
    assert said == ["  ! the marks stream is down", "    ! the mark of BTCUSDT is old"]


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"line": Line.at(45_000.0, 0.25)}, "liquidation 45000 (-25.0 %)"),
        ({"line": Line.at(75_000.0, 0.25)}, "liquidation 75000 (+25.0 %)"),
        ({"line": sample.together(0.25)}, "liquidation +25.0 %"),
        ({"line": Line.at(45_000.0, 0.25), "mark_price": None}, "liquidation 45000 (25.0 %)"),
    ],
)
def test_the_sign_of_a_line_is_the_side_of_the_mark_on_which_it_lies(changed: dict[str, Any], text: str) -> None:
    """A short in a pool that is long as a whole is liquidated by a falling price too."""
    short = sample.position(side=Side.SHORT, **changed)
    assert text in words.position_line(position_json(short))


def test_a_position_that_is_topped_up_shows_its_line_without_and_with_what_is_behind_it() -> None:
    backed = sample.position(line_with_backstop=Line.at(40_000.0, 1 / 3))
    shown = sample.pool("isolated:BTCUSDT:long", backstop=sample.CROSS, positions=(backed, sample.position("ETHUSDT")))
    text = "\n".join(words.pool_lines(pool_json(shown), sample.NOW))
    assert "liquidation 45000 (-25.0 %), with cross:USDT behind it 40000 (-33.3 %)  venue 45010" in text
    assert text.count("behind it") == 1


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        ({"hedge": True}, "multi-assets, hedge"),
        ({"hedge": False}, "multi-assets, one-way"),
        ({"hedge": None}, "multi-assets, position mode unknown"),
        ({"hedge": False, "hedge_by_symbol": True}, "multi-assets, hedge or one-way by symbol"),
    ],
)
def test_the_modes_of_an_account_in_words(mode: dict[str, Any], said: str) -> None:
    account = report_json(sample.account(sample.pool()))
    first = next(words.account_lines({**account, "mode": {"collateral": "multi-assets", **mode}}, sample.NOW))
    assert first.endswith(said)


@pytest.mark.parametrize(
    ("venue", "said"),
    [
        (0.21, "ratio 0.2000 (venue 0.2100)  equity"),
        (5.0, "ratio 0.2000 (venue 5.0000, where more is safer)  equity"),
        (0.0, "ratio 0.2000 (venue 0.0000)  equity"),
    ],
)
def test_a_venue_that_counts_the_other_way_is_not_read_as_a_danger(venue: float, said: str) -> None:
    head = next(words.pool_lines(pool_json(replace(sample.pool(), venue_ratio=venue)), sample.NOW))
    assert said in head


def test_a_ratio_of_another_scale_stands_there_by_its_own_name() -> None:
    pool = replace(sample.pool(), venue_ratio=0.2877, venue_ratio_name="debtRatio")
    assert "ratio 0.2000 (venue debtRatio 0.2877)" in next(words.pool_lines(pool_json(pool), sample.NOW))
    plain = replace(pool, venue_ratio_name="margin ratio")
    assert "ratio 0.2000 (venue 0.2877)" in next(words.pool_lines(pool_json(plain), sample.NOW))


def test_beside_an_unknown_ratio_the_venues_is_a_figure_of_its_own() -> None:
    shown = pool_json(replace(sample.pool(ratio=Ratio.unknown("no tiers")), venue_ratio=5.0))
    assert "ratio unknown (the venue's own figure 5.0000)" in next(words.pool_lines(shown, sample.NOW))


def test_what_does_not_deliver_is_told_and_what_is_polled_in_a_streams_place_too() -> None:
    row = {"venue": "hyperliquid", "account": "tenth", "stream": "user", "phase": "live", "up": True, "reason": ""}
    polled = {**row, "account": "eleventh", "phase": "polled", "reason": "read over REST, each 5 s or more"}
    marks = {**row, "account": "", "stream": "marks", "phase": "connecting", "up": False}
    assert feed_lines([row, polled, marks]) == [
        "hyperliquid/eleventh user: polled: read over REST, each 5 s or more",
        "hyperliquid marks: connecting",
    ]
