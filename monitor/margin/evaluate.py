"""The facade: a book of pools in, one result a pool out."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from monitor.domain.names import AccountKey, Asset, PoolKey
from monitor.margin.answers import Answers
from monitor.margin.book import Book
from monitor.margin.results import PoolResult
from monitor.margin.solve import solve_lines, standing_now


def evaluate(
    book: Book,
    *,
    accounts: Collection[AccountKey] | None = None,
    lines: bool = True,
    betas: Mapping[Asset, float] | None = None,
) -> dict[PoolKey, PoolResult]:
    """Where the pools of some accounts (all where None) stand at the book's prices, and with `lines` their lines.

    `betas` are the market line's speeds by asset, 1 where not given. Without `lines` each line is UNKNOWN with the
    reason «not asked». A pool that lacks an input is in the result with the reasons in words.
    """
    plan = book.plan(accounts)
    if plan is None:
        return {}
    tick = standing_now(book, plan)
    found = None
    if lines:
        asked = plan.lines(betas)
        found = asked, solve_lines(book.shelf, plan, tick, asked)
    answers = Answers(book, plan, tick, found)
    return {pool.key: answers.of(number) for number, pool in enumerate(plan.block.described)}
