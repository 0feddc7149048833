"""Asking the kernel about pools and markets built in a test."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from monitor.domain.names import Asset, PoolKey, Symbol
from monitor.margin.book import Book
from monitor.margin.evaluate import evaluate
from monitor.margin.pool import Pool
from monitor.margin.prices import Prices
from monitor.margin.results import PoolResult, PositionResult
from tests.reference.plain import Market

VENUE = "venue"
ACCOUNT = "main"


def key(name: str = "pool") -> PoolKey:
    """The key of a pool of the one account of these tests."""
    return PoolKey(VENUE, ACCOUNT, name)


def prices_of(market: Market) -> Prices:
    """The market as the kernel wants it."""
    prices = Prices()
    for symbol, mark in market.marks.items():
        prices.set_mark(VENUE, symbol, mark)
    for asset, usd in market.assets.items():
        prices.set_asset(VENUE, asset, usd)
    return prices


def ask_all(
    pools: Sequence[Pool], market: Market, betas: Mapping[Asset, float] | None = None
) -> dict[PoolKey, PoolResult]:
    """Results of several pools of one account."""
    book = Book(prices_of(market))
    owners: dict[tuple[str, str], list[Pool]] = {}
    for pool in pools:
        owners.setdefault(pool.key.owner, []).append(pool)
    for pool in pools:
        book.replace(pool.key.owner, owners[pool.key.owner])
    return evaluate(book, betas=betas)


def ask(pool: Pool, market: Market, betas: Mapping[Asset, float] | None = None) -> PoolResult:
    """The result of one pool."""
    return ask_all([pool], market, betas)[pool.key]


def position(result: PoolResult, symbol: Symbol, side: str = "") -> PositionResult:
    """One position of a result."""
    found: Iterable[PositionResult] = (p for p in result.positions if p.symbol == symbol and side in ("", p.side))
    return next(iter(found))
