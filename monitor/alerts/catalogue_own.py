"""The rules by which the monitor watches itself, and those that owe it a sign of life."""

from __future__ import annotations

from collections.abc import Mapping

from monitor.alerts.catalogue_entries import CRITICAL, WARNING, Entry, above, state
from monitor.alerts.rule import RuleSettings

OWN: Mapping[str, Entry] = {
    "inbox_backlog": Entry(
        above("events that wait for the engine"),
        lambda: RuleSettings(thresholds={WARNING: 10_000.0, CRITICAL: 50_000.0}, for_seconds=15.0),
    ),
    "monitor_late": Entry(
        above("how late the monitor's own loop is, in seconds"),
        # What is read is the worst since the last look: one long stall shows in one reading only.
        lambda: RuleSettings(thresholds={WARNING: 5.0, CRITICAL: 30.0}),
    ),
    "journal": Entry(
        state("the journal is not written, or records of it are lost", "trouble", words=("not_writing", "lost")),
        lambda: RuleSettings(severities={"not_writing": WARNING, "lost": WARNING}),
    ),
    "store_down": Entry(
        state("the store is not written, or something is lost that it should keep", "trouble",
              words=("not_writing", "lost")),
        lambda: RuleSettings(severities={"not_writing": WARNING, "lost": WARNING}, for_seconds=5.0),
    ),
    "store_lag": Entry(
        above("the age of the oldest change that waits for the store, in seconds"),
        lambda: RuleSettings(thresholds={WARNING: 10.0, CRITICAL: 60.0}, for_seconds=5.0),
    ),
    "channel_down": Entry(
        state("a channel's last attempt failed", "channel", words=("down",)),
        lambda: RuleSettings(severities={"down": WARNING}, for_seconds=120.0),
    ),
    "channel_lag": Entry(
        above("the age of the oldest message that waits for a channel that works, in seconds", "channel"),
        lambda: RuleSettings(thresholds={WARNING: 120.0}, for_seconds=5.0),
    ),
    "heartbeat_missed": Entry(
        above("how many of its intervals ago somebody's sign of life came", "heartbeat"),
        lambda: RuleSettings(thresholds={WARNING: 2.0, CRITICAL: 5.0}, keep_firing_seconds=60.0),
    ),
}  # fmt: skip
