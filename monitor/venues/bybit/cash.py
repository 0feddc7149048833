"""Why a wallet changed, in Bybit's words: what fills moved, and the kinds of its history.

Part of the codec, and pure. Sources: README.md beside this file.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from monitor.domain.events import BalanceCause, CashFlow
from monitor.domain.frames import RowProblem
from monitor.domain.names import AccountKey, Asset
from monitor.venues.bybit.coins import pair_of
from monitor.venues.bybit.reading import rows
from monitor.venues.bybit.state_rows import settle_of
from monitor.venues.fields import Loose, finite, optional, seconds, word
from monitor.venues.rows import each

KINDS: dict[str, BalanceCause] = {
    "TRADE": BalanceCause.TRADE,
    "SETTLEMENT": BalanceCause.FUNDING,
    "DELIVERY": BalanceCause.TRADE,
    "LIQUIDATION": BalanceCause.LIQUIDATION,
    "ADL": BalanceCause.LIQUIDATION,
    "INTEREST": BalanceCause.INTEREST,
    "FEE_REFUND": BalanceCause.FEE,
    "CUSTODY_NETWORK_FEE": BalanceCause.FEE,
    "TRANSFER_IN": BalanceCause.TRANSFER,
    "TRANSFER_OUT": BalanceCause.TRANSFER,
    "CURRENCY_BUY": BalanceCause.LIQUIDATION,
    "CURRENCY_SELL": BalanceCause.LIQUIDATION,
}
"""The `type` of the transaction log. What is not here (bonuses, loans of institutions, kinds to come) explains nothing;
currency conversions are what the venue does to pay back a loan."""

FORCED = frozenset({"BustTrade", "AdlTrade"})


class FillRow(msgspec.Struct, gc=False):
    """One execution. `execFee` is positive where it is paid; `execPnl` is missing from older frames."""

    symbol: str
    category: str | None = None
    side: str = ""
    execType: str = ""
    execFee: Loose = None
    execPnl: Loose = None
    execPrice: Loose = None
    execQty: Loose = None
    execValue: Loose = None
    execTime: Loose = None
    feeCurrency: str | None = None


class _LogRow(msgspec.Struct, gc=False):
    currency: str
    type: str
    transactionTime: Loose = None
    change: Loose = None
    cashFlow: Loose = None
    fee: Loose = None
    symbol: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One answer of the transaction log, newest row first there, oldest first here; `cursor` "": there is no more."""

    flows: tuple[CashFlow, ...]
    cursor: str


def of_fill(row: FillRow, category: str, account: AccountKey, at: float, received: float) -> tuple[CashFlow, ...]:
    """What an execution did to wallets: profit, fee, and on the spot both coins. A funding payment comes as a fee.

    Its number is left out: anybody could find the trade by it, and whose it was.
    """
    fee = optional(row.execFee) or 0.0
    cause = BalanceCause.LIQUIDATION if row.execType in FORCED else BalanceCause.TRADE
    if row.execType == "Funding":
        return _flows([(settle_of(row.symbol, category), -fee)], BalanceCause.FUNDING, row, account, at, received)
    if category == "spot":
        return _flows(_exchanged(row, fee), cause, row, account, at, received)
    settle = settle_of(row.symbol, category)
    profit = optional(row.execPnl) or 0.0
    return _flows([(settle, profit), (row.feeCurrency or settle, -fee)], cause, row, account, at, received)


def _exchanged(row: FillRow, fee: float) -> list[tuple[Asset, float]]:
    pair, size, value = pair_of(row.symbol), optional(row.execQty), optional(row.execValue)
    if pair is None or size is None or value is None or row.side not in ("Buy", "Sell"):
        return []
    sign = 1.0 if row.side == "Buy" else -1.0
    # Fees of the spot are taken from what is bought.
    paid_in = row.feeCurrency or pair[0 if sign > 0 else 1]
    return [(pair[0], sign * size), (pair[1], -sign * value), (paid_in, -fee)]


def _flows(
    amounts: list[tuple[Asset, float]],
    cause: BalanceCause,
    row: FillRow,
    account: AccountKey,
    at: float,
    received: float,
) -> tuple[CashFlow, ...]:
    return tuple(
        CashFlow(
            account=account,
            asset=asset,
            amount=amount,
            cause=cause,
            venue_time=at,
            received=received,
            symbol=row.symbol,
        )
        for asset, amount in amounts
        if amount
    )


def page(raw: bytes | str, account: AccountKey, received: float, problems: list[RowProblem] | None = None) -> Page:
    """One answer of transaction-log. A settlement is split into funding and what a session of USDC contracts paid."""
    answer = rows(raw, account.venue, "transaction-log")

    def made(row: _LogRow) -> tuple[CashFlow, ...]:
        asset, at = word("currency", row.currency), seconds("transactionTime", row.transactionTime)
        change, cause = finite("change", row.change), KINDS.get(row.type, BalanceCause.OTHER)
        parts = [(change, cause)]
        settled = optional(row.cashFlow) or 0.0
        if cause is BalanceCause.FUNDING and settled:
            parts = [(change - settled, cause), (settled, BalanceCause.TRADE)]
        return tuple(
            CashFlow(
                account=account,
                asset=asset,
                amount=amount,
                cause=why,
                venue_time=at,
                received=received,
                symbol=row.symbol or None,
            )
            for amount, why in parts
            if amount
        )

    found = each(answer.rows, _LogRow, made, "transaction", problems)
    return Page(tuple(flow for flows in reversed(found) for flow in flows), answer.nextPageCursor or "")
