"""What-if: which purse of an account backs a pool is the venue's matter, and found out by describing it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.domain.accounts import Account, Balance, Wallet
from monitor.domain.names import AccountKey, PoolKey
from monitor.domain.tables import Tables
from monitor.domain.whatif import Transfer
from monitor.engine.picture import Picture
from monitor.margin.pool import Description
from tests.unit.engine.situations import ISOLATED, MAIN, MULTI, ONE_WAY, T, describe, reading, usdt
from tests.unit.engine.test_whatif_edits import LONG, after, ask, in_coin, inverse, mode_of, put, refused, told, trade

COINS = (usdt(0.0), Balance(asset="BTC", wallet=1.0, cross_wallet=1.0))


def test_an_inverse_position_is_isolated_with_coins() -> None:
    held_inverse = replace(LONG, leverage=10.0)
    picture = told(
        held_inverse, more=[*in_coin(), reading(held_inverse, balances=COINS, asked=T + 0.1)], describes=inverse
    )
    assert refused(picture, mode_of("BTCUSDT", ISOLATED))[0] == "edits[0].margin_mode"


def test_what_counts_nothing_lies_in_the_account_and_in_no_pool() -> None:
    def counts_dollars(account: Account, tables: Tables) -> Description:
        known = {name: each for name, each in account.balances.items() if name == "USDT"}
        return describe(replace(account, mode=MULTI, balances=known), tables)

    report = ask(told(LONG, describes=counts_dollars), put("DOGE", 1_000.0))
    assert after(report, "multi-assets").equity_usd == report.accounts[0].before.pools[0].equity_usd
    assert report.accounts[0].notes == ("DOGE counts nothing in multi-assets",)


def in_purses(account: Account, tables: Tables) -> Description:
    """A venue of which each market has a purse of its own, and a position draws on that of its market."""
    pools = []
    for name, purse in account.wallets.items():
        positions = {key: each for key, each in account.positions.items() if key.symbol.startswith(name)}
        (pool,) = describe(replace(account, balances=purse.balances, positions=positions), tables).pools
        pools.append(replace(pool, key=PoolKey(*account.key, f"cross:{name}")))
    return Description(tuple(pools))


def purses() -> Picture:
    wallets = tuple(Wallet(name=name, balances={"USDT": usdt(5_000.0)}) for name in ("BTC", "ETH"))
    wallets += (Wallet(name="SOL", balances={"BTC": Balance(asset="BTC", wallet=1.0, cross_wallet=1.0)}),)
    answer = replace(reading(LONG, balances=(), asked=T + 0.1), wallets=wallets)
    return told(LONG, more=[answer, replace(answer, asked=T + 0.2)], describes=in_purses)


def test_the_purse_that_backs_a_pool_is_found_by_what_its_venue_makes_of_it() -> None:
    report = ask(purses(), Transfer(account=MAIN, to=MAIN, asset="USDT", amount=1_000.0, from_pool="cross:ETH"))
    assert after(report, "cross:BTC").equity_usd == pytest.approx(7_000.0)
    assert after(report, "cross:ETH").equity_usd == pytest.approx(4_000.0)
    fee = ask(purses(), trade("ETHUSDT", 1.0))
    assert after(fee, "cross:ETH").equity_usd == pytest.approx(5_000.0 - 1.5)


def test_what_no_purse_brings_to_a_pool_is_moved_as_it_is_described() -> None:
    def held_still(account: Account, tables: Tables) -> Description:
        (pool,) = describe(account, tables).pools
        return Description((replace(pool, cash=10_000.0),))

    report = ask(told(LONG, describes=held_still), put("USDT", 500.0), put("USDT", 250.0))
    assert after(report).equity_usd == pytest.approx(11_750.0)


def test_a_transfer_between_venues_is_counted_as_made() -> None:
    elsewhere = AccountKey("other-paper", "main")
    picture = told(LONG)
    there = replace(picture.accounts[MAIN], report=replace(picture.accounts[MAIN].report, key=elsewhere))
    assert there.account is not None
    there = replace(there, account=replace(there.account, key=elsewhere))
    both = replace(
        picture,
        accounts={MAIN: picture.accounts[MAIN], elsewhere: there},
        describes={"paper": describe, "other-paper": describe},
    )
    report = ask(both, Transfer(account=MAIN, to=elsewhere, asset="USDT", amount=500.0))
    assert any("a fee of the network" in note for note in report.notes)
    assert after(report).equity_usd == pytest.approx(10_500.0)


def test_a_loan_that_stands_for_what_is_missing_grows_with_it() -> None:
    owed = Balance(asset="USDT", wallet=-1_000.0, cross_wallet=-1_000.0, venue_equity=-1_000.0, borrowed=1_500.0)
    seen: list[Balance] = []

    def watching(account: Account, tables: Tables) -> Description:
        seen.append(account.balances["USDT"])
        return describe(account, tables)

    mode = replace(ONE_WAY, borrows=True)
    picture = told(mode=mode, more=[reading(balances=(owed,), asked=T + 0.1)], describes=watching)
    ask(picture, put("USDT", -500.0))
    assert (seen[-1].wallet, seen[-1].borrowed, seen[-1].venue_equity) == (-1_500.0, 2_000.0, -1_500.0)
    ask(picture, put("USDT", 5_000.0))
    assert (seen[-1].wallet, seen[-1].borrowed) == (4_000.0, 500.0)


def test_a_balance_of_a_kind_that_the_account_has_not_is_not_tried() -> None:
    def refuses_rows(account: Account, tables: Tables) -> Description:
        if account.balances:
            return Description((), ("two signals of the mode disagree",))
        return in_purses(account, tables)

    answer = replace(reading(LONG, balances=(), asked=T + 0.1), wallets=(Wallet(name="BTC", balances=USDT),))
    picture = told(LONG, more=[answer, replace(answer, asked=T + 0.2)], describes=refuses_rows)
    report = ask(picture, put("USDT", 500.0))
    assert after(report, "cross:BTC").equity_usd == pytest.approx(6_500.0)
    assert after(ask(picture, put("USDT", -500.0)), "cross:BTC").equity_usd == pytest.approx(5_500.0)


USDT = {"USDT": usdt(5_000.0)}
