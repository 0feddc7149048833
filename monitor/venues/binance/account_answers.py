"""An account's own answers to events: balances, positions, modes. Pure.

Two answers make a snapshot: `account` (v3, or v2) holds the wallets, `positionRisk` (v3, or v2) the positions with
entry, mark, liquidation price and maintenance. They are read one after the other, so each position is compared: where
they differ the snapshot says so in `problems`, and is read again.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from monitor.domain.accounts import (
    AccountMode,
    Balance,
    CollateralMode,
    MarginMode,
    Position,
    SymbolConfig,
    VenueAccount,
    VenuePosition,
)
from monitor.domain.events import AccountConfig, AccountSnapshot
from monitor.domain.frames import RowProblem
from monitor.domain.lines import NEVER, Line, State
from monitor.domain.names import AccountKey, PositionKey, Side, Symbol
from monitor.venues.binance.reading import rows, whole
from monitor.venues.binance.user_events import MARGIN_MODES, side_of
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


class _HeldRow(msgspec.Struct, gc=False):
    """A position as `account` tells of it: no entry and no mark, but a second witness of its size."""

    symbol: str
    positionAmt: float
    positionSide: str = "BOTH"
    maintMargin: Loose = None
    initialMargin: Loose = None
    positionInitialMargin: Loose = None


class _RiskRow(msgspec.Struct, gc=False):
    symbol: str
    positionAmt: float
    positionSide: str = "BOTH"
    entryPrice: Loose = None
    markPrice: Loose = None
    unRealizedProfit: Loose = None
    unrealizedProfit: Loose = None
    liquidationPrice: Loose = None
    isolatedMargin: Loose = None
    isolatedWallet: Loose = None
    marginType: str | None = None
    marginAsset: str | None = None
    notional: Loose = None
    notionalValue: Loose = None
    maintMargin: Loose = None
    initialMargin: Loose = None
    positionInitialMargin: Loose = None
    adl: Loose = None
    leverage: Loose = None
    updateTime: Loose = None

    @property
    def profit(self) -> float | None:
        """Unrealised profit, under either of the names that the versions give it."""
        return optional(self.unRealizedProfit if self.unRealizedProfit is not None else self.unrealizedProfit)


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
    held = _held(body.positions, bad)
    balances = each(body.assets, _AssetRow, _balance, "balance", bad)
    open_rows = [row for row in each(risk, _RiskRow, _readable, "position", bad) if row.positionAmt]
    problems = list(in_words(bad))
    positions = [_position(row, held, symbols or {}, problems) for row in open_rows]
    _compare(positions, held, problems)
    problems += twice("balance", [balance.asset for balance in balances])
    problems += twice("position", [f"{position.symbol} {position.side}" for position in positions])
    marks = {row.symbol: mark for row in open_rows if (mark := optional_positive(row.markPrice)) is not None}
    return AccountSnapshot(
        account=account,
        positions=tuple(positions),
        balances=tuple(balances),
        asked=asked,
        received=received,
        venue=VenueAccount(
            equity=optional(body.totalMarginBalance),
            maintenance_margin=optional(body.totalMaintMargin),
            initial_margin=optional(body.totalInitialMargin),
            withdrawable=optional(body.maxWithdrawAmount),
        ),
        marks=tuple(marks.items()),
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


def _readable(row: _RiskRow) -> _RiskRow:
    if not row.symbol:
        raise BadField("symbol is empty")
    finite("positionAmt", row.positionAmt)
    side_of(row.positionSide, row.positionAmt)
    return row


def _position(
    row: _RiskRow,
    held: Mapping[PositionKey, _HeldRow] | None,
    symbols: Mapping[Symbol, SymbolConfig],
    problems: list[str],
) -> Position:
    side = side_of(row.positionSide, row.positionAmt) or (Side.LONG if row.positionAmt > 0 else Side.SHORT)
    mode = _margin_mode(row, side, symbols.get(row.symbol), problems)
    mark, profit = optional_positive(row.markPrice), row.profit
    maintenance, initial = optional(row.maintMargin), _initial(row)
    if maintenance is None and held is not None and (seen := held.get(PositionKey(row.symbol, side))) is not None:
        maintenance, initial = optional(seen.maintMargin), _initial(seen) if initial is None else initial
    notional = optional(row.notional if row.notional is not None else row.notionalValue)
    adl = optional(row.adl)
    return Position(
        symbol=row.symbol,
        side=side,
        quantity=row.positionAmt,
        entry_price=_entry(row, mark, profit),
        margin_mode=mode,
        hedge=row.positionSide != "BOTH",
        margin_asset=row.marginAsset or None,
        isolated_wallet=_isolated_wallet(row, profit) if mode is MarginMode.ISOLATED else None,
        venue=VenuePosition(
            mark_price=mark,
            liquidation=_printed(row.liquidationPrice, mark),
            notional=None if notional is None else abs(notional),
            unrealized_pnl=profit,
            maintenance_margin=maintenance,
            initial_margin=initial,
            adl=None if adl is None else int(adl),
        ),
        update_time=optional_seconds(row.updateTime),
        leverage=optional_positive(row.leverage),
    )


def _initial(row: _RiskRow | _HeldRow) -> float | None:
    """Initial margin of the position alone, where the row tells it apart from that of orders."""
    return optional(row.positionInitialMargin if row.positionInitialMargin is not None else row.initialMargin)


def _entry(row: _RiskRow, mark: float | None, profit: float | None) -> float | None:
    given = optional_positive(row.entryPrice)
    if given is not None or mark is None or profit is None:
        return given
    # The venue has written 0 for open positions. Its profit at its own mark says the same thing.
    return optional_positive(mark - profit / row.positionAmt)


def _printed(text: Loose, mark: float | None) -> Line:
    """«0» is the venue's word for «no price liquidates this»; nothing there, or no number, is no answer."""
    price = optional(text)
    if price is None:
        return Line.unknown("not in the venue's answer")
    if price <= 0:
        return NEVER
    return Line(State.AT, price, abs(price - mark) / mark if mark else None)


def _isolated_wallet(row: _RiskRow, profit: float | None) -> float | None:
    wallet = optional(row.isolatedWallet)
    if wallet:
        return wallet
    # Older answers have no wallet; some have it as 0 beside a margin. The margin is the wallet with the profit in it.
    margin = optional(row.isolatedMargin)
    return wallet if not margin or profit is None else margin - profit


def _margin_mode(row: _RiskRow, side: Side, setting: SymbolConfig | None, problems: list[str]) -> MarginMode | None:
    """From the row's own word, its isolated amounts, and the symbol's setting; None if they contradict each other.

    v3 has no marginType: an isolated position is one with an isolated wallet or margin [doc].
    """
    said: dict[str, MarginMode] = {}
    amounts = [optional(row.isolatedMargin), optional(row.isolatedWallet)]
    if any(amounts):
        said["its isolated margin"] = MarginMode.ISOLATED
    elif any(amount is not None for amount in amounts):
        said["its isolated margin of 0"] = MarginMode.CROSS
    if (word := MARGIN_MODES.get((row.marginType or "").lower())) is not None:
        said["its margin type"] = word
    if setting is not None and setting.margin_mode is not None:
        said["the symbol's setting"] = setting.margin_mode
    if len(set(said.values())) == 1:
        return next(iter(said.values()))
    words = ", ".join(f"{source} says {mode}" for source, mode in said.items()) or "nothing tells"
    problems.append(f"margin mode of {row.symbol} {side} is unreadable: {words}")
    return None


def _held(raws: list[msgspec.Raw] | None, bad: list[RowProblem]) -> dict[PositionKey, _HeldRow] | None:
    if raws is None:
        return None
    held: dict[PositionKey, _HeldRow] = {}
    for row in each(raws, _HeldRow, _plausible, "account position", bad):
        if row.positionAmt:
            side = side_of(row.positionSide, row.positionAmt) or (Side.LONG if row.positionAmt > 0 else Side.SHORT)
            held[PositionKey(row.symbol, side)] = row
    return held


def _plausible(row: _HeldRow) -> _HeldRow:
    finite("positionAmt", row.positionAmt)
    side_of(row.positionSide, row.positionAmt)
    return row


def _compare(positions: list[Position], held: Mapping[PositionKey, _HeldRow] | None, problems: list[str]) -> None:
    """Name what only one of the two answers has, or what they have in different sizes."""
    if held is None:
        return
    seen = {position.key: position.quantity for position in positions}
    for key, row in held.items():
        if key not in seen:
            problems.append(f"{key.symbol} {key.side} is in account but not in positionRisk")
        elif seen[key] != row.positionAmt:
            problems.append(f"{key.symbol} {key.side} has two sizes: {seen[key]:g} and {row.positionAmt:g}")
    for key in seen:
        if key not in held:
            problems.append(f"{key.symbol} {key.side} is in positionRisk but not in account")
