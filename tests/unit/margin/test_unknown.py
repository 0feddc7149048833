"""Unknown is not zero: what is missing is said in words, and what can still be told is told."""

from __future__ import annotations

from dataclasses import replace
from math import nan

import pytest

from monitor.domain.lines import State
from monitor.margin.pool import Basis, Debt, Holding, Option, Pool, Requirement, ScenarioGrid, Stage
from tests.unit.margin.build import ASSETS, MARKS, ask, inverse, leg, option, pool, prices

GRID = ScenarioGrid(asset="BTC", reference_price=100.0, moves=(0.0, 0.1), profits=((0.0, 1.0),))
BLIND = Option(strike=100.0, call=True, volatility=nan, years=0.1, underlying=100.0)

NO_EQUITY: list[tuple[Pool, str]] = [
    (pool(leg(1.0, "SOLUSDT")), "no mark price for SOLUSDT"),
    (pool(leg(1.0, entry=nan)), "no entry price for BTCUSDT"),
    (pool(leg(1.0), cash=nan), "no balance for USDT"),
    (pool(leg(1.0), holdings=(Holding(asset="BTC", amount=nan),)), "no balance for BTC"),
    (pool(leg(1.0), holdings=(Holding(asset="SOL", amount=1.0),)), "no USD price for SOL"),
    (pool(leg(1.0, settle="SOL")), "no USD price for SOL"),
    (pool(leg(1.0), numeraire="SOL"), "no USD price for SOL"),
    (pool(debts=(Debt(asset="BTC", amount=nan),)), "no amount of the debt in BTC"),
    (pool(debts=(Debt(asset="SOL", amount=1.0),)), "no USD price for SOL"),
    (pool(grids=(replace(GRID, in_equity=True, asset="SOL"),)), "no USD price for SOL"),
    (
        pool(grids=(replace(GRID, in_equity=True, reference_price=nan),)),
        "no reference price of the scenario grid on BTC",
    ),
    (pool(grids=(replace(GRID, in_equity=True, profits=((0.0, nan),)),)), "the scenario grid on BTC has gaps"),
]


@pytest.mark.parametrize(("lacking", "words"), NO_EQUITY)
def test_without_an_input_of_equity_everything_is_unknown_and_the_input_named(lacking: Pool, words: str) -> None:
    result = ask(lacking)
    assert words in result.unknown
    assert result.ratio.state is State.UNKNOWN
    assert result.ratio.reasons == result.unknown
    assert all(ratio.state is State.UNKNOWN for ratio in result.stages.values())
    assert result.equity is None
    assert result.equity_usd is None
    assert result.funds_at_risk_usd is None
    assert result.deficit_usd == 0.0
    for position in result.positions:
        assert position.line.state is State.UNKNOWN
        assert position.bankruptcy.state is State.UNKNOWN
    assert result.market.down.state in (State.UNKNOWN, State.NEVER)


NO_REQUIREMENT: list[tuple[Pool, str]] = [
    (pool(leg(1.0, tiers=None)), "no maintenance tiers for BTCUSDT"),
    (pool(leg(1.0, basis=Basis.SNAPSHOT)), "no mark of the snapshot for BTCUSDT"),
    (pool(leg(1.0, "ETHUSDT", base="SOL", basis=Basis.INDEX)), "no USD price for SOL"),
    (
        pool(leg(1.0, "ETHUSDT", base="SOL", fee_basis=Basis.INDEX, fee_rate=0.1)),
        "no USD price for SOL",
    ),
    (pool(leg(1.0, constant_requirement=nan)), "no requirement for BTCUSDT"),
    (pool(leg(1.0), constant_requirement=nan), "no constant requirement"),
    (pool(grids=(replace(GRID, profits=((0.0, nan),)),)), "the scenario grid on BTC has gaps"),
    (pool(grids=(replace(GRID, requirements=(1.0, nan)),)), "the scenario grid on BTC has gaps"),
    (pool(grids=(replace(GRID, asset="SOL"),)), "no USD price for SOL"),
]


@pytest.mark.parametrize(("lacking", "words"), NO_REQUIREMENT)
def test_without_an_input_of_the_requirement_equity_is_still_told(lacking: Pool, words: str) -> None:
    result = ask(lacking)
    assert words in result.unknown
    assert result.ratio.state is State.UNKNOWN
    assert result.equity == 20.0
    assert result.maintenance_margin is None
    for position in result.positions:
        assert position.line.state is State.UNKNOWN
        assert position.unrealized_pnl is not None or position.symbol == "ETHUSDT"
        assert position.bankruptcy.state is not State.UNKNOWN
    assert result.stages["bankruptcy"].value == 0.0


def test_a_price_that_no_part_needs_is_not_missed() -> None:
    result = ask(pool(leg(1.0)), at=prices(assets={}))
    assert result.ratio.state is State.AT
    assert result.coins["BTC"].down.state is State.AT


def test_a_stablecoin_without_a_price_counts_one_and_the_result_says_so() -> None:
    result = ask(pool(leg(1.0)), at=prices(assets={}))
    assert result.usd_assumed
    assert result.equity_usd == 20.0
    held = ask(pool(leg(1.0), holdings=(Holding(asset="BTC", amount=1.0),)), at=prices(assets={"BTC": 100.0}))
    assert held.equity == 120.0


def test_another_numeraire_without_a_price_has_no_dollars() -> None:
    result = ask(pool(inverse(50.0), numeraire="BTC", cash=1.0), at=prices(assets={}))
    assert result.equity is not None
    assert result.equity_usd is None
    assert result.gross_notional_usd is None
    assert result.effective_leverage_ratio is None
    assert not result.usd_assumed
    assert ask(pool(numeraire="BTC", cash=-1.0), at=prices(assets={})).deficit_usd == 1.0


def test_a_pool_described_as_unknown_is_unknown_whole() -> None:
    result = ask(pool(leg(1.0), unknown=("the margin mode cannot be read",), reasons=("a note",)))
    assert result.unknown == ("the margin mode cannot be read",)
    assert result.notes == ("a note",)
    assert result.ratio.state is State.UNKNOWN
    assert (result.equity, result.maintenance_margin, result.initial_margin) == (None, None, None)
    assert result.positions[0].line.reasons == ("the margin mode cannot be read",)
    assert result.positions[0].bankruptcy.state is State.UNKNOWN
    assert result.positions[0].maintenance_margin is None
    assert result.coins["BTC"].up.state is State.UNKNOWN


def test_an_option_without_volatility_has_a_value_but_no_line_of_its_coin() -> None:
    result = ask(pool(option(-1.0, terms=BLIND)))
    assert result.equity == 20.0
    assert result.coins["BTC"].up.state is State.UNKNOWN
    assert result.coins["BTC"].up.reasons == ("no volatility or forward price for CALL",)
    assert result.positions[0].up.state is State.AT


def test_initial_margin_is_unknown_if_the_rate_of_a_loan_is() -> None:
    stages = (Stage(name="liquidation"), Stage(name="call", requirement=Requirement.INITIAL))
    result = ask(pool(stages=stages, debts=(Debt(asset="USDT", amount=1.0, initial_margin_rate=None),)))
    assert result.initial_margin is None
    assert result.stages["call"].reasons == ("no initial margin rate of a loan of USDT",)


def test_initial_margin_is_unknown_if_a_rate_is() -> None:
    stages = (Stage(name="liquidation"), Stage(name="call", requirement=Requirement.INITIAL))
    result = ask(pool(leg(1.0, initial_margin_rate=None), stages=stages))
    assert result.initial_margin is None
    assert result.stages["call"].reasons == ("no initial margin rate for BTCUSDT",)
    missing = ask(pool(leg(1.0, initial_margin_rate=0.1, initial_basis=Basis.SNAPSHOT), stages=stages))
    assert missing.stages["call"].reasons == ("initial margin cannot be computed",)


def test_an_order_without_a_price_leaves_stages_without_orders_alone() -> None:
    stages = (Stage(name="liquidation"), Stage(name="orders", orders=True))
    result = ask(pool(leg(1.0), leg(1.0, "SOLUSDT", order=True), stages=stages))
    assert result.ratio.state is State.AT
    assert result.stages["orders"].reasons == ("no mark price for SOLUSDT",)
    untiered = ask(pool(leg(1.0), leg(1.0, order=True, tiers=None), stages=stages))
    assert untiered.stages["orders"].reasons == ("no maintenance tiers for BTCUSDT",)


def test_a_mark_that_comes_makes_the_pool_known() -> None:
    at = prices(marks={})
    assert ask(pool(leg(1.0)), at=at).ratio.state is State.UNKNOWN
    assert ask(pool(leg(1.0)), at=prices(MARKS, ASSETS)).ratio.state is State.AT


def test_a_cash_leg_elsewhere_has_no_entry_and_no_profit_to_tell() -> None:
    result = ask(pool(leg(1.0, entry=0.0), cash=-80.0))
    assert result.equity == 20.0
    assert result.positions[0].entry_price is None
    assert result.positions[0].unrealized_pnl is None
