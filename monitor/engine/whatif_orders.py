"""What a venue would hardly let happen: edits that leave less equity than it asks for as initial margin."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from monitor.domain.errors import MarginwatchError
from monitor.domain.names import AccountKey, PoolKey
from monitor.engine.picture import Picture
from monitor.margin.book import Book
from monitor.margin.evaluate import evaluate
from monitor.margin.pool import Pool


def beyond_equity(picture: Picture, edited: Mapping[AccountKey, tuple[Pool, ...]]) -> dict[AccountKey, tuple[str, ...]]:
    """In words, by account, the shared pools that lack initial margin once the edits are made, and lack more of it than
    before. Where a venue's initial margin is not known nothing is said.
    """
    return {key: tuple(_told(picture, key, pools)) for key, pools in edited.items()}


def _told(picture: Picture, account: AccountKey, pools: Sequence[Pool]) -> Iterable[str]:
    before = _asked(picture, account, picture.accounts[account].pools)
    for key, (needed, equity) in _asked(picture, account, pools).items():
        then, had = before.get(key, (0.0, 0.0))
        if needed - equity > max(0.0, then - had):
            yield (
                f"{key.pool} would need {needed:,.2f} USD of initial margin and have {equity:,.2f} USD of equity: its "
                "venue would hardly let this be done"
            )


def _asked(picture: Picture, account: AccountKey, pools: Sequence[Pool]) -> dict[PoolKey, tuple[float, float]]:
    """By shared pool, in USD, the initial margin that it needs and its equity, at the prices of now."""
    book = Book(picture.prices, picture.stablecoins)
    try:
        book.replace(account, pools)
        found = evaluate(book, lines=False)
    except MarginwatchError:  # its reports say why nothing can be computed
        return {}
    shared = {pool.key for pool in pools if not pool.isolated and pool.primary}
    return {
        key: (each.initial_margin_usd, each.equity_usd)
        for key, each in found.items()
        if key in shared and each.initial_margin_usd is not None and each.equity_usd is not None
    }
