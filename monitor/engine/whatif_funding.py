"""Days of funding: what each position pays until then, out of the wallets of its pool."""

from __future__ import annotations

from collections.abc import Mapping
from math import floor

from monitor.domain.names import AccountKey, Asset
from monitor.domain.whatif import Paid
from monitor.engine.burn import DAY_SECONDS, Burn, burn_of
from monitor.engine.funding import Due
from monitor.engine.picture import Picture
from monitor.margin.book import Book
from monitor.margin.evaluate import evaluate
from monitor.margin.payments import paid
from monitor.margin.pool import Pool
from monitor.margin.prices import Prices
from monitor.margin.results import PoolResult


def funded(
    picture: Picture, pools: Mapping[AccountKey, tuple[Pool, ...]], prices: Prices, days: float
) -> tuple[dict[AccountKey, tuple[Pool, ...]], tuple[Paid, ...]]:
    """The pools after so many days of funding, and what each primary one paid (interest on loans, too, which is never
    known); one of which something is not known is left as it is, but for what is.
    """
    book = Book(prices, picture.stablecoins)
    for account, its in pools.items():
        book.replace(account, its)
    results = evaluate(book, lines=False)
    after: dict[AccountKey, tuple[Pool, ...]] = {}
    told: list[Paid] = []
    for account, its in pools.items():
        changed: list[Pool] = []
        for pool in its:
            amounts, row = _payments(picture, pool, results[pool.key], days)
            changed.append(paid(pool, amounts, prices) if amounts else pool)
            if pool.primary and (row.reasons or any(not leg.order for leg in pool.legs)):
                told.append(row)
        after[account] = tuple(changed)
    return after, tuple(told)


def _payments(picture: Picture, pool: Pool, result: PoolResult, days: float) -> tuple[dict[Asset, float], Paid]:
    legs, tables = [leg for leg in pool.legs if not leg.order], picture.accounts[pool.key.owner].tables
    dues: list[Due | None] = []
    for leg in legs:
        listed = tables.instruments.get(leg.symbol)
        dated = listed is not None and listed.delivery_time is not None
        place = picture.prices.mark_place(pool.key.venue, leg.symbol)
        dues.append(picture.funding.due(place, picture.at, dated=dated))
    burn = burn_of(pool, result, [leg.settle for leg in legs], dues, None)
    amounts: dict[Asset, float] = {}
    usd = 0.0
    for payment in burn.payments:
        times = _times(payment.due, picture.at, days)
        amounts[payment.asset] = amounts.get(payment.asset, 0.0) + payment.amount * times
        usd += payment.usd * times
    known = not burn.unknown
    return amounts, Paid(pool=pool.key, usd=usd if known else None, reasons=_reasons(burn, usd))


def _times(due: Due, now: float, days: float) -> int:
    """How often it is paid from now until then, so far as that is known: without an interval only the next payment is.
    One that was announced for a moment that has just passed is made already.
    """
    end, interval = now + days * DAY_SECONDS, due.interval_seconds
    if due.next_time is None:
        return 0
    if interval is None:
        return 1 if now < due.next_time <= end else 0
    return max(0, floor((end - due.next_time) / interval) - floor((now - due.next_time) / interval))


def _reasons(burn: Burn, usd: float) -> tuple[str, ...]:
    return (*burn.unknown, f"{usd:,.2f} USD of it are known, and counted") if burn.unknown and usd else burn.unknown
