"""Reports from results."""

from __future__ import annotations

import math
from typing import Any

import pytest

from monitor.domain.lines import Direction, Ratio, State
from monitor.domain.names import PoolKey, PositionKey
from monitor.domain.quality import Quality
from monitor.domain.reports import PoolReport
from monitor.engine.accounts import AccountState
from monitor.engine.health import Finding
from monitor.engine.reconcile import Reconciliation
from monitor.engine.report import PoolContext, account_ratio, account_report, pool_report
from monitor.engine.valuation import Priced, needs_of
from monitor.margin.pool import Debt, Holding, Leg, Pool, ScenarioGrid
from monitor.margin.prices import Prices
from monitor.margin.results import PoolResult
from tests.unit.engine.results import SAFE, SOLVED, result
from tests.unit.engine.situations import LONG, MAIN, SHORT, T

LEG = Leg(symbol="BTCUSDT", side=LONG, quantity=1.0, entry=100.0, base="BTC", quote="USDT", settle="USDT")
ORDER = Leg(symbol="ETHUSDT", side=SHORT, quantity=-1.0, entry=9.0, base="ETH", quote="USDT", settle="USDT", order=True)
NOTHING = PoolContext(findings=(), as_of=T)


def priced(found: PoolResult | None = SOLVED, name: str = "cross:USDT", **more: object) -> Priced:
    pool = Pool(key=PoolKey(*MAIN, name), numeraire="USDT", legs=(LEG, ORDER), **more)  # type: ignore[arg-type]
    return Priced(pool, needs_of(pool, Prices()), result=found)


def named(name: str, ratio: Ratio, primary: bool = True) -> PoolReport:
    return pool_report(priced(result(100.0, ratio), name, primary=primary), NOTHING)


class TestPools:
    def test_without_findings_it_is_live(self) -> None:
        report = pool_report(priced(), NOTHING)
        assert (report.quality, report.reasons, report.as_of) == (Quality.LIVE, (), T)
        assert report.equity_usd == 30.0
        assert set(report.market) == set(Direction)
        assert report.positions[0].coin == "BTC"

    def test_what_nothing_has_changed_of_is_the_very_same_report(self) -> None:
        one = priced()
        before = pool_report(one, NOTHING)
        assert pool_report(one, PoolContext(findings=(), as_of=T)) is before
        older = pool_report(one, PoolContext(findings=(), as_of=T + 1))
        assert (older.as_of, older.positions) == (T + 1, before.positions)
        assert older.positions is before.positions, "only its age has changed"
        assert pool_report(one, PoolContext(findings=(), as_of=T + 1)) is older

    @pytest.mark.parametrize(
        "change",
        [
            {"findings": (Finding(Quality.PARTIAL, "why"),)},
            {"suspects": frozenset({PositionKey("BTCUSDT", LONG)})},
            {"reconciliation": Reconciliation(drift={"equity": 0.1})},
            {"sigma": lambda _: 0.05, "sigmas_version": 1},
        ],
        ids=lambda change: next(iter(change)),
    )
    def test_whatever_it_says_beside_the_figures_makes_it_another(self, change: dict[str, Any]) -> None:
        one = priced()
        before = pool_report(one, NOTHING)
        assert pool_report(one, PoolContext(**{"findings": (), "as_of": T, **change})) != before

    def test_new_figures_or_advice_make_it_another(self) -> None:
        one = priced()
        before = pool_report(one, NOTHING)
        one.advice = (5.0, "add 5 USDT")
        assert pool_report(one, NOTHING).advice_add_usd == 5.0
        one.result = result(90.0, SAFE)
        assert pool_report(one, NOTHING).positions[0].mark_price == 90.0
        one.result, one.trouble = None, ("it would not be computed",)
        assert pool_report(one, NOTHING).quality is Quality.UNKNOWN
        assert before.quality is Quality.LIVE

    @pytest.mark.parametrize(
        ("quality", "shown"), [(Quality.PARTIAL, True), (Quality.STALE, True), (Quality.UNKNOWN, False)]
    )
    def test_only_what_is_unknown_loses_its_figures(self, quality: Quality, shown: bool) -> None:
        context = PoolContext(
            findings=(Finding(quality, "why"),), as_of=T, held=frozenset({PositionKey("BTCUSDT", LONG)})
        )
        report = pool_report(priced(), context)
        assert (report.quality, report.reasons) == (quality, ("why",))
        assert (report.ratio.state is State.AT) is shown
        assert (report.equity_usd is not None) is shown
        (position,) = report.positions
        assert (position.mark_price is not None) is shown
        assert position.quantity == 1.0
        assert (position.line.state is State.AT) is shown

    def test_a_silent_pool_shows_only_positions_that_are_held(self) -> None:
        report = pool_report(priced(None), NOTHING)
        assert report.positions == ()

    def test_a_failure_of_description_or_kernel_is_its_reason(self) -> None:
        broken = priced(None)
        broken.failure, broken.trouble = ("cash = inf",), ("no result",)
        report = pool_report(broken, NOTHING)
        assert (report.quality, report.reasons) == (Quality.UNKNOWN, ("cash = inf", "no result"))
        assert report.ratio == Ratio.unknown("cash = inf", "no result")
        assert report.stages["liquidation"].state is State.UNKNOWN

    def test_an_unknown_ratio_makes_the_pool_unknown_but_keeps_what_is_known(self) -> None:
        report = pool_report(priced(result(100.0, Ratio.unknown("no tiers"), unknown=("no tiers",))), NOTHING)
        assert report.quality is Quality.UNKNOWN
        assert report.reasons == ("no tiers", "no margin ratio can be computed")
        assert report.equity_usd == 30.0

    def test_what_lacks_beside_a_known_ratio_is_partial(self) -> None:
        report = pool_report(priced(result(100.0, SAFE, unknown=("no volatility",))), NOTHING)
        assert (report.quality, report.reasons) == (Quality.PARTIAL, ("no volatility",))

    def test_reasons_of_the_description_an_assumed_dollar_and_disagreements_are_partial(self) -> None:
        context = PoolContext(findings=(), as_of=T, reconciliation=Reconciliation(disagreements=("we differ",)))
        report = pool_report(priced(result(100.0, SAFE, usd_assumed=True), reasons=("guessed",)), context)
        assert report.quality is Quality.PARTIAL
        assert report.reasons == ("guessed", "we differ", "USDT is counted as 1 USD: no index price of it")

    def test_what_was_found_against_the_venue_stands_with_its_position_and_pool(self) -> None:
        key = PositionKey("BTCUSDT", LONG)
        found = Reconciliation(
            contradictions={"equity": "0 or 30"}, verdicts={key: "none or 50"}, tolerances={key: 0.02}
        )
        report = pool_report(priced(), PoolContext(findings=(), as_of=T, reconciliation=found))
        (held,) = report.positions
        assert (held.drift_ratio, held.disagreement, held.drift_tolerance_ratio) == (None, "none or 50", 0.02)
        assert report.contradictions == {"equity": "0 or 30"}

    def test_what_was_not_compared_neither_agrees_nor_disagrees(self) -> None:
        (held,) = pool_report(priced(), NOTHING).positions
        assert (held.drift_ratio, held.disagreement, held.drift_tolerance_ratio) == (None, None, 0.0)


class TestAccounts:
    @pytest.mark.parametrize(
        ("pools", "value"),
        [
            ([], 0.0),
            ([named("a", Ratio.of(0.2)), named("b", Ratio.of(0.7))], 0.7),
            ([named("a", Ratio.of(0.2)), named("b", Ratio.of(0.7), primary=False)], 0.2),
            ([named("a", Ratio.of(0.2)), named("b", Ratio.unknown("no mark"))], None),
            ([named("a", Ratio.of(1.0)), named("b", Ratio.unknown("no mark"))], 1.0),
            ([named("a", Ratio.of(0.2)), named("b", Ratio.of(1.1), primary=False)], 1.1),
            ([named("a", Ratio.of(1.5)), named("b", Ratio.of(math.inf))], math.inf),
        ],
    )
    def test_its_ratio_is_that_of_its_worst_pool(self, pools: list[PoolReport], value: float | None) -> None:
        assert account_ratio(pools).value == value

    def test_an_unknown_ratio_says_of_which_pool(self) -> None:
        found = account_ratio([named("a", Ratio.unknown("no mark")), named("b", Ratio.of(0.1))])
        assert found.reasons == ("a: no mark",)
        assert account_ratio([named("b", Ratio.of(0.1))], unknown=("no mode",)).reasons == ("no mode",)

    def test_reasons_of_pools_are_told_with_their_pool_and_common_ones_once(self) -> None:
        common = [Finding(Quality.PARTIAL, "the user stream is down")]
        context = PoolContext(
            findings=(
                *common,
                Finding(Quality.STALE, "an old mark"),
            ),
            as_of=T,
        )
        report = account_report(AccountState(MAIN), [pool_report(priced(), context)], common, T)
        assert report.quality is Quality.STALE
        assert report.reasons == ("the user stream is down", "cross:USDT: an old mark")
        assert not report.up
        assert report.equity_usd == 30.0

    def test_equity_counts_primary_pools_and_is_unknown_if_one_of_them_is(self) -> None:
        state = AccountState(MAIN)
        two = [named("a", SAFE), named("b", SAFE), named("c", SAFE, primary=False)]
        assert account_report(state, two, [], T).equity_usd == 60.0
        assert account_report(state, [*two, pool_report(priced(None, "d"), NOTHING)], [], T).equity_usd is None
        dark = [Finding(Quality.UNKNOWN, "no mode")]
        assert account_report(state, [], dark, T).equity_usd is None


def test_what_a_pool_needs_is_what_decides_its_ratio() -> None:
    pool = Pool(
        key=PoolKey(*MAIN, "unified"),
        numeraire="USD",
        legs=(LEG, ORDER),
        holdings=(
            Holding(asset="USDT"),
            Holding(asset="BTC", amount=1.0),
            Holding(asset="XRP"),
            Holding(asset="USD", amount=5.0),
        ),
        debts=(Debt(asset="ADA", amount=1.0),),
        grids=(ScenarioGrid(asset="SOL", reference_price=1.0, moves=(0.0,), profits=((0.0,),)),),
    )
    needs = needs_of(pool, Prices())
    assert needs.symbols == ("BTCUSDT", "ETHUSDT")
    assert needs.assets == ("ADA", "BTC", "SOL", "USDT")  # XRP is neither held nor settled in
    assert needs.numeraire == "USD"
    assert [(held.key, held.coin) for held in needs.positions] == [(PositionKey("BTCUSDT", LONG), "BTC")]
    assert needs.priced_assets == needs.assets, "a dollar needs no price"
