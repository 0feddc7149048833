"""The life of a listen key: kept alive every 25 minutes, good for 60, dead in one of four ways."""

from __future__ import annotations

import itertools

import pytest

from monitor.venues.binance.listen_key import NEXT, KeySignal, KeyState, ListenKey, Step
from monitor.venues.settings import Secret, Timings

MINUTE = 60.0
KEY, OTHER = Secret("key"), Secret("other")


def held() -> ListenKey:
    key = ListenKey(Timings())
    key.created(KEY, 0.0)
    return key


def test_without_a_key_one_is_made() -> None:
    key = ListenKey(Timings())
    assert key.due(0.0) is Step.CREATE
    key.created(KEY, 0.0)
    assert (key.state, key.key, key.due(1.0)) == (KeyState.HELD, KEY, Step.NOTHING)


def test_it_is_kept_alive_every_25_minutes() -> None:
    key = held()
    assert key.due(25 * MINUTE - 1) is Step.NOTHING
    assert key.due(25 * MINUTE) is Step.KEEP_ALIVE
    key.kept(25 * MINUTE)
    assert key.due(50 * MINUTE - 1) is Step.NOTHING
    assert key.due(50 * MINUTE) is Step.KEEP_ALIVE


def test_a_keep_alive_without_an_answer_is_repeated_until_the_key_has_outlived_itself() -> None:
    key = held()
    now = 25 * MINUTE
    while key.due(now) is Step.KEEP_ALIVE:
        key.keeping_failed(now)
        assert key.state is KeyState.HELD
        assert key.due(now + 29) in (Step.NOTHING, Step.CREATE)
        now += 30
    assert now == pytest.approx(60 * MINUTE)
    assert (key.state, key.key, key.due(now)) == (KeyState.ABSENT, None, Step.CREATE)


@pytest.mark.parametrize("death", ["unknown", "expired"])
def test_a_key_that_the_venue_disowns_is_forgotten_and_made_anew(death: str) -> None:
    key = held()
    getattr(key, death)()
    assert (key.state, key.key, key.due(1.0)) == (KeyState.ABSENT, None, Step.CREATE)


def test_a_doubted_key_is_asked_for_again_but_not_in_every_second() -> None:
    key = held()
    key.contradicted()
    assert (key.state, key.key) == (KeyState.DOUBTED, KEY)
    assert key.due(100.0) is Step.CREATE
    key.probed(100.0)
    assert key.due(101.0) is Step.NOTHING
    assert key.due(160.0) is Step.CREATE
    key.created(OTHER, 160.0)
    assert (key.state, key.key) == (KeyState.HELD, OTHER)


def test_a_doubt_is_not_cleared_by_an_accepted_keep_alive() -> None:
    key = held()
    key.contradicted()
    key.kept(10.0)
    assert key.state is KeyState.DOUBTED


def test_a_doubt_about_no_key_is_none() -> None:
    key = ListenKey(Timings())
    key.contradicted()
    assert key.state is KeyState.ABSENT


def test_no_signal_but_a_new_key_leads_out_of_absence() -> None:
    out = {
        signal for signal in KeySignal if NEXT.get((KeyState.ABSENT, signal), KeyState.ABSENT) is not KeyState.ABSENT
    }
    assert out == {KeySignal.CREATED}


def test_every_state_knows_every_signal_that_can_reach_it() -> None:
    silent = {(s, x) for s, x in itertools.product(KeyState, KeySignal) if (s, x) not in NEXT}
    assert silent == {
        *((KeyState.ABSENT, signal) for signal in KeySignal if signal is not KeySignal.CREATED),
        (KeyState.DOUBTED, KeySignal.CONTRADICTED),
    }
