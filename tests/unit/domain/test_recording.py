"""Where nothing is recorded, telling costs nothing and fails at nothing."""

from __future__ import annotations

from monitor.domain.recording import UNRECORDED, Recorder


def test_whoever_receives_may_tell_a_recorder_that_keeps_nothing() -> None:
    recorder: Recorder = UNRECORDED
    recorder.frame("paper", None, "marks", b"{}", 1.0)
    recorder.answer("paper", "main", "account", 200, b"{}", 1.0, 2.0)
