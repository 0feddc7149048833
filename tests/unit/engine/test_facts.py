"""After a restart: what changed while the monitor was not running is said once, and what stayed is not said again."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from monitor.domain.accounts import AccountMode, CollateralMode, Permissions, Position
from monitor.domain.commands import FactsRestored
from monitor.domain.events import AccountClosed, AssetTick, Elapsed, Event, InstrumentsLoaded, PermissionsRead
from monitor.domain.memory import AccountFacts
from monitor.domain.reports import StepResult
from monitor.domain.tables import AssetRates
from monitor.domain.tiers import flat
from monitor.engine.engine import Engine
from tests.unit.engine.situations import (
    ALONE,
    BTC,
    COINS,
    HEDGE,
    MAIN,
    MULTI,
    ONE_WAY,
    OTHER,
    VENUE,
    T,
    config,
    engine,
    held,
    instrument,
    kinds,
    pool,
    pushed,
    reading,
    running,
    started,
    tick,
    tiers,
    usdt,
)

LATER = T + 3_600.0
BY_SYMBOL = replace(ONE_WAY, hedge_by_symbol=True)
SHARP = Permissions(can_read=True, can_trade=True, can_withdraw=False, can_transfer=False)
BLUNT = Permissions(can_read=True, can_trade=False, can_withdraw=False, can_transfer=False)


def rates(counts: float, *, at: float = T) -> AssetTick:
    table = AssetRates(positive_rate=counts, negative_rate=1.0, requirement_rate=1.0)
    return AssetTick(VENUE, "USDT", 1.0, at, at, table)


def saved(*positions: Position, mode: AccountMode = ONE_WAY, permissions: Permissions = BLUNT) -> AccountFacts:
    """What a monitor that ran with these would have saved last."""
    alive = engine()
    told = alive.step(
        [
            rates(0.9),
            *started(*positions, mode=mode),
            PermissionsRead(account=MAIN, permissions=permissions, received=T),
        ],
        T,
    )
    assert told.notices == () or permissions is SHARP
    (facts,) = alive.facts_changed()
    return facts


def restarted(facts: AccountFacts, *events: Event) -> tuple[Engine, StepResult]:
    """A new engine that is told the facts, and in the same step what came in."""
    alive = engine()
    return alive, alive.step([FactsRestored(accounts=(facts,), volatility=(), at=LATER), *events], LATER)


def texts(result: StepResult) -> list[str]:
    return [notice.text for notice in result.notices]


class TestWhatIsSaved:
    def test_nothing_before_the_account_was_read(self) -> None:
        alive = engine()
        alive.step([config()], T)
        assert alive.facts_changed() == ()

    def test_what_is_believed_with_the_tables_that_apply(self) -> None:
        facts = saved(BTC)
        assert (facts.account, facts.at, facts.mode, facts.permissions) == (MAIN, T, ONE_WAY, BLUNT)
        assert [(row.symbol, row.side, row.quantity) for row in facts.positions] == [("BTCUSDT", BTC.side, 1.0)]
        assert [name for name, _ in facts.tables] == ["BTCUSDT", "contract:BTCUSDT"]

    def test_collateral_only_where_it_counts(self) -> None:
        facts = saved(BTC, mode=MULTI)
        assert [name for name, _ in facts.tables] == ["BTCUSDT", "collateral:USDT", "contract:BTCUSDT"]

    def test_only_when_it_is_another_one(self) -> None:
        alive = running(BTC)
        alive.step([reading(BTC, asked=T + 15)], T + 15)
        assert alive.facts_changed() == ()
        alive.step([pushed("BTCUSDT", 2.0, 60_000.0, at=T + 20)], T + 20)
        (facts,) = alive.facts_changed()
        assert (facts.at, facts.positions[0].quantity) == (T + 20, 2.0)
        alive.step([Elapsed(T + 21)], T + 21)
        assert alive.facts_changed() == ()

    def test_what_is_not_known_yet_after_a_restart_stays_as_it_was(self) -> None:
        alive, _ = restarted(saved(BTC, ALONE), reading(BTC, asked=LATER))
        assert alive.facts_changed() == (), "one reading misses a position, and closes nothing yet"
        alive.step([pushed("BTCUSDT", 2.0, 60_000.0, at=LATER + 1)], LATER + 1)
        (facts,) = alive.facts_changed()
        assert (facts.mode, facts.permissions, facts.tables) == (ONE_WAY, BLUNT, saved(BTC, ALONE).tables)
        assert [(row.symbol, row.quantity) for row in facts.positions] == [("BTCUSDT", 2.0), ("ETHUSDT", -5.0)]

    def test_the_volatility_of_prices_goes_on(self) -> None:
        alive = running(BTC)
        for minute in range(1, 40):
            alive.step([tick("BTCUSDT", 60_000.0 + 60.0 * (minute % 2), T + 60.0 * minute)], T + 60.0 * minute)
        facts = alive.volatility_facts()
        assert [(fact.venue, fact.symbol, fact.samples) for fact in facts] == [(VENUE, "BTCUSDT", 39)]
        again = engine()
        again.step([FactsRestored(accounts=(), volatility=facts, at=LATER), *started(BTC, at=LATER)], LATER)
        assert [position.distance_sigmas for position in pool(again, "cross:USDT").positions] != [None]

    def test_an_account_that_is_closed_is_forgotten(self) -> None:
        alive, _ = restarted(saved(BTC))
        result = alive.step([AccountClosed(MAIN, LATER), *started(ALONE)], LATER)
        assert (result.notices, alive.facts_changed()) == ((), ())


class TestAfterARestart:
    @pytest.mark.parametrize("mode", [ONE_WAY, MULTI])
    def test_nothing_is_said_where_nothing_changed(self, mode: AccountMode) -> None:
        alive, result = restarted(
            saved(BTC, mode=mode, permissions=SHARP),
            rates(0.9, at=LATER),
            *started(BTC, mode=mode, at=LATER),
            PermissionsRead(account=MAIN, permissions=SHARP, received=LATER),
        )
        assert result.notices == ()
        assert alive.facts_changed() == ()

    def test_nothing_is_said_on_a_first_start(self) -> None:
        assert engine().step(started(BTC), T).notices == ()

    def test_positions_that_came_and_went(self) -> None:
        alive, result = restarted(saved(BTC), *started(ALONE, at=LATER))
        assert texts(result) == ["ETHUSDT short appeared while the monitor was not running"]
        again = alive.step([reading(ALONE, asked=LATER + 15)], LATER + 15)
        assert texts(again) == ["BTCUSDT long is gone: it was closed while the monitor was not running"]
        assert alive.step([reading(ALONE, asked=LATER + 30)], LATER + 30).notices == ()

    def test_a_position_that_one_reading_only_left_out_is_not_gone(self) -> None:
        alive, result = restarted(saved(BTC), *started(at=LATER))
        assert result.notices == ()
        second = alive.step([reading(BTC, asked=LATER + 15)], LATER + 15)
        assert second.notices == ()

    def test_a_reading_with_rows_that_could_not_be_read_closes_nothing(self) -> None:
        alive, _ = restarted(saved(BTC), *started(at=LATER))
        second = alive.step([reading(asked=LATER + 15, problems=("a bad row",))], LATER + 15)
        assert second.notices == ()
        third = alive.step([reading(asked=LATER + 30)], LATER + 30)
        assert kinds(third) == [("position_vanished", "BTCUSDT long")]

    @pytest.mark.parametrize(
        ("before", "after", "key", "words"),
        [
            (ONE_WAY, HEDGE, "position", "the position mode changed from one-way to hedge"),
            (ONE_WAY, MULTI, "collateral", "the collateral mode changed from single-asset to multi-assets"),
            (ONE_WAY, BY_SYMBOL, "position", "the position mode changed from one-way to hedge or one-way by symbol"),
        ],
    )
    def test_another_mode(self, before: AccountMode, after: AccountMode, key: str, words: str) -> None:
        alive, result = restarted(saved(mode=before), *started(mode=after, at=LATER))
        assert kinds(result) == [("mode_changed", key)]
        assert texts(result) == [f"{words} while the monitor was not running"]
        assert alive.step([config(after, asked=LATER + 60)], LATER + 60).notices == ()

    def test_an_account_that_borrows_now(self) -> None:
        _, result = restarted(saved(), *started(mode=replace(ONE_WAY, borrows=True), at=LATER))
        assert kinds(result) == [("mode_changed", "borrowing")]
        assert texts(result) == [
            "the account borrows what it lacks now (it was changed while the monitor was not running)"
        ]

    def test_another_kind_of_account(self) -> None:
        _, result = restarted(
            saved(mode=replace(ONE_WAY, kind="classic")), *started(mode=replace(ONE_WAY, kind="unified"), at=LATER)
        )
        assert texts(result) == [
            "the kind of account changed from classic to unified while the monitor was not running"
        ]

    def test_what_an_older_monitor_saved_of_a_mode_is_understood(self) -> None:
        """It knew of no symbols that choose, nor of borrowing."""
        old = b'{"account": ["paper", "main"], "at": 1.0, "mode": {"collateral": "single-asset", "hedge": false},'
        old += b' "positions": [], "permissions": null, "tables": []}'
        facts = msgspec.json.decode(old, type=AccountFacts)
        assert facts.mode == ONE_WAY
        _, result = restarted(facts, *started(at=LATER))
        assert result.notices == ()

    def test_a_mode_that_cannot_be_read_is_compared_once_it_can(self) -> None:
        unreadable = AccountMode(collateral=CollateralMode.SINGLE_ASSET, hedge=None)
        alive, result = restarted(saved(), *started(mode=unreadable, at=LATER))
        assert result.notices == ()
        assert kinds(alive.step([config(HEDGE, asked=LATER + 60)], LATER + 60)) == [("mode_changed", "position")]

    def test_another_key(self) -> None:
        _, result = restarted(saved(), PermissionsRead(account=MAIN, permissions=SHARP, received=LATER))
        assert texts(result) == [
            "the key may trade: a key that only reads is enough (it was changed while the monitor was not running)"
        ]

    def test_a_key_that_was_made_blunter_is_nothing_to_tell(self) -> None:
        _, result = restarted(
            saved(permissions=SHARP), PermissionsRead(account=MAIN, permissions=BLUNT, received=LATER)
        )
        assert result.notices == ()

    def test_other_tiers(self) -> None:
        before = [event for event in started(BTC, at=LATER) if event != tiers(LATER)]
        other = tiers(LATER, BTCUSDT=flat(0.02), ETHUSDT=flat(0.005))
        alive, result = restarted(saved(BTC), *before, other)
        assert kinds(result) == [("tiers_changed", "BTCUSDT")]
        assert texts(result) == ["the maintenance tiers of BTCUSDT changed while the monitor was not running"]
        assert alive.step([replace(other, received=LATER + 60)], LATER + 60).notices == ()

    def test_other_collateral_rates(self) -> None:
        _, result = restarted(saved(mode=MULTI), rates(0.5, at=LATER), *started(mode=MULTI, at=LATER))
        assert kinds(result) == [("collateral_changed", "USDT")]
        assert texts(result) == [
            "the rates at which USDT counts as collateral changed while the monitor was not running"
        ]

    @pytest.mark.parametrize(
        ("listed", "words"),
        [
            ({"delivery_time": T + 86_400.0}, "the terms of BTCUSDT changed while the monitor was not running"),
            (None, "BTCUSDT was delisted while the monitor was not running"),
        ],
    )
    def test_another_contract(self, listed: dict[str, float] | None, words: str) -> None:
        rows = [instrument("ETH")] + ([] if listed is None else [replace(instrument("BTC"), **listed)])  # type: ignore[arg-type]  # as the table says
        _, result = restarted(saved(BTC), *started(BTC, at=LATER)[1:], InstrumentsLoaded(VENUE, tuple(rows), LATER))
        assert kinds(result) == [("contract_changed", "BTCUSDT")]
        assert texts(result) == [words]

    def test_tables_of_what_is_not_held_any_more_are_nobody_s_concern(self) -> None:
        other = tiers(LATER, BTCUSDT=flat(0.02), ETHUSDT=flat(0.02))
        empty = reading(balances=(usdt(0.0),), asked=LATER)
        alive, result = restarted(
            saved(BTC, mode=MULTI), *started(mode=MULTI, at=LATER)[:-1], empty, other, rates(0.5, at=LATER)
        )
        alive.step([replace(empty, asked=LATER + 15, received=LATER + 15)], LATER + 15)
        assert result.notices == ()

    def test_an_account_that_is_not_ours_any_more_is_passed_over(self) -> None:
        _, result = restarted(replace(saved(BTC), account=OTHER), *started(at=LATER))
        assert result.notices == ()


def contracts(*changes: object) -> InstrumentsLoaded:
    rows = [instrument(coin) for coin in COINS]
    return InstrumentsLoaded(VENUE, (*rows[1:], *(row for row in changes if row)), T + 60)  # type: ignore[arg-type]  # rows


class TestContracts:
    @pytest.mark.parametrize(
        ("change", "words"),
        [
            (
                {"delivery_time": 1_766_649_600.0},
                "BTCUSDT: it will be delivered or delisted on 2025-12-25 08:00 UTC, "
                "and closed then at the venue's price",
            ),
            ({"trading": False}, "BTCUSDT: it does not trade any more"),
            ({"tick_size": 0.5}, "BTCUSDT: its tick size changed from unknown to 0.5"),
            (
                {"contract_size": 10.0, "coin_multiplier": 1000.0},
                "BTCUSDT: its contract size changed from 1 to 10; "
                "its number of coins in one unit changed from 1 to 1000",
            ),
            ({"settle": "USDC"}, "BTCUSDT: it settles in USDC instead of USDT"),
        ],
    )
    def test_a_contract_that_is_held_and_changed(self, change: dict[str, float], words: str) -> None:
        alive = running(BTC)
        other = replace(instrument("BTC"), **change)  # type: ignore[arg-type]  # as the table says
        result = alive.step([contracts(other)], T + 60)
        assert kinds(result) == [("contract_changed", "BTCUSDT")]
        assert texts(result) == [words]
        assert alive.step([contracts(other)], T + 120).notices == ()

    def test_a_date_that_moved_was_taken_back_or_came(self) -> None:
        alive = running(BTC)
        dated = replace(instrument("BTC"), delivery_time=1_766_649_600.0)
        alive.step([contracts(replace(dated, trading=False))], T + 60)
        moved = alive.step([contracts(replace(dated, delivery_time=1_766_736_000.0))], T + 120)
        assert texts(moved) == [
            "BTCUSDT: its delivery moved from 2025-12-25 08:00 UTC to 2025-12-26 08:00 UTC; it trades again"
        ]
        assert texts(alive.step([contracts()], T + 180)) == [
            "BTCUSDT is delisted: it is not among the venue's contracts any more "
            "(delivery was due 2025-12-26 08:00 UTC)"
        ]

    def test_a_date_that_was_taken_back(self) -> None:
        alive = running(BTC)
        alive.step([contracts(replace(instrument("BTC"), delivery_time=1_766_649_600.0))], T + 60)
        assert texts(alive.step([contracts(instrument("BTC"))], T + 120)) == [
            "BTCUSDT: it is not to be delivered any more"
        ]

    def test_one_that_is_delisted(self) -> None:
        assert texts(running(BTC).step([contracts()], T + 60)) == [
            "BTCUSDT is delisted: it is not among the venue's contracts any more"
        ]

    def test_nobody_who_does_not_hold_it_is_told(self) -> None:
        assert running(ALONE).step([contracts()], T + 60).notices == ()
        eth = held("ETHUSDT", 1.0, 3_000.0)
        assert running(eth).step([contracts(replace(instrument("BTC"), trading=False))], T + 60).notices == ()
