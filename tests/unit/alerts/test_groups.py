"""Alerts of groups: told once, behind the pools' own, never raised or ended by what cannot be seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from monitor.alerts import words_groups as words
from monitor.alerts.alerting import Alerting
from monitor.alerts.overrides import Override
from monitor.alerts.reading import Words
from monitor.alerts.settings import AlertSettings
from monitor.domain.alerts import AlertState, Change, Matcher, Silence
from monitor.domain.commands import SilenceAlerts
from monitor.domain.group_reports import GroupReport, HedgeState
from monitor.domain.lines import LIQUIDATABLE, NEVER, Direction, Line, Ratio
from monitor.domain.quality import Quality
from monitor.domain.reports import AccountReport
from tests.sample_groups import BLIND, BROKEN, NEAR, dark, group, hedge, strained
from tests.sample_reports import CROSS, MAIN, NOW, account, pool, together, view
from tests.unit.alerts.desk import CRITICAL, WARNING, Desk
from tests.unit.alerts.test_restart import Shop

SETTINGS = AlertSettings(groups={MAIN: "desk"})
SAFE = account(pool(ratio=Ratio.of(0.1)))
FIRED, RESOLVED = Change.FIRED, Change.RESOLVED


def at_ratio(value: float) -> GroupReport:
    return group(ratio=Ratio.of(value))


def own(value: float, at: float = 0.0) -> AccountReport:
    return account(pool(ratio=Ratio.of(value)), at=NOW + at)


class TestRatio:
    def test_it_is_told_once_and_again_when_it_is_louder(self) -> None:
        desk = Desk(SETTINGS)
        assert desk.hold(SAFE, groups=(at_ratio(0.55),), seconds=5) == []
        assert desk.hold(SAFE, groups=(at_ratio(0.55),), seconds=60) == [("group_ratio", FIRED)]
        assert desk.hold(SAFE, groups=(at_ratio(0.75),), seconds=60) == [("group_ratio", Change.ESCALATED)]
        assert desk.alert("group_ratio").labels == {"group": "desk"}

    def test_a_group_that_moved_between_two_looks_is_read_at_once(self) -> None:
        alerting, other = Alerting(SETTINGS), replace(at_ratio(0.1), name="other")
        shown = view(SAFE, groups=(at_ratio(0.1), other), heartbeats=())
        alerting.step(shown, [], NOW)
        (told,) = alerting.step(replace(shown, groups=(at_ratio(1.2), other)), [], NOW + 0.25)

        assert (told.alert.rule, told.change) == ("group_ratio", FIRED)

    def test_the_pool_s_own_page_leads(self) -> None:
        desk = Desk(SETTINGS)
        told = desk.hold(own(0.65), groups=(at_ratio(0.55),), seconds=60)

        assert told == [("margin_ratio", FIRED), ("group_ratio", FIRED)] or told == [("margin_ratio", FIRED)]
        assert desk.alert("group_ratio").state is AlertState.INHIBITED

    def test_it_is_told_beside_the_pool_s_own_where_it_is_louder(self) -> None:
        desk = Desk(SETTINGS)
        desk.hold(own(0.65), groups=(at_ratio(0.75),), seconds=30)

        assert desk.alert("group_ratio").severity is CRITICAL
        assert desk.alert("group_ratio").state is AlertState.FIRING

    def test_a_pool_of_another_group_holds_nothing_back(self) -> None:
        desk = Desk(AlertSettings(groups={MAIN: "other"}))
        desk.hold(own(0.65), groups=(at_ratio(0.55),), seconds=30)

        assert desk.alert("group_ratio").state is AlertState.FIRING

    def test_an_unknown_member_neither_raises_nor_ends_it(self) -> None:
        desk = Desk(SETTINGS)
        desk.hold(SAFE, groups=(at_ratio(0.75),), seconds=10)
        desk.hold(SAFE, groups=(dark(),), seconds=600)
        assert ("group_ratio", CRITICAL) in desk.firing

        desk.hold(SAFE, groups=(at_ratio(0.2),), seconds=310)
        assert ("group_ratio", RESOLVED) in [(each.alert.rule, each.change) for each in desk.told]

    def test_a_group_has_settings_of_its_own(self) -> None:
        override = Override(rule="group_ratio", group="desk", thresholds={WARNING: 0.15})
        other = replace(at_ratio(0.2), name="other")
        desk = Desk(AlertSettings(groups={MAIN: "desk"}, overrides=(override,)))
        desk.hold(SAFE, groups=(at_ratio(0.2), other), seconds=30)

        assert desk.firing == [("group_ratio", WARNING)]
        assert desk.alert("group_ratio").labels == {"group": "desk"}

    def test_a_silence_of_the_group_is_one_of_its_accounts_too(self) -> None:
        desk = Desk(SETTINGS)
        silence = Silence(
            id="s1", matchers=(Matcher(name="group", value="desk"),), starts=NOW, ends=NOW + 900.0, author="me",
            comment="",
        )  # fmt: skip
        desk.see(SAFE, commands=[SilenceAlerts(silence=silence, via="cli", at=NOW)])
        desk.hold(own(0.9), groups=(at_ratio(0.75),), seconds=30)

        assert {alert.rule for alert in desk.alerting.firing} == {"margin_ratio", "group_ratio"}
        assert {alert.state for alert in desk.alerting.firing} == {AlertState.SILENCED}

    def test_a_group_that_is_no_longer_configured_is_resolved(self) -> None:
        desk = Desk(SETTINGS)
        desk.hold(SAFE, groups=(at_ratio(0.75),), seconds=10)
        assert desk.see(SAFE, groups=()) == [("group_ratio", RESOLVED)]
        assert desk.told[-1].reason == "no longer configured"


class TestUnknown:
    def test_it_is_told_after_a_minute_and_over_when_all_is_known(self) -> None:
        desk = Desk(SETTINGS)
        assert desk.hold(SAFE, groups=(dark(),), seconds=60) == []
        assert desk.hold(SAFE, groups=(dark(),), seconds=10) == [("group_unknown", FIRED)]
        assert "bybit/second: no fresh data" in desk.alert("group_unknown").summary
        assert desk.hold(SAFE, groups=(group(),), seconds=40) == [("group_unknown", RESOLVED)]

    def test_the_account_s_own_alert_says_why(self) -> None:
        down = account(up=False, reasons=("listen key expired",), quality=Quality.UNKNOWN)
        desk = Desk(SETTINGS)
        told = desk.hold(down, groups=(dark(),), seconds=90)

        assert ("account_down", FIRED) in told
        assert desk.alert("group_unknown").state is AlertState.INHIBITED

    def test_it_holds_no_danger_back(self) -> None:
        desk = Desk(SETTINGS)
        desk.hold(own(0.9), groups=(dark(),), seconds=90)

        assert desk.alert("margin_ratio").state is AlertState.FIRING


class TestHedges:
    def test_a_broken_hedge_is_told_with_what_is_unhedged(self) -> None:
        desk, broken = Desk(SETTINGS), group(hedges=(BROKEN,))
        assert desk.hold(SAFE, groups=(broken,), seconds=15) == []
        assert desk.hold(SAFE, groups=(broken,), seconds=5) == [("hedge_broken", FIRED)]
        assert desk.alert("hedge_broken").severity is CRITICAL
        assert desk.alert("hedge_broken").labels == {"group": "desk", "hedge": "BTC"}
        assert desk.alert("hedge_broken").summary == "hedge BTC of desk: broken, 60,000 USD long unhedged"

    def test_one_that_shrank_is_a_warning_and_grows_louder_when_the_leg_is_gone(self) -> None:
        desk = Desk(SETTINGS)
        shrank = replace(BROKEN, state=HedgeState.SHRANK, hedged_ratio=0.6)
        desk.hold(SAFE, groups=(group(hedges=(shrank,)),), seconds=20)
        assert desk.firing == [("hedge_broken", WARNING)]
        desk.hold(SAFE, groups=(group(hedges=(BROKEN,)),), seconds=20)
        assert desk.firing == [("hedge_broken", CRITICAL)]

    def test_one_who_closes_both_sides_is_not_called(self) -> None:
        desk = Desk(SETTINGS)
        told = desk.hold(SAFE, groups=(group(hedges=(BROKEN,)),), seconds=10)
        told += desk.hold(SAFE, groups=(group(hedges=(hedge(state=HedgeState.FLAT),)),), seconds=60)

        assert told == []

    def test_what_cannot_be_seen_is_neither_broken_nor_fine(self) -> None:
        desk = Desk(SETTINGS)
        desk.hold(SAFE, groups=(group(hedges=(BLIND,)),), seconds=50)
        assert desk.firing == []
        desk.hold(SAFE, groups=(group(hedges=(BROKEN,)),), seconds=20)
        desk.hold(SAFE, groups=(group(hedges=(BLIND,)),), seconds=600)
        assert ("hedge_broken", CRITICAL) in desk.firing
        desk.hold(SAFE, groups=(group(hedges=(hedge(),)),), seconds=70)
        assert desk.firing == []

    def test_a_hedge_that_is_gone_is_over(self) -> None:
        desk = Desk(SETTINGS)
        desk.hold(SAFE, groups=(group(hedges=(BROKEN,)),), seconds=20)
        assert desk.see(SAFE, groups=(group(hedges=()),)) == [("hedge_broken", RESOLVED)]

    def test_it_is_never_held_back(self) -> None:
        desk = Desk(SETTINGS)
        desk.hold(own(1.5), groups=(group(hedges=(BROKEN,), ratio=Ratio.of(0.9)),), seconds=60)

        assert desk.alert("hedge_broken").state is AlertState.FIRING

    def test_a_leg_near_liquidation_is_told_unless_its_pool_tells(self) -> None:
        desk = Desk(SETTINGS)
        assert desk.hold(SAFE, groups=(group(hedges=(NEAR,)),), seconds=10) == [("hedge_leg_near", FIRED)]
        other = Desk(SETTINGS)
        other.hold(own(0.65), groups=(group(hedges=(NEAR,)),), seconds=10)
        assert other.alert("hedge_leg_near").state is AlertState.INHIBITED


class TestLines:
    LOUD = Override(rule="group_coin_distance", group="desk", thresholds={WARNING: 0.3})

    def test_a_line_that_is_no_longer_there_is_over(self) -> None:
        desk = Desk(AlertSettings(groups={MAIN: "desk"}, overrides=(self.LOUD,)))
        desk.hold(SAFE, groups=(group(),), seconds=10)
        assert {alert.labels["direction"] for alert in desk.alerting.firing} == {"down", "up"}
        desk.see(SAFE, groups=(group(coins={}),))
        assert desk.firing == []

    def test_a_line_of_a_group_that_is_not_believed_stands(self) -> None:
        desk = Desk(AlertSettings(groups={MAIN: "desk"}, overrides=(self.LOUD,)))
        desk.hold(SAFE, groups=(group(),), seconds=10)
        desk.hold(SAFE, groups=(replace(dark(), coins={}),), seconds=30)
        assert [rule for rule, _ in desk.firing].count("group_coin_distance") == 2
        assert "cannot be read now" in desk.alerting.firing[0].summary


class TestRestart:
    def stopped(self, shown: GroupReport) -> Shop:
        shop = Shop(SETTINGS)
        shop.hold(SAFE, groups=(shown,), seconds=30)
        shop.restart(groups=(replace(dark(), hedges=()),))
        return shop

    def test_what_fires_stands_again_and_is_not_told_anew(self) -> None:
        shop = self.stopped(at_ratio(0.75))
        assert shop.hold(SAFE, groups=(dark(),), seconds=30) == []
        assert shop.hold(SAFE, groups=(at_ratio(0.75),), seconds=30) == []
        assert shop.firing == [("group_ratio", CRITICAL)]

    def test_a_broken_hedge_that_nobody_finds_again_stands_while_its_coin_is_open(self) -> None:
        shop = self.stopped(group(hedges=(BROKEN,)))
        assert shop.hold(SAFE, groups=(group(hedges=()),), seconds=600) == []
        assert shop.firing == [("hedge_broken", CRITICAL)]
        assert shop.see(SAFE, groups=(group(hedges=(), exposures=()),)) == [("hedge_broken", RESOLVED)]

    def test_a_group_that_is_gone_meanwhile_is_resolved(self) -> None:
        shop = self.stopped(at_ratio(0.75))
        assert shop.see(SAFE, groups=()) == [("group_ratio", RESOLVED)]


DOWN = Direction.DOWN


def line(told: Line, coin: str = "BTC") -> Words:
    shown = group()
    return words.group_line(shown, replace(shown.coins["BTC"][DOWN], line=told, coin=coin), NOW)


SAID: list[tuple[str, Callable[[], Words]]] = [
    ("group desk: margin ratio unknown: bybit/second: no fresh data", lambda: words.group_ratio(dark(), NOW)),
    ("group desk: 20 % of all its equity is required", lambda: words.group_unknown(group(), NOW)),
    ("group desk: main cross:USDT is liquidatable now", lambda: line(LIQUIDATABLE)),
    ("group desk: no price of BTC down from here liquidates", lambda: line(NEVER)),
    ("group desk: all coins together down: distance unknown: no mark", lambda: line(Line.unknown("no mark"), "")),
    ("group desk: BTC 4 % down liquidates main cross:USDT", lambda: line(together(0.04))),
    ("hedge BTC of desk: held, both sides alike", lambda: words.hedge_broken(group(), hedge(), NOW)),
    ("hedge BTC of desk: unknown: bybit/second: no fresh data", lambda: words.hedge_broken(group(), BLIND, NOW)),
    (
        "hedge BTC of desk: no leg is open any more",
        lambda: words.hedge_broken(group(), hedge(state=HedgeState.FLAT, hedged_ratio=None), NOW),
    ),
    ("hedge BTC of desk: no leg is near liquidation", lambda: words.hedge_leg_near(group(), hedge(), NOW)),
    (
        "hedge BTC of desk: main cross:USDT is near liquidation",
        lambda: words.hedge_leg_near(
            group(), replace(NEAR, legs=(replace(NEAR.legs[0], naked_usd=None), NEAR.legs[1])), NOW
        ),
    ),
]


@pytest.mark.parametrize(("beginning", "told"), SAID)
def test_what_is_unknown_or_well_again_is_said_so(beginning: str, told: Callable[[], Words]) -> None:
    assert told().summary.startswith(beginning)


WORST = group().worst
assert WORST is not None


@pytest.mark.parametrize(
    ("changed", "words_of_it"),
    [
        ({"worst": replace(WORST, ratio=Ratio.unknown("no tiers"), nearest=Line.unknown("no tiers"))},
         "Worst pool: main cross:USDT, margin ratio unknown, nearest line unknown."),
        ({"worst": replace(WORST, nearest=NEVER)}, "no price liquidates it."),
        ({"worst": replace(WORST, key=CROSS, nearest=LIQUIDATABLE)}, "liquidatable now."),
    ],
)  # fmt: skip
def test_the_worst_pool_is_named_whatever_is_known_of_it(changed: dict[str, object], words_of_it: str) -> None:
    assert words_of_it in words.group_ratio(group(**changed), NOW).text


def test_where_nothing_is_worst_and_nothing_needed_neither_is_said() -> None:
    text = words.group_ratio(group(worst=None), NOW).text

    assert "Worst" not in text
    assert "Needed" not in text


def test_where_no_venue_lets_anything_go_it_says_so() -> None:
    shown = replace(strained(), free=(), needs=(replace(strained().needs[0], add_usd=None),))

    assert "an amount not known yet in second multi-assets. To be moved there: nothing that a venue says" in (
        words.group_ratio(shown, NOW).text
    )
