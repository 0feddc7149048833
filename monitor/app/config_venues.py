"""The keys of accounts and venues: who is watched, where the venues are, and how they are asked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, SecretStr, field_validator, model_validator

from monitor.app.config_keys import KEYS, Candles, Count, Factor, Seconds, Section, Share, Wait, key, secret

Permissions = Literal["refuse", "warn", "ignore"]
PASSPHRASES = range(1, 65)  #: characters of the passphrase that a venue has keys given

_VENUE = "the exchange, one of: binance, bybit, okx"


class _Account(Section):
    """What all accounts have."""

    group: str = key("", "name of a group of accounts, for thresholds, routes and [groups.NAME]; empty: none")
    permissions: Permissions = key("refuse", "what is done with a key that can do more than read: refuse, warn, ignore")


class _KeyedAccount(_Account):
    """One that is read with a key and its secret."""

    api_key_file: str | None = key(None, "file that holds the API key; relative to the folder of this file")
    api_key_env: str | None = key(None, "name of the environment variable that holds the API key")
    api_key: SecretStr | None = secret("the API key itself; needs a file that others cannot read", lengths=KEYS)
    api_secret_file: str | None = key(None, "file that holds the API secret; relative to the folder of this file")
    api_secret_env: str | None = key(None, "name of the environment variable that holds the API secret")
    api_secret: SecretStr | None = secret("the API secret itself; needs a file that others cannot read", lengths=KEYS)


class BinanceAccount(_KeyedAccount):
    """One account. Its key and its secret are each given in exactly one of three ways; a file is the best of them."""

    venue: Literal["binance"] = Field(description=_VENUE)


class BybitAccount(_KeyedAccount):
    """A unified trading account at Bybit."""

    venue: Literal["bybit"] = Field(description=_VENUE)


class OkxAccount(_KeyedAccount):
    """An account at OKX: its keys have a passphrase, too."""

    venue: Literal["okx"] = Field(description=_VENUE)
    passphrase_file: str | None = key(None, "file that holds the key's passphrase; relative to the folder of this file")
    passphrase_env: str | None = key(None, "name of the environment variable that holds the key's passphrase")
    passphrase: SecretStr | None = secret(
        "the key's passphrase itself; needs a file that others cannot read", lengths=PASSPHRASES
    )


Account = Annotated[BinanceAccount | BybitAccount | OkxAccount, Discriminator("venue")]
ACCOUNTS: Mapping[str, type[_KeyedAccount]] = {"binance": BinanceAccount, "bybit": BybitAccount, "okx": OkxAccount}


def account_model(table: Any) -> type[_KeyedAccount]:
    """The model of an account's table, whether or not the table is valid."""
    venue = table.get("venue") if isinstance(table, Mapping) else None
    return ACCOUNTS.get(venue, BinanceAccount) if isinstance(venue, str) else BinanceAccount


_VERSION = re.compile(r"/v\d+(/|$)")  #: a path of requests, which was copied with the host
HTTP, SOCKET = ("https://", "http://"), ("wss://", "ws://")


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
    if _VERSION.search(value):
        raise ValueError("must end with the host: what follows it is added to each request")
    if value.startswith(schemes[1]) and name not in ("127.0.0.1", "localhost", "[::1]"):
        raise ValueError(f"keys travel over it: must begin with {schemes[0]} (plain text only to this machine)")
    return value.rstrip("/")


class BinanceUrls(Section):
    """Base addresses; a simulator or a mirror is reached by these and by nothing else."""

    fapi: str = key("https://fapi.binance.com", "REST address of the futures")
    sapi: str = key("https://api.binance.com", "REST address for the permissions of the key")
    stream: str = key("wss://fstream.binance.com", "WebSocket address of the futures")

    @field_validator("fapi", "sapi")
    @classmethod
    def _http(cls, value: str) -> str:
        return _address(value, HTTP)

    @field_validator("stream")
    @classmethod
    def _socket(cls, value: str) -> str:
        return _address(value, SOCKET)


class BybitUrls(Section):
    """Base addresses; regional hosts and a simulator are reached by these and by nothing else."""

    rest: str = key("https://api.bybit.com", "REST address")
    public: str = key("wss://stream.bybit.com", "WebSocket address of the public streams")
    private: str = key("wss://stream.bybit.com", "WebSocket address of the account's streams")

    @field_validator("rest")
    @classmethod
    def _http(cls, value: str) -> str:
        return _address(value, HTTP)

    @field_validator("public", "private")
    @classmethod
    def _socket(cls, value: str) -> str:
        return _address(value, SOCKET)


class OkxUrls(Section):
    """Base addresses; regional hosts and a simulator are reached by these and by nothing else."""

    rest: str = key("https://www.okx.com", "REST address")
    stream: str = key("wss://ws.okx.com:8443", "WebSocket address")

    @field_validator("rest")
    @classmethod
    def _http(cls, value: str) -> str:
        return _address(value, HTTP)

    @field_validator("stream")
    @classmethod
    def _socket(cls, value: str) -> str:
        return _address(value, SOCKET)


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
    replace_retry_seconds: Seconds = key(5.0, "seconds between them where the old one will be closed, or fails in part")
    acknowledge_seconds: Seconds = key(5.0, "seconds without acknowledgement after which a stream is subscribed again")
    reconnect_seconds: Seconds = key(10.0, "seconds without acknowledgement after which a new connection is made")
    refused_again_seconds: Seconds = key(60.0, "seconds until one topic of several that was refused is asked for again")
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
    cross_check_seconds: Seconds = key(5.0, "seconds within which a change seen over REST must have been pushed")


class OkxTimings(Timings):
    """Waits, deadlines and limits of the transport."""

    marks_silent_seconds: Seconds = key(25.0, "seconds without a mark price after which that stream is dead")
    assets_silent_seconds: Seconds = key(150.0, "seconds without an asset price after which that stream is dead")


class BinanceTimings(Timings):
    """Waits, deadlines and limits of the transport."""

    keep_alive_every_seconds: Seconds = key(1_500.0, "seconds between two renewals of the user stream's key")
    keep_alive_retry_seconds: Seconds = key(30.0, "seconds until a failed renewal is tried again")
    key_life_seconds: Seconds = key(3_600.0, "seconds that the user stream's key lives after its last renewal")
    key_probe_spacing_seconds: Seconds = key(60.0, "seconds, the least time between two probes of a doubted key")


class Limits(Section):
    """How old an input may be before what is computed from it loses quality."""

    mark_seconds: Seconds = key(5.0, "seconds, mark prices, by the venue's own stamp")
    asset_seconds: Seconds = key(10.0, "seconds, USD prices of assets, by the venue's own stamp")
    account_seconds: Seconds = key(150.0, "seconds since account and positions were read")
    config_seconds: Seconds = key(600.0, "seconds since modes and per-symbol settings were read")
    tiers_seconds: Seconds = key(180_000.0, "seconds since the maintenance tiers were read")
    instruments_seconds: Seconds = key(180_000.0, "seconds since the instruments were read")
    collateral_seconds: Seconds = key(180_000.0, "seconds since the collateral tables were read")
    risk_seconds: Seconds = key(60.0, "seconds since the venue was asked for its portfolio margin scenarios")
    option_seconds: Seconds = key(30.0, "seconds since the volatilities that options are priced with were received")


class BybitLimits(Limits):
    """How old an input may be before what is computed from it loses quality."""

    mark_seconds: Seconds = key(30.0, "seconds, mark prices, by the venue's own stamp")
    asset_seconds: Seconds = key(30.0, "seconds, USD prices of assets, by the venue's own stamp")


class OkxLimits(Limits):
    """How old an input may be before what is computed from it loses quality."""

    mark_seconds: Seconds = key(25.0, "seconds, mark prices, by the venue's own stamp")
    asset_seconds: Seconds = key(150.0, "seconds, USD prices of assets, by the venue's own stamp")
    option_seconds: Seconds = key(150.0, "seconds since the volatilities that options are priced with were received")


class _Venue(Section):
    """What all venues have."""

    weight_share: Share = key(0.6, "ratio of the venue's request limit that we use; others may share the address")
    seed_candles: Candles = key(720, "one-minute candles read for each symbol held, to seed its volatility; 0: none")
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


class Binance(_Venue):
    """One venue: where it is, how it is asked, and how old its data may be."""

    weight_per_minute: Count = key(2400, "request weight a minute until the venue's own limit has been read")
    urls: BinanceUrls = key(BinanceUrls(), "")
    timings: BinanceTimings = key(BinanceTimings(), "")


class Bybit(_Venue):
    """One venue: where it is, how it is asked, and how old its data may be."""

    requests_per_minute: Count = key(7200, "requests a minute that the venue allows one address")
    urls: BybitUrls = key(BybitUrls(), "")
    limits: BybitLimits = key(BybitLimits(), "")


class Okx(_Venue):
    """One venue: where it is, how it is asked, and how old its data may be."""

    demo: bool = key(False, "demo trading: the keys are demo keys, and each request says so")
    requests_per_minute: Count = key(1200, "requests a minute that we take the venue to allow one address")
    simulate_every_seconds: Seconds = key(15.0, "seconds between two questions to the venue's position builder")
    urls: OkxUrls = key(OkxUrls(), "")
    timings: OkxTimings = key(OkxTimings(), "")
    limits: OkxLimits = key(OkxLimits(), "")


class Venues(Section):
    """One table a venue."""

    binance: Binance = key(Binance(), "")
    bybit: Bybit = key(Bybit(), "")
    okx: Okx = key(Okx(), "")
