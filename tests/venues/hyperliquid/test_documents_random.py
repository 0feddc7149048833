"""Random whole accounts in every mode: three dexs, two tokens, cross beside isolated, tiers, loans, decimal noise.

What is expected is computed in fractions from the venue's documents, out of the very text of the answers.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction as F

import pytest

from monitor.domain.lines import State
from monitor.margin.results import PoolResult
from tests.venues.hyperliquid.support import Row, coin, dex, folder_of, meta, named, perp, raw, spot, told

TOKEN = {"": "USDC", "xyz": "USDC", "hyna": "USDE"}
COINS = {"": ("BTC", "ETH", "SOL"), "xyz": ("xyz:GOLD", "xyz:TSLA"), "hyna": ("hyna:OIL", "hyna:GAS")}
LEVERAGES = (3, 5, 10, 20, 25, 40, 50)


def dex_of(symbol: str) -> str:
    return symbol.partition(":")[0] if ":" in symbol else ""


@dataclass
class Held:
    symbol: str
    size: F
    entry: F
    mark: F
    tiers: list[tuple[F, int]]
    isolated_cash: F | None = None  #: rawUsd

    def needed(self, mark: F) -> F:
        """N r - d, where d = sum over the tiers passed of lowerBound (r - r before)."""
        notional, rate, cut = abs(self.size) * mark, F(0), F(0)
        for floor, leverage in self.tiers:
            if notional < floor:
                break
            new = F(1, 2 * leverage)
            cut += floor * (new - rate)
            rate = new
        return notional * rate - cut

    def row(self) -> Row:
        value = abs(self.size) * self.mark
        used = value / 3
        leverage: Row = {"type": "cross", "value": 3}
        if self.isolated_cash is not None:
            leverage = {"type": "isolated", "value": 3, "rawUsd": text(self.isolated_cash)}
            used = self.isolated_cash + self.size * self.mark
        return {
            "type": "oneWay",
            "position": {
                "coin": self.symbol,
                "szi": text(self.size),
                "entryPx": text(self.entry),
                "positionValue": text(value),
                "unrealizedPnl": text(self.size * (self.mark - self.entry)),
                "marginUsed": text(used),
                "liquidationPx": None,
                "maxLeverage": self.tiers[0][1],
                "leverage": leverage,
            },
        }


def text(number: F) -> str:
    """As many digits as a double has: «3155203.7660619998»."""
    return repr(float(number))


def some(rng: random.Random, low: float, high: float) -> F:
    return F(repr(low * (high / low) ** rng.random()))


class Book:
    """Positions on three dexs."""

    def __init__(self, rng: random.Random) -> None:
        self.held: list[Held] = []
        self.tables: dict[str, list[tuple[F, int]]] = {}
        for symbol in (symbol for symbols in COINS.values() for symbol in symbols):
            steps = sorted(rng.sample(LEVERAGES, rng.randint(1, 3)), reverse=True)
            floors = [F(0), *(F(number) for number in sorted(rng.sample(range(1000, 90000, 7), len(steps) - 1)))]
            self.tables[symbol] = list(zip(floors, steps, strict=True))
            if rng.random() < 0.55:
                mark = some(rng, 0.01, 90000)
                size = some(rng, 50, 120000) / mark * rng.choice((1, -1))
                one = Held(symbol, F(text(size)), F(text(mark * some(rng, 0.6, 1.6))), mark, self.tables[symbol])
                if rng.random() < 0.35:
                    backing = one.needed(mark) * some(rng, 1.05, 20)
                    one.isolated_cash = F(text(backing - one.size * mark))
                self.held.append(one)

    def cross(self, *dexs: str) -> list[Held]:
        return [one for one in self.held if one.isolated_cash is None and dex_of(one.symbol) in dexs]

    def alone(self, *dexs: str) -> list[Held]:
        return [one for one in self.held if one.isolated_cash is not None and dex_of(one.symbol) in dexs]

    def metas(self) -> list[Row]:
        found = []
        for name, symbols in COINS.items():
            tables = {100 + n: [(float(f), most) for f, most in self.tables[s]] for n, s in enumerate(symbols)}
            perps = [perp(s, self.tables[s][0][1], 100 + n) for n, s in enumerate(symbols)]
            found.append(meta(*perps, token=TOKEN[name], tables=tables))
        return found

    def states(self, cash: dict[str, F] | None = None) -> dict[str, Row]:
        """`cash`: totalRawUsd of each dex; in pooled modes the figures of a dex mean nothing."""
        found = {}
        for name in COINS:
            mine = [one for one in self.held if dex_of(one.symbol) == name]
            raw_usd = F(-777) if cash is None else cash[name]
            value = F(0) if cash is None else raw_usd + sum(one.size * one.mark for one in self.cross(name))
            needed = float(sum((one.needed(one.mark) for one in self.cross(name)), F(0)))
            rows = [one.row() for one in mine]
            found[name] = dex(float(value), *rows, raw_usd=float(raw_usd), maintenance=needed)
        return found


def worth(one: Held) -> F:
    assert one.isolated_cash is not None
    return one.isolated_cash + one.size * one.mark


def agrees(result: PoolResult, held: list[Held], ratio: Callable[[dict[str, F]], F | None]) -> None:
    """The ratio is the documents', and just where it passes 1 each line lies, all other prices held."""
    now = {one.symbol: one.mark for one in held}
    expected = ratio(now)
    if expected is None or expected >= 1:
        assert result.ratio.state is State.LIQUIDATABLE
        return
    assert result.ratio.value == pytest.approx(float(expected), rel=1e-7, abs=1e-10)
    for one in held:
        (position,) = [row for row in result.positions if row.symbol == one.symbol]
        line = position.down if one.size > 0 else position.up

        def over(price: F, symbol: str = one.symbol) -> bool:
            found = ratio({**now, symbol: price})
            return found is None or found > 1

        worse = F(-1) if one.size > 0 else F(1)
        if line.price is None:
            assert not over(one.mark * (F(1, 10**8) if one.size > 0 else F(10**8)))
        elif F(1, 10**5) < F(line.price) / one.mark < 10**5:
            assert not over(F(line.price) * (1 - worse * F(1, 10**6)))
            assert over(F(line.price) * (1 + worse * F(1, 10**6)))


def plain(equity: F, held: list[Held]) -> Callable[[dict[str, F]], F | None]:
    """Maintenance over equity; None where nothing is left."""

    def ratio(marks: dict[str, F]) -> F | None:
        there = equity + sum(one.size * (marks[one.symbol] - one.mark) for one in held)
        needed = sum((one.needed(marks[one.symbol]) for one in held), F(0))
        return needed / there if there > 0 else (None if needed else F(0))

    return ratio


def isolated_ones(book: Book, found: dict[str, PoolResult]) -> None:
    for one in book.alone(*COINS):
        name = f"isolated:{one.symbol}:{'long' if one.size > 0 else 'short'}"
        assert found[name].equity == pytest.approx(float(worth(one)), rel=1e-6)
        agrees(found[name], [one], plain(worth(one), [one]))


@pytest.mark.parametrize("seed", range(40))
def test_a_standard_account(seed: int) -> None:
    rng = random.Random(seed)
    book = Book(rng)
    cash = {}
    for name in COINS:
        needed = sum((one.needed(one.mark) for one in book.cross(name)), F(0))
        signed = sum((one.size * one.mark for one in book.cross(name)), F(0))
        cash[name] = F(text((needed + rng.choice((0, 40))) * some(rng, 0.8, 30) - signed))
    money = spot(coin("USDC", 12345.678), coin("UBTC", 3))
    found = told(folder_of(book.states(cash), money=money, metas=book.metas())).results(BTC=50000.0)
    isolated_ones(book, found)
    for name, pool in (("", "cross:USDC"), ("xyz", "cross:xyz:USDC"), ("hyna", "cross:hyna:USDE")):
        held = book.cross(name)
        equity = cash[name] + sum(one.size * one.mark for one in held)
        if held or cash[name]:
            assert found[pool].equity == pytest.approx(float(equity), rel=1e-6, abs=1e-6)
            agrees(found[pool], held, plain(equity, held))
    assert found["spot:USDC"].equity == 12345.678


@pytest.mark.parametrize("seed", range(40))
def test_a_unified_account(seed: int) -> None:
    rng = random.Random(1000 + seed)
    book = Book(rng)
    totals, backing = {}, {}
    for token, dexs in (("USDC", ("", "xyz")), ("USDE", ("hyna",))):
        needed = sum((one.needed(one.mark) for one in book.cross(*dexs)), F(0))
        alone = sum((worth(one) for one in book.alone(*dexs)), F(0))
        totals[token] = F(text((needed + 10) * some(rng, 0.9, 30) + alone))
        backing[token] = totals[token] - alone
    money = spot(*(coin(token, text(much)) for token, much in totals.items()), coin("HYPE", 5), available={"USDC": 0.0})
    files = folder_of(book.states(), mode="unifiedAccount", money=money, metas=book.metas())
    found = told(files).results(HYPE=20.0)
    isolated_ones(book, found)
    for token, dexs in (("USDC", ("", "xyz")), ("USDE", ("hyna",))):
        held = book.cross(*dexs)
        assert found[f"cross:{token}"].equity == pytest.approx(float(backing[token]), rel=1e-6, abs=1e-6)
        agrees(found[f"cross:{token}"], held, plain(backing[token], held))


@pytest.mark.parametrize("seed", range(60))
def test_a_portfolio_margin_account(seed: int) -> None:
    """R = 20 + maintenance + borrowed, V = held + min(cap, sum of min(amount, supply cap) x price x (1 + LTV) / 2)."""
    rng = random.Random(2000 + seed)
    book = Book(rng)
    held, alone = book.cross("", "xyz"), sum((worth(one) for one in book.alone("", "xyz")), F(0))
    hype, ubtc = some(rng, 1, 5000), some(rng, 0.001, 3)
    price, bitcoin, ltv = some(rng, 5, 80), some(rng, 20000, 90000), F(repr(rng.choice((0.25, 0.5, 0.65))))
    loan = some(rng, 10, 20000) if rng.random() < 0.5 else F(0)
    cap, supply = some(rng, 1000, 1e6), some(rng, 10, 10000)
    usdc = some(rng, 10, 300000) - loan  # what is net of the loan, without isolated ones
    total = F(text(usdc + alone))
    usde_alone = sum((worth(one) for one in book.alone("hyna")), F(0))
    usde_needed = sum((one.needed(one.mark) for one in book.cross("hyna")), F(0))
    usde = F(text((usde_needed + 10) * some(rng, 1.1, 30) + usde_alone))
    money = spot(
        coin("USDC", text(total), ltv="0.0", borrowed=text(loan)),
        coin("USDE", text(usde), ltv="0.0"),
        coin("HYPE", text(hype), ltv=text(ltv), borrowed="0.0"),
        coin("UBTC", text(ubtc), ltv="0.5"),
        available={"USDC": 0.0},
    )
    reserves = [[150, {"oraclePx": text(price)}], [197, {"oraclePx": text(bitcoin)}], [0, {"oraclePx": "1.0"}]]
    more = {named("allBorrowLendReserveStates"): raw(reserves)}
    files = folder_of(book.states(), mode="portfolioMargin", money=money, metas=book.metas(), more=more)
    parameters = {"borrow_cap_usdc": float(cap), "supply_cap_hype": float(supply)}
    found = told(files, parameters=parameters).results()
    isolated_ones(book, found)
    apart = book.cross("hyna")
    if apart:
        agrees(found["cross:USDE"], apart, plain(usde - usde_alone, apart))
    counted = min(hype, supply) * price * (1 + ltv) / 2 + ubtc * bitcoin * F(3, 4)

    def ratio(marks: dict[str, F]) -> F | None:
        there = total - alone + loan + sum(one.size * (marks[one.symbol] - one.mark) for one in held)
        required = 20 + sum((one.needed(marks[one.symbol]) for one in held), F(0)) + loan + max(F(0), -there)
        backing = max(F(0), there) + min(cap, counted)
        return required / backing / F(95, 100) if backing > 0 else None

    if held or loan:
        agrees(found["portfolio-margin"], held, ratio)
    else:
        assert found["portfolio-margin"].equity == pytest.approx(float(usdc + min(cap, counted)), rel=1e-6)
