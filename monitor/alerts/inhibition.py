"""Which alerts keep others quiet: where one trouble is the cause of many, one page is enough. Rules as data.

Two things hold whatever the rules say, so that nobody can configure them away:

* what is kept quiet is never louder than what keeps it quiet;
* an alert on data (a feed, a poll, a ban, a pool's quality) keeps quiet nothing but other alerts on data: what tells of
  liquidation is told while the data beside it fails.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from monitor.domain.alerts import Alert, Level, Matcher
from monitor.domain.silences import matches

#: The rules that tell how well we see, and not how near the end is.
ON_DATA = frozenset(
    {
        "account_down", "clock_offset", "data_quality", "feed_backlog", "feed_down", "feed_lag", "group_unknown",
        "poll_down", "unacknowledged", "venue_ban", "weight_budget",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class InhibitRule:
    """While an alert that `source` matches fires, those that `target` matches are not told, if the labels named in
    `equal` have the same values on both.

    `quieter`: only those that are quieter than the source; else also those that are as loud. When the source is over,
    its targets have `lingers_seconds` to recover too before they are told.
    """

    source: tuple[Matcher, ...]
    target: tuple[Matcher, ...]
    equal: tuple[str, ...]
    quieter: bool = False
    lingers_seconds: float = 60.0


def _rules(*names: str) -> Matcher:
    return Matcher(name="rule", value="|".join(names), regex=len(names) > 1)


_OF_NO_ACCOUNT = Matcher(name="account", value="")

DEFAULT_INHIBITS: tuple[InhibitRule, ...] = (
    InhibitRule(
        source=(_rules("account_down"),),
        target=(_rules("data_quality", "feed_down", "poll_down", "feed_lag", "feed_backlog", "unacknowledged"),),
        equal=("venue", "account"),
    ),
    # A public stream is down: the pools of that venue are stale because of it.
    InhibitRule(
        source=(_rules("feed_down"), _OF_NO_ACCOUNT),
        target=(_rules("data_quality", "feed_lag", "feed_backlog", "unacknowledged"),),
        equal=("venue",),
    ),
    InhibitRule(
        source=(_rules("venue_ban"),),
        target=(_rules("account_down", "data_quality", "poll_down", "weight_budget"),),
        equal=("venue",),
    ),
    # The pool as a whole is near its end: its lines say no more while they are further from theirs.
    InhibitRule(
        source=(_rules("margin_ratio"),),
        target=(_rules("position_distance", "coin_distance", "market_distance", "stage_ratio"),),
        equal=("venue", "account", "pool"),
        quieter=True,
        lingers_seconds=0.0,
    ),
    # How near the end is has been told: what says so in another way is told if it is louder.
    InhibitRule(
        source=(_rules("margin_ratio", "position_distance", "coin_distance", "market_distance", "depeg_distance"),),
        target=(
            _rules(
                ".*_sigmas",
                "room_usd",
                "position_room_usd",
                "worsening",
                "trend_time",
                "burn_time",
                "ratio_after_payment",
                "distance_after_payment",
                "one_sided_leverage",
            ),
        ),
        equal=("venue", "account", "pool"),
    ),
    # A pool of the group, or its data, says why: what the group knows beside that is told if it is louder.
    InhibitRule(
        source=(_rules("account_down", "data_quality", "feed_down"),),
        target=(_rules("group_unknown"),),
        equal=("group",),
    ),
    InhibitRule(
        source=(_rules("margin_ratio", "position_distance", "coin_distance", "market_distance", "depeg_distance"),),
        target=(_rules("group_ratio", "group_coin_distance", "group_market_distance", "hedge_leg_near"),),
        equal=("group",),
    ),
)


Key = tuple[int, tuple[str, ...]]  #: the place of a rule, and the values of the labels that must be equal


@dataclass(frozen=True, slots=True)
class Roles:
    """Of which rules an alert is a source, and of which a target: labels alone decide it, so that it is known once."""

    sources: tuple[Key, ...]
    targets: tuple[Key, ...]


def roles(rules: Sequence[InhibitRule], labels: Mapping[str, str]) -> Roles:
    """The roles of an alert with these labels: its own, and rule, severity and group."""
    keys = [(place, tuple(labels.get(name, "") for name in rule.equal)) for place, rule in enumerate(rules)]
    return Roles(
        sources=tuple(key for key in keys if matches(rules[key[0]].source, labels)),
        targets=tuple(key for key in keys if matches(rules[key[0]].target, labels)),
    )


@dataclass(frozen=True, slots=True)
class Inhibitor:
    """What keeps an alert quiet, and how long that lasts when it is over."""

    alert: Alert
    lingers_seconds: float


class Inhibition:
    """The alerts that keep others quiet, of those that fire at one moment."""

    def __init__(
        self, rules: Sequence[InhibitRule], order: Sequence[Level], firing: Iterable[tuple[Alert, Roles]]
    ) -> None:
        self._rules, self._order = rules, order
        self._sources: dict[Key, list[Alert]] = {}
        for alert, own in firing:
            for key in own.sources:
                self._sources.setdefault(key, []).append(alert)

    def of(self, target: Alert, own: Roles) -> Inhibitor | None:
        """The first alert that keeps this one quiet, by the order of the rules."""
        for key in own.targets:
            rule = self._rules[key[0]]
            for source in self._sources.get(key, ()):
                if self._may(rule, source, target):
                    return Inhibitor(source, rule.lingers_seconds)
        return None

    def _may(self, rule: InhibitRule, source: Alert, target: Alert) -> bool:
        louder = self._order.index(source.severity) - self._order.index(target.severity)
        blind = source.rule in ON_DATA and target.rule not in ON_DATA
        return louder >= (1 if rule.quieter else 0) and not blind and source.fingerprint != target.fingerprint
