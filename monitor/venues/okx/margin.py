"""What backs what at OKX: an account as pools. Formulas and their sources stand in README.md beside this file.

* isolated: one pool a position, `isolated:SYMBOL:side`, with its own margin as cash (spot margin: `margin_loans`);
* futures mode, cross: one pool a settlement asset, `cross:USDT`, `cross:BTC`;
* multi-currency and portfolio margin: one pool in USD (`margin_usd`), and in spot mode one where the account borrows.

Resting orders count in the ratio that the venue shows, and not in the price that it prints. It cancels them before it
liquidates, so that our lines know none of them either; the stages «warning» and «orders-cancelled» do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from monitor.domain.accounts import Account, Balance, CollateralMode, MarginMode, Order, Position
from monitor.domain.instruments import Payoff
from monitor.domain.names import Asset, PoolKey, Side, Symbol
from monitor.domain.tables import Tables
from monitor.margin.pool import LIQUIDATION, Description, Leg, Pool, VenueFigures, VenueLine
from monitor.venues.okx.endpoints import InstType, inst_type
from monitor.venues.okx.margin_loans import isolated_loan
from monitor.venues.okx.margin_terms import (
    EXACT_TOLERANCE,
    ORDERS_GONE,
    RATIO_NAME,
    STAGES,
    WIDE_TOLERANCE,
    Terms,
    opening_parts,
)
from monitor.venues.okx.margin_usd import whole_account
from monitor.venues.okx.margin_words import Words


def describe(account: Account, tables: Tables) -> Description:
    """The account as pools: cross pools by asset, or one in USD; then isolated ones. A `pool.Describe`."""
    unreadable = _unreadable(account)
    if unreadable:
        return Description((), unreadable)
    terms = Terms(account, tables)
    positions = sorted(account.positions.values(), key=lambda position: position.key)
    # The row says which pool a position draws on, whatever the mode; one that does not say it makes the cross pool
    # unknown.
    cross = [position for position in positions if position.margin_mode is not MarginMode.ISOLATED]
    alone = [position for position in positions if position.margin_mode is MarginMode.ISOLATED]
    shared = (
        _by_asset(terms, cross)
        if account.mode.collateral is CollateralMode.SINGLE_ASSET
        else whole_account(terms, cross)
    )
    return Description((*shared, *(_isolated(terms, position) for position in alone)))


def _unreadable(account: Account) -> tuple[str, ...]:
    reasons: list[str] = []
    if account.mode.collateral is None or account.mode.collateral is CollateralMode.ISOLATED:
        reasons.append("cannot tell the account level")
    if account.mode.hedge is None:
        reasons.append("cannot tell net mode from long/short mode")
        return tuple(reasons)
    # Spot margin and options have a rule of their own in either mode.
    futures = [one for one in account.positions.values() if inst_type(one.symbol) in (InstType.SWAP, InstType.FUTURES)]
    wrong = sorted({one.symbol for one in futures if one.hedge is not account.mode.hedge})
    if wrong:
        said, held = ("long/short", "net") if account.mode.hedge else ("net", "long/short")
        reasons.append(f"the account says {said} mode, but {', '.join(wrong)} is held in {held} mode")
    return tuple(reasons)


def _isolated(terms: Terms, position: Position) -> Pool:
    """One position with its own margin. The venue prints its price one tick nearer than the formula says."""
    if inst_type(position.symbol) == InstType.MARGIN:
        return isolated_loan(terms, position)
    words = Words()
    leg = terms.leg(position, words)
    if leg.option is not None:
        words.refuse(f"{position.symbol} {position.side}: how an isolated option counts is not known")
    margin, profit, ratio = position.isolated_wallet, position.venue.unrealized_pnl, position.venue.ratio
    if margin is None:
        words.refuse(f"no margin of {position.symbol} {position.side}")
    instrument = terms.instrument(position.symbol)
    tick = 0.0 if instrument is None or instrument.tick_size is None else instrument.tick_size
    line = terms.line(
        position,
        [position.symbol],
        offset=tick if position.side is Side.LONG else -tick,
        tolerance=EXACT_TOLERANCE,
    )
    equity = None if margin is None or profit is None else margin + profit
    return Pool(
        key=PoolKey(*terms.account.key, f"isolated:{position.symbol}:{position.side}"),
        numeraire=leg.settle,
        isolated=True,
        cash=margin or 0.0,
        legs=(leg,),
        stages=STAGES,
        venue=VenueFigures(
            equity=equity,
            maintenance_margin=_required(equity, ratio),
            initial_margin=position.venue.initial_margin,
            ratio=ratio,
            ratio_name=RATIO_NAME,
            ratio_inverted=True,
            lines=() if line is None else (line,),
        ),
        reasons=tuple(words.reasons),
        unknown=tuple(words.unknown),
    )


def _required(equity: float | None, ratio: float | None) -> float | None:
    """What the venue's ratio divides by: its printed maintenance is without the fee of closing, which the ratio has."""
    return None if equity is None or ratio is None or ratio <= 0.0 or equity <= 0.0 else equity / ratio


def _by_asset(terms: Terms, cross: Sequence[Position]) -> list[Pool]:
    """Futures mode: what settles in an asset is backed by that asset alone."""
    account = terms.account
    settled = [(position, _backed_by(terms, position)) for position in cross]
    resting = _resting(terms)
    assets = {asset for _, asset in settled} | {leg.settle for leg, _ in resting}
    assets |= {balance.asset for balance in account.balances.values() if balance.wallet}
    return [
        _cross(
            terms,
            asset,
            [position for position, other in settled if other == asset],
            [(leg, words) for leg, words in resting if leg.settle == asset],
        )
        for asset in sorted(assets)
    ]


def _backed_by(terms: Terms, position: Position) -> Asset:
    if inst_type(position.symbol) == InstType.MARGIN:
        return position.margin_asset or position.liability_asset or "USDT"
    return terms.settles(position) or position.margin_asset or "USDT"


def _cross(terms: Terms, asset: Asset, positions: Sequence[Position], resting: Sequence[tuple[Leg, Words]]) -> Pool:
    words = Words()
    balance = terms.account.balances.get(asset)
    if balance is None and (positions or resting):
        words.refuse(f"no balance of {asset} in the account")
    legs: list[Leg] = []
    for position in positions:
        if inst_type(position.symbol) == InstType.MARGIN:
            words.refuse(
                f"{position.symbol} {position.side}: how cross spot margin counts in futures mode is not known"
            )
        else:
            legs.append(terms.leg(position, words))
    for _, its in resting:
        words.reasons |= its.reasons
        words.unknown |= its.unknown
    legs += [leg for leg, _ in resting if leg.quantity]
    # What is only held back has no price of its own: it goes by that of a contract. Without one nothing is required.
    legs += [replace(leg, symbol=legs[0].symbol) for leg, _ in resting if legs and not leg.quantity]
    return Pool(
        key=PoolKey(*terms.account.key, f"cross:{asset}"),
        numeraire=asset,
        cash=0.0 if balance is None else balance.wallet,
        legs=tuple(legs),
        stages=STAGES,
        venue=_figures(terms, balance, positions, resting),
        reasons=tuple(words.reasons),
        unknown=tuple(words.unknown),
    )


def _figures(
    terms: Terms,
    balance: Balance | None,
    positions: Sequence[Position],
    resting: Sequence[tuple[Leg, Words]],
) -> VenueFigures:
    """The venue's own figures of one settlement asset: those of its balance, for positions repeat them."""
    profit = None if balance is None else balance.venue_cross_unrealized_pnl
    equity = None if balance is None or profit is None else balance.wallet + profit
    if balance is not None and any(inst_type(position.symbol) == InstType.OPTION for position in positions):
        equity = balance.venue_equity  # an option counts with its value, which is no profit
    ratio = None if balance is None else balance.venue_ratio
    return VenueFigures(
        equity=equity,
        # With orders its ratio divides another equity by another requirement than liquidation will.
        maintenance_margin=None if resting else _required(equity, ratio),
        initial_margin=None if balance is None or resting else balance.venue_initial_margin,
        ratio=ratio,
        ratio_name=RATIO_NAME,
        ratio_inverted=True,
        ratio_stage=ORDERS_GONE if resting else LIQUIDATION,
        lines=_lines(terms, positions),
    )


def _lines(terms: Terms, positions: Sequence[Position]) -> tuple[VenueLine, ...]:
    """A family moves together, all others stand still, and no tick is added. Checked for one family alone."""
    families: dict[str, list[Symbol]] = {}
    for position in positions:
        families.setdefault(_family(terms, position.symbol), []).append(position.symbol)
    tolerance = EXACT_TOLERANCE if len(positions) == 1 else WIDE_TOLERANCE
    found = [
        terms.line(position, dict.fromkeys(families[_family(terms, position.symbol)]), offset=0.0, tolerance=tolerance)
        for position in positions
    ]
    return tuple(line for line in found if line is not None)


def _family(terms: Terms, symbol: Symbol) -> str:
    instrument = terms.instrument(symbol)
    return symbol if instrument is None else instrument.family


def _resting(terms: Terms) -> list[tuple[Leg, Words]]:
    """What resting orders count for in the pools of futures mode, each with what had to be assumed for it."""
    account = terms.account
    orders = sorted(account.orders.values(), key=lambda order: order.id)
    opening = opening_parts(account, [order for order in orders if inst_type(order.symbol) != InstType.MARGIN])
    found: list[tuple[Leg, Words]] = []
    for order in orders:
        kind, words, opened = inst_type(order.symbol), Words(), opening.get(order.id, 0.0)
        if kind == InstType.MARGIN:
            found += _spot_order(terms, order, words)
        elif not opened:
            continue
        elif order.margin_mode is MarginMode.ISOLATED:
            found += _isolated_order(terms, order, opened, words)
        elif kind == InstType.OPTION:
            found += _option_order(terms, order, opened, words)
        else:
            found.append((terms.order(order, opened, words), words))
    return found


def _isolated_order(terms: Terms, order: Order, opened: float, words: Words) -> list[tuple[Leg, Words]]:
    """An order that would open an isolated position holds its margin and its fee back from the asset's pool."""
    if terms.instrument(order.symbol) is None or inst_type(order.symbol) == InstType.OPTION:
        return []
    leg = terms.order(order, opened, words)
    price, size = order.price or 0.0, abs(leg.quantity)
    notional = (size / price if price else 0.0) if leg.payoff is Payoff.INVERSE else size * price
    margin = notional / order.leverage if order.leverage else notional
    return [(terms.held_back(order, margin + leg.opening_fee, leg.settle), words)]


def _option_order(terms: Terms, order: Order, opened: float, words: Words) -> list[tuple[Leg, Words]]:
    """An order to buy an option holds back its premium. One to sell counts in the margin factor of its family; what
    else the ratio knows of it is not documented.
    """
    instrument, settle = terms.instrument(order.symbol), terms.settles(order)
    if instrument is None or settle is None:
        return []
    if order.quantity < 0:
        words.assume("resting orders to sell options count in the margin factor alone")
        return [(terms.held_back(order, 0.0, settle), words)]
    if not order.price:
        words.assume(f"a resting order of {order.symbol} has no price: its premium is not counted")
    return [(terms.held_back(order, opened * instrument.contract_size * (order.price or 0.0), settle), words)]


def _spot_order(terms: Terms, order: Order, words: Words) -> list[tuple[Leg, Words]]:
    """A spot order holds back what it would pay with; what one of spot margin holds back is not documented."""
    instrument = terms.instrument(order.symbol)
    if instrument is None:
        return []
    if order.margin_mode is not None:
        words.assume("resting orders of spot margin are not counted")
        return [(terms.held_back(order, 0.0, order.margin_asset or instrument.quote), words)]
    if order.quantity < 0:
        return [(terms.held_back(order, -order.quantity, instrument.base), words)]
    return [(terms.held_back(order, order.quantity * order.price, instrument.quote), words)] if order.price else []
