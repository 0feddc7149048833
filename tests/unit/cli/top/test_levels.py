"""Colours mean what the monitor's thresholds say, and what is not known is never called calm."""

from __future__ import annotations

import pytest

from monitor.cli.top import levels
from monitor.cli.top.levels import Levels
from monitor.cli.top.painted import Role
from monitor.domain.quality import Quality
from tests.unit.cli.top.scenes import TOLD


def at(value: float) -> dict[str, object]:
    return {"state": "at", "value": value}


def away(distance: float) -> dict[str, object]:
    return {"state": "at", "distance_ratio": distance}


@pytest.mark.parametrize(
    ("value", "level"),
    [(0.0, Role.CALM), (0.59, Role.CALM), (0.6, Role.WARNING), (0.8, Role.CRITICAL), (3.0, Role.CRITICAL)],
)
def test_a_ratio_is_compared_with_the_thresholds_that_were_told(value: float, level: Role) -> None:
    assert levels.of_ratio(at(value), TOLD) is level


@pytest.mark.parametrize(
    ("distance", "level"), [(0.11, Role.CALM), (0.1, Role.WARNING), (0.051, Role.WARNING), (0.05, Role.CRITICAL)]
)
def test_a_line_is_compared_with_the_thresholds_that_were_told(distance: float, level: Role) -> None:
    assert levels.of_line(away(distance), TOLD) is level


def test_thresholds_that_were_not_told_make_nothing_calm() -> None:
    for session in ({}, {"levels": None}, {"levels": {"margin_ratio": {"warning": "0.6"}}}):
        told = Levels.told(session)
        assert levels.of_ratio(at(0.1), told) is Role.PLAIN
        assert levels.of_line(away(0.5), told) is Role.PLAIN


def test_what_is_unknown_is_blind_and_what_is_liquidatable_critical() -> None:
    assert levels.of_ratio({"state": "unknown"}, TOLD) is Role.BLIND
    assert levels.of_line({"state": "unknown"}, TOLD) is Role.BLIND
    assert levels.of_ratio({"state": "liquidatable"}, Levels()) is Role.CRITICAL
    assert levels.of_line({"state": "never"}, TOLD) is Role.CALM


@pytest.mark.parametrize("quality", Quality)
def test_only_what_is_believed_can_be_calm(quality: Quality) -> None:
    report = {"margin_ratio": at(0.1), "quality": quality.value}
    level = levels.of_pool(report, TOLD, away(0.9), Role.PLAIN)
    assert level is (Role.CALM if quality.figures_shown else Role.BLIND)
    assert levels.badge(quality.value)[1] is not Role.BADGE_CALM or quality is Quality.LIVE
    assert levels.badge(quality.value, live=False) == ("not now", Role.BADGE_BLIND)


def test_a_pool_is_as_bad_as_the_worst_of_ratio_line_and_alert() -> None:
    report = {"margin_ratio": at(0.1), "quality": "LIVE"}
    assert levels.of_pool(report, TOLD, away(0.04), Role.PLAIN) is Role.CRITICAL
    assert levels.of_pool(report, TOLD, away(0.9), Role.WARNING) is Role.WARNING
    assert levels.of_pool(report, TOLD, {"state": "unknown"}, Role.PLAIN) is Role.BLIND
    assert levels.of_pool(report, TOLD, {"state": "unknown"}, Role.CRITICAL) is Role.CRITICAL


def test_a_level_of_the_users_own_is_as_loud_as_a_warning() -> None:
    assert levels.of_severity("page the desk") is Role.WARNING
