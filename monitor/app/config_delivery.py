"""The keys of who is told and how: channels, routes, quiet hours, digests, signs of life."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from pydantic import Discriminator, Field, SecretStr, field_validator, model_validator

from monitor.app.config_keys import Count, Name, Port, Positive, Seconds, Section, Wait, key, secret
from monitor.domain.silences import SilenceRefused, parse

LevelName = Name
_FILE = "file that holds it; relative to the folder of this file"
_ENV = "name of the environment variable that holds it"
_KIND = "what it is: telegram, slack, discord, pagerduty, webhook, alertmanager or apprise"


def _web_address(value: str) -> str:
    """An address with a host, over HTTP."""
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be an address that begins with https:// (or http:// on a network that you trust)")
    if parts.username or parts.password:
        raise ValueError("must hold no user and no password: they would be shown; there are keys for them")
    return value.rstrip("/")


class _Channel(Section):
    """What all channels have."""

    timeout_seconds: Seconds = key(10.0, "seconds, the deadline of one attempt")
    per_minute: Wait = key(0.0, "messages a minute at most, the loudest first; 0: 20 to people, no limit to machines")
    fallback: str = key("", "channel that is told instead when this one fails; empty: none")


class Telegram(_Channel):
    """A Telegram bot: one message an incident, edited as it goes on; buttons to acknowledge."""

    kind: Literal["telegram"] = Field(description=_KIND)
    token_file: str | None = key(None, _FILE)
    token_env: str | None = key(None, _ENV)
    token: SecretStr | None = secret("the bot's token, as its maker gave it")
    chats: Annotated[tuple[int, ...], Field(min_length=1)] = Field(
        description="ids of the chats that are written to; only they may use the buttons"
    )
    buttons: bool = key(False, "show buttons to acknowledge and silence, and listen to them")
    api: str = key("https://api.telegram.org", "address of the service")

    _api = field_validator("api")(_web_address)


class Slack(_Channel):
    """A Slack app: one message an incident, edited as it goes on, what grows worse in its thread."""

    kind: Literal["slack"] = Field(description=_KIND)
    token_file: str | None = key(None, _FILE)
    token_env: str | None = key(None, _ENV)
    token: SecretStr | None = secret("the app's bot token, with the scope chat:write")
    channel: Annotated[str, Field(min_length=1)] = Field(description="id of the Slack channel")
    api: str = key("https://slack.com/api", "address of the service")

    _api = field_validator("api")(_web_address)


class Discord(_Channel):
    """A Discord webhook: one message an incident, edited as it goes on."""

    kind: Literal["discord"] = Field(description=_KIND)
    url_file: str | None = key(None, _FILE)
    url_env: str | None = key(None, _ENV)
    url: SecretStr | None = secret("the webhook's address")


class PagerDuty(_Channel):
    """PagerDuty's Events API v2: one incident there for one here."""

    kind: Literal["pagerduty"] = Field(description=_KIND)
    routing_key_file: str | None = key(None, _FILE)
    routing_key_env: str | None = key(None, _ENV)
    routing_key: SecretStr | None = secret("the integration key of the service")
    api: str = key("https://events.pagerduty.com/v2/enqueue", "address of the service")

    _api = field_validator("api")(_web_address)


class Webhook(_Channel):
    """Anything that takes Alertmanager's webhook format, version 4."""

    kind: Literal["webhook"] = Field(description=_KIND)
    url_file: str | None = key(None, _FILE)
    url_env: str | None = key(None, _ENV)
    url: SecretStr | None = secret("the address")
    secret_file: str | None = key(None, _FILE)
    secret_env: str | None = key(None, _ENV)
    secret: SecretStr | None = secret("what each request is signed with (HMAC-SHA256)", needed=False)
    headers: dict[str, str] = Field({}, description="further headers of each request", repr=False)


class Alertmanager(_Channel):
    """Prometheus' Alertmanager, API v2; all of a cluster's members are told."""

    kind: Literal["alertmanager"] = Field(description=_KIND)
    urls: Annotated[tuple[str, ...], Field(min_length=1)] = Field(description="addresses of all its members")
    resend_seconds: Seconds = key(60.0, "seconds until what fires is told again; forgotten after four times that")
    labels: dict[str, str] = key({}, "labels added to each alert")
    watchdog: bool = key(True, "an alert that always fires, so that its absence tells that we are gone")
    username: str = key("", "user of basic authentication; empty: none")
    password_file: str | None = key(None, _FILE)
    password_env: str | None = key(None, _ENV)
    password: SecretStr | None = secret("its password", needed=False)

    @field_validator("urls")
    @classmethod
    def _addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(_web_address, value))

    @field_validator("labels")
    @classmethod
    def _labels(cls, value: dict[str, str]) -> dict[str, str]:
        for name in value:
            if not re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_]*", name):
                raise ValueError(f"{name!r} is no label: letters, digits and underscores, no digit first")
        return value


class AppriseChannel(_Channel):
    """Any of the services that Apprise knows (e-mail, ntfy, Pushover, Signal …), by its URL."""

    kind: Literal["apprise"] = Field(description=_KIND)
    url_file: str | None = key(None, _FILE)
    url_env: str | None = key(None, _ENV)
    url: SecretStr | None = secret("Apprise's URL of the service; it holds the password")


Channel = Annotated[
    Telegram | Slack | Discord | PagerDuty | Webhook | Alertmanager | AppriseChannel, Discriminator("kind")
]
KINDS: dict[str, type[_Channel]] = {
    "telegram": Telegram,
    "slack": Slack,
    "discord": Discord,
    "pagerduty": PagerDuty,
    "webhook": Webhook,
    "alertmanager": Alertmanager,
    "apprise": AppriseChannel,
}


class Mqtt(Section):
    """An MQTT broker: every alert and the state of every pool, with discovery for Home Assistant."""

    host: str = key("", "the broker's host; empty: no MQTT")
    port: Port = key(1883, "its port; 8883 is usual with tls")
    username: str = key("", "user; empty: none")
    password_file: str | None = key(None, _FILE)
    password_env: str | None = key(None, _ENV)
    password: SecretStr | None = secret("the user's password", needed=False)
    client_id: str = key("", "client identifier; empty: marginwatch-INSTANCE")
    protocol: Literal["5", "3.1.1"] = key("5", "version of MQTT: 5 or 3.1.1")
    tls: bool = key(False, "encrypt, and check the broker's certificate")
    ca_file: str = key("", "certificates of the authority that is trusted; empty: the system's")
    cert_file: str = key("", "our own certificate, where the broker wants one")
    key_file: str = key("", "its key")
    topic: str = key("marginwatch", "beginning of all topics; the instance follows it")
    state_every_seconds: Seconds = key(1.0, "seconds between two states of a pool, at least")
    expiry_seconds: Wait = key(3600.0, "seconds after which the broker forgets what was not renewed; 0: never")
    keepalive_seconds: Annotated[int, Field(ge=5, le=3600)] = key(15, "seconds between two signs of life")
    commands: bool = key(False, "listen to acknowledgements and silences; whoever may publish there may silence alerts")
    home_assistant: bool = key(False, "announce everything to Home Assistant")
    discovery_prefix: str = key("homeassistant", "Home Assistant's own prefix for discovery")
    alerts_limit: Count = key(1000, "alerts that may wait for the broker")
    topics_limit: Count = key(10_000, "topics with a state at most")

    @field_validator("topic", "discovery_prefix")
    @classmethod
    def _plain_topic(cls, value: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*", value) or len(value) > 128:
            raise ValueError("must be letters, digits, hyphens and underscores, with single slashes between them")
        return value

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.cert_file == "") != (self.key_file == ""):
            raise ValueError("cert_file and key_file belong together: set both or none")
        if (self.ca_file or self.cert_file) and not self.tls:
            raise ValueError("tls = false, but certificates are named: set tls = true")
        return self


class Step(Section):
    """One step of an escalation."""

    after_seconds: Seconds = Field(description="seconds without acknowledgement after which these are told too")
    channels: Annotated[tuple[str, ...], Field(min_length=1)] = Field(description="names of channels")


class Route(Section):
    """Who is told of what. The first that matches is taken; without any, all channels are told from warning up."""

    name: Name = Field(description="name of the route")
    match: tuple[str, ...] = key((), 'conditions that must all hold: "account=main", "rule=~margin.*", "coin!=BTC"')
    levels: tuple[LevelName, ...] = key((), "levels that it takes; empty: all")
    channels: tuple[str, ...] = key((), "names of channels; none: nobody is told")
    escalate: tuple[Step, ...] = key((), "who is told later, if nobody acknowledged")
    goes_on: bool = key(False, "whether the routes after it are asked too")

    @field_validator("match")
    @classmethod
    def _conditions(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            try:
                parse(text)
            except SilenceRefused as refusal:
                raise ValueError(f"{text!r}: {refusal.cure}") from None
        return value


def _time_of_day(value: str) -> str:
    if not re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", value):
        raise ValueError("must be a time of day from 00:00 to 23:59")
    return value


class QuietHours(Section):
    """When quiet levels wait for the morning; what is loud enough is told at any time."""

    starts: str = key("22:00", "when they begin, as HH:MM; the same as ends: never")
    ends: str = key("22:00", "when they end, as HH:MM")
    zone: str = key("", "time zone such as Europe/Berlin; empty: this machine's")
    levels: tuple[LevelName, ...] = key(("info", "warning"), "levels that wait")

    _times = field_validator("starts", "ends")(_time_of_day)

    @field_validator("zone")
    @classmethod
    def _known(cls, value: str) -> str:
        if value and value not in available_timezones():
            raise ValueError("is no time zone: write it as Europe/Berlin")
        return value


class Digest(Section):
    """A summary on one channel, beside what the others are told at once."""

    channel: Name = Field(description="name of the channel that gets it")
    every_seconds: Annotated[float, Field(ge=60.0, allow_inf_nan=False)] = key(3600.0, "seconds between two digests")
    levels: tuple[LevelName, ...] = key(("info",), "levels that are gathered in it")
    starts: str = key("08:00", "time of day from which they are counted, as HH:MM")

    _start = field_validator("starts")(_time_of_day)


class Delivery(Section):
    """How patiently messages are delivered."""

    first_seconds: Seconds = key(1.0, "seconds at most before the second attempt; twice that before the third")
    cap_seconds: Seconds = key(60.0, "seconds, the longest wait between two attempts that no service asked for")
    fallback_after_seconds: Seconds = key(20.0, "seconds of failure after which the fallback channel is told")
    overdue_seconds: dict[LevelName, Positive] = key(
        {"info": 3_600.0, "warning": 21_600.0, "critical": 86_400.0},
        "seconds after which a message that is of use to nobody any more is dropped, by level",
    )
    grouping_seconds: dict[LevelName, Wait] = key(
        {"info": 3.0, "warning": 3.0, "critical": 0.0}, "seconds that messages wait to be told together, by level"
    )
    group_limit: Count = key(20, "alerts told in one message at most")
    queue_limit: Count = key(5_000, "messages that may wait for one channel")


class Store(Section):
    """What must survive a restart: alerts, messages on their way, acknowledgements, silences, the audit."""

    enabled: bool = key(True, "whether anything is kept; without, a restart tells everything anew")
    directory: str = key("", "folder for marginwatch.db; empty: $STATE_DIRECTORY or ~/.local/state/marginwatch")
    keep_seconds: Seconds = key(7_776_000.0, "seconds after which lines of the audit and sent messages are removed")
    keep_rows: Count = key(100_000, "lines of the audit, and sent messages, at most")

    @field_validator("directory")
    @classmethod
    def _place(cls, value: str) -> str:
        if value and not value.startswith(("/", "~")):
            raise ValueError("must begin with / or ~: a service has no folder that it could be relative to")
        return value


class Heartbeat(Section):
    """A sign of life that somebody else owes us, at /api/v1/heartbeats/NAME."""

    every_seconds: Seconds = key(300.0, "seconds between two of them at most")


class DeadMan(Section):
    """A sign of life that we owe somebody else: an address that is fetched while everything works."""

    url_file: str | None = key(None, _FILE)
    url_env: str | None = key(None, _ENV)
    url: SecretStr | None = secret("the address, as such services give it")
    every_seconds: Seconds = key(60.0, "seconds between two signs of life")


def channel_model(table: Any) -> type[Section]:
    """The model of a channel's table, by its kind; one without secrets where there is no such kind."""
    return KINDS.get(str(table.get("kind")), _Channel)
