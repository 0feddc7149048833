"""The rules on what the figures rest upon: the venue's data, its streams and polls, its limits and the keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from monitor.alerts.catalogue_entries import CRITICAL, DAY, WARNING, Entry, above, below, state
from monitor.alerts.rule import RuleSettings
from monitor.alerts.trend import WINDOW_SECONDS

DATA: Mapping[str, Entry] = {
    "drift": Entry(
        above("our figure against the venue's, as a ratio", "figure", "symbol", "side", most=1.0),
        lambda: RuleSettings(thresholds={WARNING: 0.01, CRITICAL: 0.1}, for_seconds=60.0),
    ),
    "data_quality": Entry(
        state("a pool's report is partial, stale or unknown", words=("PARTIAL", "STALE", "UNKNOWN")),
        lambda: RuleSettings(
            severities={"STALE": WARNING, "UNKNOWN": CRITICAL}, for_seconds=15.0, keep_firing_seconds=30.0
        ),
    ),
    "account_down": Entry(
        state("an account's data is not fresh or not readable", words=("down",)),
        lambda: RuleSettings(severities={"down": CRITICAL}, for_seconds=30.0, keep_firing_seconds=30.0),
    ),
    "feed_down": Entry(
        state("a stream does not deliver", "stream", words=("down",)),
        lambda: RuleSettings(severities={"down": WARNING}, for_seconds=15.0, keep_firing_seconds=60.0),
    ),
    "poll_down": Entry(
        state("a reading keeps failing", "stream", words=("down",)),
        # Longer than the longest wait between two tries: after an outage each poll has had its turn.
        lambda: RuleSettings(severities={"down": WARNING}, for_seconds=90.0, keep_firing_seconds=60.0),
    ),
    "feed_lag": Entry(
        above("how long a stream's messages take from the venue's stamp to us, in seconds", "stream"),
        lambda: RuleSettings(thresholds={WARNING: 2.0, CRITICAL: 10.0}, for_seconds=30.0),
    ),
    "feed_backlog": Entry(
        above("messages of a stream that are understood and wait for the engine", "stream"),
        lambda: RuleSettings(thresholds={WARNING: 1000.0}, for_seconds=15.0),
    ),
    "unacknowledged": Entry(
        replace(
            above("subscriptions of a stream that the venue did not acknowledge, or refused, within the window",
                  "stream"),
            window_seconds=WINDOW_SECONDS,
        ),
        lambda: RuleSettings(thresholds={WARNING: 3.0}, window_seconds=WINDOW_SECONDS),
    ),
    "venue_ban": Entry(
        state("the venue told us to stop calling", words=("banned",)),
        lambda: RuleSettings(severities={"banned": CRITICAL}, keep_firing_seconds=0.0),
    ),
    "weight_budget": Entry(
        above("the share of the venue's request limit that is used up, by all programs of this address", most=1.0),
        lambda: RuleSettings(thresholds={WARNING: 0.8, CRITICAL: 0.95}, for_seconds=30.0),
    ),
    "clock_offset": Entry(
        above("the venue's clock against ours, in seconds, either way"),
        lambda: RuleSettings(thresholds={WARNING: 1.0}, for_seconds=60.0),
    ),
    "key_permission": Entry(
        state("what the account's key may do beyond reading", words=("withdraw", "trade", "unreadable")),
        lambda: RuleSettings(
            severities={"withdraw": CRITICAL, "trade": WARNING, "unreadable": WARNING},
            for_seconds=60.0, keep_firing_seconds=0.0,
        ),
    ),
    "key_expiry": Entry(
        below("seconds until the key expires"),
        lambda: RuleSettings(thresholds={WARNING: 7 * DAY, CRITICAL: DAY}, hysteresis_ratio=0.0),
    ),
}  # fmt: skip
