"""What the rules on a pool read, besides its lines: ratios, room, speed, payments, limits, policies and drift."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from math import inf
from typing import NamedTuple

from monitor.alerts import words_lines, words_risk
from monitor.alerts.reading import Reading, Subject, Words
from monitor.alerts.rules_asking import Asks, wanted
from monitor.alerts.rules_lines import distance
from monitor.alerts.trend import Trends, seconds_left, share_lost
from monitor.domain.lines import Ratio, State
from monitor.domain.reports import PoolReport, PositionReport

LINE = "line"  #: the figure of a pool's drift that is the worst of its positions' lines
LIQUIDATION = "liquidation"  #: the stage that `margin_ratio` speaks of
DUST_RATIO = 0.01  #: a stablecoin of a smaller share is no danger to a pool


class Wants(NamedTuple):
    """Which of the rules that would be asked for each position somebody wants: asked once an account."""

    sigmas: bool
    room: bool
    adl: bool
    cap: bool
    auto_add: bool
    delivery: bool


def wants(asks: Asks) -> Wants:
    """What is wanted of positions."""
    return Wants(
        sigmas=any(wanted(asks, rule) for rule in ("position_sigmas", "coin_sigmas", "market_sigmas")),
        room=wanted(asks, "position_room_usd"),
        adl=wanted(asks, "adl_rank"),
        cap=wanted(asks, "position_cap"),
        auto_add=asks("auto_add_margin", None, "on"),
        delivery=wanted(asks, "delivery_near"),
    )


def pool_readings(pool: PoolReport, now: float, asks: Asks, trends: Trends) -> Iterator[Reading]:
    """The numbers and states of one pool."""
    owner, name, sure = pool.key.owner, pool.key.pool, pool.quality.figures_shown

    def number(rule: str, value: float | None, told: Callable[[float], Words], *detail: str) -> Iterator[Reading]:
        if asks(rule, value, ""):
            yield Reading(Subject(rule, owner, name, detail), value, "", sure, told)

    yield from number("margin_ratio", _value(pool.ratio), partial(words_lines.margin_ratio, pool))
    for stage, ratio in pool.stages.items():
        if stage != LIQUIDATION:
            told = partial(words_lines.stage_ratio, pool, stage, ratio)
            yield from number("stage_ratio", _value(ratio), told, stage)
    yield from number("deficit", pool.deficit_usd, partial(words_risk.deficit, pool))
    yield from number("funds_at_risk", pool.funds_at_risk_usd, partial(words_risk.funds_at_risk, pool))
    leverage = one_sided_leverage(pool)
    yield from number("one_sided_leverage", leverage, partial(words_risk.one_sided_leverage, pool, leverage))
    for held in pool.collateral:
        told = partial(words_risk.collateral_share, pool, held)
        yield from number("collateral_share", held.share_ratio, told, held.asset)
    room = room_usd(pool)
    yield from number("room_usd", room, partial(words_lines.room_usd, pool, room))
    if sure:
        yield from _speed(pool, room, now, asks, trends)
    if pool.burn is not None:
        burn, is_over = pool.burn, pool.ratio.state is State.LIQUIDATABLE
        # Of a pool that is liquidatable its ratio tells: what funding does to it later is no news.
        lasts = None if is_over else burn.seconds
        yield from number("burn_time", lasts, partial(words_lines.burn_time, pool, burn))
        after = None if is_over or burn.after_ratio is None else _value(burn.after_ratio)
        yield from number("ratio_after_payment", after, partial(words_lines.ratio_after_payment, pool, burn))
        left = None if is_over or burn.after_line is None else distance(burn.after_line)
        yield from number("distance_after_payment", left, partial(words_lines.distance_after_payment, pool, burn))
    quality = pool.quality.value
    if asks("data_quality", None, quality):
        told = partial(words_risk.data_quality, pool)
        yield Reading(Subject("data_quality", owner, name), None, quality, True, told)
    for figure, drift in pool.drift.items():
        # The lines' own alerts name their positions: the worst of them is not told a second time.
        if figure != LINE:
            yield from number("drift", abs(drift), partial(words_risk.drift, pool, figure, drift), figure)
    for figure, said in pool.contradictions.items():
        yield from number("drift", inf, partial(words_risk.contradiction, pool, said), figure)


def _speed(pool: PoolReport, room: float | None, now: float, asks: Asks, trends: Trends) -> Iterator[Reading]:
    """How fast the room shrinks; of a pool that owes nothing and holds nothing there is no such danger."""
    owner, name = pool.key.owner, pool.key.pool
    if room is None:
        return
    idle = pool.ratio.value == 0.0
    if wanted(asks, "worsening"):
        trend = trends.pool("worsening", pool.key, room, now)
        share = 0.0 if idle else share_lost(trend, room)
        if asks("worsening", share, ""):
            told = partial(words_lines.worsening, pool, share, room, trend.window_seconds)
            yield Reading(Subject("worsening", owner, name), share, "", True, told)
    if wanted(asks, "trend_time"):
        trend = trends.pool("trend_time", pool.key, room, now)
        left = inf if idle else seconds_left(trend, room, now)
        if asks("trend_time", left, ""):
            told = partial(words_lines.trend_time, pool, left, trend.window_seconds)
            yield Reading(Subject("trend_time", owner, name), left, "", True, told)


def position_readings(pool: PoolReport, now: float, asks: Asks, want: Wants) -> Iterator[Reading]:
    """What is read of each position besides its line's distance."""
    owner, name, sure = pool.key.owner, pool.key.pool, pool.quality.figures_shown

    def number(of: PositionReport, rule: str, value: float | None, told: Callable[[float], Words]) -> Iterator[Reading]:
        if value is not None and asks(rule, value, ""):
            yield Reading(Subject(rule, owner, name, (of.symbol, of.side.value)), value, "", sure, told)

    for position in pool.positions:
        yield from _position_drift(pool, position, asks)
        if want.room:
            told = partial(words_lines.position_room_usd, pool, position)
            yield from number(position, "position_room_usd", position.loss_to_line_usd, told)
        if want.adl and position.adl_rank is not None:
            told = partial(words_risk.adl_rank, pool, position)
            yield from number(position, "adl_rank", float(position.adl_rank), told)
        if want.cap and (share := cap_share(position)) is not None:
            told = partial(words_risk.position_cap, pool, position, share)
            yield from number(position, "position_cap", share, told)
        if want.auto_add and position.auto_add_margin is not None:
            on = "on" if position.auto_add_margin else ""
            if asks("auto_add_margin", None, on):
                subject = Subject("auto_add_margin", owner, name, (position.symbol, position.side.value))
                yield Reading(subject, None, on, sure, partial(words_risk.auto_add_margin, pool, position))
        if want.delivery and position.delivery_time is not None:
            told = partial(words_risk.delivery_near, pool, position)
            yield from number(position, "delivery_near", position.delivery_time - now, told)


def _position_drift(pool: PoolReport, position: PositionReport, asks: Asks) -> Iterator[Reading]:
    drift = _line_drift(position)
    if asks("drift", drift, ""):
        owner, name, sure = pool.key.owner, pool.key.pool, pool.quality.figures_shown
        subject = Subject("drift", owner, name, ("liquidation_price", position.symbol, position.side.value))
        yield Reading(subject, drift, "", sure, partial(words_risk.position_drift, pool, position))


def _line_drift(position: PositionReport) -> float | None:
    """How far our line lies from the venue's: 0 within the tolerance or where they agree without a number, +inf where
    one is a price and the other none, None if it cannot be told.
    """
    if position.drift_ratio is not None:
        drift = abs(position.drift_ratio)
        return 0.0 if drift <= position.drift_tolerance_ratio else drift
    if position.disagreement is None:
        return None
    return inf if position.disagreement else 0.0


def _value(ratio: Ratio) -> float | None:
    return None if ratio.state is State.UNKNOWN else ratio.value


def room_usd(pool: PoolReport) -> float | None:
    """What a pool may lose until liquidation if its requirement stays: equity less what it must not fall below."""
    ratio = _value(pool.ratio)
    if ratio is None or pool.equity_usd is None:
        return None
    return 0.0 if ratio >= 1.0 else pool.equity_usd * (1.0 - ratio)


def one_sided_leverage(pool: PoolReport) -> float | None:
    """The effective leverage of a cross pool that one move takes; 0 of all others, None where that cannot be told."""
    if pool.isolated or pool.one_sided is False:
        return 0.0
    return None if pool.one_sided is None else pool.effective_leverage_ratio


def cap_share(position: PositionReport) -> float | None:
    """A position's notional over the greatest that the venue allows."""
    if position.notional_usd is None or position.cap_usd is None or not position.cap_usd > 0.0:
        return None
    return abs(position.notional_usd) / position.cap_usd
