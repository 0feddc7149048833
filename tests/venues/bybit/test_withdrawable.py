"""What may leave an account at Bybit: the venue's own figure, coin by coin."""

from __future__ import annotations

import pytest

from monitor.domain.errors import MalformedAnswer
from monitor.domain.events import AccountSnapshot
from monitor.venues.bybit.account_answers import account_snapshot
from monitor.venues.bybit.offline import read
from tests.venues.bybit.support import ACCOUNT, T0, account_folder, answer, coin, wallet

BTC = coin("BTC", "0.5", equity="0.5", usdValue="50000")
USDT = coin("USDT", "1000")


def withdrawal(**amounts: str) -> bytes:
    """An answer of account/withdrawal."""
    first = next(iter(amounts.values()), "")
    return answer({"availableWithdrawal": first, "availableWithdrawalMap": amounts})


def told(*raws: bytes, coins: tuple[dict[str, object], ...] = (USDT, BTC)) -> AccountSnapshot:
    whole = wallet(*coins, totalAvailableBalance="900")
    return account_snapshot(whole, (), (), ACCOUNT, T0, T0, withdrawal_raws=raws)


def of(snapshot: AccountSnapshot) -> dict[str, float | None]:
    return {one.asset: one.withdrawable for one in snapshot.balances}


def test_each_coin_has_its_own_amount() -> None:
    assert of(told(withdrawal(USDT="900", BTC="0.009"))) == {"USDT": 900.0, "BTC": 0.009}


def test_of_more_coins_than_one_answer_names_there_are_several() -> None:
    assert of(told(withdrawal(USDT="900"), withdrawal(BTC="0.009"))) == {"USDT": 900.0, "BTC": 0.009}


@pytest.mark.parametrize("said", ["", "nan", "-1"])
def test_what_is_no_amount_is_not_known_and_not_zero(said: str) -> None:
    assert of(told(withdrawal(USDT=said, BTC="0"))) == {"USDT": None, "BTC": 0.0}


def test_without_the_answer_nothing_is_known() -> None:
    snapshot = told()
    assert of(snapshot) == {"USDT": None, "BTC": None}
    assert snapshot.venue.withdrawable is None


def test_of_the_whole_account_the_coin_of_most_worth_may_leave_for_sure() -> None:
    """Each amount is reckoned as if it alone left: all of them draw on the same free balance."""
    assert told(withdrawal(USDT="900", BTC="0.00947")).venue.withdrawable == pytest.approx(947.0)


def test_one_coin_that_is_not_told_of_leaves_at_least_the_others() -> None:
    assert told(withdrawal(USDT="900")).venue.withdrawable == 900.0


def test_a_coin_without_a_price_adds_nothing() -> None:
    dust = coin("XYZ", "5")
    assert told(withdrawal(XYZ="5"), coins=(dust,)).venue.withdrawable is None
    assert told(withdrawal(XYZ="5", USDT="10"), coins=(dust, USDT)).venue.withdrawable == 10.0


def test_nothing_that_may_leave_is_told_as_zero() -> None:
    assert told(withdrawal(USDT="0", BTC="0")).venue.withdrawable == 0.0


def test_an_answer_that_is_none_is_malformed() -> None:
    with pytest.raises(MalformedAnswer):
        told(answer({"availableWithdrawalMap": 7}))


def test_a_folder_may_hold_it_and_need_not() -> None:
    name = "v5_account_withdrawal__coinName=BTC%2CUSDT.json"
    files = account_folder("REGULAR_MARGIN", wallet(USDT, BTC)) | {name: withdrawal(USDT="900", BTC="0.009")}
    (snapshot,) = [event for event in read(files, ACCOUNT, T0).events if isinstance(event, AccountSnapshot)]
    assert of(snapshot) == {"USDT": 900.0, "BTC": 0.009}
    del files[name]
    assert not [bad for bad in read(files, ACCOUNT, T0).problems if "withdrawal" in bad]
