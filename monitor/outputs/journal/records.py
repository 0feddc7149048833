"""What the journal holds, and how each record becomes bytes. The layout is public: docs/journal.md describes it.

A record is one letter for its kind, the length of its body, and the body, which is MessagePack. Events stand in it as
pairs of their class's name and their fields by name, so that what is read back equals what was written.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

import msgspec

from monitor.domain.alerts import AlertChange
from monitor.domain.canonical import digest
from monitor.domain.danger import nearest_line
from monitor.domain.errors import MarginwatchError
from monitor.domain.events import Event
from monitor.domain.group_reports import GroupReport
from monitor.domain.lines import Line, Ratio
from monitor.domain.names import AccountKey, PoolKey, Venue
from monitor.domain.quality import Quality
from monitor.domain.reports import AccountReport
from monitor.domain.view import Surroundings


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Stands at the head of every segment: whose it is, and everything that a replay needs to set itself up.

    `run` is the name of the run, `segment` counts its segments from 1. No step of this one is earlier than `began`, but
    for a second; `reached` is the latest time of a step of the run before it, None where there was none. `build` is
    a digest of the package's own sources, `cpu` names the features that numpy found; together they say whether a
    replay can be byte-identical. `config` is the effective configuration as TOML, without secrets.
    """

    run: str
    segment: int
    began: float
    started: float
    instance: str
    version: str
    build: str
    python: str
    numpy: str
    cpu: tuple[str, ...]
    config: str
    accounts: tuple[AccountKey, ...]
    reached: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """Follows the head of every segment but a run's first: the facts that stood when it began.

    Applied in this order by an engine that knows nothing, `events` bring it to where the live one was, but for what
    only time can tell (see docs/journal.md). `after` is the number of the last step before it, 0 if there was none.
    """

    at: float
    after: int
    events: tuple[Event, ...]
    around: Surroundings | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One batch as the engine got it, at `now`. `around` None: as in the step before."""

    number: int
    now: float
    events: tuple[Event, ...]
    around: Surroundings | None
    overrun: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolOutcome:
    """What was reported of a pool, in short. `nearest` is the nearest of all its lines."""

    key: PoolKey
    quality: Quality
    ratio: Ratio
    equity_usd: float | None
    maintenance_margin_usd: float | None
    nearest: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What step `number` came to. `digest` is that of its reports, b"" where it had none."""

    number: int
    digest: bytes
    pools: tuple[PoolOutcome, ...] = ()
    changes: tuple[AlertChange, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One frame of a socket, as it came; without identifiers where `account` is not None."""

    venue: Venue
    account: str | None
    stream: str
    raw: bytes
    received: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One REST answer, as it came; without identifiers where `account` is not None."""

    venue: Venue
    account: str | None
    name: str
    status: int
    raw: bytes
    asked: float
    received: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """Records that are missing before this one, by kind ("Step": 3), from when until when, and why, in words."""

    counts: Mapping[str, int]
    first: float
    last: float
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """The last record of a segment that was closed in good order, because of `NEXT` or `STOPPED`."""

    at: float
    why: str


Record = Run | Baseline | Step | Outcome | Frame | Answer | Lost | End

KINDS: dict[type, bytes] = {
    Run: b"R",
    Baseline: b"B",
    Step: b"S",
    Outcome: b"O",
    Frame: b"F",
    Answer: b"A",
    Lost: b"L",
    End: b"E",
}
KIND_NAMES = {letter: kind.__name__ for kind, letter in KINDS.items()}
NEXT, STOPPED = "next segment", "stopped"  #: the words of `End`
HEAD = struct.Struct(">cI")  #: kind and length of the body


class BadRecord(MarginwatchError):
    """Bytes that are no record, or one that this version does not know; the message says which."""


def _plainer(value: Any) -> Any:
    """What the encoder does not know by itself: floats of arrays, and mappings that are no dict."""
    if isinstance(value, float):
        return float(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} cannot be written")


_pack = msgspec.msgpack.Encoder(enc_hook=_plainer).encode
_EVENT_DECODERS = {kind.__name__: msgspec.msgpack.Decoder(kind) for kind in get_args(Event)}

_Tagged = list[tuple[str, msgspec.Raw]]
_STEP = msgspec.msgpack.Decoder(tuple[int, float, str, Surroundings | None, _Tagged])
_BASELINE = msgspec.msgpack.Decoder(tuple[float, int, Surroundings | None, _Tagged])
_FRAME = msgspec.msgpack.Decoder(tuple[Venue, str | None, str, bytes, float])
_ANSWER = msgspec.msgpack.Decoder(tuple[Venue, str | None, str, int, bytes, float, float])
_PLAIN: dict[bytes, msgspec.msgpack.Decoder[Any]] = {
    KINDS[kind]: msgspec.msgpack.Decoder(kind) for kind in (Run, Outcome, Lost, End)
}


def encode(record: Record) -> bytes:
    """A record as it stands in the journal, head and body."""
    if isinstance(record, Step):
        return encode_step(record.number, record.events, record.now, record.around, record.overrun)
    body: object = record
    if isinstance(record, Baseline):
        return encode_baseline(record, _tagged(record.events))
    elif isinstance(record, Frame):
        body = (record.venue, record.account, record.stream, record.raw, record.received)
    elif isinstance(record, Answer):
        received = (record.asked, record.received)
        body = (record.venue, record.account, record.name, record.status, record.raw, *received)
    return _framed(KINDS[type(record)], _pack(body))


def encode_step(number: int, batch: Sequence[Event], now: float, around: Surroundings | None, overrun: str) -> bytes:
    """A `Step` without making one: it is written a thousand times a second."""
    return _framed(b"S", _pack((number, now, overrun, around, _tagged(batch))))


def encode_event(event: Event) -> tuple[str, msgspec.Raw]:
    """One event of a baseline, so that tables can be encoded one by one."""
    return type(event).__name__, msgspec.Raw(_pack(event))


def encode_baseline(record: Baseline, events: Sequence[tuple[str, object]]) -> bytes:
    """A `Baseline` whose events are encoded already."""
    return _framed(b"B", _pack((record.at, record.after, record.around, events)))


def _tagged(events: Sequence[Event]) -> list[tuple[str, Event]]:
    return [(type(event).__name__, event) for event in events]


def _framed(kind: bytes, body: bytes) -> bytes:
    return HEAD.pack(kind, len(body)) + body


def split(data: bytes) -> Iterator[tuple[bytes, memoryview]]:
    """Kind and body of each record in a block. Raises `BadRecord` where a record does not end inside it."""
    view, place = memoryview(data), 0
    while place < len(data):
        start = place + HEAD.size
        if start > len(data):
            raise BadRecord(f"a record's head is cut at byte {place} of its block")
        kind, length = HEAD.unpack_from(view, place)
        place = start + length
        if place > len(data):
            raise BadRecord(f"a record of kind {kind!r} is longer than its block")
        yield kind, view[start:place]


def decode(kind: bytes, body: bytes | memoryview) -> Record:
    """The record. Raises `BadRecord` for what is none, or none that this version knows."""
    try:
        return _decode(kind, body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BadRecord(f"a record of kind {kind!r} cannot be read: {error}") from None


def _decode(kind: bytes, body: bytes | memoryview) -> Record:
    if kind == b"S":
        number, now, overrun, around, events = _STEP.decode(body)
        return Step(number=number, now=now, events=_events(events), around=around, overrun=overrun)
    if kind == b"B":
        at, after, around, events = _BASELINE.decode(body)
        return Baseline(at=at, after=after, events=_events(events), around=around)
    if kind == b"F":
        venue, account, stream, raw, received = _FRAME.decode(body)
        return Frame(venue=venue, account=account, stream=stream, raw=raw, received=received)
    if kind == b"A":
        venue, account, name, status, raw, asked, received = _ANSWER.decode(body)
        return Answer(venue=venue, account=account, name=name, status=status, raw=raw, asked=asked, received=received)
    decoder = _PLAIN.get(kind)
    if decoder is None:
        raise BadRecord(f"records of kind {kind!r} are not known to this version")
    record: Record = decoder.decode(body)
    return record


def _events(tagged: _Tagged) -> tuple[Event, ...]:
    found: list[Event] = []
    for name, body in tagged:
        decoder = _EVENT_DECODERS.get(name)
        if decoder is None:
            raise BadRecord(f"an event {name!r} is not known to this version")
        found.append(decoder.decode(body))
    return tuple(found)


def outcome(
    number: int,
    reports: Collection[AccountReport],
    changes: Sequence[AlertChange],
    groups: Collection[GroupReport] = (),
) -> Outcome:
    """The outcome of a step: a digest of its reports, those of groups behind the others, each pool in short, the alert
    changes whole.
    """
    return Outcome(
        number=number,
        digest=digest((*reports, *groups)) if reports or groups else b"",
        pools=tuple(
            PoolOutcome(
                key=pool.key,
                quality=pool.quality,
                ratio=pool.ratio,
                equity_usd=pool.equity_usd,
                maintenance_margin_usd=pool.maintenance_margin_usd,
                nearest=nearest_line(pool),
            )
            for report in reports
            for pool in report.pools
        ),
        changes=tuple(changes),
    )
