"""The events of a user stream: what changed in an account, and what the venue warns of. Part of the codec, and pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from monitor.domain.accounts import MarginMode
from monitor.domain.events import BalanceChanged, ConfigChanged, Event, PositionChanged, VenueWarning, WarningKind
from monitor.domain.frames import RowProblem
from monitor.domain.names import AccountKey, Side
from monitor.venues.binance import cash
from monitor.venues.binance.coins import settled_in_coin
from monitor.venues.fields import BadField, Loose, finite, optional, optional_positive, seconds

_SHOWN = 40

SIDES: dict[str, Side | None] = {"BOTH": None, "LONG": Side.LONG, "SHORT": Side.SHORT}
MARGIN_MODES = {
    "isolated": MarginMode.ISOLATED,
    "cross": MarginMode.CROSS,
    "crossed": MarginMode.CROSS,
}


@dataclass(frozen=True, slots=True)
class Found:
    """What one user event says. `carries_state`: it belongs to a kind that always tells of state, even if empty."""

    events: tuple[Event, ...] = ()
    problems: tuple[RowProblem, ...] = ()
    carries_state: bool = True

    @property
    def all_bad(self) -> bool:
        """Rows there were, and none could be read."""
        return bool(self.problems) and not self.events


Handler = Callable[[bytes, AccountKey, float], Found]
"""What makes an event's bytes, of this account's stream and received then, into what it says."""


class _Stamped(msgspec.Struct, gc=False):
    E: float


def something_changed(payload: bytes, _account: AccountKey, _received: float) -> Found:
    """An event that says no more than that there is something to read."""
    seconds("E", msgspec.json.decode(payload, type=_Stamped, strict=False).E)
    return Found()


class _BalanceRow(msgspec.Struct, gc=False):
    a: str
    wb: Loose = None
    cw: Loose = None
    bc: Loose = None


class _PositionRow(msgspec.Struct, gc=False):
    s: str
    pa: float
    ps: str = "BOTH"
    ep: Loose = None
    mt: str | None = None
    iw: Loose = None
    ma: str | None = None


class _Changes(msgspec.Struct, gc=False):
    B: list[msgspec.Raw] = []
    P: list[msgspec.Raw] = []
    m: str = ""
    S: str | None = None


class _AccountUpdate(msgspec.Struct, gc=False):
    E: float
    a: _Changes
    T: Loose = None


class _Leverage(msgspec.Struct, gc=False):
    s: str
    l: Loose = None  # noqa: E741 - the venue's own name


class _Flags(msgspec.Struct, gc=False):
    j: bool | None = None


class _ConfigUpdate(msgspec.Struct, gc=False):
    E: float
    T: Loose = None
    ac: _Leverage | None = None
    ai: _Flags | None = None


class _CalledRow(msgspec.Struct, gc=False):
    s: str
    ps: str = "BOTH"
    pa: Loose = None
    mp: Loose = None
    mm: Loose = None


class _MarginCall(msgspec.Struct, gc=False):
    E: float
    p: list[msgspec.Raw] = []


class _Order(msgspec.Struct, gc=False):
    s: str
    c: str = ""
    S: str = ""
    x: str = ""
    X: str = ""
    q: Loose = None
    z: Loose = None
    p: Loose = None
    ap: Loose = None
    ps: str = "BOTH"
    rp: Loose = None
    n: Loose = None
    N: str | None = None
    ma: str | None = None


class _OrderUpdate(msgspec.Struct, gc=False):
    E: float
    o: _Order
    T: Loose = None


def _time(event: float, transaction: Loose) -> float:
    # T is when it happened, and what a row's `updateTime` in REST means; E is when the message was made.
    happened = optional_positive(transaction)
    return seconds("E", event) if happened is None else seconds("T", happened)


def side_of(position_side: str, quantity: float) -> Side | None:
    """None in one-way mode. BadField for a word that is no side, or a sign that contradicts it."""
    if position_side not in SIDES:
        raise BadField("the position side is none of BOTH, LONG, SHORT")
    side = SIDES[position_side]
    if (side is Side.LONG and quantity < 0) or (side is Side.SHORT and quantity > 0):
        raise BadField("the quantity's sign contradicts the position side")
    return side


def _account_update(payload: bytes, account: AccountKey, received: float) -> Found:
    update = msgspec.json.decode(payload, type=_AccountUpdate, strict=False)
    at = _time(update.E, update.T)
    events: list[Event] = []
    problems: list[RowProblem] = []
    for number, raw in enumerate(update.a.B):
        try:
            row = msgspec.json.decode(raw, type=_BalanceRow, strict=False)
            events.append(_balance(row, account, at, received))
            flow = cash.told(update.a.m, row.a, optional(row.bc), account, at, received, update.a.S)
            events += [] if flow is None else [flow]
        except ValueError as error:
            problems.append(RowProblem(f"balance {number}", str(error)[:200]))
    for number, raw in enumerate(update.a.P):
        try:
            events.append(_position(msgspec.json.decode(raw, type=_PositionRow, strict=False), account, at, received))
        except ValueError as error:
            problems.append(RowProblem(f"position {number}", str(error)[:200]))
    return Found(tuple(events), tuple(problems))


def _balance(row: _BalanceRow, account: AccountKey, at: float, received: float) -> BalanceChanged:
    if not row.a:
        raise BadField("a is empty")
    wallet, cross = optional(row.wb), optional(row.cw)
    if wallet is None and cross is None:
        raise BadField("neither wb nor cw is a number")
    return BalanceChanged(
        account=account, asset=row.a, wallet=wallet, cross_wallet=cross, venue_time=at, received=received
    )


def _position(row: _PositionRow, account: AccountKey, at: float, received: float) -> PositionChanged:
    if not row.s:
        raise BadField("s is empty")
    quantity = finite("pa", row.pa)
    side = side_of(row.ps, quantity)
    mode = MARGIN_MODES.get((row.mt or "").lower())
    return PositionChanged(
        account=account,
        symbol=row.s,
        side=side,
        quantity=quantity,
        entry_price=optional_positive(row.ep) if quantity else None,
        margin_mode=mode,
        isolated_wallet=optional(row.iw) if mode is MarginMode.ISOLATED else None,
        venue_time=at,
        received=received,
        margin_asset=row.ma or settled_in_coin(row.s),
    )


def _config_update(payload: bytes, account: AccountKey, received: float) -> Found:
    update = msgspec.json.decode(payload, type=_ConfigUpdate, strict=False)
    if update.ac is None and update.ai is None:
        raise BadField("neither ac nor ai is there")
    event = ConfigChanged(
        account=account,
        venue_time=_time(update.E, update.T),
        received=received,
        multi_assets=None if update.ai is None else update.ai.j,
        symbol=None if update.ac is None else update.ac.s,
        leverage=None if update.ac is None else optional_positive(update.ac.l),
    )
    return Found((event,))


def _margin_call(payload: bytes, account: AccountKey, received: float) -> Found:
    call = msgspec.json.decode(payload, type=_MarginCall, strict=False)
    at = seconds("E", call.E)
    problems: list[RowProblem] = []
    rows: list[_CalledRow] = []
    for number, raw in enumerate(call.p):
        try:
            rows.append(msgspec.json.decode(raw, type=_CalledRow, strict=False))
        except msgspec.DecodeError as error:
            problems.append(RowProblem(f"position {number}", str(error)[:200]))
    warnings = tuple(
        VenueWarning(
            account=account,
            kind=WarningKind.MARGIN_CALL,
            symbol=row.s,
            side=_called_side(row),
            detail=_called(row),
            venue_time=at,
            received=received,
        )
        for row in rows
    )
    # A call whose rows cannot be read is still a call.
    whole = VenueWarning(
        account=account,
        kind=WarningKind.MARGIN_CALL,
        symbol=None,
        side=None,
        detail="margin call",
        venue_time=at,
        received=received,
    )
    return Found(warnings or (whole,), tuple(problems))


def _called_side(row: _CalledRow) -> Side | None:
    side = SIDES.get(row.ps)
    quantity = optional(row.pa)
    if side is None and quantity:
        return Side.LONG if quantity > 0 else Side.SHORT
    return side


def _called(row: _CalledRow) -> str:
    mark, needed = optional_positive(row.mp), optional(row.mm)
    words = f"margin call for {row.s[:_SHOWN]}"
    words += "" if mark is None else f" at mark price {mark:g}"
    return words + ("" if needed is None else f", maintenance margin {needed:g}")


# By the beginning of the order's client id [doc]; the execution type CALCULATED means the venue's own hand as well.
_FORCED = (
    ("adl_autoclose", WarningKind.ADL, "auto-deleveraging"),
    ("settlement_autoclose-", WarningKind.SETTLEMENT, "settlement of a contract that is delisted"),
    ("delivery_autoclose-", WarningKind.SETTLEMENT, "delivery"),
    ("autoclose-", WarningKind.LIQUIDATION, "liquidation"),
)


_FILLS = ("TRADE", "CALCULATED")  #: the execution types that move a wallet


def _order_update(payload: bytes, account: AccountKey, received: float) -> Found:
    update = msgspec.json.decode(payload, type=_OrderUpdate, strict=False)
    order = update.o
    forced = _forced(order)
    at = _time(update.E, update.T)
    flows = (
        ()
        if order.x not in _FILLS
        else cash.of_fill(
            cash.Fill(
                symbol=order.s,
                profit=optional(order.rp),
                fee=optional(order.n),
                fee_asset=order.N,
                settles=order.ma or settled_in_coin(order.s),
                forced=forced is not None,
            ),
            account,
            at,
            received,
        )
    )
    if forced is None:
        return Found(flows, carries_state=False)
    kind, cause = forced
    event = VenueWarning(
        account=account,
        kind=kind,
        symbol=order.s,
        side=_closed_side(order),
        detail=_closing(order, cause),
        venue_time=at,
        received=received,
    )
    return Found((event, *flows))


def _forced(order: _Order) -> tuple[WarningKind, str] | None:
    if order.X == "NEW_ADL":
        return WarningKind.ADL, "auto-deleveraging"
    for beginning, kind, cause in _FORCED:
        if order.c.startswith(beginning):
            return kind, cause
    return (WarningKind.LIQUIDATION, "liquidation") if order.x == "CALCULATED" else None


def _closed_side(order: _Order) -> Side | None:
    side = SIDES.get(order.ps)
    if side is not None:
        return side
    return {"SELL": Side.LONG, "BUY": Side.SHORT}.get(order.S)


def _closing(order: _Order, cause: str) -> str:
    side = _closed_side(order)
    quantity = optional_positive(order.z) or optional_positive(order.q)
    price = optional_positive(order.ap) or optional_positive(order.p)
    words = f"{cause}: the venue closes"
    words += "" if quantity is None else f" {quantity:g}"
    words += f" {order.s[:_SHOWN]}" + ("" if side is None else f" {side}")
    words += "" if price is None else f" at {price:g}"
    fund = ", taken by the insurance fund" if order.X == "NEW_INSURANCE" else ""
    return words + fund


KINDS: dict[str, Handler] = {
    "ACCOUNT_UPDATE": _account_update,
    "ACCOUNT_CONFIG_UPDATE": _config_update,
    "MARGIN_CALL": _margin_call,
    "ORDER_TRADE_UPDATE": _order_update,
}
