"""A pool after payments out of its wallet: funding, interest."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from monitor.domain.names import USD, Asset
from monitor.margin.book import STABLECOINS, Book
from monitor.margin.evaluate import evaluate
from monitor.margin.pool import Pool, VenueFigures
from monitor.margin.prices import Prices
from monitor.margin.results import PoolResult


def paid(pool: Pool, amounts: Mapping[Asset, float], prices: Prices) -> Pool:
    """The pool once these amounts (by asset; negative ones are received) have left its wallet.

    What is paid in an asset that it does not hold, and that is not its numeraire, is taken out of its cash.
    """
    held = {holding.asset for holding in pool.holdings}
    cash = pool.cash
    for asset, amount in amounts.items():
        if asset not in held:
            cash -= amount * _in_numeraire(pool, asset, prices)
    holdings = tuple(
        replace(holding, amount=holding.amount - amounts[holding.asset]) if holding.asset in amounts else holding
        for holding in pool.holdings
    )
    return replace(pool, cash=cash, holdings=holdings)


def after_payments(
    pool: Pool,
    amounts: Mapping[Asset, float],
    prices: Prices,
    *,
    betas: Mapping[Asset, float] | None = None,
    stablecoins: Collection[Asset] = STABLECOINS,
) -> PoolResult:
    """Where the pool stands, with all its lines, once these amounts have left its wallet. Raises BadPool.

    It stands alone: no pool tops it up.
    """
    book = Book(prices, stablecoins)
    alone = replace(paid(pool, amounts, prices), backstop=None, view_of=None, venue=VenueFigures())
    book.replace(pool.key.owner, [alone])
    return evaluate(book, betas=betas)[pool.key]


def _in_numeraire(pool: Pool, asset: Asset, prices: Prices) -> float:
    if asset == pool.numeraire:
        return 1.0
    usd = 1.0 if pool.numeraire == USD else prices.asset(pool.key.venue, pool.numeraire)
    return prices.asset(pool.key.venue, asset) / usd
