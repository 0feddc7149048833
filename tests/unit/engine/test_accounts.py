"""One account: readings, pushes and settings as they come, and what is told of them."""

from __future__ import annotations

import pytest

from monitor.domain.accounts import AccountMode, CollateralMode, SymbolConfig, VenuePosition
from monitor.domain.events import ConfigChanged
from monitor.domain.lines import State
from monitor.domain.names import PositionKey
from monitor.engine.accounts import AccountState
from tests.unit.engine.situations import (
    CROSS,
    HEDGE,
    ISOLATED,
    LONG,
    MAIN,
    MULTI,
    ONE_WAY,
    SHORT,
    UNREADABLE,
    T,
    at_price,
    config,
    held,
    paid,
    pushed,
    reading,
    usdt,
)

BTC_LONG, BTC_SHORT = PositionKey("BTCUSDT", LONG), PositionKey("BTCUSDT", SHORT)


def state(*positions: object, mode: AccountMode | None = ONE_WAY) -> AccountState:
    """An account after its configuration and a first reading of `positions`, both asked for at T."""
    found = AccountState(MAIN)
    if mode is not None:
        found.configuration(config(mode))
    changes = found.snapshot(reading(*positions), offset=0.0)  # type: ignore[arg-type]  # positions, as given
    assert changes.redescribe
    assert not changes.told
    return found


def quantities(account: AccountState) -> dict[PositionKey, float]:
    return {key: position.quantity for key, position in account.positions}


class TestReadings:
    def test_what_pushes_tell_before_the_first_one_is_not_new(self) -> None:
        account = AccountState(MAIN)
        assert account.position(pushed("BTCUSDT", 1.0, at=T)).told == []
        assert account.position(pushed("BTCUSDT", 2.0, at=T + 1)).told == []
        assert [row.quantity for _, row in account.positions] == [2.0]

    def test_the_first_one_tells_nothing_and_later_ones_tell_what_appears(self) -> None:
        account = state(held("BTCUSDT", 1.0, 60_000.0))
        changes = account.snapshot(
            reading(held("BTCUSDT", 1.0, 60_000.0), held("ETHUSDT", -2.0, 3_000.0), asked=T + 1), 0.0
        )
        assert changes.told == [("position_appeared", "ETHUSDT short", "ETHUSDT short appeared")]
        assert account.last_update == T + 1.2

    def test_one_asked_for_earlier_than_the_last_is_passed_over(self) -> None:
        account = state(held("BTCUSDT", 1.0, 60_000.0))
        changes = account.snapshot(reading(held("BTCUSDT", 5.0, 60_000.0), asked=T - 1), 0.0)
        assert not changes.redescribe
        assert quantities(account) == {BTC_LONG: 1.0}

    def test_a_row_of_quantity_zero_is_no_position(self) -> None:
        assert quantities(state(held("BTCUSDT", 0.0, 60_000.0))) == {}

    def test_an_empty_one_is_asked_again_and_believed_the_second_time(self) -> None:
        account = state(held("BTCUSDT", 1.0, 60_000.0))
        first = account.snapshot(reading(balances=(), asked=T + 15), 0.0)
        assert first.ask == ["missing from the last reading: BTCUSDT long, the USDT balance"]
        assert not first.told
        assert quantities(account) == {BTC_LONG: 1.0}
        assert account.believed().suspects == {BTC_LONG}
        assert "the USDT balance is missing from the last reading: kept until a second one agrees" in account.doubts()
        second = account.snapshot(reading(balances=(), asked=T + 16), 0.0)
        assert second.told == [("position_vanished", "BTCUSDT long", "BTCUSDT long is gone: absent from two readings")]
        assert not second.ask
        assert quantities(account) == {}
        assert account.believed().balances == {}
        assert account.doubts() == []

    def test_one_with_problems_closes_nothing_and_says_so(self) -> None:
        account = state(held("BTCUSDT", 1.0, 60_000.0))
        for asked in (T + 15, T + 30, T + 45):
            changes = account.snapshot(reading(asked=asked, problems=["row 3: no quantity"]), 0.0)
            assert not changes.ask
        assert quantities(account) == {BTC_LONG: 1.0}
        assert account.doubts() == ["row 3: no quantity"]
        assert account.answered() is None

    def test_the_other_side_of_a_one_way_position_says_at_once_that_it_flipped(self) -> None:
        account = state(held("BTCUSDT", 1.0, 60_000.0))
        changes = account.snapshot(reading(held("BTCUSDT", -1.0, 61_000.0), asked=T + 15), 0.0)
        assert quantities(account) == {BTC_SHORT: -1.0}
        assert not changes.ask
        assert [(kind, key) for kind, key, _ in changes.told] == [
            ("position_appeared", "BTCUSDT short"),
            ("position_vanished", "BTCUSDT long"),
        ]

    def test_in_hedge_mode_the_other_side_proves_nothing(self) -> None:
        account = state(held("BTCUSDT", 1.0, 60_000.0, hedge=True), mode=HEDGE)
        changes = account.snapshot(reading(held("BTCUSDT", -1.0, 61_000.0, hedge=True), asked=T + 15), 0.0)
        assert quantities(account) == {BTC_LONG: 1.0, BTC_SHORT: -1.0}
        assert changes.ask == ["missing from the last reading: BTCUSDT long"]

    def test_a_row_older_than_a_push_is_asked_again(self) -> None:
        account = state(held("BTCUSDT", 1.0, 60_000.0, at=T - 100))
        account.position(pushed("BTCUSDT", 2.0, 60_500.0, at=T + 1))
        account.balance(paid("USDT", 9_000.0, at=T + 1))
        old = reading(held("BTCUSDT", 1.0, 60_000.0, at=T - 100), balances=(usdt(10_000.0, at=T - 100),), asked=T + 10)
        changes = account.snapshot(old, 0.0)
        assert changes.ask == ["older in the last reading than in a push: BTCUSDT long, the USDT balance"]
        assert quantities(account) == {BTC_LONG: 2.0}
        assert account.doubts() == [
            "the last reading of BTCUSDT long is older than its last push: kept until a second one agrees",
            "the last reading of the USDT balance is older than its last push: kept until a second one agrees",
        ]

    def test_digits_that_a_push_cut_off_are_no_contradiction(self) -> None:
        account = state(held("BTCUSDT", 1.0, 60_000.123456789, at=T - 100))
        account.position(pushed("BTCUSDT", 1.0, 60_000.12346, at=T + 1))
        changes = account.snapshot(reading(held("BTCUSDT", 1.0, 60_000.123456789, at=T + 0.9), asked=T + 10), 0.0)
        assert not changes.ask
        position = account.positions.get(BTC_LONG)
        assert position is not None
        assert position.entry_price == 60_000.123456789

    def test_the_order_in_which_it_came_does_not_show(self) -> None:
        one = state(held("ETHUSDT", 1.0, 3_000.0), held("BTCUSDT", 1.0, 60_000.0))
        other = state(held("BTCUSDT", 1.0, 60_000.0), held("ETHUSDT", 1.0, 3_000.0))
        assert list(one.believed().positions) == list(other.believed().positions)

    def test_the_answer_alone_is_kept_for_reconciliation(self) -> None:
        account = state(held("BTCUSDT", 1.0, 60_000.0), held("ETHUSDT", 0.0, 1.0))
        account.position(pushed("BTCUSDT", 2.0, 60_500.0, at=T + 1))
        answered = account.answered()
        assert answered is not None
        assert answered.positions[BTC_LONG].quantity == 1.0
        assert list(answered.positions) == [BTC_LONG]

    def test_an_answer_of_before_a_mode_change_compares_with_nothing(self) -> None:
        account = state()
        account.configuration(config(MULTI, asked=T + 60))
        assert account.answered() is None
        account.snapshot(reading(asked=T + 61), 0.0)
        assert account.answered() is not None

    def test_without_a_reading_or_a_mode_there_is_no_answer(self) -> None:
        assert AccountState(MAIN).answered() is None
        assert state(mode=None).answered() is None

    def test_an_answer_that_came_before_the_first_configuration_is_used(self) -> None:
        account = state(mode=None)
        account.configuration(config(ONE_WAY))
        assert account.answered() is not None

    def test_lost_facts_are_doubted_until_a_reading_asked_for_later(self) -> None:
        account = state()
        account.lose("the inbox was full", T + 10)
        account.snapshot(reading(asked=T + 5), 0.0)
        assert account.doubts() == ["the inbox was full"]
        account.snapshot(reading(asked=T + 11), 0.0)
        assert account.doubts() == []


class TestPositionPushes:
    def test_one_way_the_sign_tells_the_side(self) -> None:
        account = state()
        assert account.position(pushed("BTCUSDT", -1.0, 60_000.0, at=T + 1)).told == [
            ("position_appeared", "BTCUSDT short", "BTCUSDT short appeared")
        ]
        assert quantities(account) == {BTC_SHORT: -1.0}

    def test_a_flip_closes_the_other_side(self) -> None:
        account = state(held("BTCUSDT", 1.0, 60_000.0))
        changes = account.position(pushed("BTCUSDT", -2.0, 61_000.0, at=T + 1))
        assert quantities(account) == {BTC_SHORT: -2.0}
        assert [kind for kind, _, _ in changes.told] == ["position_appeared", "position_vanished"]

    @pytest.mark.parametrize("quantity", [1.0, -1.0])
    def test_quantity_zero_closes_whichever_side_is_there(self, quantity: float) -> None:
        account = state(held("BTCUSDT", quantity, 60_000.0))
        changes = account.position(pushed("BTCUSDT", 0.0, at=T + 1))
        assert quantities(account) == {}
        assert [kind for kind, _, _ in changes.told] == ["position_vanished"]

    def test_closing_nothing_changes_nothing(self) -> None:
        changes = state().position(pushed("BTCUSDT", 0.0, at=T + 1))
        assert not changes.redescribe
        assert not changes.told

    def test_in_hedge_mode_each_side_lives_alone(self) -> None:
        account = state(
            held("BTCUSDT", 1.0, 60_000.0, hedge=True), held("BTCUSDT", -2.0, 60_000.0, hedge=True), mode=HEDGE
        )
        account.position(pushed("BTCUSDT", 3.0, 60_100.0, at=T + 1, side=LONG))
        account.position(pushed("BTCUSDT", 0.0, at=T + 1, side=SHORT))
        assert quantities(account) == {BTC_LONG: 3.0}

    def test_the_empty_one_way_row_of_a_hedge_push_closes_nothing(self) -> None:
        account = state(held("BTCUSDT", 1.0, 60_000.0, hedge=True), mode=HEDGE)
        account.position(pushed("BTCUSDT", 0.0, at=T + 1))
        assert quantities(account) == {BTC_LONG: 1.0}
        one_way = state(held("BTCUSDT", 1.0, 60_000.0))
        one_way.position(pushed("BTCUSDT", 0.0, at=T + 1, side=LONG))
        assert quantities(one_way) == {BTC_LONG: 1.0}

    def test_the_sign_follows_the_side_that_is_named(self) -> None:
        account = state(mode=HEDGE)
        account.position(pushed("BTCUSDT", 2.0, 60_000.0, at=T + 1, side=SHORT))
        assert quantities(account) == {BTC_SHORT: -2.0}

    def test_a_late_push_is_ignored(self) -> None:
        account = state(held("BTCUSDT", 1.0, 60_000.0))
        account.position(pushed("BTCUSDT", 2.0, 60_000.0, at=T + 2))
        changes = account.position(pushed("BTCUSDT", 3.0, 60_000.0, at=T + 1, received=T + 3))
        assert not changes.redescribe
        assert quantities(account) == {BTC_LONG: 2.0}
        assert account.last_update == T + 2.05

    def test_what_it_does_not_say_stays(self) -> None:
        account = state(held("BTCUSDT", 1.0, 60_000.0, isolated=500.0))
        account.position(pushed("BTCUSDT", 2.0, None, at=T + 1, mode=None))
        position = account.positions.get(BTC_LONG)
        assert position is not None
        assert (position.entry_price, position.isolated_wallet, position.margin_mode) == (60_000.0, 500.0, ISOLATED)

    def test_a_position_that_went_to_cross_has_no_wallet_of_its_own(self) -> None:
        account = state(held("BTCUSDT", 1.0, 60_000.0, isolated=500.0))
        account.position(pushed("BTCUSDT", 1.0, 60_000.0, at=T + 1, mode=CROSS, wallet=0.0))
        position = account.positions.get(BTC_LONG)
        assert position is not None
        assert (position.margin_mode, position.isolated_wallet) == (CROSS, None)

    def test_the_venues_old_figures_go_when_the_position_changes(self) -> None:
        printed = VenuePosition(liquidation=at_price(50_000.0, 60_000.0))
        account = state(held("BTCUSDT", 1.0, 60_000.0, venue=printed))
        account.position(pushed("BTCUSDT", 1.0, 60_000.0, at=T + 1))
        position = account.positions.get(BTC_LONG)
        assert position is not None
        assert position.venue == printed  # it says nothing new
        account.position(pushed("BTCUSDT", 2.0, 60_000.0, at=T + 2))
        position = account.positions.get(BTC_LONG)
        assert position is not None
        assert position.venue.liquidation.state is State.UNKNOWN

    def test_a_thousand_fills_leave_one_position(self) -> None:
        account = state()
        for fill in range(1, 1001):
            account.position(pushed("BTCUSDT", fill / 1000, 60_000.0, at=T + fill))
        assert quantities(account) == {BTC_LONG: 1.0}

    def test_before_any_reading_a_push_is_kept(self) -> None:
        account = AccountState(MAIN)
        account.position(pushed("BTCUSDT", 1.0, 60_000.0, at=T + 1))
        account.snapshot(reading(asked=T), 0.0)  # asked for before the push: it stands
        assert quantities(account) == {BTC_LONG: 1.0}
        assert not account.positions.suspects


class TestBalancePushes:
    def test_it_amends_what_it_names(self) -> None:
        account = state()
        assert account.balance(paid("USDT", 9_000.0, at=T + 1)).redescribe
        balance = account.balances.get("USDT")
        assert balance is not None
        assert (balance.wallet, balance.cross_wallet) == (9_000.0, 10_000.0)
        account.balance(paid("USDT", None, at=T + 2, cross=8_000.0))
        balance = account.balances.get("USDT")
        assert balance is not None
        assert (balance.wallet, balance.cross_wallet) == (9_000.0, 8_000.0)

    def test_a_new_asset_appears(self) -> None:
        account = state()
        account.balance(paid("BTC", None, at=T + 1, cross=2.0))
        balance = account.balances.get("BTC")
        assert balance is not None
        assert (balance.wallet, balance.cross_wallet) == (2.0, 2.0)
        account.balance(paid("ETH", 3.0, at=T + 1))
        balance = account.balances.get("ETH")
        assert balance is not None
        assert (balance.wallet, balance.cross_wallet) == (3.0, None)

    def test_one_without_any_amount_says_nothing(self) -> None:
        account = state()
        assert not account.balance(paid("BTC", None, at=T + 1)).redescribe
        assert account.balances.get("BTC") is None

    def test_a_late_one_is_ignored(self) -> None:
        account = state()
        account.balance(paid("USDT", 9_000.0, at=T + 2))
        assert not account.balance(paid("USDT", 1.0, at=T + 1)).redescribe


class TestModes:
    def test_before_any_configuration_it_is_not_computed(self) -> None:
        assert AccountState(MAIN).unreadable() == "the account's mode was not read yet"
        assert state(mode=None).unreadable() == "the account's mode was not read yet"

    @pytest.mark.parametrize(
        ("mode", "which"),
        [
            (AccountMode(collateral=None, hedge=True), "collateral"),
            (AccountMode(collateral=CollateralMode.SINGLE_ASSET, hedge=None), "position"),
        ],
    )
    def test_an_unreadable_one_is_never_guessed(self, mode: AccountMode, which: str) -> None:
        assert state(mode=mode).unreadable() == f"the account's {which} mode could not be read"

    def test_positions_of_the_other_mode_contradict_it_and_ask_for_the_configuration_once(self) -> None:
        account = state(held("BTCUSDT", 1.0, 60_000.0))
        assert account.unreadable() is None
        hedged = held("ETHUSDT", 1.0, 3_000.0, hedge=True)
        changes = account.snapshot(reading(held("BTCUSDT", 1.0, 60_000.0), hedged, asked=T + 1), 0.0)
        why = "contradiction: the account is in one-way mode, but the sides of ETHUSDT are kept apart"
        assert account.unreadable() == why
        assert changes.ask_config == [why]
        again = account.snapshot(reading(held("BTCUSDT", 1.0, 60_000.0), hedged, asked=T + 2), 0.0)
        assert again.ask_config == []
        closed = account.position(pushed("ETHUSDT", 0.0, at=T + 3, side=LONG))
        assert not closed.ask_config
        assert account.unreadable() is None

    def test_one_way_positions_contradict_hedge_mode(self) -> None:
        account = state(held("BTCUSDT", 1.0, 60_000.0), mode=HEDGE)
        why = account.unreadable()
        assert why == "contradiction: the account is in hedge mode, but the sides of BTCUSDT are kept as one"

    def test_long_and_short_at_once_contradict_one_way_mode(self) -> None:
        account = state(held("BTCUSDT", 1.0, 60_000.0), held("BTCUSDT", -1.0, 60_000.0))
        why = account.unreadable()
        assert why == "contradiction: the account is in one-way mode, but BTCUSDT is held long and short"

    def test_a_change_is_told(self) -> None:
        account = state()
        changes = account.configuration(config(MULTI, asked=T + 60))
        assert changes.redescribe
        assert changes.told == [
            ("mode_changed", "collateral", "the collateral mode changed from single-asset to multi-assets")
        ]
        assert account.configuration(config(HEDGE, asked=T + 120)).told == [
            ("mode_changed", "collateral", "the collateral mode changed from multi-assets to single-asset"),
            ("mode_changed", "position", "the position mode changed from one-way to hedge"),
        ]

    def test_a_change_behind_an_unreadable_answer_is_told(self) -> None:
        account = state()
        assert not account.configuration(config(UNREADABLE, asked=T + 60)).told
        assert [key for _, key, _ in account.configuration(config(MULTI, asked=T + 120)).told] == ["collateral"]

    def test_the_same_configuration_again_changes_nothing(self) -> None:
        account = state()
        changes = account.configuration(config(ONE_WAY, asked=T + 60))
        assert not changes.redescribe
        assert account.config_asked == T + 60

    def test_one_asked_for_earlier_is_passed_over(self) -> None:
        account = state()
        account.configuration(config(MULTI, asked=T + 60))
        account.configuration(config(ONE_WAY, asked=T + 30))
        assert account.mode == MULTI

    def test_a_push_changes_the_mode_and_a_configuration_asked_for_before_does_not_undo_it(self) -> None:
        account = state()
        push = ConfigChanged(account=MAIN, venue_time=T + 10, received=T + 10, multi_assets=True)
        assert [key for _, key, _ in account.config_changed(push).told] == ["collateral"]
        account.configuration(config(ONE_WAY, asked=T + 9))
        assert account.mode == MULTI
        assert account.configuration(config(ONE_WAY, asked=T + 11)).redescribe
        assert account.mode == ONE_WAY
        back = ConfigChanged(account=MAIN, venue_time=T + 12, received=T + 12, multi_assets=False)
        assert not account.config_changed(back).redescribe

    def test_a_late_push_about_the_mode_or_before_any_configuration_is_ignored(self) -> None:
        account = state()
        account.config_changed(ConfigChanged(account=MAIN, venue_time=T + 10, received=T + 10, multi_assets=True))
        account.config_changed(ConfigChanged(account=MAIN, venue_time=T + 9, received=T + 9, multi_assets=False))
        assert account.mode == MULTI
        fresh = AccountState(MAIN)
        fresh.config_changed(ConfigChanged(account=MAIN, venue_time=T, received=T, multi_assets=True))
        assert fresh.mode is None

    def test_configuration_problems_are_doubts_and_keep_the_rows_of_before(self) -> None:
        account = AccountState(MAIN)
        account.configuration(config(ONE_WAY, SymbolConfig(symbol="BTCUSDT", leverage=10.0)))
        account.configuration(config(ONE_WAY, asked=T + 60, problems=["BTCUSDT: no leverage"]))
        assert account.symbols["BTCUSDT"].leverage == 10.0
        assert account.doubts() == ["BTCUSDT: no leverage"]
        account.configuration(config(ONE_WAY, asked=T + 120))
        assert account.symbols == {}
        assert account.doubts() == []


class TestSettings:
    def test_a_leverage_push_stands_against_a_configuration_asked_for_before(self) -> None:
        account = state()
        push = ConfigChanged(account=MAIN, venue_time=T + 10, received=T + 10, symbol="BTCUSDT", leverage=25.0)
        assert account.config_changed(push).redescribe
        account.configuration(config(ONE_WAY, SymbolConfig(symbol="BTCUSDT", leverage=10.0), asked=T + 9))
        assert account.symbols["BTCUSDT"].leverage == 25.0
        late = ConfigChanged(account=MAIN, venue_time=T + 8, received=T + 8, symbol="BTCUSDT", leverage=5.0)
        assert not account.config_changed(late).redescribe
        account.configuration(config(ONE_WAY, SymbolConfig(symbol="BTCUSDT", leverage=10.0), asked=T + 11))
        assert account.symbols["BTCUSDT"].leverage == 10.0

    def test_a_push_without_a_symbol_or_leverage_sets_none(self) -> None:
        account = state()
        account.config_changed(ConfigChanged(account=MAIN, venue_time=T + 1, received=T + 1, symbol="BTCUSDT"))
        assert account.symbols == {}

    @pytest.mark.parametrize(
        ("before", "after", "told"),
        [(CROSS, ISOLATED, True), (CROSS, CROSS, False), (None, CROSS, False), (CROSS, None, False)],
    )
    def test_the_margin_mode_of_a_held_symbol_is_told_when_it_changes(
        self, before: object, after: object, told: bool
    ) -> None:
        account = state(held("BTCUSDT", 1.0, 60_000.0))
        for margin_mode, asked in ((before, T + 1), (after, T + 2)):
            row = SymbolConfig(symbol="BTCUSDT", margin_mode=margin_mode)  # type: ignore[arg-type]  # a mode or None
            changes = account.configuration(config(ONE_WAY, row, asked=asked))
        text = "the margin mode of BTCUSDT changed from cross to isolated"
        assert changes.told == ([("mode_changed", "BTCUSDT", text)] if told else [])
