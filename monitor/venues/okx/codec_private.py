"""The data of an account's channels: what changed in it, and what the venue warns of. Part of the codec, and pure.

The rows of `account` and `positions` are those of REST; they come with the venue's own figures, so that the account can
be compared between polls too. `balance_and_position` is faster and says less.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec

from monitor.domain.accounts import MarginMode
from monitor.domain.events import (
    BalanceChanged,
    Event,
    OrderChanged,
    PositionChanged,
    VenueWarning,
    WarningKind,
)
from monitor.domain.frames import RowProblem
from monitor.domain.names import AccountKey, Side
from monitor.venues.fields import BadField, Loose, finite, optional, optional_positive, optional_seconds, word
from monitor.venues.okx import rows as shared
from monitor.venues.okx.endpoints import (
    ACCOUNT_CHANNEL,
    FAST_CHANNEL,
    ORDERS_CHANNEL,
    POSITIONS_CHANNEL,
    WARNING_CHANNEL,
    InstType,
)
from monitor.venues.okx.reading import reason
from monitor.venues.okx.rows import BalanceRow, OrderRow, PositionRow
from monitor.venues.rows import Row, shown

_NAME_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Found:
    """What the rows of one frame say. `event_type` where the rows, and not the frame, carry it."""

    events: tuple[Event, ...] = ()
    problems: tuple[RowProblem, ...] = ()
    venue_time: float | None = None
    event_type: str = ""


class _Reader:
    """Collects the events of one frame, its bad rows, and its newest time."""

    def __init__(self, account: AccountKey, received: float) -> None:
        self.account, self.received = account, received
        self.events: list[Event] = []
        self.problems: list[RowProblem] = []
        self.newest: float | None = None

    def at(self, *times: Loose) -> float:
        """The first of the venue's times that is one, remembered as the frame's if it is the newest."""
        found = next((at for at in map(optional_seconds, times) if at is not None), None)
        if found is None:
            raise BadField("no time in the row")
        self.newest = found if self.newest is None else max(self.newest, found)
        return found

    def each(self, what: str, raws: Sequence[msgspec.Raw], kind: type[Row], tell: Callable[[Row], list[Event]]) -> None:
        """The events of each row; a bad row costs that row."""
        for number, raw in enumerate(raws):
            try:
                self.events += tell(msgspec.json.decode(raw, type=kind))
            except (ValueError, OverflowError, RecursionError) as error:  # msgspec's errors and BadField
                self.problems.append(RowProblem(f"{what} {number}", reason(error), shown(raw)))

    def found(self, event_type: str = "") -> Found:
        """All of it."""
        return Found(tuple(self.events), tuple(self.problems), self.newest, event_type)


class _AccountBody(msgspec.Struct, gc=False):
    details: list[msgspec.Raw] = []
    uTime: Loose = None


def _account(data: Sequence[msgspec.Raw], account: AccountKey, received: float) -> Found:
    reader = _Reader(account, received)

    def whole(body: _AccountBody) -> list[Event]:
        # The account's own time is when the frame was made; a row's is when its balance last changed.
        made = reader.at(body.uTime)
        reader.each("balance", body.details, BalanceRow, lambda row: [_balance(row, made, account, received)])
        return []

    reader.each("account", data, _AccountBody, whole)
    return reader.found()


def _balance(row: BalanceRow, made: float, account: AccountKey, received: float) -> BalanceChanged:
    one = shared.balance(row)
    return BalanceChanged(
        account=account,
        asset=one.asset,
        wallet=one.wallet,
        cross_wallet=one.cross_wallet,
        venue_time=one.update_time or made,
        received=received,
        row=one,
    )


def _positions(data: Sequence[msgspec.Raw], account: AccountKey, received: float) -> Found:
    reader = _Reader(account, received)

    def tell(row: PositionRow) -> list[Event]:
        reader.at(row.pTime, row.uTime)
        return [_changed(row, account, received, full=True)]

    reader.each("position", data, PositionRow, tell)
    return reader.found()


def _changed(row: PositionRow, account: AccountKey, received: float, *, full: bool) -> PositionChanged:
    """`full`: the row shows the position whole, with the venue's figures."""
    one = shared.position(row)
    told = shared.side_of(row, 0.0) if one is None else one.side
    isolated = one is not None and one.margin_mode is MarginMode.ISOLATED
    happened = optional_seconds(row.uTime) or optional_seconds(row.pTime)
    if happened is None:
        raise BadField("uTime is not a time")
    return PositionChanged(
        account=account,
        symbol=word("instId", row.instId),
        side=told if shared.kept_apart(row) else None,
        quantity=0.0 if one is None else one.quantity,
        entry_price=None if one is None else one.entry_price,
        margin_mode=shared.MARGIN_MODES.get(row.mgnMode),
        isolated_wallet=one.isolated_wallet if one is not None and isolated else None,
        venue_time=happened,
        received=received,
        margin_asset=row.ccy or None,
        row=one if full else None,
    )


class _CashRow(msgspec.Struct, gc=False):
    ccy: str
    cashBal: Loose = None
    uTime: Loose = None


class _FastBody(msgspec.Struct, gc=False):
    eventType: str = ""
    balData: list[msgspec.Raw] = []
    posData: list[msgspec.Raw] = []
    pTime: Loose = None


_HAPPENED = {
    "liquidation": (WarningKind.LIQUIDATION, "liquidation"),
    "adl": (WarningKind.ADL, "auto-deleveraging"),
    "delivery": (WarningKind.SETTLEMENT, "delivery"),
    "exercise": (WarningKind.SETTLEMENT, "exercise of an option"),
}
"""Event types of `balance_and_position` that are the venue's own hand. «settlement» is the daily one of futures, which
moves profit into cash and closes nothing."""


def _fast(data: Sequence[msgspec.Raw], account: AccountKey, received: float) -> Found:
    reader = _Reader(account, received)
    event_types: list[str] = []

    def whole(body: _FastBody) -> list[Event]:
        made = reader.at(body.pTime)
        event_types.append(body.eventType)
        reader.each("balance", body.balData, _CashRow, lambda row: [_cash(row, made, account, received)])
        happened = _HAPPENED.get(body.eventType)

        def tell(row: PositionRow) -> list[Event]:
            change = _changed(row, account, received, full=False)
            # Margin and debts are not in these rows: where they matter, the other channel tells of the position whole.
            told = [] if change.quantity and _has_its_own(row) else [change]
            if happened is None:
                return [*told]
            kind, cause = happened
            left = "all of" if not change.quantity else "a part of"
            warning = VenueWarning(
                account=account,
                kind=kind,
                symbol=change.symbol,
                side=change.side,
                detail=f"{cause}: the venue closed {left} {change.symbol[:_NAME_SHOWN]}",
                venue_time=change.venue_time,
                received=received,
            )
            return [warning, *told]

        reader.each("position", body.posData, PositionRow, tell)
        return []

    reader.each("row", data, _FastBody, whole)
    return reader.found("snapshot" if set(event_types) == {"snapshot"} else "event_update")


def _has_its_own(row: PositionRow) -> bool:
    fixed = row.kind in (InstType.MARGIN, InstType.OPTION)  # whether its sides are apart is a rule of its own
    return fixed or shared.MARGIN_MODES.get(row.mgnMode) is not MarginMode.CROSS


def _cash(row: _CashRow, made: float, account: AccountKey, received: float) -> BalanceChanged:
    cash = finite("cashBal", row.cashBal)
    return BalanceChanged(
        account=account,
        asset=word("ccy", row.ccy),
        wallet=cash,
        cross_wallet=cash,
        venue_time=optional_seconds(row.uTime) or made,
        received=received,
    )


def _orders(data: Sequence[msgspec.Raw], account: AccountKey, received: float) -> Found:
    reader = _Reader(account, received)

    def tell(row: OrderRow) -> list[Event]:
        at = reader.at(row.uTime)
        change = OrderChanged(account=account, order=shared.order(row), venue_time=at, received=received)
        forced = _FORCED.get(row.category)
        return [change] if forced is None else [_by_the_venue(row, *forced, account, at, received), change]

    reader.each("order", data, OrderRow, tell)
    return reader.found()


_FORCED = {
    "full_liquidation": (WarningKind.LIQUIDATION, "liquidation"),
    "partial_liquidation": (WarningKind.LIQUIDATION, "partial liquidation"),
    "adl": (WarningKind.ADL, "auto-deleveraging"),
    "delivery": (WarningKind.SETTLEMENT, "delivery"),
}
"""Categories of orders that the venue places itself."""


def _by_the_venue(
    row: OrderRow, kind: WarningKind, cause: str, account: AccountKey, at: float, received: float
) -> VenueWarning:
    closed = shared.SIDES.get(row.posSide) or {"sell": Side.LONG, "buy": Side.SHORT}.get(row.side)
    size = optional_positive(row.accFillSz) or optional_positive(row.sz)
    price = optional_positive(row.avgPx) or optional_positive(row.fillPx) or optional_positive(row.px)
    words = f"{cause}: the venue closes" + ("" if size is None else f" {size:g}")
    words += f" {row.instId[:_NAME_SHOWN]}" + ("" if closed is None else f" {closed}")
    return VenueWarning(
        account=account,
        kind=kind,
        symbol=row.instId,
        side=closed,
        detail=words + ("" if price is None else f" at {price:g}"),
        venue_time=at,
        received=received,
    )


def _warnings(data: Sequence[msgspec.Raw], account: AccountKey, received: float) -> Found:
    reader = _Reader(account, received)

    def tell(row: PositionRow) -> list[Event]:
        at = reader.at(row.pTime, row.uTime)
        size = optional(row.pos) or 0.0
        try:
            side = shared.side_of(row, size)
        except BadField:
            side = None  # a warning whose side cannot be told is still one
        ratio, mark = optional(row.mgnRatio), optional_positive(row.markPx)
        words = f"liquidation warning for {row.instId[:_NAME_SHOWN]}"
        words += "" if mark is None else f" at mark price {mark:g}"
        words += "" if ratio is None else f", margin ratio {ratio:.0%} (100% is liquidation)"
        warning = VenueWarning(
            account=account,
            kind=WarningKind.MARGIN_CALL,
            symbol=word("instId", row.instId),
            side=side,
            detail=words,
            venue_time=at,
            received=received,
        )
        return [warning]

    reader.each("warning", data, PositionRow, tell)
    return reader.found()


KINDS: dict[str, Callable[[Sequence[msgspec.Raw], AccountKey, float], Found]] = {
    ACCOUNT_CHANNEL: _account,
    POSITIONS_CHANNEL: _positions,
    FAST_CHANNEL: _fast,
    ORDERS_CHANNEL: _orders,
    WARNING_CHANNEL: _warnings,
}
