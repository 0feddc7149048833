"""Portfolio margin with loans: nothing that is owed makes an account look safer or richer than it is without a word."""

from __future__ import annotations

import pytest

from monitor.domain.lines import State
from monitor.domain.quality import Quality
from monitor.engine.engine import Engine
from monitor.engine.settings import EngineSettings
from monitor.venues.hyperliquid.margin import describe
from monitor.venues.hyperliquid.margin_portfolio import LOANED, REBUILT
from monitor.venues.hyperliquid.offline import read
from tests.venues.hyperliquid.support import (
    ACCOUNT,
    T0,
    VENUE,
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

BTC = meta(perp("BTC", 40))
RESERVES = [
    [0, {"oraclePx": "1.0", "ltv": "0.0"}],
    [150, {"oraclePx": "20.0", "ltv": "0.65"}],
    [197, {"oraclePx": "60000", "ltv": "0.5"}],
    [360, {"oraclePx": "1.0", "ltv": "0.0"}],
]


def files(*balances: Row, reserves: bool = True, **state: object) -> dict[str, bytes]:
    more = {named("allBorrowLendReserveStates"): raw(RESERVES)} if reserves else None
    money = spot(*balances, available={"USDC": 0.0}, **state)
    return folder_of({"": dex()}, mode="portfolioMargin", money=money, metas=[BTC], more=more)


def account(*balances: Row, reserves: bool = True) -> Told:
    return told(files(*balances, reserves=reserves))


def test_a_loan_makes_the_account_partial_and_says_in_words_that_it_is_worth_less() -> None:
    """20 000 of HYPE, 13 000 owed and spent: V is 16 500, of which 13 000 are not the account's."""
    engine = Engine({VENUE: describe}, EngineSettings(accounts=(ACCOUNT,)))
    owing = files(coin("USDC", -13000, borrowed="13000"), coin("HYPE", 1000, ltv="0.65"), portfolioMarginRatio="0.8")
    engine.step(read(owing, ACCOUNT, T0).events, T0)
    (report,) = engine.reports()
    assert report.quality is Quality.PARTIAL
    assert any(LOANED in pool.reasons for pool in report.pools)


@pytest.mark.parametrize("token", ["UBTC", "HYPE"])
def test_a_loan_of_a_token_whose_caps_nobody_told_is_a_view_in_that_coin(token: str) -> None:
    """Owed: a tenth of what 20 000 USDC may back. The venue lent it, whatever the documents list."""
    price, common = (60000.0, "BTC") if token == "UBTC" else (20.0, "HYPE")
    owed = 1000.0 / price
    found = account(coin("USDC", 20000, ltv="0.5"), coin(token, -owed, borrowed=repr(owed), ltv="0.5"))
    pool = found.pool(f"portfolio-margin:{token}")
    assert (pool.numeraire, pool.primary) == (common, False)
    assert {REBUILT, LOANED} < set(pool.reasons)
    assert any("no cap is counted" in why for why in pool.reasons)
    result = found.results(None, **{common: price, "USDC": 1.0})[f"portfolio-margin:{token}"]
    assert result.ratio.value == pytest.approx((20 + 1000) / (0.95 * 20000 * 0.75))


def test_a_loan_of_a_token_that_nothing_is_lent_against_is_not_passed_over() -> None:
    found = account(coin("USDC", 5000), coin("USDH", -100, borrowed="100"), coin("HYPE", 10))
    result = found.results(USDH=1.0, HYPE=20.0)["portfolio-margin:USDH"]
    assert result.maintenance_margin == pytest.approx(120.0)
    assert LOANED in found.pool("portfolio-margin").reasons, "the first pool counts what that loan bought"


def test_a_coin_without_a_price_cannot_be_owed_in_a_known_ratio() -> None:
    found = account(coin("USDC", 5000), coin("UBTC", -0.1, borrowed="0.1"), reserves=False)
    assert found.pool("portfolio-margin:UBTC").unknown == ("no price of UBTC in the account's answer",)


def test_what_is_borrowed_and_lies_there_backs_no_other_token() -> None:
    """0.5 of the account's own coins and 0.5 borrowed: the first alone back USDC."""
    both = account(coin("USDC", 100), coin("UBTC", 0.5, borrowed="0.5", ltv="0.5"))
    own = account(coin("USDC", 100), coin("UBTC", 0.5, ltv="0.5"))
    spent = account(coin("USDC", 100), coin("UBTC", -0.5, borrowed="0.5", ltv="0.5"))
    first, same, none = (one.results(BTC=60000.0)["portfolio-margin"].equity for one in (both, own, spent))
    assert first == same == pytest.approx(100 + 0.5 * 60000 * 0.75)
    assert none == pytest.approx(100.0)


@pytest.mark.parametrize("reserves", [True, False])
def test_a_token_that_only_bears_the_name_of_a_coin_backs_nothing(reserves: bool) -> None:
    """Anybody may list a token «BTC»: neither the reserves nor the parameters of bitcoin speak of it."""
    strange = {"coin": "BTC", "token": 999, "total": "5", "hold": "0"}
    found = account(coin("USDC", 100), strange, reserves=reserves)
    assert found.results(BTC=60000.0)["portfolio-margin"].equity == pytest.approx(100.0)


def test_reserves_that_do_not_name_a_token_say_that_nothing_is_lent_against_it() -> None:
    more = {named("allBorrowLendReserveStates"): raw(RESERVES[:1] + RESERVES[2:])}
    money = spot(coin("USDC", 100), coin("HYPE", 1000), available={"USDC": 0.0})
    found = told(folder_of({"": dex()}, mode="portfolioMargin", money=money, metas=[BTC], more=more))
    assert found.results(HYPE=20.0)["portfolio-margin"].equity == pytest.approx(100.0)


def test_the_venues_ratio_carries_a_loan_while_positions_and_collateral_move() -> None:
    """The venue says 0.5 of V = 16 500 where BTC stands at 60 000: whatever else is required stays when both fall."""
    rows = (cross("BTC", 0.1, 60000.0, 60000.0),)
    states = {"": dex(0.0, *rows, maintenance=75.0)}
    more = {named("allBorrowLendReserveStates"): raw(RESERVES)}
    money = spot(
        coin("USDC", -4000, borrowed="4000"),
        coin("HYPE", 1000),
        available={"USDC": 0.0},
        portfolioMarginRatio="0.5",
    )
    found = told(folder_of(states, mode="portfolioMargin", money=money, metas=[BTC], more=more))
    assert found.results()["portfolio-margin"].ratio.value == pytest.approx(0.5 / 0.95)
    fallen = found.results({"BTC": 50000.0}, HYPE=18.0)["portfolio-margin"]
    value = 1000 * 18 * 0.825  # the loss of 1000 is borrowed: nothing is held of USDC
    required = 0.5 * 16500 - 75 + 0.1 * 50000 / 80
    assert fallen.ratio.value == pytest.approx((required + 1000) / (0.95 * value))


def test_a_loss_beyond_what_is_held_is_in_the_venues_ratio_already() -> None:
    """Nothing held, 4000 owed, and a loss of 1000 more than what the row says: all of it is in the ratio of 0.5."""
    states = {"": dex(0.0, cross("BTC", 0.1, 60000.0, 60000.0), maintenance=75.0)}
    more = {named("allBorrowLendReserveStates"): raw(RESERVES)}
    money = spot(
        coin("USDC", -5000, borrowed="4000"),
        coin("HYPE", 1000),
        available={"USDC": 0.0},
        portfolioMarginRatio="0.5",
    )
    found = told(folder_of(states, mode="portfolioMargin", money=money, metas=[BTC], more=more))
    assert found.results()["portfolio-margin"].stages["shown-ratio"].value == pytest.approx(0.5)


@pytest.mark.parametrize(("owed", "reached"), [(23000.0, False), (24000.0, True)])
def test_the_backstop_of_portfolio_margin_is_two_thirds_of_its_own_threshold(owed: float, *, reached: bool) -> None:
    """Two thirds of 20 + 23 490 are 0.95 of 16 500."""
    found = account(coin("USDC", -owed, borrowed=repr(owed)), coin("HYPE", 1000))
    stage = found.results()["portfolio-margin"].stages["backstop"]
    assert (stage.state is State.LIQUIDATABLE) is reached


@pytest.mark.parametrize(
    ("usdc", "spoken_of"),
    [({}, {"portfolio-margin:USDT0"}), ({"borrowed": "10"}, set())],
    ids=["one loan", "two loans"],
)
def test_the_venues_ratio_is_compared_only_where_it_is_known_which_token_it_speaks_of(
    usdc: Row, spoken_of: set[str]
) -> None:
    money = (coin("USDC", 50, **usdc), coin("USDT0", -1000, borrowed="1000"), coin("HYPE", 1000))
    pools = told(files(*money, portfolioMarginRatio="0.3")).description.pools
    assert {pool.key.pool for pool in pools if pool.venue.ratio is not None} == spoken_of


def beside_isolated(total: str, margin: float, venue_ratio: str = "0.0", **usdc: object) -> Told:
    """All that the account has lies in an isolated position that is worth `margin`: nothing is cross."""
    worth = isolated("BTC", 0.1, 60000.0, 60000.0, margin - 6000.0)
    money = spot(
        coin("USDC", total, **usdc), available={"USDC": float(total) - margin}, portfolioMarginRatio=venue_ratio
    )
    return told(folder_of({"": dex(0.0, worth, maintenance=0.0)}, mode="portfolioMargin", money=money, metas=[BTC]))


@pytest.mark.parametrize("total", ["4000.0", "4000.000000000002", "3999.9999999999977", "3999.9999999901", "3999.5"])
def test_what_all_lies_in_isolated_positions_owes_nothing_and_cannot_be_liquidated(total: str) -> None:
    """Neither what floats leave nor what two frames are apart is a loan: the venue tells of none."""
    found = beside_isolated(total, 4000.0, borrowed="0.0")
    result = found.results()["portfolio-margin"]
    assert (result.ratio.value, result.equity) == (0.0, 0.0)
    assert {line.state for line in (result.market.down, result.market.up)} == {State.NEVER}
    assert LOANED not in found.pool("portfolio-margin").reasons
    assert found.pool("portfolio-margin").legs == (), "what an isolated position needs is its own pool's"
    alone = found.results()["isolated:BTC:long"]
    assert alone.equity == pytest.approx(4000.0)
    assert alone.maintenance_margin == pytest.approx(0.1 * 60000 / 80)


@pytest.mark.parametrize("ratio", ["0.97", "inf"])
def test_danger_that_the_venue_tells_of_is_no_noise(ratio: str) -> None:
    """Where it tells danger, or no figure at all, what is missing beside isolated positions is taken for a loan."""
    result = beside_isolated("3999.5", 4000.0, ratio, borrowed="0.0").results()["portfolio-margin"]
    assert result.ratio.state is State.LIQUIDATABLE


def test_a_loan_beside_isolated_positions_has_nothing_that_backs_it() -> None:
    """4054 are borrowed and lie in an isolated position, which backs nothing: 20 + 4054 are required, of nothing."""
    found = beside_isolated("28399.4000000001", 32453.4, "inf", borrowed="4054.0")
    result = found.results()["portfolio-margin"]
    assert result.ratio.state is State.LIQUIDATABLE
    assert result.equity == 0.0, "what floats leave is not held"
    assert result.maintenance_margin == pytest.approx(4074.0)
    assert LOANED in found.pool("portfolio-margin").reasons
