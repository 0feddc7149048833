"""An account's rows, the same in answers and in pushes: what one dex says of it, and its spot balances. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from monitor.domain.accounts import Balance, MarginMode, Position, VenuePosition
from monitor.domain.frames import RowProblem
from monitor.domain.lines import NEVER, Line
from monitor.domain.names import Asset, Side, Symbol
from monitor.venues.fields import (
    BadField,
    Loose,
    amount,
    finite,
    optional,
    optional_positive,
    optional_seconds,
    positive,
    word,
)
from monitor.venues.rows import each

MODES = {"cross": MarginMode.CROSS, "isolated": MarginMode.ISOLATED}


class _Leverage(msgspec.Struct, gc=False, frozen=True):
    type: str = ""
    value: Loose = None
    rawUsd: Loose = None


class PositionRow(msgspec.Struct, gc=False):
    """`liquidationPx` null is the venue's word for «no price»; where the field is not there, it said nothing."""

    coin: str
    szi: Loose = None
    entryPx: Loose = None
    positionValue: Loose = None
    unrealizedPnl: Loose = None
    marginUsed: Loose = None
    liquidationPx: Loose | msgspec.UnsetType = msgspec.UNSET
    leverage: _Leverage = _Leverage()


class _Held(msgspec.Struct, gc=False):
    position: PositionRow


class _Summary(msgspec.Struct, gc=False):
    accountValue: Loose = None
    totalRawUsd: Loose = None
    totalMarginUsed: Loose = None


class StateBody(msgspec.Struct, gc=False):
    """`clearinghouseState`. `crossMaintenanceMarginUsed` is not in answers of 2023, nor is `time`."""

    assetPositions: list[msgspec.Raw]
    crossMarginSummary: _Summary
    crossMaintenanceMarginUsed: Loose = None
    withdrawable: Loose = None
    time: Loose = None


class _SpotRow(msgspec.Struct, gc=False):
    coin: str
    token: int | None = None
    total: Loose = None
    hold: Loose = None
    borrowed: Loose = None
    ltv: Loose = None


class SpotBody(msgspec.Struct, gc=False):
    """`spotClearinghouseState`. That `tokenToAvailableAfterMaintenance` is there is the second signal of the mode."""

    balances: list[msgspec.Raw]
    tokenToAvailableAfterMaintenance: list[tuple[int, Loose]] | msgspec.UnsetType | None = msgspec.UNSET
    portfolioMarginEnabled: bool | None = None
    portfolioMarginRatio: Loose = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DexState:
    """One dex of an account, in the token that backs it (None: not known which).

    `value` is the venue's worth of the cross pool, `cash` the same without unrealized profit by entry prices,
    `profit` that of cross positions at the row's own marks, `isolated` the worth of isolated positions together, and
    `notional` the cross positions' size. `maintenance` and `margin` are the venue's of cross positions. NaN never.
    """

    dex: str
    collateral: Asset | None
    positions: tuple[Position, ...] = ()
    value: float = 0.0
    cash: float = 0.0
    profit: float = 0.0
    isolated: float = 0.0
    notional: float = 0.0
    maintenance: float | None = None
    margin: float | None = None
    withdrawable: float | None = None
    time: float | None = None
    problems: tuple[RowProblem, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether the account has nothing on this dex."""
        return not self.positions and not self.value and not self.problems


@dataclass(frozen=True, slots=True, kw_only=True)
class SpotState:
    """Spot balances. `pooled`: the answer has what only unified and portfolio accounts have; `available` is that, by
    token. `borrows` where something is owed. `ratio` is the venue's of portfolio margin.
    """

    balances: tuple[Balance, ...]
    pooled: bool
    available: Mapping[Asset, float] = field(default_factory=dict)
    portfolio: bool | None = None
    ratio: float | None = None
    problems: tuple[RowProblem, ...] = ()


def dex_state(body: StateBody, dex: str, collateral: Asset | None) -> DexState:
    """One dex of an account; BadField if it does not say what the account is worth there."""
    bad: list[RowProblem] = []
    at = optional_seconds(body.time)

    def made(held: _Held) -> Position:
        return position(held.position, collateral, at)

    positions = each(body.assetPositions, _Held, made, f"position of dex {dex or 'first'}", bad)
    open_ = [one for one in positions if one.quantity]
    cross = [one for one in open_ if one.margin_mode is not MarginMode.ISOLATED]
    alone = [one for one in open_ if one.margin_mode is MarginMode.ISOLATED]
    raw = finite("totalRawUsd", body.crossMarginSummary.totalRawUsd)
    cash = raw + sum(one.quantity * (one.entry_price or 0.0) for one in cross)
    return DexState(
        dex=dex,
        collateral=collateral,
        positions=tuple(open_),
        value=finite("accountValue", body.crossMarginSummary.accountValue),
        cash=finite("what the cross positions cost", cash),
        profit=sum((_profit(one) for one in cross), 0.0),
        isolated=sum(((one.isolated_wallet or 0.0) + _profit(one) for one in alone), 0.0),
        notional=sum((one.venue.notional or 0.0 for one in cross), 0.0),
        maintenance=optional(body.crossMaintenanceMarginUsed),
        margin=optional(body.crossMarginSummary.totalMarginUsed),
        withdrawable=optional(body.withdrawable),
        time=at,
        problems=tuple(bad),
    )


def position(row: PositionRow, collateral: Asset | None, at: float | None) -> Position:
    """One position. Its mark is its value over its size; an isolated one's wallet is its cash leg and what it cost."""
    size = finite("szi", row.szi)
    symbol = word("coin", row.coin)
    if not size:
        return Position(symbol=symbol, side=Side.LONG, quantity=0.0, entry_price=None, margin_mode=None)
    entry, value = positive("entryPx", row.entryPx), positive("positionValue", row.positionValue)
    mark = value / abs(size)
    finite("what the position cost", size * entry)
    mode = MODES.get(row.leverage.type)
    raw = optional(row.leverage.rawUsd)
    if mode is MarginMode.ISOLATED and raw is None:
        raise BadField("rawUsd is not a number")
    return Position(
        symbol=symbol,
        side=Side.LONG if size > 0.0 else Side.SHORT,
        quantity=size,
        entry_price=entry,
        margin_mode=mode,
        margin_asset=collateral,
        isolated_wallet=raw + size * entry if mode is MarginMode.ISOLATED and raw is not None else None,
        leverage=optional_positive(row.leverage.value),
        venue=VenuePosition(
            mark_price=mark,
            liquidation=_line(row, mark),
            notional=value,
            unrealized_pnl=optional(row.unrealizedPnl),
            initial_margin=optional(row.marginUsed),
        ),
        update_time=at,
    )


def spot_state(body: SpotBody, tokens: Mapping[int, Asset]) -> SpotState:
    """Spot balances. Rows without a token are sides of an outcome: they back nothing and are left out."""
    bad: list[RowProblem] = []
    numbers = dict(tokens)

    def made(row: _SpotRow) -> Balance | None:
        asset, total = word("coin", row.coin), finite("total", row.total)
        if row.token is None or asset.startswith("+"):
            return None
        numbers[row.token] = asset
        hold = optional(row.hold)
        return Balance(
            asset=asset,
            wallet=total,
            borrowed=amount(row.borrowed),
            # In portfolio margin `hold` is below zero, which no reservation is.
            frozen=hold if hold is not None and hold >= 0.0 else None,
            loan_to_value=optional(row.ltv),
        )

    balances = [one for one in each(body.balances, _SpotRow, made, "balance", bad) if one is not None]
    said = body.tokenToAvailableAfterMaintenance
    pairs = said if isinstance(said, list) else []
    available = {numbers.get(token, str(token)): optional(left) for token, left in pairs}
    return SpotState(
        balances=tuple(balances),
        pooled=isinstance(said, list),
        available={asset: left for asset, left in available.items() if left is not None},
        portfolio=body.portfolioMarginEnabled,
        ratio=optional(body.portfolioMarginRatio),
        problems=tuple(bad),
    )


def marks_of(states: Mapping[str, DexState]) -> tuple[tuple[Symbol, float], ...]:
    """The marks inside an answer, one a symbol."""
    return tuple(
        (one.symbol, one.venue.mark_price)
        for state in states.values()
        for one in state.positions
        if one.venue.mark_price is not None
    )


def _profit(one: Position) -> float:
    return one.quantity * ((one.venue.mark_price or 0.0) - (one.entry_price or 0.0))


def _line(row: PositionRow, mark: float) -> Line:
    said = row.liquidationPx
    if said is msgspec.UNSET:
        return Line.unknown("not in the venue's answer")
    if said is None:
        return NEVER
    price = optional_positive(said)
    if price is None:
        return Line.unknown("the venue's liquidation price is no price")
    return Line.at(price, abs(price / mark - 1.0))
