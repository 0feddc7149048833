"""Secrets do not show, and every wait of the transport is a setting."""

from __future__ import annotations

import pickle
from dataclasses import fields

import pytest

from monitor.venues.binance.settings import BinanceSettings
from monitor.venues.settings import AccountSettings, Credentials, Secret, Timings

PLANTED = "planted-secret-4711"


def settings() -> BinanceSettings:
    credentials = Credentials(api_key=Secret(PLANTED), api_secret=Secret(PLANTED))
    return BinanceSettings(accounts=(AccountSettings(venue="binance", name="main", credentials=credentials),))


def test_a_secret_shows_in_no_form_of_text() -> None:
    secret = Secret(PLANTED)
    for text in (repr(secret), str(secret), f"{secret}", f"{secret!r:>40}", "%s" % secret, repr(settings())):  # noqa: UP031  # the old form is a way out too
        assert PLANTED not in text
    assert secret.reveal() == PLANTED
    with pytest.raises(TypeError):
        pickle.dumps(secret)


def test_secrets_compare_by_their_text() -> None:
    assert Secret("a") == Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a")}) == 1
    assert not Secret("")


def test_every_timing_is_a_positive_number_of_seconds() -> None:
    timings = Timings()
    for field in fields(timings):
        assert getattr(timings, field.name) > 0, field.name
        assert field.name.endswith("_seconds") or field.name in ("backoff_factor", "snapshot_tries")


def test_a_socket_is_replaced_before_the_venue_cuts_it_after_a_day() -> None:
    assert Timings().rollover_seconds - Timings().rollover_jitter_seconds > 23 * 3600
    assert Timings().rollover_seconds < 24 * 3600


def test_a_key_is_kept_alive_in_good_time() -> None:
    timings = Timings()
    assert 2 * timings.keep_alive_every_seconds < timings.key_life_seconds
