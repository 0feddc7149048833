"""Random accounts of every mode, reckoned a second time in fractions, straight from the venue's documents.

Nothing here is taken from the description: amounts are exact, rows are written as the venue writes them (text or
numbers, signs of inverse rows, XBT), and what the kernel says of them must be the same number.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction as F

import pytest

from monitor.domain.accounts import Balance, Position
from monitor.domain.events import BalanceChanged, PositionChanged
from monitor.domain.lines import State
from monitor.domain.names import PositionKey
from tests.venues.kucoin.support import (
    MS,
    Row,
    Told,
    answer,
    classic,
    contract,
    cross_loans,
    decoded,
    frame,
    held,
    isolated_loans,
    order,
    overview,
    pair,
    told,
    unified,
)

FEE = F(6, 10_000)
LOT = {"XBTUSDTM": F(1, 1000), "ETHUSDTM": F(1, 100), "XBTUSDM": F(1), "ETHUSDM": F(1)}
NEAR = {"XBT": 60_000, "ETH": 3_000}
CURVE = {"XBTUSDTM": (300, 125), "ETHUSDTM": (4110, 100)}
LISTED = [
    contract("XBTUSDTM", 0.001, indexPrice=60_000),
    contract("ETHUSDTM", 0.01, m=4110.0, mmrLevConstant=100.0, indexPrice=3_000),
    contract("XBTUSDM", -1, m=None, indexPrice=60_000),
    contract("ETHUSDM", -1, m=None),
]
SEEDS = [*range(10), *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(10, 250))]


def text(number: F) -> str:
    return f"{float(number):.17g}"


@dataclass(frozen=True)
class Trade:
    """A position: `lots` signed, in lots of its contract; amounts in its settlement currency."""

    symbol: str
    lots: int
    entry: F
    mark: F
    isolated: F | None = None  #: its own margin, without profit
    rate: F = F(1, 200)  #: of isolated and inverse ones
    hedge: bool = False

    @property
    def inverse(self) -> bool:
        return self.symbol.endswith("USDM")

    @property
    def sign(self) -> int:
        return 1 if self.lots > 0 else -1

    @property
    def side(self) -> str:
        return "long" if self.lots > 0 else "short"

    @property
    def size(self) -> F:
        return abs(self.lots) * LOT[self.symbol]

    def value(self, price: F) -> F:
        return self.size / price if self.inverse else self.size * price

    def profit(self, price: F) -> F:
        if self.inverse:
            return self.sign * self.size * (1 / self.entry - 1 / price)
        return self.sign * self.size * (price - self.entry)

    def maintenance_rate(self, more: F = F(0)) -> F:
        if self.isolated is not None or self.inverse:
            return self.rate
        m, constant = CURVE[self.symbol]
        return min(F(3, 10), (1 + (self.size + more) / m) / (2 * constant))

    def row(self) -> Row:
        """As REST and the stream write it: what an inverse long is worth is negative."""
        turned = -1 if self.inverse else 1
        cross = self.isolated is None
        asked = self.value(self.mark) * (self.maintenance_rate() + (0 if cross else FEE))
        more: Row = {} if cross else {"posMargin": text(self.isolated or F(0)), "posCross": "0", "posLoss": "0"}
        return {
            "symbol": self.symbol,
            "crossMode": cross,
            "marginMode": "CROSS" if cross else "ISOLATED",
            "positionSide": self.side.upper() if self.hedge else "BOTH",
            "currentQty": self.lots,
            "avgEntryPrice": text(self.entry),
            "markPrice": float(self.mark),
            "markValue": text(turned * self.sign * self.value(self.mark)),
            "posCost": text(turned * self.sign * self.value(self.entry)),
            "posMaint": text(asked),
            "maintMarginReq": text(self.maintenance_rate()),
            "maintainMargin": "0.25",
            "unrealisedPnl": text(self.profit(self.mark)),
            "settleCurrency": self.symbol[:3] if self.inverse else "USDT",
            "leverage": 10,
            "currentTimestamp": MS,
            **more,
        }


def price(chance: random.Random, base: str) -> F:
    return F(round(NEAR[base] * chance.uniform(0.8, 1.25), 1)).limit_denominator(10)


def trade(chance: random.Random, symbol: str, mark: F, *, isolated: bool = False, hedge: bool = False) -> Trade:
    base = symbol[:3]
    lots = chance.choice((-1, 1)) * chance.randint(1, 400_000 if symbol.endswith("USDM") else 30_000)
    one = Trade(symbol, lots, price(chance, base), mark, hedge=hedge)
    rate = F(chance.randint(40, 300), 10_000)
    margin = F(chance.randint(2, 100), 100) * one.value(one.entry) if isolated else None
    return replace(one, rate=rate, isolated=margin)


def near(value: F) -> object:
    return pytest.approx(float(value), rel=1e-9, abs=1e-9)


def isolated_price(one: Trade) -> F:
    margin, r, s = one.isolated or F(0), one.rate + FEE, one.sign
    if one.inverse:
        left = one.size / one.entry + s * margin
        return one.size * (1 + s * r) / left if left else F(-1)
    return (one.size * one.entry - s * margin) / (one.size * (1 - s * r))


def others_fixed(one: Trade, equity: F, others: F) -> F:
    """Where a cross position's own price takes the pool to 1, all others standing still."""
    r, s = one.maintenance_rate() + FEE, one.sign
    if one.inverse:  # equity + s V (1/MP - 1/L) = V r / L + others
        left = equity + s * one.size / one.mark - others
        return one.size * (s + r) / left if left else F(-1)
    return (s * one.size * one.mark - equity + others) / (one.size * (s - r))


def line_is(found: Told, pool: str, one: Trade, expected: F, danger: bool) -> None:
    """What the kernel says of a position's own line against a price; a price beyond any is none."""
    result = next(row for row in found.result(pool).positions if (row.symbol, row.side) == (one.symbol, one.side))
    if danger:
        assert result.line.state is State.LIQUIDATABLE
    elif one.sign * (one.mark - expected) > 0 and expected > 0:
        way = result.down if one.sign > 0 else result.up
        assert way.price == pytest.approx(float(expected), rel=1e-9)


# Classic futures


@dataclass(frozen=True)
class Book:
    """A classic account in one currency."""

    currency: str
    trades: Sequence[Trade]
    wallet: F
    frozen: F
    order_margin: F = F(0)

    @property
    def cross(self) -> list[Trade]:
        return [one for one in self.trades if one.isolated is None]

    @property
    def backing(self) -> F:
        """Total cross margin without profit."""
        return self.wallet - sum(one.isolated or 0 for one in self.trades) - self.frozen

    @property
    def equity(self) -> F:
        return self.backing + sum((one.profit(one.mark) for one in self.cross), F(0))

    @property
    def required(self) -> F:
        return sum((one.value(one.mark) * (one.maintenance_rate() + FEE) for one in self.cross), F(0))

    def overview(self) -> Row:
        profit = sum((one.profit(one.mark) for one in self.trades), F(0))
        said = self.required / self.equity if self.equity > 0 and self.cross else F(0)
        return overview(
            self.currency,
            float(self.wallet),
            unrealisedPNL=text(profit),
            accountEquity=text(self.wallet + profit),
            frozenFunds=text(self.frozen),
            riskRatio=text(said),
        )

    def wallet_frame(self) -> str:
        data = {
            "currency": self.currency,
            "walletBalance": text(self.wallet),
            "isolatedPosMargin": text(sum((one.isolated or F(0) for one in self.trades), F(0))),
            "isolatedOrderMargin": "0",
            "holdBalance": text(self.frozen),
            "crossUnPnl": text(self.equity - self.backing),
            "totalCrossMargin": text(self.equity),
            "timestamp": str(MS),
        }
        return json.dumps(frame("/contractAccount/wallet", "walletBalance.change", data))


def book(chance: random.Random, currency: str, symbols: Sequence[str]) -> Book:
    marks = {symbol: price(chance, symbol[:3]) for symbol in symbols}
    hedge = chance.random() < 0.3
    trades = []
    for symbol in symbols:
        alone = chance.random() < 0.4
        first = trade(chance, symbol, marks[symbol], isolated=alone, hedge=hedge)
        trades.append(first)
        if hedge and chance.random() < 0.6:
            second = trade(chance, symbol, marks[symbol], isolated=alone, hedge=True)
            trades.append(replace(second, lots=-first.sign * abs(second.lots), rate=first.rate))
    gross = sum((one.value(one.mark) for one in trades), F(0))
    wallet = gross * F(chance.randint(5, 150), 100) + sum(one.isolated or 0 for one in trades)
    return Book(currency, trades, wallet, gross * F(chance.randint(0, 3), 100))


def pushed(found: Told, one: Book) -> Told:
    """The same account with every row replaced by what the stream pushes of it."""
    positions: dict[PositionKey, Position] = dict(found.account.positions)
    balances: dict[str, Balance] = dict(found.account.balances)
    frames = [json.dumps(frame("/contract/positionAll", "position.change", row.row())) for row in one.trades]
    for text_of in (*frames, one.wallet_frame()):
        for event in decoded(text_of).events:
            if isinstance(event, PositionChanged):
                assert event.row is not None
                positions[event.row.key] = event.row
            elif isinstance(event, BalanceChanged):
                assert event.row is not None
                balances[event.asset] = event.row
    assert positions.keys() == found.account.positions.keys()
    return replace(found, account=replace(found.account, positions=positions, balances=balances))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("currency", "symbols"), [("USDT", ("XBTUSDTM", "ETHUSDTM")), ("XBT", ("XBTUSDM",)), ("ETH", ("ETHUSDM",))]
)
def test_a_classic_account_is_what_the_documents_make_of_it(currency: str, symbols: Sequence[str], seed: int) -> None:
    one = book(random.Random(f"{currency} {seed}"), currency, symbols)
    hedge = one.trades[0].hedge
    files = classic([row.row() for row in one.trades], [one.overview()], LISTED, hedge=hedge)
    name = "cross:" + {"XBT": "BTC"}.get(currency, currency)
    for found in (told(files), pushed(told(files), one)):
        result = found.result(name)
        assert (result.unknown, found.pool(name).numeraire) == ((), name.removeprefix("cross:"))
        assert result.equity == near(one.equity)
        assert result.maintenance_margin == near(one.required)
        danger = one.required >= one.equity
        for row in one.cross:
            if sum(other.symbol == row.symbol for other in one.cross) == 1:
                own = row.value(row.mark) * (row.maintenance_rate() + FEE)
                line_is(found, name, row, others_fixed(row, one.equity, one.required - own), danger)
        for row in one.trades:
            if row.isolated is not None:
                place = f"isolated:{row.symbol}:{row.side}"
                margin, asked = row.isolated + row.profit(row.mark), row.value(row.mark) * (row.rate + FEE)
                assert found.result(place).equity == near(margin)
                assert found.result(place).maintenance_margin == near(asked)
                line_is(found, place, row, isolated_price(row), asked >= margin)
    if one.equity > 0 and one.cross:
        assert told(files).compared(name).drift["ratio"] == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_resting_orders_ask_for_what_they_lead_to(seed: int) -> None:
    """Passive orders: they lose nothing when filled. One against a position closes it first."""
    chance = random.Random(seed)
    mark = price(chance, "XBT")
    one = trade(chance, "XBTUSDTM", mark)
    adds, against = chance.randint(1, 20_000), abs(one.lots) + chance.randint(-5, 5_000)
    side, other = ("buy", "sell") if one.lots > 0 else ("sell", "buy")
    passive = {"buy": F(99, 100), "sell": F(101, 100)}
    rows = [
        order("XBTUSDTM", side, adds, float(mark * passive[side])),
        order("XBTUSDTM", other, against, float(mark * passive[other])),
        order("ETHUSDTM", "buy", 500, 10.0, reduceOnly=True),
        order("ETHUSDTM", "buy", 500, 10.0, marginMode="ISOLATED", id="alone", leverage="5", value="50"),
        order("ETHUSDTM", "buy", 500, 10.0, stop="down", stopTriggered=False, id="waits", value="0"),
    ]
    left = max(0, against - abs(one.lots))
    wallet = one.value(mark) * F(chance.randint(20, 100), 100) + abs(one.profit(mark))
    files = classic([one.row()], [overview("USDT", float(wallet), orderMargin=10)], LISTED, rows)
    pool = told(files)
    lots = LOT["XBTUSDTM"]
    more = (adds + left) * lots
    rate = one.maintenance_rate(more)
    # Held and ordered together are looked up in one size.
    asked = (one.size + more) * mark * (rate + FEE)
    opening = FEE * lots * mark * (adds * passive[side] + left * passive[other])
    apart = pool.account.balances["USDT"].cross_wallet
    assert apart is not None
    assert F(apart) <= wallet - 10 * F(50, 5) / (F(50, 5) + 10**9)
    value = pool.result("cross:USDT").stages["orders-cancelled"].value
    assert value is not None
    assert value * 0.95 == near(asked / (F(apart) + one.profit(mark) - opening))


# Spot margin


@pytest.mark.parametrize("seed", SEEDS)
def test_a_pairs_line_is_where_its_debt_ratio_is_97_percent(seed: int) -> None:
    chance = random.Random(seed)
    bitcoin, coin = F(chance.randint(50_000, 90_000)), F(chance.randint(5, 50), 100)
    base, quote = F(chance.randint(0, 10_000)), F(chance.randint(1, 3_000))
    owed = F(chance.randint(0, 5_000)) if chance.random() < 0.5 else F(0)
    debt = F(0) if owed else F(chance.randint(1, 3_000))
    interest = F(chance.randint(0, 100), 1000)
    ratio = ((owed * coin) + debt) / (base * coin + quote)
    rows = pair("DOGE-USDT", text(ratio), held("DOGE", text(base), text(owed)), held("USDT", text(quote), text(debt)))
    for one in ("baseAsset", "quoteAsset"):
        if float(rows[one]["liability"]) > 1:
            rows[one]["liabilityInterest"] = text(interest)
            rows[one]["liabilityPrincipal"] = text(F(rows[one]["liability"]) - interest)
    marks = answer(
        [
            {"symbol": "USDT-BTC", "timePoint": MS, "value": float(1 / bitcoin)},
            {"symbol": "DOGE-BTC", "timePoint": MS, "value": float(coin / bitcoin)},
        ]
    )
    found = told(isolated_loans(rows, marks=marks))
    result = found.result("margin:DOGE-USDT")
    assert result.equity == near(base * coin + quote - owed * coin - debt)
    if ratio >= F(97, 100):
        assert result.ratio.state is State.LIQUIDATABLE or (result.ratio.value or 0) >= 1
        return
    drift = found.compared("margin:DOGE-USDT").drift
    assert drift.get("ratio", 0.0) == pytest.approx(0.0, abs=1e-9)
    bottom = owed - F(97, 100) * base
    line = (F(97, 100) * quote - debt) / bottom if bottom else F(-1)
    if line > 0:
        sides = result.coins["DOGE"]
        moved = sides.down if line < coin else sides.up
        assert moved.price == pytest.approx(float(line), rel=1e-8)


@pytest.mark.parametrize("seed", SEEDS)
def test_cross_margin_counts_every_coin_at_the_venues_marks(seed: int) -> None:
    chance = random.Random(seed)
    prices = {"BTC": F(chance.randint(50_000, 90_000)), "ETH": F(chance.randint(2_000, 4_000)), "USDT": F(1)}
    rows, assets, debts = [], F(0), F(0)
    for coin, worth in prices.items():
        total = F(round(float(chance.randint(0, 5_000) / worth), 6)).limit_denominator(10**6)
        owed = F(round(float(total) * chance.uniform(0, 0.9), 6)).limit_denominator(10**6)
        rows.append(held(coin, text(total), text(owed)))
        assets, debts = assets + total * worth, debts + owed * worth
    marks = answer(
        [
            {"symbol": "USDT-BTC", "timePoint": MS, "value": float(1 / prices["BTC"])},
            {"symbol": "ETH-BTC", "timePoint": MS, "value": float(prices["ETH"] / prices["BTC"])},
        ]
    )
    if not debts or not assets:
        return
    found = told(cross_loans(text(debts / assets), *rows, marks=marks))
    result = found.result("margin")
    assert result.equity == near(assets - debts)
    assert found.compared("margin").drift["ratio"] == pytest.approx(0.0, abs=1e-9)
    expected = debts * (1 / F(97, 100) - 1) / (assets - debts)
    assert result.ratio.value == pytest.approx(float(expected), rel=1e-8)


# The unified account


@pytest.mark.parametrize("seed", SEEDS)
def test_a_unified_account_counts_coins_in_bands_and_positions_in_tiers(seed: int) -> None:
    chance = random.Random(seed)
    marks = {"XBTUSDTM": price(chance, "XBT"), "ETHUSDTM": price(chance, "ETH"), "XBTUSDM": price(chance, "XBT")}
    levels = [(0, F(4, 1000)), (250_000, F(5, 1000)), (600_000, F(7, 1000))]
    tiers = [
        {"symbol": symbol, "minSize": str(floor), "maxSize": "", "maintainMarginRate": text(rate)}
        for symbol in marks
        for floor, rate in levels
    ]
    index, bands = F(60_000), [(F(0), F(1), F(98, 100)), (F(1), F(3), F(9, 10)), (F(3), F(10**17), F(8, 10))]
    discounts = [
        {
            "currency": "BTC",
            "cdrConfigs": [{"min": text(low), "max": text(high), "cdr": text(rate)} for low, high, rate in bands],
        }
    ]
    cash, coins = F(chance.randint(10_000, 900_000)), F(chance.randint(1, 60), 10)
    owed = F(chance.randint(0, 9_000))
    equity = {"USDT": cash - owed, "BTC": coins}
    rows, asked, fees = [], F(0), F(0)
    for symbol, mark in marks.items():
        one = trade(chance, symbol, mark)
        one = replace(one, lots=one.sign * chance.randint(1, 15_000 if not one.inverse else 700_000))
        usd = one.size if one.inverse else one.value(mark)
        rate = next(rate for floor, rate in reversed(levels) if usd >= floor)
        money = index if one.inverse else F(1)
        asked, fees = asked + one.value(mark) * rate * money, fees + one.value(mark) * FEE * money
        equity["BTC" if one.inverse else "USDT"] += one.profit(mark)
        rows.append(
            {
                "symbol": symbol,
                "marginMode": "CROSS",
                "size": str(one.lots),
                "entryPrice": text(one.entry),
                "markPrice": text(mark),
                "positionValue": text(one.sign * one.value(mark)),
                "unrealizedPnL": text(one.profit(mark)),
                "mmr": text(rate),
                "maintenanceMargin": text(one.value(mark) * rate),
            }
        )
    bitcoins = equity["BTC"]
    counted = (
        sum(max(F(0), min(bitcoins, high) - low) * rate for low, high, rate in bands) if bitcoins > 0 else bitcoins
    )
    adjusted = equity["USDT"] + counted * index
    said = {"adjustedEquity": text(adjusted), "mm": text(asked), "riskRatio": text((asked + fees) / adjusted)}
    purse = [
        {"currency": "USDT", "balance": text(cash), "liability": text(owed)},
        {"currency": "BTC", "balance": text(coins), "liability": "0"},
    ]
    found = told(unified(said, rows, purse, LISTED, tiers=tiers, discounts=discounts))
    result = found.result("multi-assets")
    assert not any("as it stands" in why for why in found.pool("multi-assets").reasons)
    assert result.equity == near(adjusted)
    assert result.maintenance_margin_usd == near(asked + fees)
    assert "maintenance_margin" not in found.compared("multi-assets").drift, "its fees are in coins, the venue's in USD"
    if adjusted > 0:
        assert found.compared("multi-assets").drift["ratio"] == pytest.approx(0.0, abs=1e-8)
