"""The configuration of who is told of what, turned into routes. Loads neither channels nor their libraries."""

from __future__ import annotations

from collections.abc import Mapping

from monitor.alerts.routing import Digest, EscalationStep, QuietHours, Route, RoutingSettings
from monitor.app.config import Loaded
from monitor.app.config_errors import HIDDEN
from monitor.app.config_people import level_names
from monitor.domain.alerts import Level
from monitor.domain.errors import ConfigError, ConfigRefused
from monitor.domain.names import AccountKey
from monitor.domain.silences import parse


def groups(loaded: Loaded) -> dict[AccountKey, str]:
    """The group of each account that has one."""
    accounts = loaded.config.accounts.items()
    return {AccountKey(account.venue, name): account.group for name, account in accounts if account.group}


def routing(loaded: Loaded) -> RoutingSettings:
    """Who is told of what."""
    config = loaded.config
    quiet = config.quiet_hours
    return RoutingSettings(
        routes=tuple(
            Route(
                name=route.name,
                matchers=tuple(parse(text) for text in route.match),
                levels=route.levels,
                channels=route.channels,
                escalate=tuple(EscalationStep(**step.model_dump()) for step in route.escalate),
                goes_on=route.goes_on,
            )
            for route in config.routes
        ),
        quiet_hours=None
        if quiet.starts == quiet.ends
        else QuietHours(
            starts_minute=_minute(quiet.starts), ends_minute=_minute(quiet.ends), zone=quiet.zone, levels=quiet.levels
        ),
        digests=tuple(
            Digest(
                channel=digest.channel,
                levels=digest.levels,
                every_seconds=digest.every_seconds,
                starts_minute=_minute(digest.starts),
            )
            for digest in config.digests.values()
        ),
        fallback={name: channel.fallback for name, channel in config.channels.items() if channel.fallback},
        fallback_after_seconds=config.delivery.fallback_after_seconds,
        order=level_names(config),
        external_url=config.web.external_url,
        groups=groups(loaded),
        overdue_seconds=_by_level(config.delivery.overdue_seconds),
        grouping_seconds=_by_level(config.delivery.grouping_seconds),
    )


def _minute(time: str) -> int:
    """Minutes since midnight of HH:MM."""
    hours, minutes = time.split(":")
    return 60 * int(hours) + int(minutes)


def _by_level(table: Mapping[str, float]) -> dict[Level, float]:
    return dict(table)


def refuse_what_cannot_be_spoken_to(loaded: Loaded) -> None:
    """Ask Apprise what it knows, before a message depends on it. Raises `ConfigRefused` with all that it does not."""
    named = [name for name, table in loaded.config.channels.items() if table.kind == "apprise"]
    if not named:
        return
    from monitor.outputs.channels.apprise import AppriseSettings, check  # it takes half a second, so only where needed

    found = []
    for name in named:
        if cure := check(AppriseSettings(name=name, url=loaded.secret(f"channels.{name}.url"))):
            found.append(ConfigError(f"channels.{name}.url", HIDDEN, cure))
    if found:
        raise ConfigRefused(tuple(found))
