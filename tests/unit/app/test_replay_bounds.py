"""What two processors may differ by: each figure's bound follows from the kernel's, and holds for the plain formula."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from monitor.app.replay_bounds import BOUND_RATIO, bounds
from monitor.app.replay_figures import near_threshold
from monitor.domain.alerts import Alert, Severity
from monitor.domain.reports import PoolReport
from tests import sample_reports as sample

LABELS = {"venue": "binance", "account": "main", "pool": "cross:USDT"}


def terms(pool: PoolReport) -> float:
    """The sum of absolute terms of health: wallet, each profit's two products, the requirement."""
    (position,) = pool.positions
    assert pool.equity_usd is not None
    assert pool.maintenance_margin_usd is not None
    assert position.notional_usd is not None
    assert position.entry_price is not None
    wallet = pool.equity_usd - (position.unrealized_pnl_usd or 0.0)
    bought = abs(position.quantity) * position.entry_price
    return abs(wallet) + position.notional_usd + bought + pool.maintenance_margin_usd


def test_the_bound_of_an_amount_covers_twice_that_of_the_kernel() -> None:
    pool = sample.pool()
    assert terms(pool) * 2 * BOUND_RATIO <= bounds(pool).usd <= 1.2 * terms(pool) * 2 * BOUND_RATIO


@pytest.mark.parametrize(
    ("quantity", "entry"),
    [(1.0, 59_000.0), (1.0, 90_000.0), (1.0, 45_000.0), (-1.0, 59_000.0), (-1.0, 90_000.0), (0.8, 59_000.0)],
)
def test_a_line_that_is_off_by_all_that_the_kernel_allows_lies_within_its_bound(quantity: float, entry: float) -> None:
    """A pool with one leg: its line by the plain formula, and by health shifted by 1e-9 of its terms, either way."""
    mark, rate, wallet = 60_000.0, 0.005, 40_000.0

    def line(shift: float) -> float:
        # wallet + q (x - entry) - rate |q| x + shift = 0
        return (quantity * entry - wallet - shift) / (quantity - rate * abs(quantity))

    equity = wallet + quantity * (mark - entry)
    notional = abs(quantity) * mark
    pool = sample.pool(
        equity_usd=equity,
        maintenance_margin_usd=rate * notional,
        gross_notional_usd=notional,
        positions=(sample.position(unrealized_pnl_usd=equity - wallet),),
    )
    assert line(0.0) > 0.0
    there = abs(quantity) * (line(0.0) + entry + rate * line(0.0)) + wallet
    apart = abs(line(BOUND_RATIO * there) - line(-BOUND_RATIO * there)) / mark
    distance = abs(line(0.0) - mark) / mark
    assert apart <= bounds(pool).distance(distance)
    assert bounds(pool).distance(distance) <= 20.0 * apart, "and it is no barn door"


def test_what_is_not_known_or_has_nothing_left_has_no_bound() -> None:
    dark = bounds(sample.pool(equity_usd=None))
    assert (dark.usd, dark.ratio) == (math.inf, math.inf)
    gone = bounds(sample.pool(equity_usd=-5.0))
    assert gone.ratio == math.inf
    assert gone.distance(0.1) == math.inf
    assert bounds(sample.pool()).distance(math.inf) == math.inf


def alert(value: float | None, threshold: float | None, rule: str = "margin_ratio", **more: object) -> Alert:
    found = Alert(rule=rule, severity=Severity.WARNING, labels=LABELS, value=value, threshold=threshold)
    return replace(found, **more)  # type: ignore[arg-type]  # a test's freedom


def test_a_number_at_its_threshold_within_the_bound_may_be_decided_either_way() -> None:
    pool = sample.pool()
    view = sample.view(sample.account(pool))
    width = bounds(pool).ratio
    assert near_threshold(alert(0.6, 0.6), view)
    assert near_threshold(alert(0.6 + width / 2, 0.6), view)
    assert not near_threshold(alert(0.6 + width * 2, 0.6), view)
    assert near_threshold(alert(0.05 + bounds(pool).distance(0.05) / 2, 0.05, "coin_distance"), view)
    assert not near_threshold(alert(0.0501, 0.05, "coin_distance"), view)


def test_an_alert_without_a_number_or_a_known_pool_is_decided_one_way() -> None:
    view = sample.view(sample.account(sample.pool()))
    assert not near_threshold(alert(None, 0.6), view)
    assert not near_threshold(alert(0.6, None), view)
    assert not near_threshold(alert(math.inf, 0.6), view)
    assert not near_threshold(alert(0.6, 0.6, labels={**LABELS, "pool": "isolated:X"}), view)
    dark = sample.view(sample.account(sample.pool(equity_usd=None)))
    assert not near_threshold(alert(0.61, 0.6), dark)
