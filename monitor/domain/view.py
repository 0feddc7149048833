"""Everything that an output, the page or the terminal may show, at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from monitor.domain.alerts import Alert, Silence
from monitor.domain.delivery import ChannelStatus, HeartbeatStatus, StoreStatus
from monitor.domain.group_reports import GroupReport
from monitor.domain.names import Venue
from monitor.domain.reports import AccountReport


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedStatus:
    """One stream or poll. `account` is "" for public ones; `phase` is a word of the feed's life.

    `polled`: we ask for it again and again; False for what the venue sends by itself. `lag_seconds` is from the venue's
    stamp to our receipt; of what is polled, from our asking to our receipt.

    Each of a stream's `messages` is counted in one of: `applied` (understood, and seen by the engine), `conflated`
    (newer prices took the place of all of its own before the engine saw them), `overrun` (a fact of it found the inbox
    full), `ignored`, `acknowledged` and `refused` (answers to our subscriptions), `unrecognised`, `unreadable`; or it
    is `waiting`: understood, and not yet seen by the engine. All but `waiting` never fall.
    `malformed` counts what is unreadable and, besides, each bad row of a frame or answer that could be read.
    """

    venue: Venue
    account: str
    stream: str
    phase: str
    up: bool
    reason: str = ""
    last_message: float | None = None
    lag_seconds: float | None = None
    reconnects: int = 0
    messages: int = 0
    malformed: int = 0
    unrecognised: int = 0
    ignored: int = 0
    missed_acknowledgements: int = 0
    polled: bool = False
    waiting: int = 0
    applied: int = 0
    conflated: int = 0
    overrun: int = 0
    acknowledged: int = 0
    refused: int = 0
    unreadable: int = 0


#: What becomes of a stream's message: the names of the counts of `FeedStatus` that, with those `waiting`, add up to
#: `messages`.
OUTCOMES = (
    "applied", "conflated", "overrun", "ignored", "acknowledged", "refused", "unrecognised", "unreadable",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """The request weight of one venue and address: used over limit, as the venue's own header says where it does."""

    venue: Venue
    used_ratio: float
    banned_until: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalStatus:
    """How the flight recorder does. `writing`: it keeps what happens; `reason` says in words why it does not.

    Totals are since the start: records that were put down, and those lost because the disk or the queue was full.
    `kept_bytes` is what all its segments take on disk.
    """

    writing: bool
    reason: str = ""
    records_total: int = 0
    lost_total: int = 0
    written_bytes_total: int = 0
    kept_bytes: int = 0
    segments: int = 0
    queue_depth: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What rules read besides the engine's reports, sampled: it goes into the journal, so that a replay sees the same.

    `clock_offsets` is by venue, in seconds. Counters are since the start. `late_seconds` is the longest that the loop
    was late for a timer of its own since the last sample, or that an event waited for its step, whichever is longer.
    """

    feeds: tuple[FeedStatus, ...] = ()
    budgets: tuple[Budget, ...] = ()
    clock_offsets: Mapping[Venue, float] = field(default_factory=dict)
    inbox_depth: int = 0
    conflated_total: int = 0
    journal: JournalStatus | None = None
    channels: tuple[ChannelStatus, ...] = ()
    store: StoreStatus | None = None
    heartbeats: tuple[HeartbeatStatus, ...] = ()
    late_seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One consistent picture. Mappings are by venue; reports in order of configuration, groups by name.

    `alerts` are those that fire, whatever their state; `pending` those whose condition has not held long enough.
    `diagnosis` holds the last things that could not be read, shortened and without secrets, with the reason.
    """

    at: float
    started: float
    instance: str
    version: str
    ready: bool
    not_ready: tuple[str, ...]
    accounts: tuple[AccountReport, ...] = ()
    feeds: tuple[FeedStatus, ...] = ()
    budgets: tuple[Budget, ...] = ()
    clock_offsets: Mapping[Venue, float] = field(default_factory=dict)
    alerts: tuple[Alert, ...] = ()
    inbox_depth: int = 0
    conflated_total: int = 0
    batches_total: int = 0
    last_batch_events: int = 0
    journal: JournalStatus | None = None
    pending: tuple[Alert, ...] = ()
    silences: tuple[Silence, ...] = ()
    channels: tuple[ChannelStatus, ...] = ()
    store: StoreStatus | None = None
    heartbeats: tuple[HeartbeatStatus, ...] = ()
    late_seconds: float = 0.0
    groups: tuple[GroupReport, ...] = ()
    diagnosis: Mapping[Venue, tuple[str, ...]] = field(default_factory=dict)
