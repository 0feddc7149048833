"""What the rules on lines read: market, coin, position and depeg lines, in percent and in daily sigmas.

A pool with one position has several lines in one place: that is one danger, and one page. Among lines that say the
same the narrowest rule is told, at the nearest distance it speaks for, so that none of them waits until another reaches
the threshold too: depeg, then market, then coin, then position.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from math import inf, log1p
from typing import NamedTuple

from monitor.alerts import words_lines as words
from monitor.alerts.reading import Reading, Subject
from monitor.alerts.rules_asking import Asks
from monitor.domain.lines import Direction, Line, State
from monitor.domain.reports import PoolReport

SAME_WITHIN = 1.01  #: distances whose ratio is at most this say the same
OPPOSITE = {Direction.DOWN: Direction.UP, Direction.UP: Direction.DOWN}

Named = tuple[str, str]  #: coin and direction, or symbol and side


class _Other(NamedTuple):
    """A narrower line: how far it is, in a measure by which two lines are compared, and its rule's number."""

    far: float | None
    number: float | None


def distance(line: Line) -> float | None:
    """The number of a distance rule: 0 when liquidatable now, +inf when no price does it, None when unknown."""
    return None if line.state is State.UNKNOWN else line.distance_ratio


def log_distance(line: Line, direction: Direction) -> float | None:
    """The distance as a log return, either way: falling to nothing, or for ever rising, is +inf."""
    ratio = distance(line)
    if ratio is None or direction is Direction.UP:
        return None if ratio is None else log1p(ratio)
    return inf if ratio >= 1.0 else -log1p(-ratio)


def sigmas(line: Line, direction: Direction, sigma: float | None) -> float | None:
    """The distance in daily sigmas; None where the sigma is unknown."""
    if line.state is State.LIQUIDATABLE:
        return 0.0
    far = log_distance(line, direction)
    return None if far is None or sigma is None or not sigma > 0.0 else far / sigma


def percent_readings(pool: PoolReport, asks: Asks) -> Iterator[Reading]:
    """Lines by how far prices may move, as a ratio."""
    owner, name, sure = pool.key.owner, pool.key.pool, pool.quality.figures_shown
    to_market, lent = _depegs_lend(pool, asks), dict[Named, float]()
    for coin, lines in pool.depegs.items():
        for direction, line in lines.items():
            value = distance(line)
            if asks("depeg_distance", value, ""):
                subject = Subject("depeg_distance", owner, name, (coin, direction.value))
                like = "market_distance" if _is_mirrored(pool, direction, line) else ""
                told = partial(words.depeg_distance, pool, coin, direction)
                yield Reading(subject, value, "", sure, told, like)
    for direction, line in pool.market.items():
        value = to_market.get(direction, distance(line))
        if asks("market_distance", value, ""):
            others = _coins(pool, direction)
            like = "coin_distance" if _lend(distance(line), value, others, lent) else ""
            subject = Subject("market_distance", owner, name, (direction.value,))
            told = partial(words.market_distance, pool, direction, sigmas(line, direction, pool.market_sigma))
            yield Reading(subject, value, "", sure, told, like)
    for coin, lines in pool.coins.items():
        for direction, line in lines.items():
            value = lent.get((coin, direction.value), distance(line))
            if asks("coin_distance", value, ""):
                like = "position_distance" if _lend(distance(line), value, _positions(pool, coin), lent) else ""
                subject = Subject("coin_distance", owner, name, (coin, direction.value))
                told = partial(
                    words.coin_distance, pool, coin, direction, sigmas(line, direction, pool.coin_sigmas.get(coin))
                )
                yield Reading(subject, value, "", sure, told, like)
    for position in pool.positions:
        value = distance(position.line)
        value = lent.get((position.symbol, position.side.value), value) if lent else value
        if asks("position_distance", value, ""):
            subject = Subject("position_distance", owner, name, (position.symbol, position.side.value))
            yield Reading(subject, value, "", sure, partial(words.position_distance, pool, position))


def sigma_readings(pool: PoolReport, asks: Asks) -> Iterator[Reading]:
    """The same lines in daily sigmas."""
    owner, name, sure = pool.key.owner, pool.key.pool, pool.quality.figures_shown
    lent: dict[Named, float] = {}
    for direction, line in pool.market.items():
        value = sigmas(line, direction, pool.market_sigma)
        if asks("market_sigmas", value, ""):
            others = _coins(pool, direction, in_sigmas=True)
            like = "coin_sigmas" if _lend(distance(line), value, others, lent) else ""
            subject = Subject("market_sigmas", owner, name, (direction.value,))
            yield Reading(subject, value, "", sure, partial(words.line_sigmas, pool, "", direction, line, value), like)
    for coin, lines in pool.coins.items():
        for direction, line in lines.items():
            own = sigmas(line, direction, pool.coin_sigmas.get(coin))
            value = lent.get((coin, direction.value), own)
            if asks("coin_sigmas", value, ""):
                beside = _positions(pool, coin, in_sigmas=True)
                like = "position_sigmas" if _lend(distance(line), value, beside, lent) else ""
                subject = Subject("coin_sigmas", owner, name, (coin, direction.value))
                told = partial(words.line_sigmas, pool, coin, direction, line, own)
                yield Reading(subject, value, "", sure, told, like)
    for position in pool.positions:
        value = lent.get((position.symbol, position.side.value), position.distance_sigmas)
        if asks("position_sigmas", value, ""):
            subject = Subject("position_sigmas", owner, name, (position.symbol, position.side.value))
            yield Reading(subject, value, "", sure, partial(words.position_sigmas, pool, position))


def _depegs_lend(pool: PoolReport, asks: Asks) -> dict[Direction, float]:
    """The nearest distance at which a market line speaks for depeg lines too, by direction."""
    lent: dict[Direction, float] = {}
    for lines in pool.depegs.values():
        for direction, line in lines.items():
            value = distance(line)
            if value is not None and asks("depeg_distance", value, "") and _is_mirrored(pool, direction, line):
                opposite = OPPOSITE[direction]
                own = distance(pool.market[opposite])
                lent[opposite] = min(value, lent.get(opposite, inf), inf if own is None else own)
    return lent


def _is_mirrored(pool: PoolReport, direction: Direction, line: Line) -> bool:
    """Whether this is the market line seen from the other side: all prices rise in a currency that falls."""
    opposite = OPPOSITE[direction]
    far = log_distance(line, direction)
    beside = log_distance(pool.market[opposite], opposite) if opposite in pool.market else None
    return far is not None and beside is not None and far < inf and beside <= far * SAME_WITHIN


def _coins(pool: PoolReport, direction: Direction, *, in_sigmas: bool = False) -> dict[Named, _Other]:
    """The coin lines in one direction."""
    found = {}
    for coin, sides in pool.coins.items():
        if direction in sides:
            far = distance(sides[direction])
            number = sigmas(sides[direction], direction, pool.coin_sigmas.get(coin)) if in_sigmas else far
            found[coin, direction.value] = _Other(far, number)
    return found


def _positions(pool: PoolReport, coin: str, *, in_sigmas: bool = False) -> dict[Named, _Other]:
    """The position lines of one coin."""
    found = {}
    for each in pool.positions:
        if each.coin == coin:
            far = distance(each.line)
            found[each.symbol, each.side.value] = _Other(far, each.distance_sigmas if in_sigmas else far)
    return found


def _lend(own: float | None, value: float | None, others: Mapping[Named, _Other], lent: dict[Named, float]) -> bool:
    """Let the nearest of the narrower lines speak for one that is `own` far, at its number `value`; whether it is near
    enough to.
    """
    near = min(((other.far, key) for key, other in others.items() if other.far is not None), default=None)
    if own is None or value is None or near is None or near[0] > own * SAME_WITHIN:
        return False
    number = others[near[1]].number
    lent[near[1]] = min(value, inf if number is None else number, lent.get(near[1], inf))
    return True
