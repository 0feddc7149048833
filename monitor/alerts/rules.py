"""The conditions: what each rule reads from a report or a notice; those on the surroundings are in `outside`.

A subject is read only when somebody asks for it: when its number reaches a threshold, or while something stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from math import inf

from monitor.alerts import words
from monitor.alerts.catalogue import RULES
from monitor.alerts.reading import Reading, Subject, Words
from monitor.domain.accounts import Permissions
from monitor.domain.lines import Line, State
from monitor.domain.reports import AccountReport, Notice, PoolReport, PositionReport

LINE = "line"  #: the figure of a pool's drift that is the worst of its positions' lines
SAME_WITHIN = 1.01  #: distances whose ratio is at most this say the same

Asks = Callable[[str, float | None, str], bool]  #: rule, number, word: whether its reading is wanted


def account_readings(report: AccountReport, now: float, asks: Asks) -> Iterator[Reading]:
    """All readings of one account that are asked for."""
    for pool in report.pools:
        yield from _pool(pool, asks)
        yield from _lines(pool, asks)
    yield from _account(report, now, asks)


def _pool(pool: PoolReport, asks: Asks) -> Iterator[Reading]:
    owner, name, sure = pool.key.owner, pool.key.pool, pool.quality.figures_shown
    value = None if pool.ratio.state is State.UNKNOWN else pool.ratio.value
    if asks("margin_ratio", value, ""):
        yield Reading(Subject("margin_ratio", owner, name), value, "", sure, partial(words.margin_ratio, pool))
    if asks("deficit", pool.deficit_usd, ""):
        yield Reading(Subject("deficit", owner, name), pool.deficit_usd, "", sure, partial(words.deficit, pool))
    quality = pool.quality.value
    if asks("data_quality", None, quality):
        yield Reading(Subject("data_quality", owner, name), None, quality, True, partial(words.data_quality, pool))
    for figure, drift in pool.drift.items():
        # The lines' own alerts name their positions: the worst of them is not told a second time.
        if figure != LINE and asks("drift", abs(drift), ""):
            subject = Subject("drift", owner, name, (figure,))
            yield Reading(subject, abs(drift), "", sure, partial(words.drift, pool, figure, drift))
    for figure, said in pool.contradictions.items():
        if asks("drift", inf, ""):
            subject = Subject("drift", owner, name, (figure,))
            yield Reading(subject, inf, "", sure, partial(words.contradiction, pool, said))


def _lines(pool: PoolReport, asks: Asks) -> Iterator[Reading]:
    """Market, coin and position lines; of market and coin the name of the narrower rule that speaks for it, if any.

    A pool with one position has three lines in one place: that is one danger, and one page. The narrower rule is told
    at the nearest distance it speaks for, so that none of them waits until another reaches the threshold too.
    """
    owner, name, sure = pool.key.owner, pool.key.pool, pool.quality.figures_shown
    lent: dict[tuple[str, str], float] = {}
    for direction, line in pool.market.items():
        value = distance(line)
        if asks("market_distance", value, ""):
            others = {
                (coin, direction.value): sides[direction] for coin, sides in pool.coins.items() if direction in sides
            }
            like = "coin_distance" if _lend(line, value, others, lent) else ""
            subject = Subject("market_distance", owner, name, (direction.value,))
            yield Reading(subject, value, "", sure, partial(words.market_distance, pool, direction), like)
    for coin, lines in pool.coins.items():
        for direction, line in lines.items():
            value = lent.get((coin, direction.value), distance(line))
            if asks("coin_distance", value, ""):
                beside = {(each.symbol, each.side.value): each.line for each in pool.positions if each.coin == coin}
                like = "position_distance" if _lend(line, value, beside, lent) else ""
                subject = Subject("coin_distance", owner, name, (coin, direction.value))
                yield Reading(subject, value, "", sure, partial(words.coin_distance, pool, coin, direction), like)
    for position in pool.positions:
        value = distance(position.line)
        value = lent.get((position.symbol, position.side.value), value) if lent else value
        if asks("position_distance", value, ""):
            subject = Subject("position_distance", owner, name, (position.symbol, position.side.value))
            yield Reading(subject, value, "", sure, partial(words.position_distance, pool, position))
        yield from _position_drift(pool, position, asks)


def _lend(
    line: Line, value: float | None, others: Mapping[tuple[str, str], Line], lent: dict[tuple[str, str], float]
) -> bool:
    """Let the nearest of the narrower lines speak for a line, at its distance `value`; whether it is near enough to."""
    own = distance(line)
    near = min(((each, key) for key, other in others.items() if (each := distance(other)) is not None), default=None)
    if own is None or value is None or near is None or near[0] > own * SAME_WITHIN:
        return False
    lent[near[1]] = min(value, near[0], lent.get(near[1], inf))
    return True


def _position_drift(pool: PoolReport, position: PositionReport, asks: Asks) -> Iterator[Reading]:
    drift = _line_drift(position)
    if asks("drift", drift, ""):
        owner, name, sure = pool.key.owner, pool.key.pool, pool.quality.figures_shown
        subject = Subject("drift", owner, name, ("liquidation_price", position.symbol, position.side.value))
        yield Reading(subject, drift, "", sure, partial(words.position_drift, pool, position))


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


def _account(report: AccountReport, now: float, asks: Asks) -> Iterator[Reading]:
    # Where a pool's own alert tells that its data is not believed, one page is enough; but it ends nothing here.
    is_told = any(not pool.quality.figures_shown for pool in report.pools)
    down = "" if report.up or is_told else "down"
    if asks("account_down", None, down):
        speaks = report.up or not is_told
        yield Reading(Subject("account_down", report.key), None, down, speaks, partial(words.account_down, report))
    may = permission_state(report.permissions)
    if asks("key_permission", None, may):
        told = said(words.key_permission(report, may))
        yield Reading(Subject("key_permission", report.key), None, may, report.permissions is not None, told)
    expires = None if report.permissions is None else report.permissions.expires
    left = None if expires is None else expires - now
    if asks("key_expiry", left, ""):
        yield Reading(Subject("key_expiry", report.key), left, "", True, said(words.key_expiry(report, left)))


def distance(line: Line) -> float | None:
    """The number of a distance rule: 0 when liquidatable now, +inf when no price does it, None when unknown."""
    return None if line.state is State.UNKNOWN else line.distance_ratio


def permission_state(permissions: Permissions | None) -> str:
    """The most dangerous thing that a key may do; what cannot be read is not harmless."""
    if permissions is None:
        return "unreadable"
    if permissions.can_withdraw or permissions.can_transfer:
        return "withdraw"
    if permissions.can_withdraw is None:
        return "unreadable"
    if permissions.can_trade:
        return "trade"
    return "unreadable" if permissions.can_trade is None else ""


def notice_reading(notice: Notice) -> Reading | None:
    """What happened, as a reading of its rule; None for a kind that has no rule."""
    rule = "permissions_changed" if notice.kind == "permissions" else notice.kind
    if rule not in RULES:
        return None
    detail: tuple[str, ...] = (notice.key,)
    state = notice.kind
    if notice.warning is not None:
        warning = notice.warning
        detail = (warning.kind.value, warning.symbol or "", "" if warning.side is None else warning.side.value)
        state = warning.kind.value
    return Reading(Subject(rule, notice.account, "", detail), None, state, True, said(words.event(notice)))


def said(told: Words) -> Callable[[float], Words]:
    """Words that need no time."""
    return lambda _: told


def is_closed(report: AccountReport, subject: Subject) -> bool:
    """Whether a subject that is missing from a report is certainly gone.

    The account must be fresh, and the pool gone, or believed and without this position or coin. What speaks against
    the account speaks against all its pools: one that is believed shows that it is fresh, whatever ails another. A
    position that vanished from one answer of the venue is still reported until a second one confirms it.
    """
    fresh = report.up or any(pool.quality.figures_shown for pool in report.pools)
    if not fresh or not subject.pool:
        return False
    pool = next((pool for pool in report.pools if pool.key.pool == subject.pool), None)
    if pool is None:
        return True
    if not pool.quality.figures_shown:
        return False
    labels = subject.labels
    if "symbol" in labels:
        return all((each.symbol, each.side.value) != (labels["symbol"], labels["side"]) for each in pool.positions)
    if "coin" in labels:
        return labels["coin"] not in pool.coins
    return not pool.positions
