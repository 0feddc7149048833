"""The JSON documents of a view, in pieces that are each small enough to hold up nobody."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

import msgspec

from monitor.domain.reports import AccountReport
from monitor.domain.schema import (
    SCHEMA_VERSION,
    Json,
    account_json,
    alert_json,
    feed_json,
    frame_json,
    group_json,
    pool_head_json,
    position_json,
)
from monitor.domain.view import View
from monitor.web.life import life_json

MEMBERS = 50  #: of an array in one piece: about half a millisecond


def pieces(view: View) -> Iterator[bytes]:
    """The text of `view_json`, to be joined; the order of keys is another one."""
    yield _opened(frame_json(view))
    yield from _array("feeds", map(feed_json, view.feeds))
    yield from _array("alerts", map(alert_json, view.alerts))
    yield from _array("groups", map(group_json, view.groups))
    yield b',"accounts":['
    for number, report in enumerate(view.accounts):
        if number:
            yield b","
        yield from account_pieces(report)
    yield b"]}"


def account_pieces(report: AccountReport) -> Iterator[bytes]:
    """The text of one account with its pools."""
    yield _opened(account_json(report)) + b',"pools":['
    for place, pool in enumerate(report.pools):
        yield (b"," if place else b"") + _opened(pool_head_json(pool))
        yield from _array("positions", map(position_json, pool.positions))
        yield b"}"
    yield b"]}"


def alert_pieces(view: View) -> Iterator[bytes]:
    """The text of the alerts that fire and that are pending, with what happens to them."""
    yield _opened({"schema": SCHEMA_VERSION, "at": view.at, "instance": view.instance})
    yield from _array("alerts", map(life_json, view.alerts))
    yield from _array("pending", (life_json(alert, pending=True) for alert in view.pending))
    yield b"}"


def _opened(body: Mapping[str, object]) -> bytes:
    """An object that is still open; it has a member already."""
    return msgspec.json.encode(body)[:-1]


def _array(key: str, members: Iterable[Json]) -> Iterator[bytes]:
    """One more member of an open object: an array, a few members a piece."""
    rest = iter(members)
    yield f',"{key}":['.encode()
    comma = b""
    while some := list(islice(rest, MEMBERS)):
        yield comma + msgspec.json.encode(some)[1:-1]
        comma = b","
    yield b"]"
