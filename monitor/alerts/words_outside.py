"""What alerts on streams, polls, the venue's limits, and the monitor itself say."""

from __future__ import annotations

from monitor.alerts.reading import Words
from monitor.alerts.texts import say
from monitor.alerts.words import because, message, percent, span
from monitor.domain.delivery import ChannelStatus, HeartbeatStatus, StoreStatus
from monitor.domain.names import Venue
from monitor.domain.view import Budget, FeedStatus, JournalStatus


def feed_down(feed: FeedStatus, now: float) -> Words:
    """A stream or poll."""
    if feed.up:
        return message(_feed(feed, say("feed.up")))
    what = _feed(feed, say("feed.down", phase=feed.phase, because=because((feed.reason,))))
    if feed.last_message is None:
        return message(what, say("feed.never", reconnects=feed.reconnects))
    return message(what, say("feed.last", age=span(now - feed.last_message), reconnects=feed.reconnects))


def feed_lag(feed: FeedStatus, now: float) -> Words:
    """How late a stream's messages are."""
    if feed.lag_seconds is None or feed.last_message is None:
        return message(_feed(feed, say("lag.unknown")))
    what = _feed(feed, say("lag", seconds=say("unit.s", number=f"{feed.lag_seconds:.1f}")))
    return message(what, say("lag.do", age=span(now - feed.last_message)))


def feed_backlog(feed: FeedStatus) -> Words:
    """What was understood and not yet used."""
    return message(_feed(feed, say("backlog.feed", count=f"{feed.waiting:,}")), say("backlog.do"))


def unacknowledged(feed: FeedStatus, count: float, window: float) -> Words:
    """Subscriptions that the venue does not confirm."""
    if count <= 0:
        return message(_feed(feed, say("unacknowledged.none")))
    what = _feed(feed, say("unacknowledged", count=f"{count:.0f}", window=span(window)))
    return message(what, say("unacknowledged.do", phase=f"{feed.phase}{because((feed.reason,))}"))


def _feed(feed: FeedStatus, what: str) -> str:
    return say("what", name=" ".join(filter(None, (feed.venue, feed.account, feed.stream))), what=what)


def venue_ban(budget: Budget, now: float) -> Words:
    """The venue refuses all calls for a while."""
    if budget.banned_until is None or budget.banned_until <= now:
        return message(say("ban.none", venue=budget.venue))
    return message(say("ban", venue=budget.venue, time=span(budget.banned_until - now)), say("ban.do"))


def weight_budget(venue: Venue, used: float) -> Words:
    """How near a ban is."""
    return message(say("weight", venue=venue, share=percent(used)), say("weight.do"))


def clock_offset(venue: Venue, seconds: float) -> Words:
    """Our clock is not the venue's."""
    return message(say("clock", venue=venue, seconds=say("unit.s", number=f"{seconds:+.3f}")), say("clock.do"))


def inbox_backlog(depth: int) -> Words:
    """What waits for the engine."""
    return message(say("backlog.inbox", count=f"{depth:,}"), say("backlog.do"))


def monitor_late(seconds: float) -> Words:
    """The loop does not keep up."""
    return message(say("late", seconds=say("unit.s", number=f"{seconds:.1f}")), say("late.do"))


def journal_stopped(status: JournalStatus) -> Words:
    """Nothing is written down."""
    if status.writing:
        return message(say("journal.writes"))
    return message(say("journal.stopped", because=because((status.reason,))), say("journal.stopped.do"))


def journal_lost(status: JournalStatus) -> Words:
    """There are holes in what was written down."""
    lost = say("journal.lost", count=f"{status.lost_total:,}", because=because((status.reason,)))
    return message(lost, say("journal.lost.do"))


def store_stopped(status: StoreStatus) -> Words:
    """Alerts are not remembered."""
    if status.writing:
        return message(say("store.writes"))
    return message(say("store.stopped", because=because((status.reason,))), say("store.stopped.do"))


def store_lost(status: StoreStatus) -> Words:
    """Something will never be remembered."""
    lost = say("store.lost", count=f"{status.lost_total:,}", because=because((status.reason,)))
    return message(lost, say("store.lost.do"))


def store_lag(status: StoreStatus) -> Words:
    """What waits for the store."""
    lag = say("store.lag", waiting=f"{status.waiting:,}", age=span(status.oldest_seconds))
    return message(lag, say("store.lag.do"))


def channel_down(status: ChannelStatus, now: float) -> Words:
    """A way to people does not work."""
    if status.up:
        return message(say("channel.up", channel=status.name))
    what = say("channel.down", channel=status.name, because=because((status.reason,)))
    return message(what, _waiting(status, now), say("channel.do", channel=status.name))


def channel_lag(status: ChannelStatus, now: float) -> Words:
    """A way to people is slow."""
    waiting, age = f"{status.waiting:,}", span(status.oldest_seconds)
    what = say("channel.lag", channel=status.name, waiting=waiting, age=age)
    return message(what, _waiting(status, now), say("channel.do", channel=status.name))


def _waiting(status: ChannelStatus, now: float) -> str:
    last = say("channel.never")
    if status.last_delivered is not None:
        last = say("channel.last", age=span(now - status.last_delivered))
    return say("channel.state", waiting=f"{status.waiting:,}", failed=f"{status.failed_total:,}", last=last)


def heartbeat_missed(beat: HeartbeatStatus, intervals: float, now: float) -> Words:
    """Somebody does not say that it lives."""
    if intervals < 1.0:
        return message(say("heartbeat.alive", name=beat.name))
    key, since = ("heartbeat.never", beat.since) if beat.last is None else ("heartbeat.missed", beat.last)
    what = say(key, name=beat.name, age=span(now - since))
    return message(what, say("heartbeat.do", every=span(beat.every_seconds)))
