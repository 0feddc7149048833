"""The life of listen tokens: when one is due, what makes it doubtful, and that none is asked for in a hurry."""

from __future__ import annotations

from monitor.venues.binance.loans.tokens import CROSS, RENEWED_AT, Tokens
from monitor.venues.settings import Secret, Timings

TIMINGS = Timings(resync_spacing_seconds=5.0, key_probe_spacing_seconds=60.0)
VENUE = 1_000_000.0  #: the venue's time at steady time 0
DAY = 86_400.0


def tokens(*places: str) -> Tokens:
    made = Tokens(TIMINGS)
    made.need(places or (CROSS,))
    return made


def give(made: Tokens, now: float, place: str = CROSS, life: float = DAY, text: str = "t") -> None:
    made.came(place, Secret(text), VENUE + now + life, now, VENUE + now)


def due(made: Tokens, now: float) -> tuple[str, ...]:
    return made.due(now, VENUE + now)


def test_a_place_without_a_token_needs_one_at_once() -> None:
    made = tokens()
    assert due(made, 0.0) == (CROSS,)
    assert made.topics() == ()


def test_a_token_is_renewed_long_before_it_ends_and_is_another_topic_then() -> None:
    made = tokens()
    give(made, 0.0)
    (first,) = made.topics()
    assert made.secret(first) == Secret("t")
    assert due(made, RENEWED_AT * DAY - 1.0) == ()
    assert due(made, RENEWED_AT * DAY) == (CROSS,)
    give(made, RENEWED_AT * DAY, text="u")
    (second,) = made.topics()
    assert second != first
    assert made.secret(second) == Secret("u")
    assert made.secret(first) is None


def test_a_token_that_outlived_its_day_is_none() -> None:
    made = tokens()
    give(made, 0.0)
    assert due(made, DAY) == (CROSS,)
    assert made.topics() == ()


def test_a_dead_token_is_replaced_but_not_at_the_speed_of_refusals() -> None:
    made = tokens()
    give(made, 100.0)
    made.died(made.topics()[0])
    assert due(made, 101.0) == ()
    assert due(made, 105.0) == (CROSS,)
    give(made, 105.0)
    assert due(made, 200.0) == ()


def test_the_death_of_an_older_token_is_no_news() -> None:
    made = tokens()
    give(made, 0.0)
    (first,) = made.topics()
    give(made, 10.0)
    made.died(first)
    assert len(made.topics()) == 1


def test_a_doubt_brings_another_token_once() -> None:
    made = tokens()
    give(made, 0.0)
    assert made.doubt(CROSS, 10.0)
    assert due(made, 10.0) == (CROSS,)
    assert made.topics(), "it serves until there is another one"
    give(made, 10.0)
    assert not made.doubt(CROSS, 60.0), "then it is not the token"
    assert made.doubt(CROSS, 71.0)
    assert not made.doubt("BTCUSDT", 71.0), "nobody needs that"


def test_each_pair_has_its_own() -> None:
    made = tokens("ETHUSDT", "SOLUSDT")
    give(made, 0.0, "ETHUSDT", text="e")
    assert due(made, 0.0) == ("SOLUSDT",)
    give(made, 0.0, "SOLUSDT", text="s")
    assert made.revealed() == ("e", "s")
    made.need(["SOLUSDT", "BTCUSDT"])
    assert made.places == {"SOLUSDT", "BTCUSDT"}
    assert due(made, 1.0) == ("BTCUSDT",)
    assert made.revealed() == ("s",)
    give(made, 1.0, "ETHUSDT")
    assert made.revealed() == ("s",), "what nobody needs any more is not kept"
