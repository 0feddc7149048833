"""Hedge watch: what was whole, what is left of it, and what cannot be seen is neither broken nor fine."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from monitor.domain.group_reports import HedgeState
from monitor.domain.lines import LIQUIDATABLE, Direction, Ratio
from monitor.domain.names import AccountKey, Side
from monitor.domain.quality import Quality
from monitor.domain.reports import AccountReport
from monitor.engine.group_settings import HedgeLeg, HedgeSettings
from monitor.engine.hedges import Recalled, hedged_ratio
from tests import sample_reports as sample
from tests.unit.engine.group_situations import DARK, ONE, THREE, TWO, Desk, at, held, member, pool, unseen

DECLARED = HedgeSettings(
    group="desk", name="basis", legs=(HedgeLeg(account=ONE, symbol="BTCUSDT"), HedgeLeg(account=TWO, symbol="BTCUSDT"))
)
LONG, SHORT = member(ONE, held(1.0)), member(TWO, held(-1.0))
FLAT = member(TWO)


def declared(hedge: HedgeSettings = DECLARED, **more: Any) -> Desk:
    return Desk(hedges=[hedge], detect=False, **more)


@pytest.mark.parametrize(
    ("sizes", "ratio"), [((1.0, -1.0), 1.0), ((1.0, -0.6), 0.6), ((2.0, -0.5, -0.5), 0.5), ((1.0,), 0.0), ((), None)]
)
def test_the_smaller_side_over_the_larger(sizes: tuple[float, ...], ratio: float | None) -> None:
    assert hedged_ratio(sizes) == (None if ratio is None else pytest.approx(ratio))


# Declared hedges


def test_a_declared_hedge_is_held_while_both_sides_are_alike() -> None:
    desk = declared()
    desk.see(LONG, SHORT)

    assert desk.hedge.declared
    assert (desk.hedge.name, desk.hedge.coin) == ("basis", "BTC")
    assert desk.hedge.state is HedgeState.HELD
    assert (desk.hedge.net_usd, desk.hedge.net_base, desk.hedge.hedged_ratio) == (0.0, 0.0, 1.0)
    assert desk.hedge.text == "BTCUSDT long at alpha/one 60,000 USD against BTCUSDT short at beta/two 60,000 USD"
    assert [leg.naked_usd for leg in desk.hedge.legs] == [-60_000.0, 60_000.0]


@pytest.mark.parametrize(("size", "state"), [(-0.95, HedgeState.HELD), (-0.94, HedgeState.SHRANK)])
def test_one_side_may_lack_the_tolerance_and_no_more(size: float, state: HedgeState) -> None:
    desk = declared()
    desk.see(LONG, member(TWO, held(size)))

    assert desk.hedge.state is state


def test_a_hedge_may_have_a_tolerance_of_its_own() -> None:
    desk = declared(replace(DECLARED, tolerance_ratio=0.5))
    desk.see(LONG, member(TWO, held(-0.6)))

    assert desk.hedge.state is HedgeState.HELD


def test_a_leg_that_shrank_is_told_with_what_it_was() -> None:
    desk = declared()
    desk.see(LONG, SHORT)
    desk.see(member(TWO, held(-0.6)))

    assert desk.hedge.state is HedgeState.SHRANK
    assert desk.hedge.net_usd == pytest.approx(24_000.0)
    assert desk.hedge.text == (
        "60 % hedged; BTCUSDT short at beta/two went from 1 to 0.6; 0.4 BTC (24,000 USD) long unhedged"
    )


def test_a_leg_that_vanished_is_told_with_what_it_was() -> None:
    desk = declared()
    desk.see(LONG, SHORT)
    desk.see(FLAT)

    assert desk.hedge.state is HedgeState.BROKEN
    assert desk.hedge.text == "BTCUSDT short at beta/two is gone (was 1 BTC); 1 BTC (60,000 USD) long unhedged"
    assert [leg.usd for leg in desk.hedge.legs] == [60_000.0, 0.0]


def test_a_leg_that_was_never_there_is_not_open() -> None:
    desk = declared()
    desk.see(LONG, FLAT)

    assert desk.hedge.state is HedgeState.BROKEN
    assert desk.hedge.text == "BTCUSDT at beta/two is not open; 1 BTC (60,000 USD) long unhedged"


def test_what_it_was_is_what_it_was_when_it_was_whole_last() -> None:
    desk = declared()
    desk.see(LONG, SHORT)
    desk.see(member(ONE, held(2.0)), member(TWO, held(-2.0)))
    desk.see(FLAT)

    assert "is gone (was 2 BTC)" in desk.hedge.text


def test_a_hedge_of_which_both_legs_are_closed_is_over_and_begins_anew() -> None:
    desk = declared()
    desk.see(LONG, SHORT)
    desk.see(member(ONE), FLAT)
    assert desk.hedge.state is HedgeState.FLAT
    assert desk.hedge.text == "no leg is open"
    assert desk.hedge.hedged_ratio is None

    desk.see(LONG)
    assert "not open" in desk.hedge.text, "what it was before is forgotten"


def test_a_leg_may_be_one_side_of_a_symbol() -> None:
    legs = (HedgeLeg(account=ONE, symbol="BTCUSDT", side=Side.LONG), HedgeLeg(account=TWO, symbol="BTCUSDT"))
    desk = declared(replace(DECLARED, legs=legs))
    desk.see(member(ONE, held(1.0), held(-3.0)), SHORT)

    assert desk.hedge.state is HedgeState.HELD


def test_a_leg_whose_two_sides_are_open_counts_for_both() -> None:
    desk = declared()
    desk.see(member(ONE, held(3.0), held(-2.0)), SHORT)

    assert desk.hedge.legs[0].base == 1.0
    assert desk.hedge.legs[0].side is None
    assert desk.hedge.state is HedgeState.HELD


def test_a_hedge_over_two_coins_is_measured_in_usd() -> None:
    legs = (HedgeLeg(account=ONE, symbol="ETHUSDT"), HedgeLeg(account=TWO, symbol="STETHUSDT"))
    desk = declared(replace(DECLARED, legs=legs))
    long = held(20.0, "ETHUSDT", "ETH", exposure_usd=60_000.0)
    desk.see(member(ONE, long), member(TWO, held(-19.0, "STETHUSDT", "STETH", exposure_usd=-60_000.0)))

    assert (desk.hedge.coin, desk.hedge.state, desk.hedge.net_base) == ("", HedgeState.HELD, None)

    desk.see(member(TWO, held(-9.5, "STETHUSDT", "STETH", exposure_usd=-30_000.0)))
    assert desk.hedge.text == ("50 % hedged; STETHUSDT short at beta/two went from 19 to 9.5; 30,000 USD long unhedged")


def test_an_account_that_is_in_no_group_cannot_be_seen() -> None:
    legs = (HedgeLeg(account=ONE, symbol="BTCUSDT"), HedgeLeg(account=THREE, symbol="BTCUSDT"))
    desk = declared(replace(DECLARED, legs=legs))
    desk.see(LONG)

    assert desk.hedge.state is HedgeState.UNKNOWN
    assert desk.hedge.reasons == ("gamma/three: it is not in the group",)


# What cannot be seen


def test_a_member_that_is_not_known_makes_its_hedges_unknown_and_not_broken() -> None:
    desk = declared()
    desk.see(LONG, SHORT)
    desk.see(unseen(TWO))

    assert desk.hedge.state is HedgeState.UNKNOWN
    assert desk.hedge.text == "unknown: beta/two: no fresh data"
    assert (desk.hedge.net_usd, desk.hedge.hedged_ratio) == (None, None)
    assert [leg.usd for leg in desk.hedge.legs] == [60_000.0, None]


def test_what_it_was_is_kept_while_it_cannot_be_seen() -> None:
    desk = declared()
    desk.see(LONG, SHORT)
    desk.see(unseen(TWO))
    desk.see(FLAT)

    assert desk.hedge.state is HedgeState.BROKEN
    assert "(was 1 BTC)" in desk.hedge.text


@pytest.mark.parametrize("quality", [Quality.STALE, Quality.UNKNOWN])
def test_a_leg_in_a_pool_that_is_not_believed_is_unknown(quality: Quality) -> None:
    desk = declared()
    desk.see(LONG, member(TWO, held(-1.0), quality=quality, reasons=("the mark is 9 s old",)))

    assert desk.hedge.reasons == ("beta/two: the mark is 9 s old",)

    desk.see(member(TWO, held(-1.0), quality=quality))
    assert desk.hedge.reasons == (f"beta/two: cross:USDT is {quality}",)


def test_what_ails_another_pool_of_an_account_does_not_hide_that_a_leg_is_gone() -> None:
    desk = declared()
    desk.see(LONG, SHORT)
    stale = pool(held(3.0, "ETHUSDT", "ETH"), owner=TWO, name="isolated:ETHUSDT:long", quality=Quality.STALE)
    desk.see(sample.account(pool(owner=TWO), stale, key=TWO, quality=Quality.STALE, up=False, reasons=DARK))

    assert desk.hedge.state is HedgeState.BROKEN


def test_an_option_as_a_leg_is_unknown() -> None:
    desk = declared()
    desk.see(LONG, member(TWO, held(-1.0, exposure_base=None, exposure_usd=None)))

    assert desk.hedge.reasons == ("beta/two: what BTCUSDT short moves with BTC is not known",)


# Near liquidation


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"ratio": Ratio.of(0.5)}, "margin ratio 50 %"),
        ({"coins": {"BTC": at(51_000.0)}}, "a line 15 % away"),
        ({"ratio": Ratio.of(0.62), "coins": {"BTC": at(66_000.0)}}, "margin ratio 62 %, a line 10 % away"),
        ({"ratio": Ratio.of(1.5), "coins": {"BTC": {Direction.UP: LIQUIDATABLE}}},
         "margin ratio 150 %, liquidatable now"),
    ],
)  # fmt: skip
def test_a_leg_whose_pool_is_near_liquidation_says_who_would_be_left_naked(
    changed: dict[str, object], why: str
) -> None:
    desk = declared()
    desk.see(LONG, member(TWO, held(-1.0), **changed))
    (leg,) = desk.hedge.near

    assert desk.hedge.state is HedgeState.NEAR
    assert leg.account == TWO
    assert leg.naked_usd == 60_000.0
    assert desk.hedge.text.endswith(
        f"; cross:USDT at beta/two is near liquidation ({why}): BTCUSDT long at alpha/one would be left naked, "
        "60,000 USD long"
    )


def test_a_leg_that_is_further_than_the_thresholds_is_not_near() -> None:
    desk = declared()
    desk.see(LONG, member(TWO, held(-1.0), ratio=Ratio.of(0.499), coins={"BTC": at(50_900.0), "ETH": at(59_000.0)}))

    assert desk.hedge.state is HedgeState.HELD


def test_the_other_leg_may_be_known_to_be_near_while_one_is_unknown() -> None:
    desk = declared()
    desk.see(member(ONE, held(1.0), ratio=Ratio.of(0.7)), unseen(TWO))
    (leg,) = desk.hedge.near

    assert desk.hedge.state is HedgeState.UNKNOWN
    assert leg.naked_usd is None


def test_of_a_pool_that_is_not_believed_nobody_says_that_it_is_near() -> None:
    desk = declared()
    desk.see(LONG, member(TWO, held(-1.0), ratio=Ratio.of(0.9), quality=Quality.STALE))

    assert desk.hedge.near == ()


def test_a_hedge_that_shrank_may_be_near_too() -> None:
    desk = declared()
    desk.see(LONG, member(TWO, held(-0.5), ratio=Ratio.of(0.9)))

    assert desk.hedge.state is HedgeState.SHRANK
    assert desk.hedge.near


# Hedges that nobody declared


def test_positions_that_hold_each_other_for_a_while_are_a_hedge() -> None:
    desk = Desk(detect_after_seconds=60.0)
    desk.see(LONG, SHORT)
    assert desk.report.hedges == ()
    desk.see(SHORT, after=59.0)
    assert desk.report.hedges == ()
    desk.see(after=1.0)
    assert (desk.hedge.name, desk.hedge.declared, desk.hedge.state) == ("BTC", False, HedgeState.HELD)


def test_nobody_needs_to_report_for_the_time_to_pass() -> None:
    desk = Desk(detect_after_seconds=60.0)
    before = desk.see(LONG, SHORT)

    assert desk.see(after=30.0) is before
    assert desk.see(after=30.0) is not before
    assert desk.hedge.state is HedgeState.HELD


def test_positions_that_stop_holding_each_other_begin_anew() -> None:
    desk = Desk(detect_after_seconds=60.0)
    desk.see(LONG, SHORT)
    desk.see(member(TWO, held(-0.2)), after=30.0)
    desk.see(SHORT, after=20.0)
    desk.see(SHORT, after=50.0)

    assert desk.report.hedges == ()


def test_a_clock_that_is_set_back_does_not_stop_the_finding() -> None:
    desk = Desk(detect_after_seconds=60.0)
    desk.see(LONG, SHORT)
    desk.see(SHORT, after=-3600.0)
    desk.see(SHORT, after=60.0)

    assert desk.hedge.state is HedgeState.HELD


def test_while_a_leg_cannot_be_seen_no_hedge_is_found_and_none_begins_anew() -> None:
    desk = Desk(detect_after_seconds=60.0)
    desk.see(LONG, SHORT)
    dark = desk.see(unseen(TWO, pool(held(-1.0), owner=TWO, quality=Quality.UNKNOWN)), after=70.0)
    assert dark.hedges == ()
    assert desk.see() is dark, "nor is it worked out again and again"

    desk.see(SHORT, after=1.0)
    assert desk.hedge.state is HedgeState.HELD


@pytest.mark.parametrize(
    "reports",
    [
        (member(ONE, held(1.0), held(-1.0, "BTCUSD_PERP")), member(TWO)),
        (member(ONE, held(1.0)), member(TWO, held(1.0))),
        (member(ONE, held(1.0)), member(TWO, held(-0.5))),
        (member(ONE, held(1.0)), member(TWO, held(-1.0, "ETHUSDT", "ETH"))),
    ],
    ids=["within one account", "the same way", "half of it", "another coin"],
)
def test_what_is_no_hedge_over_accounts_is_not_found(reports: tuple[AccountReport, ...]) -> None:
    desk = Desk()
    desk.see(*reports)
    desk.see(*reports)

    assert desk.report.hedges == ()


def test_an_option_on_the_coin_hides_no_hedge() -> None:
    option = held(1.0, "BTC-29MAR30-90000-C", exposure_base=None, exposure_usd=None)
    desk = Desk()
    desk.see(member(ONE, held(1.0), option), SHORT)

    assert desk.hedge.state is HedgeState.HELD
    assert [leg.symbol for leg in desk.hedge.legs] == ["BTCUSDT", "BTCUSDT"]


def test_nothing_is_found_where_the_user_wants_none() -> None:
    desk = Desk(detect=False)
    desk.see(LONG, SHORT)

    assert desk.report.hedges == ()


def test_what_is_declared_is_not_found_a_second_time() -> None:
    desk = Desk(hedges=[DECLARED])
    desk.see(LONG, SHORT)

    assert [hedge.name for hedge in desk.report.hedges] == ["basis"]


def test_a_hedge_that_was_found_breaks_when_a_leg_vanishes_or_shrinks() -> None:
    desk = Desk()
    desk.see(LONG, SHORT)
    desk.see(member(TWO, held(-0.6)))
    smaller = desk.hedge
    desk.see(FLAT)

    assert smaller.state is HedgeState.SHRANK
    assert desk.hedge.state is HedgeState.BROKEN
    assert desk.hedge.text == "BTCUSDT short at beta/two is gone (was 1 BTC); 1 BTC (60,000 USD) long unhedged"


def test_a_hedge_without_coins_is_measured_in_usd() -> None:
    desk = Desk()
    desk.see(member(ONE, held(1.0, exposure_base=None)), SHORT)

    assert desk.hedge.state is HedgeState.HELD
    assert desk.hedge.net_base is None


def test_another_position_of_the_coin_may_take_the_place_of_a_leg() -> None:
    desk = Desk(ONE, TWO, THREE)
    desk.see(LONG, SHORT, member(THREE))
    desk.see(FLAT, member(THREE, held(-1.0)))

    assert desk.hedge.state is HedgeState.HELD
    assert [leg.account for leg in desk.hedge.legs] == [ONE, THREE]


def test_a_position_that_holds_nothing_does_not_break_what_holds() -> None:
    desk = Desk(ONE, TWO, THREE)
    desk.see(LONG, SHORT, member(THREE))
    desk.see(member(THREE, held(5.0)))

    assert desk.hedge.state is HedgeState.HELD
    assert [leg.account for leg in desk.hedge.legs] == [ONE, TWO]


def test_a_hedge_that_was_found_is_over_when_all_its_legs_are_closed() -> None:
    desk = Desk()
    desk.see(LONG, SHORT)
    desk.see(member(ONE), FLAT)

    assert desk.report.hedges == ()


def test_a_hedge_that_goes_on_within_one_account_is_none_of_the_group() -> None:
    desk = Desk()
    desk.see(LONG, SHORT)
    desk.see(member(ONE, held(1.0), held(-1.0, "BTCUSD_PERP")), FLAT)

    assert desk.report.hedges == ()


def test_a_hedge_that_was_found_is_unknown_while_a_leg_cannot_be_seen() -> None:
    desk = Desk()
    desk.see(LONG, SHORT)
    desk.see(unseen(TWO))
    dark = desk.hedge
    desk.see(SHORT)

    assert dark.state is HedgeState.UNKNOWN
    assert desk.hedge.state is HedgeState.HELD


# After a restart


def was(account: AccountKey, base: float | None, coin: str = "BTC") -> Recalled:
    side = Side.SHORT if account == TWO else Side.LONG
    return Recalled(account=account, symbol="BTCUSDT", side=side, coin=coin, base=base)


KNOWN = {ONE: (was(ONE, 1.0),), TWO: (was(TWO, -1.0),)}


def test_a_leg_that_vanished_while_the_monitor_was_down_is_told() -> None:
    desk = Desk(before=KNOWN.get)
    desk.see(LONG)
    assert desk.report.hedges == (), "one account was not read yet"
    desk.see(FLAT)

    assert desk.hedge.state is HedgeState.BROKEN
    assert desk.hedge.text == (
        "BTCUSDT short at beta/two is gone (was 1 BTC): it was closed while the monitor was not running; "
        "1 BTC (60,000 USD) long unhedged"
    )


def test_a_hedge_that_is_still_whole_after_a_restart_is_known_at_once() -> None:
    desk = Desk(before=KNOWN.get, detect_after_seconds=300.0)
    desk.see(LONG, SHORT)

    assert desk.hedge.state is HedgeState.HELD


@pytest.mark.parametrize(
    "known",
    [
        {ONE: (was(ONE, 1.0),), TWO: (was(TWO, -0.5),)},
        {ONE: (was(ONE, 1.0),), TWO: (was(TWO, None),)},
        {ONE: (was(ONE, 1.0), was(ONE, -1.0)), TWO: ()},
        {ONE: (was(ONE, 1.0),), TWO: (was(TWO, -1.0, "ETH"),)},
    ],
    ids=["not alike", "of unknown size", "in one account", "of another coin"],
)
def test_what_was_no_hedge_before_is_none_now(known: dict[AccountKey, tuple[Recalled, ...]]) -> None:
    desk = Desk(before=known.get)
    desk.see(LONG, FLAT)

    assert desk.report.hedges == ()


def test_until_an_account_was_compared_with_what_it_held_a_missing_leg_is_unknown() -> None:
    known = dict(KNOWN)
    del known[TWO]
    desk = declared(before=known.get)
    desk.see(LONG, FLAT)
    assert desk.hedge.reasons == ("beta/two: what it held before the start is not compared yet",)

    known[TWO] = KNOWN[TWO]
    desk.see(FLAT)
    assert desk.hedge.state is HedgeState.BROKEN
    assert desk.hedge.text.startswith(
        "BTCUSDT short at beta/two is gone (was 1 BTC): it was closed while the monitor was not running"
    )


def test_an_account_that_was_compared_is_not_asked_for_again() -> None:
    asked: list[AccountKey] = []

    def before(account: AccountKey) -> tuple[Recalled, ...]:
        asked.append(account)
        return KNOWN[account]

    desk = Desk(before=before)
    desk.see(LONG, FLAT)
    asked.clear()
    desk.see(LONG, FLAT)

    assert asked == []


def test_a_leg_of_unknown_size_is_gone_all_the_same() -> None:
    desk = declared(before={ONE: (was(ONE, 1.0),), TWO: (was(TWO, None, ""),)}.get)
    desk.see(LONG, FLAT)

    assert desk.hedge.state is HedgeState.BROKEN


def test_what_was_declared_is_not_found_from_before_either() -> None:
    desk = Desk(hedges=[DECLARED], before=KNOWN.get)
    desk.see(LONG, FLAT)

    assert [hedge.name for hedge in desk.report.hedges] == ["basis"]


def test_a_declared_hedge_that_stands_as_it_was_is_no_news() -> None:
    desk = declared(before=KNOWN.get)
    desk.see(LONG, SHORT)
    assert desk.hedge.state is HedgeState.HELD
    desk.see(FLAT)

    assert "while the monitor was not running" not in desk.hedge.text
