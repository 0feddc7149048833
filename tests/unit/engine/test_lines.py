"""Solved lines seen from another mark."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from monitor.domain.lines import LIQUIDATABLE, NEVER, Direction, Line, Ratio
from monitor.domain.names import PoolKey
from monitor.engine.lines import seen_from, with_solved_lines
from monitor.margin.results import PoolResult, PositionResult, Sides
from tests.unit.engine.situations import LONG, MAIN

DARK = Line.unknown("lines were not asked for")


def position(mark: float | None, down: Line = DARK, up: Line = DARK) -> PositionResult:
    return PositionResult(
        symbol="BTCUSDT",
        side=LONG,
        quantity=1.0,
        mark_price=mark,
        entry_price=100.0,
        notional=mark,
        notional_usd=mark,
        unrealized_pnl=0.0,
        unrealized_pnl_usd=0.0,
        maintenance_margin=1.0,
        line=down,
        down=down,
        up=up,
        bankruptcy=Line.at(70.0, 0.3) if down is not DARK else DARK,
        with_backstop=Line.at(60.0, 0.4) if down is not DARK else None,
    )


def result(
    mark: float | None, ratio: Ratio, down: Line = DARK, up: Line = DARK, coin: Sides | None = None, **more: object
) -> PoolResult:
    dark = Sides(down=DARK, up=DARK)
    found = PoolResult(
        key=PoolKey(*MAIN, "cross:USDT"),
        ratio=ratio,
        equity=30.0,
        maintenance_margin=1.0,
        initial_margin=None,
        equity_usd=30.0,
        maintenance_margin_usd=1.0,
        initial_margin_usd=None,
        funds_at_risk_usd=30.0,
        gross_notional_usd=mark,
        net_notional_usd=mark,
        effective_leverage_ratio=3.0,
        deficit_usd=0.0,
        usd_assumed=False,
        stages={},
        market=coin or dark,
        coins={} if coin is None else {"BTC": coin},
        depegs={},
        positions=(position(mark, down, up),),
        venue_lines=(),
    )
    return replace(found, **more)  # type: ignore[arg-type]  # fields as the test names them


SAFE = Ratio.of(0.1)
COIN = Sides(down=Line.at(80.0, 0.2), up=NEVER)
SOLVED = result(100.0, SAFE, Line.at(80.0, 0.2), NEVER, COIN)


def same(line: Line | None, price: float, distance_ratio: float) -> bool:
    return line is not None and line.price == price and line.distance_ratio == pytest.approx(distance_ratio)


def test_the_distance_follows_the_mark_and_the_price_stands() -> None:
    found = with_solved_lines(result(90.0, SAFE), SOLVED, lambda _: 100.0)
    assert found is not None
    (seen,) = found.positions
    assert seen.line == seen.down
    assert same(seen.line, 80.0, 1 / 9)
    assert seen.up == NEVER
    assert same(seen.bankruptcy, 70.0, 2 / 9)
    assert same(seen.with_backstop, 60.0, 1 / 3)
    assert found.coins == SOLVED.coins
    assert found.market == SOLVED.market
    assert (found.gross_notional_usd, seen.notional) == (90.0, 90.0)


def test_a_coin_without_a_price_keeps_the_distance_it_was_solved_with() -> None:
    found = with_solved_lines(result(90.0, SAFE), SOLVED, lambda _: math.nan)
    assert found is not None
    assert found.coins["BTC"] == COIN


def test_a_mark_beyond_the_line_contradicts_a_safe_ratio() -> None:
    assert with_solved_lines(result(79.0, SAFE), SOLVED, lambda _: math.nan) is None
    short = result(100.0, SAFE, NEVER, Line.at(120.0, 0.2))
    assert with_solved_lines(result(121.0, SAFE), short, lambda _: math.nan) is None


@pytest.mark.parametrize("price", [79.0, 99.0, 101.0])
def test_a_coin_that_moved_since_has_other_lines(price: float) -> None:
    """Its instruments' marks come in other frames: the new price alone does not tell how far the line is now."""
    assert with_solved_lines(result(90.0, SAFE), SOLVED, lambda _: price) is None
    up = replace(SOLVED, coins={"BTC": Sides(down=NEVER, up=Line.at(150.0, 0.5))})
    assert with_solved_lines(result(90.0, SAFE), up, lambda _: price) is None


def test_a_stablecoin_that_moved_since_has_other_lines() -> None:
    solved = replace(SOLVED, depegs={"USDC": Sides(down=Line.at(0.9, 0.1), up=NEVER)})
    prices = {"USDC": 1.0, "BTC": 100.0}
    found = with_solved_lines(result(90.0, SAFE), solved, lambda asset: prices[asset])
    assert found is not None
    assert found.depegs == solved.depegs
    prices["USDC"] = 0.95
    assert with_solved_lines(result(90.0, SAFE), solved, lambda asset: prices[asset]) is None


@pytest.mark.parametrize("ratio", [Ratio.of(1.2), Ratio.unknown("no mark")])
def test_another_kind_of_ratio_needs_other_lines(ratio: Ratio) -> None:
    assert with_solved_lines(result(90.0, ratio), SOLVED, lambda _: 90.0) is None


def test_other_positions_need_other_lines() -> None:
    assert with_solved_lines(replace(result(90.0, SAFE), positions=()), SOLVED, lambda _: 90.0) is None


def test_what_is_liquidatable_stays_so() -> None:
    solved = result(100.0, Ratio.of(1.5), LIQUIDATABLE, LIQUIDATABLE)
    found = with_solved_lines(result(99.0, Ratio.of(1.6)), solved, lambda _: 99.0)
    assert found is not None
    assert found.positions[0].line == LIQUIDATABLE


def test_what_is_unknown_stays_so() -> None:
    solved = result(None, Ratio.unknown("no mark"), replace(DARK))
    found = with_solved_lines(result(None, Ratio.unknown("no mark")), solved, lambda _: 99.0)
    assert found is not None
    assert found.positions[0].line == DARK


@pytest.mark.parametrize(
    ("line", "direction", "seen"),
    [
        (Line.at(50.0, 0.1), Direction.DOWN, Line.at(50.0, 0.5)),
        (Line.at(150.0, 0.1), Direction.UP, Line.at(150.0, 0.5)),
        (Line.at(150.0, 0.1), Direction.DOWN, None),
        (Line.at(50.0, 0.1), Direction.UP, None),
        (Line.at(50.0, 0.1), None, Line.at(50.0, 0.5)),
        (NEVER, Direction.UP, NEVER),
    ],
)
def test_a_line_seen_from_a_price(line: Line, direction: Direction | None, seen: Line | None) -> None:
    assert seen_from(line, 100.0, direction) == seen
