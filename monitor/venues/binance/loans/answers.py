"""Answers of spot margin to events: the cross account, pairs' wallets, index prices and the tables of both. Pure.

A balance's wallet is what is there of an asset, free and locked, less what is owed of it; the debt and its interest
stand beside that. So a loan that is taken or paid back changes the debt and not the wallet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from monitor.domain.accounts import AccountMode, CollateralMode, VenueAccount
from monitor.domain.errors import MalformedAnswer
from monitor.domain.events import AccountConfig, AccountSnapshot, AssetTick, CollateralLoaded
from monitor.domain.frames import RowProblem
from monitor.domain.names import AccountKey, Asset, Venue
from monitor.domain.tables import CollateralTerms
from monitor.domain.tiers import Tier, TierTable
from monitor.venues.binance.loans.isolated import (
    AssetRow,
    balance_of,
    isolated_config,
    isolated_prices,
    isolated_snapshot,
    isolated_tiers,
    isolated_warnings,
    level_of,
)
from monitor.venues.binance.loans.pairs import dollar_price
from monitor.venues.binance.reading import rows, whole
from monitor.venues.fields import BadField, Loose, finite, optional, positive, seconds
from monitor.venues.rows import each, in_words, twice

__all__ = [
    "cross_collateral",
    "cross_config",
    "cross_snapshot",
    "isolated_config",
    "isolated_prices",
    "isolated_snapshot",
    "isolated_tiers",
    "isolated_warnings",
    "price_index",
]

CLASSIC, PRO = "classic", "pro"
KINDS = {"MARGIN_1": CLASSIC, "MARGIN_2": PRO}
"""The venue's word for its two kinds of cross account, in ours."""


class _CrossBody(msgspec.Struct, gc=False):
    userAssets: list[msgspec.Raw]
    accountType: str | None = None
    marginLevel: Loose = None
    totalOpenOrderLossInUSDT: Loose = None


def cross_config(account_raw: bytes | str, account: AccountKey, asked: float, received: float) -> AccountConfig:
    """margin/account: which kind of cross account it is. A kind that we do not know makes the account unknown."""
    said = whole(account_raw, _CrossBody, account.venue, "margin/account").accountType
    kind = KINDS.get(said or "")
    return AccountConfig(
        account=account,
        mode=AccountMode(
            collateral=None if kind is None else CollateralMode.SPOT, hedge=False, borrows=True, kind=kind or ""
        ),
        symbols=(),
        asked=asked,
        received=received,
        problems=() if kind else (f"the kind of cross margin account is unknown: «{(said or '')[:20]}»",),
    )


def cross_snapshot(
    account_raw: bytes | str,
    account: AccountKey,
    asked: float,
    received: float,
    bad_rows: list[RowProblem] | None = None,
) -> AccountSnapshot:
    """margin/account: what is there and what is owed, asset by asset. What is neither is left out.

    The venue's level is its ratio; what open orders would lose (USDT) is the account's order loss (<= 0).
    """
    body = whole(account_raw, _CrossBody, account.venue, "margin/account")
    bad: list[RowProblem] = [] if bad_rows is None else bad_rows
    balances = [
        row
        for row in each(body.userAssets, AssetRow, balance_of, "asset", bad)
        if row.wallet or row.borrowed or row.interest
    ]
    loss = optional(body.totalOpenOrderLossInUSDT)
    return AccountSnapshot(
        account=account,
        positions=(),
        balances=tuple(balances),
        asked=asked,
        received=received,
        venue=VenueAccount(ratio=level_of(body.marginLevel), order_loss=None if loss is None else -abs(loss)),
        problems=(*in_words(bad), *twice("balance", [row.asset for row in balances])),
    )


class _CollateralStep(msgspec.Struct, gc=False):
    minUsdValue: float
    discountRate: float


class _CollateralRow(msgspec.Struct, gc=False):
    collaterals: list[_CollateralStep]
    assetNames: list[str]


class _LoanBracket(msgspec.Struct, gc=False):
    maxDebt: float
    maintenanceMarginRate: float
    initialMarginRate: Loose = None
    fastNum: Loose = None


class _LoanRow(msgspec.Struct, gc=False):
    assetNames: list[str]
    brackets: list[_LoanBracket]


def cross_collateral(
    collateral_ratio_raw: bytes | str,
    leverage_bracket_raw: bytes | str | None,
    account: AccountKey,
    received: float,
    problems: list[RowProblem] | None = None,
) -> CollateralLoaded:
    """crossMarginCollateralRatio and margin/leverageBracket: how each asset counts, and what a debt in it requires.

    All steps are in USD of value. Only Pro counts by them; assets that the second table alone names count nothing.
    """
    steps: dict[Asset, tuple[tuple[float, float], ...]] = {}
    for names, found in each(
        rows(collateral_ratio_raw, account.venue, "crossMarginCollateralRatio"),
        _CollateralRow,
        lambda row: (row.assetNames, _steps(row.collaterals)),
        "collateral",
        problems,
    ):
        steps |= dict.fromkeys(names, found)
    loans: dict[Asset, tuple[TierTable, float | None]] = {}
    brackets = [] if leverage_bracket_raw is None else rows(leverage_bracket_raw, account.venue, "leverageBracket")
    for names, table in each(brackets, _LoanRow, lambda row: (row.assetNames, _table(row)), "loan", problems):
        loans |= dict.fromkeys(names, table)
    terms: list[tuple[Asset, CollateralTerms]] = []
    for asset in sorted(steps.keys() | loans.keys()):
        borrow, initial = loans.get(asset, (None, None))
        counts = steps.get(asset, ((0.0, 0.0),))
        terms.append((asset, CollateralTerms(steps=counts, by_value=True, borrow=borrow, borrow_initial_rate=initial)))
    return CollateralLoaded(account.venue, account, tuple(terms), received)


def _steps(rows_of_asset: Sequence[_CollateralStep]) -> tuple[tuple[float, float], ...]:
    made: list[tuple[float, float]] = []
    for row in sorted(rows_of_asset, key=lambda one: one.minUsdValue):
        floor, rate = finite("minUsdValue", row.minUsdValue), finite("discountRate", row.discountRate)
        if not 0.0 <= rate <= 1.0 or (floor != 0.0 if not made else floor <= made[-1][0]):
            raise BadField("the steps do not rise from 0, or a rate is not between 0 and 1")
        made.append((floor, rate))
    if not made:
        raise BadField("no steps")
    return tuple(made)


def _table(row: _LoanRow) -> tuple[TierTable, float | None]:
    """Tiers of a debt by its value: `maxDebt` is where one ends, `fastNum` what it takes off."""
    made: list[Tier] = []
    floor = 0.0
    brackets = sorted(row.brackets, key=lambda one: one.maxDebt)
    for bracket in brackets:
        rate = finite("maintenanceMarginRate", bracket.maintenanceMarginRate)
        end = positive("maxDebt", bracket.maxDebt)
        if not 0.0 < rate <= 1.0 or end <= floor:
            raise BadField("the brackets do not rise, or a rate is not between 0 and 1")
        made.append(Tier(floor, rate, 0.0 if bracket.fastNum is None else finite("fastNum", bracket.fastNum)))
        floor = end
    if not made:
        raise BadField("no brackets")
    return TierTable(tuple(made), cap=floor), optional(brackets[0].initialMarginRate)


class _PriceIndex(msgspec.Struct, gc=False):
    symbol: str
    price: float
    calcTime: float


def price_index(
    raw: bytes | str, venue: Venue, received: float, dollars: Mapping[Asset, float] | None = None
) -> AssetTick | None:
    """margin/priceIndex of a pair: the price of its base in USD; None where that of its quote is not known.

    `dollars` are USD prices of quotes; a stablecoin that is not among them counts 1.
    """
    read = whole(raw, _PriceIndex, venue, "priceIndex")
    try:
        price, at = positive("price", read.price), seconds("calcTime", read.calcTime)
    except BadField as error:
        raise MalformedAnswer(venue, "priceIndex", str(error)) from None
    found = dollar_price(read.symbol, price, dollars or {})
    return None if found is None else AssetTick(venue, found[0], found[1], at, received)
