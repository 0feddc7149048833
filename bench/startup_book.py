"""A process with all that the daemon imports and a book of so many legs: `python -m bench.startup_book ACCOUNTS LEGS`.

Writes as JSON the bytes that it holds before and after the book is built, and once all ratios and lines were solved.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import sys
from dataclasses import replace

from bench.kernel_books import Market, account, book_of, crowd
from bench.timing import rss_bytes
from monitor.domain.names import AccountKey, PoolKey
from monitor.margin.pool import Pool
from monitor.margin.sweep import sweep

DAEMON = ("monitor.app.monitor", "monitor.cli.run", "uvloop", "ccxt.async_support")
AT_ONCE = 100  #: accounts described at a time, as answers come in


def pool_of(pool: Pool, key: AccountKey) -> Pool:
    """The same pool in another account."""
    return replace(pool, key=PoolKey(*key, pool.key.pool))


def main(accounts: int, legs: int) -> None:
    """Import, build, solve."""
    for name in DAEMON:
        importlib.import_module(name)
    market = Market.of()
    here = os.getpid()
    imported = rss_bytes(here)
    book = book_of(market.prices(), [])
    for begin in range(0, accounts, AT_ONCE):
        for number, (_, pools) in enumerate(crowd(market, min(AT_ONCE, accounts - begin), legs, seed=begin)):
            key = account(begin + number)
            book.replace(key, [pool_of(pool, key) for pool in pools])
    gc.collect()
    built = rss_bytes(here)
    sweep(book, None)
    json.dump({"imported": imported, "built": built, "solved": rss_bytes(here)}, sys.stdout)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
