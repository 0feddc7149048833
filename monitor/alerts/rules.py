"""The conditions: what each rule reads from a report, a feed, a budget or a notice.

A subject is read only when somebody asks for it: when its number reaches a threshold, or while something stands.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping
from functools import partial
from math import inf

from monitor.alerts import words
from monitor.alerts.reading import Reading, Subject, Words
from monitor.alerts.settings import RULES
from monitor.domain.accounts import Permissions
from monitor.domain.lines import Line, State
from monitor.domain.names import AccountKey, Venue
from monitor.domain.reports import AccountReport, Notice, PoolReport, PositionReport
from monitor.domain.view import Budget, FeedStatus, View

LINE = "line"  #: the figure of a pool's drift that is the worst of its positions' lines
LAG_HOLDS_SECONDS = 15.0  #: the lag of a message older than this tells nothing of now
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
    told = any(not pool.quality.figures_shown for pool in report.pools)
    down = "" if report.up or told else "down"
    if asks("account_down", None, down):
        speaks = report.up or not told
        yield Reading(Subject("account_down", report.key), None, down, speaks, partial(words.account_down, report))
    may = permission_state(report.permissions)
    if asks("key_permission", None, may):
        said = _said(words.key_permission(report, may))
        yield Reading(Subject("key_permission", report.key), None, may, report.permissions is not None, said)
    expires = None if report.permissions is None else report.permissions.expires
    left = None if expires is None else expires - now
    if asks("key_expiry", left, ""):
        yield Reading(Subject("key_expiry", report.key), left, "", True, _said(words.key_expiry(report, left)))


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


def venue_readings(view: View, now: float, asks: Asks) -> Iterator[Reading]:
    """Streams, polls, bans and clocks."""
    banning = {budget.venue for budget in view.budgets if _bans(budget, now)}
    for feed in view.feeds:
        rule, down = "poll_down" if feed.polled else "feed_down", "" if feed.up else "down"
        if asks(rule, None, down):
            subject = Subject(rule, AccountKey(feed.venue, feed.account), "", (feed.stream,))
            like = _told_by(feed, view, banning) if feed.polled and down else ""
            yield Reading(subject, None, down, True, partial(words.feed_down, feed), like)
        lag = _lag(feed, now)
        if asks("feed_lag", lag, ""):
            subject = Subject("feed_lag", AccountKey(feed.venue, feed.account), "", (feed.stream,))
            yield Reading(subject, lag, "", True, partial(words.feed_lag, feed))
    for budget in view.budgets:
        banned = "banned" if _bans(budget, now) else ""
        if asks("venue_ban", None, banned):
            subject = Subject("venue_ban", AccountKey(budget.venue, ""))
            yield Reading(subject, None, banned, True, partial(words.venue_ban, budget))
    for venue, offset in view.clock_offsets.items():
        if asks("clock_offset", abs(offset), ""):
            subject = Subject("clock_offset", AccountKey(venue, ""))
            yield Reading(subject, abs(offset), "", True, _said(words.clock_offset(venue, offset)))


def _bans(budget: Budget, now: float) -> bool:
    return budget.banned_until is not None and budget.banned_until > now


def _told_by(poll: FeedStatus, view: View, banning: Container[Venue]) -> str:
    """The rule that already tells why a poll fails: a ban, or that all streams beside it are down. "": none.

    The streams beside an account's polls are the account's own; those beside public polls are the public ones.
    """
    if poll.venue in banning:
        return "venue_ban"
    owner = (poll.venue, poll.account)
    streams = [feed.up for feed in view.feeds if not feed.polled and (feed.venue, feed.account) == owner]
    return "feed_down" if streams and not any(streams) else ""


def _lag(feed: FeedStatus, now: float) -> float | None:
    """How late a stream is; 0 where nothing came lately, for one message does not make a quiet stream late for ever.

    None where nothing tells: no message had a stamp, or it is no stream. A stream that is dead has an alert of its own.
    """
    if feed.polled or feed.lag_seconds is None or feed.last_message is None:
        return None
    return feed.lag_seconds if now - feed.last_message <= LAG_HOLDS_SECONDS else 0.0


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
    return Reading(Subject(rule, notice.account, "", detail), None, state, True, _said(words.event(notice)))


def _said(told: Words) -> Callable[[float], Words]:
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
