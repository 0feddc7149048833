"""The words that a message adds to what an alert says itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from monitor.domain.alerts import AlertState, Change

#: Titles by change. {level} and {previous} are levels in capitals, {summary} is the alert's own line.
TITLES: Final[Mapping[Change, str]] = {
    Change.FIRED: "{level}: {summary}",
    Change.WORSENED: "{level}, worse: {summary}",
    Change.ESCALATED: "{level}, was {previous}: {summary}",
    Change.REPEATED: "{level}, still: {summary}",
    Change.EASED: "{level}, eased from {previous}: {summary}",
    Change.RESOLVED: "Resolved: {summary}",
    Change.ACKNOWLEDGED: "Acknowledged: {summary}",
    Change.UNACKNOWLEDGED: "{level}, no longer acknowledged: {summary}",
    Change.SILENCED: "Silenced: {summary}",
    Change.UNSILENCED: "{level}, no longer silenced: {summary}",
    Change.INHIBITED: "Held back: {summary}",
    Change.UNINHIBITED: "{level}, no longer held back: {summary}",
}

#: What holds of an alert: {by} and {note} may be empty and are then left out.
STATES: Final[Mapping[AlertState, str]] = {
    AlertState.ACKNOWLEDGED: "Acknowledged",
    AlertState.SILENCED: "Silenced",
    AlertState.INHIBITED: "Held back",
}
BY: Final = " by {by}"
NOTE: Final = ": {note}"

RESOLVED_AFTER: Final = "Resolved after {span}."
WORST: Final = "Worst seen: {worst}."
WHY: Final = "Why now: {reason}."
UNACKNOWLEDGED_FOR: Final = "Not acknowledged for {span}: {title}"
IN_PLACE_OF: Final = "Sent here because {channel} did not take it."
NOT_KEPT: Final = "This could not be written down: after a restart it may be told again."
SUPERSEDED: Final = "Told anew: see the newer message."

GROUPED: Final = "{count} alerts ({levels}): {summary}"
GROUPED_LEVEL: Final = "{count} {level}"
GROUPED_RESOLVED: Final = "resolved"
DIGEST: Final = "Digest of {count} alerts ({levels})"
LINE: Final = "• {title}"
MORE: Final = "… and {count} more"

TEST_TITLE: Final = "Test: {channel} can be reached"
TEST_TEXT: Final = "Somebody tried the way that alerts take. Nothing is to be done."
