"""How far a report may be believed, rule by rule."""

from __future__ import annotations

import pytest

from monitor.domain.accounts import VenueAccount
from monitor.domain.events import Banned, Elapsed, FeedDown, FeedUp, PollFailed
from monitor.domain.names import PositionKey
from monitor.domain.quality import Quality
from monitor.domain.tables import Tables
from monitor.engine.accounts import AccountState
from monitor.engine.health import (
    Connection,
    Finding,
    account_findings,
    judge,
    position_findings,
    price_findings,
    risk_findings,
    table_findings,
)
from monitor.engine.marks import Quote
from monitor.engine.settings import Limits
from tests.unit.engine.situations import (
    BTC,
    LONG,
    MAIN,
    ONE_WAY,
    UNREADABLE,
    VENUE,
    T,
    config,
    held,
    pushed,
    reading,
    report,
    running,
    started,
)

LIMITS = Limits()
LIVE: list[Finding] = []


def state() -> AccountState:
    found = AccountState(MAIN)
    found.configuration(config(ONE_WAY))
    found.snapshot(reading(held("BTCUSDT", 1.0, 60_000.0)), 0.0)
    return found


def test_the_worst_finding_decides_and_reasons_stand_once_the_gravest_first() -> None:
    findings = [
        Finding(Quality.PARTIAL, "a"),
        Finding(Quality.UNKNOWN, "b"),
        Finding(Quality.STALE, "c"),
        Finding(Quality.PARTIAL, "a"),
    ]
    assert judge(findings) == (Quality.UNKNOWN, ("b", "c", "a"))
    assert judge([]) == (Quality.LIVE, ())


class TestPrices:
    QUOTE = Quote(price=100.0, venue_time=T)

    @pytest.mark.parametrize(
        ("venue_now", "stale"), [(T, False), (T + 5.0, False), (T + 5.001, True), (T - 60.0, False)]
    )
    def test_it_ages_by_the_venues_own_time(self, venue_now: float, stale: bool) -> None:
        found = price_findings("the mark of BTCUSDT", self.QUOTE, venue_now, 5.0)
        assert found == ([Finding(Quality.STALE, "the mark of BTCUSDT is older than 5 s")] if stale else LIVE)

    def test_one_that_only_values_in_usd_lowers_less(self) -> None:
        found = price_findings("the USD price of USDT", self.QUOTE, T + 11.0, 10.0, Quality.PARTIAL)
        assert found == [Finding(Quality.PARTIAL, "the USD price of USDT is older than 10 s")]

    def test_one_that_jumped_is_unknown_at_once(self) -> None:
        doubted = Quote(price=100.0, venue_time=T, doubted=30.0)
        found = price_findings("the mark of BTCUSDT", doubted, T + 1, 5.0)
        assert found == [
            Finding(
                Quality.UNKNOWN,
                "the mark of BTCUSDT jumped from 100 to 30: waiting for a second frame or source",
            )
        ]

    def test_a_missing_one_is_the_kernels_to_tell(self) -> None:
        assert price_findings("the mark of BTCUSDT", None, T, 5.0) == LIVE


class TestScenarios:
    """The venue's own: read by themselves, and carried along with the readings of the account."""

    def account(self, risk_asked: float | None) -> AccountState:
        found = state()
        found.snapshot(reading(asked=T + 1, venue=VenueAccount(risk_asked=risk_asked)), 0.0)
        return found

    @pytest.mark.parametrize(("now", "old"), [(T + 60.0, False), (T + 60.1, True)])
    def test_old_ones_lower_the_quality(self, now: float, old: bool) -> None:
        found = risk_findings(self.account(T), Connection(), now, LIMITS)
        text = "the venue's own scenarios were last read more than 60 s ago"
        assert found == ([Finding(Quality.PARTIAL, text)] if old else [])

    def test_what_was_tried_last_is_told(self) -> None:
        connection = Connection()
        connection.poll_failed(PollFailed(VENUE, "main", "risk", T, "refused"))
        (finding,) = risk_findings(self.account(T), connection, T + 90.0, LIMITS)
        assert finding.reason.endswith("60 s ago (the last try failed: refused)")

    def test_an_account_without_any_is_not_asked_for_them(self) -> None:
        assert risk_findings(self.account(None), Connection(), T + 9_000.0, LIMITS) == LIVE
        assert risk_findings(AccountState(MAIN), Connection(), T, LIMITS) == LIVE

    def test_new_ones_end_a_failure_and_old_ones_carried_along_do_not(self) -> None:
        watched = running()
        failed = PollFailed(VENUE, "main", "risk", T, "refused")

        def reasons(asked: float, risk_asked: float) -> tuple[str, ...]:
            told = reading(BTC, asked=asked, venue=VenueAccount(risk_asked=risk_asked))
            later = risk_asked + 61.0
            fresh = [*started(BTC, at=later)[:-1], failed, told, Elapsed(later)]
            return report(watched.step(fresh, later)).reasons

        told = "the venue's own scenarios were last read more than 60 s ago"
        assert reasons(T + 1, T) == (told,)
        assert reasons(T + 2, T) == (f"{told} (the last try failed: refused)",)


class TestAccounts:
    def test_a_fresh_one_is_live_however_quiet_its_stream(self) -> None:
        connection = Connection()
        connection.feed(FeedUp(VENUE, "main", "user", T - 80_000.0))
        assert account_findings(state(), connection, T + 15.0, LIMITS) == LIVE

    def test_before_the_first_reading_it_is_unknown_and_says_what_was_tried(self) -> None:
        connection = Connection()
        connection.poll_failed(PollFailed(VENUE, "main", "account", T, "refused"))
        connection.poll_failed(PollFailed(VENUE, "main", "config", T, "no route"))
        assert account_findings(AccountState(MAIN), connection, T, LIMITS) == [
            Finding(Quality.UNKNOWN, "no account reading yet (the last try failed: refused)"),
            Finding(Quality.UNKNOWN, "the account's mode was not read yet (the last try failed: no route)"),
        ]

    @pytest.mark.parametrize(("age", "quality"), [(150.0, None), (150.1, Quality.STALE)])
    def test_it_ages_by_its_last_reading(self, age: float, quality: Quality | None) -> None:
        found = account_findings(state(), Connection(), T + age, LIMITS)
        text = "the account was last read more than 150 s ago"
        assert found == ([] if quality is None else [Finding(quality, text)])

    def test_a_push_does_not_make_the_reading_younger(self) -> None:
        account = state()
        account.position(pushed("BTCUSDT", 2.0, 60_000.0, at=T + 149))
        assert [finding.quality for finding in account_findings(account, Connection(), T + 151, LIMITS)] == [
            Quality.STALE
        ]

    def test_the_reason_of_the_last_failure_stands_until_the_reading_succeeds(self) -> None:
        connection = Connection()
        connection.poll_failed(PollFailed(VENUE, "main", "account", T + 100, "timed out"))
        account = state()
        (finding,) = account_findings(account, connection, T + 151, LIMITS)
        assert finding.reason.endswith("ago (the last try failed: timed out)")
        connection.poll_succeeded("main", "account")
        (finding,) = account_findings(account, connection, T + 151, LIMITS)
        assert finding.reason.endswith("ago")

    def test_an_unreadable_mode_is_unknown(self) -> None:
        account = state()
        account.configuration(config(UNREADABLE, asked=T + 1))
        assert account_findings(account, Connection(), T + 1, LIMITS) == [
            Finding(Quality.UNKNOWN, "the account's collateral mode could not be read")
        ]

    def test_an_old_configuration_lowers_the_quality_but_keeps_the_figures(self) -> None:
        account = state()
        account.snapshot(reading(held("BTCUSDT", 1.0, 60_000.0), asked=T + 600), 0.0)
        assert account_findings(account, Connection(), T + 600.0, LIMITS) == LIVE
        assert account_findings(account, Connection(), T + 601.0, LIMITS) == [
            Finding(Quality.PARTIAL, "the account's configuration was last read more than 600 s ago")
        ]

    def test_problems_of_a_reading_are_told(self) -> None:
        account = state()
        account.snapshot(reading(asked=T + 1, problems=["row 2: no entry price"]), 0.0)
        assert account_findings(account, Connection(), T + 1, LIMITS) == [
            Finding(Quality.PARTIAL, "row 2: no entry price")
        ]


class TestConnections:
    def test_a_reading_that_waits_did_not_fail(self) -> None:
        connection = Connection()
        connection.poll_failed(PollFailed(VENUE, "main", "account", T, "the budget is used up", waiting=True))
        (finding,) = account_findings(state(), connection, T + 160, LIMITS)[:1]
        assert finding.reason == "the account was last read more than 150 s ago (the budget is used up)"

    def test_a_stream_that_is_down_lowers_what_depends_on_it(self) -> None:
        connection = Connection()
        connection.feed(FeedDown(VENUE, None, "marks", T, "closed with 1006"))
        connection.feed(FeedDown(VENUE, "main", "user", T, "key expired"))
        connection.feed(FeedDown(VENUE, "other", "user", T, "key expired"))
        assert account_findings(state(), connection, T, LIMITS) == [
            Finding(Quality.PARTIAL, "the marks stream is down: closed with 1006"),
            Finding(Quality.PARTIAL, "the user stream is down: key expired"),
        ]
        connection.feed(FeedUp(VENUE, None, "marks", T + 1))
        connection.feed(FeedUp(VENUE, "main", "user", T + 1))
        assert account_findings(state(), connection, T, LIMITS) == LIVE

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("assets", "the assets stream is down: lost"),
            ("user-futures", "the user-futures stream is down: lost"),
            ("market stream", "the market stream is down: lost"),
            ("market bridge", "the market bridge job is down: lost"),
            ("account", "the account job is down: lost"),
        ],
    )
    def test_a_job_that_ended_is_told_by_its_own_name(self, name: str, text: str) -> None:
        connection = Connection()
        connection.feed(FeedDown(VENUE, None, name, T, "lost"))
        assert account_findings(state(), connection, T, LIMITS) == [Finding(Quality.PARTIAL, text)]

    def test_what_options_are_priced_with_is_missed_by_those_only_who_hold_some(self) -> None:
        connection = Connection()
        connection.feed(FeedDown(VENUE, None, "options", T, "lost"))
        assert account_findings(state(), connection, T, LIMITS) == LIVE
        assert account_findings(state(), connection, T, LIMITS, options=True) == [
            Finding(Quality.PARTIAL, "the options stream is down: lost")
        ]

    def test_a_ban_is_told_until_it_ends(self) -> None:
        connection = Connection()
        connection.banned(Banned(VENUE, until=T + 60, at=T))
        assert account_findings(state(), connection, T + 59, LIMITS) == [
            Finding(Quality.PARTIAL, "the venue told us to stop calling for a while")
        ]
        assert account_findings(state(), connection, T + 60, LIMITS) == LIVE

    def test_what_belongs_to_an_account_is_forgotten_with_it(self) -> None:
        connection = Connection()
        connection.feed(FeedDown(VENUE, None, "marks", T, "why"))
        connection.feed(FeedDown(VENUE, "main", "user", T, "why"))
        connection.poll_failed(PollFailed(VENUE, "main", "account", T, "why"))
        connection.forget("main")
        assert list(connection.down) == [(None, "marks")]
        assert connection.failed == {}

    def test_the_clock_offset_is_applied_both_ways(self) -> None:
        connection = Connection(offset=2.0)
        assert connection.venue_now(T) == T + 2.0
        assert connection.ours(T + 2.0) == T
        assert Connection().venue_now(T) == Connection().ours(T) == T


@pytest.mark.parametrize(("hours", "count"), [(50.0, 0), (50.1, 2)])
def test_old_tables_lower_the_quality_but_keep_the_figures(hours: float, count: int) -> None:
    tables = Tables(tiers_time=T, instruments_time=T)
    found = table_findings(tables, T + hours * 3600, LIMITS)
    assert [finding.quality for finding in found] == [Quality.PARTIAL] * count
    assert table_findings(Tables(), T, LIMITS) == LIVE


class TestPositions:
    KEY = PositionKey("BTCUSDT", LONG)

    def test_one_that_is_missing_once_is_told(self) -> None:
        account = state()
        assert position_findings(account, self.KEY, T, LIMITS) == LIVE
        account.snapshot(reading(asked=T + 15), 0.0)
        assert position_findings(account, self.KEY, T + 15, LIMITS) == [
            Finding(
                Quality.PARTIAL, "BTCUSDT long is missing from the last reading: kept until a second one confirms it"
            )
        ]

    def test_one_that_no_reading_shows_grows_stale(self) -> None:
        account = state()
        account.snapshot(reading(asked=T + 150, problems=["row 1"]), 0.0)
        assert position_findings(account, self.KEY, T + 150.0, LIMITS) == LIVE
        assert position_findings(account, self.KEY, T + 151.0, LIMITS) == [
            Finding(Quality.STALE, "BTCUSDT long was last seen more than 150 s ago")
        ]

    def test_a_leg_that_is_no_position_has_no_findings(self) -> None:
        assert position_findings(state(), PositionKey("ETHUSDT", LONG), T + 999, LIMITS) == LIVE
