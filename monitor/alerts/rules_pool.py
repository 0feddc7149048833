"""What the rules on a pool read, besides its lines: ratios, room, speed, payments, limits, policies and drift."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from math import inf
from typing import NamedTuple

from monitor.alerts import words_lines, words_risk
from monitor.alerts.reading import Reading, Subject
from monitor.alerts.rules_asking import Asks, of_pool, of_position, wanted
from monitor.alerts.rules_lines import distance
from monitor.alerts.trend import Trends, seconds_left, share_lost
from monitor.domain.lines import Ratio, State
from monitor.domain.reports import BurnReport, PoolReport, PositionReport

LINE = "line"  #: the figure of a pool's drift that is the worst of its positions' lines
LIQUIDATION = "liquidation"  #: the stage that `margin_ratio` speaks of
DUST_RATIO = 0.01  #: a stablecoin of a smaller share is no danger to a pool


class Wants(NamedTuple):
    """Which rules somebody wants of those that would be asked for each pool or position: asked once an account."""

    sigmas: bool
    worsening: bool
    trend: bool
    room: bool
    position_room: bool
    at_risk: bool
    share: bool
    adl: bool
    cap: bool
    auto_add: bool
    delivery: bool


def wants(asks: Asks) -> Wants:
    """What is wanted of pools and positions."""
    return Wants(
        sigmas=any(wanted(asks, rule) for rule in ("position_sigmas", "coin_sigmas", "market_sigmas")),
        worsening=wanted(asks, "worsening"),
        trend=wanted(asks, "trend_time"),
        room=wanted(asks, "room_usd"),
        position_room=wanted(asks, "position_room_usd"),
        at_risk=wanted(asks, "funds_at_risk"),
        share=wanted(asks, "collateral_share"),
        adl=wanted(asks, "adl_rank"),
        cap=wanted(asks, "position_cap"),
        auto_add=asks("auto_add_margin", None, "on"),
        delivery=wanted(asks, "delivery_near"),
    )


def pool_readings(pool: PoolReport, now: float, asks: Asks, want: Wants, trends: Trends) -> Iterator[Reading]:
    """The numbers and states of one pool."""
    ratio = value_of(pool.ratio)
    if asks("margin_ratio", ratio, ""):
        yield of_pool("margin_ratio", pool, ratio, partial(words_lines.margin_ratio, pool))
    for stage, one in pool.stages.items():
        value = value_of(one)
        if stage != LIQUIDATION and asks("stage_ratio", value, ""):
            yield of_pool("stage_ratio", pool, value, partial(words_lines.stage_ratio, pool, stage, one), stage)
    yield from _trust(pool, asks)
    yield from _limits(pool, asks, want)
    room = room_usd(pool)
    if want.room and asks("room_usd", room, ""):
        yield of_pool("room_usd", pool, room, partial(words_lines.room_usd, pool, room))
    if room is not None and pool.quality.figures_shown:
        yield from _speed(pool, room, now, asks, want, trends)
    if pool.burn is not None:
        yield from _payments(pool, pool.burn, asks)


def _trust(pool: PoolReport, asks: Asks) -> Iterator[Reading]:
    """How far the pool's figures may be believed."""
    quality = pool.quality.value
    if asks("data_quality", None, quality):
        subject = Subject("data_quality", pool.key.owner, pool.key.pool)
        yield Reading(subject, None, quality, True, partial(words_risk.data_quality, pool))
    for figure, drift in pool.drift.items():
        # The lines' own alerts name their positions: the worst of them is not told a second time.
        if figure != LINE and asks("drift", abs(drift), ""):
            yield of_pool("drift", pool, abs(drift), partial(words_risk.drift, pool, figure, drift), figure)
    for figure, what in pool.contradictions.items():
        if asks("drift", inf, ""):
            yield of_pool("drift", pool, inf, partial(words_risk.contradiction, pool, what), figure)


def _limits(pool: PoolReport, asks: Asks, want: Wants) -> Iterator[Reading]:
    """What is held, and on what it rests."""
    if asks("deficit", pool.deficit_usd, ""):
        yield of_pool("deficit", pool, pool.deficit_usd, partial(words_risk.deficit, pool))
    leverage = one_sided_leverage(pool)
    if asks("one_sided_leverage", leverage, ""):
        told = partial(words_risk.one_sided_leverage, pool, leverage)
        yield of_pool("one_sided_leverage", pool, leverage, told)
    if want.at_risk and asks("funds_at_risk", pool.funds_at_risk_usd, ""):
        yield of_pool("funds_at_risk", pool, pool.funds_at_risk_usd, partial(words_risk.funds_at_risk, pool))
    for held in pool.collateral if want.share else ():
        if asks("collateral_share", held.share_ratio, ""):
            told = partial(words_risk.collateral_share, pool, held)
            yield of_pool("collateral_share", pool, held.share_ratio, told, held.asset)


def _speed(pool: PoolReport, room: float, now: float, asks: Asks, want: Wants, trends: Trends) -> Iterator[Reading]:
    """How fast the room shrinks; of a pool that owes nothing and holds nothing there is no such danger."""
    idle = pool.ratio.value == 0.0
    if want.worsening:
        trend = trends.pool("worsening", pool.key, room, now)
        share = 0.0 if idle else share_lost(trend, room)
        if asks("worsening", share, ""):
            told = partial(words_lines.worsening, pool, share, room, trend.window_seconds)
            yield of_pool("worsening", pool, share, told)
    if want.trend:
        trend = trends.pool("trend_time", pool.key, room, now)
        left = inf if idle else seconds_left(trend, room, now)
        if asks("trend_time", left, ""):
            yield of_pool("trend_time", pool, left, partial(words_lines.trend_time, pool, left, trend.window_seconds))


def _payments(pool: PoolReport, burn: BurnReport, asks: Asks) -> Iterator[Reading]:
    """What funding and interest take. Of a pool that is liquidatable its ratio tells: what they do then is no news."""
    is_over = pool.ratio.state is State.LIQUIDATABLE
    lasts = None if is_over else burn.seconds
    if asks("burn_time", lasts, ""):
        yield of_pool("burn_time", pool, lasts, partial(words_lines.burn_time, pool, burn))
    after = None if is_over or burn.after_ratio is None else value_of(burn.after_ratio)
    if asks("ratio_after_payment", after, ""):
        yield of_pool("ratio_after_payment", pool, after, partial(words_lines.ratio_after_payment, pool, burn))
    left = None if is_over or burn.after_line is None else distance(burn.after_line)
    if asks("distance_after_payment", left, ""):
        yield of_pool("distance_after_payment", pool, left, partial(words_lines.distance_after_payment, pool, burn))


def position_readings(pool: PoolReport, now: float, asks: Asks, want: Wants) -> Iterator[Reading]:
    """What is read of each position besides its lines."""
    for position in pool.positions:
        drift = _line_drift(position)
        if asks("drift", drift, ""):
            subject = Subject(
                "drift", pool.key.owner, pool.key.pool, ("liquidation_price", position.symbol, position.side.value)
            )
            told = partial(words_risk.position_drift, pool, position)
            yield Reading(subject, drift, "", pool.quality.figures_shown, told)
        if want.position_room and asks("position_room_usd", position.loss_to_line_usd, ""):
            told = partial(words_lines.position_room_usd, pool, position)
            yield of_position("position_room_usd", pool, position, position.loss_to_line_usd, told)
        if position.adl_rank is not None and want.adl and asks("adl_rank", position.adl_rank, ""):
            told = partial(words_risk.adl_rank, pool, position)
            yield of_position("adl_rank", pool, position, float(position.adl_rank), told)
        if position.cap_usd is not None and want.cap:
            share = cap_share(position)
            if asks("position_cap", share, ""):
                told = partial(words_risk.position_cap, pool, position, share)
                yield of_position("position_cap", pool, position, share, told)
        if position.auto_add_margin is not None and want.auto_add:
            on = "on" if position.auto_add_margin else ""
            if asks("auto_add_margin", None, on):
                told = partial(words_risk.auto_add_margin, pool, position)
                yield of_position("auto_add_margin", pool, position, None, told)._replace(state=on)
        if position.delivery_time is not None and want.delivery:
            left = position.delivery_time - now
            if asks("delivery_near", left, ""):
                told = partial(words_risk.delivery_near, pool, position)
                yield of_position("delivery_near", pool, position, left, told)


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


def value_of(ratio: Ratio) -> float | None:
    """The number of a ratio; None where it is unknown."""
    return None if ratio.state is State.UNKNOWN else ratio.value


def room_usd(pool: PoolReport) -> float | None:
    """What a pool may lose until liquidation if its requirement stays: equity less what it must not fall below."""
    ratio = value_of(pool.ratio)
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
