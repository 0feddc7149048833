"""The conditions on what surrounds the accounts: streams, polls, bans, clocks and the journal."""

from __future__ import annotations

from collections.abc import Container, Iterator
from functools import partial

from monitor.alerts import words
from monitor.alerts.reading import Reading, Subject
from monitor.alerts.rules import Asks, said
from monitor.domain.names import AccountKey, Venue
from monitor.domain.view import Budget, FeedStatus, JournalStatus, View

#: The rules that read nothing else.
OUTSIDE = frozenset({"feed_down", "poll_down", "feed_lag", "venue_ban", "clock_offset", "journal"})
NOBODY = AccountKey("", "")  #: what concerns no account and no venue
LAG_HOLDS_SECONDS = 15.0  #: the lag of a message older than this tells nothing of now


def venue_readings(view: View, before: JournalStatus | None, now: float, asks: Asks) -> Iterator[Reading]:
    """Streams, polls, bans, clocks and the journal; `before` is how the journal did at the last look."""
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
            yield Reading(subject, abs(offset), "", True, said(words.clock_offset(venue, offset)))
    if view.journal is not None:
        yield from _journal(view.journal, before, asks)


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
    """That it writes, and that it lost nothing since the last look: what is lost once stays lost, and is told once."""
    stopped = "" if status.writing else "not_writing"
    if asks("journal", None, stopped):
        subject = Subject("journal", NOBODY, "", ("writing",))
        yield Reading(subject, None, stopped, True, said(words.journal_stopped(status)))
    lost = "lost" if status.lost_total > (0 if before is None else before.lost_total) else ""
    if asks("journal", None, lost):
        subject = Subject("journal", NOBODY, "", ("records",))
        yield Reading(subject, None, lost, True, said(words.journal_lost(status)))
