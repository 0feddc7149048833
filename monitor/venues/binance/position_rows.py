"""Rows of positions, as both futures and portfolio margin write them: signs, margin modes, printed prices. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import msgspec

from monitor.domain.accounts import MarginMode, Position, SymbolConfig, VenuePosition
from monitor.domain.frames import RowProblem
from monitor.domain.lines import NEVER, Line, State
from monitor.domain.names import PositionKey, Side, Symbol
from monitor.venues.binance.coins import settled_in_coin
from monitor.venues.binance.user_events import MARGIN_MODES, side_of
from monitor.venues.fields import BadField, Loose, finite, optional, optional_positive, optional_seconds
from monitor.venues.rows import each


class HeldRow(msgspec.Struct, gc=False):
    """A position as `account` tells of it: no entry and no mark, but a second witness of its size."""

    symbol: str
    positionAmt: float
    positionSide: str = "BOTH"
    maintMargin: Loose = None
    initialMargin: Loose = None
    positionInitialMargin: Loose = None


class RiskRow(msgspec.Struct, gc=False):
    """A position as `positionRisk` tells of it, in any of its versions."""

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


Held = Mapping[PositionKey, HeldRow]


@dataclass(frozen=True, slots=True)
class PositionsRead:
    """What is held, the marks that it was computed with, and contradictions in words."""

    positions: tuple[Position, ...]
    marks: tuple[tuple[Symbol, float], ...]
    problems: tuple[str, ...]


def read_positions(
    raws: Iterable[msgspec.Raw],
    held: Held | None,
    symbols: Mapping[Symbol, SymbolConfig],
    bad: list[RowProblem],
    unsaid: MarginMode | None = None,
) -> PositionsRead:
    """The rows with a quantity. `held` is what another answer says of them, `symbols` the settings last read.

    `unsaid` is the margin mode of positions of which nothing tells it: an account that knows but one.
    """
    problems: list[str] = []
    open_rows = [row for row in each(raws, RiskRow, _readable, "position", bad) if row.positionAmt]
    positions = [_position(row, held, symbols, problems, unsaid) for row in open_rows]
    _compare(positions, held, problems)
    marks = {row.symbol: mark for row in open_rows if (mark := optional_positive(row.markPrice)) is not None}
    return PositionsRead(tuple(positions), tuple(marks.items()), tuple(problems))


def _readable(row: RiskRow) -> RiskRow:
    if not row.symbol:
        raise BadField("symbol is empty")
    finite("positionAmt", row.positionAmt)
    side_of(row.positionSide, row.positionAmt)
    return row


def _position(
    row: RiskRow,
    held: Held | None,
    symbols: Mapping[Symbol, SymbolConfig],
    problems: list[str],
    unsaid: MarginMode | None,
) -> Position:
    side = side_of(row.positionSide, row.positionAmt) or (Side.LONG if row.positionAmt > 0 else Side.SHORT)
    mode = _margin_mode(row, side, symbols.get(row.symbol), problems, unsaid)
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
        margin_asset=row.marginAsset or settled_in_coin(row.symbol),
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


def _initial(row: RiskRow | HeldRow) -> float | None:
    """Initial margin of the position alone, where the row tells it apart from that of orders."""
    return optional(row.positionInitialMargin if row.positionInitialMargin is not None else row.initialMargin)


def _entry(row: RiskRow, mark: float | None, profit: float | None) -> float | None:
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


def _isolated_wallet(row: RiskRow, profit: float | None) -> float | None:
    wallet = optional(row.isolatedWallet)
    if wallet:
        return wallet
    # Older answers have no wallet; some have it as 0 beside a margin. The margin is the wallet with the profit in it.
    margin = optional(row.isolatedMargin)
    return wallet if not margin or profit is None else margin - profit


def _margin_mode(
    row: RiskRow, side: Side, setting: SymbolConfig | None, problems: list[str], unsaid: MarginMode | None
) -> MarginMode | None:
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
    if not said and unsaid is not None:
        return unsaid
    if len(set(said.values())) == 1:
        return next(iter(said.values()))
    words = ", ".join(f"{source} says {mode}" for source, mode in said.items()) or "nothing tells"
    problems.append(f"margin mode of {row.symbol} {side} is unreadable: {words}")
    return None


def held_rows(raws: list[msgspec.Raw] | None, bad: list[RowProblem]) -> dict[PositionKey, HeldRow] | None:
    """What the account's own answer says of positions; None where it lists none."""
    if raws is None:
        return None
    held: dict[PositionKey, HeldRow] = {}
    for row in each(raws, HeldRow, _plausible, "account position", bad):
        if row.positionAmt:
            side = side_of(row.positionSide, row.positionAmt) or (Side.LONG if row.positionAmt > 0 else Side.SHORT)
            held[PositionKey(row.symbol, side)] = row
    return held


def _plausible(row: HeldRow) -> HeldRow:
    finite("positionAmt", row.positionAmt)
    side_of(row.positionSide, row.positionAmt)
    return row


def _compare(positions: list[Position], held: Held | None, problems: list[str]) -> None:
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
