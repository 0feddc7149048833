"""Every key of the configuration: its default, its bounds, its unit and what it means. Public interface.

The description of a key is one line that starts with its unit where it has one; it stands in `config.example.toml` and
in error messages. Unknown keys are errors in every table. The defaults equal those of the settings that they become.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Wait = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Share = Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Factor = Annotated[float, Field(ge=1, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]
Port = Annotated[int, Field(ge=0, le=65535)]
Candles = Annotated[int, Field(ge=0, le=1000)]
Bytes = Annotated[int, Field(ge=65_536)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9](?:_?[a-z0-9-])*$", max_length=64)]
KEYS = range(8, 513)  #: characters of a plausible API key
TOKENS = range(16, 513)  #: of a token that cannot be guessed
LogLevel = Literal["debug", "info", "warning", "error"]


class Section(BaseModel):
    """A table of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, validate_default=True)


def key(default: Any, meaning: str) -> Any:
    """A key with its default and one line of sense."""
    return Field(default, description=meaning)


def secret(meaning: str, *, needed: bool = True, lengths: range = range(1, 4097)) -> Any:
    """A key that holds a secret of so many characters; its table has NAME_file and NAME_env too, and one is given.

    `needed`: the table makes no sense without it.
    """
    extra: Any = {"needed": needed, "least": lengths.start, "most": lengths.stop - 1}
    return Field(None, description=meaning, json_schema_extra=extra)


class Web(Section):
    """The HTTP server: page, /metrics, /-/healthy, /-/ready, /api/v1."""

    enabled: bool = key(True, "serve over HTTP at all")
    host: str = key("127.0.0.1", "address to listen on; anything but the loopback shows your positions to the network")
    port: Port = key(9786, "TCP port; 0 takes any free one")
    external_url: str = key("", "address under which people reach the page; messages link to it; empty: no links")
    token_file: str | None = key(None, "file that holds the token for acknowledging and silencing over HTTP")
    token_env: str | None = key(None, "name of the environment variable that holds the token")
    token: SecretStr | None = secret(
        "the token itself; without one only this machine may acknowledge and silence", needed=False, lengths=TOKENS
    )
    token_for_reading: bool = key(False, "ask for the token on every page but health and readiness, too")

    @field_validator("external_url")
    @classmethod
    def _address(cls, value: str) -> str:
        if not value:
            return ""
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("must be an address such as https://risk.example.org, without a query")
        return value.rstrip("/")


class Inbox(Section):
    """The queue between the feeds and the engine."""

    facts_limit: Count = key(100_000, "facts that may wait; when it is full all accounts are read anew")


class Supervision(Section):
    """How a job that failed is started again."""

    first_seconds: Seconds = key(1.0, "seconds before the first new attempt")
    factor: Factor = key(1.6, "by which each further wait grows")
    cap_seconds: Seconds = key(60.0, "seconds, the longest wait")
    bug_first_seconds: Seconds = key(15.0, "seconds before a job that failed by a bug starts again")
    bug_cap_seconds: Seconds = key(300.0, "seconds, the longest wait after a bug")
    live_seconds: Seconds = key(60.0, "seconds that a job must run to earn a fresh back-off")


class Urls(Section):
    """Base addresses; a simulator or a mirror is reached by these and by nothing else."""

    fapi: str = key("https://fapi.binance.com", "REST address of the futures")
    sapi: str = key("https://api.binance.com", "REST address for the permissions of the key")
    stream: str = key("wss://fstream.binance.com", "WebSocket address of the futures")

    @field_validator("fapi", "sapi")
    @classmethod
    def _http(cls, value: str) -> str:
        return _address(value, ("https://", "http://"))

    @field_validator("stream")
    @classmethod
    def _socket(cls, value: str) -> str:
        return _address(value, ("wss://", "ws://"))


def _address(value: str, schemes: tuple[str, ...]) -> str:
    """A base address without its last slash. Plain text is allowed on the loopback only: keys travel over it."""
    if not value.startswith(schemes):
        raise ValueError(f"must begin with {schemes[0]}")
    host = value.partition("://")[2].split("/")[0].rpartition("@")[2]
    name = host[: host.index("]") + 1] if host.startswith("[") else host.partition(":")[0]
    if not name:
        raise ValueError("has no host")
    if "@" in value or "?" in value:
        raise ValueError("must hold neither a user nor a query")
    if value.startswith(schemes[1]) and name not in ("127.0.0.1", "localhost", "[::1]"):
        raise ValueError(f"keys travel over it: must begin with {schemes[0]} (plain text only to this machine)")
    return value.rstrip("/")


class Timings(Section):
    """Waits, deadlines and limits of the transport."""

    connect_seconds: Seconds = key(10.0, "seconds from dialling to an open socket")
    ping_every_seconds: Seconds = key(10.0, "seconds between our own heartbeats on an open socket")
    ping_timeout_seconds: Seconds = key(5.0, "seconds without an answer to a heartbeat after which the peer is dead")
    close_seconds: Wait = key(0.5, "seconds waited for a polite close")
    watch_every_seconds: Seconds = key(0.5, "seconds between two looks at the subscription ledger")
    rollover_seconds: Seconds = key(85_800.0, "seconds of age at which a socket is replaced (the venue cuts at 24 h)")
    rollover_jitter_seconds: Wait = key(1_200.0, "seconds by which a socket may be replaced earlier")
    rollover_retry_seconds: Seconds = key(30.0, "seconds between two attempts to open the replacement")
    acknowledge_seconds: Seconds = key(5.0, "seconds without acknowledgement after which a stream is subscribed again")
    reconnect_seconds: Seconds = key(10.0, "seconds without acknowledgement after which a new connection is made")
    marks_silent_seconds: Seconds = key(5.0, "seconds without a mark price after which that stream is dead")
    assets_silent_seconds: Seconds = key(10.0, "seconds without an asset price after which that stream is dead")
    backoff_first_seconds: Seconds = key(1.0, "seconds before the first new attempt")
    backoff_factor: Factor = key(1.6, "by which each further wait grows")
    backoff_cap_seconds: Seconds = key(60.0, "seconds, the longest wait")
    live_seconds: Seconds = key(60.0, "seconds that a feed must be live to earn a fresh back-off")
    rate_limited_seconds: Seconds = key(60.0, "seconds waited after «too many requests» that names no time")
    refused_every_seconds: Seconds = key(600.0, "seconds between two attempts with a key that was refused repeatedly")
    request_seconds: Seconds = key(10.0, "seconds, the deadline of one request")
    account_every_seconds: Seconds = key(15.0, "seconds between two readings of account and positions")
    account_every_blind_seconds: Seconds = key(5.0, "seconds between them while the user stream is down")
    config_every_seconds: Seconds = key(60.0, "seconds between two readings of modes and per-symbol settings")
    tiers_every_seconds: Seconds = key(21_600.0, "seconds between two readings of the maintenance tiers")
    instruments_every_seconds: Seconds = key(21_600.0, "seconds between two readings of the instruments")
    missing_spacing_seconds: Seconds = key(180.0, "seconds until both are read again for a contract they still lack")
    permissions_every_seconds: Seconds = key(86_400.0, "seconds between two readings of what the key may do")
    clock_every_seconds: Seconds = key(3_600.0, "seconds between two measurements of the venue's clock")
    clock_doubt_seconds: Seconds = key(1.0, "seconds by which frames seem late or early: the clock is measured anew")
    clock_doubt_spacing_seconds: Seconds = key(60.0, "seconds, the least time between two measurements for that reason")
    bridge_every_seconds: Seconds = key(3.0, "seconds between two REST readings of marks while their stream is down")
    resync_settle_seconds: Wait = key(0.3, "seconds after the first event of a burst until the account is read")
    resync_spacing_seconds: Wait = key(5.0, "seconds, the least time between two readings that events asked for")
    snapshot_tries: Count = key(3, "readings of one account until its answers agree")
    keep_alive_every_seconds: Seconds = key(1_500.0, "seconds between two renewals of the user stream's key")
    keep_alive_retry_seconds: Seconds = key(30.0, "seconds until a failed renewal is tried again")
    key_life_seconds: Seconds = key(3_600.0, "seconds that the user stream's key lives after its last renewal")
    key_probe_spacing_seconds: Seconds = key(60.0, "seconds, the least time between two probes of a doubted key")
    cross_check_seconds: Seconds = key(5.0, "seconds within which a change seen over REST must have been pushed")


Permissions = Literal["refuse", "warn", "ignore"]


class BinanceAccount(Section):
    """One account. Its key and its secret are each given in exactly one of three ways; a file is the best of them."""

    venue: Literal["binance"] = Field(description="the exchange, one of: binance")
    api_key_file: str | None = key(None, "file that holds the API key; relative to the folder of this file")
    api_key_env: str | None = key(None, "name of the environment variable that holds the API key")
    api_key: SecretStr | None = secret("the API key itself; needs a file that others cannot read", lengths=KEYS)
    api_secret_file: str | None = key(None, "file that holds the API secret; relative to the folder of this file")
    api_secret_env: str | None = key(None, "name of the environment variable that holds the API secret")
    api_secret: SecretStr | None = secret("the API secret itself; needs a file that others cannot read", lengths=KEYS)
    group: str = key("", "name of a group of accounts, for thresholds and routes; empty: none")
    permissions: Permissions = key("refuse", "what is done with a key that can do more than read: refuse, warn, ignore")


class Limits(Section):
    """How old an input may be before what is computed from it loses quality."""

    mark_seconds: Seconds = key(5.0, "seconds, mark prices, by the venue's own stamp")
    asset_seconds: Seconds = key(10.0, "seconds, USD prices of assets, by the venue's own stamp")
    account_seconds: Seconds = key(150.0, "seconds since account and positions were read")
    config_seconds: Seconds = key(600.0, "seconds since modes and per-symbol settings were read")
    tiers_seconds: Seconds = key(180_000.0, "seconds since the maintenance tiers were read")
    instruments_seconds: Seconds = key(180_000.0, "seconds since the instruments were read")


class Volatility(Section):
    """How a day's standard deviation is estimated, for distances in sigmas."""

    sample_seconds: Seconds = key(60.0, "seconds between two samples of the mark price")
    half_life_seconds: Seconds = key(43_200.0, "seconds after which a sample counts half")
    minimum_samples: Count = key(30, "samples before a sigma is shown")


class Drift(Section):
    """How far our figures may lie from the venue's before a report says so."""

    figure_ratio: Share = key(0.005, "ratio of the venue's figure: equity, maintenance, margin ratio")
    line_ratio: Share = key(0.002, "ratio of the mark: liquidation prices")


class Engine(Section):
    """What is computed, and when a number is no longer believed."""

    lines_every_seconds: Wait = key(0.05, "seconds, the least time between two solutions of a pool's lines; 0: always")
    legs_per_step: Count = key(50, "positions reported in one step, about; the others follow in the next ones")
    jump_ratio: Positive = key(0.5, "ratio; a price that moves by more in one frame waits for a confirmation")
    wanted_distance_ratio: Share = key(0.2, "ratio; advice is given while a line is nearer than this")
    advice_every_seconds: Seconds = key(5.0, "seconds between two searches for what to add or close in one pool")
    advices_per_step: Count = key(1, "pools in one step for which it is searched: it costs as much as a hundred ratios")
    after_every_seconds: Seconds = key(30.0, "seconds between two looks at where a pool stands after its next payment")
    betas: dict[str, float] = key({}, "how fast an asset moves on the market line; 1 for those not named")
    stablecoins: tuple[str, ...] = key((), "assets that the market line holds still; empty: the built-in list")
    volatility: Volatility = key(Volatility(), "")
    drift: Drift = key(Drift(), "")

    @field_validator("stablecoins")
    @classmethod
    def _assets(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            _asset(name)
        return value

    @field_validator("betas")
    @classmethod
    def _speeds(cls, value: dict[str, float]) -> dict[str, float]:
        for name, beta in value.items():
            _asset(name)
            if not 0.0 <= beta < math.inf:
                raise ValueError(f"the beta of {name} is {beta:g}: must be 0 (it stands still) or more, and finite")
        return value


def _asset(name: str) -> None:
    """Refuse a name that no venue gives to an asset: it would be nobody's, and what was meant would not happen."""
    if not name or name != "".join(name.split()).upper():
        raise ValueError(f"{name!r} is no asset: write it as the venue does, in upper case (USDT)")


class Binance(Section):
    """One venue: where it is, how it is asked, and how old its data may be."""

    weight_share: Share = key(0.6, "ratio of the venue's request limit that we use; others may share the address")
    weight_per_minute: Count = key(2400, "request weight a minute until the venue's own limit has been read")
    seed_candles: Candles = key(720, "one-minute candles read for each symbol held, to seed its volatility; 0: none")
    urls: Urls = key(Urls(), "")
    timings: Timings = key(Timings(), "")
    limits: Limits = key(Limits(), "")

    @model_validator(mode="after")
    def _no_reading_is_too_old_when_the_next_one_comes(self) -> Self:
        """A limit below its poll's interval would call good data stale, and wake somebody, all day long."""
        for what in ("account", "config", "tiers", "instruments"):
            limit, every = getattr(self.limits, f"{what}_seconds"), getattr(self.timings, f"{what}_every_seconds")
            if limit <= every:
                raise ValueError(
                    f"limits.{what}_seconds = {limit:g} must be greater than timings.{what}_every_seconds = {every:g}"
                )
        return self


class Venues(Section):
    """One table a venue."""

    binance: Binance = key(Binance(), "")
