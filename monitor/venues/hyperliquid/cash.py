"""Why cash changed, in Hyperliquid's words: funding, fills (and what they closed), and the ledger. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from monitor.domain.events import BalanceCause, CashFlow, PositionChanged, VenueWarning, WarningKind
from monitor.domain.frames import RowProblem
from monitor.domain.names import AccountKey
from monitor.venues.fields import BadField, Loose, amount, finite, optional, optional_seconds, seconds, word
from monitor.venues.hyperliquid.names import USDC
from monitor.venues.hyperliquid.reading import value
from monitor.venues.rows import each

SENT = frozenset({"internalTransfer", "subAccountTransfer", "spotTransfer", "send"})
"""Deeds that name who sent and who received; whether it came or went is told by the address alone."""
INTO = frozenset({"deposit", "rewardsClaim", "spotGenesis", "vaultWithdraw", "vaultDistribution", "borrow"})
OUT_OF = frozenset({"withdraw", "vaultDeposit", "vaultCreate", "repay"})
LIQUIDATION = "liquidation"
SIDES: Mapping[str, float] = {"B": 1.0, "A": -1.0}
ROUNDING = 1e-9  #: of a position's size: binary noise of two decimals
ISOLATED = "Isolated"


class _Funding(msgspec.Struct, gc=False):
    coin: str
    usdc: Loose = None


class _FundingRow(msgspec.Struct, gc=False):
    """REST wraps what is paid into `delta`; a push does not."""

    time: Loose = None
    delta: _Funding | None = None
    coin: str = ""
    usdc: Loose = None


class _Liquidated(msgspec.Struct, gc=False):
    coin: str = ""


class _Delta(msgspec.Struct, gc=False):
    type: str
    usdc: Loose = None
    amount: Loose = None
    token: str | None = None
    fee: Loose = None
    user: str | None = None
    destination: str | None = None
    netWithdrawnUsd: Loose = None
    leverageType: str | None = None
    liquidatedPositions: list[_Liquidated] = []


class LedgerRow(msgspec.Struct, gc=False):
    """One entry of `userNonFundingLedgerUpdates`; its hash is not kept, for it would tell whose it is."""

    delta: _Delta
    time: Loose = None


class FillRow(msgspec.Struct, gc=False):
    """A fill, of which cash keeps what was won less what was paid. `side` is «B» or «A», of who bought or sold."""

    coin: str
    side: str = ""
    sz: Loose = None
    startPosition: Loose = None
    time: Loose = None
    closedPnl: Loose = None
    fee: Loose = None
    feeToken: str = ""
    tid: int | str = ""
    liquidation: Mapping[str, object] | None = None


def fundings(
    raw: bytes | str, account: AccountKey, received: float, problems: list[RowProblem] | None = None
) -> tuple[CashFlow, ...]:
    """userFunding: what was paid (below zero) or received, each hour and perpetual, in what that settles in."""
    rows = value(raw, list[msgspec.Raw], account.venue, "userFunding")
    return funding_flows(rows, account, received, problems)


def funding_flows(
    rows: Sequence[msgspec.Raw], account: AccountKey, received: float, problems: list[RowProblem] | None
) -> tuple[CashFlow, ...]:
    """The same of rows that were taken out of an answer or a frame."""

    def made(row: _FundingRow) -> CashFlow:
        paid = row.delta or _Funding(row.coin, row.usdc)
        at = seconds("time", row.time)
        return CashFlow(
            account=account,
            asset="",
            amount=finite("usdc", paid.usdc),
            cause=BalanceCause.FUNDING,
            venue_time=at,
            received=received,
            symbol=word("coin", paid.coin),
            id=f"funding {paid.coin} {at:.0f}",
        )

    return tuple(flow for flow in each(rows, _FundingRow, made, "funding", problems) if flow.amount)


def ledger(
    raw: bytes | str,
    account: AccountKey,
    received: float,
    problems: list[RowProblem] | None = None,
    *,
    address: str = "",
) -> tuple[CashFlow, ...]:
    """userNonFundingLedgerUpdates: transfers of all kinds. `address` (the account's own) tells which way one went;
    without it what names two sides is left out.
    """
    rows = value(raw, list[msgspec.Raw], account.venue, "userNonFundingLedgerUpdates")
    return ledger_flows(rows, account, received, problems, address=address)


def ledger_flows(
    rows: Sequence[msgspec.Raw],
    account: AccountKey,
    received: float,
    problems: list[RowProblem] | None,
    *,
    address: str,
) -> tuple[CashFlow, ...]:
    """The same of rows that were taken out of an answer or a frame."""

    def made(row: LedgerRow) -> CashFlow | None:
        return _transfer(row, account, received, address.lower())

    found = each(rows, LedgerRow, made, "ledger entry", problems)
    return tuple(flow for flow in found if flow is not None and flow.amount)


def _transfer(row: LedgerRow, account: AccountKey, received: float, address: str) -> CashFlow | None:
    delta = row.delta
    at = seconds("time", row.time)
    said = next((one for one in (delta.usdc, delta.amount, delta.netWithdrawnUsd) if one is not None), None)
    moved = optional(said)
    if moved is None:
        return None  # a deed that moves no cash, or says not how much
    fee = amount(delta.fee)
    if delta.type in SENT:
        if not address or not delta.user or not delta.destination:
            return None
        goes = delta.user.lower() == address
        moved = -abs(moved) - fee if goes else abs(moved)
    elif delta.type in OUT_OF:
        moved = -abs(moved) - fee
    elif delta.type not in INTO:
        return None  # between the account's own purses, or of a kind whose direction we do not know
    return CashFlow(
        account=account,
        asset=delta.token or USDC,
        amount=moved,
        cause=BalanceCause.TRANSFER,
        venue_time=at,
        received=received,
    )


def liquidations(rows: Sequence[msgspec.Raw], account: AccountKey, received: float) -> tuple[VenueWarning, ...]:
    """Entries of the ledger that say that the venue liquidated: which perpetuals, and whether all of the cross ones."""

    def made(row: LedgerRow) -> list[VenueWarning]:
        if row.delta.type != LIQUIDATION:
            return []
        at = seconds("time", row.time)
        kind = "an isolated position" if row.delta.leverageType == ISOLATED else "cross positions"
        coins: list[str | None] = [one.coin for one in row.delta.liquidatedPositions if one.coin]
        return [
            VenueWarning(
                account=account,
                kind=WarningKind.LIQUIDATION,
                symbol=coin,
                side=None,
                detail=f"the venue liquidated {kind}",
                venue_time=at,
                received=received,
            )
            for coin in coins or [None]
        ]

    return tuple(one for found in each(rows, LedgerRow, made, "ledger entry", None) for one in found)


def fill_flow(row: FillRow, account: AccountKey, received: float) -> CashFlow | None:
    """What a fill of a perpetual did to cash; None of a spot pair (`@107`, `PURR/USDC`), which exchanges balances."""
    coin = word("coin", row.coin)
    if not is_perpetual(coin):
        return None
    won = finite("closedPnl", row.closedPnl) - amount(row.fee)
    if row.time is None:
        raise BadField("time is missing")
    return CashFlow(
        account=account,
        asset="",
        amount=won,
        cause=BalanceCause.TRADE,
        venue_time=seconds("time", row.time),
        received=received,
        symbol=coin,
        id=f"fill {row.tid}" if row.tid else "",
    )


def closed_by(row: FillRow, account: AccountKey, received: float) -> PositionChanged | None:
    """That a fill left nothing of a perpetual's position; None where something is left, or it does not say."""
    sign = SIDES.get(row.side)
    start, size, at = optional(row.startPosition), optional(row.sz), optional_seconds(row.time)
    if sign is None or not start or size is None or at is None or not is_perpetual(row.coin):
        return None
    if abs(start + sign * size) > ROUNDING * abs(start):
        return None
    return PositionChanged(
        account=account,
        symbol=row.coin,
        side=None,
        quantity=0.0,
        entry_price=None,
        margin_mode=None,
        isolated_wallet=None,
        venue_time=at,
        received=received,
    )


def is_perpetual(coin: str) -> bool:
    """Whether a fill's coin is a perpetual, and no spot pair (`@107`, `PURR/USDC`)."""
    return not coin.startswith("@") and "/" not in coin
