"""The venue's own scenarios of a portfolio-margin account. Pure; part of the answers."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import msgspec

from monitor.domain.accounts import RiskUnit
from monitor.domain.frames import RowProblem
from monitor.domain.names import AccountKey
from monitor.venues.bybit.coins import coin_of
from monitor.venues.bybit.reading import result
from monitor.venues.fields import BadField, Loose, finite, optional, optional_positive, word
from monitor.venues.rows import each

_AGREES = 0.01  #: how far our sum of the parts may lie off the venue's total, relative to the worst loss


@dataclass(frozen=True, slots=True)
class Risk:
    """The scenarios of one reading, asked for at `asked` (our clock); `equity` is what the venue counts beside them."""

    units: tuple[RiskUnit, ...]
    asked: float
    equity: float | None = None
    maintenance_margin: float | None = None


class _Point(msgspec.Struct, gc=False):
    priceScale: Loose = None
    pnls: list[Loose] = []


class _Range(msgspec.Struct, gc=False):
    pnlRanges: list[_Point] = []


class _Perp(msgspec.Struct, gc=False):
    symbolName: str = ""
    position: Loose = None
    settleCoin: str = ""
    pnlRanges: list[_Point] = []


class _Contingency(msgspec.Struct, gc=False, frozen=True):
    contingencyComponents: Loose = None


class _Margin(msgspec.Struct, gc=False, frozen=True):
    assetIM: Loose = None
    assetMM: Loose = None


class _SpotHedge(msgspec.Struct, gc=False):
    usdIndexPrice: Loose = None
    pnlRanges: list[_Point] | None = None


class _Unit(msgspec.Struct, gc=False):
    baseCoin: str
    totalPnlRanges: dict[str, _Range] = {}
    perpPositionPnlRanges: list[_Perp] | None = None
    optionExpiryDatePnlRanges: list[_Range] | None = None
    contingency: _Contingency = _Contingency()
    asset: _Margin = _Margin()
    spotHedgeInfo: _SpotHedge | None = None


class _Wallet(msgspec.Struct, gc=False, frozen=True):
    equity: Loose = None
    accountMM: Loose = None


class _PortfolioMargin(msgspec.Struct, gc=False):
    assetPnlRange: list[msgspec.Raw] | None = None
    wallet: _Wallet = _Wallet()


def portfolio_risk(
    raw: bytes | str, account: AccountKey, asked: float, problems: list[RowProblem] | None = None
) -> Risk:
    """portfolio-margin: a unit for each base coin. One that cannot be read is left out, and named."""
    said = result(raw, _PortfolioMargin, account.venue, "portfolio-margin")
    units = each(said.assetPnlRange or [], _Unit, _unit, "scenarios", problems)
    return Risk(tuple(units), asked, optional(said.wallet.equity), optional(said.wallet.accountMM))


def _unit(row: _Unit) -> RiskUnit:
    asset, multiplier = coin_of(word("baseCoin", row.baseCoin))
    moves, profits = _grid(row)
    reference = _reference(row)
    return RiskUnit(
        asset=asset,
        maintenance_margin=finite("assetMM", row.asset.assetMM),
        initial_margin=optional(row.asset.assetIM),
        reference_price=None if reference is None else reference / multiplier,
        moves=moves,
        profits=profits,
        contingency=optional(row.contingency.contingencyComponents),
    )


def _grid(row: _Unit) -> tuple[tuple[float, ...], tuple[tuple[float, ...], ...]]:
    """Profits by volatility (raised, held, lowered) and move, in USD.

    The venue prints its total for the worst volatility only, and options by expiry for all three; so the columns are
    put together from perpetuals, options and the spot hedge, and compared with the total. Where they do not agree, the
    total alone is taken: one column.
    """
    whole = row.totalPnlRanges.get("ALL")
    if whole is None or not whole.pnlRanges:
        return (), ()
    total = _columns(whole.pnlRanges)
    moves = tuple(total)
    if any(low >= high for low, high in pairwise(moves)) or 0.0 not in moves:
        raise BadField("the price moves do not rise through 0")
    if len(moves) < 2 or moves[0] <= -1.0:
        raise BadField("the price moves are none, or go below a price of 0")
    printed = tuple(min(total[move]) for move in moves)
    parts = [one.pnlRanges for one in row.optionExpiryDatePnlRanges or ()]
    flat = [one.pnlRanges for name in ("PERPETUAL",) if (one := row.totalPnlRanges.get(name)) is not None]
    if row.spotHedgeInfo is not None and row.spotHedgeInfo.pnlRanges:
        flat.append(row.spotHedgeInfo.pnlRanges)
    columns = tuple(_sum(moves, flat, parts, column) for column in range(3)) if parts else (_sum(moves, flat, [], 0),)
    loss = max(1.0, -min(printed))
    for place, worst in enumerate(printed):
        if abs(min(column[place] for column in columns) - worst) > _AGREES * loss:
            return moves, (printed,)
    return moves, columns


def _columns(points: list[_Point]) -> dict[float, tuple[float, ...]]:
    found: dict[float, tuple[float, ...]] = {}
    for point in points:
        values = tuple(finite("pnls", value) for value in point.pnls)
        if len(values) not in (1, 3):
            raise BadField("pnls is neither one profit nor three")
        found[finite("priceScale", point.priceScale)] = values
    return found


def _sum(
    moves: tuple[float, ...], flat: list[list[_Point]], parts: list[list[_Point]], column: int
) -> tuple[float, ...]:
    """What perpetuals and the hedge make at each move, and options in one column of volatility."""
    tables = [_columns(points) for points in (*flat, *parts)]
    made: list[float] = []
    for move in moves:
        if any(move not in table for table in tables):
            raise BadField("the parts have other price moves than the total")
        made.append(sum((table[move][column if len(table[move]) == 3 else 0] for table in tables), 0.0))
    return tuple(made)


def _reference(row: _Unit) -> float | None:
    """The index that the scenarios start from: printed for a spot hedge, or told by a linear position's profits."""
    if row.spotHedgeInfo is not None and (price := optional_positive(row.spotHedgeInfo.usdIndexPrice)) is not None:
        return price
    for perp in row.perpPositionPnlRanges or ():
        quantity = optional(perp.position)
        if not quantity or perp.settleCoin not in ("USDT", "USDC"):
            continue
        for point in perp.pnlRanges:
            move, profit = optional(point.priceScale), optional(point.pnls[0] if point.pnls else None)
            if move and profit and profit / (move * quantity) > 0.0:
                return profit / (move * quantity)
    return None
