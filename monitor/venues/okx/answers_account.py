"""An account's own answers to events: balances, positions, orders, modes, fees, permissions. Pure.

Balance and positions are two requests: no field of the one repeats one of the other, so that a change between them
shows only in the pushes of that time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import msgspec

from monitor.domain.accounts import (
    AccountMode,
    Balance,
    CollateralMode,
    Order,
    Permissions,
    Position,
    VenueAccount,
)
from monitor.domain.events import AccountConfig, AccountSnapshot, PermissionsRead
from monitor.domain.frames import RowProblem
from monitor.domain.names import AccountKey, Asset, PositionKey
from monitor.venues.fields import Loose, optional, truth, word
from monitor.venues.okx import rows as shared
from monitor.venues.okx.reading import only, rows
from monitor.venues.okx.rows import BalanceRow, OrderRow, PositionRow
from monitor.venues.rows import each, in_words, twice

LEVELS: dict[str, CollateralMode] = {
    "1": CollateralMode.SPOT,
    "2": CollateralMode.SINGLE_ASSET,
    "3": CollateralMode.MULTI_ASSETS,
    "4": CollateralMode.PORTFOLIO,
}
"""What `acctLv` says. Another level is one that we do not know, and nothing is computed with it."""
HEDGE: dict[str, bool] = {"long_short_mode": True, "net_mode": False}
READS, TRADES, WITHDRAWS = "read_only", "trade", "withdraw"


class _ConfigRow(msgspec.Struct, gc=False):
    acctLv: Loose = None
    posMode: str = ""
    enableSpotBorrow: bool | str | None = None
    autoLoan: bool | str | None = None
    settleCcy: str = ""
    perm: str | None = None
    ip: str | None = None


class _FeeGroup(msgspec.Struct, gc=False):
    groupId: str | int
    taker: Loose = None


class _FeeRow(msgspec.Struct, gc=False):
    instType: str
    feeGroup: list[_FeeGroup] = []
    taker: Loose = None
    takerU: Loose = None
    takerUSDC: Loose = None


class _BalanceBody(msgspec.Struct, gc=False):
    details: list[msgspec.Raw]
    adjEq: Loose = None
    availEq: Loose = None
    imr: Loose = None
    mmr: Loose = None
    mgnRatio: Loose = None


class _WithdrawalRow(msgspec.Struct, gc=False):
    ccy: str
    maxWd: Loose = None


def account_config(
    config_raw: bytes | str,
    fee_raws: Iterable[bytes | str],
    account: AccountKey,
    asked: float,
    received: float,
    bad_rows: list[RowProblem] | None = None,
) -> AccountConfig:
    """config and trade-fee (one answer a kind of instrument): the modes, and the user's own taker rates.

    A mode that is not in the answer, or one that we do not know, is None and is never guessed.
    """
    said = only(config_raw, _ConfigRow, account.venue, "config")
    bad: list[RowProblem] = [] if bad_rows is None else bad_rows
    fees: dict[str, float] = {}
    for raw in fee_raws:
        for found in each(rows(raw, account.venue, "trade-fee"), _FeeRow, _fees, "trade-fee", bad):
            fees |= found
    level = "" if said.acctLv is None else str(said.acctLv)
    return AccountConfig(
        account=account,
        mode=AccountMode(
            collateral=LEVELS.get(level),
            hedge=HEDGE.get(said.posMode),
            borrows=_borrows(level, said),
            dollar_asset=said.settleCcy or None,
        ),
        symbols=(),
        asked=asked,
        received=received,
        problems=in_words(bad),
        fees=tuple(sorted(fees.items())),
    )


def _borrows(level: str, said: _ConfigRow) -> bool:
    """Whether what is missing is lent: by the account's own switch, of which each level has another."""
    if level == "1":
        return bool(truth(said.enableSpotBorrow))
    return level in ("3", "4") and truth(said.autoLoan) is not False


def _fees(row: _FeeRow) -> dict[str, float]:
    """Rates that are paid, by fee group; the venue writes what is paid as a negative number. The flat fields, which
    are on their way out, serve instruments without a group: by kind, and by the quote that they are for.
    """
    kind = word("instType", row.instType)
    said = {f"{kind}:{group.groupId}": optional(group.taker) for group in row.feeGroup}
    flat = {kind: row.taker, f"{kind}:USDT": row.takerU, f"{kind}:USDC": row.takerUSDC}
    said |= {name: optional(rate) for name, rate in flat.items()}
    return {name: -rate for name, rate in said.items() if rate is not None}


def permissions(raw: bytes | str, account: AccountKey, received: float) -> PermissionsRead:
    """config again: what the key may do, and whether it is bound to addresses. Keys say no time at which they end.

    A permission that we do not know counts as trading. Moving funds between one's own accounts belongs to trading.
    """
    said = only(raw, _ConfigRow, account.venue, "config")
    words = {one.strip() for one in said.perm.split(",") if one.strip()} if said.perm else None
    known = Permissions(ip_restricted=None if said.ip is None else bool(said.ip.strip()))
    if words is not None:
        known = Permissions(
            can_read=bool(words),
            can_trade=bool(words - {READS, WITHDRAWS}),
            can_withdraw=WITHDRAWS in words,
            can_transfer=WITHDRAWS in words,
            ip_restricted=known.ip_restricted,
        )
    return PermissionsRead(account=account, permissions=known, received=received)


def account_snapshot(
    balance_raw: bytes | str,
    positions_raw: bytes | str,
    orders_raws: Iterable[bytes | str],
    account: AccountKey,
    asked: float,
    received: float,
    *,
    withdrawal_raw: bytes | str | None = None,
    venue: VenueAccount | None = None,
    bad_rows: list[RowProblem] | None = None,
) -> AccountSnapshot:
    """An account whole: balance, positions, every page of orders-pending, and max-withdrawal where it was asked.

    `venue` brings what other requests told of the account (`answers_risk`). Rows that cannot be read are named in
    `problems` and put into `bad_rows`. MalformedAnswer if an answer is not what it should be.
    """
    bad: list[RowProblem] = [] if bad_rows is None else bad_rows
    body = only(balance_raw, _BalanceBody, account.venue, "balance")
    leaves = {} if withdrawal_raw is None else _withdrawable(withdrawal_raw, account, bad)

    def made(row: BalanceRow) -> Balance:
        return shared.balance(row, leaves.get(row.ccy))

    balances = each(body.details, BalanceRow, made, "balance", bad)
    read = each(rows(positions_raw, account.venue, "positions"), PositionRow, shared.position, "position", bad)
    resting = [
        one
        for raw in orders_raws
        for one in each(rows(raw, account.venue, "orders-pending"), OrderRow, shared.order, "order", bad)
    ]
    problems = list(in_words(bad))
    positions = _told_apart([one for one in read if one is not None], problems)
    problems += twice("balance", [one.asset for one in balances])
    before = VenueAccount() if venue is None else venue
    return AccountSnapshot(
        account=account,
        positions=tuple(positions),
        balances=tuple(balances),
        asked=asked,
        received=received,
        venue=VenueAccount(
            equity=optional(body.adjEq),
            maintenance_margin=optional(body.mmr),
            initial_margin=optional(body.imr),
            ratio=optional(body.mgnRatio),
            available=optional(body.availEq),
            withdrawable=_together(balances, shared_pool=optional(body.adjEq) is not None),
            risk_units=before.risk_units,
            market_curve=before.market_curve,
            risk_asked=before.risk_asked,
        ),
        marks=shared.marks_of(positions),
        problems=tuple(problems),
        orders=tuple(_newest(resting)),
    )


def _told_apart(positions: Sequence[Position], problems: list[str]) -> list[Position]:
    """One position a symbol and side. The venue may hold an instrument cross and isolated at once, which a key of
    symbol and side cannot tell apart: then neither is believed.
    """
    found: dict[PositionKey, Position] = {}
    for one in positions:
        if one.key in found:
            problems.append(f"{one.symbol} {one.side} is in the answer twice, cross and isolated or the same")
        twice = one.key in found
        found[one.key] = replace(one, margin_mode=None, isolated_wallet=None) if twice else one
    return list(found.values())


def _withdrawable(raw: bytes | str, account: AccountKey, bad: list[RowProblem]) -> Mapping[Asset, float]:
    def made(row: _WithdrawalRow) -> tuple[Asset, float | None]:
        return word("ccy", row.ccy), optional(row.maxWd)

    found = each(rows(raw, account.venue, "max-withdrawal"), _WithdrawalRow, made, "max-withdrawal", bad)
    return {asset: most for asset, most in found if most is not None}


def _together(balances: Sequence[Balance], *, shared_pool: bool) -> float | None:
    """What may leave the account, in USD: the venue says it for each asset by itself.

    Where each asset backs its own positions they may all leave; where one pool stands behind all (the account has a
    margin equity), the one of most worth certainly may. None where nothing was said, or a price is missing.
    """
    said = [(one.withdrawable, one.price_usd) for one in balances if one.withdrawable is not None]
    worth = [most * price if price is not None else None for most, price in said if most]
    known = [usd for usd in worth if usd is not None]
    if not said or (len(known) < len(worth) and not (shared_pool and known)):
        return None
    return max(known, default=0.0) if shared_pool else sum(known, 0.0)


def _newest(orders: Iterable[Order]) -> list[Order]:
    """Those that rest, each once: pages may overlap where orders come and go between them."""
    return list({one.id: one for one in orders if one.quantity}.values())
