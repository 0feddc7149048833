"""An account's own answers to events: balances, positions, modes. Pure.

Two answers make a snapshot: `account` (v3, or v2) holds the wallets, `positionRisk` (v3, or v2) the positions with
entry, mark, liquidation price and maintenance. They are read one after the other, so each position is compared: where
they differ the snapshot says so in `problems`, and is read again.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from monitor.domain.accounts import AccountMode, Balance, CollateralMode, SymbolConfig, VenueAccount
from monitor.domain.events import AccountConfig, AccountSnapshot
from monitor.domain.frames import RowProblem
from monitor.domain.names import AccountKey, Symbol
from monitor.venues.binance.position_rows import held_rows, read_positions
from monitor.venues.binance.reading import rows, whole
from monitor.venues.binance.user_events import MARGIN_MODES
from monitor.venues.fields import (
    BadField,
    Loose,
    finite,
    optional,
    optional_positive,
    optional_seconds,
)
from monitor.venues.rows import each, in_words, twice


class _ConfigBody(msgspec.Struct, gc=False):
    multiAssetsMargin: bool | None = None
    dualSidePosition: bool | None = None


class _ConfigRow(msgspec.Struct, gc=False):
    symbol: str
    marginType: str | None = None
    isAutoAddMargin: bool | None = None
    leverage: Loose = None
    maxNotionalValue: Loose = None


class _AccountBody(msgspec.Struct, gc=False):
    assets: list[msgspec.Raw]
    positions: list[msgspec.Raw] | None = None
    totalMarginBalance: Loose = None
    totalMaintMargin: Loose = None
    totalInitialMargin: Loose = None
    maxWithdrawAmount: Loose = None


class _AssetRow(msgspec.Struct, gc=False):
    asset: str
    walletBalance: float
    crossWalletBalance: Loose = None
    crossUnPnl: Loose = None
    maintMargin: Loose = None
    initialMargin: Loose = None
    marginBalance: Loose = None
    availableBalance: Loose = None
    maxWithdrawAmount: Loose = None
    updateTime: Loose = None


def account_config(
    account_config_raw: bytes | str,
    symbol_config_raw: bytes | str | None,
    account: AccountKey,
    asked: float,
    received: float,
    bad_rows: list[RowProblem] | None = None,
) -> AccountConfig:
    """accountConfig and symbolConfig: the modes, and what the user set for each symbol.

    A mode that is not in the answer is None, and is never guessed. Rows that cannot be read are put into `bad_rows`.
    """
    said = whole(account_config_raw, _ConfigBody, account.venue, "accountConfig")
    bad: list[RowProblem] = [] if bad_rows is None else bad_rows
    symbols: list[SymbolConfig] = []
    if symbol_config_raw is not None:
        raws = rows(symbol_config_raw, account.venue, "symbolConfig")
        symbols = each(raws, _ConfigRow, _symbol_config, "symbol setting", bad)
    return AccountConfig(
        account=account,
        mode=AccountMode(collateral=_collateral(said.multiAssetsMargin), hedge=said.dualSidePosition),
        symbols=tuple(symbols),
        asked=asked,
        received=received,
        problems=in_words(bad),
    )


def _collateral(multi_assets: bool | None) -> CollateralMode | None:
    if multi_assets is None:
        return None
    return CollateralMode.MULTI_ASSETS if multi_assets else CollateralMode.SINGLE_ASSET


def _symbol_config(row: _ConfigRow) -> SymbolConfig:
    if not row.symbol:
        raise BadField("symbol is empty")
    return SymbolConfig(
        symbol=row.symbol,
        margin_mode=MARGIN_MODES.get((row.marginType or "").lower()),
        leverage=optional_positive(row.leverage),
        auto_add_margin=row.isAutoAddMargin,
        max_notional=optional_positive(row.maxNotionalValue),
    )


def account_snapshot(
    account_raw: bytes | str,
    position_risk_raw: bytes | str,
    account: AccountKey,
    asked: float,
    received: float,
    symbols: Mapping[Symbol, SymbolConfig] | None = None,
    bad_rows: list[RowProblem] | None = None,
) -> AccountSnapshot:
    """An account whole. `symbols` are the symbol settings last read: a second witness of each margin mode.

    Rows that cannot be read are named in `problems` and put into `bad_rows`; `problems` also name contradictions.
    Rows with a quantity of zero are not positions. MalformedAnswer if either answer is not what it should be.
    """
    body = whole(account_raw, _AccountBody, account.venue, "account")
    risk = whole(position_risk_raw, list[msgspec.Raw], account.venue, "positionRisk")
    bad: list[RowProblem] = [] if bad_rows is None else bad_rows
    balances = each(body.assets, _AssetRow, _balance, "balance", bad)
    held = held_rows(body.positions, bad)
    read = read_positions(risk, held, symbols or {}, bad)
    problems = [*in_words(bad), *read.problems]
    problems += twice("balance", [balance.asset for balance in balances])
    problems += twice("position", [f"{position.symbol} {position.side}" for position in read.positions])
    return AccountSnapshot(
        account=account,
        positions=read.positions,
        balances=tuple(balances),
        asked=asked,
        received=received,
        venue=VenueAccount(
            equity=optional(body.totalMarginBalance),
            maintenance_margin=optional(body.totalMaintMargin),
            initial_margin=optional(body.totalInitialMargin),
            withdrawable=optional(body.maxWithdrawAmount),
        ),
        marks=read.marks,
        problems=tuple(problems),
    )


def _balance(row: _AssetRow) -> Balance:
    if not row.asset:
        raise BadField("asset is empty")
    return Balance(
        asset=row.asset,
        wallet=finite("walletBalance", row.walletBalance),
        cross_wallet=optional(row.crossWalletBalance),
        venue_cross_unrealized_pnl=optional(row.crossUnPnl),
        venue_maintenance_margin=optional(row.maintMargin),
        venue_initial_margin=optional(row.initialMargin),
        venue_margin_balance=optional(row.marginBalance),
        available=optional(row.availableBalance),
        withdrawable=optional(row.maxWithdrawAmount),
        update_time=optional_seconds(row.updateTime),
    )
