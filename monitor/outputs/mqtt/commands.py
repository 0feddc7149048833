"""What people may ask over the command topic: JSON whose `command` is acknowledge, withdraw, silence or unsilence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import msgspec
from msgspec import Meta

from monitor.domain.alerts import Silence
from monitor.domain.commands import AcknowledgeAlert, AlertCommand, EndSilence, SilenceAlerts
from monitor.domain.errors import MarginwatchError
from monitor.domain.silences import LONGEST_AUTHOR, LONGEST_COMMENT, LONGEST_SILENCE_SECONDS, mistakes, parse

MOST_BYTES = 8192
VIA = "mqtt"

_Author = Annotated[str, Meta(min_length=1, max_length=LONGEST_AUTHOR)]
_Comment = Annotated[str, Meta(max_length=LONGEST_COMMENT)]
_Id = Annotated[str, Meta(min_length=1, max_length=128)]


class CommandRefused(MarginwatchError):
    """What came in over the command topic is no command; the words say why."""


class _Command(msgspec.Struct, tag_field="command", forbid_unknown_fields=True):
    author: _Author


class _Acknowledge(_Command, tag="acknowledge"):
    fingerprint: _Id
    comment: _Comment = ""


class _Withdraw(_Command, tag="withdraw"):
    fingerprint: _Id
    comment: _Comment = ""


class _Silence(_Command, tag="silence"):
    matchers: Annotated[list[str], Meta(min_length=1)]
    seconds: Annotated[float, Meta(gt=0, le=LONGEST_SILENCE_SECONDS)]
    comment: Annotated[str, Meta(min_length=1, max_length=LONGEST_COMMENT)]


class _Unsilence(_Command, tag="unsilence"):
    id: _Id


_decode = msgspec.json.Decoder(_Acknowledge | _Withdraw | _Silence | _Unsilence).decode


def command(raw: bytes, now: float, new_id: Callable[[], str]) -> AlertCommand:
    """The command in a message. Raises `CommandRefused`."""
    if len(raw) > MOST_BYTES:
        raise CommandRefused(f"{len(raw)} bytes: at most {MOST_BYTES}")
    try:
        asked = _decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise CommandRefused(f"cannot be read: {error}") from None
    match asked:
        case _Acknowledge():
            return AcknowledgeAlert(
                fingerprint=asked.fingerprint, author=asked.author, via=VIA, at=now, comment=asked.comment
            )
        case _Withdraw():
            return AcknowledgeAlert(
                fingerprint=asked.fingerprint,
                author=asked.author,
                via=VIA,
                at=now,
                comment=asked.comment,
                withdrawn=True,
            )
        case _Unsilence():
            return EndSilence(id=asked.id, author=asked.author, via=VIA, at=now)
        case _:
            return _silence(asked, now, new_id)


def _silence(asked: _Silence, now: float, new_id: Callable[[], str]) -> AlertCommand:
    try:
        matchers = tuple(parse(text) for text in asked.matchers)
        for mistake in mistakes(matchers):
            raise mistake
    except MarginwatchError as mistake:
        raise CommandRefused(str(mistake)) from None
    silence = Silence(
        id=new_id(),
        matchers=matchers,
        starts=now,
        ends=now + asked.seconds,
        author=asked.author,
        comment=asked.comment,
    )
    return SilenceAlerts(silence=silence, via=VIA, at=now)
