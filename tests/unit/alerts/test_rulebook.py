"""Overrides: the most specific wins, what may hold of an account is always asked for, and nothing is told by nobody."""

from __future__ import annotations

from itertools import pairwise, permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.alerts import rulebook as module
from monitor.alerts.overrides import CONDITIONS, Override
from monitor.alerts.reading import Subject
from monitor.alerts.rule import RuleSettings
from monitor.alerts.rulebook import Rulebook
from monitor.alerts.settings import BUILT_IN, AlertSettings
from monitor.domain.alerts import Change, Level
from monitor.domain.lines import Direction, Line, Ratio
from monitor.domain.names import AccountKey
from tests.sample_reports import MAIN, account, pool, position
from tests.unit.alerts.desk import CRITICAL, WARNING, Desk

POOL = "cross:USDT"
POSITION = Subject("position_distance", MAIN, POOL, ("BTCUSDT", "LONG"))
HELD: dict[str, str] = {
    "symbol": "BTCUSDT", "coin": "BTC", "pool": POOL, "account": "main", "group": "quants", "venue": "binance",
}  # fmt: skip
GROUPS = {MAIN: "quants"}


def override(rule: str = "position_distance", *conditions: str, **settings: Any) -> Override:
    """An override that holds of the position, on these of its labels."""
    held: dict[str, Any] = {name: HELD[name] for name in conditions}
    return Override(rule=rule, **held, **settings)


def rulebook(*overrides: Override, **rules: RuleSettings) -> Rulebook:
    """A rule book that knows which coin BTCUSDT is in."""
    changed: dict[str, Any] = {"rules": rules} if rules else {}
    found = Rulebook(AlertSettings(overrides=overrides, groups=GROUPS, **changed))
    found.learn(account(pool(positions=(position(),))))
    return found


@pytest.mark.parametrize(("narrow", "wide"), [*pairwise(CONDITIONS), (CONDITIONS[-1], None)])
def test_the_narrower_condition_wins_in_whatever_order_they_stand(narrow: str, wide: str | None) -> None:
    both = (
        override("position_distance", narrow, for_seconds=1.0),
        override("position_distance", *([wide] if wide else []), for_seconds=2.0),
    )
    for order in permutations(both):
        assert rulebook(*order).of(POSITION).for_seconds == 1.0


def test_the_narrowest_condition_decides_whatever_stands_beside_it() -> None:
    many = override("position_distance", "coin", "pool", "account", "group", "venue", for_seconds=1.0)

    assert rulebook(many, override("position_distance", "symbol", for_seconds=2.0)).of(POSITION).for_seconds == 2.0


def test_of_two_on_the_same_symbol_the_one_with_one_more_condition_wins() -> None:
    more = override("position_distance", "symbol", "account", for_seconds=1.0)

    assert rulebook(more, override("position_distance", "symbol", for_seconds=2.0)).of(POSITION).for_seconds == 1.0


def test_one_that_names_the_rule_wins_over_one_for_all() -> None:
    named = override("position_distance", "account", for_seconds=1.0)

    assert rulebook(named, override("*", "account", for_seconds=2.0)).of(POSITION).for_seconds == 1.0


def test_of_two_that_are_equal_the_later_one_wins() -> None:
    first, second = (override("position_distance", "account", for_seconds=seconds) for seconds in (1.0, 2.0))

    assert rulebook(first, second).of(POSITION).for_seconds == 2.0


def test_each_setting_comes_from_the_narrowest_that_names_it() -> None:
    found = rulebook(
        override("*", "venue", keep_firing_seconds=1.0, hysteresis_ratio=0.2),
        override("position_distance", "account", keep_firing_seconds=2.0, worsening_factor=0.3),
        override("position_distance", "symbol", enabled=False),
    ).of(POSITION)

    assert (found.keep_firing_seconds, found.hysteresis_ratio, found.worsening_factor) == (2.0, 0.2, 0.3)
    assert not found.enabled


def test_whoever_changes_a_warning_does_not_lose_the_critical_level() -> None:
    found = rulebook(override("position_distance", "symbol", thresholds={WARNING: 0.2})).of(POSITION)

    assert found.thresholds == {WARNING: 0.2, CRITICAL: 0.05}


def test_a_condition_that_does_not_hold_changes_nothing() -> None:
    other = Override(rule="position_distance", symbol="ETHUSDT", for_seconds=1.0)

    assert rulebook(other).of(POSITION) == rulebook().of(POSITION)


def test_a_coin_holds_of_positions_in_it_once_they_were_seen() -> None:
    settings = AlertSettings(overrides=(Override(coin="BTC", for_seconds=1.0),))
    found = Rulebook(settings)

    assert found.of(POSITION).for_seconds == 5.0
    found.learn(account(pool(positions=(position(),))))
    found.learn(account(pool(positions=(position(),))))
    assert found.of(POSITION).for_seconds == 1.0
    assert found.of(Subject("coin_distance", MAIN, POOL, ("BTC", "DOWN"))).for_seconds == 1.0


def test_answers_are_remembered_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_ANSWERS", 2)
    found = rulebook(override("position_distance", "account", for_seconds=1.0))

    for number in range(5):
        assert found.of(POSITION._replace(detail=(f"C{number}USDT", "LONG"))).for_seconds == 1.0
    assert found.of(POSITION) is found.of(POSITION)


numbers = st.sampled_from([0.01, 0.05, 0.1, 0.2, 0.4])
anywhere = st.sampled_from(["", "symbol", "coin", "pool", "account", "group", "venue"])


@st.composite
def overrides(draw: st.DrawFn) -> Override:
    """Any override of the position's rule, that holds of it or of another one."""
    name = draw(anywhere)
    held: dict[str, Any] = {name: draw(st.sampled_from([HELD[name], "elsewhere"]))} if name else {}
    levels: st.SearchStrategy[Level] = st.sampled_from(BUILT_IN)
    return Override(
        rule=draw(st.sampled_from(["position_distance", "data_quality", "*"])),
        **held,
        enabled=draw(st.none() | st.booleans()),
        thresholds=draw(st.none() | st.dictionaries(levels, numbers, max_size=2)),
        severities=draw(st.none() | st.just({"STALE": CRITICAL}) | st.just({"": WARNING})),
    )


@given(st.lists(overrides(), max_size=5), numbers, st.sampled_from(["STALE", "PARTIAL"]))
def test_what_any_override_would_tell_is_asked_for(them: list[Override], value: float, word: str) -> None:
    found = rulebook(*them)
    settings = found.of(POSITION)
    if settings.enabled and any(value <= at for at in settings.thresholds.values()):
        rising, bound = found.bounds(MAIN)["position_distance"]
        assert not rising
        assert value <= bound
        assert value <= found.bounds(None)["position_distance"][1]
    subject = Subject("data_quality", MAIN, POOL)
    own = found.of(subject)
    if own.enabled and own.severities.get(word, own.severities.get("")) is not None:
        assert found.may_speak("data_quality", MAIN, word)
        assert found.may_speak("data_quality", None, word)


def test_an_account_whose_key_does_not_matter_is_not_asked_for_it() -> None:
    found = Rulebook(AlertSettings(any_key=frozenset({MAIN})))

    assert not found.may_speak("key_permission", MAIN, "withdraw")
    assert not found.speaks(Subject("key_permission", MAIN))
    assert found.may_speak("key_permission", AccountKey("binance", "other"), "withdraw")


class TestOneDangerOnePage:
    """A rule that says the same as a narrower one is silent, but only if that one speaks wherever it may."""

    MARKET = Subject("market_distance", MAIN, POOL, ("DOWN",))

    def test_it_is_told_by_the_narrower_rule_at_the_same_thresholds(self) -> None:
        assert rulebook().is_told_by(self.MARKET, "position_distance")

    def test_an_override_for_the_whole_account_may_change_both(self) -> None:
        changed = [override(rule, "account", thresholds={WARNING: 0.3}) for rule in ("market_distance", POSITION.rule)]

        assert rulebook(*changed).is_told_by(self.MARKET, "position_distance")
        assert not rulebook(changed[0]).is_told_by(self.MARKET, "position_distance")

    def test_not_if_one_symbol_may_be_switched_off(self) -> None:
        off = override("position_distance", "symbol", enabled=False)

        assert not rulebook(off).is_told_by(self.MARKET, "position_distance")

    def test_what_nobody_else_tells_is_told(self) -> None:
        """The market line of a pool whose one position was made silent."""
        near = Line.at(57_000.0, 0.04)
        one = account(pool(positions=(position(line=near),), coins={}, market={Direction.DOWN: near}))
        silent = AlertSettings(overrides=(override("position_distance", "symbol", enabled=False),))

        assert Desk(silent).hold(one, seconds=6) == [("market_distance", Change.FIRED)]


def test_thresholds_of_one_account_leave_the_others_alone() -> None:
    other = AccountKey("binance", "other")
    both = [account(pool(owner=key, ratio=Ratio.of(0.5)), key=key) for key in (MAIN, other)]
    desk = Desk(AlertSettings(overrides=(override("margin_ratio", "account", thresholds={WARNING: 0.4}),)))

    assert desk.hold(*both, seconds=6) == [("margin_ratio", Change.FIRED)]
    assert desk.told[0].alert.labels["account"] == "main"
    assert desk.told[0].alert.threshold == 0.4


def test_a_group_has_its_own_levels() -> None:
    settings = AlertSettings(
        levels=("info", "warning", "critical", "panic"),
        overrides=(override("margin_ratio", "group", thresholds={"panic": 0.9}),),
        groups=GROUPS,
    )
    desk = Desk(settings)

    desk.hold(account(pool(ratio=Ratio.of(0.95))), seconds=6)
    assert desk.firing == [("margin_ratio", "panic")]


def test_a_rule_that_is_off_but_for_one_account_is_told_there_alone() -> None:
    settings = AlertSettings(
        rules={"mode_changed": RuleSettings(enabled=False, severities={"": WARNING})},
        overrides=(Override(rule="mode_changed", account="other", enabled=True),),
    )
    found = Rulebook(settings)

    assert found.speaks(Subject("mode_changed", AccountKey("binance", "other"), "", ("hedge",)))
    assert not found.speaks(Subject("mode_changed", MAIN, "", ("hedge",)))
