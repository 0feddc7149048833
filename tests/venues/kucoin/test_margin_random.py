"""Random accounts of every kind, told by their rows: what must hold whatever is in them.

The reference below is written a second time, from the documents, and shares nothing with the description. A line is
checked by plugging it back: at that price the ratio is 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.domain.lines import State
from tests.venues.kucoin.support import (
    Row,
    Told,
    classic,
    contract,
    held,
    isolated_loans,
    margin_marks,
    order,
    overview,
    pair,
    position,
    told,
)

FEW = settings(max_examples=settings().max_examples // 3)  # each is a whole account
SIZES = {"XBTUSDTM": 0.001, "ETHUSDTM": 0.01, "XBTUSDM": 1.0}
LISTED = [
    contract("XBTUSDTM", 0.001),
    contract("ETHUSDTM", 0.01, m=4110.0, mmrLevConstant=100.0),
    contract("XBTUSDM", -1),
]
CURVES = {"XBTUSDTM": (300.0, 125.0), "ETHUSDTM": (4110.0, 100.0)}
TAKER = 0.0006


@dataclass(frozen=True)
class Held:
    symbol: str
    lots: int
    entry: float
    mark: float

    @property
    def size(self) -> float:
        return abs(self.lots) * SIZES[self.symbol]

    def value(self, mark: float) -> float:
        return self.size / mark if self.symbol == "XBTUSDM" else self.size * mark

    def profit(self, mark: float) -> float:
        sign = 1.0 if self.lots > 0 else -1.0
        if self.symbol == "XBTUSDM":
            return sign * self.size * (1.0 / self.entry - 1.0 / mark)
        return sign * self.size * (mark - self.entry)

    def rate(self, extra: float = 0.0) -> float:
        if self.symbol == "XBTUSDM":
            return 0.005
        m, constant = CURVES[self.symbol]
        return min(0.3, (1.0 + (self.size + extra) / m) / (2.0 * constant))

    def row(self, **more: object) -> Row:
        return position(
            self.symbol,
            self.lots,
            self.entry,
            self.mark,
            maintMarginReq=self.rate(),
            settleCurrency="XBT" if self.symbol == "XBTUSDM" else "USDT",
            **more,
        )


def lots(most: int) -> st.SearchStrategy[int]:
    return st.integers(-most, most).filter(bool)


def prices(near: float) -> st.SearchStrategy[float]:
    return st.floats(0.7 * near, 1.4 * near)


btc = st.builds(Held, st.just("XBTUSDTM"), lots(50_000), prices(60_000.0), prices(60_000.0))
eth = st.builds(Held, st.just("ETHUSDTM"), lots(50_000), prices(3_000.0), prices(3_000.0))
coin = st.builds(Held, st.just("XBTUSDM"), lots(500_000), prices(60_000.0), prices(60_000.0))
books = st.lists(st.one_of(btc, eth), min_size=1, max_size=2, unique_by=lambda one: one.symbol)


def plugs_back(found: Told, pool: str, symbol: str) -> None:
    """Just at a line the pool is liquidatable, and just before it is not."""
    result = found.result(pool)
    one = next(row for row in result.positions if row.symbol == symbol)
    if one.line.state is not State.AT:
        return
    assert one.line.price is not None
    value = found.result(pool, **{symbol: one.line.price}).ratio.value
    assert value is not None
    assert value == pytest.approx(1.0, rel=1e-6)


@FEW
@given(books, st.floats(1_000.0, 10_000_000.0))
def test_cross_accounts_have_the_documented_risk_rate(book: list[Held], wallet: float) -> None:
    found = told(classic([one.row() for one in book], [overview("USDT", wallet)], LISTED))
    result = found.result("cross:USDT")
    equity = wallet + sum(one.profit(one.mark) for one in book)
    required = sum(one.value(one.mark) * (one.rate() + TAKER) for one in book)
    assert result.equity == pytest.approx(equity, rel=1e-9, abs=1e-6)
    assert result.maintenance_margin == pytest.approx(required, rel=1e-9)
    for one in book:
        plugs_back(found, "cross:USDT", one.symbol)


@FEW
@given(btc, st.integers(1, 50_000), prices(60_000.0), st.floats(1e6, 1e8))
def test_orders_count_at_the_rate_of_the_joint_size(one: Held, adds: int, price: float, wallet: float) -> None:
    side = "buy" if one.lots > 0 else "sell"
    orders = [order("XBTUSDTM", side, adds, price)]
    found = told(classic([one.row()], [overview("USDT", wallet)], LISTED, orders))
    more = adds * 0.001
    rate = one.rate(more) + TAKER
    loss = max(0.0, more * (price - one.mark) * (1.0 if one.lots > 0 else -1.0))
    equity = wallet + one.profit(one.mark) - more * price * TAKER - loss
    value = found.result("cross:USDT").stages["orders-cancelled"].value
    assert value is not None
    if equity > 0.0:
        assert value * 0.95 == pytest.approx((one.size + more) * one.mark * rate / equity, rel=1e-9)


@FEW
@given(coin, st.floats(0.05, 100.0))
def test_inverse_accounts_lose_in_the_coin(one: Held, wallet: float) -> None:
    found = told(classic([one.row()], [overview("XBT", wallet)], LISTED))
    result = found.result("cross:BTC")
    assert result.equity == pytest.approx(wallet + one.profit(one.mark), rel=1e-9, abs=1e-9)
    assert result.maintenance_margin == pytest.approx(one.value(one.mark) * (0.005 + TAKER), rel=1e-9)
    plugs_back(found, "cross:BTC", "XBTUSDM")


@FEW
@given(st.one_of(btc, eth), st.floats(0.002, 0.05), st.floats(0.01, 1.0))
def test_isolated_positions_have_the_documented_price(one: Held, rate: float, share: float) -> None:
    margin = one.value(one.entry) * share
    row = {**one.row(marginMode="ISOLATED", posMargin=margin), "maintMarginReq": rate}
    side = "long" if one.lots > 0 else "short"
    name = f"isolated:{one.symbol}:{side}"
    found = told(classic([row], [overview("USDT", 1e9)], LISTED))
    sign = 1.0 if one.lots > 0 else -1.0
    expected = (one.size * one.entry - sign * margin) / (one.size * (1.0 - sign * (rate + TAKER)))
    (result,) = found.result(name).positions
    if result.line.state is State.AT:
        assert result.line.price == pytest.approx(expected, rel=1e-9)
    elif result.line.state is State.NEVER:
        assert expected <= 1e-9
    else:
        assert sign * (one.mark - expected) <= 1e-6 * one.mark
    plugs_back(found, name, one.symbol)


@FEW
@given(st.floats(0.0, 0.0019), st.one_of(btc, coin), st.floats(0.02, 0.5))
def test_the_fee_is_recovered_from_the_venues_own_price(fee: float, one: Held, share: float) -> None:
    margin, sign = one.value(one.entry) * share, 1.0 if one.lots > 0 else -1.0
    rate = 0.005 + fee
    if one.symbol == "XBTUSDM":
        printed = one.size * (1.0 + sign * rate) / (one.size / one.entry + sign * margin)
    else:
        printed = (one.size * one.entry - sign * margin) / (one.size * (1.0 - sign * rate))
    row = {
        **one.row(marginMode="ISOLATED", posMargin=margin, liquidationPrice=printed),
        "maintMarginReq": 0.005,
    }
    side = "long" if sign > 0 else "short"
    found = told(classic([row], [overview("XBT", 1.0), overview("USDT", 1.0)], LISTED))
    (leg,) = found.pool(f"isolated:{one.symbol}:{side}").legs
    # A price that agrees with the assumed fee to its last digit says nothing new.
    assert leg.fee_rate == pytest.approx(fee, abs=2 * 0.1 / printed + 1e-9)


@FEW
@given(st.floats(1.0, 1e5), st.floats(0.0, 1e4), st.floats(0.0, 1e5), st.floats(0.0, 1e4), st.floats(0.01, 10.0))
def test_loans_have_the_documented_debt_ratio(
    base: float, quote: float, owed: float, debt: float, price: float
) -> None:
    said = "0.5" if owed or debt else "0"
    rows = pair("DOGE-USDT", said, held("DOGE", base, owed), held("USDT", quote, debt))
    found = told(isolated_loans(rows, marks=margin_marks(DOGE=price)))
    result = found.result("margin:DOGE-USDT")
    assets, debts = base * price + quote, owed * price + debt
    if debts == 0.0:
        assert result.ratio.value == 0.0
        return
    assert result.ratio.value is not None
    assert (result.ratio.value >= 1.0) is (debts / assets >= 0.97) or debts / assets == pytest.approx(0.97, rel=1e-9)
