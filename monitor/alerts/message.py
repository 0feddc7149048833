"""What a message says: title, text, links; of one change, or of many together. Pure; the words are in a catalogue."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from monitor.alerts.catalogue import RULES
from monitor.alerts.texts import messages as texts
from monitor.alerts.words import percent, span
from monitor.domain.alerts import Alert, AlertChange, AlertState, Change
from monitor.domain.delivery import Message
from monitor.domain.fingerprints import alert_name

LINE_CHARACTERS = 140  #: of one alert among many
MOST_LINES = 50


def title(change: AlertChange) -> str:
    """One line for a lock screen: how loud, what is new about it, which account, what, how near."""
    level, previous = change.alert.severity.upper(), (change.previous or change.alert.severity).upper()
    template = texts.TITLES[change.change]
    return _one_line(template.format(level=level, previous=previous, summary=change.alert.summary))


def text(change: AlertChange) -> str:
    """What the title does not say: what it would take, what to do, how sure; why now; who takes care of it."""
    alert = change.alert
    over = change.change is Change.RESOLVED
    parts = [_resolved(change), _rest(alert)] if over else [_rest(alert), state(alert)]
    if change.reason and change.reason not in parts[-1]:
        parts.append(texts.WHY.format(reason=change.reason.rstrip(".")))
    return "\n".join(part for part in parts if part)


def state(alert: Alert) -> str:
    """Who keeps it quiet and why, "" while nobody does."""
    if alert.state is AlertState.FIRING:
        return ""
    held = alert.state is AlertState.INHIBITED  # by an alert, whose fingerprint tells people nothing
    by = texts.BY.format(by=alert.by) if alert.by and not held else ""
    note = texts.NOTE.format(note=alert.note) if alert.note else ""
    return f"{texts.STATES[alert.state]}{by}{note}."


def message(change: AlertChange, channel: str, external_url: str, now: float) -> Message:
    """The message of one change for one channel."""
    alert = change.alert
    return Message(
        key=change.key,
        thread=alert.incident,
        channel=channel,
        changes=(change,),
        title=title(change),
        text=text(change),
        link=alert_link(alert, external_url),
        runbook=f"{external_url}/runbooks/{alert_name(alert.rule)}" if external_url else "",
        at=now,
    )


def alert_link(alert: Alert, external_url: str) -> str:
    """The page of an alert; "" where the pages have no address."""
    return f"{external_url}/alerts/{alert.fingerprint}" if external_url else ""


def grouped(messages: Sequence[Message], external_url: str, now: float, *, digest: bool = False) -> Message:
    """One message of several for the same channel, the loudest first; each is one line. A single one stays as it is."""
    if len(messages) == 1 and not digest:
        return messages[0]
    first = messages[0]
    changes = tuple(change for each in messages for change in each.changes)
    levels = Counter(_kind(change) for change in changes)
    named = ", ".join(texts.GROUPED_LEVEL.format(count=count, level=level) for level, count in levels.items())
    template = texts.DIGEST if digest else texts.GROUPED
    lines = [_line(each) for each in messages[:MOST_LINES]]
    if len(messages) > MOST_LINES:
        lines.append(texts.MORE.format(count=len(messages) - MOST_LINES))
    return Message(
        key=f"{first.key}+{len(messages) - 1}",
        thread=f"{first.thread}+",
        channel=first.channel,
        changes=changes,
        title=_one_line(template.format(count=len(changes), levels=named, summary=changes[0].alert.summary)),
        text="\n".join(lines),
        link=f"{external_url}/" if external_url else "",
        at=now,
        repeated=any(each.repeated for each in messages),
    )


def unacknowledged(told: Message, seconds: float) -> Message:
    """The message, said to those who come next in a chain."""
    return replace(told, title=texts.UNACKNOWLEDGED_FOR.format(span=span(seconds), title=told.title))


def in_place_of(told: Message, channel: str) -> Message:
    """The message for `channel`, in place of that to which it was addressed."""
    return replace(_and(told, texts.IN_PLACE_OF.format(channel=told.channel)), channel=channel)


def not_kept(told: Message) -> Message:
    """The message, saying that it could not be written down."""
    return _and(told, texts.NOT_KEPT)


def superseded(change: AlertChange, channel: str, external_url: str, now: float) -> Message:
    """What an older message is edited to when a newer one of the same incident was sent."""
    return replace(_and(message(change, channel, external_url, now), texts.SUPERSEDED), key=f"{change.key}-older")


def test(channel: str, external_url: str, now: float) -> Message:
    """A message by which somebody tries the way."""
    return Message(
        key=f"test-{channel}-{round(now * 1000):x}",
        thread=f"test-{channel}",
        channel=channel,
        changes=(),
        title=texts.TEST_TITLE.format(channel=channel),
        text=texts.TEST_TEXT,
        link=f"{external_url}/" if external_url else "",
        at=now,
        test=True,
    )


def _resolved(change: AlertChange) -> str:
    parts = [texts.RESOLVED_AFTER.format(span=span(max(0.0, change.at - change.alert.since)))]
    if change.alert.worst is not None:
        parts.append(texts.WORST.format(worst=_number(change.alert.rule, change.alert.worst)))
    return " ".join(parts)


def _number(rule: str, value: float) -> str:
    """A rule's number: a ratio in percent, anything else as it is."""
    known = RULES.get(rule)
    return percent(value) if known is not None and known.most == 1.0 else f"{value:,.6g}"


def _rest(alert: Alert) -> str:
    """The alert's text without the line that the title says already."""
    first, _, rest = alert.text.partition("\n")
    return rest if first == alert.summary else alert.text


def _kind(change: AlertChange) -> str:
    return texts.GROUPED_RESOLVED if change.change is Change.RESOLVED else change.alert.severity


def _line(each: Message) -> str:
    line = texts.LINE.format(title=each.title)
    return line if len(line) <= LINE_CHARACTERS else f"{line[: LINE_CHARACTERS - 1]}…"


def _one_line(words: str) -> str:
    return " ".join(words.split())


def _and(told: Message, line: str) -> Message:
    return replace(told, text="\n".join(part for part in (told.text, line) if part))
