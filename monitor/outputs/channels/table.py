"""The channels by their settings: a new one is one file, and one line here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from monitor.domain.alerts import Alert
from monitor.domain.clock import Clock
from monitor.domain.commands import AlertCommand
from monitor.domain.delivery import Channel
from monitor.outputs.channels.alertmanager import AlertmanagerChannel, AlertmanagerSettings
from monitor.outputs.channels.apprise import AppriseChannel, AppriseSettings
from monitor.outputs.channels.discord import DiscordChannel, DiscordSettings
from monitor.outputs.channels.pagerduty import PagerDutyChannel, PagerDutySettings
from monitor.outputs.channels.slack import SlackChannel, SlackSettings
from monitor.outputs.channels.telegram import TelegramChannel, TelegramSettings
from monitor.outputs.channels.webhook import WebhookChannel, WebhookSettings
from monitor.outputs.channels.wording import Like, built_in

ChannelSettings = (
    TelegramSettings
    | SlackSettings
    | DiscordSettings
    | PagerDutySettings
    | WebhookSettings
    | AlertmanagerSettings
    | AppriseSettings
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What channels need of the monitor: where commands go, what fires now, and what an own level counts as."""

    clock: Clock
    put: Callable[[AlertCommand], object] | None = None
    firing: Callable[[], tuple[Alert, ...]] = tuple
    like: Like = built_in


def build(settings: ChannelSettings, means: Means) -> Channel:
    """The channel of these settings. One that has `run` wants it as a task of its own."""
    match settings:
        case TelegramSettings():
            return TelegramChannel(settings, means.clock, means.put, means.firing)
        case SlackSettings():
            return SlackChannel(settings, means.clock)
        case DiscordSettings():
            return DiscordChannel(settings, means.clock, means.like)
        case PagerDutySettings():
            return PagerDutyChannel(settings, means.clock, means.like)
        case WebhookSettings():
            return WebhookChannel(settings, means.clock, means.like)
        case AlertmanagerSettings():
            return AlertmanagerChannel(settings, means.clock, means.firing, means.like)
        case AppriseSettings():
            return AppriseChannel(settings, means.clock, means.like)
