"""Funding as it is announced: an interval is seen, never assumed, and what is old is unknown."""

from __future__ import annotations

import pytest

from monitor.engine.funding import JITTER_SECONDS, MOST_SECONDS, NO_FUNDING, PAID_SECONDS, Due, Funding
from tests.unit.engine.situations import T

HOUR = 3600.0
BTC = 7  # a place


def told(funding: Funding, rate: float, next_time: float | None, at: float) -> bool:
    return funding.observe(BTC, rate, next_time, at, at)


def watched(*announced: tuple[float, float | None]) -> Funding:
    """What is announced, as (when, next payment)."""
    funding = Funding()
    for at, next_time in announced:
        told(funding, 0.0001, next_time, at)
    return funding


class TestIntervals:
    def test_a_first_announcement_has_none(self) -> None:
        assert watched((T, T + HOUR)).due(BTC, T) == Due(0.0001, T + HOUR, None)

    @pytest.mark.parametrize("hours", [1, 4, 8])
    def test_two_successive_payments_tell_it(self, hours: int) -> None:
        paid = T + 60.0
        funding = watched((T, paid), (paid + 1.0, paid + hours * HOUR))
        assert funding.due(BTC, paid + 2.0) == Due(0.0001, paid + hours * HOUR, hours * HOUR)

    def test_payments_that_nobody_watched_tell_nothing(self) -> None:
        """Four hours later the next one is 8 h after the one of before: it may be every 1, 2, 4 or 8 h."""
        paid = T + 60.0
        late = paid + 5 * HOUR
        assert watched((T, paid), (late, paid + 8 * HOUR)).due(BTC, late) == Due(0.0001, paid + 8 * HOUR, None)

    def test_a_known_interval_survives_an_outage_that_it_explains(self) -> None:
        funding = watched((T, T + 60.0), (T + 61.0, T + 60.0 + HOUR), (T + 5.5 * HOUR, T + 60.0 + 6 * HOUR))
        assert funding.due(BTC, T + 5.5 * HOUR) == Due(0.0001, T + 60.0 + 6 * HOUR, HOUR)

    def test_but_not_one_that_it_does_not_explain(self) -> None:
        late = T + 60.0 + 3 * HOUR
        funding = watched((T, T + 60.0), (T + 61.0, T + 60.0 + HOUR), (late, T + 60.0 + 4.5 * HOUR))
        assert funding.due(BTC, late) == Due(0.0001, T + 60.0 + 4.5 * HOUR, None)

    @pytest.mark.parametrize("other", [4 * HOUR, 16 * HOUR])
    def test_a_schedule_that_changes_before_a_payment_makes_it_unknown(self, other: float) -> None:
        start = T + 60.0
        funding = watched((T, start), (start + 1.0, start + 8 * HOUR), (start + 2.0, start + other))
        assert funding.due(BTC, start + 3.0) == Due(0.0001, start + other, None)

    def test_a_changed_schedule_is_learned_anew(self) -> None:
        start = T + 60.0
        funding = watched((T, start), (start + 1.0, start + 8 * HOUR), (start + 8 * HOUR + 1.0, start + 12 * HOUR))
        assert funding.due(BTC, start + 8 * HOUR + 2.0) == Due(0.0001, start + 12 * HOUR, 4 * HOUR)

    def test_a_time_that_trembles_is_the_same_time(self) -> None:
        funding = watched((T, T + HOUR), (T + 1.0, T + HOUR + JITTER_SECONDS))
        assert funding.due(BTC, T) == Due(0.0001, T + HOUR, None)

    def test_a_time_that_is_no_longer_said_is_unknown(self) -> None:
        funding = watched((T, T + 1.0), (T + 2.0, T + 1.0 + HOUR), (T + 3.0, None))
        assert funding.due(BTC, T + 3.0) == Due(0.0001, None, None)

    def test_the_clock_that_counts_is_the_venues(self) -> None:
        """Ours goes 30 s behind: when it says that the payment is still to come, the next one is announced."""
        funding, paid = Funding(), T + 60.0
        funding.observe(BTC, 0.0001, paid, T, T + 30.0)
        funding.observe(BTC, 0.0001, paid + HOUR, T + 31.0, T + 61.0)
        assert funding.due(BTC, T + 31.0) == Due(0.0001, paid + HOUR, HOUR)


class TestToldIntervals:
    def test_what_the_venue_says_is_known_from_the_first_announcement_on(self) -> None:
        funding = Funding()
        assert not funding.told(BTC, 8 * HOUR)
        told(funding, 0.0001, T + HOUR, T)
        assert funding.due(BTC, T) == Due(0.0001, T + HOUR, 8 * HOUR)

    def test_it_may_say_so_later_and_say_something_else(self) -> None:
        funding = watched((T, T + HOUR))
        assert [funding.told(BTC, hours * HOUR) for hours in (8, 8, 4)] == [True, False, True]
        assert funding.due(BTC, T) == Due(0.0001, T + HOUR, 4 * HOUR)

    def test_what_payments_show_is_better(self) -> None:
        funding = watched((T, T + 60.0))
        funding.told(BTC, 8 * HOUR)
        told(funding, 0.0001, T + 60.0 + HOUR, T + 61.0)
        assert funding.due(BTC, T + 61.0) == Due(0.0001, T + 60.0 + HOUR, HOUR)
        assert not funding.told(BTC, 8 * HOUR)
        assert funding.due(BTC, T + 61.0) == Due(0.0001, T + 60.0 + HOUR, HOUR)

    def test_an_outage_that_it_explains_leaves_it(self) -> None:
        funding = watched((T, T + 60.0))
        funding.told(BTC, HOUR)
        told(funding, 0.0001, T + 60.0 + 6 * HOUR, T + 5.5 * HOUR)
        assert funding.due(BTC, T + 5.5 * HOUR) == Due(0.0001, T + 60.0 + 6 * HOUR, HOUR)

    def test_what_contradicts_it_makes_it_unknown(self) -> None:
        funding = watched((T, T + 2 * HOUR))
        funding.told(BTC, 8 * HOUR)
        told(funding, 0.0001, T + 4 * HOUR, T + 1.0)
        assert funding.due(BTC, T + 1.0) == Due(0.0001, T + 4 * HOUR, None)


class TestAge:
    def test_nothing_announced_is_unknown(self) -> None:
        assert Funding().due(BTC, T) is None

    def test_what_is_delivered_one_day_and_never_announced_a_payment_pays_none(self) -> None:
        assert Funding().due(BTC, T, dated=True) == NO_FUNDING
        assert watched((T, T + HOUR)).due(BTC, T + MOST_SECONDS + 1.0, dated=True) is None

    def test_an_old_announcement_is_none(self) -> None:
        funding = watched((T, T + HOUR))
        assert funding.due(BTC, T + MOST_SECONDS) is not None
        assert funding.due(BTC, T + MOST_SECONDS + 0.1) is None

    def test_of_a_frequent_payer_two_intervals_are_old(self) -> None:
        funding = watched((T, T + 1.0), (T + 1.5, T + 101.0))
        assert funding.due(BTC, T + 101.0) == Due(0.0001, T + 101.0, 100.0)
        funding = watched((T, T + 1.0), (T + 1.5, T + 21.0), (T + 2.0, None), (T + 2.0, T + 1e6))
        assert funding.due(BTC, T + 500.0) is not None, "its interval is not known any more"
        often = Funding()
        for paid in (T, T + 20.0):
            told(often, 0.0001, paid + 20.0, paid + 1.0)
        assert often.due(BTC, T + 21.0 + 40.0) is not None
        assert often.due(BTC, T + 21.0 + 40.1) is None

    def test_the_announcement_of_a_payment_that_was_made_is_none(self) -> None:
        funding = watched((T, T + 5.0))
        assert funding.due(BTC, T + 5.0 + PAID_SECONDS) is not None
        assert funding.due(BTC, T + 5.1 + PAID_SECONDS) is None

    def test_an_announcement_from_before_the_last_is_passed_over(self) -> None:
        funding = watched((T, T + HOUR))
        assert not told(funding, 0.9, T + 9.0, T - 1.0)
        assert funding.due(BTC, T) == Due(0.0001, T + HOUR, None)

    def test_only_news_is_news(self) -> None:
        funding = Funding()
        assert told(funding, 0.0001, T + HOUR, T)
        assert not told(funding, 0.0001, T + HOUR, T + 1.0)
        assert not told(funding, 0.0001, T + HOUR + 1.0, T + 2.0), "a second is no other time"
        assert told(funding, 0.0002, T + HOUR, T + 3.0)
