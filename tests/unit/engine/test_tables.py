"""Which tables hold for which account."""

from __future__ import annotations

from monitor.domain.events import InstrumentsLoaded, TiersLoaded
from monitor.domain.tables import AssetRates
from monitor.domain.tiers import flat
from monitor.engine.tables import VenueTables
from tests.unit.engine.situations import MAIN, OTHER, VENUE, instruments, tiers


def test_nothing_was_loaded_yet() -> None:
    tables = VenueTables().of(MAIN)
    assert (tables.tiers, tables.tiers_time, tables.instruments_time) == ({}, None, None)


def test_an_accounts_own_tiers_stand_before_the_common_ones() -> None:
    tables = VenueTables()
    tables.load_tiers(tiers(100.0, BTCUSDT=flat(0.01), ETHUSDT=flat(0.02)))
    tables.load_tiers(tiers(200.0, MAIN, BTCUSDT=flat(0.05)))
    assert tables.of(MAIN).tiers == {"BTCUSDT": flat(0.05), "ETHUSDT": flat(0.02)}
    assert tables.of(MAIN).tiers_time == 200.0
    assert tables.of(OTHER).tiers["BTCUSDT"] == flat(0.01)
    assert tables.of(OTHER).tiers_time == 100.0
    tables.forget(MAIN)
    assert tables.of(MAIN) == tables.of(OTHER)


def test_a_later_load_replaces_the_whole_table() -> None:
    tables = VenueTables()
    tables.load_tiers(tiers(100.0, BTCUSDT=flat(0.01), ETHUSDT=flat(0.02)))
    assert "ETHUSDT" in tables.of(MAIN).tiers
    tables.load_tiers(tiers(200.0, BTCUSDT=flat(0.03)))
    assert tables.of(MAIN).tiers == {"BTCUSDT": flat(0.03)}


def test_an_empty_answer_replaces_nothing_and_lets_the_old_table_age() -> None:
    tables = VenueTables()
    tables.load_instruments(instruments(100.0))
    tables.load_tiers(tiers(100.0))
    tables.load_instruments(InstrumentsLoaded(VENUE, (), 200.0))
    tables.load_tiers(TiersLoaded(VENUE, None, (), 200.0))
    found = tables.of(MAIN)
    assert (len(found.instruments), found.instruments_time) == (2, 100.0)
    assert (len(found.tiers), found.tiers_time) == (2, 100.0)


def test_tiers_of_isolated_positions_are_believed_though_no_others_came_with_them_and_the_other_way_round() -> None:
    tables, isolated = VenueTables(), (("BTCUSDT", flat(0.09)),)
    tables.load_tiers(tiers(100.0))
    assert tables.load_tiers(TiersLoaded(VENUE, None, (), 200.0, isolated=isolated))
    found = tables.of(MAIN)
    assert (len(found.tiers), found.tiers_time, found.isolated_tiers) == (2, 100.0, dict(isolated))
    assert tables.load_tiers(tiers(300.0, BTCUSDT=flat(0.03)))
    found = tables.of(MAIN)
    assert (found.tiers, found.tiers_time, found.isolated_tiers) == ({"BTCUSDT": flat(0.03)}, 300.0, dict(isolated))


def test_an_empty_first_answer_is_an_answer() -> None:
    tables = VenueTables()
    tables.load_instruments(InstrumentsLoaded(VENUE, (), 200.0))
    tables.load_tiers(TiersLoaded(VENUE, None, (), 200.0))
    assert tables.of(MAIN).instruments_time == 200.0
    assert tables.of(MAIN).tiers_time == 200.0


def test_rates_are_new_only_when_they_differ() -> None:
    tables = VenueTables()
    rates = AssetRates(positive_rate=0.95, negative_rate=1.05, requirement_rate=1.05)
    assert tables.set_rates("BTC", rates)
    assert not tables.set_rates("BTC", rates)
    assert tables.of(MAIN).rates == {"BTC": rates}


def test_it_tells_whether_what_was_loaded_is_new() -> None:
    tables = VenueTables()
    assert tables.load_instruments(InstrumentsLoaded(VENUE, (), 1.0)), "nothing was known before"
    assert tables.load_instruments(instruments(2.0))
    assert not tables.load_instruments(instruments(3.0))
    assert not tables.load_instruments(InstrumentsLoaded(VENUE, (), 4.0))
    assert tables.load_tiers(tiers(1.0))
    assert not tables.load_tiers(tiers(2.0))
    assert tables.load_tiers(tiers(2.0, MAIN)), "its own tiers may be the same, and change later without the others"
    assert tables.load_tiers(tiers(3.0, BTCUSDT=flat(0.5)))
    assert not tables.load_tiers(TiersLoaded(VENUE, None, (), 4.0))
