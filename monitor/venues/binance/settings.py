"""What the session at Binance needs to be told."""

from __future__ import annotations

from dataclasses import dataclass, field

from monitor.venues.settings import AccountSettings, Timings

USDM, COINM = "usdm", "coinm"
MARGIN, ISOLATED_MARGIN = "margin", "isolated-margin"
PORTFOLIO, PORTFOLIO_PRO = "portfolio-margin", "portfolio-margin-pro"
PRODUCTS = (USDM, COINM, MARGIN, ISOLATED_MARGIN, PORTFOLIO, PORTFOLIO_PRO)
"""Margin accounts that one key opens: each is an account of its own here. "" stands for the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BinanceUrls:
    """Where the venue is. A simulator or a mirror is reached by these and by nothing else."""

    fapi: str = "https://fapi.binance.com"
    dapi: str = "https://dapi.binance.com"
    papi: str = "https://papi.binance.com"
    sapi: str = "https://api.binance.com"
    stream: str = "wss://fstream.binance.com"
    coinm_stream: str = "wss://dstream.binance.com"
    margin_stream: str = "wss://margin-stream.binance.com"
    socket_api: str = "wss://ws-api.binance.com:443"


@dataclass(frozen=True, slots=True, kw_only=True)
class BinanceSettings:
    """The venue as a whole. All its accounts share one address, and so one weight budget and one clock.

    `parameters` are numbers of its rules that it does not publish, by the names that `parameters.DEFAULTS` lists.
    """

    accounts: tuple[AccountSettings, ...] = ()
    urls: BinanceUrls = BinanceUrls()
    timings: Timings = Timings()
    weight_share: float = 0.6  #: of the venue's limit, as its own header measures it; others may use the address too
    weight_per_minute: int = 2400  #: until the venue's own limit has been read
    seed_candles: int = 720  #: one-minute mark candles read for each symbol held, the seed of its volatility; 0: none
    parameters: dict[str, float] = field(default_factory=dict)
