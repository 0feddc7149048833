"""The demo's picture: dangerous pools first, what is stale dimmed and named, story and alerts beside it."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from monitor.cli import words
from monitor.cli.demo import free_port
from monitor.cli.demo_screen import PlainScreen, Tally, coin_texts, picture, position_texts
from monitor.domain.alerts import Alert, AlertChange, Change, Severity
from monitor.domain.lines import LIQUIDATABLE, NEVER, Direction, Line, Ratio
from monitor.domain.names import Side
from monitor.domain.quality import Quality
from monitor.domain.schema import pool_json, report_json
from monitor.domain.view import View
from tests.sample_reports import CROSS, NOW, account, pool, position

FIRED = AlertChange(
    change=Change.FIRED,
    alert=Alert(rule="margin_ratio", severity=Severity.CRITICAL, summary="main cross:USDT: margin ratio 86 %"),
    at=NOW,
)


def view(*pools: object) -> View:
    report = account(*pools)  # type: ignore[arg-type]  # pools of the samples
    return View(at=NOW, started=NOW, instance="demo", version="0", ready=True, not_ready=(), accounts=(report,))


def drawn(shown: View, alerts: tuple[AlertChange, ...] = (), width: int = 140) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=False)
    with console.capture() as captured:
        console.print(picture(shown, 75.0, "http://127.0.0.1:9786", "The market falls.", alerts, width))
    return captured.get()


def test_the_picture_holds_clock_address_story_pools_by_danger_and_alerts() -> None:
    near = pool("isolated:ETHUSDT:long", ratio=Ratio.of(0.86))
    text = drawn(view(pool(), near), (FIRED,))
    lines = [line.strip() for line in text.splitlines()]
    assert lines[0].split() == ["marginwatch", "demo", "01:15", "http://127.0.0.1:9786/metrics"]
    assert lines[1] == "The market falls."
    assert text.index("isolated:ETHUSDT:long") < text.index("cross:USDT ")
    assert "0.8600" in text
    assert "BTC 45000 (-25.0 %)" in text
    assert "fired · margin_ratio: main cross:USDT: margin ratio 86 %" in text


@pytest.mark.parametrize("width", [80, 100, 120, 140])
def test_name_ratio_quality_and_liquidation_fit_into_every_terminal(width: int) -> None:
    near = pool("isolated:ETHUSDT:long", ratio=Ratio.of(0.86), positions=(position(quantity=60.5),))
    text = drawn(view(near), width=width)
    for shown in ("main isolated:ETHUSDT:long", "0.8600", "LIVE", "BTCUSDT long 60.5", "→ 45000 (-25.0 %)"):
        assert shown in text
    assert ("BTCUSDT long 60.5 → 45000" in text) == (width >= 100)
    assert ("equity USD" in text) == (width >= 132)
    assert ("BTC 45000" in text) == (width >= 120)


def test_a_stale_pool_is_named_stale_with_its_age() -> None:
    text = drawn(view(pool(quality=Quality.STALE, as_of=NOW - 12.0)))
    assert "STALE 12 s" in text


def test_an_account_without_pools_is_not_an_empty_table() -> None:
    assert "no pools yet" in drawn(view())


def test_the_nearest_line_of_each_coin_and_position_stands_first() -> None:
    shown = pool_json(
        pool(
            coins={
                "ETH": {Direction.DOWN: Line.at(1000.0, 0.5), Direction.UP: NEVER},
                "BTC": {Direction.DOWN: Line.at(45_000.0, 0.25), Direction.UP: Line.at(63_000.0, 0.05)},
                "SOL": {Direction.DOWN: LIQUIDATABLE, Direction.UP: LIQUIDATABLE},
                "XRP": {Direction.DOWN: Line.unknown("no tiers"), Direction.UP: NEVER},
                "ADA": {Direction.DOWN: NEVER, Direction.UP: NEVER},
            },
            positions=(
                position(),
                position("ETHUSDT", Side.SHORT, line=Line.at(63_000.0, 0.05)),
                position("XRPUSDT", line=Line.unknown("no tiers")),
            ),
        )
    )
    assert coin_texts(shown) == ["SOL NOW", "XRP unknown", "BTC 63000 (+5.0 %)", "ETH 1000 (-50.0 %)", "ADA never"]
    assert [text for text, _ in position_texts(shown)] == [
        "XRPUSDT long 1 → unknown",
        "ETHUSDT short 1 → 63000 (+5.0 %)",
        "BTCUSDT long 1 → 45000 (-25.0 %)",
    ]


def test_the_longest_names_leave_room_for_the_distance_on_a_narrow_terminal() -> None:
    long = pool("isolated:SOL-USDT-SWAP:long", positions=(position(quantity=60.5),))
    assert "→ 45000 (-25.0 %)" in drawn(view(long), width=80)


@pytest.mark.parametrize("width", [100, 140])
def test_a_position_that_is_topped_up_shows_both_lines(width: int, capsys: pytest.CaptureFixture[str]) -> None:
    behind = (position(line_with_backstop=Line.at(40_000.0, 1 / 3)),)
    shown = view(pool("isolated:BTCUSDT:long", backstop=CROSS, positions=behind))
    text = drawn(shown, width=width)
    assert "BTCUSDT long 1 → 45000 (-25.0 %)" in text
    assert "with cross:USDT → 40000 (-33.3 %)" in text
    PlainScreen().draw(shown, 0.0)
    assert "→ 45000 (-25.0 %), with cross:USDT → 40000 (-33.3 %)\n" in capsys.readouterr().out


def test_plain_lines_carry_the_time_and_appear_every_five_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    screen = PlainScreen()
    for seconds in (0.0, 2.0, 4.9, 5.1, 7.0):
        screen.draw(view(pool()), seconds)
    screen.say("The market falls.")
    screen.alert(FIRED)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["0.0", "5.1", "7.0", "7.0"]
    assert lines[0] == "   0.0 s  main cross:USDT ratio 0.2000 LIVE BTCUSDT long 1 → 45000 (-25.0 %)"
    assert lines[3].endswith("FIRED critical margin_ratio: main cross:USDT: margin ratio 86 %")


def test_the_summary_counts_what_was_believed_only() -> None:
    tally = Tally()
    tally.see(view(pool(ratio=Ratio.of(0.5))), (FIRED, replace(FIRED, change=Change.RESOLVED)))
    tally.see(view(pool(ratio=Ratio.of(0.9), quality=Quality.STALE)), ())
    tally.latencies.extend([0.001] * 99 + [0.5])
    lines = list(tally.lines())
    assert lines[0] == "highest margin ratio: 0.5000 (main cross:USDT)"
    assert lines[1] == "alerts fired: margin_ratio 1"
    assert lines[2] == "qualities seen: LIVE, STALE"
    assert "median 1.00 ms" in lines[4]


def test_an_account_in_words_names_reasons_drift_and_age() -> None:
    report = account(pool(quality=Quality.STALE, reasons=("the mark of BTCUSDT is older than 5 s",), as_of=NOW - 300))
    lines = list(words.account_lines(report_json(report), NOW))
    assert lines[0] == "binance/main  LIVE  single-asset, one-way"
    assert lines[1].startswith("  ratio 0.2000  equity ")
    assert "(last known, 5 min old)" in lines[2]
    assert lines[3] == "    ! the mark of BTCUSDT is older than 5 s"
    assert any("liquidation 45000 (-25.0 %)  venue 45010  drift -0.017 %" in line for line in lines)
    assert any(line.endswith("equity +0.010 %, maintenance_margin +0.000 %") for line in lines)


def test_a_free_port_is_kept_and_zero_means_any() -> None:
    port = free_port(0)
    assert port > 0
    assert free_port(port) == port
