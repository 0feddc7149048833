"""Why the coins of a cross margin account changed, in the venue's words: its capital flow. Pure."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from monitor.domain.events import BalanceCause, CashFlow
from monitor.domain.frames import RowProblem
from monitor.domain.names import AccountKey, Venue
from monitor.venues.binance.cash import PAGE_ROWS
from monitor.venues.binance.reading import rows
from monitor.venues.fields import BadField, Loose, finite, seconds
from monitor.venues.rows import each

TRADE, FEE, FORCED = BalanceCause.TRADE, BalanceCause.FEE, BalanceCause.LIQUIDATION
TYPES: Mapping[str, tuple[BalanceCause, float]] = {
    "TRANSFER": (BalanceCause.TRANSFER, 0.0),
    "BUY_INCOME": (TRADE, 1.0),
    "BUY_EXPENSE": (TRADE, -1.0),
    "SELL_INCOME": (TRADE, 1.0),
    "SELL_EXPENSE": (TRADE, -1.0),
    "TRADING_COMMISSION": (FEE, -1.0),
    "COMMISSION_RETURN": (FEE, 1.0),
    "BUY_LIQUIDATION": (FORCED, 0.0),
    "SELL_LIQUIDATION": (FORCED, 0.0),
    "OTHER_LIQUIDATION": (FORCED, 0.0),
    "LIQUIDATION_FEE": (FORCED, -1.0),
}
"""The `type` of a row: what it is, and the sign that its amount must have; 0: the one that is printed. The venue does
not say whether expenses are printed negative. What is not here (conversions, kinds to come) explains nothing."""

OF_DEBTS = frozenset({"BORROW", "REPAY", "REPAY_LIQUIDATION"})
"""Coins for a debt, or back: a wallet is less what is owed, and does not change by them."""


class _FlowRow(msgspec.Struct, gc=False):
    asset: str
    timestamp: float
    type: str
    amount: Loose = None
    id: int | str = ""
    symbol: str | None = None


def flows(
    raw: bytes, venue: Venue, account: AccountKey, received: float, problems: list[RowProblem]
) -> tuple[tuple[CashFlow, ...], bool]:
    """One answer of the capital flow, oldest first, and whether it is full: then older ones were left out."""
    told = rows(raw, venue, "capital-flow")
    found = each(told, _FlowRow, lambda row: _flow(row, account, received), "capital flow", problems)
    flows = (flow for flow in found if flow is not None)
    return tuple(sorted(flows, key=lambda flow: flow.venue_time)), len(told) >= PAGE_ROWS


def _flow(row: _FlowRow, account: AccountKey, received: float) -> CashFlow | None:
    if row.type in OF_DEBTS:
        return None
    if not row.asset:
        raise BadField("asset is empty")
    cause, sign = TYPES.get(row.type, (BalanceCause.OTHER, 0.0))
    amount = finite("amount", row.amount)
    return CashFlow(
        account=account,
        asset=row.asset,
        amount=sign * abs(amount) if sign else amount,
        cause=cause,
        venue_time=seconds("timestamp", row.timestamp),
        received=received,
        symbol=row.symbol or None,
        id=str(row.id),
    )
