"""Why a wallet changed, in Binance's words: the reasons of pushes, the figures of fills, the kinds of its history.

Part of the codec, and pure. Sources: README.md beside this file.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from monitor.domain.events import BalanceCause, CashFlow
from monitor.domain.frames import RowProblem
from monitor.domain.names import AccountKey, Asset, Symbol, Venue
from monitor.venues.binance.reading import rows
from monitor.venues.fields import BadField, Loose, finite, seconds
from monitor.venues.rows import each

REASONS: dict[str, BalanceCause] = {
    "FUNDING_FEE": BalanceCause.FUNDING,
    "INSURANCE_CLEAR": BalanceCause.LIQUIDATION,
    "OPTIONS_PREMIUM_FEE": BalanceCause.TRADE,
    "OPTIONS_SETTLE_PROFIT": BalanceCause.TRADE,
    "DEPOSIT": BalanceCause.TRANSFER,
    "WITHDRAW": BalanceCause.TRANSFER,
    "WITHDRAW_REJECT": BalanceCause.TRANSFER,
    "ADMIN_DEPOSIT": BalanceCause.TRANSFER,
    "ADMIN_WITHDRAW": BalanceCause.TRANSFER,
    "ASSET_TRANSFER": BalanceCause.TRANSFER,
    "COIN_SWAP_DEPOSIT": BalanceCause.TRANSFER,
    "COIN_SWAP_WITHDRAW": BalanceCause.TRANSFER,
    "ADJUSTMENT": BalanceCause.OTHER,
    "AUTO_EXCHANGE": BalanceCause.OTHER,
}
"""The reason `m` of an ACCOUNT_UPDATE. ORDER says nothing here: its fills come with the orders. MARGIN_TRANSFER and
MARGIN_TYPE_CHANGE move amounts between the pools of one wallet, which stays as it was."""

INCOME: dict[str, BalanceCause] = {
    "REALIZED_PNL": BalanceCause.TRADE,
    "COMMISSION": BalanceCause.TRADE,
    "OPTIONS_PREMIUM_FEE": BalanceCause.TRADE,
    "OPTIONS_SETTLE_PROFIT": BalanceCause.TRADE,
    "DELIVERED_SETTELMENT": BalanceCause.TRADE,
    "FUNDING_FEE": BalanceCause.FUNDING,
    "INSURANCE_CLEAR": BalanceCause.LIQUIDATION,
    "COMMISSION_REBATE": BalanceCause.FEE,
    "REFERRAL_KICKBACK": BalanceCause.FEE,
    "API_REBATE": BalanceCause.FEE,
    "FEE_RETURN": BalanceCause.FEE,
    "POSITION_LIMIT_INCREASE_FEE": BalanceCause.FEE,
    "BFUSD_REWARD": BalanceCause.INTEREST,
    "TRANSFER": BalanceCause.TRANSFER,
    "INTERNAL_TRANSFER": BalanceCause.TRANSFER,
    "CROSS_COLLATERAL_TRANSFER": BalanceCause.TRANSFER,
    "STRATEGY_UMFUTURES_TRANSFER": BalanceCause.TRANSFER,
    "COIN_SWAP_DEPOSIT": BalanceCause.TRANSFER,
    "COIN_SWAP_WITHDRAW": BalanceCause.TRANSFER,
}
"""The `incomeType` of its history. What is not here (bonuses, rewards, exchanges, kinds to come) explains nothing."""

PAYS_FEES: Asset = "BNB"  #: fees may be paid in it whatever the contract
PAGE_ROWS = 1000  #: the most that one answer holds


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """What an order's update says of one fill; None where it says nothing.

    `profit` is in the asset in which the contract `settles`. Of USDⓈ-M that is not named; but fees are taken in it too,
    unless they are paid in BNB.
    """

    symbol: Symbol
    profit: float | None
    fee: float | None
    fee_asset: Asset | None
    forced: bool
    settles: Asset | None = None


def told(
    reason: str,
    asset: Asset,
    change: float | None,
    account: AccountKey,
    at: float,
    received: float,
    symbol: Symbol | None,
) -> CashFlow | None:
    """The flow of one balance row: `change` is its `bc`, which leaves profits and commissions out."""
    cause = REASONS.get(reason)
    if cause is None or not change:
        return None
    return CashFlow(
        account=account,
        asset=asset,
        amount=change,
        cause=cause,
        venue_time=at,
        received=received,
        symbol=symbol or None,
    )


def of_fill(fill: Fill, account: AccountKey, at: float, received: float) -> tuple[CashFlow, ...]:
    """What a fill did to wallets: its realized profit, and its commission (positive in the frame: paid).

    Its number is left out: anybody could find the trade by it, and whose it was.
    """
    cause = BalanceCause.LIQUIDATION if fill.forced else BalanceCause.TRADE
    settled = fill.settles or (fill.fee_asset if fill.fee_asset and fill.fee_asset != PAYS_FEES else "")
    amounts = [(settled, fill.profit)]
    if fill.fee and fill.fee_asset:
        amounts.append((fill.fee_asset, -fill.fee))
    return tuple(
        CashFlow(
            account=account,
            asset=asset,
            amount=amount,
            cause=cause,
            venue_time=at,
            received=received,
            symbol=fill.symbol,
        )
        for asset, amount in amounts
        if amount
    )


class _IncomeRow(msgspec.Struct, gc=False):
    incomeType: str
    asset: str
    time: float
    income: Loose = None
    symbol: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One answer of the income history, oldest row first. `last`: there is no more; else it is whole up to `until`."""

    flows: tuple[CashFlow, ...]
    last: bool
    until: float


def page(raw: bytes, venue: Venue, account: AccountKey, received: float, problems: list[RowProblem]) -> Page:
    """One answer of the income history."""
    told_rows = rows(raw, venue, "income")
    found = each(told_rows, _IncomeRow, lambda row: _income(row, account, received), "income", problems)
    newest = max((flow.venue_time for flow in found), default=0.0)
    # Others of the newest row's millisecond may stand on the next page.
    return Page(tuple(found), last=len(told_rows) < PAGE_ROWS, until=newest - 0.001)


def _income(row: _IncomeRow, account: AccountKey, received: float) -> CashFlow:
    if not row.asset:
        raise BadField("asset is empty")
    return CashFlow(
        account=account,
        asset=row.asset,
        amount=finite("income", row.income),
        cause=INCOME.get(row.incomeType, BalanceCause.OTHER),
        venue_time=seconds("time", row.time),
        received=received,
        symbol=row.symbol or None,
    )
