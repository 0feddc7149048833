"""Answers of portfolio margin to events, that of retail and Pro: the account, its balances, its tables. Pure.

A balance's wallet is what is there of an asset in all three wallets (cross margin, USDⓈ-M, COIN-M) less what is owed of
it; the debt and its interest stand beside that. The venue's own field for cross margin means now the one and now the
other, and is not read.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from monitor.domain.accounts import AccountMode, Balance, CollateralMode, MarginMode, VenueAccount
from monitor.domain.events import (
    AccountConfig,
    AccountSnapshot,
    AssetTick,
    CollateralLoaded,
    VenueWarning,
    WarningKind,
)
from monitor.domain.frames import RowProblem
from monitor.domain.names import AccountKey, Asset, Venue
from monitor.domain.tables import CollateralTerms
from monitor.venues.binance.coinm_answers import position_mode
from monitor.venues.binance.position_rows import PositionsRead, read_positions
from monitor.venues.binance.reading import not_negative, rows, whole
from monitor.venues.fields import BadField, Loose, finite, optional, optional_seconds, positive, seconds
from monitor.venues.rows import each, in_words, twice

RETAIL, PRO, SPAN = "retail", "pro", "span"
KINDS = {"PM_1": PRO, "PM_2": RETAIL, "PM_3": SPAN}
"""The venue's word for its kinds of portfolio margin, in ours."""

NORMAL = "NORMAL"
FORCED = ("ACTIVE_LIQUIDATION", "FORCE_LIQUIDATION", "BANKRUPTED")
"""Its words for an account that is being liquidated; all others but the normal one warn."""

SAME = 0.005  #: by which equity over maintenance may miss the ratio beside them, before they are doubted


SAME_CUM = 1e-3  #: by which `cum` may miss what the tiers come to, in USD or as a ratio: it has four digits


class _AccountBody(msgspec.Struct, gc=False):
    uniMMR: Loose = None
    accountEquity: Loose = None
    actualEquity: Loose = None
    accountInitialMargin: Loose = None
    accountMaintMargin: Loose = None
    accountStatus: str | None = None
    accountType: str | None = None
    virtualMaxWithdrawAmount: Loose = None
    totalAvailableBalance: Loose = None
    totalMarginOpenLoss: Loose = None


class _BalanceRow(msgspec.Struct, gc=False):
    asset: str
    crossMarginFree: float
    crossMarginBorrowed: float
    umWalletBalance: float
    cmWalletBalance: float
    crossMarginLocked: Loose = None
    crossMarginInterest: Loose = None
    umUnrealizedPNL: Loose = None
    cmUnrealizedPNL: Loose = None
    optionEquity: Loose = None
    updateTime: Loose = None


def _account(raw: bytes | str, venue: Venue) -> _AccountBody:
    return whole(raw, _AccountBody, venue, "portfolio account")


def kind_of(account_raw: bytes | str, venue: Venue) -> str | None:
    """Which kind of portfolio margin an account is, None for one that we do not know. papi's answer names none."""
    said = _account(account_raw, venue).accountType
    return RETAIL if said is None else KINDS.get(said)


def config(
    account_raw: bytes | str, mode_raws: Sequence[bytes | str], account: AccountKey, asked: float, received: float
) -> AccountConfig:
    """Which kind of portfolio margin it is, and the position mode, from every answer with that flag.

    papi's account names no kind: it is retail's. Where the two futures differ, each position tells for itself.
    """
    kind = kind_of(account_raw, account.venue)
    flags = {position_mode(raw, account) for raw in mode_raws}
    hedge = next(iter(flags)) if len(flags) == 1 else None
    return AccountConfig(
        account=account,
        mode=AccountMode(
            collateral=None if kind is None else CollateralMode.PORTFOLIO,
            hedge=hedge,
            hedge_by_symbol=flags == {True, False},
            borrows=True,
            kind=kind or "",
        ),
        symbols=(),
        asked=asked,
        received=received,
        problems=() if kind else ("the kind of portfolio margin is not one that we know",),
    )


def snapshot(
    account_raw: bytes | str,
    balance_raw: bytes | str,
    um_risk_raw: bytes | str,
    cm_risk_raw: bytes | str,
    account: AccountKey,
    asked: float,
    received: float,
    bad_rows: list[RowProblem] | None = None,
) -> AccountSnapshot:
    """The account, its balances and the positions of both futures. All positions are cross.

    Pro: the two lists of positions are those of USDⓈ-M and of COIN-M themselves.
    """
    body = _account(account_raw, account.venue)
    bad: list[RowProblem] = [] if bad_rows is None else bad_rows
    balances = each(rows(balance_raw, account.venue, "portfolio balance"), _BalanceRow, _balance, "balance", bad)
    read = [_positions(raw, account.venue, bad) for raw in (um_risk_raw, cm_risk_raw)]
    positions = [position for one in read for position in one.positions]
    problems = [*in_words(bad), *(problem for one in read for problem in one.problems)]
    problems += twice("balance", [balance.asset for balance in balances])
    problems += twice("position", [f"{position.symbol} {position.side}" for position in positions])
    return AccountSnapshot(
        account=account,
        positions=tuple(positions),
        balances=tuple(row for row in balances if row.wallet or row.borrowed or row.interest or row.option_value),
        asked=asked,
        received=received,
        venue=_venue(body),
        marks=tuple(mark for one in read for mark in one.marks),
        problems=tuple(problems),
    )


def _positions(raw: bytes | str, venue: Venue, bad: list[RowProblem]) -> PositionsRead:
    return read_positions(rows(raw, venue, "positionRisk"), None, {}, bad, MarginMode.CROSS)


def _balance(row: _BalanceRow) -> Balance:
    if not row.asset:
        raise BadField("asset is empty")
    locked = 0.0 if row.crossMarginLocked is None else not_negative("crossMarginLocked", row.crossMarginLocked)
    futures = finite("umWalletBalance", row.umWalletBalance) + finite("cmWalletBalance", row.cmWalletBalance)
    profits = [optional(value) for value in (row.umUnrealizedPNL, row.cmUnrealizedPNL)]
    told = [profit for profit in profits if profit is not None]
    borrowed = not_negative("crossMarginBorrowed", row.crossMarginBorrowed)
    interest = 0.0 if row.crossMarginInterest is None else not_negative("crossMarginInterest", row.crossMarginInterest)
    return Balance(
        asset=row.asset,
        wallet=finite("crossMarginFree", row.crossMarginFree) + locked + futures - borrowed - interest,
        borrowed=borrowed,
        interest=interest,
        venue_cross_unrealized_pnl=sum(told) if told else None,
        frozen=locked,
        option_value=optional(row.optionEquity) or None,
        update_time=optional_seconds(row.updateTime),
    )


def _venue(body: _AccountBody) -> VenueAccount:
    """The account's own figures in USD. Without any maintenance its ratio is a number that stands for none."""
    maintenance, loss = optional(body.accountMaintMargin), optional(body.totalMarginOpenLoss)
    return VenueAccount(
        equity=_equity(body),
        maintenance_margin=maintenance,
        initial_margin=optional(body.accountInitialMargin),
        ratio=optional(body.uniMMR) if maintenance else None,
        order_loss=None if loss is None else -abs(loss),
        available=optional(body.totalAvailableBalance),
        withdrawable=optional(body.virtualMaxWithdrawAmount),
    )


def _equity(body: _AccountBody) -> float | None:
    """Equity after haircuts. The venue's documents print it and the one before haircuts in each other's place: where
    only the other one is what the ratio was formed with, that is it.
    """
    equity, actual = optional(body.accountEquity), optional(body.actualEquity)
    ratio, maintenance = optional(body.uniMMR), optional(body.accountMaintMargin)
    if equity is None or actual is None or not ratio or not maintenance:
        return equity
    with_ratio = ratio * maintenance
    fits, other_fits = (abs(one - with_ratio) <= SAME * abs(with_ratio) for one in (equity, actual))
    return actual if other_fits and not fits else equity


def status_warning(account_raw: bytes | str, account: AccountKey, received: float) -> VenueWarning | None:
    """What the account's status says of danger; None while it is normal, or not told."""
    status = _account(account_raw, account.venue).accountStatus
    if not status or status == NORMAL:
        return None
    return VenueWarning(
        account=account,
        kind=warning_kind(status),
        symbol=None,
        side=None,
        detail=f"the venue's status of the account is {status[:40]}",
        venue_time=received,
        received=received,
    )


def warning_kind(status: str) -> WarningKind:
    """Whether a status of theirs tells of a liquidation, or warns of one."""
    return WarningKind.LIQUIDATION if status in FORCED else WarningKind.MARGIN_CALL


class _RateStep(msgspec.Struct, gc=False):
    tierFloor: float
    collateralRate: float
    cum: Loose = None


class _RateRow(msgspec.Struct, gc=False):
    asset: str
    collateralRate: Loose = None
    collateralInfo: list[_RateStep] | None = None


def collateral(
    rates_raw: bytes | str, account: AccountKey, received: float, problems: list[RowProblem] | None = None
) -> CollateralLoaded:
    """collateralRate, flat (v1) or in tiers (v2): how each asset counts.

    Of a tier each further unit counts its rate; the venue's `cum` is what makes that the same as rate times the whole.
    An asset of which it is not is still taken so, and named in `problems`.
    """

    def made(row: _RateRow) -> tuple[Asset, CollateralTerms]:
        found = _terms(row)
        if problems is not None and not _adds_up(row):
            problems.append(RowProblem(f"rate {row.asset}", "cum does not make its tiers continuous: not counted"))
        return found

    found = each(rows(rates_raw, account.venue, "collateralRate"), _RateRow, made, "rate", problems)
    return CollateralLoaded(account.venue, account, tuple(found), received)


def _adds_up(row: _RateRow) -> bool:
    """Whether rate times the whole, and `cum`, is the same on both sides of each tier's floor."""
    steps = sorted(row.collateralInfo or (), key=lambda step: step.tierFloor)
    cum, rate = 0.0, steps[0].collateralRate if steps else 0.0
    for step in steps:
        cum, rate = cum + step.tierFloor * (rate - step.collateralRate), step.collateralRate
        told = optional(step.cum)
        if told is not None and abs(told - cum) > SAME_CUM * max(1.0, abs(cum)):
            return False
    return True


def _terms(row: _RateRow) -> tuple[Asset, CollateralTerms]:
    if not row.asset:
        raise BadField("asset is empty")
    tiers = [(0.0, finite("collateralRate", row.collateralRate))] if row.collateralInfo is None else _tiers(row)
    floors = [floor for floor, _ in tiers]
    if not tiers or floors[0] != 0.0 or floors != sorted(set(floors)):
        raise BadField("the tiers do not rise from 0")
    if not all(0.0 <= rate <= 1.0 for _, rate in tiers):
        raise BadField("a rate is not between 0 and 1")
    return row.asset, CollateralTerms(steps=tuple(tiers), by_value=True)


def _tiers(row: _RateRow) -> list[tuple[float, float]]:
    return sorted(
        (finite("tierFloor", step.tierFloor), finite("collateralRate", step.collateralRate))
        for step in row.collateralInfo or ()
    )


class _IndexRow(msgspec.Struct, gc=False):
    asset: str
    assetIndexPrice: float
    time: Loose = None


def asset_prices(
    raw: bytes | str, venue: Venue, received: float, problems: list[RowProblem] | None = None
) -> tuple[AssetTick, ...]:
    """asset-index-price: USD prices of assets, as portfolio margin values them."""

    def made(row: _IndexRow) -> AssetTick:
        if not row.asset:
            raise BadField("asset is empty")
        at = received if row.time is None else seconds("time", row.time)
        return AssetTick(venue, row.asset, positive("assetIndexPrice", row.assetIndexPrice), at, received)

    return tuple(each(rows(raw, venue, "asset-index-price"), _IndexRow, made, "index", problems))
