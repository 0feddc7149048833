"""What the rules on groups read of one group's report. Its subjects belong to no account: their label is the group."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from monitor.alerts import words_groups as words
from monitor.alerts.reading import Reading, Subject
from monitor.alerts.rules_asking import Asks
from monitor.alerts.rules_lines import distance
from monitor.domain.group_reports import GroupReport, HedgeReport, HedgeState
from monitor.domain.lines import State
from monitor.domain.names import AccountKey

NOBODY = AccountKey("", "")  #: what concerns no single account
_TOLD = {HedgeState.BROKEN: "broken", HedgeState.SHRANK: "shrank"}


def subject(rule: str, group: str, *detail: str) -> Subject:
    """What a rule on a group speaks of."""
    return Subject(rule, NOBODY, "", (group, *detail))


def group_readings(report: GroupReport, asks: Asks) -> Iterator[Reading]:
    """All readings of one group that are asked for."""
    name, sure = report.name, report.quality.figures_shown
    ratio = None if report.ratio.state is State.UNKNOWN else report.ratio.value
    if asks("group_ratio", ratio, ""):
        yield Reading(subject("group_ratio", name), ratio, "", sure, partial(words.group_ratio, report))
    unknown = "unknown" if ratio is None else ""
    if asks("group_unknown", None, unknown):
        yield Reading(subject("group_unknown", name), None, unknown, True, partial(words.group_unknown, report))
    for direction, line in report.market.items():
        value = distance(line.line)
        if asks("group_market_distance", value, ""):
            about = subject("group_market_distance", name, direction.value)
            yield Reading(about, value, "", sure, partial(words.group_line, report, line))
    for coin, sides in report.coins.items():
        for direction, line in sides.items():
            value = distance(line.line)
            if asks("group_coin_distance", value, ""):
                about = subject("group_coin_distance", name, coin, direction.value)
                yield Reading(about, value, "", sure, partial(words.group_line, report, line))
    for hedge in report.hedges:
        yield from _hedge(report, hedge, asks)


def _hedge(report: GroupReport, hedge: HedgeReport, asks: Asks) -> Iterator[Reading]:
    """What cannot be seen raises nothing here and ends nothing: that a member is not known is told by itself."""
    sure, state = hedge.state is not HedgeState.UNKNOWN, _TOLD.get(hedge.state, "")
    if asks("hedge_broken", None, state):
        about = subject("hedge_broken", report.name, hedge.name)
        yield Reading(about, None, state, sure, partial(words.hedge_broken, report, hedge))
    near = "near" if hedge.near else ""
    if asks("hedge_leg_near", None, near):
        about = subject("hedge_leg_near", report.name, hedge.name)
        yield Reading(about, None, near, sure, partial(words.hedge_leg_near, report, hedge))


def is_gone(report: GroupReport, about: Subject, *, unread: bool) -> bool:
    """Whether a subject that is missing from a group that is believed is certainly gone: a coin, or a hedge.

    `unread`: it stands since before a restart. A hedge that was found, and broken then, is not found again: while
    anything of its coin is open it may still be naked.
    """
    if not report.quality.figures_shown or about.rule in ("group_ratio", "group_unknown"):
        return False
    if unread and about.rule in ("hedge_broken", "hedge_leg_near"):
        return all(each.coin != about.detail[1] or each.gross_usd == 0.0 for each in report.exposures)
    return True
