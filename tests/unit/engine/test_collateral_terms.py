"""How assets count by their amount, and tiers of isolated positions: whose, how old, and what a change does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.domain.accounts import Balance
from monitor.domain.commands import FactsRestored
from monitor.domain.events import Elapsed, Event, TiersLoaded
from monitor.domain.quality import Quality
from monitor.domain.tables import CollateralTerms, Tables
from monitor.domain.tiers import flat
from monitor.engine.engine import Engine
from monitor.engine.tables import VenueTables, tiers_of
from tests.unit.engine.situations import (
    ALONE,
    BTC,
    MAIN,
    MULTI,
    OTHER,
    TIERS,
    VENUE,
    T,
    collateral,
    engine,
    held,
    instrument,
    pool,
    reading,
    report,
    started,
)

WHOLE = CollateralTerms(steps=((0.0, 1.0),))
LESS = CollateralTerms(steps=((0.0, 0.9), (5_000.0, 0.5)))
LATER = T + 10.0


def unified(terms: CollateralTerms = WHOLE) -> Engine:
    """A long BTC behind 10,000 USDT in multi-assets mode."""
    found = engine()
    found.step([*started(BTC, mode=MULTI), collateral(USDT=terms)], T)
    return found


class TestWhose:
    def test_an_accounts_own_stand_before_the_common_ones(self) -> None:
        tables = VenueTables()
        tables.load_collateral(collateral(100.0, BTC=WHOLE, USDT=WHOLE))
        tables.load_collateral(collateral(200.0, MAIN, BTC=LESS))
        assert tables.of(MAIN).collateral == {"BTC": LESS, "USDT": WHOLE}
        assert tables.of(OTHER).collateral == {"BTC": WHOLE, "USDT": WHOLE}
        assert (tables.of(MAIN).collateral_time, tables.of(OTHER).collateral_time) == (200.0, 100.0)
        tables.forget(MAIN)
        assert tables.of(MAIN) == tables.of(OTHER)

    def test_an_empty_answer_replaces_nothing_and_lets_the_old_table_age(self) -> None:
        tables = VenueTables()
        assert tables.load_collateral(collateral(100.0, BTC=WHOLE))
        assert not tables.load_collateral(collateral(200.0))
        assert (tables.of(MAIN).collateral, tables.of(MAIN).collateral_time) == ({"BTC": WHOLE}, 100.0)

    def test_tiers_of_isolated_positions_come_with_the_others(self) -> None:
        tables = VenueTables()
        both = TiersLoaded(VENUE, None, (("BTCUSDT", flat(0.01)),), 100.0, isolated=(("BTCUSDT", flat(0.02)),))
        assert tables.load_tiers(both)
        assert not tables.load_tiers(replace(both, received=200.0))
        assert tables.load_tiers(replace(both, isolated=(("BTCUSDT", flat(0.03)),)))
        assert tables.of(MAIN).isolated_tiers == {"BTCUSDT": flat(0.03)}
        assert tables.load_tiers(replace(both, tiers=())), "told by themselves they are believed"
        assert tables.of(MAIN).isolated_tiers == {"BTCUSDT": flat(0.02)}


class TestWhichTiersHold:
    FAMILY = replace(instrument("BTC"), family="BTC-USDT")
    TABLES = Tables(
        instruments={"BTCUSDT": FAMILY, "ETHUSDT": instrument("ETH")},
        tiers={"BTC-USDT": flat(0.01), "ETHUSDT": flat(0.02)},
        isolated_tiers={"BTC-USDT": flat(0.03)},
    )

    @pytest.mark.parametrize(
        ("symbol", "isolated", "rate"),
        [
            pytest.param("BTCUSDT", None, 0.01, id="its family's"),
            pytest.param("BTCUSDT", 100.0, 0.03, id="those of isolated positions"),
            pytest.param("ETHUSDT", 100.0, 0.02, id="the common ones where it has no others"),
            pytest.param("ETHUSDT", None, 0.02, id="its own"),
            pytest.param("SOLUSDT", None, None, id="none"),
        ],
    )
    def test_for_a_position(self, symbol: str, isolated: float | None, rate: float | None) -> None:
        position = held(symbol, 1.0, 100.0, isolated=isolated)
        assert tiers_of(self.TABLES, position) == (None if rate is None else flat(rate))


class TestAChange:
    def test_is_told_with_what_it_does(self) -> None:
        (notice,) = unified().step([collateral(LATER, USDT=LESS)], LATER).notices
        assert (notice.kind, notice.key) == ("collateral_changed", "USDT")
        assert notice.text == (
            "USDT counts 0.9 of its price instead of 1 at first; multi-assets: the margin ratio from 2.50% to 3.57%, "
            "the nearest line from 50201.005 (16.33% away) to 50223.464 (16.29% away)"
        )

    @pytest.mark.parametrize(
        ("before", "after", "words"),
        [
            (WHOLE, CollateralTerms(steps=((0.0, 0.8),)), "USDT counts 0.8 of its price instead of 1"),
            (
                LESS,
                CollateralTerms(steps=((0.0, 0.9), (6_000.0, 0.5))),
                "the amounts from which USDT counts less as collateral changed",
            ),
            (
                replace(WHOLE, borrow=flat(0.05)),
                replace(WHOLE, borrow=flat(0.1)),
                "what is required of borrowed USDT changed",
            ),
        ],
    )
    def test_in_words(self, before: CollateralTerms, after: CollateralTerms, words: str) -> None:
        (notice,) = unified(before).step([collateral(LATER, USDT=after)], LATER).notices
        assert notice.text.split("; ")[0] == words

    @pytest.mark.parametrize("known_first", [False, True])
    def test_loan_terms_that_are_read_later_or_not_any_more_are_no_change(self, known_first: bool) -> None:
        terms = [WHOLE, replace(WHOLE, borrow=flat(0.1))]
        before, after = reversed(terms) if known_first else terms
        assert unified(before).step([collateral(LATER, USDT=after)], LATER).notices == ()
        (notice,) = unified(before).step([collateral(LATER, USDT=replace(after, steps=LESS.steps))], LATER).notices
        assert notice.text.startswith("USDT counts 0.9 of its price")

    def test_an_asset_that_comes_and_goes(self) -> None:
        watched = unified()
        (notice,) = watched.step([collateral(LATER, BTC=WHOLE)], LATER).notices
        assert notice.text.startswith("USDT is not among what the venue takes as collateral any more")
        (notice,) = watched.step([collateral(LATER + 1, USDT=WHOLE)], LATER + 1).notices
        assert notice.text.startswith("USDT is among what the venue takes as collateral now")

    def test_of_what_is_not_held_or_does_not_count_is_nobodys_concern(self) -> None:
        assert unified().step([collateral(LATER, USDT=WHOLE, BTC=LESS)], LATER).notices == ()
        single = engine()
        single.step([*started(BTC), collateral(USDT=WHOLE)], T)
        assert single.step([collateral(LATER, USDT=LESS)], LATER).notices == ()

    def test_of_the_tiers_of_isolated_positions_is_told_to_those_who_have_one(self) -> None:
        found = engine()
        both = TiersLoaded(VENUE, None, tuple(TIERS.items()), T, isolated=(("ETHUSDT", flat(0.01)),))
        found.step([*started(ALONE, BTC), both], T)
        other = replace(both, isolated=(("ETHUSDT", flat(0.02)), ("BTCUSDT", flat(0.5))))
        (notice,) = found.step([other], LATER).notices
        assert (notice.kind, notice.key) == ("tiers_changed", "ETHUSDT")

    def test_tiers_that_are_read_for_the_first_time_are_no_other_ones(self) -> None:
        """Where tables are read contract by contract, a new position's come after others."""
        found = engine()
        first = TiersLoaded(VENUE, None, (("ETHUSDT", flat(0.01)),), T)
        found.step([*started(BTC), first], T)
        assert found.step([replace(first, tiers=tuple(TIERS.items()))], LATER).notices == ()


class TestAge:
    OLD = T + 51 * 3_600.0

    def fresh(self, *more: Event) -> list[Event]:
        """Everything but the terms is new."""
        return [*started(BTC, mode=MULTI, at=self.OLD), *more]

    def test_old_terms_lower_the_quality_and_keep_the_figures(self) -> None:
        watched = unified()
        found = pool(watched.step(self.fresh(), self.OLD), "multi-assets")
        assert found.quality is Quality.PARTIAL
        assert found.reasons == ("the terms of collateral were last read more than 50 h ago",)
        assert found.equity_usd is not None
        found = pool(watched.step(self.fresh(collateral(self.OLD, USDT=WHOLE)), self.OLD), "multi-assets")
        assert found.quality is Quality.LIVE

    def test_where_they_decide_nothing_they_may_be_old(self) -> None:
        single = engine()
        single.step([*started(BTC), collateral(USDT=WHOLE)], T)
        single.step(started(BTC, at=self.OLD), self.OLD)
        assert report(single).quality is Quality.LIVE

    def test_time_alone_makes_them_old(self) -> None:
        watched = unified()
        watched.step([*started(BTC, mode=MULTI, at=T + 50 * 3_600.0)], T + 50 * 3_600.0)
        told = watched.step([Elapsed(T + 50 * 3_600.0 + 1)], T + 50 * 3_600.0 + 1)
        assert "the terms of collateral were last read more than 50 h ago" in report(told).reasons


class TestAfterARestart:
    def saved(self, terms: CollateralTerms) -> FactsRestored:
        lived = unified(terms)
        (facts,) = lived.facts_changed()
        return FactsRestored(accounts=(facts,), volatility=(), at=LATER)

    @pytest.mark.parametrize(("terms", "told"), [(LESS, []), (WHOLE, [("collateral_changed", "USDT")])])
    def test_other_terms_are_told_once(self, terms: CollateralTerms, told: list[tuple[str, str]]) -> None:
        anew = engine()
        batch = [self.saved(terms), *started(BTC, mode=MULTI, at=LATER), collateral(LATER, USDT=LESS)]
        found = anew.step(batch, LATER)
        assert [(notice.kind, notice.key) for notice in found.notices] == told

    def test_isolated_tiers_are_known_by_a_name_of_their_own(self) -> None:
        both = TiersLoaded(VENUE, None, tuple(TIERS.items()), T, isolated=(("ETHUSDT", flat(0.01)),))
        lived = engine()
        lived.step([*started(ALONE, BTC), both], T)
        (facts,) = lived.facts_changed()
        names = {name for name, _ in facts.tables}
        assert {"isolated:ETHUSDT", "BTCUSDT"} <= names
        anew = engine()
        restored = FactsRestored(accounts=(facts,), volatility=(), at=LATER)
        other = replace(both, isolated=(("ETHUSDT", flat(0.02)),), received=LATER)
        events = [event for event in started(ALONE, BTC, at=LATER) if not isinstance(event, TiersLoaded)]
        found = anew.step([restored, other, *events], LATER)
        assert [notice.text for notice in found.notices] == [
            "the maintenance tiers of ETHUSDT changed while the monitor was not running"
        ]

    def test_what_only_a_loan_is_left_of_counts_too(self) -> None:
        lived = engine()
        owed = Balance(asset="USDT", wallet=0.0, borrowed=5.0)
        lived.step([*started(mode=MULTI), collateral(USDT=WHOLE), reading(balances=[owed], asked=T + 1)], T + 1)
        (facts,) = lived.facts_changed()
        assert "collateral:USDT" in {name for name, _ in facts.tables}
