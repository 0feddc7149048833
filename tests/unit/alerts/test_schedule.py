"""Quiet hours over midnight and over a change of the clock; digests at their times."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from monitor.alerts.routing import Digest, QuietHours
from monitor.alerts.schedule import MinuteAt, is_quiet, next_digest, quiet_until

NIGHT = QuietHours(starts_minute=22 * 60, ends_minute=7 * 60)
LUNCH = QuietHours(starts_minute=12 * 60, ends_minute=13 * 60)
DAY = 86_400.0


def zone(name: str) -> MinuteAt:
    def minute(at: float) -> int:
        local = datetime.fromtimestamp(at, ZoneInfo(name))
        return 60 * local.hour + local.minute

    return minute


def at(text: str, name: str = "UTC") -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(name)).timestamp()


@pytest.mark.parametrize(
    ("hours", "minute", "quiet"),
    [
        (NIGHT, 22 * 60 - 1, False),
        (NIGHT, 22 * 60, True),
        (NIGHT, 0, True),
        (NIGHT, 7 * 60 - 1, True),
        (NIGHT, 7 * 60, False),
        (LUNCH, 12 * 60 - 1, False),
        (LUNCH, 12 * 60, True),
        (LUNCH, 13 * 60, False),
        (QuietHours(starts_minute=600, ends_minute=600), 600, False),
    ],
)
def test_a_minute_is_quiet_from_the_start_up_to_the_end(hours: QuietHours, minute: int, quiet: bool) -> None:
    assert is_quiet(minute, hours) is quiet


def test_outside_of_quiet_hours_nothing_waits() -> None:
    noon = at("2026-11-22T12:00")

    assert quiet_until(noon, NIGHT, zone("UTC")) == noon


@pytest.mark.parametrize("now", ["2026-11-21T22:00:00", "2026-11-22T03:33:21", "2026-11-22T06:59:59"])
def test_quiet_hours_end_in_the_morning(now: str) -> None:
    berlin = "Europe/Berlin"

    assert quiet_until(at(now, berlin), NIGHT, zone(berlin)) == at("2026-11-22T07:00", berlin)


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"])
def test_quiet_hours_end_at_seven_local_time_in_the_night_in_which_the_clock_is_changed(day: str) -> None:
    berlin = "Europe/Berlin"
    evening = at(f"{day}T00:30", berlin)

    assert quiet_until(evening, NIGHT, zone(berlin)) == at(f"{day}T07:00", berlin)


def test_an_hourly_digest_comes_at_the_full_hour() -> None:
    digest = Digest(channel="mail", every_seconds=3600.0)

    assert next_digest(at("2026-11-22T12:17"), digest, zone("UTC")) == at("2026-11-22T13:00")
    assert next_digest(at("2026-11-22T13:00"), digest, zone("UTC")) == at("2026-11-22T14:00")


@pytest.mark.parametrize("name", ["UTC", "Europe/Berlin", "Asia/Kolkata", "Pacific/Auckland", "America/Los_Angeles"])
@pytest.mark.parametrize("now", ["2026-11-22T07:59:59", "2026-11-22T08:00", "2026-11-22T23:00", "2026-11-22T00:00"])
def test_a_daily_digest_comes_at_its_local_minute_within_a_day(name: str, now: str) -> None:
    digest = Digest(channel="mail", every_seconds=DAY, starts_minute=8 * 60)
    due = next_digest(at(now, name), digest, zone(name))

    assert 0.0 < due - at(now, name) <= DAY
    assert zone(name)(due) == 8 * 60


def test_a_daily_digest_comes_at_eight_on_the_day_after_the_clock_was_changed() -> None:
    berlin = "Europe/Berlin"
    digest = Digest(channel="mail", every_seconds=DAY)

    assert next_digest(at("2026-03-28T20:00", berlin), digest, zone(berlin)) == at("2026-03-29T08:00", berlin)


def test_a_weekly_digest_is_due_at_one_time_however_often_it_is_asked() -> None:
    digest = Digest(channel="mail", every_seconds=7 * DAY)
    start = datetime(2026, 11, 22, 9, tzinfo=UTC).timestamp()
    first = next_digest(start, digest, zone("UTC"))

    assert {next_digest(first - hours * 3600.0, digest, zone("UTC")) for hours in range(1, 168)} == {first}
    assert next_digest(first, digest, zone("UTC")) == first + 7 * DAY
