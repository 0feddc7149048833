"""What backs what at Hyperliquid, in each mode: answers in, pools and figures out."""

from __future__ import annotations

import pytest

from monitor.domain.accounts import AccountMode, CollateralMode
from monitor.domain.lines import State
from monitor.margin.results import PoolResult
from monitor.venues.hyperliquid import margin_portfolio
from monitor.venues.hyperliquid.margin import describe
from monitor.venues.hyperliquid.margin_portfolio import SHOWN
from monitor.venues.hyperliquid.margin_terms import BACKSTOP
from tests.venues.hyperliquid.support import (
    Row,
    Told,
    coin,
    cross,
    dex,
    folder_of,
    isolated,
    meta,
    named,
    perp,
    raw,
    spot,
    told,
)

BTC = meta(perp("BTC", 40, 56), perp("ETH", 25), tables={56: [(0.0, 40), (150e6, 20)]})
XYZ = meta(perp("xyz:GOLD", 20), perp("xyz:TSLA", 10), token="USDC")
HYNA = meta(perp("hyna:BTC", 10), token="USDE")


def line(result: PoolResult, symbol: str) -> float | None:
    return next(one.line.price for one in result.positions if one.symbol == symbol)


# Standard


def test_in_standard_mode_each_dex_is_a_pool_of_its_own() -> None:
    """1 BTC behind 5000 on the first dex; 10 GOLD at 100 behind 60 on a builder's, whose loss the first never pays."""
    states = {
        "": dex(5000.0, cross("BTC", 1.0, 60000.0, 60000.0), maintenance=750.0),
        "xyz": dex(60.0, cross("xyz:GOLD", 10.0, 101.0, 100.0), maintenance=25.0),
    }
    found = told(folder_of(states, metas=[BTC, XYZ])).results()
    assert set(found) == {"cross:USDC", "cross:xyz:USDC"}
    first, builder = found["cross:USDC"], found["cross:xyz:USDC"]
    assert first.ratio.value == pytest.approx(750 / 5000)
    assert builder.ratio.value == pytest.approx(25 / 60)
    assert line(first, "BTC") == pytest.approx((60000 - 5000) / (1 - 1 / 80))
    assert line(builder, "xyz:GOLD") == pytest.approx((1000 - 60) / (10 * (1 - 1 / 40)))


def test_what_has_no_position_and_no_money_is_no_pool() -> None:
    found = told(folder_of({"": dex(), "xyz": dex()}, metas=[BTC, XYZ]))
    assert found.description.pools == ()
    assert found.description.unknown == ()


def test_dollars_in_spot_back_nothing_in_standard_mode() -> None:
    states = {"": dex(1000.0, cross("BTC", 0.1, 60000.0, 60000.0))}
    with_, without = (
        told(folder_of(states, metas=[BTC], money=spot(coin("USDC", much)))).results() for much in ("5000", "0")
    )
    assert with_["cross:USDC"].ratio == without["cross:USDC"].ratio
    assert with_["spot:USDC"].equity == 5000.0
    assert set(without) == {"cross:USDC"}


def test_the_profit_of_a_position_is_told_beside_a_cash_that_has_none() -> None:
    """The venue's cash leg has what the position cost in it; ours does not, so that profit can be told."""
    found = told(folder_of({"": dex(1000.0, cross("BTC", -0.5, 62000.0, 60000.0))}, metas=[BTC]))
    assert found.pool("cross:USDC").cash == pytest.approx(0.0)
    (position,) = found.results()["cross:USDC"].positions
    assert position.unrealized_pnl == pytest.approx(1000.0)
    assert found.results()["cross:USDC"].equity == pytest.approx(1000.0)


def test_profit_is_paid_in_the_collateral_without_conversion() -> None:
    """The oracle is in USDT: where USDC falls to 0.9, a profit of 1000 stays 1000 USDC."""
    found = told(folder_of({"": dex(1000.0, cross("BTC", 1.0, 60000.0, 60000.0))}, metas=[BTC]))
    moved = found.results({"BTC": 61000.0}, USDC=0.9, USDT=1.0)["cross:USDC"]
    assert moved.equity == pytest.approx(2000.0)


def test_the_venue_prints_its_price_and_ours_is_the_same() -> None:
    printed = (60000.0 - 5000.0) / (1 - 1 / 80)
    rows = [cross("BTC", 1.0, 60000.0, 60000.0, f"{printed:.8f}"), cross("ETH", -0.001, 3000.0, 3000.0, None)]
    found = told(folder_of({"": dex(5000.0, rows[0])}, metas=[BTC])).results()["cross:USDC"]
    assert not found.venue_lines[0].disagree
    assert found.venue_lines[0].ours.price == pytest.approx(printed, rel=1e-9)


# Isolated


def test_an_isolated_position_falls_alone_and_its_stages_have_lines_of_their_own() -> None:
    """Cash leg -50 000 and 1 BTC at 60 000: P = 50 000 / (1 - m), the backstop at two thirds of m, zero at 50 000."""
    states = {"": dex(100.0, isolated("BTC", 1.0, 58000.0, 60000.0, -50000.0, "50632.91139241"))}
    found = told(folder_of(states, metas=[BTC])).results()
    alone = found["isolated:BTC:long"]
    assert alone.equity == pytest.approx(10000.0)
    assert line(alone, "BTC") == pytest.approx(50000 / (1 - 1 / 80))
    assert not alone.venue_lines[0].disagree
    assert found["cross:USDC"].equity == pytest.approx(100.0)
    for price, stage in ((50000 / (1 - 1 / 120), BACKSTOP), (50000.0, "bankruptcy")):
        for beyond, reached in ((1.0001, False), (0.9999, True)):
            ratio = told(folder_of(states, metas=[BTC])).results({"BTC": price * beyond})["isolated:BTC:long"]
            assert (ratio.stages[stage].state is State.LIQUIDATABLE) is reached


def test_an_isolated_short_of_a_builder_settles_in_its_token() -> None:
    states = {"": dex(), "hyna": dex(0.0, isolated("hyna:BTC", -0.1, 60000.0, 60000.0, 7000.0))}
    found = told(folder_of(states, metas=[BTC, HYNA]))
    assert found.pool("isolated:hyna:BTC:short").numeraire == "USDE"
    price = line(found.results()["isolated:hyna:BTC:short"], "hyna:BTC")
    assert price == pytest.approx(7000 / (0.1 * (1 + 1 / 20)))


def test_a_row_that_says_neither_cross_nor_isolated_makes_its_pool_unknown() -> None:
    strange = cross("BTC", 1.0, 60000.0, 60000.0, leverage={"type": "brandNew", "value": 3})
    found = told(folder_of({"": dex(5000.0, strange, raw_usd=-55000.0)}, metas=[BTC]))
    assert found.pool("cross:USDC").unknown == ("cannot tell whether BTC long is cross or isolated",)


# Unified


def unified(*more: Row, total: float = 10000.0, available: float = 8750.0) -> Told:
    """The shape of the kernel's own tests: 1 BTC on the first dex, 100 GOLD at 100 and 2.5 % on another."""
    states = {
        "": dex(0.0, cross("BTC", 1.0, 59000.0, 60000.0), maintenance=750.0),
        "xyz": dex(0.0, cross("xyz:GOLD", 100.0, 90.0, 100.0), maintenance=250.0),
        "hyna": dex(0.0, *more),
    }
    money = spot(coin("USDC", total), coin("USDE", 100.0), available={"USDC": available, "USDE": 100.0})
    return told(folder_of(states, mode="unifiedAccount", money=money, metas=[BTC, XYZ, HYNA]))


def test_in_unified_mode_a_token_backs_all_its_dexs() -> None:
    account = unified(available=9000.0)
    usdc = account.results()["cross:USDC"]
    assert usdc.equity == pytest.approx(10000.0)
    assert usdc.maintenance_margin == pytest.approx(1000.0)
    assert usdc.ratio.value == pytest.approx(0.1)
    assert account.pool("cross:USDC").venue.ratio == pytest.approx(0.1)
    assert line(usdc, "BTC") == pytest.approx(60000 - 9000 / (1 - 1 / 80))
    assert line(usdc, "xyz:GOLD") == pytest.approx(100 - 9000 / (100 * (1 - 1 / 40)))


def test_in_unified_mode_another_token_is_a_pool_of_its_own() -> None:
    account = unified(cross("hyna:BTC", 0.01, 60000.0, 60000.0))
    assert {pool.key.pool for pool in account.description.pools} == {"cross:USDC", "cross:USDE"}
    usde = account.results()["cross:USDE"]
    assert usde.ratio.value == pytest.approx(600 * 0.05 / 100)


def test_in_unified_mode_isolated_margin_is_not_there_for_the_others() -> None:
    """A position worth 400 of its own is in the total, and no cross position may lean on it."""
    alone = isolated("ETH", 1.0, 3000.0, 3000.0, -2600.0)
    states = {"": dex(0.0, cross("BTC", 1.0, 60000.0, 60000.0), alone, maintenance=750.0)}
    money = spot(coin("USDC", 1400.0), available={"USDC": 250.0})
    account = told(folder_of(states, mode="unifiedAccount", money=money, metas=[BTC]))
    found = account.results()
    assert found["cross:USDC"].equity == pytest.approx(1000.0)
    assert account.pool("cross:USDC").venue.equity == pytest.approx(1000.0), "by what is left after maintenance"
    assert found["isolated:ETH:long"].equity == pytest.approx(400.0)
    assert sum(one.equity or 0.0 for one in found.values()) == pytest.approx(1400.0)


def test_a_position_on_a_builders_bitcoin_moves_with_bitcoin() -> None:
    account = unified(cross("hyna:BTC", 0.01, 60000.0, 60000.0))
    assert account.results()["cross:USDE"].coins.keys() == {"BTC"}


def test_a_builders_namesake_of_another_coin_is_a_coin_of_its_own() -> None:
    states = {"": dex(500.0, cross("META", 1.0, 1.0, 1.0)), "xyz": dex(500.0, cross("xyz:META", -1.0, 700.0, 700.0))}
    metas = [meta(perp("META", 3)), meta(perp("xyz:META", 10), token="USDC")]
    found = told(folder_of(states, metas=metas))
    assert found.tables.instruments["META"].coin == "META"
    assert found.tables.instruments["xyz:META"].coin == "xyz:META"


def test_a_thousandfold_coin_counts_a_thousand() -> None:
    listed = told(folder_of({"": dex()}, metas=[meta(perp("kPEPE", 10))])).tables.instruments["kPEPE"]
    assert (listed.coin, listed.coin_multiplier, listed.base) == ("PEPE", 1000.0, "kPEPE")


def test_a_dex_of_no_known_token_is_unknown_and_not_a_dollar() -> None:
    files = folder_of({"": dex(), "xyz": dex(60.0, cross("xyz:GOLD", 1.0, 100.0, 100.0))}, metas=[BTC, HYNA])
    del files[named("spotMeta")]
    files[named("allPerpMetas")] = raw([BTC, {**XYZ, "collateralToken": 999}])
    found = told(files)
    (pool,) = found.description.pools
    assert pool.unknown
    assert found.missing, "what the missing names cost is said"


# Portfolio margin

LTV = {"ltv": "0.65"}
RESERVES = [[0, {"oraclePx": "1.0", "ltv": "0.0"}], [150, {"oraclePx": "20.0", "ltv": "0.65"}], [9, {"ltv": "1"}]]


def portfolio(
    *balances: Row, reserves: bool = True, parameters: dict[str, float] | None = None, **state: object
) -> Told:
    """0.5 BTC at 60 000 behind what is given."""
    states = {"": dex(0.0, cross("BTC", 0.5, 60000.0, 60000.0, "40336.0"), maintenance=375.0)}
    more = {named("allBorrowLendReserveStates"): raw(RESERVES)} if reserves else None
    money = spot(*balances, available={"USDC": 0.0}, **state)
    files = folder_of(states, mode="portfolioMargin", money=money, metas=[BTC], more=more)
    return told(files, parameters=parameters)


def test_portfolio_margin_counts_other_collateral_up_to_its_cap() -> None:
    """100 USDC, 1000 HYPE at 20, theta 0.825: 16 500, capped at 10 000 here. R = 20 + 375, liquidated at 0.95.

    Where BTC has taken the 100, the rest is borrowed: 20 + P / 160 + 29 900 - P / 2 = 0.95 x 10 000.
    """
    found = portfolio(coin("USDC", 100), coin("HYPE", 1000), parameters={"borrow_cap_usdc": 10000.0})
    result = found.results()["portfolio-margin"]
    assert result.equity == pytest.approx(10100.0)
    assert result.maintenance_margin == pytest.approx(395.0)
    assert result.ratio.value == pytest.approx(395 / (0.95 * 10100))
    assert result.stages[SHOWN].value == pytest.approx(395 / 10100)
    assert line(result, "BTC") == pytest.approx((29900 + 20 - 9500) / (0.5 - 1 / 160))
    assert result.coins["HYPE"].down.price == pytest.approx((395 / 0.95 - 100) / 825)


def test_an_account_of_collateral_alone_is_safe_and_known() -> None:
    """A token that is not held has no row."""
    money = spot(coin("HYPE", 1000, ltv="0.65"), available={})
    result = told(folder_of({"": dex()}, mode="portfolioMargin", money=money)).results(HYPE=20.0)["portfolio-margin"]
    assert result.equity == pytest.approx(16500.0)
    assert result.ratio.value == 0.0


@pytest.mark.parametrize("cap", [100.0, 0.0])
def test_a_supply_above_its_cap_counts_no_more(cap: float) -> None:
    found = portfolio(coin("USDC", 100), coin("HYPE", 1000), parameters={"supply_cap_hype": cap})
    assert found.results()["portfolio-margin"].equity == pytest.approx(100 + cap * 20 * 0.825)


@pytest.mark.parametrize(
    ("row", "reserves", "share"),
    [
        (coin("HYPE", 10, ltv="0.5"), True, 0.75),  # the account's own row first
        (coin("HYPE", 10), True, 0.825),  # then the reserve
        (coin("HYPE", 10), False, 0.85),  # then what the user set
        (coin("HYPE", 10, ltv="0.0"), True, None),  # a word for «nothing is lent against it»
        (coin("USDH", 10), True, None),
    ],
)
def test_how_much_of_its_value_a_token_counts_for(row: Row, share: float | None, *, reserves: bool) -> None:
    found = portfolio(coin("USDC", 100), row, reserves=reserves, parameters={"ltv_hype": 0.7})
    result = found.results(HYPE=20.0)["portfolio-margin"]
    assert result.equity == pytest.approx(100 + (0.0 if share is None else 200 * share))


def test_bitcoin_in_spot_hedges_a_short_perpetual_under_its_common_name() -> None:
    """Beyond 61 000 the loss of the short is borrowed against the coin, which counts three quarters of its value."""
    states = {"": dex(0.0, cross("BTC", -1.0, 60000.0, 60000.0), maintenance=750.0)}
    money = spot(coin("USDC", 1000), coin("UBTC", 1, ltv="0.5"), available={"USDC": 250.0})
    files = folder_of(states, mode="portfolioMargin", money=money, metas=[BTC])
    found = told(files).results(BTC=60000.0)["portfolio-margin"]
    expected = (61000 - 20) / (1 + 1 / 80 - 0.95 * 0.75)  # 20 + P / 80 + P - 61 000 = 0.95 x 0.75 P
    assert found.coins["BTC"].up.price == pytest.approx(expected)


def test_the_venues_price_crosses_at_one_and_knows_no_offset() -> None:
    """Without other collateral: the venue prints 60 000 - (total - 375) / (0.5 (1 - 1/80)), ours lies nearer."""
    total = 10000.0
    printed = 60000 - (total - 375) / (0.5 * (1 - 1 / 80))
    states = {"": dex(0.0, cross("BTC", 0.5, 60000.0, 60000.0, f"{printed!r}"), maintenance=375.0)}
    money = spot(coin("USDC", total), available={"USDC": total - 375}, portfolioMarginRatio=f"{395 / total!r}")
    account = told(folder_of(states, mode="portfolioMargin", money=money, metas=[BTC]))
    result = account.results()["portfolio-margin"]
    (venue,) = result.venue_lines
    assert venue.ours.price == pytest.approx(printed, rel=1e-9)
    assert not venue.disagree
    ours = line(result, "BTC")
    assert ours == pytest.approx((0.95 * (0.5 * 60000 - total) + 20) / (0.95 * 0.5 - 0.5 / 80))
    assert ours is not None
    assert ours > printed


def test_the_venues_price_is_not_compared_where_other_collateral_counts() -> None:
    assert portfolio(coin("USDC", 100), coin("HYPE", 1000)).pool("portfolio-margin").venue.lines == ()


LOAN = (coin("USDC", -4000, borrowed="4000"), coin("HYPE", 1000))  # what was borrowed is spent


def test_a_loan_is_carried_by_the_venues_own_ratio() -> None:
    """V = 16 500 by what is documented. The venue says 0.5: so much is required, whatever it is made of."""
    account = portfolio(*LOAN, portfolioMarginRatio="0.5")
    pool = account.pool("portfolio-margin")
    assert pool.reasons == (margin_portfolio.CARRIED, margin_portfolio.LOANED)
    result = account.results()["portfolio-margin"]
    assert result.equity == pytest.approx(16500.0)
    assert result.stages[SHOWN].value == pytest.approx(0.5)
    assert result.ratio.value == pytest.approx(0.5 / 0.95)
    assert pool.venue.ratio == 0.5
    fallen = account.results({"BTC": 60000.0}, HYPE=19.0)["portfolio-margin"]
    assert fallen.equity == pytest.approx(16500 - 825)
    assert fallen.maintenance_margin == pytest.approx(8250.0)


def test_a_loan_without_the_venues_ratio_is_rebuilt_by_the_documents_and_says_so() -> None:
    account = portfolio(*LOAN)
    assert account.pool("portfolio-margin").reasons == (margin_portfolio.REBUILT, margin_portfolio.LOANED)
    result = account.results()["portfolio-margin"]
    assert result.maintenance_margin == pytest.approx(20 + 375 + 4000)
    assert result.ratio.value == pytest.approx(4395 / (0.95 * 16500))


def test_a_loan_that_still_lies_in_the_account_is_held_and_owed() -> None:
    """The row's total is net: 1000 of 5000 held are the account's own."""
    account = portfolio(coin("USDC", 1000, borrowed="4000"), coin("HYPE", 1000))
    assert account.results()["portfolio-margin"].equity == pytest.approx(5000 + 16500)


def test_what_may_be_borrowed_at_all_does_not_liquidate_at_once() -> None:
    """All of 65 % of the value is lent, and the account stands at 0.65 / 0.825 of its threshold's 0.95."""
    states = {"": dex()}
    money = spot(coin("USDC", -13000, borrowed="13000"), coin("HYPE", 1000), available={"USDC": 0.0})
    more = {named("allBorrowLendReserveStates"): raw(RESERVES)}
    account = told(folder_of(states, mode="portfolioMargin", money=money, metas=[BTC], more=more))
    assert account.results()["portfolio-margin"].ratio.value == pytest.approx(13020 / (0.95 * 16500))


def test_a_loan_of_another_token_is_a_view_of_the_same_positions() -> None:
    rows = (coin("USDC", 5000), coin("USDT0", -1000, borrowed="1000"), coin("HYPE", 1000))
    account = portfolio(*rows)
    names = [pool.key.pool for pool in account.description.pools]
    assert names == ["portfolio-margin", "portfolio-margin:USDT0"]
    view = account.pool("portfolio-margin:USDT0")
    assert (view.primary, view.view_of) == (False, account.pool("portfolio-margin").key)
    assert view.reasons[-2:] == (margin_portfolio.REBUILT, margin_portfolio.LOANED)
    found = account.results()
    assert found["portfolio-margin:USDT0"].maintenance_margin == pytest.approx(20 + 375 + 1000)
    assert found["portfolio-margin:USDT0"].equity == pytest.approx(16500)
    assert "no loan to value of USDC: it counts nothing for USDT0" in view.reasons


def test_at_its_cap_a_loan_says_that_the_venue_falls_back() -> None:
    pool = portfolio(*LOAN, parameters={"borrow_cap_usdc": 4000.0}).pool("portfolio-margin")
    assert any("ordinary margin" in reason for reason in pool.reasons)


def test_a_token_that_is_not_eligible_backs_its_own_dexs() -> None:
    states = {
        "": dex(0.0, cross("BTC", 0.5, 60000.0, 60000.0), maintenance=375.0),
        "hyna": dex(0.0, cross("hyna:BTC", 0.01, 60000.0, 60000.0), maintenance=30.0),
    }
    money = spot(coin("USDC", 1000), coin("USDE", 100), available={"USDC": 625.0, "USDE": 70.0})
    account = told(folder_of(states, mode="portfolioMargin", money=money, metas=[BTC, HYNA]))
    assert [pool.key.pool for pool in account.description.pools] == ["portfolio-margin", "cross:USDE"]
    assert account.results()["cross:USDE"].ratio.value == pytest.approx(0.3)
    assert account.results()["portfolio-margin"].maintenance_margin == pytest.approx(395.0)


# What cannot be told


def test_a_mode_of_no_kind_of_ours_describes_nothing() -> None:
    account = told(folder_of({"": dex(1000.0)})).account
    for mode in (
        AccountMode(collateral=None, hedge=False),
        AccountMode(collateral=CollateralMode.SINGLE_ASSET, hedge=False, kind="brandNew"),
        AccountMode(collateral=CollateralMode.SPOT, hedge=False),
    ):
        odd = type(account)(key=account.key, mode=mode, wallets=account.wallets)
        assert describe(odd, told(folder_of({"": dex()})).tables).unknown


def test_without_margin_tables_the_requirement_is_unknown_and_not_zero() -> None:
    files = folder_of({"": dex(5000.0, cross("BTC", 1.0, 60000.0, 60000.0))}, metas=[BTC])
    del files[named("allPerpMetas")]
    account = told(files)
    assert account.pool("cross:USDC").unknown == ("no contract data for BTC",)
    assert "info__type=allPerpMetas.json" in account.missing
