"""Books to measure with: 500 symbols, 10 % inverse, holdings by Zipf's law, 8 brackets, 25 % isolated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from monitor.domain.instruments import Payoff
from monitor.domain.names import USD, AccountKey, Asset, PoolKey, Side, Symbol
from monitor.domain.tiers import TierTable
from monitor.margin.book import Book
from monitor.margin.pool import Leg, Pool
from monitor.margin.prices import Prices
from monitor.margin.tiers import from_rates

Floats = npt.NDArray[np.float64]

VENUE = "paper"
SYMBOLS = 500
INVERSE_PART, ISOLATED_PART, SHORT_PART = 0.1, 0.25, 0.4
BRACKETS = (
    (0.0, 0.004),
    (5e4, 0.005),
    (2.5e5, 0.01),
    (1e6, 0.025),
    (5e6, 0.05),
    (2e7, 0.1),
    (5e7, 0.125),
    (1e8, 0.15),
)


@dataclass(frozen=True, slots=True)
class Market:
    """The instruments: names, marks, and one table each, in the settlement asset."""

    symbols: tuple[Symbol, ...]
    coins: tuple[Asset, ...]
    inverse: tuple[bool, ...]
    marks: Floats
    tables: tuple[TierTable, ...]

    @classmethod
    def of(cls, count: int = SYMBOLS, brackets: int = len(BRACKETS), seed: int = 1) -> Market:
        """`count` symbols; tables of `brackets` tiers, no two alike."""
        rng = np.random.default_rng(seed)
        marks = 10.0 ** rng.uniform(-1.0, 4.5, count)
        inverse = tuple(bool(number % round(1 / INVERSE_PART) == 9) for number in range(count))
        floors = np.geomspace(BRACKETS[1][0], BRACKETS[-1][0], max(1, brackets - 1)).tolist()
        rates = np.geomspace(BRACKETS[0][1], BRACKETS[-1][1], brackets).tolist()
        tables = []
        for number in range(count):
            scale = float(rng.uniform(0.5, 2.0)) / (float(marks[number]) if inverse[number] else 1.0)
            steps = zip([0.0, *(floor * scale for floor in floors)][:brackets], rates, strict=True)
            tables.append(from_rates(steps))
        return cls(
            tuple(f"C{number}{'USD' if inverse[number] else 'USDT'}" for number in range(count)),
            tuple(f"C{number}" for number in range(count)),
            inverse,
            marks,
            tuple(tables),
        )

    def prices(self) -> Prices:
        """All marks, and the coins at them."""
        prices = Prices()
        prices.set_asset(VENUE, "USDT", 1.0)
        for symbol, coin, mark in zip(self.symbols, self.coins, self.marks.tolist(), strict=True):
            prices.set_mark(VENUE, symbol, mark)
            prices.set_asset(VENUE, coin, mark)
        return prices


def account(number: int) -> AccountKey:
    """The name of an account."""
    return AccountKey(VENUE, f"a{number}")


def crowd(market: Market, accounts: int, legs: int, seed: int = 2) -> list[tuple[AccountKey, tuple[Pool, ...]]]:
    """`accounts` accounts of `legs` positions each: a cross pool in USDT, coin-settled ones, isolated ones."""
    rng = np.random.default_rng(seed)
    weight = np.log(1.0 / np.arange(1.0, len(market.symbols) + 1.0))
    found = []
    for number in range(accounts):
        held = np.argsort(-(weight + rng.gumbel(size=len(weight))))[:legs]  # drawn by weight, none twice
        notional = rng.lognormal(9.5, 1.3, legs)
        short = rng.random(legs) < SHORT_PART
        isolated = rng.random(legs) < ISOLATED_PART
        entry = market.marks[held] * rng.uniform(0.9, 1.1, legs)
        cushion = rng.uniform(0.1, 0.5)
        rows = zip(held.tolist(), notional.tolist(), short.tolist(), isolated.tolist(), entry.tolist(), strict=True)
        found.append((account(number), _pools(market, account(number), list(rows), cushion)))
    return found


def cross(market: Market, legs: int, seed: int = 3) -> Pool:
    """One linear cross pool in USDT with `legs` positions in as many symbols."""
    rng = np.random.default_rng(seed)
    linear = [number for number in range(len(market.symbols)) if not market.inverse[number]][:legs]
    rows = [
        (number, float(rng.lognormal(9.5, 1.3)), bool(rng.random() < SHORT_PART), False, float(market.marks[number]))
        for number in linear
    ]
    (pool,) = _pools(market, account(0), rows, 0.2)
    return pool


def book_of(prices: Prices, accounts: Sequence[tuple[AccountKey, tuple[Pool, ...]]]) -> Book:
    """A book that holds them."""
    book = Book(prices)
    for key, pools in accounts:
        book.replace(key, pools)
    return book


_Row = tuple[int, float, bool, bool, float]


def _pools(market: Market, key: AccountKey, rows: Sequence[_Row], cushion: float) -> tuple[Pool, ...]:
    """Cross positions together by what they settle in, the others alone; cash is `cushion` of the notional."""
    shared: dict[Asset, list[tuple[Leg, float]]] = {}
    alone: list[Pool] = []
    for number, notional_usd, short, isolated, entry in rows:
        leg, cash = _leg(market, number, notional_usd, short, entry), cushion * notional_usd
        cash /= float(market.marks[number]) if market.inverse[number] else 1.0
        if isolated:
            pool = PoolKey(*key, f"isolated:{leg.symbol}")
            alone.append(Pool(key=pool, numeraire=leg.settle, isolated=True, cash=cash, legs=(leg,)))
        else:
            shared.setdefault(leg.settle, []).append((leg, cash))
    pools = [
        Pool(
            key=PoolKey(*key, f"cross:{asset}"),
            numeraire=asset,
            cash=sum(cash for _, cash in held),
            legs=tuple(leg for leg, _ in held),
        )
        for asset, held in shared.items()
    ]
    return (*pools, *alone)


def _leg(market: Market, number: int, notional_usd: float, short: bool, entry: float) -> Leg:
    inverse, coin = market.inverse[number], market.coins[number]
    size = notional_usd if inverse else notional_usd / float(market.marks[number])
    return Leg(
        symbol=market.symbols[number],
        side=Side.SHORT if short else Side.LONG,
        quantity=-size if short else size,
        entry=entry,
        base=coin,
        quote=USD if inverse else "USDT",
        settle=coin if inverse else "USDT",
        payoff=Payoff.INVERSE if inverse else Payoff.LINEAR,
        tiers=market.tables[number],
        initial_margin_rate=0.05,
    )
