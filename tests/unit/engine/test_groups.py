"""Groups: what accounts over venues come to together, and what is said of them while one is not known."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import pytest

from monitor.domain.lines import LIQUIDATABLE, NEVER, Direction, Line, Ratio, State
from monitor.domain.names import PoolKey
from monitor.domain.quality import Quality
from monitor.domain.reports import CollateralReport
from monitor.engine.groups import Groups
from monitor.engine.settings import EngineSettings
from tests import sample_reports as sample
from tests.unit.engine.group_situations import DARK, NOW, ONE, THREE, TWO, Desk, at, held, member, pool, unseen

DOWN, UP = Direction.DOWN, Direction.UP


def test_without_groups_there_is_nothing_and_nothing_is_worked_out() -> None:
    groups = Groups(EngineSettings(accounts=(ONE,), groups={ONE: ""}), lambda _: ())

    assert groups.update([member(ONE, held(1.0))], (), NOW) == ()
    assert groups.reports() == ()


def test_sums_are_over_the_primary_pools_of_all_members() -> None:
    view_of_it = pool(held(1.0), owner=ONE, name="view", primary=False)
    desk = Desk()
    report = desk.see(
        sample.account(pool(held(1.0), owner=ONE), view_of_it, key=ONE),
        member(TWO, held(-1.0), equity_usd=5_000.0, maintenance_margin_usd=2_000.0, required_usd=2_500.0),
    )

    assert report.members == (ONE, TWO)
    assert report.quality is Quality.LIVE
    assert (report.equity_usd, report.maintenance_margin_usd, report.required_usd) == (15_000.0, 3_000.0, 3_500.0)
    assert report.ratio == Ratio.of(3_500.0 / 15_000.0)


def test_the_ratio_is_that_of_requirements_over_their_thresholds() -> None:
    # Two pools that are each exactly at liquidation: one at a threshold of 1, one at 0.95.
    report = Desk().see(
        member(ONE, held(1.0), equity_usd=100.0, maintenance_margin_usd=100.0, required_usd=100.0),
        member(TWO, held(1.0), equity_usd=100.0, maintenance_margin_usd=95.0, required_usd=100.0),
    )

    assert report.ratio == Ratio.of(1.0)


def test_without_equity_and_with_something_open_the_ratio_is_without_bound() -> None:
    broke = member(ONE, held(1.0), equity_usd=-20_000.0, ratio=Ratio.of(inf))

    assert Desk().see(broke, member(TWO)).ratio == Ratio.of(inf)


def test_without_equity_and_with_nothing_open_the_ratio_is_zero() -> None:
    empty = {"equity_usd": 0.0, "required_usd": 0.0, "maintenance_margin_usd": 0.0, "ratio": Ratio.of(0.0)}

    assert Desk().see(member(ONE, **empty), member(TWO, **empty)).ratio == Ratio.of(0.0)


def test_one_unknown_member_makes_the_ratio_unknown_and_is_named() -> None:
    report = Desk().see(member(ONE, held(1.0)), unseen(TWO))

    assert report.ratio == Ratio.unknown("beta/two: no fresh data")
    assert report.quality is Quality.UNKNOWN
    assert report.reasons == ("beta/two: no fresh data",)
    assert (report.equity_usd, report.maintenance_margin_usd, report.required_usd) == (None, None, None)


def test_before_a_member_was_read_the_group_is_unknown() -> None:
    report = Desk().see(member(ONE))

    assert report.ratio == Ratio.unknown("beta/two: not read yet")
    assert [each.reason for each in report.free] == ["", "not read yet"]


def test_a_member_that_is_unknown_without_a_reason_is_one_that_was_not_read() -> None:
    report = Desk().see(member(ONE), replace(unseen(TWO), reasons=()))

    assert report.ratio == Ratio.unknown("beta/two: not read yet")


@pytest.mark.parametrize(
    ("figure", "words"), [("equity_usd", "equity"), ("required_usd", "requirement"), ("maintenance_margin_usd", "")]
)
def test_a_sum_without_a_usd_price_is_unknown_and_says_which_pool_lacks_it(figure: str, words: str) -> None:
    report = Desk().see(member(ONE), member(TWO, **{figure: None}))

    if words:
        assert report.ratio == Ratio.unknown(f"beta/two: cross:USDT: its {words} in USD is not known")
        assert report.quality is Quality.UNKNOWN
    else:
        assert report.ratio == Ratio.of(0.1)
        assert report.maintenance_margin_usd is None
    assert getattr(report, figure) is None


def test_a_stale_member_makes_the_group_stale_and_keeps_its_last_figures() -> None:
    stale = replace(member(TWO), quality=Quality.STALE, reasons=("the mark is 9 s old",))
    report = Desk().see(member(ONE), stale)

    assert report.quality is Quality.STALE
    assert report.equity_usd == 20_000.0
    assert report.reasons == ("beta/two: the mark is 9 s old",)


def test_the_worst_pool_stands_beside_the_ratio_with_its_nearest_line() -> None:
    near = member(TWO, held(1.0), ratio=Ratio.of(0.7), coins={"BTC": at(57_000.0)})
    report = Desk().see(member(ONE, held(1.0)), near)

    assert report.worst is not None
    assert report.worst.key == PoolKey(*TWO, "cross:USDT")
    assert report.worst.ratio == Ratio.of(0.7)
    assert report.worst.nearest.distance_ratio == pytest.approx(0.05)


def test_a_pool_that_is_not_known_is_worse_than_one_that_is_safe() -> None:
    dark = pool(owner=TWO, ratio=Ratio.unknown("no tiers"), quality=Quality.UNKNOWN, equity_usd=None)
    report = Desk().see(member(ONE, held(1.0)), sample.account(dark, key=TWO, quality=Quality.UNKNOWN, reasons=DARK))

    assert report.worst is not None
    assert report.worst.key.owner == TWO


def test_without_any_pool_there_is_no_worst_one() -> None:
    report = Desk().see(sample.account(key=ONE), sample.account(key=TWO))

    assert report.worst is None
    assert report.nearest_coin is report.nearest_market is None


def test_lines_are_the_nearest_of_all_pools_by_coin_and_direction() -> None:
    report = Desk().see(
        member(ONE, held(1.0), coins={"BTC": at(45_000.0)}, market={DOWN: Line(State.AT, None, 0.3), UP: NEVER}),
        member(TWO, held(-1.0), coins={"BTC": at(66_000.0), "ETH": at(54_000.0)},
               market={DOWN: NEVER, UP: Line(State.AT, None, 0.2)}),
    )  # fmt: skip

    assert {(coin, way): each.pool.owner for coin, sides in report.coins.items() for way, each in sides.items()} == {
        ("BTC", DOWN): ONE, ("BTC", UP): TWO, ("ETH", DOWN): TWO, ("ETH", UP): TWO,
    }  # fmt: skip
    assert {way: each.pool.owner for way, each in report.market.items()} == {DOWN: ONE, UP: TWO}
    assert report.nearest_market is not None
    assert report.nearest_market.line.distance_ratio == 0.2
    assert report.nearest_coin is not None
    assert (report.nearest_coin.coin, report.nearest_coin.direction) in {("BTC", UP), ("ETH", DOWN)}


def test_a_line_that_is_known_is_not_hidden_by_one_that_is_not() -> None:
    dark = {DOWN: Line.unknown("no mark"), UP: Line.unknown("no mark")}
    report = Desk().see(member(ONE, coins={"BTC": at(54_000.0)}), member(TWO, coins={"BTC": dark}, market=dark))

    assert report.coins["BTC"][DOWN].pool.owner == ONE
    assert report.coins["BTC"][UP].line == NEVER


def test_liquidatable_now_is_nearer_than_any_line() -> None:
    gone = {DOWN: LIQUIDATABLE, UP: LIQUIDATABLE}
    report = Desk().see(member(ONE, coins={"BTC": at(59_999.0)}), member(TWO, coins={"BTC": gone}, market=gone))

    assert report.coins["BTC"][DOWN].pool.owner == TWO
    assert report.needs[0].pool.owner == TWO
    assert report.needs[0].add_usd is None


def test_exposures_are_summed_over_accounts_by_coin() -> None:
    report = Desk().see(
        member(ONE, held(1.5), held(-0.5, "BTCUSD_PERP"), held(3.0, "ETHUSDT", "ETH")), member(TWO, held(-1.0))
    )
    btc, eth = report.exposures

    assert (btc.coin, btc.net_base, btc.gross_base) == ("BTC", 0.0, 3.0)
    assert (btc.net_usd, btc.gross_usd) == (0.0, 180_000.0)
    assert [(each.account, each.net_base, each.gross_base) for each in btc.by_account] == [
        (ONE, 1.0, 2.0), (TWO, -1.0, 1.0),
    ]  # fmt: skip
    assert (eth.coin, eth.net_base) == ("ETH", 3.0)


def test_a_position_of_which_nobody_knows_what_it_moves_with_makes_the_coins_sums_unknown() -> None:
    option = held(1.0, "BTC-29MAR30-90000-C", exposure_base=None, exposure_usd=None)
    report = Desk().see(member(ONE, held(1.0), held(2.0, "ETHUSDT", "ETH")), member(TWO, option))
    btc, eth = report.exposures

    assert (btc.net_usd, btc.gross_usd, btc.net_base, btc.gross_base) == (None, None, None, None)
    assert btc.reasons == ("beta/two: what BTC-29MAR30-90000-C long moves with BTC is not known",)
    assert btc.by_account[0].net_base == 1.0, "what is known of the other account stays"
    assert eth.net_base == 2.0


def test_where_only_the_coins_are_not_known_the_usd_are() -> None:
    quanto = held(1.0, "ETHUSD_Q", "ETH", exposure_base=None)
    (eth,) = Desk().see(member(ONE, quanto), member(TWO)).exposures

    assert (eth.net_base, eth.net_usd) == (None, 60_000.0)


def test_while_a_member_is_unknown_so_are_all_exposures() -> None:
    (btc,) = Desk().see(member(ONE, held(1.0)), unseen(TWO)).exposures

    assert (btc.net_usd, btc.net_base, btc.held_usd) == (None, None, None)
    assert btc.reasons == ("beta/two: no fresh data",)


def test_coins_that_back_a_pool_or_are_owed_stand_beside_the_positions() -> None:
    def backing(asset: str, amount: float, price: float | None, *, stable: bool = False) -> CollateralReport:
        return CollateralReport(
            asset=asset, amount=amount, value_usd=None, share_ratio=None, price_usd=price, stable=stable
        )

    report = Desk().see(
        member(ONE, held(-1.0), collateral=(backing("BTC", 1.0, 60_000.0), backing("USDT", 5.0, 1.0, stable=True))),
        member(TWO, collateral=(backing("BTC", -0.25, 60_000.0), backing("SOL", 3.0, None))),
    )
    btc, sol = report.exposures

    assert (btc.net_base, btc.held_base, btc.held_usd) == (-1.0, 0.75, 45_000.0)
    assert (sol.coin, sol.net_usd, sol.held_base, sol.held_usd) == ("SOL", 0.0, 3.0, None)


def test_what_may_leave_and_where_it_is_needed() -> None:
    report = Desk(ONE, TWO, THREE).see(
        replace(member(ONE), withdrawable_usd=4_000.0),
        replace(member(TWO, coins={"BTC": at(57_000.0)}, advice_add_usd=700.0), withdrawable_reason="it does not say"),
        replace(member(THREE, coins={"BTC": at(59_000.0)}, advice_add_usd=900.0), withdrawable_usd=0.0),
    )

    assert [(each.account, each.usd, each.reason) for each in report.free] == [
        (ONE, 4_000.0, ""), (TWO, None, "it does not say"), (THREE, 0.0, ""),
    ]  # fmt: skip
    assert report.free_usd is None
    assert [(need.pool.owner, need.add_usd) for need in report.needs] == [(THREE, 900.0), (TWO, 700.0)]


def test_what_may_leave_an_account_that_is_not_known_is_not_known_either() -> None:
    report = Desk().see(member(ONE), replace(unseen(TWO), withdrawable_usd=4_000.0))

    assert report.free[1].usd is None
    assert report.free[1].reason == "the account is not known now"


def test_only_groups_of_which_a_member_reported_are_worked_out_anew() -> None:
    settings = EngineSettings(
        accounts=(ONE, TWO, THREE), groups={ONE: "a", TWO: "b", THREE: "b"}, lines_every_seconds=0.0
    )
    groups = Groups(settings, lambda _: ())
    groups.update([], (), NOW)
    before = groups.reports()
    assert [report.name for report in before] == ["a", "b"]

    (new,) = groups.update([member(ONE)], (), NOW + 1.0)
    assert new.name == "a"
    assert groups.reports()[0] is new
    assert groups.reports()[1] is before[1]

    shown = groups.reports()
    assert groups.update([], (), NOW + 2.0) == ()
    assert groups.reports() is shown


def test_a_group_is_worked_out_no_more_often_than_wanted_and_never_forgotten() -> None:
    settings = EngineSettings(accounts=(ONE, TWO), groups={ONE: "a", TWO: "a"}, lines_every_seconds=0.05)
    groups = Groups(settings, lambda _: ())
    groups.update([member(ONE)], (), NOW)
    assert groups.due() == inf

    assert groups.update([member(TWO)], (), NOW + 0.02) == ()
    assert groups.due() == pytest.approx(NOW + 0.05)
    (late,) = groups.update([], (), NOW + 0.06)
    assert late.quality is Quality.LIVE
    assert groups.due() == inf

    assert groups.update([member(ONE)], (), NOW - 60.0) != (), "the clock was set back"
    assert groups.update([member(ONE)], [ONE], NOW - 59.99)[0].members == (TWO,)


def test_a_large_group_waits_longer_so_that_it_costs_no_more() -> None:
    settings = EngineSettings(accounts=(ONE,), groups={ONE: "a"}, lines_every_seconds=0.05, legs_per_step=2)
    groups = Groups(settings, lambda _: ())
    many = member(ONE, *(held(1.0, f"C{number}USDT", f"C{number}") for number in range(6)))
    groups.update([many], (), NOW)
    groups.update([many], (), NOW + 0.01)

    assert groups.due() == pytest.approx(NOW + 0.15)


def test_an_account_in_no_group_changes_none() -> None:
    desk = Desk()
    before = desk.see(member(ONE), member(TWO))

    assert desk.see(member(THREE)) is before


def test_a_closed_account_leaves_its_group_and_the_last_one_ends_it() -> None:
    desk = Desk()
    desk.see(member(ONE), member(TWO))

    assert desk.see(closed=[TWO, THREE]).members == (ONE,)
    assert desk.groups.update([], [ONE], NOW + 9.0) == ()
    assert desk.groups.reports() == ()
    assert desk.groups.update([], (), NOW + 10.0) == ()


def test_of_two_groups_one_may_end() -> None:
    settings = EngineSettings(accounts=(ONE, TWO), groups={ONE: "a", TWO: "b"})
    groups = Groups(settings, lambda _: ())
    groups.update([], (), NOW)
    groups.update([], [ONE], NOW + 1.0)

    assert [report.name for report in groups.reports()] == ["b"]
