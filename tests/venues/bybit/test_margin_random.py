"""Random accounts at Bybit against arithmetic of their own: the documents' rules, written once more and plainly.

Ratios are compared; of a line it is checked that the account is worth nothing more than its requirement there, and
more on the whole way to it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.domain.lines import Line, State
from tests.venues.bybit.support import (
    FULL_LOANS,
    FULL_RATIOS,
    account_folder,
    answer,
    coin,
    contract,
    fees,
    limits,
    listing,
    loans,
    position,
    ratios,
    seen,
    wallet,
)

TAKER = 0.00055
TIERS = {
    "BTCUSDT": ((2e6, 0.005, 0.0), (2.6e6, 0.0056, 1200.0), (1e12, 0.02, 38_640.0)),
    "ETHUSDT": ((2e5, 0.0075, 0.0), (3e5, 0.01, 500.0), (1e12, 0.02, 3_500.0)),
    "BTCPERP": ((1e6, 0.01, 0.0), (1e12, 0.02, 10_000.0)),
    "BTCUSD": ((15.0, 0.005, 0.0), (1e6, 0.02, 0.225)),
}
BASE = {"BTCUSDT": "BTC", "ETHUSDT": "ETH", "BTCPERP": "BTC", "BTCUSD": "BTC"}
SETTLE = {"BTCUSDT": "USDT", "ETHUSDT": "USDT", "BTCPERP": "USDC", "BTCUSD": "BTC"}
RATIO = {"BTC": ((0.0, 10.0, 0.95), (10.0, math.inf, 0.9)), "ETH": ((0.0, 50.0, 0.9), (50.0, 500.0, 0.5))}
LOAN = {"USDT": 0.04, "USDC": 0.04, "BTC": 0.05, "ETH": 0.06}
INDEX = {"BTC": 100_000.0, "ETH": 4_000.0, "USDT": 1.001, "USDC": 0.999}
Prices = dict[str, float]


@dataclass(frozen=True)
class Held:
    symbol: str
    quantity: float
    entry: float
    leverage: float

    def value(self, price: float) -> float:
        return abs(self.quantity) / price if self.symbol == "BTCUSD" else abs(self.quantity) * price

    def profit(self, price: float) -> float:
        if self.symbol == "BTCUSD":
            return self.quantity * (1.0 / self.entry - 1.0 / price)
        return self.quantity * (price - self.entry)

    def maintenance(self, price: float) -> float:
        value, side = self.value(price), math.copysign(1.0, self.quantity)
        rate, deduction = next(
            step[1:] for step in TIERS[self.symbol] if value <= step[0] or step is TIERS[self.symbol][-1]
        )
        share = 1.0 + side / self.leverage if self.symbol == "BTCUSD" else 1.0 - side / self.leverage
        return value * rate - deduction + self.value(self.entry) * share * TAKER


@dataclass(frozen=True)
class Book:
    """An account: what lies in its wallet, which coins its owner switched off, and what is held."""

    coins: dict[str, float]
    off: frozenset[str]
    held: tuple[Held, ...]

    def standing(self, marks: Prices, index: Prices = INDEX) -> tuple[float, float]:
        """Equity and requirement in USD."""
        equity = required = 0.0
        for name, amount in self.coins.items():
            net = amount + sum(one.profit(marks[one.symbol]) for one in self.held if SETTLE[one.symbol] == name)
            equity += index[name] * (net if net < 0.0 else self.counted(name, net))
            required += index[name] * LOAN[name] * max(0.0, -net)
        required += sum(one.maintenance(marks[one.symbol]) * index[SETTLE[one.symbol]] for one in self.held)
        return equity, required

    def counted(self, name: str, amount: float) -> float:
        if name in self.off:
            return 0.0
        steps = RATIO.get(name, ((0.0, math.inf, 1.0),))
        return sum(rate * max(0.0, min(amount, to) - start) for start, to, rate in steps)

    def health(self, marks: Prices, index: Prices = INDEX) -> float:
        equity, required = self.standing(marks, index)
        return equity - required

    def answers(self, marks: Prices) -> dict[str, bytes]:
        rows: dict[str, list[Any]] = {}
        for one in self.held:
            where = "inverse" if one.symbol == "BTCUSD" else SETTLE[one.symbol]
            rows.setdefault(where, []).append(
                position(one.symbol, one.quantity, one.entry, marks[one.symbol], one.leverage)
            )
        coins = [
            coin(
                name,
                max(0.0, amount),
                spotBorrow=str(max(0.0, -amount)),
                borrowAmount=str(max(0.0, -amount)),
                equity="",
                usdValue="",
                collateralSwitch=name not in self.off,
            )
            for name, amount in self.coins.items()
        ]
        tiers = [
            row
            for symbol, steps in TIERS.items()
            for row in limits(
                symbol,
                *((cap, rate, "" if not less else f"{less:g}") for cap, rate, less in steps),
                inverse_percent=symbol == "BTCUSD",
            )
        ]
        return account_folder(
            "REGULAR_MARGIN",
            wallet(*coins),
            positions=rows,
            contracts=[
                contract(symbol, BASE[symbol], "USD" if symbol == "BTCUSD" else SETTLE[symbol]) for symbol in TIERS
            ],
            tiers=tiers,
            collateral=[
                *FULL_RATIOS,
                ratios("BTC", ("0", "10", "0.95"), ("10", "", "0.9")),
                ratios("ETH", ("0", "50", "0.9"), ("50", "500", "0.5")),
            ],
            borrow=[*FULL_LOANS, loans("BTC", ("1000", "0.05")), loans("ETH", ("10000", "0.06"))],
            fee_rates=fees(**{symbol: str(TAKER) for symbol in TIERS}),
        )


@st.composite
def books(draw: st.DrawFn) -> tuple[Book, Prices]:
    marks = {
        symbol: round(INDEX[BASE[symbol]] * draw(st.floats(0.97, 1.03)), 1) for symbol in sorted(TIERS)
    }  # a basis of its own for each
    held: list[Held] = []
    for symbol in draw(st.lists(st.sampled_from(sorted(TIERS)), min_size=1, max_size=4, unique=True)):
        worth = draw(st.floats(1_000.0, 1_500_000.0)) * draw(st.sampled_from((1.0, -1.0)))
        size = round(worth) if symbol == "BTCUSD" else round(worth / marks[symbol], 3) or 0.001
        entry = round(marks[symbol] * draw(st.floats(0.9, 1.1)), 1)
        held.append(Held(symbol, float(size), entry, draw(st.sampled_from((1.0, 5.0, 12.5, 50.0)))))
    coins = {
        "USDT": round(draw(st.floats(-50_000.0, 300_000.0)), 2),
        "USDC": round(draw(st.floats(-20_000.0, 50_000.0)), 2),
        "BTC": round(draw(st.floats(-0.5, 15.0)), 4),
        "ETH": round(draw(st.floats(-5.0, 600.0)), 3),
    }
    return Book(coins, frozenset(draw(st.sets(st.sampled_from(("BTC", "ETH"))))), tuple(held)), marks


@settings(max_examples=40, deadline=None)
@given(books())
def test_ratio_and_lines_of_a_random_cross_account(case: tuple[Book, Prices]) -> None:
    book, marks = case
    found = seen(book.answers(marks), assets=INDEX)
    result = found.results["multi-assets"]
    equity, required = book.standing(marks)
    assert not result.unknown
    assert result.equity == pytest.approx(equity, rel=1e-9, abs=1e-4)
    assert result.maintenance_margin == pytest.approx(required, rel=1e-9, abs=1e-4)
    if equity > 0.0:
        assert result.ratio.value == pytest.approx(max(0.0, required / equity), rel=1e-8)
    scale = abs(equity) + abs(required) + 1.0
    for one in result.positions:

        def alone(factor: float, symbol: str = one.symbol) -> float:
            return book.health({**marks, symbol: marks[symbol] * factor})

        reached(one.down, alone, down=True, scale=scale)
        reached(one.up, alone, down=False, scale=scale)
    for name in ("BTC", "ETH"):
        if name not in result.coins:
            continue

        def together(factor: float, name: str = name) -> float:
            moved = {symbol: mark * (factor if BASE[symbol] == name else 1.0) for symbol, mark in marks.items()}
            return book.health(moved, {**INDEX, name: INDEX[name] * factor})

        reached(result.coins[name].down, together, down=True, scale=scale)
        reached(result.coins[name].up, together, down=False, scale=scale)


def reached(line: Line, health: Any, *, down: bool, scale: float) -> None:
    """Nothing is left at the line, and something on the way to it."""
    if line.state is State.LIQUIDATABLE:
        assert health(1.0) <= 1e-9 * scale
        return
    assert line.state in (State.AT, State.NEVER), line
    end = line.distance_ratio if line.state is State.AT else None
    far = (1.0 - 1e-9 if down else 1e3) if end is None else end
    sign = -1.0 if down else 1.0
    for step in range(1, 60):
        part = far * (1.0 - 1e-7) * (step / 59.0) ** 2
        assert health(1.0 + sign * part) > -1e-7 * scale, (line, part)
    if end is not None:
        at = 1.0 + sign * end
        slope = abs(health(at * 1.0001) - health(at * 0.9999)) / 2e-4
        assert abs(health(at)) <= 1e-6 * max(scale, slope), line


@settings(max_examples=40, deadline=None)
@given(
    symbol=st.sampled_from(sorted(TIERS)),
    long=st.booleans(),
    worth=st.floats(5_000.0, 1_500_000.0),
    moved=st.floats(-0.01, 0.05),
    leverage=st.sampled_from((3.0, 5.0, 12.5, 25.0)),
    extra=st.floats(0.0, 0.3),
)
def test_an_isolated_position_with_margin_added_by_hand(
    symbol: str, long: bool, worth: float, moved: float, leverage: float, extra: float
) -> None:
    """`extra` of the value at entry was added. The venue's price is where margin and profit are the maintenance."""
    entry = INDEX[BASE[symbol]]
    side = 1.0 if long else -1.0
    size = float(round(worth)) if symbol == "BTCUSD" else round(worth / entry, 3)
    held = Held(symbol, side * size, entry, leverage)
    fee = held.value(entry) * TAKER * (1.0 + side / leverage if symbol == "BTCUSD" else 1.0 - side / leverage)
    margin = held.value(entry) * (1.0 / leverage + extra) + fee

    def left(price: float) -> float:
        return margin + held.profit(price) - held.maintenance(price)

    safe, lost = entry, entry * (1e-3 if long else 100.0)
    line = ""
    if left(lost) < 0.0:
        for _ in range(200):
            middle = (safe + lost) / 2.0
            safe, lost = (middle, lost) if left(middle) > 0.0 else (safe, middle)
        line = f"{safe:.10f}"
    mark = round(entry * (1.0 + side * moved), 1)
    row = position(symbol, side * size, entry, mark, leverage, liqPrice=line, positionIM=f"{margin:.10f}")
    answers = Book({"USDT": 1e7, "USDC": 1e7, "BTC": 1e3}, frozenset(), ()).answers({})
    where = {"BTCUSD": "inverse", "BTCPERP": "linear__settleCoin=USDC"}.get(symbol, "linear__settleCoin=USDT")
    category = where.partition("__")[0]
    found = seen(
        answers
        | {
            "v5_account_info.json": answer({"marginMode": "ISOLATED_MARGIN", "unifiedMarginStatus": 6}),
            f"v5_position_list__category={where}.json": listing(row, category=category),
        },
        assets=INDEX,
    )
    result = found.only()
    assert result.equity == pytest.approx(margin + held.profit(mark), rel=1e-6)
    assert result.maintenance_margin == pytest.approx(held.maintenance(mark), rel=1e-9)
    reached(
        result.positions[0].line,
        lambda factor: left(mark * factor),
        down=long,
        scale=held.value(entry),
    )


@settings(max_examples=25, deadline=None)
@given(
    quantity=st.floats(-8.0, 8.0).filter(lambda size: abs(size) > 0.05),
    wallet_usdt=st.floats(20_000.0, 300_000.0),
    bitcoin=st.floats(-0.5, 3.0),
    beside=st.floats(0.0, 5_000.0),
    since=st.floats(-0.03, 0.03),
)
def test_a_portfolio_margin_account_between_two_readings(
    quantity: float, wallet_usdt: float, bitcoin: float, beside: float, since: float
) -> None:
    """Scenarios of 10 % read at 100 000; the coin has moved by `since`. Loans ask beside them."""
    size, coins = round(quantity, 3), {"USDT": round(wallet_usdt, 2), "BTC": round(bitcoin, 4)}
    book = Book(coins, frozenset(), ())
    points = [{"priceScale": str(move), "pnls": [f"{size * 100_000.0 * move:.6f}"]} for move in (-0.1, 0.0, 0.1)]
    required = abs(size) * 10_000.0 + beside
    unit = {
        "baseCoin": "BTC",
        "totalPnlRanges": {"ALL": {"pnlRanges": points}, "PERPETUAL": {"pnlRanges": points}},
        "perpPositionPnlRanges": [{"position": str(size), "settleCoin": "USDT", "pnlRanges": points}],
        "contingency": {"contingencyComponents": str(beside)},
        "asset": {"assetIM": str(required), "assetMM": str(required)},
    }
    price = 100_000.0 * (1.0 + since)
    row = position("BTCUSDT", size, "99000", price, "", riskId=0)
    found = seen(
        book.answers({})
        | {
            "v5_account_info.json": answer({"marginMode": "PORTFOLIO_MARGIN", "unifiedMarginStatus": 6}),
            "v5_position_list__category=linear__settleCoin=USDT.json": listing(row, category="linear"),
            "v5_asset_portfolio-margin.json": answer({"wallet": {}, "assetPnlRange": [unit]}),
        },
        assets={**INDEX, "BTC": price},
    )
    result = found.only()

    def standing(factor: float) -> tuple[float, float]:
        here = price * factor
        index = {**INDEX, "BTC": here}
        held = Held("BTCUSDT", size, 99_000.0, 1.0)
        moved = {**coins, "USDT": coins["USDT"] + held.profit(here)}
        equity, loans_ask = Book(moved, frozenset(), ()).standing({}, index)
        # A move of 10 % from where the coin stands, in the profits of the reading, which go on straight.
        return equity, loans_ask + 0.1 * abs(size) * here + beside

    equity, asked = standing(1.0)
    assert result.equity == pytest.approx(equity, rel=1e-9)
    assert result.maintenance_margin == pytest.approx(asked, rel=1e-6)
    scale = abs(equity) + asked
    for line, down in ((result.coins["BTC"].down, True), (result.coins["BTC"].up, False)):
        reached(line, lambda factor: standing(factor)[0] - standing(factor)[1], down=down, scale=scale)
