"""An account's own answers to events: mode and fees, and the futures account whole, classic or unified. Pure.

Several answers make one snapshot: positions, an overview a currency, resting orders. They are read one after the other;
the session reads again where an event fell between them. Spot loans are in `answers_loans`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from monitor.domain.accounts import (
    AccountMode,
    Balance,
    CollateralMode,
    MarginMode,
    Order,
    Permissions,
    Position,
    SymbolConfig,
    VenueAccount,
)
from monitor.domain.errors import MalformedAnswer
from monitor.domain.events import AccountConfig, AccountSnapshot, PermissionsRead
from monitor.domain.frames import RowProblem
from monitor.domain.names import AccountKey, Asset, Symbol
from monitor.venues.fields import Loose, amount, finite, optional, optional_positive, positive, word
from monitor.venues.kucoin import rows_unified
from monitor.venues.kucoin.answers_loans import isolated_snapshot, margin_snapshot
from monitor.venues.kucoin.names import asset_of
from monitor.venues.kucoin.reading import result, rows
from monitor.venues.kucoin.rows import OrderRow, PositionRow, order, position
from monitor.venues.kucoin.rows_unified import CoinRow, UnifiedOrderRow, UnifiedPositionRow, instant
from monitor.venues.kucoin.settings import ISOLATED_MARGIN, MARGIN
from monitor.venues.rows import each, in_words, twice

__all__ = [
    "CLASSIC",
    "UNIFIED",
    "account_config",
    "account_kind",
    "classic_snapshot",
    "isolated_snapshot",
    "margin_snapshot",
    "permissions",
    "unified_snapshot",
]

CLASSIC, UNIFIED = "classic", "unified"  #: kinds of a futures account
_SHOWN = 40


class _Mode(msgspec.Struct, gc=False):
    selfAccountMode: str | None = None


class _PositionMode(msgspec.Struct, gc=False):
    positionMode: Loose = None


class _FeeRow(msgspec.Struct, gc=False):
    symbol: str | None = None
    takerFeeRate: Loose = None


class _Overview(msgspec.Struct, gc=False):
    currency: str
    marginBalance: Loose = None
    accountEquity: Loose = None
    unrealisedPNL: Loose = None
    orderMargin: Loose = None
    frozenFunds: Loose = None
    availableBalance: Loose = None
    riskRatio: Loose = None
    maxWithdrawAmount: Loose = None


class _UnifiedOverview(msgspec.Struct, gc=False):
    riskRatio: Loose = None
    adjustedEquity: Loose = None
    availableMargin: Loose = None
    im: Loose = None
    mm: Loose = None


class _Purse(msgspec.Struct, gc=False):
    currencies: list[msgspec.Raw] = []


class _UnifiedBalance(msgspec.Struct, gc=False):
    accounts: list[_Purse] = []
    ts: Loose = None


class _Key(msgspec.Struct, gc=False):
    permission: str | None = None
    ipWhitelist: str | None = None
    expiredAt: Loose = None


def account_kind(mode_raw: bytes | str, account: AccountKey) -> str | None:
    """account/mode: "classic" or "unified"; None where it says neither."""
    said = result(mode_raw, _Mode, account.venue, "account mode")
    return {"CLASSIC": CLASSIC, "UNIFIED": UNIFIED}.get((said.selfAccountMode or "").upper())


def account_config(
    product: str,
    mode_raw: bytes | str | None,
    position_mode_raw: bytes | str | None,
    fee_raws: Iterable[bytes | str],
    account: AccountKey,
    asked: float,
    received: float,
    bad_rows: list[RowProblem] | None = None,
    position_raws: Iterable[bytes | str] = (),
) -> AccountConfig:
    """Modes of the account that `product` names; of futures from account/mode, getPositionMode, and trade-fees of what
    is held; from `position_raws` (positions) which isolated ones the venue tops up by itself.

    A mode that is not in the answers is None, and `problems` says why: it is never guessed.
    """
    bad: list[RowProblem] = [] if bad_rows is None else bad_rows
    problems: tuple[str, ...] = ()
    if product in (MARGIN, ISOLATED_MARGIN):
        collateral = CollateralMode.SPOT if product == MARGIN else CollateralMode.ISOLATED
        mode = AccountMode(collateral=collateral, hedge=False, borrows=True, kind=CLASSIC)
    else:
        kind = None if mode_raw is None else account_kind(mode_raw, account)
        mode, problems = _futures_mode(kind, position_mode_raw, account)
    data = [result(raw, msgspec.Raw, account.venue, "trade fees") for raw in fee_raws]
    fees = dict(each(data, _FeeRow, _fee, "fee rate", bad))
    return AccountConfig(
        account=account,
        mode=mode,
        symbols=_settings(position_raws, account),
        asked=asked,
        received=received,
        problems=(*problems, *in_words(bad)),
        fees=tuple(fees.items()),
    )


def _futures_mode(
    kind: str | None, position_mode_raw: bytes | str | None, account: AccountKey
) -> tuple[AccountMode, tuple[str, ...]]:
    if kind == UNIFIED:
        mode = AccountMode(
            collateral=CollateralMode.MULTI_ASSETS, hedge=False, hedge_by_symbol=True, borrows=True, kind=UNIFIED
        )
        return mode, ()
    hedge = None if position_mode_raw is None else _hedge(position_mode_raw, account)
    problems = [] if hedge is not None else ["the venue does not say whether the two sides of a symbol are kept apart"]
    if kind is None:
        problems.insert(0, "the venue does not say whether the account is classic or unified")
    collateral = CollateralMode.SINGLE_ASSET if kind == CLASSIC else None
    return AccountMode(collateral=collateral, hedge=hedge, kind=kind or ""), tuple(problems)


def _hedge(raw: bytes | str, account: AccountKey) -> bool | None:
    said = optional(result(raw, _PositionMode, account.venue, "position mode").positionMode)
    return None if said is None else {0.0: False, 1.0: True}.get(said)


def _fee(row: _FeeRow) -> tuple[str, float]:
    return word("symbol", row.symbol), finite("takerFeeRate", row.takerFeeRate)


def _settings(raws: Iterable[bytes | str], account: AccountKey) -> tuple[SymbolConfig, ...]:
    found: dict[Symbol, bool] = {}
    for raw in raws:
        for row in each(rows(raw, account.venue, "positions"), PositionRow, lambda row: row, "position", None):
            if row.symbol and row.autoDeposit is not None and optional(row.currentQty):
                # Each side of a hedge has its own: nothing is said to be topped up that is not.
                found[row.symbol] = found.get(row.symbol, True) and row.autoDeposit
    return tuple(SymbolConfig(symbol=symbol, auto_add_margin=adds) for symbol, adds in found.items())


def classic_snapshot(
    positions_raw: bytes | str,
    overview_raws: Iterable[bytes | str],
    order_raws: Iterable[bytes | str],
    account: AccountKey,
    asked: float,
    received: float,
    *,
    bad_rows: list[RowProblem] | None = None,
) -> AccountSnapshot:
    """A classic futures account whole: positions, account-overview of each currency, all pages of active orders.

    MalformedAnswer if an answer is not what it should be. What backs cross positions stands in no field: it is the
    wallet less the margins of isolated positions and orders, and less what is frozen.
    """
    bad: list[RowProblem] = [] if bad_rows is None else bad_rows
    before = len(bad)
    raws = rows(positions_raw, account.venue, "positions")
    held = [
        (row, one) for row, one in each(raws, PositionRow, lambda row: (row, position(row)), "position", bad) if one
    ]
    positions = [one for _, one in held]
    order_rows = [row for raw in order_raws for row in rows(raw, account.venue, "orders")]
    resting = [(row, one) for row, one in each(order_rows, OrderRow, lambda row: (row, order(row)), "order", bad)]
    orders = [one for _, one in resting if one.quantity]
    taken = _taken(held)
    overviews = [result(raw, msgspec.Raw, account.venue, "account overview") for raw in overview_raws]
    balances = each(overviews, _Overview, lambda row: _balance(row, taken, resting), "balance", bad)
    return _snapshot(account, positions, balances, orders, VenueAccount(), asked, received, bad[before:])


def _taken(held: Iterable[tuple[PositionRow, Position]]) -> dict[Asset | None, float | None]:
    """What isolated positions hold of each currency; None where one of them does not say how much. Under None is what
    is held of nobody knows which.
    """
    taken: dict[Asset | None, float | None] = {}
    for row, one in held:
        if one.margin_mode is MarginMode.ISOLATED:
            before, margin = taken.get(one.margin_asset, 0.0), optional(row.posMargin)
            taken[one.margin_asset] = None if before is None or margin is None else before + margin
    return taken


def _balance(
    row: _Overview, taken: Mapping[Asset | None, float | None], resting: list[tuple[OrderRow, Order]]
) -> Balance:
    asset, wallet = asset_of(word("currency", row.currency)), finite("marginBalance", row.marginBalance)
    frozen, isolated = amount(row.frozenFunds), None if None in taken else taken.get(asset, 0.0)
    apart = _isolated_orders(amount(row.orderMargin), asset, resting)
    equity = optional(row.accountEquity)
    return Balance(
        asset=asset,
        wallet=wallet,
        cross_wallet=None if isolated is None else wallet - isolated - apart - frozen,
        venue_equity=equity,
        venue_ratio=optional(row.riskRatio),
        available=optional(row.availableBalance),
        frozen=frozen,
        withdrawable=optional(row.maxWithdrawAmount),
    )


def _isolated_orders(whole: float, asset: Asset, resting: list[tuple[OrderRow, Order]]) -> float:
    """How much of the margin of all orders is that of isolated ones; nobody tells the two apart.

    By value and leverage, or by the share of these in those of all orders, whichever is more; where neither can be
    told, all of it. That leaves less to back what is held.
    """
    margins: dict[bool, list[float | None]] = {True: [], False: []}
    for row, one in resting:
        if one.margin_asset in (asset, None) and not one.reduce_only and one.quantity:
            value = optional_positive(row.value)
            margin = None if value is None else value / (one.leverage or 1.0)
            margins[one.margin_mode is not MarginMode.CROSS].append(margin)
    isolated, cross = margins[True], margins[False]
    if not isolated or not cross:
        return whole if isolated or not cross else 0.0
    known = [one for one in (*isolated, *cross) if one is not None]
    if len(known) < len(isolated) + len(cross):
        return whole
    # Cross orders need not have all the margin that their values tell: what closes something has none.
    alone = sum(known[: len(isolated)])
    return max(whole * alone / sum(known), min(whole, alone))


def unified_snapshot(
    overview_raw: bytes | str,
    balance_raw: bytes | str | None,
    position_raws: Iterable[bytes | str],
    order_raws: Iterable[bytes | str],
    account: AccountKey,
    asked: float,
    received: float,
    *,
    bad_rows: list[RowProblem] | None = None,
) -> AccountSnapshot:
    """A unified account whole: its overview, balance, open positions, and all pages of open orders."""
    bad: list[RowProblem] = [] if bad_rows is None else bad_rows
    before = len(bad)
    said = result(overview_raw, _UnifiedOverview, account.venue, "account overview")
    held = [row for raw in position_raws for row in rows(raw, account.venue, "positions")]
    positions = [
        one for one in each(held, UnifiedPositionRow, rows_unified.position, "position", bad) if one is not None
    ]
    resting = [row for raw in order_raws for row in rows(raw, account.venue, "orders")]
    orders = [one for one in each(resting, UnifiedOrderRow, rows_unified.order, "order", bad) if one.quantity]
    balances: list[Balance] = []
    if balance_raw is not None:
        purse = result(balance_raw, _UnifiedBalance, account.venue, "account balance")
        at = instant(purse.ts)
        coins = [row for one in purse.accounts for row in one.currencies]
        balances = each(coins, CoinRow, lambda row: rows_unified.balance(row, at), "balance", bad)
    venue = VenueAccount(
        equity=optional(said.adjustedEquity),
        maintenance_margin=optional(said.mm),
        initial_margin=optional(said.im),
        ratio=optional(said.riskRatio),
        available=optional(said.availableMargin),
    )
    return _snapshot(account, positions, balances, orders, venue, asked, received, bad[before:])


def _snapshot(
    account: AccountKey,
    positions: list[Position],
    balances: list[Balance],
    orders: list[Order],
    venue: VenueAccount,
    asked: float,
    received: float,
    bad: list[RowProblem],
) -> AccountSnapshot:
    problems = [*in_words(bad)]
    problems += twice("balance", [one.asset for one in balances])
    problems += twice("position", [f"{one.symbol} {one.side}" for one in positions])
    marks = {one.symbol: one.venue.mark_price for one in positions}
    return AccountSnapshot(
        account=account,
        positions=tuple(positions),
        balances=tuple(balances),
        asked=asked,
        received=received,
        venue=venue,
        marks=tuple((symbol, mark) for symbol, mark in marks.items() if mark is not None),
        problems=tuple(problems),
        orders=tuple({one.id: one for one in orders}.values()),
    )


_READS = frozenset({"General"})
_MOVES = frozenset({"Transfer", "InnerTransfer", "FlexTransfers"})
_LEAVES = frozenset({"Withdrawal", "Withdraw"})


def permissions(raw: bytes | str, account: AccountKey, received: float) -> PermissionsRead:
    """user/api-key: what the key may do. «General» only reads, «Withdrawal» lets money leave, «Transfer» too between
    accounts; whatever else is named (Spot, Margin, Futures, Unified, a word to come) trades.
    """
    key = result(raw, _Key, account.venue, "api-key")
    if key.permission is None:
        raise MalformedAnswer(account.venue, "api-key", "no permission is named in it")
    named = {one.strip() for one in key.permission.split(",")} - {""}
    expires = optional(key.expiredAt)
    return PermissionsRead(
        account=account,
        permissions=Permissions(
            can_read=True,
            can_trade=bool(named - _READS - _MOVES - _LEAVES),
            can_withdraw=bool(named & _LEAVES),
            can_transfer=bool(named & _MOVES),
            ip_restricted=None if key.ipWhitelist is None else bool(key.ipWhitelist.strip()),
            expires=positive("expiredAt", expires) / 1000.0 if expires and expires > 0.0 else None,
        ),
        received=received,
    )
