"""The life of one stream, as a table. What stands in no row means nothing in that phase and changes nothing."""

from __future__ import annotations

from enum import StrEnum


class Phase(StrEnum):
    """Where a stream is. Only LIVE is up."""

    WAITING = "waiting"  #: never dialled yet
    CONNECTING = "connecting"
    SUBSCRIBING = "subscribing"  #: asked for, not acknowledged
    UNACKNOWLEDGED = "unacknowledged"  #: asked for again, the time for an answer is over
    ACKNOWLEDGED = "acknowledged"  #: acknowledged, nothing came yet
    LIVE = "live"
    SILENT = "silent"  #: should tick, and does not
    LOST = "lost"  #: no connection; a new attempt waits for its turn
    STOPPED = "stopped"  #: no attempt is made any more: a person must act


class Signal(StrEnum):
    """What happens to a stream."""

    DIALLED = "dialled"
    ASKED = "asked"  #: the socket is open and the subscription was sent
    ACKNOWLEDGED = "acknowledged"  #: by the venue's word, or by the handshake where the route has none
    DELIVERED = "delivered"  #: data came; on a stream that is quiet by nature the acknowledgement counts as such
    ACKNOWLEDGEMENT_MISSED = "acknowledgement missed"
    FELL_SILENT = "fell silent"
    LOST = "lost"
    STOPPED = "stopped"


NEXT: dict[tuple[Phase, Signal], Phase] = {
    (Phase.WAITING, Signal.DIALLED): Phase.CONNECTING,
    (Phase.LOST, Signal.DIALLED): Phase.CONNECTING,
    (Phase.STOPPED, Signal.DIALLED): Phase.CONNECTING,
    (Phase.CONNECTING, Signal.ASKED): Phase.SUBSCRIBING,
    (Phase.SUBSCRIBING, Signal.ACKNOWLEDGED): Phase.ACKNOWLEDGED,
    (Phase.SUBSCRIBING, Signal.ACKNOWLEDGEMENT_MISSED): Phase.UNACKNOWLEDGED,
    (Phase.UNACKNOWLEDGED, Signal.ACKNOWLEDGED): Phase.ACKNOWLEDGED,
    (Phase.ACKNOWLEDGED, Signal.FELL_SILENT): Phase.SILENT,
    (Phase.LIVE, Signal.FELL_SILENT): Phase.SILENT,
    # Data proves a subscription better than any acknowledgement.
    (Phase.SUBSCRIBING, Signal.DELIVERED): Phase.LIVE,
    (Phase.UNACKNOWLEDGED, Signal.DELIVERED): Phase.LIVE,
    (Phase.ACKNOWLEDGED, Signal.DELIVERED): Phase.LIVE,
    (Phase.SILENT, Signal.DELIVERED): Phase.LIVE,
    **{(phase, Signal.LOST): Phase.LOST for phase in Phase if phase not in (Phase.WAITING, Phase.STOPPED)},
    (Phase.WAITING, Signal.LOST): Phase.LOST,
    **{(phase, Signal.STOPPED): Phase.STOPPED for phase in Phase},
}


def advance(phase: Phase, signal: Signal) -> Phase:
    """The phase after `signal`."""
    return NEXT.get((phase, signal), phase)
