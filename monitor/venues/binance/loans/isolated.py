"""Answers of isolated spot margin to events: each pair is a purse of its own. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from monitor.domain.accounts import AccountMode, Balance, CollateralMode, VenueAccount, Wallet
from monitor.domain.events import (
    AccountConfig,
    AccountSnapshot,
    AssetTick,
    TiersLoaded,
    VenueWarning,
    WarningKind,
)
from monitor.domain.frames import RowProblem
from monitor.domain.lines import NEVER, Line, State
from monitor.domain.names import AccountKey, Asset, Symbol, Venue
from monitor.domain.tables import LoanTier
from monitor.venues.binance.loans.pairs import dollar_price
from monitor.venues.binance.reading import not_negative, rows, whole
from monitor.venues.fields import BadField, Loose, finite, optional, optional_positive, positive
from monitor.venues.rows import each, in_words, twice

_SHOWN = 40  #: how much of a venue's word is kept


NO_LEVEL = 999.0
"""Printed where there is no debt, and where the level is as high as that or higher."""


class _Body(msgspec.Struct, gc=False):
    assets: list[msgspec.Raw]
    totalLiabilityOfBtc: Loose = None


class AssetRow(msgspec.Struct, gc=False):
    """What is there and what is owed of one asset, in any account of spot margin."""

    asset: str
    free: float
    locked: Loose = None
    borrowed: Loose = None
    interest: Loose = None


class _PairRow(msgspec.Struct, gc=False):
    symbol: str
    baseAsset: AssetRow
    quoteAsset: AssetRow
    marginLevel: Loose = None
    marginLevelStatus: str | None = None
    marginRatio: Loose = None
    indexPrice: Loose = None
    liquidatePrice: Loose = None


def isolated_config(account_raw: bytes | str, account: AccountKey, asked: float, received: float) -> AccountConfig:
    """isolated/account: that it is one is all there is to know of it."""
    whole(account_raw, _Body, account.venue, "isolated/account")
    return AccountConfig(
        account=account,
        mode=AccountMode(collateral=CollateralMode.ISOLATED, hedge=False, borrows=True),
        symbols=(),
        asked=asked,
        received=received,
    )


def isolated_snapshot(
    account_raw: bytes | str,
    account: AccountKey,
    asked: float,
    received: float,
    bad_rows: list[RowProblem] | None = None,
) -> AccountSnapshot:
    """isolated/account: a wallet a pair that holds or owes anything, with the venue's level, price and index.

    The index prices are also the marks of the pairs, so that the venue's lines are compared where it computed them.
    """
    body = whole(account_raw, _Body, account.venue, "isolated/account")
    bad: list[RowProblem] = [] if bad_rows is None else bad_rows
    found = each(body.assets, _PairRow, _wallet, "pair", bad)
    wallets = [one for one in found if any(row.wallet or row.borrowed or row.interest for row in one.balances.values())]
    return AccountSnapshot(
        account=account,
        positions=(),
        balances=(),
        asked=asked,
        received=received,
        marks=tuple((one.name, one.index_price) for one in wallets if one.index_price is not None),
        problems=(
            *in_words(bad),
            *twice("pair", [one.name for one in wallets]),
            *_none_listed(body, [row for one in wallets for row in one.balances.values()]),
        ),
        wallets=tuple(wallets),
    )


def _none_listed(body: _Body, listed: list[Balance]) -> tuple[str, ...]:
    owed = optional(body.totalLiabilityOfBtc) or 0.0
    if owed <= 0.0 or any(row.borrowed or row.interest for row in listed):
        return ()
    return (f"the venue counts debts worth {owed:g} BTC and lists none",)


def level_of(printed: Loose) -> float | None:
    """A margin level; None where it was not told, or is the word for none: 0, or 999, which any higher one is, too."""
    level = optional(printed)
    return level if level is not None and 0.0 < level < NO_LEVEL else None


def _wallet(row: _PairRow) -> Wallet:
    if not row.symbol:
        raise BadField("symbol is empty")
    base, quote = balance_of(row.baseAsset), balance_of(row.quoteAsset)
    if base.asset == quote.asset or base.asset + quote.asset != row.symbol:
        raise BadField("the two assets do not spell the pair")
    index = optional_positive(row.indexPrice)
    return Wallet(
        name=row.symbol,
        balances={base.asset: base, quote.asset: quote},
        venue=VenueAccount(ratio=level_of(row.marginLevel)),
        symbol=row.symbol,
        index_price=index,
        liquidation=_printed(row.liquidatePrice, index),
        multiple=optional_positive(row.marginRatio),
    )


def balance_of(row: AssetRow) -> Balance:
    """The balance; BadField where a number cannot be read: an account that owed nothing would be safe."""
    if not row.asset:
        raise BadField("asset is empty")
    locked, borrowed, interest = (
        0.0 if value is None else not_negative(name, value)
        for name, value in (("locked", row.locked), ("borrowed", row.borrowed), ("interest", row.interest))
    )
    return Balance(
        asset=row.asset,
        wallet=finite("free", row.free) + locked - borrowed - interest,
        borrowed=borrowed,
        interest=interest,
        frozen=locked,
    )


def _printed(text: Loose, index: float | None) -> Line:
    """«0» says that no price liquidates the pair; nothing there, or no number, is no answer."""
    price = optional(text)
    if price is None:
        return Line.unknown("not in the venue's answer")
    if price <= 0.0:
        return NEVER
    return Line(State.AT, price, abs(price - index) / index if index else None)


CALM = ("EXCESSIVE", "NORMAL")
FORCED = "FORCE_LIQUIDATION"
"""The venue's words for a level that worries nobody, and for one that ends the loan; all others warn."""


def level_warning(
    status: str | None, level: Loose, symbol: Symbol | None, account: AccountKey, at: float, received: float
) -> VenueWarning | None:
    """What the venue's state of a margin level says of danger; None while it is calm."""
    if status in CALM:
        return None
    number = optional(level)
    return VenueWarning(
        account=account,
        kind=WarningKind.LIQUIDATION if status == FORCED else WarningKind.MARGIN_CALL,
        symbol=symbol,
        side=None,
        detail=f"margin level{'' if number is None else f' {number:g}'}: {(status or 'no word')[:_SHOWN]}",
        venue_time=at,
        received=received,
    )


def isolated_warnings(account_raw: bytes | str, account: AccountKey, received: float) -> tuple[VenueWarning, ...]:
    """isolated/account: what the states of its pairs' levels warn of. No stream tells of these pairs."""
    body = whole(account_raw, _Body, account.venue, "isolated/account")
    told = [row for row in each(body.assets, _PairRow, lambda one: one, "pair", None) if row.marginLevelStatus]
    found = [
        level_warning(row.marginLevelStatus, row.marginLevel, row.symbol, account, received, received) for row in told
    ]
    return tuple(one for one in found if one is not None)


def isolated_prices(
    account_raw: bytes | str, venue: Venue, received: float, dollars: Mapping[Asset, float] | None = None
) -> tuple[AssetTick, ...]:
    """isolated/account: the USD prices of bases that its index prices tell, stamped with their receipt.

    `dollars` are USD prices of quotes; a stablecoin that is not among them counts 1.
    """
    body = whole(account_raw, _Body, venue, "isolated/account")
    return tuple(AssetTick(venue, asset, price, received, received) for asset, price in _told(body, dollars or {}))


def _told(body: _Body, dollars: Mapping[Asset, float]) -> Iterator[tuple[Asset, float]]:
    for row in each(body.assets, _PairRow, lambda one: one, "pair", None):
        index = optional_positive(row.indexPrice)
        found = None if index is None else dollar_price(row.symbol, index, dollars)
        if found is not None:
            yield found


class _TierRow(msgspec.Struct, gc=False):
    symbol: str
    tier: int
    effectiveMultiple: float
    liquidationRiskRatio: float
    initialRiskRatio: Loose = None
    baseAssetMaxBorrowable: Loose = None
    quoteAssetMaxBorrowable: Loose = None


def isolated_tiers(
    raws: Mapping[Symbol, bytes], account: AccountKey, received: float, problems: list[RowProblem] | None = None
) -> TiersLoaded:
    """isolatedMarginTier, asked pair by pair: up to which debts each tier goes, and at which level it is liquidated.

    A pair of which the venue tells no tier that can be read stands there with none.
    """
    loans: list[tuple[Symbol, tuple[LoanTier, ...]]] = []
    for symbol, raw in sorted(raws.items()):
        found = each(rows(raw, account.venue, "isolatedMarginTier"), _TierRow, lambda row: row, "tier", problems)
        own: list[LoanTier] = []
        for row in sorted(found, key=lambda one: one.tier):
            try:
                own.append(_tier(row, symbol))
            except BadField as error:
                if problems is not None:
                    problems.append(RowProblem(f"tier {row.tier} of {symbol}", str(error)))
        loans.append((symbol, tuple(own)))
    return TiersLoaded(account.venue, account, (), received, loans=tuple(loans))


def _tier(row: _TierRow, symbol: Symbol) -> LoanTier:
    if row.symbol != symbol:
        raise BadField("it is that of another pair")
    level = positive("liquidationRiskRatio", row.liquidationRiskRatio)
    if level <= 1.0:
        raise BadField("liquidationRiskRatio is not above 1")
    return LoanTier(
        multiple=positive("effectiveMultiple", row.effectiveMultiple),
        liquidation_level=level,
        base_cap=optional_positive(row.baseAssetMaxBorrowable),
        quote_cap=optional_positive(row.quoteAssetMaxBorrowable),
        initial_level=optional_positive(row.initialRiskRatio),
    )
