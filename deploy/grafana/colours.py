"""What colours and numbers mean, the same on every dashboard. Grey is «not known», and never stands near green."""

from __future__ import annotations

from collections.abc import Mapping

from grafana_foundation_sdk.models.dashboard import (
    DashboardRangeMapOptions,
    DashboardSpecialValueMapOptions,
    RangeMap,
    SpecialValueMap,
    SpecialValueMatch,
    ValueMap,
    ValueMapping,
    ValueMappingResult,
)

from monitor.alerts.catalogue import RULES, default_rules
from monitor.domain.alerts import Severity
from monitor.domain.fingerprints import alert_name

FINE, INFO, WARNING, CRITICAL = "green", "blue", "orange", "red"
OF_SEVERITY = {Severity.INFO: INFO, Severity.WARNING: WARNING, Severity.CRITICAL: CRITICAL}
STALE, UNKNOWN = "#9e9e9e", "#616161"
NEUTRAL, CLEAR = "text", "transparent"
#: Colours of lines that mean nothing but «another one»: none of those above.
LINES = ("#7b61ff", "#00a3b4", "#d65db1", "#a8752f", "#3f6fd8", "#b3a400")
FAR_TEXT = "no line within 50 %, or not known"  #: what stands for a graph of distances without a line
UNKNOWN_TEXT = "unknown"  #: what stands for an absent gauge: never 0, never nothing

#: A query's stand-in for +Inf where no price liquidates: Grafana cannot draw infinity.
NEVER = 1e6
#: The same for the ratio of a pool without equity, in tables; in graphs it is drawn at `FULL`.
NO_EQUITY, FULL = 1e6, 1.5
FAR = 10.0  #: a distance that nobody needs to read to the digit: ten times the price of now
UNSEEN = 2e6  #: the same for a pool that is not known, in a table that is sorted by danger: it stands first
FOREVER_SECONDS = 1e12  #: the same for a time that does not end


def words(table: Mapping[str, tuple[str, str]]) -> list[ValueMapping]:
    """A mapping of values (as text) to (word, colour)."""
    return [
        ValueMap(
            {
                value: ValueMappingResult(text=text, color=colour, index=index)
                for index, (value, (text, colour)) in enumerate(table.items())
            }
        )
    ]


def missing(text: str) -> list[ValueMapping]:
    """What stands where there is no value; unless it is said what that means, it is unknown, and grey."""
    colour = STALE if text == UNKNOWN_TEXT else NEUTRAL
    result = ValueMappingResult(text=text, color=colour)
    return [
        SpecialValueMap(DashboardSpecialValueMapOptions(match=match, result=result))
        for match in (SpecialValueMatch.NULL_AND_NAN, SpecialValueMatch.EMPTY)
    ]


#: The numbers that `queries.QUALITY` makes of a quality, so that the worst is the greatest.
QUALITIES = words({"1": ("LIVE", FINE), "2": ("PARTIAL", INFO), "3": ("STALE", STALE), "4": ("UNKNOWN", UNKNOWN)})
QUALITY_NAMES = words(
    {"LIVE": ("LIVE", FINE), "PARTIAL": ("PARTIAL", INFO), "STALE": ("STALE", STALE), "UNKNOWN": ("UNKNOWN", UNKNOWN)}
)
SAFE = words(
    {
        "0": ("fine", FINE),
        "1": ("WARNING", WARNING),
        "2": ("NOT KNOWN", UNKNOWN),
        "3": ("CRITICAL", CRITICAL),
    }
)


def of_state(rule: str, state: str) -> str:
    """The colour of the alert that a rule fires in a state, by default."""
    return OF_SEVERITY[Severity(default_rules()[rule].severities[state])]


ANSWERS = words({"0": ("no answer", CRITICAL), "1": ("answers", FINE)})
READABLE = words({"0": ("not readable", UNKNOWN), "1": ("readable", FINE)})
UP = words({"0": ("down", of_state("feed_down", "down")), "1": ("up", FINE)})
WRITING = words({"0": ("not writing", of_state("store_down", "not_writing")), "1": ("writing", FINE)})
#: The numbers that `queries.FIRING` makes of a severity.
SEVERITIES = words(
    {
        "0": (UNKNOWN_TEXT, STALE),
        "1": ("critical", CRITICAL),
        "2": ("warning", WARNING),
        "3": ("info", INFO),
    }
)
#: The numbers that `queries.HEDGE` makes of a hedge's state.
HEDGES = words(
    {
        "1": ("held", FINE),
        "2": ("flat", INFO),
        "3": ("near", of_state("hedge_leg_near", "near")),
        "4": ("shrank", of_state("hedge_broken", "shrank")),
        "5": ("broken", of_state("hedge_broken", "broken")),
        "6": (UNKNOWN_TEXT, STALE),
    }
)
NEVERS = words({f"{NEVER:.0f}": ("never", FINE)})
_FARTHER = ValueMappingResult(text=f"> {FAR:.0%}", color=FINE, index=1)
DISTANCES = [*NEVERS, RangeMap(DashboardRangeMapOptions(from_val=FAR, to=NEVER - 1.0, result=_FARTHER))]
FOREVER = words({f"{FOREVER_SECONDS:.0f}": ("for ever", FINE)})
NO_EQUITIES = words({f"{NO_EQUITY:.0f}": ("no equity", CRITICAL), f"{UNSEEN:.0f}": (UNKNOWN_TEXT, STALE)})
NONE_NEEDED = words({"0": ("none", NEUTRAL)})
#: Rules by the names of their alerts, which are those of their runbooks.
ALERTS = words({rule: (alert_name(rule), NEUTRAL) for rule in sorted(RULES)})
