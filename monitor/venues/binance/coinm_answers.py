"""How a COIN-M account is set up: the position mode, and what the user set for each contract. Pure.

Balances, positions, contracts, tiers and marks of COIN-M come in the words of USDⓈ-M: see `account_answers`, `answers`.
There is no list of settings here as USDⓈ-M has one; the list of positions holds every contract, held or not.
"""

from __future__ import annotations

import msgspec

from monitor.domain.accounts import AccountMode, CollateralMode, SymbolConfig
from monitor.domain.events import AccountConfig
from monitor.domain.frames import RowProblem
from monitor.domain.names import AccountKey
from monitor.venues.binance.reading import rows, whole
from monitor.venues.binance.user_events import MARGIN_MODES
from monitor.venues.fields import BadField, Loose, optional_positive, truth
from monitor.venues.rows import each, in_words


class _PositionMode(msgspec.Struct, gc=False):
    dualSidePosition: bool | None = None


class _SettingRow(msgspec.Struct, gc=False):
    symbol: str
    marginType: str | None = None
    isAutoAddMargin: bool | str | None = None
    leverage: Loose = None


def position_mode(raw: bytes | str, account: AccountKey) -> bool | None:
    """Whether an account is in hedge mode; None where the answer does not say. One mode holds for both futures."""
    return whole(raw, _PositionMode, account.venue, "positionSide/dual").dualSidePosition


def coinm_config(
    position_mode_raw: bytes | str,
    position_risk_raw: bytes | str,
    account: AccountKey,
    asked: float,
    received: float,
    bad_rows: list[RowProblem] | None = None,
) -> AccountConfig:
    """positionSide/dual (or any other answer with that flag) and positionRisk: the mode and the settings."""
    bad: list[RowProblem] = [] if bad_rows is None else bad_rows
    settings = each(
        rows(position_risk_raw, account.venue, "positionRisk"), _SettingRow, _setting, "symbol setting", bad
    )
    return AccountConfig(
        account=account,
        mode=AccountMode(
            collateral=CollateralMode.SINGLE_ASSET,  # COIN-M knows no other
            hedge=position_mode(position_mode_raw, account),
        ),
        symbols=tuple({one.symbol: one for one in settings}.values()),
        asked=asked,
        received=received,
        problems=in_words(bad),
    )


def _setting(row: _SettingRow) -> SymbolConfig:
    if not row.symbol:
        raise BadField("symbol is empty")
    return SymbolConfig(
        symbol=row.symbol,
        margin_mode=MARGIN_MODES.get((row.marginType or "").lower()),
        leverage=optional_positive(row.leverage),
        auto_add_margin=truth(row.isAutoAddMargin),
    )
