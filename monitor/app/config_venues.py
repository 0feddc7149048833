"""The keys of venues: where they are, and how they are asked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeAlias

from pydantic import Field, create_model, field_validator, model_validator

from monitor.app.config_keys import Candles, Count, Number, Seconds, Section, Share, key
from monitor.app.config_timings import (
    BinanceTimings,
    BybitLimits,
    HyperliquidLimits,
    HyperliquidTimings,
    KucoinLimits,
    Limits,
    OkxLimits,
    OkxTimings,
    Timings,
)
from monitor.venues.binance import parameters as binance_parameters
from monitor.venues.hyperliquid import parameters as hyperliquid_parameters
from monitor.venues.kucoin import parameters as kucoin_parameters

#: a path of requests or streams, which was copied with the host
_PATH = re.compile(r"/(v\d+|api|fapi|dapi|papi|sapi|info|ws|stream)(/|$)")
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
    if _PATH.search(value.partition("://")[2]):
        raise ValueError("must end with the host: what follows it is added to each request")
    if value.startswith(schemes[1]) and name not in ("127.0.0.1", "localhost", "[::1]"):
        raise ValueError(f"keys travel over it: must begin with {schemes[0]} (plain text only to this machine)")
    return value.rstrip("/")


class BinanceUrls(Section):
    """Base addresses; a simulator or a mirror is reached by these and by nothing else."""

    fapi: str = key("https://fapi.binance.com", "REST address of the USDⓈ-M futures")
    dapi: str = key("https://dapi.binance.com", "REST address of the COIN-M futures")
    papi: str = key("https://papi.binance.com", "REST address of portfolio margin")
    sapi: str = key("https://api.binance.com", "REST address of spot margin, and of the permissions of the key")
    stream: str = key("wss://fstream.binance.com", "WebSocket address of the futures and of portfolio margin")
    coinm_stream: str = key("wss://dstream.binance.com", "WebSocket address of COIN-M accounts")
    margin_stream: str = key("wss://margin-stream.binance.com", "WebSocket address of spot margin's risk events")
    socket_api: str = key("wss://ws-api.binance.com:443", "WebSocket address of spot margin's balances")

    @field_validator("fapi", "dapi", "papi", "sapi")
    @classmethod
    def _http(cls, value: str) -> str:
        return _address(value, HTTP)

    @field_validator("stream", "coinm_stream", "margin_stream", "socket_api")
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


class KucoinUrls(Section):
    """Base addresses; a simulator is reached by these and by nothing else."""

    futures: str = key("https://api-futures.kucoin.com", "REST address of the futures")
    spot: str = key("https://api.kucoin.com", "REST address of spot, margin and the unified account")
    stream: str = key("", "WebSocket address; empty: as the venue says with each token")

    @field_validator("futures", "spot")
    @classmethod
    def _http(cls, value: str) -> str:
        return _address(value, HTTP)

    @field_validator("stream")
    @classmethod
    def _socket(cls, value: str) -> str:
        return _address(value, SOCKET) if value else ""


class HyperliquidUrls(Section):
    """Base addresses; the test network and a simulator are reached by these and by nothing else."""

    rest: str = key("https://api.hyperliquid.xyz", "REST address")
    stream: str = key("wss://api.hyperliquid.xyz", "WebSocket address")

    @field_validator("rest")
    @classmethod
    def _http(cls, value: str) -> str:
        return _address(value, HTTP)

    @field_validator("stream")
    @classmethod
    def _socket(cls, value: str) -> str:
        return _address(value, SOCKET)


class _Numbers(Protocol):
    """A room's `parameters`: by name the default, what it is in one line with its unit, and between what it may be."""

    DEFAULTS: Mapping[str, float]
    MEANING: Mapping[str, str]
    BOUNDS: Mapping[str, tuple[float, float]]


def _parameters(room: _Numbers) -> type[Section]:
    """The table of the numbers that a room takes its venue's rules with, one key each."""
    fields: dict[str, Any] = {}
    for name, default in room.DEFAULTS.items():
        lowest, highest = room.BOUNDS[name]
        fields[name] = (Number, Field(default, ge=lowest, le=highest, description=room.MEANING[name]))
    told = "Numbers of the venue's rules that it does not publish, or that change; the room's README says more."
    return create_model("Parameters", __base__=Section, __doc__=told, **fields)


if TYPE_CHECKING:  # a checker cannot read a model that is made of a table
    BinanceParameters: TypeAlias = Section
    KucoinParameters: TypeAlias = Section
    HyperliquidParameters: TypeAlias = Section
else:
    BinanceParameters = _parameters(binance_parameters)
    KucoinParameters = _parameters(kucoin_parameters)
    HyperliquidParameters = _parameters(hyperliquid_parameters)


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
    parameters: BinanceParameters = key(BinanceParameters(), "")
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


class Kucoin(_Venue):
    """One venue: where it is, how it is asked, and how old its data may be."""

    futures_weight: Count = key(2000, "request weight in 30 s of the futures pool of one user")
    spot_weight: Count = key(4000, "request weight in 30 s of the spot and margin pool of one user")
    management_weight: Count = key(2000, "request weight in 30 s of the pool of keys and accounts of one user")
    public_weight: Count = key(2000, "request weight in 30 s of what needs no key, of one address")
    unified_weight: Count = key(2000, "request weight in 30 s of the unified account's pool of one user")
    connects_per_minute: Count = key(25, "sockets opened a minute (the venue allows one address 30)")
    urls: KucoinUrls = key(KucoinUrls(), "")
    limits: KucoinLimits = key(KucoinLimits(), "")
    parameters: KucoinParameters = key(KucoinParameters(), "")


class Hyperliquid(_Venue):
    """One venue: where it is, how it is asked, and how old its data may be."""

    weight_per_minute: Count = key(1200, "request weight a minute that the venue allows one address")
    streamed_users: Count = key(10, "accounts whose changes are streamed (the venue allows 10); others are polled")
    urls: HyperliquidUrls = key(HyperliquidUrls(), "")
    timings: HyperliquidTimings = key(HyperliquidTimings(), "")
    limits: HyperliquidLimits = key(HyperliquidLimits(), "")
    parameters: HyperliquidParameters = key(HyperliquidParameters(), "")


class Venues(Section):
    """One table a venue."""

    binance: Binance = key(Binance(), "")
    bybit: Bybit = key(Bybit(), "")
    okx: Okx = key(Okx(), "")
    kucoin: Kucoin = key(Kucoin(), "")
    hyperliquid: Hyperliquid = key(Hyperliquid(), "")
