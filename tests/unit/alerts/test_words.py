"""What alerts say: what, how near, what it would take, what to do, how sure."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.alerts import words, words_lines, words_outside, words_risk
from monitor.domain.accounts import Permissions
from monitor.domain.lines import LIQUIDATABLE, NEVER, Direction, Line, Ratio, State
from monitor.domain.quality import Quality
from monitor.domain.view import Budget
from tests.sample_reports import MAIN, NOW, account, feed, pool, position


@pytest.mark.parametrize(
    ("price", "text"),
    [(58_210.25, "58,210.2"), (1.5, "1.5000"), (0.00001234, "0.00001234"), (0.5, "0.5"), (999.99, "999.9900")],
)
def test_a_price_is_never_in_powers_of_ten(price: float, text: str) -> None:
    assert words.price_text(price) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (119.0, "119 s"), (120.0, "2 min"), (7200.0, "2 h"), (172_800.0, "2 d")],
)
def test_a_span_has_a_unit_that_people_use(seconds: float, text: str) -> None:
    assert words.span(seconds) == text


@pytest.mark.parametrize(
    ("usd", "text"),
    [(12.345, "12.35 USD"), (12_345.6, "12,346 USD"), (-3.0, "-3.00 USD"), (float("inf"), "without bound")],
)
def test_money(usd: float, text: str) -> None:
    assert words.money(usd) == text


@pytest.mark.parametrize(
    ("ratio", "text"),
    [
        (0.0423, "4.23 %"),
        (1.2, "120 %"),
        (9.996, "1,000 %"),
        (1234.5, "123,450 %"),
        (-1e-9, "0 %"),
        (1.04e-6, "0.0001 %"),
        (float("-inf"), "without bound"),
    ],
)
def test_percent(ratio: float, text: str) -> None:
    assert words.percent(ratio) == text


def test_a_position_says_how_near_what_it_takes_what_to_do_and_how_sure() -> None:
    near = position(line=Line.at(57_600.0, 0.04), loss_to_line_usd=2_400.0, distance_sigmas=1.6)
    told = words_lines.position_distance(pool(advice_add_usd=9_700.0, positions=(near,)), near, NOW)

    assert told.summary == "main BTCUSDT long: liquidation 4 % away at 57,600.0, 1.6 daily sigmas"
    assert told.text.splitlines() == [
        told.summary,
        "A loss of 2,400 USD on it reaches liquidation.",
        "Add 9,700 USD to the pool to bring its nearest line to the wanted distance.",
        "Data LIVE, oldest input 1 s old, within 0.01 % of the venue's figures.",
    ]


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (LIQUIDATABLE, "liquidatable now"),
        (NEVER, "no price liquidates it"),
        (Line.unknown("no tiers"), "liquidation price unknown: no tiers"),
        (Line.at(57_600.0, 0.04), "liquidation 4 % away at 57,600.0"),
    ],
)
def test_a_position_in_every_state(line: Line, text: str) -> None:
    loss = None if line.state is State.AT else 5.0  # a line that is nowhere is not reached by a loss either
    held = position(line=line, distance_sigmas=None, loss_to_line_usd=loss)

    told = words_lines.position_distance(pool(), held, NOW)
    assert told.summary == f"main BTCUSDT long: {text}"
    assert "A loss of" not in told.text


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (LIQUIDATABLE, "liquidatable now"),
        (NEVER, "no price of BTC down from here liquidates"),
        (Line.unknown("no mark"), "BTC down: distance unknown: no mark"),
        (Line.at(57_600.0, 0.04), "BTC 4 % down liquidates, at 57,600.0"),
        (replace(Line.at(1.0, 0.04), price=None), "BTC 4 % down liquidates"),
    ],
)
def test_a_coin_in_every_state(line: Line, text: str) -> None:
    held = pool(coins={"BTC": {Direction.DOWN: line}})

    assert words_lines.coin_distance(held, "BTC", Direction.DOWN, None, NOW).summary == f"main cross:USDT: {text}"


def test_the_market_moves_together() -> None:
    held = pool(market={Direction.UP: Line(Line.at(1, 0.1).state, None, 0.1)})

    told = words_lines.market_distance(held, Direction.UP, None, NOW)
    assert told.summary == "main cross:USDT: all coins together 10 % up liquidates"


@pytest.mark.parametrize(
    ("ratio", "text"),
    [
        (Ratio.of(0.83), "margin ratio 83 % (100 % is liquidation)"),
        (Ratio.of(1.04), "liquidatable now, margin ratio 104 %"),
        (Ratio.of(float("inf")), "liquidatable now, no equity left"),
        (Ratio.unknown("no tiers", "no mark"), "margin ratio unknown: no tiers; no mark"),
    ],
)
def test_a_ratio_in_every_state(ratio: Ratio, text: str) -> None:
    assert words_lines.margin_ratio(pool(ratio=ratio), NOW).summary == f"main cross:USDT: {text}"


@pytest.mark.parametrize(
    ("equity", "text"),
    [
        (15_500.0, "A loss of 12,400 USD meets the requirement of 3,100 USD."),
        (-400.0, "Equity is 900 USD below the requirement of 500 USD."),
        (None, None),
    ],
)
def test_what_it_would_take(equity: float | None, text: str | None) -> None:
    lines = words_lines.margin_ratio(pool(equity_usd=equity), NOW).text.splitlines()

    assert (lines[1] == text) if text else (len(lines) == 2)


def test_the_engine_s_advice_is_told_in_its_own_words() -> None:
    advised = pool(advice_text="Add 100 USD or close 0.1 BTC.", advice_add_usd=100.0)

    assert "Add 100 USD or close 0.1 BTC." in words_lines.margin_ratio(advised, NOW).text
    assert "Add" not in words_lines.margin_ratio(pool(advice_add_usd=0.0), NOW).text


def test_the_engine_s_advice_reads_as_a_sentence() -> None:
    advised = pool(advice_text="add 100 USDT or close 0.1 of BTCUSDT long to move every line 20% away")

    assert "\nAdd 100 USDT or close 0.1 of BTCUSDT long to move every line 20% away.\n" in (
        words_lines.margin_ratio(advised, NOW).text
    )


def test_a_difference_that_is_rounding_is_told_as_one_that_is_small() -> None:
    same = pool(drift={"equity": 1.04e-11})

    assert ", within 0.01 % of the venue's figures." in words_lines.margin_ratio(same, NOW).text


def test_how_sure() -> None:
    doubtful = pool(quality=Quality.STALE, reasons=("mark 600 s old",), as_of=NOW - 600, drift={})

    assert words_lines.margin_ratio(doubtful, NOW).text.endswith("Data STALE, oldest input 10 min old: mark 600 s old.")
    assert words_risk.data_quality(doubtful, NOW).text.splitlines() == [
        "main cross:USDT: data STALE: mark 600 s old",
        "Data STALE, oldest input 10 min old.",
    ]
    assert "age unknown" in words_risk.data_quality(replace(doubtful, as_of=None), NOW).text


def test_drift_warns_of_both_figures() -> None:
    told = words_risk.drift(pool(), "maintenance_margin", -0.02, NOW)
    assert told.summary.startswith("main cross:USDT: maintenance margin differs from the venue's by -2 %")
    assert "cannot be compared" in words_risk.position_drift(pool(), position(drift_ratio=None), NOW).summary


@pytest.mark.parametrize(
    ("drift", "disagreement", "text"),
    [
        (0.021, "x", "liquidation price differs from the venue's by 2.1 %"),
        (-0.02, "", "liquidation price -2 % from the venue's"),
        (None, "", "liquidation price agrees with the venue's"),
        (
            None,
            "the venue says no liquidation price, we say 45000",
            "the venue says no liquidation price, we say 45000",
        ),
    ],
    ids=["beyond its tolerance", "within it", "both without a price", "one without a price"],
)
def test_a_position_against_the_venue(drift: float | None, disagreement: str, text: str) -> None:
    held = position(drift_ratio=drift, disagreement=disagreement, drift_tolerance_ratio=0.02)
    told = words_risk.position_drift(pool(positions=(held,)), held, NOW)
    assert told.summary.startswith(f"main BTCUSDT long: {text}")


def test_what_contradicts_the_venue_is_not_said_to_be_within_anything_of_it() -> None:
    said = "the venue's equity is 0, ours is 15500"
    told = words_risk.contradiction(pool(contradictions={"equity": said}), said, NOW)
    assert told.summary == f"main cross:USDT: {said}"
    assert "Do not rely on either figure" in told.text
    assert told.text.endswith("in contradiction with the venue's figures.")
    held = position(drift_ratio=None, disagreement="the venue says no liquidation price, we say 45000")
    assert words_lines.margin_ratio(pool(positions=(held,)), NOW).text.endswith(
        "contradiction with the venue's figures."
    )


def test_a_deficit() -> None:
    assert words_risk.deficit(pool(deficit_usd=12.5), NOW).summary == (
        "main cross:USDT: balance 12.50 USD below zero with nothing open"
    )


def test_an_account_that_is_down() -> None:
    down = account(up=False, reasons=("listen key expired",), last_update=NOW - 300)

    assert words_risk.account_down(down, NOW).summary == "main at binance: no fresh data: listen key expired"
    assert "last read 5 min ago" in words_risk.account_down(down, NOW).text
    assert "never read" in words_risk.account_down(replace(down, last_update=None), NOW).text
    assert words_risk.account_down(account(), NOW).summary == "main at binance: data fresh again"


@pytest.mark.parametrize(
    ("state", "text"),
    [
        ("withdraw", "the key may withdraw or transfer"),
        ("trade", "the key may trade"),
        ("unreadable", "the key has permissions that could not be read"),
        ("", "the key may only read"),
    ],
)
def test_a_key(state: str, text: str) -> None:
    assert words_risk.key_permission(account(permissions=Permissions()), state).summary == f"main at binance: {text}"


@pytest.mark.parametrize(
    ("seconds", "text"), [(None, "has no known expiry"), (3 * 86400.0, "expires in 3 d"), (-1.0, "has expired")]
)
def test_an_expiry(seconds: float | None, text: str) -> None:
    assert words_risk.key_expiry(account(), seconds).summary == f"main at binance: the key {text}"


def test_a_stream() -> None:
    down = feed("user", account="main", up=False, phase="waiting", reason="", last_message=None)

    assert words_outside.feed_down(down, NOW).summary == "binance main user: not delivering (waiting)"
    assert "No message ever came." in words_outside.feed_down(down, NOW).text
    assert "2 min ago" in words_outside.feed_down(replace(down, last_message=NOW - 130), NOW).text
    assert words_outside.feed_down(feed(), NOW).summary == "binance marks: delivering"


def test_a_stream_that_is_late() -> None:
    late = feed("user", account="main", lag_seconds=3.25, last_message=NOW - 1)

    assert words_outside.feed_lag(late, NOW).summary == "binance main user: messages come 3.2 s after the venue's stamp"
    assert "The last one came 1 s ago." in words_outside.feed_lag(late, NOW).text
    for unknown in (replace(late, lag_seconds=None), replace(late, last_message=None)):
        assert words_outside.feed_lag(unknown, NOW).summary == "binance main user: lag unknown"


@pytest.mark.parametrize(
    ("until", "text"),
    [(None, "calls are allowed"), (NOW - 1, "calls are allowed"), (NOW + 300, "no calls allowed for 5 min")],
)
def test_a_ban(until: float | None, text: str) -> None:
    assert (
        words_outside.venue_ban(Budget(venue="binance", used_ratio=1.0, banned_until=until), NOW).summary
        == f"binance: {text}"
    )


def test_what_cannot_be_seen_keeps_its_last_words() -> None:
    assert words.lost_sight(MAIN, "main: near").summary == "main: near (cannot be read now)"
    assert "of binance stands" in words.lost_sight(MAIN._replace(account=""), "x").text
