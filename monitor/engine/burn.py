"""What funding and interest do to a pool while prices stand still: payments, when they liquidate, and what is left."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from monitor.domain.lines import Line, Ratio, State
from monitor.domain.names import Asset
from monitor.domain.reports import BurnReport
from monitor.engine.funding import Due
from monitor.margin.advice import nearest
from monitor.margin.compile import liquidation_stage, load
from monitor.margin.pool import Pool
from monitor.margin.results import PoolResult, PositionResult

DAY_SECONDS = 86_400.0
TOGETHER_SECONDS = 1.0  #: payments so near each other are one
PAYMENTS = 24  #: of the most frequent payer are looked at one by one; what comes later is taken as a steady stream
NOTHING_BURNS = BurnReport(usd_per_day=0.0, seconds=math.inf)


class Payment(NamedTuple):
    """What one position pays each time (negative: receives), in its settlement asset and in USD."""

    asset: Asset
    amount: float
    usd: float
    due: Due


@dataclass(frozen=True, slots=True)
class After:
    """Where a pool stood at `at` once it had paid `usd` (at `next_time`)."""

    usd: float
    next_time: float
    at: float
    ratio: Ratio
    line: Line

    @classmethod
    def of(cls, result: PoolResult, usd: float, next_time: float, at: float) -> After:
        """From what the kernel says of the pool after the payment."""
        return cls(usd, next_time, at, result.ratio, nearest(result))


@dataclass(frozen=True, slots=True)
class Burn:
    """What a pool pays, so far as it is known: `unknown` says in words what is not. `weights` are what a USD paid in an
    asset takes from equity; `complete`: each position's next payment is known. `fundings` are the next fundings in USD
    by position.
    """

    payments: tuple[Payment, ...]
    unknown: tuple[str, ...] = ()
    weights: Mapping[Asset, float] | None = None
    complete: bool = True
    fundings: tuple[float | None, ...] = ()

    @property
    def next_time(self) -> float | None:
        """When the next payment is made; None: none is, or one of them is unknown."""
        times = [payment.due.next_time for payment in self.payments if payment.due.next_time is not None]
        return min(times, default=None) if self.complete else None

    def payments_at(self, at: float) -> tuple[Payment, ...]:
        """What is paid until then: with the time of the next payment, that one."""
        return tuple(each for each in self.payments if (each.due.next_time or 0.0) <= at + TOGETHER_SECONDS)


def funding_usd(position: PositionResult, due: Due | None) -> float | None:
    """What the position's next funding takes (negative: brings), at the mark of now."""
    if due is None or position.notional_usd is None:
        return None
    # A notional is |quantity| * mark in the settlement asset, inverse or not; a short pays a negative rate.
    taken = due.rate * position.notional_usd
    return taken if position.quantity > 0.0 else 0.0 - taken


def burn_of(
    pool: Pool,
    result: PoolResult,
    settles: Sequence[Asset],
    dues: Sequence[Due | None],
    weights: Mapping[Asset, float] | None,
) -> Burn:
    """The payments of a pool. `settles` and `dues` go by position."""
    payments: list[Payment] = []
    fundings: list[float | None] = []
    unknown: dict[str, None] = {}
    complete = True
    for position, asset, due in zip(result.positions, settles, dues, strict=True):
        usd = funding_usd(position, due)
        fundings.append(usd)
        if due is None or usd is None or position.notional is None:
            unknown[f"the funding of {position.symbol} is not known"] = None
            complete = False
        elif due.rate:
            if due.next_time is None:
                unknown[f"when {position.symbol} pays funding is not known"] = None
                complete = False
            elif due.interval_seconds is None:
                unknown[f"how often {position.symbol} pays funding is not known before a payment of it was seen"] = None
            amount = due.rate * position.notional
            payments.append(Payment(asset, amount if position.quantity > 0.0 else -amount, usd, due))
    for asset in dict.fromkeys([debt.asset for debt in pool.debts] + _borrowed(pool)):
        unknown[f"the interest on {asset} is not known"] = None
    return Burn(tuple(payments), tuple(unknown), weights, complete, tuple(fundings))


def _borrowed(pool: Pool) -> list[Asset]:
    return [holding.asset for holding in pool.holdings if holding.borrow is not None and holding.amount < 0.0]


def burn_report(pool: Pool, result: PoolResult, burn: Burn, after: After | None, now: float) -> BurnReport:
    """What is known of it at `now`. `after` is shown as long as it speaks of the next payment."""
    if not burn.payments and not burn.unknown:
        return NOTHING_BURNS
    at = burn.next_time
    per_day = None if burn.unknown else sum(map(_per_day, burn.payments))
    shown = after if after is not None and at is not None and abs(after.next_time - at) <= TOGETHER_SECONDS else None
    return BurnReport(
        usd_per_day=per_day,
        seconds=_seconds(pool, result, burn, now),
        next_time=at,
        next_usd=None if at is None else sum(each.usd for each in burn.payments_at(at)),
        after_ratio=None if shown is None else shown.ratio,
        after_line=None if shown is None else shown.line,
        after_at=None if shown is None else shown.at,
        reasons=burn.unknown,
    )


def _per_day(payment: Payment) -> float:
    return payment.usd * DAY_SECONDS / (payment.due.interval_seconds or math.inf)


def _seconds(pool: Pool, result: PoolResult, burn: Burn, now: float) -> float | None:
    """How long until liquidation; None where unknown."""
    if result.ratio.state is State.LIQUIDATABLE:
        return 0.0
    room = room_usd(pool, result)
    if room is None or not burn.complete:
        return None
    weights = burn.weights or {}
    weighed = [payment.usd * weights.get(payment.asset, 1.0) for payment in burn.payments]
    intervals = [payment.due.interval_seconds for payment in burn.payments]
    ahead = min(DAY_SECONDS, PAYMENTS * min((each for each in intervals if each is not None), default=DAY_SECONDS))
    per_day = at_most = 0.0
    for usd, interval in zip(weighed, intervals, strict=True):
        often = 0.0 if interval is None else 1.0 / interval
        per_day += usd * often * DAY_SECONDS
        at_most += max(usd, 0.0) * (1.0 + often * ahead)
    if at_most >= room:
        hit = _first_beyond(room, _schedule(burn.payments, weighed, now + ahead))
        if hit is not None:
            return max(0.0, hit - now)
    if burn.unknown:
        return None
    return max(ahead, room / per_day * DAY_SECONDS) if per_day > 0.0 else math.inf


def _schedule(payments: Iterable[Payment], weighed: Iterable[float], horizon: float) -> list[tuple[float, float]]:
    """(time, USD) of all payments up to the horizon, in order; of those with an unknown interval the first alone."""
    found: dict[float, float] = {}
    for payment, usd in zip(payments, weighed, strict=True):
        at, interval = payment.due.next_time or horizon, payment.due.interval_seconds
        while at <= horizon:
            found[at] = found.get(at, 0.0) + usd
            at += interval or math.inf
    return sorted(found.items())


def _first_beyond(room: float, schedule: Iterable[tuple[float, float]]) -> float | None:
    """When the payments have taken the room; None: none of them does."""
    for at, usd in schedule:
        room -= usd
        if room <= 0.0:
            return at
    return None


def room_usd(pool: Pool, result: PoolResult) -> float | None:
    """By how much equity may fall before liquidation, prices as they are; None where unknown."""
    factor = load(liquidation_stage(pool))
    needed = result.maintenance_margin_usd if factor else 0.0
    if result.equity_usd is None or needed is None:
        return None
    return result.equity_usd - factor * needed
