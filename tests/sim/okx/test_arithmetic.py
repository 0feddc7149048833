"""The simulator's own arithmetic, against figures that OKX printed (recorded or in its documents)."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.sim.okx import SimOkx
from monitor.sim.okx.accounts import SimAccount
from monitor.sim.okx.answers import Reading
from monitor.sim.okx.board import Prices
from monitor.sim.okx.listing import Instrument, Product
from monitor.sim.okx.multi import Whole
from monitor.sim.okx.options import short_initial
from monitor.sim.okx.portfolio import Portfolio
from tests.sim.okx.clients import still

CLOSE = 1e-12


def row_of(account: SimAccount, name: str) -> dict[str, Any]:
    return next(row for row in Reading(account).positions() if row["instId"] == name)


def figures(row: dict[str, Any], *names: str) -> list[float]:
    return [float(row[name]) for name in names]


@pytest.fixture
def sim() -> SimOkx:
    return still()


def test_isolated_linear_long_shows_the_venues_ratio_and_its_line_a_tick_early(sim: SimOkx) -> None:
    account = sim.add_account("a")
    sim.set_mark("YFI-USDT-SWAP", 2267.5)
    account.trade("YFI-USDT-SWAP", 5, price=2268.0, mode="isolated").margin = 0.2268
    shown = figures(row_of(account, "YFI-USDT-SWAP"), "mgnRatio", "liqPx")
    assert shown == pytest.approx([28.546227752401958, 1827.290332326284], rel=CLOSE)


def test_isolated_linear_short_in_the_second_tier_takes_its_rate_for_everything(sim: SimOkx) -> None:
    account = sim.add_account("a")
    account.trade("FIL-USDT-SWAP", -500_000, price=0.6745872328000001, mode="isolated", lever=40).margin = 843.234041
    assert float(row_of(account, "FIL-USDT-SWAP")["liqPx"]) == pytest.approx(0.6807979947021173, rel=CLOSE)


def test_spot_margin_long_counts_the_fee_on_the_debt_with_its_maintenance(sim: SimOkx) -> None:
    account = sim.add_account("a", wallets={"BTC": 1.0})
    sim.set_mark("BTC-USDT", 62_891.9)
    loan = account.borrow("BTC-USDT", 0.000317654)
    loan.held, loan.owed = 0.00190433573, 99.9998177776581948
    shown = figures(row_of(account, "BTC-USDT"), "mmr", "mgnRatio", "liqPx")
    assert shown == pytest.approx([0.0000318005395854, 9.404143929947395, 53615.448336593756], rel=CLOSE)


def test_spot_margin_short_is_at_ratio_one_at_its_line(sim: SimOkx) -> None:
    account = sim.add_account("a")
    loan = account.borrow("ETH-USDT", 100.0, long=False, lever=3.0)
    line = float(row_of(account, "ETH-USDT")["liqPx"])
    assert line > sim.board.mark("ETH-USDT")
    assert loan.held_asset == "USDT"
    sim.set_mark("ETH-USDT", line)
    assert float(row_of(account, "ETH-USDT")["mgnRatio"]) == pytest.approx(1.0, rel=1e-5)  # the mark has its decimals


def test_cross_linear_short_has_its_currencys_ratio_and_no_tick(sim: SimOkx) -> None:
    account = sim.add_account("a")
    sim.set_mark("ETH-USDT-SWAP", 2411.75)
    account.trade("ETH-USDT-SWAP", -137.89, price=2471.0659518456740882, lever=100)
    account.cash["USDT"] = 286.8952266692395
    shown = figures(row_of(account, "ETH-USDT-SWAP"), "imr", "mmr", "mgnRatio", "liqPx")
    assert shown == pytest.approx([332.5562075, 133.022483, 7.382564121680527, 2480.7088557412476], rel=CLOSE)


def test_resting_order_raises_the_tier_and_lowers_the_ratio_but_leaves_the_line(sim: SimOkx) -> None:
    account = sim.add_account("a", wallets={"BTC": 1.0})
    sim.set_mark("BTC-USD-SWAP", 78_968.4)
    account.trade("BTC-USD-SWAP", -1900, price=78965.7649821277493337, lever=100)
    account.cash["BTC"] = 0.9991548782181453
    before = figures(row_of(account, "BTC-USD-SWAP"), "mgnRatio", "liqPx")
    assert before == pytest.approx([92.27523035415192, 134436.0856853804], rel=CLOSE)
    upl = 0.0000903471160214  # the mark is not printed beside these figures: it follows from the profit
    entry = 78965.7649821277493337
    sim.board.set_basis("BTC-USD-SWAP", 0.0)
    account.place("BTC-USD-SWAP", -1000, 90_809.9, lever=100)
    mark = 190_000.0 / (190_000.0 / entry + upl)
    reading = Reading(account, sim.board.prices.with_marks({"BTC-USD-SWAP": mark}))
    pool = reading.pool("BTC")
    assert pool.ratio == pytest.approx(49.44183316695069, rel=1e-9)
    assert pool.maintenance == pytest.approx(0.0183630772971576, rel=1e-9)
    assert pool.initial == pytest.approx(0.0350739785646916, rel=1e-9)
    assert pool.available == pytest.approx(0.9636206460089853, rel=1e-9)
    after = next(row for row in reading.positions())
    assert float(after["liqPx"]) == pytest.approx(134436.0856853804, rel=CLOSE)


def test_reducing_order_counts_nowhere(sim: SimOkx) -> None:
    account = sim.add_account("a")
    account.trade("BTC-USDT-SWAP", 10)
    before = Reading(account).pool("USDT")
    account.place("BTC-USDT-SWAP", -10, 120_000.0)
    assert Reading(account).pool("USDT") == before


def test_other_coins_do_not_back_a_currency_in_futures_mode(sim: SimOkx) -> None:
    rich = sim.add_account("rich", wallets={"USDT": 1000.0, "BTC": 1.0})
    poor = sim.add_account("poor", wallets={"USDT": 1000.0})
    for account in (rich, poor):
        account.trade("ETH-USDT-SWAP", 10)
    assert row_of(rich, "ETH-USDT-SWAP")["mgnRatio"] == row_of(poor, "ETH-USDT-SWAP")["mgnRatio"]


@pytest.mark.parametrize("level", [2, 3])
@pytest.mark.parametrize("contracts", [-200.0, 200.0])
def test_cross_line_is_where_the_ratio_is_one_while_nothing_else_moves(
    sim: SimOkx, level: int, contracts: float
) -> None:
    account = sim.add_account("a", level=level, wallets={"USDT": 10_000.0, "USDC": 500.0})
    account.trade("ETH-USDT-SWAP", contracts)
    account.trade("BTC-USDT-SWAP", 5.0)
    line = float(row_of(account, "ETH-USDT-SWAP")["liqPx"])
    at_line = Reading(account, sim.board.prices.with_marks({"ETH-USDT-SWAP": line}))
    assert at_line.cross_ratio(account.cross()[0]) == pytest.approx(1.0, rel=1e-9)


def test_negative_equity_counts_whole_and_needs_its_loan_tier_and_fee(sim: SimOkx) -> None:
    account = sim.add_account("a", level=3, wallets={"BTC": 1.0})
    account.trade_spot("ETH-USDT", 10.0, price=3400.0)
    figures_now, prices = Reading(account).whole, sim.board.prices
    owed = 34_000.0 * prices.usd("USDT")
    assert figures_now.owed == pytest.approx(owed, rel=CLOSE)
    assert figures_now.maintenance == pytest.approx(owed * 0.02, rel=CLOSE)
    assert figures_now.fees == pytest.approx(owed * 1.02 * 0.001, rel=CLOSE)
    counted = prices.usd("BTC") * 0.98 + 10.0 * prices.usd("ETH") * 0.98 - owed
    assert figures_now.equity == pytest.approx(counted, rel=CLOSE)


def test_coins_beyond_a_bracket_count_at_the_next_rate_only(sim: SimOkx) -> None:
    account = sim.add_account("a", level=3, wallets={"BTC": 30.0})
    detail = Reading(account).balance()["details"][0]
    counted = (20.0 * 0.98 + 10.0 * 0.975) * sim.board.prices.usd("BTC")
    assert float(detail["disEq"]) == pytest.approx(counted, rel=CLOSE)


def test_portfolio_margin_unit_is_its_worst_move_with_its_contingency_and_its_initial_is_thirty_percent_more(
    sim: SimOkx,
) -> None:
    account = sim.add_account("a", level=4, wallets={"USDT": 50_000.0})
    account.trade("BTC-USDT-SWAP", 50.0)
    unit, prices = Reading(account).portfolio.units[0], sim.board.prices
    swap = sim.board.find("BTC-USDT-SWAP")
    notional = 0.5 * prices.index(swap) * prices.usd("USDT")
    assert unit.mr1 == pytest.approx(0.12 * notional, rel=1e-9)
    assert unit.mr6 == pytest.approx(0.5 * 0.24 * notional, rel=1e-9)
    assert unit.mr4 == pytest.approx(0.002 * unit.delta, rel=1e-9)
    assert unit.maintenance == pytest.approx(unit.mr1 + unit.mr4)
    shown = figures(row_of(account, "BTC-USDT-SWAP"), "mmr", "imr")
    assert shown == pytest.approx([unit.maintenance, 1.3 * unit.maintenance], rel=CLOSE)


def test_portfolio_margin_ratio_has_the_fee_of_the_debt_and_none_of_derivatives(sim: SimOkx) -> None:
    account = sim.add_account("a", level=4, wallets={"BTC": 2.0})
    account.trade("BTC-USDT-SWAP", 50.0, fee_rate=0.0)
    account.cash["USDT"] = -20_000.0
    reading = Reading(account)
    owed = 20_000.0 * sim.board.prices.usd("USDT")
    needed = reading.portfolio.units[0].maintenance + owed * 0.02 + owed * 1.02 * 0.001
    assert reading.ratio == pytest.approx(reading.portfolio.equity / needed, rel=1e-9)


def test_opposite_legs_of_a_unit_offset_each_other_whatever_they_settle_in(sim: SimOkx) -> None:
    account = sim.add_account("a", level=4, wallets={"USDT": 50_000.0, "BTC": 0.01})
    account.trade("BTC-USDT-SWAP", 50.0)
    alone = Reading(account).portfolio.units[0].maintenance
    account.trade("BTC-USD-SWAP", -490.0)
    both = Reading(account).portfolio.units
    assert len(both) == 1
    assert both[0].maintenance < 0.2 * alone


def test_short_option_needs_the_documents_table(sim: SimOkx) -> None:
    account = sim.add_account("a", level=3, wallets={"BTC": 1.0})
    name = next(each.name for each in sim.board.instruments.values() if each.call and each.coin == "BTC")
    account.trade(name, -10.0)
    shown, prices = row_of(account, name), sim.board.prices
    option = sim.board.find(name)
    mark, forward = prices.mark(option), prices.forward(option)
    outside = max(0.0, (option.strike or 0.0) - forward) / forward
    per_coin = max(0.1, 0.15 - outside) * 1.0 + mark
    assert figures(shown, "mmr", "imr") == pytest.approx([(0.03 + mark) * 0.1, per_coin * 0.1], rel=1e-9)
    assert float(shown["optVal"]) == pytest.approx(-mark * 0.1)
    assert shown["liqPx"] == ""


def test_documents_example_of_a_short_option() -> None:
    call = Instrument(
        name="BTC-USD-C", product=Product.OPTION, coin="BTC", quote="USD", ct_val="0.1", strike=6_000.0, call=True
    )
    prices = Prices(usd_by_asset={"BTC": 5_900.0}, basis={}, now=0.0, marks={"BTC-USD-C": 0.0575})
    assert short_initial(call, prices, 1.02) * call.face == pytest.approx(0.01932, abs=5e-6)


def test_documents_account_in_multi_currency_has_the_ratio_that_is_printed() -> None:
    fees = 85.7068529 * 0.0005
    account = Whole(equity=55415.624719833286, initial=8.57068529, maintenance=0.3428274116, fees=fees, owed=0.0)
    assert account.ratio == pytest.approx(143682.59776662575, rel=1e-9)


def test_documents_portfolio_has_the_ratio_that_is_printed() -> None:
    owed = 78553.21888979999
    account = Portfolio(
        equity=-owed,
        units=(),
        borrow_maintenance=2946.5480841048,
        borrow_initial=0.0,
        borrow_fees=owed * 1.02 * 0.001,
        owed=owed,
    )
    assert account.ratio == pytest.approx(-25.95365779811705, rel=CLOSE)
