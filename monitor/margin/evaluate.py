"""The facade: a book of pools in, one result a pool out."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from monitor.domain.names import AccountKey, Asset, PoolKey
from monitor.margin.answers import answered
from monitor.margin.book import Book
from monitor.margin.figures import GeneralFigures
from monitor.margin.plain_figures import PlainFigures
from monitor.margin.results import PoolResult


def evaluate(
    book: Book,
    *,
    accounts: Collection[AccountKey] | None = None,
    lines: bool = True,
    betas: Mapping[Asset, float] | None = None,
) -> dict[PoolKey, PoolResult]:
    """Where the pools of some accounts (all where None) stand at the book's prices, and with `lines` their lines.

    `betas` are the market line's speeds by asset, 1 where not given. Without `lines` each line is UNKNOWN with the
    reason «not asked». A pool that lacks an input is in the result with the reasons in words. At prices that a sweep
    has seen no line is solved again that it solved.
    """
    asked = [account for account in book.accounts if accounts is None or account in accounts]
    found: dict[PoolKey, PoolResult] = {}
    plain, general = book.shards(asked, (betas or {}) if lines else None)
    wanted = set(asked)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for shard in plain:
            straight = shard.solved(book.prices, lines=lines)
            figures = PlainFigures(shard.described, straight, book, lines=lines)
            for account in shard.numbers.keys() & wanted:
                for number in shard.numbers[account]:
                    result = answered(figures.of(number), book.prices, book.stablecoins)
                    found[result.key] = result
        for other in general:
            of_general = GeneralFigures(other.solved((betas or {}) if lines else None, search=wanted))
            numbers = other.numbers()
            for account in numbers.keys() & wanted:
                for number in numbers[account]:
                    result = answered(of_general.of(number), book.prices, book.stablecoins)
                    found[result.key] = result
    return {pool.key: found[pool.key] for account in asked for pool in book.pools_of(account)}
