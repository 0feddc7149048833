"""Which broker, as whom, how patiently."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class MqttSettings:
    """Which broker, as whom, how patiently. Times in seconds; the password never shows in a repr.

    `tls` alone trusts the system's authorities, `ca_file` others; `cert_file` and `key_file` are our own. A connection
    that lasted `lasting_seconds` has earned a fresh back-off. `version`: 5, or 3 for MQTT 3.1.1.

    On `status_topic` stands "online" while we are there, and "offline" once we are gone, also when we were killed (our
    last will); "" for none. On `trial_topic` something is published and read back after each connecting, because a
    broker that denies publishing need not say so; "" for no trial. What is retained is forgotten by the broker
    `expiry_seconds` after it was last renewed (with version 5; 0: never).
    """

    host: str
    port: int = 1883
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    client_id: str | None = None
    tls: bool = False
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    connect_seconds: float = 10.0
    publish_seconds: float = 5.0
    close_seconds: float = 1.0
    keepalive_seconds: int = 15
    backoff_first_seconds: float = 1.0
    backoff_factor: float = 1.6
    backoff_cap_seconds: float = 60.0
    lasting_seconds: float = 60.0
    alerts_limit: int = 1000
    topics_limit: int = 10_000
    version: int = 5
    status_topic: str = ""
    trial_topic: str = ""
    expiry_seconds: float = 0.0
