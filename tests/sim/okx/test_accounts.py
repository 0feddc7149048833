"""What an account's owner can do at the simulated OKX, and what each deed moves and tells."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.sim.okx import SimOkx
from monitor.sim.okx.accounts import SimAccount
from monitor.sim.okx.answers import Reading
from monitor.sim.okx.books import Change
from monitor.sim.okx.holdings import Level
from tests.sim.okx.clients import still

BTC = "BTC-USDT-SWAP"


@pytest.fixture
def sim() -> SimOkx:
    return still(limited=False)


def told_of(account: SimAccount) -> list[Change]:
    """The changes from now on."""
    told: list[Change] = []
    account.told.append(told.append)
    return told


def row_of(account: SimAccount, name: str) -> dict[str, Any]:
    return next(row for row in Reading(account).positions() if row["instId"] == name)


def test_fills_average_linear_by_contracts_and_inverse_by_coins(sim: SimOkx) -> None:
    account = sim.add_account("a", wallets={"USDT": 10_000.0, "BTC": 1.0})
    for price in (90_000.0, 100_000.0):
        account.buy(BTC, 1.0, price=price)
        account.buy("BTC-USD-SWAP", 1.0, price=price)
    linear, inverse = account.cross()
    assert linear.average == pytest.approx(95_000.0)
    assert inverse.average == pytest.approx(2.0 / (1.0 / 90_000.0 + 1.0 / 100_000.0))


def test_closing_pays_the_profit_less_the_fee_into_cash(sim: SimOkx) -> None:
    account = sim.add_account("a")
    account.buy(BTC, 10.0, price=90_000.0, fee_rate=0.0)
    account.sell(BTC, 4.0, price=100_000.0)
    assert account.cash["USDT"] == pytest.approx(10_000.0 + 0.04 * 10_000.0 - 0.04 * 100_000.0 * 0.0005)
    assert account.cross()[0].average == 90_000.0
    account.sell(BTC, 10.0, price=100_000.0, fee_rate=0.0)
    (turned,) = account.cross()
    assert (turned.contracts, turned.average) == (-4.0, 100_000.0)


def test_isolated_margin_leaves_cash_and_comes_back_in_proportion(sim: SimOkx) -> None:
    account = sim.add_account("a")
    position = account.buy(BTC, 10.0, price=90_000.0, mode="isolated", lever=9.0, fee_rate=0.0)
    assert [position.margin, account.cash["USDT"]] == pytest.approx([1_000.0, 9_000.0])
    account.add_margin(BTC, 500.0)
    account.sell(BTC, 5.0, price=90_000.0, mode="isolated", fee_rate=0.0)
    assert [position.margin, account.cash["USDT"]] == pytest.approx([750.0, 9_250.0])
    detail = Reading(account).balance()["details"][0]
    assert float(detail["eq"]) == pytest.approx(9_250.0 + 750.0 + position.profit(sim.board.prices))


def test_added_margin_and_leverage_are_told_with_their_reasons(sim: SimOkx) -> None:
    account = sim.add_account("a")
    account.buy(BTC, 1.0, mode="isolated")
    account.buy("ETH-USDT-SWAP", 1.0)
    told = told_of(account)
    account.add_margin(BTC, 10.0)
    account.set_leverage("ETH-USDT-SWAP", 20.0)
    account.set_leverage("SOL-USDT-SWAP", 5.0)  # not held: nobody is told
    assert [change.event for change in told] == ["adjust_margin", "set_leverage"]
    assert row_of(account, "ETH-USDT-SWAP")["lever"] == "20"
    assert account.buy("SOL-USDT-SWAP", 1.0).lever == 5.0


def test_theft_is_told_to_nobody_and_stands_in_no_bill(sim: SimOkx) -> None:
    account = sim.add_account("a")
    told = told_of(account)
    account.steal("USDT", 100.0)
    assert (account.cash["USDT"], told, list(account.bills)) == (9_900.0, [], [])
    account.withdraw("USDT", 100.0)
    assert [change.event for change in told] == ["transferred"]


def test_interest_lowers_equity_and_leaves_cash(sim: SimOkx) -> None:
    account = sim.add_account("a", level=3)
    account.charge_interest("USDT", 25.0)
    detail = Reading(account).balance()["details"][0]
    assert (detail["cashBal"], detail["eq"], detail["interest"]) == ("10000", "9975", "25")


def test_order_of_an_isolated_position_freezes_its_margin(sim: SimOkx) -> None:
    account = sim.add_account("a")
    before = Reading(account).pool("USDT").available
    account.place(BTC, 10.0, 90_000.0, mode="isolated", lever=10.0)
    frozen = before - Reading(account).pool("USDT").available
    assert frozen == pytest.approx(900.0 + 9_000.0 * 0.0005)


def test_spot_order_freezes_what_it_would_give_away(sim: SimOkx) -> None:
    account = sim.add_account("a", wallets={"USDT": 10_000.0, "BTC": 1.0})
    account.place("BTC-USDT", 0.1, 90_000.0, mode="cash")
    account.place("BTC-USDT", -0.25, 120_000.0, mode="cash")
    pools = Reading(account)
    assert [pools.pool(asset).available for asset in ("USDT", "BTC")] == pytest.approx([1_000.0, 0.75])
    account.fill(next(iter(account.orders)))
    assert [account.cash["USDT"], account.cash["BTC"]] == pytest.approx([1_000.0, 1.1])


def test_option_is_paid_for_and_its_order_counts_its_premium(sim: SimOkx) -> None:
    account = sim.add_account("a", wallets={"BTC": 1.0})
    name = next(each.name for each in sim.board.instruments.values() if each.call and each.coin == "BTC")
    account.buy(name, 10.0, price=0.05, fee_rate=0.0)
    assert account.cash["BTC"] == pytest.approx(1.0 - 10.0 * 0.01 * 0.05)
    before = Reading(account).pool("BTC").backing
    account.place(name, 10.0, 0.03)
    assert before - Reading(account).pool("BTC").backing == pytest.approx(0.003)
    account.place(name, -30.0, 0.5)  # 10 of them close what is held; so much premium leaves the least margin
    assert Reading(account).pool("BTC").initial == pytest.approx(0.1 * 20.0 * 0.01)


@pytest.mark.parametrize(
    ("level", "deed", "words"),
    [
        (1, lambda one: one.buy(BTC, 1.0), "no derivative of account level"),
        (2, lambda one: one.buy("BTC-USDT", 1.0), "no derivative of account level"),
        (2, lambda one: one.buy(BTC, 1.0, side="long"), "does not fit net mode"),
        (3, lambda one: one.buy(BTC, 1.0, mode="isolated"), "isolated positions are for the futures mode"),
        (3, lambda one: one.borrow("BTC-USDT", 0.1), "isolated margin positions are for the futures mode"),
        (2, lambda one: one.trade_spot("BTC-USDT", 10.0), "nothing is borrowed in this mode"),
    ],
)
def test_deed_that_the_level_has_not_is_refused(sim: SimOkx, level: int, deed: Any, words: str) -> None:
    account = sim.add_account("a", level=level)
    with pytest.raises(ValueError, match=words):
        deed(account)


def test_side_can_only_be_closed_as_far_as_it_is_open(sim: SimOkx) -> None:
    account = sim.add_account("a", hedge=True)
    account.buy(BTC, 1.0, side="long")
    with pytest.raises(ValueError, match="cannot trade"):
        account.sell(BTC, 2.0, side="long")


def test_modes_change_only_while_nothing_contradicts_them(sim: SimOkx) -> None:
    account = sim.add_account("a", wallets={"USDT": 10_000.0, "BTC": 1.0})
    account.borrow("BTC-USDT", 0.01)
    with pytest.raises(ValueError, match="held already"):
        account.borrow("BTC-USDT", 0.01)
    with pytest.raises(ValueError, match="has no isolated positions"):
        account.switch_level(Level.MULTI_CURRENCY)
    account.close("BTC-USDT")
    account.switch_level(Level.MULTI_CURRENCY)
    account.buy(BTC, 1.0)
    with pytest.raises(ValueError, match="spot mode has no positions"):
        account.switch_level(Level.SPOT)
    with pytest.raises(ValueError, match="position mode cannot change"):
        account.set_hedge(on=True)
    account.close(BTC)
    account.set_hedge(on=True)
    assert account.hedge


def test_withdrawable_is_what_initial_margin_leaves(sim: SimOkx) -> None:
    futures, multi = sim.add_account("a"), sim.add_account("b", level=3)
    for account in (futures, multi):
        account.buy(BTC, 10.0, lever=10.0, fee_rate=0.0)
    initial = 0.1 * sim.board.mark(BTC) * 0.1
    said = [float(Reading(account).max_withdrawal("USDT")["maxWd"]) for account in (futures, multi)]
    assert said == pytest.approx([10_000.0 - initial] * 2)


def test_option_is_net_also_where_swaps_have_sides(sim: SimOkx) -> None:
    account = sim.add_account("a", hedge=True, wallets={"BTC": 1.0})
    name = next(each.name for each in sim.board.instruments.values() if each.strike and each.coin == "BTC")
    account.fill(account.place(name, -1.0, 0.05))
    assert row_of(account, name)["posSide"] == "net"
