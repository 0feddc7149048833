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
from monitor.alerts.reading import Reading
from monitor.alerts.rules_asking import Asks, of_pool, of_position
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
    to_market: dict[Direction, float] = {}
    lent: dict[Named, float] = {}
    for coin, lines in pool.depegs.items():
        for direction, line in lines.items():
            value = distance(line)
            if asks("depeg_distance", value, ""):
                like = "market_distance" if _lend_to_market(pool, direction, line, to_market) else ""
                told = partial(words.depeg_distance, pool, coin, direction)
                yield of_pool("depeg_distance", pool, value, told, coin, direction.value, like=like)
    for direction, line in pool.market.items():
        value = to_market.get(direction, distance(line)) if to_market else distance(line)
        if asks("market_distance", value, ""):
            like = "coin_distance" if _lend(distance(line), value, _coins(pool, direction), lent) else ""
            told = partial(words.market_distance, pool, direction, sigmas(line, direction, pool.market_sigma))
            yield of_pool("market_distance", pool, value, told, direction.value, like=like)
    for coin, lines in pool.coins.items():
        for direction, line in lines.items():
            value = lent.get((coin, direction.value), distance(line)) if lent else distance(line)
            if asks("coin_distance", value, ""):
                like = "position_distance" if _lend(distance(line), value, _positions(pool, coin), lent) else ""
                far = sigmas(line, direction, pool.coin_sigmas.get(coin))
                told = partial(words.coin_distance, pool, coin, direction, far)
                yield of_pool("coin_distance", pool, value, told, coin, direction.value, like=like)
    for position in pool.positions:
        value = distance(position.line)
        value = lent.get((position.symbol, position.side.value), value) if lent else value
        if asks("position_distance", value, ""):
            told = partial(words.position_distance, pool, position)
            yield of_position("position_distance", pool, position, value, told)


def sigma_readings(pool: PoolReport, asks: Asks) -> Iterator[Reading]:
    """The same lines in daily sigmas."""
    lent: dict[Named, float] = {}
    for direction, line in pool.market.items():
        value = sigmas(line, direction, pool.market_sigma)
        if asks("market_sigmas", value, ""):
            others = _coins(pool, direction, in_sigmas=True)
            like = "coin_sigmas" if _lend(distance(line), value, others, lent) else ""
            told = partial(words.line_sigmas, pool, "", direction, line, value)
            yield of_pool("market_sigmas", pool, value, told, direction.value, like=like)
    for coin, lines in pool.coins.items():
        for direction, line in lines.items():
            own = sigmas(line, direction, pool.coin_sigmas.get(coin))
            value = lent.get((coin, direction.value), own)
            if asks("coin_sigmas", value, ""):
                beside = _positions(pool, coin, in_sigmas=True)
                like = "position_sigmas" if _lend(distance(line), value, beside, lent) else ""
                told = partial(words.line_sigmas, pool, coin, direction, line, own)
                yield of_pool("coin_sigmas", pool, value, told, coin, direction.value, like=like)
    for position in pool.positions:
        value = lent.get((position.symbol, position.side.value), position.distance_sigmas)
        if asks("position_sigmas", value, ""):
            told = partial(words.position_sigmas, pool, position)
            yield of_position("position_sigmas", pool, position, value, told)


def _lend_to_market(pool: PoolReport, direction: Direction, line: Line, lent: dict[Direction, float]) -> bool:
    """Let the market line speak for a depeg line that is the same seen from the other side: all prices rise in a
    currency that falls. Whether it does.
    """
    opposite = OPPOSITE[direction]
    if opposite not in pool.market:
        return False
    far, beside = log_distance(line, direction), log_distance(pool.market[opposite], opposite)
    value, own = distance(line), distance(pool.market[opposite])
    if far is None or beside is None or value is None or own is None or beside > far * SAME_WITHIN:
        return False
    lent[opposite] = min(value, own, lent.get(opposite, inf))
    return True


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
