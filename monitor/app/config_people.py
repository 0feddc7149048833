"""What is wrong between the tables of who is told: names that nobody has, levels that do not exist, circles."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pydantic import SecretStr

from monitor.app.config_alerts import alert_settings
from monitor.app.config_errors import HIDDEN
from monitor.domain.errors import ConfigError

if TYPE_CHECKING:
    from monitor.app.config import Config

_BY_ADDRESS = ("discord", "webhook")  #: kinds of channels that are an address over HTTP
MQTT = "mqtt"  #: the channel that a broker is, once its host is set


def channel_names(config: Config) -> tuple[str, ...]:
    """Every channel that can be told of something."""
    return (*config.channels, *((MQTT,) if config.mqtt.host else ()))


def level_names(config: Config) -> tuple[str, ...]:
    """Every level, from the quietest to the loudest."""
    return alert_settings(config.alerts).levels


def delivery_mistakes(config: Config) -> Iterator[ConfigError]:
    """Each with its key, its value and the cure."""
    if MQTT in config.channels:
        cure = "is the name of the broker's own channel: choose another"
        yield ConfigError(f"channels.{MQTT}", MQTT, cure)
    if config.web.token_for_reading and not any((config.web.token, config.web.token_file, config.web.token_env)):
        yield ConfigError("web.token_for_reading", True, "there is no token: set web.token_file")
    yield from _fallbacks(config)
    known, levels = channel_names(config), level_names(config)
    for name, digest in config.digests.items():
        yield from _unknown(f"digests.{name}.channel", (digest.channel,), known, "channel")
        yield from _unknown(f"digests.{name}.levels", digest.levels, levels, "level")
    yield from _unknown("quiet_hours.levels", config.quiet_hours.levels, levels, "level")
    for table in ("overdue_seconds", "grouping_seconds"):
        yield from _unknown(f"delivery.{table}", tuple(getattr(config.delivery, table)), levels, "level")
    names: set[str] = set()
    for number, route in enumerate(config.routes):
        key = f"routes[{number}]"
        if route.name in names:
            yield ConfigError(f"{key}.name", route.name, "is the name of another route too")
        names.add(route.name)
        yield from _unknown(f"{key}.levels", route.levels, levels, "level")
        yield from _unknown(f"{key}.channels", route.channels, known, "channel")
        for place, step in enumerate(route.escalate):
            yield from _unknown(f"{key}.escalate[{place}].channels", step.channels, known, "channel")
        waits = [step.after_seconds for step in route.escalate]
        if waits != sorted(waits):
            yield ConfigError(f"{key}.escalate", waits, "each step must come later than the one before")


def shape_mistakes(config: Config, secrets: Mapping[str, SecretStr]) -> Iterator[ConfigError]:
    """Secrets of which it is plain to see that nobody could be told by them; `secrets` are by dotted key."""
    addresses = [f"channels.{name}.url" for name, table in config.channels.items() if table.kind in _BY_ADDRESS]
    addresses += [f"dead_man.{name}.url" for name in config.dead_man]
    for key in addresses:
        if key in secrets and not _is_address(secrets[key].get_secret_value()):
            cure = "must be an address that begins with https:// (or http:// on a network that you trust)"
            yield ConfigError(key, HIDDEN, cure)
    for name, table in config.channels.items():
        key = f"channels.{name}.token"
        if table.kind != "telegram" or key not in secrets:
            continue
        if not re.fullmatch(r"[0-9]+:[A-Za-z0-9_-]+", secrets[key].get_secret_value()):
            yield ConfigError(
                key, HIDDEN, "is no bot token: it is digits, a colon, then letters, as @BotFather wrote it"
            )


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False


def _unknown(key: str, names: tuple[str, ...], known: tuple[str, ...], what: str) -> Iterator[ConfigError]:
    for name in names:
        if name not in known:
            there_are = ", ".join(known) if known else "none"
            yield ConfigError(key, name, f"no such {what}; there are: {there_are}")


def _fallbacks(config: Config) -> Iterator[ConfigError]:
    known = channel_names(config)
    for name, channel in config.channels.items():
        if not channel.fallback:
            continue
        yield from _unknown(f"channels.{name}.fallback", (channel.fallback,), known, "channel")
        seen, at = {name}, channel.fallback
        while at in config.channels and at not in seen:
            seen.add(at)
            at = config.channels[at].fallback
        if at == name:
            cure = "leads back to the channel itself: what fails would go round in a circle"
            yield ConfigError(f"channels.{name}.fallback", channel.fallback, cure)
