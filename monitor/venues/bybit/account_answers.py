"""An account's own answers to events: mode and fees, and the account whole. Pure.

Several answers make one snapshot: the wallet, positions of each category, resting orders of each category. They are
read one after the other; the session reads again where an event fell between them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import msgspec

from monitor.domain.accounts import AccountMode, Balance, CollateralMode, Order, Position, SymbolConfig, VenueAccount
from monitor.domain.errors import MalformedAnswer
from monitor.domain.events import AccountConfig, AccountSnapshot, AssetTick
from monitor.domain.frames import RowProblem
from monitor.domain.names import AccountKey, Symbol, Venue
from monitor.venues.bybit.answers import OPTION_FEES
from monitor.venues.bybit.reading import Rows, answered, result, rows
from monitor.venues.bybit.risk_answers import Risk
from monitor.venues.bybit.state_rows import (
    DERIVATIVES,
    CoinRow,
    OrderRow,
    PositionRow,
    balance,
    order,
    position,
)
from monitor.venues.fields import BadField, Loose, finite, optional, optional_seconds, word
from monitor.venues.rows import each, in_words, twice

MODES = {
    "ISOLATED_MARGIN": CollateralMode.ISOLATED,
    "REGULAR_MARGIN": CollateralMode.MULTI_ASSETS,
    "PORTFOLIO_MARGIN": CollateralMode.PORTFOLIO,
}
UNIFIED = (5, 6)  #: unifiedMarginStatus of UTA 2.0, and of its Pro; older accounts keep inverse contracts elsewhere
_SHOWN = 40


class _Info(msgspec.Struct, gc=False):
    marginMode: str | None = None
    unifiedMarginStatus: Loose = None


class _FeeRow(msgspec.Struct, gc=False):
    symbol: str | None = None
    baseCoin: str | None = None
    takerFeeRate: Loose = None


class _Totals(msgspec.Struct, gc=False):
    coin: list[msgspec.Raw]
    totalEquity: Loose = None
    totalWalletBalance: Loose = None
    totalPerpUPL: Loose = None
    totalMarginBalance: Loose = None
    totalAvailableBalance: Loose = None
    totalInitialMargin: Loose = None
    totalMaintenanceMargin: Loose = None
    accountMMRate: Loose = None


class _Withdrawal(msgspec.Struct, gc=False):
    availableWithdrawalMap: dict[str, Loose] | None = None


class _Wallet(msgspec.Struct, gc=False, rename={"accounts": "list"}):
    accounts: list[_Totals]


def account_config(
    info_raw: bytes | str,
    fee_raws: Iterable[bytes | str],
    account: AccountKey,
    asked: float,
    received: float,
    bad_rows: list[RowProblem] | None = None,
    position_raws: Iterable[bytes | str] = (),
) -> AccountConfig:
    """account/info and fee-rate of each category; from `position_raws` (position/list) what is set for symbols held.

    A mode that is not in the answer, or an account that is not a unified one of the second kind, has none: it is never
    guessed, and `problems` says why.
    """
    said = result(info_raw, _Info, account.venue, "account info")
    bad: list[RowProblem] = [] if bad_rows is None else bad_rows
    fees = [
        fee
        for raw in fee_raws
        for fee in each(rows(raw, account.venue, "fee-rate").rows, _FeeRow, _fee, "fee rate", bad)
    ]
    collateral, problems = _collateral(said)
    return AccountConfig(
        account=account,
        mode=AccountMode(collateral=collateral, hedge=False, hedge_by_symbol=True, borrows=True),
        symbols=_settings(position_raws, account.venue, bad),
        asked=asked,
        received=received,
        problems=(*problems, *in_words(bad)),
        fees=tuple(dict(fees).items()),
    )


def _collateral(said: _Info) -> tuple[CollateralMode | None, tuple[str, ...]]:
    status = optional(said.unifiedMarginStatus)
    if status is None:
        return None, ("the venue does not say what kind of account this is",)
    if status not in UNIFIED:
        why = f"not a unified trading account 2.0 (status {status:g}): its inverse contracts are held elsewhere"
        return None, (why,)
    mode = MODES.get(said.marginMode or "")
    if mode is None:
        return None, (f"the margin mode «{(said.marginMode or '')[:_SHOWN]}» is none that we know",)
    return mode, ()


def _fee(row: _FeeRow) -> tuple[str, float]:
    # Options have no symbol but a base coin; contracts have a base coin of "".
    group = row.symbol or (OPTION_FEES + word("baseCoin", row.baseCoin))
    return group, finite("takerFeeRate", row.takerFeeRate)


def _settings(raws: Iterable[bytes | str], venue: Venue, bad: list[RowProblem]) -> tuple[SymbolConfig, ...]:
    found: dict[Symbol, SymbolConfig] = {}
    for raw in raws:
        for row in each(rows(raw, venue, "position").rows, PositionRow, lambda row: row, "position setting", bad):
            said = optional(row.autoAddMargin)
            adds = None if said is None else {0.0: False, 1.0: True}.get(said)
            leverage = optional(row.leverage) or None
            # Each leg of a hedge has a row; where their settings differ there is no one for the symbol.
            before = found.get(row.symbol, SymbolConfig(symbol=row.symbol, leverage=leverage, auto_add_margin=adds))
            found[row.symbol] = SymbolConfig(
                symbol=row.symbol,
                leverage=leverage if before.leverage == leverage else None,
                auto_add_margin=adds if before.auto_add_margin is adds else None,
            )
    return tuple(found.values())


def tier_changes(position_raws: Iterable[bytes | str], venue: Venue) -> dict[Symbol, float]:
    """position/list: when the venue changed the tiers under what is held, or is going to (its clock, seconds)."""
    found: dict[Symbol, float] = {}
    for raw in position_raws:
        for row in each(rows(raw, venue, "position").rows, PositionRow, lambda row: row, "position", None):
            at = optional_seconds(row.mmrSysUpdatedTime)
            if at is not None:
                found[row.symbol] = max(at, found.get(row.symbol, 0.0))
    return found


def account_snapshot(
    wallet_raw: bytes | str,
    position_raws: Iterable[bytes | str],
    order_raws: Iterable[bytes | str],
    account: AccountKey,
    asked: float,
    received: float,
    *,
    risk: Risk | None = None,
    withdrawal_raws: Iterable[bytes | str] = (),
    bad_rows: list[RowProblem] | None = None,
) -> AccountSnapshot:
    """An account whole: one wallet-balance, and position/list and order/realtime of every category with all pages.

    `risk` is the last reading of the scenarios (portfolio margin), `withdrawal_raws` what may leave (withdrawal). Rows
    that cannot be read are named in `problems` and put into `bad_rows`. Empty legs are no positions. MalformedAnswer if
    an answer is not what it should be.
    """
    venue = account.venue
    totals = _totals(wallet_raw, venue)
    bad: list[RowProblem] = [] if bad_rows is None else bad_rows
    balances = _leaving(each(totals.coin, CoinRow, balance, "balance", bad), withdrawal_raws, venue)
    positions = [one for raw in position_raws for one in _positions(rows(raw, venue, "position"), bad)]
    orders = [one for raw in order_raws for one in _orders(rows(raw, venue, "order"), bad)]
    problems = list(in_words(bad))
    problems += twice("balance", [one.asset for one in balances])
    problems += twice("position", [f"{one.symbol} {one.side}" for one in positions])
    marks = {one.symbol: one.venue.mark_price for one in positions}
    return AccountSnapshot(
        account=account,
        positions=tuple(positions),
        balances=tuple(balances),
        asked=asked,
        received=received,
        venue=_figures(totals, balances, risk),
        marks=tuple((symbol, mark) for symbol, mark in marks.items() if mark is not None),
        problems=tuple(problems),
        orders=tuple({one.id: one for one in orders}.values()),
    )


def wallet_prices(wallet_raw: bytes | str, venue: Venue, received: float) -> tuple[AssetTick, ...]:
    """wallet-balance: at which USD prices the venue counted the coins; the only place that has one of USDT."""
    at = answered(wallet_raw, venue, "wallet-balance")
    if at is None:
        return ()
    balances = each(_totals(wallet_raw, venue).coin, CoinRow, balance, "balance", None)
    return tuple(AssetTick(venue, one.asset, one.price_usd, at, received) for one in balances if one.price_usd)


def _totals(raw: bytes | str, venue: Venue) -> _Totals:
    accounts = result(raw, _Wallet, venue, "wallet-balance").accounts
    if len(accounts) != 1:
        raise MalformedAnswer(venue, "wallet-balance", f"{len(accounts)} accounts where one was asked for")
    return accounts[0]


def _positions(answer: Rows, bad: list[RowProblem]) -> list[Position]:
    def made(row: PositionRow) -> Position | None:
        return position(row, _category(row.category, answer))

    return [one for one in each(answer.rows, PositionRow, made, "position", bad) if one is not None]


def _orders(answer: Rows, bad: list[RowProblem]) -> list[Order]:
    def made(row: OrderRow) -> Order | None:
        return order(row) if _category(row.category, answer) in DERIVATIVES else None

    return [one for one in each(answer.rows, OrderRow, made, "order", bad) if one is not None and one.quantity]


def _category(of_row: str | None, answer: Rows) -> str:
    category = of_row or answer.category
    if not category:
        raise BadField("nothing tells linear from inverse")
    return category


def _figures(totals: _Totals, balances: list[Balance], risk: Risk | None) -> VenueAccount:
    """The account's totals. In isolated mode they mean nothing (the venue's own words), and nobody asks for them."""
    balance_usd, initial = optional(totals.totalMarginBalance), optional(totals.totalInitialMargin)
    available = optional(totals.totalAvailableBalance)
    haircut = None
    if balance_usd is not None and initial is not None and available is not None and available > 0.0:
        haircut = max(0.0, balance_usd - initial - available)
    return VenueAccount(
        equity=_without_options(balance_usd, totals, balances),
        maintenance_margin=optional(totals.totalMaintenanceMargin),
        initial_margin=initial,
        ratio=optional(totals.accountMMRate),
        haircut=haircut,
        available=available,
        withdrawable=_leaves_for_sure(balances),
        risk_units=() if risk is None else risk.units,
        risk_asked=None if risk is None else risk.asked,
    )


def _without_options(balance_usd: float | None, totals: _Totals, balances: Iterable[Balance]) -> float | None:
    """The margin balance without what options are worth: two documents differ on whether portfolio margin's holds it,
    and the wallet's own sum of balance and profit tells.
    """
    wallet, profit = optional(totals.totalWalletBalance), optional(totals.totalPerpUPL)
    if balance_usd is None or wallet is None or profit is None:
        return balance_usd
    options = sum((one.option_value or 0.0) * (one.price_usd or 0.0) for one in balances)
    beside = balance_usd - wallet - profit
    agrees = abs(beside - options) <= 1e-6 * abs(balance_usd) < abs(options)
    return wallet + profit if agrees else balance_usd


def _leaving(balances: list[Balance], raws: Iterable[bytes | str], venue: Venue) -> list[Balance]:
    """The coins with what the venue says may leave of each; None of those that it does not tell of.

    `availableToWithdraw` of the wallet itself is not filled any more.
    """
    told = {
        asset: amount
        for raw in raws
        for asset, said in (result(raw, _Withdrawal, venue, "withdrawal").availableWithdrawalMap or {}).items()
        if (amount := optional(said)) is not None and amount >= 0.0
    }
    return [replace(one, withdrawable=told.get(one.asset)) for one in balances]


def _leaves_for_sure(balances: Iterable[Balance]) -> float | None:
    """What may leave the account in USD where all coins back one pool: the one of most worth.

    The venue reckons each coin as if it alone left, so that not all of them may. None where nothing was said, or no
    price of what may leave is known.
    """
    said = [(one.withdrawable, one.price_usd) for one in balances if one.withdrawable is not None]
    worths = [amount * price if price is not None else None for amount, price in said if amount]
    known = [usd for usd in worths if usd is not None]
    if not said or (worths and not known):
        return None
    return max(known, default=0.0)
