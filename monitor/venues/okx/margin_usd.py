"""The whole account in USD: multi-currency margin, portfolio margin, and spot mode where it borrows.

Each asset counts its equity at its USD price, less a discount that grows with the amount; what is below zero counts
whole, is a loan, and requires margin and the fee of closing it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from monitor.domain.accounts import Account, Balance, CollateralMode, MarginMode, Position
from monitor.domain.names import USD, Asset, PoolKey
from monitor.domain.tables import CollateralTerms
from monitor.domain.tiers import flat
from monitor.margin.pool import (
    LIQUIDATION,
    Curve,
    Holding,
    Leg,
    Pool,
    ScenarioGrid,
    Step,
    VenueFigures,
    counted_at,
)
from monitor.venues.fields import without_dust
from monitor.venues.okx.answers_tables import OWN_USD
from monitor.venues.okx.endpoints import InstType, inst_type
from monitor.venues.okx.margin_terms import (
    ORDERS_GONE,
    RATIO_NAME,
    STAGES,
    WIDE_TOLERANCE,
    Terms,
    opening_parts,
    rate_at,
)
from monitor.venues.okx.margin_words import Words
from monitor.venues.okx.scenario import crossings, grids, without_scenarios

POOL_NAMES = {
    CollateralMode.MULTI_ASSETS: "multi-assets",
    CollateralMode.PORTFOLIO: "portfolio-margin",
    CollateralMode.SPOT: "spot",
}
UNIT_TOLERANCE = 0.01  #: how far our discounted value may lie off the venue's before its unit is doubted


def whole_account(terms: Terms, cross: Sequence[Position]) -> list[Pool]:
    """One pool; none for a spot account that owes nothing."""
    account = terms.account
    mode = account.mode.collateral
    assert mode is not None  # `describe` refused
    if mode is CollateralMode.SPOT and not cross and not any(_owes(one) for one in account.balances.values()):
        return []
    if not cross and not account.balances:
        return []
    words = Words()
    simulated = mode is CollateralMode.PORTFOLIO
    legs = _legs(terms, cross, words, simulated=simulated)
    resting = [] if simulated else _orders(terms, words)
    scenarios: tuple[ScenarioGrid, ...] = ()
    constant = 0.0
    if simulated and legs:
        scenarios, constant = _requirement(terms, cross, words)
    holdings, cash = _holdings(terms, (*legs, *resting), cross, words)
    if constant:
        # The account's own figure holds what its loans require, too.
        holdings = [one if one.borrow is None else replace(one, borrow=flat(0.0)) for one in holdings]
    return [
        Pool(
            key=PoolKey(*account.key, POOL_NAMES[mode]),
            numeraire=USD,
            cash=cash,
            holdings=tuple(holdings),
            legs=(*legs, *resting),
            grids=scenarios,
            constant_requirement=constant,
            stages=STAGES,
            venue=_figures(terms, cross, orders=bool(resting)),
            reasons=tuple(words.reasons),
            unknown=tuple(words.unknown),
        )
    ]


def _owes(balance: Balance) -> bool:
    equity = balance.wallet if balance.venue_equity is None else balance.venue_equity
    return balance.borrowed > 0.0 or equity < 0.0


def _legs(terms: Terms, cross: Sequence[Position], words: Words, *, simulated: bool) -> list[Leg]:
    found: list[Leg] = []
    for position in cross:
        if inst_type(position.symbol) == InstType.MARGIN:
            name = f"{position.symbol} {position.side}"
            if position.margin_mode is None:
                words.refuse(f"cannot tell whether {name} is cross or isolated")
            words.assume(f"{name}: spot margin is counted by its balances")
            continue
        leg = terms.leg(position, words)
        if simulated:
            option = leg.option
            if option is not None:
                option = replace(option, index_rate=0.0, mark_rate=0.0, mark_add=0.0, index_add=0.0)
            leg = replace(leg, tiers=flat(0.0), tier_group=None, fee_rate=0.0, initial_margin_rate=None, option=option)
        found.append(leg)
    return found


def _orders(terms: Terms, words: Words) -> list[Leg]:
    """Orders that would open contracts count with margin and fees; what spot orders take off is not documented."""
    orders = [
        one
        for one in sorted(terms.account.orders.values(), key=lambda order: order.id)
        if one.margin_mode is not MarginMode.ISOLATED and inst_type(one.symbol) in (InstType.SWAP, InstType.FUTURES)
    ]
    opening = opening_parts(terms.account, orders)
    if len(orders) < len(terms.account.orders):
        words.assume("resting orders that are no cross order of a swap or a future are not counted")
    return [terms.order(order, opening[order.id], words) for order in orders if order.id in opening]


def _holdings(
    terms: Terms, legs: Sequence[Leg], cross: Sequence[Position], words: Words
) -> tuple[list[Holding], float]:
    """Each asset of the account, and each in which a leg settles; what is USD itself is cash."""
    account, collateral = terms.account, terms.tables.collateral
    settled, options = {leg.settle for leg in legs}, _worth_of_options(terms, cross, words)
    cash = 0.0
    found: list[Holding] = []
    for asset in sorted(settled | set(account.balances)):
        balance = account.balances.get(asset)
        amount = _amount(account, balance, options.get(asset))
        if asset == USD or asset in OWN_USD:
            cash += amount
            continue
        if balance is None:
            words.assume(f"no balance of {asset} in the account: taken as 0")
        known = collateral.get(asset)
        if known is None:
            if asset in settled or amount < 0.0 or not collateral:
                words.refuse(f"no discount rates for {asset}")
            elif amount > 0.0:
                words.assume(f"{asset} has no discount rates: it counts nothing")
            continue
        if not amount and asset not in settled:
            continue
        counts = _counts(account, balance)
        if not counts and amount > 0.0 and asset not in settled:
            continue  # it backs nothing, and cannot fall below zero either
        if known.borrow is None and (amount < 0.0 or _is_below_zero(balance)):
            words.refuse(f"no borrowing tiers for {asset}, which is owed")
        elif known.borrow is None and asset in settled:
            words.assume(f"no borrowing tiers for {asset}: where it would have to be lent, lines are too far away")
        found.append(_holding(terms, asset, amount, known, balance, words, counts=counts))
    return found, cash


def _is_below_zero(balance: Balance | None) -> bool:
    """Whether losses have made a debt of what there is of an asset."""
    return balance is not None and balance.venue_equity is not None and balance.venue_equity < 0.0


def _counts(account: Account, balance: Balance | None) -> bool:
    """Whether an asset backs anything while positive. The user's switch for it exists in multi-currency margin alone:
    elsewhere its field is off for all. A value that the venue gives the asset says more than the switch.
    """
    if balance is None or account.mode.collateral is not CollateralMode.MULTI_ASSETS:
        return True
    return balance.collateral is not False or (balance.venue_value_usd or 0.0) > 0.0


def _amount(account: Account, balance: Balance | None, options: float | None) -> float:
    """What there is of an asset without what moves with prices: the venue's equity of it less profits and options.

    Equity knows what cash alone does not (trading bots, loans of spot mode, accrued interest). Where a push told of
    cash only, that is it. Profits do not apply in spot mode, where their field is empty. `options`: what those that
    settle in the asset are worth, None where there are none; the equity's own word on it is of the same moment.
    """
    if balance is None:
        return 0.0
    profit = balance.venue_cross_unrealized_pnl
    if profit is None and account.mode.collateral is CollateralMode.SPOT:
        profit = 0.0
    if balance.venue_equity is None or profit is None:
        return balance.wallet - balance.interest
    if options is not None and balance.option_value is not None:
        options = balance.option_value
    return without_dust(balance.venue_equity - profit - (options or 0.0), balance.venue_equity, profit, options or 0.0)


def _worth_of_options(terms: Terms, cross: Sequence[Position], words: Words) -> dict[Asset, float]:
    """What options are worth as their own rows say, by what they settle in."""
    found: dict[Asset, float] = {}
    for position in cross:
        if inst_type(position.symbol) == InstType.OPTION:
            asset = terms.settles(position) or ""
            value = position.venue.value
            if value is None:
                words.refuse(f"the value of {position.symbol} is not known")
                continue
            found[asset] = found.get(asset, 0.0) + value
    return found


def _holding(
    terms: Terms,
    asset: Asset,
    amount: float,
    known: CollateralTerms,
    balance: Balance | None,
    words: Words,
    *,
    counts: bool,
) -> Holding:
    # The fee is a little more on what is owed in a higher tier: of now, profits and losses in it.
    owed = max(0.0, -(amount if balance is None or balance.venue_equity is None else balance.venue_equity))
    fee = 0.0
    if known.borrow is not None:
        spot = f"{asset}-USDT" if asset != "USDT" else "BTC-USDT"
        fee = (1.0 + rate_at(known.borrow, owed)) * terms.fee(spot, words)
    by_value = _by_value(asset, known, balance, words)
    discounts = Curve(tuple(Step(floor, rate) for floor, rate in known.steps), by_value)
    return Holding(
        asset=asset,
        amount=amount,
        collateral=discounts if counts else counted_at(0.0),
        borrow=known.borrow,
        borrow_fee_rate=fee,
    )


def _by_value(asset: Asset, known: CollateralTerms, balance: Balance | None, words: Words) -> bool:
    """Whether the steps are in USD. Which unit an answer has is told by its fields, and checked here: the value that
    the venue itself gives the asset decides where the two units would not come to the same.
    """
    if balance is None:
        return known.by_value
    equity, price, said = balance.venue_equity, balance.price_usd, balance.venue_value_usd
    if equity is None or price is None or said is None or equity <= 0.0 or said <= 0.0 or len(known.steps) == 1:
        return known.by_value
    values = {unit: _counted(known, equity, price, by_value=unit) for unit in (False, True)}
    off = {unit: abs(value - said) / said for unit, value in values.items()}
    if off[known.by_value] <= UNIT_TOLERANCE or off[not known.by_value] > UNIT_TOLERANCE:
        return known.by_value
    words.assume(f"the discount steps of {asset} are in {'USD' if not known.by_value else asset}, as its value shows")
    return not known.by_value


def _counted(known: CollateralTerms, equity: float, price: float, *, by_value: bool) -> float:
    """What so much of an asset counts in USD, step by step."""
    size = equity * price if by_value else equity
    total = 0.0
    for (floor, rate), (end, _) in zip(known.steps, (*known.steps[1:], (size, 0.0)), strict=True):
        total += max(0.0, min(size, max(end, floor)) - floor) * rate
    return total if by_value else total * price


def _requirement(terms: Terms, cross: Sequence[Position], words: Words) -> tuple[tuple[ScenarioGrid, ...], float]:
    """The venue's scenarios; what it last said of maintenance where there are none."""
    found = grids(terms.account, cross, words)
    if found is not None:
        return found, 0.0
    return (), without_scenarios(terms.account, words)


def _figures(terms: Terms, cross: Sequence[Position], *, orders: bool) -> VenueFigures:
    """The account's totals, in USD. What the venue holds still while it looks for a price, it does not say."""
    venue = terms.account.venue
    lines = [terms.line(position, [position.symbol], offset=0.0, tolerance=WIDE_TOLERANCE) for position in cross]
    return VenueFigures(
        # What orders take off it is not documented: with any at rest it is not the equity that a liquidation meets.
        equity=None if terms.account.orders else venue.equity,
        maintenance_margin=None if orders or venue.equity is None or not venue.ratio else venue.equity / venue.ratio,
        initial_margin=None if orders else venue.initial_margin,
        ratio=venue.ratio,
        ratio_name=RATIO_NAME,
        ratio_inverted=True,
        ratio_stage=ORDERS_GONE if orders else LIQUIDATION,
        lines=tuple(line for line in lines if line is not None),
        market=crossings(venue.market_curve),
    )
