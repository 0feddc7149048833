"""Why cash changed, in OKX's words: its bills. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from monitor.domain.events import BalanceCause, CashFlow
from monitor.domain.frames import RowProblem
from monitor.domain.names import AccountKey, Venue
from monitor.venues.fields import Loose, finite, seconds, word
from monitor.venues.okx.endpoints import PAGE_ROWS
from monitor.venues.okx.reading import rows
from monitor.venues.rows import each

TYPES: dict[str, BalanceCause] = {
    "1": BalanceCause.TRANSFER,
    "2": BalanceCause.TRADE,
    "3": BalanceCause.TRADE,  # delivery and exercise
    "4": BalanceCause.OTHER,  # a forced repayment of a loan: coins change places
    "5": BalanceCause.LIQUIDATION,
    "6": BalanceCause.TRANSFER,  # margin moved into or out of a position
    "7": BalanceCause.INTEREST,
    "8": BalanceCause.FUNDING,
    "9": BalanceCause.LIQUIDATION,  # auto-deleveraging
    "10": BalanceCause.LIQUIDATION,  # what a liquidation left below zero, made good
    "15": BalanceCause.INTEREST,
    "18": BalanceCause.FEE,  # a share of profit
    "22": BalanceCause.TRANSFER,  # repayment
    "24": BalanceCause.TRADE,
    "26": BalanceCause.TRADE,
    "27": BalanceCause.OTHER,  # conversion
    "29": BalanceCause.INTEREST,
    "30": BalanceCause.OTHER,  # conversion of small balances
}
"""`type` of a bill. What is not here explains nothing."""


class _Bill(msgspec.Struct, gc=False):
    billId: str
    ccy: str
    type: str
    balChg: Loose = None
    ts: Loose = None
    instId: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """One answer of the bills, newest flow first. `last`: there is none before; else go on after `oldest_id`.

    `oldest` is the venue's time of the oldest bill, 0 where there is none.
    """

    flows: tuple[CashFlow, ...]
    last: bool
    oldest: float = 0.0
    oldest_id: str = ""


def page(raw: bytes | str, venue: Venue, account: AccountKey, received: float, problems: list[RowProblem]) -> Page:
    """One page of the bills, which the venue gives newest first, up to 100. `amount` is what it did to cash.

    Numbers of bills are not kept but for asking on: they would tell whose trade it was.
    """
    raws = rows(raw, venue, "bills")
    asked_on: list[tuple[float, str]] = []

    def made(row: _Bill) -> CashFlow:
        at = seconds("ts", row.ts)
        asked_on.append((at, row.billId))
        return CashFlow(
            account=account,
            asset=word("ccy", row.ccy),
            amount=finite("balChg", row.balChg),
            cause=TYPES.get(row.type, BalanceCause.OTHER),
            venue_time=at,
            received=received,
            symbol=row.instId or None,
        )

    found = each(raws, _Bill, made, "bill", problems)
    oldest, oldest_id = asked_on[-1] if asked_on else (0.0, "")
    flows = tuple(flow for flow in found if flow.amount)
    return Page(flows, last=len(raws) < PAGE_ROWS, oldest=oldest, oldest_id=oldest_id)
