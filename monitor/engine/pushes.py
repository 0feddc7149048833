"""How a push amends what is held, and when two statements about a position or a balance say the same."""

from __future__ import annotations

import math
from dataclasses import replace

from monitor.domain.accounts import Balance, MarginMode, Order, Position, SymbolConfig, VenuePosition, Wallet
from monitor.domain.events import BalanceChanged, PositionChanged
from monitor.domain.lines import Line
from monitor.domain.names import PositionKey, Side, Symbol

OTHER = {Side.LONG: Side.SHORT, Side.SHORT: Side.LONG}
_OBSOLETE = VenuePosition(liquidation=Line.unknown("the position changed after the venue's last answer"))


def words(key: PositionKey) -> str:
    """A position as we speak of it: «BTCUSDT long»."""
    return f"{key.symbol} {key.side.value}"


def amended(key: PositionKey, known: Position | None, push: PositionChanged) -> Position:
    """The position after `push`; what the push does not say stays, and the venue's old figures go if it differs. A push
    that shows the position whole says everything, the venue's figures of now among it.
    """
    if push.row is not None:
        return replace(push.row, side=key.side, update_time=push.venue_time)
    before = known or Position(symbol=key.symbol, side=key.side, quantity=0.0, entry_price=None, margin_mode=None)
    margin_mode = push.margin_mode or before.margin_mode
    wallet = before.isolated_wallet if push.isolated_wallet is None else push.isolated_wallet
    after = replace(
        before,
        quantity=abs(push.quantity) if key.side is Side.LONG else -abs(push.quantity),
        entry_price=before.entry_price if push.entry_price is None else push.entry_price,
        margin_mode=margin_mode,
        hedge=push.side is not None,
        margin_asset=push.margin_asset or before.margin_asset,
        isolated_wallet=None if margin_mode is MarginMode.CROSS else wallet,
        update_time=push.venue_time,
    )
    return after if same_position(before, after) else replace(after, venue=_OBSOLETE)


def amended_balance(known: Balance | None, push: BalanceChanged) -> Balance | None:
    """The balance after `push`, without the venue's old figures; None where nothing can be said. A push that shows the
    balance whole says everything but what may leave the account, which is an answer of its own.
    """
    if push.row is not None:
        leaves = push.row.withdrawable
        if leaves is None and known is not None:
            leaves = known.withdrawable
        return replace(push.row, update_time=push.venue_time, withdrawable=leaves)
    wallet = push.wallet
    if wallet is None:
        wallet = push.cross_wallet if known is None else known.wallet
    if wallet is None:
        return None
    before = known or Balance(asset=push.asset, wallet=wallet)
    return Balance(
        asset=push.asset,
        wallet=wallet,
        cross_wallet=before.cross_wallet if push.cross_wallet is None else push.cross_wallet,
        borrowed=before.borrowed,
        interest=before.interest,
        update_time=push.venue_time,
        collateral=before.collateral,
    )


def same_position(one: Position, other: Position) -> bool:
    """Whether both say the same of what is held; the venue's own figures and times aside."""
    return (
        one.quantity == other.quantity
        and one.margin_mode is other.margin_mode
        and one.hedge is other.hedge
        and _same(one.entry_price, other.entry_price)
        and _same(one.isolated_wallet, other.isolated_wallet)
        and one.position_asset == other.position_asset
        and one.liability_asset == other.liability_asset
        and _same(one.liability, other.liability)
        and _same(one.interest, other.interest)
        and _agree(one.leverage, other.leverage)
        and _agree(one.contracts, other.contracts)
        and _agree(one.maintenance_rate, other.maintenance_rate)
    )


def same_balance(one: Balance, other: Balance) -> bool:
    """Whether both say the same of what is held; the venue's own figures and times aside."""
    return (
        _same(one.wallet, other.wallet)
        and _same(one.cross_wallet, other.cross_wallet)
        and _same(one.borrowed, other.borrowed)
        and _same(one.interest, other.interest)
        and _agree(one.frozen, other.frozen)
        and (one.collateral is other.collateral or None in (one.collateral, other.collateral))
    )


def same_wallet(one: Wallet, other: Wallet) -> bool:
    """Whether both say the same of what a purse holds and owes; the venue's own figures and times aside."""
    return (
        one.balances.keys() == other.balances.keys()
        and all(same_balance(row, other.balances[asset]) for asset, row in one.balances.items())
        and one.multiple == other.multiple
        and one.liquidation_level == other.liquidation_level
    )


def same_order(one: Order, other: Order) -> bool:
    """Whether both say the same of what rests; its times aside."""
    return one == other or replace(one, update_time=other.update_time) == other


def _agree(one: float | None, other: float | None) -> bool:
    """The same, or one of them does not say."""
    return one is None or other is None or _same(one, other)


def _same(one: float | None, other: float | None) -> bool:
    """Equal but for the digits that a push may cut off and a reading does not."""
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=1e-7, abs_tol=1e-12)


def margin_mode_changes(
    before: dict[Symbol, SymbolConfig], after: dict[Symbol, SymbolConfig], held: set[Symbol]
) -> list[tuple[Symbol, str]]:
    """For each held symbol whose margin mode changed: the symbol and the change in words."""
    found = []
    for symbol in sorted(held & before.keys() & after.keys()):
        old, new = before[symbol].margin_mode, after[symbol].margin_mode
        if old is not None and new is not None and old is not new:
            found.append((symbol, f"the margin mode of {symbol} changed from {old.value} to {new.value}"))
    return found
