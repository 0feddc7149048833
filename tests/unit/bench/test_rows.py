"""What a row of the benchmark table says, and when it is over budget."""

from __future__ import annotations

import math

import pytest

from bench.rows import Row, bounded, bytes_text, compared, seconds_text, summary
from bench.timing import Timing, percentile, ratio

WITHIN = Row("P4", "book", "4.0 ms", "copy 0.4 ms", 10.0, limit=15.0)
OVER = Row("P4", "book", "8.0 ms", "copy 0.4 ms", 20.0, limit=15.0)


def test_a_row_within_its_budget_says_figure_floor_ratio_and_promise() -> None:
    for part in ("P4", "book", "4.0 ms", "copy 0.4 ms", "10.00x", "<= 15x"):
        assert part in WITHIN.line()
    assert not WITHIN.line().endswith("over budget")


def test_a_row_over_its_budget_ends_in_those_words() -> None:
    assert OVER.line().endswith("  over budget")


@pytest.mark.parametrize(
    ("times", "limit", "at_least", "over"),
    [
        (15.0, 15.0, False, False),
        (15.01, 15.0, False, True),
        (2.0, 2.0, True, False),
        (1.99, 2.0, True, True),
        (math.nan, 2.0, True, True),
        (math.nan, 2.0, False, True),
        (math.inf, 2.0, True, False),
        (99.0, None, False, False),
    ],
)
def test_the_limit_is_the_last_ratio_that_holds_and_what_is_no_number_does_not(
    times: float, limit: float | None, at_least: bool, over: bool
) -> None:
    assert Row("P1", "x", "1", "1", times, limit, at_least).over_budget is over


@pytest.mark.parametrize(("seconds", "over"), [(0.015, False), (0.0151, True), (math.nan, True)])
def test_a_budget_in_seconds_is_judged_by_the_figure_itself(seconds: float, over: bool) -> None:
    row = bounded("P7", "scrape", seconds, 0.015, floor="dumps 4 ms", times=3.0)
    assert row.over_budget is over
    assert "<= 15.0 ms" in row.line()
    assert "3.00x" in row.line()


def test_what_could_not_be_measured_says_why_and_is_not_judged() -> None:
    skipped, failed = Row("P6", "peer", skipped="not installed"), Row("P6", "peer", failed="ended with exit code 3")
    assert skipped.line().endswith("skipped: not installed")
    assert failed.line().endswith("failed: ended with exit code 3")
    assert not skipped.judged
    assert not failed.judged


def test_a_comparison_takes_the_median_of_the_rounds_ratios() -> None:
    ours, floor = Timing((3.0, 30.0, 4.0)), Timing((1.0, 10.0, 2.0))  # the machine slept in the second round
    row = compared("P4", "book", ours, "copy", floor, 3.5)
    assert row.ratio == 3.0
    assert (row.figure, row.floor) == ("4.00 s", "copy 2.00 s")
    assert not row.over_budget


def test_a_peer_that_is_slower_counts_the_other_way_round() -> None:
    row = compared("P6", "lines", Timing((1.0,)), "theirs", Timing((4.0,)), 2.0, at_least=True)
    assert row.ratio == 4.0
    assert ">= 2x" in row.line()


def test_the_last_line_sums_up_and_names_the_budgets_that_are_missed() -> None:
    rows = [WITHIN, OVER, OVER, Row("P6", "x", skipped="no"), Row("P1", "y", failed="no"), Row("-", "z", "1", "1", 1.0)]
    assert summary(rows, 12.4) == (
        "1 of 3 rows within budget; 2 over budget (P4); 1 skipped; 1 failed; 1 for information; 12 s"
    )


def test_the_last_line_is_short_where_all_is_well() -> None:
    assert summary([WITHIN], 1.0) == "1 of 1 rows within budget; 1 s"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "0 ns"), (4.2e-7, "420 ns"), (1.5e-5, "15.0 µs"), (0.0123, "12.3 ms"), (2.0, "2.00 s"), (300.0, "300 s")],
)
def test_durations_are_written_in_the_unit_that_reads_best(seconds: float, text: str) -> None:
    assert seconds_text(seconds) == text


def test_sizes_are_written_in_the_unit_that_reads_best() -> None:
    assert [bytes_text(size) for size in (12, 1_500, 200e6, 2.5e9)] == ["12 B", "1.50 kB", "200 MB", "2.50 GB"]


def test_percentiles_are_samples_by_nearest_rank() -> None:
    hundred = [float(number) for number in range(1, 101)]
    assert percentile(hundred, 0.99) == 99.0
    assert percentile(hundred, 0.5) == 50.0
    assert percentile([7.0], 0.99) == 7.0
    assert Timing(tuple(hundred)).p99 == 99.0
    assert (Timing(tuple(hundred)).best, Timing(tuple(hundred)).worst) == (1.0, 100.0)


def test_ratios_are_taken_within_rounds_and_need_as_many_on_both_sides() -> None:
    with pytest.raises(ValueError, match="zip"):
        ratio(Timing((1.0, 2.0)), Timing((1.0,)))
