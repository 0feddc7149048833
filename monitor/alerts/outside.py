"""What the rules read of all that surrounds the accounts: streams, polls, limits and clocks of the venues, and the
monitor itself with its journal, store, channels and heartbeats.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from functools import partial
from typing import TypeVar

from monitor.alerts import words_outside as words
from monitor.alerts.reading import Reading, Subject, Words
from monitor.alerts.rules_asking import Asks, said
from monitor.alerts.trend import Trends
from monitor.domain.delivery import ChannelStatus, HeartbeatStatus, StoreStatus
from monitor.domain.names import AccountKey, Venue
from monitor.domain.view import Budget, FeedStatus, JournalStatus, View

K = TypeVar("K", JournalStatus, StoreStatus)  #: how something does that keeps what happens

#: The rules that read nothing else.
OUTSIDE = frozenset({
    "feed_down", "poll_down", "feed_lag", "feed_backlog", "unacknowledged", "venue_ban", "weight_budget",
    "clock_offset", "inbox_backlog", "monitor_late", "journal", "store_down", "store_lag", "channel_down",
    "channel_lag", "heartbeat_missed",
})  # fmt: skip
NOBODY = AccountKey("", "")  #: what concerns no account and no venue
LAG_HOLDS_SECONDS = 15.0  #: the lag of a message older than this tells nothing of now


def venue_readings(view: View, before: View | None, now: float, asks: Asks, trends: Trends) -> Iterator[Reading]:
    """All readings of the surroundings that are asked for; `before` is the view of the last look."""
    banning = {budget.venue for budget in view.budgets if _bans(budget, now)}
    for feed in view.feeds:
        yield from _feed(feed, view, banning, now, asks)
        if not feed.polled:
            yield from _subscriptions(feed, now, asks, trends)
    yield from _budgets(view, now, asks)
    for venue, offset in view.clock_offsets.items():
        if asks("clock_offset", abs(offset), ""):
            subject = Subject("clock_offset", AccountKey(venue, ""))
            yield Reading(subject, abs(offset), "", True, said(words.clock_offset(venue, offset)))
    depth = float(view.inbox_depth)
    if asks("inbox_backlog", depth, ""):
        yield Reading(Subject("inbox_backlog", NOBODY), depth, "", True, said(words.inbox_backlog(view.inbox_depth)))
    late = view.late_seconds
    if asks("monitor_late", late, ""):
        yield Reading(Subject("monitor_late", NOBODY), late, "", True, said(words.monitor_late(late)))
    if view.journal is not None:
        yield from _journal(view.journal, None if before is None else before.journal, asks)
    if view.store is not None:
        yield from _store(view.store, None if before is None else before.store, asks)
    for channel in view.channels:
        yield from _channel(channel, asks)
    for beat in view.heartbeats:
        yield from _heartbeat(beat, now, asks)


def _feed(feed: FeedStatus, view: View, banning: Container[Venue], now: float, asks: Asks) -> Iterator[Reading]:
    owner = AccountKey(feed.venue, feed.account)
    rule, down = "poll_down" if feed.polled else "feed_down", "" if feed.up else "down"
    if asks(rule, None, down):
        like = _told_by(feed, view, banning) if feed.polled and down else ""
        subject = Subject(rule, owner, "", (feed.stream,))
        yield Reading(subject, None, down, True, partial(words.feed_down, feed), like)
    lag = _lag(feed, now)
    if asks("feed_lag", lag, ""):
        yield Reading(Subject("feed_lag", owner, "", (feed.stream,)), lag, "", True, partial(words.feed_lag, feed))
    if asks("feed_backlog", feed.waiting, ""):
        subject = Subject("feed_backlog", owner, "", (feed.stream,))
        yield Reading(subject, float(feed.waiting), "", True, said(words.feed_backlog(feed)))


def _subscriptions(feed: FeedStatus, now: float, asks: Asks, trends: Trends) -> Iterator[Reading]:
    """How often the venue left a subscription without its yes. Of a stream that is down its own alert says why."""
    rule, stream = "unacknowledged", (feed.venue, feed.account, feed.stream)
    missed = trends.growth(rule, stream, feed.missed_acknowledgements + feed.refused, now)
    value = missed if feed.up else None
    if asks(rule, value, ""):
        told = said(words.unacknowledged(feed, missed, trends.window_seconds(rule)))
        yield Reading(Subject(rule, AccountKey(*stream[:2]), "", (feed.stream,)), value, "", feed.up, told)


def _budgets(view: View, now: float, asks: Asks) -> Iterator[Reading]:
    """One reading a venue, of the worst of its addresses."""
    venues = dict.fromkeys(budget.venue for budget in view.budgets)
    for venue in venues:
        budgets = [budget for budget in view.budgets if budget.venue == venue]
        worst = max(budgets, key=lambda budget: (_bans(budget, now), budget.banned_until or 0.0))
        banned = "banned" if _bans(worst, now) else ""
        if asks("venue_ban", None, banned):
            subject = Subject("venue_ban", AccountKey(venue, ""))
            yield Reading(subject, None, banned, True, partial(words.venue_ban, worst))
        used = max(budget.used_ratio for budget in budgets)
        if asks("weight_budget", used, ""):
            told = said(words.weight_budget(venue, used))
            yield Reading(Subject("weight_budget", AccountKey(venue, "")), used, "", True, told)


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


def _journal(status: JournalStatus, before: JournalStatus | None, asks: Asks) -> Iterator[Reading]:
    """That it writes, and that it lost nothing since the last look."""
    stopped, lost = words.journal_stopped, words.journal_lost
    yield from _keeping("journal", "records", status, before, stopped, lost, asks)


def _keeping(
    rule: str,
    kept: str,
    status: K,
    before: K | None,
    stopped: Callable[[K], Words],
    lost: Callable[[K], Words],
    asks: Asks,
) -> Iterator[Reading]:
    """Of what keeps things: that it writes, and that it lost nothing since the last look. What is lost once stays lost,
    and is told once.
    """
    silent = "" if status.writing else "not_writing"
    if asks(rule, None, silent):
        yield Reading(Subject(rule, NOBODY, "", ("writing",)), None, silent, True, said(stopped(status)))
    missing = "lost" if status.lost_total > (0 if before is None else before.lost_total) else ""
    if asks(rule, None, missing):
        yield Reading(Subject(rule, NOBODY, "", (kept,)), None, missing, True, said(lost(status)))


def _store(status: StoreStatus, before: StoreStatus | None, asks: Asks) -> Iterator[Reading]:
    """That it writes and keeps up, and that it lost nothing since the last look."""
    yield from _keeping("store_down", "changes", status, before, words.store_stopped, words.store_lost, asks)
    # What waits while nothing can be written is told by that alert.
    age = status.oldest_seconds if status.writing else None
    if asks("store_lag", age, ""):
        yield Reading(Subject("store_lag", NOBODY), age, "", status.writing, said(words.store_lag(status)))


def _channel(status: ChannelStatus, asks: Asks) -> Iterator[Reading]:
    """That it delivers, and in time; what waits for one that is down is told by that alert."""
    down = "" if status.up else "down"
    if asks("channel_down", None, down):
        subject = Subject("channel_down", NOBODY, "", (status.name,))
        yield Reading(subject, None, down, True, partial(words.channel_down, status))
    age = status.oldest_seconds if status.up else None
    if asks("channel_lag", age, ""):
        subject = Subject("channel_lag", NOBODY, "", (status.name,))
        yield Reading(subject, age, "", status.up, partial(words.channel_lag, status))


def _heartbeat(beat: HeartbeatStatus, now: float, asks: Asks) -> Iterator[Reading]:
    """How many intervals ago the last sign of life came, or should have since the start."""
    since = beat.since if beat.last is None else beat.last
    intervals = max(0.0, now - since) / beat.every_seconds
    if asks("heartbeat_missed", intervals, ""):
        told = partial(words.heartbeat_missed, beat, intervals)
        yield Reading(Subject("heartbeat_missed", NOBODY, "", (beat.name,)), intervals, "", True, told)
