"""The life of a stream, row by row."""

from __future__ import annotations

import pytest

from monitor.venues.phases import NEXT, Phase, Signal, advance

S, P = Signal, Phase

LIVES = {
    "an ordinary life": (
        [S.DIALLED, S.ASKED, S.ACKNOWLEDGED, S.DELIVERED, S.LOST, S.DIALLED],
        [P.CONNECTING, P.SUBSCRIBING, P.ACKNOWLEDGED, P.LIVE, P.LOST, P.CONNECTING],
    ),
    "an acknowledgement alone is not life": ([S.DIALLED, S.ASKED, S.ACKNOWLEDGED], [..., ..., P.ACKNOWLEDGED]),
    "the acknowledgement never comes": (
        [S.DIALLED, S.ASKED, S.ACKNOWLEDGEMENT_MISSED, S.ASKED, S.LOST],
        [..., ..., P.UNACKNOWLEDGED, P.UNACKNOWLEDGED, P.LOST],
    ),
    "data proves a subscription that nobody acknowledged": ([S.DIALLED, S.ASKED, S.DELIVERED], [..., ..., P.LIVE]),
    "acknowledged on a wrong route, silent for ever": (
        [S.DIALLED, S.ASKED, S.ACKNOWLEDGED, S.FELL_SILENT, S.ASKED, S.ACKNOWLEDGED],
        [..., ..., ..., P.SILENT, P.SILENT, P.SILENT],
    ),
    "silent, then back": (
        [S.DIALLED, S.ASKED, S.DELIVERED, S.FELL_SILENT, S.DELIVERED],
        [..., ..., ..., P.SILENT, P.LIVE],
    ),
    "the first dial fails": ([S.LOST, S.DIALLED], [P.LOST, P.CONNECTING]),
    "a person must act": ([S.DIALLED, S.STOPPED, S.LOST, S.DELIVERED], [..., P.STOPPED, P.STOPPED, P.STOPPED]),
}


@pytest.mark.parametrize(("signals", "phases"), LIVES.values(), ids=LIVES.keys())
def test_a_life_goes_through_these_phases(signals: list[Signal], phases: list[object]) -> None:
    phase = Phase.WAITING
    for signal, expected in zip(signals, phases, strict=True):
        phase = advance(phase, signal)
        if expected is not ...:
            assert phase is expected, (signal, phase)


def test_no_stream_is_live_without_data_or_an_acknowledgement_that_counts_as_data() -> None:
    assert {signal for (_, signal), phase in NEXT.items() if phase is Phase.LIVE} == {Signal.DELIVERED}


def test_data_on_a_connection_that_is_gone_revives_nothing() -> None:
    for phase in (Phase.LOST, Phase.STOPPED, Phase.WAITING, Phase.CONNECTING):
        assert advance(phase, Signal.DELIVERED) is phase


def test_every_phase_but_the_first_and_the_last_can_be_lost() -> None:
    for phase in Phase:
        assert advance(phase, Signal.LOST) is (Phase.STOPPED if phase is Phase.STOPPED else Phase.LOST)
