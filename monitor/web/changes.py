"""What changed in the picture, for all who watch: each member is written once, with the number of its change.

Who watches remembers the number up to which it was told; what has a higher one it does not know yet. So nothing waits
in queues, and whoever is slow gets the newest of everything instead of all that happened.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from monitor.domain.reports import AccountReport
from monitor.domain.schema import Json, feed_json, frame_json, group_json
from monitor.domain.view import View
from monitor.web.document import account_pieces
from monitor.web.life import life_json

MOST_GONE = 1000  #: members that went and are remembered; beyond, who does not know of them gets everything anew
KINDS = ("accounts", "groups", "feeds")

Key = tuple[str, ...]


@dataclass(slots=True)
class _Member:
    text: bytes
    number: int
    source: object  #: what it was written from: the same object is not written again


@dataclass(slots=True)
class _Kind:
    members: dict[Key, _Member] = field(default_factory=dict)
    gone: dict[Key, tuple[int, Json]] = field(default_factory=dict)


class Changes:
    """The picture as it was written last. `at` is its time, `number` counts changes and begins at 1."""

    def __init__(self) -> None:
        self.at = 0.0
        self.number = 0
        self._kinds = {kind: _Kind() for kind in KINDS}
        self._frame, self._alerts = _Member(b"", 0, None), _Member(b"", 0, None)
        self._since = 0  #: who was told less than this gets everything anew

    def take(self, view: View, *, feeds: bool = True) -> Iterator[None]:
        """Write what is new in this picture, a little at a time; the streams only where asked."""
        number = self.number + 1
        changed = self._frame_of(view, number) | self._alerts_of(view, number)
        named = [((report.key.venue, report.key.account), report) for report in view.accounts]
        seen: set[Key] = set()
        for key, report in named:
            seen.add(key)
            changed |= yield from self._account(key, report, number)
        changed |= self._leave("accounts", seen, number)
        groups = [((group.name,), group, group_json) for group in view.groups]
        changed |= self._written("groups", groups, number)
        yield
        if feeds:
            streams = [((feed.venue, feed.account, feed.stream), feed, feed_json) for feed in view.feeds]
            changed |= self._written("feeds", streams, number)
        self.at = view.at
        if changed:
            self.number = number

    def snapshot(self) -> list[bytes]:
        """The pieces of the whole document."""
        pieces = [self._frame.text[:-1] + f',"at":{self.at}'.encode(), b',"alerts":', self._alerts.text]
        for kind, kept in self._kinds.items():
            pieces += _array(kind, (member.text for member in kept.members.values()))
        return [*pieces, b"}"]

    def since(self, number: int) -> list[bytes] | None:
        """The pieces of what changed after that number; None where everything has to be told anew."""
        if number < self._since or number == 0:
            return None
        pieces = [f'{{"at":{self.at}'.encode()]
        if self._frame.number > number:
            pieces = [self._frame.text[:-1] + f',"at":{self.at}'.encode()]
        if self._alerts.number > number:
            pieces += [b',"alerts":', self._alerts.text]
        gone: dict[str, list[Json]] = {}
        for kind, kept in self._kinds.items():
            new = [member.text for member in kept.members.values() if member.number > number]
            pieces += _array(kind, new) if new else []
            if left := [named for at, named in kept.gone.values() if at > number]:
                gone[kind] = left
        if gone:
            pieces += [b',"gone":', msgspec.json.encode(gone)]
        return [*pieces, b"}"]

    def _frame_of(self, view: View, number: int) -> bool:
        frame = frame_json(view)
        del frame["at"]
        return _replaced(self._frame, msgspec.json.encode(frame), number, None)

    def _alerts_of(self, view: View, number: int) -> bool:
        if self._alerts.source is view.alerts:
            return False
        text = msgspec.json.encode([life_json(alert) for alert in view.alerts])
        return _replaced(self._alerts, text, number, view.alerts)

    def _account(self, key: Key, report: AccountReport, number: int) -> Generator[None, None, bool]:
        known = self._kinds["accounts"].members.get(key)
        if known is not None and known.source is report:
            return False
        pieces = []
        for piece in account_pieces(report):
            pieces.append(piece)
            yield
        return self._put("accounts", key, b"".join(pieces), number, report)

    def _written(self, kind: str, members: Iterable[tuple[Key, Any, Any]], number: int) -> bool:
        changed = False
        seen: set[Key] = set()
        for key, source, write in members:
            seen.add(key)
            known = self._kinds[kind].members.get(key)
            if known is None or known.source is not source:
                changed |= self._put(kind, key, msgspec.json.encode(write(source)), number, source)
        return self._leave(kind, seen, number) or changed

    def _put(self, kind: str, key: Key, text: bytes, number: int, source: object) -> bool:
        kept = self._kinds[kind]
        kept.gone.pop(key, None)
        return _replaced(kept.members.setdefault(key, _Member(b"", 0, None)), text, number, source)

    def _leave(self, kind: str, seen: set[Key], number: int) -> bool:
        """What is there no more."""
        kept = self._kinds[kind]
        left = [key for key in kept.members if key not in seen]
        for key in left:
            del kept.members[key]
            kept.gone[key] = (number, _named(kind, key))
        if len(kept.gone) > MOST_GONE:
            kept.gone.clear()
            self._since = number
        return bool(left)


def _replaced(member: _Member, text: bytes, number: int, source: object) -> bool:
    member.source = source
    if member.text == text:
        return False
    member.text, member.number = text, number
    return True


def _named(kind: str, key: Key) -> Any:
    if kind == "groups":
        return key[0]
    return dict(zip(("venue", "account", "stream"), key, strict=False))


def _array(kind: str, members: Iterable[bytes]) -> list[bytes]:
    pieces = [f',"{kind}":['.encode()]
    for place, text in enumerate(members):
        pieces += [b",", text] if place else [text]
    return [*pieces, b"]"]
