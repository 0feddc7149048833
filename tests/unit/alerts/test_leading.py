"""One danger is one page: the nearest line of a pool is told for all that show the same danger."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from monitor.alerts.rule import RuleSettings
from monitor.alerts.settings import AlertSettings
from monitor.domain.alerts import LOUD, Alert, AlertChange, AlertState, Change, Level, Matcher, Silence
from monitor.domain.commands import AcknowledgeAlert, EndSilence, SilenceAlerts
from monitor.domain.events import VenueWarning, WarningKind
from monitor.domain.lines import Direction, Line, Ratio, State
from monitor.domain.names import AccountKey, PoolKey, Side
from monitor.domain.quality import Quality
from monitor.domain.reports import AccountReport, Notice
from tests.sample_reports import MAIN, NOW, account, pool, position, together
from tests.unit.alerts.desk import CRITICAL, HOUR, WARNING
from tests.unit.alerts.test_restart import Shop

UNKNOWN = Line(State.UNKNOWN, None, math.nan)


def lines(
    *, market: float | None = 0.5, quality: Quality = Quality.LIVE, ratio: float = 0.2, **far: float | None
) -> AccountReport:
    """A cross pool whose lines lie so far away: of all coins together, and of longs by their symbols' coins; None where
    it cannot be told.
    """
    held = tuple(position(f"{coin}USDT", line=line(value)) for coin, value in far.items())
    down = {Direction.DOWN: UNKNOWN if market is None else together(market)}
    return account(pool(ratio=Ratio.of(ratio), quality=quality, market=down, coins={}, positions=held))


def line(value: float | None) -> Line:
    return UNKNOWN if value is None else Line.at(60_000 * (1 - value), value)


class Pager(Shop):
    """A desk that hears only what somebody is told, by the name of the line: "market", "BTC", or the rule."""

    def pages(self, *accounts: AccountReport, seconds: float = 1.0) -> list[tuple[str, Change]]:
        """What a person is told while it stays so for `seconds`, looked at once a second."""
        known = len(self.told)
        for _ in range(round(seconds)):
            self.see(*accounts)
        return [
            (name_of(change.alert), change.change)
            for change in self.told[known:]
            if change.change in LOUD and change.alert.state is AlertState.FIRING
        ]

    def state(self, name: str) -> AlertState:
        return self.line(name).state

    def line(self, name: str) -> Alert:
        (found,) = (alert for alert in self.alerting.firing if name_of(alert) == name)
        return found

    def acknowledge(self, name: str, *accounts: AccountReport) -> None:
        self.see(
            *accounts,
            commands=[AcknowledgeAlert(fingerprint=self.line(name).fingerprint, author="ann", via="cli", at=self.now)],
        )


def name_of(alert: Alert) -> str:
    if alert.rule == "position_distance":
        return alert.labels["symbol"].removesuffix("USDT")
    return {"market_distance": "market"}.get(alert.rule, alert.rule)


def test_of_lines_that_fire_together_the_nearest_is_told() -> None:
    desk = Pager()

    assert desk.pages(lines(market=0.08, BTC=0.085, SOL=0.095), seconds=10) == [("market", Change.FIRED)]
    for name in ("BTC", "SOL"):
        alert = desk.line(name)
        assert alert.state is AlertState.INHIBITED
        assert alert.by == desk.line("market").fingerprint
        assert alert.note == desk.line("market").summary


def test_fifty_positions_in_a_fall_are_one_page_at_each_halving() -> None:
    desk, told = Pager(), []
    for step in range(60):
        room = 0.12 * 0.9**step
        far: dict[str, Any] = {f"C{number}": min(1.0, room * (1.01 + 0.02 * number)) for number in range(50)}
        told += desk.pages(lines(market=room, **far), seconds=6)

    assert {name for name, _ in told} == {"market"}
    assert [change for _, change in told] == [Change.FIRED, Change.ESCALATED] + [Change.WORSENED] * 6
    assert len(desk.alerting.firing) >= 50


def test_a_line_that_comes_later_is_quiet_until_it_is_less_than_half_of_what_was_told() -> None:
    warned = RuleSettings(thresholds={WARNING: 0.1}, for_seconds=5.0)
    desk = Pager(position_distance=warned, market_distance=warned)
    desk.pages(lines(market=0.08, BTC=0.5), seconds=10)

    assert desk.pages(lines(market=0.08, BTC=0.06), seconds=10) == []
    assert desk.pages(lines(market=0.08, BTC=0.0401), seconds=10) == []
    assert desk.pages(lines(market=0.08, BTC=0.0399)) == [("BTC", Change.WORSENED)], "though never told itself"
    assert desk.pages(lines(market=0.039, BTC=0.0399), seconds=4) == [], "and now the market follows"
    assert desk.state("market") is AlertState.INHIBITED


def test_the_first_breach_of_a_line_that_is_much_nearer_is_told() -> None:
    desk = Pager(position_distance=RuleSettings(thresholds={WARNING: 0.1}, for_seconds=5.0))
    desk.pages(lines(market=0.09, BTC=0.5), seconds=10)

    assert desk.pages(lines(market=0.09, BTC=0.03), seconds=7) == [("BTC", Change.FIRED)]
    assert desk.state("market") is AlertState.FIRING, "what was told stays told"


def test_a_line_that_is_louder_is_told() -> None:
    desk = Pager()
    desk.pages(lines(market=0.06, BTC=0.065), seconds=10)

    assert desk.pages(lines(market=0.06, BTC=0.048), seconds=10) == [("BTC", Change.ESCALATED)]
    assert desk.pages(lines(market=0.047, BTC=0.048), seconds=10) == [], "as loud now, and told"


def test_each_pool_and_each_measure_speaks_for_itself() -> None:
    near = pool(coins={}, market={}, positions=(position(line=line(0.08)),))
    desk = Pager()
    told = desk.pages(account(near, replace(near, key=PoolKey(*MAIN, "isolated:BTCUSDT:long"))), seconds=10)
    assert told == [("BTC", Change.FIRED)] * 2

    sigma: dict[Level, float] = {WARNING: 3.0}
    desk = Pager(
        AlertSettings(
            rules={
                "market_sigmas": RuleSettings(thresholds=sigma),
                "position_sigmas": RuleSettings(thresholds=sigma),
                "worsening": RuleSettings(enabled=False),
            }
        )
    )
    held = (position(distance_sigmas=2.5), position("SOLUSDT", distance_sigmas=2.8), position("ETHUSDT"))
    down = {Direction.DOWN: together(0.2)}
    both = account(pool(coins={}, positions=held, market=down, market_sigma=0.1))
    assert desk.pages(both, seconds=10) == [("market_sigmas", Change.FIRED)]


def test_it_can_be_switched_off() -> None:
    desk = Pager(AlertSettings(rules={"worsening": RuleSettings(enabled=False)}, one_danger_one_page=False))

    told = desk.pages(lines(market=0.08, BTC=0.085, SOL=0.095), seconds=10)
    assert sorted(told) == [("BTC", Change.FIRED), ("SOL", Change.FIRED), ("market", Change.FIRED)]


def test_only_the_leader_is_repeated() -> None:
    desk = Pager()
    near = lines(market=0.04, BTC=0.042)
    desk.pages(near, seconds=10)

    assert desk.pages(near, seconds=2 * HOUR) == [("market", Change.REPEATED)] * 2


def test_what_a_silence_or_a_louder_alert_frees_is_one_page_too() -> None:
    desk = Pager()
    near = lines(market=0.04, BTC=0.042, SOL=0.045)
    rules = (Matcher(name="rule", value=".*_distance", regex=True),)
    quiet = Silence(id="s", matchers=rules, starts=desk.now, ends=desk.now + 100.0, author="bob", comment="")
    desk.see(near, commands=[SilenceAlerts(silence=quiet, via="cli", at=desk.now)])

    assert desk.pages(near, seconds=200) == [("market", Change.UNSILENCED)]

    desk = Pager()
    desk.pages(lines(market=0.08, BTC=0.082, SOL=0.09, ratio=0.9), seconds=10)
    assert desk.pages(lines(market=0.08, BTC=0.082, SOL=0.09, ratio=0.3), seconds=310) == [
        ("market", Change.UNINHIBITED)
    ]


# --- the leader ends


def test_when_the_leader_is_closed_the_others_have_a_minute_to_recover() -> None:
    desk = Pager()
    desk.pages(lines(BTC=0.04, SOL=0.045, ETH=0.046), seconds=10)

    assert desk.pages(lines(SOL=0.045, ETH=0.046), seconds=60) == []
    assert desk.pages(lines(SOL=0.045, ETH=0.046), seconds=2) == [("SOL", Change.UNINHIBITED)]
    assert desk.state("ETH") is AlertState.INHIBITED


def test_a_line_on_its_way_back_is_not_told_when_its_leader_is_closed() -> None:
    desk = Pager()
    desk.pages(lines(BTC=0.04, SOL=0.045), seconds=10)

    assert desk.pages(lines(SOL=0.4), seconds=200) == []
    assert desk.pages(lines(SOL=0.045), seconds=2) == [("SOL", Change.UNINHIBITED)], "it turned back"

    desk = Pager()
    desk.pages(lines(BTC=0.04, SOL=0.045), seconds=10)
    assert desk.pages(lines(SOL=0.4), seconds=400) == []
    assert desk.firing == []


def test_worse_is_told_at_once_when_the_leader_is_closed() -> None:
    desk = Pager()
    desk.pages(lines(BTC=0.04, SOL=0.045), seconds=10)

    assert desk.pages(lines(SOL=0.03), seconds=10) == []
    assert desk.pages(lines(SOL=0.02)) == [("SOL", Change.WORSENED)]


def test_another_leader_takes_over() -> None:
    desk = Pager()
    desk.pages(lines(BTC=0.04, SOL=0.045), seconds=10)
    assert desk.pages(lines(BTC=0.04, SOL=0.045, ETH=0.019), seconds=10) == [("ETH", Change.FIRED)]

    assert desk.pages(lines(SOL=0.045, ETH=0.019), seconds=600) == []
    assert desk.line("SOL").by == desk.line("ETH").fingerprint


def test_a_leader_that_eases_speaks_no_more_for_what_is_louder() -> None:
    desk = Pager()
    desk.pages(lines(BTC=0.04, SOL=0.045, ETH=0.047), seconds=10)

    told = desk.pages(lines(BTC=0.08, SOL=0.045, ETH=0.047), seconds=302)
    assert told == [("SOL", Change.UNINHIBITED)]
    assert desk.state("ETH") is AlertState.INHIBITED


def test_a_leader_that_eases_is_measured_by_what_it_says_then() -> None:
    desk = Pager(
        AlertSettings(
            rules={
                "worsening": RuleSettings(enabled=False),
                "position_distance": RuleSettings(thresholds={WARNING: 0.1}, for_seconds=5.0, keep_firing_seconds=HOUR),
            }
        )
    )
    desk.pages(lines(market=0.04, BTC=0.041), seconds=10)

    told = desk.pages(lines(market=0.095, BTC=0.041), seconds=320)
    assert told == [("BTC", Change.UNINHIBITED)], "9.5 % is not what 4.1 % is"


def test_a_silenced_leader_speaks_for_nobody() -> None:
    desk = Pager()
    near = lines(market=0.04, BTC=0.042, SOL=0.045)
    desk.pages(near, seconds=10)
    rules = (Matcher(name="rule", value="market_distance"),)
    quiet = Silence(id="s", matchers=rules, starts=desk.now, ends=desk.now + HOUR, author="bob", comment="")
    desk.see(near, commands=[SilenceAlerts(silence=quiet, via="cli", at=desk.now)])

    assert desk.pages(near, seconds=59) == []
    assert desk.pages(near, seconds=3) == [("BTC", Change.UNINHIBITED)]
    desk.see(near, commands=[EndSilence(id="s", author="bob", via="cli", at=desk.now)])
    assert desk.state("market") is AlertState.INHIBITED, "told by the other now"


def test_a_leader_that_cannot_be_read_speaks_for_nothing_that_can() -> None:
    desk = Pager()
    desk.pages(lines(market=0.04, BTC=0.042, SOL=0.045), seconds=10)

    assert desk.pages(lines(market=None, BTC=0.042, SOL=0.045), seconds=30) == []
    assert desk.pages(lines(market=0.04, BTC=0.042, SOL=0.045), seconds=100) == [], "back before its minute was over"
    assert desk.pages(lines(market=None, BTC=0.042, SOL=0.045), seconds=63) == [("BTC", Change.UNINHIBITED)]


def test_a_pool_that_cannot_be_read_is_not_one_page_a_line() -> None:
    desk = Pager()
    desk.pages(lines(market=0.04, BTC=0.042, SOL=0.045), seconds=10)

    told = desk.pages(lines(market=None, BTC=None, SOL=None, quality=Quality.UNKNOWN), seconds=HOUR - 100)
    assert told == [("data_quality", Change.FIRED)]


def test_what_is_believed_does_not_follow_what_is_not() -> None:
    desk = Pager()
    unsure, sure = lines(market=0.04, BTC=0.5, quality=Quality.UNKNOWN), lines(market=None, BTC=0.042)
    assert ("market", Change.FIRED) in desk.pages(unsure, seconds=10)

    assert ("BTC", Change.FIRED) in desk.pages(sure, seconds=10)


# --- the worst, and what else shows the same danger


def test_the_worst_is_told_once_for_a_pool() -> None:
    desk = Pager()
    desk.pages(lines(market=0.003, BTC=0.0031, SOL=0.004), seconds=10)

    assert desk.pages(lines(market=0.0, BTC=0.0, SOL=0.0), seconds=10) == [("market", Change.WORSENED)]

    never = RuleSettings(thresholds={CRITICAL: 0.05}, for_seconds=5.0, worsening_factor=0.0)
    desk = Pager(position_distance=never)
    assert desk.pages(lines(market=0.003, BTC=0.004), seconds=10) == [("market", Change.FIRED)]
    assert desk.pages(lines(market=0.003, BTC=0.0015), seconds=10) == [], "never told again for less room, it is said"
    desk = Pager(position_distance=never)
    desk.pages(lines(market=0.003), seconds=10)
    assert desk.pages(lines(market=0.003, BTC=0.0)) == [("BTC", Change.FIRED)], "but the worst is told"


def test_acknowledging_the_leader_is_acknowledging_the_danger() -> None:
    desk = Pager()
    near = lines(market=0.04, BTC=0.041, SOL=0.045)
    desk.pages(near, seconds=10)
    desk.acknowledge("market", near)

    assert desk.pages(near, seconds=3 * HOUR) == []
    assert desk.pages(lines(market=0.021, BTC=0.0215, SOL=0.023), seconds=100) == []
    assert desk.pages(lines(market=0.03, BTC=0.0199, SOL=0.023), seconds=100) == [("BTC", Change.WORSENED)]
    assert desk.state("market") is AlertState.ACKNOWLEDGED


def test_a_ratio_that_fires_within_a_minute_of_a_line_says_the_same() -> None:
    desk = Pager()
    told = desk.pages(lines(market=0.04, ratio=0.85), seconds=100)
    assert told == [("market", Change.FIRED)]
    assert desk.state("margin_ratio") is AlertState.INHIBITED

    assert desk.pages(lines(market=0.03, ratio=0.93), seconds=10) == [("margin_ratio", Change.WORSENED)]


def test_a_ratio_that_is_worse_than_when_a_line_was_told_last_is_told() -> None:
    desk = Pager()
    desk.pages(lines(market=0.04, ratio=0.85), seconds=100)

    assert desk.pages(lines(market=0.019, ratio=0.88), seconds=100) == [("market", Change.WORSENED)]
    assert desk.pages(lines(market=0.019, ratio=0.93), seconds=100) == [], "not half of 12 %"
    assert desk.pages(lines(market=0.009, ratio=0.961), seconds=100) == [("market", Change.WORSENED)], "both: one page"
    assert desk.pages(lines(market=0.009, ratio=0.981), seconds=100) == [("margin_ratio", Change.WORSENED)]


def test_a_ratio_is_told_that_is_louder_or_comes_later_or_comes_first() -> None:
    desk = Pager()
    assert desk.pages(lines(market=0.08, ratio=0.85), seconds=10) == [("margin_ratio", Change.FIRED)]

    desk = Pager()
    desk.pages(lines(market=0.04, ratio=0.2), seconds=70)
    assert desk.pages(lines(market=0.04, ratio=0.85), seconds=10) == [("margin_ratio", Change.FIRED)]

    desk = Pager()
    desk.pages(lines(market=0.5, ratio=0.85), seconds=10)
    assert desk.pages(lines(market=0.04, ratio=0.85), seconds=10) == [("market", Change.FIRED)]


def test_a_ratio_goes_on_following_whichever_line_leads() -> None:
    desk = Pager()
    desk.pages(lines(market=0.04, BTC=0.041, ratio=0.85), seconds=10)
    desk.pages(lines(market=0.021, BTC=0.019, ratio=0.85), seconds=10)
    assert desk.pages(lines(market=0.019, BTC=0.019, ratio=0.85), seconds=10) == []
    assert desk.line("margin_ratio").by == desk.line("BTC").fingerprint

    assert desk.pages(lines(market=0.5, BTC=0.5, ratio=0.85), seconds=302 + 58) == []
    assert desk.pages(lines(market=0.5, BTC=0.5, ratio=0.85), seconds=5) == [("margin_ratio", Change.UNINHIBITED)]


def calls(*symbols: str, kind: WarningKind = WarningKind.MARGIN_CALL, owner: AccountKey = MAIN) -> list[Notice]:
    return [
        Notice(
            kind="venue_warning",
            account=owner,
            key=symbol,
            text=f"{kind} for {symbol}",
            at=NOW,
            warning=VenueWarning(
                account=owner, kind=kind, symbol=symbol, side=Side.LONG, detail="", venue_time=NOW, received=NOW
            ),
        )
        for symbol in symbols
    ]


def loud(desk: Pager, *notices: Notice, seconds: float = 1.0, shown: AccountReport | None = None) -> list[Change]:
    known = len(desk.told)
    desk.see(shown or lines(), seconds=seconds, notices=notices)
    new = desk.told[known:]
    return [each.change for each in new if each.change in LOUD and each.alert.state is AlertState.FIRING]


def test_calls_for_the_positions_of_one_account_are_one_call() -> None:
    desk = Pager()
    assert loud(desk, *calls("BTCUSDT", "SOLUSDT")) == [Change.FIRED]
    assert loud(desk, *calls("ETHUSDT"), seconds=5.0) == []
    assert loud(desk, *calls("XRPUSDT"), seconds=10.0) == [Change.FIRED], "another call"
    assert desk.pages(lines(), seconds=2 * HOUR) == []
    assert desk.firing == []


def test_liquidations_and_calls_of_other_accounts_are_told_each() -> None:
    desk = Pager()
    other = AccountKey("binance", "other")
    both = [*calls("BTCUSDT"), *calls("BTCUSDT", owner=other)]
    assert loud(desk, *both) == [Change.FIRED] * 2
    desk = Pager()
    assert loud(desk, *calls("BTCUSDT", "SOLUSDT", kind=WarningKind.LIQUIDATION)) == [Change.FIRED] * 2


# --- restarts


def test_who_leads_outlives_a_restart() -> None:
    desk = Pager()
    near = lines(market=0.04, BTC=0.041, SOL=0.06)
    desk.pages(near, seconds=10)
    desk.restart()

    assert desk.pages(near, seconds=100) == []
    assert desk.pages(lines(market=0.03, BTC=0.03, SOL=0.0199), seconds=7) == [("SOL", Change.ESCALATED)]


def test_what_a_line_must_fall_below_outlives_a_restart() -> None:
    warned = RuleSettings(thresholds={WARNING: 0.1}, for_seconds=5.0)
    desk = Pager(position_distance=warned, market_distance=warned)
    desk.pages(lines(market=0.08), seconds=10)
    assert desk.pages(lines(market=0.08, BTC=0.05), seconds=10) == []
    desk.restart()

    assert desk.pages(lines(market=0.08, BTC=0.041), seconds=100) == []
    assert desk.pages(lines(market=0.08, BTC=0.0399)) == [("BTC", Change.WORSENED)]


def test_a_leader_that_was_closed_while_it_was_down_leaves_the_others_a_minute() -> None:
    desk = Pager()
    desk.pages(lines(BTC=0.04, SOL=0.045), seconds=10)
    desk.restart()

    assert desk.pages(lines(SOL=0.045), seconds=60) == []
    assert desk.pages(lines(SOL=0.045), seconds=2) == [("SOL", Change.UNINHIBITED)]


# --- whatever happens

NAMES = ("market", "BTC", "SOL")
FACTOR, AT_MOST = 0.5, 0.1
WALKS = st.lists(st.tuples(*[st.floats(-0.7, 0.6)] * 3), min_size=5, max_size=40)


@dataclass
class Walked:
    """One second of a walk: how far each line was, and what was told."""

    rooms: dict[str, float]
    before: dict[str, Alert]
    after: dict[str, Alert]
    told: list[AlertChange]
    told_rooms: dict[str, float]  #: the room in the last message of each that leads, before the step


def walked(steps: list[tuple[float, ...]], *, at_once: bool) -> list[Walked]:
    """Three lines of one pool that walk, often near each other, at one level. `at_once`: nothing waits."""
    rule = RuleSettings(
        thresholds={CRITICAL: AT_MOST}, for_seconds=0.0 if at_once else 5.0, keep_firing_seconds=20.0, repeat_seconds={}
    )
    rules = {"market_distance": rule, "position_distance": rule}
    settings = AlertSettings(rules={**rules, "worsening": RuleSettings(enabled=False)}, inhibits=())
    desk, rooms, said, found = Pager(settings), dict.fromkeys(NAMES, 0.15), dict[str, float](), []
    for moves in steps:
        for name, move in zip(NAMES, moves, strict=True):
            rooms[name] = min(0.4, max(0.0002, rooms[name] * math.exp(move)))
        before = {name_of(each): each for each in desk.alerting.firing}
        known, leads = len(desk.told), {name: said[name] for name in said if name in before}
        desk.see(lines(market=rooms["market"], BTC=rooms["BTC"], SOL=rooms["SOL"]))
        after = {name_of(each): each for each in desk.alerting.firing}
        told = desk.told[known:]
        for change in told:
            name = name_of(change.alert)
            said.pop(name, None)
            if change.alert.state is AlertState.FIRING and change.change is not Change.RESOLVED:
                said[name] = room_of(rooms[name])
        loud = [each for each in told if each.change in LOUD and each.alert.state is AlertState.FIRING]
        found.append(Walked(dict(rooms), before, after, loud, leads))
    return found


def room_of(distance: float) -> float:
    return 0.0 if distance <= 0.001 else distance


@given(WALKS)
def test_whenever_the_nearest_room_halves_something_is_told_at_once(steps: list[tuple[float, ...]]) -> None:
    for step in walked(steps, at_once=True):
        near = room_of(min(step.rooms.values()))
        last = min(step.told_rooms.values(), default=math.inf)
        if near <= AT_MOST and near < last and near <= FACTOR * last:
            assert step.told


@given(WALKS, st.booleans())
def test_nothing_is_told_that_was_told(steps: list[tuple[float, ...]], at_once: bool) -> None:
    for step in walked(steps, at_once=at_once):
        assert len(step.told) <= 1, "one page a step"
        for change in step.told:
            name = name_of(change.alert)
            last = min((room for other, room in step.told_rooms.items() if other in step.after), default=math.inf)
            room = room_of(step.rooms[name])
            assert room < last, "materially worse than all that was told and still stands"
            assert room <= FACTOR * last


@given(WALKS, st.booleans())
def test_no_line_is_quiet_that_is_materially_nearer_than_all_that_was_told(
    steps: list[tuple[float, ...]], at_once: bool
) -> None:
    for step in walked(steps, at_once=at_once):
        told = {
            **step.told_rooms,
            **{name_of(each.alert): room_of(step.rooms[name_of(each.alert)]) for each in step.told},
        }
        leads = [room for name, room in told.items() if name in step.after]
        for name, alert in step.after.items():
            if alert.state is AlertState.INHIBITED and leads:
                room = room_of(step.rooms[name])
                assert room >= min(leads) or room > FACTOR * min(leads)


@given(WALKS, st.integers(1, 39))
def test_a_restart_changes_nothing_of_it(steps: list[tuple[float, ...]], at: int) -> None:
    def told(*, restart: bool) -> list[tuple[str, Change, AlertState]]:
        rule = RuleSettings(thresholds={WARNING: 0.2, CRITICAL: AT_MOST}, keep_firing_seconds=HOUR)
        desk, rooms = Pager(market_distance=rule, position_distance=rule), dict.fromkeys(NAMES, 0.15)
        for number, moves in enumerate(steps):
            for name, move in zip(NAMES, moves, strict=True):
                rooms[name] = min(0.4, max(0.0002, rooms[name] * math.exp(move)))
            shown = lines(market=rooms["market"], BTC=rooms["BTC"], SOL=rooms["SOL"])
            if restart and number == at:
                desk.restart(shown, after=1.0)
            else:
                desk.see(shown)
        return [(change.key, change.change, change.alert.state) for change in desk.told]

    assert told(restart=True) == told(restart=False)
