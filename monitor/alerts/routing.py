"""Who is told: routes with matchers, what is critical, and the way round a channel that fails. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from monitor.domain.alerts import Alert, Level, Matcher, Severity
from monitor.domain.names import AccountKey
from monitor.domain.silences import matches

OVERDUE_SECONDS: Mapping[Level, float] = {Severity.INFO: 3600.0, Severity.CRITICAL: 86_400.0}
OVERDUE_ELSE_SECONDS = 6 * 3600.0
GROUPING_SECONDS: Mapping[Level, float] = {Severity.CRITICAL: 0.0}
GROUPING_ELSE_SECONDS = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationStep:
    """Who is told if nobody acknowledged within `after_seconds` of the change that began it."""

    after_seconds: float
    channels: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Alerts that all `matchers` match, of one of the `levels` (empty: any), go to `channels`, and in time further.

    The first route that matches is taken, and where it `goes_on` the next one that matches too.
    """

    name: str
    matchers: tuple[Matcher, ...] = ()
    levels: tuple[Level, ...] = ()
    channels: tuple[str, ...] = ()
    escalate: tuple[EscalationStep, ...] = ()
    goes_on: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietHours:
    """From minute to minute of the local day, over midnight where the end is not after the start; the same: never.

    Alerts of these `levels` wait until they are over. `zone` is for whoever computes local minutes.
    """

    starts_minute: int
    ends_minute: int
    zone: str = ""
    levels: tuple[Level, ...] = (Severity.INFO, Severity.WARNING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """What is of these `levels` is told on `channel` besides, gathered; counted from a minute of the local day."""

    channel: str
    levels: tuple[Level, ...] = (Severity.INFO,)
    every_seconds: float = 3600.0
    starts_minute: int = 480


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingSettings:
    """Who is told of what. Without routes every channel is told of everything from `warning` up.

    `order` are all levels, the quietest first. `groups` are those of the accounts. `fallback` maps a channel to the one
    that is told in its place when it has failed for `fallback_after_seconds`. `overdue_seconds` by level: after these a
    message that still waits is dropped (not a critical one that fires). `grouping_seconds` by level: so long a message
    waits for others. Levels that are not named there: as the next built-in one below.
    """

    routes: tuple[Route, ...] = ()
    quiet_hours: QuietHours | None = None
    digests: tuple[Digest, ...] = ()
    fallback: Mapping[str, str] = field(default_factory=dict)
    fallback_after_seconds: float = 20.0
    order: tuple[Level, ...] = tuple(Severity)
    external_url: str = ""
    groups: Mapping[AccountKey, str] = field(default_factory=dict)
    overdue_seconds: Mapping[Level, float] = field(default_factory=lambda: dict(OVERDUE_SECONDS))
    grouping_seconds: Mapping[Level, float] = field(default_factory=lambda: dict(GROUPING_SECONDS))


def rank(level: Level, order: Collection[Level]) -> int:
    """How loud a level is, 0 the quietest; one that is not among them is taken for the loudest."""
    levels = tuple(order)
    return levels.index(level) if level in levels else len(levels)


def is_at_least(level: Level, other: Level, order: Collection[Level]) -> bool:
    """Whether a level is as loud as another or louder."""
    return rank(level, order) >= rank(other, order)


def like(level: Level, order: Collection[Level]) -> Level:
    """The built-in level that a level is treated as where nothing is said of it: itself, or the next one below it."""
    built_in = [each for each in tuple(order)[: rank(level, order) + 1] if each in tuple(Severity)]
    return built_in[-1] if built_in else Severity.INFO


def is_critical(level: Level, settings: RoutingSettings) -> bool:
    """Whether it waits for nothing."""
    return is_at_least(level, Severity.CRITICAL, settings.order)


def labels_of(alert: Alert, groups: Mapping[AccountKey, str]) -> Mapping[str, str]:
    """What matchers see of an alert: its labels, its rule and severity, and its account's group."""
    account = AccountKey(alert.labels.get("venue", ""), alert.labels.get("account", ""))
    group = groups.get(account, "")
    return {"group": group, **alert.labels, "rule": alert.rule, "severity": alert.severity}


def routes_of(alert: Alert, settings: RoutingSettings) -> tuple[Route, ...]:
    """The routes that an alert takes."""
    labels = labels_of(alert, settings.groups)
    taken: list[Route] = []
    for route in settings.routes:
        if (not route.levels or alert.severity in route.levels) and matches(route.matchers, labels):
            taken.append(route)
            if not route.goes_on:
                break
    return tuple(taken)


def channels_of(alert: Alert, settings: RoutingSettings, channels: Collection[str]) -> frozenset[str]:
    """The channels, among those that there are, that are told of an alert at once."""
    if not settings.routes:
        loud = is_at_least(alert.severity, Severity.WARNING, settings.order)
        return frozenset(channels) if loud else frozenset()
    return frozenset(name for route in routes_of(alert, settings) for name in route.channels if name in channels)


def way_round(channel: str, tried: Collection[str], settings: RoutingSettings, channels: Collection[str]) -> str:
    """The channel that is told when this one fails and those `tried` did; "" if there is none."""
    other = channel
    for _ in settings.fallback:  # no way round is longer, and those that go in circles end
        other = settings.fallback.get(other, "")
        if other != channel and other not in tried:
            return other if other in channels else ""
    return ""


def reachable(settings: RoutingSettings, channels: Collection[str]) -> tuple[str, ...]:
    """The channels that some route, escalation, digest or fallback leads to, in the order in which they are defined."""
    if not settings.routes:
        return tuple(channels)
    found = {name for route in settings.routes for name in route.channels}
    found |= {name for route in settings.routes for step in route.escalate for name in step.channels}
    found |= {digest.channel for digest in settings.digests}
    more = found
    while more := {settings.fallback[name] for name in more if name in settings.fallback} - found:
        found |= more
    return tuple(name for name in channels if name in found)


def overdue_seconds(level: Level, settings: RoutingSettings) -> float:
    """How long a message of this level may wait before it is of no use."""
    seconds = settings.overdue_seconds
    return seconds.get(level, seconds.get(like(level, settings.order), OVERDUE_ELSE_SECONDS))


def grouping_seconds(level: Level, settings: RoutingSettings) -> float:
    """How long a message of this level waits for others."""
    seconds = settings.grouping_seconds
    return seconds.get(level, seconds.get(like(level, settings.order), GROUPING_ELSE_SECONDS))
