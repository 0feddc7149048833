"""What the kernel might say of one pool, made by hand."""

from __future__ import annotations

from dataclasses import replace

from monitor.domain.lines import NEVER, Line, Ratio
from monitor.domain.names import PoolKey
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
