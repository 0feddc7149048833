"""The configuration of who is told, turned into the settings of routes, channels, broker and store."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from monitor.alerts.routing import Digest, EscalationStep, QuietHours, Route, RoutingSettings
from monitor.app.config import Loaded
from monitor.app.config_delivery import Channel as ChannelTable
from monitor.app.config_errors import HIDDEN
from monitor.app.config_people import MQTT, level_names
from monitor.domain.alerts import Level
from monitor.domain.errors import ConfigError, ConfigRefused
from monitor.domain.names import AccountKey
from monitor.domain.silences import parse
from monitor.outputs.channels import apprise
from monitor.outputs.channels.alertmanager import AlertmanagerSettings
from monitor.outputs.channels.apprise import AppriseSettings
from monitor.outputs.channels.discord import DiscordSettings
from monitor.outputs.channels.pagerduty import PagerDutySettings
from monitor.outputs.channels.slack import SlackSettings
from monitor.outputs.channels.table import ChannelSettings
from monitor.outputs.channels.telegram import TelegramSettings
from monitor.outputs.channels.webhook import WebhookSettings
from monitor.outputs.delivery.settings import DeliverySettings, Rate
from monitor.outputs.mqtt.settings import MqttSettings
from monitor.outputs.mqtt.topics import Topics, part
from monitor.store.settings import StoreSettings

CLOSING_SECONDS = 0.4  #: that the end of the process waits for urgent messages under way; the rest is written down


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


def delivery(loaded: Loaded) -> DeliverySettings:
    """How patiently messages are delivered."""
    config = loaded.config.delivery
    tables = loaded.config.channels
    return DeliverySettings(
        timeouts={name: table.timeout_seconds for name, table in tables.items()},
        first_seconds=config.first_seconds,
        cap_seconds=config.cap_seconds,
        rates={name: Rate(per_minute=table.per_minute) for name, table in tables.items() if table.per_minute},
        group_limit=config.group_limit,
        queue_limit=config.queue_limit,
        closing_seconds=CLOSING_SECONDS,
    )


def channels(loaded: Loaded) -> tuple[ChannelSettings, ...]:
    """What each channel is told; the broker is not among them."""
    return tuple(channel(loaded, name, table) for name, table in loaded.config.channels.items())


def channel(loaded: Loaded, name: str, table: ChannelTable) -> ChannelSettings:
    """What one channel is told."""

    def secret(key: str) -> str:
        return loaded.secret(f"channels.{name}.{key}")

    patience, external_url = table.timeout_seconds, loaded.config.web.external_url
    match table.kind:
        case "telegram":
            return TelegramSettings(
                name=name, token=secret("token"), chats=table.chats, api=table.api,
                timeout_seconds=patience, buttons=table.buttons,
            )  # fmt: skip
        case "slack":
            return SlackSettings(
                name=name, token=secret("token"), channel=table.channel, api=table.api, timeout_seconds=patience
            )
        case "discord":
            return DiscordSettings(name=name, url=secret("url"), timeout_seconds=patience)
        case "pagerduty":
            return PagerDutySettings(
                name=name, routing_key=secret("routing_key"), url=table.api, timeout_seconds=patience
            )
        case "webhook":
            return WebhookSettings(
                name=name, url=secret("url"), secret=secret("secret"), headers=dict(table.headers),
                timeout_seconds=patience, external_url=external_url,
            )  # fmt: skip
        case "alertmanager":
            return AlertmanagerSettings(
                name=name, urls=table.urls, resend_seconds=table.resend_seconds, labels=dict(table.labels),
                username=table.username, password=secret("password"), timeout_seconds=patience,
                external_url=external_url, watchdog=table.watchdog,
            )  # fmt: skip
        case "apprise":
            return AppriseSettings(name=name, url=secret("url"), timeout_seconds=patience)


def topics(loaded: Loaded) -> Topics:
    """Under which topics the broker is told."""
    return Topics(f"{loaded.config.mqtt.topic}/{part(loaded.config.instance)}")


def mqtt(loaded: Loaded) -> MqttSettings | None:
    """Which broker; None where there is none."""
    config = loaded.config.mqtt
    if not config.host:
        return None
    return MqttSettings(
        host=config.host,
        port=config.port,
        username=config.username or None,
        password=loaded.secret(f"{MQTT}.password") or None,
        client_id=config.client_id or f"marginwatch-{loaded.config.instance}",
        tls=config.tls,
        ca_file=_file(loaded, config.ca_file),
        cert_file=_file(loaded, config.cert_file),
        key_file=_file(loaded, config.key_file),
        keepalive_seconds=config.keepalive_seconds,
        alerts_limit=config.alerts_limit,
        topics_limit=config.topics_limit,
        version=5 if config.protocol == "5" else 3,
        expiry_seconds=config.expiry_seconds,
    )


def _file(loaded: Loaded, name: str) -> str | None:
    """A file named in the configuration; relative to its folder."""
    folder = loaded.file.parent if loaded.file is not None else Path()
    return str(folder / Path(name).expanduser()) if name else None


def store(loaded: Loaded) -> StoreSettings:
    """How much is kept."""
    config = loaded.config.store
    return StoreSettings(keep_seconds=config.keep_seconds, keep_rows=config.keep_rows)


def refuse_what_cannot_be_spoken_to(loaded: Loaded) -> None:
    """Ask Apprise what it knows, before a message depends on it. Raises `ConfigRefused` with all that it does not."""
    found = []
    for settings in channels(loaded):
        if isinstance(settings, AppriseSettings) and (cure := apprise.check(settings)):
            found.append(ConfigError(f"channels.{settings.name}.url", HIDDEN, cure))
    if found:
        raise ConfigRefused(tuple(found))
