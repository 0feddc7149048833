"""The rows that an account's answers and its pushes have in common: one balance, one position, one order. Pure.

Quantities are signed here and nowhere else. Contracts are counted in contracts (`Instrument.contract_size` says what
one is), spot margin positions in the asset that they hold.
"""

from __future__ import annotations

import msgspec

from monitor.domain.accounts import Balance, MarginMode, Order, Position, VenuePosition
from monitor.domain.lines import Line, State
from monitor.domain.names import Side, Symbol
from monitor.venues.fields import (
    BadField,
    Loose,
    amount,
    finite,
    optional,
    optional_positive,
    optional_seconds,
    truth,
    word,
)
from monitor.venues.okx.endpoints import InstType, inst_type

MARGIN_MODES = {"isolated": MarginMode.ISOLATED, "cross": MarginMode.CROSS}
SIDES: dict[str, Side | None] = {"net": None, "": None, "long": Side.LONG, "short": Side.SHORT}
GONE = frozenset({"canceled", "filled", "mmp_canceled"})  #: states of an order that no longer rests


class BalanceRow(msgspec.Struct, gc=False):
    """One asset of the account."""

    ccy: str
    cashBal: Loose = None
    eq: Loose = None
    eqUsd: Loose = None
    disEq: Loose = None
    availBal: Loose = None
    ordFrozen: Loose = None
    upl: Loose = None
    isoUpl: Loose = None
    isoEq: Loose = None
    stgyEq: Loose = None
    liab: Loose = None
    interest: Loose = None
    imr: Loose = None
    mmr: Loose = None
    mgnRatio: Loose = None
    coinUsdPrice: Loose = None
    collateralEnabled: bool | str | None = None
    uTime: Loose = None


class PositionRow(msgspec.Struct, gc=False):
    """One position."""

    instId: str
    pos: Loose = None
    instType: str = ""
    posSide: str = "net"
    mgnMode: str = ""
    ccy: str = ""
    posCcy: str = ""
    avgPx: Loose = None
    markPx: Loose = None
    idxPx: Loose = None
    liqPx: Loose = None
    lever: Loose = None
    margin: Loose = None
    mgnRatio: Loose = None
    imr: Loose = None
    mmr: Loose = None
    upl: Loose = None
    optVal: Loose = None
    adl: Loose = None
    liab: Loose = None
    liabCcy: str = ""
    interest: Loose = None
    uTime: Loose = None
    pTime: Loose = None

    @property
    def kind(self) -> str:
        """SWAP, FUTURES, OPTION or MARGIN."""
        return self.instType or inst_type(self.instId)


class OrderRow(msgspec.Struct, gc=False):
    """One order."""

    instId: str
    ordId: str
    side: str
    sz: Loose = None
    accFillSz: Loose = None
    px: Loose = None
    instType: str = ""
    posSide: str = "net"
    tdMode: str = ""
    tgtCcy: str = ""
    ccy: str = ""
    lever: Loose = None
    reduceOnly: bool | str | None = None
    state: str = "live"
    category: str = ""
    avgPx: Loose = None
    fillPx: Loose = None
    uTime: Loose = None


def balance(row: BalanceRow, withdrawable: float | None = None) -> Balance:
    """What the account has of one asset. `cashBal` holds no profit and no margin of isolated positions."""
    cash = finite("cashBal", row.cashBal)
    profit, isolated = optional(row.upl), optional(row.isoUpl)
    equity, equity_usd = optional(row.eq), optional(row.eqUsd)
    price = optional_positive(row.coinUsdPrice)
    if price is None and equity and equity_usd is not None:
        price = optional_positive(equity_usd / equity)  # only pushes print the price itself
    return Balance(
        asset=word("ccy", row.ccy),
        wallet=cash,
        cross_wallet=cash,
        borrowed=abs(amount(row.liab)),
        interest=abs(amount(row.interest)),
        venue_cross_unrealized_pnl=None if profit is None else profit - (isolated or 0.0),
        venue_maintenance_margin=optional(row.mmr),
        venue_initial_margin=optional(row.imr),
        available=optional(row.availBal),
        update_time=optional_seconds(row.uTime),
        # What isolated positions hold is theirs: the figure is of what stands behind the others.
        venue_equity=None if equity is None else equity - amount(row.isoEq),
        venue_value_usd=optional(row.disEq),
        venue_ratio=optional(row.mgnRatio),
        collateral=truth(row.collateralEnabled),
        frozen=optional(row.ordFrozen),
        price_usd=price,
        withdrawable=withdrawable,
        option_value=_options_in(row, cash, equity, profit),
    )


def _options_in(row: BalanceRow, cash: float, equity: float | None, profit: float | None) -> float | None:
    """What the row's equity holds of options, where there are any: no field says it, but all others do."""
    if equity is None or profit is None:
        return None
    others = profit - amount(row.isoUpl) + amount(row.isoEq) + amount(row.stgyEq) - abs(amount(row.interest))
    return equity - cash - others


def side_of(row: PositionRow, size: float) -> Side | None:
    """The side of an open position; None for one that is closed, unless the row says it. BadField if it cannot be told.

    The position currency tells it of spot margin (base is held: long; quote is held: short), `posSide` in long/short
    mode, the sign in net mode.
    """
    if row.kind == InstType.MARGIN:
        base, _, quote = row.instId.partition("-")
        told = {base: Side.LONG, quote: Side.SHORT}.get(row.posCcy)
        if told is None and size:
            raise BadField("posCcy is neither the base nor the quote of the pair")
        return told
    if row.posSide not in SIDES:
        raise BadField("posSide is none of long, short, net")
    told = SIDES[row.posSide]
    if told is None and size:
        return Side.LONG if size > 0 else Side.SHORT
    return told


def kept_apart(row: PositionRow) -> bool:
    """Whether the venue keeps two sides of the instrument: in long/short mode, and of spot margin always."""
    return row.kind == InstType.MARGIN or SIDES.get(row.posSide) is not None


def size_of(row: PositionRow) -> float:
    """`pos`, as it came; 0 for a closed position."""
    return finite("pos", row.pos)


def position(row: PositionRow) -> Position | None:
    """One position; None if it is closed. BadField if it cannot be told what it is."""
    size = size_of(row)
    if not size:
        return None
    side = side_of(row, size)
    if side is None:  # pragma: no cover - an open position has a side, or `side_of` refused
        raise BadField("the side is not told")
    mode = MARGIN_MODES.get(row.mgnMode)
    spot = row.kind == InstType.MARGIN
    owed = optional(row.liab)
    return Position(
        symbol=word("instId", row.instId),
        side=side,
        quantity=abs(size) if side is Side.LONG else -abs(size),
        entry_price=optional_positive(row.avgPx),
        margin_mode=mode,
        hedge=kept_apart(row),
        margin_asset=row.ccy or None,
        isolated_wallet=optional(row.margin) if mode is MarginMode.ISOLATED else None,
        venue=_printed(row),
        update_time=optional_seconds(row.uTime),
        leverage=optional_positive(row.lever),
        contracts=None if spot else abs(size),
        position_asset=row.posCcy if spot else None,
        liability=None if owed is None else abs(owed),
        liability_asset=row.liabCcy or None,
        interest=abs(amount(row.interest)) if owed is not None else None,
        hedge_fixed=row.kind in (InstType.MARGIN, InstType.OPTION),
    )


def _printed(row: PositionRow) -> VenuePosition:
    mark, adl = optional_positive(row.markPx), optional(row.adl)
    return VenuePosition(
        mark_price=mark,
        liquidation=_line(row.liqPx, mark),
        unrealized_pnl=optional(row.upl),
        maintenance_margin=optional(row.mmr),
        initial_margin=optional(row.imr),
        adl=None if adl is None else int(adl),
        ratio=optional(row.mgnRatio),
        value=optional(row.optVal),
        index_price=optional_positive(row.idxPx),
    )


def _line(text: Loose, mark: float | None) -> Line:
    """«» is printed where there is no price, and also where the venue does not say one (hedges): it answers nothing."""
    price = optional_positive(text)
    if price is None:
        return Line.unknown("the venue prints none")
    return Line(State.AT, price, abs(price - mark) / mark if mark else None)


def order(row: OrderRow) -> Order:
    """One order; quantity 0 if it no longer rests."""
    if row.side not in ("buy", "sell"):
        raise BadField("side is neither buy nor sell")
    if row.posSide not in SIDES:
        raise BadField("posSide is none of long, short, net")
    sign = 1.0 if row.side == "buy" else -1.0
    left = 0.0 if row.state in GONE else max(0.0, finite("sz", row.sz) - amount(row.accFillSz))
    price, side = optional_positive(row.px), SIDES[row.posSide]
    spot = (row.instType or inst_type(row.instId)) in (InstType.SPOT, InstType.MARGIN)
    if spot and row.tgtCcy == "quote_ccy":
        left = left / price if price is not None else left  # what is left is said in the quote
    closing = side is not None and (side is Side.LONG) is (sign < 0)
    return Order(
        id=word("ordId", row.ordId),
        symbol=word("instId", row.instId),
        quantity=sign * left,
        price=price,
        side=side,
        reduce_only=bool(truth(row.reduceOnly)) or closing,
        margin_mode=MARGIN_MODES.get(row.tdMode),
        margin_asset=row.ccy or None,
        leverage=optional_positive(row.lever),
        contracts=None if spot else left,
        update_time=optional_seconds(row.uTime),
    )


def marks_of(found: list[Position]) -> tuple[tuple[Symbol, float], ...]:
    """The marks inside the positions' own rows."""
    return tuple({one.symbol: one.venue.mark_price for one in found if one.venue.mark_price is not None}.items())
