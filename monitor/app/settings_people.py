"""The configuration of who is told, turned into the settings of routes, channels, broker and store."""

from __future__ import annotations

from pathlib import Path

from monitor.app.config import Loaded
from monitor.app.config_delivery import Channel as ChannelTable
from monitor.app.config_people import MQTT
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
