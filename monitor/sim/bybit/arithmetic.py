"""Bybit's margin arithmetic, one plain formula after the other (help centre and API documents, 2025-09 to 2026-08).

Linear contracts count in the settlement coin, inverse ones in their coin with sizes in USD. `sign` is +1 for a long
position, -1 for a short one; `fee` is the taker's rate.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from monitor.sim.bybit.options import Option
from monitor.sim.bybit.tiers import RiskTier, tier_at

OPTION_ORDER_FEE, OPTION_ORDER_FEE_CAP = 0.0003, 0.07  #: of the index; at most this share of the premium
_SHORT_INITIAL = {"BTC": (0.10, 0.05), "ETH": (0.10, 0.05)}  #: of the index: at the money, and at least
_SHORT_MAINTENANCE = {"BTC": 0.03, "ETH": 0.03}
_OPTION_LIQUIDATION_FEE = 0.002


def fee_to_close(inverse: bool, size: float, entry: float, sign: float, leverage: float, fee: float) -> float:
    """The taker's fee at the bankruptcy price, which goes by the entry in every mode."""
    if inverse:
        return size / entry * (1.0 + sign / leverage) * fee
    return entry * size * (1.0 - sign / leverage) * fee


def value(inverse: bool, size: float, price: float) -> float:
    """What a position is worth at a price, in its settlement coin."""
    return size / price if inverse else size * price


def profit(inverse: bool, size: float, entry: float, price: float, sign: float) -> float:
    """Unrealised profit in the settlement coin."""
    if inverse:
        return sign * size * (1.0 / entry - 1.0 / price)
    return sign * size * (price - entry)


def initial_margin(worth: float, leverage: float, closing_fee: float) -> float:
    """Of a position worth so much: at the mark in cross mode, at the entry in isolated mode."""
    return worth / leverage + closing_fee


def maintenance_margin(tiers: Sequence[RiskTier], worth: float, closing_fee: float) -> float:
    """Of a position worth so much at the mark."""
    tier = tier_at(tiers, worth)
    return worth * tier.maintenance_rate - tier.deduction + closing_fee


def order_initial_margin(inverse: bool, size: float, price: float, sign: float, leverage: float, fee: float) -> float:
    """What a resting order holds: margin, the fee to open and the one to close at bankruptcy."""
    worth = value(inverse, size, price)
    return worth / leverage + worth * fee + fee_to_close(inverse, size, price, sign, leverage, fee)


def order_maintenance_margin(tiers: Sequence[RiskTier], position_worth: float, orders_worth: float) -> float:
    """Of all orders of a symbol together: the rate of the tier that position and orders reach, without deduction."""
    return orders_worth * tier_at(tiers, position_worth + orders_worth).maintenance_rate


def order_loss(sign: float, size: float, price: float, mark: float) -> float:
    """What a resting order (linear) would lose at once if it were filled now: <= 0."""
    return min(0.0, sign * (mark - price) * size)


def isolated_line(
    inverse: bool,
    size: float,
    entry: float,
    sign: float,
    leverage: float,
    extra: float,
    fee: float,
    tiers: Sequence[RiskTier],
) -> float | None:
    """The liquidation price of an isolated position with `extra` margin; None where no price does it.

    The tier is the one of the position at that price.
    """
    candidates = [_line(inverse, size, entry, sign, leverage, extra, fee, tier) for tier in tiers]
    for tier, price in zip(tiers, candidates, strict=True):
        if price is not None and tier_at(tiers, value(inverse, size, price)) is tier:
            return price
    return None


def _line(
    inverse: bool, size: float, entry: float, sign: float, leverage: float, extra: float, fee: float, tier: RiskTier
) -> float | None:
    added = extra / (1.0 - sign * fee)
    rate, deduction = tier.maintenance_rate, tier.deduction
    if inverse:
        added = extra / (1.0 + sign * fee)
        below = size / entry + sign * size / (entry * leverage) + sign * added + sign * deduction
        price = size * (1.0 + sign * rate) / below if below > 0.0 else 0.0
    else:
        above = entry * size - sign * (entry * size / leverage + added + deduction)
        price = above / (size - sign * size * rate)
    return price if price > 0.0 else None


def short_option_maintenance(option: Option, index: float, mark: float) -> float:
    """Of one option sold, in a cross account that is not a portfolio-margin one."""
    rate = _SHORT_MAINTENANCE.get(option.coin, 0.06)
    return max(rate * index, rate * mark) + mark + _OPTION_LIQUIDATION_FEE * index


def short_option_initial(option: Option, index: float, mark: float, entry: float) -> float:
    """Of one option sold at `entry`."""
    high, low = _SHORT_INITIAL.get(option.coin, (0.15, 0.10))
    beyond = max(high * index - option.out_of_the_money(index), low * index)
    return max(beyond + max(entry, mark), short_option_maintenance(option, index, mark))


def option_order_fee(index: float, price: float) -> float:
    """What an order on one option holds back for its fee."""
    return min(OPTION_ORDER_FEE * index, OPTION_ORDER_FEE_CAP * price)


def first_zero(health: Callable[[float], float], start: float, end: float, steps: int) -> float | None:
    """Where health, positive at `start`, first reaches 0 on the way to `end`, by walking and halving; None: never."""
    if health(start) <= 0.0:
        return start
    before = start
    ratio = math.exp(math.log(end / start) / steps)  # in equal ratios: prices span orders of magnitude
    for _ in range(steps):
        after = before * ratio
        if health(after) <= 0.0:
            for _ in range(60):
                middle = (before + after) / 2.0
                before, after = (middle, after) if health(middle) > 0.0 else (before, middle)
            return (before + after) / 2.0
        before = after
    return None
