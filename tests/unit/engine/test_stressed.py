"""Stress of a picture: each cell is what the engine itself reports once prices stand there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from monitor.domain.accounts import Balance
from monitor.domain.errors import BadRequest
from monitor.domain.events import Event
from monitor.domain.instruments import Payoff
from monitor.domain.lines import State
from monitor.domain.names import USD, AccountKey, PoolKey
from monitor.domain.quality import Quality
from monitor.domain.stress import Family, Scenario, ScenarioStress, StressReport, StressRequest
from monitor.domain.tiers import flat
from monitor.engine.engine import Engine
from monitor.engine.stressed import stress
from monitor.margin.pool import NAN, Description, Holding, Option, ScenarioGrid
from tests.unit.engine.situations import (
    MAIN,
    MULTI,
    OTHER,
    UNREADABLE,
    VENUE,
    T,
    asset,
    config,
    describe,
    engine,
    held,
    reading,
    started,
    tick,
    usdt,
)

CROSS = PoolKey(*MAIN, "cross:USDT")
ALONE = PoolKey(*MAIN, "isolated:ETHUSDT:short")
THEIRS = PoolKey(*OTHER, "cross:USDT")
LONG, SHORT = held("BTCUSDT", 0.5, 60_000.0), held("ETHUSDT", -2.0, 3_000.0, isolated=600.0)


def others(wallet: float = 4_000.0) -> list[Event]:
    """The other account, with a position the other way."""
    return [
        config(asked=T, account=OTHER),
        reading(held("BTCUSDT", -0.1, 60_000.0), balances=(usdt(wallet),), account=OTHER),
    ]


def desk(**more: Any) -> Engine:
    made = engine(MAIN, OTHER, groups={MAIN: "desk", OTHER: "desk"}, **more)
    made.step([*started(LONG, SHORT, wallet=10_000.0), *others()], T)
    return made


def own(name: str = "mine", *, elsewhere: float = 0.0, gap: bool = False, **moves: float) -> StressRequest:
    scenario = Scenario(name=name, family=Family.OWN, moves=moves, others=elsewhere, gap=gap)
    return StressRequest(families=(), own=(scenario,))


def only(report: StressReport) -> ScenarioStress:
    assert len(report.scenarios) == 1
    return report.scenarios[0]


@pytest.mark.parametrize(("btc", "eth"), [(-0.15, -0.15), (-0.25, 0.05), (0.3, 0.2), (0.0, 0.4), (-0.45, 0.0)])
def test_each_cell_is_what_the_engine_reports_at_those_prices(btc: float, eth: float) -> None:
    before = desk(jump_ratio=10.0)
    cell = only(stress(before.picture(), own(BTC=btc, ETH=eth)))
    marks = {"BTC": 60_000.0 * (1 + btc), "ETH": 3_000.0 * (1 + eth)}
    moved = [
        event for coin, mark in marks.items() for event in (tick(f"{coin}USDT", mark, T + 1), asset(coin, mark, T + 1))
    ]
    before.step(moved, T + 1)
    reports = {report.key: report for report in before.reports()}
    for row in cell.pools:
        there = next(pool for pool in reports[row.key.owner].pools if pool.key == row.key)
        assert row.ratio.state is there.ratio.state
        assert row.ratio.value == pytest.approx(there.ratio.value)
        assert row.equity_usd == pytest.approx(there.equity_usd)
        assert row.required_usd == pytest.approx(there.required_usd)
    for key, sums in cell.accounts.items():
        assert sums.ratio.value == pytest.approx(reports[key].ratio.value)
        assert sums.equity_usd == pytest.approx(reports[key].equity_usd)
    (group,) = before.groups()
    assert cell.groups["desk"].ratio.value == pytest.approx(group.ratio.value)
    assert cell.groups["desk"].equity_usd == pytest.approx(group.equity_usd)


def test_without_a_move_everything_stands_where_it_is_reported() -> None:
    made = desk()
    report = stress(made.picture(), StressRequest(families=()))
    reports = {each.key: each for each in made.reports()}
    assert {key: each.ratio for key, each in report.accounts.items()} == {k: r.ratio for k, r in reports.items()}
    (group,) = made.groups()
    assert report.groups["desk"].ratio.value == pytest.approx(group.ratio.value)
    assert report.members == {MAIN: "desk", OTHER: "desk"}
    assert {(pool.key, pool.equity_usd) for pool in report.pools} == {
        (pool.key, pool.equity_usd) for each in reports.values() for pool in each.pools
    }


def test_pools_stand_in_the_order_of_danger() -> None:
    report = stress(desk().picture(), StressRequest(families=()))
    ratios = [pool.ratio.value or 0.0 for pool in report.pools]
    assert ratios == sorted(ratios, reverse=True)


def test_who_is_liquidated_first_stands_first_with_what_is_taken() -> None:
    """Long 0.5 BTC with 10,000: 10,000 + 30,000 x = 120 (1 + x). Short 2 ETH with 600: 600 - 6,000 x = 30 (1 + x)."""
    cell = only(stress(desk().picture(), own(BTC=-0.5, ETH=0.5)))
    line, alone = 9_880.0 / 29_880.0, 570.0 / 6_030.0
    assert cell.order == (ALONE, CROSS)
    rows = {row.key: row for row in cell.pools}
    assert rows[ALONE].begins == pytest.approx(alone / 0.5)
    assert rows[ALONE].takes_usd == pytest.approx(600.0 - 6_000.0 * alone)
    assert rows[CROSS].begins == pytest.approx(line / 0.5)
    assert rows[CROSS].loss_usd == pytest.approx(10_000.0)
    assert rows[THEIRS].liquidated is False
    assert rows[THEIRS].loss_usd == pytest.approx(-3_000.0)
    assert cell.takes_usd == pytest.approx((rows[ALONE].takes_usd or 0.0) + (rows[CROSS].takes_usd or 0.0))
    assert cell.accounts[MAIN].liquidated == 2
    assert cell.groups["desk"].liquidated == 2
    assert cell.loss_usd == pytest.approx(10_000.0 + 600.0 - 3_000.0)


def test_in_a_gap_nothing_is_left_to_take() -> None:
    cell = only(stress(desk().picture(), own(gap=True, BTC=-0.5)))
    row = next(row for row in cell.pools if row.key == CROSS)
    assert (row.begins, row.takes_usd) == (1.0, 0.0)


def test_what_is_not_believed_stays_unknown_in_every_scenario() -> None:
    made = desk()
    made.step([config(UNREADABLE, asked=T + 1, account=OTHER)], T + 1)
    report = stress(made.picture(), own(BTC=-0.1))
    cell = only(report)
    row = next(row for row in cell.pools if row.key == THEIRS)
    assert (row.ratio.state, row.equity_usd, row.begins, row.liquidated) == (State.UNKNOWN, None, None, None)
    assert (cell.accounts[OTHER].ratio.state, cell.accounts[OTHER].equity_usd) == (State.UNKNOWN, None)
    assert (cell.groups["desk"].ratio.state, cell.groups["desk"].loss_usd) == (State.UNKNOWN, None)
    assert cell.loss_usd is None
    assert report.quality is Quality.UNKNOWN
    assert cell.accounts[MAIN].ratio.state is State.AT


def test_an_account_that_was_not_read_yet_is_there_and_unknown() -> None:
    made = engine(MAIN, OTHER)
    made.step(started(LONG), T)
    report = stress(made.picture(), own(BTC=-0.1))
    assert only(report).accounts[OTHER].ratio.state is State.UNKNOWN
    assert only(report).accounts[OTHER].ratio.reasons


def test_only_the_accounts_asked_for_are_told_and_no_part_of_a_group() -> None:
    request = replace(own(BTC=-0.1), accounts=(MAIN,))
    report = stress(desk().picture(), request)
    assert (list(report.accounts), report.groups) == ([MAIN], {})
    assert {pool.key.owner for pool in report.pools} == {MAIN}


def test_an_account_that_is_not_there_is_refused_by_its_name() -> None:
    request = replace(own(BTC=-0.1), accounts=(MAIN, AccountKey(VENUE, "gone")))
    with pytest.raises(BadRequest, match="paper/gone"):
        stress(desk().picture(), request)


CRASH = Scenario(name="then", family=Family.CRASH, moves={"BTC": -0.2}, others=-0.3, source="a book")


def test_a_scenario_that_is_not_there_is_refused_with_those_there_are() -> None:
    request = StressRequest(crashes=(CRASH,), names=("then", "never"))
    with pytest.raises(BadRequest, match="'never': no such scenario; there are: then"):
        stress(desk().picture(), request)
    with pytest.raises(BadRequest, match="there are: none"):
        stress(desk().picture(), StressRequest(names=("then",)))


def test_the_usual_scenarios_are_all_there() -> None:
    made = desk(betas={"ETH": 1.4})
    report = stress(made.picture(), StressRequest(betas={"ETH": 1.4}, crashes=(CRASH,)))
    families = {each.scenario.family for each in report.scenarios}
    assert families == {Family.GRID, Family.BETAS, Family.GAP, Family.DEPEG, Family.CRASH}  # no sigma is known yet
    assert any("standard deviation" in note for note in report.notes)
    assert any("order books" in note for note in report.notes)
    names = [each.scenario.name for each in report.scenarios]
    assert len(names) == len(set(names))
    assert {"market -50%", "betas +20%", "BTC gap -30%", "ETH gap +30%", "USDT -10%"} <= set(names)


def test_coins_without_a_figure_of_a_crash_are_named() -> None:
    crash = Scenario(name="then", family=Family.NAMED, moves={"BTC": -0.2}, others=-0.3, source="a book")
    report = stress(desk().picture(), StressRequest(families=(Family.NAMED,), named=(crash,)))
    cell = only(report)
    assert cell.moves == {"BTC": -0.2, "ETH": -0.3}
    assert cell.notes == ("without a figure of their own, and moved by -30%: ETH",)
    known = replace(crash, moves={"BTC": -0.2, "ETH": -0.3, "USDT": 0.0})
    assert only(stress(desk().picture(), StressRequest(families=(Family.NAMED,), named=(known,)))).notes == ()


def test_a_coin_that_nothing_depends_on_is_told_and_not_taken_for_safe() -> None:
    mine = Scenario(name="mine", family=Family.OWN, moves={"BTCC": -0.5, "DOGE": 0.0, "ETH": -0.1})
    assert only(stress(desk().picture(), StressRequest(families=(), own=(mine,)))).notes == (
        "nothing that is looked at depends on BTCC",
    )
    crash = replace(mine, family=Family.CRASH)
    assert only(stress(desk().picture(), StressRequest(families=(Family.CRASH,), crashes=(crash,)))).notes == ()


def test_sigmas_are_those_of_the_reports() -> None:
    made = desk(jump_ratio=10.0)
    for minute in range(1, 40):
        at = T + 60.0 * minute
        mark = 60_000.0 * (1.001 if minute % 2 else 1.0)
        made.step([tick("BTCUSDT", mark, at), tick("ETHUSDT", mark / 20.0, at), asset("BTC", mark, at)], at)
        made.step([asset("ETH", mark / 20.0, at), asset("USDT", 1.0, at), *readings(at)], at)
    picture = made.picture()
    sigma = picture.accounts[MAIN].report.pools[0].coin_sigmas["BTC"]
    report = stress(picture, StressRequest(families=(Family.TOGETHER,), sigmas=(-3.0,)))
    assert only(report).moves["BTC"] == pytest.approx(-3.0 * sigma)


def readings(at: float) -> list[Event]:
    return [
        config(asked=at),
        config(asked=at, account=OTHER),
        reading(LONG, SHORT, asked=at),
        reading(held("BTCUSDT", -0.1, 60_000.0), balances=(usdt(4_000.0),), account=OTHER, asked=at),
    ]


def test_what_is_assumed_of_options_grids_and_stablecoins_is_said() -> None:
    made = engine()
    made.step([event for event in started(LONG) if event != asset("USDT", 1.0)], T)
    picture = made.picture()
    believed = picture.accounts[MAIN]
    terms = Option(strike=60_000.0, call=True, volatility=0.5, years=0.1, underlying=60_000.0)
    leg = replace(believed.pools[0].legs[0], payoff=Payoff.OPTION, option=terms, tiers=flat(0.0))
    grid = ScenarioGrid(asset="BTC", reference_price=60_000.0, moves=(-0.2, 0.0, 0.2), profits=((-1.0, 0.0, 1.0),))
    pool = replace(believed.pools[0], legs=(leg,), grids=(grid,))
    changed = replace(picture, accounts={MAIN: replace(believed, pools=(pool,))})
    notes = " ".join(stress(changed, own(BTC=-0.1)).notes)
    assert "options are valued by a model" in notes
    assert "given for -20% to +20%" in notes
    for move, guessed in ((-0.1, False), (-0.21, True), (0.21, True)):
        (row,) = only(stress(changed, own(BTC=move))).pools
        assert any("guessed" in reason for reason in row.reasons) is guessed
    assert "USDT at paper is counted as 1 USD" in notes


def test_a_pool_that_cannot_be_computed_costs_itself() -> None:
    picture = desk().picture()
    believed = picture.accounts[MAIN]
    broken = replace(believed.pools[0], holdings=(Holding(asset="BTC", negative_rate=NAN),))
    new = replace(believed.pools[0], key=PoolKey(*MAIN, "new"))
    changed = replace(believed, pools=(broken, *believed.pools[1:], new))
    report = stress(replace(picture, accounts={**picture.accounts, MAIN: changed}), own(BTC=-0.1))
    now = {pool.key: pool for pool in report.pools}
    assert now[broken.key].quality is Quality.UNKNOWN
    assert now[new.key].reasons == ("not reported yet",)
    rows = {row.key: row for row in only(report).pools}
    assert rows[broken.key].ratio.state is State.UNKNOWN
    assert rows[ALONE].ratio.state is State.AT


def test_a_pool_that_could_be_liquidated_already_is_at_once() -> None:
    made = engine()
    made.step(started(LONG, wallet=100.0), T)
    report = stress(made.picture(), own(BTC=0.01))
    assert report.accounts[MAIN].liquidated == 1
    assert only(report).order == (CROSS,)
    assert next(row for row in only(report).pools if row.key == CROSS).begins == 0.0


def test_a_group_without_equity_is_liquidated_and_one_without_anything_is_safe() -> None:
    made = engine(groups={MAIN: "desk"})
    made.step(started(LONG, wallet=10_000.0), T)
    assert only(stress(made.picture(), own(BTC=-0.5))).groups["desk"].ratio.value == float("inf")
    empty = engine(groups={MAIN: "desk"})
    empty.step(started(wallet=0.0), T)
    assert only(stress(empty.picture(), own(BTC=-0.5))).groups["desk"].ratio.value == 0.0


def test_a_group_that_only_has_resting_orders_has_nothing_to_liquidate() -> None:
    def resting(account: object, tables: object) -> Description:
        pool = describe(account, tables).pools[0]  # type: ignore[arg-type]  # handed on as they come
        return Description((replace(pool, cash=0.0, legs=tuple(replace(leg, order=True) for leg in pool.legs)),))

    made = Engine({VENUE: resting}, replace(engine()._settings, groups={MAIN: "desk"}))
    made.step(started(LONG), T)
    assert only(stress(made.picture(), own(BTC=-0.5))).groups["desk"].ratio.value == 0.0


def test_views_of_a_pool_count_in_no_sum() -> None:
    def twice(account: object, tables: object) -> Description:
        described = describe(account, tables)  # type: ignore[arg-type]  # handed on as they come
        pool = described.pools[0]
        view = replace(pool, key=PoolKey(*pool.key.owner, "view"), primary=False, view_of=pool.key)
        return Description((pool, view))

    made = Engine({VENUE: twice}, replace(engine()._settings, groups={MAIN: "desk"}))
    made.step(started(LONG), T)
    cell = only(stress(made.picture(), own(BTC=-0.1)))
    assert cell.accounts[MAIN].equity_usd == pytest.approx(7_000.0)
    assert cell.groups["desk"].equity_usd == pytest.approx(7_000.0)
    assert cell.loss_usd == pytest.approx(3_000.0)


def test_collateral_in_coins_falls_with_them() -> None:
    made = engine()
    wallet = Balance(asset="BTC", wallet=1.0, cross_wallet=1.0)
    made.step([*started()[:-2], config(MULTI), reading(held("BTCUSDT", -1.0, 60_000.0), balances=(wallet,))], T)
    cell = only(stress(made.picture(), own(BTC=-0.5)))
    assert cell.pools[0].key.pool == "multi-assets"
    assert cell.pools[0].equity_usd == pytest.approx(60_000.0)
    assert USD not in cell.moves


def test_what_an_account_is_unknown_for_is_said_of_its_pools() -> None:
    picture = desk().picture()
    dark = replace(picture.accounts[MAIN], unknown=("its mode is unreadable",))
    report = stress(replace(picture, accounts={**picture.accounts, MAIN: dark}), own(BTC=-0.1))
    row = next(row for row in only(report).pools if row.key == CROSS)
    assert row.ratio.reasons == ("its mode is unreadable",)
    assert "its mode is unreadable" in only(report).accounts[MAIN].ratio.reasons


def test_where_nothing_can_be_computed_there_is_nothing_to_move() -> None:
    picture = desk().picture()
    dark = {key: replace(each, unknown=("gone",)) for key, each in picture.accounts.items()}
    report = stress(replace(picture, accounts=dark), StressRequest())
    assert {row.ratio.state for each in report.scenarios for row in each.pools} == {State.UNKNOWN}
    assert {tuple(each.moves) for each in report.scenarios} == {()}


def test_a_pool_in_coins_without_a_dollar_price_has_a_ratio_and_no_loss() -> None:
    picture = desk().picture()
    believed = picture.accounts[OTHER]
    coins = replace(believed.pools[0], numeraire="SOL")
    shown = replace(believed.report.pools[0], equity_usd=None, required_usd=None)
    changed = replace(believed, pools=(coins,), report=replace(believed.report, pools=(shown,)))
    cell = only(stress(replace(picture, accounts={**picture.accounts, OTHER: changed}), own(BTC=-0.1)))
    row = next(row for row in cell.pools if row.key == THEIRS)
    assert (row.equity_usd, row.loss_usd, cell.accounts[OTHER].loss_usd) == (None, None, None)
    assert cell.groups["desk"].ratio.state is State.UNKNOWN


def test_where_a_ratio_is_not_known_neither_is_a_loss() -> None:
    picture = desk().picture()
    believed = picture.accounts[OTHER]
    without = replace(believed.pools[0], legs=tuple(replace(leg, tiers=None) for leg in believed.pools[0].legs))
    changed = replace(believed, pools=(without,))
    cell = only(stress(replace(picture, accounts={**picture.accounts, OTHER: changed}), own(BTC=-0.1)))
    row = next(row for row in cell.pools if row.key == THEIRS)
    assert (row.ratio.state, row.loss_usd, row.liquidated) == (State.UNKNOWN, None, None)
    assert row.equity_usd is not None


def test_a_pool_that_its_report_does_not_believe_is_not_believed() -> None:
    picture = desk().picture()
    believed = picture.accounts[OTHER]
    shown = replace(believed.report.pools[0], quality=Quality.UNKNOWN, reasons=("no mark",))
    changed = replace(believed, report=replace(believed.report, pools=(shown,)))
    report = stress(replace(picture, accounts={**picture.accounts, OTHER: changed}), own(BTC=-0.1))
    row = next(row for row in only(report).pools if row.key == THEIRS)
    assert row.ratio.reasons == ("no mark",)
