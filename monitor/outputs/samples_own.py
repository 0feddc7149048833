"""What the monitor tells of itself, as series: its loop, journal, alerts, channels, store, and signs of life.

The names and label values are public interface, as those of `monitor.outputs.samples`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import attrgetter

from monitor.domain.delivery import ChannelStatus, StoreStatus
from monitor.domain.view import JournalStatus, View
from monitor.outputs.samples import Family, Series, label_set

_JOURNAL: Sequence[tuple[Family, Callable[[JournalStatus], float]]] = (
    (Family("journal_writing", "gauge", "1 while the journal keeps what happens."), attrgetter("writing")),
    (Family("journal_records_total", "counter", "Records written to the journal."), attrgetter("records_total")),
    (
        Family("journal_lost_total", "counter", "Records lost because the disk or the queue was full."),
        attrgetter("lost_total"),
    ),
    (
        Family("journal_written_bytes_total", "counter", "Bytes written to the journal, compressed."),
        attrgetter("written_bytes_total"),
    ),
    (Family("journal_kept_bytes", "gauge", "What all segments of the journal take on disk."), attrgetter("kept_bytes")),
    (Family("journal_segments", "gauge", "Segments of the journal on disk."), attrgetter("segments")),
    (Family("journal_queue_depth", "gauge", "Records that wait to be written."), attrgetter("queue_depth")),
)

_CHANNEL: Sequence[tuple[Family, Callable[[ChannelStatus], float | None]]] = (
    (Family("channel_up", "gauge", "1 while the last attempt to deliver succeeded."), attrgetter("up")),
    (Family("channel_waiting", "gauge", "Messages that wait to be delivered."), attrgetter("waiting")),
    (
        Family("channel_oldest_seconds", "gauge", "Age of the oldest one; 0 if none waits."),
        attrgetter("oldest_seconds"),
    ),
    (Family("channel_delivered_total", "counter", "Messages delivered."), attrgetter("delivered_total")),
    (Family("channel_failed_total", "counter", "Attempts to deliver that failed."), attrgetter("failed_total")),
    (
        Family("channel_dropped_total", "counter", "Messages given up: overdue, or refused for good."),
        attrgetter("dropped_total"),
    ),
    (
        Family("channel_last_delivered_timestamp_seconds", "gauge", "When a message was last delivered."),
        attrgetter("last_delivered"),
    ),
)
_STORE: Sequence[tuple[Family, Callable[[StoreStatus], float]]] = (
    (Family("store_writing", "gauge", "1 while the store keeps what must survive."), attrgetter("writing")),
    (Family("store_lost_total", "counter", "What could not be written to the store."), attrgetter("lost_total")),
    (Family("store_waiting", "gauge", "Writes that wait for the store."), attrgetter("waiting")),
)
_HEARTBEAT = Family("heartbeat_last_timestamp_seconds", "gauge", "When somebody's sign of life last came.")

_BATCH = Family("engine_batch_events", "gauge", "Events in the engine's latest batch.")
_CONFLATED = Family("engine_conflated_total", "counter", "Prices replaced by a newer one while they waited.")
_INBOX = Family("inbox_depth", "gauge", "Events that wait for the engine.")
_LATE = Family("late_seconds", "gauge", "The longest that the loop was late, or an event waited, of late.")
_FIRING = Family("alerts_firing", "gauge", "Alerts that fire now, by rule, severity and state.")
_TRANSITIONS = Family("alert_transitions_total", "counter", "Changes in the lives of alerts, by rule and change.")
_SILENCES = Family("silences_active", "gauge", "Silences in force.")
_BUILD = Family("build_info", "gauge", "1, with the version as a label.")


def delivery_series(view: View, labels: Mapping[tuple[str, str], str]) -> Iterator[Series]:
    """Channels, the store, and signs of life that others owe; `labels` are the rendered ones by (channel, kind)."""
    for family, figure in _CHANNEL:
        yield Series(family, ((labels[each.name, each.kind], _float(figure(each))) for each in view.channels))
    if view.store is not None:
        for own, value in _STORE:
            yield _single(own, value(view.store))
    yield Series(_HEARTBEAT, ((label_set(heartbeat=each.name) + "} ", each.last) for each in view.heartbeats))


def _float(value: float | None) -> float | None:
    """A number as one: a bool is written as a number, too."""
    return None if value is None else float(value)


def own_series(view: View, firing: Mapping[str, int], transitions: Mapping[str, int]) -> Iterator[Series]:
    """What the monitor says of itself; `firing` counts alerts, `transitions` their changes, by rendered labels."""
    yield _single(_BATCH, view.last_batch_events)
    yield _single(_CONFLATED, view.conflated_total)
    yield _single(_INBOX, view.inbox_depth)
    yield _single(_LATE, view.late_seconds)
    if view.journal is not None:
        for family, figure in _JOURNAL:
            yield _single(family, figure(view.journal))
    yield Series(_FIRING, iter(firing.items()))
    yield Series(_TRANSITIONS, iter(transitions.items()))
    yield _single(_SILENCES, len(view.silences))
    yield Series(_BUILD, iter([(label_set(version=view.version) + "} ", 1.0)]))


def _single(family: Family, value: float) -> Series:
    return Series(family, iter([(" ", float(value))]))
