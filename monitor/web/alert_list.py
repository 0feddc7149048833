"""What the landing page says of alerts: which fire, which are silenced, and how messages leave. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from itertools import islice

from monitor.domain.alerts import Alert, AlertState, Level, Severity
from monitor.domain.delivery import ChannelStatus
from monitor.domain.silences import written
from monitor.domain.view import View
from monitor.web.life import fingerprint_of
from monitor.web.markup import age, counted, duration, level_tag, state_tag

ALERTS_SHOWN = 50
SILENCES_SHOWN = 20
CHANNELS_SHOWN = 50


def firing(view: View) -> str:
    """The alerts that fire, and the silences."""
    if not view.alerts:
        return f'<p><span class="tag calm">no alert fires</span></p>{_silences(view)}'
    items = "".join(_alert(alert, view.at) for alert in islice(loudest_first(view.alerts), ALERTS_SHOWN))
    quiet = sum(alert.state is not AlertState.FIRING for alert in view.alerts)
    of_them = f", {quiet} of them quiet" if quiet else ""
    left = len(view.alerts) - ALERTS_SHOWN
    more = f'<p class="soft">and {left} more: see /api/v1/alerts</p>' if left > 0 else ""
    return (
        f'<h2>{len(view.alerts)} firing{of_them}</h2>\n<div class="card"><ul class="alerts">{items}</ul></div>'
        f"{more}{_silences(view)}"
    )


def loudest_first(alerts: Iterable[Alert]) -> list[Alert]:
    """Those that nobody takes care of before the others; a level that somebody made for himself is one of warning."""
    return sorted(alerts, key=lambda alert: (alert.state is not AlertState.FIRING, _LOUDNESS.get(alert.severity, 1)))


_LOUDNESS: dict[Level, int] = {Severity.CRITICAL: 0, Severity.WARNING: 1, Severity.INFO: 2}


def _alert(alert: Alert, now: float) -> str:
    return (
        f'<li>{level_tag(alert.severity)} <a href="/alerts/{fingerprint_of(alert)}">'
        f"{escape(alert.summary or alert.rule)}</a> {state_tag(alert)} <small>{age(alert.since, now)}</small></li>"
    )


def _silences(view: View) -> str:
    """Who wants to hear nothing of what."""
    if not view.silences:
        return ""
    items = "".join(
        f"<li><code>{escape(silence.id)}</code> {escape(', '.join(map(written, silence.matchers)))} <small>for another "
        f"{duration(silence.ends - view.at)}, by {escape(silence.author)}</small>"
        f'<span class="soft block">{escape(silence.comment)}</span></li>'
        for silence in view.silences[:SILENCES_SHOWN]
    )
    return (
        f'\n<h2>{counted(len(view.silences), "silence")}</h2>\n<div class="card"><ul class="alerts">{items}</ul></div>'
    )


def delivery(view: View) -> str:
    """How messages leave, and whether what must survive is kept; nothing where there are neither."""
    items = [
        (channel.up, f"{channel.name}, {channel.kind}", _channel(channel, view.at), channel.reason)
        for channel in view.channels[:CHANNELS_SHOWN]
    ]
    if view.store is not None:
        store = view.store
        lost = f"{store.lost_total:,} lost, " if store.lost_total else ""
        items.append((store.writing, "store", f"{lost}{store.waiting:,} waiting", store.reason))
    if not items:
        return ""
    lines = "".join(
        f'<li><span class="tag {"calm" if up else "danger"}">{"works" if up else "fails"}</span> {escape(name)} '
        f'<small>{text}</small>{f"""<span class="soft block">{escape(reason)}</span>""" if reason else ""}</li>'
        for up, name, text, reason in items
    )
    return f'\n<h2>Delivery</h2>\n<div class="card"><ul class="alerts">{lines}</ul></div>\n'


def _channel(channel: ChannelStatus, now: float) -> str:
    waiting = f"{channel.waiting:,} waiting for {duration(channel.oldest_seconds)}, " if channel.waiting else ""
    dropped = f"{channel.dropped_total:,} given up, " if channel.dropped_total else ""
    last = "" if channel.last_delivered is None else f", the last one {age(channel.last_delivered, now)}"
    return f"{waiting}{dropped}{channel.delivered_total:,} delivered{last}"
