"""Purses inside an account: read with it, pushed between readings, and believed gone only when two readings agree."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.domain.accounts import AccountMode, Balance, CollateralMode, Wallet
from monitor.domain.events import ParametersSet, TiersLoaded, WalletChanged
from monitor.domain.names import AccountKey
from monitor.domain.tables import LoanTier
from monitor.engine.accounts import AccountState
from monitor.engine.intake import Intake
from monitor.engine.settings import EngineSettings
from monitor.engine.tables import VenueTables
from monitor.margin.prices import Prices
from tests.unit.engine.situations import MAIN, T, config, reading

BORROWING = AccountMode(collateral=CollateralMode.ISOLATED, hedge=False, borrows=True)


def purse(name: str = "FETUSDT", *, debt: float = 50.0, at: float | None = None) -> Wallet:
    rows = (Balance(asset="FET", wallet=100.0), Balance(asset="USDT", wallet=0.0, borrowed=debt))
    return Wallet(name=name, balances={row.asset: row for row in rows}, symbol=name, multiple=3.0, update_time=at)


def state(*wallets: Wallet) -> AccountState:
    found = AccountState(MAIN)
    found.configuration(config(BORROWING))
    found.snapshot(replace(reading(), wallets=wallets), 0.0)
    return found


def read_again(account: AccountState, *wallets: Wallet, after: float) -> list[str]:
    return account.snapshot(replace(reading(asked=T + after), wallets=wallets), 0.0).ask


def pushed(wallet: Wallet, at: float) -> WalletChanged:
    return WalletChanged(account=MAIN, wallet=wallet, venue_time=at, received=at)


class TestReadings:
    def test_the_purses_of_a_reading_are_what_the_venue_describes(self) -> None:
        account = state(purse(), purse("BTCUSDT"))
        assert sorted(account.believed().wallets) == ["BTCUSDT", "FETUSDT"]
        answered = account.answered()
        assert answered is not None
        assert answered.wallets["FETUSDT"].balances["USDT"].borrowed == 50.0

    def test_one_that_is_missing_once_is_kept_and_asked_for_again(self) -> None:
        account = state(purse())
        assert read_again(account, after=1.0) == ["missing from the last reading: the wallet FETUSDT"]
        assert "FETUSDT" in account.believed().wallets
        assert account.doubts() == [
            "the wallet FETUSDT is missing from the last reading: kept until a second one agrees"
        ]
        assert read_again(account, after=2.0) == []
        assert account.believed().wallets == {}
        assert account.doubts() == []

    def test_an_older_row_does_not_undo_a_push(self) -> None:
        account = state(purse(at=T))
        account.wallet(pushed(purse(debt=80.0), T + 5))
        assert read_again(account, purse(debt=50.0, at=T + 1), after=6.0) == [
            "older in the last reading than in a push: the wallet FETUSDT"
        ]
        assert account.believed().wallets["FETUSDT"].balances["USDT"].borrowed == 80.0
        assert account.doubts() == [
            "the last reading of the wallet FETUSDT is older than its last push: kept until a second one agrees"
        ]


class TestPushes:
    def test_a_push_shows_the_purse_whole(self) -> None:
        account = state(purse(at=T))
        assert account.wallet(pushed(purse(debt=80.0), T + 5)).redescribe
        assert account.believed().wallets["FETUSDT"].balances["USDT"].borrowed == 80.0

    def test_one_that_is_older_than_what_is_known_changes_nothing(self) -> None:
        account = state(purse(at=T))
        assert not account.wallet(pushed(purse(debt=80.0), T - 5)).redescribe
        assert account.believed().wallets["FETUSDT"].balances["USDT"].borrowed == 50.0


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (purse(), True),
        (replace(purse(), index_price=1.3), True),
        (purse(debt=51.0), False),
        (replace(purse(), multiple=5.0), False),
        (replace(purse(), liquidation_level=1.2), False),
        (replace(purse(), balances={}), False),
    ],
)
def test_a_row_at_a_pushs_moment_that_says_the_same_is_no_contradiction(other: Wallet, same: bool) -> None:
    account = state(purse(at=T))
    account.wallet(pushed(purse(), T + 5))
    assert (read_again(account, replace(other, update_time=T + 1), after=6.0) == []) is same


class TestTables:
    def test_tiers_of_loans_and_the_users_numbers_reach_the_description(self) -> None:
        tables = VenueTables()
        tiers = (LoanTier(multiple=3.0, liquidation_level=1.18),)
        assert tables.load_tiers(TiersLoaded("binance", None, (), T, loans=(("FETUSDT", tiers),)))
        assert tables.set_parameters(ParametersSet("binance", (("pro_level", 1.0),), T))
        assert not tables.set_parameters(ParametersSet("binance", (("pro_level", 1.0),), T + 1))
        found = tables.of(MAIN)
        assert found.loans == {"FETUSDT": tiers}
        assert found.parameters == {"pro_level": 1.0}

    def test_accounts_are_described_anew_when_a_number_changes_and_only_then(self) -> None:
        intake = Intake(Prices(), EngineSettings(accounts=(MAIN, AccountKey("okx", "other"))))
        said = ParametersSet(MAIN.venue, (("pro_level", 1.0),), T)
        for expected in ([MAIN], []):
            intake.apply(said)
            assert list(intake.drain().describe) == expected


def test_another_kind_of_account_is_told() -> None:
    account = state()
    kind = replace(BORROWING, kind="pro")
    assert account.configuration(config(kind, asked=T + 1)).told == [
        ("mode_changed", "kind", "the kind of account changed from the only one to pro")
    ]
