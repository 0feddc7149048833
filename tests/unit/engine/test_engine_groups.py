"""Groups in a whole engine: from events to the group's report, over a restart, and without one at no cost."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import pytest

from monitor.domain.accounts import Balance, Position, VenueAccount
from monitor.domain.canonical import digest
from monitor.domain.commands import FactsRestored
from monitor.domain.events import AccountClosed, Elapsed
from monitor.domain.group_reports import HedgeState
from monitor.domain.lines import Ratio
from monitor.domain.memory import AccountFacts
from monitor.domain.names import PoolKey
from monitor.domain.quality import Quality
from monitor.engine.engine import Engine
from monitor.engine.group_settings import GroupSettings
from monitor.engine.report import PoolContext, pool_report
from monitor.engine.terms import Terms
from monitor.engine.valuation import Priced, needs_of
from monitor.margin.pool import Leg, Pool, Stage
from monitor.margin.prices import Prices
from tests.unit.engine.results import position as solved
from tests.unit.engine.results import result
from tests.unit.engine.situations import (
    LONG,
    MAIN,
    OTHER,
    T,
    config,
    engine,
    held,
    reading,
    report,
    started,
    tick,
    usdt,
)

LONG_LEG, SHORT_LEG = held("BTCUSDT", 1.0, 59_000.0), held("BTCUSDT", -1.0, 59_000.0)
LATER = T + 3_600.0


def desk(detect_after_seconds: float = 0.0) -> Engine:
    settings = {"desk": GroupSettings(detect_after_seconds=detect_after_seconds, near_distance_ratio=0.05)}
    return engine(MAIN, OTHER, groups={MAIN: "desk", OTHER: "desk"}, group_settings=settings)


def begun(alive: Engine, long: tuple[Position, ...], short: tuple[Position, ...], at: float = T) -> None:
    alive.step([*started(*long, at=at), config(asked=at, account=OTHER), reading(*short, asked=at, account=OTHER)], at)


def test_what_two_accounts_hold_becomes_one_group() -> None:
    alive = desk()
    begun(alive, (LONG_LEG,), (SHORT_LEG,))
    (group,) = alive.groups()

    assert (group.name, group.members, group.quality) == ("desk", (MAIN, OTHER), Quality.LIVE)
    assert group.equity_usd == pytest.approx(20_000.0)
    assert group.ratio.value == pytest.approx(2 * 250.0 / 20_000.0)
    (btc,) = group.exposures
    assert (btc.net_base, btc.gross_base, btc.gross_usd) == (0.0, 2.0, 120_000.0)
    assert [hedge.state for hedge in group.hedges] == [HedgeState.HELD]


def test_a_step_gives_the_groups_that_it_changed() -> None:
    alive = desk()
    begun(alive, (LONG_LEG,), (SHORT_LEG,))
    moved = alive.step([tick("BTCUSDT", 61_000.0, T + 1)], T + 1)

    assert [group.name for group in moved.groups] == ["desk"]
    assert moved.groups[0] is alive.groups()[0]
    assert moved.groups[0].at == T + 1
    assert alive.step([Elapsed(T + 1.5)], T + 1.5).groups == ()


def test_equal_steps_give_the_same_groups_to_the_byte() -> None:
    def digests() -> list[bytes]:
        alive, found = desk(), []
        begun(alive, (LONG_LEG,), (SHORT_LEG,))
        for second, price in enumerate((61_000.0, 66_000.0, 30_000.0), 1):
            step = alive.step([tick("BTCUSDT", price, T + second)], T + second)
            found.append(digest((*step.reports, *step.groups)))
        return found

    first = digests()
    assert first == digests()
    assert len(set(first)) == 3


def test_a_group_that_is_older_than_its_members_is_owed_a_step() -> None:
    alive = engine(MAIN, OTHER, groups={MAIN: "desk", OTHER: "desk"}, lines_every_seconds=0.05)
    begun(alive, (LONG_LEG,), (SHORT_LEG,))
    result = alive.step([tick("BTCUSDT", 61_000.0, T + 0.02)], T + 0.02)
    for _ in range(5):
        assert result.due is not None
        result = alive.step([], result.due + 0.001)
        if result.groups:
            break

    assert alive.groups()[0].exposures[0].gross_usd == pytest.approx(122_000.0)


def test_without_groups_a_step_gives_none() -> None:
    alive = engine(MAIN)
    assert alive.step(started(LONG_LEG), T).groups == ()
    assert alive.groups() == ()


def test_an_account_that_is_closed_leaves_its_group() -> None:
    alive = desk()
    begun(alive, (LONG_LEG,), (SHORT_LEG,))
    alive.step([AccountClosed(OTHER, T + 1)], T + 1)

    assert alive.groups()[0].members == (MAIN,)


def saved(*positions: Position) -> tuple[AccountFacts, ...]:
    alive = desk()
    begun(alive, positions[:1], positions[1:])
    return alive.facts_changed()


def test_a_leg_that_vanished_while_the_monitor_was_down_is_told_once_it_is_sure() -> None:
    alive = desk()
    alive.step([FactsRestored(accounts=saved(LONG_LEG, SHORT_LEG), volatility=(), at=LATER)], LATER)
    begun(alive, (LONG_LEG,), (), at=LATER)
    assert alive.groups()[0].hedges == (), "one reading that misses it does not prove it"

    alive.step([reading(account=OTHER, asked=LATER + 15)], LATER + 15)
    (hedge,) = alive.groups()[0].hedges
    assert hedge.state is HedgeState.BROKEN
    assert hedge.text == (
        "BTCUSDT short at paper/other is gone (was 1 BTC): it was closed while the monitor was not running; "
        "1 BTC (60,000 USD) long unhedged"
    )


def test_a_hedge_that_is_whole_after_a_restart_is_watched_at_once() -> None:
    alive = desk(detect_after_seconds=300.0)
    alive.step([FactsRestored(accounts=saved(LONG_LEG, SHORT_LEG), volatility=(), at=LATER)], LATER)
    begun(alive, (LONG_LEG,), (SHORT_LEG,), at=LATER)

    assert [hedge.state for hedge in alive.groups()[0].hedges] == [HedgeState.HELD]


def test_what_may_leave_an_account_is_what_the_venue_says_of_its_assets() -> None:
    alive = engine(MAIN)
    alive.step(started(LONG_LEG), T)
    assert report(alive).withdrawable_usd is None
    assert report(alive).withdrawable_reason == "the venue does not say what may be withdrawn of USDT"

    told: Balance = replace(usdt(10_000.0), withdrawable=2_500.0)
    alive.step([reading(LONG_LEG, balances=(told,), asked=T + 15)], T + 15)
    assert (report(alive).withdrawable_usd, report(alive).withdrawable_reason) == (2_500.0, "")


def test_what_may_leave_an_account_may_be_said_of_the_whole() -> None:
    alive = engine(MAIN)
    alive.step(started(LONG_LEG), T)
    alive.step([reading(LONG_LEG, asked=T + 15, venue=VenueAccount(withdrawable=1_000.0))], T + 15)

    assert report(alive).withdrawable_usd == 1_000.0


# What a pool requires over its threshold


def _required(ratio: Ratio, equity: float | None, maintenance: float | None, threshold: float) -> float | None:
    leg = Leg(symbol="BTCUSDT", side=LONG, quantity=1.0, entry=100.0, base="BTC", quote="USDT", settle="USDT")
    pool = Pool(
        key=PoolKey(*MAIN, "cross:USDT"), numeraire="USDT", legs=(leg,),
        stages=(Stage(name="liquidation", threshold=threshold),),
    )  # fmt: skip
    found = result(100.0, ratio, equity_usd=equity, maintenance_margin_usd=maintenance)
    priced = Priced(pool, needs_of(pool, Prices()), result=found)
    return pool_report(priced, PoolContext(findings=(), as_of=T)).required_usd


@pytest.mark.parametrize(
    ("ratio", "equity", "maintenance", "required"),
    [
        (Ratio.of(0.5), 200.0, 95.0, 100.0),
        (Ratio.of(0.0), -5.0, 0.0, 0.0),
        (Ratio.of(inf), -5.0, 95.0, 100.0),
        (Ratio.of(inf), -5.0, None, None),
        (Ratio.of(0.5), None, 95.0, None),
        (Ratio.unknown("no tiers"), 200.0, None, None),
    ],
)
def test_what_is_required_is_over_the_threshold_of_the_liquidation_stage(
    ratio: Ratio, equity: float | None, maintenance: float | None, required: float | None
) -> None:
    assert _required(ratio, equity, maintenance, threshold=0.95) == required


# How many coins a position moves with


@pytest.mark.parametrize(
    ("terms", "base", "usd"),
    [
        (Terms(coins_per_unit=1000.0), 1_000.0, 60_000.0),
        (Terms(coins_per_unit=1.0, inverse=True), 1.0 / 60_000.0, 60_000.0),
        (Terms(), None, 60_000.0),
        (Terms(option=True), None, None),
    ],
)
def test_a_position_in_coins_and_in_usd(terms: Terms, base: float | None, usd: float | None) -> None:
    position = solved(60_000.0)

    assert terms.exposure_base(position) == base
    assert terms.exposure_usd(position) == usd
    assert terms.exposure_usd(replace(position, quantity=-1.0)) == (None if usd is None else -usd)
    assert terms.exposure_usd(replace(position, notional_usd=None)) is None


def test_an_inverse_position_without_a_mark_is_no_number_of_coins() -> None:
    assert Terms(coins_per_unit=1.0, inverse=True).exposure_base(solved(None)) is None
